//! Rules across sections: what each section says is right, but not together.

use super::error::ConfigProblem;
use super::parameters::{ReadAxis, axis_field};
use super::section::{Context, Field, Path, place_of};
use super::spec::{JobSpec, Pruning, SamplerSpec, Validation};
use crate::data::resample::divides;
use crate::data::settings::Holdout;
use crate::engine::settings::Accounts;
use crate::search::objective::{Aim, Scale};
use crate::search::sobol::MAX_DIMENSIONS;
use crate::search::{RandomSampler, SamplerError, SpaceError};
use crate::strategy::Scope;
use crate::types::time::{DAY, MINUTE};
use crate::types::{Span, Timestamp};
use crate::walkforward::settings::FinalWindow;

/// Grid points looked at when a feasible one is sought before the run.
const PROBED_POINTS: u64 = 200_000;

/// Most trials of a sampler other than a grid.
const MOST_POINTS: u64 = 100_000_000;

/// What is checked.
pub(super) struct Studied<'s, 'a> {
    pub(super) spec: &'s JobSpec,
    pub(super) axes: &'s [ReadAxis<'a>],
}

/// Reports everything that does not go together.
pub(super) fn across_sections(context: Context<'_>, studied: &Studied<'_, '_>) {
    let checker = Checker { context, spec: studied.spec };
    checker.continuous_axes(studied.axes);
    checker.size();
    checker.feasible();
    checker.rank_scale();
    checker.first_window();
    checker.holding_time();
    checker.detail_timeframe();
    checker.accounts();
    checker.trades_required();
    checker.remembered_points();
    checker.sobol_dimensions();
    checker.sobol_points();
}

struct Checker<'s, 'a> {
    context: Context<'a>,
    spec: &'s JobSpec,
}

impl Checker<'_, '_> {
    fn problem(&self, code: &'static str, pointer: &str, message: impl Into<String>) -> ConfigProblem {
        let path = Path::from_pointer(pointer);
        ConfigProblem::new(code, self.context.source, place_of(self.context.source, &path), &path, message)
    }

    fn report(&self, problem: ConfigProblem) {
        self.context.problems.push(problem);
    }

    fn is_grid(&self) -> bool {
        matches!(self.spec.sampler, SamplerSpec::Grid { .. })
    }

