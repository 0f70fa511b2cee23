//! What a run of a work packet changed, file by file, beside what was planned: all that the ten gates of
//! post-work are computed from.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Reader};
use crate::policy::Verified;
use crate::policy::pattern::{BadPattern, PathSet};
use crate::record::contract::Contract;
use crate::record::links::{Leads, is_markdown, leads, links};
use crate::record::tree::{Change, Mode};
use crate::record::{IdentityName, ObjectId, RepoPath, Sha256, WorkGate};
use crate::records::{PreWorkPredicate, Sha1, WaiverScope};

use super::lookup::Lookup;

/// The largest file whose content is looked at, in bytes.
pub const LARGEST: u64 = 16 << 20;
/// So many bytes of changed files are looked at.
const MOST_BYTES: u64 = 256 << 20;
/// So many files are listed to find what links to something that is gone.
const MOST_LISTED: usize = 200_000;
/// So many Markdown files are read for that.
const MOST_MARKDOWN: usize = 5_000;
/// So many bytes of them.
const MOST_MARKDOWN_BYTES: u64 = 32 << 20;

/// What stands at a path of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub mode: Mode,
    pub id: ObjectId,
    /// The SHA-1 of the content.
    pub sha1: Option<Sha1>,
    pub content: Content,
}

/// What is known of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its bytes; of a symlink, where it leads.
    Bytes(Vec<u8>),
    /// It has none: a submodule.
    None,
    /// It has more bytes than are looked at.
    TooLarge(u64),
}

/// A link on a line of a new or changed Markdown file that does not lead to anything in the new tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLink {
    /// The first line of its source.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Where it should lead, as written.
    pub destination: String,
}

/// A file that changed, or that was to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    pub path: RepoPath,
    /// What the base has there.
    pub old: Option<Standing>,
    /// What the new tree has there.
    pub new: Option<Standing>,
    /// Its own links that lead nowhere, on whatever line.
    pub dead: Vec<DeadLink>,
    /// Where other Markdown files link to it although it is gone: `path:line`.
    pub linked_from: Vec<String>,
}

/// What changed between two trees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFacts {
    /// The files, sorted by path.
    pub files: Vec<FileFacts>,
    /// Why not all files were read that may link to what is gone.
    pub unread: Option<String>,
}

/// The specification against which a packet is closed, as the new tree has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecTarget {
    /// As the contract names it.
    pub path: String,
    /// What stands there, if anything does.
    pub blob: Option<ObjectId>,
    /// Its first line that is not empty, without the marks of a heading.
    pub title: Option<String>,
}

/// Of what a manifest is made, apart from its files.
pub struct Head<'a> {
    pub contract: &'a Contract,
    pub digest: Sha256,
    pub pre_work: Option<Sha256>,
    pub base: ObjectId,
    pub tree: ObjectId,
    pub operator: &'a IdentityName,
    pub spec: Option<&'a SpecTarget>,
}

/// What covers gates that do not hold: gates, and the paths for which they are waived.
#[derive(Default)]
pub struct Waivers(Vec<(Vec<WorkGate>, PathSet)>);

impl Waivers {
    /// Returns the waivers of these scopes.
    pub fn of<'a>(scopes: impl IntoIterator<Item = &'a WaiverScope>) -> Result<Self, BadPattern> {
        let scopes = scopes.into_iter();
        let waivers = scopes.map(|it| Ok((it.gates.clone(), PathSet::exact(&it.paths)?)));
        waivers.collect::<Result<_, _>>().map(Self)
    }

    /// Tells whether one of them covers a gate of a file. Some gates nobody may waive.
    pub fn covers(&self, gate: WorkGate, path: &RepoPath) -> bool {
        let mut waivers = self.0.iter();
        gate.may_be_waived()
            && waivers.any(|(gates, paths)| gates.contains(&gate) && paths.matches(path))
    }
}

/// What the run of a work packet must be held to.
pub struct PostWorkFacts {
    /// The pre-work that the record names; none if it names none.
    pub plan: Option<Lookup<Verified<PreWorkPredicate>>>,
    /// Whether that was there before the push that brought the run.
    pub came_before: bool,
    pub change: ChangeFacts,
    pub spec: Option<SpecTarget>,
    /// The manifest at the path that the record names, in the evidence.
    pub manifest: Option<Vec<u8>>,
    /// Whether the inventory of the evidence lists it with this digest.
    pub listed: bool,
}

