//! Keys: which a policy may name, when they are good, and what a security key must tell.

use git_awo::git::CommitDraft;
use git_awo::policy::Policy;
use git_awo::record::envelope::{Envelope, EnvelopeSignature};
use git_awo::record::tree::Mode;
use git_awo::record::{Coded as _, RepoPath, Sha256, Subject, Timestamp};
use git_awo::records::{Kind, PolicyPredicate, Statement};
use git_awo::signing::Signature;
use sha2::Digest as _;

use super::form::{olga, string};
use crate::hostile::door::Door;
use crate::world::policy;

const POLICY: &str = "refs/awo/policy";

impl Door {
    /// Makes a key of a kind for this person; returns its public line.
    fn key(&self, name: &str, kind: &[&str]) -> String {
        let mut words = vec!["ssh-keygen", "-q", "-N", "", "-C", "", "-f", name, "-t"];
        words.extend(kind);
        self.world
            .ok(self.who, &format!("home/{}", self.who), &words);
        let file = self.world.path(&format!("home/{}/{name}.pub", self.who));
        std::fs::read_to_string(file).unwrap().trim().to_owned()
    }

    fn signed_by(&self, key: &str, payload: &[u8]) -> Envelope {
        let file = self.world.path(&format!("home/{}/{key}", self.who));
        let made = self.actor().with_key(&file);
        let signature = made.sign_payload(Kind::SelfApproval, payload).unwrap();
        Envelope::new(payload.to_vec(), vec![signature])
    }

    pub fn signers(&self) -> String {
        std::fs::read_to_string(self.world.path("policy/allowed_signers")).unwrap()
    }

    /// A second version of the policy, made and signed by hand by olga, whatever its files say.
    pub fn second_policy(&self, document: &str, signers: &str) -> String {
        let actor = self.actor();
        let name = git_awo::record::RefName::new(POLICY).unwrap();
        let first = actor.repo.reference(&name).unwrap();
        let says = PolicyPredicate {
            allowed_signers: Sha256::of(signers.as_bytes()),
            policy: Sha256::of(document.as_bytes()),
            predecessor: first,
            repository: first,
            version: 2,
        };
        let envelope = self.sealed(Kind::Policy, Statement::new(says).to_payload());
        let files: [(&str, &[u8]); 3] = [
            ("policy.toml", document.as_bytes()),
            ("allowed_signers", signers.as_bytes()),
            ("policy.dsse.json", &envelope.to_bytes()),
        ];
        let edits = files.map(|(path, bytes)| {
            let blob = actor.repo.write_blob(bytes).unwrap();
            (RepoPath::from(path), Some((Mode::File, blob)))
        });
        let draft = CommitDraft {
            tree: actor.repo.edit_tree(None, &edits).unwrap(),
            parents: first.into_iter().collect(),
            author: actor.author(),
            committer: actor.author(),
            message: b"policy\n".to_vec(),
            signature: None,
        };
        actor.repo.write_commit(&draft).unwrap().to_string()
    }

    pub fn document(&self) -> String {
        let words = ["git", "rev-list", "--max-parents=0", "origin/main"];
        let adopted = self.world.ok(self.who, self.who, &words);
        policy(2, adopted.trim(), "")
    }
}

/// What an attacker without the private key can put together: any key, any numbers.
fn made_up(payload: &[u8], key: &[u8], algorithm: &str, numbers: &[u8]) -> Envelope {
    let inner = [string(algorithm.as_bytes()), string(numbers)].concat();
    let fields = [key, b"git-awo.self-approval", b"", b"sha512", &inner];
    let mut sig = b"SSHSIG\0\0\0\x01".to_vec();
    sig.extend(fields.into_iter().flat_map(string));
    let digest = sha2::Sha256::digest(key);
    let keyid = format!(
        "SHA256:{}",
        base64ct::Base64Unpadded::encode_string(&digest)
    );
    Envelope::new(payload.to_vec(), vec![EnvelopeSignature { keyid, sig }])
}

use base64ct::Encoding as _;

