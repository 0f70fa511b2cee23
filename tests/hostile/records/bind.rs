//! What records bind of each other.

use git_awo::record::{IdentityName, RunId, Sha256, Timestamp};
use git_awo::records::{AttestationPredicate, Kind, Statement};
use git_awo::store::ledger::Records;

use crate::hostile::door::Door;
use crate::hostile::forge::{LEDGER, attestations_until};
use crate::world::{RUN, World};

/// rita, who has attested the run and not pushed that; with what she says.
pub fn attesting() -> (Door, AttestationPredicate) {
    let world = World::executed();
    for words in [
        ["git", "awo", "gate", RUN].as_slice(),
        &["git", "awo", "approve", RUN],
        &["git", "awo", "push"],
        &["git", "awo", "attest", RUN],
    ] {
        world.ok("rita", "rita", words);
    }
    let door = Door::new(world, "rita");
    let actor = door.actor();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope = records
        .attestations_of(door.run_says().commit)
        .unwrap()
        .remove(0);
    let says = Statement::<AttestationPredicate>::parse(envelope.payload())
        .unwrap()
        .predicate;
    let notes = attestations_until(says.expires);
    let delete = ["git", "update-ref", "-d", &notes];
    door.world.ok("rita", "rita", &delete);
    (door, says)
}

#[test]
fn an_attestation_binds_its_run_its_reviewer_and_what_came_before() {
    type Change = fn(&mut AttestationPredicate);
    let (door, says) = attesting();
    let commit = says.commit;
    let table: &[(&str, Change, &[&str])] = &[
        (
            "another run",
            |it| it.run = RunId::new("run_other").unwrap(),
            &["STR-001"],
        ),
        (
            "another commit",
            |it| it.commit = it.context.policy,
            &["ATT-002"],
        ),
        ("another tree", |it| it.tree = it.commit, &["ATT-002"]),
        ("another root", |it| it.root = Sha256::of(b""), &["ATT-002"]),
        (
            "another contract",
            |it| it.contract = Sha256::of(b""),
            &["ATT-002"],
        ),
        (
            "another record",
            |it| it.run_record = Sha256::of(b""),
            &["ATT-002"],
        ),
        (
            "no gate 2 that there is",
            |it| it.independence = Sha256::of(b""),
            &["ATT-002"],
        ),
        ("no approval", |it| it.approvals.clear(), &["GOV-005"]),
        (
            "an approval that there is not",
            |it| it.approvals.push(Sha256::of(b"")),
            &["ATT-002"],
        ),
        (
            "a second more than its approval",
            |it| it.expires = Timestamp::from_seconds(it.expires.seconds() + 1).unwrap(),
            &["ATT-002"],
        ),
        (
            "a year more than its approval",
            |it| it.expires = it.expires.plus_days(365),
            &["ATT-002"],
        ),
        (
            "a year less than its approval",
            |it| it.expires = Timestamp::from_seconds(it.expires.seconds() - 31_536_000).unwrap(),
            &["ATT-002"],
        ),
        (
            "another repository",
            |it| it.context.repository = it.commit,
            &["ATT-002"],
        ),
        (
            "a policy that there is not",
            |it| it.context.policy = it.commit,
            &["ATT-002"],
        ),
        (
            "another reviewer",
            |it| it.reviewer = IdentityName::new("olga").unwrap(),
            &["ATT-001"],
        ),
        (
            "another reviewer's digest",
            |it| it.reviewer_sha256 = Sha256::of(b"olga"),
            &["ATT-001"],
        ),
        (
            "a digest with a line feed",
            |it| it.reviewer_sha256 = Sha256::of(b"rita\n"),
            &["ATT-001"],
        ),
    ];
    let put = |says: &AttestationPredicate| {
        let payload = Statement::new(says.clone()).to_payload();
        let envelope = door.sealed(Kind::Attestation, payload);
        let notes = attestations_until(says.expires);
        let noted = door.noted(&notes, commit, &[&envelope.to_bytes()]);
        format!("{noted}:{notes}")
    };
    for (what, change, codes) in table {
        let mut forged = says.clone();
        change(&mut forged);
        door.refuses_push(what, &[&put(&forged)], codes);
    }
    let mut forged = says.clone();
    forged.independence = Sha256::of(b"");
    door.refuses_and_finds("no gate 2", &[&put(&forged)], &["ATT-002"], &["ATT-002"]);
    door.accepts_push("what is so", &[&put(&says)]);
}

#[test]
fn an_attestation_before_gate_2_and_gate_3_is_refused() {
    let (door, says) = attesting();
    let (other, commit) = (Door::new(World::executed(), "rita"), says.commit);
    // The same run in a world where nobody has reviewed it yet.
    let mut early = says.clone();
    let record = other.run_says();
    (early.commit, early.tree, early.root) = (record.commit, record.tree, record.root);
    assert_eq!(early.commit, commit, "worlds are copies of one");
    early.context = other.context("reviewer");
    let envelope = other.sealed(Kind::Attestation, Statement::new(early).to_payload());
    let notes = attestations_until(says.expires);
    let noted = other.noted(&notes, commit, &[&envelope.to_bytes()]);
    let refspec = format!("{noted}:{notes}");
    let codes = ["ATT-002", "GOV-005", "GOV-011"];
    let order = ["ATT-002", "GOV-002", "GOV-005", "GOV-011"];
    other.refuses_push("nothing came before", &[&refspec], &order);
    // With gate 2, and still without gate 3.
    other.world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    let refspecs = [LEDGER, refspec.as_str()];
    other.refuses_push("gate 3 did not come before", &refspecs, &codes);
    drop(door);
}
