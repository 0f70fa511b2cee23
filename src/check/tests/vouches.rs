//! Commits by others, and the members who vouch for them.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::check::verify::Scope as Verify;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{ObjectId, Reason, Report};
use crate::records::{Context, Kind, Scope, VouchPredicate};
use crate::store::layout;
use crate::store::ledger::Refs;

/// `open` takes direct commits by otto, `closed` runs; on both, anna may vouch.
const VOUCHING: Edit = Edit::Policy(|it| {
    let (_, rest) = it.split_once("adopted = \"").unwrap();
    let adopted = rest.split('"').next().unwrap().to_owned();
    let vouched =
        "[[ref.vouched]]\nwriters = [\"anna\"]\npaths = [\"src/\", \"*.md\", \"guarded/\"]\n";
    it.push_str(&format!(
        "[[ref]]\npattern = \"refs/heads/open\"\naccept = [\"direct\", \"vouched\"]\nmerges = true\n\
         adopted = \"{adopted}\"\n[[ref.direct]]\nwriters = [\"otto\"]\npaths = [\"src/\"]\n{vouched}\
         [[ref]]\npattern = \"refs/heads/closed\"\naccept = [\"governed\", \"rollback\", \"vouched\"]\n\
         merges = true\nadopted = \"{adopted}\"\n{vouched}\
         [[ref]]\npattern = \"refs/heads/after\"\naccept = [\"vouched\"]\nmerges = true\n\
         adopted = \"{adopted}\"\nvouched_for = [\"refs/heads/open\"]\n{vouched}"
    ));
});

const UNSIGNED: &str = "ATT-003 commit-signed";

fn new() -> World {
    World::new(&[VOUCHING])
}

/// Commits a file besides, unsigned if nobody is named.
fn change(
    world: &World,
    parents: &[ObjectId],
    path: &str,
    message: &str,
    by: Option<&str>,
) -> ObjectId {
    let mut edits = vec![];
    for parent in parents {
        let tree = world.repo.commit(*parent).unwrap().tree;
        for (path, mode, id) in world.repo.files(tree, 100).unwrap() {
            edits.push((path, Some((mode, id))));
        }
    }
    let blob = world.repo.write_blob(message.as_bytes()).unwrap();
    edits.push((path.into(), Some((Mode::File, blob))));
    let tree = world.repo.edit_tree(None, &edits).unwrap();
    commit(&world.repo, tree, parents, message, by)
}

/// Others' commits on the base, one a file; the last is a merge of three sides.
fn range(world: &World) -> ObjectId {
    let one = change(world, &[world.base], "src/one.py", "One\n", None);
    let left = change(world, &[one], "src/left.py", "Left\n", None);
    let right = change(world, &[one], "src/right.py", "Right\n", None);
    let third = change(world, &[world.base], "src/third.py", "Third\n", None);
    let two = change(world, &[left, right], "src/last.md", "Merge\n", None);
    // An octopus.
    change(world, &[two, third, right], "src/more.md", "Merge\n", None)
}

fn vouch(world: &World, branch_name: &str, tip: ObjectId, base: &[ObjectId]) -> VouchPredicate {
    let commits = world.repo.new_commits(&[tip], base).unwrap();
    VouchPredicate {
        base: base.to_vec(),
        commits: commits.len(),
        context: Context {
            identity: name("anna"),
            policy: world.policy,
            repository: world.repository,
            role: "voucher".to_owned(),
        },
        digest: VouchPredicate::digest_of(&commits),
        reason: Reason::new("reviewed").unwrap(),
        reference: branch(branch_name),
        tip,
    }
}

fn by_anna(world: &World, branch_name: &str, tip: ObjectId) -> Vec<Envelope> {
    vec![sealed(
        vouch(world, branch_name, tip, &[world.base]),
        "anna",
    )]
}

/// Returns the refs after a push of a new branch, with these vouches in the ledger.
fn after(world: &World, before: &Refs, to: (&str, ObjectId), vouches: &[Envelope]) -> Refs {
    let mut shelf = world.shelf(Approved);
    for it in vouches {
        let says = Kind::Vouch.parse(it.payload()).unwrap();
        let tip = Scope::Commit(says.commit().unwrap());
        shelf.put(&Kind::Vouch.one_of(tip, it.digest()), it.to_bytes());
    }
    shelf.branches.insert(branch(to.0), to.1);
    world.commit(before, &shelf)
}

