//! Where records stand. Every path of the ledger is one variant or follows from the registry.

use super::kind::Kind;
use crate::record::envelope::Envelope;
use crate::record::{
    Day, DecisionId, EscalationId, Month, ObjectId, RepoPath, RunId, Sha256, TaskId, Timestamp,
};

/// Where the records of a kind stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// In the ledger, once for a task: `<TASK>@<kind>.dsse.json`
    OncePerTask,
    /// In the ledger, once for another record: `<sha256>@<kind>.dsse.json`
    OncePerRecord,
    /// In the ledger, once for a run: `<RUN>@<kind>.dsse.json`
    OncePerRun,
    /// In the ledger, once for a decision: `<DECISION>@<kind>.dsse.json`
    OncePerDecision,
    /// In the ledger, once for a request to hand content over: `<ESCALATION>@<kind>.dsse.json`
    OncePerEscalation,
    /// In the ledger, any number for a task, each under its digest:
    /// `<TASK>@<kind>-<sha256>.dsse.json`
    ManyPerTask,
    /// In the ledger, any number for a run, each under its digest:
    /// `<RUN>@<kind>-<sha256>.dsse.json`
    ManyPerRun,
    /// In the ledger, any number for a day, each under its digest: `<DAY>@<kind>-<sha256>.dsse.json`
    ManyPerDay,
    /// In the ledger, any number for what packets call a repository, each under its digest:
    /// `<sha256>@<kind>-<sha256>.dsse.json`
    ManyPerLocator,
    /// In the ledger, any number for a command on a tree, each under its digest:
    /// `<sha256>@<kind>-<sha256>.dsse.json`
    ManyPerRecipe,
    /// In the ledger, any number for a commit, each under its digest:
    /// `<COMMIT>@<kind>-<sha256>.dsse.json`
    ManyPerCommit,
    /// In the ledger, while signatures are collected, one a signer, under the SHA-256 of the
    /// keyid: `<sha256>@<kind>-<sha256>.dsse.json`
    PerProposal,
    /// In notes, any number on an object, one a line.
    Noted(Notes),
    /// In the receive log, one an entry.
    Log,
}

/// Notes that hold records, in segments by month: `refs/notes/awo/<name>/<YYYY-MM>`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Notes(&'static str);

impl Notes {
    /// `refs/notes/awo/approvals/<YYYY-MM>`
    pub const APPROVALS: Notes = Notes("approvals");
    /// `refs/notes/awo/attestations/<YYYY-MM>`
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

    /// Returns the part of the ref's name that says which notes they are.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Returns the segment of a month.
    pub fn of(self, month: Month) -> Segment {
        Segment { notes: self, month }
    }

    /// Returns the segment of a record that expires then.
    pub fn until(self, expires: Timestamp) -> Segment {
        self.of(expires.month())
    }
}

/// The notes of a month: a ref of its own. A record stands in that of the month in which it
/// expires, so nothing is added to it once the month is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Segment {
    /// Which notes.
    pub notes: Notes,
    /// Of which month.
    pub month: Month,
}

/// Where one record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the ledger.
    Ledger(LedgerPath),
    /// Noted on an object.
    Note(Segment, Object),
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

/// What a file of the ledger is about. Its id is the first part of the file's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// A task.
    Task(TaskId),
    /// A run.
    Run(RunId),
    /// A commit.
    Commit(ObjectId),
    /// A day.
    Day(Day),
    /// A decision.
    Decision(DecisionId),
    /// A request to hand content to a model elsewhere.
    Escalation(EscalationId),
    /// What packets call a repository, by its SHA-256.
    Locator(Sha256),
    /// A command on a tree, and what of it is compared, by the SHA-256 of these.
    Recipe(Sha256),
    /// Another record, by its digest.
    Record(Sha256),
    /// The statement of a policy for which signatures are collected, by its digest.
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

