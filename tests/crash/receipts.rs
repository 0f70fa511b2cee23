//! A push struck between the first ref that `git receive-pack` moves and the end of the receipt.
//!
//! Afterwards a fresh clone verifies, or says truly what is missing; the next push works, and with
//! its receipt nothing is found any more: not then, and not under a later policy.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::server::{OLGA, OTTO};
use super::trial::Trial;
use super::{Call, Case, Kind, SAMPLE};
use crate::figure::{Times, figure};

/// Returns the calls at the server from where its refs begin to move.
fn from_refs_on(calls: &[Call]) -> Vec<usize> {
    let at_server = |call: &Call| call.path.contains("/server.git/") || call.path.starts_with("./");
    let moves = |call: &Call| {
        let path = call.path.replace("/./", "/");
        let reference = path.contains("/refs/") && !path.contains("/refs/awo/log");
        at_server(call) && call.name.starts_with("rename") && reference
    };
    let first = calls.iter().position(moves).expect("a ref moves");
    let all = (first..calls.len()).filter(|at| at_server(&calls[*at]));
    all.map(|at| at + 1).collect()
}

/// Returns what is wrong after a push that was struck there.
fn judged(trial: &Trial, kind: Kind, n: usize) -> Vec<String> {
    let (world, mut wrong) = (&trial.world, Vec::new());
    trial.struck(kind, n);
    for lock in trial.locks() {
        // A person's work, after `git awo doctor` has named it.
        std::fs::remove_file(lock).unwrap();
    }
    let mut look = |when: &str, may: &[&str]| {
        world.fresh_clone();
        let done = world.run("vera", "vera", &["git", "awo", "verify"]);
        std::fs::remove_dir_all(world.path("vera")).unwrap();
        let honest = may.iter().any(|code| done.text.contains(code));
        if done.code != 0 && !honest {
            wrong.push(format!("{when}: {}", done.text));
        }
    };
    // Of a transaction of git's that died in its middle some refs may stand alone.
    look("struck", &["STR-001", "STR-002", "GOV-002", "REP-002"]);
    let who = trial.who();
    for words in [["git", "awo", "fetch"], ["git", "awo", "push"]] {
        let done = world.run(who, who, &words);
        if done.code != 0 {
            wrong.push(format!("{}: {}", words.join(" "), done.text));
            return wrong;
        }
    }
    // Whatever the push itself had to do still, this one has a receipt.
    if who != "olga" {
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
    }
    world.next_policy(2, None, |text| text);
    look("the next push", &[]);
    // What they did was right when it came, and stays so when their roles end.
    world.next_policy(3, None, |text| {
        text.replace("[\"orchestrator\", \"reviewer\"]", "[\"reviewer\"]")
            .replace(
                "name = \"rita\"\nroles = [\"reviewer\"]",
                "name = \"rita\"\nroles = [\"server\"]",
            )
    });
    look("another policy", &[]);
    for place in ["server.git", who] {
        let fsck = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"];
        let done = world.run("server", place, &fsck);
        if done.code != 0 {
            wrong.push(format!("git fsck in {place}: {}", done.text));
        }
    }
    wrong
}

fn strike(case: &Case, sample: Option<usize>) {
    let base = (case.stage)();
    let start = Instant::now();
    let epoch = super::now();
    let clean = Trial::new(&base, case, epoch);
    let (code, said) = clean.undisturbed();
    assert_eq!(code, 0, "undisturbed it succeeds\n{said}");
    let calls = clean.calls();
    let points = from_refs_on(&calls);
    let all: Vec<_> = [Kind::Kill, Kind::KillAll, Kind::NoSpace]
        .into_iter()
        .flat_map(|kind| points.iter().map(move |n| (kind, *n)))
        .collect();
    let count = sample.unwrap_or(all.len()).min(all.len());
    let chosen: Vec<_> = (0..count)
        .map(|i| all[(2 * i + 1) * all.len() / (2 * count)])
        .collect();
    let (next, wrong, times) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::new()),
        Times::default(),
    );
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((kind, n)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let trial = Trial::new(&base, case, epoch);
                    let found = times.of(|| judged(&trial, *kind, *n));
                    if !found.is_empty() {
                        let Call { name, path, .. } = &calls[n - 1];
                        let found = found.join("\n  ");
                        let at = format!("{kind:?} at {n}, {name} {path}:\n  {found}");
                        wrong.lock().unwrap().push(at);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    figure(
        &format!(
            "crash: a push of {}'s between its refs and its receipt",
            case.who
        ),
        count,
        format!(
            "{} violations, now or under later policies; of {} points at {} calls; a trial {times}; {:.0} s in all",
            wrong.len(),
            all.len(),
            points.len(),
            start.elapsed().as_secs_f64()
        ),
        "0 violations",
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everybody's clones, who go on afterwards.
const ALL: &[&str] = &["olga", "otto", "rita", "server.git"];

const RECORD: Case = Case {
    places: ALL,
    program: "",
    ..OLGA
};
const COMMIT: Case = Case {
    places: &["otto", "olga", "rita", "server.git"],
    program: "",
    ..OTTO
};

#[test]
#[ignore = "needs a C compiler, and to trace processes"]
fn a_record_is_valid_for_ever_whichever_receipt_is_lost() {
    strike(&RECORD, Some(SAMPLE / 2));
}

#[test]
#[ignore = "needs a C compiler, and to trace processes"]
fn a_governed_commit_is_valid_for_ever_whichever_receipt_is_lost() {
    strike(&COMMIT, Some(SAMPLE / 2));
}

mod long {
    use super::*;

    #[test]
    #[ignore = "takes minutes; needs a C compiler, and to trace processes"]
    fn a_record_is_valid_for_ever_whichever_receipt_is_lost() {
        strike(&RECORD, super::super::wanted_points());
    }

    #[test]
    #[ignore = "takes minutes; needs a C compiler, and to trace processes"]
    fn a_governed_commit_is_valid_for_ever_whichever_receipt_is_lost() {
        strike(&COMMIT, super::super::wanted_points());
    }
}

#[test]
fn the_first_ref_that_moves_is_found() {
    let call = |name: &str, path: &str| Call {
        name: name.to_owned(),
        program: "git".to_owned(),
        path: path.to_owned(),
    };
    let calls = [
        call("rename", "/x/otto/.git/refs/heads/main"),
        call("openat", "/x/server.git/./refs/heads/main.lock"),
        call("rename", "/x/server.git/./refs/heads/main"),
        call("write", "/x/server.git/awo/pushes/1"),
        call("openat", "/x/otto/.git/FETCH_HEAD"),
    ];
    assert_eq!(from_refs_on(&calls), [3, 4]);
}
