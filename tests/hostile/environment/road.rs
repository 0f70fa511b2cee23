//! The main road, walked in one go by whoever is in trouble.

use std::process::Command;

use crate::world::{AGENT, PACKET, RUN, SENTENCE, TASK, World};

/// Walks from a founded world to a run rolled back, each step under `trouble`, each of which must
/// succeed. Returns the codes of exit, in order.
#[track_caller]
pub fn walk(world: &World, trouble: impl Fn(&mut Command, &str)) {
    world.write("packet.md", PACKET);
    world.write("agent.sh", AGENT);
    let agent = world.path("agent.sh").display().to_string();
    let steps: Vec<(&str, Vec<&str>)> = vec![
        ("olga", vec!["task", "import", "../packet.md"]),
        ("olga", vec!["approve", TASK, "--sentence", SENTENCE]),
        ("olga", vec!["push"]),
        ("otto", vec!["fetch"]),
        (
            "otto",
            vec!["run", TASK, "--run-id", RUN, "--", "sh", &agent],
        ),
        ("otto", vec!["push"]),
        ("rita", vec!["fetch"]),
        ("rita", vec!["gate", RUN]),
        ("rita", vec!["approve", RUN]),
        ("rita", vec!["attest", RUN]),
        ("rita", vec!["push"]),
        ("otto", vec!["fetch"]),
        ("otto", vec!["finalize", RUN]),
        ("otto", vec!["push"]),
        ("olga", vec!["fetch"]),
        ("olga", vec!["outcome", RUN, "rejected", "--reason", "no"]),
        ("olga", vec!["push"]),
        ("otto", vec!["fetch"]),
        ("otto", vec!["rollback", RUN]),
        ("otto", vec!["push"]),
        ("otto", vec!["verify"]),
        ("otto", vec!["verify", "main"]),
        ("otto", vec!["verify", RUN]),
        ("otto", vec!["status"]),
        ("otto", vec!["log"]),
        ("otto", vec!["show", RUN]),
        ("otto", vec!["chain", RUN]),
    ];
    for (who, words) in steps {
        let mut all = vec!["git", "awo"];
        all.extend(&words);
        let mut command = world.command(who, who, &all);
        trouble(&mut command, who);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{who}$ {}\n{}{}",
            all.join(" "),
            text(&output.stdout),
            text(&output.stderr)
        );
    }
    let tree = |revision: &str| world.rev("server.git", revision);
    assert_eq!(tree("main^{tree}"), tree("main~2^{tree}"), "taken back");
}
