//! Pushes that would be right under another policy.

use super::*;

/// olga's next policy, which takes direct commits by otto on main, applied in her clone.
fn loosened(world: &World) {
    let tip = world.rev("olga", "refs/heads/main");
    let looser = policy(2, &tip, "").replace(
        "accept = [\"governed\", \"rollback\"]",
        "accept = [\"governed\", \"rollback\", \"direct\"]\ndirect = [{ writers = [\"*\"], paths = [\"**\"] }]",
    );
    world.write("policy/looser.toml", looser);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "policy", "propose", "../policy/looser.toml"],
    );
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
}

#[test]
fn a_push_that_changes_the_policy_and_profits_from_it_is_refused() {
    let world = World::founded();
    loosened(&world);
    world.write("olga/src/strings.py", "print('profit')\n");
    world.commit("olga", "Profit");
    world.push_refused(
        "olga",
        &["refs/awo/policy", "refs/awo/ledger", "main"],
        "GOV-002",
    );
    // The benign twin: the policy by itself, and afterwards what it permits.
    world.push_accepted("olga", &["refs/awo/policy", "refs/awo/ledger"]);
    world.push_accepted("olga", &["main"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_policy_by_somebody_who_is_no_root_is_refused() {
    let world = World::founded();
    let tip = world.rev("otto", "refs/heads/main");
    world.write("policy/mine.toml", policy(2, &tip, ""));
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "policy", "propose", "../policy/mine.toml"],
        "GOV-006",
    );
    // Made by hand: the files are changed, the signatures are the old ones.
    let actor = world.actor("otto");
    let old = actor.repo.reference(&layout::policy()).unwrap().unwrap();
    let commit = actor.repo.commit(old).unwrap();
    let blob = actor
        .repo
        .write_blob(policy(2, &tip, "").as_bytes())
        .unwrap();
    let edit = (RepoPath::from("policy.toml"), Some((Mode::File, blob)));
    let draft = CommitDraft {
        tree: actor.repo.edit_tree(Some(commit.tree), &[edit]).unwrap(),
        parents: vec![old],
        author: actor.author(),
        committer: actor.author(),
        message: b"policy\n".to_vec(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: layout::policy(),
        expected: Expected::At(old),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack("otto", &["refs/awo/policy"], "GOV-006");
}
