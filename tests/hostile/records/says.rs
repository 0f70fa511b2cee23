//! Evidence that says something else than what happened, in which everything is made to fit: the
//! inventory, the trailer of the commit, the record.

use git_awo::evidence::inventory::SUMS;
use git_awo::evidence::{self, Inventory};
use git_awo::git::CommitDraft;
use git_awo::record::tree::Mode;
use git_awo::record::{ObjectId, RepoPath, Sha256};
use git_awo::records::{Kind, Statement};
use git_awo::store::layout::{LedgerPath, run_directory};
use git_awo::store::ledger::Records;

use super::sums::unpushed;
use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::world::{RUN, World};

impl Door {
    /// The refspecs of otto's run as if these files had been so from the start.
    pub fn run_with(&self, edits: &[(&str, Option<Vec<u8>>)]) -> [String; 2] {
        self.run_as(None, edits, |message| message)
    }

    /// The same, as if the run had made this tree. An inventory among the files is taken as it is.
    pub fn run_of(&self, tree: Option<ObjectId>, edits: &[(&str, Option<Vec<u8>>)]) -> [String; 2] {
        self.run_as(tree, edits, |message| message)
    }

    /// The refspecs of otto's run as if its commit had had another message.
    pub fn run_told(&self, told: impl FnOnce(String) -> String) -> [String; 2] {
        self.run_as(None, &[], told)
    }

    fn run_as(
        &self,
        tree: Option<ObjectId>,
        edits: &[(&str, Option<Vec<u8>>)],
        told: impl FnOnce(String) -> String,
    ) -> [String; 2] {
        let actor = self.actor();
        let repo = &actor.repo;
        let mut run = self.run_says();
        let refs = actor.refs().unwrap();
        let records = Records::open(repo, &refs).unwrap();
        let found = records.evidence(&run.evidence, &run.run, u64::MAX);
        let before = found.unwrap().unwrap();
        let mut files = before.clone();
        for (name, bytes) in edits {
            match bytes {
                Some(bytes) => files.insert(RepoPath::from(*name), bytes.clone()),
                None => files.remove(&RepoPath::from(*name)),
            };
        }
        let digests = evidence::artifact_digests(&files);
        files.insert("artifact_digests.json".into(), digests);
        let made = || Inventory::of(&evidence::digests(&files)).unwrap();
        let given = edits.iter().find(|(name, _)| *name == SUMS);
        let sums = match given {
            Some((_, bytes)) => bytes.clone().unwrap(),
            None => made().to_bytes(),
        };
        let (old_root, old_commit) = (run.root, run.commit);
        run.root = Sha256::of(&sums);
        files.insert(SUMS.into(), sums.clone());

        let commit = repo.commit(old_commit).unwrap();
        let message = String::from_utf8(commit.message.clone()).unwrap();
        let draft = CommitDraft {
            tree: tree.unwrap_or(commit.tree),
            parents: commit.parents.clone(),
            author: commit.author.clone(),
            committer: commit.committer.clone(),
            message: told(message)
                .replace(&old_root.to_string(), &run.root.to_string())
                .into_bytes(),
            signature: None,
        };
        let draft = actor.sign_commit(draft).unwrap();
        run.commit = repo.write_commit(&draft).unwrap();
        run.tree = draft.tree;

        let tip = repo.reference(&run.evidence).unwrap().unwrap();
        let held = repo.commit(tip).unwrap();
        let paths = before.keys().chain(files.keys()).map(|path| {
            let blob = files
                .get(path)
                .map(|it| (Mode::File, repo.write_blob(it).unwrap()));
            let path = format!("{}/{path}", run_directory(&run.run));
            (RepoPath::from(path.as_str()), blob)
        });
        let edits: std::collections::BTreeMap<_, _> = paths.collect();
        let parents = held
            .parents
            .iter()
            .map(|it| if *it == old_commit { run.commit } else { *it });
        let holding = CommitDraft {
            tree: repo
                .edit_tree(Some(held.tree), &edits.into_iter().collect::<Vec<_>>())
                .unwrap(),
            parents: parents.collect(),
            author: held.author.clone(),
            committer: held.committer.clone(),
            message: held.message.clone(),
            signature: None,
        };
        let evidence = format!("{}:{}", repo.write_commit(&holding).unwrap(), run.evidence);
        let path = |path: LedgerPath| path.to_path().to_str().unwrap().to_owned();
        let inventory = path(LedgerPath::Inventory(run.run.clone()));
        let record = path(Kind::Run.of(&run.run));
        let envelope = self.sealed(Kind::Run, Statement::new(run).to_payload());
        let files = [
            (&*record, Some(&*envelope.to_bytes())),
            (&*inventory, Some(&*sums)),
        ];
        [format!("{}:{LEDGER}", self.grown(LEDGER, &files)), evidence]
    }

