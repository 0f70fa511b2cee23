//! Words: sentences, permissions, and what an approval binds.

use git_awo::record::ObjectId;
use git_awo::record::envelope::Envelope;
use git_awo::record::{RunId, Sha256, TaskId};
use git_awo::records::{ApprovalPredicate, Approves, Kind, RunPredicate, Statement};
use git_awo::store::ledger::Records;

use crate::hostile::door::Door;
use crate::hostile::forge::{LEDGER, approvals_until};
use crate::hostile::signatures::olga;
use crate::world::{RUN, SENTENCE, TASK, World};

/// olga, who has approved the task and not pushed that; what she says, and on what.
fn approving() -> (Door, ApprovalPredicate, ObjectId) {
    let world = World::founded();
    world.write("packet.md", crate::world::PACKET);
    for words in [
        ["git", "awo", "task", "import", "../packet.md"].as_slice(),
        &["git", "awo", "push"],
        &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
    ] {
        world.ok("olga", "olga", words);
    }
    let door = Door::new(world, "olga");
    let actor = door.actor();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let contract = records
        .contract_blob(&TaskId::new(TASK).unwrap())
        .unwrap()
        .unwrap();
    let envelope = records.approvals_of(contract).unwrap().remove(0);
    let says = Statement::parse(envelope.payload()).unwrap().predicate;
    let notes = door.world.notes("olga", "approvals");
    let delete = ["git", "update-ref", "-d", &notes];
    door.world.ok("olga", "olga", &delete);
    (door, says, contract)
}

fn noted(door: &Door, says: &ApprovalPredicate, object: ObjectId) -> String {
    let envelope = door.sealed(Kind::Approval, Statement::new(says.clone()).to_payload());
    let notes = approvals_until(says.expires);
    let commit = door.noted(&notes, object, &[&envelope.to_bytes()]);
    format!("{commit}:{notes}")
}

#[test]
fn a_sentence_is_compared_byte_for_byte() {
    let (door, says, contract) = approving();
    let with = |from: &str, to: &str| {
        assert!(SENTENCE.contains(from));
        SENTENCE.replacen(from, to, 1)
    };
    let table = [
        ("a Cyrillic letter", with("approve", "\u{430}pprove")),
        ("a Greek letter", with("I ", "\u{399} ")),
        ("a full-width letter", with("I ", "\u{ff29} ")),
        ("a space that does not break", with(" ", "\u{a0}")),
        ("a thin space", with(" ", "\u{2009}")),
        ("two spaces", with("the slugify", "the  slugify")),
        ("a tab", with(" ", "\t")),
        ("another case", with("I approve", "I Approve")),
        ("capitals", SENTENCE.to_uppercase()),
        ("small letters", SENTENCE.to_lowercase()),
        ("no full stop", SENTENCE.trim_end_matches('.').to_owned()),
        ("two full stops", format!("{SENTENCE}.")),
        ("another full stop", with("task.", "task\u{3002}")),
        ("another hyphen", with("SLUG-1", "SLUG\u{2010}1")),
        ("a zero-width space", with("approve", "app\u{200b}rove")),
        ("a joiner", with("approve", "approve\u{200d}")),
        ("a byte order mark", format!("\u{feff}{SENTENCE}")),
        ("a combining accent", with("approve", "approve\u{301}")),
        (
            "an override of direction",
            with("approve", "\u{202e}approve\u{202c}"),
        ),
        ("a ligature", with("slugify", "slugi\u{fb01}y")),
        ("a soft hyphen", with("slugify", "slug\u{ad}ify")),
        ("a space before", format!(" {SENTENCE}")),
        ("a space behind", format!("{SENTENCE} ")),
        ("two line feeds", format!("{SENTENCE}\n\n")),
        ("a carriage return", format!("{SENTENCE}\r\n")),
        ("a line feed before", format!("\n{SENTENCE}")),
        ("quoted", format!("\"{SENTENCE}\"")),
        ("quoted as in mail", format!("> {SENTENCE}")),
        ("denied", format!("I do NOT say: {SENTENCE}")),
        (
            "with a condition",
            with("task.", "task, if it is reviewed."),
        ),
        ("twice", format!("{SENTENCE} {SENTENCE}")),
        ("twice in lines", format!("{SENTENCE}\n{SENTENCE}")),
        ("for another task", with("SLUG-1", "SLUG-2")),
        ("half of it", SENTENCE[..SENTENCE.len() / 2].to_owned()),
        ("nothing", String::new()),
        ("a NUL behind", format!("{SENTENCE}\0")),
    ];
    for (what, sentence) in table {
        assert_ne!(sentence, SENTENCE, "{what}");
        let mut forged = says.clone();
        forged.sentence = Some(sentence);
        door.refuses_push(what, &[&noted(&door, &forged, contract)], &["GOV-005"]);
    }
    let mut forged = says.clone();
    forged.sentence = None;
    let refspec = noted(&door, &forged, contract);
    door.refuses_push("no sentence", &[&refspec], &["GOV-005"]);
    door.refuses_and_finds("no sentence", &[&refspec], &["GOV-005"], &["GOV-005"]);
    door.accepts_push("the sentence", &[&noted(&door, &says, contract)]);
}

