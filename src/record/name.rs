//! Names of tasks, runs, identities and refs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Sha256;
use super::contract::is_unfit;

/// The text is not a valid name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: {why}")]
pub struct BadName {
    /// The expected name: `run id`, `ref name` …
    pub what: &'static str,
    /// The text.
    pub text: String,
    /// The rule it breaks.
    pub why: &'static str,
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name, or the rule that the text breaks.
            pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
                let text = text.into();
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(why) => Err(BadName { what: $what, text, why }),
                }
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_name!(
    /// Names a task: `CTO-WORK-049`. `[A-Za-z0-9._-]{1,80}`, usable as a file name everywhere.
    TaskId, "task id", check_id
);
text_name!(
    /// Names a run: `run_2025-10-31T00-00-42Z`. `[A-Za-z0-9._-]{1,80}` (AWO), usable as a file name everywhere.
    RunId, "run id", check_id
);
text_name!(
    /// Names a decision: `dec-4f0c1a2b`. `[A-Za-z0-9_-]{1,80}`, usable as a file name everywhere.
    DecisionId, "decision id", check_plain_id
);
text_name!(
    /// Names a request to hand content to a model elsewhere: `esc-4f0c1a2b`. `[A-Za-z0-9_-]{1,80}`.
    EscalationId, "escalation id", check_plain_id
);
text_name!(
    /// Names a decision in an event, also one of another program: `[A-Za-z0-9_-]{1,128}`.
    EventDecisionId, "decision id", |text| check_word(text, 128)
);
text_name!(
    /// Names a plan: `TIER-1`. `[A-Za-z0-9._-]{1,80}`, usable as a file name everywhere.
    PlanId, "plan id", check_id
);
text_name!(
    /// Names a baseline within its task or plan: `PRE_HARDENING_AMU0`. `[A-Za-z0-9._-]{1,80}`, usable as a file
    /// name everywhere.
    BaselineName, "baseline name", check_id
);
text_name!(
    /// Names a gate in an event, also one of another program: `[A-Za-z0-9_-]{1,64}`.
    GateName, "gate name", |text| check_word(text, 64)
);
text_name!(
    /// Names a packet in an event: a token of at most 128 characters.
    PacketName, "packet name", |text| match text.len() > 128 {
        true => Err("it has more than 128 characters"),
        false => check_token(text),
    }
);
text_name!(
    /// A word that refers to something, or a reason code, never prose: `task/WP-X-v3`. `[A-Za-z0-9_.:/-]{1,512}`.
    Token, "token", check_token
);
text_name!(
    /// Names a person, as the policy knows them: `olga`, `olga@example.org`.
    IdentityName, "identity name", check_identity
);
text_name!(
    /// A full ref name: `refs/heads/main`. Follows `git check-ref-format`.
    RefName, "ref name", check_ref
);

text_name!(
    /// The address of an audit on a forge: `https://forge.example/runs/1`. An `http` or `https` URL in
    /// printable ASCII, of at most 2,048 bytes.
    WorkflowUrl, "workflow run url", check_url
);

text_name!(
    /// Why somebody decides as they do: any text that is not blank.
    Reason, "reason", check_reason
);

text_name!(
    /// One line of text, as it is typed, shown and compared: what a packet calls a repository, or its owner.
    Line, "line of text", check_line
);

// A record's names are stricter than those of an event.
impl From<&DecisionId> for EventDecisionId {
    fn from(id: &DecisionId) -> Self {
        Self(id.0.clone())
    }
}

impl From<super::Gate> for GateName {
    fn from(gate: super::Gate) -> Self {
        Self(gate.name().to_owned())
    }
}

impl From<&TaskId> for PacketName {
    fn from(task: &TaskId) -> Self {
        Self(task.0.clone())
    }
}

impl RefName {
    /// Returns the part after `refs/heads/` of a branch.
    pub fn branch(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }

    /// Returns the part after `refs/tags/` of a tag.
    pub fn tag(&self) -> Option<&str> {
        self.0.strip_prefix("refs/tags/")
    }
}

fn check_id(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > 80 {
        return Err("it has more than 80 characters");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    {
        return Err("it contains characters other than A-Z a-z 0-9 . _ -");
    }
    // A name that starts with a dot or a dash is `..`, hidden or an option; one that ends
    // in a dot or in `.lock` cannot be a ref component or a Windows file name.
    if text.starts_with(['.', '-']) {
        return Err("it starts with a dot or a dash");
    }
    if text.ends_with('.') || text.ends_with(".lock") {
        return Err("it ends with a dot or with .lock");
    }
    if text.contains("..") {
        return Err("it has two dots in a row");
    }
    Ok(())
}

impl Token {
    /// Returns what decisions and events call a person: the name if that is a token, else the first half of
    /// its SHA-256.
    pub fn of_person(name: &IdentityName) -> Option<Self> {
        let digest = || Sha256::of(name.as_str().as_bytes()).to_string();
        let half = || Self::new(digest().get(..32).unwrap_or_default()).ok();
        Self::new(name.as_str()).ok().or_else(half)
    }
}

fn check_plain_id(text: &str) -> Result<(), &'static str> {
    match text.contains('.') {
        true => Err("it contains a dot"),
        false => check_id(text),
    }
}

fn check_word(text: &str, longest: usize) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > longest {
        return Err("it is empty or too long");
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    match text.bytes().all(fits) {
        true => Ok(()),
        false => Err("it contains characters other than A-Z a-z 0-9 _ -"),
    }
}

