//! Ways out of the measurement: the files of trust, and what acts after the verdict.

use super::MEND;
use super::world::{World, refusal};
use crate::check::Anchor;
use crate::record::Code;

/// A world whose clone trusts somebody.
fn with_trust(validation: Option<&str>) -> World {
    let mut world = World::bare("FULL_HUMAN");
    if let Some(command) = validation {
        world.contract.validation_command = Some(world.script(command));
    }
    world.store_contract();
    world.approve();
    let settings = world.actor("otto").settings;
    let anchor = Anchor::parse(&world.id("refs/awo/policy").to_string()).unwrap();
    settings.set_anchor(&anchor).unwrap();
    let marks = settings.high_water().unwrap();
    settings.set_high_water(&marks).unwrap();
    world
}

const AWO: &str = "awo=$real/awo";

#[test]
fn a_changed_trust_file_is_refused() {
    alone!();
    for script in [
        "git rev-parse HEAD > $awo/anchor",
        "rm $awo/anchor",
        "rm $awo/high-water.json",
        "echo ' ' >> $awo/high-water.json",
        "mkdir $awo/pushes",
        "mkdir $awo/pushes; echo '{}' > $awo/pushes/1",
        "chmod 666 $awo/anchor",
        "mv $awo/anchor ../anchor; ln -s $PWD/../anchor $awo/anchor",
        "mv $awo ../awo; ln -s $PWD/../awo $awo",
        "rm -r $awo",
    ] {
        let world = with_trust(None);
        let before = world.refs();
        let findings = refusal(world.run(&format!("{MEND}\n{AWO}\n{script}")));
        let gone = findings
            .iter()
            .all(|it| (it.code, it.rule.as_str()) == (Code::Gov004, "trust-change"));
        assert!(gone && !findings.is_empty(), "{script}: {findings:#?}");
        assert_eq!(world.refs(), before);
        world.assert_clean();
        // The same command as validation.
        let script = format!("{AWO}\n{script}");
        let findings = refusal(with_trust(Some(&script)).run(MEND));
        let found = findings.iter().all(|it| it.rule == "trust-change");
        assert!(found && !findings.is_empty(), "{script}: {findings:#?}");
    }
    // None there before is nothing that may be made either.
    let world = World::new();
    let script = format!("{MEND}\n{AWO}\nmkdir $awo; git rev-parse HEAD > $awo/anchor");
    let findings = refusal(world.run(&script));
    assert!(findings.iter().all(|it| it.rule == "trust-change"));
}

#[test]
fn trust_files_may_be_read() {
    alone!();
    let world = with_trust(None);
    let script = format!("{MEND}\n{AWO}\ncat $awo/anchor $awo/high-water.json");
    world.run(&script).unwrap();
}

#[cfg(target_os = "linux")]
mod processes {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::run::Error;

    /// Starts what is not waited for: it writes its number, and would be there for minutes.
    const LEFT: &[&str] = &[
        "sleep 301 & echo $! >> PIDS",
        "setsid sleep 301 & echo $! >> PIDS",
        "(setsid sh -c 'trap \"\" TERM HUP; echo $$ >> PIDS; sleep 301; sleep 302' &)",
        "(sh -c 'echo $$ >> PIDS; setsid sh -c \"sleep 301 & wait\"; sleep 302' &)",
        "setsid setsid -f sh -c 'echo $$ >> PIDS; exec sleep 301'",
    ];

    fn leave(world: &World) -> String {
        let pids = world.outside("pids").display().to_string();
        let mut script = LEFT.join("\n").replace("PIDS", &pids);
        let count = LEFT.len();
        script.push_str(&format!(
            "\nwhile test $(wc -l < {pids}) -lt {count}; do sleep 0.01; done\n"
        ));
        script
    }

    /// Asserts that all the processes are gone.
    fn assert_gone(world: &World) {
        let pids = std::fs::read_to_string(world.outside("pids")).unwrap();
        assert_eq!(pids.lines().count(), LEFT.len(), "{pids}");
        for pid in pids.lines() {
            let line = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
            assert!(line.is_err(), "{line:?}");
        }
        std::fs::remove_file(world.outside("pids")).unwrap();
    }

    #[test]
    fn nothing_that_a_command_left_running_acts_after_it() {
        alone!();
        let world = World::new();
        let late = world.outside("late");
        let script = format!(
            "{MEND}
            (cd /; sleep 1; git --git-dir=$real config core.pager late; touch {0}) &
            setsid sh -c \"cd /; sleep 1; git --git-dir=$real config core.pager late; touch {0}\" &
            {1}",
            late.display(),
            leave(&world)
        );
        let begun = Instant::now();
        world.run(&script).unwrap();
        assert_gone(&world);
        // Its output was open all the time: nobody has waited for its end.
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1_200));
        assert!(!late.exists());
        assert!(!world.git(&["config", "--list"]).contains("core.pager"));
        world.assert_clean();
    }

    #[test]
    fn nothing_that_a_validation_left_running_acts_after_it() {
        alone!();
        let mut world = World::bare("FULL_HUMAN");
        world.contract.validation_command = Some(leave(&world));
        world.store_contract();
        world.approve();
        world.run(MEND).unwrap();
        assert_gone(&world);
    }

    #[test]
    fn a_command_that_fails_leaves_nothing_running_either() {
        alone!();
        let world = World::new();
        let result = world.run(&format!("{}\nexit 7", leave(&world)));
        assert!(matches!(result, Err(Error::Failed { .. })), "{result:?}");
        assert_gone(&world);
    }

    #[test]
    fn what_was_started_before_the_run_goes_on() {
        alone!();
        let world = World::new();
        let mut other = std::process::Command::new("sleep")
            .arg("301")
            .spawn()
            .unwrap();
        world.run(&format!("sleep 301 &\n{MEND}")).unwrap();
        assert_eq!(other.try_wait().unwrap(), None);
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_background_job_that_is_waited_for_is_part_of_the_command() {
        alone!();
        let world = World::new();
        let script = format!("(sleep 0.2; {MEND}) & setsid sh -c 'echo z > src/z' & wait");
        let done = world.run(&script).unwrap();
        assert_eq!(done.changed.len(), 2);
        // What ends in time without being waited for is measured all the same.
        let world = World::new();
        let script = format!(
            "(cd src; {MEND}; touch done) & while ! test -e src/done; do sleep 0.01; done; rm src/done"
        );
        let script = script.replace(">> src/a.txt", ">> a.txt");
        assert_eq!(world.run(&script).unwrap().changed.len(), 1);
    }

    #[test]
    fn a_command_that_ends_its_whole_group_ends_no_one_else() {
        alone!();
        let world = World::new();
        let result = world.run(&format!("{MEND}\nkill -TERM 0"));
        assert!(matches!(result, Err(Error::Failed { .. })), "{result:?}");
    }
}
