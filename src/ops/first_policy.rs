//! The first policy of somebody who starts alone, as `git awo init` writes it.

use std::collections::BTreeMap;

use crate::policy::document::{
    AutomationRules, ClaimRules, DirectGrant, Document, Gates, Identity, Limits, RefGrant, Roots,
    Rule, SCHEMA, TagForm, TagGrant, TagsBefore, TreeRules,
};
use crate::policy::features;
use crate::record::{self, IdentityName, ObjectId, RefName, Role};

use super::Error;
use super::habits::Habits;
use super::tag_names::Patterns;

/// The name of the server.
pub const SERVER: &str = "server";
/// Files that start programs elsewhere when they are pushed, as broad patterns.
const CI_FILES: &[&str] = &[".github/workflows/", ".gitlab-ci.yml"];
/// Whoever may change what concerns everybody.
const OPERATORS: &str = "role:operator";

/// What a first policy depends on.
pub struct Founding<'a> {
    pub name: &'a IdentityName,
    /// The branch that is governed.
    pub branch: &'a RefName,
    /// Its tip, if it has one.
    pub adopted: Option<ObjectId>,
    /// Whether the key of a server is known.
    pub server: bool,
    /// What the branch holds.
    pub habits: &'a Habits,
}

/// Returns the policy: one branch is governed, wip/ is free for all named, and for what operators vouch for. A branch without a commit
/// takes the founder's direct commits, since a run needs one to start from. What the branch uses is
/// permitted, everywhere, each with its risk as a comment.
pub fn first_policy(founding: &Founding<'_>) -> Result<Vec<u8>, Error> {
    let document = document(founding);
    let text = toml::to_string(&document).map_err(|error| {
        Error::unusable(
            record::Rule::PolicyWritten,
            "cannot write the policy",
            &error,
        )
    })?;
    Ok(commented(&text, founding.habits).into_bytes())
}

fn document(founding: &Founding<'_>) -> Document {
    let Founding {
        name,
        branch,
        adopted,
        server,
        habits,
    } = founding;
    let everywhere = |writer: &str| DirectGrant {
        writers: vec![writer.to_owned()],
        paths: vec!["**".to_owned()],
    };
    let identity = |name: &str, role: Role| Identity {
        name: name.to_owned(),
        principals: Vec::new(),
        roles: vec![role.word().to_owned()],
        model: None,
    };
    let mut identities = vec![identity(name.as_str(), Role::Operator)];
    if *server {
        identities.push(identity(SERVER, Role::Server));
    }
    let mut accept = vec!["governed".to_owned(), "rollback".to_owned()];
    let mut direct = Vec::new();
    if adopted.is_none() {
        accept.push("direct".to_owned());
        direct.push(everywhere(name.as_str()));
    }
    let ci = Rule {
        name: "ci".to_owned(),
        refs: vec!["refs/heads/**".to_owned()],
        paths: CI_FILES.iter().map(|it| (*it).to_owned()).collect(),
        writers: vec![OPERATORS.to_owned()],
    };
    let mut limits = Limits::default();
    if let Some(largest) = habits.largest {
        // Room for it to grow.
        limits.file_bytes = largest.checked_next_power_of_two().unwrap_or(u64::MAX);
    }
    Document {
        claims: ClaimRules::default(),
        ceilings: Vec::new(),
        state: None,
        artefacts: Vec::new(),
        risk: BTreeMap::new(),
        schema: SCHEMA.to_owned(),
        version: 1,
        requires: vec![features::EVIDENCE.to_owned()],
        level: "FULL_HUMAN".to_owned(),
        expires: None,
        roots: Roots {
            threshold: 1,
            identities: vec![name.to_string()],
        },
        gates: Gates::default(),
        automation: AutomationRules::default(),
        tree: tree(habits),
        identities,
        refs: vec![
            RefGrant {
                pattern: branch.to_string(),
                accept,
                merges: habits.merges,
                rewind: false,
                adopted: adopted.map(|id| id.to_string()),
                direct,
                vouched: Vec::new(),
                vouched_for: Vec::new(),
            },
            RefGrant {
                pattern: "refs/heads/wip/**".to_owned(),
                accept: vec!["direct".to_owned(), "vouched".to_owned()],
                merges: true,
                rewind: true,
                adopted: None,
                direct: vec![everywhere("*")],
                vouched: vec![everywhere(OPERATORS)],
                // Once people may vouch on the branch, others may still build on it.
                vouched_for: vec![branch.to_string()],
            },
        ],
        tags: tags(habits),
        tags_before: TagsBefore {
            adopted: habits.tags.clone(),
        },
        rules: vec![ci],
        limits,
    }
}

