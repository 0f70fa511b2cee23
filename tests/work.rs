//! Work packets: refinements and skeletons, at the command, at the door and on a fresh clone.

use git_awo::record::{RunId, TaskId, Token};
use git_awo::records::{Kind, RunPredicate};
use git_awo::sandbox::forge;
use git_awo::store::layout;
use git_awo::store::ledger::Records;

use crate::aside::other_machine;
use crate::hostile::door::Door;
use crate::packets::{MAP, PLAN, mapped, packet};
use crate::versions::with_lineage;
use crate::world::{AGENT, RUN, World};

/// All records, as a run needs them.
const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

/// The ledger alone.
const LEDGER: &[&str] = &["refs/awo/ledger"];

/// A policy under which the branch takes documents from olga, and otto is this model.
pub fn policy_with(text: &str, model: &str) -> String {
    let (before, after) = text.split_once("pattern = \"refs/heads/main\"").unwrap();
    let after = after.replacen(
        "accept = [\"governed\", \"rollback\"]",
        "accept = [\"governed\", \"rollback\", \"direct\"]",
        1,
    );
    let direct = "\n\n[[ref.direct]]\nwriters = [\"olga\"]\npaths = [\"docs/\"]\n\n[[ref]]";
    let after = after.replacen("\n\n[[ref]]", direct, 1);
    let text = format!("{before}pattern = \"refs/heads/main\"{after}");
    // otto is the model that the packets name.
    let text = text.replacen("schema =", "requires = [\"automation/1\"]\nschema =", 1);
    let (before, after) = text.split_once("name = \"otto\"\n").unwrap();
    let after = after.replacen("roles = [\"", "roles = [\"model\", \"", 1);
    format!("{before}name = \"otto\"\nmodel = \"{model}\"\n{after}")
}

/// A world whose branch takes documents from olga, and has the files that packets name.
pub fn planned() -> World {
    let world = World::founded();
    world.next_policy(2, None, |text| policy_with(&text, "pen:plain"));
    for task in ["WP-X", "WP-X-v2", "WP-X-v3"] {
        world.write(&format!("olga/docs/plans/{task}.md"), format!("# {task}\n"));
    }
    world.write("olga/docs/strings.md", "# Strings\n");
    world.lands_documents("the plans");
    world
}

impl World {
    /// olga commits everything to the branch and pushes it.
    pub fn lands_documents(&self, message: &str) {
        self.commit("olga", message);
        self.ok("olga", "olga", &["git", "push", "origin", "main"]);
        self.everybody_follows();
    }

    /// Everybody has what the server has.
    pub fn everybody_follows(&self) {
        for who in ["olga", "otto", "rita"] {
            self.ok(who, who, &["git", "awo", "fetch"]);
            self.ok(who, who, &["git", "merge", "--ff-only", "origin/main"]);
        }
    }

    /// Somebody has the ledger of another one, which did not go by the server.
    pub fn hands_over(&self, from: &str, to: &str) {
        let place = self.path(to).display().to_string();
        let between = "refs/awo/ledger:refs/heads/handed-over";
        self.ok(from, from, &["git", "push", "--no-verify", &place, between]);
        let (name, there) = ("refs/awo/ledger", "refs/heads/handed-over");
        self.ok(to, to, &["git", "update-ref", name, there]);
        self.ok(to, to, &["git", "update-ref", "-d", there]);
    }

    /// A clone that has no receive log cannot know what the server has, and lets the server judge.
    pub fn forgets_the_log(&self, who: &str) {
        let log = layout::log().to_string();
        self.ok(who, who, &["git", "update-ref", "-d", &log]);
    }

    /// olga imports this packet.
    pub fn imports(&self, text: &str) -> String {
        self.write("work.md", text);
        self.ok(
            "olga",
            "olga",
            &["git", "awo", "task", "import", "../work.md"],
        )
    }

    /// olga signs the refinement of a task as it stands.
    pub fn signs(&self, task: &str) -> git_awo::record::DecisionId {
        let file = format!("HEAD:docs/plans/{task}.md");
        let ask = format!("RefinementSign refinement/{task} approve --rationale x --file {file}");
        self.approves("olga", &ask)
    }

