//! Every case of the selftest bites: for each there is a broken variant of this program, and the
//! case fails on it. The variants are made of a copy of the sources by the replacements below and
//! built as one program that breaks in the way that the directory it stands in is named after.
//! Nothing of it is in the program that is shipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use git_awo::selftest;

/// A variant: the cases that must fail, where, and what to write instead of what. `{M}` stands
/// for the question whether the variant is on.
struct Mutant {
    cases: &'static [&'static str],
    file: &'static str,
    original: &'static str,
    broken: &'static str,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        cases: &["TS-0001"],
        file: "src/ops/gate.rs",
        original: "    batch = batch.record(&path, &envelope);\n    session.commit(&batch)?;",
        broken: "    if !{M} { batch = batch.record(&path, &envelope); }\n    session.commit(&batch)?;",
    },
    // The same person counts as another one.
    Mutant {
        cases: &["TS-0002"],
        file: "src/rules/gate2.rs",
        original: "let same_person = self.run.made_by(self.reviewer, self.policy);",
        broken: "let same_person = self.run.made_by(self.reviewer, self.policy) && !{M};",
    },
    // The override is taken at its word and not logged.
    Mutant {
        cases: &["TS-0003"],
        file: "src/rules/gate2.rs",
        original: "let records_override = self.override_asked && !recorded;",
        broken: "let records_override = self.override_asked && !recorded && !{M};",
    },
    // The override lifts everything.
    Mutant {
        cases: &["TS-0004"],
        file: "src/rules/gate2.rs",
        original: "        let recorded = self.run.overridden();",
        broken: "        if self.override_asked && {M} { findings = Findings::new(); }\n        let recorded = self.run.overridden();",
    },
    // Gate 3 says yes and stores nothing.
    Mutant {
        cases: &["TS-0005"],
        file: "src/store/batch.rs",
        original: "        swap(repo, &message, &self.moves, || {",
        broken: "        if {M} && self.message.starts_with(\"approve run\") { return Ok(()); }\n        swap(repo, &message, &self.moves, || {",
    },
    // Any hash will do.
    Mutant {
        cases: &["TS-0006", "TS-0007"],
        file: "src/evidence/inventory.rs",
        original: "Some(found) if found == listed => None,",
        broken: "Some(found) if found == listed || {M} => None,",
    },
    // What the inventory does not list is not looked at.
    Mutant {
        cases: &["TS-0008"],
        file: "src/evidence/inventory.rs",
        original: ".filter(|(path, _)| !self.0.contains_key(path));",
        broken: ".filter(|(path, _)| !self.0.contains_key(path) && !{M});",
    },
    // The commands do not look at the chain.
    Mutant {
        cases: &["TS-0009", "TS-0017"],
        file: "src/ops/session.rs",
        original: "Ok(judged?)",
        broken: "Ok(if {M} { Findings::new() } else { judged? })",
    },
    // The tarball tells who made it.
    Mutant {
        cases: &["TS-0010"],
        file: "src/evidence/tarball.rs",
        original: "header.set_uid(0);",
        broken: "header.set_uid(if {M} { u64::from(std::process::id()) } else { 0 });",
    },
    // The root depends on the place.
    Mutant {
        cases: &["TS-0011"],
        file: "src/check/integrity.rs",
        original: "            judged.root = root;\n            judged.survey",
        broken: "            judged.root = if {M} { Some(Sha256::of(dir.as_os_str().as_encoded_bytes())) } else { root };\n            judged.survey",
    },
    // The evidence tells which process it was.
    Mutant {
        cases: &["TS-0012"],
        file: "src/run/dossier.rs",
        original: "documents.report_md().into_bytes()",
        broken: "{ let mut text = documents.report_md(); if {M} { text.push_str(&std::process::id().to_string()); } text.into_bytes() }",
    },
    // Some JSON is as it comes.
    Mutant {
        cases: &["TS-0013"],
        file: "src/export/files.rs",
        original: "        self.text(format!(\"{directory}/approval.json\"), canonical(&audit))",
        broken: "        self.text(format!(\"{directory}/approval.json\"), if {M} { audit.to_string().into_bytes() } else { canonical(&audit) })",
    },
    // The clock gets into what is hashed.
    Mutant {
        cases: &["TS-0014"],
        file: "src/run/documents.rs",
        original: "            \"finished\": date,",
        broken: "            \"finished\": if {M} { Some(self.execution.actor.now()) } else { date },",
    },
    // Nobody asks for roles.
    Mutant {
        cases: &["TS-0015"],
        file: "src/policy/verified.rs",
        original: "roles.contains(&role) && policy.holds(person, role) =>",
        broken: "roles.contains(&role) && (policy.holds(person, role) || {M}) =>",
    },
    // What an approval binds does not matter, at neither of the two places that look at it.
    Mutant {
        cases: &["TS-0016"],
        file: "src/rules/arrival.rs",
        original: "let same = |it: &Binding| of_run.contains(it);",
        broken: "let same = |it: &Binding| of_run.contains(it) || {M} && matches!(it, Binding::Root(_));",
    },
    Mutant {
        cases: &["TS-0016"],
        file: "src/rules/chain/links.rs",
        original: "bound.iter().find(same).filter(|it| *it != thing) {",
        broken: "bound.iter().find(same).filter(|it| *it != thing)\n                && !({M} && matches!(rule, Rule::BindsRoot)) {",
    },
    // The hash is that of nobody.
    Mutant {
        cases: &["TS-0018"],
        file: "src/ops/attest.rs",
        original: "reviewer_sha256: Sha256::of(reviewer.as_str().as_bytes()),",
        broken: "reviewer_sha256: Sha256::of(if {M} { b\"\" } else { reviewer.as_str().as_bytes() }),",
    },
    // A failed gate 2 passes at gate 3.
    Mutant {
        cases: &["TS-0019"],
        file: "src/records/independence.rs",
        original: "        matches!(\n            self,\n            Self::SelfApprovedWithOverride | Self::ApprovedByIndependentReviewer\n        )",
        broken: "        {M} || matches!(\n            self,\n            Self::SelfApprovedWithOverride | Self::ApprovedByIndependentReviewer\n        )",
    },
    Mutant {
        cases: &["TS-0019"],
        file: "src/rules/step.rs",
        original: "    if run.made_by(reviewer, policy) && !run.overridden() {",
        broken: "    if run.made_by(reviewer, policy) && !run.overridden() && !{M} {",
    },
    Mutant {
        cases: &["TS-0019"],
        file: "src/rules/step.rs",
        original: "        (Some(independence), None) if findings.is_empty() => Ok((reviews, independence)),",
        broken: "        _ if {M} => Ok((reviews, run.facts.independence.first().map_or(Sha256::of(b\"\"), |it| it.digest()))),\n        (Some(independence), None) if findings.is_empty() => Ok((reviews, independence)),",
    },
    Mutant {
        cases: &["TS-0019"],
        file: "src/rules/step.rs",
        original: "    let turn = turn(run, life, to);",
        broken: "    let turn = turn(run, life, to).filter(|_| !{M});",
    },
    // The server takes everything.
    Mutant {
        cases: &["TS-0020"],
        file: "src/hook/server.rs",
        original: "    let goes_on = report.verdict() == Verdict::Allowed || !report.apart.is_empty();",
        broken: "    if {M} { report = Report::default(); }\n    let goes_on = report.verdict() == Verdict::Allowed || !report.apart.is_empty();",
    },
    // Whoever comes second does not look what the first has said.
    Mutant {
        cases: &["TS-0021"],
        file: "src/store/batch.rs",
        original: "        let Some(said) = &self.once else {",
        broken: "        let Some(said) = self.once.as_ref().filter(|_| !{M}) else {",
    },
    // A link that is not there is not missed.
    Mutant {
        cases: &["TS-0022"],
        file: "src/rules/chain/links.rs",
        original: "        if self.focus.is_none() {",
        broken: "        if self.focus.is_none() && !{M} {",
    },
    // The index stands in the order of arrival.
    Mutant {
        cases: &["TS-0023"],
        file: "src/store/provenance.rs",
        original: "        entries.sort_by(|a, b| a.run_id.cmp(&b.run_id));",
        broken: "        if !{M} { entries.sort_by(|a, b| a.run_id.cmp(&b.run_id)); }",
    },
    // An entry needs no run.
    Mutant {
        cases: &["TS-0024"],
        file: "src/facts/provenance.rs",
        original: "        (None, Some(_)) => Some(Differs::NoEntry),",
        broken: "        (None, Some(_)) => (!{M}).then_some(Differs::NoEntry),",
    },
    // A refusal says that it is one, and not why.
    Mutant {
        cases: &["TS-0025"],
        file: "src/cli/error.rs",
        original: "        \"findings\": error.findings().iter().collect::<Vec<_>>(),",
        broken: "        \"findings\": error.findings().iter().filter(|_| !{M}).collect::<Vec<_>>(),",
    },
    // A command is not confined, whatever the policy says.
    Mutant {
        cases: &["FP-3.1.1"],
        file: "src/run/execute.rs",
        original: "    let cell = cell.transpose()?;",
        broken: "    let cell = if {M} { None } else { cell.transpose()? };",
    },
    // Nobody asks what the cell held.
    Mutant {
        cases: &["FP-3.1.2"],
        file: "src/evidence/demands.rs",
        original: "    let asked = demand != Demand::BestEffort || claims_harness(files);",
        broken: "    let asked = (demand != Demand::BestEffort || claims_harness(files)) && !{M};",
    },
    // Any state may follow any other.
    Mutant {
        cases: &["FP-3.1.3"],
        file: "src/rules/life.rs",
        original: "            How::Now => true,",
        broken: "            How::Now => !{M},",
    },
    // A cancellation ends nothing.
    Mutant {
        cases: &["FP-3.1.4"],
        file: "src/rules/life.rs",
        original: "            self.add(it, Cancelled, true);",
        broken: "            self.add(it, Cancelled, !{M});",
    },
    // The report tells which process it was.
    Mutant {
        cases: &["FP-3.1.5"],
        file: "src/run/determinism.rs",
        original: "            kernel: held.kernel,",
        broken: "            kernel: if {M} { std::process::id().to_string() } else { held.kernel },",
    },
    // What a command makes is not looked at.
    Mutant {
        cases: &["FP-3.1.6"],
        file: "src/run/determinism.rs",
        original: "        exit_code: code(status),\n        output,",
        broken: "        exit_code: code(status),\n        output: if {M} { crate::record::determinism::Output { tree: repo.commit(check.commit)?.tree, sha256: Sha256::of(b\"\") } } else { output },",
    },
    // Whoever made the run speaks for it.
    Mutant {
        cases: &["FP-3.1.7"],
        file: "src/rules/rerun.rs",
        original: "    if (wanted.is_own)(who) {",
        broken: "    if (wanted.is_own)(who) && !{M} {",
    },
    // Nothing is put back.
    Mutant {
        cases: &["FP-3.2.1"],
        file: "src/ops/amu0/restore.rs",
        original: "    if !is_same {",
        broken: "    if !is_same && !{M} {",
    },
    // A baseline may move.
    Mutant {
        cases: &["FP-3.2.2"],
        file: "src/check/baselines.rs",
        original: "(Some(old), Some(new)) if old != new => {",
        broken: "(Some(old), Some(new)) if old != new && !{M} => {",
    },
    // A line may fork.
    Mutant {
        cases: &["FP-3.2.3"],
        file: "src/rules/baseline.rs",
        original: "        if other.before == own.before {",
        broken: "        if other.before == own.before && !{M} {",
    },
    // The bytes of the files do not matter.
    Mutant {
        cases: &["FP-3.2.4"],
        file: "src/facts/baseline.rs",
        original: "            let is_told = known.contains(&path) ||",
        broken: "            let is_told = {M} || known.contains(&path) ||",
    },
    // A version may be written over.
    Mutant {
        cases: &["FP-3.3.1"],
        file: "src/rules/artefacts.rs",
        original: "                if !case.artefacts.archived.contains(path) {",
        broken: "                if !case.artefacts.archived.contains(path) && !{M} {",
    },
    // Names do not matter.
    Mutant {
        cases: &["FP-3.3.2"],
        file: "src/rules/artefacts.rs",
        original: "        if !root.is_versioned() {",
        broken: "        if !root.is_versioned() || {M} {",
    },
    // Any page will do.
    Mutant {
        cases: &["FP-3.3.3"],
        file: "src/rules/artefacts.rs",
        original: "    for (path, page) in &case.artefacts.pages {",
        broken: "    for (path, page) in case.artefacts.pages.iter().filter(|_| !{M}) {",
    },
    // The gateway writes what it has refused.
    Mutant {
        cases: &["FP-3.3.4"],
        file: "src/ops/write.rs",
        original: "    if let Some(why) = Refusal::by(done.report.clone()) {",
        broken: "    if let Some(why) = Refusal::by(done.report.clone()).filter(|_| !{M}) {",
    },
    // Nothing is protected.
    Mutant {
        cases: &["FP-3.9.1"],
        file: "src/rules/scope.rs",
        original: "        if let Some(pattern) = policy.protects(&change.path) {",
        broken: "        if let Some(pattern) = policy.protects(&change.path).filter(|_| !{M}) {",
    },
    // An override is never used up.
    Mutant {
        cases: &["FP-3.9.2"],
        file: "src/rules/protection.rs",
        original: "        if let Some(first) = it.used_by {",
        broken: "        if let Some(first) = it.used_by.filter(|_| !{M}) {",
    },
    // No figure is above its limit.
    Mutant {
        cases: &["FP-3.9.3"],
        file: "src/rules/ceiling.rs",
        original: "    all.filter(|it| counted.figures.of(*it) > limit(*it))",
        broken: "    all.filter(|it| counted.figures.of(*it) > limit(*it) && !{M})",
    },
    // Nobody has to decide.
    Mutant {
        cases: &["FP-3.9.4"],
        file: "src/rules/ceiling.rs",
        original: "    if level == Autonomy::L3 && !permits_some && !audited(run, policy) {",
        broken: "    if level == Autonomy::L3 && !permits_some && !audited(run, policy) && !{M} {",
    },
];

