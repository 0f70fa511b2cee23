//! A single flipped byte in any governance object is found by `verify`: once as it stands on the disk,
//! and once by somebody who builds everything around it anew, so that all hashes fit again.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress};
use git_awo::actor::Actor;
use git_awo::check::Marks;
use git_awo::check::verify::{Clone, Scope, verify};
use git_awo::git::Kind;
use git_awo::record::Verdict;

use super::Case;
use crate::figure::figure;
use crate::world::World;

mod long;

pub const CASES: &[Case] = &[
    Case {
        id: "R-90",
        attack: "one byte of a stored governance object is flipped on the disk",
        answer: "every code but none",
        tests: &[
            "hostile::sweep::a_flipped_byte_on_the_disk_is_found",
            "hostile::sweep::long::every_flipped_byte_is_found",
        ],
    },
    Case {
        id: "R-91",
        attack: "one byte of a governance object is flipped, and all hashes that depend on it are recomputed",
        answer: "every code but none",
        tests: &[
            "hostile::sweep::a_flipped_byte_with_hashes_made_to_fit_is_found",
            "hostile::sweep::long::every_flipped_byte_is_found",
        ],
    },
];

/// A clone of a server on which all is well, each object in a file of its own.
struct Golden {
    world: World,
    actor: Actor,
    /// Governance refs and where they are.
    refs: BTreeMap<String, String>,
    /// Governance objects, those that others name before them.
    objects: Vec<Object>,
}

struct Object {
    id: String,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Golden {
    fn of(world: World) -> Self {
        world.fresh_clone();
        // The files of a local clone are those of the server, under a second name.
        let unpack = "mkdir ../packs; mv .git/objects/pack/* ../packs 2>/dev/null || true; \
                      for pack in ../packs/*.pack; do [ ! -e $pack ] || git unpack-objects -q < $pack; done; \
                      cp -r .git/objects ../own; rm -rf .git/objects; mv ../own .git/objects; \
                      chmod -R u+w .git/objects";
        world.ok("vera", "vera", &["sh", "-ec", unpack]);
        let mut refs = BTreeMap::new();
        let each = [
            "git",
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            "refs/awo",
            "refs/notes/awo",
        ];
        for line in world.ok("vera", "vera", &each).lines() {
            let (name, id) = line.split_once(' ').unwrap();
            refs.insert(name.to_owned(), id.to_owned());
        }
        assert_eq!(
            refs.len(),
            6,
            "policy, ledger, log, evidence, two notes: {refs:?}"
        );
        // The commits of branches are not governance's, though evidence holds them.
        let mut words = vec![
            "git",
            "rev-list",
            "--objects",
            "--topo-order",
            "--no-object-names",
        ];
        words.extend(refs.values().map(String::as_str));
        words.extend(["--not", "origin/main"]);
        let listed = world.ok("vera", "vera", &words);
        let mut objects: Vec<_> = listed.lines().map(|id| load(&world, id)).collect();
        objects.reverse();
        // Blobs, then trees from the leaves up, then commits from the oldest on.
        let mut depth: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..16 {
            for object in &objects {
                let below = object
                    .names()
                    .into_iter()
                    .filter_map(|id| depth.get(&id).copied())
                    .max();
                depth.insert(object.id.clone(), below.map_or(0, |below| below + 1));
            }
        }
        objects.sort_by_key(|object| depth[&object.id]);
        let actor = Actor::open(&world.path("vera")).unwrap();
        let golden = Self {
            world,
            actor,
            refs,
            objects,
        };
        assert!(golden.holds(), "all is well before");
        golden
    }

    fn file(&self, id: &str) -> PathBuf {
        file(&self.world, id)
    }

    /// Whether `verify` says that all is well.
    fn holds(&self) -> bool {
        holds(&self.world.path("vera"))
    }

    /// Returns the id and the stored form of an object.
    fn frame(&self, kind: Kind, content: &[u8]) -> (String, Vec<u8>) {
        let id = self.actor.repo.hash(kind, content).expect("no collision");
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(format!("{kind} {}\0", content.len()).as_bytes())
            .unwrap();
        encoder.write_all(content).unwrap();
        (id.to_string(), encoder.finish().unwrap())
    }

    fn set_refs(&self, refs: &BTreeMap<String, String>) {
        for (name, id) in refs {
            std::fs::write(
                self.world.path(&format!("vera/.git/{name}")),
                format!("{id}\n"),
            )
            .unwrap();
        }
    }

    /// Writes what this clone would hold if the object had other bytes: everything that names it,
    /// directly or not, is written anew, and the refs follow.
    fn rebuild(&self, target: usize, bytes: &[u8]) -> (BTreeMap<String, String>, Vec<PathBuf>) {
        let mut moved: BTreeMap<&str, String> = BTreeMap::new();
        let mut written = Vec::new();
        for (at, object) in self.objects.iter().enumerate() {
            let content = if at == target {
                bytes.to_vec()
            } else {
                object.with(&moved)
            };
            if content == object.bytes {
                continue;
            }
            let (id, stored) = self.frame(object.kind, &content);
            let path = self.file(&id);
            if !path.exists() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, stored).unwrap();
                written.push(path);
            }
            moved.insert(&object.id, id);
        }
        let refs = self
            .refs
            .iter()
            .map(|(name, id)| (name.clone(), moved.get(id.as_str()).unwrap_or(id).clone()));
        (refs.collect(), written)
    }
}

