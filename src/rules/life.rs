//! The life of a run: its states, the transitions between them as one table, and the state that
//! follows from the records. Nothing stores a state.

use std::collections::BTreeSet;

use crate::facts::demanded::Demanded;
use crate::facts::life::Unrecorded;
use crate::facts::position::{Came, How};
use crate::facts::run::RunFacts;
use crate::policy::{Policy, Verified};
use crate::record::{
    Finding, Findings, IdentityName, Rule, RunId, Sha256, Subject, TaskId, Timestamp,
};
use crate::records::{GateStatus, Kind, Predicate, Verdict};

use super::{Reviews, claim, remedy, reviews};

/// The states of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// There is a contract for it.
    Contracted,
    /// The contract is approved for a run to come.
    Approved,
    /// Its record is there.
    Recorded,
    /// It was ended before anybody reviewed it.
    Cancelled,
    /// It passed gate 2.
    Reviewed,
    /// As many persons as the policy demands approved it at gate 3.
    Audited,
    /// It is attested.
    Attested,
    /// A reviewer found that its invariants do not hold.
    Failed,
    /// Its chain is complete.
    Finalized,
    /// Its branch has its commit.
    Landed,
    /// The operator accepted the result.
    Accepted,
    /// The operator rejected the result.
    Rejected,
    /// Its commit was taken back.
    RolledBack,
}

use State::{
    Accepted, Approved, Attested, Audited, Cancelled, Contracted, Failed, Finalized, Landed,
    Recorded, Rejected, Reviewed, RolledBack,
};

/// The legal transitions: from each state, those that may follow. Every other pair is illegal.
pub const TRANSITIONS: &[(State, &[State])] = &[
    (Contracted, &[Approved]),
    (Approved, &[Recorded, Cancelled]),
    (Recorded, &[Reviewed, Failed, Cancelled]),
    (Cancelled, &[]),
    (Reviewed, &[Audited, Failed]),
    (Audited, &[Attested, Failed]),
    (Attested, &[Finalized, Failed]),
    (Failed, &[]),
    (Finalized, &[Landed]),
    (Landed, &[Accepted, Rejected]),
    (Accepted, &[]),
    (Rejected, &[RolledBack]),
    (RolledBack, &[]),
];

/// The states that several persons may say a run has reached: one more who says so changes nothing.
pub const SAID_BY_MANY: &[State] = &[Reviewed, Audited, Attested, Failed];

impl State {
    /// Every state, in the order in which they may come.
    pub fn all() -> impl Iterator<Item = State> {
        TRANSITIONS.iter().map(|(state, _)| *state)
    }

    /// Returns the state as a word.
    pub fn word(self) -> &'static str {
        match self {
            Contracted => "contracted",
            Approved => "approved",
            Recorded => "recorded",
            Cancelled => "cancelled",
            Reviewed => "reviewed",
            Audited => "audited",
            Attested => "attested",
            Failed => "failed",
            Finalized => "finalized",
            Landed => "landed",
            Accepted => "accepted",
            Rejected => "rejected",
            RolledBack => "rolled-back",
        }
    }

    /// Returns what says that a run has come to it.
    fn said_by(self) -> &'static str {
        match self {
            Contracted => Kind::Contract.title(),
            Approved | Audited => Kind::Approval.title(),
            Recorded => Kind::Run.title(),
            Cancelled => Kind::Cancellation.title(),
            Reviewed | Failed => Kind::Independence.title(),
            Attested => Kind::Attestation.title(),
            Finalized => Kind::Finalization.title(),
            Landed => "landing",
            Accepted | Rejected => Kind::Outcome.title(),
            RolledBack => "roll-back",
        }
    }

    /// Returns the states that may follow.
    pub fn next(self) -> &'static [State] {
        let own = TRANSITIONS.iter().find(|(state, _)| *state == self);
        own.map_or(&[], |(_, next)| next)
    }

    /// Returns the states that this one may follow.
    pub fn before(self) -> impl Iterator<Item = State> {
        Self::all().filter(move |it| it.next().contains(&self))
    }

    /// Tells whether the run can still come to another state, by whichever way.
    pub fn leads_to(self, other: State) -> bool {
        // No transition leads back, so this ends.
        let mut next = self.next().iter();
        next.any(|it| *it == other || it.leads_to(other))
    }

    /// Tells what it is for a run in this state that somebody says it is now in another one.
    pub fn says(self, to: State) -> Says {
        let ended = matches!(self, Cancelled | Failed) && self != to;
        if self.next().contains(&to) {
            Says::Moves
        } else if SAID_BY_MANY.contains(&to) && !ended && (to == self || to.leads_to(self)) {
            Says::Again
        } else {
            Says::OutOfTurn
        }
    }
}

