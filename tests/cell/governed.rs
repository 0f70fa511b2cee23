//! Runs under a policy that confines their commands.

use serde_json::Value;

use super::here;
use super::pretend::{LACKS, LACKS_ROOT, without};
use crate::hostile::Case;
use crate::world::{RUN, World, confining};

pub const CASES: &[Case] = &[
    Case {
        id: "J-03",
        attack: "a run recorded that was not confined, or on a kernel without a layer, where the policy requires a cell",
        answer: "INT-005, GOV-002",
        tests: &[
            "cell::governed::a_run_is_refused_where_a_required_layer_is_missing",
            "cell::governed::a_run_is_refused_where_a_root_of_its_own_is_required_and_missing",
            "cell::governed::a_run_that_was_not_confined_does_not_arrive",
            "cell::governed::a_run_from_elsewhere_is_not_imported",
        ],
    },
    Case {
        id: "J-04",
        attack: "benign: a confined run, and one whose policy takes what can be had",
        answer: "accepted, and what held is shown",
        tests: &[
            "cell::governed::a_confined_run_goes_the_whole_road",
            "cell::governed::a_run_with_a_root_of_its_own_goes_the_whole_road",
            "cell::governed::best_effort_says_what_did_not_hold",
        ],
    },
];

const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

/// Where a run writes what it may.
const WORK: &str =
    "mkdir -p src; echo one > src/one.txt; echo '{\"action\": \"noted\"}' > \"$AWO_EVENTS_FILE\"";

/// A task that otto may run, whose validation passes only where otto's key cannot be read.
pub fn asked(how: &str) -> World {
    let world = World::founded();
    world.write("home/otto/.ssh/id", "secret");
    world.next_policy(2, None, |text| match how {
        "none" => text,
        how => confining(&text, how),
    });
    let key = world.path("home/otto/.ssh/id");
    let validate = format!(
        "if cat '{}'; then exit 1; fi; test -z \"$(ls -A \"$HOME\" \"$TMPDIR\" | grep left)\"",
        key.display()
    );
    let words = [
        "git",
        "awo",
        "task",
        "new",
        "C-1",
        "--task",
        "it",
        "--allow",
        "src/",
        "--validate",
        &validate,
    ];
    world.ok("olga", "olga", &words);
    world.approves_task("C-1");
    world.shares();
    world
}

pub fn words(script: &str) -> Vec<&str> {
    vec![
        "git", "awo", "run", "C-1", "--run-id", RUN, "--", "sh", "-ec", script,
    ]
}

/// Returns a file in the evidence of the run in otto's clone.
pub fn evidence(world: &World, name: &str) -> String {
    let script = format!(
        "ref=$(git for-each-ref --format='%(refname)' refs/awo/evidence | tail -1); \
         path=$(git ls-tree -r --name-only $ref | grep '{RUN}/{name}$'); git show $ref:$path"
    );
    world.ok("otto", "otto", &["sh", "-ec", &script])
}

