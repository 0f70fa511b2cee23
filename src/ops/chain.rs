//! The links of a run's chain: what each binds, and whether it holds.

use crate::facts::run::{Held, Lookup, RunFacts};
use crate::policy::Verified;
use crate::record::{RefName, Report, RunId, Timestamp};
use crate::records::{ApprovalPredicate, Predicate, Verdict};
use crate::rules::{revocation, step};

use super::verify::{Request, verify};
use super::{Error, Session};

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
        Some(held) if has_landed(session, held)? => {
            let what = Some(run.to_string());
            report.absorb(verify(session, &Request::of(what))?);
        }
        Some(held) => report.findings.extend(session.judge_chain(held, None)?),
        None => report.absorb(step::unheld(&facts, session.policy()?)),
    }
    let links = links(&facts);
    Ok(Chain { links, report })
}

/// Tells whether the branch of a run, as last seen of a remote, holds its commit.
fn has_landed(session: &Session, run: Held<'_>) -> Result<bool, Error> {
    let says = run.says();
    let branch = says.reference.branch().unwrap_or_default();
    for remote in session.repo().remotes() {
        let Ok(name) = RefName::new(format!("refs/remotes/{remote}/{branch}")) else {
            continue;
        };
        if let Some(tip) = session.refs()?.get(&name)
            && session.repo().is_ancestor(says.commit, *tip)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn links(facts: &RunFacts) -> Vec<Link> {
    let run = facts.run.valid().map(Verified::predicate);
    vec![
        one("contract", &facts.contract, by_digest),
        approvals(
            "approval (gate 1)",
            facts,
            (&facts.task_approvals, facts.time),
            revocation::gate_1_withdrawn,
        ),
        one("run", &facts.run, |it| {
            format!("{} by {}", it.predicate().commit, it.signer())
        }),
        Link {
            name: "evidence",
            state: state(&facts.evidence),
            binds: run.map_or_else(String::new, |run| format!("root {}", run.root)),
        },
        many("gate 2", &facts.independence, |it| {
            format!("{} by {}", it.predicate().status.word(), it.signer())
        }),
        approvals(
            "gate 3",
            facts,
            (&facts.audit_approvals, facts.audited),
            revocation::gate_3_withdrawn,
        ),
        many("attestation", &facts.attestations, by_digest),
        one("finalization", &facts.finalization, by_digest),
        Link {
            name: "provenance index",
            state: state(&facts.indexed),
            binds: String::new(),
        },
        one("outcome", &facts.outcome, |it| {
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
        match facts.revoked.contains(&it.digest()) {
            true => format!("{}, withdrawn", by_digest(it)),
            false if expired => format!("{}, expired", by_digest(it)),
            false => by_digest(it),
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
        binds: binds.join(", "),
    }
}

fn state<T>(link: &Lookup<T>) -> State {
    match link {
        Lookup::Missing => State::Missing,
        Lookup::Invalid(_) => State::Bad,
        Lookup::Valid(_) => State::Held,
    }
}