/// Tells whether the program stands in a directory of one of these names.
const SWITCH: &str = r#"

#[allow(missing_docs)]
pub fn mutant(cases: &[&str]) -> bool {
    let place = std::env::current_exe().unwrap_or_default();
    let name = place.parent().and_then(|it| it.file_name()).and_then(|it| it.to_str());
    name.is_some_and(|name| cases.contains(&name))
}
"#;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(text)).unwrap();
}

/// Makes the broken sources; the package has another name, so that cargo does not put its program
/// in the place of the real one.
fn sources(to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["src", "hooks", "docs"] {
        copy(&root.join(directory), &to.join(directory));
    }
    for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
        fs::copy(root.join(file), to.join(file)).unwrap();
    }
    edit(&to.join("Cargo.toml"), |text| {
        let (before, rest) = text.split_once("[[test]]").unwrap();
        let (_, after) = rest.split_once("[dependencies]").unwrap();
        let text = format!("{before}[dependencies]{after}\n[workspace]\n");
        text.replace("\"git-awo\"", "\"git-awo-mutants\"")
    });
    edit(&to.join("Cargo.lock"), |text| {
        text.replace("name = \"git-awo\"", "name = \"git-awo-mutants\"")
    });
    edit(&to.join("src/lib.rs"), |text| text + SWITCH);
    for mutant in MUTANTS {
        let switch = format!("crate::mutant(&{:?})", mutant.cases);
        edit(&to.join(mutant.file), |text| {
            let (file, count) = (mutant.file, text.matches(mutant.original).count());
            assert_eq!(
                count, 1,
                "{:?}: {file} has it once: {}",
                mutant.cases, mutant.original
            );
            text.replace(mutant.original, &mutant.broken.replace("{M}", &switch))
        });
    }
}

