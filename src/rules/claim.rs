//! Claims: who works on a task holds a lease on it, and no two leases are for the same paths.

use std::collections::BTreeSet;

use crate::facts::leases::{LeaseFacts, Live, Opened};
use crate::policy::pattern::may_overlap;
use crate::policy::{Policy, Role, Verified};
use crate::record::{Finding, Findings, IdentityName, Rule, Subject, TaskId, Timestamp};
use crate::records::ContractPredicate;

use super::execution::{self, Spendable};
use super::opening;

/// Judges a lease that arrived.
pub fn lease(facts: &LeaseFacts<'_>, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    // One that is given up before the server had it stands in nobody's way.
    let Some((policy, time)) = facts.accepted.filter(|_| !facts.has_ended) else {
        return findings;
    };
    let (says, signer) = (facts.lease.predicate(), facts.lease.signer());
    let task = &says.task;
    let mut refuse = |rule: Rule, found: String, expected: String, remedy: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(remedy));
    };
    let hours = policy.document().claims.max_hours;
    let claim = format!("git awo claim {task} --hours {hours}");
    if policy.people_who(&[Role::Server]).next().is_none() {
        let found = "a policy without a server key".to_owned();
        let expected = "a server that keeps a receive log, by whose time leases end".to_owned();
        let remedy = "git awo policy propose FILE, with a server key".to_owned();
        refuse(Rule::ClaimNeedsLog, found, expected, remedy);
    }
    if says.expires > time.plus_hours(hours) {
        let found = format!("it ends at {}", says.expires);
        let expected = format!("at most {hours} hours after {time}, the server's time");
        refuse(
            Rule::ClaimHours,
            found,
            expected,
            format!("git awo claim {task} --hours 1"),
        );
    }
    if facts.comes_now {
        if says.expires <= time {
            let found = format!("it ended at {}", says.expires);
            let expected = format!("an end after {time}, the server's time");
            refuse(Rule::ClaimLive, found, expected, claim.clone());
        }
        match facts.contract.valid() {
            Some(contract) if contract.digest() == says.contract => {}
            found => {
                let found = found.map_or("no contract".to_owned(), |it| it.digest().to_string());
                let remedy = "git awo fetch".to_owned();
                refuse(
                    Rule::BindsContract,
                    says.contract.to_string(),
                    found,
                    remedy,
                );
            }
        }
        if let Some(later) = &facts.superseded_by {
            let expected = "the last version of the packet".to_owned();
            let remedy = format!("git awo claim {later}");
            refuse(
                Rule::VersionSuperseded,
                format!("{later} follows {task}"),
                expected,
                remedy,
            );
        }
        let needed = (policy.document().gates.task_approvals as usize).max(1);
        let contract = facts.contract.valid();
        let approved = contract.map_or(0, |it| approvers(it, &facts.opened, policy, time));
        if approved < needed {
            let found = format!("approved by {approved} persons for a run to come");
            let remedy = format!("git awo approve {task}");
            refuse(
                Rule::ClaimApproved,
                found,
                format!("{needed} distinct persons"),
                remedy,
            );
        }
    }
    renewal(facts, signer, &claim, &mut refuse);
    let own = facts.live.iter().filter(|it| it.holder == *signer);
    let own = own.filter(|it| !is_prolonged(it, facts)).count();
    let most = policy.document().claims.per_identity as usize;
    if own >= most {
        let found = format!("{signer} holds {own} others");
        let remedy = "git awo unclaim TASK".to_owned();
        refuse(
            Rule::ClaimNumber,
            found,
            format!("at most {most} at a time"),
            remedy,
        );
    }
    let paths = facts
        .contract
        .valid()
        .map(|it| &it.predicate().contract.allowed_paths);
    for other in &facts.live {
        let alike = match (paths, &other.paths) {
            (Some(own), Some(theirs)) => may_overlap(own, theirs),
            // What cannot be compared may be the same.
            _ => true,
        };
        if alike || other.task == *task {
            findings.push(held(other, task, subject));
        }
    }
    findings
}

