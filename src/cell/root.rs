//! A root of its own (Linux): a file system in memory that holds only what is granted, with `/proc`, `/dev/shm` and `/tmp`
//! of its own. What is not granted is not there: no file of it can be seen, locked or changed in any way.

use std::ffi::{CStr, OsStr, OsString};
use std::fs::Permissions;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::{env, fmt, fs, io};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};
use rustix::process::pivot_root;

use super::grants::Cell;
use super::paths::{DEVICES, named, writable};

/// What is there besides what is granted. It may be read.
pub(super) const PROC: &str = "/proc";
/// What is there besides what is granted, and may be written.
pub(super) const PRIVATE: [&str; 2] = ["/dev/shm", "/tmp"];
/// How much the command may write there and in its home, all together.
const ROOM: &CStr = c"size=1g,nr_inodes=262144,mode=700";
/// The root itself has directories and links.
const ROOT: &CStr = c"size=16m,nr_inodes=65536,mode=755";
/// Where the private file system is mounted until the parts of it are where they belong.
const ASIDE: &str = "/.private";
/// Most symlinks that are followed to something that is granted.
const MOST_LINKS: usize = 40;
/// Links that programs expect.
const LINKS: &[(&str, &str)] = &[
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
];

/// Makes the root and moves this process there, into the directory in which it is. To be called by the first
/// process of namespaces of its own.
pub(super) fn make(cell: &Cell, root: &Path) -> Result<(), String> {
    let cwd = env::current_dir().map_err(|error| error.to_string())?;
    let fail = |what: &str, error: rustix::io::Errno| format!("{what}: {error}");
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).map_err(|error| fail("cannot keep mounts to itself", error))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", root, "tmpfs", flags, ROOT).map_err(|error| fail("tmpfs", error))?;
    let done = fill(cell, root).and_then(|()| {
        let there = fs::symlink_metadata(at(root, &cwd));
        there.map_err(|error| format!("{}: {error}", cwd.display()))?;
        env::set_current_dir(root).map_err(|error| error.to_string())?;
        pivot_root(".", ".").map_err(|error| fail("pivot_root", error))
    });
    if done.is_err() {
        // The command goes on where it is.
        let _ = env::set_current_dir(&cwd);
        let _ = unmount(root, UnmountFlags::DETACH);
        return done;
    }
    unmount(".", UnmountFlags::DETACH).map_err(|error| fail("the old root stays", error))?;
    env::set_current_dir(&cwd).map_err(|error| format!("{}: {error}", cwd.display()))
}

fn fill(cell: &Cell, root: &Path) -> Result<(), String> {
    let mut new = Root {
        root,
        mounted: Vec::new(),
    };
    new.own(cell)?;
    let by_length = |mut paths: Vec<PathBuf>| {
        paths.sort_by_key(|it| it.as_os_str().len());
        paths
    };
    for path in by_length(named(cell)) {
        new.lay(&path, Mounted::Read)?;
    }
    for path in DEVICES {
        new.lay(Path::new(path), Mounted::Read)?;
    }
    let own = [&cell.home, &cell.temporary];
    for path in by_length(writable(cell)) {
        if !own.iter().any(|it| path.starts_with(it)) {
            new.lay(&path, Mounted::Write)?;
        }
    }
    for (link, target) in LINKS {
        let made = symlink(target, new.at(link.as_ref()));
        made.map_err(|error| format!("{link}: {error}"))?;
    }
    new.seal()
}

/// Returns where something of a new root is before it is one.
fn at(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// What is mounted somewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mounted {
    /// What is there outside, to be read.
    Read,
    /// What is there outside, to be read and written.
    Write,
    /// Something else, which belongs to the command alone.
    Private,
    /// Directories that only lead to something else.
    Way,
}

/// A root that is being made.
struct Root<'a> {
    root: &'a Path,
    /// What is mounted, as it is called inside.
    mounted: Vec<(PathBuf, Mounted)>,
}

