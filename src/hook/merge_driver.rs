//! The merge driver of `INDEX.md`: git calls this program to merge the pages of directories of artefacts, so that two
//! branches which each add a file do not conflict. It stands in the clone's own configuration and attributes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::{self, Reader};
use crate::sys::file::{self, Access, NewFile};
use crate::sys::shell;

use super::install::Error;

/// The name of the driver.
const NAME: &str = "awo-index";
/// What people see of it.
const TITLE: &str = "INDEX.md of directories of artefacts, entry by entry";
/// The line of the attributes. Any directory may have a page; one that is none of ours is merged line by line.
const LINE: &str = "INDEX.md merge=awo-index";
/// The largest file of attributes, in bytes.
const LONGEST: u64 = 16 << 20;

/// Installs the driver for this program. Lines of others stay.
pub fn install(reader: &Reader, program: &Path) -> Result<(), Error> {
    if is_installed(reader, program)? {
        return Ok(());
    }
    set(reader, "name", TITLE)?;
    set(reader, "driver", &driver(program)?)?;
    let path = attributes(reader);
    let mut text = read(&path)?;
    if !has_line(&text) {
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(format!("{LINE}\n").as_bytes());
        write(&path, &text)?;
    }
    Ok(())
}

/// Tells whether the driver of this program is installed.
pub fn is_installed(reader: &Reader, program: &Path) -> Result<bool, Error> {
    let set = reader.config(&format!("merge.{NAME}.driver"));
    Ok(set.as_deref() == Some(driver(program)?.as_str()) && has_line(&read(&attributes(reader))?))
}

/// Removes the driver.
pub fn uninstall(reader: &Reader) -> Result<(), Error> {
    let path = attributes(reader);
    let text = read(&path)?;
    if has_line(&text) {
        let lines = text.split_inclusive(|b| *b == b'\n');
        let others: Vec<&[u8]> = lines.filter(|it| !is_line(it)).collect();
        match others.is_empty() {
            true => fs::remove_file(&path).map_err(io(&path))?,
            false => write(&path, &others.concat())?,
        }
    }
    let section = format!("merge.{NAME}");
    if reader.config(&format!("{section}.driver")).is_some() {
        // Set elsewhere, such as by the user for all repositories, it is not ours.
        let _ = git::run_at_home(reader, &["config", "--local", "--remove-section", &section]);
    }
    Ok(())
}

/// Returns the command that git runs. Without the program a conflict is left as git leaves any.
fn driver(program: &Path) -> Result<String, Error> {
    let text = program.to_str().filter(|_| program.is_absolute());
    let text = text.ok_or_else(|| Error::Program(program.to_owned()))?;
    // git reads a percent sign as the beginning of an argument.
    let program = shell::in_quotes(text).replace('%', "%%");
    Ok(format!(
        "awo={program}; [ -x \"$awo\" ] || awo=$(command -v git-awo) || \
         exec git merge-file --marker-size=%L -- %A %O %B; \
         exec \"$awo\" index merge -- %O %A %B %L %P"
    ))
}

fn set(reader: &Reader, key: &str, value: &str) -> Result<(), Error> {
    let key = format!("merge.{NAME}.{key}");
    git::run_at_home(reader, &["config", "--local", &key, value])?;
    Ok(())
}

fn attributes(reader: &Reader) -> PathBuf {
    reader.common_dir().join("info/attributes")
}

fn has_line(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').any(is_line)
}

fn is_line(line: &[u8]) -> bool {
    line.trim_ascii() == LINE.as_bytes()
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let text = file::read(path, LONGEST).map_err(io(path))?;
    Ok(text.unwrap_or_default())
}

fn write(path: &Path, text: &[u8]) -> Result<(), Error> {
    let directory = file::directory_of(path);
    fs::create_dir_all(directory).map_err(io(directory))?;
    let file = NewFile::at(path).over().access(Access::Umask);
    file.write(text).map_err(io(path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
