//! A checked policy, made of `policy.toml` and `allowed_signers`. All complaints about these are
//! reported at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::Demand;
use crate::record::contract::Contract;
use crate::record::tree::{Fault, Mode, What};
use crate::record::{
    DirectoryPath, Gate, IdentityName, Level, ObjectId, RepoPath, Role, Timestamp, fold,
};
use crate::records::Kind;
use crate::signing::AllowedSigners;

use super::artefacts::{self, ArtefactRoot};
use super::automation::{Automation, Need};
use super::ceiling::{Ceiling, Ceilings};
use super::cells::Cells;
use super::document::{AdmittedBy, ClaimRules, Confinement, DirectGrant, Document, Limits, SCHEMA};
use super::features::{self, BadPolicy};
use super::grant::{Grant, Restriction};
use super::keyring::{COMMIT_NAMESPACE, Keyring};
use super::pattern::{self, PathSet};
use super::person::{Person, Writers};
use super::risk::{self, Tier};
use super::tag_grant::Tags;

/// Files that change how git treats other files; they are protected, however they are spelt, but for
/// those whom `tree.git_files` names.
pub const GIT_FILES: &[&str] = &[".gitattributes", ".gitmodules", ".lfsconfig", ".mailmap"];

/// A checked policy, from `policy.toml` and `allowed_signers`.
#[derive(Clone, Debug)]
pub struct Policy {
    document: Document,
    level: Level,
    expires: Option<Timestamp>,
    roots: BTreeSet<IdentityName>,
    persons: BTreeMap<IdentityName, Person>,
    override_writers: Writers,
    automation: Automation,
    pub(super) grants: Vec<Grant>,
    pub(super) restrictions: Vec<Restriction>,
    /// What was adopted on some branch, by the restrictions of that branch.
    pub(super) adoptions: BTreeSet<(BTreeSet<String>, ObjectId)>,
    pub(super) tags: Tags,
    protected: PathSet,
    git_files: PathSet,
    git_file_writers: BTreeMap<String, Writers>,
    pub(crate) executable: PathSet,
    pub(crate) symlinks: PathSet,
    pub(crate) submodules: PathSet,
    pub(crate) odd_modes: PathSet,
    pub(crate) odd_names: PathSet,
    pub(crate) collisions: PathSet,
    state: Option<DirectoryPath>,
    artefacts: Vec<ArtefactRoot>,
    ceilings: Ceilings,
    keyring: Keyring,
}

impl Policy {
    /// Returns the document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns the version.
    pub fn version(&self) -> u32 {
        self.document.version
    }

    /// Tells whether the policy requires a feature.
    pub fn requires(&self, feature: &str) -> bool {
        self.document.requires.iter().any(|it| it == feature)
    }

    /// Returns the automation level.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns what a gate needs at this policy's level.
    pub fn need(&self, gate: Gate) -> Need {
        self.automation.need(gate, self.level)
    }

    /// Returns what is asked of a contract by its risk tier; of one that cannot be read, whatever is asked of
    /// any.
    pub fn tier(&self, contract: Option<&Contract>) -> Tier {
        Tier::of(&self.document, contract)
    }

    /// Tells whether a member is a model.
    pub fn is_of_model(&self, member: &IdentityName) -> bool {
        self.model_of(member).is_some() || self.holds(member, Role::Model)
    }

    /// Returns what a member calls itself, if it is a model.
    pub fn model_of(&self, member: &IdentityName) -> Option<&str> {
        self.persons.get(member)?.model.as_deref()
    }

    /// Tells whether somebody whom the policy names is this model.
    pub fn is_model(&self, text: &str) -> bool {
        self.persons().any(|it| it.model.as_deref() == Some(text))
    }

