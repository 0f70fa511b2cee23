//! Collects what a push brings to the governance refs.

use super::*;
use crate::record::{Coded, Rule};

impl Arrivals {
    /// Collects what a movement of a governance ref brings, at most so many files; what it takes
    /// away or changes is a finding.
    pub fn collect(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        old: Option<ObjectId>,
        new: ObjectId,
        most: usize,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        if let Some(old) = old
            && !reader.is_ancestor(old, new)?
        {
            findings.push(
                Rule::ForwardOnly
                    .finding(Subject::of_ref(reference))
                    .found(format!("moved to {new}, which does not contain {old}"))
                    .expected(format!("a descendant of {old}"))
                    .remedy("git awo fetch, then git awo push"),
            );
        }
        let tree = |id: ObjectId| reader.commit(id).map(|commit| commit.tree);
        let (old, new) = (old.map(tree).transpose()?, tree(new)?);
        // A ref can never be deleted again, so it is not made for nothing.
        if old.is_none() && reader.is_empty_tree(new) {
            findings.push(
                Rule::RecordBrought
                    .finding(Subject::of_ref(reference))
                    .found("a new governance ref without a record")
                    .expected("the records of this ref")
                    .remedy("git awo push"),
            );
        }
        match Place::of(reference) {
            Some(Place::Ledger) => {
                self.collect_ledger(reader, reference, (old, new), most, findings)
            }
            Some(Place::Evidence) => {
                self.collect_evidence(reader, reference, (old, new), most, findings)
            }
            Some(place @ (Place::Approvals | Place::Attestations)) => {
                self.collect_notes(reader, reference, place, (old, new), most, findings)
            }
            _ => Ok(()),
        }
    }

    fn collect_ledger(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        (old, new): (Option<ObjectId>, ObjectId),
        most: usize,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        for change in reader.changes_limited(old, Some(new), most)? {
            let Some(path) = LedgerPath::parse(&change.path) else {
                findings.push(unknown(reference, &change.path));
                continue;
            };
            match (change.old, change.new, &path) {
                // Derived, so it may change and go: it is judged by recomputation.
                (_, None | Some((Mode::File, _)), LedgerPath::Shard(..)) => {
                    self.shards.insert(path);
                }
                (None, Some((Mode::File, id)), _) => {
                    if change
                        .path
                        .to_str()
                        .is_some_and(|text| text.ends_with(".dsse.json"))
                        && let Ok(envelope) = Envelope::parse(&reader.blob_limited(id, MAX_RECORD)?)
                    {
                        self.digests.insert(envelope.digest());
                    }
                    if let LedgerPath::Finalization(run) = &path {
                        self.shards.insert(LedgerPath::shard_of(run));
                    }
                    self.ledger.push((path, id));
                }
                (None, Some(_), _) => findings.push(unknown(reference, &change.path)),
                _ => findings.push(rewritten(reference, &change.path, change.new.is_none())),
            }
        }
        Ok(())
    }

    fn collect_evidence(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        (old, new): (Option<ObjectId>, ObjectId),
        most: usize,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let mut runs = BTreeSet::new();
        for change in reader.changes_limited(old, Some(new), most)? {
            if change.old.is_some() {
                findings.push(rewritten(reference, &change.path, change.new.is_none()));
                continue;
            }
            let run = change
                .path
                .to_str()
                .and_then(|text| RunId::new(text.split('/').nth(2)?).ok());
            let below = run.as_ref().is_some_and(|run| {
                change
                    .path
                    .as_bytes()
                    .starts_with(format!("{}/", layout::run_directory(run)).as_bytes())
            });
            match run {
                Some(run) if below && matches!(change.new, Some((Mode::File, _))) => {
                    _ = runs.insert(run)
                }
                _ => findings.push(unknown(reference, &change.path)),
            }
        }
        for run in runs {
            let directory = RepoPath::from(layout::run_directory(&run).as_str());
            // A run's evidence arrives once and whole.
            let there = old
                .map(|old| reader.entry(old, &directory))
                .transpose()?
                .flatten();
            if there.is_some() {
                findings.push(
                    Rule::EvidenceWhole
                        .finding(Subject::of_ref(reference).run(&run))
                        .found("files added to evidence that was there before")
                        .expected("evidence that never changes")
                        .remedy("git awo run, with a new run id"),
                );
            }
            self.evidence.push((reference.clone(), run));
        }
        Ok(())
    }

    fn collect_notes(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        place: Place,
        (old, new): (Option<ObjectId>, ObjectId),
        most: usize,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let mut touched = BTreeSet::new();
        for change in reader.changes_limited(old, Some(new), most)? {
            let plain =
                |side: Option<(Mode, ObjectId)>| side.is_none_or(|(mode, _)| mode == Mode::File);
            touched.insert(git::object_of_note(
                reader,
                &change.path,
                plain(change.new),
            )?);
        }
        for object in touched {
            // Looked up in the whole trees: a note may have moved to another fan-out, and an object
            // with two notes is an error.
            let earlier = match old {
                Some(old) => git::note(reader, old, object)?,
                None => None,
            };
            let Some(blob) = git::note(reader, new, object)? else {
                findings.push(rewritten_note(reference, object, "the note was removed"));
                continue;
            };
            if earlier == Some(blob) {
                continue;
            }
            let text = reader.blob_limited(blob, MAX_NOTE)?;
            let earlier = earlier
                .map(|id| reader.blob(id))
                .transpose()?
                .unwrap_or_default();
            let lines: BTreeSet<_> = note_lines(&text).collect();
            let known: BTreeSet<_> = note_lines(&earlier).collect();
            if !known.is_subset(&lines) {
                findings.push(rewritten_note(
                    reference,
                    object,
                    "a line was removed or changed",
                ));
            }
            for line in lines.difference(&known) {
                match ledger::parse(format!("note on {object}"), line) {
                    Ok(envelope) => {
                        self.digests.insert(envelope.digest());
                        self.notes.push((place, object, envelope));
                    }
                    Err(error) => {
                        let found = error.denies(Subject::of_ref(reference));
                        findings.extend(found.into_iter().flatten());
                    }
                }
            }
        }
        Ok(())
    }
}
