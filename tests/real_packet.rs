//! A real work packet, which is no part of the project, from its import to the export of its run.
//! `AWO_TEST_PACKETS` names the directory that has it.

use std::path::{Path, PathBuf};

use git_awo::record::{RunId, WorkGate};
use git_awo::records::{Kind, RunPredicate};
use serde_json::{Value, json};

use crate::admissions::by_record;
use crate::packets::mapped;
use crate::work::policy_with;
use crate::world::{RUN, World};

const BASE: &str = "WP-1-Autonomous-Governance-Protocol";
const FORMER: &str = "WP-1-Autonomous-Governance-Protocol-v2";
const TASK: &str = "WP-1-Autonomous-Governance-Protocol-v3";

const SOURCES: &str = "src/backend/handshake_core/src";

/// Two files of the change; the plan is for them alone.
const PLAN: &str = r#"[[file]]
path = "src/backend/handshake_core/src/models.rs"
window = "1-3"
anchors = ["// levels"]
delta = 1

[[file]]
path = "src/backend/handshake_core/src/workflows.rs"
window = "1-3"
anchors = ["pub fn gate"]
delta = 0
"#;

const SKELETON: &str = "mkdir -p .GOV/skeletons; echo '# Levels, decisions' > .GOV/skeletons/v3.md";

const DO: &str = r#"cd src/backend/handshake_core/src
sed -i 's|// levels|// levels\npub enum AutomationLevel { Locked }|' models.rs
sed -i 's|pub fn gate.*|pub fn gate() -> bool { false }|' workflows.rs
echo implemented"#;

/// Returns the packet.
fn seed() -> String {
    let directory =
        std::env::var_os("AWO_TEST_PACKETS").expect("AWO_TEST_PACKETS names a directory");
    let files = std::fs::read_dir(PathBuf::from(directory)).unwrap();
    let mut files = files.map(|it| it.unwrap().path());
    let is_it = |it: &PathBuf| {
        let name = it.file_name().and_then(|it| it.to_str());
        name.is_some_and(|it| it.starts_with("003_"))
    };
    std::fs::read_to_string(files.find(is_it).expect("the packet is there")).unwrap()
}

/// The next version of the packet: another base, an admission and another test plan.
fn next_version(seed: &str, tip: &str) -> String {
    let mut text = seed.replace(FORMER, TASK);
    let (before, rest) = text.split_once("### TEST_PLAN\n").unwrap();
    let (_, after) = rest.split_once("### DONE_MEANS\n").unwrap();
    let plan = "```bash\n# The levels are there:\ngrep -q AutomationLevel src/backend/handshake_core/src/models.rs\n\n\
                grep -c 'pub fn gate' \\\n  src/backend/handshake_core/src/workflows.rs\n```\n\n";
    text = format!("{before}### TEST_PLAN\n{plan}### DONE_MEANS\n{after}");
    for (old, new) in [
        (
            "b9d96a0019ffac9308968cb51ed0f7735c04f3b2".to_owned(),
            tip.to_owned(),
        ),
        ("ilja190220261548".to_owned(), "ilja300620261200".to_owned()),
        (
            "- REQUESTOR:".to_owned(),
            "- TARGET_REPOSITORY: .\n- ADMISSION_STATUS: admitted\n- REPOSITORY_OWNER: ilja\n\
             - RISK_CLASSIFICATION: local\n- REQUESTOR:"
                .to_owned(),
        ),
        (
            "- Prior stub/planning packet:".to_owned(),
            format!(
                "- Prior packet: `.GOV/task_packets/{FORMER}.md`.\n- Prior stub/planning packet:"
            ),
        ),
    ] {
        assert!(text.contains(&old), "{old}");
        text = text.replace(&old, &new);
    }
    text
}

/// A repository with the files that the packet names, of which otto is the model. Only a record admits it, and
/// tasks of the packet's tier are reviewed by persons.
fn repository() -> World {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        let text = policy_with(&by_record(&text), "codex-cli:gpt-5.2");
        let text = text.replacen(
            "requires = [\"admission/1\"]\nrequires = [\"automation/1\"]",
            "requires = [\"admission/1\", \"automation/1\", \"risk/1\"]",
            1,
        );
        let text = format!("{text}\n[risk.HIGH]\nmodel_reviewers = false\ndelegation = false\n");
        text.replacen(
            "paths = [\"docs/\"]",
            "paths = [\".GOV/\", \"src/backend/\"]",
            1,
        )
    });
    for name in ["workflows", "runtime_governance", "models", "capabilities"] {
        let text = "// levels\npub fn gate() -> bool { true }\n// end\n";
        world.write(&format!("olga/{SOURCES}/{name}.rs"), text);
    }
    let models = "pub struct Job;\n// levels\n// end\n";
    world.write(&format!("olga/{SOURCES}/models.rs"), models);
    for version in ["v2", "v3"] {
        let text = format!("# Refinement {version}\n");
        world.write(&format!("olga/.GOV/refinements/{BASE}-{version}.md"), text);
    }
    let spec = "# Handshake Master Spec v02.132\n";
    world.write("olga/.GOV/roles_shared/SPEC_CURRENT.md", spec);
    world.lands_documents("the packet's files");
    world
}

