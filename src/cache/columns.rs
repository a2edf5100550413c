//! The finished cache: key to column, read without locks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::masks::MaskKey;
use super::source::{Origin, StepMaps};
use crate::data::NO_ROW;
use crate::indicators::SeriesKey;

/// A computed series, indexed by the symbol's primary row. Cloning copies pointers.
#[derive(Debug, Clone)]
pub enum Column {
    /// One value per primary row.
    Dense(Arc<[f64]>),
    /// One value per visible higher bar, and per primary row the index of its value ([`NO_ROW`] = none).
    Mapped {
        /// Values.
        values: Arc<[f64]>,
        /// Index per primary row.
        map: Arc<[u32]>,
    },
}

impl Column {
    /// The value at a primary row; `NaN` where there is none.
    ///
    /// # Panics
    /// When `row` is out of range.
    #[inline]
    pub fn at(&self, row: usize) -> f64 {
        match self {
            Self::Dense(values) => values[row],
            Self::Mapped { values, map } => match map[row] {
                NO_ROW => f64::NAN,
                index => values[index as usize],
            },
        }
    }

    /// Number of primary rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(values) => values.len(),
            Self::Mapped { map, .. } => map.len(),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(values) => values.len() * 8,
            Self::Mapped { values, map } => values.len() * 8 + map.len() * 4,
        }
    }

    /// Bytes that are the column's own: maps are shared by all columns of a timeframe.
    pub(crate) fn own_bytes(&self) -> u64 {
        match self {
            Self::Dense(values) | Self::Mapped { values, .. } => 8 * values.len() as u64,
        }
    }
}

/// What was planned and what it cost: the figures behind "cache hits".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheReport {
    /// Distinct series of the plan.
    pub series: u64,
    /// Distinct comparisons of the plan.
    pub masks: u64,
    /// Bytes held, series kept from earlier plans included.
    pub bytes: u64,
    /// How often trials asked for a series or comparison.
    pub requests: u64,
    /// Requests answered without computing: asked for more than once, or kept from an earlier plan.
    pub hits: u64,
    /// Series and comparisons computed.
    pub computed: u64,
}

/// A column and the last plan that asked for it.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    pub(crate) value: T,
    pub(crate) generation: u64,
}

/// Every series any trial of a batch needs: complete before the batch starts, never written during it.
#[derive(Debug, Clone, Default)]
pub struct IndicatorCache {
    pub(crate) columns: BTreeMap<SeriesKey, Kept<Column>>,
    pub(crate) masks: BTreeMap<MaskKey, Kept<Arc<[u64]>>>,
    pub(crate) origin: Origin,
    pub(crate) maps: StepMaps,
    /// Expressions that were calculated for this plan or an earlier one and not kept.
    pub(crate) passed: BTreeSet<SeriesKey>,
    pub(crate) generation: u64,
    pub(crate) report: CacheReport,
}

impl IndicatorCache {
    /// A cache of finished columns, for tests and hand-made series; [`super::build()`] makes the others.
    pub fn new(columns: HashMap<SeriesKey, Column>) -> Self {
        let keep = |(key, value)| (key, Kept { value, generation: 0 });
        Self { columns: columns.into_iter().map(keep).collect(), ..Self::default() }
    }

    /// The column of a key, if it was planned.
    pub fn get(&self, key: &SeriesKey) -> Option<&Column> {
        self.columns.get(key).map(|kept| &kept.value)
    }

    /// The bitmap of a comparison over its symbol's primary rows, if it was planned.
    pub fn mask(&self, key: &MaskKey) -> Option<&Arc<[u64]>> {
        self.masks.get(key).map(|kept| &kept.value)
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether nothing is cached.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Figures of the build that made it.
    pub fn report(&self) -> CacheReport {
        self.report
    }
}
