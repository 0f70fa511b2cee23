//! The parser and the writer against the real `python3`.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{MAX_DEPTH, parse, to_canonical};

/// Texts that are JSON or close to it: every form of number, string and white space.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let space = "[ \t\n\r]{0,2}";
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,40})",
        "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        "-?[0-9]{1,3}\\.?[0-9]{0,2}[eE]?",
        any::<f64>().prop_map(|value| format!("{value:e}")),
        any::<f64>().prop_map(|value| format!("{value}")),
        any::<f32>().prop_map(|value| format!("{value:?}")),
    ];
    let piece = prop_oneof![
        4 => any::<char>().prop_filter("must be escaped", |c| *c >= ' ' && *c != '"' && *c != '\\').prop_map(String::from),
        4 => "[ -!#-\\[\\]-~]{1,4}",
        2 => "\\\\[\"\\\\/bfnrt]",
        2 => "\\\\u[0-9a-fA-F]{4}",
        2 => any::<char>().prop_map(|c| {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect()
        }),
        1 => "\\\\.",
    ];
    let string =
        prop::collection::vec(piece, 0..6).prop_map(|parts| format!("\"{}\"", parts.concat()));
    let leaf = prop_oneof![
        number,
        string.clone(),
        prop::sample::select(vec![
            "null", "true", "false", "[]", "{}", "{ }", "-0", "-0.0", "-0e0"
        ])
        .prop_map(String::from),
    ];
    let tree = leaf.clone().prop_recursive(6, 40, 5, move |inner| {
        let item = (space, inner.clone(), space).prop_map(|(a, b, c)| a + &b + &c);
        // Short keys meet now and then: duplicates are wanted too.
        let key = prop_oneof![string.clone(), "\"[a-zé😀]{0,2}\""];
        let member =
            (space, key, space, item.clone()).prop_map(|(a, b, c, d)| a + &b + &c + ":" + &d);
        prop_oneof![
            prop::collection::vec(item, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..5)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    });
    // Chains of arrays and objects, to the limit and beyond it.
    let chain = (prop::collection::vec(any::<bool>(), 1..44), leaf.clone());
    let chain = chain.prop_map(|(levels, leaf)| {
        levels.iter().fold(leaf, |inner, array| match array {
            true => format!("[{inner}, []]"),
            false => format!("{{\"k\":{inner},\"e\" : {{}}}}"),
        })
    });
    let tree = prop_oneof![15 => tree, 1 => chain];
    // One document in four gets a byte changed, removed or added.
    (tree, any::<prop::sample::Index>(), any::<u8>(), 0u8..12).prop_map(|(text, at, byte, how)| {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, byte & 0x7f),
            _ => {}
        }
        bytes
    })
}

const PYTHON: &str = r#"
import json, sys
def once(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("duplicate")
    return dict(pairs)
def refuse(text):
    raise ValueError(text)
def real(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value
source, sink = sys.stdin.buffer, sys.stdout.buffer
while head := source.read(4):
    data = source.read(int.from_bytes(head, "big"))
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse, parse_float=real)
        out = b"+" + json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).encode("utf-8")
    except ValueError as bad:
        out = b"-" + str(bad).encode("utf-8", "replace")
    sink.write(len(out).to_bytes(4, "big") + out)
"#;

