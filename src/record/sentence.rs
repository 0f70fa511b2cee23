//! The approval sentence, compared byte for byte.

/// The given text is not the expected sentence; names the first character that differs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot accept the sentence: at character {position} (byte {byte_offset}) {expected} is expected, {found} was given"
)]
pub struct SentenceMismatch {
    /// The first differing character, counted from 1.
    pub position: usize,
    /// The offset of that character, in bytes from 0.
    pub byte_offset: usize,
    /// The expected character.
    pub expected: String,
    /// The character found.
    pub found: String,
}

/// Compares the given text with the expected sentence.
///
/// Only one line feed at the very end of the given text is removed. There is no trimming, no case
/// folding and no Unicode normalisation: a person approves exactly these bytes.
pub fn compare(expected: &str, given: &[u8]) -> Result<(), SentenceMismatch> {
    let given = given.strip_suffix(b"\n").unwrap_or(given);
    if given == expected.as_bytes() {
        return Ok(());
    }
    let mut position = 1_usize;
    let mut byte_offset = 0_usize;
    for c in expected.chars() {
        let mut buffer = [0; 4];
        let rest = given.get(byte_offset..).unwrap_or_default();
        let encoded = c.encode_utf8(&mut buffer);
        if !rest.starts_with(encoded.as_bytes()) {
            break;
        }
        position = position.saturating_add(1);
        byte_offset = byte_offset.saturating_add(encoded.len());
    }
    let wanted = expected
        .get(byte_offset..)
        .and_then(|rest| rest.chars().next());
    Err(SentenceMismatch {
        position,
        byte_offset,
        expected: wanted.map_or_else(|| "the end".to_owned(), describe),
        found: describe_first(given.get(byte_offset..).unwrap_or_default()),
    })
}

fn describe_first(bytes: &[u8]) -> String {
    let Some(first) = bytes.first() else {
        return "the end".to_owned();
    };
    let chunk = bytes.utf8_chunks().next();
    match chunk.and_then(|chunk| chunk.valid().chars().next()) {
        Some(c) => describe(c),
        None => format!("byte 0x{first:02X}, which is not UTF-8"),
    }
}

/// Describes a character so that it can be distinguished from its look-alikes:
/// `'а' (U+0430 CYRILLIC SMALL LETTER A)`.
pub fn describe(c: char) -> String {
    let point = format!("U+{:04X}", u32::from(c));
    let named = match name(c) {
        Some(name) => format!("{point} {name}"),
        None => point,
    };
    // Show only visible characters; others could hide or reorder the message.
    if c.is_ascii_graphic() || c.is_alphanumeric() {
        format!("'{c}' ({named})")
    } else {
        named
    }
}

/// Returns the Unicode name of ASCII characters, spaces and common look-alikes.
fn name(c: char) -> Option<String> {
    if c.is_ascii_uppercase() {
        return Some(format!("LATIN CAPITAL LETTER {c}"));
    }
    if c.is_ascii_lowercase() {
        return Some(format!("LATIN SMALL LETTER {}", c.to_ascii_uppercase()));
    }
    // Full-width forms are ASCII at a fixed offset.
    if ('\u{ff01}'..='\u{ff5e}').contains(&c) {
        let plain = u32::from(c).checked_sub(0xfee0).and_then(char::from_u32)?;
        return name(plain).map(|name| format!("FULLWIDTH {name}"));
    }
    NAMES
        .iter()
        .find(|(point, _)| *point == c)
        .map(|(_, name)| (*name).to_owned())
}

