//! The links of a run's chain: what each binds, and whether it holds.

use crate::facts::run::{Lookup, RunFacts};
use crate::policy::Verified;
use crate::record::{Findings, Report, RunId, Timestamp};
use crate::records::{ApprovalPredicate, Kind, LedgerPath, Predicate, Verdict};
use crate::rules::{self, Step, absent, clone, life, revocation, step};

use super::verify::{Request, verify};
use super::{Error, Session};

const CONTRACT: &str = "contract";
const RUN: &str = "run";
const GATE_2: &str = "gate 2";
const ATTESTATION: &str = "attestation";
const FINALIZATION: &str = "finalization";
const INDEX: &str = "provenance index";
const OUTCOME: &str = "outcome";
const CANCELLATION: &str = "cancellation";

/// A chain and the verdict on it.
pub struct Chain {
    /// Its links, in their order.
    pub links: Vec<Link>,
    /// The verdict.
    pub report: Report,
}

/// A link of a chain.
pub struct Link {
    /// What it is called.
    pub name: &'static str,
    /// Whether it is there and holds by itself.
    pub state: State,
    /// When it was recorded, by the word of whoever wrote it; of evidence and notes this is not known.
    pub recorded: Option<Timestamp>,
    /// What it binds, and by whom; empty where it is not there.
    pub binds: String,
}

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not there.
    Missing,
    /// It is there and does not hold.
    Bad,
    /// A review that holds, and says that the run did not pass.
    Failed,
    /// It was there, and whoever made it has withdrawn it.
    Withdrawn,
    /// It is there and holds by itself.
    Held,
}

impl State {
    /// Returns the state as a word.
    pub fn word(self) -> &'static str {
        match self {
            State::Missing => "missing",
            State::Bad => "bad",
            State::Failed => "failed",
            State::Withdrawn => "withdrawn",
            State::Held => "held",
        }
    }
}

/// Looks at the chain of a run and judges it: as `git awo verify RUN` does where the run is on its
/// branch, by the policy of the push that brought it, and else as the server will.
pub fn chain(session: &Session, run: &RunId) -> Result<Chain, Error> {
    let facts = session.run(run)?;
    let mut report = Report::default();
    report.count("runs", 1);
    match facts.held() {
        Some(held) if session.has_landed(held.says())? => {
            let what = Some(run.to_string());
            report.absorb(verify(session, &Request::of(what))?);
        }
        Some(held) => {
            let life = session.life(&facts)?;
            let over = life::over(&facts, &life);
            // Of a run that is over nothing later is taken: that it is missing is of no use. Of one that has
            // failed, what it has says why.
            let before = match (&over, life.state()) {
                (Some(_), life::State::Cancelled) => None,
                (Some(_), _) => Some(session.judge_chain(held, Some(Step::Gate3))?),
                (None, _) => Some(session.judge_chain(held, None)?),
            };
            report.absorb(Report::of(
                over.into_iter().chain(before.into_iter().flatten()),
            ));
        }
        None => report.absorb(step::unheld(&facts, session.policy()?)),
    }
    if !report.findings.is_empty() && session.is_behind() {
        let findings = std::mem::take(&mut report.findings).into_iter();
        let (missing, found): (Vec<_>, Vec<_>) = findings.partition(absent::may_come);
        report.findings.extend(found);
        report.absorb(clone::or_fetch(Report::of(missing), true));
    }
    let mut links = links(&facts);
    if !facts.cancellations.is_empty() {
        links.push(many(CANCELLATION, &facts.cancellations, by_digest));
    }
    let reviews = rules::reviews(&facts, session.policy()?, None, &mut Findings::new());
    for link in &mut links {
        let counts = match link.name {
            GATE_2 => !reviews.passed.is_empty(),
            ATTESTATION => !reviews.attested.is_empty(),
            _ => true,
        };
        if !counts && link.state == State::Held {
            link.state = match link.name {
                GATE_2 => State::Failed,
                _ => State::Bad,
            };
        }
    }
    date(session, &facts, &mut links)?;
    Ok(Chain { links, report })
}

