//! The page for contributors' work, typed as it stands.

use crate::remedies::path;
use crate::world::World;

/// Returns the lines of the first block below a heading of a page.
pub fn block(page: &str, heading: &str) -> Vec<String> {
    let (_, rest) = page.split_once(heading).expect(heading);
    let mut blocks = rest.split("```");
    let block = blocks.nth(1).expect("a block");
    block.trim().lines().map(str::to_owned).collect()
}

#[test]
fn the_page_is_typed_as_it_stands() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/contributors.md");
    let page = std::fs::read_to_string(page).unwrap();
    let world = World::landed();
    // The policy of the page, for main.
    let entry = block(&page, "## Once").join("\n");
    world.next_policy(2, None, |text| {
        let (before, rest) = text.split_once("[[ref]]\n").unwrap();
        let (old, after) = rest.split_once("[[ref]]\n").unwrap();
        let adopted = old.lines().find(|it| it.starts_with("adopted")).unwrap();
        format!("{before}{entry}\n{adopted}\n\n[[ref]]\n{after}")
    });
    world.ok(
        "olga",
        "olga",
        &["git", "merge", "-q", "--ff-only", "origin/main"],
    );
    // Somebody whom the policy does not know.
    let script = "git clone -q server.git fork && cd fork && git checkout -q -b topic && \
                  git config user.name Eve && git config user.email eve@example.org && \
                  for n in 1 2 3 4 5; do echo \"x = $n\" > src/eve_$n.py && git add . && \
                  git -c commit.gpgsign=false -c core.hooksPath=/dev/null commit -q -m \"Part $n\"; done";
    world.ok("vera", ".", &["sh", "-c", script]);
    let before = world.server();
    for line in block(&page, "## Each time") {
        let mut command = world.command("olga", "olga", &["sh", "-c", &line]);
        let output = command.env("PATH", path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{said}");
    }
    assert_ne!(world.server(), before);
    assert_eq!(
        world.rev("server.git", "refs/heads/main^2"),
        world.rev("fork", "refs/heads/topic"),
        "their commits are as they were"
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
