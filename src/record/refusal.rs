//! A refusal: a report that does not allow, and that always has a reason.

use super::{Finding, Findings, Report};

/// A report with at least one finding or one reason why something is undecided: a refusal without
/// a code of the taxonomy cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    // Boxed, since errors carry refusals.
    first: Box<Finding>,
    report: Box<Report>,
}

impl Refusal {
    /// Returns the report as a refusal; `None` if it allows.
    pub fn by(report: Report) -> Option<Self> {
        let first = report.findings.iter().chain(report.undecided.iter()).next();
        Some(Self {
            first: Box::new(first.cloned()?),
            report: Box::new(report),
        })
    }

    /// Returns the findings as a refusal; `None` if there are none.
    pub fn of(findings: impl IntoIterator<Item = Finding>) -> Option<Self> {
        Self::by(Report::of(findings))
    }

    /// Returns the findings as a refusal, or `otherwise` if there are none. For an operation that is
    /// refused in any case.
    pub fn or(findings: impl IntoIterator<Item = Finding>, otherwise: Finding) -> Self {
        Self::of(findings).unwrap_or_else(|| otherwise.into())
    }

    /// Returns the same refusal with more findings.
    pub fn and(mut self, more: impl IntoIterator<Item = Finding>) -> Self {
        self.report.findings.extend(more);
        self
    }

    /// Returns a refusal with the same reasons, in which none denies and all leave it undecided.
    pub fn undecided(mut self) -> Self {
        let findings = std::mem::take(&mut self.report.findings);
        self.report.undecided.extend(findings);
        self
    }

    /// Returns the report, whose verdict is "denied" or "undecided".
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the report, whose verdict is "denied" or "undecided".
    pub fn into_report(self) -> Report {
        *self.report
    }

    /// Returns one of the reasons.
    pub fn first(&self) -> &Finding {
        &self.first
    }

    /// Returns every reason, whether it denies or leaves undecided; at least one.
    pub fn findings(&self) -> Findings {
        self.report.all()
    }

    /// Returns the findings that deny, if there are any.
    pub fn denied(self) -> Option<Findings> {
        (!self.report.findings.is_empty()).then_some(self.report.findings)
    }
}

impl From<Refusal> for Report {
    fn from(refusal: Refusal) -> Self {
        *refusal.report
    }
}

impl From<Finding> for Refusal {
    fn from(finding: Finding) -> Self {
        Self {
            first: Box::new(finding.clone()),
            report: Box::new(Report::of([finding])),
        }
    }
}

impl From<[Finding; 1]> for Refusal {
    fn from([finding]: [Finding; 1]) -> Self {
        finding.into()
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
        assert_eq!(other, Refusal::from(finding(Code::Gov001)));
        assert_eq!(other.findings().len(), 1);
    }
}
