//! What the server must refuse, with the right code and nothing moved; what `verify` must find
//! when it was forced past the hooks; and for each a benign twin that is accepted.

mod code;
mod files;
mod found;
mod policy_pushes;
mod refs;
mod reviews;
mod rollbacks;
mod statements;

use std::collections::BTreeSet;

use git_awo::actor::Actor;
use git_awo::check::PolicyHistory;
use git_awo::evidence::{self, Inventory};
use git_awo::git::{CommitDraft, Expected, RefUpdate, Repo};
use git_awo::record::envelope::Envelope;
use git_awo::record::tree::Mode;
use git_awo::record::{IdentityName, ObjectId, RefName, RepoPath, RunId, Sha256};
use git_awo::records::{
    ApprovalPredicate, AttestationPredicate, Context, GateStatus, IndependencePredicate, Kind,
    Notes, OutcomePredicate, Predicate, RunPredicate, Statement, Verdict as Outcome,
};
use git_awo::store::batch::Batch;
use git_awo::store::layout::{self, LedgerPath};
use git_awo::store::ledger::Records;

use crate::world::{RUN, TASK, World, policy};

/// Every governance ref that a run touches.
const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

impl World {
    /// The push is refused; forced past the hooks, `verify` on a fresh clone finds the same.
    #[track_caller]
    fn attack(&self, who: &str, refspecs: &[&str], code: &str) {
        self.attack_codes(who, refspecs, code, code);
    }

    #[track_caller]
    fn attack_codes(&self, who: &str, refspecs: &[&str], at_the_door: &str, at_verify: &str) {
        self.push_refused(who, refspecs, at_the_door);
        self.force(who, refspecs);
        self.fresh_clone();
        self.verify_finds(at_verify);
    }

    /// Pushes past the hooks, as an administrator could.
    #[track_caller]
    pub fn force(&self, who: &str, refspecs: &[&str]) {
        let without = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
        let mut words = vec!["git", "push", "--no-verify", "--force", without, "origin"];
        words.extend(refspecs);
        self.ok(who, who, &words);
    }

    /// Acts as a person in a clone, through the library: for what the commands would refuse.
    pub fn actor(&self, who: &str) -> Actor {
        let key = self.path(&format!("home/{who}/key"));
        Actor::open(&self.path(who)).unwrap().with_key(&key)
    }

    fn run_record(&self, who: &str) -> RunPredicate {
        self.predicate(who, &Kind::Run.of(RunId::new(RUN).unwrap()))
    }

    /// What a record of a person's clone says.
    pub fn predicate<P: Predicate>(&self, who: &str, path: &LedgerPath) -> P {
        let envelope = self.envelope(who, path);
        Statement::<P>::parse(envelope.payload()).unwrap().predicate
    }

    /// A record of a person's clone.
    pub fn envelope(&self, who: &str, path: &LedgerPath) -> Envelope {
        let actor = self.actor(who);
        let refs = actor.refs().unwrap();
        let records = Records::open(&actor.repo, &refs).unwrap();
        let envelope = records.envelope(path).unwrap();
        envelope.expect("the record is there")
    }
}

fn context(actor: &Actor, history: &PolicyHistory, who: &str, role: &str) -> Context {
    actor.context_as(history, IdentityName::new(who).unwrap(), role)
}

/// Adds an approval of the run by rita to her clone, altered by `change`.
fn forged_approval(world: &World, change: impl FnOnce(&mut ApprovalPredicate)) {
    let commit = world.run_record("rita").commit;
    world.approves_besides("rita", |_| commit, change);
}

impl World {
    /// Adds an approval to those that somebody's clone has of an object: the first of them, altered by `change`.
    pub fn approves_besides(
        &self,
        who: &str,
        object: impl FnOnce(&Records<'_>) -> ObjectId,
        change: impl FnOnce(&mut ApprovalPredicate),
    ) {
        let actor = self.actor(who);
        let refs = actor.refs().unwrap();
        let records = Records::open(&actor.repo, &refs).unwrap();
        let object = object(&records);
        let envelope = records.approvals_of(object).unwrap().remove(0);
        let mut approval = Statement::<ApprovalPredicate>::parse(envelope.payload())
            .unwrap()
            .predicate;
        approval.nonce = "7".into();
        change(&mut approval);
        let segment = Notes::APPROVALS.until(approval.expires);
        let envelope = actor.sign(approval).unwrap();
        Batch::new("forged")
            .note(segment, object, envelope)
            .commit(&actor.repo, &actor.author())
            .unwrap();
    }
}
