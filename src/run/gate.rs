//! The execution gate: everything that must hold before a command runs, or before a run that
//! took place elsewhere is recorded, each failure named.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::actor::{self, Actor};
use crate::check::{self, PolicyHistory};
use crate::facts::groundwork::Makers;
use crate::facts::post_work::Waivers;
use crate::facts::run::Collector;
use crate::policy::{Role, Verified};
use crate::record::contract::Contract;
use crate::record::{
    Coded, DecisionId, Finding, Findings, IdentityName, ObjectId, Refusal, RunId, Sha256, Subject,
    TaskId,
};
use crate::records::{ContractPredicate, Kind, OpenedBy, PreWorkPredicate, RunWork};
use crate::rules::{
    absent, actors, ceiling, cell, execution as rules, policy, post_work, setup, skeleton, waiver,
    work as rules_of_work,
};
use crate::store::layout;
use crate::store::ledger::{Records, Refs};

use super::clean::clean;
use super::error::Error;
use super::{approvals, pre_work, run_id};

/// What the environment says about runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnvironment {
    /// `AWO_ALLOW_RUN`: exactly `1` enables execution.
    pub allow_run: Option<String>,
    /// `AWO_RUN_STAGE`: the stage, where the contract has one.
    pub stage: Option<String>,
    /// The git-awo that opens cells, where the policy demands them.
    pub program: Option<PathBuf>,
}

/// What the gate let through.
pub(super) struct Admission {
    /// The contract.
    pub(super) contract: Verified<ContractPredicate>,
    /// The blob of its envelope, to which approvals are noted.
    pub(super) blob: ObjectId,
    /// The approvals to be spent, sorted, with the decision that opens gate 1.
    pub(super) approvals: Vec<Sha256>,
    /// That decision, if one does.
    pub(super) gate1: Option<OpenedBy>,
    /// The commit to start from.
    pub(super) base: ObjectId,
    /// Who runs it.
    pub(super) person: IdentityName,
    /// The models that take part, whoever runs it first.
    pub(super) models: Vec<String>,
    /// The run.
    pub(super) run: RunId,
    /// What it rests on besides, where the contract is a work packet.
    pub(super) work: Option<RunWork>,
    /// What was planned, where the contract asks for post-work.
    pub(super) plan: Option<Verified<PreWorkPredicate>>,
    /// The waivers that it may use.
    pub(super) waivers: Vec<(DecisionId, Waivers)>,
}

impl Admission {
    /// Tells whether the run makes a skeleton.
    pub(super) fn makes_skeleton(&self) -> bool {
        RunWork::is_skeleton(self.work.as_ref(), self.contract())
    }

    /// Returns the contract itself.
    pub(super) fn contract(&self) -> &Contract {
        &self.contract.predicate().contract
    }
}

/// What the gate is asked to let through.
pub(super) struct GateRequest<'a> {
    /// The task whose contract it is about.
    pub(super) task: &'a TaskId,
    /// The name of the run; none for one made of the clock.
    pub(super) run: Option<&'a RunId>,
    /// The pre-work to follow; none for the newest.
    pub(super) pre_work: Option<Sha256>,
    /// The models that assist.
    pub(super) assisted: &'a [String],
    /// What the environment permits. With `None` nothing is going to be executed, so neither the
    /// switches matter nor what the work tree holds.
    pub(super) execution: Option<&'a RunEnvironment>,
}

/// What the gate found, whether it lets the request through or not.
#[derive(Default)]
pub(super) struct GateResult {
    /// The contract, and the blob of its envelope.
    pub(super) contract: Option<(Verified<ContractPredicate>, ObjectId)>,
    /// The approvals to be spent, sorted; none unless there are enough.
    pub(super) approvals: Vec<Sha256>,
    /// The decision among them that opens gate 1, if one does.
    pub(super) gate1: Option<OpenedBy>,
    /// The tip of the contract's branch.
    pub(super) base: Option<ObjectId>,
    /// Who asks, if an orchestrator.
    pub(super) person: Option<IdentityName>,
    /// The models that take part, whoever runs it first.
    pub(super) models: Vec<String>,
    /// The run.
    pub(super) run: Option<RunId>,
    /// What it rests on besides, where the contract is a work packet.
    pub(super) work: Option<RunWork>,
    /// What was planned, where the contract asks for post-work.
    pub(super) plan: Option<Verified<PreWorkPredicate>>,
    /// The waivers that it may use.
    pub(super) waivers: Vec<(DecisionId, Waivers)>,
    /// Everything that does not hold.
    pub(super) findings: Findings,
}

impl GateResult {
    /// Tells whether the run makes a skeleton.
    pub(super) fn makes_skeleton(&self) -> bool {
        let contract = self.contract.as_ref();
        contract.is_some_and(|(it, _)| {
            RunWork::is_skeleton(self.work.as_ref(), &it.predicate().contract)
        })
    }

