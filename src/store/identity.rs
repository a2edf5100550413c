//! What makes a study this study: the sweep file, the data, the engine version. Everything else may change.

use serde_json::{Map, Value};

use super::digest::block_digests;
use crate::data::{BarSeries, FinerBars, MultiSymbolData};
use crate::types::{Digest, DigestWriter};

/// Version of this engine, part of every study id. What follows the plus rises with every change of a number or digest
/// between releases, so that results from before and after it are not mixed unnoticed.
pub const ENGINE_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "+4");

/// Objects whose key order means something.
const ORDERED: [&str; 2] = ["parameters", "strategy.rules.let"];
/// Keys that change no result: where data lies, what is written, how long to work.
const LEFT_OUT: [&str; 3] = ["data.path", "data.catalog", "budget.max_wall"];

/// What was loaded of one symbol and timeframe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFingerprint {
    /// Symbol.
    pub symbol: String,
    /// Timeframe, as in `M15`.
    pub timeframe: String,
    /// Whether the bars come from a file; otherwise they are resampled.
    pub from_file: bool,
    /// Number of bars.
    pub rows: u64,
    /// One digest per block of 65,536 bars.
    pub blocks: Vec<Digest>,
}

impl DataFingerprint {
    /// Every symbol and timeframe of a market, in order; `finer` holds bars finer than the primary ones, one series per
    /// symbol or none at all.
    pub fn of_market(data: &MultiSymbolData, finer: &[FinerBars]) -> Vec<Self> {
        let mut all = Vec::new();
        for (k, series) in data.symbols().iter().enumerate() {
            let mut add = |bars: &BarSeries, from_file| {
                all.push(Self {
                    symbol: series.spec.name.clone(),
                    timeframe: bars.timeframe().to_string(),
                    from_file,
                    rows: bars.len() as u64,
                    blocks: block_digests(bars),
                });
            };
            add(&series.bars, true);
            series.higher.iter().for_each(|higher| add(&higher.bars, higher.from_file));
            finer.get(k).into_iter().for_each(|finer| add(&finer.bars, finer.from_file));
        }
        all
    }
}

/// The three things a study id covers.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyIdentity {
    /// Version of the engine.
    pub engine_version: String,
    /// The sweep file with every default written out.
    pub spec: Value,
    /// Digest over all market data.
    pub data_fingerprint: Digest,
    /// The data piece by piece, to say where it differs.
    pub data: Vec<DataFingerprint>,
}

impl StudyIdentity {
    /// BLAKE3 over canonical sweep file, data fingerprint and engine version.
    pub fn study_id(&self) -> Digest {
        DigestWriter::new("omega-sweep study 1")
            .text(&canonical(&self.spec).to_string())
            .digest(self.data_fingerprint)
            .text(&self.engine_version)
            .finish()
    }

    /// In words, everything in which `other` is not this study: paths of the sweep file, symbols with the first differing
    /// row, the engine version.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        compare("", &canonical(&self.spec), &canonical(&other.spec), &mut found);
        if self.data_fingerprint != other.data_fingerprint {
            let before = found.len();
            compare_data(&self.data, &other.data, &mut found);
            if found.len() == before {
                found.push("the data's fingerprint".to_owned());
            }
        }
        if let Some(difference) = self.version_difference(other) {
            found.push(difference);
        }
        found
    }

    pub(crate) fn version_difference(&self, other: &Self) -> Option<String> {
        let (mine, theirs) = (&self.engine_version, &other.engine_version);
        (mine != theirs).then(|| format!("the engine version ({mine} there, {theirs} here)"))
    }
}

/// The part of a sweep file that can change a result, in one fixed form.
fn canonical(spec: &Value) -> Value {
    reduce("", spec)
}

fn reduce(path: &str, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().filter(|(key, _)| kept(&join(path, key), key)).collect();
            if !ORDERED.contains(&path) {
                entries.sort_by_key(|(key, _)| *key);
            }
            let reduced =
                entries.into_iter().map(|(key, value)| (key.clone(), reduce(&join(path, key), value)));
            Value::Object(reduced.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| reduce(&join(path, "[]"), item)).collect(),
        other => other.clone(),
    }
}

