//! Writing, compared with what git says.

use std::fs;

use super::testing::Sandbox;
use super::*;
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{HashKind, ObjectId, RefName, RepoPath};

const BOTH: [HashKind; 2] = [HashKind::Sha1, HashKind::Sha256];

fn log() -> RefName {
    RefName::new("refs/awo/log").unwrap()
}

fn person() -> Person {
    Person {
        name: "Ann Ö".into(),
        email: b"ann@example.org".to_vec(),
        time: 1_700_000_000,
    }
}

fn draft(tree: ObjectId, parents: &[ObjectId], message: &str) -> CommitDraft {
    CommitDraft {
        tree,
        parents: parents.to_vec(),
        author: person(),
        committer: person(),
        message: message.into(),
        signature: None,
    }
}

fn move_log(expected: Expected, new: Option<ObjectId>) -> RefUpdate {
    RefUpdate {
        name: log(),
        expected,
        new,
    }
}

fn commit_on(repo: &Repo, parents: &[ObjectId], message: &str) -> ObjectId {
    let tree = repo.edit_tree(None, &[]).unwrap();
    repo.write_commit(&draft(tree, parents, message)).unwrap()
}

#[test]
fn trees_are_edited_as_by_git() {
    for kind in BOTH {
        let sandbox = Sandbox::new();
        let site = sandbox.init("w", kind);
        let repo = site.repo();
        let blob = |text: &str| repo.write_blob(text.as_bytes()).unwrap();
        let set = |path: &str, text: &str| (RepoPath::from(path), Some((Mode::File, blob(text))));
        let gone = |path: &str| (RepoPath::from(path), None);
        let listed =
            |tree: ObjectId| site.git(&["ls-tree", "-r", "--name-only", &tree.to_string()]);
        let one = repo
            .edit_tree(
                None,
                &[
                    set("a/b/c", "1"),
                    set("a-b", "2"),
                    set("z", "3"),
                    set("a/d", "4"),
                ],
            )
            .unwrap();
        assert_eq!(listed(one), "a-b\na/b/c\na/d\nz");
        assert_eq!(
            repo.blob(
                repo.entry(one, &RepoPath::from("a/b/c"))
                    .unwrap()
                    .unwrap()
                    .1
            )
            .unwrap(),
            b"1"
        );
        let two = repo
            .edit_tree(
                Some(one),
                &[gone("a/b/c"), gone("z"), gone("none/such"), gone("z/below")],
            )
            .unwrap();
        assert_eq!(listed(two), "a-b\na/d");
        let back = repo
            .edit_tree(Some(two), &[set("a/b/c", "1"), set("z", "3")])
            .unwrap();
        assert_eq!(back, one, "the same content is the same tree");
        let swapped = repo
            .edit_tree(
                Some(one),
                &[set("a", "now a file"), gone("a/b/c"), gone("a/d")],
            )
            .unwrap();
        assert_eq!(listed(swapped), "a\na-b\nz");
        let again = repo
            .edit_tree(Some(swapped), &[set("a/x", "5"), gone("a")])
            .unwrap();
        assert_eq!(listed(again), "a-b\na/x\nz");
        let whole = [(RepoPath::from("copy"), Some((Mode::Tree, two)))];
        assert_eq!(
            listed(repo.edit_tree(Some(two), &whole).unwrap()),
            "a-b\na/d\ncopy/a-b\ncopy/a/d"
        );
        let empty = repo
            .edit_tree(Some(two), &[gone("a"), gone("a-b")])
            .unwrap();
        assert_eq!(empty, repo.edit_tree(None, &[]).unwrap());
        assert_eq!(listed(empty), "");
        site.git(&["fsck", "--strict", "--no-dangling"]);
        for wrong in [
            "", "a//b", "/a", "a/", "a/../b", ".git/x", "a/.GIT", "z/below", "a/b", "a\0b",
        ] {
            assert!(
                repo.edit_tree(Some(one), &[set(wrong, "x")]).is_err(),
                "{wrong:?}"
            );
        }
    }
}

