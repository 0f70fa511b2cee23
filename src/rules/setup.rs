//! What an installation must have so that nothing of it is silently absent: hooks that git calls,
//! an anchor, keys, a clock, files that only their owner may write.

use std::fmt::Display;

use crate::git::ViewProblem;
use crate::policy::{Policy, TagRules};
use crate::record::{Finding, ObjectId, RefName, Rule, Subject};
use crate::sys::shell::quote;

/// The oldest git that does what we need: `reference-transaction` came with 2.28, and `rev-parse
/// --end-of-options` works from 2.30 on.
const OLDEST_GIT: (u32, u32) = (2, 30);
/// git holds a lock for milliseconds; one that is so many minutes old belongs to nobody.
const OLD_LOCK: i64 = 10;
/// Clocks may differ by so many seconds.
const SKEW: i64 = 300;

fn finding(rule: Rule, found: impl Display, expected: impl Display, remedy: &str) -> Finding {
    rule.finding(Subject::none())
        .found(found)
        .expected(expected)
        .remedy(remedy)
}

/// Returns the finding that a hook is not as this version installs it.
pub fn hook(name: &str, state: &str) -> Finding {
    finding(
        Rule::HooksInstalled,
        format!("{name}: {state}"),
        "the hooks of this version",
        "git awo hooks install",
    )
}

/// Returns the finding that the repository belongs to another user: git reads other configuration
/// there.
pub fn foreign(home: impl Display) -> Finding {
    finding(
        Rule::OwnRepository,
        format!("{home} belongs to another user: what git would do here is not known"),
        "a repository of the user who asks",
        &format!("git config --global --add safe.directory {home}, or ask its owner"),
    )
}

/// Returns the finding that git cannot say where it looks for hooks.
pub fn hooks_unknown(why: impl Display) -> Finding {
    finding(
        Rule::HooksPath,
        why,
        "an answer (git 2.31 or later)",
        "git config --show-origin core.hooksPath",
    )
}

/// Returns the finding that git runs the hooks of another directory.
pub fn hooks_elsewhere(looked: impl Display, ours: impl Display) -> Finding {
    finding(
        Rule::HooksPath,
        format!("git runs the hooks of {looked}"),
        format!("those of {ours}"),
        "git config --unset core.hooksPath (git config --show-origin core.hooksPath says where it is set)",
    )
}

/// Returns the finding that the hooks stand where only Gitaly looks, and Gitaly does not run here.
pub fn hooks_without_gitaly(looked: impl Display, hook: &str, state: &str) -> Finding {
    finding(
        Rule::HooksCalled,
        format!(
            "custom_hooks/ has ours, which only GitLab's Gitaly runs, and this is no storage of \
             Gitaly's (no .gitaly-metadata above it); git runs {looked}, with {hook} {state}"
        ),
        "our hooks where they are called",
        "git awo hooks uninstall --server, then git awo hooks install --server",
    )
}

/// Returns the finding that a server has no receive log, though the policy names who writes it.
pub fn no_log(policy: &Policy) -> Option<Finding> {
    policy.log_writers().next()?;
    Some(finding(
        Rule::LogKept,
        "no refs/awo/log, though the policy names who writes it",
        "the receive log",
        "git fetch CLONE refs/awo/log:refs/awo/log, here, from a clone that has it",
    ))
}

/// Returns the finding that the newest entry of the receive log cannot be read.
pub fn unreadable_log() -> Finding {
    finding(
        Rule::LogReadable,
        "the newest entry of the receive log cannot be read",
        "an entry of this version",
        "git awo verify",
    )
}

