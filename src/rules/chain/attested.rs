//! Attestation and finalization.

use std::collections::BTreeSet;

use crate::facts::run::Lookup;
use crate::policy::Verified;
use crate::record::{IdentityName, Rule, Sha256, Timestamp};
use crate::records::{AttestationPredicate, FinalizationPredicate};

use super::links::Links;
use crate::rules::revocation;

impl Links<'_> {
    /// One that counts an approval that has expired or was withdrawn is history: another one takes
    /// its place. As it arrives it is judged by the time of that.
    pub(super) fn attestation(&mut self) {
        let facts = self.facts;
        let (history, current): (Vec<_>, Vec<_>) = facts
            .attestations
            .iter()
            .partition(|it| self.is_history(it));
        for attestation in current {
            self.attests(attestation, facts.audited);
        }
        for attestation in history {
            let arrived = facts.attested.get(&attestation.digest());
            if self.focus.is_some() {
                self.attests(attestation, *arrived.unwrap_or(&facts.audited));
            } else if self.reviews.attested.is_empty() {
                self.attests(attestation, facts.audited);
            }
        }
        if facts.attestations.is_empty() {
            let remedy = self.git_awo("attest");
            self.gap(
                Rule::Attestation,
                "no attestation",
                "an attestation",
                remedy,
            );
        }
    }

    fn is_history(&self, attestation: &Verified<AttestationPredicate>) -> bool {
        let says = attestation.predicate();
        let withdrawn = |it: &Sha256| self.facts.is_withdrawn(*it);
        says.expires <= self.facts.audited || says.approvals.iter().any(withdrawn)
    }

    /// Judges an attestation by the approvals that are valid at a time. It counts if they still are.
    fn attests(&mut self, attestation: &Verified<AttestationPredicate>, time: Timestamp) {
        let digest = attestation.digest();
        let holds = self.item(digest, |links| links.attestation_holds(attestation, time));
        if holds && !self.is_history(attestation) {
            self.reviews.attested.insert(digest);
        }
    }

    fn attestation_holds(&mut self, attestation: &Verified<AttestationPredicate>, time: Timestamp) {
        let (says, signer) = (attestation.predicate(), attestation.signer());
        self.binds_run(says);
        self.binds_gate_1("attestation", &says.gate1, "attest");
        self.binds_gate_2(says.independence);
        if self.reviews.passed.is_empty() {
            let found = "an attestation that follows no passed gate 2";
            let expected = "gate 2, gate 3, then the attestation";
            self.push(Rule::GateOrder, found, expected, self.git_awo("gate"));
        }
        let by = ("the attestation", attestation.digest());
        self.binds_approvals(by, &says.approvals, time);
        let first = self.facts.first_expiry(&says.approvals);
        if let Some(first) = first.filter(|first| *first != says.expires) {
            let found = format!("the attestation expires at {}", says.expires);
            let expected = format!("{first}, as the first of its approvals");
            let remedy = self.git_awo("attest");
            self.push(Rule::BindsApprovals, found, expected, remedy);
        }
        let (reviewer, digest) = (&says.reviewer, says.reviewer_sha256);
        if reviewer != signer || digest != Sha256::of(reviewer.as_str().as_bytes()) {
            let found = format!("reviewer {reviewer} ({digest})");
            let remedy = self.git_awo("attest");
            self.push(Rule::AttestationReviewer, found, signer, remedy);
        }
        if !self.may_review(attestation) {
            self.self_approved("attestation", signer);
        }
    }

    /// Judges that a review binds approvals that hold and are valid at a time, by as many persons as
    /// the policy demanded when it came. Returns these.
    fn binds_approvals(
        &mut self,
        (what, by): (&str, Sha256),
        named: &[Sha256],
        time: Timestamp,
    ) -> BTreeSet<IdentityName> {
        let again = self.git_awo("approve");
        let demanded = self.demanded(Some(by));
        let mut persons = BTreeSet::new();
        for digest in named {
            let withdrawn = self.facts.is_withdrawn_for(*digest, by);
            let sound = self.sound.get(digest).filter(|_| !withdrawn);
            if let Some((_, person)) = sound.filter(|(until, _)| *until > time) {
                // One by a model is no fault where models came to count no more, and counts for nothing.
                if self.counts(*digest, demanded) {
                    persons.insert(person.clone());
                }
            } else if withdrawn {
                self.findings.push(revocation::used(*digest, &again));
            } else {
                let found = format!("{what} binds {digest}");
                let expected = "an approval of this run that holds";
                self.push(Rule::BindsApprovals, found, expected, &again);
            }
        }
        let needed = demanded.of_run;
        if persons.len() < needed {
            let found = format!("{what} names approvals by {} persons", persons.len());
            let expected = format!("{needed} distinct reviewers");
            self.push(Rule::RunApproved, found, expected, again);
        }
        persons
    }

    pub(super) fn finalization(&mut self) {
        let facts = self.facts;
        if let Some(finalization) = facts.finalization.valid() {
            self.item(finalization.digest(), |links| {
                links.finalization_holds(finalization)
            });
        } else if self.focus.is_none() {
            self.link("finalization", Rule::Finalization, &facts.finalization);
        }
        match &facts.indexed {
            Lookup::Missing => {
                let remedy = match facts.finalization.valid() {
                    Some(_) => "git awo provenance rebuild".to_owned(),
                    None => self.git_awo("finalize"),
                };
                let found = "the run is not in the provenance index";
                self.gap(Rule::ProvenanceIndex, found, "an entry", remedy);
            }
            other if self.focus.is_none() => _ = self.link("entry", Rule::ProvenanceIndex, other),
            _ => {}
        }
    }

    fn finalization_holds(&mut self, finalization: &Verified<FinalizationPredicate>) {
        let says = finalization.predicate();
        self.binds_run(says);
        self.binds_gate_1("finalization", &says.gate1, "finalize");
        self.binds_gate_2(says.independence);
        if !self.reviews.attested.contains(&says.attestation) {
            let expected = "an attestation that holds";
            let remedy = self.git_awo("attest");
            self.push(Rule::BindsAttestation, says.attestation, expected, remedy);
        }
        let by = ("the finalization", finalization.digest());
        let named = self.binds_approvals(by, &says.approvals, self.facts.audited);
        let claimed: BTreeSet<_> = says.approved_by.iter().cloned().collect();
        if named != claimed {
            let words = |set: BTreeSet<IdentityName>| {
                let words: Vec<_> = set.iter().map(IdentityName::as_str).collect();
                words.join(", ")
            };
            let remedy = self.git_awo("finalize");
            self.push(
                Rule::FinalizationPersons,
                words(claimed),
                words(named),
                remedy,
            );
        }
    }
}
