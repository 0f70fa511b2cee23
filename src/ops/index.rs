//! The pages `INDEX.md` of the directories of artefacts: made anew from the work tree, and merged.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::ops::Bound;
use std::path::Path;

use crate::facts::artefacts;
use crate::git::{self, Kind as GitKind, Known, Repo};
use crate::policy::{ArtefactRoot, Policy};
use crate::record::index_page::{self, Differences};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath, Report, Rule, Subject};
use crate::rules::index_page as rules;
use crate::run::gateway::Terms;
use crate::state::Locked;
use crate::sys::directory::Directory;
use crate::sys::entry::Kind;
use crate::sys::file::{self, Access, NewFile};
use crate::sys::placed::{self, Placed};

use super::{Error, Session};

/// The longest page, in bytes.
const LONGEST: u64 = 256 << 20;

/// What is done to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is as it should be.
    None,
    /// It is written.
    Written,
    /// It is removed: there is no file left below its directory.
    Removed,
}

impl Change {
    /// Returns a word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "unchanged",
            Self::Written => "written",
            Self::Removed => "removed",
        }
    }
}

/// A page, and what the work tree makes of it.
pub struct Page {
    /// Where it stands.
    pub path: RepoPath,
    /// What is done to it, or would be.
    pub change: Change,
    /// How it differs from what it should be.
    pub differences: Differences,
    /// Its content, if it is written.
    content: Vec<u8>,
}

impl Page {
    /// Returns its content, unless it goes.
    pub(super) fn content(&self) -> Option<&[u8]> {
        (self.change != Change::Removed).then_some(self.content.as_slice())
    }

    /// Writes a page beside its place, or removes it, where it differs.
    pub(super) fn prepare(&self, top: &Directory) -> Result<Option<Arrives>, Error> {
        let place = match self.change {
            Change::None => return Ok(None),
            _ => place(top, &self.path)?,
        };
        let Some(place) = place else {
            return Ok(None);
        };
        Ok(Some(match self.change {
            Change::Removed => Arrives::Goes(place),
            _ => {
                let pending = place.prepare(&self.content);
                Arrives::Comes(pending.map_err(|error| unusable("write", &self.path, &error))?)
            }
        }))
    }

    /// Puts a page in its place, or removes it, where it differs.
    fn bring(&self, top: &Directory) -> Result<(), Error> {
        let Some(change) = self.prepare(top)? else {
            return Ok(());
        };
        let arrived = change.arrive();
        arrived.map_err(|error| unusable("write", &self.path, &error))
    }
}

/// A page that is about to change.
pub(super) enum Arrives {
    Comes(crate::sys::placed::Pending),
    Goes(Placed),
}

impl Arrives {
    pub(super) fn arrive(self) -> std::io::Result<()> {
        match self {
            Self::Comes(pending) => pending.arrive(),
            Self::Goes(place) => place.remove(),
        }
    }
}

/// Makes the pages of all directories that have one anew from the work tree; with `check` it only says how they
/// differ. In the command of a run the policy is the one that the run tells, in the file `told`.
///
/// With `staged` they are made from what is staged, and staged. A page of the work tree that was as it was staged is brought
/// along.
pub fn reconcile(
    session: &Session,
    told: Option<&Path>,
    staged: bool,
    check: bool,
) -> Result<(Vec<Page>, Report), Error> {
    let policy = match told {
        Some(file) => told_by_run(file)?.1,
        None => session.policy()?.clone(),
    };
    let top = top(session)?;
    let _locked = Locked::on(session.repo().common_dir())?;
    if !check {
        let left = session.repo().new_files_like(placed::OURS)?;
        sweep(&top, &left)?;
    }
    let (pages, edits) = match staged {
        true => staged_pages(session, &policy)?,
        false => (pages(session, &top, &policy, |_| true, None)?, Vec::new()),
    };
    let mut report = Report::default();
    report.count("pages", pages.len());
    if check {
        let differs = |it: &Page| {
            let remedy = match staged {
                true => rules::RECONCILE_STAGED.to_owned(),
                false => rules::reconcile(&it.path),
            };
            rules::differs(Subject::none(), &it.path, &it.differences, remedy)
        };
        report.findings.extend(pages.iter().filter_map(differs));
        return Ok((pages, report));
    }
    if !edits.is_empty() {
        return stage(session, &top, pages, &edits).map(|pages| (pages, report));
    }
    for page in &pages {
        page.bring(&top)?;
    }
    Ok((pages, report))
}

