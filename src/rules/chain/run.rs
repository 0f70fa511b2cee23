//! From the contract to the evidence: what a run rests on and leaves behind.

use std::collections::BTreeSet;

use crate::cell::Demand;
use crate::facts::case::CommitCase;
use crate::facts::post_work::{Head, Waivers};
use crate::policy::Verified;
use crate::record::{
    DecisionId, Finding, Findings, IdentityName, Rule, Sha256, Subject, Timestamp, sentence,
};
use crate::records::{ApprovalPredicate, Approves, Binding, ContractPredicate, Kind, OpenedBy};

use super::links::Links;
use crate::rules::{
    actors, cell, execution, opening as opens, post_work, rerun, revocation, skeleton, waiver, work,
};

impl<'a> Links<'a> {
    /// Judges what the run rests on and leaves behind.
    pub(super) fn run_binds(&mut self) {
        self.inventory();
        if let Some(contract) = self.link("contract", Rule::Contract, &self.facts.contract) {
            let says = &contract.predicate().contract;
            let things = [
                (Rule::BindsContract, Binding::Contract(contract.digest())),
                (Rule::BindsTask, Binding::Task(says.id.clone())),
                (Rule::BindsRef, Binding::Reference(says.target_ref.clone())),
            ];
            self.binds(self.run.says(), &things);
            if let Some(admission) = &self.facts.admission {
                let finding = execution::admitted(says, admission, &self.subject);
                self.findings.extend(finding);
            }
            if let Some(cells) = self.facts.cells {
                let found = cell::terms(says, cells, &self.subject);
                self.findings.extend(found);
            }
            self.task_approvals(contract);
            let waivers = self.work(contract);
            self.post_work(contract, &waivers);
        }
        self.evidence();
    }

    /// What the run of a work packet changed is what was planned before it.
    fn post_work(&mut self, contract: &Verified<ContractPredicate>, waivers: &Waivers) {
        let Some(facts) = &self.facts.post_work else {
            return;
        };
        let (run, says) = (self.run, self.run.says());
        let unplanned =
            |found: &str, subject: Subject| post_work::unplanned(found, &says.task, subject);
        let Some(plan) = &facts.plan else {
            let finding = unplanned("a run that names no pre-work", self.subject.clone());
            self.findings.push(finding);
            return;
        };
        let Some(plan) = self.link("pre-work", Rule::PreWorkFirst, plan) else {
            return;
        };
        if !facts.came_before {
            let found = "a pre-work that came with the run, or after it";
            self.findings.push(unplanned(found, self.subject.clone()));
        }
        let things = [
            (Rule::BindsTask, Binding::Task(says.task.clone())),
            (Rule::BindsContract, Binding::Contract(says.contract)),
            (Rule::BindsBase, Binding::Base(says.base)),
        ];
        self.binds(plan.predicate(), &things);
        if plan.signer() != run.orchestrator() {
            let (planned, ran) = (plan.signer(), run.orchestrator());
            let found = format!("pre-work signed by {planned}, run record by {ran}");
            self.push(
                Rule::OneOrchestrator,
                found,
                "one person",
                self.again(Kind::Run),
            );
        }
        let head = Head {
            contract: &contract.predicate().contract,
            digest: contract.digest(),
            pre_work: Some(plan.digest()),
            base: says.base,
            tree: says.tree,
            operator: run.orchestrator(),
            spec: facts.spec.as_ref(),
        };
        let found = post_work::arrived(facts, plan.predicate(), &head, waivers, &self.subject);
        self.findings.extend(found);
    }

    /// What the run of a work packet rests on. Returns the waivers that hold.
    fn work(&mut self, contract: &Verified<ContractPredicate>) -> Waivers {
        let named = self.run.says().work.clone().unwrap_or_default();
        let again = self.again(Kind::Run);
        let Some(facts) = &self.facts.work else {
            let asks = contract.predicate().contract.asks_for_work();
            if self.run.says().work.is_some() && !asks {
                let found = "a run that names what a work packet rests on";
                self.push(Rule::BindsContract, found, "no work packet", again);
            }
            return Waivers::default();
        };
        let (says, digest) = (&contract.predicate().contract, contract.digest());
        let mut findings = Findings::new();
        if facts.comes_now && self.run.says().work.is_none() {
            let found = "a run that does not say what it rests on";
            let expected = "the decisions on its work packet, or that there are none";
            self.push(Rule::BindsDecision, found, expected, &again);
        }
        if let Some(skeleton) = &facts.skeleton
            && (facts.comes_now || named.skeleton.is_some())
        {
            let contract = (says, digest);
            skeleton::run(
                contract,
                skeleton,
                self.policy,
                &self.subject,
                &mut findings,
            );
        }
        if facts.comes_now {
            let took = actors::Took {
                orchestrator: self.run.orchestrator(),
                models: &facts.models,
                notes: &facts.notes,
            };
            actors::actors(says, &took, self.policy, &self.subject, &mut findings);
        }
        if !named.waivers.is_sorted_by(|a, b| a < b) {
            let found = "waivers out of order";
            self.push(Rule::BindsDecision, found, "each once, sorted", &again);
        }
        let mut waived = Vec::new();
        for it in &facts.waivers {
            let (of, subject) = ((&says.id, digest), &self.subject);
            let holds = waiver::holds(it, of, &facts.makers, self.policy, subject, &mut findings);
            waived.extend(holds);
        }
        for id in &facts.unmarked {
            let found = format!("{id} does not list the run");
            self.push(Rule::SpentMarker, found, "the marker", &again);
        }
        let names = named.refinement.is_some() || named.scope_change.is_some();
        let ready = match &facts.packet {
            Some(packet) if facts.comes_now || names => {
                work::ready(says, packet, &self.subject, &mut findings)
            }
            _ => work::Ready::default(),
        };
        let counts = [
            ("refinement", named.refinement, ready.refinement),
            ("change of scope", named.scope_change, ready.scope_change),
        ];
        for (what, named, counts) in counts {
            if named != counts && findings.is_empty() && (facts.comes_now || names) {
                let word =
                    |it: Option<DecisionId>| it.map_or("none".to_owned(), |it| it.to_string());
                let found = format!("{} for the {what}", word(named));
                self.push(Rule::BindsDecision, found, word(counts), &again);
            }
        }
        self.findings.extend(findings);
        // Patterns that cannot be read are found above.
        Waivers::of(waived).unwrap_or_default()
    }

