//! Notes trees: which note belongs to which object.

use super::error::Error;
use super::reader::Reader;
use crate::record::tree::{Mode, entries};
use crate::record::{HashKind, ObjectId, RepoPath};

/// Maximum number of notes in a notes tree.
const MOST_NOTES: usize = 1_000_000;

/// Returns the blob of the note on `object`, at any fan-out.
pub fn note(
    reader: &Reader,
    notes_tree: ObjectId,
    object: ObjectId,
) -> Result<Option<ObjectId>, Error> {
    Ok(find(reader, notes_tree, object)?.map(|(_, blob)| blob))
}

/// Returns all notes as pairs of annotated object and blob, sorted by object.
///
/// Every path must join to exactly one object id; anything else in the tree is an error.
pub fn all_notes(
    reader: &Reader,
    notes_tree: ObjectId,
) -> Result<Vec<(ObjectId, ObjectId)>, Error> {
    let mut notes = Vec::new();
    for (path, mode, blob) in reader.files(notes_tree, MOST_NOTES)? {
        let object = object_of_note(reader, &path, mode == Mode::File)?;
        notes.push((object, blob, path));
    }
    notes.sort();
    let twice = notes.windows(2).find_map(|pair| match pair {
        [(a, ..), (b, _, path)] if a == b => Some(path),
        _ => None,
    });
    if let Some(path) = twice {
        return Err(Error::BadNotes {
            path: path.clone(),
            why: "the object has two notes",
        });
    }
    Ok(notes
        .into_iter()
        .map(|(object, blob, _)| (object, blob))
        .collect())
}

/// Returns the path of a new note on `object`: one level of fan-out.
pub fn note_path(object: ObjectId) -> RepoPath {
    let hex = object.to_string();
    let (directory, rest) = hex.split_at_checked(2).unwrap_or((&hex, ""));
    RepoPath::from(format!("{directory}/{rest}").as_str())
}

/// Returns the path at which to write the note on `object`: that of the existing note, or else
/// [`note_path`].
pub fn path_for_note(
    reader: &Reader,
    notes_tree: Option<ObjectId>,
    object: ObjectId,
) -> Result<RepoPath, Error> {
    let found = match notes_tree {
        Some(tree) => find(reader, tree, object)?,
        None => None,
    };
    Ok(found.map_or_else(|| note_path(object), |(path, _)| path))
}

/// Follows every fan-out. An object with two notes is an error, since readers could choose
/// differently.
fn find(
    reader: &Reader,
    notes_tree: ObjectId,
    object: ObjectId,
) -> Result<Option<(RepoPath, ObjectId)>, Error> {
    let hex = object.to_string();
    let mut rest = hex.as_str();
    let mut directory = RepoPath::default();
    let mut tree = notes_tree;
    let mut found: Option<(RepoPath, ObjectId)> = None;
    loop {
        let raw = reader.raw_tree(tree)?;
        let mut next = None;
        for entry in entries(&raw, reader.hash_kind()).flatten() {
            let path = || directory.join(entry.name);
            if entry.name == rest.as_bytes() {
                if entry.mode != Mode::File {
                    return Err(Error::BadNotes {
                        path: path(),
                        why: "it is not a regular file",
                    });
                }
                if found.is_some() {
                    return Err(Error::BadNotes {
                        path: path(),
                        why: "the object has two notes",
                    });
                }
                found = Some((path(), entry.id));
            } else if entry.mode == Mode::Tree
                && rest.get(..2).map(str::as_bytes) == Some(entry.name)
            {
                next = Some((path(), entry.id));
            }
        }
        match (next, rest.get(2..)) {
            (Some((path, id)), Some(after)) => {
                directory = path;
                tree = id;
                rest = after;
            }
            _ => return Ok(found),
        }
    }
}

/// Returns the object that the note at a path annotates, as [`all_notes`] reads it; `plain` says
/// whether the entry is a plain file. Anything else is an error.
pub fn object_of_note(reader: &Reader, path: &RepoPath, plain: bool) -> Result<ObjectId, Error> {
    let bad = |why| Error::BadNotes {
        path: path.clone(),
        why,
    };
    if !plain {
        return Err(bad("it is not a regular file"));
    }
    object_of(path, reader.hash_kind()).ok_or(bad("it names no object"))
}

fn object_of(path: &RepoPath, kind: HashKind) -> Option<ObjectId> {
    let text = path.to_str()?;
    let (directories, _) = text.rsplit_once('/').unwrap_or(("", text));
    if !directories.is_empty() && directories.split('/').any(|name| name.len() != 2) {
        return None;
    }
    let id: ObjectId = text.replace('/', "").parse().ok()?;
    (id.kind() == kind).then_some(id)
}
