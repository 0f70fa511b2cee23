//! The hooks of a clone: the server's verdict, earlier. A clone without a policy has nothing to
//! say, and neither has a push to a remote that is not known to be governed.

use std::path::Path;

use crate::actor::{Clock, Settings, person_of};
use crate::check::{Marks, PolicyHistory, push, staged};
use crate::git::{self, Reader};
use crate::record::tree::{Change, Mode};
use crate::record::{
    Coded, Diagnosis, Finding, HashKind, IdentityName, ObjectId, RefName, RepoPath, Report, Rule,
    Subject, trailers,
};
use crate::records::Movement;
use crate::rules::clone;
use crate::signing;
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;

use crate::sys::Environment;
use crate::sys::file;

use super::{Error, input};

/// The longest commit message that is judged.
const MAX_MESSAGE: u64 = 16 * 1024 * 1024;

/// Judges what is staged, before a commit.
pub fn pre_commit(environment: &Environment) -> Result<Report, Error> {
    let reader = open(environment)?;
    let cwd = environment.directory();
    let (Some(history), Some(branch)) = (history(&reader)?, reader.head()?) else {
        return Ok(Report::default());
    };
    if reader.head_id()?.is_none() {
        return Ok(Report::default());
    }
    let merged = merged(&reader, environment)?;
    if !merged.is_empty() {
        return merge(&reader, cwd, &history, &branch, &merged);
    }
    let changes = staged_changes(cwd, reader.hash_kind())?;
    let person = person(&reader, cwd, &history);
    Ok(staged::judge(
        &reader,
        &history,
        &branch,
        person.as_ref(),
        &changes,
        reverting(&reader),
        Clock::system().now(),
    )?)
}

/// Judges a merge that needs no hand, before its commit.
pub fn pre_merge_commit(environment: &Environment) -> Result<Report, Error> {
    let reader = open(environment)?;
    let (Some(history), Some(branch)) = (history(&reader)?, reader.head()?) else {
        return Ok(Report::default());
    };
    let merged = merged(&reader, environment)?;
    if merged.is_empty() {
        return Err(Error::Odd("git does not tell what is merged"));
    }
    merge(&reader, environment.directory(), &history, &branch, &merged)
}

/// Judges a commit message.
pub fn commit_msg(environment: &Environment, file: &Path) -> Result<Report, Error> {
    let reader = open(environment)?;
    let cwd = environment.directory();
    let mut report = Report::default();
    if history(&reader)?.is_none() {
        return Ok(report);
    }
    let path = cwd.join(file);
    let text = file::read_existing(&path, MAX_MESSAGE);
    let text = text.map_err(|source| Error::Io { path, source })?;
    report.findings.extend(by_hand(&text));
    Ok(report)
}

/// Judges a push as the server would, from where the server was last seen.
pub fn pre_push(environment: &Environment, remote: &str, input: &[u8]) -> Result<Report, Error> {
    let reader = open(environment)?;
    let mut report = Report::default();
    let Some(before) = seen(&reader, remote)? else {
        return Ok(report);
    };
    let movements = input::pushed(input, reader.hash_kind(), &mut report.findings);
    if !report.findings.is_empty() || movements.is_empty() {
        return Ok(report);
    }
    // git calls this hook also for what it will not push, since the server has what the clone lacks.
    let newer = movements.iter().filter_map(|it| {
        let old = it.old.filter(|old| !reader.contains(*old))?;
        Place::of(&it.reference)
            .map(|_| Early::Overtaken(old).to_finding(Subject::of_ref(&it.reference)))
    });
    report.findings.extend(newer);
    if !report.findings.is_empty() {
        return Ok(report);
    }
    let mut before = before;
    for movement in &movements {
        // What the server itself says is newer than what was seen.
        match movement.old {
            Some(id) => _ = before.insert(movement.reference.clone(), id),
            None => _ = before.remove(&movement.reference),
        }
    }
    let settings = Settings::at(reader.common_dir());
    let (anchor, known) = (settings.anchor()?, settings.known_policies());
    let time = Clock::told(environment)?.now();
    let judge = |movements: &[Movement]| {
        push::judge(&push::Push {
            reader: &reader,
            before: &before,
            movements,
            anchor: anchor.as_ref(),
            known: known.as_ref(),
            door: push::Door::Clone,
            time,
        })
    };
    let mut judged = judge(&movements);
    if !judged.findings.is_empty() {
        let records = left_out(&reader, &before, &movements)?;
        if !records.is_empty() {
            let with_records = [movements.clone(), records].concat();
            clone::or_push(&mut judged, &judge(&with_records));
        }
    }
    let is_behind = has_moved(&reader, &settings.high_water()?, remote, &movements)?;
    report.absorb(clone::or_fetch(judged, is_behind));
    // The server refuses these by themselves; here only the whole push can be stopped.
    if movements
        .iter()
        .all(|it| report.apart.contains(&it.reference))
    {
        report.apart.clear();
    }
    Ok(report)
}

