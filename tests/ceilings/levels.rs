//! Who decides before a run lands.

use git_awo::record::Token;
use git_awo::records::WaiverScope;

use super::{LANDS, ceilings, of_orchestrators};
use crate::world::{RUN, World};

/// rita and otto hold the role of an operator as well.
fn operators(text: &str) -> String {
    let text = text.replace(
        "name = \"rita\"\nroles = [\"reviewer\"]",
        "name = \"rita\"\nroles = [\"reviewer\", \"operator\"]",
    );
    text.replace(
        "roles = [\"orchestrator\", \"reviewer\"]",
        "roles = [\"orchestrator\", \"reviewer\", \"operator\"]",
    )
}

impl World {
    /// Somebody decides that the run may take these actions.
    #[track_caller]
    fn lets_through(&self, who: &str, actions: &str) {
        let on = format!("run/{RUN}");
        let words = [
            "git",
            "awo",
            "decide",
            "PolicyViolation",
            &on,
            "approve",
            "--rationale",
            "seen",
            "--permits",
            actions,
        ];
        self.ok(who, who, &["git", "awo", "fetch"]);
        self.ok(who, who, &words);
        self.push_accepted(who, &["refs/awo/ledger"]);
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
    }
}

#[test]
fn at_l3_an_operator_decides_before_a_run_lands() {
    let world = World::finalized();
    let l3 = of_orchestrators("");
    // rita, who approved the run, is no operator.
    let nobody = world.copied();
    nobody.has_ceilings(2, &l3);
    let text = nobody.cannot_land("ceiling-level");
    assert!(text.contains("ask an operator (olga)"), "{text}");
    // Whoever made the run does not decide on it.
    let own = world.copied();
    own.next_policy(2, None, |text| {
        ceilings(
            &operators(&text).replace(
                "\"reviewer\", \"operator\"]\n\n[[identity]]\nname = \"server\"",
                "\"reviewer\"]\n\n[[identity]]\nname = \"server\"",
            ),
            &l3,
        )
    });
    own.lets_through("otto", "change");
    let text = own.cannot_land("ceiling-level");
    assert!(text.contains("otto made the run"), "{text}");
    // A decision on something that the run does not do.
    let other = nobody.copied();
    other.lets_through("olga", "delete,nonsense");
    other.cannot_land("ceiling-level");
    // olga's decision on one of its actions.
    nobody.lets_through("olga", "change");
    nobody.can_land();
    // An approval of the run by somebody who is an operator too.
    world.next_policy(2, None, |text| ceilings(&operators(&text), &l3));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.can_land();
}

#[test]
fn a_decision_that_is_withdrawn_or_rejected_counts_no_more() {
    let world = World::finalized();
    world.has_ceilings(2, &of_orchestrators(""));
    world.lets_through("olga", "change");
    world.can_land();
    let reject = [
        "git",
        "awo",
        "decide",
        "PolicyViolation",
        "run/run_slugify",
        "reject",
        "--rationale",
        "no",
    ];
    let rejected = world.copied();
    rejected.ok("olga", "olga", &reject);
    rejected.push_accepted("olga", &["refs/awo/ledger"]);
    rejected.ok("otto", "otto", &["git", "awo", "fetch"]);
    rejected.cannot_land("ceiling-level");
    let listed = world.ok("olga", "olga", &["git", "awo", "decisions"]);
    let id = listed.split_whitespace().find(|it| it.starts_with("dec-"));
    let revoke = [
        "git",
        "awo",
        "revoke",
        id.unwrap(),
        "--reason",
        "a second look",
    ];
    world.ok("olga", "olga", &revoke);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.push_refused("otto", LANDS, "GOV-012");
}

#[test]
fn at_l4_a_decision_names_each_action() {
    let world = World::finalized();
    world.has_ceilings(2, &of_orchestrators("level = \"L4\""));
    let text = world.cannot_land("ceiling-actions");
    assert!(text.contains("--permits change"), "{text}");
    let other = world.copied();
    other.lets_through("olga", "create,delete");
    other.cannot_land("ceiling-actions");
    // What is decided under L4 is an operator's word as well.
    world.lets_through("olga", "change");
    world.can_land();
}

#[test]
fn an_action_that_is_not_listed_is_decided_on() {
    let world = World::finalized();
    let only = world.copied();
    only.has_ceilings(
        2,
        &of_orchestrators("level = \"L0\"\nactions = [\"create\"]"),
    );
    only.cannot_land("ceiling-actions");
    only.lets_through("olga", "change");
    only.can_land();
    world.has_ceilings(
        2,
        &of_orchestrators("level = \"L0\"\nactions = [\"change\"]"),
    );
    world.can_land();
}

#[test]
fn an_unknown_action_of_a_contract_is_decided_on() {
    let world = World::founded();
    world.has_contract("C-1", "[ceiling]\nactions = [\"create\", \"deploy\"]");
    // Where the policy has no ceilings, too.
    world.attests(("otto", "rita"), "C-1", RUN, "echo > src/a.txt");
    let finalize = ["git", "awo", "finalize", RUN];
    let text = world.refused("otto", "otto", &finalize, "GOV-012");
    assert!(text.contains("--permits deploy"), "{text}");
    world.lets_through("olga", "deploy");
    world.ok("otto", "otto", &finalize);
    world.can_land();
    world.has_contract("C-2", "[ceiling]\nactions = [\"create\"]");
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "-q", "--hard", "origin/main"],
    );
    world.finalizes(("otto", "rita"), "C-2", "run_2", "echo > src/b.txt");
    world.can_land();
}

#[test]
fn a_decision_permits_actions_of_a_run() {
    let world = World::executed();
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    for (words, said) in [
        (
            "PolicyViolation task/SLUG-1 approve --rationale x --permits change",
            "PolicyViolation on a run",
        ),
        (
            "SpecApproval task/SLUG-1 approve --rationale x --permits change",
            "PolicyViolation on a run",
        ),
        (
            "PolicyViolation run/run_slugify reject --rationale x --permits change",
            "PolicyViolation on a run",
        ),
    ] {
        let (code, _, text) = world.decides("olga", words);
        assert_eq!(code, 1, "{words}: {text}");
        assert!(text.contains(said), "{words}: {text}");
    }
    let ask =
        "PolicyViolation run/run_slugify approve --rationale x --permits delete,change,change";
    let id = world.approves("olga", ask);
    let twin = world.copied();
    twin.push_accepted("olga", &["refs/awo/ledger"]);
    let forged = |change: &dyn Fn(&mut git_awo::records::DecisionPredicate)| {
        let world = world.copied();
        world.retells_decision("olga", &id, |_, says| change(says));
        world.is_found_of("olga", &["refs/awo/ledger"], "INT-004", "decision-form");
    };
    forged(&|says| says.permits.reverse());
    forged(&|says| says.permits.push(Token::new("delete").unwrap()));
    forged(&|says| {
        says.waiver = Some(WaiverScope {
            gates: Vec::new(),
            paths: Vec::new(),
            uses: 1,
        });
    });
}
