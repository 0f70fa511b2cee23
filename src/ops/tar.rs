//! Makes the canonical tarball of a run's files, if their integrity holds.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _};
use std::path::Path;

use crate::actor::publish_atomically;
use crate::check::integrity::Integrity;
use crate::evidence::Directory;
use crate::evidence::tarball::{self, Tarball};
use crate::git;
use crate::record::{Coded, Refusal, Rule, Sha256, Verdict, chain_of};
use crate::rules::files;

use super::Error;
use super::integrity::{Place, shown};

/// Files whose integrity holds.
pub struct Source {
    place: Place,
    judged: Integrity,
    /// Their SHA256 root.
    pub root: Sha256,
}

impl Source {
    /// Refuses files that are not what their inventory says. `name` is how they are shown.
    pub fn new(place: Place, judged: Integrity, name: &str) -> Result<Self, Error> {
        let report = &judged.report;
        match (report.verdict(), judged.root) {
            (Verdict::Allowed, Some(root)) => Ok(Self {
                place,
                judged,
                root,
            }),
            (Verdict::Denied, _) => Err(Error::denied(
                format!("no tarball of {name}: its files are not what the inventory says"),
                Refusal::or(report.findings.clone(), files::no_root()),
            )),
            _ => Err(Error::undecided(
                format!("no tarball of {name}: its files could not be judged"),
                Refusal::or(report.undecided.clone(), files::no_root()),
            )),
        }
    }

    /// Writes the tarball to a file, whole or not at all. `name` is how the file was named.
    pub fn write(&self, path: &Path, name: &Path) -> Result<Tarball, Error> {
        self.require_writable(path, name)?;
        publish_atomically(path, |file| self.pack(file))?
    }

    /// Writes the tarball to a temporary file and returns that, rewound: for a receiver that must
    /// get nothing of it before all of it is known to be good.
    pub fn spool(&self) -> Result<(File, Tarball), Error> {
        let fail = |error: io::Error| {
            Error::unusable(Rule::FileWritten, "cannot keep the tarball", &error)
        };
        let mut file = tempfile::tempfile().map_err(fail)?;
        let made = self.pack(&mut file)?;
        file.rewind().map_err(fail)?;
        Ok((file, made))
    }

    /// Refuses to write over anything but a plain file, and into the directory that is packed: the
    /// tarball would be a file that the inventory does not list.
    fn require_writable(&self, path: &Path, name: &Path) -> Result<(), Error> {
        let shown = shown(name.as_os_str());
        if let Ok(found) = path.symlink_metadata()
            && !found.is_file()
        {
            let message = format!("{shown} is there and is no plain file");
            return Err(Error::usage(message).hint("for standard output: -o -"));
        }
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let parent = parent
            .canonicalize()
            .map_err(|error| Error::usage(format!("cannot write {shown}: {error}")))?;
        if let Place::Directory(directory) = &self.place
            && directory
                .canonicalize()
                .is_ok_and(|it| parent.starts_with(it))
        {
            let message = format!("{shown} is in the directory that is packed");
            return Err(Error::usage(message));
        }
        Ok(())
    }

    fn pack(&self, out: &mut File) -> Result<Tarball, Error> {
        let out = BufWriter::new(out);
        let survey = &self.judged.survey;
        match &self.place {
            Place::Directory(directory) => {
                let opened = Directory::open(directory)?;
                tarball::write(survey, |path| opened.open_file(path), out).map_err(failed)
            }
            Place::Stored { session, .. } => {
                let open = |path: &_| match self.judged.blobs.get(path) {
                    Some(id) => Ok(io::Cursor::new(session.repo().blob(*id)?)),
                    None => Ok::<_, git::Error>(io::Cursor::default()),
                };
                tarball::write(survey, open, out).map_err(failed)
            }
        }
    }
}

fn failed<E: Coded + Into<Error>>(error: tarball::Error<E>) -> Error {
    match error {
        tarball::Error::Open(error) => error.into(),
        error => Error::failed(chain_of(&error), &error),
    }
}
