//! Looks at policies and changes the one in force: a proposal, signatures of the roots, a new
//! version.

use std::collections::BTreeSet;

use std::collections::BTreeMap;

use crate::facts::policies::PolicyFiles;
use crate::git::{CommitDraft, Expected, RefUpdate, Repo};
use crate::policy::{BadPolicy, Keyring, Policy};
use crate::record::envelope::{Envelope, EnvelopeSignature};
use crate::record::tree::Mode;
use crate::record::{
    Coded as _, DigestPrefix, IdentityName, ObjectId, RepoPath, Report, Sha256, Subject,
};
use crate::records::{Kind, PolicyPredicate, Scope, Statement};
use crate::rules::{absent, policy as rules};
use crate::store::batch::Batch;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger;

use super::{Error, Session};
use crate::check::PolicyHistory;

/// A policy, and the keys that it goes with: the bytes of both files.
pub struct Files {
    /// `policy.toml`.
    pub policy: Vec<u8>,
    /// `allowed_signers`; those in force if not given.
    pub allowed_signers: Option<Vec<u8>>,
}

impl Files {
    fn signers(&self, session: &Session) -> Result<Vec<u8>, Error> {
        if let Some(signers) = &self.allowed_signers {
            return Ok(signers.clone());
        }
        let commit = session.history()?.current().commit;
        Ok(PolicyFiles::read(session.repo(), commit)?.allowed_signers)
    }
}

/// Returns the text of the policy in force.
pub fn text(session: &Session) -> Result<Vec<u8>, Error> {
    let commit = session.history()?.current().commit;
    Ok(PolicyFiles::read(session.repo(), commit)?.policy)
}

/// Checks a policy, and returns all complaints at once.
pub fn check(
    session: impl FnOnce() -> Result<Session, Error>,
    files: &Files,
) -> Result<Report, Error> {
    let session = session();
    let (signers, session) = match &files.allowed_signers {
        // Outside a repository it is judged by itself.
        Some(signers) => (signers.clone(), session.ok()),
        None => {
            let session = session?;
            (files.signers(&session)?, Some(session))
        }
    };
    let history = session.as_ref().and_then(|it| it.history().ok());
    let checked = match history {
        Some(history) => parse_next(history, &files.policy, &signers),
        None => Policy::parse_new(&files.policy, &signers),
    };
    let mut report = Report::default();
    report.count("policies", 1);
    match (checked, session) {
        (Err(bad), _) => report.absorb(rules::bad(bad)),
        (Ok(policy), Some(session)) => {
            let absent = absent_adoptions(session.repo(), &policy).into_iter();
            let absent = absent.map(|(what, id)| rules::adopted_absent(&what, &id));
            report.undecided.extend(absent);
        }
        (Ok(_), None) => {}
    }
    Ok(report)
}

/// Returns what a policy adopts and a repository does not have: where it says so, and the object.
pub(super) fn absent_adoptions(repo: &Repo, policy: &Policy) -> Vec<(String, String)> {
    let document = policy.document();
    let refs = document.refs.iter();
    let commits = refs.filter_map(|it| Some((it.pattern.clone(), it.adopted.clone()?)));
    let commits = commits.filter(|(_, id)| !id.parse().is_ok_and(|id| repo.tree_of(id).is_ok()));
    let tags = document.tags_before.adopted.iter();
    let tags = tags.filter(|(_, id)| !id.parse().is_ok_and(|id| repo.contains(id)));
    let tags = tags.map(|(name, id)| (name.clone(), id.clone()));
    commits.chain(tags).collect()
}

/// Checks the files of a policy that is to follow those of a history.
fn parse_next(history: &PolicyHistory, policy: &[u8], signers: &[u8]) -> Result<Policy, BadPolicy> {
    let checked = Policy::parse_new(policy, signers)?;
    let complaints = history.renames(&checked, history.commits().len());
    match complaints.is_empty() {
        true => Ok(checked),
        false => Err(BadPolicy::Complaints(complaints)),
    }
}

/// A proposal and who has signed it.
pub struct Proposed {
    /// The digest that names it.
    pub digest: Sha256,
    /// The version that it is to be.
    pub version: u32,
    /// How many persons have signed.
    pub signed_by: usize,
    /// How many must.
    pub threshold: usize,
}

