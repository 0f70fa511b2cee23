//! Contracts that ask for determinism: at the command, at the door and in `verify`.

use git_awo::record::determinism::{DeterminismDraft, Output};
use git_awo::record::envelope::Envelope;
use git_awo::record::{IdentityName, ObjectId, RepoPath, Sha256};
use git_awo::records::{Context, DeterminismPredicate, Kind, LedgerPath, Scope, Statement};

use super::{RERUN, asked, executed, ran};
use crate::actors::two_reviewers;
use crate::cell::here::confines;
use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::world::{RUN, World, confining};

/// What makes the same each time.
const WORK: &str =
    "mkdir -p src; echo one > src/one.txt; echo '{\"action\": \"noted\"}' > \"$AWO_EVENTS_FILE\"";

const GATE: &[&str] = &["git", "awo", "gate", RUN];

#[test]
fn gate_2_waits_for_a_reviewers_report() {
    let world = ran(WORK);
    let shown = world.ok("rita", "rita", &["git", "awo", "task", "show", "D-1"]);
    assert!(shown.contains("a reviewer runs it 3 times"), "{shown}");
    let refs = || world.ok("rita", "rita", &["git", "for-each-ref"]);
    let waits = |why: &str| {
        let before = refs();
        let text = world.refused("rita", "rita", GATE, "GOV-002");
        assert!(
            text.contains("ran-again") && text.contains(why),
            "{why}: {text}"
        );
        assert_eq!(refs(), before, "nothing is recorded");
    };
    waits("nobody has run its command again");
    // otto may review, and made the run.
    world.ok("otto", "otto", RERUN);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    waits("otto made the run");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", RERUN);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    waits("the report of olga is signed as operator");
    let few = [RERUN, &["--runs", "2"]].concat();
    world.ok("rita", "rita", &few);
    waits("only 2 runs");
    let text = world.ok("rita", "rita", RERUN);
    let line = format!("runs 3 times what the evidence of {RUN} names: sh -ec ");
    assert!(text.contains(&line), "{text}");
    let shown = world.ok("rita", "rita", &["git", "awo", "show", RUN, "--json"]);
    assert_eq!(shown.matches("@determinism-").count(), 4, "{shown}");
    assert!(
        text.contains("3 runs of sh -ec") && text.contains("signed: "),
        "{text}"
    );
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}

/// What the contract lets the command read, it may read again.
#[test]
fn a_run_is_run_again_in_the_cell_of_its_contract() {
    if !confines() {
        return;
    }
    let world = World::founded();
    world.next_policy(2, None, |text| confining(&text, "required"));
    // A file that every machine has, that any user may read, and that no cell grants by itself.
    let shared = "/etc/hosts";
    world.write(
        "packet.toml",
        format!(
            "schema = \"awo.packet/1\"\nid = \"D-1\"\ntask = \"it\"\nallowed_paths = [\"src/\"]\n\
             forbidden_actions = [\"push\"]\nrollback = [\"git awo rollback RUN\"]\ndeterminism = 2\n\
             [target]\nlocator = \".\"\n[target.admission]\nstatus = \"admitted\"\n[cell]\nread = [\"{shared}\"]\n"
        ),
    );
    let import = ["git", "awo", "task", "import", "../packet.toml"];
    world.ok("olga", "olga", &import);
    world.approves_task("D-1");
    world.shares();
    executed(&world, &format!("cat {shared} > src/x"));
    world.ok("rita", "rita", RERUN);
    let base = world.rev("rita", "origin/main");
    let script = format!("cat {shared} > src/x");
    let words = [
        "git",
        "awo",
        "determinism",
        "check",
        "--tree",
        &base,
        "--",
        "sh",
        "-ec",
        &script,
    ];
    let text = world.refused("rita", "rita", &words, "GOV-002");
    assert!(
        text.contains("command-succeeds"),
        "without the contract: {text}"
    );
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}

