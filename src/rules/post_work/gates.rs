//! The ten gates, each a function of a file, its plan and what is known of the contents.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice as _;
use unicode_normalization::is_nfc;

use crate::facts::post_work::{ChangeFacts, Content, FileFacts, Standing};
use crate::record::links::is_markdown;
use crate::record::path::quote;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath, WorkGate, json, names};
use crate::records::{PlannedChange, PlannedFile, PreWorkPredicate, Rails};

use super::manifest::post_of;
use super::result::{At, FileResult, GateResult, Happened, Outcome, Written};
use super::text::{self, Hull, around, hull, is_binary, keeps, lines};

/// What a gate came to, and what was found.
type Found = (Outcome, String);

fn pass(evidence: impl Into<String>) -> Found {
    (Outcome::Pass, evidence.into())
}

fn fail(evidence: impl Into<String>) -> Found {
    (Outcome::Fail, evidence.into())
}

fn blocked(evidence: impl Into<String>) -> Found {
    (Outcome::Blocked, evidence.into())
}

fn unsupported(evidence: impl Into<String>) -> Found {
    (Outcome::Unsupported, evidence.into())
}

/// The lines of a text.
type Lines<'a> = Vec<&'a [u8]>;

/// What kind of content a file has, before and after.
enum Nature<'a> {
    /// Lines on both sides; a side that is not there has none.
    Text(Vec<&'a [u8]>, Vec<&'a [u8]>),
    /// The same content in plain files.
    Same,
    /// Something that has no lines.
    Other(&'static str),
    /// More bytes than are looked at.
    TooLarge(u64),
}

/// A file with all that its gates need.
struct Case<'a> {
    file: &'a FileFacts,
    plan: Option<&'a PlannedFile>,
    happened: Happened,
    nature: Nature<'a>,
}

pub(super) fn measure(
    plan: Option<&PreWorkPredicate>,
    change: &ChangeFacts,
    written: Written<'_>,
) -> Vec<FileResult> {
    let planned: BTreeMap<RepoPath, &PlannedFile> = plan
        .iter()
        .flat_map(|it| &it.files)
        .map(|it| (it.repo_path(), it))
        .collect();
    let manifest = match written {
        Written::Now | Written::There { manifest: None, .. } => None,
        Written::There {
            manifest: Some(bytes),
            ..
        } => json::parse(bytes).ok(),
    };
    let files = change.files.iter();
    let measured = files.map(|file| {
        let case = Case {
            plan: planned.get(&file.path).copied(),
            happened: happened(file),
            nature: nature(file),
            file,
        };
        let gates = WorkGate::ALL.iter().map(|gate| {
            let (outcome, evidence) = match gate {
                WorkGate::AnchorsPresent => case.anchors(),
                WorkGate::WindowMatchesPlan => case.window(),
                WorkGate::RailsUntouchedOutsideWindow => case.rails(),
                WorkGate::FilenameCanonicalAndOpenable => case.filename(),
                WorkGate::PreSha1Captured => case.pre_sha1(),
                WorkGate::PostSha1Captured => match written {
                    Written::Now => pass(blob_of(&file.new)),
                    Written::There { .. } => post_sha1(file, manifest.as_ref()),
                },
                WorkGate::LineDeltaEqualsExpected => case.line_delta(),
                WorkGate::AllLinksResolvable => case.links(change.unread.as_deref()),
                WorkGate::ManifestWrittenAndPathReturned => match written {
                    Written::Now => pass("written with the run"),
                    Written::There { manifest: None, .. } => {
                        fail("no manifest at the path that the run record names")
                    }
                    Written::There { listed: false, .. } => {
                        fail("the inventory does not list the manifest as it is")
                    }
                    Written::There { .. } => pass("written with the run"),
                },
                WorkGate::CurrentFileMatchesPreimage => (
                    Outcome::Advisory,
                    "judged where the commit lands".to_owned(),
                ),
            };
            GateResult {
                gate: *gate,
                outcome,
                evidence,
            }
        });
        FileResult {
            path: file.path.clone(),
            happened: case.happened,
            lines: case.hull().map(|it| (it.first, it.last)),
            delta: case.delta(),
            pre: at(&file.old),
            post: at(&file.new),
            gates: gates.collect(),
        }
    });
    measured.collect()
}

/// Judges that a branch has what the plan began with.
pub(super) fn current(file: &PlannedFile, there: Option<ObjectId>) -> GateResult {
    let word = |id: Option<ObjectId>| id.map_or("nothing".to_owned(), |id| format!("blob {id}"));
    let (outcome, evidence) = match there == file.pre_blob {
        true => pass(format!("the branch had {}", word(there))),
        false => fail(format!(
            "the branch had {}, the plan begins with {}",
            word(there),
            word(file.pre_blob)
        )),
    };
    GateResult {
        gate: WorkGate::CurrentFileMatchesPreimage,
        outcome,
        evidence,
    }
}

