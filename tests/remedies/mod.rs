//! Every remedy is tried in the situation that it is for: something is refused, somebody does what the
//! remedy says, and then it is no longer refused.
//!
//! A row of a table ([`Case`]) says how the situation comes about, who then types what, and the rule
//! that is broken. The remedy is taken from the finding itself; its commands are typed as they stand,
//! with the words in capitals filled in. **A new rule needs a row**: copy one of the same kind, and run
//! `cargo test --test awo remedies::`. A rule that only a forger, a broken system or a race meets may
//! stand in [`open::OPEN`] instead, with the reason. A rule with several remedies has several rows.

mod baselines;
mod behind;
mod ceilings;
mod clones;
mod commands;
mod decisions;
mod doors;
mod files;
mod messages;
mod open;
mod overrides;
pub mod people;
mod plans;
mod servers;
mod work;

use std::collections::BTreeSet;
use std::path::Path;

use git_awo::hook::speak::heard;
use git_awo::record::Rule;

use crate::world::{PROGRAM, World};

/// A situation, and how its remedy is followed.
#[derive(Clone, Copy)]
pub struct Case {
    /// The rule that is broken.
    pub rule: Rule,
    /// What begins the situation.
    pub stage: fn() -> World,
    /// What else happened.
    pub prepare: fn(&World),
    /// Who acts, and where.
    pub who: (&'static str, &'static str),
    /// What is typed: `git awo …`, or a push or commit by plain git. `{world}` is the directory of all.
    pub act: &'static [&'static str],
    /// Who follows the remedy, and where, if it is somebody else.
    pub by: Option<(&'static str, &'static str)>,
    /// Which commands of the remedy are typed, counted from 0; all if empty. Others are alternatives.
    pub pick: &'static [usize],
    /// What stands for words in capitals, and what is added to a command that begins so.
    pub fill: &'static [(&'static str, &'static str)],
    /// What a person does whom the remedy tells something that is no command, or what carries the help
    /// to whoever acts again.
    pub then: fn(&World),
    /// What comes of it.
    pub end: End,
}

/// What comes of following a remedy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The same act is no longer refused.
    Passes,
    /// The same act meets this finding no more, but another one: a further step, with its own remedy.
    Goes,
    /// What was wanted has been done by the remedy, or by somebody else; or it is given up for good.
    Done,
}

/// What most rows have in common.
pub const CASE: Case = Case {
    rule: Rule::RecordPresent,
    stage: World::landed,
    prepare: nothing,
    who: ("otto", "otto"),
    act: &[],
    by: None,
    pick: &[],
    fill: &[],
    then: nothing,
    end: End::Passes,
};

pub fn nothing(_: &World) {}

/// No command of the remedy is typed: it is a sentence, and `then` does what it says.
pub const BY_HAND: &[usize] = &[usize::MAX];

/// Returns every row.
fn cases() -> impl Iterator<Item = &'static Case> {
    [
        baselines::CASES,
        behind::CASES,
        ceilings::CASES,
        clones::CASES,
        decisions::CASES,
        doors::CASES,
        files::CASES,
        overrides::CASES,
        people::CASES,
        plans::CASES,
        servers::CASES,
        work::CASES,
    ]
    .into_iter()
    .flatten()
}

/// A finding as it was told: its rule and its remedy.
type Told = (String, String);

impl World {
    /// Types something; returns the exit code, the findings, and all that was said.
    fn acts(&self, (who, place): (&str, &str), words: &[&str]) -> (i32, Vec<Told>, String) {
        let here = self.path("").display().to_string();
        let words: Vec<String> = words
            .iter()
            .map(|it| it.replace("{world}", &here))
            .collect();
        let at = words.iter().position(|it| *it == "awo");
        let mut all: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some(at) = at {
            all.insert(at + 1, "--json");
        }
        let mut command = self.command(who, place, &all);
        let output = command.env("PATH", path()).output().unwrap();
        let code = output.status.code().unwrap_or(-1);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
        let findings = match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) => {
                let told = |it: &serde_json::Value| {
                    let part = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
                    (part("rule"), part("remedy"))
                };
                let lists = ["findings", "undecided"].map(|key| value[key].as_array().cloned());
                lists
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|it| told(&it))
                    .collect()
            }
            _ => {
                let findings = heard(&said).into_iter();
                findings
                    .map(|it| (it.rule.to_string(), it.remedy))
                    .collect()
            }
        };
        (code, findings, said)
    }
}

/// Returns a search path on which the program is.
pub fn path() -> String {
    let program = Path::new(PROGRAM).parent().unwrap().display();
    format!("{program}:/usr/local/bin:/usr/bin:/bin")
}

