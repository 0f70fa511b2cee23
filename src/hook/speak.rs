//! How hooks speak: on standard error, without colour, at most 70 columns a line, since git puts
//! `remote: ` in front of it. Whatever comes from the repository is escaped.

use std::collections::BTreeMap;

use crate::record::path::{cut, escape};
use crate::record::{Code, Finding, Report, Subject, Verdict};

/// The longest line.
pub const COLUMNS: usize = 70;
/// What stands before the further lines of one part of a finding.
const FURTHER: &str = "      ";
/// What stands before the further lines of what a finding is about.
const FURTHER_PLACE: &str = "    ";
/// What a finding is about has no word in front of it.
const PLACE: &str = "";
/// Largest number of findings that are shown; the rest is counted.
const SHOWN: usize = 50;
/// The longest text that one part of a finding may have.
const LONGEST: usize = 600;

/// How a hook ends that could not decide.
const UNDECIDED: &str = "git-awo: refused, since nothing could be decided";

/// How a remark begins.
const NOTE: &str = "note: ";
/// What stands before the further lines of a long line.
const BELOW: &str = "    ";

/// Returns what a hook says about a report; nothing if all is well.
pub fn speak(report: &Report) -> String {
    let mut out = String::new();
    // The code first: it is what people and programs look for.
    let findings = || report.findings.iter().chain(report.undecided.iter());
    for finding in findings().take(SHOWN) {
        tell(&mut out, finding);
    }
    let hidden = findings().count().saturating_sub(SHOWN);
    if hidden > 0 {
        let text = format!("and {hidden} more; git awo verify shows all");
        line(&mut out, "", &text);
    }
    for note in report.notes.iter().take(SHOWN) {
        line(&mut out, "", &format!("{NOTE}{note}"));
    }
    match report.verdict() {
        Verdict::Allowed => {}
        _ if !report.apart.is_empty() => {
            let names: Vec<_> = report.apart.iter().map(|it| it.as_str()).collect();
            let text = format!(
                "git-awo: refused by themselves: {}; the rest of the push goes on, unless it is atomic",
                names.join(", ")
            );
            line(&mut out, "", &text);
        }
        Verdict::Denied => {
            let many = report.findings.len();
            let noun = if many == 1 { "finding" } else { "findings" };
            line(&mut out, "", &format!("git-awo: denied, {many} {noun}"));
        }
        Verdict::Undecided => line(&mut out, "", UNDECIDED),
    }
    out
}

/// Tells whether nothing could be decided, as a hook said.
pub fn is_undecided(said: &str) -> bool {
    let mut lines = said.lines();
    lines.any(|line| line.strip_prefix("remote: ").unwrap_or(line).trim_end() == UNDECIDED)
}

/// Returns the notes in what a server said.
pub fn noted(said: &str) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in said.lines().filter_map(|it| it.strip_prefix("remote: ")) {
        if let Some(note) = line.strip_prefix(NOTE) {
            notes.push(note.trim_end().to_owned());
            goes_on = true;
        } else if let (Some(last), true) = (notes.last_mut(), goes_on && line.starts_with(BELOW)) {
            last.push(' ');
            last.push_str(line.trim());
        } else {
            goes_on = false;
        }
    }
    notes
}