#[test]
fn commits_are_written_as_git_writes_them() {
    for kind in BOTH {
        let sandbox = Sandbox::new();
        let site = sandbox.init("w", kind);
        let repo = site.repo();
        let one = commit_on(&repo, &[], "one\n");
        let mut two = draft(
            repo.edit_tree(None, &[]).unwrap(),
            &[one],
            "two\n\nAwo-Run: r\n",
        );
        two.signature = Some(b"-----BEGIN X-----\nabc\n-----END X-----\n".to_vec());
        let id = repo.write_commit(&two).unwrap();
        let read = repo.commit(id).unwrap();
        let signature = read.signature.clone().unwrap();
        assert_eq!(Some(signature.armor), two.signature);
        assert_eq!(signature.payload, two.payload(kind));
        assert_eq!(read.trailer("Awo-Run"), ["r"]);
        assert_eq!(
            site.git(&[
                "show",
                "-s",
                "--format=%an <%ae> %at %s %P",
                &id.to_string()
            ]),
            format!("Ann Ö <ann@example.org> 1700000000 two {one}")
        );
        site.git(&["fsck", "--strict", "--no-dangling"]);
        two.signature = None;
        let plain = site.git_with(
            &["hash-object", "-t", "commit", "--stdin"],
            &two.payload(kind),
        );
        assert_eq!(repo.write_commit(&two).unwrap().to_string(), plain);
        let wrong: [fn(&mut CommitDraft); 7] = [
            |d| d.author.name = b"a\nparent x".to_vec(),
            |d| d.author.name = b"a <b>".to_vec(),
            |d| d.committer.email = b"a> 1 +0000\nx y".to_vec(),
            |d| d.committer.time = -1,
            |d| d.message = b"a\0b".to_vec(),
            |d| d.signature = Some(Vec::new()),
            |d| d.parents = vec![ObjectId::Sha1([0; 20]), ObjectId::Sha256([0; 32])],
        ];
        for (at, break_it) in wrong.iter().enumerate() {
            let mut broken = two.clone();
            break_it(&mut broken);
            let result = repo.write_commit(&broken);
            assert!(
                matches!(result, Err(Error::BadDraft { .. })),
                "{at}: {result:?}"
            );
        }
    }
}

