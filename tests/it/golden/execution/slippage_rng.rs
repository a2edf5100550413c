//! Key and draws of the slippage generator.

use std::fmt::Write;

use omega_sweep::costs::{DrawAddress, Draws, RngDraws, SlippageStream};
use omega_sweep::types::{MasterSeed, Purpose, SymbolId};

use super::super::load;
use super::support::{list, same, text};

#[test]
fn keys_and_draws_are_addressed_as_written() {
    for case in list(&load("execution", "slippage_rng.json")["cases"]) {
        let (id, given, want) = (text(&case["id"]), &case["inputs"], &case["expected"]);
        let seed = MasterSeed(text(&given["run_seed"]).parse().expect("a seed"));
        let small = |key: &str| u32::try_from(given[key].as_u64().expect("a number")).expect("small");
        let (fold, repeat) = (small("fold"), small("repeat"));
        let trial: u64 = text(&given["trial_id"]).parse().expect("a trial");
        let key =
            seed.key(Purpose::Slippage, fold, repeat, trial).iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").expect("writing to a string");
                hex
            });
        assert_eq!(text(&want["key_hex"]), key, "{id}");

        let draws = |stream| RngDraws::new(seed, fold, repeat, trial, stream);
        let mut sequential = draws(SlippageStream::Sequential);
        let at = |symbol: u64, row: u64| DrawAddress {
            symbol: SymbolId(u16::try_from(symbol).expect("a small number")),
            row: u32::try_from(row).expect("a small number"),
        };
        let taken: Vec<f64> = (0..200).map(|_| sequential.draw(at(0, 0)).expect("endless")).collect();
        for row in list(&want["sequential"]) {
            let n = usize::try_from(row[0].as_u64().expect("a small number")).expect("a small number");
            same(id, taken[n], &row[2]);
        }
        for row in list(&want["keyed"]) {
            let number = |at: usize| row[at].as_u64().expect("a small number");
            let mut keyed = draws(SlippageStream::Keyed);
            let at = at(number(0), number(1));
            let drawn = (0..=number(2)).map(|_| keyed.draw(at).expect("room")).last().expect("one draw");
            same(id, drawn, &row[4]);
        }
    }
}
