//! Baselines: the state that the policy names is frozen, put back byte for byte, and promoted from a run.

mod disk;
mod door;
mod forge;
mod lines;
pub mod promotions;
mod proofs;
mod property;
mod refused;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::hostile::Case;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "M-15",
        attack: "the state is tampered with and restored",
        answer: "the same bytes each time",
        tests: &[
            "baselines::disk::a_state_comes_back_as_it_was_with_no_file_too_many",
            "baselines::property::whatever_is_done_to_a_state_it_comes_back_as_it_was",
        ],
    },
    Case {
        id: "C-10",
        attack: "a baseline by a reviewer, by nobody, or with a signature over other bytes",
        answer: "ATT-001, ATT-003",
        tests: &["baselines::door::only_operators_and_orchestrators_make_baselines"],
    },
    Case {
        id: "C-11",
        attack: "a baseline that moves, also forward, or is deleted",
        answer: "REP-002",
        tests: &["baselines::door::a_baseline_never_moves"],
    },
    Case {
        id: "C-12",
        attack: "a baseline with a file more, less or other than its manifest says, a submodule, a .git, or a third entry",
        answer: "INT-001, INT-002, INT-003, INT-004",
        tests: &["baselines::door::a_baseline_holds_exactly_what_it_says"],
    },
    Case {
        id: "C-13",
        attack: "a baseline of another repository, directory, task or name than its manifest says, or after another one",
        answer: "ATT-002, GOV-003",
        tests: &["baselines::door::a_baseline_is_bound_to_where_it_stands"],
    },
    Case {
        id: "C-14",
        attack: "a name that some file system takes for another one's",
        answer: "INT-003",
        tests: &["baselines::door::names_that_are_one_to_some_file_system_collide"],
    },
    Case {
        id: "C-15",
        attack: "a second successor of one baseline, a second first one, or one after what is no baseline; also by two \
                 pushes at once",
        answer: "REP-003, STR-002",
        tests: &[
            "baselines::lines::a_baseline_has_one_successor",
            "baselines::lines::of_two_pushes_at_once_that_follow_one_baseline_one_wins",
        ],
    },
    Case {
        id: "C-16, M-17",
        attack: "a promotion of a run that is not finalized, that was rejected, of another task, or with other files",
        answer: "GOV-011, ATT-002",
        tests: &[
            "baselines::promotions::only_a_finalized_run_is_promoted",
            "baselines::promotions::a_promotion_holds_what_the_run_has",
        ],
    },
    Case {
        id: "C-17",
        attack: "content, manifest, checksum and signature of a baseline replaced together, or a part of it gone",
        answer: "INT-001, INT-002",
        tests: &[
            "baselines::proofs::a_baseline_that_was_replaced_whole_is_found",
            "baselines::proofs::what_is_missing_or_damaged_is_found",
        ],
    },
    Case {
        id: "C-18",
        attack: "a symlink in the place of the directory, or on the way to it; a socket, a pipe or a repository in it",
        answer: "INT-003",
        tests: &[
            "baselines::disk::no_symlink_leads_to_the_state",
            "baselines::disk::what_no_baseline_can_hold_is_refused_by_name",
        ],
    },
    Case {
        id: "C-19",
        attack: "a restore over work that is saved nowhere",
        answer: "GOV-002",
        tests: &["baselines::disk::what_is_saved_nowhere_is_lost_only_by_force"],
    },
    Case {
        id: "C-20",
        attack: "attributes and configuration that would convert what is taken or put back",
        answer: "without effect",
        tests: &["baselines::disk::attributes_and_configuration_have_no_say"],
    },
    Case {
        id: "C-22",
        attack: "a baseline of a task that there is not, or of a plan that is called like a task",
        answer: "STR-002, ATT-002",
        tests: &["baselines::refused::a_baseline_is_of_a_task_that_there_is"],
    },
    Case {
        id: "C-23",
        attack: "baselines that the receive log tells of removed from a clone",
        answer: "REP-002",
        tests: &["baselines::proofs::baselines_that_are_gone_are_found"],
    },
    Case {
        id: "C-24",
        attack: "benign: a directory that a restore cannot remove, or that an older one left",
        answer: "accepted",
        tests: &["baselines::disk::what_a_restore_leaves_is_named_and_in_nobodys_way"],
    },
    Case {
        id: "C-21",
        attack: "a state with a .gitmodules or .gitattributes that git refuses at a server that checks objects",
        answer: "INT-003",
        tests: &[
            "baselines::refused::what_git_refuses_at_a_server_is_refused_when_it_is_frozen",
            "baselines::refused::a_baseline_that_git_refuses_at_the_server_is_set_aside",
        ],
    },
];

