//! Repositories for tests, built by git itself in a closed environment.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Reader, Repo};
use crate::record::{HashKind, ObjectId};

/// A bare repository with nothing in it, made without git.
pub fn bare() -> TempDir {
    let dir = crate::sys::scratch::directory().unwrap();
    for below in ["objects/pack", "refs/heads"] {
        fs::create_dir_all(dir.path().join(below)).unwrap();
    }
    fs::write(dir.path().join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
    fs::write(dir.path().join("config"), config).unwrap();
    dir
}

/// Some files as they were, to be damaged and put back.
pub struct Kept {
    /// Files, and directories of files.
    roots: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Kept {
    pub fn of(roots: &[PathBuf]) -> Self {
        let mut files = Vec::new();
        for root in roots {
            let inner = fs::read_dir(root).into_iter().flatten();
            files.extend(inner.map(|entry| entry.unwrap().path()));
            files.extend(root.is_file().then(|| root.clone()));
        }
        let files = files.into_iter();
        Self {
            roots: roots.to_vec(),
            files: files
                .map(|it| (it.clone(), fs::read(it).unwrap()))
                .collect(),
        }
    }

    /// Puts everything back, and nothing else stays.
    pub fn restore(&self) {
        for root in &self.roots {
            let _ = fs::remove_dir_all(root);
            let _ = fs::remove_file(root);
        }
        for (path, bytes) in &self.files {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// Damages one file after the other: changes a byte of each `step`, which is chosen by the length,
    /// cuts the file there, and removes it. Asks after each damage; what the last one has led to stays.
    /// Returns how often a byte was changed or a file cut.
    pub fn damage(&self, step: impl Fn(usize) -> usize, asks: impl Fn(&str)) -> usize {
        let mut tried = 0;
        for (path, bytes) in &self.files {
            for at in (0..bytes.len()).step_by(step(bytes.len())) {
                self.restore();
                let mut other = bytes.clone();
                other[at] ^= 0x41;
                fs::write(path, &other).unwrap();
                asks(&format!("{} at {at}", path.display()));
                self.restore();
                fs::write(path, &bytes[..at]).unwrap();
                asks(&format!("{} cut at {at}", path.display()));
                tried += 2;
            }
            self.restore();
            fs::remove_file(path).unwrap();
            asks(&format!("{} removed", path.display()));
        }
        tried
    }
}

/// A directory with its own home, in which git ignores this machine's configuration.
pub(super) struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        Self {
            dir: crate::sys::scratch::directory().unwrap(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Makes a repository, bare if its name ends with `.git`.
    pub(super) fn init(&self, name: &str, kind: HashKind) -> Site<'_> {
        let format = match kind {
            HashKind::Sha1 => "--object-format=sha1",
            HashKind::Sha256 => "--object-format=sha256",
        };
        let dir = self.path().join(name);
        let mut args = vec!["init", "-q", "-b", "main", format, name];
        if name.ends_with(".git") {
            args.insert(1, "--bare");
        }
        Site {
            sandbox: self,
            dir: self.path().to_owned(),
        }
        .git(&args);
        Site { sandbox: self, dir }
    }

    pub(super) fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(dir);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.path());
        for (key, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ("GIT_AUTHOR_DATE", "1700000000 +0000"),
            ("GIT_COMMITTER_NAME", "C"),
            ("GIT_COMMITTER_EMAIL", "c@example.org"),
            ("GIT_COMMITTER_DATE", "1700000001 +0000"),
            ("LC_ALL", "C"),
        ] {
            command.env(key, value);
        }
        command
    }
}

/// One repository of a sandbox.
pub(super) struct Site<'s> {
    pub(super) sandbox: &'s Sandbox,
    pub(super) dir: PathBuf,
}

impl Site<'_> {
    /// Runs git, which must succeed, and returns its output without the last line feed.
    pub(super) fn git(&self, args: &[&str]) -> String {
        self.git_with(args, b"")
    }

    pub(super) fn git_with(&self, args: &[&str], input: &[u8]) -> String {
        let output = self.try_git(args, input);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {stderr}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end_matches('\n')
            .to_owned()
    }

    pub(super) fn try_git(&self, args: &[&str], input: &[u8]) -> std::process::Output {
        let mut child = self
            .sandbox
            .command("git", &self.dir)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // git may answer or exit before it has read everything.
            scope.spawn(move || stdin.write_all(input).ok());
            child.wait_with_output().unwrap()
        })
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::open(&self.dir).unwrap()
    }

    pub(super) fn repo(&self) -> Repo {
        Repo::open(&self.dir).unwrap()
    }

    pub(super) fn id(&self, revision: &str) -> ObjectId {
        self.git(&["rev-parse", "--verify", revision])
            .parse()
            .unwrap()
    }

    /// Feeds fast-import and returns the ids of its marks, in order.
    pub(super) fn import(&self, stream: &[u8]) -> Vec<ObjectId> {
        let marks = self.sandbox.path().join("marks");
        let option = format!("--export-marks={}", marks.display());
        self.git_with(&["fast-import", "--quiet", "--force", &option], stream);
        let text = std::fs::read_to_string(&marks).unwrap();
        let mut list: Vec<(usize, ObjectId)> = text
            .lines()
            .map(|line| {
                let (mark, id) = line.split_once(' ').unwrap();
                (mark[1..].parse().unwrap(), id.parse().unwrap())
            })
            .collect();
        list.sort();
        list.into_iter().map(|(_, id)| id).collect()
    }

    /// Returns the path of a loose object.
    pub(super) fn loose(&self, id: ObjectId) -> PathBuf {
        let hex = id.to_string();
        let git_dir = self.git(&["rev-parse", "--absolute-git-dir"]);
        Path::new(&git_dir)
            .join("objects")
            .join(&hex[..2])
            .join(&hex[2..])
    }
}

/// A deterministic pseudo-random number generator.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n as u64).unwrap()
    }
}

/// Writes one commit of a fast-import stream.
pub(super) fn commit(
    stream: &mut String,
    mark: usize,
    date: u64,
    parents: &[usize],
    files: &[(&str, Option<&str>)],
) {
    let message = format!("commit {mark}");
    writeln!(stream, "commit refs/heads/b{mark}\nmark :{mark}").unwrap();
    writeln!(stream, "committer C <c@example.org> {date} +0000").unwrap();
    writeln!(stream, "data {}\n{message}", message.len()).unwrap();
    for (at, parent) in parents.iter().enumerate() {
        writeln!(
            stream,
            "{} :{parent}",
            if at == 0 { "from" } else { "merge" }
        )
        .unwrap();
    }
    for (path, content) in files {
        match content {
            Some(content) => {
                let (mode, content) = match content.strip_prefix("->") {
                    Some(target) => ("120000", target),
                    None if content.starts_with("#!") => ("100755", *content),
                    None => ("100644", *content),
                };
                writeln!(
                    stream,
                    "M {mode} inline {path}\ndata {}\n{content}",
                    content.len()
                )
                .unwrap();
            }
            None => writeln!(stream, "D {path}").unwrap(),
        }
    }
    stream.push('\n');
}
