//! One parameter set, read and checked: what the scenarios work with.

use super::chain_params::{self, ChainSettings};
use crate::indicators::GarchParams;
use crate::indicators::volatility_clusters::ClusterSettings;
use crate::strategy::BindContext;
use crate::strategy::builtin::one_way;
use crate::types::{Direction, ParamError, ParamSet, ParamValue, Timeframe};

/// All values of one set.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) enabled: [bool; 6],
    pub(super) only: Option<Direction>,
    pub(super) ema_length: u32,
    pub(super) atr_length: u32,
    pub(super) atr_mult: f64,
    pub(super) tp_min_distance: f64,
    pub(super) local_z_lookback: usize,
    pub(super) core: Core,
    pub(super) filters: [FilterSettings; 2],
    pub(super) garch: GarchParams,
    pub(super) guard: GuardSettings,
    pub(super) chain: ChainSettings,
    pub(super) max_holding_minutes: Option<i64>,
}

/// What the chain of scenario 6 may override per timeframe and direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Core {
    pub(super) window_length: u32,
    pub(super) b_b_length: u32,
    pub(super) std_factor: f64,
    pub(super) kalman_r: f64,
    pub(super) kalman_q: f64,
    pub(super) z_score_long: f64,
    pub(super) z_score_short: f64,
}

/// One higher-timeframe filter; `timeframe` is `None` for NONE.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FilterSettings {
    pub(super) parameter: &'static str,
    pub(super) timeframe: Option<Timeframe>,
    pub(super) ema: u32,
    pub(super) side: FilterSide,
}

/// On which side of its EMA the higher bar must have closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilterSide {
    Any,
    Above,
    Below,
}

/// Parameters of the cluster guard (section 4.5).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GuardSettings {
    pub(super) atr_feature: bool,
    pub(super) clustering: ClusterSettings,
    pub(super) garch_lookback: usize,
    pub(super) allowed: Vec<String>,
    pub(super) hysteresis_bars: usize,
}

impl Settings {
    /// # Errors
    /// [`ParamError::Invalid`] for a missing or wrong value, [`ParamError::Infeasible`] for a set that cannot trade.
    pub(super) fn read(params: &ParamSet, context: &BindContext<'_>) -> Result<Self, ParamError> {
        let primary = context.data.timeframe();
        let core = Core::read(params)?;
        let settings = Self {
            enabled: enabled(params.list("enabled_scenarios")?),
            only: one_way(params, "direction_filter")?,
            ema_length: params.period("ema_length")?,
            atr_length: params.period("atr_length")?,
            atr_mult: params.number("atr_mult")?,
            tp_min_distance: params.number("tp_min_distance")?,
            local_z_lookback: params.count("local_z_lookback")?,
            filters: filters(params, primary)?,
            garch: garch(params)?,
            guard: GuardSettings::read(params, primary)?,
            chain: chain_params::read(params, core, primary)?,
            max_holding_minutes: holding(params)?,
            core,
        };
        settings.check()?;
        Ok(settings)
    }

    /// Whether scenario `number` (1..=6) is evaluated.
    pub(super) fn enables(&self, number: usize) -> bool {
        self.enabled[number - 1]
    }

    /// Whether only one scenario is evaluated, and it is this one.
    fn only_scenario(&self, number: usize) -> bool {
        self.enables(number) && self.enabled.iter().filter(|&&on| on).count() == 1
    }

    /// Sections 2, 4.5 and 6 of the specification: sets that cannot do what they say are pruned, with the reason.
    fn check(&self) -> Result<(), ParamError> {
        let infeasible = |reason: String| Err(ParamError::Infeasible { reason });
        let Core { z_score_long, z_score_short, .. } = self.core;
        if z_score_long >= z_score_short {
            return infeasible(format!(
                "z_score_long {z_score_long} is not below z_score_short {z_score_short}"
            ));
        }
        let GarchParams { alpha, beta, min_periods, .. } = self.garch;
        let garch_clusters = self.enables(5) && !self.guard.atr_feature;
        if (self.enables(4) || garch_clusters) && !self.garch.is_stationary() {
            return infeasible(format!("garch_alpha {alpha} + garch_beta {beta} is not below 1"));
        }
        let lookback = self.local_z_lookback;
        if self.enables(4) && lookback > 0 && lookback < min_periods + 2 {
            return infeasible(format!(
                "local_z_lookback {lookback} is below garch_min_periods + 2 = {}: scenario 4 has never a value",
                min_periods + 2
            ));
        }
        let values = self.guard.garch_lookback.saturating_sub(1 + min_periods);
        let needed = self.guard.clustering.min_points.max(1);
        if garch_clusters && values < needed {
            return infeasible(format!(
                "intraday_vol_garch_lookback - 1 - garch_min_periods = {values} is below intraday_vol_min_points {needed}: scenario 5 can never fire"
            ));
        }
        if self.only_scenario(6) && self.chain.members.is_empty() {
            return infeasible(
                "scenario 6 alone with an empty scenario6_timeframes can never fire".to_owned(),
            );
        }
        Ok(())
    }
}

