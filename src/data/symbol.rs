//! What a symbol is: pip, tick, lot limits, contract size, currencies (`execution.md` 1, `search.md` 13.4).

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{DataCode, DataError, closest};

/// Specification of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolSpec {
    /// Name, case kept.
    pub name: String,
    /// Units of the base per lot.
    pub contract_size: f64,
    /// Smallest price step.
    pub tick_size: f64,
    /// Account money per tick and lot; `None` = derived from contract and tick by conversion.
    pub tick_value: Option<f64>,
    /// One pip as a price difference.
    pub pip_size: f64,
    /// Least lots.
    pub volume_min: f64,
    /// Step of lots.
    pub volume_step: f64,
    /// Most lots.
    pub volume_max: f64,
    /// Currency (or thing) that is bought.
    pub base_currency: String,
    /// Currency of the price.
    pub quote_currency: String,
    /// Spread assumed when a series has none, pips.
    pub typical_spread_pips: f64,
}

impl SymbolSpec {
    /// Whether both currencies are national ones.
    pub fn is_fx(&self) -> bool {
        is_national(&self.base_currency) && is_national(&self.quote_currency)
    }

    /// Decimals of a tick: 5 for 0.00001.
    pub fn digits(&self) -> u32 {
        let whole = |digits: u32| {
            let ticks = self.tick_size * power_of_ten(digits);
            (ticks - ticks.round()).abs() < 1e-6 && ticks.round() >= 1.0
        };
        (0..12).find(|&digits| whole(digits)).unwrap_or(12)
    }
}

/// 10 to a small power, exact.
pub(crate) fn power_of_ten(exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * 10.0)
}

/// Entries that overlay the built-in table, key by key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SymbolTable {
    entries: BTreeMap<String, Entry>,
}

/// Keys of one entry; absent ones come from the built-in entry.
#[derive(Debug, Clone, PartialEq, Default)]
struct Entry {
    numbers: BTreeMap<&'static str, f64>,
    currencies: BTreeMap<&'static str, String>,
}

const NUMBERS: [&str; 8] = [
    "contract_size",
    "tick_size",
    "tick_value",
    "pip_size",
    "volume_min",
    "volume_step",
    "volume_max",
    "typical_spread_pips",
];
const CURRENCIES: [&str; 2] = ["base_currency", "quote_currency"];

impl SymbolTable {
    /// Reads `{"EURUSD": {"pip_size": 0.0001, ...}, ...}`; a key `$comment` is ignored on both levels.
    ///
    /// # Errors
    /// `E201` with symbol and key: not an object, unknown key, not a number above zero (spread: at least zero).
    pub fn from_json(value: &Value) -> Result<Self, DataError> {
        let object = value.as_object().ok_or_else(|| bad("the symbol table must be an object of symbols"))?;
        let mut entries = BTreeMap::new();
        for (name, fields) in object.iter().filter(|(name, _)| *name != "$comment") {
            entries.insert(name.clone(), Entry::from_json(name, fields)?);
        }
        Ok(Self { entries })
    }

    /// Whether the symbol is in the table or built in; if not, a LAST series is taken for a share.
    pub fn knows(&self, name: &str) -> bool {
        built_in(name).is_some() || self.entries.contains_key(name)
    }

    /// The specification of a symbol; `is_last_series` says that only trade prices are known, so an unknown name is
    /// a share.
    ///
    /// # Errors
    /// `E201` with the entry to add, for an unknown symbol or an entry without a needed key.
    pub fn lookup(&self, name: &str, is_last_series: bool) -> Result<SymbolSpec, DataError> {
        let base = built_in(name).or_else(|| is_last_series.then(|| share(name)));
        match (self.entries.get(name), base) {
            (None, Some(spec)) => Ok(spec),
            (Some(entry), Some(spec)) => Ok(entry.over(spec)),
            (Some(entry), None) => entry.alone(name),
            (None, None) => {
                let known = self.entries.keys().map(String::as_str).chain(SPECIAL);
                let meant =
                    closest(name, known).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
                Err(DataError::new(DataCode::UnknownSymbol, format!("unknown symbol {name}"))
                    .hint(format!("{meant}add it to data.symbol_table: {}", example(name))))
            }
        }
    }
}

