//! A forge in small: runs the jobs of a pipeline as the forges do, each in a directory and a home of
//! its own, against the server of the tests' world.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::world::{PROGRAM, World};

/// Names and their values.
pub type Table = BTreeMap<String, String>;

/// Where the forge says it is; git is told that the world's server stands there.
pub const URL: &str = "https://forge.example";

/// A job of a template.
#[derive(Clone, Debug)]
pub struct Job {
    pub name: String,
    pub needs: Vec<String>,
    pub environment: Option<String>,
    /// Variables, before their values are worked out.
    pub env: Table,
    pub steps: Vec<Step>,
    /// What later jobs may read of it.
    pub outputs: Table,
}

/// A step of a job.
#[derive(Clone, Debug)]
pub struct Step {
    pub name: String,
    pub id: Option<String>,
    pub env: Table,
    /// Runs also after a failure.
    pub always: bool,
    pub what: What,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum What {
    /// Text for bash.
    Shell(String),
    /// Keeps a path as an artifact.
    Keep(String),
    /// Checks out what started the pipeline, as the forge does by default.
    CheckOut,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Passed,
    Failed,
    /// A job that it needs did not pass.
    Skipped,
}

/// What a job did.
#[derive(Debug)]
pub struct Done {
    pub job: String,
    pub state: State,
    pub said: String,
    /// The directory of its artifacts.
    pub kept: PathBuf,
    /// The directory that it worked in.
    pub place: PathBuf,
}

/// What is particular to one forge.
pub trait Flavour {
    /// Returns what the forge sets in every job, for this job's directories.
    fn predefined(&self, job: &str, place: &Path) -> Table;
    /// Returns the value of a text in the file, or what in it is unknown.
    fn value(&self, text: &str, known: &Table) -> Result<String, String>;
    /// Returns the shell text that checks out like this forge, in an empty directory: what started the
    /// pipeline, or what proposal this number proposes.
    fn check_out(&self, proposal: Option<&str>) -> String;
    /// Tells whether secrets are in the environment without being asked for.
    fn exports_secrets(&self) -> bool;
}

/// A forge with a repository, secrets, and what a person typed to start a pipeline.
pub struct Forge<'w> {
    pub world: &'w World,
    pub flavour: &'w dyn Flavour,
    /// By environment.
    pub secrets: BTreeMap<String, Table>,
    /// What the forge and a person supply: `inputs.task`, `AWO_TASK`.
    pub given: Table,
    /// The pull or merge request that started the pipeline.
    pub proposal: Option<&'w str>,
}

