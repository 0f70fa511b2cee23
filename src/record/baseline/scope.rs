//! Where a baseline stands: what it is of, and its name.

use std::fmt;

use crate::record::fold;
use crate::record::{BaselineName, PlanId, RefName, TaskId};

/// What a baseline is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Neither a task nor a plan.
    None,
    /// A task.
    Task(TaskId),
    /// A plan.
    Plan(PlanId),
}

/// The word of a scope that is neither a task nor a plan: no id begins with a dash.
const NO_SCOPE: &str = "-";

impl Scope {
    /// Returns the word that names it in a ref.
    pub fn word(&self) -> &str {
        match self {
            Self::None => NO_SCOPE,
            Self::Task(task) => task.as_str(),
            Self::Plan(plan) => plan.as_str(),
        }
    }

    /// Returns the task that is called like the task or plan, if there could be one.
    pub fn called(&self) -> Option<TaskId> {
        match self {
            Self::Task(task) => Some(task.clone()),
            Self::Plan(plan) => TaskId::new(plan.as_str()).ok(),
            Self::None => None,
        }
    }

    /// Returns the task, if it is one.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Task(task) => Some(task),
            _ => None,
        }
    }

    /// Returns the plan, if it is one.
    pub fn plan(&self) -> Option<&PlanId> {
        match self {
            Self::Plan(plan) => Some(plan),
            _ => None,
        }
    }
}

/// Where a baseline stands: `<TASK or PLAN>/<NAME>`, or `-/<NAME>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    scope: String,
    name: BaselineName,
}

impl Place {
    /// Below this prefix stand all baselines.
    pub const PREFIX: &str = "refs/awo/amu0/";

    /// Returns the place of a name.
    pub fn new(scope: &Scope, name: BaselineName) -> Self {
        let scope = scope.word().to_owned();
        Self { scope, name }
    }

    /// Returns the place that a ref is, if it is one.
    pub fn of(reference: &RefName) -> Option<Self> {
        reference.as_str().strip_prefix(Self::PREFIX)?.parse().ok()
    }

    /// Returns the word of what it is of.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Returns the name.
    pub fn name(&self) -> &BaselineName {
        &self.name
    }

    /// Returns the word of what it is of, as file systems compare it: all of one are one line.
    pub fn line(&self) -> String {
        fold::name(&self.scope)
    }

    /// Returns the place as file systems compare it: of two that fold to one, the second is refused.
    pub fn folded(&self) -> (String, String) {
        (self.line(), fold::name(self.name.as_str()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope, self.name)
    }
}

impl std::str::FromStr for Place {
    type Err = crate::record::name::BadName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scope, name) = text.split_once('/').unwrap_or((text, ""));
        let name = BaselineName::new(name)?;
        if scope != NO_SCOPE {
            TaskId::new(scope)?;
        }
        let scope = scope.to_owned();
        Ok(Self { scope, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_two_names_and_no_more() {
        let place = |text: &str| Place::of(&RefName::new(text).unwrap());
        for good in ["-/BASE", "T-1/PRE_HARDENING_AMU0", "plan.2/x"] {
            let found = place(&format!("{}{good}", Place::PREFIX)).unwrap();
            assert_eq!(found.to_string(), good);
        }
        for bad in [
            "x",
            "T-1",
            "T-1/x/y",
            "--/x",
            "-x/y",
            "\u{e9}/x",
            "T-1/\u{e9}",
            "-/-",
        ] {
            assert_eq!(place(&format!("{}{bad}", Place::PREFIX)), None, "{bad}");
        }
        assert_eq!(place("refs/awo/amu1/-/x"), None);
    }

    #[test]
    fn places_that_a_file_system_takes_for_one_fold_to_one() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        assert_eq!(place("t-1/Base").folded(), place("T-1/BASE").folded());
        assert_ne!(place("T-1/BASE").folded(), place("T-2/BASE").folded());
    }
}
