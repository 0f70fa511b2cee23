//! The list of all attacks: each with tests that exist, each code one that exists.

use std::collections::BTreeSet;
use std::path::Path;

use git_awo::record::Code;

use super::{Case, approvals, records, signatures, sweep, trees};

/// Every group.
const GROUPS: &[(&str, &[Case])] = &[
    ("Paths and trees", trees::CASES),
    ("Signatures and keys", signatures::CASES),
    ("Approvals and independence", approvals::CASES),
    ("Records and sums", records::CASES),
    ("Every byte", sweep::CASES),
];

#[test]
fn every_attack_names_tests_that_exist() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ids = BTreeSet::new();
    for case in GROUPS.iter().flat_map(|(_, cases)| *cases) {
        assert!(ids.insert(case.id), "{} stands twice", case.id);
        assert!(!case.tests.is_empty(), "{} has no test", case.id);
        assert!(!case.attack.is_empty(), "{} says nothing", case.id);
        for test in case.tests {
            let (module, function) = test.rsplit_once("::").expect(test);
            // Unit tests are named by their file: `src/policy/tests::name`.
            let path = match module.strip_prefix("src/") {
                Some(unit) => home.join("src").join(unit),
                None => home.join("tests").join(module.replace("::", "/")),
            };
            let source = [path.with_extension("rs"), path.join("mod.rs")];
            let source = source
                .iter()
                .find_map(|path| std::fs::read_to_string(path).ok());
            let source = source.unwrap_or_else(|| panic!("{}: no module {module}", case.id));
            // Unit tests may stand in a module of their file.
            let lines: Vec<_> = source.lines().map(str::trim_start).collect();
            let source = lines.join("\n");
            let head = format!("#[test]\nfn {function}()");
            let found = source.contains(&head) || source.contains(&format!("]\nfn {function}()"));
            assert!(found, "{}: no test {test}", case.id);
        }
        for code in case
            .answer
            .split([' ', ','])
            .filter(|word| word.contains('-'))
        {
            let known = Code::ALL.iter().any(|known| known.as_str() == code);
            assert!(known, "{}: {code} is no code", case.id);
        }
    }
}
