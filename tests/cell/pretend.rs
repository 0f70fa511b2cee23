//! Kernels that lack a layer, pretended by a filter of system calls around git-awo.

use std::collections::BTreeMap;
use std::process::Output;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use super::here;
use crate::world::World;

/// Runs a command of otto's where these system calls answer that there is no such call.
pub fn without(world: &World, calls: &[i64], words: &[&str]) -> Output {
    let mut command = world.command("otto", "otto", words);
    let rules: BTreeMap<_, _> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, absent, arch).unwrap();
    let program = BpfProgram::try_from(filter).unwrap();
    // The filter binds the thread that asks for it, and what that one starts.
    let run = move || {
        seccompiler::apply_filter(&program).unwrap();
        command.output().unwrap()
    };
    std::thread::spawn(run).join().unwrap()
}

/// What is taken away, and the layers that are gone with it.
pub const LACKS: &[(i64, &[&str])] = &[
    (libc::SYS_landlock_create_ruleset, &["files", "signals"]),
    (libc::SYS_landlock_restrict_self, &["files", "signals"]),
    (libc::SYS_seccomp, &["calls"]),
    (libc::SYS_capset, &["capabilities"]),
];

/// What a root of its own needs.
pub const LACKS_ROOT: &[i64] = &[libc::SYS_unshare, libc::SYS_mount, libc::SYS_pivot_root];

/// Where namespaces or mounts are forbidden, all else holds and the command starts.
#[test]
fn a_root_of_its_own_that_cannot_be_had_is_said() {
    if !here::gives_a_root() {
        return;
    }
    let world = World::founded();
    for call in LACKS_ROOT {
        let words = [
            "git",
            "awo",
            "--json",
            "cell",
            "--own-root",
            "--",
            "sh",
            "-c",
            "cat README.md; exit 7",
        ];
        let output = without(&world, &[*call], &words);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{call}: {text}");
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let not_held = value["cell"]["not_held"].as_object().unwrap();
        let named: Vec<_> = not_held.keys().map(String::as_str).collect();
        assert_eq!(named, ["own-root"], "{call}: {value}");
        assert_eq!(value["cell"]["held"].as_array().unwrap().len(), 6);
        assert!(text.contains("did not hold: own-root ("), "{text}");
        // The inner form, where it is demanded.
        let made = world.path("otto/made");
        let mut words = vec!["git", "awo", "cell", "--inside", "--home", "/nowhere"];
        words.extend(["--temporary", "/nowhere", "--root", "/mnt", "--"]);
        words.extend(["touch", made.to_str().unwrap()]);
        let output = without(&world, &[*call], &words);
        assert_eq!(output.status.code(), Some(3), "{call}");
        assert!(!made.exists());
    }
}

#[test]
fn what_cannot_be_had_is_said() {
    if !here::gives_a_root() {
        return;
    }
    let world = World::founded();
    for (call, gone) in LACKS {
        let words = ["git", "awo", "--json", "cell", "--", "true"];
        let output = without(&world, &[*call], &words);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{call}: {text}");
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let not_held = value["cell"]["not_held"].as_object().unwrap();
        let named: Vec<_> = not_held.keys().map(String::as_str).collect();
        assert_eq!(named, *gone, "{call}: {value}");
        assert_eq!(
            value["cell"]["held"].as_array().unwrap().len(),
            6 - gone.len()
        );
        assert!(
            text.contains(&format!("did not hold: {}", gone[0])),
            "{text}"
        );
    }
}

/// The command does not start where a layer is missing and all are required.
#[test]
fn the_inner_form_starts_nothing_where_a_layer_is_missing() {
    if !here::gives_a_root() {
        return;
    }
    let world = World::founded();
    for (call, _) in LACKS {
        let made = world.path("otto/made");
        let mut words = vec!["git", "awo", "cell", "--inside", "--home", "/nowhere"];
        words.extend([
            "--temporary",
            "/nowhere",
            "--",
            "touch",
            made.to_str().unwrap(),
        ]);
        let output = without(&world, &[*call], &words);
        assert_eq!(output.status.code(), Some(3), "{call}");
        assert!(!made.exists());
    }
}
