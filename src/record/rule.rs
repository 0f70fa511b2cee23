//! The catalogue of rules: what a finding can say was broken. One table of id, code, sentence,
//! source and example, from which `docs/rules.md` is made.
//!
//! An id belongs to one code and never changes its meaning. A finding is made from its rule
//! ([`Rule::finding`]) or from an error that knows its rule, and in no other way.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::finding::{Code, Finding, Subject};

macro_rules! rules {
    ($($name:ident = $id:literal, $code:ident, $sentence:literal, $source:literal, $example:literal;)*) => {
        /// A rule of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule { $(#[doc = $sentence] $name,)* }

        impl Rule {
            /// Every rule, by code and id.
            pub const ALL: &'static [Rule] = &[$(Rule::$name,)*];

            /// Returns the id, in lower-case words joined by `-`: `allowed-paths`.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)* }
            }

            /// Returns the code of the taxonomy.
            pub fn code(self) -> Code {
                match self { $(Rule::$name => Code::$code,)* }
            }

            /// Returns what the rule demands.
            pub fn sentence(self) -> &'static str {
                match self { $(Rule::$name => $sentence,)* }
            }

            /// Returns where the rule comes from.
            pub fn source(self) -> &'static str {
                match self { $(Rule::$name => $source,)* }
            }

            /// Returns an example of what breaks the rule.
            pub fn example(self) -> &'static str {
                match self { $(Rule::$name => $example,)* }
            }
        }
    };
}

