//! The identity of a study: what decides its results, hashed (`search.md` section 7).

use serde_json::{Map, Value as Json};

use super::spec::JobSpec;
use crate::types::{Digest, DigestWriter};

impl JobSpec {
    /// Digest of the resolved file without `output` (but with its chunk size) and budgets of time, of the data and of
    /// the engine's version. Two runs with equal ids have equal results.
    pub fn study_id(&self, data_fingerprint: Digest, version: &str) -> Digest {
        let text = Json::from(self.decisive()).to_string();
        DigestWriter::new("omega-sweep study").text(&text).digest(data_fingerprint).text(version).finish()
    }

    /// The resolved file, reduced to what decides the results.
    fn decisive(&self) -> Map<String, Json> {
        let mut decisive = self.resolved.as_object().cloned().unwrap_or_default();
        let output = decisive.remove("output");
        let chunk_trials = output.and_then(|output| output.get("chunk_trials").cloned());
        decisive.insert("chunk_trials".to_owned(), chunk_trials.unwrap_or_default());
        if let Some(Json::Object(budget)) = decisive.get_mut("budget") {
            budget.remove("max_wall");
        }
        decisive
    }
}
