//! Builds the draft from what was gathered.

use crate::record::contract::{
    ActionName, Admission, CeilingTerms, CellLimits, CellTerms, ContractDraft, ExecutionGate,
    Gate1, Notice, PacketKind, PathList, SCHEMA, Target, WORK_EVIDENCE, check_pattern,
};
use crate::record::json::MAX_INTEGER;
use crate::record::name::check_line;
use crate::record::{ObjectId, RefName, Sha256, TaskId};

use super::super::options::ImportOptions;
use super::super::problem::{Complaint, PacketErrors, PacketProblem};
use super::super::steps;
use super::{Gather, List, Said, Scalar, approved_id, approved_target};

impl Gather {
    /// Returns the draft, or all complaints.
    pub(in super::super) fn finish(
        mut self,
        kind: Option<PacketKind>,
        options: &ImportOptions,
        source_sha256: Sha256,
    ) -> Result<ContractDraft, PacketErrors> {
        let draft = kind.and_then(|kind| self.draft(kind, options, source_sha256));
        let draft = draft.filter(|_| self.complaints.is_empty());
        // The checks above name lines; the draft's own check is authoritative.
        if let Some(draft) = draft {
            match draft.clone().check() {
                Ok(_) => return Ok(draft),
                Err(problems) => {
                    for problem in problems {
                        let line = self.line_of(problem.field());
                        self.complain(line, PacketProblem::Contract(problem));
                    }
                }
            }
        }
        let mut complaints = self.complaints;
        complaints.sort_by_key(|complaint: &Complaint| complaint.line.unwrap_or(usize::MAX));
        Err(PacketErrors(complaints))
    }

    fn draft(
        &mut self,
        packet_kind: PacketKind,
        options: &ImportOptions,
        source_sha256: Sha256,
    ) -> Option<ContractDraft> {
        let strict = packet_kind == PacketKind::GovernedWorkflowApproval;
        let mut supplied = Vec::new();
        let packet = self.work_packet(packet_kind);
        let execution_gate = self.execution_gate(strict);
        let skeleton = match packet_kind {
            PacketKind::WorkPacket => self.line("skeleton", "").is_some(),
            _ => self.flag(Scalar::Skeleton),
        };
        let post_work = packet_kind == PacketKind::WorkPacket || self.flag(Scalar::PostWork);

        if strict && let Some(said) = self.scalars.get(&Scalar::Task).cloned() {
            self.says(Scalar::Task, &said);
        }
        let id = self.id();
        let base_task_id = self.name(Scalar::BaseId, TaskId::new);
        let task = self.required(Scalar::Task);
        let target = self.target(packet_kind, options, &mut supplied);
        let target_ref = self.target_ref(options, &mut supplied);
        let base = self.base();
        self.check_lists();
        let allowed_paths = self.paths(List::AllowedPaths, PathList::Allowed);
        let forbidden_paths = self.paths(List::ForbiddenPaths, PathList::Forbidden);
        let forbidden_actions = self.actions();
        let approval_sentence = self.sentence(strict, id.as_ref(), &mut supplied);
        let gate1 = self.gate1();
        let determinism = self.determinism();
        let wanted = [
            List::ForbiddenPaths,
            List::ForbiddenActions,
            List::SuccessCriteria,
            List::Rollback,
            List::Evidence,
        ];
        let own = |list: &List| *list == List::Evidence && packet_kind == PacketKind::WorkPacket;
        for list in wanted
            .into_iter()
            .filter(|list| self.texts(*list).is_empty() && !own(list))
        {
            supplied.push(format!("{}: the packet lists none", list.field()));
        }
        let mut evidence = self.texts(List::Evidence);
        if packet_kind == PacketKind::WorkPacket {
            let asked: Vec<_> = WORK_EVIDENCE
                .iter()
                .filter(|it| !evidence.iter().any(|said| said == *it))
                .collect();
            evidence.extend(asked.into_iter().map(|it| (*it).to_owned()));
            supplied.push(format!(
                "evidence: {}, as of every work packet",
                WORK_EVIDENCE.join(", ")
            ));
        }
        let cell = self.cell();
        let ceiling = self.ceiling();
        let validation_command = self.text(Scalar::Validation);
        let validation_steps = self.steps();
        if validation_command.is_none() && validation_steps.is_empty() {
            supplied.push("validation_command: the packet gives none".to_owned());
        }
        Some(ContractDraft {
            schema: SCHEMA.to_owned(),
            id: id?,
            base_task_id,
            title: self.text(Scalar::Title),
            task: task?,
            target: target?,
            target_ref: target_ref?,
            base,
            allowed_paths,
            forbidden_paths,
            forbidden_actions,
            out_of_scope: self.texts(List::OutOfScope),
            success_criteria: self.texts(List::SuccessCriteria),
            validation_command,
            validation_steps,
            rollback: self.texts(List::Rollback),
            approval_sentence: approval_sentence?,
            gate1: gate1?,
            evidence,
            stage: self.text(Scalar::Stage),
            status: self.text(Scalar::Status),
            risk_tier: self.text(Scalar::RiskTier),
            requestor: self.text(Scalar::Requestor),
            user_signature: self.text(Scalar::Signature),
            lineage: self.texts(List::Lineage),
            waivers: self.texts(List::Waivers),
            extra: self
                .extra
                .iter()
                .map(|(key, said)| (key.clone(), said.text.clone()))
                .collect(),
            packet_kind,
            source_sha256,
            notices: self.notices(strict),
            not_understood: self.not_understood(),
            supplied,
            skeleton,
            post_work,
            cell,
            ceiling,
            determinism,
            packet,
            execution_gate,
        })
    }

