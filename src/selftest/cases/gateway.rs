//! Pack FP-3.3: the write gateway, names, versions and indexes of artefacts.

use super::super::case::{Case, Layer};
use super::super::play::{Failed, Play};
use crate::record::Code;
use crate::sandbox::{Stage, World};

/// The cases of the gateway.
pub const CASES: &[Case] = &[
    Case {
        id: "FP-3.3.1",
        name: "FP-3.3",
        layer: Layer::Gateway,
        title: "a version that is there never changes, and the next one follows the highest",
        expected: &[Code::Gov003],
        play: versions,
    },
    Case {
        id: "FP-3.3.2",
        name: "FP-3.3",
        layer: Layer::Gateway,
        title: "what an artefact is called is judged whichever way it was written",
        expected: &[Code::Gov003],
        play: names,
    },
    Case {
        id: "FP-3.3.3",
        name: "FP-3.3",
        layer: Layer::Gateway,
        title: "an index that is not its recomputation is refused, and two reconciliations are one",
        expected: &[Code::Int008],
        play: index,
    },
    Case {
        id: "FP-3.3.4",
        name: "FP-3.3",
        layer: Layer::Gateway,
        title: "the gateway writes nothing outside of what is granted, and leaves nothing behind",
        expected: &[Code::Gov003, Code::Int003],
        play: boundary,
    },
];

const DIRECTORY: &str = "docs/specs";
const INDEX: &str = "docs/specs/INDEX.md";

/// A world in which `docs/specs/` holds artefacts, with one version of one, where otto works on a branch.
fn world(play: &mut Play<'_>) -> Result<World, Failed> {
    let world = play.world(Stage::Founded)?;
    world.next_policy(2, None, |text| {
        let text = text.replacen("schema =", "requires = [\"artefacts/1\"]\nschema =", 1);
        format!(
            "{text}\n[[artefacts]]\nroot = \"{DIRECTORY}/\"\nname = \"versioned\"\nindex = true\n\
             archive = [\"{DIRECTORY}/archive/\"]\n"
        )
    })?;
    play.ok(&world, "otto", &["git", "awo", "fetch"])?;
    let branch = ["git", "checkout", "-q", "-B", "wip/specs", "origin/main"];
    play.ok(&world, "otto", &branch)?;
    write(play, &world, "Plan_v1.0.md")?;
    commit(play, &world)?;
    play.push_accepted(&world, "otto", &["wip/specs"])?;
    Ok(world)
}

fn write(play: &mut Play<'_>, world: &World, name: &str) -> Result<(), Failed> {
    world.write("otto/.git/draft", name)?;
    let path = format!("{DIRECTORY}/{name}");
    let words = ["git", "awo", "write", &path, "--from", ".git/draft"];
    play.ok(world, "otto", &words)?;
    Ok(())
}

fn commit(play: &mut Play<'_>, world: &World) -> Result<(), Failed> {
    play.ok(world, "otto", &["git", "add", "-A"])?;
    play.ok(
        world,
        "otto",
        &["git", "commit", "-q", "--no-verify", "-m", "Work"],
    )?;
    Ok(())
}

/// What stands in the work tree is committed past the client's hooks and pushed: the server refuses it, and
/// the work tree is as it was.
fn refused(play: &mut Play<'_>, world: &World, code: Code) -> Result<(), Failed> {
    commit(play, world)?;
    play.push_refused(world, "otto", &["wip/specs"], code)?;
    play.ok(
        world,
        "otto",
        &["git", "reset", "-q", "--hard", "origin/wip/specs"],
    )?;
    Ok(())
}

fn reconcile(play: &mut Play<'_>, world: &World) -> Result<(), Failed> {
    play.ok(world, "otto", &["git", "awo", "index", "reconcile"])?;
    Ok(())
}

