//! The server's door: `pre-receive` judges, `post-receive` writes it down.

use crate::actor::Settings;
use crate::check::push;
use crate::git::Reader;
use crate::record::{
    Coded, Diagnosis, ObjectId, RefName, Report, Rule, Subject, Timestamp, Verdict,
};
use crate::records::Movement;
use crate::rules::remote;
use crate::signing::PublicKey;
use crate::store::layout;
use crate::store::ledger::Refs;

use super::input;
use super::install;
use super::pushes::Judged;
use super::transaction;

/// Judges what arrives. The second value is what the transaction hook must find unchanged; there is
/// none if the push is refused. A push goes on without the refs that can be refused by themselves, if
/// there are others and git will ask for each: the report names those that are left out.
pub fn pre_receive(reader: &Reader, input: &[u8], time: Timestamp) -> (Report, Option<Judged>) {
    let mut report = Report::default();
    let movements = input::movements(input, reader.hash_kind(), &mut report.findings);
    if !report.findings.is_empty() {
        return (report, None);
    }
    let before = match push::refs(reader) {
        Ok(before) => before,
        Err(error) => return undecided(report, &error),
    };
    // git refuses these itself. It shows whoever pushes nothing of them, so that each looks stale.
    if let Some(hidden) = movements.iter().find(|it| is_hidden(reader, &it.reference)) {
        let found = format!("git denies to update {}, which it hides", hidden.reference);
        report.findings.push(remote::closed(found));
        return (report, None);
    }
    let stale = movements.iter().filter_map(|it| stale(it, &before));
    let stale = stale.map(|it| it.to_finding(Subject::none()));
    report.findings.extend(stale);
    if !report.findings.is_empty() {
        return (report, None);
    }
    let settings = Settings::at(reader.common_dir());
    let anchor = match settings.anchor() {
        Ok(anchor) => anchor,
        Err(error) => return undecided(report, &error),
    };
    report.absorb(push::judge(&push::Push {
        reader,
        before: &before,
        movements: &movements,
        anchor: anchor.as_ref(),
        known: settings.known_policies().as_ref(),
        door: push::Door::Server(log_key(reader)),
        time,
    }));
    let mut movements = movements;
    movements.retain(|it| !report.apart.contains(&it.reference));
    if movements.is_empty() {
        report.apart.clear();
    } else if !report.apart.is_empty() && !install::asks_for_each_ref(reader) {
        report.apart.clear();
        let note =
            "this server calls no update hook of git-awo, so that it cannot refuse a tag by itself";
        report.notes.push(note.to_owned());
    }
    let goes_on = report.verdict() == Verdict::Allowed || !report.apart.is_empty();
    let mut depends_on = std::mem::take(&mut report.depends_on);
    depends_on.retain(|name, _| !report.apart.contains(name));
    let overrides = std::mem::take(&mut report.overrides);
    let judged = goes_on.then(|| Judged {
        before: transaction::relied_on(&before),
        movements,
        log: before.get(&layout::log()).copied(),
        time: Some(time),
        overrides,
        depends_on,
    });
    (report, judged)
}

fn undecided(mut report: Report, error: &impl Coded) -> (Report, Option<Judged>) {
    report.absorb(error.refusal(Subject::none()));
    (report, None)
}

/// Returns the key that this server writes its log with, if it has one.
fn log_key(reader: &Reader) -> Option<PublicKey> {
    let line = Settings::at(reader.common_dir()).server_key_line().ok()?;
    PublicKey::from_line(line.trim()).ok()
}

/// Tells whether this repository hides a ref from pushes.
fn is_hidden(reader: &Reader, name: &RefName) -> bool {
    let hides = |value: String| {
        let below = name.as_str().strip_prefix(value.trim_end_matches('/'));
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    reader.own_config("receive", "hideRefs").is_some_and(hides)
}

/// A ref has moved since whoever pushes saw it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ref is at {at}")]
struct Stale {
    reference: RefName,
    at: String,
    from: String,
}

impl Coded for Stale {
    fn diagnosis(&self) -> Diagnosis {
        let expected = format!("at {}, from where it is pushed", self.from);
        let remedy = "git awo fetch, then push again";
        Diagnosis::against(self, Rule::OldValue, expected, remedy)
            .about(Subject::of_ref(&self.reference))
    }
}

/// git compares under the lock as well; but the verdict must be about what is there.
fn stale(movement: &Movement, before: &Refs) -> Option<Stale> {
    let real = before.get(&movement.reference).copied();
    let shown = |id: Option<ObjectId>| id.map_or("nothing".to_owned(), |id| id.to_string());
    (real != movement.old).then(|| Stale {
        reference: movement.reference.clone(),
        at: shown(real),
        from: shown(movement.old),
    })
}
