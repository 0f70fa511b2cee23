//! The persons of the story: their keys, what the policy says of them, and what they sign.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use crate::policy::{Keyring, Policy, Position, Proven, Verified};
use crate::record::envelope::{Envelope, EnvelopeSignature};
use crate::record::tree::{Change, Mode};
use crate::record::{IdentityName, ObjectId, RefName, RepoPath, RunId, Sha256, TaskId, Timestamp};
use crate::records::{Context, Predicate, Statement};
use crate::signing::{FileKey, Signer, generate_ed25519};

pub fn name(text: &str) -> IdentityName {
    IdentityName::new(text).unwrap()
}

pub fn id(number: u8) -> ObjectId {
    ObjectId::Sha1([number; 20])
}

pub fn sha(number: u8) -> Sha256 {
    Sha256::of(&[number])
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn main() -> RefName {
    RefName::new("refs/heads/main").unwrap()
}

pub fn run_id() -> RunId {
    RunId::new("run_one".to_owned()).unwrap()
}

pub fn other_run() -> RunId {
    RunId::new("run_two".to_owned()).unwrap()
}

pub fn other_ref() -> RefName {
    RefName::new("refs/heads/dev").unwrap()
}

pub fn other_task() -> TaskId {
    TaskId::new("T-2".to_owned()).unwrap()
}

/// Returns a change of a file that was there.
pub fn change(path: &str) -> Change {
    Change {
        path: RepoPath::from(path),
        old: Some((Mode::File, id(21))),
        new: Some((Mode::File, id(22))),
    }
}

/// Returns this person's key.
pub fn key(person: &str) -> &'static FileKey {
    static KEYS: OnceLock<BTreeMap<&str, FileKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = BTreeMap::new();
        for (person, seed) in ["anna", "olga", "otto", "rita", "vera", "server", "stranger"]
            .into_iter()
            .zip(1..)
        {
            let path = dir.path().join(person);
            generate_ed25519(&path, "", [seed; 32]).unwrap();
            keys.insert(person, FileKey::open(&path).unwrap());
        }
        keys
    });
    &keys[person]
}

pub fn signers() -> String {
    let line = |who: &str| format!("{who} {}\n", key(who).public_key().to_line());
    ["anna", "olga", "otto", "rita", "vera", "server"]
        .map(line)
        .concat()
}

pub fn document() -> String {
    let identities = [
        ("anna", "operator"),
        ("olga", "operator"),
        ("otto", "orchestrator\", \"reviewer"),
        ("rita", "reviewer"),
        ("server", "server"),
        ("vera", "reviewer"),
    ];
    let identities = identities
        .map(|(name, roles)| format!("[[identity]]\nname = \"{name}\"\nroles = [\"{roles}\"]\n"))
        .concat();
    format!(
        "schema = \"awo.policy/1\"\nversion = 1\nlevel = \"HYBRID\"\n\
         [roots]\nthreshold = 1\nidentities = [\"olga\"]\n\
         [gates]\nself_approval_override = [\"olga\"]\ntask_approvals = 1\naudit_approvals = 1\n\
         [tree]\nprotected = [\"guarded/\"]\n{identities}\
         [[ref]]\npattern = \"refs/heads/main\"\naccept = [\"governed\", \"rollback\"]\n\
         [[rule]]\nname = \"keys\"\nrefs = [\"refs/heads/**\"]\npaths = [\"src/keys/\"]\nwriters = [\"olga\"]\n"
    )
}

pub fn policy(text: &str) -> Policy {
    Policy::parse(text.as_bytes(), signers().as_bytes()).unwrap()
}

pub fn context(identity: &str, role: &str) -> Context {
    Context {
        identity: name(identity),
        policy: id(1),
        repository: id(1),
        role: role.to_owned(),
    }
}

pub fn signature(by: &str, namespace: &str, message: &[u8]) -> EnvelopeSignature {
    let signature = key(by).sign(namespace, message).unwrap();
    EnvelopeSignature {
        keyid: key(by).public_key().fingerprint().to_owned(),
        sig: signature.to_blob().to_vec(),
    }
}

/// Signs a statement as this person.
pub fn sealed<P: Predicate>(predicate: P, by: &str) -> Envelope {
    let bare = Envelope::new(Statement::new(predicate).to_payload(), Vec::new());
    let signature = signature(by, P::KIND.namespace(), &bare.pae());
    Envelope::new(bare.payload().to_vec(), vec![signature])
}

pub fn position(policy: &Policy) -> Position<'_> {
    const POLICIES: &[ObjectId] = &[ObjectId::Sha1([1; 20])];
    static PROVEN: LazyLock<Proven> = LazyLock::new(Proven::default);
    Position {
        repository: POLICIES[0],
        policy,
        policies: POLICIES,
        time: Some(time("2026-01-10T00:00:00Z")),
        proven: &PROVEN,
    }
}

pub fn verified<P: Predicate>(policy: &Policy, predicate: P) -> Verified<P> {
    let by = predicate.context().unwrap().identity.clone();
    Keyring::verify(&sealed(predicate, by.as_str()), &position(policy)).unwrap()
}
