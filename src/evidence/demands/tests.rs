use super::super::invariants::required_evidence;
use super::*;

fn run() -> RunId {
    RunId::new("run_1").unwrap()
}

fn with(files: &[(&str, &str)]) -> RunFiles {
    let file = |(path, text): &(&str, &str)| (RepoPath::from(*path), text.as_bytes().to_vec());
    files.iter().map(file).collect()
}

/// What these demands add to the invariants, which all runs have to meet.
fn more(files: &RunFiles, demands: &Demands) -> Vec<String> {
    let usual = invariants(&run(), files);
    let all = breaches(&run(), files, demands);
    assert!(usual.iter().all(|it| all.contains(it)), "none gets lost");
    assert!(all.is_sorted_by(|a, b| a < b), "sorted, each once: {all:?}");
    all.into_iter().filter(|it| !usual.contains(it)).collect()
}

const CLAIMED: (&str, &str) = (
    "run_manifest.json",
    "{\n  \"schema\": \"awo.run-manifest/1\"\n}",
);

#[test]
fn a_run_made_elsewhere_needs_the_harness_files_only_where_the_contract_demands_evidence() {
    let files = with(&[("run_manifest.json", "{}")]);
    assert_eq!(more(&files, &Demands::NONE), [""; 0]);
    let demands = Demands {
        evidence: true,
        ..Demands::NONE
    };
    let added = more(&files, &demands);
    for name in required_evidence() {
        assert!(added.contains(&format!("missing_file:{name}")), "{name}");
    }
    assert!(added.contains(&"missing_log:stdout".to_owned()));
}

#[test]
fn a_run_that_claims_to_be_the_harness_owes_what_the_harness_writes() {
    let added = more(&with(&[CLAIMED]), &Demands::NONE);
    assert!(
        added.contains(&"missing_file:patch.diff".to_owned()),
        "{added:?}"
    );
    for other in [
        "{\n  \"schema\": \"awo.run-manifest/2\"\n}",
        "{\n  \"schema\": 1\n}",
        "[]",
        "{",
    ] {
        let files = with(&[("run_manifest.json", other)]);
        assert_eq!(more(&files, &Demands::NONE), [""; 0], "{other}");
    }
}

#[test]
fn a_validation_command_needs_a_log_that_says_something() {
    let demands = Demands {
        validation: true,
        ..Demands::NONE
    };
    assert_eq!(more(&with(&[]), &demands), ["missing_file:test.log"]);
    assert_eq!(
        more(&with(&[("test.log", "")]), &demands),
        ["empty_file:test.log"]
    );
    assert_eq!(more(&with(&[("test.log", "ok\n")]), &demands), [""; 0]);
    let silent = more(&with(&[CLAIMED, ("test.log", "")]), &demands);
    assert!(
        !silent.contains(&"empty_file:test.log".to_owned()),
        "the harness has seen the exit code: {silent:?}"
    );
}

#[test]
fn what_held_of_a_cell_is_told_by_the_harness_and_by_all_where_it_is_required() {
    let missing = "missing_file:cell.json";
    for (manifest, demand, owed) in [
        ("{}", None, false),
        ("{}", Some(Demand::BestEffort), false),
        ("{}", Some(Demand::Required), true),
        (CLAIMED.1, None, false),
        (CLAIMED.1, Some(Demand::BestEffort), true),
        (CLAIMED.1, Some(Demand::Required), true),
        ("{}", Some(Demand::OwnRoot), true),
    ] {
        let files = with(&[("run_manifest.json", manifest)]);
        let found = more(&files, &Demands::NONE.in_cell(demand));
        let found = found.iter().any(|it| it == missing);
        assert_eq!(found, owed, "{manifest} {demand:?}");
    }
}
