//! Reasons why a statement or a commit does not count as signed: form, key, signature, signer, role,
//! repository.

use crate::record::{Coded, Diagnosis, IdentityName, ObjectId, Rule};
use crate::records::{BadStatement, Kind};
use crate::signing::{BadPublicKey, SignatureError};

/// A signature or the signed statement is not valid. The messages are what a finding reports as found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The payload is not a canonical statement of this kind.
    #[error("{}", bad_statement(.error))]
    Statement {
        /// The expected kind.
        kind: Kind,
        /// What is wrong with it.
        error: BadStatement,
    },
    /// A statement by one signer has no signature, or several.
    #[error("{0} signatures")]
    NotOne(usize),
    /// A policy without signatures.
    #[error("0 signatures")]
    ByNoRoot,
    /// The bytes are not a signature, or were signed by another key than `keyid`.
    #[error("{0}")]
    Form(String),
    /// No policy can allow the key: it is too weak, a certificate, or of an unknown kind.
    #[error("{0}")]
    Key(BadPublicKey),
    /// The policy does not allow the key for this purpose, or not at this time.
    #[error("key {key} {why}")]
    UnknownKey {
        /// The fingerprint.
        key: String,
        /// The reason.
        why: String,
        /// The SSHSIG namespace of the purpose.
        namespace: String,
    },
    /// The signing key does not belong to a person of the policy.
    #[error("the policy does not know your signing key")]
    NoMember,
    /// The signature does not match key and message.
    #[error("{error}")]
    Signature {
        /// Whose key it is.
        person: IdentityName,
        /// The namespace.
        namespace: String,
        /// The mismatch.
        error: SignatureError,
    },
    /// The policy requires a touched security key.
    #[error("key {key}, which was not touched")]
    Untouched {
        /// The fingerprint.
        key: String,
        /// The namespace.
        namespace: String,
    },
    /// The signature is valid for another encoding of the same value.
    #[error("a signature over the record {0}")]
    OtherBytes(&'static str),
    /// The statement does not name its signer.
    #[error("a statement without a signer")]
    NoContext,
    /// The key belongs to another person than the statement names.
    #[error("claims {claimed}, signed by {signer}")]
    Claimed {
        /// The person whom it names.
        claimed: IdentityName,
        /// Whose key it is.
        signer: IdentityName,
    },
    /// It was made for another repository.
    #[error("{found}")]
    Repository {
        /// The one it names.
        found: ObjectId,
        /// This one.
        expected: ObjectId,
    },
    /// It names a policy that was not in force at that time.
    #[error("{0}")]
    Policy(ObjectId),
    /// The signer does not hold the role.
    #[error("{found}")]
    Role {
        /// The role claimed, or the roles held.
        found: String,
        /// The role needed.
        expected: String,
    },
    /// A policy is signed by a person who is not a root.
    #[error("signed by {0}, who is not a root")]
    NoRoot(IdentityName),
    /// A commit has no signature that can be read.
    #[error("{0}")]
    Commit(String),
    /// A tag has no signature that can be read.
    #[error("{0}")]
    Tag(String),
}

fn bad_statement(error: &BadStatement) -> String {
    match error {
        BadStatement::Json(bad) => bad.to_string(),
        other => other.to_string(),
    }
}

impl Unverified {
    /// Returns whether the same person can mend it by another signature with a key of theirs.
    pub fn is_mended_by_signing(&self) -> bool {
        matches!(self, Self::Tag(_) | Self::Signature { .. })
    }

    /// Returns the error for a signature that cannot be read; its key may be one that no policy can
    /// allow.
    pub(super) fn unread(error: SignatureError, otherwise: fn(String) -> Self) -> Self {
        match error {
            SignatureError::Key(BadPublicKey::Malformed(_)) => otherwise(error.to_string()),
            SignatureError::Key(key) => Self::Key(key),
            other => otherwise(other.to_string()),
        }
    }
}

impl Coded for Unverified {
    fn diagnosis(&self) -> Diagnosis {
        let again = "sign it again with git awo; do not edit it by hand";
        let rewrite = "write the record again with git awo; do not edit it by hand";
        let by_roots = "git awo policy sign, by a root";
        let broken = |rule, expected: &dyn std::fmt::Display, remedy: &str| {
            Diagnosis::against(self, rule, expected, remedy)
        };
        match self {
            Self::Statement { kind, error } => {
                let rule = match error {
                    BadStatement::Json(bad) if bad.limit => Rule::RecordLimit,
                    BadStatement::Json(_) | BadStatement::Subject => Rule::RecordCanonical,
                    BadStatement::Version { .. } => Rule::StatementVersion,
                    BadStatement::Type { .. } => Rule::StatementType,
                };
                broken(rule, &format!("a canonical {kind} statement"), rewrite)
            }
            Self::NotOne(_) => broken(Rule::OneSignature, &"one", again),
            Self::ByNoRoot => broken(Rule::OneSignature, &"one by each root", by_roots),
            Self::Form(_) => {
                let expected = "a binary SSHSIG whose key the keyid names";
                broken(Rule::SignatureForm, &expected, again)
            }
            Self::Key(_) => broken(
                Rule::KeyAccepted,
                &"a key of a kind and size that is accepted",
                "git awo policy propose FILE, with another key in allowed_signers",
            ),
            Self::UnknownKey { namespace, .. } => broken(
                Rule::KeyKnown,
                &format!("a key that the policy allows for {namespace}"),
                "ask a root to add the key: git awo policy propose FILE",
            ),
            Self::NoMember => broken(
                Rule::KeyKnown,
                &"user.signingkey of a person whom the policy names",
                "git config user.signingkey PATH, or ask a root to add the key",
            ),
            Self::Signature {
                person, namespace, ..
            } => broken(
                Rule::SignatureGood,
                &format!("a signature by {person} in namespace {namespace}"),
                "sign it again with the key named",
            ),
            Self::Untouched { namespace, .. } => broken(
                Rule::KeyTouched,
                &format!(
                    "a security key that was touched, as gates.require_touch demands for {namespace}"
                ),
                "sign it again with a security key (ssh-keygen -t ed25519-sk)",
            ),
            Self::OtherBytes(_) => {
                let expected = "a signature over the bytes that are stored";
                broken(Rule::BindsBytes, &expected, again)
            }
            Self::NoContext => broken(Rule::Context, &"a context that names who signs", rewrite),
            Self::Claimed { .. } => broken(
                Rule::SignerIsClaimed,
                &"the person whose key signed",
                "make the statement again with your own key: git config user.signingkey PATH",
            ),
            Self::Repository { expected, .. } => broken(
                Rule::BindsRepository,
                expected,
                "make the statement in this repository: it cannot be carried over",
            ),
            Self::Policy(_) => broken(
                Rule::BindsPolicy,
                &"a policy in force at that time",
                "git awo fetch, then make the statement again",
            ),
            Self::Role { expected, .. } => {
                broken(Rule::RoleHeld, expected, "ask a person who holds the role")
            }
            Self::NoRoot(_) => broken(Rule::PolicyRoots, &"signatures of roots only", by_roots),
            Self::Commit(_) => broken(
                Rule::CommitSigned,
                &"an SSH signature by a person whom the policy names",
                "git config gpg.format ssh, then git commit --amend --no-edit --allow-empty -S",
            ),
            Self::Tag(_) => broken(
                Rule::TagSigned,
                &"an SSH signature by a person whom the policy names",
                "git -c gpg.format=ssh tag -f -s -m MESSAGE TAG COMMIT",
            ),
        }
    }
}
