//! Reading what git writes, judging a push, and holding the transaction to the verdict.

use super::input::{self, Change, MAX_INPUT, Value};
use super::parent::{Caller, Key};
use super::pushes::{Judged, Pushes};
use super::testing::{World, line, movement, name, now};
use super::{server, transaction};
use crate::check::PolicyHistory;
use crate::record::{Code, Findings, HashKind, ObjectId, Sha256, Verdict};
use crate::records::Movement;
use crate::store::ledger::Refs;

fn id(digit: char) -> ObjectId {
    digit.to_string().repeat(40).parse().unwrap()
}

fn codes(findings: &Findings) -> Vec<&'static str> {
    findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

fn parse(text: &[u8]) -> (Vec<Movement>, Vec<&'static str>) {
    let mut findings = Findings::new();
    let list = input::movements(text, HashKind::Sha1, &mut findings);
    (list, codes(&findings))
}

#[test]
fn the_lines_of_a_push_are_read_strictly() {
    let (a, b, zero) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
    let good =
        format!("{a} {b} refs/heads/main\n{zero} {b} refs/heads/é\n{a} {zero} refs/tags/x\n");
    let (list, found) = parse(good.as_bytes());
    assert_eq!(found, Vec::<&str>::new());
    assert_eq!(
        list,
        [
            movement("refs/heads/main", Some(id('a')), Some(id('b'))),
            movement("refs/heads/é", None, Some(id('b'))),
            movement("refs/tags/x", Some(id('a')), None),
        ]
    );
    let long = "c".repeat(64);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (format!("{a} {b} refs/heads/main").into_bytes(), "INT-004"),
        (format!("{a} {b}\n").into_bytes(), "INT-004"),
        (
            format!("{a}  {b} refs/heads/main\n").into_bytes(),
            "INT-004",
        ),
        (
            format!("{a} {b} refs/heads/main x\n").into_bytes(),
            "INT-004",
        ),
        (
            format!("{a} {b} refs/heads/main\n\n").into_bytes(),
            "INT-004",
        ),
        (
            format!("{a} {} refs/heads/main\n", b.to_uppercase()).into_bytes(),
            "INT-004",
        ),
        (
            format!("{} {b} refs/heads/main\n", &a[1..]).into_bytes(),
            "INT-004",
        ),
        (
            format!("{long} {long} refs/heads/main\n").into_bytes(),
            "INT-004",
        ),
        (
            format!("{zero} {zero} refs/heads/main\n").into_bytes(),
            "INT-004",
        ),
        (
            format!("ref:refs/heads/x {b} refs/heads/main\n").into_bytes(),
            "INT-004",
        ),
        (
            format!("{a} {b} refs/heads/main\n{a} {b} refs/heads/main\n").into_bytes(),
            "INT-004",
        ),
        (
            format!("{a} {b} refs/heads/main\r\n").into_bytes(),
            "GOV-004",
        ),
        (format!("{a} {b} main\n").into_bytes(), "GOV-004"),
        (format!("{a} {b} refs/heads/a..b\n").into_bytes(), "GOV-004"),
        (
            [format!("{a} {b} refs/heads/").as_bytes(), b"\xff\n"].concat(),
            "GOV-004",
        ),
        (vec![b'x'; MAX_INPUT + 1], "INT-006"),
    ];
    for (text, code) in cases {
        let shown = String::from_utf8_lossy(&text[..text.len().min(120)]).into_owned();
        assert_eq!(parse(&text).1, [code], "{shown}");
    }
}

#[test]
fn the_local_side_of_a_push_may_hold_blanks() {
    let (a, b, zero) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
    let text =
        format!("HEAD^{{/fix a bug}} {b} refs/heads/main {a}\n(delete) {zero} refs/heads/x {a}\n");
    let mut findings = Findings::new();
    let list = input::pushed(text.as_bytes(), HashKind::Sha1, &mut findings);
    assert!(findings.is_empty());
    assert_eq!(
        list,
        [
            movement("refs/heads/main", Some(id('a')), Some(id('b'))),
            movement("refs/heads/x", Some(id('a')), None),
        ]
    );
    // JGit leaves out the last line feed.
    let same = input::pushed(text.trim_end().as_bytes(), HashKind::Sha1, &mut findings);
    assert_eq!(same, list);
    assert!(input::pushed(b"", HashKind::Sha1, &mut findings).is_empty());
    assert!(findings.is_empty());
    for bad in [
        "refs/heads/main x\n",
        "\n",
        "\n\n",
        &text[..text.len() - 2],
        &format!("{text}\n"),
    ] {
        let mut findings = Findings::new();
        input::pushed(bad.as_bytes(), HashKind::Sha1, &mut findings);
        assert!(!findings.is_empty(), "{bad:?}");
        assert!(
            codes(&findings).iter().all(|it| *it == "INT-004"),
            "{bad:?}"
        );
    }
}

