//! `git awo write`: the one gateway by which an agent writes.

mod runs;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;

use crate::hostile::Case;
use crate::world::{Done, World};

pub const CASES: &[Case] = &[
    Case {
        id: "C-48",
        attack: "a path that is absolute, leads up, is a drive or a share, or is like .git; a symlink, a file or a repository of \
                 its own on the way",
        answer: "INT-003, and nothing is left",
        tests: &["gateway::what_no_door_takes_is_not_written_and_leaves_nothing"],
    },
    Case {
        id: "C-49",
        attack: "what the policy protects, restricts or grants to others; a name that collides; a file that is too large",
        answer: "GOV-003, INT-003, INT-006",
        tests: &["gateway::what_no_door_takes_is_not_written_and_leaves_nothing"],
    },
    Case {
        id: "C-50",
        attack: "an artefact with another name, a version that is skipped or changed, a file put into an archive, a page by hand",
        answer: "GOV-003, INT-003, INT-008",
        tests: &["gateway::artefacts_are_judged_before_they_are_written"],
    },
    Case {
        id: "C-51",
        attack: "a write in a run whose contract does not allow the path, or beside the gateway",
        answer: "GOV-003; the run is refused and nothing is recorded",
        tests: &[
            "gateway::runs::a_command_writes_by_the_gateway_and_the_run_lands",
            "gateway::runs::what_is_written_past_the_gateway_is_judged_all_the_same",
        ],
    },
    Case {
        id: "C-52",
        attack: "a gateway that cannot know contract and policy: the file is gone, damaged, or of another run",
        answer: "undecided, and nothing is written",
        tests: &["gateway::runs::without_contract_and_policy_nothing_is_written"],
    },
    Case {
        id: "C-53",
        attack: "benign: several writers at once; a page that cannot be written",
        answer: "every file is listed; nothing is written",
        tests: &[
            "gateway::writers_at_once_lose_nothing",
            "gateway::a_file_whose_page_cannot_be_written_is_not_written",
        ],
    },
];

/// Directories of artefacts, one with versions.
pub const TABLES: &str = "\n[[artefacts]]\nroot = \"src/specs/\"\nname = \"versioned\"\nindex = true\n\
     archive = [\"src/specs/archive/\"]\n\n[[artefacts]]\nroot = \"src/notes/\"\nindex = true\n";

/// Adds the directories to a policy, whatever else it requires.
pub fn with_artefacts(text: String) -> String {
    let text = match text.contains("requires = [") {
        true => text.replacen("requires = [", "requires = [\"artefacts/1\", ", 1),
        false => text.replacen("schema =", "requires = [\"artefacts/1\"]\nschema =", 1),
    };
    text + TABLES
}

/// otto works on a branch that takes direct commits.
fn with_branch() -> World {
    let world = World::founded();
    world.next_policy(2, None, with_artefacts);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
    world
}

impl World {
    /// Somebody writes a file by the gateway.
    fn gateway(&self, who: &str, place: &str, words: &[&str], content: &[u8]) -> Done {
        let mut command = self.command(who, place, &[&["git", "awo", "write"], words].concat());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One that is refused before may read nothing.
        let _ = child.stdin.take().unwrap().write_all(content);
        let done = child.wait_with_output().unwrap();
        let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&done.stderr));
        Done {
            code: done.status.code().unwrap_or(-1),
            text,
        }
    }

    #[track_caller]
    fn otto_writes(&self, path: &str, content: &str) -> String {
        let done = self.gateway("otto", "otto", &["--", path], content.as_bytes());
        assert_eq!(done.code, 0, "{path}: {}", done.text);
        done.text
    }
}

