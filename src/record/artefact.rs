//! Artefacts with a version in their name: `<Base>_vMAJOR.MINOR[.PATCH].<ext>`.

use std::cmp::Ordering;
use std::fmt;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use super::fold;

/// The name of a file that is one version of something: `Protocol_v1.2.md`.
///
/// It is in Unicode's form NFC. The base begins with a letter or a digit of any script, ends with one of these or with a
/// mark that belongs to it, and has all these, `_`, `-` and `.` between. The numbers have no leading zeros. The extension is one or more words of ASCII letters and digits, joined by `.`, none of them a
/// number: `md`, `tar.gz`, `7z`. Nothing in it says "final": versions do that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtefactName {
    base: String,
    version: Version,
    extension: String,
}

impl ArtefactName {
    /// Reads the name of a file.
    pub fn parse(name: &[u8]) -> Result<Self, BadArtefactName> {
        let name = std::str::from_utf8(name).map_err(|_| BadArtefactName::NotUtf8)?;
        let is_mark = |c: char| is_combining_mark(c) && !fold::ignorable(c);
        let fits = |c: char| c.is_alphanumeric() || is_mark(c) || matches!(c, '_' | '-' | '.');
        if let Some(c) = name.chars().find(|c| !fits(*c)) {
            return Err(match c.is_whitespace() {
                true => BadArtefactName::Space,
                false => BadArtefactName::Character(c),
            });
        }
        if !is_nfc(name) {
            return Err(BadArtefactName::NotNfc(name.nfc().collect()));
        }
        let (base, rest) = split(name).ok_or(BadArtefactName::NoVersion)?;
        let mut words = rest.split('.').peekable();
        let mut numbers = Vec::new();
        while let Some(word) = words.next_if(|it| it.bytes().all(|b| b.is_ascii_digit())) {
            numbers.push(number(word)?);
        }
        let words: Vec<&str> = words.collect();
        if let Some(word) = words.first()
            && word.starts_with(|c: char| c.is_ascii_digit())
            && (numbers.len() < 2 || words.len() > 1 || word.contains(['_', '-']))
        {
            // `_v1.0_Final.md`, `_v1.2.3b.md`: the last number goes on.
            return Err(BadArtefactName::AfterVersion(rest.to_owned()));
        }
        let version = match numbers[..] {
            [major, minor] => Version::new(major, minor, None),
            [major, minor, patch] => Version::new(major, minor, Some(patch)),
            _ => return Err(BadArtefactName::Numbers(numbers.len())),
        };
        if words.is_empty() {
            return Err(BadArtefactName::NoExtension);
        }
        let plain = |it: &&str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric());
        if !words.iter().all(|it| plain(it) && !is_number(it)) {
            return Err(BadArtefactName::Extension(words.join(".")));
        }
        // Most vowel signs are alphabetic, and still marks: nothing carries them at the beginning.
        let begins = |c: char| c.is_alphanumeric() && !is_mark(c);
        let ends = |c: char| c.is_alphanumeric() || is_mark(c);
        let orphan = base
            .split(['_', '-', '.'])
            .any(|it| it.starts_with(is_mark));
        if !base.starts_with(begins) || !base.ends_with(ends) || orphan {
            return Err(BadArtefactName::Base(base.to_owned()));
        }
        if let Some(word) = claim(base, &words) {
            return Err(BadArtefactName::Word(word.to_owned()));
        }
        Ok(Self {
            base: base.to_owned(),
            version,
            extension: words.join("."),
        })
    }

    /// Returns the version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the base, as it is spelt.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns the extension, as it is spelt.
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// Returns what all versions of one thing in one directory have in common, however some file system lets them
    /// be spelt.
    pub fn line(&self) -> String {
        fold::name(&format!("{}_v.{}", self.base, self.extension))
    }

    /// Returns the name of another version of the same thing.
    pub fn at(&self, version: Version) -> String {
        format!("{}_v{version}.{}", self.base, self.extension)
    }
}

