//! The bars a workload runs on: a folder of the user's, or a generated market of the same size.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::BenchError;
use crate::data::MultiSymbolData;
use crate::data::derived::generate_files;
use crate::data::synthetic::{GenerateSettings, GeneratedLength};
use crate::job::JobError;
use crate::types::{Timeframe, Timestamp};

/// M1 bars of the workloads' market, and of a generated one unless another number is asked for.
pub const MARKET_BARS: usize = 500_000;
/// Symbol of the generated market.
const GENERATED: &str = "EURUSD";
/// Fingerprint of the market `SYN01` for which the results of W1, W2 and W3 are recorded.
const REFERENCE: &str = "9fbca0fdb1bb6ea06de198d8884b7d55057c03637e12bd40705ec94ecd85036c";

/// Where the bars are.
#[derive(Debug)]
pub enum Market {
    /// A folder in the usual layout, made by the workloads' own generator or not.
    Folder(PathBuf),
    /// Generated bars, in a folder that goes when this value does.
    Generated(TempDir),
}

impl Market {
    /// Generates `bars` M1 bars from the day on which the workloads' market begins.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn generate(bars: usize) -> Result<Self, BenchError> {
        let folder = tempfile::Builder::new().prefix("omega-sweep-bench-").tempdir()?;
        let settings = GenerateSettings {
            seed: 1,
            symbols: vec![GENERATED.to_owned()],
            timeframe: Timeframe::M1,
            from: Timestamp::parse_iso("2020-01-02T00:00:00Z").expect("a date"),
            length: GeneratedLength::Bars(bars),
        };
        generate_files(&settings, folder.path()).map_err(JobError::from)?;
        Ok(Self::Generated(folder))
    }

    /// What makes a workload's sweep file read these bars, as values of `--set`.
    pub(super) fn overrides(&self) -> Vec<String> {
        let path = |path: &Path| format!("data.path={}", serde_json::json!(path));
        match self {
            Self::Folder(folder) => vec![path(folder)],
            Self::Generated(folder) => vec![path(folder.path()), format!("data.symbols=[\"{GENERATED}\"]")],
        }
    }
}

/// Whether these are the bars for which the results of W1, W2 and W3 are recorded.
pub(super) fn is_reference(data: &MultiSymbolData) -> bool {
    data.fingerprint().to_string() == REFERENCE
}
