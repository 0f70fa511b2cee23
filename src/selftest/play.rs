//! The sandbox in which a case runs, and the operations available to a case.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::record::Code;
use crate::sandbox::{Done, Error, Setting, Stage, Stages, World};
use crate::{actor, git, store};

/// Why a case failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The world could not be prepared, or a command failed that must succeed.
    #[error(transparent)]
    Sandbox(#[from] Error),
    /// An expectation was not met.
    #[error("{0}")]
    Expected(String),
    /// The repository could not be read or written between commands.
    #[error("cannot read what a command left: {0}")]
    Left(String),
}

macro_rules! left {
    ($($error:ty),*) => {$(
        impl From<$error> for Failed {
            fn from(error: $error) -> Self {
                Self::Left(crate::record::chain_of(&error))
            }
        }
    )*};
}
left!(
    actor::Error,
    git::Error,
    git::UpdateError,
    store::Error,
    std::io::Error,
    serde_json::Error
);

/// The directory of all cases, with stages that are created once and copied.
pub struct Sandbox {
    root: PathBuf,
    program: PathBuf,
    stages: Stages,
}

impl Sandbox {
    /// Creates the directory, which must be absent or empty.
    pub fn new(root: &Path, program: &Path) -> Result<Self, Error> {
        let world = World::new(root, program, Setting::STILL)?;
        let stages = world.root().join("stages");
        Ok(Self {
            root: world.root().to_owned(),
            program: program.to_owned(),
            stages: Stages::new(&stages, program, Setting::STILL),
        })
    }

    /// Returns a text with `$SANDBOX` instead of the path of the sandbox.
    pub fn shown(&self, text: &str) -> String {
        text.replace(&*self.root.to_string_lossy(), "$SANDBOX")
    }
}

/// A running case.
pub struct Play<'a> {
    sandbox: &'a Sandbox,
    directory: PathBuf,
    transcript: String,
    found: BTreeSet<Code>,
    worlds: usize,
}

impl<'a> Play<'a> {
    pub(super) fn new(sandbox: &'a Sandbox, id: &str) -> Self {
        Self {
            sandbox,
            directory: sandbox.root.join(id),
            transcript: String::new(),
            found: BTreeSet::new(),
            worlds: 0,
        }
    }

    /// Returns the codes found so far.
    pub(super) fn found(&self) -> &BTreeSet<Code> {
        &self.found
    }

