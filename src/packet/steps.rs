//! The steps of a test plan: each command line of a script by itself, where that cannot change what
//! the script does.

/// What opens or closes a command of several lines.
const COMPOUND: &[&str] = &[
    "!", "[[", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "until", "while", "{", "}",
];

/// Commands after which the next line is run by another shell than before: in another directory, with
/// other variables or settings, or not at all.
const STATEFUL: &[&str] = &[
    ".", "alias", "break", "cd", "continue", "declare", "eval", "exec", "exit", "export",
    "getopts", "hash", "local", "popd", "pushd", "read", "readonly", "return", "set", "shift",
    "shopt", "source", "trap", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
];

/// Returns the commands of a script, a step each: lines that a backslash joins are one, and comments and
/// blank lines are none. A script with a line that means something only together with others is one step.
pub(super) fn of(script: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut open = String::new();
    for line in script.lines() {
        let is_comment = line.trim_start().starts_with('#');
        if open.is_empty() && (is_comment || line.trim().is_empty()) {
            continue;
        }
        if !open.is_empty() {
            open.push('\n');
        }
        open.push_str(line);
        let slashes = line.bytes().rev().take_while(|b| *b == b'\\').count();
        if slashes % 2 == 0 {
            steps.push(std::mem::take(&mut open).trim().to_owned());
        }
    }
    // A backslash at the very end joins nothing.
    let whole = !open.is_empty() || !steps.iter().all(|step| stands_alone(step));
    match whole {
        true => vec![script.trim().to_owned()],
        false => steps,
    }
}

/// Tells whether a command surely means the same in a shell of its own. Only looks like one that does not,
/// as a keyword in quotes, may count against it.
fn stands_alone(command: &str) -> bool {
    let joined = command.replace("\\\n", " ");
    let Some(words) = shlex::split(&joined) else {
        return false;
    };
    let even = |open: char, close: char| {
        let count = |wanted: char| joined.chars().filter(|c| *c == wanted).count();
        match open == close {
            true => count(open) % 2 == 0,
            false => count(open) == count(close),
        }
    };
    let goes_on = joined.contains("<<") || joined.trim_end().ends_with(['|', '&', '(', ';']);
    if goes_on || !even('(', ')') || !even('{', '}') || !even('`', '`') {
        return false;
    }
    // An assignment lasts, unless a command follows it.
    let (mut is_first, mut assigned) = (true, false);
    for word in &words {
        if COMPOUND.contains(&word.as_str()) {
            return false;
        }
        for (index, part) in word.split([';', '&', '|', '(', '`']).enumerate() {
            is_first |= index > 0;
            if index > 0 && assigned || is_first && STATEFUL.contains(&part) {
                return false;
            }
            if !part.is_empty() {
                assigned = is_first && part.contains('=');
                is_first = assigned;
            }
        }
    }
    !assigned
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn each_command_is_a_step() {
        let script =
            "# first\njust fmt\n\njust lint --all # fast\n  cargo test \\\n  --workspace\n# last\n";
        let steps = [
            "just fmt",
            "just lint --all # fast",
            "cargo test \\\n  --workspace",
        ];
        assert_eq!(of(script), steps);
        for alone in [
            "pytest .",
            "grep -q 'a b' x && ! false",
            "env A=1 make",
            "A=1 B=2 make",
            "echo \"$(date)\"",
            "sed 's/a;b/c/' x",
            "test -f a || test -f b",
        ] {
            let is_kept = !alone.contains('!');
            let steps = of(&format!("true\n{alone}\n"));
            assert_eq!(steps.len(), if is_kept { 2 } else { 1 }, "{alone}");
        }
        assert_eq!(of("# nothing\n\n"), [""; 0]);
        assert_eq!(of(""), [""; 0]);
    }

    #[test]
    fn a_script_that_cannot_be_taken_apart_is_one_step() {
        for line in [
            "cd src && cargo test",
            "cd src",
            "(cd src",
            "true; cd src",
            "export A=1",
            "A=1",
            "A=1; make",
            "make; A=1",
            "if true; then",
            "for x in a b",
            "echo 'open",
            "echo \"open",
            "cat <<END",
            "make |",
            "make &&",
            "server &",
            "f() {",
            "echo `date",
            "set -u",
            ". ./env",
            "echo a;cd b",
            "last \\",
        ] {
            let script = format!("true\n{line}");
            assert_eq!(of(&script), [script.trim()], "{line}");
        }
    }
}
