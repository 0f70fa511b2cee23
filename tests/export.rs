//! The provenance index and AWO's layout on the disk: what the server refuses, what a rebuild
//! mends, and that every clone writes the same bytes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use git_awo::actor::Actor;
use git_awo::evidence;
use git_awo::record::envelope::pae;
use git_awo::record::{ObjectId, RefName, RepoPath, RunId, Sha256};
use git_awo::store::layout::{self, LedgerPath};
use git_awo::store::ledger::Records;
use git_awo::store::provenance::{Entry, Index};

use crate::world::{AGENT, PACKET, PROGRAM, RUN, SENTENCE, World};

/// Every governance ref that a run touches.
const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];
const LEDGER: &[&str] = &["refs/awo/ledger"];

fn run() -> RunId {
    RunId::new(RUN).unwrap()
}

fn place() -> LedgerPath {
    LedgerPath::Provenance(run())
}

/// Returns the entry of the run as a clone holds it.
fn stored(world: &World, who: &str) -> Entry {
    let actor = Actor::open(&world.path(who)).unwrap();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    records.indexed(&run()).unwrap().unwrap()
}

/// Puts one file into the ledger of a clone, or takes it out.
fn edit(world: &World, who: &str, path: &LedgerPath, bytes: Option<&[u8]>) {
    let path = path.to_path().to_string();
    world.forge(who, &layout::ledger(), &[(&path, bytes)]);
}

fn put_entry(world: &World, bytes: Option<&[u8]>) {
    edit(world, "otto", &place(), bytes);
}

/// Adds an entry to otto's index of which nobody has finalized the run.
fn haunt(world: &World) {
    let mut forged = stored(world, "otto");
    forged.run_id = RunId::new("a_ghost").unwrap();
    let path = LedgerPath::Provenance(forged.run_id.clone());
    edit(world, "otto", &path, Some(&forged.to_bytes()));
}

/// The push is refused; forced past the hooks, a fresh clone finds it.
#[track_caller]
fn attack(world: &World, code: &str) {
    world.push_refused("otto", LEDGER, code);
    let verify = ["git", "awo", "provenance", "verify"];
    world.refused("otto", "otto", &verify, code);
    let export = ["git", "awo", "provenance", "export"];
    world.refused("otto", "otto", &export, code);
    world.force("otto", LEDGER);
    world.fresh_clone();
    world.verify_finds(code);
    world.refused("vera", "vera", &verify, code);
}

#[test]
fn a_missing_entry_is_refused_found_and_added() {
    let world = World::finalized();
    put_entry(&world, None);
    attack(&world, "STR-001");
    let said = world.ok("otto", "otto", &["git", "awo", "provenance", "rebuild"]);
    assert!(said.contains(RUN), "{said}");
    let said = world.ok("otto", "otto", &["git", "awo", "provenance", "rebuild"]);
    assert!(said.contains("nothing to do"), "once is enough: {said}");
    world.ok("otto", "otto", &["git", "awo", "provenance", "verify"]);
    world.push_accepted("otto", LEDGER);
    let refspec = "+refs/awo/*:refs/awo/*";
    world.ok(
        "vera",
        "vera",
        &["git", "fetch", "--quiet", "origin", refspec],
    );
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "provenance", "verify"]);
}

