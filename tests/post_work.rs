//! Work packets that plan before they run: the pre-work goes first, and what the run changed is computed and
//! compared with it by the command, the door and `verify`.

mod variants;

use std::collections::BTreeSet;

use git_awo::record::{RefName, RepoPath, RunId, Sha256, TaskId, WorkGate};
use git_awo::records::{Kind, PlannedChange, PlannedFile, PreWorkPredicate, RunPredicate};
use git_awo::store::layout;
use git_awo::store::ledger::Records;
use serde_json::Value;

use crate::automation::LEDGER;
use crate::hostile::Case;
use crate::hostile::door::Door;
use crate::run_import::{conforming, seal};
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "P-08",
        attack: "a run of a work packet without a plan, with the plan of another base or person, or with one that \
                 comes in the same push",
        answer: "GOV-011, ATT-002, GOV-002",
        tests: &[
            "post_work::a_run_without_a_plan_is_not_executed_and_not_taken",
            "post_work::a_plan_published_with_its_result_is_refused",
        ],
    },
    Case {
        id: "P-13",
        attack: "a plan with a window, an anchor or a path that its base does not have, of a file outside of the scope, \
                 of one file twice, or with another pre-image",
        answer: "INT-004, GOV-003, ATT-002",
        tests: &["post_work::a_plan_fits_its_contract_and_its_base"],
    },
    Case {
        id: "P-14",
        attack: "a run that changes other lines, more lines or other files than planned, or leaves dead links",
        answer: "GOV-002",
        tests: &[
            "post_work::what_was_not_planned_is_refused_gate_by_gate",
            "post_work::variants::each_variant_breaks_exactly_its_gates_at_the_command_and_at_the_door",
            "src/rules/post_work/tests::each_variant_fails_exactly_its_gates",
        ],
    },
    Case {
        id: "P-28",
        attack: "a manifest that somebody typed, or none where the run record names one",
        answer: "ATT-002, GOV-002",
        tests: &["post_work::a_typed_in_manifest_is_refused"],
    },
    Case {
        id: "P-29",
        attack: "a run that lands where the branch no longer has what the plan began with",
        answer: "GOV-002",
        tests: &["post_work::a_run_lands_only_where_the_branch_has_what_was_planned_on"],
    },
];

pub const TASK: &str = "WP-1";
pub const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*"];

/// A packet that asks for post-work; its target is admitted by its word.
pub const PACKET: &str = r#"schema = "awo.packet/1"
id = "WP-1"
task = "Collapse spaces."
target_ref = "refs/heads/main"
allowed_paths = ["src/", "docs/"]
validation_command = "true"
approval_sentence = "I approve WP-1."
gate1 = "operator"
post_work = true
[target]
locator = "the sandbox"
[target.admission]
status = "admitted"
"#;

/// Where the manifest stands in the evidence.
const FILE: &str = "post_work.json";

/// Plans a change of one line of a file and a new file.
pub const PLAN: &str = r#"[[file]]
path = "src/strings.py"
window = "1-3"
anchors = ["text.lower()"]
delta = 0

[[file]]
path = "docs/notes.md"
new = true
delta = 1
"#;

/// Does what is planned.
pub const DO: &str = r#"mkdir -p docs; echo 'See [code](../src/strings.py).' > docs/notes.md
sed -i 's/.*return.*/    return "-".join(text.lower().split())/' src/strings.py"#;

/// A world in which olga's packet is approved and otto knows it.
pub fn approved() -> World {
    let world = World::founded();
    world.approves_packet();
    world
}

/// The same, where otto has planned and not pushed.
pub fn planned() -> World {
    let world = approved();
    world.plans(PLAN);
    world
}

/// The same, pushed.
pub fn published() -> World {
    let world = planned();
    world.publishes();
    world
}

/// The same, where otto has run it and not pushed.
fn executed() -> World {
    let world = published();
    world.ok("otto", "otto", &run(DO));
    world
}

pub fn run(script: &str) -> [&str; 10] {
    [
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", script,
    ]
}

fn task() -> TaskId {
    TaskId::new(TASK).unwrap()
}

impl World {
    #[track_caller]
    pub fn approves_packet(&self) {
        self.write("packet.toml", PACKET);
        let import = ["git", "awo", "task", "import", "../packet.toml"];
        self.ok("olga", "olga", &import);
        self.ok("olga", "olga", &["git", "awo", "push"]);
        self.ok("olga", "olga", &["git", "awo", "approve", TASK]);
        self.ok("olga", "olga", &["git", "awo", "push"]);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
        self.ok("otto", "otto", &["git", "awo", "claim", TASK]);
    }

