//! Builds the server with its ledger, and the clone.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufWriter, Write};
use std::process::Stdio;
use std::time::Instant;

use git_awo::facts::log::{State, chain};
use git_awo::git::{CommitDraft, Repo, note_path};
use git_awo::record::commit::Person;
use git_awo::record::envelope::Envelope;
use git_awo::record::tree::Mode;
use git_awo::record::{ObjectId, RefName, RepoPath, RunId, Sha256, TaskId, Timestamp};
use git_awo::records::{
    ApprovalPredicate, FinalizationPredicate, Kind, Movement, Notes, ReceiptPredicate, Statement,
};
use git_awo::signing::{FileKey, Signer as _};
use git_awo::store::layout::{self, LedgerPath};
use git_awo::store::provenance::Entry;

use super::desk::Desk;
use super::template::{Template, Words, links, sign};
use crate::world::{RUN, World};

/// How many runs a month has: its evidence is one ref, and so are its approvals and attestations.
const PER_MONTH: usize = 500;
/// Seconds between two pushes.
const STEP: i64 = 3;
/// How many of the newest runs still wait for their outcome; the others are accepted.
const OPEN: usize = 20;
/// How many entries of the receive log are written in one go.
const BATCH: usize = 500;

struct Keys {
    olga: FileKey,
    otto: FileKey,
    rita: FileKey,
    server: FileKey,
}

/// What the pushes of one run moved, by the marks of fast-import; main by its commit.
struct Pushed {
    main: ObjectId,
    moved: Vec<(RefName, usize)>,
}

