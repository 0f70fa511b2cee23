//! What a work packet says beyond the fields that every contract has.

use crate::record::contract::{
    Actors, Authority, Bootstrap, ClosurePlan, Delegation, FORMAT, Forms, Lineage, PacketKind,
    Predecessor, Risk, SkeletonPlan, WorkPacket,
};
use crate::record::{Sha256, TaskId};

use super::super::own::PACKET;
use super::super::problem::PacketProblem;
use super::{Gather, List, PLACEHOLDER, Said, Scalar, is_none, is_open};

impl Gather {
    pub(super) fn work_packet(&mut self, kind: PacketKind) -> Option<WorkPacket> {
        let own = self.line(PACKET, "");
        if kind != PacketKind::WorkPacket && own.is_none() {
            return None;
        }
        self.unsaid(kind, own);
        let format = self.scalars.get(&Scalar::Format).cloned();
        if let Some(said) = format.as_ref().filter(|it| it.text != FORMAT) {
            let problem = PacketProblem::Format(said.text.clone());
            self.complain(Some(said.line), problem);
        }
        // What stands beside such a word would be lost without it.
        self.whole(Scalar::Delegation, "packet.delegation.");
        self.whole(Scalar::ClosureApplicable, "packet.closure_plan.");
        let lineage = self.lineage();
        let agentic_mode = self.orchestration();
        let allowed = self.flag(Scalar::Delegation);
        let delegation = self.scalars.contains_key(&Scalar::Delegation);
        let applicable = self.flag(Scalar::ClosureApplicable);
        let closure_plan = self.scalars.contains_key(&Scalar::ClosureApplicable);
        let risk_map = self.risk_map();
        Some(WorkPacket {
            format_version: format.map(|it| it.text).unwrap_or_default(),
            lineage,
            actors: Actors {
                agent_id: self.text(Scalar::AgentId),
                role: self.text(Scalar::AgentRole),
                agentic_mode,
                orchestrator_model: self.text(Scalar::OrchestratorModel),
                orchestration_started_at: self.text(Scalar::OrchestrationStart),
                coder_model: self.text(Scalar::CoderModel),
                reasoning_strength: self.text(Scalar::Reasoning),
            },
            delegation: delegation.then(|| Delegation {
                allowed,
                operator_approval_evidence: self.text(Scalar::DelegationEvidence),
                reasoning_assumption: self.text(Scalar::DelegationReasoning),
                rules: self.texts(List::DelegationRules),
            }),
            refinement_file: self.text(Scalar::Refinement),
            refinement_blob: None,
            why: self.text(Scalar::Why),
            authority: Authority {
                spec_baseline: self.text(Scalar::SpecBaseline),
                spec_target: self.text(Scalar::SpecTarget),
                spec_target_blob: None,
                spec_anchors: self.texts(List::Anchors),
                codex: self.text(Scalar::Codex),
                task_board: self.text(Scalar::TaskBoard),
                traceability: self.text(Scalar::Traceability),
            },
            bootstrap: Bootstrap {
                files: self.texts(List::FilesToOpen),
                search_terms: self.texts(List::SearchTerms),
                commands: self.texts(List::RunCommands),
                risk_map,
            },
            skeleton: SkeletonPlan {
                proposed: self.texts(List::SkeletonProposed),
                questions: self.texts(List::SkeletonQuestions),
                notes: self.texts(List::SkeletonNotes),
            },
            closure_plan: closure_plan.then(|| ClosurePlan {
                applicable,
                trust_boundary: self.text(Scalar::TrustBoundary),
                server_sources_of_truth: self.texts(List::SourcesOfTruth),
                required_provenance_fields: self.texts(List::ProvenanceFields),
                verification_plan: self.texts(List::VerificationPlan),
                error_taxonomy_plan: self.texts(List::ErrorTaxonomy),
                ui_guardrails: self.texts(List::UiGuardrails),
                validator_assertions: self.texts(List::ValidatorAssertions),
            }),
            forms: Forms {
                implementation: self.texts(List::Implementation),
                hygiene: self.texts(List::Hygiene),
                validation: self.texts(List::Validation),
                status_handoff: self.texts(List::StatusHandoff),
                evidence_mapping: self.texts(List::EvidenceMapping),
                evidence: self.texts(List::EvidenceForm),
                validation_reports: self.texts(List::Reports),
            },
        })
    }

