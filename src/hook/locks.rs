//! Prevents a race between the policy check and the ref update.
//!
//! git locks only the refs that a transaction moves, so a branch could still land just after a
//! policy change that forbids it. Both transactions lock their own refs before they look for the
//! other's lock files, so at least one sees the other. A branch gives up sooner than a policy, so
//! they do not wait for each other.
//!
//! Baselines are a ref each, and together they form lines: of two pushes that move different ones, the
//! second to lock must see what the first one makes. The one whose name comes first waits longer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::record::{Coded, Diagnosis, Rule, baseline::Place};
use crate::store::layout;
use crate::sys::clock::age;

use super::input::Change;

/// How long a branch waits for a policy that is being moved.
const BRANCH_WAITS: Duration = Duration::from_millis(500);
/// How long a policy, or the first of two baselines, waits for others that are being moved.
const POLICY_WAITS: Duration = Duration::from_secs(3);
/// Age from which a lock counts as left by a dead process.
const STALE: Duration = Duration::from_secs(60);
/// Largest depth to which directories of refs are searched.
const DEEPEST: usize = 64;

/// Waits until no other transaction is under way that this one must not overlap with.
pub fn wait(common_dir: &Path, changes: &[Change]) -> Result<(), Busy> {
    let policy = layout::policy();
    let path = |name: &str| common_dir.join(format!("{name}.lock"));
    let own: Vec<PathBuf> = changes.iter().map(|it| path(&it.name)).collect();
    let lock = path(policy.as_str());
    let heads = common_dir.join("refs").join("heads");
    let baselines = common_dir.join(Place::PREFIX);
    let moves_policy = changes.iter().any(|it| it.name == policy.as_str());
    let moves_baseline = changes.iter().any(|it| it.name.starts_with(Place::PREFIX));
    let below = |directory| locked_below(directory, &own, DEEPEST);
    let other = || {
        if moves_policy {
            below(&heads).or_else(|| below(&baselines))
        } else if is_fresh(&lock) {
            Some(lock.clone())
        } else if moves_baseline {
            below(&baselines)
        } else {
            None
        }
    };
    let first = own.iter().min();
    let start = Instant::now();
    while let Some(lock) = other() {
        let goes_first = first.is_some_and(|own| *own < lock);
        let limit = match moves_policy || (goes_first && lock.starts_with(&baselines)) {
            true => POLICY_WAITS,
            false => BRANCH_WAITS,
        };
        if start.elapsed() >= limit {
            let lock = lock
                .strip_prefix(common_dir)
                .unwrap_or(&lock)
                .display()
                .to_string();
            return Err(Busy { lock });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Another transaction would not end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another push is under way: {lock}")]
pub struct Busy {
    lock: String,
}

impl Coded for Busy {
    fn diagnosis(&self) -> Diagnosis {
        let expected = "policy and branches moved one after the other";
        let remedy = "git awo fetch, then push again";
        Diagnosis::against(self, Rule::TransactionAlone, expected, remedy)
    }
}

fn locked_below(directory: &Path, own: &[PathBuf], depth: usize) -> Option<PathBuf> {
    let depth = depth.checked_sub(1)?;
    // A directory that git removes meanwhile holds no lock.
    for entry in fs::read_dir(directory).ok()?.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if let Some(found) = locked_below(&path, own, depth) {
                return Some(found);
            }
        } else if path.extension().is_some_and(|it| it == "lock")
            && !own.contains(&path)
            && is_fresh(&path)
        {
            return Some(path);
        }
    }
    None
}

fn is_fresh(lock: &Path) -> bool {
    lock.exists() && age(lock).is_none_or(|age| age < STALE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::input::Value;
    use std::time::SystemTime;

    fn change(name: &str) -> Change {
        Change {
            name: name.to_owned(),
            old: Value::Object(None),
            new: Value::Object(None),
        }
    }

    fn refs(locks: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::TempDir::new().unwrap();
        for lock in locks {
            let path = dir.path().join(format!("refs/{lock}.lock"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    #[test]
    fn a_branch_gives_way_to_a_policy_under_way_and_not_to_its_own() {
        let dir = refs(&["heads/main", "awo/policy"]);
        assert!(wait(dir.path(), &[change("refs/heads/main")]).is_err());
        let both = [change("refs/heads/main"), change("refs/awo/policy")];
        assert!(wait(dir.path(), &both).is_ok());
        let dir = refs(&["heads/main", "heads/other"]);
        assert!(wait(dir.path(), &[change("refs/heads/main")]).is_ok());
    }

    #[test]
    fn of_two_baselines_the_second_gives_way() {
        let dir = refs(&["awo/amu0/T-1/a", "awo/amu0/T-1/b"]);
        let (first, second) = ("refs/awo/amu0/T-1/a", "refs/awo/amu0/T-1/b");
        let start = Instant::now();
        assert!(wait(dir.path(), &[change(second)]).is_err());
        assert!(start.elapsed() < POLICY_WAITS);
        assert!(wait(dir.path(), &[change(first), change(second)]).is_ok());
        assert!(wait(dir.path(), &[change("refs/heads/main")]).is_ok());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(BRANCH_WAITS + Duration::from_millis(200));
                fs::remove_file(dir.path().join("refs/awo/amu0/T-1/b.lock")).unwrap();
            });
            assert!(wait(dir.path(), &[change(first)]).is_ok());
        });
    }

    #[test]
    fn a_policy_waits_for_branches_under_way_until_they_are_done() {
        let dir = refs(&["awo/policy", "heads/a/b"]);
        let lock = dir.path().join("refs/heads/a/b.lock");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                fs::remove_file(&lock).unwrap();
            });
            assert!(wait(dir.path(), &[change("refs/awo/policy")]).is_ok());
        });
        assert!(!lock.exists());
    }

    #[test]
    fn a_lock_left_behind_long_ago_stops_nobody() {
        let dir = refs(&["awo/policy"]);
        let lock = fs::File::options()
            .write(true)
            .open(dir.path().join("refs/awo/policy.lock"));
        let old = SystemTime::now() - Duration::from_secs(3_600);
        lock.unwrap().set_modified(old).unwrap();
        assert!(wait(dir.path(), &[change("refs/heads/main")]).is_ok());
    }
}
