//! Checks that show nothing, or that no further check can mend: what is said, and what leads on.

use super::{GATE, RERUN, asked, executed, ran};
use crate::world::{RUN, World};

/// Makes the same each time it is run again, and something else where the task was executed.
const OTHERWISE: &str =
    "mkdir -p src; test -n \"$PERL_HASH_SEED\" || echo other > src/two.txt; echo one > src/one.txt";

/// What somebody types to check a command.
fn check<'a>(options: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    let begin = ["git", "awo", "determinism", "check", "--runs", "2"];
    [&begin, options, &["--"], command].concat()
}

/// Follows the remedy of a run that no check can help, up to a log of gate 2 for another run.
fn another_run(world: &World, remedy: &str) {
    let cancel = format!("git awo cancel {RUN} --reason TEXT");
    let again = "git awo approve D-1 --again, then git awo run D-1 -- COMMAND";
    assert!(
        remedy.contains(&cancel) && remedy.contains(again),
        "{remedy}"
    );
    assert!(!remedy.contains("outcome"), "{remedy}");
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let words = ["git", "awo", "cancel", RUN, "--reason", "it differs"];
    world.ok("otto", "otto", &words);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.approves_again("D-1");
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let words = ["git", "awo", "run", "D-1", "--run-id", "run_second"];
    let command = ["--", "sh", "-ec", "mkdir -p src; echo one > src/one.txt"];
    world.ok("otto", "otto", &[&words[..], &command].concat());
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    let words = ["git", "awo", "determinism", "check", "--sign"];
    let text = world.ok(
        "rita",
        "rita",
        &[&words[..], &["--run", "run_second"]].concat(),
    );
    assert!(
        text.contains(": same, and as the commit of the run; "),
        "{text}"
    );
    world.ok("rita", "rita", &["git", "awo", "gate", "run_second"]);
}

#[test]
fn a_check_of_a_run_compares_with_its_commit() {
    let world = ran(OTHERWISE);
    let text = world.refused("rita", "rita", RERUN, "GOV-002");
    for words in [
        "ran-again: found it makes the tree ",
        "expected the tree of the run's commit, ",
        ": same, and not as the commit of the run; ",
        "signed: ",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let gate = world.refused("rita", "rita", GATE, "GOV-002");
    assert!(gate.contains("it makes the tree "), "{gate}");
    for remedy in [&text, &gate] {
        assert!(remedy.contains("no other check helps"), "{remedy}");
    }
    another_run(&world, &gate);
}

#[test]
fn a_run_that_differs_does_not_pass_gate_2_and_is_made_anew() {
    let world = ran("mkdir -p src; date +%s > src/one.txt");
    let text = world.refused("rita", "rita", RERUN, "INT-007");
    for words in ["src/one.txt at byte ", "no other check helps"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let gate = world.refused("rita", "rita", GATE, "INT-007");
    assert!(
        gate.contains("rita ran it 3 times: run 2 differs from run 1"),
        "{gate}"
    );
    another_run(&world, &gate);
}

#[test]
fn a_pattern_by_which_nothing_is_found_is_a_wrong_use() {
    let world = World::founded();
    let script = [
        "sh",
        "-ec",
        "mkdir -p dist none; echo a > dist/a; mkfifo dist/pipe; rm src/strings.py",
    ];
    for (outputs, found) in [
        (&["nosuch"][..], Some("--output nosuch: ")),
        (&["dist/pipe"], Some("--output dist/pipe: ")),
        (&["none/"], Some("--output none/: ")),
        (&["dist/", "d ist/"], Some("--output 'd ist/': ")),
        (&["dist/"], None),
        (&["dist/", "src/"], None),
        // What each run removes.
        (&["src/strings.py"], None),
    ] {
        let options: Vec<_> = outputs.iter().flat_map(|it| ["--output", *it]).collect();
        let done = world.run("otto", "otto", &check(&options, &script));
        match found {
            Some(words) => assert!(
                done.code == 2 && done.text.contains(words),
                "{outputs:?}: {}",
                done.text
            ),
            None => assert_eq!(done.code, 0, "{outputs:?}: {}", done.text),
        }
    }
    let before = world.ok("rita", "rita", &["git", "for-each-ref"]);
    let signed = check(&["--sign", "--output", "nosuch"], &script);
    assert_eq!(world.run("rita", "rita", &signed).code, 2);
    let after = world.ok("rita", "rita", &["git", "for-each-ref"]);
    assert_eq!(before, after, "nothing is signed");
    let signed = check(&["--sign", "--output", "dist/"], &script);
    world.ok("rita", "rita", &signed);
    // That it fails says more.
    let failed = check(&["--output", "nosuch"], &["false"]);
    world.refused("otto", "otto", &failed, "GOV-002");
}

#[test]
fn a_program_that_is_not_there_is_told_once_and_in_fitting_words() {
    let world = World::founded();
    let cell = ["git", "awo", "cell", "--", "nosuch"];
    for (words, again) in [
        (
            check(&[], &["nosuch"]),
            "git awo determinism check -- COMMAND",
        ),
        (cell.to_vec(), "git awo cell -- COMMAND"),
    ] {
        let text = world.refused("otto", "otto", &words, "INT-005");
        assert_eq!(text.matches("cannot start \"nosuch\"").count(), 1, "{text}");
        assert!(text.contains(again), "{text}");
        for other in ["git awo run", "the run was", "approval", "moved"] {
            assert!(!text.contains(other), "{other}: {text}");
        }
    }
    world.ok("otto", "otto", &check(&[], &["true"]));
    world.ok("otto", "otto", &["git", "awo", "cell", "--", "true"]);
}

#[test]
fn a_command_is_shown_as_one_would_type_it() {
    let world = World::founded();
    for (script, shown) in [
        ("echo a > src/x", "sh -ec 'echo a > src/x': same"),
        ("echo \"a\"", "sh -ec 'echo \"a\"': same"),
        ("echo a\necho b", "sh -ec $'echo a\\012echo b': same"),
    ] {
        let text = world.ok("otto", "otto", &check(&[], &["sh", "-ec", script]));
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let text = world.ok("otto", "otto", &check(&[], &["true"]));
    assert!(text.contains("2 runs of true: same"), "{text}");
    let text = world.refused(
        "otto",
        "otto",
        &check(&[], &["sh", "-c", "exit 3"]),
        "GOV-002",
    );
    assert!(text.contains("exit code 3 of sh -c 'exit 3'"), "{text}");
    asked(&world, &["--determinism", "2"]);
    executed(&world, "mkdir -p src; echo \"one\" > src/one.txt");
    let text = world.ok("rita", "rita", RERUN);
    let shown = "sh -ec 'mkdir -p src; echo \"one\" > src/one.txt'";
    assert_eq!(text.matches(shown).count(), 2, "{text}");
}