/// Returns the pages that belong to what is staged, with those of them that are to be staged.
fn staged_pages(session: &Session, policy: &Policy) -> Result<(Vec<Page>, Vec<Edit>), Error> {
    let repo = session.repo();
    let before = repo.staged_tree()?;
    let after = with_pages(repo, policy, before, |_, _| Ok(true))?;
    let (mut pages, mut edits) = (Vec::new(), Vec::new());
    for root in innermost_first(policy) {
        let path = root.index_page();
        let (old, new) = (repo.entry(before, &path)?, repo.entry(after, &path)?);
        let read = |it: Option<(Mode, ObjectId)>| match it {
            Some((Mode::File, id)) => repo.blob_limited(id, LONGEST).map(Some),
            _ => Ok(None),
        };
        let (found, content) = (read(old)?, read(new)?.unwrap_or_default());
        let entries = index_page::parse(&content).unwrap_or_default();
        let entries = entries.into_iter().collect();
        let mut differences = index_page::compare(&root.root().path(), &entries, found.as_deref());
        let change = match (old == new, new) {
            (true, _) => Change::None,
            (false, None) => Change::Removed,
            (false, Some(_)) => Change::Written,
        };
        if change != Change::None {
            // Something other than a file may stand there.
            differences.otherwise |= differences.is_empty();
            edits.push((path.clone(), old, new));
        }
        pages.push(Page {
            path,
            change,
            differences,
            content,
        });
    }
    Ok((pages, edits))
}

/// A page that is to be staged: its path, how it was staged, and how it will be.
type Edit = (RepoPath, Option<(Mode, ObjectId)>, Option<(Mode, ObjectId)>);

/// Stages pages, and brings those of the work tree along that were as they were staged.
fn stage(
    session: &Session,
    top: &Directory,
    pages: Vec<Page>,
    edits: &[Edit],
) -> Result<Vec<Page>, Error> {
    let repo = session.repo();
    let mut follow = Vec::new();
    for page in &pages {
        let Some((_, old, _)) = edits.iter().find(|(path, ..)| *path == page.path) else {
            continue;
        };
        let there = match place(top, &page.path)? {
            Some(place) => place.read(LONGEST).ok().flatten(),
            None => continue,
        };
        let there = there.and_then(|bytes| repo.hash(GitKind::Blob, &bytes));
        if there == old.map(|(_, id)| id) {
            follow.push(page);
        }
    }
    let staged = edits.iter().map(|(path, _, new)| (path.clone(), *new));
    let staged: Vec<_> = staged.collect();
    repo.stage(&staged)?;
    for page in follow {
        page.bring(top)?;
    }
    Ok(pages)
}

/// Returns the directories that have a page, the innermost first: a page is a file of the directories around its own.
fn innermost_first(policy: &Policy) -> Vec<&ArtefactRoot> {
    let roots = policy.artefacts().iter();
    let mut roots: Vec<_> = roots.filter(|it| it.has_index()).collect();
    roots.sort_by_key(|it| std::cmp::Reverse(it.root().path().components().count()));
    roots
}

/// Returns a tree with generated pages that are right in the chosen directories.
pub(super) fn with_pages(
    repo: &Repo,
    policy: &Policy,
    mut tree: ObjectId,
    chosen: impl Fn(ObjectId, &ArtefactRoot) -> Result<bool, Error>,
) -> Result<ObjectId, Error> {
    let most = policy.document().limits.paths;
    for root in innermost_first(policy) {
        if !chosen(tree, root)? {
            continue;
        }
        let page = match artefacts::page_of(repo, tree, root, most)? {
            Some(page) => Some((Mode::File, repo.write_blob(&page)?)),
            None => None,
        };
        tree = repo.edit_tree(Some(tree), &[(root.index_page(), page)])?;
    }
    Ok(tree)
}

/// Removes what killed processes were writing, and the directories in which nothing else is. The lock of the repository is
/// held, so that no other process is writing.
pub(super) fn sweep(top: &Directory, left: &[RepoPath]) -> Result<(), Error> {
    for path in left {
        let names: Vec<&[u8]> = path.components().collect();
        let is_left = names.last().is_some_and(|it| placed::is_ours(it));
        let Some(place) = place(top, path)?.filter(|_| is_left) else {
            continue;
        };
        place
            .remove()
            .map_err(|error| unusable("remove", path, &error))?;
        let mut around = names.as_slice();
        while let [outer @ .., _] = around {
            let [above @ .., name] = outer else { break };
            let inner = |at: std::io::Result<Directory>, name: &&[u8]| at?.inner(os(name));
            let Ok(above) = above.iter().fold(top.again(), inner) else {
                break;
            };
            // Fails where something else is.
            if above.remove_directory(os(name)).is_err() {
                break;
            }
            around = outer;
        }
    }
    Ok(())
}

