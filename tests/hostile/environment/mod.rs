//! The environment and the configuration of whoever calls, and what comes out.

mod commands;
mod output;
mod road;
mod settings;
mod traps;
mod variables;

use super::Case;

pub use commands::every_command;
pub use road::walk;

pub const CASES: &[Case] = &[
    Case {
        id: "E-01",
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
        attack: "variables that lead git elsewhere, name programs or give settings; core.worktree in another repository",
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
        attack: "commits past the client's hooks: by flags, by hooks elsewhere, by cherry-pick and revert",
        answer: "GOV-003",
        tests: &[
            "hostile::environment::variables::commits_by_plumbing_skip_the_clients_hooks_and_not_the_servers",
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
        id: "E-11",
        attack: "clocks of others, time zones, languages",
        answer: "accepted, and no verdict changes",
        tests: &[
            "attacks::the_pushers_clock_is_not_the_servers",
            "hostile::environment::variables::no_variable_changes_a_verdict",
        ],
    },
];
