//! Commits that hide what they change, or what they are.

use git_awo::hook::speak::heard;

use crate::hostile::door::Door;
use crate::world::{RUN, World, policy};

/// The header lines of a commit on main's tip, by otto.
fn headers(door: &Door) -> String {
    let (tip, tree) = door.base();
    format!("tree {tree}\nparent {tip}\n{}", people("1700000000 +0000"))
}

fn people(when: &str) -> String {
    let person = format!("otto <otto@example.org> {when}\n");
    format!("author {person}committer {person}")
}

fn forced<'a>(list: &'a [(String, &'static str)]) -> Vec<(&'a str, &'static str)> {
    list.iter().map(|(id, code)| (id.as_str(), *code)).collect()
}

#[test]
fn what_is_done_and_undone_is_seen_wherever_it_hides() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let blob = raw.blob("evil\n");
    let workflows = raw.tree(&[("100644", b"ci.yml", &blob)]);
    let github = raw.tree(&[("40000", b"workflows", &workflows)]);
    let added = raw.tree_with(&root, &[("40000", b".github", &github)]);
    let src = door.world.rev("otto", "origin/main:src");
    let strings = door.world.rev("otto", "origin/main:src/strings.py");
    let executable = raw.tree_with(&src, &[("100755", b"strings.py", &strings)]);
    let executable = raw.tree_with(&root, &[("40000", b"src", &executable)]);
    let moved = raw.tree_with(&root, &[("40000", b"lib", &src)]);
    let commit = |tree: &str, parents: &[&str], message: &str| raw.commit(tree, parents, message);

    let mut found = Vec::new();
    for (what, tree, codes) in [
        ("a path", &added, ["GOV-003"]),
        ("a mode", &executable, ["INT-003"]),
        ("a directory", &moved, ["GOV-003"]),
    ] {
        let done = commit(tree, &[&tip], "Do\n");
        let undone = commit(&root, &[&done], "Undo\n");
        door.refuses(&format!("{what}, in a row"), &undone, &codes);
        // The second parent's side is as new as the first's.
        let side = commit(&root, &[&tip], "Other side\n");
        let merged = commit(&root, &[&side, &undone], "Merge\n");
        door.refuses(&format!("{what}, on a side branch"), &merged, &codes);
        // What was undone by leaving it out of a merge.
        let merged = commit(&root, &[&tip, &done], "Merge -s ours\n");
        door.refuses(&format!("{what}, dropped by a merge"), &merged, &codes);
        found.push((undone, codes[0]));
    }
    let mine = raw.tree_with(&src, &[("100644", b"a.py", &blob)]);
    let mine = raw.tree_with(&root, &[("40000", b"src", &mine)]);
    let done = commit(&mine, &[&tip], "Do\n");
    let undone = commit(&root, &[&done], "Undo\n");
    door.accepts("within one's own paths", &undone);
    let merged = commit(&root, &[&tip, &undone], "Merge\n");
    door.accepts("within one's own paths, merged", &merged);
    door.verify_finds_all(&forced(&found));
}

