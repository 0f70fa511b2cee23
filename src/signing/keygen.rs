//! Signing through `ssh-keygen -Y sign`: agents, security keys, passphrases, RSA and ECDSA.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::sys::process::answer;

use super::key::PublicKey;
use super::signer::{Signer, SigningError, checked};
use super::sshsig::Signature;

/// Maximum length of the output of `ssh-keygen`, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A signer that runs `ssh-keygen`.
#[derive(Clone, Debug)]
pub struct SshKeygen {
    program: PathBuf,
    public_key: PublicKey,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// A private or public key file; for a public key file, OpenSSH asks the agent first.
    File(PathBuf),
    /// The agent only.
    Agent,
}

impl SshKeygen {
    /// Returns a signer for a private key file, or for the `*.pub` file of a key.
    pub fn with_file(path: PathBuf, public_key: PublicKey) -> Self {
        Self {
            program: "ssh-keygen".into(),
            public_key,
            source: Source::File(path),
        }
    }

    /// Returns a signer for a key that the agent holds.
    pub fn with_agent(public_key: PublicKey) -> Self {
        Self {
            program: "ssh-keygen".into(),
            public_key,
            source: Source::Agent,
        }
    }

    /// Uses another program instead of the `ssh-keygen` on the PATH.
    pub fn program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    fn run(&self, key: &Path, namespace: &str, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let mut command = Command::new(&self.program);
        command.args(["-Y", "sign", "-n", namespace]);
        if matches!(self.source, Source::Agent) {
            command.arg("-U");
        }
        command.arg("-f").arg(key);
        // A person must see the request to touch the key; a log must contain the reason.
        command.stderr(match io::stderr().is_terminal() {
            true => Stdio::inherit(),
            false => Stdio::piped(),
        });
        let output = answer(&mut command, message, LONGEST).map_err(SigningError::Run)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().last().unwrap_or("nothing");
            return Err(SigningError::Refused(said.to_owned()));
        }
        Ok(output.stdout)
    }
}

impl Signer for SshKeygen {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<Signature, SigningError> {
        let armor = match &self.source {
            Source::File(path) => self.run(path, namespace, message)?,
            Source::Agent => {
                let mut file = tempfile::Builder::new()
                    .prefix("git-awo-")
                    .suffix(".pub")
                    .tempfile()
                    .map_err(SigningError::Run)?;
                writeln!(file, "{}", self.public_key.to_line()).map_err(SigningError::Run)?;
                self.run(file.path(), namespace, message)?
            }
        };
        let signature = Signature::from_armor(&armor).map_err(SigningError::Unsound)?;
        checked(&self.public_key, signature, namespace, message)
    }
}
