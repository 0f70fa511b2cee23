//! Races, crashes, hooks that do not end well: the tests are in `tests/races` and `tests/crash`.

use super::Case;

pub const CASES: &[Case] = &[
    Case {
        id: "X-01",
        attack: "many processes write at the same time, in one clone and by push",
        answer: "accepted: none lost, none twice",
        tests: &[
            "races::writers::sixteen_processes_add_five_records_each_and_none_is_lost_or_there_twice",
            "races::writers::eight_clones_push_three_records_each_and_none_is_lost_or_there_twice",
        ],
    },
    Case {
        id: "X-02",
        attack: "a slow push was judged before a LOCK that lands first; two pushes spend one approval",
        answer: "REP-003, GOV-007",
        tests: &[
            "races::order::no_code_lands_after_lock_whichever_push_is_faster",
            "races::order::of_two_spends_of_one_approval_one_lands",
        ],
    },
    Case {
        id: "U-42",
        attack: "a client hangs up before it is told that its push stands, or does not listen until a later policy",
        answer: "accepted: the receipt is written before git tells the client",
        tests: &[
            "races::clients::a_client_that_hangs_up_gets_its_receipt",
            "races::clients::a_client_that_does_not_listen_gets_its_receipt_before_the_next_policy",
        ],
    },
    Case {
        id: "X-04",
        attack: "a push that is not atomic, while a lock keeps the records out",
        answer: "documented: the branch does not move without its records",
        tests: &[
            "races::doors::a_branch_does_not_land_while_the_lock_of_the_ledger_keeps_its_records_out",
        ],
    },
    Case {
        id: "X-05",
        attack: "a process is killed, or the disk full or broken, at any call",
        answer: "accepted: the old state or the new one, and again succeeds",
        tests: &[
            "crash::client::a_run_is_recorded_whole_or_not_at_all",
            "crash::client::a_run_is_finalized_with_its_branch_or_not",
            "crash::client::a_fetch_merges_or_not",
        ],
    },
    Case {
        id: "X-07",
        attack: "a lock left by a dead process",
        answer: "REP-003",
        tests: &["taxonomy::refusals::a_lock_that_never_goes_is_named_by_its_code"],
    },
    Case {
        id: "X-09",
        attack: "gc, repack and pack-refs beside pushes and verify",
        answer: "accepted: nothing lost, nothing false found",
        tests: &[
            "races::gc::ten_pushes_beside_gc_repack_and_pack_refs_lose_nothing_and_nothing_false_is_found",
        ],
    },
    Case {
        id: "X-11",
        attack: "a hook is killed, fails, or nobody reads its output",
        answer: "documented: git refuses the push, and nothing moves",
        tests: &[
            "races::doors::a_push_is_refused_when_a_hook_is_killed_or_fails_or_is_not_heard_to_the_end",
        ],
    },
];
