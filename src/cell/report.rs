//! How a cell tells whoever opened it what held: in its standard input, a file that nobody else has. The
//! command gets an empty one.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};

use serde::{Deserialize, Serialize};

use super::held::Held;

/// Longest report, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What a cell told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// What held.
    pub held: Held,
    /// Why the command was not started, if it was not.
    pub not_started: Option<String>,
}

impl Told {
    /// Writes the report in the place of an earlier one.
    pub(super) fn write(&self, file: &mut File) -> std::io::Result<()> {
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(self)?)
    }

    /// Reads the report that a cell has left in the file. Fails if there is none.
    pub fn read(mut file: &File) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_report_is_read_and_none_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        assert!(Told::read(&file).is_err());
        let mut told = Told {
            held: Held::default(),
            not_started: Some("a long reason".to_owned()),
        };
        told.write(&mut file).unwrap();
        assert_eq!(Told::read(&file).unwrap(), told);
        told.not_started = None;
        told.write(&mut file).unwrap();
        assert_eq!(Told::read(&file).unwrap(), told);
        file.write_all(b"x").unwrap();
        assert!(Told::read(&file).is_err(), "something follows it");
    }
}
