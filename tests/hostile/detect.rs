//! How soon a clone notices what went past the hooks: at the next look, before any commit more.

use super::Case;
use crate::figure::figure;
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[Case {
    id: "T-01",
    attack: "hooks switched off for one push, or refs moved by hand on the server, followed by honest work",
    answer: "GOV-002, GOV-003, REP-002 at the next fetch or verify",
    tests: &["hostile::detect::whatever_went_past_the_hooks_is_found_before_another_commit"],
}];

/// Acts on the server, past the hooks, and what is said of them.
const ACTS: &[(&str, &str, &str)] = &[
    (
        "a commit of nobody's on main",
        "git update-ref refs/heads/main $(git commit-tree -m x -p refs/heads/main 'refs/heads/main^{tree}')",
        "GOV-002",
    ),
    (
        "main put back by one",
        "git update-ref refs/heads/main refs/heads/main^",
        "REP-002",
    ),
    (
        "main deleted",
        "git update-ref -d refs/heads/main",
        "REP-002",
    ),
    (
        "the log put back by one",
        "git update-ref refs/awo/log refs/awo/log^",
        "REP-002",
    ),
    (
        "the log put back by three",
        "git update-ref refs/awo/log refs/awo/log~3",
        "REP-002",
    ),
    (
        "the log deleted",
        "git update-ref -d refs/awo/log",
        "REP-002",
    ),
    (
        "the ledger put back by one",
        "git update-ref refs/awo/ledger refs/awo/ledger^",
        "REP-002",
    ),
    (
        "the ledger deleted",
        "git update-ref -d refs/awo/ledger",
        "REP-002",
    ),
    (
        "an attestation removed",
        "git update-ref -d $(git for-each-ref --format='%(refname)' refs/notes/awo/attestations)",
        "REP-002",
    ),
    (
        "approvals put back",
        "notes=$(git for-each-ref --format='%(refname)' refs/notes/awo/approvals); \
         git update-ref $notes $notes^",
        "REP-002",
    ),
    (
        "the policy deleted",
        "git update-ref -d refs/awo/policy",
        "REP-002",
    ),
    (
        "evidence deleted",
        "git for-each-ref --format='delete %(refname)' refs/awo/evidence | git update-ref --stdin",
        "REP-002",
    ),
];

/// Whether a clone that knew the state before finds it, at this look.
fn looks(world: &World) -> Option<String> {
    let fetched = world.run("rita", "rita", &["git", "awo", "fetch"]);
    let verified = world.run("rita", "rita", &["git", "awo", "verify"]);
    let codes = [fetched.code, verified.code];
    assert!(codes.iter().all(|it| [0, 1, 3].contains(it)), "{codes:?}");
    if codes.iter().any(|it| *it != 0) {
        return Some(fetched.text + &verified.text);
    }
    None
}

#[test]
fn whatever_went_past_the_hooks_is_found_before_another_commit() {
    let mut pushes = ACTS.len();
    for (what, act, code) in ACTS {
        let world = World::landed();
        assert_eq!(looks(&world), None, "all is well before");
        world.ok("server", "server.git", &["sh", "-ec", act]);
        let found = looks(&world).unwrap_or_else(|| panic!("{what} is not found"));
        assert!(found.contains(code), "{what}: {found}");
    }
    // A push that the hooks did not see, on a branch of looser rules: found wherever it goes.
    for (file, code) in [("src/a.py", None), ("Makefile", Some("GOV-003"))] {
        let world = World::landed();
        world.write(&format!("otto/{file}"), "x = 1\n");
        world.commit("otto", "Work");
        world.force("otto", &["HEAD:refs/heads/wip/otto"]);
        let found = looks(&world);
        match code {
            Some(code) => assert!(found.unwrap().contains(code)),
            None => assert_eq!(found, None, "what the policy grants is no attack"),
        }
        pushes += usize::from(code.is_some());
    }
    // What was not looked for at once is found later too, under honest work.
    let world = World::landed();
    let (_, act, code) = ACTS[0];
    world.ok("server", "server.git", &["sh", "-ec", act]);
    let words = ["git", "awo", "outcome", RUN, "accepted", "--reason", "fine"];
    world.ok("olga", "olga", &words);
    world.push_accepted("olga", &["refs/awo/ledger"]);
    assert!(looks(&world).unwrap().contains(code));
    figure(
        "hooks bypassed or refs moved by hand, commits until `fetch` or `verify` in another clone says so",
        pushes,
        "at most 1",
        "1",
    );
}
