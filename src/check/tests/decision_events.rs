//! The events of every combination of records that the door lets in: legal, and what the records say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::decisions::{AUTONOMOUS, FULL_HUMAN, HYBRID, LOCKED, MODEL, decision, files, request};
use super::world::Stage::*;
use super::world::*;
use crate::check::PolicyHistory;
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::record::contract::Gate1;
use crate::record::envelope::Envelope;
use crate::record::{Choice, DecisionId, EscalationId, Gate, Level, ObjectId, Sha256};
use crate::records::{
    ActorKind, Context, DecisionPredicate, Kind, LedgerPath, OpenedBy, RevocationPredicate, Scope,
};
use crate::rules::events::judge;
use crate::store::layout;
use crate::store::ledger::{Records, Refs, spent};

/// The contract leaves gate 1 to a decision.
const DECIDES: Edit = Edit::Contract(|it| it.gate1 = Gate1::Decision);

/// The policy lets content go to models elsewhere.
const ESCALATES: Edit = Edit::Policy(|it| it.push_str("[automation.escalation]\nallow = true\n"));

/// What somebody may do next. Decisions are named by what they are there for: `dec_1` is the first one,
/// `dec_2` and `dec_3` answer, `dec_4` takes the place of another.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// The first decision, of a model or a person.
    Decide(ActorKind, Choice),
    /// The decision of this number answers the one of that.
    Answer(u8, u8, ActorKind, Choice),
    /// `dec_4` takes the place of the decision of this number.
    Supersede(u8, ActorKind, Choice),
    /// Whoever made the decision of this number withdraws it.
    Withdraw(u8),
    /// A run spends it.
    Use(u8),
    /// The policy gets another level.
    Relevel(&'static str),
}

/// What has happened.
#[derive(Clone)]
struct Story {
    acts: Vec<Act>,
    refs: Refs,
    shelf: Shelf,
    decisions: BTreeMap<u8, (DecisionPredicate, Sha256)>,
    withdrawn: BTreeSet<u8>,
    used: Option<u8>,
    policy: ObjectId,
    level: Level,
}

impl Story {
    fn begin(world: &World, gate: Gate, stage: Stage) -> Self {
        let (mut shelf, mut refs) = (world.shelf(stage), world.refs(stage));
        if gate == Gate::CloudEscalation {
            let path = Kind::Escalation.of("esc_1".parse::<EscalationId>().unwrap());
            shelf.put(&path, request(world).to_bytes());
            refs = world.commit(&refs, &shelf);
        }
        Self {
            acts: Vec::new(),
            refs,
            shelf,
            decisions: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            used: None,
            policy: world.policy,
            level: world.history().current().policy.level(),
        }
    }

    /// Returns what may be tried next; what of it may be done says the door.
    fn next(&self, gate: Gate) -> Vec<Act> {
        use ActorKind::{Human, Model};
        use Choice::{Approve, Defer, Reject};
        let choices = [Approve, Reject, Defer];
        if self.decisions.is_empty() {
            let by = |kind| choices.map(|choice| Act::Decide(kind, choice));
            return [by(Model), by(Human)].concat();
        }
        let mut acts = Vec::new();
        let has = |number| self.decisions.contains_key(&number);
        if !has(2) {
            acts.extend(choices.map(|choice| Act::Answer(2, 1, Human, choice)));
            acts.push(Act::Answer(2, 1, Model, Reject));
        } else if !has(3) {
            // Both the first one and a person's own deferral may be answered, also once more.
            for of in [1, 2] {
                acts.extend([Approve, Defer].map(|choice| Act::Answer(3, of, Human, choice)));
            }
        }
        for number in self.decisions.keys().copied() {
            if !has(4) {
                acts.push(Act::Supersede(number, Human, Reject));
                acts.push(Act::Supersede(number, Model, Approve));
            }
            if self.withdrawn.is_empty() {
                acts.push(Act::Withdraw(number));
            }
            if self.used.is_none() && gate == Gate::SpecApproval {
                acts.push(Act::Use(number));
            }
        }
        let changed = self.acts.iter().any(|it| matches!(it, Act::Relevel(_)));
        if gate == Gate::SpecApproval && !changed {
            acts.extend(["FULL_HUMAN", "HYBRID", "LOCKED"].map(Act::Relevel));
        }
        acts
    }

    /// Returns what comes of it, if the door lets it in.
    fn then(&self, world: &World, gate: Gate, act: Act) -> Option<Self> {
        let mut story = self.clone();
        story.acts.push(act);
        match act {
            Act::Decide(by, choice) => story.decides(world, (gate, by, choice), 1, |_| {}),
            Act::Answer(number, of, by, choice) => {
                story.decides(world, (gate, by, choice), number, |it| {
                    it.answers = Some(named(of));
                });
            }
            Act::Supersede(of, by, choice) => {
                story.decides(world, (gate, by, choice), 4, |it| {
                    it.supersedes = Some(named(of));
                });
            }
            Act::Withdraw(number) => story.withdraws(number),
            Act::Use(number) => story.uses(world, number),
            Act::Relevel(word) => story.relevels(world, word)?,
        }
        story.refs = world.commit(&self.refs, &story.shelf);
        let found = codes(&world.judge(&self.refs, &story.refs));
        found.is_empty().then_some(story)
    }

