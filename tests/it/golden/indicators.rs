//! Indicator vectors: every recorded value, with the tolerances of `indicators.md` 1.1.

use std::collections::BTreeMap;

use omega_sweep::indicators::stepwise::{fill_forward, reduce, steps};
use omega_sweep::indicators::{
    GarchParams, atr, bollinger, choppiness, dmi, ema, garch, kalman, kalman_garch, macd, roc, rsi, sma,
    zscore,
};
use serde_json::Value;

const NONE: u32 = u32::MAX;

/// A JSON number, `null` = NaN, `"inf"`, `"-inf"`.
fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some(other) => panic!("not a number: {other}"),
        None if value.is_null() => f64::NAN,
        None => value.as_f64().expect("a number"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn indices(value: &Value) -> Vec<usize> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| usize::try_from(v.as_u64().expect("a count")).expect("fits"))
        .collect()
}

/// The columns of one side.
struct Columns {
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
}

impl Columns {
    fn read(side: &Value) -> Self {
        Self { high: numbers(&side["high"]), low: numbers(&side["low"]), close: numbers(&side["close"]) }
    }
}

/// Parameters of a case.
struct Params<'a>(&'a Value);

impl Params<'_> {
    fn count(&self, name: &str) -> usize {
        usize::try_from(self.0[name].as_u64().unwrap_or_else(|| panic!("no count {name}"))).expect("fits")
    }

    fn float(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or_else(|| panic!("no number {name}"))
    }

    fn garch(&self) -> GarchParams {
        GarchParams {
            alpha: self.float("alpha"),
            beta: self.float("beta"),
            omega: self.0["omega"].as_f64(),
            log_returns: self.0["use_log_returns"].as_bool().expect("a boolean"),
            scale: self.float("scale"),
            min_periods: self.count("min_periods"),
            sigma_floor: self.float("sigma_floor"),
        }
    }
}

type Outputs = BTreeMap<&'static str, Vec<f64>>;

fn value(column: Vec<f64>) -> Outputs {
    Outputs::from([("value", column)])
}

fn bands(bands: bollinger::Bollinger) -> Outputs {
    Outputs::from([("upper", bands.upper), ("middle", bands.middle), ("lower", bands.lower)])
}

fn compute(case: &Value, bars: &Columns) -> Outputs {
    let p = Params(&case["params"]);
    let Columns { high, low, close } = bars;
    match case["indicator"].as_str().expect("a text") {
        "ema" => value(ema::ema(close, p.count("period"))),
        "sma" => value(sma::sma(close, p.count("period"))),
        "rsi" => value(rsi::rsi(close, p.count("period"))),
        "macd" => {
            let line = macd::macd(close, p.count("fast"), p.count("slow"));
            let signal = macd::macd_signal(&line, p.count("signal"));
            Outputs::from([("macd", line), ("signal", signal)])
        }
        "roc" => value(roc::roc(close, p.count("period"))),
        "dmi" => {
            let lines = dmi::dmi(high, low, close, p.count("period"));
            Outputs::from([("plus_di", lines.plus), ("minus_di", lines.minus), ("adx", lines.adx)])
        }
        "choppiness" => value(choppiness::choppiness(high, low, close, p.count("period"))),
        "bollinger" => bands(bollinger::bollinger(close, p.count("period"), p.float("std_factor"))),
        "atr" => value(atr::atr(high, low, close, p.count("period"))),
        "kalman_mean" => value(kalman::kalman_mean(close, p.float("r"), p.float("q"))),
        "kalman_zscore" => value(kalman::kalman_zscore(close, p.count("window"), p.float("r"), p.float("q"))),
        "zscore" => value(match p.0["mean_source"].as_str().expect("a text") {
            "rolling" => zscore::zscore_rolling(close, p.count("window")),
            _ => zscore::zscore_ema(close, p.count("window"), p.count("ema_period")),
        }),
        "garch_volatility" => value(garch::garch_volatility(close, &p.garch())),
        "kalman_garch_zscore" => {
            value(kalman_garch::kalman_garch_zscore(close, p.float("r"), p.float("q"), &p.garch()))
        }
        "garch_volatility_local" => {
            let local = garch::garch_volatility_local(close, p.count("idx"), p.count("lookback"), &p.garch());
            assert_eq!(Some(local.len() as u64), case["window_len"].as_u64());
            value(local)
        }
        "kalman_garch_zscore_local" => {
            let filter = (p.float("r"), p.float("q"));
            let at = |index| {
                let lookback = p.count("lookback");
                kalman_garch::kalman_garch_zscore_local(close, index, lookback, filter, &p.garch())
            };
            value(indices(&case["idx"]).into_iter().map(|i| at(i).unwrap_or(f64::NAN)).collect())
        }
        other => panic!("unknown indicator {other}"),
    }
}

/// Absolute tolerance of an indicator's class.
fn absolute(indicator: &str, greatest_close: f64) -> f64 {
    match indicator {
        "ema" | "ema_stepwise" | "sma" | "macd" | "bollinger" | "bollinger_stepwise" | "atr"
        | "kalman_mean" | "mapped_close" => 1e-10 * greatest_close,
        "garch_volatility" | "garch_volatility_local" => 1e-13,
        _ => 1e-8,
    }
}

fn close_enough(got: f64, want: f64, absolute: f64) -> bool {
    if want.is_nan() || want.is_infinite() {
        return (got.is_nan() && want.is_nan()) || got == want;
    }
    (got - want).abs() <= absolute + 1e-9 * want.abs()
}

