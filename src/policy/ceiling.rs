//! How far whoever orchestrates may go without asking: `[[ceiling]]`. Of several that are for one person, every one counts,
//! and a contract can only lower what they leave.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::ceiling::{Autonomy, Deed, Figure, Figures};
use crate::record::contract::CeilingTerms;
use crate::record::{IdentityName, Role};

use super::document::{CeilingRules, Document};
use super::features;
use super::pattern::PathSet;
use super::person::Person;

/// So many days count together where nobody says how many.
const WINDOW_DAYS: u32 = 7;

/// The longest window that a policy may set, in days.
const LONGEST_WINDOW: u32 = 366;

/// Who says what a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// git-awo itself.
    BuiltIn,
    /// The policy.
    Policy,
    /// The contract.
    Contract,
}

impl Whose {
    /// Returns whose it is, for a message.
    pub fn words(self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::Policy => "the policy's",
            Self::Contract => "the contract's",
        }
    }
}

/// One `[[ceiling]]`, checked.
#[derive(Clone, Debug)]
struct Entry {
    persons: BTreeSet<IdentityName>,
    roles: BTreeSet<Role>,
    level: Autonomy,
    /// Of each figure, the limit and whether the entry says it.
    figures: BTreeMap<Figure, (u64, Whose)>,
    paths: Option<PathSet>,
    actions: BTreeSet<Deed>,
    window_days: u32,
}

/// The ceilings of a policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Ceilings(Vec<Entry>);

/// The ceiling of one person, or of one person under one contract.
#[derive(Clone, Debug)]
pub struct Ceiling {
    /// Who is asked before something lands; of one that no policy sets, nobody besides the gates.
    pub level: Autonomy,
    /// The limits.
    pub limits: Figures,
    /// Whose each limit is.
    pub whose: BTreeMap<Figure, Whose>,
    /// Where paths must be: in every one of these.
    pub paths: Vec<PathSet>,
    /// What may be done without a decision that names it.
    pub actions: BTreeSet<Deed>,
    /// Words of the contract that are no action, or none that the policy lists: each needs a decision that names it.
    pub unlisted: BTreeSet<String>,
    /// So many days of one identity count together; nothing where no policy sets a ceiling.
    pub window_days: Option<u32>,
    /// The limits of the window, which no contract lowers: others' tasks count in it too.
    pub window_limits: Figures,
}

impl Ceiling {
    /// Returns what holds for everybody where the policy has no ceilings.
    fn built_in() -> Self {
        let mut limits = Figures::default();
        for figure in Figure::ALL {
            limits.set(*figure, figure.built_in());
        }
        Self {
            level: Autonomy::L0,
            limits,
            whose: Figure::ALL.iter().map(|it| (*it, Whose::BuiltIn)).collect(),
            paths: Vec::new(),
            actions: Deed::ALL.iter().copied().collect(),
            unlisted: BTreeSet::new(),
            window_days: None,
            window_limits: limits,
        }
    }

    fn of(entries: &[&Entry]) -> Self {
        let mut ceiling = Self {
            whose: BTreeMap::new(),
            window_days: Some(0),
            ..Self::built_in()
        };
        for entry in entries {
            ceiling.level = ceiling.level.max(entry.level);
            for (figure, (limit, whose)) in &entry.figures {
                let lower = ceiling.whose.is_empty() || !ceiling.whose.contains_key(figure);
                if lower || *limit < ceiling.limits.of(*figure) {
                    ceiling.limits.set(*figure, *limit);
                    ceiling.whose.insert(*figure, *whose);
                }
            }
            ceiling.paths.extend(entry.paths.clone());
            ceiling.actions.retain(|it| entry.actions.contains(it));
            ceiling.window_days = ceiling.window_days.max(Some(entry.window_days));
        }
        ceiling.window_limits = ceiling.limits;
        ceiling
    }

    /// Tells whether the policy sets it, and not git-awo.
    pub fn is_set(&self) -> bool {
        self.window_days.is_some()
    }

    /// Returns the level, for people: without a ceiling of the policy it is L3, which the gates ask for.
    pub fn shown_level(&self) -> Autonomy {
        match self.is_set() {
            true => self.level,
            false => self.level.max(Autonomy::L3),
        }
    }

    /// Returns whose a limit is.
    pub fn whose(&self, figure: Figure) -> Whose {
        self.whose.get(&figure).copied().unwrap_or(Whose::BuiltIn)
    }

