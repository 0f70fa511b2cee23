//! Refs that name nothing, as a power failure leaves them: git and git-awo refuse to go on.

use std::fs;
use std::path::Path;

use super::examination::Examination;
use crate::facts::log;
use crate::ops::Error;
use crate::record::path::quote;
use crate::record::{ObjectId, RefName};
use crate::rules::{clone, setup};
use crate::store::additions::Additions;
use crate::store::layout;
use crate::store::notes::Segments;
use crate::sys::file;

/// So deep lie the refs that are looked through.
const DEPTH: usize = 16;
/// A loose ref is shorter: a name, or an id.
const LONGEST: usize = 8_192;
/// So much of a loose ref's file is read.
const MAX_REF: u64 = 1024 * 1024;
/// The largest list of refs, or of where one was.
const MAX_LIST: u64 = 256 * 1024 * 1024;

/// Looks at each loose ref as a file: whoever lists refs gets no further than the first bad one.
pub(super) fn loose(it: &mut Examination<'_>) -> Result<(), Error> {
    let common = it.actor.repo.common_dir().to_owned();
    for path in files_below(&common, "refs") {
        let (Ok(name), Ok(text)) = (
            RefName::new(&path),
            file::read_existing(&common.join(&path), MAX_REF),
        ) else {
            continue;
        };
        let Some(what) = fault(&text) else { continue };
        let remedy = remedy(it, &common, &name);
        it.unreadable = true;
        let file = quote(name.as_str().as_bytes());
        it.complain([setup::loose_ref(&name, &file, what, &remedy)]);
    }
    Ok(())
}

/// git shows other objects than are there to whoever looks past a replace ref: git-awo never does.
pub(super) fn replaced(it: &mut Examination<'_>) -> Result<(), Error> {
    for (name, _) in it.actor.repo.references("refs/replace/")? {
        it.complain([clone::replace_ref(&name)]);
    }
    Ok(())
}

/// Whatever is looked up in the records is found by an index beside the repository.
pub(super) fn indexed(it: &mut Examination<'_>) -> Result<(), Error> {
    let repo = &it.actor.repo;
    let tip = repo.reference(&layout::ledger())?;
    let (unfound, _) = Additions::at(repo, tip).unfound()?;
    let unfound = unfound.map(|commit| setup::unfound(&layout::ledger(), commit));
    let segments = Segments::of(repo)?;
    let (unnoted, _) = segments.unfound()?;
    let unnoted = unnoted.map(|(name, tip)| setup::unfound(name, tip));
    it.complain(unfound.into_iter().chain(unnoted));
    Ok(())
}

/// Returns every file below a directory of the repository that is there, by its path from there.
pub(super) fn files_below(common: &Path, below: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut open = vec![(below.to_owned(), DEPTH)];
    while let Some((below, depth)) = open.pop() {
        let entries = fs::read_dir(common.join(&below));
        for entry in entries.into_iter().flatten().flatten() {
            let path = format!("{below}/{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    open.extend(depth.checked_sub(1).map(|depth| (path, depth)));
                }
                Ok(kind) if kind.is_file() => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// Returns what is wrong with a loose ref.
fn fault(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii_end();
    if text.is_empty() {
        return Some("is empty");
    }
    if text.len() > LONGEST {
        return Some("holds more than a ref");
    }
    if text.starts_with(b"ref:") {
        return None;
    }
    let id = text.split(u8::is_ascii_whitespace).next();
    let id = id.and_then(|id| std::str::from_utf8(id).ok());
    match id.is_some_and(|id| id.parse::<ObjectId>().is_ok()) {
        true => None,
        false => Some("holds no object id"),
    }
}

/// Returns how to mend it: to where the receive log or the reflog last saw it.
fn remedy(it: &Examination<'_>, common: &Path, name: &RefName) -> String {
    let file = quote(common.join(name.as_str()).as_os_str().as_encoded_bytes());
    let seen = logged(it, name).or_else(|| last_of_reflog(common, name));
    if let Some(id) = seen.filter(|id| it.actor.repo.contains(*id)) {
        return format!("rm {file}; git update-ref {name} {id}");
    }
    match packed(common, name) {
        Some(id) => format!("rm {file}: packed-refs has it at {id}, or at an older place"),
        None => format!("rm {file}; then push it again from a clone that has it"),
    }
}

fn logged(it: &Examination<'_>, name: &RefName) -> Option<ObjectId> {
    let repo = &it.actor.repo;
    let tip = repo.reference(&layout::log()).ok()??;
    log::state_at(repo, tip)?.refs.get(name).copied()
}

fn last_of_reflog(common: &Path, name: &RefName) -> Option<ObjectId> {
    let path = common.join("logs").join(name.as_str());
    let text = file::read_existing(&path, MAX_LIST).ok()?;
    let text = String::from_utf8_lossy(&text);
    let new = |line: &str| line.split(' ').nth(1)?.parse().ok();
    text.lines().rev().find_map(new)
}

fn packed(common: &Path, name: &RefName) -> Option<ObjectId> {
    let text = file::read_existing(&common.join("packed-refs"), MAX_LIST).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    let (id, _) = pairs.find(|(_, it)| *it == name.as_str())?;
    id.parse().ok()
}
