//! Annotated tags, parsed strictly from the bytes that git stores.
//!
//! Accepts only the one form that `git tag` writes: what follows the signature, or a header that
//! no signature covers, would let one signed tag say two things.

use super::commit::{BadCommit, Person, read_id, read_person};
use super::{HashKind, ObjectId};

/// The lines that begin a signature, by which git splits a tag; the last one counts.
const SIGNATURES: [&[u8]; 4] = [
    b"-----BEGIN SSH SIGNATURE-----",
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
];

/// The signature at the end of a tag, with the bytes that it covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagSignature {
    /// The armoured signature, up to the end of the tag.
    pub armor: Vec<u8>,
    /// Everything before it.
    pub payload: Vec<u8>,
}

/// An annotated tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// The id under which it was read.
    pub id: ObjectId,
    /// The object that it names.
    pub target: ObjectId,
    /// Whether it says that this is a commit.
    pub of_commit: bool,
    /// The name that it gives itself, without `refs/tags/`.
    pub name: Vec<u8>,
    /// Who made it, by its own word.
    pub tagger: Person,
    /// The signature, if there is one, of whatever kind.
    pub signature: Option<TagSignature>,
}

/// The bytes are not an unambiguous tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct BadTag {
    /// The rule that was broken.
    pub why: &'static str,
}

impl From<BadCommit> for BadTag {
    fn from(bad: BadCommit) -> Self {
        Self { why: bad.why }
    }
}

impl Tag {
    /// Reads a tag from its raw bytes, refusing any ambiguity.
    pub fn parse(id: ObjectId, raw: &[u8]) -> Result<Self, BadTag> {
        let bad = |why| BadTag { why };
        if raw.contains(&0) {
            return Err(bad("it contains a NUL byte"));
        }
        let end = raw.windows(2).position(|pair| pair == b"\n\n");
        let end = end.ok_or(bad("the header does not end"))?;
        let header = raw.get(..end).unwrap_or_default();
        let lines: Vec<_> = header.split(|b| *b == b'\n').collect();
        let [object, kind, name, tagger] = lines.as_slice() else {
            return Err(bad("its header is not object, type, tag and tagger"));
        };
        let value = |line: &&[u8], key: &[u8]| line.strip_prefix(key).map(<[u8]>::to_vec);
        let target = value(object, b"object ").ok_or(bad("it names no object"))?;
        let kind = value(kind, b"type ").ok_or(bad("no type follows the object"))?;
        let name = value(name, b"tag ").ok_or(bad("no name follows the type"))?;
        let tagger = value(tagger, b"tagger ").ok_or(bad("no tagger follows the name"))?;
        if !matches!(kind.as_slice(), b"commit" | b"tree" | b"blob" | b"tag") {
            return Err(bad("its type is not one of git's"));
        }
        let tagger = read_person(&tagger)?;
        if !tagger.is_plain() {
            return Err(bad(
                "a control character in the tagger's name or address, or blanks around it",
            ));
        }
        Ok(Self {
            id,
            target: read_id(&target, id.kind())?,
            of_commit: kind == b"commit",
            name,
            tagger,
            signature: split_signature(raw),
        })
    }

    /// Returns the hash function of its id.
    pub fn kind(&self) -> HashKind {
        self.id.kind()
    }
}

/// Follows git's `parse_signed_buffer`: the last line that begins a signature begins it.
fn split_signature(raw: &[u8]) -> Option<TagSignature> {
    let (mut at, mut begins) = (0_usize, None);
    for line in raw.split_inclusive(|b| *b == b'\n') {
        if SIGNATURES.iter().any(|it| line.starts_with(it)) {
            begins = Some(at);
        }
        at = at.saturating_add(line.len());
    }
    let (payload, armor) = raw.split_at_checked(begins?)?;
    Some(TagSignature {
        armor: armor.to_vec(),
        payload: payload.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n";

    fn raw() -> String {
        format!(
            "object {COMMIT}\ntype commit\ntag v1\ntagger Ann Ö <a@b> 1700000000 +0100\n\nOne\n"
        )
    }

    fn parse(text: &str) -> Result<Tag, BadTag> {
        let id = "da39a3ee5e6b4b0d3255bfef95601890afd80709".parse().unwrap();
        Tag::parse(id, text.as_bytes())
    }

    #[test]
    fn an_ordinary_tag_is_read() {
        let tag = parse(&raw()).unwrap();
        assert_eq!(
            (tag.target.to_string().as_str(), tag.of_commit),
            (COMMIT, true)
        );
        assert_eq!(
            (tag.name.as_slice(), tag.tagger.time),
            (&b"v1"[..], 1_700_000_000)
        );
        assert_eq!(tag.signature, None);
        let empty = raw().replace("One\n", "");
        assert!(parse(&empty).is_ok(), "a tag without a message");
        let tree = parse(&raw().replace("type commit", "type tree")).unwrap();
        assert!(!tree.of_commit);
    }

    #[test]
    fn the_last_signature_covers_what_is_before_it() {
        let signed = format!("{}{SIGNATURE}", raw());
        let found = parse(&signed).unwrap().signature.unwrap();
        assert_eq!(found.armor, SIGNATURE.as_bytes());
        assert_eq!(found.payload, raw().as_bytes());
        let twice = parse(&format!("{signed}{SIGNATURE}")).unwrap();
        assert_eq!(twice.signature.unwrap().payload, signed.as_bytes());
        let other = parse(&signed.replace(" SSH ", " PGP ")).unwrap();
        assert!(
            other.signature.is_some(),
            "signed, but not by a key of ours"
        );
        let quoted = parse(&format!("{}> {SIGNATURE}", raw())).unwrap();
        assert_eq!(quoted.signature, None, "a line that only holds it");
    }

    #[test]
    fn ambiguous_tags_are_refused() {
        for wrong in [
            raw().replace("type commit\n", ""),
            raw().replace("type commit", "type rune"),
            raw().replace("tag v1\n", ""),
            raw().replace("tag v1\n", "tag v1\ntag v2\n"),
            raw().replace("tag v1\ntagger", "tagger"),
            raw().replace("\n\n", "\ngpgsig-sha256 x\n y\n\n"),
            raw().replace("\n\n", "\nencoding ISO-8859-1\n\n"),
            raw().replace("tagger", "Tagger"),
            raw().replace("tagger Ann Ö <a@b> 1700000000 +0100\n", ""),
            raw().replace("Ann", "A\rnn"),
            raw().replace("1700000000", "01700000000"),
            raw().replace(COMMIT, &COMMIT[1..]),
            raw().replace(COMMIT, &COMMIT.repeat(2)[..64]),
            raw().replace("One", "O\0ne"),
            raw().replace("\n\nOne\n", ""),
            String::new(),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong:?} is refused");
        }
    }
}
