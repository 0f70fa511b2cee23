use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn place() -> (tempfile::TempDir, Directory) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("run")).unwrap();
    let opened = Directory::open(&dir.path().join("run")).unwrap();
    (dir, opened)
}

fn path(text: &str) -> RepoPath {
    RepoPath::from(text)
}

fn whole(file: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map(|_| bytes)
}

fn is_replaced<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Replaced { .. }))
}

#[test]
fn a_directory_is_opened_and_a_symlink_to_one_only_with_a_slash_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("run")).unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    symlink("run", dir.path().join("link")).unwrap();
    let open = |name: &str| Directory::open(&dir.path().join(name));
    assert!(open("run").is_ok() && open("link/").is_ok());
    assert!(matches!(
        open("link"),
        Err(Error::NotRegular { what, .. }) if what == "symlink"
    ));
    assert!(matches!(open("file"), Err(Error::NotRegular { .. })));
    assert!(matches!(open("absent"), Err(Error::Io { .. })));
}

#[test]
fn names_are_sorted_bytes_and_no_more_than_asked_for() {
    let (dir, opened) = place();
    for name in ["b", "a", "é", "A\n"] {
        fs::write(dir.path().join("run").join(name), "").unwrap();
    }
    let names = opened.names(4).unwrap().unwrap();
    assert_eq!(names, [b"A\n".as_slice(), b"a", b"b", "é".as_bytes()]);
    assert_eq!(opened.names(3).unwrap(), None);
}

#[test]
fn a_file_that_stays_is_read_and_one_written_to_meanwhile_is_refused() {
    let (dir, opened) = place();
    let real = dir.path().join("run/a");
    fs::write(&real, "abc").unwrap();
    let open = || opened.open_here(b"a", &path("a")).unwrap();
    assert_eq!(open().read(|file| whole(file)).unwrap(), b"abc");
    let changes: [(&str, &dyn Fn()); 3] = [
        ("longer", &|| fs::write(&real, "abcd").unwrap()),
        ("shorter", &|| fs::write(&real, "ab").unwrap()),
        ("other content of that length", &|| {
            fs::write(&real, "xyz").unwrap()
        }),
    ];
    for (what, change) in changes {
        fs::write(&real, "abc").unwrap();
        let steady = open();
        // The clock of a file system may stand still for some milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let read = steady.read(|file| {
            change();
            whole(file)
        });
        assert!(is_replaced(read), "{what}");
    }
}

#[test]
fn times_that_were_put_back_do_not_hide_a_change() {
    let (dir, opened) = place();
    let real = dir.path().join("run/a");
    fs::write(&real, "abc").unwrap();
    let before = fs::metadata(&real).unwrap().modified().unwrap();
    let steady = opened.open_here(b"a", &path("a")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let read = steady.read(|file| {
        fs::write(&real, "xyz").unwrap();
        let written = File::options().write(true).open(&real).unwrap();
        written.set_modified(before).unwrap();
        whole(file)
    });
    assert!(is_replaced(read));
}

#[test]
fn what_was_exchanged_for_a_symlink_after_it_was_listed_is_not_followed() {
    let (dir, opened) = place();
    let run = dir.path().join("run");
    fs::create_dir(dir.path().join("elsewhere")).unwrap();
    fs::write(dir.path().join("elsewhere/secret"), "s").unwrap();
    fs::create_dir(run.join("d")).unwrap();
    fs::write(run.join("f"), "x").unwrap();
    assert!(opened.below(b"d", &path("d")).is_ok());
    assert!(matches!(opened.kind(b"d", &path("d")), Ok(Kind::Directory)));
    fs::remove_dir(run.join("d")).unwrap();
    symlink("../elsewhere", run.join("d")).unwrap();
    assert!(is_replaced(opened.below(b"d", &path("d"))));
    assert!(is_replaced(opened.open_file(&path("d/secret"))));
    fs::remove_file(run.join("f")).unwrap();
    assert!(is_replaced(opened.open_here(b"f", &path("f"))));
    symlink("../elsewhere/secret", run.join("f")).unwrap();
    assert!(matches!(
        opened.open_file(&path("f")),
        Err(Error::NotRegular { .. })
    ));
    assert!(is_replaced(opened.kind(b"gone", &path("gone"))));
}

#[test]
fn files_far_below_are_opened_by_their_path() {
    let (dir, opened) = place();
    let deep = dir.path().join("run/a/b/c");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("f"), "deep").unwrap();
    let mut file = opened.open_file(&path("a/b/c/f")).unwrap();
    assert_eq!(whole(&mut file).unwrap(), b"deep");
    assert!(is_replaced(opened.open_file(&path("a/b/c"))));
}

#[test]
fn a_pipe_is_not_waited_for() {
    let (dir, opened) = place();
    let made = std::process::Command::new("mkfifo")
        .arg(dir.path().join("run/pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    assert!(matches!(
        opened.open_here(b"pipe", &path("pipe")),
        Err(Error::NotRegular { what, .. }) if what == "special file"
    ));
    // Nor one that took the place of a file after that was looked at.
    let fd = rustix::fs::openat(&opened.fd, "pipe", CAREFUL, Mode::empty());
    assert!(fd.is_ok());
}
