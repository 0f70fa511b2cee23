//! What the policy permits in trees, and what stays refused where it permits everything else.

use crate::hostile::door::Door;
use crate::world::{RUN, World};

const TASK: &str = "GIT-1";

/// Every key of `[tree]` that permits something, everywhere.
const ALL: &str = "executable = [\"**\"]\nsymlinks = [\"**\"]\nsubmodules = [\"**\"]\n\
                   odd_modes = [\"**\"]\nodd_names = [\"**\"]\ncollisions = [\"**\"]\n";

/// Everybody may write the files that git obeys.
const EVERYBODY: &str = "git_files = { \".gitattributes\" = [\"*\"], \".gitmodules\" = [\"*\"], \
                         \".lfsconfig\" = [\"*\"], \".mailmap\" = [\"*\"] }\n";

/// otto before a server whose policy has these lines in `[tree]`.
fn with(tree: &str) -> Door {
    let door = Door::of_otto();
    let edit = |text: String| text.replace("[tree]\n", &format!("[tree]\n{tree}"));
    door.world.next_policy(2, None, edit);
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    door
}

#[test]
fn only_the_writers_of_a_file_that_git_obeys_change_it() {
    let door = with("git_files = { \".gitattributes\" = [\"otto\"], \".mailmap\" = [\"olga\"] }\n");
    let raw = door.raw();
    let blob = raw.blob("# A comment in each of them\n");
    let below = |name: &[u8], entry: (&str, &[u8], &str)| {
        let inner = raw.tree(&[entry]);
        door.commit_in_src(&[("40000", name, &inner)])
    };
    let file = |name: &[u8]| door.commit_in_src(&[("100644", name, &blob)]);
    let refused = [
        ("somebody else's", file(b".mailmap")),
        ("nobody's", file(b".gitmodules")),
        ("nobody's either", file(b".lfsconfig")),
        ("in another case", file(b".GITATTRIBUTES")),
        (
            "as a directory",
            below(b".gitattributes", ("100644", b"x", &blob)),
        ),
        (
            "below one",
            below(b".mailmap", ("100644", b".gitattributes", &blob)),
        ),
    ];
    let refused = refused.map(|(what, commit)| (what.to_owned(), commit));
    door.refuses_all(&refused, "GOV-003");
    door.accepts("by its writer", &file(b".gitattributes"));
    door.accepts(
        "and deep below",
        &below(b"deep", ("100644", b".gitattributes", &blob)),
    );
    // The client's own hooks say the same of what is staged.
    let world = &door.world;
    world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/own"]);
    world.write("otto/src/.gitattributes", "* text=auto\n");
    world.ok("otto", "otto", &["git", "add", "."]);
    world.ok("otto", "otto", &["git", "commit", "-q", "-m", "Attributes"]);
    world.write("otto/src/.mailmap", "x <y>\n");
    world.ok("otto", "otto", &["git", "add", "."]);
    let commit = ["git", "commit", "-q", "-m", "Map"];
    let said = world.refused("otto", "otto", &commit, "GOV-003");
    assert!(said.contains("git_files"), "it names the key: {said}");
}

/// A world in which olga has approved a task for otto that may touch these paths.
fn approved(tree: &str, allow: &str) -> World {
    let world = World::founded();
    let edit = |text: String| text.replace("[tree]\n", &format!("[tree]\n{tree}"));
    world.next_policy(2, None, edit);
    approves(&world, allow);
    world
}