fn rsa(bits: usize, e: &[u8], last: u8) -> Vec<u8> {
    let mut n = vec![0xff; bits.div_ceil(8)];
    n[0] = 0xff >> (n.len() * 8 - bits);
    *n.last_mut().unwrap() = last;
    if n[0] & 0x80 != 0 {
        n.insert(0, 0);
    }
    [string(b"ssh-rsa"), string(e), string(&n)].concat()
}

fn ed25519(point: &[u8]) -> Vec<u8> {
    [string(b"ssh-ed25519"), string(point)].concat()
}

pub fn line(wire: &[u8]) -> String {
    let length = u32::from_be_bytes(wire[..4].try_into().unwrap()) as usize;
    let name = std::str::from_utf8(&wire[4..4 + length]).unwrap();
    format!("{name} {}", base64ct::Base64::encode_string(wire))
}

/// Keys that no policy can name, and the code of a signature that carries one.
fn refused_keys() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let f4: &[u8] = &[1, 0, 1];
    let small = |first: u8| [[first].as_slice(), &[0; 31]].concat();
    let beyond = [[0xee].as_slice(), &[0xff; 30], &[0x7f]].concat();
    let named = |name: &str| [string(name.as_bytes()), string(&[9; 32])].concat();
    let curve = [
        string(b"ecdsa-sha2-nistp256"),
        string(b"nistp384"),
        string(&[[4].as_slice(), &[7; 64]].concat()),
    ];
    vec![
        ("RSA of 1024 bits", rsa(1024, f4, 0xff), "ATT-004"),
        ("RSA of 2047 bits", rsa(2047, f4, 0xff), "ATT-004"),
        ("RSA of 8193 bits", rsa(8193, f4, 0xff), "ATT-004"),
        ("RSA with the exponent 1", rsa(2048, &[1], 0xff), "ATT-004"),
        ("RSA with the exponent 3", rsa(2048, &[3], 0xff), "ATT-004"),
        (
            "RSA with an even exponent",
            rsa(2048, &[1, 0, 0], 0xff),
            "ATT-004",
        ),
        ("RSA with an even modulus", rsa(2048, f4, 0xfe), "ATT-003"),
        (
            "RSA with needless zeros",
            rsa(2048, &[0, 1, 0, 1], 0xff),
            "ATT-003",
        ),
        ("DSA", named("ssh-dss"), "ATT-004"),
        ("the neutral point", ed25519(&small(1)), "ATT-004"),
        ("a point of order 4", ed25519(&small(0)), "ATT-004"),
        ("a point beyond the prime", ed25519(&beyond), "ATT-003"),
        ("31 bytes of a point", ed25519(&[7; 31]), "ATT-003"),
        (
            "bytes behind the key",
            [ed25519(&[7; 32]), vec![0]].concat(),
            "ATT-003",
        ),
        ("another curve than the kind's", curve.concat(), "ATT-003"),
        (
            "a certificate",
            named("ssh-ed25519-cert-v01@openssh.com"),
            "ATT-004",
        ),
        (
            "an RSA certificate",
            named("ssh-rsa-cert-v01@openssh.com"),
            "ATT-004",
        ),
        ("an unknown kind", named("ssh-xmss@openssh.com"), "ATT-004"),
    ]
}

#[test]
fn a_key_that_no_policy_can_name_signs_nothing_and_comes_into_no_policy() {
    let door = olga();
    let payload = door.override_of(|_| {});
    for (what, wire, code) in refused_keys() {
        let name = std::str::from_utf8(&wire[4..4 + wire[3] as usize]).unwrap();
        let algorithm = if name == "ssh-rsa" {
            "rsa-sha2-512"
        } else {
            name
        };
        let envelope = made_up(&payload, &wire, algorithm, &[7; 64]);
        door.refuses_override(what, &envelope, &[code]);
        let text = format!("{}olga {}\n", door.signers(), line(&wire));
        let complaints = Policy::parse(door.document().as_bytes(), text.as_bytes());
        assert!(complaints.is_err(), "{what} comes into no policy");
    }
    let weak = line(&rsa(1024, &[1, 0, 1], 0xff));
    let commit = door.second_policy(
        &door.document(),
        &format!("{}olga {weak}\n", door.signers()),
    );
    let refspec = format!("{commit}:{POLICY}");
    door.refuses_and_finds("a weak key", &[&refspec], &["GOV-006"], &["GOV-006"]);
}

