//! Refs: where they may go, and what their names mean.

use crate::hostile::door::Door;
use crate::hostile::raw::Raw;
use crate::world::World;

#[test]
fn a_commit_that_the_server_has_is_judged_where_it_goes() {
    let door = Door::of_otto();
    let raw = door.raw();
    let blob = raw.blob("x = 1\n");
    let (_, root) = door.base();
    let commit = door.commit_in_src(&[("100644", b"a.py", &blob)]);
    door.accepts("a commit of one's own", &commit);
    let main = format!("{commit}:refs/heads/main");
    door.refuses_push("the same, on main", &[&main], &["GOV-002"]);
    let evil = raw.tree_with(&root, &[("100644", b"Makefile", &blob)]);
    let evil = door.commit(&evil);
    door.world.force(
        "otto",
        &[
            &format!("{evil}:refs/heads/tmp"),
            &format!("{evil}:refs/keep/it"),
        ],
    );
    let main = format!("{evil}:refs/heads/main");
    door.refuses_push(
        "seeded past the hooks, then to main",
        &[&main],
        &["GOV-002"],
    );
    door.refuses(
        "seeded past the hooks, then to a branch",
        &evil,
        &["GOV-003"],
    );
    let on_top = raw.commit(&root, &[&evil], "Take it back\n");
    door.refuses("one on top of it", &on_top, &["GOV-003"]);
    door.accepts(
        "another of one's own",
        &door.commit_in_src(&[("100644", b"b.py", &blob)]),
    );
}

#[test]
fn main_is_not_moved_but_forward() {
    let world = World::landed();
    let door = Door::new(world, "otto");
    let raw = door.raw();
    let (tip, root) = door.base();
    let before = door.world.rev("otto", "origin/main^");
    let orphan = raw.commit(&root, &[], "Root\n");
    let sibling = raw.commit(&root, &[&before], "Sibling\n");
    for (what, refspec, codes) in [
        (
            "rewound",
            format!("+{before}:refs/heads/main"),
            vec!["GOV-004"],
        ),
        ("deleted", ":refs/heads/main".to_owned(), vec!["GOV-004"]),
        (
            "an orphan",
            format!("+{orphan}:refs/heads/main"),
            vec!["GOV-002", "GOV-004"],
        ),
        (
            "a sibling",
            format!("+{sibling}:refs/heads/main"),
            vec!["GOV-002", "GOV-004"],
        ),
    ] {
        door.refuses_push(what, &[&refspec], &codes);
    }
    door.refuses_push(
        "deleted beside a good push",
        &[":refs/heads/main", &format!("{tip}:refs/heads/wip/good")],
        &["GOV-004"],
    );
    door.accepts("the tip itself, elsewhere", &tip);
}

#[test]
fn a_mirror_of_an_empty_clone_deletes_nothing() {
    let world = World::landed();
    world.ok("otto", ".", &["git", "init", "--quiet", "empty"]);
    world.ok(
        "otto",
        "empty",
        &["git", "remote", "add", "origin", "../server.git"],
    );
    let before = world.server();
    let done = world.run("otto", "empty", &["git", "push", "--mirror", "origin"]);
    assert_ne!(done.code, 0, "{}", done.text);
    for code in ["GOV-004", "REP-002"] {
        assert!(done.text.contains(code), "{}", done.text);
    }
    assert_eq!(world.server(), before);
    let done = world.run("otto", "otto", &["git", "push", "--mirror", "origin"]);
    assert_ne!(
        done.code, 0,
        "a mirror brings the refs of a clone: {}",
        done.text
    );
    assert_eq!(world.server(), before);
}

