//! Decisions on gates, at the door and where they were forced past it.

use super::world::Stage::*;
use super::world::*;
use crate::check::verify::Scope as Verify;
use crate::facts::decisions::line;
use crate::record::envelope::Envelope;
use crate::record::{Choice, EscalationId, Gate, Level, ObjectId, Sha256, Token};
use crate::records::{
    Actor, ActorKind, AutoSignature, AutoSignaturePredicate, CloudEscalation, Context,
    DECISION_SCHEMA, DecisionPredicate, ESCALATION_SCHEMA, EscalationPredicate, GovDecision, Kind,
    LedgerPath, SIGNATURE_SCHEMA, Target,
};
use crate::store::ledger::Refs;

/// vera is a model.
pub const MODEL: Edit = Edit::Policy(|it| {
    *it = it.replacen(
        "version = 1\n",
        "version = 1\nrequires = [\"automation/1\"]\n",
        1,
    );
    *it = it.replace(
        "name = \"vera\"\nroles = [\"reviewer\"]",
        "name = \"vera\"\nroles = [\"model\", \"reviewer\"]\nmodel = \"m:1\"",
    );
});
pub const FULL_HUMAN: Edit = Edit::Policy(|it| level(it, "FULL_HUMAN"));
pub const HYBRID: Edit = Edit::Policy(|it| level(it, "HYBRID"));
pub const AUTONOMOUS: Edit = Edit::Policy(|it| level(it, "AUTONOMOUS"));
pub const LOCKED: Edit = Edit::Policy(|it| level(it, "LOCKED"));

fn level(it: &mut String, word: &str) {
    *it = it.replacen("level = \"HYBRID\"", &format!("level = \"{word}\""), 1);
}

/// The policy adds nothing.
const PLAIN: Edit = Edit::Policy(|_| {});
/// It asks for more wherever it can.
const TIGHTER: Edit = Edit::Policy(|it| {
    let gate =
        |name: &str, cells: &str| format!("[[automation.gate]]\nname = \"{name}\"\n{cells}\n");
    let more = [
        "[automation.escalation]\nallow = true\n".to_owned(),
        gate("CloudEscalation", "AUTONOMOUS = \"never\""),
        gate(
            "SpecApproval",
            "HYBRID = \"human\"\nAUTONOMOUS = { auto = \"0.9\" }",
        ),
        gate(
            "RefinementSign",
            "HYBRID = { auto = \"0.95\" }\nFULL_HUMAN = \"never\"",
        ),
        gate("ScopeChange", "AUTONOMOUS = \"human\"\nHYBRID = \"never\""),
        gate("PolicyViolation", "AUTONOMOUS = \"never\""),
    ];
    it.push_str(&more.concat());
});

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

/// What a decision binds by itself, and what it is named.
fn target(world: &World, gate: Gate) -> (String, Target, Option<ObjectId>) {
    let contract = Target::Record(world.contract.digest());
    let of_task = format!("task/{}", task());
    match gate {
        Gate::SpecApproval => (of_task, contract, Some(world.base)),
        Gate::ScopeChange | Gate::PolicyViolation => (of_task, contract, None),
        Gate::CloudEscalation => {
            let request = Target::Record(request(world).digest());
            ("escalation/esc_1".to_owned(), request, None)
        }
        Gate::SkeletonApproval => {
            let of_run = format!("run/{}", world.run.run);
            (of_run, Target::Object(world.commit), None)
        }
        Gate::RefinementSign => {
            let blob = world.repo.write_blob(b"refined\n").unwrap();
            ("refinement/T-1".to_owned(), Target::Object(blob), None)
        }
    }
}

/// The request of an escalation.
pub fn request(world: &World) -> Envelope {
    let says = EscalationPredicate {
        contract: world.contract.digest(),
        context: Context {
            identity: name("anna"),
            policy: world.policy,
            repository: world.repository,
            role: "operator".to_owned(),
        },
        request: CloudEscalation {
            endpoint: None,
            reason: token("stuck"),
            request_id: "esc_1".parse().unwrap(),
            requested_model_id: token("m:2"),
            schema_version: ESCALATION_SCHEMA.to_owned(),
            wp_id: task(),
        },
        run: None,
    };
    sealed(says, "anna")
}

