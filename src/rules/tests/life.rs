//! The states of a run: the table, and what it says of each record of a story.

use std::collections::BTreeSet;

use super::story::*;
use crate::facts::position::{Came, How};
use crate::facts::run::{Lookup, RunFacts};
use crate::record::{Findings, Sha256, Subject, Timestamp};
use crate::records::{CancellationPredicate, GateStatus, Verdict};
use crate::rules::life::{self, Life, SAID_BY_MANY, Says, State, TRANSITIONS, Whose};

use State::{
    Accepted, Approved, Attested, Audited, Cancelled, Contracted, Failed, Finalized, Landed,
    Recorded, Rejected, Reviewed, RolledBack,
};

/// The pairs that are legal, said once more by hand.
const LEGAL: &[(State, State)] = &[
    (Contracted, Approved),
    (Approved, Recorded),
    (Approved, Cancelled),
    (Recorded, Reviewed),
    (Recorded, Failed),
    (Recorded, Cancelled),
    (Reviewed, Audited),
    (Reviewed, Failed),
    (Audited, Attested),
    (Audited, Failed),
    (Attested, Finalized),
    (Attested, Failed),
    (Finalized, Landed),
    (Landed, Accepted),
    (Landed, Rejected),
    (Rejected, RolledBack),
];

fn pairs() -> impl Iterator<Item = (State, State)> {
    State::all().flat_map(|from| State::all().map(move |to| (from, to)))
}

#[test]
fn the_table_has_each_state_once_and_exactly_the_legal_pairs() {
    let states: BTreeSet<_> = State::all().collect();
    assert_eq!((states.len(), TRANSITIONS.len()), (13, 13));
    assert!(State::all().is_sorted(), "in the order of the enumeration");
    for (from, to) in pairs() {
        let legal = LEGAL.contains(&(from, to));
        assert_eq!(from.next().contains(&to), legal, "{from:?} {to:?}");
        assert_eq!(to.before().any(|it| it == from), legal);
        assert!(!(legal && to <= from), "no transition leads back");
    }
}

#[test]
fn what_is_said_again_is_no_transition_and_comes_after_its_own_state() {
    for (from, to) in pairs() {
        let expected = match (from, to) {
            _ if LEGAL.contains(&(from, to)) => Says::Moves,
            (Failed, Failed) => Says::Again,
            (Cancelled | Failed, _) => Says::OutOfTurn,
            // Reviewed, audited and attested: one more who says so, from then on.
            (_, Reviewed | Audited | Attested) if to <= from => Says::Again,
            _ => Says::OutOfTurn,
        };
        assert_eq!(from.says(to), expected, "{from:?} {to:?}");
        assert!(expected != Says::Again || SAID_BY_MANY.contains(&to));
    }
}

#[test]
fn each_illegal_pair_is_refused_in_the_same_words_each_time() {
    let (run, task) = (
        run_id(),
        told(&[])
            .facts
            .run
            .valid()
            .unwrap()
            .predicate()
            .task
            .clone(),
    );
    let mut refused = 0;
    for (from, to) in pairs().filter(|(from, to)| from.says(*to) == Says::OutOfTurn) {
        let of = Whose {
            run: &run,
            task: Some(&task),
        };
        let once = life::out_of_turn("record", from, to, of, Subject::of_run(&run));
        assert_eq!(once.code.as_str(), "GOV-011");
        let rule = match from.leads_to(to) {
            true => "run-in-turn",
            false => "run-over",
        };
        assert_eq!(once.rule, rule, "{from:?} {to:?}");
        assert!(once.found.contains(from.word()), "{}", once.found);
        assert!(!once.remedy.is_empty());
        let again = life::out_of_turn("record", from, to, of, Subject::of_run(&run));
        assert_eq!(format!("{once:?}"), format!("{again:?}"));
        refused += 1;
    }
    // Of the 169 pairs 16 are legal, and 22 say again what was said.
    let others = pairs().filter(|(from, to)| from.says(*to) != Says::OutOfTurn);
    assert_eq!(refused, 169 - others.count());
}

/// A story as far as a state, in which everything has been accepted.
fn story(at: State) -> Told {
    let mut told = told(&[]);
    let facts = &mut told.facts;
    if at < Finalized {
        facts.finalization = Lookup::Missing;
    }
    if at < Attested || at == Failed {
        facts.attestations.clear();
    }
    if at < Audited || at == Failed {
        facts.audit_approvals.clear();
    }
    if at < Reviewed {
        facts.independence.clear();
    }
    match at {
        Cancelled => {
            let it = cancellation(&told, told.facts.run.valid().map(|it| it.digest()));
            told.facts.cancellations = vec![it];
        }
        Failed => told.facts.independence = vec![failing()],
        Accepted | Rejected => {
            let verdict = match at {
                Accepted => Verdict::Accepted,
                _ => Verdict::Rejected,
            };
            let says = outcome(&told, verdict);
            told.facts.outcome = Lookup::Valid(verified(&told.policy, says));
        }
        _ => {}
    }
    told
}

