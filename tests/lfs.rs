//! Large files whose content git-lfs keeps: no push brings a pointer without its content, whichever of
//! both programs came first. Most tests ask a script that stands for git-lfs; the last ones git-lfs.

use std::os::unix::fs::PermissionsExt as _;

use crate::remedies::path;
use crate::world::{Done, World};

/// A pointer as git-lfs writes it.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
/// Says what it was asked, and fails as long as one of two files is there.
const LFS: &str = "#!/bin/sh\ncd @HERE@ || exit\n\
    case $1 in\nversion) [ ! -e absent ] || { echo \"'lfs' is not a git command\" >&2; exit 1; } ;;\n\
    pre-push) { echo \"asked $*\"; cat; } >> asked; [ ! -e broken ] ;;\nesac\n";
/// The hook of git-lfs.
const HOOK: &str = "#!/bin/sh\n\
    command -v git-lfs >/dev/null 2>&1 || { echo >&2 \"\\nThis repository …\\n\"; exit 2; }\n\
    git lfs pre-push \"$@\"\n";

/// otto's clone, and what stands for git-lfs.
struct Scene(World);

impl Scene {
    fn new() -> Self {
        let world = World::founded();
        let here = world.path("lfs").display().to_string();
        world.write("lfs/git-lfs", LFS.replace("@HERE@", &format!("'{here}'")));
        executable(&world, "lfs/git-lfs");
        world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/large"]);
        Self(world)
    }

    /// Commits a file on otto's branch.
    fn commit(&self, name: &str, text: &str) -> String {
        self.0.write(&format!("otto/{name}"), text);
        self.0.commit("otto", name)
    }

    fn types(&self, words: &[&str]) -> Done {
        let mut command = self.0.command("otto", "otto", words);
        let lfs = self.0.path("lfs").display().to_string();
        let output = command.env("PATH", format!("{lfs}:{}", path()));
        let output = output.output().unwrap();
        Done {
            code: output.status.code().unwrap(),
            text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        }
    }

    /// What git-lfs was asked since this was called last.
    fn asked(&self) -> String {
        let file = self.0.path("lfs/asked");
        let asked = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(file);
        asked
    }

    fn set(&self, file: &str, is_there: bool) {
        let file = self.0.path(&format!("lfs/{file}"));
        match is_there {
            true => std::fs::write(file, "").unwrap(),
            false => std::fs::remove_file(file).unwrap(),
        }
    }

    /// The push is refused for the reason, and has not moved this repository.
    #[track_caller]
    fn refused(&self, server: &str, words: &[&str], why: &str) {
        let refs = || self.0.ok("server", server, &["git", "for-each-ref"]);
        let before = refs();
        let done = self.types(words);
        assert_ne!(done.code, 0, "{}", done.text);
        for part in ["INT-005", "large-files-uploaded", why] {
            assert!(done.text.contains(part), "{part}: {}", done.text);
        }
        assert_eq!(refs(), before, "nothing moved");
    }

    #[track_caller]
    fn pushed(&self, words: &[&str]) {
        let done = self.types(words);
        assert_eq!(done.code, 0, "{}", done.text);
    }
}

fn executable(world: &World, below: &str) {
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(below), mode).unwrap();
}

const PUSH: &[&str] = &["git", "push", "-q", "origin", "wip/large"];

#[test]
fn our_hook_asks_git_lfs_wherever_a_pointer_is_pushed() {
    let it = Scene::new();
    it.commit("src/small", "small\n");
    it.pushed(PUSH);
    assert_eq!(it.asked(), "", "there is nothing to upload");
    let one = it.commit("src/large", POINTER);
    it.pushed(PUSH);
    let asked = it.asked();
    assert!(asked.starts_with("asked pre-push origin "), "{asked}");
    let line = format!("refs/heads/wip/large {one} refs/heads/wip/large ");
    assert!(asked.lines().nth(1).unwrap().starts_with(&line), "{asked}");
    assert_eq!(asked.lines().count(), 2, "once: {asked}");
    // Gone again at the tip: the server gets it all the same.
    it.commit("src/other", &POINTER.replace("size 1", "size 2"));
    it.commit("src/other", "small\n");
    it.pushed(&["git", "awo", "push"]);
    assert!(it.asked().contains("asked pre-push origin"));
    // What the server has is no news to it.
    it.commit("src/small", "smaller\n");
    it.pushed(PUSH);
    assert_eq!(it.asked(), "");
}

