//! The directories whose files have versions, archives and a generated index: `[[artefacts]]`.

use std::collections::BTreeMap;

use super::document::{ArtefactRules, Document, Limits, Naming};
use super::features;
use crate::record::{DirectoryPath, RepoPath, fold};

/// A directory whose files are artefacts, and what is asked of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtefactRoot {
    root: DirectoryPath,
    versioned: bool,
    index: bool,
    archives: Vec<DirectoryPath>,
}

impl ArtefactRoot {
    /// Returns the directory.
    pub fn root(&self) -> &DirectoryPath {
        &self.root
    }

    /// Tells whether each of its files is a version.
    pub fn is_versioned(&self) -> bool {
        self.versioned
    }

    /// Tells whether its `INDEX.md` is generated.
    pub fn has_index(&self) -> bool {
        self.index
    }

    /// Returns the directories in it that only take what moves there.
    pub fn archives(&self) -> &[DirectoryPath] {
        &self.archives
    }

    /// Returns the directory, and those in it that are archives.
    fn directories(&self) -> impl Iterator<Item = &DirectoryPath> {
        std::iter::once(&self.root).chain(&self.archives)
    }

    /// Returns the path of its index, whether it has one or not.
    pub fn index_page(&self) -> RepoPath {
        self.root.path().join(INDEX.as_bytes())
    }

    /// Returns the archive that holds a path, and what of the path is below it.
    pub fn archived<'p>(&self, path: &'p RepoPath) -> Option<(&DirectoryPath, &'p [u8])> {
        let mut archives = self.archives.iter();
        archives.find_map(|archive| Some((archive, archive.below(path)?)))
    }
}

/// The name of a generated index.
const INDEX: &str = "INDEX.md";

/// Returns the innermost root that holds a path.
pub(super) fn innermost<'a>(
    roots: &'a [ArtefactRoot],
    path: &RepoPath,
) -> Option<&'a ArtefactRoot> {
    let holding = roots.iter().filter(|it| it.root.below(path).is_some());
    holding.max_by_key(|it| it.root.path().components().count())
}

/// Checks the tables of a document. One that is complained about is left out.
pub(super) fn check(document: &Document, complaints: &mut Vec<String>) -> Vec<ArtefactRoot> {
    let tables = &document.artefacts;
    if !tables.is_empty() {
        let uses = "[[artefacts]] needs";
        complaints.extend(features::needed(
            &document.requires,
            features::ARTEFACTS,
            uses,
        ));
    }
    let mut taken = BTreeMap::new();
    let mut roots: Vec<ArtefactRoot> = Vec::new();
    for table in tables {
        match root(table) {
            Ok(root) => {
                let key = fold::path(root.root.as_str());
                if let Some(other) = taken.insert(key, root.root.clone()) {
                    complaints.push(format!(
                        "artefacts: root {:?} is the same directory as {:?}",
                        table.root,
                        other.as_str()
                    ));
                }
                roots.push(root);
            }
            Err(all) => {
                let all = all.into_iter();
                complaints.extend(all.map(|it| format!("artefacts: root {:?}: {it}", table.root)));
            }
        }
    }
    for root in &roots {
        for archive in &root.archives {
            complaints.extend(shared(root, archive, &roots));
        }
        complaints.extend(out_of_reach(root, &roots, &document.limits));
    }
    roots
}

/// Complains about a table below whose directories nothing could ever be written: they are spelt in two ways, stand in
/// the place of a page, or are beyond what names and limits permit.
fn out_of_reach(root: &ArtefactRoot, roots: &[ArtefactRoot], limits: &Limits) -> Vec<String> {
    let mut complaints = Vec::new();
    let all = roots.iter().flat_map(ArtefactRoot::directories);
    let all: Vec<&DirectoryPath> = all.collect();
    for directory in root.directories() {
        let mut complain = |why: String| {
            let (root, directory) = (root.root.as_str(), directory.as_str());
            complaints.push(format!("artefacts: root {root:?}: {directory:?} {why}"));
        };
        if let Some(other) = all.iter().find(|it| spelt_otherwise(directory, it)) {
            complain(format!("is spelt otherwise than in {:?}", other.as_str()));
        }
        let paged = roots.iter().filter(|it| it.index);
        let mut pages = paged.map(ArtefactRoot::index_page);
        let path = directory.path();
        if let Some(page) = pages.find(|page| {
            directory.is_at_or_below(page)
                || fold::bytes(path.as_bytes()) == fold::bytes(page.as_bytes())
        }) {
            complain(format!("stands where the page {page} is to be"));
        }
        let components = || path.components();
        if components().next().is_some_and(is_drive) {
            complain("begins as a drive of Windows does".to_owned());
        }
        if components().count() > limits.tree_depth {
            complain(format!("is deeper than tree_depth = {}", limits.tree_depth));
        }
        if components().any(|it| it.len() > limits.component_bytes) {
            let most = limits.component_bytes;
            complain(format!("has a name longer than component_bytes = {most}"));
        }
        if directory.as_str().len() >= limits.path_bytes {
            let most = limits.path_bytes;
            complain(format!("is not shorter than path_bytes = {most}"));
        }
    }
    complaints
}

