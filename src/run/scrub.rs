//! Takes what differs from machine to machine out of what a command wrote.

use std::path::Path;

use crate::actor::Actor;

use super::place::Place;

/// The places of a run by the names that stand for them.
pub(super) struct Scrub {
    /// The longest first.
    places: Vec<(Vec<u8>, &'static str)>,
}

impl Scrub {
    /// Returns one that knows the work tree (`$WORKTREE`), the directory around it (`$TEMPORARY`)
    /// and the governed repository (`$REPOSITORY`, `$GIT_DIR`).
    pub(super) fn new(actor: &Actor, place: &Place) -> Self {
        let mut places = Vec::new();
        let mut add = |path: &Path, name| {
            let bytes = path.as_os_str().as_encoded_bytes().to_vec();
            // A repository at the root of the file system has no name of its own.
            if bytes.len() > 1 {
                places.push((bytes, name));
            }
        };
        add(place.tree(), "$WORKTREE");
        add(place.root(), "$TEMPORARY");
        if let Some(tree) = actor.repo.work_tree() {
            add(tree, "$REPOSITORY");
        }
        add(actor.repo.git_dir(), "$GIT_DIR");
        add(actor.repo.common_dir(), "$GIT_DIR");
        places.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        Self { places }
    }

    /// Returns the bytes with each place replaced by its name, where it stands as a whole.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            let found = self.places.iter().find_map(|(path, name)| {
                let after = rest.strip_prefix(path.as_slice())?;
                let ends = after.first().is_none_or(|b| !is_part_of_name(*b));
                ends.then_some((after, name))
            });
            let begins = out.last().is_none_or(|b| !is_part_of_name(*b));
            match found.filter(|_| begins) {
                Some((after, name)) => {
                    out.extend_from_slice(name.as_bytes());
                    rest = after;
                }
                None => {
                    out.push(*first);
                    rest = after;
                }
            }
        }
        out
    }

    /// Returns the text with each place replaced by its name.
    pub(super) fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }
}

fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
