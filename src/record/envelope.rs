//! DSSE envelopes: a payload and the signatures over it.
//!
//! An envelope is stored as one line of JSON without white space and with sorted keys, so that a note
//! can contain one per line. `payload` and `sig` are standard base64; a `sig` is a binary SSHSIG
//! (the decoded content of an armoured one) over the pre-authentication encoding of the payload.

use std::borrow::Cow;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::{Sha256, json};

/// The payload type of in-toto statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Maximum size of an envelope, in bytes: a record of 1 MiB in base64, with a few signatures.
pub const MAX_ENVELOPE: usize = 2 * 1024 * 1024;

/// A signed payload whose signatures have not been checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Envelope {
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
    /// Of the payload: it is asked for at every step.
    digest: Sha256,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvelopeSignature {
    /// The fingerprint of the key, `SHA256:…`. A hint: the signature itself contains the key.
    pub keyid: String,
    /// The binary SSHSIG.
    pub sig: Vec<u8>,
}

/// The bytes are not an envelope in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical DSSE envelope: {why}")]
pub struct BadEnvelope {
    /// The rule that is broken.
    pub why: String,
    /// Whether a limit was exceeded (INT-006) rather than the form broken (INT-004).
    pub limit: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
struct Wire<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    payloadType: Cow<'a, str>,
    #[serde(borrow)]
    signatures: Vec<WireSignature<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature<'a> {
    #[serde(borrow)]
    keyid: Cow<'a, str>,
    #[serde(borrow)]
    sig: Cow<'a, str>,
}

impl Envelope {
    /// Returns an envelope of a payload and signatures, which are sorted.
    pub fn new(payload: Vec<u8>, mut signatures: Vec<EnvelopeSignature>) -> Self {
        signatures.sort();
        signatures.dedup();
        Self::of(payload, signatures)
    }

    fn of(payload: Vec<u8>, signatures: Vec<EnvelopeSignature>) -> Self {
        let digest = Sha256::of(&payload);
        Self {
            payload,
            signatures,
            digest,
        }
    }

    /// Parses the form that [`Envelope::to_bytes`] writes; anything else is refused. An envelope without
    /// a signature is accepted here; verification refuses it.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadEnvelope> {
        let bad = |why: String| BadEnvelope { why, limit: false };
        if bytes.len() > MAX_ENVELOPE {
            let why = format!("{} bytes, at most {MAX_ENVELOPE}", bytes.len());
            return Err(BadEnvelope { why, limit: true });
        }
        let wire: Wire<'_> =
            serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        if wire.payloadType != PAYLOAD_TYPE {
            return Err(bad(format!("payload type {:?}", wire.payloadType)));
        }
        let decode = |what: &str, text: &str| {
            BASE64
                .decode(text)
                .map_err(|error| bad(format!("{what}: {error}")))
        };
        let payload = decode("payload", &wire.payload)?;
        let mut signatures = Vec::new();
        // Accept one form only, so that a record cannot be stored in two spellings. Base64 has only
        // one spelling that decodes.
        let same = json::is_compact(&wire, bytes);
        for signature in wire.signatures {
            let sig = decode("signature", &signature.sig)?;
            signatures.push(EnvelopeSignature {
                keyid: signature.keyid.into_owned(),
                sig,
            });
        }
        if !same {
            return Err(bad(
                "not the canonical spelling (key order, spaces, signature order)".to_owned(),
            ));
        }
        let sorted = |pair: &[EnvelopeSignature]| matches!(pair, [a, b] if a < b);
        if !signatures.windows(2).all(sorted) {
            return Err(bad("signatures out of order or duplicate".to_owned()));
        }
        Ok(Self::of(payload, signatures))
    }

    /// Returns the stored form, without a line feed at the end.
    #[allow(
        clippy::expect_used,
        reason = "strings always serialise: a fact of the type"
    )]
    pub fn to_bytes(&self) -> Vec<u8> {
        let wire = Wire {
            payload: BASE64.encode(&self.payload).into(),
            payloadType: PAYLOAD_TYPE.into(),
            signatures: self
                .signatures
                .iter()
                .map(|signature| WireSignature {
                    keyid: signature.keyid.as_str().into(),
                    sig: BASE64.encode(&signature.sig).into(),
                })
                .collect(),
        };
        serde_json::to_vec(&wire).expect("strings always serialise")
    }

    /// Returns the payload: the canonical JSON of an in-toto statement.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the signatures.
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// Returns the SHA-256 of the payload, which identifies the record everywhere.
    ///
    /// It does not cover the signatures, since the same statement can be signed again.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Returns the bytes that are signed: DSSE's pre-authentication encoding.
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload)
    }
}

/// Returns DSSE's pre-authentication encoding of an in-toto payload.
pub fn pae(payload: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    )
    .into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        let sig = EnvelopeSignature {
            keyid: "SHA256:x".into(),
            sig: vec![1, 2, 3],
        };
        Envelope::new(b"{}".to_vec(), vec![sig])
    }

    #[test]
    fn round_trips() {
        let bytes = envelope().to_bytes();
        assert_eq!(Envelope::parse(&bytes).unwrap(), envelope());
        assert!(!bytes.contains(&b'\n'), "one line");
    }

    #[test]
    fn refuses_every_other_spelling() {
        let text = String::from_utf8(envelope().to_bytes()).unwrap();
        for (what, bad) in [
            ("a space", text.replace(":[", ": [")),
            ("a final line feed", format!("{text}\n")),
            ("another payload type", text.replace("in-toto", "in-totO")),
            (
                "no list of signatures",
                r#"{"payload":"e30=","payloadType":"application/vnd.in-toto+json"}"#.into(),
            ),
            ("an unknown key", text.replacen('{', r#"{"a":1,"#, 1)),
            (
                "a duplicate key",
                text.replacen('{', r#"{"payload":"e30=","#, 1),
            ),
            ("loose base64", text.replace("e30=", "e30")),
        ] {
            assert_ne!(bad, text, "{what}");
            assert!(
                Envelope::parse(bad.as_bytes()).is_err(),
                "{what} is refused"
            );
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        let digits = |c: &u8| c.is_ascii_alphanumeric() || b"+/=-_ \n".contains(c);
        let digits: Vec<u8> = (0..=127).filter(digits).collect();
        let mut read = std::collections::BTreeSet::new();
        for end in digits
            .iter()
            .flat_map(|a| digits.iter().map(move |b| (*a, *b)))
        {
            for text in [[b'e', end.0, end.1, b'='], [b'e', end.0, b'=', end.1]] {
                let text = std::str::from_utf8(&text).unwrap();
                if let Ok(bytes) = BASE64.decode(text) {
                    assert_eq!(BASE64.encode(&bytes), text);
                    read.insert(bytes);
                }
            }
        }
        assert_eq!(read.len(), 64 * 16 + 4, "of one byte and of two");
    }

    #[test]
    fn encodes_as_the_dsse_protocol_says() {
        assert_eq!(pae(b"hi"), b"DSSEv1 28 application/vnd.in-toto+json 2 hi");
    }
}
