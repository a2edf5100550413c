//! The finished cache: key to column, read without locks.

use std::collections::HashMap;
use std::sync::Arc;

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

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(values) => values.len() * 8,
            Self::Mapped { values, map } => values.len() * 8 + map.len() * 4,
        }
    }
}

/// Every series any trial of a batch needs: complete before the batch starts, never written during it.
#[derive(Debug, Clone, Default)]
pub struct IndicatorCache {
    columns: HashMap<SeriesKey, Column>,
}

impl IndicatorCache {
    /// A cache of finished columns.
    pub fn new(columns: HashMap<SeriesKey, Column>) -> Self {
        Self { columns }
    }

    /// The column of a key, if it was planned.
    pub fn get(&self, key: &SeriesKey) -> Option<&Column> {
        self.columns.get(key)
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether nothing is cached.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
}
