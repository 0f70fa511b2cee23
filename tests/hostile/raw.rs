//! Objects that no tool would write: the bytes go in as they are, git checks nothing.

use std::io::Write as _;
use std::process::Stdio;

use crate::world::World;

/// One entry of a tree as an attacker writes it: mode, name, hexadecimal object id.
pub type Entry<'a> = (&'a str, &'a [u8], &'a str);

/// Writes objects into one clone.
pub struct Raw<'a> {
    pub world: &'a World,
    pub who: &'a str,
}

/// Writes an object of a kind (`blob`, `tree`, `commit`, `tag`) into a clone; returns its id.
#[track_caller]
pub fn object(world: &World, (who, place): (&str, &str), kind: &str, bytes: &[u8]) -> String {
    let words = [
        "git",
        "hash-object",
        "-w",
        "--literally",
        "--stdin",
        "-t",
        kind,
    ];
    let mut command = world.command(who, place, &words);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{kind} is written");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Raw<'_> {
    /// Writes an object of a kind (`blob`, `tree`, `commit`, `tag`); returns its id.
    #[track_caller]
    pub fn object(&self, kind: &str, bytes: &[u8]) -> String {
        object(self.world, (self.who, self.who), kind, bytes)
    }

    pub fn blob(&self, bytes: impl AsRef<[u8]>) -> String {
        self.object("blob", bytes.as_ref())
    }

    /// Writes a tree of these entries, in git's order.
    #[track_caller]
    pub fn tree(&self, entries: &[Entry<'_>]) -> String {
        let mut entries = entries.to_vec();
        let key = |(mode, name, _): &Entry<'_>| {
            let end: &[u8] = if mode.ends_with("40000") { b"/" } else { b"" };
            [name, end].concat()
        };
        entries.sort_by_key(key);
        self.tree_as_it_is(&entries)
    }

    /// Writes a tree of these entries in this order.
    #[track_caller]
    pub fn tree_as_it_is(&self, entries: &[Entry<'_>]) -> String {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend(unhex(id));
        }
        self.object("tree", &bytes)
    }

    /// Returns the entries of a tree that is there: to build a tree that differs in one of them.
    pub fn entries(&self, tree: &str) -> Vec<(String, Vec<u8>, String)> {
        let listed = self
            .world
            .ok(self.who, self.who, &["git", "ls-tree", "-z", tree]);
        let entries = listed.split_terminator('\0').map(|line| {
            let (meta, name) = line.split_once('\t').unwrap();
            let mut words = meta.split(' ');
            let mode = words.next().unwrap().trim_start_matches('0').to_owned();
            (
                mode,
                name.as_bytes().to_vec(),
                words.nth(1).unwrap().to_owned(),
            )
        });
        entries.collect()
    }

    /// Writes a tree like `base` in which these entries stand besides, or instead of their namesakes.
    #[track_caller]
    pub fn tree_with(&self, base: &str, entries: &[Entry<'_>]) -> String {
        let named = |name: &[u8]| entries.iter().any(|entry| entry.1 == name);
        let there = self.entries(base);
        let mut all: Vec<Entry<'_>> = there
            .iter()
            .filter(|(_, name, _)| !named(name))
            .map(|(mode, name, id)| (mode.as_str(), name.as_slice(), id.as_str()))
            .collect();
        all.extend_from_slice(entries);
        self.tree(&all)
    }

    /// Writes a commit signed by this person, whatever its tree may be.
    #[track_caller]
    pub fn commit(&self, tree: &str, parents: &[&str], message: &str) -> String {
        let mut head = format!("tree {tree}\n");
        for parent in parents {
            head.push_str(&format!("parent {parent}\n"));
        }
        let who = self.who;
        for role in ["author", "committer"] {
            head.push_str(&format!(
                "{role} {who} <{who}@example.org> 1700000000 +0000\n"
            ));
        }
        self.sign_commit(head.as_bytes(), message.as_bytes())
    }

    /// Writes a commit of these header lines and this message, signed over exactly these bytes.
    #[track_caller]
    pub fn sign_commit(&self, headers: &[u8], message: &[u8]) -> String {
        let payload = [headers, b"\n", message].concat();
        let signature = self
            .world
            .actor(self.who)
            .sign_raw("git", &payload)
            .unwrap();
        let header = if self.is_sha256() {
            "gpgsig-sha256"
        } else {
            "gpgsig"
        };
        let folded = signature.to_armor().trim_end().replace('\n', "\n ");
        let bytes = [
            headers,
            format!("{header} {folded}\n").as_bytes(),
            b"\n",
            message,
        ]
        .concat();
        self.object("commit", &bytes)
    }

    fn is_sha256(&self) -> bool {
        let words = ["git", "rev-parse", "--show-object-format"];
        self.world.ok(self.who, self.who, &words).trim() == "sha256"
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16));
    bytes.collect::<Result<_, _>>().unwrap()
}

impl Raw<'_> {
    /// Speaks to the server's `git receive-pack` itself, with a pack of exactly these objects: for
    /// what no client would pack. Returns all that was answered.
    #[track_caller]
    pub fn receive(&self, reference: &str, old: &str, new: &str, objects: &[&str]) -> String {
        let pack = self.pipe(
            self.who,
            &["git", "pack-objects", "--stdout", "--quiet"],
            format!("{}\n", objects.join("\n")).as_bytes(),
        );
        let command = format!("{old} {new} {reference}\0report-status atomic");
        let mut said = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
        said.extend(pack.stdout);
        let place = "server.git";
        let answer = self.pipe(place, &["git", "receive-pack", "."], &said);
        let text = [answer.stdout, answer.stderr].concat();
        // Each answer stands behind its length.
        let text = String::from_utf8_lossy(&text).into_owned();
        text.replace("ok refs/", "\nok refs/")
    }

    /// Puts these objects into the server's store, past every check.
    #[track_caller]
    pub fn unpack(&self, objects: &[&str]) {
        let list = format!("{}\n", objects.join("\n"));
        let words = ["git", "pack-objects", "--stdout", "--quiet"];
        let pack = self.pipe(self.who, &words, list.as_bytes());
        let done = self.pipe("server.git", &["git", "unpack-objects", "-q"], &pack.stdout);
        assert!(done.status.success(), "the objects are unpacked");
    }

    fn pipe(&self, place: &str, words: &[&str], input: &[u8]) -> std::process::Output {
        let mut command = self.world.command(self.who, place, words);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        // Whoever refuses early does not read to the end.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }
}