/// What stands below a directory: paths, and what they hold.
fn seen(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fn look(directory: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let name = path.display().to_string();
            if entry.file_name() == ".git" {
                continue;
            }
            if kind.is_dir() {
                found.insert(name, b"directory".to_vec());
                look(&path, found);
            } else if kind.is_symlink() {
                found.insert(name, b"symlink".to_vec());
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    look(directory, &mut found);
    found
}

#[test]
fn a_file_is_written_whole_with_its_directories_its_mode_and_its_page() {
    let world = with_branch();
    let said = world.otto_writes("src/new/deep/a b.txt", "one\n");
    assert_eq!(said, "new       src/new/deep/a b.txt  4 bytes\n");
    let path = world.path("otto/src/new/deep/a b.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let said = world.otto_writes("src/new/deep/a b.txt", "other\n");
    assert_eq!(said, "written   src/new/deep/a b.txt  6 bytes\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), "other\n");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    world.write("otto/content", "three\n");
    let from = [
        "git",
        "awo",
        "write",
        "src/new/deep/a b.txt",
        "--from",
        "content",
    ];
    world.ok("otto", "otto", &from);
    assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    let before = seen(&world.path("otto"));
    let done = world.gateway("otto", "otto", &["--check", "src/notes/x.md"], b"x");
    assert!(
        done.code == 0 && done.text.starts_with("ok: "),
        "{}",
        done.text
    );
    assert_eq!(seen(&world.path("otto")), before, "it only looks");
    let said = world.otto_writes("src/notes/x.md", "x\n");
    assert!(said.contains("written   src/notes/INDEX.md"), "{said}");
    let page = fs::read_to_string(world.path("otto/src/notes/INDEX.md")).unwrap();
    assert!(page.ends_with("- [x.md](x.md)\n"), "{page}");
    let said = world.otto_writes("src/notes/x.md", "other\n");
    assert!(
        !said.contains("INDEX.md"),
        "the page is right already: {said}"
    );
    fs::remove_file(world.path("otto/content")).unwrap();
    world.commit("otto", "Notes");
    world.push_accepted("otto", &["wip/x"]);
    // Paths count from the top, wherever one stands.
    let done = world.gateway("otto", "otto/src", &["src/below.txt"], b"x");
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(world.path("otto/src/below.txt").exists());
}

#[test]
fn what_no_door_takes_is_not_written_and_leaves_nothing() {
    let world = with_branch();
    world.write("elsewhere/kept", "kept");
    world.write("otto/src/Café/x", "x");
    world.write("otto/src/inner/x", "x");
    world.ok("otto", "otto/src/inner", &["git", "init", "-q"]);
    symlink(world.path("elsewhere"), world.path("otto/src/link")).unwrap();
    symlink(
        world.path("elsewhere/kept"),
        world.path("otto/src/file-link"),
    )
    .unwrap();
    let before = seen(&world.path("otto"));
    let long = format!("src/{}", "x".repeat(256));
    for (path, code, why) in [
        (long.as_str(), "INT-003", "a component of 256 bytes"),
        ("src/notes/INDEX.md/x", "INT-003", "found a file"),
        ("", "INT-003", "no path"),
        ("/etc/x", "INT-003", "an absolute path"),
        ("../x", "INT-003", "'..'"),
        ("src/../../x", "INT-003", "'..'"),
        ("src/./x", "INT-003", "'.'"),
        ("src//x", "INT-003", "an empty"),
        ("src/x/", "INT-003", "an empty"),
        ("C:/x", "INT-003", "a drive of Windows"),
        ("c:x", "INT-003", "a drive of Windows"),
        (r"\\host\share\x", "INT-003", "Windows"),
        (r"src\x", "INT-003", "a backslash"),
        ("src/a\nb", "INT-003", "a control character"),
        ("src/x.", "INT-003", "ends with a dot or a space"),
        ("src/x ", "INT-003", "ends with a dot or a space"),
        (".git/config", "INT-003", "a disguise of .git"),
        ("src/.GIT/config", "INT-003", "a disguise of .git"),
        ("src/git~1/config", "INT-003", "a disguise of .git"),
        ("src/.g\u{200c}it/config", "INT-003", "a disguise of .git"),
        ("src/link/x", "INT-003", "found a symlink"),
        ("src/link/new/x", "INT-003", "found a symlink"),
        ("src/file-link", "INT-003", "found a symlink"),
        ("src/strings.py/x", "INT-003", "found a file"),
        ("src/inner/y", "INT-003", "a repository of its own"),
        ("src/inner/new/y", "INT-003", "a repository of its own"),
        ("src/Café", "INT-003", "found a directory"),
        (
            "src/CAFE\u{301}/new/x",
            "INT-003",
            "some file systems take for",
        ),
        ("src/STRINGS.py", "INT-003", "some file systems take for"),
        (".github/workflows/x.yml", "GOV-003", "a protected artefact"),
        ("keys/x", "GOV-003", "keys-are-olgas"),
        ("src/.gitattributes", "GOV-003", "a file that git obeys"),
        (
            "other/x",
            "GOV-003",
            "a writer whom the policy grants this path",
        ),
    ] {
        let done = world.gateway("otto", "otto", &["--", path], b"x");
        assert_eq!(done.code, 1, "{path:?}: {}", done.text);
        assert!(
            done.text.contains(code) && done.text.contains(why),
            "{path:?}: {}",
            done.text
        );
        assert!(
            done.text.contains("is not written"),
            "{path:?}: {}",
            done.text
        );
        assert_eq!(seen(&world.path("otto")), before, "{path:?} leaves nothing");
        let done = world.gateway("otto", "otto", &["--check", "--", path], b"x");
        assert_eq!(done.code, 1, "{path:?}: {}", done.text);
    }
    assert_eq!(fs::read_dir(world.path("elsewhere")).unwrap().count(), 1);
    world.next_policy(3, None, |text| {
        with_artefacts(text) + "\n[limits]\nfile_bytes = 10\n"
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let done = world.gateway("otto", "otto", &["src/x"], &[b'x'; 11]);
    assert!(
        done.code == 1 && done.text.contains("INT-006"),
        "{}",
        done.text
    );
    assert_eq!(seen(&world.path("otto")), before);
    let done = world.gateway("otto", "otto", &["src/x"], &[b'x'; 10]);
    assert_eq!(done.code, 0, "{}", done.text);
    // Nobody of this policy, and no branch of it.
    let done = world.gateway("vera", "otto", &["src/y"], b"x");
    assert!(
        done.code == 1 && done.text.contains("ATT-004"),
        "{}",
        done.text
    );
    world.ok("otto", "otto", &["git", "switch", "-q", "-c", "elsewhere"]);
    let done = world.gateway("otto", "otto", &["src/z"], b"x");
    assert_eq!(done.code, 3, "{}", done.text);
    world.ok("otto", "otto", &["git", "config", "user.signingkey", ""]);
    let done = world.gateway("otto", "otto", &["src/z"], b"x");
    assert_ne!(done.code, 0, "{}", done.text);
    assert!(!world.path("otto/src/z").exists());
}

#[test]
fn artefacts_are_judged_before_they_are_written() {
    let world = with_branch();
    world.otto_writes("src/specs/A_v1.0.md", "one\n");
    world.otto_writes("src/specs/A_v1.1.md", "two\n");
    world.otto_writes("src/specs/A_v1.1.md", "it is not committed yet\n");
    world.commit("otto", "Specs");
    let before = seen(&world.path("otto"));
    for (path, code) in [
        ("src/specs/A.md", "artefact-name"),
        ("src/specs/A_v01.2.md", "artefact-name"),
        ("src/specs/A_Final_v1.2.md", "artefact-name"),
        ("src/specs/A_v1.3.md", "artefact-version"),
        ("src/specs/B_v2.0.md", "artefact-version"),
        ("src/specs/A_v1.0.md", "artefact-fixed"),
        ("src/specs/archive/C_v1.0.md", "artefact-archive"),
        ("src/specs/INDEX.md", "INT-008"),
        ("src/Specs/A_v1.2.md", "tree-entry-collision"),
    ] {
        let done = world.gateway("otto", "otto", &[path], b"other\n");
        assert!(
            done.code == 1 && done.text.contains(code),
            "{path}: {}",
            done.text
        );
        assert_eq!(seen(&world.path("otto")), before, "{path} leaves nothing");
    }
    // The same content is no other one, and the next version follows.
    world.otto_writes("src/specs/A_v1.0.md", "one\n");
    world.otto_writes("src/specs/A_v1.2.md", "three\n");
    world.otto_writes("src/specs/A_v1.3.md", "four\n");
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "index", "reconcile", "--check"],
    );
    world.commit("otto", "More specs");
    world.push_accepted("otto", &["wip/x"]);
}

#[test]
fn writers_at_once_lose_nothing() {
    let world = with_branch();
    let children: Vec<_> = (0..8)
        .map(|at| {
            let path = format!("src/notes/{at}.md");
            let mut command = world.command("otto", "otto", &["git", "awo", "write", &path]);
            command.stdin(Stdio::piped()).stdout(Stdio::null());
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(b"x").unwrap();
            child
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let page = fs::read_to_string(world.path("otto/src/notes/INDEX.md")).unwrap();
    assert_eq!(page.matches("- [").count(), 8, "{page}");
}

#[test]
fn a_file_whose_page_cannot_be_written_is_not_written() {
    let world = with_branch();
    fs::create_dir_all(world.path("otto/src/notes")).unwrap();
    symlink("nowhere", world.path("otto/src/notes/INDEX.md")).unwrap();
    let before = seen(&world.path("otto"));
    let done = world.gateway("otto", "otto", &["src/notes/new/x.md"], b"x");
    assert_eq!(done.code, 3, "{}", done.text);
    assert_eq!(seen(&world.path("otto")), before);
    fs::remove_file(world.path("otto/src/notes/INDEX.md")).unwrap();
    world.otto_writes("src/notes/new/x.md", "x");
}