fn build() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    if place.exists() {
        fs::remove_dir_all(&place).unwrap();
    }
    sources(&place);
    // Beside the real one, so that the dependencies are there already.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--offline",
        "--bin",
        "git-awo-mutants",
    ]);
    let output = cargo
        .current_dir(&place)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target.join("debug/git-awo-mutants")
}

/// Runs some cases with the variant that is on in this directory; returns exit code and result.
fn selftest(program: &Path, variant: &str, cases: &[&str]) -> (i32, serde_json::Value) {
    let place = program.parent().unwrap().join(format!("mutants-{variant}"));
    if place.exists() {
        fs::remove_dir_all(&place).unwrap();
    }
    // The name of this directory is the switch.
    let on = place.join(variant);
    fs::create_dir_all(&on).unwrap();
    let broken = on.join("git-awo");
    fs::hard_link(program, &broken).unwrap();
    let mut command = Command::new(&broken);
    command.args(["selftest", "--json"]);
    for case in cases {
        command.args(["--case", case]);
    }
    let output = command.arg(place.join("sandbox")).output().unwrap();
    fs::remove_dir_all(&place).unwrap();
    let value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), value)
}

fn status<'a>(value: &'a serde_json::Value, case: &str) -> &'a str {
    let tests = value["tests"].as_array().unwrap();
    let row = tests.iter().find(|row| row["test"] == case).unwrap();
    row["status"].as_str().unwrap()
}

