//! Waivers: a person's decision that gates of post-work need not hold, for some paths, in so many runs.

use git_awo::record::{DecisionId, RunId, Timestamp};
use git_awo::records::{DecisionPredicate, Kind, LedgerPath, RunPredicate};
use git_awo::store::layout;

use crate::aside::other_machine;
use crate::hostile::Case;
use crate::post_work::{DO, RECORDS, TASK, gates_of, published, run, set};
use crate::work::outlined;
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "P-30",
        attack: "a waiver that is used once more than it says, by two clones at once, or by a run record that names it \
                 by hand",
        answer: "REP-001",
        tests: &[
            "waivers::two_clones_use_the_last_use_of_one_waiver",
            "waivers::a_waiver_that_is_used_up_is_not_named_by_hand",
        ],
    },
    Case {
        id: "P-31",
        attack: "a waiver that is withdrawn, that has expired by the server's clock, that comes with the run, or after it",
        answer: "GOV-005, GOV-011",
        tests: &[
            "waivers::a_waiver_ends_between_two_runs_by_the_servers_clock",
            "waivers::a_waiver_that_is_withdrawn_covers_no_further_run",
            "waivers::what_counts_is_when_the_server_received_it",
        ],
    },
    Case {
        id: "P-32",
        attack: "a waiver by whoever made the run",
        answer: "GOV-001",
        tests: &["waivers::nobody_waives_for_a_run_of_their_own"],
    },
];

/// A second run of the same task.
const SECOND: &str = "run_second";

/// An hour, in seconds.
const HOUR: i64 = 3_600;

/// So many seconds a short waiver holds: enough to be used.
const SHORT: i64 = 20;

/// Waives that the number of lines is as planned, for this many runs and a day.
fn waive(uses: &str) -> [&str; 15] {
    [
        "git",
        "awo",
        "waive",
        "--task",
        TASK,
        "--gates",
        "line_delta_equals_expected",
        "--paths",
        "docs/notes.md",
        "--expires",
        "1d",
        "--uses",
        uses,
        "--reason",
        "a line more",
    ]
}

/// Writes one line more than planned.
fn more() -> String {
    format!("{DO}\necho more >> docs/notes.md")
}

/// The words of a run that writes one line more than planned.
fn longer(id: &str) -> Vec<String> {
    let script = more();
    let words = ["git", "awo", "run", TASK, "--run-id", id, "--", "sh", "-c"];
    words
        .into_iter()
        .chain([&*script])
        .map(str::to_owned)
        .collect()
}

impl World {
    /// Somebody waives, by a clock that is so many seconds slow; returns the waiver's name.
    #[track_caller]
    fn waives(&self, who: &str, uses: &str, slow: i64) -> DecisionId {
        self.ok(who, who, &["git", "awo", "fetch"]);
        let done = self.earlier(who, slow, &waive(uses));
        assert_eq!(done.code, 0, "{}", done.text);
        DecisionId::new(done.text.split_whitespace().nth(2).unwrap()).unwrap()
    }

    /// The same by olga and a good clock, and otto knows it from the server.
    #[track_caller]
    fn has_waived(&self, uses: &str) -> DecisionId {
        let id = self.waives("olga", uses, 0);
        self.shares_records();
        id
    }

    /// What olga has is on the server, and otto knows it from there.
    #[track_caller]
    fn shares_records(&self) {
        self.ok("olga", "olga", &["git", "awo", "push"]);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
    }

    /// olga approves the task for one more run, longer than before.
    #[track_caller]
    pub fn approves_once_more(&self) {
        self.ok("olga", "olga", &["git", "awo", "fetch"]);
        let again = ["git", "awo", "approve", TASK, "--again"];
        let done = self.earlier("olga", -60, &again);
        assert_eq!(done.code, 0, "{}", done.text);
        self.shares_records();
    }

    /// otto runs what writes a line more than planned, in this clone of his.
    #[track_caller]
    fn runs_longer(&self, place: &str, id: &str) {
        let words = longer(id);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        self.ok("otto", place, &words);
    }

