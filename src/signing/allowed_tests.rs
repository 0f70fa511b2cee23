//! Which `allowed_signers` files are read, and which are refused.

use super::*;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q";

fn parse(text: &str) -> Result<AllowedSigners, BadAllowedSigners> {
    AllowedSigners::parse(text.as_bytes())
}

fn why(line: &str) -> String {
    parse(line).expect_err(line).why
}

#[test]
fn reads_names_options_keys_and_comments() {
    let text = format!(
        "# people\n\n  \t\nalice@example.org,alice {KEY} laptop, \"old\"\n\
         bob namespaces=\"git,git-awo.*\",valid-after=\"20260102Z\",\
         valid-before=\"20260301123456Z\"\t{KEY}"
    );
    let signers = parse(&text).unwrap();
    let [alice, bob] = signers.entries() else {
        panic!("two lines name keys")
    };
    assert_eq!(alice.principals, ["alice@example.org", "alice"]);
    assert_eq!((alice.line, bob.line), (4, 5));
    assert!(alice.namespaces.is_none() && alice.allows("anything"));
    assert!(bob.allows("git") && bob.allows("git-awo.run") && !bob.allows("file"));
    assert_eq!(bob.valid_after.unwrap().to_string(), "2026-01-02T00:00:00Z");
    assert_eq!(
        bob.valid_before.unwrap().to_string(),
        "2026-03-01T12:34:56Z"
    );
    assert_eq!(alice.key, bob.key);
    assert!(parse("").unwrap().entries().is_empty());
}

#[test]
fn both_ends_belong_to_the_window() {
    let line = format!("a valid-after=\"20260102Z\",valid-before=\"202601030000Z\" {KEY}\n");
    let signers = parse(&line).unwrap();
    let valid = |time: &str| signers.entries()[0].valid_at(time.parse().unwrap());
    assert!(valid("2026-01-02T00:00:00Z") && valid("2026-01-03T00:00:00Z"));
    assert!(!valid("2026-01-01T23:59:59Z") && !valid("2026-01-03T00:00:01Z"));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let table = [
        ("* KEY", "is a pattern"),
        ("*@example.org KEY", "is a pattern"),
        ("alice,!bob KEY", "is a pattern"),
        ("alic? KEY", "is a pattern"),
        ("alice,,bob KEY", "empty"),
        ("alice,alice KEY", "twice"),
        ("\"alice b\" KEY", "quotes"),
        ("alice", "needs names"),
        ("KEY", "without a name in front"),
        ("alice cert-authority KEY", "cert-authority"),
        (
            "alice namespaces=\"git\",cert-authority KEY",
            "cert-authority",
        ),
        ("alice no-touch-required KEY", "neither a known option"),
        ("alice Namespaces=\"git\" KEY", "neither a known option"),
        ("alice namespaces=\"git\",namespaces=\"file\" KEY", "twice"),
        (
            "alice valid-after=\"20260101Z\",valid-after=\"20260101Z\" KEY",
            "twice",
        ),
        ("alice namespaces=git KEY", "in quotes"),
        ("alice namespaces KEY", "in quotes"),
        ("alice namespaces=\"git KEY", "in quotes"),
        ("alice namespaces=\"git\"x KEY", "a comma or a key"),
        ("alice namespaces=\"git\", KEY", "neither a known option"),
        ("alice namespaces=\"git\"", "a comma or a key"),
        ("alice namespaces=\"\" KEY", "is not a namespace"),
        ("alice namespaces=\"git,,file\" KEY", "is not a namespace"),
        ("alice namespaces=\"git, file\" KEY", "is not a namespace"),
        ("alice namespaces=\"a\\\"b\" KEY", "is not a namespace"),
        ("alice namespaces=\"*,!git\" KEY", "excluded"),
        ("alice valid-after=\"20260101\" KEY", "must end in Z"),
        ("alice valid-after=\"20260101z\" KEY", "must end in Z"),
        ("alice valid-after=\"20260230Z\" KEY", "not a time"),
        ("alice valid-after=\"2026010112Z\" KEY", "not a time"),
        ("alice valid-after=\"20260101235960Z\" KEY", "not a time"),
        ("alice valid-before=\"19700101Z\" KEY", "not after 1970"),
        (
            "alice valid-after=\"20260102Z\",valid-before=\"20260102Z\" KEY",
            "before it begins",
        ),
        ("alice KEY\r", "control"),
        ("alice KEY \x1b[2J", "control"),
        ("alice ssh-dss AAAAB3NzaC1kc3MAAACB", "DSA"),
        (
            "alice ssh-ed25519-cert-v01@openssh.com AAAA",
            "certificates",
        ),
        ("alice namespaces=\"git\" ssh-foo AAAA", "not supported"),
        (
            "alice ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q",
            "another",
        ),
    ];
    for (line, part) in table {
        let why = why(&line.replace("KEY", KEY));
        assert!(
            why.contains(part),
            "{line:?} is refused for {part:?}, not {why:?}"
        );
    }
    assert_eq!(parse(&format!("a {KEY}\n\nb")).unwrap_err().line, 3);
    assert!(AllowedSigners::parse(b"a\xff b").is_err());
    assert!(AllowedSigners::parse(&vec![b'\n'; MAX_FILE + 1]).is_err());
}

#[test]
fn patterns_match_as_in_openssh_and_do_not_explode() {
    for (pattern, text, wanted) in [
        ("git", "git", true),
        ("git", "gita", false),
        ("git", "Git", false),
        ("git*", "git", true),
        ("*.run", "git-awo.run", true),
        ("g?t", "git", true),
        ("g?t", "gt", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b", "ab.a", false),
        ("*", "", true),
        ("?", "", false),
    ] {
        assert_eq!(
            fits(pattern.as_bytes(), text.as_bytes()),
            wanted,
            "{pattern} on {text}"
        );
    }
    assert!(!fits(
        "a*".repeat(500).as_bytes(),
        "a".repeat(499).as_bytes()
    ));
    assert!(!fits(
        format!("{}b", "*a".repeat(500)).as_bytes(),
        "a".repeat(5000).as_bytes()
    ));
}

#[test]
fn a_public_line_is_told_what_it_lacks() {
    for (line, wanted) in [
        (
            format!("{KEY} rita@host"),
            "write rita ssh-ed25519 AAAAC3NzaC1l…",
        ),
        (KEY.to_owned(), "write NAME ssh-ed25519 AAAAC3NzaC1l…"),
        (format!("{KEY}  *@host"), "write NAME ssh-ed25519"),
        ("ssh-ed25519".to_owned(), "it needs names and a key"),
    ] {
        let why = why(&line);
        assert!(why.contains(wanted), "{line}: {why}");
    }
    // What it is told to write is read, and so are mail addresses.
    for name in ["rita", "rita@example.org", "rita+awo@example.org"] {
        let signers = parse(&format!("{name} {KEY} rita@host\n")).unwrap();
        assert_eq!(signers.entries()[0].principals, [name]);
    }
}
