//! A server for tests: a bare repository with keys, a policy and commits, written in process.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::actor::{Actor, Settings};
use crate::check::Anchor;
use crate::git::{self, CommitDraft, Expected, Reader, RefUpdate, Repo};
use crate::record::commit::Person;
use crate::record::envelope::{Envelope, EnvelopeSignature, pae};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, Sha256, Timestamp};
use crate::records::{Kind, Movement, PolicyPredicate, Statement};
use crate::signing::{self, Signer};

/// When everything happens.
pub(super) const NOW: i64 = 1_800_000_000;

pub(super) struct World {
    dir: TempDir,
}

pub(super) fn name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

pub(super) fn movement(reference: &str, old: Option<ObjectId>, new: Option<ObjectId>) -> Movement {
    Movement {
        reference: name(reference),
        old,
        new,
    }
}

pub(super) fn line(movement: &Movement) -> String {
    let shown = |id: Option<ObjectId>| id.map_or("0".repeat(40), |id| id.to_string());
    format!(
        "{} {} {}\n",
        shown(movement.old),
        shown(movement.new),
        movement.reference
    )
}

impl World {
    /// Makes a server with its key, and the keys of olga (root), carl (writer) and eve (nobody).
    pub(super) fn new() -> Self {
        let world = Self {
            dir: crate::sys::scratch::directory().unwrap(),
        };
        git::run(
            world.path(),
            &["init", "-q", "--bare", "-b", "main", "server.git"],
        )
        .unwrap();
        for (seed, who) in [(1, "olga"), (2, "carl"), (3, "eve")] {
            signing::generate_ed25519(&world.path().join(who), who, [seed; 32]).unwrap();
        }
        let key = Settings::at(&world.git_dir()).server_key();
        std::fs::create_dir_all(key.parent().unwrap()).unwrap();
        signing::generate_ed25519(&key, "server", [9; 32]).unwrap();
        world
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn git_dir(&self) -> PathBuf {
        self.path().join("server.git").canonicalize().unwrap()
    }

    pub(super) fn repo(&self) -> Repo {
        Repo::open(&self.git_dir()).unwrap()
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::open(&self.git_dir()).unwrap()
    }

    pub(super) fn actor(&self) -> Actor {
        Actor::of(self.repo())
    }

    pub(super) fn key(&self, who: &str) -> PathBuf {
        self.path().join(who)
    }

    fn signer(&self, who: &str) -> Box<dyn Signer> {
        signing::open_signer(self.key(who).to_str().unwrap()).unwrap()
    }

    /// Writes a policy commit. `roles` are those of the server's key.
    pub(super) fn policy(
        &self,
        version: u32,
        before: &[ObjectId],
        level: &str,
        roles: &str,
    ) -> ObjectId {
        let text = format!(
            "schema = \"awo.policy/1\"\nversion = {version}\nlevel = \"{level}\"\n\
             [roots]\nthreshold = 1\nidentities = [\"olga\"]\n\
             [[identity]]\nname = \"olga\"\nroles = [\"operator\"]\n\
             [[identity]]\nname = \"carl\"\n\
             [[identity]]\nname = \"server\"\nroles = [{roles}]\n\
             [[ref]]\npattern = \"refs/heads/main\"\naccept = [\"direct\"]\n\
             [[ref.direct]]\nwriters = [\"carl\"]\npaths = [\"src/**\"]\n\
             [[ref]]\npattern = \"refs/heads/wip/**\"\naccept = [\"direct\"]\nmerges = true\nrewind = true\n\
             [[ref.direct]]\nwriters = [\"*\"]\npaths = [\"**\"]\n"
        );
        let mut signers = String::new();
        for who in ["olga", "carl"] {
            signers.push_str(&format!(
                "{who} {}\n",
                self.signer(who).public_key().to_line()
            ));
        }
        let server = Settings::at(&self.git_dir()).server_key();
        let server = signing::open_signer(server.to_str().unwrap()).unwrap();
        signers.push_str(&format!("server {}\n", server.public_key().to_line()));
        let payload = Statement::new(PolicyPredicate {
            allowed_signers: Sha256::of(signers.as_bytes()),
            policy: Sha256::of(text.as_bytes()),
            predecessor: before.last().copied(),
            repository: before.first().copied(),
            version,
        })
        .to_payload();
        let signature = self
            .signer("olga")
            .sign(Kind::Policy.namespace(), &pae(&payload))
            .unwrap();
        let envelope = Envelope::new(
            payload,
            vec![EnvelopeSignature {
                keyid: signature.public_key().fingerprint().to_owned(),
                sig: signature.to_blob().to_vec(),
            }],
        );
        let envelope = envelope.to_bytes();
        let files: [(&str, &[u8]); 3] = [
            ("policy.toml", text.as_bytes()),
            ("allowed_signers", signers.as_bytes()),
            ("policy.dsse.json", &envelope),
        ];
        self.commit(before.last().copied(), &files, None)
    }

    /// Writes a commit of these files, signed by that person.
    pub(super) fn commit(
        &self,
        parent: Option<ObjectId>,
        files: &[(&str, &[u8])],
        who: Option<&str>,
    ) -> ObjectId {
        let repo = self.repo();
        let file = |(path, bytes): &(&str, &[u8])| {
            (
                RepoPath::from(*path),
                Some((Mode::File, repo.write_blob(bytes).unwrap())),
            )
        };
        let edits: Vec<_> = files.iter().map(file).collect();
        let person = Person {
            name: b"X".to_vec(),
            email: b"x@example.org".to_vec(),
            time: NOW,
        };
        let mut draft = CommitDraft {
            tree: repo.edit_tree(None, &edits).unwrap(),
            parents: parent.into_iter().collect(),
            author: person.clone(),
            committer: person,
            message: b"a commit\n".to_vec(),
            signature: None,
        };
        if let Some(who) = who {
            let signature = self
                .signer(who)
                .sign("git", &draft.payload(repo.hash_kind()))
                .unwrap();
            draft.signature = Some(signature.to_armor().into_bytes());
        }
        let id = repo.write_commit(&draft).unwrap();
        repo.sync().unwrap();
        id
    }

    /// Moves refs, as receive-pack does after the hooks agreed.
    pub(super) fn apply(&self, movements: &[Movement]) {
        let update = |movement: &Movement| RefUpdate {
            name: movement.reference.clone(),
            expected: movement.old.map_or(Expected::Absent, Expected::At),
            new: movement.new,
        };
        let updates: Vec<_> = movements.iter().map(update).collect();
        self.repo().update_refs(&updates, "push").unwrap();
    }

    pub(super) fn anchor(&self, commit: ObjectId) {
        Settings::at(&self.git_dir())
            .set_anchor(&Anchor::Commit(commit))
            .unwrap();
    }

    /// Returns a server whose policy stands, and the policy commit.
    pub(super) fn governed() -> (Self, ObjectId) {
        let world = Self::new();
        let policy = world.policy(1, &[], "HYBRID", "\"server\"");
        world.anchor(policy);
        world.apply(&[movement("refs/awo/policy", None, Some(policy))]);
        (world, policy)
    }
}
