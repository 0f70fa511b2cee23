//! Clocks that are ten years off. A verdict is the same under any of them; what asks the clock is
//! expiry alone, and that asks the server's.

use std::process::Command;

use crate::world::{PACKET, RUN, SENTENCE, TASK, World};

/// Seconds of ten years.
const DECADE: i64 = 10 * 365 * 86_400;

fn off_by(seconds: i64) -> impl Fn(&mut Command) {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let time = i64::try_from(now.as_secs()).unwrap() + seconds;
    move |command| {
        command
            .env("SOURCE_DATE_EPOCH", time.to_string())
            .env("GIT_AUTHOR_DATE", format!("{time} +0000"))
            .env("GIT_COMMITTER_DATE", format!("{time} +0000"));
    }
}

fn act(world: &World, who: &str, words: &[&str], clock: impl Fn(&mut Command)) -> (i32, String) {
    let mut all = vec!["git", "awo"];
    all.extend(words);
    let mut command = world.command(who, who, &all);
    clock(&mut command);
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

/// The note that a clone was not told anything new for long.
const AGE: &str = "nothing was heard of the server since";

/// Returns a verdict in JSON without that note.
pub fn without_age(verdict: &str) -> String {
    let lines = verdict.split_inclusive('\n');
    let others: String = lines.filter(|line| !line.contains(AGE)).collect();
    others.replace("\"notes\": [\n  ]", "\"notes\": []")
}

#[test]
fn only_expiry_asks_the_clock() {
    // Of a clock that is slow nobody takes notice, but for approvals: these are made by a good one,
    // and pushed by one, since the client's own hook looks at their expiry too.
    let world = World::approved();
    let slow = off_by(-DECADE);
    world.write("agent.sh", crate::world::AGENT);
    let agent = world.path("agent.sh").display().to_string();
    let run = ["run", TASK, "--run-id", RUN, "--", "sh", &agent];
    let right = |_: &mut Command| {};
    for (who, words, approves) in [
        ("otto", &run[..], false),
        ("otto", &["push"], false),
        ("rita", &["fetch"], false),
        ("rita", &["gate", RUN], false),
        ("rita", &["approve", RUN], true),
        ("rita", &["attest", RUN], false),
        ("rita", &["push"], true),
        ("otto", &["fetch"], false),
        ("otto", &["finalize", RUN], false),
        ("otto", &["push"], false),
    ] {
        let (code, said) = match approves {
            true => act(&world, who, words, right),
            false => act(&world, who, words, &slow),
        };
        assert_eq!(code, 0, "{who} {words:?}: {said}");
    }
    assert_eq!(world.rev("server.git", "main"), world.rev("otto", "main"));
    world.fresh_clone();
    let verify = ["verify", "--json"];
    let honest = act(&world, "vera", &verify, right);
    assert_eq!(honest.0, 0, "{}", honest.1);
    // A landed commit stays what it is, whatever the time; only the age of it all is noted.
    for seconds in [-DECADE, DECADE] {
        let (code, said) = act(&world, "vera", &verify, off_by(seconds));
        assert_eq!(said.contains(AGE), seconds > 0, "{said}");
        assert_eq!((code, without_age(&said)), honest);
    }

    // By a clock that is fast the approval has expired: nothing is run.
    let world = World::approved();
    world.write("agent.sh", crate::world::AGENT);
    let before = world.server();
    let (code, said) = act(&world, "otto", &["run", TASK, "--", "true"], off_by(DECADE));
    assert!(code == 1 && said.contains("GOV-005"), "{said}");
    assert_eq!(world.server(), before);
}

#[test]
fn an_approval_of_another_decade_is_refused() {
    for seconds in [-DECADE, DECADE, 0] {
        let world = World::founded();
        world.write("packet.md", PACKET);
        world.ok(
            "olga",
            "olga",
            &["git", "awo", "task", "import", "../packet.md"],
        );
        let clock = off_by(seconds);
        let approve = ["approve", TASK, "--sentence", SENTENCE];
        let (code, said) = act(&world, "olga", &approve, &clock);
        assert_eq!(code, 0, "{said}");
        let before = world.server();
        // The hooks are the server's own, though its clock is told to go wrong as well.
        let refs = ["refs/awo/ledger", "refs/notes/awo/approvals/*"];
        let mut words = vec!["git", "push", "--no-verify", "--atomic", "origin"];
        words.extend(refs);
        let mut push = world.command("olga", "olga", &words);
        clock(&mut push);
        let output = push.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if seconds == 0 {
            assert!(output.status.success(), "{said}");
            continue;
        }
        assert!(!output.status.success(), "{seconds} is accepted: {said}");
        assert!(said.contains("GOV-005"), "{seconds}: {said}");
        assert_eq!(world.server(), before, "nothing moved");
    }
}
