//! Baselines by the names that people type, and what of them must hold before they are used.

use std::path::Path;

use crate::check::baselines::{Baselines, Told};
use crate::facts::baseline::manifest_of;
use crate::policy::Policy;
use crate::record::baseline::{FILES, Manifest};
use crate::record::tree::Mode;
use crate::record::{DirectoryPath, Findings, ObjectId, Refusal, RepoPath, Report, Subject};
use crate::rules::{baseline as rules, clone};
use crate::store::baselines::{Lines, Standing};

use crate::ops::{Error, Session};

/// A baseline that was named and proved.
pub struct Named {
    /// Where it stands.
    pub standing: Standing,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The tree that holds the state.
    pub files: ObjectId,
}

/// Returns the directory that the policy names, or refuses.
pub(super) fn root(policy: &Policy) -> Result<&DirectoryPath, Error> {
    let root = policy.state_root();
    root.ok_or_else(|| {
        let why = rules::no_root(Subject::none());
        Error::denied("this repository has no baselines", why)
    })
}

/// Returns the work tree, or refuses.
pub(super) fn work_tree(session: &Session) -> Result<&Path, Error> {
    let found = session.repo().work_tree();
    found.ok_or_else(|| Error::usage("a bare repository has no state: run this in a clone"))
}

/// Returns the baseline that a text names: `NAME`, `TASK/NAME`, or the object id.
pub(super) fn find(lines: &Lines, text: &str) -> Result<Standing, Error> {
    let is_it = |it: &&Standing| {
        it.place.name().as_str() == text
            || it.place.to_string() == text
            || it.reference.as_str() == text
            || it.id.to_string() == text
    };
    let found: Vec<_> = lines.all().iter().filter(is_it).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Error::denied(
            format!("there is no baseline {text}"),
            rules::absent(text),
        )),
        several => {
            let names: Vec<_> = several.iter().map(|it| it.place.to_string()).collect();
            Err(
                Error::usage(format!("{text} may be {}", names.join(" or ")))
                    .hint("git awo amu0 list, which names the task too"),
            )
        }
    }
}

/// Proves a baseline as `git awo verify` does, by the push that brought it; or all of them, and that none is gone.
pub(super) fn prove(
    session: &Session,
    lines: Lines,
    one: Option<&Standing>,
) -> Result<Report, Error> {
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let log = session.log()?;
    let told = Told::by(&log);
    let baselines = Baselines {
        collector: &collector,
        lines,
        arriving: false,
    };
    let mut report = Report::default();
    if let Some(one) = one {
        baselines.prove(&told, one, &mut report);
        return Ok(report);
    }
    baselines.verify(&told, None, &mut report);
    let mut gone = Findings::new();
    baselines.gone(&told, &mut gone);
    report.absorb(clone::or_fetch(Report::of(gone), session.is_behind()));
    Ok(report)
}

/// Finds a baseline and proves it.
pub(super) fn proved(session: &Session, text: &str) -> Result<Named, Error> {
    let lines = Lines::read(session.repo(), session.refs()?);
    let standing = find(&lines, text)?;
    let report = prove(session, lines, Some(&standing))?;
    if let Some(why) = Refusal::by(report) {
        let message = format!("the baseline {} does not hold", standing.place);
        return Err(Error::denied(message, why));
    }
    let policy = session.policy()?;
    let (repo, limits) = (session.repo(), &policy.document().limits);
    let manifest = manifest_of(repo, standing.id, limits);
    let files = repo.entry(repo.tree_of(standing.id)?, &RepoPath::from(FILES))?;
    let (Some(manifest), Some((Mode::Tree, files))) = (manifest, files) else {
        return Err(Error::denied(
            format!("the baseline {} does not hold", standing.place),
            rules::absent(text),
        ));
    };
    Ok(Named {
        standing,
        manifest,
        files,
    })
}

/// Refuses a baseline of another directory than the policy names now.
pub(super) fn require_root(session: &Session, named: &Named) -> Result<(), Error> {
    let subject = Subject::of_ref(&named.standing.reference);
    match rules::rooted(&named.manifest.root, session.policy()?, subject) {
        None => Ok(()),
        Some(why) => {
            let message = format!("{} is not of the directory in use", named.standing.place);
            Err(Error::denied(message, why))
        }
    }
}
