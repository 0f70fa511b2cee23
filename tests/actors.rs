//! Who takes part in the runs of work packets: the model that the packet names, and delegates where an operator
//! has approved that.

use git_awo::record::{DecisionId, IdentityName, Sha256};
use git_awo::records::{
    ApprovalPredicate, AttestationPredicate, IndependencePredicate, Kind, Statement,
};
use git_awo::store::ledger::Records;

use crate::hostile::Case;
use crate::hostile::door::Door;
use crate::hostile::forge::{approvals_until, attestations_until};
use crate::packets::{MAP, PLAN, mapped};
use crate::work::{plain, planned, policy_with};
use crate::world::{AGENT, RUN, TASK, World};

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
    Case {
        id: "P-64",
        attack: "a review, an approval or an attestation of a run by a model that the commit names as having assisted",
        answer: "GOV-001",
        tests: &["actors::a_model_that_assisted_reviews_nothing_of_it"],
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
    with_policy(edit, models)
}

/// A policy in which otto and rita are models.
fn models(text: String) -> String {
    let text = policy_with(&text, "pen:plain");
    let (before, after) = text.split_once("name = \"rita\"\n").unwrap();
    let after = after.replacen("roles = [\"", "roles = [\"model\", \"", 1);
    format!("{before}name = \"rita\"\nmodel = \"pen:helper\"\n{after}")
}

/// The same in which olga reviews as well.
pub fn two_reviewers(text: String) -> String {
    let (before, after) = text.split_once("name = \"olga\"\n").unwrap();
    let after = after.replacen("roles = [\"", "roles = [\"reviewer\", \"", 1);
    models(format!("{before}name = \"olga\"\n{after}"))
}

fn with_policy(edit: &[(&str, &str)], policy: impl FnOnce(String) -> String) -> World {
    let world = planned();
    world.next_policy(3, None, policy);
    world.imports(&plain(&world, "WP-X", 0, edit));
    world.signs("WP-X");
    world.approves_task("WP-X");
    world.shares();
    world.claims_and_plans("WP-X", PLAN);
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

/// Returns the one approval of the run in this person's clone, and its digest.
fn approval_of(door: &Door) -> (ApprovalPredicate, Sha256) {
    let actor = door.actor();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let commit = door.run_says().commit;
    let approval = records.approvals_of(commit).unwrap().remove(0);
    let says = Statement::parse(approval.payload()).unwrap().predicate;
    (says, approval.digest())
}

/// What rita assisted, she does not review: with the commands, and with another program.
fn assisted_by_rita(world: &World) {
    for who in ["olga", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    let text = world.refused("rita", "rita", &["git", "awo", "gate", RUN], "GOV-001");
    assert!(
        text.contains("independent-reviewer") && text.contains("olga"),
        "{text}"
    );
    let rita = Door::new(world.copied(), "rita");
    let refspec = rita.logged(&rita.log_of(|_: &mut IndependencePredicate| {}));
    rita.refuses_and_finds("her log", &[&refspec], &["GOV-001"], &["GOV-001"]);

    for verb in ["gate", "approve"] {
        world.ok("olga", "olga", &["git", "awo", verb, RUN]);
    }
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for verb in ["approve", "attest"] {
        let text = world.refused("rita", "rita", &["git", "awo", verb, RUN], "GOV-001");
        assert!(text.contains("independent-reviewer"), "{verb}: {text}");
    }
    let rita = || Door::new(world.copied(), "rita");
    let door = rita();
    let run = door.run_says();
    let (mut approval, first) = approval_of(&door);
    let (expires, independence) = (approval.expires, approval.independence.unwrap());
    approval.context = door.context("reviewer");
    approval.nonce = "hers".into();
    let approval = door.sealed(Kind::Approval, Statement::new(approval).to_payload());
    let reference = approvals_until(expires);
    let noted = door.noted(&reference, run.commit, &[&approval.to_bytes()]);
    let refspec = format!("{noted}:{reference}");
    door.refuses_and_finds("her approval", &[&refspec], &["GOV-001"], &["GOV-001"]);
    let door = rita();
    let says = AttestationPredicate {
        gate1: None,
        approvals: vec![first],
        commit: run.commit,
        context: door.context("reviewer"),
        contract: run.contract,
        expires,
        independence,
        reviewer_sha256: Sha256::of(b"rita"),
        reviewer: IdentityName::new("rita").unwrap(),
        root: run.root,
        run: run.run.clone(),
        run_record: door.record(&Kind::Run.of(&run.run)).digest(),
        tree: run.tree,
        workflow_run_url: None,
    };
    let attestation = door.sealed(Kind::Attestation, Statement::new(says).to_payload());
    let reference = attestations_until(expires);
    let noted = door.noted(&reference, run.commit, &[&attestation.to_bytes()]);
    let refspec = format!("{noted}:{reference}");
    door.refuses_and_finds("her attestation", &[&refspec], &["GOV-001"], &["GOV-001"]);

    // olga's hold, and the run lands.
    world.ok("olga", "olga", &["git", "awo", "attest", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.finalize_and_verify();
}

#[test]
fn a_model_that_assisted_reviews_nothing_of_it() {
    // A work packet.
    let world = with_policy(ALLOWED, two_reviewers);
    world.permits("go-ahead");
    world.ok("otto", "otto", &words(&run(&["rita"])));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    assisted_by_rita(&world);

    // Any other contract; where she does not assist, she reviews.
    let world = World::approved();
    world.next_policy(2, None, two_reviewers);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let alone = world.copied();
    let helped = ["--assisted-by", "rita"];
    for (world, helped) in [(&world, &helped[..]), (&alone, &[])] {
        let first = ["git", "awo", "run", TASK, "--run-id", RUN];
        let words = [&first[..], helped, &["--", "sh", "-c", AGENT]].concat();
        world.ok("otto", "otto", &words);
        world.ok("otto", "otto", &["git", "awo", "push"]);
    }
    assisted_by_rita(&world);
    alone.ok("rita", "rita", &["git", "awo", "fetch"]);
    alone.rita_reviews(RUN);
    alone.finalize_and_verify();
}