/// olga approves a task for otto that may touch these paths.
fn approves(world: &World, allow: &str) {
    let mut new = vec!["git", "awo", "task", "new", TASK, "--task", "it"];
    new.extend(["--validate", "true", "--allow"]);
    new.extend(allow.split(' '));
    world.ok("olga", "olga", &new);
    let shown = world.ok("olga", "olga", &["git", "awo", "task", "show", TASK]);
    let sentence = shown.lines().find_map(|line| {
        let rest = line.trim_start().strip_prefix("approval sentence")?;
        Some(rest.trim())
    });
    let approve = [
        "git",
        "awo",
        "approve",
        TASK,
        "--sentence",
        sentence.unwrap(),
    ];
    world.ok("olga", "olga", &approve);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    for who in ["otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
}

/// otto lets a command run.
fn runs(world: &World, script: &str) -> crate::world::Done {
    let words = [
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", script,
    ];
    world.run("otto", "otto", &words)
}

#[test]
fn a_run_changes_a_file_that_git_obeys_where_its_signer_and_its_contract_may() {
    let script = "printf '*.bin filter=lfs diff=lfs merge=lfs -text\\n' > src/.gitattributes; \
                  printf 'a\\r\\nb\\n' > src/x.txt; printf 'version x\\n' > src/y.bin";
    let otto = "git_files = { \".gitattributes\" = [\"otto\"] }\n";
    let olga = "git_files = { \".gitattributes\" = [\"olga\"] }\n";
    for (tree, allow) in [
        (olga, "src/"),
        (otto, "src/x.txt --allow src/y.bin"),
        ("", "src/"),
    ] {
        let world = approved(tree, allow);
        let done = runs(&world, script);
        assert_ne!(done.code, 0, "{tree} {allow}");
        assert!(done.text.contains("GOV-003"), "{tree}: {}", done.text);
    }
    let world = approved(otto, "src/");
    let done = runs(&world, script);
    assert_eq!(done.code, 0, "{}", done.text);
    lands(&world);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // What the command left is what the commit holds: no filter, no conversion.
    let commit = world.rev("otto", "refs/heads/main");
    let show = ["git", "cat-file", "-p", &format!("{commit}:src/x.txt")];
    assert_eq!(world.ok("otto", "otto", &show), "a\r\nb\n");
}

/// The run goes through every gate.
fn lands(world: &World) {
    let acts = [
        ("otto", "push"),
        ("rita", "fetch"),
        ("rita", "gate"),
        ("rita", "approve"),
        ("rita", "attest"),
        ("rita", "push"),
        ("otto", "fetch"),
        ("otto", "finalize"),
        ("otto", "push"),
    ];
    for (who, act) in acts {
        let mut words = vec!["git", "awo", act];
        if !matches!(act, "push" | "fetch") {
            words.push(RUN);
        }
        world.ok(who, who, &words);
    }
}

#[test]
#[ignore = "needs git-lfs, which .ci/run installs"]
fn a_run_adds_a_large_file_by_its_pointer() {
    let world = approved("git_files = { \".gitattributes\" = [\"otto\"] }\n", "src/");
    for who in ["otto", "vera"] {
        world.ok(who, ".", &["git", "lfs", "install", "--skip-repo"]);
    }
    let content: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    world.write("large.bin", &content);
    let clean = "git lfs clean < ../large.bin > ../pointer";
    world.ok("otto", "otto", &["sh", "-c", clean]);
    let pointer = world.path("pointer").display().to_string();
    let script = format!(
        "echo '*.bin filter=lfs diff=lfs merge=lfs -text' > src/.gitattributes; cp {pointer} src/x.bin"
    );
    let done = runs(&world, &script);
    assert_eq!(done.code, 0, "{}", done.text);
    lands(&world);
    let status = ["git", "status", "--porcelain"];
    assert_eq!(
        world.ok("otto", "otto", &status),
        "",
        "nothing is taken for changed"
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    let there = std::fs::read(world.path("vera/src/x.bin")).unwrap();
    assert_eq!(there.len(), content.len(), "the content came with it");
}

#[test]
fn a_run_leaves_submodules_and_odd_entries_as_they_are() {
    let door = Door::new(World::founded(), "olga");
    let (raw, world) = (door.raw(), &door.world);
    let (blob, other) = (raw.blob("x\r\n"), raw.blob("y\n"));
    let (tip, root) = door.base();
    let src = world.rev("olga", "origin/main:src");
    let odd = raw.tree_as_it_is(&[("100664", b"a", &blob), ("0100644", b"b", &blob)]);
    let src = raw.tree_with(
        &src,
        &[
            ("160000", b"lib", &tip),
            ("100664", b"old", &blob),
            ("100644", b"a\tb", &other),
            ("40000", b"odd", &odd),
        ],
    );
    let attributes = raw.blob("* text=auto\n*.bin filter=lfs\n*.py -diff\n");
    let entries = [
        ("40000", &b"src"[..], src.as_str()),
        ("100644", b".gitattributes", &attributes),
    ];
    let base = door.commit(&raw.tree_with(&root, &entries));
    world.force("olga", &[&format!("{base}:refs/heads/main")]);
    world.ok("olga", "olga", &["git", "fetch", "-q"]);
    world.ok(
        "olga",
        "olga",
        &["git", "reset", "-q", "--hard", "origin/main"],
    );
    world.next_policy(2, None, |_| crate::world::policy(2, &base, ""));
    approves(world, "src/");
    world.ok("otto", "otto", &["git", "fetch", "-q"]);
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "-q", "--hard", "origin/main"],
    );
    let done = runs(
        world,
        "test -d src/lib && printf new > src/new.bin && echo >> src/strings.py",
    );
    assert_eq!(done.code, 0, "{}", done.text);
    lands(world);
    let diff = ["git", "diff-tree", "-r", "--name-status", &base, "main"];
    let changed = world.ok("otto", "otto", &diff);
    assert_eq!(changed, "A\tsrc/new.bin\nM\tsrc/strings.py\n");
    // What reviewers read does not depend on attributes.
    let patch = "for ref in $(git for-each-ref --format='%(refname)' refs/awo/evidence); do \
                 git show $ref:$(git ls-tree -r --name-only $ref | grep patch.diff); done";
    let patch = world.ok("otto", "otto", &["sh", "-c", patch]);
    assert!(patch.contains("\n--- a/src/strings.py\n"), "{patch}");
    assert!(!patch.contains("GIT binary patch"), "{patch}");
    // Moving a submodule is not for a run: what is checked out there is no part of the work tree.
    let world = approved("submodules = [\"**\"]\n", "src/");
    let script = "git init -q src/lib; cd src/lib; git commit -q --allow-empty -m x";
    let done = runs(&world, script);
    assert!(done.text.contains("INT-003"), "{}", done.text);
}

