//! Every heading and label that the importer reads, and what `docs/packets.md` says of it.

use crate::packet::gather::List;
use crate::packet::grammar::{Field, Grammar, Section};
use crate::packet::{governed, work};

const PAGE: &str = include_str!("../../../docs/packets.md");

/// Returns the rows of the table below a heading of the page: what the first cell names, and where it goes.
pub(super) fn rows(heading: &str) -> Vec<(Vec<String>, String)> {
    let table = PAGE
        .split(heading)
        .nth(1)
        .expect("the heading stands there");
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let mut cells = line.trim_matches('|').split(" | ");
        let (names, goes) = (cells.next().unwrap(), cells.next().unwrap());
        let names = names.split('`').skip(1).step_by(2).map(str::to_owned);
        (names.collect(), goes.trim().to_owned())
    })
    .collect()
}

/// Every row is `section`, or `section/label`, in the spelling of the page.
fn places(grammar: &Grammar) -> Vec<(String, String)> {
    let list = |list: List| format!("`{}`", list.field());
    let sections = grammar.sections.iter().map(|(name, section)| {
        let goes = match section {
            Section::Labels => "its labels".to_owned(),
            Section::List(it) | Section::Form(it) => list(*it),
            Section::Sentence => "`approval_sentence`".to_owned(),
            Section::Gate => "`execution_gate`".to_owned(),
            Section::Status | Section::Notice => "`notices`".to_owned(),
            Section::Unknown => unreachable!("no section of a grammar is unknown"),
        };
        ((*name).to_owned(), goes)
    });
    let labels = grammar.labels().map(|(section, label, field)| {
        let goes = match field {
            Field::Scalar(scalar) => format!("`{}`", scalar.field()),
            Field::List(it) => list(*it),
            Field::Left => "stays in the packet".to_owned(),
        };
        (format!("{section}: {label}"), goes)
    });
    sections.chain(labels).collect()
}

#[test]
fn the_page_says_where_every_heading_and_label_goes() {
    for (heading, grammar) in [
        ("### Where an approval packet goes", governed::GRAMMAR),
        ("### Where a work packet goes", work::GRAMMAR),
    ] {
        let rows = rows(heading);
        let places = places(&grammar);
        for (place, goes) in &places {
            let said = rows
                .iter()
                .find(|(names, _)| names.iter().any(|name| name == place));
            let Some((_, found)) = said else {
                panic!("{heading}: no row of {place:?}, which goes to {goes}");
            };
            assert!(
                found.starts_with(goes.as_str()),
                "{place:?} goes to {goes}, the page says {found}"
            );
        }
        for name in rows.iter().flat_map(|(names, _)| names) {
            assert!(
                places.iter().any(|(place, _)| place == name) || name.starts_with('('),
                "{heading}: the importer knows nothing of {name:?}"
            );
        }
    }
}
