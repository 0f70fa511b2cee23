//! Freezes the state that stands in the work tree.

use crate::facts::baseline::is_task;
use crate::git::CommitDraft;
use crate::record::baseline::{FILES, Item, MANIFEST, Manifest, Place, SCHEMA, Scope};
use crate::record::tree::{Entry, Mode};
use crate::record::{BaselineName, Findings, ObjectId, RefName, Refusal, RunId, Subject};
use crate::rules::baseline as rules;
use crate::state::{Locked, Root, take};
use crate::store::baselines::{Lines, Standing};
use crate::store::layout;

use super::named::{root, work_tree};
use crate::ops::{Error, Session};

/// A new baseline.
pub struct Created {
    /// Its ref.
    pub reference: RefName,
    /// Its commit.
    pub id: ObjectId,
    /// The baseline that it follows.
    pub before: Option<Standing>,
    /// How many paths it holds.
    pub paths: usize,
    /// How many bytes these have.
    pub bytes: u64,
}

/// Makes a baseline of what stands in the directory that the policy names.
pub fn create(session: &Session, scope: Scope, name: BaselineName) -> Result<Created, Error> {
    // Nobody reads a large state to learn that they may not.
    session.context(rules::MAKERS)?;
    let policy = session.policy()?;
    let (own, limits) = (root(policy)?, &policy.document().limits);
    let place = Root::find(work_tree(session)?, own)?;
    let _locked = Locked::on(session.repo().common_dir())?;
    let session = &session.again()?;
    let new = New::of(session, scope, name)?;
    let taken = take(session.repo(), &place, limits)?;
    new.write(session, taken.items, taken.files, None)
}

/// A baseline to be made, whose name is free.
pub(super) struct New {
    pub(super) scope: Scope,
    place: Place,
    /// What it follows.
    pub(super) before: Option<Standing>,
}

impl New {
    /// Looks where it is to stand. The caller holds the lock of the repository.
    pub(super) fn of(session: &Session, scope: Scope, name: BaselineName) -> Result<Self, Error> {
        let place = Place::new(&scope, name);
        let lines = Lines::read(session.repo(), session.refs()?);
        let (line, folded) = (place.line(), place.folded());
        if let Some(other) = lines.of(&line).find(|it| it.place.folded() == folded) {
            if other.place == place {
                return Err(name_taken(&place, Some(other.id)));
            }
            let message = format!("there is a baseline {} already", other.place);
            let subject = Subject::of_ref(&layout::baseline(&place));
            return Err(Error::denied(message, rules::alike(&other.place, subject)));
        }
        // Nobody reads a large state to learn that there is no such task.
        let is_task = is_task(&session.records()?, &scope)?;
        let subject = Subject::of_ref(&layout::baseline(&place));
        if let Some(why) = rules::scoped(&scope, is_task, subject) {
            return Err(session.refused("no baseline is made", why));
        }
        let mut newest = lines.newest(&line);
        let before = newest.next().cloned();
        if let (Some(one), Some(other)) = (&before, newest.next()) {
            let mut findings = Findings::new();
            for own in [one, other] {
                rules::lined(own, &lines, &mut findings);
            }
            let why = Refusal::of(findings);
            let message = format!("the baselines of {} have forked", place.scope());
            return Err(match why {
                Some(why) => Error::denied(message, why),
                None => Error::usage(message),
            });
        }
        Ok(Self {
            scope,
            place,
            before,
        })
    }

    /// Returns where it is to stand.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Signs and writes it, if the server would take it.
    pub(super) fn write(
        self,
        session: &Session,
        items: Vec<Item>,
        files: ObjectId,
        run: Option<RunId>,
    ) -> Result<Created, Error> {
        let (actor, repo, history) = (session.actor(), session.repo(), session.history()?);
        let policy = &history.current().policy;
        let manifest = Manifest {
            items,
            name: self.place.name().clone(),
            plan: self.scope.plan().cloned(),
            policy: history.current().commit,
            predecessor: self.before.as_ref().map(|it| it.id),
            repository: history.repository(),
            root: root(policy)?.clone(),
            run,
            schema: SCHEMA.to_owned(),
            task: self.scope.task().cloned(),
        };
        let reference = layout::baseline(&self.place);
        let limits = &policy.document().limits;
        let bytes = manifest.to_bytes();
        let (longest, most) = (limits.inventory_bytes, limits.inventory_lines);
        if let Err(bad) = manifest.check(bytes.len(), longest, most) {
            let why = rules::impossible(&bad, Subject::of_ref(&reference));
            return Err(Error::denied("this state cannot be a baseline", why));
        }
        let entry = |name: &str, mode, id| Entry {
            mode,
            name: name.as_bytes().to_vec(),
            id,
        };
        let bytes = repo.write_blob(&bytes)?;
        let tree = repo.write_tree(vec![
            entry(FILES, Mode::Tree, files),
            entry(MANIFEST, Mode::File, bytes),
        ])?;
        let author = actor.author();
        let draft = CommitDraft {
            tree,
            parents: manifest.predecessor.into_iter().collect(),
            author: author.clone(),
            committer: author,
            message: format!("awo: baseline {}\n", self.place).into_bytes(),
            signature: None,
        };
        let id = repo.write_commit(&actor.sign_commit(draft)?)?;
        if !actor.create(&reference, id, "awo: baseline")? {
            return Err(name_taken(&self.place, repo.reference(&reference)?));
        }
        let sizes = manifest.items.iter().map(|it| it.size);
        Ok(Created {
            reference,
            id,
            before: self.before,
            paths: manifest.items.len(),
            bytes: sizes.fold(0, u64::saturating_add),
        })
    }
}

fn name_taken(place: &Place, id: Option<ObjectId>) -> Error {
    let message = format!("there is a baseline {place} already");
    Error::denied(message, rules::taken(place, id))
}
