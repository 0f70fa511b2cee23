//! The notes say the same with and without their index, whatever has happened to that.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::git::testing::{Kept, bare};
use crate::git::{CommitDraft, Expected, Quarantine, RefUpdate, Repo, note_path};
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{Month, RepoPath};
use crate::store::swap::Edits;
use crate::store::{beside, layout};

/// Ten segments of each notes, in which every object is noted in two months.
struct Site {
    dir: TempDir,
    repo: Repo,
}

const MONTHS: usize = 10;

/// What refs show: for each kind and object the blobs, by month.
type Stands = BTreeMap<(Notes, ObjectId), Vec<ObjectId>>;

fn segment(notes: Notes, month: usize) -> RefName {
    let month: Month = format!("{}-{:02}", 2030 + month / 12, month % 12 + 1)
        .parse()
        .unwrap();
    layout::notes(notes.of(month))
}

fn object(number: usize) -> ObjectId {
    let digest = Sha256::of(number.to_string().as_bytes());
    ObjectId::from_bytes(&digest.as_bytes()[..20]).unwrap()
}

impl Site {
    fn new() -> Self {
        let dir = bare();
        let repo = Repo::open(dir.path()).unwrap();
        Self { dir, repo }
    }

    fn grown() -> Self {
        let site = Self::new();
        for month in 0..MONTHS {
            for notes in Notes::ALL {
                let objects: Vec<_> = (month * 7..month * 7 + 14).collect();
                site.note(*notes, month, &objects);
            }
        }
        site
    }

    fn note(&self, notes: Notes, month: usize, objects: &[usize]) {
        note(&self.repo, notes, month, objects);
    }

    fn refs(&self) -> Refs {
        let refs = self.repo.references("refs/notes/awo/").unwrap();
        refs.into_iter().collect()
    }

    /// What these refs show, read from the trees.
    fn stands(&self, refs: &Refs) -> Stands {
        let mut stands = Stands::new();
        for (name, tip) in refs {
            let Some(Place::Notes(segment)) = Place::of(name) else {
                continue;
            };
            let tree = self.repo.commit(*tip).unwrap().tree;
            for (object, blob) in git::all_notes(&self.repo, tree).unwrap() {
                let key = (segment.notes, object);
                stands.entry(key).or_default().push(blob);
            }
        }
        stands
    }

    /// Looks up what is noted on every object, as these refs show it.
    #[track_caller]
    fn asks(&self, refs: &Refs, what: &str) {
        self.compares(refs, &self.stands(refs), what);
    }

    #[track_caller]
    fn compares(&self, refs: &Refs, stands: &Stands, what: &str) {
        let segments = Segments::at(&self.repo, refs);
        for number in 0..MONTHS * 7 + 30 {
            for notes in Notes::ALL {
                let found = segments.on(*notes, object(number)).unwrap();
                let wanted = stands.get(&(*notes, object(number)));
                let wanted = wanted.cloned().unwrap_or_default();
                assert_eq!(found, wanted, "{what}: {} of {number}", notes.name());
            }
        }
    }

    /// Looks up what the repository's own refs show.
    #[track_caller]
    fn asks_now(&self, what: &str) {
        self.asks(&self.refs(), what);
    }

    fn index(&self) -> PathBuf {
        self.dir.path().join("awo-index/notes")
    }

    /// How many segments are read to find what is noted on an object.
    fn looks(&self, number: usize) -> usize {
        let segments = Segments::of(&self.repo).unwrap();
        segments.on(Notes::APPROVALS, object(number)).unwrap();
        segments.kinds[&Notes::APPROVALS].looks.get()
    }

    /// How many segments the index does not know.
    fn loose(&self) -> usize {
        let segments = Segments::of(&self.repo).unwrap();
        let index = Index::open(&self.repo);
        segments.segments().filter(|it| !index.knows(it)).count()
    }
}

/// Notes something on these objects in a segment.
fn note(repo: &Repo, notes: Notes, month: usize, objects: &[usize]) {
    let file = |number: &usize| {
        let text = format!("{} {number} {month}\n", notes.name());
        let blob = repo.write_blob(text.as_bytes()).unwrap();
        (note_path(object(*number)), Some((Mode::File, blob)))
    };
    let edits: Vec<_> = objects.iter().map(file).collect();
    edit(repo, &segment(notes, month), &edits);
}

fn edit(repo: &Repo, name: &RefName, edits: &Edits) {
    let tip = repo.reference(name).unwrap();
    let tree = tip.map(|tip| repo.commit(tip).unwrap().tree);
    let person = Person {
        name: b"x".to_vec(),
        email: b"x@x".to_vec(),
        time: 1,
    };
    let draft = CommitDraft {
        tree: repo.edit_tree(tree, edits).unwrap(),
        parents: tip.into_iter().collect(),
        author: person.clone(),
        committer: person,
        message: b"x\n".to_vec(),
        signature: None,
    };
    let commit = repo.write_commit(&draft).unwrap();
    point(repo, name, commit);
}