/// Tells whether two directories go through one that each of them spells in its own way.
fn spelt_otherwise(one: &DirectoryPath, other: &DirectoryPath) -> bool {
    let (one, other) = (one.path(), other.path());
    let together = one.components().zip(other.components());
    let mut same = together.take_while(|(a, b)| fold::bytes(a) == fold::bytes(b));
    same.any(|(a, b)| a != b)
}

/// Tells whether a component is `C:` or begins so.
fn is_drive(component: &[u8]) -> bool {
    matches!(component, [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Reads one table.
fn root(table: &ArtefactRules) -> Result<ArtefactRoot, Vec<String>> {
    let mut complaints = Vec::new();
    if table.name.is_none() && !table.index && table.archive.is_empty() {
        complaints.push("nothing is asked of it: name, index or archive".to_owned());
    }
    let root = DirectoryPath::new(table.root.as_str());
    let mut archives = Vec::new();
    for text in &table.archive {
        match DirectoryPath::new(text.as_str()) {
            Ok(archive) => archives.push(archive),
            Err(why) => complaints.push(format!("archive {text:?}: {why}")),
        }
    }
    let Ok(root) = root.map_err(|why| complaints.push(why.to_owned())) else {
        return Err(complaints);
    };
    for archive in &archives {
        if root.below(&archive.path()).is_none() {
            complaints.push(format!("archive {:?} is not below it", archive.as_str()));
        }
    }
    match complaints.is_empty() {
        true => Ok(ArtefactRoot {
            versioned: table.name == Some(Naming::Versioned),
            index: table.index,
            archives,
            root,
        }),
        false => Err(complaints),
    }
}

/// Complains if an archive is, or is in, or holds what another table or another archive names: what is in it
/// would obey two of them.
fn shared(root: &ArtefactRoot, archive: &DirectoryPath, roots: &[ArtefactRoot]) -> Option<String> {
    let path = archive.path();
    let is_root = |it: &&ArtefactRoot| {
        let within = archive.is_at_or_below(&it.root.path());
        (within && !root.root.is_at_or_below(&it.root.path())) || it.root.is_at_or_below(&path)
    };
    let other = roots.iter().find(is_root).map(|it| &it.root);
    let mut archives = root.archives.iter();
    let meets =
        |it: &&DirectoryPath| !std::ptr::eq(*it, archive) && archive.is_at_or_below(&it.path());
    let other = other.or_else(|| archives.find(meets))?;
    Some(format!(
        "artefacts: root {:?}: archive {:?} meets {:?}",
        root.root.as_str(),
        archive.as_str(),
        other.as_str()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "schema = \"awo.policy/1\"\nversion = 1\nlevel = \"HYBRID\"\n\
         requires = [\"artefacts/1\"]\nidentity = []\n[roots]\nthreshold = 1\nidentities = [\"olga\"]\n";

    fn table(root: &str, archive: &[&str]) -> ArtefactRules {
        ArtefactRules {
            root: root.to_owned(),
            name: Some(Naming::Versioned),
            index: false,
            archive: archive.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    fn checked(tables: Vec<ArtefactRules>) -> Result<Vec<ArtefactRoot>, Vec<String>> {
        checked_by(Limits::default(), tables)
    }

    fn checked_by(
        limits: Limits,
        tables: Vec<ArtefactRules>,
    ) -> Result<Vec<ArtefactRoot>, Vec<String>> {
        let mut document: Document = toml::from_str(HEAD).unwrap();
        document.limits = limits;
        document.artefacts = tables;
        let mut complaints = Vec::new();
        let roots = check(&document, &mut complaints);
        match complaints.is_empty() {
            true => Ok(roots),
            false => Err(complaints),
        }
    }

    #[test]
    fn malformed_tables_are_complained_about() {
        let empty = ArtefactRules {
            name: None,
            ..table("a/", &[])
        };
        for (tables, expected) in [
            (vec![table("a", &[])], "does not end with a slash"),
            (vec![table("/a/", &[])], "is not plain"),
            (vec![table("a/../b/", &[])], "is not plain"),
            (vec![table("./", &[])], "is not plain"),
            (vec![table("a//", &[])], "is not plain"),
            (vec![table(".git/", &[])], "is not plain"),
            (vec![empty], "nothing is asked of it"),
            (vec![table("a/", &["b/"])], "is not below it"),
            (vec![table("a/", &["a/"])], "is not below it"),
            (vec![table("a/", &["ab/"])], "is not below it"),
            (vec![table("a/", &["a/x"])], "does not end with a slash"),
            (vec![table("a/", &["a/../b/"])], "is not plain"),
            (vec![table("a/", &["a/x/", "a/X/"])], "meets"),
            (vec![table("a/", &["a/x/", "a/x/y/"])], "meets"),
            (vec![table("a/", &["a/x/", "a/x/"])], "meets"),
            (vec![table("a/", &["a/x/"]), table("a/x/", &[])], "meets"),
            (vec![table("a/", &["a/x/"]), table("a/X/y/", &[])], "meets"),
            (vec![table("a/", &["a/b/x/"]), table("a/b/", &[])], "meets"),
            (vec![table("a/", &[]), table("A/", &[])], "same directory"),
            (
                vec![table("\u{e9}/", &[]), table("e\u{301}/", &[])],
                "same directory",
            ),
        ] {
            let shown = format!("{tables:?}");
            let complaints = checked(tables).expect_err(&shown);
            assert!(
                complaints.iter().any(|it| it.contains(expected)),
                "{shown}: {complaints:?}"
            );
        }
    }

    #[test]
    fn tables_below_which_nothing_could_be_written_are_complained_about() {
        let paged = |root: &str, archive: &[&str]| ArtefactRules {
            index: true,
            ..table(root, archive)
        };
        for (tables, expected) in [
            (vec![paged("a/", &["a/INDEX.md/"])], "the page a/INDEX.md"),
            (vec![paged("a/", &["a/index.md/x/"])], "the page a/INDEX.md"),
            (
                vec![paged("a/", &[]), table("a/INDEX.md/", &[])],
                "the page",
            ),
            (vec![table("a/", &["A/x/"])], "is spelt otherwise"),
            (
                vec![table("a/", &[]), table("A/b/", &[])],
                "is spelt otherwise",
            ),
            (
                vec![table("a/b/", &[]), table("A/c/", &[])],
                "is spelt otherwise",
            ),
            (vec![table("C:/", &[])], "a drive of Windows"),
        ] {
            let shown = format!("{tables:?}");
            let complaints = checked(tables).expect_err(&shown);
            assert!(
                complaints.iter().any(|it| it.contains(expected)),
                "{shown}: {complaints:?}"
            );
        }
        let limits = Limits {
            tree_depth: 2,
            component_bytes: 4,
            path_bytes: 9,
            ..Limits::default()
        };
        for (root, archive, expected) in [
            ("a/b/c/", None, "tree_depth = 2"),
            ("a/b/", Some("a/b/c/"), "tree_depth = 2"),
            ("abcde/", None, "component_bytes = 4"),
            ("abcd/abcd/", None, "path_bytes = 9"),
        ] {
            let tables = vec![table(root, archive.as_slice())];
            let complaints = checked_by(limits.clone(), tables).expect_err(root);
            assert!(complaints[0].contains(expected), "{complaints:?}");
        }
        for fine in [
            vec![table("a/", &["a/INDEX.md/"])],
            vec![
                paged("a/", &["a/b/INDEX.md/"]),
                table("a/c/", &["a/c/old/"]),
            ],
            vec![table("C/", &[]), table("b/C:/", &[])],
        ] {
            assert!(checked(fine.clone()).is_ok(), "{fine:?}");
        }
        assert!(checked_by(limits, vec![table("a/", &["a/abcd/"])]).is_ok());
    }

    #[test]
    fn tables_are_read_strictly_and_need_their_feature() {
        let read = |lines: &str| {
            let text = format!("{HEAD}[[artefacts]]\nroot = \"a/\"\n{lines}");
            let document: Document = toml::from_str(&text).map_err(|it| it.to_string())?;
            let mut complaints = Vec::new();
            match check(&document, &mut complaints).pop() {
                Some(root) if complaints.is_empty() => Ok(root),
                _ => Err(complaints.join("; ")),
            }
        };
        let root = read("name = \"versioned\"\nindex = true\narchive = [\"a/old/\"]").unwrap();
        assert!(root.is_versioned() && root.has_index());
        assert_eq!(root.index_page(), RepoPath::from("a/INDEX.md"));
        let archived = RepoPath::from("a/old/b/c.md");
        assert_eq!(root.archived(&archived).unwrap().1, b"b/c.md");
        for bad in [
            "name = \"numbered\"",
            "name = \"Versioned\"",
            "index = \"yes\"",
            "archive = \"a/old/\"",
            "names = \"versioned\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let mut document: Document = toml::from_str(HEAD).unwrap();
        document.requires.clear();
        document.artefacts = vec![table("a/", &[])];
        let mut complaints = Vec::new();
        check(&document, &mut complaints);
        assert!(complaints[0].contains("artefacts/1"), "{complaints:?}");
    }

    #[test]
    fn the_innermost_root_governs() {
        let roots = checked(vec![
            table("a/", &["a/old/", "a/b/c/"]),
            table("a/b/d/", &["a/b/d/old/"]),
            table("a*/", &[]),
        ])
        .unwrap();
        let of = |path: &str| innermost(&roots, &path.into()).map(|it| it.root.as_str());
        for (path, root) in [
            ("a/x", Some("a/")),
            ("a/b/x", Some("a/")),
            ("A/B/D/x", Some("a/b/d/")),
            ("a/b/d", Some("a/")),
            ("a", None),
            ("ab/x", None),
            ("a*/x", Some("a*/")),
        ] {
            assert_eq!(of(path), root, "{path}");
        }
    }
}
