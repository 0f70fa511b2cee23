//! Seeds: the genuine ones stand in `tests/fuzz/seeds`, the hostile ones are made here.

use std::path::Path;

/// Returns the seeds of a target: first the files, in the order of their names.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The package of the fuzzer stands beside its seeds.
    let beside = root.join("seeds");
    let seeds = match beside.is_dir() {
        true => beside,
        false => root.join("tests/fuzz/seeds"),
    };
    let mut files: Vec<_> = std::fs::read_dir(seeds.join(target))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut seeds: Vec<Vec<u8>> = files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    seeds.extend(hostile(target));
    seeds
}

fn hostile(target: &str) -> Vec<Vec<u8>> {
    match target {
        "commit" => commits(),
        "events" => events(),
        "hook" => hook_lines(),
        "json" | "statement" | "envelope" => documents(),
        "keys" => texts(KEYS),
        "ledger" => texts(LEDGER),
        "manifest" => manifests(),
        "names" => names(),
        "packet" => packets(),
        "pattern" => patterns(),
        "policy" => texts(POLICIES),
        "run_dir" => texts(RUN_DIRS),
        "sums" => sums(),
        "tree" => trees(),
        _ => Vec::new(),
    }
}

fn manifests() -> Vec<Vec<u8>> {
    let id = "1".repeat(40);
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let item = |kind: &str, path: &str| {
        format!(
            "    {{\n      \"executable\": false,\n      \"kind\": \"{kind}\",\n      \"path\": \"{path}\",\n      \
             \"sha256\": \"{nothing}\",\n      \"size\": 0\n    }}"
        )
    };
    let of = |items: &[String], more: &str| {
        let items = match items {
            [] => "[]".to_owned(),
            items => format!("[\n{}\n  ]", items.join(",\n")),
        };
        let text = format!(
            "{{\n  \"items\": {items},\n  \"name\": \"BASE\",\n  \"policy\": \"{id}\",\n  \"repository\": \"{id}\",\n  \
             \"root\": \"state/\",\n  \"schema\": \"awo.baseline/1\"{more}\n}}"
        );
        text.into_bytes()
    };
    let task = ",\n  \"task\": \"T-1\"";
    let paths =
        |paths: &[&str]| -> Vec<String> { paths.iter().map(|path| item("file", path)).collect() };
    vec![
        of(&[], ""),
        of(&[], task),
        of(&paths(&["a", "a-b", "b/c"]), task),
        of(&[item("directory", "a"), item("symlink", "b")], ""),
        of(&paths(&["\\\"\\\\377 \\\\n\\\""]), ""),
        of(&paths(&["a", "a-b", "a/c"]), ""),
        of(&paths(&["../a"]), ""),
        of(&paths(&["a/.GIT"]), ""),
        of(&paths(&["b", "a"]), ""),
        of(&[], ",\n  \"more\": 1"),
    ]
}

