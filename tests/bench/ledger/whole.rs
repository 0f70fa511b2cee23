//! What it costs to fetch everything and to verify everything.

use super::super::measure::{Cost, Process, median, row};
use super::desk::Desk;

/// How often each is measured.
const ROUNDS: usize = 3;

/// The first fetch of a fresh clone.
pub fn first_fetch(desk: &Desk) {
    let trusted = desk.ok("vera", "desk", &["git", "awo", "trust", "--json"]);
    let trusted: serde_json::Value = serde_json::from_str(&trusted).unwrap();
    let anchor = trusted["anchor"].as_str().unwrap();
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        // A local clone would link the records too, and nothing would have to be fetched.
        let clone = ["git", "clone", "-q", "--no-local", "server.git", "fresh"];
        desk.ok("vera", ".", &clone);
        desk.ok("vera", "fresh", &["git", "awo", "trust", anchor]);
        costs.push(desk.cost("vera", "fresh", &["git", "awo", "fetch"]));
        assert_eq!(desk.governance("fresh"), desk.governance("server.git"));
        std::fs::remove_dir_all(desk.path("fresh")).unwrap();
    }
    println!("First fetch into a fresh clone, medians of {ROUNDS}; at most 10 s and 128 MiB.\n");
    head();
    costs_of(desk, &costs);
    println!("\nThe largest processes of the last one:\n");
    row(&["process", "RSS MiB", "RssAnon MiB"]);
    row(&["---"; 3]);
    let mut processes = costs.pop().unwrap().processes;
    processes.sort_by(|a, b| b.resident.total_cmp(&a.resident));
    for it in processes.iter().take(5) {
        let sizes = [it.resident, it.own].map(|it| format!("{:.0}", it / 1024.0));
        row(&[&it.name, &sizes[0], &sizes[1]]);
    }
}

/// A verification of everything.
pub fn verify(desks: &[&Desk]) {
    let words = ["git", "awo", "verify", "--no-cache"];
    let mut costs = vec![Vec::new(); desks.len()];
    for _ in 0..ROUNDS {
        for (desk, costs) in desks.iter().zip(&mut costs) {
            costs.push(desk.cost("vera", "desk", &words));
        }
    }
    println!(
        "`{}`, medians of {ROUNDS}; at most 2 ms of CPU a run and 128 MiB.\n",
        words.join(" ")
    );
    head();
    let each: Vec<f64> = desks
        .iter()
        .zip(&costs)
        .map(|(desk, costs)| costs_of(desk, costs))
        .collect();
    for (at, desk) in desks.iter().enumerate().skip(1) {
        println!(
            "\nCPU a run at {} / {}: {:.2}",
            desk.runs,
            desks[at - 1].runs,
            each[at] / each[at - 1]
        );
    }
}

fn head() {
    let head = [
        "runs",
        "wall s",
        "CPU s",
        "CPU ms a run",
        "RSS MiB",
        "RssAnon MiB",
    ];
    row(&head);
    row(&["---"; 6]);
}

/// Prints the medians; returns the CPU time of one run. Memory is that of the largest process.
fn costs_of(desk: &Desk, costs: &[Cost]) -> f64 {
    let of = |part: fn(&Cost) -> f64| median(costs.iter().map(part).collect());
    let own = |it: &Cost| {
        let each = it.processes.iter().map(|it: &Process| it.own);
        each.fold(0.0, f64::max)
    };
    let each = of(|it| it.cpu) / desk.count() as f64;
    row(&[
        desk.count().to_string(),
        format!("{:.2}", of(|it| it.wall)),
        format!("{:.2}", of(|it| it.cpu)),
        format!("{:.2}", each * 1e3),
        format!("{:.0}", of(|it| it.resident) / 1024.0),
        format!("{:.0}", of(own) / 1024.0),
    ]);
    each
}
