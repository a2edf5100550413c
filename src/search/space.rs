//! The space of parameter sets: axes in document order, conditions, constraints; numbered, never written out.
//!
//! The id of a grid point is the mixed-radix number of its level indices over the **full** product, first axis
//! slowest. Ids of points that a constraint excludes, and of points that differ only in an inactive parameter, are
//! skipped, not renumbered.

use std::sync::Arc;

use super::axis::{Axis, Coordinate, Levels, same_value};
use super::constraint::Constraint;
use crate::types::{ParamSet, ParamValue, Trial, TrialId};

/// A space that cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// The product of the level counts does not fit into 64 bits.
    #[error("the product of the value counts exceeds 2^64: {product}")]
    TooLarge {
        /// The counts, multiplied out in words: `12 * 9 * 4`.
        product: String,
    },
    /// A grid over floats without steps.
    #[error("`{axis}` has no steps: a grid needs `step`, or `log` with `points`")]
    Continuous {
        /// Name of the axis.
        axis: String,
    },
}

/// Why an id of the full product is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// An inactive parameter stands on a level other than its first: the same set has a lower id.
    Inactive,
    /// The constraint with this index is false.
    Excluded(usize),
}

/// All parameter sets of a study.
#[derive(Debug, Clone)]
pub struct Space {
    axes: Vec<Axis>,
    constraints: Vec<Constraint>,
    names: Arc<[Arc<str>]>,
    base: Vec<ParamValue>,
    /// Place of each axis among the names.
    slots: Vec<usize>,
}

impl Space {
    /// A space over `axes`; `base` holds every value that is not searched, in the order a trial shall have them.
    ///
    /// An axis whose name stands in `base` takes its place there, other axes follow behind. `constraints` are read
    /// with [`Space::slot_of`] of a space without constraints, see [`Space::with_constraints`].
    pub fn new(axes: Vec<Axis>, base: Vec<(Arc<str>, ParamValue)>) -> Self {
        let (mut names, mut values): (Vec<_>, Vec<_>) = base.into_iter().unzip();
        let mut slots = Vec::with_capacity(axes.len());
        for axis in &axes {
            let slot = names.iter().position(|name| *name == axis.name).unwrap_or_else(|| {
                names.push(axis.name.clone());
                values.push(ParamValue::Null);
                names.len() - 1
            });
            slots.push(slot);
        }
        Self { axes, constraints: Vec::new(), names: names.into(), base: values, slots }
    }

    /// The same space under constraints, which read parameters by [`Space::slot_of`].
    pub fn with_constraints(self, constraints: Vec<Constraint>) -> Self {
        Self { constraints, ..self }
    }

    /// The axes in document order.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The constraints in file order.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// Names of all parameters of a trial.
    pub fn names(&self) -> &Arc<[Arc<str>]> {
        &self.names
    }

