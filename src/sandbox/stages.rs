//! The stages of the main workflow, each created once and copied by its users.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::error::{Error, io};
use super::world::{Setting, World};
use super::{copy, seal};
use crate::sys::lock::alone;

/// A stage of the main workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Server and clones exist; the policy is in force and trusted.
    Founded,
    /// The task is approved and pushed, and everybody has the approval.
    Approved,
    /// otto has executed it, but not pushed.
    Executed,
    /// rita has the records of the run.
    HandedOver,
    /// rita has run gate 2, but not pushed.
    Gated,
    /// rita has approved and attested it, pushed, and otto has the records.
    Attested,
    /// otto has finalized it, but not pushed.
    Finalized,
    /// It is on the server and in every clone.
    Landed,
    /// olga has rejected the result and pushed the outcome; otto has fetched it.
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

    /// Runs all steps up to this stage in a new world.
    pub fn reach(self, world: &World) -> Result<(), Error> {
        if let Some(before) = self.before() {
            before.reach(world)?;
        }
        self.advance(world)
    }
}

/// A directory of stages. Processes may share it: a stage is created atomically, and created again if
/// it was modified.
#[derive(Debug)]
pub struct Stages {
    directory: PathBuf,
    program: PathBuf,
    setting: Setting,
    made: Mutex<BTreeMap<Stage, World>>,
}

impl Stages {
    /// Uses a directory, whose stages must have been created by this program with this setting.
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

    /// Returns the world at a stage, which must not be modified.
    fn stage(&self, stage: Stage) -> Result<World, Error> {
        // A thread that panicked has left the map unchanged.
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
        alone(&file).map_err(io(&lock))?;
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
