//! The report of a check of determinism: a command was run several times with the same files, and what it
//! made was compared.
//!
//! A report has no absolute path and no time: the same check gives the same bytes wherever it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Deref, RangeInclusive};

use serde::{Deserialize, Serialize};

use super::contract::{PathList, check_pattern};
use super::{ObjectId, Sha256, json};

/// The schema of a report.
pub const SCHEMA: &str = "awo.determinism/1";

/// The schedule by which the runs differ: see [`Planned::of`].
pub const SCHEDULE: &str = "awo.determinism-schedule/1";

/// How often a command may be run.
pub const RUNS: RangeInclusive<u32> = 2..=16;

/// Maximum number of patterns.
const MAX_PATTERNS: usize = 1_000;

/// An unchecked report: every field is public, and fields are not checked against each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeterminismDraft {
    /// What held of every cell.
    pub cell: HeldByAll,
    /// The program and its arguments, each quoted as git quotes paths.
    pub command: Vec<String>,
    /// The first difference, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub difference: Option<Difference>,
    /// The environment of the command.
    pub environment: Surroundings,
    /// The tree with which each run began.
    pub input: ObjectId,
    /// What is compared, in gitignore syntax; nothing for all that a commit would hold.
    pub outputs: Vec<String>,
    /// What each run made.
    pub runs: Vec<Repetition>,
    /// [`SCHEDULE`].
    pub schedule: String,
    /// [`SCHEMA`].
    pub schema: String,
    /// Whether the standard streams are compared too.
    pub streams: bool,
    /// The versions of the programs that made the report.
    pub tools: BTreeMap<String, String>,
    /// The verdict, which follows from the runs.
    pub verdict: Sameness,
}

/// What held of the cells of all runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldByAll {
    /// The layers that held each time.
    pub held: BTreeSet<String>,
    /// The release of the kernel.
    pub kernel: String,
    /// The version of Landlock that was in force; 0 for none.
    pub landlock: u32,
    /// Whether the command had the network, as a contract may say.
    pub network: bool,
}

/// The environment in which each command ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surroundings {
    /// Variables that have the same value in all runs.
    pub fixed: BTreeMap<String, String>,
    /// Variables that come from whoever made the check, where they are set.
    pub passed: BTreeSet<String>,
    /// The umask, in octal.
    pub umask: String,
    /// Variables that have another value in each run.
    pub varied: BTreeSet<String>,
}

/// One run of the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repetition {
    /// How it ended; as in a shell 128 and the signal, if one ended it.
    pub exit_code: u8,
    /// What was made.
    pub output: Output,
    /// In what it differed from the others.
    pub planned: Planned,
    /// The SHA-256 of standard error, where the streams are compared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stderr: Option<Sha256>,
    /// The SHA-256 of standard output, where the streams are compared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stdout: Option<Sha256>,
}

/// The outputs of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The SHA-256 of a line `MODE SHA-256 PATH` for each output that is not as in the input, sorted by path.
    pub sha256: Sha256,
    /// The outputs as a tree.
    pub tree: ObjectId,
}

/// In what a run differs from the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The hash seed of Python and Perl: the number of the run, the first being 1.
    pub hash_seed: u32,
    /// How many bytes longer than the shortest the names of the work tree and of the directories around home
    /// and temporary files are.
    pub longer: u32,
    /// In which order the files were made.
    pub order: Order,
    /// How many processors the command may use.
    pub processors: Processors,
}

/// The order in which files are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// By path.
    Forward,
    /// By path, the last first.
    Backward,
}

/// How many processors a command may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Processors {
    /// All that whoever made the check may use.
    All,
    /// The first of them.
    One,
}

impl Planned {
    /// Returns the plan of a run, the first being 1: odd ones make the files forward, even ones backward, and
    /// the second one has one processor.
    pub fn of(number: u32) -> Self {
        Self {
            hash_seed: number,
            longer: number.saturating_sub(1),
            order: match number % 2 {
                0 => Order::Backward,
                _ => Order::Forward,
            },
            processors: match number {
                2 => Processors::One,
                _ => Processors::All,
            },
        }
    }
}

/// Where two runs differ first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The first byte that differs, the first of a file being 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u32>,
    /// The path, quoted as git quotes paths.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// The first run that differs from the first one.
    pub run: u32,
    /// In what.
    pub what: What,
}

/// In what two runs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The bytes of a file, or the target of a symlink.
    Content,
    /// How the command ended.
    ExitCode,
    /// Whether a path is there.
    Existence,
    /// Whether a file can be executed, or is a symlink.
    Mode,
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "the content",
            Self::ExitCode => "the exit code",
            Self::Existence => "the existence",
            Self::Mode => "the mode",
            Self::Stderr => "standard error",
            Self::Stdout => "standard output",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {} differs from run 1 in {}", self.run, self.what)?;
        if let Some(path) = &self.path {
            write!(f, " of {path}")?;
        }
        match self.offset {
            Some(offset) => write!(f, " at byte {offset}"),
            None => Ok(()),
        }
    }
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sameness {
    /// All runs ended well and made the same.
    Same,
    /// A run differs from the first one.
    Differs,
    /// All runs ended badly, and made the same.
    Failed,
}

impl fmt::Display for Sameness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Failed => "failed",
        })
    }
}