impl From<&DecisionId> for Scope {
    fn from(decision: &DecisionId) -> Self {
        Scope::Decision(decision.clone())
    }
}

impl From<DecisionId> for Scope {
    fn from(decision: DecisionId) -> Self {
        Scope::Decision(decision)
    }
}

impl From<&EscalationId> for Scope {
    fn from(escalation: &EscalationId) -> Self {
        Scope::Escalation(escalation.clone())
    }
}

impl From<EscalationId> for Scope {
    fn from(escalation: EscalationId) -> Self {
        Scope::Escalation(escalation)
    }
}

/// The name of a file in the ledger: the id of what it is about, `@`, and what it holds. No id has
/// an `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerPath {
    /// A record: what it is about, its kind, and where there may be many, which: see [`Stands`].
    Record(Scope, Kind, Option<Sha256>),
    /// `<TASK>@packet`: the original, byte for byte.
    Packet(TaskId),
    /// `<RUN>@SHA256SUMS.txt`
    Inventory(RunId),
    /// `<RUN>@provenance.json`: the entry of the provenance index, which follows from the
    /// finalization.
    Provenance(RunId),
    /// `<sha256>@spent`: the run that spent the approval of this digest.
    Spent(Sha256),
    /// `<sha256>@signed`: the task whose contract has the user signature of this digest.
    Signed(Sha256),
    /// `<sha256>@decided-<DECISION>`: one of the decisions of a gate on something, by the digest of both.
    Decided(Sha256, DecisionId),
    /// `<sha256>@used-<RUN>`: a run that uses the decision of this digest.
    Used(Sha256, RunId),
    /// `<sha256>@policy.toml`: a policy for which signatures are collected.
    ProposedPolicy(Sha256),
    /// `<sha256>@allowed_signers`
    ProposedSigners(Sha256),
}

impl Scope {
    /// Returns the id.
    pub fn id(&self) -> String {
        match self {
            Scope::Task(id) => id.to_string(),
            Scope::Run(id) => id.to_string(),
            Scope::Decision(id) => id.to_string(),
            Scope::Escalation(id) => id.to_string(),
            Scope::Commit(id) => id.to_string(),
            Scope::Day(day) => day.to_string(),
            Scope::Locator(digest)
            | Scope::Recipe(digest)
            | Scope::Record(digest)
            | Scope::Proposal(digest) => digest.to_string(),
        }
    }

    /// Returns the scope with this id of which such records are.
    fn of(id: &str, stands: Stands) -> Option<Self> {
        Some(match stands {
            Stands::OncePerTask | Stands::ManyPerTask => Scope::Task(TaskId::new(id).ok()?),
            Stands::OncePerRun | Stands::ManyPerRun => Scope::Run(RunId::new(id).ok()?),
            Stands::ManyPerCommit => Scope::Commit(id.parse().ok()?),
            Stands::ManyPerDay => Scope::Day(id.parse().ok()?),
            Stands::ManyPerLocator => Scope::Locator(id.parse().ok()?),
            Stands::ManyPerRecipe => Scope::Recipe(id.parse().ok()?),
            Stands::OncePerDecision => Scope::Decision(DecisionId::new(id).ok()?),
            Stands::OncePerEscalation => Scope::Escalation(EscalationId::new(id).ok()?),
            Stands::OncePerRecord => Scope::Record(id.parse().ok()?),
            Stands::PerProposal => Scope::Proposal(id.parse().ok()?),
            Stands::Noted(_) | Stands::Log => return None,
        })
    }
}