    /// Place of a parameter among the values of a trial.
    pub fn slot_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.as_ref() == name)
    }

    /// Number of points of the full product.
    ///
    /// # Errors
    /// When an axis is continuous or the product exceeds 64 bits.
    pub fn size(&self) -> Result<u64, SpaceError> {
        let mut size = Some(1_u64);
        for axis in &self.axes {
            let count = axis.levels.count();
            let count = count.ok_or_else(|| SpaceError::Continuous { axis: axis.name.to_string() })?;
            size = size.and_then(|size| size.checked_mul(count));
        }
        size.ok_or_else(|| SpaceError::TooLarge { product: self.product() })
    }

    /// The level counts of the searched axes, multiplied out in words: `12 * 9 * 4`.
    pub fn product(&self) -> String {
        let searched = self.axes.iter().filter(|axis| axis.is_searched());
        let counts =
            searched.map(|axis| axis.levels.count().map_or("∞".to_owned(), |count| count.to_string()));
        let words = counts.collect::<Vec<_>>().join(" * ");
        if words.is_empty() { "1".to_owned() } else { words }
    }

    /// Level indices of an id, first axis slowest. Every axis must be finite.
    pub fn levels_of(&self, id: u64) -> Vec<Coordinate> {
        let mut levels = vec![Coordinate::Level(0); self.axes.len()];
        let mut rest = id;
        for (level, axis) in levels.iter_mut().zip(&self.axes).rev() {
            let count = axis.levels.count().unwrap_or(1);
            *level = Coordinate::Level(rest % count);
            rest /= count;
        }
        levels
    }

    /// The id of a point; `None` when an axis is continuous or the number exceeds 64 bits.
    pub fn id_of(&self, point: &[Coordinate]) -> Option<u64> {
        point.iter().zip(&self.axes).try_fold(0_u64, |id, (at, axis)| match at {
            Coordinate::Level(level) => id.checked_mul(axis.levels.count()?)?.checked_add(*level),
            Coordinate::Real(_) => None,
        })
    }

    /// The point of unit-cube coordinates, one per searched axis in order; axes with one value stand on it.
    pub fn at_units(&self, units: &[f64]) -> Vec<Coordinate> {
        let mut units = units.iter();
        let mut place = |axis: &Axis| {
            let unit = if axis.is_searched() { units.next() } else { None };
            unit.map_or(Coordinate::Level(0), |unit| axis.levels.at_unit(*unit))
        };
        self.axes.iter().map(&mut place).collect()
    }

    /// Number of unit-cube coordinates.
    pub fn dimensions(&self) -> usize {
        self.axes.iter().filter(|axis| axis.is_searched()).count()
    }

    /// All values at a point, and the point with inactive axes moved to their first level.
    pub fn resolve(&self, point: &[Coordinate]) -> (Vec<ParamValue>, Vec<Coordinate>) {
        let mut values = self.base.clone();
        let mut canonical = point.to_vec();
        let mut active = vec![true; self.axes.len()];
        for (i, axis) in self.axes.iter().enumerate() {
            let value = match &axis.condition {
                Some(condition) if !self.is_active(&condition.when, &values, &active) => {
                    active[i] = false;
                    canonical[i] = Coordinate::Level(0);
                    condition.otherwise.clone()
                }
                _ => axis.levels.value(point[i]),
            };
            values[self.slots[i]] = value;
        }
        (values, canonical)
    }

    /// Values a parameter can have, by its place among the names: those of its axis (of a range the first and the
    /// last), the one while inactive, or the one that is not searched.
    pub fn values_at(&self, slot: usize) -> Vec<ParamValue> {
        let Some(axis) = self.slots.iter().position(|of_axis| *of_axis == slot).map(|i| &self.axes[i]) else {
            return vec![self.base[slot].clone()];
        };
        let mut values = match &axis.levels {
            Levels::Choice { values, .. } => values.to_vec(),
            levels => {
                [0, levels.count().unwrap_or(1) - 1].map(|k| levels.value(Coordinate::Level(k))).to_vec()
            }
        };
        values.extend(axis.condition.iter().map(|condition| condition.otherwise.clone()));
        values
    }

    fn is_active(&self, when: &[(usize, Vec<ParamValue>)], values: &[ParamValue], active: &[bool]) -> bool {
        when.iter().all(|(parent, allowed)| {
            active[*parent] && allowed.iter().any(|value| same_value(value, &values[self.slots[*parent]]))
        })
    }

    /// The first constraint that the values do not meet.
    pub fn violated(&self, values: &[ParamValue]) -> Option<usize> {
        self.constraints.iter().position(|constraint| !constraint.holds(values))
    }

    /// The trial of an id of the full product, or why there is none. Every axis must be finite.
    ///
    /// # Errors
    /// [`Skip`] when the id is not run.
    pub fn trial(&self, id: u64) -> Result<Trial, Skip> {
        let point = self.levels_of(id);
        let (values, canonical) = self.resolve(&point);
        if canonical != point {
            return Err(Skip::Inactive);
        }
        match self.violated(&values) {
            Some(constraint) => Err(Skip::Excluded(constraint)),
            None => Ok(self.trial_of(TrialId(id), values)),
        }
    }

    /// A trial of values in the order of [`Space::names`].
    pub fn trial_of(&self, id: TrialId, values: Vec<ParamValue>) -> Trial {
        Trial { id, params: ParamSet::new(self.names.clone(), values) }
    }

    /// Whether some id is run; `None` when none was found among the first `limit` and more exist.
    pub fn any_feasible(&self, limit: u64) -> Option<bool> {
        let size = self.size().ok()?;
        if (0..size.min(limit)).any(|id| self.trial(id).is_ok()) {
            return Some(true);
        }
        (size <= limit).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::axis::Condition;

    fn choice(name: &str, values: &[i64]) -> Axis {
        let values = values.iter().map(|v| ParamValue::Int(*v)).collect();
        Axis { name: name.into(), levels: Levels::Choice { values, ordered: false }, condition: None }
    }

    fn constrained(space: Space, texts: &[&str]) -> Space {
        let read = |text: &&str| Constraint::parse(text, |name| space.slot_of(name)).expect("parses");
        let constraints = texts.iter().map(read).collect();
        space.with_constraints(constraints)
    }

    #[test]
    fn ids_are_mixed_radix_numbers_with_the_first_axis_slowest() {
        let space = Space::new(vec![choice("a", &[1, 2]), choice("b", &[1, 2, 3])], vec![]);
        let levels = |id| space.levels_of(id);
        assert_eq!(levels(4), [Coordinate::Level(1), Coordinate::Level(1)]);
        for id in 0..6 {
            assert_eq!(space.id_of(&levels(id)), Some(id));
        }
    }

    #[test]
    fn a_trial_carries_every_value_in_the_declared_order() {
        let base = vec![("a".into(), ParamValue::Int(7)), ("rest".into(), ParamValue::Bool(true))];
        let space = Space::new(vec![choice("engine.delay", &[5]), choice("a", &[1, 2])], base);
        let trial = space.trial(1).expect("feasible");
        let pairs: Vec<(&str, String)> = trial.params.iter().map(|(n, v)| (n, v.to_string())).collect();
        let expected = [("a", "2"), ("rest", "true"), ("engine.delay", "5")];
        assert_eq!(pairs, expected.map(|(n, v)| (n, v.to_owned())));
    }

    #[test]
    fn an_inactive_parameter_does_not_multiply_the_space() {
        let mut q = choice("q", &[1, 2, 3]);
        q.condition =
            Some(Condition { when: vec![(0, vec![ParamValue::Float(2.0)])], otherwise: ParamValue::Int(9) });
        let mut r = choice("r", &[1, 2]);
        r.condition =
            Some(Condition { when: vec![(1, vec![ParamValue::Int(9)])], otherwise: ParamValue::Null });
        let space = Space::new(vec![choice("mode", &[1, 2]), q, r], vec![]);
        let run: Vec<u64> = (0..12).filter(|id| space.trial(*id).is_ok()).collect();
        assert_eq!(
            run,
            [0, 6, 8, 10],
            "mode 1 once; mode 2 with each q; r never: its parent is inactive or not 9"
        );
        assert_eq!(space.trial(0).expect("runs").params.get("q"), Some(&ParamValue::Int(9)));
        assert_eq!(space.trial(1), Err(Skip::Inactive));
    }

    #[test]
    fn excluded_points_keep_their_ids() {
        let space = Space::new(vec![choice("a", &[1, 2]), choice("b", &[1, 2])], vec![]);
        let space = constrained(space, &["a > 0", "a < b"]);
        assert_eq!(space.trial(0), Err(Skip::Excluded(1)));
        assert_eq!(space.trial(1).expect("runs").id, TrialId(1));
        assert_eq!(space.any_feasible(1), None);
        assert_eq!(constrained(space, &["a > 3"]).any_feasible(100), Some(false));
    }

    #[test]
    fn a_product_beyond_64_bits_is_refused_by_name() {
        let wide = Levels::Stepped {
            from: crate::search::Decimal::ZERO,
            step: crate::search::Decimal::from_i64(1),
            count: 1 << 40,
            whole: true,
        };
        let axis = |name: &str| Axis { name: name.into(), levels: wide.clone(), condition: None };
        let space = Space::new(vec![axis("a"), axis("b")], vec![]);
        let product = "1099511627776 * 1099511627776".to_owned();
        assert_eq!(space.size(), Err(SpaceError::TooLarge { product }));
    }
}
