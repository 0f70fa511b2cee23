//! What each gate needs at each level: the built-in table, and how a policy tightens it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::document::{AutoCell, AutomationRules, Cell, Document};
use super::features;
use crate::record::{Confidence, Gate, Level, Role};

/// What opens a gate. Each asks for more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A model that is at least so confident, or a person.
    Auto(Confidence),
    /// A person.
    Human,
    /// Nothing opens it: a decision can only reject or defer.
    Never,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Auto(least) => write!(f, "a confidence of at least {least}, or a person"),
            Need::Human => f.write_str("a person"),
            Need::Never => f.write_str("nothing: it stays closed"),
        }
    }
}

/// The table of a policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Automation {
    tighter: BTreeMap<(Gate, Level), Need>,
    /// Whether anything may be handed to models elsewhere.
    escalation: bool,
}

/// Returns what a gate needs at a level if no policy asks for more.
fn built_in(gate: Gate, level: Level) -> Need {
    let auto = |parts| Confidence::of_ten_thousandths(parts).map_or(Need::Human, Need::Auto);
    match (gate, level) {
        (_, Level::Locked) => Need::Never,
        (_, Level::FullHuman) => Need::Human,
        (Gate::SpecApproval, _) => auto(8_000),
        (Gate::RefinementSign, _) => auto(9_000),
        (Gate::ScopeChange, Level::Autonomous) => auto(9_500),
        (Gate::ScopeChange, Level::Hybrid) => Need::Human,
        (Gate::SkeletonApproval | Gate::CloudEscalation | Gate::PolicyViolation, _) => Need::Human,
    }
}

impl Automation {
    /// Checks the table of a document. It may only tighten the built-in one.
    pub(super) fn check(document: &Document, complaints: &mut Vec<String>) -> Self {
        let mut automation = Self {
            escalation: document.automation.escalation.allow,
            ..Self::default()
        };
        let AutomationRules {
            evidence,
            gates,
            escalation,
        } = &document.automation;
        if *evidence == 0 || *evidence > 100 {
            complaints.push("automation: evidence must be 1 to 100".to_owned());
        }
        if escalation.consent_hours == 0 || escalation.consent_hours > 168 {
            complaints.push("automation.escalation: consent_hours must be 1 to 168".to_owned());
        }
        let mut seen = BTreeSet::new();
        for table in gates {
            let Some(gate) = Gate::of_name(&table.name) else {
                let known: Vec<_> = Gate::ALL.iter().map(|it| it.name()).collect();
                complaints.push(format!(
                    "automation.gate: {:?} is none of {}",
                    table.name,
                    known.join(", ")
                ));
                continue;
            };
            if !seen.insert(gate) {
                complaints.push(format!("automation.gate: {gate} stands twice"));
            }
            for (level, cell) in [
                (Level::FullHuman, &table.full_human),
                (Level::Hybrid, &table.hybrid),
                (Level::Autonomous, &table.autonomous),
            ] {
                let Some(cell) = cell else { continue };
                match need(cell) {
                    Ok(need) if need >= built_in(gate, level) => {
                        automation.tighter.insert((gate, level), need);
                    }
                    Ok(need) => complaints.push(format!(
                        "automation.gate: {gate}, {level}: {need} is less than {}",
                        built_in(gate, level)
                    )),
                    Err(why) => {
                        complaints.push(format!("automation.gate: {gate}, {level}: {why}"));
                    }
                }
            }
        }
        models(document, complaints);
        automation
    }

    pub(super) fn need(&self, gate: Gate, level: Level) -> Need {
        if gate == Gate::CloudEscalation && !self.escalation {
            return Need::Never;
        }
        let built_in = built_in(gate, level);
        self.tighter
            .get(&(gate, level))
            .copied()
            .unwrap_or(built_in)
    }
}

fn need(cell: &Cell) -> Result<Need, String> {
    match cell {
        Cell::Word(word) if word == "human" => Ok(Need::Human),
        Cell::Word(word) if word == "never" => Ok(Need::Never),
        Cell::Word(word) => Err(format!("{word:?} is neither \"human\" nor \"never\"")),
        Cell::Auto(AutoCell { auto }) => auto.parse().map(Need::Auto).map_err(|it| format!("{it}")),
    }
}

