//! Random markets, settings and scripted strategies for the properties of the engine, all from one number.

mod choices;
mod market;

use std::sync::Arc;

use omega_sweep::cache::IndicatorCache;
use omega_sweep::costs::RngDraws;
use omega_sweep::data::{BarSeries, MultiSymbolData, SymbolSeries};
use omega_sweep::engine::settings::{ManagementSettings, MarketFill};
use omega_sweep::engine::{
    Clock, EngineError, EngineInputs, EngineSettings, EventEngine, Observer, Outcome, RunRequest, WindowEnd,
};
use omega_sweep::execution::Refusal;
use omega_sweep::portfolio::{FeeEntry, Position};
use omega_sweep::strategy::{
    AccountView, BarView, Candidates, Level, PositionAction, Signals, Strategy, TradeSignal,
};
use omega_sweep::types::{Direction, MasterSeed, OrderType, StepRange, SymbolId, Timeframe, TrialId};

pub(crate) use choices::settings;
pub(crate) use market::{Dice, market};

use choices::bare_orders;
use market::finer;

/// What a script says on one row of its symbol.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Line {
    Enter(TradeSignal),
    Close,
    /// Nothing, on a row that was promised.
    Silence,
}

/// A strategy that follows a script by the rows of its symbol.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    pub(crate) symbol: SymbolId,
    pub(crate) lines: Vec<(usize, Line)>,
    /// New stop and target, or a close, on a row while a position is open.
    pub(crate) hands: Vec<(usize, PositionAction)>,
    /// Speaks only while flat (enters) or holding (closes), and promises so.
    pub(crate) by_position: bool,
    pub(crate) promises: bool,
    pub(crate) max_holding: Option<i64>,
    pub(crate) rows: usize,
    /// A row the promise leaves out, whatever the script says on it: a promise broken on purpose.
    pub(crate) hidden: Option<usize>,
}

impl Scripted {
    fn mask(&self, keep: impl Fn(&Line) -> bool) -> Arc<[u64]> {
        let mut words = vec![0_u64; self.rows.div_ceil(64)];
        for (row, line) in &self.lines {
            if keep(line) && self.hidden != Some(*row) {
                words[row / 64] |= 1 << (row % 64);
            }
        }
        words.into()
    }
}

impl Strategy for Scripted {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let held = account.open_position(self.symbol).is_some();
        for (_, line) in self.lines.iter().filter(|(row, _)| *row == bar.row()) {
            match line {
                Line::Enter(signal) if !(self.by_position && held) => out.enter(*signal),
                Line::Close if !self.by_position || held => out.close(self.symbol),
                _ => {}
            }
        }
    }

    fn levels_at_fill(&mut self, signal: &TradeSignal, fill: f64) -> (Level, Level) {
        let side = signal.direction.sign();
        (Level::Price(fill - side * fill * 0.001), Level::Distance(fill * 0.002))
    }

    fn manages_positions(&self) -> bool {
        !self.hands.is_empty()
    }

    fn manage_position(&mut self, _position: &Position, bar: &BarView<'_>) -> PositionAction {
        let hand = self.hands.iter().find(|(row, _)| *row == bar.row());
        hand.map_or(PositionAction::Keep, |(_, action)| *action)
    }

    fn max_holding_minutes(&self) -> Option<i64> {
        self.max_holding
    }

    fn candidates(&self) -> Candidates {
        match (self.promises, self.by_position) {
            (false, _) => Candidates::EveryBar,
            (true, false) => Candidates::Mask(self.mask(|_| true)),
            (true, true) => Candidates::ByPosition {
                flat: self.mask(|line| matches!(line, Line::Enter(_) | Line::Silence)),
                long: self.mask(|line| matches!(line, Line::Close | Line::Silence)),
                short: self.mask(|line| matches!(line, Line::Close | Line::Silence)),
            },
        }
    }
}

/// Sees fees, refusals and the order of signals.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Recorder {
    pub(crate) fees: Vec<FeeEntry>,
    pub(crate) signals: Vec<(TradeSignal, Result<u32, Refusal>)>,
    pub(crate) gone: Vec<(u32, Option<Refusal>)>,
}

impl Observer for Recorder {
    fn signal(&mut self, signal: &TradeSignal, outcome: Result<u32, Refusal>) {
        self.signals.push((*signal, outcome));
    }

    fn refused_at_fill(&mut self, number: u32, why: Refusal) {
        self.gone.push((number, Some(why)));
    }

    fn refused_at_trigger(&mut self, order: &Position, why: Refusal) {
        self.gone.push((order.number, Some(why)));
    }

    fn expired(&mut self, order: &Position) {
        self.gone.push((order.number, None));
    }

    fn fee(&mut self, entry: &FeeEntry) {
        self.fees.push(*entry);
    }
}

