//! Real packets, which are no part of the project. `AWO_TEST_PACKETS` names the directory that has them.

use std::path::PathBuf;

use super::places::rows;
use crate::packet::gather::Gather;
use crate::packet::grammar::{Grammar, Means, Section};
use crate::packet::lines::{Lines, key, label};
use crate::packet::pieces::{self, Piece, PieceKind};
use crate::packet::{ImportOptions, front, governed, import, work};
use crate::record::contract::ContractDraft;

/// Returns the packet whose name begins so.
fn packet(begins: &str) -> String {
    let directory =
        std::env::var_os("AWO_TEST_PACKETS").expect("AWO_TEST_PACKETS names a directory");
    let files = std::fs::read_dir(PathBuf::from(directory)).unwrap();
    let files = files.map(|it| it.unwrap().path());
    let mut named = files.filter(|it| {
        let name = it.file_name().unwrap().to_str().unwrap();
        name.starts_with(begins)
    });
    std::fs::read_to_string(named.next().expect("the packet is there")).unwrap()
}

fn read(text: &str) -> ContractDraft {
    import(text.as_bytes(), &ImportOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
#[ignore = "reads packets that are no part of the project"]
fn an_approval_packet_is_understood_as_a_whole() {
    let draft = read(&packet("002_"));
    assert_eq!(draft.not_understood, [""; 0]);
    let gate = draft.execution_gate.clone().unwrap();
    assert_eq!(gate.stage.as_deref(), Some("5"));
    assert!(gate.switch.is_some() && gate.admission_file.is_some() && gate.outcome_required);
    let sections = ["Status", "Execution Gate", "Non-Authority Notice"];
    for section in sections {
        let there = |it: &crate::record::contract::Notice| it.section.as_deref() == Some(section);
        assert!(draft.notices.iter().any(there), "{section}");
    }
    assert!(draft.check().is_ok());
}

#[test]
#[ignore = "reads packets that are no part of the project"]
fn of_a_work_packet_nothing_but_instructions_is_left() {
    let draft = read(&packet("003_"));
    for line in &draft.not_understood {
        let (_, text) = line.split_once(": ").unwrap();
        let text = text.trim_start_matches("- ");
        assert!(text.starts_with('(') && text.ends_with(')'), "{line}");
    }
    let packet = draft.packet.clone().unwrap();
    assert_eq!(packet.lineage.version, Some(2));
    assert_eq!(packet.bootstrap.risk_map.len(), 3);
    assert_eq!(packet.bootstrap.files.len(), 8);
    assert_eq!(draft.success_criteria.len(), 5);
    assert!(draft.skeleton && draft.post_work);
    assert!(draft.check().is_ok());
}

/// The rows of the page by which each piece is read.
struct Page {
    grammar: Grammar,
    rows: Vec<(Vec<String>, String)>,
}

impl Page {
    fn goes(&self, name: &str) -> Option<&str> {
        let mut rows = self.rows.iter();
        let row = rows.find(|(names, _)| names.iter().any(|it| it == name));
        row.map(|(_, goes)| goes.as_str())
    }

    /// Returns where the piece goes, by the page alone.
    fn of(&self, piece: &Piece, section: &str, last: &str) -> Option<&str> {
        let whole = |section: &str| match self.grammar.section(section) {
            Section::Labels | Section::Unknown => None,
            _ => self.goes(&key(section)),
        };
        match &piece.kind {
            PieceKind::Heading(1) => self.goes("(title)"),
            PieceKind::Heading(2) => self.goes(&key(&piece.text)),
            _ if section.is_empty() => self.goes("(text below the title)"),
            _ => whole(section).or_else(|| {
                let labelled = format!("{}: {last}", key(section));
                let others = || self.goes(&key(section)).filter(|it| it.contains("others:"));
                self.goes(&labelled).or_else(others)
            }),
        }
    }
}

#[test]
#[ignore = "reads packets that are no part of the project"]
fn every_line_has_a_row_of_the_page() {
    for (begins, heading, grammar) in [
        (
            "002_",
            "### Where an approval packet goes",
            governed::GRAMMAR,
        ),
        ("003_", "### Where a work packet goes", work::GRAMMAR),
    ] {
        let page = Page {
            grammar,
            rows: rows(heading),
        };
        let text = packet(begins);
        let (lines, mut gather) = (Lines::new(&text), Gather::default());
        let first = front::read(&lines, &mut gather);
        for name in ["(lines above the packet)", "(front matter)"] {
            assert!(first == 0 || page.goes(name).is_some(), "{name}");
        }
        let (mut section, mut last, mut seen) = (String::new(), String::new(), 0);
        for piece in pieces::split(&lines, first, &mut gather) {
            let known = |name: &str| {
                let means = grammar.label(&section, name);
                !matches!(means, Means::Unknown | Means::Extra(_))
            };
            match (&piece.kind, label(&piece.text)) {
                (PieceKind::Heading(2), _) => {
                    section.clone_from(&piece.text);
                    last.clear();
                }
                (PieceKind::Heading(_), _) => last = key(&piece.text),
                (PieceKind::Item(1) | PieceKind::Line(false), Some((name, _))) if known(name) => {
                    last = key(name);
                }
                (PieceKind::Item(1), Some(_)) => last.clear(),
                _ => {}
            }
            let goes = page.of(&piece, &section, &last);
            let (line, text) = (piece.line, &piece.text);
            assert!(goes.is_some(), "{begins} line {line}: no row: {text}");
            seen += 1;
        }
        assert!(seen > 50, "{begins}: {seen} pieces");
    }
}
