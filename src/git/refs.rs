//! Reading refs.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

use gix::refs::{FullNameRef, Reference, Target, packed};

use super::error::{Error, Source};
use super::odb::id_from_gix;
use super::reader::Reader;
use crate::record::{ObjectId, RefName};

/// Maximum number of symbolic refs in a chain, as in git.
const LONGEST_CHAIN: usize = 5;
/// Maximum number of listings while `packed-refs` keeps being replaced.
const STILL_ATTEMPTS: usize = 20;

impl Reader {
    /// Returns the object that a ref names, or `None` if there is no such ref.
    ///
    /// Symbolic refs are followed; annotated tags are not: see [`Reader::peel`].
    pub fn reference(&self, name: &RefName) -> Result<Option<ObjectId>, Error> {
        let target = self.target(name.as_str())?;
        self.follow(name.as_str(), target)
    }

    /// Returns the refs whose names start with `prefix`, in the order of their bytes.
    ///
    /// Names that are not UTF-8 are skipped: no rule can match them, and a hook refuses them.
    pub fn references(&self, prefix: &str) -> Result<Vec<(RefName, ObjectId)>, Error> {
        let fail = |source: Source| Error::Ref {
            name: prefix.to_owned(),
            source,
        };
        let mut listed = Err(fail("packed-refs keeps changing".into()));
        for attempt in 0..STILL_ATTEMPTS {
            let before = self.packed_stamp();
            listed = self.list(prefix).map_err(&fail);
            // An unchanged packed-refs means that refs which were moved or packed together are seen together.
            if self.packed_stamp() == before && (listed.is_ok() || attempt > 4) {
                break;
            }
        }
        let mut list = Vec::new();
        for reference in listed? {
            let bytes = reference.name.as_bstr();
            let Ok(text) = std::str::from_utf8(bytes) else {
                continue;
            };
            let Ok(name) = RefName::new(text) else {
                continue;
            };
            // A symbolic ref to an unborn branch, such as refs/remotes/x/HEAD, names nothing.
            if let Some(id) = self.follow(text, Some(reference.target))? {
                list.push((name, id));
            }
        }
        Ok(list)
    }

    /// Returns the refs as they are stored, sorted by name. Loose files are read first: a ref that is packed meanwhile
    /// is then found in one of the two places, and the loose value takes precedence.
    fn list(&self, prefix: &str) -> Result<Vec<Reference>, Source> {
        let refs = &self.shared.repo.refs;
        let mut found = BTreeMap::new();
        // gix lists a directory by its name with a slash; other prefixes are filtered here.
        let directory = prefix
            .rfind('/')
            .map_or("", |at| prefix.get(..=at).unwrap_or_default());
        let loose = if directory.is_empty() {
            refs.loose_iter()?
        } else {
            refs.loose_iter_prefixed(directory.try_into().map_err(|e: gix::Error| e)?)?
        };
        for reference in loose {
            let reference = reference?;
            if reference.name.as_bstr().starts_with(prefix.as_bytes()) {
                found.insert(reference.name.clone(), reference);
            }
        }
        let mut list = Vec::new();
        // Open it again: gix compares only the file's time, and would miss refs packed just now.
        if let Some(packed) = refs.open_packed_buffer()? {
            for reference in packed.iter_prefixed(prefix.into())? {
                let reference = Reference::from(reference?);
                if !found.contains_key(&reference.name) {
                    list.push(reference);
                }
            }
        }
        list.extend(found.into_values());
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list.dedup_by(|later, kept| later.name == kept.name);
        Ok(list)
    }

    /// Returns values that change whenever `packed-refs` is replaced.
    fn packed_stamp(&self) -> Option<(u64, u64, Option<SystemTime>)> {
        let meta = std::fs::metadata(self.common_dir().join("packed-refs")).ok()?;
        Some((meta.ino(), meta.len(), meta.modified().ok()))
    }

    /// Returns the branch that `HEAD` points to, even if it has no commit; `None` if detached.
    pub fn head(&self) -> Result<Option<RefName>, Error> {
        self.symbolic("HEAD")
    }

    /// Returns the ref that a symbolic ref points to; `None` if there is no such ref, or it names an
    /// object itself.
    pub fn symbolic(&self, name: &str) -> Result<Option<RefName>, Error> {
        match self.target(name)? {
            Some(Target::Symbolic(target)) => {
                let text = target.as_bstr().to_string();
                RefName::new(text).map(Some).map_err(|source| Error::Ref {
                    name: name.to_owned(),
                    source: source.into(),
                })
            }
            _ => Ok(None),
        }
    }

    /// Returns the names of the configured remotes, sorted.
    pub fn remotes(&self) -> Vec<String> {
        let names = self.shared.repo.to_thread_local().remote_names();
        let names = names.into_iter();
        names
            .filter_map(|it| String::from_utf8(it.into()).ok())
            .collect()
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
        let refs = &self.shared.repo.refs;
        let find = |packed: Option<&packed::Buffer>| {
            let found = refs.try_find_packed(full, packed);
            found.map_err(|e| fail(e.into()))
        };
        let exact = |found: &Reference| found.name.as_bstr() == full.as_bstr();
        // The loose file first, then the current packed-refs: see `list`.
        let found = match find(None)?.filter(exact) {
            Some(found) => Some(found),
            None => {
                let packed = refs.open_packed_buffer().map_err(|e| fail(e.into()))?;
                find(packed.as_ref())?
            }
        };
        // gix searches as `git rev-parse` does, and could return refs/tags/refs/heads/x.
        let found = found.filter(exact);
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