#[test]
fn what_was_compared_before_changes_no_answer() {
    let world = World::attested();
    world.with_index("rita/.git");
    let verify = ["git", "awo", "--json", "provenance", "verify"];
    let whole = [&verify[..], &["--no-cache"]].concat();
    let compared = world.path("rita").join(".git/awo-index/provenance.json");
    let same = |finalizations: u64| {
        let said = world.ok("rita", "rita", &whole);
        for _ in 0..2 {
            assert_eq!(world.ok("rita", "rita", &verify), said);
        }
        let verdict: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(verdict["checked"]["finalizations"], finalizations);
    };
    assert!(!compared.exists());
    same(0);
    assert!(compared.exists());
    world.finalize_and_verify();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    same(1);
    let kept = std::fs::read(&compared).unwrap();
    for at in (0..kept.len()).step_by(61) {
        let mut other = kept.clone();
        other[at] ^= 0x41;
        std::fs::write(&compared, &other).unwrap();
        same(1);
    }
    // Another entry in place of the one that was compared.
    let mut entry = stored(&world, "otto");
    entry.workflow_run_url = "https://ci.example/never".to_owned();
    put_entry(&world, Some(&entry.to_bytes()));
    world.force("otto", LEDGER);
    let refspec = "+refs/awo/*:refs/awo/*";
    world.ok(
        "rita",
        "rita",
        &["git", "fetch", "--quiet", "origin", refspec],
    );
    let found = world.refused("rita", "rita", &whole, "REP-001");
    assert_eq!(world.refused("rita", "rita", &verify, "REP-001"), found);
}

#[test]
fn an_entry_without_a_finalization_is_refused_and_found() {
    let world = World::landed();
    haunt(&world);
    attack(&world, "STR-001");
}

#[test]
fn an_entry_that_is_changed_before_it_is_pushed_is_refused_and_found() {
    let world = World::finalized();
    let mut entry = stored(&world, "otto");
    entry.workflow_run_url = "https://ci.example/never".to_owned();
    put_entry(&world, Some(&entry.to_bytes()));
    attack(&world, "INT-008");
}

#[test]
fn an_entry_in_another_spelling_is_refused_and_found() {
    let world = World::finalized();
    let mut bytes = stored(&world, "otto").to_bytes();
    bytes.push(b'\n');
    put_entry(&world, Some(&bytes));
    attack(&world, "INT-008");
}

#[test]
fn a_second_entry_of_a_run_is_refused_and_found() {
    let world = World::landed();
    let mut entry = stored(&world, "otto");
    entry.workflow_run_url = "https://ci.example/never".to_owned();
    put_entry(&world, Some(&entry.to_bytes()));
    attack(&world, "REP-001");
}

#[test]
fn a_finalization_that_arrives_without_its_entry_is_refused() {
    let world = World::finalized();
    put_entry(&world, None);
    let mut refs = RECORDS.to_vec();
    refs.push("main");
    let said = world.push_refused("otto", &refs, "STR-001");
    assert!(said.contains("provenance-index"), "{said}");
    world.refused("otto", "otto", &["git", "awo", "chain", RUN], "STR-001");
    // The benign twin: rebuilt, the same push is accepted.
    world.ok("otto", "otto", &["git", "awo", "provenance", "rebuild"]);
    world.push_accepted("otto", &refs);
}

#[test]
fn the_chain_of_a_run_with_a_changed_entry_does_not_hold() {
    let world = World::finalized();
    world.ok("otto", "otto", &["git", "awo", "chain", RUN]);
    let mut entry = stored(&world, "otto");
    entry.commit = ObjectId::Sha1([7; 20]);
    put_entry(&world, Some(&entry.to_bytes()));
    world.refused("otto", "otto", &["git", "awo", "chain", RUN], "INT-008");
    world.refused("otto", "otto", &["git", "awo", "verify", RUN], "INT-008");
}

#[test]
fn a_fetch_takes_the_records_without_an_entry_and_a_rebuild_adds_it() {
    let world = World::finalized();
    put_entry(&world, None);
    world.force("otto", LEDGER);
    let said = world.refused("rita", "rita", &["git", "awo", "fetch"], "STR-001");
    assert!(said.contains("were merged"), "{said}");
    let verify = ["git", "awo", "provenance", "verify"];
    world.refused("rita", "rita", &verify, "STR-001");
    world.ok("rita", "rita", &["git", "awo", "provenance", "rebuild"]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &verify);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
}

