//! A seeded synthetic market: the same bars on every machine, so tests, examples and benches need no files.
//!
//! Prices walk on the tick grid in whole ticks. Regimes (range, trend up, trend down, turmoil) follow one another,
//! volatility clusters and has a daily course, the ask keeps a varying distance, and the market rests at weekends
//! (except for coins). Nothing here imitates a particular feed.

use std::sync::Arc;

use super::assemble::{SymbolBars, in_memory};
use super::bars::{BarSeries, Ohlc, PriceColumns};
use super::calendar::WeekClock;
use super::error::{DataCode, DataError};
use super::multi::MultiSymbolData;
use super::settings::AlignmentSettings;
use super::symbol::{SymbolSpec, SymbolTable};
use crate::types::time::HOUR;
use crate::types::{Digest, KeyedRng, MasterSeed, Purpose, Timeframe, Timestamp, math};

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateSettings {
    /// Seed of the market; another seed is another history of the same kind.
    pub seed: u64,
    /// Symbols; each draws from its own stream, so adding one changes no other.
    pub symbols: Vec<String>,
    /// Length of a bar.
    pub timeframe: Timeframe,
    /// No bar opens before.
    pub from: Timestamp,
    /// Where it ends.
    pub length: GeneratedLength,
}

/// How much to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneratedLength {
    /// This many bars per symbol.
    Bars(usize),
    /// Bars that open before an instant.
    Until(Timestamp),
}

/// 2023-01-01, the beginning of generated history.
const START: Timestamp = Timestamp(1_672_531_200_000_000);
/// Two years later.
const END: Timestamp = Timestamp(1_735_689_600_000_000);

impl Default for GenerateSettings {
    /// Two years of M15 bars of three currency pairs.
    fn default() -> Self {
        Self {
            seed: 1,
            symbols: ["EURUSD", "GBPUSD", "USDJPY"].map(str::to_owned).to_vec(),
            timeframe: Timeframe::M15,
            from: START,
            length: GeneratedLength::Until(END),
        }
    }
}

/// One generated symbol.
#[derive(Debug, Clone)]
pub struct GeneratedSymbol {
    /// Pip, tick, lots, currencies.
    pub spec: SymbolSpec,
    /// Its bars.
    pub bars: BarSeries,
}

/// Generates the symbols in their order. An unknown name is generated like a share.
///
/// # Errors
/// `E102` when no bar would come out or a symbol is named twice.
pub fn generate(settings: &GenerateSettings) -> Result<Vec<GeneratedSymbol>, DataError> {
    let twice = settings.symbols.iter().enumerate().find(|(k, name)| settings.symbols[..*k].contains(name));
    if let Some((_, name)) = twice {
        return Err(DataError::new(DataCode::Selection, format!("symbol {name} is asked for twice")));
    }
    settings.symbols.iter().map(|name| one_symbol(settings, name)).collect()
}

