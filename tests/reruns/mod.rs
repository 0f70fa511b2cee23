//! Commands that are run several times: what is caught, what a signed report is good for.

mod check;
mod dead_ends;
mod door;
mod elsewhere;

use crate::hostile::Case;
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "D-11",
        attack: "a command that writes the time, its process id, random numbers, the order of a set or of a directory, a \
                 temporary path, its number of processors, the length of its path",
        answer: "INT-007, with path and offset",
        tests: &["reruns::check::what_differs_from_run_to_run_is_found_with_path_and_offset"],
    },
    Case {
        id: "D-12",
        attack: "the same check from another directory, with another home, time zone, language, umask, hash seed, name of user \
                 and host",
        answer: "the same report, byte for byte",
        tests: &["reruns::check::the_same_check_gives_the_same_report_elsewhere"],
    },
    Case {
        id: "D-13",
        attack: "gate 2 of a contract with `determinism` without a report, or with one by the orchestrator, who assisted or an operator, of \
                 another tree, command or outputs, with another result, with fewer runs, or of a command that fails",
        answer: "GOV-002",
        tests: &[
            "reruns::door::gate_2_waits_for_a_reviewers_report",
            "reruns::door::a_log_is_taken_with_the_report_that_the_contract_asks_for_and_no_other",
            "reruns::door::a_report_by_who_assisted_does_not_count",
            "reruns::door::verify_finds_a_log_without_its_report",
        ],
    },
    Case {
        id: "D-14",
        attack: "gate 2 against a reviewer's report that the command makes something else each time",
        answer: "INT-007",
        tests: &[
            "reruns::door::a_log_is_taken_with_the_report_that_the_contract_asks_for_and_no_other",
            "reruns::door::what_differs_does_not_pass_gate_2",
        ],
    },
    Case {
        id: "D-15",
        attack: "a report whose verdict does not follow from its runs, cut short, in another's place, or with a broken signature",
        answer: "INT-004, ATT-003",
        tests: &[
            "reruns::door::a_log_is_taken_with_the_report_that_the_contract_asks_for_and_no_other",
        ],
    },
    Case {
        id: "D-16",
        attack: "a run from elsewhere where the policy requires a cell, with no report, or with one by whoever imports it, of \
                 another command or result, or made where a layer did not hold",
        answer: "GOV-002",
        tests: &[
            "reruns::elsewhere::a_run_from_elsewhere_needs_a_reviewer_who_ran_it_in_a_cell",
            "reruns::elsewhere::the_door_and_verify_ask_for_the_same_report",
        ],
    },
    Case {
        id: "D-18",
        attack: "benign: a run whose contract lets its command read more is run again",
        answer: "accepted",
        tests: &["reruns::door::a_run_is_run_again_in_the_cell_of_its_contract"],
    },
    Case {
        id: "D-17",
        attack: "benign: what stays the same over the check, such as today's date",
        answer: "not found, and the documents say so",
        tests: &["reruns::check::what_stays_the_same_over_the_check_is_not_found"],
    },
];

/// What rita types to run the command of the run again.
const RERUN: &[&str] = &["git", "awo", "determinism", "check", "--sign", "--run", RUN];

/// A run whose contract asks for three runs that agree.
fn ran(script: &str) -> World {
    let world = World::founded();
    asked(&world, &["--determinism", "3"]);
    executed(&world, script);
    world
}

/// A task for `src/` that is approved, with more words for `git awo task new`.
fn asked(world: &World, more: &[&str]) {
    let words = [
        "git",
        "awo",
        "task",
        "new",
        "D-1",
        "--task",
        "it",
        "--allow",
        "src/",
        "--validate",
        "true",
    ];
    world.ok("olga", "olga", &[&words, more].concat());
    world.approves_task("D-1");
    world.shares();
}

/// otto runs a script for it, and everybody has the run.
fn executed(world: &World, script: &str) {
    let words = [
        "git", "awo", "run", "D-1", "--run-id", RUN, "--", "sh", "-ec", script,
    ];
    world.ok("otto", "otto", &words);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
}
