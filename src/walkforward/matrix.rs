//! Many pairs of training and test lengths beside each other (`walk_forward_and_robustness.md` section 2).

/// Which cells passed, and how their neighbourhoods did. Rows are training lengths, columns test lengths.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Whether a cell passed.
    pub pass: Vec<Vec<bool>>,
    /// Share of passing cells among a cell and those around it, at the edges fewer.
    pub neighbourhood: Vec<Vec<f64>>,
    /// Share of all cells that passed; 0 without cells.
    pub pass_share: f64,
}

impl Matrix {
    /// Judges cells by their out-of-sample objective (larger is better; `None` where it is undefined or a requirement
    /// failed): more than `threshold` passes.
    pub fn new(objectives: &[Vec<Option<f64>>], threshold: f64) -> Self {
        let passes = |value: &Option<f64>| value.is_some_and(|value| value > threshold);
        let pass: Vec<Vec<bool>> = objectives.iter().map(|row| row.iter().map(passes).collect()).collect();
        let neighbourhood = (0..pass.len())
            .map(|row| (0..pass[row].len()).map(|column| share(around(&pass, row, column))).collect())
            .collect();
        let pass_share = share(pass.iter().flatten().copied());
        Self { pass, neighbourhood, pass_share }
    }

    /// Whether some cell's neighbourhood passes to two thirds.
    pub fn stable(&self) -> bool {
        self.neighbourhood.iter().flatten().any(|&share| share >= 2.0 / 3.0)
    }
}

fn around(pass: &[Vec<bool>], row: usize, column: usize) -> impl Iterator<Item = bool> {
    let rows = pass.iter().take(row + 2).skip(row.saturating_sub(1));
    rows.flat_map(move |cells| cells.iter().take(column + 2).skip(column.saturating_sub(1)).copied())
}

fn share(cells: impl Iterator<Item = bool>) -> f64 {
    let (mut passed, mut count) = (0_u32, 0_u32);
    for cell in cells {
        passed += u32::from(cell);
        count += 1;
    }
    if count == 0 { 0.0 } else { f64::from(passed) / f64::from(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undefined_cell_does_not_pass() {
        let matrix = Matrix::new(&[vec![None, Some(0.1)], vec![Some(0.0), Some(0.2)]], 0.0);
        assert_eq!(matrix.pass, [[false, true], [false, true]]);
        assert_eq!(matrix.neighbourhood, [[0.5, 0.5], [0.5, 0.5]]);
        assert!(!matrix.stable());
    }
}