fn events() -> Vec<Vec<u8>> {
    let id = "0b5c1f5e-7d0a-4f1c-9d52-0a3c1f1f000";
    let event = |number: u8, kind: &str, more: &str| {
        format!(
            "{{\"actor\":\"human\",\"event_id\":\"{id}{number}\",\"payload\":{{\"automation_level\":\"HYBRID\",\
             \"decision_id\":\"dec-1\",\"gate_type\":\"SpecApproval\",\"target_ref\":\"task/T-1\"{more}}},\
             \"timestamp\":\"2026-11-21T01:52:49Z\",\"type\":\"{kind}\"}}\n"
        )
    };
    let created = event(
        1,
        "gov_decision_created",
        ",\"decision\":\"defer\",\"confidence\":0.62",
    );
    let requested = event(
        2,
        "gov_human_intervention_requested",
        ",\"user_id\":\"olga\"",
    );
    let received = event(
        3,
        "gov_human_intervention_received",
        ",\"decision\":\"approve\"",
    );
    let applied = event(
        4,
        "gov_decision_applied",
        ",\"evidence_refs\":[\"run/run_1\"],\"wp_id\":\"T-1\"",
    );
    let links = "{\"job_id\":\"j\",\"wsids\":[\"a\",\"b\"],\"fr_event_id\":\"FR-EVT-GOV-001\",";
    let texts = [
        format!("{created}{requested}{received}"),
        format!("{applied}{created}"),
        created.replacen('{', links, 1),
        created.replace("HYBRID", "\u{b}supervised "),
        created.replace("49Z", "49.123456789-23:59"),
        created.replace("dec-1", "\u{1b}[2J"),
        created.replace("0.62", "0.6200000000000000000000000000001"),
        created.repeat(2),
        "{}\n[]\n\n".to_owned(),
        String::new(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

fn texts(list: &[&str]) -> Vec<Vec<u8>> {
    list.iter().map(|text| text.as_bytes().to_vec()).collect()
}

const ID: &str = "54acb8a2013822faccf9bf57528b7fb7a750955c";
const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn commits() -> Vec<Vec<u8>> {
    let who = "A U Thor <a@example.org> 1700000000 +0100";
    let head = format!("tree {ID}\nparent {ID}\nauthor {who}\ncommitter {who}\n");
    let texts = [
        format!("{head}\ntitle\n\nbody\n\nSigned-off-by: a\nAwo-Run: run_1\n folded\n"),
        format!("tree {DIGEST}\nparent {DIGEST}\nauthor {who}\ncommitter {who}\n\nx"),
        format!("tree {ID}\n{head}\ntwo trees"),
        format!("{head}tree {ID}\n\na second tree, later"),
        format!("{head}gpgsig a\n b\ngpgsig-sha256 c\n d\n\ntwo kinds of signature"),
        format!("{head}gpgsig a\ngpgsig b\n\ntwo signatures"),
        format!("{head}gpgsigx a\n\nan unknown one"),
        format!("{head}mergetag object {ID}\n type commit\n gpgsig inside\n\nm"),
        format!("{head}encoding latin1\nencoding utf-8\n\nx"),
        format!("{head} continued\n\nx"),
        format!("{head}gpgsig \n\nempty"),
        head.replace("1700000000", "99999999999999999999"),
        head.replace("1700000000", "-1"),
        head.replace("+0100", "+99999999"),
        head.replace("<a@example.org>", "<<a>>"),
        head.replace("A U Thor", "\u{1b}[2J"),
        head.replace('\n', "\r\n"),
        "tree \n".to_owned(),
        "\n\n".to_owned(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

fn trees() -> Vec<Vec<u8>> {
    let tree = |names: &[(&str, &[u8])], width: usize| {
        let mut raw = Vec::new();
        for (mode, name) in names {
            raw.extend_from_slice(mode.as_bytes());
            raw.push(b' ');
            raw.extend_from_slice(name);
            raw.push(0);
            raw.extend(std::iter::repeat_n(7, width));
        }
        raw
    };
    let lists: &[&[(&str, &[u8])]] = &[
        &[
            ("100644", b"a"),
            ("40000", b"b"),
            ("160000", b"c"),
            ("120000", b"d"),
            ("100755", b"e"),
        ],
        &[("100644", b"f"), ("100644", b"f")],
        &[("100644", b"b"), ("100644", b"a")],
        &[("100644", b"a"), ("100644", b"a-b"), ("40000", b"a")],
        &[("40000", b"a"), ("100644", b"a.b")],
        &[("0100644", b"a")],
        &[("100664", b"a")],
        &[("100644", b".git")],
        &[("100644", b"..")],
        &[("100644", b"a/b")],
        &[("100644", b"")],
        &[("100644", b"\xff\xfe")],
        &[("100644", b"a\nb\x1b[2J")],
        &[
            ("100644", "\u{e9}.py".as_bytes()),
            ("100644", "e\u{301}.py".as_bytes()),
        ],
    ];
    let mut seeds: Vec<_> = lists
        .iter()
        .flat_map(|it| [tree(it, 20), tree(it, 32)])
        .collect();
    seeds.push(tree(&[("100644", &[b'n'; 5_000])], 20));
    seeds.push(tree(&[("100644", b"cut")], 7));
    // Each name is a prefix of the next one.
    let prefixes: Vec<_> = (1..200).map(|len| vec![b'p'; len]).collect();
    let prefixes: Vec<(&str, &[u8])> = prefixes
        .iter()
        .map(|it| ("100644", it.as_slice()))
        .collect();
    seeds.push(tree(&prefixes, 20));
    seeds
}

fn documents() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "{}",
        "[]",
        "\"\"",
        "0",
        "-0",
        "null",
        " 1 ",
        "1.5",
        "1e400",
        "-1e-7",
        "123456789012345678901234567890",
        "9007199254740991",
        "9007199254740992",
        "01",
        "+1",
        "1.",
        ".5",
        "NaN",
        "Infinity",
        "-Infinity",
        "{\"a\":1,\"a\":2}",
        "{\"b\":1,\"a\":2}",
        "{\n  \"a\": 1\n}",
        "{\n    \"a\": 1\n}",
        "{\n  \"a\": 1\n}\n",
        "\u{feff}{}",
        "{}\0",
        "{} {}",
        "\"\\u00e9\"",
        "\"\\ud834\\udd1e\"",
        "\"\\ud834\"",
        "\"\\udd1e\\ud834\"",
        "\"\\x\"",
        "\"a\nb\"",
        "\"\u{7f}\u{2028}\"",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "'a'",
        "tru",
        "[1 2]",
        "{\"payload\":\"\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[]}",
        "{\"payload\":\"e30=\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"keyid\":\"SHA256:x\",\"sig\":\"AA==\"}]}",
    ]);
    seeds.push(b"\"\xff\"".to_vec());
    seeds.push(b"\"\xed\xa0\x80\"".to_vec());
    for depth in [31, 32, 33, 128] {
        seeds.push(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes());
        seeds.push("{\"a\":".repeat(depth).into_bytes());
    }
    seeds.push("1".repeat(5_000).into_bytes());
    seeds
}

fn sums() -> Vec<Vec<u8>> {
    let line = |rest: &str| format!("{DIGEST}{rest}");
    let texts = [
        line("  ./a\n") + &line("  ./b\n"),
        line("  ./b\n") + &line("  ./a\n"),
        line("  ./a\n") + &line("  ./a\n"),
        line("  ./a"),
        line("  ./a\r\n"),
        line("  a\n"),
        line(" *./a\n"),
        line(" ./a\n"),
        line("  /etc/passwd\n"),
        line("  ./../x\n"),
        line("  ././x\n"),
        line("  ./SHA256SUMS.txt\n"),
        line("  ./timestamps/started\n"),
        format!("\\{}", line("  ./a\\nb\\\\c\\r\n")),
        format!("\\{}", line("  ./plain\n")),
        format!("\\{}", line("  ./bad\\x\n")),
        line("  ./a\\b\n"),
        line("  ./\u{1b}[2J\n"),
        line("  ./a\n").to_uppercase(),
        format!("SHA256 (./a) = {DIGEST}\n"),
        "# a comment\n".to_owned(),
        "\n".to_owned(),
        line(&format!("  ./{}\n", "d/".repeat(65) + "x")),
        line(&format!("  ./{}\n", "n".repeat(256))),
        line(&format!("  ./{}\n", "long/".repeat(900))),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

const KEYS: &[&str] = &[
    "* ssh-ed25519 AAAA",
    "a cert-authority ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    "ssh-dss AAAAB3NzaC1kc3M=",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "a namespaces=\"*a*a*a*a*a*a*a*a*a*a*b\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n",
    "a valid-after=\"20269999\",valid-before=\"1\" ssh-ed25519 AAAA",
    "a\r\n",
    "# only a comment",
];

const LEDGER: &[&str] = &[
    "runs/dc/run_demo@run.dsse.json",
    "runs/dc/run_demo@SHA256SUMS.txt",
    "runs/dc/run_demo@finalization.dsse.json",
    "runs/dc/run_demo@outcome.dsse.json",
    "runs/00/run_demo@run.dsse.json",
    "runs/dc/../run_demo@run.dsse.json",
    "runs/dc/run_demo@independence-9da2854618df440f9e1295e3ba7a6c15a81f2b11eb04980b8b16dd4248c4dd37.dsse.json",
    "runs/dc/run_demo@self-approval-9DA2854618df440f9e1295e3ba7a6c15a81f2b11eb04980b8b16dd4248c4dd37.dsse.json",
    "contracts/a4/SLUG-1@contract.dsse.json",
    "contracts/a4/SLUG-1@packet",
    "index/dc/5e.json",
    "index/DC/5e.json",
    "spent/1b/1bb2754702a113abbc6284c41e996a28cb66bc2db6f0b50a24d1bf0129b76973",
    "proposals/1bb2754702a113abbc6284c41e996a28cb66bc2db6f0b50a24d1bf0129b76973/policy.toml",
    "proposals/1bb2754702a113abbc6284c41e996a28cb66bc2db6f0b50a24d1bf0129b76973/allowed_signers",
    "run_demo\n",
    "../x\n",
    "{}\n\n{}\n",
];

fn names() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "2026-01-31T23:59:59Z",
        "2026-01-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "9999-12-30T22:00:00Z",
        "-009999-01-02T01:59:59Z",
        "2026-02-30T00:00:00Z",
        "2026-01-31T23:59:59+01:00",
        "-377705023201",
        "253402207200",
        "9223372036854775807",
        "run_2026-01-31T23-59-59Z",
        "../x",
        "a/b",
        "x.lock",
        ".",
        "-x",
        "",
        "T-1",
        "a..b",
        "refs/heads/main",
        "refs/heads/a..b",
        "refs/awo/evidence/2026-01",
        "refs/heads/\u{202e}x",
        "refs/heads/x@{1}",
        "refs/",
        "I approve T-1.",
        "I approve T-1.\n",
        "I approve  T-1.",
        "I \u{430}pprove T-1.",
        "I approve\u{a0}T-1.",
        "olga@example.org",
        ID,
        DIGEST,
        "0000000000000000000000000000000000000000",
        "a\u{1b}]0;x\u{7}\r\u{85}",
    ]);
    seeds.push(b"\xff\xfe\x9b31m".to_vec());
    seeds.push(vec![b'a'; 2_000]);
    seeds
}

fn hook_lines() -> Vec<Vec<u8>> {
    let zero = "0".repeat(40);
    let texts = [
        format!("{zero} {ID} refs/heads/main\n"),
        format!("{ID} {zero} refs/heads/main\n{zero} {ID} refs/heads/x\n"),
        format!("{ID} {ID} refs/heads/main\n{ID} {ID} refs/heads/main\n"),
        format!("{zero} {zero} refs/heads/main\n"),
        format!("{zero} {DIGEST} refs/heads/main\n"),
        format!("{DIGEST} {DIGEST} refs/heads/main\n"),
        format!("{zero} {ID} refs/heads/a b\n"),
        format!("{zero} {ID} HEAD\n"),
        format!("ref:refs/heads/x {ID} HEAD\n"),
        format!("{zero} {ID} refs/heads/\u{1b}[2J\n"),
        format!("{zero} {ID} refs/heads/main"),
        format!("{zero}  {ID} refs/heads/main\n"),
        format!("refs/heads/a b {ID} refs/heads/main {zero}\n"),
        format!("(delete) {zero} refs/heads/main {ID}\n"),
        "\n".to_owned(),
        "\n\n\n".to_owned(),
    ];
    let mut seeds: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    seeds.push([format!("{zero} {ID} refs/heads/").as_bytes(), b"\xff\xfe\n"].concat());
    seeds
}

fn patterns() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "src/strings.py\0src/strings.py",
        "src/strings.py\0src/strings.py.bak",
        "src/strings.py\0src/strings.py/evil",
        "secrets/\0a/Secrets/k",
        ".env.*\0sub/.ENV.prod",
        "*\0a/b",
        "**\0a/b",
        "a/**\0a/b/c",
        "**/x\0x",
        "a/**/b\0a/b",
        "src/\0src",
        ".github/\0.GitHub/x",
        "\u{e9}.py\0e\u{301}.py",
        "stra\u{df}e\0STRASSE",
        "\u{130}\0i\u{307}",
        ".g\u{200c}it\0.git",
        "a.\0a",
        "a/. \0a/x",
        "[a-z]\0b",
        "[!a]\0b",
        "[]\0]",
        "[\0x",
        "{a,b}\0a",
        "{a,{b,c}}\0c",
        "{\0x",
        "{}\0x",
        "{,}\0",
        "\\*\0*",
        "a\\\0a",
        "!a\0a",
        "#a\0a",
        "/a\0a",
        "a//b\0a/b",
        "./a\0a",
        "../a\0a",
        "~/a\0a",
        "C:\\x\0x",
        "refs/heads/**\0refs/heads/main",
        "refs/**\0refs/awo/log",
        "a***b\0ab",
        "?\0\u{e9}",
        "[\u{e9}-\u{10ffff}]\0\u{10000}",
        "**/**/**/**/a\0b/b/b/a",
        "*.*.*.*.*\0a.b.c.d",
    ]);
    seeds.push([b"*\0".as_slice(), b"\xff\xfe"].concat());
    seeds.push(format!("{}\0{}", "*a".repeat(200), "a".repeat(400)).into_bytes());
    seeds.push(format!("{}\0x", "{a,".repeat(300)).into_bytes());
    seeds.push(format!("{}{}\0x", "{a,".repeat(100), "}".repeat(100)).into_bytes());
    seeds.push(format!("{}\0x", "{a,b}".repeat(300)).into_bytes());
    seeds.push(format!("{}\0x", "[\u{1}-\u{10ffff}]".repeat(300)).into_bytes());
    seeds.push(format!("{}\0{}", "**/".repeat(300) + "x", "a/".repeat(300)).into_bytes());
    seeds
}

