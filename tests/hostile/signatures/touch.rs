//! Security keys: what they tell of a touch, and where a touch is demanded.

use ed25519_dalek::{Signer as _, SigningKey};
use git_awo::record::envelope::{Envelope, EnvelopeSignature, pae};
use git_awo::records::Kind;
use git_awo::signing::PublicKey;
use sha2::{Digest as _, Sha512};

use super::form::{olga, string};
use super::keys::line;

const SK: &str = "sk-ssh-ed25519@openssh.com";

/// A security key in software: it tells of a touch what it is asked to tell.
struct Token(SigningKey);

impl Token {
    fn wire(&self) -> Vec<u8> {
        let point = self.0.verifying_key();
        [
            string(SK.as_bytes()),
            string(point.as_bytes()),
            string(b"ssh:"),
        ]
        .concat()
    }

    fn sign(
        &self,
        namespace: &str,
        message: &[u8],
        flags: u8,
        told: u8,
        application: &[u8],
    ) -> EnvelopeSignature {
        let hashed = Sha512::digest(message);
        let fields = [namespace.as_bytes(), b"", b"sha512", hashed.as_slice()];
        let mut data = b"SSHSIG".to_vec();
        data.extend(fields.into_iter().flat_map(string));
        let mut signed = sha2::Sha256::digest(application).to_vec();
        signed.push(flags);
        signed.extend(7u32.to_be_bytes());
        signed.extend(sha2::Sha256::digest(&data));
        let numbers = self.0.sign(&signed).to_bytes();
        let mut inner = [string(SK.as_bytes()), string(&numbers)].concat();
        inner.push(told);
        inner.extend(7u32.to_be_bytes());
        let fields: [&[u8]; 5] = [&self.wire(), namespace.as_bytes(), b"", b"sha512", &inner];
        let mut sig = b"SSHSIG\0\0\0\x01".to_vec();
        sig.extend(fields.into_iter().flat_map(string));
        let key = PublicKey::from_wire(&self.wire()).unwrap();
        EnvelopeSignature {
            keyid: key.fingerprint().to_owned(),
            sig,
        }
    }
}

#[test]
fn a_touch_is_demanded_of_security_keys_and_of_all_keys_where_the_policy_asks_for_it() {
    let door = olga();
    let token = Token(SigningKey::from_bytes(&[7; 32]));
    let signers = format!("{}olga {}\n", door.signers(), line(&token.wire()));
    door.world.next_policy(2, Some(&signers), |text| text);
    let payload = |reason: &str| door.override_of(|it| it.reason = reason.to_owned());
    let sealed = |payload: &[u8], flags, told, application: &[u8]| {
        let signature = token.sign(
            "git-awo.self-approval",
            &pae(payload),
            flags,
            told,
            application,
        );
        Envelope::new(payload.to_vec(), vec![signature])
    };
    let first = payload("first");
    for (what, flags, told, application) in [
        ("untouched", 0x00, 0x00, b"ssh:".as_slice()),
        ("verified, yet untouched", 0x04, 0x04, b"ssh:"),
        ("untouched, but it says so", 0x00, 0x01, b"ssh:"),
        ("for another application", 0x01, 0x01, b"ssh:other"),
    ] {
        let envelope = sealed(&first, flags, told, application);
        door.refuses_override(what, &envelope, &["ATT-003"]);
    }
    door.accepts_override("touched", &sealed(&first, 0x01, 0x01, b"ssh:"));
    door.accepts_override(
        "a plain key",
        &door.sealed(Kind::SelfApproval, payload("plain")),
    );
    let asks = |text: String| {
        text.replace(
            "[gates]\n",
            "[gates]\nrequire_touch = [\"self-approval\", \"commit\"]\n",
        )
    };
    door.world.next_policy(3, Some(&signers), asks);
    let second = payload("second");
    door.refuses_override(
        "a plain key where a touch is asked for",
        &door.sealed(Kind::SelfApproval, &second),
        &["ATT-004"],
    );
    door.accepts_override(
        "touched where it is asked for",
        &sealed(&second, 0x05, 0x05, b"ssh:"),
    );
    assert_eq!(
        door.verdict().exit,
        0,
        "what the plain key signed before stays good"
    );
    door.world.write("olga/src/a.py", "x = 1\n");
    let commit = door.world.commit("olga", "Untouched");
    door.refuses("a commit by a plain key", &commit, &["ATT-004"]);
}