impl Stands {
    /// Returns whether there may be many about one thing in the ledger, so that names carry a key.
    fn many(self) -> bool {
        matches!(
            self,
            Stands::ManyPerTask
                | Stands::ManyPerRun
                | Stands::ManyPerCommit
                | Stands::ManyPerDay
                | Stands::ManyPerLocator
                | Stands::ManyPerRecipe
                | Stands::PerProposal
        )
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
        let word = self.word();
        let id = match self.stands() {
            Stands::OncePerTask | Stands::ManyPerTask => "<TASK>",
            Stands::OncePerRun | Stands::ManyPerRun => "<RUN>",
            Stands::ManyPerCommit => "<COMMIT>",
            Stands::ManyPerDay => "<DAY>",
            Stands::OncePerDecision => "<DECISION>",
            Stands::OncePerEscalation => "<ESCALATION>",
            Stands::OncePerRecord
            | Stands::PerProposal
            | Stands::ManyPerLocator
            | Stands::ManyPerRecipe => "<sha256>",
            Stands::Noted(notes) => {
                return format!("notes, `refs/notes/awo/{}/<YYYY-MM>`", notes.name());
            }
            Stands::Log => return "the receive log".to_owned(),
        };
        let key = if self.stands().many() {
            "-<sha256>"
        } else {
            ""
        };
        format!("`{id}{AFTER_ID}{word}{key}{SUFFIX}`")
    }

    /// Returns the kind and the key that the name of a record's file says after the id.
    fn of_file(name: &str) -> Option<(Self, Option<Sha256>)> {
        let stem = name.strip_suffix(SUFFIX)?;
        Self::ALL.iter().copied().find_map(|kind| {
            let key = match stem.strip_prefix(kind.word())? {
                "" => None,
                rest => Some(rest.strip_prefix('-')?.parse().ok()?),
            };
            (key.is_some() == kind.stands().many()).then_some((kind, key))
        })
    }
}

impl LedgerPath {
    /// Returns the path.
    pub fn to_path(&self) -> RepoPath {
        let id = self.id();
        let text = match self {
            Self::Record(_, kind, None) => format!("{id}{AFTER_ID}{}{SUFFIX}", kind.word()),
            Self::Record(_, kind, Some(key)) => {
                format!("{id}{AFTER_ID}{}-{key}{SUFFIX}", kind.word())
            }
            Self::Packet(_) => format!("{id}{AFTER_ID}{PACKET}"),
            Self::Inventory(_) => format!("{id}{AFTER_ID}{INVENTORY}"),
            Self::Provenance(_) => format!("{id}{AFTER_ID}{PROVENANCE}"),
            Self::Spent(_) => format!("{id}{AFTER_ID}{SPENT}"),
            Self::Signed(_) => format!("{id}{AFTER_ID}{SIGNED}"),
            Self::Decided(_, decision) => format!("{id}{AFTER_ID}{DECIDED}{decision}"),
            Self::Used(_, run) => format!("{id}{AFTER_ID}{USED}{run}"),
            Self::ProposedPolicy(_) => format!("{id}{AFTER_ID}{POLICY}"),
            Self::ProposedSigners(_) => format!("{id}{AFTER_ID}{SIGNERS}"),
        };
        RepoPath::from(text.as_str())
    }

    /// Returns what a path is, or `None` if nothing may stand there.
    pub fn parse(path: &RepoPath) -> Option<Self> {
        let (id, file) = path.to_str()?.split_once(AFTER_ID)?;
        let parsed = match file {
            PACKET => Self::Packet(TaskId::new(id).ok()?),
            INVENTORY => Self::Inventory(RunId::new(id).ok()?),
            PROVENANCE => Self::Provenance(RunId::new(id).ok()?),
            SPENT => Self::Spent(id.parse().ok()?),
            SIGNED => Self::Signed(id.parse().ok()?),
            POLICY => Self::ProposedPolicy(id.parse().ok()?),
            SIGNERS => Self::ProposedSigners(id.parse().ok()?),
            _ if file.starts_with(DECIDED) => {
                let decision = file.strip_prefix(DECIDED)?;
                Self::Decided(id.parse().ok()?, DecisionId::new(decision).ok()?)
            }
            _ if file.starts_with(USED) => {
                let run = file.strip_prefix(USED)?;
                Self::Used(id.parse().ok()?, RunId::new(run).ok()?)
            }
            _ => {
                let (kind, key) = Kind::of_file(file)?;
                Self::Record(Scope::of(id, kind.stands())?, kind, key)
            }
        };
        // One path a record: a digest in another spelling would be a second one.
        (parsed.to_path() == *path).then_some(parsed)
    }

