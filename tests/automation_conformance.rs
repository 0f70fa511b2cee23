//! The conformance tests of the original system, under its names. `docs/automation.md` lists them, and where
//! git-awo is stricter on purpose.

use std::collections::BTreeMap;
use std::path::Path;

use git_awo::record::{Choice, DecisionId, RefName, RunId};
use git_awo::records::{Kind, RunPredicate};
use serde_json::Value;

use crate::automation::LEDGER;
use crate::automation_runs::{RECORDS, run, undecided_at};
use crate::hostile::catalogue::exists;
use crate::world::{RUN, TASK, World};

/// What a model's approval of the gate of `automation_runs` says.
const CONFIDENT: &str = "--confidence 0.9 --evidence BASE";

impl World {
    /// Returns the events that a fresh clone exports, by decision: who acts, and what happens.
    fn exported(&self) -> BTreeMap<String, Vec<(String, String)>> {
        self.fresh_clone();
        self.ok("vera", "vera", &["git", "awo", "verify"]);
        let events = self.ok("vera", "vera", &["git", "awo", "events", "export"]);
        self.write("events.jsonl", &events);
        let check = ["git", "awo", "events", "check", "../events.jsonl"];
        self.ok("vera", "vera", &check);
        let mut by_decision = BTreeMap::<_, Vec<_>>::new();
        for line in events.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let decision = text(&event["payload"]["decision_id"]);
            let what = (text(&event["actor"]), text(&event["fr_event_id"]));
            by_decision.entry(decision).or_default().push(what);
        }
        by_decision
    }
}

/// The events of one decision, as `exported` returns them.
fn sequence(events: &[(&str, u8)]) -> Vec<(String, String)> {
    let event = |(who, number): &(&str, u8)| {
        let id = format!("FR-EVT-GOV-00{number}");
        ((*who).to_owned(), id)
    };
    events.iter().map(event).collect()
}

#[test]
fn the_page_names_tests_that_exist() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/automation.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("\n## Conformance\n").unwrap();
    let (table, _) = rest.split_once("\n## ").unwrap();
    let tests: Vec<_> = table.split('`').filter(|it| it.contains("::")).collect();
    assert!(tests.len() == 8, "{tests:?}");
    for test in tests {
        assert!(exists(test), "no test {test}");
    }
}

/// Under AUTONOMOUS no person is needed at the gates that the table leaves to models. The original needs one at
/// CloudEscalation only; here SkeletonApproval and PolicyViolation need one as well.
#[test]
fn t_gov_001_under_autonomous_a_model_opens_gates_without_a_person() {
    let world = World::executed();
    world.levels(2, "AUTONOMOUS", "");
    for who in ["otto", "rita", "olga"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = |gate: &str, more: &str| format!("{gate} approve --rationale x{more}");
    for (gate, more) in [
        (
            format!("SpecApproval task/{TASK}"),
            format!(" --base {base} --confidence 0.8"),
        ),
        (
            format!("RefinementSign refinement/{TASK}"),
            format!(" --file {base}:README.md --confidence 0.9"),
        ),
        (
            format!("ScopeChange task/{TASK}"),
            " --confidence 0.95".to_owned(),
        ),
    ] {
        world.approves("otto", &ask(&gate, &format!("{more} --evidence {base}")));
        world.push_accepted("otto", &[LEDGER]);
    }
    // Ours is stricter: the surest model opens neither of these two, and only asks.
    for (gate, person) in [
        (format!("SkeletonApproval run/{RUN}"), "rita"),
        (format!("PolicyViolation task/{TASK}"), "olga"),
    ] {
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
        let model = world.copied();
        let more = format!(" --confidence 1.0 --evidence {base}");
        let (code, value, text) = model.decides("otto", &ask(&gate, &more));
        assert_eq!((code, &value["choice"]), (1, &"defer".into()), "{text}");
        assert!(text.contains("human-required"), "{text}");
        let id = DecisionId::new(value["decision"].as_str().unwrap()).unwrap();
        model.copied().push_accepted("otto", &[LEDGER]);
        model.retells_decision("otto", &id, |_, says| {
            says.decision.decision = Choice::Approve;
        });
        model.is_found_of("otto", &[LEDGER], "GOV-009", "human-required");
        // A person opens it.
        world.approves(person, &ask(&gate, ""));
        world.ok(person, person, &["git", "awo", "push"]);
    }
    let events = world.exported();
    let by_models = sequence(&[("agent", 1), ("agent", 3)]);
    let by_persons = sequence(&[("human", 1)]);
    let count = |wanted| events.values().filter(|it| **it == wanted).count();
    assert_eq!((count(by_models), count(by_persons)), (3, 2), "{events:?}");
}

/// Every automatic approval leaves a decision and an auto-signature: what a model executes without them does
/// not land.
#[test]
fn t_gov_002_an_automatic_approval_leaves_a_decision_on_record() {
    let world = undecided_at("AUTONOMOUS", "");
    let id = world.opens("otto", CONFIDENT);
    world.ok("otto", "otto", &run("run_d"));
    let path = |kind: Kind| kind.of(&id).to_path().to_string();
    // The run without its decision, and with the decision but without the auto-signature.
    for (missing, code, rule) in [
        (
            [path(Kind::Decision), path(Kind::AutoSignature)].as_slice(),
            "GOV-005",
            "task-approved",
        ),
        (&[path(Kind::AutoSignature)], "ATT-002", "binding-mismatch"),
    ] {
        let world = world.copied();
        let gone: Vec<_> = missing.iter().map(|it| (it.as_str(), None)).collect();
        world.forge("otto", &RefName::new(LEDGER).unwrap(), &gone);
        world.is_found(code, rule);
    }
    // The run that names no decision, although one is there.
    let silent = world.copied();
    silent.retells("run_d", |it| {
        it.approvals.clear();
        it.gate1 = None;
    });
    silent.is_found("GOV-005", "task-approved");
    // With both it lands, and every clone tells of both and of the use.
    world.push_accepted("otto", RECORDS);
    let says: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new("run_d").unwrap()));
    assert_eq!(says.gate1.map(|it| it.decision_id), Some(id.clone()));
    let events = world.exported();
    let all = sequence(&[("agent", 1), ("agent", 3), ("system", 2)]);
    assert_eq!(events, BTreeMap::from([(id.to_string(), all)]));
}