/// Proposes the next version and signs it.
pub fn propose(session: &Session, files: &Files) -> Result<Proposed, Error> {
    let history = session.history()?;
    let signers = files.signers(session)?;
    let checked = parse_next(history, &files.policy, &signers).map_err(does_not_hold)?;
    let next = history.current().policy.version().saturating_add(1);
    if checked.version() != next {
        let found = format!("version {}, not {next}", checked.version());
        return Err(Error::denied(
            "the policy does not follow the one in force",
            rules::complaint(found),
        ));
    }
    let predicate = PolicyPredicate {
        allowed_signers: Sha256::of(&signers),
        policy: Sha256::of(&files.policy),
        predecessor: Some(history.current().commit),
        repository: Some(history.repository()),
        version: next,
    };
    let payload = Statement::new(predicate).to_payload();
    let digest = Sha256::of(&payload);
    let batch = Batch::new(format!("propose policy {next}"))
        .file(&LedgerPath::ProposedPolicy(digest), files.policy.clone())
        .file(&LedgerPath::ProposedSigners(digest), signers);
    add_signature(session, batch, digest, payload)?;
    standing(&session.again()?, digest)
}

/// Signs the proposal whose digest begins so, or the only one.
pub fn sign(session: &Session, digest: Option<DigestPrefix>) -> Result<Proposed, Error> {
    let proposal = Proposal::of(session, digest)?;
    let digest = proposal.digest;
    let (policy, signers) = proposal.files(session)?;
    parse_next(session.history()?, &policy, &signers).map_err(does_not_hold)?;
    let batch = Batch::new("sign a policy");
    add_signature(session, batch, digest, proposal.payload)?;
    standing(&session.again()?, digest)
}

fn does_not_hold(bad: BadPolicy) -> Error {
    Error::denied("the policy does not hold", rules::bad(bad))
}

fn add_signature(
    session: &Session,
    batch: Batch,
    digest: Sha256,
    payload: Vec<u8>,
) -> Result<(), Error> {
    let (actor, policy) = (session.actor(), session.policy()?);
    let person = actor.person(session.history()?)?;
    if !policy.roots().contains(&person) {
        return Err(Error::denied(
            "only a root signs policies",
            rules::no_root(policy, &person),
        ));
    }
    let signature = actor.sign_payload(Kind::Policy, &payload)?;
    let path = Kind::Policy.one_of(
        Scope::Proposal(digest),
        Sha256::of(signature.keyid.as_bytes()),
    );
    let envelope = Envelope::new(payload, vec![signature]);
    session.commit(&batch.record(&path, &envelope))
}

/// Returns how a proposal stands.
fn standing(session: &Session, digest: Sha256) -> Result<Proposed, Error> {
    let proposal = Proposal::of(session, Some(digest.into()))?;
    Ok(Proposed {
        digest,
        version: proposal.statement.version,
        signed_by: proposal.signers(session)?.len(),
        threshold: session.policy()?.root_threshold(),
    })
}

/// A version that is in force here.
pub struct Applied {
    /// Its commit.
    pub commit: ObjectId,
    /// Its version.
    pub version: u32,
}

/// Puts a proposal into force, if enough roots have signed.
pub fn apply(session: &Session, digest: Option<DigestPrefix>) -> Result<Applied, Error> {
    let proposal = Proposal::of(session, digest)?;
    let digest = proposal.digest;
    let (policy, signers) = proposal.files(session)?;
    parse_next(session.history()?, &policy, &signers).map_err(does_not_hold)?;
    let persons = proposal.signers(session)?;
    if let Some(finding) = rules::threshold(session.policy()?, digest, &persons) {
        return Err(Error::denied("too few roots have signed", finding));
    }
    let version = proposal.statement.version;
    let parent = session.history()?.current().commit;
    let envelope = proposal.into_envelope();
    let commit = write_version(session, Some(parent), &policy, &signers, &envelope)?;
    Ok(Applied { commit, version })
}

/// A proposal for which signatures are collected.
struct Proposal {
    digest: Sha256,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
    statement: PolicyPredicate,
}

