//! The execution gate: everything that must hold before a command runs, or before a run that
//! took place elsewhere is taken in, each failure named.

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::facts::run::Collector;
use crate::policy::{Level, Role, Verified};
use crate::record::contract::Contract;
use crate::record::path::quote;
use crate::record::predicate::ContractPredicate;
use crate::record::{
    Coded, Finding, Findings, IdentityName, ObjectId, RefName, Rule, RunId, Sha256, Subject,
    TaskId, Timestamp,
};
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{Records, Refs};

use super::clean::clean;
use super::{Error, RunEnvironment, approvals, run_id};

/// What the gate let through.
pub(super) struct Admitted {
    /// The contract.
    pub(super) contract: Verified<ContractPredicate>,
    /// The blob of its envelope, to which approvals are noted.
    pub(super) blob: ObjectId,
    /// The approvals to be spent, sorted.
    pub(super) approvals: Vec<Sha256>,
    /// The commit to start from.
    pub(super) base: ObjectId,
    /// Who runs it.
    pub(super) person: IdentityName,
    /// The run.
    pub(super) run: RunId,
}

impl Admitted {
    /// Returns the contract itself.
    pub(super) fn contract(&self) -> &Contract {
        &self.contract.predicate().contract
    }
}

/// What the gate is asked to let through.
pub(super) struct Asked<'a> {
    /// The task whose contract it is about.
    pub(super) task: &'a TaskId,
    /// The name of the run; none for one made of the clock.
    pub(super) run: Option<&'a RunId>,
    /// What the environment permits; none where nothing is going to be executed, so that neither
    /// the switches matter nor what the work tree holds.
    pub(super) execution: Option<&'a RunEnvironment>,
}

/// What the gate found, whether it lets the request through or not.
pub(super) struct Looked {
    /// The contract, and the blob of its envelope.
    pub(super) contract: Option<(Verified<ContractPredicate>, ObjectId)>,
    /// The approvals to be spent, sorted; none unless there are enough.
    pub(super) approvals: Vec<Sha256>,
    /// The tip of the contract's branch.
    pub(super) base: Option<ObjectId>,
    /// Who asks, if an orchestrator.
    pub(super) person: Option<IdentityName>,
    /// The run.
    pub(super) run: Option<RunId>,
    /// Everything that does not hold.
    pub(super) findings: Findings,
}

impl Looked {
    /// Returns what was let through, or everything that stands against it.
    pub(super) fn admitted(self) -> Result<Admitted, Error> {
        match (self.contract, self.base, self.person, self.run) {
            (Some((contract, blob)), Some(base), Some(person), Some(run))
                if self.findings.is_empty() =>
            {
                Ok(Admitted {
                    contract,
                    blob,
                    approvals: self.approvals,
                    base,
                    person,
                    run,
                })
            }
            _ => Err(Error::Refused(self.findings)),
        }
    }
}

struct Gate<'a> {
    actor: &'a Actor,
    asked: &'a Asked<'a>,
    history: &'a PolicyHistory,
    now: Timestamp,
    findings: Findings,
}

/// Looks at a request from every side, so that everything that does not hold is found at once.
pub(super) fn look(
    actor: &Actor,
    asked: &Asked<'_>,
    refs: &Refs,
    history: &PolicyHistory,
) -> Result<Looked, Error> {
    let mut gate = Gate {
        actor,
        asked,
        history,
        now: actor.now(),
        findings: Findings::new(),
    };
    let records = Records::open(&actor.repo, refs)?;
    let collector = actor.collector(&records, history);
    gate.enabled();
    gate.policy_in_force()?;
    let person = gate.orchestrator()?;
    if asked.execution.is_some() {
        gate.work_tree("the run would not know what it starts from")?;
    }
    gate.whole_view();
    let run = run_id::choose(&records, asked.run, gate.now, &mut gate.findings)?;
    let contract = gate.contract(&collector)?;
    let mut base = None;
    let mut approvals = Vec::new();
    if let Some((contract, blob)) = &contract {
        let says = &contract.predicate().contract;
        gate.stage(says);
        gate.admitted(says);
        gate.governed(&says.target_ref);
        base = gate.base(says)?;
        let findings = &mut gate.findings;
        approvals = approvals::choose(&collector, contract, *blob, base, gate.now, findings)?;
    }
    Ok(Looked {
        contract,
        approvals,
        base,
        person,
        run,
        findings: gate.findings,
    })
}