fn kept(path: &str, key: &str) -> bool {
    let output = path.starts_with("output.") && path != "output.chunk_trials";
    !(output || key == "$comment" || LEFT_OUT.contains(&path))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn compare(path: &str, there: &Value, here: &Value, found: &mut Vec<String>) {
    let (Value::Object(a), Value::Object(b)) = (there, here) else {
        if there != here {
            found.push(if path.is_empty() { "the sweep file".to_owned() } else { path.to_owned() });
        }
        return;
    };
    let before = found.len();
    for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
        let null = Value::Null;
        compare(&join(path, key), a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null), found);
    }
    if found.len() == before && !a.keys().eq(b.keys()) {
        found.push(format!("the order of {path}"));
    }
}

fn compare_data(there: &[DataFingerprint], here: &[DataFingerprint], found: &mut Vec<String>) {
    let name = |data: &DataFingerprint| format!("data {} {}", data.symbol, data.timeframe);
    for old in there {
        let same = |new: &&DataFingerprint| (&new.symbol, &new.timeframe) == (&old.symbol, &old.timeframe);
        match here.iter().find(same) {
            None => found.push(format!("{} (not loaded here)", name(old))),
            Some(new) if new.blocks != old.blocks => {
                let equal = old.blocks.iter().zip(&new.blocks).take_while(|(a, b)| a == b).count();
                let row = equal * super::digest::BLOCK_ROWS;
                found.push(format!("{} (in the block from row {row})", name(old)));
            }
            Some(_) => {}
        }
    }
    let known = |new: &&DataFingerprint| !there.iter().any(|old| name(old) == name(new));
    found.extend(here.iter().filter(known).map(|new| format!("{} (not loaded there)", name(new))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn identity(spec: Value) -> StudyIdentity {
        let blocks = [b"1", b"2", b"3"].map(|block| Digest::of(block)).to_vec();
        let data = DataFingerprint {
            symbol: "EURUSD".to_owned(),
            timeframe: "M1".to_owned(),
            from_file: true,
            rows: 3 << 16,
            blocks,
        };
        StudyIdentity {
            engine_version: "0.1.0".to_owned(),
            spec,
            data_fingerprint: Digest::of(b"data"),
            data: vec![data],
        }
    }

    fn spec() -> Value {
        json!({"seed": 1, "data": {"path": "a/"}, "parameters": {"b": [1], "a": [2]}, "output": {"report": "html", "chunk_trials": 64}})
    }

    #[test]
    fn comments_places_and_output_do_not_make_another_study() {
        let same = json!({"data": {"path": "elsewhere/", "$comment": "x"}, "seed": 1,
            "parameters": {"b": [1], "a": [2]}, "output": {"chunk_trials": 64, "keep_best": 5}, "budget": {"max_wall": "1h"}});
        let with_budget = json!({"budget": {}});
        let mut first = spec();
        first.as_object_mut().unwrap().extend(with_budget.as_object().unwrap().clone());
        assert_eq!(identity(first).study_id(), identity(same).study_id());
    }

    #[test]
    fn seed_order_of_parameters_chunks_data_and_version_do() {
        let base = identity(spec());
        let changed = |change: fn(&mut Value)| {
            let mut spec = spec();
            change(&mut spec);
            identity(spec)
        };
        let mut others = vec![
            (changed(|s| s["seed"] = json!(2)), "seed"),
            (changed(|s| s["parameters"] = json!({"a": [2], "b": [1]})), "the order of parameters"),
            (changed(|s| s["parameters"]["a"] = json!([3])), "parameters.a"),
            (changed(|s| s["output"]["chunk_trials"] = json!(65)), "output.chunk_trials"),
            (changed(|s| s["pruning"] = json!({"kind": "none"})), "pruning"),
        ];
        let mut data = base.clone();
        data.data_fingerprint = Digest::of(b"other");
        data.data[0].blocks[1] = Digest::of(b"other");
        others.push((data, "data EURUSD M1 (in the block from row 65536)"));
        let version = StudyIdentity { engine_version: "0.2.0".to_owned(), ..base.clone() };
        others.push((version, "the engine version (0.1.0 there, 0.2.0 here)"));
        for (other, named) in others {
            assert_ne!(base.study_id(), other.study_id(), "{named}");
            assert_eq!(base.differences(&other), [named]);
        }
        assert!(base.differences(&base).is_empty());
    }
}
