//! The order of events against a grammar that is written in another way, and what a file is refused for.

use super::{MAX_FILE, MAX_LINE, MAX_WRONG, judge};
use crate::record::event::{Event, Kind, Origin, Party, Payload};
use crate::record::{
    Choice, Code, DecisionId, Findings, Gate, IdentityName, Level, ObjectId, Sha256, TaskId, Token,
};

/// An event of a sequence: the digit of its id, its level, and what it says that is decided.
type Step = (u8, &'static str, Option<&'static str>);

const LEVELS: &[&str] = &["FULL_HUMAN", "HYBRID", "AUTONOMOUS", "LOCKED"];
const STATED: &[Option<&str>] = &[None, Some("approve"), Some("reject"), Some("defer")];

const NAMES: [&str; 5] = [
    "gov_decision_created",
    "gov_decision_applied",
    "gov_auto_signature_created",
    "gov_human_intervention_requested",
    "gov_human_intervention_received",
];

/// Returns a line: the number makes its id.
fn line(number: usize, decision: &str, gate: &str, (kind, level, stated): Step) -> String {
    let name = NAMES[usize::from(kind) - 1];
    let stated = stated.map_or(String::new(), |it| format!(r#","decision":"{it}""#));
    format!(
        r#"{{"actor":"agent","event_id":"00000000-0000-4000-8000-{number:012x}","payload":{{"automation_level":"{level}","decision_id":"{decision}","gate_type":"{gate}","target_ref":"task/T-1"{stated}}},"timestamp":"2026-11-21T01:52:49Z","type":"{name}"}}
"#
    )
}

fn findings(gate: &str, steps: &[Step]) -> Findings {
    let lines = steps.iter().zip(1..);
    let text: String = lines
        .map(|(step, number)| line(number, "dec-1", gate, *step))
        .collect();
    judge("f", text.as_bytes()).findings
}

/// The grammar: a list of what can happen to a decision that decides this.
fn histories(decides: &str, gate: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = match decides {
        "approve" => vec![vec![1], vec![1, 2], vec![1, 3], vec![1, 3, 2]],
        "reject" => vec![vec![1], vec![1, 2]],
        _ => vec![vec![1], vec![1, 4], vec![1, 4, 5]],
    };
    if ["SkeletonApproval", "CloudEscalation", "PolicyViolation"].contains(&gate) {
        all.retain(|it| !it.contains(&3));
    }
    if gate == "PolicyViolation" && decides == "approve" {
        all.extend([vec![1, 2, 2], vec![1, 2, 2, 2], vec![1, 2, 2, 2, 2]]);
    }
    all
}

/// Whether some decision has this history, with all that the events say of it and of the level.
fn legal(gate: &str, steps: &[Step]) -> bool {
    let kinds: Vec<u8> = steps.iter().map(|it| it.0).collect();
    ["approve", "reject", "defer"].iter().any(|decides| {
        histories(decides, gate).contains(&kinds)
            && steps.iter().all(|(kind, level, stated)| match kind {
                // The answer decides for itself.
                5 => *level != "LOCKED" || *stated != Some("approve"),
                _ if stated.is_some_and(|it| it != *decides) => false,
                3 => ["HYBRID", "AUTONOMOUS"].contains(level),
                4 => *level != "LOCKED",
                _ => *level != "LOCKED" || *decides != "approve",
            })
    })
}

/// Compares the rule with the grammar; returns whether the sequence is legal.
#[track_caller]
fn agrees(gate: &str, steps: &[Step]) -> bool {
    let expected = legal(gate, steps);
    let found = findings(gate, steps);
    assert_eq!(found.is_empty(), expected, "{gate} {steps:?}: {found:?}");
    expected
}

/// Compares every sequence of up to five of these events that begins with a legal one: what follows an
/// illegal event stays refused, since findings are only added. Returns how many are legal.
fn all_that_begin_legally(gate: &str, events: &[Step]) -> usize {
    let mut begun: Vec<Vec<Step>> = vec![Vec::new()];
    let mut count = 0;
    for _ in 0..5 {
        let mut next = Vec::new();
        for begin in &begun {
            for event in events {
                let steps = [begin.as_slice(), &[*event]].concat();
                if agrees(gate, &steps) {
                    next.push(steps);
                }
            }
        }
        count += next.len();
        begun = next;
    }
    count
}

fn events(levels: &[&'static str], stated: &[Option<&'static str>]) -> Vec<Step> {
    let mut all = Vec::new();
    for kind in 1..=5 {
        for level in levels {
            all.extend(stated.iter().map(|it| (kind, *level, *it)));
        }
    }
    all
}

#[test]
fn exactly_the_legal_sequences_of_up_to_five_events_are_accepted() {
    let all = events(LEVELS, STATED);
    assert_eq!(all.len(), 80);
    let spec = all_that_begin_legally("SpecApproval", &all);
    assert!(spec > 300, "{spec}");
    // A gate of another program is taken, and has no rules of its own.
    let foreign = events(&["HYBRID", "LOCKED"], STATED);
    assert_eq!(
        all_that_begin_legally("MicroTaskValidation", &foreign),
        all_that_begin_legally("RefinementSign", &foreign)
    );
    for gate in ["SkeletonApproval", "CloudEscalation", "PolicyViolation"] {
        let few = events(&["HYBRID", "LOCKED"], &[None, Some("approve")]);
        assert!(all_that_begin_legally(gate, &few) > 10);
    }
}

#[test]
fn exactly_the_legal_sequences_are_accepted_whatever_comes_first() {
    // Nothing is left out here: also what goes on after an illegal event.
    for level in LEVELS {
        let one = events(&[level], &[None]);
        let mut all: Vec<Vec<Step>> = vec![Vec::new()];
        let mut count = 0;
        for _ in 0..5 {
            let longer = all.iter().flat_map(|begin| {
                let next = one.iter();
                next.map(|event| [begin.as_slice(), &[*event]].concat())
            });
            all = longer.collect();
            count += all.len();
            for steps in &all {
                agrees("ScopeChange", steps);
            }
        }
        assert_eq!(count, 3_905);
    }
}

#[test]
fn what_is_out_of_order_names_what_was_reached_and_what_may_follow() {
    for (steps, line, found, expected) in [
        (
            &[(2, "HYBRID", None)][..],
            1,
            "gov_decision_applied under HYBRID, of decision dec-1, which has reached nothing yet",
            "under HYBRID: gov_decision_created",
        ),
        (
            &[(1, "HYBRID", Some("approve")), (4, "HYBRID", None)],
            2,
            "gov_human_intervention_requested under HYBRID, of decision dec-1, which has reached gov_decision_created in line 1, deciding approve",
            "under HYBRID: gov_decision_applied or gov_auto_signature_created",
        ),
        (
            &[(1, "HYBRID", None), (5, "HYBRID", Some("approve"))],
            2,
            "gov_human_intervention_received with decision approve under HYBRID, of decision dec-1, which has reached gov_decision_created in line 1, deciding anything",
            "under HYBRID: gov_decision_applied (approve or reject) or gov_auto_signature_created (approve) or gov_human_intervention_requested (defer)",
        ),
        (
            &[(1, "HYBRID", Some("defer")), (4, "LOCKED", None)],
            2,
            "gov_human_intervention_requested under LOCKED, of decision dec-1, which has reached gov_decision_created in line 1, deciding defer",
            "no further event of this decision under LOCKED",
        ),
    ] {
        let findings = findings("SpecApproval", steps);
        let all: Vec<_> = findings.iter().collect();
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(all[0].code, Code::Gov011);
        assert_eq!(all[0].subject.path, Some(format!("f:{line}")));
        assert_eq!(
            (all[0].found.as_str(), all[0].expected.as_str()),
            (found, expected)
        );
    }
}

#[test]
fn the_events_of_a_decision_are_about_one_gate_and_one_target_and_decide_one_thing() {
    let create = |stated| line(1, "dec-1", "SpecApproval", (1, "HYBRID", stated));
    let apply = |stated| line(2, "dec-1", "SpecApproval", (2, "HYBRID", stated));
    let codes = |text: &str| -> Vec<_> {
        let findings = judge("f", text.as_bytes()).findings;
        let told = findings.iter();
        told.map(|it| {
            (
                it.code,
                it.found.split(':').next().unwrap_or_default().to_owned(),
            )
        })
        .collect()
    };
    let good = create(Some("approve")) + &apply(Some("approve"));
    assert_eq!(codes(&good), []);
    let second = |from: &str, to: &str| create(None) + &apply(None).replace(from, to);
    assert_eq!(
        codes(&second("SpecApproval", "ScopeChange")),
        [(Code::Att002, "payload.gate_type".to_owned())]
    );
    assert_eq!(
        codes(&second("task/T-1", "task/T-2")),
        [(Code::Att002, "payload.target_ref".to_owned())]
    );
    let other = codes(&(create(Some("approve")) + &apply(Some("reject"))));
    assert!(other.contains(&(Code::Att002, "payload.decision".to_owned())));
    // Another decision is about something else.
    assert_eq!(
        codes(&(create(None) + &line(2, "dec-2", "ScopeChange", (1, "LOCKED", None)))),
        []
    );
}

#[test]
fn what_git_awo_derives_passes() {
    let id = |text: &str| DecisionId::new(text).unwrap();
    let target = || Token::new("task/T-1").unwrap();
    let of = |decision: &str, gate: Gate| {
        let payload = Payload::of(&id(decision), gate, target(), Level::Hybrid);
        payload.of_task(&TaskId::new("T-1").unwrap())
    };
    let line = |kind: Kind, record: &str, payload: Payload| {
        let origin = Origin {
            repository: ObjectId::Sha256([7; 32]),
            record: Sha256::of(record.as_bytes()),
        };
        let time = "2026-11-21T01:52:49Z".parse().unwrap();
        Event::derived(kind, origin, time, Party::System, payload).to_line()
    };
    let olga = IdentityName::new("olga@example.org").unwrap();
    let asked = || of("asked", Gate::SpecApproval);
    let (answer, waiver) = (
        || of("answer", Gate::SpecApproval),
        || of("waiver", Gate::PolicyViolation),
    );
    let lines = [
        line(Kind::Created, "asked", asked().deciding(Choice::Defer)),
        line(Kind::Requested, "asked", asked().of_person(&olga)),
        line(Kind::Created, "answer", answer().deciding(Choice::Approve)),
        line(
            Kind::Received,
            "answer",
            asked()
                .answered_by(&id("answer"), Choice::Approve)
                .of_person(&olga),
        ),
        line(Kind::Created, "waiver", waiver().deciding(Choice::Approve)),
        // One run uses both, and the next one the waiver again.
        line(Kind::Applied, "run-1", answer().deciding(Choice::Approve)),
        line(Kind::Applied, "run-1", waiver().deciding(Choice::Approve)),
        line(Kind::Applied, "run-2", waiver().deciding(Choice::Approve)),
        line(
            Kind::Created,
            "auto",
            of("auto", Gate::RefinementSign).deciding(Choice::Approve),
        ),
        line(Kind::Signed, "signature", of("auto", Gate::RefinementSign)),
        line(Kind::Applied, "version", of("auto", Gate::RefinementSign)),
    ];
    let judged = judge("f", lines.concat().as_bytes());
    assert!(judged.findings.is_empty(), "{:?}", judged.findings);
    assert_eq!((judged.lines, judged.decisions), (lines.len(), 4));
}

#[test]
fn an_event_has_an_id_of_its_own_in_a_file() {
    let step = |kind| (kind, "HYBRID", None);
    let text = line(1, "a", "SpecApproval", step(1)) + &line(1, "b", "SpecApproval", step(1));
    let findings = judge("f", text.as_bytes()).findings;
    let found: Vec<_> = findings
        .iter()
        .map(|it| (it.code, it.found.as_str()))
        .collect();
    assert_eq!(found, [(Code::Int004, "event_id: the one of line 1")]);
}

#[test]
fn no_order_is_judged_after_an_event_that_is_not_known() {
    let step = |kind| (kind, "HYBRID", None);
    let bad = line(1, "a", "SpecApproval", step(1)).replace("agent", "robot");
    let text = bad + &line(2, "a", "SpecApproval", step(2));
    let text = text + &line(3, "b", "SpecApproval", step(2));
    let judged = judge("f", text.as_bytes());
    let found: Vec<_> = judged
        .findings
        .iter()
        .map(|it| (it.code, it.subject.path.clone().unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            (Code::Int004, "f:1".to_owned()),
            (Code::Gov011, "f:3".to_owned())
        ]
    );
    assert_eq!((judged.lines, judged.decisions), (3, 2));
}

#[test]
fn lines_end_with_a_line_feed_or_with_the_file() {
    let one = line(1, "a", "SpecApproval", (1, "HYBRID", None));
    for (text, lines, findings) in [
        (String::new(), 0, 0),
        (one.clone(), 1, 0),
        (one.trim_end().to_owned(), 1, 0),
        (one.replace('\n', "\r\n"), 1, 0),
        ("\n".to_owned(), 1, 1),
        (format!("{one}\n"), 2, 1),
        (format!("\n{one}"), 2, 1),
        (one.replace("},", "}\n,"), 2, 2),
    ] {
        let judged = judge("f", text.as_bytes());
        let found = (judged.lines, judged.findings.len());
        assert_eq!(found, (lines, findings), "{text:?}: {:?}", judged.findings);
    }
}

#[test]
fn findings_sort_as_the_lines_do_and_name_them() {
    let text = "{}\n".repeat(12);
    let findings = judge("f", text.as_bytes()).findings;
    let mut lines: Vec<_> = findings.iter().map(|it| it.subject.path.clone()).collect();
    lines.dedup();
    let expected: Vec<_> = (1..=12).map(|it| Some(format!("f:{it:02}"))).collect();
    assert_eq!(lines, expected);
}

#[test]
fn limits_are_met_exactly() {
    let codes = |text: &[u8]| -> Vec<_> {
        let findings = judge("f", text).findings;
        findings.iter().map(|it| it.code).collect()
    };
    let one = line(1, "a", "SpecApproval", (1, "HYBRID", None));
    let one = one.trim_end();
    let padded = |length: usize| format!("{one}{}\n", " ".repeat(length - one.len()));
    assert_eq!(codes(padded(MAX_LINE).as_bytes()), []);
    assert_eq!(codes(padded(MAX_LINE + 1).as_bytes()), [Code::Int006]);

    let wrong = |lines: usize| {
        let text = "[]\n".repeat(lines);
        let judged = judge("f", text.as_bytes());
        (judged.lines, judged.findings.has(Code::Int006))
    };
    assert_eq!(wrong(MAX_WRONG), (MAX_WRONG, false));
    assert_eq!(wrong(MAX_WRONG + 1), (MAX_WRONG, true));

    let most = usize::try_from(MAX_FILE).unwrap();
    let lines = padded(MAX_LINE - 1).repeat(2);
    let file = |length: usize| {
        // Only the first line is an event; what is asked here is whether the file is looked into.
        let mut bytes = lines.clone().into_bytes();
        bytes.resize(length, b' ');
        let findings = judge("f", &bytes).findings;
        findings
            .iter()
            .filter(|it| it.subject.path.as_deref() == Some("f"))
            .count()
    };
    assert_eq!((file(most), file(most + 1)), (0, 1));
}
