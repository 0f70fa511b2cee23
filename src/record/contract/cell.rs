//! What a contract says of the cell in which its commands run: what they may read besides, whether they have the network,
//! and their limits.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::action::ActionName;
use super::pattern::is_unfit;
use super::problem::{ContractProblem, MAX_ENTRIES};
use super::work::is_default;

/// Actions that cannot be forbidden where there is a network.
const NEED_NETWORK: &[ActionName] = &[
    ActionName::Push,
    ActionName::Deploy,
    ActionName::PublicPublication,
    ActionName::PrOpen,
    ActionName::IssueClose,
];

/// A week, in seconds.
const WEEK: u64 = 7 * 24 * 60 * 60;

/// The limits that there are: the field, the least and the most that a contract may say.
const BOUNDS: &[(&str, u64, u64)] = &[
    ("cell.limits.cpu_seconds", 1, WEEK),
    ("cell.limits.file_bytes", 1, 64 << 30),
    ("cell.limits.memory_bytes", 256 << 20, 1 << 40),
    ("cell.limits.open_files", 16, 65_536),
    ("cell.limits.wall_seconds", 1, WEEK),
];

/// Directories of which nothing may be read, nor of anything around: the kernel's, those of services, and those in
/// which everybody's files are.
const NOTHING_IN: &[&str] = &[
    "/boot",
    "/dev",
    "/etc/NetworkManager",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/ipsec.d",
    "/etc/krb5.keytab",
    "/etc/letsencrypt",
    "/etc/openvpn",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/wireguard",
    "/private/tmp",
    "/proc",
    "/run",
    "/sys",
    "/tmp",
    "/var/backups",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/mail",
    "/var/run",
    "/var/spool",
    "/var/tmp",
    "~/Library",
];

/// What may not be read, nor anything around it; what lies in it may.
const NOT_AROUND: &[&str] = &["/home", "/root", "/Users", "/var/lib", "~"];

/// Directories whose directories are homes.
pub const HOMES: &[&str] = &["/home", "/Users", "/var/home"];

/// Names of files and directories that hold secrets, wherever they stand.
const SECRET: &[&str] = &[
    ".aws",
    ".azure",
    ".config",
    ".docker",
    ".git",
    ".git-credentials",
    ".gitconfig",
    ".gnupg",
    ".kube",
    ".mozilla",
    ".netrc",
    ".npmrc",
    ".password-store",
    ".pgpass",
    ".pypirc",
    ".ssh",
    ".thunderbird",
    ".vault-token",
    "credentials",
    "credentials.toml",
    "keyrings",
];

/// How names of keys begin, and those of files end in which commands are kept.
const KEY: &[&str] = &["id_dsa", "id_ecdsa", "id_ed25519", "id_rsa"];
const HISTORY: &str = "_history";

/// Names of directories that hold such ones.
const AROUND_SECRETS: &[&str] = &[".cargo", ".local", ".m2"];

/// What a contract says of the cell of its commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellTerms {
    /// What may be read besides: paths that begin with `/` or `~/`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read: Vec<String>,
    /// Whether they have the network, where the policy permits that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network: bool,
    /// Limits other than those that every cell has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: CellLimits,
}

/// Limits of a cell. What is absent is as in every cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellLimits {
    /// Processor time of each process, in seconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_seconds: Option<u64>,
    /// Size of each file that is written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub file_bytes: Option<u64>,
    /// Address space of each process.
    #[serde(default, skip_serializing_if = "is_default")]
    pub memory_bytes: Option<u64>,
    /// Open files of each process.
    #[serde(default, skip_serializing_if = "is_default")]
    pub open_files: Option<u64>,
    /// Time from the start of a command to its end, in seconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wall_seconds: Option<u64>,
}

impl CellLimits {
    /// Returns each limit that is set, by its name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = BOUNDS.iter().zip(self.all());
        all.filter_map(|((field, ..), value)| Some((name(field), value?)))
    }

    /// Sets a limit by its name. Fails if there is none of this name.
    pub fn set(&mut self, named: &str, value: u64) -> bool {
        let limit = match named {
            "cpu_seconds" => &mut self.cpu_seconds,
            "file_bytes" => &mut self.file_bytes,
            "memory_bytes" => &mut self.memory_bytes,
            "open_files" => &mut self.open_files,
            "wall_seconds" => &mut self.wall_seconds,
            _ => return false,
        };
        *limit = Some(value);
        true
    }

    /// In the order of [`BOUNDS`].
    fn all(&self) -> [Option<u64>; 5] {
        [
            self.cpu_seconds,
            self.file_bytes,
            self.memory_bytes,
            self.open_files,
            self.wall_seconds,
        ]
    }
}

