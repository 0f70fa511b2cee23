//! What a command may not do: found by measuring, and nothing is recorded then.

use super::MEND;
use super::world::{World, refusal};
use crate::record::Code;
use crate::run::Error;

fn after_mending(script: &str) -> String {
    format!("{MEND}\n{script}")
}

#[test]
fn paths_outside_or_forbidden_are_refused() {
    alone!();
    let world = World::new();
    let allowed = [(Code::Gov003, "allowed-paths")];
    for script in [
        "echo x > new.txt",
        "rm README.md",
        "echo x >> README.md",
        "mkdir lib && mv src/b.txt src/c.txt && echo x > lib/b.txt",
    ] {
        world.assert_refused(&after_mending(script), &allowed);
    }
    let script = after_mending("echo x > src/a.secret");
    world.assert_refused(&script, &[(Code::Gov003, "forbidden-paths")]);
    let script = after_mending("echo '* text' > src/.gitattributes");
    world.assert_refused(&script, &[(Code::Gov003, "protected-artefact")]);
    world.run(MEND).unwrap();
}

#[test]
fn symlinks_modes_and_repositories_are_refused() {
    alone!();
    let world = World::new();
    let mode = [(Code::Int003, "tree-entry-mode")];
    for script in [
        "ln -s ../README.md src/link",
        "chmod +x src/a.txt",
        "git init -q src/nested",
        "git init -q src/nested; git -C src/nested -c user.name=x -c user.email=x@x commit -q --allow-empty -m x; git add src/nested",
        "rm src/b.txt; mkfifo src/b.txt",
    ] {
        world.assert_refused(&after_mending(script), &mode);
    }
    // Behind a symlink in a directory's place nothing is read.
    world.assert_refused(
        "cp -r src ../else; echo three >> ../else/a.txt; rm -r src; ln -s ../else src",
        &[
            (Code::Int003, "tree-entry-mode"),
            (Code::Gov003, "allowed-paths"),
        ],
    );
    world.run(MEND).unwrap();
}

#[test]
fn a_command_that_changes_nothing_makes_no_run() {
    alone!();
    let world = World::new();
    let nothing = [(Code::Gov002, "something-changed")];
    world.assert_refused("true", &nothing);
    world.assert_refused(
        "echo x > src/cache.ignored; git commit -q --allow-empty -m x",
        &nothing,
    );
}

#[test]
fn a_ref_moved_by_the_command_is_refused() {
    alone!();
    for script in [
        "git --git-dir=$real branch x",
        "git --git-dir=$real tag x",
        "git --git-dir=$real update-ref refs/remotes/origin/x HEAD",
        "git --git-dir=$real symbolic-ref refs/heads/x refs/heads/main",
    ] {
        let world = World::new();
        world.assert_refused(&after_mending(script), &[(Code::Gov004, "ref-move")]);
    }
    // Packing moves nothing.
    World::new()
        .run(&after_mending("git --git-dir=$real pack-refs --all"))
        .unwrap();
}

#[test]
fn a_moved_branch_is_told_as_what_it_is() {
    alone!();
    let world = World::new();
    let script = "new=$(git --git-dir=$real commit-tree -m x -p main 'main^{tree}')
        git --git-dir=$real update-ref refs/heads/main $new";
    let findings = refusal(world.run(&after_mending(script)));
    assert!(findings.has(Code::Gov004), "{findings:#?}");
    assert!(findings.has(Code::Rep003), "{findings:#?}");
    let names: Vec<_> = findings
        .iter()
        .map(|it| it.subject.reference.clone())
        .collect();
    assert!(
        names.contains(&Some("refs/heads/main".to_owned())),
        "{findings:#?}"
    );
    world.assert_clean();
}

#[test]
fn records_rewritten_by_the_command_are_refused() {
    alone!();
    for script in [
        "git --git-dir=$real update-ref -d refs/notes/awo/approvals/2099-01",
        "git --git-dir=$real update-ref refs/awo/ledger HEAD",
        "git --git-dir=$real update-ref refs/awo/evidence/2026-01 HEAD",
        "git --git-dir=$real update-ref refs/awo/policy HEAD",
        "echo $(git rev-parse HEAD:README.md) > $real/refs/awo/ledger",
        "echo broken > $real/refs/awo/ledger",
    ] {
        let world = World::new();
        let findings = refusal(world.run(&after_mending(script)));
        let found = findings.iter().any(|it| it.rule == "ref-move");
        assert!(found, "{script}: {findings:#?}");
        world.assert_clean();
    }
}

