//! Takes a rejected run back: one commit, its exact inverse.

use crate::check::rollback::earlier_rollback;
use crate::facts::artefacts::{self, TakenBack};
use crate::facts::case::CommitCase;
use crate::facts::run::Held;
use crate::git::{CommitDraft, Expected, MOST_CHANGES, RefUpdate};
use crate::record::tree::Change;
use crate::record::{Findings, ObjectId, RefName, Refusal, Rule, RunId, Subject};
use crate::rules::{self, Reverted, life, step, undo};

use super::work_tree::{catch_up, follow, require_clean};
use super::{Error, Session, index};

/// A run that is taken back now.
pub struct RolledBack {
    /// The commit that takes it back.
    pub commit: ObjectId,
    /// The branch, which is at that commit now.
    pub reference: RefName,
}

/// Takes a run back. The new commit is judged as the server will judge it, before anything moves.
pub fn rollback(session: &Session, run: &RunId) -> Result<RolledBack, Error> {
    let facts = session.run(run)?;
    let Some(held) = facts.held() else {
        return Err(refused(run, step::unheld(&facts, session.policy()?)));
    };
    let undo = Undo::gather(session, held)?;
    undo.require_possible()?;
    let commit = undo.write_commit()?;
    undo.judge(commit)?;
    let reference = undo.run.says().reference.clone();
    let update = RefUpdate {
        name: reference.clone(),
        expected: Expected::At(undo.tip),
        new: Some(commit),
    };
    let repo = session.repo();
    repo.update_refs(&[update], &format!("awo: rollback {run}"))?;
    follow(session, &reference, undo.tip, commit)?;
    Ok(RolledBack { commit, reference })
}

fn refused(run: &RunId, why: Refusal) -> Error {
    Error::denied(format!("{run} cannot be rolled back"), why)
}

/// What is to be taken back, and from where.
struct Undo<'a> {
    session: &'a Session,
    run: Held<'a>,
    /// Where the branch is.
    tip: ObjectId,
    /// Whether the branch has the commit of the run.
    ancestor: bool,
    /// A commit of the branch that has taken the run back.
    earlier: Option<ObjectId>,
    /// What the run changed.
    changes: Vec<Change>,
}

impl<'a> Undo<'a> {
    fn gather(session: &'a Session, run: Held<'a>) -> Result<Self, Error> {
        let (repo, says) = (session.repo(), run.says());
        let gone =
            || Error::usage(format!("{} does not exist here", says.reference)).hint("git fetch");
        let tip = repo.reference(&says.reference)?.ok_or_else(gone)?;
        let ancestor = repo.is_ancestor(says.commit, tip)?;
        let earlier = match ancestor {
            true => earlier_rollback(repo, &[tip], says.commit, &run.facts.id)?,
            false => None,
        };
        let (base, made) = (repo.commit(says.base)?.tree, repo.commit(says.commit)?.tree);
        Ok(Self {
            session,
            run,
            tip,
            ancestor,
            earlier,
            changes: repo.changes_before(Some(base), Some(made), MOST_CHANGES)?,
        })
    }

    /// Refuses what cannot be taken back from where the branch is.
    fn require_possible(&self) -> Result<(), Error> {
        let (session, run, reference) =
            (self.session, &self.run.facts.id, &self.run.says().reference);
        let repo = session.repo();
        let where_it_is = (self.ancestor, self.earlier.is_some());
        let (policy, subject) = (session.policy()?, Subject::of_run(run));
        let turn = life::rolls_back(self.run.facts, policy, where_it_is, subject);
        if let Some(earlier) = self.earlier {
            let refusal = Error::denied(
                format!("{run} is rolled back already"),
                Refusal::from(undo::taken_back(run, earlier)).and(turn),
            );
            let remark = match repo.commit(earlier)?.parents.as_slice() {
                [before] if earlier == self.tip => catch_up(session, reference, *before, self.tip)?,
                _ => None,
            };
            return Err(match remark {
                None => refusal,
                Some(remark) => refusal.hint(remark),
            });
        }
        // What never lands has changed nothing that could be taken back.
        if let Some(over) = turn
            .clone()
            .filter(|it| it.rule == Rule::RunOver && !self.ancestor)
        {
            return Err(refused(run, over.into()));
        }
        let tree = repo.commit(self.tip)?.tree;
        let mut stale = Findings::new();
        let policy = session.policy()?;
        for change in &self.changes {
            if !policy.is_index_page(&change.path) && repo.entry(tree, &change.path)? != change.new
            {
                stale.push(undo::changed_since(run, &change.path));
            }
        }
        if let Some(why) = Refusal::of(stale) {
            return Err(refused(run, why.and(turn)));
        }
        self.require_newest()?;
        require_clean(session, reference, self.tip)
    }