#[test]
fn another_commit_under_the_records_of_a_run_is_refused() {
    let world = World::finalized();
    let records = ["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];
    let harness = world.rev("otto", "main");
    let base = world.rev("otto", "main^");
    let tree = world.rev("otto", "main^{tree}");
    let words = ["git", "log", "-1", "--format=%B", "main"];
    let message = world.ok("otto", "otto", &words);
    let message = format!("{}\n", message.trim_end());
    let door = Door::new(world, "otto");
    let raw = door.raw();
    let (_, old) = door.base();
    let blob = raw.blob("x = 1\n");
    let src = door.world.rev("otto", "main:src");
    let src = raw.tree_with(&src, &[("100644", b"more.py", &blob)]);
    let more = raw.tree_with(&tree, &[("40000", b"src", &src)]);
    let sibling = raw.commit(&old, &[&base], "Empty\n");
    let title = message.lines().next().unwrap_or_default().to_owned();
    let table = [
        (
            "amended: another time",
            raw.commit(&tree, &[&base], &message),
            vec!["ATT-002"],
        ),
        (
            "amended: another message",
            raw.commit(&tree, &[&base], &message.replacen(&title, "Other", 1)),
            vec!["ATT-002"],
        ),
        (
            "amended: one file more",
            raw.commit(&more, &[&base], &message),
            vec!["ATT-002", "GOV-003"],
        ),
        (
            "rebased",
            raw.commit(&tree, &[&sibling], &message),
            vec!["ATT-002", "GOV-002"],
        ),
        (
            "squashed, without the trailers",
            raw.commit(&tree, &[&base], "Squashed\n"),
            vec!["GOV-002"],
        ),
        (
            "a second one on top",
            raw.commit(&tree, &[&harness], &message),
            vec!["ATT-002"],
        ),
    ];
    for (what, commit, codes) in table {
        let mut refspecs = records.to_vec();
        let main = format!("{commit}:refs/heads/main");
        refspecs.push(&main);
        door.refuses_push(what, &refspecs, &codes);
    }
    // The branch of its own takes no governed commits: the run was approved for main.
    let mut refspecs = records.to_vec();
    let picked = format!("{harness}:refs/heads/wip/picked");
    refspecs.push(&picked);
    door.refuses_push(
        "the commit itself, on another branch",
        &refspecs,
        &["ATT-002", "GOV-002"],
    );
    let mut refspecs = records.to_vec();
    refspecs.push("main");
    door.accepts_push("the commit itself", &refspecs);
    door.world.fresh_clone();
    door.world
        .ok("vera", "vera", &["git", "awo", "verify", RUN]);
}

#[test]
fn commits_that_can_be_read_in_two_ways_are_refused() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, tree) = door.base();
    let empty = raw.tree(&[]);
    let who = people("1700000000 +0000");
    let author = who.lines().next().unwrap_or_default();
    let committer = who.lines().nth(1).unwrap_or_default();
    let head = format!("tree {tree}\nparent {tip}\n");
    let when = |when: &str| format!("{head}{}", people(when)).into_bytes();
    let text = |text: String| text.into_bytes();
    let mut table: Vec<(&str, Vec<u8>)> = vec![
        (
            "two trees, the good one first",
            text(format!("tree {tree}\ntree {empty}\nparent {tip}\n{who}")),
        ),
        (
            "two trees, the good one last",
            text(format!("tree {empty}\n{head}{who}")),
        ),
        (
            "a tree at the end",
            text(format!("{head}{who}tree {empty}\n")),
        ),
        (
            "a parent after the author",
            text(format!("{head}{author}\nparent {tip}\n{committer}\n")),
        ),
        (
            "a parent at the end",
            text(format!("{head}{who}parent {tip}\n")),
        ),
        (
            "a parent before the tree",
            text(format!("parent {tip}\ntree {tree}\n{who}")),
        ),
        (
            "two authors",
            text(format!("{head}{author}\n{author}\n{committer}\n")),
        ),
        ("two committers", text(format!("{head}{who}{committer}\n"))),
        (
            "an author at the end",
            text(format!("{head}{who}{author}\n")),
        ),
        ("no author", text(format!("{head}{committer}\n"))),
        ("no committer", text(format!("{head}{author}\n"))),
        (
            "committer before author",
            text(format!("{head}{committer}\n{author}\n")),
        ),
        ("no tree", text(format!("parent {tip}\n{who}"))),
        (
            "two encodings",
            text(format!("{head}{who}encoding UTF-8\nencoding latin1\n")),
        ),
        (
            "a signature of another kind",
            text(format!("{head}{who}gpgsigx x\n")),
        ),
        ("a second signature", text(format!("{head}{who}gpgsig x\n"))),
        (
            "NUL in the author",
            text(format!("{head}author a\0b <a@b> 1 +0000\n{committer}\n")),
        ),
        ("NUL in a header", text(format!("{head}{who}x a\0b\n"))),
        (
            "a header without a value",
            text(format!("{head}{who}lonely\n")),
        ),
        (
            "a continuation of nothing",
            text(format!("{head}{who} tree {empty}\n")),
        ),
        (
            "an empty header name",
            text(format!("{head}{author}\n{committer}\n \n")),
        ),
        (
            "CR at the end of the tree",
            text(format!("tree {tree}\r\nparent {tip}\n{who}")),
        ),
        (
            "CR at every end",
            text(format!("{head}{who}").replace('\n', "\r\n")),
        ),
        (
            "a blank before the id",
            text(format!("tree  {tree}\nparent {tip}\n{who}")),
        ),
        (
            "a tab for a blank",
            text(format!("tree\t{tree}\nparent {tip}\n{who}")),
        ),
        (
            "an id in upper case",
            text(format!("tree {}\nparent {tip}\n{who}", tree.to_uppercase())),
        ),
        (
            "a short id",
            text(format!("tree {}\nparent {tip}\n{who}", &tree[..39])),
        ),
        (
            "a long id",
            text(format!("tree {tree}{}\nparent {tip}\n{who}", &tree[..24])),
        ),
        (
            "a person without an address",
            text(format!("{head}author otto 1700000000 +0000\n{committer}\n")),
        ),
        (
            "two addresses",
            text(format!(
                "{head}author otto <a@b> <c@d> 1700000000 +0000\n{committer}\n"
            )),
        ),
    ];
    for (what, date) in [
        ("no date", ""),
        ("a date of words", "yesterday +0000"),
        ("a negative date", "-1 +0000"),
        ("a date with a zero in front", "01700000000 +0000"),
        ("a date that overflows", "99999999999999999999 +0000"),
        ("no zone", "1700000000"),
        ("a zone of words", "1700000000 UTC"),
        ("two blanks", "1700000000  +0000"),
        ("something after the zone", "1700000000 +0000 x"),
    ] {
        table.push((what, when(date)));
    }
    let mut found = Vec::new();
    for (what, headers) in table {
        let commit = raw.sign_commit(&headers, b"Work\n");
        if refuses_or_git_does(&door, what, &commit, &["INT-003"]) {
            found.push((commit, "INT-003"));
        }
    }
    let commit = raw.sign_commit(headers(&door).as_bytes(), b"Work\n\0hidden\n");
    door.refuses("NUL in the message", &commit, &["INT-003"]);
    let unended = format!("{head}{}", who.trim_end());
    let commit = raw.object("commit", unended.as_bytes());
    refuses_or_git_does(&door, "a header without an end", &commit, &["INT-003"]);
    // The signature is over other bytes than it stands in.
    let good = raw.sign_commit(headers(&door).as_bytes(), b"Work\n");
    let words = ["git", "cat-file", "commit", &good];
    let bytes = door.world.ok("otto", "otto", &words);
    for (what, from, to) in [
        ("another message", "Work", "Play"),
        ("another author", "author otto", "author Otto"),
        ("another header", "gpgsig ", "x-note y\ngpgsig "),
    ] {
        let commit = raw.object("commit", bytes.replacen(from, to, 1).as_bytes());
        door.refuses(what, &commit, &["ATT-003"]);
        found.push((commit, "ATT-003"));
    }
    door.verify_finds_all(&forced(&found));
}

