//! Models and persons decide on gates: the command, the door and `verify` by one table.

use std::collections::BTreeMap;

use git_awo::actor::Actor;
use git_awo::record::{Choice, DecisionId, RefName, Sha256, Token};
use git_awo::records::{
    ActorKind, AutoSignature, AutoSignaturePredicate, DecisionPredicate, Kind, LedgerPath,
    SIGNATURE_SCHEMA,
};
use serde_json::Value;

use crate::world::World;

/// The ref of all decisions.
pub const LEDGER: &str = "refs/awo/ledger";

/// What otto's model calls itself.
const MODEL: &str = "codex-cli:gpt-5.2";

/// A world whose policy knows otto as a model, with this level and these entries.
pub fn world(level: &str, more: &str) -> World {
    let world = World::founded();
    world.levels(2, level, more);
    world.writes_a_contract("olga", "T-1");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

/// A world in which otto's model has decided and not pushed.
pub fn decided() -> World {
    let world = world("HYBRID", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = format!(
        "SpecApproval task/T-1 approve --confidence 0.9 --rationale x --evidence {base} --base {base}"
    );
    let (code, _, text) = world.decides("otto", &ask);
    assert_eq!(code, 0, "{text}");
    world
}

impl World {
    pub fn levels(&self, version: u32, level: &str, more: &str) {
        self.next_policy(version, None, |text| automated(&text, level, more));
    }

    pub fn decides(&self, who: &str, words: &str) -> (i32, Value, String) {
        let words: Vec<&str> = words.split(' ').collect();
        let words = [&["git", "awo", "--json", "decide"][..], &words].concat();
        let done = self.run(who, who, &words);
        let value = done.text.find('{').and_then(|at| {
            let mut values = serde_json::Deserializer::from_str(&done.text[at..]).into_iter();
            values.next()?.ok()
        });
        (done.code, value.unwrap_or(Value::Null), done.text)
    }

    /// Somebody decides, and the gate opens for them; returns the name of the decision.
    #[track_caller]
    pub fn approves(&self, who: &str, words: &str) -> DecisionId {
        let (code, value, text) = self.decides(who, words);
        assert_eq!((code, &value["choice"]), (0, &"approve".into()), "{text}");
        DecisionId::new(value["decision"].as_str().unwrap()).unwrap()
    }

    /// Returns the changes of files by which a decision that only this clone has says something else, as no
    /// command would write it. A model's approval has an auto-signature that fits, if `signed` leaves it so.
    pub fn retold(
        &self,
        who: &str,
        id: &DecisionId,
        change: impl FnOnce(&Actor, &mut DecisionPredicate),
        signed: impl FnOnce(&mut AutoSignaturePredicate),
    ) -> Vec<(String, Option<Vec<u8>>)> {
        let actor = self.actor(who);
        let before: DecisionPredicate = self.predicate(who, &Kind::Decision.of(id));
        let mut says = before.clone();
        change(&actor, &mut says);
        let mut files = BTreeMap::new();
        for path in paths(&before) {
            files.insert(path, None);
        }
        let envelope = actor.sign(says.clone()).unwrap();
        let digest = envelope.digest();
        let mut signs = signature(&says, digest);
        signed(&mut signs);
        let signature = actor.sign(signs).unwrap().to_bytes();
        let line = format!("{digest}\n").into_bytes();
        let written = [envelope.to_bytes(), line, signature];
        files.extend(paths(&says).into_iter().zip(written.map(Some)));
        let named = |(path, bytes): (LedgerPath, _)| (path.to_path().to_string(), bytes);
        files.into_iter().map(named).collect()
    }

    /// In this clone, which alone has it, a decision says something else.
    pub fn retells_decision(
        &self,
        who: &str,
        id: &DecisionId,
        change: impl FnOnce(&Actor, &mut DecisionPredicate),
    ) {
        let edits = self.retold(who, id, change, |_| {});
        let edits: Vec<_> = edits
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_deref()))
            .collect();
        self.forge(who, &RefName::new(LEDGER).unwrap(), &edits);
    }

    /// What somebody has is refused by this rule at the door; forced past it, a fresh clone finds it.
    #[track_caller]
    pub fn is_found_of(&self, who: &str, refspecs: &[&str], code: &str, rule: &str) {
        let text = self.push_refused(who, refspecs, code);
        assert!(text.contains(rule), "{rule}: {text}");
        self.force(who, refspecs);
        self.fresh_clone();
        let text = self.verify_finds(code);
        assert!(text.contains(&format!("\"{rule}\"")), "{rule}: {text}");
    }
}

