//! Reading, compared with what git says.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::time::Instant;

use super::testing::{Dice, Sandbox, Site, commit};
use super::*;
use crate::record::tree::{Entry, Mode, Tree};
use crate::record::{HashKind, ObjectId, RefName, RepoPath};

const BOTH: [HashKind; 2] = [HashKind::Sha1, HashKind::Sha256];

fn ref_name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

/// A history in which each commit is changed at random; files become directories and back.
fn random_history(site: &Site<'_>, dice: &mut Dice, commits: usize) -> Vec<ObjectId> {
    let names = [
        "a", "a/x", "a/y/z", "a-b", "a.c/q", "b", "b/k", "c/d/e/f", "c/d", "z",
    ];
    let mut stream = String::new();
    for mark in 1..=commits {
        let parents = if mark == 1 { vec![] } else { vec![mark - 1] };
        let files: Vec<(&str, Option<String>)> = (0..3)
            .map(|_| {
                let content = match dice.below(6) {
                    0 => None,
                    1 => Some(format!("#!{}", dice.below(3))),
                    2 => Some(format!("->{}", dice.below(3))),
                    _ => Some(dice.below(4).to_string()),
                };
                (names[dice.below(names.len())], content)
            })
            .collect();
        let files: Vec<(&str, Option<&str>)> =
            files.iter().map(|(p, c)| (*p, c.as_deref())).collect();
        commit(
            &mut stream,
            mark,
            1_700_000_000 + mark as u64,
            &parents,
            &files,
        );
    }
    site.import(stream.as_bytes())
}

/// Spells changes as `git diff-tree --raw -z` does.
fn raw_diff(changes: &[crate::record::tree::Change], zero: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for change in changes {
        let side = |side: Option<(Mode, ObjectId)>| match side {
            Some((mode, id)) => (mode.to_string(), id.to_string()),
            None => ("000000".to_owned(), zero.to_owned()),
        };
        let (old, new) = (side(change.old), side(change.new));
        let letter = match (change.old, change.new) {
            (None, _) => 'A',
            (_, None) => 'D',
            (Some((a, _)), Some((b, _))) => {
                let kind = |mode| match mode {
                    Mode::File | Mode::Executable => 0,
                    Mode::Symlink => 1,
                    _ => 2,
                };
                if kind(a) == kind(b) { 'M' } else { 'T' }
            }
        };
        out.extend(format!(":{} {} {} {} {letter}\0", old.0, new.0, old.1, new.1).bytes());
        out.extend_from_slice(change.path.as_bytes());
        out.push(0);
    }
    out
}

#[test]
fn changes_are_those_of_git_diff_tree() {
    for kind in BOTH {
        let sandbox = Sandbox::new();
        let site = sandbox.init("r.git", kind);
        let commits = random_history(&site, &mut Dice(7), 60);
        let reader = site.reader();
        let zero = "0".repeat(kind.bytes() * 2);
        for pair in commits.windows(2).chain([&[commits[59], commits[3]][..]]) {
            let trees: Vec<ObjectId> = pair
                .iter()
                .map(|id| reader.commit(*id).unwrap().tree)
                .collect();
            let ours = reader.changes(Some(trees[0]), Some(trees[1])).unwrap();
            let (a, b) = (trees[0].to_string(), trees[1].to_string());
            let theirs = site.try_git(
                &["diff-tree", "-r", "--raw", "-z", "--no-renames", &a, &b],
                b"",
            );
            assert_eq!(raw_diff(&ours, &zero), theirs.stdout);
            assert!(ours.is_sorted_by(|x, y| x.path < y.path));
        }
        let tree = reader.commit(commits[59]).unwrap().tree;
        assert_eq!(reader.changes(Some(tree), Some(tree)).unwrap(), []);
        let listed: String = reader
            .files(tree, 1_000)
            .unwrap()
            .iter()
            .map(|(path, mode, id)| format!("{mode} blob {id}\t{path}\n"))
            .collect();
        assert_eq!(
            listed.trim_end(),
            site.git(&["ls-tree", "-r", &tree.to_string()])
        );
        for (path, mode, id) in reader.files(tree, 1_000).unwrap() {
            assert_eq!(reader.entry(tree, &path).unwrap(), Some((mode, id)));
            assert_eq!(reader.entry(tree, &path.join(b"below")).unwrap(), None);
        }
        assert_eq!(
            reader.entry(tree, &RepoPath::from("")).unwrap(),
            Some((Mode::Tree, tree))
        );
        let all_gone = reader.changes(Some(tree), None).unwrap();
        assert!(all_gone.iter().all(|change| change.new.is_none()) && !all_gone.is_empty());
        assert!(
            reader.files(tree, all_gone.len() - 1).is_err(),
            "one more than allowed"
        );
        assert!(reader.files(tree, all_gone.len()).is_ok());
    }
}

