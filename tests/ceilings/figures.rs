//! What is counted: files, directories, lines and paths, over runs, versions, tasks and days.

use super::{LANDS, of_orchestrators};
use crate::world::World;

/// Writes one new file with so many lines.
fn file(path: &str, lines: usize) -> String {
    format!("mkdir -p $(dirname {path}) && seq {lines} > {path}")
}

#[test]
fn one_more_than_the_ceiling_is_refused() {
    // otto's run changes src/strings.py and test_strings.py: two files, two directories, five lines.
    let world = World::finalized();
    for (figures, found) in [
        ("level = \"L0\"\nfiles = 1", "2 files in 1 run of SLUG-1"),
        (
            "level = \"L0\"\ndirectories = 1",
            "2 directories in 1 run of SLUG-1",
        ),
        ("level = \"L0\"\nlines = 4", "5 lines in 1 run of SLUG-1"),
    ] {
        let world = world.copied();
        world.has_ceilings(2, &of_orchestrators(figures));
        let text = world.cannot_land("ceiling-figures");
        assert!(text.contains(found), "{found}: {text}");
    }
    world.has_ceilings(
        2,
        &of_orchestrators("level = \"L0\"\nfiles = 2\ndirectories = 2\nlines = 5"),
    );
    world.can_land();
}

#[test]
fn what_is_above_the_ceiling_is_not_recorded() {
    let world = World::approved();
    world.has_ceilings(2, &of_orchestrators("level = \"L0\"\nfiles = 1"));
    let before = world.server();
    let run = [
        "git",
        "awo",
        "run",
        "SLUG-1",
        "--",
        "sh",
        "-c",
        crate::world::AGENT,
    ];
    let text = world.refused("otto", "otto", &run, "GOV-012");
    assert!(text.contains("2 files"), "{text}");
    assert_eq!(world.server(), before);
}

#[test]
fn runs_and_versions_of_one_task_count_together() {
    let world = World::founded();
    world.has_contract("C-1", "");
    world.lands("C-1", "run_1", &file("src/a.txt", 3));
    // The same file again: it counts once, its lines twice.
    world.approves_a_run("C-1");
    world.lands("C-1", "run_2", &file("src/a.txt", 5));
    world.has_contract("C-1-v2", "base_task_id = \"C-1\"");
    world.finalizes(("otto", "rita"), "C-1-v2", "run_3", &file("docs/b.txt", 2));
    for (figures, found) in [
        ("level = \"L0\"\nfiles = 1", "2 files in 3 runs of C-1"),
        (
            "level = \"L0\"\ndirectories = 1",
            "2 directories in 3 runs of C-1",
        ),
        ("level = \"L0\"\nlines = 6", "7 lines in 3 runs of C-1"),
    ] {
        let world = world.copied();
        world.has_ceilings(2, &of_orchestrators(figures));
        let text = world.cannot_land("ceiling-figures");
        assert!(text.contains(found), "{found}: {text}");
    }
    world.has_ceilings(
        2,
        &of_orchestrators("level = \"L0\"\nfiles = 2\ndirectories = 2\nlines = 7"),
    );
    world.can_land();
}