#[test]
fn a_push_is_judged_and_what_was_judged_is_handed_on() {
    let (world, policy) = World::governed();
    let good = world.commit(None, &[("src/a.py", b"a")], Some("carl"));
    let push = movement("refs/heads/main", None, Some(good));
    let (report, judged) = server::pre_receive(&world.reader(), line(&push).as_bytes(), now());
    assert_eq!(report.verdict(), Verdict::Allowed, "{:?}", report);
    let judged = judged.unwrap();
    assert_eq!(judged.movements, [push]);
    assert_eq!(judged.before, [(name("refs/awo/policy"), policy)].into());

    let bad = world.commit(None, &[("src/a.py", b"a")], Some("eve"));
    let push = movement("refs/heads/main", None, Some(bad));
    let (report, judged) = server::pre_receive(&world.reader(), line(&push).as_bytes(), now());
    assert!(report.findings.has(Code::Att004), "{:?}", report);
    assert_eq!(judged, None);
}

#[test]
fn a_push_from_where_the_ref_is_not_is_refused() {
    let (world, _) = World::governed();
    let good = world.commit(None, &[("src/a.py", b"a")], Some("carl"));
    let push = movement("refs/heads/main", Some(id('a')), Some(good));
    let (report, judged) = server::pre_receive(&world.reader(), line(&push).as_bytes(), now());
    assert_eq!(codes(&report.findings), ["REP-003"]);
    assert_eq!(judged, None);
}

#[test]
fn a_server_without_a_policy_takes_the_anchored_one_and_nothing_else() {
    let world = World::new();
    let policy = world.policy(1, &[], "HYBRID", "\"server\"");
    let first = line(&movement("refs/awo/policy", None, Some(policy)));
    let (report, _) = server::pre_receive(&world.reader(), first.as_bytes(), now());
    assert!(report.findings.has(Code::Gov006), "{report:?}");
    world.anchor(policy);
    let (report, judged) = server::pre_receive(&world.reader(), first.as_bytes(), now());
    assert_eq!(report.verdict(), Verdict::Allowed, "{report:?}");
    assert!(judged.unwrap().before.is_empty());
}

#[test]
fn a_damaged_anchor_leaves_the_push_undecided() {
    let (world, _) = World::governed();
    std::fs::write(world.git_dir().join("awo/anchor"), "junk\n").unwrap();
    let good = world.commit(None, &[("src/a.py", b"a")], Some("carl"));
    let push = movement("refs/heads/main", None, Some(good));
    let (report, judged) = server::pre_receive(&world.reader(), line(&push).as_bytes(), now());
    assert_eq!(report.verdict(), Verdict::Undecided, "{report:?}");
    assert_eq!(judged, None);
}

fn refs(list: &[(&str, char)]) -> Refs {
    list.iter()
        .map(|(text, digit)| (name(text), id(*digit)))
        .collect()
}

fn change(reference: &str, old: char, new: char) -> Change {
    let value = |digit| Value::Object((digit != '0').then(|| id(digit)));
    Change {
        name: reference.to_owned(),
        old: value(old),
        new: value(new),
    }
}

const POLICY: &str = "refs/awo/policy";
const LEDGER: &str = "refs/awo/ledger";
const MAIN: &str = "refs/heads/main";

/// A push of main from 1 to 2 and of the ledger from 3 to 4, under the policy 5.
fn judged() -> Judged {
    Judged {
        before: refs(&[(POLICY, '5'), (LEDGER, '3')]),
        movements: vec![
            movement(MAIN, Some(id('1')), Some(id('2'))),
            movement(LEDGER, Some(id('3')), Some(id('4'))),
        ],
        ..Judged::default()
    }
}

