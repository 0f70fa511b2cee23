//! gitolite with a repository of ours: its hooks and ours in one directory.

use std::path::PathBuf;

use super::service::{Service, environment, public_key, sshd, user};
use crate::world::World;

/// What gitolite grants. It knows refs by pattern: who may only write some branch could not push
/// the records.
const CONF: &str = "repo gitolite-admin\n    RW+ = olga\n\nrepo governed\n    RW+ = olga otto\n    \
                    RW  refs/awo/ refs/notes/awo/ main = rita\n    R   = vera\n";

/// gitolite, as the account that it runs under.
fn gitolite(world: &World, words: &[&str]) -> String {
    world.ok("git", "home/git", &[&["gitolite"], words].concat())
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
