//! One trial: a copy of the world, a command that is struck in it, and what must hold then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Call, Case, Kind, faults};
use crate::world::{PROGRAM, World};

/// Where every ref of the repositories is, and what `git awo verify` says of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    places: Vec<(BTreeMap<String, String>, Verdict)>,
    files: Files,
}

/// Files and what is in them.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The exit code, and the codes of the findings.
type Verdict = (i32, Vec<String>);

impl State {
    pub fn of(world: &World, case: &Case) -> Self {
        let places = case.places.iter();
        let places = places.map(|place| (refs(world, place), verdict(world, place)));
        Self {
            places: places.collect(),
            files: files(world, case),
        }
    }
}

/// Which state a trial has ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Old = 0,
    New = 1,
    /// Of several repositories some in the old state and some in the new, or neither.
    Mixed = 2,
}

/// What was found.
pub struct Judged {
    pub state: Ended,
    /// Whether the call came that was to be struck.
    pub struck: bool,
    pub locked: bool,
    pub faults: Vec<String>,
}

pub struct Trial<'a> {
    pub world: World,
    case: &'a Case,
    epoch: u64,
}

impl<'a> Trial<'a> {
    pub fn new(base: &World, case: &'a Case, epoch: u64) -> Self {
        let world = base.copy_without(|name| {
            let known = ["olga", "otto", "rita", "vera", "server.git"];
            known.contains(&name) && !case.places.contains(&name)
        });
        std::fs::create_dir_all(world.path("tmp")).unwrap();
        Self { world, case, epoch }
    }

    fn count_file(&self) -> PathBuf {
        self.world.path("calls")
    }