    /// olga approves a task by its sentence.
    pub fn approves_task(&self, task: &str) -> String {
        let sentence = format!("I approve {task}.");
        let words = ["git", "awo", "approve", task, "--sentence", &sentence];
        self.ok("olga", "olga", &words)
    }

    /// olga approves a task by its sentence once more, and everybody has it.
    #[track_caller]
    pub fn approves_again(&self, task: &str) {
        let sentence = format!("I approve {task}.");
        let words = [
            "git",
            "awo",
            "approve",
            task,
            "--sentence",
            &sentence,
            "--again",
        ];
        self.ok("olga", "olga", &words);
        self.shares();
    }

    /// otto plans a run of a task that he has claimed.
    #[track_caller]
    pub fn plans_task(&self, task: &str, plan: &str) {
        self.write("plan.toml", plan);
        let words = [
            "git",
            "awo",
            "packet",
            "pre-work",
            task,
            "--plan",
            "../plan.toml",
        ];
        self.ok("otto", "otto", &words);
    }

    /// otto claims a task and plans a run of it, and the server has both.
    #[track_caller]
    pub fn claims_and_plans(&self, task: &str, plan: &str) {
        self.ok("otto", "otto", &["git", "awo", "claim", task]);
        self.plans_task(task, plan);
        self.ok("otto", "otto", &["git", "awo", "push"]);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
    }

    /// olga approves a task by its sentence and is refused.
    #[track_caller]
    pub fn cannot_approve(&self, task: &str, code: &str, rule: &str) -> String {
        let sentence = format!("I approve {task}.");
        let words = ["git", "awo", "approve", task, "--sentence", &sentence];
        let text = self.refused("olga", "olga", &words, code);
        assert!(text.contains(rule), "{rule}: {text}");
        text
    }

    /// rita reviews a run that she has, attests it and pushes that.
    #[track_caller]
    pub fn rita_reviews(&self, run: &str) {
        for words in [
            &["gate", run][..],
            &["approve", run],
            &["attest", run],
            &["push"],
        ] {
            self.ok("rita", "rita", &[&["git", "awo"], words].concat());
        }
    }

    /// olga has everything of hers on the server.
    pub fn shares(&self) {
        self.ok("olga", "olga", &["git", "awo", "push"]);
        self.everybody_follows();
    }
}