fn json_of(world: &World, who: &str, words: &[&str]) -> Value {
    serde_json::from_str(&world.ok(who, who, words)).unwrap()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
#[ignore = "reads packets that are no part of the project"]
fn a_real_packet_goes_the_whole_road() {
    let seed = seed();
    let world = repository();
    // As it is, with the packet before it, which no ledger has.
    world.write("seed.md", &seed);
    world.write("stub.md", "# Task Packet: a stub\n");
    let import = ["git", "awo", "task", "import", "../seed.md"];
    let without = world.copied();
    without.ok("olga", "olga", &import);
    without.cannot_approve(FORMER, "ATT-002", "lineage-predecessor");
    let outside = [&import[..], &["--predecessor", "../stub.md"]].concat();
    world.ok("olga", "olga", &outside);
    let former = json_of(
        &world,
        "olga",
        &["git", "awo", "--json", "task", "show", FORMER],
    );
    assert_eq!(former["validation_steps"].as_array().unwrap().len(), 6);

    let tip = world.rev("olga", "main");
    world.imports(&next_version(&seed, &tip));
    let contract = json_of(
        &world,
        "olga",
        &["git", "awo", "--json", "task", "show", TASK],
    );
    assert_eq!(contract["validation_steps"].as_array().unwrap().len(), 2);
    assert_eq!(contract["base"], json!(tip));
    assert_eq!(
        contract["packet"]["lineage"]["predecessor"]["external"],
        Value::Null
    );
    world.cannot_approve(TASK, "GOV-011", "refinement-signed");
    let file = format!("HEAD:.GOV/refinements/{TASK}.md");
    let sign = format!("RefinementSign refinement/{TASK} approve --rationale read --file {file}");
    world.approves("olga", &sign);
    let text = world.cannot_approve(TASK, "GOV-011", "scope-changed");
    assert!(text.contains("base"), "{text}");
    let change = format!("ScopeChange task/{TASK} approve --rationale restated");
    world.approves("olga", &change);
    world.approves_task(TASK);
    world.shares();

    let run = |id: &'static str, script: &str| {
        let words = [
            "git", "awo", "run", TASK, "--run-id", id, "--", "sh", "-c", script,
        ];
        words.map(str::to_owned)
    };
    let skeleton = run("run_s", SKELETON);
    let skeleton: Vec<_> = skeleton.iter().map(String::as_str).collect();
    let text = world.refused("otto", "otto", &skeleton, "GOV-002");
    assert!(text.contains("admission-recorded"), "{text}");
    let admit = [
        "git", "awo", "admit", ".", "--owner", "ilja", "--risk", "local",
    ];
    world.ok("olga", "olga", &admit);
    world.shares();
    let refused = run("run_s", DO);
    let refused: Vec<_> = refused.iter().map(String::as_str).collect();
    let text = world.refused("otto", "otto", &refused, "GOV-011");
    assert!(text.contains("skeleton-first"), "{text}");
    world.executes_by("run_s", TASK, SKELETON);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.approves(
        "rita",
        "SkeletonApproval run/run_s approve --rationale sound",
    );
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.approves_again(TASK);
    world.claims_and_plans(TASK, PLAN);

    let criteria = contract["success_criteria"].as_array().unwrap();
    assert_eq!(criteria.len(), 5);
    let lines = [
        format!("{SOURCES}/models.rs:3"),
        format!("{SOURCES}/workflows.rs:2"),
    ];
    let entry = |it: &Value| json!({"criterion": it, "evidence": lines});
    let mut map = json!({
        "schema": "awo.evidence-map/1",
        "entries": criteria.iter().map(entry).collect::<Vec<_>>(),
    });
    let whole = mapped(DO, &map.to_string());
    map["entries"].as_array_mut().unwrap().pop();
    let less = run(RUN, &mapped(DO, &map.to_string()));
    let less: Vec<_> = less.iter().map(String::as_str).collect();
    let text = world.refused("otto", "otto", &less, "GOV-002");
    assert!(text.contains("evidence-map"), "{text}");
    world.executes_by(RUN, TASK, &whole);

    let words = ["git", "awo", "packet", "post-work", RUN, "--json"];
    let told = json_of(&world, "otto", &words);
    let files = told["manifest"]["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    for file in files {
        let gates = file["gates"].as_object().unwrap();
        assert_eq!(gates.len(), WorkGate::ALL.len());
        for (gate, it) in gates {
            // The last is judged where the commit lands.
            let expected = match gate.as_str() {
                "current_file_matches_preimage" => "ADVISORY",
                _ => "PASS",
            };
            assert_eq!(it["result"], expected, "{gate}: {it}");
        }
    }
    let spec = &told["manifest"]["spec_target_resolved"];
    assert_eq!(spec["title"], "Handshake Master Spec v02.132");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.rita_reviews(RUN);
    world.finalize_and_verify();

    let says: RunPredicate = world.predicate("vera", &Kind::Run.of(RunId::new(RUN).unwrap()));
    assert_eq!(says.work.as_ref().unwrap().decisions().count(), 3);
    world.ok("vera", "vera", &["git", "awo", "export", RUN, "../out"]);
    let out = world.path("out/governance");
    let reports = read(&out.join(format!("validation_reports/{RUN}.json")));
    let reports = reports["reports"].as_array().unwrap();
    let told: Vec<_> = reports.iter().map(|it| (&it["gate"], &it["by"])).collect();
    assert_eq!(
        told,
        [(&json!(2), &json!("rita")), (&json!(3), &json!("rita"))]
    );
    assert_eq!(reports[0]["invariants_ok"], true);
    assert!(
        reports.iter().all(|it| it["received"].is_string()),
        "{reports:?}"
    );
    for decision in says.work.iter().flat_map(|it| it.decisions()) {
        let decision = read(&out.join(format!("decisions/{decision}.json")));
        assert_eq!(decision["decision"], "approve", "{decision}");
    }
    let records = std::fs::read_dir(out.join(format!("records/{RUN}"))).unwrap();
    let mut names = records.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(
        names.any(|it| it.starts_with("pre-work-")),
        "the plan is exported"
    );
}