/// A decision that holds, by a model that is this confident or by a person.
pub fn decision(
    world: &World,
    gate: Gate,
    choice: Choice,
    confidence: Option<&str>,
) -> DecisionPredicate {
    let by_model = confidence.is_some();
    let (who, role) = match gate {
        _ if by_model => ("vera", "model"),
        Gate::SkeletonApproval => ("rita", "reviewer"),
        _ => ("anna", "operator"),
    };
    let (reference, target, base) = target(world, gate);
    DecisionPredicate {
        answers: None,
        base,
        context: Context {
            identity: name(who),
            policy: world.policy,
            repository: world.repository,
            role: role.to_owned(),
        },
        decision: GovDecision {
            actor: Actor {
                kind: if by_model {
                    ActorKind::Model
                } else {
                    ActorKind::Human
                },
                model_id: by_model.then(|| "m:1".to_owned()),
                user_id: (!by_model).then(|| token(who)),
            },
            confidence: confidence.map(|it| it.parse().unwrap()),
            decision: choice,
            decision_id: "dec_1".parse().unwrap(),
            evidence_refs: vec![token(&world.base.to_string())],
            gate_type: token(gate.name()),
            rationale: token("because"),
            schema_version: DECISION_SCHEMA.to_owned(),
            target_ref: token(&reference),
            timestamp: time(NOW),
        },
        expires: time("2026-01-15T00:00:00Z"),
        level: world.history().current().policy.level(),
        note: None,
        run: None,
        supersedes: None,
        target,
        task: None,
        permits: Vec::new(),
        waiver: None,
        protection: None,
    }
}

fn signature(says: &DecisionPredicate, digest: Sha256) -> AutoSignaturePredicate {
    let it = &says.decision;
    AutoSignaturePredicate {
        context: Context {
            identity: name("vera"),
            role: "model".to_owned(),
            ..says.context.clone()
        },
        decision: digest,
        signature: AutoSignature {
            actor: it.actor.clone(),
            auto_signature_id: token("sig_1"),
            created_at: it.timestamp,
            decision_id: it.decision_id.clone(),
            gate_type: it.gate_type.clone(),
            schema_version: SIGNATURE_SCHEMA.to_owned(),
            target_ref: it.target_ref.clone(),
        },
    }
}

/// Returns the files of a decision: with a model's approval its auto-signature.
pub fn files(says: &DecisionPredicate) -> Vec<(LedgerPath, Vec<u8>)> {
    let by = says.context.identity.as_str().to_owned();
    let envelope = sealed(says.clone(), &by);
    let digest = envelope.digest();
    let mut files = listed(says, &envelope);
    let by_model = says.decision.actor.kind == ActorKind::Model;
    if by_model && says.decision.decision == Choice::Approve {
        let signature = sealed(signature(says, digest), "vera");
        files.push((Kind::AutoSignature.of(says.id()), signature.to_bytes()));
    }
    files
}

fn listed(says: &DecisionPredicate, envelope: &Envelope) -> Vec<(LedgerPath, Vec<u8>)> {
    let list = LedgerPath::Decided(says.target_key(), says.id().clone());
    vec![
        (Kind::Decision.of(says.id()), envelope.to_bytes()),
        (list, line(envelope.digest())),
    ]
}

fn with(world: &World, before: &Refs, stage: Stage, files: &[(LedgerPath, Vec<u8>)]) -> Refs {
    let mut shelf = world.shelf(stage);
    for (path, bytes) in files {
        shelf.put(path, bytes.clone());
    }
    world.commit(before, &shelf)
}

/// The request on which one of these files decides, if one does: it came before.
fn requested(world: &World, files: &[(LedgerPath, Vec<u8>)]) -> Vec<(LedgerPath, Vec<u8>)> {
    let request = request(world);
    let target = Target::Record(request.digest()).key(Gate::CloudEscalation);
    let on_it = |(path, _): &(LedgerPath, Vec<u8>)| match path {
        LedgerPath::Decided(key, _) => *key == target,
        _ => false,
    };
    let path = Kind::Escalation.of(EscalationId::new("esc_1").unwrap());
    let there = files.iter().any(on_it);
    there
        .then(|| (path, request.to_bytes()))
        .into_iter()
        .collect()
}

/// What the door finds of these files.
fn at_the_door(world: &World, files: &[(LedgerPath, Vec<u8>)]) -> Vec<String> {
    let asked = requested(world, files);
    let before = with(world, &world.refs(Executed), Executed, &asked);
    let files = [&asked, files].concat();
    codes(&world.judge(&before, &with(world, &before, Executed, &files)))
}