rules! {
    IndependentReviewer = "independent-reviewer", Gov001, "", "", "";
    SelfApprovalForm = "self-approval-form", Gov001, "", "", "";
    SelfApprovalRecorded = "self-approval-recorded", Gov001, "", "", "";
    Attestation = "attestation", Gov002, "", "", "";
    CommandGiven = "command-given", Gov002, "", "", "";
    CommandSucceeds = "command-succeeds", Gov002, "", "", "";
    CompleteChain = "complete-chain", Gov002, "", "", "";
    Contract = "contract", Gov002, "", "", "";
    Evidence = "evidence", Gov002, "", "", "";
    ExecutionEnabled = "execution-enabled", Gov002, "", "", "";
    ExecutionGate = "execution-gate", Gov002, "", "", "";
    ExecutionStage = "execution-stage", Gov002, "", "", "";
    Finalization = "finalization", Gov002, "", "", "";
    Gate2 = "gate-2", Gov002, "", "", "";
    Gate2Status = "gate-2-status", Gov002, "", "", "";
    GateOrder = "gate-order", Gov002, "", "", "";
    GovernedAccepted = "governed-accepted", Gov002, "", "", "";
    HooksCalled = "hooks-called", Gov002, "", "", "";
    HooksInstalled = "hooks-installed", Gov002, "", "", "";
    HooksPath = "hooks-path", Gov002, "", "", "";
    Invariants = "invariants", Gov002, "", "", "";
    OwnFiles = "own-files", Gov002, "", "", "";
    ProcReceive = "proc-receive", Gov002, "", "", "";
    RunHolds = "run-holds", Gov002, "", "", "";
    RunRecord = "run-record", Gov002, "", "", "";
    SelftestPasses = "selftest-passes", Gov002, "", "", "";
    SingleCommit = "single-commit", Gov002, "", "", "";
    SomethingChanged = "something-changed", Gov002, "", "", "";
    SpentMarker = "spent-marker", Gov002, "", "", "";
    TargetAdmitted = "target-admitted", Gov002, "", "", "";
    TrailerByHand = "trailer-by-hand", Gov002, "", "", "";
    Trailers = "trailers", Gov002, "", "", "";
    ValidationChangesNothing = "validation-changes-nothing", Gov002, "", "", "";
    ValidationSucceeds = "validation-succeeds", Gov002, "", "", "";
    WorkTreeClean = "work-tree-clean", Gov002, "", "", "";
    AllowedPaths = "allowed-paths", Gov003, "", "", "";
    DirectWriters = "direct-writers", Gov003, "", "", "";
    ForbiddenPaths = "forbidden-paths", Gov003, "", "", "";
    ProtectedArtefact = "protected-artefact", Gov003, "", "", "";
    ConfigChange = "config-change", Gov004, "", "", "";
    Delete = "delete", Gov004, "", "", "";
    ForbiddenAction = "forbidden-action", Gov004, "", "", "";
    ForcePush = "force-push", Gov004, "", "", "";
    HookChange = "hook-change", Gov004, "", "", "";
    Merge = "merge", Gov004, "", "", "";
    ProcessLeft = "process-left", Gov004, "", "", "";
    RefMove = "ref-move", Gov004, "", "", "";
    RefName = "ref-name", Gov004, "", "", "";
    RemoteAccepts = "remote-accepts", Gov004, "", "", "";
    RemoteChange = "remote-change", Gov004, "", "", "";
    ReplaceRefPush = "replace-ref-push", Gov004, "", "", "";
    TagMove = "tag-move", Gov004, "", "", "";
    TrustChange = "trust-change", Gov004, "", "", "";
    UngovernedRef = "ungoverned-ref", Gov004, "", "", "";
    ApprovalLifetime = "approval-lifetime", Gov005, "", "", "";
    ApprovalUnexpired = "approval-unexpired", Gov005, "", "", "";
    ApprovedByOperator = "approved-by-operator", Gov005, "", "", "";
    ExactSentence = "exact-sentence", Gov005, "", "", "";
    RunApproved = "run-approved", Gov005, "", "", "";
    TaskApproved = "task-approved", Gov005, "", "", "";
    FirstPolicy = "first-policy", Gov006, "", "", "";
    LogByServer = "log-by-server", Gov006, "", "", "";
    PinnedRoot = "pinned-root", Gov006, "", "", "";
    PolicyDate = "policy-date", Gov006, "", "", "";
    PolicyDigests = "policy-digests", Gov006, "", "", "";
    PolicyDowngraded = "policy-downgraded", Gov006, "", "", "";
    PolicyEnvelope = "policy-envelope", Gov006, "", "", "";
    PolicyFiles = "policy-files", Gov006, "", "", "";
    PolicyHolds = "policy-holds", Gov006, "", "", "";
    PolicyLinear = "policy-linear", Gov006, "", "", "";
    PolicyLinked = "policy-linked", Gov006, "", "", "";
    PolicyPresent = "policy-present", Gov006, "", "", "";
    PolicyReadable = "policy-readable", Gov006, "", "", "";
    PolicyRepository = "policy-repository", Gov006, "", "", "";
    PolicyRoots = "policy-roots", Gov006, "", "", "";
    PolicyThreshold = "policy-threshold", Gov006, "", "", "";
    PolicyUnexpired = "policy-unexpired", Gov006, "", "", "";
    PolicyVersion = "policy-version", Gov006, "", "", "";
    Locked = "locked", Gov007, "", "", "";
    ExactInverse = "exact-inverse", Gov008, "", "", "";
    RollbackAccepted = "rollback-accepted", Gov008, "", "", "";
    RollbackInHistory = "rollback-in-history", Gov008, "", "", "";
    RollbackOfARun = "rollback-of-a-run", Gov008, "", "", "";
    RollbackOnce = "rollback-once", Gov008, "", "", "";
    RollbackOneParent = "rollback-one-parent", Gov008, "", "", "";
    RollbackRejected = "rollback-rejected", Gov008, "", "", "";
    Clock = "clock", Gov011, "", "", "";
    Gate2InTurn = "gate-2-in-turn", Gov011, "", "", "";
    LandedBeforeOutcome = "landed-before-outcome", Gov011, "", "", "";
    SelftestComplete = "selftest-complete", Gov011, "", "", "";
    EvidenceRoot = "evidence-root", Int001, "", "", "";
    ExportSame = "export-same", Int001, "", "", "";
    InventoryHash = "inventory-hash", Int001, "", "", "";
    InventoryReplaced = "inventory-replaced", Int001, "", "", "";
    InventoryRoot = "inventory-root", Int001, "", "", "";
    ObjectHash = "object-hash", Int001, "", "", "";
    ObjectReadable = "object-readable", Int001, "", "", "";
    TarballHash = "tarball-hash", Int001, "", "", "";
    EvidenceWhole = "evidence-whole", Int002, "", "", "";
    ExportPlace = "export-place", Int002, "", "", "";
    InventoryAbsent = "inventory-absent", Int002, "", "", "";
    InventoryAdded = "inventory-added", Int002, "", "", "";
    InventoryMissing = "inventory-missing", Int002, "", "", "";
    InventoryPresent = "inventory-present", Int002, "", "", "";
    RunDirectoryEmpty = "run-directory-empty", Int002, "", "", "";
    TimestampsRegion = "timestamps-region", Int002, "", "", "";
    CheckoutPath = "checkout-path", Int003, "", "", "";
    CommitDraft = "commit-draft", Int003, "", "", "";
    ExportDisguise = "export-disguise", Int003, "", "", "";
    ExportName = "export-name", Int003, "", "", "";
    NotesForm = "notes-form", Int003, "", "", "";
    ObjectCollision = "object-collision", Int003, "", "", "";
    ObjectForm = "object-form", Int003, "", "", "";
    ObjectKind = "object-kind", Int003, "", "", "";
    RecordMode = "record-mode", Int003, "", "", "";
    RunFileKind = "run-file-kind", Int003, "", "", "";
    RunPath = "run-path", Int003, "", "", "";
    TreeEdit = "tree-edit", Int003, "", "", "";
    TreeEntryCollision = "tree-entry-collision", Int003, "", "", "";
    TreeEntryEmpty = "tree-entry-empty", Int003, "", "", "";
    TreeEntryLength = "tree-entry-length", Int003, "", "", "";
    TreeEntryMode = "tree-entry-mode", Int003, "", "", "";
    TreeEntryName = "tree-entry-name", Int003, "", "", "";
    TreeEntryObject = "tree-entry-object", Int003, "", "", "";
    ApprovalNonce = "approval-nonce", Int004, "", "", "";
    CanonicalJson = "canonical-json", Int004, "", "", "";
    Context = "context", Int004, "", "", "";
    ContractPatterns = "contract-patterns", Int004, "", "", "";
    EventForm = "event-form", Int004, "", "", "";
    HookFileForm = "hook-file-form", Int004, "", "", "";
    HookInput = "hook-input", Int004, "", "", "";
    InventoryForm = "inventory-form", Int004, "", "", "";
    LogReadable = "log-readable", Int004, "", "", "";
    OwnFileForm = "own-file-form", Int004, "", "", "";
    Packet = "packet", Int004, "", "", "";
    RecordCanonical = "record-canonical", Int004, "", "", "";
    RecordForm = "record-form", Int004, "", "", "";
    RecordPlace = "record-place", Int004, "", "", "";
    StatementVersion = "statement-version", Int004, "", "", "";
    WorkflowUrl = "workflow-url", Int004, "", "", "";
    ClockReadable = "clock-readable", Int005, "", "", "";
    CommandStarts = "command-starts", Int005, "", "", "";
    ExportWritten = "export-written", Int005, "", "", "";
    FileReadable = "file-readable", Int005, "", "", "";
    FileUsable = "file-usable", Int005, "", "", "";
    FileWritten = "file-written", Int005, "", "", "";
    GitSucceeds = "git-succeeds", Int005, "", "", "";
    GitUnderstood = "git-understood", Int005, "", "", "";
    HookCalled = "hook-called", Int005, "", "", "";
    HookEnvironment = "hook-environment", Int005, "", "", "";
    HookFileUsable = "hook-file-usable", Int005, "", "", "";
    HookInputReadable = "hook-input-readable", Int005, "", "", "";
    HooksWritable = "hooks-writable", Int005, "", "", "";
    ObjectPresent = "object-present", Int005, "", "", "";
    OutputWritten = "output-written", Int005, "", "", "";
    OwnFileUsable = "own-file-usable", Int005, "", "", "";
    OwnRepository = "own-repository", Int005, "", "", "";
    PolicyWritten = "policy-written", Int005, "", "", "";
    ProgramFound = "program-found", Int005, "", "", "";
    ProgramNamed = "program-named", Int005, "", "", "";
    QuickstartFiles = "quickstart-files", Int005, "", "", "";
    QuickstartStep = "quickstart-step", Int005, "", "", "";
    Randomness = "randomness", Int005, "", "", "";
    ReceiptWritten = "receipt-written", Int005, "", "", "";
    RefNamed = "ref-named", Int005, "", "", "";
    RefReadable = "ref-readable", Int005, "", "", "";
    RefsWritable = "refs-writable", Int005, "", "", "";
    RemoteReachable = "remote-reachable", Int005, "", "", "";
    ReplaceRef = "replace-ref", Int005, "", "", "";
    RepositoryReadable = "repository-readable", Int005, "", "", "";
    RunPlaceUsable = "run-place-usable", Int005, "", "", "";
    RunReadable = "run-readable", Int005, "", "", "";
    SandboxUsable = "sandbox-usable", Int005, "", "", "";
    TerminalReadable = "terminal-readable", Int005, "", "", "";
    WholeView = "whole-view", Int005, "", "", "";
    HookInputLimit = "hook-input-limit", Int006, "", "", "";
    InventoryLimit = "inventory-limit", Int006, "", "", "";
    JsonLimit = "json-limit", Int006, "", "", "";
    Limits = "limits", Int006, "", "", "";
    ObjectSize = "object-size", Int006, "", "", "";
    RecordLimit = "record-limit", Int006, "", "", "";
    RunLimit = "run-limit", Int006, "", "", "";
    TreeDepth = "tree-depth", Int006, "", "", "";
    IndexDerived = "index-derived", Int008, "", "", "";
    LogState = "log-state", Int008, "", "", "";
    AttestationReviewer = "attestation-reviewer", Att001, "", "", "";
    FinalizationPersons = "finalization-persons", Att001, "", "", "";
    IndependencePersons = "independence-persons", Att001, "", "", "";
    OneOrchestrator = "one-orchestrator", Att001, "", "", "";
    RoleHeld = "role-held", Att001, "", "", "";
    SignerIsClaimed = "signer-is-claimed", Att001, "", "", "";
    ApprovesRun = "approves-run", Att002, "", "", "";
    ApprovesTask = "approves-task", Att002, "", "", "";
    BindsApprovals = "binds-approvals", Att002, "", "", "";
    BindsAttestation = "binds-attestation", Att002, "", "", "";
    BindsBase = "binds-base", Att002, "", "", "";
    BindsBytes = "binds-bytes", Att002, "", "", "";
    BindsCommit = "binds-commit", Att002, "", "", "";
    BindsContract = "binds-contract", Att002, "", "", "";
    BindsGate2 = "binds-gate-2", Att002, "", "", "";
    BindsPacket = "binds-packet", Att002, "", "", "";
    BindsPolicy = "binds-policy", Att002, "", "", "";
    BindsRef = "binds-ref", Att002, "", "", "";
    BindsRepository = "binds-repository", Att002, "", "", "";
    BindsRoot = "binds-root", Att002, "", "", "";
    BindsRun = "binds-run", Att002, "", "", "";
    BindsRunRecord = "binds-run-record", Att002, "", "", "";
    BindsTask = "binds-task", Att002, "", "", "";
    BindsTrailers = "binds-trailers", Att002, "", "", "";
    BindsTree = "binds-tree", Att002, "", "", "";
    ContractBase = "contract-base", Att002, "", "", "";
    EvidenceClaims = "evidence-claims", Att002, "", "", "";
    NoteObject = "note-object", Att002, "", "", "";
    Proposal = "proposal", Att002, "", "", "";
    CommitSigned = "commit-signed", Att003, "", "", "";
    OneSignature = "one-signature", Att003, "", "", "";
    SignatureForm = "signature-form", Att003, "", "", "";
    SignatureGood = "signature-good", Att003, "", "", "";
    StatementType = "statement-type", Att003, "", "", "";
    KeyAccepted = "key-accepted", Att004, "", "", "";
    KeyConfigured = "key-configured", Att004, "", "", "";
    KeyKnown = "key-known", Att004, "", "", "";
    KeyMade = "key-made", Att004, "", "", "";
    KeyPrivate = "key-private", Att004, "", "", "";
    KeyTouched = "key-touched", Att004, "", "", "";
    KeyUsable = "key-usable", Att004, "", "", "";
    ServerKeyPrivate = "server-key-private", Att004, "", "", "";
    SignatureMade = "signature-made", Att004, "", "", "";
    NonceOnce = "nonce-once", Rep001, "", "", "";
    NotedOnce = "noted-once", Rep001, "", "", "";
    OneApprovalOneRun = "one-approval-one-run", Rep001, "", "", "";
    RecordName = "record-name", Rep001, "", "", "";
    RolledBackForGood = "rolled-back-for-good", Rep001, "", "", "";
    RunId = "run-id", Rep001, "", "", "";
    ForwardOnly = "forward-only", Rep002, "", "", "";
    GovernanceKept = "governance-kept", Rep002, "", "", "";
    HighWaterMark = "high-water-mark", Rep002, "", "", "";
    LogBegins = "log-begins", Rep002, "", "", "";
    LogEntry = "log-entry", Rep002, "", "", "";
    LogLinear = "log-linear", Rep002, "", "", "";
    LogLinked = "log-linked", Rep002, "", "", "";
    LogPolicy = "log-policy", Rep002, "", "", "";
    LogTime = "log-time", Rep002, "", "", "";
    LoggedState = "logged-state", Rep002, "", "", "";
    PastTheHooks = "past-the-hooks", Rep002, "", "", "";
    ReceiptInLog = "receipt-in-log", Rep002, "", "", "";
    RecordsKept = "records-kept", Rep002, "", "", "";
    RecordsNeverChange = "records-never-change", Rep002, "", "", "";
    BaseIsTip = "base-is-tip", Rep003, "", "", "";
    BranchMoved = "branch-moved", Rep003, "", "", "";
    ConfigUnlocked = "config-unlocked", Rep003, "", "", "";
    Freshness = "freshness", Rep003, "", "", "";
    GovernedFirst = "governed-first", Rep003, "", "", "";
    NothingMoved = "nothing-moved", Rep003, "", "", "";
    OldValue = "old-value", Rep003, "", "", "";
    PolicyUnmoved = "policy-unmoved", Rep003, "", "", "";
    RaceWon = "race-won", Rep003, "", "", "";
    RecordsFirst = "records-first", Rep003, "", "", "";
    RecordsUnmoved = "records-unmoved", Rep003, "", "", "";
    RefUnlocked = "ref-unlocked", Rep003, "", "", "";
    RefUpdate = "ref-update", Rep003, "", "", "";
    RunFileReplaced = "run-file-replaced", Rep003, "", "", "";
    StaleLock = "stale-lock", Rep003, "", "", "";
    TransactionAlone = "transaction-alone", Rep003, "", "", "";
    TransactionJudged = "transaction-judged", Rep003, "", "", "";
    EvidenceOfARun = "evidence-of-a-run", Str001, "", "", "";
    IndexAttestation = "index-attestation", Str001, "", "", "";
    ProvenanceIndex = "provenance-index", Str001, "", "", "";
    RecordOfSomething = "record-of-something", Str001, "", "", "";
    RunOfRecord = "run-of-record", Str001, "", "", "";
    ContractPresent = "contract-present", Str002, "", "", "";
    EvidencePresent = "evidence-present", Str002, "", "", "";
    GitVersion = "git-version", Str002, "", "", "";
    HookStays = "hook-stays", Str002, "", "", "";
    IndexEntry = "index-entry", Str002, "", "", "";
    LedgerPresent = "ledger-present", Str002, "", "", "";
    LogKept = "log-kept", Str002, "", "", "";
    LogKey = "log-key", Str002, "", "", "";
    LogPresent = "log-present", Str002, "", "", "";
    OneKeptHook = "one-kept-hook", Str002, "", "", "";
    PolicyFetched = "policy-fetched", Str002, "", "", "";
    ProposalFiles = "proposal-files", Str002, "", "", "";
    RecordBrought = "record-brought", Str002, "", "", "";
    RecordKind = "record-kind", Str002, "", "", "";
    RecordPresent = "record-present", Str002, "", "", "";
    RecordsAnnounced = "records-announced", Str002, "", "", "";
    RefKind = "ref-kind", Str002, "", "", "";
    Refspecs = "refspecs", Str002, "", "", "";
    RunRecordPresent = "run-record-present", Str002, "", "", "";
    ServerKey = "server-key", Str002, "", "", "";
    TargetRef = "target-ref", Str002, "", "", "";
}

impl Rule {
    /// Returns a finding that says this rule was broken; its other parts follow by the methods of
    /// [`Finding`].
    pub fn finding(self, subject: Subject) -> Finding {
        Finding::of(self.code(), self.into(), subject)
    }

    /// Returns the finding on a rule that a policy names itself, in `[[rule]]` (GOV-003).
    pub fn restriction(name: &str, subject: Subject) -> Finding {
        Finding::of(Code::Gov003, RuleName::other(name), subject)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// The name of the rule that a finding says was broken: an id of the catalogue, the name that a
/// policy gives a rule of its own, or what a server of another version says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleName(Cow<'static, str>);

impl RuleName {
    /// Returns a name that is not of the catalogue.
    pub fn other(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Rule> for RuleName {
    fn from(rule: Rule) -> Self {
        Self(Cow::Borrowed(rule.id()))
    }
}

impl Deref for RuleName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<Rule> for RuleName {
    fn eq(&self, rule: &Rule) -> bool {
        self.0 == rule.id()
    }
}

impl PartialEq<&str> for RuleName {
    fn eq(&self, text: &&str) -> bool {
        self.0 == *text
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for RuleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