/// Where the files of a decision stand: the decision, its line under the target, and of a model's approval the
/// auto-signature.
fn paths(says: &DecisionPredicate) -> Vec<LedgerPath> {
    let mut paths = vec![
        Kind::Decision.of(says.id()),
        LedgerPath::Decided(says.target_key(), says.id().clone()),
    ];
    let it = &says.decision;
    if it.actor.kind == ActorKind::Model && it.decision == Choice::Approve {
        paths.push(Kind::AutoSignature.of(says.id()));
    }
    paths
}

fn signature(says: &DecisionPredicate, decision: Sha256) -> AutoSignaturePredicate {
    let it = &says.decision;
    AutoSignaturePredicate {
        context: says.context.clone(),
        decision,
        signature: AutoSignature {
            actor: it.actor.clone(),
            auto_signature_id: Token::new(format!("sig/{}", it.decision_id)).unwrap(),
            created_at: it.timestamp,
            decision_id: it.decision_id.clone(),
            gate_type: it.gate_type.clone(),
            schema_version: SIGNATURE_SCHEMA.to_owned(),
            target_ref: it.target_ref.clone(),
        },
    }
}

fn automated(text: &str, level: &str, more: &str) -> String {
    let text = text.replacen("level = \"HYBRID\"", &format!("level = \"{level}\""), 1);
    let text = text.replacen("schema =", "requires = [\"automation/1\"]\nschema =", 1);
    let (before, after) = text.split_once("name = \"otto\"\n").expect("otto");
    let after = after.replacen("roles = [\"", "roles = [\"model\", \"", 1);
    format!("{before}name = \"otto\"\nmodel = \"{MODEL}\"\n{after}\n{more}")
}