fn cancellation(
    told: &Told,
    run_record: Option<Sha256>,
) -> crate::policy::Verified<CancellationPredicate> {
    let run = told.facts.run.valid().unwrap().predicate();
    verified(
        &told.policy,
        CancellationPredicate {
            context: context("olga", "operator"),
            contract: run.contract,
            reason: "so".to_owned(),
            run: run_id(),
            run_record,
            task: run.task.clone(),
        },
    )
}

fn failing() -> crate::policy::Verified<crate::records::IndependencePredicate> {
    let log = self::told(&[Edit::Log(|it| {
        it.status = GateStatus::FailedInvariants;
        it.invariants_ok = false;
        it.invariants_reasons = vec!["x".to_owned()];
    })]);
    log.facts.independence.into_iter().next().unwrap()
}

/// The states at which a story can stand with a record of its run.
const STORIES: &[State] = &[
    Recorded, Cancelled, Reviewed, Audited, Attested, Failed, Finalized, Landed, Accepted, Rejected,
];

fn lived(told: &Told, at: State) -> Life {
    life::here(&told.facts, &told.policy, at >= Landed)
}

#[test]
fn the_state_follows_from_the_records() {
    for at in STORIES {
        let told = story(*at);
        let life = lived(&told, *at);
        assert_eq!(life.state(), *at);
        assert!(life.findings.is_empty(), "{at:?}: nothing of it comes now");
        let passed: Vec<_> = life.passed.iter().map(|it| it.state).collect();
        assert!(passed.is_sorted(), "{passed:?}");
        for (from, to) in passed.iter().zip(passed.iter().skip(1)) {
            assert!(from.next().contains(to), "{passed:?}");
        }
    }
}

/// Adds a record that says that the run is in a state now, as one that comes now.
fn comes(told: &mut Told, to: State) -> Option<Sha256> {
    let whole = self::told(&[]);
    let other = |edit: Edit| self::told(&[edit]).facts;
    let digest = match to {
        Cancelled => {
            let record = told.facts.run.valid().map(|it| it.digest());
            let it = cancellation(told, record);
            // A second one says something else.
            let it = match told.facts.cancellations.is_empty() {
                true => it,
                false => cancellation(told, None),
            };
            let digest = it.digest();
            told.facts.cancellations.push(it);
            digest
        }
        Reviewed => {
            let it = other(Edit::Log(|it| it.message = "once more".to_owned())).independence;
            let it = it.into_iter().next()?;
            let digest = it.digest();
            told.facts.independence.push(it);
            digest
        }
        Failed => {
            let it = failing();
            let digest = it.digest();
            told.facts.independence.retain(|it| it.digest() != digest);
            told.facts.independence.push(it);
            digest
        }
        Audited => {
            let it = other(Edit::Audit(|it| it.nonce = "more".to_owned())).audit_approvals;
            let it = it.into_iter().next()?;
            let digest = it.digest();
            told.facts.audit_approvals.push(it);
            digest
        }
        Attested => {
            let url = |it: &mut crate::records::AttestationPredicate| {
                it.workflow_run_url =
                    Some(crate::record::WorkflowUrl::new("https://x.example/1").unwrap());
            };
            let it = other(Edit::Attestation(url))
                .attestations
                .into_iter()
                .next()?;
            let digest = it.digest();
            told.facts.attestations.push(it);
            digest
        }
        Finalized if told.facts.finalization.valid().is_none() => {
            told.facts.finalization = whole.facts.finalization;
            told.facts.finalization.valid()?.digest()
        }
        Accepted | Rejected if told.facts.outcome.valid().is_none() => {
            let verdict = match to {
                Accepted => Verdict::Accepted,
                _ => Verdict::Rejected,
            };
            let says = outcome(told, verdict);
            let it = verified(&told.policy, says);
            let digest = it.digest();
            told.facts.outcome = Lookup::Valid(it);
            digest
        }
        // Of these there is one of a name: a second one has no place (REP-001).
        _ => return None,
    };
    let now = Came {
        order: (2, 0, Timestamp::EPOCH),
        how: How::Now,
    };
    told.facts.came.insert(digest, now);
    Some(digest)
}