    pub(super) fn run_binds_commit(
        &mut self,
        case: &CommitCase<'_>,
        person: Option<&IdentityName>,
    ) {
        let (says, commit) = (self.run.says(), case.commit);
        let mut things = vec![
            (Rule::BindsCommit, Binding::Commit(commit.id)),
            (Rule::BindsTree, Binding::Tree(commit.tree)),
            (
                Rule::BindsRef,
                Binding::Reference(case.rules.reference().clone()),
            ),
            (Rule::BindsRun, Binding::Run(self.facts.id.clone())),
        ];
        if let [parent] = commit.parents.as_slice() {
            things.push((Rule::BindsBase, Binding::Base(*parent)));
        } else {
            let found = format!("{} parents", commit.parents.len());
            let expected = "exactly one commit on its base";
            let again = self.again(Kind::Run);
            self.push(Rule::SingleCommit, found, expected, again);
        }
        self.binds(says, &things);
        let trailers = commit.trailers();
        for (key, expected) in [
            ("AWO-Task", says.task.to_string()),
            ("AWO-Root", says.root.to_string()),
        ] {
            let own = trailers.iter().filter(|it| it.0.eq_ignore_ascii_case(key));
            let values: Vec<_> = own.map(|(_, value)| value).collect();
            match values.as_slice() {
                [value] if **value == expected => {}
                [value] => {
                    let found = format!("the trailer {key} binds {value}");
                    self.push(Rule::BindsTrailers, found, expected, self.again(Kind::Run));
                }
                _ => {
                    let found = format!("{} trailers {key}", values.len());
                    self.push(Rule::Trailers, found, "one", self.again(Kind::Run));
                }
            }
        }
        let signer = self.run.orchestrator();
        if let Some(person) = person.filter(|it| *it != signer) {
            let found = format!("commit signed by {person}, run record by {signer}");
            let again = self.again(Kind::Run);
            self.push(Rule::OneOrchestrator, found, "one person", again);
        }
    }

    /// Approvals of the task: each one that the run spends must exist, bind and be of use once.
    fn task_approvals(&mut self, contract: &Verified<ContractPredicate>) {
        let (facts, says) = (self.facts, self.run.says());
        let mut persons = BTreeSet::new();
        let again = self.again(Kind::Run);
        let decision = self.gate_1(contract, &mut persons);
        for digest in &says.approvals {
            if decision == Some(*digest) {
                self.spent(*digest);
                continue;
            }
            let mut approvals = facts.task_approvals.iter();
            let Some(approval) = approvals.find(|it| it.digest() == *digest) else {
                let expected = "the approval that the run spends";
                self.push(
                    Rule::TaskApproved,
                    format!("no approval {digest}"),
                    expected,
                    &again,
                );
                continue;
            };
            if facts.is_withdrawn(*digest) {
                self.findings.push(revocation::used(*digest, &again));
            } else if self.task_approval(contract, approval) {
                persons.insert(approval.signer());
            }
            self.spent(*digest);
        }
        let needed = self.demanded(Some(self.run.record.digest())).of_task;
        if persons.len() < needed {
            let found = format!("approved by {} persons", persons.len());
            let expected = format!("{needed} distinct operators");
            self.push(Rule::TaskApproved, found, expected, &again);
        }
    }

    /// An approval, or a decision that counts as one, is spent by this run and no other.
    fn spent(&mut self, digest: Sha256) {
        let (facts, again) = (self.facts, self.again(Kind::Run));
        match facts.spent.get(&digest) {
            Some(Some(spender)) if *spender == facts.id => {}
            Some(Some(spender)) => {
                let found = format!("{digest} was spent by {spender}");
                self.push(Rule::OneApprovalOneRun, found, "an unused approval", again);
            }
            _ => {
                let found = format!("{digest} is not marked as spent");
                self.push(Rule::SpentMarker, found, "the marker", again);
            }
        }
    }

