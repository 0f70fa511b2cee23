//! Quoting for a POSIX shell.

/// Returns a word as typed in a shell: quoted only if necessary.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    in_quotes(word)
}

/// Returns a word in quotes, even if it needs none.
pub fn in_quotes(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns a word as typed in a shell, without control characters: where it has some, or is not UTF-8, as `$'…'`, which
/// bash, ksh and zsh read.
pub fn shown(word: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(word)
        && !text.chars().any(char::is_control)
    {
        return quote(text);
    }
    let mut out = "$'".to_owned();
    let octal = |out: &mut String, bytes: &[u8]| {
        bytes
            .iter()
            .for_each(|it| out.push_str(&format!("\\{it:03o}")));
    };
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '\'' => out.extend(['\\', c]),
                c if c.is_control() => octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        octal(&mut out, chunk.invalid());
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_shown_in_one_line_of_text_that_bash_reads() {
        for (word, expected) in [
            (&b"rita"[..], "rita"),
            (b"echo \"a\" > b\\c", "'echo \"a\" > b\\c'"),
            (b"o'tto", r"'o'\''tto'"),
            (b"a\nb'\\", r"$'a\012b\'\\'"),
            (b"\xff\x1b7", r"$'\377\0337'"),
            ("\u{85}ä".as_bytes(), r"$'\302\205ä'"),
        ] {
            assert_eq!(shown(word), expected);
            let line = format!("printf %s {expected}");
            // It is not everywhere.
            let Ok(printed) = std::process::Command::new("bash")
                .args(["-c", &line])
                .output()
            else {
                continue;
            };
            assert_eq!(printed.stdout, word, "bash agrees");
        }
    }

    #[test]
    fn a_name_stays_one_word_of_the_shell() {
        for (name, expected) in [
            ("rita", "rita"),
            ("rita@example.org", "rita@example.org"),
            ("", "''"),
            ("~", "'~'"),
            ("a*", "'a*'"),
            ("$(id)", "'$(id)'"),
            ("o'tto; id", r"'o'\''tto; id'"),
            ("a\nb", "'a\nb'"),
        ] {
            assert_eq!(quote(name), expected);
            let printed = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {expected}")])
                .output();
            assert_eq!(printed.unwrap().stdout, name.as_bytes(), "sh agrees");
        }
    }
}
