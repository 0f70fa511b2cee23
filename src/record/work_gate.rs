//! The ten gates of post-work: what is computed of every file that a run changes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A gate of post-work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkGate {
    /// Each planned anchor occurs exactly once in what was there before.
    AnchorsPresent,
    /// The lines that changed lie in the planned window.
    WindowMatchesPlan,
    /// The first and last line of the window, and every byte outside of it, are as before.
    RailsUntouchedOutsideWindow,
    /// The path is in its one canonical form and names a plain file.
    FilenameCanonicalAndOpenable,
    /// The plan names the bytes that the base has.
    #[serde(rename = "pre_sha1_captured")]
    PreSha1Captured,
    /// The run's own manifest names the blob that the commit has.
    #[serde(rename = "post_sha1_captured")]
    PostSha1Captured,
    /// As many lines came and went as planned.
    LineDeltaEqualsExpected,
    /// Relative links on changed lines, and links to what is gone, lead somewhere.
    AllLinksResolvable,
    /// The inventory of the run lists the manifest where the run record says.
    ManifestWrittenAndPathReturned,
    /// The branch had what the plan began with when the commit landed.
    CurrentFileMatchesPreimage,
}

impl WorkGate {
    /// Every gate, in the order of the manifest.
    pub const ALL: &'static [Self] = &[
        Self::AnchorsPresent,
        Self::WindowMatchesPlan,
        Self::RailsUntouchedOutsideWindow,
        Self::FilenameCanonicalAndOpenable,
        Self::PreSha1Captured,
        Self::PostSha1Captured,
        Self::LineDeltaEqualsExpected,
        Self::AllLinksResolvable,
        Self::ManifestWrittenAndPathReturned,
        Self::CurrentFileMatchesPreimage,
    ];

    /// Returns the gate's name, as packets write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnchorsPresent => "anchors_present",
            Self::WindowMatchesPlan => "window_matches_plan",
            Self::RailsUntouchedOutsideWindow => "rails_untouched_outside_window",
            Self::FilenameCanonicalAndOpenable => "filename_canonical_and_openable",
            Self::PreSha1Captured => "pre_sha1_captured",
            Self::PostSha1Captured => "post_sha1_captured",
            Self::LineDeltaEqualsExpected => "line_delta_equals_expected",
            Self::AllLinksResolvable => "all_links_resolvable",
            Self::ManifestWrittenAndPathReturned => "manifest_written_and_path_returned",
            Self::CurrentFileMatchesPreimage => "current_file_matches_preimage",
        }
    }

    /// Returns the gate of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|gate| gate.name() == name)
    }

    /// Tells whether a person may waive it. The others say what a run is made of, and whether its record is
    /// true.
    pub fn may_be_waived(self) -> bool {
        matches!(
            self,
            Self::WindowMatchesPlan
                | Self::RailsUntouchedOutsideWindow
                | Self::LineDeltaEqualsExpected
                | Self::AllLinksResolvable
        )
    }
}

impl fmt::Display for WorkGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_packets() {
        for gate in WorkGate::ALL {
            let name = serde_json::to_string(gate).unwrap();
            assert_eq!(name, format!("\"{gate}\""));
            assert_eq!(WorkGate::of_name(gate.name()), Some(*gate));
        }
        assert_eq!(WorkGate::of_name("anchors"), None);
    }
}
