//! What is left when some trades had not happened (`walk_forward_and_robustness.md` section 5).

use crate::metrics::Spread;
use crate::types::rng::KeyedRng;

/// One trade in the order of exits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropTrade {
    /// Profit after fees.
    pub net: f64,
    /// R-multiple, if it has one.
    pub r: Option<f64>,
}

/// Figures of the kept trades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// Sum of net profits.
    pub profit: f64,
    /// Deepest fall of the running sum, which starts at 0.
    pub drawdown: f64,
    /// `sharpe_trade_r` of the kept trades.
    pub sharpe: Option<f64>,
}

impl Kept {
    /// In the order of [`super::stress::COST_SHOCK`].
    pub fn measures(self) -> [Option<f64>; 3] {
        [Some(self.profit), Some(self.drawdown), self.sharpe]
    }
}

/// How many of `n` trades go: `ceil(n * fraction)`, at least 1 and at most all.
pub fn drop_count(n: usize, fraction: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, the rest is clipped"
    )]
    let count = (n as f64 * fraction).ceil() as usize;
    count.max(1).min(n)
}

/// Which of `n` trades go: the first `count` of a shuffled list.
pub fn draw(n: usize, count: usize, rng: &mut KeyedRng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..n).collect();
    rng.shuffle(&mut places);
    places.truncate(count);
    places
}

/// Figures of `trades`, in the order of exits, without those at the places `dropped`.
pub fn without(trades: &[DropTrade], dropped: &[usize]) -> Kept {
    let mut keep = vec![true; trades.len()];
    for &place in dropped {
        keep[place] = false;
    }
    let kept: Vec<DropTrade> =
        trades.iter().zip(keep).filter_map(|(trade, keep)| keep.then_some(*trade)).collect();
    let (mut profit, mut peak, mut drawdown) = (0.0_f64, 0.0_f64, 0.0_f64);
    for trade in &kept {
        profit += trade.net;
        peak = peak.max(profit);
        drawdown = drawdown.max(peak - profit);
    }
    let r: Option<Vec<f64>> = kept.iter().map(|trade| trade.r).collect();
    Kept { profit, drawdown, sharpe: r.and_then(|r| Spread::of(&r).sharpe()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::MasterSeed;
    use crate::types::rng::Purpose;

    #[test]
    fn a_draw_takes_each_trade_once() {
        let mut rng = MasterSeed(1).rng(Purpose::TradeDropout, 0, 5, 9);
        let mut dropped = draw(20, 20, &mut rng);
        dropped.sort_unstable();
        assert_eq!(dropped, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn at_least_one_trade_goes_and_at_most_all() {
        assert_eq!(drop_count(30, 0.0), 1);
        assert_eq!(drop_count(30, 7.0), 30);
        assert_eq!(drop_count(0, 0.1), 0);
        assert_eq!(drop_count(30, 0.33), 10);
    }

    #[test]
    fn one_trade_without_r_leaves_no_sharpe_ratio() {
        let trade = DropTrade { net: 1.0, r: Some(0.1) };
        let open_ended = DropTrade { net: 1.0, r: None };
        assert_eq!(without(&[trade, open_ended, trade], &[0]).sharpe, None);
        assert_eq!(without(&[trade, open_ended, trade], &[1]).sharpe, Some(0.0));
    }
}
