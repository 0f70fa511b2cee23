//! Writes a file as the doors will take it: judged first, whole or not at all, and with the pages that list it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::check::gateway::{self, Write};
use crate::git::{Kind as GitKind, Known};
use crate::policy::Policy;
use crate::record::contract::Contract;
use crate::record::tree::{Change, Fault, Mode, What};
use crate::record::{
    IdentityName, ObjectId, RefName, Refusal, RepoPath, Report, Rule, TaskId, fold,
};
use crate::rules::gateway as rules;
use crate::rules::step;
use crate::state::Locked;
use crate::sys::directory::Directory;
use crate::sys::entry::{Entry, Kind};
use crate::sys::placed::Placed;

use super::index::{self, Page};
use super::{Error, Session, task};

/// A file that is to be written.
pub struct Request<'a> {
    /// Its path, from the top of the repository.
    pub path: OsString,
    /// Where its content comes from.
    pub content: &'a mut dyn Read,
    /// The task by whose contract it is judged.
    pub task: Option<TaskId>,
    /// What the run says in whose command this is.
    pub within: Option<Within>,
    /// Only judge.
    pub check: bool,
}

/// What a run tells its command.
pub struct Within {
    /// The task, as the environment names it.
    pub task: Option<String>,
    /// The file with the terms.
    pub terms: Option<PathBuf>,
}

/// What was written.
pub struct Written {
    /// The path.
    pub path: RepoPath,
    /// Its bytes.
    pub bytes: usize,
    /// Whether nothing stood there before.
    pub is_new: bool,
    /// The pages that list it.
    pub pages: Vec<Page>,
    /// The verdict.
    pub report: Report,
}

/// By what it is judged.
struct Basis {
    policy: Policy,
    base: ObjectId,
    reference: RefName,
    person: IdentityName,
    contract: Option<(Contract, bool)>,
}