    /// Returns the ceiling under a contract. What the contract raises, or says in no way that counts, leaves the policy's.
    pub fn under(&self, terms: &CeilingTerms) -> Self {
        let mut ceiling = self.clone();
        if let Some(level) = terms.level.as_deref()
            && let Ok(level) = Autonomy::of_word(level)
        {
            // L3 asks for nothing besides the gates where no policy says otherwise.
            let asks = self.is_set() || level == Autonomy::L4;
            ceiling.level = if asks {
                self.level.max(level)
            } else {
                self.level
            };
        }
        for figure in Figure::ALL {
            let said = terms.figure(*figure).and_then(|it| u64::try_from(it).ok());
            if let Some(said) = said.filter(|it| *it < self.limits.of(*figure)) {
                ceiling.limits.set(*figure, said);
                ceiling.whose.insert(*figure, Whose::Contract);
            }
        }
        if !terms.paths.is_empty() {
            // A pattern that cannot be read matches nothing.
            let set = PathSet::exact(&terms.paths).unwrap_or_else(|_| PathSet::empty());
            ceiling.paths.push(set);
        }
        if !terms.actions.is_empty() {
            let said = |it: &Deed| terms.actions.iter().any(|word| word == it.word());
            ceiling.actions.retain(said);
            for word in &terms.actions {
                let listed = Deed::of_word(word).filter(|it| self.actions.contains(it));
                if listed.is_none() {
                    ceiling.unlisted.insert(word.clone());
                }
            }
        }
        ceiling
    }
}

impl Ceilings {
    /// Checks the tables of a document.
    pub(super) fn check(
        document: &Document,
        persons: &BTreeMap<IdentityName, Person>,
        complaints: &mut Vec<String>,
    ) -> Self {
        if document.ceilings.is_empty() {
            return Self::default();
        }
        let uses = "[[ceiling]] needs";
        complaints.extend(features::needed(
            &document.requires,
            features::CEILING,
            uses,
        ));
        if !persons.values().any(|it| it.roles.contains(&Role::Server)) {
            complaints.push(
                "[[ceiling]] needs an identity with the role server: its receive log tells what has landed".to_owned(),
            );
        }
        let entries = document.ceilings.iter();
        Self(
            entries
                .map(|it| Entry::check(it, persons, complaints))
                .collect(),
        )
    }

