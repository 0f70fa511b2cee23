//! Approvals and attestations stand in a notes ref for each month, by what they say themselves.

use std::collections::BTreeMap;

use git_awo::actor::Actor;
use git_awo::git::{Expected, RefUpdate};
use git_awo::record::envelope::Envelope;
use git_awo::record::{Month, ObjectId, Timestamp};
use git_awo::records::{ApprovalPredicate, AttestationPredicate, Notes, Predicate, Statement};
use git_awo::store::batch::Batch;
use git_awo::store::layout;
use git_awo::store::ledger::Records;
use git_awo::store::merge::merge;

use crate::world::{RUN, World};

/// How git shows what is noted, as the README says.
const SHOWN: [&str; 2] = ["--notes=awo/approvals/*", "--notes=awo/attestations/*"];

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn noted(actor: &Actor, notes: Notes, object: ObjectId) -> Vec<Envelope> {
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    records.noted(notes, object).unwrap()
}

/// Returns what the one record of some notes on an object says.
fn says<P: Predicate>(actor: &Actor, notes: Notes, object: ObjectId) -> P {
    let envelope = noted(actor, notes, object).remove(0);
    Statement::<P>::parse(envelope.payload()).unwrap().predicate
}

/// Notes an envelope, wherever it belongs; returns the ref.
fn note(actor: &Actor, (notes, month): (Notes, Month), on: ObjectId, it: &Envelope) -> String {
    let batch = Batch::new("noted").note(notes.of(month), on, it.clone());
    batch.commit(&actor.repo, &actor.author()).unwrap();
    layout::notes(notes.of(month)).to_string()
}