    /// Returns the id of what a file is about, by its name alone.
    pub fn id_of(name: &[u8]) -> Option<&[u8]> {
        let at = name.iter().position(|byte| *byte == AFTER_ID as u8)?;
        name.get(..at)
    }

    /// Returns the id of what the file is about.
    pub fn id(&self) -> String {
        match self {
            Self::Record(scope, ..) => scope.id(),
            Self::Packet(task) => task.to_string(),
            Self::Inventory(run) | Self::Provenance(run) => run.to_string(),
            Self::Spent(it)
            | Self::Signed(it)
            | Self::Decided(it, _)
            | Self::Used(it, _)
            | Self::ProposedPolicy(it)
            | Self::ProposedSigners(it) => it.to_string(),
        }
    }

    /// Returns the kind of the record that stands here, if one does.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Record(_, kind, _) => Some(*kind),
            _ => None,
        }
    }

    /// Returns whether the file belongs to a proposal of a policy: a signature of it, or its files.
    pub fn is_of_a_proposal(&self) -> bool {
        let scope = matches!(self, Self::Record(Scope::Proposal(_), ..));
        scope || matches!(self, Self::ProposedPolicy(_) | Self::ProposedSigners(_))
    }

    /// Returns what its id names: `run`, `task`, `commit`, `day`, `decision`, `escalation`, `locator`, `recipe`
    /// or `record`.
    pub fn is_about(&self) -> &'static str {
        match self {
            Self::Record(Scope::Task(_), ..) | Self::Packet(_) => "task",
            _ if self.run().is_some() => "run",
            Self::Record(Scope::Commit(_), ..) => "commit",
            Self::Record(Scope::Day(_), ..) => "day",
            Self::Record(Scope::Decision(_), ..) => "decision",
            Self::Record(Scope::Escalation(_), ..) => "escalation",
            Self::Record(Scope::Locator(_), ..) => "locator",
            Self::Record(Scope::Recipe(_), ..) => "recipe",
            _ => "record",
        }
    }

    /// Returns the run that the file is about.
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Record(Scope::Run(run), ..) | Self::Inventory(run) | Self::Provenance(run) => {
                Some(run)
            }
            _ => None,
        }
    }
}

/// What stands between the id and the rest of a name; no id has it.
const AFTER_ID: char = '@';
/// How the names of records end.
const SUFFIX: &str = ".dsse.json";
const PACKET: &str = "packet";
const INVENTORY: &str = "SHA256SUMS.txt";
const PROVENANCE: &str = "provenance.json";
const SPENT: &str = "spent";
const SIGNED: &str = "signed";
const DECIDED: &str = "decided-";
const USED: &str = "used-";
const POLICY: &str = "policy.toml";
const SIGNERS: &str = "allowed_signers";

/// Returns `runs/<hh>/<RUN>`, the directory of a run in an evidence ref: `<hh>` is the first byte of
/// the SHA-256 of the id, in hex.
pub fn run_directory(run: &RunId) -> String {
    format!(
        "runs/{}/{run}",
        Sha256::of(run.as_str().as_bytes()).fanout()
    )
}

/// Tells whether a path is where evidence refs have the directories of runs, or that place itself.
pub fn is_below_runs(path: &RepoPath) -> bool {
    path.components().next() == Some(b"runs")
}

