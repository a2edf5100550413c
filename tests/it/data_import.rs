//! Foreign files against the series they hold, and damaged files against the message they deserve.

#![expect(
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "counts of small vectors; a skipped comparison says so"
)]

use std::io::Write;
use std::path::{Path, PathBuf};

use omega_sweep::data::derived::{ResampleSettings, generate_files, resample_files};
use omega_sweep::data::import::{Format, ImportSettings, ImportedSeries, Label, OnAmbiguous, import, read};
use omega_sweep::data::quality::{check, info};
use omega_sweep::data::report::WarningCode;
use omega_sweep::data::resample::{ResampleRule, SundayBars};
use omega_sweep::data::settings::{DataSource, Holdout, OnDuplicate};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength};
use omega_sweep::data::{AlignmentSettings, DataCode, DataError, DataSettings, DayAnchor, QuoteSide, open};
use omega_sweep::types::{Timeframe, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

use crate::fixture::random_cases;
use crate::golden;

pub(crate) fn manifest(topic: &str, list: &str) -> Option<(PathBuf, Vec<Value>)> {
    let Some(folder) = golden::shared().map(|root| root.join("golden").join(topic)) else {
        println!("skipped: {topic} files are cut from real bars, which are not here");
        return None;
    };
    let text = std::fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let cases = manifest[list].as_array().expect("a list").clone();
    Some((folder, cases))
}

pub(crate) fn files(folder: &Path, case: &Value) -> Vec<PathBuf> {
    let list = case["files"].as_array().expect("files");
    list.iter().map(|file| folder.join(file.as_str().expect("a name"))).collect()
}

/// Options of a case as a user would give them.
pub(crate) fn settings(format: Option<&str>, options: &Value) -> ImportSettings {
    let text = |key: &str| options[key].as_str().map(str::to_owned);
    let mut settings = ImportSettings {
        format: format.map(|name| Format::parse(name).unwrap_or_else(|| panic!("format {name}"))),
        symbol: text("symbol"),
        timeframe: text("timeframe")
            .or_else(|| text("to_timeframe"))
            .map(|name| name.parse().expect("a timeframe")),
        side: text("side").map(|name| QuoteSide::parse(&name).expect("a side")),
        digits: options["digits"].as_u64().map(|digits| digits as u32),
        delimiter: text("delimiter").map(|sign| sign.as_bytes()[0]),
        decimal: text("decimal").map_or('.', |sign| sign.chars().next().expect("a sign")),
        columns: text("columns"),
        spread: text("spread").map(|number| number.parse().expect("a number")),
        both_sides: options["sides"] == "BID,ASK",
        ..ImportSettings::default()
    };
    // One sample writes the zone with a remark: `EET-EU (Europe/Athens)`.
    settings.policy.tz = text("tz").map(|zone| match zone.split_once('(') {
        Some((_, iana)) => iana.trim_end_matches(')').to_owned(),
        None => zone,
    });
    settings
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn check_series(id: &Value, found: &[ImportedSeries], expected: &Value) {
    let expected = expected["series"].as_array().expect("series");
    let sides: usize = found.iter().map(|one| one.sides.len()).sum();
    assert_eq!(sides, expected.len(), "{id}");
    for one in expected {
        let series = found
            .iter()
            .find(|found| one["symbol"] == found.symbol && one["timeframe"] == found.timeframe.as_str())
            .unwrap_or_else(|| panic!("{id}: no {one}"));
        let side = series
            .sides
            .iter()
            .find(|side| one["side"] == side.side.as_str())
            .unwrap_or_else(|| panic!("{id}: no side {}", one["side"]));
        let times: Vec<i64> = one["timestamp"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|v| v.as_i64().expect("a time"))
            .collect();
        assert_eq!(series.bars.times(), times, "{id}");
        let prices = side.prices(&series.bars);
        for (name, column) in ["open", "high", "low", "close"].iter().zip(prices.columns()) {
            assert_eq!(column, &numbers(&one[*name]), "{id} {} {name}", one["side"]);
        }
        assert_eq!(side.volume(&series.bars), numbers(&one["volume"]), "{id} {} volume", one["side"]);
    }
}

#[test]
fn every_foreign_sample_gives_its_bars() {
    let Some((folder, samples)) = manifest("import", "samples") else { return };
    assert_eq!(samples.len(), 36);
    for sample in &samples {
        let settings = settings(sample["format"].as_str(), &sample["options"]);
        let (found, _) = read(&settings, &files(&folder, sample))
            .unwrap_or_else(|error| panic!("{}: {error}", sample["id"]));
        let text = std::fs::read_to_string(folder.join(sample["expected"].as_str().expect("a file")));
        let expected: Value = serde_json::from_str(&text.expect("an answer")).expect("JSON");
        check_series(&sample["id"], &found, &expected);
    }
}

#[test]
fn formats_are_recognised_without_being_named() {
    let Some((folder, samples)) = manifest("import", "samples") else { return };
    for sample in &samples {
        let settings = settings(None, &sample["options"]);
        let (_, reports) = read(&settings, &files(&folder, sample))
            .unwrap_or_else(|error| panic!("{}: {error}", sample["id"]));
        assert_eq!(reports[0].format.as_str(), sample["format"], "{}", sample["id"]);
    }
}

#[test]
fn skipped_rows_of_nulls_are_counted() {
    let Some((folder, samples)) = manifest("import", "samples") else { return };
    let sample = samples.iter().find(|sample| sample["id"] == "yahoo_daily_null_row").expect("the sample");
    let (_, reports) = read(&settings(None, &sample["options"]), &files(&folder, sample)).expect("read");
    assert_eq!((reports[0].null_rows, reports[0].rows), (1, 12));
}

#[test]
fn every_damaged_file_gets_its_code_row_and_column() {
    let Some((folder, cases)) = manifest("bad", "cases") else { return };
    assert_eq!(cases.len(), 57);
    for case in &cases {
        let options = &case["options"];
        let is_text =
            Path::new(case["files"][0].as_str().expect("a file")).extension().is_some_and(|e| e == "csv");
        let format = options["format"].as_str().or((!is_text).then_some("parquet"));
        let settings = settings(format, options);
        check_damage(case, read(&settings, &files(&folder, case)).map(|(series, _)| series));
    }
}

fn check_damage(case: &Value, result: Result<Vec<ImportedSeries>, DataError>) {
    let (id, expect) = (&case["id"], &case["expect"]);
    if expect["severity"] == "warning" {
        let series = result.unwrap_or_else(|error| panic!("{id}: {error}"));
        let warning = &series[0].report.warnings[0];
        let found = (warning.code.as_str(), warning.row as u64, warning.column.as_deref());
        let expected = (
            expect["code"].as_str().expect("a code"),
            expect["row"].as_u64().expect("a row"),
            expect["column"].as_str(),
        );
        assert_eq!(found, expected, "{id}");
        return;
    }
    let error = result.map(|series| series.len()).expect_err(&format!("{id} must be refused"));
    let problem = error.problem();
    let also = expect["also_accepted"].as_array();
    if also.is_some_and(|list| list.contains(&error.code().as_str().into())) {
        return;
    }
    let found = (error.code().as_str(), problem.row, problem.column.as_deref());
    let expected =
        (expect["code"].as_str().expect("a code"), expect["row"].as_u64(), expect["column"].as_str());
    assert_eq!(found, expected, "{id}: {error}");
    let text = error.to_string();
    assert!(text.contains(expect["detail"].as_str().unwrap_or_default()), "{id}: {text}");
    assert!(problem.path.is_some() && text.contains(error.code().as_str()), "{id}: {text}");
    assert!(problem.hint.is_some(), "{id} has no remedy: {text}");
    let counted = matches!(problem.code, DataCode::CsvFieldCount | DataCode::NullValue);
    assert!(problem.row.is_none() || problem.value.is_some() || counted, "{id} shows no value: {text}");
}

const OMEGA: &str = "UTC time,Open,High,Low,Close,Volume";

fn omega(rows: &[&str]) -> (tempfile::TempDir, Vec<PathBuf>) {
    text_file("EURUSD_M1_BID.csv", &format!("{OMEGA}\n{}\n", rows.join("\n")))
}

fn text_file(name: &str, text: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    (folder, vec![path])
}

fn times(settings: &ImportSettings, files: &[PathBuf]) -> Result<Vec<String>, DataCode> {
    let (series, _) = read(settings, files).map_err(|error| error.code())?;
    let times = series[0].bars.times();
    Ok(times.iter().map(|&time| Timestamp(time).to_string()[11..16].to_owned()).collect())
}

const A: &str = "2024-01-02 10:00:00+00:00,1.1,1.2,1.0,1.1,5";
const B: &str = "2024-01-02 10:01:00+00:00,1.1,1.2,1.0,1.1,5";

#[test]
fn identical_repeats_may_be_left_out_and_divergent_ones_not() {
    let mut settings = ImportSettings::default();
    let (_folder, files) = omega(&[A, A, B]);
    assert_eq!(times(&settings, &files), Err(DataCode::DuplicateTimestamp));
    settings.policy.on_duplicate = OnDuplicate::KeepFirst;
    assert_eq!(times(&settings, &files), Ok(vec!["10:00".to_owned(), "10:01".to_owned()]));
    let (_folder, files) = omega(&[A, &A.replace("1.1,5", "1.2,5"), B]);
    assert_eq!(times(&settings, &files), Err(DataCode::DuplicateTimestamp));
}

#[test]
fn rows_are_sorted_floored_and_shifted_only_when_asked() {
    let off = "2024-01-02 10:01:20+00:00,1.1,1.2,1.0,1.1,5";
    let (_folder, files) = omega(&[off, A]);
    assert_eq!(times(&ImportSettings::default(), &files), Err(DataCode::TimestampOffGrid));
    let sort = ImportSettings { sort: true, ..ImportSettings::default() };
    assert_eq!(times(&sort, &files), Err(DataCode::TimestampOffGrid));
    let floor = ImportSettings { floor: true, ..sort };
    assert_eq!(times(&floor, &files), Ok(vec!["10:00".to_owned(), "10:01".to_owned()]));
    let close = ImportSettings { label: Label::Close, ..floor };
    assert_eq!(times(&close, &files), Ok(vec!["09:59".to_owned(), "10:00".to_owned()]));
}

#[test]
fn flat_and_impossible_rows_are_dropped_and_counted_only_when_asked() {
    let flat = "2024-01-02 10:02:00+00:00,1.1,1.1,1.1,1.1,0";
    let bad = "2024-01-02 10:03:00+00:00,1.1,1.0,1.2,1.1,5";
    let (_folder, files) = omega(&[A, B, flat, bad]);
    assert_eq!(times(&ImportSettings::default(), &files), Err(DataCode::OhlcInconsistent));
    let settings = ImportSettings { drop_flat: true, drop_bad_rows: true, ..ImportSettings::default() };
    let (series, reports) = read(&settings, &files).expect("read");
    assert_eq!((series[0].bars.len(), reports[0].flat_dropped, reports[0].bad_rows.len()), (2, 1, 1));
    assert!(reports[0].bad_rows[0].contains("row 3 (line 5)"), "{}", reports[0].bad_rows[0]);
}

#[test]
fn negative_prices_and_long_holes_need_a_switch() {
    let below = "2024-01-02 10:01:00+00:00,-1.1,-1.0,-1.2,-1.1,5";
    let (_folder, files) = omega(&[A, below]);
    assert_eq!(times(&ImportSettings::default(), &files), Err(DataCode::NonPositivePrice));
    let mut settings = ImportSettings::default();
    settings.policy.allow_negative_prices = true;
    assert_eq!(times(&settings, &files).map(|list| list.len()), Ok(2));
    let (_folder, files) = omega(&[A, &B.replace("2024-01-02", "2024-03-02")]);
    assert_eq!(times(&settings, &files), Err(DataCode::GapTooLarge));
    settings.policy.max_gap = 100 * 86_400_000_000;
    assert_eq!(times(&settings, &files).map(|list| list.len()), Ok(2));
}

#[test]
fn a_local_time_that_happens_twice_is_decided_by_the_user() {
    let rows = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n\
                2016.10.30\t02:00:00\t1.1\t1.1\t1.1\t1.1\t1\t0\t8\n\
                2016.10.30\t03:00:00\t1.1\t1.1\t1.1\t1.1\t1\t0\t8\n\
                2016.10.30\t04:00:00\t1.1\t1.1\t1.1\t1.1\t1\t0\t8\n";
    let (_folder, files) = text_file("EURUSD_H1.csv", rows);
    let mut settings = ImportSettings { symbol: Some("EURUSD".into()), ..ImportSettings::default() };
    settings.policy.tz = Some("Europe/Athens".into());
    assert_eq!(times(&settings, &files), Err(DataCode::AmbiguousLocalTime));
    for (choice, expected) in [
        (OnAmbiguous::First, vec!["23:00", "00:00", "02:00"]),
        (OnAmbiguous::Second, vec!["23:00", "01:00", "02:00"]),
        (OnAmbiguous::Drop, vec!["23:00", "02:00"]),
    ] {
        settings.on_ambiguous = choice;
        assert_eq!(times(&settings, &files), Ok(expected.iter().map(|text| (*text).to_owned()).collect()));
    }
}

#[test]
fn compressed_files_are_read_and_archives_of_several_named() {
    let text = format!("{OMEGA}\n{A}\n{B}\n");
    let folder = tempfile::tempdir().expect("a folder");
    let gz = folder.path().join("EURUSD_M1_BID.csv.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).expect("packed");
    std::fs::write(&gz, packed.finish().expect("packed")).expect("written");
    let named = ImportSettings {
        symbol: Some("EURUSD".into()),
        timeframe: Some(Timeframe::M1),
        ..ImportSettings::default()
    };
    assert_eq!(times(&named, &[gz]).map(|list| list.len()), Ok(2));
    let zip = |names: &[&str]| {
        let path = folder.path().join("bars.zip");
        let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
        for name in names {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
            archive.write_all(text.as_bytes()).expect("written");
        }
        archive.finish().expect("finished");
        path
    };
    assert_eq!(times(&named, &[zip(&["a.csv"])]).map(|list| list.len()), Ok(2));
    let error = read(&named, &[zip(&["a.csv", "b.csv"])]).expect_err("two members");
    assert!(error.code() == DataCode::UnknownFormat && error.to_string().contains("a.csv, b.csv"), "{error}");
}

#[test]
fn months_of_one_symbol_are_put_together_and_must_not_overlap() {
    let (_first, mut files) = omega(&[B]);
    let (_second, others) = omega(&[A]);
    files.extend(others.clone());
    let settings = ImportSettings::default();
    assert_eq!(times(&settings, &files), Ok(vec!["10:00".to_owned(), "10:01".to_owned()]));
    files.extend(others);
    assert_eq!(times(&settings, &files), Err(DataCode::DuplicateTimestamp));
}

#[test]
fn an_import_writes_what_a_study_reads() {
    let Some((folder, samples)) = manifest("import", "samples") else { return };
    let sample = samples.iter().find(|sample| sample["id"] == "mt5_bars_eet").expect("the sample");
    let out = tempfile::tempdir().expect("a folder");
    let settings = settings(None, &sample["options"]);
    let report = import(&settings, &files(&folder, sample), out.path()).expect("imported");
    assert_eq!(report.written.len(), 2);
    assert!(report.quality[0].to_string().contains("45 bars"), "{}", report.quality[0]);
    let catalog = DataSettings {
        source: DataSource::Catalog(out.path().join("dataset.json")),
        holdout: Holdout::None,
        ..DataSettings::default()
    };
    let opened = open(&catalog, Path::new("."), &AlignmentSettings::default(), None).expect("opened");
    assert_eq!(opened.data.steps(), 45);
    let again = import(&settings, &files(&folder, sample), out.path()).expect("imported again");
    assert_eq!(again.written, report.written);
}

#[test]
fn a_folder_is_checked_series_by_series() {
    let Some(folder) = golden::shared().map(|root| root.join("data/real")) else {
        println!("skipped: real bars are not here");
        return;
    };
    let report = check(&[folder.join("_raw"), folder], &ImportSettings::default()).expect("checked");
    assert_eq!(report.defects.len(), 1);
    assert_eq!(report.defects[0].code(), DataCode::CrossedQuote);
    assert_eq!(report.series.len(), 26);
    let of = |symbol: &str, timeframe| {
        let found = report.series.iter().find(|one| one.symbol == symbol && one.timeframe == timeframe);
        found.expect("a series")
    };
    let hours = of("EURUSD", Timeframe::H1);
    assert_eq!((hours.rows, hours.sides.as_str(), hours.zero_spread), (62_116, "BID+ASK", Some(0)));
    assert!(hours.coverage.expect("an FX pair") > 0.98);
    let lost_week = hours.warnings.iter().find(|warning| warning.code == WarningCode::GapLong);
    assert!(lost_week.expect("a lost week in 2016").count >= 1);
    assert_eq!(of("BTCPERP", Timeframe::M1).coverage, Some(1.0));
    assert_eq!(of("XAUUSD", Timeframe::H1).coverage, None);
    assert_eq!(of("GBPUSD", Timeframe::M1).crossed_range, 527);
    let text = report.to_string();
    assert!(text.contains("coverage") && text.contains("error[crossed_quote]"), "{text}");
    assert!(serde_json::to_string(&report).expect("JSON").contains("\"crossed_quote\""));
}

#[test]
fn generated_and_resampled_files_open_as_a_study() {
    let out = tempfile::tempdir().expect("a folder");
    let settings = GenerateSettings {
        symbols: vec!["EURUSD".into()],
        length: GeneratedLength::Bars(3000),
        ..GenerateSettings::default()
    };
    assert_eq!(generate_files(&settings, out.path()).expect("generated").len(), 2);
    let reading = ImportSettings::default();
    for anchor in [DayAnchor::Utc, DayAnchor::Ny17] {
        let longer = tempfile::tempdir().expect("a folder");
        let how = ResampleSettings {
            target: Timeframe::H4,
            rule: ResampleRule { anchor, sunday: SundayBars::Keep },
            drop_partial: true,
        };
        let written =
            resample_files(&[out.path().to_owned()], &how, &reading, longer.path()).expect("resampled");
        let settings =
            DataSettings { source: DataSource::Path(longer.path().to_owned()), ..DataSettings::default() };
        let opened = open(&settings, Path::new("."), &AlignmentSettings::default(), None).expect("opened");
        assert_eq!(opened.report.files[0].rows, written[0].rows, "{anchor:?}");
    }
    let infos = info(&[out.path().to_owned()], &reading).expect("info");
    assert_eq!((infos.len(), infos[0].blocks, infos[0].quality.rows), (1, 1, 3000));
    let down = ResampleSettings { target: Timeframe::M5, rule: ResampleRule::default(), drop_partial: true };
    let error = resample_files(&[out.path().to_owned()], &down, &reading, out.path()).expect_err("downwards");
    assert_eq!(error.code(), DataCode::Selection);
}

proptest! {
    #![proptest_config(random_cases(300))]
    #[test]
    fn any_bytes_are_bars_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400), which in 0_usize..16) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("EURUSD_M1_BID.csv");
        std::fs::write(&path, bytes).expect("written");
        let settings = ImportSettings {
            format: Some(Format::ALL[which]),
            symbol: Some("EURUSD".into()),
            timeframe: Some(Timeframe::M1),
            ..ImportSettings::default()
        };
        if let Err(error) = read(&settings, &[path]) {
            prop_assert!(error.problem().path.is_some(), "{}", error);
        }
    }

    #[test]
    fn damaged_text_loads_whole_rows_or_not_at_all(
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"\0,;.-9x\n\xff".to_vec()),
    ) {
        let rows: Vec<String> = (0..30).map(|k| A.replace("10:00:00", &format!("10:{k:02}:00"))).collect();
        let mut bytes = format!("{OMEGA}\n{}\n", rows.join("\n")).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("EURUSD_M1_BID.csv");
        std::fs::write(&path, bytes).expect("written");
        if let Ok((series, _)) = read(&ImportSettings::default(), &[path]) {
            for (row, close) in series[0].bars.bid().close.iter().enumerate() {
                let high = series[0].bars.bid().high[row];
                prop_assert!(*close <= high && *close > 0.0);
            }
        }
    }
}
