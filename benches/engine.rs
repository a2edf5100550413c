//! What a bar, a signal and an exit cost in the event loop.
//!
//! A slowdown of the first group is paid by every bar of every trial whose strategy promises nothing; the figures of
//! the others are ceilings: 1,000 signals below 5 ms, 1,000 exits below 4 ms, 20,000 bars below 5 ms.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use omega_sweep::cache::IndicatorCache;
use omega_sweep::costs::commission::Commission;
use omega_sweep::costs::{
    CommissionFields, Conversion, DrawAddress, ExitSlippage, FeeCall, FeeRule, NoLiveRates, RngDraws,
    SlippageSettings, SlippageStream,
};
use omega_sweep::data::synthetic::market;
use omega_sweep::data::{MultiSymbolData, Ohlc};
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, EventEngine, RunRequest, TrialRun, WindowEnd,
};
use omega_sweep::execution::simulator::Order;
use omega_sweep::execution::{
    BothHit, DistanceRule, ExecutionSimulator, ExitRules, Held, Holding, LotLimits, MinLotPolicy,
    SimulatorRules, SizingMode, SymbolExecution,
};
use omega_sweep::strategy::{AccountView, BarView, Candidates, Level, Signals, Strategy, TradeSignal};
use omega_sweep::types::{
    Direction, MasterSeed, OrderType, ParamValue, StepRange, SymbolId, Timeframe, TrialId,
};

const EURUSD: SymbolId = SymbolId(0);

/// Buys `orders` times on the first bars, then every `every` bars while flat.
struct Buyer {
    orders: usize,
    every: Option<usize>,
    distance: f64,
    candidates: Candidates,
}

impl Buyer {
    fn holding(orders: usize) -> Self {
        Self { orders, every: None, distance: 1.0, candidates: Candidates::EveryBar }
    }
}

impl Strategy for Buyer {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let due = self.every.is_some_and(|every| bar.row() % every == 0 && account.is_flat(EURUSD));
        if bar.row() < self.orders || due {
            out.enter(TradeSignal {
                symbol: EURUSD,
                direction: Direction::Long,
                order_type: OrderType::Market,
                entry_price: bar.ask().close,
                stop_loss: Level::Distance(self.distance),
                take_profit: Level::Distance(self.distance),
                lots: None,
                scenario: None,
                tag: 0,
            });
        }
    }

    fn candidates(&self) -> Candidates {
        self.candidates.clone()
    }
}

fn inputs(data: &Arc<MultiSymbolData>, changes: &[(&str, ParamValue)]) -> EngineInputs {
    let mut settings = EngineSettings::realistic();
    settings.apply("sizing", &ParamValue::from_json(&serde_json::json!({"fixed_lots": 0.1}))).expect("fits");
    for (key, value) in changes {
        settings.apply(key, value).expect("fits");
    }
    let cache = Arc::new(IndicatorCache::default());
    EngineInputs::new(Arc::clone(data), cache, Arc::new(settings), MasterSeed(1))
}

fn run(inputs: &EngineInputs, clock: Clock, strategy: Buyer) -> TrialRun {
    let request = RunRequest {
        window: StepRange { start: 0, end: inputs.data.steps() },
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock,
        window_end: WindowEnd::EndOfRun,
    };
    let draws = RngDraws::new(inputs.seed, 0, 0, 0, inputs.settings.slippage_stream);
    let engine = EventEngine::new(inputs, &request, vec![(Some(EURUSD), strategy)], draws, ());
    engine.and_then(EventEngine::run).expect("runs").run
}

fn bars(c: &mut Criterion) {
    const BARS: usize = 200_000;
    let data = Arc::new(market(1, &["EURUSD"], Timeframe::M1, BARS));
    let mut group = c.benchmark_group("bar");
    group.throughput(Throughput::Elements(BARS as u64));
    let cash = inputs(&data, &[("equity_mode", ParamValue::text("cash"))]);
    let marked = inputs(&data, &[]);
    for (mode, inputs) in [("cash", &cash), ("marked", &marked)] {
        for open in [0, 1, 10] {
            let clocks = if open == 0 { &[Clock::EveryBar][..] } else { &[Clock::EveryBar, Clock::Skipping] };
            for &clock in clocks {
                let candidates = match clock {
                    Clock::EveryBar => Candidates::EveryBar,
                    Clock::Skipping => Candidates::Mask(Arc::from([1023])),
                };
                group.bench_function(format!("{mode}, {open} open, {clock:?}"), |b| {
                    b.iter(|| {
                        let strategy =
                            Buyer { candidates: candidates.clone(), ..Buyer::holding(usize::from(open > 0)) };
                        black_box(run(inputs, clock, Buyer { orders: open, ..strategy }))
                    });
                });
            }
        }
    }
    group.finish();
}

