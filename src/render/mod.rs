//! Room 4, `render`: values become text for people. JSON needs no rendering: values serialise.

pub mod report;
