//! What contracts and policies say of ceilings.

use git_awo::record::{RefName, TaskId};
use git_awo::records::{ContractPredicate, Kind};

use crate::hostile::door::Door;

use super::{ceilings, of_orchestrators, packet};
use crate::world::World;

const IMPORT: [&str; 5] = ["git", "awo", "task", "import", "../packet.toml"];

#[test]
fn a_packet_only_lowers_its_ceiling() {
    let world = World::founded();
    let tables = of_orchestrators("level = \"L3\"\nfiles = 10\nlines = 5000");
    world.has_ceilings(2, &tables);
    for (number, (lines, found)) in [
        ("files = 11", "at most 10"),
        ("directories = 7", "at most 6"),
        ("lines = 5001", "at most 5000"),
        ("level = \"L0\"", "L3 or higher"),
        ("files = -1", "ceiling.files"),
        ("files = 2.5", "2.5"),
        ("lines = 1e3", "1e3"),
        ("level = \"L1\"", "to act, then to notify, is not offered"),
        (
            "level = \"L2\"",
            "to act unless somebody objects in time is not offered",
        ),
        ("level = \"L5\"", "L5"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = packet(&format!("C-{number}"), &format!("[ceiling]\n{lines}"));
        world.write("packet.toml", text);
        let said = world.refused("olga", "olga", &IMPORT, "GOV-012");
        assert!(
            said.contains(found) && said.contains("ceiling-terms"),
            "{lines}: {said}"
        );
    }
    let most = "[ceiling]\nlevel = \"L3\"\nfiles = 10\ndirectories = 6\nlines = 5000\n\
                paths = [\"docs/**\"]\nactions = [\"create\", \"deploy\"]";
    world.write("packet.toml", packet("C-99", most));
    let said = world.ok("olga", "olga", &IMPORT);
    assert!(said.contains("ceiling"), "{said}");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    // Without ceilings of the policy, the built-in one.
    let world = World::founded();
    world.write("packet.toml", packet("C-1", "[ceiling]\nfiles = 41"));
    let said = world.refused("olga", "olga", &IMPORT, "GOV-012");
    assert!(said.contains("at most 40, built in"), "{said}");
    world.write("packet.toml", packet("C-1", "[ceiling]\nfiles = 40"));
    world.ok("olga", "olga", &IMPORT);
}

#[test]
fn a_work_packet_has_a_section_for_it() {
    let world = World::founded();
    let text = crate::work::plain(&world, "WP-X", 1, &[]).replacen(
        "## SCOPE",
        "## CEILING\n- LEVEL: L4\n- FILES: 3\n- PATHS:\n  - `src/**`\n- ACTIONS:\n  - create\n  - deploy\n\n## SCOPE",
        1,
    );
    world.write("packet.md", &text);
    let check = [
        "git",
        "awo",
        "task",
        "import",
        "--dry-run",
        "../packet.md",
        "--json",
    ];
    let said = world.ok("olga", "olga", &check);
    let at = said.find('{').unwrap();
    let value: serde_json::Value = serde_json::from_str(&said[at..]).unwrap();
    let expected = serde_json::json!({
        "level": "L4", "files": 3, "paths": ["src/**"], "actions": ["create", "deploy"],
    });
    assert!(said.contains("\"ceiling\""), "{said}");
    assert_eq!(value["ceiling"], expected, "{said}");
    world.write("packet.md", text.replace("FILES: 3", "FILES: 2.5"));
    let said = world.refused("olga", "olga", &check, "GOV-012");
    assert!(said.contains("2.5"), "{said}");
}

#[test]
fn a_forged_contract_only_lowers_its_ceiling() {
    let world = World::founded();
    world.has_ceilings(2, &of_orchestrators("files = 10"));
    world.write("packet.toml", packet("C-1", "[ceiling]\nfiles = 10"));
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &IMPORT);
    let twin = world.copied();
    twin.push_accepted("olga", &["refs/awo/ledger"]);
    let path = Kind::Contract.of(TaskId::new("C-1").unwrap());
    let says: ContractPredicate = world.predicate("olga", &path);
    let forge = |world: &World, files: i64| {
        let mut says = says.clone();
        let mut draft = git_awo::record::contract::ContractDraft::from(says.contract.clone());
        draft.ceiling.files = Some(files);
        says.contract = draft.check().unwrap();
        let bytes = world.actor("olga").sign(says).unwrap().to_bytes();
        let name = path.to_path().to_string();
        world.forge(
            "olga",
            &RefName::new("refs/awo/ledger").unwrap(),
            &[(&name, Some(&bytes))],
        );
    };
    for files in [11, -1] {
        let world = world.copied();
        forge(&world, files);
        world.is_found_of("olga", &["refs/awo/ledger"], "GOV-012", "ceiling-terms");
    } // A fraction is no figure of a record at all.
    let payload = String::from_utf8(world.envelope("olga", &path).payload().to_vec()).unwrap();
    let payload = payload.replace("\"files\": 10", "\"files\": 2.5");
    let door = Door::new(world, "olga");
    let bytes = door.sealed(Kind::Contract, payload).to_bytes();
    let name = path.to_path().to_string();
    let ledger = RefName::new("refs/awo/ledger").unwrap();
    door.world.forge("olga", &ledger, &[(&name, Some(&bytes))]);
    door.world
        .push_refused("olga", &["refs/awo/ledger"], "INT-004");
}