#[test]
fn a_run_adds_odd_entries_where_the_policy_has_them() {
    let script = "cd src; printf x > \"$(printf 'a\\tb')\"; printf x > \"$(printf 'caf\\351')\"; \
                  printf x > STRINGS.py; printf x > tool; chmod +x tool";
    let some = "odd_names = [\"src/a*\"]\ncollisions = [\"src/**\"]\nexecutable = [\"src/*\"]\n";
    for tree in ["", some] {
        let world = approved(tree, "src/");
        let done = runs(&world, script);
        assert_eq!(done.code, 1, "{tree}: {}", done.text);
        assert!(done.text.contains("INT-003"), "{tree}: {}", done.text);
        // No commit exists that could be mended.
        assert!(!done.text.contains("git reset"), "{}", done.text);
        let again = format!("git awo run {TASK} -- COMMAND");
        assert!(done.text.contains(&again), "{}", done.text);
        // It has spent nothing.
        let done = runs(&world, "printf x > src/plain.py");
        assert_eq!(done.code, 0, "{}", done.text);
    }
    let world = approved(ALL, "src/");
    let done = runs(&world, script);
    assert_eq!(done.code, 0, "{}", done.text);
    let records = ["git", "awo", "push"];
    world.ok("otto", "otto", &records);
    // A policy that permits it no more does not reach back to records, but to what lands.
    let denied = world.copied();
    denied.ok("olga", "olga", &["git", "awo", "fetch"]);
    denied.next_policy(3, None, |text| text.replace("odd_names = [\"**\"]\n", ""));
    denied.fresh_clone();
    denied.ok("vera", "vera", &["git", "awo", "verify"]);
    let commit = denied.ok(
        "otto",
        "otto",
        &["git", "rev-list", "--all", "--grep=AWO-Root"],
    );
    let commit = commit.trim();
    denied.push_refused(
        "otto",
        &[&format!("{commit}:refs/heads/main")],
        "tree-entry-name",
    );
    lands(&world);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.next_policy(3, None, |text| text.replace("odd_names = [\"**\"]\n", ""));
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify", "--no-cache"]);
}

