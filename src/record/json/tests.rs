use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::record::{Code, Coded, Subject};

fn code(bytes: &[u8]) -> &'static str {
    match parse(bytes) {
        Ok(_) => "ok",
        Err(bad) => bad.code().as_str(),
    }
}

fn canonical_text(text: &str) -> String {
    String::from_utf8(to_canonical(&parse(text.as_bytes()).unwrap())).unwrap()
}

#[test]
fn what_json_forbids_is_refused_and_its_benign_twin_is_read() {
    let twins: &[(&[u8], &[u8])] = &[
        (br#"{"a":1,"a":2}"#, br#"{"a":1,"b":2}"#),
        (br#"{"a":1,"\u0061":2}"#, br#"{"a":1,"\u0062":2}"#),
        (br#"[{"a":{"b":1,"b":1}}]"#, br#"[{"a":{"b":1,"c":1}}]"#),
        (b"NaN", b"null"),
        (b"[Infinity]", b"[1]"),
        (b"-Infinity", b"-1"),
        (b"1e400", b"1e300"),
        (b"-1e400", b"-1e300"),
        (br#""\ud800""#, br#""\ud83d\ude00""#),
        (br#""\udc00\ud800""#, br#""\udbff\udfff""#),
        (br#""\ud800\u0041""#, br#""\u0041""#),
        (br#""\ud800\ud800""#, br#""\ud800\udc00""#),
        (b"\xef\xbb\xbf{}", b"{}"),
        (b"\xff", b"1"),
        (b"\"\xc3\"", "\"é\"".as_bytes()),
        (b"\"\xed\xa0\x80\"", b"\"x\""),
        (b"{} {}", b"{} \n"),
        (b"{}\0", b"{}\n"),
        (b"", b"0"),
        (b" ", b" 0"),
        (b"01", b"10"),
        (b"-01", b"-10"),
        (b"+1", b"1"),
        (b"1.", b"1.0"),
        (b".5", b"0.5"),
        (b"1e", b"1e1"),
        (b"-", b"-1"),
        (b"0x10", b"16"),
        (b"[1,]", b"[1]"),
        (b"[,1]", b"[1]"),
        (br#"{"a":1,}"#, br#"{"a":1}"#),
        (b"{a:1}", br#"{"a":1}"#),
        (b"{'a':1}", br#"{"a" : 1}"#),
        (b"\"\n\"", br#""\n""#),
        (b"\"\0\"", br#""\u0000""#),
        (br#""\x41""#, br#""\/""#),
        (br#""\u+041""#, br#""\u0041""#),
        (br#""\u004"#, br#""\u0041""#),
        (b"\"abc", b"\"abc\""),
        (b"tru", b"true"),
        (b"True", b"true"),
        (b"// x\n1", b"1"),
        (b"\xa01", b"\t1"),
        (b"\x0c1", b"\r1"),
    ];
    for (bad, good) in twins {
        assert_eq!(code(bad), "INT-004", "{}", String::from_utf8_lossy(bad));
        assert_eq!(code(good), "ok", "{}", String::from_utf8_lossy(good));
    }
}

#[test]
fn limits_hold_at_the_limit_and_refuse_one_more() {
    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    assert_eq!(code(&nested(MAX_DEPTH)), "ok");
    assert_eq!(code(&nested(MAX_DEPTH + 1)), "INT-006");
    assert_eq!(code(&b"[".repeat(100_000)), "INT-006");
    assert_eq!(code(&br#"{"a":"#.repeat(100_000)), "INT-006");
    let long = |len: usize| [b"\"".as_slice(), &b"x".repeat(len - 2), b"\""].concat();
    assert_eq!(code(&long(MAX_LEN)), "ok");
    assert_eq!(code(&long(MAX_LEN + 1)), "INT-006");
    let digits = |count: usize| b"7".repeat(count);
    assert_eq!(code(&digits(4300)), "ok");
    assert_eq!(code(&digits(4301)), "INT-004");

    let tight = Limits { depth: 1, len: 4 };
    assert!(parse_with(b"[12]", tight).is_ok());
    assert!(parse_with(b"[[]]", tight).unwrap_err().limit);
    assert!(parse_with(b"[123]", tight).unwrap_err().limit);
    let loose = Limits {
        depth: usize::MAX,
        len: usize::MAX,
    };
    assert!(parse_with(&nested(HARD_DEPTH), loose).is_ok());
    assert!(
        parse_with(&nested(HARD_DEPTH + 1), loose)
            .unwrap_err()
            .limit
    );
}

#[test]
fn an_error_names_line_column_and_offset() {
    let bad = parse("{\n  \"é\": [1, x]\n}".as_bytes()).unwrap_err();
    assert_eq!((bad.offset, bad.line, bad.column), (14, 2, 12));
    assert_eq!(
        bad.to_string(),
        "cannot read the json at line 2, column 12 (byte 14): no value begins with this character"
    );
    let twice = parse(b"{\"\\u001b[31m\": 1, \"\\u001b[31m\": 2}").unwrap_err();
    assert!(
        !twice.why.contains('\u{1b}'),
        "a stranger's key is shown escaped: {twice}"
    );
}

#[test]
fn the_bytes_are_those_python_writes() {
    for (text, wanted) in [
        ("{}", "{}"),
        ("[ ]", "[]"),
        (r#"{"b":[],"a":{}}"#, "{\n  \"a\": {},\n  \"b\": []\n}"),
        ("[1,[2]]", "[\n  1,\n  [\n    2\n  ]\n]"),
        (r#""\u00e9\u2028\u007f\/""#, "\"é\u{2028}\u{7f}/\""),
        (
            r#""\u0000\u001f\b\f\n\r\t\"\\""#,
            r#""\u0000\u001f\b\f\n\r\t\"\\""#,
        ),
        (
            r#"{"\uffff":1,"\ud83d\ude00":2}"#,
            "{\n  \"\u{ffff}\": 1,\n  \"\u{1f600}\": 2\n}",
        ),
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("1e16", "1e+16"),
        ("1e15", "1000000000000000.0"),
        ("1E-7", "1e-07"),
        ("1e-4", "0.0001"),
        ("1e-5", "1e-05"),
        ("1e0", "1.0"),
        ("123456789.5e300", "1.234567895e+308"),
        ("5e-324", "5e-324"),
        ("1e-400", "0.0"),
        ("187102383793199.625", "187102383793199.62"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
    ] {
        assert_eq!(canonical_text(text), wanted, "{text}");
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    count: i64,
    #[serde(default)]
    name: String,
}

#[test]
fn a_typed_record_is_read_only_from_the_bytes_it_writes() {
    let sample = Sample {
        count: 3,
        name: "é".to_owned(),
    };
    let good = canonical(&sample);
    assert_eq!(good, "{\n  \"count\": 3,\n  \"name\": \"é\"\n}".as_bytes());
    assert_eq!(parse_canonical::<Sample>(&good).unwrap(), sample);
    let text = String::from_utf8(good).unwrap();
    for (bad, offset, why) in [
        (format!("{text}\n"), text.len(), "canonical"),
        (format!(" {text}"), 0, "canonical"),
        (text.replace("  ", "    "), 4, "canonical"),
        (text.replace('é', "\\u00e9"), 25, "canonical"),
        (text.replace("3", "-0"), 13, "canonical"),
        (
            "{\n  \"name\": \"\",\n  \"count\": 3\n}".to_owned(),
            5,
            "canonical",
        ),
        (
            text.replace("\"count\"", "\"amount\": 1,\n  \"count\""),
            4,
            "unknown field",
        ),
        (
            text.replace("3", "9007199254740992"),
            13,
            "±9007199254740991",
        ),
        (text.replace("3", "1.5"), 13, "float"),
        (text.replace("3", "\"3\""), 13, "invalid type"),
        ("{\n  \"count\": 3\n}".to_owned(), 14, "differs"),
    ] {
        let refused = parse_canonical::<Sample>(bad.as_bytes()).unwrap_err();
        assert!(refused.why.contains(why), "{bad}: {refused}");
        assert!(refused.offset.abs_diff(offset) <= 8, "{bad}: {refused}");
        assert_eq!(refused.code(), Code::Int004);
    }
    let largest = text.replace("3", "9007199254740991");
    assert_eq!(
        parse_canonical::<Sample>(largest.as_bytes()).unwrap().count,
        9007199254740991
    );
}

#[test]
fn a_number_that_readers_could_round_is_refused() {
    let largest = canonical(&[MAX_INTEGER]);
    assert_eq!(parse_canonical::<[u64; 1]>(&largest), Ok([MAX_INTEGER]));
    let larger = canonical(&[MAX_INTEGER + 1]);
    assert!(parse_canonical::<[u64; 1]>(&larger).is_err());
    assert!(parse_canonical::<[f64; 1]>(&canonical(&[1.5])).is_err());
}

#[test]
fn a_message_of_the_type_shows_a_strangers_key_escaped() {
    let bytes = b"{\n  \"count\": 3,\n  \"name\": \"\",\n  \"z\x7f\xe2\x80\xae\": 1\n}";
    let refused = parse_canonical::<Sample>(bytes).unwrap_err();
    assert!(refused.why.contains("z\\u{7f}\\u{202e}"), "{refused}");
    let finding = refused.to_finding(Subject::of_record("r.json"));
    assert_eq!(
        (finding.code, finding.rule.as_str()),
        (Code::Int004, "canonical-json")
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = parse_canonical::<Sample>(&bytes);
    }
}
