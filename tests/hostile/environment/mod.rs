//! The environment and the configuration of whoever calls, and what comes out.

mod clocks;
pub mod commands;
mod disk;
mod files;
mod lines;
mod output;
mod owner;
mod plumbing;
mod road;
mod settings;
mod traps;
mod variables;
mod verdicts;

use super::Case;

pub use commands::every_command;
pub use road::walk;

pub const CASES: &[Case] = &[
    Case {
        id: "E-01, S-18",
        attack: "a clone whose configuration names programs: monitors, filters, drivers, pagers, editors, signers, hooks, aliases",
        answer: "accepted, and nothing is started; push and fetch start what reaches the remote",
        tests: &[
            "hostile::environment::commands::every_command_of_the_help_is_called_in_earnest",
            "hostile::environment::settings::the_traps_work",
            "hostile::environment::settings::the_main_road_starts_no_program_that_the_clone_names",
            "hostile::environment::settings::no_command_but_push_and_fetch_starts_what_the_clone_names",
            "hostile::environment::settings::push_and_fetch_start_only_what_reaches_the_remote",
        ],
    },
    Case {
        id: "E-02",
        attack: "a clone whose configuration changes what git shows and matches: renames, case, encodings, mailmaps, includes, worktree settings",
        answer: "accepted, and no verdict changes",
        tests: &[
            "hostile::environment::settings::the_main_road_is_the_same_whatever_the_clone_shows_and_matches",
            "hostile::environment::variables::no_variable_changes_a_verdict",
        ],
    },
    Case {
        id: "E-04",
        attack: "environment variables that redirect git, name programs or set configuration; core.worktree in \
                 another repository",
        answer: "accepted, and no verdict changes; INT-005 for a quarantine, STR-002 for another repository",
        tests: &[
            "hostile::environment::variables::the_main_road_is_the_same_under_a_hostile_environment",
            "hostile::environment::variables::no_variable_changes_a_verdict",
            "hostile::environment::variables::git_dir_is_followed_as_git_does_and_nothing_else_is",
            "hostile::environment::variables::a_work_tree_in_another_repository_does_not_lead_there",
            "hostile::environment::variables::no_command_starts_what_the_environment_names",
        ],
    },
    Case {
        id: "E-07",
        attack: "commits that bypass the client hooks: by flags, by another core.hooksPath, by cherry-pick and revert",
        answer: "GOV-003",
        tests: &[
            "hostile::environment::plumbing::commits_by_plumbing_skip_the_clients_hooks_and_not_the_servers",
            "hostile::environment::settings::hooks_that_are_configured_away_are_found_and_the_server_gives_the_same_answer",
        ],
    },
    Case {
        id: "E-08",
        attack: "escapes, C1 controls and marks that reorder text in authors, messages, paths, branches, remotes, records and arguments",
        answer: "documented: shown as escapes by every command, in JSON and by hooks",
        tests: &[
            "hostile::environment::output::no_command_says_what_a_terminal_would_obey",
            "hostile::environment::output::no_hook_says_what_a_terminal_would_obey",
        ],
    },
    Case {
        id: "U-16",
        attack: "characters of no width, tags, separators of lines, and a title of ten megabytes, in whatever a repository names",
        answer: "documented: shown as escapes everywhere; what is long is cut with its length, whole in JSON",
        tests: &[
            "hostile::environment::output::no_command_says_what_a_terminal_would_obey",
            "hostile::environment::output::no_hook_says_what_a_terminal_would_obey",
            "hostile::environment::output::what_is_hidden_is_more_than_control_characters",
            "hostile::environment::output::a_title_of_megabytes_is_cut_with_its_length",
        ],
    },
    Case {
        id: "E-11",
        attack: "clocks ten years off, on the client, on the server and in verify; time zones, languages",
        answer: "accepted, and no verdict changes; GOV-005 for approvals that expired or that last too long",
        tests: &[
            "attacks::code::the_pushers_clock_is_not_the_servers",
            "hostile::environment::clocks::only_expiry_asks_the_clock",
            "hostile::environment::clocks::an_approval_of_another_decade_is_refused",
            "hostile::environment::variables::no_variable_changes_a_verdict",
        ],
    },
    Case {
        id: "E-10",
        attack: "line feeds, fake findings and fake JSON in reasons, tasks, sentences, messages and events",
        answer: "documented: one line an event, and no line that looks like one of ours",
        tests: &[
            "hostile::environment::lines::no_text_makes_a_line_of_its_own",
            "hostile::environment::lines::an_event_is_a_line",
            "src/render::nothing_in_a_finding_looks_like_another_line",
        ],
    },
    Case {
        id: "E-03",
        attack: "an alias that answers where git-awo is not installed",
        answer: "documented: git prefers a program on the PATH; in CI its bytes are pinned, and it lies in front of the PATH",
        tests: &[
            "hostile::environment::settings::the_main_road_starts_no_program_that_the_clone_names",
            "ci_templates::another_binary_than_the_pinned_one_is_not_run",
        ],
    },
    Case {
        id: "E-13",
        attack: "a clone that belongs to another user, with that user's configuration and hooks",
        answer: "INT-005 for push and fetch, as git does by safe.directory; the rest starts nothing",
        tests: &[
            "hostile::environment::owner::a_clone_of_another_user_starts_nothing",
            "hostile::environment::owner::a_clone_that_the_user_trusts_is_one_like_any_other",
        ],
    },
    Case {
        id: "U-18",
        attack: "GIT_AWO_JSON names a file outside of the server's directory for verdicts, a symlink, a pipe, or \
                 somebody else's file; the pusher configures a directory",
        answer: "nothing is written, and the hook says so; the verdict is the same, GOV-002",
        tests: &["hostile::environment::verdicts::a_verdict_is_written_only_where_the_server_says"],
    },
    Case {
        id: "U-17",
        attack: "a pipe, a device or a file of 128 MiB where a local file is read: packets, policies, receipts, keys, \
                 our own files, commit messages",
        answer: "documented: the command ends and says what is there",
        tests: &[
            "hostile::environment::files::no_command_waits_for_a_pipe_or_reads_without_end",
            "rooms::files_are_read_by_one_function",
        ],
    },
    Case {
        id: "U-62",
        attack: "the command of a run puts a symlink to the user's clone, or another directory, in the place of its \
                 work tree or of the directory around it",
        answer: "GOV-004: nothing of what is there is moved or removed; a work tree made anew in its place is accepted",
        tests: &[
            "src/run/tests/repository_tests::nothing_of_the_user_is_moved_or_removed_where_the_work_tree_is_replaced",
            "src/run/tests/repository_tests::a_work_tree_may_be_made_anew_in_its_place",
            "src/sys/directory::what_stands_in_its_place_is_not_it_and_stays",
        ],
    },
    Case {
        id: "U-65",
        attack: "an unsigned commit in a clone from a tarball or a cache, with the memory of a verify that accepted it",
        answer: "GOV-002: once somebody sets the anchor by hand, what came with the clone is forgotten",
        tests: &[
            "hostile::environment::disk::what_came_with_a_clone_is_not_believed_once_its_anchor_is_set",
            "src/git/object_files::new_files_may_come_and_old_ones_stay_as_they_are",
        ],
    },
    Case {
        id: "U-68",
        attack: "commands in a repository's own directories, of a bare one too",
        answer: "accepted: the repository around is found, as git finds it",
        tests: &["hostile::environment::disk::a_repository_is_found_from_its_own_directories"],
    },
    Case {
        id: "U-69",
        attack: "a pipe under the name of a pack's index, without a pack",
        answer: "accepted, as by git: nothing waits for it",
        tests: &[
            "hostile::environment::disk::nothing_waits_for_a_pipe_among_the_packs",
            "src/git/object_files::new_files_may_come_and_old_ones_stay_as_they_are",
        ],
    },
    Case {
        id: "U-70",
        attack: "results printed to a full disk",
        answer: "INT-005; a reader that went away is no failure",
        tests: &["hostile::environment::disk::what_is_printed_to_a_full_disk_is_no_success"],
    },
];
