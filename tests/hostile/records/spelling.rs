//! Notes and ledgers have one spelling.

use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::world::{PACKET, SENTENCE, TASK, World};

#[test]
fn a_note_and_a_ledger_have_one_spelling_at_the_door() {
    let door = Door::new(World::founded(), "olga");
    let awo = |words: &[&str]| {
        door.world
            .ok("olga", "olga", &[&["git", "awo"], words].concat())
    };
    door.world.write("packet.md", PACKET);
    awo(&["task", "import", "../packet.md"]);
    awo(&["push"]);
    awo(&["approve", TASK, "--sentence", SENTENCE]);
    let notes = door.world.notes("olga", "approvals");
    let listed = ["git", "ls-tree", "-r", "--name-only", &notes];
    let path = door.world.ok("olga", "olga", &listed).trim().to_owned();
    let blob = ["git", "cat-file", "blob", &format!("{notes}:{path}")];
    let text = door.world.ok("olga", "olga", &blob);
    let line = text.trim_end();
    for (what, spelled) in [
        ("an empty line", format!("{line}\n\n")),
        ("an empty line before", format!("\n{line}\n")),
        ("a line twice", format!("{line}\n{line}\n")),
        ("no line feed", line.to_owned()),
    ] {
        let commit = door.grown(&notes, &[(&path, Some(spelled.as_bytes()))]);
        door.refuses_push(what, &[&format!("{commit}:{notes}")], &["INT-004"]);
    }
    let tip = door.world.rev("olga", LEDGER);
    let none = door.raw().tree(&[]);
    let root = door.raw().commit(&none, &[], "records\n");
    for (what, tree, parents, code) in [
        (
            "a commit that adds nothing",
            &none,
            vec![tip.as_str()],
            "STR-002",
        ),
        (
            "a root that adds nothing",
            &none,
            vec![&tip, &root],
            "STR-002",
        ),
    ] {
        let commit = door.raw().commit(tree, &parents, "records\n");
        door.refuses_push(what, &[&format!("{commit}:{LEDGER}")], &[code]);
    }
    door.accepts_push("the note as it is made", &[&notes]);
}