fn judged(told: &Told, at: State) -> Vec<String> {
    codes(&lived(told, at).findings)
}

#[test]
fn every_record_in_every_state_is_taken_or_refused_as_the_table_says() {
    let mut tried = 0;
    for at in STORIES {
        for to in State::all() {
            let mut told = story(*at);
            let Some(digest) = comes(&mut told, to) else {
                continue;
            };
            tried += 1;
            let found = judged(&told, *at);
            let expected = match at.says(to) {
                Says::OutOfTurn if at.leads_to(to) => vec!["GOV-011 run-in-turn"],
                Says::OutOfTurn => vec!["GOV-011 run-over"],
                _ => vec![],
            };
            assert_eq!(found, expected, "{at:?}: {to:?}");
            // What the log tells of was accepted; but never beside a cancellation.
            told.facts.came.get_mut(&digest).unwrap().how = How::Logged;
            let about = *at == Cancelled || to == Cancelled;
            let found = judged(&told, *at);
            match about {
                true => assert_eq!(found, expected, "{at:?}: {to:?}, logged"),
                false => assert!(found.is_empty(), "{at:?}: {to:?}, logged: {found:?}"),
            }
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn a_run_lands_once_it_is_finalized_and_from_nowhere_else() {
    for at in STORIES {
        let told = story(*at);
        let found = life::lands(&told.facts, &told.policy, Subject::none());
        // Of a run that has landed the commit does not come again; an acceptance follows its landing.
        let legal = matches!(at, Finalized | Landed | Accepted);
        assert_eq!(found.is_none(), legal, "{at:?}: {found:?}");
    }
}

#[test]
fn a_run_is_taken_back_once_it_is_rejected_and_from_nowhere_else() {
    for at in STORIES {
        for taken_back in [false, true] {
            let told = story(*at);
            let landed = *at >= Landed;
            let subject = Subject::none();
            let found = life::rolls_back(&told.facts, &told.policy, (landed, taken_back), subject);
            let legal = *at == Rejected && !taken_back;
            assert_eq!(found.is_none(), legal, "{at:?}: {found:?}");
        }
    }
}

#[test]
fn what_comes_together_comes_in_the_order_of_the_states() {
    let now = Came {
        order: (2, 0, Timestamp::EPOCH),
        how: How::Now,
    };
    let together = |change: &dyn Fn(&mut Told)| {
        let mut told = told(&[]);
        change(&mut told);
        let facts = &mut told.facts;
        let digests: Vec<_> = facts.reviews().collect();
        let run = facts.run.valid().map(|it| it.digest());
        let others = facts.cancellations.iter().map(|it| it.digest());
        let all: Vec<_> = digests.into_iter().chain(run).chain(others).collect();
        facts.came = all.into_iter().map(|it| (it, now)).collect();
        let (mut found, focus) = (Findings::new(), facts.came.keys().copied().collect());
        let reviews = crate::rules::reviews(facts, &told.policy, Some(&focus), &mut found);
        let life = life::life(facts, &told.policy, &reviews, true);
        (life.state(), codes(&life.findings))
    };
    assert_eq!(together(&|_| {}), (Landed, vec![]));
    let over = || vec!["GOV-011 run-over".to_owned()];
    let ended = |told: &mut Told| told.facts.finalization = Lookup::Missing;
    let failed = |told: &mut Told| {
        let log = failing();
        told.facts.independence.push(log);
    };
    assert_eq!(
        together(&|told| {
            failed(told);
            ended(told);
        }),
        (Failed, vec![]),
        "a failure follows what it comes with"
    );
    assert_eq!(
        together(&failed),
        (Failed, over()),
        "and nothing follows it"
    );
    let cancelled = |told: &mut Told| {
        let record = told.facts.run.valid().map(|it| it.digest());
        told.facts.cancellations = vec![cancellation(told, record)];
    };
    assert_eq!(together(&cancelled), (Cancelled, over()));
}

#[test]
fn two_persons_audit_a_run_where_the_policy_asks_for_two() {
    let two = Edit::Policy(|it| *it = it.replace("audit_approvals = 1", "audit_approvals = 2"));
    let mut told = told(&[two]);
    told.facts.attestations.clear();
    told.facts.finalization = Lookup::Missing;
    let state = |facts: &RunFacts| life::here(facts, &told.policy, false).state();
    assert_eq!(state(&told.facts), Reviewed);
    let by_vera = self::told(&[Edit::Reviewer("vera")]).facts.audit_approvals;
    told.facts.audit_approvals.extend(by_vera);
    assert_eq!(state(&told.facts), Audited);
}
