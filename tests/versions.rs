//! Versions of work packets: what one carries on from the one before, and what it may not do unasked.

use git_awo::record::contract::ContractDraft;
use git_awo::record::{Sha256, TaskId};
use git_awo::records::{ContractPredicate, Kind};
use git_awo::store::layout::{self, LedgerPath};

use crate::actors::with_models;
use crate::aside::other_machine;
use crate::hostile::Case;
use crate::packets::{MAP, mapped};
use crate::work::{plain, planned, policy_with};
use crate::world::{AGENT, RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "P-38",
        attack: "a version that permits more than the one before, without a decision on that",
        answer: "GOV-011",
        tests: &[
            "versions::what_a_version_widens_asks_for_a_decision_and_what_it_narrows_does_not",
            "versions::an_approval_of_more_than_was_decided_is_refused_at_the_door",
        ],
    },
    Case {
        id: "P-39",
        attack: "an approval or a run of a version after the next one came; a criterion dropped in silence",
        answer: "ATT-002, GOV-002",
        tests: &[
            "versions::what_was_on_its_way_when_the_next_version_came_is_refused",
            "versions::a_version_names_the_contract_before_it_at_the_door",
        ],
    },
    Case {
        id: "P-65",
        attack: "a version with a number left out, as if the one before stood outside of the ledger",
        answer: "ATT-002",
        tests: &["versions::no_version_skips_a_number_where_the_ledger_has_an_earlier_one"],
    },
    Case {
        id: "P-40",
        attack: "an approval or a run on other bytes than the refinement that was signed",
        answer: "ATT-002",
        tests: &[
            "work::a_refinement_that_changed_after_its_signature_is_refused",
            "work::a_run_that_changes_its_refinement_is_refused",
        ],
    },
];

const LEDGER: &[&str] = &["refs/awo/ledger"];

fn path(task: &str) -> LedgerPath {
    Kind::Contract.of(TaskId::new(task).unwrap())
}

/// The contract of a task in olga's clone says something else, as no command would write it.
fn rewrites(world: &World, task: &str, change: impl FnOnce(&mut ContractDraft)) {
    let mut says: ContractPredicate = world.predicate("olga", &path(task));
    let mut draft = ContractDraft::from(says.contract);
    change(&mut draft);
    says.contract = draft.check().unwrap();
    let bytes = world.actor("olga").sign(says).unwrap().to_bytes();
    let path = path(task).to_path().to_string();
    world.forge("olga", &layout::ledger(), &[(&path, Some(&bytes))]);
}

