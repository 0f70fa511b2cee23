//! Where records stand. Every path of the ledger is one variant or follows from the registry.

use super::kind::Kind;
use crate::record::envelope::Envelope;
use crate::record::{ObjectId, RepoPath, RunId, Sha256, TaskId};

/// Where the records of a kind stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// In the ledger, once for a task: `contracts/<hh>/<TASK>@<kind>.dsse.json`
    OncePerTask,
    /// In the ledger, once for another record: `records/<hh>/<sha256>@<kind>.dsse.json`
    OncePerRecord,
    /// In the ledger, once for a run: `runs/<hh>/<RUN>@<kind>.dsse.json`
    OncePerRun,
    /// In the ledger, any number for a run, each under its digest:
    /// `runs/<hh>/<RUN>@<kind>-<sha256>.dsse.json`
    ManyPerRun,
    /// In the ledger, while signatures are collected, one a signer, under the SHA-256 of the
    /// keyid: `proposals/<sha256>/signature-<sha256>.dsse.json`
    PerProposal,
    /// In notes, any number on an object, one a line.
    Noted(Notes),
    /// In the receive log, one an entry.
    Log,
}

/// A ref whose notes hold records: `refs/notes/awo/<name>`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Notes(&'static str);

impl Notes {
    /// `refs/notes/awo/approvals`
    pub const APPROVALS: Notes = Notes("approvals");
    /// `refs/notes/awo/attestations`
    pub const ATTESTATIONS: Notes = Notes("attestations");
    /// Every one.
    pub const ALL: &'static [Notes] = &[Self::APPROVALS, Self::ATTESTATIONS];

    /// Returns the kind of a record noted here: the one that it states if that one stands here,
    /// else the first that does, which it then is not.
    pub fn kind_of(self, envelope: &Envelope) -> Kind {
        let here = |kind: &Kind| kind.stands() == Stands::Noted(self);
        let stated = Kind::of_payload(envelope.payload()).filter(here);
        let first = || Kind::ALL.iter().copied().find(here);
        stated.or_else(first).unwrap_or(Kind::Approval)
    }

    /// Returns the last part of the ref's name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// Where one record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the ledger.
    Ledger(LedgerPath),
    /// Noted on an object.
    Note(Notes, Object),
}

/// What a note is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A commit.
    Commit(ObjectId),
    /// The blob of another record.
    BlobOf(LedgerPath),
}

impl From<LedgerPath> for Location {
    fn from(path: LedgerPath) -> Self {
        Location::Ledger(path)
    }
}

/// What a file of the ledger is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// A task: `contracts/<hh>/<TASK>@`
    Task(TaskId),
    /// A run: `runs/<hh>/<RUN>@`
    Run(RunId),
    /// Another record: `records/<hh>/<sha256>@`
    Record(Sha256),
    /// The statement of a policy for which signatures are collected: `proposals/<sha256>/`
    Proposal(Sha256),
}

impl From<&TaskId> for Scope {
    fn from(task: &TaskId) -> Self {
        Scope::Task(task.clone())
    }
}

impl From<TaskId> for Scope {
    fn from(task: TaskId) -> Self {
        Scope::Task(task)
    }
}

impl From<&RunId> for Scope {
    fn from(run: &RunId) -> Self {
        Scope::Run(run.clone())
    }
}

impl From<RunId> for Scope {
    fn from(run: RunId) -> Self {
        Scope::Run(run)
    }
}

/// A path in the ledger's tree. Names are fanned out by the SHA-256 of the id, `<hh>` its first
/// two hex digits, so that adding a record stays cheap. The files of a task or run stand side by
/// side, `@` after the id, not in a directory each: a twentieth of the trees to store and walk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerPath {
    /// A record: what it is about, its kind, and where there may be many, which: see [`Stands`].
    Record(Scope, Kind, Option<Sha256>),
    /// `contracts/<hh>/<TASK>@packet`: the original, byte for byte.
    Packet(TaskId),
    /// `runs/<hh>/<RUN>@SHA256SUMS.txt`
    Inventory(RunId),
    /// `spent/<hh>/<sha256>`: the run that spent the approval of this digest.
    Spent(Sha256),
    /// `index/<hh>/<hh>.json`: a shard of the provenance index.
    Shard(String, String),
    /// `proposals/<sha256>/policy.toml`: a policy for which signatures are collected.
    ProposedPolicy(Sha256),
    /// `proposals/<sha256>/allowed_signers`
    ProposedSigners(Sha256),
}

impl Scope {
    /// Returns the path of a file about this.
    fn file(&self, name: &str) -> String {
        match self {
            Scope::Task(id) => format!("contracts/{}/{id}{AFTER_ID}{name}", fanout(id.as_str())),
            Scope::Run(id) => format!("{}{AFTER_ID}{name}", run_directory(id)),
            Scope::Record(digest) => {
                format!("records/{}/{digest}{AFTER_ID}{name}", digest.fanout())
            }
            Scope::Proposal(digest) => format!("proposals/{digest}/{name}"),
        }
    }

