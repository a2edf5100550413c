//! The functions a rule may call: arguments, outputs, and the indicator behind each.

use crate::indicators::{FloatBits, GarchKey, GarchParams, IndicatorKind};

/// What a fixed argument counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixed {
    /// A whole number of bars, at least 1.
    Bars,
    /// Any number.
    Number,
}

/// An indicator of the specification as a function.
#[derive(Debug)]
pub(super) struct IndicatorFunction {
    pub(super) name: &'static str,
    pub(super) usage: &'static str,
    /// Whether the first argument is the series it is computed over (else it reads the bars).
    pub(super) over_series: bool,
    /// The arguments after the series; all of them fixed numbers.
    pub(super) fixed: &'static [Fixed],
    /// How many of `fixed` may be left out at the end.
    pub(super) optional: usize,
    /// Outputs by field; a single output has no field.
    pub(super) outputs: &'static [(&'static str, Indicator)],
}

/// One output of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indicator {
    Ema,
    Sma,
    Wma,
    Hma,
    Stdev,
    Highest,
    Lowest,
    Percentile,
    Rsi,
    Roc,
    Macd,
    MacdSignal,
    BollingerUpper,
    BollingerLower,
    BollingerMiddle,
    ZScore,
    KalmanMean,
    KalmanZScore,
    GarchVolatility,
    KalmanGarchZScore,
    Atr,
    TrueRange,
    PlusDi,
    MinusDi,
    Adx,
    Choppiness,
    StochasticK,
    StochasticD,
    Cci,
    Obv,
    Vwap,
    Supertrend,
    SupertrendDirection,
    DonchianUpper,
    DonchianLower,
}

const BARS: &[Fixed] = &[Fixed::Bars];
const NONE: &[Fixed] = &[];

const fn over(
    name: &'static str,
    usage: &'static str,
    fixed: &'static [Fixed],
    outputs: &'static [(&'static str, Indicator)],
) -> IndicatorFunction {
    IndicatorFunction { name, usage, over_series: true, fixed, optional: 0, outputs }
}

const fn bars(
    name: &'static str,
    usage: &'static str,
    fixed: &'static [Fixed],
    outputs: &'static [(&'static str, Indicator)],
) -> IndicatorFunction {
    IndicatorFunction { name, usage, over_series: false, fixed, optional: 0, outputs }
}

impl IndicatorFunction {
    const fn with_optional(self, optional: usize) -> Self {
        Self { optional, ..self }
    }
}

use Fixed::{Bars as B, Number as N};

