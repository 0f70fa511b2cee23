//! Ceilings: what is above one, and who decides.

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::ceilings::{of_orchestrators, packet};
use crate::world::World;

const LAND: &[&str] = &[
    "git",
    "push",
    "--no-verify",
    "origin",
    "main",
    "refs/awo/ledger",
];
const IMPORT: &[&str] = &["git", "awo", "task", "import", "../packet.toml"];

/// What one who lands a run meets, once a policy has these lines for orchestrators.
fn set(world: &World, lines: &str) {
    world.has_ceilings(2, &of_orchestrators(lines));
}

/// olga asks nobody: she is the root.
fn raise(world: &World, lines: &str) {
    world.has_ceilings(3, &of_orchestrators(lines));
}

/// What olga has decided is at the server, and otto knows it.
fn told(world: &World) {
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
}

const LANDS: Case = Case {
    stage: World::finalized,
    act: LAND,
    ..CASE
};

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::CeilingFigures,
        prepare: |world| set(world, "level = \"L0\"\nfiles = 1\nwindow_days = 1"),
        pick: BY_HAND,
        then: |world| raise(world, "level = \"L0\"\nfiles = 2"),
        ..LANDS
    },
    Case {
        rule: Rule::CeilingWindow,
        prepare: |world| set(world, "level = \"L0\"\nlines = 1"),
        pick: BY_HAND,
        then: |world| raise(world, "level = \"L0\"\nlines = 10"),
        ..LANDS
    },
    Case {
        rule: Rule::CeilingPaths,
        prepare: |world| set(world, "level = \"L0\"\npaths = [\"src/**\"]"),
        pick: BY_HAND,
        then: |world| raise(world, "level = \"L0\""),
        ..LANDS
    },
    Case {
        rule: Rule::CeilingAbsent,
        prepare: |world| world.has_ceilings(2, "[[ceiling]]\nfor = [\"olga\"]\n"),
        pick: BY_HAND,
        then: |world| raise(world, "level = \"L0\""),
        ..LANDS
    },
    Case {
        rule: Rule::CeilingLevel,
        prepare: |world| set(world, ""),
        by: Some(("olga", "olga")),
        then: told,
        ..LANDS
    },
    Case {
        rule: Rule::CeilingActions,
        prepare: |world| set(world, "level = \"L4\""),
        by: Some(("olga", "olga")),
        then: told,
        ..LANDS
    },
    Case {
        rule: Rule::CeilingTerms,
        stage: World::founded,
        prepare: |world| world.write("packet.toml", packet("C-1", "[ceiling]\nfiles = 41")),
        who: ("olga", "olga"),
        act: IMPORT,
        pick: BY_HAND,
        then: |world| world.write("packet.toml", packet("C-1", "[ceiling]\nfiles = 40")),
        end: End::Passes,
        ..CASE
    },
];

#[test]
fn ceilings_have_remedies_that_work() {
    play_all(CASES);
}