    /// Returns where the files about this stand: a directory, and how their names in it begin.
    pub fn files(&self) -> (RepoPath, String) {
        let path = self.file("");
        let (directory, begin) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
        (RepoPath::from(directory), begin.to_owned())
    }

    /// Tells whether records that stand so are about such things.
    fn takes(&self, stands: Stands) -> bool {
        matches!(
            (self, stands),
            (Scope::Task(_), Stands::OncePerTask)
                | (Scope::Run(_), Stands::OncePerRun | Stands::ManyPerRun)
                | (Scope::Record(_), Stands::OncePerRecord)
                | (Scope::Proposal(_), Stands::PerProposal)
        )
    }

    /// Returns the record whose file here has this name.
    fn record(self, name: &str) -> Option<LedgerPath> {
        let stem = name.strip_suffix(SUFFIX)?;
        let (kind, key) = Kind::ALL.iter().copied().find_map(|kind| {
            let rest = stem.strip_prefix(kind.stem())?;
            let key = match rest {
                "" => None,
                _ => Some(rest.strip_prefix('-')?.parse().ok()?),
            };
            (self.takes(kind.stands()) && key.is_some() == kind.stands().many())
                .then_some((kind, key))
        })?;
        Some(LedgerPath::Record(self, kind, key))
    }
}

impl Stands {
    /// Tells whether there may be many about one thing in the ledger, so that names carry a key.
    fn many(self) -> bool {
        matches!(self, Stands::ManyPerRun | Stands::PerProposal)
    }
}

impl Kind {
    /// Returns the path of the one record of this kind about something.
    pub fn of(self, scope: impl Into<Scope>) -> LedgerPath {
        LedgerPath::Record(scope.into(), self, None)
    }

    /// Returns the path of a record of this kind of which there may be many about one thing.
    pub fn one_of(self, scope: impl Into<Scope>, key: Sha256) -> LedgerPath {
        LedgerPath::Record(scope.into(), self, Some(key))
    }

    /// Returns where records of the kind stand, for the formats page.
    pub fn shape(self) -> String {
        let word = self.stem();
        let one = |directory: &str| format!("`{directory}{word}{SUFFIX}`");
        let many = |directory: &str| format!("`{directory}{word}-<sha256>{SUFFIX}`");
        match self.stands() {
            Stands::OncePerTask => one("contracts/<hh>/<TASK>@"),
            Stands::OncePerRecord => one("records/<hh>/<sha256>@"),
            Stands::OncePerRun => one("runs/<hh>/<RUN>@"),
            Stands::ManyPerRun => many("runs/<hh>/<RUN>@"),
            Stands::PerProposal => many("proposals/<sha256>/"),
            Stands::Noted(notes) => format!("notes, `refs/notes/awo/{}`", notes.name()),
            Stands::Log => "the receive log".to_owned(),
        }
    }

    /// Returns how names of the kind's files begin.
    fn stem(self) -> &'static str {
        match self.stands() {
            Stands::PerProposal => "signature",
            _ => self.word(),
        }
    }
}

impl LedgerPath {
    /// Returns the path.
    pub fn to_path(&self) -> RepoPath {
        let text = match self {
            Self::Record(scope, kind, None) => scope.file(&format!("{}{SUFFIX}", kind.stem())),
            Self::Record(scope, kind, Some(key)) => {
                scope.file(&format!("{}-{key}{SUFFIX}", kind.stem()))
            }
            Self::Packet(task) => Scope::from(task).file("packet"),
            Self::Inventory(id) => Scope::from(id).file("SHA256SUMS.txt"),
            Self::Spent(digest) => format!("spent/{}/{digest}", digest.fanout()),
            Self::Shard(first, second) => format!("index/{first}/{second}.json"),
            Self::ProposedPolicy(digest) => Scope::Proposal(*digest).file("policy.toml"),
            Self::ProposedSigners(digest) => Scope::Proposal(*digest).file("allowed_signers"),
        };
        RepoPath::from(text.as_str())
    }

    /// Returns what a path is, or `None` if nothing may stand there.
    pub fn parse(path: &RepoPath) -> Option<Self> {
        let text = path.to_str()?;
        let parts: Vec<_> = text.split('/').collect();
        let parsed = match parts.as_slice() {
            ["contracts", _, name] => {
                let (task, file) = name.split_once(AFTER_ID)?;
                let task = TaskId::new(task).ok()?;
                match file {
                    "packet" => Self::Packet(task),
                    _ => Scope::Task(task).record(file)?,
                }
            }
            ["runs", _, name] => {
                let (run, file) = name.split_once(AFTER_ID)?;
                let run = RunId::new(run).ok()?;
                match file {
                    "SHA256SUMS.txt" => Self::Inventory(run),
                    _ => Scope::Run(run).record(file)?,
                }
            }
            ["records", _, name] => {
                let (digest, file) = name.split_once(AFTER_ID)?;
                Scope::Record(digest.parse().ok()?).record(file)?
            }
            ["spent", _, digest] => Self::Spent(digest.parse().ok()?),
            ["index", first, file] => {
                let second = file.strip_suffix(".json")?;
                if !(is_byte(first) && is_byte(second)) {
                    return None;
                }
                Self::Shard((*first).to_owned(), second.to_owned())
            }
            ["proposals", digest, file] => {
                let digest = digest.parse().ok()?;
                match *file {
                    "policy.toml" => Self::ProposedPolicy(digest),
                    "allowed_signers" => Self::ProposedSigners(digest),
                    _ => Scope::Proposal(digest).record(file)?,
                }
            }
            _ => return None,
        };
        // One path a record: a record at a wrong fan-out would be a second one.
        (parsed.to_path() == *path).then_some(parsed)
    }