    /// Returns whether the policy has expired at this time.
    pub fn expired_at(&self, time: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= time)
    }

    /// Returns when the policy expires, if ever.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Returns the persons who may change the policy.
    pub fn roots(&self) -> &BTreeSet<IdentityName> {
        &self.roots
    }

    /// Returns the number of roots who must sign.
    pub fn root_threshold(&self) -> usize {
        self.document.roots.threshold as usize
    }

    /// Returns the keys and their owners.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the persons.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        self.persons.values()
    }

    /// Returns whether a person is one of these: by name, by a name or address that stands for them in
    /// `allowed_signers`, or as the model that they are. The names are folded as by [`fold::name`].
    pub fn is_among(&self, person: &IdentityName, folded: &BTreeSet<String>) -> bool {
        let named = |it: &Person| {
            let mut names = it.principals.iter().chain(&it.model);
            names.any(|it| folded.contains(&fold::name(it)))
        };
        self.persons.get(person).is_some_and(named)
    }

    /// Returns whether the person holds the role.
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
        let names = self.names(|it| it.roles.contains(&role));
        names.unwrap_or_else(|| "nobody".to_owned())
    }

    /// Returns the persons who hold one of these roles and are no models.
    pub fn people_who(&self, roles: &[Role]) -> impl Iterator<Item = &IdentityName> {
        let people = self.persons().filter(|it| {
            let holds = roles.iter().any(|role| it.roles.contains(role));
            holds && !it.roles.contains(&Role::Model)
        });
        people.map(|it| &it.name)
    }

    /// Returns the persons, except one, who hold a role, for a message.
    pub fn holders_but(&self, role: Role, person: &IdentityName) -> String {
        let names = self.names(|it| it.roles.contains(&role) && it.name != *person);
        names.unwrap_or_else(|| "the policy names none".to_owned())
    }

    fn names(&self, wanted: impl Fn(&Person) -> bool) -> Option<String> {
        let found = self.persons().filter(|it| wanted(it));
        let names: Vec<_> = found.map(|it| it.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Tells whether only a record admits the repository that a contract names.
    pub fn admits_by_record(&self) -> bool {
        self.document.gates.admission == AdmittedBy::Record
    }

    /// Returns the one directory that baselines hold, if they are taken at all.
    pub fn state_root(&self) -> Option<&DirectoryPath> {
        self.state.as_ref()
    }

    /// Returns the ceiling of whoever orchestrates: the policy's, or what is built in where it has none; nothing where it
    /// has ceilings and none is for this person.
    pub fn ceiling(&self, person: &IdentityName) -> Option<Ceiling> {
        self.ceilings.of(self.persons.get(person)?)
    }

    /// Tells whether it sets ceilings itself.
    pub fn has_ceilings(&self) -> bool {
        !self.ceilings.is_empty()
    }

    /// Returns the directories whose files have versions, archives and a generated index.
    pub fn artefacts(&self) -> &[ArtefactRoot] {
        &self.artefacts
    }

    /// Returns the innermost of these that holds a path.
    pub fn artefact_of(&self, path: &RepoPath) -> Option<&ArtefactRoot> {
        artefacts::innermost(&self.artefacts, path)
    }

    /// Tells whether a path is that of a generated index.
    pub fn is_index_page(&self, path: &RepoPath) -> bool {
        let mut roots = self.artefacts.iter();
        roots.any(|it| it.has_index() && it.index_page() == *path)
    }

    /// Returns how much must hold of the cell in which the commands of a run are confined, if they are.
    pub fn cell(&self) -> Option<Demand> {
        match self.document.gates.cell {
            Confinement::None => None,
            Confinement::BestEffort => Some(Demand::BestEffort),
            Confinement::Required => Some(Demand::Required),
            Confinement::OwnRoot => Some(Demand::OwnRoot),
        }
    }

    /// Returns what it demands of the cells in which commands run, and what it permits there.
    pub fn cells(&self) -> Cells {
        Cells {
            demand: self.cell(),
            network: self.document.gates.cell_network,
        }
    }

    /// Returns the servers whose key may sign the receive log.
    pub fn log_writers(&self) -> impl Iterator<Item = &Person> {
        self.persons.values().filter(|person| {
            person.roles.contains(&Role::Server) && self.keyring.has_key_of(&person.name)
        })
    }

    /// Returns whether this person's override may permit a review by the orchestrator.
    pub fn may_override(&self, person: &IdentityName) -> bool {
        self.includes(&self.override_writers, person)
    }

    /// Returns how many operators lift the protection of an artefact for one commit, if any can.
    pub fn protection_overrides(&self) -> Option<usize> {
        let number = self.document.gates.protection_overrides?;
        Some(number as usize)
    }

    /// Returns the pattern that protects this path from all changes, if any.
    pub fn protects(&self, path: &RepoPath) -> Option<&str> {
        self.protected
            .matches(path)
            .then(|| self.protected.which(path))?
    }

    /// Returns whether the path is a file that git itself obeys, or is spelt like one, or lies below it.
    pub fn is_git_file(&self, path: &RepoPath) -> bool {
        self.git_files.matches(path)
    }

    /// Returns the file that git itself obeys and that the path, or a directory around it, is or is
    /// spelt like, unless the person may change it: only under its plain name.
    pub fn keeps_git_file(&self, path: &RepoPath, person: &IdentityName) -> Option<&str> {
        if !self.is_git_file(path) {
            return None;
        }
        let mut names: Vec<_> = path.components().collect();
        let last = names.pop().unwrap_or_default();
        let around = RepoPath::new(names.join(&b'/'));
        let writers = GIT_FILES
            .iter()
            .find(|name| name.as_bytes() == last)
            .and_then(|name| self.git_file_writers.get(*name));
        let may = !self.is_git_file(&around)
            && writers.is_some_and(|writers| self.includes(writers, person));
        (!may).then(|| {
            self.git_files
                .which(path)
                .unwrap_or("a file that git obeys")
        })
    }

    /// Returns the key of `[tree]` that can permit such a fault, and where it does.
    pub fn permission(&self, what: &What) -> Option<(&'static str, &PathSet)> {
        match what {
            What::Odd(_) => Some(("odd_names", &self.odd_names)),
            // No program has ever written a submodule otherwise.
            What::Mode { mode } if *mode != Mode::Gitlink => Some(("odd_modes", &self.odd_modes)),
            What::Collides { link: false, .. } => Some(("collisions", &self.collisions)),
            _ => None,
        }
    }

    /// Tells whether `[tree]` permits a fault where it is.
    pub fn permits(&self, fault: &Fault) -> bool {
        let permission = self.permission(&fault.what);
        permission.is_some_and(|(_, places)| places.matches(&fault.path))
    }

    /// Returns every tip at adoption.
    pub fn adopted(&self) -> impl Iterator<Item = ObjectId> {
        self.grants.iter().filter_map(|grant| grant.adopted)
    }

    /// Returns whether a set of writers includes a person; never one whom the policy does not name.
    pub(super) fn includes(&self, writers: &Writers, person: &IdentityName) -> bool {
        self.persons
            .get(person)
            .is_some_and(|it| writers.include(it))
    }

    /// Checks the two files of a policy. All complaints are returned at once; for a policy that requires
    /// unknown features, only these are returned.
    pub fn parse(policy_toml: &[u8], allowed_signers: &[u8]) -> Result<Self, BadPolicy> {
        let complaint = |text: String| BadPolicy::Complaints(vec![text]);
        let text = std::str::from_utf8(policy_toml)
            .map_err(|_| complaint("policy.toml is not UTF-8".to_owned()))?;
        let document = match toml::from_str::<Document>(text) {
            Ok(document) => document,
            // The error may be due to tables of a newer program, so check the features first.
            Err(error) => {
                features::check_text(text)?;
                let why = error.to_string();
                return Err(complaint(format!("policy.toml: {}", why.trim_end())));
            }
        };
        features::check(&document.requires)?;
        let signers = AllowedSigners::parse(allowed_signers)
            .map_err(|error| complaint(format!("allowed_signers: {error}")))?;
        Self::check(document, &signers).map_err(BadPolicy::Complaints)
    }

    /// Checks the two files of a policy that is not in force yet. More is asked than of those that were
    /// accepted: no two persons may be one but for case and Unicode form.
    pub fn parse_new(policy_toml: &[u8], allowed_signers: &[u8]) -> Result<Self, BadPolicy> {
        let policy = Self::parse(policy_toml, allowed_signers)?;
        match policy.lookalikes() {
            complaints if complaints.is_empty() => Ok(policy),
            complaints => Err(BadPolicy::Complaints(complaints)),
        }
    }

    /// Returns complaints about names of two persons that differ in case or Unicode form only.
    pub fn lookalikes(&self) -> Vec<String> {
        let mut taken: BTreeMap<String, (&IdentityName, &str)> = BTreeMap::new();
        let mut complaints = Vec::new();
        for person in self.persons() {
            for principal in &person.principals {
                let this = (&person.name, principal.as_str());
                let (other, as_what) = *taken.entry(fold::name(principal)).or_insert(this);
                if *other != person.name {
                    complaints.push(format!(
                        "principal {as_what:?} of {other} and principal {principal:?} of {} differ in case or \
                         Unicode form only",
                        person.name
                    ));
                }
            }
        }
        complaints
    }

    fn check(document: Document, signers: &AllowedSigners) -> Result<Self, Vec<String>> {
        let mut complaints = Vec::new();
        if document.schema != SCHEMA {
            complaints.push(format!("schema is {:?}, not {:?}", document.schema, SCHEMA));
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
                Writers::default()
            })
        };
        let override_writers = writers(
            "gates.self_approval_override",
            &document.gates.self_approval_override,
        );
        let mut grant_writers = Vec::new();
        for grant in &document.refs {
            let mut each = |grants: &[DirectGrant]| -> Vec<_> {
                let each = grants.iter();
                each.map(|it| writers(&grant.pattern, &it.writers))
                    .collect()
            };
            grant_writers.push([each(&grant.direct), each(&grant.vouched)]);
        }
        let git_file_writers: BTreeMap<_, _> = document
            .tree
            .git_files
            .iter()
            .map(|(name, who)| {
                (
                    name.clone(),
                    writers(&format!("tree.git_files {name}"), who),
                )
            })
            .collect();
        let rule_writers: Vec<_> = document
            .rules
            .iter()
            .map(|rule| writers(&rule.name, &rule.writers))
            .collect();

        let mut set = |what: &str, built: Result<PathSet, pattern::BadPattern>| {
            built.unwrap_or_else(|error| {
                complaints.push(format!("{what}: {error}"));
                PathSet::empty()
            })
        };
        let tree = &document.tree;
        let git_files: Vec<String> = GIT_FILES.iter().map(|&name| name.to_owned()).collect();
        let git_files = set("tree.git_files", PathSet::broad(&git_files));
        let protected = set("tree.protected", PathSet::broad(&tree.protected));
        let executable = set("tree.executable", PathSet::exact(&tree.executable));
        let symlinks = set("tree.symlinks", PathSet::exact(&tree.symlinks));
        let submodules = set("tree.submodules", PathSet::exact(&tree.submodules));
        let odd_modes = set("tree.odd_modes", PathSet::exact(&tree.odd_modes));
        let odd_names = set("tree.odd_names", PathSet::exact(&tree.odd_names));
        let collisions = set("tree.collisions", PathSet::exact(&tree.collisions));
        let mut grants = Vec::new();
        for (grant, who) in document.refs.iter().zip(grant_writers) {
            let pattern = set("ref", pattern::ref_pattern(&grant.pattern));
            let mut paths = |who: Vec<Writers>, grants: &[DirectGrant]| -> Vec<_> {
                let paths = grants
                    .iter()
                    .map(|it| set(&grant.pattern, PathSet::exact(&it.paths)));
                who.into_iter().zip(paths).collect()
            };
            let [direct, vouched] = who;
            let direct = paths(direct, &grant.direct);
            let vouched = paths(vouched, &grant.vouched);
            let vouched_for = grant.vouched_for.iter();
            let vouched_for =
                vouched_for.map(|text| set("vouched_for", pattern::ref_pattern(text)));
            let vouched_for = vouched_for.collect();
            grants.push(Grant::new(grant, pattern, direct, vouched, vouched_for));
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
        overrides(&document, &persons, &mut complaints);
        let tags = Tags::check(&document, &persons, &mut complaints);
        let automation = Automation::check(&document, &mut complaints);
        risk::check(&document, &mut complaints);
        lint(&document, &mut complaints);
        let state = state(&document, &mut complaints);
        let ceilings = Ceilings::check(&document, &persons, &mut complaints);
        let artefacts = artefacts::check(&document, &mut complaints);
        let touched = touched(&document, &mut complaints);
        let keyring = Keyring::new(signers, &persons, touched, &mut complaints);
        for root in &roots {
            if !keyring.has_key_of(root) {
                complaints.push(format!("root {root} has no key in allowed_signers"));
            } else if !keyring.may_sign(root, Kind::Policy.namespace()) {
                // Otherwise this could never be undone.
                complaints.push(format!(
                    "root {root} has no key that may sign a policy (gates.require_touch, namespaces=)"
                ));
            }
        }
        // Without a log nobody knows what was used before.
        let writes_log =
            |it: &Person| it.roles.contains(&Role::Server) && keyring.has_key_of(&it.name);
        let overrides = document.gates.protection_overrides.is_some();
        if overrides && !persons.values().any(writes_log) {
            complaints.push(
                "gates.protection_overrides: no identity with the role server has a key, so that there is no log of \
                 what was used"
                    .to_owned(),
            );
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let mut policy = Self {
            document,
            level,
            expires,
            roots,
            persons,
            override_writers,
            automation,
            grants,
            restrictions,
            adoptions: BTreeSet::new(),
            tags,
            protected,
            git_files,
            git_file_writers,
            executable,
            symlinks,
            submodules,
            odd_modes,
            odd_names,
            collisions,
            state,
            ceilings,
            artefacts,
            keyring,
        };
        policy.adoptions = policy.adopted_somewhere();
        Ok(policy)
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
        if roles.contains(&Role::Draft) {
            let mut complain = |why: &str| complaints.push(format!("identity {name}: {why}"));
            // Whoever only takes part never signs for it.
            if roles.len() > 1 {
                complain("a draft has no other role");
            }
            if document.roots.identities.contains(&identity.name) {
                complain("a draft is no root");
            }
        }
        let mut principals: BTreeSet<String> = identity.principals.iter().cloned().collect();
        principals.insert(name.to_string());
        for principal in &principals {
            // A principal with two names would let one person count as two.
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
                model: identity.model.clone(),
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

fn state(document: &Document, complaints: &mut Vec<String>) -> Option<DirectoryPath> {
    let rules = document.state.as_ref()?;
    let uses = "[state] needs";
    complaints.extend(features::needed(&document.requires, features::STATE, uses));
    match DirectoryPath::new(rules.root.as_str()) {
        Ok(root) => Some(root),
        Err(why) => {
            complaints.push(format!("state: root {:?}: {why}", rules.root));
            None
        }
    }
}

/// Checks who can lift the protection of artefacts, if anybody can.
fn overrides(
    document: &Document,
    persons: &BTreeMap<IdentityName, Person>,
    complaints: &mut Vec<String>,
) {
    let Some(number) = document.gates.protection_overrides else {
        return;
    };
    let key = "gates.protection_overrides";
    let uses = format!("{key} needs");
    complaints.extend(features::needed(
        &document.requires,
        features::OVERRIDE,
        &uses,
    ));
    let holds = |it: &Person, role: Role| it.roles.contains(&role);
    let can = |it: &&Person| {
        let is_model = it.model.is_some() || holds(it, Role::Model);
        holds(it, Role::Operator) && !is_model
    };
    let operators = persons.values().filter(can).count();
    if number == 0 || number as usize > operators {
        complaints.push(format!(
            "{key}: {number} of {operators} operators who are no models"
        ));
    }
}

/// Returns the namespaces in which only a touched security key may sign.
fn touched(document: &Document, complaints: &mut Vec<String>) -> BTreeSet<&'static str> {
    let mut namespaces = BTreeSet::new();
    for word in &document.gates.require_touch {
        let kind = Kind::ALL.iter().find(|kind| kind.word() == word);
        match (word.as_str(), kind) {
            ("commit", _) => _ = namespaces.insert(COMMIT_NAMESPACE),
            // There is nobody at a server who could touch a key.
            (_, Some(kind)) if *kind != Kind::Receipt => _ = namespaces.insert(kind.namespace()),
            _ => complaints.push(format!(
                "gates: require_touch: {word:?} is not something that persons sign"
            )),
        }
    }
    namespaces
}

/// Complains about valid but meaningless settings.
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
            if !["governed", "rollback", "direct", "vouched"].contains(&word.as_str()) {
                complaints.push(format!("{of}: unknown kind of commit {word:?}"));
            }
        }
        for (word, granted) in [("direct", &grant.direct), ("vouched", &grant.vouched)] {
            let accepted = grant.accept.iter().any(|it| it == word);
            if granted.is_empty() && accepted {
                complaints.push(format!(
                    "{of}: accepts {word} commits but grants nobody the right"
                ));
            }
            if !granted.is_empty() && !accepted {
                complaints.push(format!(
                    "{of}: grants {word} commits but does not accept them"
                ));
            }
        }
        if !grant.vouched_for.is_empty() && grant.vouched.is_empty() {
            complaints.push(format!("{of}: vouched_for without vouched"));
        }
        if grant
            .adopted
            .as_deref()
            .is_some_and(|text| text.parse::<ObjectId>().is_err())
        {
            complaints.push(format!("{of}: adopted is not an object id"));
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
    for name in document.tree.git_files.keys() {
        if !GIT_FILES.contains(&name.as_str()) {
            complaints.push(format!(
                "tree.git_files: {name:?} is none of {}",
                GIT_FILES.join(", ")
            ));
        }
    }
    let gates = &document.gates;
    if gates.task_approvals == 0 || gates.audit_approvals == 0 {
        complaints.push("gates: at least one approval of each kind is needed".to_owned());
    }
    if gates.approval_days == 0 || gates.approval_days > 3_650 {
        complaints.push("gates: approval_days must be 1 to 3650".to_owned());
    }
    if gates.admission == AdmittedBy::Record {
        let uses = "gates.admission = \"record\" needs";
        complaints.extend(features::needed(
            &document.requires,
            features::ADMISSION,
            uses,
        ));
    }
    if gates.cell != Confinement::None {
        let uses = "gates.cell needs";
        complaints.extend(features::needed(&document.requires, features::CELL, uses));
    } else if gates.cell_network {
        complaints
            .push("gates.cell_network: commands run in no cell, without gates.cell".to_owned());
    }
    limits(&document.limits, complaints);
    let (claims, longest) = (&document.claims, ClaimRules::LONGEST);
    if !(1..=longest).contains(&claims.max_hours) {
        complaints.push(format!("claims.max_hours: from 1 to {longest}"));
    }
    if claims.per_identity == 0 {
        complaints.push("claims.per_identity: at least 1".to_owned());
    }
}

/// Checks the limits. All may be lowered. The limits on the size of a push may also be raised; those
/// that protect a reader's memory may not.
fn limits(limits: &Limits, complaints: &mut Vec<String>) {
    let most = Limits::default();
    let fixed = |name: &str, is: u64, most: u64| (name.to_owned(), is, most);
    let of = |name: &str, is: usize, most: usize| fixed(name, is as u64, most as u64);
    let all = [
        of("refs", limits.refs, usize::MAX),
        of("commits", limits.commits, usize::MAX),
        of("paths", limits.paths, usize::MAX),
        fixed("work", limits.work, u64::MAX),
        fixed("file_bytes", limits.file_bytes, u64::MAX),
        fixed("evidence_bytes", limits.evidence_bytes, most.evidence_bytes),
        of(
            "component_bytes",
            limits.component_bytes,
            most.component_bytes,
        ),
        of("path_bytes", limits.path_bytes, most.path_bytes),
        of("tree_depth", limits.tree_depth, most.tree_depth),
        of("record_bytes", limits.record_bytes, most.record_bytes),
        of("record_depth", limits.record_depth, most.record_depth),
        of(
            "inventory_bytes",
            limits.inventory_bytes,
            most.inventory_bytes,
        ),
        of(
            "inventory_lines",
            limits.inventory_lines,
            most.inventory_lines,
        ),
    ];
    for (name, is, most) in all {
        if is == 0 {
            complaints.push(format!("limits: {name}: a limit of 0 refuses everything"));
        }
        if is > most {
            complaints.push(format!("limits: {name} is at most {most}"));
        }
    }
}
