//! What `git awo status` costs where many decisions were answered and a few wait.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Instant;

use git_awo::actor::Actor;
use git_awo::record::{Choice, DecisionId, Sha256, Token};
use git_awo::records::{DecisionPredicate, Kind, LedgerPath, Statement, Target};
use git_awo::store::layout;
use git_awo::store::ledger::Records;

use super::measure::{machine, median};
use crate::figure::{figure, size};
use crate::world::World;

/// How many decisions wait in each world.
const WAITING: usize = 10;
/// How many pairs of a decision and its answer a commit of the ledger adds.
const PAIRS: usize = 5;

/// `AWO_BENCH_DECISIONS=1000` makes the larger ledger smaller.
#[test]
#[ignore = "benchmark: run by hand with cargo test --release --test awo -- --ignored --nocapture bench_waiting"]
fn bench_waiting() {
    let decisions = size("AWO_BENCH_DECISIONS", 100_000);
    let worlds = [2 * WAITING, decisions].map(|decisions| {
        let world = asked();
        world.with_index("olga/.git");
        answers(&world, decisions);
        let start = Instant::now();
        world.ok("olga", "olga", &["git", "awo", "status"]);
        println!(
            "{decisions} decisions, for the first time: {:?}",
            start.elapsed()
        );
        world
    });
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..21 {
        // Whoever goes first may pay for the other: they take turns.
        for at in [round % 2, (round + 1) % 2] {
            let start = Instant::now();
            let said = worlds[at].ok("olga", "olga", &["git", "awo", "status"]);
            times[at].push(start.elapsed().as_secs_f64());
            let waiting = said.lines().filter(|it| it.starts_with("gate ")).count();
            assert_eq!(waiting, WAITING + 1, "{said}");
        }
    }
    println!("{}", machine());
    let [few, many] = times.map(|it| median(it) * 1e3);
    figure(
        "status with decisions that wait",
        decisions,
        format!(
            "{many:.1} ms, ratio {:.2} to {} decisions",
            many / few,
            2 * WAITING
        ),
        "50 ms",
    );
}

/// A world in which otto's model has deferred a decision, in olga's clone.
fn asked() -> World {
    let world = crate::automation::world("HYBRID", "");
    let ask = "SpecApproval task/T-1 defer --confidence 0.5 --rationale x";
    assert_eq!(world.decides("otto", ask).0, 0);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world
}

/// Adds decisions to olga's ledger, each deferred one with its answer but for those that wait.
fn answers(world: &World, decisions: usize) {
    let (olga, otto) = (world.actor("olga"), world.actor("otto"));
    let refs = olga.refs().unwrap();
    let records = Records::open(&olga.repo, &refs).unwrap();
    let path = records.all_of(Kind::Decision).unwrap().remove(0);
    let envelope = records.envelope(&path).unwrap().unwrap();
    let says = Statement::<DecisionPredicate>::parse(envelope.payload());
    let deferred = says.unwrap().predicate;
    let mut answered = deferred.clone();
    answered.context.identity = "olga".parse().unwrap();
    answered.context.role = "operator".to_owned();
    answered.decision.actor.kind = git_awo::records::ActorKind::Human;
    answered.decision.actor.model_id = None;
    answered.decision.actor.user_id = Some(Token::new("olga").unwrap());
    answered.decision.confidence = None;
    answered.decision.decision = Choice::Reject;

    let mut stream = String::new();
    let files = |by: &Actor, says: &DecisionPredicate, stream: &mut String| {
        let envelope = by.sign(says.clone()).unwrap();
        let bytes = String::from_utf8(envelope.to_bytes()).unwrap();
        let list = LedgerPath::Decided(says.target_key(), says.id().clone());
        let line = format!("{}\n", envelope.digest());
        for (path, text) in [(Kind::Decision.of(says.id()), bytes), (list, line)] {
            let path = path.to_path();
            write!(
                stream,
                "M 100644 inline {path}\ndata {}\n{text}\n",
                text.len()
            )
            .unwrap();
        }
    };
    let name = |what: &str, at: usize| DecisionId::new(format!("dec-{what}-{at}")).unwrap();
    for at in 0..decisions / 2 {
        if at % PAIRS == 0 {
            let from = if at == 0 {
                "from refs/awo/ledger^0\n"
            } else {
                ""
            };
            stream.push_str(&format!(
                "commit refs/awo/ledger\ncommitter x <x@x> 1700000000 +0000\ndata 2\nx\n{from}deleteall\n"
            ));
        }
        let target = Target::Record(Sha256::of(at.to_string().as_bytes()));
        let mut asks = deferred.clone();
        (asks.target, asks.decision.decision_id) = (target, name("asks", at));
        files(&otto, &asks, &mut stream);
        if at >= WAITING {
            let mut says = answered.clone();
            (says.target, says.decision.decision_id) = (target, name("says", at));
            says.answers = Some(asks.id().clone());
            files(&olga, &says, &mut stream);
        }
    }
    let mut import = world.command("olga", "olga", &["git", "fast-import", "--quiet"]);
    let mut import = import.stdin(Stdio::piped()).spawn().unwrap();
    let input = import.stdin.take().unwrap();
    std::io::Write::write_all(&mut { input }, stream.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    // As after a fetch: the remote has the same.
    let tracking = layout::tracking("origin", &layout::ledger()).unwrap();
    let words = ["git", "update-ref", tracking.as_str(), "refs/awo/ledger"];
    world.ok("olga", "olga", &words);
}