    fn decides(
        &mut self,
        world: &World,
        (gate, by, choice): (Gate, ActorKind, Choice),
        number: u8,
        change: impl FnOnce(&mut DecisionPredicate),
    ) {
        let confident = (by == ActorKind::Model).then_some("1.0");
        let mut says = decision(world, gate, choice, confident);
        says.decision.decision_id = named(number);
        (says.context.policy, says.level) = (self.policy, self.level);
        change(&mut says);
        let files = files(&says);
        let record = Envelope::parse(&files[0].1).unwrap().digest();
        for (path, bytes) in files {
            self.shelf.put(&path, bytes);
        }
        self.decisions.insert(number, (says, record));
    }

    fn withdraws(&mut self, number: u8) {
        let (says, record) = &self.decisions[&number];
        let revocation = RevocationPredicate {
            decision: Some(says.id().clone()),
            ..RevocationPredicate::of(
                Context {
                    policy: self.policy,
                    ..says.context.clone()
                },
                *record,
                "a mistake".to_owned(),
            )
        };
        let envelope = sealed(revocation, says.context.identity.as_str());
        let path = Kind::Revocation.of(Scope::Record(*record));
        self.shelf.put(&path, envelope.to_bytes());
        self.withdrawn.insert(number);
    }

    /// The run of the world spends a decision instead of an approval.
    fn uses(&mut self, world: &World, number: u8) {
        let (says, record) = &self.decisions[&number];
        let mut run = world.run.clone();
        run.approvals = vec![*record];
        run.gate1 = Some(OpenedBy::of(says));
        run.context.policy = self.policy;
        let executed = world.shelf(Executed);
        for (reference, files) in executed.governance {
            let files = files
                .into_iter()
                .filter(|(path, _)| !path.ends_with("@spent"));
            self.shelf.of(reference).extend(files.collect::<Files>());
        }
        let path = Kind::Run.of(&run.run);
        let mark = spent(&run.run);
        self.shelf.put(&path, sealed(run, "otto").to_bytes());
        self.shelf.put(&LedgerPath::Spent(*record), mark);
        self.used = Some(number);
    }

    fn relevels(&mut self, world: &World, word: &str) -> Option<()> {
        if word == self.level.word() {
            return None;
        }
        let level = format!("level = {:?}", self.level.word());
        let text = world.policy_text();
        let text = text.replacen(&level, &format!("level = {word:?}"), 1);
        self.policy = policy_commit(&world.repo, &[world.policy], &text, &signers());
        self.shelf.branches.insert(layout::policy(), self.policy);
        self.level = self.history(world).current().policy.level();
        Some(())
    }

    fn history(&self, world: &World) -> PolicyHistory {
        PolicyHistory::load(&world.repo, self.policy).unwrap()
    }

    /// What was recorded, in whichever order.
    fn key(&self) -> String {
        let mut names: Vec<_> = self.acts.iter().map(|it| format!("{it:?}")).collect();
        names.sort();
        // Under which level each was recorded is a part of it.
        let levels = self.decisions.values().map(|it| it.0.level.word());
        names.extend(levels.map(str::to_owned));
        names.join(" ")
    }

    /// The events as the rule of `events check` reads them, and then as the records tell them.
    fn is_told(&self, world: &World) {
        let history = self.history(world);
        let records = Records::open(&world.repo, &self.refs).unwrap();
        let collector = Collector {
            records: &records,
            history: &history,
            positions: Positions::Named,
            time: time(NOW),
            arriving_policies: None,
            measures: Default::default(),
        };
        let lines: Vec<_> = collector.events().unwrap();
        let lines: Vec<_> = lines.iter().map(|it| it.to_line()).collect();
        let judged = judge("events", lines.concat().as_bytes());
        let wrong: Vec<_> = judged.findings.iter().collect();
        assert!(wrong.is_empty(), "{:?}: {wrong:?}", self.acts);

        let events: Vec<Value> = lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut at = events.iter().peekable();
        for (number, (says, _)) in &self.decisions {
            let name = named(*number).to_string();
            let mut own = Vec::new();
            while let Some(event) = at.next_if(|it| it["payload"]["decision_id"] == *name) {
                own.push(event);
            }
            let ids: Vec<_> = own
                .iter()
                .map(|it| it["fr_event_id"].as_str().unwrap())
                .map(|id| id.strip_prefix("FR-EVT-GOV-00").unwrap())
                .collect();
            assert_eq!(
                ids.concat(),
                self.expected(*number),
                "{name} of {:?}",
                self.acts
            );
            for event in &own {
                let payload = &event["payload"];
                assert_eq!(payload["automation_level"], says.level.word());
                assert_eq!(payload["gate_type"], says.decision.gate_type.as_str());
                assert_eq!(payload["target_ref"], says.decision.target_ref.as_str());
                if event["fr_event_id"] == "FR-EVT-GOV-005" {
                    let (answer, _) = &self.decisions[&self.answer_to(*number).unwrap()];
                    let named = format!("decision/{}", answer.id());
                    assert_eq!(payload["evidence_refs"][0], *named);
                    assert_eq!(payload["decision"], answer.decision.decision.word());
                    let person = answer.decision.actor.user_id.as_ref().unwrap();
                    assert_eq!(payload["user_id"], person.as_str());
                }
            }
        }
        assert_eq!(at.next(), None, "there are no others");
    }

