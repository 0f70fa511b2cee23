//! Risk tiers: what a policy asks of contracts by their tier; and drafts, who take part and sign nothing.

use git_awo::record::RunId;
use git_awo::records::{Kind, RunPredicate};

use crate::actors::ALLOWED;
use crate::hostile::Case;
use crate::packets::{MAP, PLAN, mapped};
use crate::versions::with_lineage;
use crate::work::{plain, planned, policy_with};
use crate::world::{AGENT, RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "P-60",
        attack: "a run landed with fewer approvals than its risk tier asks for, or of a tier that no table names",
        answer: "GOV-005",
        tests: &[
            "risk::a_run_of_a_tier_is_approved_by_as_many_as_that_asks_for",
            "risk::a_run_lands_by_the_tiers_of_the_policy_in_force",
        ],
    },
    Case {
        id: "P-61",
        attack: "a model approves a run of a risk tier whose runs persons approve, or is counted after persons were asked for",
        answer: "GOV-009, GOV-005",
        tests: &["risk::a_run_of_a_tier_is_approved_by_persons_where_that_asks_for_them"],
    },
    Case {
        id: "P-62",
        attack: "a packet that allows delegation approved or run under a policy that forbids it to its risk tier",
        answer: "GOV-012",
        tests: &[
            "risk::a_packet_delegates_only_where_its_tier_may",
            "risk::a_draft_takes_part_and_signs_nothing",
        ],
    },
    Case {
        id: "P-63",
        attack: "a record by a draft: a review, or a vouch where everybody may vouch",
        answer: "ATT-001",
        tests: &[
            "risk::a_draft_takes_part_and_signs_nothing",
            "risk::a_draft_does_not_vouch_where_everybody_may",
            "src/rules/tests/keys::a_draft_signs_nothing_not_even_where_no_role_is_asked_for",
        ],
    },
];

const LEDGER: &[&str] = &["refs/awo/ledger"];
/// All records, as a run needs them.
const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];
/// What lands a run.
const LANDS: &[&str] = &[
    "main",
    "refs/awo/ledger",
    "refs/awo/evidence/*",
    "refs/notes/awo/*",
];

const TWO: &str = "\n[risk.HIGH]\naudit_approvals = 2\n";
const PERSONS: &str = "\n[risk.HIGH]\nmodel_reviewers = false\n";
/// Asks for nothing more.
const NOTHING: &str = "\n[risk.HIGH]\n";

/// A policy in which olga reviews too, with these tables; rita is a model, if that is what is wanted.
fn people(text: &str, model: bool, tables: &str) -> String {
    let requires = "requires = [\"automation/1\", \"risk/1\"]\nschema =";
    let text = text.replacen("schema =", requires, 1);
    let text = text.replace(
        "roles = [\"operator\"]",
        "roles = [\"operator\", \"reviewer\"]",
    );
    let rita = "name = \"rita\"\nroles = [\"";
    let text = match model {
        true => text.replace(
            rita,
            "name = \"rita\"\nmodel = \"pen:reader\"\nroles = [\"model\", \"",
        ),
        false => text,
    };
    format!("{text}{tables}")
}

/// A run of the tier HIGH that rita, a model, has looked at, and that persons approve.
pub fn for_persons() -> World {
    let world = executed(true, PERSONS);
    git_awo(&world, "rita", &["gate", RUN]);
    git_awo(&world, "rita", &["push"]);
    git_awo(&world, "olga", &["fetch"]);
    world
}

/// A packet that allows delegation, of a tier to which the policy does not.
pub fn delegating() -> World {
    let world = planned();
    world.next_policy(3, None, |text| about_rita(&text, OPERATOR, ALONE));
    world.imports(&plain(&world, "WP-X", 0, ALLOWED));
    world.signs("WP-X");
    world
}

