//! A thousand ordinary commits: none is refused.
//!
//! The history is generated, the same each time, of what histories of real projects hold: merges of
//! two and more, moves, names in many scripts, old and odd time zones, messages of every form. With
//! `AWO_REPLAY=REPOSITORY` the last thousand commits of that repository are taken instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use super::Case;
use super::door::Door;
use crate::figure::figure;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "U-37",
        attack: "benign: a repository that starts empty: the first commit, the second, another person's; the key of a server on this machine, by file, by words, and none",
        answer: "accepted from the first commit on, with a receive log; ATT-004 for who is not named",
        tests: &[
            "founding::what_starts_empty_lands_from_the_first_commit_on",
            "founding::with_a_commit_to_adopt_nothing_lands_without_a_run",
            "founding::the_key_of_the_server_is_given_by_its_file_or_its_words",
        ],
    },
    Case {
        id: "U-35",
        attack: "benign: whoever looks at a run asks what a link means, and since when",
        answer: "accepted: dates in ISO 8601, the same from every clone; a review that failed is called failed",
        tests: &[
            "dates::whoever_looks_sees_since_when",
            "dates::a_review_that_failed_is_not_held",
        ],
    },
    Case {
        id: "U-36",
        attack: "benign: whoever is refused does what the remedy says",
        answer: "accepted, or given up for good; no remedy leads back to the same refusal",
        tests: &[
            "remedies::every_rule_has_a_situation_or_a_reason_why_not",
            "remedies::commands::every_command_that_a_text_tells_one_to_type_can_be_typed",
            "remedies::clones::what_a_clone_lacks_is_there_after_the_remedy",
            "remedies::clones::what_is_damaged_in_a_clone_is_whole_after_the_remedy",
            "remedies::doors::a_refused_commit_is_accepted_after_the_remedy",
            "remedies::doors::a_refused_push_is_accepted_or_given_up_after_the_remedy",
            "remedies::files::the_files_of_a_run_hold_after_the_remedy",
            "remedies::people::who_may_not_finds_who_may",
            "remedies::people::a_task_is_executed_after_the_remedy",
            "remedies::people::a_run_lands_or_ends_after_the_remedy",
            "remedies::servers::a_server_enforces_again_after_the_remedy",
            "remedies::messages::a_push_to_nowhere_or_of_nothing_governed_is_no_success",
            "remedies::messages::who_is_behind_is_told_to_fetch_and_who_is_ahead_to_push",
            "remedies::messages::a_damaged_outcome_is_not_taken_for_none",
            "remedies::messages::a_rebuild_of_the_index_names_an_entry_that_it_cannot_mend",
        ],
    },
    Case {
        id: "B-01",
        attack: "benign: a thousand ordinary commits, in pushes of a hundred",
        answer: "accepted",
        tests: &["hostile::replay::a_thousand_ordinary_commits_are_accepted"],
    },
];

const COMMITS: usize = 1_000;
const A_PUSH: usize = 100;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[usize::try_from(self.roll(list.len() as u64)).unwrap()]
    }
}

const DIRECTORIES: &[&str] = &[
    "",
    "src/",
    "src/parser/",
    "docs/",
    "docs/pages/de/",
    "tests/data/",
    "a b/",
    "\u{434}\u{43e}\u{43a}/",
    "deep/1/2/3/4/5/6/7/8/9/10/11/12/",
    ".github/",
    "node_modules/@scope/pkg/",
    "Documents/",
];
const NAMES: &[&str] = &[
    "main.rs",
    "README",
    "Makefile",
    "x",
    "COM.txt",
    "git",
    ".gitignore",
    ".editorconfig",
    "a-b_c+d",
    "\u{e9}t\u{e9}.md",
    "\u{65e5}\u{672c}\u{8a9e}.txt",
    "emoji \u{1f600}.png",
    "it's.py",
    "50%.csv",
    "#1",
    "~lock",
    "-dash",
    "two..dots",
    "[id].tsx",
    "$var",
    "q?",
    "CamelCase",
    "lib.so.1",
    "a:b",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
];
const PEOPLE: &[&str] = &[
    "A U Thor <author@example.com>",
    "\u{5c71}\u{7530} <y@example.jp>",
    "x <>",
    "O'Neil (work) <o@n.example>",
    "name.with.dots <n@e.example>",
    "R\u{e9}n\u{e9} <rene@exemple.fr>",
    "bot[bot] <1+bot[bot]@users.example>",
];
const ZONES: &[&str] = &[
    "+0000", "-0730", "+1245", "+0530", "-0000", "+1400", "-1200", "+0001",
];
const MESSAGES: &[&str] = &[
    "Fix a typo\n",
    "no line end",
    "Subject\n\nBody with\ttab\n\n\n",
    "\u{4fee}\u{6b63}\n",
    "x\n\nSigned-off-by: A <a@x>\n",
    "CRLF\r\n\r\nlines\r\n",
    "Merge branch 'x' of example.com:y\n",
    "fixup! Fix a typo\n",
    "WIP: #1 <b>&amp;</b>\n",
    "a very long subject that goes on and on, well beyond what anybody would call reasonable for one line of text\n",
    "Subject\n\nCo-authored-by: B <b@x>\nChange-Id: I0123456789abcdef\nReviewed-by: C <c@x>\n",
];

