//! Commits, parsed strictly from the bytes that git stores.
//!
//! Verification uses the raw bytes: a parser that accepts what it does not understand, or a
//! signature check over a re-encoded commit, could judge something other than what git shows.

use std::collections::BTreeSet;

use super::{HashKind, ObjectId, fold, trailers};

/// Trailers that name somebody who made a part of the change.
const MADE_BY: &[&str] = &["authored-by", "co-authored-by", "co-developed-by"];

/// The trailer that names somebody who made a part of the change, as many tools write it.
pub const CO_AUTHORED_BY: &str = "Co-authored-by";

/// The trailer that names a model which took part, as in other projects: `Assisted-by: codex-cli:gpt-5.2`.
pub const ASSISTED_BY: &str = "Assisted-by";

/// Who made a commit, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// The name, without the space before the address.
    pub name: Vec<u8>,
    /// The address between `<` and `>`.
    pub email: Vec<u8>,
    /// Seconds since 1970; the time zone is not kept.
    pub time: i64,
}

impl Person {
    /// Returns whether name and address have one reading: no control characters, no blanks around
    /// them.
    pub fn is_plain(&self) -> bool {
        let plain =
            |text: &Vec<u8>| text.trim_ascii() == text && !text.iter().any(u8::is_ascii_control);
        plain(&self.name) && plain(&self.email)
    }
}

/// The signature in a commit's header, with the bytes that it covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommitSignature {
    /// The armoured signature, its continuation lines joined as git joins them.
    pub armor: Vec<u8>,
    /// The commit without any signature header: the bytes that were signed.
    pub payload: Vec<u8>,
}

/// What lets two programs read one signed commit as two, or lets two commits have one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecondReading {
    /// A parent that is named twice.
    ParentTwice,
    /// Control characters in a person's name or address, or blanks around it.
    Person,
    /// An encoding of the message other than UTF-8.
    Encoding,
    /// A header that the signature does not cover, or that could stand elsewhere under the same one.
    Unsigned,
}

/// A commit object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    /// The id under which it was read.
    pub id: ObjectId,
    /// The root tree.
    pub tree: ObjectId,
    /// The parents, in their order.
    pub parents: Vec<ObjectId>,
    /// The author.
    pub author: Person,
    /// The committer.
    pub committer: Person,
    /// Everything after the blank line that ends the header.
    pub message: Vec<u8>,
    /// The signature for this hash kind, if there is one.
    pub signature: Option<CommitSignature>,
    /// Why its signature has more than one reading, although its form is unambiguous. No new commit
    /// may be like that; older ones may have been accepted.
    pub second_reading: Option<SecondReading>,
}

/// The bytes are not an unambiguous commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the commit: {why}")]
pub struct BadCommit {
    /// The rule that was broken.
    pub why: &'static str,
}

fn bad(why: &'static str) -> BadCommit {
    BadCommit { why }
}

