//! `git awo run import`: a run that took place elsewhere, in a directory as AWO's workflows make it.

use std::path::PathBuf;

use git_awo::evidence::inventory::SUMS;
use git_awo::evidence::{self, Inventory, RunFiles};
use git_awo::record::{RepoPath, Sha256};

use crate::world::{PACKET, RUN, SENTENCE, TASK, World};

/// The files of a conforming run, as a runner that knows nothing of git-awo writes them.
pub fn conforming(base: &str) -> RunFiles {
    let digest = Sha256::of(b"x").to_string();
    let text = |text: &str| {
        text.replace("RUN", RUN)
            .replace("BASE", base)
            .replace("DIGEST", &digest)
            .into_bytes()
    };
    let files = [
        (
            "report.md",
            text("# AWO Run Report — RUN\n\nAll went well.\n"),
        ),
        (
            "run_manifest.json",
            text("{\n  \"run_id\": \"RUN\",\n  \"status\": \"succeeded\"\n}"),
        ),
        (
            "provenance.json",
            text(
                r#"{"inputs_digest": {"src/strings.py": "DIGEST"}, "code_digest": "DIGEST",
                    "runtime": {"name": "cpython"},
                    "started": "2026-03-04T05:06:07Z", "finished": "2026-03-04T05:06:08.500000Z"}"#,
            ),
        ),
        (
            "index.json",
            text(
                r#"{"steps": [{"op": "scope_validate", "id": "scope", "index": 1},
                    {"op": "write_text", "id": "emit", "index": 2}]}"#,
            ),
        ),
        (
            "environment.json",
            text(
                r#"{"os": "Linux", "python": "3.12.1", "platform": "x86_64",
                    "git": {"commit": "BASE", "branch": "main"},
                    "runner": {"name": "actions", "version": "2"},
                    "tools": [{"name": "git", "version": "2.47.3"}]}"#,
            ),
        ),
        ("steps/01_scope.json", text(r#"{"ok": true}"#)),
        ("steps/02_emit.json", text(r#"{"ok": true}"#)),
        ("scope/summary.json", text("{}")),
        ("artifacts/notes.txt", text("notes\n")),
        ("test.log", text("Ran 2 tests\n\nOK\n")),
        ("timestamps/run.txt", text("started=2026-03-04T05:06:07Z\n")),
    ];
    files
        .map(|(path, content)| (RepoPath::from(path), content))
        .into()
}

/// Makes the inventory of files anew; returns their root.
pub fn seal(files: &mut RunFiles) -> Sha256 {
    let inventory = Inventory::of(&evidence::digests(files)).unwrap();
    files.insert(RepoPath::from(SUMS), inventory.to_bytes());
    inventory.root()
}

/// A world in which CI has done the task of an approved contract: its directory lies in
/// `ci/<RUN>`, its commit on otto's branch `ci`.
struct Ci {
    world: World,
    commit: String,
}

impl Ci {
    fn new() -> Self {
        Self::of(World::approved())
    }

    fn of(world: World) -> Self {
        let base = world.rev("otto", "origin/main");
        let ci = Self {
            commit: change(&world, "ci", &[("src/strings.py", FIXED)]),
            world,
        };
        ci.place(conforming(&base));
        ci
    }

    fn base(&self) -> String {
        self.world.rev("otto", "origin/main")
    }

    fn directory(&self) -> PathBuf {
        self.world.path("ci").join(RUN)
    }

    /// Puts these files there, with an inventory; returns the root.
    fn place(&self, mut files: RunFiles) -> Sha256 {
        let root = seal(&mut files);
        let _ = std::fs::remove_dir_all(self.directory());
        for (path, content) in &files {
            let real = self.directory().join(path.to_str().unwrap());
            std::fs::create_dir_all(real.parent().unwrap()).unwrap();
            std::fs::write(real, content).unwrap();
        }
        root
    }

    /// Puts a conforming run there with one change to its files, under a fresh inventory.
    fn place_with(&self, change: impl FnOnce(&mut RunFiles)) {
        let mut files = conforming(&self.base());
        change(&mut files);
        self.place(files);
    }

    /// The same where a text of one file is replaced.
    fn place_replacing(&self, path: &str, from: &str, to: &str) {
        self.place_with(|files| {
            let content = files.get_mut(&RepoPath::from(path)).unwrap();
            let text = String::from_utf8(content.clone()).unwrap();
            assert!(text.contains(from), "{path} has {from}");
            *content = text.replacen(from, to, 1).into_bytes();
        });
    }

    fn words<'a>(&self, directory: &'a str, task: &'a str, commit: &'a str) -> [&'a str; 9] {
        [
            "git", "awo", "run", "import", directory, "--task", task, "--commit", commit,
        ]
    }

    fn import(&self) -> String {
        let directory = self.directory().display().to_string();
        let words = self.words(&directory, TASK, &self.commit);
        self.world.ok("otto", "otto", &words)
    }

    /// The import is refused with all of these in what it says; neither a ref nor the work tree
    /// has changed.
    #[track_caller]
    fn refused_as(&self, who: &str, task: &str, commit: &str, expected: &[&str]) -> String {
        let before = self.refs(who);
        let directory = self.directory().display().to_string();
        let words = self.words(&directory, task, commit);
        let said = self.world.refused(who, who, &words, expected[0]);
        for text in expected {
            assert!(said.contains(text), "should say {text}: {said}");
        }
        assert_eq!(self.refs(who), before, "nothing is stored");
        let dry = [words.as_slice(), &["--dry-run"]].concat();
        assert_eq!(self.world.run(who, who, &dry).code, 1, "nor allowed dry");
        said
    }

    #[track_caller]
    fn refused(&self, expected: &[&str]) -> String {
        self.refused_as("otto", TASK, &self.commit, expected)
    }

    fn refs(&self, who: &str) -> String {
        self.world.ok(who, who, &["git", "for-each-ref"])
    }
}

const FIXED: &str = "def slugify(text):\n    return \"-\".join(text.lower().split())\n";

/// Commits files on a new branch that starts from main, and goes back to main.
fn change(world: &World, branch: &str, files: &[(&str, &str)]) -> String {
    let ok = |words: &[&str]| world.ok("otto", "otto", words);
    ok(&["git", "checkout", "--quiet", "-b", branch, "main"]);
    for (path, text) in files {
        world.write(&format!("otto/{path}"), text);
    }
    let commit = world.commit("otto", "What CI made");
    ok(&["git", "checkout", "--quiet", "main"]);
    commit
}

#[test]
fn a_run_made_elsewhere_is_imported_reviewed_pushed_and_verifies_on_a_fresh_clone() {
    let ci = Ci::new();
    let world = &ci.world;
    let dry = [
        "git",
        "awo",
        "run",
        "import",
        &ci.directory().display().to_string(),
        "--task",
        TASK,
        "--commit",
        "ci",
        "--dry-run",
    ];
    let before = ci.refs("otto");
    let said = world.ok("otto", "otto", &dry);
    assert!(said.contains("a commit of the same tree is made"), "{said}");
    assert_eq!(ci.refs("otto"), before, "a dry run stores nothing");

    // No switch, and whatever the work tree holds: nothing is executed.
    world.write("otto/untracked.txt", "x");
    let directory = ci.directory().display().to_string();
    let mut command = world.command("otto", "otto", &ci.words(&directory, TASK, "ci"));
    let output = command.env_remove("AWO_ALLOW_RUN").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(RUN), "{said}");
    assert!(said.contains("src/strings.py"), "{said}");
    std::fs::remove_file(world.path("otto/untracked.txt")).unwrap();

    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for words in [
        ["git", "awo", "gate", RUN],
        ["git", "awo", "approve", RUN],
        ["git", "awo", "attest", RUN],
    ] {
        world.ok("rita", "rita", &words);
    }
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world.ok("otto", "otto", &["git", "awo", "push"]);

    world.fresh_clone();
    let said = world.ok("vera", "vera", &["git", "awo", "verify"]);
    assert!(said.contains("1 runs"), "the run was judged: {said}");
    world.ok("vera", "vera", &["git", "awo", "verify", RUN]);
    let tree = |rev: &str| world.rev("otto", &format!("{rev}^{{tree}}"));
    assert_eq!(tree("main"), tree("ci"), "what CI made has landed");
    assert_ne!(world.rev("otto", "main"), ci.commit, "as otto's commit");
    assert_eq!(
        world.rev("vera", "HEAD^"),
        world.rev("otto", "ci^"),
        "on the base"
    );
}

