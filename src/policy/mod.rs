//! Room 2, `policy`: the rules, pure. A policy document becomes a [`Policy`]; a change and its
//! records become a case; the rules add findings. No clock, file or environment is read here.

pub mod case;
pub mod document;
pub mod keyring;
pub mod pattern;
pub mod rules;

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{IdentityName, ObjectId, RefName, RepoPath, Timestamp};
use crate::signing::AllowedSigners;

pub use case::RefRules;
pub use document::Document;
pub use keyring::{Keyring, Position, Verified};

use document::RefGrant;
use pattern::PathSet;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Writes contracts, approves tasks, records outcomes.
    Operator,
    /// Executes contracts.
    Orchestrator,
    /// Reviews, approves runs, attests.
    Reviewer,
    /// Writes the receive log.
    Server,
    /// A model: may sign what automation permits, nothing else.
    Model,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Role] = &[
        Role::Operator,
        Role::Orchestrator,
        Role::Reviewer,
        Role::Server,
        Role::Model,
    ];

    /// Returns the role's word: `operator`.
    pub fn word(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Orchestrator => "orchestrator",
            Role::Reviewer => "reviewer",
            Role::Server => "server",
            Role::Model => "model",
        }
    }

    /// Returns the role with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.word() == word)
    }
}

/// The automation level. Normalised at the parsing edge and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Every gate needs a person.
    FullHuman,
    /// Some gates may be passed by a confident model.
    Hybrid,
    /// Most gates may.
    Autonomous,
    /// Nothing moves.
    Locked,
}

impl Level {
    /// Returns the level of a text: trimmed, upper-cased, `ASSISTED` and `SUPERVISED` read as `HYBRID`.
    pub fn of_text(text: &str) -> Option<Self> {
        match text.trim().to_uppercase().as_str() {
            "FULL_HUMAN" => Some(Self::FullHuman),
            "HYBRID" | "ASSISTED" | "SUPERVISED" => Some(Self::Hybrid),
            "AUTONOMOUS" => Some(Self::Autonomous),
            "LOCKED" => Some(Self::Locked),
            _ => None,
        }
    }

    /// Returns the level's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::FullHuman => "FULL_HUMAN",
            Self::Hybrid => "HYBRID",
            Self::Autonomous => "AUTONOMOUS",
            Self::Locked => "LOCKED",
        }
    }
}

/// A set of persons, as a policy writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writers {
    anyone: bool,
    roles: BTreeSet<Role>,
    persons: BTreeSet<IdentityName>,
}

/// A person whom the policy names.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name.
    pub name: IdentityName,
    /// The names by which `allowed_signers` may call them, the own one included.
    pub principals: BTreeSet<String>,
    /// The roles held.
    pub roles: BTreeSet<Role>,
}

/// What a governed ref takes, checked.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) pattern: PathSet,
    pub(crate) governed: bool,
    pub(crate) rollback: bool,
    pub(crate) merges: bool,
    pub(crate) rewind: bool,
    pub(crate) adopted: Option<ObjectId>,
    pub(crate) direct: Option<Vec<(Writers, PathSet)>>,
}

/// A restriction, checked.
#[derive(Clone, Debug)]
pub(crate) struct Restriction {
    pub(crate) name: String,
    pub(crate) refs: Vec<PathSet>,
    pub(crate) paths: PathSet,
    pub(crate) writers: Writers,
}

/// A checked policy: what `policy.toml` and `allowed_signers` say together.
#[derive(Clone, Debug)]
pub struct Policy {
    document: Document,
    level: Level,
    expires: Option<Timestamp>,
    roots: BTreeSet<IdentityName>,
    persons: BTreeMap<IdentityName, Person>,
    override_writers: Writers,
    pub(crate) grants: Vec<Grant>,
    pub(crate) restrictions: Vec<Restriction>,
    pub(crate) protected: PathSet,
    pub(crate) executable: PathSet,
    pub(crate) symlinks: PathSet,
    keyring: Keyring,
}