    /// The first decision that answers this one.
    fn answer_to(&self, number: u8) -> Option<u8> {
        let id = Some(named(number));
        let mut all = self.decisions.iter();
        all.find(|(_, (it, _))| it.answers == id).map(|it| *it.0)
    }

    /// The numbers of a decision's events: 1, then 4 and 5, then 3, then 2.
    fn expected(&self, number: u8) -> String {
        let (says, _) = &self.decisions[&number];
        let asked = says.decision.decision == Choice::Defer && says.level != Level::Locked;
        let approves = says.decision.decision == Choice::Approve;
        let by_model = says.decision.actor.kind == ActorKind::Model;
        let rejects = says.decision.decision == Choice::Reject;
        let parts = [
            ("1", true),
            ("4", asked),
            ("5", asked && self.answer_to(number).is_some()),
            ("3", approves && by_model),
            ("2", rejects || self.used == Some(number)),
        ];
        let parts = parts.into_iter().filter(|(_, happened)| *happened);
        parts.map(|(digit, _)| digit).collect()
    }
}

fn named(number: u8) -> DecisionId {
    DecisionId::new(format!("dec_{number}")).unwrap()
}

/// Tells every story of up to so many acts about a gate at a level, and returns how many there are, and
/// what happened in them.
fn stories(level: Edit, gate: Gate, most: usize) -> (usize, BTreeSet<&'static str>) {
    let (world, stage) = match gate {
        // Its target is the contract of a run that is to come.
        Gate::SpecApproval => (World::new(&[MODEL, DECIDES, level]), Approved),
        Gate::CloudEscalation => (World::new(&[MODEL, ESCALATES, level]), Executed),
        _ => (World::new(&[MODEL, level]), Executed),
    };
    let (mut told, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![Story::begin(&world, gate, stage)];
    for _ in 0..most {
        let mut next = Vec::new();
        for story in &open {
            for act in story.next(gate) {
                let Some(longer) = story.then(&world, gate, act) else {
                    continue;
                };
                if !told.insert(longer.key()) {
                    continue;
                }
                longer.is_told(&world);
                seen.insert(match act {
                    Act::Decide(..) => "decided",
                    Act::Answer(..) => "answered",
                    Act::Supersede(..) => "superseded",
                    Act::Withdraw(_) => "withdrawn",
                    Act::Use(_) => "used",
                    Act::Relevel(_) => "releveled",
                });
                next.push(longer);
            }
        }
        open = next;
    }
    (told.len(), seen)
}

/// Tells the stories of every gate at a level: of up to so many acts where a run can use a decision, and of
/// up to so many elsewhere.
fn of_every_gate(level: fn() -> Edit, (most, elsewhere): (usize, usize), least: usize) {
    let locked = matches!(
        World::new(&[level()]).history().current().policy.level(),
        Level::Locked
    );
    for gate in Gate::ALL {
        let of_run = *gate == Gate::SpecApproval;
        let most = if of_run { most } else { elsewhere };
        let (count, mut seen) = stories(level(), *gate, most);
        let mut happens = vec!["decided", "answered", "superseded", "withdrawn"];
        if of_run {
            happens.push("releveled");
        }
        if locked {
            // What was approved after another level came.
            seen.remove("used");
        } else if of_run {
            happens.push("used");
        }
        assert_eq!(seen, happens.into_iter().collect(), "{gate}");
        assert!(count >= least, "{gate}: {count} stories");
    }
}

#[test]
fn what_the_door_lets_in_at_full_human_is_told_by_legal_events() {
    of_every_gate(|| FULL_HUMAN, (3, 2), 20);
}

#[test]
fn what_the_door_lets_in_at_hybrid_is_told_by_legal_events() {
    of_every_gate(|| HYBRID, (3, 2), 20);
}

#[test]
fn what_the_door_lets_in_at_autonomous_is_told_by_legal_events() {
    of_every_gate(|| AUTONOMOUS, (3, 2), 20);
}

#[test]
fn what_the_door_lets_in_under_locked_is_told_by_legal_events() {
    of_every_gate(|| LOCKED, (3, 2), 10);
}

#[test]
#[ignore = "takes minutes; .ci/run runs it"]
fn whatever_the_door_lets_in_is_told_by_legal_events() {
    std::thread::scope(|scope| {
        for level in [|| FULL_HUMAN, || HYBRID, || AUTONOMOUS, || LOCKED] {
            scope.spawn(move || of_every_gate(level, (5, 4), 50));
        }
    });
}
