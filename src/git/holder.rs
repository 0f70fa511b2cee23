//! Hints about the holder of a lock. The lock file does not name it, but its age and the processes
//! that run in the repository help a person to decide whether it is stale.

use std::path::Path;
use std::time::Duration;

use crate::sys::clock::age;
use crate::sys::process::ancestors;

/// A lock older than this is stale: git and this program hold locks for milliseconds.
const SOON: Duration = Duration::from_secs(3);

/// Returns whether a lock is worth waiting for: it no longer exists, or is young.
pub(super) fn may_pass(lock: &Path) -> bool {
    age(lock).is_none_or(|age| age < SOON)
}

/// Describes the holder: the age of the lock, and the git processes whose current directory is in
/// the repository, except this process and its ancestors.
pub(super) fn holder(lock: &Path, git_dir: &Path, work_tree: Option<&Path>) -> String {
    let age = age(lock).map_or("of unknown age".to_owned(), |age| {
        format!("{} s old", age.as_secs())
    });
    let mut at_work = processes(|directory| {
        directory.starts_with(git_dir) || work_tree.is_some_and(|tree| directory.starts_with(tree))
    });
    at_work.sort_unstable();
    let who = match at_work.as_slice() {
        [] if cfg!(target_os = "linux") => "no git process found here".to_owned(),
        [] => "git processes cannot be listed on this system".to_owned(),
        list => format!("running here: {}", list.join(", ")),
    };
    format!("{age}; {who}")
}

/// Lists git processes whose current directory satisfies `here`.
fn processes(here: impl Fn(&Path) -> bool) -> Vec<String> {
    let parents = ancestors();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let named = entries.flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
        let name = name.trim_end();
        let directory = std::fs::read_link(entry.path().join("cwd")).ok()?;
        let ours = name.starts_with("git") && !parents.contains(&pid) && here(&directory);
        ours.then(|| format!("{} (process {pid})", name.escape_debug()))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn an_old_lock_is_described_with_its_age_and_a_young_one_is_waited_for() {
        let dir = tempfile::TempDir::new().unwrap();
        let lock = dir.path().join("x.lock");
        assert!(may_pass(&lock), "it is gone");
        let file = std::fs::File::create(&lock).unwrap();
        assert!(may_pass(&lock));
        let old = SystemTime::now() - Duration::from_secs(90);
        file.set_modified(old).unwrap();
        assert!(!may_pass(&lock));
        let told = holder(&lock, dir.path(), None);
        assert!(told.starts_with("90 s old; "), "{told}");
        #[cfg(target_os = "linux")]
        assert!(told.ends_with("no git process found here"), "{told}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_git_process_in_the_repository_is_named_and_one_elsewhere_is_not() {
        let dir = tempfile::TempDir::new().unwrap();
        let real = dir.path().canonicalize().unwrap();
        let mut command = std::process::Command::new("git");
        command.args(["hash-object", "--stdin"]).current_dir(&real);
        command.stdin(std::process::Stdio::piped());
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        let (pid, lock) = (child.id(), real.join("x.lock"));
        let named = |told: String| told.contains(&format!("git (process {pid})"));
        // The kernel sets the name of a process a moment after its start.
        let there = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            named(holder(&lock, &real, None))
        });
        let elsewhere = named(holder(&lock, &real.join("elsewhere"), None));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(there && !elsewhere);
    }
}
