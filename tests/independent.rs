//! `docs/verify-run.sh`, which knows nothing of git-awo, gives the verdict that `git awo verify RUN` gives:
//! of every golden repository, and of each of them tampered with.

use crate::figure::figure;
use crate::world::{READ_LEDGER, RUN, World};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify-run.sh");

/// Moves a ref of vera's clone to a commit made by a script in an index of its own.
fn rewritten(reference: &str, script: &str) -> String {
    // In a log nothing can be changed: it begins anew.
    let (read, parent) = match reference {
        "refs/awo/ledger" => (READ_LEDGER.to_owned(), String::new()),
        _ => (
            format!("git read-tree {reference}"),
            format!("-p {reference}"),
        ),
    };
    format!(
        "export GIT_INDEX_FILE=\"$PWD/scratch\"; {read}; {script}\n\
         git update-ref {reference} \"$(git commit-tree -m x {parent} \"$(git write-tree)\")\"; rm -f scratch"
    )
}

/// Ways to tamper with a clone, all of them past any hook.
fn tampered() -> Vec<(&'static str, String)> {
    let noted = |script: &str| {
        let listed = "git for-each-ref --format='%(refname)' refs/notes/awo/attestations";
        format!("reference=$({listed})\n{}", rewritten("$reference", script))
    };
    let evidence =
        "reference=$(git for-each-ref --format='%(refname)' refs/awo/evidence | tail -n 1)";
    let evil = "evil=$(echo evil | git hash-object -w --stdin)";
    let file = |name: &str, act: &str| {
        let script = format!(
            "path=$(git ls-files | grep '{name}' | head -n 1); [ -n \"$path\" ]; {evil}; {act}"
        );
        format!("{evidence}\n{}", rewritten("$reference", &script))
    };
    let exchange = "git update-index --cacheinfo 100644,$evil,\"$path\"";
    let record = |act: &str| {
        rewritten(
            "refs/awo/ledger",
            &format!("{evil}; path=$(git ls-files | grep '@run.dsse'); {act}"),
        )
    };
    let flipped = "blob=$(git ls-files -s \"$path\" | cut -d' ' -f2); git cat-file blob $blob | sed 's/\"sig\":\"U1NIU0lH/\"sig\":\"U1NIU0lI/' > ../flipped; evil=$(git hash-object -w ../flipped); [ $evil != $blob ];";
    vec![
        ("a file of the evidence exchanged", file("steps/", exchange)),
        ("a file of the evidence removed", file("steps/", "git rm -q --cached \"$path\"")),
        ("a file added to the evidence", file("/report.md", "git update-index --add --cacheinfo 100644,$evil,\"${path%/*}/more\"")),
        ("an executable in the evidence", file("/report.md", "git update-index --cacheinfo 100755,$(git ls-files -s \"$path\" | cut -d' ' -f2),\"$path\"")),
        ("another inventory", file("SHA256SUMS.txt", exchange)),
        ("a run record of garbage", record(exchange)),
        ("a run record with another signature", record(&format!("{flipped} {exchange}"))),
        ("no run record", record("git rm -q --cached \"$path\"")),
        ("another inventory in the ledger", rewritten("refs/awo/ledger", &format!("{evil}; path=$(git ls-files | grep '@SHA256SUMS.txt'); {exchange}"))),
        ("no attestation", noted("git rm -q -r --cached .")),
        ("an attestation of garbage", noted(&format!("{evil}; path=$(git ls-files); {exchange}"))),
        ("an attestation with another signature", noted(&format!("path=$(git ls-files); {flipped} {exchange}"))),
        ("a policy of one's own", rewritten("refs/awo/policy", &format!("path=policy.toml; blob=$(git ls-files -s $path | cut -d' ' -f2); evil=$( (git cat-file blob $blob; echo) | git hash-object -w --stdin); {exchange}"))),
        ("keys of one's own", rewritten("refs/awo/policy", &format!("{evil}; path=allowed_signers; {exchange}"))),
        ("no policy", "git update-ref -d refs/awo/policy".into()),
        ("a second run record", format!(
            "{evil}; tree=$(printf '100644 blob %s\\t%s\\n' $evil {RUN}@run.dsse.json | git mktree)\n\
             git update-ref refs/awo/ledger $(git commit-tree -m x -p refs/awo/ledger $tree)"
        )),
        ("no ledger", "git update-ref -d refs/awo/ledger".into()),
        (
            "an object overwritten on the disk",
            "git unpack-objects -q < /dev/null 2>/dev/null || true; mkdir ../p; mv .git/objects/pack/* ../p 2>/dev/null || true; for p in ../p/*.pack; do [ ! -e $p ] || git unpack-objects -q < $p; done\n\
             blob=$(git log --format= --raw --no-abbrev refs/awo/ledger | grep 'A.*@run.dsse' | cut -d' ' -f4); evil=$(echo evil | git hash-object -w --stdin)\n\
             at() { echo .git/objects/$(echo $1 | cut -c1-2)/$(echo $1 | cut -c3-); }; chmod u+w $(at $blob) 2>/dev/null || true; rm -f $(at $blob); cp $(at $evil) $(at $blob)".into(),
        ),
    ]
}

/// What leaves everything as it is.
const HARMLESS: &[(&str, &str)] = &[
    ("as cloned", ":"),
    ("packed", "git gc -q --prune=now; git pack-refs --all"),
    (
        "with a branch more",
        "git branch more; git commit -q --allow-empty --no-gpg-sign -n -m x; git reset -q --hard HEAD^",
    ),
    (
        "with a message more",
        "git config log.showSignature true; git config core.fsmonitor false",
    ),
];

/// Whether both, git-awo and the script, accept the run of a clone.
fn verdicts(world: &World) -> ((bool, String), (bool, String)) {
    let said = |words: &[&str], place: &str| {
        let done = world.run("vera", place, words);
        (done.code == 0, done.text)
    };
    (
        said(&["git", "awo", "verify", RUN], "vera"),
        said(&["bash", SCRIPT, "vera", RUN], "."),
    )
}

#[test]
fn the_independent_check_gives_the_same_verdict() {
    let (mut good, mut bad) = (0, 0);
    for (stage, golden) in [
        ("landed", World::landed as fn() -> World),
        ("rejected", World::rejected),
    ] {
        let golden = golden();
        golden.fresh_clone();
        let harmless = HARMLESS
            .iter()
            .map(|(what, act)| (*what, (*act).to_owned(), true));
        let tampered = tampered().into_iter().map(|(what, act)| (what, act, false));
        for (what, act, holds) in harmless.chain(tampered) {
            // One golden repository is tampered with in every way, the others are taken as they are.
            if stage != "landed" && what != "as cloned" {
                continue;
            }
            let world = golden.copied();
            world.ok("vera", "vera", &["sh", "-ec", &act]);
            let (ours, theirs) = verdicts(&world);
            assert_eq!(ours.0, holds, "{stage}, {what}: {}", ours.1);
            assert_eq!(theirs.0, holds, "{stage}, {what}: {}", theirs.1);
            *(if holds { &mut good } else { &mut bad }) += 1;
        }
    }
    figure(
        &format!(
            "repositories judged by docs/verify-run.sh and by git-awo ({good} good, {bad} bad)"
        ),
        good + bad,
        "0 verdicts differ",
        "0: the same verdict",
    );
}
