//! A repository, who acts in it, and what stands in it when the act begins: read once.

use std::cell::OnceCell;

use crate::actor::{self, Actor};
use crate::check::branch;
use crate::check::{Behind, PolicyHistory};
use crate::facts::lifting::{Uses, When};
use crate::facts::log::Log;
use crate::facts::run::{Collector, Held, Lookup, RunFacts};
use crate::git::Repo;
use crate::policy::{Policy, Role};
use crate::record::envelope::Envelope;
use crate::record::{Findings, ObjectId, RefName, Refusal, RunId, Sha256, Timestamp};
use crate::records::{Context, Predicate, RunPredicate};
use crate::rules::life::{self, Life, Whose};
use crate::rules::{Step, absent, step};
use crate::store::batch::Batch;
use crate::store::layout;
use crate::store::ledger::{Records, Refs};
use crate::{git, store};

use super::Error;

/// Somebody who acts in a repository, with the refs and the policy as they stood at the first look.
///
/// Nothing is read before it is asked for, so that a command needs no more than it uses. What a
/// command has changed shows in a new session ([`Session::again`]).
pub struct Session {
    actor: Actor,
    refs: OnceCell<Refs>,
    history: OnceCell<PolicyHistory>,
}

impl Session {
    /// Begins a session.
    pub fn new(actor: Actor) -> Self {
        Self {
            actor,
            refs: OnceCell::new(),
            history: OnceCell::new(),
        }
    }

    /// Begins anew: with the objects and refs that are there now.
    pub fn again(&self) -> Result<Self, Error> {
        Ok(Self::new(self.actor.again()?))
    }

    /// Returns who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns the repository.
    pub fn repo(&self) -> &Repo {
        &self.actor.repo
    }

    /// Returns the present time.
    pub fn now(&self) -> Timestamp {
        self.actor.now()
    }

    /// Returns every ref.
    pub fn refs(&self) -> Result<&Refs, Error> {
        once(&self.refs, || Ok(self.actor.refs()?))
    }

    /// Returns the checked history of the policy.
    pub fn history(&self) -> Result<&PolicyHistory, Error> {
        once(&self.history, || Ok(self.actor.history()?))
    }

    /// Returns the policy in force.
    pub fn policy(&self) -> Result<&Policy, Error> {
        Ok(&self.history()?.current().policy)
    }

    /// Fails where the policy requires what this version does not know: then nothing here is judged
    /// and nothing is written, since records and refs may mean something else.
    pub fn require_known_policy(&self) -> Result<(), Error> {
        if self.history.get().is_some() {
            return Ok(());
        }
        match self.actor.history() {
            Ok(history) => _ = self.history.set(history),
            Err(actor::Error::Check(error)) if error.is_newer_policy() => return Err(error.into()),
            // Not everybody needs a policy that holds, and whoever does asks for it.
            Err(_) => {}
        }
        Ok(())
    }

