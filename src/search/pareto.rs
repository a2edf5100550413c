//! Several objectives: fronts by constrained domination, crowding distance, hypervolume (`search.md` section 5).
//!
//! All objectives are minimised, see [`super::Objective::targets`]; an undefined value is worse than any number. The
//! points come in trial-id order, which decides between equal values.

/// One trial as the sort sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParetoPoint {
    /// Total violation of the requirements, 0 = feasible.
    pub violation: f64,
    /// Objectives, smaller is better; `None` = undefined.
    pub targets: Vec<Option<f64>>,
}

impl ParetoPoint {
    /// Constrained domination: feasible before infeasible, then the smaller violation; among feasible ones no
    /// objective worse and one better.
    pub fn dominates(&self, other: &Self) -> bool {
        match (self.violation == 0.0, other.violation == 0.0) {
            (true, false) => true,
            (false, true) => false,
            (false, false) => self.violation < other.violation,
            (true, true) => {
                let number = |target: &Option<f64>| target.unwrap_or(f64::INFINITY);
                let pairs = || self.targets.iter().map(number).zip(other.targets.iter().map(number));
                pairs().all(|(mine, theirs)| mine <= theirs) && pairs().any(|(mine, theirs)| mine < theirs)
            }
        }
    }
}

/// Front number of every point: 0 is dominated by none, 1 only by front 0, and so on. Time grows with the square of
/// the number of points.
pub fn fronts(points: &[ParetoPoint]) -> Vec<u32> {
    let mut dominated: Vec<Vec<usize>> = vec![Vec::new(); points.len()];
    let mut dominators = vec![0_usize; points.len()];
    for (i, point) in points.iter().enumerate() {
        for (j, other) in points.iter().enumerate() {
            if point.dominates(other) {
                dominated[i].push(j);
                dominators[j] += 1;
            }
        }
    }
    let mut front_of = vec![0; points.len()];
    let mut front: Vec<usize> = (0..points.len()).filter(|i| dominators[*i] == 0).collect();
    let mut number = 0;
    while !front.is_empty() {
        let mut next = Vec::new();
        for i in front {
            front_of[i] = number;
            for &j in &dominated[i] {
                dominators[j] -= 1;
                if dominators[j] == 0 {
                    next.push(j);
                }
            }
        }
        front = next;
        number += 1;
    }
    front_of
}

/// How lonely a point is on its front.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Crowding {
    /// Whether it is the first or the last in some objective.
    pub is_boundary: bool,
    /// Sum over the objectives in which it is neither.
    pub distance: f64,
}

/// Crowding of every point of one front.
///
/// Per objective the points are sorted by value, equal values in the given order; the first and the last are boundary,
/// an inner one adds `(next - previous) / (max - min)`. An objective whose values do not differ, or are undefined
/// where it matters, adds 0.
pub fn crowding(front: &[&ParetoPoint]) -> Vec<Crowding> {
    let mut distances = vec![Crowding::default(); front.len()];
    let Some(first) = front.first() else { return distances };
    let objectives = first.targets.len();
    for objective in 0..objectives {
        let value = |i: usize| front[i].targets[objective].unwrap_or(f64::INFINITY) + 0.0;
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        let range = value(last) - value(first);
        for three in order.windows(3) {
            let share = (value(three[2]) - value(three[0])) / range;
            if range > 0.0 && share.is_finite() {
                distances[three[1]].distance += share;
            }
        }
        distances[first].is_boundary = true;
        distances[last].is_boundary = true;
    }
    distances
}

/// Volume that the points dominate up to `reference`, for 2 or 3 objectives; `None` for other numbers.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> Option<f64> {
    let inside = points.iter().filter(|point| point.iter().zip(reference).all(|(value, end)| value < end));
    match reference {
        [x, y] => Some(area(inside.map(|point| (point[0], point[1])).collect(), *x, *y)),
        [x, y, z] => {
            let mut layers: Vec<&Vec<f64>> = inside.collect();
            layers.sort_by(|a, b| a[2].total_cmp(&b[2]));
            let mut volume = 0.0;
            for (i, layer) in layers.iter().enumerate() {
                let top = layers.get(i + 1).map_or(*z, |next| next[2]);
                let below = layers[..=i].iter().map(|point| (point[0], point[1])).collect();
                volume += area(below, *x, *y) * (top - layer[2]);
            }
            Some(volume)
        }
        _ => None,
    }
}

/// Area that points of the plane dominate up to (x, y).
fn area(mut points: Vec<(f64, f64)>, x: f64, y: f64) -> f64 {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut area = 0.0;
    let mut ceiling = y;
    for (left, bottom) in points {
        if bottom < ceiling {
            area += (x - left) * (ceiling - bottom);
            ceiling = bottom;
        }
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(violation: f64, targets: [Option<f64>; 2]) -> ParetoPoint {
        ParetoPoint { violation, targets: targets.to_vec() }
    }

    #[test]
    fn requirements_come_before_objectives_and_undefined_is_worst() {
        let points = [
            point(0.0, [Some(1.0), Some(2.0)]),
            point(0.0, [Some(1.0), None]),
            point(0.5, [Some(-9.0), Some(-9.0)]),
            point(0.2, [None, None]),
            point(0.0, [Some(0.0), Some(3.0)]),
        ];
        assert_eq!(fronts(&points), [0, 1, 3, 2, 0]);
    }

    #[test]
    fn twins_do_not_dominate_each_other_and_flat_objectives_add_nothing() {
        let twin = point(0.0, [Some(1.0), Some(1.0)]);
        assert_eq!(fronts(&[twin.clone(), twin.clone(), twin.clone()]), [0, 0, 0]);
        let of_twins = crowding(&[&twin, &twin, &twin]);
        assert_eq!(
            of_twins.iter().map(|crowding| crowding.is_boundary).collect::<Vec<_>>(),
            [true, false, true]
        );
        assert!(of_twins.iter().all(|crowding| crowding.distance == 0.0));
        assert_eq!(crowding(&[]), []);
    }

    #[test]
    fn boxes_add_up_to_the_volume() {
        assert_eq!(hypervolume(&[vec![0.0, 0.5], vec![0.5, 0.0], vec![2.0, 0.0]], &[1.0, 1.0]), Some(0.75));
        assert_eq!(hypervolume(&[vec![0.0, 0.0, 0.5], vec![0.5, 0.5, 0.0]], &[1.0, 1.0, 1.0]), Some(0.625));
        assert_eq!(hypervolume(&[], &[1.0, 1.0]), Some(0.0));
        assert_eq!(hypervolume(&[], &[1.0]), None);
    }
}