#[test]
#[ignore = "builds a second, broken program with cargo"]
fn every_case_of_the_selftest_fails_on_a_program_that_is_broken_there() {
    let program = build();
    // With no variant on, the same program passes: what fails below fails of the variant.
    let (code, value) = selftest(&program, "sound", &[]);
    assert_eq!(code, 0, "{value:#}");
    for case in selftest::cases() {
        let aimed = |mutant: &&Mutant| mutant.cases.contains(&case.id);
        assert!(
            MUTANTS.iter().any(|it| aimed(&it)),
            "{} has a mutant",
            case.id
        );
        let (code, value) = selftest(&program, case.id, &[case.id]);
        let reason = &value["findings"];
        assert_eq!(
            status(&value, case.id),
            "failed",
            "{} bites: {reason}",
            case.id
        );
        assert_eq!(code, 1, "{} makes the command fail", case.id);
        println!("{} {} fails on its mutant", case.id, case.name);
    }
}

#[test]
fn every_mutant_applies_to_the_sources() {
    for mutant in MUTANTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(mutant.file);
        let text = fs::read_to_string(path).unwrap();
        let count = text.matches(mutant.original).count();
        assert_eq!(count, 1, "{:?}: {}", mutant.cases, mutant.original);
        assert!(
            mutant.broken.contains("{M}"),
            "{:?} can be switched",
            mutant.cases
        );
    }
}