fn check_token(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 512 {
        return Err("it must have 1 to 512 characters");
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b);
    match text.bytes().all(fits) {
        true => Ok(()),
        false => Err("it contains characters other than A-Z a-z 0-9 _ . : / -"),
    }
}

fn check_identity(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 120 {
        return Err("it must have 1 to 120 characters");
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@' | b'+');
    if !text.bytes().all(fits) {
        return Err("it contains characters other than A-Z a-z 0-9 . _ - @ +");
    }
    if text.starts_with(['-', '.']) {
        return Err("it starts with a dot or a dash");
    }
    Ok(())
}

fn check_url(text: &str) -> Result<(), &'static str> {
    if text.len() > 2_048 {
        return Err("it has more than 2,048 bytes");
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("it contains characters other than printable ASCII without spaces");
    }
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        // One of these directly after the scheme means that there is no host.
        Some(rest) if !rest.is_empty() && !rest.starts_with(['/', '?', '#']) => Ok(()),
        Some(_) => Err("it names no host"),
        None => Err("it does not begin with https:// or http://"),
    }
}

fn check_reason(text: &str) -> Result<(), &'static str> {
    match text.trim().is_empty() {
        true => Err("it is empty"),
        false => Ok(()),
    }
}

/// Checks that a text can be shown, typed and compared as one line, or returns why not.
pub fn check_line(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("it is blank");
    }
    if text.len() > 1000 {
        return Err("it has more than 1,000 bytes");
    }
    if text.contains('\n') {
        return Err("it has more than one line");
    }
    if text.chars().any(|c| c.is_control() || is_unfit(c)) {
        return Err("it contains a control or reordering character");
    }
    if text.trim() != text {
        return Err("it begins or ends with white space");
    }
    Ok(())
}

fn check_ref(text: &str) -> Result<(), &'static str> {
    if !text.starts_with("refs/") {
        return Err("it does not start with refs/");
    }
    if text.len() > 1024 {
        return Err("it has more than 1,024 bytes");
    }
    let forbidden = |c: char| c <= ' ' || c == '\u{7f}' || "~^:?*[\\".contains(c);
    if text.chars().any(forbidden) {
        return Err("it contains a control character, a space or one of ~^:?*[\\");
    }
    if text.contains("..") || text.contains("@{") || text.ends_with('.') {
        return Err("it has '..' or '@{', or ends with a dot");
    }
    for component in text.split('/') {
        if component.is_empty() || component.starts_with('.') || component.ends_with(".lock") {
            return Err("a component is empty, starts with a dot or ends with .lock");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_file_names() {
        for good in [
            "run_2025-10-31T00-00-42Z",
            "CTO-WORK-049",
            "a",
            &"x".repeat(80),
        ] {
            assert!(RunId::new(good).is_ok(), "{good} is a run id");
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "x.lock",
            "-x",
            ".x",
            "x.",
            "a..b",
            "é",
            "a b",
            &"x".repeat(81),
            "x\n",
        ] {
            assert!(RunId::new(bad).is_err(), "{bad:?} is no run id");
        }
    }

    #[test]
    fn ref_names_follow_git() {
        for good in [
            "refs/heads/main",
            "refs/awo/evidence/2026-11",
            "refs/tags/v1.0",
            "refs/heads/é",
        ] {
            assert!(RefName::new(good).is_ok(), "{good} is a ref name");
        }
        for bad in [
            "main",
            "refs/heads/",
            "refs//x",
            "refs/heads/a..b",
            "refs/heads/.x",
            "refs/heads/x.lock",
            "refs/heads/a b",
            "refs/heads/a~1",
            "refs/heads/a:b",
            "refs/heads/x.",
            "refs/heads/@{u}",
            "refs/heads/a\\b",
        ] {
            assert!(RefName::new(bad).is_err(), "{bad:?} is no ref name");
        }
    }

    #[test]
    fn a_reason_says_something() {
        assert!(Reason::new("a mistake").is_ok());
        for bad in ["", " ", "\t\n", "\u{a0}\u{3000}"] {
            assert!(Reason::new(bad).is_err(), "{bad:?} is none");
        }
    }

    #[test]
    fn a_line_is_compared_as_it_is_shown() {
        for good in [
            ".",
            "git@forge.example:acme/greeter.git",
            "The owner, \u{e9}",
            &"x".repeat(1000),
        ] {
            assert!(Line::new(good).is_ok(), "{good} is one");
        }
        for bad in [
            "",
            " ",
            " low",
            "low ",
            "lo\nw",
            "lo\tw",
            "lo\u{202e}w",
            "lo\u{7f}w",
            &"x".repeat(1001),
        ] {
            assert!(Line::new(bad).is_err(), "{bad:?} is none");
        }
    }

    #[test]
    fn workflow_urls_are_of_the_web_and_plain() {
        let longest = format!("https://{}", "x".repeat(2_040));
        for good in [
            "https://forge.example/runs/1?attempt=2#step",
            "http://[::1]:8080/",
            &longest,
        ] {
            assert!(WorkflowUrl::new(good).is_ok(), "{good} is one");
        }
        for bad in [
            "",
            "https://",
            "https:///runs",
            "HTTPS://forge.example",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ftp://forge.example",
            "//forge.example",
            "https://forge.example/a b",
            "https://forge.example/\u{1b}[2J",
            "https://forge.example/\n",
            "https://f\u{f6}rge.example",
            " https://forge.example",
            &format!("{longest}x"),
        ] {
            assert!(WorkflowUrl::new(bad).is_err(), "{bad:?} is none");
        }
    }
}
