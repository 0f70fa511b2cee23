//! The CI templates of docs/ci, executed: every step of every job, as the forges execute them.

mod facts;
mod flavours;
mod forge;
mod yaml;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::{AGENT, TASK, World};
use flavours::{GitHub, GitLab};
use forge::{Done, Flavour, Forge, Job, State, Table, URL, stand_in};

pub const GITHUB: &str = include_str!("../docs/ci/github-actions.yml");
pub const GITHUB_VERIFY: &str = include_str!("../docs/ci/github-actions-verify.yml");
pub const GITLAB: &str = include_str!("../docs/ci/gitlab-ci.yml");
pub const GITLAB_VERIFY: &str = include_str!("../docs/ci/gitlab-ci-verify.yml");

/// The jobs of a governed run, in their order.
pub const ROAD: [&str; 5] = ["run", "scope-gate", "gate-2", "audit-gate", "finalize"];

/// A forge with a template and a world in which a task is approved.
struct Scene {
    world: World,
    github: bool,
    template: String,
    /// Whose key stands under which name in which environment.
    keys: Vec<(&'static str, &'static str, &'static str)>,
    /// The pull or merge request, if one started the pipeline.
    proposal: Option<&'static str>,
}

impl Scene {
    fn new(github: bool) -> Self {
        Self::of(github, World::approved())
    }

    fn of(github: bool, world: World) -> Self {
        world.write("agent.sh", AGENT);
        std::os::unix::fs::symlink(world.path("server.git"), world.path("sandbox.git")).unwrap();
        Self {
            world,
            github,
            template: if github { GITHUB } else { GITLAB }.to_owned(),
            keys: vec![
                ("awo-run", "AWO_ORCHESTRATOR_KEY", "otto"),
                ("awo-gate-2", "AWO_REVIEWER_KEY", "rita"),
                ("awo-audit", "AWO_AUDITOR_KEY", "rita"),
                ("awo-finalize", "AWO_ORCHESTRATOR_KEY", "otto"),
            ],
            proposal: None,
        }
    }

    fn secret_names(&self, environment: &str) -> Vec<String> {
        let of = self.secrets().remove(environment).unwrap_or_default();
        of.into_keys().collect()
    }

    fn secrets(&self) -> BTreeMap<String, Table> {
        let mut secrets: BTreeMap<String, Table> = BTreeMap::new();
        for (environment, name, person) in &self.keys {
            let key =
                std::fs::read_to_string(self.world.path(&format!("home/{person}/key"))).unwrap();
            let table = secrets.entry((*environment).to_owned()).or_default();
            if self.github {
                table.insert((*name).to_owned(), key.trim_end().to_owned());
            } else {
                table.insert((*name).to_owned(), base64(&key));
                table.insert("AWO_TOKEN".to_owned(), "project-token".to_owned());
            }
        }
        if self.github {
            let table = secrets.entry("awo-finalize".to_owned()).or_default();
            table.insert("AWO_PUSH_TOKEN".to_owned(), "push-token".to_owned());
        }
        secrets
    }

    /// Returns what the forge and the person who starts the pipeline supply.
    fn given(&self) -> Table {
        let command = format!("sh {}", self.world.path("agent.sh").display());
        let rows: Vec<(&str, String)> = if self.github {
            vec![
                ("inputs.task", TASK.to_owned()),
                ("inputs.command", command),
                ("github.server_url", URL.to_owned()),
                ("github.repository", "acme/sandbox".to_owned()),
                ("github.run_id", "7001".to_owned()),
                ("github.run_attempt", "1".to_owned()),
                ("github.ref", "refs/heads/main".to_owned()),
                ("github.token", "forge-token".to_owned()),
                // Empty where no pull request is, as the forge evaluates it.
                (
                    "github.event.pull_request.number",
                    self.proposal.unwrap_or_default().to_owned(),
                ),
            ]
        } else {
            let mut rows = vec![("AWO_TASK", TASK.to_owned()), ("AWO_COMMAND", command)];
            rows.extend(
                self.proposal
                    .map(|it| ("CI_MERGE_REQUEST_IID", it.to_owned())),
            );
            rows
        };
        rows.into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn flavour(&self) -> &'static dyn Flavour {
        if self.github { &GitHub } else { &GitLab }
    }

    /// Returns the jobs of these names, with the values filled in that a user fills in.
    fn jobs(&self, names: &[&str]) -> Vec<Job> {
        let program = self.world.path("stand-in");
        let digest = stand_in(&program);
        let filled = self
            .template
            .replace("FILL-IN-THE-ANCHOR", &self.world.fingerprint())
            .replace("FILL-IN-THE-BINARY", program.to_str().unwrap())
            .replace("FILL-IN-THE-CHECKSUM", &digest);
        let document = yaml::load(&filled);
        let jobs = if self.github {
            yaml::github(&document)
        } else {
            yaml::gitlab(&document)
        };
        jobs.into_iter()
            .filter(|it| names.contains(&it.name.as_str()))
            .collect()
    }