/// What the history of real projects holds.
#[test]
fn odd_but_plain_commits_are_accepted() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, tree) = door.base();
    let head = format!("tree {tree}\nparent {tip}\n");
    let mut last = String::new();
    for (what, headers) in [
        ("the plain one", headers(&door)),
        ("the epoch", format!("{head}{}", people("0 +0000"))),
        ("far ahead", format!("{head}{}", people("4102444800 +0000"))),
        (
            "beyond 32 bits",
            format!("{head}{}", people("99999999999 +0000")),
        ),
        (
            "an odd zone",
            format!("{head}{}", people("1700000000 -0330")),
        ),
        (
            "zero, the other way",
            format!("{head}{}", people("1700000000 -0000")),
        ),
        (
            "a zone that does not exist",
            format!("{head}{}", people("1700000000 +7500")),
        ),
        (
            "an encoding that is UTF-8",
            format!("{}encoding utf-8\n", headers(&door)),
        ),
        (
            "an unknown header",
            format!("{}x-tool hg\n and more\n", headers(&door)),
        ),
        (
            "merge tags",
            format!(
                "{}mergetag object {tip}\n type commit\nmergetag object {tip}\n type commit\n",
                headers(&door)
            ),
        ),
        (
            "no name",
            format!(
                "{head}author <> 1700000000 +0000\ncommitter <otto@example.org> 1700000000 +0000\n"
            ),
        ),
        (
            "quotes and dots",
            format!("{head}author Ott. \"o\" O'Otto <otto> 1 +0000\ncommitter o <o> 1 +0000\n"),
        ),
    ] {
        let commit = raw.sign_commit(headers.as_bytes(), b"Work\n");
        door.accepts(what, &commit);
        last = commit;
    }
    for (what, message) in [
        ("no message", &b""[..]),
        ("no line feed at the end", b"Work"),
        ("blank lines", b"\n\n\nWork\n\n\n"),
        ("another encoding", b"Gr\xfc\xdfe\n"),
        ("CR at the ends", b"Work\r\n\r\nMore\r\n"),
        (
            "a title like a header",
            b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n",
        ),
    ] {
        let commit = raw.sign_commit(headers(&door).as_bytes(), message);
        door.accepts(what, &commit);
    }
    let on_top = raw.commit(&tree, &[&last], "On top\n");
    door.accepts("a commit on top of one", &on_top);
    door.world.fresh_clone();
    door.world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_commit_of_objects_that_are_not_there_is_refused() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, tree) = door.base();
    let blob = door.world.rev("otto", "origin/main:README.md");
    let null = "0".repeat(tip.len());
    let head = |tree: &str, parent: &str| {
        let who = people("1700000000 +0000");
        format!("tree {tree}\nparent {parent}\n{who}")
    };
    for (what, headers) in [
        ("a blob for a tree", head(&blob, &tip)),
        ("a commit for a tree", head(&tip, &tip)),
        ("a tree for a parent", head(&tree, &tree)),
        ("a blob for a parent", head(&tree, &blob)),
        ("no tree", head(&null, &tip)),
        ("no parent", head(&tree, &null)),
        ("a tree that is missing", head(&"1".repeat(tip.len()), &tip)),
        (
            "a parent that is missing",
            head(&tree, &"1".repeat(tip.len())),
        ),
    ] {
        let commit = raw.sign_commit(headers.as_bytes(), b"Work\n");
        let missing = what.contains("missing") || what.starts_with("no ");
        let code = if missing { "INT-005" } else { "INT-003" };
        refuses_or_git_does(&door, what, &commit, &[code]);
    }
    door.accepts("the objects that are there", &door.commit(&tree));
}

