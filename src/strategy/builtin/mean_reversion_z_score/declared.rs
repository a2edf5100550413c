//! The declared parameters of the strategy: section 1 of its specification, with ranges to sweep from section 6.

use std::borrow::Cow;

use crate::types::{ParamDomain, ParamSpec, ParamValue};

/// Names of volatility clusters, calmest first; a clustering with `k` groups uses the first `k`.
pub const CLUSTERS: [&str; 16] = [
    "low",
    "mid",
    "high",
    "very_high",
    "extreme",
    "cluster_5",
    "cluster_6",
    "cluster_7",
    "cluster_8",
    "cluster_9",
    "cluster_10",
    "cluster_11",
    "cluster_12",
    "cluster_13",
    "cluster_14",
    "cluster_15",
];

const TIMEFRAMES_OR_NONE: [&str; 8] = ["M1", "M5", "M15", "M30", "H1", "H4", "D1", "NONE"];
const TIMEFRAMES_NONE_AUTO: [&str; 9] = ["AUTO", "M1", "M5", "M15", "M30", "H1", "H4", "D1", "NONE"];
const TIMEFRAMES_OR_PRIMARY: [&str; 8] = ["PRIMARY", "M1", "M5", "M15", "M30", "H1", "H4", "D1"];
const BIASES: [&str; 4] = ["above", "below", "both", "none"];

/// All declared parameters, in the order of the specification.
pub(super) fn parameters() -> Vec<ParamSpec> {
    [entry(), higher_timeframes(), garch(), cluster(), chain(), selection()].concat()
}

fn entry() -> Vec<ParamSpec> {
    vec![
        ParamSpec::bars("ema_length", 1, 30).help("EMA of scenarios 1 and 3; sweep 10..60 by 2 to 5."),
        ParamSpec::bars("atr_length", 1, 14).help("ATR of the stop; sweep 7..28."),
        ParamSpec::at_least("atr_mult", 0.0, 2.0)
            .unit("ATR multiples")
            .help("Distance of the stop beyond the bar; sweep 0.8..3.0 by 0.1 to 0.2.")
            .swept("1.0", "3.0", "0.5"),
        ParamSpec::bars("b_b_length", 2, 20).help("Bollinger window of scenarios 2 to 6; sweep 12..96 by 2 to 4."),
        ParamSpec::at_least("std_factor", 0.0, 2.0)
            .unit("standard deviations")
            .help("Width of the Bollinger bands; sweep 1.0..3.0 by 0.1."),
        ParamSpec::bars("window_length", 2, 100)
            .help("Window of the z-scores of scenarios 1, 2, 3, 5, 6; sweep 40..250 by 10.")
            .swept("60", "240", "60"),
        ParamSpec::number("z_score_long", -2.5)
            .unit("z")
            .help("A long needs z at or below this; below `z_score_short`; sweep -4.0..-0.2.")
            .swept("-2.5", "-1.0", "0.5"),
        ParamSpec::number("z_score_short", 2.5)
            .unit("z")
            .help("A short needs z at or above this; sweep 0.2..4.0.")
            .swept("1.0", "2.5", "0.5"),
        ParamSpec::positive("kalman_r", 0.01)
            .unit("price squared")
            .help("Measurement variance of the Kalman mean; only kalman_q / kalman_r matters, so fix it in a sweep."),
        ParamSpec::positive("kalman_q", 1.0)
            .unit("price squared")
            .help("Process variance of the Kalman mean; sweep the ratio 0.05..100 on a log scale."),
        ParamSpec::at_least("tp_min_distance", 0.0, 1.0)
            .unit("price units")
            .help("Least distance of scenario 3's target from the price; 0.0003 is usual for a pair quoted near 1."),
    ]
}

fn higher_timeframes() -> Vec<ParamSpec> {
    vec![
        ParamSpec::word("htf_tf", &TIMEFRAMES_OR_NONE, "D1").help("Timeframe of filter A (scenarios 2 to 6)."),
        ParamSpec::bars("htf_ema", 1, 100).help("EMA of filter A, in its own bars; sweep 20..200 by 10."),
        ParamSpec::word("htf_filter", &BIASES, "both")
            .help("Side of its EMA on which the completed bar of filter A must have closed; both and none always pass."),
        ParamSpec::word("extra_htf_tf", &TIMEFRAMES_NONE_AUTO, "AUTO")
            .help("Timeframe of filter B; AUTO is H1 on M5, H4 on M15 and M30, else NONE."),
        ParamSpec::bars("extra_htf_ema", 1, 50).help("EMA of filter B, in its own bars; sweep 20..200 by 10."),
        ParamSpec::word("extra_htf_filter", &BIASES, "both").help("As `htf_filter`, for filter B."),
    ]
}

