//! What a command costs, with all its children.

use std::process::Command;

use super::corpus::{BRANCH, Corpus};
use crate::world::PROGRAM;

/// Runs a command and prints wall time, CPU time and the largest resident set (KiB) of all
/// processes below it. The standard library does not tell what children cost.
pub const WRAPPER: &str = "
import resource, subprocess, sys, time
# Where python3 is a shim, it had children before it became this program.
before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.perf_counter()
code = subprocess.call(sys.argv[2:])
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], 'w') as out:
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(wall, cpu, used.ru_maxrss, file=out)
sys.exit(code)
";

/// What a command cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Seconds from start to end.
    pub wall: f64,
    /// Seconds of CPU of all processes.
    pub cpu: f64,
    /// KiB resident in the largest process.
    pub resident: f64,
}

/// Runs a command in the pushing clone.
pub fn run(corpus: &Corpus, words: &[&str]) -> Cost {
    let out = corpus.path("cost");
    let mut all = vec!["python3", "-c", WRAPPER, out.to_str().unwrap()];
    all.extend(words);
    corpus.ok("olga", "client.git", &all);
    read(&std::fs::read_to_string(out).unwrap())
}

/// Pushes `n` commits to a server whose `pre-receive` measures itself.
pub fn pre_receive(corpus: &Corpus, n: usize) -> Cost {
    corpus.fresh_server();
    let (out, script) = (corpus.path("cost"), corpus.path("wrapper.py"));
    std::fs::write(&script, WRAPPER).unwrap();
    let hook = format!(
        "#!/bin/sh\nexec python3 {} {} {PROGRAM} hook pre-receive\n",
        script.display(),
        out.display()
    );
    std::fs::write(corpus.path("run.git/hooks/pre-receive"), hook).unwrap();
    let refspec = format!("refs/bench/{n}:{BRANCH}");
    corpus.ok(
        "olga",
        "client.git",
        &["git", "push", "--quiet", "../run.git", &refspec],
    );
    read(&std::fs::read_to_string(out).unwrap())
}

/// Reads what the wrapper wrote.
pub fn read(text: &str) -> Cost {
    let mut numbers = text.split_whitespace().map(|it| it.parse().unwrap());
    let mut next = || numbers.next().unwrap();
    Cost {
        wall: next(),
        cpu: next(),
        resident: next(),
    }
}

/// Returns the median.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

/// Names the machine and what was measured on it.
pub fn machine() -> String {
    let said = |words: &[&str]| {
        let output = Command::new(words[0])
            .args(&words[1..])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        output.map_or_else(
            |_| "unknown".to_owned(),
            |it| String::from_utf8_lossy(&it.stdout).trim().to_owned(),
        )
    };
    let dirty = if said(&["git", "status", "--porcelain", "src", "hooks"]).is_empty() {
        ""
    } else {
        " with changes"
    };
    let profile = if cfg!(debug_assertions) {
        "; NOT a release build"
    } else {
        ""
    };
    format!(
        "{} cores, {}, commit {}{dirty}{profile}",
        said(&["nproc"]),
        said(&["git", "--version"]),
        said(&["git", "rev-parse", "--short=12", "HEAD"]),
    )
}