    /// The refspecs with one text in one file replaced.
    #[track_caller]
    fn run_saying(&self, file: &str, from: &str, to: &str) -> [String; 2] {
        let path = format!(
            "{}:{}/{file}",
            self.run_says().evidence,
            run_directory(&self.run())
        );
        let words = ["git", "show", &path];
        let text = self.world.ok("otto", "otto", &words);
        assert!(text.contains(from), "{file} has no {from}: {text}");
        self.run_with(&[(file, Some(text.replacen(from, to, 1).into_bytes()))])
    }
}

#[test]
fn no_file_of_a_run_says_what_did_not_happen() {
    let door = unpushed();
    let (base, _) = door.base();
    let other = Sha256::of(b"another").to_string();
    let run = door.run_says();
    let (tree, contract) = (run.tree.to_string(), run.contract.to_string());
    let repository = run.context.repository.to_string();
    let table: &[(&str, &str, &str)] = &[
        ("patch.diff", "+", "+also "),
        ("patch.diff", "diff --git", "All is well.\ndiff --git"),
        ("report.json", "\"completed\"", "\"failed\""),
        ("report.json", "\"exit_code\": 0", "\"exit_code\": 1"),
        (
            "report.json",
            "\"command_exit_code\": 0",
            "\"command_exit_code\": 2",
        ),
        ("report.json", RUN, "run_other"),
        ("report.json", "\"src/", "\"lib/"),
        ("report.json", &tree, &base),
        ("report.json", "\"sh\"", "\"true\""),
        ("report.md", "exit code 0", "exit code 1"),
        ("report.md", "- changed: src/", "- changed: lib/"),
        ("report.md", "- Base: ", "- Base: 1"),
        ("report.md", "- Orchestrator: otto", "- Orchestrator: rita"),
        (
            "steps/02_command.json",
            "\"exit_code\": 0",
            "\"exit_code\": 1",
        ),
        ("steps/02_command.json", "\"ok\"", "\"failed\""),
        ("steps/02_command.json", "\"ok\"", "\"skipped\""),
        ("steps/01_worktree.json", &base, &tree),
        ("steps/03_scope.json", "\"src/", "\"lib/"),
        (
            "steps/04_validate.json",
            "\"exit_code\": 0",
            "\"exit_code\": 1",
        ),
        (
            "steps/05_commit.json",
            "refs/heads/main",
            "refs/heads/other",
        ),
        (
            "steps/02_command.json",
            "\"status\": \"ok\"",
            "\"returncode\": 1,\n  \"status\": \"ok\"",
        ),
        (
            "report.json",
            "\"result\"",
            "\"exit_status\": 1,\n  \"result\"",
        ),
        ("index.json", RUN, "run_other"),
        (
            "index.json",
            "\"op\": \"command_run\"",
            "\"op\": \"command_run\",\n      \"status\": \"failed\"",
        ),
        ("events.normalized.jsonl", "run.validated", "run.failed"),
        (
            "events.normalized.jsonl",
            "\"event\":\"run.validated\"",
            "\"event\":\"other\",\"run_id\":\"run_other\"",
        ),
        ("trace.jsonl", "\"ok\"", "\"failed\""),
        ("trace.jsonl", "command_run", "command_ran"),
        ("events.normalized.jsonl", RUN, "run_other"),
        (
            "events.normalized.jsonl",
            "\"exit_code\":0",
            "\"exit_code\":1",
        ),
        ("provenance.json", &contract, &other),
        ("freshness.json", &contract, &other),
        (
            "freshness.json",
            "\"unchanged\": true",
            "\"unchanged\": false",
        ),
        ("freshness.json", &base, &repository),
        ("owned_repo.json", &repository, &base),
        ("control_surface.json", RUN, "run_other"),
        ("scope/contract_scope.json", "\"src/", "\"**/"),
        (
            "scope/contract_scope.json",
            "\"kept\": true",
            "\"kept\": false",
        ),
        ("artifacts/changed_paths.json", "\"100644\"", "\"100755\""),
        (
            "environment.json",
            "\"branch\": \"main\"",
            "\"branch\": \"other\"",
        ),
        (
            "run_manifest.json",
            "\"packet_sha256\": \"",
            "\"packet_sha256\": \"0",
        ),
        ("timestamps/run.txt", "finished=2", "finished=1"),
    ];
    for (file, from, to) in table {
        let refspecs = door.run_saying(file, from, to);
        let refspecs = [&*refspecs[0], &*refspecs[1]];
        let what = format!("{file}: {to} for {from}");
        let pushed = door.refuses_push(&what, &refspecs, &["ATT-002"]);
        assert!(pushed.text.contains(file), "{what}: {}", pushed.text);
    }
    // Somebody else's program is no excuse.
    let foreign = ("run_manifest.json", "awo.run-manifest/1", "mine/1");
    let manifest = |door: &Door, more: (&str, Option<Vec<u8>>)| {
        let path = format!("{}:{}/{}", run.evidence, run_directory(&run.run), foreign.0);
        let text = door.world.ok("otto", "otto", &["git", "show", &path]);
        let text = text.replacen(foreign.1, foreign.2, 1).into_bytes();
        door.run_with(&[(foreign.0, Some(text)), more])
    };
    for (file, bytes) in [
        (
            "patch.diff",
            "--- a/src/x.py\n+++ b/src/x.py\n@@ -0,0 +1 @@\n+x\n",
        ),
        ("report.json", "{\n  \"verdict\": \"FAILED\"\n}"),
        ("report.json", "{\n  \"passed\": false\n}"),
        ("steps/02_command.json", "{\n  \"exit_code\": 1\n}"),
        ("report.json", "{\n  \"task_id\": \"other\"\n}"),
    ] {
        let refspecs = manifest(&door, (file, Some(bytes.into())));
        let what = format!("{file} of another program: {bytes}");
        door.refuses_push(&what, &[&refspecs[0], &refspecs[1]], &["ATT-002"]);
    }
    let refspecs = manifest(
        &door,
        ("report.json", Some(b"{\n  \"verdict\": \"good\"\n}".into())),
    );
    door.accepts_push("of another program", &[&refspecs[0], &refspecs[1]]);
}

