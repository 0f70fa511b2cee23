//! Evidence that is not what was stored.

use super::*;

/// Runs the task in otto's clone without pushing, then lets `change` alter the evidence in the
/// tree of the evidence ref, as if it had been so from the start.
fn with_altered_evidence(
    change: impl FnOnce(&Repo, &str) -> (RepoPath, Option<(Mode, ObjectId)>),
) -> World {
    let world = World::approved();
    world.write("agent.sh", crate::world::AGENT);
    let agent = world.path("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ],
    );
    let actor = world.actor("otto");
    let run = world.run_record("otto");
    let tip = actor.repo.reference(&run.evidence).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let directory = layout::run_directory(&run.run);
    let edit = change(&actor.repo, &directory);
    let tree = actor.repo.edit_tree(Some(commit.tree), &[edit]).unwrap();
    let draft = CommitDraft {
        tree,
        parents: commit.parents.clone(),
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: commit.message.clone(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: run.evidence,
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world
}

#[test]
fn changed_evidence_is_refused() {
    let world = with_altered_evidence(|repo, directory| {
        let blob = repo.write_blob(b"all tests passed\n").unwrap();
        (
            RepoPath::from(format!("{directory}/test.log").as_str()),
            Some((Mode::File, blob)),
        )
    });
    world.attack("otto", RECORDS, "INT-001");
}

#[test]
fn added_evidence_is_refused() {
    let world = with_altered_evidence(|repo, directory| {
        let blob = repo.write_blob(b"more\n").unwrap();
        (
            RepoPath::from(format!("{directory}/artifacts/more.txt").as_str()),
            Some((Mode::File, blob)),
        )
    });
    world.attack("otto", RECORDS, "INT-002");
}

#[test]
fn removed_evidence_is_refused() {
    let world = with_altered_evidence(|_, directory| {
        (
            RepoPath::from(format!("{directory}/test.log").as_str()),
            None,
        )
    });
    world.attack("otto", RECORDS, "INT-002");
}

#[test]
fn evidence_with_an_inventory_made_to_fit_is_refused() {
    let world = World::approved();
    world.write("agent.sh", crate::world::AGENT);
    let agent = world.path("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ],
    );
    let actor = world.actor("otto");
    let run = world.run_record("otto");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let mut files = records
        .evidence(&run.evidence, &run.run, u64::MAX)
        .unwrap()
        .unwrap();
    files.insert(RepoPath::from("test.log"), b"all tests passed\n".to_vec());
    let sums = Inventory::of(&evidence::digests(&files))
        .unwrap()
        .to_bytes();
    let tip = actor.repo.reference(&run.evidence).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let directory = layout::run_directory(&run.run);
    let mut edits = Vec::new();
    for (name, bytes) in [
        ("test.log", b"all tests passed\n".to_vec()),
        ("SHA256SUMS.txt", sums),
    ] {
        let blob = actor.repo.write_blob(&bytes).unwrap();
        edits.push((
            RepoPath::from(format!("{directory}/{name}").as_str()),
            Some((Mode::File, blob)),
        ));
    }
    let draft = CommitDraft {
        tree: actor.repo.edit_tree(Some(commit.tree), &edits).unwrap(),
        parents: commit.parents.clone(),
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: commit.message.clone(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: run.evidence,
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack("otto", RECORDS, "INT-001");
}

#[test]
fn evidence_changed_after_it_was_stored_is_refused() {
    let world = World::landed();
    let run = world.run_record("otto");
    let actor = world.actor("otto");
    let tip = actor.repo.reference(&run.evidence).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let blob = actor.repo.write_blob(b"all tests passed\n").unwrap();
    let path = RepoPath::from(format!("{}/test.log", layout::run_directory(&run.run)).as_str());
    let draft = CommitDraft {
        tree: actor
            .repo
            .edit_tree(Some(commit.tree), &[(path, Some((Mode::File, blob)))])
            .unwrap(),
        parents: vec![tip],
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: b"more\n".to_vec(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: run.evidence,
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack_codes("otto", RECORDS, "REP-002", "INT-001");
}