fn at(standing: &Option<Standing>) -> Option<At> {
    standing.as_ref().map(|it| At {
        blob: it.id,
        mode: it.mode.as_str(),
        sha1: it.sha1,
    })
}

fn happened(file: &FileFacts) -> Happened {
    match (&file.old, &file.new) {
        (None, None) => Happened::Absent,
        (None, Some(_)) => Happened::Added,
        (Some(_), None) => Happened::Deleted,
        (Some(old), Some(new)) if old.id != new.id => Happened::Changed,
        (Some(old), Some(new)) if old.mode != new.mode => match is_plain(old) && is_plain(new) {
            true => Happened::Mode,
            false => Happened::Changed,
        },
        (Some(_), Some(_)) => Happened::Unchanged,
    }
}

fn is_plain(it: &Standing) -> bool {
    matches!(it.mode, Mode::File | Mode::Executable)
}

fn nature(file: &FileFacts) -> Nature<'_> {
    let sides = || file.old.iter().chain(&file.new);
    for (mode, what) in [
        (Mode::Gitlink, "a submodule"),
        (Mode::Symlink, "a symlink"),
        (Mode::Tree, "a directory"),
    ] {
        if sides().any(|it| it.mode == mode) {
            return Nature::Other(what);
        }
    }
    if let (Some(old), Some(new)) = (&file.old, &file.new)
        && old.id == new.id
    {
        return Nature::Same;
    }
    for it in sides() {
        match &it.content {
            Content::TooLarge(size) => return Nature::TooLarge(*size),
            Content::Bytes(bytes) if is_binary(bytes) => return Nature::Other("binary content"),
            Content::Bytes(_) => {}
            Content::None => return Nature::Other("an object without content"),
        }
    }
    fn of(it: &Option<Standing>) -> Vec<&[u8]> {
        match it.as_ref().map(|it| &it.content) {
            Some(Content::Bytes(bytes)) => lines(bytes),
            _ => Vec::new(),
        }
    }
    Nature::Text(of(&file.old), of(&file.new))
}

fn blob_of(standing: &Option<Standing>) -> String {
    match standing {
        Some(it) => format!("{} {}", kind(it), it.id),
        None => "nothing there".to_owned(),
    }
}

fn kind(it: &Standing) -> &'static str {
    match it.mode {
        Mode::Gitlink => "commit",
        _ => "blob",
    }
}

/// The manifest that came with the run names the content that the commit has.
fn post_sha1(file: &FileFacts, manifest: Option<&json::Json>) -> Found {
    let Some(manifest) = manifest else {
        return fail("no manifest that can be read");
    };
    let (named, wanted) = (post_of(manifest, &file.path), file.new.as_ref());
    let wanted = wanted.map(|it| it.id.to_string());
    match named {
        None => fail("the manifest does not name the file"),
        Some(named) if named == wanted => pass(blob_of(&file.new)),
        Some(named) => fail(format!(
            "the manifest names {}, the commit has {}",
            named.map_or("nothing".to_owned(), |it| quote(it.as_bytes())),
            wanted.unwrap_or("nothing".to_owned())
        )),
    }
}

const NO_PLAN: &str = "the pre-work does not plan the file";

