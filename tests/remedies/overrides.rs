//! Overrides of the protection of artefacts.

use git_awo::record::Rule;

use super::{CASE, Case, play_all};
use crate::overrides;
use crate::world::World;

const OLGA: (&str, &str) = ("olga", "olga");
const RITA: (&str, &str) = ("rita", "rita");

const PUSH: &[&str] = &[
    "git",
    "push",
    "--no-verify",
    "origin",
    "HEAD:refs/heads/wip/x",
];

/// What both have signed is on the server.
fn shared(world: &World) {
    for who in ["olga", "rita"] {
        world.ok(who, who, &["git", "awo", "push"]);
    }
}

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::ProtectedArtefact,
        stage: || overrides::proposed(1).0,
        act: PUSH,
        by: Some(OLGA),
        pick: &[4],
        fill: &[("TEXT", "needed")],
        then: shared,
        ..CASE
    },
    Case {
        rule: Rule::OverridePersons,
        stage: overrides::half_signed,
        act: PUSH,
        by: Some(RITA),
        fill: &[("TEXT", "needed")],
        then: shared,
        ..CASE
    },
    Case {
        rule: Rule::OverrideBeneficiary,
        stage: overrides::own,
        act: PUSH,
        by: Some(OLGA),
        fill: &[("TEXT", "needed")],
        then: shared,
        ..CASE
    },
    Case {
        rule: Rule::OverrideOnce,
        stage: overrides::used,
        act: PUSH,
        by: Some(RITA),
        fill: &[("TEXT", "again")],
        then: shared,
        ..CASE
    },
];

#[test]
fn remedies_help_with_overrides() {
    play_all(CASES);
}
