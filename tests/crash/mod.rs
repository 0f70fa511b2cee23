//! Each mutating command is struck at each of its file-system calls: its process is killed there, or
//! the call fails for want of room or a broken disk, or writes half. Afterwards every repository
//! holds the state before or the state after, `git fsck` is content, `git awo verify` says what it
//! says of that state, and the same command, typed again, ends in the state after.
//!
//! `faults.c` strikes. It is compiled here, so that these tests are ignored ones: they need a C
//! compiler, and a Linux that lets a program trace its children.

mod baselines;
mod client;
mod pages;
mod receipts;
mod server;
mod setup;
mod trial;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::figure::{Times, figure};
use crate::world::World;
use trial::{State, Trial};

/// So many points of a command are struck with every change.
const SAMPLE: usize = 6;

/// How a call is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The process is killed before the call.
    Kill,
    /// All processes of the command are.
    KillAll,
    /// The call fails with EIO.
    Eio,
    /// The disk is full from then on.
    NoSpace,
    /// Half is written.
    Short,
}

impl Kind {
    const ALL: [Kind; 5] = [
        Kind::Kill,
        Kind::KillAll,
        Kind::Eio,
        Kind::NoSpace,
        Kind::Short,
    ];

    fn word(self) -> &'static str {
        match self {
            Kind::Kill => "kill",
            Kind::KillAll => "killall",
            Kind::Eio => "eio",
            Kind::NoSpace => "enospc",
            Kind::Short => "short",
        }
    }
}

/// A call that a command makes.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// The program that makes it.
    pub program: String,
    /// The file.
    pub path: String,
}

impl Call {
    /// Whether it is made on a file in which a ref, or its lock, stands.
    fn moves_refs(&self) -> bool {
        let below = |directory: &str| {
            self.path.contains(&format!("/{directory}")) || self.path.starts_with(directory)
        };
        !self.path.contains("logs/") && (below("refs/") || below("packed-refs") || below("HEAD"))
    }
}

/// A command to be struck.
pub struct Case {
    /// The world before it.
    pub stage: fn() -> World,
    /// Who types it, and in which clone.
    pub who: &'static str,
    /// What is typed; `{anchor}` stands for the fingerprint of olga's key.
    pub words: &'static [&'static str],
    /// The repositories that it may change, which are copied for each trial.
    pub places: &'static [&'static str],
    /// Files and directories that it writes besides: each file is the old one or the new one, but
    /// for git's configuration and the anchor, which are written in several steps.
    pub files: &'static [&'static str],
    /// Whether these are all old or all new.
    pub whole: bool,
    /// Count calls of this program only; of all programs if it is empty.
    pub program: &'static str,
}

impl Case {
    /// Returns what is typed, in one line.
    fn named(&self) -> String {
        let words = self.words.iter().map(|word| match word.split_once('\n') {
            Some(_) => "SCRIPT",
            None => word,
        });
        let words: Vec<_> = words.collect();
        match self.program {
            "" => words.join(" "),
            program => format!("{}, struck in {program}", words.join(" ")),
        }
    }
}

/// Returns the program that strikes.
pub fn faults() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/faults.c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
        let made = program.with_extension(std::process::id().to_string());
        let mut compile = Command::new("cc");
        compile.args(["-O1", "-Wall", "-o"]).arg(&made).arg(source);
        assert!(compile.status().unwrap().success(), "faults.c compiles");
        std::fs::rename(&made, &program).unwrap();
        program
    })
}

