//! Commits of one's own under the trailers of a run, where direct commits are taken.

use git_awo::hook::speak::heard;

use crate::hostile::door::Door;
use crate::world::{RUN, World};

const AMEND: &str = "take the AWO-* lines out of the message: git commit --amend";

/// Ordinary work comes with trailers too: by `git cherry-pick`, or by writing of them.
#[test]
fn a_false_claim_is_refused_with_what_mends_it() {
    let door = Door::new(World::landed(), "otto");
    let (_, root) = door.base();
    let blob = door.raw().blob("text\n");
    let docs = door.raw().tree(&[("100644", b"a.md", &blob)]);
    let tree = door.raw().tree_with(&root, &[("40000", b"docs", &docs)]);
    let show = ["git", "log", "-1", "--format=%B", "origin/main"];
    let picked = door.world.ok("otto", "otto", &show);
    assert!(picked.contains("AWO-Run: "), "{picked}");
    for (what, message, codes) in [
        (
            "cherry-picked",
            picked.as_str(),
            &["ATT-002", "GOV-002", "GOV-003"][..],
        ),
        ("no run", "Docs\n\nAWO-Rollback: see README\n", &["GOV-008"]),
        (
            "two",
            &format!("Docs\n\nAWO-Rollback: {RUN}\nAWO-Rollback: x\n"),
            &["GOV-008"],
        ),
        (
            "no roll-back",
            &format!("Docs\n\nAWO-Rollback: {RUN}\n"),
            &["GOV-008", "GOV-011"],
        ),
        ("half", "Docs\n\nAWO-Task: SLUG-1\n", &["GOV-002"]),
        // What git reads as a trailer is one, however it is written.
        ("a blank", "Docs\n\nAWO-Task : SLUG-1\n", &["GOV-002"]),
        (
            "beside prose",
            "Docs\n\nAnd so on\nand on\nAWO-Task: SLUG-1\nSigned-off-by: otto\n",
            &["GOV-002"],
        ),
        (
            "above a comment",
            "Docs\n\nAWO-Rollback: see README\n\n# No more\n",
            &["GOV-008"],
        ),
    ] {
        let (tip, _) = door.base();
        let commit = door.raw().commit(&tree, &[&tip], message);
        let said = door.refuses(what, &commit, codes).text;
        let mended = heard(&said).into_iter().any(|it| it.remedy.contains(AMEND));
        assert!(mended, "{what}: {said}");
    }
    for (what, message) in [
        ("reworded", "Slugify\n\nSigned-off-by: otto\n"),
        ("in prose", "Docs\n\nAnd so on\nAWO-Task: SLUG-1\n"),
        ("behind a blank", "Docs\n\n AWO-Task: SLUG-1\n"),
        ("in the title", "Docs\n\u{a0}\nAWO-Task: SLUG-1\n"),
        (
            "told of",
            "Docs\n\nAWO-Rollback: is a trailer of AWO, see README.\n\nNo more.\n",
        ),
    ] {
        let (tip, _) = door.base();
        let commit = door.raw().commit(&tree, &[&tip], message);
        door.accepts(what, &commit);
    }
}