/// One random case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) data: Arc<MultiSymbolData>,
    pub(crate) settings: EngineSettings,
    pub(crate) strategies: Vec<Scripted>,
    pub(crate) window: StepRange,
    pub(crate) window_end: WindowEnd,
    pub(crate) news: Vec<Option<Arc<[u64]>>>,
    /// Finer bars per symbol, for `detail_timeframe`.
    pub(crate) finer: Vec<Option<Arc<BarSeries>>>,
    pub(crate) seed: u64,
}

fn signal(
    dice: &mut Dice,
    symbol: SymbolId,
    series: &SymbolSeries,
    row: usize,
    bare: bool,
    tag: u64,
) -> TradeSignal {
    let point = series.spec.tick_size;
    let direction = dice.pick(&[Direction::Long, Direction::Short]);
    let order_type = dice.pick(&[OrderType::Market, OrderType::Market, OrderType::Limit, OrderType::Stop]);
    let market = match direction {
        Direction::Long => series.bars.ask().close[row],
        Direction::Short => series.bars.bid().close[row],
    };
    let round = |price: f64| (price / point).round() * point;
    let entry = match order_type {
        OrderType::Market => market,
        _ => round(market + dice.within(40) as f64 * point),
    };
    let stop = (2 + dice.below(80)) as f64 * point;
    let target = (2 + dice.below(120)) as f64 * point;
    let side = direction.sign();
    let (stop_loss, take_profit) = match dice.below(if bare { 4 } else { 3 }) {
        0 => (Level::Price(round(entry - side * stop)), Level::Price(round(entry + side * target))),
        1 => (Level::Distance(stop), if dice.one_in(3) { Level::Absent } else { Level::Distance(target) }),
        2 => (Level::AtFill, Level::AtFill),
        _ => (Level::Absent, if dice.one_in(2) { Level::Absent } else { Level::Distance(target) }),
    };
    let lots = dice.one_in(8).then_some(0.2);
    TradeSignal {
        symbol,
        direction,
        order_type,
        entry_price: entry,
        stop_loss,
        take_profit,
        lots,
        scenario: Some("case"),
        tag,
    }
}

/// A script that speaks about once in some of these numbers of rows.
fn script(
    dice: &mut Dice,
    symbol: SymbolId,
    data: &MultiSymbolData,
    settings: &EngineSettings,
    pauses: &[usize],
) -> Scripted {
    let series = data.symbol(symbol);
    let rows = series.bars.len();
    let bare = bare_orders(settings);
    let density = dice.pick(pauses);
    let mut lines = Vec::new();
    for row in 0..rows {
        while dice.one_in(density) {
            let line = if dice.one_in(4) {
                Line::Close
            } else {
                Line::Enter(signal(dice, symbol, series, row, bare, (row * 8 + lines.len() % 8) as u64))
            };
            lines.push((row, line));
        }
    }
    let hands = if dice.one_in(5) {
        let rows: Vec<usize> = (0..rows).filter(|_| dice.one_in(4)).collect();
        rows.into_iter().map(|row| (row, hand(dice, series, row))).collect()
    } else {
        Vec::new()
    };
    let own_clock = settings.management.max_holding_minutes.is_none() && dice.one_in(4);
    Scripted {
        symbol,
        lines,
        hands,
        by_position: dice.one_in(2),
        promises: !dice.one_in(4),
        max_holding: own_clock.then_some(75),
        rows,
        hidden: None,
    }
}

fn hand(dice: &mut Dice, series: &SymbolSeries, row: usize) -> PositionAction {
    let level = series.bars.bid().close[row] + dice.within(60) as f64 * series.spec.tick_size;
    match dice.below(4) {
        0 => PositionAction::Close,
        1 => PositionAction::Move { stop_loss: None, take_profit: Some(level) },
        _ => PositionAction::Move { stop_loss: Some(level), take_profit: None },
    }
}