#[test]
fn submodules_are_where_the_policy_has_them() {
    let door = with(&format!(
        "submodules = [\"src/lib\", \"src/vendor/*\"]\n{EVERYBODY}"
    ));
    let raw = door.raw();
    let (tip, _) = door.base();
    let blob = raw.blob("[submodule \"lib\"]\n\tpath = src/lib\n\turl = ../lib\n");
    let refused = [
        (
            "elsewhere",
            door.commit_in_src(&[("160000", b"other", &tip)]),
        ),
        (
            "in a file's place",
            door.commit_in_src(&[("160000", b"strings.py", &tip)]),
        ),
        (
            "as a file that git obeys",
            door.commit_in_src(&[("160000", b".gitmodules", &tip)]),
        ),
        (
            "with a mode of another kind",
            door.commit(&{
                let src = raw.tree_as_it_is(&[("160001", b"lib", &tip)]);
                raw.tree(&[("40000", b"src", &src)])
            }),
        ),
    ];
    let codes: &[&str] = &["INT-003"];
    for (what, commit) in &refused[..3] {
        door.refuses(what, commit, codes);
    }
    // Everything else of src/ is gone there as well.
    door.refuses(refused[3].0, &refused[3].1, &["GOV-003", "INT-003"]);
    let forced: Vec<_> = refused
        .iter()
        .map(|it| (it.1.as_str(), "INT-003"))
        .collect();
    door.verify_finds_all(&forced);
    let vendor = raw.tree(&[("160000", b"one", &tip)]);
    door.accepts_all(&[
        (
            "there".to_owned(),
            door.commit_in_src(&[("160000", b"lib", &tip)]),
        ),
        (
            "with its file".to_owned(),
            door.commit_in_src(&[("160000", b"lib", &tip), ("100644", b".gitmodules", &blob)]),
        ),
        (
            "below a directory".to_owned(),
            door.commit_in_src(&[("40000", b"vendor", &vendor)]),
        ),
    ]);
}

#[test]
fn submodules_are_cloned_to_their_places_and_run_nothing() {
    let door = with(&format!("{ALL}{EVERYBODY}"));
    let raw = door.raw();
    let of = |text: &str| {
        let blob = raw.blob(text);
        door.commit_in_src(&[("100644", b".gitmodules", &blob)])
    };
    let module = |lines: &str| of(&format!("[submodule \"x\"]\n\tpath = src/x\n{lines}"));
    let refused = [
        (
            "a name",
            of("[submodule \"../../x\"]\n\tpath = src/x\n\turl = ../x\n"),
        ),
        ("a url", module("\turl = --upload-pack=./x\n")),
        ("a command", module("\turl = ../x\n\tupdate = !./x\n")),
        (
            "a path",
            of("[submodule \"x\"]\n\tpath = -x\n\turl = ../x\n"),
        ),
        ("no file of git's", of("[submodule \"x\n")),
    ];
    let refused = refused.map(|(what, commit)| (what.to_owned(), commit));
    door.refuses_all(&refused, "INT-003");
    door.accepts("a plain one", &module("\turl = ../x\n\tbranch = main\n"));
}

#[test]
fn odd_modes_and_names_are_where_the_policy_has_them() {
    let door = with("odd_modes = [\"src/old/**\"]\nodd_names = [\"src/old/**\"]\n");
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let below = |name: &[u8], entries: &[crate::hostile::raw::Entry<'_>]| {
        let inner = raw.tree_as_it_is(entries);
        door.commit_in_src(&[("40000", name, &inner)])
    };
    let modes = [
        ("100664", &b"a"[..], blob.as_str()),
        ("0100644", b"b", &blob),
        ("100600", b"c", &blob),
    ];
    let names = [
        ("100644", &b"a\tb"[..], blob.as_str()),
        ("100644", b"caf\xe9", &blob),
        ("100644", b"dot.", &blob),
        ("100644", b"x\\y", &blob),
    ];
    let executable = [("100775", &b"a"[..], blob.as_str())];
    let submodule = [("160001", &b"a"[..], blob.as_str())];
    door.refuses_all(
        &[
            ("modes elsewhere".to_owned(), below(b"new", &modes)),
            ("names elsewhere".to_owned(), below(b"new", &names)),
            (
                "an odd mode of an executable".to_owned(),
                below(b"old", &executable),
            ),
            (
                "an odd mode of a submodule".to_owned(),
                below(b"old", &submodule),
            ),
        ],
        "INT-003",
    );
    door.accepts_all(&[
        ("modes there".to_owned(), below(b"old", &modes)),
        ("names there".to_owned(), below(b"old", &names)),
    ]);
    // What a commit does not touch stays, and may be changed and removed.
    let first = below(b"old", &modes);
    let tree = |entries: &[crate::hostile::raw::Entry<'_>]| {
        let (_, root) = door.base();
        let old = raw.tree_as_it_is(entries);
        let src = door.world.rev(door.who, "origin/main:src");
        let src = raw.tree_with(&src, &[("40000", b"old", &old)]);
        raw.tree_with(&root, &[("40000", b"src", &src)])
    };
    let other = raw.blob("y\n");
    let beside = [modes[0], modes[1], modes[2], ("100644", b"d", &blob)];
    let changed = [("100664", &b"a"[..], other.as_str()), modes[1]];
    for (what, entries) in [("beside it", &beside[..]), ("changed", &changed)] {
        door.accepts(what, &raw.commit(&tree(entries), &[&first], "Work\n"));
    }
}

