//! Every kind of change through the whole road, and what breaks each gate: at the commands, at the door and in a
//! fresh clone.
//!
//! What the command would refuse comes to the door as a run that took place elsewhere, with everything made to fit:
//! tree, commit, inventory, and the manifest that is honest about it. So the gates are all that is left to refuse it.

use std::collections::{BTreeMap, BTreeSet};

use git_awo::evidence::inventory::SUMS;
use git_awo::evidence::{self, Inventory};
use git_awo::record::{ObjectId, RepoPath, WorkGate};
use serde_json::Value;

use super::{FILE, LEDGER, RECORDS, TASK, documented, gates_of, run, set};
use crate::hostile::door::Door;
use crate::run_import::{conforming, seal};
use crate::world::{RUN, World};

/// A file of each kind as the base has it, by its name below `docs/`.
const BASE: &[(&str, &[u8])] = &[
    ("change.txt", b"one\ntwo\nthree\nfour\n"),
    ("crlf.txt", b"one\r\ntwo\r\nthree\r\n"),
    ("empty.txt", b""),
    ("gone.txt", b"gone\n"),
    ("index.md", b"[change](change.txt)\n"),
    ("latin.txt", b"one\n\xff\nthree\n"),
    ("old.md", b"See [code](../src/strings.py).\nAll of it.\n"),
    ("other.txt", b"other\n"),
    ("picture.bin", b"\0"),
    ("tail.txt", b"one\ntwo"),
    ("tool.sh", b"true\n"),
];

/// Plans every kind of change. A rename is a deletion and an addition.
const PLAN: &str = r#"
[[file]]
path = "docs/added.txt"
new = true
delta = 2
[[file]]
path = "docs/blank.txt"
new = true
delta = 0
[[file]]
path = "docs/change.txt"
window = "1-3"
anchors = ["two"]
delta = 0
[[file]]
path = "docs/crlf.txt"
window = "1-3"
delta = 0
[[file]]
path = "docs/empty.txt"
window = "0-1"
delta = 1
[[file]]
path = "docs/gone.txt"
delete = true
[[file]]
path = "docs/latin.txt"
window = "1-3"
delta = 0
[[file]]
path = "docs/new.md"
new = true
delta = 2
[[file]]
path = "docs/notes.md"
new = true
delta = 1
[[file]]
path = "docs/old.md"
delete = true
[[file]]
path = "docs/picture.bin"
delta = 0
[[file]]
path = "docs/tail.txt"
window = "0-2"
delta = 0
[[file]]
path = "docs/tool.sh"
window = "0-end"
delta = 0
"#;

/// Does what is planned.
const GOOD: &str = r"set -e
printf 'a\nb\n' > docs/added.txt
: > docs/blank.txt
printf 'one\n2\nthree\nfour\n' > docs/change.txt
printf 'one\r\n2\r\nthree\r\n' > docs/crlf.txt
printf 'one\n' > docs/empty.txt
rm docs/gone.txt
printf 'one\n\376\nthree\n' > docs/latin.txt
mv docs/old.md docs/new.md
printf 'See [new](new.md).\n' > docs/notes.md
chmod +x docs/picture.bin docs/tool.sh
printf '1\ntwo' > docs/tail.txt";

/// What post-work says of it: path, kind of change, first and last line, line delta.
type Told = (&'static str, &'static str, Option<(u64, u64)>, Option<i64>);
const TOLD: &[Told] = &[
    ("docs/added.txt", "add", Some((1, 2)), Some(2)),
    ("docs/blank.txt", "add", None, Some(0)),
    ("docs/change.txt", "change", Some((2, 2)), Some(0)),
    ("docs/crlf.txt", "change", Some((2, 2)), Some(0)),
    ("docs/empty.txt", "change", Some((1, 0)), Some(1)),
    ("docs/gone.txt", "delete", Some((1, 1)), Some(-1)),
    ("docs/latin.txt", "change", Some((2, 2)), Some(0)),
    ("docs/new.md", "add", Some((1, 2)), Some(2)),
    ("docs/notes.md", "add", Some((1, 1)), Some(1)),
    ("docs/old.md", "delete", Some((1, 2)), Some(-2)),
    ("docs/picture.bin", "mode", None, Some(0)),
    ("docs/tail.txt", "change", Some((1, 1)), Some(0)),
    ("docs/tool.sh", "mode", None, Some(0)),
];

const ANCHORS: &str = "anchors_present";
const WINDOW: &str = "window_matches_plan";
const RAILS: &str = "rails_untouched_outside_window";
const FILENAME: &str = "filename_canonical_and_openable";
const PRE: &str = "pre_sha1_captured";
const POST: &str = "post_sha1_captured";
const DELTA: &str = "line_delta_equals_expected";
const LINKS: &str = "all_links_resolvable";
const WRITTEN: &str = "manifest_written_and_path_returned";

