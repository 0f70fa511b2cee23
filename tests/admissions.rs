//! Admissions as records: at the command, at the door and on a fresh clone.

use git_awo::record::{Line, RefName, Sha256, Token};
use git_awo::records::{
    AdmissionPredicate, Context, Kind, LedgerPath, Predicate, RevocationPredicate, Scope,
};
use git_awo::store::layout;

use crate::post_work::{PACKET, PLAN};
use crate::world::{AGENT, World};

const LEDGER: &[&str] = &["refs/awo/ledger"];
/// All records, as a run needs them.
const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

const RULE: &str = "admission-recorded";

/// A policy under which only a record admits.
pub fn by_record(text: &str) -> String {
    text.replacen("schema =", "requires = [\"admission/1\"]\nschema =", 1)
        .replacen("[gates]\n", "[gates]\nadmission = \"record\"\n", 1)
}

/// A world in which only a record admits, and a task is approved that nobody has admitted.
pub fn asked() -> World {
    let world = World::founded();
    world.next_policy(2, None, |text| by_record(&text));
    world.names("T-2", &["--owner", "acme", "--risk", "low"]);
    world
}

/// What olga types to admit the target of the task.
pub const ADMIT: &[&str] = &[
    "git", "awo", "admit", ".", "--owner", "acme", "--risk", "low",
];

pub const EXECUTE: &[&str] = &[
    "git", "awo", "run", "T-2", "--run-id", "run_2", "--", "sh", "-c", AGENT,
];

impl World {
    /// olga approves a task whose contract says this of its target.
    pub fn names(&self, task: &str, more: &[&str]) {
        let new = [
            "git",
            "awo",
            "task",
            "new",
            task,
            "--task",
            "it",
            "--allow",
            "src/",
            "--allow",
            "test_strings.py",
            "--validate",
            "true",
        ];
        self.ok("olga", "olga", &[&new[..], more].concat());
        self.approves_task(task);
        self.ok("olga", "olga", &["git", "awo", "push"]);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
    }

    /// olga types this, pushes it, and otto has it.
    #[track_caller]
    fn gives(&self, words: &[&str]) -> String {
        let text = self.ok("olga", "olga", words);
        self.ok("olga", "olga", &["git", "awo", "push"]);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
        text
    }

