//! Values become text for people. JSON needs no rendering: values serialise.

pub mod attestation;
pub mod provenance;
pub mod report;

use crate::record::Timestamp;
use crate::record::path::{LONGEST, cut, escape};

/// Returns a stranger's text fit for a part of a line: also without line ends and tabs, and cut if it
/// is very long.
pub fn one_line(text: &str) -> String {
    escape(cut(text, LONGEST).as_bytes())
        .replace('\n', "\\n")
        .replace('\t', "\\t")
}

/// The longest line, in characters: several parts fit into one.
const LONGEST_LINE: usize = 8 * LONGEST;

/// Returns a date in ISO 8601, in UTC; nothing if it is not known.
pub fn date(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |time| time.to_string())
}

/// Returns a span of time in its largest unit.
pub fn span(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..60 => return "less than a minute".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// Returns lines as a terminal may have them: nothing hidden, and no line that is endless.
pub fn lines(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let (line, end) = line
            .strip_suffix('\n')
            .map_or((line, ""), |line| (line, "\n"));
        escape(cut(line, LONGEST_LINE).as_bytes()) + end
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        for (seconds, expected) in [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 minute"),
            (3_599, "59 minutes"),
            (3_600, "1 hour"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (8_640_000, "100 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn a_strangers_text_stays_on_its_line() {
        assert_eq!(
            one_line("a\nb\tc\r\u{1b}[1m\u{2028}"),
            "a\\nb\\tc\\u{d}\\u{1b}[1m\\u{2028}"
        );
        assert_eq!(
            one_line("https://ci.example/é?a=1&b=2"),
            "https://ci.example/é?a=1&b=2"
        );
        let long = one_line(&"x".repeat(10_485_760));
        assert!(long.len() < 5_000 && long.ends_with("… (10485760 bytes)"));
    }

    #[test]
    fn nothing_in_a_finding_looks_like_another_line() {
        use crate::record::{Code, Finding, Subject};
        let finding = Finding::told(Code::Str002, "rule", Subject::of_record("a\nok: b"))
            .found("c\nok: d")
            .expected("e\nok: f")
            .remedy("g\nok: h");
        let said = report::line(&finding);
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(said.contains("found c\\nok: d"), "{said}");
    }
}
