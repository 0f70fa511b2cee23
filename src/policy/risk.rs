//! What a policy asks of contracts by their risk tier: `[risk.HIGH]`. It can only ask for more than elsewhere.

use super::document::{Document, RiskRules};
use super::features;
use crate::record::contract::Contract;

/// Maximum length of the name of a tier, in bytes.
const LONGEST: usize = 64;

/// What is asked of the contracts of a risk tier, and of their runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Number of reviewers who must approve a run (gate 3).
    pub audit_approvals: u32,
    /// Whether approvals by models count among these.
    pub model_reviewers: bool,
    /// Whether a contract may allow delegation.
    pub delegation: bool,
}

impl Tier {
    /// Returns what a document asks of a contract, and of one that nobody could read.
    ///
    /// A tier that no table names, where there are tables, meets all of them: whoever mistypes a tier gains
    /// nothing by it. A contract that states none meets the plain numbers, as where there are no tables.
    pub(super) fn of(document: &Document, contract: Option<&Contract>) -> Self {
        let plain = Self {
            audit_approvals: document.gates.audit_approvals,
            model_reviewers: true,
            delegation: true,
        };
        let named = match contract {
            Some(contract) => match &contract.risk_tier {
                Some(tier) => document.risk.get(tier),
                None => return plain,
            },
            None => None,
        };
        match named {
            Some(table) => plain.and(table),
            None => document.risk.values().fold(plain, Self::and),
        }
    }

    fn and(self, table: &RiskRules) -> Self {
        let approvals = table.audit_approvals.unwrap_or_default();
        Self {
            audit_approvals: self.audit_approvals.max(approvals),
            model_reviewers: self.model_reviewers && table.model_reviewers,
            delegation: self.delegation && table.delegation,
        }
    }
}

/// Checks the tables of a document.
pub(super) fn check(document: &Document, complaints: &mut Vec<String>) {
    for (tier, table) in &document.risk {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        if tier.is_empty() || tier.len() > LONGEST || !tier.bytes().all(fits) {
            complaints.push(format!(
                "risk: tier {tier:?} is not 1 to {LONGEST} of A-Z a-z 0-9 _ . -"
            ));
        }
        if table.audit_approvals == Some(0) {
            complaints.push(format!("risk.{tier}: audit_approvals: at least 1"));
        }
    }
    let requires = |feature| document.requires.iter().any(|it| it == feature);
    if !document.risk.is_empty() && !requires(features::RISK) {
        complaints.push(format!(
            "[risk] needs requires = [{:?}], so that an older git-awo says that it cannot read this",
            features::RISK
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "schema = \"awo.policy/1\"\nversion = 1\nlevel = \"HYBRID\"\n\
         requires = [\"risk/1\"]\nidentity = []\n[roots]\nthreshold = 1\nidentities = [\"olga\"]\n\
         [gates]\naudit_approvals = 2\n";

    fn document(lines: &str) -> Result<Document, Vec<String>> {
        let document: Document =
            toml::from_str(&format!("{HEAD}{lines}")).map_err(|error| vec![error.to_string()])?;
        let mut complaints = Vec::new();
        check(&document, &mut complaints);
        match complaints.is_empty() {
            true => Ok(document),
            false => Err(complaints),
        }
    }

    fn contract(tier: Option<&str>) -> Contract {
        let mut draft = crate::record::contract::tests::draft();
        draft.risk_tier = tier.map(str::to_owned);
        draft.check().unwrap()
    }

    /// Returns number of approvals, whether models review, whether others take part.
    fn asked(lines: &str, contract: Option<&Contract>) -> (u32, bool, bool) {
        let tier = Tier::of(&document(lines).unwrap(), contract);
        (tier.audit_approvals, tier.model_reviewers, tier.delegation)
    }

    #[test]
    fn a_tier_asks_for_more_and_never_for_less() {
        let tables = "[risk.LOW]\naudit_approvals = 1\n\
             [risk.HIGH]\naudit_approvals = 4\ndelegation = false\n\
             [risk.ODD]\nmodel_reviewers = false\n";
        for (tier, expected) in [
            (Some("LOW"), (2, true, true)),
            (Some("HIGH"), (4, true, false)),
            (Some("ODD"), (2, false, true)),
            // Exactly these bytes; what no table names meets them all.
            (Some("high"), (4, false, false)),
            (Some("LOW "), (4, false, false)),
            (Some("NONE"), (4, false, false)),
            (None, (2, true, true)),
        ] {
            let contract = contract(tier);
            assert_eq!(asked(tables, Some(&contract)), expected, "{tier:?}");
            assert_eq!(asked("", Some(&contract)), (2, true, true), "{tier:?}");
        }
        // Nobody knows the tier of a contract that cannot be read.
        assert_eq!(asked(tables, None), (4, false, false));
        assert_eq!(asked("", None), (2, true, true));
    }

    #[test]
    fn a_table_is_checked() {
        for (lines, holds) in [
            ("[risk.HIGH]\n", true),
            ("[risk.\"R-1.a_b\"]\n", true),
            (
                "[risk.HIGH]\naudit_approvals = 1\nmodel_reviewers = true\n",
                true,
            ),
            ("[risk.HIGH]\naudit_approvals = 0\n", false),
            ("[risk.HIGH]\naudit_approvals = -1\n", false),
            ("[risk.HIGH]\ntask_approvals = 2\n", false),
            ("[risk.HIGH]\ndelegation = \"no\"\n", false),
            ("[risk]\ndelegation = false\n", false),
            ("[risk.\"\"]\n", false),
            ("[risk.\"VERY HIGH\"]\n", false),
            ("[risk.H\u{cd}GH]\n", false),
        ] {
            assert_eq!(document(lines).is_ok(), holds, "{lines}");
        }
        assert!(document(&format!("[risk.{}]\n", "x".repeat(64))).is_ok());
        assert!(document(&format!("[risk.{}]\n", "x".repeat(65))).is_err());
        // An older program is told.
        let mut silent = document("[risk.HIGH]\n").unwrap();
        silent.requires.clear();
        let mut complaints = Vec::new();
        check(&silent, &mut complaints);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].contains("risk/1"), "{complaints:?}");
        silent.risk.clear();
        complaints.clear();
        check(&silent, &mut complaints);
        assert_eq!(complaints, [""; 0]);
    }
}
