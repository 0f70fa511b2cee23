//! Names of events: UUIDs of RFC 9562.

use std::fmt;
use std::str::FromStr;

use base16ct::lower;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The UUID of an event: never nil, and spelled in lower case with hyphens only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId([u8; 16]);

/// The text is not the id of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a uuid in lower case with hyphens, or it is the nil uuid")]
pub struct BadEventId(pub String);

impl EventId {
    /// The name space of events derived by git-awo: that of `urn:git-awo:event` among the URLs.
    pub(super) const DERIVED: Self =
        Self(*b"\x06\x2a\x95\x8a\x65\x2a\x5b\xe3\x87\x68\xce\x4b\x6e\xbf\x36\x44");

    /// Returns the UUID of version 5 for a name in a name space.
    ///
    /// Its SHA-1 says which event is meant and proves nothing.
    pub fn v5(space: Self, name: &[u8]) -> Self {
        let sha1 = digest(
            &SHA1_FOR_LEGACY_USE_ONLY,
            &[space.0.as_slice(), name].concat(),
        );
        let mut bytes = [0; 16];
        for (byte, of) in bytes.iter_mut().zip(sha1.as_ref()) {
            *byte = *of;
        }
        bytes[6] = bytes[6] & 0x0f | 0x50;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = [0; 32];
        let hex = lower::encode_str(&self.0, &mut hex).map_err(|_| fmt::Error)?;
        let mut text = String::with_capacity(36);
        for (at, digit) in hex.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

impl FromStr for EventId {
    type Err = BadEventId;

    fn from_str(text: &str) -> Result<Self, BadEventId> {
        let bad = || BadEventId(text.to_owned());
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        let mut bytes = [0; 16];
        match lower::decode(&hex, &mut bytes) {
            Ok(all) if all.len() == 16 => {}
            _ => return Err(bad()),
        }
        let id = Self(bytes);
        // The hyphens have to be where they belong.
        let is_one = bytes != [0; 16] && id.to_string() == text;
        is_one.then_some(id).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name spaces of RFC 9562.
    const DNS: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    const URL: &str = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";

    #[test]
    fn ids_of_names_are_those_of_the_standard() {
        let example = EventId::v5(DNS.parse().unwrap(), b"www.example.com");
        assert_eq!(
            example.to_string(),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2",
            "RFC 9562, A.4"
        );
        let space = EventId::v5(URL.parse().unwrap(), b"urn:git-awo:event");
        assert_eq!(space, EventId::DERIVED);
    }

    #[test]
    fn an_id_has_one_spelling_and_is_not_nil() {
        for good in [
            DNS,
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "00000000-0000-0000-0000-000000000001",
        ] {
            assert_eq!(good.parse::<EventId>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "00000000-0000-0000-0000-000000000000",
            "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
            "6ba7b8109dad11d180b400c04fd430c8",
            "6ba7b8-109dad-11d1-80b4-00c04fd430c8",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c88",
            "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
            "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
            "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
            "-6ba7b8109dad-11d1-80b4-00c04fd430c8",
        ] {
            assert!(bad.parse::<EventId>().is_err(), "{bad:?} is refused");
        }
    }
}
