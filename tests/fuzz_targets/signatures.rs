//! SSHSIG, public keys, `allowed_signers`.

use git_awo::record::Timestamp;
use git_awo::signing::{self, AllowedSigners, PublicKey, Signature};

/// The seeds are signatures over another message.
const MESSAGE: &[u8] = b"a message that nobody signed";

pub fn signature(data: &[u8]) -> bool {
    let armored = Signature::from_armor(data);
    let plain = Signature::from_blob(data);
    if let Ok(signature) = &armored {
        let armor = signature.to_armor();
        let without = armor.strip_suffix('\n').unwrap();
        assert!(
            [armor.as_bytes(), without.as_bytes()].contains(&data),
            "an armour has one spelling, but for the last line feed"
        );
    }
    if let Ok(signature) = &plain {
        assert_eq!(signature.to_blob(), data);
    }
    let accepted = armored.is_ok() || plain.is_ok();
    for signature in armored.into_iter().chain(plain) {
        let again = Signature::from_armor(signature.to_armor().as_bytes()).unwrap();
        assert_eq!(again.to_blob(), signature.to_blob());
        assert_eq!(again.namespace(), signature.namespace());
        assert_eq!(again.public_key(), signature.public_key());
        for namespace in [signature.namespace(), "git-awo.run", ""] {
            let key = signature.public_key();
            let verified = signing::verify(key, &signature, namespace, MESSAGE);
            assert!(verified.is_err(), "what nobody signed does not verify");
        }
    }
    accepted
}

pub fn keys(data: &[u8]) -> bool {
    let mut accepted = false;
    if let Ok(key) = PublicKey::from_wire(data) {
        assert_eq!(key.wire(), data, "a key has one spelling");
        same(&key);
        accepted = true;
    }
    if let Ok(key) =
        std::str::from_utf8(data).map_or(Err(()), |it| PublicKey::from_line(it).map_err(drop))
    {
        same(&key);
        accepted = true;
    }
    match AllowedSigners::parse(data) {
        Ok(signers) => {
            accepted |= !signers.entries().is_empty();
            for entry in signers.entries() {
                same(&entry.key);
                assert!(!entry.principals.is_empty(), "a key has a name");
                assert!(entry.line >= 1 && entry.line <= data.len());
                let everywhere = entry.namespaces.is_none();
                for namespace in ["git", "git-awo.run", "", "*", &"a".repeat(200)] {
                    assert!(entry.allows(namespace) || !everywhere);
                }
                let ends = [entry.valid_after, entry.valid_before];
                for end in ends.into_iter().flatten().chain([Timestamp::EPOCH]) {
                    let in_order = ends[0].zip(ends[1]).is_none_or(|(a, b)| a <= b);
                    assert!(
                        in_order || !entry.valid_at(end),
                        "no time is in an empty window"
                    );
                }
            }
        }
        Err(bad) => super::is_harmless(&bad.to_string()),
    }
    accepted
}

fn same(key: &PublicKey) {
    assert_eq!(&PublicKey::from_line(&key.to_line()).unwrap(), key);
    assert_eq!(&PublicKey::from_wire(key.wire()).unwrap(), key);
    assert!(key.fingerprint().starts_with("SHA256:"));
}