#[test]
fn tags_are_neither_made_nor_moved_nor_deleted() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, tree) = door.base();
    let tag = |name: &str, kind: &str, id: &str| {
        let text = format!(
            "object {id}\ntype {kind}\ntag {name}\ntagger otto <o@o> 1700000000 +0000\n\nTag\n"
        );
        raw.object("tag", text.as_bytes())
    };
    // One is there from before, put there by the administrator.
    door.world.force("otto", &[&format!("{tip}:refs/tags/v0")]);
    let other = raw.commit(&tree, &[&tip], "Work\n");
    for (what, refspec) in [
        ("a light tag", format!("{tip}:refs/tags/v1")),
        (
            "an annotated tag",
            format!("{}:refs/tags/v1", tag("v1", "commit", &tip)),
        ),
        (
            "one that calls itself v2",
            format!("{}:refs/tags/v1", tag("v2", "commit", &tip)),
        ),
        (
            "one that calls itself a branch",
            format!("{}:refs/tags/v1", tag("refs/heads/main", "commit", &tip)),
        ),
        (
            "a tag of a tree",
            format!("{}:refs/tags/v1", tag("v1", "tree", &tree)),
        ),
        (
            "a tag of a tag",
            format!(
                "{}:refs/tags/v1",
                tag("v1", "tag", &tag("v0", "commit", &tip))
            ),
        ),
        (
            "a tag that was there, moved",
            format!("+{other}:refs/tags/v0"),
        ),
        ("a tag that was there, deleted", ":refs/tags/v0".to_owned()),
    ] {
        door.refuses_push(what, &[&refspec], &["GOV-004"]);
    }
    door.accepts("a branch of the same name", &other);
}

#[test]
fn a_branch_is_at_a_commit() {
    let door = Door::of_otto();
    let (tip, tree) = door.base();
    let text =
        format!("object {tip}\ntype commit\ntag v1\ntagger otto <o@o> 1700000000 +0000\n\nTag\n");
    let tag = door.raw().object("tag", text.as_bytes());
    let zero = "0".repeat(tip.len());
    // git's own update refuses most of these too, but after our hook was asked.
    for (what, id) in [("a tag", &tag), ("a tree", &tree)] {
        let words = [
            "git",
            "push",
            "--quiet",
            "--no-verify",
            "origin",
            &format!("{id}:refs/keep/it"),
        ];
        let before = door.world.server();
        assert_ne!(door.world.run("otto", "otto", &words).code, 0);
        assert_eq!(door.world.server(), before);
        door.world.force("otto", &[&format!("{id}:refs/keep/it")]);
        let said = door.hook(&format!("{zero} {id} refs/heads/wip/odd\n"));
        assert!(said.contains("INT-003"), "{what}: {said}");
    }
    let said = door.hook(&format!("{zero} {tip} refs/heads/wip/even\n"));
    assert!(!said.contains("INT-003"), "{said}");
}

#[test]
fn odd_names_are_judged_in_full() {
    let door = Door::of_otto();
    let (tip, tree) = door.base();
    let hex = "a".repeat(40);
    let names = [
        "refs/tags/main",
        "refs/tags/refs/heads/main",
        "refs/heads/refs/heads/main",
        "refs/heads/HEAD",
        "refs/heads/FETCH_HEAD",
        "refs/heads/-x",
        "refs/heads/--all",
        "refs/heads/@",
        &format!("refs/heads/{hex}"),
        &format!("refs/heads/{tip}"),
        "refs/heads/Main",
        "refs/heads/MAIN",
        "refs/heads/ma\u{131}n",
        "refs/heads/main\u{200b}",
        "refs/heads/m\u{430}in",
        "refs/heads/wip",
        "refs/heads/wipx/y",
        "refs/remotes/origin/main",
        "refs/stash",
        "refs/bisect/bad",
        "refs/original/refs/heads/main",
        "refs/worktree/x",
        "refs/main-worktree/x",
        "refs/for/main",
        "refs/pull/1/head",
        "refs/x/heads/main",
        "refs/heads2/main",
    ];
    for name in names {
        door.refuses_push(name, &[&format!("{tip}:{name}")], &["GOV-004"]);
    }
    // What is loose about names stays below refs/heads/wip/: these are just names.
    for name in [
        format!("wip/{hex}"),
        "wip/refs/heads/main".into(),
        "wip/HEAD".into(),
        "wip/@".into(),
        "wip/caf\u{e9}".into(),
    ] {
        door.accepts_push(&name, &[&format!("{tip}:refs/heads/{name}")]);
    }
    // A branch beside a tag of its name, put there by the administrator: each is what it is.
    let other = door.raw().commit(&tree, &[&tip], "Work\n");
    door.world
        .force("otto", &[&format!("{other}:refs/tags/main")]);
    let main = format!("{other}:refs/heads/main");
    door.refuses_push("main, as the tag is", &[&main], &["GOV-002"]);
    door.accepts("a branch", &other);
}