/// Points a ref to a commit; another writer may come first.
fn point(repo: &Repo, name: &RefName, commit: ObjectId) {
    let there = repo.reference(name).unwrap();
    let update = RefUpdate {
        name: name.clone(),
        expected: there.map_or(Expected::Absent, Expected::At),
        new: Some(commit),
    };
    let _ = repo.update_refs(&[update], "x");
}

#[test]
fn what_was_noted_is_found_however_the_segments_and_the_index_grew() {
    let site = Site::new();
    let mut views = Vec::new();
    for month in 0..MONTHS {
        for notes in Notes::ALL {
            site.note(*notes, month, &[month, month + 1, month + 2]);
            site.asks_now("grown");
            site.note(*notes, month, &[month, 20, 21 + month]);
            site.asks_now("grown on");
        }
        views.push(site.refs());
    }
    assert!(site.loose() <= MOST_LOOSE, "{} are loose", site.loose());
    for view in &views {
        site.asks(view, "an earlier view");
    }
    // Each object but one is noted in two segments at most.
    assert!(site.looks(1000) <= MOST_LOOSE && site.looks(5) <= MOST_LOOSE + 3);
    let segments = fs::read_dir(site.index()).unwrap().count() - 1;
    assert!((1..8).contains(&segments), "{segments} segments");

    // A month over which nobody expected to change, and one that is put back.
    let before = site.refs();
    Segments::of(&site.repo).unwrap().prepare_all();
    assert_eq!((site.loose(), site.looks(1000)), (0, 0));
    for notes in Notes::ALL {
        site.note(*notes, 2, &[60, 61]);
        assert_eq!(site.looks(1000), 1);
        site.asks_now("reopened");
        site.asks(&before, "as it was before");
    }
    for month in 0..MONTHS {
        site.note(Notes::APPROVALS, month, &[62 + month]);
    }
    site.asks_now("all reopened");
    assert!(site.loose() <= MOST_LOOSE);
    for (name, tip) in &before {
        point(&site.repo, name, *tip);
        site.asks_now("put back");
    }
    let segments = Segments::of(&site.repo).unwrap();
    let (unfound, notes) = segments.unfound().unwrap();
    assert!(unfound.is_none() && notes > 0);
}

#[test]
fn few_segments_need_no_index() {
    let site = Site::new();
    for month in 0..3 {
        for notes in Notes::ALL {
            site.note(*notes, month, &[month]);
            site.asks_now("few");
        }
    }
    assert!(!site.index().exists());
    site.note(Notes::APPROVALS, 3, &[3]);
    site.asks_now("many");
    assert!(site.index().exists());
}

#[test]
fn many_look_ups_read_everything_once() {
    let site = Site::grown();
    let refs = site.refs();
    let stands = site.stands(&refs);
    let segments = Segments::at(&site.repo, &refs);
    for _ in 0..8 {
        for number in 0..MONTHS * 7 + 7 {
            let found = segments.on(Notes::APPROVALS, object(number)).unwrap();
            let wanted = &stands[&(Notes::APPROVALS, object(number))];
            assert_eq!(&found, wanted);
        }
    }
    let approvals = &segments.kinds[&Notes::APPROVALS];
    assert!(approvals.all.get().is_some());
    assert!(approvals.looks.get() <= MOST_LOOKS * MONTHS + 3);
}

#[test]
fn only_the_refs_of_the_repository_are_indexed_and_only_where_they_stay() {
    let site = Site::grown();
    let refs = site.refs();
    fs::create_dir_all(site.dir.path().join("pushed")).unwrap();
    let quarantine = Quarantine {
        git_dir: site.dir.path().to_owned(),
        objects: Some(site.dir.path().join("pushed")),
        alternates: vec![site.dir.path().join("objects")],
        shallow_file: None,
    };
    let door = Reader::in_quarantine(&quarantine).unwrap();
    let found = |reader| {
        let segments = Segments::at(reader, &refs);
        segments.on(Notes::APPROVALS, object(9)).unwrap()
    };
    let wanted = found(&door);
    assert!(!site.index().exists(), "the door only reads");
    for month in 0..MONTHS {
        for notes in Notes::ALL {
            site.note(*notes, month, &[62]);
        }
    }
    assert_eq!(found(&site.repo), wanted);
    assert!(!site.index().exists(), "another view");
    Segments::of(&site.repo).unwrap().prepare();
    assert_eq!(site.loose(), 0);
    let kept = fs::read(site.index().join("0")).unwrap();
    assert_eq!((found(&site.repo), found(&door)), (wanted.clone(), wanted));
    assert_eq!(fs::read(site.index().join("0")).unwrap(), kept);
}