fn rules(changes: &[Change], at: &[(&str, char)]) -> Vec<String> {
    let found = transaction::judge(&judged(), changes, &refs(at));
    assert!(found.iter().all(|finding| finding.code == Code::Rep003));
    found
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect()
}

#[test]
fn what_was_judged_may_be_applied_at_once_or_records_first() {
    let before = [
        (POLICY, '5'),
        (LEDGER, '3'),
        (MAIN, '1'),
        ("refs/awo/log", '8'),
    ];
    let (main, ledger) = (change(MAIN, '1', '2'), change(LEDGER, '3', '4'));
    let none: Vec<String> = Vec::new();
    assert_eq!(rules(&[main.clone(), ledger.clone()], &before), none);
    assert_eq!(rules(std::slice::from_ref(&ledger), &before), none);
    let stored = [(POLICY, '5'), (LEDGER, '4'), (MAIN, '1')];
    assert_eq!(rules(std::slice::from_ref(&main), &stored), none);
    // Older gits show HEAD as well; an old value of zeros means that git does not care.
    let head = change("HEAD", '0', '2');
    assert_eq!(
        rules(&[head, change(MAIN, '0', '2'), ledger], &before),
        none
    );
}

#[test]
fn a_branch_does_not_move_before_its_records() {
    let before = [(POLICY, '5'), (LEDGER, '3'), (MAIN, '1')];
    assert_eq!(rules(&[change(MAIN, '1', '2')], &before), ["records-first"]);
}

#[test]
fn a_branch_does_not_move_before_the_one_that_it_builds_on() {
    const WIP: &str = "refs/heads/wip/x";
    let judged = |depends_on: bool| Judged {
        before: refs(&[(POLICY, '5')]),
        movements: vec![
            movement(WIP, None, Some(id('3'))),
            movement(MAIN, Some(id('1')), Some(id('2'))),
        ],
        log: None,
        time: None,
        overrides: [].into(),
        depends_on: match depends_on {
            true => [(name(WIP), [name(MAIN)].into())].into(),
            false => [].into(),
        },
    };
    let (wip, main) = (change(WIP, '0', '3'), change(MAIN, '1', '2'));
    let rules = |judged: &Judged, changes: &[&Change], at: &[(&str, char)]| -> Vec<String> {
        let changes: Vec<_> = changes.iter().map(|it| (*it).clone()).collect();
        let found = transaction::judge(judged, &changes, &refs(at));
        found
            .into_iter()
            .map(|finding| finding.rule.to_string())
            .collect()
    };
    let (before, landed) = ([(POLICY, '5'), (MAIN, '1')], [(POLICY, '5'), (MAIN, '2')]);
    let on_main = judged(true);
    assert_eq!(rules(&on_main, &[&wip], &before), ["governed-first"]);
    for (changes, at) in [
        (vec![&wip, &main], &before),
        (vec![&main], &before),
        (vec![&wip], &landed),
    ] {
        assert_eq!(rules(&on_main, &changes, at), Vec::<String>::new());
    }
    let unrelated = judged(false);
    assert_eq!(rules(&unrelated, &[&wip], &before), Vec::<String>::new());
}

#[test]
fn a_policy_or_record_that_moved_meanwhile_stops_the_transaction() {
    let all = [change(MAIN, '1', '2'), change(LEDGER, '3', '4')];
    let at = |list: &[(&str, char)]| rules(&all, list);
    assert_eq!(
        at(&[(POLICY, '6'), (LEDGER, '3'), (MAIN, '1')]),
        ["policy-unmoved"]
    );
    assert_eq!(at(&[(LEDGER, '3'), (MAIN, '1')]), ["policy-unmoved"]);
    let notes = ("refs/notes/awo/approvals/2026-01", '7');
    assert_eq!(
        at(&[(POLICY, '5'), (LEDGER, '3'), (MAIN, '1'), notes]),
        ["records-unmoved"]
    );
    let moved = at(&[(POLICY, '5'), (LEDGER, '7'), (MAIN, '1')]);
    assert!(moved.contains(&"records-unmoved".to_owned()), "{moved:?}");
}

