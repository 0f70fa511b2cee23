//! Reading inside a quarantine that a real push has made.

use std::fs;
use std::path::PathBuf;

use super::testing::{Sandbox, Site};
use super::*;
use crate::record::{HashKind, ObjectId, RefName};

/// Pushes a new commit to a bare repository whose hook keeps a copy of what git shows it.
fn push_and_keep(
    sandbox: &Sandbox,
    kind: HashKind,
    settings: &[(&str, &str)],
) -> (PathBuf, Quarantine, ObjectId, ObjectId) {
    let work = sandbox.init("w", kind);
    let server = sandbox.init("s.git", kind);
    let commit = |site: &Site<'_>, text: &str| {
        fs::write(site.dir.join("f"), format!("{text}\n").repeat(200)).unwrap();
        site.git(&["add", "f"]);
        site.git(&["commit", "-q", "-m", text]);
        site.id("HEAD")
    };
    let old = commit(&work, "old");
    work.git(&["push", "-q", "../s.git", "main"]);
    for (key, value) in settings {
        server.git(&["config", key, value]);
    }
    let kept = sandbox.path().join("kept");
    let hook = server.dir.join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    // The quarantine goes when the hook ends, so what it holds is copied and named anew.
    let script = format!(
        "#!/bin/sh\nset -e\ncp -R \"$GIT_OBJECT_DIRECTORY\" '{0}'\nenv > '{0}.env'\npwd > '{0}.cwd'\nexit 1\n",
        kept.display()
    );
    fs::write(&hook, script).unwrap();
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let new = commit(&work, "new");
    assert!(
        !work
            .try_git(&["push", "-q", "../s.git", "main"], b"")
            .status
            .success()
    );
    let variables = fs::read_to_string(kept.with_extension("env")).unwrap();
    let cwd = PathBuf::from(
        fs::read_to_string(kept.with_extension("cwd"))
            .unwrap()
            .trim_end(),
    );
    let get = |key: &str| {
        let found = variables
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        match key {
            "GIT_OBJECT_DIRECTORY" | "GIT_QUARANTINE_PATH" => found.map(|_| kept.clone().into()),
            _ => found.map(Into::into),
        }
    };
    let quarantine = Quarantine::from_values(get, &cwd).unwrap();
    (server.dir, quarantine, old, new)
}

#[test]
fn pushed_objects_are_seen_in_the_quarantine() {
    for (kind, settings) in [
        (HashKind::Sha1, &[][..]),
        (HashKind::Sha256, &[]),
        (HashKind::Sha1, &[("receive.unpackLimit", "1")]),
    ] {
        let sandbox = Sandbox::new();
        let (server, quarantine, old, new) = push_and_keep(&sandbox, kind, settings);
        assert!(
            quarantine.objects.is_some() && !quarantine.alternates.is_empty(),
            "{quarantine:?}"
        );
        let reader = Reader::in_quarantine(&quarantine).unwrap();
        assert!(reader.shared.in_quarantine && reader.is_bare());
        let main = reader
            .reference(&RefName::new("refs/heads/main").unwrap())
            .unwrap();
        assert_eq!(main, Some(old));
        assert_eq!(reader.new_commits(&[new], &[old]).unwrap(), [new]);
        let trees: Vec<_> = [old, new].map(|id| reader.commit(id).unwrap().tree).into();
        let changes = reader.changes(Some(trees[0]), Some(trees[1])).unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(
            reader.blob(changes[0].new.unwrap().1).unwrap(),
            "new\n".repeat(200).as_bytes()
        );
        // Without the quarantine the pushed objects are not there.
        let plain = Reader::open(&server).unwrap();
        assert!(!plain.shared.in_quarantine);
        assert!(matches!(plain.commit(new), Err(Error::Missing { .. })));
        assert!(plain.commit(old).is_ok());
        let kept = quarantine.objects.clone().unwrap();
        assert!(
            !kept.join("info/alternates").exists(),
            "nothing is written inside"
        );
    }
}

#[test]
fn what_gc_moves_beside_a_hook_is_found_again() {
    let sandbox = Sandbox::new();
    let (server, quarantine, old, new) = push_and_keep(&sandbox, HashKind::Sha1, &[]);
    let reader = Reader::in_quarantine(&quarantine).unwrap();
    let tree = reader.commit(new).unwrap().tree;
    let missing = ObjectId::Sha1([7; 20]);
    assert!(
        reader.object(missing).unwrap().is_none(),
        "packs are listed"
    );
    let packed = sandbox
        .command("git", &server)
        .args(["repack", "-adq"])
        .status();
    assert!(packed.unwrap().success());
    let old = reader.commit(old).unwrap();
    assert!(reader.header(old.tree).unwrap().is_some());
    assert!(reader.tree(old.tree).is_ok() && reader.tree(tree).is_ok());
    // Nobody waits for each of many that nobody has.
    let begun = std::time::Instant::now();
    for at in 0..200 {
        assert!(reader.object(ObjectId::Sha1([at; 20])).unwrap().is_none());
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(3));
}
