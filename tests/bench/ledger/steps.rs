//! One more run in each ledger, from its contract to the fetch by another clone.
//!
//! `git push, no hooks` is the least that a push can cost: before git takes one, its connectivity
//! check walks every tree of the state that the records are added to.

use std::collections::BTreeMap;

use super::super::measure::{Cost, median, row};
use super::LARGEST_WHOLE;
use super::desk::Desk;

/// How often each command is measured in each ledger.
const ROUNDS: usize = 7;
/// A command that changes nothing and takes more seconds than this twice is not measured again.
const SLOW: f64 = 5.0;

/// What is measured, and how much more CPU time it may take in the last ledger than in the first.
const STEPS: [(&str, Option<f64>); 16] = [
    ("task new", None),
    ("approve TASK", None),
    ("run", None),
    ("gate", None),
    ("approve RUN", None),
    ("attest", None),
    ("finalize", None),
    ("show RUN", Some(1.5)),
    ("chain RUN", Some(1.5)),
    ("status", Some(1.5)),
    ("log", Some(1.5)),
    ("git push, no hooks", None),
    ("git awo push", Some(1.3)),
    ("git awo fetch", Some(1.3)),
    ("verify RUN", None),
    ("verify", None),
];

/// Measures every step in all ledgers, in turns, and prints a table.
pub fn measure(desks: &[Desk]) {
    let mut all: Vec<Costs> = desks.iter().map(Costs::of).collect();
    // The first round warms the caches of the file system.
    for round in 0..=ROUNDS {
        let mut order: Vec<usize> = (0..all.len()).collect();
        // Whoever goes first may pay for the other: they take turns.
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            all[at].one_more();
        }
    }
    println!("One more run; medians, and the largest ledger's divided by the first's.\n");
    let mut head = vec!["step".to_owned(), "rounds".to_owned()];
    for unit in ["CPU ms", "wall ms"] {
        head.extend(desks.iter().map(|it| format!("{unit} at {}", it.runs)));
    }
    head.extend(["CPU ratio", "wall ratio", "at most"].map(str::to_owned));
    row(&head);
    row(&vec!["---"; head.len()]);
    for (step, most) in STEPS {
        let counts: Vec<String> = all.iter().map(|it| it.rounds(step).to_string()).collect();
        let mut cells = vec![step.to_owned(), counts.join(", ")];
        let mut ratios = Vec::new();
        for part in [|it: &Cost| it.cpu, |it: &Cost| it.wall] {
            let measured = all.iter().filter(|it| it.rounds(step) > 0);
            let values: Vec<f64> = measured.map(|it| it.median(step, part) * 1e3).collect();
            cells.extend(values.iter().map(|it| format!("{it:.1}")));
            let missing = all.len() - values.len();
            cells.extend(vec!["–".to_owned(); missing]);
            ratios.push(match missing {
                0 => format!("{:.2}", values[values.len() - 1] / values[0]),
                _ => "–".to_owned(),
            });
        }
        cells.extend(ratios);
        cells.push(most.map_or_else(String::new, |it| it.to_string()));
        row(&cells);
    }
    for it in desks {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.trim();
        println!("ledger-{}: {} runs now; load {load}", it.runs, it.count());
    }
}

/// What the steps cost in one ledger.
struct Costs<'a> {
    desk: &'a Desk,
    costs: BTreeMap<&'static str, Vec<Cost>>,
}

impl<'a> Costs<'a> {
    fn of(desk: &'a Desk) -> Self {
        let costs = BTreeMap::new();
        Self { desk, costs }
    }

    /// Returns the measured rounds: all but the first, unless that is the only one.
    fn measured(&self, step: &str) -> &[Cost] {
        match self.costs.get(step).map(Vec::as_slice) {
            Some([_, measured @ ..]) if !measured.is_empty() => measured,
            Some(only) => only,
            None => &[],
        }
    }

    fn rounds(&self, step: &str) -> usize {
        self.measured(step).len()
    }

    fn median(&self, step: &str, part: fn(&Cost) -> f64) -> f64 {
        median(self.measured(step).iter().map(part).collect())
    }

    /// Runs a command at the desk.
    fn step(&mut self, step: &'static str, who: &str, words: &[&str]) {
        let cost = self.desk.cost(who, "desk", words);
        self.costs.entry(step).or_default().push(cost);
    }

