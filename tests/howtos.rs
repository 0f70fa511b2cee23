//! The how-to pages in `docs/`: every command of theirs is typed, in its order.
//!
//! A block that begins with `sh` and a name is typed by that person, where that person's last block
//! ended. A block of `toml` is put into the policy before the first command.

use std::collections::BTreeMap;
use std::path::Path;

use crate::world::{PROGRAM, World};

/// Below it are `project.git` and the clones of a page.
const HERE: &str = "howto";

/// olga moves a submodule to a commit that is in her clone only.
pub const MOVES: &str = "echo mine >> vendor/lib/lib\ngit -C vendor/lib commit -q -a -m Mine\n\
                         git commit -q -S -a -m Move\n";

/// Types these lines of a page as they stand, and returns what they print.
#[track_caller]
pub fn typed(world: &World, who: &str, lines: &str) -> String {
    let program = Path::new(PROGRAM).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let mut command = world.command(who, who, &["sh", "-ec", lines]);
    let done = command.env("PATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{lines}\n{said}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The block of a page: what it is, and its lines.
pub fn blocks(page: &str) -> Vec<(String, String)> {
    let path = format!("{}/docs/{page}.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(kind), false) => blocks.push((kind.to_owned(), String::new())),
            (Some(_), true) | (None, false) => {}
            (None, true) => {
                if let Some((_, lines)) = blocks.last_mut() {
                    lines.push_str(line);
                    lines.push('\n');
                }
            }
        }
        inside ^= line.starts_with("```");
    }
    blocks
}

impl World {
    /// Types lines as a person, in a directory below [`HERE`]; returns what was said, and where the
    /// person is then.
    #[track_caller]
    pub fn typed(&self, who: &str, place: &str, lines: &str) -> (String, String) {
        let lines = lines.replace("SHA256:…", &self.fingerprint());
        let ends = self.path("ends").display().to_string();
        let script = format!("{lines}pwd > '{ends}'\n");
        let program = Path::new(PROGRAM).parent().unwrap().display();
        let mut command = self.command(who, place, &["sh", "-ec", &script]);
        command.env("PATH", format!("{program}:/usr/local/bin:/usr/bin:/bin"));
        command.env("EDITOR", self.path("editor"));
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{who}:{place}$ {lines}\n{said}");
        let ends = std::fs::read_to_string(self.path("ends")).unwrap();
        let below = ends.trim().split_once(&format!("/{HERE}")).unwrap().1;
        (said, format!("{HERE}{below}"))
    }

    /// A world with a server of a repository `project.git` that has a history and no policy.
    fn with_a_project(history: &str) -> Self {
        let world = World::founded();
        std::fs::create_dir_all(world.path(HERE)).unwrap();
        world.write("editor", EDITOR);
        for who in ["olga", "otto"] {
            world.ok(who, ".", &["chmod", "+x", "editor"]);
            let key = world.path(&format!("home/{who}/key.pub"));
            std::fs::copy(key, world.path(&format!("{HERE}/{who}.pub"))).unwrap();
            // What git refuses of paths on this machine it takes of URLs.
            let local = ["git", "config", "--global", "protocol.file.allow", "always"];
            world.ok(who, ".", &local);
        }
        let init = "git init -q --bare -b main project.git\ngit init -q --bare -b main lib.git\n";
        world.typed("server", HERE, init);
        let begin = format!(
            "git clone -q lib.git lib && cd lib\necho lib > lib\ngit add .\ngit commit -q -m Lib\n\
             git push -q origin main\ncd ..\n\
             git clone -q project.git first && cd first\necho one > README.md\n{history}\
             git add -A\ngit commit -q -m First\ngit push -q origin main\ncd ..\nrm -rf first\n"
        );
        world.typed("olga", HERE, &begin);
        world
    }

    /// The same, and olga has adopted it, with these lines in `[tree]`.
    pub fn with_an_adopted_project(tree: &str) -> Self {
        let world = Self::with_a_project("");
        let server = "git -C project.git awo init --server --anchor SHA256:…\n";
        world.typed("server", HERE, server);
        let adopt = "git clone -q project.git olga && cd olga\ngit awo init --identity olga\n\
                     git show refs/awo/policy:policy.toml > ../policy.toml\n";
        world.typed("olga", HERE, adopt);
        let path = world.path(&format!("{HERE}/policy.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("version = 1\n", "version = 2\n");
        let text = text.replace("[tree]\n", &format!("[tree]\n{tree}"));
        std::fs::write(&path, text).unwrap();
        let found = "git awo policy propose ../policy.toml\ngit awo policy apply\ngit awo push\n";
        world.typed("olga", &format!("{HERE}/olga"), found);
        world
    }

    /// A world in which the page about submodules has been typed.
    pub fn with_submodules() -> Self {
        let world = World::with_an_adopted_project(&tree_of("submodules"));
        world.plays("submodules", "howto/olga", |lines| {
            if lines.contains("pull") {
                let more = "echo more >> lib\ngit commit -q -a -m More\ngit push -q origin main\n";
                world.typed("olga", "howto/lib", more);
            }
        });
        world
    }

    /// Types all commands of a page; returns what was said of each block. `before` is told each.
    fn plays(&self, page: &str, olga: &str, before: impl Fn(&str)) -> Vec<String> {
        let mut places = BTreeMap::from([("olga".to_owned(), olga.to_owned())]);
        let mut said = Vec::new();
        for (kind, lines) in blocks(page) {
            let Some(who) = kind.strip_prefix("sh ") else {
                assert!(!kind.starts_with("sh"), "{page}: nobody types {lines}");
                continue;
            };
            before(&lines);
            let place = places.get(who).map_or(HERE, String::as_str).to_owned();
            let (text, ends) = self.typed(who, &place, &lines);
            places.insert(who.to_owned(), ends);
            said.push(text);
        }
        assert!(!said.is_empty(), "{page} has commands");
        said
    }
}

/// Edits a policy as the page on adoption says.
const EDITOR: &str = r#"#!/bin/sh
set -e
if grep -q '^version = 1$' "$1"; then
    sed -i 's/^version = 1$/version = 2/; s|^executable = .*|executable = ["scripts/**"]|' "$1"
else
    sed -i 's/^version = 2$/version = 3/' "$1"
    printf '\n[[identity]]\nname = "otto"\nroles = ["orchestrator"]\n' >> "$1"
fi
"#;

/// Returns the lines of a page's `toml` block that stand in `[tree]`.
fn tree_of(page: &str) -> String {
    let (_, lines) = blocks(page).into_iter().find(|it| it.0 == "toml").unwrap();
    lines.strip_prefix("[tree]\n").unwrap().to_owned()
}

#[test]
fn an_existing_repository_is_adopted() {
    let history = "mkdir -p scripts .github/workflows\necho '#!/bin/sh' > scripts/x\n\
                   chmod +x scripts/x\nln -s README.md link\necho '* text=auto' > .gitattributes\n\
                   echo 'on: push' > .github/workflows/ci.yml\ngit add -A\ngit commit -q -m Zero\n\
                   git switch -q -c side\necho side > side\ngit add -A\ngit commit -q -m Side\n\
                   git switch -q main\ngit merge -q --no-ff -m Merge side\necho two > README.md\n";
    let world = World::with_a_project(history);
    let said = world.plays("adopt", HERE, |_| {});
    // The page quotes it.
    let page = blocks("adopt");
    let quoted = page.iter().find(|(kind, _)| kind.is_empty()).unwrap();
    let quoted = quoted.1.lines().nth(1).unwrap();
    assert!(said[1].contains(quoted), "{quoted}\n{}", said[1]);
    let tip = "git rev-parse wip/first\n";
    assert_eq!(
        world.typed("server", &format!("{HERE}/project.git"), tip).0,
        world
            .typed("otto", &format!("{HERE}/otto"), "git rev-parse HEAD\n")
            .0
    );
}

#[test]
fn files_of_events_are_checked() {
    let world = World::founded();
    std::fs::create_dir_all(world.path(HERE)).unwrap();
    let said = world.plays("events", HERE, |_| {});
    // The page quotes what is said of all but one.
    let page = blocks("events");
    let quoted: Vec<_> = page.iter().filter(|(kind, _)| kind.is_empty()).collect();
    assert_eq!(said.len(), 4);
    for (said, quoted) in [(0, 0), (1, 1), (3, 2)].map(|(at, of)| (&said[at], &quoted[of].1)) {
        assert_eq!(said, quoted);
    }
    assert_eq!(said[2], "ok: 2 decisions, 5 events checked\n");
}

#[test]
fn submodules_are_added_moved_and_cloned() {
    let world = World::with_an_adopted_project(&tree_of("submodules"));
    let more = "echo more >> lib\ngit commit -q -a -m More\ngit push -q origin main\n";
    let said = world.plays("submodules", "howto/olga", |lines| {
        if lines.contains("pull") {
            world.typed("olga", "howto/lib", more);
        }
    });
    let said = said.last().unwrap();
    let lib = world
        .typed("olga", &format!("{HERE}/lib"), "git rev-parse HEAD\n")
        .0;
    assert!(said.contains(lib.trim()), "otto has the newest: {said}");
}

#[test]
fn submodules_are_pushed_first_where_git_is_set_to_do_so() {
    let world = World::with_submodules();
    let types = |lines: &str| world.typed("olga", "howto/olga", lines).0;
    let landed = "git -C ../lib.git cat-file -e $(git -C vendor/lib rev-parse HEAD)\n\
                  test $(git -C ../project.git rev-parse wip/lib) = $(git rev-parse HEAD)\n";
    types("git -C vendor/lib switch -q -c wip/lib\n");
    for setting in ["submodule.recurse true", "push.recurseSubmodules on-demand"] {
        types(&format!(
            "{MOVES}git config {setting}\ngit awo push\n{landed}"
        ));
        types(&format!(
            "git config --unset {}\n",
            setting.split_once(' ').unwrap().0
        ));
    }
    // Where git refuses: it is set to look only, or has no branch to push.
    for setting in [
        "git config push.recurseSubmodules check\n",
        "git config push.recurseSubmodules on-demand\ngit -C vendor/lib switch -q --detach\n",
    ] {
        let before = types("git -C ../project.git for-each-ref\n");
        let refused = "git awo push && exit 1 || test $? = 3\n";
        let said = types(&format!("{setting}{MOVES}{refused}"));
        assert!(said.contains("submodules-pushed"), "{said}");
        let remedy = "git -C SUBMODULE push origin HEAD:BRANCH";
        assert!(said.contains(remedy), "{said}");
        assert_eq!(before, types("git -C ../project.git for-each-ref\n"));
        let remedy = remedy
            .replace("SUBMODULE", "vendor/lib")
            .replace("BRANCH", "main");
        // A detached submodule cannot be pushed by git, and needs not once it is there.
        types(&format!("{remedy}\ngit awo push\n{landed}"));
    }
}

#[test]
#[ignore = "needs git-lfs, which .ci/run installs"]
fn large_files_go_to_git_lfs() {
    let world = World::with_an_adopted_project(&tree_of("lfs"));
    let picture: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    world.write("howto/picture.bin", &picture);
    let said = world.plays("lfs", "howto/olga", |_| {});
    assert!(said.iter().any(|it| it.contains("picture.bin")), "{said:?}");
    let stored = ["find", "lfs/objects", "-type", "f"];
    let stored = world.ok("server", "howto/project.git", &stored);
    assert_eq!(stored.lines().count(), 1, "its content: {stored}");
    let pointer = ["git", "cat-file", "-p", "wip/pictures:picture.bin"];
    let pointer = world.ok("server", "howto/project.git", &pointer);
    assert!(pointer.starts_with("version https://git-lfs"), "{pointer}");
    // Both hooks are there, whichever came first.
    for who in ["olga", "otto"] {
        let hooks = world.path(&format!("howto/{who}/.git/hooks"));
        let text = |name: &str| std::fs::read_to_string(hooks.join(name)).unwrap();
        assert!(text("pre-push").contains("git-awo"), "{who}");
        assert!(
            text("pre-push.before-awo").contains("git lfs pre-push"),
            "{who}"
        );
    }
    // git-lfs writes its hook over ours again: nothing is lost.
    let again = "git lfs update --force\ngit awo hooks install\ngit awo doctor\n";
    world.typed("olga", "howto/olga", again);
    // What is refused here is not uploaded.
    let bad = "printf 'x%.0s' 1 2 3 > new.bin\nln -s x link\ngit add -A\n\
               git commit -q -n -S -m Bad\ngit push -q origin HEAD:wip/pictures && exit 1 || true\n";
    let said = world.typed("olga", "howto/olga", bad).0;
    assert!(said.contains("INT-003"), "{said}");
    let stored = ["find", "lfs/objects", "-type", "f"];
    let stored = world.ok("server", "howto/project.git", &stored);
    assert_eq!(stored.lines().count(), 1, "nothing more: {stored}");
}