/// A world in which otto has run a contract of the tier HIGH, and everybody has the run.
fn executed(model: bool, tables: &str) -> World {
    let world = World::founded();
    world.next_policy(2, None, |text| people(&text, model, tables));
    let toml = "schema = \"awo.packet/1\"\nid = \"R-1\"\ntask = \"strings\"\nrisk_tier = \"HIGH\"\n\
        approval_sentence = \"I approve R-1.\"\nallowed_paths = [\"src/\", \"test_strings.py\"]\n\
        validation_command = \"true\"\n\
        [target]\nlocator = \".\"\n[target.admission]\nstatus = \"admitted\"\n";
    world.write("risk.toml", toml);
    let import = ["git", "awo", "task", "import", "../risk.toml"];
    world.ok("olga", "olga", &import);
    world.approves_task("R-1");
    world.shares();
    let run = [
        "git", "awo", "run", "R-1", "--run-id", RUN, "--", "sh", "-c", AGENT,
    ];
    world.ok("otto", "otto", &run);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world
}

/// The policy becomes this, and somebody knows it: what they have already was made before.
fn becomes(world: &World, version: u32, who: &str, edit: impl FnOnce(String) -> String) {
    world.next_policy(version, None, edit);
    git_awo(world, who, &["fetch"]);
}

fn git_awo(world: &World, who: &str, words: &[&str]) -> String {
    world.ok(who, who, &[&["git", "awo"], words].concat())
}

/// rita reviews the run, and otto finalizes it in his clone.
fn finalized(world: &World) {
    world.rita_reviews(RUN);
    git_awo(world, "otto", &["fetch"]);
    git_awo(world, "otto", &["finalize", RUN]);
}

#[test]
fn a_run_of_a_tier_is_approved_by_as_many_as_that_asks_for() {
    let world = executed(false, TWO);
    git_awo(&world, "rita", &["gate", RUN]);
    git_awo(&world, "rita", &["approve", RUN]);
    let attest = ["git", "awo", "attest", RUN];
    let text = world.refused("rita", "rita", &attest, "GOV-005");
    assert!(text.contains("2 distinct reviewers"), "{text}");
    // The status asks for what is missing.
    let text = git_awo(&world, "rita", &["status"]);
    assert!(text.contains(&format!("git awo approve {RUN}")), "{text}");
    git_awo(&world, "rita", &["push"]);
    git_awo(&world, "olga", &["fetch"]);
    git_awo(&world, "olga", &["approve", RUN]);
    let text = git_awo(&world, "olga", &["status"]);
    assert!(text.contains(&format!("git awo attest {RUN}")), "{text}");
    git_awo(&world, "olga", &["attest", RUN]);
    git_awo(&world, "olga", &["push"]);
    world.finalize_and_verify();
}

#[test]
fn a_run_lands_by_the_tiers_of_the_policy_in_force() {
    let world = executed(false, "");
    finalized(&world);
    for (tables, taken) in [
        (NOTHING, true),
        ("\n[risk.LOW]\naudit_approvals = 1\n", true),
        (TWO, false),
        // The tier of the contract is none of those that the policy names: it meets them all.
        ("\n[risk.LOW]\naudit_approvals = 2\n", false),
    ] {
        let copy = world.copied();
        becomes(&copy, 3, "otto", |text| people(&text, false, tables));
        if taken {
            copy.push_accepted("otto", LANDS);
            copy.fresh_clone();
            git_awo(&copy, "vera", &["verify"]);
        } else {
            copy.is_found_of("otto", LANDS, "GOV-005", "run-approved");
        }
    }
    // What has landed stays.
    world.push_accepted("otto", LANDS);
    world.next_policy(3, None, |text| people(&text, false, TWO));
    world.fresh_clone();
    git_awo(&world, "vera", &["verify"]);
}