const POLICIES: &[&str] = &[
    "",
    "schema = \"awo.policy/1\"\nversion = 1\nlevel = \"HYBRID\"\n[roots]\nthreshold = 1\nidentities = [\"olga\"]\n\
     [[identity]]\nname = \"olga\"\nroles = [\"operator\"]\n\0olga ssh-ed25519 \
     AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n",
    "schema = \"awo.policy/1\"\nversion = 4294967296\n",
    "schema = \"awo.policy/1\"\nversion = -1\nversion = 1\n",
    "a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "[tree]\nprotected = [\"{{{{\", \"[\", \"\", \"!\", \"a//b\"]\n",
    "[[ref]]\npattern = \"heads/main\"\naccept = [\"governed\", \"nonsense\"]\n",
    "[limits]\ncommits = 99999999999999999999\npaths = 0\n",
    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1",
];

fn packets() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "schema = \"awo.packet/1\"\nid = \"T-1\"\ntask = \"Add notes\"\ntarget_ref = \"refs/heads/main\"\nallowed_paths = [\"docs/*.md\"]\n\
         forbidden_paths = [\"secrets/\"]\nforbidden_actions = [\"push\"]\nvalidation_command = \"true\"\nrollback = [\"git awo rollback RUN\"]\n\
         [target]\nlocator = \".\"\n[target.admission]\nstatus = \"admitted\"\n",
        "## METADATA\n- TASK_ID: T-1\n- MERGE_BASE_SHA: 54acb8a2013822faccf9bf57528b7fb7a750955c\n- USER_SIGNATURE: x\n\n## SCOPE\n- What: a\n\
         - IN_SCOPE_PATHS:\n  - a.py\n- OUT_OF_SCOPE:\n  - b/\n\n## QUALITY_GATE\n### TEST_PLAN\n- `true`\n### DONE_MEANS\n- x\n### ROLLBACK_HINT\n- y\n",
        "---\na: b\n---\n# x\n```\nnever closed",
        "# a\n\r\n\u{202e}\n",
        "- - - - - - - - - - - - - - - - - - - - x",
        "> > > > > > - a\n> - b\n",
        "1. a\n   1. b\n      ```text\n      c\n      ```\n",
        "| a | b |\n|---|---|\n| c | d |\n<!-- x -->\n[a]: b\n",
        "\u{feff}# x\n",
    ]);
    seeds.push("- ".repeat(5_000).into_bytes());
    seeds.push("> ".repeat(5_000).into_bytes());
    seeds.push("`".repeat(5_000).into_bytes());
    seeds.push("[".repeat(5_000).into_bytes());
    seeds.push("*a_".repeat(3_000).into_bytes());
    seeds.push(b"# \xff\n".to_vec());
    seeds
}

const RUN_DIRS: &[&str] = &[
    "",
    "a\n",
    "SHA256SUMS.txt\n",
    "timestamps/x\nstarted=2026-01-31T23:59:59Z\n",
    "timestamps/x\nimport os\n",
    "index.json\n{\n  \"steps\": [\n    {\n      \"index\": 1\n    }\n  ]\n}",
    "environment.json\n[]",
    "provenance.json\n{\n  \"started\": \"2026-01-31T23:59:59Z\"\n}",
    "run_manifest.json\n{\n  \"schema\": 1\n}",
    "../x\nout of the run",
];