#[test]
fn a_commit_that_is_the_harness_commit_already_is_taken_as_it_is() {
    let ci = Ci::new();
    let world = &ci.world;
    let root = ci.place(conforming(&ci.base()));
    let message = format!("Slugify\n\nAWO-Task: {TASK}\nAWO-Run: {RUN}\nAWO-Root: {root}");
    let ok = |words: &[&str]| world.ok("otto", "otto", words);
    ok(&["git", "checkout", "--quiet", "ci"]);
    let amend = [
        "git",
        "commit",
        "--quiet",
        "--no-verify",
        "--amend",
        "-S",
        "-m",
        &message,
    ];
    ok(&amend);
    let commit = world.rev("otto", "HEAD");
    ok(&["git", "checkout", "--quiet", "main"]);
    let directory = ci.directory().display().to_string();
    let mut words = ci.words(&directory, TASK, &commit).to_vec();
    words.push("--json");
    let said = ok(&words);
    let done: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(done["commit"], commit.as_str());
    assert_eq!(done["root"], root.to_string());
    ok(&["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
}

#[test]
fn a_commit_with_trailers_of_another_root_is_made_anew() {
    let ci = Ci::new();
    let world = &ci.world;
    let wrong = Sha256::of(b"another");
    let message = format!("Slugify\n\nAWO-Task: {TASK}\nAWO-Run: {RUN}\nAWO-Root: {wrong}");
    let ok = |words: &[&str]| world.ok("otto", "otto", words);
    ok(&["git", "checkout", "--quiet", "ci"]);
    let amend = [
        "git",
        "commit",
        "--quiet",
        "--no-verify",
        "--amend",
        "-m",
        &message,
    ];
    ok(&amend);
    let commit = world.rev("otto", "HEAD");
    ok(&["git", "checkout", "--quiet", "main"]);
    let directory = ci.directory().display().to_string();
    let mut words = ci.words(&directory, TASK, &commit).to_vec();
    words.push("--json");
    let done: serde_json::Value = serde_json::from_str(&ok(&words)).unwrap();
    assert_ne!(done["commit"], commit.as_str());
    let body = ok(&[
        "git",
        "log",
        "-1",
        "--format=%B",
        done["commit"].as_str().unwrap(),
    ]);
    assert!(!body.contains(&wrong.to_string()), "{body}");
}

#[test]
fn a_commit_made_anew_names_who_assisted_with_the_first_one() {
    let ci = Ci::new();
    let world = &ci.world;
    let ok = |words: &[&str]| world.ok("otto", "otto", words);
    let message = "Slugify\n\nassisted-by: pen:plain\nReviewed-by: nobody\nAssisted-by: helper:a\n  b\n\
                   Assisted-by: pen:plain\n";
    ok(&["git", "checkout", "--quiet", "ci"]);
    let amend = [
        "git",
        "commit",
        "--quiet",
        "--no-verify",
        "--amend",
        "-m",
        message,
    ];
    ok(&amend);
    let commit = world.rev("otto", "HEAD");
    ok(&["git", "checkout", "--quiet", "main"]);
    let directory = ci.directory().display().to_string();
    let mut words = ci.words(&directory, TASK, &commit).to_vec();
    words.push("--json");
    let done: serde_json::Value = serde_json::from_str(&ok(&words)).unwrap();
    let made = done["commit"].as_str().unwrap();
    assert_ne!(made, commit);
    let trailers = |key: &str| {
        let format = format!("--format=%(trailers:key={key},valueonly)");
        let values = ok(&["git", "log", "-1", &format, made]);
        let values = values.lines().filter(|it| !it.is_empty());
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        trailers("Assisted-by"),
        ["pen:plain", "helper:a b"],
        "each once"
    );
    assert_eq!(trailers("AWO-Run"), [RUN]);
    assert_eq!(trailers("Reviewed-by"), [""; 0], "nothing else of it");
    ok(&["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}

#[test]
fn who_made_the_first_commit_does_not_review_the_one_that_is_made_anew() {
    for amend in [
        ["--author=Rita <rita@elsewhere.example>", "-m", "Slugify"],
        [
            "-m",
            "Slugify",
            "-mCo-authored-by: rita <r@elsewhere.example>",
        ],
        ["--author=Nobody <n@elsewhere.example>", "-m", "Slugify"],
    ] {
        let ci = Ci::new();
        let world = &ci.world;
        let ok = |words: &[&str]| world.ok("otto", "otto", words);
        ok(&["git", "checkout", "--quiet", "ci"]);
        let first = ["git", "commit", "--quiet", "--no-verify", "--amend"];
        ok(&[&first[..], &amend].concat());
        let commit = world.rev("otto", "HEAD");
        ok(&["git", "checkout", "--quiet", "main"]);
        let directory = ci.directory().display().to_string();
        ok(&ci.words(&directory, TASK, &commit));
        ok(&["git", "awo", "push"]);
        world.ok("rita", "rita", &["git", "awo", "fetch"]);
        let approve = ["git", "awo", "approve", RUN];
        if amend.iter().any(|it| it.to_lowercase().contains("rita")) {
            let said = world.refused("rita", "rita", &approve, "GOV-001");
            assert!(said.contains("independent-reviewer"), "{said}");
        } else {
            world.rita_reviews(RUN);
            world.finalize_and_verify();
        }
    }
}

#[test]
fn files_that_differ_from_their_inventory_are_named_all_together() {
    let ci = Ci::new();
    let file = |name: &str| ci.directory().join(name);
    std::fs::write(file("report.md"), "# forged\n").unwrap();
    std::fs::write(file("artifacts/more.txt"), "x").unwrap();
    std::fs::remove_file(file("scope/summary.json")).unwrap();
    std::os::unix::fs::symlink("report.md", file("steps/03_link.json")).unwrap();
    let said = ci.refused(&[
        "INT-001 report.md",
        "INT-002 artifacts/more.txt",
        "INT-002 scope/summary.json",
        "INT-003 steps/03_link.json",
        "report_title",
        "missing_dir:scope",
    ]);
    // And with what stands against the rest of it, in one go.
    std::fs::remove_file(file("steps/03_link.json")).unwrap();
    let more = ci.refused_as(
        "otto",
        "NO-SUCH-TASK",
        &ci.commit,
        &[
            "INT-001 report.md",
            "INT-002 artifacts/more.txt",
            "report_title",
            "STR-002",
            "NO-SUCH-TASK",
        ],
    );
    assert!(!said.contains("STR-002") && !more.contains("INT-003"));
    ci.place(conforming(&ci.base()));
    ci.import();
}

#[test]
fn each_broken_invariant_is_refused_by_its_reason() {
    let ci = Ci::new();
    for (path, from, to, reason) in [
        ("report.md", "# AWO", "# An AWO", "report_title"),
        (
            "run_manifest.json",
            "\"status\": ",
            "\"status\":",
            "not_canonical:run_manifest.json",
        ),
        (
            "index.json",
            "\"index\": 2",
            "\"index\": 1",
            "index.duplicate_index:1",
        ),
        (
            "index.json",
            "\"emit\"",
            "\"other\"",
            "index.unlisted_step_file:02_emit.json",
        ),
        (
            "index.json",
            "\"steps\"",
            "\"stops\"",
            "index.steps_missing",
        ),
        ("index.json", "{", "{{", "bad_json:index.json:1:2"),
        (
            "environment.json",
            "\"Linux\"",
            "\"\"",
            "environment.os_empty",
        ),
        (
            "environment.json",
            "\"main\"",
            "\"unknown\"",
            "environment.git.branch_unknown",
        ),
        (
            "environment.json",
            "\"x86_64\"",
            "\"x86_64\", \"pid\": 7",
            "volatile_key:environment.json:pid",
        ),
        (
            "provenance.json",
            "05:06:08.500000Z",
            "05:06:06Z",
            "provenance.finished_before_started",
        ),
        (
            "provenance.json",
            "\"cpython\"",
            "\"cpython\", \"built_at\": \"today\"",
            "bad_timestamp:provenance.json:built_at",
        ),
    ] {
        ci.place_replacing(path, from, to);
        let said = ci.refused(&["GOV-002", reason]);
        let count = said.matches("GOV-002").count();
        // A step listed under another name or number leaves its file without an entry, too.
        let expected = match reason {
            "index.duplicate_index:1" | "index.steps_missing" => 3,
            "index.unlisted_step_file:02_emit.json" => 2,
            _ => 1,
        };
        assert_eq!(count, expected, "{reason} and nothing else: {said}");
    }
    for (gone, reason) in [
        ("report.md", "missing_file:report.md"),
        ("run_manifest.json", "missing_file:run_manifest.json"),
        ("artifacts/notes.txt", "missing_dir:artifacts"),
        ("scope/summary.json", "missing_dir:scope"),
        ("steps/02_emit.json", "index.missing_step_file:02_emit.json"),
        ("test.log", "missing_file:test.log"),
    ] {
        ci.place_with(|files| _ = files.remove(&RepoPath::from(gone)).unwrap());
        ci.refused(&["GOV-002", reason]);
    }
    for (added, content, reason) in [
        ("steps/3_x.json", "{}", "bad_step_filenames:3_x.json"),
        ("test.log", "", "empty_file:test.log"),
    ] {
        ci.place_with(|files| _ = files.insert(RepoPath::from(added), content.into()));
        ci.refused(&["GOV-002", reason]);
    }
    ci.place_with(|files| files.retain(|path, _| !path.as_bytes().starts_with(b"steps/")));
    ci.refused(&["GOV-002", "steps_empty"]);

    ci.place(conforming(&ci.base()));
    let sums = ci.directory().join(SUMS);
    let text = std::fs::read_to_string(&sums).unwrap();
    let mut lines: Vec<_> = text.lines().rev().collect();
    lines.push("");
    std::fs::write(&sums, lines.join("\n")).unwrap();
    ci.refused(&["GOV-002", "sums_unsorted"]);

    ci.place(conforming(&ci.base()));
    ci.import();
}

#[test]
fn a_run_that_claims_the_harness_or_a_contract_that_demands_evidence_needs_the_harness_files() {
    let ci = Ci::new();
    ci.place_replacing(
        "run_manifest.json",
        "\"run_id\": \"run_slugify\",",
        "\"run_id\": \"run_slugify\",\n  \"schema\": \"awo.run-manifest/1\",",
    );
    ci.refused(&["GOV-002", "missing_file:patch.diff", "missing_log:stdout"]);

    let world = World::founded();
    let evidence =
        "## Evidence Required\n\n- `report.json`\n- `patch.diff`\n\n## Required Approval";
    world.write(
        "packet.md",
        PACKET.replace("## Required Approval", evidence),
    );
    let olga = |words: &[&str]| world.ok("olga", "olga", words);
    let made = olga(&["git", "awo", "--json", "task", "import", "../packet.md"]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let shown = olga(&["git", "awo", "--json", "task", "show", TASK]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert!(
        shown["evidence"]
            .as_array()
            .is_some_and(|it| !it.is_empty()),
        "the contract demands evidence: {made}"
    );
    olga(&["git", "awo", "approve", TASK, "--sentence", SENTENCE]);
    olga(&["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    Ci::of(world).refused(&["GOV-002", "missing_file:patch.diff"]);
}

#[test]
fn a_run_of_another_base_or_name_is_refused() {
    let ci = Ci::new();
    let other = "0123456789012345678901234567890123456789";
    ci.place_replacing("environment.json", &ci.base(), other);
    ci.refused(&["ATT-002 environment.json", other, &ci.base()]);
    ci.place_replacing("run_manifest.json", RUN, "run_another");
    ci.refused(&["ATT-002 run_manifest.json", "run_another"]);
    // Who says nothing says nothing wrong.
    ci.place_replacing("run_manifest.json", "  \"run_id\": \"run_slugify\",\n", "");
    ci.import();
}

#[test]
fn evidence_that_tells_of_another_run_is_refused() {
    let ci = Ci::new();
    let schema = "\"schema\": \"awo.run-manifest/1\"";
    ci.place_with(|files| {
        let manifest =
            format!("{{\n  \"run_id\": \"other\",\n  {schema},\n  \"task\": \"OTHER-9\"\n}}");
        files.insert("run_manifest.json".into(), manifest.into_bytes());
    });
    let said = ci.refused(&["ATT-002"]);
    assert!(said.contains("run_manifest.json"), "{said}");
}

#[test]
fn what_the_server_would_refuse_is_not_imported() {
    let ci = Ci::new();
    for (names, code) in [
        (&["artifacts/A.txt", "artifacts/a.txt"][..], "INT-003"),
        (&["artifacts/GIT~1"], "INT-003"),
        (&["artifacts/.git./x"], "INT-003"),
        (&["artifacts/a:$DATA"], "INT-003"),
        (&["artifacts/soft\u{ad}hyphen"], "INT-003"),
        (&["artifacts/caf\u{e9}", "artifacts/cafe\u{301}"], "INT-003"),
        (&["artifacts/end."], "INT-003"),
    ] {
        ci.place_with(|files| {
            for name in names {
                files.insert(RepoPath::from(*name), b"x".to_vec());
            }
        });
        let said = ci.refused(&[code]);
        assert!(
            said.contains(names[0].split('/').next().unwrap()),
            "{names:?}: {said}"
        );
    }
    // As many other names as any.
    ci.place_with(|files| {
        for name in ["artifacts/aux.c", "artifacts/a:b", "artifacts/\u{4f8b}.txt"] {
            files.insert(RepoPath::from(name), b"x".to_vec());
        }
    });
    ci.import();
    ci.world.ok("otto", "otto", &["git", "awo", "push"]);
}

#[test]
fn a_contract_without_approval_is_not_enough() {
    let world = World::imported();
    Ci::of(world).refused(&["GOV-005"]);
}

#[test]
fn an_approval_and_a_run_id_are_good_for_one_run() {
    let ci = Ci::new();
    ci.import();
    // The same directory again: neither the name nor the approval is free.
    ci.refused(&["REP-001", "run-id", "one-approval-one-run", "GOV-005"]);
    // Another run under the same approval.
    let files = conforming(&ci.base())
        .into_iter()
        .map(|(path, content)| {
            let text = String::from_utf8(content).unwrap();
            (path, text.replace(RUN, "run_second").into_bytes())
        })
        .collect();
    ci.place(files);
    let directory = ci.directory().display().to_string();
    let words = ci.words(&directory, TASK, &ci.commit);
    let words = [words.as_slice(), &["--run-id", "run_second"]].concat();
    let before = ci.refs("otto");
    let said = ci.world.refused("otto", "otto", &words, "REP-001");
    assert!(
        said.contains("one-approval-one-run") && !said.contains("run-id"),
        "{said}"
    );
    assert_eq!(ci.refs("otto"), before);
}

#[test]
fn a_commit_outside_of_the_contract_or_policy_is_refused() {
    let ci = Ci::new();
    let world = &ci.world;
    let outside = change(
        world,
        "outside",
        &[("src/strings.py", FIXED), ("README.md", "# changed\n")],
    );
    ci.refused_as(
        "otto",
        TASK,
        &outside,
        &["GOV-003", "allowed-paths", "README.md"],
    );
    let protected = change(
        world,
        "protected",
        &[(".github/workflows/ci.yml", "on: push\n")],
    );
    ci.refused_as(
        "otto",
        TASK,
        &protected,
        &["GOV-003", "protected-artefact", "forbidden-paths"],
    );
    let empty = change(world, "empty", &[]);
    ci.refused_as("otto", TASK, &empty, &["GOV-002", "something-changed"]);
    ci.import();
}

#[test]
fn a_merge_or_a_commit_on_another_base_is_refused() {
    let ci = Ci::new();
    let world = &ci.world;
    change(world, "side", &[("test_strings.py", "import unittest\n")]);
    let ok = |words: &[&str]| world.ok("otto", "otto", words);
    ok(&["git", "checkout", "--quiet", "ci"]);
    let merge = [
        "git",
        "-c",
        "core.hooksPath=/dev/null",
        "merge",
        "--quiet",
        "-m",
        "merged",
        "side",
    ];
    ok(&merge);
    let merged = world.rev("otto", "HEAD");
    ok(&["git", "checkout", "--quiet", "--detach", &ci.commit]);
    world.write("otto/src/strings.py", format!("{FIXED}# second\n"));
    let second = world.commit("otto", "Second");
    ok(&["git", "checkout", "--quiet", "main"]);
    ci.refused_as(
        "otto",
        TASK,
        &merged,
        &["GOV-002", "single-commit", "GOV-004"],
    );
    ci.refused_as("otto", TASK, &second, &["ATT-002", "binds-base"]);
    ci.import();
}

#[test]
fn only_an_orchestrator_imports_a_run() {
    let ci = Ci::new();
    let there = ci.world.path("otto").display().to_string();
    let fetch = ["git", "fetch", "--quiet", &there, "ci"];
    ci.world.ok("rita", "rita", &fetch);
    ci.refused_as("rita", TASK, &ci.commit, &["ATT-001", "orchestrator"]);
}

#[test]
fn a_directory_alone_is_checked_without_a_repository() {
    let ci = Ci::new();
    let world = &ci.world;
    let directory = ci.directory().display().to_string();
    let words = ["git", "awo", "run", "import", &directory, "--dry-run"];
    let said = world.ok("vera", "home/vera", &words);
    assert!(said.contains("has the root"), "{said}");
    std::fs::write(ci.directory().join("report.md"), "x").unwrap();
    std::fs::remove_file(ci.directory().join("environment.json")).unwrap();
    let json = [words.as_slice(), &["--json"]].concat();
    let done = world.run("vera", "home/vera", &json);
    assert_eq!(done.code, 1, "{}", done.text);
    let verdict: serde_json::Value = serde_json::from_str(&done.text).unwrap();
    assert_eq!(verdict["schema"], "awo.verdict/1");
    let found: Vec<_> = verdict["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{} {}",
                it["code"].as_str().unwrap(),
                it["rule"].as_str().unwrap()
            )
        })
        .collect();
    for expected in [
        "INT-001 inventory-hash",
        "INT-002 inventory-missing",
        "GOV-002 invariants",
    ] {
        assert!(found.iter().any(|it| it == expected), "{found:?}");
    }
    // Not half of what storing needs, and not without it.
    for more in [["--task", TASK], ["--commit", "HEAD"]] {
        let done = world.run("otto", "otto", &[words.as_slice(), &more].concat());
        assert_eq!(done.code, 2, "{}", done.text);
    }
    let done = world.run("otto", "otto", &words[..5]);
    assert_eq!(done.code, 2, "{}", done.text);
}

/// A world in which `../ci/<RUN>` may be imported with the branch `ci`, as seen from otto's clone.
pub fn conforming_run() -> World {
    Ci::new().world
}

#[test]
fn an_import_obeys_the_rules_of_artefacts() {
    use crate::artefacts::{VERSIONED, with};
    let world = World::founded();
    world.next_policy(2, None, |text| {
        with(text, &VERSIONED.replace("src/specs/", "src/"))
    });
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    crate::artefacts::runs::approved(&world, "T-1");
    for (name, accepted) in [("New_v1.0_Final.py", false), ("New_v1.0.py", true)] {
        let copy = world.copied();
        let base = copy.rev("otto", "origin/main");
        let path = format!("src/{name}");
        let ci = Ci {
            commit: change(&copy, "ci", &[(&path, "x = 1\n")]),
            world: copy,
        };
        ci.place(conforming(&base));
        let directory = ci.directory().display().to_string();
        let words = ci.words(&directory, "T-1", &ci.commit);
        if accepted {
            ci.world.ok("otto", "otto", &words);
        } else {
            let said = ci.world.refused("otto", "otto", &words, "GOV-003");
            assert!(said.contains("artefact-name"), "{said}");
        }
    }
}
