//! Gate 2: what a review by machine finds, and what it then records.

use crate::facts::run::Held;
use crate::policy::{Policy, Role};
use crate::record::{Code, Finding, Findings, IdentityName, Refusal, Rule, Subject};
use crate::records::GateStatus;

use super::life::{self, Life, State, Whose};
use super::{rerun, self_review};

/// A review that is about to be recorded.
pub struct Review<'a> {
    pub run: Held<'a>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// Who reviews.
    pub reviewer: &'a IdentityName,
    /// The life of the run so far.
    pub life: &'a Life,
    /// Whether the reviewer permits a self-approval, which is recorded.
    pub override_asked: bool,
}

/// What gate 2 records.
pub struct Judgement {
    /// How the gate ended.
    pub status: GateStatus,
    /// Why it failed; empty if it passed.
    pub findings: Findings,
    /// Whether one person orchestrated and reviewed.
    pub same_person: bool,
    /// Whether an override lets them.
    pub overridden: bool,
    /// Whether that override is new and has to be recorded.
    pub records_override: bool,
}

/// The gate cannot be recorded.
pub enum Unrecorded {
    /// A link of the chain is missing here: that proves nothing against the run, and a recorded
    /// failure would end it for good.
    NotHere(Refusal),
    /// The contract asks for determinism, and no reviewer has shown it, or one has shown the contrary.
    NotRunAgain(Refusal),
    /// The reviewer may not permit a self-approval.
    MayNotOverride(Refusal),
    /// The run is where no such result of the gate is recorded.
    OutOfTurn(Refusal),
}

impl Review<'_> {
    /// Judges the run, given the findings on its chain before gate 2.
    pub fn judge(&self, mut findings: Findings) -> Result<Judgement, Unrecorded> {
        // Of a run that has ended nothing is recorded, whatever the gate would find.
        if let (Some(turn), Some(_)) = (self.turn(State::Reviewed), self.turn(State::Failed)) {
            return Err(Unrecorded::OutOfTurn(turn.into()));
        }
        if let Some(why) = Refusal::of(findings.clone())
            && !findings.iter().any(speaks_against_the_run)
        {
            return Err(Unrecorded::NotHere(why));
        }
        let same_person = self.run.made_by(self.reviewer, self.policy);
        let recorded = self.run.overridden();
        let records_override = self.override_asked && !recorded;
        if records_override && !self.policy.may_override(self.reviewer) {
            return Err(Unrecorded::MayNotOverride(self.no_override().into()));
        }
        let overridden = recorded || self.override_asked;
        let status = if !findings.is_empty() {
            GateStatus::FailedInvariants
        } else if !same_person {
            GateStatus::ApprovedByIndependentReviewer
        } else if overridden {
            GateStatus::SelfApprovedWithOverride
        } else {
            GateStatus::FailedSelfApproval
        };
        if status == GateStatus::FailedSelfApproval {
            let remedy = self.ask_another();
            findings.push(self_review(self.run, "gate 2", self.reviewer, &remedy));
        }
        let to = match status.passed() {
            true => State::Reviewed,
            false => State::Failed,
        };
        if let Some(turn) = self.turn(to) {
            return Err(Unrecorded::OutOfTurn(Refusal::from(turn).and(findings)));
        }
        if status.passed()
            && let Some(why) = self.not_run_again()
        {
            return Err(Unrecorded::NotRunAgain(why.into()));
        }
        Ok(Judgement {
            status,
            findings,
            same_person,
            overridden,
            records_override,
        })
    }

    fn not_run_again(&self) -> Option<Finding> {
        let subject = Subject::of_run(&self.run.facts.id);
        rerun::gate_2(self.run, self.policy, None, &subject)
    }

    /// Returns the finding that the gate may not end so, where the run is.
    fn turn(&self, to: State) -> Option<Finding> {
        let facts = self.run.facts;
        let (of, subject) = (Whose::facts(facts), Subject::of_run(&facts.id));
        life::may(self.life.state(), to, of, subject)
    }

    fn no_override(&self) -> Finding {
        let roles = self.policy.roles_of(self.reviewer);
        Rule::RoleHeld
            .finding(Subject::of_run(&self.run.facts.id))
            .found(format!("{} holds {roles}", self.reviewer))
            .expected("a person whom gates.self_approval_override names")
            .remedy(self.ask_another())
    }

    fn ask_another(&self) -> String {
        let others = self.policy.holders_but(Role::Reviewer, self.reviewer);
        let run = &self.run.facts.id;
        format!("ask another reviewer ({others}) to run git awo gate {run}")
    }
}

impl Judgement {
    /// Returns the broken invariants as the independence log lists them, sorted: none if the gate
    /// failed for who reviewed.
    pub fn broken_invariants(&self) -> Vec<String> {
        if self.status != GateStatus::FailedInvariants {
            return Vec::new();
        }
        let reason = |it: &Finding| format!("{}:{}:{}", it.code, it.rule, it.found);
        let mut reasons: Vec<_> = self.findings.iter().map(reason).collect();
        reasons.sort();
        reasons
    }
}

/// Tells whether a finding is about what the run did or left behind, not about other records.
fn speaks_against_the_run(finding: &Finding) -> bool {
    let codes = [
        Code::Int001,
        Code::Int002,
        Code::Int003,
        Code::Gov003,
        Code::Gov004,
    ];
    let rules = [
        Rule::Invariants,
        Rule::SingleCommit,
        Rule::Trailers,
        Rule::EvidenceClaims,
    ];
    codes.contains(&finding.code) || rules.iter().any(|rule| finding.rule == *rule)
}
