//! Commits and trees: what git would store under a name.

use git_awo::record::commit::Commit;
use git_awo::record::tree::{self, Tree};
use git_awo::record::{HashKind, ObjectId};

const KINDS: [HashKind; 2] = [HashKind::Sha1, HashKind::Sha256];

fn some_id(kind: HashKind) -> ObjectId {
    "1".repeat(kind.bytes() * 2).parse().unwrap()
}

/// Returns the header of a commit as it was read, without headers that have no field.
fn header(commit: &Commit) -> Vec<u8> {
    let mut text = format!("tree {}\n", commit.tree).into_bytes();
    for parent in &commit.parents {
        text.extend_from_slice(format!("parent {parent}\n").as_bytes());
    }
    text
}

pub fn commit(data: &[u8]) -> bool {
    let mut accepted = false;
    for kind in KINDS {
        let Ok(commit) = Commit::parse(some_id(kind), data) else {
            continue;
        };
        accepted = true;
        let header = header(&commit);
        assert!(
            data.starts_with(&header),
            "tree and parents have one spelling"
        );
        assert!(data.ends_with(&commit.message), "the message is the end");
        assert!(
            !data.contains(&0),
            "no NUL is accepted: git would cut there"
        );
        for person in [&commit.author, &commit.committer] {
            let unfit = |b: &u8| matches!(b, b'\n' | b'<' | b'>');
            assert!(!person.name.iter().chain(&person.email).any(unfit));
        }
        // Whoever reads the headers one by one finds the same tree, once.
        let end = data.len() - commit.message.len();
        let trees = data[..end]
            .split(|b| *b == b'\n')
            .filter(|it| it.starts_with(b"tree "));
        assert_eq!(trees.count(), 1, "one tree, whoever reads");
        assert!(commit.message.starts_with(commit.title()));
        for (key, value) in commit.trailers() {
            assert!(
                commit.trailer(&key).contains(&value),
                "a trailer is found by its key"
            );
        }
        if let Some(signature) = &commit.signature {
            let signed = Commit::parse(some_id(kind), &signature.payload).unwrap();
            assert_eq!(signed.signature, None, "what is signed holds no signature");
            let without = Commit {
                signature: None,
                // A header beside the signature is one only while that is there.
                second_reading: signed.second_reading,
                ..commit
            };
            assert_eq!(signed, without, "what is signed is what was read");
        }
    }
    accepted
}

pub fn tree(data: &[u8]) -> bool {
    let mut accepted = false;
    for kind in KINDS {
        let parsed = Tree::parse(data, kind);
        assert_eq!(
            tree::check(data, kind).err(),
            parsed.as_ref().err().cloned()
        );
        let read = tree::entries(data, kind).take_while(Result::is_ok).count();
        let tree = match parsed {
            Ok(tree) => tree,
            Err(bad) => {
                super::is_harmless(&bad.to_string());
                continue;
            }
        };
        accepted = true;
        assert_eq!(tree.to_bytes(), data, "a tree has one spelling");
        assert_eq!(tree.entries.len(), read);
        let mut mixed = tree.entries.clone();
        mixed.reverse();
        assert_eq!(
            Tree::from_entries(mixed).as_ref(),
            Ok(&tree),
            "git's order is one"
        );
        for entry in &tree.entries {
            assert_eq!(tree.get(&entry.name), Some(entry), "no name stands twice");
        }
        let (mut same, mut also) = (tree::entries(data, kind), tree::entries(data, kind));
        assert_eq!(tree::skip_common(&mut [&mut same, &mut also]), read as u64);
        // The rest of a tree is a tree too, and what both begin with is skipped in it.
        if let Some(last) = tree.entries.split_last().map(|(_, rest)| rest.to_vec()) {
            let shorter = Tree { entries: last }.to_bytes();
            assert_eq!(tree::check(&shorter, kind), Ok(()));
            let (mut a, mut b) = (tree::entries(data, kind), tree::entries(&shorter, kind));
            assert_eq!(tree::skip_common(&mut [&mut a, &mut b]), read as u64 - 1);
            assert_eq!((a.count(), b.count()), (1, 0));
        }
    }
    accepted
}