/// Names from the Unicode Character Database (for controls, its aliases).
#[rustfmt::skip]
const NAMES: &[(char, &str)] = &[
    ('\0', "NULL"), ('\t', "CHARACTER TABULATION"), ('\n', "LINE FEED"), ('\r', "CARRIAGE RETURN"),
    ('\u{1b}', "ESCAPE"), ('\u{7f}', "DELETE"), (' ', "SPACE"), ('!', "EXCLAMATION MARK"),
    ('"', "QUOTATION MARK"), ('#', "NUMBER SIGN"), ('$', "DOLLAR SIGN"), ('%', "PERCENT SIGN"),
    ('&', "AMPERSAND"), ('\'', "APOSTROPHE"), ('(', "LEFT PARENTHESIS"), (')', "RIGHT PARENTHESIS"),
    ('*', "ASTERISK"), ('+', "PLUS SIGN"), (',', "COMMA"), ('-', "HYPHEN-MINUS"), ('.', "FULL STOP"),
    ('/', "SOLIDUS"), ('0', "DIGIT ZERO"), ('1', "DIGIT ONE"), ('2', "DIGIT TWO"), ('3', "DIGIT THREE"),
    ('4', "DIGIT FOUR"), ('5', "DIGIT FIVE"), ('6', "DIGIT SIX"), ('7', "DIGIT SEVEN"),
    ('8', "DIGIT EIGHT"), ('9', "DIGIT NINE"), (':', "COLON"), (';', "SEMICOLON"),
    ('<', "LESS-THAN SIGN"), ('=', "EQUALS SIGN"), ('>', "GREATER-THAN SIGN"), ('?', "QUESTION MARK"),
    ('@', "COMMERCIAL AT"), ('[', "LEFT SQUARE BRACKET"), ('\\', "REVERSE SOLIDUS"),
    (']', "RIGHT SQUARE BRACKET"), ('^', "CIRCUMFLEX ACCENT"), ('_', "LOW LINE"), ('`', "GRAVE ACCENT"),
    ('{', "LEFT CURLY BRACKET"), ('|', "VERTICAL LINE"), ('}', "RIGHT CURLY BRACKET"), ('~', "TILDE"),
    ('\u{85}', "NEXT LINE"), ('\u{a0}', "NO-BREAK SPACE"), ('\u{ad}', "SOFT HYPHEN"),
    ('\u{b7}', "MIDDLE DOT"), ('\u{131}', "LATIN SMALL LETTER DOTLESS I"),
    ('\u{251}', "LATIN SMALL LETTER ALPHA"), ('\u{261}', "LATIN SMALL LETTER SCRIPT G"),
    ('\u{301}', "COMBINING ACUTE ACCENT"), ('\u{300}', "COMBINING GRAVE ACCENT"),
    ('\u{308}', "COMBINING DIAERESIS"), ('\u{34f}', "COMBINING GRAPHEME JOINER"),
    ('\u{37e}', "GREEK QUESTION MARK"), ('\u{391}', "GREEK CAPITAL LETTER ALPHA"),
    ('\u{392}', "GREEK CAPITAL LETTER BETA"), ('\u{395}', "GREEK CAPITAL LETTER EPSILON"),
    ('\u{396}', "GREEK CAPITAL LETTER ZETA"), ('\u{397}', "GREEK CAPITAL LETTER ETA"),
    ('\u{399}', "GREEK CAPITAL LETTER IOTA"), ('\u{39a}', "GREEK CAPITAL LETTER KAPPA"),
    ('\u{39c}', "GREEK CAPITAL LETTER MU"), ('\u{39d}', "GREEK CAPITAL LETTER NU"),
    ('\u{39f}', "GREEK CAPITAL LETTER OMICRON"), ('\u{3a1}', "GREEK CAPITAL LETTER RHO"),
    ('\u{3a4}', "GREEK CAPITAL LETTER TAU"), ('\u{3a5}', "GREEK CAPITAL LETTER UPSILON"),
    ('\u{3a7}', "GREEK CAPITAL LETTER CHI"), ('\u{3b1}', "GREEK SMALL LETTER ALPHA"),
    ('\u{3b9}', "GREEK SMALL LETTER IOTA"), ('\u{3bd}', "GREEK SMALL LETTER NU"),
    ('\u{3bf}', "GREEK SMALL LETTER OMICRON"), ('\u{3c1}', "GREEK SMALL LETTER RHO"),
    ('\u{3c5}', "GREEK SMALL LETTER UPSILON"), ('\u{405}', "CYRILLIC CAPITAL LETTER DZE"),
    ('\u{406}', "CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I"),
    ('\u{408}', "CYRILLIC CAPITAL LETTER JE"), ('\u{410}', "CYRILLIC CAPITAL LETTER A"),
    ('\u{412}', "CYRILLIC CAPITAL LETTER VE"), ('\u{415}', "CYRILLIC CAPITAL LETTER IE"),
    ('\u{417}', "CYRILLIC CAPITAL LETTER ZE"), ('\u{41a}', "CYRILLIC CAPITAL LETTER KA"),
    ('\u{41c}', "CYRILLIC CAPITAL LETTER EM"), ('\u{41d}', "CYRILLIC CAPITAL LETTER EN"),
    ('\u{41e}', "CYRILLIC CAPITAL LETTER O"), ('\u{420}', "CYRILLIC CAPITAL LETTER ER"),
    ('\u{421}', "CYRILLIC CAPITAL LETTER ES"), ('\u{422}', "CYRILLIC CAPITAL LETTER TE"),
    ('\u{423}', "CYRILLIC CAPITAL LETTER U"), ('\u{425}', "CYRILLIC CAPITAL LETTER HA"),
    ('\u{430}', "CYRILLIC SMALL LETTER A"), ('\u{435}', "CYRILLIC SMALL LETTER IE"),
    ('\u{43a}', "CYRILLIC SMALL LETTER KA"), ('\u{43e}', "CYRILLIC SMALL LETTER O"),
    ('\u{440}', "CYRILLIC SMALL LETTER ER"), ('\u{441}', "CYRILLIC SMALL LETTER ES"),
    ('\u{443}', "CYRILLIC SMALL LETTER U"), ('\u{445}', "CYRILLIC SMALL LETTER HA"),
    ('\u{455}', "CYRILLIC SMALL LETTER DZE"), ('\u{456}', "CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I"),
    ('\u{458}', "CYRILLIC SMALL LETTER JE"), ('\u{4bb}', "CYRILLIC SMALL LETTER SHHA"),
    ('\u{501}', "CYRILLIC SMALL LETTER KOMI DE"), ('\u{51b}', "CYRILLIC SMALL LETTER QA"),
    ('\u{51d}', "CYRILLIC SMALL LETTER WE"), ('\u{1680}', "OGHAM SPACE MARK"), ('\u{2000}', "EN QUAD"),
    ('\u{2001}', "EM QUAD"), ('\u{2002}', "EN SPACE"), ('\u{2003}', "EM SPACE"),
    ('\u{2004}', "THREE-PER-EM SPACE"), ('\u{2005}', "FOUR-PER-EM SPACE"), ('\u{2006}', "SIX-PER-EM SPACE"),
    ('\u{2007}', "FIGURE SPACE"), ('\u{2008}', "PUNCTUATION SPACE"), ('\u{2009}', "THIN SPACE"),
    ('\u{200a}', "HAIR SPACE"), ('\u{200b}', "ZERO WIDTH SPACE"), ('\u{200c}', "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', "ZERO WIDTH JOINER"), ('\u{200e}', "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', "RIGHT-TO-LEFT MARK"), ('\u{2010}', "HYPHEN"), ('\u{2011}', "NON-BREAKING HYPHEN"),
    ('\u{2012}', "FIGURE DASH"), ('\u{2013}', "EN DASH"), ('\u{2014}', "EM DASH"),
    ('\u{2015}', "HORIZONTAL BAR"), ('\u{2018}', "LEFT SINGLE QUOTATION MARK"),
    ('\u{2019}', "RIGHT SINGLE QUOTATION MARK"), ('\u{201c}', "LEFT DOUBLE QUOTATION MARK"),
    ('\u{201d}', "RIGHT DOUBLE QUOTATION MARK"), ('\u{2024}', "ONE DOT LEADER"),
    ('\u{2026}', "HORIZONTAL ELLIPSIS"), ('\u{2028}', "LINE SEPARATOR"),
    ('\u{2029}', "PARAGRAPH SEPARATOR"), ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING"), ('\u{202c}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE"), ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{202f}', "NARROW NO-BREAK SPACE"), ('\u{2044}', "FRACTION SLASH"),
    ('\u{205f}', "MEDIUM MATHEMATICAL SPACE"), ('\u{2060}', "WORD JOINER"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"), ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"), ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
    ('\u{2212}', "MINUS SIGN"), ('\u{2215}', "DIVISION SLASH"), ('\u{3000}', "IDEOGRAPHIC SPACE"),
    ('\u{3002}', "IDEOGRAPHIC FULL STOP"), ('\u{fe0f}', "VARIATION SELECTOR-16"),
    ('\u{feff}', "ZERO WIDTH NO-BREAK SPACE"), ('\u{fffd}', "REPLACEMENT CHARACTER"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "I approve T-7 for café.";

    #[test]
    fn the_exact_bytes_pass_with_or_without_one_line_feed() {
        assert_eq!(compare(SENTENCE, SENTENCE.as_bytes()), Ok(()));
        assert_eq!(
            compare(SENTENCE, format!("{SENTENCE}\n").as_bytes()),
            Ok(())
        );
    }

    #[test]
    fn anything_else_is_refused_at_the_first_differing_character() {
        type Row<'a> = (&'a str, &'a [u8], usize, usize, &'a str, &'a str);
        let table: &[Row<'_>] = &[
            (
                "one changed",
                "I approve T-8 for café.".as_bytes(),
                13,
                12,
                "DIGIT SEVEN",
                "DIGIT EIGHT",
            ),
            (
                "look-alike",
                "I аpprove T-7 for café.".as_bytes(),
                3,
                2,
                "LATIN SMALL LETTER A",
                "'а' (U+0430 CYRILLIC SMALL LETTER A)",
            ),
            (
                "double space",
                "I  approve T-7 for café.".as_bytes(),
                3,
                2,
                "LETTER A",
                "U+0020 SPACE",
            ),
            (
                "case",
                "i approve T-7 for café.".as_bytes(),
                1,
                0,
                "CAPITAL LETTER I",
                "SMALL LETTER I",
            ),
            (
                "no-break space",
                "I\u{a0}approve T-7 for café.".as_bytes(),
                2,
                1,
                "U+0020 SPACE",
                "U+00A0 NO-BREAK SPACE",
            ),
            (
                "no full stop",
                "I approve T-7 for café".as_bytes(),
                23,
                23,
                "FULL STOP",
                "the end",
            ),
            (
                "CRLF",
                "I approve T-7 for café.\r\n".as_bytes(),
                24,
                24,
                "the end",
                "U+000D CARRIAGE RETURN",
            ),
            (
                "two line feeds",
                "I approve T-7 for café.\n\n".as_bytes(),
                24,
                24,
                "the end",
                "U+000A LINE FEED",
            ),
            (
                "quoted",
                "\"I approve T-7 for café.\"".as_bytes(),
                1,
                0,
                "LETTER I",
                "QUOTATION MARK",
            ),
            (
                "leading space",
                " I approve T-7 for café.".as_bytes(),
                1,
                0,
                "LETTER I",
                "U+0020 SPACE",
            ),
            (
                "trailing space",
                "I approve T-7 for café. ".as_bytes(),
                24,
                24,
                "the end",
                "U+0020 SPACE",
            ),
            (
                "longer",
                "I approve T-7 for café. And T-8.".as_bytes(),
                24,
                24,
                "the end",
                "U+0020 SPACE",
            ),
            (
                "decomposed",
                "I approve T-7 for cafe\u{301}.".as_bytes(),
                22,
                21,
                "U+00E9",
                "LATIN SMALL LETTER E",
            ),
            (
                "same first byte",
                "I approve T-7 for cafè.".as_bytes(),
                22,
                21,
                "U+00E9",
                "U+00E8",
            ),
            (
                "full-width",
                "Ｉ approve T-7 for café.".as_bytes(),
                1,
                0,
                "LETTER I",
                "FULLWIDTH LATIN CAPITAL LETTER I",
            ),
            (
                "BOM",
                "\u{feff}I approve T-7 for café.".as_bytes(),
                1,
                0,
                "LETTER I",
                "ZERO WIDTH NO-BREAK SPACE",
            ),
            (
                "not UTF-8",
                b"I approve T-7 for caf\xe9.",
                22,
                21,
                "U+00E9",
                "byte 0xE9, which is not UTF-8",
            ),
            (
                "half a character",
                b"I approve T-7 for caf\xc3",
                22,
                21,
                "U+00E9",
                "byte 0xC3",
            ),
            ("nothing", b"", 1, 0, "LETTER I", "the end"),
            ("only a line feed", b"\n", 1, 0, "LETTER I", "the end"),
        ];
        for (case, given, position, byte_offset, expected, found) in table {
            let mismatch = compare(SENTENCE, given).unwrap_err();
            assert_eq!(
                (mismatch.position, mismatch.byte_offset),
                (*position, *byte_offset),
                "{case}"
            );
            assert!(mismatch.expected.contains(expected), "{case}: {mismatch}");
            assert!(mismatch.found.contains(found), "{case}: {mismatch}");
        }
    }

    #[test]
    fn what_could_hide_is_named_and_not_shown() {
        assert_eq!(describe('\u{202e}'), "U+202E RIGHT-TO-LEFT OVERRIDE");
        assert_eq!(describe('\u{1b}'), "U+001B ESCAPE");
        assert_eq!(describe('\u{e0041}'), "U+E0041");
        assert_eq!(describe('~'), "'~' (U+007E TILDE)");
    }
}
