//! Skeletons: the first run of a contract that asks for one changes documents only, and the run that
//! implements it follows a reviewer's approval of that.

use std::collections::BTreeSet;

use crate::policy::Verified;
use crate::record::tree::{Change, Mode};
use crate::record::{DecisionId, Gate, ObjectId, RepoPath, RunId, Sha256};
use crate::records::{RunPredicate, Target};

use super::Error;
use super::groundwork::{Makers, Skeleton, SkeletonFacts};
use super::opening::{Opening, UsedBy};
use super::run::{Collector, Lookup};

/// The names of documents: plain files with these endings.
const ENDINGS: &[&[u8]] = &[b".md", b".markdown", b".rst", b".adoc", b".txt"];

/// Tells whether a change is one of a document.
pub fn is_of_a_document(change: &Change) -> bool {
    let plain = |side: Option<(Mode, ObjectId)>| side.is_none_or(|it| it.0 == Mode::File);
    let path = change.path.as_bytes();
    ENDINGS.iter().any(|ending| path.ends_with(ending)) && plain(change.old) && plain(change.new)
}

impl Collector<'_> {
    /// Returns who made a run, if its record holds.
    pub fn makers_of(&self, run: &RunId) -> Result<Option<Makers>, Error> {
        let record = self.run_record(run)?;
        record.valid().map(|it| self.makers(it)).transpose()
    }

    pub(super) fn makers(&self, record: &Verified<RunPredicate>) -> Result<Makers, Error> {
        let (reader, commit) = (self.records.reader(), record.predicate().commit);
        let mut named = BTreeSet::new();
        if reader.contains(commit) {
            named.extend(reader.commit(commit)?.makers());
        }
        Ok(Makers {
            orchestrator: record.signer().clone(),
            named,
        })
    }

    /// Returns what bears on the skeleton of a run, by what its record says.
    pub(super) fn skeleton(
        &self,
        says: &RunPredicate,
        used: UsedBy,
    ) -> Result<SkeletonFacts, Error> {
        let named = says.work.as_ref().and_then(|it| it.skeleton.as_ref());
        Ok(match named {
            None => SkeletonFacts::Makes(self.no_documents(says)?),
            Some(id) => {
                let found = self.skeleton_by(id, Some(used))?;
                SkeletonFacts::Follows(id.clone(), found.map(Box::new))
            }
        })
    }

    /// Returns the skeleton on which a decision is, as it stands to a use.
    fn skeleton_by(
        &self,
        id: &DecisionId,
        used: Option<UsedBy>,
    ) -> Result<Option<Skeleton>, Error> {
        let Some(decision) = self.decision_of(id)? else {
            return Ok(None);
        };
        let Some(run) = decision.predicate().run.clone() else {
            return Ok(None);
        };
        let Some(record) = self.run_record(&run)?.into_valid() else {
            return Ok(None);
        };
        let judging = self.judging();
        let user = used.as_ref().map(|it| it.record);
        let in_time = user.is_none_or(|it| judging.came_in_time(decision.digest(), it));
        let approval = self.opening(decision, used)?;
        Ok(Some(self.skeleton_of(
            &record,
            approval,
            (in_time, user),
        )?))
    }

    fn skeleton_of(
        &self,
        record: &Verified<RunPredicate>,
        approval: Opening,
        (in_time, used_by): (bool, Option<Sha256>),
    ) -> Result<Skeleton, Error> {
        let says = record.predicate();
        Ok(Skeleton {
            run: says.run.clone(),
            commit: says.commit,
            task: says.task.clone(),
            contract: says.contract,
            makes: !says.follows_skeleton(),
            others: self.no_documents(says)?,
            made_by: self.makers(record)?,
            approval,
            in_time,
            cancelled: self.was_cancelled(&says.run, used_by)?,
        })
    }

    /// Returns the skeletons of a contract that somebody approved, as they stand now: those of all its runs.
    pub fn skeletons(&self, contract: Sha256) -> Result<Vec<Skeleton>, Error> {
        let mut found = Vec::new();
        for run in self.records.runs()? {
            let record: Lookup<Verified<RunPredicate>> = self.run_record(&run)?;
            let Some(record) = record
                .valid()
                .filter(|it| it.predicate().contract == contract)
            else {
                continue;
            };
            found.extend(self.skeletons_by(record)?);
        }
        Ok(found)
    }

    /// Returns the skeleton that a run makes, once for each time that somebody approved it.
    pub fn skeletons_of(&self, run: &RunPredicate) -> Result<Vec<Skeleton>, Error> {
        match self.run_record(&run.run)?.valid() {
            Some(record) => self.skeletons_by(record),
            None => Ok(Vec::new()),
        }
    }

    fn skeletons_by(&self, record: &Verified<RunPredicate>) -> Result<Vec<Skeleton>, Error> {
        let target = Target::Object(record.predicate().commit);
        let approvals = self.approvals_on(Gate::SkeletonApproval, target, None)?;
        let approvals = approvals.into_iter();
        approvals
            .map(|it| self.skeleton_of(record, it, (true, None)))
            .collect()
    }

    /// Returns the paths that a run changes and that are no documents.
    fn no_documents(&self, says: &RunPredicate) -> Result<Vec<RepoPath>, Error> {
        let reader = self.records.reader();
        if !reader.contains(says.base) || !reader.contains(says.commit) {
            // Found elsewhere; nothing can be compared.
            return Ok(Vec::new());
        }
        let limits = &self.history.current().policy.document().limits;
        let trees = (reader.tree_of(says.base)?, reader.tree_of(says.commit)?);
        let (old, new) = (Some(trees.0), Some(trees.1));
        let compared = reader.compare_files(old, new, limits.paths, limits.file_bytes)?;
        let changed = compared.changes.into_iter();
        let others = changed.filter(|it| !is_of_a_document(it));
        Ok(others.map(|it| it.path).collect())
    }
}
