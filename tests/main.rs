//! The one test binary: rooms, the main road, attacks.

mod attacks;
mod main_road;
mod world;
