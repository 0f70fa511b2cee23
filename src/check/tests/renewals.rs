//! Approvals that expire are renewed or withdrawn, in every order of these acts and the later ones:
//! what is in order arrives, what arrived stays in order, and nothing but a veto ends a run.

use super::world::*;
use crate::check::Marks;
use crate::check::push::Door;
use crate::check::tests::world::Stage::*;
use crate::check::verify::{self, Clone as Cloned};
use crate::git::Repo;
use crate::record::{Sha256, Timestamp};
use crate::records::*;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::Refs;
use crate::store::provenance::Entry;

/// What somebody does, or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// A reviewer approves the run, for a day or for longer than anybody waits.
    Short(&'static str),
    Long(&'static str),
    /// Two days pass.
    Wait,
    /// A reviewer withdraws the newest approval of theirs that is not withdrawn.
    Revoke(&'static str),
    /// rita attests what is valid, or that and what was withdrawn.
    Attest,
    AttestAll,
    /// otto finalizes.
    Finalize,
}
use Act::*;

/// An approval that was given.
#[derive(Clone)]
struct Given {
    by: &'static str,
    until: Timestamp,
    digest: Sha256,
    revoked: bool,
}

/// How far a run has gone, on a server and by the rules as they are promised.
#[derive(Clone)]
struct Play<'a> {
    world: &'a World,
    needed: usize,
    refs: Refs,
    shelf: Shelf,
    now: Timestamp,
    given: Vec<Given>,
    attested: Vec<(AttestationPredicate, Sha256)>,
    landed: bool,
    acts: Vec<Act>,
}

impl<'a> Play<'a> {
    fn new(world: &'a World, needed: usize) -> Self {
        let mut before = Refs::new();
        for stage in [Founded, Approved, Executed] {
            let mut after = world.commit(&before, &world.shelf(stage));
            world.receive(&before, &mut after, |_| {});
            before = after;
        }
        let mut shelf = world.shelf(Executed);
        let log = Kind::Independence.one_of(run_id(), world.log.digest());
        shelf.put(&log, world.log.to_bytes());
        Self {
            world,
            needed,
            refs: before,
            shelf,
            now: time(NOW),
            given: Vec::new(),
            attested: Vec::new(),
            landed: false,
            acts: Vec::new(),
        }
    }

    fn context(&self, who: &str, role: &str) -> Context {
        Context {
            identity: name(who),
            policy: self.world.policy,
            repository: self.world.repository,
            role: role.to_owned(),
        }
    }

    /// The newest approval of each person that is valid now, or would be if nobody had withdrawn it.
    fn valid(&self, withdrawn_too: bool) -> Vec<&Given> {
        let mut people: Vec<&'static str> = self.given.iter().map(|it| it.by).collect();
        people.sort_unstable();
        people.dedup();
        let of = |who| {
            let own = self.given.iter().filter(move |it| it.by == who);
            own.filter(|it| (withdrawn_too || !it.revoked) && it.until > self.now)
                .max_by_key(|it| (it.until, it.digest))
        };
        people.into_iter().filter_map(of).collect()
    }

    fn counts(&self, it: &AttestationPredicate) -> bool {
        let revoked = |digest: &Sha256| {
            let mut given = self.given.iter();
            given.any(|it| it.digest == *digest && it.revoked)
        };
        it.expires > self.now && !it.approvals.iter().any(revoked)
    }

    /// Does one thing; returns whether it is in order, or nothing if there is nothing to do.
    fn act(&mut self, act: Act) -> Option<bool> {
        self.acts.push(act);
        let run = &self.world.run;
        match act {
            Wait => {
                self.now = self.now.plus_days(2);
                Some(true)
            }
            Short(who) | Long(who) => {
                let days = if matches!(act, Short(_)) { 1 } else { 14 };
                let approval = ApprovalPredicate {
                    context: self.context(who, "reviewer"),
                    expires: self.now.plus_days(days),
                    nonce: format!("{}", self.acts.len()),
                    ..Statement::parse(self.world.audit.payload())
                        .unwrap()
                        .predicate
                };
                let envelope = sealed(approval.clone(), who);
                self.shelf.note(segment(&envelope), run.commit, &envelope);
                self.given.push(Given {
                    by: who,
                    until: approval.expires,
                    digest: envelope.digest(),
                    revoked: false,
                });
                Some(true)
            }
            Revoke(who) => {
                let own = |it: &&mut Given| it.by == who && !it.revoked;
                let index = self.given.iter_mut().rposition(|it| own(&it))?;
                let digest = self.given[index].digest;
                let now = self.now;
                let uses = |(it, _): &(AttestationPredicate, Sha256)| {
                    it.expires > now && it.approvals.contains(&digest)
                };
                let used = self.attested.iter().any(uses);
                let revocation = RevocationPredicate {
                    run: Some(run.run.clone()),
                    task: Some(run.task.clone()),
                    ..RevocationPredicate::of(
                        self.context(who, "reviewer"),
                        digest,
                        "so".to_owned(),
                    )
                };
                let path = Kind::Revocation.of(crate::records::Scope::Record(digest));
                self.shelf.put(&path, sealed(revocation, who).to_bytes());
                self.given[index].revoked = true;
                Some(!(used || self.landed && self.finalized().contains(&digest)))
            }
            Attest | AttestAll => {
                let valid = self.valid(act == AttestAll);
                let mut approvals: Vec<_> = valid.iter().map(|it| it.digest).collect();
                let upheld = valid.iter().all(|it| !it.revoked);
                let enough = upheld && approvals.len() >= self.needed;
                let expires = valid.iter().map(|it| it.until).min()?;
                approvals.sort();
                let attestation = AttestationPredicate {
                    gate1: None,
                    approvals,
                    expires,
                    ..Statement::parse(self.world.attestation.payload())
                        .unwrap()
                        .predicate
                };
                if self.attested.iter().any(|(it, _)| *it == attestation) {
                    return None;
                }
                let envelope = sealed(attestation.clone(), "rita");
                self.shelf.note(segment(&envelope), run.commit, &envelope);
                self.attested.push((attestation, envelope.digest()));
                Some(enough)
            }
            Finalize => {
                let (attested, digest) = self.attested.last()?.clone();
                let in_order = self.counts(&attested);
                let mut approved_by: Vec<_> = self.given.iter().collect();
                approved_by.retain(|it| attested.approvals.contains(&it.digest));
                let mut approved_by: Vec<_> = approved_by.iter().map(|it| name(it.by)).collect();
                approved_by.sort();
                let says = FinalizationPredicate {
                    gate1: None,
                    approvals: attested.approvals.clone(),
                    approved_by,
                    attestation: digest,
                    ..self.world.finalized.clone()
                };
                let path = Kind::Finalization.of(&run.run);
                let envelope = sealed(says.clone(), "otto");
                self.shelf.put(&path, envelope.to_bytes());
                let path = LedgerPath::Provenance(run.run.clone());
                self.shelf.put(&path, Entry::of(&says).to_bytes());
                self.shelf.branches.insert(main(), run.commit);
                self.landed = true;
                Some(in_order)
            }
        }
    }

    fn finalized(&self) -> Vec<Sha256> {
        let last = self.attested.last();
        last.map(|(it, _)| it.approvals.clone()).unwrap_or_default()
    }

    /// Pushes what was done, and verifies a clone of it; fails if either decides otherwise.
    fn push(&mut self, in_order: bool) {
        let mut after = self.world.commit(&self.refs, &self.shelf);
        after.extend(
            self.refs
                .iter()
                .filter(|(it, _)| **it == layout::log())
                .map(|(a, b)| (a.clone(), *b)),
        );
        let report = self
            .world
            .judge_at(Door::Clone, &self.refs, &after, self.now);
        let found = codes(&report);
        assert_eq!(found.is_empty(), in_order, "{:?}: {found:?}", self.acts);
        if !in_order {
            return;
        }
        let now = self.now;
        self.world
            .receive(&self.refs, &mut after, |it| it.says.time = now);
        self.refs = after;
        // Whenever somebody asks, the answer is the same.
        for later in [0, 400] {
            self.world.set(&self.refs);
            let clone = Cloned {
                reader: &Repo::open(self.world.path()).unwrap(),
                anchor: Some(&self.world.anchor()),
                marks: &Marks::default(),
                receipts: &[],
                fresh: None,
                time: now.plus_days(later),
                cache: false,
            };
            let report = verify::verify_on(&clone, &verify::Scope::All, std::num::NonZero::new(1));
            let found = codes(&report);
            assert!(
                found.is_empty(),
                "{:?}, {later} days later: {found:?}",
                self.acts
            );
        }
    }
}

/// Plays everything that can follow, so many acts deep; returns how many pushes that was.
fn play(so_far: &Play<'_>, acts: &[Act], depth: usize) -> usize {
    let mut pushes = 0;
    if depth == 0 || so_far.landed {
        return pushes;
    }
    for act in acts {
        let mut next = so_far.clone();
        // Waiting twice is waiting.
        if next.acts.last() == Some(act) {
            continue;
        }
        let Some(in_order) = next.act(*act) else {
            continue;
        };
        if *act != Wait {
            next.push(in_order);
            pushes += 1;
        }
        if in_order {
            pushes += play(&next, acts, depth - 1);
        }
    }
    pushes
}

/// Plays these acts, all in order, and then everything that can follow.
fn play_after(first: &[Act], needed: usize, world: &World, acts: &[Act], depth: usize) -> usize {
    let mut play_on = Play::new(world, needed);
    for act in first {
        assert_eq!(play_on.act(*act), Some(true), "{first:?}");
        if *act != Wait {
            play_on.push(true);
        }
    }
    play(&play_on, acts, depth)
}

#[test]
fn approvals_expire_and_are_renewed_and_withdrawn_in_every_order() {
    let world = World::new(&[]);
    let acts = [
        Short("rita"),
        Long("rita"),
        Wait,
        Revoke("rita"),
        Attest,
        Finalize,
    ];
    let mut pushes = play_after(&[], 1, &world, &acts, 2);
    pushes += play_after(&[Short("rita"), Wait], 1, &world, &acts, 3);
    let attested = [Short("rita"), Attest, Wait];
    pushes += play_after(&attested, 1, &world, &acts, 3);
    // Whoever else approves for a moment ends nothing.
    let acts = [Short("vera"), Wait, Revoke("vera"), Attest, Finalize];
    let begun = [Long("rita"), Short("vera"), Wait];
    pushes += play_after(&begun, 1, &world, &acts, 3);
    let two = World::new(&[Edit::Policy(|it| {
        *it = it.replace("audit_approvals = 1", "audit_approvals = 2");
    })]);
    let acts = [Long("rita"), Wait, Revoke("rita"), Attest, Finalize];
    let begun = [Short("rita"), Long("vera"), Attest, Wait];
    pushes += play_after(&begun, 2, &two, &acts, 3);
    // What was withdrawn when its attestation had expired is counted by no other one.
    let acts = [Long("vera"), Revoke("rita"), Wait, AttestAll, Finalize];
    let begun = [Long("rita"), Short("vera"), Attest];
    pushes += play_after(&begun, 2, &two, &acts, 3);
    let begun = [&begun[..], &[Wait, Revoke("rita"), Long("vera")]].concat();
    pushes += play_after(&begun, 2, &two, &[AttestAll, Finalize, Long("rita")], 3);
    assert!(pushes > 100, "{pushes} pushes");
}
