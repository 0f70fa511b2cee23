//! What no server takes is not frozen; and what was made all the same does not stand in the way.

use std::fs;
use std::os::unix::fs::symlink;

use git_awo::record::baseline::{Item, Kind};
use git_awo::record::tree::Mode;
use git_awo::record::{PlanId, RepoPath, TaskId};

use super::forge::Forge;
use super::{ROOT, with_files, with_task};

const GOOD: &str = "[submodule \"x\"]\n\tpath = x\n\turl = ../x\n";

#[test]
fn what_git_refuses_at_a_server_is_refused_when_it_is_frozen() {
    let world = with_files();
    let at = |name: &str| world.path("otto").join(ROOT).join(name);
    let refused = |name: &str, why: &str| {
        let said = world.amu0_refused("otto", &["create", "BASE"], "INT-003");
        assert!(said.contains(name) && said.contains(why), "{said}");
        fs::rename(at(name), world.path("elsewhere")).unwrap();
    };
    symlink("x", at(".gitmodules")).unwrap();
    refused(".gitmodules", "a symlink in the place of .gitmodules");
    symlink("x", at("deep/.GITMODULES")).unwrap();
    refused("deep/.GITMODULES", "a symlink in the place of .gitmodules");
    fs::write(at(".gitmodules"), GOOD.replace("= x", "= -x")).unwrap();
    refused(".gitmodules", "a submodule whose path is an option");
    fs::write(at(".gitattributes"), "x".repeat(2048)).unwrap();
    refused(".gitattributes", "a line of more than 2047 bytes");
    fs::remove_file(world.path("elsewhere")).unwrap();
    fs::create_dir(at(".gitmodules")).unwrap();
    fs::write(at(".gitmodules/x"), "").unwrap();
    refused(".gitmodules", "a directory in the place of .gitmodules");
    // git takes these, at a server that checks every object.
    fs::write(at(".gitmodules"), GOOD).unwrap();
    fs::write(at("deep/.gitattributes"), "x".repeat(2047)).unwrap();
    symlink("x", at(".gitattributes")).unwrap();
    world.amu0("otto", &["create", "BASE"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// An older program made it.
#[test]
fn a_baseline_that_git_refuses_at_the_server_is_set_aside() {
    let world = with_files();
    let check = ["git", "config", "receive.fsckObjects", "true"];
    world.ok("otto", "server.git", &check);
    let base = "refs/awo/amu0/-/BASE";
    world.amu0("otto", &["create", "BASE"]);
    let mut forge = Forge::from(&world, "otto", base);
    let id = forge.blob("x");
    let path = RepoPath::from(".gitmodules");
    forge.edit(&[(".gitmodules", Some((Mode::Symlink, id)))]);
    forge.add(Item::new(path, Kind::Symlink, false, b"x"));
    let bad = forge.write().to_string();
    world.ok("otto", "otto", &["git", "update-ref", base, &bad]);
    let server = world.server();
    world.refused("otto", "otto", &["git", "awo", "push"], "INT-003");
    assert_eq!(world.server(), server);
    let aside = ["git", "awo", "push", "--set-aside"];
    let said = world.refused("otto", "otto", &aside, "INT-003");
    let kept = format!("refs/awo-displaced/awo/amu0/-/BASE/{}", &bad[..10]);
    assert!(
        said.contains("kept: refs/awo-displaced/awo/amu0/-/BASE/"),
        "{kept}\n{said}"
    );
    let list = world.ok(
        "otto",
        "otto",
        &["git", "for-each-ref", "refs/awo-displaced"],
    );
    assert!(list.contains(&bad), "{list}");
    // The name is free again.
    world.amu0("otto", &["create", "BASE"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "verify"]);
}

#[test]
fn a_baseline_is_of_a_task_that_there_is() {
    let world = with_task();
    let said = world.amu0_refused("otto", &["create", "PRE", "--task", "NOPE"], "STR-002");
    assert!(said.contains("no contract of NOPE"), "{said}");
    world.amu0_refused("otto", &["create", "PRE", "--plan", "T-1"], "ATT-002");
    world.amu0("otto", &["create", "PRE"]);
    let forged = |task: Option<&str>, plan: Option<&str>| {
        let mut forge = Forge::from(&world, "otto", "refs/awo/amu0/-/PRE");
        forge.manifest.task = task.map(|it| TaskId::new(it).unwrap());
        forge.manifest.plan = plan.map(|it| PlanId::new(it).unwrap());
        let place = forge.manifest.place();
        format!("{}:refs/awo/amu0/{place}", forge.write())
    };
    world.push_refused("otto", &[&forged(Some("NOPE"), None)], "STR-002");
    world.push_refused("otto", &[&forged(None, Some("T-1"))], "ATT-002");
    world.amu0("otto", &["create", "PRE", "--task", "T-1"]);
    world.amu0("otto", &["create", "PRE", "--plan", "P-1"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let said = world.amu0_refused("rita", &["create", "X"], "ATT-001");
    assert!(said.contains("operator or orchestrator"), "{said}");
}