    /// Refuses to go on from a branch that is behind what was last seen at a remote.
    fn require_newest(&self) -> Result<(), Error> {
        let repo = self.session.repo();
        let reference = &self.run.says().reference;
        let end = format!("/{}", reference.branch().unwrap_or_default());
        for (name, theirs) in repo.references("refs/remotes/")? {
            if name.as_str().ends_with(&end) && !repo.is_ancestor(theirs, self.tip)? {
                return Err(Error::denied(
                    format!("{reference} is behind {name}"),
                    undo::behind(reference, self.tip, &name, theirs),
                ));
            }
        }
        Ok(())
    }

    fn write_commit(&self) -> Result<ObjectId, Error> {
        let (repo, actor, run) = (
            self.session.repo(),
            self.session.actor(),
            &self.run.facts.id,
        );
        let policy = self.session.policy()?;
        let changes = self.changes.iter();
        let edits: Vec<_> = changes
            .filter(|change| !policy.is_index_page(&change.path))
            .map(|change| (change.path.clone(), change.old))
            .collect();
        let before = repo.commit(self.tip)?.tree;
        let tree = repo.edit_tree(Some(before), &edits)?;
        let author = actor.author();
        let message = format!(
            "Roll back {run}\n\nThe exact inverse of {}.\n\nAWO-Rollback: {run}\n",
            self.run.says().commit
        );
        let draft = CommitDraft {
            tree: self.with_pages(before, tree)?,
            parents: vec![self.tip],
            author: author.clone(),
            committer: author,
            message: message.into_bytes(),
            signature: None,
        };
        Ok(repo.write_commit(&actor.sign_commit(draft)?)?)
    }

    /// Returns the tree with generated pages that are right, where it differs from the one before.
    fn with_pages(&self, before: ObjectId, tree: ObjectId) -> Result<ObjectId, Error> {
        let (repo, policy) = (self.session.repo(), self.session.policy()?);
        index::with_pages(repo, policy, tree, |tree, root| {
            let directory = root.root().path();
            Ok(repo.entry(before, &directory)? != repo.entry(tree, &directory)?)
        })
    }

    /// Judges the new commit as the server will.
    fn judge(&self, id: ObjectId) -> Result<(), Error> {
        let (repo, run, reference) = (
            self.session.repo(),
            &self.run.facts.id,
            &self.run.says().reference,
        );
        let policy = self.session.policy()?;
        let Some(rules) = policy.ref_rules(reference) else {
            return Err(Error::undecided(
                format!("{reference} is not governed"),
                step::ungoverned(reference),
            ));
        };
        let commit = repo.commit(id)?;
        let before = repo.commit(self.tip)?.tree;
        let most = policy.document().limits.paths;
        let inverse = repo.compare(Some(before), Some(commit.tree), most)?;
        let taken_back = TakenBack::default();
        let artefacts = artefacts::of_commit(repo, policy, &commit, &inverse.changes, &taken_back)?;
        let of = (Some(&*commit), &*inverse.changes);
        let lifting = self.session.actor().lifting(self.session.history()?, of)?;
        let case = CommitCase {
            rules: &rules,
            commit: &commit,
            changes: &inverse.changes,
            faults: &inverse.faults,
            artefacts,
            lifting: &lifting,
            signer: policy.keyring().signer_of(&commit, self.session.now()),
        };
        let reverted = Reverted {
            commit: &*repo.commit(self.run.says().commit)?,
            changes: &self.changes,
            ancestor: self.ancestor,
            earlier: self.earlier,
        };
        let mut findings = Findings::new();
        rules::rollback(&case, self.run.facts, &reverted, &mut findings);
        match Refusal::of(findings) {
            None => Ok(()),
            Some(why) => {
                let hint = format!("git awo outcome {run} rejected --reason TEXT");
                Err(refused(run, why).hint(hint))
            }
        }
    }
}
