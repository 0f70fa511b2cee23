//! What no server takes is not frozen; and what was made all the same does not stand in the way.

use std::fs;
use std::os::unix::fs::symlink;

use git_awo::record::RepoPath;
use git_awo::record::baseline::{Item, Kind};
use git_awo::record::tree::Mode;

use super::forge::Forge;
use super::{ROOT, with_files};

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
