//! The door an attack is pushed against, and the way round it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use git_awo::hook::speak::heard;

use super::raw::Raw;
use crate::figure::figure;
use crate::world::World;

/// A server under attack by one person. Refused pushes leave it as it was, so that a whole table of
/// attacks can be pushed against one.
pub struct Door {
    pub world: World,
    pub who: &'static str,
    tries: Cell<usize>,
}

fn refused(count: usize) {
    let name = "attacks pushed, each refused with exactly the expected codes and nothing moved";
    figure(name, count, "0 accepted", "0 accepted");
}

fn accepted(count: usize) {
    let name = "benign pushes, and benign commits in them";
    figure(name, count, "0 refused", "0 refused");
}

/// What a push came to.
pub struct Pushed {
    pub accepted: bool,
    /// The codes that the server said, each once.
    pub codes: BTreeSet<String>,
    /// Codes and rules: `GOV-009 human-required`.
    pub rules: BTreeSet<String>,
    pub text: String,
}

impl Door {
    /// git's own check of objects is off: the hooks must hold by themselves, since not every host
    /// lets its repositories be configured.
    pub fn new(world: World, who: &'static str) -> Self {
        let unchecked = ["git", "config", "receive.fsckObjects", "false"];
        world.ok("server", "server.git", &unchecked);
        std::fs::create_dir_all(world.path("verdicts")).unwrap();
        let verdicts = world.path("verdicts").display().to_string();
        let named = ["git", "config", "awo.jsonDirectory", &verdicts];
        world.ok("server", "server.git", &named);
        Self {
            world,
            who,
            tries: Cell::new(0),
        }
    }

    /// otto, who may commit directly below `src/`, `docs/` and `test_strings.py` of `wip/**`.
    pub fn of_otto() -> Self {
        Self::new(World::founded(), "otto")
    }