struct Dag {
    parents: Vec<Vec<usize>>,
}

impl Dag {
    fn reach(&self, from: &[usize]) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut stack = from.to_vec();
        while let Some(at) = stack.pop() {
            if seen.insert(at) {
                stack.extend(&self.parents[at]);
            }
        }
        seen
    }
}

fn walk_random_dags(kind: HashKind, skewed: bool, packed: bool) {
    let sandbox = Sandbox::new();
    let site = sandbox.init("r.git", kind);
    let mut dice = Dice(if skewed { 11 } else { 13 });
    let mut dag = Dag {
        parents: vec![vec![]],
    };
    let mut stream = String::new();
    let (histories, size) = (25, 30);
    for history in 0..histories {
        let first = history * size + 1;
        for mark in first..first + size {
            let wanted = [0, 1, 1, 1, 1, 2, 2, 3][dice.below(8)].min(mark - first);
            let parents: BTreeSet<usize> = (0..wanted)
                .map(|_| first + dice.below(mark - first))
                .collect();
            let parents: Vec<usize> = parents.into_iter().collect();
            let date = if skewed { dice.below(1_000) } else { mark / 3 };
            commit(
                &mut stream,
                mark,
                1_700_000_000 + date as u64,
                &parents,
                &[],
            );
            dag.parents.push(parents);
        }
    }
    let ids = site.import(stream.as_bytes());
    if packed {
        site.git(&["repack", "-adq"]);
    }
    let mark_of: HashMap<ObjectId, usize> = ids
        .iter()
        .enumerate()
        .map(|(at, id)| (*id, at + 1))
        .collect();
    let reader = site.reader();
    let mut more_than_needed = 0;
    for query in 0..150 {
        let first = (query % histories) * size + 1;
        let mut pick =
            |n: usize| -> Vec<usize> { (0..n).map(|_| first + dice.below(size)).collect() };
        let (tips, hidden) = (pick(1 + query % 3), pick(query % 4));
        let named =
            |marks: &[usize]| -> Vec<ObjectId> { marks.iter().map(|m| ids[m - 1]).collect() };
        let ours = reader.new_commits(&named(&tips), &named(&hidden)).unwrap();
        let ours_marks: BTreeSet<usize> = ours.iter().map(|id| mark_of[id]).collect();
        assert_eq!(ours_marks.len(), ours.len(), "none twice");
        let hidden_set = dag.reach(&hidden);
        let truth: BTreeSet<usize> = dag.reach(&tips).difference(&hidden_set).copied().collect();
        assert!(ours_marks.is_superset(&truth), "never fewer");
        more_than_needed += ours_marks.len() - truth.len();
        let mut before = BTreeSet::new();
        for id in &ours {
            let mark = mark_of[id];
            let parents = dag.parents[mark].iter().filter(|p| ours_marks.contains(p));
            assert!(
                parents.into_iter().all(|p| before.contains(p)),
                "parents come first"
            );
            before.insert(mark);
        }
        let mut args = vec!["rev-list".to_owned()];
        args.extend(named(&tips).iter().map(ToString::to_string));
        args.push("--not".into());
        args.extend(named(&hidden).iter().map(ToString::to_string));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let theirs = site.git(&args);
        let theirs: BTreeSet<usize> = theirs
            .lines()
            .map(|line| mark_of[&line.parse().unwrap()])
            .collect();
        if skewed {
            // git itself may return more than there is.
            assert!(ours_marks.is_subset(&theirs), "not more than git");
        } else {
            assert_eq!(ours_marks, theirs, "as git");
        }
        let (a, b) = (tips[0], *hidden.first().unwrap_or(&tips[0]));
        assert_eq!(
            reader.is_ancestor(ids[a - 1], ids[b - 1]).unwrap(),
            dag.reach(&[b]).contains(&a)
        );
    }
    assert_eq!(more_than_needed, 0);
}

#[test]
fn new_commits_are_those_of_git_rev_list() {
    walk_random_dags(HashKind::Sha1, false, false);
    walk_random_dags(HashKind::Sha256, false, true);
}

