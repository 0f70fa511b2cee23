//! The repository of a run: an ordinary one for the command and the validation, of which nothing is
//! believed, and of which the governed repository does not learn.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::world::{World, refusal, wait_for};
use super::{MEND, assert_recorded};
use crate::actor::Actor;
use crate::git::Repo;
use crate::record::Code;
use crate::run::{Error, run};

/// Fails unless the repository is as new but for what stands in the work tree.
const AS_NEW: &str = "
    test \"$(git rev-parse HEAD)\" = \"$AWO_BASE\"
    test \"$(git status --porcelain src/a.txt)\" = ' M src/a.txt'
    test \"$(git diff --name-only)\" = src/a.txt
    test \"$(git ls-files -v | cut -c1 | sort -u)\" = H
    test \"$(git rev-parse main)\" = \"$AWO_BASE\"
    test -z \"$(git branch --list mine)$(git tag --list)$(git replace --list)\"
    test -z \"$(git config --local core.worktree)$(git config --local alias.status)\"
    test ! -e .git/hooks && test ! -e .git/info/attributes
    git fsck --strict";

/// A world whose validation demands this of the repository that it sees.
fn validated(script: &str) -> World {
    let mut world = World::bare("FULL_HUMAN");
    world.contract.validation_command = Some(script.to_owned());
    world.store_contract();
    world.approve();
    world
}

/// Every file below a directory that does not begin so, with its bytes.
fn files(dir: &Path, without: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            _ if path.file_name().unwrap() == without => {}
            true => found.extend(files(&path, without)),
            false => _ = found.insert(path.clone(), fs::read(path).unwrap()),
        }
    }
    found
}

#[test]
fn whatever_the_command_does_to_its_repository_is_harmless() {
    alone!();
    let world = validated(AS_NEW);
    let mark = world.outside("mark");
    for script in [
        "git config core.pager x; git config user.name x; git config core.bare true",
        "git config core.worktree /; git config alias.status version",
        "git config core.fsmonitor 'touch MARK'",
        "git config filter.x.clean 'touch MARK'; echo '* filter=x' > .git/info/attributes",
        "git config core.excludesFile $PWD/.git/all; echo '*' > .git/all",
        "git config extensions.worktreeConfig true; git config --worktree core.sparseCheckout true",
        "git config core.repositoryFormatVersion 1; git config extensions.objectFormat sha256",
        "printf '[broken' > .git/config",
        "mkdir .git/hooks; for hook in post-index-change reference-transaction pre-commit; do
             printf '#!/bin/sh\\ntouch MARK' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done",
        "echo src/a.txt > .git/info/exclude; git rm -q -r --cached .",
        "echo /nowhere > .git/objects/info/alternates",
        "git rev-parse HEAD > .git/shallow; git rev-parse HEAD > .git/info/grafts",
        "echo broken > .git/HEAD; rm .git/packed-refs",
        "git symbolic-ref HEAD refs/heads/nothing",
        "git update-index --assume-unchanged src/a.txt; git update-index --skip-worktree src/b.txt",
        "git update-index --split-index; git update-index --assume-unchanged src/a.txt",
        "git add src; git stash -q; git stash pop -q",
        "rm .git/index",
        "rm .git/index; mkfifo .git/index",
        "mv .git/index ../index; ln -s ../../index .git/index",
        "git commit -q -a -m mine; git branch mine; git tag mine; git tag -a -m x other",
        "git commit -q -a -m mine; git update-ref refs/heads/main HEAD; git update-ref refs/awo/ledger HEAD",
        "git replace HEAD:src/a.txt $(git hash-object -w src/a.txt)",
        "git for-each-ref --format='delete %(refname)' | git update-ref --stdin",
        "git worktree add -q --detach ../other; git worktree add -q -b mine ../more",
        "git commit -q -a -m mine; git gc -q --prune=now; git prune; git reset -q --soft HEAD^",
        "rm -r .git; git init -q",
        "rm -r .git; git init -q --object-format=sha256; git add .",
        "mv .git ../moved; cp -r ../moved .git; rm -r ../moved",
        "chmod -R a-rwx .git/objects .git/index",
    ] {
        let before = files(&world.repo, "objects");
        let script = script.replace("MARK", mark.to_str().unwrap());
        let done = world.run_again(&format!("{MEND}\n{script}"));
        let done = done.unwrap_or_else(|error| panic!("{script}: {error:?}"));
        assert_eq!(done.changed.len(), 1, "{script}: {:?}", done.changed);
        assert!(!mark.exists(), "{script}: something was started");
        let mut after = files(&world.repo, "objects");
        after.retain(|path, _| before.contains_key(path));
        // But for what the approval and the record say, and the index that finds them.
        let other = |path: &Path| {
            let path = path.to_str().unwrap();
            !path.contains("refs") && !path.contains("awo-index")
        };
        for (path, bytes) in before.iter().filter(|(path, _)| other(path)) {
            assert_eq!(after.get(path), Some(bytes), "{script}: {}", path.display());
        }
        world.git(&["fsck", "--strict"]);
        world.assert_clean();
    }
}