/// Returns the entries for tags such as there are.
fn tags(habits: &Habits) -> Vec<TagGrant> {
    let grant = |pattern: &String, form: TagForm, moves: bool| {
        // Nobody can be named for a tag without a signature.
        let creators = match form {
            TagForm::Signed => OPERATORS,
            TagForm::Annotated | TagForm::Any => "*",
        };
        TagGrant {
            pattern: pattern.clone(),
            creators: vec![creators.to_owned()],
            form,
            of: Vec::new(),
            moves,
            delete: false,
        }
    };
    let patterns = Patterns::of(habits.tags.keys().map(String::as_str));
    let staying = patterns.staying.iter();
    let staying = staying.map(|it| grant(it, habits.tag_form, false));
    let moving = patterns.moving.iter();
    let moving = moving.map(|it| grant(it, habits.moving_form, true));
    staying.chain(moving).collect()
}

fn tree(habits: &Habits) -> TreeRules {
    let everywhere = |key: &str| match habits.tree.contains(key) {
        true => vec!["**".to_owned()],
        false => Vec::new(),
    };
    let git_files = habits.git_files.iter();
    TreeRules {
        protected: Vec::new(),
        executable: everywhere("executable"),
        symlinks: everywhere("symlinks"),
        submodules: everywhere("submodules"),
        odd_modes: everywhere("odd_modes"),
        odd_names: everywhere("odd_names"),
        collisions: everywhere("collisions"),
        git_files: git_files
            .map(|name| ((*name).to_owned(), vec![OPERATORS.to_owned()]))
            .collect(),
    }
}

/// What a line of the policy risks, by how the line begins. Only what a repository uses has such a line.
const RISKS: &[(&str, &str)] = &[
    (
        "executable = [\"**\"]",
        "Used here: files that are executable. Whoever runs one runs what a commit says.\n\
         Narrower: executable = [\"bin/**\", \"scripts/*.sh\"]",
    ),
    (
        "symlinks = [\"**\"]",
        "Used here: symlinks. A program that follows one acts on another place than its path says.\n\
         Narrower: symlinks = [\"docs/latest\"]",
    ),
    (
        "submodules = [\"**\"]",
        "Used here: submodules. No rule judges the code of another repository.\n\
         Narrower: submodules = [\"vendor/*\"]",
    ),
    (
        "odd_modes = [\"**\"]",
        "Used here: modes of old programs, such as 100664. git reads them as 100644.",
    ),
    (
        "odd_names = [\"**\"]",
        "Used here: names that are not plain. Programs that read lists of files may see other names.\n\
         Narrower: odd_names = [\"tests/data/**\"]",
    ),
    (
        "collisions = [\"**\"]",
        "Used here: names that are one name to some file systems. Checked out there, one file overwrites\n\
         the other. Narrower: collisions = [\"tests/case/*\"]",
    ),
    (
        "[tree.git_files]",
        "Used here: files that git obeys. .gitattributes can hide a change from a reviewer and name filters;\n\
         .gitmodules says from where code is fetched; .lfsconfig, where large files go and come from.",
    ),
    (
        "merges = true",
        "Used here: merges. Each commit behind one is judged, and what the merge itself changes.",
    ),
    (
        "form = \"any\"",
        "Used here: tags that are mere names of commits. Everybody who can push creates them, and no\n\
         signature tells who did. Narrower: creators = [\"role:operator\"], form = \"signed\"",
    ),
    (
        "form = \"annotated\"",
        "Used here: tags without a signature of ours. Everybody who can push creates them, and who did cannot\n\
         be shown. Narrower: creators = [\"role:operator\"], form = \"signed\"",
    ),
    (
        "move = true",
        "Used here: tags that move, such as latest. Whoever may create one may move it, and whoever names it\n\
         gets other code from one day to the next. If none is to move any more, remove these entries.",
    ),
    (
        "move = false",
        "A tag stays where it was pushed. To move one, each entry that matches it must say move = true.",
    ),
    (
        "[tags.adopted]",
        "The tags from before adoption. Each may be created here, at this object.",
    ),
    (
        "name = \"ci\"",
        "Files that start programs when they are pushed: only operators may change them.",
    ),
];