    fn play(&self, names: &[&str]) -> Vec<Done> {
        self.play_and(names, &|_| {})
    }

    /// Runs the jobs of these names; `after` is called after each.
    fn play_and(&self, names: &[&str], after: &dyn Fn(&str)) -> Vec<Done> {
        let forge = Forge {
            world: &self.world,
            flavour: self.flavour(),
            secrets: self.secrets(),
            given: self.given(),
            proposal: self.proposal,
        };
        forge.run(&self.jobs(names), after)
    }

    fn run_id(&self) -> &'static str {
        if self.github {
            "run_gh_7001_1"
        } else {
            "run_gl_7002"
        }
    }

    fn main(&self) -> String {
        self.world.rev("server.git", "refs/heads/main")
    }

    /// Returns the paths of the ledger on the server.
    fn ledger(&self) -> String {
        let files = self.world.ledger_of("server.git").into_iter();
        files.map(|(path, _)| path + "\n").collect()
    }
}

fn base64(text: &str) -> String {
    use base64ct::Encoding as _;
    base64ct::Base64::encode_string(text.as_bytes())
}

fn states(done: &[Done]) -> Vec<(&str, State)> {
    done.iter().map(|it| (it.job.as_str(), it.state)).collect()
}

fn all_said(done: &[Done]) -> String {
    done.iter().map(|it| it.said.as_str()).collect()
}

fn walks_the_whole_road(github: bool) {
    let scene = Scene::new(github);
    let before = scene.main();
    let done = scene.play(&ROAD);
    let wanted: Vec<_> = ROAD.iter().map(|name| (*name, State::Passed)).collect();
    assert_eq!(states(&done), wanted, "{}", all_said(&done));
    // The commit of the run has landed.
    let world = &scene.world;
    let after = scene.main();
    assert_eq!(
        world.rev("server.git", &format!("{after}^")),
        before,
        "one commit more"
    );
    let body = world.ok(
        "server",
        "server.git",
        &["git", "log", "-1", "--format=%B", &after],
    );
    assert!(
        body.contains(&format!("AWO-Run: {}", scene.run_id())),
        "{body}"
    );
    // The forge's pipeline stands in the provenance index.
    let ledger = world.ledger_of("server.git");
    let entry = ledger
        .iter()
        .find(|(path, _)| path.ends_with("@provenance.json"));
    let entry: Value = serde_json::from_slice(&entry.unwrap().1).unwrap();
    let url = if github {
        format!("{URL}/acme/sandbox/actions/runs/7001")
    } else {
        format!("{URL}/acme/sandbox/-/pipelines/7002")
    };
    assert_eq!(entry["workflow_run_url"], url.as_str());
    assert_eq!(entry["approved_by"], serde_json::json!(["rita"]));
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // Kept: what was reviewed, and the verdict. Not kept: keys.
    let of = |name: &str| done.iter().find(|it| it.job == name).unwrap();
    let read = |name: &str, file: &str| {
        std::fs::read_to_string(of(name).kept.join("kept").join(file)).unwrap()
    };
    assert!(read("scope-gate", "contract.txt").contains("src/strings.py"));
    assert!(
        read("scope-gate", "change.txt").contains("+    return \"-\".join"),
        "the patch is shown"
    );
    let verdict: Value = serde_json::from_str(&read("gate-2", "verdict.json")).unwrap();
    assert_eq!(verdict["status"], "APPROVED_BY_INDEPENDENT_REVIEWER");
    assert_eq!(independence_logs(of("gate-2")), 1);
    kept_by_finalize(&scene, of("finalize"));
    let words = ["grep", "-rIl", "PRIVATE KEY", "forge"];
    assert_eq!(
        world.run("server", ".", &words).text,
        "",
        "no key is left behind"
    );
}