    pub fn raw(&self) -> Raw<'_> {
        Raw {
            world: &self.world,
            who: self.who,
        }
    }

    /// Returns the tip of main: object ids of the commit and of its tree.
    pub fn base(&self) -> (String, String) {
        let tip = self.world.rev(self.who, "origin/main");
        let tree = self.world.rev(self.who, "origin/main^{tree}");
        (tip, tree)
    }

    /// A commit on top of main with this tree.
    #[track_caller]
    pub fn commit(&self, tree: &str) -> String {
        let (tip, _) = self.base();
        self.raw().commit(tree, &[&tip], "Work\n")
    }

    /// A commit on top of main in whose `src/` these entries stand besides.
    #[track_caller]
    pub fn commit_in_src(&self, entries: &[super::raw::Entry<'_>]) -> String {
        let (_, root) = self.base();
        let src = self.world.rev(self.who, "origin/main:src");
        let src = self.raw().tree_with(&src, entries);
        let root = self.raw().tree_with(&root, &[("40000", b"src", &src)]);
        self.commit(&root)
    }

    /// Pushes with plain git past the client's hooks.
    pub fn push(&self, refspecs: &[&str]) -> Pushed {
        let mut words = vec!["git", "push", "--no-verify", "--atomic", "origin"];
        words.extend(refspecs);
        let done = self.world.run(self.who, self.who, &words);
        let heard = heard(&done.text);
        let codes = heard.iter().map(|it| it.code.to_string());
        let rules = heard.iter().map(|it| format!("{} {}", it.code, it.rule));
        Pushed {
            accepted: done.code == 0,
            codes: codes.collect(),
            rules: rules.collect(),
            text: done.text,
        }
    }

    /// The push is refused with exactly these codes; nothing moved, and no object is left behind.
    #[track_caller]
    pub fn refuses_push(&self, what: &str, refspecs: &[&str], codes: &[&str]) -> Pushed {
        let pushed = self.refused_push(what, refspecs);
        let wanted: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(pushed.codes, wanted, "{what}\n{}", pushed.text);
        pushed
    }

    /// The push is refused; nothing moved, and no object is left behind.
    #[track_caller]
    pub fn refused_push(&self, what: &str, refspecs: &[&str]) -> Pushed {
        let before = (self.world.server(), self.files());
        let pushed = self.push(refspecs);
        assert!(!pushed.accepted, "{what} is accepted\n{}", pushed.text);
        assert_eq!(
            (self.world.server(), self.files()),
            before,
            "{what} leaves something behind"
        );
        refused(1);
        pushed
    }

    #[track_caller]
    pub fn accepts_push(&self, what: &str, refspecs: &[&str]) {
        let pushed = self.push(refspecs);
        assert!(pushed.accepted, "{what} is refused\n{}", pushed.text);
        assert!(
            pushed.codes.is_empty(),
            "{what} is accepted, with findings\n{}",
            pushed.text
        );
        accepted(1);
    }

    /// This commit is refused as a new branch of `wip/**`, with exactly these codes. Forced past the
    /// hooks, `verify` finds the same on a fresh clone (see [`Door::verify_finds_all`]).
    #[track_caller]
    pub fn refuses(&self, what: &str, commit: &str, codes: &[&str]) -> Pushed {
        let branch = self.branch();
        self.refuses_push(what, &[&format!("{commit}:refs/heads/wip/{branch}")], codes)
    }

    /// This commit is accepted as a new branch of `wip/**`.
    #[track_caller]
    pub fn accepts(&self, what: &str, commit: &str) {
        let branch = self.branch();
        self.accepts_push(what, &[&format!("{commit}:refs/heads/wip/{branch}")]);
    }

    /// Each commit is pushed as a new branch of `wip/**`, all in one push, which is refused; returns the codes for
    /// each of them.
    #[track_caller]
    pub fn refused_codes<'a>(
        &self,
        commits: impl Iterator<Item = &'a str>,
    ) -> Vec<BTreeSet<String>> {
        let before = (self.world.server(), self.files());
        let branch = |_: &&str| format!("refs/heads/wip/{}", self.branch());
        let branches: Vec<_> = commits.map(|it| (it, branch(&it))).collect();
        let refspecs = branches
            .iter()
            .map(|(commit, branch)| format!("{commit}:{branch}"));
        let verdict = self.world.path("verdicts/last.json");
        let words = ["git", "push", "--no-verify", "--atomic", "origin"];
        let mut push = self.world.command(self.who, self.who, &words);
        push.args(refspecs);
        let output = push.env("GIT_AWO_JSON", &verdict).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "the push is accepted\n{text}");
        let verdict = std::fs::read(&verdict).expect(&text);
        let verdict: serde_json::Value = serde_json::from_slice(&verdict).unwrap();
        assert_eq!(verdict["undecided"].as_array().map(Vec::len), Some(0));
        let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for finding in verdict["findings"].as_array().unwrap() {
            let branch = finding["subject"]["ref"].as_str().unwrap_or_default();
            let code = finding["code"].as_str().unwrap().to_owned();
            found.entry(branch).or_default().insert(code);
        }
        let codes = branches
            .iter()
            .map(|(_, branch)| found.remove(branch.as_str()));
        let codes: Vec<_> = codes.map(Option::unwrap_or_default).collect();
        assert!(found.is_empty(), "nothing else is found: {found:?}");
        assert_eq!((self.world.server(), self.files()), before, "{text}");
        refused(codes.len());
        codes
    }

    /// Each commit is pushed as a new branch of `wip/**`, all in one push. It must be refused with
    /// exactly these codes for each branch; none are for one that is not at fault.
    #[track_caller]
    pub fn refuses_each(&self, table: &[(String, String, &[&str])]) {
        let found = self.refused_codes(table.iter().map(|it| it.1.as_str()));
        for ((what, _, codes), found) in table.iter().zip(found) {
            let codes: BTreeSet<String> = codes.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(found, codes, "{what}");
        }
    }

    /// Each commit is pushed in the same way, and must be refused with one of these codes at least, by which
    /// `verify` finds it when it is forced.
    #[track_caller]
    pub fn refuses_with_one_of(&self, table: &[(String, String)], codes: &[&'static str]) {
        let found = self.refused_codes(table.iter().map(|it| it.1.as_str()));
        let mut forced = Vec::new();
        for ((what, commit), found) in table.iter().zip(found) {
            let code = codes.iter().find(|it| found.contains(**it));
            let code = code.unwrap_or_else(|| panic!("{what}: {found:?}"));
            forced.push((commit.as_str(), *code));
        }
        self.verify_finds_all(&forced);
    }

    /// All of these are refused with this one code and found by `verify`, whoever forces them.
    #[track_caller]
    pub fn refuses_all(&self, table: &[(String, String)], code: &'static str) {
        let codes: &[&str] = &[code];
        let each = table
            .iter()
            .map(|(what, id)| (what.clone(), id.clone(), codes));
        self.refuses_each(&each.collect::<Vec<_>>());
        let forced: Vec<_> = table.iter().map(|(_, id)| (id.as_str(), code)).collect();
        self.verify_finds_all(&forced);
    }

    /// Each commit is accepted as a new branch of `wip/**`, all in one push.
    #[track_caller]
    pub fn accepts_all(&self, table: &[(String, String)]) {
        let refspecs: Vec<String> = table
            .iter()
            .map(|(_, commit)| format!("{commit}:refs/heads/wip/{}", self.branch()))
            .collect();
        let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
        self.accepts_push("all of them", &refspecs);
        accepted(refspecs.len());
    }

    /// Forces each commit past the hooks onto a branch of its own; `verify` on a fresh clone must
    /// name each branch or commit with its code, all at once.
    #[track_caller]
    pub fn verify_finds_all(&self, forced: &[(&str, &str)]) {
        let mut wanted = BTreeSet::new();
        let mut refspecs = Vec::new();
        for (commit, code) in forced {
            let branch = format!("refs/heads/wip/{}", self.branch());
            refspecs.push(format!("{commit}:{branch}"));
            wanted.insert((branch, (*code).to_owned()));
        }
        let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
        self.world.force(self.who, &refspecs);
        self.world.fresh_clone();
        let words = ["git", "awo", "verify", "--json"];
        let output = self.world.command("vera", "vera", &words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "verify finds it");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let found: BTreeSet<(String, String)> = answer["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|finding| (text(&finding["subject"]["ref"]), text(&finding["code"])))
            .collect();
        let missed: Vec<_> = wanted.difference(&found).collect();
        assert!(missed.is_empty(), "verify misses {missed:?}\n{found:?}");
        figure(
            "attacks forced past the hooks, found by `verify` in a fresh clone",
            forced.len(),
            "0 missed",
            "0 missed",
        );
    }

    /// Asks the server's `pre-receive` about these lines, without a push; returns what it says.
    pub fn hook(&self, lines: &str) -> String {
        let words = ["git", "awo", "hook", "pre-receive"];
        let mut command = self.world.command("server", "server.git", &words);
        let (stdin, stdout) = (std::process::Stdio::piped(), std::process::Stdio::piped());
        command.env("GIT_DIR", ".").stdin(stdin).stdout(stdout);
        let mut child = command
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, lines.as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    }

    fn branch(&self) -> usize {
        self.tries.set(self.tries.get() + 1);
        self.tries.get()
    }

    /// The files in the server's object store: none may stay of what was refused.
    fn files(&self) -> BTreeSet<String> {
        let listed = self
            .world
            .ok("server", "server.git", &["find", "objects", "-type", "f"]);
        listed.lines().map(str::to_owned).collect()
    }
}