/// Returns the finding that a ref moved without an entry in the receive log.
pub fn past_the_hooks(
    reference: &RefName,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Finding {
    let place = |id: Option<ObjectId>| id.map_or("nowhere".to_owned(), |id| id.to_string());
    Rule::PastTheHooks
        .finding(Subject::of_ref(reference))
        .found(format!(
            "moved to {} without an entry in the log",
            place(new)
        ))
        .expected(format!("{}, as the receive log says", place(old)))
        .remedy(format!(
            "if nobody meant it: git update-ref {}; else the next push records it",
            match old {
                Some(old) => format!("{reference} {old}"),
                None => format!("-d {reference}"),
            }
        ))
}

/// Finds that a tag of a server moved without an entry in its log. One that must stay has its place,
/// also if it had that at adoption and no push ever moved it.
pub fn tag_past_the_hooks(
    rules: &TagRules<'_>,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Finding {
    let reference = rules.reference();
    let place = old.or(rules.adopted());
    let mut finding = past_the_hooks(reference, place, new);
    if let Some(place) = place.filter(|_| old.is_none()) {
        finding = finding.expected(format!("{place}, as the policy says"));
    }
    let must_stay = match new {
        Some(_) => !rules.accepts_move(),
        None => !rules.accepts_delete(),
    };
    match place.filter(|_| must_stay) {
        Some(place) => finding.remedy(format!(
            "if nobody meant it: git update-ref {} {place}",
            quote(reference.as_str())
        )),
        None => finding,
    }
}

/// Judges a value of a configuration key that hides refs from those who fetch: records that are
/// not announced are missed by nobody.
pub fn hidden_refs(key: &str, value: &str) -> Option<Finding> {
    let name = value.trim_start_matches(['^', '!']).trim_end_matches('/');
    let covers = [
        "refs/awo",
        "refs/notes",
        "refs/notes/awo",
        "refs/heads",
        "refs",
    ];
    let below = name.starts_with("refs/awo/") || name.starts_with("refs/notes/awo/");
    let hides = !value.starts_with('!') && (covers.contains(&name) || below);
    hides.then(|| {
        finding(
            Rule::RecordsAnnounced,
            format!("{key} = {value}"),
            "branches and records announced to everybody",
            &format!("git config --fixed-value --unset {key} {value}"),
        )
    })
}

/// Returns the finding that another program receives some pushes, and moves refs whatever was
/// judged.
pub fn other_receiver(value: &str) -> Finding {
    finding(
        Rule::ProcReceive,
        format!("receive.procReceiveRefs = {value}"),
        "no other receiver",
        "git config --unset-all receive.procReceiveRefs",
    )
}

/// Judges the value of `receive.fsckObjects`, or of `transfer.fsckObjects` where that is not set.
pub fn objects_checked(value: Option<&str>) -> Option<Finding> {
    let on = |value: &str| {
        let words = ["true", "yes", "on"];
        words.iter().any(|it| value.eq_ignore_ascii_case(it))
            || value.parse().is_ok_and(|number: i64| number != 0)
    };
    let found = match value {
        Some(value) if on(value) => return None,
        Some(value) => format!("receive.fsckObjects = {value}"),
        None => "receive.fsckObjects is not set".to_owned(),
    };
    let expected = "git's own check of every object that is pushed";
    let remedy = "git config receive.fsckObjects true";
    Some(finding(Rule::ObjectsChecked, found, expected, remedy))
}

/// Judges the value of `receive.fsck.zeroPaddedFilemode`: where git checks every push, it refuses such
/// modes unless it is told not to. Of others (`100664`) it only warns.
pub fn odd_modes(policy: &Policy, value: Option<&str>) -> Option<Finding> {
    let passes = |value: &str| {
        let words = ["ignore", "info", "warn"];
        words.iter().any(|it| value.eq_ignore_ascii_case(it))
    };
    if policy.document().tree.odd_modes.is_empty() || value.is_some_and(passes) {
        return None;
    }
    Some(finding(
        Rule::ObjectsChecked,
        "the policy permits odd modes, and git refuses some of them (040000, 0100644)",
        "receive.fsck.zeroPaddedFilemode = ignore",
        "git config receive.fsck.zeroPaddedFilemode ignore",
    ))
}

/// Judges the refspecs of all remotes: one must bring the records.
pub fn refspecs(specs: &[String]) -> Option<Finding> {
    let brings = specs.iter().any(|spec| spec.contains("refs/awo/*"));
    (!specs.is_empty() && !brings).then(|| {
        finding(
            Rule::Refspecs,
            "git fetch does not bring refs/awo/*",
            "the refspecs",
            "git awo init",
        )
    })
}

/// Returns the finding that the file of a loose ref names nothing; `file` and `what` say which and
/// how.
pub fn loose_ref(name: &RefName, file: &str, what: &str, remedy: &str) -> Finding {
    Rule::RefReadable
        .finding(Subject::of_ref(name))
        .found(format!("the file {file} {what}"))
        .expected("an object id, or the name of another ref")
        .remedy(remedy)
}

/// Returns the finding that the index does not find every record of a commit.
pub fn unfound(name: &RefName, commit: ObjectId) -> Finding {
    Rule::LedgerIndex
        .finding(Subject::of_ref(name).at(commit))
        .found("an index that does not find every record of this commit")
        .expected("an index that finds all")
        .remedy("git awo gc")
}

/// Returns the finding that not all objects are seen here.
pub fn incomplete_view(problem: ViewProblem) -> Finding {
    finding(
        Rule::WholeView,
        problem,
        "a complete clone",
        problem.remedy(),
    )
}

/// Returns the finding that nothing is trusted here.
pub fn no_anchor(found: impl Display, server: bool) -> Finding {
    let remedy = match server {
        true => "git awo init --server --anchor FINGERPRINT",
        false => "git awo trust FINGERPRINT",
    };
    finding(Rule::PinnedRoot, found, "an anchor", remedy)
}

/// Returns the finding that there is no policy that holds.
pub fn no_policy(why: impl Display) -> Finding {
    let remedy = "git awo fetch, or git awo init";
    finding(Rule::PolicyPresent, why, "a policy that holds", remedy)
}

/// Returns the finding that the policy has expired.
pub fn expired() -> Finding {
    finding(
        Rule::PolicyUnexpired,
        "the policy has expired",
        "one in force",
        "git awo policy propose FILE",
    )
}

/// Returns the finding that one's own key cannot sign.
pub fn no_key(why: impl Display) -> Finding {
    let remedy = "git config user.signingkey PATH";
    finding(Rule::KeyUsable, why, "a signing key", remedy)
}

/// Returns the finding that the policy does not name one's own key.
pub fn unknown_key(fingerprint: &str) -> Finding {
    finding(
        Rule::KeyKnown,
        fingerprint,
        "a key that the policy names",
        "git config user.signingkey PATH, or ask a root to add the key",
    )
}

/// Judges who may read the key of the receive log, by the mode of its file.
pub fn server_key_mode(mode: u32) -> Option<Finding> {
    (mode & 0o077 != 0).then(|| {
        finding(
            Rule::ServerKeyPrivate,
            format!("awo/server_key may be read by others: {:o}", mode & 0o777),
            "a file of its owner alone",
            "chmod 600 awo/server_key",
        )
    })
}

/// Returns the finding that a server has no key for the receive log.
pub fn no_server_key() -> Finding {
    finding(
        Rule::ServerKey,
        "no awo/server_key",
        "the key of the receive log",
        "git awo init --server --anchor FINGERPRINT",
    )
}

/// Judges whether the policy gives the key of this server, `line`, the role that writes the log.
pub fn server_key_named(policy: &Policy, line: &str, named: bool) -> Option<Finding> {
    let remedy = "git awo policy propose FILE";
    if policy.log_writers().next().is_none() {
        let found = format!("no identity with the role server for {line}");
        let expected = "a server key in the policy, so that pushes are logged";
        return Some(finding(Rule::LogPresent, found, expected, remedy));
    }
    (!named).then(|| {
        let found = format!("the policy gives this server's key no role server: {line}");
        let expected = "the key that the policy names";
        // A key that is new to the policy comes with its line.
        let remedy = "git awo policy propose FILE --allowed-signers FILE";
        finding(Rule::LogKey, found, expected, remedy)
    })
}

/// Judges a clone whose attributes give files to git-lfs.
pub fn large_files(is_there: bool, is_set_up: bool) -> Option<Finding> {
    let found = match (is_there, is_set_up) {
        (true, true) => return None,
        (false, _) => "git-lfs is not installed: no push brings content of large files",
        (true, false) => "git-lfs is not set up: git commits large files themselves, whole",
    };
    Some(finding(
        Rule::LargeFilesUploaded,
        format!(".gitattributes gives files to git-lfs, and {found}"),
        "git-lfs, which uploads their content",
        "install git-lfs, then git lfs install --skip-repo",
    ))
}

/// Judges what `git --version` says.
pub fn git_version(said: &str) -> Option<Finding> {
    let old = parse_version(said).is_none_or(|found| found < OLDEST_GIT);
    old.then(|| finding(Rule::GitVersion, said, "git 2.30 or later", "upgrade git"))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("git version ")?.split(['.', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Judges this clock by the newest entry of the receive log; both in seconds since 1970.
pub fn clock(logged: i64, now: i64) -> Option<Finding> {
    (logged > now.saturating_add(SKEW)).then(|| {
        finding(
            Rule::Clock,
            "the receive log is ahead of this clock",
            "a clock that agrees with the server's",
            "set the clock",
        )
    })
}

/// Judges a lock file by its age: one that a killed process left stops every later writer.
pub fn lock(name: &str, minutes: i64) -> Option<Finding> {
    (minutes > OLD_LOCK).then(|| {
        finding(
            Rule::LockFree,
            format!("{name} is {minutes} minutes old"),
            "no lock of a process that is gone",
            &format!("if no git runs here: rm \"$(git rev-parse --git-path {name})\""),
        )
    })
}

/// Judges who may write to a file that decides what a server enforces, by its mode.
pub fn writable(name: &str, mode: u32) -> Option<Finding> {
    (mode & 0o002 != 0).then(|| {
        finding(
            Rule::OwnFiles,
            format!("everybody may write to {name}: {:o}", mode & 0o7777),
            "nobody but its owner",
            &format!("chmod o-w {name}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_git_versions() {
        assert_eq!(parse_version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(parse_version("git version 2.39.2.windows.1"), Some((2, 39)));
        assert_eq!(parse_version("gti"), None);
        assert!(git_version("git version 2.29.9").is_some());
        assert!(git_version("git version 2.30.0").is_none());
    }

    #[test]
    fn only_what_hides_records_or_branches_is_found() {
        let hides = |value| hidden_refs("transfer.hideRefs", value).is_some();
        assert!(hides("refs/awo") && hides("refs/notes/awo/") && hides("^refs/heads"));
        assert!(!hides("!refs/awo") && !hides("refs/internal") && !hides("refs/headstrong"));
    }
}
