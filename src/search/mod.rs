//! Which parameter sets to try: space, constraints, samplers, objectives. Knows nothing of bars.

pub mod axis;
pub mod constraint;
pub mod decimal;
pub mod grid;
pub mod lhs;
pub mod objective;
pub mod pareto;
pub mod quasi;
pub mod random;
pub mod sampler;
pub mod sobol;
pub mod space;

pub use axis::{Axis, Condition, Coordinate, Levels};
pub use constraint::Constraint;
pub use decimal::Decimal;
pub use grid::{GridOrder, GridSampler};
pub use lhs::LatinHypercube;
pub use objective::{Across, Aim, Objective, Requirement, Scale, Term};
pub use quasi::QuasiRandom;
pub use random::RandomSampler;
pub use sampler::{Counts, Sampler, SamplerError};
pub use sobol::SobolPoints;
pub use space::{Space, SpaceError};