impl Object {
    /// The objects that this one names, as hexadecimal text.
    fn names(&self) -> Vec<String> {
        match self.kind {
            Kind::Commit => {
                let head = String::from_utf8_lossy(&self.bytes);
                let named = head.lines().take_while(|line| !line.is_empty());
                named
                    .filter_map(|line| line.strip_prefix("tree ").or(line.strip_prefix("parent ")))
                    .map(str::to_owned)
                    .collect()
            }
            Kind::Tree => {
                let mut names = Vec::new();
                let mut rest = self.bytes.as_slice();
                while let Some(at) = rest.iter().position(|byte| *byte == 0) {
                    names.push(hex(&rest[at + 1..at + 21]));
                    rest = &rest[at + 21..];
                }
                names
            }
            _ => Vec::new(),
        }
    }

    /// The bytes with the objects named exchanged for what they were moved to.
    fn with(&self, moved: &BTreeMap<&str, String>) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for name in self.names() {
            let Some(new) = moved.get(name.as_str()) else {
                continue;
            };
            let (old, new) = match self.kind {
                Kind::Commit => (name.into_bytes(), new.clone().into_bytes()),
                _ => (unhex(&name), unhex(new)),
            };
            let mut at = 0;
            while let Some(found) = bytes[at..].windows(old.len()).position(|it| it == old) {
                bytes[at + found..at + found + old.len()].copy_from_slice(&new);
                at += found + old.len();
            }
        }
        bytes
    }
}