/// Returns how the refs with records that a push leaves out would move with it.
fn left_out(
    reader: &Reader,
    before: &Refs,
    movements: &[Movement],
) -> Result<Vec<Movement>, Error> {
    let mut left = Vec::new();
    for prefix in layout::GOVERNANCE_PREFIXES {
        for (reference, id) in reader.references(prefix)? {
            let holds_records = matches!(
                Place::of(&reference),
                Some(Place::Ledger | Place::Notes(_) | Place::Evidence | Place::Baseline)
            );
            let old = before.get(&reference).copied();
            let mut pushed = movements.iter();
            if holds_records && old != Some(id) && !pushed.any(|it| it.reference == reference) {
                left.push(Movement {
                    reference,
                    old,
                    new: Some(id),
                });
            }
        }
    }
    Ok(left)
}

/// Tells whether a branch of the server has moved since `git awo fetch`: then its policy and its
/// records may have, too.
fn has_moved(
    reader: &Reader,
    marks: &Marks,
    remote: &str,
    movements: &[Movement],
) -> Result<bool, Error> {
    let Some(seen) = marks.branches.get(remote) else {
        return Ok(false);
    };
    let seen: Vec<_> = seen
        .values()
        .copied()
        .filter(|id| reader.contains(*id))
        .collect();
    let branches = movements
        .iter()
        .filter(|it| it.reference.branch().is_some());
    let old: Vec<_> = branches.filter_map(|it| it.old).collect();
    if old.iter().any(|id| !reader.contains(*id)) {
        return Ok(true);
    }
    Ok(!reader.new_commits(&old, &seen)?.is_empty())
}

/// What a clone can tell before the server does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Early {
    /// The same race as where the server finds it, met sooner.
    #[error("the server is at {0}, which is not here")]
    Overtaken(ObjectId),
    #[error("the trailer {0} in a commit message")]
    ByHand(String),
    #[error("a merge commit")]
    Merge,
}

impl Coded for Early {
    fn diagnosis(&self) -> Diagnosis {
        let against = |rule, expected, remedy| Diagnosis::against(self, rule, expected, remedy);
        match self {
            Self::Overtaken(_) => {
                let expected = "what was seen of the server last";
                against(Rule::OldValue, expected, "git awo fetch, then push again")
            }
            Self::ByHand(_) => against(
                Rule::TrailerByHand,
                "AWO trailers only by git awo run and git awo rollback",
                "git commit, without that line in the message",
            ),
            Self::Merge => against(
                Rule::Merge,
                "a branch without merges, as the policy says",
                "git merge --abort, then git rebase BRANCH",
            ),
        }
    }
}

