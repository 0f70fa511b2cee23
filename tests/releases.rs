//! The page about releases, as people type it.

use std::path::Path;

use crate::world::{PROGRAM, World};

/// Returns the code of a kind on the page, block by block.
fn blocks(kind: &str) -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/releases.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut blocks = Vec::new();
    for part in page.split(&format!("```{kind}\n")).skip(1) {
        blocks.push(part.split("```").next().unwrap().to_owned());
    }
    blocks
}

/// Types a block as the person whom its first line names; returns the exit code and all that was said.
fn types(world: &World, block: &str) -> (i32, String) {
    let who = block.lines().next().unwrap().trim_start_matches("# ");
    let mut directories = vec![Path::new(PROGRAM).parent().unwrap().to_owned()];
    directories.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut command = world.command(who, who, &["sh", "-e", "-c", block]);
    command.env("PATH", std::env::join_paths(directories).unwrap());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

#[track_caller]
fn works(world: &World, block: &str) -> String {
    let (code, text) = types(world, block);
    assert_eq!(code, 0, "{block}\n{text}");
    text
}

#[test]
fn the_commands_of_the_page_about_releases_do_what_it_says() {
    let world = World::founded();
    let script = blocks("sh");
    let [release, check, by_git, adopt, moving] = script.as_slice() else {
        panic!("{script:?}");
    };
    // One is there from before: only the administrator can have put it there.
    world.ok("olga", "olga", &["git", "tag", "v0.1", "origin/main"]);
    world.push_refused("olga", &["v0.1"], "GOV-004");
    let adopted = works(&world, adopt);
    let entries = blocks("toml").concat();
    world.next_policy(2, None, |text| format!("{text}\n{entries}\n{adopted}"));
    works(&world, release);
    assert_eq!(world.rev("server.git", "v1.0"), world.rev("olga", "v1.0"));
    world.push_accepted("olga", &["--tags"]);
    world.fresh_clone();
    works(&world, check);
    works(&world, by_git);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    works(&world, moving);
    world.write("otto/src/new.py", "x = 1\n");
    world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
    world.commit("otto", "Work");
    world.ok("otto", "otto", &["git", "push", "-q", "origin", "wip/x"]);
    let again = moving.replace("origin/main", "wip/x");
    works(&world, &again);
    assert_eq!(
        world.rev("server.git", "build/latest"),
        world.rev("otto", "wip/x")
    );
    let by_otto = release.replace("# olga", "# otto").replace("v1.0", "v1.1");
    let by_otto = by_otto.replace("git pull --quiet", "git switch --quiet main");
    let (code, said) = types(&world, &by_otto);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("rule: tag-creators"), "{said}");
    world.ok("vera", "vera", &["git", "fetch", "-q", "--tags", "--force"]);
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
