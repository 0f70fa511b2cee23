use super::*;

pub(crate) fn draft() -> ContractDraft {
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
        validation_steps: Vec::new(),
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
        supplied: Vec::new(),
        skeleton: false,
        post_work: false,
        cell: Default::default(),
        ceiling: Default::default(),
        determinism: None,
        packet: None,
        notices: Vec::new(),
        execution_gate: None,
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
    let table: [(&str, Spoil); 17] = [
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
        ("determinism", |d| d.determinism = Some(1)),
        ("determinism", |d| d.determinism = Some(17)),
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
    assert!(spoil("roof", serde_json::json!(1)).contains("unknown field"));
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

#[test]
fn what_a_contract_says_of_its_cell_is_read_back_and_judged() {
    let mut draft = draft();
    draft.cell.read = vec!["~/data".to_owned()];
    draft.cell.limits.set("wall_seconds", 5);
    let contract = draft.clone().check().unwrap();
    let text = serde_json::to_string(&contract).unwrap();
    assert!(
        text.contains(r#""cell":{"read":["~/data"],"limits":{"wall_seconds":5}}"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Contract>(&text).unwrap(), contract);
    // A stored one is judged like a new one.
    for (from, to) in [
        ("~/data", "~/.ssh"),
        (":5}", ":0}"),
        ("wall_seconds", "processes"),
        (r#""read""#, r#""network":true,"read""#),
    ] {
        let other = text.replace(from, to);
        assert!(serde_json::from_str::<Contract>(&other).is_err(), "{other}");
    }
}

/// A contract as it was written before work packets had fields of their own. It never changes.
const EARLIER: &str = r#"{"allowed_paths":["src/"],"approval_sentence":"I approve T-1.","evidence":[],"extra":{},"forbidden_actions":["push"],"forbidden_paths":[".env"],"id":"T-1","lineage":["v1 was dropped."],"not_understood":["line 3: x"],"out_of_scope":[],"packet_kind":"work-packet","rollback":[],"schema":"awo.contract/1","source_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","status":"Ready","success_criteria":[],"target":{"admission":{"status":"unstated"},"locator":"."},"target_ref":"refs/heads/main","task":"Do it.","user_signature":"any text","waivers":[]}"#;

#[test]
fn an_earlier_contract_is_read_and_written_byte_for_byte() {
    let contract: Contract = serde_json::from_str(EARLIER).unwrap();
    assert!(contract.packet.is_none() && !contract.post_work && !contract.skeleton);
    assert_eq!(
        serde_json::to_value(&contract).unwrap().to_string(),
        EARLIER
    );
}

#[test]
fn ids_have_one_version_in_one_spelling() {
    let id = |text: &str| TaskId::new(text).unwrap();
    for (text, base, version) in [
        ("WP-X", "WP-X", None),
        ("WP-X-v2", "WP-X", Some(2)),
        ("WP-X-v1-v10", "WP-X-v1", Some(10)),
        ("WP-X-v02", "WP-X-v02", None),
        ("WP-X-v0", "WP-X-v0", None),
        ("WP-X-v+2", "", None),
        ("WP-X-V2", "WP-X-V2", None),
        ("WP-X-v4294967296", "WP-X-v4294967296", None),
    ] {
        let Ok(it) = TaskId::new(text) else { continue };
        assert_eq!(it.versioned(), (id(base), version), "{text}");
    }
    for (text, end) in [
        ("X-v2", Some("v2")),
        ("X-v02", Some("v02")),
        ("X-V2", Some("V2")),
        ("X-v", None),
        ("X-v2a", None),
        ("Xv2", None),
        ("v2", None),
    ] {
        assert_eq!(id(text).numbered(), end, "{text}");
    }
    assert_eq!(id("X-v3").earlier(), [id("X-v2")]);
    assert_eq!(id("X-v2").earlier(), [id("X-v1"), id("X")]);
    assert!(id("X-v1").earlier().is_empty());
    assert!(id("X").earlier().is_empty());
}

#[test]
fn a_user_signature_has_letters_and_twelve_digits() {
    for good in ["a000000000000", "ilse010120261200"] {
        assert!(is_signature(good), "{good}");
    }
    for bad in [
        "",
        "000000000000",
        "a00000000000",
        "a0000000000000",
        "A000000000000",
        "a-000000000000",
        "\u{e4}000000000000",
        "a00000000000\u{663}",
        "a000000000000\n",
    ] {
        assert!(!is_signature(bad), "{bad:?}");
    }
}
