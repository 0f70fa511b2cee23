//! A file of events about decisions: the form of each line, and the order of the events of each decision.
//!
//! The order says what git-awo itself could have derived from records. It says nothing about whether a
//! decision was allowed: that is judged on records, not on what somebody tells of them.

use std::collections::HashMap;

use crate::record::event::{Broken, Event, EventId, Fault, Kind};
use crate::record::name::{EventDecisionId, GateName};
use crate::record::{Choice, Finding, Findings, Gate, Level, Rule, Subject, Token};
use crate::sys::shell::quote;

/// The largest file, in bytes.
pub const MAX_FILE: u64 = 64 * 1024 * 1024;

/// The longest line, in bytes, without its line feed.
pub const MAX_LINE: usize = 64 * 1024;

/// After so many lines with findings the rest of a file is not judged.
pub const MAX_WRONG: usize = 1_000;

/// What a file of events holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Number of lines judged.
    pub lines: usize,
    /// Number of decisions that they are about, as far as that can be read.
    pub decisions: usize,
    /// What is wrong.
    pub findings: Findings,
}

/// Judges the content of a file that is called so; the name is harmless to show.
pub fn judge(file: &str, bytes: &[u8]) -> Judged {
    let mut judged = Judged::default();
    if bytes.len() as u64 > MAX_FILE {
        judged.findings.push(too_large(file));
        return judged;
    }
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.is_empty() {
        return judged;
    }
    let last = body.iter().filter(|b| **b == b'\n').count();
    let place = Place {
        file,
        width: last.saturating_add(1).to_string().len(),
    };
    let mut log = Log::default();
    let mut wrong = 0_usize;
    for (line, number) in body.split(|b| *b == b'\n').zip(1..) {
        if wrong >= MAX_WRONG {
            judged.findings.push(place.too_many(number));
            break;
        }
        let before = judged.findings.len();
        match Event::read(line, MAX_LINE) {
            Ok(event) => log.follow(event, &place, number, &mut judged.findings),
            Err(broken) => {
                if let Broken::Faults {
                    decision: Some(decision),
                    ..
                } = &broken
                {
                    log.lose(decision.clone());
                }
                judged.findings.extend(place.broken(number, broken));
            }
        }
        judged.lines = number;
        wrong = wrong.saturating_add(usize::from(judged.findings.len() > before));
    }
    judged.decisions = log.decisions.len();
    judged
}

fn too_large(file: &str) -> Finding {
    Rule::DecisionEventLimit
        .finding(Subject {
            path: Some(file.to_owned()),
            ..Subject::none()
        })
        .found(format!("a file of more than {MAX_FILE} bytes"))
        .expected(format!("at most {MAX_FILE}"))
        .remedy("split the file between decisions, and check each part by itself")
}

/// Where a line is.
struct Place<'a> {
    file: &'a str,
    /// Numbers of lines have so many digits, so that findings sort as the lines do.
    width: usize,
}

impl Place<'_> {
    fn line(&self, number: usize) -> Subject {
        let Self { file, width } = self;
        Subject {
            path: Some(format!("{file}:{number:0width$}")),
            ..Subject::none()
        }
    }

    fn again(&self) -> String {
        format!(
            "mend the program that wrote the line, or ask for the file anew, then: git awo events \
             check {}",
            quote(self.file)
        )
    }

    fn fault(&self, number: usize, fault: Fault) -> Finding {
        Rule::DecisionEventForm
            .finding(self.line(number))
            .found(fault.found)
            .expected(fault.expected)
            .remedy(self.again())
    }

    fn broken(&self, number: usize, broken: Broken) -> Vec<Finding> {
        match broken {
            Broken::Faults { faults, .. } => {
                let faults = faults.into_iter();
                faults.map(|fault| self.fault(number, fault)).collect()
            }
            Broken::Limit(why) => {
                let finding = Rule::DecisionEventLimit.finding(self.line(number));
                let finding = finding.found(why).expected(format!(
                    "a line of at most {MAX_LINE} bytes, nested no deeper than 32"
                ));
                vec![finding.remedy(self.again())]
            }
        }
    }

    fn too_many(&self, number: usize) -> Finding {
        Rule::DecisionEventLimit
            .finding(self.line(number))
            .found(format!(
                "{MAX_WRONG} lines with findings before this one, which is not judged, nor are the \
                 lines after it"
            ))
            .expected(format!("at most {MAX_WRONG} lines with findings"))
            .remedy(self.again())
    }
}

