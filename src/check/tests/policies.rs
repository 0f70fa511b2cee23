//! A history of policies, each version linked to the one before and signed by its roots.

use crate::check::Error;
use crate::facts::policies::{Anchor, PolicyHistory};
use crate::git::{self, CommitDraft, Repo};
use crate::record::commit::Person;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{Coded, ObjectId, RepoPath, Rule, Sha256, Subject};
use crate::records::{Kind, PolicyPredicate, Statement};
use crate::rules::tests::people::{document, id, key, name, sha, signature, signers, time};
use crate::signing::Signer as _;

/// The files of a policy commit: name, mode, bytes.
type Files = Vec<(&'static str, Mode, Vec<u8>)>;

/// A policy commit, before anything of it is signed or stored.
struct Draft {
    text: String,
    parents: Vec<ObjectId>,
    says: fn(&mut PolicyPredicate),
    by: &'static [&'static str],
    files: fn(&mut Files),
    date: &'static str,
}

struct Site {
    dir: tempfile::TempDir,
    repo: Repo,
}

impl Site {
    fn new() -> Self {
        let dir = crate::sys::scratch::directory().unwrap();
        git::run(dir.path(), &["init", "--quiet", "--bare", "."]).unwrap();
        let repo = Repo::open(dir.path()).unwrap();
        Self { dir, repo }
    }

    /// Stores the version after these, whatever it is worth.
    fn commit(&self, before: &[ObjectId], draft: &Draft) -> ObjectId {
        let mut says = PolicyPredicate {
            allowed_signers: Sha256::of(signers().as_bytes()),
            policy: Sha256::of(draft.text.as_bytes()),
            predecessor: before.last().copied(),
            repository: before.first().copied(),
            version: u32::try_from(before.len()).unwrap() + 1,
        };
        (draft.says)(&mut says);
        let bare = Envelope::new(Statement::new(says).to_payload(), vec![]);
        let sign = |who: &&str| signature(who, Kind::Policy.namespace(), &bare.pae());
        let signatures = draft.by.iter().map(sign).collect();
        let envelope = Envelope::new(bare.payload().to_vec(), signatures);
        let mut files = vec![
            ("allowed_signers", Mode::File, signers().into_bytes()),
            ("policy.dsse.json", Mode::File, envelope.to_bytes()),
            ("policy.toml", Mode::File, draft.text.clone().into_bytes()),
        ];
        (draft.files)(&mut files);
        let entries: Vec<_> = files
            .into_iter()
            .map(|(name, mode, bytes)| {
                let blob = self.repo.write_blob(&bytes).unwrap();
                (RepoPath::from(name), Some((mode, blob)))
            })
            .collect();
        let who = Person {
            name: b"x".to_vec(),
            email: b"x@x".to_vec(),
            time: time(draft.date).seconds(),
        };
        let draft = CommitDraft {
            tree: self.repo.edit_tree(None, &entries).unwrap(),
            parents: draft.parents.clone(),
            author: who.clone(),
            committer: who,
            message: b"policy\n".to_vec(),
            signature: None,
        };
        self.repo.write_commit(&draft).unwrap()
    }

    fn first(&self) -> ObjectId {
        self.commit(&[], &version(1, &[]))
    }

