//! How much one push may bring.

use std::io::Write as _;
use std::process::Stdio;

use git_awo::actor::Actor;
use git_awo::git::CommitDraft;
use git_awo::record::ObjectId;
use git_awo::record::tree::Mode;

use super::{door_with, held};
use crate::hostile::door::Door;

/// Pushes that many new branches at one commit.
fn refs(commit: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|at| format!("{commit}:refs/heads/wip/many/{count}/{at}"))
        .collect()
}

fn refused(door: &Door, what: &str, refspecs: &[String]) {
    let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
    door.refuses_push(what, &refspecs, &["INT-006"]);
}

fn accepted(door: &Door, what: &str, refspecs: &[String]) {
    let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
    door.accepts_push(what, &refspecs);
}

#[test]
fn refs_at_the_limit_and_one_more() {
    let door = Door::of_otto();
    let (tip, _) = door.base();
    refused(&door, "1,001 refs", &refs(&tip, 1_001));
    accepted(&door, "1,000 refs", &refs(&tip, 1_000));
    let door = door_with("refs = 3");
    let (tip, _) = door.base();
    refused(&door, "4 refs of 3", &refs(&tip, 4));
    accepted(&door, "3 refs of 3", &refs(&tip, 3));
    held(2);
}

fn signed(actor: &Actor, parent: ObjectId, tree: ObjectId, message: &[u8]) -> ObjectId {
    let draft = CommitDraft {
        tree,
        parents: vec![parent],
        author: actor.author(),
        committer: actor.author(),
        message: message.to_vec(),
        signature: None,
    };
    let draft = actor.sign_commit(draft).unwrap();
    actor.repo.write_commit(&draft).unwrap()
}

/// A chain of signed commits that change nothing; returns each tenth part's tip as well as the last.
fn chain(door: &Door, count: usize) -> Vec<String> {
    let actor = door.world.actor(door.who);
    let (tip, tree) = door.base();
    let mut parent: ObjectId = tip.parse().unwrap();
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        parent = signed(&actor, parent, tree.parse().unwrap(), b"Nothing\n");
        all.push(parent.to_string());
    }
    all
}

fn at_the_limit(door: &Door, limit: usize) {
    let chain = chain(door, limit + 1);
    let (at, over) = (&chain[limit - 1], &chain[limit]);
    let told = door.refuses("one commit more", over, &["INT-006"]);
    assert!(told.text.contains("git push SERVER"), "{}", told.text);
    // Also if they come on two branches.
    let half = &chain[limit / 2];
    let other = door.commit_in_src(&[("100644", b"x", &door.raw().blob("x\n"))]);
    let both = [
        format!("{at}:refs/heads/wip/a"),
        format!("{other}:refs/heads/wip/b"),
    ];
    refused(door, "one more on another branch", &both);
    door.accepts("half of them", half);
    door.accepts("at the limit", at);
    held(1);
}

#[test]
fn commits_at_the_limit_and_one_more() {
    at_the_limit(&door_with("commits = 5"), 5);
}

/// A chain of signed commits that change one file of `src/` each.
fn changes(door: &Door, count: usize) -> Vec<String> {
    let actor = door.world.actor(door.who);
    let (tip, tree) = door.base();
    let (mut parent, mut tree): (ObjectId, ObjectId) =
        (tip.parse().unwrap(), tree.parse().unwrap());
    let mut all = Vec::with_capacity(count);
    for at in 0..count {
        let blob = actor.repo.write_blob(at.to_string().as_bytes()).unwrap();
        let file = [("src/x".into(), Some((Mode::File, blob)))];
        tree = actor.repo.edit_tree(Some(tree), &file).unwrap();
        parent = signed(&actor, parent, tree, b"Change src/x\n");
        all.push(parent.to_string());
    }
    all
}

