//! Attestation and finalization.

use std::collections::BTreeSet;

use crate::facts::case::Lookup;
use crate::policy::Verified;
use crate::record::{IdentityName, Rule, Sha256};
use crate::records::{AttestationPredicate, FinalizationPredicate, RunPredicate};

use super::links::Links;
use crate::rules::revocation;

impl<'a> Links<'a> {
    pub(super) fn attestation(
        &mut self,
        run: &Verified<RunPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
    ) -> BTreeSet<Sha256> {
        let facts = self.facts;
        let mut attested = BTreeSet::new();
        for attestation in &facts.attestations {
            if self.item(attestation.digest(), |links| {
                links.attestation_holds(run, attestation, passed, approved)
            }) {
                attested.insert(attestation.digest());
            }
        }
        if facts.attestations.is_empty() {
            self.gap(
                Rule::Attestation,
                "no attestation",
                "an attestation",
                format!("git awo attest {}", facts.id),
            );
        }
        attested
    }

    pub(super) fn attestation_holds(
        &mut self,
        run: &Verified<RunPredicate>,
        attestation: &Verified<AttestationPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
    ) {
        let says = attestation.predicate();
        let what = "the attestation";
        self.bound(run, says);
        if !passed.contains(&says.independence) {
            self.push(
                Rule::BindsGate2,
                says.independence,
                "a gate 2 that passed",
                format!("git awo gate {}", self.facts.id),
            );
        }
        if passed.is_empty() {
            self.push(
                Rule::GateOrder,
                "an attestation that follows no passed gate 2",
                "gate 2, gate 3, then the attestation",
                format!("git awo gate {}", self.facts.id),
            );
        }
        self.approvals_known(what, &says.approvals, approved);
        if says.reviewer != *attestation.signer()
            || says.reviewer_sha256 != Sha256::of(says.reviewer.as_str().as_bytes())
        {
            let found = format!("reviewer {} ({})", says.reviewer, says.reviewer_sha256);
            self.push(
                Rule::AttestationReviewer,
                found,
                attestation.signer(),
                format!("git awo attest {}", self.facts.id),
            );
        }
        if attestation.signer() == run.signer() && !self.facts.overridden() {
            self.self_approved("attestation", attestation.signer());
        }
    }

    pub(super) fn approvals_known(
        &mut self,
        what: &str,
        named: &[Sha256],
        approved: &BTreeSet<(Sha256, IdentityName)>,
    ) {
        let known = |digest: &Sha256| approved.iter().any(|(it, _)| it == digest);
        for digest in named.iter().filter(|digest| !known(digest)) {
            if self.facts.revoked.contains(digest) {
                let again = format!("git awo approve {}", self.facts.id);
                self.findings.push(revocation::used(*digest, again));
                continue;
            }
            self.push(
                Rule::BindsApprovals,
                format!("{what} binds {digest}"),
                "an approval of this run that holds",
                format!("git awo approve {}", self.facts.id),
            );
        }
        let persons: BTreeSet<_> = approved
            .iter()
            .filter(|(digest, _)| named.contains(digest))
            .map(|(_, person)| person)
            .collect();
        let needed = self.policy.document().gates.audit_approvals as usize;
        if persons.len() < needed {
            let found = format!("{what} names approvals by {} persons", persons.len());
            self.push(
                Rule::RunApproved,
                found,
                format!("{needed} distinct reviewers"),
                format!("git awo approve {}", self.facts.id),
            );
        }
    }

    pub(super) fn finalization(
        &mut self,
        run: &Verified<RunPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
        attested: &BTreeSet<Sha256>,
    ) {
        let facts = self.facts;
        match &facts.finalization {
            Lookup::Valid(finalization) => {
                self.item(finalization.digest(), |links| {
                    links.finalization_holds(run, finalization, passed, approved, attested);
                });
            }
            other if self.focus.is_none() => {
                _ = self.link("finalization", Rule::Finalization, other)
            }
            _ => {}
        }
        match &facts.indexed {
            Lookup::Missing => self.gap(
                Rule::ProvenanceIndex,
                "the run is not in the provenance index",
                "an entry",
                if facts.finalization.valid().is_some() {
                    "git awo provenance rebuild".to_owned()
                } else {
                    format!("git awo finalize {}", facts.id)
                },
            ),
            other if self.focus.is_none() => _ = self.link("entry", Rule::ProvenanceIndex, other),
            _ => {}
        }
    }

    pub(super) fn finalization_holds(
        &mut self,
        run: &Verified<RunPredicate>,
        finalization: &Verified<FinalizationPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
        attested: &BTreeSet<Sha256>,
    ) {
        let says = finalization.predicate();
        let what = "the finalization";
        self.bound(run, says);
        if !passed.contains(&says.independence) {
            self.push(
                Rule::BindsGate2,
                says.independence,
                "a gate 2 that passed",
                format!("git awo gate {}", self.facts.id),
            );
        }
        if !attested.contains(&says.attestation) {
            self.push(
                Rule::BindsAttestation,
                says.attestation,
                "an attestation that holds",
                format!("git awo attest {}", self.facts.id),
            );
        }
        self.approvals_known(what, &says.approvals, approved);
        let named: BTreeSet<_> = approved
            .iter()
            .filter(|(digest, _)| says.approvals.contains(digest))
            .map(|(_, person)| person.clone())
            .collect();
        let claimed: BTreeSet<_> = says.approved_by.iter().cloned().collect();
        if named != claimed {
            let words = |set: &BTreeSet<IdentityName>| {
                set.iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            self.push(
                Rule::FinalizationPersons,
                words(&claimed),
                words(&named),
                format!("git awo finalize {}", self.facts.id),
            );
        }
    }
}
