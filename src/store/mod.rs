//! Records in notes and `refs/awo/*`. Layout, reading, appending, merging.

pub mod additions;
pub mod baselines;
pub mod batch;
pub mod beside;
pub mod chain;
mod index;
pub mod layout;
pub mod ledger;
pub mod merge;
pub mod notes;
pub mod provenance;
pub mod swap;
pub mod table;
pub mod unsent;

use crate::git;
use crate::record::envelope::BadEnvelope;
use crate::record::json::BadJson;
use crate::record::{Coded, Diagnosis, ObjectId, RefName, RepoPath, Rule, Sha256, Subject};

/// The records could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be read or written.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A ref could not be moved.
    #[error("cannot move the refs")]
    Update(#[from] git::UpdateError),
    /// A stored envelope is malformed.
    #[error("cannot read the record {record}")]
    Envelope {
        /// Where it stands.
        record: String,
        /// Why not.
        source: BadEnvelope,
    },
    /// A stored file of another kind is malformed.
    #[error("cannot read {path}")]
    Malformed {
        /// Where it stands.
        path: RepoPath,
        /// Why not.
        source: BadJson,
    },
    /// A path holds something else than a file.
    #[error("cannot read {path}: it is no plain file")]
    NoFile {
        /// Where it stands.
        path: RepoPath,
    },
    /// A record of that name exists, with other content.
    #[error("cannot write {path}: another record stands there, and records never change")]
    Exists {
        /// Where it stands.
        path: RepoPath,
    },
    /// There is a task or a run whose id differs in case only.
    #[error("cannot write {path}: there is {other}, which differs in case only")]
    Alike {
        /// Where it would stand.
        path: RepoPath,
        /// The other id.
        other: String,
    },
    /// Two commits of the ledger add different files under one name.
    #[error("two records are named {path}, and records never change")]
    Twice {
        /// The name.
        path: RepoPath,
    },
    /// A record has come that what was to be written does not reckon with.
    #[error("cannot write it: {path} has come meanwhile")]
    Meanwhile {
        /// Where the record stands.
        path: RepoPath,
        /// The rule that would be broken.
        rule: Rule,
    },
    /// What was to be noted once is noted already.
    #[error("cannot note it again: it stands there as {digest}")]
    Noted {
        /// The digest of the record that says it.
        digest: Sha256,
    },
    /// Two histories hold different records under one name.
    #[error("cannot merge {reference}: both sides hold another {path}")]
    Conflict {
        /// The ref.
        reference: RefName,
        /// The path.
        path: RepoPath,
    },
    /// Two histories have nothing in common or one was rewritten.
    #[error("cannot merge {reference}: {ours} and {theirs} have no history in common")]
    Unrelated {
        /// The ref.
        reference: RefName,
        /// Our tip.
        ours: ObjectId,
        /// Their tip.
        theirs: ObjectId,
    },
    /// Others kept winning the race.
    #[error("cannot write the records: other writers won {attempts} times in a row")]
    Contended {
        /// How often it was tried.
        attempts: usize,
    },
    /// No randomness could be had.
    #[error("cannot draw random bytes")]
    Random,
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        use Error as E;
        let form = |rule| {
            let expected = "a record in its one form";
            Diagnosis::against(
                self,
                rule,
                expected,
                "compare with another clone: git awo verify --all; a receipt is saved anew with git awo receipt",
            )
        };
        let record = |limit| match limit {
            true => form(Rule::RecordLimit),
            false => form(Rule::RecordForm),
        };
        let taken = |path: &RepoPath, remedy: &str| {
            Diagnosis::against(self, Rule::RecordName, "a new name", remedy)
                .found("another record of that name")
                .about(Subject::of_record(path))
        };
        match self {
            E::Git(error) => error.diagnosis(),
            E::Update(error) => error.diagnosis(),
            E::Envelope {
                record: name,
                source,
            } => record(source.limit).about(Subject::of_record(name)),
            E::Malformed { path, source } => record(source.limit).about(Subject::of_record(path)),
            E::NoFile { path } => form(Rule::RecordMode).about(Subject::of_record(path)),
            E::Exists { path } => taken(
                path,
                "what is recorded stays as it is; something else needs another name",
            ),
            E::Alike { path, .. } => taken(path, "another id"),
            E::Twice { path } => taken(path, "git awo fetch --theirs: what the server has stays"),
            E::Noted { digest } => Diagnosis::against(
                self,
                Rule::NotedOnce,
                "something new",
                "nothing is left to do but git awo push",
            )
            .found("the same person has said this before")
            .about(Subject::of_record(digest)),
            E::Meanwhile { path, rule } => {
                let remedy = "git awo fetch, then do it again";
                Diagnosis::against(self, *rule, rule.sentence(), remedy)
                    .about(Subject::of_record(path))
            }
            E::Conflict { path, .. } => taken(path, "git awo fetch --theirs, then do it again"),
            E::Unrelated { reference, .. } => {
                let remedy = "compare with another clone: the server was rewound or forked";
                Diagnosis::against(self, Rule::ForwardOnly, "one history", remedy)
                    .found("histories with nothing in common")
                    .about(Subject::of_ref(reference))
            }
            E::Contended { .. } => {
                let expected = "a moment in which nobody else writes";
                let remedy = "run the command again";
                Diagnosis::undecided(self, Rule::RaceWon, expected, remedy)
            }
            E::Random => Diagnosis::unusable(self, Rule::Randomness),
        }
    }
}
