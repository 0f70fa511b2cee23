//! A push, with all that runs at the server: git itself and the three hooks.

use super::{Case, swept};
use crate::world::{RUN, World};

const PUSH: &[&str] = &["git", "awo", "push"];

/// A record to push.
fn recorded() -> World {
    let world = World::landed();
    let outcome = ["git", "awo", "outcome", RUN, "accepted", "--reason", "yes"];
    world.ok("olga", "olga", &outcome);
    for place in ["olga", "server.git"] {
        world.ok("olga", place, &["git", "config", "gc.auto", "0"]);
    }
    world
}

/// A governed commit to push, with its records.
fn finalized() -> World {
    let world = World::finalized();
    for place in ["otto", "server.git"] {
        world.ok("otto", place, &["git", "config", "gc.auto", "0"]);
    }
    world
}

pub(super) const OLGA: Case = Case {
    stage: recorded,
    who: "olga",
    words: PUSH,
    places: &["olga", "server.git"],
    files: &[],
    whole: false,
    program: "git-awo",
};
pub(super) const OTTO: Case = Case {
    stage: finalized,
    who: "otto",
    words: PUSH,
    places: &["otto", "server.git"],
    files: &[],
    whole: false,
    program: "git-awo",
};

swept! {
    a_record_arrives_or_not_whichever_hook_is_struck: OLGA;
    a_governed_commit_arrives_or_not_whichever_hook_is_struck: OTTO;
    a_record_arrives_or_not_whatever_is_struck: Case { program: "", ..OLGA };
    a_governed_commit_arrives_or_not_whatever_is_struck: Case { program: "", ..OTTO };
}
