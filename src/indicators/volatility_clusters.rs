//! One-dimensional k-means over recent volatility and the names of its clusters (`indicators.md` 2.18).
//!
//! Start centres are the quantiles `j/(k+1)`; up to 30 rounds of nearest centre (first on ties) and mean of members.
//! Clusters are ranked by centre, so label 0 is the calmest.

use super::percentile::interpolate;
use crate::types::math::ln;

const ROUNDS: usize = 30;
/// Least value before the logarithm.
const LEAST: f64 = 1e-12;
const NAMES: [&str; 5] = ["low", "mid", "high", "very_high", "extreme"];

/// What to cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterSettings {
    /// Newest values that take part, >= 1.
    pub window: usize,
    /// Clusters asked for, >= 1; fewer distinct values make fewer clusters.
    pub clusters: usize,
    /// Whether logarithms are clustered.
    pub log_transform: bool,
    /// Values that must exist, at least 1.
    pub min_points: usize,
}

/// Why there are no clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoClusters {
    /// Fewer values than `min_points`.
    InsufficientPoints,
    /// Fewer values in the window than clusters.
    InsufficientUnique,
}

impl NoClusters {
    /// `"insufficient_points"`, `"insufficient_unique"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InsufficientPoints => "insufficient_points",
            Self::InsufficientUnique => "insufficient_unique",
        }
    }
}

/// The clusters of one evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct VolatilityClusters {
    /// Centres, ascending, in the (transformed) units that were clustered.
    pub centers: Vec<f64>,
    /// Rank of the cluster of each value of the window, oldest first.
    pub labels: Vec<usize>,
}

impl VolatilityClusters {
    /// Rank of the newest value's cluster.
    ///
    /// # Panics
    /// Never on a result of [`volatility_clusters`], which has at least one label.
    pub fn current(&self) -> usize {
        *self.labels.last().expect("clusters have members")
    }

    /// Whether the newest `bars` values all lie in the current cluster; `false` when there are fewer.
    pub fn stable_for(&self, bars: usize) -> bool {
        let start = self.labels.len().checked_sub(bars);
        start.is_some_and(|start| self.labels[start..].iter().all(|&label| label == self.current()))
    }
}

/// Name of a rank: `low`, `mid`, `high`, `very_high`, `extreme`, then `cluster_5`, `cluster_6`, ...
pub fn cluster_name(rank: usize) -> String {
    NAMES.get(rank).map_or_else(|| format!("cluster_{rank}"), |&name| name.to_owned())
}

/// Clusters the newest values of `feature` (`NaN` = no value). `O(window * clusters * 30)`.
///
/// # Errors
/// [`NoClusters`] when there are too few values.
pub fn volatility_clusters(
    feature: &[f64],
    settings: &ClusterSettings,
) -> Result<VolatilityClusters, NoClusters> {
    let present: Vec<f64> = feature.iter().copied().filter(|x| !x.is_nan()).collect();
    if present.len() < settings.min_points.max(1) {
        return Err(NoClusters::InsufficientPoints);
    }
    let mut values = present[present.len().saturating_sub(settings.window)..].to_vec();
    if values.is_empty() || values.len() < settings.clusters {
        return Err(NoClusters::InsufficientUnique);
    }
    if settings.log_transform {
        for x in &mut values {
            *x = ln(x.max(LEAST));
        }
    }
    let (centers, labels) = k_means(&values, settings.clusters);
    Ok(ranked(&centers, &labels))
}

fn k_means(values: &[f64], clusters: usize) -> (Vec<f64>, Vec<usize>) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let distinct = 1 + sorted.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let k = clusters.min(distinct);
    if k <= 1 {
        let total = values.iter().fold(0.0, |total, x| total + x);
        return (vec![total / values.len() as f64], vec![0; values.len()]);
    }
    let mut centers: Vec<f64> = (1..=k).map(|j| interpolate(&sorted, j as f64 / (k + 1) as f64)).collect();
    for _ in 0..ROUNDS {
        let labels = nearest(values, &centers);
        let next = means(values, &labels, &centers);
        let settled =
            next.iter().zip(&centers).all(|(new, old)| (new - old).abs() <= 1e-6 + 1e-4 * old.abs());
        centers = next;
        if settled {
            return (centers, labels);
        }
    }
    let labels = nearest(values, &centers);
    (centers, labels)
}

fn nearest(values: &[f64], centers: &[f64]) -> Vec<usize> {
    let label = |x: &f64| {
        (1..centers.len())
            .fold(0, |best, i| if (x - centers[i]).abs() < (x - centers[best]).abs() { i } else { best })
    };
    values.iter().map(label).collect()
}

/// Mean of each cluster's members; an empty cluster keeps its centre.
fn means(values: &[f64], labels: &[usize], centers: &[f64]) -> Vec<f64> {
    let mut totals = vec![(0.0, 0_usize); centers.len()];
    for (&x, &label) in values.iter().zip(labels) {
        totals[label].0 += x;
        totals[label].1 += 1;
    }
    let mean = |(&(total, count), &old): (&(f64, usize), &f64)| {
        if count == 0 { old } else { total / count as f64 }
    };
    totals.iter().zip(centers).map(mean).collect()
}

fn ranked(centers: &[f64], labels: &[usize]) -> VolatilityClusters {
    let mut order: Vec<usize> = (0..centers.len()).collect();
    order.sort_by(|&a, &b| centers[a].total_cmp(&centers[b]));
    let mut rank = vec![0; centers.len()];
    for (place, &cluster) in order.iter().enumerate() {
        rank[cluster] = place;
    }
    VolatilityClusters {
        centers: order.iter().map(|&cluster| centers[cluster]).collect(),
        labels: labels.iter().map(|&label| rank[label]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: ClusterSettings =
        ClusterSettings { window: 6, clusters: 3, log_transform: false, min_points: 2 };

    #[test]
    fn three_heaps_get_three_names_by_height() {
        let found = volatility_clusters(&[f64::NAN, 9.0, 1.0, 1.0, 9.0, 9.0, 20.0], &PLAIN).expect("enough");
        assert_eq!(found.centers, [1.0, 9.0, 20.0]);
        assert_eq!(found.labels, [1, 0, 0, 1, 1, 2]);
        assert_eq!(cluster_name(found.current()), "high");
        assert!(found.stable_for(1) && !found.stable_for(2) && !found.stable_for(7));
    }

    #[test]
    fn few_distinct_values_make_few_clusters() {
        let found = volatility_clusters(&[2.0, 2.0, 5.0, 5.0], &PLAIN).expect("enough");
        assert_eq!(found.centers, [2.0, 5.0]);
        assert_eq!(cluster_name(found.current()), "mid");
        let found = volatility_clusters(&[2.0; 5], &PLAIN).expect("enough");
        assert_eq!((found.centers, cluster_name(found.labels[4])), (vec![2.0], "low".to_owned()));
    }

    #[test]
    fn too_few_values_are_said_to_be_so() {
        let one = volatility_clusters(&[1.0, f64::NAN], &PLAIN);
        assert_eq!(one.unwrap_err().as_str(), "insufficient_points");
        let two = volatility_clusters(&[1.0, 2.0], &PLAIN);
        assert_eq!(two.unwrap_err().as_str(), "insufficient_unique");
    }

    #[test]
    fn later_names_are_numbered() {
        assert_eq!(cluster_name(4), "extreme");
        assert_eq!(cluster_name(5), "cluster_5");
    }
}
