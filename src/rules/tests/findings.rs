//! What a finding on a chain is about, and what it tells people to do.

use super::chain::evidence;
use super::story::*;
use crate::facts::run::Lookup;
use crate::record::{Code, Finding, Findings, RepoPath, Subject};
use crate::rules;

/// Returns the one finding on the story.
fn the_finding(edits: &[Edit]) -> Finding {
    let mut one = None;
    told(edits).judged(|case, facts, findings| {
        rules::chain(case, facts, findings);
        assert_eq!(findings.len(), 1);
        one = findings.iter().next().cloned();
    });
    one.unwrap()
}

#[test]
fn a_finding_names_ref_commit_and_run_and_keeps_record_and_path() {
    use Edit::Facts;
    let of_record = || Finding::told(Code::Str001, "x", Subject::of_record("the record"));
    let subject = Subject::of_ref(&main()).at(id(11)).run(&run_id());
    let gone = the_finding(&[Facts(|it| it.evidence = Lookup::Missing)]);
    assert_eq!(gone.subject, subject);
    let record = subject.clone().record("the record");
    let mut story = told(&[]);
    for bad in [true, false] {
        if bad {
            story.facts.bad.push(of_record());
        } else {
            story.facts.bad = Findings::new();
            story.facts.evidence = Lookup::Invalid(of_record());
        }
        story.judged(|case, facts, findings| {
            rules::chain(case, facts, findings);
            let subjects: Vec<_> = findings.iter().map(|it| it.subject.clone()).collect();
            assert_eq!(subjects, std::slice::from_ref(&record), "bad: {bad}");
        });
    }
    let path = the_finding(&[Facts(|it| {
        let path = RepoPath::from("a.json");
        let subject = Subject::none().path(&path);
        evidence(it)
            .findings
            .push(Finding::told(Code::Int001, "z", subject));
    })]);
    let expected = subject.path(&RepoPath::from("a.json"));
    assert_eq!(path.subject, expected);
}

#[test]
fn a_remedy_is_what_would_help() {
    use Edit::Facts;
    let gone = the_finding(&[Facts(|it| it.finalization = Lookup::Missing)]);
    assert_eq!(gone.remedy, "git awo finalize run_one, then git awo push");
    let gone = the_finding(&[Facts(|it| it.evidence = Lookup::Missing)]);
    assert!(gone.remedy.starts_with("git awo fetch"), "{}", gone.remedy);
    told(&[Edit::Reviewer("otto")]).judged(|case, facts, findings| {
        rules::chain(case, facts, findings);
        let own = findings.iter().find(|it| it.code == Code::Gov001).unwrap();
        assert_eq!(
            own.remedy,
            "ask another reviewer (rita, vera) to run git awo gate run_one"
        );
    });
}