#[test]
fn the_index_is_shown_exported_and_verified() {
    let world = World::landed();
    let commit = world.rev("otto", "main");
    let table = world.ok("otto", "otto", &["git", "awo", "provenance", "show"]);
    assert!(
        table.contains(RUN) && table.contains(&commit[..12]),
        "{table}"
    );
    let one = world.ok("otto", "otto", &["git", "awo", "provenance", "show", RUN]);
    assert!(one.contains(&commit) && one.contains("rita"), "{one}");
    let show = ["git", "awo", "provenance", "show", "run_unknown"];
    world.refused("otto", "otto", &show, "STR-002");
    let printed = world.ok("otto", "otto", &["git", "awo", "provenance", "export"]);
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "provenance", "export", "../index.json"],
    );
    let file = std::fs::read_to_string(world.path("index.json")).unwrap();
    assert_eq!(printed, file, "the file and the output are one");
    let whole = Index::of([stored(&world, "otto")]).to_bytes();
    assert_eq!(file.as_bytes(), whole, "one entry is the whole");
    let verdict = world.ok(
        "otto",
        "otto",
        &["git", "awo", "--json", "provenance", "verify"],
    );
    let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
    assert_eq!(verdict["schema"], "awo.verdict/1");
    assert_eq!(verdict["verdict"], "allowed");
    assert_eq!(verdict["checked"]["finalizations"], 1);
    // The attestation of an entry must be there.
    let notes = world.notes("otto", "attestations");
    world.ok("otto", "otto", &["git", "update-ref", "-d", &notes]);
    let said = world.refused(
        "otto",
        "otto",
        &["git", "awo", "provenance", "verify"],
        "STR-001",
    );
    assert!(said.contains("index-attestation"), "{said}");
}

#[test]
fn two_runs_finalized_in_either_order_give_one_index() {
    let world = World::attested();
    let second = PACKET.replace("SLUG-1", "SLUG-2");
    world.write("second.md", second);
    world.write(
        "second.sh",
        AGENT
            .replace("-\".join", "_\".join")
            .replace("hello-world", "hello_world")
            .replace("a-b", "a_b"),
    );
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../second.md"],
    );
    let sentence = SENTENCE.replace("SLUG-1", "SLUG-2");
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "approve", "SLUG-2", "--sentence", &sentence],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let agent = world.path("second.sh").display().to_string();
    let two = [
        "git", "awo", "run", "SLUG-2", "--run-id", "run_2", "--", "sh", &agent,
    ];
    world.ok("otto", "otto", &two);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for step in ["gate", "approve", "attest"] {
        world.ok("rita", "rita", &["git", "awo", step, "run_2"]);
    }
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    // A second clone of otto's, with all of it.
    let copied = std::process::Command::new("cp")
        .args(["-a", "otto", "otto2"])
        .current_dir(world.path(""))
        .status()
        .unwrap();
    assert!(copied.success(), "the clone is copied");
    let base = world.rev("otto", "main");
    for (place, order) in [("otto", [RUN, "run_2"]), ("otto2", ["run_2", RUN])] {
        for run in order {
            world.ok("otto", place, &["git", "awo", "finalize", run]);
            // Both were made on one base: the branch goes back, the records stay.
            world.ok("otto", place, &["git", "reset", "--quiet", "--hard", &base]);
        }
    }
    let export = |place: &str| world.ok("otto", place, &["git", "awo", "provenance", "export"]);
    let index = export("otto");
    assert_eq!(index, export("otto2"), "the order leaves no trace");
    assert!(
        index.contains("run_2") && index.contains(RUN),
        "both are in it: {index}"
    );
    world.ok("otto", "otto", &["git", "awo", "push", "--records-only"]);
    world.ok("otto", "otto2", &["git", "awo", "fetch"]);
    world.ok("otto", "otto2", &["git", "awo", "provenance", "verify"]);
    assert_eq!(index, export("otto2"), "nor does the merge");
    world.ok("otto", "otto", &["git", "awo", "export", "--all", "../a"]);
    world.ok("otto", "otto2", &["git", "awo", "export", RUN, "../b"]);
    world.ok("otto", "otto2", &["git", "awo", "export", "run_2", "../b"]);
    assert_eq!(
        files(&world.path("a")),
        files(&world.path("b")),
        "at once or one by one"
    );
}

