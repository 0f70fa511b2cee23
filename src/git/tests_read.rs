//! Reading, compared with what git says.

use std::fs;

use super::testing::{Dice, Sandbox, Site, commit};
use super::*;
use crate::record::tree::Mode;
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
    assert_eq!(reader.view_problems(), []);
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
        reader.view_problems()
    };
    assert_eq!(problems("shallow"), [ViewProblem::Shallow]);
    assert_eq!(problems("partial"), [ViewProblem::Partial]);
    assert_eq!(problems("whole"), []);
    let info = sandbox.path().join("whole/.git/info");
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("grafts"), format!("{}\n", site.id("HEAD"))).unwrap();
    assert_eq!(problems("whole"), [ViewProblem::Grafts]);
}

#[test]
fn guarded_git_starts_no_filter_and_no_hook_of_the_repository() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    fs::write(site.dir.join("f"), "one\n").unwrap();
    site.git(&["add", "f"]);
    site.git(&["commit", "-q", "-m", "one"]);
    let trap = "touch fired; cat";
    for key in ["filter.a=b.clean", "filter.a=b.smudge", "core.fsmonitor"] {
        site.git(&["config", key, trap]);
    }
    site.git(&["config", "filter.a=b.required", "true"]);
    fs::write(site.dir.join(".git/info/attributes"), "* filter=a=b\n").unwrap();
    let fires = |mut command: std::process::Command| {
        // Same size, another time: git must look into it.
        fs::write(site.dir.join("f"), "two\n").unwrap();
        let output = command.args(["status", "--porcelain"]).output().unwrap();
        assert_eq!(output.stdout, b" M f\n", "{output:?}");
        fs::remove_file(site.dir.join("fired")).is_ok()
    };
    fs::write(site.dir.join(".git/info/exclude"), "fired\n").unwrap();
    assert!(fires(git(&site.dir)), "the filter runs");
    assert!(!fires(guarded(&site.reader(), &site.dir)));
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