#[test]
fn a_version_keeps_or_gives_reasons_and_asks_for_what_it_widens() {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    world.signs("WP-X");
    world.approves_task("WP-X");
    world.shares();
    // A bullet that is dropped in silence.
    let silent = [("- Outer spaces give none.\n", "")];
    world.write(
        "work.md",
        plain(&world, "WP-X-v2", 1, &with_lineage(&silent, "")),
    );
    let import = ["git", "awo", "task", "import", "../work.md"];
    let text = world.refused("olga", "olga", &import, "GOV-002");
    assert!(
        text.contains("lineage-complete") && text.contains("Outer spaces"),
        "{text}"
    );
    // A reason that is none.
    let lame = "  - Dropped: \"Outer spaces give none.\": -\n";
    world.write(
        "work.md",
        plain(&world, "WP-X-v2", 1, &with_lineage(&silent, lame)),
    );
    world.refused("olga", "olga", &import, "GOV-002");
    // With a reason it is imported; it asks for less, which somebody must permit.
    let said = "  - Dropped: \"Outer spaces give none.\": they never did\n";
    world.imports(&plain(&world, "WP-X-v2", 1, &with_lineage(&silent, said)));
    world.signs("WP-X-v2");
    let text = world.cannot_approve("WP-X-v2", "GOV-011", "scope-changed");
    assert!(
        text.contains("drops") && text.contains("Outer spaces give none."),
        "{text}"
    );
    // The former version is over.
    world.cannot_approve("WP-X", "ATT-002", "version-superseded");
    world.approves("olga", "ScopeChange task/WP-X-v2 approve --rationale x");
    world.approves_task("WP-X-v2");
    world.shares();
    let run = ["git", "awo", "run", "WP-X", "--", "sh", "-c", AGENT];
    let text = world.refused("otto", "otto", &run, "ATT-002");
    assert!(text.contains("version-superseded"), "{text}");
    let board = world.ok("olga", "olga", &["git", "awo", "task", "board"]);
    let first = "WP-X  base WP-X  superseded by WP-X-v2  approved";
    let second = "WP-X-v2  base WP-X  version 2  approved";
    assert!(board.contains(first) && board.contains(second), "{board}");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_version_keeps_the_refinement_of_the_one_before() {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    world.signs("WP-X");
    world.approves_task("WP-X");
    world.shares();
    let same = [("plans/WP-X-v2.md", "plans/WP-X.md")];
    world.imports(&plain(&world, "WP-X-v2", 1, &with_lineage(&same, "")));
    // It was signed for the former one.
    world.cannot_approve("WP-X-v2", "ATT-002", "binding-mismatch");
    let file = "HEAD:docs/plans/WP-X.md";
    let ask = format!("RefinementSign refinement/WP-X-v2 approve --rationale x --file {file}");
    world.approves("olga", &ask);
    world.approves_task("WP-X-v2");
    world.shares();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// Edits of a packet that is a second version.
pub fn with_lineage<'a>(edit: &[(&'a str, &'a str)], more: &'a str) -> Vec<(&'a str, &'a str)> {
    let section: &str = Box::leak(
        format!(
            "## LINEAGE_AUDIT (ALL VERSIONS)\n- Prior packet: `WP-X.md`.\n{more}\n## BOOTSTRAP\n"
        )
        .into_boxed_str(),
    );
    let mut all = edit.to_vec();
    all.push(("## BOOTSTRAP\n", section));
    all
}

/// What a version may say, and says less of or more.
const FIELDS: &str = r#"allowed_paths = ["src/strings.py"]
forbidden_paths = ["src/keys/", "*.pem"]
forbidden_actions = ["push", "merge"]
success_criteria = ["One dash.", "No dash."]
evidence = ["patch.diff", "report.md"]
risk_tier = "LOW"
target_ref = "refs/heads/main"
skeleton = true
post_work = true
[packet.delegation]
allowed = false
[ceiling]
files = 5
paths = ["src/**"]
actions = ["change", "deploy"]
[packet.lineage]
changed = ["One dash.: two", "Two dashes.: one", "No dash.: never"]
"#;

/// What is looser about the second version, the text that says it, and whether the way back is looser as well.
const WIDER: &[(&str, &str, &str, bool)] = &[
    (
        "allows docs/",
        "[\"src/strings.py\"]",
        "[\"src/strings.py\", \"docs/\"]",
        false,
    ),
    ("allows src/", "[\"src/strings.py\"]", "[\"src/\"]", true),
    ("no longer forbids *.pem", ", \"*.pem\"", "", false),
    ("no longer forbids merge", ", \"merge\"", "", false),
    ("drops No dash.", ", \"No dash.\"", "", false),
    (
        "drops One dash.",
        "[\"One dash.\"",
        "[\"Two dashes.\"",
        true,
    ),
    ("no longer asks for report.md", ", \"report.md\"", "", false),
    ("risk tier HIGH instead of LOW", "LOW", "HIGH", true),
    (
        "branch refs/heads/next",
        "refs/heads/main",
        "refs/heads/next",
        true,
    ),
    ("no skeleton", "skeleton = true\n", "", false),
    ("no post-work", "post_work = true\n", "", false),
    (
        "delegation",
        "allowed = false",
        "allowed = true\noperator_approval_evidence = \"go-ahead\"",
        false,
    ),
    (
        "ceiling.files: 6 instead of 5",
        "files = 5",
        "files = 6",
        false,
    ),
    ("ceiling.actions: without deploy", ", \"deploy\"", "", false),
];

/// What every packet says.
const PACKET: &str = r#"schema = "awo.packet/1"
id = "@TASK@"
base_task_id = "@FIRST@"
task = "strings"
requestor = "olga"
user_signature = "@SIGNATURE@"
base = "@BASE@"
approval_sentence = "I approve @TASK@."
out_of_scope = ["all else"]
rollback = ["git awo rollback RUN"]
validation_command = "true"
@TOP@
[target]
locator = "."
[target.admission]
status = "admitted"
[packet]
format_version = "2026-02-01"
refinement_file = "docs/plans/@TASK@.md"
why = "It is wanted."
[packet.actors]
agent_id = "agent:one"
role = "Planner"
agentic_mode = false
coder_model = "pen:plain"
reasoning_strength = "HIGH"
[packet.authority]
spec_baseline = "docs/strings.md"
spec_target = "docs/strings.md"
spec_anchors = ["Strings"]
@TABLES@"#;

impl World {
    /// olga imports a packet of this task that says this.
    fn imports_fields(&self, task: &str, fields: &str) {
        let first = TaskId::new(task).unwrap().versioned().0;
        let (top, tables) = fields.split_at(fields.find("[packet").unwrap());
        let mut tables = tables.to_owned();
        if first.as_str() != task {
            tables.push_str(&format!("predecessor.path = \"{first}.toml\"\n"));
        }
        // Each import adds to the ledger, so that no signature comes twice.
        let signature = format!("olga{:012}", self.ledger_of("olga").len());
        let base = self.rev("olga", "main");
        let said = [
            ("@TASK@", task),
            ("@FIRST@", first.as_str()),
            ("@SIGNATURE@", &signature),
            ("@BASE@", &base),
            ("@TOP@", top),
            ("@TABLES@", &tables),
        ];
        let fill = |text: String, (word, with): (&str, &str)| text.replace(word, with);
        self.write("work.toml", said.into_iter().fold(PACKET.to_owned(), fill));
        let import = ["git", "awo", "task", "import", "../work.toml"];
        self.ok("olga", "olga", &import);
    }
}

/// A world with a second branch that takes runs, and the refinements of these tasks.
fn with_refinements(tasks: &[String]) -> World {
    let world = planned();
    world.next_policy(3, None, |text| {
        let text = policy_with(&text, "pen:plain");
        let main = "[[ref]]\npattern = \"refs/heads/main\"";
        let (before, after) = text.split_once(main).unwrap();
        let adopted = after.lines().find(|it| it.starts_with("adopted")).unwrap();
        let direct = "[[ref.direct]]\nwriters = [\"olga\"]\npaths = [\"docs/\"]";
        let next = "[[ref]]\npattern = \"refs/heads/next\"\naccept = [\"governed\", \"direct\"]";
        format!("{before}{next}\n{adopted}\n\n{direct}\n\n{main}{after}")
    });
    for task in tasks {
        world.write(&format!("olga/docs/plans/{task}.md"), format!("# {task}\n"));
    }
    world.lands_documents("more plans");
    world.ok("olga", "olga", &["git", "branch", "next"]);
    world
}

#[test]
fn what_a_version_widens_asks_for_a_decision_and_what_it_narrows_does_not() {
    let versions =
        (0..WIDER.len()).flat_map(|at| ["WIDE", "NARROW"].map(|it| format!("{it}-{at}-v2")));
    let world = with_refinements(&versions.collect::<Vec<_>>());
    for (at, (what, tight, loose, both)) in WIDER.iter().enumerate() {
        assert!(FIELDS.contains(tight), "{tight}");
        let looser = FIELDS.replacen(tight, loose, 1);
        let (wide, narrow) = (format!("WIDE-{at}"), format!("NARROW-{at}"));
        let (wider, narrower) = (format!("{wide}-v2"), format!("{narrow}-v2"));
        world.imports_fields(&wide, FIELDS);
        world.imports_fields(&wider, &looser);
        world.signs(&wider);
        let text = world.cannot_approve(&wider, "GOV-011", "scope-changed");
        assert!(text.contains(what), "{what}: {text}");
        let ask = format!("ScopeChange task/{wider} approve --rationale x");
        world.approves("olga", &ask);
        world.approves_task(&wider);
        // The way back says less.
        world.imports_fields(&narrow, &looser);
        world.imports_fields(&narrower, FIELDS);
        world.signs(&narrower);
        match both {
            true => world.cannot_approve(&narrower, "GOV-011", "scope-changed"),
            false => world.approves_task(&narrower),
        };
    }
    world.shares();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn an_approval_of_more_than_was_decided_is_refused_at_the_door() {
    let world = with_refinements(&["WP-1-v2".to_owned()]);
    world.imports_fields("WP-1", FIELDS);
    world.imports_fields("WP-1-v2", &FIELDS.replacen(", \"*.pem\"", "", 1));
    world.signs("WP-1-v2");
    world.shares();
    let id = world.approves("olga", "ScopeChange task/WP-1-v2 approve --rationale x");
    world.approves_task("WP-1-v2");
    let records = ["refs/awo/ledger", "refs/notes/awo/*"];
    // The decision on which it rests stays behind.
    let copy = world.copied();
    let ledger = copy.ledger_of("olga");
    let names = ledger.iter().filter(|it| it.0.contains(id.as_str()));
    let edits: Vec<_> = names.map(|it| (it.0.as_str(), None)).collect();
    copy.forge("olga", &layout::ledger(), &edits);
    copy.is_found_of("olga", &records, "GOV-011", "scope-changed");
    world.push_accepted("olga", &records);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_version_names_the_contract_before_it_at_the_door() {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    world.shares();
    world.imports(&plain(&world, "WP-X-v2", 1, &with_lineage(&[], "")));
    let copy = world.copied();
    rewrites(&copy, "WP-X-v2", |draft| {
        let packet = draft.packet.as_mut().unwrap();
        packet.lineage.predecessor.as_mut().unwrap().contract = None;
    });
    copy.is_found_of("olga", LEDGER, "ATT-002", "lineage-predecessor");
    let copy = world.copied();
    rewrites(&copy, "WP-X-v2", |draft| {
        draft.success_criteria.remove(0);
    });
    copy.is_found_of("olga", LEDGER, "GOV-002", "lineage-complete");
    world.push_accepted("olga", LEDGER);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn no_version_skips_a_number_where_the_ledger_has_an_earlier_one() {
    let world = planned();
    world.write("before.md", "# a packet elsewhere\n");
    let outside = [
        "git",
        "awo",
        "task",
        "import",
        "../work.md",
        "--predecessor",
        "../before.md",
    ];
    let imports = |world: &World, task: &str, digit: u8| {
        let lineage = with_lineage(&[], "");
        let lineage = match TaskId::new(task).unwrap().versioned().1 {
            Some(1) => &[][..],
            _ => &lineage,
        };
        world.write("work.md", plain(world, task, digit, lineage));
    };
    world.imports(&plain(&world, "WP-X", 0, &[]));
    let before = world.ledger_of("olga");
    let skipping = ["WP-X-v3", "wp-x-v2", "WP-X-v4294967295", "WP-X-v1"];
    for task in skipping {
        imports(&world, task, 1);
        let words = if task == "WP-X-v1" { 5 } else { 7 };
        let text = world.refused("olga", "olga", &outside[..words], "ATT-002");
        assert!(
            text.contains("lineage-predecessor") && text.contains("WP-X-v2"),
            "{task}: {text}"
        );
        assert_eq!(world.ledger_of("olga"), before, "{task}");
    }
    world.shares();
    // Past the command: as if the version between had never been imported here.
    let late = world.copied();
    for (task, digit) in [("WP-X-v2", 1), ("WP-X-v3", 2)] {
        imports(&late, task, digit);
        late.ok("olga", "olga", &outside[..5]);
    }
    rewrites(&late, "WP-X-v3", |draft| {
        let packet = draft.packet.as_mut().unwrap();
        let predecessor = packet.lineage.predecessor.as_mut().unwrap();
        predecessor.contract = None;
        predecessor.sha256 = Some(Sha256::of(
            b"# a packet elsewhere
",
        ));
        predecessor.external = true;
    });
    let ledger = late.ledger_of("olga");
    let of_second = |(path, bytes): &&(String, Vec<u8>)| {
        let marks = path.ends_with("@signed") && bytes.starts_with(b"WP-X-v2");
        marks || path.starts_with("WP-X-v2@")
    };
    let gone = ledger.iter().filter(of_second);
    let edits: Vec<_> = gone.map(|(path, _)| (path.as_str(), None)).collect();
    assert_eq!(edits.len(), 3, "{edits:?}");
    late.forge("olga", &layout::ledger(), &edits);
    late.is_found_of("olga", LEDGER, "ATT-002", "lineage-predecessor");
    // One after the other they come; and where the ledger has none before, the one before is elsewhere.
    for (task, digit) in [
        ("WP-X-v2", 1),
        ("WP-X-v3", 2),
        ("WP-Y-v3", 3),
        ("WP-Z-v1", 4),
    ] {
        imports(&world, task, digit);
        let more = if task == "WP-Y-v3" { 7 } else { 5 };
        world.ok("olga", "olga", &outside[..more]);
    }
    world.push_accepted("olga", LEDGER);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// olga imports the next version of WP-X on another machine, and everybody has it.
fn goes_on(world: &World) {
    world.imports(&plain(world, "WP-X-v2", 1, &with_lineage(&[], "")));
    world.shares();
}

#[test]
fn what_was_on_its_way_when_the_next_version_came_is_refused() {
    let records = ["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];
    // An approval.
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    world.signs("WP-X");
    world.shares();
    let other = other_machine(&world, "olga");
    world.approves_task("WP-X");
    let late = world.copied();
    late.write(
        "work.md",
        plain(&late, "WP-X-v2", 1, &with_lineage(&[], "")),
    );
    late.ok(
        "olga",
        &other,
        &["git", "awo", "task", "import", "../work.md"],
    );
    late.ok("olga", &other, &["git", "awo", "push"]);
    late.ok("olga", "olga", &["git", "awo", "fetch"]);
    let approval = ["refs/awo/ledger", "refs/notes/awo/*"];
    late.is_found_of("olga", &approval, "ATT-002", "version-superseded");
    world.shares();
    goes_on(&world);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);

    // A run.
    let world = with_models(&[]);
    world.executes_by(RUN, "WP-X", &mapped(AGENT, MAP));
    let late = world.copied();
    goes_on(&late);
    late.is_found_of("otto", &records, "ATT-002", "version-superseded");
    // What came before stays.
    world.push_accepted("otto", &records);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    goes_on(&world);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