/// Returns the findings in what a server said: the lines of [`speak`], with what git puts in
/// front of them. Of a finding that was cut short the rest is made up by what is there.
pub fn heard(said: &str) -> Vec<Finding> {
    let mut findings: Vec<Heard> = Vec::new();
    let (mut last_word, mut broken) = ("", false);
    for line in said.lines() {
        let line = line.strip_prefix("remote: ").unwrap_or(line).trim_end();
        let code = Code::ALL.iter().find(|code| {
            let rest = line.strip_prefix(code.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        if let Some(code) = code {
            let place = line.trim_start_matches(code.as_str()).trim();
            findings.push(Heard {
                code: *code,
                parts: BTreeMap::from([(PLACE, place.to_owned())]),
            });
            (last_word, broken) = (PLACE, false);
            continue;
        }
        let Some(last) = findings.last_mut() else {
            continue;
        };
        let further = match last_word {
            PLACE => FURTHER_PLACE,
            _ => FURTHER,
        };
        if let Some(more) = line.strip_prefix(further) {
            last.add(last_word, more, broken);
            broken = is_part_of_a_word(more, further);
            continue;
        }
        let part = line.strip_prefix("  ").and_then(|it| it.split_once(':'));
        if let Some((word, text)) = part.filter(|(word, _)| !word.starts_with(' ')) {
            last.add(word, text, broken);
            (last_word, broken) = (word, false);
        }
    }
    findings.into_iter().map(Heard::finding).collect()
}

/// A finding whose lines are still being read.
struct Heard<'a> {
    code: Code,
    /// The text of each part, by its word.
    parts: BTreeMap<&'a str, String>,
}

impl<'a> Heard<'a> {
    /// Adds text to a part; text that continues a broken word joins without a blank.
    fn add(&mut self, word: &'a str, text: &str, broken: bool) {
        let part = self.parts.entry(word).or_default();
        if !(broken || part.is_empty()) {
            part.push(' ');
        }
        part.push_str(text.trim_start());
    }

    /// Returns the finding; a part that is missing is made up for by what is there.
    fn finding(self) -> Finding {
        let part = |word: &str, otherwise: &'a str| {
            let text = self.parts.get(word).map(String::as_str);
            text.filter(|text| !text.is_empty()).unwrap_or(otherwise)
        };
        let subject = subject(part(PLACE, ""));
        Finding::told(self.code, part("rule", "server"), subject)
            .found(part("found", "a push that the server refuses"))
            .expected(part("expected", "a push that the policy allows"))
            .remedy(part("remedy", "git awo verify"))
    }
}

/// Returns whether a word that fills a line goes on in the next: one of just that length is a digest.
fn is_part_of_a_word(line: &str, indent: &str) -> bool {
    let full = columns(line).saturating_add(indent.len()) >= COLUMNS.saturating_sub(1);
    let digest = line
        .trim_end_matches(',')
        .bytes()
        .all(|b| b.is_ascii_hexdigit());
    full && !digest && !line.contains(' ')
}

/// Returns one remark, in the same form.
pub fn remark(text: &str) -> String {
    let mut out = String::new();
    line(&mut out, "", &format!("git-awo: {text}"));
    out
}

fn tell(out: &mut String, finding: &Finding) {
    let place = place(&finding.subject, object_word(finding));
    line(out, "", &format!("{} {place}", finding.code));
    for (word, text) in [
        ("found", finding.found.as_str()),
        ("expected", &finding.expected),
        ("rule", &finding.rule),
        ("remedy", &finding.remedy),
    ] {
        if !text.is_empty() {
            line(out, "  ", &format!("{word}: {text}"));
        }
    }
}

/// Returns what the object is that a finding names as it names a commit: what a tag is at may be a tag
/// object, and what cannot be read anything.
fn object_word(finding: &Finding) -> &'static str {
    let is_tag = |name: &String| name.starts_with("refs/tags/");
    match &finding.subject.reference {
        _ if finding.rule.starts_with("object-") => "object",
        Some(name) if is_tag(name) => "tag",
        _ => "commit",
    }
}

fn place(subject: &Subject, object: &str) -> String {
    let mut parts = Vec::new();
    let short = |id: &str| -> String { id.chars().take(12).collect() };
    parts.extend(subject.path.clone());
    parts.extend(subject.run.iter().map(|run| format!("run {run}")));
    let records = subject.record.iter();
    parts.extend(records.map(|record| format!("record {record}")));
    let commits = subject.commit.iter();
    parts.extend(commits.map(|commit| format!("{object} {}", short(commit))));
    parts.extend(subject.reference.iter().map(|name| format!("on {name}")));
    parts.join(", ")
}

/// Returns the subject that such a place names; of a commit only the beginning is told.
fn subject(place: &str) -> Subject {
    let mut subject = Subject::none();
    for part in place.split(", ").filter(|it| !it.is_empty()) {
        let (slot, text) = match part.split_once(' ') {
            Some(("run", run)) => (&mut subject.run, run),
            Some(("record", record)) => (&mut subject.record, record),
            Some(("commit" | "tag" | "object", id)) => (&mut subject.commit, id),
            Some(("on", name)) => (&mut subject.reference, name),
            _ => (&mut subject.path, part),
        };
        // A path may hold such a comma.
        *slot = Some(match slot.take() {
            Some(before) => format!("{before}, {text}"),
            None => text.to_owned(),
        });
    }
    subject
}

