//! Approvals: who gives them, in which words, of what, and when.

mod persons;
mod renewed;
pub(super) mod withdrawn;
mod words;

use super::Case;

pub const CASES: &[Case] = &[
    Case {
        id: "A-01",
        attack: "the orchestrator of a run reviews it",
        answer: "GOV-001",
        tests: &[
            "attacks::reviews::a_self_approved_run_is_refused",
            "hostile::approvals::persons::nobody_reviews_a_run_of_their_own_under_any_name",
        ],
    },
    Case {
        id: "A-02",
        attack: "the same person in another case, with a plus suffix, or with a second name for the same key",
        answer: "GOV-001, GOV-006, ATT-001",
        tests: &[
            "hostile::approvals::persons::nobody_reviews_a_run_of_their_own_under_any_name",
            "hostile::signatures::keys::one_key_is_one_person",
            "attacks::reviews::a_log_that_names_another_reviewer_is_refused",
        ],
    },
    Case {
        id: "A-04",
        attack: "a .mailmap in the tree or in the configuration maps the author to another person",
        answer: "GOV-001, GOV-003",
        tests: &["hostile::approvals::persons::no_mailmap_makes_two_persons_of_one"],
    },
    Case {
        id: "A-05",
        attack: "benign: a self-approval of one run that the policy's authority permits",
        answer: "accepted",
        tests: &["hostile::approvals::persons::a_permitted_self_approval_passes_and_says_so"],
    },
    Case {
        id: "A-06",
        attack: "an override with another spelling or type, in another record, or by another person",
        answer: "GOV-001, INT-004, ATT-001",
        tests: &[
            "hostile::approvals::words::a_permission_has_one_spelling",
            "hostile::approvals::words::a_permission_stands_in_a_record_of_its_own",
            "hostile::signatures::matrix::no_kind_is_made_by_somebody_without_its_role",
        ],
    },
    Case {
        id: "A-07",
        attack: "an override for a run with a broken invariant",
        answer: "GOV-002",
        tests: &["hostile::approvals::persons::a_permission_lifts_no_invariant"],
    },
    Case {
        id: "A-08, A-10",
        attack: "a sentence that looks like the required one, or contains it in another text",
        answer: "GOV-005",
        tests: &[
            "hostile::approvals::words::a_sentence_is_compared_byte_for_byte",
            "main_road::a_sentence_with_one_character_changed_is_refused",
        ],
    },
    Case {
        id: "A-12",
        attack: "an approval of another commit, base, task or contract",
        answer: "ATT-002",
        tests: &[
            "hostile::approvals::words::an_approval_binds_what_it_approves",
            "attacks::statements::an_approval_for_another_commit_is_refused",
            "attacks::statements::an_approval_of_another_root_is_refused",
        ],
    },
    Case {
        id: "A-13",
        attack: "the approved commit again, after it was rolled back",
        answer: "REP-001",
        tests: &[
            "attacks::rollbacks::the_same_commit_again_after_a_roll_back_is_refused",
            "attacks::statements::a_replayed_approval_is_refused",
            "attacks::statements::another_approval_with_the_nonce_of_one_that_is_there_is_refused",
        ],
    },
    Case {
        id: "A-15",
        attack: "an approval made in a fork",
        answer: "ATT-002",
        tests: &["attacks::statements::an_approval_from_another_repository_is_refused"],
    },
    Case {
        id: "A-17",
        attack: "gate 3 before gate 2",
        answer: "GOV-002",
        tests: &[
            "hostile::approvals::words::gate_3_comes_after_gate_2",
            "attacks::reviews::an_approval_after_a_failed_review_is_refused",
        ],
    },
    Case {
        id: "A-20",
        attack: "no independence log, an empty one, or one of another run",
        answer: "ATT-002, GOV-002, GOV-005, INT-004",
        tests: &[
            "hostile::approvals::words::an_independence_log_is_one_of_this_run",
            "hostile::records::bind::an_attestation_before_gate_2_and_gate_3_is_refused",
            "attacks::code::the_commit_without_its_last_records_is_refused",
        ],
    },
    Case {
        id: "A-21",
        attack: "an approval withdrawn by somebody else, after it was used, or of nothing",
        answer: "GOV-005, REP-001, STR-001",
        tests: &[
            "hostile::approvals::withdrawn::only_an_own_approval_that_is_there_is_withdrawn",
            "hostile::approvals::withdrawn::what_is_used_is_not_withdrawn",
        ],
    },
    Case {
        id: "A-22",
        attack: "an approval used after it was withdrawn",
        answer: "GOV-005",
        tests: &[
            "hostile::approvals::withdrawn::no_run_spends_what_was_withdrawn",
            "hostile::approvals::withdrawn::an_approval_withdrawn_while_its_run_goes_on_is_not_spent",
            "hostile::approvals::withdrawn::no_attestation_counts_what_was_withdrawn",
        ],
    },
    Case {
        id: "U-03",
        attack: "an approval of two seconds, to end somebody's run; one that expires before the run has landed",
        answer: "GOV-005 until another one takes its place; nothing but a veto ends a run",
        tests: &[
            "src/check/tests/renewals::approvals_expire_and_are_renewed_and_withdrawn_in_every_order",
            "hostile::approvals::renewed::a_run_whose_approval_expired_after_the_attestation_is_approved_and_attested_again",
            "src/rules/tests/gates::an_approval_that_expired_is_history_where_another_one_is_valid",
        ],
    },
    Case {
        id: "U-03a",
        attack: "benign: an approval that expired is withdrawn, also one that nobody had pushed, and given again",
        answer: "accepted",
        tests: &[
            "hostile::approvals::renewed::an_approval_that_expired_before_it_was_pushed_is_withdrawn_or_refused",
            "hostile::approvals::renewed::a_run_whose_approval_expired_after_the_attestation_is_approved_and_attested_again",
        ],
    },
    Case {
        id: "U-91",
        attack: "a run whose target no record admits, or one with another risk, owner, locator or signer, or one withdrawn",
        answer: "GOV-002, ATT-001",
        tests: &[
            "admissions::without_an_admission_nothing_runs_and_with_one_it_does",
            "admissions::another_risk_another_owner_and_another_locator_admit_nothing",
            "admissions::a_withdrawn_admission_admits_nothing_from_then_on",
            "admissions::only_an_operator_admits_and_withdraws",
            "src/check/tests/admissions::the_log_says_whether_an_admission_stood_when_the_run_came",
        ],
    },
    Case {
        id: "U-41",
        attack: "an approval that was withdrawn when its attestation had expired, in another attestation",
        answer: "GOV-005; accepted with another approval of the same person",
        tests: &[
            "src/check/tests/renewals::approvals_expire_and_are_renewed_and_withdrawn_in_every_order",
            "hostile::approvals::renewed::an_attestation_that_has_expired_keeps_no_approval_from_being_withdrawn",
        ],
    },
    Case {
        id: "U-14",
        attack: "a reviewer whom the commit names as author, committer or co-author; an approval of a run that names                  another task or has the fields of an approval of a task",
        answer: "GOV-001, ATT-002",
        tests: &[
            "hostile::approvals::persons::whom_the_commit_names_among_its_authors_reviews_nothing_of_it",
            "src/check/tests/notes::whom_the_commit_names_among_its_authors_does_not_review_it",
            "src/check/tests/notes::an_approval_has_the_sentence_itself_and_one_of_a_run_nothing_of_a_task",
        ],
    },
];