/// A loop whose every flat bar buys with levels a few pips away.
fn trades(c: &mut Criterion) {
    let data = Arc::new(market(2, &["EURUSD"], Timeframe::M15, 20_000));
    let inputs = inputs(&data, &[]);
    let tight =
        |every| Buyer { orders: 0, every: Some(every), distance: 0.0004, candidates: Candidates::EveryBar };
    let mut group = c.benchmark_group("loop of 20,000 bars");
    for every in [1, 500] {
        let trades = run(&inputs, Clock::EveryBar, tight(every)).trades.len();
        group.bench_function(format!("{trades} trades"), |b| {
            b.iter(|| black_box(run(&inputs, Clock::EveryBar, tight(every))));
        });
    }
    group.finish();
}

/// The simulator alone: a thousand market orders with their fees, a thousand positions against one bar.
fn orders(c: &mut Criterion) {
    let rules = SimulatorRules {
        slippage: Some(SlippageSettings { fixed_pips: 0.2, random_pips: 0.3 }),
        exit_slippage: ExitSlippage::Adverse,
        pending_slippage: true,
        gap_fills: true,
        distance: DistanceRule { min_pips: Some(0.1), check_triggers: true },
        min_lot_policy: MinLotPolicy::Reject,
        sizing: SizingMode::LotSizer,
        risk_per_trade: 100.0,
        exits: ExitRules {
            gap_fills: true,
            open_first: true,
            same_bar_tp_needs_close: true,
            both_hit: BothHit::Pessimistic,
        },
    };
    let fields = CommissionFields { rate_per_million: Some(35.0), ..CommissionFields::default() };
    let identity = Conversion::identity("USD");
    let symbol = SymbolExecution {
        pip_size: 0.0001,
        contract_size: 100_000.0,
        limits: Some(LotLimits { min: 0.01, step: 0.01, max: 100.0 }),
        tick: Some((None, 0.00001)),
        to_account: identity.clone(),
        fee: FeeRule::Commission(Box::new(Commission::new(&fields, 1.0, 1e5, identity.clone(), identity))),
    };
    let draws = RngDraws::new(MasterSeed(1), 0, 0, 0, SlippageStream::Keyed);
    let simulator = ExecutionSimulator::new(rules, vec![symbol], draws);
    let order = Order { direction: Direction::Long, order_type: OrderType::Market, price: 1.1, lots: None };
    let mut group = c.benchmark_group("simulator");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("1,000 signals", |b| {
        b.iter_batched(
            || simulator.clone(),
            |mut simulator| {
                for row in 0..1_000 {
                    let at = DrawAddress { symbol: EURUSD, row };
                    let levels = |fill: f64| (Some(fill - 0.001), Some(fill + 0.002));
                    let fill = simulator.process_signal(&order, at, levels, &NoLiveRates).expect("room");
                    let fill = fill.expect("not refused");
                    black_box(simulator.fee(0, FeeCall::Entry, fill.price, fill.size, &NoLiveRates))
                        .expect("no conversion");
                }
            },
            BatchSize::SmallInput,
        );
    });
    let held = Held {
        direction: Direction::Long,
        order_type: OrderType::Market,
        stop: Some(1.099),
        target: Some(1.102),
        stop_moved: false,
        holding: Holding::FromOpen,
    };
    let bar = Ohlc { open: 1.1, high: 1.1025, low: 1.0985, close: 1.1 };
    group.bench_function("1,000 exits", |b| {
        b.iter(|| {
            for _ in 0..1_000 {
                black_box(simulator.evaluate_exits(&held, black_box(&bar), 0.0));
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = bars, trades, orders
}
criterion_main!(benches);
