//! Windows over the development range, the choice in each, and the stitched out-of-sample result.

pub mod cpcv;
pub mod efficiency;
pub mod matrix;
pub mod run;
pub mod settings;
pub mod splits;
pub mod stitch;

pub use run::{OutOfSample, TestRun, WalkForward, WalkForwardReport, WalkForwardRunError, WindowOutcome};
pub use settings::WalkForwardSettings;