#[test]
fn millions_of_empty_lines_are_no_events() {
    let door = unpushed();
    let lines = ("events.normalized.jsonl", Some(b"\n".repeat(1 << 24)));
    let [ledger, evidence] = door.run_with(&[lines]);
    door.refuses_push("empty lines", &[&ledger, &evidence], &["GOV-002"]);
}

#[test]
fn evidence_that_contradicts_its_run_is_found_at_every_door() {
    let door = unpushed();
    let [ledger, evidence] = door.run_saying("report.json", "\"completed\"", "\"failed\"");
    let refspecs = [&*ledger, &*evidence];
    // Before it is pushed.
    for refspec in refspecs {
        let (id, name) = refspec.split_once(':').unwrap();
        door.world
            .ok("otto", "otto", &["git", "update-ref", name, id]);
    }
    let evidence = door.run_says().evidence.to_string();
    let done = door.world.run(
        "otto",
        "otto",
        &["git", "push", "--dry-run", "origin", LEDGER, &evidence],
    );
    assert_eq!(done.code, 1, "the client's hook: {}", done.text);
    assert!(done.text.contains("ATT-002"), "{}", done.text);
    door.world
        .refused("otto", "otto", &["git", "awo", "push"], "ATT-002");
    door.refuses_and_finds("a failed report", &refspecs, &["ATT-002"], &["ATT-002"]);
    // From a server whose hooks were passed by.
    door.world.force("otto", &refspecs);
    door.world
        .refused("rita", "rita", &["git", "awo", "fetch"], "ATT-002");
    // Nor does gate 2 take it from wherever it came.
    let bring = ["git", "fetch", "-q", "origin", "refs/awo/*:refs/awo/*"];
    door.world.ok("rita", "rita", &bring);
    let done = door.world.run("rita", "rita", &["git", "awo", "gate", RUN]);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(done.text.contains("ATT-002"), "{}", done.text);
}