/// The commit is refused with these codes; `false` if git on either side would not even carry it.
/// Then it is put past git into the server's store, where only the hook stands in its way.
fn refuses_or_git_does(door: &Door, what: &str, commit: &str, codes: &[&str]) -> bool {
    let refspec = format!("{commit}:refs/heads/wip/odd");
    let before = door.world.server();
    let pushed = door.push(&[&refspec]);
    assert!(!pushed.accepted, "{what} is accepted");
    assert_eq!(door.world.server(), before, "{what}");
    if !pushed.codes.is_empty() {
        door.refuses(what, commit, codes);
        return true;
    }
    let bytes = std::fs::read(loose(door, "otto/.git", commit)).unwrap();
    let there = loose(door, "server.git", commit);
    std::fs::create_dir_all(there.parent().unwrap()).unwrap();
    std::fs::write(&there, bytes).unwrap();
    let zero = "0".repeat(commit.len());
    let said = door.hook(&format!("{zero} {commit} refs/heads/wip/odd\n"));
    let found = heard(&said).into_iter().map(|it| it.code.to_string());
    assert_eq!(found.collect::<Vec<_>>(), codes, "{what}\n{said}");
    std::fs::remove_file(there).unwrap();
    false
}

fn loose(door: &Door, git_dir: &str, id: &str) -> std::path::PathBuf {
    door.world
        .path(&format!("{git_dir}/objects/{}/{}", &id[..2], &id[2..]))
}

/// Histories older than today's git hold zones of seconds and names without an address. git reads
/// them, and no new commit may look so.
#[test]
fn commits_of_old_programs_before_adoption_do_not_stand_in_the_way() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let odd = |parent: &str| {
        let head = format!(
            "tree {root}\nparent {parent}\n{}",
            people("1100000000 +051800")
        );
        raw.sign_commit(head.as_bytes(), b"Old\n")
    };
    let old = odd(&tip);
    let adopted = raw.commit(&root, &[&old], "Later\n");
    let world = &door.world;
    world.force("otto", &[&format!("{adopted}:refs/heads/main")]);
    world.ok("olga", "olga", &["git", "fetch", "--quiet", "origin"]);
    world.next_policy(2, None, |_| policy(2, &adopted, ""));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let src = world.rev("otto", "origin/main:src");
    let src = raw.tree_with(&src, &[("100644", b"a.py", &raw.blob("x = 1\n"))]);
    let tree = raw.tree_with(&root, &[("40000", b"src", &src)]);
    door.accepts("a branch at one", &old);
    let fix = raw.commit(&tree, &[&old], "Mend an old release\n");
    door.accepts("a commit on top of one", &fix);
    door.accepts("merged", &raw.commit(&tree, &[&adopted, &fix], "Merge\n"));
    let revert = format!("Revert \"Old\"\n\nThis reverts commit {old}.\n");
    door.accepts("a revert of one", &raw.commit(&tree, &[&adopted], &revert));
    door.refuses("a new one", &odd(&adopted), &["INT-003"]);
    door.verify_finds_all(&[(&odd(&adopted), "INT-003")]);
}