/// The rule for ill-conditioned places: a value where there is one recorded, none where there is none.
///
/// A recorded `NaN` there is 0/0 from a deviation the recording program lost to cancellation (the window still holds
/// residuals of 1e-14); two passes find it, and 0 over it is 0. So exactly 0 stands for no value as well.
fn as_finite_as(got: f64, want: f64) -> bool {
    if want.is_finite() { got.is_finite() } else { !got.is_finite() || got == 0.0 }
}

/// Compares one output; returns how many values were compared.
fn compare(place: &str, got: &[f64], want: &[f64], at: &[usize], loose: &[usize], absolute: f64) -> usize {
    assert_eq!(want.len(), at.len(), "{place}: one place per recorded value");
    for (&want, &i) in want.iter().zip(at) {
        let got = got[i];
        let good =
            if loose.contains(&i) { as_finite_as(got, want) } else { close_enough(got, want, absolute) };
        assert!(good, "{place} at {i}: got {got}, want {want}, tolerance {absolute} + 1e-9 relative");
    }
    want.len()
}

fn check(file: &str, case: &Value, got: &Outputs, greatest_close: f64) -> usize {
    let indicator = case["indicator"].as_str().expect("a text");
    let recorded = case["outputs"].as_object().expect("an object");
    assert!(recorded.keys().all(|name| got.contains_key(name.as_str())), "{file} {indicator}: output names");
    let mut compared = 0;
    for (name, got) in got {
        let want = numbers(&recorded[*name]);
        let at = match case.get("at") {
            Some(at) => indices(at),
            None => (0..got.len()).collect(),
        };
        let loose = case.get("loose").and_then(|l| l.get(name)).map_or_else(Vec::new, indices);
        let place = format!("{file} {indicator} {} {name}", case["params"]);
        compared += compare(&place, got, &want, &at, &loose, absolute(indicator, greatest_close));
    }
    compared
}

fn greatest(closes: [&[f64]; 2]) -> f64 {
    closes.concat().into_iter().fold(0.0, f64::max)
}

fn check_file(file: &str) -> usize {
    let vector = super::load("indicators", file);
    let bid = Columns::read(&vector["candles"]["bid"]);
    let ask = Columns::read(&vector["candles"]["ask"]);
    let greatest = greatest([&bid.close, &ask.close]);
    let cases = vector["cases"].as_array().expect("a list");
    let one = |case: &Value| {
        let bars = if case["side"] == "ask" { &ask } else { &bid };
        check(file, case, &compute(case, bars), greatest)
    };
    cases.iter().map(one).sum()
}

/// A series of the reduced bars, on the primary grid.
fn spread(mut reduced: Vec<f64>, latest: &[u32]) -> Vec<f64> {
    fill_forward(&mut reduced);
    latest.iter().map(|&i| if i == NONE { f64::NAN } else { reduced[i as usize] }).collect()
}

fn check_step_file(file: &str) -> usize {
    let vector = super::load("indicators", file);
    let bars = Columns::read(&vector["htf_candles"]["bid"]);
    let row = |v: &Value| u32::try_from(v.as_i64().expect("an index")).unwrap_or(NONE);
    let map: Vec<u32> = vector["map"].as_array().expect("a list").iter().map(row).collect();
    let found = steps(&map, NONE);
    let starts: Vec<usize> = (0..map.len())
        .filter(|&i| found.latest[i] != NONE && (i == 0 || found.latest[i] != found.latest[i - 1]))
        .collect();
    assert_eq!(starts, indices(&vector["new_indices"]), "{file}: new bars");
    let close = reduce(&bars.close, &found.visible);
    let grid = |column| spread(column, &found.latest);
    let one = |case: &Value| {
        let p = Params(&case["params"]);
        let got = match case["indicator"].as_str().expect("a text") {
            "ema_stepwise" => value(grid(ema::ema(&close, p.count("period")))),
            "bollinger_stepwise" => {
                let found = bollinger::bollinger(&close, p.count("period"), p.float("std_factor"));
                let (upper, middle, lower) = (grid(found.upper), grid(found.middle), grid(found.lower));
                bands(bollinger::Bollinger { upper, middle, lower })
            }
            "kalman_zscore_stepwise" => {
                let z = kalman::kalman_zscore(&close, p.count("window"), p.float("r"), p.float("q"));
                value(grid(z))
            }
            "mapped_close" => value(
                map.iter().map(|&j| if j == NONE { f64::NAN } else { bars.close[j as usize] }).collect(),
            ),
            other => panic!("unknown indicator {other}"),
        };
        check(file, case, &got, greatest([&bars.close, &[]]))
    };
    vector["cases"].as_array().expect("a list").iter().map(one).sum()
}

#[test]
fn every_recorded_indicator_value_is_met() {
    let plain = [
        "walk",
        "gaps",
        "flat",
        "flat_start",
        "jpy",
        "short5",
        "short1",
        "empty",
        "all_missing",
        "long_sampled",
    ];
    let compared: usize = plain.iter().map(|name| check_file(&format!("{name}.json"))).sum();
    let stepped: usize =
        ["step_12", "step_4", "step_none"].iter().map(|name| check_step_file(&format!("{name}.json"))).sum();
    assert_eq!((compared, stepped), (60_228, 6_644), "values compared: all of them");
}
