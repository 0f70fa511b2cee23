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

#[cfg(test)]
mod tests {
    use super::*;

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