/// Asserts that the last job keeps the tarball of the evidence and the export, and that both hold.
fn kept_by_finalize(scene: &Scene, done: &Done) {
    let kept = done.kept.join("kept");
    let run = scene.run_id();
    let check = |place: &std::path::Path| {
        let mut sums = std::process::Command::new("sha256sum");
        sums.args(["--check", "--strict", "--quiet", "SHA256SUMS.txt"]);
        let output = sums.current_dir(place).output().unwrap();
        assert!(output.status.success(), "{}: {output:?}", place.display());
        std::fs::read(place.join("SHA256SUMS.txt")).unwrap()
    };
    let exported = check(&kept.join(format!("export/runs/{run}")));
    let unpacked = assert_fs::TempDir::new().unwrap();
    let tarball = std::fs::File::open(kept.join(format!("{run}.tar.gz"))).unwrap();
    let tarball = flate2::read::GzDecoder::new(tarball);
    tar::Archive::new(tarball).unpack(unpacked.path()).unwrap();
    assert_eq!(check(unpacked.path()), exported, "one root");
    let index = std::fs::read_to_string(kept.join("export/provenance/index.json")).unwrap();
    assert!(index.contains(run), "{index}");
    let attestation = format!("export/governance/attestations/{run}/ATTESTATION.txt");
    assert!(kept.join(attestation).is_file());
    let root = git_awo::record::Sha256::of(&exported).to_string();
    assert!(
        done.said.contains(&format!("root {root}")),
        "integrity verify says the root: {}",
        done.said
    );
}

#[test]
fn every_step_for_github_lands_the_commit_and_a_fresh_clone_verifies() {
    walks_the_whole_road(true);
}

#[test]
fn every_step_for_gitlab_lands_the_commit_and_a_fresh_clone_verifies() {
    walks_the_whole_road(false);
}

/// Counts the independence logs among what a job kept.
fn independence_logs(done: &Done) -> usize {
    let kept = std::fs::read_to_string(done.kept.join("kept/records.json")).unwrap();
    kept.matches("@independence-").count()
}

fn one_person_is_stopped(github: bool) {
    let mut scene = Scene::new(github);
    scene.keys[1].2 = "otto";
    let before = scene.main();
    let done = scene.play(&ROAD);
    assert_eq!(
        states(&done),
        [
            ("run", State::Passed),
            ("scope-gate", State::Passed),
            ("gate-2", State::Failed),
            ("audit-gate", State::Skipped),
            ("finalize", State::Skipped),
        ],
        "{}",
        all_said(&done)
    );
    assert!(done[2].said.contains("GOV-001"), "{}", done[2].said);
    assert!(
        scene.ledger().contains("@independence-"),
        "the log is on the server"
    );
    assert_eq!(independence_logs(&done[2]), 1, "and kept as an artifact");
    let verdict = std::fs::read_to_string(done[2].kept.join("kept/verdict.json")).unwrap();
    assert!(verdict.contains("FAILED_SELF_APPROVAL"), "{verdict}");
    assert_eq!(scene.main(), before, "nothing landed");
    let words = ["grep", "-rIl", "PRIVATE KEY", "forge"];
    assert_eq!(
        scene.world.run("server", ".", &words).text,
        "",
        "no key is left behind"
    );
}

#[test]
fn gate_2_for_github_stops_a_reviewer_who_orchestrated_and_keeps_the_log() {
    one_person_is_stopped(true);
}

#[test]
fn gate_2_for_gitlab_stops_a_reviewer_who_orchestrated_and_keeps_the_log() {
    one_person_is_stopped(false);
}

/// Changes a file of the evidence on the server, past its hooks.
fn tamper(world: &World) {
    let script = r#"
ref=$(git for-each-ref --format='%(refname)' refs/awo/evidence)
path=$(git ls-tree -r --name-only "$ref" | grep '/test.log$')
export GIT_INDEX_FILE="$PWD/tampered"
git read-tree "$ref"
blob=$(echo 'all is well' | git hash-object -w --stdin)
git update-index --cacheinfo "100644,$blob,$path"
new=$(git commit-tree -m tampered -p "$ref" "$(git write-tree)")
git update-ref "$ref" "$new"
"#;
    world.ok("server", "server.git", &["sh", "-e", "-c", script]);
}

#[test]
fn evidence_that_was_changed_on_the_server_stops_the_road() {
    for github in [true, false] {
        let scene = Scene::new(github);
        let before = scene.main();
        let done = scene.play_and(&ROAD, &|job| {
            if job == "scope-gate" {
                tamper(&scene.world);
            }
        });
        let states: Vec<_> = states(&done).into_iter().map(|(_, state)| state).collect();
        let (passed, failed, skipped) = (State::Passed, State::Failed, State::Skipped);
        assert_eq!(
            states,
            [passed, passed, failed, skipped, skipped],
            "{}",
            all_said(&done)
        );
        assert!(done[2].said.contains("INT-00"), "{}", done[2].said);
        assert_eq!(scene.main(), before, "nothing landed");
    }
}

