//! How many bars pass before every rule of a parameter set has values.

use super::expr::{binary, unary};
use super::functions::whole;
use super::program::{BinaryOp, LevelRule, Num, Program, Truth, Typed};
use crate::types::ParamSet;

/// The bars; calculated before the data is known, so bars of a higher
/// timeframe count like the traded ones.
pub(super) fn warmup(program: &Program, params: &ParamSet) -> usize {
    let values: Vec<f64> =
        program.params.iter().map(|param| params.number(&param.name).unwrap_or(0.0)).collect();
    let mut warmup = Warmup { values: &values, named: Vec::new() };
    for named in &program.named {
        let bars = match &named.value {
            Typed::Num(number) => warmup.number(number),
            Typed::Truth(truth) => warmup.truth(truth),
        };
        warmup.named.push(bars);
    }
    let rules = [&program.long, &program.short, &program.exit_long, &program.exit_short];
    let rules = rules.into_iter().flatten().map(|truth| warmup.truth(truth)).max();
    let levels = [&program.stop, &program.target].map(|level| match level {
        LevelRule::Absent => 0,
        LevelRule::Price(number) | LevelRule::Distance(number) => warmup.number(number),
    });
    rules.unwrap_or(0).max(levels[0]).max(levels[1])
}

struct Warmup<'a> {
    values: &'a [f64],
    /// Of every number and truth of `let` so far.
    named: Vec<usize>,
}

impl Warmup<'_> {
    fn truth(&self, truth: &Truth) -> usize {
        match truth {
            Truth::Constant(_) | Truth::Param(_) | Truth::Between(..) => 0,
            Truth::Compare(_, a, b) => self.number(a).max(self.number(b)),
            Truth::Cross(_, a, b) => self.number(a).max(self.number(b)) + 1,
            Truth::And(a, b) | Truth::Or(a, b) => self.truth(a).max(self.truth(b)),
            Truth::Not(a) | Truth::Scoped(_, a) => self.truth(a),
        }
    }

    fn number(&self, number: &Num) -> usize {
        match number {
            Num::Unary(_, x) | Num::Round(x, _) | Num::Scoped(_, x) => self.number(x),
            Num::Binary(_, a, b) => self.number(a).max(self.number(b)),
            Num::Prev(x, bars) | Num::Window(_, x, bars) => self.number(x) + self.bars(bars),
            Num::Indicator(_, over, fixed) => {
                let own: usize = fixed.iter().map(|bars| self.bars(bars)).max().unwrap_or(0);
                over.as_ref().map_or(0, |x| self.number(x)) + own
            }
            Num::Correlation(_, bars) => self.bars(bars),
            Num::Since(truth) => self.truth(truth),
            Num::Named(index) => self.named.get(*index).copied().unwrap_or(0),
            Num::Number(_) | Num::Param(_) | Num::Price(..) | Num::Entry | Num::Side | Num::Stop => 0,
        }
    }

    /// The value of a fixed argument as a number of bars; fractions of other arguments hardly matter here.
    fn bars(&self, number: &Num) -> usize {
        whole(self.fixed(number).ceil()).map_or(0, |bars| bars as usize)
    }

    fn fixed(&self, number: &Num) -> f64 {
        match number {
            Num::Number(value) => *value,
            Num::Param(index) => self.values[*index],
            Num::Unary(operation, x) => unary(*operation, self.fixed(x)),
            Num::Binary(BinaryOp::Divide, a, b) => self.fixed(a) / self.fixed(b),
            Num::Binary(operation, a, b) => binary(*operation, self.fixed(a), self.fixed(b)),
            _ => 0.0,
        }
    }
}