/// Returns every file below a directory with its bytes, and every directory.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            let below = path.strip_prefix(root).unwrap().to_owned();
            if metadata.is_dir() {
                found.insert(below.join(""), Vec::new());
                pending.push(path);
            } else {
                assert!(metadata.is_file(), "a plain file: {}", path.display());
                found.insert(below, std::fs::read(&path).unwrap());
            }
        }
    }
    assert!(!found.is_empty(), "something is in {}", root.display());
    found
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_clone_exports_the_same_bytes() {
    let world = World::landed();
    world.fresh_clone();
    world.ok("otto", "otto", &["git", "awo", "export", RUN, "../one"]);
    let one = files(&world.path("one"));
    // Another person, time zone, language, umask, directory, and way of naming the repository.
    let script = format!("umask 077; exec {PROGRAM} -C ../vera export {RUN} ../two");
    let done = world
        .command("vera", "home/vera", &["sh", "-c", &script])
        .current_dir(world.path("home"))
        .env("TZ", "Pacific/Kiritimati")
        .env("LANG", "tr_TR.UTF-8")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("SOURCE_DATE_EPOCH", "4000000000")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(
        one,
        files(&world.path("two")),
        "the same files with the same bytes"
    );
    // Again over itself: nothing to write, nothing left behind.
    let again = world.ok("otto", "otto", &["git", "awo", "export", RUN, "../one"]);
    assert!(again.contains(" 0 files written"), "{again}");
    assert_eq!(one, files(&world.path("one")));
    let index = world.ok("otto", "otto", &["git", "awo", "provenance", "export"]);
    assert_eq!(one[Path::new("provenance/index.json")], index.into_bytes());
    let entry = stored(&world, "otto");
    assert!(
        one.contains_key(Path::new(&entry.attestation_path)),
        "the index names a file of it"
    );
    for (path, bytes) in &one {
        if path.starts_with("governance") && path.extension().is_some_and(|it| it == "json") {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            if !path.to_string_lossy().ends_with(".dsse.json") {
                let canonical = git_awo::record::json::canonical(&value);
                assert_eq!(bytes, &canonical, "{} is canonical", path.display());
            }
        }
    }
}

