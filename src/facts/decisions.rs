//! Decisions: what they are about, what speaks for them, and which others there are on the same.

use std::collections::BTreeSet;

use crate::git::{self, Reader};
use crate::policy::{Policy, Verified};
use crate::record::{
    Choice, DecisionId, EscalationId, Gate, Level, ObjectId, Protection, RepoPath, RunId, Sha256,
    TaskId, Timestamp, Token,
};
use crate::records::{
    ActorKind, AutoSignaturePredicate, ContractPredicate, DecisionPredicate, Kind, LedgerPath,
    Predicate, Statement, Target,
};
use crate::store::ledger;

use super::Error;
use super::arrivals::Arrivals;
use super::groundwork::Makers;
use super::groundwork::WorkFacts;
use super::opening::{Opening, UsedBy};
use super::run::{Collector, Lookup};

/// The longest decision or revocation that is read before the limits of a policy are known, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A decision, and what bears on it.
pub struct DecisionFacts<'a> {
    pub decision: &'a Verified<DecisionPredicate>,
    /// By which policy it is judged, and at which time; nothing where it was accepted before.
    pub accepted: Option<(&'a Policy, Timestamp)>,
    /// Whether it is judged as if it came now.
    pub is_new: bool,
    /// The model's signature under it.
    pub auto_signature: Lookup<Verified<AutoSignaturePredicate>>,
    /// What its task asks for before it is approved, if it approves one that is a work packet and comes now.
    pub work: Option<(Verified<ContractPredicate>, WorkFacts)>,
    /// Who made the skeleton that it approves, if it comes now.
    pub makers: Option<Makers>,
    /// The run of which it says something, if that was cancelled and it comes now.
    pub cancelled: Option<RunId>,
    /// What its `target_ref` names.
    pub named: Named,
    /// Whether it binds exactly that.
    pub bound: bool,
    /// Whether the list of all decisions on its target has it.
    pub listed: bool,
    /// The references to evidence that resolve to nothing.
    pub unresolved: Vec<Token>,
    /// The decision that it answers, if there is one of that name that holds.
    pub answered: Option<DecisionPredicate>,
    /// The decision that it supersedes, likewise.
    pub superseded: Option<DecisionPredicate>,
    /// A decision on the same by which a person was asked before, and no person has answered yet.
    pub asked: Option<DecisionPredicate>,
    /// Other decisions on the same gate and target that still count, and that it does not supersede.
    pub live: BTreeSet<DecisionId>,
}

/// What a `target_ref` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Nothing that is here.
    Nothing,
    /// A contract.
    Contract(Sha256),
    /// A run: its commit.
    Run(ObjectId),
    /// A refinement, which may be any file.
    Refinement,
    /// A request to hand content to a model elsewhere.
    Escalation(Sha256),
    /// A change of a protected artefact, by its digest. Whoever decides says which.
    Protection(Sha256),
}

impl Named {
    /// Returns whether a decision on this is one on the target that it binds.
    fn is(self, target: Target, reader: &Reader) -> bool {
        match (self, target) {
            (
                Named::Contract(digest) | Named::Escalation(digest) | Named::Protection(digest),
                Target::Record(bound),
            ) => digest == bound,
            (Named::Run(commit), Target::Object(bound)) => commit == bound,
            (Named::Refinement, Target::Object(bound)) => {
                matches!(reader.header(bound), Ok(Some((git::Kind::Blob, _))))
            }
            _ => false,
        }
    }
}

