//! git-awo's own packets: TOML with the field names of the contract.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::gather::{Gather, List, Scalar};
use super::lines::Lines;
use super::problem::PacketProblem;
use crate::record::json::MAX_INTEGER;

/// The schema of a TOML packet.
pub const TOML_SCHEMA: &str = "awo.packet/1";

/// The table that makes a packet a work packet.
pub(super) const PACKET: &str = "packet";
/// The table of the limits of a cell.
const LIMITS: &str = "cell.limits";

fn scalar_of(path: &str) -> Option<Scalar> {
    Scalar::ALL
        .iter()
        .find(|scalar| scalar.field() == path)
        .copied()
}

fn list_of(path: &str) -> Option<List> {
    List::ALL.iter().find(|list| list.field() == path).copied()
}

/// Returns whether a path is that of a table with fields.
fn has_fields(path: &str) -> bool {
    let below = |field: &str| {
        let rest = field.strip_prefix(path);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    Scalar::ALL.iter().any(|it| below(it.field())) || List::ALL.iter().any(|it| below(it.field()))
}

/// Returns whether the first significant line is a key of such a packet.
pub(super) fn recognise(lines: &Lines<'_>) -> bool {
    let said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let first = (0..lines.len())
        .map(|index| lines.get(index).trim())
        .find(said);
    let key = first
        .and_then(|line| line.split_once('='))
        .map(|(key, _)| key.trim());
    key.is_some_and(|key| key == "schema" || scalar_of(key).is_some() || list_of(key).is_some())
}

struct Own<'a, 'b> {
    lines: &'a Lines<'a>,
    gather: &'b mut Gather,
}

/// Reads the packet.
pub(super) fn read(lines: &Lines<'_>, gather: &mut Gather) {
    let (table, errors) = DeTable::parse_recoverable(lines.text());
    if !errors.is_empty() {
        for error in errors {
            let line = error
                .span()
                .map(|span| lines.at(span.start).saturating_add(1));
            gather.complain(
                line,
                PacketProblem::Toml(error.message().replace('\n', ", ")),
            );
        }
        return;
    }
    let table = table.into_inner();
    if !table.keys().any(|key| key.get_ref() == "schema") {
        gather.complain(None, PacketProblem::Missing("schema"));
    }
    Own { lines, gather }.table("", &table);
}

impl Own<'_, '_> {
    fn line<T>(&self, spanned: &Spanned<T>) -> usize {
        self.lines.at(spanned.span().start).saturating_add(1)
    }

    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let line = self.line(key);
            let path = format!("{prefix}{}", key.get_ref());
            match (path.as_str(), scalar_of(&path), list_of(&path)) {
                ("schema", ..) => {
                    if value.get_ref().as_str() != Some(TOML_SCHEMA) {
                        self.wrong(line, &path, "the string \"awo.packet/1\"");
                    }
                }
                ("notices", ..) => self.notices(line, value),
                ("extra", ..) => match value.get_ref() {
                    DeValue::Table(inner) => self.extra(inner),
                    _ => self.wrong(line, &path, "a table of strings"),
                },
                (_, _, Some(list)) => self.list(list, line, &path, value),
                (_, Some(scalar), _) => self.scalar(scalar, line, &path, value),
                _ if has_fields(&path) => match value.get_ref() {
                    DeValue::Table(inner) if inner.is_empty() && path == LIMITS => {
                        self.wrong(line, &path, "a table with at least one limit");
                    }
                    DeValue::Table(inner) => {
                        if path == PACKET {
                            self.gather.place(PACKET, "", line);
                        }
                        self.table(&format!("{path}."), inner);
                    }
                    _ => self.wrong(line, &path, "a table"),
                },
                _ => self
                    .gather
                    .complain(Some(line), PacketProblem::UnknownKey(path)),
            }
        }
    }

    fn wrong(&mut self, line: usize, key: &str, wanted: &'static str) {
        self.gather.complain(
            Some(line),
            PacketProblem::WrongType {
                key: key.to_owned(),
                wanted,
            },
        );
    }

    fn scalar(&mut self, scalar: Scalar, line: usize, path: &str, value: &Spanned<DeValue<'_>>) {
        match (value.get_ref(), scalar.flag()) {
            (DeValue::Boolean(true), Some((yes, _))) => self.gather.say(scalar, line, yes),
            (DeValue::Boolean(false), Some((_, no))) => self.gather.say(scalar, line, no),
            (_, Some(_)) => self.wrong(line, path, "true or false"),
            (DeValue::Integer(number), _) if scalar.limit().is_some() => {
                match u64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) if number <= MAX_INTEGER => {
                        self.gather.say(scalar, line, &number.to_string());
                    }
                    _ => self.wrong(line, path, "a whole number that is not negative"),
                }
            }
            _ if scalar.limit().is_some() => self.wrong(line, path, "a whole number"),
            (DeValue::Integer(number), _) if scalar.figure().is_some() && number.radix() == 10 => {
                self.gather.say(scalar, line, number.as_str());
            }
            (DeValue::Float(number), _) if scalar.figure().is_some() => {
                self.gather.say(scalar, line, number.as_str());
            }
            _ if scalar.figure().is_some() => self.wrong(line, path, "a whole number"),
            // A stage may be written as a number.
            (DeValue::Integer(number), _)
                if matches!(scalar, Scalar::Stage | Scalar::Determinism)
                    && number.radix() == 10 =>
            {
                self.gather.say(scalar, line, number.as_str());
            }
            _ if scalar == Scalar::Determinism => self.wrong(line, path, "a number"),
            (DeValue::String(text), _) => self.gather.say(scalar, line, text),
            _ => self.wrong(line, path, "a string"),
        }
    }

    fn list(&mut self, list: List, line: usize, path: &str, value: &Spanned<DeValue<'_>>) {
        self.gather.open(list, line);
        match value.get_ref() {
            DeValue::String(text) if list == List::Rollback => self.gather.entry(list, line, text),
            DeValue::Array(values)
                if values.is_empty()
                    && matches!(
                        list,
                        List::CellRead | List::CeilingPaths | List::CeilingActions
                    ) =>
            {
                let wanted = match list {
                    List::CeilingActions => "an array with at least one action",
                    _ => "an array with at least one path",
                };
                self.wrong(line, path, wanted);
            }
            DeValue::Array(values) => {
                if values.is_empty() {
                    self.gather.none(list, line);
                }
                for value in values {
                    let line = self.line(value);
                    match value.get_ref().as_str() {
                        Some(text)
                            if list == List::CellRead || list.field().starts_with("packet.") =>
                        {
                            self.gather.stated(list, line, text);
                        }
                        Some(text) => self.gather.entry(list, line, text),
                        None => self.wrong(line, path, "an array of strings"),
                    }
                }
            }
            _ => self.wrong(line, path, "an array of strings"),
        }
    }

    fn notices(&mut self, line: usize, value: &Spanned<DeValue<'_>>) {
        let wanted = "an array of tables with text and section";
        let Some(notices) = value.get_ref().as_array() else {
            return self.wrong(line, "notices", wanted);
        };
        for notice in notices {
            let line = self.line(notice);
            let Some(table) = notice.get_ref().as_table() else {
                return self.wrong(line, "notices", wanted);
            };
            let said = |key: &str| table.get(key).map(|it| it.get_ref().as_str());
            let known = |key: &str| matches!(key, "section" | "text");
            match (said("section"), said("text")) {
                (section @ (None | Some(Some(_))), Some(Some(text)))
                    if table.keys().all(|key| known(key.get_ref())) =>
                {
                    self.gather.notice(section.flatten(), text, false);
                }
                _ => self.wrong(line, "notices", wanted),
            }
        }
    }

    fn extra(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let line = self.line(key);
            match value.get_ref().as_str() {
                Some(text) => self.gather.extra(key.get_ref(), line, text),
                None => self.wrong(line, &format!("extra.{}", key.get_ref()), "a string"),
            }
        }
    }
}