#[test]
fn every_other_kind_of_key_signs() {
    let door = olga();
    let kinds: [(&str, &[&str]); 5] = [
        ("p256", &["ecdsa", "-b", "256"]),
        ("p384", &["ecdsa", "-b", "384"]),
        ("p521", &["ecdsa", "-b", "521"]),
        ("rsa", &["rsa", "-b", "2048"]),
        ("ed", &["ed25519"]),
    ];
    let mut signers = door.signers();
    for (name, kind) in kinds {
        signers.push_str(&format!("olga {}\n", door.key(name, kind)));
    }
    let before = door.signed_by("p256", &door.override_of(|_| {}));
    door.refuses_override("a key that is not yet in the policy", &before, &["ATT-004"]);
    door.world.next_policy(2, Some(&signers), |text| text);
    for (name, _) in kinds {
        let payload = door.override_of(|it| it.reason = name.to_owned());
        let envelope = door.signed_by(name, &payload);
        if name == "rsa" {
            // The same numbers under the name that means SHA-1.
            let old = &envelope.signatures()[0];
            let mut sig = old.sig.clone();
            let at = sig
                .windows(12)
                .rposition(|it| it == b"rsa-sha2-512")
                .unwrap();
            sig.splice(at - 8..at + 12, {
                let length = u32::from_be_bytes(sig[at - 8..at - 4].try_into().unwrap()) - 5;
                [length.to_be_bytes().to_vec(), string(b"ssh-rsa")].concat()
            });
            let sha1 = EnvelopeSignature {
                keyid: old.keyid.clone(),
                sig,
            };
            let sha1 = Envelope::new(payload, vec![sha1]);
            door.refuses_override("RSA with SHA-1", &sha1, &["ATT-003"]);
        }
        door.accepts_override(name, &envelope);
    }
    assert_eq!(door.verdict().exit, 0);
}

#[test]
fn a_key_is_good_from_its_first_second_to_the_one_before_its_last() {
    let door = olga();
    let line = door.key("window", &["ed25519"]);
    let window = |options: &str| {
        let text = format!("{}olga {options} {line}\n", door.signers());
        Policy::parse(door.document().as_bytes(), text.as_bytes())
    };
    let policy = window("valid-after=\"20260101Z\",valid-before=\"20260201120000Z\"").unwrap();
    let message = b"message";
    let key = door.world.path("home/olga/window");
    let signature: Signature = door
        .actor()
        .with_key(&key)
        .sign_raw("git-awo.self-approval", message)
        .unwrap();
    for (time, good) in [
        ("2025-12-31T23:59:59Z", false),
        ("2026-01-01T00:00:00Z", true),
        ("2026-02-01T11:59:59Z", true),
        ("2026-02-01T12:00:01Z", false),
    ] {
        let time: Timestamp = time.parse().unwrap();
        let found =
            policy
                .keyring()
                .check(&signature, "git-awo.self-approval", message, Some(time));
        assert_eq!(found.is_ok(), good, "{time}");
        let code = found.err().map(|it| it.to_finding(Subject::none()).code);
        assert!(code.is_none_or(|it| it.as_str() == "ATT-004"));
    }
    for bad in [
        "cert-authority",
        "valid-after=\"20260101\"",
        "valid-before=\"20260101000000\"",
        "valid-before=\"19700101Z\"",
        "valid-before=\"20260230Z\"",
        "valid-before=\"2026-01-01Z\"",
        "namespaces=\"!git\"",
        "namespaces=\"\"",
        "no-touch-required",
        "VALID-BEFORE=\"20260101Z\",valid-before=\"20270101Z\"",
    ] {
        assert!(window(bad).is_err(), "{bad} comes into no policy");
    }
    // At the door, by the server's clock.
    for (version, options, good) in [
        (2, "valid-after=\"29990101Z\"", false),
        (3, "valid-before=\"20200101Z\"", false),
        (4, "namespaces=\"git-awo.approval\"", false),
        (
            5,
            "valid-after=\"20200101Z\",valid-before=\"29990101Z\",namespaces=\"git-awo.*\"",
            true,
        ),
    ] {
        let text = format!("{}olga {options} {line}\n", door.signers());
        door.world.next_policy(version, Some(&text), |text| text);
        let envelope = door.signed_by("window", &door.override_of(|_| {}));
        match good {
            true => door.accepts_override(options, &envelope),
            false => _ = door.refuses_override(options, &envelope, &["ATT-004"]),
        }
    }
}