impl Collector<'_> {
    /// Returns what is known of a decision that arrived.
    pub fn decision<'a>(
        &'a self,
        decision: &'a Verified<DecisionPredicate>,
    ) -> Result<DecisionFacts<'a>, Error> {
        let (says, judging) = (decision.predicate(), self.judging());
        let marker = LedgerPath::Decided(says.target_key(), says.id().clone());
        let same = self.decisions_on(says.target_key())?;
        let asked = self.asked_among(&same, &says.decision.target_ref, Some(decision.digest()))?;
        let mut live = self.live(decision, same)?;
        if let Some(id) = &says.supersedes {
            live.remove(id);
        }
        let of = |id: &Option<DecisionId>| match id {
            Some(id) => self.decision_of(id),
            None => Ok(None),
        };
        let named = self.named(&says.decision.target_ref)?;
        let is_new = judging.comes_now(decision.digest());
        let approves = says.decision.decision == Choice::Approve && is_new;
        let work = match &says.task {
            Some(task) if approves && says.gate() == Some(Gate::SpecApproval) => {
                self.approving(task, says.base, decision.digest(), says.context.policy)?
            }
            _ => None,
        };
        let makers = match &says.run {
            Some(run) if approves && says.gate() == Some(Gate::SkeletonApproval) => {
                self.makers_of(run)?
            }
            _ => None,
        };
        let mut cancelled = None;
        if let Some(run) = says.run.as_ref().filter(|_| is_new)
            && self.was_cancelled(run, Some(decision.digest()))?
        {
            cancelled = Some(run.clone());
        }
        Ok(DecisionFacts {
            decision,
            cancelled,
            work,
            makers,
            accepted: judging.accepted_by(decision.digest(), says.context.policy),
            is_new,
            auto_signature: self.auto_signature(says.id())?,
            named,
            bound: named.is(says.target, self.records.reader()),
            listed: self.records.file(&marker)?.as_deref() == Some(&*line(decision.digest())),
            unresolved: self.unresolved(&says.decision.evidence_refs, Some(says.id()))?,
            answered: of(&says.answers)?.map(|it| it.predicate().clone()),
            superseded: of(&says.supersedes)?.map(|it| it.predicate().clone()),
            asked,
            live,
        })
    }

    /// Returns the decision of this name, if it holds by itself.
    pub fn decision_of(
        &self,
        id: &DecisionId,
    ) -> Result<Option<Verified<DecisionPredicate>>, Error> {
        let envelope = self.records.envelope(&Kind::Decision.of(id))?;
        Ok(envelope.and_then(|it| self.verify(&it).ok()))
    }

    /// Returns the model's signature under a decision.
    pub fn auto_signature(
        &self,
        id: &DecisionId,
    ) -> Result<Lookup<Verified<AutoSignaturePredicate>>, Error> {
        let Some(envelope) = self.records.envelope(&Kind::AutoSignature.of(id))? else {
            return Ok(Lookup::Missing);
        };
        Ok(match self.verify(&envelope) {
            Ok(verified) => Lookup::Valid(verified),
            Err(finding) => Lookup::Invalid(finding),
        })
    }

    /// Returns every decision of a gate on a target that holds by itself, by its name.
    pub fn decisions_on(
        &self,
        target_key: Sha256,
    ) -> Result<Vec<Verified<DecisionPredicate>>, Error> {
        let mut found = Vec::new();
        let files = self.records.ledger().about(&target_key.to_string())?;
        for (path, ..) in files.iter() {
            if let LedgerPath::Decided(_, id) = path
                && let Some(decision) = self.decision_of(id)?
                && decision.predicate().target_key() == target_key
            {
                found.push(decision);
            }
        }
        found.sort_by(|a, b| a.predicate().id().cmp(b.predicate().id()));
        Ok(found)
    }

    /// Returns a decision on a gate and a target, under this reference, by which a person is asked.
    pub fn asked(
        &self,
        target_key: Sha256,
        reference: &Token,
    ) -> Result<Option<DecisionPredicate>, Error> {
        self.asked_among(&self.decisions_on(target_key)?, reference, None)
    }

    /// Returns one of these decisions on the same by which a person is asked; of one that arrives, by which a
    /// person was asked before it came. Whoever asks cannot take the question back by themselves, or a model
    /// that is not sure enough would only have to ask itself again.
    fn asked_among(
        &self,
        same: &[Verified<DecisionPredicate>],
        reference: &Token,
        arriving: Option<Sha256>,
    ) -> Result<Option<DecisionPredicate>, Error> {
        let judging = self.judging();
        // The log tells of pushes of one second as of one: what may have settled the question has, and what
        // may have been asked later was.
        let before = |it: Sha256| arriving.is_none_or(|digest| judging.is_before(it, digest));
        let settled = |it: Sha256| arriving.is_none_or(|digest| judging.precedes(it, digest));
        let arrival = arriving.and_then(|digest| judging.arrival(digest));
        let time = arrival.unwrap_or(self.time);
        let there = || same.iter().filter(|it| settled(it.digest()));
        let by_person = |it: &DecisionPredicate| it.decision.actor.kind == ActorKind::Human;
        for decision in there() {
            let it = decision.predicate();
            // Under LOCKED nobody is asked.
            let defers = it.decision.decision == Choice::Defer && it.is_about(reference);
            let asks = defers && it.level != Level::Locked;
            let mut others = there().map(Verified::predicate);
            let answered = others
                .any(|other| other.responds_to(it) || (by_person(other) && other.replaces(it)));
            if asks
                && before(decision.digest())
                && time < it.expires
                && !answered
                && !(by_person(it) && self.withdrew(decision, settled)?)
            {
                return Ok(Some(it.clone()));
            }
        }
        Ok(None)
    }

    /// Returns the other decisions on the same gate and target that were there when this one came and
    /// still counted then: not expired, not withdrawn, superseded by none, and not deferred.
    fn live(
        &self,
        decision: &Verified<DecisionPredicate>,
        mut others: Vec<Verified<DecisionPredicate>>,
    ) -> Result<BTreeSet<DecisionId>, Error> {
        let (judging, digest) = (self.judging(), decision.digest());
        let time = judging.arrival(digest).unwrap_or(self.time);
        others.retain(|it| it.digest() != digest && judging.precedes(it.digest(), digest));
        // Also by one that comes together with this one, which may take that one's place.
        let superseded: BTreeSet<_> = others
            .iter()
            .filter_map(|it| it.predicate().supersedes.clone())
            .collect();
        // Of two that come together, each stands in the way of the other, unless one has taken the other's
        // place or its maker has withdrawn it: then that one was there first. The log tells of pushes of one
        // second as of one: there the door alone knew which came first.
        let says = decision.predicate();
        let replaced = others.iter().any(|it| it.predicate().replaces(says));
        // Who takes the place of one of them need not stand against this one.
        others.retain(|it| says.concerns(it.predicate()));
        let first = replaced || says.expires <= time || self.is_withdrawn(decision)?;
        if first || !judging.is_new(digest) {
            others.retain(|it| !judging.precedes(digest, it.digest()));
        }
        let mut live = BTreeSet::new();
        for other in others {
            let it = other.predicate();
            let counts = it.decision.decision != Choice::Defer && time < it.expires;
            if counts && !superseded.contains(it.id()) && !self.is_withdrawn(&other)? {
                live.insert(it.id().clone());
            }
        }
        Ok(live)
    }

    /// Returns how a decision stands to the record that uses it; without one, to a use that is to come
    /// under the policy in force.
    pub fn opening(
        &self,
        decision: Verified<DecisionPredicate>,
        used: Option<UsedBy>,
    ) -> Result<Opening, Error> {
        let judging = self.judging();
        // What came with its use, or after it, does not reach back.
        let before = |it: Sha256| used.is_none_or(|used| judging.is_before(it, used.record));
        let time = used.map_or(self.time, |it| it.time);
        let policies = self.used_under(used).cloned().collect();
        self.opening_when(decision, &before, (time, policies))
    }

    /// Returns how a decision stands to a use at some time, by these policies; of others on the same counts what was
    /// there before.
    pub(super) fn opening_when(
        &self,
        decision: Verified<DecisionPredicate>,
        before: &dyn Fn(Sha256) -> bool,
        (time, policies): (Timestamp, Vec<Policy>),
    ) -> Result<Opening, Error> {
        let says = decision.predicate();
        let mut all = self.decisions_on(says.target_key())?;
        all.retain(|it| it.digest() == decision.digest() || before(it.digest()));
        let superseder = |other: &DecisionPredicate| {
            let mut others = all.iter().map(Verified::predicate);
            others
                .find(|it| it.replaces(other))
                .map(|it| it.id().clone())
        };
        let mut against = BTreeSet::new();
        for other in all.iter().filter(|it| it.digest() != decision.digest()) {
            let it = other.predicate();
            if !says.concerns(it) {
                continue;
            }
            let counts = it.decision.decision != Choice::Defer && time < it.expires;
            if counts && superseder(it).is_none() && !self.withdrew(other, before)? {
                against.insert(it.id().clone());
            }
        }
        Ok(Opening {
            auto_signature: self.auto_signature(says.id())?,
            policies,
            time,
            withdrawn: self.withdrew(&decision, before)?,
            superseded_by: superseder(says),
            against,
            decision,
        })
    }

    /// Returns the policies by which a use is judged; one that is to come, by the one in force.
    pub(super) fn used_under(&self, used: Option<UsedBy>) -> impl Iterator<Item = &Policy> {
        let judging = self.judging();
        let policies = used.map(|it| judging.policies_of(it.record, it.policy));
        let in_force = used.is_none().then(|| &self.history.current().policy);
        policies.into_iter().flatten().chain(in_force)
    }

    /// Tells whether whoever made a decision or gave a consent has withdrawn it, by a revocation for which
    /// this holds.
    pub(super) fn withdrew<P: Predicate>(
        &self,
        record: &Verified<P>,
        before: impl Fn(Sha256) -> bool,
    ) -> Result<bool, Error> {
        let revocation = self.revocation_of(record.digest())?;
        let own = revocation.filter(|it| it.signer() == record.signer());
        Ok(own.is_some_and(|it| before(it.digest())))
    }

    /// Tells whether whoever made a decision or gave a consent has withdrawn it.
    pub fn is_withdrawn<P: Predicate>(&self, record: &Verified<P>) -> Result<bool, Error> {
        self.withdrew(record, |_| true)
    }

    /// Returns what a `target_ref` names.
    pub fn named(&self, reference: &Token) -> Result<Named, Error> {
        if let Some(digest) = Protection::named(reference.as_str()) {
            return Ok(Named::Protection(digest));
        }
        let Some((what, id)) = reference.as_str().split_once('/') else {
            return Ok(Named::Nothing);
        };
        let named = match what {
            "task" => TaskId::new(id).ok().map(|task| Kind::Contract.of(task)),
            "run" => RunId::new(id).ok().map(|run| Kind::Run.of(run)),
            "escalation" => EscalationId::new(id).ok().map(|id| Kind::Escalation.of(id)),
            "refinement" if TaskId::new(id).is_ok() => return Ok(Named::Refinement),
            _ => None,
        };
        let Some(path) = named else {
            return Ok(Named::Nothing);
        };
        Ok(match path.kind() {
            Some(Kind::Run) => self.commit_of(&path)?.map_or(Named::Nothing, Named::Run),
            _ => match self.records.envelope(&path)? {
                Some(envelope) if path.kind() == Some(Kind::Escalation) => {
                    Named::Escalation(envelope.digest())
                }
                Some(envelope) => Named::Contract(envelope.digest()),
                None => Named::Nothing,
            },
        })
    }

    /// Returns those of these references that resolve to nothing.
    /// No decision speaks for itself: `own` is its name.
    pub(super) fn unresolved(
        &self,
        references: &[Token],
        own: Option<&DecisionId>,
    ) -> Result<Vec<Token>, Error> {
        let own = own.map(|id| format!("decision/{id}"));
        let mut unresolved = Vec::new();
        for reference in references {
            if own.as_deref() == Some(reference.as_str()) || !self.resolves(reference)? {
                unresolved.push(reference.clone());
            }
        }
        Ok(unresolved)
    }

    /// Tells whether a reference to evidence resolves: to an object by its id, to a file of a commit
    /// (`ID:path`), or to a task, a run or a decision of the ledger.
    fn resolves(&self, reference: &Token) -> Result<bool, Error> {
        let (text, reader) = (reference.as_str(), self.records.reader());
        let object = |text: &str| text.parse::<ObjectId>().ok();
        if let Some(id) = object(text) {
            return Ok(reader.contains(id));
        }
        if let Some((commit, path)) = text.split_once(':') {
            let Some(commit) = object(commit).filter(|id| reader.contains(*id)) else {
                return Ok(false);
            };
            let found = reader
                .tree_of(commit)
                .and_then(|tree| reader.entry(tree, &RepoPath::from(path)));
            return Ok(matches!(found, Ok(Some(_))));
        }
        let path = match text.split_once('/') {
            Some(("task", id)) => TaskId::new(id).ok().map(|id| Kind::Contract.of(id)),
            Some(("run", id)) => RunId::new(id).ok().map(|id| Kind::Run.of(id)),
            Some(("decision", id)) => DecisionId::new(id).ok().map(|id| Kind::Decision.of(id)),
            _ => None,
        };
        Ok(match path {
            Some(path) => self.records.ledger().find(&path)?.is_some(),
            None => false,
        })
    }
}

/// Returns what the list of decisions on a target says of one: the digest of its record.
pub fn line(decision: Sha256) -> Vec<u8> {
    format!("{decision}\n").into_bytes()
}

/// Tells whether all that arrives in the ledger opens nothing, and something does: proposals of a policy,
/// decisions that reject or defer with their marks, and what is withdrawn. These pass while nothing else
/// does.
pub fn open_nothing(reader: &Reader, arrivals: &Arrivals) -> bool {
    let opens_nothing = |(path, blob): &(LedgerPath, ObjectId)| match path {
        LedgerPath::Decided(..) | LedgerPath::Record(_, Kind::Revocation, _) => true,
        LedgerPath::Record(_, Kind::Decision, _) => {
            let bytes = reader.blob_limited(*blob, LARGEST).unwrap_or_default();
            let envelope = ledger::parse(path.to_path(), &bytes);
            let says = envelope
                .ok()
                .and_then(|it| Statement::<DecisionPredicate>::parse(it.payload()).ok());
            says.is_some_and(|it| it.predicate.decision.decision != Choice::Approve)
        }
        path => path.is_of_a_proposal(),
    };
    !arrivals.ledger.is_empty() && arrivals.ledger.iter().all(opens_nothing)
}