#[test]
fn a_roll_back_takes_nothing_back() {
    let world = World::rejected();
    world.ok("olga", "olga", &["git", "awo", "rollback", "run_slugify"]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let again = [
        "git",
        "awo",
        "approve",
        "SLUG-1",
        "--again",
        "--sentence",
        crate::world::SENTENCE,
    ];
    world.ok("olga", "olga", &again);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.finalizes(("otto", "rita"), "SLUG-1", "run_2", crate::world::AGENT);
    let too_few = world.copied();
    too_few.has_ceilings(2, &of_orchestrators("level = \"L0\"\nlines = 9"));
    let text = too_few.cannot_land("ceiling-figures");
    assert!(text.contains("10 lines in 2 runs of SLUG-1"), "{text}");
    world.has_ceilings(2, &of_orchestrators("level = \"L0\"\nlines = 10"));
    world.can_land();
}

#[test]
fn what_was_rewound_away_counts_all_the_same() {
    let world = World::founded();
    let tables = of_orchestrators("level = \"L0\"\nlines = 20");
    let main = "pattern = \"refs/heads/main\"\n";
    let rewinds = |text: String| text.replace(main, &format!("{main}rewind = true\n"));
    world.next_policy(2, None, |text| super::ceilings(&rewinds(text), &tables));
    world.has_contract("C-1", "");
    let base = world.rev("otto", "origin/main");
    world.lands("C-1", "run_1", &file("src/a.txt", 12));
    let back = format!("{base}:refs/heads/main");
    world.ok("otto", "otto", &["git", "push", "--force", "origin", &back]);
    world.ok("otto", "otto", &["git", "reset", "-q", "--hard", &base]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.write(
        "packet.toml",
        super::packet("C-1-v2", "base_task_id = \"C-1\""),
    );
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let import = ["git", "awo", "task", "import", "../packet.toml"];
    world.ok("olga", "olga", &import);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "approve", "C-1-v2", "--again"],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    for name in ["otto", "rita"] {
        world.ok(name, name, &["git", "awo", "fetch"]);
    }
    let few = world.copied();
    few.finalizes(("otto", "rita"), "C-1-v2", "run_2", &file("src/b.txt", 8));
    few.can_land();
    let more = super::ceilings;
    world.next_policy(3, None, |text| {
        more(&rewinds(text), &tables.replace("20", "30"))
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.finalizes(("otto", "rita"), "C-1-v2", "run_2", &file("src/b.txt", 9));
    world.next_policy(4, None, |text| more(&rewinds(text), &tables));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let text = world.push_refused("otto", LANDS, "GOV-012");
    assert!(text.contains("21 lines in 2 runs of C-1"), "{text}");
    world.force("otto", LANDS);
    // Also once the log tells of it, as of something past the hooks.
    world.write("packet.toml", super::packet("D-1", ""));
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &import);
    world.push_accepted("olga", &["refs/awo/ledger"]);
    world.fresh_clone();
    let text = world.verify_finds("GOV-012");
    assert!(text.contains("21 lines in 2 runs of C-1"), "{text}");
}

#[test]
fn a_chain_of_tasks_is_one_mission() {
    let world = World::founded();
    for number in 1..=2 {
        let (task, run) = (format!("C-{number}"), format!("run_{number}"));
        world.has_contract(&task, "");
        world.lands(&task, &run, &file(&format!("src/{number}.txt"), 1));
    }
    world.has_contract("C-3", "");
    world.finalizes(("otto", "rita"), "C-3", "run_3", &file("src/3.txt", 1));
    let too_few = world.copied();
    too_few.has_ceilings(2, &of_orchestrators("level = \"L0\"\nfiles = 2"));
    let text = too_few.cannot_land("ceiling-window");
    assert!(
        text.contains("3 files in 3 runs of otto in 7 days"),
        "{text}"
    );
    assert!(!text.contains("ceiling-figures"), "{text}");
    world.has_ceilings(2, &of_orchestrators("level = \"L0\"\nfiles = 3"));
    world.can_land();
}

#[test]
fn two_identities_have_a_ceiling_each() {
    let world = World::founded();
    let both = |text: String| {
        text.replace(
            "name = \"rita\"\nroles = [\"reviewer\"]",
            "name = \"rita\"\nroles = [\"reviewer\", \"orchestrator\"]",
        )
    };
    world.next_policy(2, None, both);
    world.has_contract("C-1", "");
    world.finalizes(("rita", "otto"), "C-1", "run_1", &file("src/1.txt", 1));
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.has_contract("C-2", "");
    world.finalizes(("otto", "rita"), "C-2", "run_2", &file("src/2.txt", 1));
    let tables = of_orchestrators("level = \"L0\"\nfiles = 1");
    world.next_policy(3, None, |text| super::ceilings(&both(text), &tables));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.can_land();
    // A second one of otto's is too much for him.
    world.push_accepted("otto", LANDS);
    world.has_contract("C-3", "");
    world.ok(
        "otto",
        "otto",
        &["git", "merge", "-q", "--ff-only", "origin/main"],
    );
    let script = file("src/3.txt", 1);
    let run = ["git", "awo", "run", "C-3", "--", "sh", "-c", &script];
    let text = world.refused("otto", "otto", &run, "GOV-012");
    assert!(
        text.contains("2 files in 2 runs of otto in 7 days"),
        "{text}"
    );
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
}

#[test]
fn a_path_outside_of_the_ceiling_is_refused() {
    let world = World::finalized();
    let outside = world.copied();
    outside.has_ceilings(2, &of_orchestrators("level = \"L0\"\npaths = [\"src/**\"]"));
    let text = outside.cannot_land("ceiling-paths");
    assert!(text.contains("test_strings.py"), "{text}");
    world.has_ceilings(
        2,
        &of_orchestrators("level = \"L0\"\npaths = [\"src/**\", \"test_strings.py\"]"),
    );
    world.can_land();
}

#[test]
fn whoever_has_no_ceiling_lands_nothing() {
    let world = World::finalized();
    let absent = world.copied();
    absent.has_ceilings(2, "[[ceiling]]\nfor = [\"rita\"]\nlevel = \"L0\"\n");
    absent.cannot_land("ceiling-absent");
    world.has_ceilings(
        2,
        "[[ceiling]]\nfor = [\"rita\", \"otto\"]\nlevel = \"L0\"\n",
    );
    world.can_land();
}

#[test]
fn without_a_ceiling_of_the_policy_one_is_built_in() {
    let world = World::founded();
    world.has_contract("C-1", "");
    let over = world.copied();
    for (script, found) in [
        (
            "mkdir -p src/n && for i in $(seq 41); do echo > src/n/$i; done",
            "41 files",
        ),
        (
            "for i in $(seq 7); do mkdir -p src/$i && echo > src/$i/a; done",
            "7 directories",
        ),
        ("seq 2001 > src/a.txt", "2001 lines"),
    ] {
        let run = ["git", "awo", "run", "C-1", "--", "sh", "-c", script];
        let text = over.refused("otto", "otto", &run, "GOV-012");
        assert!(
            text.contains("ceiling-figures") && text.contains(found),
            "{text}"
        );
        assert!(text.contains("built in"), "{text}");
    }
    world.lands("C-1", "run_1", "seq 2000 > src/a.txt");
    // What is asked of a run is asked at the door, of all together: here of one line more, which a policy let through.
    world.approves_a_run("C-1");
    let more = of_orchestrators("level = \"L0\"\nlines = 3000");
    world.has_ceilings(2, &more);
    world.finalizes(("otto", "rita"), "C-1", "run_2", "echo one > src/b.txt");
    world.next_policy(3, None, |text| text);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let before = world.copied();
    let text = before.push_refused("otto", LANDS, "GOV-012");
    assert!(text.contains("2001 lines in 2 runs of C-1"), "{text}");
    // It is asked of what comes to a door, and never of what came before.
    before.force("otto", LANDS);
    before.fresh_clone();
    before.ok("vera", "vera", &["git", "awo", "verify"]);
    world.has_ceilings(4, &more);
    world.can_land();
}

#[test]
fn verify_of_one_run_asks_its_ceiling_as_of_then() {
    let world = World::founded();
    world.has_contract("C-1", "");
    world.has_ceilings(2, &of_orchestrators("level = \"L0\"\nfiles = 1"));
    world.lands("C-1", "run_1", &file("src/a.txt", 1));
    world.approves_a_run("C-1");
    world.has_ceilings(3, &of_orchestrators("level = \"L0\"\nfiles = 2"));
    world.lands("C-1", "run_2", &file("src/b.txt", 1));
    world.approves_a_run("C-1");
    world.fresh_clone();
    let verify = |run: &str| {
        let done = world.run("vera", "vera", &["git", "awo", "verify", run]);
        (done.code, done.text)
    };
    // Before everything is verified, and after.
    for _ in 0..2 {
        for run in ["run_1", "run_2"] {
            let (code, text) = verify(run);
            assert_eq!(code, 0, "{run}: {text}");
        }
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
    // One file more, under a policy that is narrowed again before it is forced in.
    world.has_ceilings(4, &of_orchestrators("level = \"L0\"\nfiles = 3"));
    world.finalizes(("otto", "rita"), "C-1", "run_3", &file("src/c.txt", 1));
    world.has_ceilings(5, &of_orchestrators("level = \"L0\"\nfiles = 2"));
    world.force("otto", LANDS);
    world.fresh_clone();
    let (code, text) = verify("run_3");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("3 files in 3 runs of C-1"), "{text}");
    assert_eq!(verify("run_2").0, 0);
}

#[test]
fn what_counts_is_shown() {
    let world = World::finalized();
    world.has_ceilings(2, &of_orchestrators("level = \"L0\"\nfiles = 3"));
    let said = world.ok("otto", "otto", &["git", "awo", "show", "run_slugify"]);
    for line in [
        "ceiling of otto, level L0: 1 run of SLUG-1\n",
        "  2 of 3 files, the policy's\n",
        "  5 of 2000 lines, built in\n",
        "  of otto in 7 days: 2 of 3 files, 2 of 6 directories, 5 of 2000 lines\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let value = |words: &[&str]| -> serde_json::Value {
        let said = world.ok("otto", "otto", words);
        serde_json::from_str(&said).unwrap()
    };
    let shown = value(&["git", "awo", "--json", "show", "run_slugify"]);
    assert_eq!(shown["ceiling"]["measured"]["files"], 2, "{shown}");
    assert_eq!(shown["ceiling"]["ceiling"]["files"], 3, "{shown}");
    assert_eq!(
        shown["ceiling"]["whose"]["files"], "the policy's",
        "{shown}"
    );
    let said = world.ok("otto", "otto", &["git", "awo", "status"]);
    let line = "SLUG-1: 2 of 3 files, 2 of 6 directories, 5 of 2000 lines\n";
    assert!(said.contains(line), "{said}");
    let shown = value(&["git", "awo", "--json", "status"]);
    assert_eq!(
        shown["ceilings"][0]["ceiling"]["measured"]["lines"], 5,
        "{shown}"
    );
    let shown = value(&["git", "awo", "--json", "show", "SLUG-1"]);
    assert_eq!(shown["ceiling"]["ceiling"]["files"], 3, "{shown}");
}