fn now() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Strikes a command: at `sample` points, spread evenly over all of them, or at every one.
pub fn sweep(case: &Case, sample: Option<usize>) {
    let start = Instant::now();
    let base = (case.stage)();
    let epoch = now();
    let old = State::of(&base, case);

    let clean = Trial::new(&base, case, epoch);
    let (code, said) = clean.undisturbed();
    assert_eq!(code, 0, "undisturbed it succeeds\n{said}");
    let calls = clean.calls();
    let new = State::of(&clean.world, case);
    let again = Trial::new(&base, case, epoch);
    assert_eq!(again.undisturbed().0, 0);
    assert_eq!(
        State::of(&again.world, case),
        new,
        "the same command gives the same refs and verdicts"
    );

    let (points, all) = points(&calls, sample);
    let (next, failures) = (AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    let tally = std::sync::Mutex::new([0usize; 5]);
    let times = Times::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((kind, n)) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let trial = Trial::new(&base, case, epoch);
                    let judged = times.of(|| trial.strike(*kind, *n, &old, &new));
                    let mut tally = tally.lock().unwrap();
                    tally[judged.state as usize] += 1;
                    tally[3] += usize::from(judged.locked);
                    tally[4] += usize::from(!judged.struck);
                    drop(tally);
                    if !judged.faults.is_empty() {
                        let call = &calls[n - 1];
                        let told = judged.faults.join("\n  ");
                        let at = format!("{kind:?} at {n}, {} {}", call.name, call.path);
                        failures.lock().unwrap().push(format!("{at}:\n  {told}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let [were_old, were_new, mixed, locked, missed] = tally.into_inner().unwrap();
    figure(
        &format!("crash: {}", case.named()),
        points.len(),
        format!(
            "{} violations of {all} points at {} calls; {were_old} old, {were_new} new, {mixed} mixed, {locked} with a lock left, \
             {missed} where the call did not come; a trial {times}; {:.0} s in all",
            failures.len(),
            calls.len(),
            start.elapsed().as_secs_f64()
        ),
        "0 violations",
    );
    assert!(
        missed <= points.len() / 10 + 1,
        "{missed} points were not struck"
    );
    assert!(
        failures.is_empty(),
        "{} of {} points\n{}",
        failures.len(),
        points.len(),
        failures[..failures.len().min(40)].join("\n")
    );
}

/// Returns how many points are to be struck at most, if the environment says so.
fn wanted_points() -> Option<usize> {
    let count = std::env::var("AWO_CRASH_POINTS").ok()?;
    Some(count.parse().expect("a number"))
}

/// Returns the points to strike, and how many there are.
///
/// A sample is spread over all points, with more of them where refs move: half are calls on the
/// files of refs. It is the same in every run of the same command.
fn points(calls: &[Call], sample: Option<usize>) -> (Vec<(Kind, usize)>, usize) {
    let many = calls.iter().any(|it| it.program != calls[0].program);
    let kinds = std::env::var("AWO_CRASH_KINDS").ok();
    let wanted = |kind: Kind| match &kinds {
        Some(kinds) => kinds.split(',').any(|word| word == kind.word()),
        None => true,
    };
    let fits = |kind: Kind, call: &Call| match kind {
        // With one process it is the same as `Kill`.
        Kind::KillAll => many,
        Kind::Short => matches!(call.name.as_str(), "write" | "pwrite64"),
        _ => true,
    };
    let every = Kind::ALL.iter().filter(|kind| wanted(**kind));
    let every = every.flat_map(|kind| {
        let calls = calls.iter().enumerate();
        calls
            .filter(|(_, call)| fits(*kind, call))
            .map(|(at, _)| (*kind, at + 1))
    });
    let every: Vec<_> = every.collect();
    let all = every.len();
    let count = wanted_points().or(sample);
    let Some(count) = count.filter(|count| *count < all) else {
        return (every, all);
    };
    let (moving, other): (Vec<_>, Vec<_>) = every
        .into_iter()
        .partition(|(_, n)| calls[n - 1].moves_refs());
    let at_refs = moving.len().min(count.div_ceil(2));
    let spread = |from: &[(Kind, usize)], count: usize| -> Vec<_> {
        let count = count.min(from.len());
        let at = |i: usize| from[(2 * i + 1) * from.len() / (2 * count)];
        (0..count).map(at).collect()
    };
    let mut chosen = spread(&moving, at_refs);
    chosen.extend(spread(&other, count - at_refs));
    (chosen, all)
}

/// Makes of each case a test of a sample, and below `long` one of every point.
macro_rules! swept {
    ($($name:ident: $case:expr;)*) => {
        $(
            #[test]
            #[ignore = "needs a C compiler, and to trace processes"]
            fn $name() {
                crate::crash::sweep(&$case, Some(crate::crash::SAMPLE));
            }
        )*
        mod long {
            use super::*;
            $(
                #[test]
                #[ignore = "takes minutes; needs a C compiler, and to trace processes"]
                fn $name() {
                    crate::crash::sweep(&$case, None);
                }
            )*
        }
    };
}
pub(crate) use swept;
