//! The policy as tables and properties.

mod artefacts;
mod attested;
mod branch;
mod chain;
mod findings;
mod gate_1;
mod gate_2;
mod gates;
mod keys;
mod life;
pub(crate) mod people;
mod reruns;
mod rollback;
mod steps;
mod story;
mod tags;
mod words;

use proptest::prelude::*;

use crate::facts::case::CommitCase;
use crate::policy::keyring::Signer;
use crate::policy::{BadPolicy, Level, Policy, Role};
use crate::record::commit::{Commit, Person as GitPerson};
use crate::record::tree::{Change, Mode, faults};
use crate::record::{Findings, IdentityName, ObjectId, RefName, RepoPath};
use crate::rules;

const OLGA: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
const OTTO: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM";

fn document(more: &str) -> String {
    format!(
        r#"schema = "awo.policy/1"
version = 1
level = "HYBRID"
[roots]
threshold = 1
identities = ["olga"]
[[identity]]
name = "olga"
roles = ["operator"]
[[identity]]
name = "otto"
roles = ["orchestrator"]
[[ref]]
pattern = "refs/heads/*"
accept = ["direct"]
[[ref.direct]]
writers = ["*"]
paths = ["src/", "docs/**", "*.md"]
{more}"#
    )
}

fn signers() -> String {
    format!("olga {OLGA}\notto {OTTO}\n")
}

fn parse(text: &str) -> Result<Policy, Vec<String>> {
    let policy = Policy::parse(text.as_bytes(), signers().as_bytes());
    policy.map_err(complaints_of)
}

/// Returns the complaints about a policy, or the features that it requires.
fn complaints_of(bad: BadPolicy) -> Vec<String> {
    match bad {
        BadPolicy::Requires(features) => features,
        BadPolicy::Complaints(complaints) => complaints,
    }
}

fn findings(policy: &Policy, person: &str, changes: &[Change]) -> Findings {
    let reference = RefName::new("refs/heads/main").unwrap();
    let rules = policy.ref_rules(&reference).unwrap();
    let id = ObjectId::Sha1([7; 20]);
    let who = GitPerson {
        name: b"x".to_vec(),
        email: b"x@x".to_vec(),
        time: 0,
    };
    let commit = Commit {
        id,
        tree: id,
        parents: vec![id],
        author: who.clone(),
        committer: who,
        message: b"m\n".to_vec(),
        signature: None,
        second_reading: None,
    };
    let signer = Ok(Signer {
        person: IdentityName::new(person).unwrap(),
        key: String::new(),
    });
    let case = CommitCase {
        rules: &rules,
        commit: &commit,
        changes,
        faults: &faults::of_added(changes),
        artefacts: Default::default(),
        lifting: &[],
        signer,
    };
    let mut findings = Findings::new();
    rules::entries(&case, &mut findings);
    rules::merge(&case, &mut findings);
    rules::direct(&case, &mut findings);
    findings
}

fn change(path: &str, mode: Mode) -> Change {
    Change {
        path: RepoPath::from(path),
        old: None,
        new: Some((mode, ObjectId::Sha1([1; 20]))),
    }
}

#[test]
fn a_good_policy_has_no_complaints() {
    let policy = parse(&document("")).unwrap();
    assert_eq!(policy.level(), Level::Hybrid);
    assert!(policy.holds(&IdentityName::new("otto").unwrap(), Role::Orchestrator));
    assert!(
        policy
            .ref_rules(&RefName::new("refs/heads/main").unwrap())
            .is_some()
    );
    assert!(
        policy
            .ref_rules(&RefName::new("refs/heads/a/b").unwrap())
            .is_none(),
        "* stops at /"
    );
}