/// Why a draft is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    /// Another schema or schedule.
    #[error("cannot accept {0:?}, only {SCHEMA:?} with {SCHEDULE:?}")]
    Schema(String),
    /// No command.
    #[error("cannot accept a report without a command")]
    Command,
    /// A pattern that cannot be used.
    #[error("cannot accept {0:?} among the outputs")]
    Pattern(String),
    /// Too few runs, or too many.
    #[error("cannot accept {0} runs, only 2 to 16")]
    Runs(usize),
    /// A run that is not as the schedule says.
    #[error("cannot accept run {0}, which is not as the schedule says")]
    Planned(usize),
    /// Streams where none are compared, or the reverse.
    #[error("cannot accept run {0}: it has digests of its streams exactly if these are compared")]
    Streams(usize),
    /// A verdict that does not follow from the runs.
    #[error("cannot accept the verdict {0}: another one follows from the runs")]
    Verdict(Sameness),
}

/// A checked report. Its fields are accessible through [`DeterminismDraft`], and immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DeterminismDraft", into = "DeterminismDraft")]
pub struct DeterminismReport(DeterminismDraft);

impl Deref for DeterminismReport {
    type Target = DeterminismDraft;

    fn deref(&self) -> &DeterminismDraft {
        &self.0
    }
}

impl From<DeterminismReport> for DeterminismDraft {
    fn from(report: DeterminismReport) -> Self {
        report.0
    }
}

impl TryFrom<DeterminismDraft> for DeterminismReport {
    type Error = BadReport;

    fn try_from(draft: DeterminismDraft) -> Result<Self, BadReport> {
        draft.check()
    }
}

impl DeterminismDraft {
    /// Returns the report, or the first reason why it is none.
    pub fn check(self) -> Result<DeterminismReport, BadReport> {
        for (found, known) in [(&self.schema, SCHEMA), (&self.schedule, SCHEDULE)] {
            if found != known {
                return Err(BadReport::Schema(found.clone()));
            }
        }
        if self.command.first().is_none_or(|it| it.is_empty()) {
            return Err(BadReport::Command);
        }
        let bad = |it: &&String| check_pattern(it, PathList::Forbidden).is_err();
        if let Some(pattern) = self.outputs.iter().find(bad) {
            return Err(BadReport::Pattern(pattern.clone()));
        }
        let number = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        if !RUNS.contains(&number) || self.outputs.len() > MAX_PATTERNS {
            return Err(BadReport::Runs(self.runs.len()));
        }
        for (run, number) in self.runs.iter().zip(1..) {
            let index = number as usize;
            let mut planned = Planned::of(number);
            // Not every system can keep a command to one processor.
            if run.planned.processors == Processors::All {
                planned.processors = Processors::All;
            }
            if run.planned != planned {
                return Err(BadReport::Planned(index));
            }
            if [run.stdout.is_some(), run.stderr.is_some()] != [self.streams; 2] {
                return Err(BadReport::Streams(index));
            }
        }
        if self.verdict != self.follows() || !self.states_difference() {
            return Err(BadReport::Verdict(self.verdict));
        }
        Ok(DeterminismReport(self))
    }

    /// Returns the verdict that follows from the runs.
    pub fn follows(&self) -> Sameness {
        match self.runs.first() {
            Some(first) if self.first_other(first).is_some() => Sameness::Differs,
            Some(first) if first.exit_code == 0 => Sameness::Same,
            _ => Sameness::Failed,
        }
    }

    /// Returns the first run that differs from the first one, and its number.
    fn first_other(&self, first: &Repetition) -> Option<(&Repetition, u32)> {
        let mut numbered = self.runs.iter().zip(1..);
        numbered.find(|(run, _)| !run.made_as(first))
    }

    /// Tells whether a difference is stated exactly if there is one, and may be the first one: its run is the
    /// first that differs, and in that.
    fn states_difference(&self) -> bool {
        let first = self.runs.first();
        let other = first.and_then(|first| Some((first, self.first_other(first)?)));
        let (Some((first, (run, number))), Some(stated)) = (other, &self.difference) else {
            return other.is_none() && self.difference.is_none();
        };
        let differs = match stated.what {
            What::ExitCode => run.exit_code != first.exit_code,
            What::Stderr => run.stderr != first.stderr,
            What::Stdout => run.stdout != first.stdout,
            What::Content | What::Existence | What::Mode => run.output != first.output,
        };
        stated.run == number && differs && stated.path.is_some() == stated.what.is_of_a_path()
    }
}

impl What {
    /// Tells whether it is something about a path.
    fn is_of_a_path(self) -> bool {
        matches!(self, Self::Content | Self::Existence | Self::Mode)
    }
}

impl Repetition {
    /// Tells whether a run made the same as another one, and ended alike.
    pub fn made_as(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.exit_code, it.stdout, it.stderr);
        of(self) == of(other) && self.output == other.output
    }
}

impl DeterminismReport {
    /// Returns what was repeated.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            command: self.command.clone(),
            input: self.input,
            outputs: self.outputs.clone(),
        }
    }

    /// Returns the tree that the first run made: that of all, if all made the same.
    pub fn output(&self) -> Option<ObjectId> {
        self.runs.first().map(|it| it.output.tree)
    }
}

/// What is repeated: a command on files, and what of it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recipe {
    /// The program and its arguments, each quoted as git quotes paths.
    pub command: Vec<String>,
    /// The tree with which each run begins.
    pub input: ObjectId,
    /// What is compared; nothing for all that a commit would hold.
    pub outputs: Vec<String>,
}

impl Recipe {
    /// Returns under what reports on it are found.
    pub fn key(&self) -> Sha256 {
        Sha256::of(&json::canonical(self))
    }
}

#[cfg(test)]
pub(crate) mod tests;