#[test]
fn new_commits_are_those_of_git_rev_list_where_clocks_were_wrong() {
    walk_random_dags(HashKind::Sha1, true, true);
    walk_random_dags(HashKind::Sha256, true, false);
}

#[test]
fn tags_are_followed_and_hidden_oddities_hide_nothing() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    site.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    site.git(&["tag", "-a", "-m", "t", "t1"]);
    site.git(&["tag", "-a", "-m", "t", "t2", "t1"]);
    site.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let reader = site.reader();
    let (tag, one, two) = (site.id("t2"), site.id("t2^{commit}"), site.id("HEAD"));
    assert_eq!(reader.peel(tag).unwrap(), (Kind::Commit, one));
    assert_eq!(reader.new_commits(&[two], &[tag]).unwrap(), [two]);
    let missing = ObjectId::Sha1([9; 20]);
    let tree = site.id("HEAD^{tree}");
    assert_eq!(
        reader.new_commits(&[two], &[missing, tree]).unwrap(),
        [one, two]
    );
    assert!(matches!(
        reader.new_commits(&[missing], &[]),
        Err(Error::Missing { .. })
    ));
    assert!(matches!(
        reader.new_commits(&[tree], &[]),
        Err(Error::WrongKind { .. })
    ));
}

#[test]
fn refs_are_read_loose_and_packed_by_full_name_only() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    assert_eq!(
        site.reader().head().unwrap(),
        Some(ref_name("refs/heads/main")),
        "unborn"
    );
    assert_eq!(site.reader().head_id().unwrap(), None);
    assert_eq!(site.reader().references("refs/").unwrap(), []);
    site.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let one = site.id("HEAD");
    for name in [
        "refs/awo/log",
        "refs/awo/log2",
        "refs/heads/é",
        "refs/tags/refs/heads/fake",
    ] {
        site.git(&["update-ref", name, "HEAD"]);
    }
    site.git(&["pack-refs", "--all"]);
    site.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    site.git(&["symbolic-ref", "refs/heads/link", "refs/heads/main"]);
    site.git(&["symbolic-ref", "refs/remotes/o/HEAD", "refs/remotes/o/none"]);
    let two = site.id("HEAD");
    let reader = site.reader();
    assert_eq!(
        reader.reference(&ref_name("refs/heads/main")).unwrap(),
        Some(two)
    );
    assert_eq!(
        reader.reference(&ref_name("refs/heads/link")).unwrap(),
        Some(two)
    );
    assert_eq!(
        reader.reference(&ref_name("refs/awo/log")).unwrap(),
        Some(one)
    );
    assert_eq!(
        reader.reference(&ref_name("refs/heads/fake")).unwrap(),
        None
    );
    assert_eq!(reader.reference(&ref_name("refs/awo")).unwrap(), None);
    let names = |prefix| -> Vec<String> {
        reader
            .references(prefix)
            .unwrap()
            .into_iter()
            .map(|(name, _)| name.to_string())
            .collect()
    };
    assert_eq!(names("refs/awo/"), ["refs/awo/log", "refs/awo/log2"]);
    assert_eq!(names("refs/awo/log2"), ["refs/awo/log2"]);
    assert_eq!(names("refs/awo"), ["refs/awo/log", "refs/awo/log2"]);
    assert_eq!(names("refs/nothing/"), [""; 0]);
    let listed = site.git(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(names(""), listed.lines().collect::<Vec<_>>());
    assert_eq!(names("refs/"), names(""));
    assert_eq!(reader.head_id().unwrap(), Some(two));
    fs::write(site.dir.join(".git/refs/heads/broken"), "not an id\n").unwrap();
    assert!(reader.reference(&ref_name("refs/heads/broken")).is_err());
    assert!(reader.references("refs/heads/").is_err());
    assert!(reader.references("refs/awo/").is_ok());
    site.git(&["checkout", "-q", "--detach"]);
    assert_eq!(reader.head().unwrap(), None);
}

