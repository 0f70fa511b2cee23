//! Records that no command would write: payload, signature and place as an attacker wants them.

use std::collections::BTreeSet;

use git_awo::actor::Actor;
use git_awo::git::{self, CommitDraft};
use git_awo::record::envelope::{Envelope, EnvelopeSignature, pae};
use git_awo::record::{IdentityName, ObjectId, RefName, RunId, Timestamp};
use git_awo::records::{Kind, Notes, Predicate, RunPredicate, SelfApprovalPredicate, Statement};
use git_awo::sandbox;
use git_awo::store::layout::{self, LedgerPath};
use git_awo::store::ledger::{Records, note_lines};

use super::door::{Door, Pushed};
use crate::world::{RUN, World};

pub const LEDGER: &str = "refs/awo/ledger";

/// The ref of approvals that expire then.
pub fn approvals_until(expires: Timestamp) -> String {
    layout::notes(Notes::APPROVALS.until(expires)).to_string()
}

/// The ref of attestations that expire then.
pub fn attestations_until(expires: Timestamp) -> String {
    layout::notes(Notes::ATTESTATIONS.until(expires)).to_string()
}

/// What `git awo verify` came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    pub exit: i32,
    /// The codes of findings and of what is undecided.
    pub codes: BTreeSet<String>,
    /// Codes and rules: `GOV-009 human-required`.
    pub rules: BTreeSet<String>,
}

impl Door {
    pub fn actor(&self) -> Actor {
        self.world.actor(self.who)
    }

    /// The run of this world.
    pub fn run(&self) -> RunId {
        RunId::new(RUN).unwrap()
    }

    /// Reads a record of this person's clone.
    pub fn says<P: Predicate>(&self, path: &LedgerPath) -> P {
        let envelope = self.record(path);
        Statement::<P>::parse(envelope.payload()).unwrap().predicate
    }

    pub fn record(&self, path: &LedgerPath) -> Envelope {
        let actor = self.actor();
        let refs = actor.refs().unwrap();
        let records = Records::open(&actor.repo, &refs).unwrap();
        records.envelope(path).unwrap().expect("it is there")
    }

    pub fn run_says(&self) -> RunPredicate {
        self.says(&Kind::Run.of(self.run()))
    }

    /// The context of a statement by this person in a role.
    pub fn context(&self, role: &str) -> git_awo::records::Context {
        let actor = self.actor();
        let history = actor.history().unwrap();
        actor.context_as(&history, IdentityName::new(self.who).unwrap(), role)
    }

    /// Signs bytes as a payload in any namespace.
    pub fn sign_in(&self, namespace: &str, payload: &[u8]) -> EnvelopeSignature {
        let made = self.actor().sign_raw(namespace, &pae(payload)).unwrap();
        EnvelopeSignature {
            keyid: made.public_key().fingerprint().to_owned(),
            sig: made.to_blob().to_vec(),
        }
    }

    /// Returns the envelope of any payload, signed by this person in the namespace of a kind.
    pub fn sealed(&self, kind: Kind, payload: impl AsRef<[u8]>) -> Envelope {
        let payload = payload.as_ref().to_vec();
        let signature = self.sign_in(kind.namespace(), &payload);
        Envelope::new(payload, vec![signature])
    }

    /// Returns the payload of an override of the run, by this person.
    pub fn override_of(&self, change: impl FnOnce(&mut SelfApprovalPredicate)) -> Vec<u8> {
        let run = self.run_says();
        let mut says = SelfApprovalPredicate {
            allow_self_approval: "1".into(),
            commit: run.commit,
            context: self.context("operator"),
            reason: "holidays".into(),
            root: run.root,
            run: run.run,
        };
        change(&mut says);
        Statement::new(says).to_payload()
    }

    /// Where an override of this payload stands.
    pub fn override_path(&self, envelope: &Envelope) -> String {
        let path = Kind::SelfApproval
            .one_of(self.run(), envelope.digest())
            .to_path();
        path.to_str().unwrap().to_owned()
    }

    /// A commit on top of what the server has of a governance ref, with the tree that this person's
    /// clone has there, in which these files are other ones, new ones or gone.
    #[track_caller]
    pub fn grown(&self, reference: &str, edits: &[(&str, Option<&[u8]>)]) -> String {
        let actor = self.actor();
        let name = RefName::new(reference).unwrap();
        let tip = actor.repo.reference(&name).unwrap();
        let base = tip.map(|tip| actor.repo.commit(tip).unwrap().tree);
        let edits = sandbox::forge::blobs(&actor.repo, edits).unwrap();
        let standing = self.standing(reference);
        let draft = CommitDraft {
            tree: actor.repo.edit_tree(base, &edits).unwrap(),
            parents: standing.into_iter().collect(),
            author: actor.author(),
            committer: actor.author(),
            message: b"forged\n".to_vec(),
            signature: None,
        };
        actor.repo.write_commit(&draft).unwrap().to_string()
    }

    /// Where a ref of the server stands.
    pub fn standing(&self, reference: &str) -> Option<ObjectId> {
        let listed = self.world.server();
        let line = listed
            .lines()
            .find_map(|line| line.split_once(' ').filter(|it| it.0 == reference));
        line.map(|(_, id)| id.parse().unwrap())
    }