    /// The same by a clock that is so many seconds slow; returns the gates that refuse it, and all that is said.
    #[track_caller]
    fn cannot_run_longer(&self, id: &str, slow: i64) {
        let words = longer(id);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let done = self.earlier("otto", slow, &words);
        assert_eq!(done.code, 1, "{}", done.text);
        assert!(done.text.contains("GOV-002"), "{}", done.text);
        let gates = set(&["line_delta_equals_expected"]);
        assert_eq!(gates_of(&done.text), gates, "{}", done.text);
    }

    /// A run that only otto's clone has names this waiver and is listed by it, although the harness did not use it.
    fn names_by_hand(&self, run: &str, waiver: &DecisionId) {
        self.retells(run, |says| {
            says.work.as_mut().unwrap().waivers = vec![waiver.clone()]
        });
        let decision = self.envelope("otto", &Kind::Decision.of(waiver)).digest();
        let mark = LedgerPath::Used(decision, RunId::new(run).unwrap());
        let (mark, line) = (mark.to_path().to_string(), format!("{run}\n"));
        self.forge("otto", &layout::ledger(), &[(&mark, Some(line.as_bytes()))]);
    }
}

#[test]
fn a_waiver_names_gates_paths_and_a_number() {
    let world = outlined();
    let waive = |gates: &'static str, paths: &'static str, uses: &'static str| {
        [
            "git",
            "awo",
            "waive",
            "--task",
            "SK-1",
            "--gates",
            gates,
            "--paths",
            paths,
            "--expires",
            "7d",
            "--uses",
            uses,
            "--reason",
            "the generator moves lines",
        ]
    };
    for (gates, paths, uses, code, rule) in [
        ("pre_sha1_captured", "src/", "1", "GOV-009", "waiver-gate"),
        (
            "anchors_present,window_matches_plan",
            "src/",
            "1",
            "GOV-009",
            "waiver-gate",
        ),
        ("window_matches_plan", "**", "1", "GOV-003", "waiver-scope"),
        (
            "window_matches_plan",
            "[a-z]*/**",
            "1",
            "GOV-003",
            "waiver-scope",
        ),
        (
            "window_matches_plan",
            "?r*/",
            "1",
            "GOV-003",
            "waiver-scope",
        ),
        ("window_matches_plan", "*s*", "1", "GOV-003", "waiver-scope"),
        (
            "window_matches_plan",
            "src/,*",
            "1",
            "GOV-003",
            "waiver-scope",
        ),
        (
            "window_matches_plan",
            "!src/",
            "1",
            "GOV-003",
            "waiver-scope",
        ),
        (
            "window_matches_plan",
            "src/",
            "0",
            "INT-004",
            "decision-form",
        ),
        (
            "window_matches_plan",
            "src/",
            "101",
            "INT-004",
            "decision-form",
        ),
    ] {
        let text = world.refused("olga", "olga", &waive(gates, paths, uses), code);
        assert!(text.contains(rule), "{gates} {paths} {uses}: {text}");
    }
    // Only an operator waives.
    world.refused(
        "rita",
        "rita",
        &waive("window_matches_plan", "src/", "1"),
        "ATT-001",
    );
    let all = "window_matches_plan,rails_untouched_outside_window,line_delta_equals_expected,all_links_resolvable";
    world.ok("olga", "olga", &waive(all, "src/strings.py", "100"));
    // Another one of the same task stands beside it; the same one twice does not.
    world.ok("olga", "olga", &waive("window_matches_plan", "src/", "2"));
    let text = world.refused(
        "olga",
        "olga",
        &waive("window_matches_plan", "src/", "2"),
        "REP-003",
    );
    assert!(text.contains("one-live-decision"), "{text}");
    world.shares();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_waiver_covers_its_gate_for_its_paths_in_so_many_runs() {
    let world = published();
    world.cannot_run_longer(RUN, 0);
    let id = world.has_waived("1");
    // What it does not cover is refused as before.
    let other = format!("{}\necho '# x' >> src/strings.py", more());
    world.refused("otto", "otto", &run(&other), "GOV-002");
    world.runs_longer("otto", RUN);
    let says: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    assert_eq!(says.work.unwrap().waivers, [id]);
    // Without naming it the run is refused.
    let copy = world.copied();
    copy.retells(RUN, |says| says.work.as_mut().unwrap().waivers.clear());
    copy.push_refused("otto", RECORDS, "GOV-002");
    world.push_accepted("otto", RECORDS);
    world.reviews();
    world.push_accepted("otto", &["main", "refs/awo/ledger", "refs/notes/awo/*"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// A world in which otto, an operator as well, has waived, and run as planned; returns the waiver.
fn of_an_operator() -> (World, DecisionId) {
    let world = published();
    world.next_policy(2, None, |text| {
        let (before, after) = text.split_once("name = \"otto\"\n").unwrap();
        let after = after.replacen("roles = [\"", "roles = [\"operator\", \"", 1);
        format!("{before}name = \"otto\"\n{after}")
    });
    let id = world.waives("otto", "1", 0);
    world.publishes();
    // The harness does not use it.
    world.cannot_run_longer(RUN, 0);
    world.ok("otto", "otto", &run(DO));
    (world, id)
}

/// The same, where the run names the waiver by hand.
pub fn for_himself() -> World {
    let (world, id) = of_an_operator();
    world.names_by_hand(RUN, &id);
    world
}

/// A world in which otto has run under a waiver that olga has not pushed.
pub fn too_early() -> World {
    let world = published();
    world.waives("olga", "1", 0);
    world.hands_over("olga", "otto");
    world.forgets_the_log("otto");
    world.runs_longer("otto", RUN);
    world
}

#[test]
fn nobody_waives_for_a_run_of_their_own() {
    let copy = for_himself();
    copy.is_found_of("otto", RECORDS, "GOV-001", "waiver-beneficiary");
    let (world, _) = of_an_operator();
    world.push_accepted("otto", RECORDS);
}

/// A world in which two clones of otto's have run under one waiver, and the other one has pushed.
pub fn raced(uses: &str) -> World {
    let world = published();
    world.has_waived(uses);
    let other = other_machine(&world, "otto");
    world.approves_once_more();
    world.runs_longer(&other, RUN);
    world.runs_longer("otto", SECOND);
    world.ok("otto", &other, &["git", "awo", "push"]);
    world
}

#[test]
fn two_clones_use_the_last_use_of_one_waiver() {
    let world = raced("1");
    let door = world.copied();
    door.ok("otto", "otto", &["git", "awo", "fetch"]);
    door.is_found_of("otto", RECORDS, "REP-001", "waiver-uses");
    // The command sets aside what can never land.
    let aside = format!("set aside: {SECOND}@run.dsse.json");
    world.sets_aside("otto", "REP-001", &["waiver-uses", &aside]);

    let world = raced("2");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_waiver_that_is_used_up_is_not_named_by_hand() {
    let world = published();
    let id = world.has_waived("1");
    world.runs_longer("otto", RUN);
    // Two that come at once are too many as well.
    let both = world.copied();
    both.approves_once_more();
    both.ok("otto", "otto", &second());
    both.names_by_hand(SECOND, &id);
    both.is_found_of("otto", RECORDS, "REP-001", "waiver-uses");

    world.push_accepted("otto", RECORDS);
    world.approves_once_more();
    world.cannot_run_longer(SECOND, 0);
    world.ok("otto", "otto", &second());
    let copy = world.copied();
    copy.names_by_hand(SECOND, &id);
    copy.is_found_of("otto", RECORDS, "REP-001", "waiver-uses");
    // It is not needed.
    world.push_accepted("otto", RECORDS);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// The second run, as it was planned.
fn second() -> [&'static str; 10] {
    let mut words = run(DO);
    words[5] = SECOND;
    words
}

#[test]
fn a_waiver_that_is_withdrawn_covers_no_further_run() {
    let world = published();
    world.approves_once_more();
    let id = world.has_waived("9");
    world.runs_longer("otto", RUN);
    let revoke = ["git", "awo", "revoke", id.as_str(), "--reason", "no more"];
    let withdraws = |world: &World| {
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
        world.ok("olga", "olga", &revoke);
        world.shares_records();
    };
    // While the run is on its way.
    let late = world.copied();
    withdraws(&late);
    late.is_found_of("otto", RECORDS, "GOV-005", "approval-revoked");
    // After it came, that run lands, and the next one is not covered.
    world.push_accepted("otto", RECORDS);
    withdraws(&world);
    world.cannot_run_longer(SECOND, 0);
    world.reviews();
    world.push_accepted("otto", &["main", "refs/awo/ledger", "refs/notes/awo/*"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_waiver_ends_between_two_runs_by_the_servers_clock() {
    let world = published();
    world.approves_once_more();
    let id = world.waives("olga", "9", 24 * HOUR - SHORT);
    world.shares_records();
    let says: DecisionPredicate = world.predicate("otto", &Kind::Decision.of(&id));
    // By a clock that is fast it is over, and the harness does not use it.
    world.cannot_run_longer(RUN, -HOUR);
    let late = world.copied();
    world.runs_longer("otto", RUN);
    world.push_accepted("otto", RECORDS);
    while Timestamp::from_seconds(jiff::Timestamp::now().as_second()).unwrap() <= says.expires {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    late.cannot_run_longer(SECOND, 0);
    // By one that is slow it holds; the server's clock decides.
    let words = longer(SECOND);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let done = late.earlier("otto", HOUR, &words);
    assert_eq!(done.code, 0, "{}", done.text);
    let text = late.push_refused("otto", RECORDS, "GOV-005");
    assert!(text.contains("approval-unexpired"), "{text}");
    // What was received in time stays.
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_waiver_is_made_by_clocks_that_differ_and_judged_by_the_servers() {
    let world = published();
    let ledger = &["refs/awo/ledger"];
    // Over when it arrives, and longer than a decision may hold.
    let slow = world.copied();
    slow.waives("olga", "1", 25 * HOUR);
    let text = slow.push_refused("olga", ledger, "GOV-005");
    assert!(text.contains("approval-unexpired"), "{text}");
    let fast = world.copied();
    fast.waives("olga", "1", -32 * 24 * HOUR);
    let text = fast.push_refused("olga", ledger, "GOV-005");
    assert!(text.contains("approval-lifetime"), "{text}");
    for slow in [3 * HOUR, -3 * HOUR] {
        let world = world.copied();
        world.waives("olga", "1", slow);
        world.push_accepted("olga", ledger);
    }
}

#[test]
fn what_counts_is_when_the_server_received_it() {
    let world = published();
    // Signed three hours before the run, it comes in the same push, or is not there.
    let id = world.waives("olga", "1", 3 * HOUR);
    let early = world.copied();
    early.hands_over("olga", "otto");
    early.cannot_run_longer(RUN, 0);
    early.forgets_the_log("otto");
    early.runs_longer("otto", RUN);
    early.is_found_of("otto", RECORDS, "GOV-011", "waiver-received");
    let never = world.copied();
    never.ok("otto", "otto", &run(DO));
    never.retells(RUN, |says| says.work.as_mut().unwrap().waivers = vec![id]);
    never.is_found_of("otto", RECORDS, "GOV-011", "waiver-received");
    // It is received after that push: the run may come once more.
    let again = too_early();
    again.push_refused("otto", RECORDS, "GOV-011");
    again.ok("olga", "olga", &["git", "awo", "push"]);
    again.push_accepted("otto", RECORDS);
    // Signed three hours after the run, it was received before.
    let world = published();
    world.waives("olga", "1", -3 * HOUR);
    world.shares_records();
    world.runs_longer("otto", RUN);
    for world in [again, world] {
        world.ok("otto", "otto", &["git", "awo", "push"]);
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}
