//! gitolite with a repository of ours: its hooks and ours in one directory.

use std::path::PathBuf;

use super::service::{Service, Transport, environment, public_key, sshd, user};
use crate::world::World;

/// What gitolite grants. It knows refs by pattern: who may only write some branch could not push
/// the records.
const CONF: &str = "repo gitolite-admin\n    RW+ = olga\n\nrepo governed\n    RW+ = olga otto\n    \
                    RW  refs/awo/ refs/notes/awo/ main = rita\n    R   = vera\n";

/// gitolite, as the account that it runs under.
fn gitolite(world: &World, words: &[&str]) -> String {
    let mut command = world.command("git", "home/git", &[&["gitolite"], words].concat());
    // gitolite links its hooks into the hooks/ that git's own template makes.
    let output = command.env_remove("GIT_TEMPLATE_DIR").output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "gitolite {words:?}: {text}");
    text
}

fn repositories(world: &World) -> PathBuf {
    world.path("home/git/repositories")
}

/// Sets gitolite up for the persons of the world, with olga as its administrator, moves the
/// world's repository into it, and has gitolite adopt it, as its documentation says.
pub fn start(world: &World) -> Service {
    let home = world.path("home/git");
    std::fs::create_dir_all(&home).unwrap();
    world.write(
        "home/git/.gitconfig",
        "[user]\n\tname = git\n\temail = git@example.org\n[init]\n\tdefaultBranch = master\n",
    );
    world.write("olga.pub", public_key(world, "olga") + "\n");
    gitolite(world, &["setup", "-pk", "../../olga.pub"]);
    let lines = format!(
        "AuthorizedKeysFile {}/.ssh/authorized_keys\nSetEnv {}\n",
        home.display(),
        environment(&home)
    );
    let (child, port) = sshd(world, &lines);

    std::fs::rename(
        world.path("server.git"),
        repositories(world).join("governed.git"),
    )
    .unwrap();
    std::os::unix::fs::symlink(
        repositories(world).join("governed.git"),
        world.path("server.git"),
    )
    .unwrap();
    let url = move |name: &str| format!("ssh://{}@127.0.0.1:{port}/{name}", user());
    let admin = url("gitolite-admin");
    world.ok("olga", ".", &["git", "clone", "--quiet", &admin, "admin"]);
    world.write("admin/conf/gitolite.conf", CONF);
    for who in ["otto", "rita", "vera"] {
        world.write(
            &format!("admin/keydir/{who}.pub"),
            public_key(world, who) + "\n",
        );
    }
    world.ok("olga", "admin", &["git", "add", "-A"]);
    world.ok("olga", "admin", &["git", "commit", "--quiet", "-m", "all"]);
    world.ok("olga", "admin", &["git", "push", "--quiet", "origin"]);
    gitolite(world, &["setup"]);
    Service::new(vec![child], move |_| url("governed"))
}

/// What the client hears from gitolite itself, and nothing has moved.
#[track_caller]
fn denied(world: &World, who: &str, refspec: &str) {
    let said = world.push_refused(who, &[refspec], "DENIED by");
    assert!(!said.contains("expected"), "we have nothing to say: {said}");
    world.nothing_left();
}

#[test]
#[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
fn what_gitolite_denies_it_denies_before_and_after_us() {
    let world = World::landed();
    let service = Service::start(&world, Transport::Gitolite);
    world.write("rita/src/rita.py", "x = 1\n");
    world.commit("rita", "Work");
    // The policy grants rita this branch and gitolite does not: its update hook comes after ours.
    denied(&world, "rita", "HEAD:refs/heads/wip/rita");
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    // vera may read.
    world.cloned_afresh(&service);
    denied(&world, "vera", "HEAD:refs/heads/wip/vera");
    // And gitolite grants otto all, where the policy does not.
    world.push_refused("otto", &["HEAD~1:refs/tags/v1"], "GOV-004");
    world.write("otto/src/otto.py", "x = 1\n");
    world.commit("otto", "Work");
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
    world.receipt_of("refs/heads/wip/otto", "otto");
}

#[test]
#[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
fn our_hooks_outlast_a_setup_of_gitolite_and_are_not_put_where_they_would_not() {
    let world = World::landed();
    let _service = Service::start(&world, Transport::Gitolite);
    let server =
        |words: &[&str]| world.run("server", "server.git", &[&["git", "awo"], words].concat());
    let hooks = world.path("server.git/hooks");
    gitolite(&world, &["setup"]);
    assert!(hooks.join("update").is_symlink(), "gitolite's own is there");
    let doctor = server(&["doctor"]);
    assert_eq!(doctor.code, 0, "{}", doctor.text);

    // A hook for all repositories: gitolite puts it in the place of ours.
    let common = "home/git/.gitolite/hooks/common/pre-receive";
    world.write(common, "#!/bin/sh\nexit 0\n");
    gitolite(&world, &["setup"]);
    assert!(hooks.join("pre-receive").is_symlink(), "ours is gone");
    let doctor = server(&["doctor"]);
    assert_eq!(doctor.code, 1, "{}", doctor.text);
    assert!(doctor.text.contains("pre-receive: another program's"));
    let install = server(&["hooks", "install", "--server"]);
    assert_eq!(install.code, 1, "{}", install.text);
    assert!(install.text.contains("hook-stays"), "{}", install.text);
    // Until that is mended nothing is judged, and nothing moves.
    world.write("otto/src/otto.py", "x = 1\n");
    world.commit("otto", "Work");
    world.push_refused("otto", &["HEAD:refs/heads/wip/otto"], "REP-003");

    std::fs::remove_file(world.path(common)).unwrap();
    assert_eq!(server(&["hooks", "install", "--server"]).code, 0);
    gitolite(&world, &["setup"]);
    assert_eq!(server(&["doctor"]).code, 0);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
}

#[test]
#[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
fn a_repository_that_gitolite_made_is_founded_through_it() {
    let world = World::landed();
    let service = Service::start(&world, Transport::Gitolite);
    world.write(
        "admin/conf/gitolite.conf",
        format!("{CONF}\nrepo fresh\n    RW+ = olga otto\n"),
    );
    world.ok(
        "olga",
        "admin",
        &["git", "commit", "--quiet", "-am", "one more"],
    );
    world.ok("olga", "admin", &["git", "push", "--quiet", "origin"]);
    let place = "home/git/repositories/fresh.git";
    let anchor = world.fingerprint();
    let init = [
        "git",
        "awo",
        "init",
        "--server",
        "--anchor",
        anchor.as_str(),
    ];
    world.ok("git", place, &init);
    let url = service.url("olga").replace("governed", "fresh");
    let push =
        |who: &str, what: &str| world.run(who, who, &["git", "push", "--no-verify", &url, what]);
    let early = push("olga", "main");
    assert!(
        early.code != 0 && early.text.contains("GOV-006"),
        "{}",
        early.text
    );
    let founding = push("olga", "refs/awo/policy");
    assert_eq!(founding.code, 0, "{}", founding.text);
    assert_eq!(
        world.ok(
            "git",
            place,
            &["git", "for-each-ref", "--format=%(refname)"]
        ),
        "refs/awo/policy\n"
    );
}