/// More work than the policy allows is said once, whatever still follows, and goes in parts.
#[test]
fn work_beyond_the_limit_goes_in_parts() {
    let door = door_with("work = 5000");
    let changes = changes(&door, 60);
    let all = changes.last().unwrap();
    let again = [
        format!("{all}:refs/heads/wip/a"),
        format!("{all}:refs/heads/wip/b"),
    ];
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    for refspecs in [&again[..1], &again] {
        let told = door.refuses_push("too much at once", refspecs, &["INT-006"]);
        assert_eq!(told.text.matches("INT-006").count(), 1, "{}", told.text);
        assert!(told.text.contains("work in [limits]"), "{}", told.text);
    }
    for half in [&changes[29], all] {
        door.accepts_push("a half", &[&format!("{half}:refs/heads/wip/a")]);
    }
    door.world.fresh_clone();
    door.world.ok("vera", "vera", &["git", "awo", "verify"]);
    held(1);
}

/// Who has more than one push may bring is told how to bring it, and that works.
#[test]
fn more_records_than_one_push_may_bring_go_in_parts() {
    let door = Door::new(door_with("commits = 5").world, "olga");
    let world = &door.world;
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    for at in 0..12 {
        let id = format!("W-{at}");
        let words = "git awo task new ID --task it --allow src/ --validate true";
        let words: Vec<&str> = words
            .split(' ')
            .map(|word| if word == "ID" { &id } else { word })
            .collect();
        world.ok("olga", "olga", &words);
    }
    let all = ["refs/awo/ledger:refs/awo/ledger"];
    for _ in 0..2 {
        let told = door.refuses_push("all at once", &all, &["INT-006"]);
        let words = told.text.split_whitespace();
        let part = words.clone().find(|word| word.contains(":refs/awo/ledger"));
        door.accepts_push("the part that it names", &[part.expect(&told.text)]);
    }
    door.accepts_push("the rest", &all);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
#[ignore = "slow: 10,001 signed commits are made and pushed"]
fn ten_thousand_commits_and_one_more() {
    at_the_limit(&Door::of_otto(), 10_000);
}

/// A commit with that many new files, in two directories.
fn files(door: &Door, count: usize) -> String {
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let tree = |count: usize| {
        let words = ["git", "mktree"];
        let mut command = door.world.command(door.who, door.who, &words);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines: String = (0..count)
            .map(|at| format!("100644 blob {blob}\t{at}\n"))
            .collect();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(lines.as_bytes())
            .unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    };
    let (one, two) = (tree(count / 2), tree(count - count / 2));
    door.commit_in_src(&[("40000", b"one", &one), ("40000", b"two", &two)])
}

fn paths_at_the_limit(door: &Door, limit: usize) {
    door.refuses("one path more", &files(door, limit + 1), &["INT-006"]);
    let full = files(door, limit);
    // One more in a second commit, on the same branch or on another one.
    let (_, root) = door.base();
    let undone = door.raw().commit(&root, &[&full], "Undo\n");
    door.refuses("as many again in a second commit", &undone, &["INT-006"]);
    let other = door.commit_in_src(&[("100644", b"x", &door.raw().blob("x\n"))]);
    let both = [
        format!("{full}:refs/heads/wip/a"),
        format!("{other}:refs/heads/wip/b"),
    ];
    refused(door, "one more on another branch", &both);
    door.accepts("at the limit", &full);
    held(1);
}

#[test]
fn paths_at_the_limit_and_one_more() {
    paths_at_the_limit(&door_with("paths = 6"), 6);
}

#[test]
fn a_hundred_thousand_paths_and_one_more() {
    paths_at_the_limit(&Door::of_otto(), 100_000);
}

#[test]
#[ignore = "slow: 100,001 files are judged three times"]
fn a_policy_may_raise_what_a_push_may_bring() {
    let door = door_with("paths = 150000\nrefs = 1200");
    door.accepts("more paths than by default", &files(&door, 100_001));
    let (tip, _) = door.base();
    accepted(&door, "more refs than by default", &refs(&tip, 1_001));
    door.refuses(
        "more than the policy takes",
        &files(&door, 150_001),
        &["INT-006"],
    );
    door.world.fresh_clone();
    door.world.ok("vera", "vera", &["git", "awo", "verify"]);
}