    fn continuous_axes(&self, axes: &[ReadAxis<'_>]) {
        if !self.is_grid() {
            return;
        }
        for axis in axes.iter().filter(|axis| axis.axis.levels.count().is_none()) {
            let field: Field<'_> = Field { context: self.context, ..axis_field(axis, self.context) };
            let message =
                format!("a grid cannot enumerate `{}`, which takes any number of its range", axis.axis.name);
            let suggestion = "give `step`, or \"log\": true with `points`, or another sampler".to_owned();
            field.report(field.problem("E104", message).suggest(suggestion));
        }
    }

    fn size(&self) {
        let budget = self.spec.budget.max_trials;
        match self.spec.space.size() {
            Err(SpaceError::TooLarge { product }) if self.is_grid() => {
                let message = format!("the grid has {product} combinations, more than can be numbered");
                let suggestion = "use larger steps, or a sampler with `trials`".to_owned();
                self.report(self.problem("E130", "/parameters", message).suggest(suggestion));
            }
            Ok(size) if self.is_grid() && budget.is_some_and(|budget| size > budget) => {
                let budget = budget.unwrap_or_default();
                let product = self.spec.space.product();
                let message =
                    format!("the grid has {product} = {size} combinations, the budget allows {budget}");
                let suggestion = format!("raise it to {size}, or use larger steps");
                self.report(self.problem("E130", "/budget/max_trials", message).suggest(suggestion));
            }
            Ok(size) => {
                if let Some(trials) = self.spec.sampler.trials().filter(|trials| *trials > size) {
                    let message =
                        format!("{trials} trials are asked for, but there are only {size} combinations");
                    let suggestion = format!("\"sampler\": {{\"kind\": \"grid\"}} tries all {size}");
                    self.report(
                        self.problem("W131", "/sampler/trials", message).suggest(suggestion).warning(),
                    );
                }
            }
            Err(_) => {}
        }
    }

    /// Whether anything can run; looked at only when the parameters are in order.
    fn feasible(&self) {
        if self.context.problems.any_error() || self.spec.space.constraints().is_empty() {
            return;
        }
        if self.spec.space.any_feasible(PROBED_POINTS) == Some(false) {
            let message = "no combination of the parameters meets all constraints";
            let suggestion = "relax a constraint or widen a range".to_owned();
            self.report(self.problem("E111", "/constraints", message).suggest(suggestion));
            return;
        }
        if let SamplerSpec::Random { .. } = self.spec.sampler {
            let probe = RandomSampler::new(self.spec.space.clone(), 1, true, self.spec.seed, 0);
            if let Err(SamplerError::TooTight { tries, reason, .. }) = probe {
                let message = format!("{tries} random draws gave no admissible set");
                self.report(self.problem("E112", "/constraints", message).suggest(reason));
            }
        }
    }

    fn rank_scale(&self) {
        let Aim::Weighted(terms) = &self.spec.objective.aim else { return };
        let ranks_trials = matches!(
            self.spec.pruning,
            Pruning::Halving { .. } | Pruning::Hyperband { .. } | Pruning::Median { .. }
        );
        if !self.spec.sampler.is_adaptive() && !ranks_trials {
            return;
        }
        for (i, _) in terms.iter().enumerate().filter(|(_, term)| term.scale == Scale::Rank) {
            let message =
                "the scale `rank` is known only at the end of a study, but sampler or pruning learn before";
            let pointer = format!("/objective/weighted/{i}/scale");
            let suggestion = "use \"squash\" or {\"linear\": [low, high]}".to_owned();
            self.report(self.problem("E121", &pointer, message).suggest(suggestion));
        }
    }

    /// The first window against the dates of the file; windows in bars are checked when the data are known.
    fn first_window(&self) {
        let Validation::WalkForward(settings) = &self.spec.validation else { return };
        let (Some(from), Some(to)) = (self.spec.data.from, self.spec.data.to) else { return };
        let end = development_end(&self.spec.data.holdout, from, to);
        let after = |start: Timestamp, span: Span| span.shift(start, 1);
        let Some(train_end) = after(from, settings.train) else { return };
        let test_start =
            if settings.purge.is_zero() { Some(train_end) } else { after(train_end, settings.purge) };
        let Some(test_start) = test_start else { return };
        let test_end = after(test_start, settings.test).unwrap_or(test_start);
        let is_cut = settings.final_window == FinalWindow::Partial;
        if test_start >= end || (test_end > end && !is_cut) {
            let message = format!(
                "the first window needs data until {test_end}, but the development range ends at {end}"
            );
            let suggestion =
                "shorten `train` or `test`, move `from` back, or make the hold-out smaller".to_owned();
            self.report(self.problem("E150", "/validation", message).suggest(suggestion));
        }
    }

    /// One longest holding time, not two; and a purge that covers it.
    fn holding_time(&self) {
        let of_engine = self.spec.strategy.engine.management.max_holding_minutes.is_some()
            || self.exists("/parameters/engine.management.max_holding_minutes");
        let of_strategy = ["/strategy/base/", "/parameters/"]
            .map(|parent| format!("{parent}{NAME}"))
            .into_iter()
            .find(|pointer| self.exists(pointer));
        if let (true, Some(pointer)) = (of_engine, of_strategy) {
            let message =
                "the longest holding time is given twice, by the strategy and by `engine.management`";
            let suggestion = "keep one of them".to_owned();
            self.report(self.problem("E102", &pointer, message).suggest(suggestion));
        }
        self.purge_covers_holding();
    }

    /// The finer timeframe against the primary one, where the file names both; else the data are asked.
    fn detail_timeframe(&self) {
        let (Some(finer), Some(primary)) =
            (self.spec.strategy.engine.detail_timeframe, self.spec.data.primary)
        else {
            return;
        };
        if !divides(finer, primary) {
            let message = format!("no whole number of {finer} bars makes a {primary} bar");
            let suggestion = "name a timeframe that fits into the primary one, or null".to_owned();
            let pointer = "/strategy/engine/detail_timeframe";
            self.report(self.problem("E102", pointer, message).suggest(suggestion));
        }
    }

    /// An account per symbol needs a strategy that trades one symbol.
    fn accounts(&self) {
        let strategy = &self.spec.strategy;
        let separate = strategy.engine.accounts == Accounts::PerSymbol && self.spec.data.symbols.len() != 1;
        if separate && strategy.runner.scope() == Scope::AllSymbols {
            let message = format!("{} trades several symbols from one account", strategy.runner.name());
            let problem = self.problem("E102", "/strategy/engine/accounts", message);
            self.report(problem.suggest("use \"shared\"".to_owned()));
        }
    }

    fn exists(&self, pointer: &str) -> bool {
        let segments = Path::from_pointer(pointer);
        let mut node = &self.context.source.root;
        segments.segments().iter().all(|segment| match node.get(segment) {
            Some(next) => {
                node = next;
                true
            }
            None => false,
        })
    }

    fn purge_covers_holding(&self) {
        let Validation::WalkForward(settings) = &self.spec.validation else { return };
        let bar = self.spec.data.primary.map(crate::types::Timeframe::minutes);
        let minutes = match settings.purge {
            Span::Bars(bars) => bar.map(|bar| i64::from(bars) * bar),
            other => other.shift(Timestamp(0), 1).map(|end| end.0 / MINUTE),
        };
        let base = self.spec.to_resolved_json();
        let held = base.pointer(&format!("/strategy/base/{NAME}")).and_then(serde_json::Value::as_i64);
        if let (Some(purge), Some(held)) = (minutes, held)
            && purge < held
        {
            let message = format!(
                "a trade may last {held} minutes, but `purge` leaves only {purge} minutes between training and test"
            );
            let days = (held * MINUTE).div_euclid(DAY) + 1;
            let problem = self.problem("W150", "/validation", message);
            self.report(problem.suggest(format!("\"purge\": \"{days}d\"")).warning());
        }
    }

    fn trades_required(&self) {
        if !self.spec.requirements.iter().any(|rule| rule.metric.key() == "total_trades") {
            let message = "no rule asks for a number of trades: a few lucky ones can lead the ranking";
            let problem = self.problem("W120", "/require", message);
            self.report(problem.suggest("\"require\": [\"total_trades >= 100\"]".to_owned()).warning());
        }
    }

    /// Samplers remember something of every point.
    fn remembered_points(&self) {
        if let Some(trials) = self.spec.sampler.trials().filter(|trials| *trials > MOST_POINTS) {
            let message = format!("a sampler gives at most {MOST_POINTS} trials, got {trials}");
            let problem = self.problem("E102", "/sampler/trials", message);
            self.report(problem.suggest("a grid has no such limit".to_owned()));
        }
    }

    fn sobol_dimensions(&self) {
        let found = self.spec.space.dimensions();
        if matches!(self.spec.sampler, SamplerSpec::Sobol { .. }) && found > MAX_DIMENSIONS {
            let message = format!("sobol searches at most {MAX_DIMENSIONS} parameters, the file has {found}");
            let problem = self.problem("E102", "/sampler/kind", message);
            self.report(problem.suggest("use \"lhs\" or \"random\"".to_owned()));
        }
    }

    fn sobol_points(&self) {
        if let SamplerSpec::Sobol { trials, .. } = self.spec.sampler
            && !trials.is_power_of_two()
        {
            let message = format!("{trials} is not a power of two: the points do not fill the space evenly");
            let suggestion = trials.checked_next_power_of_two().map(|points| format!("\"trials\": {points}"));
            self.report(self.problem("W130", "/sampler/trials", message).suggest(suggestion).warning());
        }
    }
}

const NAME: &str = "max_holding_minutes";

/// End of the development range as far as dates tell; a share of bars is taken as a share of time.
fn development_end(holdout: &Holdout, from: Timestamp, to: Timestamp) -> Timestamp {
    match holdout {
        Holdout::None | Holdout::Bars(_) => to,
        Holdout::Percent { digits, scale } => {
            let share = *digits as f64 / power_of_ten(*scale) / 100.0;
            #[expect(clippy::cast_possible_truncation, reason = "microseconds of some years")]
            let length = ((to.0 - from.0) as f64 * share) as i64;
            Timestamp(to.0 - length)
        }
        Holdout::Days(days) => Timestamp(to.0.saturating_sub(days.saturating_mul(DAY))),
        Holdout::Months(months) => to.add_months(-months).unwrap_or(to),
    }
}

fn power_of_ten(exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * 10.0)
}