    /// Returns the records that the refs show, to judge them or to build on them.
    pub fn records(&self) -> Result<Records<'_>, Error> {
        self.require_known_policy()?;
        self.stored()
    }

    /// Returns the records that the refs show, to show them as they are stored.
    pub fn stored(&self) -> Result<Records<'_>, Error> {
        Ok(Records::open(self.repo(), self.refs()?)?)
    }

    /// Returns a collector over these records.
    pub fn collector<'a>(&'a self, records: &'a Records<'a>) -> Result<Collector<'a>, Error> {
        Ok(self.actor.collector(records, self.history()?))
    }

    /// Returns the receive log as far as it holds; what does not is found by `git awo verify`.
    pub(super) fn log(&self) -> Result<Log, Error> {
        let Some(tip) = self.refs()?.get(&layout::log()) else {
            return Ok(Log::default());
        };
        let mut findings = Findings::new();
        Ok(Log::load(
            self.repo(),
            *tip,
            self.history()?,
            &mut findings,
        )?)
    }

    /// Returns everything known about a run, or says that there is none.
    pub fn run(&self, run: &RunId) -> Result<RunFacts, Error> {
        let records = self.records()?;
        let collector = self.collector(&records)?;
        let facts = collector.run(run)?;
        if matches!(facts.run, Lookup::Missing) {
            if collector.is_only_cancelled(&facts)? {
                let message = format!("{run} was cancelled before anybody recorded it");
                let over = life::never_recorded(Whose::facts(&facts));
                return Err(self.refused(message, over));
            }
            let message = format!("there is no run {run} in this clone");
            return Err(self.refused(message, absent::run_record(run)));
        }
        Ok(facts)
    }

    /// Tells whether something has come to this clone by another way than `git awo fetch`, so that what
    /// belongs to it may be missing. What cannot be told does not count.
    pub fn is_behind(&self) -> bool {
        let behind = || -> Result<bool, Error> {
            let marks = self.actor.settings.high_water()?;
            Ok(Behind::of(self.repo(), self.refs()?, &marks)?.is_behind())
        };
        behind().unwrap_or_default()
    }

    /// Returns the error that an act is refused: undecided where only what is not here stands in its
    /// way.
    pub(super) fn refused(&self, message: impl Into<String>, why: impl Into<Refusal>) -> Error {
        Error::denied(message, why).or_fetch(self.is_behind())
    }

    /// Returns the life of a run, whose record holds, as far as is known here.
    pub fn life(&self, facts: &RunFacts) -> Result<Life, Error> {
        let records = self.records()?;
        let landed = match facts
            .held()
            .filter(|_| facts.finalization.valid().is_some())
        {
            Some(run) => {
                let (branch, commit) = (&run.says().reference, run.says().commit);
                self.collector(&records)?.has_landed(branch, commit)?
            }
            None => false,
        };
        Ok(life::here(facts, self.policy()?, landed))
    }

    /// Tells whether the branch of a run, as last seen of a remote, holds its commit.
    pub fn has_landed(&self, run: &RunPredicate) -> Result<bool, Error> {
        let branch = run.reference.branch().unwrap_or_default();
        for remote in self.repo().remotes() {
            if let Some(tip) = self.tracked(&remote, branch)?
                && self.repo().is_ancestor(run.commit, tip)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns where a branch of a remote was seen last.
    pub(super) fn tracked(&self, remote: &str, branch: &str) -> Result<Option<ObjectId>, Error> {
        let name = RefName::new(format!("refs/remotes/{remote}/{branch}"));
        let refs = self.refs()?;
        Ok(name.ok().and_then(|name| refs.get(&name).copied()))
    }

    /// Judges the commit of a run with its chain, as the server will, or with the part of it on which
    /// a step builds.
    pub fn judge_chain(&self, run: Held<'_>, before: Option<Step>) -> Result<Findings, Error> {
        let (says, facts) = (run.says(), run.facts);
        let Some(rules) = self.policy()?.ref_rules(&says.reference) else {
            return Err(Error::denied(
                format!("{} is not governed", says.reference),
                step::ungoverned(&says.reference),
            ));
        };
        let records = self.records()?;
        let collector = self.collector(&records)?;
        let uses = Uses::by_log(self.repo(), self.refs()?);
        let when = When {
            time: self.now(),
            arriving: true,
        };
        let of = (says.commit, facts.time, when);
        let judged = branch::judge_run(&collector, &uses, &rules, facts, of, before);
        Ok(judged?)
    }

    /// Returns the context of a statement made in the first of these roles that one holds.
    pub fn context(&self, roles: &[Role]) -> Result<Context, Error> {
        let context = self.actor.context(self.history()?, roles);
        context.map_err(|error| Error::from(error).or_fetch(self.is_behind()))
    }

    /// Signs a statement.
    pub fn sign<P: Predicate>(&self, predicate: P) -> Result<Envelope, Error> {
        Ok(self.actor.sign(predicate)?)
    }

    /// Writes a batch.
    pub fn commit(&self, batch: &Batch) -> Result<(), Error> {
        Ok(self.actor.write(batch)?)
    }

    /// Notes a statement once.
    pub fn note(&self, batch: &Batch, own: Sha256) -> Result<Noted, Error> {
        match self.actor.write(batch) {
            Ok(()) => Ok(Noted::new(own, true)),
            Err(actor::Error::Store(store::Error::Noted { digest })) => {
                Ok(Noted::new(digest, false))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Runs git without its hooks and without what a stranger could have configured.
    pub(super) fn git(&self, words: &[&str]) -> Result<std::process::Output, git::Error> {
        git::run_guarded(self.repo(), words)
    }
}

/// The record that now says it. Of several processes that say the same for the same person, one
/// adds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The record.
    pub digest: Sha256,
    /// Whether this act added it.
    pub effective: bool,
}

impl Noted {
    fn new(digest: Sha256, effective: bool) -> Self {
        Self { digest, effective }
    }
}

/// Returns what a cell holds, made the first time.
pub(super) fn once<T>(
    cell: &OnceCell<T>,
    make: impl FnOnce() -> Result<T, Error>,
) -> Result<&T, Error> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}
