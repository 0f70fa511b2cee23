//! Files of events about decisions.

use git_awo::record::Findings;
use git_awo::record::event::{Broken, Event};

/// The longest line, in bytes.
const MAX_LINE: usize = 64 * 1024;

fn judge(data: &[u8]) -> Findings {
    let report = git_awo::ops::events::check("f", data);
    report.expect("bytes can be read").findings
}

pub fn events(data: &[u8]) -> bool {
    let body = data.strip_suffix(b"\n").unwrap_or(data);
    let mut all = !data.is_empty();
    for line in body.split(|b| *b == b'\n') {
        match Event::read(line, MAX_LINE) {
            Ok(event) => {
                let written = event.to_line();
                let (again, end) = written.split_at(written.len() - 1);
                assert_eq!(end, "\n", "a line ends");
                assert!(!again.contains(['\n', ' ']) && again.is_ascii());
                assert_eq!(
                    Event::read(again.as_bytes(), MAX_LINE),
                    Ok(event),
                    "{again}"
                );
                let value: serde_json::Value = serde_json::from_slice(line).expect("it is JSON");
                assert!(value.is_object());
            }
            Err(broken) => {
                all = false;
                if let Broken::Faults { faults, .. } = broken {
                    assert!(!faults.is_empty(), "it says why");
                    faults.iter().for_each(|it| super::is_harmless(&it.found));
                }
            }
        }
    }
    let judged = judge(data);
    assert!(all || data.is_empty() || !judged.is_empty());
    for finding in judged.iter() {
        for text in [&finding.found, &finding.expected, &finding.remedy] {
            assert!(!text.is_empty());
            super::is_harmless(text);
        }
    }
    // Findings are only added: what is refused stays refused, whatever comes after it.
    let more = [data, b"\n"].concat();
    assert!(judge(&more).len() >= judged.len());
    judged.is_empty()
}