/// Judges a file, and writes it unless it is refused.
pub fn write(session: &Session, request: Request<'_>) -> Result<Written, Error> {
    let path = RepoPath::new(request.path.as_bytes());
    let refused = format!("{path} is not written");
    if let Some(why) = rules::form(path.as_bytes()) {
        return Err(Error::denied(refused, why));
    }
    let basis = basis(session, &request)?;
    let policy = &basis.policy;
    let top = index::top(session)?;
    let mut roots = policy.artefacts().iter();
    if let Some(root) = roots.find(|it| it.has_index() && it.index_page() == path) {
        return Err(Error::denied(
            refused.clone(),
            rules::generated(&root.index_page()),
        ));
    }
    // Where a page is to stand, no directory can.
    let holds_page = |root: &&crate::policy::ArtefactRoot| {
        let below = root.index_page().join(b"");
        root.has_index() && path.as_bytes().starts_with(below.as_bytes())
    };
    if let Some(root) = policy.artefacts().iter().find(holds_page) {
        let why = rules::in_the_way(&root.index_page(), Kind::File, false);
        return Err(Error::denied(refused.clone(), why));
    }
    if let Some(why) = rules::length(&path, &policy.document().limits) {
        return Err(Error::denied(refused.clone(), why));
    }
    let look = || {
        let spot = Spot::look(&top, &path);
        let spot = spot.map_err(|error| unusable("look at", &path, &error))?;
        spot.map_err(|why| Error::denied(refused.clone(), why))
    };
    look()?;
    let most = policy.document().limits.file_bytes;
    let mut content = Vec::new();
    let mut limited = request.content.take(most.saturating_add(1));
    limited
        .read_to_end(&mut content)
        .map_err(|error| Error::unusable(Rule::FileUsable, "cannot read the content", &error))?;
    // From here on nothing waits for anybody else.
    let _locked = Locked::on(session.repo().common_dir())?;
    sweep_beside(session, &top, &path, &look()?.place)?;
    // With what was left an empty directory on the way may have gone.
    let spot = look()?;
    let mut faults = spot.collision(&path).into_iter().collect::<Vec<_>>();
    let size = content.len() as u64;
    if size > most {
        let what = What::Large { size, most };
        let path = path.clone();
        faults.push(Fault { path, what });
    }
    let holds = |root: &crate::policy::ArtefactRoot| {
        path.as_bytes().starts_with(root.root().as_str().as_bytes())
    };
    let pages = index::pages(session, &top, policy, holds, Some(&path))?;
    let file = (spot.mode(), content.as_slice());
    if let Some(inner) = submodule(session, basis.base, &path)? {
        return Err(Error::denied(refused, rules::inner_repository(&inner)));
    }
    let changes = changes(session, &basis, &top, (&path, file), &pages)?;
    let changing = pages.iter().filter(|it| it.change != index::Change::None);
    let mut written: BTreeSet<_> = changing.map(|it| it.path.clone()).collect();
    written.insert(path.clone());
    let Some(ref_rules) = policy.ref_rules(&basis.reference) else {
        return Err(Error::undecided(
            refused.clone(),
            step::ungoverned(&basis.reference),
        ));
    };
    // In the cell of a run there are no records: nothing is lifted there.
    let lifting = match session.history() {
        Ok(history) => session.actor().lifting(history, (None, &changes))?,
        Err(_) => Vec::new(),
    };
    let judged = gateway::judge(
        session.repo(),
        Write {
            rules: &ref_rules,
            base: basis.base,
            person: &basis.person,
            contract: basis
                .contract
                .as_ref()
                .map(|(it, skeleton)| (it, *skeleton)),
            written: &written,
            changes: &changes,
            lifting: &lifting,
            faults,
        },
    )?;
    let mut done = Written {
        bytes: content.len(),
        is_new: spot.there.is_none(),
        pages,
        report: judged,
        path,
    };
    if request.check {
        return Ok(done);
    }
    if let Some(why) = Refusal::by(done.report.clone()) {
        return Err(Error::denied(refused, why));
    }
    put(&top, &done, &spot.place, &content)?;
    done.pages.retain(|it| it.change != index::Change::None);
    Ok(done)
}

/// Removes what killed processes were writing in the directory of a file, unless somebody has staged it.
fn sweep_beside(
    session: &Session,
    top: &Directory,
    path: &RepoPath,
    place: &Placed,
) -> Result<(), Error> {
    let names = place.beside();
    let names = names.map_err(|error| unusable("look beside", path, &error))?;
    let around = path.directory();
    let beside = names.iter().map(|it| around.join(it.as_bytes()));
    let beside: Vec<_> = beside
        .filter_map(|it| it.to_str().map(str::to_owned))
        .collect();
    let known = session.repo().work_files(&beside)?.into_iter();
    let left: Vec<_> = known.filter(|(_, known)| *known == Known::New).collect();
    let left: Vec<_> = left.into_iter().map(|(path, _)| path).collect();
    index::sweep(top, &left)
}