/// rita assisted: her report says nothing of the run, whoever reviews it.
#[test]
fn a_report_by_who_assisted_does_not_count() {
    let world = World::founded();
    world.next_policy(2, None, two_reviewers);
    asked(&world, &["--determinism", "2"]);
    let words = [
        "git",
        "awo",
        "run",
        "D-1",
        "--run-id",
        RUN,
        "--assisted-by",
        "rita",
    ];
    let command = ["--", "sh", "-ec", WORK];
    world.ok("otto", "otto", &[&words[..], &command].concat());
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.ok("rita", "rita", RERUN);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let text = world.refused("olga", "olga", GATE, "GOV-002");
    assert!(text.contains("rita made the run"), "{text}");
    world.ok("olga", "olga", RERUN);
    world.ok("olga", "olga", GATE);
}

#[test]
fn what_differs_does_not_pass_gate_2() {
    // Made by otto of what differs from run to run.
    let world = ran("mkdir -p src; date +%s > src/one.txt");
    let text = world.refused("rita", "rita", RERUN, "INT-007");
    assert!(text.contains("src/one.txt at byte "), "{text}");
    let text = world.refused("rita", "rita", GATE, "INT-007");
    assert!(
        text.contains("rita ran it 3 times: run 2 differs from run 1"),
        "{text}"
    );
    // What makes the same each time, and not what was committed.
    let world = ran(
        "mkdir -p src; test -n \"$PERL_HASH_SEED\" || echo other > src/two.txt; echo one > src/one.txt",
    );
    world.refused("rita", "rita", RERUN, "GOV-002");
    let text = world.refused("rita", "rita", GATE, "GOV-002");
    assert!(text.contains("it makes the tree "), "{text}");
}

/// rita has the log of a gate that passed, and the report for it, and has pushed neither.
struct Reviewed {
    door: Door,
    path: String,
    says: DeterminismPredicate,
}

fn reviewed() -> Reviewed {
    let world = ran(WORK);
    world.ok("rita", "rita", RERUN);
    world.ok("rita", "rita", GATE);
    let names = world.ledger_of("rita");
    let (path, bytes) = names
        .into_iter()
        .find(|(path, _)| path.contains("@determinism-"))
        .unwrap();
    let envelope = Envelope::parse(&bytes).unwrap();
    let says = Statement::parse(envelope.payload()).unwrap().predicate;
    Reviewed {
        door: Door::new(world, "rita"),
        path,
        says,
    }
}

impl Reviewed {
    /// The ledger with the log, and with this in the place of the report.
    fn with(&self, report: Option<(&str, &[u8])>) -> String {
        let mut edits: Vec<(&str, Option<&[u8]>)> = vec![(&self.path, None)];
        edits.extend(report.map(|(path, bytes)| (path, Some(bytes))));
        let commit = self.door.grown(LEDGER, &edits);
        format!("{commit}:{LEDGER}")
    }

    /// A report by somebody, in a role.
    fn report(
        &self,
        who: &str,
        role: &str,
        change: impl FnOnce(&mut DeterminismDraft),
    ) -> (String, Envelope) {
        let mut draft = DeterminismDraft::from(self.says.report.clone());
        change(&mut draft);
        let says = DeterminismPredicate {
            context: Context {
                identity: IdentityName::new(who).unwrap(),
                ..self.door.context(role)
            },
            report: draft.check().unwrap(),
        };
        let key = says.report.recipe().key();
        let actor = self
            .door
            .actor()
            .with_key(&self.door.world.path(&format!("home/{who}/key")));
        let payload = Statement::new(says).to_payload();
        let signature = actor.sign_payload(Kind::Determinism, &payload).unwrap();
        let envelope = Envelope::new(payload, vec![signature]);
        let path = Kind::Determinism.one_of(Scope::Recipe(key), envelope.digest());
        (path.to_path().to_string(), envelope)
    }
}

