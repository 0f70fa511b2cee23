//! Signers and new keys: files, agents, passphrases, and an `ssh-keygen` that lies.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::interop_tests::{keygen, make_key};
use super::*;

const NS: &str = "git-awo.test";

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_key_is_read_by_openssh_and_by_us() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let name = path.to_str().unwrap();
    let key = generate_ed25519(&path, "alice's laptop", [9; 32]).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let printed = keygen(&["-y", "-f", name], b"");
    let line = format!("{} alice's laptop\n", key.to_line());
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), line);
    assert_eq!(
        std::fs::read_to_string(dir.path().join("key.pub")).unwrap(),
        line
    );
    assert_eq!(FileKey::open(&path).unwrap().public_key(), &key);
    assert!(
        keygen(&["-Y", "sign", "-n", NS, "-f", name], b"x")
            .status
            .success()
    );
}

#[test]
fn a_key_is_read_however_its_lines_are_wrapped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let key = generate_ed25519(&path, "alice", [9; 32]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (body, [first, last]) = (
        lines[1..lines.len() - 1].concat(),
        [lines[0], lines[lines.len() - 1]],
    );
    for width in [1, 64, 70, 76, 1_000] {
        for end in ["\n", "\r\n"] {
            let rows = body.as_bytes().chunks(width);
            let rows: Vec<_> = rows.map(|row| std::str::from_utf8(row).unwrap()).collect();
            let wrapped = [first, &rows.join(end), last, ""].join(end);
            std::fs::write(&path, wrapped).unwrap();
            let signer = open_signer(path.to_str().unwrap()).unwrap();
            assert_eq!(signer.public_key(), &key, "{width}");
            let made = signer.sign(NS, b"x").unwrap();
            assert!(verify(&key, &made, NS, b"x").is_ok(), "{width}");
        }
    }
    // Still one key, and nothing beside it.
    std::fs::write(&path, format!("{first}\n{body}AAAA\n{last}\n")).unwrap();
    assert!(FileKey::open(&path).is_err());
}

#[test]
fn a_new_key_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(dir.path().join("key.pub"), "old").unwrap();
    assert!(
        generate_ed25519(&path, "", [9; 32]).is_err(),
        "key.pub is there"
    );
    assert!(!path.exists(), "and no half of a key is left");
    std::fs::remove_file(dir.path().join("key.pub")).unwrap();
    assert!(generate_ed25519(&path, "two\nlines", [9; 32]).is_err());
    generate_ed25519(&path, "", [9; 32]).unwrap();
    let before = std::fs::read(&path).unwrap();
    std::fs::remove_file(dir.path().join("key.pub")).unwrap();
    assert!(generate_ed25519(&path, "", [8; 32]).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(!dir.path().join("key.pub").exists());
}

#[test]
fn a_private_key_that_others_can_read_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    generate_ed25519(&path, "", [9; 32]).unwrap();
    let name = path.to_str().unwrap();
    assert!(open_signer(name).is_ok());
    set_mode(&path, 0o640);
    assert!(matches!(
        open_signer(name),
        Err(SigningError::OpenToOthers(_))
    ));
}

#[test]
fn what_is_no_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("text");
    std::fs::write(&path, "hello\n").unwrap();
    let name = path.to_str().unwrap();
    assert!(matches!(open_signer(name), Err(SigningError::NoKey(_))));
    assert!(matches!(
        open_signer(&format!("{name}-absent")),
        Err(SigningError::Read { .. })
    ));
    assert!(matches!(
        open_signer("ssh-ed25519 AAAA"),
        Err(SigningError::Key { .. })
    ));
    assert!(matches!(
        open_signer("key::ssh-dss AAAA"),
        Err(SigningError::Key { .. })
    ));
    assert!(matches!(open_signer(""), Err(SigningError::Read { .. })));
    assert!(
        open_signer(dir.path().to_str().unwrap()).is_err(),
        "a directory"
    );
    let key = generate_ed25519(&dir.path().join("key"), "", [9; 32]).unwrap();
    assert!(
        open_signer(&key.to_line()).is_ok(),
        "a literal names a key of the agent"
    );
    assert!(open_signer(&format!("key::{}", key.to_line())).is_ok());
}

#[test]
fn a_key_with_another_public_half_gives_nothing_away() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    generate_ed25519(&one, "", [1; 32]).unwrap();
    let other = generate_ed25519(&two, "", [2; 32]).unwrap();
    // one.pub now shows a key whose private half is not beside it, nor in an agent.
    std::fs::write(dir.path().join("one.pub"), other.to_line()).unwrap();
    let signer = open_signer(dir.path().join("one.pub").to_str().unwrap()).unwrap();
    assert_eq!(signer.public_key(), &other);
    assert!(signer.sign(NS, b"x").is_err());
}