/// What it is for a run to be said to be in a state now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// A transition.
    Moves,
    /// What others have said: no transition.
    Again,
    /// Illegal.
    OutOfTurn,
}

/// A state that a run has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    pub state: State,
    /// The record that says so, its kind, and who signed it; none of what no record says.
    pub by: Option<(Sha256, Kind, IdentityName)>,
}

/// A run's life so far.
#[derive(Clone, Debug)]
pub struct Life {
    /// The states it has come to, in order; the last one is where it is.
    pub passed: Vec<Passed>,
    /// The records that came out of turn, of those that can be judged.
    pub findings: Findings,
}

impl Life {
    /// Returns where the run is.
    pub fn state(&self) -> State {
        self.passed.last().map_or(Contracted, |it| it.state)
    }

    fn go(&mut self, state: State, by: Option<(Sha256, Kind, IdentityName)>) {
        self.passed.push(Passed { state, by });
    }
}

/// Something that a record says of its run.
struct Event {
    to: State,
    record: Sha256,
    kind: Kind,
    by: IdentityName,
    came: Came,
    /// Whether it brings the run to that state; otherwise it needs the same turn and changes nothing.
    moves: bool,
}

/// Collects what the records of a run say.
struct Events<'a> {
    facts: &'a RunFacts,
    /// The reviews that hold.
    reviews: &'a Reviews,
    found: Vec<Event>,
}

impl Events<'_> {
    fn add<P: Predicate>(&mut self, it: &Verified<P>, to: State, moves: bool) {
        let record = it.digest();
        self.found.push(Event {
            to,
            record,
            kind: P::KIND,
            by: it.signer().clone(),
            came: self.facts.came(record),
            moves,
        });
    }

    /// Tells whether a review holds, or held when it came.
    fn holds(&self, record: Sha256) -> bool {
        self.reviews.held.contains(&record) || self.facts.came(record).how != How::Now
    }

    fn collect(mut self) -> Vec<Event> {
        let facts = self.facts;
        if let Some(run) = facts.run.valid() {
            self.add(run, Recorded, true);
        }
        for it in &facts.cancellations {
            self.add(it, Cancelled, true);
        }
        for it in &facts.overrides {
            self.add(it, Reviewed, false);
        }
        for it in &facts.independence {
            let (to, moves) = match it.predicate().status {
                GateStatus::FailedInvariants => (Failed, true),
                // Another reviewer may pass the run.
                GateStatus::FailedSelfApproval => (Failed, false),
                GateStatus::SelfApprovedWithOverride
                | GateStatus::ApprovedByIndependentReviewer => (Reviewed, true),
            };
            let holds = self.holds(it.digest());
            self.add(it, to, moves && holds);
        }
        for it in &facts.audit_approvals {
            let holds = self.holds(it.digest()) && !facts.is_withdrawn(it.digest());
            self.add(it, Audited, holds);
        }
        for it in &facts.attestations {
            let mut counts = it.predicate().approvals.iter();
            let withdrawn = counts.any(|approval| facts.is_withdrawn_for(*approval, it.digest()));
            let holds = self.holds(it.digest()) && !withdrawn;
            self.add(it, Attested, holds);
        }
        if let Some(it) = facts.finalization.valid() {
            let holds = self.holds(it.digest());
            self.add(it, Finalized, holds);
        }
        if let Some(it) = facts.outcome.valid() {
            let to = match it.predicate().outcome {
                Verdict::Accepted => Accepted,
                Verdict::Rejected => Rejected,
            };
            self.add(it, to, true);
        }
        // What came together came in the order of the states.
        let place = |it: &Event| (it.came.order, it.to, it.record);
        self.found.sort_by_key(place);
        self.found
    }
}