/// Writes one text, wrapped; the lines after the first stand further in.
fn line(out: &mut String, indent: &str, text: &str) {
    let text = plain(text);
    let mut row = indent.to_owned();
    let mut width = indent.len();
    let mut fresh = true;
    let further = format!("{indent}{BELOW}");
    let mut next = |row: &mut String, width: &mut usize| {
        out.push_str(row.trim_end());
        out.push('\n');
        *row = further.clone();
        *width = further.len();
    };
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let needed = columns(word);
        let gap = usize::from(!fresh);
        if !fresh && width.saturating_add(gap).saturating_add(needed) > COLUMNS {
            next(&mut row, &mut width);
        } else if !fresh {
            row.push(' ');
            width = width.saturating_add(1);
        }
        for c in word.chars() {
            if width.saturating_add(column(c)) > COLUMNS {
                next(&mut row, &mut width);
            }
            row.push(c);
            width = width.saturating_add(column(c));
        }
        fresh = false;
    }
    next(&mut row, &mut width);
}

/// Returns the text on one line, with nothing in it that a terminal would obey or not show.
fn plain(text: &str) -> String {
    escape(cut(text, LONGEST).as_bytes())
        .replace('\n', "\\n")
        .replace('\t', "\\t")
}

fn columns(word: &str) -> usize {
    word.chars().map(column).sum()
}