impl Forge<'_> {
    /// Runs the jobs in the order of their needs; `after` is called after each.
    pub fn run(&self, jobs: &[Job], after: &dyn Fn(&str)) -> Vec<Done> {
        let mut outputs = Table::new();
        let mut done: Vec<Done> = Vec::new();
        for job in in_order(jobs) {
            let state = |name: &String| done.iter().find(|it| it.job == *name).unwrap().state;
            if job.needs.iter().any(|name| state(name) != State::Passed) {
                done.push(Done {
                    job: job.name.clone(),
                    state: State::Skipped,
                    said: String::new(),
                    kept: PathBuf::new(),
                    place: PathBuf::new(),
                });
                continue;
            }
            done.push(self.job(job, &mut outputs));
            after(&job.name);
        }
        done
    }

    fn job(&self, job: &Job, outputs: &mut Table) -> Done {
        let at = self.world.path(&format!("forge/{}", job.name));
        let place = at.join("place");
        for name in ["place", "home", "temp", "builds", "artifacts"] {
            std::fs::create_dir_all(at.join(name)).unwrap();
        }
        let server = format!("file://{}/", self.world.path("").display());
        std::fs::write(
            at.join("home/.gitconfig"),
            format!(
                "[url \"{server}\"]\n\tinsteadOf = {URL}/acme/\n[init]\n\tdefaultBranch = main\n"
            ),
        )
        .unwrap();
        let secrets = job
            .environment
            .as_ref()
            .and_then(|name| self.secrets.get(name))
            .cloned()
            .unwrap_or_default();
        let predefined = self.flavour.predefined(&job.name, &place);
        let mut known = self.given.clone();
        known.extend(outputs.clone());
        known.extend(predefined.clone());
        known.extend(
            secrets
                .iter()
                .map(|(name, value)| (format!("secrets.{name}"), value.clone())),
        );
        if self.flavour.exports_secrets() {
            known.extend(secrets.clone());
        }
        let mut said = String::new();
        let mut failed = false;
        let mut path = String::new();
        for step in &job.steps {
            if failed && !step.always {
                continue;
            }
            said.push_str(&format!("--- {}: {}\n", job.name, step.name));
            match self.step(job, step, &known, &predefined, &secrets, &at, &mut path) {
                Ok(text) => said.push_str(&text),
                Err(text) => {
                    said.push_str(&text);
                    failed = true;
                }
            }
            if let Some(id) = &step.id {
                let text = std::fs::read_to_string(at.join("temp/output")).unwrap_or_default();
                for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
                    known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
                }
            }
        }
        for (name, text) in &job.outputs {
            if failed {
                break;
            }
            let value = self.flavour.value(text, &known).unwrap();
            outputs.insert(format!("needs.{}.outputs.{name}", job.name), value);
        }
        Done {
            job: job.name.clone(),
            state: if failed { State::Failed } else { State::Passed },
            said,
            kept: at.join("artifacts"),
            place,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn step(
        &self,
        job: &Job,
        step: &Step,
        known: &Table,
        predefined: &Table,
        secrets: &Table,
        at: &Path,
        path: &mut String,
    ) -> Result<String, String> {
        let script = match &step.what {
            What::Shell(script) => script.clone(),
            What::CheckOut => self.flavour.check_out(self.proposal),
            What::Keep(what) => {
                let from = self.flavour.value(what, known)?;
                let mut copy = Command::new("cp");
                copy.args(["-R", &from]).arg(at.join("artifacts"));
                let copied = copy.current_dir(at.join("place")).output().unwrap();
                if !copied.status.success() {
                    return Err(format!("{from} is not there to be kept\n"));
                }
                return Ok(String::new());
            }
        };
        let mut env = predefined.clone();
        let mut known = known.clone();
        if self.flavour.exports_secrets() {
            env.extend(secrets.clone());
            env.extend(self.given.clone());
        }
        for (name, text) in job.env.iter().chain(&step.env) {
            let value = self.flavour.value(text, &known)?;
            // What a person typed at the start goes before the file, as where secrets are exported.
            if !(self.flavour.exports_secrets() && self.given.contains_key(name)) {
                known.insert(name.clone(), value.clone());
                env.insert(name.clone(), value);
            }
        }
        let system = std::env::var("PATH").unwrap();
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-e", "-u", "-o", "pipefail", "-c"])
            .arg(&script)
            .current_dir(at.join("place"))
            .env_clear()
            .envs(&env)
            .env("PATH", format!("{path}{system}"))
            .env("HOME", at.join("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if let Ok(added) = std::fs::read_to_string(at.join("temp/path")) {
            *path = added.lines().map(|line| format!("{line}:")).collect();
        }
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            Ok(text)
        } else {
            Err(format!("{text}\n({})\n", output.status))
        }
    }
}

/// Returns the jobs, each after those that it needs.
pub fn in_order(jobs: &[Job]) -> Vec<&Job> {
    let mut order: Vec<&Job> = Vec::new();
    while order.len() < jobs.len() {
        let ready = |job: &&Job| {
            let placed = |name: &String| order.iter().any(|it| it.name == *name);
            !placed(&job.name) && job.needs.iter().all(placed)
        };
        let next = jobs.iter().find(ready);
        order.push(next.expect("needs name jobs of the file and go round in no circle"));
    }
    order
}

/// Returns the names of variables that a shell text reads, and whether each must be set.
pub fn reads(script: &str) -> BTreeSet<(String, bool)> {
    let mut found = BTreeSet::new();
    for part in script.split('$').skip(1) {
        let braced = part.strip_prefix('{');
        let text = braced.unwrap_or(part);
        let end = text
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len());
        let name = &text[..end];
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let optional = braced.is_some() && text[end..].starts_with(":-");
            found.insert((name.to_owned(), !optional));
        }
    }
    found
}

/// Returns the subcommands of `git awo` that a shell text calls.
pub fn calls(script: &str) -> BTreeSet<String> {
    let words = |line: &str| {
        line.split("git awo ")
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let first = |rest: String| rest.split_whitespace().next().map(str::to_owned);
    script.lines().flat_map(words).filter_map(first).collect()
}

/// Returns the names that a shell text sets itself.
pub fn sets(script: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in script.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        for (at, word) in words.iter().enumerate() {
            if let Some((name, _)) = word.split_once('=')
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                found.insert(name.to_owned());
            }
            if *word == "for" && words.get(at + 2) == Some(&"in") {
                found.insert(words[at + 1].to_owned());
            }
        }
    }
    found
}

/// Writes a program that stands for the one under test, and returns its SHA-256. Every job copies and
/// hashes its program, which takes long for one with all its debug information.
pub fn stand_in(place: &Path) -> String {
    let script = format!("#!/bin/sh\nexec {PROGRAM} \"$@\"\n");
    fs::write(place, &script).unwrap();
    fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
    git_awo::record::Sha256::of(script.as_bytes()).to_string()
}
