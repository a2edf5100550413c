//! Whether a good result stands on a plateau or on a needle (`walk_forward_and_robustness.md` section 4).

/// A trial among its neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plateau {
    /// Mean share of the objective that neighbours keep, 0 to 1.
    pub score: f64,
    /// Share that the worst neighbour keeps.
    pub worst: f64,
    /// Number of neighbours.
    pub neighbours: usize,
}

/// The plateau of a trial with a feasible `objective`, oriented so that larger is better, over its neighbours' (`None`:
/// infeasible, failed or undefined, nothing kept). Undefined without neighbours or when `objective` is not above 0.
pub fn plateau(objective: f64, neighbours: impl IntoIterator<Item = Option<f64>>) -> Option<Plateau> {
    if objective <= 0.0 || objective.is_nan() {
        return None;
    }
    let (mut sum, mut worst, mut count) = (0.0_f64, 1.0_f64, 0_usize);
    for neighbour in neighbours {
        let kept = neighbour.map_or(0.0, |value| (value / objective).clamp(0.0, 1.0));
        sum += kept;
        worst = worst.min(kept);
        count += 1;
    }
    (count > 0).then(|| Plateau { score: sum / count as f64, worst, neighbours: count })
}

/// A parameter of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// Number of levels.
    pub levels: usize,
    /// Whether neighbouring levels are alike (numeric and ordered parameters); others have no neighbours along them.
    pub ordered: bool,
}

/// Level vectors within `radius` levels of `centre` in the maximum norm, clipped at the edges, without the centre itself,
/// in the enumeration order of the grid (last axis fastest).
pub fn neighbours(axes: &[Axis], centre: &[usize], radius: usize) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::with_capacity(axes.len())];
    for (axis, &level) in axes.iter().zip(centre) {
        let reach = if axis.ordered { radius } else { 0 };
        let levels = level.saturating_sub(reach)..(level + reach + 1).min(axis.levels);
        found = found
            .into_iter()
            .flat_map(|start: Vec<usize>| {
                levels.clone().map(move |level| start.iter().copied().chain([level]).collect())
            })
            .collect();
    }
    found.retain(|levels| levels != centre);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unordered_parameter_has_no_neighbours_along_it() {
        let axes = [Axis { levels: 3, ordered: true }, Axis { levels: 3, ordered: false }];
        assert_eq!(neighbours(&axes, &[1, 2], 1), [[0, 2], [2, 2]]);
        assert_eq!(neighbours(&axes, &[0, 0], 1), [[1, 0]]);
    }

    #[test]
    fn a_better_neighbour_keeps_all_and_a_failed_one_nothing() {
        let plateau = plateau(2.0, [Some(5.0), None, Some(1.0), Some(-1.0)]);
        assert_eq!(plateau, Some(Plateau { score: 1.5 / 4.0, worst: 0.0, neighbours: 4 }));
        assert_eq!(super::plateau(-1.0, [Some(5.0)]), None);
        assert_eq!(super::plateau(1.0, []), None);
    }
}
