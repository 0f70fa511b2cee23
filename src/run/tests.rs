//! Whole runs in real repositories, by small shell scripts in the agent's place.

/// Lets the rest of a test take place in a process of its own: a run ends every process that is
/// left below its own one, and in the process of all tests that would be other tests' too.
macro_rules! alone {
    () => {{
        fn here() {}
        if !crate::run::tests::world::is_alone(std::any::type_name_of_val(&here)) {
            return;
        }
    }};
}

mod escape_tests;
mod gate_tests;
mod import_tests;
mod outcome_tests;
mod repository_tests;
mod world;

use crate::actor::Actor;
use crate::check::branch::{Branch, judge};
use crate::evidence;
use crate::facts::artefacts::TakenBack;
use crate::facts::lifting::Uses;
use crate::facts::vouched::Vouched;
use crate::git::Repo;
use crate::record::json;
use crate::record::{Findings, RepoPath, RunId};
use crate::rules;
use crate::store::layout::LedgerPath;
use crate::store::ledger::{Records, parse_spent};

use super::{RunDone, run};
use world::{World, wait_for};

/// What a good agent does.
const MEND: &str = "echo three >> src/a.txt";

fn files_of(world: &World, done: &RunDone) -> evidence::RunFiles {
    let actor = world.actor("otto");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let files = records.evidence(&done.evidence, &done.run, 1 << 20);
    files.unwrap().unwrap()
}

/// Asserts that all a server would ask of the run's records holds.
fn assert_recorded(world: &World, done: &RunDone) {
    let actor = world.actor("otto");
    let (refs, history) = (actor.refs().unwrap(), world.history());
    let records = Records::open(&actor.repo, &refs).unwrap();
    let facts = actor.collector(&records, &history).run(&done.run).unwrap();
    let mut findings = Findings::new();
    rules::run_binds(&facts, &history.current().policy, &mut findings);
    assert!(findings.is_empty(), "{findings:#?}");
    let record = facts.run.valid().unwrap().predicate();
    assert_eq!((record.commit, record.root), (done.commit, done.root));
    let evidence = facts.evidence.valid().unwrap();
    assert_eq!(evidence.root, done.root);
    assert_eq!(evidence.reasons, [""; 0]);
    let policy = &history.current().policy;
    let branch = Branch {
        rules: policy.ref_rules(&done.reference).unwrap(),
        commits: vec![done.commit],
        vouched: &Vouched::default(),
        taken_back: &TakenBack::default(),
        time: actor.now(),
        old: None,
        arriving: true,
        logged: None,
    };
    let collector = actor.collector(&records, &history);
    let report = judge(
        &actor.repo,
        &branch,
        &collector,
        &Uses::from_the_beginning(),
        100,
    )
    .unwrap();
    // Nothing is missing but what comes after a run.
    let rules: Vec<_> = report.findings.iter().map(|it| it.rule.as_str()).collect();
    let later = [
        "attestation",
        "finalization",
        "gate-2",
        "run-approved",
        "provenance-index",
    ];
    assert_eq!(rules, later, "{:#?}", report.findings);
    for approval in &record.approvals {
        let marker = records.file(&LedgerPath::Spent(*approval)).unwrap();
        assert_eq!(parse_spent(&marker.unwrap()), Some(done.run.clone()));
    }
}

fn text(files: &evidence::RunFiles, name: &str) -> String {
    String::from_utf8(files[&RepoPath::from(name)].clone()).unwrap()
}

#[test]
fn a_run_makes_one_signed_commit_with_evidence_and_moves_no_branch() {
    alone!();
    let world = World::new();
    let base = world.id("refs/heads/main");
    let done = world.run(MEND).unwrap();
    assert_eq!(done.changed, [RepoPath::from("src/a.txt")]);
    assert_eq!(world.id("refs/heads/main"), base);
    let shown = world.git(&[
        "show",
        "--format=%P%n%s%n%(trailers)",
        "--stat",
        &done.commit.to_string(),
    ]);
    assert!(
        shown.contains(&base.to_string()) && shown.contains("Mend the sources"),
        "{shown}"
    );
    let root = format!("AWO-Task: TASK-1\nAWO-Run: run_1\nAWO-Root: {}", done.root);
    assert!(shown.contains(&root), "{shown}");
    assert_recorded(&world, &done);
    world.assert_clean();
    assert_eq!(world.git(&["status", "--porcelain"]), "");
    let files = files_of(&world, &done);
    assert_eq!(text(&files, "test.log"), "passed\n");
    assert!(text(&files, "patch.diff").contains("+three"));
    // git itself finds the commit whole and its signature in the header.
    world.git(&["fsck", "--strict"]);
    let raw = world.git(&["cat-file", "commit", &done.commit.to_string()]);
    assert!(raw.contains("gpgsig -----BEGIN SSH SIGNATURE-----"));
}

#[test]
fn the_same_run_in_another_place_has_the_same_root() {
    alone!();
    let script = "pwd; echo \"$AWO_EVENTS_FILE\" >&2; printf '%s' \"{\\\"action\\\":\\\"edit\\\",\\\"pid\\\":$$}\" > \"$AWO_EVENTS_FILE\"; echo three >> src/a.txt";
    let runs = [(), ()].map(|()| {
        let world = World::new();
        let done = world.run(script).unwrap();
        (files_of(&world, &done), done.root)
    });
    let [(mut one, root), (mut two, again)] = runs;
    for files in [&mut one, &mut two] {
        files.remove(&RepoPath::from("timestamps/run.txt")).unwrap();
    }
    assert_eq!(one, two);
    assert_eq!(root, again);
    assert_eq!(text(&one, "logs/stdout.log"), "$WORKTREE\n");
    assert_eq!(
        text(&one, "logs/stderr.log"),
        "$TEMPORARY/reports/events.jsonl\n"
    );
    let events = text(&one, "events.normalized.jsonl");
    assert!(events.contains("{\"event\":\"command.reported\",\"report\":{\"action\":\"edit\"}}\n"));
    for line in events.lines() {
        json::parse(line.as_bytes()).unwrap();
    }
}