#[test]
fn a_name_that_means_two_things_is_not_guessed() {
    let world = World::landed();
    world.fresh_clone();
    let good = world.rev("vera", "refs/heads/main");
    let door = Door::new(world, "vera");
    let world = &door.world;
    let tree = world.rev("vera", "refs/heads/main^{tree}");
    let evil = door.raw().commit(&tree, &[&good], "Nobody made it\n");
    world.ok(
        "vera",
        "vera",
        &["git", "update-ref", "refs/heads/main", &evil],
    );
    let verify = |what: &str| {
        world.run(
            "vera",
            "vera",
            &["git", "awo", "verify", what, "--ref", "main"],
        )
    };
    let done = verify("main");
    assert_eq!(done.code, 1, "{}", done.text);
    for tag in ["refs/tags/main", "refs/main"] {
        world.ok("vera", "vera", &["git", "update-ref", tag, &good]);
        for what in ["main", "main^0", "main~0", "main@{0}"] {
            let done = verify(what);
            assert_eq!(
                done.code, 2,
                "{tag}: {what} means two things: {}",
                done.text
            );
        }
        let done = verify("refs/heads/main");
        assert_eq!(done.code, 1, "the branch in full: {}", done.text);
        let done = verify(tag);
        assert_eq!(done.code, 0, "the tag in full: {}", done.text);
        world.ok("vera", "vera", &["git", "update-ref", "-d", tag]);
    }
    // An id is that object, whatever is called so.
    world.ok(
        "vera",
        "vera",
        &["git", "update-ref", &format!("refs/heads/{evil}"), &good],
    );
    assert_eq!(verify(&evil).code, 1);
    assert_eq!(verify(&good).code, 0);
}

#[test]
fn replace_refs_and_refs_of_no_kind_are_refused() {
    let door = Door::of_otto();
    let (tip, tree) = door.base();
    let decoy = door.raw().commit(&tree, &[&tip], "Decoy\n");
    let replace = format!("{decoy}:refs/replace/{tip}");
    door.refuses_push("a replace ref", &[&replace], &["GOV-004"]);
    let branch = format!("{decoy}:refs/heads/wip/x");
    door.refuses_push(
        "a replace ref beside a good branch",
        &[&replace, &branch],
        &["GOV-004"],
    );
    door.accepts("the decoy as a branch", &decoy);
    // Put there by the administrator, it hides nothing from the hook.
    door.world.force("otto", &[&replace]);
    door.refuses_push(
        "what it is said to be replaced by",
        &[&format!("{decoy}:refs/heads/main")],
        &["GOV-002"],
    );
    let again = door.raw().commit(&tree, &[&tip], "Honest\n");
    door.accepts("an honest commit", &again);
}

