//! Reads task packets into contract drafts.
//!
//! Three kinds of packet are read: Markdown workflow approvals (target repository, task contract,
//! required approval), Markdown work packets (metadata, scope, quality gate), and git-awo's own
//! TOML. A packet is read by its structure, never by guessing: whatever is missing, given twice or
//! unknown is a complaint with its line, and all complaints are reported at once. Text that has no
//! place in a contract is listed in `not_understood`.

mod front;
mod gather;
mod governed;
mod grammar;
mod lines;
mod options;
mod own;
mod pieces;
mod problem;
mod steps;
#[cfg(test)]
mod tests;
mod walk;
mod work;

pub use options::ImportOptions;
pub use own::TOML_SCHEMA;
pub use problem::{Complaint, PacketErrors, PacketProblem};

pub use crate::record::sentence;

use crate::record::Sha256;
use crate::record::contract::{ContractDraft, PacketKind};

use gather::Gather;
use lines::Lines;

/// Maximum size of a packet, in bytes.
pub const MAX_PACKET: usize = 1 << 20;

/// Returns the contract draft that a packet describes, or every complaint about the packet.
///
/// The draft passes [`ContractDraft::check`]. A packet without an approval sentence gets
/// `I approve <ID>.`, and `not_understood` says so.
pub fn import(bytes: &[u8], options: &ImportOptions) -> Result<ContractDraft, PacketErrors> {
    if bytes.len() > MAX_PACKET {
        let problem = PacketProblem::TooLarge {
            found: bytes.len(),
            max: MAX_PACKET,
        };
        return Err(PacketErrors::one(None, problem));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let breaks = before.iter().filter(|b| **b == b'\n').count();
        let line = breaks.saturating_add(1);
        PacketErrors::one(Some(line), PacketProblem::NotUtf8)
    })?;
    let mut gather = Gather::default();
    let lines = Lines::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    gather.look_through(&lines);
    let kind = if own::recognise(&lines) {
        own::read(&lines, &mut gather);
        Some(PacketKind::Toml)
    } else {
        read_markdown(&lines, &mut gather)
    };
    gather.finish(kind, options, Sha256::of(bytes))
}

fn read_markdown(lines: &Lines<'_>, gather: &mut Gather) -> Option<PacketKind> {
    let first = front::read(lines, gather);
    let pieces = pieces::split(lines, first, gather);
    let (kind, grammar) = match (governed::recognise(&pieces), work::recognise(&pieces)) {
        (true, false) => (PacketKind::GovernedWorkflowApproval, governed::GRAMMAR),
        (false, true) => (PacketKind::WorkPacket, work::GRAMMAR),
        (found, _) => {
            let problem = if found {
                PacketProblem::TwoKinds
            } else {
                PacketProblem::UnknownKind
            };
            gather.complain(None, problem);
            return None;
        }
    };
    walk::walk(pieces, grammar, gather);
    if kind == PacketKind::WorkPacket {
        gather.sections(work::SECTIONS);
    }
    gather.require(grammar.required);
    Some(kind)
}
