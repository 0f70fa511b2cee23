//! Benchmarks: run by hand, never part of a verdict.
//!
//! Each figure is a ratio of medians taken in alternation in the same run, since absolute times
//! mean nothing on a shared machine.

#[cfg(target_os = "linux")]
mod cell;
mod corpus;
mod ledger;
pub mod measure;
mod waiting;

use corpus::{BRANCH, Corpus, Shape};
use measure::{Cost, median};

use crate::figure::figure;

/// How many commits the pushes have, and how often each is measured.
const PUSHES: [(usize, usize); 4] = [(1, 15), (100, 9), (1_000, 7), (10_000, 5)];

/// `AWO_BENCH_PUSHES=1,100` measures only these; `AWO_BENCH_KEEP=DIRECTORY` keeps the world there
/// and takes it up again.
#[test]
#[ignore = "benchmark: run by hand with cargo test --release --test awo -- --ignored --nocapture bench_push"]
fn bench_push() {
    let wanted = std::env::var("AWO_BENCH_PUSHES").ok();
    let wanted = |n: usize| {
        let listed = |list: &String| list.split(',').any(|it| it.trim() == n.to_string());
        wanted.as_ref().is_none_or(listed)
    };
    let corpus = Corpus::build(Shape::Line);
    println!("{}", measure::machine());
    println!("push of n commits over a local path, both ends; ratios: with hooks / without");
    println!(
        "{:>7} {:>6} {:>10} {:>10} {:>8} {:>10} {:>10} {:>8}",
        "n", "rounds", "cpu ms", "without", "ratio", "wall ms", "without", "ratio"
    );
    for (n, rounds) in PUSHES.into_iter().filter(|(n, _)| wanted(*n)) {
        // The first round warms the caches of the file system.
        push(&corpus, n, true);
        push(&corpus, n, false);
        let mut with = Vec::new();
        let mut without = Vec::new();
        for round in 0..rounds {
            // Whoever goes first may pay for the other: they take turns.
            let first = round % 2 == 0;
            for hooks in [first, !first] {
                let costs = if hooks { &mut with } else { &mut without };
                costs.push(push(&corpus, n, hooks));
            }
        }
        let of = |costs: &[Cost], part: fn(&Cost) -> f64| median(costs.iter().map(part).collect());
        let (cpu, cpu_plain) = (of(&with, |it| it.cpu), of(&without, |it| it.cpu));
        let (wall, wall_plain) = (of(&with, |it| it.wall), of(&without, |it| it.wall));
        println!(
            "{n:>7} {rounds:>6} {:>10.1} {:>10.1} {:>8.3} {:>10.1} {:>10.1} {:>8.3}",
            cpu * 1e3,
            cpu_plain * 1e3,
            cpu / cpu_plain,
            wall * 1e3,
            wall_plain * 1e3,
            wall / wall_plain,
        );
        if n == 10_000 {
            let cost = measure::pre_receive(&corpus, n);
            println!(
                "{n:>7} pre-receive alone: {:.1} ms of CPU, {:.1} ms of wall, at most {:.1} MiB resident",
                cost.cpu * 1e3,
                cost.wall * 1e3,
                cost.resident / 1024.0,
            );
        }
    }
}

/// How many commits the pushes have, how often each is judged, and how many seconds it may take.
const HOOKS: [(usize, usize, f64); 3] = [(1, 100, 1.0), (100, 30, 2.0), (10_000, 5, 20.0)];
/// How much `pre-receive` may hold at once, in MiB.
const MOST: f64 = 256.0;