/// Returns the columns of a character, rather too many than too few: from Hangul on, two.
fn column(c: char) -> usize {
    if c < '\u{1100}' { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RefName, RepoPath, Rule};

    fn widest(text: &str) -> usize {
        text.lines().map(columns).max().unwrap_or_default()
    }

    fn denied(finding: Finding) -> Report {
        let mut report = Report::default();
        report.findings.push(finding);
        report
    }

    #[test]
    fn hostile_names_stay_within_seventy_columns_and_cannot_speak_to_the_terminal() {
        for name in [
            "\u{1b}]0;owned\u{7}".to_owned(),
            "x".repeat(5_000),
            "漢字".repeat(300),
            "a b ".repeat(400),
            "\u{202e}gpj.exe\nremote: GOV-000 all is well\r\u{9b}2J".to_owned(),
            "\u{200b}".repeat(200),
        ] {
            let reference = RefName::new("refs/heads/main").unwrap();
            let subject = Subject::of_ref(&reference).path(&RepoPath::from(name.as_str()));
            let text = speak(&denied(
                Finding::told(Code::Gov003, "scope", subject)
                    .found(&name)
                    .expected(&name)
                    .remedy(&name),
            ));
            assert!(widest(&text) <= COLUMNS, "{text}");
            assert!(
                !text
                    .chars()
                    .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{200b}'),
                "{text:?}"
            );
            assert!(text.lines().all(|row| !row.starts_with("remote")), "{text}");
        }
    }

    #[test]
    fn a_plain_finding_reads_as_code_place_and_remedy() {
        let reference = RefName::new("refs/heads/main").unwrap();
        let text = speak(&denied(
            Rule::ForcePush
                .finding(Subject::of_ref(&reference))
                .found("does not contain 1234")
                .expected("a fast-forward")
                .remedy("git fetch"),
        ));
        assert_eq!(
            text,
            "GOV-004 on refs/heads/main\n  \
             found: does not contain 1234\n  \
             expected: a fast-forward\n  \
             rule: force-push\n  \
             remedy: git fetch\n\
             git-awo: denied, 1 finding\n"
        );
    }

    #[test]
    fn an_allowed_report_says_nothing_and_an_undecided_one_says_why() {
        assert_eq!(speak(&Report::default()), "");
        let mut report = Report::default();
        report.undecided.push(
            Rule::FileUsable
                .finding(Subject::none())
                .found("the disk is gone")
                .expected("a disk")
                .remedy("git awo doctor"),
        );
        let text = speak(&report);
        assert!(text.starts_with("INT-005\n"), "{text}");
        assert!(text.contains("found: the disk is gone"), "{text}");
        assert!(text.contains("remedy: git awo doctor"), "{text}");
        assert!(text.contains("nothing could be decided"), "{text}");
    }

    #[test]
    fn what_a_server_says_is_heard_as_the_findings_that_it_had() {
        let reference = RefName::new("refs/heads/main").unwrap();
        let one = Rule::ForcePush
            .finding(Subject::of_ref(&reference))
            .found("does not contain 1234")
            .expected("a fast-forward")
            .remedy("git fetch");
        let mut report = denied(one);
        let long = "a very long reason ".repeat(20);
        report.undecided.push(
            Rule::FileUsable
                .finding(Subject::none())
                .found(long.trim())
                .expected("less"),
        );
        let said: String = speak(&report)
            .lines()
            .map(|line| format!("remote: {line}        \n"))
            .collect();
        let said = format!("{said}To ../server.git\n ! [remote rejected] main -> main\n");
        let heard = heard(&said);
        let rules: Vec<_> = heard.iter().map(|it| (it.code, it.rule.as_str())).collect();
        assert_eq!(
            rules,
            [(Code::Gov004, "force-push"), (Code::Int005, "file-usable")]
        );
        assert_eq!(heard[0].found, "does not contain 1234");
        assert_eq!(heard[0].remedy, "git fetch");
        assert_eq!(heard[1].found, long.trim(), "on several lines");
        assert_eq!(heard[1].remedy, "git awo verify", "made up");
        assert_eq!(
            super::heard("error: GOV-004 is not at the beginning\nGOV-0042\n"),
            []
        );
    }

    #[test]
    fn what_was_wrapped_is_heard_as_it_was() {
        for text in [
            "a b ".repeat(100),
            format!("rm {}", "long/".repeat(50)),
            format!("{} {} and more", "ab".repeat(32), "cd".repeat(32)),
            "\u{6f22}\u{5b57} ".repeat(90),
        ] {
            let text = text.trim();
            let finding = Finding::told(Code::Gov003, "scope", Subject::none());
            let finding = finding.found("x").expected(text).remedy(text);
            let heard = heard(&speak(&denied(finding)));
            assert_eq!(heard[0].expected, text);
            assert_eq!(heard[0].remedy, text);
            assert_eq!(heard[0].rule, "scope");
        }
    }

    #[test]
    fn what_a_finding_is_about_is_heard_as_it_was() {
        let reference = RefName::new(format!("refs/heads/{}", "topic/".repeat(20) + "x")).unwrap();
        let run = "run_1".parse().unwrap();
        let digest = crate::record::Sha256::of(b"x");
        let main = RefName::new("refs/heads/main").unwrap();
        for subject in [
            Subject::none(),
            Subject::of_record(digest),
            Subject::of_record("runs/5b/run_slugify@run.dsse.json").on(&main),
            Subject::of_run(&run).path(&RepoPath::from("src/a, b.py")),
            Subject::of_ref(&reference).run(&run).record(digest),
        ] {
            let finding = Finding::told(Code::Gov003, "scope", subject.clone());
            let said = speak(&denied(finding.found("x")));
            let heard = heard(&said);
            assert_eq!(heard[0].subject, subject, "{said}");
            assert_eq!(heard[0].found, "x");
        }
        let commit: crate::record::ObjectId = "ab".repeat(20).parse().unwrap();
        let finding = Finding::told(Code::Gov003, "scope", Subject::of_commit(commit));
        let heard = heard(&speak(&denied(finding)));
        assert_eq!(heard[0].subject.commit, Some(commit.short()));
        // Whatever it is called.
        for (name, code, rule, word) in [
            ("refs/heads/main", Code::Gov003, "scope", "commit"),
            ("refs/tags/v1", Code::Gov004, "tag-move", "tag"),
            ("refs/heads/main", Code::Int005, "object-present", "object"),
            ("refs/tags/v1", Code::Int003, "object-form", "object"),
        ] {
            let subject = Subject::of_ref(&RefName::new(name).unwrap()).at(commit);
            let finding = Finding::told(code, rule, subject);
            let said = speak(&denied(finding.found("x")));
            let told = format!("{code} {word} {}, on {name}", commit.short());
            assert!(said.starts_with(&told), "{said}");
            let subject = &self::heard(&said)[0].subject;
            assert_eq!(subject.commit, Some(commit.short()), "{said}");
            assert_eq!(subject.reference.as_deref(), Some(name), "{said}");
        }
    }

    #[test]
    fn many_findings_are_counted_and_not_all_told() {
        let mut report = Report::default();
        for at in 0..80 {
            report
                .findings
                .push(Finding::told(Code::Gov003, "scope", Subject::of_record(at)));
        }
        let text = speak(&report);
        assert!(text.contains("denied, 80 findings"), "{text}");
        assert!(text.contains("and 30 more"), "{text}");
        assert_eq!(text.matches("GOV-003").count(), 50);
    }
}