    /// Returns what was let through, or everything that stands against it.
    pub(super) fn admission(self) -> Result<Admission, Error> {
        Error::unless_empty(self.findings)?;
        match (self.contract, self.base, self.person, self.run) {
            (Some((contract, blob)), Some(base), Some(person), Some(run)) => Ok(Admission {
                contract,
                blob,
                approvals: self.approvals,
                gate1: self.gate1,
                base,
                person,
                models: self.models,
                run,
                work: self.work,
                plan: self.plan,
                waivers: self.waivers,
            }),
            _ => Err(Error::Refused(rules::closed().into())),
        }
    }
}

/// Loads the history of the policy. Nothing is executed without a policy that holds.
pub(super) fn load_history(actor: &Actor) -> Result<PolicyHistory, Error> {
    actor.history().map_err(|error| match error {
        // Also where the policy cannot be decided on: one that a newer git-awo wrote.
        actor::Error::Check(check::Error::Policy(_)) => {
            Error::Refused(error.refusal(Subject::none()))
        }
        actor::Error::NoPolicy => {
            let why = error.refusal(Subject::none());
            Error::Refused(Refusal::of(why.findings()).unwrap_or(why))
        }
        error => error.into(),
    })
}

/// Checks a request on every point, so that everything that does not hold is found at once.
pub(super) fn examine(
    actor: &Actor,
    request: &GateRequest<'_>,
    refs: &Refs,
    history: &PolicyHistory,
) -> Result<GateResult, Error> {
    let mut gate = GateResult::default();
    let findings = &mut gate.findings;
    let now = actor.now();
    let policy = &history.current().policy;
    let records = Records::open(&actor.repo, refs)?;
    let collector = actor.collector(&records, history);
    findings.extend(rules::unlocked(policy));
    if policy.expired_at(now) {
        findings.push(setup::expired().subject_on(&layout::policy()));
    }
    if let Some(anchor) = actor.anchor()?
        && !history.starts_at(&anchor)
    {
        let other = policy::other_root(history.repository(), anchor, "git awo trust FINGERPRINT");
        findings.push(other);
    }
    match actor.context(history, &[Role::Orchestrator]) {
        Ok(context) => {
            let own = policy.model_of(&context.identity).map(str::to_owned);
            let all = own.into_iter().chain(request.assisted.iter().cloned());
            for model in all {
                if !gate.models.contains(&model) {
                    gate.models.push(model);
                }
            }
            gate.person = Some(context.identity);
        }
        Err(error @ (actor::Error::UnknownKey(_) | actor::Error::Role { .. })) => {
            findings.push(error.to_finding(Subject::none()));
        }
        Err(error) => return Err(error.into()),
    }
    let problems = actor.repo.view_problems();
    findings.extend(problems.into_iter().map(setup::incomplete_view));
    gate.run = run_id::choose(&records, (request.task, request.run), now, findings)?;
    gate.contract = contract(request.task, &collector, findings)?;
    let contract = gate.contract.as_ref();
    if let Some(environment) = request.execution {
        findings.extend(rules::enabled(environment.allow_run.as_deref()));
        let says = contract.map(|(it, _)| &it.predicate().contract);
        let stage = environment.stage.as_deref();
        findings.extend(says.and_then(|says| rules::stage(says, stage)));
        let why = "the run would not know what it starts from";
        findings.extend(clean(actor, why)?);
    }
    if let Some((contract, blob)) = contract {
        let says = &contract.predicate().contract;
        let subject = Subject::of_record(Kind::Contract.of(&says.id).to_path());
        if let Some(admission) = collector.admission(says, None)? {
            findings.extend(rules::admitted(says, &admission, &subject));
        }
        findings.extend(cell::terms(says, policy.cells(), &subject));
        if let Some(person) = &gate.person {
            findings.extend(ceiling::before(says, person, policy, &subject));
        }
        findings.extend(rules::governed(policy, &says.target_ref));
        gate.base = base(actor, says, findings)?;
        let base = gate.base;
        gate.work = work(actor, &collector, contract, base, findings)?;
        if let Some(person) = &gate.person {
            let notes = collector.notes_on(contract.digest(), None)?;
            let took = actors::Took {
                orchestrator: person,
                models: &gate.models,
                notes: &notes,
            };
            actors::actors(says, &took, policy, &subject, findings);
        }
        if let Some(person) = gate.person.clone().filter(|_| says.post_work) {
            gate.waivers = waivers(actor, &collector, contract, person)?;
        }
        let run = gate.run.as_ref();
        let chosen = approvals::choose(&collector, contract, *blob, base, run, now, findings)?;
        (gate.approvals, gate.gate1) = (chosen.approvals, chosen.gate1);
        if RunWork::needs_post_work(gate.work.as_ref(), says) {
            let whose = (base, gate.person.as_ref());
            let asked = request.pre_work;
            gate.plan = pre_work::choose(actor, &collector, contract, whose, asked, findings)?;
            if let Some(plan) = &gate.plan {
                let work = gate.work.get_or_insert_default();
                work.pre_work = Some(plan.digest());
                work.manifest = Some(post_work::FILE.to_owned());
            }
        }
    }
    Ok(gate)
}