    /// Returns what it says of the cell of its commands.
    fn cell(&mut self) -> CellTerms {
        let mut limits = CellLimits::default();
        for scalar in Scalar::ALL {
            if let Some(name) = scalar.limit()
                && let Some(number) = self.text(*scalar).and_then(|it| it.parse().ok())
            {
                limits.set(name, number);
            }
        }
        CellTerms {
            read: self.texts(List::CellRead),
            network: self.flag(Scalar::CellNetwork),
            limits,
        }
    }

    /// Returns what it says of its ceiling.
    fn ceiling(&mut self) -> CeilingTerms {
        let mut ceiling = CeilingTerms {
            level: self.text(Scalar::CeilingLevel),
            paths: self.paths(List::CeilingPaths, PathList::Allowed),
            actions: self.texts(List::CeilingActions),
            ..CeilingTerms::default()
        };
        for scalar in Scalar::ALL {
            let (Some(figure), Some(said)) = (scalar.figure(), self.scalars.get(scalar).cloned())
            else {
                continue;
            };
            match said.text.parse::<i64>() {
                Ok(number) if number.unsigned_abs() <= MAX_INTEGER => ceiling.set(figure, number),
                _ => {
                    let problem = PacketProblem::Ceiling {
                        key: scalar.field(),
                        text: said.text,
                    };
                    self.complain(Some(said.line), problem);
                }
            }
        }
        ceiling
    }

    /// Returns the validation steps: those of a list, or of a test plan.
    fn steps(&mut self) -> Vec<String> {
        let Some(plan) = self.scalars.get(&Scalar::TestPlan).cloned() else {
            return self.texts(List::Steps);
        };
        let steps = steps::of(&plan.text);
        if steps.is_empty() && !plan.text.is_empty() {
            let problem = PacketProblem::EmptyList(Scalar::TestPlan.name());
            self.complain(Some(plan.line), problem);
        }
        steps
    }