/// Files that change what git does with other files; nothing may touch them without more.
const ALWAYS_PROTECTED: &[&str] = &[".gitattributes", ".gitmodules", ".mailmap", ".lfsconfig"];

impl Policy {
    /// Checks the two files of a policy. All complaints are returned at once.
    pub fn parse(policy_toml: &[u8], allowed_signers: &[u8]) -> Result<Self, Vec<String>> {
        let text = std::str::from_utf8(policy_toml)
            .map_err(|_| vec!["policy.toml is not UTF-8".to_owned()])?;
        let document: Document = toml::from_str(text)
            .map_err(|error| vec![format!("policy.toml: {}", error.to_string().trim_end())])?;
        let signers = AllowedSigners::parse(allowed_signers)
            .map_err(|error| vec![format!("allowed_signers: {error}")])?;
        Self::check(document, &signers)
    }

    fn check(document: Document, signers: &AllowedSigners) -> Result<Self, Vec<String>> {
        let mut complaints = Vec::new();
        if document.schema != document::SCHEMA {
            complaints.push(format!(
                "schema is {:?}, not {:?}",
                document.schema,
                document::SCHEMA
            ));
        }
        if document.version == 0 {
            complaints.push("version must be 1 or more".to_owned());
        }
        let level = Level::of_text(&document.level).unwrap_or_else(|| {
            complaints.push(format!("level {:?} is unknown", document.level));
            Level::Locked
        });
        let expires = document
            .expires
            .as_deref()
            .and_then(|text| match text.parse() {
                Ok(time) => Some(time),
                Err(error) => {
                    complaints.push(format!("expires: {error}"));
                    None
                }
            });
        let persons = persons(&document, &mut complaints);
        let roots = roots(&document, &persons, &mut complaints);
        let mut writers = |what: &str, texts: &[String]| {
            Writers::parse(texts, &persons).unwrap_or_else(|why| {
                complaints.push(format!("{what}: {why}"));
                Writers::nobody()
            })
        };
        let override_writers = writers(
            "gates.self_approval_override",
            &document.gates.self_approval_override,
        );
        let mut grant_writers = Vec::new();
        for grant in &document.refs {
            let each = grant
                .direct
                .iter()
                .map(|direct| writers(&grant.pattern, &direct.writers));
            grant_writers.push(each.collect::<Vec<_>>());
        }
        let rule_writers: Vec<_> = document
            .rules
            .iter()
            .map(|rule| writers(&rule.name, &rule.writers))
            .collect();

        let mut set = |what: &str, built: Result<PathSet, pattern::BadPattern>| {
            built.unwrap_or_else(|error| {
                complaints.push(format!("{what}: {error}"));
                PathSet::exact(&[]).expect("the empty set compiles")
            })
        };
        let protected: Vec<String> = ALWAYS_PROTECTED
            .iter()
            .map(|&name| name.to_owned())
            .chain(document.tree.protected.clone())
            .collect();
        let protected = set("tree.protected", PathSet::broad(&protected));
        let executable = set("tree.executable", PathSet::exact(&document.tree.executable));
        let symlinks = set("tree.symlinks", PathSet::exact(&document.tree.symlinks));
        let mut grants = Vec::new();
        for (grant, who) in document.refs.iter().zip(grant_writers) {
            let pattern = set("ref", pattern::ref_pattern(&grant.pattern));
            let paths = grant
                .direct
                .iter()
                .map(|direct| set(&grant.pattern, PathSet::exact(&direct.paths)));
            let direct = who.into_iter().zip(paths.collect::<Vec<_>>()).collect();
            grants.push(Grant::new(grant, pattern, direct));
        }
        let mut restrictions = Vec::new();
        for (rule, writers) in document.rules.iter().zip(rule_writers) {
            restrictions.push(Restriction {
                name: rule.name.clone(),
                refs: rule
                    .refs
                    .iter()
                    .map(|text| set(&rule.name, pattern::ref_pattern(text)))
                    .collect(),
                paths: set(&rule.name, PathSet::broad(&rule.paths)),
                writers,
            });
        }
        lint(&document, &mut complaints);
        let keyring = Keyring::new(signers, &persons, &mut complaints);
        for root in &roots {
            if !keyring.has_key_of(root) {
                complaints.push(format!("root {root} has no key in allowed_signers"));
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Ok(Self {
            document,
            level,
            expires,
            roots,
            persons,
            override_writers,
            grants,
            restrictions,
            protected,
            executable,
            symlinks,
            keyring,
        })
    }

    /// Returns the document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns the version.
    pub fn version(&self) -> u32 {
        self.document.version
    }

    /// Returns the automation level.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Tells whether the policy has ceased to be in force at this time.
    pub fn expired_at(&self, time: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= time)
    }

    /// Returns when it ceases to be in force, if ever.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Returns the persons who may change the policy.
    pub fn roots(&self) -> &BTreeSet<IdentityName> {
        &self.roots
    }

    /// Returns how many of the roots must sign.
    pub fn root_threshold(&self) -> usize {
        self.document.roots.threshold as usize
    }

    /// Returns the keys and whose they are.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the persons.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        self.persons.values()
    }

