//! Whether two sets of exact patterns may match one path. Said to be so unless it is provably not.

use crate::record::fold;

/// Tells whether one path, or a path and one below it, may match a pattern of each list.
pub fn may_overlap(one: &[String], other: &[String]) -> bool {
    one.iter().any(|a| other.iter().any(|b| meet(a, b)))
}

fn meet(one: &str, other: &str) -> bool {
    // What is one path to some file system is one here.
    let (one, other) = (fold::path(one), fold::path(other));
    let parts = |text: &str| -> Vec<String> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        text.split('/').map(str::to_owned).collect()
    };
    let (one, other) = (parts(&one), parts(&other));
    // A file and what is below a directory of the same name cannot both be: that counts as meeting.
    one.iter()
        .zip(&other)
        .try_for_each(|(a, b)| match (a.contains("**"), b.contains("**")) {
            // From here on everything may match.
            (true, _) | (_, true) => Err(true),
            _ if components_meet(a, b) => Ok(()),
            _ => Err(false),
        })
        .err()
        .unwrap_or(true)
}

/// Tells whether one name may match two patterns of a name: their fixed beginnings and ends agree.
fn components_meet(one: &str, other: &str) -> bool {
    let wild = |c: char| "*?[]{}\\!".contains(c);
    match (one.contains(wild), other.contains(wild)) {
        (false, false) => one == other,
        _ => {
            let head = |it: &str| it.split(wild).next().unwrap_or_default().to_owned();
            let tail = |it: &str| it.rsplit(wild).next().unwrap_or_default().to_owned();
            let (a, b) = (head(one), head(other));
            let (c, d) = (tail(one), tail(other));
            let heads = a.starts_with(&b) || b.starts_with(&a);
            let tails = c.ends_with(&d) || d.ends_with(&c);
            heads && tails
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_unless_they_provably_do_not() {
        for (one, other, meets) in [
            ("src/a.py", "src/a.py", true),
            ("src/a.py", "src/b.py", false),
            ("src/a.py", "SRC/A.PY", true),
            ("src/", "src/a.py", true),
            ("src/", "src2/a.py", false),
            ("src", "src/a.py", true),
            ("/src/", "src/deep/er/", true),
            ("src/*.py", "src/a.py", true),
            ("src/*.py", "src/*.rs", false),
            ("src/a*.py", "src/b*.py", false),
            ("src/a?.py", "src/ab.py", true),
            ("src/**", "src/x/y", true),
            ("**/a.py", "docs/b.md", true),
            ("docs/**", "src/**", false),
            ("*.md", "docs/a.md", false),
            ("*", "docs/a.md", true),
            ("src/[ab].py", "src/a.py", true),
            ("src/{a,b}.py", "src/c.rs", false),
        ] {
            let list = |it: &str| vec![it.to_owned()];
            assert_eq!(
                may_overlap(&list(one), &list(other)),
                meets,
                "{one} {other}"
            );
            assert_eq!(
                may_overlap(&list(other), &list(one)),
                meets,
                "{other} {one}"
            );
        }
    }
}
