//! Ceilings: how far whoever orchestrates may go without asking, at real pushes.

mod contracts;
mod figures;
mod levels;

use crate::hostile::Case;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "D-19",
        attack: "a run that changes more files, directories or lines than the ceiling",
        answer: "GOV-012",
        tests: &[
            "ceilings::figures::one_more_than_the_ceiling_is_refused",
            "ceilings::figures::verify_of_one_run_asks_its_ceiling_as_of_then",
        ],
    },
    Case {
        id: "D-20",
        attack: "the same split over several pushes, runs and versions of one task",
        answer: "GOV-012",
        tests: &[
            "ceilings::figures::runs_and_versions_of_one_task_count_together",
            "src/check/tests/ceilings::a_change_counts_the_same_however_it_is_split",
            "src/check/tests/ceilings::one_change_in_many_parts_counts_as_in_one",
        ],
    },
    Case {
        id: "D-21",
        attack: "a run after another one was rolled back or rewound away, to begin to count anew",
        answer: "GOV-012",
        tests: &[
            "ceilings::figures::a_roll_back_takes_nothing_back",
            "ceilings::figures::what_was_rewound_away_counts_all_the_same",
        ],
    },
    Case {
        id: "D-22",
        attack: "a chain of tasks by one identity in the days of the ceiling",
        answer: "GOV-012",
        tests: &["ceilings::figures::a_chain_of_tasks_is_one_mission"],
    },
    Case {
        id: "D-23",
        attack: "benign: the same by two identities, or with what landed before the days of the ceiling",
        answer: "accepted",
        tests: &[
            "ceilings::figures::two_identities_have_a_ceiling_each",
            "src/check/tests/ceilings::what_landed_before_the_window_does_not_count",
        ],
    },
    Case {
        id: "D-24",
        attack: "a run that touches a path outside of the ceiling",
        answer: "GOV-012",
        tests: &["ceilings::figures::a_path_outside_of_the_ceiling_is_refused"],
    },
    Case {
        id: "D-25",
        attack: "a run by somebody whom no ceiling is for, where the policy has ceilings",
        answer: "GOV-012",
        tests: &["ceilings::figures::whoever_has_no_ceiling_lands_nothing"],
    },
    Case {
        id: "D-26",
        attack: "more than the built-in ceiling, where the policy has none",
        answer: "GOV-012",
        tests: &["ceilings::figures::without_a_ceiling_of_the_policy_one_is_built_in"],
    },
    Case {
        id: "D-27",
        attack: "a run under L3 that no operator has decided on, or only one who made it",
        answer: "GOV-012",
        tests: &["ceilings::levels::at_l3_an_operator_decides_before_a_run_lands"],
    },
    Case {
        id: "D-28",
        attack: "a run under L4 of which an action is named by no decision",
        answer: "GOV-012",
        tests: &["ceilings::levels::at_l4_a_decision_names_each_action"],
    },
    Case {
        id: "D-29",
        attack: "an action that the ceiling does not list, or an unknown one of the contract",
        answer: "GOV-012",
        tests: &[
            "ceilings::levels::an_action_that_is_not_listed_is_decided_on",
            "ceilings::levels::an_unknown_action_of_a_contract_is_decided_on",
        ],
    },
    Case {
        id: "D-30",
        attack: "a packet that raises its ceiling, or says a negative or fractional figure, or another level",
        answer: "GOV-012",
        tests: &["ceilings::contracts::a_packet_only_lowers_its_ceiling"],
    },
    Case {
        id: "D-31",
        attack: "the same as a record that no command writes; of a fraction it is no record",
        answer: "GOV-012, INT-004",
        tests: &["ceilings::contracts::a_forged_contract_only_lowers_its_ceiling"],
    },
    Case {
        id: "D-32",
        attack: "a contract that raises the ceiling of whoever executes it, approved when that was higher",
        answer: "GOV-012",
        tests: &["ceilings::contracts::a_contract_is_asked_again_where_it_is_executed"],
    },
    Case {
        id: "D-33",
        attack: "a contract that says that it is of another base task, or of a version that nobody looks for",
        answer: "GOV-012",
        tests: &["ceilings::contracts::a_contract_is_of_the_base_task_that_its_id_names"],
    },
    Case {
        id: "D-34",
        attack: "a policy whose ceilings are malformed, or have the levels L1 or L2",
        answer: "GOV-006",
        tests: &["ceilings::contracts::a_policy_says_levels_that_are_offered"],
    },
    Case {
        id: "D-35",
        attack: "a decision that permits actions of a task, by a model, beside a waiver, or out of order",
        answer: "INT-004",
        tests: &["ceilings::levels::a_decision_permits_actions_of_a_run"],
    },
];

/// What lands a run that is finalized.
const LANDS: &[&str] = &["refs/heads/main", "refs/awo/ledger"];

