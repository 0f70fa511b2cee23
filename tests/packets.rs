//! Work packets in a repository: imported, approved, executed, landed, and what the server refuses of them.

use git_awo::record::Sha256;
use git_awo::record::contract::ContractDraft;
use git_awo::records::{ContractPredicate, Kind};
use git_awo::store::layout::{self, LedgerPath};
use serde_json::Value;

use crate::world::{TASK, World};

const WORK: &str = include_str!("packets/work.md");
pub const SIGNATURE: &str = "olga010320260900";

/// The packet for this repository, of this task and with this user signature.
pub fn packet(world: &World, task: &str, signature: &str) -> String {
    let text = WORK.replace("@BASE@", &world.rev("olga", "refs/heads/main"));
    text.replace(TASK, task).replace(SIGNATURE, signature)
}

fn import(more: &[&'static str]) -> Vec<&'static str> {
    [&["git", "awo", "task", "import", "../work.md"], more].concat()
}

fn shown(world: &World, who: &str, task: &str) -> Value {
    let words = ["git", "awo", "--json", "task", "show", task];
    serde_json::from_str(&world.ok(who, who, &words)).unwrap()
}

/// The contract that olga has of a task, as draft.
fn draft(world: &World, task: &str) -> ContractDraft {
    let says: ContractPredicate = world.predicate("olga", &path(task));
    says.contract.into()
}

fn path(task: &str) -> LedgerPath {
    Kind::Contract.of(git_awo::record::TaskId::new(task).unwrap())
}

/// The files of a contract that olga's key signs: contract, packet and, if it has one, the mark of its user
/// signature.
fn forged(world: &World, from: &str, draft: ContractDraft) -> Vec<(String, Vec<u8>)> {
    let mut says: ContractPredicate = world.predicate("olga", &path(from));
    let id = draft.id.clone();
    says.contract = draft.check().unwrap();
    let envelope = world.actor("olga").sign(says).unwrap();
    let text = world.ledger_of("olga");
    let packet = LedgerPath::Packet(git_awo::record::TaskId::new(from).unwrap());
    let packet = packet.to_path().to_string();
    let bytes = text.into_iter().find(|(path, _)| *path == packet).unwrap();
    vec![
        (path(id.as_str()).to_path().to_string(), envelope.to_bytes()),
        (LedgerPath::Packet(id).to_path().to_string(), bytes.1),
    ]
}

fn put(world: &World, files: &[(String, Vec<u8>)]) {
    let edits: Vec<_> = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), Some(bytes.as_slice())))
        .collect();
    world.forge("olga", &layout::ledger(), &edits);
}

fn mark(signature: &str) -> String {
    let digest = Sha256::of(format!("user signature\n{signature}\n").as_bytes());
    format!("{digest}@signed")
}

/// Where [`crate::world::AGENT`] meets the criteria of the packet.
pub const MAP: &str = r#"{"schema": "awo.evidence-map/1", "entries": [
  {"criterion": "Repeated spaces give one dash.", "evidence": ["src/strings.py:1-2"]},
  {"criterion": "Outer spaces give none.", "evidence": ["src/strings.py:2", "test_strings.py:1"]}]}"#;

/// Returns a script that writes a map of the evidence too.
pub fn mapped(script: &str, map: &str) -> String {
    format!("{script}\ncat > \"$AWO_EVIDENCE_MAP\" <<'MAP'\n{map}\nMAP\n")
}

/// Plans what [`crate::world::AGENT`] does.
pub const PLAN: &str = r#"[[file]]
path = "src/strings.py"
window = "1-end"
delta = 0

[[file]]
path = "test_strings.py"
window = "7-end"
delta = 3
"#;

