//! Artefacts at every door: names, versions, archives and pages, pushed with plain git past the client's hooks, and forced
//! past the server's for `verify`.

mod commits;
mod pages;
mod roll_backs;
pub mod runs;
mod staged_merges;

use git_awo::record::RepoPath;
use git_awo::record::tree::Mode;

use crate::hostile::Case;
use crate::hostile::door::{Door, Pushed};
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "C-25",
        attack: "a version overwritten, with another mode or type, renamed, or deleted; added and removed in one push",
        answer: "GOV-003",
        tests: &[
            "artefacts::commits::a_version_never_changes_and_never_goes",
            "artefacts::commits::what_comes_and_goes_within_one_push_is_seen",
        ],
    },
    Case {
        id: "C-26",
        attack: "a version that skips one, comes late, stands there by another spelling, or begins anywhere",
        answer: "GOV-003",
        tests: &["artefacts::commits::the_next_version_follows_the_highest_one"],
    },
    Case {
        id: "C-27",
        attack: "a name with a leading zero, a space, `_Final`, no version or no extension",
        answer: "GOV-003",
        tests: &["artefacts::commits::a_new_file_is_named_by_its_version"],
    },
    Case {
        id: "C-28",
        attack: "an archive whose files change, go, or come from elsewhere, changed on the way, or as copies",
        answer: "GOV-003",
        tests: &["artefacts::commits::an_archive_only_takes_what_moves_there"],
    },
    Case {
        id: "C-29",
        attack: "a directory of artefacts by another spelling, or with a symlink, a submodule or a file in its place",
        answer: "GOV-003",
        tests: &["artefacts::commits::no_other_spelling_and_nothing_else_stands_for_a_root"],
    },
    Case {
        id: "C-30",
        attack: "a merge that changes, revives or renumbers versions, brings one twice, or one that was taken back",
        answer: "GOV-003",
        tests: &[
            "artefacts::commits::of_a_merge_only_its_own_changes_are_judged",
            "artefacts::commits::a_merge_brings_no_version_twice",
            "artefacts::commits::a_merge_brings_nothing_that_the_other_side_took_back",
        ],
    },
    Case {
        id: "C-31",
        attack: "an INDEX.md with a line too few, too many, in another order, or other text; none; a symlink",
        answer: "INT-008",
        tests: &[
            "artefacts::pages::a_page_that_is_not_what_the_files_make_is_refused",
            "artefacts::pages::the_page_of_a_merge_is_that_of_the_merged_tree",
            "artefacts::pages::a_page_that_follows_from_what_is_granted_needs_no_grant",
        ],
    },
    Case {
        id: "C-32",
        attack: "the same by the command of a run, by an import, and by a run that lands under a stricter policy",
        answer: "GOV-003, INT-008",
        tests: &[
            "artefacts::runs::what_a_run_writes_is_judged_before_it_is_recorded",
            "artefacts::runs::a_run_that_was_made_before_is_judged_as_it_lands",
            "run_import::an_import_obeys_the_rules_of_artefacts",
        ],
    },
    Case {
        id: "C-33",
        attack: "a version that was taken back is given out again with another content",
        answer: "GOV-003",
        tests: &[
            "artefacts::roll_backs::what_was_taken_back_does_not_come_back_as_something_else",
            "artefacts::roll_backs::a_reverted_version_does_not_come_back_as_something_else",
        ],
    },
    Case {
        id: "C-34",
        attack: "a revert of another branch's commit, of none, of a part, or with something else, to be rid of a version",
        answer: "GOV-003",
        tests: &[
            "artefacts::roll_backs::only_what_the_branch_has_is_reverted",
            "artefacts::roll_backs::a_revert_is_the_exact_inverse_below_the_roots",
        ],
    },
    Case {
        id: "C-35",
        attack: "benign: `protocol_v1.0.md` beside a protected `prot/`; files that stood there before the policy asked",
        answer: "accepted",
        tests: &[
            "artefacts::commits::names_that_only_begin_like_a_protected_one_are_allowed",
            "artefacts::commits::what_stood_there_before_is_asked_nothing",
        ],
    },
    Case {
        id: "C-36",
        attack: "any of these committed with the client's hooks; a reversal that is committed by hand",
        answer: "GOV-003, INT-008; accepted",
        tests: &["artefacts::commits::the_clients_hook_says_the_same_of_what_is_staged"],
    },
    Case {
        id: "C-54",
        attack: "any of these, a protected path or a symlink in a merge that is staged, or that git makes by itself",
        answer: "GOV-003, INT-003, INT-008; an honest merge passes",
        tests: &[
            "artefacts::staged_merges::a_merge_in_progress_is_judged_before_its_commit",
            "artefacts::staged_merges::a_merge_that_needs_no_hand_is_judged_before_its_commit",
        ],
    },
    Case {
        id: "C-37",
        attack: "benign: 10,000 artefacts in one push, and one more",
        answer: "accepted",
        tests: &["artefacts::commits::ten_thousand_artefacts_are_judged_in_time"],
    },
];