#[test]
fn a_confined_run_goes_the_whole_road() {
    if !here::confines() {
        return;
    }
    let world = asked("required");
    let key = world.path("home/otto/.ssh/id");
    let script = format!(
        "{WORK}; touch \"$HOME/left\" \"$TMPDIR/left\"; cat {} > src/stolen.txt || echo denied >&2",
        key.display()
    );
    world.ok("otto", "otto", &words(&script));
    let cell: Value = serde_json::from_str(&evidence(&world, "cell.json")).unwrap();
    assert_eq!(cell["schema"], "awo.run-cell/1");
    assert_eq!(cell["cell"]["held"].as_array().unwrap().len(), 6, "{cell}");
    assert!(evidence(&world, "logs/stderr.log").contains("Permission denied"));
    assert!(
        evidence(&world, "events.normalized.jsonl").contains("noted"),
        "it may report"
    );
    assert!(evidence(&world, "report.md").contains("Landlock"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    let shown = world.ok("rita", "rita", &["git", "awo", "show", RUN]);
    let line = "its commands were confined, its orchestrator says: kernel ";
    assert!(
        shown.contains(line) && shown.contains("held: calls, capabilities"),
        "{shown}"
    );
    let shown = world.ok("rita", "rita", &["git", "awo", "show", RUN, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["cell"], cell["cell"]);
    world.rita_reviews(RUN);
    world.finalize_and_verify();
    assert_eq!(
        world.ok("otto", "otto", &["git", "show", "main:src/stolen.txt"]),
        ""
    );
}

/// The twin: without the key in the policy nothing is confined, and nothing is said of it.
#[test]
fn without_a_word_of_the_policy_nothing_is_confined() {
    let world = asked("none");
    let done = world.run("otto", "otto", &words(WORK));
    assert_ne!(done.code, 0, "the validation reads the key");
    assert!(done.text.contains("validation"), "{}", done.text);
    let world = World::executed();
    let names =
        "git ls-tree -r --name-only $(git for-each-ref --format='%(refname)' refs/awo/evidence)";
    let names = world.ok("otto", "otto", &["sh", "-ec", names]);
    assert!(
        names.contains("report.md") && !names.contains("cell.json"),
        "{names}"
    );
    let shown = world.ok("otto", "otto", &["git", "awo", "show", RUN]);
    assert!(shown.contains("its commands were not confined"), "{shown}");
}

#[test]
fn a_run_is_refused_where_a_required_layer_is_missing() {
    if !here::confines() {
        return;
    }
    let world = asked("required");
    let before = world.ok("otto", "otto", &["git", "for-each-ref"]);
    for (call, gone) in LACKS {
        let marker = world.path(&format!("marker-{call}"));
        let script = format!("touch {}; {WORK}", marker.display());
        let output = without(&world, &[*call], &words(&script));
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        for layer in *gone {
            let said = format!("INT-005 run {RUN}: cell-holds: found {layer} did not hold");
            assert!(text.contains(&said), "{said}: {text}");
        }
        assert!(!marker.exists(), "the command has not begun");
    }
    assert_eq!(world.ok("otto", "otto", &["git", "for-each-ref"]), before);
    // The approval is not spent.
    world.ok("otto", "otto", &words(WORK));
}

#[test]
fn a_run_is_refused_where_a_root_of_its_own_is_required_and_missing() {
    if !here::gives_a_root() {
        return;
    }
    let world = asked("own-root");
    let before = world.ok("otto", "otto", &["git", "for-each-ref"]);
    for call in LACKS_ROOT {
        let marker = world.path(&format!("marker-{call}"));
        let script = format!("touch {}; {WORK}", marker.display());
        let output = without(&world, &[*call], &words(&script));
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let said = format!("INT-005 run {RUN}: cell-holds: found own-root did not hold");
        assert!(text.contains(&said), "{said}: {text}");
        assert!(!marker.exists(), "the command has not begun");
    }
    assert_eq!(world.ok("otto", "otto", &["git", "for-each-ref"]), before);
    // The twin: where all is required but that, nothing is missing.
    let world = asked("required");
    let output = without(&world, LACKS_ROOT, &words(WORK));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

#[test]
fn a_run_with_a_root_of_its_own_goes_the_whole_road() {
    if !here::gives_a_root() {
        return;
    }
    let world = asked("own-root");
    world.ok("otto", "otto", &words(&format!("{WORK}; test -d /proc/1")));
    let cell: Value = serde_json::from_str(&evidence(&world, "cell.json")).unwrap();
    assert_eq!(cell["cell"]["held"].as_array().unwrap().len(), 7, "{cell}");
    assert!(evidence(&world, "events.normalized.jsonl").contains("noted"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    let shown = world.ok("rita", "rita", &["git", "awo", "show", RUN]);
    assert!(shown.contains("limits, own-root, signals"), "{shown}");
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}

#[test]
fn best_effort_says_what_did_not_hold() {
    if !here::gives_a_root() {
        return;
    }
    let world = asked("best-effort");
    // The layer that the validation needs is there.
    let output = without(&world, &[libc::SYS_seccomp], &words(WORK));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let shown = world.ok("otto", "otto", &["git", "awo", "show", RUN]);
    assert!(shown.contains("did not hold: calls"), "{shown}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}

/// A run under a policy that took what could be had arrives under one that requires all.
#[test]
fn a_run_that_was_not_confined_does_not_arrive() {
    if !here::confines() {
        return;
    }
    let ran = |pretend: &[i64], next: &str| {
        let world = asked("best-effort");
        let output = without(&world, pretend, &words(WORK));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        world.next_policy(3, None, |text| confining(&text, next));
        world.ok(
            "otto",
            "otto",
            &["git", "fetch", "origin", "refs/awo/policy:refs/awo/policy"],
        );
        world
    };
    let world = ran(&[libc::SYS_seccomp], "required");
    let ledger = world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let text = world.push_refused("otto", RECORDS, "GOV-002");
    assert!(text.contains("cell_does_not_hold:calls"), "{text} {ledger}");
    world.is_found_of("otto", RECORDS, "GOV-002", "invariants");
    let world = ran(&[libc::SYS_unshare], "own-root");
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let text = world.push_refused("otto", RECORDS, "GOV-002");
    assert!(text.contains("cell_does_not_hold:own-root"), "{text}");
    for (pretend, next) in [
        (&[][..], "required"),
        (&[], "own-root"),
        (&[libc::SYS_unshare], "required"),
    ] {
        let world = ran(pretend, next);
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
        world.push_accepted("otto", RECORDS);
    }
}

#[test]
fn a_run_from_elsewhere_is_not_imported() {
    if !here::confines() {
        return;
    }
    for (how, taken) in [
        ("required", false),
        ("own-root", false),
        ("best-effort", true),
    ] {
        let world = asked(how);
        let copy = world.copied();
        copy.ok("otto", "otto", &words(WORK));
        copy.ok(
            "otto",
            "otto",
            &["git", "awo", "export", RUN, "../exported"],
        );
        let commit = copy.ok("otto", "otto", &["git", "awo", "show", RUN, "--json"]);
        let shown: Value = serde_json::from_str(&commit).unwrap();
        let rows = shown["records"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|it| it["record"].as_str().unwrap().ends_with("@run.dsse.json"));
        let commit = row.unwrap()["statement"]["predicate"]["commit"]
            .as_str()
            .unwrap()
            .to_owned();
        let from = copy.path("otto");
        world.ok(
            "otto",
            "otto",
            &[
                "git",
                "fetch",
                "-q",
                from.to_str().unwrap(),
                "refs/awo/evidence/*:refs/other/*",
            ],
        );
        let made = copy.path(&format!("exported/runs/{RUN}"));
        let import = [
            "git",
            "awo",
            "run",
            "import",
            made.to_str().unwrap(),
            "--task",
            "C-1",
            "--commit",
            &commit,
        ];
        match taken {
            true => _ = world.ok("otto", "otto", &import),
            false => {
                let text = world.refused("otto", "otto", &import, "GOV-002");
                assert!(text.contains("a run that took place elsewhere"), "{text}");
            }
        }
    }
}

#[test]
fn a_policy_names_the_feature_and_no_cell_that_there_is_not() {
    let world = World::founded();
    let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
    let check = |text: String, fits: bool, says: &str| {
        world.write("policy/next.toml", text);
        let words = ["git", "awo", "policy", "check", "../policy/next.toml"];
        let done = world.run("olga", "olga", &words);
        assert_eq!(done.code == 0, fits, "{}", done.text);
        assert!(done.text.contains(says), "{says}: {}", done.text);
    };
    check(confining(&text, "required"), true, "");
    check(confining(&text, "best-effort"), true, "");
    check(confining(&text, "own-root"), true, "");
    check(confining(&text, "chroot"), false, "chroot");
    let silent = confining(&text, "required").replace("requires = [\"cell/1\"]\n", "");
    check(silent, false, "cell/1");
}
