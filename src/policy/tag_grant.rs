//! What a policy allows on tags.

use std::collections::BTreeMap;

use crate::record::{IdentityName, ObjectId, RefName};

use super::document::{self, Document, TagForm};
use super::pattern::{PathSet, ref_pattern};
use super::person::{Person, Writers};

/// What a policy says about tags, checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags {
    pub(super) grants: Vec<TagGrant>,
    pub(super) adopted: BTreeMap<RefName, ObjectId>,
}

#[derive(Clone, Debug)]
pub(super) struct TagGrant {
    pub(super) pattern: PathSet,
    pub(super) creators: Writers,
    pub(super) form: TagForm,
    /// Empty: every branch that is never rewound.
    pub(super) of: Vec<PathSet>,
    pub(super) moves: bool,
    pub(super) delete: bool,
}

impl Tags {
    pub(super) fn check(
        document: &Document,
        persons: &BTreeMap<IdentityName, Person>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let grants = document.tags.iter();
        Self {
            grants: grants
                .map(|it| TagGrant::check(it, persons, complaints))
                .collect(),
            adopted: adopted(&document.tags_before.adopted, complaints),
        }
    }
}

impl TagGrant {
    fn check(
        grant: &document::TagGrant,
        persons: &BTreeMap<IdentityName, Person>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let of = format!("tag {:?}", grant.pattern);
        if !grant.pattern.starts_with("refs/tags/") {
            complaints.push(format!("{of}: a tag's name begins with refs/tags/"));
        }
        if grant.creators.is_empty() {
            complaints.push(format!("{of}: nobody may create it"));
        }
        // Who pushes a tag without a signature can be shown to nobody: a rule that names creators
        // then would only look like one.
        if grant.form != TagForm::Signed && grant.creators != ["*"] {
            complaints.push(format!(
                "{of}: only of signed tags the creator can be told: write form = \"signed\", or \
                 creators = [\"*\"]"
            ));
        }
        if let Some(other) = grant.of.iter().find(|it| !it.starts_with("refs/heads/")) {
            complaints.push(format!("{of}: of: {other:?} is not a branch"));
        }
        let mut set = |text: &String| {
            ref_pattern(text).unwrap_or_else(|error| {
                complaints.push(format!("{of}: {error}"));
                PathSet::empty()
            })
        };
        let pattern = set(&grant.pattern);
        let branches = grant.of.iter().map(&mut set).collect();
        let creators = Writers::parse(&grant.creators, persons).unwrap_or_else(|why| {
            complaints.push(format!("{of}: {why}"));
            Writers::default()
        });
        Self {
            pattern,
            creators,
            form: grant.form,
            of: branches,
            moves: grant.moves,
            delete: grant.delete,
        }
    }
}

fn adopted(
    written: &BTreeMap<String, String>,
    complaints: &mut Vec<String>,
) -> BTreeMap<RefName, ObjectId> {
    let mut adopted = BTreeMap::new();
    for (name, id) in written {
        match (RefName::new(name.as_str()), id.parse::<ObjectId>()) {
            (Ok(name), Ok(id)) if name.tag().is_some() && !id.is_zero() => {
                adopted.insert(name, id);
            }
            _ => complaints.push(format!(
                "tags: adopted: {name:?} = {id:?} is not the full name of a tag and its object id"
            )),
        }
    }
    adopted
}
