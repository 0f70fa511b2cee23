//! `policy.toml` as written: every field is public and may have any value. [`super::Policy`] is the
//! checked form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The schema name that a policy must carry.
pub const SCHEMA: &str = "awo.policy/1";

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// `awo.policy/1`.
    pub schema: String,
    /// The version, one more with each policy commit.
    pub version: u32,
    /// The features without which this policy must not be read: `automation/1`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub requires: Vec<String>,
    /// The automation level: `FULL_HUMAN`, `HYBRID`, `AUTONOMOUS` or `LOCKED`.
    pub level: String,
    /// When the policy expires; from then on every push is refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<String>,
    /// Who may change the policy.
    pub roots: Roots,
    /// The gates.
    #[serde(default)]
    pub gates: Gates,
    /// Restrictions on paths and modes.
    #[serde(default)]
    pub tree: TreeRules,
    /// The persons.
    #[serde(rename = "identity")]
    pub identities: Vec<Identity>,
    /// The governed refs. A ref that none names is refused.
    #[serde(rename = "ref", default)]
    pub refs: Vec<RefGrant>,
    /// The tags that may be pushed. A tag that none names is refused.
    #[serde(rename = "tag", skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<TagGrant>,
    /// The tags from before adoption.
    #[serde(rename = "tags", skip_serializing_if = "TagsBefore::is_empty", default)]
    pub tags_before: TagsBefore,
    /// Restrictions; all that match must allow the change.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
    /// What models may decide.
    #[serde(skip_serializing_if = "AutomationRules::is_default", default)]
    pub automation: AutomationRules,
    /// How long and how many tasks may be claimed.
    #[serde(skip_serializing_if = "ClaimRules::is_default", default)]
    pub claims: ClaimRules,
    /// What is asked of contracts by their risk tier, besides what is asked of all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub risk: BTreeMap<String, RiskRules>,
    /// How far whoever orchestrates may go without asking.
    #[serde(rename = "ceiling", skip_serializing_if = "Vec::is_empty", default)]
    pub ceilings: Vec<CeilingRules>,
    /// What baselines hold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<StateRules>,
    /// Directories whose files have versions, archives and a generated index.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub artefacts: Vec<ArtefactRules>,
    /// Resource limits.
    #[serde(default)]
    pub limits: Limits,
}

/// A ceiling: what a person, or whoever holds a role, may change without asking. What is absent is built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeilingRules {
    /// Persons by name, and roles by their words.
    #[serde(rename = "for")]
    pub whom: Vec<String>,
    /// `L0`, `L3` or `L4`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<String>,
    /// How many paths may be changed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub files: Option<i64>,
    /// In how many directories.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub directories: Option<i64>,
    /// How many lines may be added and deleted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lines: Option<i64>,
    /// Where (exact patterns). Without: everywhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paths: Option<Vec<String>>,
    /// What may be done: `create`, `change`, `delete`, `mode`. Without: all of these.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actions: Option<Vec<String>>,
    /// How many days count together for one identity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub window_days: Option<i64>,
}

/// What is asked of the files of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtefactRules {
    /// The directory: `docs/specs/`.
    pub root: String,
    /// How its files are named.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Naming>,
    /// Whether its `INDEX.md` is generated.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub index: bool,
    /// The directories in it that only take what moves there: `docs/specs/archive/`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub archive: Vec<String>,
}

/// How the files of a directory are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Naming {
    /// `<Base>_vMAJOR.MINOR[.PATCH].<ext>`, a file for each version.
    Versioned,
}

/// What baselines hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRules {
    /// The one directory that they hold: `state/`.
    pub root: String,
}

/// How long and how many tasks may be claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimRules {
    /// The longest claim, in hours.
    pub max_hours: u32,
    /// How many claims a person may hold at a time.
    pub per_identity: u32,
}

impl ClaimRules {
    /// The longest claim that a policy may permit, in hours.
    pub const LONGEST: u32 = 24;

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for ClaimRules {
    fn default() -> Self {
        Self {
            max_hours: Self::LONGEST,
            per_identity: 3,
        }
    }
}

/// What is asked of the contracts of a risk tier. It never loosens what is asked of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskRules {
    /// Number of reviewers who must approve a run (gate 3), where that is more than in `gates`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_approvals: Option<u32>,
    /// Whether approvals by models count among these.
    pub model_reviewers: bool,
    /// Whether a contract may allow delegation.
    pub delegation: bool,
}