/// A directory of versions with an archive.
pub const VERSIONED: &str = "\n[[artefacts]]\nroot = \"src/specs/\"\nname = \"versioned\"\narchive = [\"src/specs/archive/\"]\n";
/// The same, with a page.
pub const INDEXED: &str = "\n[[artefacts]]\nroot = \"src/specs/\"\nname = \"versioned\"\nindex = true\narchive = [\"src/specs/archive/\"]\n";

/// Adds tables to a policy.
pub fn with(text: String, tables: &str) -> String {
    let requires = "level = \"HYBRID\"\nrequires = [\"artefacts/1\"]\n";
    text.replace("level = \"HYBRID\"\n", requires) + tables
}

/// otto's door, where the policy has these tables.
pub fn door(tables: &str) -> Door {
    let world = World::founded();
    world.next_policy(2, None, |text| with(text, tables));
    for who in ["otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    Door::new(world, "otto")
}

/// What becomes of a file: its text, with this mode, or nothing.
pub type Edit<'a> = (&'a str, Option<(Mode, &'a str)>);

/// A plain file.
pub fn file<'a>(path: &'a str, text: &'a str) -> Edit<'a> {
    (path, Some((Mode::File, text)))
}

pub fn gone(path: &str) -> Edit<'_> {
    (path, None)
}

/// Commits edits on top of the first of these.
pub fn commit_as(door: &Door, parents: &[&str], message: &str, edits: &[Edit<'_>]) -> String {
    let repo = door.actor().repo;
    let base = repo.commit(parents[0].parse().unwrap()).unwrap().tree;
    let edits: Vec<_> = edits
        .iter()
        .map(|(path, content)| {
            let content =
                content.map(|(mode, text)| (mode, repo.write_blob(text.as_bytes()).unwrap()));
            (RepoPath::from(*path), content)
        })
        .collect();
    let tree = repo.edit_tree(Some(base), &edits).unwrap().to_string();
    door.raw().commit(&tree, parents, message)
}

pub fn commit(door: &Door, parent: &str, edits: &[Edit<'_>]) -> String {
    commit_as(door, &[parent], "Work\n", edits)
}

/// Each commit is refused with this finding, and found by `verify` once it is forced.
pub fn refuses_all(door: &Door, table: &[(&str, String, &str)]) {
    let mut forced = Vec::new();
    for (what, commit, rule) in table {
        let pushed = refuses(door, what, commit, rule);
        let code = rule.split(' ').next().unwrap();
        assert!(pushed.codes.contains(code));
        forced.push((commit.as_str(), code));
    }
    door.verify_finds_all(&forced);
}

/// The commit is refused with this finding, and maybe others.
pub fn refuses(door: &Door, what: &str, commit: &str, rule: &str) -> Pushed {
    let refspec = format!("{commit}:refs/heads/wip/refused");
    let pushed = door.refused_push(what, &[&refspec]);
    assert!(pushed.rules.contains(rule), "{what}: {}", pushed.text);
    pushed
}
