//! What git and OpenSSH say of hostile inputs, against what we say: whatever they refuse we refuse too.
//! One process judges all trees; each signature costs one, so that few are asked about unless
//! `AWO_DIFFERENTIAL=10000` wants more.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use git_awo::git::Reader;
use git_awo::record::tree::{self, Mode};
use git_awo::record::{HashKind, ObjectId};
use git_awo::signing::{self, Signature};

use crate::figure::figure;
use crate::fuzz_targets::catalogue;
use crate::fuzzing::{Numbers, mutated};

const TREES: usize = 10_000;
const SIGNATURES: usize = 1_000;
const MESSAGES: usize = 10_000;

fn git(dir: &Path, words: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("git")
        .args(words)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Names that some system takes for something else, and plain ones around them.
const NAMES: &[&[u8]] = &[
    b"a",
    b"a-b",
    b"a.b",
    b"b",
    b"src",
    b"zebra",
    b"\xc3\xa9.py",
    b"e\xcc\x81.py",
    b".git",
    b".GIT",
    b".Git",
    b"git~1",
    b"GIT~1",
    b".git ",
    b".git.",
    b".git...",
    b".git::$INDEX_ALLOCATION",
    b".git\\x",
    b".g\xe2\x80\x8cit",
    b".\xe2\x80\x8dgit",
    b"\xef\xbb\xbf.git",
    b".gi\xe2\x81\xaft",
    b".gitmodules",
    b".GITMODULES",
    b"gitmod~1",
    b".gitattributes",
    b".gitignore",
    b".mailmap",
    b".",
    b"..",
    b"...",
    b"",
    b"a/b",
    b"../x",
    b"\xff\xfe",
    b"a\nb",
    b"a\x1b[2J",
    b"a\\b",
    b"con",
    b"a:b",
    b"a ",
];

const MODES: &[&str] = &[
    "100644", "100644", "100644", "40000", "40000", "100755", "120000", "160000", "100664",
    "0100644", "040000", "0", "644", "100600", "170000",
];

/// Returns a tree that is nearly right: mostly in order, mostly of good names.
fn hostile_tree(numbers: &mut Numbers, ids: &[ObjectId; 3]) -> Vec<u8> {
    let mut entries = Vec::new();
    for _ in 0..=numbers.below(4) {
        let (first, all) = (numbers.below(8), numbers.below(NAMES.len()));
        let name = NAMES[if numbers.below(3) == 0 { all } else { first }];
        let (good, any) = (numbers.below(8), numbers.below(MODES.len()));
        let mode = MODES[if numbers.below(4) == 0 { any } else { good }];
        entries.push((mode, name));
    }
    let key = |(mode, name): &(&str, &[u8])| {
        let directory = mode.trim_start_matches('0') == "40000";
        let end: &[u8] = if directory { b"/" } else { b"" };
        [*name, end].concat()
    };
    if numbers.below(8) > 0 {
        entries.sort_by_key(key);
    }
    if numbers.below(8) > 0 {
        entries.dedup_by_key(|(_, name)| *name);
    }
    let mut raw = Vec::new();
    for (mode, name) in entries {
        raw.extend_from_slice(mode.as_bytes());
        raw.push(b' ');
        raw.extend_from_slice(name);
        raw.push(0);
        let [blob, directory, empty] = ids;
        let id = match mode.trim_start_matches('0') {
            // Nothing at all.
            _ if numbers.below(40) == 0 => "0".repeat(40).parse().unwrap(),
            "40000" if numbers.below(2) == 0 => *empty,
            "40000" => *directory,
            _ => *blob,
        };
        raw.extend_from_slice(id.as_bytes());
    }
    raw
}

#[test]
#[ignore = "ten thousand trees and `git fsck`: half a minute"]
fn what_git_fsck_refuses_of_a_tree_we_refuse_too() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    git(dir, &["init", "-q", "--bare", "."], b"");
    let id = |text: String| text.trim().parse::<ObjectId>().unwrap();
    let blob = id(git(dir, &["hash-object", "-w", "--stdin"], b"x"));
    let directory = id(git(
        dir,
        &["mktree"],
        format!("100644 blob {blob}\tfile\n").as_bytes(),
    ));
    let empty = id(git(dir, &["mktree"], b""));
    let mut numbers = Numbers(0x5eed);
    let mut trees = BTreeSet::new();
    while trees.len() < TREES {
        trees.insert(hostile_tree(&mut numbers, &[blob, directory, empty]));
    }
    let trees: Vec<_> = trees.into_iter().collect();
    std::fs::create_dir(dir.join("raw")).unwrap();
    let mut list = String::new();
    for (raw, number) in trees.iter().zip(0..) {
        std::fs::write(dir.join(format!("raw/{number}")), raw).unwrap();
        list += &format!("raw/{number}\n");
    }
    let words = [
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--literally",
        "--stdin-paths",
    ];
    let ids: Vec<_> = git(dir, &words, list.as_bytes())
        .lines()
        .map(|it| id(it.to_owned()))
        .collect();
    assert_eq!(ids.len(), trees.len(), "git wrote them all");

    let said = git(
        dir,
        &["fsck", "--strict", "--no-dangling", "--no-progress"],
        b"",
    );
    let named = |line: &str| {
        let rest = line
            .strip_prefix("error in tree ")
            .or_else(|| line.strip_prefix("warning in tree "));
        rest.and_then(|it| it.split(':').next()?.parse::<ObjectId>().ok())
    };
    let refused: BTreeSet<_> = said.lines().filter_map(named).collect();

    let reader = Reader::open(dir).unwrap();
    let (mut ours, mut wrong) = (0, Vec::new());
    for (raw, id) in trees.iter().zip(&ids) {
        let found = found_in(&reader, raw, *id);
        ours += usize::from(found.is_some());
        if refused.contains(id) && found.is_none() {
            let why: Vec<_> = said
                .lines()
                .filter(|line| line.contains(&id.to_string()))
                .collect();
            wrong.push(format!("{} {why:?}", raw.escape_ascii()));
        }
    }
    println!(
        "{} trees: git refuses {}, we refuse {ours}",
        trees.len(),
        refused.len()
    );
    figure(
        &format!(
            "trees against `git fsck --strict` (it refuses {}, we {ours})",
            refused.len()
        ),
        trees.len(),
        format!("{} that git alone refuses", wrong.len()),
        "0 of 10^4",
    );
    assert!(
        refused.len() > TREES / 4 && ours < TREES,
        "both good and bad ones are among them"
    );
    assert!(
        wrong.is_empty(),
        "{} that git alone refuses:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

/// Returns why a push that brings this tree is refused, whatever the policy grants.
fn found_in(reader: &Reader, raw: &[u8], id: ObjectId) -> Option<String> {
    if let Err(bad) = tree::check(raw, HashKind::Sha1) {
        return Some(bad.to_string());
    }
    let compared = match reader.compare(None, Some(id), 100_000) {
        Ok(compared) => compared,
        Err(error) => return Some(error.to_string()),
    };
    if let Some(fault) = compared.faults.first() {
        return Some(format!("{:?}", fault.what));
    }
    compared
        .changes
        .iter()
        .find_map(|change| match change.new? {
            // A symlink needs the policy's word, which is never given for git's own files.
            (Mode::Tree | Mode::Gitlink | Mode::Symlink, _) => Some("its mode".to_owned()),
            // How long a path may be is the policy's limit; git warns where its own is passed.
            _ => (change.path.as_bytes().len() > 4_096).then(|| "its length".to_owned()),
        })
}

/// Lines on which readers of trailers differ.
const LINES: &[&str] = &[
    "",
    "",
    "",
    " ",
    "\t",
    "\r",
    "\u{a0}",
    "\u{b}",
    "Title",
    "prose, and more of it",
    "AWO-Run: run_1",
    "AWO-Run : run_1",
    "AWO-Run\t: run_1",
    "awo-run:run_1",
    " AWO-Run: run_1",
    "AWO Run: run_1",
    "AWO-Run run_1",
    "AWO_Run: run_1",
    "AWO-Run:",
    "AWO-Task: T-1",
    "AWO-Rollback : run_2  ",
    ": value",
    "-: value",
    "Signed-off-by: otto <otto@example.org>",
    "signed-off-by: otto <otto@example.org>",
    "Signed-off-by:otto",
    "(cherry picked from commit 1234)",
    " continued",
    "\tcontinued: so",
    "# a comment",
    "#AWO-Run: run_3",
    "---",
    "--- a/file",
    "Conflicts:",
    "\tsrc/a.py",
    "# ------------------------ >8 ------------------------",
    "diff --git a/x b/x",
    "Caf\u{e9}: x",
    "Key: \u{e9}\u{2028}x",
];

fn hostile_message(numbers: &mut Numbers) -> Vec<u8> {
    let mut message = match numbers.below(4) {
        0 => String::new(),
        _ => "Title\n\n".to_owned(),
    };
    for _ in 0..numbers.below(9) {
        // Trailers more often than the rest.
        let (any, trailer) = (numbers.below(LINES.len()), 10 + numbers.below(18));
        message.push_str(LINES[if numbers.below(2) == 0 { any } else { trailer }]);
        message.push_str(["\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\n\n"][numbers.below(8)]);
    }
    if numbers.below(6) == 0 {
        message.pop();
    }
    message.into_bytes()
}

#[test]
fn trailers_are_those_that_git_log_shows() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    git(dir, &["init", "-q", "--bare", "."], b"");
    let mut numbers = Numbers(0x7a11);
    let mut messages = BTreeSet::new();
    while messages.len() < MESSAGES {
        messages.insert(hostile_message(&mut numbers));
    }
    let mut stream = Vec::new();
    for (message, number) in messages.iter().zip(0..) {
        let head = format!(
            "commit refs/heads/m{number}\ncommitter a <a@b> {number} +0000\ndata {}\n",
            message.len()
        );
        stream.extend_from_slice(head.as_bytes());
        stream.extend_from_slice(message);
        stream.push(b'\n');
    }
    git(dir, &["fast-import", "--quiet"], &stream);
    // One commit a record, one trailer a unit, of key and value.
    let format =
        "--format=%H%x1d%(trailers:only,unfold,separator=%x1e,key_value_separator=%x1f)%x1c";
    let shown = git(dir, &["log", "--no-walk=unsorted", "--all", format], b"");
    let reader = Reader::open(dir).unwrap();
    let (mut count, mut with, mut wrong) = (0, 0, Vec::new());
    for record in shown.trim_end().split_terminator('\u{1c}') {
        let (id, theirs) = record
            .trim_start_matches('\n')
            .split_once('\u{1d}')
            .unwrap();
        let theirs = theirs
            .split('\u{1e}')
            .filter_map(|it| it.split_once('\u{1f}'));
        let theirs: Vec<_> = theirs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let commit = reader.commit(id.parse().unwrap()).unwrap();
        let ours = commit.trailers();
        count += 1;
        with += usize::from(!theirs.is_empty());
        if ours != theirs {
            let message = commit.message.escape_ascii();
            wrong.push(format!("{message}\n  git:  {theirs:?}\n  ours: {ours:?}"));
        }
    }
    figure(
        &format!("messages against `git log --format=%(trailers)` ({with} with trailers)"),
        count,
        format!("{} read otherwise", wrong.len()),
        "0 of 10^4",
    );
    assert_eq!(count, MESSAGES);
    assert!(
        with > MESSAGES / 10 && with < MESSAGES,
        "{with} have trailers"
    );
    assert!(
        wrong.is_empty(),
        "{}",
        wrong[..wrong.len().min(10)].join("\n")
    );
}

#[test]
#[ignore = "a thousand runs of ssh-keygen: ten seconds"]
fn what_openssh_refuses_of_a_signature_we_refuse_too() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    let seeds = catalogue::seeds("signature");
    let mut numbers = Numbers(0x516);
    let asked = std::env::var("AWO_DIFFERENTIAL").ok();
    let how_many = asked.map_or(SIGNATURES, |it| it.parse().unwrap());
    let (mut both, mut theirs) = (0, 0);
    let mut seen = BTreeSet::new();
    while seen.len() < how_many {
        let armor = match seen.len() {
            number if number < seeds.len() => seeds[number].clone(),
            _ => mutated(&seeds, &mut numbers),
        };
        if !seen.insert(armor.clone()) {
            continue;
        }
        let parsed = Signature::from_armor(&armor);
        let we = parsed.is_ok_and(|it| {
            signing::verify(it.public_key(), &it, "git-awo.run", b"what was signed").is_ok()
        });
        let they = openssh_accepts(dir, &armor);
        both += usize::from(we && they);
        theirs += usize::from(they);
        assert!(they || !we, "only we accept {}", armor.escape_ascii());
    }
    figure(
        &format!("signatures against `ssh-keygen -Y` (it accepts {theirs}, we {both} of these)"),
        how_many,
        "0 that we alone accept",
        "0 of 10^4",
    );
    assert!(both >= 6, "the genuine ones are accepted");
}

fn openssh_accepts(dir: &Path, armor: &[u8]) -> bool {
    let file = dir.join("signature");
    std::fs::write(&file, armor).unwrap();
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "check-novalidate", "-n", "git-awo.run", "-s"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may have refused the signature without reading the message.
    let _ = child.stdin.take().unwrap().write_all(b"what was signed");
    child.wait().unwrap().success()
}