/// All indicators, by name.
pub(super) const INDICATORS: &[IndicatorFunction] = &[
    over("ema", "ema(x, bars)", BARS, &[("", Indicator::Ema)]),
    over("sma", "sma(x, bars)", BARS, &[("", Indicator::Sma)]),
    over("wma", "wma(x, bars)", BARS, &[("", Indicator::Wma)]),
    over("hma", "hma(x, bars)", BARS, &[("", Indicator::Hma)]),
    over("stdev", "stdev(x, bars)", BARS, &[("", Indicator::Stdev)]),
    over("highest", "highest(x, bars)", BARS, &[("", Indicator::Highest)]),
    over("lowest", "lowest(x, bars)", BARS, &[("", Indicator::Lowest)]),
    over("percentile", "percentile(x, bars, percent)", &[B, N], &[("", Indicator::Percentile)]),
    over("rsi", "rsi(x, bars)", BARS, &[("", Indicator::Rsi)]),
    over("roc", "roc(x, bars)", BARS, &[("", Indicator::Roc)]),
    over(
        "macd",
        "macd(x, fast, slow, signal).macd, .signal",
        &[B, B, B],
        &[("macd", Indicator::Macd), ("signal", Indicator::MacdSignal)],
    ),
    over(
        "bollinger",
        "bollinger(x, bars, factor).upper, .middle, .lower",
        &[B, N],
        &[
            ("upper", Indicator::BollingerUpper),
            ("middle", Indicator::BollingerMiddle),
            ("lower", Indicator::BollingerLower),
        ],
    ),
    over("zscore", "zscore(x, window) or zscore(x, window, ema_bars)", &[B, B], &[("", Indicator::ZScore)])
        .with_optional(1),
    over("kalman_mean", "kalman_mean(x, r, q)", &[N, N], &[("", Indicator::KalmanMean)]),
    over("kalman_zscore", "kalman_zscore(x, window, r, q)", &[B, N, N], &[("", Indicator::KalmanZScore)]),
    over(
        "garch_volatility",
        "garch_volatility(x, alpha, beta, min_periods)",
        &[N, N, B],
        &[("", Indicator::GarchVolatility)],
    )
    .with_optional(1),
    over(
        "kalman_garch_zscore",
        "kalman_garch_zscore(x, r, q, alpha, beta, min_periods)",
        &[N, N, N, N, B],
        &[("", Indicator::KalmanGarchZScore)],
    )
    .with_optional(1),
    bars("atr", "atr(bars)", BARS, &[("", Indicator::Atr)]),
    bars("true_range", "true_range()", NONE, &[("", Indicator::TrueRange)]),
    bars(
        "dmi",
        "dmi(bars).plus_di, .minus_di, .adx",
        BARS,
        &[("plus_di", Indicator::PlusDi), ("minus_di", Indicator::MinusDi), ("adx", Indicator::Adx)],
    ),
    bars("choppiness", "choppiness(bars)", BARS, &[("", Indicator::Choppiness)]),
    bars(
        "stochastic",
        "stochastic(bars, smooth, signal).k, .d",
        &[B, B, B],
        &[("k", Indicator::StochasticK), ("d", Indicator::StochasticD)],
    ),
    bars("cci", "cci(bars)", BARS, &[("", Indicator::Cci)]),
    bars("obv", "obv()", NONE, &[("", Indicator::Obv)]),
    bars("vwap", "vwap(start_minute)", &[N], &[("", Indicator::Vwap)]),
    bars(
        "supertrend",
        "supertrend(bars, factor).level, .direction",
        &[B, N],
        &[("level", Indicator::Supertrend), ("direction", Indicator::SupertrendDirection)],
    ),
    bars(
        "donchian",
        "donchian(bars).upper, .lower",
        BARS,
        &[("upper", Indicator::DonchianUpper), ("lower", Indicator::DonchianLower)],
    ),
];

/// The other functions, with their usage.
pub(super) const OTHERS: [(&str, &str); 16] = [
    ("prev", "prev(x, bars)"),
    ("sum", "sum(x, bars)"),
    ("stdev_pop", "stdev_pop(x, bars)"),
    ("abs", "abs(x)"),
    ("sqrt", "sqrt(x)"),
    ("round", "round(x) or round(x, digits)"),
    ("min", "min(x, y, ...)"),
    ("max", "max(x, y, ...)"),
    ("crosses_above", "crosses_above(a, b)"),
    ("crosses_below", "crosses_below(a, b)"),
    ("between_times", "between_times('07:00', '17:00')"),
    ("bars_since", "bars_since(condition)"),
    ("tf", "tf('H4', x)"),
    ("symbol", "symbol('GBPUSD', x)"),
    ("ask", "ask(x)"),
    ("correlation", "correlation('GBPUSD', bars)"),
];

/// Every function name.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    INDICATORS.iter().map(|function| function.name).chain(OTHERS.iter().map(|(name, _)| *name))
}

/// How a function is called.
pub(super) fn usage(name: &str) -> Option<&'static str> {
    let indicator = INDICATORS.iter().find(|function| function.name == name).map(|function| function.usage);
    indicator.or_else(|| OTHERS.iter().find(|(other, _)| *other == name).map(|(_, usage)| *usage))
}

