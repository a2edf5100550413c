//! The metrics of one trial.

use std::fmt;

use super::definitions::METRIC_COUNT;
use super::names::MetricId;
use crate::types::DigestWriter;

/// A value, or *undefined*, for every metric.
#[derive(Clone, Copy, PartialEq)]
pub struct Metrics([Option<f64>; METRIC_COUNT]);

impl Metrics {
    /// Nothing known.
    pub const UNDEFINED: Self = Self([None; METRIC_COUNT]);

    /// The value of a metric; `None` is undefined and ranks worst.
    #[inline]
    pub fn get(&self, id: MetricId) -> Option<f64> {
        self.0[id.index()]
    }

    /// Sets a value. `-0.0` becomes `0.0`, so that equal values have equal bits.
    ///
    /// NaN and infinities never get in: they are a bug of the caller in debug builds and undefined otherwise.
    pub fn set(&mut self, id: MetricId, value: impl Into<Option<f64>>) {
        let value = value.into();
        debug_assert!(value.is_none_or(f64::is_finite), "{id} is {value:?}");
        self.0[id.index()] = value.filter(|value| value.is_finite()).map(|value| value + 0.0);
    }

    /// All values in the order of [`super::METRICS`].
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (MetricId, Option<f64>)> + '_ {
        MetricId::all().zip(self.0)
    }

    /// Feeds every value by its bits into a digest.
    pub fn digest(&self, writer: &mut DigestWriter) {
        for value in self.0 {
            writer.optional_f64(value);
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::UNDEFINED
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(id, value)| (id.key(), value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_zero_is_stored_as_zero() {
        let mut metrics = Metrics::UNDEFINED;
        metrics.set(MetricId::of("profit_net"), -0.0);
        assert_eq!(metrics.get(MetricId::of("profit_net")).map(f64::to_bits), Some(0));
    }

    #[test]
    fn undefined_and_zero_have_different_digests() {
        let digest = |value: Option<f64>| {
            let mut metrics = Metrics::UNDEFINED;
            metrics.set(MetricId::of("win_rate"), value);
            let mut writer = DigestWriter::new("test");
            metrics.digest(&mut writer);
            writer.finish()
        };
        assert_ne!(digest(None), digest(Some(0.0)));
        assert_eq!(digest(Some(-0.0)), digest(Some(0.0)));
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "profit_net is Some(NaN)"))]
    fn a_nan_does_not_get_in() {
        let mut metrics = Metrics::UNDEFINED;
        metrics.set(MetricId::of("profit_net"), f64::NAN);
        assert_eq!(metrics.get(MetricId::of("profit_net")), None);
    }
}
