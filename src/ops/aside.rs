//! What a clone has recorded and a server will never take is set aside, so that the rest can be
//! pushed: it is taken out of the refs, whose tips are kept under `refs/awo-displaced/`.

use std::collections::BTreeSet;

use crate::git::{Expected, RefUpdate};
use crate::record::{Finding, Findings, ObjectId, RefName, Rule, RunId};
use crate::rules::baseline;
use crate::rules::remote as rules;
use crate::store::ledger::Refs;
use crate::store::swap::swap;
use crate::store::unsent::{Moved, Piece, Unsent, displaced};

use super::{Error, Session};

/// Refs that keep what was set aside, and where they are.
type Kept = Vec<(RefName, ObjectId)>;

/// What is set aside.
#[derive(Clone, Debug, Default)]
pub struct Aside {
    /// The records and files.
    pub pieces: BTreeSet<Piece>,
    /// Branches that are not pushed, since they hold commits of runs that are set aside.
    pub branches: BTreeSet<RefName>,
    /// Why.
    pub why: Findings,
}

impl Aside {
    /// Tells whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.branches.is_empty()
    }

    /// Takes what the server has something else for under the same name.
    pub(super) fn take_conflicts(&mut self, unsent: &Unsent<'_>) {
        for piece in unsent.conflicts() {
            if self.pieces.insert(piece.clone()) {
                self.why.push(match piece {
                    Piece::Baseline(place) => baseline::overtaken(place),
                    piece => rules::taken(piece),
                });
            }
        }
    }

    /// Takes what a server refused, if it can never land; with `everything`, whatever it refused.
    /// Tells whether there was any.
    pub(super) fn take(
        &mut self,
        unsent: &Unsent<'_>,
        refused: Vec<Finding>,
        everything: bool,
        with_policy: bool,
    ) -> bool {
        let mut took = false;
        let first = self.is_empty();
        for finding in refused {
            if is_for_good(&finding, everything, with_policy, first)
                && self.take_one(unsent, &finding)
            {
                // What lacks a run that is over says nothing that helps.
                let over = self.why.iter().any(|it| it.rule == Rule::RunOver);
                let known =
                    over && rules::follows(&finding) && !rules::never_lands(&finding, with_policy);
                if !known {
                    self.why.push(finding);
                }
                took = true;
            }
        }
        took
    }

    /// Tells whether anything of what was refused would be taken.
    pub(super) fn is_concerned(
        &self,
        refused: &[Finding],
        everything: bool,
        with_policy: bool,
    ) -> bool {
        let first = self.is_empty();
        let mut refused = refused.iter();
        refused.any(|it| is_for_good(it, everything, with_policy, first))
    }

    fn take_one(&mut self, unsent: &Unsent<'_>, finding: &Finding) -> bool {
        let subject = &finding.subject;
        let named = subject.record.as_deref().map(|it| unsent.named(it));
        let mut pieces = named.unwrap_or_default();
        // What is said of a piece that is gone concerns the rest of its run.
        if pieces.is_subset(&self.pieces)
            && let Some(run) = subject.run.as_deref().and_then(|it| RunId::new(it).ok())
        {
            pieces = unsent.of_run(&run);
        }
        let reference = subject.reference.as_deref().map(RefName::new);
        let reference = reference.and_then(Result::ok);
        if let Some(name) = &reference {
            // What follows a baseline goes where that goes.
            pieces.extend(unsent.with_successors(name));
        }
        let before = self.pieces.len();
        self.pieces.extend(pieces);
        if self.pieces.len() > before {
            return true;
        }
        let branch = reference.filter(|it| it.branch().is_some());
        branch.is_some_and(|branch| self.branches.insert(branch))
    }
}

/// Tells whether what a server says of a record is said for good. What lacks another one follows it,
/// once something is set aside.
fn is_for_good(finding: &Finding, everything: bool, with_policy: bool, first: bool) -> bool {
    let follows = !first && rules::follows(finding);
    everything || follows || rules::never_lands(finding, with_policy)
}

/// Moves refs to where they are without what is set aside, on top of what the server has, and keeps
/// their tips. Returns where they are kept. What another process records here meanwhile stays.
pub(super) fn settle(
    session: &Session,
    pieces: &BTreeSet<Piece>,
    theirs: &Refs,
) -> Result<Kept, Error> {
    if pieces.is_empty() {
        return Ok(Kept::new());
    }
    let author = session.actor().author();
    swap(session.repo(), "awo: set aside", &[], || {
        let session = session.again()?;
        let refs = session.refs()?;
        let moved = Unsent::between(session.repo(), refs, theirs)?.without(pieces, &author)?;
        keeping(&session, refs, &moved)
    })
}

/// Returns these movements with those that keep what they leave, and where that is kept.
fn keeping(session: &Session, refs: &Refs, moved: &Moved) -> Result<(Vec<RefUpdate>, Kept), Error> {
    let (mut updates, mut kept) = (Vec::new(), Kept::new());
    for (name, tip) in moved {
        let Some(our) = refs.get(name).copied() else {
            continue;
        };
        updates.push(RefUpdate {
            name: name.clone(),
            expected: Expected::At(our),
            new: *tip,
        });
        if tip.is_some_and(|tip| session.repo().is_ancestor(our, tip).unwrap_or(false)) {
            continue;
        }
        let keep = displaced(name, our);
        let keep = keep.map_err(|error| {
            Error::unusable(Rule::RefNamed, "cannot name the tip to keep", &error)
        })?;
        if refs.get(&keep) != Some(&our) {
            updates.push(RefUpdate {
                name: keep.clone(),
                expected: Expected::Absent,
                new: Some(our),
            });
        }
        kept.push((keep, our));
    }
    Ok((updates, kept))
}