/// Adds when each link in the ledger was recorded.
fn date(session: &Session, facts: &RunFacts, links: &mut [Link]) -> Result<(), Error> {
    let records = session.records()?;
    let run = &facts.id;
    let task = facts.run.valid().map(|run| &run.predicate().task);
    for link in links {
        let path = match link.name {
            CONTRACT => task.map(|task| Kind::Contract.of(task)),
            RUN => Some(Kind::Run.of(run)),
            FINALIZATION => Some(Kind::Finalization.of(run)),
            INDEX => Some(LedgerPath::Provenance(run.clone())),
            OUTCOME => Some(Kind::Outcome.of(run)),
            CANCELLATION => facts
                .cancellations
                .first()
                .map(|it| Kind::Cancellation.one_of(run, it.digest())),
            // The newest log, if there are several.
            GATE_2 => records
                .of_run(run, Kind::Independence)?
                .pop()
                .map(|(path, _)| path),
            _ => None,
        };
        if let Some(path) = path {
            link.recorded = records.ledger().date_of(&path)?;
        }
    }
    Ok(())
}

fn links(facts: &RunFacts) -> Vec<Link> {
    let run = facts.run.valid().map(Verified::predicate);
    vec![
        one(CONTRACT, &facts.contract, by_digest),
        approvals(
            "approval (gate 1)",
            facts,
            (&facts.task_approvals, facts.time),
            revocation::gate_1_withdrawn,
        ),
        one(RUN, &facts.run, |it| {
            format!("{} by {}", it.predicate().commit, it.signer())
        }),
        Link {
            name: "evidence",
            state: state(&facts.evidence),
            recorded: None,
            binds: run.map_or_else(String::new, |run| format!("root {}", run.root)),
        },
        many(GATE_2, &facts.independence, |it| {
            format!("{} by {}", it.predicate().status.word(), it.signer())
        }),
        approvals(
            "gate 3",
            facts,
            (&facts.audit_approvals, facts.audited),
            revocation::gate_3_withdrawn,
        ),
        many(ATTESTATION, &facts.attestations, |it| {
            format!("{}, until {}", by_digest(it), it.predicate().expires)
        }),
        one(FINALIZATION, &facts.finalization, by_digest),
        Link {
            name: INDEX,
            state: state(&facts.indexed),
            recorded: None,
            binds: String::new(),
        },
        one(OUTCOME, &facts.outcome, |it| {
            let word = match it.predicate().outcome {
                Verdict::Accepted => "accepted",
                Verdict::Rejected => "rejected",
            };
            format!("{word} by {}", it.signer())
        }),
    ]
}

fn approvals(
    name: &'static str,
    facts: &RunFacts,
    (given, time): (&[Verified<ApprovalPredicate>], Timestamp),
    withdrawn: fn(&RunFacts) -> bool,
) -> Link {
    let link = many(name, given, |it| {
        let expired = it.predicate().expires <= time;
        match facts.is_withdrawn(it.digest()) {
            true => format!("{}, withdrawn", by_digest(it)),
            false if expired => format!("{}, expired", by_digest(it)),
            false => format!("{}, until {}", by_digest(it), it.predicate().expires),
        }
    });
    match withdrawn(facts) {
        true => Link {
            state: State::Withdrawn,
            ..link
        },
        false => link,
    }
}

fn by_digest<P: Predicate>(it: &Verified<P>) -> String {
    format!("{} by {}", it.digest(), it.signer())
}

fn one<P: Predicate>(
    name: &'static str,
    link: &Lookup<Verified<P>>,
    binds: impl Fn(&Verified<P>) -> String,
) -> Link {
    Link {
        name,
        state: state(link),
        recorded: None,
        binds: link.valid().map(binds).unwrap_or_default(),
    }
}

fn many<P: Predicate>(
    name: &'static str,
    records: &[Verified<P>],
    binds: impl Fn(&Verified<P>) -> String,
) -> Link {
    let state = match records {
        [] => State::Missing,
        _ => State::Held,
    };
    let binds: Vec<_> = records.iter().map(binds).collect();
    Link {
        name,
        state,
        recorded: None,
        binds: binds.join("; "),
    }
}

fn state<T>(link: &Lookup<T>) -> State {
    match link {
        Lookup::Missing => State::Missing,
        Lookup::Invalid(_) => State::Bad,
        Lookup::Valid(_) => State::Held,
    }
}
