//! On which rows a set could speak: the comparisons of its scenarios as shared bitmaps.
//!
//! Only comparisons that are cheap to share are used; what a scenario tests besides (a volatility guard, a chain, a
//! local z) can only take rows away.

use super::ORDER;
use super::filters;
use super::look::{Bands, kalman_z};
use super::params::Settings;
use crate::cache::{CachePlan, Comparison, IndicatorCache, MaskKey, Operand};
use crate::indicators::{FloatBits, IndicatorKind};
use crate::strategy::candidates::{all_of, either, no_rows};
use crate::strategy::{BindContext, Candidates};
use crate::types::{Direction, ParamError};

/// Comparisons that must all hold, for every scenario and direction asked; equal lists stand once.
fn conditions(settings: &Settings, context: &BindContext<'_>) -> Vec<Vec<MaskKey>> {
    let mut lists: Vec<Vec<MaskKey>> = Vec::new();
    for &(number, direction) in ORDER.iter().filter(|&&(number, _)| settings.enables(number)) {
        if settings.only.is_none_or(|only| only == direction) {
            let list = conditions_of(number, direction, settings, context);
            if !lists.contains(&list) {
                lists.push(list);
            }
        }
    }
    lists
}

fn conditions_of(
    number: usize,
    direction: Direction,
    settings: &Settings,
    context: &BindContext<'_>,
) -> Vec<MaskKey> {
    let z = match number {
        1 => Some(super::scenario1::z(settings)),
        4 if settings.local_z_lookback > 0 => None,
        4 => Some(super::scenario4::z(settings)),
        _ => Some(kalman_z(&settings.core)),
    };
    let mut list: Vec<MaskKey> =
        z.map(|kind| threshold(kind, direction, settings, context)).into_iter().collect();
    if number > 1 {
        list.push(Bands::beyond(&settings.core, context, direction));
        list.extend(filters::comparisons(&settings.filters, context));
    }
    list
}

/// z at or beyond the threshold of a direction.
fn threshold(
    kind: IndicatorKind,
    direction: Direction,
    settings: &Settings,
    context: &BindContext<'_>,
) -> MaskKey {
    let (comparison, level) = match direction {
        Direction::Long => (Comparison::LessEqual, settings.core.z_score_long),
        Direction::Short => (Comparison::GreaterEqual, settings.core.z_score_short),
    };
    MaskKey {
        left: Operand::Series(context.bid(kind)),
        comparison,
        right: Operand::Constant(FloatBits::new(level)),
    }
}

pub(super) fn plan(settings: &Settings, context: &BindContext<'_>, plan: &mut CachePlan) {
    for key in conditions(settings, context).into_iter().flatten() {
        plan.mask(key);
    }
}

/// The strategy says nothing while it holds a position.
pub(super) fn bind(
    settings: &Settings,
    context: &BindContext<'_>,
    cache: &IndicatorCache,
) -> Result<Candidates, ParamError> {
    let mut flat = no_rows();
    for list in conditions(settings, context) {
        flat = either(&flat, &all_of(cache, &list)?);
    }
    Ok(Candidates::ByPosition { flat, long: no_rows(), short: no_rows() })
}
