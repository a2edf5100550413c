//! Which column of a file plays which role.

use super::error::{DataCode, DataError};
use super::raw::ColumnNames;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Time,
    Open,
    High,
    Low,
    Close,
    Volume,
    Symbol,
}

impl Role {
    const ALL: [Self; 7] =
        [Self::Time, Self::Open, Self::High, Self::Low, Self::Close, Self::Volume, Self::Symbol];

    /// Canonical name first, then names read as well; compared without case.
    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Time => {
                &["timestamp", "ts", "time", "datetime", "date", "utc time", "open_time", "__index_level_0__"]
            }
            Self::Open => &["open", "o"],
            Self::High => &["high", "h"],
            Self::Low => &["low", "l"],
            Self::Close => &["close", "c"],
            Self::Volume => &["volume", "vol", "tick_volume", "v"],
            Self::Symbol => &["symbol"],
        }
    }

    fn is_required(self) -> bool {
        !matches!(self, Self::Volume | Self::Symbol)
    }
}

/// Indices of the columns by role.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    /// Time, open, high, low, close.
    pub(crate) needed: [usize; 5],
    /// Volume, if there is one.
    pub(crate) volume: Option<usize>,
    /// Symbol, if the file holds several.
    pub(crate) symbol: Option<usize>,
    /// Names for messages.
    pub(crate) names: ColumnNames,
}

impl Roles {
    /// Finds the roles among column names.
    ///
    /// # Errors
    /// `missing_column` and `duplicate_column`, naming the column.
    pub(crate) fn find(header: &[&str]) -> Result<Self, DataError> {
        let mut found = [None; 7];
        for (slot, role) in found.iter_mut().zip(Role::ALL) {
            *slot = single(header, role)?;
        }
        for (slot, role) in found.iter().zip(Role::ALL) {
            if slot.is_none() && role.is_required() {
                return Err(missing(header, role));
            }
        }
        let [time, open, high, low, close, volume, symbol] = found;
        let needed = [time, open, high, low, close].map(Option::unwrap_or_default);
        let name = |k: usize| header[k].to_owned();
        let names = ColumnNames {
            time: name(needed[0]),
            prices: [name(needed[1]), name(needed[2]), name(needed[3]), name(needed[4])],
            volume: volume.map_or_else(|| "volume".to_owned(), name),
        };
        Ok(Self { needed, volume, symbol, names })
    }
}

fn single(header: &[&str], role: Role) -> Result<Option<usize>, DataError> {
    let plays = |name: &str| role.aliases().iter().any(|alias| alias.eq_ignore_ascii_case(name.trim()));
    let mut matching = header.iter().enumerate().filter(|(_, name)| plays(name));
    let first = matching.next();
    if let (Some((_, one)), Some((_, other))) = (first, matching.next()) {
        return Err(DataError::new(
            DataCode::DuplicateColumn,
            format!("columns {one} and {other} are both the {}", role.aliases()[0]),
        )
        .column(*other)
        .hint("--columns names the one to use"));
    }
    Ok(first.map(|(k, _)| k))
}

fn missing(header: &[&str], role: Role) -> DataError {
    let names = role.aliases();
    DataError::new(DataCode::MissingColumn, format!("no column {}", names[0])).column(names[0]).hint(format!(
        "accepted names: {}; the file has: {}",
        names.join(", "),
        super::error::printable(&header.join(", "))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_found_in_any_case_and_order() {
        let roles = Roles::find(&["C", "x", "UTC time", "Open", "HIGH", "l", "Vol"]).expect("all there");
        assert_eq!((roles.needed, roles.volume, roles.symbol), ([2, 3, 4, 5, 0], Some(6), None));
        assert_eq!(roles.names.time, "UTC time");
    }

    #[test]
    fn a_missing_and_a_doubled_role_are_named() {
        let code = |header: &[&str]| Roles::find(header).expect_err("wrong").code();
        assert_eq!(code(&["time", "open", "high", "low"]), DataCode::MissingColumn);
        assert_eq!(code(&["time", "ts", "open", "high", "low", "close"]), DataCode::DuplicateColumn);
    }
}
