//! Patches against what git says of the same trees.

use std::path::Path;
use std::process::Command;

use super::*;

struct Site(tempfile::TempDir);

impl Site {
    fn git(&self, words: &[&str]) -> Vec<u8> {
        let mut git = Command::new("git");
        git.current_dir(self.0.path());
        for setting in [
            "user.name=a",
            "user.email=a@example.org",
            "commit.gpgsign=false",
        ] {
            git.args(["-c", setting]);
        }
        let output = git.args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        output.stdout
    }

    fn commit(&self) -> ObjectId {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        let id = self.git(&["rev-parse", "HEAD"]);
        String::from_utf8(id).unwrap().trim().parse().unwrap()
    }

    fn write(&self, path: &[u8], content: &[u8]) {
        use std::os::unix::ffi::OsStrExt as _;
        let path = self.0.path().join(std::ffi::OsStr::from_bytes(path));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// A repository in which all kinds of changes lie between two commits.
fn changed() -> (Site, ObjectId, ObjectId) {
    let site = Site(crate::sys::scratch::directory().unwrap());
    site.git(&["init", "-q"]);
    let numbered = |skip: usize| {
        let lines = (1..60_usize).filter(|it| *it != skip);
        lines.map(|it| format!("line {it}\n")).collect::<String>()
    };
    let noise = |seed: u32| -> Vec<u8> {
        let next = |it: &u32| Some(it.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let numbers = std::iter::successors(Some(seed), next).take(3000);
        numbers.flat_map(u32::to_be_bytes).chain([0]).collect()
    };
    let mut changed_noise = noise(7);
    changed_noise.extend(b"more");
    for (path, content) in [
        ("src/a.py".as_bytes(), numbered(0).as_bytes()),
        (b"with space.txt", b"one\n"),
        (b"quo\"te\\.txt", b"one\ntwo"),
        ("caf\u{e9}.txt".as_bytes(), b"one\n"),
        (b"gone.txt", b"one\ntwo\n"),
        (b"empty-gone", b""),
        (b"run.sh", b"#!/bin/sh\n"),
        (b"both.sh", b"#!/bin/sh\n"),
        (b"linked", b"to be a link\n"),
        (b"noise.bin", &noise(7)),
        (b"gone.bin", &noise(9)),
        (b"moved.txt", numbered(3).as_bytes()),
        (b"copied.txt", numbered(9).as_bytes()),
    ] {
        site.write(path, content);
    }
    let base = site.commit();
    let two = numbered(30).replacen("line 5\n", "line five\r\n", 1);
    for (path, content) in [
        ("src/a.py".as_bytes(), two.as_bytes()),
        (b"with space.txt", b"one\ntwo"),
        (b"quo\"te\\.txt", b"one\ntwo\n"),
        ("caf\u{e9}.txt".as_bytes(), b"two\n"),
        (b"new dir/new.txt", b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n"),
        (b"empty-new", b""),
        (b"both.sh", b"#!/bin/bash\n"),
        (b"noise.bin", &changed_noise),
        (b"new.bin", &noise(8)),
        (b"copy.txt", numbered(10).as_bytes()),
        (b"moved-on.txt", numbered(4).as_bytes()),
    ] {
        site.write(path, content);
    }
    let here = |path: &str| site.0.path().join(path);
    for path in ["gone.txt", "empty-gone", "gone.bin", "linked", "moved.txt"] {
        std::fs::remove_file(here(path)).unwrap();
    }
    std::os::unix::fs::symlink("src/a.py", here("linked")).unwrap();
    for path in ["run.sh", "both.sh"] {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(here(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let submodule = format!("160000,{base},sub");
    site.git(&["update-index", "--add", "--cacheinfo", &submodule]);
    let id = site.commit();
    (site, base, id)
}

fn differs(root: &Path, (base, tip): (ObjectId, ObjectId), patch: &[u8]) -> Option<String> {
    let reader = Reader::discover(root).unwrap();
    let tree = |id| reader.commit(id).unwrap().tree;
    let changes = reader.changes(Some(tree(base)), Some(tree(tip))).unwrap();
    let applied = Applied::new(&reader, tree(base), &changes);
    applied.differs(patch).unwrap()
}

#[test]
fn every_patch_that_git_writes_makes_the_commit() {
    let (site, base, tip) = changed();
    let (from, to) = (base.to_string(), tip.to_string());
    for options in [
        &[
            "diff-tree",
            "-p",
            "-r",
            "--full-index",
            "--binary",
            "--no-renames",
        ][..],
        &["diff", "--no-renames"],
        &["diff"],
        &["diff", "--binary", "-M", "-C", "--find-copies-harder"],
        &["diff", "--binary", "--no-prefix"],
        &["-c", "diff.mnemonicPrefix=true", "diff", "--binary", "-U0"],
        &[
            "-c",
            "core.quotePath=false",
            "diff",
            "--binary",
            "-U100",
            "--patience",
        ],
        &["diff", "--binary", "--function-context"],
    ] {
        let patch = site.git(&[options, &[&from, &to]].concat());
        let found = differs(site.0.path(), (base, tip), &patch);
        assert_eq!(
            found,
            None,
            "{options:?}: {}",
            String::from_utf8_lossy(&patch)
        );
    }
}

#[test]
fn a_patch_with_any_line_changed_or_left_out_does_not_make_the_commit() {
    let (site, base, tip) = changed();
    let (from, to) = (base.to_string(), tip.to_string());
    let good = site.git(&[
        "diff",
        "--binary",
        "--full-index",
        "--no-renames",
        &from,
        &to,
    ]);
    let lines: Vec<_> = good.split_inclusive(|b| *b == b'\n').collect();
    let is_free = |line: &[u8]| line == b"\n";
    let mut tried = 0;
    for (at, line) in lines.iter().enumerate() {
        if is_free(line) {
            continue;
        }
        let mut bad = lines.clone();
        let mut other = line.to_vec();
        let middle = other.len() / 2;
        other[middle] = if other[middle] == b'x' { b'y' } else { b'x' };
        bad[at] = &other;
        let without = [&lines[..at], &lines[at + 1..]].concat().concat();
        for (what, patch) in [("changed", bad.concat()), ("without", without)] {
            let text = String::from_utf8_lossy(line);
            // The words after a hunk's numbers, and after a backslash, are for people.
            if what == "changed" && (text.starts_with("@@") || text.starts_with('\\')) {
                continue;
            }
            // A new mode, or the names of the sides, say as much.
            let told = [
                "old mode",
                "new file mode 100644",
                "deleted file mode",
                "index ",
            ];
            if what == "without" && told.iter().any(|it| text.starts_with(it)) {
                continue;
            }
            let found = differs(site.0.path(), (base, tip), &patch);
            assert!(found.is_some(), "line {at} {what}: {text}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    for (what, patch) in [
        ("nothing", Vec::new()),
        ("all of it twice", [good.clone(), good.clone()].concat()),
        (
            "words before it",
            [b"all is well\n".to_vec(), good.clone()].concat(),
        ),
        (
            "words after it",
            [good.clone(), b"all is well\n".to_vec()].concat(),
        ),
        (
            "the way back",
            site.git(&["diff", "--binary", "--no-renames", &to, &from]),
        ),
        ("cut off", good[..good.len() / 2].to_vec()),
        (
            "a change of another file",
            [
                good.clone(),
                b"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+x\n".to_vec(),
            ]
            .concat(),
        ),
    ] {
        let found = differs(site.0.path(), (base, tip), &patch);
        assert!(found.is_some(), "{what}");
    }
    assert_eq!(differs(site.0.path(), (base, tip), &good), None);
    assert_eq!(differs(site.0.path(), (base, base), b""), None);
}

#[test]
fn headers_of_a_patch_that_do_not_agree_are_refused() {
    let (site, base, tip) = changed();
    let (from, to) = (base.to_string(), tip.to_string());
    let text = |options: &[&str]| {
        let words = [&["diff"][..], options, &[&from, &to]].concat();
        String::from_utf8(site.git(&words)).unwrap()
    };
    let whole = text(&["--binary", "--full-index", "--no-renames"]);
    let short = text(&["--no-renames"]);
    let moved = text(&["--binary", "-M"]);
    let named = "diff --git a/src/a.py b/src/a.py";
    let ids = |path: &str, of: &str| {
        let start = of.find(&format!("diff --git a/{path} ")).unwrap();
        let index = of[start..].find("index ").unwrap() + start;
        let end = of[index..].find('\n').unwrap() + index;
        of[index..end].to_owned()
    };
    let noise = ids("noise.bin", &short);
    let binary = "Binary files a/noise.bin and b/noise.bin differ";
    for (what, patch, is, with) in [
        (
            "other names first",
            &whole,
            named,
            "diff --git a/ci.yml b/ci.yml",
        ),
        (
            "one other name first",
            &whole,
            named,
            "diff --git a/src/a.py b/ci.yml",
        ),
        (
            "another name before",
            &whole,
            "--- a/src/a.py",
            "--- a/gone.txt",
        ),
        ("a new file", &whole, "--- a/src/a.py", "--- /dev/null"),
        (
            "a rename first",
            &whole,
            named,
            "diff --git a/ci.yml b/src/a.py\nrename from ci.yml\nrename to src/a.py",
        ),
        (
            "another share",
            &moved,
            "similarity index ",
            "similarity index 9",
        ),
        ("no ids", &short, &*noise, "index .."),
        ("short ids", &short, &noise, "index 0..1"),
        (
            "other words of a binary",
            &short,
            binary,
            "Binary files are as before and differ",
        ),
        (
            "other names of a binary",
            &short,
            binary,
            "Binary files a/gone.bin and b/noise.bin differ",
        ),
        (
            "a whole file instead",
            &short,
            binary,
            "Binary files /dev/null and b/noise.bin differ",
        ),
    ] {
        assert!(patch.contains(is), "{what}: {patch}");
        let bad = patch.replacen(is, with, 1);
        let found = differs(site.0.path(), (base, tip), bad.as_bytes());
        assert!(found.is_some(), "{what}");
        assert_eq!(differs(site.0.path(), (base, tip), patch.as_bytes()), None);
    }
}

#[test]
fn a_patch_gives_no_more_than_the_commit_has() {
    let (site, base, tip) = changed();
    let reader = Reader::discover(site.0.path()).unwrap();
    let tree = |id| reader.commit(id).unwrap().tree;
    let changes = reader.changes(Some(tree(base)), Some(tree(tip))).unwrap();
    let id = |path: &str| {
        let mut changes = changes.iter();
        let change = changes.find(|it| it.path == RepoPath::from(path)).unwrap();
        change.new.unwrap().1
    };
    // It says that it holds more than there is memory, and holds nothing.
    let most = u64::MAX - 1;
    let none = "0".repeat(40);
    for (kind, path, expected) in [
        ("literal", "new.bin", "another length"),
        ("delta", "new.bin", "another length"),
        ("literal", "of-no-change", "another of-no-change"),
    ] {
        let new = if path == "new.bin" { id(path) } else { tip };
        let patch = format!(
            "diff --git a/{path} b/{path}\nnew file mode 100644\nindex {none}..{new}\nGIT binary \
             patch\n{kind} {most}\n\nliteral 0\nHcmV?d00001\n\n"
        );
        let found = differs(site.0.path(), (base, tip), patch.as_bytes()).unwrap();
        assert!(found.contains(expected), "{kind} of {path}: {found}");
    }
    let text = "diff --git a/empty-new b/empty-new\nnew file mode 100644\n--- /dev/null\n\
                +++ b/empty-new\n@@ -0,0 +1,3 @@\n+\n+\n+\n";
    let found = differs(site.0.path(), (base, tip), text.as_bytes()).unwrap();
    assert!(found.contains("longer content"), "{found}");
}
