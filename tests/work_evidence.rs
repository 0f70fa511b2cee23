//! The evidence that a work packet asks for: validation steps with logs of their own, the map of the evidence,
//! the work log and the hand-off, at the command, at the door and on a fresh clone.

use git_awo::record::json;
use git_awo::record::{RepoPath, RunId};
use git_awo::records::{Kind, RunPredicate};
use git_awo::store::layout;
use serde_json::Value;

use crate::hostile::Case;
use crate::hostile::door::Door;
use crate::packets::mapped;
use crate::run_import::{conforming, seal};
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "C-01",
        attack: "a map of the evidence that leaves out a criterion, quotes another one or names lines that the commit \
                 does not have",
        answer: "GOV-002",
        tests: &[
            "work_evidence::a_map_names_lines_of_the_commit_for_each_criterion",
            "work_evidence::forged_evidence_of_work_is_refused_and_found",
        ],
    },
    Case {
        id: "C-02",
        attack: "a work log with another log, another line or without a step, and a hand-off with other changes",
        answer: "ATT-002",
        tests: &["work_evidence::forged_evidence_of_work_is_refused_and_found"],
    },
];

pub const TASK: &str = "EV-1";
pub const PACKET: &str = r#"schema = "awo.packet/1"
id = "EV-1"
task = "Collapse spaces."
target_ref = "refs/heads/main"
allowed_paths = ["src/", "docs/"]
validation_steps = ["echo first", "test -s src/strings.py", "echo one; echo two >&2"]
success_criteria = ["Repeated spaces give one dash.", "It is \"documented\"."]
evidence = ["evidence_map.json", "work_log.json", "handoff.json"]
approval_sentence = "I approve EV-1."
gate1 = "operator"
[target]
locator = "the sandbox"
[target.admission]
status = "admitted"
"#;

pub const DO: &str = r#"mkdir -p docs; printf 'one\ntwo' > docs/notes.md; echo done
sed -i 's/.*return.*/    return "-".join(text.lower().split())/' src/strings.py"#;

pub const MAP: &str = r#"{"schema": "awo.evidence-map/1", "entries": [
  {"criterion": "Repeated spaces give one dash.", "evidence": ["src/strings.py:1-2"]},
  {"criterion": "It is \"documented\".", "evidence": ["docs/notes.md:2", "docs/notes.md:1"]}]}"#;

