//! Governance refs only grow: forward, by whole records, of kinds that are known.

use crate::facts::arrivals::{Irregular, MOST_LINES};
use crate::record::{Coded as _, Finding, Findings, RefName, Rule, Subject};
use crate::store::layout;

use super::{fault, limits};

/// Judges how governance refs changed otherwise than by added records.
pub fn irregular(irregular: &[(RefName, Irregular)], findings: &mut Findings) {
    for (reference, what) in irregular {
        judge(reference, what, findings);
    }
}

fn judge(reference: &RefName, what: &Irregular, findings: &mut Findings) {
    let subject = || Subject::of_ref(reference);
    let only = "git awo fetch, then git awo push";
    let back = match layout::tracking("origin", reference) {
        Some(theirs) => format!(
            "git update-ref refs/awo-displaced/kept {reference}, then git update-ref {reference} {theirs}, \
             then git awo push"
        ),
        None => only.to_owned(),
    };
    let gone = |removed: bool, subject: Subject, what: [&str; 2], expected: &str| {
        let found = if removed { what[0] } else { what[1] };
        let finding = Rule::RecordsNeverChange.finding(subject).found(found);
        finding.expected(expected).remedy(&back)
    };
    let finding: Finding = match what {
        Irregular::Rewound { old, new } => Rule::ForwardOnly
            .finding(subject())
            .found(format!("moved to {new}, which does not contain {old}"))
            .expected(format!("a descendant of {old}"))
            .remedy(only),
        Irregular::Empty => Rule::RecordBrought
            .finding(subject())
            .found("a new governance ref without a record")
            .expected("the records of this ref")
            .remedy(format!("git update-ref -d {reference}, then git awo push")),
        Irregular::Idle(id) => Rule::RecordBrought
            .finding(subject().at(*id))
            .found("a commit of the ledger without a record")
            .expected("what the commit adds")
            .remedy(only),
        Irregular::NoteSpelling(object) => Rule::RecordForm
            .finding(subject().at(*object))
            .found("a note with an empty line, a line twice, or no line feed at its end")
            .expected("a line for each record, each ended by one line feed")
            .remedy(only),
        Irregular::NotedTwice(object, digest) => Rule::NotedOnce
            .finding(subject().at(*object))
            .found(format!(
                "{digest} stands there with two signatures by one key"
            ))
            .expected("one line for each statement")
            .remedy(only),
        Irregular::Unknown(path) => Rule::RecordKind
            .finding(subject().path(path))
            .found("a file of an unknown kind")
            .expected("a record of this version")
            .remedy("upgrade git-awo, here or on the server; only git-awo writes these refs"),
        Irregular::Twice(path) => Rule::RecordName
            .finding(subject().path(path))
            .found("another record of that name")
            .expected("a new name")
            .remedy("git awo fetch --theirs"),
        Irregular::Alike { path, other } => Rule::RecordName
            .finding(subject().path(path))
            .found(format!("an id that differs from {other} in case only"))
            .expected("ids that differ in more than case")
            .remedy("another id"),
        Irregular::Rewritten { path, removed } => gone(
            *removed,
            subject().path(path),
            ["a record was removed", "a record was changed"],
            "every record kept as it was",
        ),
        Irregular::NoteRewritten { object, removed } => gone(
            *removed,
            subject().at(*object),
            ["the note was removed", "a line was removed or changed"],
            "lines only added",
        ),
        Irregular::TooManyLines(object, lines) => Rule::Limits
            .finding(subject().at(*object))
            .found(format!("{lines} lines added to a note"))
            .expected(format!("at most {MOST_LINES} in a push"))
            .remedy(format!(
                "git push SERVER COMMIT:{reference}, with a commit half way, first"
            )),
        Irregular::BadLine(error) => {
            findings.extend(error.denies(subject()).into_iter().flatten());
            return;
        }
        Irregular::EvidenceAdded(run) => Rule::EvidenceWhole
            .finding(subject().run(run))
            .found("files added to evidence that was there before")
            .expected("evidence that never changes")
            .remedy("git awo run TASK --run-id OTHER -- COMMAND"),
        Irregular::TooManyCommits { commits, most } => {
            let expected = format!("at most {most}");
            findings.extend(limits::commits(commits, *most, reference, expected));
            return;
        }
        Irregular::Unreadable(id, error) => {
            findings.extend(error.denies(subject().at(*id)).into_iter().flatten());
            return;
        }
        Irregular::Fault(id, it) => fault(it, subject().at(*id), &back),
        Irregular::Mode(id, path, mode) => Rule::RecordMode
            .finding(subject().at(*id).path(path))
            .found(format!("mode {mode}"))
            .expected("a plain file")
            .remedy(only),
        Irregular::Stray(id) => Rule::RecordKind
            .finding(subject())
            .found(format!(
                "{id} behind it, which is the commit of no run of record"
            ))
            .expected("evidence, and the commits of its runs")
            .remedy(&back),
        Irregular::Between(id, it) => {
            let mut inner = Findings::new();
            judge(reference, it, &mut inner);
            findings.extend(inner.iter().map(|it| Finding {
                found: format!("{}, in {id}", it.found),
                remedy: back.clone(),
                ..it.clone()
            }));
            return;
        }
    };
    findings.push(finding);
}
