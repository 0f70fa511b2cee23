//! The sources of the product as tokens: without comments, and without what only tests compile.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token: a word, `::` or another sign; a literal is `""`, and groups are flat.
pub type Token = String;

/// A file of `src/`.
pub struct Source {
    /// From the package's directory, with `/`.
    pub path: String,
    /// The text, without whole-line comments.
    pub code: String,
    /// The tokens, without items under `#[cfg(test)]`.
    pub tokens: Vec<Token>,
}

impl Source {
    /// Returns the room that the file belongs to; none for `lib.rs`, `main.rs` and the facade.
    pub fn room(&self) -> Option<&str> {
        let (room, _) = self.path.strip_prefix("src/")?.split_once('/')?;
        Some(room)
    }

    /// Tells whether the whole file is test code, which may do what the product may not.
    pub fn is_test(&self) -> bool {
        let mut names = self
            .path
            .split('/')
            .map(|part| part.trim_end_matches(".rs"));
        names.any(|it| {
            matches!(it, "tests" | "testing" | "differential")
                || it.starts_with("tests_")
                || it.ends_with("_tests")
        })
    }

    /// Returns the module: `["git", "diff"]` of `src/git/diff.rs`, `["git"]` of `src/git/mod.rs`.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.strip_prefix("src/").unwrap();
        let path = path.strip_suffix(".rs").unwrap();
        let mut parts: Vec<_> = path.split('/').map(str::to_owned).collect();
        if parts.last().is_some_and(|it| it == "mod") {
            parts.pop();
        }
        parts
    }

    /// Tells whether these tokens stand somewhere in a row: `"SystemTime :: now"`.
    pub fn says(&self, tokens: &str) -> bool {
        self.count(tokens) > 0
    }

    /// Returns how often these tokens stand in a row.
    pub fn count(&self, tokens: &str) -> usize {
        let wanted: Vec<_> = tokens.split(' ').collect();
        self.tokens
            .windows(wanted.len())
            .filter(|row| row.iter().zip(&wanted).all(|(a, b)| a == b))
            .count()
    }
}

/// Returns all files of `src/`, sorted by path.
pub fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        collect(&root.join("src"), &mut files);
        files.sort();
        assert!(files.len() > 50, "the sources are found");
        let read = |file: PathBuf| {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(root).unwrap().to_str().unwrap();
            of_text(path, &text)
        };
        files.into_iter().map(read).collect()
    });
    &SOURCES
}

/// Returns the sources without test code.
pub fn product() -> impl Iterator<Item = &'static Source> {
    sources().iter().filter(|it| !it.is_test())
}

/// Reads one file.
pub fn of_text(path: &str, text: &str) -> Source {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let stream: TokenStream = text.parse().unwrap();
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Source {
        path: path.to_owned(),
        code: code.collect::<Vec<_>>().join("\n"),
        tokens,
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}

/// Appends the tokens, and leaves out attributes and each item under `#[cfg(test)]`.
fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut rest = trees.as_slice();
    while let Some((tree, after)) = rest.split_first() {
        rest = after;
        match tree {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                if let Some(TokenTree::Punct(inner)) = rest.first()
                    && inner.as_char() == '!'
                {
                    rest = &rest[1..];
                }
                let Some((TokenTree::Group(attribute), after)) = rest.split_first() else {
                    continue;
                };
                rest = after;
                if attribute.to_string().replace(' ', "") == "[cfg(test)]" {
                    rest = after_item(rest);
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                out.push(open.to_owned());
                flatten(group.stream(), out);
                out.push(close.to_owned());
            }
            TokenTree::Ident(word) => out.push(word.to_string()),
            TokenTree::Literal(_) => out.push("\"\"".to_owned()),
            TokenTree::Punct(sign) => {
                let sign = sign.as_char();
                match (sign, out.last_mut()) {
                    (':', Some(last)) if last == ":" => last.push(':'),
                    _ => out.push(sign.to_string()),
                }
            }
        }
    }
}

/// Skips an item: up to its `;` or past its braces.
fn after_item(mut rest: &[TokenTree]) -> &[TokenTree] {
    while let Some((tree, after)) = rest.split_first() {
        rest = after;
        match tree {
            TokenTree::Punct(sign) if sign.as_char() == ';' => break,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                // `use a::{b, c};`
                if let Some(TokenTree::Punct(sign)) = rest.first()
                    && sign.as_char() == ';'
                {
                    rest = &rest[1..];
                }
                break;
            }
            _ => {}
        }
    }
    rest
}