#[test]
fn nothing_that_the_command_has_hidden_from_its_git_is_missed() {
    alone!();
    for script in [
        "echo src/new > .git/info/exclude",
        "git config core.excludesFile $PWD/.git/all; echo '*' > .git/all",
        "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),src/new",
        "git commit -q --allow-empty -m mine; git update-ref -d HEAD",
        "git add -f src/kept.ignored; git update-index --skip-worktree src/kept.ignored",
    ] {
        let world = World::new();
        let make = "mkdir src/new; echo x > src/new/file; echo x > src/kept.ignored";
        let done = world.run(&format!("{MEND}\n{make}\n{script}")).unwrap();
        let mut changed: Vec<_> = done.changed.iter().map(ToString::to_string).collect();
        if script.contains("add -f") {
            assert_eq!(changed.pop().unwrap(), "src/new/file", "{script}");
            assert_eq!(changed, ["src/a.txt", "src/kept.ignored"], "{script}");
        } else {
            assert_eq!(changed, ["src/a.txt", "src/new/file"], "{script}");
        }
        assert_recorded(&world, &done);
    }
}

#[test]
fn a_command_that_takes_its_repository_away_is_refused() {
    alone!();
    for script in [
        "rm -r .git",
        "mv .git ../moved",
        "mv .git ../moved; ln -s ../moved .git",
        "mv .git ../moved; ln -s $real .git",
        "mv .git ../moved; echo 'gitdir: ../moved' > .git",
        "mv .git ../moved; mkfifo .git",
    ] {
        let world = World::new();
        let change = [(Code::Gov004, "config-change")];
        world.assert_refused(&format!("{MEND}\n{script}"), &change);
        // As the validation, too.
        let script = world.script(script);
        let findings = refusal(validated(&script).run(MEND));
        assert_eq!(findings.len(), 1, "{script}");
        assert!(findings.iter().all(|it| it.rule == "config-change"));
    }
    // It cannot be put aside: nothing is recorded.
    let world = World::new();
    let before = world.refs();
    let result = world.run(&format!("{MEND}\nmkdir -p ../used.git/x"));
    assert!(matches!(result, Err(Error::Io { .. })), "{result:?}");
    assert_eq!(world.refs(), before);
    world.assert_clean();
}

/// Puts something else in the place of the work tree or of the directory around it: what the user has
/// must not be taken for the run's.
const REPLACED: &[&str] = &[
    "cd ..; mv $AWO_RUN_ID x; ln -s $user $AWO_RUN_ID",
    "cd ..; rm -rf $AWO_RUN_ID; ln -s $user $AWO_RUN_ID",
    "cd ..; mv $AWO_RUN_ID x; cp x/src/* $other/src/; ln -s $other $AWO_RUN_ID",
    "cd ..; place=$PWD; cd /; mv $place $place.x; ln -s $user $place",
    "cd ..; place=$PWD; cd /; mv $place $place.x; cp -r $place.x/. $other/; ln -s $other $place",
    "cd ..; place=$PWD; cd /; mv $place $place.x; ln -s $place.x $place",
    "cd ..; place=$PWD; cd /; mv $place $place.x; cp -r $other $place; cp -r $place.x/. $place/",
    "cd ..; mv $AWO_RUN_ID x; touch $AWO_RUN_ID",
    "cd ..; mv $AWO_RUN_ID x",
];

#[test]
fn nothing_of_the_user_is_moved_or_removed_where_the_work_tree_is_replaced() {
    alone!();
    let change = (Code::Gov004, "config-change");
    for script in REPLACED {
        for validates in [false, true] {
            let mut world = World::bare("FULL_HUMAN");
            let (repo, other) = (world.repo.clone(), world.outside("other"));
            for directory in [".git/refs", "src"] {
                fs::create_dir_all(other.join(directory)).unwrap();
            }
            for file in [".git/precious", ".git/index", "kept"] {
                fs::write(other.join(file), "precious").unwrap();
            }
            let places = format!("user='{}'\nother='{}'\n", repo.display(), other.display());
            let script = format!("{places}{script}");
            if validates {
                world.contract.validation_command = Some(script.clone());
            }
            world.store_contract();
            world.approve();
            let (refs, before) = (world.refs(), files(&repo, "objects"));
            let kept = files(&other, "src");
            let findings = match validates {
                true => refusal(world.run(MEND)),
                false => refusal(world.run(&format!("{MEND}\n{script}"))),
            };
            let found = findings.iter().map(|it| (it.code, it.rule.as_str()));
            assert_eq!(
                found.collect::<Vec<_>>(),
                [change],
                "{script}: {findings:#?}"
            );
            assert_eq!(world.refs(), refs);
            assert_eq!(files(&repo, "objects"), before, "{script}");
            let mut now = files(&other, "src");
            now.retain(|path, _| kept.contains_key(path));
            assert_eq!(now, kept, "{script}");
        }
    }
}