/// Below the threshold a person is asked, by name, and nothing opens meanwhile.
#[test]
fn t_gov_004_a_model_that_is_not_sure_enough_asks_a_person() {
    let world = undecided_at("AUTONOMOUS", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = format!(
        "SpecApproval task/T-2 approve --rationale x --evidence {base} --base {base} --confidence"
    );
    let (code, value, text) = world.decides("otto", &format!("{ask} 0.7999"));
    assert_eq!((code, &value["choice"]), (1, &"defer".into()), "{text}");
    for says in ["GOV-009", "below-threshold", "ask olga"] {
        assert!(text.contains(says), "{says}: {text}");
    }
    let id = DecisionId::new(value["decision"].as_str().unwrap()).unwrap();
    world.is_not_executed("GOV-005", "task-approved");
    // Who claims the approval all the same is refused, by the door and by every clone.
    let forged = world.copied();
    forged.retells_decision("otto", &id, |_, says| {
        says.decision.decision = Choice::Approve;
    });
    forged.is_found_of("otto", &[LEDGER], "GOV-009", "below-threshold");
    // What is deferred lands, and tells that a person is asked.
    let deferred = world.copied();
    deferred.push_accepted("otto", &[LEDGER]);
    let asked = sequence(&[("agent", 1), ("system", 4)]);
    let events = deferred.exported();
    assert_eq!(events, BTreeMap::from([(id.to_string(), asked)]));
    // At the threshold nobody is asked.
    world.approves("otto", &format!("{ask} 0.8"));
    world.push_accepted("otto", &[LEDGER]);
    world.ok("otto", "otto", &run("run_d"));
    world.push_accepted("otto", RECORDS);
}

/// What a person decides counts against every model, also under AUTONOMOUS, and is on record.
#[test]
fn t_gov_005_a_persons_override_is_on_record_under_autonomous() {
    let world = undecided_at("AUTONOMOUS", "");
    let approved = world.opens("otto", CONFIDENT);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // Until somebody objects, the decision is used, and that lands.
    let used = world.copied();
    used.ok("otto", "otto", &run("run_d"));
    used.copied().push_accepted("otto", RECORDS);
    let rejects = |world: &World| {
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
        let base = world.rev("olga", "refs/remotes/origin/main");
        let ask = format!(
            "SpecApproval task/T-2 reject --rationale no --supersedes {approved} --base {base}"
        );
        let (code, value, text) = world.decides("olga", &ask);
        assert_eq!((code, &value["choice"]), (0, &"reject".into()), "{text}");
        world.ok("olga", "olga", &["git", "awo", "push"]);
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
        value["decision"].as_str().unwrap().to_owned()
    };
    rejects(&used);
    used.is_found("REP-003", "one-live-decision");
    let rejected = rejects(&world);
    world.is_not_executed("REP-003", "one-live-decision");
    let base = world.rev("otto", "refs/remotes/origin/main");
    // A model does not take a person's place.
    let again = format!(
        "SpecApproval task/T-2 approve --rationale x --confidence 1.0 --evidence {base} \
         --supersedes {rejected} --base {base}"
    );
    let (code, _, text) = world.decides("otto", &again);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("answer-in-turn"), "{text}");
    // A model asks about another contract, and a person answers.
    let defer = "SpecApproval task/T-1 defer --confidence 0.95 --rationale unsure";
    let (code, value, text) = world.decides("otto", &format!("{defer} --base {base}"));
    assert_eq!(code, 0, "{text}");
    let asked = value["decision"].as_str().unwrap().to_owned();
    world.push_accepted("otto", &[LEDGER]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let answer =
        format!("SpecApproval task/T-1 approve --rationale y --answers {asked} --base {base}");
    let answered = world.approves("olga", &answer);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let events = world.exported();
    let wanted = BTreeMap::from([
        (
            approved.to_string(),
            sequence(&[("agent", 1), ("agent", 3)]),
        ),
        (rejected, sequence(&[("human", 1), ("human", 2)])),
        (
            asked,
            sequence(&[("agent", 1), ("system", 4), ("human", 5)]),
        ),
        (answered.to_string(), sequence(&[("human", 1)])),
    ]);
    assert_eq!(events, wanted);
}