/// Builds a desk with its ledger.
pub fn build(desk: &Desk) {
    let world = World::landed();
    let accepted = [
        "outcome",
        RUN,
        "accepted",
        "--reason",
        "It does what it should.",
    ];
    world.ok("olga", "olga", &[&["git", "awo"], &accepted[..]].concat());
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let (directory, runs) = (desk.path(""), desk.runs);
    std::fs::create_dir_all(&directory).unwrap();
    let from = format!("{}/.", world.path("").display());
    let copied = std::process::Command::new("cp")
        .args(["-a", &from])
        .arg(&directory)
        .status();
    assert!(copied.unwrap().success());
    let server = desk.path("server.git");
    for (key, value) in [("receive.autogc", "false"), ("gc.auto", "0")] {
        desk.ok("server", "server.git", &["git", "config", key, value]);
    }
    let key = |path: &str| FileKey::open(&desk.path(path)).unwrap();
    let keys = Keys {
        olga: key("home/olga/key"),
        otto: key("home/otto/key"),
        rita: key("home/rita/key"),
        server: key("server.git/awo/server_key"),
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let start = now.as_secs() as i64 - STEP * (runs as i64 + 100);
    let template = Template::read(&server);
    let mut import = Import::start(desk);
    let mut pushed = Vec::new();
    let mut base = template.says.commit;
    // The commits of main are loose objects until they are packed. To create and remove half a
    // million files takes minutes on a disk, and seconds in memory, where `TMPDIR` may be.
    let scratch = assert_fs::TempDir::new().unwrap();
    let loose = scratch.path().join("main.git");
    let copied = std::process::Command::new("cp")
        .args([OsStr::new("-a"), server.as_os_str(), loose.as_os_str()])
        .status();
    assert!(copied.unwrap().success());
    let alternates = server.join("objects/info/alternates");
    let objects = format!("{}\n", loose.join("objects").display());
    std::fs::write(&alternates, objects).unwrap();
    let repo = Repo::open(&loose).unwrap();
    let mut phases = Phases::start();
    for at in 1..runs {
        let time = start + STEP * (at as i64 + 10);
        let made = one(
            &repo,
            &template,
            &keys,
            &mut import,
            base,
            at,
            runs - at,
            time,
        );
        base = made.main;
        pushed.push(made);
    }
    let marks = import.end(desk);
    phases.end("records");
    let repo = Repo::open(&server).unwrap();
    write_log(desk, &repo, &keys.server, pushed, &marks, start);
    phases.end("receive log");
    desk.ok("server", "server.git", &["git", "repack", "-a", "-d", "-q"]);
    std::fs::remove_file(alternates).unwrap();
    desk.ok("server", "server.git", &["git", "pack-refs", "--all"]);
    phases.end("repack");
    desk.ok("server", ".", &["cp", "-a", "server.git", "plain.git"]);
    desk.ok("otto", ".", &["git", "clone", "-q", "server.git", "desk"]);
    // A clone over a network has no bitmaps, and with those of the server each push is slow: git
    // walks all commits that are newer than them.
    for entry in std::fs::read_dir(desk.path("desk/.git/objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "bitmap") {
            std::fs::remove_file(path).unwrap();
        }
    }
    phases.end("copies");
    desk.ok(
        "otto",
        "desk",
        &["git", "remote", "set-url", "origin", "../server.git"],
    );
    for (key, value) in [("gc.auto", "0"), ("maintenance.auto", "false")] {
        desk.ok("otto", "desk", &["git", "config", key, value]);
    }
    let anchor = world.fingerprint();
    desk.ok("otto", "desk", &["git", "awo", "trust", &anchor]);
    desk.ok("otto", "desk", &["git", "awo", "fetch"]);
    phases.end("first fetch");
    desk.ok("otto", "desk", &["git", "awo", "init"]);
}

/// Prints how long each phase took.
struct Phases(Instant);

impl Phases {
    fn start() -> Self {
        Self(Instant::now())
    }

    fn end(&mut self, name: &str) {
        println!("  {name}: {:.1} s", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

/// Makes one run whole: its commit here, everything else in the import.
#[allow(clippy::too_many_arguments)]
fn one(
    repo: &Repo,
    template: &Template,
    keys: &Keys,
    import: &mut Import,
    base: ObjectId,
    at: usize,
    before_last: usize,
    time: i64,
) -> Pushed {
    let run = RunId::new(format!("run_{at:06}")).unwrap();
    let task = TaskId::new(format!("T-{at:06}")).unwrap();
    let month = format!(
        "{}-{:02}",
        2020 + at / PER_MONTH / 12,
        at / PER_MONTH % 12 + 1
    );
    let mut words = Words::of(template, &run, &task, month.parse().unwrap());
    // The notes of the newest runs stand where the next one will. The others stand in as many
    // segments as they would, of a time to come: whatever expires before it arrives is refused.
    let expires = |it: &Envelope| {
        let says = Statement::<ApprovalPredicate>::parse(it.payload()).unwrap();
        says.predicate.expires
    };
    let mut until = expires(&template.audit);
    let months = before_last / PER_MONTH;
    if months > 0 {
        let (year, month) = (2100 + months / 12, months % 12 + 1);
        until = format!("{year}-{month:02}-15T00:00:00Z").parse().unwrap();
        for it in [&template.approval, &template.audit] {
            words.put(expires(it), until);
        }
    }
    let (noted, attested) = (
        Notes::APPROVALS.until(until),
        Notes::ATTESTATIONS.until(until),
    );
    let (noted, attested) = (layout::notes(noted), layout::notes(attested));
    let evidence_ref = layout::evidence(month.parse().unwrap());
    let packet = words.text(&template.packet);
    words.put(
        Sha256::of(template.packet.as_bytes()),
        Sha256::of(packet.as_bytes()),
    );
    let contract = words.sign(&template.contract, Kind::Contract, &keys.olga);
    words.put(template.contract.digest(), contract.digest());
    let (old_tree, old_base) = links(repo, template.says.commit);
    let file =
        format!("def slugify(text):\n    return \"-\".join(text.lower().split())\n\n\n# {at}\n");
    let blob = repo.write_blob(file.as_bytes()).unwrap();
    let edit = (RepoPath::from("src/strings.py"), Some((Mode::File, blob)));
    let tree = repo
        .edit_tree(Some(repo.commit(base).unwrap().tree), &[edit])
        .unwrap();
    words.put(old_tree, tree);
    words.put(old_base, base);
    let approval = words.sign(&template.approval, Kind::Approval, &keys.olga);
    words.put(template.approval.digest(), approval.digest());
    let (evidence, root) = words.evidence(&template.evidence);
    words.put(template.says.root, root);
    let commit = harness_commit(
        repo,
        &keys.otto,
        tree,
        base,
        [task.as_str(), run.as_str(), &root.to_string()],
        time,
    );
    words.put(template.says.commit, commit);
    let record = words.sign(&template.run, Kind::Run, &keys.otto);
    words.put(template.run.digest(), record.digest());
    let independence = words.sign(&template.independence, Kind::Independence, &keys.rita);
    words.put(template.independence.digest(), independence.digest());
    let audit = words.sign(&template.audit, Kind::Approval, &keys.rita);
    words.put(template.audit.digest(), audit.digest());
    let attestation = words.sign(&template.attestation, Kind::Attestation, &keys.rita);
    words.put(template.attestation.digest(), attestation.digest());
    let finalization = words.sign(&template.finalization, Kind::Finalization, &keys.otto);
    let outcome = words.sign(&template.outcome, Kind::Outcome, &keys.olga);

    let says = Statement::<FinalizationPredicate>::parse(finalization.payload()).unwrap();
    let entry = Entry::of(&says.predicate);
    let ledger: Vec<(LedgerPath, Vec<u8>)> = vec![
        (Kind::Contract.of(&task), contract.to_bytes()),
        (LedgerPath::Packet(task), packet.into_bytes()),
        (
            LedgerPath::Spent(approval.digest()),
            git_awo::store::ledger::spent(&run),
        ),
        (Kind::Run.of(&run), record.to_bytes()),
        (
            LedgerPath::Inventory(run.clone()),
            evidence[&RepoPath::from("SHA256SUMS.txt")].clone(),
        ),
        (
            Kind::Independence.one_of(&run, independence.digest()),
            independence.to_bytes(),
        ),
        (Kind::Finalization.of(&run), finalization.to_bytes()),
        (LedgerPath::Provenance(run.clone()), entry.to_bytes()),
    ];
    let ledger = ledger
        .into_iter()
        .map(|(path, bytes)| (path.to_path(), bytes));
    let note = |object: ObjectId, envelope: &Envelope| {
        let mut line = envelope.to_bytes();
        line.push(b'\n');
        (note_path(object), line)
    };
    let contract_blob = repo.write_blob(&contract.to_bytes()).unwrap();
    let approvals = [note(contract_blob, &approval), note(commit, &audit)];
    let directory = RepoPath::from(layout::run_directory(&run).as_str());
    let evidence = evidence
        .into_iter()
        .map(|(path, bytes)| (directory.join(path.as_bytes()), bytes));
    let mut moved = vec![
        (
            evidence_ref.clone(),
            import.commit(&evidence_ref, "run", time, Some(commit), evidence),
        ),
        (
            layout::ledger(),
            import.commit(&layout::ledger(), "run", time, None, ledger),
        ),
        (
            noted.clone(),
            import.commit(&noted, "run", time, None, approvals),
        ),
        (
            attested.clone(),
            import.commit(&attested, "run", time, None, [note(commit, &attestation)]),
        ),
    ];
    // The run's own commit in the ledger is the parent of this one: one push moved both.
    if before_last > OPEN {
        let accepted = [(Kind::Outcome.of(&run).to_path(), outcome.to_bytes())];
        moved[1].1 = import.commit(&layout::ledger(), "outcome", time, None, accepted);
    }
    Pushed {
        main: commit,
        moved,
    }
}

fn harness_commit(
    repo: &Repo,
    key: &FileKey,
    tree: ObjectId,
    base: ObjectId,
    [task, run, root]: [&str; 3],
    time: i64,
) -> ObjectId {
    let otto = Person {
        name: b"otto".to_vec(),
        email: b"otto@example.org".to_vec(),
        time,
    };
    let message =
        format!("Slugify, {task}\n\nAWO-Task: {task}\nAWO-Run: {run}\nAWO-Root: {root}\n");
    let draft = CommitDraft {
        tree,
        parents: vec![base],
        author: otto.clone(),
        committer: otto,
        message: message.into_bytes(),
        signature: None,
    };
    let signature = key.sign("git", &draft.payload(repo.hash_kind())).unwrap();
    let signature = Some(signature.to_armor().into_bytes());
    repo.write_commit(&CommitDraft { signature, ..draft })
        .unwrap()
}

/// `git fast-import` into the server, below `refs/bench/`.
struct Import {
    child: std::process::Child,
    out: BufWriter<std::process::ChildStdin>,
    mark: usize,
    begun: BTreeMap<RefName, Option<ObjectId>>,
}

impl Import {
    fn start(desk: &Desk) -> Self {
        let marks = format!("--export-marks={}", desk.path("marks").display());
        let words = [
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "fast-import",
            "--quiet",
            "--force",
            &marks,
        ];
        let mut command = desk.command("server", "server.git", &words);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let out = BufWriter::new(child.stdin.take().unwrap());
        let repo = Repo::open(&desk.path("server.git")).unwrap();
        let refs = repo.references("refs/").unwrap();
        let begun = refs
            .into_iter()
            .map(|(name, id)| (name, Some(id)))
            .collect();
        Self {
            child,
            out,
            mark: 0,
            begun,
        }
    }

    /// Adds a commit of the server to what will be this ref; returns its mark.
    fn commit(
        &mut self,
        reference: &RefName,
        message: &str,
        time: i64,
        held: Option<ObjectId>,
        files: impl IntoIterator<Item = (RepoPath, Vec<u8>)>,
    ) -> usize {
        self.mark += 1;
        // Not the ref itself: fast-import has ideas of its own about notes.
        let name = reference.as_str().trim_start_matches("refs/");
        let out = &mut self.out;
        write!(out, "commit refs/bench/{name}\nmark :{}\n", self.mark).unwrap();
        write!(
            out,
            "committer git-awo server <git-awo@localhost> {time} +0000\ndata {}\n{message}\n",
            message.len()
        )
        .unwrap();
        if let Some(tip) = self.begun.insert(reference.clone(), None).flatten() {
            writeln!(out, "from {tip}").unwrap();
        }
        if let Some(commit) = held {
            writeln!(out, "merge {commit}").unwrap();
        }
        // Each commit of the ledger shows what it adds.
        if *reference == layout::ledger() {
            writeln!(out, "deleteall").unwrap();
        }
        for (path, bytes) in files {
            writeln!(self.out, "M 100644 inline {path}").unwrap();
            self.data(&bytes);
        }
        self.mark
    }

    /// Adds an entry to the receive log, as `facts::log::commit_of` makes it: nothing in it is
    /// anybody's to choose.
    fn entry(&mut self, before: u64, time: i64, (envelope, state): (usize, usize)) {
        let message = format!("receipt {}\n", before + 1);
        self.commit(&layout::log(), &message, time, None, []);
        for (name, mark) in [("entry.dsse.json", envelope), ("state.json", state)] {
            writeln!(self.out, "M 100644 :{mark} {name}").unwrap();
        }
    }

    /// Adds a blob; returns its mark.
    fn blob(&mut self, bytes: &[u8]) -> usize {
        self.mark += 1;
        write!(self.out, "blob\nmark :{}\n", self.mark).unwrap();
        self.data(bytes);
        self.mark
    }

    fn data(&mut self, bytes: &[u8]) {
        writeln!(self.out, "data {}", bytes.len()).unwrap();
        self.out.write_all(bytes).unwrap();
        self.out.write_all(b"\n").unwrap();
    }

    /// Ends the import; returns the commits by their marks.
    fn end(mut self, desk: &Desk) -> BTreeMap<usize, ObjectId> {
        self.out.flush().unwrap();
        drop(self.out);
        assert!(
            self.child.wait().unwrap().success(),
            "the records are imported"
        );
        let text = std::fs::read_to_string(desk.path("marks")).unwrap();
        let mark = |line: &str| {
            let (mark, id) = line.split_once(' ').unwrap();
            (mark[1..].parse().unwrap(), id.parse().unwrap())
        };
        text.lines().map(mark).collect()
    }
}

/// Writes the receive log anew, one entry a push, and moves the refs to their places.
fn write_log(
    desk: &Desk,
    repo: &Repo,
    key: &FileKey,
    pushed: Vec<Pushed>,
    marks: &BTreeMap<usize, ObjectId>,
    start: i64,
) {
    let mut entries = old_entries(repo);
    let last = entries.last().unwrap().clone();
    let mut state = State::default();
    for entry in &entries {
        state.apply(entry);
    }
    let main = RefName::new("refs/heads/main").unwrap();
    for push in pushed {
        let moved = push
            .moved
            .into_iter()
            .map(|(name, mark)| (name, marks[&mark]));
        let movements = moved
            .chain([(main.clone(), push.main)])
            .map(|(reference, new)| Movement {
                old: state.refs.get(&reference).copied(),
                reference,
                new: Some(new),
            });
        let entry = ReceiptPredicate {
            movements: movements.collect(),
            ..last.clone()
        };
        state.apply(&entry);
        entries.push(entry);
    }
    let mut import = Import::start(desk);
    import.begun.remove(&layout::log());
    let (mut previous, mut state) = (None, State::default());
    let mut sequence = 0;
    for batch in entries.chunks(BATCH) {
        // fast-import stores a blob as its difference to the last one: like goes with like.
        let mut states = Vec::new();
        let mut envelopes = Vec::new();
        let first = sequence;
        for entry in batch {
            let time = Timestamp::from_seconds(start + STEP * sequence as i64).unwrap();
            sequence += 1;
            let entry = ReceiptPredicate {
                previous,
                sequence,
                time,
                unrecorded: Vec::new(),
                ..entry.clone()
            };
            state.apply(&entry);
            let envelope = sign(Statement::new(entry).to_payload(), Kind::Receipt, key);
            previous = Some(envelope.digest());
            states.push(import.blob(&state.to_bytes()));
            envelopes.push(envelope);
        }
        let envelopes = envelopes.iter().map(|it| import.blob(&it.to_bytes()));
        let envelopes: Vec<usize> = envelopes.collect();
        for (at, blobs) in (first..).zip(envelopes.into_iter().zip(states)) {
            import.entry(at, start + STEP * at as i64, blobs);
        }
    }
    let marks = import.end(desk);
    let log = *marks.values().next_back().unwrap();
    let mut updates = String::new();
    for (name, id) in state.refs.iter().chain([(&layout::log(), &log)]) {
        updates.push_str(&format!("update {name} {id}\n"));
    }
    let leftovers = repo.references("refs/bench/").unwrap();
    for (name, _) in leftovers {
        updates.push_str(&format!("delete {name}\n"));
    }
    std::fs::write(desk.path("updates"), updates).unwrap();
    let words = [
        "git",
        "-c",
        "core.hooksPath=/dev/null",
        "update-ref",
        "--stdin",
    ];
    let input = std::fs::File::open(desk.path("updates")).unwrap();
    let done = desk
        .command("server", "server.git", &words)
        .stdin(input)
        .status()
        .unwrap();
    assert!(done.success(), "the refs are moved");
}

/// Returns what the entries of the real log say, the first one first.
fn old_entries(repo: &Repo) -> Vec<ReceiptPredicate> {
    let mut entries = Vec::new();
    let mut at = repo.reference(&layout::log()).unwrap();
    while let Some(id) = at {
        entries.push(chain().read(repo, id).unwrap().parse().unwrap());
        at = repo.commit(id).unwrap().parents.first().copied();
    }
    entries.reverse();
    entries
}