impl Default for RiskRules {
    fn default() -> Self {
        Self {
            audit_approvals: None,
            model_reviewers: true,
            delegation: true,
        }
    }
}

/// Who may change the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roots {
    /// Number of distinct persons who must sign.
    pub threshold: u32,
    /// The persons.
    pub identities: Vec<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The name, unique.
    pub name: String,
    /// Further names that `allowed_signers` may use for this person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// What they may do: `operator`, `orchestrator`, `reviewer`, `server`, `model`; or `draft`
    /// alone.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Of a model: what it calls itself, `codex-cli:gpt-5.2`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
}

/// What models may decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutomationRules {
    /// So many references to evidence must resolve where a model approves.
    pub evidence: u32,
    /// What gates need, where that is more than the built-in table asks for.
    #[serde(rename = "gate", skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateTable>,
    /// What may be handed to models elsewhere.
    pub escalation: Escalation,
}

impl AutomationRules {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for AutomationRules {
    fn default() -> Self {
        Self {
            evidence: 1,
            gates: Vec::new(),
            escalation: Escalation::default(),
        }
    }
}

/// What a gate needs at each level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateTable {
    /// The gate: `SpecApproval`, `RefinementSign`, `ScopeChange`, `SkeletonApproval`,
    /// `CloudEscalation` or `PolicyViolation`.
    pub name: String,
    /// At level `FULL_HUMAN`.
    #[serde(
        rename = "FULL_HUMAN",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub full_human: Option<Cell>,
    /// At level `HYBRID`.
    #[serde(rename = "HYBRID", skip_serializing_if = "Option::is_none", default)]
    pub hybrid: Option<Cell>,
    /// At level `AUTONOMOUS`.
    #[serde(
        rename = "AUTONOMOUS",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub autonomous: Option<Cell>,
}

/// What a gate needs at one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// `human` or `never`.
    Word(String),
    /// `{ auto = "0.9" }`
    Auto(AutoCell),
}

/// A gate that a model opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoCell {
    /// The least confidence, as text: a TOML number is a binary float.
    pub auto: String,
}

/// What may be handed to models elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Escalation {
    /// Whether anything may.
    pub allow: bool,
    /// So long a consent holds, in hours.
    pub consent_hours: u32,
}

impl Default for Escalation {
    fn default() -> Self {
        Self {
            allow: false,
            consent_hours: 24,
        }
    }
}

/// The requirements of the gates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// Number of operators who must approve a task (gate 1).
    pub task_approvals: u32,
    /// Number of reviewers who must approve a run (gate 3).
    pub audit_approvals: u32,
    /// Validity of an approval, in days.
    pub approval_days: u32,
    /// Persons whose override may permit a review by the orchestrator. Empty: nobody.
    pub self_approval_override: Vec<String>,
    /// What only a security key with touch may sign: kinds of statements, or `commit`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub require_touch: Vec<String>,
    /// What admits the repository that a contract names.
    #[serde(skip_serializing_if = "AdmittedBy::is_default")]
    pub admission: AdmittedBy,
    /// How the commands of a run are confined.
    #[serde(skip_serializing_if = "Confinement::is_default")]
    pub cell: Confinement,
    /// Whether a contract may give the network to its commands in their cell.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cell_network: bool,
    /// Number of operators who must sign that one commit changes a protected artefact. None: no commit may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection_overrides: Option<u32>,
}

/// How the commands of a run are confined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confinement {
    /// Not at all.
    #[default]
    None,
    /// By whatever layers of a cell can be had.
    BestEffort,
    /// By all of them but a root of its own.
    Required,
    /// By all of them.
    OwnRoot,
}

impl Confinement {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What admits the repository that a contract names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdmittedBy {
    /// The word of the packet.
    #[default]
    Packet,
    /// That, and an operator's record.
    Record,
}

impl AdmittedBy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            task_approvals: 1,
            audit_approvals: 1,
            approval_days: 30,
            self_approval_override: Vec::new(),
            require_touch: Vec::new(),
            admission: AdmittedBy::default(),
            cell: Confinement::default(),
            cell_network: false,
            protection_overrides: None,
        }
    }
}

