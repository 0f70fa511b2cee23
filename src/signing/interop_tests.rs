//! Differential tests with the real `ssh-keygen`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use super::*;

const NS: &str = "git-awo.test";
const MESSAGE: &[u8] = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nhello\n";

/// Runs `ssh-keygen` away from the user's agent and configuration.
pub(super) fn keygen(args: &[&str], input: &[u8]) -> Output {
    use std::io::Write as _;
    let mut child = Command::new("ssh-keygen")
        .args(args)
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may refuse before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(super) fn make_key(dir: &Path, kind: &str, bits: &str) -> PathBuf {
    let path = dir.join(format!("{kind}-{bits}"));
    let output = keygen(
        &[
            "-q",
            "-t",
            kind,
            "-b",
            bits,
            "-N",
            "",
            "-C",
            "c",
            "-f",
            text(&path),
        ],
        b"",
    );
    assert!(output.status.success(), "{output:?}");
    path
}

fn public(path: &Path) -> PublicKey {
    let line = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    PublicKey::from_line(&line).unwrap()
}

fn sign(path: &Path, hash: &str, namespace: &str, message: &[u8]) -> Vec<u8> {
    let option = format!("hashalg={hash}");
    let args = [
        "-q",
        "-Y",
        "sign",
        "-O",
        &option,
        "-n",
        namespace,
        "-f",
        text(path),
    ];
    let output = keygen(&args, message);
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Asks OpenSSH whether the armoured signature of `id` is good.
fn openssh_agrees(dir: &Path, allowed: &str, armor: &str, namespace: &str, time: &str) -> bool {
    let (list, signature) = (dir.join("allowed"), dir.join("signature"));
    std::fs::write(&list, allowed).unwrap();
    std::fs::write(&signature, armor).unwrap();
    let time = format!("verify-time={time}");
    let (list, signature) = (text(&list), text(&signature));
    let args = [
        "-Y", "verify", "-O", &time, "-f", list, "-I", "id", "-n", namespace, "-s", signature,
    ];
    keygen(&args, MESSAGE).status.success()
}

struct Keys {
    dir: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

/// One key of each kind, made once: RSA takes its time.
fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let kinds = [
            ("ed25519", "256"),
            ("ecdsa", "256"),
            ("ecdsa", "384"),
            ("ecdsa", "521"),
            ("rsa", "2048"),
            ("rsa", "3072"),
        ];
        let paths = kinds
            .iter()
            .map(|(kind, bits)| make_key(dir.path(), kind, bits))
            .collect();
        Keys { dir, paths }
    })
}

#[test]
fn keys_and_fingerprints_are_those_of_openssh() {
    for path in &keys().paths {
        let key = public(path);
        let printed = String::from_utf8(keygen(&["-l", "-f", text(path)], b"").stdout).unwrap();
        assert_eq!(
            printed.split(' ').nth(1),
            Some(key.fingerprint()),
            "{path:?}"
        );
        let line = std::fs::read_to_string(path.with_extension("pub")).unwrap();
        assert_eq!(format!("{} c\n", key.to_line()), line);
        let Ok(Some(header)) = private::header(&std::fs::read_to_string(path).unwrap()) else {
            panic!("the header of {path:?} can be read")
        };
        assert_eq!((header.encrypted, header.public_key), (false, key));
    }
}

#[test]
fn signatures_of_openssh_hold_here() {
    for path in &keys().paths {
        let key = public(path);
        for hash in ["sha256", "sha512"] {
            let armor = sign(path, hash, NS, MESSAGE);
            let signature = Signature::from_armor(&armor).unwrap();
            assert_eq!(signature.to_armor().as_bytes(), armor, "{path:?} {hash}");
            assert_eq!(
                Signature::from_blob(signature.to_blob()),
                Ok(signature.clone())
            );
            assert_eq!((signature.namespace(), signature.public_key()), (NS, &key));
            assert_eq!(signature.hash_algorithm().as_str(), hash);
            let checked = verify(&key, &signature, NS, MESSAGE).unwrap();
            assert!(!checked.touched());
        }
    }
}