#[test]
fn a_repository_is_found_from_below_and_from_a_linked_work_tree() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha256);
    site.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    site.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
    site.git(&["config", "user.name", "Ann Ö"]);
    fs::create_dir(site.dir.join("sub")).unwrap();
    let reader = Reader::discover(&site.dir.join("sub")).unwrap();
    let real = fs::canonicalize(&site.dir).unwrap();
    assert_eq!(reader.git_dir(), real.join(".git"));
    assert!(!reader.is_bare());
    assert_eq!(reader.hash_kind(), HashKind::Sha256);
    assert_eq!(reader.config("user.name").as_deref(), Some("Ann Ö"));
    assert_eq!(reader.config("user.nothing"), None);
    let linked = Reader::discover(&sandbox.path().join("linked")).unwrap();
    assert_eq!(linked.common_dir(), real.join(".git"));
    assert_eq!(linked.git_dir(), real.join(".git/worktrees/linked"));
    assert_eq!(linked.head().unwrap(), Some(ref_name("refs/heads/side")));
    assert_eq!(
        linked.reference(&ref_name("refs/heads/main")).unwrap(),
        Some(site.id("main"))
    );
    assert_eq!(
        fs::canonicalize(linked.work_tree().unwrap()).unwrap(),
        fs::canonicalize(sandbox.path().join("linked")).unwrap()
    );
    let bare = sandbox.init("b.git", HashKind::Sha1);
    assert!(bare.reader().is_bare() && bare.reader().work_tree().is_none());
    assert!(matches!(
        Reader::discover(std::path::Path::new("/")),
        Err(Error::Open { .. })
    ));
}

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

#[test]
fn replacement_refs_are_not_followed() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    site.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    site.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let (one, two) = (site.id("HEAD^"), site.id("HEAD"));
    site.git(&["replace", &two.to_string(), &one.to_string()]);
    assert_eq!(
        site.git(&["log", "-1", "--format=%s", &two.to_string()]),
        "one",
        "git follows it"
    );
    let reader = site.reader();
    assert_eq!(reader.commit(two).unwrap().title(), b"two");
    assert_eq!(reader.new_commits(&[two], &[]).unwrap(), [one, two]);
    assert_eq!(reader.view_problems(), [""; 0]);
}

#[test]
fn an_incomplete_view_is_named() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    for text in ["one", "two"] {
        site.git(&["commit", "-q", "--allow-empty", "-m", text]);
    }
    assert!(site.reader().require_whole_view().is_ok());
    let url = format!("file://{}", site.dir.display());
    site.git(&["clone", "-q", "--depth=1", &url, "../shallow"]);
    site.git(&["config", "uploadpack.allowFilter", "true"]);
    site.git(&["clone", "-q", "--filter=blob:none", &url, "../partial"]);
    site.git(&["clone", "-q", &url, "../whole"]);
    let problems = |name: &str| {
        let reader = Reader::open(&sandbox.path().join(name)).unwrap();
        assert_eq!(
            reader.require_whole_view().is_ok(),
            reader.view_problems().is_empty()
        );
        reader.view_problems().join(" ")
    };
    assert!(problems("shallow").contains("shallow"));
    assert!(problems("partial").contains("partial"));
    assert_eq!(problems("whole"), "");
    let info = sandbox.path().join("whole/.git/info");
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("grafts"), format!("{}\n", site.id("HEAD"))).unwrap();
    assert!(problems("whole").contains("grafts"));
}

#[test]
fn a_reftable_repository_is_refused() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    assert!(Reader::open(&site.dir).is_ok());
    site.git(&["init", "-q", "--ref-format=reftable", "../table"]);
    let table = sandbox.path().join("table");
    assert!(matches!(
        Reader::open(&table),
        Err(Error::Unsupported { .. })
    ));
    assert!(matches!(
        Reader::discover(&table),
        Err(Error::Unsupported { .. })
    ));
    assert!(matches!(Repo::open(&table), Err(Error::Unsupported { .. })));
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
fn signed_bytes_are_those_that_git_verifies() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    let key = sandbox.path().join("key");
    let made = sandbox
        .command("ssh-keygen", sandbox.path())
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let setting = format!("user.signingKey={}", key.display());
    site.git(&[
        "-c",
        "gpg.format=ssh",
        "-c",
        &setting,
        "commit",
        "-q",
        "-S",
        "--allow-empty",
        "-m",
        "s",
    ]);
    let commit = site.reader().commit(site.id("HEAD")).unwrap();
    let signature = commit.signature.clone().unwrap();
    let file = sandbox.path().join("sig");
    fs::write(&file, &signature.armor).unwrap();
    let payload = sandbox.path().join("payload");
    fs::write(&payload, &signature.payload).unwrap();
    let checked = sandbox
        .command("ssh-keygen", sandbox.path())
        .args(["-q", "-Y", "check-novalidate", "-n", "git", "-s"])
        .arg(&file)
        .stdin(fs::File::open(&payload).unwrap())
        .status()
        .unwrap();
    assert!(checked.success());
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
