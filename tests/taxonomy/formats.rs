//! The tables of `docs/design/formats.md` are what the registry of records says.
//! `SNAPSHOTS=overwrite cargo test --test awo taxonomy::formats` writes them anew.

use std::path::Path;

use git_awo::records::{Kind, Stands};

fn paths() -> String {
    let mut table = String::from("| Path | Holds |\n|---|---|\n");
    let stands = |kind: &&Kind| !matches!(kind.stands(), Stands::Noted(_) | Stands::Log);
    for kind in Kind::ALL.iter().filter(stands) {
        table.push_str(&format!("| {} | {} |\n", kind.shape(), kind.purpose()));
    }
    table
}

fn statements() -> String {
    let mut table = String::from(
        "| Kind | Is | Signed by | Stands in | After | Predicate, besides `context` |\n|---|---|---|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let place = match kind.stands() {
            Stands::Noted(_) | Stands::Log => kind.shape(),
            _ => "ledger".to_owned(),
        };
        let after: Vec<_> = kind.after().iter().map(|it| format!("`{it}`")).collect();
        table.push_str(&format!(
            "| `{kind}` | {} | {} | {place} | {} | {} |\n",
            kind.purpose(),
            kind.signers(),
            after.join(", "),
            kind.fields(),
        ));
    }
    table
}

#[test]
fn the_tables_of_the_formats_page_are_what_the_registry_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design/formats.md");
    let kept = std::fs::read_to_string(&path).unwrap();
    let mut page = kept.clone();
    for (name, table) in [("paths", paths()), ("statements", statements())] {
        let begin = format!("<!-- made from src/records: {name} -->\n");
        let (before, rest) = page.split_once(&begin).expect("the mark is there");
        let (_, after) = rest.split_once("<!-- end -->").expect("the table ends");
        page = format!("{before}{begin}{table}<!-- end -->{after}");
    }
    if std::env::var_os("SNAPSHOTS").is_some_and(|it| it == "overwrite") {
        std::fs::write(&path, &page).unwrap();
    } else {
        assert!(
            kept == page,
            "the tables are old: run the command that this file names"
        );
    }
}

#[test]
fn every_kind_has_names_of_its_own_and_comes_after_those_before_it() {
    for (at, kind) in Kind::ALL.iter().enumerate() {
        assert_eq!(Kind::of_word(kind.word()), Some(*kind));
        assert_eq!(kind.namespace(), format!("git-awo.{kind}"));
        assert!(
            !kind.title().is_empty() && !kind.purpose().is_empty() && !kind.fields().is_empty()
        );
        for before in kind.after() {
            assert!(Kind::ALL[..at].contains(before), "{kind} after {before}");
        }
    }
}
