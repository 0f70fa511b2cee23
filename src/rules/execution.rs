//! The execution gate: what must hold before a command runs, or before a run that took place
//! elsewhere is recorded.

use crate::facts::groundwork::{AdmissionFacts, Admitted};
use crate::facts::upstream::Ahead;
use crate::policy::{Level, Policy, Role, Verified};
use crate::record::contract::{Contract, Gate1};
use crate::record::path::quote;
use crate::record::{
    Finding, Findings, Gate, ObjectId, RefName, Rule, RunId, Subject, TaskId, Timestamp, sentence,
};
use crate::records::{ApprovalPredicate, Approves, ContractPredicate, DecisionPredicate, Kind};
use crate::store::layout;
use crate::sys::shell;

use super::{remedy, revocation};

fn about(task: &TaskId) -> Subject {
    Subject::of_record(Kind::Contract.of(task).to_path())
}

/// Execution is enabled by `AWO_ALLOW_RUN`.
pub fn enabled(allow_run: Option<&str>) -> Option<Finding> {
    let rule = Rule::ExecutionEnabled;
    setting(rule, Subject::none(), "AWO_ALLOW_RUN", allow_run, "1")
}

/// `AWO_RUN_STAGE` names the stage of a contract that has one.
pub fn stage(contract: &Contract, given: Option<&str>) -> Option<Finding> {
    let (subject, stage) = (about(&contract.id), contract.stage.as_deref()?);
    setting(Rule::ExecutionStage, subject, "AWO_RUN_STAGE", given, stage)
}

fn setting(
    rule: Rule,
    subject: Subject,
    name: &str,
    value: Option<&str>,
    wanted: &str,
) -> Option<Finding> {
    let found = match value {
        Some(value) => format!("{name} is {}", quote(value.as_bytes())),
        None => format!("{name} is not set"),
    };
    let finding = rule
        .finding(subject)
        .found(found)
        .expected(format!("{name}={wanted}"))
        .remedy(format!("set {name}={wanted} for this one command"));
    (value != Some(wanted)).then_some(finding)
}

/// Nothing is executed under a LOCKED policy.
pub fn unlocked(policy: &Policy) -> Option<Finding> {
    let finding = Rule::Locked
        .finding(Subject::of_ref(&layout::policy()))
        .found("a run while the policy is LOCKED")
        .expected("nothing executed")
        .remedy("only a policy change lifts it: git awo policy propose FILE");
    (policy.level() == Level::Locked).then_some(finding)
}

/// The contract under a task's name is for this task.
pub fn binds_task(contract: &Contract, task: &TaskId) -> Option<Finding> {
    let finding = Rule::BindsTask
        .finding(about(task))
        .found(format!("the contract is for {}", contract.id))
        .expected(task)
        .remedy("git awo task import FILE");
    (contract.id != *task).then_some(finding)
}

/// The contract's target repository is admitted: by its packet, and where the policy asks for a record, by an
/// operator's that stands, of the same class of risk and, if the packet names one, the same owner.
pub fn admitted(contract: &Contract, facts: &AdmissionFacts, subject: &Subject) -> Option<Finding> {
    let (locator, says) = (&contract.target.locator, &contract.target.admission);
    if says.status != "admitted" {
        return Some(
            Rule::TargetAdmitted
                .finding(subject.clone())
                .found(format!("the target is {}", quote(says.status.as_bytes())))
                .expected("admitted")
                .remedy("have the repository admitted, then import a packet with another task id: git awo task import FILE"),
        );
    }
    let fits = |it: &Admitted| {
        let record = it.record.predicate();
        let owner = says.owner.as_deref();
        says.risk.as_deref() == Some(record.risk.as_str())
            && owner.is_none_or(|it| it == record.owner.as_str())
    };
    if !facts.by_record || facts.records.iter().any(|it| fits(it) && !it.withdrawn) {
        return None;
    }
    let target = format!("the target {}", quote(locator.as_bytes()));
    let finding = Rule::AdmissionRecorded.finding(subject.clone());
    let Some(risk) = &says.risk else {
        return Some(
            finding
                .found(format!("a contract without a class of risk for {target}"))
                .expected("the class of risk under which an operator has admitted the target")
                .remedy(
                    "name it in a packet with another task id: git awo task import FILE, or git awo \
                     task new ID --task TEXT --allow PATTERN --risk CLASS",
                ),
        );
    };
    let other = facts.records.iter().find(|it| !it.withdrawn);
    let withdrawn = facts.records.iter().find(|it| fits(it));
    let found = match (withdrawn, other) {
        (Some(it), _) => format!("the admission {} was withdrawn", it.record.digest()),
        (None, Some(it)) => {
            let record = it.record.predicate();
            let (owner, risk) = (record.owner.as_str(), record.risk.as_str());
            format!(
                "{target} is admitted for {} with the risk {}",
                quote(owner.as_bytes()),
                quote(risk.as_bytes())
            )
        }
        (None, None) => format!("no admission of {target}"),
    };
    let of_owner = says.owner.as_ref();
    let of_owner = of_owner.map(|it| format!(" for {}", quote(it.as_bytes())));
    let expected = format!(
        "an admission of {target}{} with the risk {}",
        of_owner.unwrap_or_default(),
        quote(risk.as_bytes())
    );
    let remedy = format!("ask an operator: {}, then git awo push", admit(contract));
    Some(finding.found(found).expected(expected).remedy(remedy))
}

