//! What things mean, and since when: dates in what people look at, the same from every clone.

use crate::world::{RUN, TASK, World};

/// Tells whether a text has a date in ISO 8601, in UTC.
fn is_dated(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let shape: String = word
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        shape.trim_end_matches([',', ';']) == "0000-00-00T00:00:00Z"
    })
}

#[test]
fn whoever_looks_sees_since_when() {
    let world = World::rejected();
    for words in [
        &["log"][..],
        &["status", "--all"],
        &["show", RUN],
        &["show", TASK],
        &["chain", RUN],
    ] {
        let all = [&["git", "awo"][..], words].concat();
        let said = world.run("otto", "otto", &all).text;
        assert!(said.lines().any(is_dated), "{words:?}: {said}");
        // What a clone says follows from what is recorded.
        let other = world.run("olga", "olga", &all).text;
        let dated = |text: &str| -> Vec<String> {
            let lines = text
                .lines()
                .filter(|it| is_dated(it) && !it.contains("next"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(dated(&said), dated(&other), "{words:?}");
    }
    let chain = world
        .run("otto", "otto", &["git", "awo", "chain", RUN])
        .text;
    for link in [
        "contract",
        "run",
        "gate 2",
        "finalization",
        "provenance index",
        "outcome",
    ] {
        let line = chain
            .lines()
            .find(|it| it.starts_with(&format!("  {link} ")));
        assert!(line.is_some_and(is_dated), "{link}: {chain}");
    }
}

#[test]
fn a_review_that_failed_is_not_held() {
    let world = World::executed();
    let state = || {
        let words = ["git", "awo", "--json", "chain", RUN];
        let output = world.command("otto", "otto", &words).output().unwrap();
        let chain: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut links = chain["links"].as_array().unwrap().iter();
        let link = links.find(|it| it["link"] == "gate 2").unwrap();
        link["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(), "missing");
    // otto reviews himself: that is recorded, and fails.
    world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001");
    assert_eq!(state(), "failed");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    assert_eq!(state(), "held", "another review passed");
}