/// What the door finds of these files, and what `verify` finds where they were forced past it.
fn judged(world: &World, files: &[(LedgerPath, Vec<u8>)]) -> [Vec<String>; 2] {
    let door = at_the_door(world, files);
    let mut there = world.logged(Executed);
    let log = crate::store::layout::log();
    let tip = there[&log];
    // A request that is forced too is found by the same rules where the policy allows none.
    let files = [&requested(world, files), files].concat();
    there = with(world, &there, Executed, &files);
    there.insert(log, tip);
    let forced = world.verify(&there, &Verify::All);
    [door, codes(&forced)]
}

/// The table in other words: the least confidence of a model in ten-thousandths; 10,001 where only a person
/// opens the gate, 10,002 where nobody does.
fn least(gate: Gate, level: Level, tighter: bool) -> u16 {
    const PERSON: u16 = 10_001;
    const NOBODY: u16 = 10_002;
    // The plain policy of these tests lets nothing be handed to models elsewhere.
    let kept = gate == Gate::CloudEscalation && !tighter;
    if level == Level::Locked || kept {
        return NOBODY;
    }
    let (human, hybrid, autonomous) = match (gate, tighter) {
        (Gate::SpecApproval, false) => (PERSON, 8_000, 8_000),
        (Gate::SpecApproval, true) => (PERSON, PERSON, 9_000),
        (Gate::RefinementSign, false) => (PERSON, 9_000, 9_000),
        (Gate::RefinementSign, true) => (NOBODY, 9_500, 9_000),
        (Gate::ScopeChange, false) => (PERSON, PERSON, 9_500),
        (Gate::ScopeChange, true) => (PERSON, NOBODY, PERSON),
        (Gate::PolicyViolation | Gate::CloudEscalation, true) => (PERSON, PERSON, NOBODY),
        _ => (PERSON, PERSON, PERSON),
    };
    match level {
        Level::FullHuman => human,
        Level::Hybrid => hybrid,
        _ => autonomous,
    }
}