/// Returns what changed between the trees of a base and of a run, with what was to change.
pub fn change(
    reader: &Reader,
    (base, tree): (ObjectId, ObjectId),
    plan: Option<&PreWorkPredicate>,
) -> Result<ChangeFacts, git::Error> {
    let base_tree = reader.commit(base)?.tree;
    let changes = reader.changes_before(Some(base_tree), Some(tree), git::MOST_CHANGES)?;
    let mut wanted: BTreeMap<RepoPath, Change> = changes
        .into_iter()
        .map(|it| (it.path.clone(), it))
        .collect();
    for file in plan.iter().flat_map(|it| &it.files) {
        let path = file.repo_path();
        if wanted.contains_key(&path) {
            continue;
        }
        let there = |tree: ObjectId| {
            let entry = reader.entry(tree, &path);
            entry.map(|it| it.filter(|(mode, _)| *mode != Mode::Tree))
        };
        let (old, new) = (there(base_tree)?, there(tree)?);
        wanted.insert(path.clone(), Change { path, old, new });
    }
    let mut left = MOST_BYTES;
    let mut facts = ChangeFacts::default();
    for (path, it) in wanted {
        let mut standing =
            |at: Option<(Mode, ObjectId)>| at.map(|at| standing(reader, at, &mut left)).transpose();
        let (old, new) = (standing(it.old)?, standing(it.new)?);
        let dead = match &new {
            Some(Standing {
                mode: Mode::File | Mode::Executable,
                content: Content::Bytes(bytes),
                ..
            }) if is_markdown(&path) => dead(reader, tree, &path, bytes)?,
            _ => Vec::new(),
        };
        facts.files.push(FileFacts {
            path,
            old,
            new,
            dead,
            linked_from: Vec::new(),
        });
    }
    into_gone(reader, tree, &mut facts)?;
    Ok(facts)
}

/// Returns what stands at a path of a tree.
pub fn standing(
    reader: &Reader,
    (mode, id): (Mode, ObjectId),
    left: &mut u64,
) -> Result<Standing, git::Error> {
    let mut content = Content::None;
    if !matches!(mode, Mode::Gitlink | Mode::Tree) {
        let size = reader.header(id)?.ok_or_else(|| reader.missing(id))?.1;
        content = match size <= LARGEST.min(*left) {
            true => Content::Bytes(reader.blob_limited(id, size)?),
            false => Content::TooLarge(size),
        };
        *left = left.saturating_sub(size);
    }
    let sha1 = match &content {
        Content::Bytes(bytes) => git::content_sha1(bytes).map(Sha1::new),
        _ => None,
    };
    Ok(Standing {
        mode,
        id,
        sha1,
        content,
    })
}

/// Returns the links of a Markdown file that lead nowhere in a tree.
fn dead(
    reader: &Reader,
    tree: ObjectId,
    path: &RepoPath,
    bytes: &[u8],
) -> Result<Vec<DeadLink>, git::Error> {
    let mut dead = Vec::new();
    for link in links(&String::from_utf8_lossy(bytes)) {
        let there = match leads(path, &link.destination) {
            Leads::Elsewhere => true,
            Leads::Above => false,
            Leads::To(target) => reader.entry(tree, &target)?.is_some(),
        };
        if !there {
            dead.push(DeadLink {
                first: link.first,
                last: link.last,
                destination: link.destination,
            });
        }
    }
    Ok(dead)
}

