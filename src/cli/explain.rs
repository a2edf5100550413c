//! Long texts of every code a message can carry. Those of the sweep file live with its checks; here are the others.

use crate::config;

/// A code in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Explained {
    /// `E105`, `ohlc_inconsistent`.
    pub(crate) code: &'static str,
    /// What it means, in a line.
    pub(crate) title: &'static str,
    /// Why it is refused and what to do.
    pub(crate) text: &'static str,
}

/// Every code: sweep file, strategy and trial, run folder, verify, data.
pub(crate) fn all() -> impl Iterator<Item = Explained> {
    let file = config::explain::codes().filter_map(|code| {
        let (title, text) = config::explain::text(code)?;
        Some(Explained { code, title, text })
    });
    file.chain(CODES.iter().chain(&DATA).map(|&(code, title, text)| Explained { code, title, text }))
}

/// The code of a name, in any case.
pub(crate) fn find(code: &str) -> Option<Explained> {
    all().find(|known| known.code.eq_ignore_ascii_case(code))
}

/// The code closest to a name nobody knows.
pub(crate) fn closest(code: &str) -> Option<&'static str> {
    let code = code.to_lowercase();
    all()
        .map(|known| (strsim::damerau_levenshtein(&code, &known.code.to_lowercase()), known.code))
        .filter(|(distance, known)| *distance <= 1.max(known.len() / 4))
        .min()
        .map(|(_, known)| known)
}

const CODES: [(&str, &str, &str); 22] = [
    (
        "E151",
        "walk-forward windows that cannot be judged",
        "Tests that overlap cannot be joined to one account, so `step` must be at least as long as `test`. And a set \
         that gave a result in training must give one in its test: the message names the window and what stopped it.",
    ),
    (
        "E201",
        "unknown symbol",
        "The symbol table does not know the name, so its pip size, lot limits and currencies are unknown. Symbols that \
         look like currency pairs, metals and coins are built in; others are described under `data.symbol_table`, or \
         taken for shares where the file allows it.",
    ),
    (
        "E202",
        "no parameter set can be bound to the data",
        "The strategy refuses every set: a series, timeframe or second symbol it needs is not loaded. Add the \
         timeframe to `data.timeframes.additional`, or the symbol to `data.symbols`.",
    ),
    (
        "E203",
        "a series cannot be computed",
        "A parameter set asks for an indicator on a symbol or timeframe that is not loaded, or with a length that has \
         no meaning. The message names the series; change the parameter's range or load what is missing.",
    ),
    (
        "E204",
        "a strategy that knows the future",
        "The market after an instant was replaced by noise, and something the strategy computed or decided at or \
         before that instant changed. The message names the series or the decision, the bar and both values. Usual \
         causes: a value of the next bar, a higher bar that still runs, a mean over the whole history. With \
         `allow_lookahead` in the engine settings higher bars are shown before they are complete, and this is what it \
         finds. Results of such a strategy cannot be traded.",
    ),
    (
        "E205",
        "a warm-up that is too short",
        "The second half of the data was run twice, with all bars before it and with as many as `data.warmup_bars` \
         puts in front of the study, and a trade differs: its indicators still remember where the history began, so \
         the first trades depend on the first date. The message names the trade, the series that differs most, and a \
         length that is enough. `warmup_bars` counts bars of the longest timeframe in calendar time.",
    ),
    (
        "E206",
        "the strategy cannot be tested",
        "A parameter set could not be run for the test: the message says why. It would fail in a sweep as well.",
    ),
    (
        "E301",
        "the run folder belongs to another study",
        "A run folder holds one study: the resolved sweep file, the data and the engine version it began with. The \
         message lists what differs. A run of another engine version can be continued with --accept-version, which \
         marks it; anything else starts again with --fresh (the old folder is moved aside, never deleted) or in \
         another folder with --out.",
    ),
    (
        "E302",
        "shards that do not fit together",
        "Joined parts must be of one study and hold every chunk exactly once. The message names the trials that are \
         missing or there twice.",
    ),
    (
        "E303",
        "another process writes the run folder",
        "Only one process may write a run folder. The message names its process id and host; wait for it, stop it, or \
         choose another folder with --out. A lock left behind by a killed process is released by the system.",
    ),
    (
        "E304",
        "a stored file is damaged",
        "The bytes of a file no longer match the digest in its name, or its rows no longer match theirs. Running the \
         same sweep again repeats the damaged chunk alone and moves the damaged file aside.",
    ),
    (
        "E305",
        "a file of a later program",
        "The format version of the file is newer than this program knows. Use the program that wrote it, or a newer \
         one.",
    ),
    (
        "E306",
        "not a run folder",
        "The folder holds files and no manifest.json, so it is not touched. Choose an empty or new folder with --out.",
    ),
    (
        "E307",
        "the disk refused",
        "A file could not be written or read: no space, no rights, or the medium is gone. Finished chunks are safe; \
         make room or rights and run the same command again, it goes on with what is missing.",
    ),
    (
        "E308",
        "the system gave no threads",
        "As many threads as asked for could not be started. Use fewer with --threads; the result does not depend on \
         it.",
    ),
    (
        "E309",
        "a result that cannot be stored",
        "A value does not fit its column. This is a bug of the program: report the message and the sweep file.",
    ),
    (
        "E401",
        "a trial gives another result than the stored one",
        "The trial was simulated again with the stored parameters, data and seed, and differs. Either the stored file \
         was changed, or the program is not the one that wrote it, or the strategy is not deterministic. The message \
         names the trial, the column and both values.",
    ),
    (
        "E402",
        "a stored chunk is damaged",
        "The bytes of a chunk do not match its name. The message names the trials it holds. Run the sweep again: it \
         repeats this chunk alone.",
    ),
    (
        "E403",
        "a stored chunk is missing",
        "The run was finished, and a chunk is no longer there. Run the sweep again: it makes this chunk alone.",
    ),
    (
        "E900",
        "internal error",
        "The program met a state it holds to be impossible. Results on disk are whole. Report the message, the sweep \
         file and the version; -vv adds a stack trace.",
    ),
    (
        "file_not_found",
        "the path does not exist",
        "The message names the path and, for a folder, what it does hold. Relative paths in a sweep file count from \
         the folder of that file; on standard input from the working directory.",
    ),
    (
        "memory_limit",
        "the memory budget does not suffice",
        "Market data and shared series must fit --memory (75 % of available memory by default). Give more, use fewer \
         symbols or a shorter range with `data.from` and `data.to`, or smaller chunks with `output.chunk_trials`.",
    ),
];

