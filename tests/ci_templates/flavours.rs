//! What GitHub Actions and GitLab CI set, and how they read values.

use std::path::Path;

use super::forge::{Flavour, Table, URL};

/// GitHub Actions.
pub struct GitHub;

/// GitLab CI.
pub struct GitLab;

fn table(rows: &[(&str, &str)]) -> Table {
    rows.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

impl Flavour for GitHub {
    fn predefined(&self, job: &str, place: &Path) -> Table {
        let temp = place.with_file_name("temp");
        let file = |name: &str| temp.join(name).display().to_string();
        table(&[
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", URL),
            ("GITHUB_REPOSITORY", "acme/sandbox"),
            ("GITHUB_RUN_ID", "7001"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_ACTOR", "mona"),
            ("GITHUB_JOB", job),
            ("GITHUB_WORKSPACE", &place.display().to_string()),
            ("GITHUB_ENV", &file("env")),
            ("GITHUB_PATH", &file("path")),
            ("GITHUB_OUTPUT", &file("output")),
            ("GITHUB_STEP_SUMMARY", &file("summary")),
            ("RUNNER_TEMP", &temp.display().to_string()),
        ])
    }

    fn value(&self, text: &str, known: &Table) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").ok_or("an open expression")?;
            let name = expression.trim();
            let value = match name.strip_prefix("runner.temp") {
                Some("") => known.get("RUNNER_TEMP"),
                _ => known.get(name),
            };
            out.push_str(before);
            out.push_str(value.ok_or(format!("{name}: unknown to this job"))?);
            rest = after;
        }
        Ok(out + rest)
    }

    /// As actions/checkout@v4 logs it, without the settings that it makes for credentials.
    fn check_out(&self, proposal: Option<&str>) -> String {
        let (from, to) = match proposal {
            Some(number) => (
                format!("refs/pull/{number}/merge"),
                format!("refs/remotes/pull/{number}/merge"),
            ),
            None => (
                "refs/heads/main".to_owned(),
                "refs/remotes/origin/main".to_owned(),
            ),
        };
        let out = match proposal {
            Some(_) => format!("git checkout --quiet --force {to}"),
            None => format!("git checkout --quiet --force -B main {to}"),
        };
        format!(
            "git init --quiet . && git remote add origin {URL}/acme/sandbox && \
             sha=$(git ls-remote origin {from} | cut -f 1) && \
             git -c protocol.version=2 fetch --quiet --no-tags --prune --no-recurse-submodules --depth=1 \
             origin +$sha:{to} && {out}"
        )
    }

    fn exports_secrets(&self) -> bool {
        false
    }
}

impl Flavour for GitLab {
    fn predefined(&self, job: &str, place: &Path) -> Table {
        table(&[
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_SERVER_URL", URL),
            ("CI_PROJECT_PATH", "acme/sandbox"),
            ("CI_PIPELINE_ID", "7002"),
            (
                "CI_PIPELINE_URL",
                &format!("{URL}/acme/sandbox/-/pipelines/7002"),
            ),
            ("CI_JOB_URL", &format!("{URL}/acme/sandbox/-/jobs/9000")),
            ("CI_JOB_ID", &format!("9000-{job}")),
            ("CI_JOB_NAME", job),
            ("CI_JOB_TOKEN", "job-token"),
            ("CI_COMMIT_REF_NAME", "main"),
            ("CI_PROJECT_DIR", &place.display().to_string()),
            (
                "CI_BUILDS_DIR",
                &place.with_file_name("builds").display().to_string(),
            ),
        ])
    }

    fn value(&self, text: &str, known: &Table) -> Result<String, String> {
        let mut parts = text.split('$');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            out.push_str(
                known
                    .get(name)
                    .ok_or(format!("{name}: unknown to this job"))?,
            );
            out.push_str(rest);
        }
        Ok(out)
    }

    /// As the runner does with GIT_STRATEGY fetch and its default depth.
    fn check_out(&self, proposal: Option<&str>) -> String {
        let from = match proposal {
            Some(number) => format!("refs/merge-requests/{number}/head"),
            None => "refs/heads/main".to_owned(),
        };
        let branch = match proposal {
            Some(_) => "",
            None => "+refs/heads/main:refs/remotes/origin/main",
        };
        format!(
            "git init --quiet . && git remote add origin {URL}/acme/sandbox.git && \
             sha=$(git ls-remote origin {from} | cut -f 1) && \
             git fetch --quiet --depth 20 --no-tags --prune origin +{from}:refs/pipelines/7002 {branch} && \
             git checkout --quiet -f --detach \"$sha\""
        )
    }

    fn exports_secrets(&self) -> bool {
        true
    }
}
