//! What can be seen in the templates without executing them.

use std::collections::BTreeSet;

use saphyr::Yaml;

use super::forge::{self, Job, What, in_order};
use super::yaml::{entries, get, load, table, text, words};
use super::{GITHUB, GITHUB_VERIFY, GITLAB, GITLAB_VERIFY, ROAD, Scene};
use crate::world::World;

const README: &str = include_str!("../../docs/ci/README.md");

/// The environment of each job, as the README says.
const ENVIRONMENTS: [&str; 5] = [
    "awo-run",
    "awo-scope",
    "awo-gate-2",
    "awo-audit",
    "awo-finalize",
];

fn scripts(job: &Job) -> impl Iterator<Item = &str> {
    job.steps.iter().filter_map(|step| match &step.what {
        What::Shell(script) => Some(script.as_str()),
        What::Keep(_) | What::CheckOut => None,
    })
}

fn all_jobs() -> Vec<(bool, Job)> {
    let github = |template| {
        super::yaml::github(&load(template))
            .into_iter()
            .map(|it| (true, it))
    };
    let gitlab = |template| {
        super::yaml::gitlab(&load(template))
            .into_iter()
            .map(|it| (false, it))
    };
    github(GITHUB)
        .chain(github(GITHUB_VERIFY))
        .chain(gitlab(GITLAB))
        .chain(gitlab(GITLAB_VERIFY))
        .collect()
}

#[test]
fn the_jobs_follow_one_another_in_the_environments_of_the_readme() {
    for jobs in [
        super::yaml::github(&load(GITHUB)),
        super::yaml::gitlab(&load(GITLAB)),
    ] {
        let road: Vec<_> = jobs.into_iter().filter(|it| it.name != "verify").collect();
        let names: Vec<_> = in_order(&road).iter().map(|it| it.name.clone()).collect();
        assert_eq!(names, ROAD);
        for (at, name) in ROAD.iter().enumerate() {
            let job = road.iter().find(|it| it.name == *name).unwrap();
            assert_eq!(job.environment.as_deref(), Some(ENVIRONMENTS[at]), "{name}");
            assert!(
                README.contains(&format!("`{}`", ENVIRONMENTS[at])),
                "the README names it"
            );
            // Each needs the one before: none is skipped.
            let before = at.checked_sub(1).map(|before| ROAD[before].to_owned());
            assert!(
                before.is_none_or(|it| job.needs.contains(&it)),
                "{name}: {:?}",
                job.needs
            );
        }
    }
}

#[test]
fn no_expression_of_the_forge_stands_in_shell_text() {
    for (_, job) in all_jobs() {
        for script in scripts(&job) {
            assert!(
                !script.contains("${{") && !script.contains("$[["),
                "{}: {script}",
                job.name
            );
        }
    }
}

#[test]
fn every_variable_of_every_step_is_known() {
    let flavours: [&dyn forge::Flavour; 2] = [&super::GitLab, &super::GitHub];
    for (github, job) in all_jobs() {
        let flavour = flavours[usize::from(github)];
        let mut known: BTreeSet<String> = flavour
            .predefined(&job.name, std::path::Path::new("/place"))
            .into_keys()
            .collect();
        known.extend(job.env.keys().cloned());
        known.extend(["PATH", "HOME"].map(str::to_owned));
        let scene = blank(github);
        let environment = job.environment.clone().unwrap_or_default();
        if !github {
            known.extend(scene.secret_names(&environment));
        }
        for step in &job.steps {
            let What::Shell(script) = &step.what else {
                continue;
            };
            let read = forge::reads(script);
            for (name, _) in &read {
                // Not set in every job; the text says what holds then.
                let may_lack = ["AWO_TOKEN", "CI_MERGE_REQUEST_IID"].contains(&name.as_str());
                let optional = may_lack && read.contains(&(name.clone(), false));
                let here = known.contains(name)
                    || step.env.contains_key(name)
                    || forge::sets(script).contains(name);
                assert!(here || optional, "{}: {}: {name}", job.name, step.name);
            }
        }
    }
}

fn blank(github: bool) -> Scene {
    Scene::of(github, World::founded())
}

#[test]
fn every_command_of_the_templates_exists() {
    let help = std::process::Command::new(crate::world::PROGRAM)
        .arg("-h")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let knows = |name: &str| {
        help.lines()
            .any(|line| line.split_whitespace().next() == Some(name))
    };
    for (_, job) in all_jobs() {
        for name in scripts(&job).flat_map(forge::calls) {
            assert!(knows(&name), "{}: git awo {name}", job.name);
        }
    }
}

