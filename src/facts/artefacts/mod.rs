//! What stands in the directories of artefacts before a commit and after it: what parents have at the changed paths,
//! the highest version of each line, what was taken back before, and how generated pages differ.

mod collect;
mod seen;
mod taken_back;

pub use collect::{Made, collect, of_commit, page_of};
pub use seen::{Artefacts, Content, Line, Page};
pub use taken_back::TakenBack;
