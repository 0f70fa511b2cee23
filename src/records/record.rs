//! The properties that every record has, whatever its kind.

use std::any::Any;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::kind::Kind;
use super::place::{Location, Object, Scope, Stands};
use super::statement::{BadStatement, Context, Statement, Subject};
use crate::record::envelope::Envelope;
use crate::record::{
    DecisionId, EscalationId, ObjectId, RefName, Role, RunId, Sha256, TaskId, Timestamp,
};

/// The properties of a kind.
pub(super) struct About {
    pub(super) word: &'static str,
    pub(super) namespace: &'static str,
    pub(super) predicate_type: &'static str,
    /// The name for people: `run record`.
    pub(super) title: &'static str,
    /// The purpose, in one clause, for the formats page.
    pub(super) purpose: &'static str,
    pub(super) signers: Signers,
    pub(super) stands: Stands,
    /// The kinds of which a record must exist before one of this kind is accepted.
    pub(super) after: &'static [Kind],
    /// The fields other than the context, for the formats page.
    pub(super) fields: &'static str,
    pub(super) parse: Parse,
}

type Parse = fn(&[u8]) -> Result<Box<dyn Record>, BadStatement>;

/// Parses a statement whose kind is known at run time only.
pub(super) fn parse<P: Predicate + 'static>(
    payload: &[u8],
) -> Result<Box<dyn Record>, BadStatement> {
    Ok(Box::new(Statement::<P>::parse(payload)?.predicate))
}

/// Defines the properties of a kind, and derives the names that follow from its word.
macro_rules! about {
    ($kind:ident, $word:literal, $predicate:ty, $($field:ident: $value:expr,)*) => {
        pub(super) const ABOUT: crate::records::record::About = crate::records::record::About {
            word: $word,
            namespace: concat!("git-awo.", $word),
            predicate_type: concat!("https://git-awo.dev/", $word, "/v1"),
            parse: crate::records::record::parse::<$predicate>,
            $($field: $value,)*
        };

        impl crate::records::Predicate for $predicate {
            const KIND: Kind = Kind::$kind;
        }
    };
}
pub(super) use about;

/// Who may sign a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signers {
    /// Persons who hold one of these roles and claim it.
    Roles(&'static [Role]),
    /// The roots of the policy, as many as it requires.
    Roots,
    /// Persons whom `gates.self_approval_override` names.
    NamedByPolicy,
    /// Persons whom `vouched` names for the branch.
    Vouchers,
}

impl Signers {
    /// Returns the roles of which the signer must claim one; empty if roles do not matter.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Signers::Roles(roles) => roles,
            Signers::Roots | Signers::NamedByPolicy | Signers::Vouchers => &[],
        }
    }
}

impl fmt::Display for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signers::Roles(roles) => {
                let words: Vec<_> = roles.iter().map(|role| role.word()).collect();
                f.write_str(&words.join(" or "))
            }
            Signers::Roots => f.write_str("roots"),
            Signers::NamedByPolicy => {
                f.write_str("a person whom gates.self_approval_override names")
            }
            Signers::Vouchers => f.write_str("a person whom `vouched` of the branch names"),
        }
    }
}

/// Something that a record binds: the record is valid for this and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A task.
    Task(TaskId),
    /// The digest of a packet.
    Packet(Sha256),
    /// The digest of a contract statement.
    Contract(Sha256),
    /// A run.
    Run(RunId),
    /// The digest of a run record.
    RunRecord(Sha256),
    /// The branch that a commit is for.
    Reference(RefName),
    /// The commit on which a task is executed.
    Base(ObjectId),
    /// The commit of a run.
    Commit(ObjectId),
    /// The tree of that commit.
    Tree(ObjectId),
    /// The SHA-256 root of a run's evidence.
    Root(Sha256),
    /// The ref whose tree holds that evidence.
    Evidence(RefName),
    /// The digest of a result of gate 2.
    Independence(Sha256),
    /// The digest of an approval.
    Approval(Sha256),
    /// The digest of an attestation.
    Attestation(Sha256),
    /// The digest of the record to which it refers.
    Record(Sha256),
    /// A decision.
    Decision(DecisionId),
    /// A request to hand content to a model elsewhere.
    Escalation(EscalationId),
    /// The SHA-256 of what packets call a repository.
    Locator(Sha256),
    /// The SHA-256 of a command, the tree on which it is run, and what of it is compared.
    Recipe(Sha256),
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(it) => it.fmt(f),
            Self::Run(it) => it.fmt(f),
            Self::Reference(it) | Self::Evidence(it) => it.fmt(f),
            Self::Base(it) | Self::Commit(it) | Self::Tree(it) => it.fmt(f),
            Self::Packet(it) | Self::Contract(it) | Self::RunRecord(it) | Self::Root(it) => {
                it.fmt(f)
            }
            Self::Independence(it) | Self::Approval(it) | Self::Attestation(it) => it.fmt(f),
            Self::Record(it) | Self::Locator(it) | Self::Recipe(it) => it.fmt(f),
            Self::Decision(it) => it.fmt(f),
            Self::Escalation(it) => it.fmt(f),
        }
    }
}

