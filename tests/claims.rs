//! Claims: leases on tasks, by the server's time.

use git_awo::record::envelope::Envelope;
use git_awo::record::{Sha256, TaskId};
use git_awo::records::{Kind, LeasePredicate, LedgerPath, Statement};
use git_awo::store::layout;

use crate::aside::other_machine;
use crate::hostile::Case;
use crate::post_work;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "P-35",
        attack: "a second lease on the same paths or the same task, also by two clones of one person at once",
        answer: "REP-003",
        tests: &[
            "claims::of_two_who_claim_the_same_paths_one_has_them",
            "claims::two_clones_of_one_person_prolong_a_claim_at_once",
        ],
    },
    Case {
        id: "P-36",
        attack: "a lease for too long, one too many, or prolonged once more; one that has ended by the server's clock",
        answer: "GOV-011, GOV-012",
        tests: &[
            "claims::only_an_approved_task_is_claimed_for_a_while_and_by_an_orchestrator",
            "claims::two_clones_of_one_person_claim_at_once",
            "claims::a_claim_is_prolonged_once",
            "claims::the_server_tells_when_a_claim_ends",
        ],
    },
    Case {
        id: "P-37",
        attack: "a lease on a task that nobody has approved, or no longer; a plan without a lease",
        answer: "GOV-005, GOV-011",
        tests: &[
            "claims::a_task_is_approved_when_its_claim_comes",
            "claims::who_plans_holds_the_claim",
            "claims::what_has_ended_for_the_server_holds_nothing_any_more",
        ],
    },
];

const LEDGER: &[&str] = &["refs/awo/ledger"];

impl World {
    /// olga writes a contract for these paths.
    pub fn writes_a_task(&self, task: &str, allow: &str) {
        let words = [
            "git", "awo", "task", "new", task, "--task", "it", "--allow", allow,
        ];
        let words = [&words[..], &["--validate", "true"]].concat();
        self.ok("olga", "olga", &words);
    }
}

/// A world in which otto and rita orchestrate.
fn of_two() -> World {
    let world = World::founded();
    world.next_policy(2, None, of_both);
    world
}

/// A policy by which rita orchestrates as well.
fn of_both(text: String) -> String {
    let (before, after) = text.split_once("name = \"rita\"\n").unwrap();
    let after = after.replacen("roles = [\"", "roles = [\"orchestrator\", \"", 1);
    format!("{before}name = \"rita\"\n{after}")
}

