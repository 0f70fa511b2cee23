use super::*;

/// A report of runs that made this tree each, given by a digit, and ended with this code.
pub(crate) fn report(made: &[(u8, u8)]) -> DeterminismDraft {
    let tree = |digit: u8| ObjectId::Sha1([digit; 20]);
    let runs = made
        .iter()
        .zip(1..)
        .map(|((digit, code), number)| Repetition {
            exit_code: *code,
            output: Output {
                sha256: Sha256::of(&[*digit]),
                tree: tree(*digit),
            },
            planned: Planned::of(number),
            stderr: None,
            stdout: None,
        });
    let mut draft = DeterminismDraft {
        cell: HeldByAll::default(),
        command: vec!["make".to_owned()],
        difference: None,
        environment: Surroundings::default(),
        input: tree(0),
        outputs: Vec::new(),
        runs: runs.collect(),
        schedule: SCHEDULE.to_owned(),
        schema: SCHEMA.to_owned(),
        streams: false,
        tools: BTreeMap::new(),
        verdict: Sameness::Same,
    };
    draft.verdict = draft.follows();
    let first = draft.runs.first().cloned().unwrap();
    let other = draft
        .runs
        .iter()
        .zip(1..)
        .find(|(it, _)| !it.made_as(&first));
    draft.difference = other.map(|(it, run)| match it.exit_code == first.exit_code {
        true => Difference {
            offset: Some(3),
            path: Some("out".to_owned()),
            run,
            what: What::Content,
        },
        false => Difference {
            offset: None,
            path: None,
            run,
            what: What::ExitCode,
        },
    });
    draft
}

#[test]
fn the_verdict_follows_from_the_runs() {
    for (made, verdict) in [
        (&[(1, 0), (1, 0)][..], Sameness::Same),
        (&[(1, 0), (1, 0), (2, 0)], Sameness::Differs),
        (&[(1, 0), (1, 1)], Sameness::Differs),
        (&[(1, 7), (1, 7)], Sameness::Failed),
    ] {
        let draft = report(made);
        assert_eq!(draft.verdict, verdict);
        let report = draft.check().unwrap();
        let text = String::from_utf8(json::canonical(&report)).unwrap();
        let read: DeterminismReport = json::parse_canonical(text.as_bytes()).unwrap();
        assert_eq!(read, report);
    }
}

#[test]
fn what_does_not_fit_together_is_no_report() {
    type Spoil = fn(&mut DeterminismDraft);
    type Made<'a> = &'a [(u8, u8)];
    let same: Made = &[(1, 0), (1, 0)];
    let differs: Made = &[(1, 0), (1, 0), (2, 0)];
    let table: [(&str, Made, Spoil); 19] = [
        ("schema", same, |it| it.schema.push('0')),
        ("schedule", same, |it| it.schedule.push('0')),
        ("no command", same, |it| it.command.clear()),
        ("an empty program", same, |it| {
            it.command = vec![String::new()]
        }),
        ("a pattern", same, |it| it.outputs = vec!["!x".to_owned()]),
        ("one run", same, |it| it.runs.truncate(1)),
        ("17 runs", same, |it| {
            let one = it.runs.first().cloned().unwrap();
            it.runs = (1..=17)
                .map(|number| Repetition {
                    planned: Planned::of(number),
                    ..one.clone()
                })
                .collect();
        }),
        ("runs in another order", same, |it| it.runs.reverse()),
        ("a seed", same, |it| it.runs[1].planned.hash_seed = 1),
        ("a stream", same, |it| {
            it.runs[0].stdout = Some(Sha256::of(b""))
        }),
        ("no streams", same, |it| it.streams = true),
        ("it differs", same, |it| it.verdict = Sameness::Differs),
        ("it failed", same, |it| it.verdict = Sameness::Failed),
        ("the same", differs, |it| {
            it.verdict = Sameness::Same;
            it.difference = None;
        }),
        ("no difference", differs, |it| it.difference = None),
        ("an earlier run", differs, |it| {
            it.difference.as_mut().unwrap().run = 2;
        }),
        ("no run", differs, |it| {
            it.difference = Some(Difference {
                offset: None,
                path: None,
                run: 0,
                what: What::ExitCode,
            });
        }),
        ("no path", differs, |it| {
            it.difference.as_mut().unwrap().path = None
        }),
        ("the exit code", differs, |it| {
            let stated = it.difference.as_mut().unwrap();
            (stated.what, stated.path) = (What::ExitCode, None);
        }),
    ];
    for (what, made, spoil) in table {
        let mut draft = report(made);
        assert!(draft.clone().check().is_ok());
        spoil(&mut draft);
        assert!(draft.clone().check().is_err(), "{what}");
        let bytes = json::canonical(&draft);
        assert!(
            json::parse_canonical::<DeterminismReport>(&bytes).is_err(),
            "{what}"
        );
    }
    // A system that cannot keep a command to one processor.
    let mut draft = report(same);
    draft.runs[1].planned.processors = Processors::All;
    assert!(draft.check().is_ok());
    let mut draft = report(same);
    draft.runs[0].planned.processors = Processors::One;
    assert!(draft.check().is_err(), "the first run has all");
}

#[test]
fn a_recipe_is_its_tree_command_and_outputs() {
    let key = |spoil: fn(&mut DeterminismDraft)| {
        let mut draft = report(&[(1, 0), (1, 0)]);
        spoil(&mut draft);
        draft.check().unwrap().recipe().key()
    };
    let plain = key(|_| {});
    assert_eq!(key(|it| it.cell.kernel.push('x')), plain);
    for other in [
        key(|it| it.command.push("all".to_owned())),
        key(|it| it.input = ObjectId::Sha1([9; 20])),
        key(|it| it.outputs = vec!["dist/".to_owned()]),
    ] {
        assert_ne!(other, plain);
    }
}