#[test]
fn a_model_opens_what_the_table_leaves_to_it_and_a_person_answers_the_rest() {
    let world = world("HYBRID", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = |confidence: &str| {
        format!(
            "SpecApproval task/T-1 approve --confidence {confidence} --rationale scope:small \
             --evidence {base} --base {base}"
        )
    };
    // Below the threshold a person is asked, and that is recorded.
    let (code, value, text) = world.decides("otto", &ask("0.79"));
    assert_eq!((code, &value["choice"]), (1, &"defer".into()), "{text}");
    assert!(
        text.contains("GOV-009") && text.contains("below-threshold"),
        "{text}"
    );
    let deferred = value["decision"].as_str().unwrap().to_owned();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let open = world.ok("olga", "olga", &["git", "awo", "decisions", "--open"]);
    assert!(open.contains(&deferred), "{open}");
    let answer = format!(
        "SpecApproval task/T-1 approve --rationale reviewed --answers {deferred} --base {base}"
    );
    let (code, _, text) = world.decides("olga", &answer);
    assert_eq!(code, 0, "{text}");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let open = world.ok("olga", "olga", &["git", "awo", "decisions", "--open"]);
    assert!(open.contains("no decisions"), "{open}");
    // One decision counts on one target.
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let (code, _, text) = world.decides("otto", &ask("0.9"));
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("REP-003") && text.contains("one-live-decision"),
        "{text}"
    );
    // What happened follows from the records, in every clone alike, and is legal.
    let export = ["git", "awo", "events", "export"];
    let events = world.ok("otto", "otto", &export);
    assert_eq!(events, world.ok("olga", "olga", &export));
    let kinds: Vec<String> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["fr_event_id"].to_string())
        .collect();
    // Of what was deferred 1, 4, 5; of the answer 1.
    let mut found: Vec<_> = kinds.iter().map(|it| it.trim_matches('"')).collect();
    found.sort_unstable();
    let of = |number: u8| format!("FR-EVT-GOV-00{number}");
    assert_eq!(found, [of(1), of(1), of(4), of(5)]);
    world.write("events.jsonl", &events);
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "events", "check", "../events.jsonl"],
    );
    // On another one the model decides by itself.
    world.writes_a_contract("olga", "T-2");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let (code, value, text) = world.decides("otto", &ask("0.8").replace("T-1", "T-2"));
    assert_eq!(code, 0, "{text}");
    assert!(value["auto_signature"].is_string(), "{text}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn under_locked_nothing_opens_and_a_refusal_is_recorded() {
    let world = world("HYBRID", "");
    world.levels(3, "LOCKED", "");
    for who in ["otto", "olga"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = format!("SpecApproval task/T-1 approve --rationale x --base {base}");
    for (who, more) in [("otto", " --confidence 1.0"), ("olga", "")] {
        let (code, value, text) = world.decides(who, &format!("{ask}{more}"));
        assert_eq!((code, &value["choice"]), (1, &"defer".into()), "{text}");
        assert!(text.contains("GOV-007"), "{text}");
        world.ok(who, who, &["git", "awo", "push"]);
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
    }
    let (code, _, text) = world.decides("olga", &ask.replace("approve", "reject"));
    assert_eq!(code, 0, "{text}");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_decision_is_withdrawn_by_whoever_made_it_and_then_counts_for_nothing() {
    let world = decided();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let listed = world.ok("olga", "olga", &["git", "awo", "decisions"]);
    let id = listed.split(' ').next().unwrap().to_owned();
    let revoke = ["git", "awo", "revoke", &id, "--reason", "too early"];
    world.refused("olga", "olga", &revoke, "GOV-005");
    world.ok("otto", "otto", &revoke);
    let listed = world.ok("otto", "otto", &["git", "awo", "decisions"]);
    assert!(listed.contains("withdrawn"), "{listed}");
    // Now another one counts on the same target.
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = format!("SpecApproval task/T-1 reject --confidence 0.5 --rationale x --base {base}");
    let (code, _, text) = world.decides("otto", &ask);
    assert_eq!(code, 0, "{text}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// Returns a text without names of decisions, times and how long something waits.
fn steady(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let waits = line.split_once(", waiting ").and_then(|(on, rest)| {
            let (_, who) = rest.split_once(" for ")?;
            Some(format!("{on}, waiting for {who}"))
        });
        let line = waits.unwrap_or_else(|| line.to_owned());
        let words = line.split_whitespace().map(|word| match word {
            _ if word.starts_with("dec-") => "dec-ID",
            _ if word.starts_with("20") && word.ends_with('Z') => "TIME",
            word => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_is_typed_as_it_stands() {
    let world = world("HYBRID", "");
    world.writes_a_contract("olga", "T-2");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let (mut typed, mut last) = (0, String::new());
    for (kind, lines) in crate::howtos::blocks("automation") {
        let Some(who) = kind.strip_prefix("sh ") else {
            if kind == "toml" {
                let entry = "model = \"codex-cli:gpt-5.2\"";
                assert!(lines.contains(entry) && entry.contains(MODEL), "{lines}");
            } else {
                assert!(steady(&last).contains(&steady(&lines)), "{lines}\n{last}");
            }
            continue;
        };
        last = crate::howtos::typed(&world, who, &lines);
        typed += 1;
    }
    assert_eq!(typed, 7);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// A model that was not sure enough has asked a person. Asking itself again is no answer.
#[test]
fn a_model_that_has_asked_a_person_does_not_answer_itself() {
    let world = world("AUTONOMOUS", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = |confidence: &str, more: &str| {
        format!(
            "SpecApproval task/T-1 approve --confidence {confidence} --rationale x --evidence {base} \
             --base {base}{more}"
        )
    };
    let (code, value, text) = world.decides("otto", &ask("0.6", ""));
    assert_eq!((code, &value["choice"]), (1, &"defer".into()), "{text}");
    let asked = value["decision"].as_str().unwrap().to_owned();
    // Not pushed yet it is no question yet: what comes with it is judged as if it came first.
    let unsent = world.copied();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let before = world.rev("otto", LEDGER);
    for more in ["", &format!(" --supersedes {asked}")] {
        let (code, _, text) = world.decides("otto", &ask("1.0", more));
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains("human-required") && text.contains(&asked),
            "{text}"
        );
        assert_eq!(world.rev("otto", LEDGER), before, "nothing is recorded");
    }
    // As no command would: recorded before the question was, and pushed after it.
    let other = DecisionId::new(asked.as_str()).unwrap();
    let forged = world.copied();
    let reject = ask("1.0", "").replace(" approve ", " reject ");
    let (code, value, text) = forged.decides("otto", &reject);
    assert_eq!(code, 0, "{text}");
    let id = DecisionId::new(value["decision"].as_str().unwrap()).unwrap();
    forged.retells_decision("otto", &id, |_, says| {
        says.decision.decision = Choice::Approve
    });
    let withdrawn = forged.copied();
    forged.is_found_of("otto", &[LEDGER], "GOV-009", "human-required");
    // Nor by taking the question back.
    let revoke = ["git", "awo", "revoke", other.as_str(), "--reason", "no"];
    withdrawn.ok("otto", "otto", &revoke);
    let text = withdrawn.push_refused("otto", &[LEDGER], "GOV-009");
    assert!(text.contains("human-required"), "{text}");
    // Its twins: it rejects, a person answers, and on another contract it opens.
    world.copied().decides("otto", &reject);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let answer =
        format!("SpecApproval task/T-1 approve --rationale x --base {base} --answers {asked}");
    world.approves("olga", &answer);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.writes_a_contract("olga", "T-2");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.approves("otto", &ask("0.8", "").replace("T-1", "T-2"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    unsent.ok("otto", "otto", &["git", "awo", "push"]);
    unsent.fresh_clone();
    unsent.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// A question that was settled stands in nobody's way, also in the second in which that came: what the server
/// takes verifies.
#[test]
fn a_question_that_was_taken_back_stands_in_no_models_way() {
    let world = world("AUTONOMOUS", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let defer = format!("SpecApproval task/T-1 defer --rationale wait --base {base}");
    let (code, value, text) = world.decides("olga", &defer);
    assert_eq!(code, 0, "{text}");
    let asked = value["decision"].as_str().unwrap().to_owned();
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let ask = format!(
        "SpecApproval task/T-1 approve --confidence 0.9 --rationale x --evidence {base} --base {base}"
    );
    let answered = world.copied();
    let (code, _, text) = world.decides("otto", &ask);
    assert_eq!(code, 1, "{text}");
    let revoke = ["git", "awo", "revoke", &asked, "--reason", "no more"];
    world.ok("olga", "olga", &revoke);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.approves("otto", &ask);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // Whatever a person decides on it is the answer, whether or not they say so.
    answered.approves(
        "olga",
        &format!("SpecApproval task/T-1 approve --rationale x --base {base}"),
    );
    answered.ok("olga", "olga", &["git", "awo", "push"]);
    let open = answered.ok("olga", "olga", &["git", "awo", "decisions", "--open"]);
    assert!(open.contains("no decisions"), "{open}");
    for world in [world, answered] {
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}

/// Of two who decide on the same without knowing of each other one lands; the other is set aside, and stands in
/// nobody's way.
#[test]
fn who_decides_too_late_loses_that_decision_and_nothing_else() {
    let world = decided();
    let base = world.rev("olga", "refs/remotes/origin/main");
    let reject = format!("SpecApproval task/T-1 reject --rationale no --base {base}");
    let (code, _, text) = world.decides("olga", &reject);
    assert_eq!(code, 0, "{text}");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let before = world.server();
    let pushed = world.run("otto", "otto", &["git", "awo", "push"]);
    assert_eq!(pushed.code, 1, "{}", pushed.text);
    assert!(pushed.text.contains("one-live-decision"), "{}", pushed.text);
    assert_eq!(world.server(), before);
    let listed = world.ok("otto", "otto", &["git", "awo", "decisions"]);
    assert!(
        listed.contains("reject") && listed.lines().count() == 1,
        "{listed}"
    );
    // What comes after it lands.
    let again = "SpecApproval task/T-1 defer --confidence 0.5 --rationale unsure";
    let (code, _, text) = world.decides("otto", again);
    assert_eq!(code, 0, "{text}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// Whose policy became stricter before the push has decided for nothing.
#[test]
fn what_was_hoarded_under_a_looser_level_is_set_aside() {
    for level in ["FULL_HUMAN", "LOCKED"] {
        let world = decided();
        world.levels(3, level, "");
        let pushed = world.run("otto", "otto", &["git", "awo", "push"]);
        assert_ne!(pushed.code, 0, "{level}: {}", pushed.text);
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
        let listed = world.ok("vera", "vera", &["git", "awo", "decisions"]);
        assert_eq!(listed, "no decisions\n", "{level}");
    }
}

/// What `show` tells of a decision: as text, and in JSON.
fn shown(world: &World, who: &str, id: &str) -> (String, Value) {
    let text = world.ok(who, who, &["git", "awo", "show", id]);
    let json = world.ok(who, who, &["git", "awo", "show", id, "--json"]);
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["schema"], "awo.show/1");
    (text, value["decision"].clone())
}

#[test]
fn one_decision_is_shown_with_all_that_follows_from_the_records() {
    let world = world("HYBRID", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = |more: &str| format!("SpecApproval task/T-1 {more} --rationale x --base {base}");
    let decides = |who: &str, more: &str| {
        let (_, value, text) = world.decides(who, &ask(more));
        value["decision"].as_str().expect(&text).to_owned()
    };
    let is = |who: &str, id: &str, state: &str| {
        let (text, value) = shown(&world, who, id);
        let first = text.lines().next().unwrap();
        assert!(first.ends_with(&format!(", {state}")), "{text}");
        assert_eq!(value["state"], state, "{text}");
        (text, value)
    };
    let has = |text: &str, line: &str| {
        let words = |it: &str| it.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(
            text.lines().any(|it| words(it) == words(line)),
            "{line}: {text}"
        );
    };
    // What a model asks, and a person answers.
    let asked = decides("otto", "approve --confidence 0.5 --evidence task/T-1");
    let (text, value) = is("otto", &asked, "open");
    for line in [
        &format!("by otto, the model {MODEL}, confidence 0.5"),
        "evidence task/T-1",
        "level HYBRID",
        &format!("base {base}"),
    ] {
        has(&text, line);
    }
    assert_eq!(value["events"].as_array().unwrap().len(), 2);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let answer = decides("olga", &format!("reject --answers {asked}"));
    let (text, value) = is("olga", &asked, "answered");
    has(&text, &format!("answered by {answer}"));
    assert_eq!(value["events"][2]["fr_event_id"], "FR-EVT-GOV-005");
    let (text, value) = is("olga", &answer, "counts");
    has(&text, &format!("answers {asked}"));
    assert_eq!(value["auto_signature"], Value::Null);
    // What took its place, and is withdrawn.
    let next = decides("olga", &format!("approve --supersedes {answer}"));
    let (text, _) = is("olga", &answer, "superseded");
    has(&text, &format!("superseded by {next}"));
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "revoke", &next, "--reason", "no"],
    );
    let (text, _) = is("olga", &next, "withdrawn");
    assert!(text.contains("@revocation"), "its records too: {text}");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    // What has expired.
    let soon = DecisionId::new(decides("olga", "reject")).unwrap();
    world.retells_decision("olga", &soon, |actor, says| says.expires = actor.now());
    is("olga", soon.as_str(), "expired");
    // Somebody without a policy sees what is stored.
    world.ok("vera", ".", &["git", "clone", "-q", "server.git", "vera"]);
    let fetch = [
        "git",
        "fetch",
        "-q",
        "origin",
        "refs/awo/ledger:refs/awo/ledger",
    ];
    world.ok("vera", "vera", &fetch);
    let (text, value) = shown(&world, "vera", &asked);
    assert!(text.contains("hsk.gov_decision@0.4"), "{text}");
    assert_eq!(value, Value::Null);
}

/// Who approves runs decides on no contract, and stands in nobody's way there.
#[test]
fn a_person_decides_in_the_role_that_decides_on_the_gate() {
    let world = world("HYBRID", "");
    let base = world.rev("olga", "refs/remotes/origin/main");
    let ask = format!("SpecApproval task/T-1 approve --rationale x --base {base}");
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let (code, _, text) = world.decides("rita", &ask.replace("approve", "reject"));
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("ATT-001") && text.contains("role-held"),
        "{text}"
    );
    // rita's own key, past the command.
    let id = world.approves("olga", &ask);
    let mut says: DecisionPredicate = world.predicate("olga", &Kind::Decision.of(&id));
    let twin = world.copied();
    says.context.identity = "rita".parse().unwrap();
    says.context.role = "reviewer".to_owned();
    says.decision.actor.user_id = Some(Token::new("rita").unwrap());
    let envelope = world.actor("rita").sign(says.clone()).unwrap();
    let line = format!("{}\n", envelope.digest()).into_bytes();
    let files: Vec<_> = paths(&says)
        .iter()
        .map(|it| it.to_path().to_string())
        .collect();
    let edits: Vec<_> = files
        .iter()
        .map(String::as_str)
        .zip([envelope.to_bytes(), line])
        .collect();
    let edits: Vec<_> = edits
        .iter()
        .map(|(path, bytes)| (*path, Some(bytes.as_slice())))
        .collect();
    world.forge("olga", &RefName::new(LEDGER).unwrap(), &edits);
    world.is_found_of("olga", &[LEDGER], "ATT-001", "role-held");
    twin.push_accepted("olga", &[LEDGER]);
}
