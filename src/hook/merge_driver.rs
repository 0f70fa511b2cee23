//! The merge driver of `INDEX.md`: git calls this program to merge the pages of directories of artefacts, so that two
//! branches which each add a file do not conflict. It stands in the clone's own configuration and attributes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::{self, Reader};
use crate::record::RepoPath;
use crate::sys::file::{self, Access, NewFile};
use crate::sys::shell;

use super::install::Error;

/// The name of the driver.
const NAME: &str = "awo-index";
/// What people see of it.
const TITLE: &str = "INDEX.md of directories of artefacts, entry by entry";
/// Ends the lines of the attributes that name pages of the policy, one a line. Other files of the name are left alone.
const ATTRIBUTE: &str = " merge=awo-index";
/// The largest file of attributes, in bytes.
const LONGEST: u64 = 16 << 20;

/// Installs the driver for this program and these pages, and for no others. Lines of others stay.
pub fn install(reader: &Reader, program: &Path, pages: &[RepoPath]) -> Result<(), Error> {
    if is_installed(reader, program, pages)? {
        return Ok(());
    }
    set(reader, "name", TITLE)?;
    set(reader, "driver", &driver(program)?)?;
    let path = attributes(reader);
    let before = read(&path)?;
    let mut text = others(&before);
    let lines = lines(pages);
    if !lines.is_empty() && !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    for line in lines {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    put(&path, &before, &text)
}

/// Tells whether the driver of this program is installed for exactly these pages.
pub fn is_installed(reader: &Reader, program: &Path, pages: &[RepoPath]) -> Result<bool, Error> {
    let set = reader.config(&format!("merge.{NAME}.driver"));
    let text = read(&attributes(reader))?;
    let there = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let there = there.filter(|it| is_line(it)).map(<[u8]>::to_vec);
    let wanted = lines(pages).into_iter().map(String::into_bytes);
    Ok(set.as_deref() == Some(driver(program)?.as_str()) && there.eq(wanted))
}

/// Removes the driver.
pub fn uninstall(reader: &Reader) -> Result<(), Error> {
    let path = attributes(reader);
    let text = read(&path)?;
    put(&path, &text, &others(&text))?;
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

/// Returns a line for each page. A pattern that holds a slash is one path, once nothing in it stands for anything else.
fn lines(pages: &[RepoPath]) -> Vec<String> {
    let line = |page: &RepoPath| {
        let mut pattern = String::from("/");
        for c in page.to_str()?.chars() {
            if matches!(c, '\\' | '*' | '?' | '[' | ']' | '#' | '!') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        // git reads a blank as the end, unless the pattern is quoted as it quotes paths.
        if pattern.contains([' ', '\t', '"']) {
            let inner = pattern.replace('\\', "\\\\").replace('"', "\\\"");
            pattern = format!("\"{}\"", inner.replace('\t', "\\t"));
        }
        Some(format!("{pattern}{ATTRIBUTE}"))
    };
    pages.iter().filter_map(line).collect()
}

/// Returns a text without our lines.
fn others(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|b| *b == b'\n');
    let others: Vec<&[u8]> = lines.filter(|it| !is_line(it)).collect();
    others.concat()
}

fn put(path: &Path, before: &[u8], text: &[u8]) -> Result<(), Error> {
    match text.is_empty() {
        _ if before == text => Ok(()),
        true => fs::remove_file(path).map_err(io(path)),
        false => write(path, text),
    }
}

fn is_line(line: &[u8]) -> bool {
    line.trim_ascii().ends_with(ATTRIBUTE.as_bytes())
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