#[test]
fn evidence_arrives_with_the_commit_that_it_speaks_of() {
    let door = unpushed();
    let lie = |text: &str| door.run_with(&[("patch.diff", Some(text.into()))]);
    let patch =
        "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n";
    for (what, [ledger, evidence]) in [
        ("evidence without its commit", door.run_with(&[])),
        ("a lie without its commit", lie(patch)),
    ] {
        // The same files, in a commit that does not hold that of the run: the push leaves it out.
        let (held, name) = evidence.split_once(':').unwrap();
        let tree = format!("{held}^{{tree}}");
        let words = ["git", "commit-tree", "-m", "run", &tree];
        let alone = door.world.ok("otto", "otto", &words);
        let evidence = format!("{}:{name}", alone.trim());
        door.refuses_push(what, &[&ledger, &evidence], &["INT-005"]);
    }
    let [ledger, evidence] = door.run_with(&[]);
    door.accepts_push("evidence with its commit", &[&ledger, &evidence]);
    door.world.ok("rita", "rita", &["git", "awo", "fetch"]);
    door.world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
}

#[test]
fn a_patch_that_shows_another_change_is_refused() {
    let door = unpushed();
    let names = "diff --git a/src/strings.py b/src/strings.py";
    for (what, from, to) in [
        ("other names", names, "diff --git a/ci.yml b/ci.yml"),
        (
            "no ids",
            "index ",
            "index ..\nsimilarity index 999%\nindex ",
        ),
        (
            "a content that is not shown",
            "--- a/src/strings.py",
            "Binary files as before differ\n--- a/src/strings.py",
        ),
    ] {
        let [ledger, evidence] = door.run_saying("patch.diff", from, to);
        door.refuses_push(what, &[&ledger, &evidence], &["ATT-002"]);
    }
    // A few bytes that stand for more than the server has.
    let bomb = "diff --git a/f b/f\nindex 0000..1111\nGIT binary patch\nliteral 99999999999\n\n";
    let [ledger, evidence] = door.run_with(&[("patch.diff", Some(bomb.into()))]);
    door.refuses_push("a bomb", &[&ledger, &evidence], &["ATT-002"]);
}

#[test]
fn a_document_that_others_read_otherwise_is_refused() {
    let door = unpushed();
    let file = "artifacts/changed_paths.json";
    let run = door.run_says();
    let path = format!("{}:{}/{file}", run.evidence, run_directory(&run.run));
    let text = door.world.ok("otto", "otto", &["git", "show", &path]);
    for (what, text) in [
        ("equal keys", text.replacen('{', "{\n  \"changes\": [],", 1)),
        ("a mark before it", format!("\u{feff}{text}")),
        ("a list", format!("[{text}]")),
        ("spaces", text.replacen('{', "{ ", 1)),
    ] {
        let [ledger, evidence] = door.run_with(&[(file, Some(text.into_bytes()))]);
        door.refuses_push(what, &[&ledger, &evidence], &["ATT-002"]);
    }
}

#[test]
fn evidence_that_says_what_happened_is_accepted() {
    let door = unpushed();
    // What is not said, and what is said besides, contradicts nothing.
    let more = b"{\n  \"by\": \"hand\",\n  \"status\": \"looked through\"\n}".to_vec();
    let [ledger, evidence] = door.run_with(&[
        (
            "artifacts/failed.json",
            Some(b"{\"status\": \"failed\"}".to_vec()),
        ),
        ("notes.json", Some(more)),
    ]);
    door.accepts_push("with more in it", &[&ledger, &evidence]);
    let world = World::landed();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