/// Returns where a server's refs were when last seen; `None` if it is not known to have a policy.
pub fn seen(reader: &Reader, remote: &str) -> Result<Option<Refs>, Error> {
    let mut seen = Refs::new();
    for (prefix, original) in [
        (format!("refs/awo-remotes/{remote}/"), "refs/"),
        (format!("refs/remotes/{remote}/"), "refs/heads/"),
    ] {
        // A remote that is an address has no tracking refs, and cannot stand in a ref name.
        if RefName::new(format!("{prefix}x")).is_err() {
            return Ok(None);
        }
        for (name, id) in reader.references(&prefix)? {
            let Some(rest) = name.as_str().strip_prefix(&prefix) else {
                continue;
            };
            if rest == "HEAD" {
                continue;
            }
            if let Ok(name) = RefName::new(format!("{original}{rest}")) {
                seen.insert(name, id);
            }
        }
    }
    Ok(seen.contains_key(&layout::policy()).then_some(seen))
}

/// Returns the finding if the message has trailers that only our own commands write.
pub fn by_hand(text: &[u8]) -> Option<Finding> {
    // With and without what git will strip: which of both it does is the user's setting.
    let found = ours(text).or_else(|| ours(&stripped(text)))?;
    Some(Early::ByHand(found).to_finding(Subject::none()))
}

fn ours(message: &[u8]) -> Option<String> {
    let mut keys = trailers::of(message).into_iter().map(|(key, _)| key);
    let prefix = |key: &String| key.get(..4).map(str::to_ascii_uppercase);
    keys.find(|key| prefix(key).as_deref() == Some("AWO-"))
}

/// Returns the message as `git commit` keeps it by default: without comments and what follows
/// the scissors.
fn stripped(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for line in text.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b"# ---") && line.windows(4).any(|it| it == b" >8 ") {
            break;
        }
        if !line.starts_with(b"#") {
            kept.extend_from_slice(line);
        }
    }
    kept
}

/// Judges a merge of these with HEAD, as it is staged.
fn merge(
    reader: &Reader,
    cwd: &Path,
    history: &PolicyHistory,
    branch: &RefName,
    merged: &[ObjectId],
) -> Result<Report, Error> {
    let policy = &history.current().policy;
    let rules = policy.ref_rules(branch);
    if rules.is_some_and(|rules| !rules.accepts_merges()) {
        return Ok(Early::Merge.refusal(Subject::of_ref(branch)).into_report());
    }
    let tree = staged_tree(cwd)?;
    let person = person(reader, cwd, history);
    let merge = staged::Merge { tree, merged };
    let (person, now) = (person.as_ref(), Clock::system().now());
    Ok(staged::judge_merge(
        reader, history, branch, person, &merge, now,
    )?)
}

/// Returns the commits that git is about to merge into HEAD. While it merges by itself it only names them in the
/// environment.
fn merged(reader: &Reader, environment: &Environment) -> Result<Vec<ObjectId>, Error> {
    const ODD: Error = Error::Odd("MERGE_HEAD is damaged");
    let path = reader.git_dir().join("MERGE_HEAD");
    match file::read(&path, MAX_MESSAGE) {
        Ok(Some(text)) => {
            let text = std::str::from_utf8(&text).map_err(|_| ODD)?;
            let ids = text.lines().map(|line| line.parse().map_err(|_| ODD));
            ids.collect()
        }
        Ok(None) => {
            let named = environment.after("GITHEAD_");
            Ok(named.filter_map(|id| id.parse().ok()).collect())
        }
        Err(source) => Err(Error::Io { path, source }),
    }
}

/// Returns the commit that git is about to revert, if it is.
fn reverting(reader: &Reader) -> Option<ObjectId> {
    let path = reader.git_dir().join("REVERT_HEAD");
    let text = file::read_existing(&path, MAX_MESSAGE).ok()?;
    std::str::from_utf8(&text).ok()?.trim().parse().ok()
}

/// Opens the repository as git tells its hooks where it is.
pub(super) fn open(environment: &Environment) -> Result<Reader, Error> {
    Ok(match environment.given("GIT_DIR") {
        Some(_) => Reader::in_hook(environment)?,
        None => Reader::discover(environment.directory())?,
    })
}