#[test]
fn an_export_holds_what_awo_expects_and_checks_without_the_repository() {
    let world = World::landed();
    world.ok("rita", "rita", &["git", "awo", "export", RUN, "../out"]);
    let commit = world.rev("rita", "main");
    let out = world.path("out");
    let evidence = evidence::read_dir(&out.join("runs").join(RUN)).unwrap();
    let (findings, root) = evidence::verify(&evidence);
    assert!(findings.is_empty(), "the evidence fits its inventory");
    let root = root.unwrap().to_string();

    let governance = out.join("governance");
    let log = json(&governance.join(format!("logs/{RUN}_independence.json")));
    let keys: Vec<_> = log.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "allow_self_approval",
        "invariants_ok",
        "invariants_reasons",
        "message",
        "orchestrator",
        "reviewer",
        "run_id",
        "status",
    ];
    assert_eq!(keys, expected);
    assert_eq!(log["status"], "APPROVED_BY_INDEPENDENT_REVIEWER");
    assert_eq!(
        (&log["orchestrator"], &log["reviewer"]),
        (&"otto".into(), &"rita".into())
    );
    let approval = json(&governance.join(format!("approvals/{RUN}/approval.json")));
    assert_eq!(approval["run_id"], RUN);
    assert_eq!(approval["approved_by"], serde_json::json!(["rita"]));
    assert_eq!(approval["workflow_run_url"], "");
    let scope = json(&governance.join(format!("approvals/{RUN}/scope_approval.json")));
    assert_eq!(scope["approved_by"], serde_json::json!(["olga"]));
    assert_eq!(scope["sentence"], SENTENCE);

    let attestations = governance.join("attestations").join(RUN);
    let text = std::fs::read_to_string(attestations.join("ATTESTATION.txt")).unwrap();
    let manifest = Sha256::of(&evidence[&RepoPath::from("run_manifest.json")]).to_string();
    let first = world.rev("rita", "refs/awo/policy");
    for fact in [
        RUN,
        commit.as_str(),
        &root,
        &manifest,
        &first,
        "rita",
        "otto",
        "olga",
        "git-awo.attestation",
        "APPROVED_BY_INDEPENDENT_REVIEWER",
    ] {
        assert!(text.contains(fact), "{fact} is in:\n{text}");
    }
    let records = governance.join("records").join(RUN);
    for name in [
        "packet",
        "contract.dsse.json",
        "run.dsse.json",
        "finalization.dsse.json",
        "allowed_signers",
        "policy.toml",
    ] {
        assert!(records.join(name).is_file(), "{name}");
    }

    // The signature, with OpenSSH alone.
    let payload = std::fs::read(attestations.join("ATTESTATION.json")).unwrap();
    let envelope = json(&attestations.join("ATTESTATION.dsse.json"));
    let sig = envelope["signatures"][0]["sig"].as_str().unwrap();
    let armour = format!("-----BEGIN SSH SIGNATURE-----\n{sig}\n-----END SSH SIGNATURE-----\n");
    world.write("sig", armour);
    let verify = |namespace: &str, message: &[u8]| {
        let signers = records.join("allowed_signers").display().to_string();
        let words = [
            "ssh-keygen",
            "-Y",
            "verify",
            "-f",
            &signers,
            "-I",
            "rita",
            "-n",
            namespace,
            "-s",
            "../../sig",
        ];
        let mut child = world
            .command("vera", "home/vera", &words)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(message).unwrap();
        child.wait().unwrap().success()
    };
    assert!(
        verify("git-awo.attestation", &pae(&payload)),
        "the signature is good"
    );
    assert!(
        !verify("git-awo.approval", &pae(&payload)),
        "in its namespace only"
    );
    assert!(
        !verify("git-awo.attestation", &pae(b"{}")),
        "over its payload only"
    );
}

/// What the text tells a reader to type.
#[test]
#[ignore = "needs sha256sum, sed, fold and mktemp"]
fn the_commands_in_the_text_work_as_they_stand() {
    let world = World::landed();
    world.ok("rita", "rita", &["git", "awo", "export", RUN, "../out"]);
    let place = format!("out/governance/attestations/{RUN}");
    let text = std::fs::read_to_string(world.path(&place).join("ATTESTATION.txt")).unwrap();
    let line = |start: &str| {
        text.lines()
            .find(|it| it.starts_with(start))
            .unwrap()
            .to_owned()
    };
    let root = line("SHA256SUMS.txt")
        .split_whitespace()
        .nth(1)
        .unwrap()
        .to_owned();
    let evidence = world.ok("vera", &place, &["sh", "-c", &line("cd ")]);
    assert!(evidence.starts_with(&root), "the root: {evidence}");
    let signature = [line("t="), line("{ echo"), line("ssh-keygen")].join("\n");
    let said = world.ok("vera", &place, &["sh", "-e", "-c", &signature]);
    assert!(
        said.starts_with("Good \"git-awo.attestation\" signature for rita"),
        "{said}"
    );
    world.write(&format!("{place}/ATTESTATION.json"), "{}");
    let done = world.run("vera", &place, &["sh", "-e", "-c", &signature]);
    assert_ne!(done.code, 0, "another payload does not pass: {}", done.text);
}

