//! Admissions: what admits the target of a run that arrives, and what came when.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::facts::position::Logged;
use crate::record::contract::ContractDraft;
use crate::record::envelope::Envelope;
use crate::record::{Line, Sha256, Token};
use crate::records::{AdmissionPredicate, Context, Kind, RevocationPredicate, Scope};
use crate::rules::tests::people::{name, sealed, sha, time};
use crate::store::ledger::Refs;

/// Only a record admits.
const RECORDED: Edit = Edit::Policy(recorded);
/// The contract names this owner and this class of risk.
const NAMED: Edit = Edit::Contract(named);

fn recorded(text: &mut String) {
    *text = text
        .replacen("schema =", "requires = [\"admission/1\"]\nschema =", 1)
        .replacen("[gates]\n", "[gates]\nadmission = \"record\"\n", 1);
}

fn named(draft: &mut ContractDraft) {
    draft.target.admission.owner = Some("acme".to_owned());
    draft.target.admission.risk = Some("low".to_owned());
}

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn context(world: &World, who: &str, role: &str) -> Context {
    Context {
        identity: name(who),
        policy: world.policy,
        repository: world.repository,
        role: role.to_owned(),
    }
}

/// olga's admission of a locator.
fn admission(world: &World, locator: &str, owner: &str, risk: &str) -> Envelope {
    let says = AdmissionPredicate {
        context: context(world, "olga", "operator"),
        locator: line(locator),
        nonce: Token::new("1-1").unwrap(),
        owner: line(owner),
        risk: line(risk),
        source: None,
    };
    sealed(says, "olga")
}

fn put(shelf: &mut Shelf, locator: &str, it: &Envelope) {
    let scope = Scope::Locator(AdmissionPredicate::key_of(locator));
    shelf.put(&Kind::Admission.one_of(scope, it.digest()), it.to_bytes());
}

/// The target is admitted for this owner with this risk.
fn admits(world: &World, shelf: &mut Shelf, owner: &str, risk: &str) -> Envelope {
    let it = admission(world, "here", owner, risk);
    put(shelf, "here", &it);
    it
}

type Change = fn(&mut RevocationPredicate);

/// Somebody withdraws an admission of the target.
fn withdrawn(world: &World, who: &str, role: &str, of: Sha256, change: Change) -> Envelope {
    let mut says = RevocationPredicate {
        admission: Some(AdmissionPredicate::key_of("here")),
        ..RevocationPredicate::of(context(world, who, role), of, "a mistake".to_owned())
    };
    change(&mut says);
    sealed(says, who)
}

fn put_withdrawn(shelf: &mut Shelf, of: Sha256, it: &Envelope) {
    let path = Kind::Revocation.of(Scope::Record(of));
    shelf.put(&path, it.to_bytes());
}

const UNADMITTED: &[&str] = &["GOV-002 admission-recorded"];

