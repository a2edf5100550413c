//! What makes one trial better than another: objective, requirements, tie-breaks (`search.md` section 4).
//!
//! Values are read through a function from metric to value, so that stored rows and fresh metrics serve alike;
//! `None` is undefined and worst.

use std::fmt;

use crate::metrics::{Goal, MetricId};

/// How values of folds, windows or symbols become one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Across {
    /// Arithmetic mean.
    #[default]
    Mean,
    /// Middle value, or the mean of the two middle ones.
    Median,
    /// The worst for the goal.
    Worst,
    /// Mean minus `lambda` standard deviations (plus, when small is good); divisor n-1, 0 for one part.
    MeanMinusSd {
        /// Weight of the deviation.
        lambda: f64,
    },
}

/// A metric with its direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// The metric.
    pub metric: MetricId,
    /// Max or min, never none.
    pub goal: Goal,
    /// Joining of parts.
    pub across: Across,
}

/// How a value becomes a number in 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// `0.5 * (1 + v/(1+|v|))`.
    Squash,
    /// `(v - low) / (high - low)`, clipped.
    Linear {
        /// Value that counts 0.
        low: f64,
        /// Value that counts 1.
        high: f64,
    },
    /// `(average rank - 0.5) / n` among completed, feasible trials; known only at the end of a study.
    Rank,
}

/// A term of a weighted objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted {
    /// Metric and goal.
    pub term: Term,
    /// Weight, above 0.
    pub weight: f64,
    /// Mapping to 0..1.
    pub scale: Scale,
}

/// What is sought.
#[derive(Debug, Clone, PartialEq)]
pub enum Aim {
    /// One metric.
    Single(Term),
    /// A weighted mean of scaled metrics, larger is better.
    Weighted(Vec<Weighted>),
    /// Several metrics at once.
    Pareto {
        /// 2 to 6 metrics.
        terms: Vec<Term>,
        /// Reference point of the hypervolume, one number per term, when given.
        reference: Option<Vec<f64>>,
    },
}

/// Aim and tie-breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// What is sought.
    pub aim: Aim,
    /// What decides between equals, in order.
    pub tie_break: Vec<Term>,
}

/// Orients a value so that larger is better.
fn oriented(goal: Goal, value: f64) -> f64 {
    if goal == Goal::Min { -value } else { value }
}

impl Across {
    /// One value of several parts; an undefined part, or none at all, makes it undefined. Sums run in part order.
    pub fn join(self, goal: Goal, parts: &[Option<f64>]) -> Option<f64> {
        let mut values: Vec<f64> = parts.iter().copied().collect::<Option<_>>()?;
        if values.is_empty() {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        match self {
            Self::Mean => Some(mean),
            Self::Median => {
                values.sort_by(f64::total_cmp);
                // The two middle values are one when their number is odd; then the mean is exact.
                Some(f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]))
            }
            Self::Worst => {
                let worst = |a: f64, b: f64| if oriented(goal, b) < oriented(goal, a) { b } else { a };
                values.into_iter().reduce(worst)
            }
            Self::MeanMinusSd { lambda } => {
                let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
                let sd = if values.len() < 2 { 0.0 } else { (squares / (n - 1.0)).sqrt() };
                Some(oriented(goal, oriented(goal, mean) - lambda * sd))
            }
        }
    }
}

impl Scale {
    /// The value in 0..1, larger is better for `goal`; undefined counts 0. `None` for [`Scale::Rank`].
    pub fn unit(self, goal: Goal, value: Option<f64>) -> Option<f64> {
        let Some(v) = value else { return (self != Self::Rank).then_some(0.0) };
        let unit = match self {
            Self::Squash => 0.5 * (1.0 + v / (1.0 + v.abs())),
            Self::Linear { low, high } => ((v - low) / (high - low)).clamp(0.0, 1.0),
            Self::Rank => return None,
        };
        Some(if goal == Goal::Min { 1.0 - unit } else { unit })
    }
}

/// `(average rank - 0.5) / n` of each value, the best for `goal` largest; undefined values count 0 and are not ranked.
pub fn rank_units(goal: Goal, values: &[Option<f64>]) -> Vec<f64> {
    let mut defined: Vec<f64> = values.iter().flatten().map(|v| oriented(goal, *v) + 0.0).collect();
    defined.sort_by(f64::total_cmp);
    let n = defined.len() as f64;
    let unit = |value: f64| {
        let below = defined.partition_point(|v| *v < value);
        let through = defined.partition_point(|v| *v <= value);
        // Equal values share the mean of their ranks below+1 ..= through.
        let average = (below + 1 + through) as f64 / 2.0;
        (average - 0.5) / n
    };
    values.iter().map(|value| value.map_or(0.0, |v| unit(oriented(goal, v) + 0.0))).collect()
}

