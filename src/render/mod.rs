//! Values become text for people. JSON needs no rendering: values serialise.

pub mod attestation;
pub mod provenance;
pub mod report;

use crate::record::path::escape;

/// Returns a stranger's text fit for a part of a line: also without line ends and tabs.
pub fn one_line(text: &str) -> String {
    let mut out = String::new();
    for c in escape(text.as_bytes()).chars() {
        match c {
            '\n' | '\t' => out.extend(c.escape_default()),
            // Line ends too, to programs that know Unicode.
            '\u{2028}' | '\u{2029}' => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