    /// Returns the ceiling of a person; nothing where the policy has ceilings and none is for them.
    pub(super) fn of(&self, person: &Person) -> Option<Ceiling> {
        if self.0.is_empty() {
            return Some(Ceiling::built_in());
        }
        let own =
            |it: &&Entry| it.persons.contains(&person.name) || !it.roles.is_disjoint(&person.roles);
        let own: Vec<_> = self.0.iter().filter(own).collect();
        (!own.is_empty()).then(|| Ceiling::of(&own))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Entry {
    fn check(
        rules: &CeilingRules,
        persons: &BTreeMap<IdentityName, Person>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let of = format!("ceiling for {:?}", rules.whom);
        let mut complain = |why: String| complaints.push(format!("{of}: {why}"));
        let (mut named, mut roles) = (BTreeSet::new(), BTreeSet::new());
        if rules.whom.is_empty() {
            complain("it is for nobody".to_owned());
        }
        for text in &rules.whom {
            let role = Role::of_word(text);
            let name = IdentityName::new(text.clone()).ok();
            let name = name.filter(|it| persons.contains_key(it));
            if role.is_none() && name.is_none() {
                complain(format!("{text:?} is neither a role nor an identity"));
            }
            roles.extend(role);
            named.extend(name);
        }
        let level = rules
            .level
            .as_deref()
            .map_or(Ok(Autonomy::L3), Autonomy::of_word);
        let level = level.unwrap_or_else(|why| {
            complain(format!("{why}; it is L0, L3 or L4"));
            Autonomy::L4
        });
        let mut figures = BTreeMap::new();
        for (figure, said) in Figure::ALL
            .iter()
            .zip([rules.files, rules.directories, rules.lines])
        {
            let limit = match said {
                None => (figure.built_in(), Whose::BuiltIn),
                Some(said) => {
                    let fits = u64::try_from(said).ok();
                    let fits = fits.filter(|it| (1..=figure.most()).contains(it));
                    if fits.is_none() {
                        complain(format!(
                            "{figure} = {said} is not from 1 to {}",
                            figure.most()
                        ));
                    }
                    (fits.unwrap_or_default(), Whose::Policy)
                }
            };
            figures.insert(*figure, limit);
        }
        let paths = rules.paths.as_ref().map(|paths| {
            if paths.is_empty() {
                complain("paths: nothing could be changed".to_owned());
            }
            PathSet::exact(paths).unwrap_or_else(|why| {
                complain(format!("paths: {why}"));
                PathSet::empty()
            })
        });
        let mut actions: BTreeSet<_> = Deed::ALL.iter().copied().collect();
        if let Some(words) = &rules.actions {
            let known = |word: &String| {
                let deed = Deed::of_word(word);
                if deed.is_none() {
                    complain(format!("{word:?} is not create, change, delete or mode"));
                }
                deed
            };
            actions = words.iter().filter_map(known).collect();
        }
        let days = rules.window_days.unwrap_or(i64::from(WINDOW_DAYS));
        let window_days = u32::try_from(days).ok();
        let window_days = window_days.filter(|it| (1..=LONGEST_WINDOW).contains(it));
        if window_days.is_none() {
            complain(format!(
                "window_days = {days} is not from 1 to {LONGEST_WINDOW}"
            ));
        }
        Self {
            persons: named,
            roles,
            level,
            figures,
            paths,
            actions,
            window_days: window_days.unwrap_or(LONGEST_WINDOW),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "schema = \"awo.policy/1\"\nversion = 1\nlevel = \"HYBRID\"\n\
         requires = [\"ceiling/1\"]\n[roots]\nthreshold = 1\nidentities = [\"olga\"]\n";

    fn person(name: &str, roles: &[Role]) -> Person {
        let name = IdentityName::new(name).unwrap();
        Person {
            name: name.clone(),
            principals: BTreeSet::new(),
            roles: roles.iter().copied().collect(),
            model: None,
        }
    }

    fn persons() -> BTreeMap<IdentityName, Person> {
        let all = [
            person("olga", &[Role::Operator]),
            person("otto", &[Role::Orchestrator]),
            person("alice", &[Role::Orchestrator, Role::Reviewer]),
            person("srv", &[Role::Server]),
        ];
        all.into_iter().map(|it| (it.name.clone(), it)).collect()
    }

    fn ceilings(tables: &str) -> Result<Ceilings, Vec<String>> {
        let text = format!("{HEAD}{tables}\n[[identity]]\nname = \"olga\"\n");
        let document: Document = toml::from_str(&text).map_err(|it| vec![it.to_string()])?;
        let mut complaints = Vec::new();
        let ceilings = Ceilings::check(&document, &persons(), &mut complaints);
        match complaints.is_empty() {
            true => Ok(ceilings),
            false => Err(complaints),
        }
    }

    fn of(tables: &str, name: &str) -> Option<Ceiling> {
        let persons = persons();
        ceilings(tables)
            .unwrap()
            .of(persons.get(&IdentityName::new(name).unwrap()).unwrap())
    }

    #[test]
    fn a_table_is_checked() {
        for (table, complaint) in [
            ("for = [\"orchestrator\"]", ""),
            (
                "for = [\"alice\", \"model\"]\nlevel = \"L0\"\nfiles = 100000",
                "",
            ),
            ("for = []", "for nobody"),
            ("for = [\"nobody\"]", "neither a role nor an identity"),
            (
                "for = [\"role:orchestrator\"]",
                "neither a role nor an identity",
            ),
            (
                "for = [\"otto\"]\nlevel = \"L1\"",
                "L1: to act, then to notify, is not offered",
            ),
            (
                "for = [\"otto\"]\nlevel = \"L2\"",
                "L2: to act unless somebody objects",
            ),
            ("for = [\"otto\"]\nlevel = \"L9\"", "\"L9\" is unknown"),
            ("for = [\"otto\"]\nfiles = 0", "files = 0"),
            ("for = [\"otto\"]\nfiles = -1", "files = -1"),
            ("for = [\"otto\"]\nfiles = 2.5", "invalid type"),
            (
                "for = [\"otto\"]\ndirectories = 100001",
                "directories = 100001",
            ),
            ("for = [\"otto\"]\nlines = 1000001", "lines = 1000001"),
            ("for = [\"otto\"]\npaths = []", "nothing could be changed"),
            ("for = [\"otto\"]\npaths = [\"!a\"]", "paths"),
            ("for = [\"otto\"]\nactions = [\"rename\"]", "\"rename\""),
            ("for = [\"otto\"]\nactions = []", ""),
            ("for = [\"otto\"]\nwindow_days = 0", "window_days = 0"),
            ("for = [\"otto\"]\nwindow_days = 367", "window_days = 367"),
            ("for = [\"otto\"]\nruns = 3", "unknown field"),
            ("level = \"L3\"", "missing field"),
        ] {
            let found = ceilings(&format!("[[ceiling]]\n{table}"));
            match complaint {
                "" => assert!(found.is_ok(), "{table}: {:?}", found.err()),
                _ => {
                    let found = found.err().unwrap_or_default();
                    assert!(
                        found.iter().any(|it| it.contains(complaint)),
                        "{table}: {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_older_program_is_told_and_a_log_is_needed() {
        let text = format!("{HEAD}[[ceiling]]\nfor = [\"otto\"]\n[[identity]]\nname = \"olga\"\n");
        let mut document: Document = toml::from_str(&text).unwrap();
        document.requires.clear();
        let mut persons = persons();
        persons.remove(&IdentityName::new("srv").unwrap());
        let mut complaints = Vec::new();
        Ceilings::check(&document, &persons, &mut complaints);
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints[0].contains("ceiling/1"), "{complaints:?}");
        assert!(complaints[1].contains("role server"), "{complaints:?}");
    }

    #[test]
    fn the_strictest_of_each_figure_counts() {
        let tables = "[[ceiling]]\nfor = [\"orchestrator\"]\nfiles = 10\nlines = 5000\n\
             actions = [\"create\", \"change\"]\n\
             [[ceiling]]\nfor = [\"alice\"]\nlevel = \"L4\"\nfiles = 20\nlines = 100\nwindow_days = 3\n\
             actions = [\"change\", \"delete\"]\n";
        let otto = of(tables, "otto").unwrap();
        assert_eq!(
            otto.limits.to_string(),
            "10 files, 6 directories, 5000 lines"
        );
        assert_eq!((otto.level, otto.window_days), (Autonomy::L3, Some(7)));
        assert_eq!(otto.whose(Figure::Directories), Whose::BuiltIn);
        assert_eq!(otto.whose(Figure::Files), Whose::Policy);
        let alice = of(tables, "alice").unwrap();
        assert_eq!(
            alice.limits.to_string(),
            "10 files, 6 directories, 100 lines"
        );
        assert_eq!((alice.level, alice.window_days), (Autonomy::L4, Some(7)));
        assert_eq!(alice.actions, BTreeSet::from([Deed::Change]));
        assert!(of(tables, "srv").is_none(), "none is for a server");
        let anybody = of("", "srv").unwrap();
        assert_eq!(
            anybody.limits.to_string(),
            "40 files, 6 directories, 2000 lines"
        );
        assert!(!anybody.is_set());
    }

    #[test]
    fn a_contract_only_lowers() {
        let otto = of(
            "[[ceiling]]\nfor = [\"otto\"]\nfiles = 10\nactions = [\"create\", \"change\"]",
            "otto",
        );
        let otto = otto.unwrap();
        let mut terms = CeilingTerms {
            files: Some(50),
            lines: Some(100),
            directories: Some(-1),
            level: Some("L0".to_owned()),
            actions: ["change", "delete", "deploy"].map(str::to_owned).to_vec(),
            ..CeilingTerms::default()
        };
        let under = otto.under(&terms);
        assert_eq!(
            under.limits.to_string(),
            "10 files, 6 directories, 100 lines"
        );
        assert_eq!(under.window_limits, otto.limits);
        assert_eq!(under.level, Autonomy::L3);
        assert_eq!(under.whose(Figure::Lines), Whose::Contract);
        assert_eq!(under.actions, BTreeSet::from([Deed::Change]));
        let unlisted = ["delete", "deploy"].map(str::to_owned);
        assert_eq!(under.unlisted, BTreeSet::from(unlisted));
        terms.level = Some("L4".to_owned());
        assert_eq!(otto.under(&terms).level, Autonomy::L4);
        // Where no policy says so, L3 is what the gates ask.
        let plain = of("", "otto").unwrap();
        assert_eq!(plain.under(&terms).level, Autonomy::L4);
        terms.level = Some("L3".to_owned());
        assert_eq!(plain.under(&terms).level, Autonomy::L0);
    }
}