#[test]
fn one_key_is_one_person() {
    let door = olga();
    let key = door.key("shared", &["ed25519"]);
    let of = |names: &str| format!("{}{names} {key}\n", door.signers());
    let good = door.document();
    let two = good.replace(
        "name = \"olga\"",
        "name = \"olga\"\nprincipals = [\"olga@work\"]",
    );
    for (what, document, signers) in [
        (
            "a key of two persons in two lines",
            good.clone(),
            format!("{}rita {key}\n", of("olga")),
        ),
        (
            "a key of two persons in one line",
            good.clone(),
            of("olga,rita"),
        ),
        (
            "a second name that is no person's",
            good.clone(),
            of("Olga"),
        ),
        ("a name with a plus", good.clone(), of("olga+r")),
        ("a pattern", good.clone(), of("*")),
        (
            "a name of two persons",
            two.replace(
                "name = \"rita\"",
                "name = \"rita\"\nprincipals = [\"olga@work\"]",
            ),
            of("olga@work"),
        ),
        (
            "a person whose second name is another person",
            good.replace(
                "name = \"rita\"",
                "name = \"rita\"\nprincipals = [\"olga\"]",
            ),
            of("olga"),
        ),
    ] {
        let commit = door.second_policy(&document, &signers);
        door.refuses_push(what, &[&format!("{commit}:{POLICY}")], &["GOV-006"]);
    }
    let commit = door.second_policy(&two, &of("olga@work"));
    door.accepts_push(
        "a second name of one person",
        &[&format!("{commit}:{POLICY}")],
    );
}

/// A key as another program writes it, and lines as people paste them.
#[test]
fn keys_and_lines_as_people_have_them_are_read_or_told_what_they_lack() {
    let door = Door::new(crate::world::World::founded(), "olga");
    let world = &door.world;
    let file = world.path("home/olga/key");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let (first, last) = (lines.remove(0), lines.pop().unwrap());
    std::fs::write(&file, format!("{first}\n{}\n{last}\n", lines.concat())).unwrap();
    world.writes_a_contract("olga", "W-1");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let (tip, good) = (world.rev("olga", "refs/heads/main"), door.signers());
    world.write("policy/next.toml", policy(2, &tip, ""));
    let check = |signers: &str| {
        world.write("policy/next_signers", signers);
        let words = [
            "git",
            "awo",
            "policy",
            "check",
            "../policy/next.toml",
            "--allowed-signers",
        ];
        world.run(
            "olga",
            "olga",
            &[&words[..], &["../policy/next_signers"]].concat(),
        )
    };
    let line = door.key("other", &["ed25519"]);
    for (pasted, told) in [
        (format!("{line} rita@laptop"), "write rita ssh-ed25519 AAAA"),
        (
            format!("rita@example.com {line}"),
            "principals = [\\\"rita@example.com\\\"]",
        ),
    ] {
        let said = check(&format!("{good}{pasted}\n"));
        assert_eq!(said.code, 1, "{}", said.text);
        let plain = told.replace("\\\"", "\"");
        assert!(
            said.text.contains(told) || said.text.contains(&plain),
            "{}",
            said.text
        );
        assert!(said.text.contains("GOV-006"), "{}", said.text);
    }
    assert_eq!(check(&format!("{good}rita {line} rita@laptop\n")).code, 0);
}
