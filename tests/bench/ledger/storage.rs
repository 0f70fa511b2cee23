//! What the server stores for a run.

use std::collections::{BTreeMap, HashMap};

use super::super::measure::row;
use super::desk::Desk;

/// The refs that hold the objects of a run. An object counts where it is reached first.
const GROUPS: [(&str, &[&str]); 6] = [
    ("branches", &["--branches"]),
    ("ledger", &["refs/awo/ledger"]),
    ("notes", &["--glob=refs/notes/awo/*"]),
    ("receive log", &["refs/awo/log"]),
    ("other refs", &["--exclude=refs/awo/evidence/*", "--all"]),
    ("evidence", &["--all"]),
];

/// How often `git gc` is told to look for differences anew.
const PACKINGS: [(&str, &[&str]); 2] = [
    ("git gc", &["git", "gc", "--quiet", "--prune=now"]),
    (
        "git repack -a -d -f",
        &["git", "repack", "-a", "-d", "-f", "-q"],
    ),
];

/// Packs a copy of the server and prints the objects and the bytes of a run.
pub fn measure(desk: &Desk) {
    desk.ok("server", ".", &["cp", "-a", "server.git", "packed.git"]);
    let git = |words: &[&str]| desk.ok("server", "packed.git", words);
    let runs = desk.count();
    for (name, pack) in PACKINGS {
        git(pack);
        let list = "--batch-check=%(objectname) %(objectsize:disk)";
        let list = git(&["git", "cat-file", "--batch-all-objects", list]);
        let mut sizes: HashMap<&str, u64> = HashMap::new();
        for line in list.lines() {
            let (id, size) = line.split_once(' ').unwrap();
            sizes.insert(id, size.parse().unwrap());
        }
        let mut stored: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for (group, tips) in GROUPS {
            let walk = ["git", "rev-list", "--objects", "--no-object-names"];
            for id in git(&[&walk[..], tips].concat()).lines() {
                if let Some(size) = sizes.remove(id) {
                    let (count, bytes) = stored.entry(group).or_default();
                    *count += 1;
                    *bytes += size;
                }
            }
        }
        println!(
            "\n{runs} runs after `{name}`; at most 16 objects and 10 kB a run, evidence apart.\n"
        );
        row(&["reached from", "objects a run", "kB a run"]);
        row(&["---"; 3]);
        let print = |group: &str, (count, bytes): (usize, u64)| {
            let each = |value: f64| format!("{:.2}", value / runs as f64);
            row(&[group, &each(count as f64), &each(bytes as f64 / 1e3)]);
        };
        let mut sum = (0, 0);
        for (group, _) in GROUPS {
            let of = stored.get(group).copied().unwrap_or_default();
            if group == "evidence" {
                print("all these", sum);
            }
            print(group, of);
            sum = (sum.0 + of.0, sum.1 + of.1);
        }
    }
    std::fs::remove_dir_all(desk.path("packed.git")).unwrap();
}
