//! What a `.gitmodules` would make git do in a clone: git's own fsck asks the same of a server that
//! has it switched on.

use bstr::{BStr, ByteSlice as _};

/// The name of the file.
pub(super) const NAME: &[u8] = b".gitmodules";
/// Largest one that is read, in bytes.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// Returns why a clone with submodules would write elsewhere, or run something, if it would.
pub(super) fn fault(bytes: &[u8]) -> Option<&'static str> {
    let Ok(file) = gix::config::File::try_from(bytes.as_bstr()) else {
        return Some("a .gitmodules that git cannot read");
    };
    let mut modules = file.sections().filter(|section| {
        let name = section.header().name();
        name.eq_ignore_ascii_case(b"submodule")
    });
    modules.find_map(|module| {
        let values = |key: &str| module.values(key).into_iter();
        // A section without a name sets nothing.
        if module.header().subsection_name().is_some_and(leaves) {
            return Some("a submodule whose name leads out of .git/modules");
        }
        if values("path").any(|path| path.starts_with(b"-")) {
            return Some("a submodule whose path is an option");
        }
        if values("url").any(|url| is_bad_url(url.as_bstr())) {
            return Some("a submodule whose url is an option, or has a line feed");
        }
        if values("update").any(|update| update.trim_start().starts_with(b"!")) {
            return Some("a submodule that is updated by a command");
        }
        None
    })
}

/// git makes a directory of this name.
fn leaves(name: &BStr) -> bool {
    name.is_empty()
        || name
            .split(|b| matches!(b, b'/' | b'\\'))
            .any(|it| it == b"..")
}

fn is_bad_url(url: &BStr) -> bool {
    let lower = url.to_ascii_lowercase();
    url.starts_with(b"-") || lower.contains(&b'\n') || lower.contains_str("%0a")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_elsewhere_or_runs_something_is_found() {
        let plain = "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = ../lib.git\n";
        for good in [
            "",
            plain,
            "[submodule \"a..b/c\"]\n\tpath = a\n\turl = https://example.org/a.git\n",
            "[submodule \"x\"]\n\tpath = x\n\tupdate = rebase\n\tbranch = main\n\tshallow = true\n",
            "[other \"../x\"]\n\turl = -x\n",
        ] {
            assert_eq!(fault(good.as_bytes()), None, "{good}");
        }
        for bad in [
            "[submodule \"../../x\"]\n\tpath = x\n",
            "[submodule \"a/../../x\"]\n\tpath = x\n",
            "[submodule \"a\\\\..\\\\x\"]\n\tpath = x\n",
            "[SubModule \"..\"]\n\tpath = x\n",
            "[submodule \"\"]\n\tpath = x\n",
            "[submodule \"x\"]\n\turl = --upload-pack=touch /tmp/x\n",
            "[submodule \"x\"]\n\turl = ../a\n\tURL = -u\n",
            "[submodule \"x\"]\n\turl = \"https://example.org/a\\nb\"\n",
            "[submodule \"x\"]\n\turl = https://example.org/%0Ahost=evil\n",
            "[submodule \"x\"]\n\tpath = -x\n",
            "[submodule \"x\"]\n\tupdate = !touch x\n",
            "[submodule \"x\"]\n\tupdate = \" !touch x\"\n",
            "[submodule \"x\"\n\tpath = x\n",
        ] {
            assert!(fault(bad.as_bytes()).is_some(), "{bad}");
            let both = format!("{plain}{bad}");
            assert!(fault(both.as_bytes()).is_some(), "{both}");
        }
    }
}