    /// Tells whether the person holds the role.
    pub fn holds(&self, person: &IdentityName, role: Role) -> bool {
        self.persons
            .get(person)
            .is_some_and(|it| it.roles.contains(&role))
    }

    /// Returns the words of the roles that a person holds, for a message.
    pub fn roles_of(&self, person: &IdentityName) -> String {
        let Some(found) = self.persons.get(person) else {
            return "none".to_owned();
        };
        let mut words: Vec<_> = found.roles.iter().map(|role| role.word()).collect();
        if self.roots.contains(person) {
            words.push("root");
        }
        if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        }
    }

    /// Returns the persons who hold a role, for a message.
    pub fn holders(&self, role: Role) -> String {
        let names: Vec<_> = self
            .persons
            .values()
            .filter(|person| person.roles.contains(&role))
            .map(|person| person.name.to_string())
            .collect();
        if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// Tells whether this person's override may permit a review by the orchestrator.
    pub fn may_override(&self, person: &IdentityName) -> bool {
        self.override_writers.include(self, person)
    }

    /// Tells whether a change of this path is forbidden everywhere.
    pub fn protects(&self, path: &RepoPath) -> Option<&str> {
        if self.protected.matches(path) {
            self.protected.which(path)
        } else {
            None
        }
    }

    /// Returns what the policy says about one ref, or `None` if no entry names it.
    pub fn ref_rules(&self, reference: &RefName) -> Option<RefRules<'_>> {
        RefRules::of(self, reference)
    }
}

impl Writers {
    fn nobody() -> Self {
        Self {
            anyone: false,
            roles: BTreeSet::new(),
            persons: BTreeSet::new(),
        }
    }

    fn parse(texts: &[String], persons: &BTreeMap<IdentityName, Person>) -> Result<Self, String> {
        let mut writers = Self::nobody();
        for text in texts {
            if text == "*" {
                writers.anyone = true;
            } else if let Some(word) = text.strip_prefix("role:") {
                let role = Role::of_word(word).ok_or_else(|| format!("unknown role {word:?}"))?;
                writers.roles.insert(role);
            } else {
                let name = IdentityName::new(text.clone()).map_err(|error| error.to_string())?;
                if !persons.contains_key(&name) {
                    return Err(format!("unknown identity {text:?}"));
                }
                writers.persons.insert(name);
            }
        }
        Ok(writers)
    }

    /// Tells whether the person is among them.
    pub fn include(&self, policy: &Policy, person: &IdentityName) -> bool {
        let Some(found) = policy.persons.get(person) else {
            return false;
        };
        self.anyone || self.persons.contains(person) || !self.roles.is_disjoint(&found.roles)
    }
}

impl Grant {
    fn new(grant: &RefGrant, pattern: PathSet, direct: Vec<(Writers, PathSet)>) -> Self {
        let accepts = |word: &str| grant.accept.iter().any(|it| it == word);
        Self {
            pattern,
            governed: accepts("governed"),
            rollback: accepts("rollback"),
            merges: grant.merges,
            rewind: grant.rewind,
            adopted: grant.adopted.as_deref().and_then(|text| text.parse().ok()),
            direct: accepts("direct").then_some(direct),
        }
    }
}