/// Returns the command that admits the repository that a contract names.
pub fn admit(contract: &Contract) -> String {
    let said = |it: &Option<String>, otherwise: &str| {
        it.as_deref().map_or(otherwise.to_owned(), shell::quote)
    };
    let admission = &contract.target.admission;
    format!(
        "git awo admit {} --owner {} --risk {}",
        shell::quote(&contract.target.locator),
        said(&admission.owner, "NAME"),
        said(&admission.risk, "CLASS")
    )
}

/// A server would accept governed commits on the branch.
pub fn governed(policy: &Policy, target: &RefName) -> Option<Finding> {
    let rules = policy.ref_rules(target);
    let finding = Rule::GovernedAccepted
        .finding(Subject::of_ref(target))
        .found("a branch that takes no governed commits")
        .expected("a ref that the policy opens to governed commits")
        .remedy(
            "git awo task new ID --task TEXT --allow PATTERN --ref REF, with a branch that git awo \
             policy show opens to governed commits",
        );
    (!rules.is_some_and(|rules| rules.accepts_governed())).then_some(finding)
}

/// Returns the finding that the contract's branch does not exist here.
pub fn no_target(target: &RefName) -> Finding {
    Rule::TargetRef
        .finding(Subject::of_ref(target))
        .found("no such branch here")
        .expected("the target branch of the contract")
        .remedy(format!(
            "git fetch origin, then git branch {branch} origin/{branch}",
            branch = target.branch().unwrap_or("BRANCH")
        ))
}

/// Returns the finding that the contract starts from a commit that is not in the branch's history.
pub fn other_history(target: &RefName, base: ObjectId, tip: ObjectId) -> Finding {
    Rule::ContractBase
        .finding(Subject::of_ref(target))
        .found(format!("the contract starts from {base}"))
        .expected(format!("{tip} or an ancestor of it"))
        .remedy("import a packet for this history: git awo task import FILE")
}

/// Returns the finding that there is a run of this name.
pub fn run_exists(run: &RunId) -> Finding {
    Rule::RunId
        .finding(Subject::of_run(run))
        .found("a run of this name")
        .expected("a name that no run has had")
        .remedy("git awo run TASK --run-id OTHER -- COMMAND, with a name that git awo status --all does not list")
}

/// Returns the finding that there is a run whose name differs from this one in case only.
pub fn run_alike(run: &RunId, other: &str) -> Finding {
    Rule::RunId
        .finding(Subject::of_run(run))
        .found(format!("the run {other}, which differs in case only"))
        .expected("a name that no run has had")
        .remedy("git awo log, then another --run-id")
}

/// Returns the finding that all `count` names that begin with `stem` are taken.
pub fn no_name_left(stem: &str, count: u32) -> Finding {
    Rule::RunId
        .finding(Subject::none())
        .found(format!("{count} runs named {stem}"))
        .expected("a name that no run has had")
        .remedy("git awo run TASK --run-id OTHER -- COMMAND")
}

/// Returns the finding that something does not hold which no other finding names.
pub fn closed() -> Finding {
    Rule::ExecutionGate
        .finding(Subject::none())
        .found("something that does not hold and has no finding")
        .expected("everything that the execution gate asks for")
        .remedy("git awo status")
}

/// An approval that a run may spend, with what it must fit.
pub struct Spendable<'a> {
    pub approval: &'a Verified<ApprovalPredicate>,
    pub contract: &'a Verified<ContractPredicate>,
    /// Where the branch is, if it exists.
    pub base: Option<ObjectId>,
    /// Where it was seen last, if it is behind that here.
    pub behind: Option<&'a Ahead>,
    /// The policy in force. The record holds by the policy that it names; executing needs this one.
    pub policy: &'a Policy,
    /// The present time.
    pub now: Timestamp,
    /// Whether its maker has withdrawn it.
    pub revoked: bool,
    /// Who has spent it, if anybody has.
    pub spent_by: Option<String>,
}

