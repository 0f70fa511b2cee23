use super::*;

fn draft() -> ContractDraft {
    ContractDraft {
        schema: SCHEMA.to_owned(),
        id: TaskId::new("T-1").unwrap(),
        base_task_id: None,
        title: None,
        task: "Do it.".to_owned(),
        target: Target {
            locator: "/srv/x".to_owned(),
            admission: Admission {
                status: "admitted".to_owned(),
                ..Admission::default()
            },
        },
        target_ref: RefName::new("refs/heads/main").unwrap(),
        base: None,
        allowed_paths: vec!["src/".to_owned()],
        forbidden_paths: vec![".env".to_owned()],
        forbidden_actions: vec![ActionName::Push],
        out_of_scope: vec![],
        success_criteria: vec![],
        validation_command: None,
        rollback: vec![],
        approval_sentence: "I approve T-1.".to_owned(),
        gate1: Gate1::default(),
        evidence: vec![],
        stage: Some("5".to_owned()),
        status: None,
        risk_tier: None,
        requestor: None,
        user_signature: None,
        lineage: vec![],
        waivers: vec![],
        extra: BTreeMap::new(),
        packet_kind: PacketKind::Toml,
        source_sha256: Sha256::of(b""),
        not_understood: vec![],
    }
}

#[test]
fn a_sound_draft_becomes_a_contract_and_survives_storage() {
    let contract = draft().check().unwrap();
    assert_eq!(contract.id.as_str(), "T-1");
    let text = serde_json::to_string(&contract).unwrap();
    assert!(!text.contains("null"), "absent fields are left out");
    assert_eq!(serde_json::from_str::<Contract>(&text).unwrap(), contract);
}

#[test]
fn each_fault_is_named_and_all_at_once() {
    type Spoil = fn(&mut ContractDraft);
    let table: [(&str, Spoil); 15] = [
        ("schema", |d| d.schema = "awo.contract/2".to_owned()),
        ("allowed_paths", |d| d.allowed_paths.clear()),
        ("allowed_paths", |d| {
            d.allowed_paths = vec!["/etc".to_owned()]
        }),
        ("allowed_paths", |d| {
            d.forbidden_paths = vec!["src/".to_owned()]
        }),
        ("forbidden_paths", |d| {
            d.forbidden_paths = vec!["!x".to_owned()]
        }),
        ("task", |d| d.task = " \n".to_owned()),
        ("task", |d| d.task = "a\u{1b}[2Jb".to_owned()),
        ("target.locator", |d| d.target.locator.clear()),
        ("target.admission.status", |d| {
            d.target.admission.status.clear()
        }),
        ("approval_sentence", |d| {
            d.approval_sentence = "One.\nTwo.".to_owned()
        }),
        ("approval_sentence", |d| {
            d.approval_sentence = "One. ".to_owned()
        }),
        ("target_ref", |d| {
            d.target_ref = RefName::new("refs/tags/v1").unwrap()
        }),
        ("base", |d| d.base = Some(ObjectId::Sha1([0; 20]))),
        ("stage", |d| d.stage = Some("5; rm".to_owned())),
        ("evidence", |d| d.evidence = vec![String::new()]),
    ];
    for (field, spoil) in table {
        let mut spoiled = draft();
        spoil(&mut spoiled);
        let problems = spoiled.check().unwrap_err();
        let fields: Vec<_> = problems.iter().map(ContractProblem::field).collect();
        assert_eq!(fields, [field], "{problems:?}");
    }
    let mut all = draft();
    for (_, spoil) in table {
        spoil(&mut all);
    }
    assert!(
        all.check().unwrap_err().len() >= 8,
        "every fault is reported"
    );
}

#[test]
fn a_stored_contract_is_checked_again_on_reading() {
    let good = serde_json::to_value(draft().check().unwrap()).unwrap();
    assert!(serde_json::from_value::<Contract>(good.clone()).is_ok());
    let spoil = |key: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        bad[key] = value;
        serde_json::from_value::<Contract>(bad)
            .unwrap_err()
            .to_string()
    };
    let error = spoil("allowed_paths", serde_json::json!(["../up"]));
    assert!(error.contains("'..'"), "{error}");
    assert!(spoil("allowed_paths", serde_json::json!([])).contains("empty scope"));
    assert!(spoil("forbidden_actions", serde_json::json!(["fly"])).contains("fly"));
    assert!(spoil("ceiling", serde_json::json!(1)).contains("unknown field"));
    assert!(spoil("id", serde_json::json!("../x")).contains("task id"));
}

#[test]
fn two_unicode_forms_of_a_key_are_one_key_twice() {
    let mut draft = draft();
    let keys = ["\u{e5}", "b", "a\u{30a}"];
    draft.extra = keys[..2]
        .iter()
        .map(|key| ((*key).to_owned(), String::new()))
        .collect();
    assert_eq!(draft.extra_twice(), None);
    draft.extra.insert(keys[2].to_owned(), String::new());
    assert_eq!(draft.extra_twice(), Some((keys[2], keys[0])));
}
