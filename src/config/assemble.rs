//! From checked sections to the parts that do the work.

use std::sync::Arc;

use super::spec::{DailyReturnsOf, JobSpec, SamplerSpec};
use crate::search::{
    GridSampler, LatinHypercube, QuasiRandom, RandomSampler, Sampler, SamplerError, SobolPoints,
};

impl JobSpec {
    /// The sampler of a walk-forward window (0 without windows). `None` for samplers that learn from results.
    ///
    /// # Errors
    /// When the space does not fit the sampler, or it cannot draw.
    pub fn sampler(&self, fold: u32) -> Result<Option<Box<dyn Sampler>>, SamplerError> {
        let space = Arc::clone(&self.space);
        let dimensions = space.dimensions();
        Ok(Some(match &self.sampler {
            SamplerSpec::Grid { order } => Box::new(GridSampler::new(space, *order, self.seed, fold)?),
            SamplerSpec::Random { trials, distinct } => {
                Box::new(RandomSampler::new(space, *trials, *distinct, self.seed, fold)?)
            }
            SamplerSpec::Sobol { trials, shift } => {
                let points = SobolPoints::new(dimensions)?;
                let points = if *shift { points.shifted(self.seed, fold) } else { points };
                Box::new(QuasiRandom::new(space, points, *trials)?)
            }
            SamplerSpec::Lhs { trials } => {
                let count = u32::try_from(*trials)
                    .map_err(|_| SamplerError::Points { found: *trials, allowed: u64::from(u32::MAX) })?;
                let points = LatinHypercube::new(dimensions, count, self.seed, fold);
                Box::new(QuasiRandom::new(space, points, *trials)?)
            }
            SamplerSpec::Tpe { .. }
            | SamplerSpec::CmaEs { .. }
            | SamplerSpec::Nsga2 { .. }
            | SamplerSpec::Local { .. } => return Ok(None),
        }))
    }

    /// Whether the daily returns of every trial are needed.
    pub fn keeps_returns(&self) -> bool {
        self.output.daily_returns == DailyReturnsOf::All
    }
}