/// Returns the rooms that follow `crate::`, also in groups.
pub fn named_rooms(source: &Source) -> BTreeSet<String> {
    let paths = paths(&source.tokens);
    let named = paths.into_iter().filter(|it| it.parts[0] == "crate");
    named.filter_map(|it| it.parts.get(1).cloned()).collect()
}

/// A path of names, as it is written somewhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// Its names; the last one of a glob is `*`.
    pub parts: Vec<String>,
    /// Under which name it is imported; none outside of `use`.
    pub imported_as: Option<String>,
    /// Whether others see that name too: `pub use`.
    pub exported: bool,
}

/// Returns every path of the tokens: in `use` each leaf by itself, elsewhere as it stands.
pub fn paths(tokens: &[Token]) -> Vec<Written> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" && starts_item(tokens, at) {
            let end = at + tokens[at..].iter().position(|it| it == ";").unwrap();
            let exported = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
            tree(&tokens[at + 1..end], &[], exported, &mut found);
            at = end;
        } else if is_word(&tokens[at]) && (at == 0 || tokens[at - 1] != "::") {
            let mut parts = vec![tokens[at].clone()];
            while tokens.get(at + 1).is_some_and(|it| it == "::")
                && tokens.get(at + 2).is_some_and(|it| is_word(it))
            {
                parts.push(tokens[at + 2].clone());
                at += 2;
            }
            found.push(Written {
                parts,
                imported_as: None,
                exported: false,
            });
        }
        at += 1;
    }
    found
}

/// `use<'a>` in a type is no import.
fn starts_item(tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|it| it != "<")
}

/// Reads a tree of `use`, whose head is known.
fn tree(tokens: &[Token], head: &[String], exported: bool, found: &mut Vec<Written>) {
    let mut parts = head.to_vec();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "{" => {
                let inner = &tokens[at + 1..tokens.len() - 1];
                for part in split(inner) {
                    tree(part, &parts, exported, found);
                }
                return;
            }
            "as" => {
                let name = Some(tokens[at + 1].clone());
                found.push(leaf(parts, name, exported));
                return;
            }
            word => parts.push(word.to_owned()),
        }
        at += 1;
    }
    if parts.len() > head.len() {
        found.push(leaf(parts, None, exported));
    }
}

fn leaf(mut parts: Vec<String>, name: Option<String>, exported: bool) -> Written {
    if parts.len() > 1 && parts.last().is_some_and(|it| it == "self") {
        parts.pop();
    }
    let name = name.or_else(|| parts.last().cloned());
    Written {
        parts,
        imported_as: name,
        exported,
    }
}

/// Splits at the commas that stand in no braces.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                found.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&tokens[start..]);
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[test]
fn paths_are_read_from_groups_and_code_and_not_from_comments_or_tests() {
    let text = "//! See [`crate::cli`].\n\
        use crate::{git::{self, Reader}, policy, store::ledger as book};\n\
        pub(crate) use super::word;\n\
        #[cfg(test)]\nmod tests { use crate::hook; }\n\
        #[cfg(test)]\nuse crate::{cli, run};\n\
        fn x() { /* crate::sandbox */ crate::record::Code::Gov001; mycrate::cli::run(\"crate::check\"); }";
    let source = of_text("src/x/y.rs", text);
    let rooms: Vec<_> = named_rooms(&source).into_iter().collect();
    assert_eq!(rooms, ["git", "policy", "record", "store"]);
    let paths = paths(&source.tokens);
    let imported = |parts: &[&str], name: &str, exported| Written {
        parts: parts.iter().map(|it| (*it).to_owned()).collect(),
        imported_as: Some(name.to_owned()),
        exported,
    };
    for wanted in [
        imported(&["crate", "git"], "git", false),
        imported(&["crate", "git", "Reader"], "Reader", false),
        imported(&["crate", "store", "ledger"], "book", false),
        imported(&["super", "word"], "word", true),
    ] {
        assert!(paths.contains(&wanted), "{wanted:?} of {paths:?}");
    }
    assert!(source.says("crate :: record :: Code") && !source.says("cli :: run :: x"));
}