#[test]
fn what_git_lfs_cannot_upload_is_not_pushed() {
    for (file, why) in [
        ("absent", "installed here"),
        ("broken", "git lfs pre-push failed"),
    ] {
        let it = Scene::new();
        it.commit("src/large", POINTER);
        it.set(file, true);
        it.refused("server.git", PUSH, why);
        it.refused("server.git", &["git", "awo", "push"], why);
        let done = it.types(&["git", "awo", "push"]);
        assert_eq!(done.code, 3, "nothing could be decided: {}", done.text);
        let hint = "hint: git awo push --records-only";
        assert!(done.text.contains(hint), "{}", done.text);
        assert!(!done.text.contains("--set-aside"), "{}", done.text);
        it.pushed(&["git", "awo", "push", "--records-only"]);
        it.set(file, false);
        it.pushed(PUSH);
    }
}

#[test]
fn a_remote_that_is_not_governed_gets_no_pointer_without_its_content_either() {
    let it = Scene::new();
    let init = ["git", "init", "-q", "--bare", "../mirror.git"];
    it.0.ok("otto", "otto", &init);
    it.commit("src/large", POINTER);
    it.set("absent", true);
    let by_address = ["git", "push", "-q", "../mirror.git", "wip/large"];
    it.refused("mirror.git", &by_address, "installed here");
    let tag = "git tag large $(git rev-parse wip/large:src/large)";
    it.0.ok("otto", "otto", &["sh", "-c", tag]);
    let of_the_blob = ["git", "push", "-q", "../mirror.git", "large"];
    it.refused("mirror.git", &of_the_blob, "installed here");
    it.pushed(&[
        "git",
        "push",
        "-q",
        "../mirror.git",
        "origin/main:refs/heads/main",
    ]);
    it.set("absent", false);
    it.pushed(&by_address);
    it.pushed(&of_the_blob);
}

#[test]
fn a_hook_of_git_lfs_beside_ours_is_not_run_twice() {
    let it = Scene::new();
    it.0.write("otto/.git/hooks/pre-push", HOOK);
    executable(&it.0, "otto/.git/hooks/pre-push");
    it.pushed(&["git", "awo", "hooks", "install"]);
    it.commit("src/large", POINTER);
    it.pushed(PUSH);
    assert_eq!(it.asked().lines().count(), 2, "by its own hook, once");
    // One that somebody has changed may do nothing.
    let kept = "otto/.git/hooks/pre-push.before-awo";
    it.0.write(kept, HOOK.replace("\ngit lfs", "\nexit 0\ngit lfs"));
    it.commit("src/large", &POINTER.replace("size 1", "size 2"));
    it.pushed(PUSH);
    assert_eq!(it.asked().lines().count(), 2, "by ours");
    // One that git would not run does nothing.
    it.0.write(kept, HOOK);
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(it.0.path(kept), mode).unwrap();
    it.commit("src/large", &POINTER.replace("size 1", "size 3"));
    it.pushed(PUSH);
    assert_eq!(it.asked().lines().count(), 2, "by ours");
    // git lfs update --force, over ours: another hook that is kept stays, and nothing is lost.
    it.0.write(kept, "#!/bin/sh\nexec cat >> ../lfs/asked\n");
    executable(&it.0, kept);
    it.0.write("otto/.git/hooks/pre-push", HOOK);
    it.pushed(&["git", "awo", "hooks", "install"]);
    it.commit("src/large", &POINTER.replace("size 1", "size 4"));
    it.pushed(PUSH);
    assert_eq!(it.asked().lines().count(), 3, "by ours, and the other one");
}

#[test]
fn another_hook_that_refuses_is_named() {
    let it = Scene::new();
    it.commit("src/large", POINTER);
    let kept = "otto/.git/hooks/pre-push.before-awo";

    for (text, said) in [
        ("#!/bin/sh\necho 'lint failed' >&2\nexit 1\n", "lint failed"),
        (HOOK, ""),
    ] {
        // What is large is uploaded by the hook of git-lfs where that is kept.
        if text == HOOK {
            it.set("broken", true);
        }
        it.0.write(kept, text);
        executable(&it.0, kept);
        let before = it.0.server();
        let done = it.types(&["git", "awo", "push"]);
        assert_eq!(done.code, 1, "{}", done.text);
        let named = format!("the hook pre-push.before-awo of this clone refused: {said}");
        let flat = done.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&named), "{}", done.text);
        assert!(!done.text.contains("set-url"), "{}", done.text);
        assert_eq!(it.0.server(), before);
    }
    it.set("broken", false);
    it.pushed(&["git", "awo", "push"]);
}