    /// Loads the history up to a commit: the number of versions, or `CODE rule`.
    fn load(&self, tip: ObjectId) -> Result<PolicyHistory, String> {
        let repo = Repo::open(self.dir.path()).unwrap();
        match PolicyHistory::load(repo.reader(), tip) {
            Ok(history) => Ok(history),
            Err(Error::Policy(bad)) => {
                let finding = bad.to_finding(Subject::none());
                assert_eq!(
                    finding.subject.commit,
                    Some(tip.to_string()),
                    "it names the commit"
                );
                let code = finding.code.as_str();
                Err(format!("{code} {}: {}", finding.rule, finding.remedy))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Returns a version in order: both roots, olga and anna, sign it.
fn version(number: u32, parents: &[ObjectId]) -> Draft {
    let roots = "threshold = 2\nidentities = [\"olga\", \"anna\"]";
    let text = document()
        .replace("version = 1\n", &format!("version = {number}\n"))
        .replace("threshold = 1\nidentities = [\"olga\"]", roots);
    Draft {
        text,
        parents: parents.to_vec(),
        says: |_| {},
        by: &["olga", "anna"],
        files: |_| {},
        date: "2026-01-10T00:00:00Z",
    }
}

#[test]
fn a_history_in_order_says_what_is_in_force() {
    let site = Site::new();
    let first = site.first();
    let second = site.commit(&[first], &version(2, &[first]));
    let third = site.commit(&[first, second], &version(3, &[second]));
    let history = site.load(third).unwrap();
    assert_eq!(history.commits(), [first, second, third]);
    assert_eq!(history.versions().len(), 3);
    assert_eq!((history.repository(), history.last_index()), (first, 2));
    assert_eq!(history.current().commit, third);
    assert_eq!(history.version(1).commit, second);
    assert_eq!(history.version(7).commit, third);
    assert_eq!(history.index_of(second), Some(1));
    assert_eq!(history.index_of(id(9)), None);
    let at = time("2026-01-10T00:00:00Z");
    let position = history.position(1, Some(at));
    assert_eq!(position.policies, [first, second]);
    assert_eq!((position.repository, position.time), (first, Some(at)));
    assert_eq!(position.policy.version(), 2);
    let now = history.now(at);
    assert_eq!((now.policies.len(), now.policy.version()), (3, 3));
    let fingerprint = |who: &str| Anchor::Key(key(who).public_key().fingerprint().to_owned());
    for (anchor, starts) in [
        (Anchor::Commit(first), true),
        (Anchor::Commit(second), false),
        (fingerprint("olga"), true),
        (fingerprint("anna"), true),
        (fingerprint("rita"), false),
    ] {
        assert_eq!(history.starts_at(&anchor), starts, "{anchor}");
    }
    assert_eq!(history.version(0).signers[0].person, name("olga"));
}

#[test]
fn each_version_is_linked_and_signed() {
    let site = Site::new();
    let first = site.first();
    let second = site.commit(&[first], &version(2, &[first]));
    assert!(site.load(second).is_ok(), "in order");
    let of = |edit: fn(&mut Draft)| {
        let mut draft = version(2, &[first]);
        edit(&mut draft);
        let tip = site.commit(&[first], &draft);
        site.load(tip).err().unwrap_or_default()
    };
    for (what, found, expected) in [
        (
            "another policy",
            of(|it| it.says = |it| it.policy = sha(1)),
            "GOV-006 policy-digests",
        ),
        (
            "other keys",
            of(|it| it.says = |it| it.allowed_signers = sha(1)),
            "GOV-006 policy-digests",
        ),
        (
            "another predecessor",
            of(|it| it.says = |it| it.predecessor = Some(id(9))),
            "GOV-006 policy-linked",
        ),
        (
            "another repository",
            of(|it| it.says = |it| it.repository = Some(id(9))),
            "GOV-006 policy-repository",
        ),
        (
            "another version signed",
            of(|it| it.says = |it| it.version = 3),
            "GOV-006 policy-version",
        ),
        (
            "another version written",
            of(|it| it.text = it.text.replace("version = 2\n", "version = 3\n")),
            "GOV-006 policy-version",
        ),
        (
            "a version left out",
            of(|it| {
                it.text = it.text.replace("version = 2\n", "version = 3\n");
                it.says = |it| it.version = 3;
            }),
            "GOV-006 policy-version",
        ),
        (
            "one root of two",
            of(|it| it.by = &["olga"]),
            "GOV-006 policy-threshold: git awo policy sign, by anna",
        ),
        (
            "one root twice",
            of(|it| it.by = &["anna", "anna"]),
            "GOV-006 policy-threshold: git awo policy sign, by olga",
        ),
        (
            "one who is not a root",
            of(|it| it.by = &["olga", "anna", "rita"]),
            "GOV-006 policy-roots",
        ),
        ("nobody", of(|it| it.by = &[]), "ATT-003 one-signature"),
        (
            "a stranger",
            of(|it| it.by = &["olga", "stranger"]),
            "ATT-004 key-known",
        ),
        (
            "a file more",
            of(|it| it.files = |it| it.push(("README", Mode::File, vec![]))),
            "GOV-006 policy-files",
        ),
        (
            "a file less",
            of(|it| it.files = |it| _ = it.pop()),
            "GOV-006 policy-files",
        ),
        (
            "another name",
            of(|it| it.files = |it| it[2].0 = "policy.txt"),
            "GOV-006 policy-files",
        ),
        (
            "a program",
            of(|it| it.files = |it| it[2].1 = Mode::Executable),
            "GOV-006 policy-files",
        ),
        (
            "no envelope",
            of(|it| it.files = |it| it[1].2 = b"{}".to_vec()),
            "GOV-006 policy-envelope",
        ),
        (
            "no policy",
            of(|it| it.text = "x".to_owned()),
            "GOV-006 policy-readable",
        ),
        (
            "two parents",
            of(|it| it.parents.push(it.parents[0])),
            "GOV-006 policy-linear",
        ),
    ] {
        assert!(found.starts_with(expected), "{what}: {found:?}");
    }
}

#[test]
fn another_first_version_is_another_repository() {
    let site = Site::new();
    let first = site.first();
    let other = site.commit(&[first], &version(2, &[]));
    let found = site.load(other).err().unwrap();
    assert!(found.starts_with("GOV-006 policy-linked"), "{found}");
    let reader = Repo::open(site.dir.path()).unwrap();
    let mut history = site.load(first).unwrap();
    let third = site.commit(&[first], &version(2, &[other]));
    let extended = history.extend(reader.reader(), third);
    let text = "cannot judge by this policy: GOV-006 its parent is not the policy before it";
    assert_eq!(extended.as_ref().unwrap_err().to_string(), text);
    assert!(matches!(extended, Err(Error::Policy(found))
        if found.to_finding(Subject::none()).rule == Rule::PolicyLinked));
    assert_eq!(history.commits(), [first], "nothing is appended");
}

#[test]
fn a_version_that_was_dated_back_is_refused_at_its_real_time() {
    let site = Site::new();
    let narrow = |draft: Draft| Draft {
        files: |it| {
            let text = signers().replace("anna ", "anna valid-before=\"20260115Z\" ");
            it[0].2 = text.into_bytes();
        },
        says: |it| {
            let text = signers().replace("anna ", "anna valid-before=\"20260115Z\" ");
            it.allowed_signers = Sha256::of(text.as_bytes());
        },
        ..draft
    };
    let first = site.commit(&[], &narrow(version(1, &[])));
    let second = site.commit(&[first], &narrow(version(2, &[first])));
    let history = site.load(second).unwrap();
    for index in [0, 1] {
        let at = |text| history.refuses_at(index, time(text));
        assert!(at("2026-01-14T00:00:00Z").is_none());
        let finding = at("2026-01-16T00:00:00Z")
            .unwrap()
            .to_finding(Subject::none());
        assert_eq!(finding.rule, "key-known");
        assert_eq!(
            finding.subject.commit,
            Some(history.commits()[index].to_string())
        );
        assert_eq!(finding.subject.record, None);
    }
    assert!(
        history
            .refuses_at(2, time("2026-01-16T00:00:00Z"))
            .is_none()
    );
}
