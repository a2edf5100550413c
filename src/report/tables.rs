//! A table of named columns and its four output formats.
//!
//! JSON and CSV carry full precision, so a re-ranking from them gives the order of the run; tables for people round.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::Value;

use super::numbers;
use crate::types::ParamValue;

/// One value of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Undefined: an empty cell, JSON `null`.
    Undefined,
    /// A whole number.
    Count(i64),
    /// A number; finite.
    Number(f64),
    /// Anything else a parameter or column may hold.
    Value(ParamValue),
}

impl Cell {
    /// A number that may be undefined.
    pub fn optional(value: Option<f64>) -> Self {
        value.map_or(Self::Undefined, Self::Number)
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Undefined => None,
            Self::Count(value) => Some(*value as f64),
            Self::Number(value) => Some(*value),
            Self::Value(value) => value.as_f64(),
        }
    }

    /// The value at full precision.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Undefined => Value::Null,
            Self::Count(value) => Value::from(*value),
            Self::Number(value) => Value::from(*value),
            Self::Value(value) => value.to_json(),
        }
    }

    /// The value at full precision, empty when undefined.
    fn exact(&self) -> String {
        match self {
            Self::Undefined => String::new(),
            Self::Count(value) => value.to_string(),
            Self::Number(value) => Value::from(*value).to_string(),
            Self::Value(value) => value.to_string(),
        }
    }
}

/// How the numbers of a column are rounded for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Two decimals, grouped.
    Money,
    /// So many decimals.
    Decimals(usize),
    /// As they are.
    Exact,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Stable name: a metric's key, `param.<name>`, `trial_id`, ...
    pub name: String,
    /// Heading for people; the name's last part when shorter.
    pub heading: String,
    /// Rounding for people.
    pub rounding: Rounding,
}

impl Column {
    /// A column whose heading is its name without the prefix `param.`.
    pub fn new(name: impl Into<String>, rounding: Rounding) -> Self {
        let name = name.into();
        let heading = name.strip_prefix("param.").unwrap_or(&name).to_owned();
        Self { name, heading, rounding }
    }

    /// The column with another heading.
    #[must_use]
    pub fn headed(mut self, heading: &str) -> Self {
        heading.clone_into(&mut self.heading);
        self
    }
}

/// Rows of cells under named columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Columns, left to right.
    pub columns: Vec<Column>,
    /// Rows, top to bottom; as many cells as columns.
    pub rows: Vec<Vec<Cell>>,
}

/// Which way a column is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Large values first.
    LargestFirst,
    /// Small values first.
    SmallestFirst,
}

impl Table {
    /// Place of a column by name or, where that is unambiguous, by heading.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.name == name)
            .or_else(|| self.columns.iter().position(|column| column.heading == name))
    }

    /// Sorts by a column; undefined last either way, ties keep their order.
    pub fn sort_by(&mut self, column: usize, order: Order) {
        self.rows.sort_by(|a, b| {
            let (a, b) = (&a[column], &b[column]);
            match (a.as_f64(), b.as_f64()) {
                (Some(x), Some(y)) if order == Order::LargestFirst => y.total_cmp(&x),
                (Some(x), Some(y)) => x.total_cmp(&y),
                (None, None) => a.exact().cmp(&b.exact()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            }
        });
    }

    /// The table with only these columns, in this order.
    #[must_use]
    pub fn select(&self, columns: &[usize]) -> Self {
        Self {
            columns: columns.iter().map(|&c| self.columns[c].clone()).collect(),
            rows: self.rows.iter().map(|row| columns.iter().map(|&c| row[c].clone()).collect()).collect(),
        }
    }

    /// The cell as a person reads it; undefined is `-`.
    pub fn shown(&self, row: usize, column: usize) -> String {
        let rounding = self.columns[column].rounding;
        match (&self.rows[row][column], rounding) {
            (Cell::Undefined, _) => "-".to_owned(),
            (Cell::Number(value), Rounding::Money) => numbers::money(*value),
            (Cell::Number(value), Rounding::Decimals(digits)) => numbers::ratio(*value, digits),
            (cell, _) => cell.exact(),
        }
    }

    /// A list of objects, full precision, one row per line.
    pub fn to_json(&self) -> String {
        let object = |row: &Vec<Cell>| {
            let pairs = self.columns.iter().zip(row).map(|(c, cell)| (c.name.clone(), cell.to_json()));
            Value::Object(pairs.collect()).to_string()
        };
        let rows: Vec<_> = self.rows.iter().map(|row| format!("  {}", object(row))).collect();
        if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
    }

    /// Comma separated with a header; quoted where needed; undefined is empty.
    pub fn to_csv(&self) -> String {
        let mut text = csv_line(self.columns.iter().map(|column| column.name.clone()));
        for row in &self.rows {
            text.push_str(&csv_line(row.iter().map(Cell::exact)));
        }
        text
    }

    /// A Markdown table, numbers rounded and right-aligned.
    pub fn to_markdown(&self) -> String {
        let escape = |text: &str| text.replace('|', "\\|");
        let mut text = String::from("|");
        for column in &self.columns {
            let _ = write!(text, " {} |", escape(&column.heading));
        }
        text.push_str("\n|");
        for column in 0..self.columns.len() {
            text.push_str(if self.is_numeric(column) { " ---: |" } else { " --- |" });
        }
        text.push('\n');
        for row in 0..self.rows.len() {
            text.push('|');
            for column in 0..self.columns.len() {
                let _ = write!(text, " {} |", escape(&self.shown(row, column)));
            }
            text.push('\n');
        }
        text
    }

    /// Whether every defined cell of a column is a number.
    pub fn is_numeric(&self, column: usize) -> bool {
        self.rows.iter().all(|row| row[column] == Cell::Undefined || row[column].as_f64().is_some())
    }
}