/// The same, where four tasks are approved: three that are apart, and one that is for the paths of two of them.
pub fn approved_tasks() -> World {
    let world = of_two();
    for (task, allow) in [
        ("T-A", "src/a/"),
        ("T-B", "src/b/"),
        ("T-AB", "src/**"),
        ("T-C", "docs/"),
    ] {
        world.writes_a_task(task, allow);
        world.approves_task(task);
    }
    world.ok("olga", "olga", &["git", "awo", "push"]);
    for who in ["otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    world
}

fn claim(task: &str) -> [&str; 4] {
    ["git", "awo", "claim", task]
}

/// The path of the one lease in a clone that the server does not have.
fn lease_of(world: &World, who: &str) -> LedgerPath {
    let server = world.ledger_of("server.git");
    let own = world.ledger_of(who).into_iter();
    let mut new = own.filter(|it| it.0.contains("@lease-") && !server.contains(it));
    let name = new.next().expect("a lease").0;
    LedgerPath::parse(&name.as_str().into()).unwrap()
}

/// The lease that only this clone has says something else, as no command would write it.
fn retells(world: &World, who: &str, change: impl FnOnce(&mut LeasePredicate)) {
    let old = lease_of(world, who);
    let mut says: LeasePredicate = world.predicate(who, &old);
    change(&mut says);
    let day = says.expires.day();
    let envelope = world.actor(who).sign(says).unwrap();
    let new = Kind::Lease.one_of(git_awo::records::Scope::Day(day), envelope.digest());
    let (old, new) = (old.to_path().to_string(), new.to_path().to_string());
    let edits = [
        (old.as_str(), None),
        (new.as_str(), Some(&*envelope.to_bytes())),
    ];
    world.forge(who, &layout::ledger(), &edits);
}

/// The leases that somebody has, with their digests.
fn leases(world: &World, place: &str) -> Vec<(Sha256, LeasePredicate)> {
    let ledger = world.ledger_of(place).into_iter();
    let leases = ledger.filter(|it| it.0.contains("@lease-"));
    let read = |(_, bytes): (String, Vec<u8>)| {
        let envelope = Envelope::parse(&bytes).unwrap();
        let says = Statement::<LeasePredicate>::parse(envelope.payload()).unwrap();
        (envelope.digest(), says.predicate)
    };
    leases.map(read).collect()
}

/// The tasks on which the server has a lease, by name.
fn held_at_the_server(world: &World) -> Vec<String> {
    let leases = leases(world, "server.git").into_iter();
    let mut tasks: Vec<_> = leases.map(|it| it.1.task.to_string()).collect();
    tasks.sort();
    tasks
}

/// A lease that only this clone has is on another task, as no command would write it.
fn is_on(world: &World, who: &str, task: &str, change: impl FnOnce(&mut LeasePredicate)) {
    let task = TaskId::new(task).unwrap();
    let contract = world.envelope(who, &Kind::Contract.of(&task)).digest();
    retells(world, who, |says| {
        (says.task, says.contract) = (task, contract);
        change(says);
    });
}

#[test]
fn of_two_who_claim_the_same_paths_one_has_them() {
    let world = approved_tasks();
    // Both claim at once; neither clone knows of the other.
    world.ok("otto", "otto", &claim("T-A"));
    world.ok("rita", "rita", &claim("T-AB"));
    world.ok("rita", "rita", &claim("T-C"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // What lost is set aside, and what was recorded besides goes on.
    world.sets_aside("rita", "REP-003", &["claim-alone", "otto holds T-A until"]);
    assert_eq!(held_at_the_server(&world), ["T-A", "T-C"]);
    // The clone goes on with what is free, and is told at once what is not.
    world.refused("rita", "rita", &claim("T-AB"), "REP-003");
    world.refused("rita", "rita", &claim("T-A"), "REP-003");
    world.ok("rita", "rita", &claim("T-B"));
    world.ok("rita", "rita", &["git", "awo", "push"]);
    // The same task twice, also by oneself. (The same claim in the same second would be the same record.)
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let again = ["git", "awo", "claim", "T-A", "--hours", "7"];
    world.refused("otto", "otto", &again, "REP-003");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn what_was_planned_under_a_claim_that_lost_goes_with_it() {
    let world = of_two();
    // otto's claim and his plan wait in his clone; meanwhile rita claims the task.
    world.approves_packet();
    world.plans(post_work::PLAN);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &claim(post_work::TASK));
    world.ok("rita", "rita", &["git", "awo", "push"]);
    let alone = world.copied();
    let names = ["claim-alone", "claim-held", "rita holds WP-1 until"];
    world.sets_aside("otto", "REP-003", &names);
    assert_eq!(held_at_the_server(&world), [post_work::TASK]);
    // Once rita has given it up, both are made again.
    world.ok("rita", "rita", &["git", "awo", "unclaim", post_work::TASK]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &claim(post_work::TASK));
    world.plans(post_work::PLAN);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // A plan alone that lacks a claim waits for one.
    let lease = lease_of(&alone, "otto").to_path().to_string();
    alone.forge("otto", &layout::ledger(), &[(lease.as_str(), None)]);
    let text = alone.refused("otto", "otto", &["git", "awo", "push"], "GOV-011");
    assert!(!text.contains("set aside:"), "{text}");
}

#[test]
fn a_claim_is_given_up_or_ended_with_a_reason() {
    let world = approved_tasks();
    world.ok("otto", "otto", &claim("T-A"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    for who in ["olga", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    // Somebody else does not give it up; an operator says why.
    let unclaim = ["git", "awo", "unclaim", "T-A"];
    let text = world.refused("rita", "rita", &unclaim, "GOV-005");
    assert!(text.contains("otto holds T-A"), "{text}");
    let done = world.run("olga", "olga", &unclaim);
    assert_eq!(done.code, 2, "{}", done.text);
    let why = ["git", "awo", "unclaim", "T-A", "--reason", "otto is away"];
    let copy = world.copied();
    copy.ok("olga", "olga", &why);
    copy.ok("olga", "olga", &["git", "awo", "push"]);
    copy.ok("rita", "rita", &["git", "awo", "fetch"]);
    copy.ok("rita", "rita", &claim("T-AB"));
    copy.ok("rita", "rita", &["git", "awo", "push"]);
    copy.fresh_clone();
    copy.ok("vera", "vera", &["git", "awo", "verify"]);
    // The holder says nothing.
    world.ok("otto", "otto", &unclaim);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &claim("T-A"));
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_claim_is_prolonged_once() {
    let world = approved_tasks();
    let renew = ["git", "awo", "claim", "T-A", "--renew"];
    let done = world.run("otto", "otto", &renew);
    assert_eq!(done.code, 2, "{}", done.text);
    world.ok("otto", "otto", &claim("T-A"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // Also for less time than it had left.
    let sooner = [&renew[..], &["--hours", "1"]].concat();
    world.ok("otto", "otto", &sooner);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let text = world.refused("otto", "otto", &renew, "GOV-011");
    assert!(text.contains("claim-renewed"), "{text}");
    // A second time, by hand.
    let renewal = leases(&world, "otto")
        .into_iter()
        .find(|it| it.1.renews.is_some());
    let renewal = renewal.expect("the renewal").0;
    world.ok("otto", "otto", &claim("T-C"));
    let copy = world.copied();
    is_on(&copy, "otto", "T-A", |says| says.renews = Some(renewal));
    copy.is_found_of("otto", LEDGER, "GOV-011", "claim-renewed");
    world.push_accepted("otto", LEDGER);
    // Somebody else's, by hand.
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &claim("T-B"));
    let copy = world.copied();
    retells(&copy, "rita", |says| says.renews = Some(renewal));
    copy.is_found_of("rita", LEDGER, "GOV-011", "claim-renewed");
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn only_an_approved_task_is_claimed_for_a_while_and_by_an_orchestrator() {
    let world = approved_tasks();
    world.writes_a_task("T-N", "docs/");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let text = world.refused("otto", "otto", &claim("T-N"), "GOV-005");
    assert!(text.contains("claim-approved"), "{text}");
    world.refused("olga", "olga", &claim("T-A"), "ATT-001");
    let text = world.refused(
        "otto",
        "otto",
        &["git", "awo", "claim", "T-A", "--hours", "25"],
        "GOV-012",
    );
    assert!(text.contains("claim-hours"), "{text}");
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "claim", "T-A", "--hours", "24"],
    );
    // By hand a minute more is refused at the door, and found.
    let copy = world.copied();
    retells(&copy, "otto", |says| {
        says.expires = says.expires.plus_hours(1)
    });
    copy.is_found_of("otto", LEDGER, "GOV-012", "claim-hours");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // A policy permits fewer.
    world.next_policy(3, None, |text| {
        let claims = "[claims]\nmax_hours = 2\nper_identity = 1";
        format!("{}\n{claims}\n", of_both(text))
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let text = world.refused(
        "otto",
        "otto",
        &["git", "awo", "claim", "T-B", "--hours", "2"],
        "GOV-012",
    );
    assert!(text.contains("claim-number"), "{text}");
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.refused(
        "rita",
        "rita",
        &["git", "awo", "claim", "T-B", "--hours", "3"],
        "GOV-012",
    );
    world.ok(
        "rita",
        "rita",
        &["git", "awo", "claim", "T-B", "--hours", "2"],
    );
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn the_server_tells_when_a_claim_ends() {
    let world = approved_tasks();
    let now = jiff::Timestamp::now().as_second();
    let at = |hours: i64| (now + hours * 3_600).to_string();
    let claims = |world: &World, who: &str, time: &str, words: &[&str]| {
        let mut command = world.command(who, who, &[&["git", "awo"], words].concat());
        let output = command.env("SOURCE_DATE_EPOCH", time).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    // A clock that is some hours slow: what it takes for live has ended for the server.
    let slow = at(-3);
    claims(&world, "otto", &slow, &["claim", "T-A", "--hours", "2"]);
    let copy = world.copied();
    let text = copy.push_refused("otto", LEDGER, "GOV-011");
    assert!(
        text.contains("claim-live") && text.contains("the server's time"),
        "{text}"
    );
    // One that is fast, with a claim that the server takes for longer, and one that is slow, for shorter.
    let copy = approved_tasks();
    let fast = at(3);
    claims(&copy, "otto", &fast, &["claim", "T-A", "--hours", "8"]);
    copy.push_accepted("otto", LEDGER);
    copy.ok("rita", "rita", &["git", "awo", "fetch"]);
    claims(&copy, "rita", &slow, &["claim", "T-B", "--hours", "8"]);
    copy.push_accepted("rita", LEDGER);
    // Whatever a clock says: what is live for the server is held.
    claims(&copy, "rita", &fast, &["unclaim", "T-B"]);
    copy.fresh_clone();
    copy.ok("vera", "vera", &["git", "awo", "verify"]);
    let fast = at(20);
    let far = approved_tasks();
    claims(&far, "otto", &fast, &["claim", "T-A", "--hours", "8"]);
    let text = far.push_refused("otto", LEDGER, "GOV-012");
    assert!(text.contains("claim-hours"), "{text}");
}

#[test]
fn who_plans_holds_the_claim() {
    let world = post_work::planned();
    // The claim stays behind: the plan is refused without it, and found.
    let lease = lease_of(&world, "otto").to_path().to_string();
    let copy = world.copied();
    copy.forge("otto", &layout::ledger(), &[(&lease, None)]);
    copy.is_found_of("otto", LEDGER, "GOV-011", "claim-held");
    world.push_accepted("otto", LEDGER);
    // Given up, nothing more is planned.
    world.ok("otto", "otto", &["git", "awo", "unclaim", post_work::TASK]);
    let task = post_work::TASK;
    let plan = [
        "git",
        "awo",
        "packet",
        "pre-work",
        task,
        "--plan",
        "../plan.toml",
    ];
    let text = world.refused("otto", "otto", &plan, "GOV-011");
    assert!(text.contains("claim-held"), "{text}");
}

/// A clock that is slow takes for live what has ended for the server: a claim, and the approval of a task.
#[test]
fn what_has_ended_for_the_server_holds_nothing_any_more() {
    const SHORT: i64 = 20;
    const HOUR: i64 = 3_600;
    let world = of_two();
    world.approves_packet();
    let task = post_work::TASK;
    world.ok("otto", "otto", &["git", "awo", "unclaim", task]);
    let slow = |world: &World, who: &str, slow: i64, words: &[&str]| {
        let done = world.earlier(who, slow, &[&["git", "awo"], words].concat());
        assert_eq!(done.code, 0, "{}", done.text);
    };
    slow(
        &world,
        "otto",
        HOUR - SHORT,
        &["claim", task, "--hours", "1"],
    );
    world.writes_a_task("T-N", "lib/");
    let approve = ["approve", "T-N", "--sentence", "I approve T-N."];
    slow(&world, "olga", 30 * 24 * HOUR - SHORT, &approve);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let early = world.copied();
    early.ok("otto", "otto", &claim("T-N"));
    early.plans(post_work::PLAN);
    early.push_accepted("otto", LEDGER);
    std::thread::sleep(std::time::Duration::from_secs(SHORT.unsigned_abs() + 1));
    let plan = ["packet", "pre-work", task, "--plan", "../plan.toml"];
    world.write("plan.toml", post_work::PLAN);
    for (words, code, rule) in [
        (&plan[..], "GOV-011", "claim-held"),
        (&["claim", task, "--renew"], "GOV-011", "claim-renewed"),
        (&["claim", "T-N"], "GOV-005", "claim-approved"),
    ] {
        let copy = world.copied();
        let done = copy.run("otto", "otto", &[&["git", "awo"], words].concat());
        assert_ne!(done.code, 0, "by a good clock: {}", done.text);
        slow(&copy, "otto", HOUR, words);
        let text = copy.push_refused("otto", LEDGER, code);
        assert!(text.contains(rule), "{rule}: {text}");
    }
    // What was in time stays, and what is made again is taken.
    world.ok("otto", "otto", &claim(task));
    world.plans(post_work::PLAN);
    for world in [early, world] {
        world.ok("otto", "otto", &["git", "awo", "push"]);
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}

#[test]
fn two_clones_of_one_person_claim_at_once() {
    let world = approved_tasks();
    world.next_policy(3, None, |text| {
        format!("{}\n[claims]\nper_identity = 1\n", of_both(text))
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let other = other_machine(&world, "otto");
    world.ok("otto", &other, &claim("T-A"));
    world.ok("otto", "otto", &claim("T-B"));
    world.ok("otto", &other, &["git", "awo", "push"]);
    let door = world.copied();
    door.ok("otto", "otto", &["git", "awo", "fetch"]);
    door.copied()
        .is_found_of("otto", LEDGER, "GOV-012", "claim-number");
    world.sets_aside("otto", "GOV-012", &["claim-number"]);
    assert_eq!(held_at_the_server(&world), ["T-A"]);
    // Once the other is given up, it is taken.
    door.ok("otto", &other, &["git", "awo", "unclaim", "T-A"]);
    door.ok("otto", &other, &["git", "awo", "push"]);
    door.ok("otto", "otto", &["git", "awo", "fetch"]);
    door.push_accepted("otto", LEDGER);
    assert_eq!(held_at_the_server(&door), ["T-A", "T-B"]);
}

#[test]
fn two_clones_of_one_person_prolong_a_claim_at_once() {
    let world = approved_tasks();
    world.ok("otto", "otto", &claim("T-A"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let other = other_machine(&world, "otto");
    let renew = |hours| ["git", "awo", "claim", "T-A", "--renew", "--hours", hours];
    world.ok("otto", &other, &renew("5"));
    world.ok("otto", "otto", &renew("6"));
    world.ok("otto", &other, &["git", "awo", "push"]);
    let door = world.copied();
    door.ok("otto", "otto", &["git", "awo", "fetch"]);
    door.is_found_of("otto", LEDGER, "REP-003", "claim-alone");
    world.sets_aside("otto", "REP-003", &["claim-alone"]);
    assert_eq!(held_at_the_server(&world), ["T-A", "T-A"]);
}

#[test]
fn a_task_is_approved_when_its_claim_comes() {
    let world = approved_tasks();
    world.writes_a_task("T-N", "lib/");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    // By hand it is on a task that nobody has approved.
    let copy = world.copied();
    copy.ok("otto", "otto", &claim("T-C"));
    is_on(&copy, "otto", "T-N", |_| {});
    copy.is_found_of("otto", LEDGER, "GOV-005", "claim-approved");
    // While it is on its way, the approval is withdrawn.
    let said = world.approves_task("T-N");
    let first = said.lines().next().unwrap();
    let digest = first.split_whitespace().last().unwrap();
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &claim("T-N"));
    let copy = world.copied();
    let words = ["git", "awo", "revoke", digest, "--reason", "not yet"];
    copy.ok("olga", "olga", &words);
    copy.ok("olga", "olga", &["git", "awo", "push"]);
    copy.ok("otto", "otto", &["git", "awo", "fetch"]);
    copy.is_found_of("otto", LEDGER, "GOV-005", "claim-approved");
    world.push_accepted("otto", LEDGER);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// The policy names no server any more; that which does is beside it, as `with.toml`.
pub fn without_a_server(world: &World) {
    let signers = std::fs::read_to_string(world.path("policy/allowed_signers")).unwrap();
    let people = signers.lines().filter(|it| !it.starts_with("server"));
    let people: Vec<_> = people.collect();
    let people = people.join("\n") + "\n";
    world.next_policy(3, Some(&people), |text| {
        let text = of_both(text);
        world.write(
            "policy/with.toml",
            text.replace("version = 3", "version = 4"),
        );
        let server = "[[identity]]\nname = \"server\"\nroles = [\"server\"]\n";
        text.replacen(server, "", 1)
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
}

#[test]
fn where_no_server_keeps_a_log_there_are_no_claims() {
    let world = approved_tasks();
    without_a_server(&world);
    let text = world.refused("otto", "otto", &claim("T-A"), "INT-005");
    assert!(text.contains("claim-needs-log"), "{text}");
}

/// Returns what a recipe of the example of a justfile runs.
fn recipe(name: &str, values: &[(&str, &str)]) -> String {
    let text = include_str!("../docs/examples/justfile");
    let mut lines = text.lines();
    let heads = |line: &str| line.split([' ', ':']).next() == Some(name);
    lines.find(|line| heads(line)).expect("a recipe");
    let mut line = lines.next().unwrap().trim().to_owned();
    for (variable, value) in values {
        line = line.replace(&format!("{{{{{variable}}}}}"), value);
    }
    assert!(!line.contains("{{"), "{line}");
    line
}

#[test]
fn the_recipes_of_the_example_claim_show_and_give_up() {
    let world = approved_tasks();
    let does = |name: &str, values: &[(&str, &str)]| {
        let line = recipe(name, values);
        let words: Vec<_> = line.split_whitespace().collect();
        world.ok("otto", "otto", &words)
    };
    does("claim", &[("TASK", "T-A"), ("OPTIONS", "--hours 4")]);
    let held = |options: &str| does("board", &[("OPTIONS", options)]).contains("otto until");
    assert!(held("") && held("--md"), "it is shown");
    does("unclaim", &[("TASK", "T-A"), ("OPTIONS", "")]);
    assert!(!held(""), "it is given up");
}