    /// Complains about a section that is missing.
    pub(in super::super) fn sections(&mut self, sections: &[(&str, &'static str)]) {
        for (section, name) in sections {
            if self.line(section, "").is_none() {
                self.complain(None, PacketProblem::Missing(name));
            }
        }
    }

    /// Complains about a label that is missing in a section that is there, and about one that says
    /// nothing.
    pub(in super::super) fn require(&mut self, labels: &[(&str, &str, &'static str)]) {
        for (section, label, name) in labels {
            if let Some(heading) = self.line(section, "")
                && self.line(section, label).is_none()
            {
                self.complain(Some(heading), PacketProblem::Missing(name));
            }
        }
    }

    pub(super) fn line(&self, section: &str, label: &str) -> Option<usize> {
        let place = (section.to_owned(), label.to_owned());
        self.places.get(&place).copied()
    }

    /// Returns what a field says that is yes or no; nothing said is no.
    pub(super) fn flag(&mut self, scalar: Scalar) -> bool {
        let (Some((yes, no)), Some(said)) = (scalar.flag(), self.scalars.get(&scalar).cloned())
        else {
            return false;
        };
        if said.text != yes && said.text != no {
            let problem = PacketProblem::Flag {
                what: scalar.name(),
                text: said.text.clone(),
                words: (yes, no),
            };
            self.complain(Some(said.line), problem);
        }
        said.text == yes
    }

    fn execution_gate(&mut self, approval: bool) -> Option<ExecutionGate> {
        let said = |scalar: &Scalar| self.scalars.contains_key(scalar);
        let any = [
            Scalar::GateSwitch,
            Scalar::GateAdmission,
            Scalar::GateOutcome,
        ];
        let section = approval && self.line("execution gate", "").is_some();
        if !section && !any.iter().any(said) {
            return None;
        }
        let outcome_required = self.flag(Scalar::GateOutcome);
        Some(ExecutionGate {
            switch: self.text(Scalar::GateSwitch),
            stage: self.text(Scalar::Stage),
            admission_file: self.text(Scalar::GateAdmission),
            outcome_required,
        })
    }

    /// Returns what the packet says of itself. Lines above an approval packet are such text too.
    fn notices(&mut self, approval: bool) -> Vec<Notice> {
        let wrapper = std::mem::take(&mut self.wrapper);
        let notice = |section, text| Notice { section, text };
        let mut notices = Vec::new();
        match approval {
            true => notices.extend(wrapper.into_iter().map(|(_, text)| notice(None, text))),
            false => self.notes.extend(wrapper),
        }
        let said = std::mem::take(&mut self.notices).into_iter();
        notices.extend(said.map(|(section, text)| notice(section, text)));
        notices
    }

    pub(super) fn text(&self, scalar: Scalar) -> Option<String> {
        self.scalars.get(&scalar).map(|said| said.text.clone())
    }

    fn required(&mut self, scalar: Scalar) -> Option<String> {
        let text = self.text(scalar);
        if text.is_none() {
            let line = match scalar {
                Scalar::Task => self.line("scope", "what"),
                _ => None,
            };
            self.complain(line, PacketProblem::Missing(scalar.name()));
        }
        text
    }

    pub(super) fn entries(&self, list: List) -> Vec<Said> {
        let listed = self.lists.get(&list);
        listed.map_or_else(Vec::new, |listed| listed.entries.clone())
    }

    pub(super) fn texts(&self, list: List) -> Vec<String> {
        let entries = self.entries(list).into_iter();
        entries.map(|said| said.text).collect()
    }

    fn name<T>(
        &mut self,
        scalar: Scalar,
        make: impl Fn(String) -> Result<T, crate::record::name::BadName>,
    ) -> Option<T> {
        let said = self.scalars.get(&scalar)?.clone();
        match make(said.text) {
            Ok(name) => Some(name),
            Err(source) => {
                let problem = PacketProblem::Name {
                    what: scalar.name(),
                    source,
                };
                self.complain(Some(said.line), problem);
                None
            }
        }
    }

    /// Returns the task id: the labelled one, or else the one that the sentence approves. All
    /// places that name the task must agree.
    fn id(&mut self) -> Option<TaskId> {
        let approved = self
            .scalars
            .get(&Scalar::Sentence)
            .and_then(|said| approved_id(&said.text).map(|id| Said::new(said.line, id)));
        let labelled = self.scalars.get(&Scalar::Id).cloned();
        let first = labelled.clone().or(approved.clone());
        let Some(first) = first else {
            self.complain(None, PacketProblem::Missing("task id"));
            return None;
        };
        for other in approved
            .into_iter()
            .chain(std::mem::take(&mut self.mentions))
        {
            if other.text != first.text {
                self.other_id(&first, other);
            }
        }
        if labelled.is_none() {
            self.scalars.insert(Scalar::Id, first);
        }
        self.name(Scalar::Id, TaskId::new)
    }

    fn target(
        &mut self,
        kind: PacketKind,
        options: &ImportOptions,
        supplied: &mut Vec<String>,
    ) -> Option<Target> {
        let strict = kind == PacketKind::GovernedWorkflowApproval;
        let stated = self.text(Scalar::Locator);
        if let Some(locator) = &stated
            && let Some(sentence) = self.scalars.get(&Scalar::Sentence).cloned()
            && let Some(found) = approved_target(&sentence.text)
            && found != locator
        {
            let problem = PacketProblem::OtherTarget {
                found: found.to_owned(),
                expected: locator.clone(),
            };
            self.complain(Some(sentence.line), problem);
        }
        let locator = match (stated, &options.locator) {
            (Some(locator), _) => Some(locator),
            (None, Some(locator)) if !strict => {
                supplied.push(format!(
                    "target.locator: supplied by the import as {locator}"
                ));
                Some(locator.clone())
            }
            (None, _) => self.required(Scalar::Locator),
        };
        let status = match self.text(Scalar::AdmissionStatus) {
            None if strict => self.required(Scalar::AdmissionStatus),
            // Who may sign a contract may admit the repository that it is signed in.
            None if kind == PacketKind::WorkPacket && locator.as_deref() == Some(".") => {
                supplied
                    .push("target.admission.status: admitted by who signs the contract".to_owned());
                Some("admitted".to_owned())
            }
            None => {
                supplied.push("target.admission.status: the packet gives none".to_owned());
                Some("unstated".to_owned())
            }
            stated => stated,
        };
        let admission = Admission {
            source: self.text(Scalar::AdmissionSource),
            status: status?,
            owner: self.text(Scalar::AdmissionOwner),
            risk: self.text(Scalar::AdmissionRisk),
            observed_state: self.text(Scalar::Observed),
        };
        Some(Target {
            locator: locator?,
            admission,
        })
    }

    fn target_ref(
        &mut self,
        options: &ImportOptions,
        supplied: &mut Vec<String>,
    ) -> Option<RefName> {
        if !self.scalars.contains_key(&Scalar::TargetRef) {
            let Some(observed) = self.observed_branch.take() else {
                supplied.push(format!(
                    "target_ref: supplied by the import as {}",
                    options.target_ref
                ));
                return Some(options.target_ref.clone());
            };
            supplied.push(format!(
                "target_ref: the branch observed in line {}",
                observed.line
            ));
            self.scalars.insert(Scalar::TargetRef, observed);
        }
        self.name(Scalar::TargetRef, |text| {
            if text.starts_with("refs/") {
                RefName::new(text)
            } else {
                RefName::new(format!("refs/heads/{text}"))
            }
        })
    }

    fn base(&mut self) -> Option<ObjectId> {
        let said = self.scalars.get(&Scalar::Base)?.clone();
        match said.text.parse() {
            Ok(base) => Some(base),
            Err(source) => {
                self.complain(Some(said.line), PacketProblem::Base(source));
                None
            }
        }
    }

    /// Complains about lists of exact names that are announced but empty, or that contain both names
    /// and the statement that there are none.
    fn check_lists(&mut self) {
        let complained = |list: List, complaints: &[Complaint]| {
            complaints.iter().any(
                |c| matches!(&c.problem, PacketProblem::Item { what, .. } if *what == list.name()),
            )
        };
        for (list, listed) in self.lists.clone() {
            if !listed.entries.is_empty() {
                if let Some(none) = listed.none.filter(|_| list.is_exact()) {
                    self.unreadable(list.name(), none, "none", "there are also other entries");
                }
            } else if list.is_exact() && (listed.none.is_none() || list == List::AllowedPaths) {
                // An entry that cannot be read has been complained about already.
                if complained(list, &self.complaints) {
                    continue;
                }
                self.complain(Some(listed.line), PacketProblem::EmptyList(list.name()));
            } else if listed.none.is_none() && !list.may_be_empty() {
                self.note(listed.line, &format!("{}: nothing follows", list.name()));
            }
        }
        if !self.lists.contains_key(&List::AllowedPaths) {
            self.complain(None, PacketProblem::Missing(List::AllowedPaths.name()));
        }
    }

    fn paths(&mut self, list: List, kind: PathList) -> Vec<String> {
        for said in self.entries(list) {
            if let Err(source) = check_pattern(&said.text, kind) {
                let pattern = said.text;
                self.complain(Some(said.line), PacketProblem::Path { pattern, source });
            }
        }
        self.texts(list)
    }

    fn actions(&mut self) -> Vec<ActionName> {
        let mut actions = Vec::new();
        for said in self.entries(List::ForbiddenActions) {
            match said.text.parse() {
                Ok(action) => actions.push(action),
                Err(unknown) => self.complain(Some(said.line), PacketProblem::Action(unknown)),
            }
        }
        actions
    }

    fn sentence(
        &mut self,
        strict: bool,
        id: Option<&TaskId>,
        supplied: &mut Vec<String>,
    ) -> Option<String> {
        if let Some(said) = self.scalars.get(&Scalar::Sentence).cloned() {
            if let Err(why) = check_line(&said.text) {
                self.complain(Some(said.line), PacketProblem::Sentence(why));
            }
            return Some(said.text);
        }
        if strict {
            // A sentence that was refused has been complained about already.
            let sentence = |c: &Complaint| matches!(c.problem, PacketProblem::Sentence(_));
            return if self.complaints.iter().any(sentence) {
                None
            } else {
                self.required(Scalar::Sentence)
            };
        }
        supplied.push("approval_sentence: generated, the packet gives none".to_owned());
        id.map(|id| format!("I approve {id}."))
    }

    /// Without a word it is the sentence: one that the packet does not give is generated.
    fn gate1(&mut self) -> Option<Gate1> {
        let Some(said) = self.scalars.get(&Scalar::Gate1).cloned() else {
            return Some(Gate1::default());
        };
        let gate1 = Gate1::of_word(&said.text);
        if gate1.is_none() {
            self.complain(Some(said.line), PacketProblem::Gate1(said.text));
        }
        gate1
    }

    /// Returns how many runs must agree, if it is said. Whether so many can be asked for is for the contract.
    fn determinism(&mut self) -> Option<u32> {
        let said = self.scalars.get(&Scalar::Determinism).cloned()?;
        let number = said.text.parse().ok();
        if number.is_none() {
            let problem = PacketProblem::Item {
                what: Scalar::Determinism.name(),
                text: said.text,
                why: "it is a number of runs from 2 to 16",
            };
            self.complain(Some(said.line), problem);
        }
        number
    }

    fn not_understood(&mut self) -> Vec<String> {
        self.notes.sort_by_key(|(line, _)| *line);
        let notes = self.notes.iter();
        notes
            .map(|(line, text)| format!("line {line}: {text}"))
            .collect()
    }

    fn line_of(&self, field: &str) -> Option<usize> {
        let scalar = Scalar::ALL.iter().find(|scalar| scalar.field() == field);
        let list = List::ALL.iter().find(|list| list.field() == field);
        let scalar = scalar.and_then(|scalar| self.scalars.get(scalar));
        let list = list.and_then(|list| self.lists.get(list));
        // A part of a plan that is missing is missed where the plan says that it applies.
        let plan = field.starts_with("packet.closure_plan.");
        let plan = plan.then(|| self.scalars.get(&Scalar::ClosureApplicable));
        let line = scalar.map(|said| said.line);
        let line = line.or(list.map(|listed| listed.line));
        line.or(plan.flatten().map(|said| said.line))
    }
}