fn history(reader: &Reader) -> Result<Option<PolicyHistory>, Error> {
    match reader.reference(&layout::policy())? {
        Some(tip) => Ok(Some(PolicyHistory::load(reader, tip)?)),
        None => Ok(None),
    }
}

/// Returns who one is by one's key. That the policy does not know one is for the rules to say.
fn person(reader: &Reader, cwd: &Path, history: &PolicyHistory) -> Option<IdentityName> {
    // git itself, since only it knows what `git -c` has set.
    let output = git::git_in_this_environment(cwd)
        .args(["config", "--get", "user.signingkey"])
        .stdin(std::process::Stdio::null())
        .output();
    let asked = output.ok().filter(|output| output.status.success());
    let asked = asked.and_then(|output| String::from_utf8(output.stdout).ok());
    let key = asked.map(|text| text.trim_end_matches('\n').to_owned());
    let key = key.or_else(|| reader.config("user.signingkey"))?;
    let signer = signing::open_signer(&key).ok()?;
    person_of(history, signer.public_key()).ok()
}

/// Returns what the index changes against HEAD, asked of git in the hook's own environment: it
/// knows which index is meant.
fn staged_changes(cwd: &Path, kind: HashKind) -> Result<Vec<Change>, Error> {
    let output = git::git_in_this_environment(cwd)
        .args([
            "-c",
            "core.fsmonitor=false",
            "diff-index",
            "--cached",
            "--raw",
            "-z",
        ])
        .args([
            "--no-renames",
            "--no-relative",
            "--full-index",
            "--ignore-submodules=none",
            "HEAD",
        ])
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|source| git::Error::Start { source })?;
    if !output.status.success() {
        return Err(Error::Odd("git diff-index failed"));
    }
    raw_changes(&output.stdout, kind)
}

/// Returns the tree that git would commit, written as git does before it commits.
fn staged_tree(cwd: &Path) -> Result<ObjectId, Error> {
    let output = git::git_in_this_environment(cwd)
        .args(["-c", "core.fsmonitor=false", "write-tree"])
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|source| git::Error::Start { source })?;
    let text = String::from_utf8(output.stdout).unwrap_or_default();
    let tree = text.trim_end().parse().ok();
    tree.filter(|_| output.status.success())
        .ok_or(Error::Odd("git write-tree failed"))
}

/// Reads the output of `git diff-index --raw -z --full-index`.
pub fn raw_changes(raw: &[u8], kind: HashKind) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    if raw.is_empty() {
        return Ok(changes);
    }
    let body = raw
        .strip_suffix(b"\0")
        .ok_or(Error::Odd("a path without an end"))?;
    let mut parts = body.split(|b| *b == 0);
    while let Some(head) = parts.next() {
        let path = parts.next().ok_or(Error::Odd("a change without a path"))?;
        let head = head
            .strip_prefix(b":")
            .ok_or(Error::Odd("a change without a colon"))?;
        let fields: Vec<&[u8]> = head.split(|b| *b == b' ').collect();
        let [old_mode, new_mode, old, new, status] = fields.as_slice() else {
            return Err(Error::Odd("a change without five fields"));
        };
        if status.starts_with(b"U") {
            return Err(Error::Odd("a path is not merged yet"));
        }
        changes.push(Change {
            path: RepoPath::new(path),
            old: side(old_mode, old, kind)?,
            new: side(new_mode, new, kind)?,
        });
    }
    Ok(changes)
}

fn side(mode: &[u8], id: &[u8], kind: HashKind) -> Result<Option<(Mode, ObjectId)>, Error> {
    if mode == b"000000" {
        return Ok(None);
    }
    let mode = Mode::from_octal(mode).ok_or(Error::Odd("a mode that git does not have"))?;
    let id: Option<ObjectId> = std::str::from_utf8(id)
        .ok()
        .and_then(|text| text.parse().ok());
    let id = id.filter(|id| id.kind() == kind && !id.is_zero());
    Ok(Some((
        mode,
        id.ok_or(Error::Odd("a change without an object"))?,
    )))
}
