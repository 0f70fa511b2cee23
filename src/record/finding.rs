//! Findings and verdicts: the results of a check.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::{Code, ObjectId, RefName, RepoPath, Rule, RuleName, RunId};

/// What a finding is about. Every part is optional; the order of the fields is the sort order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Subject {
    /// The ref concerned.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The commit (or other object) concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The path concerned, C-quoted as git does where it is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The run concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The record concerned, by its path in the ledger or its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

impl Subject {
    /// Returns a subject that names nothing yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns a subject that names a ref.
    pub fn of_ref(name: &RefName) -> Self {
        Self {
            reference: Some(name.to_string()),
            ..Self::default()
        }
    }

    /// Returns a subject that names a commit.
    pub fn of_commit(id: ObjectId) -> Self {
        Self {
            commit: Some(id.to_string()),
            ..Self::default()
        }
    }

    /// Returns a subject that names a run.
    pub fn of_run(run: &RunId) -> Self {
        Self {
            run: Some(run.to_string()),
            ..Self::default()
        }
    }

    /// Returns a subject that names a record.
    pub fn of_record(record: impl fmt::Display) -> Self {
        Self {
            record: Some(record.to_string()),
            ..Self::default()
        }
    }

    /// Returns the subject with every part that the other names.
    pub fn with(self, other: Subject) -> Self {
        Self {
            reference: other.reference.or(self.reference),
            commit: other.commit.or(self.commit),
            path: other.path.or(self.path),
            run: other.run.or(self.run),
            record: other.record.or(self.record),
        }
    }

    /// Names the ref too.
    pub fn on(mut self, name: &RefName) -> Self {
        self.reference = Some(name.to_string());
        self
    }

    /// Names the commit too.
    pub fn at(mut self, id: ObjectId) -> Self {
        self.commit = Some(id.to_string());
        self
    }

    /// Names the path too.
    pub fn path(mut self, path: &RepoPath) -> Self {
        self.path = Some(path.to_string());
        self
    }

    /// Names the run too.
    pub fn run(mut self, run: &RunId) -> Self {
        self.run = Some(run.to_string());
        self
    }

    /// Names the record too.
    pub fn record(mut self, record: impl fmt::Display) -> Self {
        self.record = Some(record.to_string());
        self
    }
}

/// One reason to refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Finding {
    /// What it is about. First in the sort order, so that findings about one thing are adjacent.
    pub subject: Subject,
    /// The code of the taxonomy.
    pub code: Code,
    /// The rule that was broken.
    pub rule: RuleName,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// One remedy, preferably a command.
    pub remedy: String,
}

impl Finding {
    /// Returns a finding with a code, a rule and a subject only.
    fn of(code: Code, rule: RuleName, subject: Subject) -> Self {
        Self {
            subject,
            code,
            rule,
            found: String::new(),
            expected: String::new(),
            remedy: String::new(),
        }
    }

    /// Returns a finding that a server has sent to a client.
    pub fn told(code: Code, rule: &str, subject: Subject) -> Self {
        Self::of(code, RuleName::other(rule), subject)
    }

    /// Names the ref too.
    pub fn subject_on(mut self, reference: &RefName) -> Self {
        self.subject = self.subject.on(reference);
        self
    }

    /// Sets what was found.
    pub fn found(mut self, text: impl fmt::Display) -> Self {
        self.found = text.to_string();
        self
    }

    /// Sets what was expected.
    pub fn expected(mut self, text: impl fmt::Display) -> Self {
        self.expected = text.to_string();
        self
    }

    /// Sets the remedy.
    pub fn remedy(mut self, text: impl fmt::Display) -> Self {
        self.remedy = text.to_string();
        self
    }

    /// Names the server in the commands of the remedy, where a rule cannot know what a clone calls it.
    /// `remote` is one word of the shell.
    pub fn at_server(mut self, remote: &str) -> Self {
        for command in ["git fetch", "git push", "git push --atomic"] {
            let (unknown, known) = (format!("{command} SERVER "), format!("{command} {remote} "));
            self.remedy = self.remedy.replace(&unknown, &known);
        }
        self
    }
}

impl Rule {
    /// Returns a finding for a breach of this rule; the methods of [`Finding`] set the other parts.
    pub fn finding(self, subject: Subject) -> Finding {
        Finding::of(self.code(), self.into(), subject)
    }

    /// Returns the finding on a rule that a policy names itself, in `[[rule]]` (GOV-003).
    pub fn restriction(name: &str, subject: Subject) -> Finding {
        Finding::of(Code::Gov003, RuleName::other(name), subject)
    }
}

/// A sorted set of findings, so that the same state gives the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(BTreeSet<Finding>);

impl Findings {
    /// Returns an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.0.insert(finding);
    }

    /// Adds all findings of another set.
    pub fn extend(&mut self, other: impl IntoIterator<Item = Finding>) {
        self.0.extend(other);
    }

    /// Returns whether there are no findings.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of findings.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the findings in order.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// Names the server in every remedy: see [`Finding::at_server`].
    pub fn at_server(self, remote: &str) -> Self {
        let findings = self.into_iter();
        findings.map(|it| it.at_server(remote)).collect()
    }

    /// Returns whether any finding has this code.
    pub fn has(&self, code: Code) -> bool {
        self.0.iter().any(|finding| finding.code == code)
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::collections::btree_set::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// The decision of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing was found.
    Allowed,
    /// At least one finding.
    Denied,
    /// The check could not be done. It never counts as `Allowed`.
    Undecided,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_names_the_server_as_the_clone_does() {
        let remedy = |text: &str| {
            let finding = Rule::ObjectHash.finding(Subject::none()).remedy(text);
            finding.at_server("origin").remedy
        };
        for (text, expected) in [
            (
                "git fetch SERVER +refs/tags/SERVER:refs/tags/SERVER",
                "git fetch origin +refs/tags/SERVER:refs/tags/SERVER",
            ),
            (
                "git push --atomic SERVER BRANCH SERVER",
                "git push --atomic origin BRANCH SERVER",
            ),
            ("a; or git push SERVER x", "a; or git push origin x"),
        ] {
            assert_eq!(remedy(text), expected);
        }
    }

    #[test]
    fn findings_are_sorted_and_unique() {
        let finding = |rule: Rule| rule.finding(Subject::none());
        let set: Findings = [
            finding(Rule::ObjectHash),
            finding(Rule::SelfApprovalForm),
            finding(Rule::ObjectHash),
        ]
        .into_iter()
        .collect();
        let codes: Vec<_> = set.iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, ["GOV-001", "INT-001"]);
    }
}
