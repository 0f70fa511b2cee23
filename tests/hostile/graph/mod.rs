//! Commits, their graph, and refs.

mod claims;
mod commits;
mod merges;
mod refs;

use super::Case;

pub const CASES: &[Case] = &[
    Case {
        id: "G-01",
        attack: "a push to main of a commit that no run made",
        answer: "GOV-002",
        tests: &[
            "attacks::code::a_direct_commit_is_refused",
            "attacks::code::a_direct_commit_is_accepted_where_the_policy_grants_it",
        ],
    },
    Case {
        id: "G-02",
        attack: "a change that a later commit of the push undoes: a path, a mode, a name, on a side branch",
        answer: "GOV-003, INT-003",
        tests: &[
            "attacks::code::a_path_added_and_removed_within_the_push_is_refused",
            "hostile::graph::commits::what_is_done_and_undone_is_seen_wherever_it_hides",
        ],
    },
    Case {
        id: "G-03",
        attack: "a merge with more or less than its parents contain: two or three parents, `-s ours`, a \
                 duplicate parent, swapped parents, an older parent, criss-cross",
        answer: "GOV-003",
        tests: &[
            "hostile::graph::merges::a_merge_brings_in_what_each_side_may_and_no_more",
            "attacks::code::a_merge_that_hides_a_change_is_refused",
            "hostile::graph::merges::merges_are_compared_with_every_parent",
        ],
    },
    Case {
        id: "G-05",
        attack: "any merge where the policy allows none",
        answer: "GOV-002, GOV-004",
        tests: &[
            "attacks::code::a_merge_is_refused_where_merges_are_not",
            "hostile::graph::merges::no_merge_is_taken_on_a_governed_branch",
        ],
    },
    Case {
        id: "G-06",
        attack: "a commit pushed first to a branch with looser rules or to a ref past the hooks, then main \
                 moved to it; a branch on top of a commit that main refuses",
        answer: "ATT-002, GOV-002, GOV-003",
        tests: &[
            "hostile::graph::refs::a_commit_that_the_server_has_is_judged_where_it_goes",
            "hostile::graph::refs::main_and_a_branch_on_top_of_it_land_in_one_push",
            "hostile::graph::refs::a_clone_of_one_branch_that_builds_on_main_verifies",
        ],
    },
    Case {
        id: "G-08",
        attack: "an unrelated root commit pushed over main, or merged into it",
        answer: "GOV-002, GOV-003, GOV-004",
        tests: &[
            "hostile::graph::refs::main_is_not_moved_but_forward",
            "hostile::graph::merges::no_merge_is_taken_on_a_governed_branch",
            "hostile::graph::merges::an_unrelated_history_is_judged_whole",
        ],
    },
    Case {
        id: "G-10",
        attack: "main rewound, deleted, forced to a sibling; a mirror of an empty clone",
        answer: "GOV-004, REP-002",
        tests: &[
            "attacks::refs::branches_are_neither_deleted_nor_rewound",
            "hostile::graph::refs::main_is_not_moved_but_forward",
            "hostile::graph::refs::a_mirror_of_an_empty_clone_deletes_nothing",
        ],
    },
    Case {
        id: "G-11",
        attack: "tags created, moved and deleted; an annotated tag with another name inside; a tag object as \
                 the tip of a branch",
        answer: "GOV-004, INT-003",
        tests: &[
            "attacks::refs::refs_of_other_kinds_are_refused",
            "hostile::graph::refs::tags_are_neither_made_nor_moved_nor_deleted",
            "hostile::graph::refs::a_branch_is_at_a_commit",
        ],
    },
    Case {
        id: "G-13",
        attack: "ref names that are ambiguous when abbreviated: a tag or branch called main, refs/heads/main, \
                 HEAD, an object id, @, an option",
        answer: "GOV-004",
        tests: &[
            "hostile::graph::refs::odd_names_are_judged_in_full",
            "hostile::graph::refs::a_name_that_means_two_things_is_not_guessed",
        ],
    },
    Case {
        id: "G-15",
        attack: "a push of replace refs",
        answer: "GOV-004",
        tests: &["hostile::graph::refs::replace_refs_and_refs_of_no_kind_are_refused"],
    },
    Case {
        id: "G-28",
        attack: "the attested commit amended, rebased, squashed, cherry-picked, or its message and records \
                 reused for another commit",
        answer: "ATT-002, GOV-002, GOV-003",
        tests: &[
            "attacks::rollbacks::an_amended_commit_is_refused",
            "hostile::graph::commits::another_commit_under_the_records_of_a_run_is_refused",
        ],
    },
    Case {
        id: "G-30",
        attack: "commits that parsers read differently: duplicate, missing or unordered headers, headers with \
                 NUL, CR or spaces; dates and time zones that git does not write",
        answer: "INT-003, ATT-003",
        tests: &[
            "hostile::graph::commits::commits_that_can_be_read_in_two_ways_are_refused",
            "hostile::graph::commits::odd_but_plain_commits_are_accepted",
        ],
    },
    Case {
        id: "G-33",
        attack: "a commit that an older policy allowed on one branch: pushed to another branch, or again after \
                 a rewind, once the policy forbids it",
        answer: "GOV-003",
        tests: &[
            "hostile::graph::refs::what_stands_on_one_branch_by_an_older_policy_does_not_come_to_another_or_back",
            "hostile::graph::refs::a_branch_on_main_after_a_policy_change_is_accepted_and_verifies",
        ],
    },
    Case {
        id: "U-80",
        attack: "direct commits of a branch, pushed to another one once the first takes runs only",
        answer: "GOV-002, GOV-003; what a policy adopted is accepted",
        tests: &[
            "hostile::graph::refs::direct_commits_of_a_branch_that_now_takes_runs_only_do_not_come_to_others",
        ],
    },
    Case {
        id: "U-86",
        attack: "what main took directly after its adoption, pushed to a branch with stricter writers; benign: a branch \
                 on what main adopted",
        answer: "GOV-003; the benign one is accepted",
        tests: &[
            "src/check/tests/branches::what_a_branch_of_direct_commits_adopted_is_known_where_others_build_on_it",
            "founding::a_branch_begins_where_a_main_of_direct_commits_was_adopted",
        ],
    },
    Case {
        id: "G-31",
        attack: "a parent or tree that is missing, of another kind, or null",
        answer: "INT-003, INT-005",
        tests: &["hostile::graph::commits::a_commit_of_objects_that_are_not_there_is_refused"],
    },
    Case {
        id: "G-32",
        attack: "a direct commit under the trailers of a run: cherry-picked, or written by hand",
        answer: "ATT-002, GOV-002, GOV-003, GOV-008, and what mends it",
        tests: &["hostile::graph::claims::a_false_claim_is_refused_with_what_mends_it"],
    },
    Case {
        id: "U-12",
        attack: "trailers that git reads and a simpler reader does not: a blank before the colon, beside prose and a \
                 Signed-off-by, above comments; and the other way round",
        answer: "GOV-002, GOV-008",
        tests: &[
            "hostile::graph::claims::a_false_claim_is_refused_with_what_mends_it",
            "differential::trailers_are_those_that_git_log_shows",
        ],
    },
    Case {
        id: "U-44",
        attack: "two branches that take only runs are made in one push at a run of one of them, in any order",
        answer: "ATT-002 where the branch of the run comes later by name, and otherwise accepted, as verify does",
        tests: &[
            "src/check/tests/branches::the_door_judges_the_branches_of_a_push_in_the_order_of_verify",
            "hostile::graph::refs::branches_of_one_push_are_judged_in_one_order_at_the_door_and_by_verify",
        ],
    },
    Case {
        id: "U-45",
        attack: "a branch that takes only runs and may be moved back is moved to the run of another one; deleted, and \
                 made again there",
        answer: "ATT-002; and accepted, as a new branch is, by every clone",
        tests: &[
            "src/check/tests/branches::a_branch_that_is_made_again_is_as_new_to_verify_as_to_the_door",
            "hostile::graph::refs::a_branch_that_is_deleted_and_made_again_verifies",
        ],
    },
];