#[test]
fn a_server_whose_git_refuses_what_the_policy_permits_is_told_by_doctor() {
    let door = with("odd_modes = [\"src/old/**\"]\n");
    let (raw, world) = (door.raw(), &door.world);
    let blob = raw.blob("x\n");
    let with_mode = |mode: &str| {
        let inner = raw.tree_as_it_is(&[(mode, &b"a"[..], blob.as_str())]);
        door.commit_in_src(&[("40000", b"old", &inner)])
    };
    let server = |words: &[&str]| world.run("server", "server.git", words);
    let key = "receive.fsck.zeroPaddedFilemode";
    let remedy = format!("git config {key} ignore");
    let set = ["git", "config", "receive.fsckObjects", "true"];
    assert_eq!(server(&set).code, 0);
    let is_told = || server(&["git", "awo", "doctor"]).text.contains(&remedy);
    assert!(!is_told());
    assert_eq!(server(&["git", "config", "--unset", key]).code, 0);
    assert!(is_told(), "{}", server(&["git", "awo", "doctor"]).text);
    // git refuses the one, and only warns of the other.
    let padded = with_mode("0100644");
    let before = world.server();
    let refused = door.push(&[&format!("{padded}:refs/heads/wip/padded")]);
    assert!(
        refused.text.contains("zeroPaddedFilemode"),
        "{}",
        refused.text
    );
    assert_eq!(world.server(), before);
    door.accepts("a mode of which git warns", &with_mode("100664"));
    let remedy: Vec<_> = remedy.split(' ').collect();
    assert_eq!(server(&remedy).code, 0);
    assert!(!is_told());
    door.accepts("what git let through now", &padded);
}