    /// Runs a command at the desk that changes nothing, unless it is known to be slow.
    fn look(&mut self, step: &'static str, words: &[&str]) {
        let last_two = self.costs.get(step).and_then(|it| it.last_chunk::<2>());
        if last_two.is_none_or(|it| it.iter().any(|cost| cost.wall < SLOW)) {
            self.step(step, "vera", words);
        }
    }

    /// Makes one more run, pushes it, and fetches it into the other clone.
    fn one_more(&mut self) {
        let desk = self.desk;
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let (task, run) = (
            format!("B-{}", since.as_nanos()),
            format!("run_b_{}", since.as_nanos()),
        );
        let (task, run) = (task.as_str(), run.as_str());
        let agent = format!("echo '# {run}' >> src/strings.py");
        let new = ["git", "awo", "task", "new", task];
        let what = ["--task", "Another edition", "--allow", "src/strings.py"];
        let new = [&new[..], &what, &["--validate", "true"]].concat();
        self.step("task new", "olga", &new);
        let shown = ["git", "awo", "task", "show", task, "--json"];
        let shown = desk.ok("olga", "desk", &shown);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let sentence = shown["approval_sentence"].as_str().unwrap();
        let approve = ["git", "awo", "approve", task, "--sentence", sentence];
        self.step("approve TASK", "olga", &approve);
        let words = [
            "git", "awo", "run", task, "--run-id", run, "--", "sh", "-c", &agent,
        ];
        self.step("run", "otto", &words);
        self.step("gate", "rita", &["git", "awo", "gate", run]);
        self.step("approve RUN", "rita", &["git", "awo", "approve", run]);
        self.step("attest", "rita", &["git", "awo", "attest", run]);
        self.step("finalize", "otto", &["git", "awo", "finalize", run]);
        self.look("show RUN", &["git", "awo", "show", run]);
        self.look("chain RUN", &["git", "awo", "chain", run]);
        self.look("status", &["git", "awo", "status"]);
        self.look("log", &["git", "awo", "log"]);
        self.push();
        self.fetch();
        if desk.runs <= LARGEST_WHOLE {
            let middle = format!("run_{:06}", desk.runs / 2);
            self.look("verify RUN", &["git", "awo", "verify", &middle]);
            self.look("verify", &["git", "awo", "verify"]);
        }
    }

    /// Pushes the run to both servers.
    fn push(&mut self) {
        let desk = self.desk;
        let list = ["git", "for-each-ref", "--format=%(refname)"];
        let list = [&list[..], &["refs/awo", "refs/notes/awo"]].concat();
        let ahead = desk.ok("otto", "desk", &list);
        let newest = ahead
            .lines()
            .rfind(|it| it.starts_with("refs/awo/evidence/"))
            .unwrap();
        // The run that was just made has the earliest month: see the builder.
        let notes = |which: &str| {
            let below = format!("refs/notes/awo/{which}/");
            let mut names = ahead.lines();
            names.find(|it| it.starts_with(&below)).unwrap().to_owned()
        };
        let refs = [
            "main",
            newest,
            "refs/awo/ledger",
            &notes("approvals"),
            &notes("attestations"),
        ];
        // The same refs to the same state of the server, without any hook.
        let push = ["git", "push", "--quiet", "--no-verify", "--atomic"];
        let receive = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
        let push = [&push[..], &[receive, "../plain.git"], &refs].concat();
        self.step("git push, no hooks", "otto", &push);
        self.step("git awo push", "otto", &["git", "awo", "push"]);
        for name in refs {
            let here = desk.id("desk", name);
            assert_eq!(desk.id("server.git", name), here, "{name} is pushed");
            assert_eq!(desk.id("plain.git", name), here, "{name} is pushed");
        }
    }

    /// Fetches the run into the other clone.
    fn fetch(&mut self) {
        let desk = self.desk;
        let before = desk.governance("other");
        let cost = desk.cost("vera", "other", &["git", "awo", "fetch"]);
        self.costs.entry("git awo fetch").or_default().push(cost);
        assert_ne!(desk.governance("other"), before, "something is fetched");
        assert_eq!(desk.governance("other"), desk.governance("desk"));
    }
}
