//! Random cases around both profiles. The same seed gives the same case.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::input::{
    Case, Commission, CommissionConfig, Costs, EngineKind, Manager, SeedKey, Sizing, Slippage, Timeline,
    TimestampMode, Wrapper,
};
use super::script;
use super::switches::{
    BothHit, EndOfRun, EquityMode, ExitSlippage, HoldingClock, MarketFill, MinLotPolicy, PipBufferPip,
    PnlMode, SlippageStream, StepOrder, Switches,
};
use super::walk::{Instrument, candles, instants, instruments};

/// One random case.
pub(crate) fn case(seed: u64) -> Case {
    let dice = &mut Dice::new(seed);
    let account = dice.pick(&["USD", "USD", "EUR", "JPY", "GBP"]);
    let traded = traded(dice);
    let minutes = dice.pick(&[5, 15, 60]);
    let bars = 60 + dice.below(141);
    let times = instants(dice, bars, minutes * 60_000_000);
    let stopless = dice.percent(12);
    let mut case = Case {
        engine: if traded.len() == 1 { EngineKind::Single } else { EngineKind::Cross },
        symbols: traded.iter().map(|i| i.name.to_owned()).collect(),
        symbol_specs: traded.iter().map(|i| (i.name.to_owned(), i.spec.clone())).collect(),
        timeframe: if minutes == 60 { "H1".to_owned() } else { format!("M{minutes}") },
        start_time_us: Some(times[dice.below(20)] + dice.pick(&[0, 0, 1])),
        initial_balance: dice.pick(&[10_000.0, 10_000.0, 100_000.0, 400.0]),
        risk_per_trade: dice.pick(&[100.0, 100.0, 37.5, 250.0, 3.0]),
        pip_buffer_factor: dice.pick(&[0.5, 0.5, 0.0, 0.0, 1.0, 0.25]),
        sizing: sizing(dice, account, stopless),
        costs: costs(dice, account),
        rates: rates(),
        slippage: None,
        wrapper: wrapper(dice, minutes),
        position_manager: manager(dice, minutes),
        candles: traded.iter().map(|i| (i.name.to_owned(), candles(dice, i, &times))).collect(),
        signals: Vec::new(),
        switches: switches(dice),
        timeline: dice.pick(&[Timeline::Union, Timeline::Intersection]),
        bound_per_symbol: dice.percent(50),
        only_if_flat: dice.percent(35),
    };
    if stopless {
        case.switches.pnl_mode = PnlMode::Volume;
    }
    script::write(dice, &mut case, &traded, stopless);
    case.slippage = slippage(dice, &case);
    case
}

/// One symbol or all three, with odd lot grids now and then.
fn traded(dice: &mut Dice) -> Vec<Instrument> {
    let mut traded = instruments();
    if dice.percent(65) {
        traded = vec![dice.pick(&traded)];
    } else if dice.percent(30) {
        traded.reverse();
    }
    for instrument in &mut traded {
        if dice.percent(20) {
            instrument.spec.volume_min = dice.pick(&[0.05, 0.1, 1.0]);
            instrument.spec.volume_step = dice.pick(&[0.02, 0.1, 0.03]);
            instrument.spec.volume_max = dice.pick(&[2.0, 5.5, 50.0]);
        }
    }
    traded
}

fn rates() -> BTreeMap<String, f64> {
    [("EURUSD", 1.0873), ("GBPUSD", 1.2711), ("USDJPY", 148.237)]
        .map(|(pair, rate)| (pair.to_owned(), rate))
        .into()
}

fn sizing(dice: &mut Dice, account: &str, stopless: bool) -> Sizing {
    let account_currency = account.to_owned();
    match if stopless { 9 } else { dice.below(10) } {
        0..=4 => Sizing::LotSizer { account_currency },
        5..=6 => Sizing::TickValue,
        _ => Sizing::FixedLots { lots: dice.pick(&[0.1, 1.0, 0.57, 0.004, 7.77]), account_currency },
    }
}

fn costs(dice: &mut Dice, account: &str) -> Costs {
    match dice.below(10) {
        0..=2 => Costs::None,
        3 => Costs::LegacyFee {
            per_million: dice.pick(&[25.0, 3.0]),
            lot_size: 100_000.0,
            min_fee: dice.pick(&[0.0, 0.0, 1.25]),
        },
        _ => Costs::Commission {
            account_currency: account.to_owned(),
            config: CommissionConfig { defaults: commission(dice), per_symbol: overlays(dice) },
            multiplier: dice.pick(&[1.0, 1.0, 1.5, 0.0]),
        },
    }
}

fn commission(dice: &mut Dice) -> Commission {
    let word = |dice: &mut Dice, words: &[&str]| Some(dice.pick(words).to_owned());
    Commission {
        schema: word(dice, &["per_lot", "per_million_notional", "percent_of_notional"]),
        side: if dice.percent(40) { word(dice, &["both", "entry", "exit"]) } else { None },
        fee_ccy: if dice.percent(40) { word(dice, &["USD", "EUR", "JPY"]) } else { None },
        per_lot: Some(dice.pick(&[2.5, 3.33])),
        rate_per_million: Some(dice.pick(&[35.0, 5.0])),
        pct: Some(dice.pick(&[0.00002, 0.0001])),
        min_fee: if dice.percent(30) { Some(1.0) } else { None },
    }
}

