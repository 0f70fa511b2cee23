//! The layers of Landlock: files, signals and abstract sockets.

use std::os::fd::AsFd;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
    RulesetError, RulesetStatus, Scope,
};
use rustix::fs::FileType;

use super::grants::Cell;
use super::held::{Held, Layer};
use super::paths::{DEVICES, readable, writable};
use super::root::{PRIVATE, PROC};

/// The newest version whose rights are known here.
const NEWEST: ABI = ABI::V10;

/// Confines this process to what is granted.
pub(super) fn restrict(cell: &Cell, has_root: bool, closed: Result<(), String>, held: &mut Held) {
    let status = begin(cell.network).and_then(|rules| {
        let rules = grants(cell, has_root, rules);
        let status = rules.and_then(RulesetCreated::restrict_self);
        status.map_err(|error| error.to_string())
    });
    let version = status.and_then(|status| match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => Err("Landlock is not in force".to_owned()),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(effective_abi),
        (_, LandlockStatus::NotEnabled) => Err("Landlock is not enabled".to_owned()),
        (_, LandlockStatus::NotImplemented) => Err("the kernel has no Landlock".to_owned()),
    });
    if let Ok(version) = version {
        held.landlock = version as u32;
    }
    let since = |needed: ABI| {
        let version = version.clone()?;
        match version >= needed {
            true => Ok(()),
            false => Err(format!("Landlock {version} is older than {needed}")),
        }
    };
    held.note(Layer::Files, since(ABI::V3).and(closed));
    held.note(Layer::Signals, since(ABI::V6));
}

/// Returns a set of rules for all that Landlock knows here. It is asked for version 3 first: without that, a file that
/// may only be read could still be cut.
fn begin(network: bool) -> Result<RulesetCreated, String> {
    let least = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V3));
    let least = least.map_err(|_| "the kernel has no Landlock of version 3 or newer")?;
    let all = least
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|it| match network {
            true => Ok(it),
            false => it.handle_access(AccessNet::from_all(NEWEST)),
        })
        .and_then(|it| it.scope(Scope::from_all(NEWEST)));
    all.and_then(Ruleset::create)
        .map_err(|error| error.to_string())
}

/// Adds what is granted.
fn grants(
    cell: &Cell,
    has_root: bool,
    mut rules: RulesetCreated,
) -> Result<RulesetCreated, RulesetError> {
    let all = AccessFs::from_all(NEWEST);
    let read = AccessFs::from_read(ABI::V1);
    // No device can be made, none that is found is controlled.
    let write = all & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    let stream = AccessFs::WriteFile | AccessFs::Truncate;
    let (mut reads, mut writes) = (readable(cell), writable(cell));
    if has_root {
        reads.push(PROC.into());
        writes.extend(PRIVATE.map(Into::into));
    }
    for (paths, access) in [
        (reads, read),
        (writes, write),
        (
            DEVICES.iter().map(Into::into).collect(),
            stream | AccessFs::ReadFile,
        ),
    ] {
        for path in paths {
            // What is gone meanwhile is not granted.
            if let Ok(file) = PathFd::new(path) {
                rules = grant(rules, file, access)?;
            }
        }
    }
    // A program may open its output once more, as `/dev/stdout`.
    rules = grant(rules, std::io::stdout(), stream)?;
    grant(rules, std::io::stderr(), stream)
}

/// Adds a grant, of what fits to the kind of file. There is none for pipes and sockets.
fn grant(
    rules: RulesetCreated,
    file: impl AsFd,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let kind = rustix::fs::fstat(&file).map(|stat| FileType::from_raw_mode(stat.st_mode));
    let access = match kind {
        // A directory as standard output grants nothing below it.
        Ok(FileType::Directory) if access.contains(AccessFs::ReadDir) => access,
        Ok(FileType::RegularFile | FileType::CharacterDevice) => {
            access & AccessFs::from_file(NEWEST)
        }
        _ => return Ok(rules),
    };
    rules.add_rule(PathBeneath::new(file, access))
}