/// What commits may not do to the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TreeRules {
    /// Protected artefacts (broad patterns), which no commit may touch.
    pub protected: Vec<String>,
    /// Where files may be or become executable (exact patterns).
    pub executable: Vec<String>,
    /// Where symlinks are allowed (exact patterns).
    pub symlinks: Vec<String>,
    /// Where submodules are allowed (exact patterns).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub submodules: Vec<String>,
    /// Where entries may have modes that old programs wrote (exact patterns).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub odd_modes: Vec<String>,
    /// Where names need not be plain (exact patterns).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub odd_names: Vec<String>,
    /// Where names of one directory may be one name to some file system (exact patterns).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collisions: Vec<String>,
    /// Who may change the files that git itself obeys, by name. One that is not named: nobody.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub git_files: BTreeMap<String, Vec<String>>,
}

/// What a governed ref accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefGrant {
    /// Which refs: `refs/heads/main`, `refs/heads/wip/**`.
    pub pattern: String,
    /// Accepted kinds of new commits: `governed`, `rollback`, `direct`, `vouched`.
    pub accept: Vec<String>,
    /// Whether merges are accepted.
    #[serde(default)]
    pub merges: bool,
    /// Whether the ref may be deleted or moved other than forward.
    #[serde(default)]
    pub rewind: bool,
    /// The tip at adoption, whose history is not judged.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub adopted: Option<String>,
    /// Who may push direct commits, and where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub direct: Vec<DirectGrant>,
    /// Who may vouch for commits by others, and where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vouched: Vec<DirectGrant>,
    /// Other branches, a vouch for which counts here too: `refs/heads/main`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vouched_for: Vec<String>,
}

/// A right to push direct commits, or to vouch for commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectGrant {
    /// Persons by name, `role:NAME`, or `*` for everybody whom the policy names.
    pub writers: Vec<String>,
    /// Which paths (exact patterns).
    pub paths: Vec<String>,
}

/// What a tag must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagGrant {
    /// Which tags: `refs/tags/v*`.
    pub pattern: String,
    /// Who may create them: persons by name, `role:NAME`, or `*`.
    pub creators: Vec<String>,
    /// `signed`, `annotated` or `any`.
    #[serde(default)]
    pub form: TagForm,
    /// The branches (exact patterns), one of which must contain the commit. Empty: those that are
    /// never rewound.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub of: Vec<String>,
    /// Whether the tag may be moved.
    #[serde(rename = "move", default)]
    pub moves: bool,
    /// Whether the tag may be deleted.
    #[serde(default)]
    pub delete: bool,
}

/// The form of a tag, the strictest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagForm {
    /// A tag object with an SSH signature by one of the creators.
    #[default]
    Signed,
    /// A tag object, signed or not.
    Annotated,
    /// Lightweight too.
    Any,
}

/// The tags from before adoption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagsBefore {
    /// Full names, and the object of each: whatever it is, it may be created there, by anybody.
    #[serde(default)]
    pub adopted: BTreeMap<String, String>,
}

impl TagsBefore {
    fn is_empty(&self) -> bool {
        self.adopted.is_empty()
    }
}

/// A restriction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, for messages.
    pub name: String,
    /// On which refs.
    pub refs: Vec<String>,
    /// On which paths (broad patterns). `**` for all.
    pub paths: Vec<String>,
    /// The only persons who may touch them. Empty: nobody.
    pub writers: Vec<String>,
}

/// Resource limits (INT-006); the defaults are the taxonomy's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Refs per push.
    pub refs: usize,
    /// Commits per push.
    pub commits: usize,
    /// Changed paths per push.
    pub paths: usize,
    /// Work per push, in entries of trees that are read.
    pub work: u64,
    /// Bytes of a file in a commit.
    pub file_bytes: u64,
    /// Bytes of evidence per run.
    pub evidence_bytes: u64,
    /// Bytes per path component.
    pub component_bytes: usize,
    /// Bytes per path.
    pub path_bytes: usize,
    /// Depth of nested directories.
    pub tree_depth: usize,
    /// Bytes of a record's JSON.
    pub record_bytes: usize,
    /// Nesting levels of a record's JSON.
    pub record_depth: usize,
    /// Bytes of an inventory (`SHA256SUMS.txt`).
    pub inventory_bytes: usize,
    /// Lines of an inventory.
    pub inventory_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            refs: 1_000,
            commits: 10_000,
            paths: 100_000,
            work: 80_000_000,
            file_bytes: 256 * 1024 * 1024,
            evidence_bytes: 64 * 1024 * 1024,
            component_bytes: 255,
            path_bytes: 4_096,
            tree_depth: 64,
            record_bytes: 1024 * 1024,
            record_depth: 32,
            inventory_bytes: 8 * 1024 * 1024,
            inventory_lines: 50_000,
        }
    }
}