    /// Returns the shard of the provenance index that holds a run.
    pub fn shard_of(run: &RunId) -> Self {
        let digest = Sha256::of(run.as_str().as_bytes());
        let [first, second, ..] = *digest.as_bytes();
        Self::Shard(format!("{first:02x}"), format!("{second:02x}"))
    }

    /// Returns the shard of the provenance index that follows from this file, if one does.
    pub fn implies(&self) -> Option<Self> {
        match self {
            Self::Record(Scope::Run(run), Kind::Finalization, _) => Some(Self::shard_of(run)),
            _ => None,
        }
    }

    /// Returns the kind of the record that stands here, if one does.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Record(_, kind, _) => Some(*kind),
            _ => None,
        }
    }

    /// Returns the run that the file is about.
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Record(Scope::Run(run), ..) | Self::Inventory(run) => Some(run),
            _ => None,
        }
    }
}

/// What stands between the id and the kind of a record; no id has it.
const AFTER_ID: char = '@';
/// How the names of records end.
const SUFFIX: &str = ".dsse.json";

/// Returns `runs/<hh>/<RUN>`: in an evidence ref the directory of a run.
pub fn run_directory(run: &RunId) -> String {
    format!("runs/{}/{run}", fanout(run.as_str()))
}

fn fanout(id: &str) -> String {
    Sha256::of(id.as_bytes()).fanout()
}

fn is_byte(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_round_trip_and_have_one_spelling() {
        let run = RunId::new("run_1").unwrap();
        let task = TaskId::new("T-1").unwrap();
        let digest = Sha256::of(b"x");
        for (path, text) in [
            (
                Kind::Contract.of(&task),
                "contracts/HH/T-1@contract.dsse.json",
            ),
            (LedgerPath::Packet(task), "contracts/HH/T-1@packet"),
            (Kind::Run.of(&run), "runs/HH/run_1@run.dsse.json"),
            (
                LedgerPath::Inventory(run.clone()),
                "runs/HH/run_1@SHA256SUMS.txt",
            ),
            (
                Kind::Independence.one_of(&run, digest),
                "runs/HH/run_1@independence-DIGEST.dsse.json",
            ),
            (
                Kind::SelfApproval.one_of(&run, digest),
                "runs/HH/run_1@self-approval-DIGEST.dsse.json",
            ),
            (
                Kind::Finalization.of(&run),
                "runs/HH/run_1@finalization.dsse.json",
            ),
            (Kind::Outcome.of(&run), "runs/HH/run_1@outcome.dsse.json"),
            (
                Kind::Revocation.of(Scope::Record(digest)),
                "records/HH/DIGEST@revocation.dsse.json",
            ),
            (LedgerPath::Spent(digest), "spent/HH/DIGEST"),
            (
                LedgerPath::ProposedPolicy(digest),
                "proposals/DIGEST/policy.toml",
            ),
            (
                LedgerPath::ProposedSigners(digest),
                "proposals/DIGEST/allowed_signers",
            ),
            (
                Kind::Policy.one_of(Scope::Proposal(digest), digest),
                "proposals/DIGEST/signature-DIGEST.dsse.json",
            ),
        ] {
            let found = path.to_path();
            assert_eq!(LedgerPath::parse(&found), Some(path.clone()), "{path:?}");
            let found = found.to_string().replace(&digest.to_string(), "DIGEST");
            let parts: Vec<_> = found.split('/').collect();
            let masked = match parts.as_slice() {
                [top, hh, name] if hh.len() == 2 => format!("{top}/HH/{name}"),
                _ => found.clone(),
            };
            assert_eq!(masked, text);
        }
        let shard = LedgerPath::shard_of(&run);
        assert_eq!(LedgerPath::parse(&shard.to_path()), Some(shard));
        for bad in [
            "runs/00/run_1@run.dsse.json",
            "runs/48/run_1",
            "runs/48/run_1@",
            "runs/48/run_1@contract.dsse.json",
            "runs/48/run_1@independence.dsse.json",
            "runs/x",
            "x",
            "index/zz/00.json",
            "runs/00/..@run.dsse.json",
        ] {
            assert_eq!(LedgerPath::parse(&RepoPath::from(bad)), None, "{bad}");
        }
    }
}