/// Returns what a run tells its command in a file, with the policy.
pub(super) fn told_by_run(file: &Path) -> Result<(Terms, Policy), Error> {
    let read = || {
        let terms = Terms::read(file).map_err(|error| error.to_string())?;
        let terms = terms.ok_or("the file is gone or damaged")?;
        let policy = terms.policy().ok_or("the policy does not hold")?;
        Ok::<_, String>((terms, policy))
    };
    read().map_err(|why| not_told(&why))
}

/// Returns the error that what a run tells is not known.
pub(super) fn not_told(why: &str) -> Error {
    let error = std::io::Error::other(why.to_owned());
    let message = "the contract and the policy of this run cannot be read here";
    Error::unusable(Rule::FileUsable, message, &error)
}

/// Returns the top of the work tree.
pub(super) fn top(session: &Session) -> Result<Directory, Error> {
    let tree = session.repo().work_tree();
    let tree = tree.ok_or_else(|| Error::usage("a bare repository has no work tree"))?;
    // By which links a person goes to the work tree is their own affair.
    let opened = tree.canonicalize().and_then(|it| Directory::open(&it));
    opened.map_err(|error| {
        let message = format!("cannot open {}", tree.display());
        Error::unusable(Rule::FileUsable, message, &error)
    })
}

/// Returns the pages of the chosen directories as the work tree makes them, the innermost first, as if the file
/// `more` stood there too.
pub(super) fn pages(
    session: &Session,
    top: &Directory,
    policy: &Policy,
    chosen: impl Fn(&ArtefactRoot) -> bool,
    more: Option<&RepoPath>,
) -> Result<Vec<Page>, Error> {
    let mut roots = innermost_first(policy);
    roots.retain(|it| chosen(it));
    let below: Vec<_> = roots
        .iter()
        .map(|it| it.root().as_str().to_owned())
        .collect();
    let mut files = Files::of(session, top, &below)?;
    if let Some(more) = more {
        files.there.insert(more.clone());
    }
    let mut pages = Vec::new();
    for root in roots {
        let path = root.index_page();
        if files.left_out.contains(&path) {
            continue;
        }
        let entries = files.below(&root.root().path());
        let place = place(top, &path)?;
        let found = match &place {
            Some(place) => {
                let read = place.read(LONGEST);
                read.map_err(|error| unusable("read", &path, &error))?
            }
            None => None,
        };
        let differences = index_page::compare(&root.root().path(), &entries, found.as_deref());
        let change = match (differences.is_empty(), entries.is_empty()) {
            (true, _) => Change::None,
            (false, true) => Change::Removed,
            (false, false) => Change::Written,
        };
        match entries.is_empty() {
            true => files.there.remove(&path),
            false => files.there.insert(path.clone()),
        };
        pages.push(Page {
            content: index_page::render(&root.root().path(), &entries),
            change,
            differences,
            path,
        });
    }
    Ok(pages)
}

/// Returns the place of a file. Nothing where something other than a directory stands on the way: below it git sees no
/// file.
fn place(top: &Directory, path: &RepoPath) -> Result<Option<Placed>, Error> {
    let names: Vec<&[u8]> = path.components().collect();
    let found = Placed::find(top, &names);
    Ok(found.map_err(|error| unusable("find", path, &error))?.ok())
}

fn unusable(what: &str, path: &RepoPath, error: &std::io::Error) -> Error {
    Error::unusable(Rule::FileUsable, format!("cannot {what} {path}"), error)
}

/// The files that a commit of the whole work tree would hold below some directories.
struct Files {
    there: BTreeSet<RepoPath>,
    /// Those that git has left out of the work tree.
    left_out: BTreeSet<RepoPath>,
}

