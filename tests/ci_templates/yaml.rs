//! Reads the templates.

use saphyr::{LoadableYamlNode as _, Yaml};

use super::forge::{Job, Step, Table, What};

/// Returns the one document of a text.
pub fn load(text: &str) -> Yaml<'_> {
    let mut documents = Yaml::load_from_str(text).expect("the template is YAML");
    assert_eq!(documents.len(), 1, "one document");
    documents.remove(0)
}

/// Returns the entries of a mapping; of nothing, none.
pub fn entries<'a>(node: Option<&'a Yaml<'a>>) -> Vec<(String, &'a Yaml<'a>)> {
    let Some(map) = node.and_then(Yaml::as_mapping) else {
        return Vec::new();
    };
    let name = |key: &Yaml<'_>| text(key).expect("keys are words");
    map.iter().map(|(key, value)| (name(key), value)).collect()
}

/// Returns what a key holds.
pub fn get<'a>(node: &'a Yaml<'a>, key: &str) -> Option<&'a Yaml<'a>> {
    node.as_mapping_get(key)
}

/// Returns a scalar as it is spelled.
pub fn text(node: &Yaml<'_>) -> Option<String> {
    if let Some(text) = node.as_str() {
        return Some(text.to_owned());
    }
    let number = node.as_integer().map(|it| it.to_string());
    number.or_else(|| node.as_bool().map(|it| it.to_string()))
}

/// Returns a list of words, or one word.
pub fn words(node: Option<&Yaml<'_>>) -> Vec<String> {
    match node {
        None => Vec::new(),
        Some(node) => match node.as_sequence() {
            Some(list) => list.iter().filter_map(text).collect(),
            None => text(node).into_iter().collect(),
        },
    }
}

/// Returns a mapping to scalars.
pub fn table(node: Option<&Yaml<'_>>) -> Table {
    let value = |node: &Yaml<'_>| match get(node, "value") {
        Some(value) => text(value),
        None => text(node),
    };
    entries(node)
        .into_iter()
        .map(|(name, node)| (name, value(node).expect("a scalar")))
        .collect()
}

/// Returns the jobs of a workflow of GitHub Actions.
pub fn github(document: &Yaml<'_>) -> Vec<Job> {
    let common = table(get(document, "env"));
    entries(get(document, "jobs"))
        .into_iter()
        .map(|(name, job)| {
            let mut env = common.clone();
            env.extend(table(get(job, "env")));
            let steps = get(job, "steps").and_then(Yaml::as_sequence).unwrap();
            Job {
                name,
                needs: words(get(job, "needs")),
                environment: get(job, "environment").and_then(text),
                env,
                steps: steps.iter().map(github_step).collect(),
                outputs: table(get(job, "outputs")),
            }
        })
        .collect()
}

fn github_step(step: &Yaml<'_>) -> Step {
    let word = |key: &str| get(step, key).and_then(text);
    let known = ["name", "id", "if", "env", "run", "uses", "with"];
    for (key, _) in entries(Some(step)) {
        assert!(
            known.contains(&key.as_str()),
            "{key} is not played by this test"
        );
    }
    let what = match (word("run"), word("uses")) {
        (Some(script), None) => What::Shell(script),
        (None, Some(action)) => match action.as_str() {
            "actions/upload-artifact@v4" => What::Keep(table(get(step, "with"))["path"].clone()),
            "actions/checkout@v4" => {
                assert!(get(step, "with").is_none(), "with its defaults");
                What::CheckOut
            }
            other => panic!("{other} is not played by this test"),
        },
        other => panic!("a step runs something: {other:?}"),
    };
    Step {
        name: word("name").expect("every step has a name"),
        id: word("id"),
        env: table(get(step, "env")),
        always: word("if").is_some_and(|it| {
            assert_eq!(it, "${{ always() }}", "the one condition there is");
            true
        }),
        what,
    }
}

/// Keys at the top of a file for GitLab that are no jobs.
const GITLAB_TOP: [&str; 4] = ["variables", "workflow", "stages", "default"];

/// Returns the jobs of a file for GitLab.
pub fn gitlab(document: &Yaml<'_>) -> Vec<Job> {
    let env = table(get(document, "variables"));
    let default = get(document, "default").unwrap();
    let lines = |node: &Yaml<'_>, key: &str| words(get(node, key)).join("\n");
    let shell = |name: &str, always: bool, script: String| Step {
        name: name.to_owned(),
        id: None,
        env: Table::new(),
        always,
        what: What::Shell(script),
    };
    let jobs = entries(Some(document)).into_iter();
    jobs.filter(|(name, _)| !GITLAB_TOP.contains(&name.as_str()))
        .map(|(name, job)| {
            // One shell for both, as the runner has it; what comes after has its own.
            let script = format!(
                "{}\n{}",
                lines(default, "before_script"),
                lines(job, "script")
            );
            let mut steps = vec![
                shell("script", false, script),
                shell("after_script", true, lines(default, "after_script")),
            ];
            if env.get("GIT_STRATEGY").is_none_or(|it| it != "none") {
                let check_out = Step {
                    what: What::CheckOut,
                    ..shell("checkout", false, String::new())
                };
                steps.insert(0, check_out);
            }
            if let Some(artifacts) = get(job, "artifacts") {
                assert_eq!(
                    get(artifacts, "when").and_then(text).as_deref(),
                    Some("always")
                );
                let keep = words(get(artifacts, "paths")).into_iter().map(|path| Step {
                    what: What::Keep(path),
                    ..shell("artifacts", true, String::new())
                });
                steps.extend(keep);
            }
            Job {
                name,
                needs: words(get(job, "needs")),
                environment: get(job, "environment").and_then(text),
                env: env.clone(),
                steps,
                outputs: Table::new(),
            }
        })
        .collect()
}