#[test]
fn a_work_tree_may_be_made_anew_in_its_place() {
    alone!();
    let world = World::new();
    let anew = "cd ..; mv $AWO_RUN_ID x; cp -r x $AWO_RUN_ID; rm -rf x";
    let done = world.run(&format!("{MEND}\n{anew}")).unwrap();
    assert_eq!(done.changed.len(), 1);
    assert_recorded(&world, &done);
    world.assert_clean();
}

#[test]
fn work_trees_in_the_work_tree_are_repositories_of_their_own() {
    alone!();
    let world = World::new();
    for other in [
        "git worktree add -q --detach src/other",
        "git init -q --separate-git-dir=.git/other src/other; touch src/other/x",
    ] {
        let script = format!("{MEND}\n{other}");
        world.assert_refused(&script, &[(Code::Int003, "tree-entry-mode")]);
    }
    let script = format!("{MEND}\ngit worktree add -q --detach src/other");
    let script = format!("{script}\ngit worktree remove src/other");
    world.run(&script).unwrap();
}

#[test]
fn what_the_command_writes_into_the_governed_repository_is_found_or_harmless() {
    alone!();
    let store = "store=$(cat .git/objects/info/alternates); test $store = $real/objects";
    for (script, rule) in [
        ("echo /x > $store/info/alternates", Some("config-change")),
        (
            "git rev-parse HEAD > $store/../shallow",
            Some("config-change"),
        ),
        (
            "echo '* -text' > $real/info/attributes",
            Some("config-change"),
        ),
        (
            "git rev-parse HEAD > $store/../refs/heads/x",
            Some("ref-move"),
        ),
        (
            "git --git-dir=$real symbolic-ref HEAD refs/heads/x",
            Some("ref-move"),
        ),
        (
            "git fetch -q $real; git push -q $real HEAD:refs/heads/x",
            Some("ref-move"),
        ),
        (
            "cp -r $real/hooks .git/; echo x > $real/hooks/x",
            Some("hook-change"),
        ),
        // It is only one more object.
        ("echo x | git --git-dir=$real hash-object -w --stdin", None),
        ("git --git-dir=$real gc -q; git --git-dir=$real prune", None),
    ] {
        let world = World::new();
        let script = format!("{MEND}\n{store}\n{script}");
        match rule {
            Some(rule) => {
                let findings = refusal(world.run(&script));
                let rules: Vec<_> = findings.iter().map(|it| it.rule.as_str()).collect();
                assert_eq!(rules, [rule], "{script}: {findings:#?}");
                assert!(findings.has(Code::Gov004));
            }
            None => _ = world.run(&script).unwrap(),
        }
        world.assert_clean();
    }
}

#[test]
fn what_the_command_makes_stays_in_its_repository() {
    alone!();
    let world = World::new();
    let id = world.outside("id");
    let script = format!(
        "{MEND}
        echo only here | git hash-object -w --stdin > {0}
        git commit -q -a -m mine; git rev-parse HEAD >> {0}",
        id.display()
    );
    world.run(&script).unwrap();
    let ids = fs::read_to_string(id).unwrap();
    assert_eq!(ids.lines().count(), 2);
    for id in ids.lines() {
        let mut exists = std::process::Command::new("git");
        exists.current_dir(&world.repo).args(["cat-file", "-e", id]);
        assert!(!exists.status().unwrap().success(), "{id}");
    }
}

#[test]
fn a_refused_run_leaves_nothing_but_objects() {
    alone!();
    let world = World::new();
    let (before, list) = (
        files(&world.repo, "objects"),
        "find $real -path '*worktrees*'",
    );
    let script = format!(
        "test -z \"$({list})\"; git commit -q --allow-empty -m x; git worktree add -q ../w"
    );
    world.assert_refused(&script, &[(Code::Gov002, "something-changed")]);
    assert_eq!(files(&world.repo, "objects"), before);
}

