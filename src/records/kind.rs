//! The kinds of records. Each is defined in its own file; the registry finds the definition.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The kinds of records, in the order in which they occur in a chain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];
        }
    };
}

kinds! {
    /// A policy version.
    Policy,
    /// The admission of a repository.
    Admission,
    /// A task contract.
    Contract,
    /// A claim of a task.
    Lease,
    /// An approval of a task or of a run.
    Approval,
    /// The withdrawal of an approval.
    Revocation,
    /// What a run of a work packet is to change.
    PreWork,
    /// A run record.
    Run,
    /// What came of running a command several times.
    Determinism,
    /// A result of gate 2.
    Independence,
    /// The permission to review one's own run.
    SelfApproval,
    /// An attestation of a run.
    Attestation,
    /// The end of a complete chain.
    Finalization,
    /// A verdict on a run.
    Outcome,
    /// The end of a run that nobody has reviewed.
    Cancellation,
    /// A member answers for commits by others.
    Vouch,
    /// A decision on a gate.
    Decision,
    /// A model opens a gate by its decision.
    AutoSignature,
    /// A request to hand content to a model elsewhere.
    Escalation,
    /// What exactly is to be handed over.
    ProjectionPlan,
    /// A person's consent to that.
    ConsentReceipt,
    /// The use of a consent.
    EscalationUse,
    /// An entry of the receive log.
    Receipt,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