fn load(world: &World, id: &str) -> Object {
    let stored = std::fs::read(file(world, id)).unwrap();
    let mut plain = Vec::new();
    ZlibDecoder::new(stored.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    let end = plain.iter().position(|byte| *byte == 0).unwrap();
    let kind = match plain.split(|byte| *byte == b' ').next().unwrap() {
        b"blob" => Kind::Blob,
        b"tree" => Kind::Tree,
        b"commit" => Kind::Commit,
        other => panic!("{other:?}"),
    };
    Object {
        id: id.to_owned(),
        kind,
        bytes: plain[end + 1..].to_vec(),
    }
}

fn holds(place: &Path) -> bool {
    // A clone that cannot even be opened is not in order.
    let Ok(actor) = Actor::open(place) else {
        return false;
    };
    let anchor = actor.anchor().unwrap();
    let clone = Clone {
        reader: &actor.repo,
        anchor: anchor.as_ref(),
        marks: &Marks::default(),
        receipts: &[],
        fresh: None,
        time: actor.now(),
        cache: false,
    };
    verify(&clone, &Scope::All).verdict() == Verdict::Allowed
}

fn file(world: &World, id: &str) -> PathBuf {
    world.path(&format!("vera/.git/objects/{}/{}", &id[..2], &id[2..]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// How the flips went.
#[derive(Debug, Default)]
struct Swept {
    flips: usize,
    /// Where `verify` said that all is well.
    missed: Vec<String>,
    /// Flips after which the file still holds the very same object: in the padding, or in the end
    /// of the stream behind the last byte of the content. What is read has the hash that it should;
    /// `git fsck` tells that the file is damaged.
    same: usize,
}

impl Golden {
    /// Flips every `step`-th byte of the files, by these bits.
    fn on_the_disk(&self, step: usize, bits: &[u8]) -> Swept {
        let mut swept = Swept::default();
        let mut count = 0;
        for object in &self.objects {
            let path = self.file(&object.id);
            let good = std::fs::read(&path).unwrap();
            let mut plain = Vec::new();
            let mut decoder = ZlibDecoder::new(good.as_slice());
            decoder.read_to_end(&mut plain).unwrap();
            for at in 0..good.len() {
                count += 1;
                if count % step != 0 {
                    continue;
                }
                for bit in bits {
                    let mut bad = good.clone();
                    bad[at] ^= bit;
                    std::fs::write(&path, &bad).unwrap();
                    swept.flips += 1;
                    if self.holds() {
                        match still_holds(&bad, &plain) {
                            true => swept.same += 1,
                            false => swept.missed.push(format!(
                                "{} {} byte {at} of {}, {bit:#04x}",
                                object.kind,
                                object.id,
                                good.len()
                            )),
                        }
                    }
                }
            }
            std::fs::write(&path, &good).unwrap();
        }
        assert!(self.holds(), "all is well again");
        swept
    }

    /// Flips every `step`-th byte of the contents, by these bits, and makes the hashes fit.
    fn made_to_fit(&self, step: usize, bits: &[u8]) -> Swept {
        let mut swept = Swept::default();
        let mut count = 0;
        for (target, object) in self.objects.iter().enumerate() {
            for at in 0..object.bytes.len() {
                count += 1;
                if count % step != 0 {
                    continue;
                }
                for bit in bits {
                    let mut bytes = object.bytes.clone();
                    bytes[at] ^= bit;
                    let (refs, written) = self.rebuild(target, &bytes);
                    assert_ne!(refs, self.refs, "it reaches a ref");
                    self.set_refs(&refs);
                    swept.flips += 1;
                    if self.holds() {
                        let text =
                            String::from_utf8_lossy(&object.bytes[at.saturating_sub(30)..at])
                                .into_owned();
                        swept.missed.push(format!(
                            "{} {} byte {at} of {}, {bit:#04x}, after {text:?}",
                            object.kind,
                            object.id,
                            object.bytes.len()
                        ));
                    }
                    for path in written {
                        std::fs::remove_file(path).unwrap();
                    }
                }
            }
        }
        self.set_refs(&self.refs);
        assert!(self.holds(), "all is well again");
        swept
    }

    fn bytes(&self) -> usize {
        self.objects.iter().map(|object| object.bytes.len()).sum()
    }
}

/// Whether a file still holds this object: as many bytes as it has, whatever follows them.
fn still_holds(stored: &[u8], plain: &[u8]) -> bool {
    let mut out = vec![0; plain.len()];
    // That the stream does not end well is an error behind the last byte; before it, bytes differ.
    let _ = Decompress::new(true).decompress(stored, &mut out, FlushDecompress::None);
    out == plain
}

#[track_caller]
fn found(what: &str, sweep: impl FnOnce() -> Swept) {
    let start = Instant::now();
    let swept = sweep();
    eprintln!(
        "{what}: {} flips, {} of them left the same object, {} missed, {:.0} s",
        swept.flips,
        swept.same,
        swept.missed.len(),
        start.elapsed().as_secs_f64()
    );
    assert!(swept.flips > 20, "{} flips", swept.flips);
    figure(
        &format!("one byte of a governance object flipped, {what}"),
        swept.flips - swept.same,
        format!("{} missed", swept.missed.len()),
        "0 missed",
    );
    let some: Vec<_> = swept.missed.iter().take(40).collect();
    assert!(
        swept.missed.is_empty(),
        "{} missed: {some:#?}",
        swept.missed.len()
    );
}

#[test]
fn a_flipped_byte_on_the_disk_is_found() {
    let golden = Golden::of(World::rejected());
    found("on the disk, every 397th byte", || {
        golden.on_the_disk(397, &[0x01])
    });
}

#[test]
fn a_flipped_byte_with_hashes_made_to_fit_is_found() {
    let golden = Golden::of(World::rejected());
    found("made to fit, every 701st byte", || {
        golden.made_to_fit(701, &[0x01])
    });
}
