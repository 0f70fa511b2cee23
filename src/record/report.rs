//! The result of a check, from the rules to the exit code: the `awo.verdict/1` object of the
//! command-line contract.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Finding, Findings, Overrides, RefName, Verdict};

/// Number of things checked, by kind: `commits`, `records`, `runs` …
pub type Checked = BTreeMap<&'static str, u64>;

/// Adds what else was checked.
pub fn add_checked(to: &mut Checked, more: &Checked) {
    for (what, number) in more {
        let counted = to.entry(what).or_default();
        *counted = counted.saturating_add(*number);
    }
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was checked.
    pub checked: Checked,
    /// What was found.
    pub findings: Findings,
    /// The reasons why the check could not be decided, if it could not; each has a code.
    pub undecided: Findings,
    /// Remarks that are not reasons to refuse.
    pub notes: Vec<String>,
    /// The branches by whose rules commits were judged, where only some commits were asked for.
    pub judged_by: BTreeSet<RefName>,
    /// The branches of the same push that must move for the verdict on a branch or a tag to hold.
    pub depends_on: Dependencies,
    /// The protection overrides that the commits of a push use.
    pub overrides: Overrides,
    /// The refs of a push to which all that was found belongs, and which nothing else in it needs: they
    /// can be refused by themselves. Empty if there is more to refuse. The verdict is on the whole push.
    pub apart: BTreeSet<RefName>,
}

/// For each branch, the branches that it builds on.
pub type Dependencies = BTreeMap<RefName, BTreeSet<RefName>>;

#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    verdict: Verdict,
    checked: &'a Checked,
    findings: Vec<&'a Finding>,
    undecided: Vec<&'a Finding>,
    notes: &'a [String],
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    judged_by: &'a BTreeSet<RefName>,
}

impl Report {
    /// Returns a report that consists of findings only.
    pub fn of(findings: impl IntoIterator<Item = Finding>) -> Self {
        Self {
            findings: findings.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Adds to the number of things checked.
    pub fn count(&mut self, what: &'static str, number: usize) {
        let counted = self.checked.entry(what).or_default();
        *counted = counted.saturating_add(number as u64);
    }

    /// Adds what was found of a ref that can be refused by itself.
    pub fn absorb_apart(&mut self, reference: RefName, mut found: Report) {
        found.apart.clear();
        if found.verdict() != Verdict::Allowed {
            found.apart.insert(reference);
        }
        self.absorb(found);
    }

    /// Adds the contents of another report or of a refusal.
    pub fn absorb(&mut self, other: impl Into<Report>) {
        let mut other = other.into();
        let needs_all = |it: &Self| it.apart.is_empty() && it.verdict() != Verdict::Allowed;
        match needs_all(self) || needs_all(&other) {
            true => self.apart.clear(),
            false => self.apart.append(&mut other.apart),
        }
        add_checked(&mut self.checked, &other.checked);
        self.findings.extend(other.findings);
        self.undecided.extend(other.undecided);
        self.notes.extend(other.notes);
        self.judged_by.extend(other.judged_by);
        for (reference, used) in other.overrides {
            self.overrides.entry(reference).or_default().extend(used);
        }
        for (reference, on) in other.depends_on {
            self.depends_on.entry(reference).or_default().extend(on);
        }
    }

    /// Names the server in every remedy: see [`Finding::at_server`].
    pub fn at_server(mut self, remote: &str) -> Self {
        self.findings = self.findings.at_server(remote);
        self.undecided = self.undecided.at_server(remote);
        self
    }

    /// Returns the verdict: any finding denies, anything undecided is never "allowed".
    pub fn verdict(&self) -> Verdict {
        if !self.findings.is_empty() {
            Verdict::Denied
        } else if !self.undecided.is_empty() {
            Verdict::Undecided
        } else {
            Verdict::Allowed
        }
    }

    /// Returns every finding: those that deny, and the reasons why something is undecided.
    pub fn all(&self) -> Findings {
        let mut all = self.findings.clone();
        all.extend(self.undecided.clone());
        all
    }

    /// Returns the `awo.verdict/1` object.
    #[allow(
        clippy::expect_used,
        reason = "a report has only text keys: a fact of the type"
    )]
    pub fn to_json(&self) -> serde_json::Value {
        let all = self.all();
        let object = Object {
            schema: "awo.verdict/1",
            verdict: self.verdict(),
            checked: &self.checked,
            findings: all.iter().collect(),
            undecided: self.undecided.iter().collect(),
            notes: &self.notes,
            judged_by: &self.judged_by,
        };
        serde_json::to_value(object).expect("a report has only text keys")
    }
}
