//! W4: ten symbols on their common timeline, walked step by step. No indicator, no strategy: what the walk itself costs.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{BenchError, BenchOptions, Numbers, Repetitions, Usage};
use crate::data::settings::{DataSource, Holdout};
use crate::data::synthetic::{GenerateSettings, GeneratedLength, generate};
use crate::data::{
    AlignmentSettings, DataSettings, MultiSymbolData, SymbolBars, SymbolTable, in_memory, open,
};
use crate::job::JobError;
use crate::strategy::MultiSymbolSlice;
use crate::types::{MasterSeed, PriceSide, Purpose, SymbolId, Timeframe};

/// Symbols of the workload.
const SYMBOLS: usize = 10;
/// Bars per symbol of a generated market.
const BARS: usize = 100_000;
/// One bar in so many is missing in a generated market.
const MISSING: u64 = 20;
/// Steps, bars of all symbols, and checksum of the market for which they are recorded.
const REFERENCE: (u64, u64, u64) = (106_060, 1_000_000, 918_777_097_395_207_077);

/// What the walk took, and what it saw.
#[derive(Debug, Clone)]
pub struct WalkFigures {
    /// Instants at which any symbol has a bar.
    pub steps: u64,
    /// Bars seen, of all symbols.
    pub symbol_bars: u64,
    /// Polynomial in 1,000,003 over the steps, modulo 2^64, of the sum of number times bid close in points of the
    /// symbols present.
    pub checksum: u64,
    /// Reading or generating the bars.
    pub load: Usage,
    /// The walk, time and time again.
    pub used: Repetitions,
    /// Comparison with the recorded walk; `None` for another market.
    pub numbers: Option<Numbers>,
}

/// Walks `MS01` ... `MS10` of a folder, or a generated market.
///
/// # Errors
/// When the data are refused.
pub fn walk(folder: Option<&Path>, options: &BenchOptions) -> Result<WalkFigures, BenchError> {
    let before = (options.meter)();
    let data = match folder {
        Some(folder) => read(folder, options.memory)?,
        None => Arc::new(generated(BARS)),
    };
    let load = (options.meter)().since(before);
    let ids: Vec<SymbolId> = data.ids().collect();
    let (used, (symbol_bars, checksum)) =
        Repetitions::of::<_, BenchError>(options.repeat, options.meter, || Ok(walked(&data, &ids)))?;
    let steps = data.steps() as u64;
    // Bars that are those of the record cannot be told by their number; a folder of the workload has all three right.
    let numbers = folder
        .is_some()
        .then(|| Numbers { right: usize::from((steps, symbol_bars, checksum) == REFERENCE), of: 1 });
    Ok(WalkFigures { steps, symbol_bars, checksum, load, used, numbers })
}

/// Bars of all symbols, and the checksum.
fn walked(data: &MultiSymbolData, ids: &[SymbolId]) -> (u64, u64) {
    let (mut bars, mut checksum) = (0, 0_u64);
    for step in 0..data.steps() {
        let slice = MultiSymbolSlice::new(data, step);
        let mut sum = 0_u64;
        for (number, &id) in (1..).zip(ids) {
            if let Some(bar) = slice.get(id) {
                sum = sum.wrapping_add(number * points(bar.close(PriceSide::Bid)));
                bars += 1;
            }
        }
        checksum = checksum.wrapping_mul(1_000_003).wrapping_add(sum);
    }
    (bars, checksum)
}

/// A price in whole points of 0.00001. Prices of the workload are such numbers; adding 2^52 rounds to one and leaves it in
/// the low bits, which costs the walk less than a conversion that saturates.
#[inline]
fn points(price: f64) -> u64 {
    const SHIFT: f64 = 4_503_599_627_370_496.0;
    (price * 100_000.0 + SHIFT).to_bits() ^ SHIFT.to_bits()
}

/// `MS01` ... `MS10`.
fn names() -> Vec<String> {
    (1..=SYMBOLS).map(|number| format!("MS{number:02}")).collect()
}

/// What the workload says of its symbols: prices in points of 0.00001.
fn table() -> SymbolTable {
    let entry = json!({
        "contract_size": 100_000, "tick_size": 0.00001, "pip_size": 0.0001, "volume_min": 1, "volume_step": 1,
        "volume_max": 1, "base_currency": "SYN", "quote_currency": "USD",
    });
    let entries = names().into_iter().map(|name| (name, entry.clone())).collect();
    SymbolTable::from_json(&Value::Object(entries)).expect("complete entries")
}

fn read(folder: &Path, memory: Option<u64>) -> Result<Arc<MultiSymbolData>, JobError> {
    let settings = DataSettings {
        source: DataSource::Path(folder.to_owned()),
        symbols: names(),
        primary: Some(Timeframe::M1),
        holdout: Holdout::None,
        symbol_table: table(),
        ..DataSettings::default()
    };
    Ok(open(&settings, Path::new("."), &AlignmentSettings::default(), memory)?.data)
}

/// A market of the workload's shape: every symbol misses other minutes.
fn generated(bars: usize) -> MultiSymbolData {
    let settings = GenerateSettings {
        symbols: names(),
        timeframe: Timeframe::M1,
        length: GeneratedLength::Bars(bars + bars / 19),
        ..GenerateSettings::default()
    };
    let symbols = generate(&settings).expect("distinct names and more than no bar");
    let thinned = symbols.into_iter().zip(0..).map(|(symbol, number)| {
        let mut random = MasterSeed(settings.seed).rng(Purpose::User, 0, 0, number);
        let there: Vec<usize> = (0..symbol.bars.len()).filter(|_| random.below(MISSING) > 0).collect();
        SymbolBars::new(symbol.spec, symbol.bars.select(&there))
    });
    let market = in_memory(Timeframe::M1, thinned.collect(), AlignmentSettings::default());
    market.expect("bars of one week at least")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_plain_one_and_sees_every_bar() {
        let data = generated(300);
        let ids: Vec<SymbolId> = data.ids().collect();
        let mut plain = 0_u64;
        let mut bars = 0;
        for &time in data.timeline() {
            let mut sum = 0;
            for (number, symbol) in (1_u64..).zip(data.symbols()) {
                if let Ok(row) = symbol.bars.times().binary_search(&time) {
                    let decimal = format!("{:.0}", symbol.bars.bid().close[row] * 1e5);
                    sum += number * decimal.parse::<u64>().expect("a price");
                    bars += 1;
                }
            }
            plain = plain.wrapping_mul(1_000_003).wrapping_add(sum);
        }
        assert_eq!(walked(&data, &ids), (bars, plain));
        assert!(bars < data.steps() as u64 * 10, "some minutes are missing");
    }
}