    /// Types the command; strikes its n-th call, or only counts.
    fn typed(&self, struck: Option<(Kind, usize)>) -> (i32, String) {
        let strike = faults().to_str().unwrap();
        let anchor = self.world.fingerprint();
        let typed = self.case.words[2..].iter();
        let typed = typed.map(|word| match *word {
            "{anchor}" => anchor.as_str(),
            word => word,
        });
        let words: Vec<_> = [strike, PROGRAM].into_iter().chain(typed).collect();
        let mut command = self
            .world
            .command(self.case.who, self.case.places[0], &words);
        command
            .env("SOURCE_DATE_EPOCH", self.epoch.to_string())
            .env("TMPDIR", self.world.path("tmp"))
            .env("FAULT_PROGRAM", self.case.program)
            .env("FAULT_COUNT", self.count_file());
        if let Some((kind, n)) = struck {
            command
                .env("FAULT_KIND", kind.word())
                .env("FAULT_AT", n.to_string());
        }
        let output = command.output().unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), text)
    }

    pub fn undisturbed(&self) -> (i32, String) {
        self.typed(None)
    }

    /// Types the command and strikes its n-th call, whatever comes of it.
    pub fn struck(&self, kind: Kind, n: usize) {
        self.typed(Some((kind, n)));
    }

    /// Returns who types it.
    pub fn who(&self) -> &'static str {
        self.case.who
    }

    /// Returns the calls that the last command made.
    pub fn calls(&self) -> Vec<Call> {
        let text = String::from_utf8_lossy(&std::fs::read(self.count_file()).unwrap()).into_owned();
        let call = |line: &str| {
            let mut words = line.splitn(4, ' ').skip(1).map(str::to_owned);
            Call {
                name: words.next().unwrap(),
                program: words.next().unwrap(),
                path: words.next().unwrap(),
            }
        };
        text.lines().map(call).collect()
    }

    /// Strikes the n-th call, looks, types the command again and looks again.
    pub fn strike(&self, kind: Kind, n: usize, old: &State, new: &State) -> Judged {
        let (code, said) = self.typed(Some((kind, n)));
        let mut faults = Vec::new();
        let struck = self.calls().len() >= n;
        // git makes some calls or not, such as those of its housekeeping.
        if !struck && code != 0 {
            faults.push(format!("the call did not come: {said}"));
        }
        let killed = matches!(kind, Kind::Kill | Kind::KillAll);
        if !killed && !matches!(code, 0 | 1 | 3) {
            faults.push(format!("exit {code}: {said}"));
        }
        if !killed && code != 0 && !names_a_code(&said) {
            faults.push(format!("refused without a code: {said}"));
        }
        let locks = self.locks();
        let state = self.look(old, new, &mut faults);
        if self.case.whole && state == Ended::Mixed {
            faults.push("what stands there is neither the old state nor the new one".to_owned());
        }
        if code == 0 && state != Ended::New {
            faults.push(format!("it says it is done, and it is not: {said}"));
        }
        self.again(state, &locks, new, &mut faults);
        if !faults.is_empty() {
            faults.push(format!("it had ended with {code}: {said}"));
        }
        Judged {
            state,
            struck,
            locked: !locks.is_empty(),
            faults,
        }
    }

    fn look(&self, old: &State, new: &State, faults: &mut Vec<String>) -> Ended {
        let mut ended = None;
        let known = old.places.iter().zip(&new.places);
        for (place, (old, new)) in self.case.places.iter().zip(known) {
            let now = refs(&self.world, place);
            let state = match &now {
                now if *now == new.0 => Ended::New,
                now if *now == old.0 => Ended::Old,
                now if *place == "server.git" && records_first(&old.0, &new.0, now) => Ended::Mixed,
                _ => {
                    let differs = |refs: &BTreeMap<_, _>| difference(refs, &now);
                    let (old, new) = (differs(&old.0), differs(&new.0));
                    faults.push(format!("{place} is mixed: old but {old}, new but {new}"));
                    Ended::Mixed
                }
            };
            // Where old and new are the same refs, the command changes none here.
            if !(old.0 == new.0 && now == new.0) {
                ended = match ended {
                    None => Some(state),
                    Some(other) if other == state => Some(other),
                    Some(_) => Some(Ended::Mixed),
                };
            }
            let verdict = verdict(&self.world, place);
            if verdict != old.1 && verdict != new.1 {
                faults.push(format!(
                    "verify in {place} says {verdict:?}, neither {:?} nor {:?}",
                    old.1, new.1
                ));
            }
            if let Some(said) = self.fsck(place) {
                faults.push(format!("git fsck in {place}: {said}"));
            }
        }
        let now = files(&self.world, self.case);
        for path in now.keys().chain(old.files.keys()).chain(new.files.keys()) {
            let is = now.get(path);
            if path.ends_with("config") {
                let path = self
                    .world
                    .path(path.to_str().unwrap())
                    .display()
                    .to_string();
                let words = ["git", "config", "--list", "--file", &path];
                let done = self.world.run("server", ".", &words);
                if done.code != 0 {
                    faults.push(done.text);
                }
                continue;
            }
            // Half an anchor would be found by `git awo verify`.
            if path.ends_with("anchor") {
                continue;
            }
            if is != old.files.get(path) && is != new.files.get(path) {
                faults.push(format!("{} is neither old nor new", path.display()));
            }
        }
        let written = match now {
            // The command changes none.
            _ if old.files == new.files => None,
            now if now == new.files => Some(Ended::New),
            now if now == old.files => Some(Ended::Old),
            _ => Some(Ended::Mixed),
        };
        match (ended, written) {
            (Some(refs), Some(files)) if refs != files => Ended::Mixed,
            (ended, written) => ended.or(written).unwrap_or(Ended::New),
        }
    }

    fn fsck(&self, place: &str) -> Option<String> {
        let words = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"];
        let done = self.world.run(self.case.who, place, &words);
        let quiet = done.text.lines().all(|line| {
            // Not an error of git's: a file that it passes over.
            line.starts_with("notice:") || line.starts_with("dangling")
        });
        (done.code != 0 || !quiet).then_some(done.text)
    }

    /// Types the same command again. A lock that a dead process has left must be told, and stays
    /// until a person has removed it.
    fn again(&self, state: Ended, locks: &[PathBuf], new: &State, faults: &mut Vec<String>) {
        let (mut code, mut said) = self.typed(None);
        let already = ["REP-001", "already", "no such proposal"];
        let stands = |said: &str| state == Ended::New && already.iter().any(|it| said.contains(it));
        if code != 0 && !locks.is_empty() && !stands(&said) {
            let named = locks.iter().any(|lock| {
                let name = lock.file_name().unwrap().to_str().unwrap();
                said.contains(name)
            });
            if !named || !said.contains("REP-003") {
                faults.push(format!("a lock is left and not told ({code}): {said}"));
            }
            for lock in locks {
                if !lock.exists() {
                    faults.push(format!("{} was removed silently", lock.display()));
                }
                let _ = std::fs::remove_file(lock);
            }
            (code, said) = self.typed(None);
        }
        // What stands already is not said twice.
        if code != 0 && !stands(&said) {
            faults.push(format!("again: exit {code}: {said}"));
        }
        let now = State::of(&self.world, self.case);
        if now != *new {
            for ((now, new), place) in now.places.iter().zip(&new.places).zip(self.case.places) {
                if now != new {
                    let differs = difference(&new.0, &now.0);
                    faults.push(format!(
                        "again: {place} is not as it would have been: {differs}; verify {:?}, not {:?}: {said}",
                        now.1, new.1
                    ));
                }
            }
        }
        for (path, bytes) in &now.files {
            if new.files.get(path) != Some(bytes) {
                let text = String::from_utf8_lossy(bytes);
                let path = path.display();
                faults.push(format!(
                    "again: {path} is not as it would have been: {text}"
                ));
            }
        }
        for path in new.files.keys().filter(|it| !now.files.contains_key(*it)) {
            faults.push(format!("again: {} is missing: {said}", path.display()));
        }
        for place in self.case.places {
            faults.extend(self.fsck(place).map(|it| format!("again: git fsck: {it}")));
        }
        for place in self.case.places {
            let beside = std::fs::read_dir(self.world.path(place).join("src"));
            let names = beside
                .into_iter()
                .flatten()
                .flatten()
                .map(|it| it.file_name());
            let left: Vec<_> = names
                .filter(|it| it.as_encoded_bytes().starts_with(b".awo-restore-"))
                .collect();
            if !left.is_empty() {
                faults.push(format!("again: left beside the state: {left:?}"));
            }
        }
        let left = std::fs::read_dir(self.world.path("tmp")).unwrap();
        let names: Vec<_> = left
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| name.starts_with("awo-run-"))
            // Killed before anything was in it.
            .filter(|name| {
                let path = self.world.path("tmp").join(name);
                std::fs::read_dir(path).unwrap().count() > 1
            })
            .collect();
        if !names.is_empty() {
            faults.push(format!("again: left in TMPDIR: {names:?}"));
        }
    }

    /// Returns the locks that lie about.
    pub fn locks(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for place in self.case.places {
            locks_below(&self.world.path(place), &mut found);
        }
        found
    }
}

