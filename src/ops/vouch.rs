//! A member answers for commits that others made, so that these may go to a branch.

use std::collections::BTreeSet;

use crate::check::branch::{self, Branch};
use crate::check::verify::stands_for;
use crate::facts::artefacts::TakenBack;
use crate::facts::lifting::Uses;
use crate::facts::vouched::{Vouched, range};
use crate::policy::RefRules;
use crate::record::commit::Commit;
use crate::record::{ObjectId, Reason, RefName, Refusal, Sha256};
use crate::records::{Kind, Scope, VouchPredicate};
use crate::rules::{push as rules, vouch as of_vouch};
use crate::store::batch::Batch;
use crate::store::layout;

use super::revision::named;
use super::{Error, Session};

/// What is to be vouched for.
pub struct Request {
    /// `A..B`, or the last commit: then all that the branch does not have yet.
    pub range: String,
    /// The branch to which the commits may go.
    pub reference: String,
    /// Why.
    pub reason: Reason,
}

/// A recorded vouch.
pub struct Given {
    /// The record.
    pub record: Sha256,
    /// The branch.
    pub reference: RefName,
    /// The commits: so many are listed of them, the newest first.
    pub listed: Vec<Listed>,
    /// Number of commits.
    pub commits: usize,
    /// The last commit.
    pub tip: ObjectId,
}

/// A commit that somebody vouches for.
pub struct Listed {
    /// The commit.
    pub commit: ObjectId,
    /// Whom it names as its author.
    pub author: String,
    /// The first line of its message.
    pub title: String,
}

/// So many commits are listed.
const MOST_LISTED: usize = 20;

/// The role that a vouch names: the policy names persons for each branch.
const ROLE: &str = "voucher";

/// Vouches for commits. They are judged first, as the server will where they land.
pub fn vouch(session: &Session, request: Request) -> Result<Given, Error> {
    let (actor, repo) = (session.actor(), session.repo());
    let history = session.history()?;
    let reference = match request.reference.starts_with("refs/") {
        true => RefName::new(request.reference.as_str())?,
        false => RefName::new(format!("refs/heads/{}", request.reference))?,
    };
    let policy = session.policy()?;
    let refused = |why| Error::denied(format!("cannot vouch for {}", request.range), why);
    let Some(branch_rules) = policy.ref_rules(&reference) else {
        return Err(refused(rules::ungoverned(&reference)));
    };
    let person = actor.person(history)?;
    if !branch_rules.grants_vouching(&person) {
        return Err(refused(of_vouch::not_named(&branch_rules, &person)));
    }
    let (tip, hidden) = match request.range.split_once("..") {
        Some((from, to)) => (named(actor, to)?.commit, vec![named(actor, from)?.commit]),
        None => {
            let tip = named(actor, &request.range)?.commit;
            (tip, known(session, &branch_rules)?)
        }
    };
    let mut base = BTreeSet::new();
    for id in hidden {
        base.extend(repo.merge_bases(tip, id)?);
    }
    let mut says = VouchPredicate {
        base: base.into_iter().collect(),
        commits: 0,
        context: actor.context_as(history, person.clone(), ROLE),
        digest: Sha256::of(b""),
        reason: request.reason,
        reference: reference.clone(),
        tip,
    };
    let commits = range(repo, &says)?.unwrap_or_default();
    if commits.is_empty() {
        let why = format!("{} has no commits that {reference} lacks", request.range);
        return Err(Error::usage(why).hint("git awo vouch RANGE --ref BRANCH --reason TEXT"));
    }
    says.commits = commits.len();
    says.digest = VouchPredicate::digest_of(&commits);

    // What could not land is better known before anybody signs.
    let records = session.records()?;
    let judged = Branch {
        rules: branch_rules,
        commits: commits.clone(),
        vouched: &Vouched::all(&commits, &person),
        taken_back: &TakenBack::default(),
        time: session.now(),
        old: None,
        arriving: true,
        logged: None,
    };
    let uses = Uses::by_log(repo, session.refs()?);
    let collector = session.collector(&records)?;
    let report = branch::judge(repo, &judged, &collector, &uses, usize::MAX)?;
    let found = report.findings.into_iter().chain(report.undecided);
    if let Some(why) = Refusal::of(found) {
        return Err(Error::denied(
            format!("{} cannot land on {reference}", request.range),
            why,
        ));
    }

    let envelope = session.sign(says)?;
    let path = Kind::Vouch.one_of(Scope::Commit(tip), envelope.digest());
    let batch = Batch::new(format!("{person} vouches for {} commits", commits.len()));
    session.commit(&batch.record(&path, &envelope))?;
    let newest = commits.iter().rev().take(MOST_LISTED);
    let listed: Result<_, Error> = newest
        .map(|id| Ok(Listed::of(&*repo.commit(*id)?)))
        .collect();
    Ok(Given {
        record: envelope.digest(),
        reference,
        listed: listed?,
        commits: commits.len(),
        tip,
    })
}

/// Returns what the branch has: where it was last seen at the servers of this repository, else where
/// it is here, and where it was adopted. A branch that is new has what it may build on.
fn known(session: &Session, rules: &RefRules<'_>) -> Result<Vec<ObjectId>, Error> {
    let (repo, refs) = (session.repo(), session.refs()?);
    let remotes = repo.remotes().into_iter();
    // The branches of a contributor's fork are not ours.
    let is_server = |remote: &String| {
        layout::tracking(remote, &layout::policy()).is_some_and(|it| refs.contains_key(&it))
    };
    let servers: Vec<_> = remotes.filter(is_server).collect();
    let mut seen = BTreeSet::new();
    for (name, tip) in refs {
        if name.as_str().starts_with("refs/remotes/") {
            let branches = stands_for(name, &servers).into_iter();
            seen.extend(branches.map(|branch| (branch, *tip)));
        }
    }
    let at = |wanted: &dyn Fn(&RefName) -> bool| -> Vec<ObjectId> {
        let seen = seen.iter().filter(|(name, _)| wanted(name));
        seen.map(|(_, tip)| *tip).collect()
    };
    let mut known = at(&|name| name == rules.reference());
    if known.is_empty() {
        known.extend(refs.get(rules.reference()));
    }
    let is_new = known.is_empty();
    if is_new {
        let strict = |name: &RefName| {
            rules
                .policy()
                .ref_rules(name)
                .is_some_and(|it| !it.accepts_direct())
        };
        known = at(&strict);
    }
    let adopted = rules.adopted_below(is_new).into_iter();
    known.extend(adopted.filter(|id| repo.contains(*id)));
    Ok(known)
}

impl Listed {
    fn of(commit: &Commit) -> Self {
        Self {
            commit: commit.id,
            author: String::from_utf8_lossy(&commit.author.name).into_owned(),
            title: String::from_utf8_lossy(commit.title()).into_owned(),
        }
    }
}
