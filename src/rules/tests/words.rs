//! What a policy answers when asked, and the limits of what it may say.

use super::complaints_of;
use super::story::*;
use crate::policy::{BadPolicy, Level, Policy, Role};
use crate::record::RepoPath;

fn changed(from: &str, to: &str) -> Result<Policy, BadPolicy> {
    let text = document();
    assert!(text.contains(from), "{from}");
    Policy::parse(text.replace(from, to).as_bytes(), signers().as_bytes())
}

fn added(more: &str) -> Result<Policy, BadPolicy> {
    let text = document() + more;
    Policy::parse(text.as_bytes(), signers().as_bytes())
}

/// Returns the complaints, none if the policy is taken.
fn complaints(policy: Result<Policy, BadPolicy>) -> Vec<String> {
    policy.err().map_or_else(Vec::new, complaints_of)
}

#[test]
fn a_policy_of_a_newer_program_is_refused_for_what_it_requires_and_nothing_else() {
    let newer = "requires = [\"automation/9\"]\nschema";
    let text = document().replacen("schema", newer, 1);
    let parse = |text: &str| Policy::parse(text.as_bytes(), signers().as_bytes());
    let requires = || Some(BadPolicy::Requires(vec!["automation/9".to_owned()]));
    assert_eq!(parse(&text).err(), requires(), "although all else is known");
    let strange = format!("{text}\n[telemetry]\nmode = \"shadow\"\n");
    assert_eq!(parse(&strange).err(), requires(), "with a table of its own");
    let broken = strange.replace("version = 1", "version = \"one\"");
    assert_eq!(
        parse(&broken).err(),
        requires(),
        "nothing else is looked at"
    );
    let bad_signers = Policy::parse(strange.as_bytes(), b"nonsense");
    assert_eq!(bad_signers.err(), requires());
    let none = document().replacen("schema", "requires = []\nschema", 1);
    assert!(parse(&none).is_ok(), "who needs nothing is read as ever");
    let unknown = document() + "\n[telemetry]\nmode = \"shadow\"\n";
    let complaints = complaints_of(parse(&unknown).unwrap_err());
    assert!(complaints[0].contains("telemetry"), "{complaints:?}");
    let twice = document().replacen("schema", "requires = [\"a/1\", \"a/1\"]\nschema", 1);
    assert!(matches!(parse(&twice), Err(BadPolicy::Complaints(_))));
}

#[test]
fn who_asks_for_admissions_as_records_requires_the_feature() {
    let asks = |word: &str| {
        let gates = format!("[gates]\nadmission = \"{word}\"\n");
        document().replacen("[gates]\n", &gates, 1)
    };
    let parse = |text: &str| Policy::parse(text.as_bytes(), signers().as_bytes());
    assert!(!parse(&asks("packet")).unwrap().admits_by_record());
    let bare = complaints(parse(&asks("record")));
    assert_eq!(bare.len(), 1, "{bare:?}");
    assert!(bare[0].contains("requires = [\"admission/1\"]"), "{bare:?}");
    let requires = "requires = [\"admission/1\"]\nschema";
    let text = asks("record").replacen("schema", requires, 1);
    assert!(parse(&text).unwrap().admits_by_record());
    let other = complaints(parse(&asks("Record")));
    assert!(other[0].contains("unknown variant"), "{other:?}");
}