fn locks_below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            locks_below(&path, found);
        } else if path.extension().is_some_and(|it| it == "lock") {
            found.push(path);
        }
    }
}

/// Returns where the refs are that a command moves itself. What git has seen of a remote is not
/// among them; nor the receive log, which tells the time.
fn refs(world: &World, place: &str) -> BTreeMap<String, String> {
    let words = ["git", "for-each-ref", "--format=%(refname) %(objectname)"];
    let listed = world.ok("server", place, &words);
    let followed = |name: &str| {
        !["refs/remotes/", "refs/awo-remotes/", "refs/awo/log"]
            .iter()
            .any(|it| name.starts_with(it))
    };
    let pairs = listed.lines().filter_map(|line| line.split_once(' '));
    pairs
        .filter(|(name, _)| followed(name))
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .collect()
}

/// Returns the files that a command writes besides refs, by their places in the world.
fn files(world: &World, case: &Case) -> Files {
    let mut found = Files::new();
    for below in case.files {
        files_below(world, Path::new(below), &mut found);
    }
    if !case.whole {
        found.retain(|_, content| content != DIRECTORY);
    }
    found
}

/// What stands for the content of a directory.
const DIRECTORY: &[u8] = b"a directory";

fn files_below(world: &World, below: &Path, found: &mut Files) {
    let path = world.path("").join(below);
    if path.is_symlink() {
        let to = std::fs::read_link(&path).unwrap();
        let to = [b"symlink to ", to.as_os_str().as_encoded_bytes()].concat();
        found.insert(below.to_owned(), to);
        return;
    }
    if path.is_dir() {
        // What holds nothing is seen too.
        found.insert(below.to_owned(), DIRECTORY.to_vec());
        for entry in std::fs::read_dir(&path).unwrap().flatten() {
            files_below(world, &below.join(entry.file_name()), found);
        }
        return;
    }
    let Ok(bytes) = std::fs::read(&path) else {
        return;
    };
    let name = below.file_name().unwrap().to_string_lossy();
    let name = &*name;
    let unfinished = [".tmp", ".git-awo-", ".awo-export-"];
    // What is remembered has a digest of its own, and may be lost at any time.
    if name == "policies-known" {
        return;
    }
    if name.ends_with(".lock") || unfinished.iter().any(|it| name.starts_with(it)) {
        return;
    }
    // Another key each time; it must be one.
    let is_key = |arguments: &[&str]| {
        let words = [&["ssh-keygen"], arguments, &["-f", name]].concat();
        let place = below.parent().unwrap().to_str().unwrap();
        match world.run("server", place, &words).code {
            0 => b"a key".to_vec(),
            _ => format!("no key: {}", String::from_utf8_lossy(&bytes)).into(),
        }
    };
    let content = match name {
        "server_key" => is_key(&["-y", "-P", ""]),
        "server_key.pub" => is_key(&["-l"]),
        _ => bytes,
    };
    found.insert(below.to_owned(), content);
}