/// Judges whether an approval may be spent.
pub fn spendable(it: &Spendable<'_>, findings: &mut Findings) {
    let (says, signer) = (it.approval.predicate(), it.approval.signer());
    let contract = &it.contract.predicate().contract;
    let again = format!("git awo approve {} --again", contract.id);
    if it.revoked {
        findings.push(revocation::used(it.approval.digest(), &again));
    }
    let on_base = it.behind.map_or(again.clone(), follow_first);
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let subject = Subject::of_record(it.approval.digest());
        let finding = rule.finding(subject).found(found);
        findings.push(finding.expected(expected).remedy(match rule {
            Rule::BindsBase => &on_base,
            _ => &again,
        }));
    };
    if says.approves != Approves::Task {
        let expected = "approves a task".to_owned();
        refuse(Rule::ApprovesTask, "approves a run".to_owned(), expected);
    }
    if says.contract != it.contract.digest() || says.task != contract.id {
        refuse(
            Rule::BindsContract,
            format!("the approval binds {} of {}", says.contract, says.task),
            format!("{}, the contract as it is now", it.contract.digest()),
        );
    }
    if let Some(base) = it.base
        && says.base != Some(base)
    {
        let bound = says.base.map(|it| it.to_string());
        let bound = bound.unwrap_or_else(|| "no base commit".to_owned());
        refuse(
            Rule::BindsBase,
            format!("the approval binds {bound}"),
            match it.behind {
                Some(behind) => format!(
                    "{base}, where the branch is here, behind {}",
                    behind.tracking
                ),
                None => format!("{base}, where the branch is"),
            },
        );
    }
    let (given, expected) = (says.sentence.as_deref(), &contract.approval_sentence);
    if let Err(mismatch) = sentence::compare(expected, given.unwrap_or_default().as_bytes()) {
        let expected = format!("{expected:?}");
        refuse(Rule::ExactSentence, mismatch.to_string(), expected);
    }
    if says.expires <= it.now {
        refuse(
            Rule::ApprovalUnexpired,
            format!("the approval of {signer} expired at {}", says.expires),
            format!("one valid at {}", it.now),
        );
    }
    if !it.policy.holds(signer, Role::Operator) {
        refuse(
            Rule::ApprovedByOperator,
            format!("{signer} holds {}", it.policy.roles_of(signer)),
            "an approval by one who is an operator now".to_owned(),
        );
    }
    if let Some(spender) = &it.spent_by {
        refuse(
            Rule::OneApprovalOneRun,
            format!("the approval was spent by {spender}"),
            "an unused approval".to_owned(),
        );
    }
}

/// Returns the finding that a run has spent a decision.
pub fn decision_spent(decision: &Verified<DecisionPredicate>, run: &str) -> Finding {
    let it = &decision.predicate().decision;
    let (gate, on, id) = (&it.gate_type, &it.target_ref, &it.decision_id);
    Rule::OneApprovalOneRun
        .finding(Subject::of_record(decision.digest()))
        .found(format!("the decision {id} was spent by {run}"))
        .expected("an unused decision")
        .remedy(format!(
            "git awo decide {gate} {on} approve --rationale CODE --supersedes {id}"
        ))
}

/// Returns what helps first where the branch is behind: approvals on where it was seen last may be there.
fn follow_first(behind: &Ahead) -> String {
    format!("{}, then the same again", remedy::follow(behind))
}

/// Returns the finding that only `count` persons have approved a contract for its base.
pub fn too_few(
    contract: &Verified<ContractPredicate>,
    (count, needed): (usize, usize),
    behind: Option<&Ahead>,
) -> Finding {
    let task = &contract.predicate().contract.id;
    let (gate, on) = (Gate::SpecApproval, format!("task/{task}"));
    let (approve, by) = match contract.predicate().contract.gate1 {
        Gate1::Decision => (
            format!("git awo decide {gate} {on} approve --rationale CODE"),
            " and no decision",
        ),
        Gate1::Sentence | Gate1::Operator => (format!("git awo approve {task}"), ""),
    };
    Rule::TaskApproved
        .finding(Subject::of_record(contract.digest()))
        .found(format!("approved by {count} operators{by} for this base"))
        .expected(format!("{needed} distinct operators"))
        .remedy(behind.map_or(approve, follow_first))
}