#[test]
fn refs_move_only_from_where_they_are_expected() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    let repo = site.repo();
    let (one, two) = (commit_on(&repo, &[], "1"), commit_on(&repo, &[], "2"));
    let moved = |result| matches!(result, Err(UpdateError::Moved { .. }));
    assert!(moved(
        repo.update_refs(&[move_log(Expected::At(one), Some(two))], "m")
    ));
    repo.update_refs(&[move_log(Expected::Absent, Some(one))], "first\nline")
        .unwrap();
    assert_eq!(site.id("refs/awo/log"), one);
    assert!(moved(
        repo.update_refs(&[move_log(Expected::Absent, Some(two))], "m")
    ));
    assert!(
        moved(repo.update_refs(&[move_log(Expected::Absent, Some(one))], "m")),
        "even to the same"
    );
    assert!(moved(
        repo.update_refs(&[move_log(Expected::At(two), Some(one))], "m")
    ));
    repo.update_refs(&[move_log(Expected::At(one), Some(two))], "m")
        .unwrap();
    // All or nothing.
    let main = RefName::new("refs/heads/main").unwrap();
    let both = |log_at| {
        [
            RefUpdate {
                name: main.clone(),
                expected: Expected::Absent,
                new: Some(one),
            },
            move_log(Expected::At(log_at), Some(one)),
        ]
    };
    assert!(moved(repo.update_refs(&both(one), "m")));
    assert_eq!(repo.reference(&main).unwrap(), None);
    repo.update_refs(&both(two), "made by git-awo").unwrap();
    assert_eq!(
        (site.id("refs/heads/main"), site.id("refs/awo/log")),
        (one, one)
    );
    assert!(
        site.git(&["reflog", "show", "main"])
            .contains("made by git-awo")
    );
    // A packed ref, and a deletion.
    site.git(&["pack-refs", "--all"]);
    assert!(moved(
        repo.update_refs(&[move_log(Expected::At(two), None)], "m")
    ));
    repo.update_refs(&[move_log(Expected::At(one), Some(two))], "m")
        .unwrap();
    repo.update_refs(&[move_log(Expected::At(two), None)], "m")
        .unwrap();
    assert_eq!(repo.reference(&log()).unwrap(), None);
    assert_eq!(site.git(&["for-each-ref", "refs/awo"]), "");
    // What contradicts itself.
    let zero = ObjectId::Sha1([0; 20]);
    for update in [
        move_log(Expected::Absent, None),
        move_log(Expected::Absent, Some(zero)),
        move_log(Expected::Absent, Some(ObjectId::Sha256([1; 32]))),
    ] {
        assert!(matches!(
            repo.update_refs(&[update], "m"),
            Err(UpdateError::Bad { .. })
        ));
    }
    let twice = [
        move_log(Expected::Absent, Some(one)),
        move_log(Expected::Absent, Some(two)),
    ];
    assert!(repo.update_refs(&twice, "m").is_err());
    assert_eq!(repo.reference(&log()).unwrap(), None);
    // A symbolic ref is not written through.
    site.git(&["symbolic-ref", "refs/awo/log", "refs/heads/main"]);
    assert!(moved(
        repo.update_refs(&[move_log(Expected::At(one), Some(two))], "m")
    ));
    assert_eq!(site.id("refs/heads/main"), one);
}

#[test]
fn a_lock_left_behind_is_named_and_stays() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w.git", HashKind::Sha1);
    let repo = site.repo();
    let one = commit_on(&repo, &[], "1");
    let lock = site.dir.join("refs/awo/log.lock");
    fs::create_dir_all(site.dir.join("refs/awo")).unwrap();
    fs::write(&lock, "").unwrap();
    match repo.update_refs(&[move_log(Expected::Absent, Some(one))], "m") {
        Err(UpdateError::Locked { name, path, .. }) => {
            assert_eq!(
                (name, fs::canonicalize(path).unwrap()),
                (log(), fs::canonicalize(&lock).unwrap())
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(lock.exists());
    fs::remove_file(&lock).unwrap();
    repo.update_refs(&[move_log(Expected::Absent, Some(one))], "m")
        .unwrap();
    assert!(!lock.exists());
}

#[test]
fn of_eight_threads_that_append_none_loses_a_commit() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w.git", HashKind::Sha1);
    let (threads, each) = (8, 12);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let site = &site;
            scope.spawn(move || {
                let repo = site.repo();
                for n in 0..each {
                    loop {
                        let tip = repo.reference(&log()).unwrap();
                        let parents: Vec<ObjectId> = tip.into_iter().collect();
                        let new = commit_on(&repo, &parents, &format!("{thread} {n}"));
                        let expected = tip.map_or(Expected::Absent, Expected::At);
                        match repo.update_refs(&[move_log(expected, Some(new))], "append") {
                            Ok(()) => break,
                            Err(UpdateError::Moved { .. } | UpdateError::Locked { .. }) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
    let log = site.git(&["log", "--format=%s", "refs/awo/log"]);
    let mut found: Vec<&str> = log.lines().collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), threads * each);
    site.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn refs_move_while_the_directory_of_their_locks_is_removed_again_and_again() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w.git", HashKind::Sha1);
    let repo = site.repo();
    let ids = [commit_on(&repo, &[], "1"), commit_on(&repo, &[], "2")];
    let both = |expected: Expected, new| {
        let names = ["refs/awo/log", "refs/awo/deep/er"];
        names.map(|name| RefUpdate {
            name: RefName::new(name).unwrap(),
            expected,
            new: Some(new),
        })
    };
    repo.update_refs(&both(Expected::Absent, ids[0]), "m")
        .unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // As git does when the last loose ref of a directory is packed.
            while !done.load(order) {
                for empty in ["refs/awo/deep", "refs/awo"] {
                    let _ = fs::remove_dir(site.dir.join(empty));
                }
            }
        });
        let moved: Vec<_> = (0..200)
            .map(|n| {
                let (old, new) = (ids[n % 2], ids[(n + 1) % 2]);
                repo.update_refs(&both(Expected::At(old), new), "m")
            })
            .collect();
        done.store(true, order);
        for result in moved {
            result.unwrap();
        }
    });
}