#[test]
fn the_command_finds_the_history_its_user_and_what_is_ignored_but_no_remote_and_no_hook() {
    alone!();
    let mut world = World::bare("FULL_HUMAN");
    world.git(&["tag", "v1"]);
    world.git(&["remote", "add", "origin", "https://example.org/secret"]);
    world.git(&["config", "core.hooksPath", "/nowhere"]);
    world.write(".git/info/exclude", "*.local\n");
    world.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    let hook = world.repo.join(".git/hooks/pre-commit");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(hook, executable).unwrap();
    let sees = "
        test \"$(git describe --tags)\" = v1
        test \"$(git log --format=%s main)\" = base
        test -z \"$(git branch --show-current)$(git remote)$(git config --local core.hooksPath)\"
        git rev-parse -q --verify refs/awo/ledger
        echo x > src/x.local; test -z \"$(git status --porcelain src/x.local)\"";
    world.contract.validation_command = Some(sees.to_owned());
    world.store_contract();
    world.approve();
    let script = format!(
        "{sees}\n{MEND}\ngit commit -q -a -m x; test \"$(git log -1 --format=%an.%ae)\" = Otto.otto@example.org"
    );
    assert_eq!(world.run(&script).unwrap().changed.len(), 1);
}

#[test]
fn the_command_acts_as_the_user_does_in_the_governed_repository() {
    alone!();
    let world = World::new();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    let included = format!(
        "[user]\nname = Global\nemail = global@example.org\n
         [includeIf \"gitdir:{}/\"]\npath = here.inc\n",
        world.repo.display()
    );
    fs::write(home.join(".gitconfig"), included).unwrap();
    let here = "[user]\nname = Here\nemail = here@example.org\n";
    fs::write(home.join("here.inc"), here).unwrap();
    world.git(&["config", "--unset", "user.email"]);
    let script = "
        test \"$(git config user.name) $(git config user.email)\" = 'Otto here@example.org'
        test \"$(cd / && git config user.name)\" = Global
        export HOME=/nowhere; git commit -q --allow-empty -m x";
    world.run(&format!("{MEND}\n{script}")).unwrap();
}

#[test]
fn objects_that_the_governed_repository_borrows_are_seen() {
    alone!();
    let world = World::new();
    let mut last = world.repo.clone();
    for name in ["one", "two three.git"] {
        let next = world.outside(name);
        let (from, to) = (last.to_str().unwrap(), next.to_str().unwrap());
        world.git(&["clone", "-q", "--mirror", "--shared", from, to]);
        last = next;
    }
    let actor = Actor::of(Repo::open(&last).unwrap());
    let script = format!("test -z \"$(git status --porcelain)\"; git fsck; git log; {MEND}");
    let done = run(&actor.with_key(&world.key("otto")), &world.request(&script));
    assert_eq!(done.unwrap().changed.len(), 1);
    // Another name of objects, too.
    let world = World::of("FULL_HUMAN", "sha256");
    world.store_contract();
    world.approve();
    let script =
        format!("{MEND}\ngit commit -q -a -m mine; git fsck; git update-index --split-index");
    let done = world.run(&script).unwrap();
    assert_recorded(&world, &done);
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next_one() {
    alone!();
    let world = World::new();
    // This process is the one that runs, so one is killed that is like it.
    let common = world.repo.join(".git").canonicalize().unwrap();
    let root = std::env::temp_dir().join(format!("awo-run-{}", std::process::id()));
    fs::create_dir_all(root.join("run_x/.git")).unwrap();
    fs::write(root.join("held"), common.to_str().unwrap()).unwrap();
    assert_eq!(
        crate::run::leftovers(&common),
        [root.canonicalize().unwrap()]
    );
    world.run(MEND).unwrap();
    assert!(!root.exists());
    // One that lives is let alone.
    let (ready, go) = (world.outside("ready"), world.outside("go"));
    world.approve_with(|approval| approval.nonce = "n2".to_owned());
    let script = format!(
        "touch {}; while ! test -e {}; do sleep 0.02; done; echo four >> src/a.txt; echo three >> src/a.txt",
        ready.display(),
        go.display()
    );
    let mut request = world.request(&script);
    request.run = Some("run_2".parse().unwrap());
    std::thread::scope(|scope| {
        let other = scope.spawn(|| run(&world.actor("otto"), &request).unwrap());
        wait_for(&ready);
        assert!(crate::run::leftovers(&common).is_empty());
        let mut second = world.request(MEND);
        second.run = Some("run_3".parse().unwrap());
        second.environment.allow_run = None;
        refusal(run(&world.actor("otto"), &second));
        fs::write(&go, "").unwrap();
        other.join().unwrap();
    });
}
