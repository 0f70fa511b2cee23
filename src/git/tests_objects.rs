//! Objects and notes: swapped, malformed, huge, and good ones.

use std::fs;
use std::time::Instant;

use super::testing::Sandbox;
use super::*;
use crate::record::tree::{Entry, Mode, Tree};
use crate::record::{HashKind, ObjectId, RepoPath};

const BOTH: [HashKind; 2] = [HashKind::Sha1, HashKind::Sha256];

#[test]
fn a_swapped_object_is_found_out() {
    for kind in BOTH {
        let sandbox = Sandbox::new();
        let site = sandbox.init("w", kind);
        let write = |text: &str| -> ObjectId {
            site.git_with(&["hash-object", "-w", "--stdin"], text.as_bytes())
                .parse()
                .unwrap()
        };
        let (good, evil) = (write("good"), write("evil"));
        assert_eq!(site.reader().blob(good).unwrap(), b"good");
        fs::remove_file(site.loose(good)).unwrap();
        fs::copy(site.loose(evil), site.loose(good)).unwrap();
        assert_eq!(
            site.git(&["cat-file", "blob", &good.to_string()]),
            "evil",
            "git serves it"
        );
        match site.reader().blob(good) {
            Err(Error::HashMismatch { id, found }) => assert_eq!((id, found), (good, evil)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            site.reader().object(good),
            Err(Error::HashMismatch { .. })
        ));
        fs::remove_file(site.loose(good)).unwrap();
        fs::write(site.loose(good), b"garbage").unwrap();
        assert!(matches!(
            site.reader().blob(good),
            Err(Error::Object { .. })
        ));
        fs::remove_file(site.loose(good)).unwrap();
        assert!(matches!(
            site.reader().blob(good),
            Err(Error::Missing { .. })
        ));
        assert_eq!(site.reader().object(good).unwrap(), None);
        assert_eq!(site.reader().object(evil).unwrap().unwrap().0, Kind::Blob);
    }
}

#[test]
fn objects_are_limited_and_their_kinds_checked() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    fs::write(site.dir.join("f"), vec![b'x'; 1_000]).unwrap();
    site.git(&["add", "f"]);
    site.git(&["commit", "-q", "-m", "one"]);
    let (blob, head) = (site.id("HEAD:f"), site.id("HEAD"));
    for packed in [false, true] {
        if packed {
            site.git(&["repack", "-adq"]);
        }
        let reader = site.reader();
        assert_eq!(reader.header(blob).unwrap(), Some((Kind::Blob, 1_000)));
        assert!(reader.blob_limited(blob, 1_000).is_ok());
        match reader.blob_limited(blob, 999) {
            Err(Error::TooLarge { size, max, .. }) => assert_eq!((size, max), (1_000, 999)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(reader.commit(blob), Err(Error::WrongKind { .. })));
        assert!(matches!(reader.tree(head), Err(Error::WrongKind { .. })));
        assert!(matches!(reader.blob(head), Err(Error::WrongKind { .. })));
        assert_eq!(reader.commit(head).unwrap().message, b"one\n");
        assert_eq!(
            reader
                .tree(reader.commit(head).unwrap().tree)
                .unwrap()
                .entries
                .len(),
            1
        );
        assert!(reader.contains(head) && !reader.contains(ObjectId::Sha1([1; 20])));
        assert!(!reader.contains(ObjectId::Sha256([1; 32])));
        let other = reader.fork();
        let read = std::thread::spawn(move || other.commit(head).unwrap().id);
        assert_eq!(read.join().unwrap(), head);
    }
}

/// Builds `depth` trees, each naming the next one `width` times.
fn bomb(repo: &Repo, depth: usize, width: u32, leaf: bool) -> ObjectId {
    let blob = repo.write_blob(b"x").unwrap();
    let empty = repo.edit_tree(None, &[]).unwrap();
    let mut entry = if leaf {
        (Mode::File, blob)
    } else {
        (Mode::Tree, empty)
    };
    for _ in 0..depth {
        let entries = (0..width)
            .map(|n| Entry {
                mode: entry.0,
                name: format!("{n:08}").into_bytes(),
                id: entry.1,
            })
            .collect();
        let tree = Tree::from_entries(entries).unwrap();
        entry = (
            Mode::Tree,
            repo.write_object(Kind::Tree, &tree.to_bytes()).unwrap(),
        );
    }
    entry.1
}

