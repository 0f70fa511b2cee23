//! Claims: leases on tasks, by the server's time.

use git_awo::record::Sha256;
use git_awo::record::envelope::Envelope;
use git_awo::records::{Kind, LeasePredicate, LedgerPath, Statement};
use git_awo::store::layout;

use crate::post_work;
use crate::world::World;

const LEDGER: &[&str] = &["refs/awo/ledger"];

/// A world in which otto and rita orchestrate.
fn of_two() -> World {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        let (before, after) = text.split_once("name = \"rita\"\n").unwrap();
        let after = after.replacen("roles = [\"", "roles = [\"orchestrator\", \"", 1);
        format!("{before}name = \"rita\"\n{after}")
    });
    world
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
        let words = [
            "git",
            "awo",
            "task",
            "new",
            task,
            "--task",
            "it",
            "--allow",
            allow,
            "--validate",
            "true",
        ];
        world.ok("olga", "olga", &words);
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
    let server = world.ledger_of("olga");
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

/// The tasks on which the server has a lease, by name.
fn held_at_the_server(world: &World) -> Vec<String> {
    let ledger = world.ledger_of("server.git").into_iter();
    let leases = ledger.filter(|it| it.0.contains("@lease-"));
    let tasks = leases.map(|(_, bytes)| {
        let envelope = Envelope::parse(&bytes).unwrap();
        let says = Statement::<LeasePredicate>::parse(envelope.payload()).unwrap();
        says.predicate.task.to_string()
    });
    let mut tasks: Vec<_> = tasks.collect();
    tasks.sort();
    tasks
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
    std::fs::remove_dir_all(world.path("vera")).unwrap();
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
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "claim", "T-A", "--hours", "1"],
    );
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", "otto", &renew);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let text = world.refused("otto", "otto", &renew, "GOV-011");
    assert!(text.contains("claim-renewed"), "{text}");
    // Somebody else's, by hand.
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let of_otto = world.ledger_of("olga").into_iter();
    let name = of_otto
        .map(|it| it.0)
        .find(|it| it.contains("@lease-"))
        .unwrap();
    let digest = name
        .rsplit('-')
        .next()
        .unwrap()
        .split('.')
        .next()
        .unwrap()
        .to_owned();
    let digest: Sha256 = digest.parse().unwrap();
    world.ok("rita", "rita", &claim("T-B"));
    let copy = world.copied();
    retells(&copy, "rita", |says| says.renews = Some(digest));
    copy.is_found_of("rita", LEDGER, "GOV-011", "claim-renewed");
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn only_an_approved_task_is_claimed_for_a_while_and_by_an_orchestrator() {
    let world = approved_tasks();
    let words = [
        "git",
        "awo",
        "task",
        "new",
        "T-N",
        "--task",
        "it",
        "--allow",
        "docs/",
        "--validate",
        "true",
    ];
    world.ok("olga", "olga", &words);
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
        let (before, after) = text.split_once("name = \"rita\"\n").unwrap();
        let after = after.replacen("roles = [\"", "roles = [\"orchestrator\", \"", 1);
        format!("{before}name = \"rita\"\n{after}\n[claims]\nmax_hours = 2\nper_identity = 1\n")
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
fn where_no_server_keeps_a_log_there_are_no_claims() {
    let world = approved_tasks();
    let signers = std::fs::read_to_string(world.path("policy/allowed_signers")).unwrap();
    let people: Vec<_> = signers
        .lines()
        .filter(|it| !it.starts_with("server"))
        .collect();
    let people = people.join("\n") + "\n";
    world.next_policy(3, Some(&people), |text| {
        let server = "[[identity]]\nname = \"server\"\nroles = [\"server\"]\n";
        text.replacen(server, "", 1)
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let text = world.refused("otto", "otto", &claim("T-A"), "INT-005");
    assert!(text.contains("claim-needs-log"), "{text}");
}
