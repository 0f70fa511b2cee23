//! Other spellings of a path, and other ways to get at what stands there: whatever a rule says of a path, it is
//! tried with these.

use crate::hostile::door::Door;
use crate::hostile::raw::Raw;

/// What makes a path another spelling of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Another case, another Unicode form, or characters that are not seen: one name to some file system, and
    /// plain by itself.
    Folded,
    /// The short name that NTFS gives to a long one.
    Short,
    /// A name that no tree may hold, whatever it stands for.
    Disguised,
}

/// Returns a path with one of its components spelt otherwise, in every form that there is for it.
pub fn spellings(path: &str, component: &str) -> Vec<(Form, String)> {
    let mut names: Vec<(Form, String)> = Vec::new();
    let mut capital = component.to_owned();
    if let Some(at) = component.find(|c: char| c.is_ascii_alphabetic()) {
        capital[at..=at].make_ascii_uppercase();
    }
    let replaced = |from: &str, to: &str| component.replacen(from, to, 1);
    let folded = [
        component.to_ascii_uppercase(),
        capital,
        replaced("k", "\u{212a}"),
        replaced("s", "\u{17f}"),
        replaced("ss", "\u{df}"),
        replaced("fi", "\u{fb01}"),
        replaced("\u{e9}", "e\u{301}"),
        replaced("e", "e\u{fe0f}"),
    ];
    names.extend(folded.map(|it| (Form::Folded, it)));
    let letters: String = component
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    if component.len() > 8 && letters.len() >= 6 {
        let short = &letters[..6];
        names.push((Form::Short, format!("{}~1", short.to_ascii_uppercase())));
        names.push((Form::Short, format!("{short}~9")));
    }
    for tail in [".", " ", ". ."] {
        names.push((Form::Disguised, format!("{component}{tail}")));
    }
    for unseen in ["\u{200c}", "\u{ad}", "\u{feff}", "\u{2060}"] {
        let (first, rest) = component.split_at(1);
        names.push((Form::Disguised, format!("{first}{unseen}{rest}")));
    }
    names.push((Form::Disguised, format!("{component}::$INDEX_ALLOCATION")));
    names.retain(|(_, name)| name != component);
    let at = |name: &str| {
        let parts = path
            .split('/')
            .map(|it| if it == component { name } else { it });
        parts.collect::<Vec<_>>().join("/")
    };
    names.iter().map(|(form, name)| (*form, at(name))).collect()
}

/// Returns paths that only look like a path, or like something in a directory of that name.
pub fn neighbours(path: &str) -> Vec<String> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let below = |name: &str| match directory {
        "" => name.to_owned(),
        directory => format!("{directory}/{name}"),
    };
    [
        format!("{name}x"),
        format!("x{name}"),
        format!("{name}.bak"),
        format!("{name}-evil"),
        format!("not-{name}/{name}x"),
    ]
    .iter()
    .map(|it| below(it))
    .collect()
}

/// Something that stands in a tree: a mode and an object.
type Entry<'a> = Option<(&'a str, &'a str)>;

/// Writes a tree like `root` in which something else, or nothing, stands at a path.
pub fn with(raw: &Raw<'_>, root: &str, path: &str, entry: Entry<'_>) -> String {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let mut entries = raw.entries(root);
    let there = entries.iter().position(|it| it.1 == name.as_bytes());
    let there = there.map(|at| entries.remove(at));
    let inner;
    let entry = match rest {
        "" => entry,
        rest => {
            let is_tree = |it: &&(String, Vec<u8>, String)| it.0 == "40000";
            let tree = there.as_ref().filter(is_tree);
            let tree = tree.map_or_else(|| raw.tree(&[]), |it| it.2.clone());
            inner = with(raw, &tree, rest, entry);
            (!raw.entries(&inner).is_empty()).then_some(("40000", inner.as_str()))
        }
    };
    let mut all: Vec<_> = entries
        .iter()
        .map(|(mode, name, id)| (mode.as_str(), name.as_slice(), id.as_str()))
        .collect();
    all.extend(entry.map(|(mode, id)| (mode, name.as_bytes(), id)));
    raw.tree(&all)
}

/// Returns commits on main that get at a file, each in a way of its own; `free` is a path where whoever commits may
/// do anything.
pub fn deeds(door: &Door, path: &str, free: &str) -> Vec<(&'static str, String)> {
    let raw = door.raw();
    let (tip, root) = door.base();
    let is = door.world.ok(
        door.who,
        door.who,
        &["git", "rev-parse", &format!("{tip}:{path}")],
    );
    let is = is.trim();
    let (other, link) = (raw.blob("something else\n"), raw.blob("elsewhere"));
    let inner = raw.tree(&[("100644", b"x", &other)]);
    let (parent, _) = path.rsplit_once('/').unwrap();
    let one = |entry| with(&raw, &root, path, entry);
    let of_parent = |entry| with(&raw, &root, parent, entry);
    let and = |tree: &str, at: &str, entry| with(&raw, tree, at, entry);
    let mut trees = vec![
        ("another content", one(Some(("100644", &other)))),
        ("nothing", one(None)),
        ("an executable", one(Some(("100755", is)))),
        ("a symlink", one(Some(("120000", &link)))),
        ("a submodule", one(Some(("160000", &tip)))),
        ("a directory", one(Some(("40000", &inner)))),
        ("its directory gone", of_parent(None)),
        ("its directory a file", of_parent(Some(("100644", &other)))),
        (
            "its directory a symlink",
            of_parent(Some(("120000", &link))),
        ),
        (
            "its directory a submodule",
            of_parent(Some(("160000", &tip))),
        ),
        ("renamed out", and(&one(None), free, Some(("100644", is)))),
    ];
    let moved = format!("{parent}-moved");
    let name = path.rsplit('/').next().unwrap();
    let renamed = and(
        &of_parent(None),
        &format!("{moved}/{name}"),
        Some(("100644", is)),
    );
    trees.push(("its directory renamed", renamed));
    let tree = and(&root, free, Some(("100644", &other)));
    let over = with(&raw, &tree, path, Some(("100644", &other)));
    trees.push(("copied over", over));
    let swapped = and(&one(Some(("100644", &other))), free, Some(("100644", is)));
    trees.push(("swapped", swapped));
    let commit = |(what, tree): (&'static str, String)| (what, door.commit(&tree));
    trees.into_iter().map(commit).collect()
}