#[test]
fn an_approval_binds_what_it_approves() {
    type Change = fn(&mut ApprovalPredicate);
    let (door, says, contract) = approving();
    let table: &[(&str, Change, &[&str])] = &[
        (
            "another contract",
            |it| it.contract = Sha256::of(b""),
            &["ATT-002"],
        ),
        (
            "a task that there is not",
            |it| it.task = TaskId::new("SLUG-2").unwrap(),
            &["ATT-002"],
        ),
        ("no base", |it| it.base = None, &["ATT-002"]),
        (
            "a base and a commit",
            |it| it.commit = it.base,
            &["ATT-002"],
        ),
        (
            "a base and a root",
            |it| it.root = Some(Sha256::of(b"")),
            &["ATT-002"],
        ),
        (
            "a run",
            |it| it.run = Some(RunId::new(RUN).unwrap()),
            &["ATT-002"],
        ),
        (
            "another repository",
            |it| it.context.repository = it.base.unwrap(),
            &["ATT-002"],
        ),
        (
            "a policy that there is not",
            |it| it.context.policy = it.base.unwrap(),
            &["ATT-002"],
        ),
        (
            "an audit by an operator",
            |it| it.approves = Approves::Audit,
            &["ATT-001"],
        ),
        (
            "expired",
            |it| it.expires = "2020-01-01T00:00:00Z".parse().unwrap(),
            &["GOV-005"],
        ),
        (
            "for a century",
            |it| it.expires = it.expires.plus_days(36_500),
            &["GOV-005"],
        ),
    ];
    for (what, change, codes) in table {
        let mut forged = says.clone();
        change(&mut forged);
        door.refuses_push(what, &[&noted(&door, &forged, contract)], codes);
    }
    let elsewhere = says.base.unwrap();
    door.refuses_push(
        "noted on a commit",
        &[&noted(&door, &says, elsewhere)],
        &["ATT-002"],
    );
    // On another base it is an approval, and permits no run on this one.
    let mut other = says.clone();
    let older = door.world.rev("olga", "refs/awo/policy");
    other.base = Some(older.parse().unwrap());
    door.accepts_push("of another base", &[&noted(&door, &other, contract)]);
    let world = door.world;
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "run", TASK, "--run-id", RUN, "--", "true"],
        "GOV-005",
    );
}

#[test]
fn a_permission_has_one_spelling() {
    let door = olga();
    for spelling in [
        "true", "01", " 1", "1 ", "1\n", "+1", "1.0", "0", "", "yes", "\u{ff11}", "\u{661}", "I",
    ] {
        let payload = door.override_of(|it| it.allow_self_approval = spelling.to_owned());
        door.refuses_override(
            spelling,
            &door.sealed(Kind::SelfApproval, payload),
            &["GOV-001"],
        );
    }
    let text = String::from_utf8(door.override_of(|_| {})).unwrap();
    for value in ["1", "true", "[\"1\"]", "null", "1.0"] {
        let forged = text.replace(
            "\"allow_self_approval\": \"1\"",
            &format!("\"allow_self_approval\": {value}"),
        );
        assert_ne!(forged, text);
        door.refuses_override(
            value,
            &door.sealed(Kind::SelfApproval, forged),
            &["INT-004"],
        );
    }
    for (what, payload) in [
        (
            "of another commit",
            door.override_of(|it| it.commit = it.context.policy),
        ),
        (
            "of another root",
            door.override_of(|it| it.root = Sha256::of(b"")),
        ),
    ] {
        door.refuses_override(
            what,
            &door.sealed(Kind::SelfApproval, payload),
            &["ATT-002"],
        );
    }
    door.accepts_override("1", &door.sealed(Kind::SelfApproval, text));
}