/// Returns a stream for `git fast-import` that makes the history.
fn history() -> Vec<u8> {
    let mut dice = Dice(2026);
    let mut out = String::new();
    let mut files: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); 4];
    let mut tips = [0_usize; 4];
    let mut time = 100_000_000_u64;
    for mark in 1..=COMMITS {
        let last = mark > COMMITS - 4;
        let branch = if last || mark == 1 {
            0
        } else {
            usize::try_from(dice.roll(4)).unwrap()
        };
        // Time runs on, but for people whose clock is wrong.
        time += dice.roll(2_000_000);
        let when = if dice.roll(20) == 0 {
            dice.roll(time)
        } else {
            time
        };
        let (author, committer) = (dice.pick(PEOPLE), dice.pick(PEOPLE));
        let zone = dice.pick(ZONES);
        let message = dice.pick(MESSAGES);
        let _ = write!(out, "commit refs/heads/b{branch}\nmark :{mark}\n");
        let _ = write!(
            out,
            "author {author} {when} {zone}\ncommitter {committer} {time} +0100\n"
        );
        let _ = write!(out, "data {}\n{message}\n", message.len());
        let from = if tips[branch] == 0 {
            tips[0]
        } else {
            tips[branch]
        };
        if from == 0 {
            files[0].clear();
        } else {
            let _ = writeln!(out, "from :{from}");
            if tips[branch] == 0 {
                files[branch] = files[0].clone();
            }
        }
        let others: Vec<usize> = (0..4)
            .filter(|it| *it != branch && tips[*it] != 0)
            .collect();
        let merging = from != 0 && !others.is_empty() && (last || dice.roll(10) == 0);
        if merging {
            // Now and then three at once; in the end all.
            let many = if last || dice.roll(4) == 0 {
                others.len()
            } else {
                1
            };
            for other in others.into_iter().take(many) {
                let _ = writeln!(out, "merge :{}", tips[other]);
            }
        }
        for _ in 0..=dice.roll(if merging { 1 } else { 6 }) {
            let path = format!("{}{}", dice.pick(DIRECTORIES), dice.pick(NAMES));
            let known: Vec<String> = files[branch].keys().cloned().collect();
            let some = known.get(usize::try_from(dice.roll(known.len().max(1) as u64)).unwrap());
            match (dice.roll(10), some) {
                (0, Some(old)) => {
                    let _ = writeln!(out, "D {}", quoted(old));
                    files[branch].remove(old);
                }
                (1, Some(old)) if !files[branch].contains_key(&path) && path != *old => {
                    let _ = writeln!(out, "R {} {}", quoted(old), quoted(&path));
                    files[branch].remove(old);
                    files[branch].insert(path, 0);
                }
                (kind, _) => {
                    let mode = match kind {
                        2 => "100755",
                        3 => "120000",
                        _ => "100644",
                    };
                    let text = format!("{}\n", dice.roll(1_000_000));
                    let _ = write!(
                        out,
                        "M {mode} inline {}\ndata {}\n{text}\n",
                        quoted(&path),
                        text.len()
                    );
                    files[branch].insert(path, 0);
                }
            }
        }
        out.push('\n');
        tips[branch] = mark;
    }
    out.into_bytes()
}

fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Brings the history into otto's clone; returns its tip.
fn bring(world: &World) -> String {
    if let Some(repository) = std::env::var_os("AWO_REPLAY") {
        let from = repository.to_str().unwrap();
        world.ok(
            "otto",
            "otto",
            &["git", "fetch", "--quiet", from, "HEAD:refs/replay/b0"],
        );
    } else {
        let mut import = world.command(
            "otto",
            "otto",
            &["git", "fast-import", "--quiet", "--force"],
        );
        let mut child = import.stdin(Stdio::piped()).spawn().unwrap();
        let stream = String::from_utf8(history())
            .unwrap()
            .replace("refs/heads/b", "refs/replay/b");
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stream.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success(), "the history is generated");
    }
    world.rev("otto", "refs/replay/b0")
}

/// Signs every commit anew as otto, on top of main; returns the new ids, parents first.
fn signed(door: &Door, tip: &str) -> Vec<(String, String)> {
    let limit = format!("--max-count={COMMITS}");
    let words = ["git", "rev-list", "--topo-order", &limit, tip];
    let listed = door.world.ok("otto", "otto", &words);
    let (base, _) = door.base();
    let mut new: BTreeMap<String, String> = BTreeMap::new();
    let mut order = Vec::new();
    for old in listed.lines().rev() {
        let output = door
            .world
            .command("otto", "otto", &["git", "cat-file", "commit", old]);
        let raw = { output }.output().unwrap().stdout;
        let end = raw.windows(2).position(|pair| pair == b"\n\n").unwrap() + 1;
        let (head, message) = (&raw[..end], &raw[end + 1..]);
        let mut headers = Vec::new();
        let (mut parents, mut skipping) = (BTreeSet::new(), false);
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            let folded = line.starts_with(b" ");
            if let Some(parent) = line.strip_prefix(b"parent ") {
                let parent = String::from_utf8_lossy(parent).trim().to_owned();
                // What lies before the last thousand is not replayed.
                let Some(parent) = new.get(&parent) else {
                    continue;
                };
                // Whoever merged what was there already did not, once this is left out.
                if parents.insert(parent.clone()) {
                    headers.extend_from_slice(format!("parent {parent}\n").as_bytes());
                }
                continue;
            }
            if line.starts_with(b"author ") && parents.is_empty() {
                headers.extend_from_slice(format!("parent {base}\n").as_bytes());
            }
            skipping = line.starts_with(b"gpgsig")
                || line.starts_with(b"mergetag")
                || (skipping && folded);
            if !skipping {
                headers.extend_from_slice(line);
            }
        }
        let id = door.raw().sign_commit(&headers, message);
        new.insert(old.to_owned(), id.clone());
        order.push((old.to_owned(), id));
    }
    order
}

#[test]
#[ignore = "signs and pushes a thousand commits"]
fn a_thousand_ordinary_commits_are_accepted() {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        text.replace(
            "paths = [\"src/\", \"docs/\", \"test_strings.py\"]",
            "paths = [\"**\"]",
        )
        .replace(
            "protected = [\".github/workflows/\"]",
            "protected = [\".github/workflows/\"]\nexecutable = [\"**\"]\nsymlinks = [\"**\"]",
        )
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let door = Door::new(world, "otto");
    let tip = bring(&door.world);
    let commits = signed(&door, &tip);
    assert_eq!(commits.len(), COMMITS, "a thousand commits");
    let new: BTreeMap<&str, &str> = commits
        .iter()
        .map(|(old, new)| (old.as_str(), new.as_str()))
        .collect();
    let line = [
        "git",
        "rev-list",
        "--first-parent",
        &format!("--max-count={COMMITS}"),
        &tip,
    ];
    let line = door.world.ok("otto", "otto", &line);
    let line: Vec<&str> = line
        .lines()
        .filter_map(|old| new.get(old).copied())
        .collect();
    let steps = line.len().div_ceil(A_PUSH.min(line.len()));
    let stops: Vec<&str> = line
        .iter()
        .rev()
        .step_by(line.len().div_ceil(steps.max(10)))
        .copied()
        .collect();
    for stop in stops.iter().chain(line.first()) {
        door.accepts_push(stop, &[&format!("{stop}:refs/heads/wip/replay")]);
    }
    assert_eq!(
        door.world.rev("server.git", "refs/heads/wip/replay"),
        line[0]
    );
    door.world.fresh_clone();
    let said = door.world.ok("vera", "vera", &["git", "awo", "verify"]);
    let what = match std::env::var_os("AWO_REPLAY") {
        Some(_) => "commits of a real history replayed",
        None => "commits of a generated history replayed",
    };
    figure(what, commits.len(), "0 refused", "0 refused of 1,000");
    println!(
        "{} commits, {} pushes: {}",
        commits.len(),
        stops.len() + 1,
        said.trim()
    );
}