/// Checks the models. A model is nobody who could open a gate as a person.
fn models(document: &Document, complaints: &mut Vec<String>) {
    let mut taken = BTreeSet::new();
    for identity in &document.identities {
        let Some(model) = &identity.model else {
            continue;
        };
        let mut complain =
            |why: String| complaints.push(format!("identity {}: {why}", identity.name));
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"_.:/+-".contains(&b);
        if model.is_empty() || model.len() > 128 || !model.bytes().all(fits) {
            complain(format!(
                "model {model:?} is not 1 to 128 of A-Z a-z 0-9 _ . : / + -"
            ));
        }
        // Two keys of one model would be two voices.
        if !taken.insert(model) {
            complain(format!("model {model:?} is another identity's"));
        }
        let has = |role: Role| identity.roles.iter().any(|it| it == role.word());
        // A draft takes part in the work of others, and never decides.
        if !has(Role::Model) && !has(Role::Draft) {
            complain("a model without the role model, and no draft".to_owned());
        }
        if has(Role::Operator) || has(Role::Server) {
            complain("a model is neither operator nor server".to_owned());
        }
        if document.roots.identities.contains(&identity.name) {
            complain("a model is no root".to_owned());
        }
    }
    let uses = document.automation != AutomationRules::default() || !taken.is_empty();
    if uses {
        let uses = "[automation] and models need";
        complaints.extend(features::needed(
            &document.requires,
            features::AUTOMATION,
            uses,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the table of a policy with these lines, or the complaints.
    fn table(lines: &str) -> Result<Automation, Vec<String>> {
        let text = format!(
            "schema = \"awo.policy/1\"\nversion = 1\nlevel = \"HYBRID\"\nrequires = [\"automation/1\"]\n\
             [roots]\nthreshold = 1\nidentities = [\"olga\"]\n{lines}\n\
             [[identity]]\nname = \"olga\"\nroles = [\"operator\"]\n"
        );
        let document = toml::from_str(&text).map_err(|error| vec![error.to_string()])?;
        let mut complaints = Vec::new();
        let automation = Automation::check(&document, &mut complaints);
        match complaints.is_empty() {
            true => Ok(automation),
            false => Err(complaints),
        }
    }

    fn gate(name: &str, cells: &str) -> String {
        format!("[[automation.gate]]\nname = \"{name}\"\n{cells}\n")
    }

    #[test]
    fn the_built_in_table_is_the_published_one() {
        let open = "[automation.escalation]\nallow = true";
        let table = table(open).unwrap();
        let row = |gate: Gate| {
            let levels = [Level::FullHuman, Level::Hybrid, Level::Autonomous];
            levels.map(|level| match table.need(gate, level) {
                Need::Auto(least) => least.to_string(),
                Need::Human => "human".to_owned(),
                Need::Never => "never".to_owned(),
            })
        };
        assert_eq!(row(Gate::SpecApproval), ["human", "0.8", "0.8"]);
        assert_eq!(row(Gate::RefinementSign), ["human", "0.9", "0.9"]);
        assert_eq!(row(Gate::ScopeChange), ["human", "human", "0.95"]);
        for gate in [
            Gate::SkeletonApproval,
            Gate::CloudEscalation,
            Gate::PolicyViolation,
        ] {
            assert_eq!(row(gate), ["human", "human", "human"]);
        }
        for gate in Gate::ALL {
            assert_eq!(table.need(*gate, Level::Locked), Need::Never);
        }
    }

    #[test]
    fn a_policy_tightens_the_table_and_never_loosens_it() {
        for (name, cells, holds) in [
            ("SpecApproval", "AUTONOMOUS = { auto = \"0.9\" }", true),
            ("SpecApproval", "AUTONOMOUS = { auto = \"0.8\" }", true),
            ("SpecApproval", "HYBRID = \"human\"", true),
            ("SpecApproval", "FULL_HUMAN = \"never\"", true),
            ("CloudEscalation", "HYBRID = \"never\"", true),
            ("SpecApproval", "AUTONOMOUS = { auto = \"0.7999\" }", false),
            ("SpecApproval", "FULL_HUMAN = { auto = \"1.0\" }", false),
            ("ScopeChange", "HYBRID = { auto = \"1.0\" }", false),
            ("SkeletonApproval", "AUTONOMOUS = { auto = \"1.0\" }", false),
            ("CloudEscalation", "AUTONOMOUS = { auto = \"1.0\" }", false),
            // Other words, spellings, gates and levels.
            ("SpecApproval", "HYBRID = \"person\"", false),
            ("SpecApproval", "HYBRID = { auto = \"0.90\" }", false),
            ("SpecApproval", "HYBRID = { auto = 0.9 }", false),
            (
                "SpecApproval",
                "HYBRID = { auto = \"0.9\", more = 1 }",
                false,
            ),
            ("SpecApproval", "LOCKED = \"never\"", false),
            ("SpecApproval", "hybrid = \"human\"", false),
            ("specapproval", "HYBRID = \"human\"", false),
            ("SpecApproval ", "HYBRID = \"human\"", false),
            ("Deploy", "HYBRID = \"human\"", false),
        ] {
            let found = table(&gate(name, cells));
            assert_eq!(found.is_ok(), holds, "{name} {cells}: {found:?}");
        }
        let twice = gate("SpecApproval", "HYBRID = \"human\"").repeat(2);
        assert!(table(&twice).is_err());
        let tighter = table(&gate("SpecApproval", "HYBRID = { auto = \"0.9\" }")).unwrap();
        let nine = Need::Auto("0.9".parse().unwrap());
        assert_eq!(tighter.need(Gate::SpecApproval, Level::Hybrid), nine);
        assert_eq!(
            tighter.need(Gate::SpecApproval, Level::FullHuman),
            Need::Human
        );
        assert_eq!(
            tighter.need(Gate::CloudEscalation, Level::Hybrid),
            Need::Never
        );
    }

    #[test]
    fn a_model_is_no_person() {
        let identity = |roles: &str, model: &str| {
            format!("[[identity]]\nname = \"codex\"\nroles = [{roles}]\nmodel = \"{model}\"\n")
        };
        for (roles, model, holds) in [
            ("\"model\"", "codex-cli:gpt-5.2", true),
            ("\"model\", \"orchestrator\", \"reviewer\"", "m", true),
            ("\"draft\"", "m", true),
            ("\"orchestrator\"", "m", false),
            ("", "m", false),
            ("\"model\", \"operator\"", "m", false),
            ("\"model\", \"server\"", "m", false),
            ("\"model\"", "", false),
            ("\"model\"", "a b", false),
            // What would begin another trailer of the commits that name it.
            ("\"model\"", "m\\nAWO-Root: x", false),
            ("\"model\"", "m\\rx", false),
            ("\"model\"", "m\\u0000", false),
            ("\"model\"", "m\\u2028x", false),
            ("\"model\"", "m\\u001b[1m", false),
        ] {
            let found = table(&identity(roles, model));
            assert_eq!(found.is_ok(), holds, "{roles} {model:?}: {found:?}");
        }
        let other = identity("\"model\"", "m").replace("codex", "other");
        let two = identity("\"model\"", "m") + &other;
        assert!(table(&two).is_err(), "two of one model");
    }
}