    #[track_caller]
    pub fn plans(&self, plan: &str) {
        self.plans_task(TASK, plan);
    }

    pub fn publishes(&self) {
        self.ok("otto", "otto", &["git", "awo", "push"]);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
    }

    /// Where the one pre-work stands that otto has, and what it says.
    fn pre_work(&self) -> (String, PreWorkPredicate) {
        let actor = self.actor("otto");
        let refs = actor.refs().unwrap();
        let records = Records::open(&actor.repo, &refs).unwrap();
        let found = records.of_task(&task(), Kind::PreWork).unwrap();
        let [(path, _)] = found.as_slice() else {
            panic!("one pre-work: {}", found.len());
        };
        (path.to_path().to_string(), self.predicate("otto", path))
    }

    /// otto's pre-work says something else.
    fn replans(&self, change: impl FnOnce(&mut PreWorkPredicate)) {
        let (path, mut says) = self.pre_work();
        change(&mut says);
        let envelope = self.actor("otto").sign(says).unwrap();
        let new = Kind::PreWork
            .one_of(task(), envelope.digest())
            .to_path()
            .to_string();
        let bytes = envelope.to_bytes();
        let edits = [
            (path.as_str(), None),
            (new.as_str(), Some(bytes.as_slice())),
        ];
        self.forge("otto", &RefName::new(LEDGER).unwrap(), &edits);
    }

    /// rita reviews the run and attests it, otto finalizes it.
    #[track_caller]
    pub fn reviews(&self) {
        self.ok("rita", "rita", &["git", "awo", "fetch"]);
        self.rita_reviews(RUN);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
        self.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    }
}

/// Returns the gates that a text says refuse.
pub fn gates_of(text: &str) -> BTreeSet<String> {
    let gates = WorkGate::ALL.iter().map(|it| it.name());
    let told = |gate: &&str| {
        let outcomes = ["FAIL", "BLOCKED", "UNSUPPORTED"];
        outcomes
            .iter()
            .any(|it| text.contains(&format!("{gate} {it}:")))
    };
    gates.filter(told).map(str::to_owned).collect()
}