/// What is done besides what is planned, and the gates that this breaks.
///
/// A plan whose anchors, rails or pre-images are not those of the base is refused where it arrives, before any run
/// (`a_plan_fits_its_contract_and_its_base`). So those gates are broken by a file that nobody planned.
const VARIANTS: &[(&str, &str, &[&str])] = &[
    (
        "a file that is not planned",
        "echo x > docs/more.txt",
        &[ANCHORS, WINDOW, RAILS, PRE, DELTA],
    ),
    (
        "the mode of a file that is not planned",
        "chmod +x docs/other.txt",
        &[ANCHORS, WINDOW, RAILS, PRE, DELTA],
    ),
    (
        "a line outside of the window",
        r"printf 'one\n2\nthree\n4\n' > docs/change.txt",
        &[WINDOW, RAILS],
    ),
    (
        "a rail",
        r"printf '1\n2\nthree\nfour\n' > docs/change.txt",
        &[RAILS],
    ),
    ("a line more", "echo c >> docs/added.txt", &[DELTA]),
    (
        "deleted instead of changed, and linked to",
        "rm docs/change.txt",
        &[WINDOW, RAILS, DELTA, LINKS],
    ),
    (
        "not deleted",
        "echo gone > docs/gone.txt",
        &[WINDOW, RAILS, DELTA],
    ),
    (
        "renamed to another name",
        "mv docs/new.md docs/newer.md; echo 'See it.' > docs/notes.md",
        &[ANCHORS, WINDOW, RAILS, FILENAME, PRE, DELTA],
    ),
    ("not added", "rm docs/blank.txt", &[WINDOW, RAILS, FILENAME]),
    (
        "a symlink for a file",
        "ln -sf tool.sh docs/change.txt",
        &[WINDOW, RAILS, FILENAME, DELTA],
    ),
    (
        "binary content for text",
        r"printf 'one\0\n' > docs/change.txt",
        &[WINDOW, RAILS, DELTA],
    ),
    (
        "an empty file for text",
        ": > docs/change.txt",
        &[WINDOW, RAILS, DELTA],
    ),
    ("an empty file left empty", ": > docs/empty.txt", &[DELTA]),
    (
        "CRLF to LF",
        r"printf 'one\n2\nthree\n' > docs/crlf.txt",
        &[RAILS],
    ),
    (
        "a final line feed",
        r"printf '1\ntwo\n' > docs/tail.txt",
        &[RAILS],
    ),
    (
        "Markdown that is not UTF-8",
        r"printf '\377\n' > docs/notes.md",
        &[LINKS],
    ),
    (
        "a link that leads nowhere",
        "echo '[old](old.md)' > docs/notes.md",
        &[LINKS],
    ),
];

/// What a run breaks that lands where the branch has something else than the plan begins with:
/// `a_run_lands_only_where_the_branch_has_what_was_planned_on`. Before that, this gate is ADVISORY.
pub(super) const OVERTAKEN: &[&str] = &["current_file_matches_preimage"];

