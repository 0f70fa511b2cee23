//! What git writes to the standard input of its hooks, read strictly.

use std::io::Read;

use crate::record::path::quote;
use crate::record::predicate::Movement;
use crate::record::{
    Coded, Diagnosis, Finding, Findings, HashKind, ObjectId, RefName, Rule, Subject,
};

/// No hook reads more than this. A thousand refs, the policy's usual limit, have 200 KiB.
pub const MAX_INPUT: usize = 8 * 1024 * 1024;

/// Reads the input to its end, or to just beyond [`MAX_INPUT`], which parsing then refuses.
pub fn read(stdin: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_INPUT)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    stdin.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a ref holds on one side of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// An object, or nothing.
    Object(Option<ObjectId>),
    /// The name of another ref.
    Symbolic,
}

/// One line of a reference transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The ref: also `HEAD` and its like.
    pub name: String,
    /// The old value that git demands; nothing if it must not exist, or if git does not care.
    pub old: Value,
    /// The new value.
    pub new: Value,
}

/// Reads the lines `<old> <new> <ref>` of `pre-receive` and `post-receive`. What cannot be read
/// is a finding, and left out.
pub fn movements(input: &[u8], kind: HashKind, findings: &mut Findings) -> Vec<Movement> {
    let mut list: Vec<Movement> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for line in lines(input, findings) {
        let Some((old, new, name)) = fields(line) else {
            findings.push(bad(line));
            continue;
        };
        let (Some(old), Some(new)) = (object(old, kind), object(new, kind)) else {
            findings.push(bad(line));
            continue;
        };
        if old.is_none() && new.is_none() {
            findings.push(bad(line));
            continue;
        }
        let Some(reference) = std::str::from_utf8(name)
            .ok()
            .and_then(|it| RefName::new(it).ok())
        else {
            findings.push(bad_name(name));
            continue;
        };
        if !names.insert(reference.clone()) {
            findings.push(twice(&reference));
            continue;
        }
        list.push(Movement {
            reference,
            old,
            new,
        });
    }
    list
}

/// Reads the lines `<old> <new> <ref>` of `reference-transaction`, where a value may also be
/// `ref:<name>`.
pub fn changes(input: &[u8], kind: HashKind, findings: &mut Findings) -> Vec<Change> {
    let value = |text: &[u8]| {
        if text.starts_with(b"ref:") {
            return Some(Value::Symbolic);
        }
        object(text, kind).map(Value::Object)
    };
    let mut list = Vec::new();
    for line in lines(input, findings) {
        let read = fields(line).and_then(|(old, new, name)| {
            Some(Change {
                name: std::str::from_utf8(name).ok()?.to_owned(),
                old: value(old)?,
                new: value(new)?,
            })
        });
        match read {
            Some(change) => list.push(change),
            None => findings.push(bad(line)),
        }
    }
    list
}

/// Reads the lines `<local ref> <local id> <remote ref> <remote id>` of `pre-push`.
pub fn pushed(input: &[u8], kind: HashKind, findings: &mut Findings) -> Vec<Movement> {
    let mut list = Vec::new();
    for line in lines(input, findings) {
        // From the end: what the user typed as the local ref may hold blanks.
        let mut parts = line.rsplitn(4, |b| *b == b' ');
        let (Some(remote_id), Some(remote_ref), Some(local_id), Some(_)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            findings.push(bad(line));
            continue;
        };
        let (Some(old), Some(new)) = (object(remote_id, kind), object(local_id, kind)) else {
            findings.push(bad(line));
            continue;
        };
        let name = std::str::from_utf8(remote_ref).ok();
        match name.and_then(|it| RefName::new(it).ok()) {
            Some(reference) => list.push(Movement {
                reference,
                old,
                new,
            }),
            None => findings.push(bad_name(remote_ref)),
        }
    }
    list
}

fn lines<'a>(input: &'a [u8], findings: &mut Findings) -> Vec<&'a [u8]> {
    if input.len() > MAX_INPUT {
        findings.push(BadInput::TooLong.to_finding(Subject::none()));
        return Vec::new();
    }
    if input.is_empty() {
        return Vec::new();
    }
    let Some(body) = input.strip_suffix(b"\n") else {
        findings.push(bad(input
            .rsplit(|b| *b == b'\n')
            .next()
            .unwrap_or_default()));
        return Vec::new();
    };
    body.split(|b| *b == b'\n').collect()
}

fn fields(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = line.split(|b| *b == b' ');
    let (old, new, name) = (parts.next()?, parts.next()?, parts.next()?);
    (parts.next().is_none() && !name.is_empty()).then_some((old, new, name))
}

/// Returns the object, `Some(None)` for the id of zeros, and `None` for anything else.
fn object(text: &[u8], kind: HashKind) -> Option<Option<ObjectId>> {
    let id: ObjectId = std::str::from_utf8(text).ok()?.parse().ok()?;
    (id.kind() == kind).then(|| (!id.is_zero()).then_some(id))
}

/// What git wrote cannot be taken for what git writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum BadInput {
    #[error("more than {MAX_INPUT} bytes of ref names")]
    TooLong,
    #[error("the line {0}")]
    Line(String),
    #[error("a name that no rule can speak of")]
    Name(String),
    #[error("the ref twice in one push")]
    Twice(RefName),
}

impl Coded for BadInput {
    fn diagnosis(&self) -> Diagnosis {
        let against =
            |rule, expected: &str, remedy| Diagnosis::against(self, rule, expected, remedy);
        let git = "push with git itself";
        match self {
            Self::TooLong => {
                let expected = format!("at most {MAX_INPUT}");
                against(Rule::HookInputLimit, &expected, "push in smaller parts")
            }
            Self::Line(_) => against(
                Rule::HookInput,
                "<old id> <new id> <ref>, as git writes them",
                git,
            ),
            Self::Name(name) => {
                let expected = "a full ref name in UTF-8, of at most 1,024 bytes";
                against(Rule::RefName, expected, "git branch -m NEWNAME").about(Subject {
                    reference: Some(name.clone()),
                    ..Subject::none()
                })
            }
            Self::Twice(name) => {
                against(Rule::HookInput, "each ref once", git).about(Subject::of_ref(name))
            }
        }
    }
}

fn bad(line: &[u8]) -> Finding {
    let shown: Vec<u8> = line.iter().copied().take(200).collect();
    BadInput::Line(quote(&shown)).to_finding(Subject::none())
}

fn bad_name(name: &[u8]) -> Finding {
    let shown: Vec<u8> = name.iter().copied().take(1_024).collect();
    BadInput::Name(quote(&shown)).to_finding(Subject::none())
}

fn twice(reference: &RefName) -> Finding {
    BadInput::Twice(reference.clone()).to_finding(Subject::none())
}
