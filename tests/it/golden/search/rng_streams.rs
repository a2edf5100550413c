//! Random numbers with an address.

use omega_sweep::types::rng::KeyedRng;
use omega_sweep::types::{MasterSeed, Purpose};
use serde_json::Value;

use crate::golden;

fn whole(json: &Value) -> u64 {
    json.as_u64().unwrap_or_else(|| json.as_str().expect("a number").parse().expect("digits"))
}

fn small(json: &Value) -> u32 {
    u32::try_from(whole(json)).expect("small")
}

struct Address {
    seed: MasterSeed,
    purpose: Purpose,
    fold: u32,
    repeat: u32,
    trial: u64,
    stream: u64,
}

impl Address {
    fn of(input: &Value) -> Self {
        let purpose = match input["tag"].as_str().expect("a tag") {
            "omgsamp1" => Purpose::Sampler,
            "omgslip1" => Purpose::Slippage,
            "omgpjit1" => Purpose::ParameterJitter,
            "omgdjit1" => Purpose::DataJitter,
            "omgdrop1" => Purpose::TradeDropout,
            "omgboot1" => Purpose::Bootstrap,
            "omgtime1" => Purpose::Timing,
            "omguser1" => Purpose::User,
            other => panic!("unknown tag {other}"),
        };
        Self {
            seed: MasterSeed(whole(&input["master_seed"])),
            purpose,
            fold: small(&input["fold"]),
            repeat: small(&input["repeat"]),
            trial: whole(&input["trial_id"]),
            stream: whole(&input["stream"]),
        }
    }

    fn rng(&self) -> KeyedRng {
        let mut rng = self.seed.rng(self.purpose, self.fold, self.repeat, self.trial);
        rng.set_stream(self.stream);
        rng
    }

    fn key_hex(&self) -> String {
        let key = self.seed.key(self.purpose, self.fold, self.repeat, self.trial);
        omega_sweep::types::Digest(key).to_hex()
    }
}

fn check_draws(address: &Address, expected: &Value, name: &Value) {
    assert_eq!(address.key_hex(), expected["key_hex"].as_str().expect("hex"), "{name}");
    let mut rng = address.rng();
    for word in expected["u64"].as_array().expect("words") {
        assert_eq!(rng.bits(), whole(word), "{name}");
    }
    let mut rng = address.rng();
    for unit in expected["f64"].as_array().expect("floats") {
        assert_eq!(rng.unit(), unit.as_f64().expect("a float"), "{name}");
    }
    let mut rng = address.rng();
    for pair in expected["below"].as_array().expect("pairs") {
        assert_eq!(rng.below(whole(&pair[0])), whole(&pair[1]), "{name}: below {}", pair[0]);
    }
}

/// One uniform per index, then on a jump one integer; the first index is a jump without a uniform.
fn stationary_bootstrap(rng: &mut KeyedRng, n: u64, mean_block_length: f64) -> Vec<u64> {
    let mut indices = vec![rng.below(n)];
    while (indices.len() as u64) < n {
        let next = indices.last().map_or(0, |last| (last + 1) % n);
        indices.push(if rng.unit() < 1.0 / mean_block_length { rng.below(n) } else { next });
    }
    indices
}

#[test]
fn keys_words_floats_integers_shuffles_and_normals_are_pinned() {
    let file = golden::load("metrics", "rng_streams.json");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 15);
    for case in cases {
        let (input, expected, name) = (&case["input"], &case["expected"], &case["name"]);
        let address = Address::of(input);
        if expected.get("key_hex").is_some() {
            check_draws(&address, expected, name);
        } else if let Some(permutation) = expected.get("permutation") {
            let mut items: Vec<u64> = (0..whole(&input["n"])).collect();
            address.rng().shuffle(&mut items);
            assert_eq!(&Value::from(items), permutation);
        } else if let Some(indices) = expected.get("indices") {
            let length = input["mean_block_length"].as_f64().expect("a number");
            let drawn = stationary_bootstrap(&mut address.rng(), whole(&input["n"]), length);
            assert_eq!(&Value::from(drawn), indices);
        } else {
            let mut rng = address.rng();
            for normal in expected["normals_tolerance_1e_12"].as_array().expect("normals") {
                assert!((rng.normal() - normal.as_f64().expect("a float")).abs() <= 1e-12);
            }
        }
    }
}
