//! Where everything lives: every ref, every path inside them, each one function or variant.

use crate::record::{RefName, RepoPath, RunId, Sha256, TaskId};

/// `refs/awo/policy`
pub fn policy() -> RefName {
    fixed("refs/awo/policy")
}

/// `refs/awo/ledger`
pub fn ledger() -> RefName {
    fixed("refs/awo/ledger")
}

/// `refs/awo/log`
pub fn log() -> RefName {
    fixed("refs/awo/log")
}

/// `refs/notes/awo/approvals`
pub fn approvals() -> RefName {
    fixed("refs/notes/awo/approvals")
}

/// `refs/notes/awo/attestations`
pub fn attestations() -> RefName {
    fixed("refs/notes/awo/attestations")
}

/// `refs/awo/evidence/<YYYY-MM>`
pub fn evidence(month: &str) -> RefName {
    fixed(&format!("refs/awo/evidence/{month}"))
}

/// `refs/awo/evidence/`
pub const EVIDENCE_PREFIX: &str = "refs/awo/evidence/";

/// Every place below which only governance stands.
pub const GOVERNANCE_PREFIXES: &[&str] = &["refs/awo/", "refs/notes/awo/"];

/// `refs/awo-remotes/<REMOTE>/<the ref without refs/>`: the last seen state of a server.
///
/// Outside `refs/awo/`, so that no push of `refs/awo/*` carries one clone's view into another.
pub fn tracking(remote: &str, reference: &RefName) -> Option<RefName> {
    let rest = reference.as_str().strip_prefix("refs/")?;
    RefName::new(format!("refs/awo-remotes/{remote}/{rest}")).ok()
}

/// What a governance ref holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `refs/awo/policy`
    Policy,
    /// `refs/awo/ledger`
    Ledger,
    /// `refs/awo/log`
    Log,
    /// `refs/notes/awo/approvals`
    Approvals,
    /// `refs/notes/awo/attestations`
    Attestations,
    /// `refs/awo/evidence/<YYYY-MM>`
    Evidence,
    /// Some other ref below our prefixes: of an unknown kind, never taken.
    Unknown,
}

impl Place {
    /// Returns what the ref holds, or `None` if it is no governance ref.
    pub fn of(reference: &RefName) -> Option<Self> {
        let text = reference.as_str();
        if !GOVERNANCE_PREFIXES
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            // `refs/awo` itself would stand in the way of all of ours.
            let blocks = text == "refs/awo" || text == "refs/notes/awo";
            return blocks.then_some(Self::Unknown);
        }
        Some(match text {
            "refs/awo/policy" => Self::Policy,
            "refs/awo/ledger" => Self::Ledger,
            "refs/awo/log" => Self::Log,
            "refs/notes/awo/approvals" => Self::Approvals,
            "refs/notes/awo/attestations" => Self::Attestations,
            _ => match text.strip_prefix(EVIDENCE_PREFIX) {
                Some(month) if is_month(month) => Self::Evidence,
                _ => Self::Unknown,
            },
        })
    }
}

fn is_month(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 7
        && bytes.iter().enumerate().all(|(at, byte)| {
            if at == 4 {
                *byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        })
        && matches!(
            text.get(5..),
            Some("01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09" | "10" | "11" | "12")
        )
}

/// A path in the ledger's tree. Names are fanned out by the SHA-256 of the id, `<hh>` its first
/// two hex digits, so that adding a record stays cheap. The files of a task or run stand side by
/// side, `@` after the id, not in a directory each: a twentieth of the trees to store and walk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerPath {
    /// `contracts/<hh>/<TASK>@contract.dsse.json`
    Contract(TaskId),
    /// `contracts/<hh>/<TASK>@packet`: the original, byte for byte.
    Packet(TaskId),
    /// `runs/<hh>/<RUN>@run.dsse.json`
    Run(RunId),
    /// `runs/<hh>/<RUN>@SHA256SUMS.txt`
    Inventory(RunId),
    /// `runs/<hh>/<RUN>@independence-<sha256>.dsse.json`
    Independence(RunId, Sha256),
    /// `runs/<hh>/<RUN>@override-<sha256>.dsse.json`
    Override(RunId, Sha256),
    /// `runs/<hh>/<RUN>@finalization.dsse.json`
    Finalization(RunId),
    /// `runs/<hh>/<RUN>@outcome.dsse.json`
    Outcome(RunId),
    /// `spent/<hh>/<sha256>`: the run that spent the approval of this digest.
    Spent(Sha256),
    /// `index/<hh>/<hh>.json`: a shard of the provenance index.
    Shard(String, String),
    /// `proposals/<sha256>/policy.toml`: a policy for which signatures are collected.
    ProposedPolicy(Sha256),
    /// `proposals/<sha256>/allowed_signers`
    ProposedSigners(Sha256),
    /// `proposals/<sha256>/signature-<sha256>.dsse.json`
    ProposalSignature(Sha256, Sha256),
}

