//! Artefacts, got at and spelt in every way in which other paths are.

use super::variants::{Form, deeds, neighbours, spellings, with};
use crate::hostile::door::Door;

const TABLE: &str = "\n[[artefacts]]\nroot = \"docs/specs/\"\nname = \"versioned\"\narchive = [\"docs/specs/archive/\"]\n";

/// A world in which `docs/specs/` holds versions of one artefact, one of them in the archive.
fn door() -> Door {
    let door = Door::of_otto();
    let (world, who) = (&door.world, door.who);
    let (tip, root) = door.base();
    let raw = door.raw();
    let blob = raw.blob("a version\n");
    let mut root = root;
    for path in ["docs/specs/Plan_v1.1.md", "docs/specs/archive/Plan_v1.0.md"] {
        root = with(&raw, &root, path, Some(("100644", &blob)));
    }
    let base = raw.commit(&root, &[&tip], "Base\n");
    world.force(who, &[&format!("{base}:refs/heads/main")]);
    world.ok("olga", "olga", &["git", "fetch", "-q", "origin"]);
    world.next_policy(2, None, |_| {
        let policy = crate::world::policy(2, &base, TABLE);
        policy.replacen("schema =", "requires = [\"artefacts/1\"]\nschema =", 1)
    });
    world.ok(who, who, &["git", "awo", "fetch"]);
    door
}

#[test]
fn an_artefact_got_at_in_every_way() {
    let door = door();
    for path in ["docs/specs/Plan_v1.1.md", "docs/specs/archive/Plan_v1.0.md"] {
        let deeds = deeds(&door, path, "src/mine");
        let deeds: Vec<_> = deeds
            .into_iter()
            .map(|(what, id)| (format!("{path}: {what}"), id))
            .collect();
        door.refuses_with_one_of(&deeds, &["GOV-003"]);
    }
    // Beside the directory nobody asks for versions.
    let raw = door.raw();
    let (_, root) = door.base();
    let blob = raw.blob("no version\n");
    let beside = neighbours("docs/specs");
    let add = |tree: String, path: &String| with(&raw, &tree, path, Some(("100644", &blob)));
    door.accepts("beside it", &door.commit(&beside.iter().fold(root, add)));
}

#[test]
fn a_directory_of_artefacts_spelt_otherwise() {
    let door = door();
    let raw = door.raw();
    let (tip, root) = door.base();
    let blob = raw.blob("a version\n");
    // Beside the real one, and where that is gone.
    let gone = with(&raw, &root, "docs/specs", None);
    let mut table = Vec::new();
    for (form, path) in spellings("docs/specs/Other_v1.0.md", "specs") {
        if form == Form::Short {
            continue;
        }
        for (what, root) in [("beside it", &root), ("in its place", &gone)] {
            let tree = with(&raw, root, &path, Some(("100644", &blob)));
            table.push((
                format!("{path} {what}"),
                raw.commit(&tree, &[&tip], "Work\n"),
            ));
        }
    }
    door.refuses_with_one_of(&table, &["GOV-003", "INT-003"]);
    let plain = with(
        &raw,
        &root,
        "docs/specs/Other_v1.0.md",
        Some(("100644", &blob)),
    );
    door.accepts("spelt as it is", &door.commit(&plain));
}