impl<'a> Case<'a> {
    fn old_bytes(&self) -> Option<&'a [u8]> {
        match self.file.old.as_ref().map(|it| &it.content) {
            Some(Content::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    fn hull(&self) -> Option<Hull> {
        let Nature::Text(old, new) = &self.nature else {
            return None;
        };
        match self.happened {
            Happened::Added => (!new.is_empty()).then_some(Hull {
                first: 1,
                last: new.len() as u64,
            }),
            _ => hull(old, new, self.plan.and_then(|it| it.window)),
        }
    }

    fn delta(&self) -> Option<i64> {
        match &self.nature {
            Nature::Text(old, new) => {
                let count = |lines: &Vec<&[u8]>| i64::try_from(lines.len()).ok();
                count(new)?.checked_sub(count(old)?)
            }
            Nature::Same => Some(0),
            Nature::Other(_) | Nature::TooLarge(_) => None,
        }
    }

    /// Returns what a gate about lines comes to where there are none.
    fn no_lines(&self) -> Option<Found> {
        match &self.nature {
            Nature::Other(what) => Some(unsupported(format!("{what} has no lines"))),
            Nature::TooLarge(size) => Some(too_large(*size)),
            Nature::Text(..) | Nature::Same => None,
        }
    }

    /// Returns whether a file came or went, or stayed, as planned.
    fn as_planned(&self, plan: &PlannedFile) -> Result<(), Found> {
        let fits = match plan.change {
            PlannedChange::Add => self.happened == Happened::Added,
            PlannedChange::Delete => self.happened == Happened::Deleted,
            PlannedChange::Change => matches!(
                self.happened,
                Happened::Changed | Happened::Mode | Happened::Unchanged
            ),
        };
        match fits {
            true => Ok(()),
            false => Err(fail(format!(
                "planned: {}, found: {}",
                plan.change, self.happened
            ))),
        }
    }

    fn anchors(&self) -> Found {
        let Some(plan) = self.plan else {
            return blocked(NO_PLAN);
        };
        if plan.change == PlannedChange::Add {
            return match plan.anchors.is_empty() {
                true => pass("a new file has none"),
                false => fail("anchors in a file that is new"),
            };
        }
        let bytes = match self.file.old.as_ref().map(|it| &it.content) {
            Some(Content::Bytes(bytes)) => bytes,
            Some(Content::None) => return unsupported("a submodule has no content"),
            Some(Content::TooLarge(size)) => return too_large(*size),
            None => return fail("the base has no such file"),
        };
        for anchor in &plan.anchors {
            let count = occurrences(bytes, anchor.as_bytes());
            if count != 1 {
                let word = if count == 0 {
                    "nowhere"
                } else {
                    "more than once"
                };
                return fail(format!("{} stands there {word}", quote(anchor.as_bytes())));
            }
        }
        pass(format!("{} of {0}", plan.anchors.len()))
    }

    /// Returns the plan of a file and its lines, or what a gate comes to that compares them where there is no plan,
    /// there are no lines, the file came or went otherwise than planned, or nothing changed.
    fn planned_lines(
        &self,
        unchanged: &str,
    ) -> Result<(&PlannedFile, &Lines<'_>, &Lines<'_>), Found> {
        let plan = self.plan.ok_or_else(|| blocked(NO_PLAN))?;
        if let Some(found) = self.no_lines() {
            return Err(found);
        }
        self.as_planned(plan)?;
        match &self.nature {
            Nature::Text(old, new) => Ok((plan, old, new)),
            _ => Err(pass(unchanged)),
        }
    }

    fn window(&self) -> Found {
        let (plan, old, new) = match self.planned_lines("no line changed") {
            Ok(lines) => lines,
            Err(found) => return found,
        };
        let window = match plan.change {
            PlannedChange::Add => return pass("a new file, as planned"),
            PlannedChange::Delete => return pass("deleted, as planned"),
            PlannedChange::Change => plan.window,
        };
        let (Some(window), Some(hull)) = (window, self.hull()) else {
            return fail("no window is planned");
        };
        let found = format!(
            "lines {}-{} changed, {window} planned",
            hull.first, hull.last
        );
        match around(window, old) {
            Some([(head, tail), _]) if keeps(old, new, head, tail) => pass(found),
            Some(_) => fail(found),
            None => fail(format!("the base has no lines {window}")),
        }
    }

    fn rails(&self) -> Found {
        let (plan, old, new) = match self.planned_lines("no byte changed") {
            Ok(lines) => lines,
            Err(found) => return found,
        };
        let window = match plan.change {
            PlannedChange::Add | PlannedChange::Delete => {
                return pass("the whole file, as planned");
            }
            PlannedChange::Change => plan.window,
        };
        let Some(window) = window else {
            return fail("no window is planned");
        };
        if rails_of(window, old) != plan.rails {
            return fail(format!("the rails are not lines {window} of the base"));
        }
        match around(window, old) {
            Some([_, (head, tail)]) if keeps(old, new, head, tail) => pass(format!(
                "all up to line {} and from {}",
                window.first, window.last
            )),
            Some([_, (head, _)]) => {
                let broken = match keeps(old, new, head, 0) {
                    true => format!("line {} or what follows it", window.last),
                    false => format!("line {} or what precedes it", window.first),
                };
                fail(format!("{broken} changed"))
            }
            None => fail(format!("the base has no lines {window}")),
        }
    }

    fn filename(&self) -> Found {
        if let Err(why) = canonical(&self.file.path) {
            return fail(why);
        }
        match (&self.file.old, &self.file.new) {
            (_, Some(new)) if is_plain(new) => {
                pass(format!("a file of mode {}", new.mode.as_str()))
            }
            (_, Some(new)) => fail(format!("mode {} is no plain file", new.mode.as_str())),
            (Some(old), None) if is_plain(old) => pass("a plain file, deleted"),
            (Some(old), None) => fail(format!("mode {} was no plain file", old.mode.as_str())),
            (None, None) => fail("no such file"),
        }
    }

    fn pre_sha1(&self) -> Found {
        let Some(plan) = self.plan else {
            return blocked(NO_PLAN);
        };
        let Some(old) = &self.file.old else {
            return match (plan.pre_sha1, plan.pre_blob) {
                (None, None) => pass("nothing there, as planned"),
                _ => fail("the base has no such file"),
            };
        };
        match old.content {
            Content::TooLarge(size) => return too_large(size),
            Content::None => return unsupported("a submodule has no content"),
            Content::Bytes(_) => {}
        }
        let Some(sha1) = old.sha1 else {
            return fail("no SHA-1 of this content can be trusted");
        };
        match plan.pre_sha1 == Some(sha1) && plan.pre_blob == Some(old.id) {
            true => pass(sha1.to_string()),
            false => fail(format!(
                "the base has {sha1}, planned is {}",
                plan.pre_sha1
                    .map_or("nothing".to_owned(), |it| it.to_string())
            )),
        }
    }

    fn line_delta(&self) -> Found {
        let Some(plan) = self.plan else {
            return blocked(NO_PLAN);
        };
        if let Some(found) = self.no_lines() {
            return found;
        }
        match self.delta() {
            Some(delta) if delta == plan.delta => pass(format!("{delta:+} lines")),
            Some(delta) => fail(format!("{delta:+} lines, {:+} planned", plan.delta)),
            None => blocked("too many lines"),
        }
    }

    fn links(&self, unread: Option<&str>) -> Found {
        if self.happened == Happened::Deleted {
            if !self.file.linked_from.is_empty() {
                let from = self.file.linked_from.iter().take(10);
                let from: Vec<_> = from.map(String::as_str).collect();
                return fail(format!("still linked to from {}", from.join(", ")));
            }
            return match unread {
                Some(why) => blocked(format!("not all files were read: {why}")),
                None => pass("nothing links to it"),
            };
        }
        if !is_markdown(&self.file.path) {
            return pass("no Markdown");
        }
        let Some(new) = &self.file.new else {
            return pass("no Markdown");
        };
        if !is_plain(new) {
            return unsupported("no plain file");
        }
        let bytes = match &new.content {
            Content::Bytes(bytes) => bytes,
            Content::TooLarge(size) => return too_large(*size),
            Content::None => return unsupported("no content"),
        };
        if std::str::from_utf8(bytes).is_err() {
            return unsupported("the text is not UTF-8");
        }
        // A line that the file had before is neither new nor changed, wherever it stands now.
        let before: BTreeSet<&[u8]> = self
            .old_bytes()
            .map(lines)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let now = lines(bytes);
        let is_new = |first: u64, last: u64| {
            let from = usize::try_from(first.saturating_sub(1)).unwrap_or(usize::MAX);
            let to = usize::try_from(last).unwrap_or(usize::MAX).min(now.len());
            let lines = now.get(from..to).unwrap_or_default();
            lines.iter().any(|line| !before.contains(line))
        };
        let dead = self.file.dead.iter().filter(|it| is_new(it.first, it.last));
        let dead: Vec<_> = dead
            .map(|it| {
                format!(
                    "line {} links to {}",
                    it.first,
                    quote(it.destination.as_bytes())
                )
            })
            .take(10)
            .collect();
        match dead.is_empty() {
            true => pass("every relative link leads to something"),
            false => fail(dead.join(", ")),
        }
    }
}

fn too_large(size: u64) -> Found {
    blocked(format!("{size} bytes, more than are looked at"))
}

/// Counts where a text occurs, up to two.
pub(in crate::rules) fn occurrences(bytes: &[u8], text: &[u8]) -> usize {
    if text.is_empty() {
        return 0;
    }
    let Some(at) = bytes.find(text) else {
        return 0;
    };
    // Also one that overlaps the first.
    let rest = bytes.get(at.saturating_add(1)..).unwrap_or_default();
    match rest.find(text) {
        None => 1,
        Some(_) => 2,
    }
}

/// Returns the rails of a window: the texts of its first and last line.
pub(crate) fn rails_of(window: crate::records::Window, old: &[&[u8]]) -> Option<Rails> {
    around(window, old)?;
    let line = |number: u64| {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        old.get(at).map(|line| quote(text::text(line)))
    };
    Some(Rails {
        first: line(window.first),
        last: line(window.last),
    })
}

/// Judges that a path is in its one form.
pub(in crate::rules) fn canonical(path: &RepoPath) -> Result<(), String> {
    match path.to_str() {
        None => return Err("the path is not UTF-8".to_owned()),
        Some(text) if !is_nfc(text) => {
            return Err("the path is not in Unicode's composed form (NFC)".to_owned());
        }
        Some(_) => {}
    }
    for name in path.components() {
        match names::fault(name) {
            None => {}
            Some(names::BadName::Disguise(why) | names::BadName::Odd(why)) => {
                return Err(format!("the path has {why}"));
            }
        }
    }
    Ok(())
}
