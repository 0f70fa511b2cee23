//! Signatures of security keys, made by a token that stands in software.

use ed25519_dalek::Signer as _;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

use super::interop_tests::keygen;
use super::sshsig::signed_data;
use super::wire::put_string;
use super::*;

const NS: &str = "git-awo.approval";
const MESSAGE: &[u8] = b"I approve";
const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com";
const SK_ECDSA: &str = "sk-ecdsa-sha2-nistp256@openssh.com";

enum Token {
    Ed25519(ed25519_dalek::SigningKey),
    Ecdsa(EcdsaKeyPair),
}

impl Token {
    fn both() -> [Self; 2] {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let ecdsa = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        [
            Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[7; 32])),
            Self::Ecdsa(ecdsa),
        ]
    }

    fn key(&self, application: &[u8]) -> PublicKey {
        let mut wire = Vec::new();
        match self {
            Self::Ed25519(pair) => {
                put_string(&mut wire, SK_ED25519.as_bytes());
                put_string(&mut wire, pair.verifying_key().as_bytes());
            }
            Self::Ecdsa(pair) => {
                put_string(&mut wire, SK_ECDSA.as_bytes());
                put_string(&mut wire, b"nistp256");
                put_string(&mut wire, pair.public_key().as_ref());
            }
        }
        put_string(&mut wire, application);
        PublicKey::from_wire(&wire).unwrap()
    }

    /// Signs as a token does that believes in this application, and says these flags.
    fn sign(&self, application: &[u8], flags: u8, counter: u32) -> Vec<u8> {
        let data = signed_data(NS, HashAlgorithm::Sha512, MESSAGE);
        let mut signed = Sha256::digest(application).to_vec();
        signed.push(flags);
        signed.extend(counter.to_be_bytes());
        signed.extend(Sha256::digest(&data));
        let mut inner = Vec::new();
        match self {
            Self::Ed25519(pair) => {
                put_string(&mut inner, SK_ED25519.as_bytes());
                put_string(&mut inner, &pair.sign(&signed).to_bytes());
            }
            Self::Ecdsa(pair) => {
                let der = pair.sign(&SystemRandom::new(), &signed).unwrap();
                put_string(&mut inner, SK_ECDSA.as_bytes());
                put_string(&mut inner, &mpints(der.as_ref()));
            }
        }
        inner.push(flags);
        inner.extend(counter.to_be_bytes());
        inner
    }
}

/// Turns a short DER sequence of two integers into two SSH `mpint`s.
fn mpints(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = &der[2..];
    while let [2, length, tail @ ..] = rest {
        let (number, after) = tail.split_at(usize::from(*length));
        put_string(&mut out, number);
        rest = after;
    }
    out
}

fn answer(key: &PublicKey, inner: &[u8]) -> Result<Checked, SignatureError> {
    let signature = Signature::assemble(key, NS, HashAlgorithm::Sha512, inner)?;
    let again = Signature::from_armor(signature.to_armor().as_bytes())?;
    verify(key, &again, NS, MESSAGE)
}

#[test]
fn a_touch_is_required() {
    for token in Token::both() {
        let key = token.key(b"ssh:");
        for flags in [0x01, 0x05, 0x19] {
            let checked = answer(&key, &token.sign(b"ssh:", flags, 41)).unwrap();
            assert!(checked.touched(), "{flags:x}");
        }
        for flags in [0x00, 0x04, 0x80] {
            let refused = answer(&key, &token.sign(b"ssh:", flags, 41));
            assert_eq!(refused, Err(SignatureError::NotTouched), "{flags:x}");
        }
    }
}

#[test]
fn openssh_agrees_but_for_the_touch_which_only_we_demand() {
    for token in Token::both() {
        let key = token.key(b"ssh:");
        // `ssh-keygen -Y verify` does not look at the flags, only `sshd` does.
        for (flags, wanted) in [(0x01, true), (0x05, true), (0x00, false)] {
            let inner = token.sign(b"ssh:", flags, 1);
            let signature = Signature::assemble(&key, NS, HashAlgorithm::Sha512, &inner).unwrap();
            let dir = tempfile::tempdir().unwrap();
            let file = |name: &str, text: &str| {
                let path = dir.path().join(name);
                std::fs::write(&path, text).unwrap();
                path.to_str().unwrap().to_owned()
            };
            let list = file("allowed", &format!("id {}\n", key.to_line()));
            let armor = file("signature", &signature.to_armor());
            let args = [
                "-Y", "verify", "-f", &list, "-I", "id", "-n", NS, "-s", &armor,
            ];
            let theirs = keygen(&args, MESSAGE).status.success();
            assert!(theirs, "OpenSSH accepts the flags {flags:x}");
            assert_eq!(answer(&key, &inner).is_ok(), wanted, "{flags:x}");
            let other = keygen(&args, b"another message").status.success();
            assert!(!other, "and looks at the message");
        }
    }
}

#[test]
fn flags_counter_and_application_are_signed() {
    for token in Token::both() {
        let key = token.key(b"ssh:");
        let good = token.sign(b"ssh:", 0x01, 41);
        assert!(answer(&key, &good).is_ok());
        for at in 1..=5 {
            let mut bent = good.clone();
            let at = bent.len() - at;
            bent[at] ^= 0x04;
            assert_eq!(answer(&key, &bent), Err(SignatureError::Mismatch));
        }
        let untouched = token.sign(b"ssh:", 0x00, 41);
        let mut claimed = untouched.clone();
        let at = claimed.len() - 5;
        claimed[at] = 0x01;
        assert_eq!(answer(&key, &claimed), Err(SignatureError::Mismatch));
        let elsewhere = token.sign(b"https://example.org", 0x01, 41);
        assert_eq!(answer(&key, &elsewhere), Err(SignatureError::Mismatch));
        assert!(answer(&key, &good[..good.len() - 1]).is_err(), "cut short");
        assert!(
            answer(&key, &[&good[..], b"\0"].concat()).is_err(),
            "a byte more"
        );
    }
}

#[test]
fn a_plain_signature_does_not_pass_for_a_touched_one() {
    let [Token::Ed25519(pair), _] = Token::both() else {
        panic!("the first is ed25519")
    };
    let data = signed_data(NS, HashAlgorithm::Sha512, MESSAGE);
    let key = Token::Ed25519(pair.clone()).key(b"ssh:");
    for (name, tail) in [
        ("ssh-ed25519", &b""[..]),
        (SK_ED25519, b""),
        (SK_ED25519, b"\x01\0\0\0\0"),
    ] {
        let mut inner = Vec::new();
        put_string(&mut inner, name.as_bytes());
        put_string(&mut inner, &pair.sign(&data).to_bytes());
        inner.extend(tail);
        assert!(answer(&key, &inner).is_err(), "{name} with {tail:?}");
    }
}
