//! What a program writes to its standard streams.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use crate::evidence::work::TEST_LOG;
use crate::record::Subject;
use crate::record::path::escape;
use crate::rules::executed as rules;

use super::error::Error;
use super::place::Place;

/// Length of the end of a log that is shown with a failure, in bytes.
const TAIL: u64 = 4_096;

/// A log in a file without a name. What stands in evidence is what was written to the stream: a
/// command cannot put another file, a link or a pipe in its place, nor write into the log of the
/// validation that comes after it.
pub(super) struct Log {
    name: String,
    file: File,
}

/// The logs of a run.
pub(super) struct Logs {
    /// The command's standard output.
    pub(super) out: Log,
    /// The command's standard error.
    pub(super) err: Log,
    /// Both streams of the validation command, or of each validation step.
    pub(super) validation: Vec<Log>,
}

impl Logs {
    /// Makes empty logs, those of the validation by these names; what nothing validates has one that says so.
    pub(super) fn make(
        place: &Place,
        validation: impl Iterator<Item = String>,
    ) -> Result<Self, Error> {
        let log = |name: String| {
            let made = tempfile::tempfile_in(place.root());
            let file = made.map_err(Error::io("make a file in", place.root()))?;
            Ok::<_, Error>(Log { name, file })
        };
        let mut names: Vec<String> = validation.collect();
        if names.is_empty() {
            names.push(TEST_LOG.to_owned());
        }
        Ok(Self {
            out: log("stdout".to_owned())?,
            err: log("stderr".to_owned())?,
            validation: names.into_iter().map(log).collect::<Result<_, _>>()?,
        })
    }
}

impl Log {
    /// Returns the name of its file in the evidence; that of a stream is not one.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns a stream into the log; all of them share one position.
    pub(super) fn stream(&self) -> Result<File, Error> {
        self.file.try_clone().map_err(self.error("open"))
    }

    /// Writes a text of ours.
    pub(super) fn write(&self, text: &str) -> Result<(), Error> {
        (&self.file)
            .write_all(text.as_bytes())
            .map_err(self.error("write"))
    }

    /// Returns all that was written, unless it is longer than `limit` bytes.
    pub(super) fn read(&self, subject: &Subject, limit: u64) -> Result<Vec<u8>, Error> {
        let length = self.file.metadata().map_err(self.error("read"))?.len();
        if length > limit {
            let found = format!("{} of {length} bytes", self.name);
            return Err(Error::Refused(
                rules::too_much(subject.clone(), found, limit).into(),
            ));
        }
        self.from(0).map_err(self.error("read"))
    }

    /// Returns the end, fit for a terminal.
    pub(super) fn tail(&self) -> String {
        let read = || {
            let length = self.file.metadata()?.len();
            self.from(length.saturating_sub(TAIL))
        };
        // The failure itself is what matters: an unreadable log counts as an empty one.
        escape(&read().unwrap_or_default())
    }

    fn from(&self, start: u64) -> std::io::Result<Vec<u8>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn error(&self, action: &'static str) -> impl FnOnce(std::io::Error) -> Error + use<> {
        Error::io(action, std::path::Path::new(&self.name))
    }
}
