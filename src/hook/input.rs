//! What git writes to the standard input of its hooks, read strictly.

use std::collections::BTreeSet;
use std::io::Read;

use crate::record::path::quote;
use crate::record::{Coded, Diagnosis, Findings, HashKind, ObjectId, RefName, Rule, Subject};
use crate::records::Movement;

/// No hook reads more than this. A thousand refs, the policy's usual limit, have 200 KiB.
pub const MAX_INPUT: usize = 8 * 1024 * 1024;

/// Reads the input to its end, or to just beyond [`MAX_INPUT`], which parsing then refuses.
pub fn read(stdin: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = (MAX_INPUT as u64).saturating_add(1);
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
    let mut names = BTreeSet::new();
    read_lines(input, findings, |line| {
        let (old, new, name) = fields(line)?;
        let (old, new) = (object(old, kind)?, object(new, kind)?);
        let reference = match (old, new) {
            (None, None) => return None,
            _ => ref_name(name),
        };
        Some(
            reference.and_then(|reference| match names.insert(reference.clone()) {
                true => Ok(Movement {
                    reference,
                    old,
                    new,
                }),
                false => Err(BadInput::Twice(reference)),
            }),
        )
    })
}

/// Reads the lines `<old> <new> <ref>` of `reference-transaction`, where a value may also be
/// `ref:<name>`.
pub fn changes(input: &[u8], kind: HashKind, findings: &mut Findings) -> Vec<Change> {
    let value = |text: &[u8]| match text.starts_with(b"ref:") {
        true => Some(Value::Symbolic),
        false => object(text, kind).map(Value::Object),
    };
    read_lines(input, findings, |line| {
        let (old, new, name) = fields(line)?;
        Some(Ok(Change {
            name: std::str::from_utf8(name).ok()?.to_owned(),
            old: value(old)?,
            new: value(new)?,
        }))
    })
}

/// Reads the lines `<local ref> <local id> <remote ref> <remote id>` of `pre-push`.
pub fn pushed(input: &[u8], kind: HashKind, findings: &mut Findings) -> Vec<Movement> {
    // JGit leaves out the last line feed. Nothing can have been cut off: a line ends in a whole id.
    let mut ended = input.to_vec();
    if ended.last().is_some_and(|last| *last != b'\n') {
        ended.push(b'\n');
    }
    read_lines(&ended, findings, |line| {
        // From the end: what the user typed as the local ref may hold blanks.
        let mut parts = line.rsplitn(4, |b| *b == b' ');
        let (old, name, new) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next()?;
        let (old, new) = (object(old, kind)?, object(new, kind)?);
        Some(ref_name(name).map(|reference| Movement {
            reference,
            old,
            new,
        }))
    })
}

/// Reads the lines of an input; `None` means that a line has another form.
fn read_lines<'a, T>(
    input: &'a [u8],
    findings: &mut Findings,
    mut read: impl FnMut(&'a [u8]) -> Option<Result<T, BadInput>>,
) -> Vec<T> {
    let mut list = Vec::new();
    let mut refuse = |bad: BadInput| findings.push(bad.to_finding(Subject::none()));
    if input.len() > MAX_INPUT {
        refuse(BadInput::TooLong);
    } else if let Some(body) = input.strip_suffix(b"\n") {
        for line in body.split(|b| *b == b'\n') {
            match read(line).unwrap_or_else(|| Err(BadInput::Line(shown(line, 200)))) {
                Ok(value) => list.push(value),
                Err(bad) => refuse(bad),
            }
        }
    } else if !input.is_empty() {
        let last = input.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        refuse(BadInput::Line(shown(last, 200)));
    }
    list
}

fn fields(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = line.split(|b| *b == b' ');
    let (old, new, name) = (parts.next()?, parts.next()?, parts.next()?);
    (parts.next().is_none() && !name.is_empty()).then_some((old, new, name))
}

fn ref_name(name: &[u8]) -> Result<RefName, BadInput> {
    let text = std::str::from_utf8(name).ok();
    let read = text.and_then(|it| RefName::new(it).ok());
    read.ok_or_else(|| BadInput::Name(shown(name, 1_024)))
}

/// Returns the beginning of some bytes, quoted.
fn shown(bytes: &[u8], most: usize) -> String {
    quote(bytes.get(..most).unwrap_or(bytes))
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
                against(
                    Rule::HookInputLimit,
                    &expected,
                    "git push SERVER REF, for some of the refs at a time",
                )
            }
            Self::Line(_) => against(Rule::HookInput, "a line as git writes it", git),
            Self::Name(name) => {
                let expected = "a full ref name in UTF-8, of at most 1,024 bytes";
                against(Rule::RefName, expected, "git branch -m OLD NEW").about(Subject {
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