    /// Complains about fields of a table whose first word, yes or no, is missing.
    pub(super) fn whole(&mut self, word: Scalar, table: &str) {
        let scalars = self.scalars.iter();
        let scalars = scalars.map(|(scalar, said)| (scalar.field(), said.line));
        let lists = self.lists.iter();
        let lists = lists.map(|(list, listed)| (list.field(), listed.line));
        let mut fields = scalars.chain(lists);
        let first = fields.find(|(field, _)| field.starts_with(table));
        if let Some((_, line)) = first
            && !self.scalars.contains_key(&word)
        {
            self.complain(Some(line), PacketProblem::Missing(word.name()));
        }
    }

    /// Complains about what a work packet must say and does not: of one in Markdown about labels that say nothing, since
    /// [`Self::require`] sees to those that are not there; of one in TOML, whose table `own` begins in that line, about
    /// keys.
    pub(super) fn unsaid(&mut self, kind: PacketKind, own: Option<usize>) {
        let demanded = [
            (Scalar::Id, "metadata", "task id"),
            (Scalar::BaseId, "metadata", "base wp id"),
            (Scalar::Base, "metadata", "merge base sha"),
            (Scalar::Requestor, "metadata", "requestor"),
            (Scalar::AgentId, "metadata", "agent id"),
            (Scalar::AgentRole, "metadata", "role"),
            (Scalar::AgenticMode, "metadata", "agentic mode"),
            (Scalar::CoderModel, "metadata", "coder model"),
            (Scalar::Reasoning, "metadata", "coder reasoning strength"),
            (Scalar::RiskTier, "metadata", "risk tier"),
            (Scalar::Signature, "metadata", "user signature"),
            (Scalar::Format, "metadata", "packet format version"),
            (
                Scalar::Refinement,
                "technical refinement",
                "refinement file",
            ),
            (Scalar::Task, "scope", "what"),
            (Scalar::Why, "scope", "why"),
            (Scalar::TestPlan, "quality gate", "test plan"),
            (Scalar::SpecBaseline, "authority", "spec baseline"),
            (Scalar::SpecTarget, "authority", "spec target"),
        ];
        for (scalar, section, label) in demanded {
            let place = own.or_else(|| self.line(section, label));
            // Every packet has these, and is refused without them.
            let everywhere = matches!(scalar, Scalar::Id | Scalar::Task);
            // A test plan is commands in TOML: one, or a list.
            let scalar = match (scalar, own) {
                (Scalar::TestPlan, Some(_)) if self.lists.contains_key(&List::Steps) => continue,
                (Scalar::TestPlan, Some(_)) => Scalar::Validation,
                _ => scalar,
            };
            match self.scalars.get(&scalar).cloned() {
                None if place.is_none() || everywhere => {}
                None => {
                    let name = own.map_or(scalar.name(), |_| scalar.field());
                    self.complain(place, PacketProblem::Missing(name));
                }
                Some(said) => self.says(scalar, &said),
            }
        }
        // Of what is there besides, Markdown has left out what says nothing.
        let besides = Scalar::ALL.iter().filter(|it| {
            let mut demanded = demanded.iter();
            it.field().starts_with("packet.") && !demanded.any(|(scalar, ..)| scalar == *it)
        });
        for scalar in besides.filter(|_| own.is_some()) {
            if let Some(said) = self.scalars.get(scalar).cloned() {
                self.says(*scalar, &said);
            }
        }
        if kind == PacketKind::WorkPacket {
            for (label, name) in [("task id", "TASK_ID"), ("wp id", "WP_ID")] {
                let line = self.line("metadata", label);
                if line.is_some_and(|line| !self.ids.contains(&line)) {
                    self.complain(line, PacketProblem::Missing(name));
                }
            }
        }
        for list in [
            List::SuccessCriteria,
            List::Steps,
            List::Rollback,
            List::Anchors,
            List::OutOfScope,
        ] {
            match self.lists.get(&list) {
                None if own.is_some() && list != List::Steps => {
                    self.complain(own, PacketProblem::Missing(list.field()))
                }
                // That nothing is left out can be said.
                Some(listed) if listed.entries.is_empty() && list != List::OutOfScope => {
                    let line = Some(listed.line);
                    self.complain(line, PacketProblem::EmptyList(list.name()));
                }
                _ => {}
            }
            for said in self.entries(list) {
                if is_open(said.text.trim()) {
                    self.unreadable(list.name(), said.line, &said.text, PLACEHOLDER);
                }
            }
        }
    }

    /// Complains about a field that is there and says nothing.
    pub(super) fn says(&mut self, scalar: Scalar, said: &Said) {
        let text = said.text.trim();
        if text.is_empty() || is_none(text) {
            self.complain(Some(said.line), PacketProblem::Missing(scalar.name()));
        } else if is_open(text) {
            self.unreadable(scalar.name(), said.line, text, PLACEHOLDER);
        }
    }