#[test]
fn a_work_packet_runs_to_the_end() {
    let world = crate::work::planned();
    world.write(&format!("olga/docs/plans/{TASK}.md"), "# The plan\n");
    world.lands_documents("the plan");
    world.write("work.md", packet(&world, TASK, SIGNATURE));
    let said = world.ok("olga", "olga", &import(&[]));
    for text in [
        "approval_sentence: generated",
        "coder model          pen:plain",
        "risk                 \"a tab is no space\" -> \"it stays in the slug\"",
    ] {
        assert!(said.contains(text), "{text:?}: {said}");
    }
    assert!(!said.contains("  status "), "{said}");
    world.signs(TASK);
    world.approves_task(TASK);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.claims_and_plans(TASK, PLAN);
    world.executes_by(crate::world::RUN, TASK, &mapped(crate::world::AGENT, MAP));
    // When the run comes, otto is another model than the one that the packet names.
    let other = world.copied();
    other.next_policy(3, None, |text| crate::work::policy_with(&text, "pen:other"));
    other.ok("otto", "otto", &["git", "awo", "fetch"]);
    let records = ["refs/awo/ledger", "refs/awo/evidence/*"];
    let text = other.push_refused("otto", &records, "ATT-001");
    assert!(text.contains("coder-model"), "{text}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.rita_reviews(crate::world::RUN);
    world.finalize_and_verify();
    // What vera's clone has is what olga imported, with every field.
    let contract = shown(&world, "vera", TASK);
    assert_eq!(contract, shown(&world, "olga", TASK));
    assert_eq!(contract["post_work"], true);
    assert_eq!(contract["skeleton"], Value::Null, "the packet has none");
    assert_eq!(contract["status"], Value::Null);
    assert_eq!(contract["packet"]["actors"]["coder_model"], "pen:plain");
    let instructions = contract["not_understood"].as_array().unwrap();
    for line in instructions {
        let text = line.as_str().unwrap();
        assert!(text.contains('(') && text.ends_with(')'), "{text}");
    }
    let run = crate::world::RUN;
    world.ok("vera", "vera", &["git", "awo", "export", run, "../out"]);
    let find = ["find", "../out", "-name", "contract.dsse.json"];
    let found = world.ok("vera", "vera", &find);
    let exported = std::fs::read(world.path("vera").join(found.trim())).unwrap();
    let exported = git_awo::record::envelope::Envelope::parse(&exported).unwrap();
    let statement: Value = serde_json::from_slice(exported.payload()).unwrap();
    assert_eq!(statement["predicate"]["contract"], contract);
}

#[test]
fn a_user_signature_stands_in_one_contract() {
    let world = World::founded();
    world.write("work.md", packet(&world, "WP-A", SIGNATURE));
    world.ok("olga", "olga", &import(&[]));
    world.ok("olga", "olga", &["git", "awo", "push"]);
    // Another task with the same user signature.
    world.write("work.md", packet(&world, "WP-B", SIGNATURE));
    let said = world.refused("olga", "olga", &import(&[]), "REP-001");
    assert!(said.contains("signature-once"), "{said}");
    assert!(said.contains("WP-A"), "{said}");
    // The same signature at the door, with the first contract's mark, with one of its own, and in a contract
    // of another kind.
    let mut again = draft(&world, "WP-A");
    again.id = git_awo::record::TaskId::new("WP-B").unwrap();
    again.base_task_id = Some(again.id.clone());
    let files = forged(&world, "WP-A", again.clone());
    let copy = world.copied();
    put(&copy, &files);
    copy.is_found_of("olga", &["refs/awo/ledger"], "REP-001", "signature-once");
    let mut plain = again.clone();
    plain.packet = None;
    let copy = world.copied();
    put(&copy, &forged(&world, "WP-A", plain));
    copy.is_found_of("olga", &["refs/awo/ledger"], "REP-001", "signature-once");
    // Without the mark of a new one the contract is refused, with that of another task too.
    again.user_signature = Some("rita010320260900".to_owned());
    let files = forged(&world, "WP-A", again);
    let copy = world.copied();
    put(&copy, &files);
    copy.is_found_of("olga", &["refs/awo/ledger"], "REP-001", "signature-once");
    let copy = world.copied();
    let other = (mark("rita010320260900"), b"WP-A\n".to_vec());
    put(&copy, &[files.clone(), vec![other]].concat());
    copy.push_refused("olga", &["refs/awo/ledger"], "REP-001");
    // A mark that belongs to no contract.
    let copy = world.copied();
    put(&copy, &[(mark("rita010320260900"), b"WP-A\n".to_vec())]);
    copy.is_found_of(
        "olga",
        &["refs/awo/ledger"],
        "STR-001",
        "record-of-something",
    );
    // With its mark it lands.
    let own = (mark("rita010320260900"), b"WP-B\n".to_vec());
    put(&world, &[files, vec![own]].concat());
    world.push_accepted("olga", &["refs/awo/ledger"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn of_two_clones_one_has_the_user_signature() {
    let world = World::founded();
    world.ok("olga", "server.git", &["git", "--version"]);
    let other = world.path("olga-2").display().to_string();
    world.ok("olga", "olga", &["cp", "-R", ".", &other]);
    world.write("work.md", packet(&world, "WP-A", SIGNATURE));
    world.ok("olga", "olga", &import(&[]));
    world.write("work.md", packet(&world, "WP-B", SIGNATURE));
    world.ok("olga", "olga-2", &import(&[]));
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let done = world.run("olga", "olga-2", &["git", "awo", "push"]);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(done.text.contains("REP-001"), "{}", done.text);
    // The clone goes on with what the server has, and with a signature of its own.
    world.write("work.md", packet(&world, "WP-C", "olga010320260901"));
    world.ok("olga", "olga-2", &import(&[]));
    world.ok("olga", "olga-2", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    let tasks = world.ok("vera", "vera", &["git", "awo", "task", "list"]);
    assert!(tasks.contains("WP-A") && tasks.contains("WP-C"), "{tasks}");
    assert!(!tasks.contains("WP-B"), "{tasks}");
}

#[test]
fn a_packet_of_another_format_is_refused_by_its_own_code() {
    let world = World::founded();
    let text = packet(&world, TASK, SIGNATURE);
    let other = text.replace("VERSION: 2026-02-01", "VERSION: 2025-11-26");
    world.write("work.md", &other);
    let said = world.refused("olga", "olga", &import(&[]), "STR-002");
    let line = other.split("- PACKET_FORMAT").next().unwrap();
    let line = format!("line {}", line.matches('\n').count() + 1);
    assert!(
        said.contains("packet-format") && said.contains(&line),
        "{said}"
    );
    world.write("work.md", text);
    world.ok("olga", "olga", &import(&[]));
}

/// A version of the packet WP-A.
fn next(world: &World, signature: &str, version: u32) -> String {
    version_of(world, "WP-A", signature, version)
}

fn version_of(world: &World, base: &str, signature: &str, version: u32) -> String {
    let id = format!("{base}-v{version}");
    let text = packet(world, &id, signature);
    let text = text.replace(&format!("BASE_WP_ID: {id}"), &format!("BASE_WP_ID: {base}"));
    let lineage = "## LINEAGE_AUDIT\n- Prior packet: `packets/WP-A.md`\n  - Preserved: all\n\n";
    text.replace("## BOOTSTRAP\n", &format!("{lineage}## BOOTSTRAP\n"))
}

/// olga tries what she then imports: nothing is stored, and the contract is the same.
#[track_caller]
fn tried_and_imported(world: &World, task: &str, more: &[&'static str]) {
    let before = world.rev("olga", "refs/awo/ledger");
    let words = [import(more), vec!["--dry-run", "--json"]].concat();
    let tried: Value = serde_json::from_str(&world.ok("olga", "olga", &words)).unwrap();
    assert_eq!(
        world.rev("olga", "refs/awo/ledger"),
        before,
        "nothing is stored"
    );
    world.ok("olga", "olga", &import(more));
    assert_eq!(tried, shown(world, "olga", task));
}

#[test]
fn a_packet_is_tried_as_it_is_imported() {
    let world = World::founded();
    let dry = [import(&[]), vec!["--dry-run"]].concat();
    world.write("work.md", packet(&world, "WP-A", SIGNATURE));
    world.ok("olga", "olga", &import(&[]));
    // A user signature that is used, and a criterion that the version drops in silence.
    for (text, code, rule) in [
        (
            packet(&world, "WP-B", SIGNATURE),
            "REP-001",
            "signature-once",
        ),
        (next(&world, SIGNATURE, 2), "REP-001", "signature-once"),
        (
            next(&world, "olga010320260902", 2).replace("- Outer spaces give none.\n", ""),
            "GOV-002",
            "lineage-complete",
        ),
    ] {
        world.write("work.md", text);
        for words in [&dry, &import(&[])] {
            let text = world.refused("olga", "olga", words, code);
            assert!(text.contains(rule), "{rule}: {text}");
        }
    }
    world.write("work.md", next(&world, "olga010320260902", 2));
    tried_and_imported(&world, "WP-A-v2", &[]);
    let text = version_of(&world, "WP-B", "olga010320260904", 4);
    world.write("work.md", text);
    world.write("before.md", "# an old packet\n");
    tried_and_imported(&world, "WP-B-v4", &["--predecessor", "../before.md"]);
    // Where nothing is recorded, the packet alone is read, and that is said.
    std::fs::create_dir(world.path("nowhere")).unwrap();
    world.ok("olga", "nowhere", &["git", "init", "--quiet", "bare"]);
    std::fs::write(world.path("nowhere/work.md"), next(&world, SIGNATURE, 3)).unwrap();
    for place in ["nowhere", "nowhere/bare"] {
        let file = match place {
            "nowhere" => "work.md",
            _ => "../work.md",
        };
        let words = ["git", "awo", "task", "import", file, "--dry-run"];
        let more = ["--predecessor", "../before.md"];
        let text = world.ok("olga", place, &words);
        assert!(text.contains("no records here"), "{text}");
        assert!(!text.contains("external"), "{text}");
        if place == "nowhere" {
            let text = world.ok("olga", place, &[&words[..], &more].concat());
            assert!(text.contains("external"), "{text}");
        }
    }
}

#[test]
fn a_refused_packet_says_why() {
    let world = World::founded();
    let text = packet(&world, TASK, SIGNATURE);
    for (from, to, why) in [
        (
            "- OUT_OF_SCOPE:",
            "- FORBIDDEN_PATHS:\n  - src/strings.py\n- OUT_OF_SCOPE:",
            "cannot make a contract of the packet: cannot both allow and forbid",
        ),
        (
            "  - src/strings.py",
            "  - /src/strings.py",
            "cannot accept the path \"/src/strings.py\": it is absolute",
        ),
    ] {
        world.write("work.md", text.replacen(from, to, 1));
        let said = world.refused("olga", "olga", &import(&[]), "INT-004");
        assert!(said.contains(why), "{why}: {said}");
    }
    world.write("work.md", text);
    world.ok("olga", "olga", &import(&[]));
}

#[test]
fn a_later_version_names_what_it_follows() {
    let world = World::founded();
    world.write("work.md", packet(&world, "WP-A", SIGNATURE));
    world.ok("olga", "olga", &import(&[]));
    // The version before has a contract here: its digest is added.
    world.write("work.md", next(&world, "olga010320260902", 2));
    world.ok("olga", "olga", &import(&[]));
    let before = &shown(&world, "olga", "WP-A-v2")["packet"]["lineage"]["predecessor"];
    let first = world.ledger_of("olga");
    let first = first
        .iter()
        .find(|(path, _)| path == "WP-A@contract.dsse.json")
        .unwrap();
    let first = git_awo::record::envelope::Envelope::parse(&first.1).unwrap();
    assert_eq!(before["contract"], first.digest().to_string());
    assert_eq!(before["path"], "packets/WP-A.md");
    assert_eq!(before["external"], Value::Null);
    // Of one that has none, the packet itself is named.
    let text = version_of(&world, "WP-B", "olga010320260904", 4);
    world.write("work.md", text);
    world.write("before.md", "# an old packet\n");
    world.ok("olga", "olga", &import(&["--predecessor", "../before.md"]));
    let before = &shown(&world, "olga", "WP-B-v4")["packet"]["lineage"]["predecessor"];
    let digest = Sha256::of(b"# an old packet\n").to_string();
    assert_eq!(before["sha256"], digest);
    assert_eq!(before["external"], true);
    assert_eq!(before["contract"], Value::Null);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
