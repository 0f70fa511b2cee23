//! The same on governance refs.

use crate::hostile::door::Door;
use crate::world::World;

#[test]
fn odd_trees_on_governance_refs() {
    let door = Door::new(World::approved(), "olga");
    let world = &door.world;
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let empty = raw.tree(&[]);
    let odd_name = raw.tree(&[("100644", b".git ", &blob)]);
    let holes = raw.tree(&[("40000", b"hole", &empty)]);
    let twice = raw.tree_as_it_is(&[("100644", b"f", &blob), ("100644", b"f", &blob)]);
    let mut months = 0;
    for reference in [
        "refs/awo/ledger",
        &*world.notes("olga", "approvals"),
        "refs/awo/evidence/2024-01",
    ] {
        let there = world.run(
            "olga",
            "olga",
            &["git", "rev-parse", "--verify", "-q", reference],
        );
        let tip = (there.code == 0).then(|| there.text.trim().to_owned());
        let (tree, parents) = match &tip {
            Some(tip) => (
                world.rev("olga", &format!("{tip}^{{tree}}")),
                vec![tip.as_str()],
            ),
            None => (empty.clone(), Vec::new()),
        };
        for (what, odd) in [
            ("a name", &odd_name),
            ("holes", &holes),
            ("a name twice", &twice),
        ] {
            let name = format!("{reference}: {what}");
            let inner = raw.tree_with(&tree, &[("40000", b"ff", odd)]);
            let between = raw.commit(&inner, &parents, "odd\n");
            // Undone before the tip: what is judged of records does not see it.
            let undone = raw.commit(&tree, &[&between], "undone\n");
            door.refuses_push(
                &format!("{name}, undone"),
                &[&format!("{undone}:{reference}")],
                match (reference, what) {
                    // It is no record either.
                    ("refs/awo/ledger", "a name") => &["INT-003", "STR-002"],
                    // And a new ref must bring one.
                    ("refs/awo/evidence/2024-01", _) => &["INT-003", "STR-002"],
                    _ => &["INT-003"],
                },
            );
            months += 1;
        }
        // At the tip an empty directory changes no path.
        let hole = raw.tree_with(&tree, &[("40000", b"ff", &empty)]);
        let commit = raw.commit(&hole, &parents, "a hole\n");
        door.refuses_push(
            &format!("{reference}: a hole"),
            &[&format!("{commit}:{reference}")],
            &["INT-003"],
        );
    }
    assert_eq!(months, 9, "every case was pushed");
    let policy = world.rev("olga", "refs/awo/policy");
    let tree = world.rev("olga", "refs/awo/policy^{tree}");
    for entry in [
        ("40000", &b"hole"[..], empty.as_str()),
        ("100644", b"more", &blob),
    ] {
        let tree = raw.tree_with(&tree, &[entry]);
        let commit = raw.commit(&tree, &[&policy], "odd\n");
        door.refuses_push(
            "policy",
            &[&format!("{commit}:refs/awo/policy")],
            &["GOV-006"],
        );
    }
    // Their twin: a commit of the ledger that changes nothing.
    let ledger = world.rev("olga", "refs/awo/ledger");
    let tree = world.rev("olga", "refs/awo/ledger^{tree}");
    let commit = raw.commit(&tree, &[&ledger], "nothing\n");
    door.accepts_push("nothing odd", &[&format!("{commit}:refs/awo/ledger")]);
    let hole = raw.tree_with(&tree, &[("40000", b"ff", &empty)]);
    let between = raw.commit(&hole, &[&commit], "a hole\n");
    let undone = raw.commit(&tree, &[&between], "undone\n");
    world.force("olga", &[&format!("{undone}:refs/awo/ledger")]);
    world.fresh_clone();
    let said = world.verify_finds("INT-003");
    assert!(said.contains("tree-entry-empty"), "{said}");
}