impl Commit {
    /// Reads a commit from its raw bytes, refusing any ambiguity.
    pub fn parse(id: ObjectId, raw: &[u8]) -> Result<Self, BadCommit> {
        if raw.contains(&0) {
            return Err(bad("it contains a NUL byte"));
        }
        let kind = id.kind();
        let (header, message) = split_header(raw)?;
        let mut lines = header.split(|b| *b == b'\n').peekable();

        let tree = lines
            .next()
            .and_then(|line| line.strip_prefix(b"tree "))
            .ok_or(bad("the first line names no tree"))?;
        let tree = read_id(tree, kind)?;
        let mut parents = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(b"parent ")) {
            parents.push(read_id(line.get(7..).unwrap_or_default(), kind)?);
        }
        let author = lines
            .next()
            .and_then(|line| line.strip_prefix(b"author "))
            .ok_or(bad("no author follows the parents"))?;
        let author = read_person(author)?;
        let committer = lines
            .next()
            .and_then(|line| line.strip_prefix(b"committer "))
            .ok_or(bad("no committer follows the author"))?;
        let committer = read_person(committer)?;
        check_extra_headers(lines)?;
        let second_reading = second_reading(header, &parents, [&author, &committer], kind);
        Ok(Self {
            id,
            tree,
            parents,
            author,
            committer,
            message: message.to_vec(),
            signature: split_signature(raw, kind),
            second_reading,
        })
    }

    /// Returns the first line of the message.
    pub fn title(&self) -> &[u8] {
        self.message
            .split(|b| *b == b'\n')
            .next()
            .unwrap_or_default()
    }

    /// Returns the trailers of the message, as git reads them.
    pub fn trailers(&self) -> Vec<(String, String)> {
        trailers::of(&self.message)
    }

    /// Returns everybody whom the commit names as author, committer or co-author, each once and as a trailer names
    /// them: `Name <address>`.
    pub fn credits(&self) -> Vec<String> {
        let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        let people = [&self.author, &self.committer];
        let people = people.map(|it| format!("{} <{}>", text(&it.name), text(&it.email)));
        let trailers = self.trailers().into_iter();
        let is_maker = |key: &str| MADE_BY.iter().any(|it| key.eq_ignore_ascii_case(it));
        let trailers = trailers.filter_map(|(key, value)| is_maker(&key).then_some(value));
        let mut credits = Vec::new();
        for it in people.into_iter().chain(trailers) {
            if !it.is_empty() && !credits.contains(&it) {
                credits.push(it);
            }
        }
        credits
    }

    /// Returns the names and addresses of everybody who had a part in the commit, folded for comparison:
    /// of [`Self::credits`], and of [`Self::assisted_by`].
    pub fn makers(&self) -> BTreeSet<String> {
        let (credits, helped) = (self.credits(), self.assisted_by());
        // Who helped is no author, and still has a part in it: as the model that they are, and also where
        // somebody else's tool wrote `Assisted-by: NAME:MODEL [TOOL]`.
        let helpers = helped.iter().flat_map(|it| {
            let model = it.split('[').next().unwrap_or_default();
            let name = it.split(':').next().unwrap_or_default();
            [it, model, name]
        });
        let texts = credits.iter().map(String::as_str).chain(helpers);
        let makers = texts.flat_map(|it| {
            let (name, rest) = it.split_once('<').unwrap_or((it, ""));
            let address = rest.split('>').next().unwrap_or_default();
            [name, address]
        });
        let makers = makers.map(|it| fold::name(it.trim()));
        makers.filter(|it| !it.is_empty()).collect()
    }

    /// Returns the models that the commit names as having taken part, each as it calls itself.
    pub fn assisted_by(&self) -> Vec<String> {
        self.trailer(ASSISTED_BY)
    }

    /// Returns all values of one trailer, so that a caller notices duplicates.
    pub fn trailer(&self, key: &str) -> Vec<String> {
        self.trailers()
            .into_iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
            .collect()
    }
}

/// Splits the header (without its last line feed) from the message.
fn split_header(raw: &[u8]) -> Result<(&[u8], &[u8]), BadCommit> {
    match raw.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => {
            let header = raw.get(..end).unwrap_or_default();
            Ok((header, raw.get(end.saturating_add(2)..).unwrap_or_default()))
        }
        // git always writes a blank line, but also reads a commit that ends with its header.
        None => match raw.strip_suffix(b"\n") {
            Some(header) => Ok((header, &[])),
            None => Err(bad("the header does not end")),
        },
    }
}

fn check_extra_headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<(), BadCommit> {
    let mut seen: Vec<&[u8]> = Vec::new();
    for line in lines {
        if line.starts_with(b" ") {
            if seen.is_empty() {
                return Err(bad("a continuation line follows no header"));
            }
            continue;
        }
        let Some(at) = line.iter().position(|b| *b == b' ').filter(|at| *at > 0) else {
            return Err(bad("a header has no value"));
        };
        let key = line.get(..at).unwrap_or_default();
        if matches!(key, b"tree" | b"parent" | b"author" | b"committer") {
            return Err(bad(
                "tree, parent, author or committer occurs twice or out of order",
            ));
        }
        if key.starts_with(b"gpgsig") {
            // git excludes every such header from the signed bytes, so no signature would cover it.
            if !matches!(key, b"gpgsig" | b"gpgsig-sha256") {
                return Err(bad("a header of an unknown signature kind"));
            }
            if seen.contains(&key) {
                return Err(bad("it has two signatures"));
            }
        }
        if key == b"encoding" && seen.contains(&key) {
            return Err(bad("it has two encodings"));
        }
        seen.push(key);
    }
    Ok(())
}