fn persons(document: &Document, complaints: &mut Vec<String>) -> BTreeMap<IdentityName, Person> {
    let mut persons = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for identity in &document.identities {
        let name = match IdentityName::new(identity.name.clone()) {
            Ok(name) => name,
            Err(error) => {
                complaints.push(format!("identity: {error}"));
                continue;
            }
        };
        let mut roles = BTreeSet::new();
        for word in &identity.roles {
            match Role::of_word(word) {
                Some(role) => _ = roles.insert(role),
                None => complaints.push(format!("identity {name}: unknown role {word:?}")),
            }
        }
        let mut principals: BTreeSet<String> = identity.principals.iter().cloned().collect();
        principals.insert(name.to_string());
        for principal in &principals {
            // One principal under two names would make one person count as two.
            if !taken.insert(principal.clone()) {
                complaints.push(format!("principal {principal:?} names two identities"));
            }
        }
        persons.insert(
            name.clone(),
            Person {
                name,
                principals,
                roles,
            },
        );
    }
    persons
}

fn roots(
    document: &Document,
    persons: &BTreeMap<IdentityName, Person>,
    complaints: &mut Vec<String>,
) -> BTreeSet<IdentityName> {
    let mut roots = BTreeSet::new();
    for text in &document.roots.identities {
        match IdentityName::new(text.clone()) {
            Ok(name) if persons.contains_key(&name) => _ = roots.insert(name),
            _ => complaints.push(format!("roots: unknown identity {text:?}")),
        }
    }
    let threshold = document.roots.threshold as usize;
    if threshold == 0 || threshold > roots.len() {
        complaints.push(format!(
            "roots: threshold {threshold} of {} persons",
            roots.len()
        ));
    }
    roots
}

/// Complains about what parses but cannot be meant.
fn lint(document: &Document, complaints: &mut Vec<String>) {
    for grant in &document.refs {
        let of = format!("ref {:?}", grant.pattern);
        if !grant.pattern.starts_with("refs/heads/") {
            complaints.push(format!(
                "{of}: only branches can be governed by an entry; other refs follow fixed rules"
            ));
        }
        if grant.accept.is_empty() {
            complaints.push(format!("{of}: accepts nothing"));
        }
        for word in &grant.accept {
            if !["governed", "rollback", "direct"].contains(&word.as_str()) {
                complaints.push(format!("{of}: unknown kind of commit {word:?}"));
            }
        }
        if grant.direct.is_empty() && grant.accept.iter().any(|word| word == "direct") {
            complaints.push(format!(
                "{of}: accepts direct commits but grants nobody the right"
            ));
        }
        if !grant.direct.is_empty() && !grant.accept.iter().any(|word| word == "direct") {
            complaints.push(format!(
                "{of}: grants direct commits but does not accept them"
            ));
        }
        if grant
            .adopted
            .as_deref()
            .is_some_and(|text| text.parse::<ObjectId>().is_err())
        {
            complaints.push(format!("{of}: adopted is no object id"));
        }
    }
    let mut names = BTreeSet::new();
    for rule in &document.rules {
        if rule.name.is_empty() || !names.insert(&rule.name) {
            complaints.push(format!("rule {:?}: the name is empty or taken", rule.name));
        }
        if rule.refs.is_empty() || rule.paths.is_empty() {
            complaints.push(format!("rule {:?}: matches nothing", rule.name));
        }
    }
    let gates = &document.gates;
    if gates.task_approvals == 0 || gates.audit_approvals == 0 {
        complaints.push("gates: at least one approval of each kind is needed".to_owned());
    }
    if gates.approval_days == 0 || gates.approval_days > 3_650 {
        complaints.push("gates: approval_days must be 1 to 3650".to_owned());
    }
    let limits = &document.limits;
    if limits.refs == 0 || limits.commits == 0 || limits.paths == 0 || limits.evidence_bytes == 0 {
        complaints.push("limits: a limit of 0 refuses everything".to_owned());
    }
}