#[test]
fn a_permission_stands_in_a_record_of_its_own() {
    let world = World::approved();
    world.write("agent.sh", crate::world::AGENT);
    let agent = world.path("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ],
    );
    let door = Door::new(world, "otto");
    let path = Kind::Run.of(door.run()).to_path();
    let envelope = door.record(&Kind::Run.of(door.run()));
    let says: RunPredicate = door.says(&Kind::Run.of(door.run()));
    let text = String::from_utf8(envelope.payload().to_vec()).unwrap();
    let forged = text.replacen(
        "    \"approvals\":",
        "    \"allow_self_approval\": \"1\",\n    \"approvals\":",
        1,
    );
    assert_ne!(forged, text);
    let envelope = door.sealed(Kind::Run, forged);
    let commit = door.grown(
        LEDGER,
        &[(path.to_str().unwrap(), Some(&envelope.to_bytes()))],
    );
    let refspecs = [format!("{commit}:{LEDGER}"), says.evidence.to_string()];
    let refspecs: Vec<_> = refspecs.iter().map(String::as_str).collect();
    // What the record spends and claims then belongs to no run that can be read.
    door.refuses_push("in the run record", &refspecs, &["INT-004", "STR-001"]);
    door.accepts_push("the run without it", &[LEDGER, says.evidence.as_str()]);
    // In the approval of a reviewer, and by the one who ran it.
    door.refuses_override(
        "by otto",
        &door.sealed(Kind::SelfApproval, door.override_of(|_| {})),
        &["ATT-001"],
    );
}

/// rita, who has approved the run and pushed nothing.
fn reviewing() -> (Door, ApprovalPredicate) {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    let door = Door::new(world, "rita");
    let says = door.approval();
    let notes = door.world.notes("rita", "approvals");
    let delete = ["git", "update-ref", "-d", &notes];
    door.world.ok("rita", "rita", &delete);
    door.world.ok(
        "rita",
        "rita",
        &[
            "git",
            "fetch",
            "--quiet",
            "origin",
            "+refs/notes/awo/*:refs/notes/awo/*",
        ],
    );
    (door, says)
}

#[test]
fn gate_3_comes_after_gate_2() {
    let (door, says) = reviewing();
    let commit = says.commit.unwrap();
    let good = noted(&door, &says, commit);
    door.refuses_push("its gate 2 is nowhere", &[&good], &["GOV-002", "GOV-011"]);
    let mut forged = says.clone();
    forged.independence = None;
    let refspec = noted(&door, &forged, commit);
    door.refuses_push("it names no gate 2", &[&refspec, LEDGER], &["GOV-002"]);
    forged.independence = says.root;
    let refspec = noted(&door, &forged, commit);
    door.refuses_push("it names another digest", &[&refspec, LEDGER], &["GOV-002"]);
    door.refuses_and_finds(
        "alone",
        &[&good],
        &["GOV-002", "GOV-011"],
        &["GOV-002", "GOV-011"],
    );
    door.accepts_push("both", &[&good, LEDGER]);
}

#[test]
fn an_independence_log_is_one_of_this_run() {
    let (door, _) = reviewing();
    let good: Envelope = door.log_of(|_| {});
    for (what, envelope, code) in [
        (
            "of another run",
            door.log_of(|it| it.run_id = RunId::new("run_other").unwrap()),
            ["INT-004", "ATT-002"].as_slice(),
        ),
        (
            "of another commit",
            door.log_of(|it| it.commit = it.context.policy),
            &["ATT-002"],
        ),
        (
            "of another root",
            door.log_of(|it| it.root = Sha256::of(b"")),
            &["ATT-002"],
        ),
        ("empty", door.sealed(Kind::Independence, ""), &["INT-004"]),
        (
            "an empty object",
            door.sealed(Kind::Independence, "{}"),
            &["ATT-003"],
        ),
    ] {
        let refspec = door.logged(&envelope);
        door.refuses_push(what, &[&refspec], code);
    }
    let path = Kind::Independence
        .one_of(door.run(), good.digest())
        .to_path();
    let commit = door.grown(LEDGER, &[(path.to_str().unwrap(), Some(b""))]);
    door.refuses_push(
        "an empty file",
        &[&format!("{commit}:{LEDGER}")],
        &["INT-004"],
    );
    door.accepts_push("of this run", &[&door.logged(&good)]);
}