#[test]
fn only_what_was_judged_is_applied() {
    let before = [
        (POLICY, '5'),
        (LEDGER, '4'),
        (MAIN, '1'),
        ("refs/heads/x", '1'),
    ];
    for changed in [
        change(MAIN, '1', '3'),
        change(MAIN, '1', '0'),
        change(MAIN, '9', '2'),
        change("refs/heads/x", '1', '2'),
        change("HEAD", '1', '2'),
        Change {
            new: Value::Symbolic,
            ..change(MAIN, '1', '2')
        },
        Change {
            new: Value::Symbolic,
            ..change("HEAD", '1', '2')
        },
    ] {
        let found = rules(std::slice::from_ref(&changed), &before);
        assert_eq!(found, ["transaction-judged"], "{changed:?}");
    }
}

#[test]
fn a_push_that_nobody_judged_is_refused_and_an_administrator_is_not_asked() {
    let (world, policy) = World::governed();
    let reader = world.reader();
    let key = Key::parse("17-5").unwrap();
    let push = Caller::ReceivePack(key.clone());
    let ours = movement(MAIN, None, Some(policy));
    let text = line(&ours);
    let refused = transaction::prepared(&reader, text.as_bytes(), &push, false).unwrap();
    assert_eq!(codes(&refused.findings), ["REP-003"]);
    let local = transaction::prepared(&reader, text.as_bytes(), &Caller::Other, true).unwrap();
    assert_eq!(local.verdict(), Verdict::Allowed);
    // A ref that stays asks for nothing; one that is removed, whatever it was, does.
    let stays = line(&movement(POLICY, Some(policy), Some(policy)));
    let allowed = transaction::prepared(&reader, stays.as_bytes(), &push, false).unwrap();
    assert_eq!(allowed.verdict(), Verdict::Allowed);
    let removed = line(&movement(POLICY, None, None));
    for text in [removed, format!("{stays}{text}")] {
        let refused = transaction::prepared(&reader, text.as_bytes(), &push, false).unwrap();
        assert_eq!(codes(&refused.findings), ["REP-003"], "{text}");
    }
    let memory = Judged {
        before: refs(&[]),
        movements: vec![ours],
        ..Judged::default()
    };
    let memory = Judged {
        before: [(name(POLICY), policy)].into(),
        ..memory
    };
    Pushes::at(reader.common_dir())
        .remember(&key, &memory)
        .unwrap();
    let allowed = transaction::prepared(&reader, text.as_bytes(), &push, false).unwrap();
    assert_eq!(allowed.verdict(), Verdict::Allowed, "{allowed:?}");
}

#[test]
fn a_transaction_asks_only_for_the_refs_that_it_moves() {
    let (world, policy) = World::governed();
    let main = movement(MAIN, None, Some(policy));
    let other = movement("refs/heads/wip/x", None, Some(policy));
    let before = transaction::relied_on(&crate::check::push::refs(&world.reader()).unwrap());
    let key = Key::parse("12-34").unwrap();
    let pushes = Pushes::at(world.reader().common_dir());
    let movements = vec![main, other];
    pushes
        .remember(
            &key,
            &Judged {
                before,
                movements,
                ..Judged::default()
            },
        )
        .unwrap();
    // Without --atomic there are as many transactions as refs.
    let file = world.reader().common_dir().join("refs/heads/wip/x");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, "garbage\n").unwrap();
    let asked = |reference: &str| {
        let text = line(&movement(reference, None, Some(policy)));
        let push = Caller::ReceivePack(key.clone());
        transaction::prepared(&world.reader(), text.as_bytes(), &push, false)
    };
    assert_eq!(asked(MAIN).unwrap().verdict(), Verdict::Allowed);
    assert!(asked("refs/heads/wip/x").is_err(), "not what was judged");
}

#[test]
fn what_stands_already_is_told_apart_from_what_is_still_to_come() {
    let (world, policy) = World::governed();
    let reader = world.reader();
    let main = movement(MAIN, None, Some(policy));
    let ledger = movement(LEDGER, None, Some(policy));
    let judged = Judged {
        before: refs(&[]),
        movements: vec![main, ledger.clone()],
        ..Judged::default()
    };
    assert_eq!(transaction::applied(&reader, &judged).unwrap(), []);
    world.apply(std::slice::from_ref(&ledger));
    assert_eq!(transaction::applied(&reader, &judged).unwrap(), [ledger]);
}