fn tree(digit: u8) -> ObjectId {
    ObjectId::Sha1([digit; 20])
}

fn output(digit: u8) -> Output {
    Output {
        sha256: Sha256::of(&[digit]),
        tree: tree(digit),
    }
}

#[test]
fn a_log_is_taken_with_the_report_that_the_contract_asks_for_and_no_other() {
    let it = reviewed();
    let refuses = |what: &str, report: Option<(&str, &[u8])>, rules: &[&str]| {
        let pushed = it.door.refused_push(what, &[&it.with(report)]);
        let found: Vec<_> = pushed.rules.iter().map(String::as_str).collect();
        assert_eq!(found, rules, "{what}\n{}", pushed.text);
    };
    let only: &[&str] = &["GOV-002 ran-again"];
    refuses("no report", None, only);
    type Change = fn(&mut DeterminismDraft);
    let table: [(&str, &str, &str, Change, &[&str]); 11] = [
        ("by the orchestrator", "otto", "reviewer", |_| {}, only),
        (
            "by the orchestrator as such",
            "otto",
            "orchestrator",
            |_| {},
            only,
        ),
        ("by an operator", "olga", "operator", |_| {}, only),
        (
            "another tree",
            "rita",
            "reviewer",
            |it| it.input = tree(1),
            only,
        ),
        (
            "another command",
            "rita",
            "reviewer",
            |it| it.command.push("x".to_owned()),
            only,
        ),
        (
            "other outputs",
            "rita",
            "reviewer",
            |it| it.outputs = vec!["src/".to_owned()],
            only,
        ),
        (
            "another result",
            "rita",
            "reviewer",
            |it| it.runs.iter_mut().for_each(|run| run.output = output(1)),
            only,
        ),
        (
            "fewer runs",
            "rita",
            "reviewer",
            |it| it.runs.truncate(2),
            only,
        ),
        (
            "it fails",
            "rita",
            "reviewer",
            |it| {
                it.runs.iter_mut().for_each(|run| run.exit_code = 1);
                it.verdict = it.follows();
            },
            only,
        ),
        (
            "it differs",
            "rita",
            "reviewer",
            |it| {
                it.runs[2].output = output(1);
                it.verdict = it.follows();
                it.difference = serde_json::from_str(
                    r#"{"offset": 3, "path": "src/one.txt", "run": 3, "what": "content"}"#,
                )
                .unwrap();
            },
            &["INT-007 deterministic"],
        ),
        (
            "it ends in another way",
            "rita",
            "reviewer",
            |it| {
                it.runs[1].exit_code = 9;
                it.verdict = it.follows();
                it.difference = serde_json::from_str(r#"{"run": 2, "what": "exit-code"}"#).unwrap();
            },
            &["INT-007 deterministic"],
        ),
    ];
    for (what, who, role, change, rules) in table {
        let (path, envelope) = it.report(who, role, change);
        refuses(what, Some((&path, &envelope.to_bytes())), rules);
    }
    // The role that she does not have.
    let (path, envelope) = it.report("rita", "operator", |_| {});
    let rules = ["ATT-001 role-held", "GOV-002 ran-again"];
    refuses(
        "another's role",
        Some((&path, &envelope.to_bytes())),
        &rules,
    );

    let good = it.report("rita", "reviewer", |_| {});
    let bytes = good.1.to_bytes();
    let place = |envelope: &Envelope| {
        let key = it.says.report.recipe().key();
        let path = Kind::Determinism.one_of(Scope::Recipe(key), envelope.digest());
        path.to_path().to_string()
    };
    let text = String::from_utf8(good.1.payload().to_vec()).unwrap();
    for (what, from, to) in [
        (
            "a verdict that does not follow",
            "\"verdict\": \"same\"",
            "\"verdict\": \"differs\"",
        ),
        ("a run changed", "\"exit_code\": 0", "\"exit_code\": 1"),
        ("another schema", "awo.determinism/1", "awo.determinism/2"),
        (
            "a key more",
            "\"streams\": false",
            "\"streams\": false,\n      \"sure\": true",
        ),
        ("a key less", "      \"streams\": false,\n", ""),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        let forged = it
            .door
            .sealed(Kind::Determinism, text.replacen(from, to, 1));
        let path = place(&forged);
        let pushed = it
            .door
            .refused_push(what, &[&it.with(Some((&path, &forged.to_bytes())))]);
        let codes: Vec<_> = pushed.codes.iter().map(String::as_str).collect();
        assert_eq!(codes, ["GOV-002", "INT-004"], "{what}\n{}", pushed.text);
    }
    for (what, bytes, code) in [
        ("cut short", bytes[..bytes.len() / 2].to_vec(), "INT-004"),
        ("empty", Vec::new(), "INT-004"),
        (
            "another's signature",
            Envelope::new(good.1.payload().to_vec(), {
                let other = it
                    .door
                    .actor()
                    .with_key(&it.door.world.path("home/otto/key"));
                vec![
                    other
                        .sign_payload(Kind::Determinism, good.1.payload())
                        .unwrap(),
                ]
            })
            .to_bytes(),
            "ATT-001",
        ),
        (
            "another's namespace",
            it.door
                .sealed(Kind::Independence, good.1.payload())
                .to_bytes(),
            "ATT-003",
        ),
    ] {
        let pushed = it
            .door
            .refused_push(what, &[&it.with(Some((&good.0, &bytes)))]);
        let codes: Vec<_> = pushed.codes.iter().map(String::as_str).collect();
        // What cannot be read at all ends the judgement.
        let mut expected = vec![code];
        expected.extend((code != "INT-004").then_some("GOV-002"));
        expected.sort();
        assert_eq!(codes, expected, "{what}\n{}", pushed.text);
    }
    // In the place of another one.
    let other = it.report("rita", "reviewer", |it| it.input = tree(1));
    let Some(LedgerPath::Record(scope, kind, _)) =
        LedgerPath::parse(&RepoPath::from(good.0.as_str()))
    else {
        panic!("{}", good.0)
    };
    let path = LedgerPath::Record(scope, kind, Some(other.1.digest()))
        .to_path()
        .to_string();
    let rules = ["GOV-002 ran-again", "INT-004 record-place"];
    refuses(
        "in another's place",
        Some((&path, &other.1.to_bytes())),
        &rules,
    );

    it.door
        .accepts_push("the good one", &[&it.with(Some((&good.0, &bytes)))]);
}

#[test]
fn verify_finds_a_log_without_its_report() {
    for good in [false, true] {
        let it = reviewed();
        let (path, envelope) = match good {
            true => it.report("rita", "reviewer", |_| {}),
            false => it.report("otto", "reviewer", |_| {}),
        };
        let refspec = it.with(Some((&path, &envelope.to_bytes())));
        let found = it.door.forced(&[&refspec]);
        let expected: &[&str] = match good {
            true => &[],
            false => &["GOV-002 ran-again"],
        };
        assert_eq!(
            found.rules.iter().map(String::as_str).collect::<Vec<_>>(),
            expected
        );
    }
}

/// A report says nothing of a log that came before it.
#[test]
fn a_report_that_comes_after_the_log_is_too_late() {
    let it = reviewed();
    it.door
        .refuses_push("the log alone", &[&it.with(None)], &["GOV-002"]);
    // Others may record theirs at any time.
    let (path, envelope) = it.report("otto", "orchestrator", |_| {});
    let door = &it.door;
    door.world.ok(
        "rita",
        "rita",
        &[
            "git",
            "update-ref",
            LEDGER,
            &door.standing(LEDGER).unwrap().to_string(),
        ],
    );
    let alone = door.grown(LEDGER, &[(&path, Some(&envelope.to_bytes()))]);
    door.accepts_push("a report alone", &[&format!("{alone}:{LEDGER}")]);
}
