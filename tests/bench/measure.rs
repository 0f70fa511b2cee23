//! What a command costs, with all its children.

use std::process::Command;

use super::corpus::{BRANCH, Corpus};
use crate::world::PROGRAM;

/// Runs a command and writes wall time, CPU time and the largest resident set (KiB) of all processes
/// below it, then a line for each of them that lives long enough to be looked at: its largest
/// resident set, the most of it that belongs to no file (`RssAnon`; what a pack occupies is not in
/// there), and its name. The standard library does not tell what children cost.
pub const WRAPPER: &str = r"
import os, resource, subprocess, sys, threading, time
peaks = {}
def look(pid):
    below = f'/proc/{pid}'
    try:
        status = dict(line.split(':', 1) for line in open(f'{below}/status'))
        words = open(f'{below}/cmdline').read().split('\0')
        sizes = [int(status[it].split()[0]) for it in ('VmHWM', 'RssAnon')]
        children = [open(f'{below}/task/{it}/children').read() for it in os.listdir(f'{below}/task')]
    except (OSError, KeyError, ValueError):
        return # It has ended.
    # 'git fetch' of 'git -c core.hooksPath=/dev/null fetch'.
    first = [it for it in words[1:] if it.replace('-', '').isalpha() and it[0] != '-']
    name = ' '.join([os.path.basename(words[0])] + first[:1])
    peaks[name] = [max(pair) for pair in zip(peaks.get(name, [0, 0]), sizes)]
    for child in ' '.join(children).split():
        look(child)
def watch(pid):
    while True:
        time.sleep(0.02)
        look(pid)
# Where python3 is a shim, it had children before it became this program.
before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.perf_counter()
child = subprocess.Popen(sys.argv[2:])
threading.Thread(target=watch, args=[child.pid], daemon=True).start()
code = child.wait()
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], 'w') as out:
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(wall, cpu, used.ru_maxrss, file=out)
    for name, (resident, own) in list(peaks.items()):
        print(resident, own, name, file=out)
sys.exit(code)
";

/// What a command cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Seconds from start to end.
    pub wall: f64,
    /// Seconds of CPU of all processes.
    pub cpu: f64,
    /// KiB resident in the largest process.
    pub resident: f64,
    /// The processes that were seen.
    pub processes: Vec<Process>,
}

/// How much a process held, in KiB.
#[derive(Clone, Debug)]
pub struct Process {
    /// The program and its first word.
    pub name: String,
    /// The largest resident set.
    pub resident: f64,
    /// The most that was its own, not a file's.
    pub own: f64,
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
    let mut lines = text.lines();
    let numbers = lines.next().unwrap().split(' ');
    let numbers: Vec<f64> = numbers.map(|it| it.parse().unwrap()).collect();
    let process = |line: &str| {
        let [resident, own, name] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line:?} is no process");
        };
        Process {
            name: name.to_owned(),
            resident: resident.parse().unwrap(),
            own: own.parse().unwrap(),
        }
    };
    Cost {
        wall: numbers[0],
        cpu: numbers[1],
        resident: numbers[2],
        processes: lines.map(process).collect(),
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

/// Prints a row of a table for a page of docs/.
pub fn row(cells: &[impl AsRef<str>]) {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    println!("| {} |", cells.join(" | "));
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
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} cores, load {}, {}, commit {}{dirty}{profile}",
        said(&["nproc"]),
        load.split(' ').next().unwrap_or_default(),
        said(&["git", "--version"]),
        said(&["git", "rev-parse", "--short=12", "HEAD"]),
    )
}