/// Returns the waivers of a contract that a run by this person may use.
fn waivers(
    actor: &Actor,
    collector: &Collector<'_>,
    contract: &Verified<ContractPredicate>,
    person: IdentityName,
) -> Result<Vec<(DecisionId, Waivers)>, Error> {
    let policy = &collector.history.current().policy;
    let (task, digest) = (&contract.predicate().contract.id, contract.digest());
    let makers = Makers {
        orchestrator: person,
        named: BTreeSet::new(),
    };
    let mut waivers = Vec::new();
    for mut it in collector.waivers(digest)? {
        it.in_time = pre_work::is_published(actor, collector, &Kind::Decision.of(&it.id))?;
        // One that does not hold does nothing; the gates say what is refused.
        let (mut refused, subject) = (Findings::new(), Subject::of_record(&it.id));
        let of = (task, digest);
        if let Some(scope) = waiver::holds(&it, of, &makers, policy, &subject, &mut refused) {
            waivers.push((it.id.clone(), Waivers::of([scope]).unwrap_or_default()));
        }
    }
    Ok(waivers)
}

/// Returns what a run of a contract rests on besides approvals: what was decided on its packet, and on its
/// skeleton. Where no skeleton was approved, the run makes one.
fn work(
    actor: &Actor,
    collector: &Collector<'_>,
    contract: &Verified<ContractPredicate>,
    base: Option<ObjectId>,
    findings: &mut Findings,
) -> Result<Option<RunWork>, Error> {
    let says = &contract.predicate().contract;
    if !says.asks_for_work() {
        return Ok(None);
    }
    let subject = Subject::of_record(Kind::Contract.of(&says.id).to_path());
    let mut work = RunWork::default();
    if let Some(facts) = collector.work(contract, base.as_slice(), None)? {
        let ready = rules_of_work::ready(says, &facts, &subject, findings);
        (work.refinement, work.scope_change) = (ready.refinement, ready.scope_change);
    }
    if says.skeleton {
        let policy = &collector.history.current().policy;
        let digest = contract.digest();
        let mut unpublished = Findings::new();
        for mut it in collector.skeletons(digest)? {
            let decision = Kind::Decision.of(it.approval.decision.predicate().id());
            it.in_time = pre_work::is_published(actor, collector, &decision)?;
            let mut refused = Findings::new();
            let approved = skeleton::approved(digest, &it, policy, &subject, &mut refused);
            work.skeleton = work.skeleton.or(approved);
            if !it.in_time && refused.len() == 1 {
                unpublished = refused;
            }
        }
        // Nothing else stands against it: another skeleton is not what is wanted.
        if work.skeleton.is_none() {
            let publish = |it: Finding| it.remedy("git awo push, then git awo fetch");
            findings.extend(unpublished.into_iter().map(publish));
        }
    }
    Ok(Some(work))
}

fn contract(
    task: &TaskId,
    collector: &Collector<'_>,
    findings: &mut Findings,
) -> Result<Option<(Verified<ContractPredicate>, ObjectId)>, Error> {
    let records = collector.records;
    let path = Kind::Contract.of(task);
    let subject = Subject::of_record(path.to_path());
    let found = match records.envelope(&path) {
        Ok(found) => found.zip(records.contract_blob(task)?),
        Err(error) => {
            findings.extend(error.denies(subject).ok_or(error)?);
            return Ok(None);
        }
    };
    let Some((envelope, blob)) = found else {
        findings.push(absent::contract(task));
        return Ok(None);
    };
    match collector.verify::<ContractPredicate>(&envelope) {
        Ok(contract) => {
            let other = rules::binds_task(&contract.predicate().contract, task);
            let binds = other.is_none();
            findings.extend(other);
            Ok(binds.then_some((contract, blob)))
        }
        Err(mut finding) => {
            finding.subject = subject;
            findings.push(finding);
            Ok(None)
        }
    }
}

/// Returns the tip of the contract's branch.
fn base(
    actor: &Actor,
    contract: &Contract,
    findings: &mut Findings,
) -> Result<Option<ObjectId>, Error> {
    let (target, repo) = (&contract.target_ref, &actor.repo);
    let Some(tip) = repo.reference(target)? else {
        findings.push(rules::no_target(target));
        return Ok(None);
    };
    // A packet may be older than the tip, but must be of this history.
    if let Some(base) = contract.base
        && base != tip
        && !(repo.contains(base) && repo.is_ancestor(base, tip)?)
    {
        findings.push(rules::other_history(target, base, tip));
    }
    Ok(Some(tip))
}
