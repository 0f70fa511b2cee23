//! `git awo task board`: every contract of the ledger, from records alone.

use serde_json::Value;

use crate::claims::approved_tasks;
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
    assert_eq!(bars, 10, "{row}");
}

/// What the board of somebody's clone says of the claim on a task.
fn claim_on(world: &World, who: &str, task: &str) -> Value {
    let words = ["git", "awo", "--json", "task", "board"];
    let board: Value = serde_json::from_str(&world.ok(who, who, &words)).unwrap();
    let tasks = board["tasks"].as_array().unwrap();
    let found = tasks.iter().find(|it| it["task"] == task);
    found.unwrap()["claim"].clone()
}

#[test]
fn the_board_shows_who_claims_a_task_and_until_when() {
    let world = approved_tasks();
    assert_eq!(claim_on(&world, "otto", "T-A"), Value::Null);
    let claim = ["git", "awo", "--json", "claim", "T-A", "--hours", "1"];
    let claimed: Value = serde_json::from_str(&world.ok("otto", "otto", &claim)).unwrap();
    let until = claimed["expires"].as_str().unwrap();
    let shown = |received: bool| serde_json::json!({"holder": "otto", "expires": until, "received": received});
    // It does not count yet, and says so.
    assert_eq!(claim_on(&world, "otto", "T-A"), shown(false));
    let text = world.ok("otto", "otto", BOARD);
    let waits = format!("claimed by otto until {until}, not at the server yet  approved");
    assert!(text.contains(&waits), "{text}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for who in ["otto", "rita"] {
        assert_eq!(claim_on(&world, who, "T-A"), shown(true), "{who}");
        let text = world.ok(who, who, BOARD);
        let held = format!("T-A  base T-A  claimed by otto until {until}  approved");
        assert!(text.contains(&held), "{text}");
        let text = world.ok(who, who, MARKDOWN);
        let cell = format!("| otto until {until} | approved |");
        let row = text.lines().find(|it| it.contains("| T-A |")).unwrap();
        assert!(row.contains(&cell), "{row}");
    }
    assert_eq!(claim_on(&world, "rita", "T-B"), Value::Null);
    // What prolongs it counts once the server has it.
    let renew = ["git", "awo", "--json", "claim", "T-A", "--renew"];
    let renewed: Value = serde_json::from_str(&world.ok("otto", "otto", &renew)).unwrap();
    assert_eq!(claim_on(&world, "otto", "T-A"), shown(true));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    assert_eq!(
        claim_on(&world, "otto", "T-A")["expires"],
        renewed["expires"]
    );
    // One that has ended, by itself or by hand, is not shown.
    let late = jiff::Timestamp::now().as_second() + 40 * 3_600;
    let mut board = world.command("otto", "otto", BOARD);
    let output = board.env("SOURCE_DATE_EPOCH", late.to_string()).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(
        text.contains("T-A") && !text.contains("claimed by"),
        "{text}"
    );
    world.ok("otto", "otto", &["git", "awo", "unclaim", "T-A"]);
    assert_eq!(claim_on(&world, "otto", "T-A"), Value::Null);
}