    /// A fresh clone finds nothing.
    #[track_caller]
    fn holds(&self) {
        let copy = self.copied();
        copy.fresh_clone();
        copy.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}

/// Adds a record to the ledger of a clone, signed by somebody, as no command would.
fn adds<P: Predicate>(
    world: &World,
    place: &str,
    who: &str,
    says: P,
    path: impl FnOnce(Sha256) -> LedgerPath,
) -> String {
    let envelope = world.actor(who).sign(says).unwrap();
    let path = path(envelope.digest()).to_path().to_string();
    let bytes = envelope.to_bytes();
    world.forge(place, &layout::ledger(), &[(&path, Some(&bytes))]);
    path
}

fn context(world: &World, who: &str, role: &str) -> Context {
    let actor = world.actor(who);
    let history = actor.history().unwrap();
    actor.context_as(
        &history,
        git_awo::record::IdentityName::new(who).unwrap(),
        role,
    )
}

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

/// What somebody says who admits a locator for acme with the risk low.
fn says(world: &World, who: &str, role: &str, locator: &str) -> AdmissionPredicate {
    AdmissionPredicate {
        context: context(world, who, role),
        locator: line(locator),
        nonce: Token::new("forged").unwrap(),
        owner: line("acme"),
        risk: line("low"),
        source: None,
    }
}

/// Adds an admission of the target to a clone; returns where it stands.
fn admitted_in(world: &World, place: &str, who: &str, role: &str) -> String {
    let says = says(world, who, role, ".");
    let scope = Scope::Locator(AdmissionPredicate::key_of("."));
    adds(world, place, who, says, |it| {
        Kind::Admission.one_of(scope, it)
    })
}

/// otto runs the task by an admission that only his clone has, and then has it no more.
fn runs_unadmitted(world: &World) {
    let path = admitted_in(world, "otto", "olga", "operator");
    world.ok("otto", "otto", EXECUTE);
    let ledger = RefName::new(LEDGER[0]).unwrap();
    world.forge("otto", &ledger, &[(&path, None)]);
    let there = world.ledger_of("otto");
    assert!(there.iter().all(|(it, _)| !it.contains("@admission-")));
    assert!(there.iter().any(|(it, _)| it == "run_2@run.dsse.json"));
}

/// The digest of the one admission in a ledger.
fn admission_of(world: &World, place: &str) -> Sha256 {
    let names = world.ledger_of(place).into_iter().map(|it| it.0);
    let mut all = names.filter(|it| it.contains("@admission-"));
    let name = all.next().expect("an admission");
    assert_eq!(all.next(), None, "one alone");
    match LedgerPath::parse(&name.as_str().into()) {
        Some(LedgerPath::Record(_, Kind::Admission, Some(digest))) => digest,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_an_admission_nothing_runs_and_with_one_it_does() {
    let world = asked();
    let text = world.refused("otto", "otto", EXECUTE, "GOV-002");
    for said in [
        RULE,
        "no admission of the target .",
        "git awo admit . --owner acme --risk low",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let status = world.ok("olga", "olga", &["git", "awo", "status"]);
    let next = "git awo admit . --owner acme --risk low, then git awo run T-2 -- COMMAND";
    assert!(status.contains(next), "{status}");
    // By hand it is refused at the door, and found where it was forced.
    let copy = world.copied();
    runs_unadmitted(&copy);
    copy.is_found_of("otto", RECORDS, "GOV-002", RULE);
    // The same run is taken once an operator has admitted the target.
    let copy = world.copied();
    runs_unadmitted(&copy);
    copy.push_refused("otto", RECORDS, "GOV-002");
    copy.gives(ADMIT);
    copy.push_accepted("otto", RECORDS);
    copy.holds();
    // As people do it.
    world.write("admissions/acme.json", "{}\n");
    let source = [ADMIT, &["--source", "../admissions/acme.json"]].concat();
    let text = world.gives(&source);
    assert!(
        text.contains(". is admitted for acme with the risk low"),
        "{text}"
    );
    let status = world.ok("olga", "olga", &["git", "awo", "status"]);
    assert!(!status.contains("git awo admit"), "{status}");
    world.ok("otto", "otto", EXECUTE);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.holds();
    // Everybody sees which file says so.
    let says = format!("\"sha256\": \"{}\"", Sha256::of(b"{}\n"));
    for name in ["T-2", "."] {
        let shown = world.ok("otto", "otto", &["git", "awo", "show", name]);
        assert!(
            shown.contains("\"name\": \"acme.json\"") && shown.contains(&says),
            "{shown}"
        );
    }
    // Saying it again adds nothing.
    let text = world.ok("olga", "olga", &source);
    assert!(text.contains("was admitted already"), "{text}");
    admission_of(&world, "olga");
}

#[test]
fn a_run_and_its_admission_may_come_together() {
    let world = asked();
    admitted_in(&world, "otto", "olga", "operator");
    world.ok("otto", "otto", EXECUTE);
    world.push_accepted("otto", RECORDS);
    world.holds();
}

#[test]
fn another_risk_another_owner_and_another_locator_admit_nothing() {
    let world = asked();
    for (what, words) in [
        (
            "is admitted for acme with the risk high",
            [".", "acme", "high"],
        ),
        (
            "is admitted for emca with the risk low",
            [".", "emca", "low"],
        ),
        ("no admission of the target .", ["elsewhere", "acme", "low"]),
    ] {
        let copy = world.copied();
        let [locator, owner, risk] = words;
        let admit = [
            "git", "awo", "admit", locator, "--owner", owner, "--risk", risk,
        ];
        copy.gives(&admit);
        let text = copy.refused("otto", "otto", EXECUTE, "GOV-002");
        assert!(text.contains(RULE) && text.contains(what), "{what}: {text}");
        runs_unadmitted_beside(&copy);
        copy.push_refused("otto", RECORDS, "GOV-002");
        // A later one that fits admits, whatever stands beside it.
        copy.gives(ADMIT);
        copy.push_accepted("otto", RECORDS);
        copy.holds();
    }
}

/// The same where admissions stand that do not fit.
fn runs_unadmitted_beside(world: &World) {
    let path = admitted_in(world, "otto", "olga", "operator");
    world.ok("otto", "otto", EXECUTE);
    world.forge("otto", &layout::ledger(), &[(&path, None)]);
}

#[test]
fn a_contract_that_names_no_risk_is_not_admitted() {
    let world = asked();
    world.names("T-3", &[]);
    world.gives(ADMIT);
    let run = ["git", "awo", "run", "T-3", "--", "sh", "-c", AGENT];
    let text = world.refused("otto", "otto", &run, "GOV-002");
    assert!(
        text.contains(RULE) && text.contains("without a class of risk"),
        "{text}"
    );
    // Whoever owns it need not be named.
    world.names("T-4", &["--risk", "low"]);
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "run", "T-4", "--", "sh", "-c", AGENT],
    );
}

#[test]
fn a_withdrawn_admission_admits_nothing_from_then_on() {
    let world = asked();
    world.gives(ADMIT);
    let digest = admission_of(&world, "olga").to_string();
    // What came before stays.
    let copy = world.copied();
    copy.ok("otto", "otto", EXECUTE);
    copy.ok("otto", "otto", &["git", "awo", "push"]);
    let revoke = ["git", "awo", "revoke", &digest, "--reason", "a mistake"];
    let text = copy.gives(&revoke);
    assert!(
        text.contains(&format!("withdrew the admission {digest}")),
        "{text}"
    );
    copy.holds();
    copy.rita_follows_and_lands("run_2");
    copy.holds();
    // A run that nobody had seen yet comes too late.
    world.ok("otto", "otto", EXECUTE);
    world.ok("olga", "olga", &revoke);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.refused("otto", "otto", &["git", "awo", "push"], "GOV-002");
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let late = world.copied();
    late.is_found_of("otto", RECORDS, "GOV-002", RULE);
    let text = world.push_refused("otto", RECORDS, "GOV-002");
    assert!(text.contains("was withdrawn"), "{text}");
    let again = [
        "git", "awo", "run", "T-2", "--run-id", "run_3", "--", "sh", "-c", AGENT,
    ];
    let text = world.refused("otto", "otto", &again, "GOV-002");
    assert!(text.contains(RULE), "{text}");
    let shown = world.ok("otto", "otto", &["git", "awo", "show", "."]);
    assert!(shown.contains("@revocation.dsse.json"), "{shown}");
    // Admitted again, it is another admission.
    let text = world.gives(ADMIT);
    assert!(text.contains("is admitted"), "{text}");
    world.push_accepted("otto", RECORDS);
    world.holds();
}

impl World {
    /// rita reviews a run, otto finalizes and lands it.
    #[track_caller]
    fn rita_follows_and_lands(&self, run: &str) {
        self.ok("rita", "rita", &["git", "awo", "fetch"]);
        self.rita_reviews(run);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
        self.ok("otto", "otto", &["git", "awo", "finalize", run]);
        self.ok("otto", "otto", &["git", "awo", "push"]);
    }
}

#[test]
fn only_an_operator_admits_and_withdraws() {
    let world = asked();
    for who in ["otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
        world.refused(who, who, ADMIT, "ATT-001");
    }
    // In a role that otto has, and in one that he has not.
    for role in ["orchestrator", "operator"] {
        let copy = world.copied();
        admitted_in(&copy, "otto", "otto", role);
        copy.push_refused("otto", LEDGER, "ATT-001");
        copy.force("otto", LEDGER);
        copy.fresh_clone();
        copy.verify_finds("ATT-001");
    }
    world.gives(ADMIT);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let digest = admission_of(&world, "rita");
    let name = digest.to_string();
    let revoke = ["git", "awo", "revoke", &name, "--reason", "no"];
    world.refused("rita", "rita", &revoke, "ATT-001");
    let copy = world.copied();
    let says = RevocationPredicate {
        admission: Some(AdmissionPredicate::key_of(".")),
        ..RevocationPredicate::of(context(&copy, "rita", "reviewer"), digest, "no".to_owned())
    };
    let path = |_| Kind::Revocation.of(Scope::Record(digest));
    adds(&copy, "rita", "rita", says, path);
    copy.push_refused("rita", LEDGER, "ATT-001");
    // An operator does both.
    world.gives(&revoke);
    world.holds();
}

#[test]
fn a_plan_waits_for_the_admission_too() {
    let world = asked();
    world.write("packet.toml", format!("{PACKET}risk = \"low\"\n"));
    world.write("plan.toml", PLAN);
    let import = ["git", "awo", "task", "import", "../packet.toml"];
    world.ok("olga", "olga", &import);
    world.gives(&["git", "awo", "approve", "WP-1"]);
    world.ok("otto", "otto", &["git", "awo", "claim", "WP-1"]);
    let plan = [
        "git",
        "awo",
        "packet",
        "pre-work",
        "WP-1",
        "--plan",
        "../plan.toml",
    ];
    let text = world.refused("otto", "otto", &plan, "GOV-002");
    assert!(text.contains(RULE), "{text}");
    // By an admission that only his clone has it is recorded, and refused at the door without that.
    let copy = world.copied();
    let scope = Scope::Locator(AdmissionPredicate::key_of("the sandbox"));
    let says = says(&copy, "olga", "operator", "the sandbox");
    let path = adds(&copy, "otto", "olga", says, |it| {
        Kind::Admission.one_of(scope, it)
    });
    copy.ok("otto", "otto", &plan);
    copy.forge("otto", &layout::ledger(), &[(&path, None)]);
    copy.is_found_of("otto", LEDGER, "GOV-002", RULE);
    world.gives(&[
        "git",
        "awo",
        "admit",
        "the sandbox",
        "--owner",
        "acme",
        "--risk",
        "low",
    ]);
    world.ok("otto", "otto", &plan);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.holds();
}

#[test]
fn what_is_admitted_is_one_line_of_text() {
    let world = asked();
    for words in [
        [" .", "acme", "low"],
        [".", "", "low"],
        [".", "acme", "lo\nw"],
        [".", "acme", "lo\u{202e}w"],
    ] {
        let [locator, owner, risk] = words;
        let admit = [
            "git", "awo", "admit", locator, "--owner", owner, "--risk", risk,
        ];
        let done = world.run("olga", "olga", &admit);
        assert_eq!(done.code, 2, "{words:?}: {}", done.text);
    }
}

#[test]
fn an_earlier_policy_asks_for_no_record_and_its_runs_stay() {
    let world = World::executed();
    world.next_policy(2, None, |text| by_record(&text));
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.holds();
    world.rita_follows_and_lands(crate::world::RUN);
    world.holds();
}
