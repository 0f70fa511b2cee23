//! The form of envelopes and of the signatures in them.

use base64ct::{Base64, Encoding as _};
use git_awo::record::envelope::{Envelope, EnvelopeSignature};
use git_awo::records::Kind;

use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::world::World;

const OVERRIDE: &str = "git-awo.self-approval";

/// olga, whose overrides of an executed run are taken, as many as she likes.
pub fn olga() -> Door {
    let door = Door::new(World::executed(), "olga");
    door.world.ok("olga", "olga", &["git", "awo", "fetch"]);
    door
}

pub fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes(), bytes].concat()
}

/// The fields of an SSHSIG blob, to be put together otherwise.
#[derive(Clone)]
struct Blob {
    head: Vec<u8>,
    key: Vec<u8>,
    namespace: Vec<u8>,
    reserved: Vec<u8>,
    hash: Vec<u8>,
    inner: Vec<u8>,
    tail: Vec<u8>,
}

impl Blob {
    fn of(bytes: &[u8]) -> Self {
        let mut rest = &bytes[10..];
        let mut next = || {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            let field = rest[4..4 + length].to_vec();
            rest = &rest[4 + length..];
            field
        };
        Self {
            head: bytes[..10].to_vec(),
            key: next(),
            namespace: next(),
            reserved: next(),
            hash: next(),
            inner: next(),
            tail: Vec::new(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let fields = [
            &self.key,
            &self.namespace,
            &self.reserved,
            &self.hash,
            &self.inner,
        ];
        let mut out = self.head.clone();
        out.extend(fields.into_iter().flat_map(|field| string(field)));
        out.extend(&self.tail);
        out
    }

    /// The 64 bytes of an ed25519 signature.
    fn numbers(&mut self) -> &mut [u8] {
        let at = self.inner.len() - 64;
        &mut self.inner[at..]
    }
}

/// Adds the order of the group to s: another spelling of the same number.
fn plus_order(s: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, more) in s.iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}

#[test]
fn a_blob_in_any_other_form_is_refused() {
    type Change = fn(&mut Blob);
    let door = olga();
    let payload = door.override_of(|_| {});
    let good = door.sign_in(OVERRIDE, &payload);
    let table: &[(&str, Change, &str)] = &[
        ("another magic", |it| it.head[0] = b's', "ATT-003"),
        ("version 0", |it| it.head[9] = 0, "ATT-003"),
        ("version 2", |it| it.head[9] = 2, "ATT-003"),
        (
            "a reserved field",
            |it| it.reserved = b"x".to_vec(),
            "ATT-003",
        ),
        ("bytes behind", |it| it.tail = b"\0".to_vec(), "ATT-003"),
        ("another blob behind", |it| it.tail = it.bytes(), "ATT-003"),
        ("no namespace", |it| it.namespace.clear(), "ATT-003"),
        (
            "a NUL in the namespace",
            |it| it.namespace.push(0),
            "ATT-003",
        ),
        (
            "another case",
            |it| it.namespace.make_ascii_uppercase(),
            "ATT-003",
        ),
        ("a space behind", |it| it.namespace.push(b' '), "ATT-003"),
        ("sha1", |it| it.hash = b"sha1".to_vec(), "ATT-003"),
        ("md5", |it| it.hash = b"md5".to_vec(), "ATT-003"),
        ("SHA512", |it| it.hash = b"SHA512".to_vec(), "ATT-003"),
        (
            "the other hash",
            |it| it.hash = b"sha256".to_vec(),
            "ATT-003",
        ),
        ("no signature", |it| it.inner.clear(), "ATT-003"),
        ("bytes behind the numbers", |it| it.inner.push(0), "ATT-003"),
        ("zeros", |it| it.numbers().fill(0), "ATT-003"),
        ("ones", |it| it.numbers().fill(0xff), "ATT-003"),
        ("a bit of R", |it| it.numbers()[0] ^= 1, "ATT-003"),
        ("a bit of s", |it| it.numbers()[32] ^= 1, "ATT-003"),
        (
            "s plus the order",
            |it| plus_order(&mut it.numbers()[32..]),
            "ATT-003",
        ),
        (
            "R of small order",
            |it| it.numbers()[..32].copy_from_slice(&[[1].as_slice(), &[0; 31]].concat()),
            "ATT-003",
        ),
        (
            "63 bytes",
            |it| {
                it.inner.pop();
                let at = it.inner.len() - 64;
                it.inner[at] = 63;
            },
            "ATT-003",
        ),
        (
            "a signature of another algorithm",
            |it| it.inner = [string(b"ssh-rsa"), string(&[7; 256])].concat(),
            "ATT-003",
        ),
        (
            "a name in capitals",
            |it| it.inner[4..15].make_ascii_uppercase(),
            "ATT-003",
        ),
    ];
    for (what, change, code) in table {
        let mut blob = Blob::of(&good.sig);
        assert_eq!(blob.bytes(), good.sig, "taken apart and put together");
        change(&mut blob);
        let sig = EnvelopeSignature {
            keyid: good.keyid.clone(),
            sig: blob.bytes(),
        };
        door.refuses_override(what, &Envelope::new(payload.clone(), vec![sig]), &[code]);
    }
    for (what, sig) in [
        ("nothing", Vec::new()),
        ("half of it", good.sig[..good.sig.len() / 2].to_vec()),
        ("all but one byte", good.sig[..good.sig.len() - 1].to_vec()),
        ("the armour as it stands in a file", {
            let signature = git_awo::signing::Signature::from_blob(&good.sig).unwrap();
            signature.to_armor().into_bytes()
        }),
        (
            "a length that runs off the end",
            [&good.sig[..10], &[0xff; 4], &good.sig[14..]].concat(),
        ),
        ("a megabyte", vec![7; 1 << 20]),
    ] {
        let sig = EnvelopeSignature {
            keyid: good.keyid.clone(),
            sig,
        };
        door.refuses_override(
            what,
            &Envelope::new(payload.clone(), vec![sig]),
            &["ATT-003"],
        );
    }
    let envelope = Envelope::new(payload, vec![good]);
    door.accepts_override("the good one", &envelope);
    assert_eq!(door.verdict().exit, 0);
}

#[test]
fn an_envelope_proves_something_by_the_one_signature_of_its_signer() {
    let door = olga();
    let payload = door.override_of(|_| {});
    let other = door.override_of(|it| it.reason = "another".into());
    let good = door.sign_in(OVERRIDE, &payload);
    let of_other = door.sign_in(OVERRIDE, &other);
    let otto = Door::new(door.world.copied(), "otto");
    let ottos = otto.sign_in(OVERRIDE, &payload);
    otto.world.ok(
        "otto",
        "home/otto",
        &["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "other"],
    );
    let unknown = {
        let actor = otto
            .world
            .actor("otto")
            .with_key(&otto.world.path("home/otto/other"));
        actor.sign_payload(Kind::SelfApproval, &payload).unwrap()
    };
    let named = |it: &EnvelopeSignature, keyid: &str| EnvelopeSignature {
        keyid: keyid.into(),
        sig: it.sig.clone(),
    };
    let spliced = |key: &EnvelopeSignature, numbers: &EnvelopeSignature| {
        let mut blob = Blob::of(&numbers.sig);
        blob.key = Blob::of(&key.sig).key;
        EnvelopeSignature {
            keyid: key.keyid.clone(),
            sig: blob.bytes(),
        }
    };
    for (what, signatures, code) in [
        ("unsigned", vec![], "ATT-003"),
        (
            "another record's signature",
            vec![of_other.clone()],
            "ATT-003",
        ),
        ("an unknown key", vec![unknown.clone()], "ATT-004"),
        (
            "an unknown key that calls itself olga's",
            vec![named(&unknown, &good.keyid)],
            "ATT-003",
        ),
        (
            "olga's key over a stranger's numbers",
            vec![spliced(&good, &unknown)],
            "ATT-003",
        ),
        (
            "a stranger's key over olga's numbers",
            vec![spliced(&unknown, &good)],
            "ATT-004",
        ),
        ("no name for the key", vec![named(&good, "")], "ATT-003"),
        (
            "a name in another spelling",
            vec![named(&good, &good.keyid.to_lowercase())],
            "ATT-003",
        ),
        (
            "a name with padding",
            vec![named(&good, &format!("{}=", good.keyid))],
            "ATT-003",
        ),
        ("otto for olga", vec![ottos.clone()], "ATT-001"),
        ("olga and otto", vec![good.clone(), ottos], "ATT-003"),
        (
            "olga and a stranger",
            vec![good.clone(), unknown],
            "ATT-003",
        ),
        (
            "olga's and another record's",
            vec![good.clone(), of_other],
            "ATT-003",
        ),
    ] {
        door.refuses_override(what, &Envelope::new(payload.clone(), signatures), &[code]);
    }
    let unsigned = door.overridden(&Envelope::new(payload.clone(), vec![]));
    door.refuses_and_finds(
        "unsigned",
        &[&format!("{unsigned}:{LEDGER}")],
        &["ATT-003"],
        &["ATT-003"],
    );
    door.accepts_override("hers alone", &Envelope::new(payload, vec![good]));
    assert_eq!(door.verdict().exit, 0);
}

#[test]
fn an_envelope_has_one_spelling() {
    let door = olga();
    let payload = door.override_of(|_| {});
    let envelope = door.sealed(Kind::SelfApproval, &payload);
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let sig = Base64::encode_string(&envelope.signatures()[0].sig);
    let bits = |text: &str| {
        // The last character before the padding has bits that decode to nothing.
        let at = text.find('=').unwrap_or(text.len()) - 1;
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let last = alphabet.find(&text[at..=at]).unwrap();
        format!(
            "{}{}{}",
            &text[..at],
            &alphabet[last + 1..last + 2],
            &text[at + 1..]
        )
    };

    let path = door.override_path(&envelope);
    let mut spellings = vec![
        ("a final line feed", format!("{text}\n")),
        ("a final CRLF", format!("{text}\r\n")),
        ("a space before", format!(" {text}")),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("two documents", format!("{text}{text}")),
        ("spaces", text.replace("\":", "\": ")),
        ("indented", {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            serde_json::to_string_pretty(&value).unwrap()
        }),
        (
            "keys unsorted",
            text.replacen(
                r#"{"payload""#,
                r#"{"payloadType":"application/vnd.in-toto+json","payload""#,
                1,
            )
            .replacen(
                r#","payloadType":"application/vnd.in-toto+json","signatures""#,
                r#","signatures""#,
                1,
            ),
        ),
        (
            "a key twice",
            text.replacen('{', r#"{"payload":"e30=","#, 1),
        ),
        ("an unknown key", text.replacen('{', r#"{"note":"","#, 1)),
        (
            "an escape",
            text.replacen("payloadType", "payload\\u0054ype", 1),
        ),
        (
            "a slash escaped",
            text.replace("application/", "application\\/"),
        ),
        (
            "another payload type",
            text.replace("in-toto+json", "in-toto+JSON"),
        ),
        (
            "base64 in lines",
            text.replace(&sig, &format!("{}\\n{}", &sig[..70], &sig[70..])),
        ),
        (
            "base64 with a space",
            text.replace(&sig, &format!("{} {}", &sig[..70], &sig[70..])),
        ),
        (
            "base64url",
            text.replace(
                &sig,
                &sig.replace('+', "-")
                    .replace('/', "_")
                    .replacen('U', "-", 1),
            ),
        ),
        (
            "base64 with more padding",
            text.replace(&sig, &format!("{sig}=")),
        ),
        (
            "a null for a string",
            text.replacen(&format!("\"{sig}\""), "null", 1),
        ),
        ("empty", String::new()),
        ("no JSON", "-----BEGIN SSH SIGNATURE-----\n".to_owned()),
        ("a list", format!("[{text}]")),
    ];
    if sig.ends_with('=') {
        spellings.push((
            "stray bits before the padding",
            text.replace(&sig, &bits(&sig)),
        ));
        spellings.push(("no padding", text.replace(&sig, sig.trim_end_matches('='))));
    }
    for (what, spelling) in &spellings {
        assert_ne!(*spelling, text, "{what}");
        let commit = door.grown(LEDGER, &[(&path, Some(spelling.as_bytes()))]);
        door.refuses_push(what, &[&format!("{commit}:{LEDGER}")], &["INT-004"]);
    }
    let commit = door.grown(LEDGER, &[(&path, Some(spellings[0].1.as_bytes()))]);
    door.refuses_and_finds(
        "a line feed",
        &[&format!("{commit}:{LEDGER}")],
        &["INT-004"],
        &["INT-004"],
    );
    door.accepts_override("the one spelling", &envelope);
}

#[test]
fn the_bytes_that_were_signed_are_the_bytes_that_are_stored() {
    let door = olga();
    let payload = door.override_of(|_| {});
    let text = String::from_utf8(payload.clone()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let compact = serde_json::to_vec(&value).unwrap();
    let line = format!("{text}\n").into_bytes();
    let signed_compact = door.sign_in(OVERRIDE, &compact);
    let signed_pretty = door.sign_in(OVERRIDE, &payload);
    let signed_line = door.sign_in(OVERRIDE, &line);
    for (what, stored, signature, code) in [
        (
            "compact signed, canonical stored",
            &payload,
            &signed_compact,
            "ATT-002",
        ),
        (
            "with a line feed signed, without stored",
            &payload,
            &signed_line,
            "ATT-002",
        ),
        (
            "canonical signed, compact stored",
            &compact,
            &signed_pretty,
            "INT-004",
        ),
        (
            "compact signed and stored",
            &compact,
            &signed_compact,
            "INT-004",
        ),
        (
            "canonical signed, with a line feed stored",
            &line,
            &signed_pretty,
            "INT-004",
        ),
        (
            "with a line feed signed and stored",
            &line,
            &signed_line,
            "INT-004",
        ),
    ] {
        let envelope = Envelope::new(stored.clone(), vec![signature.clone()]);
        door.refuses_override(what, &envelope, &[code]);
    }
    // What is signed is the encoding of the payload, not the payload.
    let bare = door.actor().sign_raw(OVERRIDE, &payload).unwrap();
    let bare = EnvelopeSignature {
        keyid: bare.public_key().fingerprint().to_owned(),
        sig: bare.to_blob().to_vec(),
    };
    door.refuses_override(
        "the payload signed bare",
        &Envelope::new(payload.clone(), vec![bare]),
        &["ATT-003"],
    );
    door.accepts_override(
        "what was signed",
        &Envelope::new(payload, vec![signed_pretty]),
    );
}
