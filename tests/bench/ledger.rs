//! What a long history costs: the commands of the main road at a ledger of 100 runs, and at one of
//! 10,000.
//!
//! `git push, no hooks` is the least that a push can cost: before git takes one, it walks every tree
//! of the state that the records are added to.

mod build;
mod desk;
mod template;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use super::measure::{self, Cost, median};
use desk::Desk;

/// How many runs the two ledgers have.
const SIZES: [usize; 2] = [100, 10_000];
/// How often each command is measured at each size.
const ROUNDS: usize = 7;

/// `AWO_BENCH_KEEP=DIRECTORY` keeps the two worlds there and takes them up again;
/// `AWO_BENCH_LEDGER=100,10000` measures other sizes.
#[test]
#[ignore = "benchmark: run by hand with cargo test --release --test awo -- --ignored --nocapture bench_ledger"]
fn bench_ledger() {
    let sizes = std::env::var("AWO_BENCH_LEDGER").ok();
    let sizes: Vec<usize> = match &sizes {
        Some(list) => list
            .split(',')
            .map(|it| it.trim().parse().unwrap())
            .collect(),
        None => SIZES.to_vec(),
    };
    let temporary = assert_fs::TempDir::new().unwrap();
    let kept = std::env::var_os("AWO_BENCH_KEEP").map(PathBuf::from);
    let root = kept.unwrap_or_else(|| temporary.path().to_owned());
    let desks: Vec<Desk> = sizes.iter().map(|runs| take_up(&root, *runs)).collect();
    println!("{}", measure::machine());
    println!(
        "one more run at a ledger of n runs, medians of {ROUNDS}; ratios: {} / {}",
        sizes[sizes.len() - 1],
        sizes[0]
    );
    let mut costs: BTreeMap<(usize, usize), Vec<Cost>> = BTreeMap::new();
    // The first round warms the caches of the file system.
    for round in 0..=ROUNDS {
        let mut order: Vec<usize> = (0..desks.len()).collect();
        // Whoever goes first may pay for the other: they take turns.
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            for (step, cost) in one_more(&desks[at]).into_iter().enumerate() {
                if round > 0 {
                    costs.entry((step, at)).or_default().push(cost);
                }
            }
        }
    }
    print!("{:<20}", "");
    for runs in &sizes {
        print!(
            " {:>16} {:>16}",
            format!("cpu ms, n={runs}"),
            format!("wall ms, n={runs}")
        );
    }
    println!(" {:>9} {:>9}", "cpu", "wall");
    for (step, name) in STEPS.iter().enumerate() {
        let of = |at: usize, part: fn(&Cost) -> f64| {
            median(costs[&(step, at)].iter().map(part).collect()) * 1e3
        };
        print!("{name:<20}");
        for at in 0..sizes.len() {
            print!(
                " {:>16.1} {:>16.1}",
                of(at, |it| it.cpu),
                of(at, |it| it.wall)
            );
        }
        let ratio = |part: fn(&Cost) -> f64| of(sizes.len() - 1, part) / of(0, part);
        println!(" {:>9.2} {:>9.2}", ratio(|it| it.cpu), ratio(|it| it.wall));
    }
}

/// What is measured, in the order in which it is done.
const STEPS: [&str; 11] = [
    "task new",
    "approve TASK",
    "run",
    "gate",
    "approve RUN",
    "attest",
    "finalize",
    "show RUN",
    "chain RUN",
    "git push, no hooks",
    "git awo push",
];

/// Makes one more run and pushes it; returns what each step cost.
fn one_more(desk: &Desk) -> Vec<Cost> {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let (task, run) = (
        format!("B-{}", since.as_nanos()),
        format!("run_b_{}", since.as_nanos()),
    );
    let (task, run) = (task.as_str(), run.as_str());
    let agent = format!("echo '# {run}' >> src/strings.py");
    let mut costs = Vec::new();
    let new = [
        "git",
        "awo",
        "task",
        "new",
        task,
        "--task",
        "Another edition",
    ];
    let more = ["--allow", "src/strings.py", "--validate", "true"];
    costs.push(desk.cost("olga", &[&new[..], &more].concat()));
    let shown = desk.ok(
        "olga",
        "desk",
        &["git", "awo", "task", "show", task, "--json"],
    );
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let sentence = shown["approval_sentence"].as_str().unwrap();
    costs.push(desk.cost(
        "olga",
        &["git", "awo", "approve", task, "--sentence", sentence],
    ));
    let words = [
        "git", "awo", "run", task, "--run-id", run, "--", "sh", "-c", &agent,
    ];
    costs.push(desk.cost("otto", &words));
    for (who, word) in [
        ("rita", "gate"),
        ("rita", "approve"),
        ("rita", "attest"),
        ("otto", "finalize"),
    ] {
        costs.push(desk.cost(who, &["git", "awo", word, run]));
    }
    costs.push(desk.cost("vera", &["git", "awo", "show", run]));
    costs.push(desk.cost("vera", &["git", "awo", "chain", run]));
    // The same refs to the same state of the server, without any hook.
    let ahead = desk.ok(
        "otto",
        "desk",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo",
            "refs/notes/awo",
        ],
    );
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
    let receive = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
    let push = [
        "git",
        "push",
        "--quiet",
        "--no-verify",
        "--atomic",
        receive,
        "../plain.git",
    ];
    let refs = [
        "main",
        newest,
        "refs/awo/ledger",
        &notes("approvals"),
        &notes("attestations"),
    ];
    costs.push(desk.cost("otto", &[&push[..], &refs].concat()));
    costs.push(desk.cost("otto", &["git", "awo", "push"]));
    let at = |place: &str, name: &str| desk.ok("server", place, &["git", "rev-parse", name]);
    for name in refs {
        assert_eq!(at("server.git", name), at("desk", name), "{name} is pushed");
        assert_eq!(at("plain.git", name), at("desk", name), "{name} is pushed");
    }
    costs
}

/// Builds a world or takes it up, and sees to it that what is in it verifies.
fn take_up(root: &std::path::Path, runs: usize) -> Desk {
    let directory = root.join(format!("ledger-{runs}"));
    let start = Instant::now();
    if directory.join("done").exists() {
        return Desk::at(&directory);
    }
    let desk = build::build(&directory, runs);
    println!(
        "built {runs} runs in {:.0} s",
        start.elapsed().as_secs_f64()
    );
    let sample = format!("run_{:06}", runs / 2);
    desk.ok("otto", "desk", &["git", "awo", "verify", &sample]);
    if runs <= 1_000 {
        let verdict = desk.ok("otto", "desk", &["git", "awo", "verify", "--json"]);
        let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
        assert_eq!(verdict["verdict"], "allowed");
        assert_eq!(verdict["checked"]["runs"], runs);
        assert!(verdict["checked"]["receipts"].as_u64().unwrap() >= runs as u64);
    }
    std::fs::write(directory.join("done"), "").unwrap();
    desk
}