#[test]
fn each_fault_of_a_policy_is_a_complaint() {
    let good = document("");
    for (what, bad, says) in [
        (
            "schema",
            good.replace("awo.policy/1", "awo.policy/2"),
            "schema",
        ),
        (
            "version",
            good.replace("version = 1", "version = 0"),
            "version",
        ),
        ("level", good.replace("HYBRID", "ANYTHING"), "level"),
        (
            "threshold none",
            good.replace("threshold = 1", "threshold = 0"),
            "threshold",
        ),
        (
            "threshold high",
            good.replace("threshold = 1", "threshold = 2"),
            "threshold",
        ),
        (
            "unknown root",
            good.replace("identities = [\"olga\"]", "identities = [\"vera\"]"),
            "roots",
        ),
        (
            "unknown role",
            good.replace("orchestrator", "wizard"),
            "role",
        ),
        (
            "unknown key",
            good.replace("version = 1", "version = 1\nfoo = 1"),
            "foo",
        ),
        (
            "a tag pattern",
            good.replace("refs/heads/*", "refs/tags/*"),
            "branches",
        ),
        (
            "accepts nothing",
            good.replace("accept = [\"direct\"]", "accept = []"),
            "accepts nothing",
        ),
        (
            "unknown kind",
            good.replace("accept = [\"direct\"]", "accept = [\"direct\", \"any\"]"),
            "any",
        ),
        (
            "unknown writer",
            good.replace("writers = [\"*\"]", "writers = [\"vera\"]"),
            "vera",
        ),
        (
            "bad pattern",
            good.replace("\"src/\"", "\"!src/\""),
            "negated",
        ),
        (
            "expiry",
            good.replace("version = 1", "version = 1\nexpires = \"tomorrow\""),
            "expires",
        ),
        (
            "identity twice",
            format!("{good}\n[[identity]]\nname = \"otto\"\n"),
            "names two identities",
        ),
        (
            "no approvals",
            format!("{good}\n[gates]\naudit_approvals = 0\n"),
            "approval",
        ),
        (
            "a draft with another role",
            good.replace("[\"orchestrator\"]", "[\"draft\", \"orchestrator\"]"),
            "a draft has no other role",
        ),
        (
            "a draft as root",
            good.replace("[\"operator\"]", "[\"draft\"]"),
            "a draft is no root",
        ),
        (
            "limit of none",
            format!("{good}\n[limits]\ncommits = 0\n"),
            "limit",
        ),
    ] {
        let complaints = parse(&bad).expect_err(what);
        assert!(
            complaints.iter().any(|it| it.contains(says)),
            "{what}: {complaints:?}"
        );
    }
}

#[test]
fn keys_belong_to_one_known_person() {
    let text = document("");
    for (what, signers) in [
        ("a stranger", format!("olga {OLGA}\nvera {OTTO}\n")),
        ("a shared key", format!("olga {OLGA}\notto {OLGA}\n")),
        ("a root without a key", format!("otto {OTTO}\n")),
        ("not a key", "olga ssh-ed25519 AAAA\n".to_owned()),
    ] {
        assert!(
            Policy::parse(text.as_bytes(), signers.as_bytes()).is_err(),
            "{what}"
        );
    }
    let twice = format!("olga {OLGA}\nolga {OTTO}\notto {}\n", "");
    assert!(
        Policy::parse(text.as_bytes(), twice.as_bytes()).is_err(),
        "a line without a key"
    );
    let two_keys = format!("olga {OLGA}\nolga {OTTO}\n");
    assert!(
        Policy::parse(text.as_bytes(), two_keys.as_bytes()).is_ok(),
        "a person may have several keys"
    );
}

#[test]
fn direct_commits_stay_within_what_is_granted() {
    let policy = parse(&document("")).unwrap();
    for (path, mode, code) in [
        ("src/a.py", Mode::File, None),
        ("docs/a/b.txt", Mode::File, None),
        ("README.md", Mode::File, None),
        ("lib/a.py", Mode::File, Some("GOV-003")),
        ("src", Mode::File, Some("GOV-003")),
        ("sub/README.md", Mode::File, Some("GOV-003")),
        ("src/.gitattributes", Mode::File, Some("GOV-003")),
        ("src/.GitAttributes", Mode::File, Some("GOV-003")),
        ("src/.gitmodules", Mode::File, Some("GOV-003")),
        ("src/run.sh", Mode::Executable, Some("INT-003")),
        ("src/link", Mode::Symlink, Some("INT-003")),
        ("src/module", Mode::Gitlink, Some("INT-003")),
        ("src/.GIT/config", Mode::File, Some("INT-003")),
    ] {
        let found = findings(&policy, "otto", &[change(path, mode)]);
        let codes: Vec<_> = found.iter().map(|it| it.code.as_str()).collect();
        match code {
            None => assert!(codes.is_empty(), "{path}: {codes:?}"),
            Some(code) => assert!(codes.contains(&code), "{path}: {codes:?}"),
        }
    }
}