#[test]
fn doctor_says_where_large_files_cannot_be_uploaded() {
    let it = Scene::new();
    it.commit(".gitattributes", "*.bin filter=lfs lockable -text\n");
    it.pushed(&["git", "config", "filter.lfs.clean", "git-lfs clean -- %f"]);
    let doctor = ["git", "awo", "doctor"];
    let done = it.types(&doctor);
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(done.text.contains("lockable"), "{}", done.text);
    it.set("absent", true);
    let done = it.types(&doctor);
    assert!(
        done.text.contains("git-lfs is not installed"),
        "{}",
        done.text
    );
    assert_eq!(done.code, 1, "{}", done.text);
    it.set("absent", false);
    it.pushed(&["git", "config", "--unset", "filter.lfs.clean"]);
    let done = it.types(&doctor);
    assert!(done.text.contains("git-lfs is not set up"), "{}", done.text);
}

/// Tells how many files the server has of git-lfs.
fn stored(world: &World) -> usize {
    let find = "find lfs/objects -type f 2>/dev/null || true";
    let found = world.ok("server", "howto/project.git", &["sh", "-c", find]);
    found.lines().count()
}

/// Adds a large file for git-lfs, and pushes it.
const ADDED: &str = "git switch -q -c wip/pictures\ngit lfs track '*.bin'\n\
    head -c 100000 /dev/urandom > picture.bin\ngit add .\ngit commit -q -S -m Picture\n\
    git push -q origin wip/pictures\n";

#[test]
#[ignore = "needs git-lfs, which .ci/run installs"]
fn content_is_uploaded_whichever_came_first() {
    let tree = "git_files = { \".gitattributes\" = [\"*\"] }\n";
    let clone = "git awo clone --anchor SHA256:… project.git new && cd new\n";
    let plain = "git clone -q project.git new && cd new\ngit awo trust SHA256:…\n";
    let init = "git awo fetch\ngit awo init\n";
    for (what, begin) in [
        ("git awo clone, then git lfs track", clone.to_owned()),
        (
            "git awo clone, then git lfs install",
            format!("{clone}git lfs install || true\n"),
        ),
        ("git awo init, then git lfs track", format!("{plain}{init}")),
        (
            "git lfs install, then git awo init",
            format!("{plain}git lfs install\n{init}"),
        ),
        (
            "git lfs update --force over ours",
            format!("{clone}git lfs update --force\ngit awo hooks install\n"),
        ),
    ] {
        let world = World::with_an_adopted_project(tree);
        world.typed("olga", "howto", "git lfs install --skip-repo\n");
        let (_, here) = world.typed("olga", "howto", &begin);
        assert_eq!(stored(&world), 0, "{what}");
        world.typed("olga", &here, ADDED);
        assert_eq!(stored(&world), 1, "{what}");
        // Content that is nowhere cannot be uploaded, and then nothing is pushed.
        let lose = "head -c 100000 /dev/urandom > picture.bin\ngit commit -q -a -S -m More\n\
                    find .git/lfs/objects -type f -exec chmod u+w {} + -exec rm {} +\n\
                    ! git push -q origin wip/pictures\ngit rev-parse origin/wip/pictures~0\n";
        let (said, _) = world.typed("olga", &here, lose);
        let tip = world.ok(
            "server",
            "howto/project.git",
            &["git", "rev-parse", "wip/pictures"],
        );
        assert!(said.contains(tip.trim()), "{what}: {said}");
        // Who clones has it.
        let fetched = "git lfs install --skip-repo\n\
                       git clone -q -b wip/pictures project.git other && cd other\n\
                       git lfs fsck && test $(wc -c < picture.bin) = 100000\n";
        world.typed("otto", "howto", fetched);
        let cloned = "git awo clone --anchor SHA256:… -b wip/pictures project.git third && cd third\n\
                      git lfs fsck && test $(wc -c < picture.bin) = 100000\n";
        world.typed("otto", "howto", cloned);
    }
}