#[test]
fn changed_configuration_hooks_and_remotes_are_refused() {
    alone!();
    for (script, rule) in [
        (
            "git --git-dir=$real config core.pager 'touch x'",
            "config-change",
        ),
        (
            "git --git-dir=$real config --local --unset user.name",
            "config-change",
        ),
        ("printf '[broken' >> $real/config", "config-change"),
        ("echo x >> $real/info/exclude", "config-change"),
        (
            "git --git-dir=$real config remote.o.url https://example.org",
            "remote-change",
        ),
        ("cd $real/hooks; printf x > pre-push", "hook-change"),
        (
            "rm -r .git; echo 'gitdir: /elsewhere' > .git",
            "config-change",
        ),
    ] {
        let world = World::new();
        let before = world.refs();
        let findings = refusal(world.run(&after_mending(script)));
        let rules: Vec<_> = findings
            .iter()
            .map(|it| (it.code, it.rule.as_str()))
            .collect();
        assert_eq!(rules, [(Code::Gov004, rule)], "{script}: {findings:#?}");
        if !script.contains("[broken") {
            assert_eq!(world.refs(), before);
            world.assert_clean();
        }
    }
}

#[test]
fn reported_actions_that_the_contract_forbids_are_refused() {
    alone!();
    let world = World::new();
    let report = |line: &str| after_mending(&format!("echo '{line}' >> \"$AWO_EVENTS_FILE\""));
    for action in ["push", "Push", "force-push"] {
        let line = format!("{{\"action\": \"{action}\"}}");
        world.assert_refused(&report(&line), &[(Code::Gov004, "forbidden-action")]);
    }
    for line in [
        "{\"action\": 1}",
        "{",
        "[]",
        "{\"event\": \"x\"}",
        "{\"action\":\"a\",\"action\":\"b\"}",
    ] {
        world.assert_refused(&report(line), &[(Code::Int004, "event-form")]);
    }
    world
        .run(&report("{\"action\": \"edit\", \"path\": \"src/a.txt\"}"))
        .unwrap();
}

#[test]
fn a_command_that_fails_stops_the_run() {
    alone!();
    let world = World::new();
    let before = world.refs();
    let result = world.run(&after_mending("echo why >&2; exit 7"));
    match result {
        Err(Error::Failed { status, stderr }) => {
            assert_eq!((status.code(), stderr.as_str()), (Some(7), "why\n"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.refs(), before);
    world.assert_clean();
    // A failure is no excuse.
    let findings = refusal(world.run("git --git-dir=$real branch x; exit 7"));
    assert!(findings.has(Code::Gov004) && findings.has(Code::Gov002));
    world.git(&["branch", "-D", "x"]);
    let mut request = world.request(MEND);
    request.command = vec!["/no/such/program".into()];
    let result = crate::run::run(&world.actor("otto"), &request);
    assert!(matches!(result, Err(Error::Start { .. })), "{result:?}");
    world.assert_clean();
    world.run(MEND).unwrap();
}

#[test]
fn a_failing_validation_stops_the_run() {
    alone!();
    let world = World::new();
    let before = world.refs();
    let result = world.run("echo nothing >> src/a.txt");
    assert!(
        matches!(result, Err(Error::ValidationFailed { .. })),
        "{result:?}"
    );
    assert_eq!(world.refs(), before);
    world.assert_clean();
    world.run(MEND).unwrap();
}

#[test]
fn the_validation_may_leave_caches_but_change_nothing() {
    alone!();
    for (command, expected) in [
        ("echo more >> src/a.txt", Some("validation-changes-nothing")),
        ("rm README.md", Some("validation-changes-nothing")),
        ("git --git-dir=$real tag x", Some("ref-move")),
        (
            "echo x > src/new.txt; mkdir .cache; echo y > .cache/y",
            None,
        ),
    ] {
        let mut world = World::bare("FULL_HUMAN");
        world.contract.validation_command = Some(world.script(command));
        world.store_contract();
        world.approve();
        match expected {
            Some(rule) => {
                let before = world.refs();
                let findings = refusal(world.run(MEND));
                let rules: Vec<_> = findings.iter().map(|it| it.rule.as_str()).collect();
                assert_eq!(rules, [rule], "{command}");
                assert_eq!(world.refs(), before);
            }
            None => assert_eq!(world.run(MEND).unwrap().changed.len(), 1),
        }
        world.assert_clean();
    }
}

#[test]
fn the_repositorys_own_work_tree_stays_clean() {
    alone!();
    let world = World::new();
    let file = world.repo.join("README.md");
    let script = after_mending(&format!("echo x >> {}", file.display()));
    world.assert_refused(&script, &[(Code::Gov002, "work-tree-clean")]);
    let mut world = World::bare("FULL_HUMAN");
    world.contract.validation_command = None;
    world.store_contract();
    world.approve();
    world.run(MEND).unwrap();
    world.approve_with(|approval| approval.nonce = "n2".to_owned());
    let file = world.repo.join("new.txt");
    let mut request = world.request(&after_mending(&format!("echo x >> {}", file.display())));
    request.run = Some("run_2".parse().unwrap());
    let findings = refusal(crate::run::run(&world.actor("otto"), &request));
    assert!(findings.len() == 1 && findings.has(Code::Gov002));
}