impl Root<'_> {
    fn at(&self, path: &Path) -> PathBuf {
        at(self.root, path)
    }

    /// Mounts what belongs to the command alone.
    fn own(&mut self, cell: &Cell) -> Result<(), String> {
        let proc = self.directory(Path::new(PROC))?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        let flags = flags | MountFlags::RDONLY;
        // Where something lies over parts of `/proc`, only the part with the processes can be had.
        mount("proc", &proc, "proc", flags, None)
            .or_else(|_| mount("proc", &proc, "proc", flags, c"subset=pid"))
            .map_err(|error| format!("/proc: {error}"))?;
        self.mounted.push((PROC.into(), Mounted::Read));
        let aside = self.directory(Path::new(ASIDE))?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("tmpfs", &aside, "tmpfs", flags, ROOM).map_err(|error| format!("tmpfs: {error}"))?;
        let [shm, tmp] = PRIVATE.map(Path::new);
        for (name, mode, place) in [
            ("tmp", 0o1777, tmp),
            ("shm", 0o1777, shm),
            ("home", 0o755, &cell.home),
            ("temporary", 0o755, &cell.temporary),
        ] {
            let from = aside.join(name);
            let made = fs::create_dir(&from)
                .and_then(|()| fs::set_permissions(&from, Permissions::from_mode(mode)));
            made.map_err(|error| format!("{}: {error}", from.display()))?;
            self.directory(place)?;
            self.bind(&from, place, Mounted::Private)?;
        }
        unmount(&aside, UnmountFlags::DETACH).map_err(|error| error.to_string())?;
        fs::remove_dir(&aside).map_err(|error| error.to_string())
    }

    /// Makes a directory and those above it.
    fn directory(&mut self, path: &Path) -> Result<PathBuf, String> {
        let mut above: Vec<_> = path.ancestors().collect();
        while let Some(directory) = above.pop() {
            let at = self.at(directory);
            if fs::symlink_metadata(&at).is_ok() {
                continue;
            }
            let fail = |error: &dyn fmt::Display| format!("{}: {error}", directory.display());
            fs::create_dir(&at).map_err(|error| fail(&error))?;
            if self.within(directory) == Some(Mounted::Private) {
                // In what the command may write, a way to something else is a file system of its own: it will be
                // read-only.
                let flags = MountFlags::NOSUID | MountFlags::NODEV;
                mount("tmpfs", &at, "tmpfs", flags, ROOT).map_err(|error| fail(&error))?;
                self.mounted.push((directory.to_owned(), Mounted::Way));
            }
        }
        Ok(self.at(path))
    }

    fn bind(&mut self, from: &Path, path: &Path, how: Mounted) -> Result<(), String> {
        // With everything that is mounted below: without, what it covers would come to light.
        let bound = mount_bind_recursive(from, self.at(path));
        bound.map_err(|error| format!("{}: {error}", path.display()))?;
        self.mounted.push((path.to_owned(), how));
        Ok(())
    }

    /// Returns what a path lies in, if it lies in something that is mounted.
    fn within(&self, path: &Path) -> Option<Mounted> {
        let above = self.mounted.iter().filter(|(it, _)| path.starts_with(it));
        let nearest = above.max_by_key(|(it, _)| it.as_os_str().len());
        nearest.map(|(_, how)| *how)
    }

    /// Puts something that is granted where it is outside, with the symlinks on the way to it. What is not
    /// there, or not to be seen by this user, is not granted.
    fn lay(&mut self, path: &Path, how: Mounted) -> Result<(), String> {
        if fs::metadata(path).is_err() {
            return Ok(());
        }
        let mut left: Vec<OsString> = names(path);
        let mut so_far = PathBuf::from("/");
        let mut links = 0_usize;
        while let Some(name) = left.pop() {
            if name == ".." {
                so_far.pop();
                continue;
            }
            let next = so_far.join(&name);
            let Ok(found) = fs::symlink_metadata(&next) else {
                return Ok(());
            };
            let within = self.within(&next);
            let is_there = matches!(within, Some(Mounted::Read | Mounted::Write));
            if found.is_symlink() {
                links = links.saturating_add(1);
                let Ok(target) = fs::read_link(&next) else {
                    return Ok(());
                };
                if !is_there {
                    self.link(&target, &next)?;
                }
                if links > MOST_LINKS {
                    return Ok(());
                }
                if target.is_absolute() {
                    so_far = PathBuf::from("/");
                }
                left.extend(names(&target));
                continue;
            }
            if left.is_empty() && (within == Some(how) || within == Some(Mounted::Write)) {
                return Ok(());
            }
            match found.is_dir() {
                _ if is_there => {}
                true => _ = self.directory(&next)?,
                false => {
                    let made = fs::write(self.at(&next), "");
                    made.map_err(|error| format!("{}: {error}", next.display()))?;
                }
            }
            if left.is_empty() {
                self.bind(&next, &next, how)?;
            }
            so_far = next;
        }
        Ok(())
    }

    fn link(&self, target: &Path, path: &Path) -> Result<(), String> {
        match symlink(target, self.at(path)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(format!("{}: {error}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Makes everything that may not be written read-only, with what is mounted below it.
    fn seal(&self) -> Result<(), String> {
        let mounts = fs::read("/proc/self/mountinfo").map_err(|error| error.to_string())?;
        let mounts = mounts.split(|byte| *byte == b'\n').filter_map(mounted);
        for (place, options) in mounts {
            let Ok(inside) = place.strip_prefix(self.root) else {
                continue;
            };
            let inside = Path::new("/").join(inside);
            let mut flags = flags(&options) | MountFlags::NOSUID;
            // The devices that are granted are the only ones.
            let kind = fs::symlink_metadata(&place).map(|it| it.file_type());
            if !kind.is_ok_and(|it| it.is_char_device()) {
                flags |= MountFlags::NODEV;
            }
            if !matches!(
                self.within(&inside),
                Some(Mounted::Write | Mounted::Private)
            ) {
                flags |= MountFlags::RDONLY;
            }
            let sealed = mount_remount(&place, MountFlags::BIND | flags, "");
            sealed.map_err(|error| format!("cannot seal {}: {error}", inside.display()))?;
        }
        Ok(())
    }
}

/// Returns the names of a path, the first one last.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|it| match it {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    names.collect()
}

/// Reads where something is mounted, and how, from a line of `mountinfo`.
fn mounted(line: &[u8]) -> Option<(PathBuf, Vec<u8>)> {
    let mut fields = line.split(|byte| *byte == b' ').skip(4);
    let place = OsString::from_vec(unescaped(fields.next()?));
    Some((place.into(), fields.next()?.to_owned()))
}

/// Undoes the escapes of `mountinfo`: a backslash and three octal digits.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        let octal = more.get(..3).filter(|_| *first == b'\\');
        let octal = octal.and_then(|it| std::str::from_utf8(it).ok());
        let octal = octal.and_then(|it| u8::from_str_radix(it, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        let used = if octal.is_some() { 3 } else { 0 };
        rest = more.get(used..).unwrap_or_default();
    }
    bytes
}

/// Returns the flags of a mount that must be kept where it is mounted again.
fn flags(options: &[u8]) -> MountFlags {
    let mut flags = MountFlags::empty();
    for option in options.split(|byte| *byte == b',') {
        flags |= match OsStr::from_bytes(option).to_str() {
            Some("nosuid") => MountFlags::NOSUID,
            Some("nodev") => MountFlags::NODEV,
            Some("noexec") => MountFlags::NOEXEC,
            Some("noatime") => MountFlags::NOATIME,
            Some("nodiratime") => MountFlags::NODIRATIME,
            Some("relatime") => MountFlags::RELATIME,
            _ => MountFlags::empty(),
        };
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_mountinfo_is_read() {
        let line =
            br"36 35 98:0 /m /mnt/a\040b\134\11 rw,nosuid,relatime master:1 - ext3 /dev/root rw";
        let (place, options) = mounted(line).unwrap();
        assert_eq!(place, Path::new(r"/mnt/a b\\11"));
        assert_eq!(flags(&options), MountFlags::NOSUID | MountFlags::RELATIME);
        assert!(mounted(b"").is_none());
    }

    #[test]
    fn names_are_taken_from_the_end() {
        assert_eq!(names(Path::new("/a/./b/../c")), ["c", "..", "b", "a"]);
    }
}