#[test]
fn a_run_comes_with_an_admission_that_fits_where_the_policy_asks_for_one() {
    finds(&[
        ("by the packet", &[], Executed, |_, _| {}, &[]),
        (
            "the packet says no",
            &[Edit::Contract(|it| {
                it.target.admission.status = "proposed".to_owned()
            })],
            Executed,
            |_, _| {},
            &["GOV-002 target-admitted"],
        ),
        (
            "nobody",
            &[RECORDED, NAMED],
            Executed,
            |_, _| {},
            UNADMITTED,
        ),
        (
            "the packet says no, a record yes",
            &[
                RECORDED,
                NAMED,
                Edit::Contract(|it| it.target.admission.status = "proposed".to_owned()),
            ],
            Executed,
            |world, shelf| _ = admits(world, shelf, "acme", "low"),
            &["GOV-002 target-admitted"],
        ),
        (
            "an operator",
            &[RECORDED, NAMED],
            Executed,
            |world, shelf| _ = admits(world, shelf, "acme", "low"),
            &[],
        ),
        (
            "one of two that fits",
            &[RECORDED, NAMED],
            Executed,
            |world, shelf| {
                admits(world, shelf, "acme", "high");
                admits(world, shelf, "acme", "low");
            },
            &[],
        ),
        (
            "for another owner",
            &[RECORDED, NAMED],
            Executed,
            |world, shelf| _ = admits(world, shelf, "Acme", "low"),
            UNADMITTED,
        ),
        (
            "with another risk",
            &[RECORDED, NAMED],
            Executed,
            |world, shelf| _ = admits(world, shelf, "acme", "Low"),
            UNADMITTED,
        ),
        (
            "whoever owns it, if the contract does not say",
            &[
                RECORDED,
                Edit::Contract(|it| it.target.admission.risk = Some("low".to_owned())),
            ],
            Executed,
            |world, shelf| _ = admits(world, shelf, "anybody", "low"),
            &[],
        ),
        (
            "a contract without a risk",
            &[RECORDED],
            Executed,
            |world, shelf| _ = admits(world, shelf, "acme", "low"),
            UNADMITTED,
        ),
        (
            "another locator",
            &[RECORDED, NAMED],
            Executed,
            |world, shelf| put(shelf, "there", &admission(world, "there", "acme", "low")),
            UNADMITTED,
        ),
        (
            "another locator in the place of this one",
            &[RECORDED, NAMED],
            Executed,
            |world, shelf| put(shelf, "here", &admission(world, "there", "acme", "low")),
            &["GOV-002 admission-recorded", "INT-004 record-place"],
        ),
    ]);
}

#[test]
fn an_operator_withdraws_anybodys_admission_and_nobody_else_does() {
    for (what, who, role, change, expected) in [
        ("oneself", "olga", "operator", (|_| {}) as Change, &[][..]),
        ("another operator", "anna", "operator", |_| {}, &[]),
        (
            "a reviewer",
            "rita",
            "reviewer",
            |_| {},
            &["ATT-001 role-held"],
        ),
        (
            "an orchestrator who says it is a lease",
            "otto",
            "orchestrator",
            |it| {
                it.admission = None;
                it.lease = Some(time(NOW));
            },
            &["STR-001 revocation-of-record"],
        ),
        (
            "an operator who names another locator",
            "olga",
            "operator",
            |it| it.admission = Some(sha(1)),
            &["STR-001 revocation-of-record"],
        ),
    ] {
        let world = World::new(&[RECORDED, NAMED]);
        let mut shelf = world.shelf(Approved);
        let of = admits(&world, &mut shelf, "acme", "low").digest();
        let before = world.commit(&world.refs(Approved), &shelf);
        put_withdrawn(&mut shelf, of, &withdrawn(&world, who, role, of, change));
        let after = world.commit(&before, &shelf);
        assert_eq!(codes(&world.judge(&before, &after)), expected, "{what}");
    }
    // One that is not there.
    let world = World::new(&[RECORDED, NAMED]);
    let before = world.refs(Approved);
    let mut shelf = world.shelf(Approved);
    let it = withdrawn(&world, "olga", "operator", sha(1), |_| {});
    put_withdrawn(&mut shelf, sha(1), &it);
    let after = world.commit(&before, &shelf);
    let expected = ["STR-001 revocation-of-record"];
    assert_eq!(codes(&world.judge(&before, &after)), expected);
}

