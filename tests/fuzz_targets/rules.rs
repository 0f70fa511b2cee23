//! Patterns, policies, packets, and what git says to a hook.

use git_awo::hook::input;
use git_awo::packet::{ImportOptions, import};
use git_awo::policy::Policy;
use git_awo::policy::pattern::{PathSet, ref_pattern};
use git_awo::record::contract::{Contract, PathList, check_pattern};
use git_awo::record::{Findings, HashKind, ObjectId, RefName, RepoPath, json};
use git_awo::records::Movement;

use super::halves;

/// A pattern, NUL, a path.
pub fn pattern(data: &[u8]) -> bool {
    let (pattern, path) = halves(data);
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        return false;
    };
    let path = RepoPath::new(path);
    let one = [pattern.to_owned()];
    let (exact, broad) = (PathSet::exact(&one), PathSet::broad(&one));
    for list in [PathList::Allowed, PathList::Forbidden] {
        if let Err(bad) = check_pattern(pattern, list) {
            super::is_harmless(&bad.to_string());
        }
    }
    let allowed = check_pattern(pattern, PathList::Allowed).is_ok();
    assert!(
        !allowed || check_pattern(pattern, PathList::Forbidden).is_ok(),
        "allowed is the stricter list"
    );
    if let Ok(set) = &exact {
        matches(set, pattern, &path);
        let literal = !pattern.contains(['*', '?', '[', '{', '\\', '/']);
        if literal {
            let same = pattern.as_bytes() == path.as_bytes();
            assert_eq!(set.matches(&path), same, "a name without signs is itself");
        }
    }
    if let Ok(set) = &broad {
        matches(set, pattern, &path);
        if set.matches(&path) && !path.as_bytes().is_empty() && !path.as_bytes().ends_with(b"/") {
            assert!(
                set.matches(&path.join(b"below")),
                "what is forbidden is so with all below it"
            );
        }
        let upper = RepoPath::new(path.as_bytes().to_ascii_uppercase());
        if std::str::from_utf8(path.as_bytes()).is_ok() {
            assert_eq!(
                set.matches(&path),
                set.matches(&upper),
                "case makes no difference"
            );
        }
    }
    if let Ok(set) = ref_pattern(pattern) {
        matches(&set, pattern, &path);
        assert!(pattern.starts_with("refs/"));
    }
    exact.is_ok() || broad.is_ok()
}

fn matches(set: &PathSet, pattern: &str, path: &RepoPath) {
    let named = set.matches(path).then_some(pattern);
    assert_eq!(set.which(path), named, "the pattern that matches is named");
}

/// `policy.toml`, NUL, `allowed_signers`.
pub fn policy(data: &[u8]) -> bool {
    let (toml, signers) = halves(data);
    let policy = match Policy::parse(toml, signers) {
        Ok(policy) => policy,
        Err(bad) => {
            assert!(!bad.to_string().is_empty(), "a refusal has a reason");
            return false;
        }
    };
    assert!(policy.root_threshold() >= 1, "somebody must sign");
    assert!(policy.roots().len() >= policy.root_threshold(), "and can");
    for person in policy.roots() {
        assert!(policy.keyring().has_key_of(person), "a root has a key");
    }
    for person in policy.persons() {
        for role in &person.roles {
            assert!(policy.holds(&person.name, *role));
        }
    }
    for path in [".gitattributes", ".mailmap", ".GITMODULES", "a/.lfsconfig"] {
        assert!(
            policy.is_git_file(&RepoPath::from(path)),
            "git obeys {path}, whatever the policy says"
        );
    }
    for name in ["refs/heads/main", "refs/heads/wip/x", "refs/tags/v1"] {
        let name = RefName::new(name).unwrap();
        let _ = policy.ref_rules(&name);
        let is_tag = name.tag().is_some();
        assert!(is_tag || policy.tag_rules(&name).is_none());
    }
    assert!(
        policy
            .expires()
            .is_none_or(|end| !policy.expired_at(end) || policy.expired_at(end.plus_days(1)))
    );
    true
}

pub fn packet(data: &[u8]) -> bool {
    let options = ImportOptions::default();
    let draft = match import(data, &options) {
        Ok(draft) => draft,
        Err(errors) => {
            assert!(!errors.to_string().is_empty(), "a refusal has a reason");
            return false;
        }
    };
    let contract = draft
        .clone()
        .check()
        .expect("what is imported is a contract");
    let bytes = json::canonical(&contract);
    let read = json::parse_canonical::<Contract>(&bytes);
    assert_eq!(read.as_ref(), Ok(&contract), "a contract is canonical JSON");
    assert_eq!(
        json::canonical(&import(data, &options).unwrap().check().unwrap()),
        bytes
    );
    for pattern in &contract.allowed_paths {
        assert!(
            PathSet::exact(std::slice::from_ref(pattern)).is_ok(),
            "{pattern:?} can be enforced"
        );
    }
    for pattern in &contract.forbidden_paths {
        assert!(
            PathSet::broad(std::slice::from_ref(pattern)).is_ok(),
            "{pattern:?} can be enforced"
        );
    }
    true
}

pub fn hook(data: &[u8]) -> bool {
    let mut accepted = false;
    for kind in [HashKind::Sha1, HashKind::Sha256] {
        let id = |id: &Option<ObjectId>| match id {
            Some(id) => id.to_string(),
            None => "0".repeat(kind.bytes() * 2),
        };
        let lines = data.iter().filter(|b| **b == b'\n').count();

        let mut findings = Findings::default();
        let moved = input::movements(data, kind, &mut findings);
        let line = |it: &Movement| format!("{} {} {}\n", id(&it.old), id(&it.new), it.reference);
        let written: String = moved.iter().map(line).collect();
        assert!(
            !findings.is_empty() || written.as_bytes() == data,
            "each line is read or refused"
        );
        accepted |= findings.is_empty();
        assert!(moved.len() <= lines);
        let mut names: Vec<_> = moved.iter().map(|it| &it.reference).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), moved.len(), "each ref once");
        assert!(moved.iter().all(|it| it.old.is_some() || it.new.is_some()));
        for finding in findings.iter() {
            super::is_harmless(&format!(
                "{} {:?}",
                finding.found, finding.subject.reference
            ));
        }

        let mut findings = Findings::default();
        let changed = input::changes(data, kind, &mut findings);
        assert!(!findings.is_empty() || changed.len() == lines);
        let mut findings = Findings::default();
        let pushed = input::pushed(data, kind, &mut findings);
        assert!(!findings.is_empty() || pushed.len() == lines);
    }
    accepted
}