impl World {
    /// Types a line into a shell that finds the program; returns the exit code and what was said.
    fn types(&self, who: &str, place: &str, line: &str) -> (i32, String) {
        let mut command = self.command(who, place, &["sh", "-c", line]);
        let output = command.env("PATH", path()).output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// Types a line that must succeed.
    #[track_caller]
    fn shell(&self, who: &str, place: &str, line: &str) {
        let (code, said) = self.types(who, place, line);
        assert_eq!(code, 0, "{who}:{place}$ {line}\n{said}");
    }
}

/// Returns the commands of a remedy, in their order: what stands between its commas, semicolons and
/// `or`s and begins as a command does.
fn commands(remedy: &str) -> Vec<String> {
    let mut text = remedy.replace(" (", "\u{1}(").replace(") ", "\u{1} ");
    for end in [
        ", then ", "; else ", "; or ", ", or ", ", and ", " and ", "; ", ": ", ", ", " or ",
    ] {
        text = text.replace(end, "\u{1}");
    }
    text = text.replace(" to run git ", "\u{1}git ");
    let first = ["git ", "rm ", "chmod ", "ssh-add "];
    let parts = text
        .split('\u{1}')
        .map(|it| it.trim().trim_start_matches('('));
    let typed = parts.filter(|part| first.iter().any(|it| part.starts_with(it)));
    typed
        .map(|it| {
            it.trim_end_matches(')')
                .trim_end_matches(" first")
                .to_owned()
        })
        .collect()
}

/// Fills in what a person has to.
fn filled(world: &World, command: &str, fill: &[(&str, &str)]) -> String {
    let fingerprint = world.fingerprint();
    let mut text = command.to_owned();
    let mut more = String::new();
    for (word, with) in [("FINGERPRINT", fingerprint.as_str())].iter().chain(fill) {
        match word.chars().all(|c| c.is_ascii_uppercase() || c == '-') {
            true => text = text.replace(word, with),
            false if text.starts_with(word) => more = format!(" {with}"),
            false => {}
        }
    }
    text + &more
}

/// Plays a row; returns what is wrong with it.
fn play(case: &Case) -> Result<(), String> {
    let world = (case.stage)();
    (case.prepare)(&world);
    let id = case.rule.id();
    let (code, findings, said) = world.acts(case.who, case.act);
    let find = |findings: &[Told]| findings.iter().find(|(rule, _)| rule == id).cloned();
    let Some((_, remedy)) = find(&findings) else {
        return Err(format!("is not found; exit {code}: {said}"));
    };
    if remedy.trim().is_empty() {
        return Err("has no remedy".to_owned());
    }
    let (by, place) = case.by.unwrap_or(case.who);
    let commands = commands(&remedy);
    if case.pick != BY_HAND {
        let all: Vec<usize> = (0..commands.len()).collect();
        let pick = if case.pick.is_empty() {
            &all
        } else {
            case.pick
        };
        if pick.is_empty() {
            return Err(format!("{remedy:?} has no command"));
        }
        for at in pick {
            let Some(command) = commands.get(*at) else {
                return Err(format!("{remedy:?} has no command {at}: {commands:?}"));
            };
            let command = filled(&world, command, case.fill);
            let (code, said) = world.types(by, place, &command);
            if code != 0 {
                return Err(format!("{remedy:?}: {command}: exit {code}: {said}"));
            }
        }
    }
    (case.then)(&world);
    if case.end == End::Done {
        return Ok(());
    }
    let (code, findings, said) = world.acts(case.who, case.act);
    if find(&findings).is_some_and(|(_, again)| again == remedy) {
        return Err(format!("{remedy:?} does not help: {said}"));
    }
    if case.end == End::Passes && code != 0 {
        return Err(format!("{remedy:?} is not enough, exit {code}: {said}"));
    }
    Ok(())
}

/// Plays rows, and tells all that are wrong.
fn play_all(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let named = format!("{}: {}", case.rule.id(), case.act.join(" "));
        match std::panic::catch_unwind(|| play(case)) {
            Ok(Ok(())) => {}
            Ok(Err(why)) => wrong.push(format!("{named}: {why}")),
            Err(panic) => {
                let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                wrong.push(format!("{named}: panicked: {why}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n----\n")
    );
}

#[test]
fn every_rule_has_a_situation_or_a_reason_why_not() {
    let tried: BTreeSet<&str> = cases().map(|it| it.rule.id()).collect();
    let open = || open::OPEN.iter().flat_map(|(_, rules)| *rules);
    let mut wrong = Vec::new();
    for rule in Rule::ALL {
        let is_open = open().filter(|it| *it == rule).count();
        match (tried.contains(rule.id()), is_open) {
            (true, 0) | (false, 1) => {}
            (false, 0) => wrong.push(format!("Rule::{rule:?}: no situation tries its remedy")),
            (true, _) => wrong.push(format!(
                "Rule::{rule:?}: is tried, and must not stand in OPEN"
            )),
            (false, _) => wrong.push(format!("Rule::{rule:?}: stands in OPEN twice")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rules:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let rows = cases().count();
    println!(
        "figure: remedies tried | {} rules of {}, {rows} situations",
        tried.len(),
        Rule::ALL.len()
    );
}

#[test]
fn the_commands_of_a_remedy_are_found() {
    for (remedy, expected) in [
        (
            "git awo fetch; git awo task list",
            &["git awo fetch", "git awo task list"][..],
        ),
        (
            "ask another reviewer (rita) to run git awo gate r",
            &["git awo gate r"],
        ),
        ("mend the command", &[]),
        (
            "git a -- 'b', then git c --d (before: git e)",
            &["git a -- 'b'", "git c --d", "git e"],
        ),
        ("set it, or git awo init", &["git awo init"]),
    ] {
        assert_eq!(commands(remedy), expected, "{remedy}");
    }
}
