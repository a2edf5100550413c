//! How many of a study's parameter sets will run, and why the others will not.

use std::collections::BTreeMap;

use super::Prepared;
use crate::config::SamplerSpec;
use crate::data::SymbolSeries;
use crate::search::GridOrder;
use crate::search::sampler::Asked;

/// The sets of one enumeration, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Count {
    /// Sets that run.
    pub run: u64,
    /// Sets that repeat another one in all but an inactive parameter.
    pub inactive: u64,
    /// Sets a constraint excludes, by its text.
    pub excluded: BTreeMap<String, u64>,
    /// Sets the strategy declares infeasible, by its reason.
    pub infeasible: BTreeMap<String, u64>,
}

impl Count {
    /// What excludes sets, one line each, most frequent reasons of the strategy first.
    pub fn lines(&self) -> Vec<String> {
        let sets = |count: u64| if count == 1 { "1 set".to_owned() } else { format!("{count} sets") };
        let mut lines: Vec<String> = self
            .excluded
            .iter()
            .map(|(constraint, count)| format!("{} excluded by \"{constraint}\"", sets(*count)))
            .collect();
        if self.inactive > 0 {
            lines.push(format!("{} repeat another one in all that is active", sets(self.inactive)));
        }
        let mut reasons: Vec<_> = self.infeasible.iter().collect();
        reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), reason.as_str()));
        let shown =
            reasons.iter().take(3).map(|(reason, count)| format!("{} infeasible: {reason}", sets(**count)));
        lines.extend(shown);
        let hidden: u64 = reasons.iter().skip(3).map(|(_, count)| **count).sum();
        if hidden > 0 {
            lines.push(format!("{} infeasible for other reasons", sets(hidden)));
        }
        lines
    }

    /// The line that explains most, as the end of a message.
    pub(super) fn because(&self) -> String {
        let all = self.excluded.iter().chain(&self.infeasible);
        let most = all.max_by_key(|(_, count)| **count);
        most.map_or_else(String::new, |(reason, _)| format!(", most of them by: {reason}"))
    }
}

impl Prepared {
    /// Counts every position of one enumeration; takes some microseconds each.
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        let sampler = self.samplers[0].as_ref();
        for position in 0..self.plan.positions {
            match sampler.ask(position) {
                Asked::Run(trial) => match self.study.infeasible(&trial) {
                    None => count.run += 1,
                    Some(reason) => *count.infeasible.entry(reason).or_default() += 1,
                },
                Asked::Excluded(constraint) => {
                    let text = self.spec.space.constraints()[constraint].text().to_owned();
                    *count.excluded.entry(text).or_default() += 1;
                }
                Asked::Inactive => count.inactive += 1,
            }
        }
        count
    }

    /// Sampler and order in words.
    pub(super) fn sampler_words(&self) -> String {
        match &self.spec.sampler {
            SamplerSpec::Grid { order: GridOrder::Lexicographic } => "grid".to_owned(),
            SamplerSpec::Grid { order: GridOrder::Shuffled } => "grid, shuffled".to_owned(),
            SamplerSpec::Grid { order: GridOrder::CoarseToFine } => "grid, coarse to fine".to_owned(),
            other => other.kind().to_owned(),
        }
    }

    /// What is unusual about a symbol's data, a phrase each.
    pub(super) fn data_phrases(&self, symbol: &SymbolSeries) -> Vec<String> {
        let name = &symbol.spec.name;
        let report = &self.data_report;
        let mut phrases = Vec::new();
        for series in report.series.iter().filter(|series| &series.symbol == name) {
            if let Some(from) = series.resampled_from {
                phrases.push(format!("{} resampled from {from}", series.timeframe));
            }
            if let Some(pips) = series.spread_pips.filter(|_| series.timeframe == symbol.bars.timeframe()) {
                let typical = if series.spread_is_typical { "typical " } else { "" };
                phrases.push(format!("{typical}spread {pips} pips"));
            }
            // Of a source that is not in memory itself the primary bars speak.
            if series.resampled_from.is_none() || series.timeframe == symbol.bars.timeframe() {
                let changes = series.changes().into_iter();
                phrases.extend(changes.map(|change| format!("{} {change}", series.timeframe)));
            }
        }
        for (file, warning) in report.warnings().filter(|(file, _)| &file.symbol == name) {
            if file.timeframe == symbol.bars.timeframe() {
                phrases.push(format!("{} {} ({})", warning.count, warning.code.as_str(), file.side.as_str()));
            }
        }
        let dropped =
            report.dropped_instants.iter().find(|dropped| &dropped.symbol == name && dropped.bars > 0);
        phrases.extend(dropped.map(|dropped| format!("{} bars without a step", dropped.bars)));
        if report.assumed_symbols.contains(name) {
            phrases.push("assumed to be a share".to_owned());
        }
        phrases
    }
}