fn second_reading(
    header: &[u8],
    parents: &[ObjectId],
    persons: [&Person; 2],
    kind: HashKind,
) -> Option<SecondReading> {
    if BTreeSet::from_iter(parents).len() < parents.len() {
        return Some(SecondReading::ParentTwice);
    }
    if !persons.iter().all(|it| it.is_plain()) {
        return Some(SecondReading::Person);
    }
    let ours = signature_header(kind);
    let mut signed = false;
    for line in header
        .split(|b| *b == b'\n')
        .filter(|it| !it.starts_with(b" "))
    {
        let is_ours = line.starts_with(ours);
        // No signature covers another one, nor where it stands itself: git puts it last.
        if signed || (line.starts_with(b"gpgsig") && !is_ours) {
            return Some(SecondReading::Unsigned);
        }
        signed = is_ours;
        if let Some(encoding) = line.strip_prefix(b"encoding ")
            && !encoding.eq_ignore_ascii_case(b"utf-8")
            && !encoding.eq_ignore_ascii_case(b"utf8")
        {
            return Some(SecondReading::Encoding);
        }
    }
    None
}

fn signature_header(kind: HashKind) -> &'static [u8] {
    match kind {
        HashKind::Sha1 => b"gpgsig ",
        HashKind::Sha256 => b"gpgsig-sha256 ",
    }
}

/// Follows git's `parse_buffer_signed_by_header`: every header that starts with `gpgsig` is
/// excluded from the payload; only the one for this hash kind is the signature.
fn split_signature(raw: &[u8], kind: HashKind) -> Option<CommitSignature> {
    let ours = signature_header(kind);
    let mut armor = Vec::new();
    let mut payload = Vec::with_capacity(raw.len());
    let mut in_ours = false;
    let mut in_other = false;
    let mut rest = raw;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|b| *b == b'\n')
            .map_or(rest.len(), |at| at.saturating_add(1));
        let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if line == b"\n" {
            payload.extend_from_slice(rest);
            break;
        }
        if let Some(continued) = line.strip_prefix(b" ") {
            if in_ours {
                armor.extend_from_slice(continued);
            } else if !in_other {
                payload.extend_from_slice(line);
            }
        } else {
            in_ours = false;
            in_other = false;
            if let Some(first) = line.strip_prefix(ours) {
                in_ours = true;
                armor.extend_from_slice(first);
            } else if line.starts_with(b"gpgsig") {
                in_other = true;
            } else {
                payload.extend_from_slice(line);
            }
        }
        rest = after;
    }
    (!armor.is_empty()).then_some(CommitSignature { armor, payload })
}

pub(super) fn read_id(text: &[u8], kind: HashKind) -> Result<ObjectId, BadCommit> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<ObjectId>().ok())
        .filter(|id| id.kind() == kind)
        .ok_or(bad(
            "a tree or parent is not an object id of this repository's kind",
        ))
}

pub(super) fn read_person(text: &[u8]) -> Result<Person, BadCommit> {
    let mut parts = text.splitn(2, |b| *b == b'<');
    let (Some(name), Some(rest)) = (parts.next(), parts.next()) else {
        return Err(bad("a person has no address"));
    };
    let mut parts = rest.splitn(2, |b| *b == b'>');
    let (Some(email), Some(when)) = (parts.next(), parts.next()) else {
        return Err(bad("a person's address does not end"));
    };
    let stray = |b: &u8| matches!(b, b'<' | b'>');
    if name.iter().any(stray) || email.iter().any(stray) || when.iter().any(stray) {
        return Err(bad("a person has more than one address"));
    }
    if !name.is_empty() && !name.ends_with(b" ") {
        return Err(bad("there is no space before a person's address"));
    }
    Ok(Person {
        name: name.strip_suffix(b" ").unwrap_or(name).to_vec(),
        email: email.to_vec(),
        time: read_time(when)?,
    })
}

