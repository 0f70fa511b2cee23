//! The stages of the main road, each made once and copied for who starts there.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};

use super::error::{Error, io};
use super::world::{Setting, World};
use super::{copy, seal};

/// How far the main road has been gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Server and clones stand; the policy is in force and trusted.
    Founded,
    /// The task is approved and pushed, and everybody has the approval.
    Approved,
    /// otto has executed it, and not pushed.
    Executed,
    /// rita has the records of the run.
    HandedOver,
    /// rita has passed it through gate 2, and not pushed.
    Gated,
    /// rita has approved and attested it, pushed, and otto has the records.
    Attested,
    /// otto has finalized it, and not pushed.
    Finalized,
    /// It is on the server, and in every clone.
    Landed,
    /// olga has rejected the result and pushed that; otto knows.
    Rejected,
}

impl Stage {
    fn before(self) -> Option<Self> {
        match self {
            Stage::Founded => None,
            Stage::Approved => Some(Stage::Founded),
            Stage::Executed => Some(Stage::Approved),
            Stage::HandedOver => Some(Stage::Executed),
            Stage::Gated => Some(Stage::HandedOver),
            Stage::Attested => Some(Stage::Gated),
            Stage::Finalized => Some(Stage::Attested),
            Stage::Landed => Some(Stage::Finalized),
            Stage::Rejected => Some(Stage::Landed),
        }
    }

    fn advance(self, world: &World) -> Result<(), Error> {
        match self {
            Stage::Founded => world.found(),
            Stage::Approved => world.approve(),
            Stage::Executed => world.execute(),
            Stage::HandedOver => world.hand_over(),
            Stage::Gated => world.gate(),
            Stage::Attested => world.attest(),
            Stage::Finalized => world.finalize(),
            Stage::Landed => world.land(),
            Stage::Rejected => world.reject(),
        }
    }

    /// Goes the road up to here in a world in which nothing has happened.
    pub fn reach(self, world: &World) -> Result<(), Error> {
        if let Some(before) = self.before() {
            before.reach(world)?;
        }
        self.advance(world)
    }
}

/// A directory of stages. Processes may share it: a stage appears whole, and is made again if it is
/// not as it was made.
#[derive(Debug)]
pub struct Stages {
    directory: PathBuf,
    program: PathBuf,
    setting: Setting,
    made: Mutex<BTreeMap<Stage, World>>,
}

impl Stages {
    /// Names the directory. What stands in it must have been made by this program in this setting.
    pub fn new(directory: &Path, program: &Path, setting: Setting) -> Self {
        Self {
            directory: directory.to_owned(),
            program: program.to_owned(),
            setting,
            made: Mutex::default(),
        }
    }

    /// Copies a stage into a directory that is absent or empty.
    pub fn copy(&self, stage: Stage, to: &Path) -> Result<World, Error> {
        self.stage(stage)?.copy(to)
    }

    /// Returns the world at a stage; not to be acted in.
    fn stage(&self, stage: Stage) -> Result<World, Error> {
        // Who panicked has left the map as it was.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        self.make(stage, &mut made)
    }

    fn make(&self, stage: Stage, made: &mut BTreeMap<Stage, World>) -> Result<World, Error> {
        if let Some(world) = made.get(&stage) {
            return Ok(world.clone());
        }
        std::fs::create_dir_all(&self.directory).map_err(io(&self.directory))?;
        let place = self.directory.join(format!("{stage:?}"));
        let lock = self.directory.join(format!("{stage:?}.lock"));
        let file = File::create(&lock).map_err(io(&lock))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|errno| io(&lock)(errno.into()))?;
        if !seal::holds(&place)? {
            self.make_at(&place, stage, made)?;
        }
        let world = World::at(&place, &self.program, self.setting)?;
        made.insert(stage, world.clone());
        Ok(world)
    }

    fn make_at(
        &self,
        place: &Path,
        stage: Stage,
        made: &mut BTreeMap<Stage, World>,
    ) -> Result<(), Error> {
        let fresh = place.with_extension("new");
        for left in [place, &fresh] {
            if left.exists() {
                std::fs::remove_dir_all(left).map_err(io(left))?;
            }
        }
        let world = World::new(&fresh, &self.program, self.setting)?;
        if let Some(before) = stage.before() {
            copy::tree(self.make(before, made)?.root(), &fresh)?;
        }
        stage.advance(&world)?;
        world.pack()?;
        seal::put(&fresh)?;
        std::fs::rename(&fresh, place).map_err(io(place))
    }
}