    /// A commit in which these lines stand besides in the note of an object.
    #[track_caller]
    pub fn noted(&self, reference: &str, object: ObjectId, more: &[&[u8]]) -> String {
        let actor = self.actor();
        let tip = actor
            .repo
            .reference(&RefName::new(reference).unwrap())
            .unwrap();
        let there = tip.and_then(|tip| {
            git::note(&actor.repo, actor.repo.commit(tip).unwrap().tree, object).unwrap()
        });
        let there = there
            .map(|blob| actor.repo.blob(blob).unwrap())
            .unwrap_or_default();
        let mut lines: BTreeSet<&[u8]> = note_lines(&there).collect();
        lines.extend(more);
        let mut text = lines.into_iter().collect::<Vec<_>>().join(&b'\n');
        text.push(b'\n');
        let path = git::note_path(object);
        self.grown(reference, &[(path.to_str().unwrap(), Some(&text))])
    }

    /// The override stands in the ledger in these bytes, where its digest says.
    pub fn overridden(&self, envelope: &Envelope) -> String {
        self.grown(
            LEDGER,
            &[(&self.override_path(envelope), Some(&envelope.to_bytes()))],
        )
    }

    /// The ledger with this override is refused with exactly these codes.
    #[track_caller]
    pub fn refuses_override(&self, what: &str, envelope: &Envelope, codes: &[&str]) -> Pushed {
        let commit = self.overridden(envelope);
        self.refuses_push(what, &[&format!("{commit}:{LEDGER}")], codes)
    }

    #[track_caller]
    pub fn accepts_override(&self, what: &str, envelope: &Envelope) {
        self.accepts_record(what, LEDGER, &self.overridden(envelope));
    }

    /// The server takes this commit, and the clone has it from then on.
    #[track_caller]
    pub fn accepts_record(&self, what: &str, reference: &str, commit: &str) {
        self.accepts_push(what, &[&format!("{commit}:{reference}")]);
        self.world.ok(
            self.who,
            self.who,
            &["git", "update-ref", reference, commit],
        );
    }

    /// Pushed it is refused, and forced past the hooks it is found, each with exactly these codes.
    /// Afterwards the server is as it was.
    #[track_caller]
    pub fn refuses_and_finds(&self, what: &str, refspecs: &[&str], door: &[&str], verify: &[&str]) {
        self.refuses_push(what, refspecs, door);
        let found = self.forced(refspecs);
        let wanted: BTreeSet<String> = verify.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!((found.exit, found.codes), (1, wanted), "{what}, forced");
    }

    /// Forces what is refused past the hooks; returns what a clone finds. Afterwards the server is as it was.
    #[track_caller]
    pub fn forced(&self, refspecs: &[&str]) -> Verified {
        let before: Vec<_> = refspecs
            .iter()
            .map(|it| it.rsplit_once(':').map_or(*it, |(_, name)| name))
            .map(|name| (name, self.standing(name)))
            .collect();
        let seen = self.seen();
        self.world.force(self.who, refspecs);
        // The clone forgets that it has seen there what is taken back.
        let mut forget = String::new();
        for name in self.seen().keys().filter(|it| !seen.contains_key(*it)) {
            forget.push_str(&format!("delete {name}\n"));
        }
        for (name, id) in seen {
            forget.push_str(&format!("update {name} {id}\n"));
        }
        let script =
            format!("printf '%s' '{forget}' | git -c core.hooksPath=/dev/null update-ref --stdin");
        self.world.ok(self.who, self.who, &["sh", "-c", &script]);
        let found = self.verdict();
        for (name, id) in before {
            let id = id.map_or("-d".to_owned(), |id| id.to_string());
            let mut words = vec!["git", "-c", "core.hooksPath=/dev/null", "update-ref"];
            match id.as_str() {
                "-d" => words.extend(["-d", name]),
                id => words.extend([name, id]),
            }
            self.world.ok("server", "server.git", &words);
        }
        found
    }

    /// What this person's clone last saw of governance refs of the server.
    fn seen(&self) -> std::collections::BTreeMap<String, String> {
        let words = [
            "git",
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            "refs/awo-remotes",
        ];
        let listed = self.world.ok(self.who, self.who, &words);
        let pair = |line: &str| {
            line.split_once(' ')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
        };
        listed.lines().filter_map(pair).collect()
    }

    /// The verdict of a clone that has what the server has now.
    #[track_caller]
    pub fn verdict(&self) -> Verified {
        verdict(&self.world)
    }
}

#[track_caller]
pub fn verdict(world: &World) -> Verified {
    if world.path("vera").exists() {
        let words = [
            "git",
            "fetch",
            "--quiet",
            "--prune",
            "origin",
            "+refs/heads/*:refs/remotes/origin/*",
            "+refs/awo/*:refs/awo/*",
            "+refs/notes/awo/*:refs/notes/awo/*",
        ];
        world.ok("vera", "vera", &words);
    } else {
        world.fresh_clone();
    }
    let words = ["git", "awo", "verify", "--json"];
    let output = world.command("vera", "vera", &words).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let listed = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let all = [listed("findings"), listed("undecided")].concat();
    let part = |it: &serde_json::Value, key: &str| it[key].as_str().unwrap().to_owned();
    let rule = |it| format!("{} {}", part(it, "code"), part(it, "rule"));
    Verified {
        exit: output.status.code().unwrap_or(-1),
        codes: all.iter().map(|it| part(it, "code")).collect(),
        rules: all.iter().map(rule).collect(),
    }
}
