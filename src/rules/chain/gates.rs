//! Gate 2 (independence) and gate 3 (audit).

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::demanded::Demanded;
use crate::facts::run::Held;
use crate::policy::{Policy, Role, Verified};
use crate::record::path::quote;
use crate::record::{Finding, IdentityName, Rule, Sha256, Subject, Timestamp};
use crate::records::{ApprovalPredicate, Approves, GateStatus, IndependencePredicate};

use super::links::{Links, of_record};
use crate::rules::{remedy, rerun};

/// Returns the finding that one person made a run, or a part of it, and reviewed it.
pub fn self_review(run: Held<'_>, what: &str, person: &IdentityName, remedy: &str) -> Finding {
    let found = match person == run.orchestrator() {
        true => format!("{what}: {person} orchestrated and reviewed"),
        false => {
            format!("{what}: the commit names {person}, who reviewed it, among those who made it")
        }
    };
    Rule::IndependentReviewer
        .finding(Subject::of_run(&run.facts.id))
        .found(found)
        .expected("another person")
        .remedy(remedy)
}

/// Returns the finding that a model approves a run of a risk tier whose runs persons approve.
pub fn by_model(run: Held<'_>, model: &IdentityName, policy: &Policy) -> Finding {
    let id = &run.facts.id;
    let reviewers = policy.people_who(&[Role::Reviewer]);
    let reviewers: Vec<_> = reviewers.map(IdentityName::as_str).collect();
    let who = match reviewers.is_empty() {
        true => "the policy names none".to_owned(),
        false => reviewers.join(", "),
    };
    let tier = run.facts.contract_says();
    let tier = tier.and_then(|it| it.risk_tier.as_deref());
    let tier = tier.map_or("unknown".to_owned(), |it| quote(it.as_bytes()).to_string());
    Rule::ModelReviewer
        .finding(Subject::of_run(id))
        .found(format!("gate 3: {model} is a model"))
        .expected(format!("a person: the risk tier is {tier}"))
        .remedy(format!(
            "ask a reviewer who is no model ({who}) to run git awo approve {id}"
        ))
}