#[test]
fn keys_are_written_for_nobody_else_and_removed_whatever_happens() {
    for (github, job) in all_jobs() {
        let writes: Vec<_> = scripts(&job)
            .filter(|it| it.contains("_KEY\"") && it.contains("/key\""))
            .collect();
        if github {
            let writes: Vec<_> = job
                .steps
                .iter()
                .filter(|it| it.env.contains_key("AWO_KEY"))
                .collect();
            for step in &writes {
                let What::Shell(script) = &step.what else {
                    panic!("a shell step")
                };
                assert!(script.starts_with("umask 077\n"), "{}: {script}", job.name);
            }
            let last = job
                .steps
                .iter()
                .rfind(|it| matches!(it.what, What::Shell(_)))
                .unwrap();
            let What::Shell(script) = &last.what else {
                panic!("a shell step")
            };
            let removes = last.always && script.contains("rm -f -- \"$RUNNER_TEMP/awo/key\"");
            assert!(writes.is_empty() || removes, "{}", job.name);
        } else {
            assert!(
                writes.iter().all(|it| it.contains("(umask 077 && printf")),
                "{}",
                job.name
            );
            let after = job.steps.iter().find(|it| it.always).unwrap();
            let What::Shell(script) = &after.what else {
                panic!("a shell step")
            };
            assert!(after.always && script.contains("rm -rf -- \"$CI_BUILDS_DIR/awo-$CI_JOB_ID\""));
        }
        // What the command of a run sees is none of it.
        for line in scripts(&job)
            .flat_map(str::lines)
            .filter(|it| it.contains("git awo run"))
        {
            let text = scripts(&job).find(|it| it.contains(line)).unwrap();
            assert!(text.contains("env -i PATH="), "{}", job.name);
        }
    }
}

#[test]
fn jobs_have_no_more_rights_than_they_need() {
    let document = load(GITHUB);
    assert!(
        entries(get(&document, "permissions")).is_empty(),
        "none at the top"
    );
    assert!(
        get(&document, "permissions").is_some_and(Yaml::is_mapping),
        "and that is said"
    );
    for (name, job) in entries(get(&document, "jobs")) {
        let rights = table(get(job, "permissions"));
        let wanted = if name == "scope-gate" {
            "read"
        } else {
            "write"
        };
        assert_eq!(
            rights.into_iter().collect::<Vec<_>>(),
            [("contents".to_owned(), wanted.to_owned())]
        );
    }
    let verify = load(GITHUB_VERIFY);
    let rights = table(get(&verify, "permissions"));
    assert_eq!(
        rights.into_iter().collect::<Vec<_>>(),
        [("contents".to_owned(), "read".to_owned())]
    );
    // A job that is skipped counts as passed.
    for (_, job) in entries(get(&verify, "jobs")) {
        assert!(get(job, "if").is_none() && get(job, "needs").is_none());
    }
}

#[test]
fn two_runs_on_one_branch_wait_for_each_other() {
    let document = load(GITHUB);
    let concurrency = table(get(&document, "concurrency"));
    assert!(
        concurrency["group"].contains("github.ref"),
        "{concurrency:?}"
    );
    assert_eq!(concurrency["cancel-in-progress"], "false");
    let document = load(GITLAB);
    for name in ROAD {
        let job = get(&document, name).unwrap();
        let group = get(job, "resource_group").and_then(text).unwrap();
        assert!(group.contains("$CI_COMMIT_REF_NAME"), "{name}: {group}");
        assert!(
            words(get(job, "dependencies")).is_empty(),
            "{name} takes no files from other jobs"
        );
    }
}

#[test]
fn the_gates_of_persons_wait_for_a_person_on_gitlab() {
    let document = load(GITLAB);
    for (name, waits) in [
        ("run", false),
        ("scope-gate", true),
        ("gate-2", false),
        ("audit-gate", true),
    ] {
        let rules = get(get(&document, name).unwrap(), "rules")
            .and_then(Yaml::as_sequence)
            .unwrap();
        let rule = table(Some(&rules[0]));
        assert_eq!(rule["if"], "$AWO_TASK", "{name}");
        assert_eq!(
            rule.get("when").map(String::as_str) == Some("manual"),
            waits,
            "{name}"
        );
        // A manual job lets the pipeline go on unless it says otherwise.
        assert_eq!(
            rule.get("allow_failure").map(String::as_str) == Some("false"),
            waits,
            "{name}"
        );
    }
}

#[test]
fn the_readme_names_every_secret_and_value_to_fill_in() {
    for (_, job) in all_jobs() {
        let environment = job.environment.clone().unwrap_or_default();
        for name in blank(true).secret_names(&environment) {
            assert!(README.contains(&format!("`{name}`")), "{name}");
        }
    }
    for name in [
        "AWO_ANCHOR",
        "AWO_BINARY",
        "AWO_BINARY_SHA256",
        "AWO_TOKEN",
        "AWO_PUSH_TOKEN",
    ] {
        assert!(README.contains(&format!("`{name}`")), "{name}");
        let everywhere = [GITHUB, GITHUB_VERIFY, GITLAB].concat();
        assert!(everywhere.contains(name), "{name}");
    }
}

#[test]
fn the_credential_helper_gives_the_token_of_the_step() {
    for github in [true, false] {
        let scene = Scene::new(github);
        let done = scene.play(&["run"]);
        let repository = done[0].place.join("repository");
        let mut command = scene
            .world
            .command("vera", ".", &["git", "credential", "fill"]);
        let ask = scene.world.path("ask");
        std::fs::write(&ask, "protocol=https\nhost=forge.example\n\n").unwrap();
        command
            .current_dir(repository)
            .env("AWO_TOKEN", "a token")
            .stdin(std::fs::File::open(ask).unwrap());
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(said.contains("password=a token\n"), "{said}");
    }
}
