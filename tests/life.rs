//! The life of a run: what its state permits at commands and at the door, and how a run is cancelled.

mod commands;
mod pushes;
mod races;
mod skeletons;

use git_awo::actor::Actor;
use git_awo::record::{IdentityName, RunId};
use git_awo::records::{
    CancellationPredicate, Context, GateStatus, IndependencePredicate, Kind, OutcomePredicate,
    Predicate, RunPredicate, Verdict,
};
use git_awo::store::layout;

use crate::hostile::Case;
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "C-03",
        attack: "a record of a run out of its turn: a review before the run, an attestation before gate 3, an outcome before the landing",
        answer: "GOV-011",
        tests: &[
            "life::commands::every_command_in_every_state_is_refused_as_the_table_says",
            "life::pushes::what_is_pushed_before_its_turn_is_refused_and_taken_in_its_turn",
        ],
    },
    Case {
        id: "C-04",
        attack: "a failure or a cancellation of a run that is past it; a landing of one that was rejected before",
        answer: "GOV-011",
        tests: &["life::pushes::what_is_pushed_after_its_turn_is_refused"],
    },
    Case {
        id: "C-05",
        attack: "anything of a run that was cancelled: its record, a review, its landing, a second cancellation",
        answer: "GOV-011",
        tests: &[
            "life::pushes::nothing_follows_a_cancellation",
            "life::pushes::an_id_that_was_cancelled_is_no_runs",
            "life::skeletons::nobody_decides_on_the_skeleton_of_a_cancelled_run",
            "life::skeletons::nothing_follows_the_skeleton_of_a_cancelled_run",
        ],
    },
    Case {
        id: "C-06",
        attack: "a cancellation by a stranger to the run, of another contract or run record",
        answer: "ATT-001, ATT-002",
        tests: &["life::pushes::a_cancellation_binds_its_run_and_is_made_by_who_may"],
    },
    Case {
        id: "C-07",
        attack: "a run is cancelled and reviewed, or cancelled and recorded, by two clones at once",
        answer: "GOV-011",
        tests: &[
            "life::races::of_a_cancellation_and_a_review_one_wins",
            "life::races::of_a_cancellation_and_a_run_one_wins",
        ],
    },
    Case {
        id: "C-08",
        attack: "what was recorded of a cancelled run past the hooks, found by everybody who verifies",
        answer: "GOV-011",
        tests: &["life::pushes::verify_finds_what_follows_a_cancellation"],
    },
];

pub const LEDGER: &[&str] = &["refs/awo/ledger"];
pub const RECORDS: &[&str] = &["refs/awo/*:refs/awo/*", "refs/notes/awo/*:refs/notes/awo/*"];

fn run() -> RunId {
    RunId::new(RUN).unwrap()
}

fn said(actor: &Actor, who: &str, role: &str) -> Context {
    let history = actor.history().unwrap();
    actor.context_as(&history, IdentityName::new(who).unwrap(), role)
}

impl World {
    fn recorded(&self, who: &str) -> RunPredicate {
        self.predicate(who, &Kind::Run.of(run()))
    }

    /// Somebody's clone has a record that no command would make.
    fn slips_in<P: Predicate>(&self, who: &str, says: P) {
        let run = says.run().unwrap();
        let envelope = self.actor(who).sign(says).unwrap();
        let path = match P::KIND {
            Kind::Outcome => Kind::Outcome.of(run),
            kind => kind.one_of(run, envelope.digest()),
        };
        let path = path.to_path().to_string();
        let edit = [(path.as_str(), Some(&*envelope.to_bytes()))];
        self.forge(who, &layout::ledger(), &edit);
    }

    /// rita finds an invariant broken.
    fn fails(&self) {
        self.fails_of(&run());
    }

    /// rita finds an invariant of a run broken.
    pub fn fails_of(&self, run: &RunId) {
        let says: RunPredicate = self.predicate("rita", &Kind::Run.of(run));
        let actor = self.actor("rita");
        let log = IndependencePredicate {
            allow_self_approval: "0".to_owned(),
            commit: says.commit,
            context: said(&actor, "rita", "reviewer"),
            invariants_ok: false,
            invariants_reasons: vec!["GOV-002:invariants:x".to_owned()],
            message: "an invariant, a hash or a binding does not hold".to_owned(),
            orchestrator: says.context.identity,
            reviewer: IdentityName::new("rita").unwrap(),
            root: says.root,
            run_id: run.clone(),
            status: GateStatus::FailedInvariants,
        };
        self.slips_in("rita", log);
    }

    /// Somebody cancels the run past every check, in a role, with a change.
    fn cancels(&self, who: &str, role: &str, change: impl FnOnce(&mut CancellationPredicate)) {
        let (actor, record) = (self.actor(who), self.envelope(who, &Kind::Run.of(run())));
        let run_record = self.recorded(who);
        let mut says = CancellationPredicate {
            context: said(&actor, who, role),
            contract: run_record.contract,
            reason: "so".to_owned(),
            run: run(),
            run_record: Some(record.digest()),
            task: run_record.task,
        };
        change(&mut says);
        self.slips_in(who, says);
    }

    /// olga says how the run ended, past every check.
    fn ends(&self, outcome: Verdict) {
        let (actor, says) = (self.actor("olga"), self.recorded("olga"));
        let record = OutcomePredicate {
            commit: says.commit,
            context: said(&actor, "olga", "operator"),
            outcome,
            reason: "so".to_owned(),
            root: says.root,
            run: run(),
        };
        self.slips_in("olga", record);
    }

    /// Everybody has what the server has.
    fn fetched(&self) {
        for who in ["olga", "otto", "rita"] {
            self.ok(who, who, &["git", "awo", "fetch"]);
        }
    }

    /// Pushes twice, past the client's hooks; each time the server must say this rule in the same bytes,
    /// and must not move.
    #[track_caller]
    fn refuses(&self, who: &str, refspecs: &[&str], rule: &str) -> String {
        let told = |text: &str| {
            let lines = text.lines().filter(|it| it.starts_with("remote:"));
            lines.collect::<Vec<_>>().join("\n")
        };
        let once = told(&self.push_refused(who, refspecs, rule));
        let again = told(&self.push_refused(who, refspecs, rule));
        assert_eq!(once, again, "the same bytes each time");
        assert!(
            once.contains("GOV-011") || !rule.starts_with("run-"),
            "{once}"
        );
        once
    }
}