impl Links<'_> {
    /// Gate 2: at least one log that passes, by another person or under a recorded override.
    pub(super) fn independence(&mut self) {
        let facts = self.facts;
        let mut vetoes = Vec::new();
        // One that comes after the finalization is out of turn, and vetoes nothing.
        let finalized = facts.finalization.valid().map(Verified::digest);
        let too_late = self
            .focus
            .zip(finalized)
            .is_some_and(|(focus, digest)| !focus.contains(&digest));
        for log in &facts.independence {
            let holds = self.item(log.digest(), |links| links.log_holds(log));
            let status = log.predicate().status;
            if holds && status.passed() {
                self.reviews.passed.insert(log.digest());
            }
            if holds && status == GateStatus::FailedInvariants && !too_late {
                vetoes.push(log);
            }
        }
        let failed =
            |status| move |it: &Verified<IndependencePredicate>| it.predicate().status == status;
        // A reviewer who found a broken invariant is not outvoted: no later gate follows. What
        // arrives together with the log, or came before it, was in its order.
        if let Some(log) = vetoes.first() {
            let says = log.predicate();
            let reasons = says.invariants_reasons.join(", ");
            let found = format!("{}: {reasons}", says.status.word());
            self.gap(
                Rule::Gate2,
                found,
                "a run whose invariants hold",
                remedy::run_again(&self.run.says().task),
            );
            let in_focus = |digest: Sha256| self.focus.is_some_and(|it| it.contains(&digest));
            if !vetoes.iter().all(|it| in_focus(it.digest())) {
                self.reviews.passed.clear();
            }
        } else if self.reviews.passed.is_empty()
            && facts
                .independence
                .iter()
                .any(failed(GateStatus::FailedSelfApproval))
            && self.focus.is_none()
        {
            self.self_approved("gate 2", self.run.orchestrator());
        } else if facts.independence.is_empty() {
            let remedy = self.git_awo("gate");
            self.gap(Rule::Gate2, "no independence log", "gate 2 passed", remedy);
        }
    }

    fn log_holds(&mut self, log: &Verified<IndependencePredicate>) {
        let says = log.predicate();
        let (orchestrator, reviewer) = (self.run.orchestrator(), log.signer());
        let again = self.git_awo("gate");
        self.binds_run(says);
        // The names are recomputed from the keys: a log cannot make two persons out of one.
        if &says.orchestrator != orchestrator || &says.reviewer != reviewer {
            let persons = |orchestrator, reviewer| {
                format!("orchestrator {orchestrator}, reviewer {reviewer}")
            };
            let found = persons(&says.orchestrator, &says.reviewer);
            let expected = persons(orchestrator, reviewer);
            self.push(Rule::IndependencePersons, found, expected, &again);
        }
        // Who fails a run for its invariants names them, and the root may be another one: of the
        // files as the reviewer found them.
        let broken = !says.invariants_ok && !says.invariants_reasons.is_empty();
        let own = self.run.made_by(reviewer, self.policy);
        let same = self.is_own(log);
        let consistent = match says.status {
            GateStatus::FailedInvariants => broken,
            GateStatus::FailedSelfApproval => says.invariants_ok && own,
            _ => true,
        };
        let word = says.status.word();
        if !consistent {
            let expected = "a status that follows from what the log says";
            self.push(
                Rule::Gate2Status,
                format!("{word} for no reason"),
                expected,
                &again,
            );
        }
        if !says.status.passed() {
            return;
        }
        if !says.invariants_ok || !says.invariants_reasons.is_empty() {
            let found = "a passing log with broken invariants";
            self.push(Rule::Gate2, found, "none broken", &again);
        }
        let expected = match same {
            true => GateStatus::SelfApprovedWithOverride,
            false => GateStatus::ApprovedByIndependentReviewer,
        };
        let permitted = own && says.status == GateStatus::SelfApprovedWithOverride;
        let of = (log.digest(), self.is_new(log.digest()));
        let finding = rerun::gate_2(self.run, self.policy, Some(of), &self.subject);
        self.findings.extend(finding);
        if !self.may_review(log) {
            self.self_approved("gate 2", reviewer);
        } else if says.status != expected && !permitted {
            self.push(Rule::Gate2Status, word, expected.word(), &again);
        }
        // AWO's flag has exactly two spellings; "1" only where an override is recorded.
        let (flag, overridden) = (says.allow_self_approval.as_str(), self.run.overridden());
        if flag != "0" && !(flag == "1" && overridden) {
            let expected = match overridden {
                true => r#""0" or "1""#,
                false => r#""0""#,
            };
            let found = format!("allow_self_approval={flag:?}");
            self.push(Rule::SelfApprovalRecorded, found, expected, &again);
        }
    }

    /// Tells whether whoever signed a review may review: another person than the orchestrator and
    /// those whom the commit names, or as a recorded override permits. Of a review that was accepted
    /// before, only the orchestrator is asked.
    pub(super) fn may_review<P>(&self, review: &Verified<P>) -> bool {
        !self.is_own(review) || self.run.overridden()
    }

    fn is_own<P>(&self, review: &Verified<P>) -> bool {
        let is_new = self.is_new(review.digest());
        self.run.is_own(review.signer(), self.policy, is_new)
    }

    fn is_new(&self, review: Sha256) -> bool {
        self.facts.new_reviews.contains(&review)
    }

    pub(super) fn self_approved(&mut self, gate: &str, reviewer: &IdentityName) {
        let who = self.policy.holders_but(Role::Reviewer, reviewer);
        let remedy = format!(
            "ask another reviewer ({who}) to run git awo gate {}",
            self.facts.id
        );
        let finding = self_review(self.run, gate, reviewer, &remedy);
        self.findings.push(of_record(&finding, &self.subject));
    }

    /// Gate 3: enough distinct reviewers, each after a gate 2 that passed. An approval that was
    /// withdrawn or has expired is history: it counts for nothing, and speaks against nothing.
    pub(super) fn audit_approvals(&mut self) {
        let facts = self.facts;
        let upheld = |it: &&Verified<_>| !facts.is_withdrawn(it.digest());
        // One that an attestation counted before it was withdrawn must have held then.
        let counted = |it: &&Verified<_>| {
            let before = facts.revoked.get(&it.digest());
            before.is_none_or(|before| !before.is_empty())
        };
        for approval in facts.audit_approvals.iter().filter(counted) {
            if self.item(approval.digest(), |links| links.audit_approval(approval)) {
                let until = approval.predicate().expires;
                let sound = (until, approval.signer().clone());
                self.sound.insert(approval.digest(), sound);
            }
        }
        // By this policy, whatever a finalization had to count when it came: a run that has not landed
        // meets a stricter one by further approvals.
        let demanded = self.demanded(None);
        let valid = self.approved_at(facts.audited).into_iter();
        let (approved, models): (BTreeSet<_>, BTreeSet<_>) =
            valid.partition(|(it, _)| self.counts(*it, demanded));
        self.reviews.approved = approved;
        let approved = self.reviews.approved.iter();
        let persons: BTreeSet<_> = approved.map(|(_, person)| person.clone()).collect();
        let needed = demanded.of_run;
        self.reviews.suffices = persons.len() >= needed;
        if persons.len() < needed {
            self.expired_but_for(&persons, demanded);
            let withdrawn = facts.audit_approvals.iter().filter(|it| !upheld(it));
            let withdrawn: BTreeSet<_> = withdrawn.map(|it| it.signer().as_str()).collect();
            let mut found = format!("approved by {} persons", persons.len());
            if !withdrawn.is_empty() {
                let who = Vec::from_iter(withdrawn).join(", ");
                found.push_str(&format!("; withdrawn by {who}"));
            }
            if !models.is_empty() {
                found.push_str("; models do not count for its risk tier");
            }
            let expected = format!("{needed} distinct reviewers");
            self.gap(Rule::RunApproved, found, expected, self.git_awo("approve"));
        }
    }

    fn audit_approval(&mut self, approval: &Verified<ApprovalPredicate>) {
        let (says, signer) = (approval.predicate(), approval.signer());
        if says.approves != Approves::Audit {
            let again = self.git_awo("approve");
            self.push(
                Rule::ApprovesRun,
                "approves a task",
                "approves a run",
                again,
            );
            return;
        }
        self.binds_run(says);
        for (rule, missing) in [
            (Rule::BindsRun, says.run.is_none()),
            (Rule::BindsCommit, says.commit.is_none()),
            (Rule::BindsRoot, says.root.is_none()),
        ] {
            if missing {
                let expected = "run, commit and root of a run";
                let remedy = self.git_awo("chain");
                self.push(rule, "the approval binds nothing", expected, remedy);
            }
        }
        let passed = |digest| self.reviews.passed.contains(&digest);
        if !says.independence.is_some_and(passed) {
            let found = "an approval that follows no passed gate 2";
            self.push(
                Rule::GateOrder,
                found,
                "gate 2, then gate 3",
                self.git_awo("gate"),
            );
        }
        if !self.may_review(approval) {
            self.self_approved("gate 3", signer);
        }
        if self.facts.by_models.get(&approval.digest()) == Some(&false) {
            let finding = by_model(self.run, signer, self.policy);
            self.findings.push(of_record(&finding, &self.subject));
        }
    }

    /// Tells whether an approval that holds counts: one by a model may not.
    pub(super) fn counts(&self, approval: Sha256, demanded: Demanded) -> bool {
        demanded.models || !self.facts.by_models.contains_key(&approval)
    }

    /// Returns the audit approvals that hold, are upheld and have not expired at a time, and by whom.
    fn approved_at(&self, time: Timestamp) -> BTreeSet<(Sha256, IdentityName)> {
        let upheld = self
            .sound
            .iter()
            .filter(|(it, _)| !self.facts.is_withdrawn(**it));
        let valid = upheld.filter(|(_, (until, _))| *until > time);
        valid
            .map(|(digest, (_, person))| (*digest, person.clone()))
            .collect()
    }

    /// Reports the last approval of each person but these: it has expired.
    fn expired_but_for(&mut self, persons: &BTreeSet<IdentityName>, demanded: Demanded) {
        let mut last = BTreeMap::new();
        let upheld = self
            .sound
            .iter()
            .filter(|(it, _)| !self.facts.is_withdrawn(**it));
        let counted = upheld.filter(|(it, _)| self.counts(**it, demanded));
        for (_, (until, person)) in counted.filter(|(_, (_, it))| !persons.contains(it)) {
            let newest = last.entry(person.clone()).or_insert(*until);
            *newest = (*newest).max(*until);
        }
        let time = self.facts.audited;
        for (person, until) in last {
            let found = format!("the approval of {person} expired at {until}");
            let expected = format!("one valid at {time}");
            let again = self.git_awo("approve");
            self.gap(Rule::ApprovalUnexpired, found, expected, again);
        }
    }
}