/// A policy with these tables.
fn ceilings(text: &str, tables: &str) -> String {
    let text = text.replacen("schema =", "requires = [\"ceiling/1\"]\nschema =", 1);
    text + "\n" + tables
}

/// A `[[ceiling]]` of the role orchestrator with these lines.
pub fn of_orchestrators(lines: &str) -> String {
    format!("[[ceiling]]\nfor = [\"orchestrator\"]\n{lines}\n")
}

impl World {
    /// olga puts a policy with these ceilings into force, and everybody has it.
    #[track_caller]
    pub fn has_ceilings(&self, version: u32, tables: &str) {
        self.next_policy(version, None, |text| ceilings(&text, tables));
        for name in ["otto", "rita"] {
            self.ok(name, name, &["git", "awo", "fetch"]);
        }
    }

    /// olga imports and approves a contract with these lines, and everybody has it.
    #[track_caller]
    fn has_contract(&self, task: &str, lines: &str) {
        self.write("packet.toml", packet(task, lines));
        let import = ["git", "awo", "task", "import", "../packet.toml"];
        self.ok("olga", "olga", &["git", "awo", "fetch"]);
        self.ok("olga", "olga", &import);
        self.approves_a_run(task);
    }

    /// olga approves one more run, and everybody knows.
    #[track_caller]
    fn approves_a_run(&self, task: &str) {
        self.ok("olga", "olga", &["git", "awo", "fetch"]);
        let main = ["git", "merge", "-q", "--ff-only", "origin/main"];
        self.ok("olga", "olga", &main);
        let approve = ["git", "awo", "approve", task, "--again"];
        self.ok("olga", "olga", &approve);
        self.ok("olga", "olga", &["git", "awo", "push"]);
        for name in ["otto", "rita"] {
            self.ok(name, name, &["git", "awo", "fetch"]);
        }
    }

    /// Somebody executes a task, another one reviews it, and it is finalized and not pushed.
    #[track_caller]
    fn finalizes(&self, (who, other): (&str, &str), task: &str, run: &str, script: &str) {
        self.attests((who, other), task, run, script);
        self.ok(who, who, &["git", "awo", "finalize", run]);
    }

    /// Somebody executes a task, and another one reviews it.
    #[track_caller]
    fn attests(&self, (who, other): (&str, &str), task: &str, run: &str, script: &str) {
        let awo = |who: &str, words: &[&str]| {
            self.ok(who, who, &[&["git", "awo"], words].concat());
        };
        self.ok(
            who,
            who,
            &["git", "merge", "-q", "--ff-only", "origin/main"],
        );
        awo(
            who,
            &["run", task, "--run-id", run, "--", "sh", "-c", script],
        );
        awo(who, &["push"]);
        awo(other, &["fetch"]);
        awo(other, &["gate", run]);
        awo(other, &["approve", run]);
        awo(other, &["attest", run]);
        awo(other, &["push"]);
        awo(who, &["fetch"]);
    }

    /// otto's run lands.
    #[track_caller]
    fn lands(&self, task: &str, run: &str, script: &str) {
        self.finalizes(("otto", "rita"), task, run, script);
        self.ok("otto", "otto", &["git", "awo", "push"]);
    }

    /// What otto has finalized is refused by this rule at the door, and nothing moves; forced in, a fresh clone finds it.
    #[track_caller]
    fn cannot_land(&self, rule: &str) -> String {
        let world = self.copied();
        let text = world.push_refused("otto", LANDS, "GOV-012");
        assert!(text.contains(rule), "{rule}: {text}");
        world.force("otto", LANDS);
        world.fresh_clone();
        let found = world.verify_finds("GOV-012");
        assert!(found.contains(&format!("\"{rule}\"")), "{rule}: {found}");
        text
    }

    /// What otto has finalized lands, and a fresh clone finds nothing.
    #[track_caller]
    fn can_land(&self) {
        let world = self.copied();
        world.push_accepted("otto", LANDS);
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}

/// Returns a packet with these lines.
pub fn packet(task: &str, lines: &str) -> String {
    format!(
        "schema = \"awo.packet/1\"\nid = \"{task}\"\ntask = \"it\"\n\
         target_ref = \"refs/heads/main\"\ngate1 = \"operator\"\n\
         allowed_paths = [\"src/\", \"docs/\", \"test_strings.py\"]\nforbidden_paths = []\n\
         forbidden_actions = []\nsuccess_criteria = [\"it holds\"]\nvalidation_command = \"true\"\n\
         rollback = [\"revert\"]\napproval_sentence = \"I approve {task}.\"\nevidence = []\n\
         {lines}\n[target]\nlocator = \"the sandbox\"\n[target.admission]\nstatus = \"admitted\"\n"
    )
}
