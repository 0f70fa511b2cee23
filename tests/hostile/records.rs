//! Records, inventories and ids: each malformed one is pushed, and found when it was forced.

mod bind;
mod json;
mod says;
mod spelling;
mod sums;

use super::Case;

pub const CASES: &[Case] = &[
    Case {
        id: "V-91",
        attack: "a contract with the user signature of another, with its mark, without one, or with that of another \
                 task; two clones with one signature",
        answer: "REP-001",
        tests: &[
            "packets::a_user_signature_stands_in_one_contract",
            "packets::of_two_clones_one_has_the_user_signature",
        ],
    },
    Case {
        id: "R-01, R-02",
        attack: "a byte of an artifact flipped after the inventory, a file added or removed",
        answer: "INT-001, INT-002",
        tests: &[
            "attacks::files::changed_evidence_is_refused",
            "attacks::files::added_evidence_is_refused",
            "attacks::files::removed_evidence_is_refused",
            "attacks::files::evidence_with_an_inventory_made_to_fit_is_refused",
            "integrity::directory::every_flipped_byte_is_found",
        ],
    },
    Case {
        id: "R-04, R-05",
        attack: "an inventory with a duplicate name, a path outside the run, its own name, CRLF, capitals, \
                 comments, another separator",
        answer: "INT-004, INT-002",
        tests: &[
            "hostile::records::sums::an_inventory_in_any_other_form_is_refused_at_import_and_at_the_door",
            "integrity::directory::every_kind_of_finding_has_its_code_and_names_what_it_is_about",
        ],
    },
    Case {
        id: "R-06",
        attack: "benign: file names with line feeds, carriage returns and backslashes",
        answer: "accepted",
        tests: &["integrity::names::ten_thousand_names_are_listed_as_coreutils_list_them"],
    },
    Case {
        id: "R-09",
        attack: "code or evidence smuggled into timestamps/, which no digest covers",
        answer: "INT-002",
        tests: &["hostile::records::sums::nothing_but_dates_stands_in_timestamps"],
    },
    Case {
        id: "R-11, R-13, R-15, R-16",
        attack: "JSON that parsers read differently, or that is not canonical",
        answer: "INT-004, INT-006",
        tests: &["hostile::records::json::a_record_in_any_other_form_is_refused_and_found"],
    },
    Case {
        id: "R-18",
        attack: "an unknown field, an unknown version",
        answer: "INT-004, ATT-003",
        tests: &["hostile::records::json::a_record_in_any_other_form_is_refused_and_found"],
    },
    Case {
        id: "R-19",
        attack: "times, owners and the order of files that could change a tarball",
        answer: "accepted",
        tests: &[
            "integrity::tarball::nothing_around_the_files_gets_into_the_tarball",
            "integrity::tarball::the_tarball_of_a_small_directory_is_pinned",
        ],
    },
    Case {
        id: "R-22",
        attack: "a run without an entry in the index, an entry without a run",
        answer: "STR-001",
        tests: &[
            "export::a_missing_entry_is_refused_found_and_added",
            "export::an_entry_without_a_finalization_is_refused_and_found",
        ],
    },
    Case {
        id: "R-24",
        attack: "a run id that is a path, a lock file, empty or very long, or used before",
        answer: "INT-004, STR-002, REP-001",
        tests: &[
            "hostile::records::json::a_run_id_is_a_plain_name",
            "attacks::statements::a_replayed_approval_is_refused",
            "run_import::an_approval_and_a_run_id_are_good_for_one_run",
        ],
    },
    Case {
        id: "R-26",
        attack: "an attestation of another run, with another reviewer's digest, or before gate 2",
        answer: "ATT-001, ATT-002, STR-001, GOV-002, GOV-005",
        tests: &[
            "hostile::records::bind::an_attestation_binds_its_run_its_reviewer_and_what_came_before",
            "hostile::records::bind::an_attestation_before_gate_2_and_gate_3_is_refused",
            "attacks::statements::an_attestation_of_another_tree_is_refused",
        ],
    },
    Case {
        id: "L-15",
        attack: "an event of a kind that is none, with content instead of references, or out of its turn",
        answer: "INT-004, GOV-011",
        tests: &[
            "events::an_unknown_id_and_a_payload_that_is_no_object_are_refused",
            "events::a_file_is_accepted_or_refused_alike_from_a_file_and_from_standard_input",
            "src/rules/events/tests::exactly_the_legal_sequences_of_up_to_five_events_are_accepted",
        ],
    },
    Case {
        id: "R-27",
        attack: "the address of a workflow run that is a script, a file, or full of escapes",
        answer: "INT-004",
        tests: &[
            "hostile::records::json::the_address_of_a_workflow_run_is_one_of_the_web",
            "src/record/name::workflow_urls_are_of_the_web_and_plain",
        ],
    },
    Case {
        id: "R-28",
        attack: "another content under a name that the ledger has, in a later commit or in the same push",
        answer: "REP-001",
        tests: &[
            "export::a_second_entry_of_a_run_is_refused_and_found",
            "hostile::approvals::withdrawn::an_approval_is_withdrawn_for_one_reason",
            "src/check/tests/doors::what_stood_in_between_is_judged_too",
        ],
    },
    Case {
        id: "U-04",
        attack: "evidence with another patch, a failed report, other steps, codes, provenance or scope",
        answer: "ATT-002",
        tests: &[
            "hostile::records::says::no_file_of_a_run_says_what_did_not_happen",
            "src/facts/contradictions/tests::a_patch_with_any_line_changed_or_left_out_does_not_make_the_commit",
        ],
    },
    Case {
        id: "U-04a",
        attack: "the same, forced past the hooks, fetched, pushed by `git awo`, brought to gate 2",
        answer: "ATT-002",
        tests: &[
            "hostile::records::says::evidence_that_contradicts_its_run_is_found_at_every_door",
        ],
    },
    Case {
        id: "U-04b",
        attack: "evidence with more in it, of another program, with any patch that git writes",
        answer: "accepted",
        tests: &[
            "hostile::records::says::evidence_that_says_what_happened_is_accepted",
            "src/facts/contradictions/tests::every_patch_that_git_writes_makes_the_commit",
        ],
    },
    Case {
        id: "U-61",
        attack: "evidence of a commit that the server does not have and cannot compare with it",
        answer: "INT-005",
        tests: &[
            "hostile::records::says::evidence_arrives_with_the_commit_that_it_speaks_of",
            "src/check/tests/evidence::the_record_of_a_run_arrives_with_the_objects_that_it_names",
        ],
    },
    Case {
        id: "U-63",
        attack: "a patch that unpacks to more than the commit has, or of millions of lines",
        answer: "ATT-002",
        tests: &[
            "hostile::records::says::a_patch_that_shows_another_change_is_refused",
            "src/facts/contradictions/tests::a_patch_gives_no_more_than_the_commit_has",
        ],
    },
    Case {
        id: "U-81",
        attack: "events of tens of millions of empty lines",
        answer: "GOV-002, and no further reading",
        tests: &[
            "hostile::records::says::millions_of_empty_lines_are_no_events",
            "src/evidence/invariants/evidence_tests::a_file_is_not_read_further_than_its_faults_are_listed",
        ],
    },
    Case {
        id: "U-82",
        attack: "steps that failed by the index, events of a failed or of another run, exit codes under other names",
        answer: "ATT-002",
        tests: &["hostile::records::says::no_file_of_a_run_says_what_did_not_happen"],
    },
    Case {
        id: "U-66",
        attack: "a patch with other names in its headers, without ids, or that hides what it changes",
        answer: "ATT-002",
        tests: &[
            "hostile::records::says::a_patch_that_shows_another_change_is_refused",
            "src/facts/contradictions/tests::headers_of_a_patch_that_do_not_agree_are_refused",
        ],
    },
    Case {
        id: "U-66b",
        attack: "a list of changed paths with equal keys, with a mark before it, that is a list",
        answer: "ATT-002",
        tests: &["hostile::records::says::a_document_that_others_read_otherwise_is_refused"],
    },
    Case {
        id: "U-66a",
        attack: "benign: every patch that git writes, with renames, copies, quoted names, no prefix",
        answer: "accepted",
        tests: &["src/facts/contradictions/tests::every_patch_that_git_writes_makes_the_commit"],
    },
    Case {
        id: "U-13",
        attack: "a note with an empty line, a line twice, no last line feed or a statement signed twice; a ledger commit \
                 that adds nothing; a sentence with a line feed; keys in two Unicode forms",
        answer: "INT-004, REP-001, STR-002, GOV-005",
        tests: &[
            "hostile::records::spelling::a_note_and_a_ledger_have_one_spelling_at_the_door",
            "src/check/tests/notes::a_note_has_one_spelling",
            "src/check/tests/notes::a_commit_of_the_ledger_adds_something",
            "src/check/tests/notes::an_approval_has_the_sentence_itself_and_one_of_a_run_nothing_of_a_task",
            "src/packet/tests::two_unicode_forms_of_a_key_are_refused",
            "src/record/contract/tests::two_unicode_forms_of_a_key_are_one_key_twice",
        ],
    },
    Case {
        id: "U-15",
        attack: "forged past the hooks what a door refuses: an approval valid for years, an empty nonce, a rewind",
        answer: "as at the door",
        tests: &[
            "src/check/tests/notes::an_approval_is_valid_for_a_while",
            "src/check/tests/notes::a_nonce_is_a_plain_word_of_its_own",
            "src/check/tests/logs::a_receipt_that_rewinds_a_branch_is_found_where_no_rule_takes_rewinds",
        ],
    },
    Case {
        id: "U-08",
        attack: "a run directory with names that the server refuses, brought by `run import`",
        answer: "INT-003",
        tests: &["run_import::what_the_server_would_refuse_is_not_imported"],
    },
];