impl Proposal {
    /// Returns the proposal whose digest begins so, or the only one.
    fn of(session: &Session, digest: Option<DigestPrefix>) -> Result<Self, Error> {
        let mut found = Self::all(session, session.history()?)?;
        if let Some(prefix) = digest {
            found.retain(|proposal| prefix.matches(&proposal.digest));
        }
        match (found.pop(), found.len()) {
            (Some(proposal), 0) => Ok(proposal),
            (None, _) => {
                Err(Error::usage("there is no such proposal").hint("git awo policy propose FILE"))
            }
            (Some(last), _) => {
                let all = found.iter().chain([&last]);
                let all: Vec<_> = all.map(|it| it.digest.to_string()).collect();
                let message = format!("there are several proposals: {}", all.join(" "));
                Err(Error::usage(message).hint("git awo policy sign DIGEST"))
            }
        }
    }

    /// Returns the proposals that follow the policy in force.
    fn all(session: &Session, history: &PolicyHistory) -> Result<Vec<Self>, Error> {
        let mut found: Vec<Self> = Vec::new();
        let mut signatures = BTreeMap::new();
        session.records()?.ledger().each(|path, id| {
            if let LedgerPath::Record(Scope::Proposal(digest), ..) = path {
                signatures.insert(path, (digest, id));
            }
        })?;
        for (path, (digest, id)) in signatures {
            let envelope = ledger::parse(path.to_path(), &session.repo().blob(id)?)?;
            let Ok(statement) = Statement::<PolicyPredicate>::parse(envelope.payload()) else {
                continue;
            };
            if statement.predicate.predecessor != Some(history.current().commit)
                || envelope.digest() != digest
            {
                continue;
            }
            let signatures = envelope.signatures().to_vec();
            match found.iter_mut().find(|proposal| proposal.digest == digest) {
                Some(proposal) => proposal.signatures.extend(signatures),
                None => found.push(Self {
                    digest,
                    payload: envelope.payload().to_vec(),
                    signatures,
                    statement: statement.predicate,
                }),
            }
        }
        Ok(found)
    }

    /// Returns `policy.toml` and `allowed_signers`.
    fn files(&self, session: &Session) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let records = session.records()?;
        let policy = records.file(&LedgerPath::ProposedPolicy(self.digest))?;
        let signers = records.file(&LedgerPath::ProposedSigners(self.digest))?;
        policy.zip(signers).ok_or_else(|| {
            let message = "the files of the proposal are missing";
            Error::undecided(message, absent::proposal_files(self.digest))
        })
    }

    fn into_envelope(self) -> Envelope {
        Envelope::new(self.payload, self.signatures)
    }

    /// Returns the persons who have signed, once each.
    fn signers(&self, session: &Session) -> Result<Vec<IdentityName>, Error> {
        let envelope = Envelope::new(self.payload.clone(), self.signatures.clone());
        let (_, signers) = Keyring::verify_policy(&envelope, session.policy()?, session.now())
            .map_err(|error| {
                let why = error.refusal(Subject::of_record(self.digest));
                Error::denied("the proposal does not hold", why)
            })?;
        let persons: BTreeSet<_> = signers.into_iter().map(|it| it.person).collect();
        Ok(persons.into_iter().collect())
    }
}

/// Writes a policy commit, checks it as everybody will, and moves the ref.
pub(super) fn write_version(
    session: &Session,
    parent: Option<ObjectId>,
    policy: &[u8],
    signers: &[u8],
    envelope: &Envelope,
) -> Result<ObjectId, Error> {
    let repo = session.repo();
    let files: [(&str, &[u8]); 3] = [
        ("policy.toml", policy),
        ("allowed_signers", signers),
        ("policy.dsse.json", &envelope.to_bytes()),
    ];
    let mut edits = Vec::new();
    for (name, bytes) in files {
        let file = (Mode::File, repo.write_blob(bytes)?);
        edits.push((RepoPath::from(name), Some(file)));
    }
    let author = session.actor().author();
    let commit = repo.write_commit(&CommitDraft {
        tree: repo.edit_tree(None, &edits)?,
        parents: parent.into_iter().collect(),
        author: author.clone(),
        committer: author,
        message: b"policy\n".to_vec(),
        signature: None,
    })?;
    PolicyHistory::load(repo, commit)?;
    let update = RefUpdate {
        name: layout::policy(),
        expected: parent.map_or(Expected::Absent, Expected::At),
        new: Some(commit),
    };
    repo.update_refs(&[update], "awo: policy")?;
    Ok(commit)
}
