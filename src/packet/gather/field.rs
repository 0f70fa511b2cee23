//! The fields that a packet can fill.

macro_rules! fields {
    ($(#[$doc:meta])* $kind:ident: $($name:ident = $field:literal, $said:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(in super::super) enum $kind { $($name,)* }

        impl $kind {
            pub(in super::super) const ALL: &'static [$kind] = &[$($kind::$name,)*];

            /// Returns the field of the contract, as it is serialised.
            pub(in super::super) fn field(self) -> &'static str {
                match self { $($kind::$name => $field,)* }
            }

            /// Returns the name for people.
            pub(in super::super) fn name(self) -> &'static str {
                match self { $($kind::$name => $said,)* }
            }
        }
    };
}

fields! {
    /// Fields with one value.
    Scalar:
    Id = "id", "task id";
    BaseId = "base_task_id", "base task id";
    Title = "title", "title";
    Task = "task", "task";
    Locator = "target.locator", "target repository";
    AdmissionSource = "target.admission.source", "admission source";
    AdmissionStatus = "target.admission.status", "admission status";
    AdmissionOwner = "target.admission.owner", "repository owner";
    AdmissionRisk = "target.admission.risk", "risk classification";
    Observed = "target.admission.observed_state", "observed state";
    TargetRef = "target_ref", "target branch";
    Base = "base", "base commit";
    Validation = "validation_command", "validation command";
    Sentence = "approval_sentence", "approval sentence";
    Gate1 = "gate1", "gate 1";
    Stage = "stage", "stage";
    Status = "status", "status";
    RiskTier = "risk_tier", "risk tier";
    Requestor = "requestor", "requestor";
    Signature = "user_signature", "user signature";
}

fields! {
    /// Fields with a list of values.
    List:
    AllowedPaths = "allowed_paths", "allowed paths";
    ForbiddenPaths = "forbidden_paths", "forbidden paths";
    ForbiddenActions = "forbidden_actions", "forbidden actions";
    OutOfScope = "out_of_scope", "out of scope";
    SuccessCriteria = "success_criteria", "success criteria";
    Rollback = "rollback", "rollback";
    Evidence = "evidence", "evidence";
    Lineage = "lineage", "lineage";
    Waivers = "waivers", "waivers";
}

impl List {
    /// Returns whether an entry is an exact name, not a text.
    pub(in super::super) fn is_exact(self) -> bool {
        matches!(
            self,
            Self::AllowedPaths | Self::ForbiddenPaths | Self::ForbiddenActions
        )
    }
}