#[test]
fn no_damage_to_the_index_changes_an_answer() {
    let site = Site::grown();
    site.asks_now("whole");
    for month in [3, 4] {
        for notes in Notes::ALL {
            site.note(*notes, month, &[1, 70 + month]);
        }
    }
    Segments::of(&site.repo).unwrap().prepare_all();
    let refs = site.refs();
    let stands = site.stands(&refs);
    let asks = |what: &str| site.compares(&refs, &stands, what);
    let kept = Kept::of(&[site.index()]);
    let tried = kept.damage(|length| length / 60 + 1, asks);
    assert!(tried > 100, "{tried} damages");
    // What was damaged has been made anew.
    assert!(site.loose() <= MOST_LOOSE);
    // Segments in the wrong places.
    let part = |name: &str| site.index().join(name);
    kept.restore();
    if part("1").exists() {
        fs::copy(part("1"), part("0")).unwrap();
        asks("the second in place of the first");
    }
    kept.restore();
    fs::copy(part("0"), part("9")).unwrap();
    fs::copy(part("0"), part("1")).unwrap();
    asks("the first twice");
    fs::remove_dir_all(site.index()).unwrap();
    asks("gone");
    fs::remove_dir_all(site.index()).unwrap();
    fs::write(site.index(), "").unwrap();
    asks("a file in its place");
}

#[test]
fn an_index_that_hides_a_note_is_noticed_by_whoever_compares_it() {
    let site = Site::grown();
    let segments = Segments::of(&site.repo).unwrap();
    segments.prepare_all();
    assert_eq!(segments.unfound().unwrap(), (None, MONTHS * 14 * 2));
    let index = Index::none(&site.repo);
    let all: Vec<_> = segments.segments().collect();
    let (state, mut rows) = segments.rows_of(&index, &all);
    let hidden = Key::of(object(16).as_bytes());
    let month = segment(Notes::ATTESTATIONS, 2);
    let key = Key::of(month.as_str().as_bytes());
    rows.retain(|(of, value)| !(Key(*of) == hidden && value[..8] == key.0));
    index.table.add(state, rows);
    let segments = Segments::of(&site.repo).unwrap();
    let (unfound, _) = segments.unfound().unwrap();
    assert_eq!(unfound.map(|(name, _)| name), Some(&month));
    // Whoever must not be deceived reads the notes themselves.
    let on = |segments: Segments<'_>| segments.on(Notes::ATTESTATIONS, object(16)).unwrap().len();
    let refs = site.repo.references(layout::NOTES_PREFIX).unwrap();
    let refs = refs.into_iter().collect();
    let anew = Segments::without_index(&site.repo, &refs);
    assert_eq!(on(anew), on(Segments::at(&site.repo, &refs)) + 1);
    beside::remove(&site.repo).unwrap();
    site.asks_now("removed");
    let segments = Segments::of(&site.repo).unwrap();
    assert_eq!(segments.unfound().unwrap().0, None);
}

#[test]
fn a_malformed_segment_is_refused_with_an_index_as_without() {
    let site = Site::grown();
    Segments::of(&site.repo).unwrap().prepare_all();
    let (path, twice) = (
        note_path(object(9)),
        RepoPath::from(object(9).to_string().as_str()),
    );
    let blob = site.repo.write_blob(b"again\n").unwrap();
    let month = segment(Notes::APPROVALS, 0);
    edit(&site.repo, &month, &vec![(twice, Some((Mode::File, blob)))]);
    for _ in 0..2 {
        let segments = Segments::of(&site.repo).unwrap();
        let found = segments.on(Notes::APPROVALS, object(9));
        assert!(
            matches!(found, Err(Error::Git(git::Error::BadNotes { .. }))),
            "{found:?}"
        );
        assert!(segments.on(Notes::APPROVALS, object(8)).is_ok());
        segments.prepare_all();
    }
    assert_eq!(site.loose(), 1);
    edit(&site.repo, &month, &vec![(path, None)]);
    site.asks_now("mended");
}

#[test]
fn many_writers_leave_an_index_that_is_right() {
    let site = Site::grown();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let dir = site.dir.path();
            scope.spawn(move || {
                for round in 0..10 {
                    let own = Repo::open(dir).unwrap();
                    let month = (worker * 3 + round) % MONTHS;
                    note(&own, Notes::APPROVALS, month, &[worker * 10 + round]);
                    let segments = Segments::of(&own).unwrap();
                    match round % 3 {
                        0 => segments.prepare_all(),
                        _ => segments.prepare(),
                    }
                }
            });
        }
    });
    site.asks_now("after many writers");
    Segments::of(&site.repo).unwrap().prepare_all();
    site.asks_now("and when it is continued");
    assert_eq!(Segments::of(&site.repo).unwrap().unfound().unwrap().0, None);
}
