//! The directory of a run: its inventory, its invariants, its clock values.

use std::collections::BTreeMap;

use git_awo::evidence::inventory::{SUMS, TIMESTAMPS};
use git_awo::evidence::{
    Demands, Inventory, RunFiles, Survey, artifact_digests, breaches, digests, verify,
};
use git_awo::record::{Code, RepoPath, RunId, Sha256};

pub fn sums(data: &[u8]) -> bool {
    let judged = Inventory::judge(data, true);
    let parsed = Inventory::parse(data);
    assert_eq!(judged.is_ok(), parsed.is_ok(), "reading and judging agree");
    if let Err(findings) = judged {
        assert!(!findings.is_empty(), "a refusal has a reason");
        for finding in findings.iter() {
            assert!(matches!(finding.code, Code::Int004 | Code::Int006));
        }
    }
    let unsorted = Inventory::parse_unsorted(data);
    if let Ok(inventory) = &parsed {
        assert_eq!(inventory.to_bytes(), data, "an inventory has one spelling");
        assert_eq!(unsorted.as_ref().ok(), Some(inventory));
    }
    let Ok(inventory) = unsorted else {
        return false;
    };
    let bytes = inventory.to_bytes();
    assert_eq!(Inventory::parse(&bytes).as_ref(), Ok(&inventory));
    let files: BTreeMap<RepoPath, Sha256> = inventory
        .iter()
        .map(|(path, digest)| (path.clone(), digest))
        .collect();
    assert_eq!(Inventory::of(&files).as_ref(), Ok(&inventory));
    assert!(
        inventory.compare(&files).is_empty(),
        "it fits the files it lists"
    );
    for path in files.keys() {
        for part in path.components() {
            assert!(
                !matches!(part, b"" | b"." | b".."),
                "{path} stays in the run"
            );
        }
        assert!(
            path.as_bytes() != SUMS.as_bytes()
                && !path.as_bytes().starts_with(TIMESTAMPS.as_bytes())
        );
    }
    // Every change of a file is seen: gone, new, other bytes.
    let Some((path, _)) = files.first_key_value() else {
        panic!("an inventory lists something");
    };
    let mut other = files.clone();
    other.remove(path);
    assert!(
        !inventory.compare(&other).is_empty(),
        "a missing file is found"
    );
    other.insert(path.clone(), Sha256::of(b"other bytes"));
    assert!(!inventory.compare(&other).is_empty() || files == other);
    let mut more = files.clone();
    if more
        .insert(RepoPath::from("one more/file"), Sha256::of(b""))
        .is_none()
    {
        assert!(!inventory.compare(&more).is_empty(), "a new file is found");
    }
    true
}

/// Files divided by 0xff: a line with the path, then the content.
fn files(data: &[u8]) -> RunFiles {
    let mut files = RunFiles::default();
    for part in data.split(|b| *b == 0xff) {
        let end = part.iter().position(|b| *b == b'\n').unwrap_or(part.len());
        let content = part.get(end + 1..).unwrap_or_default();
        files.insert(RepoPath::new(&part[..end]), content.to_vec());
    }
    files
}

pub fn run_dir(data: &[u8]) -> bool {
    let run = RunId::new("run_demo").unwrap();
    let mut files = files(data);
    judge(&run, &files);
    // The same with an inventory that fits, where there can be one: then only the rest is judged.
    let Ok(inventory) = Inventory::of(&digests(&files)) else {
        return false;
    };
    files.insert(RepoPath::from(SUMS), inventory.to_bytes());
    let (findings, root) = verify(&files);
    for finding in findings.iter() {
        // Clock values, and places where no file of a run may stand.
        assert!(
            matches!(
                finding.code,
                Code::Int002 | Code::Int003 | Code::Int004 | Code::Int006
            ),
            "{finding:?}"
        );
    }
    if !findings.is_empty() {
        return false;
    }
    assert_eq!(root, Some(inventory.root()));
    judge(&run, &files);
    let path = inventory
        .iter()
        .next()
        .map(|(path, _)| path.clone())
        .unwrap();
    files.entry(path).or_default().push(b'!');
    assert!(!verify(&files).0.is_empty(), "one byte more is found");
    true
}

fn judge(run: &RunId, files: &RunFiles) {
    let (findings, root) = verify(files);
    let (again, root_again) = Survey::of_files(files).verify();
    assert_eq!((&findings, root), (&again, root_again));
    assert!(
        root.is_some() || !findings.is_empty(),
        "no root without a reason"
    );
    let found = breaches(run, files, &Demands::ALL);
    let mut sorted = found.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(found, sorted, "breaches have an order and come once");
    let digests = artifact_digests(files);
    assert!(git_awo::record::json::parse(&digests).is_ok());
}