impl Files {
    fn of(session: &Session, top: &Directory, below: &[String]) -> Result<Self, Error> {
        let listed = session.repo().work_files(below)?;
        let mut files = Self {
            there: BTreeSet::new(),
            left_out: BTreeSet::new(),
        };
        let mut around = Around::new(top);
        let mut listed = listed.into_iter().peekable();
        while let Some((path, known)) = listed.next() {
            let name = path.components().last().unwrap_or_default();
            // A repository of its own, or what a killed process was writing: unless somebody has staged it.
            if name.is_empty() || (known == Known::New && placed::is_ours(name)) {
                continue;
            }
            if known == Known::LeftOut {
                files.left_out.insert(path.clone());
                files.there.insert(path);
                continue;
            }
            let kind = around.kind(&path);
            let is_there = match kind.map_err(|error| unusable("look at", &path, &error))? {
                None => false,
                // A submodule, unless a directory has taken the place of a file.
                Some(Kind::Directory) => {
                    let inner = path.join(b"");
                    let next = listed.peek().map(|(next, _)| next.as_bytes());
                    !next.is_some_and(|next| next.starts_with(inner.as_bytes()))
                }
                Some(Kind::File | Kind::Symlink) => true,
                Some(Kind::Other(_)) => false,
            };
            if is_there {
                files.there.insert(path);
            }
        }
        Ok(files)
    }

    /// Returns the files below a directory, relative to it, without its own page.
    fn below(&self, root: &RepoPath) -> BTreeSet<RepoPath> {
        let first = root.join(b"");
        let range = (Bound::Excluded(first.clone()), Bound::Unbounded);
        let inner = self.there.range(range);
        let inner = inner.map_while(|it| it.as_bytes().strip_prefix(first.as_bytes()));
        let inner = inner.filter(|it| *it != index_page::NAME.as_bytes());
        inner.map(RepoPath::new).collect()
    }
}

/// Looks at one path after the other; those in one directory open it once.
struct Around<'a> {
    top: &'a Directory,
    last: Option<(RepoPath, Option<Directory>)>,
}

impl<'a> Around<'a> {
    fn new(top: &'a Directory) -> Self {
        Self { top, last: None }
    }

    /// Returns what stands at a path. What a symlink on the way leads to does not stand there.
    fn kind(&mut self, path: &RepoPath) -> std::io::Result<Option<Kind>> {
        let mut names: Vec<&[u8]> = path.components().collect();
        let name = names.pop().unwrap_or_default();
        let around = RepoPath::new(names.join(&b'/'));
        if self.last.as_ref().is_none_or(|(last, _)| *last != around) {
            self.last = Some((around, self.open(&names)?));
        }
        let Some((_, Some(directory))) = &self.last else {
            return Ok(None);
        };
        let entry = directory.entry(os(name))?;
        Ok(entry.map(|it| it.kind))
    }

    fn open(&self, names: &[&[u8]]) -> std::io::Result<Option<Directory>> {
        let mut at = self.top.again()?;
        for name in names {
            match at.entry(os(name))?.map(|it| it.kind) {
                Some(Kind::Directory) => at = at.inner(os(name))?,
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

fn os(name: &[u8]) -> &OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(name)
}

/// A merge of a page, as git asks for it: the files of three versions, the second of which is to hold the result.
pub struct Merge<'a> {
    /// The directory in which the paths begin.
    pub directory: &'a Path,
    /// The common ancestor; empty where there is none.
    pub base: &'a OsStr,
    /// Ours, and the result.
    pub ours: &'a OsStr,
    /// Theirs.
    pub theirs: &'a OsStr,
    /// The length of the markers of conflicts.
    pub marker: u32,
    /// The path of the page in the repository.
    pub path: &'a OsStr,
}

/// Merges a page entry by entry, and anything else line by line. Returns the exit code that git is to see.
pub fn merge(merge: &Merge<'_>) -> Result<u8, Error> {
    let read = |name: &OsStr| {
        let path = merge.directory.join(name);
        file::read_existing(&path, LONGEST).map_err(|error| {
            let message = format!("cannot read {}", path.display());
            Error::unusable(Rule::FileUsable, message, &error)
        })
    };
    let path = RepoPath::new(merge.path.as_encoded_bytes());
    let root = path.directory();
    let (base, ours, theirs) = (read(merge.base)?, read(merge.ours)?, read(merge.theirs)?);
    let Some(page) = index_page::merge(&root, &base, &ours, &theirs) else {
        let files = [merge.ours, merge.base, merge.theirs];
        return Ok(git::merge_file(merge.directory, files, merge.marker)?);
    };
    let ours = merge.directory.join(merge.ours);
    let written = NewFile::at(&ours).over().access(Access::Umask).volatile();
    written.write(&page).map_err(|error| {
        let message = format!("cannot write {}", ours.display());
        Error::unusable(Rule::FileUsable, message, &error)
    })?;
    Ok(0)
}
