//! The gateway and the pages: each file is the old one or the new one.

use super::client::own;
use super::{Case, swept};
use crate::world::World;

/// A file to be written, and one that no page lists.
fn with_files() -> World {
    let world = World::founded();
    world.next_policy(2, None, crate::gateway::with_artefacts);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
    world.write("content", "one\n");
    world.write("otto/src/notes/old.md", "x");
    world.write("otto/src/notes/deep/x", "x");
    world
}

fn notes(words: &'static [&'static str]) -> Case {
    Case {
        files: &["otto/src/notes"],
        ..own(with_files, "otto", words)
    }
}

swept! {
    a_file_is_written_or_not: notes(&["git", "awo", "write", "src/notes/new/a.md", "--from", "../content"]);
    pages_are_made_or_not: notes(&["git", "awo", "index", "reconcile"]);
}