/// Adds the risk of each line to it.
fn commented(text: &str, habits: &Habits) -> String {
    let mut risks = RISKS.to_vec();
    // wip/ takes merges in any case.
    risks.retain(|(begin, _)| habits.merges || *begin != "merges = true");
    let default = format!("file_bytes = {}", Limits::default().file_bytes);
    let mut commented = String::new();
    for line in text.lines() {
        if let Some(at) = risks.iter().position(|(begin, _)| line.starts_with(begin)) {
            let (_, risk) = risks.remove(at);
            for told in risk.lines() {
                commented.push_str(&format!("# {told}\n"));
            }
        }
        if line.starts_with("file_bytes = ") && line != default {
            commented.push_str("# Used here: files larger than the default of 256 MiB.\n");
        }
        commented.push_str(line);
        commented.push('\n');
    }
    commented
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::record::RepoPath;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

    fn written(habits: &Habits) -> (String, Policy) {
        let founding = Founding {
            name: &IdentityName::new("olga").unwrap(),
            branch: &RefName::new("refs/heads/main").unwrap(),
            adopted: Some(ObjectId::Sha1([7; 20])),
            server: false,
            habits,
        };
        let text = first_policy(&founding).unwrap();
        let policy = Policy::parse_new(&text, format!("olga {KEY}\n").as_bytes());
        (String::from_utf8(text).unwrap(), policy.unwrap())
    }

    #[test]
    fn each_habit_is_permitted_with_its_risk() {
        let tree = [
            "executable",
            "symlinks",
            "submodules",
            "odd_modes",
            "odd_names",
            "collisions",
        ];
        let habits = Habits {
            tree: tree.into(),
            git_files: [".gitattributes"].into(),
            merges: true,
            largest: Some(300 << 20),
            tags: ["latest", "v1.0"]
                .map(|it| (format!("refs/tags/{it}"), "07".repeat(20)))
                .into(),
            tag_form: TagForm::Any,
            moving_form: TagForm::Any,
            ..Habits::default()
        };
        let (text, policy) = written(&habits);
        // One of the two forms of tags; and not what no habit asks for: the tags that stay, the adopted
        // ones, and the files of CI.
        let used = text.matches("# Used here: ").count();
        assert_eq!(used, RISKS.len() - 3, "{text}");
        for (begin, _) in RISKS.iter().filter(|it| !it.0.contains("annotated")) {
            let at = text.find(&format!("\n{begin}"));
            let before = text.get(..at.unwrap()).unwrap();
            assert!(before.lines().last().unwrap().starts_with("# "), "{begin}");
        }
        let rules = policy.document();
        assert_eq!(rules.limits.file_bytes, 512 << 20);
        assert_eq!(rules.tree.odd_names, ["**"]);
        assert!(rules.refs[0].merges);
        let olga = IdentityName::new("olga").unwrap();
        let kept = |path: &str| {
            policy
                .keeps_git_file(&RepoPath::from(path), &olga)
                .is_some()
        };
        assert!(!kept(".gitattributes") && kept(".gitmodules"));
        assert_eq!(rules.tags[0].form, TagForm::Any);
        assert_eq!(rules.tags_before.adopted.len(), 2);
        let may_move = |tag: &str| {
            let name = RefName::new(format!("refs/tags/{tag}")).unwrap();
            policy.tag_rules(&name).map(|it| it.accepts_move())
        };
        assert_eq!(may_move("latest"), Some(true));
        assert_eq!(may_move("v1.1"), Some(false));
        assert_eq!(may_move("other"), None);
        assert_eq!(habits.keys().len(), tree.len() + 5);
    }

    #[test]
    fn what_nothing_uses_is_not_permitted() {
        let (text, policy) = written(&Habits::default());
        assert_eq!(text.matches('#').count(), 1, "{text}");
        let rules = policy.document();
        assert_eq!(rules.limits, Limits::default());
        assert_eq!(rules.tree, TreeRules::default());
        assert!(!rules.refs[0].merges && rules.tags.is_empty());
        // Who executes a run may not change what starts programs elsewhere; a person may.
        let main = RefName::new("refs/heads/main").unwrap();
        let rules = policy.ref_rules(&main).unwrap();
        let restricted = |name: &str, path: &str| {
            let name = IdentityName::new(name).unwrap();
            rules.restricts(&name, &RepoPath::from(path)).is_some()
        };
        assert!(!restricted("olga", ".github/workflows/x.yml"));
        assert!(
            restricted("otto", ".github/workflows/x.yml") && restricted("otto", ".gitlab-ci.yml")
        );
        assert!(!restricted("otto", "src/x"));
        let wip = RefName::new("refs/heads/wip/x").unwrap();
        assert!(policy.ref_rules(&wip).unwrap().takes_vouches_for(&main));
        assert!(!rules.takes_vouches_for(&wip));
    }
}