#[test]
fn trees_of_a_billion_paths_end_with_an_error() {
    let sandbox = Sandbox::new();
    let repo = sandbox.init("b.git", HashKind::Sha1).repo();
    for (depth, width, leaf) in [
        (9, 10, true),
        (9, 10, false),
        (60, 2, false),
        (3, 2_000, false),
        (70, 1, true),
    ] {
        let start = Instant::now();
        let tree = bomb(&repo, depth, width, leaf);
        assert!(
            matches!(repo.changes(None, Some(tree)), Err(Error::Limit { .. })),
            "{depth} {width}"
        );
        assert!(matches!(
            repo.files(tree, 1_000_000),
            Err(Error::Limit { .. })
        ));
        assert!(
            start.elapsed().as_secs() < 60,
            "{depth} {width} took {:?}",
            start.elapsed()
        );
    }
    for (depth, width) in [(60, 1), (3, 40)] {
        let tree = bomb(&repo, depth, width, true);
        let count = (width as usize).pow(u32::try_from(depth).unwrap());
        assert_eq!(repo.changes(None, Some(tree)).unwrap().len(), count);
    }
}

#[test]
fn malformed_commits_and_trees_are_named() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    let empty = site.git_with(&["mktree"], b"");
    let write = |kind: &str, raw: &[u8]| -> ObjectId {
        site.git_with(
            &["hash-object", "-t", kind, "--literally", "-w", "--stdin"],
            raw,
        )
        .parse()
        .unwrap()
    };
    let person = "A <a@b> 1 +0000";
    let good = format!("tree {empty}\nauthor {person}\ncommitter {person}\n\nm\n");
    let evil = good.replacen("author", &format!("tree {empty}\nauthor"), 1);
    let reader = site.reader();
    assert!(reader.commit(write("commit", good.as_bytes())).is_ok());
    let evil = write("commit", evil.as_bytes());
    assert!(matches!(reader.commit(evil), Err(Error::BadCommit { .. })));
    // The walk itself goes on, as git's does, so that the judge gets to see the commit.
    assert_eq!(reader.new_commits(&[evil], &[]).unwrap(), [evil]);
    let tree = write(
        "tree",
        b"40000 a\0aaaaaaaaaaaaaaaaaaaa40000 a\0aaaaaaaaaaaaaaaaaaaa",
    );
    assert!(matches!(reader.tree(tree), Err(Error::BadTree { .. })));
    assert!(matches!(
        reader.changes(None, Some(tree)),
        Err(Error::BadTree { .. })
    ));
    let missing = write("tree", b"40000 a\0aaaaaaaaaaaaaaaaaaaa");
    assert!(matches!(
        reader.changes(None, Some(missing)),
        Err(Error::Missing { .. })
    ));
    let empty_id: ObjectId = empty.parse().unwrap();
    fs::remove_file(site.loose(empty_id)).ok();
    assert_eq!(reader.changes(None, Some(empty_id)).unwrap(), []);
}