/// Follows a run from state to state. What others accepted before is believed to have been in its turn;
/// but for cancellations, which every version that knows them holds to it.
fn follow(
    facts: &RunFacts,
    policy: &Policy,
    reviews: &Reviews,
    begin: State,
    landed: bool,
    without: Option<State>,
) -> Life {
    let mut life = Life {
        passed: vec![Passed {
            state: Contracted,
            by: None,
        }],
        findings: Findings::new(),
    };
    if begin == Approved {
        life.go(Approved, None);
    }
    let demanded = Demanded::by(policy, facts.contract_says());
    let mut persons = BTreeSet::new();
    let events = Events {
        facts,
        reviews,
        found: Vec::new(),
    };
    // Until there was this table a result could be accepted before it had landed: that stopped nothing.
    let mut accepted_early = None;
    for it in events.collect() {
        let from = life.state();
        if without == Some(it.to) {
            continue;
        }
        let mut moves = it.moves;
        if it.to == Audited && moves {
            if demanded.models || !facts.by_models.contains_key(&it.record) {
                persons.insert(it.by.clone());
            }
            moves = persons.len() >= demanded.of_run;
        }
        let by = Some((it.record, it.kind, it.by));
        let is_judged = match it.came.how {
            How::Now => true,
            How::Logged => [from, it.to].contains(&Cancelled),
            How::Before => false,
        };
        match from.says(it.to) {
            Says::Moves if moves => life.go(it.to, by),
            Says::Moves | Says::Again => {}
            Says::OutOfTurn if is_judged => {
                let (what, of) = (it.kind.title(), Whose::facts(facts));
                let subject = Subject::of_record(it.record).run(&facts.id);
                let finding = out_of_turn(what, from, it.to, of, subject);
                life.findings.push(finding);
            }
            Says::OutOfTurn if it.to == Accepted && from < Landed => accepted_early = by,
            // Accepted before there was this table, or in an order that is not known.
            Says::OutOfTurn if moves && !matches!(from, Cancelled | Failed) && it.to > from => {
                life.go(it.to, by);
            }
            Says::OutOfTurn => {}
        }
        if landed && life.state() == Finalized {
            life.go(Landed, None);
            if let Some(by) = accepted_early.take() {
                life.go(Accepted, Some(by));
            }
        }
    }
    life
}

/// Returns the life of a run whose record holds by itself; `landed` tells whether its branch has its commit.
pub fn life(facts: &RunFacts, policy: &Policy, reviews: &Reviews, landed: bool) -> Life {
    follow(facts, policy, reviews, begins(facts), landed, None)
}

/// Returns the life of a run for a command: of the records that are here, whoever has accepted them.
pub fn here(facts: &RunFacts, policy: &Policy, landed: bool) -> Life {
    let reviews = reviews(facts, policy, None, &mut Findings::new());
    life(facts, policy, &reviews, landed)
}

/// The state in which a run was when it was recorded.
fn begins(facts: &RunFacts) -> State {
    let decided = facts.gate1.as_ref().and_then(|it| it.valid());
    let run = facts.run.valid().map(Verified::digest);
    let upheld = |it: &Verified<_>| run.is_none_or(|run| !facts.is_withdrawn_for(it.digest(), run));
    match decided.is_some() || facts.task_approvals.iter().any(upheld) {
        true => Approved,
        false => Contracted,
    }
}

/// Returns the life of a run that nobody has recorded, at a time.
pub fn unrecorded(
    facts: &RunFacts,
    task: Option<&Unrecorded>,
    policy: &Policy,
    now: Timestamp,
) -> Life {
    let known = |it: &&Verified<_>| facts.came(it.digest()).how != How::Now;
    // What was accepted was approved then, whatever has become of it since.
    let begin = match facts.cancellations.iter().find(known) {
        Some(_) => Approved,
        None => task.map_or(Contracted, |it| open(it, policy, now)),
    };
    follow(facts, policy, &Reviews::default(), begin, false, None)
}

/// Returns the state of a run to come.
pub fn open(task: &Unrecorded, policy: &Policy, now: Timestamp) -> State {
    let needed = (policy.document().gates.task_approvals as usize).max(1);
    let contract = task.contract.valid();
    let approved = contract.map_or(0, |it| claim::approvers(it, &task.opened, policy, now));
    match approved >= needed {
        true => Approved,
        false => Contracted,
    }
}

/// Judges that a run whose commit comes to its branch is one that may land. What its operator has rejected does
/// not, also if both come together; an acceptance follows the landing that it comes with.
pub fn lands(facts: &RunFacts, policy: &Policy, subject: Subject) -> Option<Finding> {
    let reviews = reviews(facts, policy, None, &mut Findings::new());
    let life = follow(
        facts,
        policy,
        &reviews,
        begins(facts),
        false,
        Some(Accepted),
    );
    may(life.state(), Landed, Whose::facts(facts), subject)
}

/// Judges that a run that was cancelled has not landed.
pub fn stays_cancelled(facts: &RunFacts, life: &Life) -> Option<Finding> {
    over(facts, life).filter(|_| life.state() == Cancelled)
}

/// Returns that a run that has not landed never lands any more, if it is over: cancelled or failed.
pub fn over(facts: &RunFacts, life: &Life) -> Option<Finding> {
    let state = life.state();
    let landing = may(
        state,
        Landed,
        Whose::facts(facts),
        Subject::of_run(&facts.id),
    );
    landing.filter(|_| matches!(state, Cancelled | Failed))
}