pub fn set(gates: &[&str]) -> BTreeSet<String> {
    gates.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn a_planned_run_lands_and_its_manifest_is_the_same_on_every_clone() {
    let world = executed();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.reviews();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);

    let words = ["git", "awo", "packet", "post-work", RUN, "--json"];
    let there: Value = serde_json::from_str(&world.ok("vera", "vera", &words)).unwrap();
    let manifest = &there["manifest"];
    assert_eq!(manifest["schema"], "awo.post-work/1");
    assert_eq!(manifest["operator"], "otto");
    let files = manifest["files"].as_array().unwrap();
    let told: Vec<_> = files
        .iter()
        .map(|it| {
            (
                it["target"].as_str().unwrap(),
                it["change"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("docs/notes.md", "add"), ("src/strings.py", "change")]
    );
    let strings = &files[1];
    let lines = (&strings["start"], &strings["end"], &strings["line_delta"]);
    assert_eq!(lines, (&2.into(), &2.into(), &0.into()));
    for file in files {
        let gates = file["gates"].as_object().unwrap();
        assert_eq!(gates.len(), 10, "{gates:?}");
        for (gate, it) in gates {
            let expected = match gate.as_str() {
                "current_file_matches_preimage" => "ADVISORY",
                _ => "PASS",
            };
            assert_eq!(it["result"], expected, "{gate}: {it}");
        }
    }
    let blob = world.rev("vera", "refs/remotes/origin/main:src/strings.py");
    assert_eq!(strings["post"]["blob"], Value::String(blob));
    // What stands in the evidence is this, byte for byte, and holds no clock.
    let actor = world.actor("otto");
    let refs = actor.refs().unwrap();
    let says: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let records = Records::open(&actor.repo, &refs).unwrap();
    let evidence = records
        .evidence(&says.evidence, &says.run, u64::MAX)
        .unwrap();
    let bytes = &evidence.unwrap()[&RepoPath::from("post_work.json")];
    assert_eq!(*bytes, git_awo::record::json::canonical(manifest));
    let work = says.work.unwrap();
    assert_eq!(work.manifest.as_deref(), Some("post_work.json"));
    assert!(work.pre_work.is_some());

    let sha1 = [
        "git",
        "awo",
        "packet",
        "sha1",
        "src/strings.py",
        "--rev",
        "origin/main",
        "--json",
    ];
    let sha1: Value = serde_json::from_str(&world.ok("vera", "vera", &sha1)).unwrap();
    assert_eq!(sha1["sha1"], strings["post"]["sha1"]);
    assert_eq!(
        (&sha1["lines"], &sha1["mode"]),
        (&2.into(), &"100644".into())
    );
}

#[test]
fn a_run_without_a_plan_is_not_executed_and_not_taken() {
    let world = approved();
    let before = world.rev("otto", LEDGER);
    let text = world.refused("otto", "otto", &run(DO), "GOV-011");
    assert!(text.contains("pre-work-first"), "{text}");
    world.plans(PLAN);
    let text = world.refused("otto", "otto", &run(DO), "GOV-011");
    assert!(text.contains("is not known to have"), "{text}");
    world.publishes();
    assert_ne!(world.rev("otto", LEDGER), before);
    let other = "0".repeat(64);
    let words = [
        "git",
        "awo",
        "run",
        TASK,
        "--pre-work",
        &other,
        "--",
        "sh",
        "-c",
        DO,
    ];
    world.refused("otto", "otto", &words, "GOV-011");
    world.ok("otto", "otto", &run(DO));

    let forged = world.copied();
    forged.retells(RUN, |says| says.work.as_mut().unwrap().pre_work = None);
    forged.is_found_of("otto", RECORDS, "GOV-011", "pre-work-first");
    let forged = world.copied();
    forged.retells(RUN, |says| says.work = None);
    forged.is_found_of("otto", RECORDS, "GOV-011", "pre-work-first");
    let forged = world.copied();
    forged.retells(RUN, |says| {
        says.work.as_mut().unwrap().pre_work = Some(other.parse().unwrap());
    });
    forged.is_found_of("otto", RECORDS, "GOV-011", "pre-work-first");
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

#[test]
fn a_plan_published_with_its_result_is_refused() {
    let world = planned();
    world.forgets_the_log("otto");
    world.ok("otto", "otto", &run(DO));
    let text = world.push_refused("otto", RECORDS, "GOV-011");
    assert!(text.contains("came with the run"), "{text}");
    let forced = world.copied();
    forced.force("otto", RECORDS);
    forced.fresh_clone();
    let text = forced.verify_finds("GOV-011");
    assert!(text.contains("pre-work-first"), "{text}");

    // In an earlier push it is taken.
    let world = executed();
    world.push_accepted("otto", RECORDS);
}

#[test]
fn a_plan_fits_its_contract_and_its_base() {
    let world = approved();
    let refused = |plan: &str, code: &str, says: &str| {
        world.write("plan.toml", plan);
        let words = [
            "git",
            "awo",
            "packet",
            "pre-work",
            TASK,
            "--plan",
            "../plan.toml",
        ];
        let before = world.rev("otto", LEDGER);
        let text = world.refused("otto", "otto", &words, code);
        assert!(text.contains(says), "{says}: {text}");
        assert_eq!(world.rev("otto", LEDGER), before, "nothing is recorded");
    };
    let file = |rest: &str| format!("[[file]]\npath = \"src/strings.py\"\n{rest}\n");
    for (plan, code, says) in [
        (String::new(), "INT-004", "no file"),
        (
            file("window = \"1-4\"\ndelta = 0"),
            "INT-004",
            "the window 1-4",
        ),
        (
            file("window = \"2-2\"\ndelta = 0"),
            "INT-004",
            "the window 2-2",
        ),
        (file("delta = 0"), "INT-004", "no window"),
        (
            file("window = \"1-2\"\nanchors = [\"nothing\"]\ndelta = 0"),
            "INT-004",
            "nowhere",
        ),
        (
            file("window = \"1-2\"\nanchors = [\"text\"]\ndelta = 0"),
            "INT-004",
            "more than once",
        ),
        (file("new = true\ndelta = 1"), "ATT-002", "something there"),
        (
            file("delete = true\ndelta = -1"),
            "INT-004",
            "-2, the whole file",
        ),
        (
            file("window = \"1-2\"\ndelta = 0").repeat(2),
            "INT-004",
            "twice",
        ),
        (
            "[[file]]\npath = \"src/gone.py\"\nwindow = \"0-1\"\ndelta = 0\n".to_owned(),
            "ATT-002",
            "does not have",
        ),
        (
            "[[file]]\npath = \"README.md\"\nwindow = \"0-end\"\ndelta = 0\n".to_owned(),
            "GOV-003",
            "allowed-paths",
        ),
        (
            "[[file]]\npath = \"src/./x.py\"\nnew = true\ndelta = 0\n".to_owned(),
            "INT-004",
            "component",
        ),
    ] {
        refused(&plan, code, says);
    }
    let usage = |plan: &str| {
        world.write("plan.toml", plan);
        let words = [
            "git",
            "awo",
            "packet",
            "pre-work",
            TASK,
            "--plan",
            "../plan.toml",
        ];
        assert_eq!(world.run("otto", "otto", &words).code, 2, "{plan}");
    };
    for rest in [
        "window = \"1-2\"",
        "window = \"1\"\ndelta = 0",
        "delta = 0\nnew = true\ndelete = true",
        "delta = 0\nwidth = 1",
    ] {
        usage(&file(rest));
    }

    // What the command would not write, the server does not take; forced past it, a fresh clone finds it.
    world.plans(PLAN);
    let forged = |code: &str, rule: &str, change: fn(&mut PreWorkPredicate)| {
        let world = world.copied();
        world.replans(change);
        world.is_found_of("otto", &[LEDGER], code, rule);
    };
    forged("INT-004", "pre-work-plan", |says| says.files.reverse());
    forged("INT-004", "pre-work-plan", |says| {
        says.files[1].window.as_mut().unwrap().last = 9;
    });
    forged("INT-004", "pre-work-plan", |says| {
        says.files[1].anchors = vec!["text".to_owned()];
    });
    forged("ATT-002", "binding-stale", |says| {
        says.files[1].rails.as_mut().unwrap().first = Some("other".to_owned());
    });
    forged("ATT-002", "binding-stale", |says| {
        says.files[1].pre_blob = Some(says.base);
    });
    forged("ATT-002", "binding-stale", |says| {
        says.files[0].change = PlannedChange::Change;
    });
    forged("GOV-003", "allowed-paths", |says| {
        says.files.insert(
            0,
            PlannedFile {
                anchors: Vec::new(),
                change: PlannedChange::Add,
                delta: 1,
                path: "Makefile".to_owned(),
                pre_blob: None,
                pre_sha1: None,
                rails: None,
                window: None,
            },
        );
    });
    forged("ATT-002", "contract-base", |says| {
        says.base = "1".repeat(40).parse().unwrap();
    });
    forged("ATT-002", "binds-contract", |says| {
        says.contract = "1".repeat(64).parse().unwrap();
    });
    forged("ATT-001", "role-held", |says| {
        says.context.role = "reviewer".to_owned()
    });
    world.push_accepted("otto", &[LEDGER]);
}

#[test]
fn nobody_plans_for_a_contract_that_asks_for_no_plan() {
    let world = World::founded();
    world.write("packet.toml", PACKET.replace("post_work = true\n", ""));
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../packet.toml"],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.write("plan.toml", PLAN);
    let words = [
        "git",
        "awo",
        "packet",
        "pre-work",
        TASK,
        "--plan",
        "../plan.toml",
    ];
    let text = world.refused("otto", "otto", &words, "INT-004");
    assert!(text.contains("asks for none"), "{text}");
}

#[test]
fn what_was_not_planned_is_refused_gate_by_gate() {
    let world = published();
    for (script, gates) in [
        (
            "sed -i '1s/.*/def slugify(it):/' src/strings.py",
            &["rails_untouched_outside_window"][..],
        ),
        (
            "echo 'x = 1' >> src/strings.py",
            &["line_delta_equals_expected"],
        ),
        (
            "echo '[gone](gone.md)' > docs/notes.md",
            &["all_links_resolvable"],
        ),
        (
            "echo new > src/new.py",
            &[
                "anchors_present",
                "window_matches_plan",
                "rails_untouched_outside_window",
                "pre_sha1_captured",
                "line_delta_equals_expected",
            ],
        ),
        (
            "rm docs/notes.md",
            &[
                "window_matches_plan",
                "rails_untouched_outside_window",
                "filename_canonical_and_openable",
                "line_delta_equals_expected",
            ],
        ),
    ] {
        let before = world.rev("otto", LEDGER);
        let script = format!("{DO}\n{script}");
        let text = world.refused("otto", "otto", &run(&script), "GOV-002");
        assert_eq!(gates_of(&text), set(gates), "{script}: {text}");
        assert_eq!(world.rev("otto", LEDGER), before, "nothing is recorded");
    }
    world.ok("otto", "otto", &run(DO));
    world.push_accepted("otto", RECORDS);
}

#[test]
fn the_door_computes_the_gates_itself() {
    let world = published();
    world.ok("otto", "otto", &run(DO));
    // A second plan of other numbers, which was there as well: the run names that one instead.
    let other = published_besides(&world);
    world.retells(RUN, |says| {
        says.work.as_mut().unwrap().pre_work = Some(other)
    });
    let text = world.push_refused("otto", RECORDS, "GOV-002");
    assert_eq!(
        gates_of(&text),
        set(&["line_delta_equals_expected"]),
        "{text}"
    );
    assert!(text.contains("post-work-gate"), "{text}");
    world.force("otto", RECORDS);
    world.fresh_clone();
    let text = world.verify_finds("GOV-002");
    assert!(text.contains("post-work-gate"), "{text}");
}

/// otto publishes another plan from a second clone; returns its digest.
fn published_besides(world: &World) -> Sha256 {
    let besides = PLAN.replace("delta = 1", "delta = 7");
    world.write("plan.toml", besides);
    let base = world.rev("otto", "refs/remotes/origin/main");
    let words = [
        "git",
        "awo",
        "--json",
        "packet",
        "pre-work",
        TASK,
        "--plan",
        "../plan.toml",
        "--base",
        &base,
    ];
    let said: Value = serde_json::from_str(&world.ok("otto", "otto", &words)).unwrap();
    let digest = said["record"].as_str().unwrap().parse().unwrap();
    // The plan goes alone; the run stays here.
    let path = Kind::PreWork.one_of(task(), digest).to_path().to_string();
    let ledger = world.ledger_of("otto");
    let (_, bytes) = ledger.iter().find(|(name, _)| *name == path).unwrap();
    let ours = world.rev("otto", LEDGER);
    let theirs = world.rev("server.git", LEDGER);
    world.ok("otto", "otto", &["git", "update-ref", LEDGER, &theirs]);
    world.forge(
        "otto",
        &RefName::new(LEDGER).unwrap(),
        &[(path.as_str(), Some(bytes))],
    );
    world.push_accepted("otto", &[LEDGER]);
    world.ok("otto", "otto", &["git", "update-ref", LEDGER, &ours]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    digest
}

#[test]
fn a_typed_in_manifest_is_refused() {
    let world = executed();
    let says: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let path = format!(
        "{}:{}/{FILE}",
        says.evidence,
        layout::run_directory(&says.run)
    );
    let text = world.ok("otto", "otto", &["git", "show", &path]);
    let blob = world.rev("otto", &format!("{}:src/strings.py", says.commit));
    for (edited, gates) in [
        (text.replace("\"end\": 2", "\"end\": 3"), &[][..]),
        (
            text.replace(&blob, &"1".repeat(40)),
            &["post_sha1_captured"],
        ),
        ("{}".to_owned(), &["post_sha1_captured"]),
    ] {
        assert_ne!(edited, text, "it is another one");
        let door = Door::new(world.copied(), "otto");
        let refspecs = door.run_with(&[(FILE, Some(edited.into_bytes()))]);
        let refspecs = refspecs.each_ref().map(String::as_str);
        let world = door.world;
        let told = world.push_refused("otto", &refspecs, "ATT-002");
        assert!(told.contains("evidence-claims"), "{told}");
        assert_eq!(gates_of(&told), set(gates), "{told}");
        world.force("otto", &refspecs);
        world.fresh_clone();
        let told = world.verify_finds("ATT-002");
        assert!(told.contains("evidence-claims"), "{told}");
    }
    let gates = ["post_sha1_captured", "manifest_written_and_path_returned"];
    let door = Door::new(world.copied(), "otto");
    let refspecs = door.run_with(&[(FILE, None)]);
    let refspecs = refspecs.each_ref().map(String::as_str);
    let told = door.world.push_refused("otto", &refspecs, "GOV-002");
    assert_eq!(gates_of(&told), set(&gates), "{told}");
    // The record names none.
    let unnamed = world.copied();
    unnamed.retells(RUN, |says| says.work.as_mut().unwrap().manifest = None);
    let told = unnamed.push_refused("otto", RECORDS, "GOV-002");
    assert_eq!(gates_of(&told), set(&gates), "{told}");
    // Written anew with the same bytes, it is taken.
    let door = Door::new(world, "otto");
    let refspecs = door.run_with(&[(FILE, Some(text.into_bytes()))]);
    let refspecs = refspecs.each_ref().map(String::as_str);
    door.world.push_accepted("otto", &refspecs);
}

/// A world in which olga and otto put documents on main directly, executable files and symlinks among them.
fn documented() -> World {
    let world = World::founded();
    world.next_policy(2, None, |policy| {
        let direct = "accept = [\"governed\", \"rollback\", \"direct\"]\nmerges = true";
        let policy = policy.replacen("accept = [\"governed\", \"rollback\"]", direct, 1);
        let tree = "[tree]\nexecutable = [\"docs/**\"]\nsymlinks = [\"docs/**\"]\n";
        let policy = policy.replacen("[tree]\n", tree, 1);
        let writers = "[[ref.direct]]\nwriters = [\"olga\", \"otto\"]\npaths = [\"docs/\"]\n\n[[ref]]\n\
                       pattern = \"refs/heads/wip";
        policy.replacen("[[ref]]\npattern = \"refs/heads/wip", writers, 1)
    });
    world
}

/// A world like [`executed`], in which main takes direct commits and merges as well. The run is reviewed,
/// attested and finalized, and meanwhile olga has put a file on main.
fn overtaken(path: &str, text: &str) -> World {
    let world = documented();
    world.approves_packet();
    world.plans(PLAN);
    world.publishes();
    world.ok("otto", "otto", &run(DO));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.reviews();
    world.write(&format!("olga/{path}"), text);
    world.commit("olga", "notes");
    world.push_accepted("olga", &["main"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok(
        "otto",
        "otto",
        &["git", "merge", "--no-edit", "origin/main"],
    );
    world
}

#[test]
fn a_run_lands_only_where_the_branch_has_what_was_planned_on() {
    let with_main = [RECORDS, &["refs/notes/awo/*", "refs/heads/main"]].concat();
    let world = overtaken("docs/other.md", "other\n");
    world.push_accepted("otto", &with_main);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);

    let same = "See [code](../src/strings.py).\n";
    let world = overtaken("docs/notes.md", same);
    let before = world.server();
    let text = world.refused("otto", "otto", &["git", "awo", "push"], "GOV-002");
    assert_eq!(gates_of(&text), set(variants::OVERTAKEN), "{text}");
    assert_eq!(world.server(), before, "nothing moved on the server");
    let text = world.push_refused("otto", &with_main, "GOV-002");
    assert_eq!(
        gates_of(&text),
        set(&["current_file_matches_preimage"]),
        "{text}"
    );
    world.force("otto", &with_main);
    world.fresh_clone();
    let text = world.verify_finds("GOV-002");
    assert!(text.contains("current_file_matches_preimage"), "{text}");
}

#[test]
fn a_run_that_took_place_elsewhere_brings_its_manifest() {
    let world = published();
    let base = world.rev("otto", "refs/remotes/origin/main");
    world.ok("otto", "otto", &["git", "checkout", "--quiet", "-b", "ci"]);
    world.ok("otto", "otto", &["sh", "-c", DO]);
    let commit = world.commit("otto", "made elsewhere");
    world.ok("otto", "otto", &["git", "checkout", "--quiet", "main"]);
    let range = format!("{base}..{commit}");
    let words = [
        "git",
        "awo",
        "packet",
        "post-work",
        TASK,
        "--range",
        &range,
        "--manifest",
    ];
    let manifest = world.ok("otto", "otto", &words);
    let other = format!("{commit}..{commit}");
    let words = ["git", "awo", "packet", "post-work", TASK, "--range", &other];
    assert_eq!(
        world.run("otto", "otto", &words).code,
        2,
        "it starts at the base"
    );

    let directory = format!("../ci/{RUN}");
    let import = [
        "git", "awo", "run", "import", &directory, "--task", TASK, "--commit", &commit,
    ];
    let place = |manifest: Option<String>| {
        let mut files = conforming(&base);
        files.extend(manifest.map(|it| (RepoPath::from(FILE), it.into_bytes())));
        seal(&mut files);
        let _ = std::fs::remove_dir_all(world.path("ci"));
        for (path, bytes) in files {
            world.write(&format!("ci/{RUN}/{path}"), bytes);
        }
    };
    for wrong in [None, Some(manifest.replace("\"end\": 2", "\"end\": 3"))] {
        place(wrong);
        let text = world.refused("otto", "otto", &import, "ATT-002");
        assert!(text.contains("evidence-claims"), "{text}");
    }
    place(Some(manifest));
    world.ok("otto", "otto", &import);
    world.push_accepted("otto", RECORDS);
}