#[test]
fn notes_are_found_at_every_fan_out() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    let mut objects = Vec::new();
    for n in 0..3 {
        site.git(&["commit", "-q", "--allow-empty", "-m", &n.to_string()]);
        objects.push(site.id("HEAD"));
        site.git(&["notes", "add", "-m", &format!("note {n}"), "HEAD"]);
    }
    let flat = site.id("refs/notes/commits^{tree}");
    let reader = site.repo();
    let blob = |object: ObjectId| -> ObjectId {
        let listed = site.git(&["notes", "list", &object.to_string()]);
        listed.parse().unwrap()
    };
    let mut expected: Vec<_> = objects.iter().map(|id| (*id, blob(*id))).collect();
    expected.sort();
    let deeper = |split: &[usize]| {
        let edits: Vec<_> = expected
            .iter()
            .map(|(object, note)| {
                let mut hex = object.to_string();
                for at in split {
                    hex.insert(*at, '/');
                }
                (RepoPath::from(hex.as_str()), Some((Mode::File, *note)))
            })
            .collect();
        reader.edit_tree(None, &edits).unwrap()
    };
    for tree in [flat, deeper(&[2]), deeper(&[2, 5])] {
        assert_eq!(all_notes(&reader, tree).unwrap(), expected);
        for (object, id) in &expected {
            assert_eq!(note(&reader, tree, *object).unwrap(), Some(*id));
        }
        assert_eq!(note(&reader, tree, ObjectId::Sha1([3; 20])).unwrap(), None);
    }
    let (object, id) = expected[0];
    let hex = object.to_string();
    assert_eq!(
        note_path(object),
        RepoPath::from(format!("{}/{}", &hex[..2], &hex[2..]).as_str())
    );
    assert_eq!(
        path_for_note(&reader, None, object).unwrap(),
        note_path(object)
    );
    assert_eq!(
        path_for_note(&reader, Some(flat), object).unwrap(),
        RepoPath::from(hex.as_str())
    );
    // git reads back what is written at our path.
    let tree = deeper(&[2]).to_string();
    let commit = site.git(&["commit-tree", "-m", "n", &tree]);
    site.git(&["update-ref", "refs/notes/awo", &commit]);
    let shown = site.git(&["notes", "--ref=awo", "list", &hex]);
    assert_eq!(shown, id.to_string());
    // What git would not write is refused.
    let add = |path: &str, mode| {
        reader
            .edit_tree(Some(flat), &[(RepoPath::from(path), Some((mode, id)))])
            .unwrap()
    };
    let twice = add(note_path(object).to_str().unwrap(), Mode::File);
    assert!(all_notes(&reader, twice).is_err() && note(&reader, twice, object).is_err());
    for path in [
        "README",
        "ab/cd",
        &format!("{}/{}", &hex[..3], &hex[3..]),
        &hex.to_uppercase(),
    ] {
        assert!(all_notes(&reader, add(path, Mode::File)).is_err(), "{path}");
    }
    let link = "0".repeat(40);
    assert!(all_notes(&reader, add(&link, Mode::Symlink)).is_err());
    assert!(all_notes(&reader, add(&link, Mode::File)).is_ok());
}

/// The two messages of the SHAttered attack (Stevens et al., 2017) have one SHA-1. Behind git's own
/// header they have not, so no object can be made of them: the hasher is asked.
#[test]
fn bytes_of_a_collision_attack_have_no_hash() {
    let text = |hex: &str| -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let pairs = digits.map(|pair| std::str::from_utf8(pair).unwrap());
        pairs
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    };
    let head = "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865\
                696768742033203020522f547970652034203020522f537562747970652035203020522f46696c746572\
                2036203020522f436f6c6f7253706163652037203020522f4c656e6774682038203020522f4269747350\
                6572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d312069732064656164\
                2121212121852fec092339759c39b1a1c63c4c97e1fffe01";
    let one = "7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c56b45\
               c1530afedfb76038e972722fe7ad728f0e4904e046c230570fe9d41398abe12ef5bc942be33542a4802d\
               98b5d70f2a332ec37fac3514e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf3f98cda80446\
               29a1";
    let other = "7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df\
                 45c14f26fedfb3dc38e96ac22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea4\
                 8037b8b5d71f0e332edf93ac3500eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cd\
                 a4bc4629b1";
    let hashed = |kind, tail: &str| {
        let mut hasher = gix::hash::hasher(kind);
        hasher.update(&text(head));
        hasher.update(&text(tail));
        hasher.try_finalize()
    };
    for attack in [one, other] {
        assert!(hashed(gix::hash::Kind::Sha1, attack).is_err());
        assert!(hashed(gix::hash::Kind::Sha256, attack).is_ok());
        let harmless = attack.replacen('7', "8", 1);
        assert!(hashed(gix::hash::Kind::Sha1, &harmless).is_ok());
    }
    let sandbox = Sandbox::new();
    let reader = sandbox.init("w", HashKind::Sha1).reader();
    let blob = |tail| reader.hash(Kind::Blob, &text(&format!("{head}{tail}")));
    assert_ne!(blob(one).unwrap(), blob(other).unwrap());
}