/// Returns the run whose directory in an evidence ref holds this file.
pub fn run_of(file: &RepoPath) -> Option<RunId> {
    let run = RunId::new(file.to_str()?.split('/').nth(2)?).ok()?;
    let directory = format!("{}/", run_directory(&run));
    let inside = file.as_bytes().starts_with(directory.as_bytes());
    inside.then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_have_one_spelling() {
        let run = RunId::new("run_1").unwrap();
        let task = TaskId::new("T-1").unwrap();
        let digest = Sha256::of(b"x");
        let decision = DecisionId::new("dec_1").unwrap();
        let escalation = EscalationId::new("esc_1").unwrap();
        for (path, text) in [
            (Kind::Contract.of(&task), "T-1@contract.dsse.json"),
            (
                Kind::PreWork.one_of(&task, digest),
                "T-1@pre-work-DIGEST.dsse.json",
            ),
            (LedgerPath::Packet(task), "T-1@packet"),
            (Kind::Run.of(&run), "run_1@run.dsse.json"),
            (LedgerPath::Inventory(run.clone()), "run_1@SHA256SUMS.txt"),
            (LedgerPath::Provenance(run.clone()), "run_1@provenance.json"),
            (
                Kind::Independence.one_of(&run, digest),
                "run_1@independence-DIGEST.dsse.json",
            ),
            (
                Kind::SelfApproval.one_of(&run, digest),
                "run_1@self-approval-DIGEST.dsse.json",
            ),
            (Kind::Finalization.of(&run), "run_1@finalization.dsse.json"),
            (Kind::Outcome.of(&run), "run_1@outcome.dsse.json"),
            (
                Kind::Revocation.of(Scope::Record(digest)),
                "DIGEST@revocation.dsse.json",
            ),
            (
                Kind::Admission.one_of(Scope::Locator(digest), digest),
                "DIGEST@admission-DIGEST.dsse.json",
            ),
            (
                Kind::Determinism.one_of(Scope::Recipe(digest), digest),
                "DIGEST@determinism-DIGEST.dsse.json",
            ),
            (LedgerPath::Spent(digest), "DIGEST@spent"),
            (LedgerPath::Signed(digest), "DIGEST@signed"),
            (
                LedgerPath::Decided(digest, decision.clone()),
                "DIGEST@decided-dec_1",
            ),
            (LedgerPath::Used(digest, run.clone()), "DIGEST@used-run_1"),
            (Kind::Decision.of(&decision), "dec_1@decision.dsse.json"),
            (
                Kind::AutoSignature.of(&decision),
                "dec_1@auto-signature.dsse.json",
            ),
            (
                Kind::Escalation.of(&escalation),
                "esc_1@escalation.dsse.json",
            ),
            (
                Kind::EscalationUse.of(&escalation),
                "esc_1@escalation-use.dsse.json",
            ),
            (LedgerPath::ProposedPolicy(digest), "DIGEST@policy.toml"),
            (
                LedgerPath::ProposedSigners(digest),
                "DIGEST@allowed_signers",
            ),
            (
                Kind::Policy.one_of(Scope::Proposal(digest), digest),
                "DIGEST@policy-DIGEST.dsse.json",
            ),
        ] {
            let found = path.to_path();
            assert_eq!(LedgerPath::parse(&found), Some(path.clone()), "{path:?}");
            assert_eq!(
                LedgerPath::id_of(found.as_bytes()),
                Some(path.id().as_bytes())
            );
            let found = found.to_string().replace(&digest.to_string(), "DIGEST");
            assert_eq!(found, text);
        }
        let upper = format!("{}@spent", digest.to_string().to_uppercase());
        for bad in [
            "run_1",
            "run_1@",
            "@run.dsse.json",
            "runs/48/run_1@run.dsse.json",
            "run_1@run.dsse.json/x",
            "run_1@independence.dsse.json",
            "run_1@approval.dsse.json",
            "run_1@spent",
            "..@run.dsse.json",
            "x",
            upper.as_str(),
        ] {
            assert_eq!(LedgerPath::parse(&RepoPath::from(bad)), None, "{bad}");
        }
    }
}