#[test]
fn failed_reviews_are_exported_beside_the_decisive_one() {
    let world = World::executed();
    world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001");
    world.ok("otto", "otto", &["git", "awo", "export", RUN, "../before"]);
    let logs = world.path("before/governance/logs");
    let log = json(&logs.join(format!("{RUN}_independence.json")));
    assert_eq!(
        log["status"], "FAILED_SELF_APPROVAL",
        "alone it is the one that counts"
    );
    assert!(
        !world.path("before/governance/attestations").exists(),
        "none yet"
    );

    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for step in ["gate", "approve"] {
        world.ok("rita", "rita", &["git", "awo", step, RUN]);
    }
    // Two attestations, made at two places that did not know of each other.
    world.ok("rita", ".", &["cp", "-a", "rita", "rita-ci"]);
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    let url = [
        "git",
        "awo",
        "attest",
        RUN,
        "--workflow-run-url",
        "https://ci.example/1",
    ];
    world.ok("rita", "rita-ci", &url);
    world.ok("rita", "rita-ci", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "export", RUN, "../after"]);
    let logs = world.path("after/governance/logs");
    let log = json(&logs.join(format!("{RUN}_independence.json")));
    assert_eq!(log["status"], "APPROVED_BY_INDEPENDENT_REVIEWER");
    let all = files(&logs);
    assert_eq!(all.len(), 2, "the failed one too: {:?}", all.keys());
    let failed = all
        .values()
        .filter(|it| String::from_utf8_lossy(it).contains("FAILED_SELF"));
    assert_eq!(failed.count(), 1);

    let attestations = files(&world.path("after/governance/attestations").join(RUN));
    assert_eq!(
        attestations.len(),
        6,
        "two of three files each: {:?}",
        attestations.keys()
    );
    let digests: Vec<_> = attestations
        .iter()
        .filter(|(path, _)| {
            path.to_string_lossy().ends_with(".json") && !path.to_string_lossy().contains(".dsse.")
        })
        .map(|(path, bytes)| (path.display().to_string(), Sha256::of(bytes).to_string()))
        .collect();
    let main = digests
        .iter()
        .find(|(path, _)| path == "ATTESTATION.json")
        .unwrap();
    let other = digests
        .iter()
        .find(|(path, _)| path != "ATTESTATION.json")
        .unwrap();
    assert!(main.1 < other.1, "the first by digest has the plain name");
    assert_eq!(other.0, format!("ATTESTATION-{}.json", &other.1[..12]));
    let text: Vec<u8> = attestations
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|it| it == "txt"))
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("https://ci.example/1\n"),
        "on one line: {text}"
    );

    // The one that the finalization binds keeps the plain name on every clone.
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world.ok("otto", "otto", &["git", "awo", "export", RUN, "../after"]);
}