/// Sends every document to one python3 and returns its answers.
fn ask_python(documents: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut python = Command::new("python3")
        .args(["-I", "-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = Vec::new();
    for document in documents {
        input.extend(u32::try_from(document.len()).unwrap().to_be_bytes());
        input.extend(document);
    }
    let mut stdin = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let mut output = Vec::new();
    python
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut output)
        .unwrap();
    writer.join().unwrap();
    assert!(python.wait().unwrap().success());
    let mut answers = Vec::new();
    let mut rest = output.as_slice();
    while let Some((head, body)) = rest.split_first_chunk::<4>() {
        let (answer, after) = body.split_at(u32::from_be_bytes(*head) as usize);
        answers.push(answer.to_vec());
        rest = after;
    }
    answers
}

#[test]
fn floats_on_the_edge_are_written_as_python_does() {
    let mut values = vec![f64::MAX, f64::MIN_POSITIVE, 0.1 + 0.2, 9007199254740993.0];
    for exponent in 0..0x7ff {
        let power = f64::from_bits(exponent << 52);
        values.extend([power, power.next_up(), power.next_up().next_up()]);
        values.extend((power > 0.0).then(|| power.next_down()));
    }
    // Halves, quarters and so on of large numbers lie midway between two shortest texts.
    for shift in 0..10u32 {
        for step in 0..200u64 {
            let integer = (1u64 << 52) + step * 0x3_1415_9265_3589 % (1 << 52);
            values.push(integer as f64 / f64::from(1 << shift));
        }
    }
    // `+` or `-` before the exponent or not, all are floats to JSON.
    let texts: Vec<String> = values.iter().map(|value| format!("{value:e}")).collect();
    let documents = [format!("[{}]", texts.join(",")).into_bytes()];
    let said = ask_python(&documents).remove(0);
    let ours = to_canonical(&parse(&documents[0]).unwrap());
    for (ours, said) in ours
        .split(|b| *b == b'\n')
        .zip(said[1..].split(|b| *b == b'\n'))
    {
        assert_eq!(String::from_utf8_lossy(ours), String::from_utf8_lossy(said));
    }
    assert_eq!(ours.len() + 1, said.len());
}

#[test]
fn thousands_of_documents_are_read_and_written_as_python_does() {
    let count = std::env::var("AWO_JSON_DOCUMENTS").map_or(4000, |text| text.parse().unwrap());
    compare(count);
}

#[test]
#[ignore = "takes a minute"]
fn a_hundred_thousand_documents_are_read_and_written_as_python_does() {
    compare(120_000);
}

/// How many documents of each sort were tried: without them the comparison says nothing.
#[derive(Debug, Default)]
struct Tried {
    read: usize,
    refused: usize,
    too_deep: usize,
    deep: usize,
    astral: usize,
    lone_surrogates: usize,
    escapes: usize,
    large_integers: usize,
    exponents: usize,
    minus_zero: usize,
    empty: usize,
    duplicates: usize,
}

impl Tried {
    /// Counts what is in a document that was read.
    fn count(&mut self, text: &str) {
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
        let holds = |needle: &str| usize::from(text.contains(needle));
        self.read += 1;
        self.deep += usize::from(nesting(text.as_bytes()) >= MAX_DEPTH - 4);
        self.astral += usize::from(text.chars().any(|c| c > '\u{ffff}'));
        self.escapes += holds("\\u");
        let integers = text.split(|c: char| !c.is_ascii_digit() && !".eE".contains(c));
        let large = |it: &str| digits(it) == it.len() && it.len() > 19;
        self.large_integers += usize::from({ integers }.any(large));
        let exponent = |at: usize| text[at + 1..].starts_with(|c: char| "+-0123456789".contains(c));
        let after_digit = |at: usize| text[..at].ends_with(|c: char| c.is_ascii_digit());
        let mut marks = text.match_indices(['e', 'E']).map(|(at, _)| at);
        self.exponents += usize::from(marks.any(|at| exponent(at) && after_digit(at)));
        self.minus_zero += holds("-0");
        self.empty += holds("[]").max(holds("{}"));
    }
}

/// Returns how deep arrays and objects are nested in JSON or something like it.
fn nesting(document: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0, false, false);
    for byte in document {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn compare(count: usize) {
    let mut runner = TestRunner::deterministic();
    let strategy = document();
    let mut tried = Tried::default();
    // By the thousand, so that no more of them are held at once.
    for done in (0..count).step_by(10_000) {
        let documents: Vec<Vec<u8>> = (done..count.min(done + 10_000))
            .map(|_| strategy.new_tree(&mut runner).unwrap().current())
            .collect();
        let answers = ask_python(&documents);
        assert_eq!(answers.len(), documents.len());
        for (document, answer) in documents.iter().zip(&answers) {
            compare_one(document, answer, &mut tried);
        }
    }
    let many = count / 20;
    assert!(
        tried.refused > many && tried.read > many,
        "both kinds must be tried: {tried:?}"
    );
    let rare = [
        tried.too_deep,
        tried.deep,
        tried.astral,
        tried.lone_surrogates,
        tried.escapes,
        tried.large_integers,
        tried.exponents,
        tried.minus_zero,
        tried.empty,
        tried.duplicates,
    ];
    assert!(rare.iter().all(|it| *it > count / 1000), "{tried:?}");
    // Collected by `.ci/figures`.
    println!("figure: JSON documents against python3 | {count} | 0 differences | 0 of 10^6");
}

fn compare_one(document: &[u8], answer: &[u8], tried: &mut Tried) {
    let shown = String::from_utf8_lossy(document);
    let said = String::from_utf8_lossy(&answer[1..]);
    match parse(document) {
        Ok(value) => {
            tried.count(&shown);
            assert_eq!(answer[0], b'+', "python refuses {shown}: {said}");
            let ours = to_canonical(&value);
            assert_eq!(String::from_utf8_lossy(&ours), said, "of {shown}");
            assert_eq!(
                parse(&ours).unwrap(),
                value,
                "canonical bytes read back: {shown}"
            );
        }
        // Python goes deeper; whether it would have read the rest is its own affair.
        Err(bad) if bad.limit => {
            tried.too_deep += 1;
            assert!(nesting(document) > MAX_DEPTH, "{bad}: {shown}");
        }
        Err(bad) => {
            tried.refused += 1;
            tried.lone_surrogates += usize::from(bad.why.contains("surrogate"));
            tried.duplicates += usize::from(said == "duplicate");
            assert_eq!(answer[0], b'-', "python reads {shown}, we do not: {bad}");
        }
    }
}
