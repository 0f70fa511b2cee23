//! Signatures: their namespaces, statements, form and keys.

mod commits;
mod form;
mod keys;
mod matrix;
mod touch;

use super::Case;
pub use form::olga;

pub const CASES: &[Case] = &[
    Case {
        id: "S-01",
        attack: "a record without a signature, or with the signature of another record, of an unknown key, or \
                 of another person than it claims",
        answer: "ATT-003, ATT-004, ATT-001",
        tests: &[
            "hostile::signatures::form::an_envelope_proves_something_by_the_one_signature_of_its_signer",
        ],
    },
    Case {
        id: "S-02",
        attack: "a record by a known person with another role",
        answer: "ATT-001",
        tests: &[
            "attacks::statements::an_outcome_by_the_orchestrator_is_refused",
            "hostile::signatures::matrix::no_kind_is_made_by_somebody_without_its_role",
        ],
    },
    Case {
        id: "S-03",
        attack: "a signature made for another kind of record, for git or for a file",
        answer: "ATT-003",
        tests: &[
            "hostile::signatures::matrix::every_kind_holds_in_its_own_namespace_and_place_and_in_no_other",
            "hostile::signatures::matrix::a_contract_in_another_namespace_is_refused",
            "hostile::signatures::matrix::an_approval_in_another_namespace_is_refused",
            "hostile::signatures::matrix::a_run_record_in_another_namespace_is_refused",
            "hostile::signatures::matrix::an_independence_log_in_another_namespace_is_refused",
            "hostile::signatures::matrix::an_override_in_another_namespace_is_refused",
            "hostile::signatures::matrix::an_attestation_in_another_namespace_is_refused",
            "hostile::signatures::matrix::a_finalization_in_another_namespace_is_refused",
            "hostile::signatures::matrix::an_outcome_in_another_namespace_is_refused",
            "hostile::signatures::matrix::a_policy_in_another_namespace_is_refused",
            "attacks::statements::an_attestation_reused_as_an_approval_is_refused",
        ],
    },
    Case {
        id: "S-04",
        attack: "an envelope or a signature in another encoding, with bytes added, removed or exchanged",
        answer: "INT-004, ATT-003",
        tests: &[
            "hostile::signatures::form::an_envelope_has_one_spelling",
            "hostile::signatures::form::a_blob_in_any_other_form_is_refused",
            "hostile::signatures::commits::a_commits_armour_has_one_spelling",
        ],
    },
    Case {
        id: "S-05",
        attack: "a signature over other bytes than are stored: compact JSON, a final line feed",
        answer: "ATT-002, INT-004",
        tests: &[
            "hostile::signatures::form::the_bytes_that_were_signed_are_the_bytes_that_are_stored",
        ],
    },
    Case {
        id: "S-07",
        attack: "two approvals by one person with two keys, or the same one twice",
        answer: "GOV-005",
        tests: &["hostile::approvals::persons::two_keys_of_one_person_are_one_approval"],
    },
    Case {
        id: "S-09",
        attack: "keys and algorithms that are too weak or unknown, points of small order, malleable numbers",
        answer: "ATT-003, ATT-004, GOV-006",
        tests: &[
            "hostile::signatures::keys::a_key_that_no_policy_can_name_signs_nothing_and_comes_into_no_policy",
            "hostile::signatures::keys::every_other_kind_of_key_signs",
            "hostile::signatures::form::a_blob_in_any_other_form_is_refused",
        ],
    },
    Case {
        id: "S-11",
        attack: "an agent signs with the key that a person's ssh-agent holds",
        answer: "ATT-004, ATT-003",
        tests: &[
            "hostile::signatures::touch::a_touch_is_demanded_of_security_keys_and_of_all_keys_where_the_policy_asks_for_it",
            "src/rules/tests::a_touch_is_demanded_of_what_people_sign_and_never_so_that_no_root_is_left",
        ],
    },
    Case {
        id: "S-12",
        attack: "a record made or pushed after its key was revoked, or outside the key's validity period",
        answer: "ATT-004",
        tests: &[
            "policy_changes::a_statement_by_a_revoked_key_that_arrives_after_the_revocation_is_refused",
            "hostile::signatures::keys::a_key_is_good_from_its_first_second_to_the_one_before_its_last",
            "policy_changes::a_root_key_after_its_window_signs_nothing_by_dating_back",
        ],
    },
    Case {
        id: "S-13",
        attack: "benign: records from before a key rotation stay valid after it",
        answer: "accepted",
        tests: &[
            "policy_changes::statements_made_before_a_rotation_stay_valid_and_later_ones_need_the_new_key",
            "policy_changes::a_governed_commit_lands_although_a_reviewer_rotated_the_key_meanwhile",
        ],
    },
    Case {
        id: "S-16",
        attack: "certificates as keys, signatures by them, cert-authority lines",
        answer: "ATT-004, GOV-006",
        tests: &[
            "hostile::signatures::keys::a_key_that_no_policy_can_name_signs_nothing_and_comes_into_no_policy",
            "hostile::signatures::keys::a_key_is_good_from_its_first_second_to_the_one_before_its_last",
        ],
    },
    Case {
        id: "S-17",
        attack: "one key under the names of two persons, or one person under two names",
        answer: "GOV-006",
        tests: &["hostile::signatures::keys::one_key_is_one_person"],
    },
    Case {
        id: "U-05",
        attack: "a record of any kind copied under another name that such a record could have: of another root, run, task, record, object or month",
        answer: "INT-004, ATT-002",
        tests: &[
            "hostile::signatures::matrix::a_record_of_every_kind_stands_only_where_its_content_says",
            "src/check/tests/proposals::a_proposal_follows_a_policy_and_is_signed_by_a_root",
        ],
    },
    Case {
        id: "U-11",
        attack: "a signed commit of two readings: a parent twice, control characters in a person, another encoding, \
                 headers that no signature covers or that could stand elsewhere",
        answer: "INT-003",
        tests: &["hostile::signatures::commits::a_signed_commit_has_one_reading"],
    },
    Case {
        id: "U-11a",
        attack: "benign: such a commit from before adoption and work on top of it; one that an older program let in",
        answer: "accepted",
        tests: &[
            "hostile::signatures::commits::a_commit_of_two_readings_that_was_there_stays",
            "src/check/tests/branches::what_arrives_has_one_reading_and_what_the_log_tells_of_stays",
        ],
    },
    Case {
        id: "U-38",
        attack: "benign: private keys wrapped at any width, mail addresses as principals, a line of a .pub file as an \
                 allowed signer",
        answer: "accepted, or GOV-006 with what to write",
        tests: &[
            "hostile::signatures::keys::keys_and_lines_as_people_have_them_are_read_or_told_what_they_lack",
            "src/signing/signer_tests::a_key_is_read_however_its_lines_are_wrapped",
            "src/signing/allowed_tests::a_public_line_is_told_what_it_lacks",
        ],
    },
];