/// What the lines so far have told.
#[derive(Default)]
struct Log {
    ids: HashMap<EventId, usize>,
    decisions: HashMap<EventDecisionId, Option<Sequence>>,
}

impl Log {
    /// Judges no order of a decision any more: one of its events is not known.
    fn lose(&mut self, decision: EventDecisionId) {
        self.decisions.insert(decision, None);
    }

    fn follow(&mut self, event: Event, place: &Place<'_>, number: usize, findings: &mut Findings) {
        if let Some(first) = self.ids.get(&event.id) {
            let fault = Fault {
                found: format!("event_id: the one of line {first}"),
                expected: "each event_id once in a file",
            };
            findings.push(place.fault(number, fault));
        } else {
            self.ids.insert(event.id, number);
        }
        let id = event.payload.decision_id.clone();
        let entry = self.decisions.entry(id);
        let Some(sequence) = entry.or_insert_with(|| Some(Sequence::of(&event, number))) else {
            return;
        };
        for differs in sequence.bind(&event, number) {
            findings.push(
                Rule::DecisionEventBinding
                    .finding(place.line(number))
                    .found(differs.found)
                    .expected(differs.expected)
                    .remedy(place.again()),
            );
        }
        if let Err(late) = sequence.follow(&event, number) {
            findings.push(
                Rule::DecisionEventOrder
                    .finding(place.line(number))
                    .found(late.found)
                    .expected(late.expected)
                    .remedy(place.again()),
            );
        }
    }
}

/// The events of a decision so far.
struct Sequence {
    /// The line that the gate and the target are from.
    begun: usize,
    gate: GateName,
    target: Token,
    /// What an event says that the decision decides, and in which line.
    said: Option<(Choice, usize)>,
    /// How far it has come, and by which line.
    reached: Option<(Kind, usize)>,
    /// What the decision can still decide, for all that has happened.
    open: Choices,
}

/// What was found instead of what.
struct Differs {
    found: String,
    expected: String,
}

impl Sequence {
    fn of(event: &Event, number: usize) -> Self {
        Self {
            begun: number,
            gate: event.payload.gate_type.clone(),
            target: event.payload.target_ref.clone(),
            said: None,
            reached: None,
            open: Choices::ANY,
        }
    }

    /// Compares an event with what the earlier ones say of the same decision.
    fn bind(&mut self, event: &Event, number: usize) -> Vec<Differs> {
        let payload = &event.payload;
        let mut list = Vec::new();
        let mut differs = |key: &str, found: &str, expected: &str, line: usize| {
            list.push(Differs {
                found: format!(
                    "payload.{key}: {found}, of decision {}",
                    payload.decision_id
                ),
                expected: format!("{expected}, as line {line} says"),
            });
        };
        let (gate, target) = (self.gate.as_str(), self.target.as_str());
        if payload.gate_type != self.gate {
            differs("gate_type", payload.gate_type.as_str(), gate, self.begun);
        }
        if payload.target_ref != self.target {
            differs(
                "target_ref",
                payload.target_ref.as_str(),
                target,
                self.begun,
            );
        }
        match (own_choice(event), self.said) {
            (Some(own), Some((said, line))) if own != said => {
                differs("decision", own.word(), said.word(), line);
            }
            (Some(own), None) => self.said = Some((own, number)),
            _ => {}
        }
        list
    }

    /// Takes the next event, or says why it cannot be the next one.
    fn follow(&mut self, event: &Event, number: usize) -> Result<(), Differs> {
        let level = event.payload.automation_level;
        let stated = own_choice(event).map_or(Choices::ANY, Choices::only);
        let open = self.after(event.kind, level).and(stated);
        let answers = event.kind != Kind::Received
            || event.payload.decision.is_none_or(|it| lands(it, level));
        if open.any() && answers {
            self.open = open;
            self.reached = Some((event.kind, number));
            return Ok(());
        }
        let decides = event.payload.decision;
        let decides = decides.map_or(String::new(), |it| format!(" with decision {it}"));
        Err(Differs {
            found: format!(
                "{}{decides} under {level}, of decision {}, which has reached {}",
                event.kind,
                event.payload.decision_id,
                self.state()
            ),
            expected: self.may_follow(level),
        })
    }

    /// Returns what the decision can decide if an event of this kind comes next under this level: nothing
    /// if it cannot come.
    fn after(&self, kind: Kind, level: Level) -> Choices {
        let gate = Gate::of_name(self.gate.as_str());
        self.open
            .and(in_turn(self.reached.map(|(kind, _)| kind), kind, gate))
            .and(at_level(kind, level))
    }

