//! Writing our own files: whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::Error;

/// Writes a file beside its place and moves it there.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::create_dir_all(directory_of(path)).map_err(failed(path))?;
    let made = fill(path, &mut tempfile::Builder::new(), |file| {
        file.write_all(bytes)
    });
    match made {
        Ok(filled) => filled.map_err(failed(path)),
        Err(error) => Err(error),
    }
}

/// Writes a file for others to read, as far as the umask lets them, beside its place and moves it
/// there. Where `write` fails, nothing is moved and its error is returned inside.
pub fn publish_atomically<T, E>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<Result<T, E>, Error> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    fill(path, &mut builder, write)
}

fn fill<T, E>(
    path: &Path,
    builder: &mut tempfile::Builder<'_, '_>,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<Result<T, E>, Error> {
    let directory = directory_of(path);
    let mut file = builder.tempfile_in(directory).map_err(failed(path))?;
    let value = match write(file.as_file_mut()) {
        Ok(value) => value,
        Err(error) => return Ok(Err(error)),
    };
    file.as_file().sync_all().map_err(failed(path))?;
    file.persist(path)
        .map_err(|error| failed(path)(error.error))?;
    Ok(Ok(value))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