impl Indicator {
    /// The series of these fixed arguments; `Err` says which one is impossible.
    pub(super) fn kind(self, fixed: &[f64]) -> Result<IndicatorKind, String> {
        let number = |place: usize| FloatBits::new(fixed[place]);
        let period = bars_of(fixed, 0);
        let kind = match self {
            Self::Ema => IndicatorKind::Ema { period: period? },
            Self::Sma | Self::BollingerMiddle => IndicatorKind::Sma { period: period? },
            Self::Wma => IndicatorKind::Wma { period: period? },
            Self::Hma => IndicatorKind::Hma { period: period? },
            // The bands are put together from mean and deviation by the compiler.
            Self::Stdev | Self::BollingerUpper | Self::BollingerLower => {
                IndicatorKind::Std { period: period? }
            }
            Self::Highest => IndicatorKind::Highest { period: period? },
            Self::Lowest => IndicatorKind::Lowest { period: period? },
            Self::Percentile => IndicatorKind::Percentile { period: period?, percent: number(1) },
            Self::Rsi => IndicatorKind::Rsi { period: period? },
            Self::Roc => IndicatorKind::Roc { period: period? },
            Self::Macd => IndicatorKind::Macd { fast: period?, slow: bars_of(fixed, 1)? },
            Self::MacdSignal => IndicatorKind::MacdSignal {
                fast: period?,
                slow: bars_of(fixed, 1)?,
                signal: bars_of(fixed, 2)?,
            },
            Self::ZScore if fixed.len() == 1 => IndicatorKind::ZScore { window: period? },
            Self::ZScore => IndicatorKind::ZScoreEma { window: period?, ema_period: bars_of(fixed, 1)? },
            Self::KalmanMean => IndicatorKind::KalmanMean { r: number(0), q: number(1) },
            Self::KalmanZScore => IndicatorKind::KalmanZScore { window: period?, r: number(1), q: number(2) },
            Self::GarchVolatility => IndicatorKind::GarchVolatility { garch: garch(fixed)? },
            Self::KalmanGarchZScore => {
                IndicatorKind::KalmanGarchZScore { r: number(0), q: number(1), garch: garch(&fixed[2..])? }
            }
            Self::Atr => IndicatorKind::Atr { period: period? },
            Self::TrueRange => IndicatorKind::TrueRange,
            Self::PlusDi => IndicatorKind::DmiPlus { period: period? },
            Self::MinusDi => IndicatorKind::DmiMinus { period: period? },
            Self::Adx => IndicatorKind::Adx { period: period? },
            Self::Choppiness => IndicatorKind::Choppiness { period: period? },
            Self::StochasticK => IndicatorKind::StochasticK { period: period?, smooth: bars_of(fixed, 1)? },
            Self::StochasticD => IndicatorKind::StochasticD {
                period: period?,
                smooth: bars_of(fixed, 1)?,
                signal: bars_of(fixed, 2)?,
            },
            Self::Cci => IndicatorKind::Cci { period: period? },
            Self::Obv => IndicatorKind::Obv,
            Self::Vwap => IndicatorKind::Vwap { session_start: minute_of_day(fixed[0])? },
            Self::Supertrend => IndicatorKind::Supertrend { period: period?, factor: number(1) },
            Self::SupertrendDirection => {
                IndicatorKind::SupertrendDirection { period: period?, factor: number(1) }
            }
            Self::DonchianUpper => IndicatorKind::DonchianUpper { period: period? },
            Self::DonchianLower => IndicatorKind::DonchianLower { period: period? },
        };
        match kind.problem() {
            Some(problem) => Err(problem.to_owned()),
            None => Ok(kind),
        }
    }
}

/// A fixed argument as a number of bars.
pub(super) fn bars_of(fixed: &[f64], place: usize) -> Result<u32, String> {
    let found = fixed.get(place).copied().unwrap_or(0.0);
    whole(found)
        .filter(|&bars| bars >= 1)
        .ok_or_else(|| format!("a number of bars must be whole and at least 1, got {found}"))
}

/// A whole number that fits 32 bits.
pub(super) fn whole(number: f64) -> Option<u32> {
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    fits.then_some(number as u32)
}

fn minute_of_day(number: f64) -> Result<u32, String> {
    let message = || format!("a session starts at a whole minute 0..1439, got {number}");
    whole(number).filter(|&minute| minute < 1440).ok_or_else(message)
}

/// alpha, beta and perhaps `min_periods`; everything else as in the specification.
fn garch(fixed: &[f64]) -> Result<GarchKey, String> {
    let defaults = GarchParams::default();
    let min_periods = match fixed.get(2) {
        Some(_) => bars_of(fixed, 2)? as usize,
        None => defaults.min_periods,
    };
    Ok(GarchKey::from(&GarchParams { alpha: fixed[0], beta: fixed[1], min_periods, ..defaults }))
}