/// Returns that a run that nobody has recorded is never recorded any more: its name was cancelled.
pub fn never_recorded(of: Whose<'_>) -> Finding {
    let (what, subject) = (Recorded.said_by(), Subject::of_run(of.run));
    out_of_turn(what, Cancelled, Recorded, of, subject)
}

/// Judges that a run is taken back in its turn; `taken_back` tells whether it was already.
pub fn rolls_back(
    facts: &RunFacts,
    policy: &Policy,
    (landed, taken_back): (bool, bool),
    subject: Subject,
) -> Option<Finding> {
    let outcome = facts.outcome.valid().map(|it| it.predicate().outcome);
    let state = match outcome {
        _ if taken_back => RolledBack,
        Some(Verdict::Rejected) => Rejected,
        Some(Verdict::Accepted) => Accepted,
        None => here(facts, policy, landed).state(),
    };
    may(state, RolledBack, Whose::facts(facts), subject)
}

/// Judges that it may be said of a run in a state that it is in another one now.
pub fn may(from: State, to: State, of: Whose<'_>, subject: Subject) -> Option<Finding> {
    let is_out_of_turn = from.says(to) == Says::OutOfTurn;
    is_out_of_turn.then(|| out_of_turn(to.said_by(), from, to, of, subject))
}

/// The run that is judged, and its task.
#[derive(Clone, Copy)]
pub struct Whose<'a> {
    pub run: &'a RunId,
    pub task: Option<&'a TaskId>,
}

impl<'a> Whose<'a> {
    /// Returns the run with the task that its records name.
    pub fn facts(facts: &'a RunFacts) -> Self {
        let recorded = facts.run.valid().map(|it| &it.predicate().task);
        let cancelled = || facts.cancellations.first().map(|it| &it.predicate().task);
        Self {
            run: &facts.id,
            task: recorded.or_else(cancelled),
        }
    }
}

/// Returns the finding that something is said of a run that may not follow where the run is.
pub(super) fn out_of_turn(
    what: &str,
    from: State,
    to: State,
    of: Whose<'_>,
    subject: Subject,
) -> Finding {
    let words = |states: &mut dyn Iterator<Item = State>| {
        let words: Vec<_> = states.map(State::word).collect();
        words.join(" or ")
    };
    let rule = match from.leads_to(to) {
        true => Rule::RunInTurn,
        false => Rule::RunOver,
    };
    let next = match from.next() {
        [] => "nothing".to_owned(),
        next => words(&mut next.iter().copied()),
    };
    rule.finding(subject)
        .found(format!("{what} of a run in the state {}", from.word()))
        .expected(format!(
            "the state {}; {} leads to {next}",
            words(&mut to.before()),
            from.word()
        ))
        .remedy(helps(from, to, of))
}

/// Returns the command that brings a run to a state.
pub fn how(to: State, of: Whose<'_>) -> String {
    let run = of.run;
    let task = of.task.map_or("TASK".to_owned(), TaskId::to_string);
    match to {
        Contracted => "git awo task import FILE".to_owned(),
        Approved => format!("git awo approve {task}"),
        Recorded => format!("git awo run {task} --run-id {run} -- COMMAND"),
        Cancelled => format!("git awo cancel {run} --reason TEXT"),
        Reviewed | Failed => format!("git awo gate {run}"),
        Audited => format!("git awo approve {run}"),
        Attested => format!("git awo attest {run}"),
        Finalized => format!("git awo finalize {run}"),
        Landed => "git awo push".to_owned(),
        Accepted => format!("git awo outcome {run} accepted --reason TEXT"),
        Rejected => format!("git awo outcome {run} rejected --reason TEXT"),
        RolledBack => format!("git awo rollback {run}"),
    }
}

/// Returns what brings a run on towards a state, or what helps where nothing does.
fn helps(from: State, to: State, of: Whose<'_>) -> String {
    let run_on = || match of.task {
        Some(task) => remedy::run_again(task),
        None => "git awo run TASK -- COMMAND".to_owned(),
    };
    let mut next = from.next().iter();
    let towards = next.find(|it| **it == to || it.leads_to(to));
    match (towards, from) {
        (Some(next), _) => how(*next, of),
        // Its approval is not spent.
        (None, Cancelled) if to == Recorded => match of.task {
            Some(task) => format!("git awo run {task} -- COMMAND"),
            None => run_on(),
        },
        (None, Cancelled | Failed) => run_on(),
        (None, Rejected) if matches!(to, Finalized | Landed) => run_on(),
        // What is past its reviews is for the outcome.
        (None, Reviewed | Audited | Attested | Finalized) => {
            format!("once it has landed: {}", how(Rejected, of))
        }
        (None, Landed) => how(Rejected, of),
        (None, _) => remedy::TASK_OF_ITS_OWN.to_owned(),
    }
}
