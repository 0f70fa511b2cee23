//! A tag as the rules judge it: what it is, what it names, who signed it.

use crate::git::{self, Kind, Reader};
use crate::policy::keyring::Signer;
use crate::policy::{TagRules, Unverified};
use crate::record::tag::Tag;
use crate::record::{ObjectId, Subject, Timestamp};

/// A tag that is new where it stands.
pub struct TagCase<'a> {
    /// What the policy says about the tag.
    pub rules: &'a TagRules<'a>,
    /// Its object, or what a lightweight tag names.
    pub id: ObjectId,
    /// The tag object; none of a lightweight tag.
    pub tag: Option<Tag>,
    /// What it names: by its kind, anything but a commit is a fault.
    pub target: (Kind, ObjectId),
    /// Who signed it, or why nobody can be said to have.
    pub signer: Result<Signer, Unverified>,
}

impl<'a> TagCase<'a> {
    /// Reads what is to be judged. `time` is when the tag was pushed.
    pub fn read(
        reader: &Reader,
        rules: &'a TagRules<'a>,
        id: ObjectId,
        time: Timestamp,
    ) -> Result<Self, git::Error> {
        let kind = |id| match reader.header(id)? {
            Some((kind, _)) => Ok(kind),
            None => Err(reader.missing(id)),
        };
        let keyring = rules.policy().keyring();
        let (tag, target, signer) = match kind(id)? {
            Kind::Tag => {
                let tag = reader.tag(id)?;
                let target = (kind(tag.target)?, tag.target);
                let signer = keyring.signer_of_tag(&tag, time);
                (Some(tag), target, signer)
            }
            kind => {
                let light = Unverified::Tag("a lightweight tag, which nobody signs".to_owned());
                (None, (kind, id), Err(light))
            }
        };
        Ok(Self {
            rules,
            id,
            tag,
            target,
            signer,
        })
    }

    /// Returns the commit that it names, by its own word and in fact.
    pub fn commit(&self) -> Option<ObjectId> {
        let says = self.tag.as_ref().is_none_or(|tag| tag.of_commit);
        let (kind, id) = self.target;
        (says && kind == Kind::Commit).then_some(id)
    }

    /// Returns a subject that names the tag and its object.
    pub fn subject(&self) -> Subject {
        Subject::of_ref(self.rules.reference()).at(self.id)
    }
}