/// A run that passed gate 2, and a second reviewer; approvals may be valid for 60 days.
fn reviewed() -> (World, ObjectId) {
    let world = World::executed();
    world.next_policy(2, None, |text| {
        text.replace(r#"["operator"]"#, r#"["operator", "reviewer"]"#)
            .replace("approval_days = 30", "approval_days = 60")
    });
    for (who, words) in [
        ("rita", &["git", "awo", "fetch"][..]),
        ("rita", &["git", "awo", "gate", RUN]),
        ("rita", &["git", "awo", "push"]),
        ("olga", &["git", "awo", "fetch"]),
    ] {
        world.ok(who, who, words);
    }
    let find = ["git", "log", "--all", "--format=%H", "--grep=^AWO-Run: "];
    let commit = world.ok("rita", "rita", &find).trim().parse().unwrap();
    (world, commit)
}

/// Signs an approval that says what the given one does, until another time.
fn until(actor: &Actor, approval: &ApprovalPredicate, expires: Timestamp, nonce: &str) -> Envelope {
    let says = ApprovalPredicate {
        expires,
        nonce: nonce.to_owned(),
        ..approval.clone()
    };
    actor.sign(says).unwrap()
}

#[test]
fn stock_git_shows_what_is_noted_in_ten_segments() {
    let world = World::attested();
    let (main, rita) = (world.rev("rita", "main"), world.actor("rita"));
    let find = ["git", "log", "--all", "--format=%H", "--grep=^AWO-Run: "];
    let run: ObjectId = world.ok("rita", "rita", &find).trim().parse().unwrap();
    let approval: ApprovalPredicate = says(&rita, Notes::APPROVALS, run);
    let attestation: AttestationPredicate = says(&rita, Notes::ATTESTATIONS, run);
    world.ok(
        "rita",
        "rita",
        &["git", "checkout", "-q", "-b", "wip/ten", &main],
    );
    let mut wanted = BTreeMap::new();
    for at in 1..=10 {
        let commit: ObjectId = world
            .commit("rita", &format!("Commit {at}"))
            .parse()
            .unwrap();
        let expires = approval.expires.plus_days(31 * at);
        let approval = until(&rita, &approval, expires, &format!("n{at}"));
        let says = AttestationPredicate {
            gate1: None,
            expires,
            ..attestation.clone()
        };
        let attestation = rita.sign(says).unwrap();
        note(
            &rita,
            (Notes::APPROVALS, expires.month()),
            commit,
            &approval,
        );
        note(
            &rita,
            (Notes::ATTESTATIONS, expires.month()),
            commit,
            &attestation,
        );
        wanted.insert(commit, [approval, attestation]);
    }
    let listed = [
        "git",
        "for-each-ref",
        "--format=%(refname)",
        "refs/notes/awo",
    ];
    let segments = world.ok("rita", "rita", &listed).lines().count();
    assert_eq!(segments, 22, "ten and the one of the run, of each");

    let range = format!("{main}..wip/ten");
    let log = |options: &[&str]| {
        let words = [&["git", "log", "--format=%H%n%N", &range][..], options].concat();
        world.ok("rita", "rita", &words)
    };
    let shows_all = |log: &str| {
        let mut lines = log.lines().filter(|line| !line.is_empty());
        for _ in 0..wanted.len() {
            let commit: ObjectId = lines.next().unwrap().parse().unwrap();
            let shown = [lines.next().unwrap(), lines.next().unwrap()];
            let noted = |it: &Envelope| String::from_utf8(it.to_bytes()).unwrap();
            assert_eq!(
                shown.map(str::to_owned),
                wanted[&commit].each_ref().map(noted)
            );
        }
        assert_eq!(lines.next(), None);
    };
    shows_all(&log(&SHOWN));
    assert_eq!(log(&[]).lines().filter(|it| it.len() > 40).count(), 0);
    // Asked for twice, it is set once.
    for _ in 0..2 {
        world.ok("rita", "rita", &["git", "awo", "init", "--show-notes"]);
    }
    let set = ["git", "config", "--get-all", "notes.displayRef"];
    assert_eq!(world.ok("rita", "rita", &set), "refs/notes/awo/*\n");
    shows_all(&log(&[]));
    let whole = world.ok("rita", "rita", &["git", "log", "-1", "wip/ten"]);
    let expires = approval.expires.plus_days(310).month();
    assert!(
        whole.contains(&format!("Notes (awo/attestations/{expires}):")),
        "{whole}"
    );

    // Few look-ups are made by the index, many read all segments first.
    let refs = rita.refs().unwrap();
    let records = Records::open(&rita.repo, &refs).unwrap();
    for _ in 0..5 {
        for (commit, [approval, attestation]) in &wanted {
            for (notes, wanted) in [
                (Notes::APPROVALS, approval),
                (Notes::ATTESTATIONS, attestation),
            ] {
                let found = records.noted(notes, *commit).unwrap();
                assert!(matches!(&found[..], [it] if it == wanted));
            }
        }
        assert_eq!(records.approvals_of(main.parse().unwrap()).unwrap(), []);
    }
    let all = records.all_noted(Notes::ATTESTATIONS).unwrap();
    assert_eq!(all.len(), 11);
    let said = world.ok("rita", "rita", &["git", "awo", "gc"]);
    assert!(said.ends_with(" and 23 notes\n"), "{said}");
    world.ok("rita", "rita", &["git", "awo", "doctor"]);
}

#[test]
fn a_line_in_another_segment_than_it_says_is_refused_and_counts_once() {
    let (world, commit) = reviewed();
    let approve = ["git", "awo", "approve", RUN];
    world.ok("rita", "rita", &approve);
    let rita = world.actor("rita");
    let approval: ApprovalPredicate = says(&rita, Notes::APPROVALS, commit);
    let own = layout::notes(Notes::APPROVALS.until(approval.expires)).to_string();
    let envelope = noted(&rita, Notes::APPROVALS, commit).remove(0);
    let elsewhere = note(
        &rita,
        (Notes::APPROVALS, month("2100-01")),
        commit,
        &envelope,
    );
    assert_eq!(noted(&rita, Notes::APPROVALS, commit), [envelope]);
    let said = world.push_refused("rita", &[&elsewhere], "ATT-002");
    assert!(
        said.contains("note-object") && said.contains(&own),
        "{said}"
    );
    world.push_refused("rita", &[&elsewhere, &own], "ATT-002");
    world.push_accepted("rita", &[&own]);
    // Past the hooks, it is found.
    world.force("rita", &[&elsewhere]);
    world.fresh_clone();
    let said = world.verify_finds("ATT-002");
    assert!(
        said.contains("note-object") && said.contains(&elsewhere),
        "{said}"
    );
}

#[test]
fn a_segment_whose_month_is_over_does_not_change() {
    let (world, commit) = reviewed();
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    let rita = world.actor("rita");
    let approval: ApprovalPredicate = says(&rita, Notes::APPROVALS, commit);
    let over: Timestamp = "2020-01-31T23:59:59Z".parse().unwrap();
    let late = until(&rita, &approval, over, "late");
    let segment = note(&rita, (Notes::APPROVALS, over.month()), commit, &late);
    let said = world.push_refused("rita", &[&segment], "GOV-005");
    assert!(said.contains("approval-unexpired"), "{said}");
    let attestation: AttestationPredicate = says(&rita, Notes::ATTESTATIONS, commit);
    for approvals in [attestation.approvals.clone(), vec![late.digest()]] {
        let says = AttestationPredicate {
            gate1: None,
            approvals,
            expires: over,
            ..attestation.clone()
        };
        let forged = rita.sign(says).unwrap();
        let attested = note(&rita, (Notes::ATTESTATIONS, over.month()), commit, &forged);
        let said = world.push_refused("rita", &[&attested, &segment], "ATT-002");
        assert!(said.contains("binds-approvals"), "{said}");
        world.ok("rita", "rita", &["git", "update-ref", "-d", &attested]);
    }
    // The benign twin: what has not expired, in the month in which it will.
    world.ok("rita", "rita", &["git", "update-ref", "-d", &segment]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
}

#[test]
fn clones_that_note_in_the_same_and_in_different_segments_lose_nothing() {
    let (world, commit) = reviewed();
    let rita = world.actor("rita");
    // In the same: both approve before either has pushed.
    for who in ["rita", "olga"] {
        world.ok(who, who, &["git", "awo", "approve", RUN]);
    }
    for who in ["rita", "olga"] {
        world.ok(who, who, &["git", "awo", "push"]);
    }
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    assert_eq!(noted(&rita, Notes::APPROVALS, commit).len(), 2);
    // In different ones: rita approves until tomorrow, olga again for as long as before.
    let approvals = noted(&rita, Notes::APPROVALS, commit);
    let parsed = |it: &Envelope| Statement::<ApprovalPredicate>::parse(it.payload()).unwrap();
    let of = |who: &str| {
        let mut all = approvals.iter().map(|it| parsed(it).predicate);
        all.find(|it| it.context.identity.as_str() == who).unwrap()
    };
    let (hers, olgas) = (of("rita"), of("olga"));
    let tomorrow = rita.now().plus_days(1);
    assert_ne!(tomorrow.month(), olgas.expires.month());
    let short = until(&rita, &hers, tomorrow, "short");
    note(&rita, (Notes::APPROVALS, tomorrow.month()), commit, &short);
    let olga = world.actor("olga");
    let again = until(&olga, &olgas, olgas.expires, "again");
    note(
        &olga,
        (Notes::APPROVALS, olgas.expires.month()),
        commit,
        &again,
    );
    for who in ["rita", "olga"] {
        world.ok(who, who, &["git", "awo", "push"]);
    }
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    assert_eq!(noted(&rita, Notes::APPROVALS, commit).len(), 4);
    // Who approved in one segment has approved, and an attestation expires with its first approval.
    let said = world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    assert!(said.contains("nothing was added"), "{said}");
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    let attestation: AttestationPredicate = says(&rita, Notes::ATTESTATIONS, commit);
    // It counts the approval of each person that is valid longest, whatever segment that is in.
    let first = hers.expires.min(olgas.expires);
    assert_eq!(
        (attestation.approvals.len(), attestation.expires),
        (2, first)
    );
    let segment = layout::notes(Notes::ATTESTATIONS.until(first));
    assert_eq!(world.notes("rita", "attestations"), segment.as_str());
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.finalize_and_verify();
}

#[test]
fn what_was_approved_in_another_segment_is_not_approved_again() {
    let (world, commit) = reviewed();
    let approve = ["git", "awo", "approve", RUN];
    // What she would say, until tomorrow: in another segment than that of a new approval.
    let twin = world.copied();
    twin.ok("rita", "rita", &approve);
    let approval: ApprovalPredicate = says(&twin.actor("rita"), Notes::APPROVALS, commit);
    let rita = world.actor("rita");
    let tomorrow = rita.now().plus_days(1);
    let short = until(&rita, &approval, tomorrow, "short");
    note(&rita, (Notes::APPROVALS, tomorrow.month()), commit, &short);
    let said = world.ok("rita", "rita", &approve);
    assert!(said.contains("nothing was added"), "{said}");
    assert_eq!(noted(&rita, Notes::APPROVALS, commit), [short]);
}

#[test]
fn two_tips_of_a_segment_merge_into_all_lines_of_both() {
    let (world, commit) = reviewed();
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    let rita = world.actor("rita");
    let approval: ApprovalPredicate = says(&rita, Notes::APPROVALS, commit);
    let segment = Notes::APPROVALS.until(approval.expires);
    let name = layout::notes(segment);
    let before = rita.repo.reference(&name).unwrap().unwrap();
    let mut tips = Vec::new();
    for nonce in ["one", "two"] {
        let more = until(&rita, &approval, approval.expires, nonce);
        note(&rita, (Notes::APPROVALS, segment.month), commit, &more);
        let tip = rita.repo.reference(&name).unwrap().unwrap();
        let back = RefUpdate {
            name: name.clone(),
            expected: Expected::At(tip),
            new: Some(before),
        };
        rita.repo.update_refs(&[back], "back").unwrap();
        tips.push(tip);
    }
    let both = merge(&rita.repo, &name, tips[0], tips[1], &rita.author()).unwrap();
    let refs = [(name, both)].into();
    let records = Records::open(&rita.repo, &refs).unwrap();
    assert_eq!(records.approvals_of(commit).unwrap().len(), 3);
}
