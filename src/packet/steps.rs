//! The steps of a test plan: each command line of a script by itself, where that cannot change what
//! the script does.

/// What opens or closes a command of several lines.
const COMPOUND: &[&str] = &[
    "!", "[[", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "until", "while", "{", "}",
];

/// Commands after which the next line is run by another shell than before: in another directory, with
/// other variables or settings. They count wherever they stand, also as arguments.
const STATEFUL: &[&str] = &[
    "alias",
    "cd",
    "declare",
    "eval",
    "exec",
    "export",
    "getopts",
    "let",
    "mapfile",
    "popd",
    "pushd",
    "readarray",
    "readonly",
    "shopt",
    "source",
    "trap",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
];

/// The same, of words that are often arguments: they count where a command begins.
const STATEFUL_FIRST: &[&str] = &[
    ".", "break", "continue", "exit", "hash", "local", "read", "return", "set", "shift", "wait",
];

/// What may stand before a command.
const BEFORE: &[&str] = &["builtin", "command", "time"];

/// Expansions that tell of the commands before, or of the shell.
const OF_THE_SHELL: &[&str] = &["$?", "$$", "$!", "$_", "$-", "$0"];

/// Returns the commands of a script, a step each: lines that a backslash joins are one, and comments and
/// blank lines are none. A script with a line that means something only together with others, or that a
/// shell told to stop at the first error would pass over, is one step.
pub(super) fn of(script: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut open = String::new();
    let mut unclear = false;
    for line in script.lines() {
        let said = bare(line);
        if open.is_empty() && (said.starts_with('#') || said.is_empty()) {
            continue;
        }
        if !open.is_empty() {
            open.push('\n');
        }
        open.push_str(line);
        let slashes = line.bytes().rev().take_while(|b| *b == b'\\').count();
        if slashes % 2 == 0 {
            steps.push(bare(&std::mem::take(&mut open)).to_owned());
        } else {
            // The backslash at the end of a comment joins nothing.
            unclear |= line.contains('#');
        }
    }
    // A backslash at the very end joins nothing either.
    unclear |= !open.is_empty() || !steps.iter().all(|step| stands_alone(step));
    match unclear {
        true => vec![bare(script).to_owned()],
        false => steps,
    }
}

/// Returns a text without what a shell passes over at its ends; another space is a character of a word.
fn bare(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n'])
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
    if !even('(', ')') || !even('{', '}') || !even('`', '`') {
        return false;
    }
    // A shell that stops at errors goes on after `a && b` where a fails.
    let together = ["<<", "&&", "()"].iter().chain(OF_THE_SHELL);
    if together.into_iter().any(|it| joined.contains(it)) {
        return false;
    }
    // What runs in the background ends with its step.
    let streams = joined.replace(">&", "").replace("<&", "").replace("&>", "");
    let goes_on = words.last().is_some_and(|it| it.ends_with(['|', '(', ';']));
    if streams.contains('&') || goes_on || sets_by_expansion(&joined) {
        return false;
    }
    // An assignment lasts, unless a command follows it.
    let (mut is_first, mut assigned, mut printf, mut redirects) = (true, false, false, false);
    for word in &words {
        if COMPOUND.contains(&word.as_str()) || printf && word == "-v" {
            return false;
        }
        printf = word == "printf";
        // A redirection, or the file of one, is no command.
        let is_file = std::mem::take(&mut redirects);
        let stream = word.trim_start_matches(|c: char| c.is_ascii_digit());
        if stream.starts_with(['<', '>', '&']) {
            redirects = stream.ends_with(['<', '>', '&', '|']);
            continue;
        }
        if is_file {
            continue;
        }
        for (index, part) in word.split([';', '|', '(', '`']).enumerate() {
            is_first |= index > 0;
            if index > 0 && assigned
                || STATEFUL.contains(&part)
                || is_first && STATEFUL_FIRST.contains(&part)
            {
                return false;
            }
            if !part.is_empty() && !BEFORE.contains(&part) {
                assigned = is_first && part.contains('=');
                is_first = assigned;
            }
        }
    }
    !assigned
}

/// Tells whether an expansion such as `${A:=1}` assigns something.
fn sets_by_expansion(command: &str) -> bool {
    let mut expansions = command.split("${").skip(1);
    expansions.any(|it| it.split('}').next().is_some_and(|it| it.contains('=')))
}

#[cfg(test)]
mod tests {
    use super::{bare, of};

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
            "env A=1 make",
            "A=1 B=2 make",
            "echo \"$(date)\"",
            "sed 's/a;b/c/' x",
            "test -f a || test -f b",
            "make 2>&1 >/dev/null",
            "make >log 2>&1 | tail",
            "echo ${HOME} ${A:-b}",
            "printf '%s' -n",
            "time make",
            "cargo test read",
        ] {
            assert_eq!(of(&format!("true\n{alone}\n")), ["true", alone]);
        }
        assert_eq!(of("# nothing\n\n"), [""; 0]);
        assert_eq!(of(""), [""; 0]);
        // To a shell, that is a command.
        assert_eq!(of("true\n\u{a0}\n"), ["true", "\u{a0}"]);
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
            "test -d build && rm -r build",
            "! false",
            "f() ( true )",
            "f(){ true;}",
            "server & sleep 1",
            "echo hi | # note",
            "command cd src",
            "builtin cd src",
            "time cd src",
            ">/dev/null cd src",
            "2> log cd src",
            ": ${X:=5}",
            "printf -v X 5",
            "let X=5",
            "A=1 >/dev/null",
            "echo $?",
            "kill $!",
            "true # c \\\ncd src",
        ] {
            let script = format!("true\n{line}");
            assert_eq!(of(&script), [bare(&script)], "{line}");
        }
    }
}