/// Pushes a new branch with these vouches; past the hooks, everybody finds the same.
#[track_caller]
fn pushes(
    world: &World,
    what: &str,
    to: (&str, ObjectId),
    vouches: &[Envelope],
    expected: &[&str],
) -> Report {
    let before = world.refs(Approved);
    let report = world.judge(&before, &after(world, &before, to, vouches));
    assert_eq!(codes(&report), expected, "{what}: {report:?}");
    let there = world.logged(Approved);
    let mut forced = after(world, &there, to, vouches);
    let log = layout::log();
    forced.insert(log.clone(), there[&log]);
    let at_the_door = |it: &&&str| it.ends_with("vouch-range");
    let lasting: Vec<_> = expected.iter().filter(|it| !at_the_door(it)).collect();
    for receipt in [false, true] {
        if receipt {
            world.receive(&there, &mut forced, |_| {});
        }
        let found = codes(&world.verify(&forced, &Verify::All));
        assert_eq!(
            found.iter().collect::<Vec<_>>(),
            lasting,
            "{what}, verified"
        );
    }
    report
}

#[test]
fn a_range_lands_whole_if_somebody_vouches_for_it() {
    let world = new();
    let tip = range(&world);
    let mine = by_anna(&world, "open", tip);
    let merge = change(
        &world,
        &[world.base, tip],
        "src/merge.py",
        "Merge it\n",
        Some("otto"),
    );
    let more = change(&world, &[tip], "src/more.py", "More\n", None);
    let part = world.repo.commit(tip).unwrap().parents[0];
    let closed = by_anna(&world, "closed", tip);
    for (what, to, vouches, expected) in [
        ("moved forward to it", ("open", tip), &mine[..], &[][..]),
        ("merged by a member", ("open", merge), &mine, &[]),
        ("without a vouch", ("open", tip), &[], &[UNSIGNED]),
        ("merged without a vouch", ("open", merge), &[], &[UNSIGNED]),
        ("a commit more", ("open", more), &mine, &[UNSIGNED]),
        ("a part of it", ("open", part), &mine, &[UNSIGNED]),
        ("where people build on it", ("after", tip), &mine, &[]),
        (
            "where they do not",
            ("after", tip),
            &closed,
            &[UNSIGNED, "GOV-002 complete-chain"],
        ),
        (
            "a vouch for another branch",
            ("open", tip),
            &closed,
            &[UNSIGNED],
        ),
        ("where only runs land", ("closed", tip), &closed, &[]),
        (
            "where only runs land, without a vouch",
            ("closed", tip),
            &mine,
            &[UNSIGNED, "GOV-002 complete-chain"],
        ),
        (
            "a merge where only runs land",
            ("closed", merge),
            &closed,
            &["GOV-002 complete-chain"],
        ),
        (
            "where nobody may vouch",
            ("dev", tip),
            &[],
            &[UNSIGNED, "GOV-004 merge"],
        ),
    ] {
        let report = pushes(&world, what, to, vouches, expected);
        if what == "a commit more" {
            let named = report.findings.iter().map(|it| it.subject.commit.clone());
            assert_eq!(named.collect::<Vec<_>>(), [Some(more.to_string())]);
        }
        let remedies = report.findings.iter().map(|it| it.remedy.as_str());
        let told = remedies
            .filter(|it| it.contains("does not count on"))
            .count();
        let commits = world.repo.new_commits(&[tip], &[world.base]).unwrap();
        let elsewhere = ["where they do not", "a vouch for another branch"];
        let elsewhere = elsewhere.contains(&what) || what.ends_with("land, without a vouch");
        assert_eq!(told, if elsewhere { commits.len() } else { 0 }, "{what}");
    }
    // The remedy says what is missing.
    for (to, expected) in [
        (
            "open",
            "a vouch for \"refs/heads/closed\" does not count on refs/heads/open: ask a root for vouched_for = \
             [\"refs/heads/closed\"] in the [[ref]] of refs/heads/open: git awo policy propose FILE; or git awo \
             vouch COMMIT --ref refs/heads/open --reason TEXT",
        ),
        (
            "free",
            "a vouch for \"refs/heads/closed\" does not count on refs/heads/free: ask a root for `vouched` and \
             vouched_for = [\"refs/heads/closed\"] in the [[ref]] of refs/heads/free: git awo policy propose FILE",
        ),
    ] {
        let before = world.refs(Approved);
        let report = world.judge(&before, &after(&world, &before, (to, tip), &closed));
        let unsigned = report.findings.iter();
        let unsigned: Vec<_> = unsigned.filter(|it| it.rule == "commit-signed").collect();
        assert!(!unsigned.is_empty());
        for it in unsigned {
            let commit = it.subject.commit.as_ref().unwrap();
            assert_eq!(it.remedy, expected.replace("COMMIT", commit));
        }
    }
    // The vouch may come first.
    let before = world.refs(Approved);
    let first = after(&world, &before, ("dev", world.base), &mine);
    let mut second = first.clone();
    second.insert(branch("open"), tip);
    assert_eq!(codes(&world.judge(&first, &second)), [""; 0]);
}