#[test]
fn what_counts_is_the_content_of_the_work_tree_not_what_git_was_told() {
    alone!();
    let world = World::new();
    // Committed, hidden from the index, added though ignored, removed, new: all is seen.
    let done = world.run(
        "echo three >> src/a.txt; git -c user.name=x -c user.email=x@x commit -q -a -m mine;
         git update-index --assume-unchanged src/a.txt; echo four >> src/a.txt;
         echo x > src/c.ignored; echo y > src/d.ignored; git add -f src/c.ignored;
         git rm -q --cached src/b.txt; rm src/b.txt; mkdir src/deep; echo z > src/deep/e",
    );
    let done = done.unwrap();
    let changed: Vec<_> = done.changed.iter().map(ToString::to_string).collect();
    assert_eq!(
        changed,
        ["src/a.txt", "src/b.txt", "src/c.ignored", "src/deep/e"]
    );
    let content = world.git(&["show", &format!("{}:src/a.txt", done.commit)]);
    assert_eq!(content, "one\nthree\nfour");
    assert_eq!(
        world.git(&["rev-list", "--count", &done.commit.to_string()]),
        "2"
    );
    assert_recorded(&world, &done);
}

#[test]
fn bytes_are_taken_as_they_stand_whatever_the_settings_convert() {
    alone!();
    let mut world = World::bare("FULL_HUMAN");
    world.git(&["config", "core.autocrlf", "true"]);
    world.git(&["config", "filter.loud.clean", "tr a-z A-Z"]);
    world.git(&["config", "filter.shout.smudge", "tr a-z A-Z"]);
    world.write(
        ".git/info/attributes",
        "src/new.txt filter=loud\nsrc/b.txt filter=shout\n",
    );
    world.contract.validation_command = Some("test \"$(cat src/b.txt)\" = two".to_owned());
    world.store_contract();
    world.approve();
    let script = "printf 'a\\r\\nb' > src/new.txt";
    let done = world.run(script).unwrap();
    let blob = world.git(&["cat-file", "-s", &format!("{}:src/new.txt", done.commit)]);
    assert_eq!(blob, "4");
    assert_eq!(done.changed.len(), 1);
}

#[test]
fn a_run_without_a_name_is_named_by_the_clock() {
    alone!();
    let world = World::new();
    let mut request = world.request(MEND);
    request.run = None;
    let done = run(&world.actor("otto"), &request).unwrap();
    assert!(done.run.as_str().starts_with("run_20"), "{}", done.run);
    assert_recorded(&world, &done);
}

#[test]
fn the_command_is_not_enabled_to_run_another_one() {
    alone!();
    let world = World::new();
    let script = "test -z \"$AWO_ALLOW_RUN$GIT_DIR\"; test \"$AWO_RUN_ID $AWO_TASK_ID\" = 'run_1 TASK-1';
        test \"$AWO_BASE\" = \"$(git rev-parse HEAD)\"; test -z \"$(git status --porcelain)\"; echo three >> src/a.txt";
    world.run(script).unwrap();
}

#[test]
fn records_that_others_add_meanwhile_are_no_fault_of_the_run() {
    alone!();
    let world = World::new();
    let (ready, go) = (world.outside("ready"), world.outside("go"));
    let script = format!(
        "touch {}; while ! test -e {}; do sleep 0.02; done; {MEND}",
        ready.display(),
        go.display()
    );
    let done = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            wait_for(&ready);
            world.approve_with(|approval| {
                approval.nonce = "n2".to_owned();
                // One that arrives is held to the longest life that the policy allows.
                approval.expires = world.actor("olga").now().plus_days(7);
            });
            std::fs::write(&go, "").unwrap();
        });
        let done = world.run(&script);
        other.join().unwrap();
        done
    });
    let done = done.unwrap();
    assert_recorded(&world, &done);
    // Each approval is of use once: the one that came meanwhile for another run.
    let mut request = world.request("echo three > src/a.txt");
    request.run = Some(RunId::new("run_2").unwrap());
    run(&world.actor("otto"), &request).unwrap();
}

#[test]
fn a_run_needs_neither_sha_1_nor_a_work_tree_nor_the_main_one() {
    alone!();
    let world = World::of("FULL_HUMAN", "sha256");
    world.store_contract();
    world.approve();
    let done = world.run(MEND).unwrap();
    assert_recorded(&world, &done);

    let world = World::new();
    let bare = world.outside("bare.git");
    world.git(&["clone", "-q", "--mirror", ".", bare.to_str().unwrap()]);
    let linked = world.outside("linked");
    world.git(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        linked.to_str().unwrap(),
    ]);
    for place in [bare, linked.clone()] {
        let actor = Actor::of(Repo::open(&place).unwrap());
        let actor = actor.with_key(&world.key("otto"));
        run(&actor, &world.request(MEND)).unwrap();
    }
    // A worktree of a person stays.
    assert!(linked.join("src/a.txt").exists());
    let worktrees = world.git(&["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 2, "{worktrees}");
}
