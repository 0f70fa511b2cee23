//! A policy changes while a run is in flight: every stage of a run, every change that a policy can
//! make, and both orders in which they reach the server. What was accepted stays so in every clone,
//! and the run goes on, or another one does where the policy still takes one.

mod long;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::world::{AGENT, RUN, SENTENCE, TASK, World, policy};

/// The acts of a run, each by whom, in their order. The last two follow a rejection.
const ACTS: &[(&str, &str, &[&str])] = &[
    ("imported", "olga", &["task", "import", "../packet.md"]),
    (
        "approved",
        "olga",
        &["approve", TASK, "--sentence", SENTENCE],
    ),
    (
        "executed",
        "otto",
        &["run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT],
    ),
    ("reviewed", "rita", &["gate", RUN]),
    ("audited", "rita", &["approve", RUN]),
    ("attested", "rita", &["attest", RUN]),
    ("finalized", "otto", &["finalize", RUN]),
    (
        "accepted",
        "olga",
        &["outcome", RUN, "accepted", "--reason", "so"],
    ),
    (
        "rejected",
        "olga",
        &["outcome", RUN, "rejected", "--reason", "so"],
    ),
    ("rolled back", "otto", &["rollback", RUN]),
];

/// The act before another.
fn before(act: usize) -> Option<usize> {
    match ACTS[act].0 {
        "imported" => None,
        // Both follow the finalization.
        "rejected" => Some(act - 2),
        _ => Some(act - 1),
    }
}

/// A change of the policy.
struct Change {
    name: &'static str,
    edit: fn(&World, String) -> String,
    signers: fn(&World, String) -> String,
    /// What becomes of a run that is not on the branch yet.
    then: Then,
}

/// What a policy leaves to a run in flight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The run goes on.
    GoesOn,
    /// The run goes on, or another one of the same task takes its place.
    OrAnother,
    /// Nothing lands while it is in force; then the next policy lets the run go on.
    Waits,
    /// The policy takes no such run.
    Ends,
}

const fn change(name: &'static str, then: Then, edit: fn(&World, String) -> String) -> Change {
    Change {
        name,
        edit,
        signers: |_, text| text,
        then,
    }
}

const fn keys(name: &'static str, then: Then, signers: fn(&World, String) -> String) -> Change {
    Change {
        name,
        edit: |_, text| text,
        signers,
        then,
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} stands in the policy\n{text}");
    text.replace(from, to)
}

fn with(text: String, more: &str) -> String {
    format!("{text}\n{more}\n")
}