#[test]
fn it_names_who_holds_what() {
    let policy = policy(&document());
    let of = |who: &str| policy.roles_of(&name(who));
    assert_eq!(of("olga"), "operator, root");
    assert_eq!(of("otto"), "orchestrator, reviewer");
    assert_eq!(of("stranger"), "none");
    assert_eq!(policy.holders(Role::Reviewer), "otto, rita, vera");
    assert_eq!(policy.holders(Role::Model), "nobody");
    let but = |role, who: &str| policy.holders_but(role, &name(who));
    assert_eq!(but(Role::Reviewer, "rita"), "otto, vera");
    assert_eq!(but(Role::Orchestrator, "otto"), "the policy names none");
    assert!(policy.holds(&name("otto"), Role::Reviewer));
    assert!(!policy.holds(&name("otto"), Role::Operator));
    let roots: Vec<_> = policy.roots().iter().map(ToString::to_string).collect();
    assert_eq!((roots, policy.root_threshold()), (vec!["olga".into()], 1));
    assert_eq!((policy.version(), policy.level()), (1, Level::Hybrid));
    let persons: Vec<_> = policy.persons().map(|it| it.name.to_string()).collect();
    assert_eq!(persons, ["anna", "olga", "otto", "rita", "server", "vera"]);
    let nobody = changed("roles = [\"operator\"]", "roles = []").unwrap();
    assert_eq!(nobody.roles_of(&name("anna")), "none");
}

#[test]
fn the_log_is_written_by_servers_that_have_a_key() {
    let servers = |policy: &Policy| -> Vec<String> {
        policy.log_writers().map(|it| it.name.to_string()).collect()
    };
    assert_eq!(servers(&policy(&document())), ["server"]);
    let second = "[[identity]]\nname = \"spare\"\nroles = [\"server\"]\n";
    assert_eq!(servers(&added(second).unwrap()), ["server"]);
}

#[test]
fn it_is_in_force_until_it_expires() {
    let policy = changed(
        "version = 1\n",
        "version = 1\nexpires = \"2026-02-01T00:00:00Z\"\n",
    );
    let policy = policy.unwrap();
    assert!(!policy.expired_at(time("2026-01-31T23:59:59Z")));
    assert!(policy.expired_at(time("2026-02-01T00:00:00Z")));
    assert!(policy.expired_at(time("2026-02-01T00:00:01Z")));
    assert_eq!(policy.expires(), Some(time("2026-02-01T00:00:00Z")));
    let forever = changed("version = 1\n", "version = 2\n").unwrap();
    assert!(!forever.expired_at(time("2999-01-01T00:00:00Z")));
    assert_eq!((forever.expires(), forever.version()), (None, 2));
}

#[test]
fn it_names_the_pattern_that_protects() {
    let policy = policy(&document());
    let protects = |path: &str| policy.protects(&RepoPath::from(path)).map(str::to_owned);
    assert_eq!(protects("a/guarded/b"), Some("guarded/".to_owned()));
    assert_eq!(protects("src/a"), None);
    let otto = name("otto");
    let keeps = |path: &str| {
        let kept = policy.keeps_git_file(&RepoPath::from(path), &otto);
        kept.map(str::to_owned)
    };
    assert_eq!(keeps("a/.gitmodules"), Some(".gitmodules".to_owned()));
    assert_eq!(keeps("src/a"), None);
}

#[test]
fn every_level_and_role_has_one_word() {
    for (word, level) in [
        ("FULL_HUMAN", Level::FullHuman),
        ("HYBRID", Level::Hybrid),
        ("AUTONOMOUS", Level::Autonomous),
        ("LOCKED", Level::Locked),
    ] {
        assert_eq!(Level::of_text(word), Some(level));
        assert_eq!(level.word(), word);
    }
    for role in Role::ALL {
        assert_eq!(Role::of_word(role.word()), Some(*role));
    }
    assert_eq!(Role::of_word("root"), None);
}