/// A packet of this task, without post-work and with other lines.
pub fn plain(world: &World, task: &str, digit: u8, edit: &[(&str, &str)]) -> String {
    let signature = format!("olga01032026090{digit}");
    let mut text = packet(world, task, &signature);
    let base = TaskId::new(task).unwrap().versioned().0;
    text = text.replace(
        &format!("BASE_WP_ID: {task} "),
        &format!("BASE_WP_ID: {base} "),
    );
    for (old, new) in edit {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    text
}

#[test]
fn a_packet_is_approved_once_its_refinement_is_signed() {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    world.cannot_approve("WP-X", "GOV-011", "refinement-signed");
    // The approval of another file, and of this one under another name, is none of this.
    let other = "RefinementSign refinement/WP-X approve --rationale x --file HEAD:docs/strings.md";
    world.approves("olga", other);
    world.cannot_approve("WP-X", "GOV-011", "refinement-signed");
    let name =
        "RefinementSign refinement/WP-Y approve --rationale x --file HEAD:docs/plans/WP-X.md";
    let id = world.approves("olga", name);
    world.cannot_approve("WP-X", "ATT-002", "binding-mismatch");
    let own = format!(
        "RefinementSign refinement/WP-X approve --rationale x --file HEAD:docs/plans/WP-X.md --supersedes {id}"
    );
    world.approves("olga", &own);
    world.approves_task("WP-X");
    world.shares();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// A packet without pre-work and post-work, of which `docs/plans/WP-X.md` is the refinement.
const BARE: &str = r#"schema = "awo.packet/1"
id = "@TASK@"
base_task_id = "@TASK@"
task = "strings"
requestor = "olga"
risk_tier = "LOW"
user_signature = "olga01032026090@DIGIT@"
base = "@BASE@"
approval_sentence = "I approve @TASK@."
allowed_paths = ["src/", "docs/"]
out_of_scope = ["all else"]
success_criteria = ["There is a file."]
rollback = ["git awo rollback RUN"]
validation_command = "true"
[target]
locator = "."
[target.admission]
status = "admitted"
[packet]
format_version = "2026-02-01"
refinement_file = "docs/plans/WP-X.md"
why = "It is wanted."
[packet.actors]
agent_id = "agent:one"
role = "Planner"
agentic_mode = false
coder_model = "pen:plain"
reasoning_strength = "HIGH"
[packet.authority]
spec_baseline = "strings.md"
spec_target = "docs/strings.md"
spec_anchors = ["Strings"]
"#;

/// olga imports such a packet of this task.
fn imports_bare(world: &World, task: &str, digit: u8) {
    let toml = BARE.replace("@BASE@", &world.rev("olga", "refs/heads/main"));
    let toml = toml.replace("@TASK@", task);
    world.write("work.toml", toml.replace("@DIGIT@", &digit.to_string()));
    let import = ["git", "awo", "task", "import", "../work.toml"];
    world.ok("olga", "olga", &import);
}

/// A world in which the packets WP-X and WP-Y name one refinement.
fn sharing() -> World {
    let world = planned();
    imports_bare(&world, "WP-X", 0);
    imports_bare(&world, "WP-Y", 1);
    world
}

/// What olga decides on the refinement of WP-X, for this task.
fn on_shared(task: &str, choice: &str) -> String {
    let file = "HEAD:docs/plans/WP-X.md";
    format!("RefinementSign refinement/{task} {choice} --rationale x --file {file}")
}

#[test]
fn two_packets_share_a_refinement_and_it_is_signed_for_each() {
    let world = sharing();
    let of_x = world.approves("olga", &on_shared("WP-X", "approve"));
    world.cannot_approve("WP-Y", "ATT-002", "binding-mismatch");
    let of_y = world.approves("olga", &on_shared("WP-Y", "approve"));
    // Once for each.
    for (task, live) in [("WP-X", &of_x), ("WP-Y", &of_y)] {
        let (code, _, text) = world.decides("olga", &on_shared(task, "approve"));
        let rule = text.contains("REP-003") && text.contains("one-live-decision");
        assert!(code == 1 && rule, "{text}");
        let remedy = format!("--file REVISION:PATH --supersedes {live}");
        assert!(text.contains(&remedy), "{text}");
    }
    // By hand both are for one task, and come in one push.
    let copy = world.copied();
    copy.retells_decision("olga", &of_y, |_, it| {
        it.decision.target_ref = Token::new("refinement/WP-X").unwrap();
        it.task = Some(TaskId::new("WP-X").unwrap());
    });
    copy.is_found_of("olga", LEDGER, "REP-003", "one-live-decision");
    world.approves_task("WP-X");
    world.approves_task("WP-Y");
    world.shares();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // They are executed, each by its own.
    for (task, id) in [("WP-X", "run_x"), ("WP-Y", "run_y")] {
        let run = ["git", "awo", "run", task, "--run-id", id, "--"];
        let script = ["sh", "-c", "echo x > src/x.py"];
        world.ok("otto", "otto", &[&run[..], &script].concat());
    }
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn what_is_said_of_a_shared_refinement_for_one_task_leaves_the_other_alone() {
    let world = sharing();
    let of_x = world.approves("olga", &on_shared("WP-X", "approve"));
    let of_y = world.approves("olga", &on_shared("WP-Y", "approve"));
    world.shares();
    let withdrawn = world.copied();
    let revoke = ["git", "awo", "revoke", of_y.as_str(), "--reason", "not yet"];
    withdrawn.ok("olga", "olga", &revoke);
    withdrawn.cannot_approve("WP-Y", "GOV-005", "approval-revoked");
    let reject = format!("{} --supersedes {of_y}", on_shared("WP-Y", "reject"));
    assert_eq!(world.decides("olga", &reject).0, 0);
    world.cannot_approve("WP-Y", "REP-003", "one-live-decision");
    for world in [&world, &withdrawn] {
        world.approves_task("WP-X");
        world.shares();
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
    // Who takes the place of the one for WP-X need not name the one for WP-Y.
    let again = format!("{} --supersedes {of_x}", on_shared("WP-X", "approve"));
    world.approves("olga", &again);
    world.shares();
}

#[test]
fn who_is_asked_about_a_shared_refinement_is_asked_for_one_task() {
    let world = sharing();
    world.shares();
    let defer = format!("{} --confidence 0.5", on_shared("WP-Y", "defer"));
    let (code, _, text) = world.decides("otto", &defer);
    assert_eq!(code, 0, "{text}");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let sure = format!(" --confidence 0.95 --evidence {base}");
    let (code, _, text) = world.decides("otto", &(on_shared("WP-Y", "approve") + &sure));
    assert!(code == 1 && text.contains("human-required"), "{text}");
    assert!(text.contains("--file REVISION:PATH"), "{text}");
    world.approves("otto", &(on_shared("WP-X", "approve") + &sure));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.approves_task("WP-X");
    world.shares();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn of_two_machines_that_sign_a_shared_refinement_only_the_second_for_one_task_is_late() {
    let apart = sharing();
    apart.shares();
    let other = other_machine(&apart, "olga");
    let alike = apart.copied();
    let decides = |world: &World, place: &str, task: &str, why: &str| {
        let ask = on_shared(task, "approve").replace("--rationale x", why);
        let words: Vec<_> = ask.split(' ').collect();
        world.ok(
            "olga",
            place,
            &[&["git", "awo", "decide"], &words[..]].concat(),
        );
    };
    let push = ["git", "awo", "push"];
    for (world, task) in [(&apart, "WP-Y"), (&alike, "WP-X")] {
        decides(world, "olga", "WP-X", "--rationale x");
        decides(world, &other, task, "--rationale y");
        world.ok("olga", "olga", &push);
    }
    apart.ok("olga", &other, &push);
    let before = alike.server();
    let text = alike.refused("olga", &other, &push, "REP-003");
    assert!(text.contains("one-live-decision"), "{text}");
    assert_eq!(alike.server(), before);
    for world in [&apart, &alike] {
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}

#[test]
fn a_refinement_that_changed_after_its_signature_is_refused() {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    world.signs("WP-X");
    world.shares();
    world.write("olga/docs/plans/WP-X.md", "# WP-X, otherwise\n");
    world.lands_documents("another plan");
    let changed = world.rev("olga", "main").parse().unwrap();
    let text = world.cannot_approve("WP-X", "ATT-002", "binding-stale");
    assert!(text.contains("git awo task import"), "{text}");
    // By hand the approval is for that base.
    let copy = world.copied();
    copy.write("olga/docs/plans/WP-X.md", "# WP-X\n");
    copy.lands_documents("the plan again");
    copy.approves_task("WP-X");
    let blob = |records: &Records<'_>| {
        let task = TaskId::new("WP-X").unwrap();
        records.contract_blob(&task).unwrap().unwrap()
    };
    copy.approves_besides("olga", blob, |says| says.base = Some(changed));
    let approval = ["refs/awo/ledger", "refs/notes/awo/*"];
    copy.is_found_of("olga", &approval, "ATT-002", "binding-stale");
    // Put back, it is what was signed.
    world.write("olga/docs/plans/WP-X.md", "# WP-X\n");
    world.lands_documents("the plan again");
    world.approves_task("WP-X");
    world.shares();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_run_that_changes_its_refinement_is_refused() {
    let world = planned();
    imports_bare(&world, "WP-X", 0);
    world.signs("WP-X");
    world.approves_task("WP-X");
    world.shares();
    let run = |script: &'static str| {
        [
            "git", "awo", "run", "WP-X", "--run-id", RUN, "--", "sh", "-c", script,
        ]
    };
    let script = "echo x > src/x.py; echo '# Otherwise' > docs/plans/WP-X.md";
    let text = world.refused("otto", "otto", &run(script), "ATT-002");
    assert!(text.contains("binding-stale"), "{text}");
    world.ok("otto", "otto", &run("echo x > src/x.py"));
    // By hand its commit has other bytes there.
    let door = Door::new(world.copied(), "otto");
    let repo = door.actor().repo;
    let (path, text) = ("docs/plans/WP-X.md", "# Otherwise\n");
    let edits = forge::blobs(&repo, &[(path, Some(text.as_bytes()))]).unwrap();
    let tree = repo.edit_tree(Some(door.run_says().tree), &edits).unwrap();
    let refspecs = door.run_of(Some(tree), &[]);
    let refspecs = [refspecs[0].as_str(), &refspecs[1], "refs/notes/awo/*"];
    door.world
        .is_found_of("otto", &refspecs, "ATT-002", "binding-stale");
    world.push_accepted("otto", RECORDS);
}

#[test]
fn an_approval_without_a_signed_refinement_is_refused_at_the_door_and_found() {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    let id = world.signs("WP-X").to_string();
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let copy = world.copied();
    copy.approves_task("WP-X");
    copy.ok("olga", "olga", &["git", "awo", "push"]);
    // The decision is withdrawn first, and the approval comes by a clone that does not know it.
    let other = world.path("olga-2").display().to_string();
    world.ok("olga", "olga", &["cp", "-R", ".", &other]);
    let sentence = "I approve WP-X.";
    world.ok(
        "olga",
        "olga-2",
        &["git", "awo", "approve", "WP-X", "--sentence", sentence],
    );
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "revoke", &id, "--reason", "not yet"],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let done = world.run("olga", "olga-2", &["git", "awo", "push"]);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(
        done.text.contains("GOV-005") || done.text.contains("approval-revoked"),
        "{}",
        done.text
    );
}

/// A world with a contract that asks for a skeleton, and nothing else.
pub fn outlined() -> World {
    let world = planned();
    let toml = "schema = \"awo.packet/1\"\nid = \"SK-1\"\ntask = \"strings\"\n\
        approval_sentence = \"I approve SK-1.\"\nallowed_paths = [\"src/\", \"test_strings.py\"]\n\
        skeleton = true\nvalidation_command = \"true\"\n\
        [target]\nlocator = \".\"\n[target.admission]\nstatus = \"admitted\"\n";
    world.write("work.toml", toml);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../work.toml"],
    );
    world.approves_task("SK-1");
    world.shares();
    world
}

fn run<'a>(id: &'a str, script: &'a str) -> Vec<&'a str> {
    vec![
        "git", "awo", "run", "SK-1", "--run-id", id, "--", "sh", "-c", script,
    ]
}

pub const DOCUMENT: &str = "mkdir -p docs; echo plan > docs/SK-1.md";

#[test]
fn documents_come_first_and_somebody_else_approves_them() {
    let world = outlined();
    // Nothing is implemented before there is a skeleton.
    let text = world.refused("otto", "otto", &run("run_0", AGENT), "GOV-011");
    assert!(text.contains("skeleton-first"), "{text}");
    // Documents, but an executable one, or one beside code, is none.
    let both = format!("{DOCUMENT}; chmod +x docs/SK-1.md");
    world.refused("otto", "otto", &run("run_0", &both), "GOV-011");
    world.ok("otto", "otto", &run("run_s", DOCUMENT));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    let status = world.ok("rita", "rita", &["git", "awo", "status"]);
    let next = "git awo decide SkeletonApproval run/run_s approve --rationale CODE";
    assert!(status.contains(next), "{status}");
    // It is looked at, and does not go through the gates.
    let text = world.refused("rita", "rita", &["git", "awo", "gate", "run_s"], "GOV-011");
    assert!(text.contains("skeleton-stays"), "{text}");
    // Not yet approved: the next run makes a skeleton too.
    world.approves_again("SK-1");
    world.refused("otto", "otto", &run("run_1", AGENT), "GOV-011");
    let approve = "SkeletonApproval run/run_s approve --rationale x";
    let copy = world.copied();
    copy.approves("rita", approve);
    copy.ok("rita", "rita", &["git", "awo", "push"]);
    copy.everybody_follows();
    let status = copy.ok("otto", "otto", &["git", "awo", "status"]);
    assert!(status.contains("skeleton approved"), "{status}");
    copy.ok("otto", "otto", &run("run_1", AGENT));
    let status = copy.ok("otto", "otto", &["git", "awo", "status"]);
    assert!(!status.contains("run_s"), "{status}");
    let says: RunPredicate = copy.predicate("otto", &Kind::Run.of(RunId::new("run_1").unwrap()));
    assert!(says.work.unwrap().skeleton.is_some());
    copy.ok("otto", "otto", &["git", "awo", "push"]);
    copy.everybody_follows();
    copy.rita_reviews("run_1");
    copy.ok("otto", "otto", &["git", "awo", "fetch"]);
    copy.ok("otto", "otto", &["git", "awo", "finalize", "run_1"]);
    copy.ok("otto", "otto", &["git", "awo", "push"]);
    copy.fresh_clone();
    copy.ok("vera", "vera", &["git", "awo", "verify"]);
    let landed = copy.ok("vera", "vera", &["git", "log", "--format=%B", "-1"]);
    assert!(landed.contains("run_1"), "{landed}");

    // A run that claims an approval which comes with it, or none, is refused and found.
    let early = world.copied();
    early.approves("rita", approve);
    early.hands_over("rita", "otto");
    let text = early.refused("otto", "otto", &run("run_1", AGENT), "GOV-011");
    assert!(
        text.contains("was not received before") && text.contains("git awo fetch"),
        "{text}"
    );
    early.forgets_the_log("otto");
    early.ok("otto", "otto", &run("run_1", AGENT));
    early.is_found_of("otto", RECORDS, "GOV-011", "skeleton-first");
}

#[test]
fn the_author_of_a_skeleton_does_not_approve_it() {
    let world = outlined();
    // otto orchestrates and reviews.
    world.next_policy(3, None, |text| {
        let (before, after) = text.split_once("name = \"otto\"\n").unwrap();
        let after = after.replacen("roles = [\"", "roles = [\"reviewer\", \"", 1);
        format!("{before}name = \"otto\"\n{after}")
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &run("run_s", DOCUMENT));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let words = [
        "git",
        "awo",
        "decide",
        "SkeletonApproval",
        "run/run_s",
        "approve",
        "--rationale",
        "x",
    ];
    let text = world.refused("otto", "otto", &words, "GOV-001");
    assert!(
        text.contains("independent-reviewer") && text.contains("rita"),
        "{text}"
    );
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.approves("rita", "SkeletonApproval run/run_s approve --rationale x");
    world.ok("rita", "rita", &["git", "awo", "push"]);
}

/// A world in which SK-1 has the SkeletonApproval of rita, and otto has implemented it.
fn implemented() -> World {
    let world = outlined();
    world.ok("otto", "otto", &run("run_s", DOCUMENT));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.approves_again("SK-1");
    world.approves("rita", "SkeletonApproval run/run_s approve --rationale x");
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.everybody_follows();
    world.ok("otto", "otto", &run("run_1", AGENT));
    world
}

#[test]
fn a_decision_lists_the_runs_that_use_it() {
    let world = implemented();
    let names = world.ledger_of("otto");
    let mark = names.iter().find(|(path, _)| path.contains("@used-run_1"));
    let (mark, bytes) = mark.expect("the mark").clone();
    assert_eq!(bytes, b"run_1\n");
    // Without its mark the run is refused, and so is a mark without a run.
    let copy = world.copied();
    copy.forge("otto", &layout::ledger(), &[(&mark, None)]);
    copy.is_found_of("otto", RECORDS, "GOV-002", "spent-marker");
    let copy = world.copied();
    let other = mark.replace("run_1", "run_2");
    copy.forge("otto", &layout::ledger(), &[(&other, Some(b"run_2\n"))]);
    copy.is_found_of("otto", RECORDS, "STR-001", "record-of-something");
    // A run that does not name the skeleton makes one, and changed more than documents.
    let copy = world.copied();
    copy.retells("run_1", |says| says.work = Some(Default::default()));
    copy.is_found_of("otto", RECORDS, "GOV-011", "skeleton-first");
    let copy = world.copied();
    copy.retells("run_1", |says| says.work = None);
    copy.is_found_of("otto", RECORDS, "ATT-002", "binds-decision");
    // The use is an event of the decision.
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let events = world.ok("otto", "otto", &["git", "awo", "events", "export"]);
    let applied = events
        .lines()
        .find(|it| it.contains("gov_decision_applied"));
    assert!(
        applied.is_some_and(|it| it.contains("run/run_s")),
        "{events}"
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_packet_goes_the_whole_road() {
    let world = planned();
    let (tip, before) = (world.rev("olga", "main"), world.rev("olga", "main~1"));
    world.imports(&plain(&world, "WP-X", 0, &[(&tip, &before)]));
    // The next version restates the base and asks for a skeleton.
    let sections = "## SKELETON\n- Proposed interfaces/types/contracts:\n- Open questions:\n- Notes:\n\n\
        ## END_TO_END_CLOSURE_PLAN\n";
    let edits = [("## END_TO_END_CLOSURE_PLAN\n", sections)];
    world.imports(&plain(&world, "WP-X-v2", 1, &with_lineage(&edits, "")));
    world.cannot_approve("WP-X-v2", "GOV-011", "refinement-signed");
    world.signs("WP-X-v2");
    let text = world.cannot_approve("WP-X-v2", "GOV-011", "scope-changed");
    assert!(text.contains("base") && text.contains(&tip), "{text}");
    world.approves(
        "olga",
        "ScopeChange task/WP-X-v2 approve --rationale restated",
    );
    world.approves_task("WP-X-v2");
    world.shares();
    let run = |id: &'static str, script: &'static str| {
        [
            "git", "awo", "run", "WP-X-v2", "--run-id", id, "--", "sh", "-c", script,
        ]
    };
    world.refused("otto", "otto", &run("run_s", AGENT), "GOV-011");
    world.ok("otto", "otto", &run("run_s", DOCUMENT));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.approves(
        "rita",
        "SkeletonApproval run/run_s approve --rationale sound",
    );
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.approves_again("WP-X-v2");
    world.claims_and_plans("WP-X-v2", PLAN);
    world.executes_by(RUN, "WP-X-v2", &mapped(AGENT, MAP));
    let gates = world.ok("otto", "otto", &["git", "awo", "packet", "post-work", RUN]);
    for gate in git_awo::record::WorkGate::ALL {
        assert!(gates.contains(gate.name()), "{gate}: {gates}");
    }
    assert!(gates.contains("PASS") && !gates.contains("FAIL"), "{gates}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.rita_reviews(RUN);
    world.finalize_and_verify();
    // What everything rested on is on record: the events tell the uses of the four decisions.
    let says: RunPredicate = world.predicate("vera", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let work = says.work.unwrap();
    assert_eq!(work.decisions().count(), 3, "{work:?}");
    let events = world.ok("vera", "vera", &["git", "awo", "events", "export"]);
    let applied = events
        .lines()
        .filter(|it| it.contains("gov_decision_applied"));
    assert_eq!(applied.count(), 3, "{events}");
    let board = world.ok("vera", "vera", &["git", "awo", "task", "board"]);
    assert!(board.contains("WP-X-v2"), "{board}");
    world.ok("vera", "vera", &["git", "awo", "export", RUN, "../out"]);
    let found = world.ok(
        "vera",
        "vera",
        &["find", "../out", "-name", "post_work.json"],
    );
    assert!(!found.is_empty(), "the manifest is exported");
    let reports = format!("out/governance/validation_reports/{RUN}.json");
    let reports = std::fs::read(world.path(&reports)).unwrap();
    let reports: serde_json::Value = serde_json::from_slice(&reports).unwrap();
    let gates: Vec<_> = reports["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["gate"])
        .collect();
    assert_eq!(gates, [2, 3]);
    // What was exported before is as it is.
    world.ok("vera", "vera", &["git", "awo", "export", RUN, "../out"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "export", RUN, "../out"]);
}
