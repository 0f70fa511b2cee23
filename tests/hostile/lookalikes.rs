//! Names that differ in case or Unicode form only.

use super::Case;
use super::door::Door;
use super::newer::{POLICY, second};
use crate::world::{RUN, TASK, World};

pub const CASES: &[Case] = &[
    Case {
        id: "U-10",
        attack: "a second person whose name or principal differs from another one's in case or Unicode form only: \
                 one person reviews their own run as two",
        answer: "GOV-006",
        tests: &["hostile::lookalikes::two_persons_differ_in_more_than_case"],
    },
    Case {
        id: "U-10a",
        attack: "benign: such a policy that an older program let in; everything goes on",
        answer: "accepted",
        tests: &["hostile::lookalikes::such_a_policy_in_force_stops_nobody"],
    },
    Case {
        id: "U-10b",
        attack: "a task or a run whose id differs from another one's in case only",
        answer: "REP-001",
        tests: &[
            "hostile::lookalikes::two_tasks_differ_in_more_than_case",
            "hostile::lookalikes::two_runs_differ_in_more_than_case",
        ],
    },
    Case {
        id: "U-43",
        attack: "a policy that gives a person's key another name: who approved under the old name approves again",
        answer: "GOV-006; accepted where the name is kept, also by a key that comes back",
        tests: &[
            "hostile::lookalikes::a_key_keeps_the_name_of_its_person",
            "hostile::lookalikes::a_key_renamed_by_an_older_program_keeps_its_newest_name",
        ],
    },
];

/// Identities that are somebody else in another spelling; olga, otto and rita are there.
const ALIKE: [&str; 3] = [
    "[[identity]]\nname = \"Rita\"\n",
    "[[identity]]\nname = \"eve\"\nprincipals = [\"OTTO\"]\n",
    "[[identity]]\nname = \"a\"\nprincipals = [\"re\u{301}mi\"]\n[[identity]]\nname = \"b\"\nprincipals = \
     [\"R\u{c9}MI\"]\n",
];

#[test]
fn two_persons_differ_in_more_than_case() {
    let door = Door::new(World::founded(), "olga");
    let world = &door.world;
    for alike in ALIKE {
        let tip = world.rev("olga", "refs/heads/main");
        world.write("policy/next.toml", crate::world::policy(2, &tip, alike));
        for words in [
            &["git", "awo", "policy", "check", "../policy/next.toml"][..],
            &["git", "awo", "policy", "propose", "../policy/next.toml"],
        ] {
            let told = world.run("olga", "olga", words);
            assert_eq!(told.code, 1, "{words:?}: {}", told.text);
            assert!(told.text.contains("GOV-006"), "{}", told.text);
            assert!(told.text.contains("differ in case"), "{}", told.text);
        }
        let refspec = format!("{}:{POLICY}", second(&door, "", alike));
        door.refuses_push(alike, &[&refspec], &["GOV-006"]);
    }
    let plain = "[[identity]]\nname = \"ritas\"\nprincipals = [\"Rita@example.org\"]\n";
    let refspec = format!("{}:{POLICY}", second(&door, "", plain));
    door.accepts_push("another name", &[&refspec]);
}

