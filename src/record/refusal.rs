//! A "no" that always says why: findings of which there is at least one.

use super::{Finding, Findings};

/// Findings, at least one: a refusal without a code of the taxonomy cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(Findings);

impl Refusal {
    /// Returns the refusal that these findings are; nothing if there are none.
    pub fn of(findings: impl IntoIterator<Item = Finding>) -> Option<Self> {
        let findings: Findings = findings.into_iter().collect();
        (!findings.is_empty()).then_some(Self(findings))
    }

    /// Returns the refusal that these findings are, or this one finding if there are none: for
    /// where something is refused whatever the rules have found.
    pub fn or(findings: impl IntoIterator<Item = Finding>, otherwise: Finding) -> Self {
        Self::of(findings).unwrap_or_else(|| otherwise.into())
    }

    /// Returns the same refusal with more findings.
    pub fn and(mut self, more: impl IntoIterator<Item = Finding>) -> Self {
        self.0.extend(more);
        self
    }

    /// Returns the findings.
    pub fn findings(&self) -> &Findings {
        &self.0
    }

    /// Returns the findings.
    pub fn into_findings(self) -> Findings {
        self.0
    }
}

impl From<Finding> for Refusal {
    fn from(finding: Finding) -> Self {
        Self(Findings::from_iter([finding]))
    }
}

impl<const N: usize> From<[Finding; N]> for Refusal {
    fn from(findings: [Finding; N]) -> Self {
        const { assert!(N > 0, "a refusal needs a finding") };
        Self(Findings::from_iter(findings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Code, Subject};

    #[test]
    fn there_is_no_refusal_without_a_finding() {
        let finding = |code| Finding::told(code, "rule", Subject::none());
        assert_eq!(Refusal::of([]), None);
        let one = Refusal::or([], finding(Code::Int005));
        assert_eq!(one, finding(Code::Int005).into());
        let other = Refusal::or([finding(Code::Gov001)], finding(Code::Int005));
        assert_eq!(other, Refusal::from([finding(Code::Gov001)]));
        assert_eq!(other.findings().len(), 1);
    }
}