    pub(super) fn require_found(&self, expected: &[Code]) -> Result<(), Failed> {
        let missing: Vec<_> = expected
            .iter()
            .filter(|code| !self.found.contains(code))
            .map(|code| code.as_str())
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Failed::Expected(format!(
                "not found: {}",
                missing.join(", ")
            ))),
        }
    }

    /// Writes the transcript; removes the worlds of a case that passed.
    pub(super) fn close(&self, passed: bool) -> Result<(), Failed> {
        std::fs::create_dir_all(&self.directory)?;
        let text = self.sandbox.shown(&self.transcript);
        std::fs::write(self.directory.join("transcript.txt"), text)?;
        for number in (1..=self.worlds).filter(|_| passed) {
            std::fs::remove_dir_all(self.directory.join(format!("world-{number}")))?;
        }
        Ok(())
    }

    /// Returns a separate world at a stage.
    pub fn world(&mut self, stage: Stage) -> Result<World, Failed> {
        let root = self.fresh();
        self.note(&format!("a world: {stage:?}"));
        Ok(self.sandbox.stages.copy(stage, &root)?)
    }

    /// Returns a world at a stage that is not copied, but built from the beginning.
    pub fn world_from_nothing(&mut self, stage: Stage) -> Result<World, Failed> {
        let root = self.fresh();
        self.note(&format!("a world from nothing: {stage:?}"));
        let world = World::new(&root, &self.sandbox.program, Setting::STILL)?;
        stage.reach(&world)?;
        Ok(world)
    }

    fn fresh(&mut self) -> PathBuf {
        self.worlds += 1;
        self.directory.join(format!("world-{}", self.worlds))
    }

    /// Writes a line into the transcript.
    pub fn note(&mut self, line: &str) {
        self.transcript.push_str(&format!("# {line}\n"));
    }

    /// Records the result of a command in the transcript.
    pub fn record(&mut self, world: &World, who: &str, words: &[&str], done: &Done) {
        let said = done
            .said()
            .replace(&*world.root().to_string_lossy(), "$WORLD");
        let command = words.join(" ");
        self.transcript.push_str(&format!(
            "{who}$ {command}\n{}\n[{}]\n",
            said.trim_end(),
            done.code
        ));
    }

    fn run(
        &mut self,
        world: &World,
        who: &str,
        place: &str,
        words: &[&str],
    ) -> Result<Done, Failed> {
        let done = world.run(who, place, words)?;
        self.record(world, who, words, &done);
        Ok(done)
    }

    /// Runs a command that must succeed; returns its standard output.
    pub fn ok(&mut self, world: &World, who: &str, words: &[&str]) -> Result<String, Failed> {
        let done = self.run(world, who, who, words)?;
        self.hold(
            done.code == 0,
            format!(
                "{who}: `{}` must succeed, and ended with {}:\n{}",
                words.join(" "),
                done.code,
                done.said()
            ),
        )?;
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Runs a git-awo command with `--json` that must succeed; returns its result.
    pub fn value(&mut self, world: &World, who: &str, words: &[&str]) -> Result<Value, Failed> {
        let printed = self.ok(world, who, &as_json(words))?;
        Ok(serde_json::from_str(&printed)?)
    }

    /// Runs a git-awo command that must be denied with this code; returns its result.
    pub fn refused(
        &mut self,
        world: &World,
        who: &str,
        words: &[&str],
        code: Code,
    ) -> Result<Value, Failed> {
        self.answered(world, who, words, 1, code)
    }

    /// Runs a git-awo command that must leave undecided, with this code, what it is asked.
    pub fn undecided(
        &mut self,
        world: &World,
        who: &str,
        words: &[&str],
        code: Code,
    ) -> Result<Value, Failed> {
        self.answered(world, who, words, 3, code)
    }

    fn answered(
        &mut self,
        world: &World,
        who: &str,
        words: &[&str],
        exit: i32,
        code: Code,
    ) -> Result<Value, Failed> {
        let command = words.join(" ");
        let done = self.run(world, who, who, &as_json(words))?;
        self.hold(
            done.code == exit,
            format!(
                "{who}: `{command}` must end with {exit} and {}, and ended with {}:\n{}",
                code.as_str(),
                done.code,
                done.said()
            ),
        )?;
        let value: Value = serde_json::from_slice(&done.stdout)?;
        let codes = self.codes(&value)?;
        self.hold(
            codes.contains(&code),
            format!(
                "{who}: `{command}` must say {}, and said {codes:?}",
                code.as_str()
            ),
        )?;
        Ok(value)
    }

    /// Returns the codes of the findings of a denied command; each must be a code of the taxonomy.
    pub fn codes(&mut self, value: &Value) -> Result<BTreeSet<Code>, Failed> {
        let findings = value["findings"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut codes = BTreeSet::new();
        for finding in findings {
            let word = finding["code"].as_str().unwrap_or_default();
            let known = Code::ALL.iter().find(|code| code.as_str() == word);
            let Some(code) = known else {
                return Err(Failed::Expected(format!(
                    "{word:?} is not a code of the taxonomy"
                )));
            };
            codes.insert(*code);
        }
        self.hold(
            !codes.is_empty(),
            "a refusal must carry a code of the taxonomy",
        )?;
        self.found.extend(&codes);
        Ok(codes)
    }

    /// Pushes with plain git, without the client's hooks; the server must refuse with this code and move
    /// no ref. Returns what was said.
    pub fn push_refused(
        &mut self,
        world: &World,
        who: &str,
        refspecs: &[&str],
        code: Code,
    ) -> Result<String, Failed> {
        let before = world.refs("server.git")?;
        let push = ["git", "push", "-q", "--no-verify", "--atomic", "origin"];
        let done = self.run(world, who, who, &[&push, refspecs].concat())?;
        let said = done.said();
        let told: BTreeSet<Code> = Code::ALL
            .iter()
            .copied()
            .filter(|code| {
                said.lines()
                    .any(|it| it.trim_start_matches("remote: ").starts_with(code.as_str()))
            })
            .collect();
        self.hold(
            done.code != 0 && told.contains(&code),
            format!(
                "the server must refuse {} of {who} with {}, and said:\n{said}",
                refspecs.join(" "),
                code.as_str()
            ),
        )?;
        self.found.extend(told);
        let moved = world.refs("server.git")? != before;
        self.hold(!moved, "a refused push must move nothing on the server")?;
        Ok(said)
    }

    /// Pushes with plain git, without the client's hooks; the server must accept.
    pub fn push_accepted(
        &mut self,
        world: &World,
        who: &str,
        refspecs: &[&str],
    ) -> Result<(), Failed> {
        let push = ["git", "push", "-q", "--no-verify", "--atomic", "origin"];
        self.ok(world, who, &[&push, refspecs].concat())?;
        Ok(())
    }

    /// Fails unless the condition holds.
    pub fn hold(&mut self, so: bool, what: impl Into<String>) -> Result<(), Failed> {
        match so {
            true => Ok(()),
            false => Err(Failed::Expected(what.into())),
        }
    }

    /// Fails unless both are equal.
    pub fn same(&mut self, what: &str, one: &[u8], other: &[u8]) -> Result<(), Failed> {
        self.note(&format!("{what}: {} and {} bytes", one.len(), other.len()));
        self.hold(one == other, format!("{what} must be the same bytes"))
    }
}

/// Returns `git awo …` as `git awo --json …`. The option goes first, since the last words may be a
/// command to execute.
pub fn as_json<'w>(words: &[&'w str]) -> Vec<&'w str> {
    let (program, rest) = words.split_at(words.len().min(2));
    [program, &["--json"], rest].concat()
}