impl Entry {
    fn from_json(name: &str, fields: &Value) -> Result<Self, DataError> {
        let object = fields
            .as_object()
            .ok_or_else(|| bad(format!("symbol table: {name} must be an object of keys")))?;
        let mut entry = Self::default();
        for (key, value) in object.iter().filter(|(key, _)| *key != "$comment") {
            if let Some(known) = NUMBERS.into_iter().find(|known| known == key) {
                entry.numbers.insert(known, number(name, known, value)?);
            } else if let Some(known) = CURRENCIES.into_iter().find(|known| known == key) {
                entry.currencies.insert(known, currency(name, known, value)?);
            } else {
                let near = closest(key, NUMBERS.into_iter().chain(CURRENCIES));
                let hint = near.map_or_else(
                    || format!("keys: {}, {}", NUMBERS.join(", "), CURRENCIES.join(", ")),
                    |near| format!("did you mean {near}?"),
                );
                return Err(bad(format!("symbol table: unknown key {name}.{key}")).hint(hint));
            }
        }
        Ok(entry)
    }

    fn over(&self, mut spec: SymbolSpec) -> SymbolSpec {
        for (&key, &value) in &self.numbers {
            match key {
                "contract_size" => spec.contract_size = value,
                "tick_size" => spec.tick_size = value,
                "tick_value" => spec.tick_value = Some(value),
                "pip_size" => spec.pip_size = value,
                "volume_min" => spec.volume_min = value,
                "volume_step" => spec.volume_step = value,
                "volume_max" => spec.volume_max = value,
                _ => spec.typical_spread_pips = value,
            }
        }
        for (&key, value) in &self.currencies {
            match key {
                "base_currency" => spec.base_currency.clone_from(value),
                _ => spec.quote_currency.clone_from(value),
            }
        }
        spec
    }

    /// An entry without a built-in one: lot limits and spread have defaults, the rest is needed.
    fn alone(&self, name: &str) -> Result<SymbolSpec, DataError> {
        let numbers = ["contract_size", "tick_size", "pip_size"].into_iter();
        let missing: Vec<&str> = numbers
            .filter(|key| !self.numbers.contains_key(key))
            .chain(CURRENCIES.into_iter().filter(|key| !self.currencies.contains_key(key)))
            .collect();
        if missing.is_empty() {
            return Ok(self.over(pair(name, "", "")));
        }
        Err(bad(format!("symbol table: {name} lacks {}", missing.join(", ")))
            .hint(format!("a whole entry: {}", example(name))))
    }
}

fn number(name: &str, key: &str, value: &Value) -> Result<f64, DataError> {
    let least_is_zero = key == "typical_spread_pips";
    value
        .as_f64()
        .filter(|&v| v.is_finite() && (v > 0.0 || least_is_zero && v == 0.0))
        .ok_or_else(|| bad(format!("symbol table: {name}.{key} must be a number above zero, got {value}")))
}

fn currency(name: &str, key: &str, value: &Value) -> Result<String, DataError> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| bad(format!("symbol table: {name}.{key} must be a currency, got {value}")))
}

fn bad(what: impl Into<String>) -> DataError {
    DataError::new(DataCode::UnknownSymbol, what)
}

fn example(name: &str) -> String {
    format!(
        "{{\"{name}\": {{\"contract_size\": 100000, \"tick_size\": 0.00001, \"pip_size\": 0.0001, \
         \"volume_min\": 0.01, \"volume_step\": 0.01, \"volume_max\": 100.0, \"base_currency\": \"EUR\", \
         \"quote_currency\": \"USD\", \"typical_spread_pips\": 1.0}}}}"
    )
}

/// Built-in symbols that are not currency pairs.
const SPECIAL: [&str; 3] = ["XAUUSD", "BTCUSD", "BTCPERP"];

fn built_in(name: &str) -> Option<SymbolSpec> {
    match name {
        "XAUUSD" => Some(SymbolSpec {
            contract_size: 100.0,
            tick_size: 0.01,
            pip_size: 0.01,
            typical_spread_pips: 30.0,
            ..pair(name, "XAU", "USD")
        }),
        "BTCUSD" | "BTCPERP" => Some(SymbolSpec {
            contract_size: 1.0,
            tick_size: 0.01,
            pip_size: 1.0,
            ..pair(name, "BTC", "USD")
        }),
        _ => {
            let (base, quote) = name.is_char_boundary(3).then(|| name.split_at(3))?;
            (name.len() == 6 && base != quote && is_national(base) && is_national(quote))
                .then(|| pair(name, base, quote))
        }
    }
}

