//! Trees and paths.

mod artefacts;
mod collisions;
mod kinds;
mod modes;
mod names;
mod permitted;
mod records;
mod scope;
mod shape;
pub mod variants;

use super::Case;
use super::door::Door;

pub const CASES: &[Case] = &[
    Case {
        id: "P-01, L-11",
        attack: "one commit that changes an allowed file and also a protected or foreign one",
        answer: "GOV-003",
        tests: &[
            "hostile::trees::scope::paths_that_nobody_granted",
            "hostile::trees::scope::what_is_touched_and_put_back_in_one_push_is_seen",
            "hostile::trees::scope::renames_copies_and_swaps",
        ],
    },
    Case {
        id: "P-02",
        attack: "a path that has an allowed one as prefix, or replaces it",
        answer: "GOV-003",
        tests: &["hostile::trees::scope::a_path_that_only_begins_like_an_allowed_one"],
    },
    Case {
        id: "P-03",
        attack: "a protected path in another case or Unicode form, with invisible characters, or by its short name",
        answer: "GOV-003",
        tests: &["hostile::trees::scope::a_protected_path_spelt_otherwise"],
    },
    Case {
        id: "P-05",
        attack: "two names in one directory that are one name to some file system",
        answer: "INT-003",
        tests: &[
            "hostile::trees::collisions::names_that_a_file_system_takes_for_one",
            "hostile::trees::collisions::a_new_name_that_collides_with_one_that_was_there",
            "hostile::trees::collisions::a_merge_of_two_innocent_sides_collides",
            "hostile::trees::collisions::what_was_taken_away_is_not_merged_back",
        ],
    },
    Case {
        id: "P-06",
        attack: "benign: a collision from before adoption in a directory that is changed",
        answer: "accepted",
        tests: &["hostile::trees::collisions::what_was_adopted_does_not_stand_in_the_way"],
    },
    Case {
        id: "P-07",
        attack: "disguises of .git, '.', '..' and of git's own files, at any depth",
        answer: "INT-003",
        tests: &[
            "hostile::trees::names::disguises_at_any_depth",
            "hostile::trees::names::disguises_of_protected_files_are_found_twice",
        ],
    },
    Case {
        id: "P-09",
        attack: "names with slashes, '.', '..', empty names",
        answer: "INT-003",
        tests: &[
            "hostile::trees::names::disguises_at_any_depth",
            "hostile::trees::shape::trees_that_git_itself_cannot_read",
        ],
    },
    Case {
        id: "P-10",
        attack: "names with line feeds, tabs, escapes, separators",
        answer: "INT-003",
        tests: &["hostile::trees::names::names_that_a_reader_of_lines_would_split"],
    },
    Case {
        id: "P-11",
        attack: "names that are not UTF-8; components and paths that are too long",
        answer: "INT-003",
        tests: &[
            "hostile::trees::names::names_that_are_no_text",
            "hostile::size::components_and_paths_at_the_limit_and_one_more",
        ],
    },
    Case {
        id: "P-12",
        attack: "a symlink, also in place of a file or of a file that git obeys",
        answer: "INT-003, GOV-003",
        tests: &["hostile::trees::modes::symlinks_submodules_and_new_executables"],
    },
    Case {
        id: "P-15",
        attack: "a submodule, with or without .gitmodules",
        answer: "INT-003, GOV-003",
        tests: &["hostile::trees::modes::symlinks_submodules_and_new_executables"],
    },
    Case {
        id: "P-17",
        attack: "a file made executable, and nothing else",
        answer: "INT-003",
        tests: &[
            "hostile::trees::modes::symlinks_submodules_and_new_executables",
            "hostile::trees::modes::what_the_policy_names_may_be_executable_or_a_symlink",
        ],
    },
    Case {
        id: "P-19",
        attack: "renames, copies and swaps out of and into protected directories",
        answer: "GOV-003",
        tests: &[
            "hostile::trees::scope::renames_copies_and_swaps",
            "hostile::trees::scope::a_protected_file_got_at_in_every_way",
        ],
    },
    Case {
        id: "P-19a",
        attack: "a version or an archived file changed, moved, replaced or reached through its directory; its directory \
                 in another case or Unicode form",
        answer: "GOV-003, INT-003",
        tests: &[
            "hostile::trees::artefacts::an_artefact_got_at_in_every_way",
            "hostile::trees::artefacts::a_directory_of_artefacts_spelt_otherwise",
        ],
    },
    Case {
        id: "P-20",
        attack: "unsorted trees, duplicate names, modes that git does not write",
        answer: "INT-003",
        tests: &[
            "hostile::trees::shape::trees_that_git_would_not_write",
            "hostile::trees::shape::in_a_merge_and_in_between",
        ],
    },
    Case {
        id: "P-21",
        attack: "empty directories, which no changed path shows",
        answer: "INT-003",
        tests: &["hostile::trees::shape::trees_that_git_would_not_write"],
    },
    Case {
        id: "P-22",
        attack: "the empty tree at the root: everything is deleted",
        answer: "GOV-003",
        tests: &["hostile::trees::scope::everything_deleted"],
    },
    Case {
        id: "P-23",
        attack: "the same on a server with receive.fsckObjects",
        answer: "INT-003",
        tests: &["hostile::trees::shape::where_git_checks_objects_itself"],
    },
    Case {
        id: "P-24",
        attack: ".gitattributes, .gitmodules, .mailmap, .lfsconfig at any depth",
        answer: "GOV-003",
        tests: &["hostile::trees::scope::files_that_git_obeys_at_any_depth"],
    },
    Case {
        id: "P-25",
        attack: "patterns on which matchers differ: `*` across `/`, directories at any depth, braces, case",
        answer: "allowed ones match exactly, forbidden and protected ones broadly",
        tests: &[
            "src/policy/pattern::allowed_patterns_are_exact",
            "src/policy/pattern::forbidden_patterns_are_broad",
        ],
    },
    Case {
        id: "P-26",
        attack: "the same trees on the ledger, notes, evidence and policy refs, also in intermediate commits",
        answer: "INT-003, GOV-006",
        tests: &["hostile::trees::records::odd_trees_on_governance_refs"],
    },
    Case {
        id: "U-01",
        attack: "an entry whose mode is that of a file or a directory and whose object is of another kind, \
                 also undone, in a merge, and as a record, a note or evidence: nobody could clone any more",
        answer: "INT-003, GOV-006",
        tests: &[
            "hostile::trees::kinds::an_entry_that_names_an_object_of_another_kind_than_its_mode",
            "hostile::trees::kinds::commits_and_directories_that_name_objects_of_other_kinds",
            "hostile::trees::kinds::records_and_notes_that_are_no_blobs",
        ],
    },
    Case {
        id: "U-01a",
        attack: "benign: a server where git checks every object, and an ordinary commit",
        answer: "accepted",
        tests: &["hostile::trees::kinds::git_itself_refuses_it_where_init_has_told_it_to"],
    },
    Case {
        id: "V-20",
        attack: "a file that git obeys, changed by somebody whom git_files does not name for it, in another \
                 case, or below a directory of such a name; staged, pushed, by a run",
        answer: "GOV-003",
        tests: &[
            "hostile::trees::permitted::only_the_writers_of_a_file_that_git_obeys_change_it",
            "hostile::trees::permitted::a_run_changes_a_file_that_git_obeys_where_its_signer_and_its_contract_may",
        ],
    },
    Case {
        id: "V-21",
        attack: "benign: the same by its writer, directly and by a run whose contract allows the path",
        answer: "accepted, and no filter or conversion has any effect on what the run's commit holds",
        tests: &[
            "hostile::trees::permitted::only_the_writers_of_a_file_that_git_obeys_change_it",
            "hostile::trees::permitted::a_run_changes_a_file_that_git_obeys_where_its_signer_and_its_contract_may",
        ],
    },
    Case {
        id: "V-22",
        attack: "a submodule beside the places that the policy names, in place of a file that git obeys, or of \
                 another mode than 160000",
        answer: "INT-003",
        tests: &["hostile::trees::permitted::submodules_are_where_the_policy_has_them"],
    },
    Case {
        id: "V-23",
        attack: "benign: a submodule with its .gitmodules where the policy has both",
        answer: "accepted",
        tests: &["hostile::trees::permitted::submodules_are_where_the_policy_has_them"],
    },
    Case {
        id: "V-24",
        attack: "odd modes and names beside the places that the policy names; an odd mode that makes a file \
                 executable or a submodule",
        answer: "INT-003",
        tests: &["hostile::trees::permitted::odd_modes_and_names_are_where_the_policy_has_them"],
    },
    Case {
        id: "V-25",
        attack: "benign: odd modes and names where the policy has them, and old ones that a commit leaves alone",
        answer: "accepted",
        tests: &[
            "hostile::trees::permitted::odd_modes_and_names_are_where_the_policy_has_them",
            "hostile::trees::permitted::a_server_whose_git_refuses_what_the_policy_permits_is_told_by_doctor",
            "hostile::trees::permitted::old_modes_that_nobody_touches_stay_without_a_setting",
            "hostile::trees::permitted::a_run_leaves_submodules_and_odd_entries_as_they_are",
            "founding::an_adopted_branch_keeps_its_habits",
        ],
    },
    Case {
        id: "V-26",
        attack: "where the policy permits odd names: .git, '..' and git's own files behind a backslash, a \
                 control character or bytes that are no text",
        answer: "INT-003",
        tests: &[
            "hostile::trees::permitted::a_name_that_leads_elsewhere_is_refused_where_odd_names_are_permitted",
        ],
    },
    Case {
        id: "V-27",
        attack: "where the policy permits collisions: a symlink or a submodule that is one name with a directory, \
                 so that what is written below it ends up elsewhere",
        answer: "INT-003",
        tests: &[
            "hostile::trees::permitted::a_link_does_not_collide_where_collisions_are_permitted",
        ],
    },
    Case {
        id: "V-28",
        attack: "where the policy permits everything: duplicates, no order, empty directories, other kinds of \
                 objects than the mode says",
        answer: "INT-003",
        tests: &[
            "hostile::trees::permitted::trees_that_no_git_reads_alike_are_refused_where_everything_is_permitted",
        ],
    },
    Case {
        id: "V-29",
        attack: "a .gitmodules whose submodule has a name with '..', an option as its url or path, or a command \
                 that updates it, on a server where git does not check objects",
        answer: "INT-003",
        tests: &[
            "hostile::trees::permitted::submodules_are_cloned_to_their_places_and_run_nothing",
        ],
    },
    Case {
        id: "P-27",
        attack: "benign: a thousand ordinary files with accents, spaces, dots, long names",
        answer: "accepted",
        tests: &["hostile::trees::names::a_tree_as_people_make_them"],
    },
];

/// A table of commits in whose `src/` one entry stands besides: what it is called, and its id.
fn commits_in_src(door: &Door, names: &[&[u8]]) -> Vec<(String, String)> {
    let blob = door.raw().blob("x\n");
    let commit = |name: &&[u8]| {
        let id = door.commit_in_src(&[("100644", name, &blob)]);
        (String::from_utf8_lossy(name).into_owned(), id)
    };
    names.iter().map(commit).collect()
}