impl fmt::Display for CellLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.named().enumerate() {
            let joint = if index == 0 { "" } else { ", " };
            write!(f, "{joint}{name} {value}")?;
        }
        Ok(())
    }
}

impl CellTerms {
    /// Returns the names of what two of them say differently.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let same = [
            ("read", self.read == other.read),
            ("network", self.network == other.network),
            ("limits", self.limits == other.limits),
        ];
        let differing = same.into_iter().filter(|(_, same)| !same);
        differing.map(|(name, _)| name).collect()
    }

    /// Adds what is wrong with them in a contract that forbids these actions.
    pub(super) fn problems(&self, forbidden: &[ActionName], problems: &mut Vec<ContractProblem>) {
        if self.read.len() > MAX_ENTRIES {
            problems.push(ContractProblem::TooMany("cell.read"));
        }
        let mut known = BTreeSet::new();
        for path in &self.read {
            let once = match known.insert(path) {
                true => Ok(()),
                false => Err("it is there twice"),
            };
            if let Err(why) = once.and_then(|()| may_read(path)) {
                let path = path.clone();
                problems.push(ContractProblem::CellPath { path, why });
            }
        }
        let first = NEED_NETWORK.iter().find(|it| forbidden.contains(it));
        if let Some(action) = first.filter(|_| self.network) {
            problems.push(ContractProblem::CellNetwork(*action));
        }
        for ((field, least, most), value) in BOUNDS.iter().zip(self.limits.all()) {
            if value.is_some_and(|it| !(*least..=*most).contains(&it)) {
                problems.push(ContractProblem::CellLimit {
                    field,
                    least: *least,
                    most: *most,
                });
            }
        }
    }
}

/// Returns the field of the contract that sets a limit, without what stands before its name.
fn name(field: &'static str) -> &'static str {
    field.rsplit('.').next().unwrap_or(field)
}

/// Tells whether a contract may ask for this path to be read, as far as the path itself tells.
pub fn may_read(path: &str) -> Result<(), &'static str> {
    let below = path.strip_prefix("~/").or_else(|| path.strip_prefix('/'));
    let Some(below) = below else {
        return Err("it must begin with / or ~/");
    };
    if path.chars().any(|it| is_unfit(it) || it.is_control()) {
        return Err("it has a control or reordering character");
    }
    let names: Vec<&str> = below.split('/').collect();
    if names.iter().any(|it| matches!(*it, "" | "." | "..")) {
        return Err("it must name something, without empty components, . and ..");
    }
    let is_around = |inner: &str| is_within(inner, path);
    if NOTHING_IN
        .iter()
        .any(|it| is_within(path, it) || is_around(it))
    {
        return Err("it holds what the system, a service or somebody else keeps");
    }
    if NOT_AROUND.iter().any(|it| is_around(it)) {
        return Err("it holds homes or secrets of the system");
    }
    let is_home = HOMES.iter().any(|homes| {
        let name = path.strip_prefix(homes).and_then(|it| it.strip_prefix('/'));
        name.is_some_and(|it| !it.contains('/'))
    });
    if is_home {
        return Err("it is a home");
    }
    let is = |name: &&str, of: &[&str]| of.iter().any(|it| it.eq_ignore_ascii_case(name));
    let last = names.last().is_some_and(|it| is(it, AROUND_SECRETS));
    let share = names.ends_with(&[".local", "share"]);
    let is_secret = |name: &&str| {
        let lower = name.to_ascii_lowercase();
        let is_key = KEY.iter().any(|it| lower.starts_with(it));
        is_key || lower.ends_with(HISTORY) || is(name, SECRET)
    };
    if last || share || names.iter().any(is_secret) {
        return Err("it may hold keys or other secrets");
    }
    Ok(())
}