#[test]
fn a_contract_is_asked_again_where_it_is_executed() {
    let world = World::founded();
    world.has_contract("C-1", "[ceiling]\nfiles = 20");
    world.has_ceilings(2, &of_orchestrators("level = \"L0\"\nfiles = 10"));
    let run = [
        "git",
        "awo",
        "run",
        "C-1",
        "--",
        "sh",
        "-c",
        "echo > src/a.txt",
    ];
    let text = world.refused("otto", "otto", &run, "GOV-012");
    assert!(text.contains("ceiling.files = 20"), "{text}");
    world.has_ceilings(3, &of_orchestrators("level = \"L0\"\nfiles = 20"));
    world.ok("otto", "otto", &run);
    // What was executed before is asked where it lands.
    let world = World::founded();
    world.has_contract("C-1", "[ceiling]\nfiles = 20");
    world.finalizes(("otto", "rita"), "C-1", "run_1", "echo > src/a.txt");
    world.can_land();
    world.has_ceilings(2, &of_orchestrators("level = \"L0\"\nfiles = 10"));
    world.cannot_land("ceiling-terms");
}

#[test]
fn a_contract_is_of_the_base_task_that_its_id_names() {
    let world = World::founded();
    for base in ["C-2", "C-1-v2"] {
        world.write(
            "packet.toml",
            packet("C-1-v2", &format!("base_task_id = \"{base}\"")),
        );
        let said = world.refused("olga", "olga", &IMPORT, "GOV-012");
        assert!(said.contains("base_task_id"), "{said}");
    }
    world.write("packet.toml", packet("C-1-v1001", ""));
    let said = world.refused("olga", "olga", &IMPORT, "GOV-012");
    assert!(said.contains("version 1001 of C-1"), "{said}");
    for end in ["v4294967296", "v99999999999999999999", "v01", "v0", "V2"] {
        world.write("packet.toml", packet(&format!("C-1-{end}"), ""));
        let said = world.refused("olga", "olga", &IMPORT, "GOV-012");
        assert!(said.contains(&format!("-{end} at the end")), "{said}");
    }
    world.write("packet.toml", packet("C-1-v2a", ""));
    world.ok("olga", "olga", &IMPORT);
    world.write("packet.toml", packet("C-1-v1000", "base_task_id = \"C-1\""));
    world.ok("olga", "olga", &IMPORT);
    world.write("packet.toml", packet("C-1-v2", "base_task_id = \"C-1\""));
    world.ok("olga", "olga", &IMPORT);
}

#[test]
fn a_policy_says_levels_that_are_offered() {
    let world = World::founded();
    let check = |lines: &str| {
        let text = ceilings(
            &crate::world::policy(2, &world.rev("olga", "HEAD"), ""),
            &of_orchestrators(lines),
        );
        world.write("policy/next.toml", text);
        world.run(
            "olga",
            "olga",
            &["git", "awo", "policy", "check", "../policy/next.toml"],
        )
    };
    for (lines, found) in [
        (
            "level = \"L1\"",
            "level L1: to act, then to notify, is not offered",
        ),
        ("level = \"L2\"\nfiles = 0", "files = 0 is not from 1 to"),
        (
            "level = \"L2\"",
            "level L2: to act unless somebody objects in time is not offered",
        ),
        ("window_days = -1", "window_days = -1"),
        ("actions = [\"rename\"]", "\"rename\" is not create"),
    ] {
        let done = check(lines);
        assert_eq!(done.code, 1, "{lines}: {}", done.text);
        assert!(
            done.text.contains("GOV-006") && done.text.contains(found),
            "{lines}: {}",
            done.text
        );
    }
    let done = check(
        "level = \"L4\"\nfiles = 40\ndirectories = 6\nlines = 2000\npaths = [\"src/**\"]\nwindow_days = 7",
    );
    assert_eq!(done.code, 0, "{}", done.text);
}