fn csv_line(fields: impl Iterator<Item = String>) -> String {
    let quoted = fields.map(|field| {
        let plain = !field.contains([',', '"', '\n', '\r']);
        if plain { field } else { format!("\"{}\"", field.replace('"', "\"\"")) }
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = vec![
            Column::new("trial_id", Rounding::Exact).headed("trial"),
            Column::new("profit_net", Rounding::Money),
            Column::new("param.mode", Rounding::Exact),
        ];
        let row = |id, profit, mode: &str| {
            vec![Cell::Count(id), Cell::optional(profit), Cell::Value(ParamValue::text(mode))]
        };
        let rows =
            vec![row(7, Some(0.1 + 0.2), "a,b"), row(3, None, "say \"x\""), row(5, Some(-1234.5), "c|d")];
        Table { columns, rows }
    }

    #[test]
    fn csv_and_json_keep_every_digit_and_quote() {
        let csv = "trial_id,profit_net,param.mode\n7,0.30000000000000004,\"a,b\"\n3,,\"say \"\"x\"\"\"\n5,-1234.5,c|d\n";
        assert_eq!(table().to_csv(), csv);
        let back: Value = serde_json::from_str(&table().to_json()).expect("JSON");
        assert_eq!(back[0]["profit_net"], 0.1 + 0.2);
        assert_eq!(back[1]["profit_net"], Value::Null);
        assert_eq!(Table::default().to_json(), "[]\n");
    }

    #[test]
    fn markdown_rounds_and_escapes() {
        let expected = "| trial | profit_net | mode |\n| ---: | ---: | --- |\n| 7 | 0.30 | a,b |\n\
                        | 3 | - | say \"x\" |\n| 5 | -1,234.50 | c\\|d |\n";
        assert_eq!(table().to_markdown(), expected);
    }

    #[test]
    fn undefined_sorts_last_in_both_directions() {
        let ids = |table: &Table| table.rows.iter().filter_map(|r| r[0].as_f64()).collect::<Vec<_>>();
        let mut table = table();
        table.sort_by(1, Order::LargestFirst);
        assert_eq!(ids(&table), [7.0, 5.0, 3.0]);
        table.sort_by(1, Order::SmallestFirst);
        assert_eq!(ids(&table), [5.0, 7.0, 3.0]);
    }

    #[test]
    fn columns_are_found_by_name_or_heading() {
        assert_eq!(table().find("param.mode"), Some(2));
        assert_eq!(table().find("mode"), Some(2));
        assert_eq!(table().find("trial"), Some(0));
        assert_eq!(table().find("profit"), None);
    }
}