fn pair(name: &str, base: &str, quote: &str) -> SymbolSpec {
    let (pip_size, tick_size) = if quote == "JPY" { (0.01, 0.001) } else { (0.0001, 0.00001) };
    SymbolSpec {
        name: name.to_owned(),
        contract_size: 100_000.0,
        tick_size,
        tick_value: None,
        pip_size,
        volume_min: 0.01,
        volume_step: 0.01,
        volume_max: 100.0,
        base_currency: base.to_owned(),
        quote_currency: quote.to_owned(),
        typical_spread_pips: 1.0,
    }
}

fn share(name: &str) -> SymbolSpec {
    SymbolSpec {
        contract_size: 1.0,
        tick_size: 0.01,
        pip_size: 0.01,
        volume_min: 1.0,
        volume_step: 1.0,
        volume_max: 1e6,
        ..pair(name, name, "USD")
    }
}

fn is_national(code: &str) -> bool {
    NATIONAL.binary_search(&code).is_ok()
}

/// National currencies of ISO 4217, sorted.
const NATIONAL: [&str; 155] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
    "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNH", "CNY",
    "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
    "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR",
    "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT",
    "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
    "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK",
    "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY",
    "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF",
    "XPF", "YER", "ZAR", "ZMW", "ZWL",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_metals_and_coins_are_built_in() {
        let table = SymbolTable::default();
        let spec = |name| table.lookup(name, false).expect("built in");
        assert_eq!((spec("EURUSD").pip_size, spec("EURUSD").tick_size), (0.0001, 0.00001));
        assert_eq!((spec("USDJPY").pip_size, spec("USDJPY").digits()), (0.01, 3));
        assert_eq!((spec("XAUUSD").contract_size, spec("XAUUSD").typical_spread_pips), (100.0, 30.0));
        assert_eq!((spec("BTCPERP").pip_size, spec("BTCPERP").quote_currency.as_str()), (1.0, "USD"));
        assert!(spec("EURUSD").is_fx() && !spec("XAUUSD").is_fx());
        assert_eq!(spec("EURUSD").digits(), 5);
        assert!(NATIONAL.is_sorted());
    }

    #[test]
    fn an_unknown_name_is_a_share_only_as_a_last_series() {
        let table = SymbolTable::default();
        assert_eq!(table.lookup("SPY", true).expect("a share").volume_min, 1.0);
        let error = table.lookup("SPY", false).expect_err("not a pair");
        assert_eq!(error.code(), DataCode::UnknownSymbol);
        assert!(error.to_string().contains("\"SPY\": {"), "{error}");
        assert!(!table.knows("SPY") && table.knows("EURUSD"));
    }

    #[test]
    fn given_keys_overlay_the_built_in_entry() {
        let table = SymbolTable::from_json(&json!({"EURUSD": {"typical_spread_pips": 0.2}, "$comment": "x"}))
            .expect("a table");
        let spec = table.lookup("EURUSD", false).expect("built in");
        assert_eq!((spec.typical_spread_pips, spec.pip_size), (0.2, 0.0001));
    }

    #[test]
    fn wrong_entries_name_symbol_and_key() {
        for (value, part) in [
            (json!([]), "must be an object"),
            (json!({"A": {"pip_siez": 1}}), "did you mean pip_size"),
            (json!({"A": {"pip_size": -1}}), "A.pip_size"),
            (json!({"A": {"base_currency": 3}}), "A.base_currency"),
        ] {
            let error = SymbolTable::from_json(&value).expect_err("wrong");
            assert!(error.to_string().contains(part), "{error}");
        }
        let table = SymbolTable::from_json(&json!({"ABC": {"pip_size": 1}})).expect("a table");
        let error = table.lookup("ABC", false).expect_err("keys are missing");
        assert!(error.to_string().contains("contract_size"), "{error}");
    }
}
