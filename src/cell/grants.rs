//! What a cell grants, and how it is handed to the process that becomes the command.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::held::Layer;
use crate::record::contract::CellLimits;

/// How much of a cell must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Whatever can be had.
    BestEffort,
    /// Every layer but a root of its own: else the command does not start.
    #[default]
    Required,
    /// Every layer.
    OwnRoot,
}

impl Demand {
    /// Returns the layers that must hold.
    pub fn layers(self) -> &'static [Layer] {
        match self {
            Self::BestEffort => &[],
            Self::Required => Layer::ORDINARY,
            Self::OwnRoot => Layer::ALL,
        }
    }
}

/// What a cell grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How much must hold.
    pub demand: Demand,
    /// What may be read, besides the system and its toolchains.
    pub read: Vec<PathBuf>,
    /// What may be read and written.
    pub write: Vec<PathBuf>,
    /// What nothing that is granted may contain.
    pub closed: Vec<PathBuf>,
    /// The command's home. It may be written.
    pub home: PathBuf,
    /// The directory for temporary files. It may be written.
    pub temporary: PathBuf,
    /// An empty directory in which a root of its own is made for the command, if one is.
    pub root: Option<PathBuf>,
    /// Whether it has the network.
    pub network: bool,
    /// Limits other than those of every cell.
    pub limits: CellLimits,
    /// Whether a tracer is told where the command begins.
    pub marked: bool,
}

impl Cell {
    /// Returns the arguments after `git-awo` that make a process the first one of this cell.
    pub(super) fn arguments_of_first(&self, command: &[OsString]) -> Vec<OsString> {
        let mut args = self.arguments(command.iter().cloned());
        args.insert(2, "--first".into());
        args
    }

    /// Returns the arguments after `git-awo` that open this cell for a command.
    pub fn arguments(&self, command: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["cell".into(), "--inside".into()];
        let mut add = |option: &str, path: &Path| args.extend([option.into(), path.into()]);
        add("--home", &self.home);
        add("--temporary", &self.temporary);
        if let Some(root) = &self.root {
            add("--root", root);
        }
        for (option, paths) in [
            ("--read", &self.read),
            ("--write", &self.write),
            ("--closed", &self.closed),
        ] {
            paths.iter().for_each(|path| add(option, path));
        }
        for (name, value) in self.limits.named() {
            args.extend(["--limit".into(), format!("{name}={value}").into()]);
        }
        if self.network {
            args.push("--network".into());
        }
        if self.marked {
            args.push("--marked".into());
        }
        if self.demand == Demand::BestEffort {
            args.push("--best-effort".into());
        }
        args.push("--".into());
        args.extend(command);
        args
    }
}