impl Case {
    /// Everything from one number; one to five symbols.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(seed, settings)
    }

    /// As [`Case::new`], with settings changed before the script is written for them.
    pub(crate) fn changed(seed: u64, change: impl FnOnce(&mut EngineSettings)) -> Self {
        Self::with(seed, |dice| {
            let mut settings = settings(dice);
            change(&mut settings);
            settings
        })
    }

    /// As [`Case::new`], with other settings.
    pub(crate) fn with(seed: u64, settings: impl FnOnce(&mut Dice) -> EngineSettings) -> Self {
        let mut dice = Dice::new(seed);
        let symbols = dice.pick(&[1, 1, 1, 1, 2, 2, 3, 3, 5]);
        let steps = 30 + dice.below(60);
        Self::of(seed, dice, (symbols, steps), settings, &[3, 8, 20])
    }

    /// As [`Case::new`], on thousands of bars with hundreds between one word of a script and the next; one, three or
    /// five symbols.
    pub(crate) fn quiet(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let symbols = dice.pick(&[1, 3, 5]);
        let steps = 500 + dice.below(9_000 / symbols);
        Self::of(seed, dice, (symbols, steps), settings, &[100, 300, 900])
    }

    /// As [`Case::new`], on one symbol where nothing matters to a position but its levels and what the script says, now and
    /// then nothing on a row it has promised.
    pub(crate) fn lone(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let steps = 100 + dice.below(300);
        let settings = |dice: &mut Dice| {
            let mut plain = settings(dice);
            plain.market_fill = MarketFill::NextOpen;
            (plain.order_delay_bars, plain.management) = (0, ManagementSettings::default());
            (plain.swap, plain.margin, plain.session) = (None, None, None);
            (plain.cooldown_candles, plain.cooldown_minutes, plain.cooldown_minutes_trade) = (0, 0, 0);
            plain.validate().expect("the choices fit together");
            plain
        };
        let mut case = Self::of(seed, dice, (1, steps), settings, &[2, 4, 20]);
        let mut dice = Dice::new(!seed);
        case.news = Vec::new();
        for script in &mut case.strategies {
            (script.hands, script.max_holding, script.promises) = (Vec::new(), None, true);
            let rows = (0..script.rows).filter(|_| dice.one_in(3));
            script.lines.extend(rows.map(|row| (row, Line::Silence)).collect::<Vec<_>>());
            // Most scripts enter at market alone: anything else ends a round trip.
            if !dice.one_in(4) {
                script
                    .lines
                    .retain(|(_, line)| !matches!(line, Line::Enter(s) if s.order_type != OrderType::Market));
            }
        }
        case
    }

    fn of(
        seed: u64,
        mut dice: Dice,
        (symbols, steps): (usize, usize),
        settings: impl FnOnce(&mut Dice) -> EngineSettings,
        pauses: &[usize],
    ) -> Self {
        let data = Arc::new(market(&mut dice, symbols, steps));
        let mut settings = settings(&mut dice);
        let strategies =
            data.ids().map(|symbol| script(&mut dice, symbol, &data, &settings, pauses)).collect();
        let start = dice.below(8);
        let end = if dice.one_in(3) { steps - dice.below(10) } else { steps };
        let news = if dice.one_in(5) {
            vec![Some(Arc::from([0x00FF_00F0_0000_0F00_u64, 0])); symbols]
        } else {
            Vec::new()
        };
        let detail = dice.one_in(4);
        settings.detail_timeframe = detail.then_some(Timeframe::M5);
        let within =
            |series: &SymbolSeries| (!dice.one_in(6)).then(|| Arc::new(finer(&mut dice, &series.bars)));
        let finer = if detail { data.symbols().iter().map(within).collect() } else { Vec::new() };
        Self {
            data,
            settings,
            strategies,
            window: StepRange { start, end },
            window_end: if dice.one_in(4) { WindowEnd::Close } else { WindowEnd::EndOfRun },
            news,
            finer,
            seed,
        }
    }

    pub(crate) fn inputs(&self) -> EngineInputs {
        EngineInputs::new(
            Arc::clone(&self.data),
            Arc::new(IndicatorCache::default()),
            Arc::new(self.settings.clone()),
            MasterSeed(self.seed),
        )
        .with_news(self.news.clone())
        .with_detail(self.finer.clone())
    }

    pub(crate) fn request(&self, clock: Clock) -> RunRequest {
        RunRequest {
            window: self.window,
            fold: 0,
            repeat: 0,
            random_id: TrialId(0),
            clock,
            window_end: self.window_end,
        }
    }

    pub(crate) fn draws(&self) -> RngDraws {
        RngDraws::new(MasterSeed(self.seed), 0, 0, 0, self.settings.slippage_stream)
    }

    pub(crate) fn instances(&self) -> Vec<(Option<SymbolId>, Scripted)> {
        self.strategies.iter().map(|script| (Some(script.symbol), script.clone())).collect()
    }

    /// An engine of the case at its first step.
    pub(crate) fn engine<'a>(
        &self,
        inputs: &'a EngineInputs,
        clock: Clock,
        draws: RngDraws,
        recorder: Recorder,
    ) -> Result<EventEngine<'a, Scripted, RngDraws, Recorder>, EngineError> {
        EventEngine::new(inputs, &self.request(clock), self.instances(), draws, recorder)
    }

    /// Runs the case.
    pub(crate) fn run(&self, clock: Clock) -> Result<Outcome<Recorder>, EngineError> {
        self.engine(&self.inputs(), clock, self.draws(), Recorder::default())?.run()
    }
}