/// A world in which the base has a file of each kind, and otto's plan is published.
fn prepared() -> World {
    let world = documented();
    for (name, bytes) in BASE {
        world.write(&format!("olga/docs/{name}"), bytes);
    }
    world.commit("olga", "a file of each kind");
    world.push_accepted("olga", &["main"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let merge = ["git", "merge", "--quiet", "--ff-only", "origin/main"];
    world.ok("otto", "otto", &merge);
    world.approves_packet();
    world.plans(PLAN);
    world.publishes();
    world
}

fn base(world: &World) -> String {
    world.rev("otto", "origin/main")
}

impl World {
    /// otto commits what a script makes of the base, on no branch that stays.
    fn made_elsewhere(&self, script: &str) -> ObjectId {
        let base = base(self);
        self.ok(
            "otto",
            "otto",
            &["git", "checkout", "--quiet", "--detach", &base],
        );
        self.ok("otto", "otto", &["sh", "-c", script]);
        let commit = self.commit("otto", "made elsewhere");
        self.ok("otto", "otto", &["git", "checkout", "--quiet", "main"]);
        commit.parse().unwrap()
    }

    /// The manifest that post-work computes of a commit, whatever the gates say of it.
    fn manifest_of(&self, commit: ObjectId) -> Vec<u8> {
        let range = format!("{}..{commit}", base(self));
        let words = [
            "git",
            "awo",
            "packet",
            "post-work",
            TASK,
            "--range",
            &range,
            "--manifest",
        ];
        self.command("otto", "otto", &words)
            .output()
            .unwrap()
            .stdout
    }

    /// The directory of a run that took place elsewhere.
    fn places(&self, manifest: Vec<u8>) {
        let mut files = conforming(&base(self));
        files.insert(RepoPath::from(FILE), manifest);
        seal(&mut files);
        let _ = std::fs::remove_dir_all(self.path("ci"));
        for (path, bytes) in files {
            self.write(&format!("ci/{RUN}/{path}"), bytes);
        }
    }
}

/// Where a run that took place elsewhere lies.
fn directory() -> String {
    format!("../ci/{RUN}")
}

/// The tree of a commit of otto's.
fn tree(world: &World, commit: ObjectId) -> ObjectId {
    let tree = world.rev("otto", &format!("{commit}^{{tree}}"));
    tree.parse().unwrap()
}

#[test]
fn every_kind_of_change_has_the_fields_that_git_tells() {
    let world = prepared();
    let base = base(&world);
    world.ok("otto", "otto", &run(GOOD));
    world.push_accepted("otto", RECORDS);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);

    let words = ["git", "awo", "packet", "post-work", RUN, "--json"];
    let there: Value = serde_json::from_str(&world.ok("vera", "vera", &words)).unwrap();
    let manifest = &there["manifest"];
    let tree = manifest["tree"].as_str().unwrap();
    let files = manifest["files"].as_array().unwrap();
    let number = |it: &Value| it.as_u64();
    let told = files.iter().map(|it| {
        let lines = number(&it["start"]).zip(number(&it["end"]));
        let words = (
            it["target"].as_str().unwrap(),
            it["change"].as_str().unwrap(),
        );
        (words.0, words.1, lines, it["line_delta"].as_i64())
    });
    assert_eq!(told.collect::<Vec<_>>(), TOLD);

    // git counts the same lines, and has the same contents.
    let numbers = ["git", "diff", "--numstat", "--no-renames", &base, tree];
    let numbers = world.ok("vera", "vera", &numbers);
    let counted: BTreeMap<&str, Option<i64>> = numbers
        .lines()
        .map(|line| {
            let [added, deleted, path] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let delta = added.parse::<i64>().ok().zip(deleted.parse::<i64>().ok());
            (path, delta.map(|(added, deleted)| added - deleted))
        })
        .collect();
    assert_eq!(counted.len(), files.len(), "{numbers}");
    for file in files {
        let path = file["target"].as_str().unwrap();
        // git counts no lines of binary content, of which none changed here.
        let delta = counted[path].or(Some(0));
        assert_eq!(file["line_delta"].as_i64(), delta, "{path}");
        for (side, of) in [("pre", base.as_str()), ("post", tree)] {
            let listed = world.ok("vera", "vera", &["git", "ls-tree", of, path]);
            let side = &file[side];
            let Some((entry, _)) = listed.split_once('\t') else {
                assert_eq!(*side, Value::Null, "{path} is not in {of}");
                continue;
            };
            let [mode, "blob", blob] = entry.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{entry}");
            };
            assert_eq!(
                (&side["mode"], &side["blob"]),
                (&mode.into(), &blob.into()),
                "{path}"
            );
            let sum = format!("git cat-file blob {blob} | sha1sum");
            let sum = world.ok("vera", "vera", &["sh", "-c", &sum]);
            assert_eq!(side["sha1"].as_str(), sum.split(' ').next(), "{path}");
        }
        let gates = file["gates"].as_object().unwrap();
        let gates: BTreeSet<_> = gates
            .iter()
            .map(|(_, it)| it["result"].as_str().unwrap())
            .collect();
        assert_eq!(gates, BTreeSet::from(["ADVISORY", "PASS"]), "{path}");
    }
}

/// Post-work of the run breaks these gates for whoever asks.
#[track_caller]
fn shown(world: &World, what: &str, gates: &[&str]) {
    let text = world.refused(
        "vera",
        "vera",
        &["git", "awo", "packet", "post-work", RUN],
        "GOV-002",
    );
    // The table lists every gate of every file, and the findings above it those that refuse.
    let (found, _) = text.split_once("docs/added.txt  ").unwrap();
    assert_eq!(gates_of(found), set(gates), "{what}: {text}");
}

