//! The catalogue of rules: what a finding can say was broken. One table of id, code, sentence,
//! source and example, from which `docs/rules.md` is made.
//!
//! An id belongs to one code and never changes its meaning. A finding is made from its rule
//! ([`Rule::finding`]) or from an error that knows its rule, and in no other way.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::Code;

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
    IndependentReviewer = "independent-reviewer", Gov001,
        "The reviewer of a run is another person than its orchestrator and than whom its commit names as author, committer or co-author or as a model that assisted, unless a self-approval is recorded.",
        "AWO, gate 2", "otto runs and reviews run_1";
    OverrideBeneficiary = "override-beneficiary", Gov001,
        "The protection of an artefact is lifted by others than whoever signed the commit, vouches for it or is named in it.",
        "policy, `[gates]`", "otto changes `ci/run.sh` and signs the override";
    SelfApprovalForm = "self-approval-form", Gov001,
        "A recorded self-approval spells its flag exactly `\"1\"`.",
        "AWO, gate 2", "a self-approval with `allow_self_approval=\"true\"`";
    SelfApprovalRecorded = "self-approval-recorded", Gov001,
        "An independence log sets its self-approval flag to `\"1\"` only where a self-approval is recorded, and to `\"0\"` otherwise.",
        "AWO, gate 2", "a log with `allow_self_approval=\"1\"` and no self-approval recorded";
    WaiverBeneficiary = "waiver-beneficiary", Gov001,
        "A waiver is signed by another person than who made the run that uses it.",
        "work packets", "otto waives a gate for his own run";
    AdmissionRecorded = "admission-recorded", Gov002,
        "Where the policy asks for it, an operator's admission that stands names the contract's target, its class of risk and the owner whom the contract names.",
        "policy, `[gates]`", "`admission = \"record\"`, and nobody has admitted the target";
    Attestation = "attestation", Gov002,
        "A finalized run has an attestation that holds.",
        "AWO, attestation", "a commit pushed before `git awo attest`";
    CellTerms = "cell-terms", Gov002,
        "A contract says what its cell grants only where the policy confines commands, and asks for no path around a home, a repository or a secret.",
        "contract, `[cell]`", "`cell.read` names a symlink to `~/.ssh`";
    CommandGiven = "command-given", Gov002,
        "A run names a command to execute.",
        "execution gate", "`git awo run T-1 --` without a command";
    CommandSucceeds = "command-succeeds", Gov002,
        "The command of a run exits with status 0.",
        "governed run", "the command exits with status 1";
    CompleteChain = "complete-chain", Gov002,
        "A commit on a branch that takes no direct commits belongs to a run with a complete chain.",
        "AWO, chain", "`git commit` and `git push` on a governed branch";
    Contract = "contract", Gov002,
        "The chain of a governed commit holds the contract of its run.",
        "AWO, chain", "a run record pushed without its contract";
    Evidence = "evidence", Gov002,
        "The chain of a governed commit holds the evidence of its run.",
        "AWO, chain", "a run record pushed without its evidence";
    EvidenceMap = "evidence-map", Gov002,
        "The map of the evidence names, for each success criterion of a work packet, lines that the commit of the run has.",
        "work packets", "a criterion without an entry, or line 900 of a file of 20";
    ExecutionEnabled = "execution-enabled", Gov002,
        "The environment enables execution with `AWO_ALLOW_RUN=1`.",
        "execution gate", "`git awo run` with `AWO_ALLOW_RUN` unset";
    ExecutionGate = "execution-gate", Gov002,
        "Every condition of the execution gate holds before a command is executed.",
        "execution gate", "a run that is refused without a more exact rule";
    ExecutionStage = "execution-stage", Gov002,
        "`AWO_RUN_STAGE` equals the stage that the contract names.",
        "execution gate", "stage `pilot` in the contract, `AWO_RUN_STAGE` unset";
    Finalization = "finalization", Gov002,
        "The chain of a governed commit holds the finalization of its run.",
        "AWO, chain", "a commit pushed before `git awo finalize`";
    Gate2 = "gate-2", Gov002,
        "A run has an independence log that passes and no log with broken invariants.",
        "AWO, gate 2", "no `git awo gate`, or a log with FAILED_INVARIANTS";
    Gate2Status = "gate-2-status", Gov002,
        "The status of an independence log follows from what the log says.",
        "AWO, gate 2", "FAILED_INVARIANTS without a reason";
    GateOrder = "gate-order", Gov002,
        "Gate 3 and the attestation follow a gate 2 that passed.",
        "AWO, gate order", "an approval of a run that names no passed log";
    GovernedAccepted = "governed-accepted", Gov002,
        "A governed commit is made only for a branch whose rules accept governed commits.",
        "policy, `[[ref]]`", "a run whose target accepts only direct commits";
    HooksCalled = "hooks-called", Gov002,
        "The installed hooks are where the hosting software calls them.",
        "git hooks", "`custom_hooks/` in a repository outside Gitaly's storage";
    HooksInstalled = "hooks-installed", Gov002,
        "Every hook of this version is installed.",
        "git hooks", "`.git/hooks/pre-push` is missing or outdated";
    HooksPath = "hooks-path", Gov002,
        "git looks for hooks in the directory in which those of git-awo are installed.",
        "git hooks", "`core.hooksPath` names another directory";
    Invariants = "invariants", Gov002,
        "A run directory holds the required files, and its documents satisfy the invariants.",
        "AWO, run directory", "no `provenance.json`, or one that names a `pid`";
    LineageComplete = "lineage-complete", Gov002,
        "A version of a work packet keeps every success criterion of the version before word for word, or lists it as changed or dropped with a reason.",
        "work packets", "`WP-X-v3` without a bullet of `WP-X-v2`";
    ObjectsChecked = "objects-checked", Gov002,
        "A server lets git check the objects of every push.",
        "git, `receive.fsckObjects`", "`receive.fsckObjects` is not set on the server";
    OwnFiles = "own-files", Gov002,
        "Only its owner may write to the repository, its hooks and the files of git-awo.",
        "git, file permissions", "`config` of the server with mode 666";
    PostWorkGate = "post-work-gate", Gov002,
        "Of every file that a run of a work packet changes, each gate of post-work passes, or a waiver covers it.",
        "work packets", "a line outside of the planned window changed";
    ProcReceive = "proc-receive", Gov002,
        "No other program takes over ref updates through `receive.procReceiveRefs`.",
        "git hooks", "`receive.procReceiveRefs=refs/heads`";
    RanAgain = "ran-again", Gov002,
        "A run whose contract asks for determinism passes gate 2 after a reviewer who made nothing of it has run its command so often, with the committed tree as the result each time.",
        "Tier 1, FP-3.1", "`determinism = 3`, and a report by the orchestrator";
    RunRecord = "run-record", Gov002,
        "The chain of a governed commit holds the record of its run, and that record verifies.",
        "AWO, chain", "a commit with `AWO-Run` and no run record";
    SelftestPasses = "selftest-passes", Gov002,
        "Every test of the self-test passes.",
        "AWO, tests", "TS-0007 finds INT-002 instead of INT-001";
    SingleCommit = "single-commit", Gov002,
        "A run makes exactly one commit with exactly one parent.",
        "governed run", "a governed commit that is a merge";
    SomethingChanged = "something-changed", Gov002,
        "A run changes at least one path.",
        "governed run", "a command that changes nothing";
    SpentMarker = "spent-marker", Gov002,
        "Each approval that a run spends is marked as spent by it, and each decision on its work packet as used by it.",
        "task approval", "a run record without its marker under `spent/`";
    TargetAdmitted = "target-admitted", Gov002,
        "The contract's target repository has the admission status `admitted`.",
        "execution gate", "a packet with the status `proposed`";
    TrailerByHand = "trailer-by-hand", Gov002,
        "Only git-awo writes `AWO-` trailers into a commit message.",
        "governed run", "`git commit -m` with an `AWO-Run:` line";
    Trailers = "trailers", Gov002,
        "A governed commit has each trailer of one run exactly once, and a roll-back has `AWO-Rollback` alone.",
        "governed run", "a message with two `AWO-Run` trailers";
    ValidationChangesNothing = "validation-changes-nothing", Gov002,
        "The validation command leaves the measured files as they are.",
        "governed run", "the tests rewrite `src/a.py`";
    ValidationSucceeds = "validation-succeeds", Gov002,
        "The validation command exits with status 0.",
        "governed run", "the tests fail";
    WorkTreeClean = "work-tree-clean", Gov002,
        "The work tree has no local changes where a command is about to move its branch or to run on it.",
        "execution gate", "an edited file while `git awo run` starts";
    AllowedPaths = "allowed-paths", Gov003,
        "Every changed path is within the allowed paths of the contract.",
        "task contract, scope", "`.github/ci.yml` changed under a contract for `src/`";
    ArtefactArchive = "artefact-archive", Gov003,
        "What is in an archive of artefacts never changes, and only files of its root move there, as they are and with the same path.",
        "policy, `[[artefacts]]`", "a changed file in `docs/specs/archive/`";
    ArtefactFixed = "artefact-fixed", Gov003,
        "A version of an artefact never changes once it is committed, and goes nowhere but into an archive; one that was taken back does not come back with another content.",
        "policy, `[[artefacts]]`", "`Protocol_v1.0.md` committed again with another content";
    ArtefactName = "artefact-name", Gov003,
        "A new file below a root of versioned artefacts is named `<Base>_vMAJOR.MINOR[.PATCH].<ext>`.",
        "policy, `[[artefacts]]`", "`Protocol_v1.0_Final.md`";
    ArtefactVersion = "artefact-version", Gov003,
        "A new version of an artefact is the next one after the highest of its line.",
        "policy, `[[artefacts]]`", "`Protocol_v1.2.md` where the highest is 1.0";
    DirectWriters = "direct-writers", Gov003,
        "A direct commit changes only paths that the policy grants to its signer on this branch.",
        "policy, `[[ref]]`", "rita pushes to a branch that only otto may write";
    ForbiddenPaths = "forbidden-paths", Gov003,
        "No changed path is within the forbidden paths of the contract.",
        "task contract, scope", "`secrets/key` changed though `secrets/` is forbidden";
    ProtectedArtefact = "protected-artefact", Gov003,
        "No commit touches a path that the policy protects.",
        "policy, `[tree]`", "a change of `.gitattributes`";
    StateRootNamed = "state-root-named", Gov003,
        "A baseline holds the directory that the policy names in `[state]`, and where the policy names none there are no baselines.",
        "baselines", "`git awo amu0 create BASE` where the policy has no `[state]`";
    VouchedPaths = "vouched-paths", Gov003,
        "A commit for which a member vouches changes only paths for which the policy lets that member vouch on this branch.",
        "policy, `[[ref]]`", "olga vouches for a commit that changes `ci/`, and may vouch for `src/` only";
    WaiverScope = "waiver-scope", Gov003,
        "A waiver names paths, none of which stands for everything.",
        "work packets", "a waiver for `**`";
    CellNetwork = "cell-network", Gov004,
        "The commands of a run have the network only if the contract says so and the policy permits it.",
        "contract, `[cell]`", "`cell.network = true` under a policy without `cell_network`";
    ConfigChange = "config-change", Gov004,
        "A run leaves the configuration of the repository as it was.",
        "governed run", "the command runs `git config`";
    Delete = "delete", Gov004,
        "A governed ref is not deleted, unless the policy lets its branch be rewound.",
        "policy, `[[ref]]`", "`git push origin :main`";
    ForbiddenAction = "forbidden-action", Gov004,
        "The events of a run report no action that the contract forbids.",
        "task contract, scope", "an event with `\"action\": \"deploy\"`";
    ForcePush = "force-push", Gov004,
        "A branch moves forward only, unless the policy lets it be rewound.",
        "policy, `[[ref]]`", "`git push --force` with an older commit";
    HookChange = "hook-change", Gov004,
        "A run leaves the hooks of the repository as they were.",
        "governed run", "the command writes `.git/hooks/pre-push`";
    Merge = "merge", Gov004,
        "A branch takes merge commits only where the policy allows them.",
        "policy, `[[ref]]`", "a merge pushed to a branch with `merges = false`";
    ProcessLeft = "process-left", Gov004,
        "The command of a run leaves no process running.",
        "governed run", "a process that cannot be killed";
    RefMove = "ref-move", Gov004,
        "A run moves no ref of the repository.",
        "governed run", "the command runs `git branch -f`";
    RefName = "ref-name", Gov004,
        "A pushed ref has a full name in UTF-8 of at most 1,024 bytes.",
        "git refs", "a branch name with bytes that are not UTF-8";
    RemoteAccepts = "remote-accepts", Gov004,
        "The remote accepts the push.",
        "git push", "another hook on the server rejects it";
    RemoteChange = "remote-change", Gov004,
        "A run leaves the remotes of the repository as they were.",
        "governed run", "the command runs `git remote add`";
    ReplaceRefPush = "replace-ref-push", Gov004,
        "Replace refs are not pushed.",
        "git replace", "`git push origin refs/replace/*`";
    TagCreators = "tag-creators", Gov004,
        "A signed tag is by a person whom every matching `[[tag]]` entry lets create it.",
        "policy, `[[tag]]`", "rita signs `v1` where only olga may create it";
    TagForm = "tag-form", Gov004,
        "A tag is a tag object where the policy asks for one.",
        "policy, `[[tag]]`", "`git tag v1` without `-a` or `-s`";
    TagMove = "tag-move", Gov004,
        "A tag is created, moved or deleted only as the policy lets it be.",
        "policy, `[[tag]]`", "`git push --force origin v1`";
    TagName = "tag-name", Gov004,
        "A tag object has the name of its ref, and that name means nothing else.",
        "policy, `[[tag]]`", "the object of `v1` pushed as `refs/tags/v2`; a tag `main`";
    TagOf = "tag-of", Gov004,
        "A tag names a commit that a branch has from which the policy takes such tags.",
        "policy, `[[tag]]`", "a tag of a commit that no branch took, of a tree or of another tag";
    TrustChange = "trust-change", Gov004,
        "A run leaves the trust anchor and the remembered refs of the clone as they were.",
        "trust anchor", "the command edits the anchor";
    UngovernedRef = "ungoverned-ref", Gov004,
        "A ref is named by an entry of the policy.",
        "policy, `[[ref]]`", "a push to `refs/heads/other` without an entry";
    ApprovalLifetime = "approval-lifetime", Gov005,
        "An approval is valid for at most as many days as the policy allows.",
        "policy, `[gates]`", "an approval for 400 days where 30 are allowed";
    ApprovalRevoked = "approval-revoked", Gov005,
        "An approval that its maker has withdrawn counts for nothing that comes later.",
        "approvals", "a run that spends an approval which olga withdrew the day before";
    ApprovalUnexpired = "approval-unexpired", Gov005,
        "An approval has not expired when it arrives or is used.",
        "policy, `[gates]`", "a run under an approval of last year";
    ApprovedByOperator = "approved-by-operator", Gov005,
        "Whoever approved a task is still an operator when the task is executed.",
        "execution gate", "an approval by an operator whose role was taken away";
    ClaimApproved = "claim-approved", Gov005,
        "A task is claimed once it is approved for a run to come.",
        "claims", "a claim of a task that nobody approved";
    DelegationApproved = "delegation-approved", Gov005,
        "Delegation rests on an operator's approval of the task, by a decision whose note is the packet's evidence byte for byte.",
        "work packets", "OPERATOR_APPROVAL_EVIDENCE that no approval has as its note";
    ExactSentence = "exact-sentence", Gov005,
        "The approved sentence equals the sentence of the contract byte for byte.",
        "task approval", "the sentence without its full stop";
    OverridePersons = "override-persons", Gov005,
        "As many operators as the policy asks for lift the protection of an artefact for one change of it; their decisions are valid, not withdrawn, and no operator rejects it.",
        "policy, `[gates]`", "`protection_overrides = 2`, and olga alone has signed";
    RevocationOwn = "revocation-own", Gov005,
        "An approval is withdrawn by whoever made it.",
        "approvals", "otto withdraws an approval of olga's";
    RunApproved = "run-approved", Gov005,
        "As many distinct reviewers as the policy asks for approve a run.",
        "AWO, gate 3", "a run finalized without `git awo approve`";
    TaskApproved = "task-approved", Gov005,
        "As many distinct operators as the policy asks for approve a task on its base commit.",
        "task approval", "a run without an approval";
    FirstPolicy = "first-policy", Gov006,
        "A server without a policy accepts one push only: the policy that matches its anchor.",
        "trust anchor", "a branch pushed before the policy";
    LogByServer = "log-by-server", Gov006,
        "Only the server writes the receive log.",
        "receive log", "`git push origin x:refs/awo/log`";
    PinnedRoot = "pinned-root", Gov006,
        "The first policy is the one that the trust anchor names.",
        "trust anchor", "a clone without `git awo trust`";
    PolicyDate = "policy-date", Gov006,
        "The commit of a policy has a date that can be represented.",
        "policy history", "a committer date out of range";
    PolicyDigests = "policy-digests", Gov006,
        "The files of a policy have the digests that its roots signed.",
        "policy history", "`policy.toml` edited after signing";
    PolicyDowngraded = "policy-downgraded", Gov006,
        "The policy is never replaced by an older one.",
        "policy history", "`refs/awo/policy` moved back to version 1";
    PolicyEnvelope = "policy-envelope", Gov006,
        "`policy.dsse.json` is a DSSE envelope in its one form.",
        "DSSE", "`policy.dsse.json` is no JSON";
    PolicyFiles = "policy-files", Gov006,
        "The tree of a policy holds exactly `policy.toml`, `allowed_signers` and `policy.dsse.json`.",
        "policy history", "a fourth file beside them";
    PolicyLinear = "policy-linear", Gov006,
        "Each policy commit has at most one parent.",
        "policy history", "a merge on `refs/awo/policy`";
    PolicyLinked = "policy-linked", Gov006,
        "Each policy is the successor of the one before it, and names it.",
        "policy history", "version 3 on top of version 1";
    PolicyPresent = "policy-present", Gov006,
        "The clone has a policy, and the policy verifies.",
        "policy history", "a plain `git clone`, without `git awo fetch`";
    PolicyReadable = "policy-readable", Gov006,
        "`policy.toml` and `allowed_signers` can be read without a complaint.",
        "policy, format", "an unknown key in `policy.toml`";
    PolicyRepository = "policy-repository", Gov006,
        "A policy names the first policy commit of its own repository.",
        "policy history", "the policy of another repository";
    PolicyRoots = "policy-roots", Gov006,
        "Only roots sign a policy.",
        "policy, `[roots]`", "rita signs a proposal and is no root";
    PolicyThreshold = "policy-threshold", Gov006,
        "As many distinct roots as the policy before it asks for sign a policy.",
        "policy, `[roots]`", "one signature where the threshold is 2";
    PolicyUnexpired = "policy-unexpired", Gov006,
        "The policy in force has not expired.",
        "policy, `expires`", "a push after the date in `expires`";
    PolicyVersion = "policy-version", Gov006,
        "The version of a policy is one more than that of the policy before it.",
        "policy history", "version 5 after version 3";
    Locked = "locked", Gov007,
        "While the level is LOCKED or the policy cannot be read, nothing but a policy change is accepted.",
        "policy, `level`", "a branch pushed while the policy is LOCKED";
    ExactInverse = "exact-inverse", Gov008,
        "A roll-back restores every path of the run and touches no other.",
        "roll-back", "a revert with one more file";
    RollbackAccepted = "rollback-accepted", Gov008,
        "A roll-back is made only on a branch whose rules accept roll-backs.",
        "policy, `[[ref]]`", "a revert on a branch that accepts only governed commits";
    RollbackInHistory = "rollback-in-history", Gov008,
        "A roll-back reverts a commit of the same branch.",
        "roll-back", "a revert of a commit on another branch";
    RollbackOfARun = "rollback-of-a-run", Gov008,
        "A roll-back reverts the commit of exactly one governed run.",
        "roll-back", "a revert of a direct commit";
    RollbackOnce = "rollback-once", Gov008,
        "A run is rolled back once.",
        "roll-back", "the same revert pushed again";
    RollbackOneParent = "rollback-one-parent", Gov008,
        "A roll-back has exactly one parent.",
        "roll-back", "a roll-back that is a merge";
    RollbackRejected = "rollback-rejected", Gov008,
        "A roll-back reverts a run whose recorded outcome is a rejection of that commit.",
        "roll-back", "a revert of a run that was accepted";
    BelowThreshold = "below-threshold", Gov009,
        "A model that approves is at least as confident as the gate asks for at the level in force.",
        "automation, gate table", "an approval of a contract with confidence 0.79";
    DecisionEvidence = "decision-evidence", Gov009,
        "A model that approves names evidence that resolves, as much as the policy asks for; a plan of an escalation includes what is there.",
        "automation, gate table", "an approval that names a commit which is nowhere";
    GateForbidden = "gate-forbidden", Gov009,
        "Nobody opens a gate that the policy keeps closed, and no model signs for a gate that only persons open.",
        "automation, gate table", "an auto-signature for a PolicyViolation";
    GateUnknown = "gate-unknown", Gov009,
        "A decision is about one of the six gates, by its exact name.",
        "automation, gate table", "a decision on `specapproval`";
    HumanRequired = "human-required", Gov009,
        "A gate that needs a person at the level in force is opened by a person.",
        "automation, gate table", "a model approves a contract under FULL_HUMAN";
    ModelReviewer = "model-reviewer", Gov009,
        "A model approves a run only where the policy lets models review runs of its risk tier.",
        "policy, `[risk.TIER]`", "codex, a model and a reviewer, approves a run of tier HIGH";
    WaiverGate = "waiver-gate", Gov009,
        "A waiver names gates that may be waived: window, rails, line delta and links.",
        "work packets", "a waiver of `pre_sha1_captured`";
    AnswerInTurn = "answer-in-turn", Gov011,
        "An answer is a person's decision on what a model deferred, and only a person supersedes what a person decided.",
        "automation", "an answer to a decision that was approved";
    BaselineBefore = "baseline-before", Gov011,
        "A promoted baseline follows an earlier one of the same task.",
        "baselines", "`git awo amu0 promote RUN NEXT` before the first `create --task`";
    BaselineRun = "baseline-run", Gov011,
        "What is promoted to a baseline is the result of a run that is finalized and that its operator has not rejected.",
        "baselines", "a promotion before `git awo finalize`";
    ClaimHeld = "claim-held", Gov011,
        "Who plans the work on a task holds a claim on it, where the server keeps a receive log.",
        "claims", "a pre-work by otto for a task that rita holds";
    ClaimLive = "claim-live", Gov011,
        "A claim has not ended when it arrives.",
        "claims", "a claim for one hour, pushed two hours later";
    ClaimRenewed = "claim-renewed", Gov011,
        "A claim is prolonged once, by its holder, while it is live.",
        "claims", "a renewal of a renewal";
    Clock = "clock", Gov011,
        "The receive log is not more than five minutes ahead of the local clock.",
        "receive log", "a clock that is an hour slow";
    DecisionEventOrder = "decision-event-order", Gov011,
        "The events of a decision stand in the order created, then requested and received, or signed if at all and applied, each as the decision and the level permit.",
        "decision events", "gov_decision_applied before gov_decision_created";
    PacketFiles = "packet-files", Gov011,
        "A work packet is approved and executed if the branch had its refinement and its specification when it was imported.",
        "work packets", "a packet imported before its refinement was committed";
    PreWorkFirst = "pre-work-first", Gov011,
        "The run of a work packet names a pre-work that was published before the push that brings the run.",
        "work packets", "a plan pushed together with its result";
    RefinementSigned = "refinement-signed", Gov011,
        "A work packet is approved and executed after a decision RefinementSign on its refinement.",
        "work packets", "an approval of a packet whose refinement nobody signed";
    RunInTurn = "run-in-turn", Gov011,
        "A record of a run comes once the run has reached the state before it.",
        "run, states", "an attestation of a run that nobody has approved";
    RunOver = "run-over", Gov011,
        "Nothing is recorded of a run that its state no longer permits: nothing of one that was cancelled or has failed, no failure of one that is finalized.",
        "run, states", "`git awo gate` for a run that was cancelled";
    ScopeChanged = "scope-changed", Gov011,
        "A version of a work packet that asks for more than the one before, or drops something, is approved after a decision ScopeChange on it.",
        "work packets", "`WP-X-v3` with a further path, approved without a decision";
    SelftestComplete = "selftest-complete", Gov011,
        "The self-test plays all of its tests.",
        "AWO, tests", "`git awo selftest --case TS-0001` alone";
    SkeletonFirst = "skeleton-first", Gov011,
        "Where a contract asks for a skeleton, a run changes documents only, or follows a skeleton that a reviewer approved before the push that brings the run.",
        "work packets", "a first run that changes `src/a.rs`";
    SkeletonStays = "skeleton-stays", Gov011,
        "The run that makes a skeleton does not land; the run that follows it does.",
        "work packets", "`git awo gate` for the run of a skeleton";
    WaiverReceived = "waiver-received", Gov011,
        "A run uses waivers that the server had before the push of the run.",
        "work packets", "a waiver pushed together with the run that needs it";
    CeilingAbsent = "ceiling-absent", Gov012,
        "Where a policy has ceilings, whoever orchestrates has one.",
        "policy, `[[ceiling]]`", "a run by otto, whom no `[[ceiling]]` is for";
    CeilingActions = "ceiling-actions", Gov012,
        "Before a run lands, an operator's decision has named each action that its ceiling leaves to one: at L4 every action, else those that the ceiling does not list.",
        "policy, `[[ceiling]]`", "a run that deletes a file, where `actions` has only create and change";
    CeilingFigures = "ceiling-figures", Gov012,
        "The landed runs of one base task, all versions and pushes taken together, change no more files, directories and lines than the ceiling.",
        "policy, `[[ceiling]]`", "41 files in two pushes, where 40 are the ceiling";
    CeilingLevel = "ceiling-level", Gov012,
        "Before a run lands whose ceiling has the level L3, an operator who did not make it has approved it.",
        "policy, `[[ceiling]]`", "a run that only a model has reviewed";
    CeilingPaths = "ceiling-paths", Gov012,
        "A run touches no path outside of its ceiling.",
        "policy, `[[ceiling]]`", "`docs/a.md`, where the ceiling is `src/**`";
    CeilingTerms = "ceiling-terms", Gov012,
        "A contract only lowers its ceiling, in whole numbers that are not negative, and belongs to the task that its id names.",
        "policy, `[[ceiling]]`", "`files = 50` in a packet, where the policy has 40";
    CeilingWindow = "ceiling-window", Gov012,
        "All that one identity has landed in the days of the ceiling, whatever the tasks, stays within the ceiling.",
        "policy, `[[ceiling]]`", "five tasks of 10 files each by otto in a week, where 40 are the ceiling";
    ClaimHours = "claim-hours", Gov012,
        "A claim ends by the server's time within the hours that the policy permits.",
        "policy, `[claims]`", "a claim for 25 hours";
    ClaimNumber = "claim-number", Gov012,
        "A person holds no more live claims than the policy permits.",
        "policy, `[claims]`", "a fourth claim of otto";
    DelegationTier = "delegation-tier", Gov012,
        "A work packet that allows delegation is approved, planned and run only where the policy permits delegation to its risk tier.",
        "policy, `[risk.TIER]`", "SUB_AGENT_DELEGATION: ALLOWED in a packet of tier HIGH";
    BaselineContent = "baseline-content", Int001,
        "Every file of a baseline has the kind, executable bit, size and SHA-256 that its manifest says.",
        "baselines", "a byte that differs from what `manifest.json` says";
    BaselineLogged = "baseline-logged", Int001,
        "A baseline is the commit that the receive log says.",
        "baselines", "a ref that names another commit with another content, manifest and signature";
    EvidenceRoot = "evidence-root", Int001,
        "The root recomputed from the evidence equals the root in the run record.",
        "AWO, inventory", "`SHA256SUMS.txt` replaced after the run";
    ExportSame = "export-same", Int001,
        "A file in the export directory holds the bytes that the export writes or has written there.",
        "export", "`runs/run_1/report.md` edited after an export";
    InventoryHash = "inventory-hash", Int001,
        "Each file has the digest that the inventory lists.",
        "AWO, inventory", "one byte of an artefact flipped";
    InventoryReplaced = "inventory-replaced", Int001,
        "An inventory that is already there equals the one made from the files.",
        "AWO, inventory", "`git awo integrity sums` beside another inventory";
    InventoryRoot = "inventory-root", Int001,
        "The inventory in the ledger has the digest that the run record names.",
        "AWO, inventory", "another `SHA256SUMS.txt` in the ledger";
    ObjectHash = "object-hash", Int001,
        "The bytes of each object hash to its id.",
        "git objects", "a loose object overwritten on the disk";
    ObjectReadable = "object-readable", Int001,
        "Each object can be decoded.",
        "git objects", "a truncated loose object";
    StateRestored = "state-restored", Int001,
        "What is restored hashes to what the baseline holds.",
        "baselines", "a disk that gives back other bytes than were written";
    TarballHash = "tarball-hash", Int001,
        "The files of a run stay as they were judged until the tarball is written.",
        "AWO, inventory", "a file edited while `git awo tar` runs";
    BaselineFiles = "baseline-files", Int002,
        "The tree of a baseline has two entries, `files/` and `manifest.json`, and holds exactly what the manifest lists.",
        "baselines", "a file that the manifest does not list";
    EvidenceWhole = "evidence-whole", Int002,
        "The evidence of a run arrives once, and whole.",
        "record format", "a file added to evidence already on the server";
    ExportPlace = "export-place", Int002,
        "An export goes to an empty directory or to an earlier export, and holds only what it wrote.",
        "export", "`git awo export run_1 .` in a full directory";
    InventoryAbsent = "inventory-absent", Int002,
        "A run directory holds an inventory of its files.",
        "AWO, inventory", "`SHA256SUMS.txt` deleted";
    InventoryAdded = "inventory-added", Int002,
        "A run directory holds no file that its inventory does not list.",
        "AWO, inventory", "a file added after the inventory";
    InventoryMissing = "inventory-missing", Int002,
        "Every file that the inventory lists is there.",
        "AWO, inventory", "an artefact deleted";
    InventoryPresent = "inventory-present", Int002,
        "The ledger holds the inventory of each run.",
        "record format", "a run record without its inventory";
    TimestampsRegion = "timestamps-region", Int002,
        "Files under `timestamps/` hold only times and dates, in at most 256 bytes each.",
        "AWO, inventory", "a script under `timestamps/`";
    BaselineEntry = "baseline-entry", Int003,
        "A baseline holds files, symlinks and directories, and nothing that is called `.git` in any spelling.",
        "baselines", "a submodule in the tree of a baseline";
    BaselineName = "baseline-name", Int003,
        "Baselines have names that no file system takes for one.",
        "baselines", "`T-1/base` beside `T-1/BASE`";
    CheckoutPath = "checkout-path", Int003,
        "Every path of the base commit can be written to the disk.",
        "governed run", "two paths that the file system takes for one";
    CommitDraft = "commit-draft", Int003,
        "A commit that git-awo writes reads back as it was given.",
        "git objects", "an author name with a line feed";
    CommitReading = "commit-reading", Int003,
        "Each new commit of a governed branch has one reading, and its signature covers all of it.",
        "git, signed commits", "a parent twice, `encoding ISO-8859-1`, or a second signature header";
    ExportDisguise = "export-disguise", Int003,
        "No symlink, directory or special file is at a path to which the export writes.",
        "export", "a symlink at `runs/run_1/report.md`";
    ExportName = "export-name", Int003,
        "No two records of a run have the same name in an export.",
        "export", "two digests with the same first twelve digits";
    GitModules = "git-modules", Int003,
        "A `.gitmodules` lets git clone submodules to their own places, and run nothing.",
        "git fsck", "a submodule named `../../x`";
    NotesForm = "notes-form", Int003,
        "A notes tree has the form that git writes.",
        "git notes", "two notes on one object";
    ObjectCollision = "object-collision", Int003,
        "No object is part of a known SHA-1 collision attack.",
        "git objects", "a blob of the SHAttered pair";
    ObjectForm = "object-form", Int003,
        "Each commit, tree and tag has the one form that git writes.",
        "git fsck", "a commit with two `tree` lines";
    ObjectKind = "object-kind", Int003,
        "Each object is of the kind that its place asks for.",
        "git objects", "a branch that points to a blob";
    RecordMode = "record-mode", Int003,
        "Each record is a plain file.",
        "record format", "a symlink in the ledger";
    RunFileKind = "run-file-kind", Int003,
        "Every file of a run is a regular file.",
        "AWO, run directory", "a symlink in the run directory";
    RunPath = "run-path", Int003,
        "Every path of a run directory is one that git can hold.",
        "AWO, run directory", "a directory named `.git`";
    StateKind = "state-kind", Int003,
        "The state holds files, symlinks and directories, no repository of its own, and no symlink leads to it.",
        "baselines", "a socket below `state/`, or `state` itself a symlink";
    TreeEdit = "tree-edit", Int003,
        "A tree edit names a path that a tree can hold.",
        "git objects", "a file put where a directory stands";
    TreeEntryCollision = "tree-entry-collision", Int003,
        "No two names in a directory are one name to some file system, but where the policy allows it.",
        "git fsck", "`README` beside `readme`";
    TreeEntryEmpty = "tree-entry-empty", Int003,
        "No commit adds an empty directory.",
        "git fsck", "a tree entry for the empty tree";
    TreeEntryLength = "tree-entry-length", Int003,
        "No path and no component is longer than the policy allows.",
        "policy, `[limits]`", "a file name of 256 bytes";
    TreeEntryMode = "tree-entry-mode", Int003,
        "Symlinks, executable files, submodules and odd modes are only where the policy allows them.",
        "policy, `[tree]`", "a symlink at an allowed path";
    TreeEntryName = "tree-entry-name", Int003,
        "Each name is plain UTF-8, but where the policy allows it, and no disguise of a name that git obeys.",
        "git fsck", "a directory named `.GIT`";
    TreeEntryObject = "tree-entry-object", Int003,
        "Each tree entry names an object.",
        "git fsck", "an entry with the id of all zeros";
    ApprovalNonce = "approval-nonce", Int004,
        "The nonce of an approval is 1 to 64 characters of `0-9 A-Z a-z . _ -`.",
        "task approval", "an approval with an empty nonce";
    BaselineForm = "baseline-form", Int004,
        "A baseline is a commit with at most one parent, whose `manifest.json` is canonical and possible.",
        "baselines", "a manifest with a path twice";
    CanonicalJson = "canonical-json", Int004,
        "A document is JSON in its one canonical form.",
        "record format", "keys that are not sorted";
    Context = "context", Int004,
        "A statement names its signer, repository and policy.",
        "record format", "a predicate without a context";
    ContractPatterns = "contract-patterns", Int004,
        "The path patterns of a contract are valid.",
        "task contract, scope", "an allowed path with `..`";
    DecisionEventForm = "decision-event-form", Int004,
        "Each line of a file of decision events is one JSON object with the members of an event, each in its form, and with no other.",
        "decision events", "a `gate_type` of 65 characters";
    DecisionForm = "decision-form", Int004,
        "A decision, and each record of an escalation, has the schema of its kind, is made by the one who signs it, and says all that its actor must say and nothing else.",
        "automation", "a person's decision with a confidence";
    EventForm = "event-form", Int004,
        "Each line of the event file is a JSON object with a text member `action`.",
        "governed run", "an event line that is no JSON";
    HookInput = "hook-input", Int004,
        "The standard input of a hook is what git writes, and names each ref once.",
        "git hooks", "a line with two fields";
    InventoryForm = "inventory-form", Int004,
        "The inventory is in the form that `sha256sum` writes, sorted by path.",
        "AWO, inventory", "a digest in upper case";
    LogReadable = "log-readable", Int004,
        "The newest entry of the receive log can be read.",
        "receive log", "an entry written by hand";
    OwnFileForm = "own-file-form", Int004,
        "A file that git-awo keeps beside the repository is in the form that git-awo writes.",
        "fail closed", "the trust anchor edited by hand";
    Packet = "packet", Int004,
        "A packet is complete and unambiguous.",
        "task packet", "two approval sentences";
    PreWorkPlan = "pre-work-plan", Int004,
        "A pre-work plans each file once, under its canonical path, with a window and anchors that the base has.",
        "work packets", "a window that ends after the last line of its file";
    RecordCanonical = "record-canonical", Int004,
        "The payload of a statement is canonical, without unknown members, and names its one subject.",
        "in-toto", "an unknown member in a predicate";
    RecordForm = "record-form", Int004,
        "A stored record is an envelope in its one form, and a note is one line for each.",
        "DSSE", "an envelope with a second line feed";
    RecordPlace = "record-place", Int004,
        "A record is at the path that follows from its content.",
        "record format", "the record of run_1 at the path of run_2";
    StatementVersion = "statement-version", Int004,
        "A statement has a version that this program knows.",
        "in-toto", "a statement of version 99";
    WorkflowUrl = "workflow-url", Int004,
        "The address of a workflow run is an `http` or `https` URL in printable ASCII of at most 2,048 bytes.",
        "AWO, gate 3", "`--workflow-run-url ftp://…`";
    CellHolds = "cell-holds", Int005,
        "A command runs in a cell of which every layer holds, where the policy requires that.",
        "policy, `[gates]`", "a kernel without Landlock under `cell = \"required\"`";
    ClaimNeedsLog = "claim-needs-log", Int005,
        "There are claims where the policy names a server key, since they end by the server's time.",
        "claims", "a claim in a repository whose server keeps no receive log";
    ClockReadable = "clock-readable", Int005,
        "The clock, or the time that replaces it, can be read.",
        "fail closed", "`SOURCE_DATE_EPOCH=yesterday`";
    CommandStarts = "command-starts", Int005,
        "The command of a run can be started.",
        "governed run", "a program that is not on the PATH";
    FileUsable = "file-usable", Int005,
        "The files of the repository can be read and written.",
        "fail closed", "an object directory without write permission";
    FileWritten = "file-written", Int005,
        "The files that a command makes can be written.",
        "fail closed", "a full disk";
    GitSucceeds = "git-succeeds", Int005,
        "A git command that git-awo runs succeeds.",
        "fail closed", "git is not on the PATH";
    GitUnderstood = "git-understood", Int005,
        "What git prints for a hook can be understood.",
        "git, output", "`git diff-index` prints a line in another form";
    HookCalled = "hook-called", Int005,
        "A hook is called with the arguments that git gives it.",
        "git hooks", "`git-awo hook pre-receive x`";
    HookEnvironment = "hook-environment", Int005,
        "The environment of a hook names the objects of the push.",
        "git hooks", "`GIT_QUARANTINE_PATH` names no directory";
    HookInputReadable = "hook-input-readable", Int005,
        "The standard input of a hook can be read to its end.",
        "git hooks", "a closed standard input";
    HooksWritable = "hooks-writable", Int005,
        "The hooks can be installed.",
        "git hooks", "a hooks directory without write permission";
    LargeFilesUploaded = "large-files-uploaded", Int005,
        "The content of large files is uploaded before their pointers are pushed.",
        "git-lfs", "a push of a pointer from a machine without git-lfs";
    ObjectPresent = "object-present", Int005,
        "Every object that the check needs is there.",
        "git objects", "a partial clone";
    OutputWritten = "output-written", Int005,
        "The output reaches its reader in full.",
        "fail closed", "`git awo receipt > saved` on a full disk";
    OwnFileUsable = "own-file-usable", Int005,
        "A file that git-awo keeps beside the repository can be read and written.",
        "fail closed", "`.git/awo` without write permission";
    OwnRepository = "own-repository", Int005,
        "The repository belongs to the user who runs git-awo, or is named in `safe.directory`.",
        "git, safe.directory", "a clone that another user owns";
    PolicyWritten = "policy-written", Int005,
        "A generated policy can be written as TOML.",
        "fail closed", "a value that TOML cannot hold";
    ProgramFound = "program-found", Int005,
        "The path of the running program can be found.",
        "fail closed", "`/proc` is not mounted";
    ProgramNamed = "program-named", Int005,
        "The path of the program can be written into a hook.",
        "git hooks", "a path that is not UTF-8";
    QuickstartFiles = "quickstart-files", Int005,
        "The quickstart can make its files.",
        "fail closed", "no temporary directory";
    QuickstartStep = "quickstart-step", Int005,
        "Each step of the quickstart goes as described.",
        "fail closed", "no `ssh-keygen` on the PATH";
    Randomness = "randomness", Int005,
        "The system gives random bytes.",
        "fail closed", "no source of randomness";
    ReceiptWritten = "receipt-written", Int005,
        "The server can write the receive log after a push.",
        "receive log", "a server key that is missing";
    RefNamed = "ref-named", Int005,
        "A tip that is kept can be given a ref name.",
        "git refs", "a name that git does not accept";
    RefReadable = "ref-readable", Int005,
        "Each ref can be read, and names an object or another ref.",
        "git refs", "an empty file under `refs/heads/`";
    RefsWritable = "refs-writable", Int005,
        "Refs can be written.",
        "git refs", "a full disk";
    RemoteReachable = "remote-reachable", Int005,
        "The remote answers.",
        "git push", "a host name that does not exist";
    ReplaceRef = "replace-ref", Int005,
        "The repository has no replace refs.",
        "git replace", "`git replace A B`, then `git awo verify`";
    RepositoryReadable = "repository-readable", Int005,
        "The repository can be opened, and its format is supported.",
        "git, repository format", "a repository with the reftable format";
    RunPlaceUsable = "run-place-usable", Int005,
        "The place in which a command is executed can be made and read.",
        "fail closed", "a full disk";
    RunReadable = "run-readable", Int005,
        "A run directory and its files can be read.",
        "fail closed", "a directory without read permission";
    SandboxUsable = "sandbox-usable", Int005,
        "The sandbox of the self-test can be made.",
        "fail closed", "no temporary directory";
    StateSwapped = "state-swapped", Int005,
        "The state lies on a file system that exchanges two directories in one step.",
        "baselines", "`state/` on NFS";
    SubmodulesPushed = "submodules-pushed", Int005,
        "Commits of submodules are pushed before what names them, where git is set to see to that.",
        "git push", "`submodule.recurse=true` and a submodule at a commit of this machine only";
    TerminalReadable = "terminal-readable", Int005,
        "The approval sentence can be read from the terminal.",
        "fail closed", "a terminal that is closed";
    UseConfirmed = "use-confirmed", Int005,
        "The use of a consent is in the server's receive log before anything is handed over.",
        "escalation", "a server without a key";
    WholeView = "whole-view", Int005,
        "The repository shows every object that it names: it is not shallow, partial, grafted or borrowed.",
        "git clone", "`git clone --depth=1`";
    BaselineLimit = "baseline-limit", Int006,
        "A baseline stays within the limits of its manifest and of the policy.",
        "baselines", "a state of 50,001 files";
    DecisionEventLimit = "decision-event-limit", Int006,
        "A file of decision events has at most 64 MiB, lines of at most 64 KiB, and at most 1,000 lines with findings.",
        "hard limit", "a line of 65,537 bytes";
    FileLimit = "file-limit", Int006,
        "No new file is larger than the policy allows.",
        "policy, `[limits]`", "a file of 300 MiB where `file_bytes` is 256 MiB";
    HookInputLimit = "hook-input-limit", Int006,
        "The standard input of a hook is at most 8 MiB.",
        "hard limit", "a push of a hundred thousand refs";
    InventoryLimit = "inventory-limit", Int006,
        "An inventory is within the limits of bytes and lines.",
        "policy, `[limits]`", "an inventory of 50,001 lines";
    JsonLimit = "json-limit", Int006,
        "A JSON document is within the limits of bytes and depth.",
        "hard limit", "brackets nested a thousand times";
    Limits = "limits", Int006,
        "A push or a run is within the limits on refs, commits, paths and evidence.",
        "policy, `[limits]`", "a push of 1,001 refs";
    ObjectSize = "object-size", Int006,
        "Each object that is read whole is within its limit of bytes.",
        "hard limit", "a commit of 100 MiB";
    RecordLimit = "record-limit", Int006,
        "A record is within the limits of bytes and depth.",
        "policy, `[limits]`", "a contract of 2 MiB";
    RunLimit = "run-limit", Int006,
        "A run directory is within the limits on files, bytes and depth.",
        "policy, `[limits]`", "a path of 61 components";
    TreeDepth = "tree-depth", Int006,
        "Directories are nested no deeper than the policy allows.",
        "policy, `[limits]`", "65 directories inside each other";
    Deterministic = "deterministic", Int007,
        "A command that is run several times with the same files makes the same each time.",
        "Tier 1, FP-3.1", "a command that writes the time";
    IndexDerived = "index-derived", Int008,
        "The provenance index is what follows from the finalizations.",
        "AWO, provenance index", "an entry edited by hand";
    IndexPage = "index-page", Int008,
        "Where the policy gives a directory an index, its `INDEX.md` lists the files below it, as `git awo index reconcile` writes it.",
        "policy, `[[artefacts]]`", "a file added without its line in `INDEX.md`";
    LedgerIndex = "ledger-index", Int008,
        "The index beside a repository finds every file of the ledger and every note.",
        "record format", "`awo-index/ledger/0` of another clone, copied here";
    LogState = "log-state", Int008,
        "The state beside a log entry is what follows from the entries.",
        "receive log", "`state.json` edited on the server";
    OverrideTold = "override-told", Int008,
        "A receipt tells of the protection overrides that its push used, and of no others.",
        "receive log", "a server leaves out that a commit has used an override";
    AttestationReviewer = "attestation-reviewer", Att001,
        "An attestation names its signer as the reviewer, with the SHA-256 of that name.",
        "AWO, attestation", "rita signs an attestation that names olga";
    CoderModel = "coder-model", Att001,
        "The run of a work packet is by the model that the packet names, or assisted by it, and who assists is a model of the policy.",
        "work packets", "a run by `other:1` for a packet with CODER_MODEL `pen:plain`";
    Delegation = "delegation", Att001,
        "Other models take part in the run of a work packet only where the packet allows delegation.",
        "work packets", "`Assisted-by: other:1` for a packet with SUB_AGENT_DELEGATION: DISALLOWED";
    FinalizationPersons = "finalization-persons", Att001,
        "A finalization names exactly the persons whose approvals it binds.",
        "AWO, gate 3", "`approved_by` with a person who did not approve";
    IndependencePersons = "independence-persons", Att001,
        "An independence log names the signers of the run record and of itself.",
        "AWO, gate 2", "a log that names another orchestrator";
    ModelIdentity = "model-identity", Att001,
        "A decision of a model names the model that the policy knows by the key that signs it.",
        "automation", "`model_id` of another model";
    OneOrchestrator = "one-orchestrator", Att001,
        "One person signs the run record and the commit.",
        "governed run", "otto's commit with a run record by rita";
    RoleHeld = "role-held", Att001,
        "The signer of a statement holds a role that may make it.",
        "policy, `[[identity]]`", "rita, a reviewer, signs a contract";
    SignerIsClaimed = "signer-is-claimed", Att001,
        "The person whom a statement names as signer is the one whose key signed it.",
        "record format", "otto's signature on a statement that claims olga";
    ApprovesRun = "approves-run", Att002,
        "The approval noted on a governed commit approves a run, and says nothing that one of a task says.",
        "AWO, gate 3", "an approval of a task on a commit";
    ApprovesTask = "approves-task", Att002,
        "The approval that a run spends approves a task.",
        "task approval", "an approval of a run, spent by a run";
    BaselineBinds = "baseline-binds", Att002,
        "The manifest of a baseline names this repository, a policy in force when it came, its own ref and the baseline before it.",
        "baselines", "the commit of one baseline under the name of another";
    BaselinePromoted = "baseline-promoted", Att002,
        "A promoted baseline holds exactly the state that the commit of the run has, and is of the task of the run.",
        "baselines", "a promotion with a file that the run did not have";
    BindingMismatch = "binding-mismatch", Att002,
        "A decision binds what its target names, an auto-signature the decision beside it, and each record of an escalation the one before and the same bytes.",
        "automation", "an auto-signature with another `target_ref`";
    BindingStale = "binding-stale", Att002,
        "A decision is used for the contract and the base commit that it binds.",
        "automation", "a run on a newer tip than that of the decision";
    BindsApprovals = "binds-approvals", Att002,
        "An attestation or finalization binds approvals of its run that hold.",
        "AWO, attestation", "an attestation that names the approval of another run";
    BindsAttestation = "binds-attestation", Att002,
        "A finalization binds an attestation of its run that holds.",
        "AWO, chain", "a finalization that names another attestation";
    BindsBase = "binds-base", Att002,
        "A run and its approval bind the commit on which the run is made.",
        "task approval", "an approval of an older tip";
    BindsBytes = "binds-bytes", Att002,
        "A signature covers the bytes that are stored.",
        "DSSE", "a signature over compact JSON beside indented JSON";
    BindsCommit = "binds-commit", Att002,
        "A statement about a run binds the commit of the run.",
        "AWO, chain", "`git commit --amend` after the review";
    BindsContract = "binds-contract", Att002,
        "A statement binds the contract of its task.",
        "task contract", "a contract changed after its approval";
    BindsDecision = "binds-decision", Att002,
        "A run names the decisions on its work packet that count.",
        "work packets", "a run that names another decision on its refinement";
    BindsGate1 = "binds-gate-1", Att002,
        "Run record, attestation and finalization name the decision that opened gate 1 as it is, and the run spends it.",
        "automation", "a run record that names another `model_id` than the decision";
    BindsGate2 = "binds-gate-2", Att002,
        "An attestation or finalization binds a gate 2 of its run that passed.",
        "AWO, chain", "an attestation that names a failed log";
    BindsPacket = "binds-packet", Att002,
        "The packet beside a contract has the digest that the contract names.",
        "task packet", "a packet edited after the import";
    BindsPolicy = "binds-policy", Att002,
        "A statement binds a policy that was in force where it was made.",
        "policy history", "a statement that names an unknown policy";
    BindsRef = "binds-ref", Att002,
        "A run record binds the branch of its contract, and its commit lands there.",
        "task contract, scope", "a run for `main` pushed to `release`";
    BindsRepository = "binds-repository", Att002,
        "A statement binds the repository that contains it.",
        "in-toto", "an approval copied from a fork";
    BindsRoot = "binds-root", Att002,
        "A statement about a run binds the root of its evidence.",
        "AWO, inventory", "an approval of another root";
    BindsRun = "binds-run", Att002,
        "A statement or document about a run names that run.",
        "AWO, chain", "the attestation of run_2 on the commit of run_1";
    BindsRunRecord = "binds-run-record", Att002,
        "An attestation or finalization binds the record of its run.",
        "AWO, chain", "a finalization that names another run record";
    BindsTask = "binds-task", Att002,
        "A run record or approval names the task of its contract.",
        "task contract", "an approval of T-2 spent by a run of T-1";
    BindsTrailers = "binds-trailers", Att002,
        "The trailers of a governed commit are what its run record says.",
        "governed run", "`AWO-Root` with another digest";
    BindsTree = "binds-tree", Att002,
        "A statement about a run binds the tree of its commit.",
        "AWO, chain", "an attestation of another tree";
    ContractBase = "contract-base", Att002,
        "The base commit that a contract names is in the history of the target branch.",
        "execution gate", "a contract for a branch with another history";
    DecisionEventBinding = "decision-event-binding", Att002,
        "The events of a decision name the same gate and target, and say the same of what it decides.",
        "decision events", "a signature for another target than that of its decision";
    EvidenceClaims = "evidence-claims", Att002,
        "The documents of a run say what its record says, what its commit changes, and the same of each step.",
        "AWO, run directory", "`run_manifest.json` names another base";
    LineagePredecessor = "lineage-predecessor", Att002,
        "A version of a work packet names the contract of the version before, or, where the ledger has no earlier version, a packet outside of it by path and digest.",
        "work packets", "`WP-X-v2` that does not name the contract of `WP-X`";
    NoteObject = "note-object", Att002,
        "A note is on the object that its statement binds.",
        "git notes", "an approval noted on another commit";
    Proposal = "proposal", Att002,
        "A proposal's files and signatures belong together.",
        "policy history", "`policy.toml` of a proposal edited after signing";
    VersionSuperseded = "version-superseded", Att002,
        "A version of a work packet that another one follows is neither approved nor executed.",
        "work packets", "an approval of `WP-X-v2` when `WP-X-v3` was imported";
    VouchRange = "vouch-range", Att002,
        "A vouch says the number and the digest of the commits of its range.",
        "record format", "a vouch written by hand, with the digest of other commits";
    CommitSigned = "commit-signed", Att003,
        "A commit that is judged has an SSH signature by a person whom the policy names.",
        "SSHSIG", "`git commit --no-gpg-sign`";
    OneSignature = "one-signature", Att003,
        "An envelope has exactly one signature, and that of a policy at least one.",
        "DSSE", "an envelope with two signatures";
    SignatureForm = "signature-form", Att003,
        "A signature is a binary SSHSIG made by the key that its `keyid` names.",
        "SSHSIG", "an armoured signature in an envelope";
    SignatureGood = "signature-good", Att003,
        "A signature verifies in the namespace of its kind of statement.",
        "SSHSIG", "`ssh-keygen -Y sign -n git` over an approval";
    StatementType = "statement-type", Att003,
        "A statement has the type that its place asks for.",
        "in-toto", "a contract where an approval belongs";
    TagSigned = "tag-signed", Att003,
        "A tag has an SSH signature by a person whom the policy names, where the policy asks for one.",
        "policy, `[[tag]]`", "`git tag -a` or a PGP signature where `form = \"signed\"`";
    KeyAccepted = "key-accepted", Att004,
        "A key is of an accepted kind and size.",
        "allowed_signers", "an RSA key of 1024 bits";
    KeyConfigured = "key-configured", Att004,
        "`user.signingkey` names a key.",
        "git configuration", "no `user.signingkey`";
    KeyKnown = "key-known", Att004,
        "The policy names the key for this namespace and this time.",
        "allowed_signers", "a key that was removed from `allowed_signers`";
    KeyMade = "key-made", Att004,
        "A new key can be written.",
        "OpenSSH", "no write permission in `.git/awo`";
    KeyPrivate = "key-private", Att004,
        "Only its owner can read a private key.",
        "OpenSSH", "a key file with mode 644";
    KeyTouched = "key-touched", Att004,
        "A security key signs with a touch where the policy asks for it.",
        "policy, `[gates]`", "an `ssh-agent` key where `require_touch` names `approval`";
    KeyUsable = "key-usable", Att004,
        "The configured key can be read and can sign.",
        "git configuration", "`user.signingkey` names no key file";
    ServerKeyPrivate = "server-key-private", Att004,
        "Only its owner can read the server's key.",
        "receive log", "`awo/server_key` with mode 644";
    SignatureMade = "signature-made", Att004,
        "The key signs when it is asked to.",
        "OpenSSH", "an `ssh-agent` without the key";
    NonceOnce = "nonce-once", Rep001,
        "No person uses a nonce twice on one object.",
        "task approval", "an approval copied with a new date and its old nonce";
    NotedOnce = "noted-once", Rep001,
        "A person says the same about one object once.",
        "record format", "`git awo approve run_1` twice by rita";
    OneApprovalOneRun = "one-approval-one-run", Rep001,
        "An approval is spent by one run.",
        "task approval", "a second run under the same approval";
    OverrideOnce = "override-once", Rep001,
        "An override lets one commit change a protected artefact, once.",
        "policy, `[gates]`", "the change is taken back, and made again by another commit under the same override";
    RecordName = "record-name", Rep001,
        "A record has a name that no other record has.",
        "record format", "a second outcome of run_1";
    RevocationBeforeUse = "revocation-before-use", Rep001,
        "An approval is withdrawn before anything has used it.",
        "approvals", "olga withdraws an approval that run_1 has spent";
    RevocationOnce = "revocation-once", Rep001,
        "An approval is withdrawn once.",
        "approvals", "a second `git awo revoke` of an approval, for another reason";
    RolledBackForGood = "rolled-back-for-good", Rep001,
        "A commit that was rolled back is not applied again.",
        "roll-back", "a revert of the roll-back";
    RunId = "run-id", Rep001,
        "A run has a name that no run has had.",
        "governed run", "`--run-id run_1` a second time";
    SignatureOnce = "signature-once", Rep001,
        "A user signature stands in one contract, which the ledger lists for it.",
        "task packet", "the USER_SIGNATURE of T-1 in the packet of T-2";
    WaiverUses = "waiver-uses", Rep001,
        "A waiver is used by no more runs than it says.",
        "work packets", "a second run under a waiver for one";
    BaselineFixed = "baseline-fixed", Rep002,
        "A baseline never moves.",
        "baselines", "`git push --force` of another commit under its name";
    ForwardOnly = "forward-only", Rep002,
        "A governance ref moves only to a descendant.",
        "git refs", "`git push --force` on `refs/awo/ledger`";
    Fresh = "fresh", Rep002,
        "What is known of the server is as new as was asked for.",
        "server", "`git awo verify --fresh 7` in a clone that fetched a month ago";
    GovernanceKept = "governance-kept", Rep002,
        "A governance ref is not deleted.",
        "git refs", "`git push origin :refs/awo/log`";
    HighWaterMark = "high-water-mark", Rep002,
        "A governance ref descends from where this clone saw it last.",
        "threat model", "a server restored from yesterday's backup";
    LogBegins = "log-begins", Rep002,
        "The receive log begins when the policy names who writes it.",
        "receive log", "a log that was deleted and begun again";
    LogEntry = "log-entry", Rep002,
        "Each commit of the receive log holds one entry, and follows from it.",
        "receive log", "a log commit with a third file";
    LogLinear = "log-linear", Rep002,
        "Each commit of the receive log has at most one parent.",
        "receive log", "a merge on `refs/awo/log`";
    LogLinked = "log-linked", Rep002,
        "Each entry of the receive log names the one before it and the next number.",
        "receive log", "an entry taken out of the middle";
    LogPolicy = "log-policy", Rep002,
        "The policy that an entry names is known, and not older than that of the entry before.",
        "receive log", "an entry under version 1 after one under version 2";
    LogTime = "log-time", Rep002,
        "No entry of the receive log is older than the one before it.",
        "receive log", "a server clock that is set back";
    LoggedState = "logged-state", Rep002,
        "A ref descends from where the receive log says it is.",
        "receive log", "a branch moved back on the server";
    PastTheHooks = "past-the-hooks", Rep002,
        "Every ref of the server is where its receive log says.",
        "receive log", "`git update-ref` on the server";
    ReceiptInLog = "receipt-in-log", Rep002,
        "The receive log contains every saved receipt.",
        "receive log", "a push that the server hides";
    RecordsKept = "records-kept", Rep002,
        "Every record that the receive log knows is there.",
        "receive log", "a note removed on the server";
    RecordsNeverChange = "records-never-change", Rep002,
        "Records are only added, never changed or removed.",
        "record format", "`git notes remove` on an approval";
    BaseIsTip = "base-is-tip", Rep003,
        "The target branch is still at the base of the run when the run is finalized.",
        "governed run", "another commit landed first";
    BaselineLine = "baseline-line", Rep003,
        "The baselines of one task or plan form a line: one is the first, and each has one successor at most.",
        "baselines", "two promotions of one baseline, pushed at the same time";
    BaselineTaken = "baseline-taken", Rep003,
        "A new baseline has a name that is free.",
        "baselines", "two people who create the same baseline";
    BranchMoved = "branch-moved", Rep003,
        "A branch contains the tip that was last seen at its remote.",
        "git push", "a push after another person's push";
    ClaimAlone = "claim-alone", Rep003,
        "No two live claims are for the same task or for overlapping paths.",
        "claims", "rita claims `src/` while otto holds `src/a.rs`";
    Freshness = "freshness", Rep003,
        "Base, contract and policy do not change while a run executes.",
        "governed run", "the policy changes during the run";
    GovernedFirst = "governed-first", Rep003,
        "What builds on a branch of the same push, another branch or a tag, moves with it or after it.",
        "push transaction", "a wip branch moves before `main`";
    LockFree = "lock-free", Rep003,
        "No other git holds a lock of the repository, nor has left one behind: of a ref, of the index or of the configuration.",
        "compare-and-swap", "`refs/heads/main.lock` left behind";
    NothingMoved = "nothing-moved", Rep003,
        "The state that was judged is unchanged when the result is written.",
        "compare-and-swap", "two pushes at the same time";
    OldValue = "old-value", Rep003,
        "A ref is still where the push says it starts from.",
        "push transaction", "a push from a clone that is behind";
    OneLiveDecision = "one-live-decision", Rep003,
        "A gate has at most one decision that counts on one target, RefinementSign one for each task; another one supersedes it.",
        "automation", "a second approval of a contract";
    PolicyUnmoved = "policy-unmoved", Rep003,
        "The policy is the one by which the push was judged.",
        "push transaction", "LOCKED arrives while a hook runs";
    RaceWon = "race-won", Rep003,
        "A write succeeds within its number of attempts.",
        "compare-and-swap", "many processes that write all the time";
    RecordsFirst = "records-first", Rep003,
        "The records of a push move with its branches or before them.",
        "push transaction", "a push without `--atomic`";
    RecordsUnmoved = "records-unmoved", Rep003,
        "The records are those by which the push was judged.",
        "push transaction", "another push adds records while a hook runs";
    RefUpdate = "ref-update", Rep003,
        "A transaction moves each ref once, to a value that git accepts.",
        "git refs", "a transaction with one ref twice";
    RunFileReplaced = "run-file-replaced", Rep003,
        "A file of a run does not change while it is read.",
        "AWO, run directory", "a file exchanged for another meanwhile";
    StateSteady = "state-steady", Rep003,
        "Nothing changes the state while it is read or put back.",
        "baselines", "a program that writes below `state/` while a baseline is created";
    TransactionAlone = "transaction-alone", Rep003,
        "Pushes that move the policy and branches are applied one after the other.",
        "push transaction", "two pushes at the same time";
    TransactionJudged = "transaction-judged", Rep003,
        "Only what `pre-receive` allowed is applied.",
        "push transaction", "a push past the `pre-receive` hook";
    EvidenceOfARun = "evidence-of-a-run", Str001,
        "Evidence belongs to a run record that names it.",
        "AWO, provenance index", "evidence pushed without its run record";
    IndexAttestation = "index-attestation", Str001,
        "The attestation of an indexed run is a note on its commit.",
        "AWO, provenance index", "notes that were not fetched";
    ProvenanceIndex = "provenance-index", Str001,
        "Every finalized run is in the provenance index, and every entry has a finalization.",
        "AWO, provenance index", "a run missing from the index";
    RecordOfSomething = "record-of-something", Str001,
        "A record arrives with the record that it belongs to.",
        "AWO, provenance index", "a marker without its run record";
    RevocationOfRecord = "revocation-of-record", Str001,
        "A revocation names an approval that is there and holds.",
        "approvals", "a revocation of a digest that no approval has";
    RunOfRecord = "run-of-record", Str001,
        "A review belongs to a run that is recorded.",
        "AWO, provenance index", "an attestation of a run that nobody has pushed";
    BaselinePresent = "baseline-present", Str002,
        "A baseline that is named, and every baseline before one, is there.",
        "baselines", "a predecessor whose ref is gone";
    EvidencePresent = "evidence-present", Str002,
        "The evidence of the run is in the clone.",
        "record format", "an evidence ref that was not fetched";
    GitVersion = "git-version", Str002,
        "git is version 2.30 or later.",
        "git, version", "git 2.20";
    HookStays = "hook-stays", Str002,
        "An installed hook stays in place.",
        "git hooks", "a hook that gitolite links again";
    IndexEntry = "index-entry", Str002,
        "The provenance index has an entry for the run that is asked for.",
        "AWO, provenance index", "`git awo provenance show` of a run that is not finalized";
    LedgerPresent = "ledger-present", Str002,
        "The clone has the ledger.",
        "record format", "a plain `git clone`";
    LogKept = "log-kept", Str002,
        "The server has its receive log where the policy names who writes it.",
        "receive log", "`refs/awo/log` deleted on the server";
    LogKey = "log-key", Str002,
        "The server's key is the one that the policy names for the receive log.",
        "receive log", "a new server key that the policy does not name";
    LogPresent = "log-present", Str002,
        "The clone has the receive log where the policy names who writes it.",
        "receive log", "`refs/awo/log` was not fetched";
    OneKeptHook = "one-kept-hook", Str002,
        "At most one other hook is kept beside that of git-awo.",
        "git hooks", "a second foreign `pre-receive`";
    PacketFormat = "packet-format", Str002,
        "A work packet has the format that is read, 2026-02-01.",
        "task packet", "PACKET_FORMAT_VERSION: 2025-01-01";
    PolicyFetched = "policy-fetched", Str002,
        "The clone that is verified has a policy.",
        "git clone", "`git awo verify` in a plain clone";
    PolicyRequires = "policy-requires", Str002,
        "The program knows every feature that the policy requires.",
        "policy, format", "`requires = [\"automation/9\"]`";
    ProposalFiles = "proposal-files", Str002,
        "The clone has the files of a proposal.",
        "policy history", "signatures of a proposal without its `policy.toml`";
    RecordBrought = "record-brought", Str002,
        "A new governance ref holds at least one record, and each commit of the ledger adds one or joins two histories.",
        "record format", "`refs/awo/ledger` with an empty tree";
    RecordKind = "record-kind", Str002,
        "Each file on a governance ref is of a kind that this version knows.",
        "record format", "`notes.txt` in the ledger";
    RecordPresent = "record-present", Str002,
        "The record that is asked for is in the clone: a contract, the record of a run, or any other.",
        "record format", "`git awo run T-9` without such a task";
    RecordsAnnounced = "records-announced", Str002,
        "The server announces branches and records to everybody.",
        "git configuration", "`transfer.hideRefs=refs/awo`";
    RefKind = "ref-kind", Str002,
        "Each governance ref is of a kind that this version knows.",
        "record format", "a push of `refs/awo/other`";
    Refspecs = "refspecs", Str002,
        "`git fetch` brings the records.",
        "git configuration", "a clone without `git awo init`";
    ServerKey = "server-key", Str002,
        "The server has a key for the receive log.",
        "receive log", "`awo/server_key` deleted";
    StatePresent = "state-present", Str002,
        "The directory that the policy names in `[state]` is there when a baseline is made of it.",
        "baselines", "`git awo amu0 create BASE` without `state/`";
    TargetRef = "target-ref", Str002,
        "The target branch of the contract is in the clone.",
        "execution gate", "a contract for a branch that was not fetched";
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