#[test]
fn what_is_remembered_of_the_policy_changes_no_verdict() {
    let (world, first) = World::governed();
    let second = world.policy(2, &[first], "HYBRID", "\"server\"");
    let policies = [first, second];
    let third = world.policy(3, &policies, "HYBRID", "\"server\"");
    world.apply(&[movement("refs/awo/policy", Some(first), Some(third))]);
    // By version 2, the predecessor of what arrives is not the newest one.
    let fourth = world.policy(4, &[first, second, third], "HYBRID", "\"server\"");
    let stray = world.policy(3, &policies, "GUARDED", "\"server\"");
    let direct = world.commit(None, &[("src/a.rs", b"1")], Some("carl"));
    let foreign = world.commit(None, &[("src/a.rs", b"1")], Some("eve"));
    let pushes = [
        line(&movement("refs/heads/main", None, Some(direct))),
        line(&movement("refs/heads/main", None, Some(foreign))),
        line(&movement("refs/awo/policy", Some(third), Some(fourth))),
        line(&movement("refs/awo/policy", Some(third), Some(stray))),
    ];
    let judged = || {
        pushes
            .each_ref()
            .map(|push| server::pre_receive(&world.reader(), push.as_bytes(), now()))
    };
    let file = world.git_dir().join("awo/policies-known");
    let expected = judged();
    let verdicts = expected.each_ref().map(|(report, _)| report.verdict());
    use Verdict::{Allowed, Denied};
    assert_eq!(verdicts, [Allowed, Denied, Allowed, Denied]);
    assert!(!file.exists(), "nothing is written before a push lands");
    let whole = world.actor().history().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(judged(), expected, "remembered");
    let known = world.actor().settings.known_policies().unwrap();
    let quick = world.actor().history_after(Some(&known)).unwrap();
    assert_eq!(quick.commits(), whole.commits());
    for (one, other) in quick.versions().zip(whole.versions()) {
        assert_eq!((one.commit, &one.signers), (other.commit, &other.signers));
        assert_eq!(
            (&one.statement, one.policy.version()),
            (&other.statement, other.policy.version())
        );
    }
    for at in 0..=3 {
        let dated = |history: &PolicyHistory| history.refuses_at(at, now());
        assert_eq!(dated(&quick), dated(&whole), "version {at}");
    }
    // Damage: each is as good as no memory at all.
    for at in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        std::fs::write(&file, &damaged).unwrap();
        assert!(
            world.actor().settings.known_policies().is_none(),
            "byte {at}"
        );
    }
    for damaged in [
        &b""[..],
        b"{}",
        &bytes[..bytes.len() / 2],
        &[&bytes[..], b"\n"].concat(),
    ] {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(judged(), expected, "{} bytes", damaged.len());
    }
    let body = String::from_utf8(bytes[64..].to_vec()).unwrap();
    let other = body.replace(env!("CARGO_PKG_VERSION"), "0.0.0");
    let other = [Sha256::of(other.as_bytes()).to_string(), other].concat();
    std::fs::write(&file, other).unwrap();
    let settings = world.actor().settings;
    assert!(settings.known_policies().is_none(), "by another program");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(judged(), expected, "a directory in its place");
    world.actor().history().unwrap();
    std::fs::remove_dir(&file).unwrap();
    world.actor().history().unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "written again");
    // A version that is gone is noticed by whoever asks for it.
    let id = second.to_string();
    std::fs::remove_file(
        world
            .git_dir()
            .join("objects")
            .join(&id[..2])
            .join(&id[2..]),
    )
    .unwrap();
    let known = world.actor().settings.known_policies().unwrap();
    let quick = world.actor().history_after(Some(&known)).unwrap();
    assert!(!known.failed());
    assert_eq!(
        quick.version(1).commit,
        third,
        "no other version takes its place unnoticed"
    );
    assert!(known.failed());
    assert!(world.actor().history().is_err());
}
