//! What the doctor looks at, and what it found.

use std::path::Path;

use crate::actor::Actor;
use crate::ops::Session;
use crate::record::{Finding, Report};

/// A repository that is looked at, and what was found.
pub(super) struct Examination<'a> {
    pub(super) session: &'a Session,
    pub(super) actor: &'a Actor,
    pub(super) program: &'a Path,
    /// Whether it is a bare repository, which people push to.
    pub(super) server: bool,
    /// Whether a ref was found that stops whoever lists refs: then not all can be looked at.
    pub(super) unreadable: bool,
    pub(super) report: Report,
}

impl Examination<'_> {
    pub(super) fn complain(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.report.findings.extend(findings);
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.report.notes.push(text.into());
    }
}