impl Objective {
    /// The objective as it is reported, `None` = undefined. `value` gives joined metrics.
    ///
    /// A Pareto aim has none, see [`Objective::targets`]; neither has a weighted one with the scale `rank`.
    pub fn score(&self, value: impl Fn(MetricId) -> Option<f64>) -> Option<f64> {
        match &self.aim {
            Aim::Single(term) => value(term.metric),
            Aim::Weighted(terms) => {
                let mut total = 0.0;
                let mut weights = 0.0;
                for Weighted { term, weight, scale } in terms {
                    total += weight * scale.unit(term.goal, value(term.metric))?;
                    weights += weight;
                }
                Some(total / weights)
            }
            Aim::Pareto { .. } => None,
        }
    }

    /// The score oriented so that larger is better, as [`crate::search`] and the ranking compare it.
    pub fn oriented(&self, score: Option<f64>) -> Option<f64> {
        match &self.aim {
            Aim::Single(term) => score.map(|v| oriented(term.goal, v)),
            _ => score,
        }
    }

    /// The values of a Pareto aim as a problem of minimisation; empty for other aims.
    pub fn targets(&self, value: impl Fn(MetricId) -> Option<f64>) -> Vec<Option<f64>> {
        match &self.aim {
            Aim::Pareto { terms, .. } => {
                terms.iter().map(|term| value(term.metric).map(|v| -oriented(term.goal, v))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Oriented values of the tie-breaks, larger is better.
    pub fn tie_breaks(&self, value: impl Fn(MetricId) -> Option<f64>) -> Vec<Option<f64>> {
        self.tie_break.iter().map(|term| value(term.metric).map(|v| oriented(term.goal, v))).collect()
    }

    /// Every term that is read, aim first.
    pub fn terms(&self) -> Vec<Term> {
        let aim: Vec<Term> = match &self.aim {
            Aim::Single(term) => vec![*term],
            Aim::Weighted(terms) => terms.iter().map(|weighted| weighted.term).collect(),
            Aim::Pareto { terms, .. } => terms.clone(),
        };
        aim.into_iter().chain(self.tie_break.iter().copied()).collect()
    }
}

/// Comparison of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Relation {
    /// As written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// `metric op number`: what a trial must meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requirement {
    /// The metric.
    pub metric: MetricId,
    /// The comparison.
    pub relation: Relation,
    /// The number.
    pub bound: f64,
    /// Asked of every fold rather than of the joined value.
    pub each: bool,
}

/// Violation of a strict comparison by equality.
const TOUCHED: f64 = 1e-9;

impl Requirement {
    /// Splits `metric op number`; the metric's name is not looked up.
    pub fn split(text: &str) -> Option<(&str, Relation, f64)> {
        let at = text.find(['<', '>'])?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let relations = [Relation::AtMost, Relation::AtLeast, Relation::Less, Relation::Greater];
        let relation = relations.into_iter().find(|relation| rest.starts_with(relation.as_str()))?;
        let number = rest[relation.as_str().len()..].trim();
        let is_number = number.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        let bound: f64 = number.parse().ok().filter(|bound: &f64| is_number && bound.is_finite())?;
        let is_key = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        is_key.then_some((name, relation, bound))
    }

    /// By how much a value misses: 0 = met, 1 = undefined, else relative to `max(1, |bound|)`.
    pub fn violation(&self, value: Option<f64>) -> f64 {
        let Some(v) = value else { return 1.0 };
        let size = self.bound.abs().max(1.0);
        match self.relation {
            Relation::AtLeast | Relation::Greater if v < self.bound => (self.bound - v) / size,
            Relation::AtMost | Relation::Less if v > self.bound => (v - self.bound) / size,
            Relation::Greater | Relation::Less if v == self.bound => TOUCHED,
            _ => 0.0,
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.metric, self.relation.as_str(), self.bound)
    }
}

/// Sum of the violations in file order; 0 = feasible. Rules with `each` are counted by their worst part in `parts`,
/// which hold the values of the folds (one part = no folds).
pub fn total_violation(
    rules: &[Requirement],
    joined: impl Fn(MetricId) -> Option<f64>,
    parts: &[&dyn Fn(MetricId) -> Option<f64>],
) -> f64 {
    rules.iter().fold(0.0, |total, rule| {
        let each = parts.iter().map(|part| rule.violation(part(rule.metric))).fold(0.0, f64::max);
        total + if rule.each && !parts.is_empty() { each } else { rule.violation(joined(rule.metric)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key: &str) -> MetricId {
        MetricId::from_key(key).expect(key)
    }

    fn term(key: &str, goal: Goal) -> Term {
        Term { metric: id(key), goal, across: Across::Mean }
    }

    #[test]
    fn violations_are_relative_and_undefined_counts_one() {
        let rule = |text: &str| {
            let (name, relation, bound) = Requirement::split(text).expect(text);
            Requirement { metric: id(name), relation, bound, each: false }
        };
        assert_eq!(rule("total_trades >= 100").violation(Some(60.0)), 0.4);
        assert_eq!(rule("max_drawdown<=0.25").violation(Some(0.5)), 0.25);
        assert_eq!(rule("profit_factor > 1").violation(Some(1.0)), 1e-9);
        assert_eq!(rule("profit_factor >= 1").violation(Some(1.0)), 0.0);
        assert_eq!(rule("profit_net < -1e3").violation(None), 1.0);
        assert_eq!(rule("profit_net < -1e3").to_string(), "profit_net < -1000");
        for text in
            ["", "total_trades", "total_trades = 3", ">= 3", "a >= ", "a >= x", "a >= inf", "A b >= 1"]
        {
            assert_eq!(Requirement::split(text), None, "{text}");
        }
    }

    #[test]
    fn a_rule_asked_of_each_fold_counts_its_worst_fold() {
        let rule =
            Requirement { metric: id("total_trades"), relation: Relation::AtLeast, bound: 10.0, each: true };
        let parts: [&dyn Fn(MetricId) -> Option<f64>; 2] = [&|_| Some(20.0), &|_| Some(5.0)];
        assert_eq!(total_violation(&[rule], |_| Some(12.5), &parts), 0.5);
        assert_eq!(total_violation(&[rule], |_| Some(12.5), &[]), 0.0);
    }

    #[test]
    fn weighted_objectives_reverse_what_shall_be_small() {
        let weighted = |key, goal, weight, scale| Weighted { term: term(key, goal), weight, scale };
        let linear = Scale::Linear { low: 0.0, high: 0.4 };
        let objective = Objective {
            aim: Aim::Weighted(vec![
                weighted("sharpe_equity_daily", Goal::Max, 0.6, Scale::Squash),
                weighted("max_drawdown", Goal::Min, 0.4, linear),
            ]),
            tie_break: vec![term("max_drawdown", Goal::Min)],
        };
        let value = |metric| Some(if metric == id("max_drawdown") { 0.1 } else { 1.0 });
        assert_eq!(objective.score(value), Some((0.6 * 0.75 + 0.4 * 0.75) / (0.6 + 0.4)));
        assert_eq!(objective.tie_breaks(value), [Some(-0.1)]);
        assert_eq!(objective.score(|_| None), Some(0.0));
    }

    #[test]
    fn parts_join_by_their_rule() {
        let parts = [Some(1.0), Some(3.0), Some(8.0)];
        assert_eq!(Across::Mean.join(Goal::Max, &parts), Some(4.0));
        assert_eq!(Across::Median.join(Goal::Max, &parts), Some(3.0));
        assert_eq!(Across::Median.join(Goal::Max, &parts[..2]), Some(2.0));
        assert_eq!(Across::Worst.join(Goal::Max, &parts), Some(1.0));
        assert_eq!(Across::Worst.join(Goal::Min, &parts), Some(8.0));
        let sd = 13.0_f64.sqrt();
        assert_eq!(Across::MeanMinusSd { lambda: 1.0 }.join(Goal::Max, &parts), Some(4.0 - sd));
        assert_eq!(Across::MeanMinusSd { lambda: 1.0 }.join(Goal::Min, &parts), Some(4.0 + sd));
        assert_eq!(Across::Worst.join(Goal::Max, &[Some(1.0), None]), None);
        assert_eq!(Across::Mean.join(Goal::Max, &[]), None);
    }

    #[test]
    fn ranks_of_equal_values_are_averaged() {
        let units = rank_units(Goal::Min, &[Some(1.0), Some(2.0), None, Some(2.0)]);
        assert_eq!(units, [2.5 / 3.0, (1.5 - 0.5) / 3.0, 0.0, (1.5 - 0.5) / 3.0]);
    }
}