impl LedgerPath {
    /// Returns the path.
    pub fn to_path(&self) -> RepoPath {
        let contract = |task: &TaskId, file: &str| {
            format!("contracts/{}/{task}{AFTER_ID}{file}", fanout(task.as_str()))
        };
        let run = |id: &RunId, file: &str| format!("{}{AFTER_ID}{file}", run_directory(id));
        let text = match self {
            Self::Contract(task) => contract(task, "contract.dsse.json"),
            Self::Packet(task) => contract(task, "packet"),
            Self::Run(id) => run(id, "run.dsse.json"),
            Self::Inventory(id) => run(id, "SHA256SUMS.txt"),
            Self::Independence(id, digest) => run(id, &format!("independence-{digest}.dsse.json")),
            Self::Override(id, digest) => run(id, &format!("override-{digest}.dsse.json")),
            Self::Finalization(id) => run(id, "finalization.dsse.json"),
            Self::Outcome(id) => run(id, "outcome.dsse.json"),
            Self::Spent(digest) => format!("spent/{}/{digest}", digest.fanout()),
            Self::Shard(first, second) => format!("index/{first}/{second}.json"),
            Self::ProposedPolicy(digest) => format!("proposals/{digest}/policy.toml"),
            Self::ProposedSigners(digest) => format!("proposals/{digest}/allowed_signers"),
            Self::ProposalSignature(digest, of) => {
                format!("proposals/{digest}/signature-{of}.dsse.json")
            }
        };
        RepoPath::from(text.as_str())
    }

    /// Returns what a path is, or `None` if nothing may stand there.
    pub fn parse(path: &RepoPath) -> Option<Self> {
        let text = path.to_str()?;
        let parts: Vec<_> = text.split('/').collect();
        let parsed = match parts.as_slice() {
            ["contracts", _, name] => match name.split_once(AFTER_ID)? {
                (task, "contract.dsse.json") => Self::Contract(TaskId::new(task).ok()?),
                (task, "packet") => Self::Packet(TaskId::new(task).ok()?),
                _ => return None,
            },
            ["runs", _, name] => {
                let (id, file) = name.split_once(AFTER_ID)?;
                Self::of_run(RunId::new(id).ok()?, file)?
            }
            ["spent", _, digest] => Self::Spent(digest.parse().ok()?),
            ["index", first, file] => {
                Self::Shard((*first).to_owned(), file.strip_suffix(".json")?.to_owned())
            }
            ["proposals", digest, "policy.toml"] => Self::ProposedPolicy(digest.parse().ok()?),
            ["proposals", digest, "allowed_signers"] => Self::ProposedSigners(digest.parse().ok()?),
            ["proposals", digest, file] => {
                Self::ProposalSignature(digest.parse().ok()?, digest_in(file, "signature-")?)
            }
            _ => return None,
        };
        if let Self::Shard(first, second) = &parsed
            && !(is_byte(first) && is_byte(second))
        {
            return None;
        }
        // One path a record: a record at a wrong fan-out would be a second one.
        (parsed.to_path() == *path).then_some(parsed)
    }