#[test]
fn every_cell_of_the_gate_table_is_what_the_door_does() {
    let mut cells = 0;
    for (level, edit) in [
        (Level::FullHuman, FULL_HUMAN),
        (Level::Hybrid, HYBRID),
        (Level::Autonomous, AUTONOMOUS),
        (Level::Locked, LOCKED),
    ] {
        let edits = [(false, PLAIN), (true, TIGHTER)];
        let worlds =
            edits.map(|(tighter, more)| (tighter, World::new(&[MODEL, copy(&edit), more])));
        for (tighter, world) in worlds {
            for gate in Gate::ALL {
                let least = least(*gate, level, tighter);
                let confident = [
                    "0.0", "0.7999", "0.8", "0.8001", "0.8999", "0.9", "0.9001", "0.9499", "0.95",
                    "0.9501", "1.0",
                ];
                for confidence in confident.map(Some).into_iter().chain([None]) {
                    let says = decision(&world, *gate, Choice::Approve, confidence);
                    let parts = says.decision.confidence.map(|it| it.ten_thousandths());
                    let opens = parts.map_or(least < 10_002, |parts| parts >= least);
                    let mut expected = Vec::new();
                    let only_persons = matches!(
                        gate,
                        Gate::CloudEscalation | Gate::PolicyViolation | Gate::SkeletonApproval
                    );
                    if parts.is_some() && only_persons {
                        expected.push("GOV-009 gate-forbidden");
                    }
                    if !opens {
                        expected.push(match (level, least) {
                            (Level::Locked, _) => "GOV-007 locked",
                            (_, 10_002) => "GOV-009 gate-forbidden",
                            (_, 10_001) => "GOV-009 human-required",
                            _ => "GOV-009 below-threshold",
                        });
                    }
                    expected.sort_unstable();
                    expected.dedup();
                    let cell = format!("{gate} {level} {confidence:?} tighter: {tighter}");
                    // Where it was forced past the door, by the same rule: each gate at each level once.
                    if matches!(confidence, None | Some("0.8")) {
                        let [door, forced] = judged(&world, &files(&says));
                        assert_eq!(door, expected, "{cell}");
                        assert_eq!(forced, expected, "{cell}, forced");
                    } else {
                        assert_eq!(at_the_door(&world, &files(&says)), expected, "{cell}");
                    }
                    cells += 1;
                }
                // A person or a model may always keep a gate shut.
                for choice in [Choice::Reject, Choice::Defer] {
                    for confidence in [None, Some("0.0")] {
                        let says = decision(&world, *gate, choice, confidence);
                        let door = at_the_door(&world, &files(&says));
                        assert_eq!(door, [""; 0], "{gate} {level} {choice} {confidence:?}");
                        cells += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cells, 4 * 2 * 6 * (12 + 4));
}

fn copy(edit: &Edit) -> Edit {
    match edit {
        Edit::Policy(change) => Edit::Policy(*change),
        _ => panic!("only policies are changed here"),
    }
}

/// One change of a decision that holds, and of its auto-signature.
type Change<'a> = (
    &'a str,
    &'a dyn Fn(&mut DecisionPredicate),
    &'a dyn Fn(&mut AutoSignaturePredicate),
    &'a [&'a str],
);

#[test]
fn a_decision_says_who_decides_on_what_and_binds_exactly_that() {
    let world = World::new(&[MODEL, AUTONOMOUS]);
    let same = |_: &mut DecisionPredicate| {};
    let keep = |_: &mut AutoSignaturePredicate| {};
    let other = world.repo.write_blob(b"other\n").unwrap();
    let nowhere = "b".repeat(40);
    let changes: &[Change<'_>] = &[
        ("it holds", &same, &keep, &[]),
        (
            "another model_id",
            &|it| it.decision.actor.model_id = Some("m:2".to_owned()),
            &keep,
            &["ATT-001 model-identity"],
        ),
        (
            "no confidence",
            &|it| it.decision.confidence = None,
            &keep,
            &["GOV-009 below-threshold", "INT-004 decision-form"],
        ),
        (
            "a gate of another name",
            &|it| it.decision.gate_type = token("specapproval"),
            &keep,
            &["GOV-009 gate-unknown"],
        ),
        (
            "another schema",
            &|it| it.decision.schema_version = "hsk.gov_decision@0.5".to_owned(),
            &keep,
            &["INT-004 decision-form"],
        ),
        (
            "another level",
            &|it| it.level = Level::Hybrid,
            &keep,
            &["ATT-002 binding-mismatch"],
        ),
        (
            "no evidence",
            &|it| it.decision.evidence_refs.clear(),
            &keep,
            &["GOV-009 decision-evidence"],
        ),
        (
            "evidence that is nowhere",
            &|it| it.decision.evidence_refs.push(token(&nowhere)),
            &keep,
            &["GOV-009 decision-evidence"],
        ),
        (
            "another target",
            &|it| it.target = Target::Object(other),
            &keep,
            &["ATT-002 binding-mismatch"],
        ),
        (
            "another contract",
            &|it| it.target = Target::Record(Sha256::of(b"x")),
            &keep,
            &["ATT-002 binding-mismatch"],
        ),
        (
            "a task that is not there",
            &|it| it.decision.target_ref = token("task/OTHER"),
            &keep,
            &["ATT-002 binding-mismatch"],
        ),
        (
            "no base",
            &|it| it.base = None,
            &keep,
            &["ATT-002 binding-mismatch"],
        ),
        (
            "valid for years",
            &|it| it.expires = time("2028-01-01T00:00:00Z"),
            &keep,
            &["GOV-005 approval-lifetime"],
        ),
        (
            "expired",
            &|it| it.expires = time("2026-01-09T00:00:00Z"),
            &keep,
            &["GOV-005 approval-unexpired"],
        ),
        (
            "an answer to nothing, by a model",
            &|it| it.answers = Some("dec_0".parse().unwrap()),
            &keep,
            &["GOV-011 answer-in-turn"],
        ),
        (
            "in the place of nothing",
            &|it| it.supersedes = Some("dec_0".parse().unwrap()),
            &keep,
            &["GOV-011 answer-in-turn"],
        ),
        (
            "an auto-signature of another digest",
            &same,
            &|it| it.decision = Sha256::of(b"x"),
            &["ATT-002 binding-mismatch"],
        ),
        (
            "of another gate",
            &same,
            &|it| it.signature.gate_type = token("ScopeChange"),
            &["ATT-002 binding-mismatch"],
        ),
        (
            "for a gate that only persons open",
            &same,
            &|it| it.signature.gate_type = token("PolicyViolation"),
            &["GOV-009 gate-forbidden"],
        ),
        (
            "of another target",
            &same,
            &|it| it.signature.target_ref = token("task/OTHER"),
            &["ATT-002 binding-mismatch"],
        ),
        (
            "by another model",
            &same,
            &|it| it.signature.actor.model_id = Some("m:2".to_owned()),
            &["ATT-002 binding-mismatch"],
        ),
        (
            "of another schema",
            &same,
            &|it| it.signature.schema_version = "hsk.auto_signature@0.2".to_owned(),
            &["INT-004 decision-form"],
        ),
    ];
    for (what, change, of_signature, expected) in changes {
        let mut says = decision(&world, Gate::SpecApproval, Choice::Approve, Some("0.9"));
        change(&mut says);
        let envelope = sealed(says.clone(), "vera");
        let mut signs = signature(&says, envelope.digest());
        of_signature(&mut signs);
        let mut files = listed(&says, &envelope);
        let path = Kind::AutoSignature.of(says.id());
        files.push((path, sealed(signs, "vera").to_bytes()));
        let [door, forced] = judged(&world, &files);
        let unknown = expected.contains(&"GOV-009 gate-unknown");
        let plain = |mut found: Vec<String>| {
            // One refusal of an auto-signature may stand under both records.
            found.retain(|it| !unknown || it.ends_with("gate-unknown"));
            found
        };
        assert_eq!(plain(door), *expected, "{what}");
        assert_eq!(plain(forced), *expected, "{what}, forced");
    }
}

#[test]
fn a_person_decides_as_a_person_and_a_model_as_none() {
    let world = World::new(&[MODEL]);
    let approve = |confidence| decision(&world, Gate::SpecApproval, Choice::Approve, confidence);
    // vera's key says that it is a person's.
    let mut says = approve(None);
    says.context.identity = name("vera");
    says.context.role = "operator".to_owned();
    let [door, _] = judged(&world, &files(&says));
    assert!(door.iter().any(|it| it == "ATT-001 role-held"), "{door:?}");
    // Whoever has another role decides nothing there: neither for nor against, nor as an answer.
    for (gate, who, role) in [
        (Gate::SpecApproval, "rita", "reviewer"),
        (Gate::PolicyViolation, "rita", "reviewer"),
        (Gate::SkeletonApproval, "anna", "operator"),
    ] {
        for choice in [Choice::Approve, Choice::Reject, Choice::Defer] {
            let mut says = decision(&world, gate, choice, None);
            says.context.identity = name(who);
            says.context.role = role.to_owned();
            says.decision.actor.user_id = Some(token(who));
            for found in judged(&world, &files(&says)) {
                let role = found.iter().any(|it| it == "ATT-001 role-held");
                assert!(role, "{gate} {who} {choice}: {found:?}");
            }
        }
    }
    // anna claims a confidence.
    let mut says = approve(None);
    says.decision.confidence = Some("1.0".parse().unwrap());
    let [door, forced] = judged(&world, &files(&says));
    assert_eq!(door, ["INT-004 decision-form"]);
    assert_eq!(forced, door);
    // A decision that no list of its target has would be found by nobody.
    let says = approve(None);
    let alone: Vec<_> = files(&says).into_iter().take(1).collect();
    assert_eq!(judged(&world, &alone)[0], ["STR-001 record-of-something"]);
    // A model's approval without its signature.
    let says = approve(Some("0.9"));
    let unsigned: Vec<_> = files(&says).into_iter().take(2).collect();
    let [door, forced] = judged(&world, &unsigned);
    assert_eq!(door, ["ATT-002 binding-mismatch"]);
    assert_eq!(forced, door);
}

#[test]
fn one_decision_counts_on_one_target() {
    let world = World::new(&[MODEL]);
    let first = decision(&world, Gate::SpecApproval, Choice::Approve, Some("0.9"));
    let before = world.refs(Executed);
    let before = with(&world, &before, Executed, &files(&first));
    let second = |edit: &dyn Fn(&mut DecisionPredicate), confidence| {
        let mut says = decision(&world, Gate::SpecApproval, Choice::Approve, confidence);
        says.decision.decision_id = "dec_2".parse().unwrap();
        edit(&mut says);
        let mut all = files(&first);
        all.extend(files(&says));
        codes(&world.judge(&before, &with(&world, &before, Executed, &all)))
    };
    let supersedes = |it: &mut DecisionPredicate| it.supersedes = Some("dec_1".parse().unwrap());
    let live = ["REP-003 one-live-decision"];
    assert_eq!(second(&|_| {}, None), live);
    assert_eq!(second(&|_| {}, Some("1.0")), live);
    assert_eq!(second(&supersedes, None), [""; 0]);
    assert_eq!(second(&supersedes, Some("1.0")), [""; 0]);
    let reject = |it: &mut DecisionPredicate| it.decision.decision = Choice::Reject;
    assert_eq!(second(&reject, None), live);
    let defer = |it: &mut DecisionPredicate| it.decision.decision = Choice::Defer;
    assert_eq!(
        second(&defer, None),
        [""; 0],
        "who is asked is in nobody's way"
    );
    // The same id with another content.
    let mut other = first.clone();
    other.decision.rationale = token("other");
    let again = with(&world, &before, Executed, &files(&other));
    let found = codes(&world.judge(&before, &again));
    assert!(
        found.iter().any(|it| it.starts_with("REP-001")),
        "{found:?}"
    );
}

/// Where no log says when, and where two come in one push, their own words say which came first.
#[test]
fn what_took_the_place_of_another_may_come_with_it() {
    let world = World::new(&[MODEL]);
    let first = decision(&world, Gate::SpecApproval, Choice::Approve, Some("0.9"));
    let mut second = decision(&world, Gate::SpecApproval, Choice::Reject, None);
    second.decision.decision_id = "dec_2".parse().unwrap();
    let both = |second: &DecisionPredicate| {
        let mut all = files(&first);
        all.extend(files(second));
        let door = at_the_door(&world, &all);
        let refs = with(&world, &world.refs(Executed), Executed, &all);
        [door, codes(&world.verify(&refs, &Verify::All))]
    };
    // The policy names a server: only the missing log is told of.
    let unlogged = "STR-002 log-present";
    let [door, without] = both(&second);
    assert_eq!(door, ["REP-003 one-live-decision"]);
    assert_eq!(without, ["REP-003 one-live-decision", unlogged]);
    second.supersedes = Some("dec_1".parse().unwrap());
    let [door, without] = both(&second);
    assert_eq!(door, [""; 0]);
    assert_eq!(without, [unlogged]);
    // Without a log nothing is expired on arrival either; with one, it is as if it came now.
    let old = |it: &mut DecisionPredicate| {
        it.decision.timestamp = time("2026-01-01T00:00:00Z");
        it.expires = time("2026-01-08T00:00:00Z");
    };
    let mut says = first.clone();
    old(&mut says);
    let refs = with(&world, &world.refs(Executed), Executed, &files(&says));
    assert_eq!(codes(&world.verify(&refs, &Verify::All)), [unlogged]);
    let [_, forced] = judged(&world, &files(&says));
    assert_eq!(forced, ["GOV-005 approval-unexpired"]);
}

/// One push brings a decision in the place of one that is there, and another in the place of that.
#[test]
fn decisions_that_take_each_others_place_may_come_together() {
    let world = World::new(&[MODEL]);
    let decide = |id: &str, supersedes: Option<&str>| {
        let mut says = decision(&world, Gate::SpecApproval, Choice::Approve, None);
        says.decision.decision_id = id.parse().unwrap();
        says.supersedes = supersedes.map(|it| it.parse().unwrap());
        files(&says)
    };
    let log = crate::store::layout::log();
    let before = world.logged(Executed);
    let files = decide("dec_1", None);
    let mut there = with(&world, &before, Executed, &files);
    there.insert(log.clone(), before[&log]);
    world.receive(&before, &mut there, |_| {});
    let pushed = |more: &[Vec<(LedgerPath, Vec<u8>)>]| {
        let mut all = files.clone();
        all.extend(more.concat());
        let mut after = with(&world, &there, Executed, &all);
        let door = codes(&world.judge(&there, &after));
        after.insert(log.clone(), there[&log]);
        world.receive(&there, &mut after, |it| {
            it.says.time = time("2026-01-10T00:00:01Z")
        });
        [door, codes(&world.verify(&after, &Verify::All))]
    };
    let chain = [
        decide("dec_2", Some("dec_1")),
        decide("dec_3", Some("dec_2")),
    ];
    assert_eq!(pushed(&chain), [[""; 0]; 2]);
    // The last one alone leaves the first in its place.
    let gap = [decide("dec_2", None), decide("dec_3", Some("dec_2"))];
    for found in pushed(&gap) {
        assert_eq!(found, ["REP-003 one-live-decision"]);
    }
}
