//! What is known of a run by its records: at a summary, in the index, by its files and by when.

use super::world::*;
use crate::check::integrity;
use crate::check::tests::world::Stage::*;
use crate::evidence::RunFiles;
use crate::evidence::demands::MANIFEST_SCHEMA;
use crate::facts::claims::claims;
use crate::facts::position::{Continued, Logged, Positions};
use crate::facts::provenance::judge_all;
use crate::facts::run::Collector;
use crate::facts::run::Lookup;
use crate::record::{Findings, RepoPath, Timestamp};
use crate::records::Verdict;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{Records, Refs};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Asks a collector over these refs.
fn ask<R>(
    world: &World,
    refs: &Refs,
    positions: Positions<'_>,
    time: Timestamp,
    question: impl FnOnce(&Collector<'_>) -> R,
) -> R {
    question(&Collector {
        records: &Records::open(&world.repo, refs).unwrap(),
        history: &world.history(),
        positions,
        time,
        arriving_policies: None,
        measures: Default::default(),
    })
}

fn words(findings: &Findings) -> Vec<String> {
    let word = |it: &crate::record::Finding| format!("{} {}", it.code.as_str(), it.rule);
    findings.iter().map(word).collect()
}

#[test]
fn a_glance_tells_how_far_a_run_has_gone() {
    let world = World::new(&[Edit::Outcome(|it| it.outcome = Verdict::Rejected)]);
    for (stage, finalized, outcome) in [
        (Executed, false, None),
        (Reviewed, false, None),
        (Landed, true, None),
        (Judged, false, Some(Verdict::Rejected)),
    ] {
        let refs = world.refs(stage);
        let seen = ask(&world, &refs, Positions::Named, time(NOW), |it| {
            it.summary(&run_id()).unwrap()
        });
        assert_eq!(seen.id, run_id());
        assert_eq!(seen.run.as_ref(), Some(&world.run));
        assert_eq!(
            (seen.finalized, seen.outcome),
            (finalized, outcome),
            "{stage:?}"
        );
    }
    let world = World::new(&[Edit::Run(|it| it.context.role = "reviewer".to_owned())]);
    let refs = world.refs(Landed);
    let seen = ask(&world, &refs, Positions::Named, time(NOW), |it| {
        it.summary(&run_id()).unwrap()
    });
    assert!(
        seen.run.is_none(),
        "a record that does not hold says nothing"
    );
}

#[test]
fn the_index_is_what_the_finalizations_imply() {
    let world = World::new(&[]);
    type Change = fn(&World, &mut Shelf);
    for (what, change, expected) in [
        ("in order", (|_, _| {}) as Change, vec![]),
        (
            "no note",
            |_, it| drop(it.governance.remove(&attestations())),
            vec!["STR-001 index-attestation"],
        ),
        (
            "a note of another one",
            |world, it| {
                it.of(attestations()).clear();
                it.note(attestations(), world.commit, &world.audit);
            },
            vec!["STR-001 index-attestation"],
        ),
        (
            "a stray entry",
            |_, it| it.put(&LedgerPath::Provenance(other_run()), "{}"),
            vec!["STR-001 provenance-index"],
        ),
        (
            "no entry",
            |_, it| {
                let path = LedgerPath::Provenance(run_id()).to_path().to_string();
                it.ledger().remove(&path).unwrap();
            },
            vec!["STR-001 provenance-index"],
        ),
        (
            "another approver",
            |_, it| {
                let path = LedgerPath::Provenance(run_id()).to_path().to_string();
                let (_, bytes) = it.ledger().get_mut(&path).unwrap();
                let text = String::from_utf8(bytes.clone()).unwrap();
                *bytes = text.replace("\"rita\"", "\"vera\"").into_bytes();
            },
            vec!["INT-008 index-derived"],
        ),
    ] {
        let mut shelf = world.shelf(Landed);
        change(&world, &mut shelf);
        let refs = world.commit(&Refs::new(), &shelf);
        let mut findings = Findings::new();
        let records = Records::open(&world.repo, &refs).unwrap();
        let index = judge_all(&records, &mut findings).unwrap();
        assert_eq!(words(&findings), expected, "{what}");
        assert_eq!(index.entries.len(), 1, "{what}");
        assert_eq!(index.entries[0].commit, world.commit);
        if what == "another approver" {
            assert_eq!(
                findings.iter().next().unwrap().found,
                "approved_by \"vera\""
            );
            assert_eq!(
                findings.iter().next().unwrap().expected,
                "approved_by \"rita\""
            );
        }
    }
}

#[test]
fn an_entry_that_cannot_be_read_differs() {
    let world = World::new(&[]);
    let mut shelf = world.shelf(Landed);
    shelf.put(&LedgerPath::Provenance(run_id()), "{}");
    let refs = world.commit(&Refs::new(), &shelf);
    let facts = ask(&world, &refs, Positions::Named, time(NOW), |it| {
        it.run(&run_id()).unwrap()
    });
    let Lookup::Invalid(finding) = facts.indexed else {
        panic!("{:?}", facts.indexed);
    };
    assert_eq!(finding.code.as_str(), "INT-008");
    assert_eq!(finding.rule, "index-derived");
    assert!(finding.remedy.starts_with("git awo fetch --theirs"));
}

#[test]
fn the_files_of_a_run_are_what_its_inventory_says() {
    let world = World::new(&[]);
    let refs = world.refs(Landed);
    let stored = |refs: &Refs| {
        ask(&world, refs, Positions::Named, time(NOW), |it| {
            integrity::stored(it, &run_id())
        })
    };
    let judged = stored(&refs);
    assert_eq!(codes(&judged.report), [""; 0]);
    assert_eq!(judged.root, Some(world.run.root));
    let report = RepoPath::from("report.md");
    let blob = judged.blobs[&report];
    let mut shelf = world.shelf(Landed);
    let path = format!("{}/report.md", layout::run_directory(&run_id()));
    shelf.of(month()).get_mut(&path).unwrap().1 = b"other\n".to_vec();
    let changed = stored(&world.commit(&Refs::new(), &shelf));
    assert_eq!(codes(&changed.report), ["INT-001 inventory-hash"]);
    assert_eq!(changed.root, None);
    let mut shelf = world.shelf(Landed);
    shelf.put(&LedgerPath::Inventory(run_id()), "");
    let other = stored(&world.commit(&Refs::new(), &shelf));
    assert!(codes(&other.report).contains(&"INT-001 inventory-root".to_owned()));
    assert_eq!(
        other.root, None,
        "what the files say among themselves is not enough"
    );
    world.lose(blob);
    let lost = stored(&refs);
    assert_eq!(codes(&lost.report), ["INT-005 object-present?"]);
    assert_eq!(lost.root, None);
    let nothing = stored(&world.refs(Approved));
    assert_eq!(codes(&nothing.report), ["STR-002 record-present?"]);
}

#[test]
fn a_directory_that_cannot_be_read_is_undecided() {
    let dir = crate::sys::scratch::directory().unwrap();
    let judged = integrity::directory(&dir.path().join("nothing"));
    assert_eq!(judged.report.verdict(), crate::record::Verdict::Undecided);
    assert_eq!(judged.report.checked["files"], 0);
    let judged = integrity::directory(dir.path());
    assert_eq!(judged.report.verdict(), crate::record::Verdict::Denied);
}

#[test]
fn what_the_files_say_of_a_run_is_what_its_record_says() {
    let world = World::new(&[]);
    let run = &world.run;
    let manifest = serde_json::json!({
        "approvals": run.approvals, "base": run.base, "contract": run.contract,
        "orchestrator": "otto", "reference": run.reference, "run_id": run.run,
        "schema": MANIFEST_SCHEMA, "task": run.task, "tree": run.tree,
    });
    let changed = serde_json::json!({"base": run.base, "tree": run.tree});
    let environment = serde_json::json!({"git": {"commit": run.base}});
    let judge = |file: &str, key: &str, schema: &str| {
        let mut documents = [
            ("run_manifest.json", manifest.clone()),
            ("artifacts/changed_paths.json", changed.clone()),
            ("environment.json", environment.clone()),
        ];
        documents[0].1["schema"] = schema.into();
        for (name, document) in &mut documents {
            if *name == file {
                match key.split_once('.') {
                    Some((outer, inner)) => document[outer][inner] = "another".into(),
                    None => document[key] = "another".into(),
                }
            }
        }
        let files: RunFiles = documents
            .iter()
            .map(|(name, it)| (RepoPath::from(*name), it.to_string().into_bytes()))
            .collect();
        let findings = claims(&run.into(), &files);
        findings
            .iter()
            .map(|it| {
                assert_eq!(
                    (it.code.as_str(), &*it.rule),
                    ("ATT-002", "evidence-claims")
                );
                let path = it.subject.path.clone().unwrap();
                format!("{path} {}", it.found)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(judge("", "", MANIFEST_SCHEMA), [""; 0]);
    for (file, key, everywhere) in [
        ("run_manifest.json", "run_id", true),
        ("run_manifest.json", "approvals", false),
        ("run_manifest.json", "base", false),
        ("run_manifest.json", "contract", false),
        ("run_manifest.json", "orchestrator", false),
        ("run_manifest.json", "reference", false),
        ("run_manifest.json", "task", false),
        ("run_manifest.json", "tree", false),
        ("artifacts/changed_paths.json", "base", false),
        ("artifacts/changed_paths.json", "tree", false),
        ("environment.json", "git.commit", true),
    ] {
        let expected = format!(r#"{file} {key} "\"another\"""#);
        let expected = [expected];
        assert_eq!(judge(file, key, MANIFEST_SCHEMA), expected);
        let elsewhere = judge(file, key, "mine/1");
        assert_eq!(elsewhere == expected, everywhere, "{file} {key}");
    }
    // Asked with the chain, too.
    let world = World::new(&[Edit::Evidence(|it| {
        let file = it.get_mut(&RepoPath::from("run_manifest.json")).unwrap();
        *file = b"{\n  \"run_id\": \"run_two\"\n}".to_vec();
    })]);
    let found = codes(&world.push(Executed, &|_, _| {}));
    assert!(
        found.contains(&"ATT-002 evidence-claims".to_owned()),
        "{found:?}"
    );
}

#[test]
fn each_record_is_judged_by_when_it_came() {
    let world = World::new(&[]);
    let (refs, without) = (world.refs(Landed), world.refs(Reviewed));
    let (early, late) = (time("2026-01-12T00:00:00Z"), time("2026-01-13T00:00:00Z"));
    let now = time("2026-01-20T00:00:00Z");
    let (run, last) = (world.run_record.digest(), world.finalization.digest());
    let both: Logged = [(run, (0, early)), (last, (0, late))].into_iter().collect();
    let none = Logged::default();
    let arriving: BTreeSet<_> = [last].into();
    let nothing = BTreeSet::new();
    let part = |logged| Continued {
        logged,
        arriving: &arriving,
        unanswered: Cell::new(false),
    };
    let (whole, empty) = (part(&both), part(&none));
    let made = time(NOW);
    for (what, refs, positions, of_run, of_end) in [
        (
            "at the door",
            &refs,
            Positions::Arriving(&arriving),
            made,
            now,
        ),
        (
            "at the door, there before",
            &refs,
            Positions::Arriving(&nothing),
            made,
            now,
        ),
        (
            "at the door, no end",
            &without,
            Positions::Arriving(&nothing),
            made,
            now,
        ),
        ("by the log", &refs, Positions::Logged(&both), early, late),
        (
            "by a log that knows nothing",
            &refs,
            Positions::Logged(&none),
            made,
            made,
        ),
        (
            "by the log, no end",
            &without,
            Positions::Logged(&both),
            early,
            made,
        ),
        (
            "by its newest part",
            &refs,
            Positions::Continued(&whole),
            early,
            late,
        ),
        (
            "by a part that knows nothing",
            &refs,
            Positions::Continued(&empty),
            made,
            made,
        ),
        (
            "by its newest part, no end",
            &without,
            Positions::Continued(&whole),
            early,
            made,
        ),
        ("by name", &refs, Positions::Named, made, made),
        ("by name, no end", &without, Positions::Named, made, now),
    ] {
        let facts = ask(&world, refs, positions, now, |it| {
            it.run(&run_id()).unwrap()
        });
        assert_eq!((facts.time, facts.audited), (of_run, of_end), "{what}");
    }
    // Of a commit that is not here nobody knows the time.
    world.lose(world.commit);
    let facts = ask(&world, &refs, Positions::Named, now, |it| {
        it.run(&run_id()).unwrap()
    });
    assert_eq!((facts.time, facts.audited), (now, now));
}

#[test]
fn a_newest_part_of_the_log_answers_for_what_it_knows() {
    let (one, other) = (sha(1), sha(2));
    let logged: Logged = [(one, (0, time(NOW)))].into_iter().collect();
    for (arriving, covered) in [(vec![], true), (vec![one], true), (vec![one, other], false)] {
        let arriving: BTreeSet<_> = arriving.into_iter().collect();
        let part = Continued {
            logged: &logged,
            arriving: &arriving,
            unanswered: Cell::new(false),
        };
        assert_eq!(part.covers_arrivals(), covered);
    }
}

/// A contract from before user signatures were listed: what was accepted stays so, and comes no second time.
#[test]
fn a_contract_whose_user_signature_is_not_listed_is_judged_where_it_comes() {
    let world = World::new(&[Edit::Contract(|it| {
        it.user_signature = Some("rita010320260900".to_owned());
    })]);
    let found = world.verify(&world.logged(Landed), &crate::check::verify::Scope::All);
    assert_eq!(codes(&found), [""; 0]);
    let (before, after) = (world.refs(Founded), world.refs(Approved));
    assert_eq!(
        codes(&world.judge(&before, &after)),
        ["REP-001 signature-once"]
    );
}
