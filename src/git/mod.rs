//! Room `git`: the repository. The only room that names gix or runs git.
//!
//! [`Reader`] reads: every object is hashed again, replacement refs, grafts and shallow files
//! are not followed, and inside a server's hook the quarantine is visible. [`Repo`] also writes:
//! objects, and refs by compare-and-swap.

mod bases;
mod cache;
mod diff;
mod directories;
mod error;
mod faults;
mod holder;
mod kind;
mod large;
mod links;
mod listing;
mod merge;
mod modules;
mod notes;
mod obeyed;
mod object_files;
mod odb;
mod open;
mod process;
mod quarantine;
mod reader;
mod refs;
mod shared_clone;
mod tree_edit;
mod update;
mod view;
mod walk;
mod work;
mod work_files;
mod write;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests_hook;
#[cfg(test)]
mod tests_objects;
#[cfg(test)]
mod tests_read;
#[cfg(test)]
mod tests_walk;
#[cfg(test)]
mod tests_write;

pub use diff::MOST_CHANGES;
pub use directories::Directories;
pub use error::{Error, UpdateError};
pub use kind::Kind;
pub use listing::Compared;
pub use notes::{all_notes, note, note_path, object_of_note, path_for_note};
pub use obeyed::refused_by_fsck;
pub use object_files::ObjectFiles;
pub use odb::content_sha1;
pub use process::{
    LOCAL_ENVIRONMENT, at_home, git, git_in_this_environment, guarded, guarded_at_home, hardened,
    merge_file, output, run, run_at_home, run_guarded, run_shown, version,
};
pub use quarantine::Quarantine;
pub use reader::Reader;
pub use view::ViewProblem;
pub use work_files::Known;
pub use write::{CommitDraft, Expected, RefUpdate, Repo};