const CHANGES: &[Change] = &[
    change("nothing", Then::GoesOn, |_, text| text),
    change(
        "two operators approve a task",
        Then::OrAnother,
        |_, text| replaced(&text, "task_approvals = 1", "task_approvals = 2"),
    ),
    change("two reviewers approve a run", Then::GoesOn, |_, text| {
        replaced(&text, "audit_approvals = 1", "audit_approvals = 2")
    }),
    change("both", Then::OrAnother, |_, text| {
        let text = replaced(&text, "task_approvals = 1", "task_approvals = 2");
        replaced(&text, "audit_approvals = 1", "audit_approvals = 2")
    }),
    change("approvals of one day", Then::OrAnother, |_, text| {
        replaced(&text, "approval_days = 30", "approval_days = 1")
    }),
    change("nobody may override", Then::GoesOn, |_, text| {
        replaced(
            &text,
            "self_approval_override = [\"olga\"]",
            "self_approval_override = []",
        )
    }),
    change("attestations need a touch", Then::Ends, |_, text| {
        replaced(
            &text,
            "[gates]",
            "[gates]\nrequire_touch = [\"attestation\"]",
        )
    }),
    change("approvals need a touch", Then::Ends, |_, text| {
        replaced(&text, "[gates]", "[gates]\nrequire_touch = [\"approval\"]")
    }),
    change("commits need a touch", Then::Ends, |_, text| {
        replaced(&text, "[gates]", "[gates]\nrequire_touch = [\"commit\"]")
    }),
    change("another operator", Then::OrAnother, |_, text| {
        replaced(
            &text,
            "name = \"olga\"\nroles = [\"operator\"]",
            "name = \"olga\"\nroles = []",
        )
    }),
    change("another orchestrator", Then::OrAnother, |_, text| {
        replaced(
            &text,
            "roles = [\"orchestrator\", \"reviewer\"]",
            "roles = [\"reviewer\"]",
        )
    }),
    change("another reviewer", Then::OrAnother, |_, text| {
        replaced(
            &text,
            "name = \"rita\"\nroles = [\"reviewer\"]",
            "name = \"rita\"\nroles = []",
        )
    }),
    keys(
        "another key of the operator",
        Then::OrAnother,
        |world, text| world.with_a_new_key("olga", &text),
    ),
    keys(
        "another key of the orchestrator",
        Then::OrAnother,
        |world, text| world.with_a_new_key("otto", &text),
    ),
    keys(
        "another key of the reviewer",
        Then::OrAnother,
        |world, text| world.with_a_new_key("rita", &text),
    ),
    Change {
        name: "the orchestrator leaves",
        edit: |_, text| {
            let who = "[[identity]]\nname = \"otto\"\nroles = [\"orchestrator\", \"reviewer\"]\n";
            replaced(&text, who, "")
        },
        signers: |_, text| without(&text, "otto"),
        then: Then::OrAnother,
    },
    Change {
        name: "the reviewer leaves",
        edit: |_, text| {
            let text = replaced(&text, "\"olga\", \"rita\"]", "\"olga\"]");
            replaced(
                &text,
                "[[identity]]\nname = \"rita\"\nroles = [\"reviewer\"]\n",
                "",
            )
        },
        signers: |_, text| without(&text, "rita"),
        then: Then::OrAnother,
    },
    change("the branch takes no runs", Then::Ends, |_, text| {
        replaced(
            &text,
            "accept = [\"governed\", \"rollback\"]",
            "accept = [\"rollback\"]",
        )
    }),
    change("the branch takes no roll-backs", Then::GoesOn, |_, text| {
        replaced(
            &text,
            "accept = [\"governed\", \"rollback\"]",
            "accept = [\"governed\"]",
        )
    }),
    change("the branch has no rules", Then::Ends, |_, text| {
        replaced(
            &text,
            "pattern = \"refs/heads/main\"",
            "pattern = \"refs/heads/other\"",
        )
    }),
    change("the path is protected", Then::Ends, |_, text| {
        replaced(
            &text,
            "\".github/workflows/\"]",
            "\".github/workflows/\", \"src/\"]",
        )
    }),
    change("the path has other writers", Then::Ends, |_, text| {
        with(
            text,
            "[[rule]]\nname = \"src\"\nrefs = [\"refs/heads/**\"]\npaths = [\"src/\"]\nwriters = [\"olga\"]",
        )
    }),
    change("records are smaller", Then::Ends, |_, text| {
        with(text, "[limits]\nrecord_bytes = 900")
    }),
    change("evidence is smaller", Then::Ends, |_, text| {
        with(text, "[limits]\nevidence_bytes = 900")
    }),
    change("inventories are smaller", Then::Ends, |_, text| {
        with(text, "[limits]\ninventory_lines = 1")
    }),
    change("paths are shorter", Then::Ends, |_, text| {
        with(text, "[limits]\npath_bytes = 10")
    }),
    change("nothing passes", Then::Waits, |_, text| {
        replaced(&text, "\"HYBRID\"", "\"LOCKED\"")
    }),
    change("the policy is over", Then::Waits, |_, text| {
        let soon = jiff::Timestamp::now().as_second() + 2;
        let soon = jiff::Timestamp::from_second(soon).unwrap();
        replaced(&text, "level =", &format!("expires = \"{soon}\"\nlevel ="))
    }),
    change("another root", Then::GoesOn, |_, text| {
        replaced(
            &text,
            "identities = [\"olga\"]",
            "identities = [\"olga\", \"vera\"]",
        )
    }),
];

fn without(signers: &str, who: &str) -> String {
    let lines = signers
        .lines()
        .filter(|line| !line.starts_with(&format!("{who} ")));
    lines.map(|line| format!("{line}\n")).collect()
}