    fn of_run(id: RunId, file: &str) -> Option<Self> {
        Some(match file {
            "run.dsse.json" => Self::Run(id),
            "SHA256SUMS.txt" => Self::Inventory(id),
            "finalization.dsse.json" => Self::Finalization(id),
            "outcome.dsse.json" => Self::Outcome(id),
            _ if file.starts_with("independence-") => {
                Self::Independence(id, digest_in(file, "independence-")?)
            }
            _ => Self::Override(id, digest_in(file, "override-")?),
        })
    }

    /// Returns the shard of the provenance index that holds a run.
    pub fn shard_of(run: &RunId) -> Self {
        let digest = Sha256::of(run.as_str().as_bytes());
        let [first, second, ..] = *digest.as_bytes();
        Self::Shard(format!("{first:02x}"), format!("{second:02x}"))
    }
}

/// What stands between the id and the kind of a record; no id has it.
const AFTER_ID: char = '@';

/// Returns where the ledger has the records of a run: the directory `runs/<hh>`, and how their
/// names in it begin, `<RUN>@`.
pub fn records_of_run(run: &RunId) -> (RepoPath, String) {
    let directory = format!("runs/{}", fanout(run.as_str()));
    (
        RepoPath::from(directory.as_str()),
        format!("{run}{AFTER_ID}"),
    )
}

/// Returns `runs/<hh>/<RUN>`: in an evidence ref the directory of a run.
pub fn run_directory(run: &RunId) -> String {
    format!("runs/{}/{run}", fanout(run.as_str()))
}

fn fanout(id: &str) -> String {
    Sha256::of(id.as_bytes()).fanout()
}

fn digest_in(file: &str, prefix: &str) -> Option<Sha256> {
    file.strip_prefix(prefix)?
        .strip_suffix(".dsse.json")?
        .parse()
        .ok()
}

fn is_byte(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[allow(clippy::expect_used, reason = "the names are written in this file")]
fn fixed(text: &str) -> RefName {
    RefName::new(text).expect("our own ref names are well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_round_trip_and_have_one_spelling() {
        let run = RunId::new("run_1").unwrap();
        let digest = Sha256::of(b"x");
        for path in [
            LedgerPath::Contract(TaskId::new("T-1").unwrap()),
            LedgerPath::Packet(TaskId::new("T-1").unwrap()),
            LedgerPath::Run(run.clone()),
            LedgerPath::Inventory(run.clone()),
            LedgerPath::Independence(run.clone(), digest),
            LedgerPath::Override(run.clone(), digest),
            LedgerPath::Finalization(run.clone()),
            LedgerPath::Outcome(run.clone()),
            LedgerPath::Spent(digest),
            LedgerPath::shard_of(&run),
            LedgerPath::ProposedPolicy(digest),
            LedgerPath::ProposedSigners(digest),
            LedgerPath::ProposalSignature(digest, digest),
        ] {
            assert_eq!(
                LedgerPath::parse(&path.to_path()),
                Some(path.clone()),
                "{path:?}"
            );
        }
        for bad in [
            "runs/00/run_1@run.dsse.json",
            "runs/48/run_1",
            "runs/48/run_1@",
            "runs/x",
            "x",
            "index/zz/00.json",
            "runs/00/..@run.dsse.json",
        ] {
            assert_eq!(LedgerPath::parse(&RepoPath::from(bad)), None, "{bad}");
        }
    }

    #[test]
    fn places_are_exact() {
        let place = |text: &str| Place::of(&RefName::new(text).unwrap());
        assert_eq!(place("refs/awo/ledger"), Some(Place::Ledger));
        assert_eq!(place("refs/awo/evidence/2026-11"), Some(Place::Evidence));
        assert_eq!(place("refs/awo/evidence/2026-13"), Some(Place::Unknown));
        assert_eq!(place("refs/awo/ledger/x"), Some(Place::Unknown));
        assert_eq!(place("refs/awo"), Some(Place::Unknown));
        assert_eq!(place("refs/heads/refs/awo/ledger"), None);
        assert_eq!(place("refs/awo-remotes/origin/awo/ledger"), None);
    }
}