/// What `pre-receive` costs, at worst. `AWO_BENCH_PUSHES` chooses as in [`bench_push`].
#[test]
#[ignore = "benchmark: run by hand, or by .ci/figures"]
fn bench_hooks() {
    let wanted = std::env::var("AWO_BENCH_PUSHES").ok();
    let wanted = |n: usize| {
        let listed = |list: &String| list.split(',').any(|it| it.trim() == n.to_string());
        wanted.as_ref().is_none_or(listed)
    };
    let corpus = Corpus::build(Shape::Line);
    println!("{}", measure::machine());
    for (n, rounds, most) in HOOKS.into_iter().filter(|(n, ..)| wanted(*n)) {
        measure::pre_receive(&corpus, n);
        let costs: Vec<Cost> = (0..rounds)
            .map(|_| measure::pre_receive(&corpus, n))
            .collect();
        let of = |part: fn(&Cost) -> f64| {
            let mut values: Vec<f64> = costs.iter().map(part).collect();
            values.sort_by(f64::total_cmp);
            let p99 = values[(values.len() * 99).div_ceil(100) - 1];
            (median(values.clone()), p99)
        };
        let (wall, cpu) = (of(|it| it.wall), of(|it| it.cpu));
        let resident = of(|it| it.resident).1 / 1024.0;
        figure(
            &format!("`pre-receive` for a push of {n} signed commits"),
            rounds,
            format!(
                "p99 {:.2} s, median {:.2} s (CPU: {:.2} s, {:.2} s), {resident:.0} MiB",
                wall.1, wall.0, cpu.1, cpu.0
            ),
            &format!("p99 < {most} s, < {MOST} MiB"),
        );
        assert!(resident < MOST, "{resident} MiB");
        // The clock on the wall tells more of what else the machine does.
        assert!(cpu.1 < most, "{} s of CPU", cpu.1);
    }
}

/// A push of 10,000 commits, of which two of five are merges, to a tree of 5,000 files.
#[test]
#[ignore = "benchmark: run by hand, or by .ci/figures merges-long"]
fn bench_merges() {
    const N: usize = 10_000;
    const ROUNDS: usize = 7;
    let corpus = Corpus::build(Shape::Merges);
    println!("{}", measure::machine());
    let mut ratios = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let first = round % 2 == 0;
        let mut pair = [first, !first].map(|hooks| (hooks, push(&corpus, N, hooks)));
        pair.sort_by_key(|(hooks, _)| !hooks);
        let [(_, with), (_, without)] = pair;
        // The first round warms the caches of the file system.
        if round > 0 {
            ratios[0].push(with.wall / without.wall);
            ratios[1].push(with.cpu / without.cpu);
        }
    }
    let costs: Vec<Cost> = (0..3).map(|_| measure::pre_receive(&corpus, N)).collect();
    let resident = costs.iter().map(|it| it.resident / 1024.0);
    let resident = resident.fold(0.0, f64::max);
    let [wall, cpu] = ratios.map(median);
    figure(
        &format!(
            "a push of {N} commits, 40 % merges, of a tree of 5,000 files, against one without hooks"
        ),
        ROUNDS,
        format!("wall × {wall:.2}, CPU × {cpu:.2}, `pre-receive` {resident:.0} MiB"),
        &format!("wall × 1.5, < {MOST} MiB"),
    );
    assert!(resident < MOST, "{resident} MiB");
}

/// A push of one commit after one change of the policy, and after twenty more.
#[test]
#[ignore = "benchmark: run by hand with cargo test --release --test awo -- --ignored --nocapture bench_policies"]
fn bench_policies() {
    const ROUNDS: usize = 15;
    let corpus = Corpus::build(Shape::Line);
    corpus.change_policies();
    println!("{}", measure::machine());
    let mut costs = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for at in [round % 2, 1 - round % 2] {
            corpus.copy_of(["after-1.git", "after-21.git"][at]);
            let refspec = format!("refs/bench/1:{BRANCH}");
            let cost = measure::run(&corpus, &["git", "push", "--quiet", "../run.git", &refspec]);
            if round > 0 {
                costs[at].push(cost);
            }
        }
    }
    for (what, part) in [("cpu", cpu as fn(&Cost) -> f64), ("wall", wall)] {
        let [one, many] = costs
            .each_ref()
            .map(|costs| median(costs.iter().map(part).collect()) * 1e3);
        println!(
            "a push of one commit after 1 and after 21 policy changes, medians of {ROUNDS}, {what}: \
             {one:.1} and {many:.1} ms, ratio {:.3}",
            many / one
        );
    }
}

fn cpu(cost: &Cost) -> f64 {
    cost.cpu
}

fn wall(cost: &Cost) -> f64 {
    cost.wall
}

/// Pushes `n` commits to a fresh copy of the server.
fn push(corpus: &Corpus, n: usize, hooks: bool) -> Cost {
    corpus.fresh_server();
    let receive = if hooks {
        "git receive-pack"
    } else {
        "git -c core.hooksPath=/dev/null receive-pack"
    };
    let cost = measure::run(
        corpus,
        &[
            "git",
            "push",
            "--quiet",
            &format!("--receive-pack={receive}"),
            "../run.git",
            &format!("refs/bench/{n}:{BRANCH}"),
        ],
    );
    corpus.expect_pushed(n, hooks);
    cost
}