/// Returns what a policy with these lines in `[tree]` finds in one new entry.
fn found_with(tree: &str, person: &str, path: &str, mode: Mode) -> Vec<String> {
    let text = document("").replace(
        "[[identity]]\nname = \"olga\"",
        &format!("[tree]\n{tree}\n[[identity]]\nname = \"olga\""),
    );
    let found = findings(&parse(&text).unwrap(), person, &[change(path, mode)]);
    let rules = found.iter().map(|it| it.rule.to_string());
    rules.collect()
}

#[test]
fn each_file_that_git_obeys_has_its_own_writers() {
    let tree = "git_files = { \".gitattributes\" = [\"otto\"], \".mailmap\" = [\"*\"] }";
    let kept = ["protected-artefact"];
    for (person, path, expected) in [
        ("otto", "src/.gitattributes", &[][..]),
        ("olga", "src/.gitattributes", &kept),
        ("olga", "src/.mailmap", &[]),
        ("otto", "src/.gitmodules", &kept),
        ("otto", "src/.lfsconfig", &kept),
        // Only the plain name of a plain place.
        ("otto", "src/.GitAttributes", &kept),
        ("otto", "src/.mailmap/.gitattributes", &kept),
        ("otto", "src/.gitattributes/x", &kept),
    ] {
        let found = found_with(tree, person, path, Mode::File);
        assert_eq!(found, expected, "{path} by {person}");
        let by_default = found_with("", person, path, Mode::File);
        assert!(by_default.contains(&kept[0].to_owned()), "{path}: nobody");
    }
    let also_protected = format!("{tree}\nprotected = [\".gitattributes\"]");
    let found = found_with(&also_protected, "otto", "src/.gitattributes", Mode::File);
    assert_eq!(found, kept, "what is protected besides stays so");
    for bad in [
        "git_files = { \".gitignore\" = [\"otto\"] }",
        "git_files = { \"src/.mailmap\" = [\"otto\"] }",
        "git_files = { \".mailmap\" = [\"nobody\"] }",
    ] {
        let text = document("").replace("[[ref]]", &format!("[tree]\n{bad}\n[[ref]]"));
        assert!(parse(&text).is_err(), "{bad}");
    }
}

#[test]
fn a_file_that_git_obeys_is_never_a_symlink_or_a_submodule() {
    let tree = "symlinks = [\"**\"]\nsubmodules = [\"**\"]\n\
                git_files = { \".gitattributes\" = [\"*\"], \".gitmodules\" = [\"*\"] }";
    for path in ["src/.gitattributes", "src/.gitmodules"] {
        for mode in [Mode::Symlink, Mode::Gitlink] {
            let found = found_with(tree, "otto", path, mode);
            assert_eq!(found, ["tree-entry-mode"], "{path} as {mode}");
        }
        assert!(found_with(tree, "otto", path, Mode::File).is_empty());
    }
    assert!(found_with(tree, "otto", "src/.gitignore", Mode::Symlink).is_empty());
}

#[test]
fn odd_names_and_submodules_are_where_the_policy_has_them() {
    let tree = "submodules = [\"src/lib\"]\nodd_names = [\"src/odd/**\"]";
    for (path, mode, expected) in [
        ("src/lib", Mode::Gitlink, &[][..]),
        ("src/lib2", Mode::Gitlink, &["tree-entry-mode"]),
        ("src/odd/a\tb", Mode::File, &[]),
        ("src/odd/ends.", Mode::File, &[]),
        ("src/a\tb", Mode::File, &["tree-entry-name"]),
        ("src/odd/.git ", Mode::File, &["tree-entry-name"]),
        ("src/odd/.git\t", Mode::File, &["tree-entry-name"]),
        ("src/odd/..\\x", Mode::File, &["tree-entry-name"]),
        ("src/odd/x\\.git\\config", Mode::File, &["tree-entry-name"]),
    ] {
        assert_eq!(found_with(tree, "otto", path, mode), expected, "{path:?}");
    }
}

#[test]
fn several_entries_for_one_ref_must_all_agree() {
    let stricter = "[[ref]]\npattern = \"refs/heads/main\"\naccept = [\"direct\"]\n[[ref.direct]]\nwriters = [\"olga\"]\npaths = [\"**\"]\n";
    let policy = parse(&document(stricter)).unwrap();
    assert!(!findings(&policy, "otto", &[change("src/a", Mode::File)]).is_empty());
    assert!(!findings(&policy, "olga", &[change("lib/a", Mode::File)]).is_empty());
    assert!(findings(&policy, "olga", &[change("src/a", Mode::File)]).is_empty());
}