impl Gate<'_> {
    fn about_task(&self) -> Subject {
        Subject::of_record(LedgerPath::Contract(self.asked.task.clone()).to_path())
    }

    fn refuse(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn enabled(&mut self) {
        let Some(environment) = self.asked.execution else {
            return;
        };
        let value = environment.allow_run.as_deref();
        if value != Some("1") {
            let found = value.map_or("AWO_ALLOW_RUN is not set".to_owned(), |text| {
                format!("AWO_ALLOW_RUN is {}", quote(text.as_bytes()))
            });
            self.refuse(
                Rule::ExecutionEnabled
                    .finding(Subject::none())
                    .found(found)
                    .expected("AWO_ALLOW_RUN=1")
                    .remedy("set AWO_ALLOW_RUN=1 for this one command"),
            );
        }
    }

    fn stage(&mut self, contract: &Contract) {
        let (Some(stage), Some(environment)) = (&contract.stage, self.asked.execution) else {
            return;
        };
        let value = environment.stage.as_deref();
        if value != Some(stage.as_str()) {
            let found = value.map_or("AWO_RUN_STAGE is not set".to_owned(), |text| {
                format!("AWO_RUN_STAGE is {}", quote(text.as_bytes()))
            });
            let finding = Rule::ExecutionStage
                .finding(self.about_task())
                .found(found)
                .expected(format!("AWO_RUN_STAGE={stage}"))
                .remedy(format!("set AWO_RUN_STAGE={stage} for this one command"));
            self.refuse(finding);
        }
    }

    fn policy_in_force(&mut self) -> Result<(), Error> {
        let subject = || Subject::of_ref(&layout::policy());
        let policy = &self.history.current().policy;
        if policy.level() == Level::Locked {
            self.refuse(
                Rule::Locked
                    .finding(subject())
                    .found("a run while the policy is LOCKED")
                    .expected("nothing executed")
                    .remedy("only a policy change lifts it: git awo policy propose FILE"),
            );
        }
        if policy.expired_at(self.now) {
            self.refuse(
                Rule::PolicyUnexpired
                    .finding(subject())
                    .found("the policy has expired")
                    .expected("a policy in force")
                    .remedy("git awo policy propose FILE"),
            );
        }
        if let Some(anchor) = self.actor.anchor()?
            && !self.history.starts_at(&anchor)
        {
            self.refuse(
                Rule::PinnedRoot
                    .finding(subject())
                    .found(self.history.repository())
                    .expected(anchor)
                    .remedy("git awo trust"),
            );
        }
        Ok(())
    }

    fn orchestrator(&mut self) -> Result<Option<IdentityName>, Error> {
        let signer = self.actor.signer()?;
        let policy = &self.history.current().policy;
        let key = signer.public_key();
        let Some(person) = policy.keyring().person_of(key).cloned() else {
            self.refuse(
                Rule::KeyKnown
                    .finding(Subject::none())
                    .found(format!(
                        "key {} is unknown to the policy",
                        key.fingerprint()
                    ))
                    .expected("a key of an orchestrator")
                    .remedy("ask a root to add the key: git awo policy propose FILE"),
            );
            return Ok(None);
        };
        if !policy.holds(&person, Role::Orchestrator) {
            self.refuse(
                Rule::RoleHeld
                    .finding(Subject::none())
                    .found(format!("{person} holds {}", policy.roles_of(&person)))
                    .expected("the role orchestrator")
                    .remedy(format!("ask {}", policy.holders(Role::Orchestrator))),
            );
            return Ok(None);
        }
        Ok(Some(person))
    }

    fn work_tree(&mut self, why: &str) -> Result<(), Error> {
        self.findings.extend(clean(self.actor, why)?);
        Ok(())
    }

    fn whole_view(&mut self) {
        for problem in self.actor.repo.view_problems() {
            self.refuse(
                Rule::WholeView
                    .finding(Subject::none())
                    .found(problem)
                    .expected("a repository that shows every object it names")
                    .remedy("git fetch --unshallow, or clone again without filters"),
            );
        }
    }

    fn contract(
        &mut self,
        collector: &Collector<'_>,
    ) -> Result<Option<(Verified<ContractPredicate>, ObjectId)>, Error> {
        let task = self.asked.task;
        let records = collector.records;
        let path = LedgerPath::Contract(task.clone());
        let found = match records.envelope(&path) {
            Ok(found) => found.zip(records.contract_blob(task)?),
            Err(error) => {
                let found = error.denies(self.about_task()).ok_or(error)?;
                self.findings.extend(found);
                return Ok(None);
            }
        };
        let Some((envelope, blob)) = found else {
            let finding = Rule::ContractPresent
                .finding(self.about_task())
                .found(format!("no contract {task}"))
                .expected("a contract in the ledger")
                .remedy("git awo fetch, or git awo task import FILE");
            self.refuse(finding);
            return Ok(None);
        };
        let contract = match collector.verify::<ContractPredicate>(&envelope) {
            Ok(contract) => contract,
            Err(finding) => {
                let subject = self.about_task();
                self.refuse(Finding { subject, ..finding });
                return Ok(None);
            }
        };
        let id = &contract.predicate().contract.id;
        if id != task {
            let finding = Rule::BindsTask
                .finding(self.about_task())
                .found(format!("the contract is for {id}"))
                .expected(task)
                .remedy("git awo task import FILE");
            self.refuse(finding);
            return Ok(None);
        }
        Ok(Some((contract, blob)))
    }

    fn admitted(&mut self, contract: &Contract) {
        let status = &contract.target.admission.status;
        if status != "admitted" {
            let finding = Rule::TargetAdmitted
                .finding(self.about_task())
                .found(format!("the target is {}", quote(status.as_bytes())))
                .expected("admitted")
                .remedy("have the repository admitted, then import the new packet");
            self.refuse(finding);
        }
    }

    /// What no server would take need not be made.
    fn governed(&mut self, target: &RefName) {
        let rules = self.history.current().policy.ref_rules(target);
        if !rules.is_some_and(|rules| rules.accepts_governed()) {
            self.refuse(
                Rule::GovernedAccepted
                    .finding(Subject::of_ref(target))
                    .found("a branch that takes no governed commits")
                    .expected("a ref that the policy opens to governed commits")
                    .remedy("git awo policy show"),
            );
        }
    }

    fn base(&mut self, contract: &Contract) -> Result<Option<ObjectId>, Error> {
        let target = &contract.target_ref;
        let repo = &self.actor.repo;
        let Some(tip) = repo.reference(target)? else {
            self.refuse(
                Rule::TargetRef
                    .finding(Subject::of_ref(target))
                    .found("no such branch here")
                    .expected("the target branch of the contract")
                    .remedy("git fetch, then git branch"),
            );
            return Ok(None);
        };
        if let Some(base) = contract.base
            && base != tip
            && !(repo.contains(base) && repo.is_ancestor(base, tip)?)
        {
            // A packet may be older than the branch, but not of another history.
            self.refuse(
                Rule::ContractBase
                    .finding(Subject::of_ref(target))
                    .found(format!("the contract starts from {base}"))
                    .expected(format!("{tip} or an ancestor of it"))
                    .remedy("import a packet for this history"),
            );
        }
        Ok(Some(tip))
    }
}
