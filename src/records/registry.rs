//! The registry: maps each kind to its definition.

use super::kind::Kind;
use super::place::Stands;
use super::record::{About, Record, Signers};
use super::statement::{BadStatement, type_of};
use super::{
    admission, approval, attestation, auto_signature, cancellation, consent_receipt, contract,
    decision, determinism, escalation, escalation_use, finalization, independence, lease, outcome,
    policy, pre_work, projection_plan, receipt, revocation, run, self_approval, vouch,
};

impl Kind {
    fn about(self) -> &'static About {
        match self {
            Kind::Policy => &policy::ABOUT,
            Kind::Admission => &admission::ABOUT,
            Kind::Contract => &contract::ABOUT,
            Kind::Lease => &lease::ABOUT,
            Kind::Approval => &approval::ABOUT,
            Kind::Revocation => &revocation::ABOUT,
            Kind::PreWork => &pre_work::ABOUT,
            Kind::Run => &run::ABOUT,
            Kind::Determinism => &determinism::ABOUT,
            Kind::Independence => &independence::ABOUT,
            Kind::SelfApproval => &self_approval::ABOUT,
            Kind::Attestation => &attestation::ABOUT,
            Kind::Finalization => &finalization::ABOUT,
            Kind::Outcome => &outcome::ABOUT,
            Kind::Cancellation => &cancellation::ABOUT,
            Kind::Vouch => &vouch::ABOUT,
            Kind::Decision => &decision::ABOUT,
            Kind::AutoSignature => &auto_signature::ABOUT,
            Kind::Escalation => &escalation::ABOUT,
            Kind::ProjectionPlan => &projection_plan::ABOUT,
            Kind::ConsentReceipt => &consent_receipt::ABOUT,
            Kind::EscalationUse => &escalation_use::ABOUT,
            Kind::Receipt => &receipt::ABOUT,
        }
    }

    /// Returns the kind's word: `approval`.
    pub fn word(self) -> &'static str {
        self.about().word
    }

    /// Returns the SSHSIG namespace: `git-awo.approval`.
    pub fn namespace(self) -> &'static str {
        self.about().namespace
    }

    /// Returns the in-toto predicate type: `https://git-awo.dev/approval/v1`.
    pub fn predicate_type(self) -> &'static str {
        self.about().predicate_type
    }

    /// Returns the name of the kind for people: `run record`.
    pub fn title(self) -> &'static str {
        self.about().title
    }

    /// Returns the purpose of the kind, in one clause.
    pub fn purpose(self) -> &'static str {
        self.about().purpose
    }

    /// Returns who may sign records of the kind; a single record may restrict it further.
    pub fn signers(self) -> Signers {
        self.about().signers
    }

    /// Returns where records of the kind are stored.
    pub fn stands(self) -> Stands {
        self.about().stands
    }

    /// Returns the kinds of which a record must exist before one of this kind is accepted.
    pub fn after(self) -> &'static [Kind] {
        self.about().after
    }

    /// Returns the fields of the predicate other than the context, for the formats page.
    pub fn fields(self) -> &'static str {
        self.about().fields
    }

    /// Returns the kind with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// Returns the kind that a payload states. Nothing else in the payload is checked.
    pub fn of_payload(payload: &[u8]) -> Option<Self> {
        let stated = type_of(payload).ok()?;
        let kind = |kind: &Kind| kind.predicate_type() == stated;
        Self::ALL.iter().copied().find(kind)
    }

    /// Parses a payload strictly as a statement of this kind.
    pub fn parse(self, payload: &[u8]) -> Result<Box<dyn Record>, BadStatement> {
        (self.about().parse)(payload)
    }
}