/// Returns how many persons have approved a task for a run that is still to come, by the rules of the execution
/// gate but for the base: a decision that opens gate 1 counts as one.
pub(super) fn approvers(
    contract: &Verified<ContractPredicate>,
    opened: &Opened,
    policy: &Policy,
    now: Timestamp,
) -> usize {
    let mut persons = BTreeSet::new();
    for (approval, revoked, spent) in &opened.approvals {
        let spendable = Spendable {
            approval,
            contract,
            base: None,
            behind: None,
            policy,
            now,
            revoked: *revoked,
            spent_by: spent.as_ref().map(ToString::to_string),
        };
        let mut refused = Findings::new();
        execution::spendable(&spendable, &mut refused);
        if refused.is_empty() {
            persons.insert(approval.signer());
        }
    }
    for (it, spent) in &opened.decisions {
        let subject = Subject::of_record(it.decision.digest());
        let mut refused = Findings::new();
        if opening::gate_1(it, contract, None, &subject, &mut refused) && spent.is_none() {
            persons.insert(it.decision.signer());
        }
    }
    persons.len()
}

/// Tells whether a lease is prolonged by another one that is live: both are one claim.
fn is_prolonged(lease: &Live, facts: &LeaseFacts<'_>) -> bool {
    facts.live.iter().any(|it| it.renews == Some(lease.record))
}

/// A lease is prolonged once, by its holder, while it is live.
fn renewal(
    facts: &LeaseFacts<'_>,
    signer: &IdentityName,
    claim: &str,
    refuse: &mut impl FnMut(Rule, String, String, String),
) {
    let says = facts.lease.predicate();
    let Some(renews) = says.renews else {
        return;
    };
    let expected = "an own lease on the same task that is live and prolongs none".to_owned();
    let found = match &facts.renewed {
        None => format!("{renews} is not live"),
        Some(it) if it.holder != *signer => format!("{renews} is held by {}", it.holder),
        Some(it) if it.task != says.task => format!("{renews} is on {}", it.task),
        Some(it) if it.renews.is_some() => format!("{renews} prolongs another one already"),
        Some(_) => return,
    };
    let remedy = format!("when it has ended: {claim}");
    refuse(Rule::ClaimRenewed, found, expected, remedy);
}

/// Returns the finding that a live lease is for the same paths.
fn held(other: &Live, task: &TaskId, subject: &Subject) -> Finding {
    let (holder, held) = (&other.holder, &other.task);
    let finding = Rule::ClaimAlone.finding(subject.clone());
    let finding = finding.found(format!("{holder} holds {held} until {}", other.expires));
    let finding = finding.expected(format!("no other lease on the paths of {task}"));
    finding.remedy(format!(
        "wait, or ask {holder} or an operator to run git awo unclaim {held} --reason TEXT"
    ))
}

/// Judges that somebody holds the lease on a task at a time, where the policy names who keeps a receive log:
/// elsewhere there are no leases.
pub fn holds(
    policy: &Policy,
    live: &[Live],
    (task, person): (&TaskId, &IdentityName),
    time: Timestamp,
    subject: &Subject,
) -> Option<Finding> {
    policy.people_who(&[Role::Server]).next()?;
    let mut on_task = live.iter().filter(|it| it.task == *task);
    if on_task.clone().any(|it| it.holder == *person) {
        return None;
    }
    let found = match on_task.next() {
        Some(other) => format!("{} holds {task} until {}", other.holder, other.expires),
        None => format!("nobody holds {task} at {time}"),
    };
    let finding = Rule::ClaimHeld.finding(subject.clone()).found(found);
    let finding = finding.expected(format!("a lease of {person}"));
    Some(finding.remedy(format!("git awo claim {task}, then git awo push")))
}

/// Returns the finding that a lease is somebody else's.
pub fn of_another(other: &Live, person: &IdentityName) -> Finding {
    let (holder, held) = (&other.holder, &other.task);
    let finding = Rule::RevocationOwn.finding(Subject::of_record(other.record));
    let finding = finding.found(format!(
        "{holder} holds {held}, and {person} is no operator"
    ));
    finding.expected("an own lease").remedy(format!(
        "ask {holder} or an operator to run git awo unclaim {held} --reason TEXT"
    ))
}