/// A record of any kind.
pub trait Record: fmt::Debug + Any {
    /// Returns the kind.
    fn kind(&self) -> Kind;

    /// Returns by whom and in which repository the record was made; `None` for a policy, whose signers
    /// are the roots.
    fn context(&self) -> Option<&Context>;

    /// Returns what the record binds.
    fn binds(&self) -> Vec<Binding>;

    /// Returns who may sign this record.
    fn signers(&self) -> Signers {
        self.kind().signers()
    }

    /// Returns the subjects of the statement. By default, the commit of the run.
    fn subject(&self) -> Vec<Subject> {
        match (self.run(), self.commit()) {
            (Some(run), Some(commit)) => vec![Subject::commit(run.as_str(), commit)],
            _ => Vec::new(),
        }
    }

    /// Returns the location of the record, which follows from its content and its signer; `None` if it
    /// has none.
    fn place(&self, envelope: &Envelope) -> Option<Location> {
        match self.kind().stands() {
            Stands::OncePerTask => Some(self.kind().of(self.task()?).into()),
            Stands::OncePerRecord => {
                let about = self.binds().into_iter().find_map(|it| match it {
                    Binding::Record(digest) => Some(digest),
                    _ => None,
                });
                Some(self.kind().of(Scope::Record(about?)).into())
            }
            Stands::OncePerRun => Some(self.kind().of(self.run()?).into()),
            Stands::OncePerDecision => Some(self.kind().of(self.decision()?).into()),
            Stands::OncePerEscalation => Some(self.kind().of(self.escalation()?).into()),
            Stands::ManyPerTask => Some(self.kind().one_of(self.task()?, envelope.digest()).into()),
            Stands::ManyPerRun => Some(self.kind().one_of(self.run()?, envelope.digest()).into()),
            Stands::ManyPerDay => {
                let day = Scope::Day(self.expires()?.day());
                Some(self.kind().one_of(day, envelope.digest()).into())
            }
            Stands::ManyPerLocator => {
                let key = self.binds().into_iter().find_map(|it| match it {
                    Binding::Locator(key) => Some(key),
                    _ => None,
                });
                let locator = Scope::Locator(key?);
                Some(self.kind().one_of(locator, envelope.digest()).into())
            }
            Stands::ManyPerRecipe => {
                let key = self.binds().into_iter().find_map(|it| match it {
                    Binding::Recipe(key) => Some(key),
                    _ => None,
                });
                let recipe = Scope::Recipe(key?);
                Some(self.kind().one_of(recipe, envelope.digest()).into())
            }
            Stands::ManyPerCommit => {
                let tip = Scope::Commit(self.commit()?);
                Some(self.kind().one_of(tip, envelope.digest()).into())
            }
            Stands::Noted(notes) => {
                let segment = notes.until(self.expires()?);
                Some(Location::Note(segment, Object::Commit(self.commit()?)))
            }
            Stands::PerProposal | Stands::Log => None,
        }
    }

    /// Returns when the record ceases to be valid, if it says so. One that is noted does.
    fn expires(&self) -> Option<Timestamp> {
        None
    }

    /// Returns the task that the record binds.
    fn task(&self) -> Option<TaskId> {
        self.binds().into_iter().find_map(|it| match it {
            Binding::Task(task) => Some(task),
            _ => None,
        })
    }

    /// Returns the run that the record binds.
    fn run(&self) -> Option<RunId> {
        self.binds().into_iter().find_map(|it| match it {
            Binding::Run(run) => Some(run),
            _ => None,
        })
    }

    /// Returns the decision that the record is, or is about.
    fn decision(&self) -> Option<DecisionId> {
        self.binds().into_iter().find_map(|it| match it {
            Binding::Decision(id) => Some(id),
            _ => None,
        })
    }

    /// Returns the request that the record is, or to which it belongs.
    fn escalation(&self) -> Option<EscalationId> {
        self.binds().into_iter().find_map(|it| match it {
            Binding::Escalation(id) => Some(id),
            _ => None,
        })
    }

    /// Returns the branch that the record binds.
    fn reference(&self) -> Option<RefName> {
        self.binds().into_iter().find_map(|it| match it {
            Binding::Reference(name) => Some(name),
            _ => None,
        })
    }

    /// Returns the commit that the record binds.
    fn commit(&self) -> Option<ObjectId> {
        self.binds().into_iter().find_map(|it| match it {
            Binding::Commit(commit) => Some(commit),
            _ => None,
        })
    }
}

/// A record of a kind that is known at compile time: the `predicate` of its statement.
pub trait Predicate: Record + Serialize + DeserializeOwned + Clone {
    /// The kind.
    const KIND: Kind;
}

impl<P: Predicate> Statement<P> {
    /// Returns the statement that carries this predicate.
    pub fn new(predicate: P) -> Self {
        let subject = predicate.subject();
        Self::of(predicate, P::KIND.predicate_type(), subject)
    }

    /// Parses a payload strictly: canonical bytes, known fields, this kind, and the subject that it implies.
    pub fn parse(payload: &[u8]) -> Result<Self, BadStatement> {
        Self::read(payload, P::KIND.predicate_type(), P::subject)
    }
}