    fn state(&self) -> String {
        match self.reached {
            None => "nothing yet".to_owned(),
            Some((kind, line)) => format!("{kind} in line {line}, {}", self.open.decided()),
        }
    }

    fn may_follow(&self, level: Level) -> String {
        let next = Kind::ALL
            .iter()
            .filter(|kind| self.after(**kind, level).any());
        let next = next.map(|kind| match self.after(*kind, level) {
            same if same == self.open => kind.name().to_owned(),
            narrower => format!("{kind} ({})", narrower.words()),
        });
        let next: Vec<_> = next.collect();
        match next.is_empty() {
            true => format!("no further event of this decision under {level}"),
            false => format!("under {level}: {}", next.join(" or ")),
        }
    }
}

/// Returns what an event says that its own decision decides: an answer that was received is another one.
fn own_choice(event: &Event) -> Option<Choice> {
    let own = event.payload.decision;
    own.filter(|_| event.kind != Kind::Received)
}

/// The order: what a decision can decide where one kind of event follows another.
fn in_turn(reached: Option<Kind>, next: Kind, gate: Option<Gate>) -> Choices {
    use Kind::{Applied, Created, Received, Requested, Signed};
    match (reached, next) {
        (None, Created) => Choices::ANY,
        (Some(Created), Requested) | (Some(Requested), Received) => Choices::only(Choice::Defer),
        (Some(Created), Signed) if takes_signature(gate) => Choices::only(Choice::Approve),
        (Some(Created), Applied) => Choices::DECIDED,
        (Some(Signed), Applied) => Choices::only(Choice::Approve),
        // A waiver may be used as often as it says.
        (Some(Applied), Applied) if gate == Some(Gate::PolicyViolation) => {
            Choices::only(Choice::Approve)
        }
        _ => Choices::NONE,
    }
}

/// What a decision can decide where such an event happens under a level.
fn at_level(kind: Kind, level: Level) -> Choices {
    use Level::{Autonomous, FullHuman, Hybrid, Locked};
    let landing = Choices::of(|choice| lands(choice, level));
    match (kind, level) {
        (Kind::Created | Kind::Applied, _) => landing,
        (Kind::Signed, FullHuman | Locked) | (Kind::Requested, Locked) => Choices::NONE,
        // What is received is an answer, which decides for itself.
        (Kind::Signed | Kind::Requested, FullHuman | Hybrid | Autonomous) | (Kind::Received, _) => {
            Choices::ANY
        }
    }
}

/// Returns whether such a decision has any effect under a level: nothing proceeds under LOCKED.
fn lands(choice: Choice, level: Level) -> bool {
    level != Level::Locked || choice != Choice::Approve
}

/// Returns whether a model's signature may open the gate: at any level, these need a person. Gates of other
/// programs are theirs.
fn takes_signature(gate: Option<Gate>) -> bool {
    !matches!(
        gate,
        Some(Gate::SkeletonApproval | Gate::CloudEscalation | Gate::PolicyViolation)
    )
}

/// A set of choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choices {
    approve: bool,
    reject: bool,
    defer: bool,
}

impl Choices {
    const ANY: Self = Self {
        approve: true,
        reject: true,
        defer: true,
    };
    const NONE: Self = Self {
        approve: false,
        reject: false,
        defer: false,
    };
    /// What can be applied.
    const DECIDED: Self = Self {
        approve: true,
        reject: true,
        defer: false,
    };

    fn of(has: impl Fn(Choice) -> bool) -> Self {
        Self {
            approve: has(Choice::Approve),
            reject: has(Choice::Reject),
            defer: has(Choice::Defer),
        }
    }

    fn only(choice: Choice) -> Self {
        Self::of(|it| it == choice)
    }

    fn has(self, choice: Choice) -> bool {
        match choice {
            Choice::Approve => self.approve,
            Choice::Reject => self.reject,
            Choice::Defer => self.defer,
        }
    }

    fn and(self, other: Self) -> Self {
        Self::of(|it| self.has(it) && other.has(it))
    }

    fn any(self) -> bool {
        self != Self::NONE
    }

    fn words(self) -> String {
        let words = Choice::ALL.iter().filter(|it| self.has(**it));
        words.map(|it| it.word()).collect::<Vec<_>>().join(" or ")
    }

    fn decided(self) -> String {
        match self {
            Self::ANY => "deciding anything".to_owned(),
            some => format!("deciding {}", some.words()),
        }
    }
}

#[cfg(test)]
mod tests;