#[test]
fn old_modes_that_nobody_touches_stay_without_a_setting() {
    let door = Door::new(World::founded(), "olga");
    let raw = door.raw();
    let (blob, other) = (raw.blob("x\n"), raw.blob("y\n"));
    let (_, root) = door.base();
    let src = door.world.rev("olga", "origin/main:src");
    let with = |entries: &[crate::hostile::raw::Entry<'_>]| {
        let src = raw.tree_with(&src, entries);
        raw.tree_with(&root, &[("40000", b"src", &src)])
    };
    let (a, b) = (
        ("100664", &b"a"[..], blob.as_str()),
        ("100664", &b"b"[..], blob.as_str()),
    );
    let tip = door.commit(&with(&[a, b]));
    let world = &door.world;
    world.force("olga", &[&format!("{tip}:refs/heads/main")]);
    world.next_policy(2, None, |_| crate::world::policy(2, &tip, ""));
    let commit = |entries: &[_]| raw.commit(&with(entries), &[&tip], "Work\n");
    let new = ("100644", &b"new"[..], blob.as_str());
    door.accepts("a file beside them", &commit(&[a, b, new]));
    door.accepts(
        "one of them changed",
        &commit(&[("100664", b"a", &other), b]),
    );
    door.accepts("one of them removed", &commit(&[b]));
    door.accepts(
        "one as git writes it",
        &commit(&[("100644", b"a", &blob), b]),
    );
    let refused = [
        ("a third", commit(&[a, b, ("100664", b"new", &blob)])),
        (
            "one that turns executable",
            commit(&[("100775", b"a", &blob), b]),
        ),
        (
            "an ordinary one that turns odd",
            commit(&[a, b, ("100664", b"strings.py", &blob)]),
        ),
    ];
    let refused = refused.map(|(what, commit)| (what.to_owned(), commit));
    door.refuses_all(&refused, "INT-003");
    // A run starts from such a tree, and leaves what it does not touch.
    let first = raw.commit(&with(&[a, b, new]), &[&tip], "Work\n");
    let words = ["git", "diff-tree", "-r", &tip, &first];
    let listed = world.ok("olga", "olga", &words);
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[test]
fn a_name_that_leads_elsewhere_is_refused_where_odd_names_are_permitted() {
    let door = with(&format!("{ALL}{EVERYBODY}"));
    let names: [&[u8]; 13] = [
        b".git ",
        b".GIT",
        b".git\n",
        b".git\xff",
        b".g\xe2\x80it",
        b"a\\.git\\config",
        b"..\\x",
        b"a\\..\\x",
        b"git~1",
        b"\xff.gitmodules",
        b"sub\\.gitattributes",
        b"GITATT~1",
        "\u{200b}".as_bytes(),
    ];
    door.refuses_all(&super::commits_in_src(&door, &names), "INT-003");
    let spelt = super::commits_in_src(&door, &[b".gitmodules "]);
    door.refuses(&spelt[0].0, &spelt[0].1, &["GOV-003", "INT-003"]);
    door.accepts_all(&super::commits_in_src(
        &door,
        &[
            b"a\tb",
            b"\xff",
            b"x\\y",
            b"dot.",
            b"a\nb",
            "a\u{202e}b".as_bytes(),
        ],
    ));
}

#[test]
fn a_link_does_not_collide_where_collisions_are_permitted() {
    let door = with(&format!("{ALL}{EVERYBODY}"));
    let raw = door.raw();
    let (tip, _) = door.base();
    let (blob, target) = (raw.blob("x\n"), raw.blob("../.git"));
    let inner = raw.tree(&[("160000", b"x", &tip)]);
    let plain = raw.tree(&[("100644", b"x", &blob)]);
    let mut refused = Vec::new();
    for (what, one, other) in [
        (
            "a symlink and a directory",
            ("120000", &target),
            ("40000", &inner),
        ),
        (
            "a symlink and a file",
            ("120000", &target),
            ("100644", &blob),
        ),
        (
            "a submodule and a directory",
            ("160000", &tip),
            ("40000", &plain),
        ),
        ("two symlinks", ("120000", &target), ("120000", &target)),
    ] {
        for (upper, lower) in [(one, other), (other, one)] {
            let entries = [
                (upper.0, &b"A"[..], upper.1.as_str()),
                (lower.0, b"a", lower.1),
            ];
            refused.push((what.to_owned(), door.commit_in_src(&entries)));
        }
    }
    door.refuses_all(&refused, "INT-003");
    let files = [
        ("100644", &b"A"[..], blob.as_str()),
        ("100644", b"a", &blob),
    ];
    let mixed = [
        ("40000", &b"A"[..], plain.as_str()),
        ("100644", b"a", &blob),
    ];
    door.accepts_all(&[
        ("two files".to_owned(), door.commit_in_src(&files)),
        (
            "a file and a directory".to_owned(),
            door.commit_in_src(&mixed),
        ),
        (
            "a symlink alone".to_owned(),
            door.commit_in_src(&[("120000", b"A", &target)]),
        ),
    ]);
}

#[test]
fn trees_that_no_git_reads_alike_are_refused_where_everything_is_permitted() {
    let door = with(&format!("{ALL}{EVERYBODY}"));
    let raw = door.raw();
    let (blob, empty) = (raw.blob("x\n"), raw.tree(&[]));
    let good = raw.tree(&[("100644", b"x", &blob)]);
    let mut refused = Vec::new();
    for (what, entries) in [
        (
            "twice",
            vec![
                ("100664", &b"f"[..], blob.as_str()),
                ("100644", b"f", &blob),
            ],
        ),
        (
            "no order",
            vec![("100664", b"g", &blob), ("100664", b"f", &blob)],
        ),
        ("a directory as a file", vec![("100664", b"f", &good)]),
        ("an empty directory", vec![("40000", b"e", &empty)]),
        ("one of an odd mode", vec![("040000", b"e", &empty)]),
        ("a mode of nothing", vec![("0", b"f", &blob)]),
    ] {
        let inner = raw.tree_as_it_is(&entries);
        let commit = door.commit_in_src(&[("40000", b"new", &inner)]);
        refused.push((what.to_owned(), commit));
    }
    door.refuses_all(&refused, "INT-003");
    let modes = [
        ("100664", &b"f"[..], blob.as_str()),
        ("100775", b"g", &blob),
        ("040000", b"h", &good),
    ];
    let inner = raw.tree_as_it_is(&modes);
    door.accepts(
        "odd modes",
        &door.commit_in_src(&[("40000", b"new", &inner)]),
    );
}