/// The directory that the policy names.
pub const ROOT: &str = "src/state";

/// A name that is no text, and that git quotes.
pub const ODD: &[u8] = b"\xff\xfe \x01\"\\\n";

/// Adds the directory to a policy.
pub fn with_root(text: String) -> String {
    let requires = "level = \"HYBRID\"\nrequires = [\"state/1\"]\n";
    let text = text.replace("level = \"HYBRID\"\n", requires);
    format!("{text}\n[state]\nroot = \"{ROOT}/\"\n")
}

/// The policy names the directory; everybody knows it.
pub fn with_state() -> World {
    let world = World::founded();
    world.next_policy(2, None, with_root);
    for who in ["otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    world
}

/// The same, with some files in otto's clone.
pub fn with_files() -> World {
    let world = with_state();
    fill(&world.path("otto").join(ROOT));
    world
}

/// The same, with a task.
pub fn with_task() -> World {
    let world = with_files();
    world.writes_a_contract("olga", "T-1");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

/// Writes a state with something of each kind.
pub fn fill(root: &Path) {
    fs::create_dir_all(root.join("deep/er")).unwrap();
    fs::create_dir_all(root.join("empty/inner")).unwrap();
    fs::write(root.join("plain"), "one\n").unwrap();
    fs::write(root.join("deep/plain"), "two\n").unwrap();
    fs::write(root.join("deep/er/nothing"), "").unwrap();
    fs::write(root.join("crlf.txt"), "a\r\nb\n\r").unwrap();
    fs::write(root.join(".gitignore"), "*.ignored\n").unwrap();
    fs::write(root.join("x.ignored"), "kept").unwrap();
    fs::write(root.join("tool"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(root.join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("../plain", root.join("deep/link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    let odd = std::ffi::OsStr::from_bytes(ODD);
    fs::write(root.join(odd), "odd").unwrap();
}

/// What stands below a directory: kind, executable bit and content of each path; directories too.
pub type Seen = BTreeMap<Vec<u8>, (char, bool, Vec<u8>)>;

/// Returns what stands there, by means that are not the program's.
pub fn seen(root: &Path) -> Seen {
    fn walk(at: &Path, name: Vec<u8>, found: &mut Seen) {
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            let mut inner = name.clone();
            if !inner.is_empty() {
                inner.push(b'/');
            }
            inner.extend_from_slice(entry.file_name().as_bytes());
            let about = entry.metadata().unwrap();
            let kind = about.file_type();
            if kind.is_dir() {
                found.insert(inner.clone(), ('d', false, Vec::new()));
                walk(&entry.path(), inner, found);
            } else if kind.is_symlink() {
                let to = fs::read_link(entry.path()).unwrap();
                found.insert(inner, ('l', false, to.as_os_str().as_bytes().to_vec()));
            } else {
                let executable = about.permissions().mode() & 0o100 != 0;
                found.insert(inner, ('f', executable, fs::read(entry.path()).unwrap()));
            }
        }
    }
    let mut found = Seen::new();
    walk(root, Vec::new(), &mut found);
    found
}

impl World {
    /// Types `git awo amu0 …`, which must succeed.
    #[track_caller]
    pub fn amu0(&self, who: &str, words: &[&str]) -> String {
        self.ok(who, who, &[&["git", "awo", "amu0"], words].concat())
    }

    /// Types `git awo amu0 …`, which must be refused with this code.
    #[track_caller]
    pub fn amu0_refused(&self, who: &str, words: &[&str], code: &str) -> String {
        let refs = self.ok(who, who, &["git", "for-each-ref"]);
        let said = self.refused(who, who, &[&["git", "awo", "amu0"], words].concat(), code);
        let after = self.ok(who, who, &["git", "for-each-ref"]);
        assert_eq!(after, refs, "no ref moved");
        said
    }
}