fn rule() -> impl Strategy<Value = String> {
    let pattern =
        prop::sample::select(vec!["**", "src/", "src/a", "*.md", "docs/**", "keys/", "a"]);
    let reference = prop::sample::select(vec![
        "refs/heads/*",
        "refs/heads/main",
        "refs/heads/other",
        "refs/**",
    ]);
    let writers = prop::sample::select(vec![
        "",
        "\"olga\"",
        "\"otto\"",
        "\"role:operator\"",
        "\"*\"",
    ]);
    (pattern, reference, writers, any::<u32>()).prop_map(|(pattern, reference, writers, number)| {
        format!("[[rule]]\nname = \"r{number}\"\nrefs = [\"{reference}\"]\npaths = [\"{pattern}\"]\nwriters = [{writers}]\n")
    })
}

proptest! {
    /// The promise of the design: rules only restrict.
    #[test]
    fn adding_a_rule_never_turns_a_denial_into_an_acceptance(
        before in prop::collection::vec(rule(), 0..4),
        added in rule(),
        person in prop::sample::select(vec!["olga", "otto"]),
        paths in prop::collection::vec(
            prop::sample::select(vec!["src/a", "src/b/c", "README.md", "docs/x", "keys/k", "lib/z", "src/keys/k", "a"]), 1..4),
    ) {
        let text = before.concat();
        let (Ok(fewer), Ok(more)) = (parse(&document(&text)), parse(&document(&format!("{text}{added}")))) else {
            // Two rules of one name: no policy at all, which denies everything.
            return Ok(());
        };
        let changes: Vec<_> = paths.iter().map(|path| change(path, Mode::File)).collect();
        let earlier = findings(&fewer, person, &changes);
        let later = findings(&more, person, &changes);
        prop_assert!(earlier.is_empty() || !later.is_empty());
        for finding in earlier.iter() {
            let kept = later.iter().any(|it| it.subject == finding.subject && it.code == finding.code);
            prop_assert!(kept, "a finding went away");
        }
    }
}

/// Returns the policy in which a touch is demanded for these, and who may sign what in it.
fn touched(words: &str) -> Result<Policy, Vec<String>> {
    parse(&document(&format!("[gates]\nrequire_touch = [{words}]\n")))
}

#[test]
fn a_touch_is_demanded_of_what_people_sign_and_never_so_that_no_root_is_left() {
    let olga = IdentityName::new("olga").unwrap();
    let policy = touched(r#""approval", "commit""#).unwrap();
    let may = |namespace| policy.keyring().may_sign(&olga, namespace);
    assert!(!may("git-awo.approval") && !may("git"), "her key is a file");
    assert!(may("git-awo.attestation"), "nothing is demanded of that");
    for (words, complaint) in [
        (r#""receipt""#, "not something that persons sign"),
        (r#""approvals""#, "not something that persons sign"),
        (r#""git-awo.approval""#, "not something that persons sign"),
        (r#""policy""#, "no key that may sign a policy"),
    ] {
        let complaints = touched(words).unwrap_err();
        assert!(
            complaints.iter().any(|it| it.contains(complaint)),
            "{words}: {complaints:?}"
        );
    }
}

#[test]
fn limits_may_be_lowered_and_only_those_of_a_push_raised() {
    for good in [
        "refs = 2000",
        "commits = 20000",
        "paths = 200000",
        "component_bytes = 100",
        "record_depth = 8",
        "inventory_lines = 50000",
    ] {
        let text = document(&format!("[limits]\n{good}\n"));
        assert!(parse(&text).is_ok(), "{good}");
    }
    for bad in [
        "refs = 0",
        "evidence_bytes = 67108865",
        "component_bytes = 256",
        "path_bytes = 4097",
        "tree_depth = 65",
        "record_bytes = 1048577",
        "record_depth = 33",
        "inventory_bytes = 8388609",
        "inventory_lines = 50001",
        "inventory_lines = 0",
        "files = 1",
    ] {
        let text = document(&format!("[limits]\n{bad}\n"));
        assert!(parse(&text).is_err(), "{bad}");
    }
}