/// Tells whether of a push some records have arrived and no branch has moved. git moves the refs of
/// an atomic push one by one, once all are locked; what kills it there leaves the rest where it
/// was, and a record that waits for its branch is nothing false.
fn records_first(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> bool {
    let names: BTreeSet<_> = [old, new, now]
        .into_iter()
        .flat_map(BTreeMap::keys)
        .collect();
    names.into_iter().all(|name| {
        let is = now.get(name);
        is == old.get(name)
            || (is == new.get(name) && name.starts_with("refs/awo/"))
            || (is == new.get(name) && name.starts_with("refs/notes/awo/"))
    })
}

fn difference(wanted: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> String {
    let names = wanted.keys().chain(now.keys());
    let mut differ: Vec<_> = names
        .filter(|name| wanted.get(*name) != now.get(*name))
        .map(String::as_str)
        .collect();
    differ.dedup();
    differ.join(" ")
}

fn verdict(world: &World, place: &str) -> Verdict {
    let who = if place == "server.git" {
        "server"
    } else {
        place
    };
    let mut command = world.command(who, place, &["git", "awo", "--json", "verify"]);
    let output = command.output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let findings = said["findings"].as_array().cloned().unwrap_or_default();
    let mut codes: Vec<_> = findings
        .iter()
        .map(|it| format!("{} {}", it["code"], it["rule"]))
        .collect();
    if said.is_null() {
        codes.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    (output.status.code().unwrap_or(-1), codes)
}

fn names_a_code(text: &str) -> bool {
    ["GOV-0", "INT-0", "ATT-0", "REP-0", "STR-0"]
        .iter()
        .any(|code| text.contains(code))
}
