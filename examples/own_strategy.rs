//! An own strategy with the whole command line around it: it buys after falling closes and leaves at stop or target.
//!
//! `cargo run --example own_strategy -- strategies falling_closes`

use omega_sweep::{cli, engine::Registry, strategy::prelude::*};

const ATR: IndicatorKind = IndicatorKind::Atr { period: 14 };

/// One parameter set on one symbol.
struct FallingCloses {
    falls: usize,
    stop_atr: f64,
    atr: Arc<[f64]>,
}

impl Strategy for FallingCloses {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let close = |back| bar.back(PriceSide::Bid, back).map(|bar| bar.close);
        let fell = (0..self.falls).all(|back| close(back) < close(back + 1));
        let distance = self.stop_atr * self.atr[bar.row()];
        if fell && distance > 0.0 && account.is_flat(bar.symbol()) {
            let level = Level::Distance(distance);
            out.enter(TradeSignal::market(bar, Direction::Long, level, level));
        }
    }
}

fn main() -> std::process::ExitCode {
    let falling_closes = declare("falling_closes", "Buys after a number of falling closes in a row.")
        .param(ParamSpec::whole("falls", 1, 20, 3).help("Closes in a row.").swept("2", "5", "1"))
        .param(ParamSpec::positive("stop_atr", 2.0).help("Stop, target.").swept("1.0", "3.0", "0.5"))
        .warmup(|_| 14)
        .reads(ATR)
        .bind(|set, at, cache| {
            let (falls, stop_atr) = (set.count("falls")?, set.number("stop_atr")?);
            Ok(FallingCloses { falls, stop_atr, atr: dense(cache, &at.bid(ATR))? })
        });
    cli::main_with(&Registry::builtin().with(falling_closes))
}
