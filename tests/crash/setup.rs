//! The commands that set up a repository, and those that write files beside it.

use super::client::own;
use super::{Case, swept};
use crate::world::{RUN, World};

/// rita's clone, as it is before `git awo init`, with a hook of her own.
fn joining() -> World {
    let world = World::founded();
    let script = "git awo hooks uninstall && git config --unset-all remote.origin.fetch && \
        git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'";
    world.ok("rita", "rita", &["sh", "-c", &awo(script)]);
    world.write("rita/.git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    let chmod = ["chmod", "+x", ".git/hooks/pre-commit"];
    world.ok("rita", "rita", &chmod);
    world
}

/// The program under test is not on the PATH.
fn awo(script: &str) -> String {
    script.replace("git awo", crate::world::PROGRAM)
}

/// A repository of olga's that nobody governs.
fn founding() -> World {
    let world = World::founded();
    std::fs::remove_dir_all(world.path("olga")).unwrap();
    world.ok("olga", ".", &["git", "init", "--quiet", "olga"]);
    world.write("olga/README.md", "# mine\n");
    world.commit("olga", "Before adoption");
    world
}

fn without_anchor() -> World {
    let world = World::founded();
    std::fs::remove_file(world.path("rita/.git/awo/anchor")).unwrap();
    world
}

fn bare() -> World {
    let world = World::founded();
    std::fs::remove_dir_all(world.path("server.git")).unwrap();
    let init = ["git", "init", "--quiet", "--bare", "server.git"];
    world.ok("server", ".", &init);
    world
}

/// Two roots must sign, and olga has.
fn half_signed() -> World {
    let world = World::founded();
    let roots = |threshold: u32| {
        move |text: String| {
            text.replace(
                "identities = [\"olga\"]",
                "identities = [\"olga\", \"otto\"]",
            )
            .replace("threshold = 1", &format!("threshold = {threshold}"))
        }
    };
    world.next_policy(2, None, roots(2));
    let adopted = ["git", "rev-list", "--max-parents=0", "refs/heads/main"];
    let adopted = world.ok("olga", "olga", &adopted);
    let text = roots(2)(crate::world::policy(3, adopted.trim(), ""));
    world.write("policy/next.toml", text);
    let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
    world.ok("olga", "olga", &propose);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

fn made_elsewhere() -> World {
    crate::run_import::conforming_run()
}

fn without_sums() -> World {
    let world = made_elsewhere();
    let sums = world.path("ci").join(RUN).join("SHA256SUMS.txt");
    std::fs::remove_file(sums).unwrap();
    world
}

const SERVER: Case = Case {
    stage: bare,
    who: "server",
    words: &["git", "awo", "init", "--server", "--anchor", "{anchor}"],
    places: &["server.git"],
    files: &["server.git/config", "server.git/hooks", "server.git/awo"],
    whole: false,
    program: "",
};
const CLONE: &[&str] = &["rita/.git/config", "rita/.git/hooks", "rita/.git/awo"];
const IMPORT: &[&str] = &[
    "git",
    "awo",
    "run",
    "import",
    "../ci/run_slugify",
    "--task",
    "SLUG-1",
    "--commit",
    "ci",
];

swept! {
    a_server_is_set_up_or_the_same_command_finishes_it: SERVER;
    a_clone_joins_or_the_same_command_finishes_it: Case { files: CLONE, ..own(joining, "rita", &["git", "awo", "init"]) };
    a_repository_is_founded_or_not: Case { files: &["olga/.git/config", "olga/.git/hooks", "olga/.git/awo"], ..own(founding, "olga", &["git", "awo", "init", "--identity", "olga"]) };
    an_anchor_is_set_or_not: Case { files: CLONE, ..own(without_anchor, "rita", &["git", "awo", "trust", "{anchor}"]) };
    hooks_are_installed_each_whole_or_not: Case { files: CLONE, ..own(joining, "rita", &["git", "awo", "hooks", "install"]) };
    a_policy_is_signed_or_not: own(half_signed, "otto", &["git", "awo", "policy", "sign"]);
    a_run_is_imported_whole_or_not_at_all: own(made_elsewhere, "otto", IMPORT);
    an_inventory_is_made_or_not: Case { files: &["ci"], ..own(without_sums, "otto", &["git", "awo", "integrity", "sums", "../ci/run_slugify"]) };
    an_export_is_made_of_whole_files: Case { files: &["out"], ..own(World::landed, "otto", &["git", "awo", "export", RUN, "../out"]) };
}
