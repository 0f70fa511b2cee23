//! Who takes part in the runs of work packets: the model that the packet names, and delegates where an operator
//! has approved that.

use git_awo::record::DecisionId;

use crate::hostile::Case;
use crate::hostile::door::Door;
use crate::packets::{MAP, PLAN, mapped};
use crate::work::{plain, planned, policy_with};
use crate::world::{AGENT, RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "P-33",
        attack: "a run by another model than the packet's, or by one that the policy does not know",
        answer: "ATT-001",
        tests: &["actors::the_commit_says_who_took_part_and_the_door_judges_it"],
    },
    Case {
        id: "P-34",
        attack: "a delegate where the packet allows none, or without the operator's words, or after they are withdrawn",
        answer: "ATT-001, GOV-005",
        tests: &[
            "actors::the_commit_says_who_took_part_and_the_door_judges_it",
            "actors::a_delegate_works_on_the_operators_words",
        ],
    },
];

const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

/// Edits of a packet that allows delegation on these words.
pub const ALLOWED: &[(&str, &str)] = &[
    (
        "- SUB_AGENT_DELEGATION: DISALLOWED",
        "- SUB_AGENT_DELEGATION: ALLOWED",
    ),
    (
        "OPERATOR_APPROVAL_EVIDENCE: N/A",
        "OPERATOR_APPROVAL_EVIDENCE: go-ahead",
    ),
];

/// Edits of a packet whose coder is the model of rita.
pub const OTHER_CODER: &[(&str, &str)] = &[("CODER_MODEL: pen:plain", "CODER_MODEL: pen:helper")];

/// A world in which rita is a model as well, and the packet WP-X, edited so, is approved and planned.
pub fn with_models(edit: &[(&str, &str)]) -> World {
    let world = planned();
    world.next_policy(3, None, |text| {
        let text = policy_with(&text, "pen:plain");
        let (before, after) = text.split_once("name = \"rita\"\n").unwrap();
        let after = after.replacen("roles = [\"", "roles = [\"model\", \"", 1);
        format!("{before}name = \"rita\"\nmodel = \"pen:helper\"\n{after}")
    });
    world.imports(&plain(&world, "WP-X", 0, edit));
    world.signs("WP-X");
    world.approves_task("WP-X");
    world.shares();
    world.ok("otto", "otto", &["git", "awo", "claim", "WP-X"]);
    world.write("plan.toml", PLAN);
    let plan = [
        "git",
        "awo",
        "packet",
        "pre-work",
        "WP-X",
        "--plan",
        "../plan.toml",
    ];
    world.ok("otto", "otto", &plan);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

/// The words of otto's run, with those who assist.
fn run(assisted: &[&str]) -> Vec<String> {
    let mut words = vec!["git", "awo", "run", "WP-X", "--run-id", RUN];
    for name in assisted {
        words.extend(["--assisted-by", name]);
    }
    let script = mapped(AGENT, MAP);
    words.extend(["--", "sh", "-c", &script]);
    words.into_iter().map(str::to_owned).collect()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

impl World {
    /// otto cannot run it so, by this rule, and nothing is recorded.
    #[track_caller]
    fn cannot_run(&self, assisted: &[&str], code: &str, rule: &str) {
        let before = self.rev("otto", "refs/awo/ledger");
        let text = self.refused("otto", "otto", &words(&run(assisted)), code);
        assert!(text.contains(rule), "{rule}: {text}");
        assert_eq!(
            self.rev("otto", "refs/awo/ledger"),
            before,
            "nothing is recorded"
        );
    }

    /// olga permits delegation in these words.
    #[track_caller]
    fn permits(&self, words: &str) -> DecisionId {
        let base = self.rev("olga", "refs/remotes/origin/main");
        let ask =
            format!("SpecApproval task/WP-X approve --rationale x --base {base} --note {words}");
        let id = self.approves("olga", &ask);
        self.shares();
        id
    }
}

#[test]
fn the_model_that_the_packet_names_works_and_nobody_else_without_approval() {
    let world = with_models(&[]);
    world.cannot_run(&["rita"], "ATT-001", "delegation");
    let done = world.run("otto", "otto", &words(&run(&["olga"])));
    assert!(done.text.contains("no model of olga"), "{}", done.text);
    world.ok("otto", "otto", &words(&run(&[])));
    world.push_accepted("otto", RECORDS);

    let world = with_models(OTHER_CODER);
    world.cannot_run(&[], "ATT-001", "coder-model");
    world.ok("otto", "otto", &words(&run(&["rita"])));
    world.push_accepted("otto", RECORDS);
}

#[test]
fn a_delegate_works_on_the_operators_words() {
    let world = with_models(ALLOWED);
    world.cannot_run(&["rita"], "GOV-005", "delegation-approved");
    // Other words are no approval of it.
    let other = world.copied();
    other.permits("go-on");
    other.cannot_run(&["rita"], "GOV-005", "delegation-approved");

    let id = world.permits("go-ahead");
    world.ok("otto", "otto", &words(&run(&["rita"])));
    // Withdrawn before the run comes, it is refused at the door, and found.
    let late = world.copied();
    let withdraw = ["git", "awo", "revoke", id.as_str(), "--reason", "not yet"];
    late.ok("olga", "olga", &withdraw);
    late.ok("olga", "olga", &["git", "awo", "push"]);
    late.ok("otto", "otto", &["git", "awo", "fetch"]);
    late.is_found_of("otto", RECORDS, "GOV-005", "delegation-approved");
    // Withdrawn afterwards, what was received stays.
    world.push_accepted("otto", RECORDS);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &withdraw);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn the_commit_says_who_took_part_and_the_door_judges_it() {
    let helped = |message: String| format!("{}\nAssisted-by: pen:helper\n", message.trim_end());
    let unknown = |message: String| format!("{}\nAssisted-by: pen:nobody\n", message.trim_end());
    let alone = |message: String| message.replace("Assisted-by: pen:helper\n", "");
    type Told = fn(String) -> String;
    for (edit, assisted, forged) in [
        (
            &[][..],
            &[][..],
            &[
                (helped as Told, "ATT-001", "delegation"),
                (unknown, "ATT-001", "coder-model"),
            ][..],
        ),
        (ALLOWED, &[], &[(helped, "GOV-005", "delegation-approved")]),
        (OTHER_CODER, &["rita"], &[(alone, "ATT-001", "coder-model")]),
    ] {
        let world = with_models(edit);
        world.ok("otto", "otto", &words(&run(assisted)));
        for (told, code, rule) in forged {
            let door = Door::new(world.copied(), "otto");
            let refspecs = door.run_told(told);
            let mut refspecs = refspecs.each_ref().map(String::as_str).to_vec();
            refspecs.push("refs/notes/awo/*");
            door.world.is_found_of("otto", &refspecs, code, rule);
        }
        // As it was made, it is taken.
        world.push_accepted("otto", RECORDS);
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}
