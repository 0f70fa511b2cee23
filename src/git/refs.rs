//! Reading refs.

use std::collections::BTreeMap;

use gix::refs::{FullNameRef, Target};

use super::error::{Error, Source};
use super::odb::id_from_gix;
use super::reader::Reader;
use crate::record::{ObjectId, RefName};

/// git follows no more symbolic refs than this.
const LONGEST_CHAIN: usize = 5;

impl Reader {
    /// Returns the object a ref names, or `None` if there is no such ref.
    ///
    /// Symbolic refs are followed; annotated tags are not: see [`Reader::peel`].
    pub fn reference(&self, name: &RefName) -> Result<Option<ObjectId>, Error> {
        let target = self.target(name.as_str())?;
        self.follow(name.as_str(), target)
    }

    /// Returns the refs whose names start with `prefix`, in the order of their bytes.
    ///
    /// A name that is not UTF-8 is passed over: no rule can speak of it, and a hook refuses it.
    pub fn references(&self, prefix: &str) -> Result<Vec<(RefName, ObjectId)>, Error> {
        let fail = |source: Source| Error::Ref {
            name: prefix.to_owned(),
            source,
        };
        let refs = &self.shared.repo.refs;
        let platform = refs.iter().map_err(|e| fail(e.into()))?;
        // gix lists a directory by its name with a slash; any other prefix is filtered here.
        let directory = prefix
            .rfind('/')
            .map_or("", |at| prefix.get(..=at).unwrap_or_default());
        let found = if directory.is_empty() {
            platform.all()
        } else {
            platform.prefixed(
                directory
                    .try_into()
                    .map_err(|e: gix::Error| fail(e.into()))?,
            )
        };
        let mut list = BTreeMap::new();
        for reference in found.map_err(|e| fail(e.into()))? {
            let reference = reference.map_err(|e| fail(e.into()))?;
            let bytes = reference.name.as_bstr();
            let Ok(text) = std::str::from_utf8(bytes) else {
                continue;
            };
            if !text.starts_with(prefix) {
                continue;
            }
            let Ok(name) = RefName::new(text) else {
                continue;
            };
            // A symbolic ref to an unborn branch, such as refs/remotes/x/HEAD, names nothing.
            if let Some(id) = self.follow(text, Some(reference.target))? {
                list.insert(name, id);
            }
        }
        Ok(list.into_iter().collect())
    }

    /// Returns the branch that `HEAD` points to, even if it has no commit; `None` if detached.
    pub fn head(&self) -> Result<Option<RefName>, Error> {
        match self.target("HEAD")? {
            Some(Target::Symbolic(name)) => {
                let text = name.as_bstr().to_string();
                RefName::new(text).map(Some).map_err(|source| Error::Ref {
                    name: "HEAD".into(),
                    source: source.into(),
                })
            }
            _ => Ok(None),
        }
    }

    /// Returns the commit that `HEAD` names, through its branch or directly.
    pub fn head_id(&self) -> Result<Option<ObjectId>, Error> {
        let target = self.target("HEAD")?;
        self.follow("HEAD", target)
    }

    pub(super) fn target(&self, name: &str) -> Result<Option<Target>, Error> {
        let fail = |source: Source| Error::Ref {
            name: name.to_owned(),
            source,
        };
        let full: &FullNameRef = name
            .try_into()
            .map_err(|e: gix::validate::reference::name::Error| fail(e.into()))?;
        let found = self
            .shared
            .repo
            .refs
            .try_find(full)
            .map_err(|e| fail(e.into()))?;
        // gix searches as `git rev-parse` does, and might come back with refs/tags/refs/heads/x.
        let found = found.filter(|found| found.name.as_bstr() == full.as_bstr());
        Ok(found.map(|found| found.target))
    }

    fn follow(&self, name: &str, target: Option<Target>) -> Result<Option<ObjectId>, Error> {
        let fail = |why: &str| Error::Ref {
            name: name.to_owned(),
            source: why.into(),
        };
        let mut target = target;
        for _ in 0..=LONGEST_CHAIN {
            match target {
                None => return Ok(None),
                Some(Target::Object(id)) => {
                    return match id_from_gix(&id).filter(|id| id.kind() == self.hash_kind()) {
                        Some(id) if !id.is_zero() => Ok(Some(id)),
                        _ => Err(fail("it names no object of this repository's kind")),
                    };
                }
                Some(Target::Symbolic(next)) => {
                    target = self.target(&next.as_bstr().to_string())?;
                }
            }
        }
        Err(fail("too many symbolic refs point to each other"))
    }
}
