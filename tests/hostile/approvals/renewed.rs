//! Approvals that have expired are renewed and withdrawn, and stand in nobody's way.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use git_awo::records::{ApprovalPredicate, AttestationPredicate, Kind, Statement};
use git_awo::store::ledger::Records;

use super::withdrawn::approval;
use crate::hostile::door::Door;
use crate::hostile::forge::attestations_until;
use crate::world::{Done, PACKET, RUN, SENTENCE, TASK, World};

/// The days for which an approval of these worlds is valid.
const DAYS: u64 = 30;
/// How long a short one is, in seconds: enough to be pushed.
const SHORT: u64 = 15;

/// Approves with a clock so slow that the approval expires at a time, in seconds since 1970.
fn approve_until(world: &World, who: &str, words: &[&str], until: u64) -> Done {
    let words = [&["git", "awo", "approve"], words].concat();
    let mut command = world.command(who, who, &words);
    let then = until - DAYS * 86_400;
    command.env("SOURCE_DATE_EPOCH", then.to_string());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Done {
        code: output.status.code().unwrap_or(-1),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

fn wait_until(time: u64) {
    sleep(Duration::from_secs((time + 1).saturating_sub(now())));
}

#[test]
fn a_run_whose_approval_expired_after_the_attestation_is_approved_and_attested_again() {
    let door = Door::new(World::executed(), "rita");
    let world = &door.world;
    let rita = |words: &[&str]| world.ok("rita", "rita", &[&["git", "awo"], words].concat());
    rita(&["gate", RUN]);
    let until = now() + SHORT;
    let done = approve_until(world, "rita", &[RUN], until);
    assert_eq!(done.code, 0, "{}", done.text);
    rita(&["attest", RUN]);
    rita(&["push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    wait_until(until);
    let finalize = ["git", "awo", "finalize", RUN];
    let said = world.refused("otto", "otto", &finalize, "GOV-005");
    assert!(said.contains("expired at"), "{said}");
    let status = rita(&["status"]);
    assert!(
        status.contains(&format!("git awo approve {RUN}")),
        "{status}"
    );
    // What expired can be withdrawn as well, although it was attested.
    let digest = approval(&door, true).to_string();
    rita(&["revoke", &digest, "--reason", "it has expired"]);
    rita(&["approve", RUN]);
    let chain = world.run("rita", "rita", &["git", "awo", "chain", RUN]);
    assert!(chain.text.contains(", withdrawn"), "{}", chain.text);
    rita(&["attest", RUN]);
    rita(&["push"]);
    world.finalize_and_verify();
}

#[test]
fn an_approval_that_expired_before_it_was_pushed_is_withdrawn_or_refused() {
    let door = Door::new(World::founded(), "olga");
    let world = &door.world;
    world.write("packet.md", PACKET);
    let olga = |words: &[&str]| world.ok("olga", "olga", &[&["git", "awo"], words].concat());
    olga(&["task", "import", "../packet.md"]);
    let words = [TASK, "--sentence", SENTENCE];
    let done = approve_until(world, "olga", &words, now() - 5);
    assert_eq!(done.code, 0, "{}", done.text);
    let before = world.server();
    let refs = ["refs/awo/ledger", "refs/notes/awo/approvals/*"];
    let push = [
        &["git", "push", "--no-verify", "--atomic", "origin"],
        &refs[..],
    ]
    .concat();
    world.refused("olga", "olga", &push, "GOV-005");
    assert_eq!(world.server(), before, "nothing moved");
    let digest = approval(&door, false).to_string();
    olga(&["revoke", &digest, "--reason", "it has expired"]);
    olga(&["approve", TASK, "--sentence", SENTENCE]);
    olga(&["push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.executes("otto", RUN);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn an_attestation_that_has_expired_keeps_no_approval_from_being_withdrawn() {
    let world = World::executed();
    world.next_policy(2, None, |text| {
        let two = text.replace("audit_approvals = 1", "audit_approvals = 2");
        let olga = "name = \"olga\"\nroles = [\"operator\"";
        assert!(two.contains(olga), "{two}");
        two.replace(olga, &format!("{olga}, \"reviewer\""))
    });
    let door = Door::new(world, "olga");
    let world = &door.world;
    let act = |who: &str, words: &[&str]| world.ok(who, who, &[&["git", "awo"], words].concat());
    for words in [&["fetch"][..], &["gate", RUN], &["approve", RUN], &["push"]] {
        act("rita", words);
    }
    act("olga", &["fetch"]);
    let by_rita = approval(&door, true);
    // olga attests both approvals, hers for a moment.
    let until = now() + SHORT;
    let done = approve_until(world, "olga", &[RUN], until);
    assert_eq!(done.code, 0, "{}", done.text);
    act("olga", &["attest", RUN]);
    act("olga", &["push"]);
    act("rita", &["fetch"]);
    let withdraw = ["revoke", &by_rita.to_string(), "--reason", "a mistake"];
    let early: Vec<_> = ["git", "awo"].into_iter().chain(withdraw).collect();
    world.refused("rita", "rita", &early, "REP-001");
    wait_until(until);
    act("rita", &withdraw);
    act("rita", &["push"]);
    // olga attests what rita has withdrawn, beside another approval of hers.
    act("olga", &["fetch"]);
    act("olga", &["approve", RUN]);
    act("olga", &["push"]);
    let actor = door.actor();
    let commit = door.run_says().commit;
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let given = records.approvals_of(commit).unwrap();
    let given = given.iter().map(|it| {
        let says = Statement::<ApprovalPredicate>::parse(it.payload()).unwrap();
        (it.digest(), says.predicate)
    });
    let later = given.filter(|(digest, it)| {
        *digest == by_rita || it.expires.seconds() > until.try_into().unwrap()
    });
    let (mut approvals, ends): (Vec<_>, Vec<_>) =
        later.map(|(digest, it)| (digest, it.expires)).unzip();
    approvals.sort();
    assert_eq!(approvals.len(), 2);
    let attested = records.attestations_of(commit).unwrap().remove(0);
    let says = Statement::<AttestationPredicate>::parse(attested.payload()).unwrap();
    let says = AttestationPredicate {
        gate1: None,
        approvals,
        expires: ends.into_iter().min().unwrap(),
        ..says.predicate
    };
    let notes = attestations_until(says.expires);
    let again = door.sealed(Kind::Attestation, Statement::new(says).to_payload());
    let noted = door.noted(&notes, commit, &[&again.to_bytes()]);
    door.refuses_and_finds(
        "a withdrawn approval",
        &[&format!("{noted}:{notes}")],
        &["GOV-005"],
        &["GOV-005"],
    );
    // The twin: rita approves anew, and olga attests that.
    act("rita", &["approve", RUN]);
    act("rita", &["push"]);
    act("olga", &["fetch"]);
    act("olga", &["attest", RUN]);
    act("olga", &["push"]);
    for words in [&["fetch"][..], &["finalize", RUN], &["push"]] {
        act("otto", words);
    }
    assert_eq!(door.verdict().exit, 0);
}