#[test]
fn numbers_are_taken_at_their_bounds_and_not_beyond() {
    let taken = |from: &str, to: &str| complaints(changed(from, to)).is_empty();
    let days = |days: u32| taken("[gates]\n", &format!("[gates]\napproval_days = {days}\n"));
    assert!(days(1) && days(3_650) && !days(0) && !days(3_651));
    assert!(!taken("task_approvals = 1", "task_approvals = 0"));
    assert!(!taken("audit_approvals = 1", "audit_approvals = 0"));
    assert!(taken("version = 1", "version = 4294967295"));
    let roots = |threshold: u32| {
        let to = format!("threshold = {threshold}\nidentities = [\"olga\", \"anna\"]");
        taken("threshold = 1\nidentities = [\"olga\"]", &to)
    };
    assert!(roots(1) && roots(2) && !roots(0) && !roots(3));
    let limit = |name: &str, is: u64| complaints(added(&format!("[limits]\n{name} = {is}\n")));
    for (name, most) in [
        ("evidence_bytes", 64 * 1024 * 1024),
        ("component_bytes", 255),
        ("path_bytes", 4_096),
        ("tree_depth", 64),
        ("record_bytes", 1024 * 1024),
        ("record_depth", 32),
        ("inventory_bytes", 8 * 1024 * 1024),
        ("inventory_lines", 50_000),
    ] {
        assert!(limit(name, most).is_empty() && limit(name, 1).is_empty());
        assert_eq!(
            limit(name, most + 1),
            [format!("limits: {name} is at most {most}")]
        );
        assert_eq!(limit(name, 0).len(), 1, "{name} of nothing");
    }
    for name in ["refs", "commits", "paths"] {
        assert!(
            limit(name, 1_000_000_000).is_empty(),
            "{name} may be raised"
        );
        assert_eq!(limit(name, 0).len(), 1);
    }
}

#[test]
fn what_cannot_be_meant_is_a_complaint() {
    let entry = |more: &str| format!("[[ref]]\npattern = \"refs/heads/x\"\n{more}");
    let rule = |name: &str, refs: &str, paths: &str| {
        format!("[[rule]]\nname = \"{name}\"\nrefs = [{refs}]\npaths = [{paths}]\nwriters = []\n")
    };
    let direct = "direct = [{ writers = [\"*\"], paths = [\"**\"] }]\n";
    let (refs, paths) = ("\"refs/heads/x\"", "\"a\"");
    for (more, expected) in [
        (entry("accept = [\"governed\"]\n"), None),
        (entry(&format!("accept = [\"direct\"]\n{direct}")), None),
        (entry("accept = [\"direct\"]\n"), Some("grants nobody")),
        (
            entry(&format!("accept = [\"governed\"]\n{direct}")),
            Some("direct"),
        ),
        (entry("accept = []\n"), Some("accepts nothing")),
        (
            entry(&format!(
                "accept = [\"governed\"]\nadopted = \"{}\"\n",
                id(5)
            )),
            None,
        ),
        (
            entry("accept = [\"governed\"]\nadopted = \"tip\"\n"),
            Some("adopted"),
        ),
        (rule("r", refs, paths), None),
        (rule("", refs, paths), Some("empty or taken")),
        (rule("keys", refs, paths), Some("empty or taken")),
        (rule("r", "", paths), Some("matches nothing")),
        (rule("r", refs, ""), Some("matches nothing")),
        (rule("r", "\"heads/x\"", paths), Some("refs/")),
        (rule("r", refs, "\"!a\""), Some("negated")),
    ] {
        let found = complaints(added(&more));
        match expected {
            None => assert!(found.is_empty(), "{more}: {found:?}"),
            Some(says) => {
                assert_eq!(found.len(), 1, "{more}: {found:?}");
                assert!(found[0].contains(says), "{more}: {found:?}");
            }
        }
    }
}

#[test]
fn a_principal_is_one_person() {
    let with = |principals: &str| {
        let text = document().replace(
            "name = \"vera\"\n",
            &format!("name = \"vera\"\nprincipals = [{principals}]\n"),
        );
        let signers = signers().replace("vera ", "vera@example.org ");
        Policy::parse(text.as_bytes(), signers.as_bytes())
    };
    let policy = with("\"vera@example.org\"").unwrap();
    assert!(policy.keyring().has_key_of(&name("vera")));
    assert!(!complaints(with("")).is_empty(), "no identity");
    assert!(!complaints(with("\"vera@example.org\", \"rita\"")).is_empty());
}