const DATA: [(&str, &str, &str); 40] = [
    (
        "file_unreadable",
        "the system refused to read or write",
        "Check the permissions, and whether the path is a file.",
    ),
    (
        "missing_side",
        "bid or ask is missing",
        "Costs are taken from bid and ask. Put the file of the other side beside this one, or let a spread make it: \
         \"spread_pips\" in the sweep file, --spread on import.",
    ),
    ("empty_file", "the file has no bytes", "A download or copy was cut off; fetch the file again."),
    (
        "unknown_format",
        "no importer recognises the content",
        "Error pages of web sites and archives with several members are the usual cause. Name the format with \
         `data import --format`.",
    ),
    (
        "corrupt_parquet",
        "the Parquet file is damaged",
        "Magic, footer, a page header, decompression or a checksum fails. Fetch or import the file again.",
    ),
    (
        "invalid_text",
        "not readable as text",
        "The file holds NUL bytes or is neither UTF-8 nor marked UTF-16. Export it again as UTF-8.",
    ),
    (
        "no_rows",
        "a header and no rows",
        "There is nothing to trade on. Check the export and the range asked for.",
    ),
    (
        "missing_column",
        "a required column is missing",
        "Needed are timestamp, open, high, low and close, under these or the usual names. `data import --columns` \
         names them.",
    ),
    (
        "duplicate_column",
        "two columns for one role",
        "Two columns could both be the time or the same price. Remove one, or name the right one with `data import \
         --columns`.",
    ),
    (
        "wrong_column_type",
        "a column of the wrong type",
        "Texts, booleans, lists or decimals stand where numbers or times belong. Import the file instead of using it \
         directly.",
    ),
    (
        "metadata_mismatch",
        "the file says it is something else",
        "Symbol, timeframe or side in the file's metadata differ from its name or from what was asked. One of the two \
         is wrong; rename the file or import it again.",
    ),
    (
        "digest_mismatch",
        "the file is not the one the catalog lists",
        "Its checksum differs from `dataset.json`: it changed after the catalog was written. Import or generate it \
         again.",
    ),
    (
        "timezone_missing",
        "times without a zone",
        "Local times are worth nothing without their zone. Name it: `data import --tz Europe/Athens`, or UTC.",
    ),
    (
        "mixed_timezones",
        "some times have a zone, others none",
        "Rows with and without an offset cannot be put on one clock. Export them in one form.",
    ),
    (
        "null_value",
        "a value is missing",
        "A required column holds a null. Remove the row at its source, or import with --drop-bad-rows: each dropped \
         row is listed.",
    ),
    ("csv_field_count", "a row with too few or too many fields", "The message names the line; correct it."),
    (
        "csv_bad_number",
        "a field that is not a number",
        "The message names line, column and text; correct it.",
    ),
    (
        "csv_bad_timestamp",
        "a field that is not a time",
        "The message names line, column and text; correct it.",
    ),
    (
        "nonexistent_local_time",
        "a local time that never was",
        "The clock jumped over it in spring. The zone is probably not the one of the file: check --tz.",
    ),
    (
        "ambiguous_local_time",
        "a local time that was twice",
        "The clock was set back in autumn. Say which one is meant with --on-ambiguous first, second or drop.",
    ),
    (
        "timestamp_out_of_range",
        "a time before 1971 or after 2100",
        "Usually seconds or milliseconds were read as microseconds. Check the unit of the time column.",
    ),
    (
        "unsorted_timestamps",
        "rows out of order",
        "A row is earlier than the one before. `data import --sort` puts them in order and says how many moved.",
    ),
    (
        "duplicate_timestamp",
        "two rows of one time",
        "Identical copies can be dropped by policy (`data.policy`); rows that differ must be corrected at the source.",
    ),
    (
        "timeframe_mismatch",
        "the bars belong to a longer timeframe",
        "All times lie on the grid of a longer timeframe, M5 bars in an M1 file for example. Name the right timeframe.",
    ),
    (
        "timestamp_off_grid",
        "a time that is not on the grid",
        "A bar must open on a multiple of its timeframe. `data import --floor` moves times down to the grid.",
    ),
    (
        "gap_too_large",
        "a hole of more than two weeks",
        "Indicators across such a hole mean nothing. Fill it, start after it with `data.from`, or allow it in \
         `data.policy`.",
    ),
    (
        "non_finite_price",
        "a price that is no number",
        "NaN or infinity. Correct the source, or import with --drop-bad-rows: each dropped row is listed.",
    ),
    ("non_finite_volume", "a volume that is no number", "NaN or infinity. Correct the source."),
    (
        "non_positive_price",
        "a price of zero or less",
        "Usually a row of zeros. Correct the source, or import with --drop-bad-rows.",
    ),
    (
        "ohlc_inconsistent",
        "open, high, low and close contradict each other",
        "High must be the largest and low the smallest of the four. A stop or target could be hit that the market \
         never reached, so such rows are refused and never repaired silently. Fix the source, or import again with \
         --drop-bad-rows: each dropped row is listed.",
    ),
    ("negative_volume", "a volume below zero", "Correct the source."),
    (
        "no_common_timestamps",
        "no instant in common",
        "Bid and ask, or the symbols of an intersection, share no bar. They are of different periods or timeframes.",
    ),
    (
        "bid_ask_misaligned",
        "bid and ask fit together badly",
        "More than one bar in a hundred has no partner. The two files are of different sources or periods.",
    ),
    (
        "crossed_quote",
        "bid above ask",
        "At an open or close the bid is higher than the ask. Real feeds have some; `data.policy` can drop them or put \
         both at the middle. If most bars are crossed, the two files are exchanged.",
    ),
    (
        "date_range_empty",
        "no bar in the range",
        "`data.from` and `data.to` leave nothing, or the hold-out and the warm-up take all of it.",
    ),
    (
        "limit_exceeded",
        "a line or file beyond all reason",
        "A line of more than 1 MiB, a compressed file that unpacks to more than a hundred times its size, or a Parquet \
         footer of more than 10,000 columns or 8 MiB. The limits are generous; they keep a broken or hostile file from \
         filling memory or disk.",
    ),
    (
        "gap_long",
        "warning: a hole in the data",
        "More than four days without a bar, or more than a day of open market. Trades held over it meet its far end.",
    ),
    (
        "float32_prices",
        "warning: prices stored with 24 bits",
        "About seven digits are left of every price. Import from the source in full precision where it exists.",
    ),
    (
        "crossed_range",
        "warning: highs or lows of bid and ask cross",
        "Bid and ask take their extremes at different ticks; a few per cent of the bars of real feeds are like this.",
    ),
    (
        "price_jump",
        "warning: a close that jumps",
        "By more than a tenth (currencies) or a half (others). A split, a wrong digit, or the day the peg broke.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataCode;
    use crate::store::StoreError;

    #[test]
    fn every_code_of_the_data_has_a_text() {
        for code in DataCode::ALL {
            assert!(find(code.as_str()).is_some(), "{code}");
        }
    }

    #[test]
    fn every_code_of_the_run_folder_has_a_text() {
        let path = std::path::PathBuf::new();
        let errors = [
            StoreError::OtherStudy { path: path.clone(), differences: Vec::new(), only_version: false },
            StoreError::Shards { what: String::new() },
            StoreError::Locked { path: path.clone(), pid: String::new(), host: String::new() },
            StoreError::Damaged { path: path.clone(), how: String::new() },
            StoreError::NewerFormat { path: path.clone(), found: String::new(), supported: 1 },
            StoreError::NotARunFolder { path: path.clone(), found: String::new() },
            StoreError::Disk { action: "", path, bytes: None, source: std::io::Error::other("") },
            StoreError::Encode { what: String::new(), reason: String::new() },
        ];
        for error in errors {
            assert!(find(error.code()).is_some(), "{}", error.code());
        }
    }

    #[test]
    fn codes_are_found_in_any_case_and_a_misspelt_one_leads_to_the_nearest() {
        assert_eq!(find("e105").map(|found| found.code), Some("E105"));
        assert_eq!(closest("ohlc_inconsistnt"), Some("ohlc_inconsistent"));
        assert_eq!(closest("something else"), None);
    }

    #[test]
    fn no_code_stands_twice() {
        let mut codes: Vec<_> = all().map(|one| one.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