#[test]
fn a_vouch_is_by_whom_the_policy_names_and_of_its_range() {
    let world = new();
    let tip = range(&world);
    let edited = |by: &str, edit: &dyn Fn(&mut VouchPredicate)| {
        let mut says = vouch(&world, "open", tip, &[world.base]);
        says.context.identity = name(by);
        edit(&mut says);
        vec![sealed(says, by)]
    };
    let other = world.contract_blob;
    let range = "ATT-002 vouch-range";
    for (what, vouches, expected) in [
        ("as it is", edited("anna", &|_| {}), &[][..]),
        (
            "by a root whom it does not name",
            edited("olga", &|_| {}),
            &["ATT-001 role-held", UNSIGNED],
        ),
        (
            "for a branch on which nobody vouches",
            edited("anna", &|it| it.reference = branch("dev")),
            &["ATT-001 role-held", UNSIGNED],
        ),
        (
            "one more",
            edited("anna", &|it| it.commits += 1),
            &[range, UNSIGNED],
        ),
        (
            "another digest",
            edited("anna", &|it| it.digest = sha(1)),
            &[range, UNSIGNED],
        ),
        (
            "from the beginning",
            edited("anna", &|it| it.base.clear()),
            &[range, UNSIGNED],
        ),
        (
            "a base that is not here",
            edited("anna", &|it| it.base.push(id(9))),
            &[UNSIGNED],
        ),
        (
            "a base that is no commit",
            edited("anna", &|it| it.base = vec![other]),
            &[range, UNSIGNED],
        ),
    ] {
        pushes(&world, what, ("open", tip), &vouches, expected);
    }
}

#[test]
fn whoever_vouches_answers_for_each_path() {
    let world = new();
    let from = world.base;
    let runs = "GOV-002 complete-chain";
    for (what, path, expected) in [
        (
            "a protected path",
            "guarded/x",
            &["GOV-003 protected-artefact"][..],
        ),
        ("a path of somebody else", "src/keys/x", &["GOV-003 keys"]),
        (
            "a path that is not granted",
            "Makefile",
            &["GOV-003 vouched-paths"],
        ),
        ("a disguise", "src/git~1/x", &["INT-003 tree-entry-name"]),
    ] {
        let tip = change(&world, &[from], path, "Work\n", None);
        for to in ["open", "closed"] {
            pushes(&world, what, (to, tip), &by_anna(&world, to, tip), expected);
        }
    }
    // Whose commit holds by itself needs nobody, also in a range.
    let own = change(&world, &[from], "src/own.py", "Work\n", Some("otto"));
    let tip = change(&world, &[own], "src/next.py", "Work\n", None);
    pushes(
        &world,
        "a member's",
        ("open", tip),
        &by_anna(&world, "open", tip),
        &[],
    );
    // Who signed it otherwise does not matter.
    for by in ["stranger", "rita", "otto"] {
        let tip = change(&world, &[from], "README.md", "Work\n", Some(by));
        for to in ["open", "closed"] {
            pushes(&world, by, (to, tip), &by_anna(&world, to, tip), &[]);
        }
    }
    let tip = change(&world, &[from], "src/own.py", "Work\n", Some("otto"));
    pushes(&world, "otto's own", ("closed", tip), &[], &[runs]);
}

#[test]
fn a_vouch_makes_nothing_governed() {
    let world = new();
    let tip_with = |message: &str| change(&world, &[world.base], "src/x.py", message, None);
    let run = format!(
        "Align\n\nAWO-Run: run_one\nAWO-Task: T-1\nAWO-Root: {}\n",
        sha(1)
    );
    for (what, message) in [
        ("the trailers of a run", &*run),
        ("a roll-back of a run", "Back\n\nAWO-Rollback: run_one\n"),
        ("a part of them", "Back\n\nAWO-Task: T-1\n"),
    ] {
        let tip = tip_with(message);
        for to in ["open", "closed"] {
            let vouches = by_anna(&world, to, tip);
            let before = world.refs(Approved);
            let report = world.judge(&before, &after(&world, &before, (to, tip), &vouches));
            assert!(!report.findings.is_empty(), "{what} on {to}");
        }
    }
    // git's own revert of what no run made is a change like any other, and so is a revert of that.
    let plain = tip_with("Work\n");
    let back = |what: ObjectId, from: ObjectId| {
        let message = format!("Revert \"Work\"\n\nThis reverts commit {what}.\n");
        change(&world, &[from], "src/y.py", &message, None)
    };
    let once = back(plain, plain);
    let twice = back(once, once);
    let unknown = back(id(7), world.base);
    for tip in [once, twice, unknown] {
        for to in ["open", "closed"] {
            pushes(
                &world,
                "a revert",
                (to, tip),
                &by_anna(&world, to, tip),
                &[],
            );
        }
    }
    // A revert of a run is a roll-back, or nothing.
    for tip in [
        back(world.commit, world.commit),
        back(world.commit, world.base),
    ] {
        let before = world.refs(Landed);
        let vouches = by_anna(&world, "closed", tip);
        let report = world.judge(&before, &after(&world, &before, ("closed", tip), &vouches));
        assert!(!report.findings.is_empty(), "a revert of a run");
    }
}