fn garch() -> Vec<ParamSpec> {
    vec![
        ParamSpec::at_least("garch_alpha", 0.0, 0.05)
            .help("Weight of the last squared return; alpha + beta < 1; sweep 0.02..0.20 by 0.01."),
        ParamSpec::at_least("garch_beta", 0.0, 0.90)
            .help("Weight of the last variance; sweep 0.70..0.95 by 0.02."),
        ParamSpec::number("garch_omega", 0.0).or_null().help("Constant of the variance; null derives it."),
        ParamSpec::switch("garch_use_log_returns", true).help("Logarithmic instead of simple returns."),
        ParamSpec::positive("garch_scale", 100.0).help("Factor on returns inside the recursion."),
        ParamSpec::whole("garch_min_periods", 0, 1_000_000, 50)
            .unit("returns")
            .help("Returns before the first forecast is believed; sweep 40..200 by 10."),
        ParamSpec::at_least("garch_sigma_floor", 0.0, 1e-6).help("Least sigma inside the recursion."),
        ParamSpec::whole("local_z_lookback", 0, 1_000_000, 0)
            .unit("bars")
            .help("Above 0: scenario 4 recomputes its z on this many bars, at least garch_min_periods + 2."),
    ]
}

fn cluster() -> Vec<ParamSpec> {
    let names = CLUSTERS.iter().map(|&name| Cow::Borrowed(name)).collect();
    let allowed = ["low", "mid"].map(ParamValue::text).to_vec();
    vec![
        ParamSpec::word("intraday_vol_feature", &["garch_forecast", "atr_points"], "garch_forecast")
            .help("What scenario 5 clusters: the local GARCH forecast or the ATR."),
        ParamSpec::bars("intraday_vol_cluster_window", 1, 200)
            .or_null()
            .unit("values")
            .help("Values clustered; null: 300 on M5, 240 on M30 and H1, else 200."),
        ParamSpec::whole("intraday_vol_cluster_k", 1, 16, 3).unit("clusters").help("Clusters looked for."),
        ParamSpec::switch("intraday_vol_log_transform", true).help("Whether logarithms are clustered."),
        ParamSpec::whole("intraday_vol_min_points", 0, 1_000_000, 60)
            .unit("values")
            .help("Values needed before the guard can pass; sweep 60..140."),
        ParamSpec::whole("intraday_vol_garch_lookback", 0, 1_000_000, 500)
            .unit("bars")
            .help("Bars of the local GARCH forecast; 0 means 500."),
        ParamSpec::new("intraday_vol_allowed", ParamDomain::TextList(names))
            .or(ParamValue::List(allowed.into()))
            .help("Clusters in which scenario 5 may trade; case and surrounding blanks do not matter."),
        ParamSpec::whole("cluster_hysteresis_bars", 0, 1_000_000, 0)
            .unit("bars")
            .help("The last so many values must lie in the current cluster; 0 and 1 are off."),
    ]
}

fn chain() -> Vec<ParamSpec> {
    let timeframes = TIMEFRAMES_OR_PRIMARY.iter().map(|&name| Cow::Borrowed(name)).collect();
    vec![
        ParamSpec::word("scenario6_mode", &["all", "any"], "all").help("Whether all or any of the chain must hold."),
        ParamSpec::new("scenario6_timeframes", ParamDomain::TextList(timeframes))
            .or(ParamValue::List(Vec::new().into()))
            .help("Timeframes of the chain, in order; PRIMARY is the one traded; an empty chain never holds."),
        ParamSpec::new("scenario6_params", ParamDomain::Object)
            .or(ParamValue::Object(Vec::new().into()))
            .help("Per timeframe, and inside it per direction: values other than the strategy's own for the chain."),
    ]
}

fn selection() -> Vec<ParamSpec> {
    let all: Vec<ParamValue> = (1..=6).map(ParamValue::Int).collect();
    vec![
        ParamSpec::new("enabled_scenarios", ParamDomain::IntList { min: 1, max: 6 })
            .or(ParamValue::List(all.into()))
            .help("Scenarios evaluated; an empty list means all. 3, 5 and 6 never speak while 2 is enabled."),
        ParamSpec::word("direction_filter", &["long", "short", "both"], "both").help("Directions traded."),
        ParamSpec::switch("use_position_manager", true).help("Whether `max_holding_minutes` applies."),
        ParamSpec::whole("max_holding_minutes", 1, 1_000_000_000, 30)
            .nullable()
            .unit("minutes")
            .help("Longest holding time; null: never; sweep 30..600 by 30."),
    ]
}
