//! The sources of the product as tokens: without comments, and without what only tests compile.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A token: a word, `::` or another sign; a string or number is `""`.
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
    Source {
        path: path.to_owned(),
        code: code.collect::<Vec<_>>().join("\n"),
        tokens: without_tests(&tokens(text)),
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

/// Splits a text into tokens, without comments.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (token, len) = if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, block_comment(rest))
        } else if let Some(len) = string(rest) {
            (Some("\"\""), len)
        } else if c == '\'' {
            (Some("\"\""), character(rest))
        } else if is_word(rest) {
            let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            let len = len.unwrap_or(rest.len());
            (Some(&rest[..len]), len)
        } else if c.is_ascii_digit() {
            let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            (Some("\"\""), len.unwrap_or(rest.len()))
        } else if rest.starts_with("::") {
            (Some("::"), 2)
        } else if c.is_whitespace() {
            (None, c.len_utf8())
        } else {
            (Some(&rest[..c.len_utf8()]), c.len_utf8())
        };
        tokens.extend(token.map(str::to_owned));
        rest = &rest[len..];
    }
    tokens
}

/// Returns the length of a comment in `/*` and `*/`, which may hold others.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let (step, deeper) = match rest {
            _ if rest.starts_with("/*") => (2, 1),
            _ if rest.starts_with("*/") => (2, -1),
            _ => (rest.chars().next().unwrap().len_utf8(), 0),
        };
        depth += deeper;
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of the string that the text begins with: `"…"`, `b"…"`, `r#"…"#`.
fn string(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c']);
    let raw = body.strip_prefix('r');
    let body = raw.unwrap_or(body);
    let hashes = body.len() - body.trim_start_matches('#').len();
    if (raw.is_none() && hashes > 0) || text.len() - body.len() > 2 {
        return None;
    }
    let inner = body[hashes..].strip_prefix('"')?;
    let start = text.len() - inner.len();
    if raw.is_some() {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(start + inner.find(&end).unwrap() + end.len());
    }
    let mut escaped = false;
    let end = inner.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    Some(start + end.unwrap() + 1)
}

/// Returns the length of `'x'` or `'\n'`, or of the sign of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => 2 + text[3..].find('\'').unwrap() + 2,
        _ => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
    }
}

/// Returns the tokens without attributes, who may see what, and each item under `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let inner = usize::from(tokens.get(at + 1).is_some_and(|it| it == "!"));
        let bracket = at + 1 + inner;
        if tokens[at] != "#" || tokens.get(bracket).is_none_or(|it| it != "[") {
            kept.push(tokens[at].clone());
            at = match tokens[at] == "pub" && tokens.get(at + 1).is_some_and(|it| it == "(") {
                // `pub(in super::super)` names no file.
                true if ["crate", "super", "self", "in"].contains(&tokens[at + 2].as_str()) => {
                    closing(tokens, at + 1) + 1
                }
                _ => at + 1,
            };
            continue;
        }
        let end = closing(tokens, bracket);
        let attribute = tokens[bracket..=end].concat();
        at = end + 1;
        if attribute == "[cfg(test)]" || attribute.starts_with("[cfg(all(test,") {
            // Up to the end of the item: its `;`, or its braces.
            while at < tokens.len() && tokens[at] != ";" {
                if tokens[at] == "{" {
                    at = closing(tokens, at);
                    // `use a::{b, c};` ends later.
                    if tokens.get(at + 1).is_none_or(|it| it != ";") {
                        break;
                    }
                }
                at += 1;
            }
            at += 1;
        }
    }
    kept
}

/// Returns where the bracket closes that opens here.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("brackets that do not close")
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
            let exported = at > 0 && tokens[at - 1] == "pub";
            tree(&tokens[at + 1..end], &[], exported, &mut found);
            at = end;
        } else if tokens[at] == "mod" && tokens.get(at + 2).is_some_and(|it| it == ";") {
            // Declares a file, and names nothing in it.
            at += 2;
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
        fn x<'a>() { /* crate::sandbox */ crate::record::Code::Gov001; mycrate::cli::run(\"crate::check\"); }\n\
        const C: [char; 3] = ['\"', '\\'', 'x']; const R: &str = r#\"crate::\"store\"#; #[cfg(test)]\nfn last() { crate::export }";
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
    assert!(
        source.says("= [ \"\" , \"\" , \"\" ]"),
        "{:?}",
        source.tokens
    );
    assert!(source.says("crate :: record :: Code") && !source.says("cli :: run :: x"));
}
