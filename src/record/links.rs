//! Relative links in Markdown: what a text links to, on which lines, and where that leads in a tree.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use super::RepoPath;

/// A link, an image or the definition of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The first line of its source, counted from 1.
    pub first: u64,
    /// The last line of its source.
    pub last: u64,
    /// Where it leads, as written.
    pub destination: String,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Out of the repository or within the same file: a URL, an absolute path, a fragment.
    Elsewhere,
    /// To a path of the tree.
    To(RepoPath),
    /// Above the top of the tree.
    Above,
}

/// Tells whether a path is one of a Markdown file.
pub fn is_markdown(path: &RepoPath) -> bool {
    let name = path.components().last().unwrap_or_default();
    let Some(dot) = name.iter().rposition(|b| *b == b'.') else {
        return false;
    };
    let ending = name.get(dot..).unwrap_or_default();
    [&b".md"[..], b".markdown"]
        .iter()
        .any(|it| ending.eq_ignore_ascii_case(it))
}

/// Returns the links, images and definitions of links of a Markdown text, sorted. HTML is not read.
pub fn links(text: &str) -> Vec<Link> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    let feeds: Vec<usize> = text
        .bytes()
        .enumerate()
        .filter_map(|(at, byte)| (byte == b'\n').then_some(at))
        .collect();
    let line = |at: usize| {
        let before = feeds.partition_point(|feed| *feed < at);
        (before as u64).saturating_add(1)
    };
    let mut found = Vec::new();
    let mut add = |range: &std::ops::Range<usize>, destination: &str| {
        found.push(Link {
            first: line(range.start),
            last: line(range.end.saturating_sub(1).max(range.start)),
            destination: destination.to_owned(),
        });
    };
    let parser = Parser::new_ext(text, options);
    for (_, definition) in parser.reference_definitions().iter() {
        add(&definition.span, &definition.dest);
    }
    for (event, range) in parser.into_offset_iter() {
        if let Event::Start(
            Tag::Link {
                link_type,
                dest_url,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                ..
            },
        ) = event
            && !matches!(link_type, LinkType::Autolink | LinkType::Email)
        {
            add(&range, &dest_url);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Returns where a link in a file leads.
pub fn leads(file: &RepoPath, destination: &str) -> Leads {
    let end = destination.find(['#', '?']).unwrap_or(destination.len());
    let path = destination.get(..end).unwrap_or_default();
    if path.is_empty() || path.starts_with('/') || has_scheme(path) {
        return Leads::Elsewhere;
    }
    let mut at: Vec<Vec<u8>> = file.components().map(<[u8]>::to_vec).collect();
    at.pop();
    for part in decoded(path).split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if at.pop().is_none() {
                    return Leads::Above;
                }
            }
            name => at.push(name.to_vec()),
        }
    }
    Leads::To(RepoPath::new(at.join(&b'/')))
}

/// Tells whether a destination begins with the scheme of a URL.
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(fits)
}

/// Returns the bytes of a text in which `%20` stands for a space.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0_usize;
    while let Some(byte) = bytes.get(at) {
        let digits = at.saturating_add(1)..at.saturating_add(3);
        let digits = bytes.get(digits).filter(|_| *byte == b'%');
        let digits = digits.filter(|it| it.iter().all(u8::is_ascii_hexdigit));
        let value = digits
            .and_then(|it| std::str::from_utf8(it).ok())
            .and_then(|it| u8::from_str_radix(it, 16).ok());
        out.push(value.unwrap_or(*byte));
        at = at.saturating_add(if value.is_some() { 3 } else { 1 });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_images_and_definitions_with_their_lines() {
        let text = "# A\n\n[x](b.md#c) and ![i](img/i.png)\n\n[text\nover lines](<d e.md>)\n\n\
                    <https://e.org> `[no](code.md)` [r][ref] [none][other]\n\n[ref]: f.md \"T\"\n\
                    | a |\n|---|\n| [t](t.md) |\n\n    [no](block.md)\n";
        let found: Vec<_> = links(text)
            .into_iter()
            .map(|it| (it.first, it.last, it.destination))
            .collect();
        let expected = [
            (3, 3, "b.md#c"),
            (3, 3, "img/i.png"),
            (5, 6, "d e.md"),
            (8, 8, "f.md"),
            (10, 10, "f.md"),
        ];
        let expected = expected.map(|(first, last, to)| (first, last, to.to_owned()));
        for it in &expected {
            assert!(found.contains(it), "{it:?}: {found:?}");
        }
        assert!(
            found
                .iter()
                .all(|(.., to)| !to.contains("code") && !to.contains("block"))
        );
    }

    #[test]
    fn follows_relative_links_only() {
        let file = RepoPath::from("docs/a/x.md");
        for (destination, expected) in [
            ("b.md", Leads::To("docs/a/b.md".into())),
            ("b.md#part", Leads::To("docs/a/b.md".into())),
            ("./../b%20c.md?raw", Leads::To("docs/b c.md".into())),
            ("../../", Leads::To("".into())),
            ("a%zz.md", Leads::To("docs/a/a%zz.md".into())),
            ("../../../b.md", Leads::Above),
            ("#part", Leads::Elsewhere),
            ("/b.md", Leads::Elsewhere),
            ("//e.org/b.md", Leads::Elsewhere),
            ("https://e.org/b.md", Leads::Elsewhere),
            ("mailto:a@e.org", Leads::Elsewhere),
            ("", Leads::Elsewhere),
        ] {
            assert_eq!(leads(&file, destination), expected, "{destination}");
        }
        for (path, is) in [
            ("a.md", true),
            ("a/B.MARKDOWN", true),
            ("a.mdx", false),
            ("md", false),
            ("a.md/b", false),
        ] {
            assert_eq!(is_markdown(&path.into()), is, "{path}");
        }
    }
}