fn overlays(dice: &mut Dice) -> BTreeMap<String, Commission> {
    let mut overlays = BTreeMap::new();
    if dice.percent(25) {
        let overlay = Commission { per_lot: Some(7.0), min_fee: Some(0.5), ..Commission::default() };
        overlays.insert(dice.pick(&["EURUSD", "USDJPY", "XAUUSD"]).to_owned(), overlay);
    }
    overlays
}

/// Recorded draws in sequential mode or a key in either; keyed mode has nothing to take recorded draws by.
fn slippage(dice: &mut Dice, case: &Case) -> Option<Slippage> {
    if dice.percent(25) {
        return None;
    }
    let keyed = case.switches.slippage_stream == SlippageStream::Keyed;
    let mut slippage = Slippage {
        fixed_pips: dice.pick(&[0.2, 0.0, 0.5, 3.0]),
        random_pips: dice.pick(&[0.3, 0.3, 0.0, 2.0]),
        uniforms: Vec::new(),
        key: None,
    };
    if keyed || dice.percent(50) {
        let half = |dice: &mut Dice| u32::try_from(dice.below(5)).expect("small");
        slippage.key = Some(SeedKey {
            seed: dice.next(),
            fold: half(dice),
            repeat: half(dice),
            trial: dice.next() % 1000,
        });
    } else {
        // An order draws at most at its entry and at its exit.
        slippage.uniforms = (0..2 * case.signals.len()).map(|_| dice.unit()).collect();
    }
    Some(slippage)
}

fn wrapper(dice: &mut Dice, minutes: i64) -> Wrapper {
    let mut wrapper = Wrapper {
        cooldown_candles: 0,
        cooldown_minutes: 0,
        cooldown_minutes_trade: 0,
        entry_timestamp_mode: dice.pick(&[TimestampMode::Open, TimestampMode::Close]),
        session_windows: Vec::new(),
    };
    if dice.percent(20) {
        wrapper.cooldown_candles = dice.below(6);
    }
    if dice.percent(20) {
        wrapper.cooldown_minutes = dice.between(0, 4) * minutes + dice.pick(&[0, 0, 1]);
    }
    if dice.percent(25) {
        wrapper.cooldown_minutes_trade = dice.between(0, 4) * minutes + dice.pick(&[0, 0, 1]);
    }
    if dice.percent(20) {
        let time = |dice: &mut Dice| dice.between(0, 1439 / minutes) * minutes + dice.pick(&[0, 0, 1]);
        wrapper.session_windows = (0..=dice.below(2)).map(|_| (time(dice), time(dice))).collect();
    }
    wrapper
}

fn manager(dice: &mut Dice, minutes: i64) -> Option<Manager> {
    if dice.percent(50) {
        return None;
    }
    let mut manager = Manager::default();
    if dice.percent(50) {
        manager.max_holding_minutes = Some(dice.between(1, 20) * minutes + dice.pick(&[0, 0, 7]));
    }
    if dice.percent(50) {
        manager.be_trigger_r = Some(dice.pick(&[0.5, 1.0, 0.25, 0.0]));
        manager.be_offset_pips = Some(dice.pick(&[0.0, 1.0, 0.5, -2.0, 12.0]));
    }
    if dice.percent(50) {
        manager.trail_start_r = Some(dice.pick(&[0.5, 1.0, 0.0]));
        manager.trail_distance_r = Some(dice.pick(&[1.0, 0.5, 0.25, 0.0]));
    }
    Some(manager)
}

/// A profile, or neither, with some switches flipped.
fn switches(dice: &mut Dice) -> Switches {
    let mut s = if dice.percent(50) { Switches::reference() } else { Switches::realistic() };
    let flip = dice.pick(&[0, 10, 25, 60]);
    macro_rules! maybe {
        ($($field:ident: $($choice:expr),+;)+) => {
            $(if dice.percent(flip) { s.$field = dice.pick(&[$($choice),+]); })+
        };
    }
    maybe! {
        exit_slippage: ExitSlippage::Reference, ExitSlippage::Adverse;
        pending_slippage: true, false;
        gap_fills: true, false;
        open_first: true, false;
        market_fill: MarketFill::SignalPrice, MarketFill::NextOpen;
        step_order: StepOrder::StrategyFirst, StepOrder::ExitsFirst;
        pip_buffer_pip: PipBufferPip::FirstOpen, PipBufferPip::PerPosition;
        same_bar_tp_needs_close: true, false;
        timeout_costs: true, false;
        holding_clock: HoldingClock::Signal, HoldingClock::Fill;
        min_lot_policy: MinLotPolicy::ClampUp, MinLotPolicy::Reject;
        pnl_mode: PnlMode::RiskMultiple, PnlMode::Volume;
        equity_mode: EquityMode::Cash, EquityMode::MarkToMarket;
        end_of_run: EndOfRun::LeaveOpen, EndOfRun::CloseAtLast;
        min_sl_distance_pips: None, Some(0.1), Some(1.0), Some(5.0);
        halt_on_ruin: true, false;
        pending_ttl_bars: None, Some(0), Some(1), Some(5), Some(20);
        slippage_stream: SlippageStream::Sequential, SlippageStream::Keyed;
        both_hit: BothHit::Pessimistic, BothHit::Optimistic, BothHit::OpenDistance;
        order_delay_bars: 0, 1, 3;
    }
    s.open_first &= s.gap_fills;
    if s.market_fill == MarketFill::SignalPrice {
        s.order_delay_bars = 0;
    }
    s
}