impl World {
    /// Puts a version of the policy into force, from a clone of olga's that does nothing else.
    fn change(&self, version: u32, change: &Change) {
        let first = ["git", "rev-list", "--max-parents=0", "refs/heads/main"];
        let adopted = self.ok("olga", "root", &first);
        let vera = "[[identity]]\nname = \"vera\"\nroles = [\"operator\", \"orchestrator\", \"reviewer\"]\n";
        let text = policy(version, adopted.trim(), vera);
        self.write("policy/next.toml", (change.edit)(self, text));
        let signers = std::fs::read_to_string(self.path("policy/allowed_signers")).unwrap();
        let key = std::fs::read_to_string(self.path("home/vera/key.pub")).unwrap();
        let signers = format!("{signers}vera {key}");
        self.write("policy/next_signers", (change.signers)(self, signers));
        let propose = [
            "policy",
            "propose",
            "../policy/next.toml",
            "--allowed-signers",
            "../policy/next_signers",
        ];
        for words in [&["fetch"][..], &propose, &["policy", "apply"], &["push"]] {
            self.ok("olga", "root", &[&["git", "awo"], words].concat());
        }
        // Who has a new key uses it from now on.
        for who in ["olga", "otto", "rita"] {
            if self.path(&format!("home/{who}/new")).exists() {
                let config = ["git", "config", "--global", "user.signingkey", "~/new"];
                self.ok(who, ".", &config);
            }
        }
    }

    fn tries(&self, who: &str, words: &[&str]) -> bool {
        let done = self.run(who, who, &[&["git", "awo"], words].concat());
        if std::env::var_os("AWO_SHOW").is_some() {
            println!("{who}$ git awo {}\n{}", words.join(" "), done.text);
        }
        done.code == 0
    }

    /// Verifies a new clone, one that was away since before the run, and those that were there. A
    /// branch of somebody that the server does not take is theirs to mend.
    #[track_caller]
    fn verifies(&self, what: &str) {
        let _ = std::fs::remove_dir_all(self.path("vera"));
        self.fresh_clone();
        for (who, place) in [
            ("vera", "vera"),
            ("olga", "lagging"),
            ("otto", "otto"),
            ("rita", "rita"),
        ] {
            if place != "vera" {
                self.ok(who, place, &["git", "awo", "fetch"]);
            }
            let rev = |name| self.ok(who, place, &["git", "rev-parse", name]);
            if rev("refs/heads/main") == rev("refs/remotes/origin/main") || place == "lagging" {
                let done = self.run(who, place, &["git", "awo", "verify"]);
                assert_eq!(done.code, 0, "{what}: {place}\n{}", done.text);
            }
        }
    }

    /// Tells whether the branch is at the commit of a run, or was.
    fn has_landed(&self, run: &str) -> bool {
        let done = self.run(
            "server",
            "server.git",
            &[
                "git",
                "log",
                "--format=%(trailers:key=AWO-Run,valueonly)",
                "refs/heads/main",
            ],
        );
        done.text.lines().any(|line| line == run)
    }

    /// Goes on with a run by whoever may, from wherever it is.
    fn goes_on(&self, run: &str) -> bool {
        for who in ["otto", "rita", "vera", "olga"] {
            self.tries(who, &["fetch"]);
        }
        self.push("otto");
        for who in ["rita", "vera"] {
            self.tries(who, &["gate", run]);
            self.tries(who, &["approve", run]);
            self.push(who);
        }
        self.tries("vera", &["fetch"]);
        for who in ["vera", "rita"] {
            self.tries(who, &["attest", run]);
            self.push(who);
        }
        for who in ["otto", "vera"] {
            self.tries(who, &["fetch"]);
            self.tries(who, &["finalize", run]);
            self.push(who);
            if self.has_landed(run) {
                return true;
            }
        }
        false
    }

    fn push(&self, who: &str) {
        // What is set aside is named the first time; what may land another day only if it is asked for.
        let pushed = self.tries(who, &["push"]) || self.tries(who, &["push"]);
        if !pushed && self.tries(who, &["push", "--set-aside"]) {
            self.tries(who, &["push"]);
        }
    }

    /// Executes the task again, newly approved.
    fn begins_again(&self, run: &str) {
        for who in ["olga", "vera"] {
            self.tries(who, &["fetch"]);
            self.tries(who, &["task", "import", "../packet.md"]);
            self.tries(who, &["approve", TASK, "--again", "--sentence", SENTENCE]);
            self.push(who);
        }
        for who in ["otto", "vera"] {
            let back = ["git", "reset", "--quiet", "--keep", "origin/main"];
            self.run(who, who, &back);
            self.tries(who, &["fetch"]);
            self.tries(
                who,
                &["run", TASK, "--run-id", run, "--", "sh", "-c", AGENT],
            );
            self.push(who);
        }
    }
}

/// The worlds in which an act was just done: pushed and fetched by all, or not pushed.
struct Worlds {
    pushed: Vec<World>,
    made: Vec<World>,
}

fn act(world: &World, number: usize) {
    let (_, who, words) = ACTS[number];
    world.ok(who, who, &[&["git", "awo"], words].concat());
}