#[test]
fn such_a_policy_in_force_stops_nobody() {
    let door = Door::new(World::approved(), "olga");
    let world = &door.world;
    let commit = second(&door, "", ALIKE[0]);
    // An older program let it in: its receipt is there, as after any push.
    world.force("olga", &[&format!("{commit}:{POLICY}")]);
    for who in ["olga", "otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    world.writes_a_contract("olga", "W-1");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn two_tasks_differ_in_more_than_case() {
    let door = Door::new(World::founded(), "olga");
    let world = &door.world;
    world.ok("olga", ".", &["cp", "-a", "olga", "behind"]);
    let task = |place: &str, id: &str| {
        let command = format!("git awo task new {id} --task it --allow src/ --validate true");
        let words: Vec<&str> = command.split(' ').collect();
        world.run("olga", place, &words)
    };
    assert_eq!(task("olga", "Work-1").code, 0);
    for id in ["work-1", "WORK-1"] {
        let told = task("olga", id);
        assert_eq!(told.code, 1, "{}", told.text);
        assert!(told.text.contains("REP-001"), "{}", told.text);
    }
    assert_eq!(task("olga", "Work-2").code, 0);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    // Made where the other one was not known, it is refused where it arrives.
    assert_eq!(task("behind", "wORK-1").code, 0);
    world.ok("olga", "behind", &["git", "awo", "fetch"]);
    let push = ["git", "push", "--no-verify", "origin", "refs/awo/ledger"];
    let before = world.server();
    let told = world.run("olga", "behind", &push);
    assert!(
        told.code != 0 && told.text.contains("REP-001"),
        "{}",
        told.text
    );
    assert!(
        told.text.contains("differs from Work-1 in case"),
        "{}",
        told.text
    );
    assert_eq!(world.server(), before);
    // What was accepted once stays, and more comes about it.
    let without = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
    world.ok(
        "olga",
        "behind",
        &[
            "git",
            "push",
            "--no-verify",
            without,
            "origin",
            "refs/awo/ledger",
        ],
    );
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    assert_eq!(task("olga", "Work-3").code, 0);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn two_runs_differ_in_more_than_case() {
    let world = World::executed();
    let run = RUN.to_uppercase();
    let words = [
        "git", "awo", "run", TASK, "--run-id", &run, "--", "touch", "executed",
    ];
    let told = world.run("otto", "otto", &words);
    assert_eq!(told.code, 1, "{}", told.text);
    assert!(
        told.text.contains(&format!("{RUN}, which differs in case")),
        "{}",
        told.text
    );
    assert!(
        !world.path("otto/executed").exists(),
        "nothing was executed"
    );
}

/// The second policy, in which rita has another name, and its keys.
fn renamed(door: &Door) -> (String, String) {
    let document = door.document().replace("\"rita\"", "\"rita.jones\"");
    let signers = door.signers().replace("\nrita ", "\nrita.jones ");
    assert!(document.contains("rita.jones") && signers.contains("rita.jones"));
    (document, signers)
}

#[test]
fn a_key_keeps_the_name_of_its_person() {
    let door = Door::new(World::founded(), "olga");
    let world = &door.world;
    let (document, signers) = renamed(&door);
    world.write("policy/next.toml", &document);
    world.write("policy/next_signers", &signers);
    for command in ["check", "propose"] {
        let words = format!(
            "git awo policy {command} ../policy/next.toml --allowed-signers ../policy/next_signers"
        );
        let words: Vec<_> = words.split(' ').collect();
        let told = world.run("olga", "olga", &words);
        assert_eq!(told.code, 1, "{words:?}: {}", told.text);
        assert!(told.text.contains("GOV-006"), "{}", told.text);
        assert!(told.text.contains("a person keeps"), "{}", told.text);
    }
    let refspec = format!("{}:{POLICY}", door.second_policy(&document, &signers));
    door.refuses_push("another name", &[&refspec], &["GOV-006"]);
    // The twin: the key goes, comes back for the same person, and has a further name.
    let without: String = signers
        .lines()
        .filter(|it| !it.starts_with("rita"))
        .map(|it| format!("{it}\n"))
        .collect();
    world.next_policy(2, Some(&without), |text| text);
    let back = format!("{}\n", door.signers().trim_end()).replace("\nrita ", "\nrita.jones ");
    world.next_policy(3, Some(&back), |text| {
        let rita = "name = \"rita\"\n";
        text.replace(
            rita,
            &format!("{rita}principals = [\"rita\", \"rita.jones\"]\n"),
        )
    });
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_key_renamed_by_an_older_program_keeps_its_newest_name() {
    let door = Door::new(World::founded(), "olga");
    let world = &door.world;
    let (document, signers) = renamed(&door);
    let commit = door.second_policy(&document, &signers);
    world.force("olga", &[&format!("{commit}:{POLICY}")]);
    for who in ["olga", "otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    // Not back, or one of the two names would judge what the other has made.
    let first = document.replace("version = 2", "version = 3");
    world.write("policy/next.toml", first.replace("rita.jones", "rita"));
    world.write("policy/next_signers", door.signers());
    let words =
        "git awo policy propose ../policy/next.toml --allowed-signers ../policy/next_signers";
    let words: Vec<_> = words.split(' ').collect();
    world.refused("olga", "olga", &words, "GOV-006");
    world.next_policy(3, None, |text| text.replace("\"rita\"", "\"rita.jones\""));
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