#[test]
fn git_runs_in_the_directory_asked_for_and_reports_failures() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    let output = run(&site.dir, &["rev-parse", "--show-toplevel"]).unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        fs::canonicalize(shown.trim_end()).unwrap(),
        fs::canonicalize(&site.dir).unwrap()
    );
    match run(&site.dir, &["rev-parse", "--verify", "nonesuch"]) {
        Err(error @ Error::Git { .. }) => assert!(
            error.to_string().contains("rev-parse --verify nonesuch"),
            "{error}"
        ),
        other => panic!("{other:?}"),
    }
    let command = git(&site.dir);
    let decided: Vec<_> = command
        .get_envs()
        .filter(|(key, value)| value.is_none() == (*key != "GIT_NO_REPLACE_OBJECTS"))
        .map(|(key, _)| key)
        .collect();
    let listed = site.git(&["rev-parse", "--local-env-vars"]);
    for key in listed.lines().filter(|key| !key.starts_with("GIT_CONFIG")) {
        assert!(decided.iter().any(|it| *it == key), "{key} is not left");
    }
}

#[test]
fn several_refs_move_in_one_file_and_are_seen_moved_together_by_git_and_by_us() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w.git", HashKind::Sha1);
    let repo = site.repo();
    let one = commit_on(&repo, &[], "1");
    let two = commit_on(&repo, &[one], "2");
    let main = RefName::new("refs/heads/main").unwrap();
    let both = |expected, new| {
        [log(), main.clone()].map(|name| RefUpdate {
            name,
            expected,
            new: Some(new),
        })
    };
    // One by one they are loose files; together they move in packed-refs, and no loose one is left
    // that would hide it.
    for update in both(Expected::Absent, one) {
        repo.update_refs(&[update], "m").unwrap();
    }
    assert!(site.dir.join("refs/awo/log").exists());
    repo.update_refs(&both(Expected::At(one), two), "m")
        .unwrap();
    let packed = fs::read_to_string(site.dir.join("packed-refs")).unwrap();
    for name in [log(), main.clone()] {
        assert!(!site.dir.join(name.as_str()).exists());
        assert!(packed.contains(&format!("{two} {name}\n")), "{packed}");
        assert_eq!(site.id(name.as_str()), two);
        assert_eq!(repo.reference(&name).unwrap(), Some(two));
    }
    assert_eq!(repo.references("refs/").unwrap().len(), 2);
    // A second handle, opened before, does not take what it remembers for the present.
    let other = site.repo();
    assert_eq!(other.reference(&log()).unwrap(), Some(two));
    for (old, new) in [(two, one), (one, two), (two, one)] {
        repo.update_refs(&both(Expected::At(old), new), "m")
            .unwrap();
        assert_eq!(other.reference(&log()).unwrap(), Some(new));
        assert!(matches!(
            other.update_refs(&both(Expected::At(old), two), "m"),
            Err(UpdateError::Moved { .. })
        ));
    }
    site.git(&["fsck", "--strict", "--no-dangling"]);
}
