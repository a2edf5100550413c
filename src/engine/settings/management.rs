//! Position management and decision time: objects of which each entry stands alone.

use super::read::{Fields, Misfit, count, not_negative, nullable, number, object, or_null, positive, word};
use crate::data::EntryTimestampMode;
use crate::types::ParamValue;

/// When a decision is taken, and how old a higher bar may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// Open or close of the bar.
    pub entry_timestamp_mode: EntryTimestampMode,
    /// Primary bars after which a higher bar is stale; 0 = the rule of `indicators.md` 3.2.
    pub stale_bar_limit_bars: u32,
}

impl Default for Alignment {
    fn default() -> Self {
        Self { entry_timestamp_mode: EntryTimestampMode::Open, stale_bar_limit_bars: 0 }
    }
}

impl Alignment {
    const KEYS: [&str; 2] = ["entry_timestamp_mode", "stale_bar_limit_bars"];

    /// These settings with the given entries replaced.
    pub(super) fn overlay(mut self, value: &ParamValue) -> Result<Self, Misfit> {
        let fields = Fields::of(value, &Self::KEYS)?;
        let mode = |v: &ParamValue| word(v, EntryTimestampMode::ALL, EntryTimestampMode::as_str);
        if let Some(mode) = fields.optional(Self::KEYS[0], mode)? {
            self.entry_timestamp_mode = mode;
        }
        if let Some(limit) = fields.optional(Self::KEYS[1], |v| count(v, 0))? {
            self.stale_bar_limit_bars = limit;
        }
        Ok(self)
    }

    pub(super) fn value(self) -> ParamValue {
        object([
            (Self::KEYS[0], ParamValue::text(self.entry_timestamp_mode.as_str())),
            (Self::KEYS[1], ParamValue::Int(i64::from(self.stale_bar_limit_bars))),
        ])
    }
}

/// Rules that close a position or move its stop (`execution.md` 8.1); `None` = off.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ManagementSettings {
    /// Longest holding time, minutes.
    pub max_holding_minutes: Option<f64>,
    /// Profit in R at which the stop goes to break-even.
    pub be_trigger_r: Option<f64>,
    /// Pips beyond the entry for the break-even stop; `None` = 0.
    pub be_offset_pips: Option<f64>,
    /// Profit in R from which the stop trails; `None` = 0.
    pub trail_start_r: Option<f64>,
    /// Distance in R at which it trails.
    pub trail_distance_r: Option<f64>,
}

impl ManagementSettings {
    const KEYS: [&str; 5] =
        ["max_holding_minutes", "be_trigger_r", "be_offset_pips", "trail_start_r", "trail_distance_r"];

    /// These settings with the given entries replaced.
    pub(super) fn overlay(mut self, value: &ParamValue) -> Result<Self, Misfit> {
        let fields = Fields::of(value, &Self::KEYS)?;
        let read = |slot: &mut Option<f64>, name: &str, read: fn(&ParamValue) -> Result<f64, Misfit>| {
            if let Some(given) = fields.optional(name, |v| nullable(v, read))? {
                *slot = given;
            }
            Ok(())
        };
        read(&mut self.max_holding_minutes, Self::KEYS[0], not_negative)?;
        read(&mut self.be_trigger_r, Self::KEYS[1], number)?;
        read(&mut self.be_offset_pips, Self::KEYS[2], number)?;
        read(&mut self.trail_start_r, Self::KEYS[3], number)?;
        read(&mut self.trail_distance_r, Self::KEYS[4], positive)?;
        Ok(self)
    }

    pub(super) fn value(self) -> ParamValue {
        let values = [
            self.max_holding_minutes,
            self.be_trigger_r,
            self.be_offset_pips,
            self.trail_start_r,
            self.trail_distance_r,
        ];
        object(Self::KEYS.into_iter().zip(values.map(or_null)))
    }
}