#[test]
fn a_part_of_a_range_that_landed_verifies_by_itself() {
    let world = new();
    let tip = range(&world);
    let there = world.logged(Approved);
    let mut refs = after(&world, &there, ("open", tip), &by_anna(&world, "open", tip));
    world.receive(&there, &mut refs, |_| {});
    let first = world.repo.new_commits(&[tip], &[world.base]).unwrap()[0];
    for (tips, hidden) in [(first, world.base), (tip, first), (tip, world.base)] {
        for reference in [None, Some(branch("open"))] {
            let scope = Verify::Commits {
                reference,
                tag: None,
                tips: vec![tips],
                hidden: vec![hidden],
            };
            assert_eq!(codes(&world.verify(&refs, &scope)), [""; 0]);
        }
    }
}

#[test]
fn what_landed_by_a_vouch_stays_when_its_maker_may_vouch_no_more() {
    let world = World::new(&[
        VOUCHING,
        Edit::Earlier(|it| {
            *it = it.replace("writers = [\"anna\"]", "writers = [\"anna\", \"olga\"]");
        }),
    ]);
    let tip = range(&world);
    let mut says = vouch(&world, "open", tip, &[world.base]);
    says.context.identity = name("olga");
    says.context.policy = world.repository;
    let record = sealed(says, "olga");
    let at = |before: &Refs, policy: ObjectId, to: Option<ObjectId>| {
        let mut shelf = Shelf::default();
        shelf.branches.insert(layout::policy(), policy);
        shelf.branches.insert(main(), world.base);
        shelf.branches.extend(to.map(|tip| (branch("open"), tip)));
        if !before.is_empty() {
            let path = Kind::Vouch.one_of(Scope::Commit(tip), record.digest());
            shelf.put(&path, record.to_bytes());
        }
        let mut after = world.commit(before, &shelf);
        world.receive(before, &mut after, |it| {
            it.says.context.policy = world.repository
        });
        after
    };
    let founded = at(&Refs::new(), world.repository, None);
    let landed = at(&founded, world.repository, Some(tip));
    let later = at(&landed, world.policy, Some(tip));
    assert_eq!(codes(&world.verify(&later, &Verify::All)), [""; 0]);
    // A branch is judged by the policy of the push that moves it.
    let vouched = at(&founded, world.repository, None);
    let later = at(&vouched, world.policy, None);
    let report = world.judge_moves(&later, &[(branch("open"), Some(tip))]);
    assert_eq!(codes(&report), ["GOV-003 vouched-paths"]);
}

#[test]
fn what_other_tools_wrote_lands_byte_for_byte() {
    let world = new();
    let base = world.base;
    let files = world.repo.commit(range(&world)).unwrap().tree;
    for (what, head, middle, message) in [
        (
            "another encoding",
            "Eve <eve@x>",
            "encoding ISO-8859-1\n",
            &b"Gr\xfc\xdfe\n"[..],
        ),
        (
            "a header of another tool",
            "Eve <eve@x>",
            "HG:extra rebase:abc\n",
            b"Work\n",
        ),
        ("blanks around a name", "  Eve  <eve@x>", "", b"Work\n"),
        ("no message", "Eve <eve@x>", "", b""),
        (
            "another kind of signature",
            "Eve <eve@x>",
            "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n",
            b"Work\n",
        ),
    ] {
        let head = format!(
            "tree {files}\nparent {base}\nauthor {head} 1700000000 +0200\n\
             committer {head} 1700000000 -0000\n{middle}\n"
        );
        let bytes = [head.as_bytes(), message].concat();
        let tip = world.raw(crate::git::Kind::Commit, &bytes);
        for to in ["open", "closed"] {
            pushes(&world, what, (to, tip), &by_anna(&world, to, tip), &[]);
        }
    }
}