/// The run with these refspecs is refused at the door for exactly these gates, and by these rules besides. Forced past
/// it, a fresh clone finds the same.
#[track_caller]
fn is_refused(
    door: &Door,
    what: &str,
    refspecs: &[String; 2],
    (gates, besides): (&[&str], &[&str]),
) {
    let refspecs = refspecs.each_ref().map(String::as_str);
    let pushed = door.refused_push(what, &refspecs);
    assert_eq!(
        gates_of(&pushed.text),
        set(gates),
        "{what}: {}",
        pushed.text
    );
    let mut rules = set(besides);
    rules.insert("GOV-002 post-work-gate".to_owned());
    assert_eq!(pushed.rules, rules, "{what}: {}", pushed.text);
    let forced = door.world.copied();
    forced.force("otto", &refspecs);
    forced.fresh_clone();
    let text = forced.verify_finds("GOV-002");
    assert_eq!(gates_of(&text), set(gates), "{what}: {text}");
    shown(&forced, what, gates);
}

#[test]
fn each_variant_breaks_exactly_its_gates_at_the_command_and_at_the_door() {
    let world = prepared();
    // The command executes none of them, and takes none that was executed elsewhere.
    let ledger = world.rev("otto", LEDGER);
    let mut made = Vec::new();
    for (what, script, gates) in VARIANTS {
        let script = format!("{GOOD}\n{script}");
        let text = world.refused("otto", "otto", &run(&script), "GOV-002");
        assert_eq!(gates_of(&text), set(gates), "{what}: {text}");
        let commit = world.made_elsewhere(&script);
        let manifest = world.manifest_of(commit);
        world.places(manifest.clone());
        let (directory, commit) = (directory(), commit.to_string());
        let import = [
            "git", "awo", "run", "import", &directory, "--task", TASK, "--commit", &commit,
        ];
        let text = world.refused("otto", "otto", &import, "GOV-002");
        assert_eq!(gates_of(&text), set(gates), "{what}: {text}");
        made.push((tree(&world, commit.parse().unwrap()), manifest));
    }
    assert_eq!(world.rev("otto", LEDGER), ledger, "nothing is recorded");

    // What is planned is taken, as it is and with all that was made anew.
    let commit = world.made_elsewhere(GOOD);
    let good = world.manifest_of(commit);
    world.places(good.clone());
    let (directory, name) = (directory(), commit.to_string());
    let import = [
        "git", "awo", "run", "import", &directory, "--task", TASK, "--commit", &name,
    ];
    world.ok("otto", "otto", &import);
    world.copied().push_accepted("otto", RECORDS);
    let good_tree = tree(&world, commit);
    let door = Door::new(world, "otto");
    let again = door.run_of(Some(good_tree), &[(FILE, Some(good.clone()))]);
    let copy = door.world.copied();
    copy.push_accepted("otto", &again.each_ref().map(String::as_str));
    copy.fresh_clone();
    copy.ok("vera", "vera", &["git", "awo", "verify"]);
    copy.ok("vera", "vera", &["git", "awo", "packet", "post-work", RUN]);

    let mut broken: BTreeSet<&str> = OVERTAKEN.iter().copied().collect();
    for ((what, _, gates), (tree, manifest)) in VARIANTS.iter().zip(made) {
        let refspecs = door.run_of(Some(tree), &[(FILE, Some(manifest))]);
        is_refused(&door, what, &refspecs, (gates, &[]));
        broken.extend(*gates);
    }
    // Two gates are about the manifest. The harness writes it with the run, so that no command can break them; an
    // import that does not bring it is ATT-002 (`a_run_that_took_place_elsewhere_brings_its_manifest`).
    let text = String::from_utf8(good.clone()).unwrap();
    let blob = door.world.rev("otto", &format!("{commit}:docs/added.txt"));
    let other = text.replace(&blob, &"1".repeat(40));
    assert_ne!(other, text);
    let unlisted = unlisted(&door.world);
    for (what, edits, gates, besides) in [
        (
            "a manifest that names another content",
            vec![(FILE, Some(other.into_bytes()))],
            &[POST][..],
            &["ATT-002 evidence-claims"][..],
        ),
        ("no manifest", vec![(FILE, None)], &[POST, WRITTEN], &[]),
        (
            "a manifest that the inventory does not list",
            vec![(SUMS, Some(unlisted))],
            &[WRITTEN],
            &["INT-002 inventory-added"],
        ),
    ] {
        let refspecs = door.run_of(None, &edits);
        is_refused(&door, what, &refspecs, (gates, besides));
        broken.extend(gates);
    }
    let all: BTreeSet<_> = WorkGate::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(broken, all, "a variant for each gate");
}

/// The inventory of the run as if there were no manifest.
fn unlisted(world: &World) -> Vec<u8> {
    let mut files = conforming(&base(world));
    files.insert(
        "artifact_digests.json".into(),
        evidence::artifact_digests(&files),
    );
    Inventory::of(&evidence::digests(&files))
        .unwrap()
        .to_bytes()
}
