//! What the server will never take does not stand in the way of what it takes: `git awo push` sets
//! it aside, and loses nothing.

use crate::world::{AGENT, Done, RUN, SENTENCE, TASK, World};

/// Forty days: longer than an approval is valid.
const LONG: i64 = 40 * 86_400;

impl World {
    /// Runs a command with the clock of this person set back.
    pub fn earlier(&self, who: &str, seconds: i64, words: &[&str]) -> Done {
        let time = (jiff::Timestamp::now().as_second() - seconds).to_string();
        self.run_with(who, who, ("SOURCE_DATE_EPOCH", &time), words)
    }

    pub fn run_with(&self, who: &str, place: &str, set: (&str, &str), words: &[&str]) -> Done {
        let mut command = self.command(who, place, words);
        let output = command.env(set.0, set.1).output().unwrap();
        let code = output.status.code().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(said).unwrap();
        Done { code, text }
    }

    /// Pushes, where something is set aside; the second push has nothing more to say.
    #[track_caller]
    pub fn sets_aside(&self, who: &str, code: &str, names: &[&str]) -> String {
        let said = self.refused(who, who, &["git", "awo", "push"], code);
        for name in names {
            assert!(said.contains(name), "{name} is named\n{said}");
        }
        assert!(said.contains("kept: refs/awo-displaced/"), "{said}");
        self.nothing_more(who);
        said
    }

    #[track_caller]
    fn nothing_more(&self, who: &str) {
        let again = self.ok(who, who, &["git", "awo", "push"]);
        assert_eq!(again, "nothing to push\n");
        self.fresh_clone();
        self.ok("vera", "vera", &["git", "awo", "verify"]);
        self.ok(who, who, &["git", "awo", "verify"]);
        self.ok(who, who, &["git", "fsck", "--no-dangling"]);
    }

    /// Imports another task in this clone; returns its name.
    fn another_task(&self, who: &str) -> &'static str {
        let packet = crate::world::PACKET.replace(TASK, "OTHER-1");
        self.write("other.md", packet);
        let import = ["git", "awo", "task", "import", "../other.md"];
        self.ok(who, who, &import);
        "OTHER-1"
    }
}

#[test]
fn an_approval_that_expired_before_it_was_pushed_does_not_stand_in_the_way() {
    let world = World::founded();
    let task = world.another_task("olga");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let sentence = SENTENCE.replace(TASK, task);
    let approve = ["git", "awo", "approve", task, "--sentence", &sentence];
    let done = world.earlier("olga", LONG, &approve);
    assert_eq!(done.code, 0, "{}", done.text);
    // Work that has nothing to do with it.
    world.write("third.md", crate::world::PACKET.replace(TASK, "THIRD-1"));
    let import = ["git", "awo", "task", "import", "../third.md"];
    world.ok("olga", "olga", &import);
    let said = world.sets_aside("olga", "GOV-005", &["approval-unexpired"]);
    assert!(
        said.contains("refs/awo/ledger -> "),
        "the rest landed\n{said}"
    );
    let tasks = world.ok("vera", "vera", &["git", "awo", "task", "list"]);
    assert!(tasks.contains("THIRD-1"), "{tasks}");
    // It can be given again.
    world.ok("olga", "olga", &approve);
    world.ok("olga", "olga", &["git", "awo", "push"]);
}

/// The clone of a person as it is now, once more, as on another machine.
pub fn other_machine(world: &World, who: &str) -> String {
    let other = format!("{who}-2");
    let (from, to) = (world.path(who), world.path(&other));
    let words = ["cp", "-a", from.to_str().unwrap(), to.to_str().unwrap()];
    world.ok(who, ".", &words);
    other
}

#[test]
fn of_two_runs_of_one_approval_the_second_is_set_aside() {
    let world = World::approved();
    let other = other_machine(&world, "otto");
    world.executes("otto", "run_first");
    world.executes(&other, "run_second");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", &other, &["git", "awo", "task", "list"]);
    let before = world.server();
    let said = world.refused("otto", &other, &["git", "awo", "push"], "REP-001");
    assert!(
        said.contains("set aside: run_second@run.dsse.json"),
        "{said}"
    );
    assert!(said.contains("evidence of run_second"), "{said}");
    assert_eq!(world.server(), before, "there was nothing else to push");
    let again = world.ok("otto", &other, &["git", "awo", "push"]);
    assert_eq!(again, "nothing to push\n");
    world.ok("otto", &other, &["git", "awo", "verify"]);
    let status = world.ok("otto", &other, &["git", "awo", "status"]);
    assert!(
        status.contains("run_first") && !status.contains("run_second"),
        "{status}"
    );
    // Nothing is lost: the records are in what is kept.
    let kept = said
        .lines()
        .find_map(|line| line.strip_prefix("kept: refs/awo-displaced/awo/ledger"));
    let kept = format!("refs/awo-displaced/awo/ledger{}", kept.unwrap());
    let log = world.ok(
        "otto",
        &other,
        &["git", "log", "--format=", "--name-only", &kept],
    );
    assert!(log.contains("run_second@run.dsse.json"), "{log}");
}

