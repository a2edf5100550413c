//! `events.jsonl`: what happened when, one JSON object per line. Trouble with it never stops a run.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::StoreError;
use crate::types::Timestamp;

/// Name of the file.
pub const EVENTS: &str = "events.jsonl";

/// The event log of a run folder.
#[derive(Debug, Clone)]
pub struct EventLog(PathBuf);

impl EventLog {
    /// The log of a folder; the file appears with the first event.
    pub fn new(root: &Path) -> Self {
        Self(root.join(EVENTS))
    }

    /// Appends an event: `at` when known, `event` its name (`start`, `resume`, `failure`, `holdout_opened`, ...), then the
    /// details.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn append(
        &self,
        event: &str,
        at: Option<Timestamp>,
        details: Map<String, Value>,
    ) -> Result<(), StoreError> {
        let mut line = Map::new();
        if let Some(at) = at {
            line.insert("at".to_owned(), Value::from(at.to_string()));
        }
        line.insert("event".to_owned(), Value::from(event));
        line.extend(details);
        self.write(&Value::Object(line).to_string())
            .map_err(|source| StoreError::disk("append to", &self.0, source))
    }

    fn write(&self, line: &str) -> std::io::Result<()> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.0)?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        // A line cut by a crash stays alone on its line.
        let separator = if last == [b'\n'] { "" } else { "\n" };
        file.write_all(format!("{separator}{line}\n").as_bytes())
    }

    /// All readable events, oldest first; a torn line is left out.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn read(&self) -> Result<Vec<Value>, StoreError> {
        let text = match std::fs::read(&self.0) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(StoreError::disk("read", &self.0, error)),
        };
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_costs_itself_only() {
        let temp = tempfile::tempdir().unwrap();
        let log = EventLog::new(temp.path());
        assert!(log.read().unwrap().is_empty());
        log.append("start", Some(Timestamp(0)), Map::new()).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(temp.path().join(EVENTS))
            .and_then(|mut file| file.write_all(b"{\"event\":\"res"))
            .unwrap();
        let details = Map::from_iter([("chunk".to_owned(), Value::from(3))]);
        log.append("damaged", None, details).unwrap();
        let events: Vec<String> = log.read().unwrap().iter().map(Value::to_string).collect();
        assert_eq!(
            events,
            ["{\"at\":\"1970-01-01T00:00:00Z\",\"event\":\"start\"}", "{\"event\":\"damaged\",\"chunk\":3}"]
        );
    }
}
