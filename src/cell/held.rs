//! What held of a cell: the kernel, the version of Landlock, and each layer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// A layer of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The system calls: no socket, no ptrace, no mount, no other architecture.
    Calls,
    /// Root's rights are gone.
    Capabilities,
    /// No open file but the standard streams comes along.
    Descriptors,
    /// Reads and writes only what is granted.
    Files,
    /// Processor time, the size of files, core dumps.
    Limits,
    /// A root, processes and a network of its own: what is not granted is not there.
    OwnRoot,
    /// Signals and abstract sockets stay inside.
    Signals,
}

impl Layer {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Calls,
        Self::Capabilities,
        Self::Descriptors,
        Self::Files,
        Self::Limits,
        Self::OwnRoot,
        Self::Signals,
    ];
    /// Those that every cell has.
    pub const ORDINARY: &'static [Self] = &[
        Self::Calls,
        Self::Capabilities,
        Self::Descriptors,
        Self::Files,
        Self::Limits,
        Self::Signals,
    ];
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::Capabilities => "capabilities",
            Self::Descriptors => "descriptors",
            Self::Files => "files",
            Self::Limits => "limits",
            Self::OwnRoot => "own-root",
            Self::Signals => "signals",
        })
    }
}

/// What held of a cell, as the process that became the command has said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The release of the kernel.
    pub kernel: String,
    /// The version of Landlock that was in force; 0 for none.
    pub landlock: u32,
    /// The layers that held.
    pub held: BTreeSet<Layer>,
    /// The layers that did not hold, and why.
    pub not_held: BTreeMap<Layer, String>,
}

impl Held {
    /// Notes how it went with a layer.
    pub(super) fn note(&mut self, layer: Layer, done: Result<(), String>) {
        match done {
            Ok(()) => _ = self.held.insert(layer),
            Err(why) => _ = self.not_held.insert(layer, why),
        }
    }

    /// Returns those of these layers that did not hold, each with the reason. One that nothing is known of did
    /// not.
    pub fn lacking(&self, demanded: &[Layer]) -> Vec<(Layer, String)> {
        let missing = demanded
            .iter()
            .filter(|it| !self.held.contains(it) || self.not_held.contains_key(it));
        let why = |layer: &Layer| {
            let why = self.not_held.get(layer);
            let why = why.map_or("nothing is known of it", String::as_str);
            (*layer, why.to_owned())
        };
        missing.map(why).collect()
    }

    /// Returns the layers that were tried and did not hold, and those that every cell has and this one has not.
    fn missing(&self) -> Vec<(Layer, String)> {
        let tried = |it: &&Layer| Layer::ORDINARY.contains(it) || self.not_held.contains_key(it);
        let tried: Vec<_> = Layer::ALL.iter().filter(tried).copied().collect();
        self.lacking(&tried)
    }

    /// Returns what held of both of two cells.
    pub fn and(mut self, other: Self) -> Self {
        self.landlock = self.landlock.min(other.landlock);
        self.held.retain(|it| other.held.contains(it));
        for (layer, why) in other.not_held {
            self.not_held.entry(layer).or_insert(why);
        }
        self
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held: Vec<_> = self.held.iter().map(Layer::to_string).collect();
        write!(f, "kernel {}, Landlock {}", self.kernel, self.landlock)?;
        match held.is_empty() {
            true => write!(f, "; no layer held")?,
            false => write!(f, "; held: {}", held.join(", "))?,
        }
        for (layer, why) in self.missing() {
            write!(f, "; did not hold: {layer} ({why})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Demand;

    fn all() -> Held {
        Held {
            kernel: "6.18.0".to_owned(),
            landlock: 7,
            held: Layer::ORDINARY.iter().copied().collect(),
            not_held: BTreeMap::new(),
        }
    }

    #[test]
    fn a_layer_lacks_unless_it_is_known_to_have_held() {
        assert_eq!(all().lacking(Layer::ORDINARY), []);
        let mut some = all();
        some.held.remove(&Layer::Files);
        assert_eq!(some.lacking(Layer::ORDINARY).len(), 1);
        some.note(Layer::Files, Err("no Landlock".to_owned()));
        let expected = [(Layer::Files, "no Landlock".to_owned())];
        assert_eq!(some.lacking(Layer::ORDINARY), expected);
        assert_eq!(all().and(some.clone()).lacking(Layer::ORDINARY), expected);
        assert_eq!(some.and(all()).lacking(Layer::ORDINARY), expected);
        let mut both = all();
        both.not_held.insert(Layer::Calls, "x".to_owned());
        assert_eq!(
            both.lacking(Layer::ORDINARY).len(),
            1,
            "a report that says both"
        );
        assert_eq!(
            Held::default().lacking(Layer::ORDINARY).len(),
            Layer::ORDINARY.len()
        );
    }

    #[test]
    fn a_root_of_its_own_is_missed_where_it_is_demanded_or_was_tried() {
        let plain = all();
        assert_eq!(plain.lacking(Demand::Required.layers()), []);
        assert_eq!(plain.lacking(Demand::BestEffort.layers()), []);
        let lacks = plain.lacking(Demand::OwnRoot.layers());
        assert_eq!(lacks.len(), 1);
        assert_eq!(lacks[0].0, Layer::OwnRoot);
        assert!(!plain.to_string().contains("own-root"), "it was not tried");
        let (mut tried, mut rooted) = (all(), all());
        tried.note(Layer::OwnRoot, Err("no user namespaces".to_owned()));
        rooted.note(Layer::OwnRoot, Ok(()));
        assert!(
            tried
                .to_string()
                .ends_with("; did not hold: own-root (no user namespaces)"),
            "{tried}"
        );
        assert!(
            rooted.to_string().contains("limits, own-root, signals"),
            "{rooted}"
        );
        assert_eq!(rooted.lacking(Demand::OwnRoot.layers()), []);
        let both = rooted.clone().and(plain);
        assert_eq!(both.lacking(Demand::OwnRoot.layers()).len(), 1);
        assert_eq!(rooted.and(tried).lacking(Demand::OwnRoot.layers()).len(), 1);
    }

    #[test]
    fn it_is_said_in_one_line_and_read_back_whole() {
        let mut some = all();
        some.held.remove(&Layer::Signals);
        some.note(Layer::Signals, Err("Landlock is too old".to_owned()));
        assert_eq!(
            some.to_string(),
            "kernel 6.18.0, Landlock 7; held: calls, capabilities, descriptors, files, limits; \
             did not hold: signals (Landlock is too old)"
        );
        let text = serde_json::to_string(&some).unwrap();
        assert_eq!(serde_json::from_str::<Held>(&text).unwrap(), some);
        let more = text.replacen('{', "{\"more\":1,", 1);
        assert!(serde_json::from_str::<Held>(&more).is_err());
    }
}
