//! Every refusal carries a code of the taxonomy: looked for in the sources, in what the commands
//! say when they refuse, and in the catalogue of rules.

mod catalogue;
mod formats;
mod refusals;
pub mod source;