/// Tells whether a path is another one or lies below it.
fn is_within(path: &str, other: &str) -> bool {
    let rest = path.strip_prefix(other);
    rest.is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_read_holds_no_home_and_no_secret() {
        for fits in [
            "/opt/toolchain",
            "/opt/tool chain/é",
            "/home/otto/data",
            "~/data",
            "~/.cargo/git",
            "~/.local/share/data",
            "/etc/hosts",
            "/etc/ssl/certs",
            "/var/cache/data",
            "/srv/models",
            "/homework",
            "/runner/x",
            "/opt/Library/x",
            "/etc/fonts",
            "/var/lib/models",
            "~/history",
        ] {
            assert_eq!(may_read(fits), Ok(()), "{fits}");
        }
        for bad in [
            "",
            "/",
            "~",
            "~/",
            "relative",
            "./x",
            "//",
            "/opt/",
            "/opt//x",
            "/opt/./x",
            "/opt/../etc/shadow",
            "~otto/x",
            "/opt/\u{202e}x",
            "/opt/\nx",
            "/home",
            "/home/otto",
            "/Users/o",
            "/var/home/o",
            "/root",
            "/etc",
            "/etc/shadow",
            "/etc/ssh/key",
            "/etc/ssl",
            "/var",
            "/var/lib",
            "/var/run/docker.sock",
            "/run",
            "/run/user/0/keys",
            "/proc/1/environ",
            "/proc",
            "/sys/x",
            "/dev/sda",
            "/dev/shm",
            "/dev/shm/x",
            "/dev/shm/x/y",
            "/etc/shadow-",
            "/etc/NetworkManager/x",
            "/etc/wireguard",
            "/var/lib/docker",
            "/var/spool/mail",
            "/var/backups",
            "/tmp",
            "/tmp/x",
            "/opt/ID_rsa",
            "~/id_ed25519.old",
            "~/.bash_history",
            "~/.gitconfig",
            "~/Library",
            "~/Library/Keychains",
            "~/.ssh",
            "~/.ssh/id",
            "/opt/x/.ssh",
            "/home/otto/.SSH/id",
            "/srv/repo/.git",
            "/srv/repo/.git/objects",
            "~/.gnupg",
            "~/.netrc",
            "~/.config/gh",
            "~/.cargo",
            "~/.cargo/credentials.toml",
            "~/.local",
            "~/.local/share",
            "~/.local/share/keyrings",
            "~/.aws/config",
        ] {
            assert!(may_read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_path_is_there_once() {
        for (read, fits) in [(["/opt/x", "/opt/y"], true), (["/opt/x", "/opt/x"], false)] {
            let terms = CellTerms {
                read: read.map(str::to_owned).to_vec(),
                ..CellTerms::default()
            };
            let mut problems = Vec::new();
            terms.problems(&[], &mut problems);
            assert_eq!(problems.is_empty(), fits, "{problems:?}");
        }
    }

    #[test]
    fn limits_have_names_and_bounds() {
        let mut limits = CellLimits::default();
        assert_eq!(limits.to_string(), "");
        for (field, least, most) in BOUNDS {
            for (value, fits) in [
                (*least, true),
                (*most, true),
                (least - 1, false),
                (most + 1, false),
            ] {
                let mut limits = CellLimits::default();
                assert!(limits.set(name(field), value));
                assert_eq!(limits.named().collect::<Vec<_>>(), [(name(field), value)]);
                let terms = CellTerms {
                    limits,
                    ..CellTerms::default()
                };
                let mut problems = Vec::new();
                terms.problems(&[], &mut problems);
                assert_eq!(problems.is_empty(), fits, "{field} {value}");
                assert!(problems.iter().all(|it| it.field() == *field));
            }
        }
        assert!(!limits.set("processes", 1));
        limits.set("wall_seconds", 5);
        limits.set("cpu_seconds", 4);
        assert_eq!(limits.to_string(), "cpu_seconds 4, wall_seconds 5");
    }

    #[test]
    fn an_action_that_needs_the_network_keeps_it_off() {
        for action in ActionName::ALL {
            for network in [false, true] {
                let terms = CellTerms {
                    network,
                    ..CellTerms::default()
                };
                let mut problems = Vec::new();
                terms.problems(&[*action], &mut problems);
                let refused = network && NEED_NETWORK.contains(action);
                assert_eq!(!problems.is_empty(), refused, "{action}");
            }
        }
    }
}
