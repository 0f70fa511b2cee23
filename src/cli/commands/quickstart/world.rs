//! The closed world of the quickstart: own home, own configuration, real programs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::cli::CliError;
use crate::record::path::escape;
use crate::record::{Rule, Subject};
use crate::signing::generate_ed25519;

/// A command that was run.
pub struct Step {
    /// Who typed it.
    pub who: String,
    /// What was typed.
    pub command: String,
    /// How it ended.
    pub code: i32,
    /// Whether a refusal was wanted, and came.
    pub refused: bool,
}

/// A directory with homes, clones and a server.
pub struct World {
    root: PathBuf,
    program: PathBuf,
    steps: Vec<Step>,
    began: Instant,
    quiet: bool,
}

impl World {
    /// Makes the directory.
    pub fn new(root: PathBuf, quiet: bool) -> Result<Self, CliError> {
        let began = Instant::now();
        std::fs::create_dir_all(&root).map_err(|error| fail(&root, &error))?;
        let mut entries = std::fs::read_dir(&root).map_err(|error| fail(&root, &error))?;
        if entries.next().is_some() {
            return Err(CliError::usage(format!("{} is not empty", root.display()))
                .hint("git awo quickstart NEW-DIR"));
        }
        let root = root.canonicalize().map_err(|error| fail(&root, &error))?;
        let program = crate::cli::commands::hooks::program()?;
        // `git awo` finds git-awo on the PATH: put this very program there.
        let bin = root.join("bin");
        std::fs::create_dir_all(&bin).map_err(|error| fail(&bin, &error))?;
        let link = bin.join("git-awo");
        std::os::unix::fs::symlink(&program, &link).map_err(|error| fail(&link, &error))?;
        Ok(Self {
            root,
            program,
            steps: Vec::new(),
            began,
            quiet,
        })
    }

    /// Returns the directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the commands that were run.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns how long it has taken.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Prints a heading.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            println!("\n# {text}");
        }
    }

    /// Writes a file below the root.
    pub fn write(&self, path: &str, text: &str) -> Result<(), CliError> {
        let path = self.root.join(path);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| fail(directory, &error))?;
        }
        std::fs::write(&path, text).map_err(|error| fail(&path, &error))
    }

    /// Gives a person a home, a key, and git's configuration; returns the public key line.
    pub fn person(&self, name: &str) -> Result<String, CliError> {
        let home = format!("home/{name}");
        self.write(
            &format!("{home}/.gitconfig"),
            &format!(
                "[user]\n\tname = {name}\n\temail = {name}@example.org\n\tsigningkey = {}/{home}/key\n\
                 [gpg]\n\tformat = ssh\n[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = main\n\
                 [advice]\n\tdetachedHead = false\n",
                self.root.display()
            ),
        )?;
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|_| crate::store::Error::Random)?;
        let key = generate_ed25519(&self.root.join(&home).join("key"), name, seed)
            .map_err(crate::actor::Error::Sign)?;
        Ok(key.to_line())
    }

    /// Runs a command as a person in a directory below the root; it must succeed.
    pub fn ok(&mut self, who: &str, place: &str, words: &[&str]) -> Result<String, CliError> {
        let (code, out) = self.run(who, place, words, false)?;
        if code == 0 {
            return Ok(out);
        }
        let what = format!("this step failed with {code}: {}", words.join(" "));
        Err(step_failed(&what, &out))
    }

    /// Runs a command that must be refused, with this code in what it says.
    pub fn refused(
        &mut self,
        who: &str,
        place: &str,
        words: &[&str],
        code: &str,
    ) -> Result<String, CliError> {
        let (exit, out) = self.run(who, place, words, true)?;
        if exit != 0 && out.contains(code) {
            return Ok(out);
        }
        let words = words.join(" ");
        let what = format!(
            "this step should have been refused with {code}, but ended with {exit}: {words}"
        );
        Err(step_failed(&what, &out))
    }

    fn run(
        &mut self,
        who: &str,
        place: &str,
        words: &[&str],
        refused: bool,
    ) -> Result<(i32, String), CliError> {
        let command = words
            .iter()
            .map(|word| shown(word))
            .collect::<Vec<_>>()
            .join(" ");
        if !self.quiet {
            println!("{who}:{place}$ {command}");
        }
        let directory = self.root.join(place);
        let mut variables = Vec::new();
        let mut rest = words;
        while let Some((name, value)) = rest.first().and_then(|word| word.split_once('=')) {
            variables.push((name, value));
            rest = rest.get(1..).unwrap_or_default();
        }
        let mut process = match rest {
            // The same program, without git in between: it is a third faster.
            ["git", "awo", arguments @ ..] => {
                let mut process = Command::new(&self.program);
                process.args(arguments);
                process
            }
            [program, arguments @ ..] => {
                let mut process = Command::new(program);
                process.args(arguments);
                process
            }
            [] => return Err(CliError::usage("an empty command")),
        };
        // Nothing of who calls: neither their repository nor their settings.
        process.env_clear();
        let kept = ["LANG", "LC_ALL", "TMPDIR"];
        let kept = kept
            .iter()
            .filter_map(|key| Some((key, std::env::var_os(key)?)));
        process.envs(kept);
        let path = std::env::var("PATH").unwrap_or_default();
        let output = process
            .current_dir(&directory)
            .env("HOME", self.root.join("home").join(who))
            .env(
                "XDG_CONFIG_HOME",
                self.root.join("home").join(who).join(".config"),
            )
            .env(
                "PATH",
                format!("{}:{path}", self.root.join("bin").display()),
            )
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(variables)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| {
                CliError::unusable(
                    Rule::QuickstartStep,
                    format!("cannot run {command}"),
                    &error,
                )
            })?;
        let mut text = output.stdout;
        text.extend_from_slice(&output.stderr);
        let text = escape(&text);
        if !self.quiet {
            let mut out = std::io::stdout().lock();
            for line in text.lines().take(12) {
                let _ = writeln!(out, "    {line}");
            }
        }
        let code = output.status.code().unwrap_or(-1);
        self.steps.push(Step {
            who: who.to_owned(),
            command,
            code,
            refused,
        });
        Ok((code, text))
    }
}

fn shown(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%^~*".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn step_failed(what: &str, out: &str) -> CliError {
    let finding = Rule::QuickstartStep
        .finding(Subject::none())
        .found(what)
        .expected("a system on which every step goes as it should")
        .remedy("git --version, and ssh-keygen on the PATH");
    CliError::undecided(format!("{what}\n{out}"), finding)
}

fn fail(path: &Path, error: &std::io::Error) -> CliError {
    CliError::unusable(
        Rule::QuickstartFiles,
        format!("cannot use {}", path.display()),
        error,
    )
}
