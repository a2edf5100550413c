//! When a strategy is called at all: session hours, cooldowns (`execution.md` 2.4).

use serde::{Deserialize, Serialize};

use super::settings::{EngineSettings, Session};
use crate::data::EntryTimestampMode;
use crate::types::time::MINUTE;
use crate::types::{Timeframe, Timestamp};

/// The gates of a run; times in microseconds.
#[derive(Debug, Clone)]
pub(super) struct Gates {
    session: Option<Session>,
    timeframe: i64,
    decision_shift: i64,
    after_exit: i64,
    after_entry: i64,
    candles: usize,
    any: bool,
}

/// What the gates remember of one strategy instance.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the last of each is what the rules speak of")]
pub(super) struct GateState {
    pub(super) last_entry: Option<i64>,
    pub(super) last_entry_index: Option<usize>,
    pub(super) last_exit: Option<i64>,
}

impl Gates {
    pub(super) fn new(settings: &EngineSettings, timeframe: Timeframe) -> Self {
        let minutes = |minutes: u32| i64::from(minutes) * MINUTE;
        let timeframe = timeframe.micros();
        let gates = Self {
            session: settings.session.clone(),
            timeframe,
            decision_shift: match settings.alignment.entry_timestamp_mode {
                EntryTimestampMode::Open => 0,
                EntryTimestampMode::Close => timeframe,
            },
            after_exit: minutes(settings.cooldown_minutes_trade),
            after_entry: minutes(settings.cooldown_minutes),
            candles: settings.cooldown_candles as usize,
            any: true,
        };
        let any =
            gates.session.is_some() || gates.after_exit > 0 || gates.after_entry > 0 || gates.candles > 0;
        Self { any, ..gates }
    }

    /// Whether any of them can be closed at all.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any
    }

    /// Whether the strategy is called on the bar that opens at `time` and has this index on its axis.
    pub(super) fn admit(&self, state: &GateState, time: Timestamp, index: usize) -> bool {
        let Timestamp(time) = time;
        if self.session.as_ref().is_some_and(|session| !session.is_open(Timestamp(time + self.timeframe))) {
            return false;
        }
        let decision = time + self.decision_shift;
        let too_soon =
            |last: Option<i64>, pause: i64| pause > 0 && last.is_some_and(|last| decision - last < pause);
        let few_candles =
            self.candles > 0 && state.last_entry_index.is_some_and(|last| index - last < self.candles);
        !too_soon(state.last_exit, self.after_exit)
            && !too_soon(state.last_entry, self.after_entry)
            && !few_candles
    }

    /// The strategy placed at least one order on this bar, accepted or not.
    pub(super) fn entered(&self, state: &mut GateState, time: Timestamp, index: usize) {
        state.last_entry = Some(time.0 + self.decision_shift);
        state.last_entry_index = Some(index);
    }

    /// A close of one of its positions was booked.
    pub(super) fn exited(&self, state: &mut GateState, time: Timestamp) {
        state.last_exit = Some(time.0 + self.decision_shift);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ParamValue;

    fn gates(changes: &[(&str, ParamValue)]) -> Gates {
        let mut settings = EngineSettings::reference();
        for (key, value) in changes {
            settings.apply(key, value).expect("a known key");
        }
        Gates::new(&settings, Timeframe::M15)
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp(minutes * MINUTE)
    }

    #[test]
    fn equality_lets_the_bar_pass() {
        let gates =
            gates(&[("cooldown_minutes", ParamValue::Int(30)), ("cooldown_candles", ParamValue::Int(3))]);
        let mut state = GateState::default();
        assert!(gates.admit(&state, at(0), 0));
        gates.entered(&mut state, at(0), 0);
        assert!(!gates.admit(&state, at(15), 1));
        assert!(!gates.admit(&state, at(30), 2), "two candles are fewer than three");
        assert!(gates.admit(&state, at(45), 3));
    }

    #[test]
    fn the_pause_after_an_exit_counts_from_the_decision_time_of_its_bar() {
        let close = ParamValue::text("close");
        let gates = gates(&[
            ("cooldown_minutes_trade", ParamValue::Int(30)),
            ("alignment.entry_timestamp_mode", close),
        ]);
        let mut state = GateState::default();
        gates.exited(&mut state, at(15));
        assert_eq!(state.last_exit, Some(30 * MINUTE));
        assert!(!gates.admit(&state, at(30), 2));
        assert!(gates.admit(&state, at(45), 3));
    }
}