#[test]
fn of_two_runs_with_one_id_the_second_is_set_aside() {
    let world = World::approved();
    let other = other_machine(&world, "otto");
    world.executes("otto", "run_same");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // Another moment, so that evidence and record differ.
    let words = [
        "git", "awo", "run", TASK, "--run-id", "run_same", "--", "sh", "-c", AGENT,
    ];
    let time = (jiff::Timestamp::now().as_second() - 60).to_string();
    let done = world.run_with("otto", &other, ("SOURCE_DATE_EPOCH", &time), &words);
    assert_eq!(done.code, 0, "{}", done.text);
    let said = world.refused("otto", &other, &["git", "awo", "push"], "REP-001");
    assert!(said.contains("evidence of run_same"), "{said}");
    let again = world.ok("otto", &other, &["git", "awo", "push"]);
    assert_eq!(again, "nothing to push\n");
    world.ok("otto", &other, &["git", "awo", "verify"]);
}

#[test]
fn what_a_key_signed_that_was_exchanged_meanwhile_is_set_aside_and_made_again() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    let signers = world.rotated();
    world.next_policy(2, Some(&signers), |text| text);
    let said = world.sets_aside("rita", "ATT-004", &["@independence-"]);
    assert!(said.contains("key-known"), "{said}");
    world.ok(
        "rita",
        "rita",
        &["git", "config", "user.signingkey", "~/new"],
    );
    for act in ["gate", "approve", "attest"] {
        world.ok("rita", "rita", &["git", "awo", act, RUN]);
    }
    world.ok("rita", "rita", &["git", "awo", "push"]);
    std::fs::remove_dir_all(world.path("vera")).unwrap();
    world.finalize_and_verify();
}

#[test]
fn a_withdrawal_that_comes_too_late_is_set_aside() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    let other = other_machine(&world, "rita");
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    let shown = world
        .run("rita", &other, &["git", "awo", "chain", RUN])
        .text;
    let digest = shown.lines().find(|line| line.contains("gate 3")).unwrap();
    let digest = digest
        .split_whitespace()
        .find(|word| word.len() == 64)
        .unwrap();
    let revoke = ["git", "awo", "revoke", digest, "--reason", "I looked again"];
    world.ok("rita", &other, &revoke);
    let said = world.refused("rita", &other, &["git", "awo", "push"], "REP-001");
    assert!(said.contains("revocation-before-use"), "{said}");
    assert!(
        said.contains(&format!("set aside: {digest}@revocation")),
        "{said}"
    );
    world.ok("rita", &other, &["git", "awo", "verify"]);
    world.finalize_and_verify();
}

#[test]
fn of_two_policies_of_one_version_the_second_is_set_aside() {
    let world = World::founded();
    let other = other_machine(&world, "olga");
    world.next_policy(2, None, |text| text);
    world.write(
        "policy/other.toml",
        std::fs::read_to_string(world.path("policy/next.toml")).unwrap()
            + "\n[limits]\nrefs = 900\n",
    );
    for words in [&["propose", "../policy/other.toml"][..], &["apply"]] {
        world.ok("olga", &other, &[&["git", "awo", "policy"], words].concat());
    }
    let said = world.refused("olga", &other, &["git", "awo", "push"], "REP-001");
    assert!(said.contains("set aside: policy"), "{said}");
    world.ok("olga", &other, &["git", "awo", "push"]);
    world.ok("olga", &other, &["git", "awo", "verify"]);
}

#[test]
fn a_clock_that_runs_ahead_sets_nothing_aside() {
    let world = World::approved();
    let task = world.another_task("olga");
    let sentence = SENTENCE.replace(TASK, task);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "approve", task, "--sentence", &sentence],
    );
    let said = world.earlier("olga", -LONG, &["git", "awo", "push"]);
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(!said.text.contains("set aside"), "{}", said.text);
    world.nothing_more("olga");
}