/// A generated market in memory, without higher timeframes.
///
/// # Panics
/// When `symbols` is empty or names one twice, or `bars` is 0.
pub fn market(seed: u64, symbols: &[&str], timeframe: Timeframe, bars: usize) -> MultiSymbolData {
    let settings = GenerateSettings {
        seed,
        symbols: symbols.iter().map(|name| (*name).to_owned()).collect(),
        timeframe,
        from: START,
        length: GeneratedLength::Bars(bars),
    };
    let generated = generate(&settings).unwrap_or_else(|error| panic!("{error}"));
    let symbols = generated.into_iter().map(|one| SymbolBars::new(one.spec, one.bars)).collect();
    in_memory(timeframe, symbols, AlignmentSettings::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn one_symbol(settings: &GenerateSettings, name: &str) -> Result<GeneratedSymbol, DataError> {
    let spec = SymbolTable::default().lookup(name, true)?;
    let times = open_times(settings, spec.base_currency == "BTC");
    if times.is_empty() {
        return Err(DataError::new(DataCode::Selection, "no bar lies in the range to generate"));
    }
    let mut walk = Walk::new(settings, &spec);
    let bars = walk.bars(times);
    Ok(GeneratedSymbol { spec, bars })
}

fn open_times(settings: &GenerateSettings, continuous: bool) -> Vec<i64> {
    let step = settings.timeframe.micros();
    let first = settings.from.0.div_euclid(step) * step;
    let first = if first < settings.from.0 { first + step } else { first };
    let mut clock = WeekClock::new_york();
    let daily = settings.timeframe == Timeframe::D1;
    let open = move |time: &i64| match (continuous, daily) {
        (true, _) => true,
        // Daily bars open at midnight, whatever the hours of the week.
        (false, true) => Timestamp(*time).weekday() < 5,
        (false, false) => clock.contains(*time),
    };
    let candidates = (0..).map(|k| first + k * step);
    match settings.length {
        GeneratedLength::Bars(count) => candidates.filter(open).take(count).collect(),
        GeneratedLength::Until(end) => candidates.take_while(|&time| time < end.0).filter(open).collect(),
    }
}

/// How the price moves for some time.
#[derive(Debug, Clone, Copy)]
struct Regime {
    /// Drift per bar in units of the bar's deviation.
    drift: f64,
    /// Factor on the deviation.
    turmoil: f64,
    /// Pull back to where the regime began, per bar.
    pull: f64,
}

const REGIMES: [Regime; 4] = [
    Regime { drift: 0.0, turmoil: 0.8, pull: 0.04 },
    Regime { drift: 0.06, turmoil: 1.0, pull: 0.0 },
    Regime { drift: -0.06, turmoil: 1.0, pull: 0.0 },
    Regime { drift: 0.0, turmoil: 1.9, pull: 0.0 },
];

/// Moves inside one bar.
const SUBSTEPS: usize = 6;
/// Memory and shock of the logarithm of volatility, per bar.
const MEMORY: f64 = 0.985;
const SHOCK: f64 = 0.09;
/// Chance per bar that the regime ends.
const REGIME_END: f64 = 0.004;
/// Pull of the price to its long-run level, per bar.
const HOME: f64 = 0.000_2;

/// State of one symbol's walk; prices in ticks.
#[derive(Debug)]
struct Walk {
    rng: KeyedRng,
    spec: SymbolSpec,
    timeframe: Timeframe,
    home: f64,
    price: i64,
    log_volatility: f64,
    regime: Regime,
    regime_price: f64,
    last_time: Option<i64>,
}

impl Walk {
    fn new(settings: &GenerateSettings, spec: &SymbolSpec) -> Self {
        let home = (start_price(&spec.name) / spec.tick_size).round();
        let address = Digest::of(spec.name.as_bytes());
        let trial = u64::from_le_bytes(address.0[..8].try_into().expect("eight of 32 bytes"));
        // The highest fold keeps this stream apart from the jitter of a study with the same seed.
        let rng = MasterSeed(settings.seed).rng(Purpose::DataJitter, u32::MAX, 0, trial);
        Self {
            rng,
            spec: spec.clone(),
            timeframe: settings.timeframe,
            home,
            price: ticks(home),
            log_volatility: 0.0,
            regime: REGIMES[0],
            regime_price: home,
            last_time: None,
        }
    }

    fn bars(&mut self, times: Vec<i64>) -> BarSeries {
        let mut bid = PriceColumns::with_capacity(times.len());
        let mut ask = PriceColumns::with_capacity(times.len());
        let mut volume = Vec::with_capacity(times.len());
        for &time in &times {
            let activity = daily_course(time, self.timeframe);
            self.turn();
            let (below, above) = self.bar(time, activity);
            bid.push(below);
            ask.push(above);
            let ticks = 40.0 + 400.0 * activity * math::exp(0.5 * self.log_volatility) * self.rng.unit();
            volume.push(ticks.floor());
        }
        BarSeries::new(self.timeframe, times, Arc::new(bid), Arc::new(ask), volume)
    }

    /// Lets volatility and regime move on by one bar.
    fn turn(&mut self) {
        self.log_volatility = MEMORY * self.log_volatility + SHOCK * self.rng.normal();
        if self.rng.unit() < REGIME_END {
            self.regime = REGIMES[usize::try_from(self.rng.below(4)).expect("below four")];
            self.regime_price = self.price as f64;
        }
    }

    /// Bid and ask of one bar, which begins where the last one ended, or beside it after a rest.
    fn bar(&mut self, time: i64, activity: f64) -> (Ohlc, Ohlc) {
        let minutes = self.timeframe.minutes() as f64;
        let deviation = self.home * 0.000_16 * minutes.sqrt() * activity.sqrt();
        let deviation = deviation * self.regime.turmoil * math::exp(self.log_volatility);
        if self.last_time.is_some_and(|last| time - last > self.timeframe.micros()) {
            self.price += ticks(2.0 * deviation * self.rng.normal());
        }
        self.last_time = Some(time);
        let drift = self.drift(deviation) / SUBSTEPS as f64;
        let step = deviation / (SUBSTEPS as f64).sqrt();
        let mut spread = self.spread(activity);
        let mut sides = [Extremes::at(self.price), Extremes::at(self.price + spread)];
        for _ in 0..SUBSTEPS {
            self.price = (self.price + ticks(drift + step * self.rng.normal())).max(ticks(self.home * 0.2));
            spread = (spread + i64::try_from(self.rng.below(3)).expect("below three") - 1).max(1);
            sides[0].reach(self.price);
            sides[1].reach(self.price + spread);
        }
        (sides[0].prices(&self.spec), sides[1].prices(&self.spec))
    }

    fn drift(&self, deviation: f64) -> f64 {
        let price = self.price as f64;
        self.regime.drift * deviation
            + self.regime.pull * (self.regime_price - price)
            + HOME * (self.home - price)
    }

    /// Distance of the ask in ticks: wide when little happens and when much happens at once.
    fn spread(&mut self, activity: f64) -> i64 {
        let pips = self.spec.typical_spread_pips * (0.5 + 0.35 / activity.max(0.25));
        let pips = pips * (1.0 + 0.3 * self.log_volatility.max(0.0)) * (0.8 + 0.4 * self.rng.unit());
        ticks(pips * self.spec.pip_size / self.spec.tick_size).max(1)
    }
}

/// Open, high, low, close in ticks.
#[derive(Debug, Clone, Copy)]
struct Extremes {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
}

impl Extremes {
    fn at(price: i64) -> Self {
        Self { open: price, high: price, low: price, close: price }
    }

    fn reach(&mut self, price: i64) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
    }

    fn prices(self, spec: &SymbolSpec) -> Ohlc {
        let price = |ticks: i64| on_grid(ticks, spec.tick_size);
        Ohlc {
            open: price(self.open),
            high: price(self.high),
            low: price(self.low),
            close: price(self.close),
        }
    }
}

/// The double nearest to `ticks * tick_size` read as decimal numbers.
fn on_grid(ticks: i64, tick_size: f64) -> f64 {
    let per_unit = (1.0 / tick_size).round();
    if per_unit >= 1.0 { ticks as f64 / per_unit } else { ticks as f64 * tick_size }
}

#[expect(clippy::cast_possible_truncation, reason = "prices in ticks stay below 2^53")]
fn ticks(value: f64) -> i64 {
    value.round() as i64
}

fn start_price(name: &str) -> f64 {
    match name {
        "EURUSD" => 1.1,
        "GBPUSD" => 1.27,
        "XAUUSD" => 1900.0,
        "BTCUSD" | "BTCPERP" => 30_000.0,
        _ if name.ends_with("JPY") => 140.0,
        _ if name.len() == 6 => 1.2,
        _ => 100.0,
    }
}

/// Activity by UTC hour, mean near one: Asia quiet, London and New York busy.
fn daily_course(time: i64, timeframe: Timeframe) -> f64 {
    const HOURS: [f64; 24] = [
        0.6, 0.6, 0.5, 0.5, 0.5, 0.6, 0.9, 1.3, 1.5, 1.4, 1.2, 1.1, 1.3, 1.7, 1.9, 1.8, 1.5, 1.2, 0.9, 0.8,
        0.6, 0.3, 0.4, 0.5,
    ];
    if timeframe >= Timeframe::H4 {
        return 1.0;
    }
    let hour = Timestamp(time).time_of_day() / HOUR;
    HOURS[usize::try_from(hour).expect("an hour of the day")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SymbolId;

    #[test]
    fn a_seed_gives_the_same_market_everywhere() {
        let data = market(7, &["EURUSD", "USDJPY"], Timeframe::M15, 3000);
        // Computed once and kept: another value means another market, or arithmetic that differs between machines.
        assert_eq!(data.fingerprint().short(16), "0f9d1296cbdbaa52");
        assert_ne!(market(8, &["EURUSD"], Timeframe::M15, 100).fingerprint(), data.fingerprint());
    }

    #[test]
    fn adding_a_symbol_changes_no_other() {
        let alone = market(7, &["EURUSD"], Timeframe::H1, 500);
        let together = market(7, &["USDJPY", "EURUSD"], Timeframe::H1, 500);
        assert_eq!(alone.symbol(SymbolId(0)).bars.bid(), together.symbol(SymbolId(1)).bars.bid());
    }

    #[test]
    fn bars_are_consistent_uncrossed_on_the_grid_and_within_the_week() {
        let data = market(3, &["GBPUSD"], Timeframe::M15, 5000);
        let bars = &data.symbol(SymbolId(0)).bars;
        let mut clock = WeekClock::new_york();
        for row in 0..bars.len() {
            let (bid, ask) = (bars.bid().at(row), bars.ask().at(row));
            for bar in [bid, ask] {
                assert!(bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close));
                assert_eq!(bar.close, ((bar.close * 1e5).round()) / 1e5);
            }
            assert!(bid.open < ask.open && bid.high < ask.high && bid.low < ask.low && bid.close < ask.close);
            assert!(clock.contains(bars.times()[row]));
        }
        let (low, high) =
            bars.bid().close.iter().fold((f64::MAX, 0.0_f64), |(l, h), &c| (l.min(c), h.max(c)));
        assert!(low > 0.9 && high < 1.8 && high / low > 1.01, "{low} {high}");
    }

    #[test]
    fn two_years_of_m15_are_the_default() {
        let settings = GenerateSettings { symbols: vec!["EURUSD".into()], ..GenerateSettings::default() };
        let generated = generate(&settings).expect("generated");
        assert!((48_000..51_000).contains(&generated[0].bars.len()), "{}", generated[0].bars.len());
        let twice = GenerateSettings { symbols: vec!["A".into(), "A".into()], ..settings };
        assert_eq!(generate(&twice).expect_err("twice").code(), DataCode::Selection);
    }
}
