//! Tags: what the policy says of them, and what is found of one.

use super::people::{id, name};
use super::{document, parse};
use crate::facts::tag::TagCase;
use crate::git::Kind;
use crate::policy::keyring::Signer;
use crate::policy::{Policy, Unverified};
use crate::record::commit::Person;
use crate::record::tag::Tag;
use crate::record::{Findings, RefName};
use crate::rules::tag as rules;

const ENTRIES: &str = r#"
[[ref]]
pattern = "refs/heads/main"
accept = ["direct"]
[[ref.direct]]
writers = ["*"]
paths = ["**"]
[[ref]]
pattern = "refs/heads/wip/*"
accept = ["direct"]
rewind = true
[[ref.direct]]
writers = ["*"]
paths = ["**"]
[[tag]]
pattern = "refs/tags/**"
creators = ["role:operator", "otto"]
move = true
[[tag]]
pattern = "refs/tags/v*"
creators = ["olga"]
[[tag]]
pattern = "refs/tags/build/*"
creators = ["*"]
form = "annotated"
of = ["refs/heads/wip/*"]
move = true
delete = true
[tags.adopted]
"refs/tags/v0" = "0404040404040404040404040404040404040404"
"#;

fn policy() -> Policy {
    parse(&document(ENTRIES)).unwrap()
}

fn tag(text: &str) -> RefName {
    RefName::new(format!("refs/tags/{text}")).unwrap()
}

#[test]
fn a_policy_says_what_it_means_by_tags() {
    let entry = |text: &str| document(&format!("[[tag]]\n{text}\n"));
    let good = "pattern = \"refs/tags/v*\"\ncreators = [\"otto\"]";
    assert!(parse(&entry(good)).is_ok());
    let adopted = |text: &str| document(&format!("[tags.adopted]\n{text}\n"));
    for (what, bad, says) in [
        (
            "a branch",
            entry(&good.replace("tags/v", "heads/v")),
            "begins with refs/tags/",
        ),
        (
            "no creators",
            entry(&good.replace("\"otto\"", "")),
            "nobody",
        ),
        (
            "an unknown creator",
            entry(&good.replace("otto", "vera")),
            "vera",
        ),
        (
            "a form that git does not have",
            entry(&format!("{good}\nform = \"gold\"")),
            "gold",
        ),
        (
            "creators of what is not signed",
            entry(&format!("{good}\nform = \"any\"")),
            "creators = [\"*\"]",
        ),
        (
            "of a tag",
            entry(&format!("{good}\nof = [\"refs/tags/x\"]")),
            "is not a branch",
        ),
        (
            "a bad pattern",
            entry(&format!("{good}\nof = [\"refs/heads/[\"]")),
            "refs/heads/[",
        ),
        (
            "an unknown key",
            entry(&format!("{good}\nmoves = true")),
            "moves",
        ),
        (
            "adopted: a branch",
            adopted("\"refs/heads/x\" = \"1111111111111111111111111111111111111111\""),
            "adopted",
        ),
        (
            "adopted: a short name",
            adopted("\"v1\" = \"1111111111111111111111111111111111111111\""),
            "adopted",
        ),
        (
            "adopted: no id",
            adopted("\"refs/tags/v1\" = \"v1\""),
            "adopted",
        ),
        (
            "adopted: nothing",
            adopted("\"refs/tags/v1\" = \"0000000000000000000000000000000000000000\""),
            "adopted",
        ),
    ] {
        let complaints = parse(&bad).map(|_| ()).expect_err(what);
        assert!(
            complaints.iter().any(|it| it.contains(says)),
            "{what}: {complaints:?}"
        );
    }
}