#[test]
fn what_may_land_another_day_is_set_aside_only_if_that_is_asked_for() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.next_policy(2, None, |text| text.replace("HYBRID", "LOCKED"));
    let before = world.ok("rita", "rita", &["git", "for-each-ref", "refs/awo/ledger"]);
    let server = world.server();
    world.refused("rita", "rita", &["git", "awo", "push"], "GOV-007");
    assert_eq!(world.server(), server);
    let displaced = world.ok(
        "rita",
        "rita",
        &["git", "for-each-ref", "refs/awo-displaced"],
    );
    assert_eq!(displaced, "");
    assert_ne!(before, "");
}

#[test]
fn after_a_pull_what_others_recorded_is_merged_before_anything_is_pushed() {
    // A reviewer, while somebody else records a task.
    let world = World::executed();
    for act in ["gate", "approve", "attest"] {
        world.ok("rita", "rita", &["git", "awo", act, RUN]);
    }
    world.another_task("olga");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "pull", "--quiet"]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    // An orchestrator with a branch to push, likewise.
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let new = [
        "git", "awo", "task", "new", "NEW-1", "--task", "new", "--allow", "src/",
    ];
    world.ok("olga", "olga", &new);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "pull", "--quiet"]);
    let said = world.ok("otto", "otto", &["git", "awo", "push"]);
    assert!(said.contains("refs/heads/main -> "), "{said}");
    world.nothing_more("otto");
}

#[test]
fn the_hook_of_a_clone_is_passed_only_for_a_server_that_keeps_a_log() {
    let world = World::founded();
    let task = world.another_task("olga");
    let sentence = SENTENCE.replace(TASK, task);
    let approve = ["git", "awo", "approve", task, "--sentence", &sentence];
    assert_eq!(world.earlier("olga", LONG, &approve).code, 0);
    // A server without hooks: it takes whatever comes.
    world.ok("server", ".", &["cp", "-a", "server.git", "plain.git"]);
    std::fs::remove_dir_all(world.path("plain.git/hooks")).unwrap();
    let no_log = ["git", "update-ref", "-d", "refs/awo/log"];
    world.ok("server", "plain.git", &no_log);
    let add = ["git", "remote", "add", "plain", "../plain.git"];
    world.ok("olga", "olga", &add);
    world.ok("olga", "olga", &["git", "awo", "fetch", "plain"]);
    let refs = || world.ok("server", "plain.git", &["git", "for-each-ref"]);
    let before = refs();
    let push = ["git", "awo", "push", "plain"];
    let said = world.refused("olga", "olga", &push, "GOV-005");
    assert!(said.contains("the hook of this clone refused"), "{said}");
    assert_eq!(refs(), before);
    let displaced = ["git", "for-each-ref", "refs/awo-displaced"];
    assert_eq!(world.ok("olga", "olga", &displaced), "");
    // Asked for, the rest goes there.
    let set_aside = ["git", "awo", "push", "plain", "--set-aside"];
    let said = world.refused("olga", "olga", &set_aside, "GOV-005");
    assert!(said.contains("refs/awo/ledger -> "), "{said}");
    assert!(!refs().contains("refs/notes/awo/approvals"), "{said}");
}

#[test]
fn the_hook_of_another_program_is_never_passed() {
    let world = World::founded();
    let task = world.another_task("olga");
    let sentence = SENTENCE.replace(TASK, task);
    let approve = ["git", "awo", "approve", task, "--sentence", &sentence];
    assert_eq!(world.earlier("olga", LONG, &approve).code, 0);
    // Another program's hook, which ours calls when it has nothing to say itself.
    let hook = world.path("olga/.git/hooks/pre-push.before-awo");
    std::fs::write(&hook, "#!/bin/sh\necho a secret >&2\nexit 1\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&hook, mode).unwrap();
    let server = world.server();
    let said = world.run("olga", "olga", &["git", "awo", "push"]);
    assert_ne!(said.code, 0, "{}", said.text);
    assert!(said.text.contains("a secret"), "{}", said.text);
    assert_eq!(world.server(), server);
    // Without it the rest lands.
    std::fs::remove_file(&hook).unwrap();
    world.sets_aside("olga", "GOV-005", &["approval-unexpired"]);
}