fn worlds() -> Worlds {
    let founded = World::founded();
    founded.write("packet.md", crate::world::PACKET);
    for copy in ["root", "lagging"] {
        founded.ok("olga", ".", &["cp", "-a", "olga", copy]);
    }
    let (mut pushed, mut made): (Vec<World>, Vec<World>) = (Vec::new(), Vec::new());
    for (number, (_, who, _)) in ACTS.iter().enumerate() {
        let world = match before(number) {
            Some(before) => pushed[before].copied(),
            None => founded.copied(),
        };
        act(&world, number);
        made.push(world.copied());
        world.ok(who, who, &["git", "awo", "push"]);
        for other in ["olga", "otto", "rita"] {
            world.ok(other, other, &["git", "awo", "fetch"]);
        }
        pushed.push(world);
    }
    Worlds { pushed, made }
}

/// How a cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// It had landed before, or the same run landed.
    SameRun,
    /// Another run of the task landed.
    AnotherRun,
    /// The policy takes no run.
    None,
}

/// Plays one cell.
fn play(world: &World, number: usize, change: &Change, is_pushed: bool) -> End {
    let (stage, who, _) = ACTS[number];
    let order = if is_pushed {
        "then the policy"
    } else {
        "after the policy"
    };
    let what = format!("{stage}, {order}: {}", change.name);
    world.change(2, change);
    if change.name == "the policy is over" {
        std::thread::sleep(std::time::Duration::from_millis(2_500));
    }
    let waits = change.then == Then::Waits;
    if !is_pushed && waits {
        world.refused(who, who, &["git", "awo", "push"], "GOV-00");
    } else if !is_pushed {
        world.push(who);
    }
    let landed = world.has_landed(RUN);
    if !waits || is_pushed {
        world.verifies(&what);
    }
    if landed {
        return End::SameRun;
    }
    if waits {
        world.change(3, &CHANGES[0]);
        world.push(who);
        world.verifies(&what);
    }
    let end = if world.goes_on(RUN) {
        End::SameRun
    } else {
        world.begins_again("run_again");
        match world.goes_on("run_again") {
            true => End::AnotherRun,
            false => End::None,
        }
    };
    world.verifies(&what);
    let early = number < 2;
    let allowed: &[End] = match change.then {
        Then::GoesOn | Then::Waits if early => &[End::AnotherRun],
        Then::GoesOn | Then::Waits => &[End::SameRun],
        Then::OrAnother => &[End::SameRun, End::AnotherRun],
        Then::Ends => &[End::SameRun, End::AnotherRun, End::None],
    };
    assert!(allowed.contains(&end), "{what}: ended with {end:?}");
    end
}

/// Plays the cells for which `chosen` holds.
fn matrix(chosen: impl Fn(usize, &Change, bool) -> bool) -> BTreeMap<End, usize> {
    let worlds = worlds();
    let mut cells = Vec::new();
    for (number, _) in ACTS.iter().enumerate() {
        for change in CHANGES {
            for is_pushed in [true, false] {
                if chosen(number, change, is_pushed) {
                    cells.push((number, change, is_pushed));
                }
            }
        }
    }
    let (next, ends) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let wrong = Mutex::new(Vec::new());
    let work = |copies: &Mutex<&Worlds>| {
        while let Some((number, change, is_pushed)) = cells.get(next.fetch_add(1, Ordering::SeqCst))
        {
            let world = {
                let worlds = copies.lock().unwrap();
                let from = if *is_pushed {
                    &worlds.pushed
                } else {
                    &worlds.made
                };
                from[*number].copied()
            };
            let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                play(&world, *number, change, *is_pushed)
            }));
            match played {
                Ok(end) => *ends.lock().unwrap().entry(end).or_insert(0) += 1,
                Err(why) => {
                    let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
                    wrong.lock().unwrap().push(why);
                }
            }
        }
    };
    let copies = Mutex::new(&worlds);
    std::thread::scope(|scope| {
        let (work, copies) = (&work, &copies);
        scope.spawn(move || work(copies));
        scope.spawn(move || work(copies));
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} cells:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    ends.into_inner().unwrap()
}

#[test]
fn a_run_in_flight_meets_a_stricter_gate_by_further_approvals() {
    let gates = [
        "two reviewers approve a run",
        "two operators approve a task",
    ];
    let ends = matrix(|number, change, is_pushed| {
        gates.contains(&change.name) && number >= 2 && (is_pushed || number == 5)
    });
    assert_eq!(ends.values().sum::<usize>(), 18);
}
