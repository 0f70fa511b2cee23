//! The facade: a repository, and what one asks of it. See [`Repository`].

use std::path::Path;

use crate::actor::{Actor, Clock, Settings};
use crate::check::push::{self, Door};
use crate::check::verify::{self, Scope};
use crate::git::{self, Repo};
use crate::ops::Session;
use crate::record::{Coded, Diagnosis, Report, Timestamp};
use crate::records::Movement;
use crate::{actor, check};

pub use crate::check::Anchor;

/// A repository that is governed, or is to be.
///
/// Time never comes from a clock here: whoever asks says at which time the answer is to hold.
/// git's own configuration is read as git reads it.
pub struct Repository {
    repo: Repo,
    anchor: Option<Anchor>,
}

/// A repository could not be opened, read or acted in.
///
/// It never means "allowed"; [`Coded`] says with which code and rule it refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The repository could not be opened or read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// Its settings, or a key, could not be used.
    #[error(transparent)]
    Actor(#[from] actor::Error),
    /// The check could not be made.
    #[error(transparent)]
    Check(#[from] check::Error),
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Git(error) => error.diagnosis(),
            Self::Actor(error) => error.diagnosis(),
            Self::Check(error) => error.diagnosis(),
        }
    }
}

impl Repository {
    /// Opens the repository around a directory, with the trust anchor that was set in it
    /// (`git awo trust`).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let directory = tempfile::tempdir()?;
    /// let git = |args: &[&str]| {
    ///     let mut git = std::process::Command::new("git");
    ///     git.args(args).current_dir(&directory).status()
    /// };
    /// assert!(git(&["init", "-q"])?.success());
    ///
    /// let repository = git_awo::Repository::open(directory.path())?;
    /// assert!(repository.anchor().is_none(), "nothing is trusted yet");
    /// assert!(git_awo::Repository::open(&directory.path().join("elsewhere")).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let repo = Repo::discover(directory)?;
        let anchor = Settings::of(&repo).anchor()?;
        Ok(Self { repo, anchor })
    }

    /// Trusts this from here on, and not what was set in the repository.
    pub fn trusting(self, anchor: Anchor) -> Self {
        let anchor = Some(anchor);
        Self { anchor, ..self }
    }

    /// Returns what is trusted, if anything is.
    pub fn anchor(&self) -> Option<&Anchor> {
        self.anchor.as_ref()
    }

    /// Verifies every branch and every record again from objects, offline, as `git awo verify`
    /// does.
    ///
    /// Without an anchor nothing is decided: "cannot verify" is never "allowed". What it looks like
    /// where all holds, [`Repository::act_as`] shows.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use git_awo::record::{Timestamp, Verdict};
    /// use git_awo::{Anchor, Repository};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let mut git = std::process::Command::new("git");
    /// # assert!(git.args(["init", "-q"]).current_dir(&directory).status()?.success());
    /// let now: Timestamp = "2026-11-29T12:00:00Z".parse()?;
    /// let repository = Repository::open(directory.path())?;
    /// // The first commit of the policy, as somebody told us whom we trust.
    /// let anchor = Anchor::parse("0123456789012345678901234567890123456789").unwrap();
    /// let report = repository.trusting(anchor).verify(now)?;
    /// assert_ne!(report.verdict(), Verdict::Allowed, "this repository has no policy");
    /// for finding in report.all().iter() {
    ///     println!("{} {}: {}", finding.code, finding.rule, finding.remedy);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify(&self, now: Timestamp) -> Result<Report, Error> {
        let marks = Settings::of(&self.repo).high_water()?;
        let clone = verify::Clone {
            reader: &self.repo,
            anchor: self.anchor.as_ref(),
            marks: &marks,
            receipts: &[],
            fresh: None,
            time: now,
            cache: false,
        };
        Ok(verify::verify(&clone, &Scope::All))
    }

    /// Judges a push that would move refs so, as the server's `pre-receive` does: by the policy
    /// that stands in this repository now. The objects must be in it already.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use git_awo::record::{RefName, Timestamp, Verdict};
    /// use git_awo::{Movement, Repository};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let git = |args: &[&str]| {
    /// #     let mut git = std::process::Command::new("git");
    /// #     let output = git.args(args).current_dir(&directory).output()?;
    /// #     Ok::<_, std::io::Error>(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    /// # };
    /// # git(&["init", "-q"])?;
    /// # git(&["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false",
    /// #     "commit", "-q", "--allow-empty", "-m", "x"])?;
    /// let commit = git(&["rev-parse", "HEAD"])?.parse()?;
    /// let movement = Movement {
    ///     reference: RefName::new("refs/heads/new")?,
    ///     old: None,
    ///     new: Some(commit),
    /// };
    /// let now: Timestamp = "2026-11-29T12:00:00Z".parse()?;
    /// let report = Repository::open(directory.path())?.judge_push(&[movement], now)?;
    /// assert_eq!(report.verdict(), Verdict::Denied, "nothing lands without a policy");
    /// # Ok(())
    /// # }
    /// ```
    pub fn judge_push(&self, movements: &[Movement], now: Timestamp) -> Result<Report, Error> {
        Ok(push::judge(&push::Push {
            reader: &self.repo,
            before: &push::refs(&self.repo)?,
            movements,
            anchor: self.anchor.as_ref(),
            known: None,
            door: Door::Clone,
            time: now,
        }))
    }

    /// Acts here as whoever holds this key: the path of a private key, or of the public one of a
    /// key that `ssh-keygen` can sign with.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use git_awo::ops::init::{self, CloneRequest};
    /// use git_awo::record::{Timestamp, Verdict};
    /// use git_awo::{Repository, signing};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let mut git = std::process::Command::new("git");
    /// # assert!(git.args(["init", "-q"]).current_dir(&directory).status()?.success());
    /// let key = directory.path().join("key");
    /// // Only for this example: a seed comes from the system's random numbers.
    /// let public = signing::generate_ed25519(&key, "olga", [7; 32])?;
    ///
    /// let now: Timestamp = "2026-11-29T12:00:00Z".parse()?;
    /// let olga = Repository::open(directory.path())?.act_as(&key, now);
    /// assert_eq!(olga.now(), now);
    /// assert_eq!(olga.actor().signer()?.public_key(), &public);
    ///
    /// // She founds the repository: its first policy, with herself as root and operator.
    /// let founded = init::clone(&olga, CloneRequest {
    ///     identity: Some("olga".to_owned()),
    ///     first: None,
    ///     server_key: None,
    ///     show_notes: false,
    ///     program: std::path::Path::new("/usr/bin/git-awo"),
    /// })?;
    /// assert_eq!(&founded.signed_by, public.fingerprint());
    /// let report = Repository::open(directory.path())?.verify(now)?;
    /// assert_eq!(report.verdict(), Verdict::Allowed, "{:?}", report.all());
    /// # Ok(())
    /// # }
    /// ```
    pub fn act_as(self, key: &Path, now: Timestamp) -> Session {
        let mut actor = Actor::of(self.repo).with_key(key);
        actor.clock = Clock::at(now);
        Session::new(actor)
    }
}
