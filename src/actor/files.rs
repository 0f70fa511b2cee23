//! Writing our own files: whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::Error;

/// What the names of files begin with that are not yet in their places.
const PENDING: &str = ".git-awo-pending-";

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
    builder.prefix(PENDING);
    fill(path, &mut builder, write)
}

/// Removes what [`publish_atomically`] has left in a directory when its process was killed there.
/// The caller knows that nobody else is at it.
pub fn remove_pending(directory: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(directory).map_err(failed(directory))? {
        let entry = entry.map_err(failed(directory))?;
        let name = entry.file_name();
        let is_file = entry.file_type().is_ok_and(|it| it.is_file());
        if is_file && name.as_encoded_bytes().starts_with(PENDING.as_bytes()) {
            std::fs::remove_file(entry.path()).map_err(failed(&entry.path()))?;
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_was_writing_goes_and_nothing_else() {
        let dir = tempfile::TempDir::new().unwrap();
        let place = |name: &str| dir.path().join(name);
        std::fs::write(place("a.txt"), "a").unwrap();
        std::fs::write(place(".tmpabc"), "a").unwrap();
        std::fs::create_dir(place(".git-awo-pending-directory")).unwrap();
        let killed = publish_atomically(&place("b.txt"), |_| {
            let names = std::fs::read_dir(dir.path()).unwrap().flatten();
            let pending = names
                .map(|it| it.path())
                .find(|path| path.is_file() && path.to_string_lossy().contains(PENDING));
            std::fs::copy(pending.unwrap(), place(".git-awo-pending-x")).unwrap();
            Err::<(), ()>(())
        });
        assert!(killed.unwrap().is_err());
        assert!(place(".git-awo-pending-x").exists());
        remove_pending(dir.path()).unwrap();
        let names = std::fs::read_dir(dir.path()).unwrap().flatten();
        let mut names: Vec<_> = names.map(|it| it.file_name()).collect();
        names.sort();
        assert_eq!(names, [".git-awo-pending-directory", ".tmpabc", "a.txt"]);
    }
}
