//! `GIT_AWO_JSON`: whoever pushes may choose it, so it writes only where the server says.

use std::os::unix::fs::symlink;

use crate::hostile::door::Door;

/// Pushes a commit that is refused, with this in the environment of the hooks.
fn push(door: &Door, commit: &str, variables: &[(&str, &str)]) -> String {
    let refspec = format!("{commit}:refs/heads/main");
    let words = ["git", "push", "--no-verify", "origin", &refspec];
    let mut command = door.world.command("otto", "otto", &words);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("GOV-002"), "the verdict is the same: {text}");
    // What was wrapped is one line again.
    text.replace("remote: ", "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_verdict_is_written_only_where_the_server_says() {
    const NAMED: &str = "awo.jsonDirectory names";
    let door = Door::of_otto();
    let world = &door.world;
    let (_, root) = door.base();
    let commit = door.commit(&root);
    let path = |below: &str| world.path(below).display().to_string();
    world.write("precious", "precious\n");
    let precious = path("precious");
    let intact = |what: &str| {
        let text = std::fs::read_to_string(&precious).unwrap();
        assert_eq!(text, "precious\n", "{what}");
    };
    // Where the server names no directory, nothing is written, whatever the pusher configures.
    let unset = ["git", "config", "--unset", "awo.jsonDirectory"];
    world.ok("server", "server.git", &unset);
    let home = path("");
    let by_pusher = [
        ("GIT_AWO_JSON", precious.as_str()),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "awo.jsonDirectory"),
        ("GIT_CONFIG_VALUE_0", &home),
    ];
    let said = push(&door, &commit, &by_pusher);
    assert!(
        said.contains("no verdict was written") && said.contains(NAMED),
        "{said}"
    );
    world.ok(
        "otto",
        "otto",
        &["git", "config", "--global", "awo.jsonDirectory", &home],
    );
    let said = push(&door, &commit, &by_pusher[..1]);
    assert!(said.contains(NAMED), "{said}");
    intact("no directory");

    let verdicts = path("verdicts");
    world.ok(
        "server",
        "server.git",
        &["git", "config", "awo.jsonDirectory", &verdicts],
    );
    symlink(&precious, world.path("verdicts/link")).unwrap();
    symlink(world.path(""), world.path("verdicts/up")).unwrap();
    std::fs::create_dir(world.path("verdicts/directory")).unwrap();
    world.ok("otto", ".", &["mkfifo", "verdicts/pipe"]);
    for file in [
        precious.clone(),
        path("verdicts/../precious"),
        path("verdicts/up/precious"),
        path("verdicts/link"),
        path("verdicts/pipe"),
        path("verdicts/directory"),
        path("verdicts/directory/x"),
        path("verdicts/.."),
        "/".to_owned(),
        path("server.git/HEAD"),
    ] {
        let said = push(&door, &commit, &[("GIT_AWO_JSON", &file)]);
        assert!(said.contains("no verdict was written"), "{file}: {said}");
        intact(&file);
    }
    assert!(!world.path("verdicts/directory/x").exists());
    // As root somebody else's file can be made; others cannot make one.
    world.write("verdicts/other", "theirs\n");
    let other = world.path("verdicts/other");
    if std::os::unix::fs::chown(&other, Some(65_534), None).is_ok() {
        let file = other.display().to_string();
        let said = push(&door, &commit, &[("GIT_AWO_JSON", &file)]);
        assert!(said.contains("another user's"), "{said}");
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "theirs\n");
    }
    // Their twin: a name there, or the whole path, also over an earlier verdict.
    for file in ["mine.json", &path("verdicts/mine.json")] {
        for _ in 0..2 {
            let said = push(&door, &commit, &[("GIT_AWO_JSON", file)]);
            assert!(!said.contains("no verdict"), "{said}");
            let text = std::fs::read(world.path("verdicts/mine.json")).unwrap();
            let verdict: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(verdict["verdict"], "denied");
        }
        std::fs::remove_file(world.path("verdicts/mine.json")).unwrap();
    }
}
