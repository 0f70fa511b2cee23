//! Actions that a contract may forbid.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// An action that a contract forbids. Unknown names are refused, since they could not be detected.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum ActionName { $($(#[$doc])* $name,)* }

        impl ActionName {
            /// Every known action.
            pub const ALL: &'static [ActionName] = &[$(ActionName::$name,)*];

            /// Returns the name as it is written: `force_push`.
            pub fn as_str(self) -> &'static str {
                match self { $(ActionName::$name => $text,)* }
            }
        }
    };
}

actions! {
    /// Pushing to any remote.
    Push = "push",
    /// Merging into a branch.
    Merge = "merge",
    /// Pushing with history rewritten.
    ForcePush = "force_push",
    /// Deleting a ref.
    Delete = "delete",
    /// Moving an existing tag.
    TagMove = "tag_move",
    /// Creating a replace ref under `refs/replace/`.
    ReplaceRef = "replace_ref",
    /// Deploying anything.
    Deploy = "deploy",
    /// Closing a work item.
    Close = "close",
    /// Opening a pull request.
    PrOpen = "pr_open",
    /// Closing an issue.
    IssueClose = "issue_close",
    /// Publishing anything.
    PublicPublication = "public_publication",
    /// Changing, making or revoking a credential.
    CredentialChange = "credential_change",
    /// Changing vendored source.
    VendorSourceMutation = "vendor_source_mutation",
    /// Changing the core of the system that orders the work.
    CortexCoreMutation = "cortex_core_mutation",
    /// Changing the configuration of the repository.
    ConfigChange = "config_change",
    /// Adding, changing or removing a remote.
    RemoteChange = "remote_change",
    /// Adding, changing or removing a hook.
    HookChange = "hook_change",
}

/// The text is not the name of a known action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known action")]
pub struct UnknownAction(pub String);

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ActionName {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        let known = Self::ALL.iter().find(|action| action.as_str() == text);
        known.copied().ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

impl TryFrom<String> for ActionName {
    type Error = UnknownAction;

    fn try_from(text: String) -> Result<Self, UnknownAction> {
        text.parse()
    }
}

impl From<ActionName> for String {
    fn from(action: ActionName) -> Self {
        action.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_actions_round_trip_and_others_are_refused() {
        for action in ActionName::ALL {
            assert_eq!(action.to_string().parse::<ActionName>().unwrap(), *action);
        }
        for bad in ["", "Push", "push ", "force-push", "teleport"] {
            assert!(bad.parse::<ActionName>().is_err(), "{bad:?} is no action");
        }
    }
}