#[test]
fn every_entry_that_matches_must_allow_it() {
    let policy = policy();
    for (text, olga, otto, moves, deletes) in [
        ("x", true, true, true, false),
        ("v1", true, false, false, false),
        ("build/1", true, true, true, false),
    ] {
        let name_ = tag(text);
        let rules = policy.tag_rules(&name_).unwrap();
        assert_eq!(rules.grants_creation(&name("olga")), olga, "{text}");
        assert_eq!(rules.grants_creation(&name("otto")), otto, "{text}");
        assert!(!rules.grants_creation(&name("vera")), "{text}");
        assert_eq!(
            (rules.accepts_move(), rules.accepts_delete()),
            (moves, deletes),
            "{text}"
        );
    }
    let main = RefName::new("refs/heads/main").unwrap();
    assert!(policy.tag_rules(&main).is_none(), "a branch is none");
    let none = parse(&document("")).unwrap();
    assert!(none.tag_rules(&tag("v1")).is_none(), "as without entries");
    // Of which branches: without a word those that are never rewound, and only governed ones.
    let of = |entry, branch: &str| policy.tags_of(entry, &RefName::new(branch).unwrap());
    assert!(of(0, "refs/heads/main") && !of(0, "refs/heads/wip/x"));
    assert!(!of(2, "refs/heads/main") && of(2, "refs/heads/wip/x"));
    assert!(!of(0, "refs/heads/deep/down") && !of(9, "refs/heads/main"));
}

#[test]
fn what_is_found_of_a_tag() {
    let policy = policy();
    let found = |reference: &str, change: &dyn Fn(&mut TagCase<'_>)| {
        let reference = tag(reference);
        let tag_rules = policy.tag_rules(&reference).unwrap();
        let tagger = Person {
            name: b"x".to_vec(),
            email: b"x@x".to_vec(),
            time: 0,
        };
        let mut case = TagCase {
            rules: &tag_rules,
            id: id(1),
            tag: Some(Tag {
                id: id(1),
                target: id(2),
                of_commit: true,
                name: reference.tag().unwrap().as_bytes().to_vec(),
                tagger,
                signature: None,
            }),
            target: (Kind::Commit, id(2)),
            signer: Ok(Signer {
                person: name("olga"),
                key: String::new(),
            }),
        };
        change(&mut case);
        let mut findings = Findings::new();
        rules::created(&case, &mut findings);
        let rules = findings.iter().map(|it| format!("{} {}", it.code, it.rule));
        rules.collect::<Vec<_>>()
    };
    let as_it_is = &|_: &mut TagCase<'_>| {};
    let by_otto = &|case: &mut TagCase<'_>| {
        case.signer = Ok(Signer {
            person: name("otto"),
            key: String::new(),
        });
    };
    let light = &|case: &mut TagCase<'_>| {
        case.tag = None;
        case.signer = Err(Unverified::Tag("lightweight".to_owned()));
    };
    let unsigned = &|case: &mut TagCase<'_>| {
        case.signer = Err(Unverified::Tag("no signature".to_owned()));
    };
    let of_a_tree = &|case: &mut TagCase<'_>| case.target = (Kind::Tree, id(2));
    let says_tree = &|case: &mut TagCase<'_>| {
        case.tag.as_mut().unwrap().of_commit = false;
    };
    let renamed = &|case: &mut TagCase<'_>| {
        case.tag.as_mut().unwrap().name = b"refs/tags/v1".to_vec();
    };
    let none: [&str; 0] = [];
    assert_eq!(found("v1", as_it_is), none);
    assert_eq!(found("x", by_otto), none);
    assert_eq!(found("v1", by_otto), ["GOV-004 tag-creators"]);
    assert_eq!(found("v1", light), ["ATT-003 tag-signed"]);
    assert_eq!(found("v1", unsigned), ["ATT-003 tag-signed"]);
    assert_eq!(found("v1", of_a_tree), ["GOV-004 tag-of"]);
    assert_eq!(
        found("v1", says_tree),
        ["GOV-004 tag-of"],
        "whatever it is in fact"
    );
    assert_eq!(found("v1", renamed), ["GOV-004 tag-name"]);
    // The strictest form counts, and an adopted object is not asked for here.
    assert_eq!(found("build/1", light), ["ATT-003 tag-signed"]);
    assert_eq!(found("v0", as_it_is), none);
    // Names that mean something else too.
    for odd in [
        "main",
        "HEAD",
        "refs/heads/x",
        &"ab".repeat(20),
        &"ab".repeat(32),
    ] {
        assert_eq!(found(odd, as_it_is), ["GOV-004 tag-name"], "{odd}");
    }
    assert_eq!(found("maint", as_it_is), none);
}