impl Core {
    fn read(params: &ParamSet) -> Result<Self, ParamError> {
        Ok(Self {
            window_length: params.period("window_length")?,
            b_b_length: params.period("b_b_length")?,
            std_factor: params.number("std_factor")?,
            kalman_r: params.number("kalman_r")?,
            kalman_q: params.number("kalman_q")?,
            z_score_long: params.number("z_score_long")?,
            z_score_short: params.number("z_score_short")?,
        })
    }
}

fn garch(params: &ParamSet) -> Result<GarchParams, ParamError> {
    Ok(GarchParams {
        alpha: params.number("garch_alpha")?,
        beta: params.number("garch_beta")?,
        omega: params.optional_number("garch_omega")?,
        log_returns: params.flag("garch_use_log_returns")?,
        scale: params.number("garch_scale")?,
        min_periods: params.count("garch_min_periods")?,
        sigma_floor: params.number("garch_sigma_floor")?,
    })
}

impl GuardSettings {
    fn read(params: &ParamSet, primary: Timeframe) -> Result<Self, ParamError> {
        let allowed = params.list("intraday_vol_allowed")?.iter().filter_map(ParamValue::as_str);
        let window = match params.get("intraday_vol_cluster_window") {
            Some(ParamValue::Null) => default_window(primary),
            _ => params.count("intraday_vol_cluster_window")?,
        };
        let lookback = params.count("intraday_vol_garch_lookback")?;
        let clustering = ClusterSettings {
            window,
            clusters: params.count("intraday_vol_cluster_k")?,
            log_transform: params.flag("intraday_vol_log_transform")?,
            min_points: params.count("intraday_vol_min_points")?,
        };
        Ok(Self {
            atr_feature: params.word("intraday_vol_feature")? == "atr_points",
            clustering,
            garch_lookback: if lookback == 0 { 500 } else { lookback },
            allowed: allowed.map(|name| name.trim().to_ascii_lowercase()).collect(),
            hysteresis_bars: params.count("cluster_hysteresis_bars")?,
        })
    }
}

fn default_window(primary: Timeframe) -> usize {
    match primary {
        Timeframe::M5 => 300,
        Timeframe::M30 | Timeframe::H1 => 240,
        _ => 200,
    }
}

/// Scenarios 1..=6 as flags; an empty list means all.
fn enabled(list: &[ParamValue]) -> [bool; 6] {
    let named = |number: i64| list.iter().any(|item| item.as_i64() == Some(number));
    if list.is_empty() { [true; 6] } else { [1, 2, 3, 4, 5, 6].map(named) }
}

fn filters(params: &ParamSet, primary: Timeframe) -> Result<[FilterSettings; 2], ParamError> {
    let timeframe = |name: &str| -> Result<Option<Timeframe>, ParamError> {
        Ok(match params.word(name)? {
            "AUTO" => match primary {
                Timeframe::M5 => Some(Timeframe::H1),
                Timeframe::M15 | Timeframe::M30 => Some(Timeframe::H4),
                _ => None,
            },
            "NONE" => None,
            word => Some(word.parse().map_err(|()| ParamError::Invalid {
                name: name.to_owned(),
                found: word.to_owned(),
                allowed: "a timeframe M1..D1 or NONE".to_owned(),
            })?),
        })
    };
    let side = |name: &str| -> Result<FilterSide, ParamError> {
        Ok(match params.word(name)? {
            "above" => FilterSide::Above,
            "below" => FilterSide::Below,
            _ => FilterSide::Any,
        })
    };
    let filter = |parameter, ema, filter| -> Result<FilterSettings, ParamError> {
        Ok(FilterSettings {
            parameter,
            timeframe: timeframe(parameter)?,
            ema: params.period(ema)?,
            side: side(filter)?,
        })
    };
    Ok([
        filter("htf_tf", "htf_ema", "htf_filter")?,
        filter("extra_htf_tf", "extra_htf_ema", "extra_htf_filter")?,
    ])
}

/// The longest holding time, when the position manager is on.
fn holding(params: &ParamSet) -> Result<Option<i64>, ParamError> {
    let minutes = params.optional_number("max_holding_minutes")?;
    let on = params.flag("use_position_manager")?;
    #[expect(clippy::cast_possible_truncation, reason = "declared as a whole number of at most 10^9")]
    Ok(minutes.filter(|_| on).map(|minutes| minutes as i64))
}