fn versions(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    let file = format!("otto/{DIRECTORY}/Plan_v1.0.md");
    world.write(&file, "another content\n")?;
    refused(play, &world, Code::Gov003)?;
    std::fs::remove_file(world.path(&file))?;
    reconcile(play, &world)?;
    refused(play, &world, Code::Gov003)?;
    // One is left out, and the same comes again.
    for name in ["Plan_v1.2.md", "Plan_v1.0.0.md"] {
        world.write(&format!("otto/{DIRECTORY}/{name}"), "a version\n")?;
        reconcile(play, &world)?;
        refused(play, &world, Code::Gov003)?;
    }
    write(play, &world, "Plan_v1.1.md")?;
    commit(play, &world)?;
    play.push_accepted(&world, "otto", &["wip/specs"])
}

fn names(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    for name in [
        "Other_Final.md",
        "Other_v01.0.md",
        "Other v1.0.md",
        "Other_v1.md",
    ] {
        let path = format!("{DIRECTORY}/{name}");
        let words = ["git", "awo", "write", &path, "--from", ".git/draft"];
        play.refused(&world, "otto", &words, Code::Gov003)?;
        let is_there = world.path(&format!("otto/{path}")).exists();
        play.hold(!is_there, format!("{path} must not be written"))?;
        world.write(&format!("otto/{path}"), "past the gateway\n")?;
        reconcile(play, &world)?;
        refused(play, &world, Code::Gov003)?;
    }
    write(play, &world, "Other_v1.0.md")?;
    commit(play, &world)?;
    play.push_accepted(&world, "otto", &["wip/specs"])
}

fn index(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    let page = |world: &World| world.read(&format!("otto/{INDEX}"));
    write(play, &world, "Other_v1.0.md")?;
    let right = page(&world)?;
    let text = String::from_utf8_lossy(&right).into_owned();
    let entries: Vec<&str> = text.lines().filter(|it| it.starts_with("- ")).collect();
    let [one, two] = entries.as_slice() else {
        return Err(Failed::Expected(format!("two entries, not {entries:?}")));
    };
    let check = ["git", "awo", "index", "reconcile", "--check"];
    // One entry is missing, one leads nowhere, and they stand in another order.
    for wrong in [
        text.replace(&format!("{two}\n"), ""),
        text.replace(two, &format!("{two}\n{}", two.replace("v1.0", "v9.0"))),
        text.replace(&format!("{one}\n{two}\n"), &format!("{two}\n{one}\n")),
    ] {
        world.write(&format!("otto/{INDEX}"), wrong)?;
        play.refused(&world, "otto", &check, Code::Int008)?;
        commit(play, &world)?;
        play.push_refused(&world, "otto", &["wip/specs"], Code::Int008)?;
        play.ok(
            &world,
            "otto",
            &["git", "reset", "-q", "--soft", "origin/wip/specs"],
        )?;
        for _ in 0..2 {
            reconcile(play, &world)?;
            play.same("the index", &page(&world)?, &right)?;
        }
        play.ok(&world, "otto", &check)?;
    }
    commit(play, &world)?;
    play.push_accepted(&world, "otto", &["wip/specs"])
}

fn boundary(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    let before = play.ok(&world, "otto", &["git", "status", "--porcelain"])?;
    for (path, code) in [
        (".github/workflows/ci.yml", Code::Gov003),
        ("docs/../.git/hooks/x", Code::Int003),
        ("../outside", Code::Int003),
        ("docs/.git/config", Code::Int003),
        ("docs/trailing.", Code::Int003),
    ] {
        let words = ["git", "awo", "write", path, "--from", ".git/draft"];
        play.refused(&world, "otto", &words, code)?;
    }
    let after = play.ok(&world, "otto", &["git", "status", "--porcelain"])?;
    play.same("what git sees", before.as_bytes(), after.as_bytes())?;
    let outside = world.path("outside").exists();
    play.hold(!outside, "nothing is written outside of the repository")?;
    // `allowed_evil/` is not `allowed/`: beside what is protected one may write.
    let beside = "docs/.github/workflows-of-ours.md";
    let words = ["git", "awo", "write", beside, "--from", ".git/draft"];
    play.ok(&world, "otto", &words)?;
    commit(play, &world)?;
    play.push_accepted(&world, "otto", &["wip/specs"])
}