pub fn world_with(packet: &str) -> World {
    let world = World::founded();
    world.write("packet.toml", packet);
    let import = ["git", "awo", "task", "import", "../packet.toml"];
    world.ok("olga", "olga", &import);
    world.ok("olga", "olga", &["git", "awo", "approve", TASK]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

fn executed() -> World {
    let world = world_with(PACKET);
    world.executes_by(RUN, TASK, &mapped(DO, MAP));
    world
}

fn run(script: &str) -> [&str; 10] {
    [
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", script,
    ]
}

/// Returns a file of the evidence that somebody has.
fn evidence(world: &World, who: &str, name: &str) -> String {
    let says: RunPredicate = world.predicate(who, &Kind::Run.of(RunId::new(RUN).unwrap()));
    let directory = layout::run_directory(&says.run);
    let path = format!("{}:{directory}/{name}", says.evidence);
    world.ok(who, who, &["git", "cat-file", "blob", &path])
}

#[test]
fn each_validation_step_has_a_log_and_a_result() {
    let world = executed();
    let read = |name: &str| evidence(&world, "otto", name);
    assert_eq!(read("logs/validation-01.log"), "first\n");
    assert_eq!(read("logs/validation-02.log"), "");
    assert_eq!(read("logs/validation-03.log"), "one\ntwo\n");
    assert_eq!(read("test.log"), "first\none\ntwo\n");
    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    let steps = report["validation"]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[1]["command"], "test -s src/strings.py");
    assert_eq!(steps[1]["exit_code"], 0);
    assert_eq!(steps[1]["log"], "logs/validation-02.log");
    let log: Value = serde_json::from_str(&read("work_log.json")).unwrap();
    let commands = log["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 4);
    assert_eq!(commands[0]["logs"][0]["proof_lines"][0], "done");
    assert_eq!(commands[3]["argv"][3], "echo one; echo two >&2");
    assert_eq!(commands[3]["logs"][0]["proof_lines"][1], "two");
    let handoff: Value = serde_json::from_str(&read("handoff.json")).unwrap();
    assert_eq!(
        handoff["changed"],
        serde_json::json!(["docs/notes.md", "src/strings.py"])
    );
    assert!(
        handoff["next_step"]
            .as_str()
            .unwrap()
            .contains("git awo gate")
    );
    let shown = world.ok("otto", "otto", &["git", "awo", "task", "show", TASK]);
    assert!(
        shown.contains("validation step      test -s src/strings.py"),
        "{shown}"
    );

    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}

#[test]
fn the_first_step_that_fails_is_named() {
    let packet = PACKET.replace("\"echo first\"", "\"echo broken; exit 3\", \"exit 4\"");
    let world = world_with(&packet);
    let before = world.ok("otto", "otto", &["git", "for-each-ref"]);
    let script = mapped(DO, MAP);
    let text = world.refused("otto", "otto", &run(&script), "GOV-002");
    let step = "the validation step echo broken; exit 3 ended with exit status: 3";
    assert!(text.contains(step) && text.contains("broken"), "{text}");
    assert!(!text.contains("exit 4"), "{text}");
    assert_eq!(world.ok("otto", "otto", &["git", "for-each-ref"]), before);
}

#[test]
fn a_map_names_lines_of_the_commit_for_each_criterion() {
    let world = world_with(PACKET);
    let text = world.refused("otto", "otto", &run(DO), "GOV-002");
    assert!(
        text.contains("evidence-map") && text.contains("AWO_EVIDENCE_MAP"),
        "{text}"
    );
    for (from, to, told) in [
        (
            "It is \\\"documented\\\".",
            "It is documented.",
            "nothing for",
        ),
        (
            "It is \\\"documented\\\".",
            "It is documented.",
            "an entry for",
        ),
        (
            "\"docs/notes.md:2\", \"docs/notes.md:1\"",
            "",
            "nothing for",
        ),
        ("docs/notes.md:2", "docs/notes.md:3", "the file has 2 lines"),
        ("docs/notes.md:2", "docs/none.md:1", "no file of the commit"),
        ("docs/notes.md:2", "docs:1", "no file of the commit"),
        ("docs/notes.md:2", "docs/notes.md", "path:line"),
        ("docs/notes.md:2", "docs/notes.md:0", "path:line"),
        (
            "\"entries\"",
            "\"verdict\": \"PASS\", \"entries\"",
            "verdict",
        ),
        (
            "awo.evidence-map/1",
            "awo.evidence-map/2",
            "bad_schema:evidence_map.json",
        ),
        ("{\"schema\"", "\"schema\"", "cannot read the json"),
    ] {
        let map = MAP.replace(from, to);
        assert_ne!(map, MAP, "{from}");
        let script = mapped(DO, &map);
        let text = world.refused("otto", "otto", &run(&script), "GOV-002");
        assert!(text.contains(told), "{told}: {text}");
    }
    world.executes_by(RUN, TASK, &mapped(DO, MAP));
}

#[test]
fn forged_evidence_of_work_is_refused_and_found() {
    let world = executed();
    let digest = git_awo::record::Sha256::of(b"first\n").to_string();
    for (name, from, to, code, told) in [
        (
            "evidence_map.json",
            "strings.py:1-2",
            "strings.py:1-9",
            "GOV-002",
            "evidence-map",
        ),
        (
            "evidence_map.json",
            "Repeated spaces",
            "Repeated blanks",
            "GOV-002",
            "evidence-map",
        ),
        (
            "evidence_map.json",
            "",
            "",
            "GOV-002",
            "missing_file:evidence_map.json",
        ),
        (
            "work_log.json",
            "\"done\"",
            "\"0 failed\"",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "work_log.json",
            &digest,
            &"0".repeat(64),
            "ATT-002",
            "evidence-claims",
        ),
        (
            "work_log.json",
            "\"assisted_by\": []",
            "\"assisted_by\": [\"pen:other\"]",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "work_log.json",
            "\"exit_code\": 0",
            "\"exit_code\": 9",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "work_log.json",
            "\"commands\": [",
            "\"commands\": [{\"argv\": [\"make\", \"audit\"], \"exit_code\": 0, \"logs\": []},",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "work_log.json",
            "echo first",
            "echo other",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "work_log.json",
            "\"mkdir",
            "\"rm",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "work_log.json",
            "",
            "",
            "GOV-002",
            "missing_file:work_log.json",
        ),
        (
            "work_log.json",
            "\"task\"",
            "\"verdict\": \"PASS\", \"task\"",
            "GOV-002",
            "bad_form:work_log.json",
        ),
        (
            "handoff.json",
            "\"docs/notes.md\"",
            "\"docs/other.md\"",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "handoff.json",
            "completed",
            "approved",
            "ATT-002",
            "evidence-claims",
        ),
        (
            "handoff.json",
            "",
            "",
            "GOV-002",
            "missing_file:handoff.json",
        ),
        (
            "logs/validation-02.log",
            "",
            "",
            "GOV-002",
            "missing_file:logs/validation-02.log",
        ),
        ("test.log", "first", "fist", "ATT-002", "evidence-claims"),
    ] {
        let text = evidence(&world, "otto", name);
        let edited = text.replacen(from, to, 1);
        let file = (!from.is_empty()).then(|| {
            assert_ne!(edited, text, "{name}: {from}");
            match name.ends_with(".json") {
                true => json::to_canonical(&json::parse(edited.as_bytes()).unwrap()),
                false => edited.clone().into_bytes(),
            }
        });
        let door = Door::new(world.copied(), "otto");
        let refspecs = door.run_with(&[(name, file)]);
        let refspecs = refspecs.each_ref().map(String::as_str);
        let world = door.world;
        let text = world.push_refused("otto", &refspecs, code);
        assert!(text.contains(told), "{name} {from}: {text}");
        world.force("otto", &refspecs);
        world.fresh_clone();
        let text = world.verify_finds(code);
        assert!(text.contains(told), "{name} {from}: {text}");
    }
    let handoff = evidence(&world, "otto", "handoff.json").into_bytes();
    let door = Door::new(world, "otto");
    let refspecs = door.run_with(&[("handoff.json", Some(handoff))]);
    let refspecs = refspecs.each_ref().map(String::as_str);
    door.world.push_accepted("otto", &refspecs);
}

#[test]
fn a_run_made_elsewhere_brings_the_evidence_of_its_work() {
    let world = executed();
    let read = |name: &str| evidence(&world, "otto", name);
    let says: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let mut files = conforming(&says.base.to_string());
    let brought = [
        "artifact_digests.json",
        "control_surface.json",
        "events.normalized.jsonl",
        "freshness.json",
        "owned_repo.json",
        "patch.diff",
        "report.json",
        "trace.jsonl",
        "logs/stdout.log",
        "logs/stderr.log",
        "test.log",
        "logs/validation-01.log",
        "logs/validation-02.log",
        "logs/validation-03.log",
        "evidence_map.json",
        "work_log.json",
        "handoff.json",
    ];
    for name in brought {
        files.insert(RepoPath::from(name), read(name).into_bytes());
    }
    for name in [
        "environment.json",
        "run_manifest.json",
        "provenance.json",
        "index.json",
    ] {
        let bytes = files[&RepoPath::from(name)].clone();
        let bytes = json::to_canonical(&json::parse(&bytes).unwrap());
        files.insert(RepoPath::from(name), bytes);
    }
    for name in [
        "scope/summary.json",
        "steps/01_scope.json",
        "steps/02_emit.json",
    ] {
        let bytes = files[&RepoPath::from(name)].clone();
        let bytes = json::to_canonical(&json::parse(&bytes).unwrap());
        files.insert(RepoPath::from(name), bytes);
    }
    let other = world_with(PACKET);
    for (without, told) in [
        (Some("work_log.json"), "missing_file:work_log.json"),
        (Some("evidence_map.json"), "missing_file:evidence_map.json"),
        (
            Some("logs/validation-03.log"),
            "missing_file:logs/validation-03.log",
        ),
        (None, ""),
    ] {
        let mut files = files.clone();
        if let Some(name) = without {
            files.remove(&RepoPath::from(name)).unwrap();
        }
        let digests = git_awo::evidence::artifact_digests(&files);
        files.insert(RepoPath::from("artifact_digests.json"), digests);
        seal(&mut files);
        let directory = other.path("ci").join(RUN);
        let _ = std::fs::remove_dir_all(&directory);
        for (path, content) in &files {
            let real = directory.join(path.to_str().unwrap());
            std::fs::create_dir_all(real.parent().unwrap()).unwrap();
            std::fs::write(real, content).unwrap();
        }
        let directory = directory.display().to_string();
        if other
            .run(
                "otto",
                "otto",
                &["git", "rev-parse", "--verify", "-q", "ci"],
            )
            .code
            != 0
        {
            other.ok(
                "otto",
                "otto",
                &["git", "checkout", "-q", "-b", "ci", "main"],
            );
            other.ok("otto", "otto", &["sh", "-c", DO]);
            other.commit("otto", "What CI made");
            other.ok("otto", "otto", &["git", "checkout", "-q", "main"]);
        }
        let words = [
            "git", "awo", "run", "import", &directory, "--task", TASK, "--commit", "ci",
        ];
        match without {
            Some(_) => {
                let text = other.refused("otto", "otto", &words, "GOV-002");
                assert!(text.contains(told), "{told}: {text}");
            }
            None => _ = other.ok("otto", "otto", &words),
        }
    }
    other.ok("otto", "otto", &["git", "awo", "push"]);
}