    /// Tells whether a model orchestrates. Complains where the fields beside that word contradict it.
    pub(super) fn orchestration(&mut self) -> bool {
        let agentic = self.flag(Scalar::AgenticMode);
        let line_of = |scalar| self.scalars.get(&scalar).map(|said| said.line);
        let (mode, began) = (Scalar::AgenticMode, Scalar::OrchestrationStart);
        let found = match (agentic, line_of(Scalar::OrchestratorModel), line_of(began)) {
            (true, None, _) => Some((
                line_of(mode),
                "an agentic mode of YES without the model that orchestrates",
            )),
            (false, _, Some(line)) => Some((
                Some(line),
                "the time at which orchestration began, where the agentic mode is NO",
            )),
            _ => None,
        };
        if let Some((line, what)) = found {
            self.complain(line, PacketProblem::Combination(what));
        }
        agentic
    }

    fn lineage(&mut self) -> Lineage {
        let id = self.scalars.get(&Scalar::Id).cloned();
        let name = id.as_ref().and_then(|said| TaskId::new(&said.text).ok());
        let version = name.as_ref().and_then(|name| name.versioned().1);
        let earlier = name.as_ref().map(TaskId::earlier).unwrap_or_default();
        self.predecessor(&earlier);
        let external = self.flag(Scalar::PredecessorExternal);
        let predecessor = Predecessor {
            contract: self.digest(Scalar::PredecessorContract),
            path: self.text(Scalar::PredecessorPath),
            sha256: self.digest(Scalar::PredecessorSha256),
            external,
        };
        let outside = [Scalar::PredecessorSha256, Scalar::PredecessorExternal];
        let outside = outside.iter().find_map(|it| self.scalars.get(it));
        let line = outside.map(|said| said.line);
        if predecessor.contract.is_some() && (predecessor.sha256.is_some() || external) {
            let what = "a predecessor that is a contract of the ledger and a packet outside of it";
            self.complain(line, PacketProblem::Combination(what));
        }
        let predecessor = Some(predecessor).filter(|it| *it != Predecessor::default());
        if !earlier.is_empty() && predecessor.is_none() {
            let heading = self.line("lineage audit", "");
            let line = heading.or(id.map(|said| said.line));
            self.complain(line, PacketProblem::Missing("prior packet"));
        }
        Lineage {
            version,
            predecessor,
            preserved: self.texts(List::Preserved),
            changed: self.texts(List::Changed),
            dropped: self.texts(List::Dropped),
        }
    }

    /// Takes the predecessor from the packets that came before: the only one, or the one whose name is
    /// that of the version before.
    fn predecessor(&mut self, earlier: &[TaskId]) {
        let priors = std::mem::take(&mut self.priors);
        let named = |(said, _): &&(Said, String)| {
            let name = said.text.rsplit('/').next().unwrap_or_default();
            let name = name.strip_suffix(".md").unwrap_or(name);
            earlier.iter().any(|id| id.as_str() == name)
        };
        let matching: Vec<_> = priors.iter().filter(named).collect();
        let (said, remark) = match (priors.as_slice(), matching.as_slice()) {
            ([], _) => return,
            ([only], _) => only,
            (_, [only]) => *only,
            ([first, ..], _) => {
                let line = Some(first.0.line);
                return self.complain(line, PacketProblem::Predecessor);
            }
        };
        self.say(Scalar::PredecessorPath, said.line, &said.text);
        let words = || remark.split(|c: char| !c.is_ascii_alphanumeric());
        if let Some(digest) = words().find(|word| word.parse::<Sha256>().is_ok()) {
            self.say(Scalar::PredecessorSha256, said.line, digest);
        }
        if words().any(|word| word == "external") {
            self.say(Scalar::PredecessorExternal, said.line, "YES");
        }
    }

    fn digest(&mut self, scalar: Scalar) -> Option<Sha256> {
        let said = self.scalars.get(&scalar)?.clone();
        match said.text.parse() {
            Ok(digest) => Some(digest),
            Err(source) => {
                let what = scalar.name();
                self.complain(Some(said.line), PacketProblem::Digest { what, source });
                None
            }
        }
    }

    fn risk_map(&mut self) -> Vec<Risk> {
        let mut risks = Vec::new();
        for said in self.entries(List::RiskMap) {
            match Risk::parse(&said.text) {
                Some(risk) => risks.push(risk),
                None => {
                    let why = "write it as \"what may go wrong\" -> \"what would follow\"";
                    self.unreadable(List::RiskMap.name(), said.line, &said.text, why);
                }
            }
        }
        risks
    }
}