    /// The decision that opened gate 1 counts as one approval, by whoever decided. Returns its digest.
    fn gate_1(
        &mut self,
        contract: &Verified<ContractPredicate>,
        persons: &mut BTreeSet<&'a IdentityName>,
    ) -> Option<Sha256> {
        let (facts, says) = (self.facts, self.run.says());
        let named = says.gate1.as_ref()?;
        let (found, again) = (facts.gate1.as_ref()?, self.again(Kind::Run));
        let opening = self.link("decision", Rule::TaskApproved, found)?;
        let (decision, digest) = (opening.decision.predicate(), opening.decision.digest());
        let own = OpenedBy::of(decision);
        if *named != own {
            let found = format!("what the run record says of {}", named.decision_id);
            self.push(Rule::BindsGate1, found, "what the decision says", &again);
        }
        if !says.approvals.contains(&digest) {
            let found = format!("a run that does not spend {}", named.decision_id);
            self.push(Rule::BindsGate1, found, digest, &again);
        }
        let subject = self.subject.clone();
        let base = Some(says.base);
        opens::gate_1(opening, contract, base, &subject, &mut self.findings);
        // Where it opens nothing, its own findings say why: that an approval is missing as well would
        // sound as if it could never count, also under a policy that is LOCKED for a day.
        persons.insert(opening.decision.signer());
        Some(digest)
    }

    fn task_approval(
        &mut self,
        contract: &Verified<ContractPredicate>,
        approval: &Verified<ApprovalPredicate>,
    ) -> bool {
        let (run, says) = (self.run.says(), approval.predicate());
        let again = self.again(Kind::Run);
        let before = self.findings.len();
        if says.approves != Approves::Task {
            self.push(
                Rule::ApprovesTask,
                "approves a run",
                "approves a task",
                &again,
            );
        }
        if says.base.is_none() {
            self.push(
                Rule::BindsBase,
                "no base commit",
                run.base,
                self.again(Kind::Run),
            );
        }
        let things = [
            (Rule::BindsContract, Binding::Contract(contract.digest())),
            (Rule::BindsTask, Binding::Task(run.task.clone())),
            (Rule::BindsBase, Binding::Base(run.base)),
        ];
        self.binds(says, &things);
        let expected = contract.predicate().contract.approval_sentence.as_str();
        let given = says.sentence.as_deref().unwrap_or_default();
        if let Err(mismatch) = sentence::compare(expected, given.as_bytes()) {
            self.push(
                Rule::ExactSentence,
                mismatch,
                format!("{expected:?}"),
                &again,
            );
        }
        self.unexpired(approval, self.facts.time);
        self.findings.len() == before
    }

    fn unexpired(&mut self, approval: &Verified<ApprovalPredicate>, time: Timestamp) {
        let says = approval.predicate();
        if says.expires <= time {
            let (signer, expires) = (approval.signer(), says.expires);
            let found = format!("the approval of {signer} expired at {expires}");
            let again = self.again(Kind::Run);
            self.push(
                Rule::ApprovalUnexpired,
                found,
                format!("one valid at {time}"),
                again,
            );
        }
    }

    /// Where layers of a cell are demanded, a reviewer may have run the command again in one. Of a run that was
    /// accepted before, only the orchestrator is asked.
    fn not_run_again(&self) -> Option<String> {
        let (run, record) = (self.run, self.run.record.digest());
        let demand = self.facts.demand().filter(|it| *it != Demand::BestEffort);
        let (Some(reruns), Some(demand)) = (&self.facts.reruns, demand) else {
            return Some("only where layers are demanded, a reviewer may run it again".to_owned());
        };
        let is_new = self.focus.is_some_and(|it| it.contains(&record));
        let is_own = |person: &IdentityName| run.is_own(person, self.policy, is_new);
        let lacks = rerun::in_a_cell(reruns, demand, (run.says().tree, &is_own), Some(record));
        lacks.map(rerun::Lacks::why)
    }

    fn evidence(&mut self) {
        let facts = self.facts;
        let Some(evidence) = self.link("evidence", Rule::Evidence, &facts.evidence) else {
            return;
        };
        for finding in evidence.findings.iter() {
            let path = finding.subject.path.clone();
            let subject = Subject {
                path,
                ..self.subject.clone()
            };
            self.findings.push(Finding {
                subject,
                ..finding.clone()
            });
        }
        if let Some(reason) = &evidence.unconfined
            && let Some(why) = self.not_run_again()
        {
            let expected =
                "the invariants of a run directory, or a reviewer who ran it again in a cell";
            let again = self.again(Kind::Run);
            self.push(
                Rule::Invariants,
                format!("{reason}; {why}"),
                expected,
                again,
            );
        }
        let root = self.run.says().root;
        if evidence.root != root {
            self.push(
                Rule::EvidenceRoot,
                evidence.root,
                root,
                self.again(Kind::Run),
            );
        }
        for reason in &evidence.reasons {
            let expected = "the invariants of a run directory";
            self.push(Rule::Invariants, reason, expected, self.again(Kind::Run));
        }
    }
}
