//! Lots from risk, from the tick value, or fixed (`execution.md` 5).

use crate::data::SymbolSpec;
use crate::types::math;
use crate::types::words::words;

words! {
    /// What happens to a size below the least lots.
    MinLotPolicy {
        /// It is raised to the least lots.
        ClampUp = "clamp_up",
        /// The order is rejected.
        Reject = "reject",
    }
}

/// Pip size where a symbol has none, price units.
pub const DEFAULT_PIP: f64 = 0.0001;

/// Account money per price unit and lot where a symbol has no specification.
const DEFAULT_UNIT_VALUE: f64 = 100_000.0;

/// How lots are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SizingMode {
    /// From the risk, the pips to the stop and the value of a pip.
    LotSizer,
    /// From the risk and the tick value.
    TickValue,
    /// Always this many.
    FixedLots(f64),
}

/// Least, step and most lots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LotLimits {
    /// Least lots.
    pub min: f64,
    /// Step, counted from `min`.
    pub step: f64,
    /// Most lots.
    pub max: f64,
}

impl LotLimits {
    /// The limits of a symbol.
    pub fn of(spec: &SymbolSpec) -> Self {
        Self { min: spec.volume_min, step: spec.volume_step, max: spec.volume_max }
    }

    /// Down to the grid that starts at `min`.
    #[inline]
    fn floor(self, raw: f64) -> f64 {
        if raw <= self.min {
            return self.min;
        }
        self.min + math::floor((raw - self.min + 1e-12) / self.step) * self.step
    }

    /// The size of a raw lot count in mode `lot_sizer`, without decimal clean-up.
    #[inline]
    pub fn lot_sizer(self, raw: f64) -> f64 {
        self.floor(raw).max(self.min).min(self.max)
    }

    /// The size of a raw lot count in mode `tick_value`, rounded to eight decimals.
    #[inline]
    pub fn tick_value(self, raw: f64) -> f64 {
        let lots = self.floor(raw);
        math::round_decimals(if lots > self.max { self.max } else { lots }, 8)
    }

    /// The size of a fixed lot count.
    #[inline]
    pub fn fixed(self, lots: f64) -> f64 {
        self.floor(lots.max(self.min).min(self.max)).min(self.max)
    }
}

/// Size in mode `tick_value` of a symbol without a specification: rounded to the nearest cent of a lot.
pub fn unspecified_lots(raw: f64) -> f64 {
    math::round_decimals(raw, 2).max(0.01)
}

/// The pip as a price difference; 0.0001 without a specification or with a pip of 0.
pub fn pip_size(spec: Option<&SymbolSpec>) -> f64 {
    spec.map(|spec| spec.pip_size).filter(|pip| *pip != 0.0).unwrap_or(DEFAULT_PIP)
}

/// Account money per price unit and lot by the tick value; 100,000 without a specification.
pub fn tick_unit_value(tick: Option<(f64, f64)>) -> f64 {
    tick.map_or(DEFAULT_UNIT_VALUE, |(value, size)| value / size)
}

/// Raw lots in mode `lot_sizer`; `pip_value` is account money per pip and lot.
#[inline]
pub fn raw_by_pips(risk: f64, stop_pips: f64, pip_value: f64) -> f64 {
    if stop_pips <= 0.0 { 0.0 } else { risk / (stop_pips * pip_value) }
}

/// Raw lots in mode `tick_value`; `unit_value` is account money per price unit and lot.
#[inline]
pub fn raw_by_ticks(risk: f64, distance: f64, unit_value: f64) -> f64 {
    let per_lot = distance * unit_value;
    if per_lot > 0.0 { risk / per_lot } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: LotLimits = LotLimits { min: 0.01, step: 0.01, max: 5.0 };

    #[test]
    fn the_grid_starts_at_the_minimum_and_keeps_its_last_bit() {
        assert_eq!(LIMITS.lot_sizer(0.573), 0.570_000_000_000_000_1);
        assert_eq!(LIMITS.tick_value(0.573), 0.57);
        assert_eq!(LotLimits { min: 0.015, ..LIMITS }.tick_value(0.03), 0.025);
    }

    #[test]
    fn sizes_stay_between_least_and_most() {
        for size in [LIMITS.lot_sizer(-1.0), LIMITS.tick_value(0.0), LIMITS.fixed(0.001)] {
            assert_eq!(size, 0.01);
        }
        for size in [LIMITS.lot_sizer(99.0), LIMITS.tick_value(99.0), LIMITS.fixed(99.0)] {
            assert_eq!(size, 5.0);
        }
    }

    #[test]
    fn no_distance_means_no_raw_lots() {
        assert_eq!(raw_by_pips(100.0, 0.0, 10.0), 0.0);
        assert_eq!(raw_by_ticks(100.0, 0.0, 10.0), 0.0);
        assert_eq!(raw_by_ticks(100.0, 2.0, 10.0), 5.0);
    }
}