/// Reads ` SECONDS +HHMM`.
fn read_time(when: &[u8]) -> Result<i64, BadCommit> {
    let fault = bad("a person's time is not of the form SECONDS +HHMM");
    let text = std::str::from_utf8(when).map_err(|_| fault.clone())?;
    let mut parts = text.strip_prefix(' ').ok_or(fault.clone())?.splitn(2, ' ');
    let (Some(seconds), Some(zone)) = (parts.next(), parts.next()) else {
        return Err(fault);
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits(seconds) && (seconds == "0" || !seconds.starts_with('0'));
    let zone_fits =
        zone.len() == 5 && zone.starts_with(['+', '-']) && zone.get(1..).is_some_and(digits);
    if !canonical || !zone_fits {
        return Err(fault);
    }
    seconds.parse().map_err(|_| fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const PERSON: &str = "Ann Ö <ann@example.org> 1700000000 +0100";

    fn id() -> ObjectId {
        "da39a3ee5e6b4b0d3255bfef95601890afd80709".parse().unwrap()
    }

    fn raw(extra: &str, message: &str) -> Vec<u8> {
        format!(
            "tree {TREE}\nparent {TREE}\nauthor {PERSON}\ncommitter {PERSON}\n{extra}\n{message}"
        )
        .into_bytes()
    }

    fn parse(text: impl AsRef<[u8]>) -> Result<Commit, BadCommit> {
        Commit::parse(id(), text.as_ref())
    }

    #[test]
    fn an_ordinary_commit_is_read() {
        let commit = parse(raw("encoding ISO-8859-1\n", "Title\n\nbody\n")).unwrap();
        assert_eq!(commit.tree.to_string(), TREE);
        assert_eq!(commit.parents.len(), 1);
        assert_eq!(commit.author.name, "Ann Ö".as_bytes());
        assert_eq!(commit.author.email, b"ann@example.org");
        assert_eq!(commit.committer.time, 1_700_000_000);
        assert_eq!(commit.title(), b"Title");
        assert_eq!(commit.signature, None);
        let bare = format!("tree {TREE}\nauthor <a@b> 0 +0000\ncommitter x <> 1 -0230\n");
        assert_eq!(parse(bare).unwrap().message, b"");
    }

    #[test]
    fn ambiguous_commits_are_refused() {
        let good = String::from_utf8(raw("", "m\n")).unwrap();
        assert!(parse(&good).is_ok());
        let tree_line = format!("tree {TREE}\n");
        for wrong in [
            good.replace(&tree_line, ""),
            good.replace(&tree_line, &tree_line.repeat(2)),
            good.replace("author", "tree x\nauthor"),
            good.replace("committer", "Committer"),
            good.replace(TREE, &TREE[1..]),
            good.replace(TREE, &TREE.to_uppercase()),
            good.replace(TREE, &format!("{TREE}{}", &TREE[..24])),
            good.replace("m\n", "m\0\n"),
            good.replace("1700000000", "01700000000"),
            good.replace("1700000000", "-1700000000"),
            good.replace("1700000000", "99999999999999999999"),
            good.replace("+0100", "+01000"),
            good.replace(" <ann", "<ann"),
            good.replace("ann@", "<ann@"),
            good.replace("example.org>", "example.org"),
            format!("tree {TREE}\nauthor {PERSON}"),
            String::new(),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong:?} is refused");
        }
        for extra in [
            format!("tree {TREE}\n"),
            format!("parent {TREE}\n"),
            format!("author {PERSON}\n"),
            format!("committer {PERSON}\n"),
            " lost continuation\n".to_owned(),
            "novalue\n".to_owned(),
            "gpgsig a\ngpgsig b\n".to_owned(),
            "gpgsig-sha256 a\ngpgsig-sha256 b\n".to_owned(),
            "gpgsigx a\n".to_owned(),
            "encoding a\nencoding b\n".to_owned(),
        ] {
            assert!(parse(raw(&extra, "m")).is_err(), "{extra:?} is refused");
        }
        assert!(
            parse(raw(
                "mergetag object x\n type commit\nmergetag object y\n",
                "m"
            ))
            .is_ok()
        );
    }

    #[test]
    fn the_payload_leaves_out_every_signature_header() {
        let signature = "gpgsig -----BEGIN\n abc\n \n -----END\n";
        let commit = parse(raw(
            &format!("{signature}gpgsig-sha256 x\n y\nencoding q\n"),
            "m\n gpgsig\n",
        ))
        .unwrap();
        let found = commit.signature.unwrap();
        assert_eq!(found.armor, b"-----BEGIN\nabc\n\n-----END\n");
        assert_eq!(found.payload, raw("encoding q\n", "m\n gpgsig\n"));
        // Only the header for this hash kind counts.
        assert_eq!(
            parse(raw("gpgsig-sha256 x\n y\n", "m")).unwrap().signature,
            None
        );
        let sha256: ObjectId = TREE.repeat(2)[..64].parse().unwrap();
        let text = String::from_utf8(raw("gpgsig-sha256 x\n y\n", "m")).unwrap();
        let text = text.replace(TREE, &sha256.to_string());
        let commit = Commit::parse(sha256, text.as_bytes()).unwrap();
        assert_eq!(commit.signature.unwrap().armor, b"x\ny\n");
    }

    #[test]
    fn a_second_reading_is_told() {
        let of = |text: &[u8]| parse(text).unwrap().second_reading;
        let good = raw("gpgsig -----BEGIN\n abc\n -----END\n", "m\n");
        for fine in [
            good.clone(),
            raw("encoding UTF-8\n", "m\n"),
            raw("encoding utf8\n", "m\n"),
            raw("mergetag object x\n type commit\ngpgsig a\n", "m\n"),
            raw("change-id abc\ngpgsig a\n", "m\n"),
        ] {
            assert_eq!(of(&fine), None, "{:?}", String::from_utf8_lossy(&fine));
        }
        let text = String::from_utf8(good).unwrap();
        let parent = format!("parent {TREE}\n");
        for odd in [
            text.replace(&parent, &parent.repeat(2)),
            text.replacen("Ann", "A\rnn", 1),
            text.replace("ann@", "ann\r@"),
            text.replacen("Ann", "\tAnn", 1),
            text.replacen("Ö <", "Ö  <", 1),
            text.replacen("<ann", "< ann", 1),
            String::from_utf8(raw("encoding ISO-8859-1\n", "m")).unwrap(),
            String::from_utf8(raw("gpgsig a\nencoding UTF-8\n", "m")).unwrap(),
            String::from_utf8(raw("gpgsig a\ngpgsig-sha256 b\n", "m")).unwrap(),
            String::from_utf8(raw("gpgsig-sha256 b\n", "m")).unwrap(),
        ] {
            assert!(of(odd.as_bytes()).is_some(), "{odd:?}");
        }
    }

    #[test]
    fn trailers_stand_in_the_last_paragraph() {
        let trailers = |message: &str| parse(raw("", message)).unwrap().trailers();
        let found = trailers("Title\n\nAwo-X: no\n\nAwo-Run: a\nAwo-Run: b\n c\nawo-task:t\n\n");
        assert_eq!(
            found,
            [("Awo-Run", "a"), ("Awo-Run", "b c"), ("awo-task", "t")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        let commit = parse(raw("", "Title\n\nAwo-Run: a\nawo-run: b\n")).unwrap();
        assert_eq!(commit.trailer("Awo-Run"), ["a", "b"]);
        for none in [
            "Key: value\n",
            "\n\nKey: value",
            "T\n\nKey: value\nprose\n",
            "T\n\n x: y",
            "",
        ] {
            assert_eq!(trailers(none), [], "{none:?} has no trailers");
        }
        assert_eq!(
            trailers("T\n\nA: b\n(cherry picked from commit 12)\n").len(),
            1
        );
    }

    #[test]
    fn makers_are_author_committer_co_authors_and_who_helped_folded() {
        let message = "T\n\nCo-Authored-By: \u{c5}sa Ek <AE@Example.com>\nco-developed-by: bo\n\
                       Reviewed-by: C <c@x>\nAssisted-by: Pen:Helper [lint]\nassisted-by: d <d@x>\n";
        let makers = parse(raw("", message)).unwrap().makers();
        let helpers = ["pen:helper", "pen", "d", "d@x"];
        let expected = ["\u{e5}sa ek", "ae@example.com", "bo"];
        let expected = expected.iter().chain(&helpers);
        for it in expected {
            assert!(makers.contains(*it), "{it}: {makers:?}");
        }
        assert!(
            !makers.contains("c@x") && !makers.contains(""),
            "{makers:?}"
        );
    }
}