/// Finds what links to files that are gone, in all Markdown files of the tree. A directory is gone with the
/// last file in it.
fn into_gone(reader: &Reader, tree: ObjectId, facts: &mut ChangeFacts) -> Result<(), git::Error> {
    let mut gone: BTreeMap<RepoPath, Vec<usize>> = BTreeMap::new();
    let mut parents_there = BTreeMap::new();
    for (at, file) in facts.files.iter().enumerate() {
        if file.old.is_none() || file.new.is_some() {
            continue;
        }
        let mut names: Vec<&[u8]> = file.path.components().collect();
        while !names.is_empty() {
            let path = RepoPath::new(names.join(&b'/'));
            let there = match parents_there.get(&path) {
                Some(there) => *there,
                None => {
                    let there = reader.entry(tree, &path)?.is_some();
                    parents_there.insert(path.clone(), there);
                    there
                }
            };
            if there {
                break;
            }
            gone.entry(path).or_default().push(at);
            names.pop();
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let listed = match reader.files_before(tree, MOST_LISTED) {
        Ok(listed) => listed,
        Err(error) if error.is_limit() => {
            facts.unread = Some(format!("a tree of more than {MOST_LISTED} files"));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let (mut read, mut left) = (0_usize, MOST_MARKDOWN_BYTES);
    for (path, mode, id) in listed {
        if !matches!(mode, Mode::File | Mode::Executable) || !is_markdown(&path) {
            continue;
        }
        read = read.saturating_add(1);
        let size = reader.header(id)?.ok_or_else(|| reader.missing(id))?.1;
        if read > MOST_MARKDOWN || size > left {
            facts.unread = Some(format!(
                "more than {MOST_MARKDOWN} Markdown files, or {MOST_MARKDOWN_BYTES} bytes of them"
            ));
            return Ok(());
        }
        left = left.saturating_sub(size);
        let bytes = reader.blob_limited(id, size)?;
        let mut seen = BTreeSet::new();
        for link in links(&String::from_utf8_lossy(&bytes)) {
            let Leads::To(target) = leads(&path, &link.destination) else {
                continue;
            };
            for at in gone.get(&target).into_iter().flatten() {
                if seen.insert((*at, link.first))
                    && let Some(file) = facts.files.get_mut(*at)
                {
                    file.linked_from.push(format!("{path}:{}", link.first));
                }
            }
        }
    }
    Ok(())
}

/// Returns the specification that a contract names, as a tree has it.
pub fn spec_target(
    reader: &Reader,
    contract: &Contract,
    tree: ObjectId,
) -> Result<Option<SpecTarget>, git::Error> {
    let named = contract.packet.as_ref();
    let Some(path) = named.and_then(|it| it.authority.spec_target.clone()) else {
        return Ok(None);
    };
    let entry = reader.entry(tree, &RepoPath::from(path.as_str()))?;
    let blob =
        entry.and_then(|(mode, id)| matches!(mode, Mode::File | Mode::Executable).then_some(id));
    let mut title = None;
    if let Some(id) = blob
        && reader.header(id)?.is_some_and(|(_, size)| size <= LARGEST)
    {
        let bytes = reader.blob_limited(id, LARGEST)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines().map(|it| it.trim_start_matches('#').trim());
        let line = lines.find(|it| !it.is_empty());
        title = line.map(|it| it.chars().take(200).collect());
    }
    Ok(Some(SpecTarget { path, blob, title }))
}

/// Returns what a branch had at the paths of a plan, before a run landed on it.
pub fn landed_on(
    reader: &Reader,
    plan: &PreWorkPredicate,
    tip: ObjectId,
) -> Result<Vec<(RepoPath, Option<ObjectId>)>, git::Error> {
    let tree = reader.tree_of(tip)?;
    let mut found = Vec::new();
    for file in &plan.files {
        let path = file.repo_path();
        let entry = reader.entry(tree, &path)?;
        found.push((path, entry.map(|(_, id)| id)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::bare;
    use crate::git::{CommitDraft, Repo};
    use crate::record::commit::Person;

    /// Commits a tree of these files.
    fn commit(repo: &Repo, files: &[(&str, &str)]) -> (ObjectId, ObjectId) {
        let blob = |(path, text): &(&str, &str)| {
            let id = repo.write_blob(text.as_bytes()).unwrap();
            (RepoPath::from(*path), Some((Mode::File, id)))
        };
        let edits: Vec<_> = files.iter().map(blob).collect();
        let tree = repo.edit_tree(None, &edits).unwrap();
        let person = Person {
            name: b"otto".to_vec(),
            email: b"otto@example.org".to_vec(),
            time: 0,
        };
        let draft = CommitDraft {
            tree,
            parents: Vec::new(),
            author: person.clone(),
            committer: person,
            message: b"x\n".to_vec(),
            signature: None,
        };
        (repo.write_commit(&draft).unwrap(), tree)
    }

    #[test]
    fn links_are_followed_in_the_new_tree() {
        let place = bare();
        let repo = Repo::open(place.path()).unwrap();
        let before = [
            ("README.md", "[d](docs/)\n[a](docs/a.md)\n[i](img/i.png)\n"),
            ("docs/a.md", "[up](../README.md)\n"),
            ("docs/b.md", "[a](a.md#x) ![i](../img/i.png)\n"),
            ("img/i.png", "\0"),
            ("src/x.rs", "// [a](a.md)\n"),
        ];
        let (base, _) = commit(&repo, &before);
        let dead_and_linked = |after: &[(&str, &str)]| {
            let (_, tree) = commit(&repo, after);
            let found = change(&repo, (base, tree), None).unwrap();
            assert_eq!(found.unread, None);
            let told = found.files.into_iter().map(|it| {
                let dead: Vec<_> = it.dead.into_iter().map(|it| it.destination).collect();
                (it.path.to_string(), dead, it.linked_from)
            });
            told.filter(|it| !it.1.is_empty() || !it.2.is_empty())
                .collect::<Vec<_>>()
        };
        let without = |gone: &[&str]| -> Vec<(&str, &str)> {
            before
                .into_iter()
                .filter(|it| !gone.contains(&it.0))
                .collect()
        };
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        // A file is gone: whoever links to it is named.
        assert_eq!(
            dead_and_linked(&without(&["docs/a.md"])),
            [(
                "docs/a.md".to_owned(),
                vec![],
                texts(&["README.md:2", "docs/b.md:1"])
            )]
        );
        // A directory is gone with its last file.
        let gone = dead_and_linked(&without(&["docs/a.md", "docs/b.md"]));
        assert_eq!(
            gone,
            [
                (
                    "docs/a.md".to_owned(),
                    vec![],
                    texts(&["README.md:1", "README.md:2"])
                ),
                ("docs/b.md".to_owned(), vec![], texts(&["README.md:1"])),
            ]
        );
        // A renamed file takes its links along, and they may lead nowhere from there.
        let mut renamed = without(&["docs/a.md"]);
        renamed.push(("a/deep/er.md", before[1].1));
        let found = dead_and_linked(&renamed);
        assert_eq!(
            found,
            [
                ("a/deep/er.md".to_owned(), texts(&["../README.md"]), vec![]),
                (
                    "docs/a.md".to_owned(),
                    vec![],
                    texts(&["README.md:2", "docs/b.md:1"])
                ),
            ]
        );
        // Links of a changed file are followed, and those of other files are not: nothing is gone.
        let mut changed = without(&["docs/b.md"]);
        changed.push((
            "docs/b.md",
            "[a](a.md) [x](x.md) [y](../../y) [z](https://e.org)\n",
        ));
        let mut dead = dead_and_linked(&changed);
        dead[0].1.sort();
        assert_eq!(
            dead,
            [("docs/b.md".to_owned(), texts(&["../../y", "x.md"]), vec![])]
        );
    }

    #[test]
    fn what_was_planned_and_did_not_change_is_looked_at_as_well() {
        let place = bare();
        let repo = Repo::open(place.path()).unwrap();
        let (base, tree) = commit(&repo, &[("a", "one\n")]);
        assert!(change(&repo, (base, tree), None).unwrap().files.is_empty());
        let (mut left, entry) = (LARGEST, repo.entry(tree, &"a".into()).unwrap().unwrap());
        let there = standing(&repo, entry, &mut left).unwrap();
        assert_eq!(there.content, Content::Bytes(b"one\n".to_vec()));
        assert_eq!(
            there.sha1.unwrap().to_string(),
            "c7059bb19433cc3cabaa6236c83d56668a843dd2"
        );
        let mut left = 3;
        let there = standing(&repo, entry, &mut left).unwrap();
        assert_eq!((there.content, there.sha1), (Content::TooLarge(4), None));
    }
}