#[test]
fn what_was_withdrawn_admits_nothing_that_comes_later() {
    // Whether the admission is withdrawn before the run, with it, or after it.
    for (what, when, expected) in [
        ("before", 0, UNADMITTED),
        ("with it", 1, UNADMITTED),
        ("after", 2, &[]),
    ] {
        let world = World::new(&[RECORDED, NAMED]);
        let mut refs = world.refs(Approved);
        let mut found = Vec::new();
        for (step, stage) in [(0, Approved), (1, Executed), (2, Landed)] {
            let mut shelf = world.shelf(stage);
            let of = admits(&world, &mut shelf, "acme", "low").digest();
            if step >= when {
                let it = withdrawn(&world, "olga", "operator", of, |_| {});
                put_withdrawn(&mut shelf, of, &it);
            }
            let next = world.commit(&refs, &shelf);
            found.extend(codes(&world.judge(&refs, &next)));
            refs = next;
        }
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn the_log_says_whether_an_admission_stood_when_the_run_came() {
    let world = World::new(&[RECORDED, NAMED]);
    let mut shelf = world.shelf(Landed);
    let admission = admits(&world, &mut shelf, "acme", "low");
    let revocation = withdrawn(&world, "olga", "operator", admission.digest(), |_| {});
    put_withdrawn(&mut shelf, admission.digest(), &revocation);
    let refs = world.commit(&Refs::new(), &shelf);
    let [early, run, late] = ["01", "02", "03"].map(|it| format!("2026-01-10T00:00:{it}Z"));
    for (what, admitted, revoked, expected) in [
        ("before it", &early, &late, &[][..]),
        ("with it", &run, &late, &[]),
        ("after it", &late, &late, UNADMITTED),
        ("withdrawn before it", &early, &early, UNADMITTED),
        ("withdrawn in the same second", &early, &run, &[]),
    ] {
        let at = |digest: &Sha256| match digest {
            it if *it == admission.digest() => admitted,
            it if *it == revocation.digest() => revoked,
            it if *it == world.run_record.digest() => &run,
            it if *it == world.contract.digest() || *it == world.approval.digest() => &early,
            _ => &late,
        };
        let report = judged_by_log(&world, &refs, |digests| {
            digests.iter().map(|it| (*it, (0, time(at(it))))).collect()
        });
        assert_eq!(codes(&report), expected, "{what}");
    }
}

#[test]
fn what_was_accepted_before_stays_accepted() {
    // The policy before asked for no record; its run lands under the one that does.
    fn packet(text: &mut String) {
        *text = text.replacen("admission = \"record\"\n", "", 1);
    }
    let world = World::new(&[RECORDED, NAMED, Edit::Earlier(packet), Edit::Older]);
    let start = world.commit(&Refs::new(), &world.shelf(Reviewed));
    let end = world.commit(&start, &world.shelf(Landed));
    assert_eq!(codes(&world.judge(&start, &end)), [""; 0]);
    // What comes now is held to the policy in force.
    let start = world.commit(&Refs::new(), &world.shelf(Approved));
    let end = world.commit(&start, &world.shelf(Executed));
    assert_eq!(codes(&world.judge(&start, &end)), UNADMITTED);
}

#[test]
fn where_there_is_no_log_a_run_is_asked_for_what_its_own_policy_asks() {
    fn packet(text: &mut String) {
        *text = text.replacen("admission = \"record\"\n", "", 1);
    }
    // Nothing tells whether a revocation came before the run; what was accepted stays so.
    for (what, edits, admitted, revoked, expected) in [
        ("nobody", &[RECORDED, NAMED][..], false, false, UNADMITTED),
        ("an operator", &[RECORDED, NAMED], true, false, &[]),
        (
            "withdrawn at some time",
            &[RECORDED, NAMED],
            true,
            true,
            &[],
        ),
        (
            "by a policy that asks for none",
            &[RECORDED, NAMED, Edit::Earlier(packet), Edit::Older],
            false,
            false,
            &[],
        ),
    ] {
        let world = World::new(edits);
        let mut shelf = world.shelf(Landed);
        if admitted {
            let of = admits(&world, &mut shelf, "acme", "low").digest();
            if revoked {
                let it = withdrawn(&world, "olga", "operator", of, |_| {});
                put_withdrawn(&mut shelf, of, &it);
            }
        }
        let refs = world.commit(&Refs::new(), &shelf);
        let report = judged_by_log(&world, &refs, |_| Logged::default());
        assert_eq!(codes(&report), expected, "{what}");
    }
}
