//! What a contract may say of the cell in which its commands run: no more than the policy permits, and nothing that is not
//! kept.

use crate::policy::Cells;
use crate::record::contract::{CellTerms, Contract};
use crate::record::{Finding, Findings, Rule, Subject};

/// Judges what a contract says of its cell by what a policy permits.
pub fn terms(contract: &Contract, permits: Cells, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let says = &contract.cell;
    if *says == CellTerms::default() {
        return findings;
    }
    if permits.demand.is_none() {
        findings.push(
            Rule::CellTerms
                .finding(subject.clone())
                .found("a contract that says what its cell grants, where commands run in none")
                .expected("a policy that confines the commands of a run: cell = \"required\"")
                .remedy("change the policy: git awo policy propose FILE; or import a packet without [cell] with another task id: git awo task import FILE"),
        );
    }
    if says.network && !permits.network {
        findings.push(
            Rule::CellNetwork
                .finding(subject.clone())
                .found("a contract that gives its commands the network")
                .expected("a policy that permits that: cell_network = true")
                .remedy("change the policy: git awo policy propose FILE; or import a packet without network with another task id: git awo task import FILE"),
        );
    }
    findings
}

/// Returns what is wrong with something that a contract asks to be read, on this machine.
pub fn read(why: String, subject: &Subject) -> Finding {
    Rule::CellTerms
        .finding(subject.clone())
        .found(why)
        .expected("paths around no home, no repository and nothing secret")
        .remedy("import a packet that names another path, with another task id: git awo task import FILE")
}