#[test]
fn an_encrypted_key_goes_to_openssh() {
    let dir = tempfile::tempdir().unwrap();
    let path = make_key(dir.path(), "ed25519", "256");
    let name = path.to_str().unwrap();
    let public = FileKey::open(&path).unwrap().public_key().clone();
    assert!(
        keygen(&["-q", "-p", "-P", "", "-N", "secret", "-f", name], b"")
            .status
            .success()
    );
    assert!(matches!(
        FileKey::open(&path),
        Err(SigningError::NotPlainEd25519(_))
    ));
    assert_eq!(open_signer(name).unwrap().public_key(), &public);
}

#[test]
fn old_pem_files_show_their_key_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = make_key(dir.path(), "rsa", "2048");
    let name = path.to_str().unwrap();
    let args = ["-q", "-p", "-m", "PEM", "-P", "", "-N", "", "-f", name];
    assert!(keygen(&args, b"").status.success());
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("BEGIN RSA PRIVATE KEY")
    );
    let signer = open_signer(name).unwrap();
    assert!(signer.sign(NS, b"x").is_ok());
    std::fs::remove_file(path.with_extension("pub")).unwrap();
    assert!(matches!(open_signer(name), Err(SigningError::Read { .. })));
}

/// A program that answers in place of `ssh-keygen`.
///
/// A child writes it: were it open for writing here while another test forks, the kernel would
/// refuse to run it ("text file busy").
fn fake(dir: &Path, script: &str) -> std::path::PathBuf {
    let path = dir.join("fake-ssh-keygen");
    let text = format!("#!/bin/sh\n{script}\n");
    let write = r#"printf %s "$2" >"$1" && chmod 755 "$1""#;
    let mut command = std::process::Command::new("sh");
    let status = command
        .args(["-c", write, "sh"])
        .arg(&path)
        .arg(text)
        .status();
    assert!(status.unwrap().success());
    path
}

#[test]
fn a_lying_ssh_keygen_is_caught() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let key = generate_ed25519(&path, "", [9; 32]).unwrap();
    let other = dir.path().join("other");
    generate_ed25519(&other, "", [8; 32]).unwrap();
    let sign = |script: &str| {
        SshKeygen::with_file(path.clone(), key.clone())
            .program(fake(dir.path(), script))
            .sign(NS, b"message")
    };
    let (path, other) = (path.display(), other.display());
    assert!(sign("exec ssh-keygen \"$@\"").is_ok(), "the benign twin");
    for lie in [
        "cat >/dev/null; echo garbage".to_owned(),
        "cat >/dev/null".to_owned(),
        format!("exec ssh-keygen -Y sign -n {NS} -f {other}"),
        format!("exec ssh-keygen -Y sign -n other -f {path}"),
        format!("cat >/dev/null; echo x | ssh-keygen -Y sign -n {NS} -f {path}"),
    ] {
        assert!(matches!(sign(&lie), Err(SigningError::Unsound(_))), "{lie}");
    }
    assert!(matches!(
        sign("echo no >&2; exit 255"),
        Err(SigningError::Refused(_))
    ));
    let absent = SshKeygen::with_agent(key.clone()).program("/nonexistent/ssh-keygen".into());
    assert!(matches!(absent.sign(NS, b"x"), Err(SigningError::Run(_))));
}

/// Ends the agent with the test.
struct Agent(std::process::Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_agent_signs_for_a_literal_key() {
    use std::process::{Command, Stdio};
    let dir = tempfile::tempdir().unwrap();
    let path = make_key(dir.path(), "ecdsa", "256");
    let socket = dir.path().join("agent");
    let mut command = Command::new("ssh-agent");
    command
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null());
    let _agent = Agent(command.spawn().unwrap());
    while !socket.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let key = FileKey::open(&path).map(|_| ()).unwrap_err();
    assert!(
        matches!(key, SigningError::NotPlainEd25519(_)),
        "in process is not possible"
    );
    let key = open_signer(path.to_str().unwrap())
        .unwrap()
        .public_key()
        .clone();
    let script = format!("SSH_AUTH_SOCK={} exec ssh-keygen \"$@\"", socket.display());
    let signer = SshKeygen::with_agent(key.clone()).program(fake(dir.path(), &script));
    assert!(
        signer.sign(NS, b"x").is_err(),
        "the agent does not have the key yet"
    );
    let added = Command::new("ssh-add")
        .env("SSH_AUTH_SOCK", &socket)
        .arg("-q")
        .arg(&path)
        .status();
    assert!(added.unwrap().success());
    std::fs::remove_file(&path).unwrap();
    let signature = signer.sign(NS, b"x").unwrap();
    assert_eq!(signature.public_key(), &key);
    assert!(verify(&key, &signature, NS, b"x").is_ok());
}

#[test]
fn an_empty_namespace_is_not_signed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    generate_ed25519(&path, "", [9; 32]).unwrap();
    let signer = FileKey::open(&path).unwrap();
    assert!(signer.sign("", b"x").is_err() && signer.sign("a\0b", b"x").is_err());
    assert!(signer.sign(NS, b"").is_ok(), "an empty message is one");
}