/// Returns the submodule in which a path would lie.
fn submodule(
    session: &Session,
    base: ObjectId,
    path: &RepoPath,
) -> Result<Option<RepoPath>, Error> {
    let (repo, mut at) = (session.repo(), RepoPath::default());
    let tree = repo.tree_of(base)?;
    for name in path.components() {
        at = at.join(name);
        if let Some((Mode::Gitlink, _)) = repo.entry(tree, &at)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Puts a file and the pages that list it in their places.
fn put(top: &Directory, done: &Written, place: &Placed, content: &[u8]) -> Result<(), Error> {
    let path = &done.path;
    let file = place.prepare(content);
    let file = file.map_err(|error| unusable("write", path, &error))?;
    // Where a page cannot be written, the file is not either.
    let mut pages = Vec::new();
    for page in &done.pages {
        if let Some(arrives) = page.prepare(top)? {
            pages.push((&page.path, arrives));
        }
    }
    file.arrive()
        .map_err(|error| unusable("write", path, &error))?;
    for (page, arrives) in pages {
        arrives.arrive().map_err(|error| {
            let message = format!("{path} is written, and {page} cannot be");
            Error::unusable(Rule::FileUsable, message, &error).hint("git awo index reconcile")
        })?;
    }
    Ok(())
}

/// Returns by what the file is judged. What cannot be known is not guessed.
fn basis(session: &Session, request: &Request<'_>) -> Result<Basis, Error> {
    if let Some(within) = &request.within {
        return told(session, within, request.task.as_ref());
    }
    let history = session.history()?;
    let person = session.actor().person(history)?;
    let contract = match &request.task {
        Some(task) => {
            let records = session.records()?;
            Some((task::signed(session, &records, task)?.1, false))
        }
        None => None,
    };
    let repo = session.repo();
    let (base, reference) = match (&contract, repo.head()?) {
        (Some((contract, _)), _) => {
            let target = contract.target_ref.clone();
            (repo.reference(&target)?, target)
        }
        (None, Some(branch)) => (repo.head_id()?, branch),
        (None, None) => {
            let message = "HEAD is on no branch, so that no rules are known";
            return Err(Error::usage(message).hint("git awo write --task TASK PATH"));
        }
    };
    let base = base.ok_or_else(|| {
        let why = crate::rules::execution::no_target(&reference);
        Error::undecided(format!("{reference} has no commit yet"), why)
    })?;
    Ok(Basis {
        policy: session.policy()?.clone(),
        base,
        reference,
        person,
        contract,
    })
}

/// Returns by what a file is judged that the command of a run writes.
fn told(session: &Session, within: &Within, task: Option<&TaskId>) -> Result<Basis, Error> {
    let unknown = index::not_told;
    let named = within.terms.as_ref();
    let named = named.ok_or_else(|| unknown("AWO_GATEWAY names no file"))?;
    let (terms, policy) = index::told_by_run(named)?;
    let contract = terms.contract;
    let own = contract.id.as_str();
    if within.task.as_deref().is_some_and(|it| it != own)
        || task.is_some_and(|it| it.as_str() != own)
    {
        return Err(unknown(&format!(
            "they are of {own}, and another task is named"
        )));
    }
    if !session.repo().contains(terms.base) {
        return Err(unknown("this is another repository than that of the run"));
    }
    Ok(Basis {
        policy,
        base: terms.base,
        reference: contract.target_ref.clone(),
        person: terms.identity,
        contract: Some((contract, terms.skeleton)),
    })
}

/// Where a file is to stand.
struct Spot {
    place: Placed,
    /// What stands there.
    there: Option<Entry>,
    /// How many components of its path are there.
    depth: usize,
    /// The names beside the first component that is not there.
    beside: Vec<Entry>,
}

impl Spot {
    /// Looks where a file is to stand, and finds what stands in its way.
    fn look(
        top: &Directory,
        path: &RepoPath,
    ) -> std::io::Result<Result<Self, crate::record::Finding>> {
        let names: Vec<&[u8]> = path.components().collect();
        let upto = |count: usize| {
            let names: Vec<_> = names.iter().take(count).copied().collect();
            RepoPath::new(names.join(&b'/'))
        };
        let place = match Placed::find(top, &names)? {
            Ok(place) => place,
            Err(way) => {
                let at = upto(way.component.saturating_add(1));
                return Ok(Err(rules::in_the_way(&at, way.kind, false)));
            }
        };
        let mut at = top.again()?;
        let mut depth = 0_usize;
        let mut beside = Vec::new();
        for name in &names {
            let name = OsStr::from_bytes(name);
            if depth > 0 && at.entry(OsStr::new(".git"))?.is_some() {
                return Ok(Err(rules::inner_repository(&upto(depth))));
            }
            match at.entry(name)? {
                None => {
                    beside = at.entries()?;
                    break;
                }
                Some(it) if it.kind == Kind::Directory => at = at.inner(name)?,
                Some(_) => {}
            }
            depth = depth.saturating_add(1);
        }
        let there = place.entry()?;
        if let Some(it) = there.as_ref().filter(|it| it.kind != Kind::File) {
            return Ok(Err(rules::in_the_way(path, it.kind, true)));
        }
        Ok(Ok(Self {
            place,
            there,
            depth,
            beside,
        }))
    }

    /// Returns what some file system takes for a new name.
    fn collision(&self, path: &RepoPath) -> Option<Fault> {
        let names: Vec<&[u8]> = path.components().collect();
        let name = names.get(self.depth)?;
        let folded = fold::bytes(name);
        let same = |it: &&Entry| {
            let other = it.name.as_bytes();
            other != *name && fold::bytes(other) == folded
        };
        let with = self.beside.iter().find(same)?;
        let around: Vec<_> = names
            .iter()
            .take(self.depth.saturating_add(1))
            .copied()
            .collect();
        Some(Fault {
            path: RepoPath::new(around.join(&b'/')),
            what: What::Collides {
                with: with.name.as_bytes().to_vec(),
                link: with.kind == Kind::Symlink,
            },
        })
    }

    /// Returns the mode that the file has or will have.
    fn mode(&self) -> Mode {
        match self.there.as_ref().is_some_and(|it| it.executable) {
            true => Mode::Executable,
            false => Mode::File,
        }
    }
}

/// Returns what the file and the pages change, and what other new files of the same directories of artefacts do:
/// versions follow each other.
fn changes(
    session: &Session,
    basis: &Basis,
    top: &Directory,
    (path, (mode, content)): (&RepoPath, (Mode, &[u8])),
    pages: &[Page],
) -> Result<Vec<Change>, Error> {
    let repo = session.repo();
    let tree = repo.tree_of(basis.base)?;
    let mut changes = Vec::new();
    let mut add = |path: &RepoPath, mode: Mode, content: Option<&[u8]>| -> Result<(), Error> {
        let old = repo
            .entry(tree, path)?
            .filter(|(mode, _)| *mode != Mode::Tree);
        let hash = |bytes: &[u8]| {
            let id = repo.hash(GitKind::Blob, bytes);
            id.ok_or_else(|| {
                let error = std::io::Error::other("it has a known collision");
                Error::unusable(Rule::FileUsable, format!("cannot hash {path}"), &error)
            })
        };
        let new = content.map(hash).transpose()?.map(|id| (mode, id));
        let path = path.clone();
        if old != new {
            changes.push(Change { path, old, new });
        }
        Ok(())
    };
    add(path, mode, Some(content))?;
    for page in pages {
        match page.change {
            index::Change::None => {}
            _ => add(&page.path, Mode::File, page.content())?,
        }
    }
    let own: BTreeSet<_> = pages.iter().map(|it| &it.path).chain([path]).collect();
    if let Some(root) = basis
        .policy
        .artefact_of(path)
        .filter(|it| it.is_versioned())
    {
        let most = basis.policy.document().limits.file_bytes;
        for (other, known) in repo.work_files(&[root.root().as_str().to_owned()])? {
            let there = known != Known::LeftOut && !own.contains(&other);
            if !there || repo.entry(tree, &other)?.is_some() {
                continue;
            }
            let names: Vec<&[u8]> = other.components().collect();
            // What is no plain file is for the doors to judge.
            let read = Placed::find(top, &names).ok().and_then(Result::ok);
            let read = read.and_then(|it| it.read(most).ok().flatten());
            if let Some(bytes) = read {
                add(&other, Mode::File, Some(&bytes))?;
            }
        }
    }
    changes.sort();
    Ok(changes)
}

fn unusable(what: &str, path: &RepoPath, error: &std::io::Error) -> Error {
    Error::unusable(Rule::FileUsable, format!("cannot {what} {path}"), error)
}
