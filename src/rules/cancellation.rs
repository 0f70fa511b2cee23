//! A cancellation that arrives: it names what there is of the run, and is made by who may end it.

use crate::facts::position::How;
use crate::facts::run::{Lookup, RunFacts};
use crate::policy::{Role, Verified};
use crate::record::{Finding, Findings, Rule, RunId, Subject, TaskId};
use crate::records::{CancellationPredicate, ContractPredicate};

/// Judges a cancellation of a run by what there is of the run and the contract of the task that it names.
pub fn arrives(
    it: &Verified<CancellationPredicate>,
    facts: &RunFacts,
    contract: &Lookup<Verified<ContractPredicate>>,
    findings: &mut Findings,
) {
    let (says, run) = (it.predicate(), facts.run.valid());
    let mut refuse = |rule: Rule, found: String, expected: String, remedy: &str| {
        let finding = rule.finding(Subject::of_record(it.digest()).run(&facts.id));
        findings.push(finding.found(found).expected(expected).remedy(remedy));
    };
    let again = format!(
        "git awo fetch, then git awo cancel {} --reason TEXT",
        facts.id
    );
    let bound = contract
        .valid()
        .map(|it| (it.digest(), &it.predicate().contract.id));
    if bound != Some((says.contract, &says.task)) {
        let found = format!(
            "a cancellation that binds {} of {}",
            says.contract, says.task
        );
        let expected = match bound {
            Some((digest, task)) => format!("{digest} of {task}"),
            None => "the contract of its task".to_owned(),
        };
        refuse(Rule::BindsContract, found, expected, &again);
    }
    // Without a record it was made for an id that no run had: of one that was recorded since it
    // would say something else than its maker saw.
    let record = run.map(Verified::digest);
    let as_seen = says.run_record.is_none() && facts.came(it.digest()).how != How::Now;
    if says.run_record != record && !as_seen {
        let word = |it: Option<_>| {
            it.map_or("no run record".to_owned(), |it: crate::record::Sha256| {
                it.to_string()
            })
        };
        let found = format!("a cancellation that binds {}", word(says.run_record));
        refuse(Rule::BindsRunRecord, found, word(record), &again);
    }
    if let Some(run) = run
        && run.predicate().task != says.task
    {
        let found = format!("a cancellation of a run of {}", says.task);
        refuse(
            Rule::BindsTask,
            found,
            run.predicate().task.to_string(),
            &again,
        );
    }
    let own = run.is_some_and(|run| run.signer() == it.signer());
    if says.context.role != Role::Operator.word() && !own {
        let (found, remedy) = (
            format!("{} cancels as {}", it.signer(), says.context.role),
            format!("ask an operator: git awo cancel {} --reason TEXT", facts.id),
        );
        let expected = "an operator, or the orchestrator who made the run".to_owned();
        refuse(Rule::RoleHeld, found, expected, &remedy);
    }
}

/// Judges that whoever cancels a run of a task names that task, if they name one.
pub fn named(run: &RunId, task: &TaskId, given: &TaskId) -> Option<Finding> {
    let finding = Rule::BindsTask
        .finding(Subject::of_run(run))
        .found(format!("--task {given}"))
        .expected(format!("--task {task}, or none"));
    (task != given).then(|| finding.remedy(format!("git awo show {run}")))
}
