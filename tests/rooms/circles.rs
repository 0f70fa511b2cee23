//! Files of one room do not import each other in circles.
//!
//! A file depends on another one of its room if it names something that stands there. Where that is
//! follows from the path: `super::`, `self::`, `crate::room::` and the modules that the file declares
//! itself; a name that a file only re-exports leads to the file that it comes from. So a `mod.rs`
//! that declares and re-exports depends on nothing, and nothing depends on it. One that also holds
//! code is a file like any other: its children may use what stands in it, or it may use theirs,
//! but not both.
//!
//! Methods are not seen: `impl` blocks of one type in several files count only by what they name.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, Written, paths, product};

/// A module by its path: `["git", "diff"]`.
type Module = Vec<String>;

struct File {
    path: String,
    /// The names that the file re-exports, or imports.
    names: BTreeMap<String, (Vec<String>, bool)>,
    /// What it names, wherever.
    paths: Vec<Written>,
}

struct Room {
    files: BTreeMap<Module, File>,
}

impl Room {
    fn of(sources: &[&Source]) -> Self {
        let mut files = BTreeMap::new();
        for source in sources {
            let paths = paths(&source.tokens);
            let mut names = BTreeMap::new();
            for written in &paths {
                if let Some(name) = &written.imported_as {
                    names.insert(name.clone(), (written.parts.clone(), written.exported));
                }
            }
            let file = File {
                path: source.path.clone(),
                names,
                paths,
            };
            files.insert(source.module(), file);
        }
        Self { files }
    }

    /// Returns the file in which what the path names stands, as seen from a module.
    fn file_of(&self, from: &Module, parts: &[String], depth: usize) -> Option<Module> {
        let mut rest = parts;
        let mut at: Module = match parts.first()?.as_str() {
            "crate" => {
                rest = &rest[1..];
                Vec::new()
            }
            "self" | "super" => from.clone(),
            first => {
                let child: Module = [from.as_slice(), &[first.to_owned()]].concat();
                if !self.files.contains_key(&child) {
                    return None;
                }
                from.clone()
            }
        };
        while let Some(first) = rest.first() {
            match first.as_str() {
                "self" => {}
                "super" => _ = at.pop(),
                name => {
                    let child: Module = [at.as_slice(), &[name.to_owned()]].concat();
                    if self.files.contains_key(&child) {
                        at = child;
                        rest = &rest[1..];
                        continue;
                    }
                    let Some(file) = self.files.get(&at) else {
                        // Above the room, or in another one.
                        at.push(name.to_owned());
                        rest = &rest[1..];
                        if at.len() > 1 {
                            return None;
                        }
                        continue;
                    };
                    if let Some((parts, _)) = file.names.get(name)
                        && depth < 8
                    {
                        let further: Vec<_> = parts.iter().chain(&rest[1..]).cloned().collect();
                        return self.file_of(&at, &further, depth + 1);
                    }
                    return Some(at);
                }
            }
            rest = &rest[1..];
        }
        self.files.contains_key(&at).then_some(at)
    }

    /// Returns which files each file depends on.
    fn edges(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        let mut edges = BTreeMap::new();
        for (module, file) in &self.files {
            let mut on = BTreeSet::new();
            let used: BTreeSet<&str> = file
                .paths
                .iter()
                .filter(|it| it.imported_as.is_none())
                .filter_map(|it| it.parts.first().map(String::as_str))
                .collect();
            for written in &file.paths {
                // Only handed on.
                let name = written.imported_as.as_deref();
                if written.exported && !name.is_some_and(|name| used.contains(name)) {
                    continue;
                }
                // One word may be anything.
                if written.parts.len() == 1 && written.imported_as.is_none() {
                    continue;
                }
                let parts = match written.parts.split_last() {
                    Some((last, head)) if last == "*" => head,
                    _ => written.parts.as_slice(),
                };
                if let Some(other) = self.file_of(module, parts, 0)
                    && other != *module
                {
                    on.insert(self.files.get_key_value(&other).unwrap().0);
                }
            }
            edges.insert(module, on);
        }
        edges
    }

    /// Returns the groups of files each of which reaches the others.
    fn circles(&self) -> Vec<Vec<&Module>> {
        let edges = self.edges();
        let reach = |from: &Module| -> BTreeSet<&Module> {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&Module> = edges[from].iter().copied().collect();
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    open.extend(&edges[next]);
                }
            }
            seen
        };
        let reached: BTreeMap<&Module, _> = self.files.keys().map(|it| (it, reach(it))).collect();
        let mut circles: Vec<Vec<&Module>> = Vec::new();
        for module in self.files.keys() {
            if !reached[module].contains(module) || circles.iter().any(|it| it.contains(&module)) {
                continue;
            }
            let both = reached[module].iter().copied();
            circles.push(both.filter(|it| reached[*it].contains(module)).collect());
        }
        circles
    }

    fn describe(&self, circle: &[&Module]) -> String {
        let edges = self.edges();
        let mut text = String::new();
        for module in circle {
            let on = edges[*module].iter().filter(|it| circle.contains(it));
            let on: Vec<_> = on.map(|it| it.join("::")).collect();
            text.push_str(&format!(
                "\n  {} names {}",
                self.files[*module].path,
                on.join(", ")
            ));
        }
        text
    }
}

#[test]
fn files_of_a_room_do_not_import_each_other_in_circles() {
    let mut rooms: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in product() {
        if let Some(room) = source.room() {
            rooms.entry(room).or_default().push(source);
        }
    }
    let mut wrong = Vec::new();
    for sources in rooms.into_values() {
        let room = Room::of(&sources);
        let circles = room.circles();
        wrong.extend(circles.iter().map(|it| room.describe(it)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_circle_is_found_through_a_re_export_and_a_mod_that_declares_is_none() {
    let circles = |files: &[(&str, &str)]| {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| super::source::of_text(path, text))
            .collect();
        let room = Room::of(&sources.iter().collect::<Vec<_>>());
        room.circles().len()
    };
    let declares = ("src/x/mod.rs", "mod a; mod b; pub use a::A; pub use b::B;");
    let a = ("src/x/a.rs", "use super::B; pub struct A(B);");
    let b = ("src/x/b.rs", "pub struct B; fn f() { crate::x::A::new() }");
    assert_eq!(circles(&[declares, a, ("src/x/b.rs", "pub struct B;")]), 0);
    assert_eq!(circles(&[declares, a, b]), 1, "through the re-exports");
    let holds = ("src/x/mod.rs", "mod a; pub use a::A; pub struct C { a: A }");
    assert_eq!(circles(&[holds, ("src/x/a.rs", "pub struct A;")]), 0);
    assert_eq!(
        circles(&[holds, ("src/x/a.rs", "use super::C; pub struct A;")]),
        1
    );
    assert_eq!(
        circles(&[holds, ("src/x/a.rs", "use super::*; pub struct A;")]),
        1
    );
    let test = "pub struct A; #[cfg(test)] mod tests { use super::super::C; }";
    assert_eq!(
        circles(&[holds, ("src/x/a.rs", test)]),
        0,
        "a test imports freely"
    );
}