#[test]
fn our_signatures_hold_for_openssh() {
    for path in &keys().paths {
        for name in [text(path).to_owned(), format!("{}.pub", text(path))] {
            let signer = open_signer(&name).unwrap();
            assert_eq!(signer.public_key(), &public(path));
            let armor = signer.sign(NS, MESSAGE).unwrap().to_armor();
            let dir = tempfile::tempdir().unwrap();
            let allowed = format!(
                "id namespaces=\"git-awo.*\" {}\n",
                signer.public_key().to_line()
            );
            let agrees = |ns| openssh_agrees(dir.path(), &allowed, &armor, ns, "20260101Z");
            assert!(agrees(NS), "OpenSSH accepts {name}");
            assert!(!agrees("git-awo.other"), "OpenSSH looks at the namespace");
        }
    }
}

#[test]
fn another_namespace_message_or_key_is_refused() {
    for path in &keys().paths {
        let signature = Signature::from_armor(&sign(path, "sha512", NS, MESSAGE)).unwrap();
        let key = public(path);
        for namespace in ["git", "", "git-awo.tes", "git-awo.test "] {
            let wanted = namespace.to_owned();
            let refused = SignatureError::Namespace {
                wanted,
                found: NS.to_owned(),
            };
            assert_eq!(verify(&key, &signature, namespace, MESSAGE), Err(refused));
        }
        let mut longer = MESSAGE.to_vec();
        longer.push(b'\n');
        assert_eq!(
            verify(&key, &signature, NS, &longer),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            verify(&key, &signature, NS, b""),
            Err(SignatureError::Mismatch)
        );
        let other = keys().paths.iter().find(|other| *other != path).unwrap();
        let refused = verify(&public(other), &signature, NS, MESSAGE);
        assert!(
            matches!(refused, Err(SignatureError::OtherKey(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    for path in &keys().paths {
        let signature = Signature::from_armor(&sign(path, "sha512", NS, MESSAGE)).unwrap();
        let blob = signature.to_blob();
        for at in 0..blob.len() {
            for mask in [0x01, 0x80] {
                let mut bent = blob.to_vec();
                bent[at] ^= mask;
                let answer = Signature::from_blob(&bent)
                    .and_then(|bent| verify(bent.public_key(), &bent, NS, MESSAGE));
                assert!(answer.is_err(), "byte {at} of the signature by {path:?}");
            }
        }
        for length in 0..blob.len() {
            assert!(
                Signature::from_blob(&blob[..length]).is_err(),
                "cut to {length}"
            );
        }
        assert!(
            Signature::from_blob(&[blob, b"\0"].concat()).is_err(),
            "a byte more"
        );
    }
}

#[test]
fn armour_is_that_of_openssh_and_no_other() {
    // Namespaces of all lengths bring every length of the last line, also a full one.
    let mut full = false;
    let signer = FileKey::open(&keys().paths[0]).unwrap();
    for length in 1..=110 {
        let namespace = "n".repeat(length);
        let armor = signer.sign(&namespace, MESSAGE).unwrap().to_armor();
        let signature = Signature::from_armor(armor.as_bytes()).unwrap();
        assert!(
            Signature::from_armor(armor.trim_end().as_bytes()).is_ok(),
            "git may strip the LF"
        );
        if armor.lines().rev().nth(1).unwrap().len() == 70 {
            full = true;
            let theirs = sign(&keys().paths[0], "sha512", &namespace, MESSAGE);
            assert_eq!(
                Signature::from_armor(&theirs),
                Ok(signature),
                "ed25519 always says the same"
            );
            assert_eq!(armor.as_bytes(), theirs);
        }
    }
    assert!(full, "a full last line was among them");

    let armor = signer.sign(NS, MESSAGE).unwrap().to_armor();
    let (head, tail) = armor.split_at(100);
    for bad in [
        armor.replace('\n', "\r\n"),
        format!("{armor}\n"),
        format!("\n{armor}"),
        format!(" {armor}"),
        format!("{armor}x"),
        format!("{armor}{armor}"),
        format!("{head}\n{tail}"),
        format!("{head} {tail}"),
        format!("{head}\0{tail}"),
        armor.replace("-----BEGIN SSH", "----BEGIN SSH"),
        armor.replace("SIGNATURE", "MESSAGE"),
        armor.replacen("U1NI", "U1N*", 1),
        armor.replace("\n-----END", "=\n-----END"),
        armor.replace("\n-----END", "\n\n-----END"),
        armor.replace("-----END SSH SIGNATURE-----\n", ""),
        armor.lines().collect(),
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n".to_owned(),
        String::new(),
    ] {
        assert_ne!(bad, armor, "the variant differs");
        assert!(
            Signature::from_armor(bad.as_bytes()).is_err(),
            "{bad:?} is refused"
        );
    }
}

#[test]
fn weak_keys_and_hashes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let weak = make_key(dir.path(), "rsa", "1024");
    let armor = sign(&weak, "sha512", NS, MESSAGE);
    let refused = Signature::from_armor(&armor);
    assert_eq!(
        refused,
        Err(SignatureError::Key(BadPublicKey::RsaSize(1024)))
    );
    assert!(matches!(
        open_signer(text(&weak)),
        Err(SigningError::Key { .. })
    ));

    // A signature over SHA-1 calls itself `ssh-rsa`, like its key.
    let good = Signature::from_armor(&sign(&keys().paths[4], "sha512", NS, MESSAGE)).unwrap();
    let mut inner = Vec::new();
    wire::put_string(&mut inner, b"ssh-rsa");
    wire::put_string(&mut inner, &[1; 256]);
    let sha1 = Signature::assemble(good.public_key(), NS, HashAlgorithm::Sha512, &inner);
    assert_eq!(sha1, Err(SignatureError::Algorithm("ssh-rsa".to_owned())));

    // The algorithm of another kind of key does not slip in either.
    let ed25519 = public(&keys().paths[0]);
    let mut inner = Vec::new();
    wire::put_string(&mut inner, b"rsa-sha2-512");
    wire::put_string(&mut inner, &[1; 64]);
    let mixed = Signature::assemble(&ed25519, NS, HashAlgorithm::Sha512, &inner);
    assert_eq!(
        mixed,
        Err(SignatureError::Algorithm("rsa-sha2-512".to_owned()))
    );
}

#[test]
fn allowed_signers_mean_what_they_mean_to_openssh() {
    let path = &keys().paths[0];
    let armor = String::from_utf8(sign(path, "sha512", NS, MESSAGE)).unwrap();
    let key = public(path).to_line();
    let dir = tempfile::tempdir_in(keys().dir.path()).unwrap();
    let times = [
        "20251231235959Z",
        "20260101000000Z",
        "20260201000000Z",
        "20260201000001Z",
    ];
    for options in [
        "",
        "namespaces=\"git-awo.test\" ",
        "namespaces=\"git\" ",
        "namespaces=\"git,git-awo.*\" ",
        "namespaces=\"git-awo.tes?\" ",
        "namespaces=\"git-awo.test?\" ",
        "namespaces=\"*.*.*\" ",
        "namespaces=\"*e*t\" ",
        "namespaces=\"GIT-AWO.TEST\" ",
        "valid-after=\"20260101Z\" ",
        "valid-before=\"202602010000Z\" ",
        "valid-after=\"20260101000000Z\",valid-before=\"20260201Z\",namespaces=\"g*\" ",
    ] {
        let list = format!("# people\n\nme,id {options}{key} comment\n");
        let signers = AllowedSigners::parse(list.as_bytes()).unwrap();
        let entry = &signers.entries()[0];
        for time in times {
            let at = format!(
                "{}-{}-{}T{}:{}:{}Z",
                &time[..4],
                &time[4..6],
                &time[6..8],
                &time[8..10],
                &time[10..12],
                &time[12..14]
            );
            let ours = entry.allows(NS) && entry.valid_at(at.parse().unwrap());
            let theirs = openssh_agrees(dir.path(), &list, &armor, NS, time);
            assert_eq!(ours, theirs, "{options:?} at {time}");
        }
    }
}