#[test]
fn a_run_of_a_tier_is_approved_by_persons_where_that_asks_for_them() {
    let world = executed(true, "");
    // Where it does not, a model approves and the run lands.
    let copy = world.copied();
    finalized(&copy);
    let landed = copy.copied();
    landed.push_accepted("otto", LANDS);
    landed.next_policy(3, None, |text| people(&text, true, PERSONS));
    landed.fresh_clone();
    git_awo(&landed, "vera", &["verify"]);
    // Before that, it does not count.
    becomes(&copy, 3, "otto", |text| people(&text, true, PERSONS));
    let text = copy.push_refused("otto", LANDS, "GOV-005");
    assert!(text.contains("models do not count"), "{text}");
    copy.force("otto", LANDS);
    copy.fresh_clone();
    let text = copy.verify_finds("GOV-005");
    assert!(text.contains("\"run-approved\""), "{text}");

    // An approval from before the policy asked for more.
    git_awo(&world, "rita", &["gate", RUN]);
    git_awo(&world, "rita", &["push"]);
    let copy = world.copied();
    git_awo(&copy, "rita", &["approve", RUN]);
    let twin = copy.copied();
    becomes(&twin, 3, "rita", |text| people(&text, true, NOTHING));
    twin.push_accepted("rita", RECORDS);
    becomes(&copy, 3, "rita", |text| people(&text, true, PERSONS));
    copy.is_found_of("rita", RECORDS, "GOV-009", "model-reviewer");

    // The command says it, too; a person approves.
    world.next_policy(3, None, |text| people(&text, true, PERSONS));
    git_awo(&world, "rita", &["fetch"]);
    let approve = ["git", "awo", "approve", RUN];
    let text = world.refused("rita", "rita", &approve, "GOV-009");
    assert!(
        text.contains("model-reviewer") && text.contains("olga"),
        "{text}"
    );
    git_awo(&world, "olga", &["fetch"]);
    git_awo(&world, "olga", &["approve", RUN]);
    git_awo(&world, "olga", &["attest", RUN]);
    git_awo(&world, "olga", &["push"]);
    world.finalize_and_verify();
}

/// The policy of [`planned`] with other words about rita, and these tables.
fn about_rita(text: &str, rita: &str, tables: &str) -> String {
    let text = policy_with(text, "pen:plain");
    let text = text.replacen("\"automation/1\"", "\"automation/1\", \"risk/1\"", 1);
    let old = "name = \"rita\"\nroles = [\"reviewer\"]";
    assert!(text.contains(old), "{text}");
    format!("{}{tables}", text.replace(old, rita))
}

const OPERATOR: &str = "name = \"rita\"\nroles = [\"reviewer\", \"operator\"]";
const DRAFT: &str = "name = \"rita\"\nroles = [\"draft\"]\nmodel = \"pen:helper\"";
const ALONE: &str = "\n[risk.LOW]\ndelegation = false\n";

#[test]
fn a_packet_delegates_only_where_its_tier_may() {
    let world = planned();
    world.next_policy(3, None, |text| about_rita(&text, OPERATOR, ""));
    world.imports(&plain(&world, "WP-X", 0, ALLOWED));
    world.signs("WP-X");
    world.shares();
    // Approved in before the policy asked for more.
    let sentence = [
        "git",
        "awo",
        "approve",
        "WP-X",
        "--sentence",
        "I approve WP-X.",
    ];
    let copy = world.copied();
    copy.ok("rita", "rita", &sentence);
    for (tables, refused) in [
        ("", false),
        ("\n[risk.HIGH]\ndelegation = false\n[risk.LOW]\n", false),
        (ALONE, true),
        ("\n[risk.HIGH]\ndelegation = false\n", true),
    ] {
        let copy = copy.copied();
        becomes(&copy, 4, "rita", |text| about_rita(&text, OPERATOR, tables));
        if refused {
            copy.is_found_of("rita", RECORDS, "GOV-012", "delegation-tier");
        } else {
            copy.push_accepted("rita", RECORDS);
            copy.fresh_clone();
            git_awo(&copy, "vera", &["verify"]);
        }
    }
    world.next_policy(4, None, |text| about_rita(&text, OPERATOR, ALONE));
    world.cannot_approve("WP-X", "GOV-012", "delegation-tier");
    let decide = "git awo decide SpecApproval task/WP-X approve --rationale x --note go-ahead";
    let decide: Vec<_> = decide.split(' ').collect();
    let text = world.refused("olga", "olga", &decide, "GOV-012");
    assert!(text.contains("delegation-tier"), "{text}");
    // As the remedy says: a version that does not.
    world.imports(&plain(&world, "WP-X-v2", 1, &with_lineage(&[], "")));
    world.signs("WP-X-v2");
    world.approves_task("WP-X-v2");
    world.shares();
    world.fresh_clone();
    git_awo(&world, "vera", &["verify"]);
}