#[test]
fn what_does_not_hold_is_not_exported() {
    let world = World::landed();
    let export = ["git", "awo", "export", RUN, "../out"];
    let refused = |code: &str| {
        let said = world.refused("otto", "otto", &export, code);
        assert!(!world.path("out").exists(), "nothing was written: {said}");
    };
    let unknown = ["git", "awo", "export", "run_unknown", "../out"];
    world.refused("otto", "otto", &unknown, "STR-002");
    assert!(!world.path("out").exists());
    let wrong = world.run("otto", "otto", &["git", "awo", "export", RUN]);
    assert_eq!(wrong.code, 2, "{}", wrong.text);

    let evidence = world.ok(
        "otto",
        "otto",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo/evidence",
        ],
    );
    let evidence = RefName::new(evidence.trim()).unwrap();
    let tip = world.rev("otto", evidence.as_str());
    let directory = layout::run_directory(&run());
    let reset = || {
        world.ok(
            "otto",
            "otto",
            &["git", "update-ref", evidence.as_str(), &tip],
        )
    };
    let at = |name: &str| format!("{directory}/{name}");
    world.forge(
        "otto",
        &evidence,
        &[(&at("test.log"), Some(b"all passed\n"))],
    );
    refused("INT-001");
    reset();
    world.forge(
        "otto",
        &evidence,
        &[(&at("artifacts/more.txt"), Some(b"more\n"))],
    );
    refused("INT-002");
    reset();
    world.forge("otto", &evidence, &[(&at("report.md"), None)]);
    refused("INT-002");
    world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "-d", evidence.as_str()],
    );
    refused("STR-002");
    reset();
    put_entry(&world, None);
    refused("STR-001");
    world.ok("otto", "otto", &["git", "awo", "provenance", "rebuild"]);
    world.ok("otto", "otto", &export);

    // Nor is it written over something else.
    world.write(&format!("out/runs/{RUN}/report.md"), "forged\n");
    let before = files(&world.path("out"));
    world.refused("otto", "otto", &export, "INT-001");
    assert_eq!(before, files(&world.path("out")), "nothing was changed");
    world.write("mine/notes.txt", "mine\n");
    // Nor into a directory of the user's.
    let words = ["git", "awo", "export", RUN, "../mine"];
    let before = files(&world.path("mine"));
    world.refused("otto", "otto", &words, "INT-002");
    assert_eq!(before, files(&world.path("mine")), "nothing was added");
}

#[test]
fn an_export_of_a_run_that_progressed_is_brought_up_to_date_and_takes_no_stranger() {
    let world = World::executed();
    let export = ["git", "awo", "export", RUN, "../out"];
    world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001");
    world.ok("otto", "otto", &export);
    let early = files(&world.path("out"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for step in ["gate", "approve", "attest"] {
        world.ok("rita", "rita", &["git", "awo", step, RUN]);
        world.ok("rita", "rita", &export);
    }
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world.ok("otto", "otto", &export);
    let fresh = ["git", "awo", "export", RUN, "../fresh"];
    world.ok("otto", "otto", &fresh);
    let now = files(&world.path("out"));
    assert_eq!(now, files(&world.path("fresh")), "as if exported once");
    assert!(early != now, "something changed");
    let check = format!("cd ../out && sha256sum -c --quiet governance/records/{RUN}/FILES.sha256");
    world.ok("otto", "otto", &["sh", "-c", &check]);
    // Neighbours that nobody exported, and files that were changed: nothing is written.
    let neighbours = [
        format!("governance/logs/{RUN}_independence-000000000000.json"),
        format!("governance/attestations/{RUN}/ATTESTATION-000000000000.txt"),
        format!("governance/approvals/{RUN}/approval.json.asc"),
        format!("governance/records/{RUN}/deep/er/file"),
        format!("runs/{RUN}/more.txt"),
    ];
    for path in &neighbours {
        let path = format!("out/{path}");
        world.write(&path, "forged\n");
        let said = world.refused("otto", "otto", &export, "INT-002");
        assert!(said.contains("export-place"), "{said}");
        std::fs::remove_file(world.path(&path)).unwrap();
    }
    let log = format!("out/governance/logs/{RUN}_independence.json");
    let good = std::fs::read(world.path(&log)).unwrap();
    world.write(&log, "{}");
    world.refused("otto", "otto", &export, "INT-001");
    world.write(&log, good);
    let list = format!("out/governance/records/{RUN}/FILES.sha256");
    let good = std::fs::read_to_string(world.path(&list)).unwrap();
    // A list that names what is no export's vouches for nothing.
    for more in [
        "../home/otto/key",
        "README.md",
        "runs/x/y",
        "governance/logs/other_independence.json",
    ] {
        let line = format!("{}  ./{more}\n{good}", "0".repeat(64));
        world.write(&list, line);
        world.refused("otto", "otto", &export, "INT-001");
    }
    world.write(&list, good);
    // Another run's files are another run's.
    world.write("out/governance/logs/other_independence.json", "{}");
    world.ok("otto", "otto", &export);
    assert!(world.path("home/otto/key").exists());
}
