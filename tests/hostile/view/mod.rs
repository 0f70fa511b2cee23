//! What a clone shows of its objects: replaced, hidden, left out, forged.

mod formats;
mod hidden;
mod stores;

use super::Case;

pub const CASES: &[Case] = &[
    Case {
        id: "G-15, in a clone",
        attack: "replace refs in a clone, packed or loose, also under another base",
        answer: "INT-005",
        tests: &["hostile::view::hidden::whatever_hides_objects_is_named_by_verify"],
    },
    Case {
        id: "G-16",
        attack: "grafts, a shallow or partial clone, a promisor remote or pack",
        answer: "INT-005",
        tests: &[
            "hostile::view::hidden::whatever_hides_objects_is_named_by_verify",
            "hostile::view::hidden::a_clone_by_depth_or_filter_is_not_whole",
            "hostile::view::hidden::a_server_that_hides_objects_refuses_pushes",
        ],
    },
    Case {
        id: "G-19",
        attack: "another object's bytes, truncated bytes or garbage under an object's name, loose or in a pack",
        answer: "INT-001, INT-005",
        tests: &[
            "attacks::found::swapped_and_missing_files_are_found",
            "hostile::view::stores::every_object_swapped_for_another_is_found",
            "hostile::view::stores::broken_packs_are_found",
        ],
    },
    Case {
        id: "G-20",
        attack: "a pack index or multi-pack-index that points ids at other objects; a commit-graph with other parents",
        answer: "INT-001",
        tests: &[
            "hostile::view::stores::a_forged_pack_index_is_found",
            "hostile::view::stores::a_pack_beside_what_was_verified_hides_nothing",
            "hostile::view::stores::a_forged_commit_graph_is_not_believed",
        ],
    },
    Case {
        id: "G-21",
        attack: "alternates: a directory that the attacker changes later",
        answer: "INT-001, INT-005",
        tests: &["hostile::view::stores::objects_behind_alternates_are_hashed_too"],
    },
    Case {
        id: "G-25",
        attack: "repositories of other forms: SHA-256, reftable, linked worktrees, a .git file",
        answer: "INT-005",
        tests: &[
            "hostile::view::formats::the_whole_road_on_sha256",
            "hostile::view::formats::a_reftable_clone_is_refused_by_every_command",
            "hostile::view::formats::a_reftable_server_refuses_pushes",
            "hostile::view::formats::linked_worktrees_and_git_files_are_the_same_repository",
        ],
    },
    Case {
        id: "G-27",
        attack: "SHA-1 collisions: known colliding messages; one object served under another's id",
        answer: "INT-001; colliding bytes get no id at all",
        tests: &[
            "hostile::view::stores::every_object_swapped_for_another_is_found",
            "src/git/tests_objects::bytes_of_a_collision_attack_have_no_hash",
        ],
    },
    Case {
        id: "G-34",
        attack: "the index of the ledger damaged, removed, made to hide a record, or written by the command of a run",
        answer: "named by git awo doctor; no other answer changes",
        tests: &[
            "src/store/additions/tests::no_damage_to_the_index_changes_an_answer",
            "src/store/additions/tests::an_index_that_hides_a_file_is_noticed_by_whoever_compares_it",
            "status::an_index_that_a_command_touched_is_made_anew",
            "status::what_was_found_before_changes_no_answer",
        ],
    },
];