#[test]
fn a_draft_takes_part_and_signs_nothing() {
    let world = planned();
    world.next_policy(3, None, |text| about_rita(&text, DRAFT, ""));
    world.imports(&plain(&world, "WP-X", 0, ALLOWED));
    world.signs("WP-X");
    world.approves_task("WP-X");
    world.shares();
    git_awo(&world, "otto", &["claim", "WP-X"]);
    world.write("plan.toml", PLAN);
    let plan = ["packet", "pre-work", "WP-X", "--plan", "../plan.toml"];
    git_awo(&world, "otto", &plan);
    git_awo(&world, "otto", &["push"]);
    git_awo(&world, "otto", &["fetch"]);
    let script = mapped(AGENT, MAP);
    let run = [
        "git",
        "awo",
        "run",
        "WP-X",
        "--run-id",
        RUN,
        "--assisted-by",
        "rita",
        "--",
        "sh",
        "-c",
        &script,
    ];
    let text = world.refused("otto", "otto", &run, "GOV-005");
    assert!(text.contains("delegation-approved"), "{text}");
    let go = "SpecApproval task/WP-X approve --rationale x --note go-ahead";
    world.approves("olga", go);
    world.shares();
    world.ok("otto", "otto", &run);
    let says: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let commit = says.commit.to_string();
    let trailers = ["git", "show", "-s", "--format=%(trailers)", &commit];
    let trailers = world.ok("otto", "otto", &trailers);
    assert!(trailers.contains("Assisted-by: pen:helper\n"), "{trailers}");
    // The door asks for the same, by the policy in force.
    let copy = world.copied();
    becomes(&copy, 4, "otto", |text| about_rita(&text, DRAFT, ALONE));
    copy.is_found_of("otto", RECORDS, "GOV-012", "delegation-tier");
    world.push_accepted("otto", RECORDS);
    // The draft reviews nothing.
    git_awo(&world, "rita", &["fetch"]);
    for words in [["gate", RUN], ["approve", RUN], ["claim", "WP-X"]] {
        let words = [&["git", "awo"][..], &words].concat();
        world.refused("rita", "rita", &words, "ATT-001");
    }
    world.fresh_clone();
    git_awo(&world, "vera", &["verify"]);
}

#[test]
fn a_draft_does_not_vouch_where_everybody_may() {
    let policy = |text: &str, roles: &str| {
        let paths = "paths = [\"src/\", \"docs/\", \"test_strings.py\"]\n";
        let vouched = "[[ref.vouched]]\nwriters = [\"*\"]\npaths = [\"src/\"]\n";
        let text = text.replace(
            "accept = [\"direct\"]",
            "accept = [\"direct\", \"vouched\"]",
        );
        let text = text.replace(paths, &format!("{paths}\n{vouched}"));
        let rita = "name = \"rita\"\nroles = [";
        text.replace(&format!("{rita}\"reviewer\"]"), &format!("{rita}{roles}]"))
    };
    let world = World::founded();
    world.next_policy(2, None, |text| policy(&text, ""));
    git_awo(&world, "rita", &["fetch"]);
    let script = "export GIT_AUTHOR_NAME=Eve GIT_AUTHOR_EMAIL=eve@example.org \
        GIT_COMMITTER_NAME=Eve GIT_COMMITTER_EMAIL=eve@example.org\n\
        git checkout -q -b topic origin/main && echo 1 > src/a.py && git add src/a.py && \
        git commit -q --no-verify --no-gpg-sign -m One && git rev-parse HEAD";
    let tip = world.ok("rita", "rita", &["sh", "-c", script]);
    let vouch = [
        "git",
        "awo",
        "vouch",
        tip.trim(),
        "--ref",
        "wip/topic",
        "--reason",
        "x",
    ];
    let pushed = [LEDGER[0], "topic:refs/heads/wip/topic"];
    let copy = world.copied();
    copy.ok("rita", "rita", &vouch);
    let twin = copy.copied();
    twin.push_accepted("rita", &pushed);
    twin.fresh_clone();
    git_awo(&twin, "vera", &["verify"]);
    becomes(&copy, 3, "rita", |text| policy(&text, "\"draft\""));
    copy.is_found_of("rita", &pushed, "ATT-001", "role-held");
    world.next_policy(3, None, |text| policy(&text, "\"draft\""));
    git_awo(&world, "rita", &["fetch"]);
    let text = world.refused("rita", "rita", &vouch, "ATT-001");
    assert!(text.contains("draft"), "{text}");
}