/// What lands on main in the same push was judged there, whatever builds on it.
#[test]
fn main_and_a_branch_on_top_of_it_land_in_one_push() {
    let door = Door::new(World::finalized(), "otto");
    let world = &door.world;
    let raw = door.raw();
    let main = world.rev("otto", "main");
    let with_a_file = |names: &[&str]| {
        let blob = raw.blob("x = 1\n");
        let entries: Vec<_> = names
            .iter()
            .map(|name| ("100644", name.as_bytes(), blob.as_str()))
            .collect();
        let src = raw.tree_with(&world.rev("otto", "main:src"), &entries);
        raw.tree_with(
            &world.rev("otto", "main^{tree}"),
            &[("40000", b"src", &src)],
        )
    };
    let on_top = raw.commit(&with_a_file(&["a.py"]), &[&main], "On top\n");
    let wip = format!("{on_top}:refs/heads/wip/otto");
    let records = [
        "refs/awo/ledger",
        "refs/notes/awo/attestations/*",
        "refs/notes/awo/approvals/*",
    ];
    let push = |main: Option<&str>| {
        let mut refs: Vec<String> = vec![wip.clone()];
        refs.extend(main.map(|id| format!("{id}:refs/heads/main")));
        refs.extend(records.map(str::to_owned));
        refs
    };
    let refuse = |what: &str, main: Option<&str>, codes: &[&str]| {
        let refs = push(main);
        let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
        door.refuses_push(what, &refs, codes);
    };
    refuse("without main", None, &["ATT-002", "GOV-002"]);
    let direct = raw.commit(&with_a_file(&["b.py"]), &[&main], "By hand\n");
    refuse(
        "main with a direct commit",
        Some(&direct),
        &["ATT-002", "GOV-002"],
    );
    let refs = push(Some(&main));
    let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
    door.accepts_push("both", &refs);
    assert_eq!(world.rev("server.git", "main"), main);
    assert_eq!(world.rev("server.git", "wip/otto"), on_top);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// Who works on one branch may have no other: what it builds on is in its own history.
#[test]
fn a_clone_of_one_branch_that_builds_on_main_verifies() {
    let door = Door::new(World::landed(), "otto");
    let world = &door.world;
    let raw = door.raw();
    world.ok("otto", "otto", &["git", "fetch", "--quiet", "origin"]);
    let (main, root) = door.base();
    let src = world.rev("otto", "origin/main:src");
    let src = raw.tree_with(&src, &[("100644", b"a.py", &raw.blob("x = 1\n"))]);
    let tree = raw.tree_with(&root, &[("40000", b"src", &src)]);
    let on_top = raw.commit(&tree, &[&main], "On top\n");
    door.accepts_push("it", &[&format!("{on_top}:refs/heads/wip/one")]);
    for (place, command) in [
        (
            ".",
            "git clone --quiet --single-branch -b wip/one server.git vera",
        ),
        (
            "vera",
            "git fetch --quiet origin refs/awo/*:refs/awo/* refs/notes/awo/*:refs/notes/awo/*",
        ),
        ("vera", &format!("git awo trust {}", world.fingerprint())),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        world.ok("vera", place, &words);
    }
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// What the door takes, `verify` takes on a fresh clone: main's tip counts by the policy in force,
/// not by the one it was judged by when it came.
#[test]
fn a_branch_on_main_after_a_policy_change_is_accepted_and_verifies() {
    let door = Door::new(World::landed(), "otto");
    let world = &door.world;
    let rule = "\n[[rule]]\nname = \"new\"\nrefs = [\"refs/heads/**\"]\npaths = [\"new/\"]\n\
                writers = [\"olga\"]\n";
    world.next_policy(2, None, |text| text + rule);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let raw = door.raw();
    let (main, root) = door.base();
    let src = world.rev("otto", "origin/main:src");
    let src = raw.tree_with(&src, &[("100644", b"a.py", &raw.blob("x = 1\n"))]);
    let tree = raw.tree_with(&root, &[("40000", b"src", &src)]);
    door.accepts("main itself", &main);
    door.accepts("on top of it", &raw.commit(&tree, &[&main], "On top\n"));
    let new = raw.tree(&[("100644", b"x", &raw.blob("x\n"))]);
    let new = raw.tree_with(&root, &[("40000", b"new", &new)]);
    let new = raw.commit(&new, &[&main], "New\n");
    door.refuses("what the new rule forbids", &new, &["GOV-003"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// The policy no longer lets otto write to `wip/**`; what he wrote before stands where it is.
#[test]
fn what_stands_on_one_branch_by_an_older_policy_does_not_come_to_another_or_back() {
    let door = Door::of_otto();
    let world = &door.world;
    let (tip, root) = door.base();
    let src = world.rev("otto", "origin/main:src");
    let with = |raw: &Raw<'_>, name: &str| {
        let src = raw.tree_with(&src, &[("100644", name.as_bytes(), &raw.blob("x = 1\n"))]);
        raw.tree_with(&root, &[("40000", b"src", &src)])
    };
    let raw = door.raw();
    let his = raw.commit(&with(&raw, "a.py"), &[&tip], "His\n");
    let rewinds = |text: String| text.replace("merges = true\n", "merges = true\nrewind = true\n");
    world.next_policy(2, None, rewinds);
    door.accepts_push("his", &[&format!("{his}:refs/heads/wip/team")]);
    world.next_policy(3, None, |text| {
        rewinds(text).replace(
            "[\"role:orchestrator\", \"olga\", \"rita\"]",
            "[\"olga\", \"rita\"]",
        )
    });
    world.ok("rita", "rita", &["git", "fetch", "--quiet", "origin"]);
    let raw = Raw { world, who: "rita" };
    let (one, other) = (
        raw.commit(&with(&raw, "a.py"), &[&his], "Hers\n"),
        raw.commit(&with(&raw, "a.py"), &[&his], "Hers, amended\n"),
    );
    let push = |refspec: String| {
        let words = ["git", "push", "--no-verify", "origin", refspec.as_str()];
        world.run("rita", "rita", &words)
    };
    let told = push(format!("{one}:refs/heads/wip/zz"));
    assert!(
        told.code != 0 && told.text.contains("GOV-003"),
        "{}",
        told.text
    );
    let told = push(format!("{one}:refs/heads/wip/team"));
    assert_eq!(told.code, 0, "{}", told.text);
    // The amended one has the first one no longer below it, nor what that stood on.
    let told = push(format!("+{other}:refs/heads/wip/team"));
    assert!(
        told.code != 0 && told.text.contains("GOV-003"),
        "{}",
        told.text
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    std::fs::remove_dir_all(world.path("vera")).unwrap();
    world.force("rita", &[&format!("{one}:refs/heads/wip/zz")]);
    world.fresh_clone();
    world.verify_finds("GOV-003");
}

/// git calls `pre-push` also for what it will not push; there it is a lost race like any other.
#[test]
fn a_push_behind_the_server_is_told_as_a_race() {
    let world = World::approved();
    world.ok("olga", ".", &["cp", "-a", "olga", "behind"]);
    for (place, id) in [("olga", "W-1"), ("behind", "W-2")] {
        let command = format!("git awo task new {id} --task it --allow src/ --validate true");
        let words: Vec<&str> = command.split(' ').collect();
        world.ok("olga", place, &words);
    }
    let push = ["git", "push", "origin", "refs/awo/ledger"];
    world.ok("olga", "olga", &push);
    let told = world.run("olga", "behind", &push);
    assert_eq!(told.code, 1, "{}", told.text);
    assert!(told.text.contains("REP-003"), "{}", told.text);
    assert!(!told.text.contains("INT-005"), "{}", told.text);
    world.ok("olga", "behind", &["git", "awo", "push"]);
}

/// A run of these worlds that is finalized and not pushed yet, bound to `middle`. That takes only
/// runs, as `lower`, `upper` and `stage` do, which may be moved back.
fn bound_to_middle() -> Door {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        let adopted = text.lines().find(|line| line.starts_with("adopted = "));
        let adopted = adopted.unwrap().to_owned();
        let entry = |(name, more): (&str, &str)| {
            format!(
                "\n[[ref]]\npattern = \"refs/heads/{name}\"\n\
                 accept = [\"governed\", \"rollback\"]\n{more}{adopted}\n"
            )
        };
        let more = [
            ("lower", ""),
            ("middle", ""),
            ("stage", "rewind = true\n"),
            ("upper", ""),
        ];
        text + &more.map(entry).concat()
    });
    let run = |who: &str, command: &str| {
        let mut words = vec!["git", "awo"];
        words.extend(command.split(' '));
        world.ok(who, who, &words);
    };
    for who in ["olga", "otto", "rita"] {
        run(who, "fetch");
        world.ok(who, who, &["git", "branch", "middle", "refs/heads/main"]);
    }
    let new = "task new MID-1 --task it --allow src/ --validate true --ref refs/heads/middle";
    run("olga", new);
    let sentence = [
        "git",
        "awo",
        "approve",
        "MID-1",
        "--sentence",
        "I approve MID-1.",
    ];
    world.ok("olga", "olga", &sentence);
    run("olga", "push --records-only");
    run("otto", "fetch");
    let script = "echo x >> src/strings.py";
    let mut words: Vec<_> = "git awo run MID-1 --run-id run_mid -- sh -c"
        .split(' ')
        .collect();
    words.push(script);
    world.ok("otto", "otto", &words);
    run("otto", "push --records-only");
    run("rita", "fetch");
    for act in [
        "gate run_mid",
        "approve run_mid",
        "attest run_mid",
        "push --records-only",
    ] {
        run("rita", act);
    }
    run("otto", "fetch");
    run("otto", "finalize run_mid");
    run("otto", "push --records-only");
    Door::new(world, "otto")
}

/// Two new branches at one run: `verify` has them by name, whatever the client's order was.
#[test]
fn branches_of_one_push_are_judged_in_one_order_at_the_door_and_by_verify() {
    let door = bound_to_middle();
    let world = &door.world;
    let to = |name: &str| format!("refs/heads/middle:refs/heads/{name}");
    let (lower, middle, upper) = (to("lower"), to("middle"), to("upper"));
    for refs in [[&lower, &middle], [&middle, &lower]] {
        let refs = refs.map(String::as_str);
        door.refuses_push(
            "the branch of the run is not there yet",
            &refs,
            &["ATT-002"],
        );
    }
    door.accepts_push("it is judged first", &[&upper, &middle]);
    door.accepts_push("it is there", &[&lower]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "awo", "verify"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// It is as new to `verify` as to the door, and what goes on from there too.
#[test]
fn a_branch_that_is_deleted_and_made_again_verifies() {
    let door = bound_to_middle();
    let world = &door.world;
    let deletes = ["git", "config", "receive.denyDeletes", "false"];
    world.ok("server", "server.git", &deletes);
    let to_stage = |from: &str| format!("{from}:refs/heads/stage");
    let middle = to_stage("refs/heads/middle");
    door.accepts_push("middle", &["refs/heads/middle"]);
    door.accepts_push("at adoption", &[&to_stage("refs/heads/main")]);
    door.refuses_push("moved to what another one has", &[&middle], &["ATT-002"]);
    door.accepts_push("deleted", &[&to_stage("")]);
    door.accepts_push("made again there", &[&middle]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "awo", "verify"]);
    let blob = door.raw().blob("y = 1\n");
    let later = door.commit_in_src(&[("100644", b"y.py", &blob)]);
    door.accepts("other work", &later);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "awo", "verify"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// Two branches of otto's take runs only from version 3 on. What he committed there directly comes
/// no further, unless a policy says that it is adopted.
#[test]
fn direct_commits_of_a_branch_that_now_takes_runs_only_do_not_come_to_others() {
    let door = Door::of_otto();
    let world = &door.world;
    let next = |version, accept: &str, adopted: Option<&str>| {
        world.next_policy(version, None, |text| {
            let first = text.lines().find(|line| line.starts_with("adopted = "));
            let first = first.unwrap().to_owned();
            let adopted = adopted.map_or(first.clone(), |id| format!("adopted = \"{id}\""));
            let docs = "[[ref]]\npattern = \"refs/heads/docs\"\naccept = [\"direct\"]\nmerges = true\n\
                        direct = [{ writers = [\"rita\"], paths = [\"docs/\"] }]\n";
            let team = "[[ref]]\npattern = \"refs/heads/team/**\"\n";
            format!("{text}\n{docs}{first}\n\n{team}accept = {accept}\n{adopted}\n")
        });
    };
    let direct = "[\"direct\"]\ndirect = [{ writers = [\"otto\"], paths = [\"src/\"] }]";
    next(2, direct, None);
    let raw = door.raw();
    let (one, other) = ("x = 1\n", "x = 2\n");
    let [one, other] =
        [one, other].map(|text| door.commit_in_src(&[("100644", b"a.py", &raw.blob(text))]));
    let to = |commit: &str, name: &str| format!("{commit}:refs/heads/{name}");
    let there = [to(&one, "team/one"), to(&other, "team/other")];
    door.accepts_push("his own", &there.each_ref().map(String::as_str));
    let docs = to(&one, "docs");
    door.refuses_push("not where rita writes", &[&docs], &["GOV-003"]);
    next(3, "[\"governed\", \"rollback\"]", None);
    door.refuses_push("nor now", &[&docs], &["GOV-003"]);
    let new = to(&one, "team/new");
    door.refuses_push("nor where only runs come", &[&new], &["GOV-002"]);
    let (main, root) = door.base();
    let merge = raw.commit(&root, &[&main, &one], "Merge\n");
    door.refuses_push("nor by a merge", &[&to(&merge, "docs")], &["GOV-003"]);
    door.accepts_push("main, which never took any", &[&to(&main, "docs")]);
    door.accepts_push("on main", &[&to(&main, "team/on-main")]);
    next(4, "[\"governed\", \"rollback\"]", Some(&one));
    door.accepts_push("adopted", &[&docs, &new]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "awo", "verify"]);
    world.force("otto", &[&format!("+{}", to(&other, "docs"))]);
    world.fresh_clone();
    world.verify_finds("GOV-003");
}