/// Splits a name at the last `_v` that a digit follows.
fn split(name: &str) -> Option<(&str, &str)> {
    let mut marks = name.rmatch_indices("_v");
    marks.find_map(|(at, mark)| {
        let (base, rest) = (name.get(..at)?, name.get(at.checked_add(mark.len())?..)?);
        rest.starts_with(|c: char| c.is_ascii_digit())
            .then_some((base, rest))
    })
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Reads one number of a version.
fn number(word: &str) -> Result<u32, BadArtefactName> {
    if word.is_empty() {
        return Err(BadArtefactName::EmptyNumber);
    }
    if word.len() > 1 && word.starts_with('0') {
        return Err(BadArtefactName::LeadingZero(word.to_owned()));
    }
    // More digits could not be counted on.
    if word.len() > Version::MOST_DIGITS {
        return Err(BadArtefactName::LongNumber(word.to_owned()));
    }
    word.parse()
        .map_err(|_| BadArtefactName::LongNumber(word.to_owned()))
}

/// Returns the word of a name that claims what a version says, if any does: `Final` anywhere but at the beginning,
/// the others at the end of the base or in the extension; and a version in the base.
fn claim<'a>(base: &'a str, extension: &[&'a str]) -> Option<&'a str> {
    const AT_THE_END: &[&str] = &[
        "final", "latest", "newest", "new", "old", "copy", "backup", "bak", "orig",
    ];
    let plain = |word: &str| {
        let folded = fold::name(word);
        folded.trim_end_matches(|c: char| c.is_numeric()).to_owned()
    };
    let words: Vec<&str> = base.split(['_', '-', '.']).collect();
    let is_final = |it: &&&str| plain(it) == "final";
    let is_claim = |it: &&&str| AT_THE_END.contains(&plain(it).as_str());
    let mut later = words.iter().skip(1);
    let last = words.last().filter(|_| words.len() > 1);
    let found = later
        .find(is_final)
        .or_else(|| last.filter(|it| is_claim(it)));
    let found = found.or_else(|| extension.iter().find(is_claim)).copied();
    found.or_else(|| {
        let (_, version) = split(base)?;
        let (major, minor) = version.split_once('.')?;
        let versioned = is_number(major) && minor.starts_with(|c: char| c.is_ascii_digit());
        versioned.then_some(version)
    })
}

/// A version. Without a patch it is the same version as with patch 0.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: Option<u32>,
}

impl Version {
    /// Maximum number of digits of a number.
    const MOST_DIGITS: usize = 9;

    /// Returns the version with these numbers.
    pub fn new(major: u32, minor: u32, patch: Option<u32>) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Returns which versions may follow the highest one there is, or come first if there is none.
    pub fn next(highest: Option<Self>) -> [Self; 3] {
        let (major, minor, patch) = highest.map_or((0, 0, 0), Self::numbers);
        [
            Self::new(major, minor, Some(patch.saturating_add(1))),
            Self::new(major, minor.saturating_add(1), None),
            Self::new(major.saturating_add(1), 0, None),
        ]
    }

    /// Tells whether it may follow the highest one there is, or come first if there is none.
    pub fn follows(self, highest: Option<Self>) -> bool {
        Self::next(highest).contains(&self)
    }

    fn numbers(self) -> (u32, u32, u32) {
        (self.major, self.minor, self.patch.unwrap_or_default())
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.patch {
            Some(patch) => write!(f, ".{patch}"),
            None => Ok(()),
        }
    }
}

/// Why a name is not that of a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArtefactName {
    /// Its bytes are no text.
    #[error("a name that is not UTF-8")]
    NotUtf8,
    /// It has white space in it.
    #[error("a space in the name")]
    Space,
    /// It is not in the form that composes characters.
    #[error("not in Unicode's form NFC, in which it is {0:?}: git mv gives it that name")]
    NotNfc(String),
    /// It has a character that is no letter, digit, mark, `_`, `-` or `.`.
    #[error("the character {0:?}")]
    Character(char),
    /// There is no `_v` with a number.
    #[error("no version, as in _v1.0")]
    NoVersion,
    /// There is a dot too many in the version.
    #[error("a version with an empty number")]
    EmptyNumber,
    /// A number of the version begins with 0.
    #[error("a leading zero in the version: {0}")]
    LeadingZero(String),
    /// A number of the version has too many digits.
    #[error("a number of more than 9 digits in the version: {0}")]
    LongNumber(String),
    /// The version has too few or too many numbers.
    #[error("a version of {0} numbers, where 2 or 3 are needed")]
    Numbers(usize),
    /// Something stands between version and extension.
    #[error("something after the version: {0:?}")]
    AfterVersion(String),
    /// It ends with the version.
    #[error("no extension after the version")]
    NoExtension,
    /// The extension is not one.
    #[error("an extension that is not of letters and digits: {0:?}")]
    Extension(String),
    /// The base is empty, begins or ends with a sign, or has a mark without a letter.
    #[error("a base that does not begin and end with a letter or a digit: {0:?}")]
    Base(String),
    /// A word claims what the version says.
    #[error("a word that only a version may say: {0:?}")]
    Word(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_version_are_read() {
        for (name, base, version, extension) in [
            ("Protocol_v1.0.md", "Protocol", "1.0", "md"),
            ("protocol_v1.0.md", "protocol", "1.0", "md"),
            ("A_v0.0.1.tar.gz", "A", "0.0.1", "tar.gz"),
            ("A_v10.20.30.7z", "A", "10.20.30", "7z"),
            ("A_v1.0.7z", "A", "1.0", "7z"),
            ("A-B.c_d2_v3.4.json", "A-B.c_d2", "3.4", "json"),
            ("API_v2_Guide_v1.0.md", "API_v2_Guide", "1.0", "md"),
            ("Final_Report_v1.0.md", "Final_Report", "1.0", "md"),
            (
                "Finality_of_Newton_v1.0.md",
                "Finality_of_Newton",
                "1.0",
                "md",
            ),
            (
                "New_Hires_Copyright_v1.0.md",
                "New_Hires_Copyright",
                "1.0",
                "md",
            ),
            (
                "Stra\u{df}e_\u{540d}_v999999999.0.md",
                "Stra\u{df}e_\u{540d}",
                "999999999.0",
                "md",
            ),
            ("A_v_v1.0.md", "A_v", "1.0", "md"),
            (
                "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}_v1.0.md",
                "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
                "1.0",
                "md",
            ),
            (
                "\u{e44}\u{e17}\u{e22}\u{e19}\u{e35}\u{e49}_v1.0.md",
                "\u{e44}\u{e17}\u{e22}\u{e19}\u{e35}\u{e49}",
                "1.0",
                "md",
            ),
            (
                "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}_v1.0.md",
                "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}",
                "1.0",
                "md",
            ),
        ] {
            let read = ArtefactName::parse(name.as_bytes());
            let read = read.unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_eq!(read.base(), base);
            assert_eq!(read.version().to_string(), version);
            assert_eq!(read.extension(), extension);
            assert_eq!(read.at(read.version()), name);
        }
    }

    #[test]
    fn other_names_are_refused_and_say_why() {
        for (name, why) in [
            ("", "no version"),
            ("README.md", "no version"),
            ("A_v.md", "no version"),
            ("A_V1.0.md", "no version"),
            ("Av1.0.md", "no version"),
            ("A_vfinal.md", "no version"),
            ("A v1.0.md", "a space"),
            ("A_v1.0 .md", "a space"),
            ("A\u{a0}B_v1.0.md", "a space"),
            ("A(1)_v1.0.md", "the character"),
            ("A+B_v1.0.md", "the character"),
            ("A\u{200b}_v1.0.md", "the character"),
            ("A/B_v1.0.md", "the character"),
            ("A\u{fe0f}_v1.0.md", "the character"),
            ("e\u{301}_v1.0.md", "NFC, in which it is \"\u{e9}_v1.0.md\""),
            ("\u{94d}A_v1.0.md", "a base"),
            ("A_\u{94d}B_v1.0.md", "a base"),
            ("A_v01.0.md", "a leading zero in the version: 01"),
            ("A_v1.00.md", "a leading zero in the version: 00"),
            ("A_v1.0.01.md", "a leading zero"),
            ("A_v1000000000.0.md", "more than 9 digits"),
            ("A_v1.md", "a version of 1 numbers"),
            ("A_v1.2.3.4.md", "a version of 4 numbers"),
            ("A_v1..md", "an empty number"),
            ("A_v1.0..md", "an empty number"),
            ("A_v1.0", "no extension"),
            ("A_v1.2.3", "no extension"),
            ("A_v1.0.", "an empty number"),
            ("A_v1.0_Final.md", "something after the version"),
            ("A_v1.0-copy.md", "something after the version"),
            ("A_v1.0rc1.md", "something after the version"),
            ("A_v1.2.3b.md", "something after the version"),
            ("A_v1.2.3_Final.md", "something after the version"),
            ("A_v1.0.md_vfinal", "an extension"),
            ("A_v1.0.m-d", "an extension"),
            ("A_v1.0.\u{e9}", "an extension"),
            ("A_v1.0.md.5", "an extension"),
            ("_v1.0.md", "a base"),
            ("A__v1.0.md", "a base"),
            (".A_v1.0.md", "a base"),
            ("-A_v1.0.md", "a base"),
            ("A_Final_v1.0.md", "\"Final\""),
            ("A_final_v1.0.md", "\"final\""),
            ("A_FINAL_v1.0.md", "\"FINAL\""),
            ("A-Final2_v1.0.md", "\"Final2\""),
            ("A_Final_B_v1.0.md", "\"Final\""),
            ("A.final_v1.0.md", "\"final\""),
            ("A_\u{ff}\u{17f}_copy_v1.0.md", "\"copy\""),
            ("A-copy_v1.0.md", "\"copy\""),
            ("A_latest_v1.0.md", "\"latest\""),
            ("A_v1.0.md.bak", "\"bak\""),
            ("A_v1.0.final.md", "\"final\""),
            ("A_v1.0_v1.1.md", "\"1.0\""),
            ("A_v1.0_Draft_v2.0.md", "\"1.0_Draft\""),
        ] {
            let found = ArtefactName::parse(name.as_bytes()).expect_err(name);
            assert!(found.to_string().contains(why), "{name}: {found}");
        }
        assert_eq!(
            ArtefactName::parse(b"A\xff_v1.0.md"),
            Err(BadArtefactName::NotUtf8)
        );
    }

    fn version(text: &str) -> Version {
        let name = format!("A_v{text}.md");
        ArtefactName::parse(name.as_bytes()).unwrap().version()
    }

    #[test]
    fn versions_are_ordered_by_number_and_a_patch_of_0_is_none() {
        let ordered = [
            "0.0.1", "0.1", "0.1.1", "0.2", "0.10", "1.0", "1.0.1", "2.0",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("1.2"), version("1.2.0"));
        assert_eq!(version("1.2.0").to_string(), "1.2.0");
    }

    #[test]
    fn the_next_version_is_one_step_on() {
        let all = [
            "0.0", "0.0.0", "0.0.1", "0.0.2", "0.1", "0.1.0", "0.1.1", "0.2", "1.0", "1.0.0",
            "1.0.1", "1.1", "1.1.0", "1.1.1", "1.2", "1.2.0", "1.2.3", "1.2.4", "1.2.5", "1.3",
            "1.3.0", "1.3.1", "1.4", "2.0", "2.0.0", "2.1", "3.0",
        ];
        for (highest, next) in [
            (None, &["0.0.1", "0.1", "0.1.0", "1.0", "1.0.0"][..]),
            (Some("1.2.3"), &["1.2.4", "1.3", "1.3.0", "2.0", "2.0.0"]),
            (Some("1.2"), &["1.3", "1.3.0", "2.0", "2.0.0"]),
            (Some("1.0.0"), &["1.0.1", "1.1", "1.1.0", "2.0", "2.0.0"]),
            (Some("0.0.1"), &["0.0.2", "0.1", "0.1.0", "1.0", "1.0.0"]),
        ] {
            let highest = highest.map(version);
            let found: Vec<_> = all
                .into_iter()
                .filter(|it| version(it).follows(highest))
                .collect();
            assert_eq!(found, next, "after {highest:?}");
        }
    }

    #[test]
    fn a_line_is_a_base_and_an_extension_however_spelt() {
        let line = |name: &str| ArtefactName::parse(name.as_bytes()).unwrap().line();
        assert_eq!(line("Protocol_v1.0.md"), line("PROTOCOL_v2.0.MD"));
        assert_ne!(line("Protocol_v1.0.md"), line("Protocol_v1.0.txt"));
        assert_ne!(line("Protocol_v1.0.md"), line("Protocols_v1.0.md"));
    }
}
