//! `git awo task board`: every contract of the ledger, from records alone.

use serde_json::Value;

use crate::work::{plain, planned};
use crate::world::{RUN, TASK, World};

const BOARD: &[&str] = &["git", "awo", "task", "board"];
const MARKDOWN: &[&str] = &["git", "awo", "task", "board", "--md"];

fn board(world: &World, directory: &str) -> Value {
    let words = ["git", "awo", "--json", "task", "board"];
    serde_json::from_str(&world.ok("olga", directory, &words)).unwrap()
}

#[test]
fn a_run_stands_on_the_board_with_its_commit_alike_in_every_clone() {
    let world = World::landed();
    let json = board(&world, "olga");
    let task = &json["tasks"][0];
    assert_eq!(task["task"], TASK);
    assert_eq!(task["state"], "finalized");
    assert_eq!(task["runs"][0]["run"], RUN);
    assert_eq!(task["runs"][0]["landed"], true);
    let commit = task["runs"][0]["commit"].as_str().unwrap();
    let tip = world.ok("olga", "olga", &["git", "rev-parse", "origin/main"]);
    assert_eq!(commit, tip.trim());

    let here = world.ok("olga", "olga", MARKDOWN);
    assert_eq!(here, world.ok("olga", "olga", MARKDOWN));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    assert_eq!(here, world.ok("otto", "otto", MARKDOWN));

    let rejected = ["git", "awo", "outcome", RUN, "rejected", "--reason", "no"];
    world.ok("olga", "olga", &rejected);
    assert_eq!(board(&world, "olga")["tasks"][0]["state"], "rejected");
}

#[test]
fn a_contract_without_a_run_stands_where_its_approvals_are() {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    let json = board(&world, "olga");
    let tasks = json["tasks"].as_array().unwrap();
    let found = tasks.iter().find(|it| it["task"] == "WP-X").unwrap();
    assert_eq!(found["state"], "imported");
    assert_eq!(found["superseded_by"], Value::Null);
    assert_eq!(found["runs"], serde_json::json!([]));

    world.signs("WP-X");
    world.approves_task("WP-X");
    let json = board(&world, "olga");
    let tasks = json["tasks"].as_array().unwrap();
    let found = tasks.iter().find(|it| it["task"] == "WP-X").unwrap();
    assert_eq!(found["state"], "approved");
    let text = world.ok("olga", "olga", BOARD);
    assert!(text.contains("WP-X  base WP-X"), "{text}");
}

#[test]
fn nothing_of_a_task_is_markup_in_the_table() {
    let world = World::founded();
    let text = "say | [x](http://y) <b> `z`";
    let new = [
        "git", "awo", "task", "new", "T-9", "--task", text, "--allow", "src/",
    ];
    world.ok("olga", "olga", &new);
    let shown = world.ok("olga", "olga", MARKDOWN);
    let row = shown.lines().find(|it| it.contains("T-9")).unwrap();
    assert!(row.contains(r"say \| \[x\](http://y) \<b\> \`z\`"), "{row}");
    let bars = row.replace(r"\|", "").matches('|').count();
    assert_eq!(bars, 9, "{row}");
}