#[test]
fn a_name_that_nothing_sets_fails_the_job() {
    for (github, from, to, says) in [
        (
            true,
            r#"run "$AWO_TASK""#,
            r#"run "$AWO_TSAK""#,
            "AWO_TSAK: unbound variable",
        ),
        (
            false,
            r#"run "$AWO_TASK""#,
            r#"run "$AWO_TSAK""#,
            "AWO_TSAK: unbound variable",
        ),
        (true, "inputs.task", "inputs.tsak", "inputs.tsak: unknown"),
        (
            true,
            "secrets.AWO_ORCHESTRATOR_KEY",
            "secrets.AWO_REVIEWER_KEY",
            "AWO_REVIEWER_KEY: unknown",
        ),
        (
            false,
            "$CI_PIPELINE_ID",
            "$CI_PIPELINE_IID",
            "CI_PIPELINE_IID: unknown",
        ),
    ] {
        let mut scene = Scene::new(github);
        assert!(scene.template.contains(from), "{from} is in the template");
        scene.template = scene.template.replace(from, to);
        let done = scene.play(&["run"]);
        assert_eq!(done[0].state, State::Failed, "{to}");
        assert!(done[0].said.contains(says), "{to}: {}", done[0].said);
    }
}

#[test]
fn another_binary_than_the_pinned_one_is_not_run() {
    for github in [true, false] {
        let mut scene = Scene::new(github);
        let other = format!("{:064x}", 7);
        scene.template = scene.template.replace("FILL-IN-THE-CHECKSUM", &other);
        let done = scene.play(&["run"]);
        assert_eq!(done[0].state, State::Failed);
        assert!(
            !done[0].said.contains("trust"),
            "nothing ran: {}",
            done[0].said
        );
        assert!(
            !done[0].place.join("repository").exists(),
            "nothing was cloned"
        );
    }
}

/// Templates with a verify job, and whether they are for GitHub.
const VERIFY: [(bool, &str); 3] = [
    (true, GITHUB_VERIFY),
    (false, GITLAB_VERIFY),
    (false, GITLAB),
];

/// A scene of a verify job, in a world with one run that has landed or is proposed.
fn verifying((github, template): (bool, &str), world: World) -> Scene {
    let mut scene = Scene::of(github, world);
    scene.template = template.to_owned();
    scene
}

/// Puts a commit of a clone where the forge puts what is proposed.
fn propose(world: &World, who: &str, revision: &str) {
    for name in ["refs/pull/1/head", "refs/merge-requests/1/head"] {
        let refspec = format!("{revision}:{name}");
        let words = ["git", "fetch", "--quiet", &format!("../{who}"), &refspec];
        world.ok("server", "server.git", &words);
    }
    // The trial merge of the forge.
    let merge = "git update-ref refs/pull/1/merge $(git -c user.name=forge -c user.email=forge@localhost \
         commit-tree -p main -p refs/pull/1/head -m Merge refs/pull/1/head^{tree})";
    world.ok("server", "server.git", &["sh", "-c", merge]);
}

#[test]
fn the_verify_job_passes_what_landed_and_finds_what_moved_past_the_hooks() {
    for template in VERIFY {
        let scene = verifying(template, World::landed());
        let done = scene.play(&["verify"]);
        assert_eq!(done[0].state, State::Passed, "{}", done[0].said);

        let scene = verifying(template, World::landed());
        let world = &scene.world;
        world.write("otto/src/strings.py", "# past all gates\n");
        world.commit("otto", "Nobody looked");
        // As on a forge without hooks.
        let words = ["git", "fetch", "--quiet", "../otto", "main:refs/heads/main"];
        world.ok("server", "server.git", &words);
        let done = scene.play(&["verify"]);
        assert_eq!(done[0].state, State::Failed, "{}", done[0].said);
        assert!(done[0].said.contains("GOV-002"), "{}", done[0].said);
    }
}

#[test]
fn the_verify_job_judges_what_is_proposed_as_on_the_governed_branch() {
    for template in VERIFY {
        let mut scene = verifying(template, World::finalized());
        scene.proposal = Some("1");
        let world = &scene.world;
        world.ok("otto", "otto", &["git", "awo", "push", "--records-only"]);
        propose(world, "otto", "main");
        let done = scene.play(&["verify"]);
        assert_eq!(done[0].state, State::Passed, "{}", done[0].said);

        let mut scene = verifying(template, World::approved());
        scene.proposal = Some("1");
        let world = &scene.world;
        world.write("otto/src/strings.py", "# no run made this\n");
        world.commit("otto", "Please merge");
        propose(world, "otto", "main");
        let done = scene.play(&["verify"]);
        assert_eq!(done[0].state, State::Failed, "{}", done[0].said);
        assert!(done[0].said.contains("GOV-002"), "{}", done[0].said);
    }
}
