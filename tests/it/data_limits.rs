//! Hostile files end with an error in little memory, and good ones of any size are imported in the same.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use omega_sweep::data::import::{Format, ImportSettings, import, read};
use omega_sweep::data::settings::DataSource;
use omega_sweep::data::{AlignmentSettings, DataCode, DataError, DataSettings, open};
use omega_sweep::types::{Timeframe, Timestamp};

const MIB: u64 = 1 << 20;
const HEADER: &str = "UTC time,Open,High,Low,Close,Volume";
const ROW: &str = "2024-01-02 10:00:00+00:00,1.1,1.2,1.0,1.1,5";

fn settings() -> ImportSettings {
    ImportSettings {
        symbol: Some("EURUSD".into()),
        timeframe: Some(Timeframe::M1),
        format: Some(Format::OmegaCsv),
        ..ImportSettings::default()
    }
}

/// The error of an import, which may take this many bytes.
fn refused(settings: &ImportSettings, path: &Path, bytes: u64) -> DataError {
    let mut error = None;
    let counted = allocation_counter::measure(|| {
        error = Some(read(settings, &[path.to_owned()]).map(|_| ()).expect_err("refused"));
    });
    assert!(counted.bytes_max < bytes, "{} bytes", counted.bytes_max);
    error.expect("an error")
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn hostile_text_is_refused_in_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let limited = ImportSettings { memory_limit: Some(MIB), ..settings() };
    let long_line = format!("{HEADER}\n{}\n", "1".repeat(2 << 20));
    let wide = format!("{}\n1\n", ",".repeat(1_000_000));
    let unclosed = format!("{HEADER}\n\"{ROW}\n{ROW}\n");
    let many: String =
        std::iter::once(format!("{HEADER}\n")).chain((0..40_000).map(|_| format!("{ROW}\n"))).collect();
    for (text, code) in [
        (long_line, DataCode::LimitExceeded),
        (wide, DataCode::MissingColumn),
        (unclosed, DataCode::CsvFieldCount),
        (many, DataCode::MemoryLimit),
    ] {
        let path = file(folder.path(), "EURUSD_M1_BID.csv", text.as_bytes());
        assert_eq!(refused(&limited, &path, 128 * MIB).code(), code);
    }
}

/// `count` times a piece of text, compressed.
fn packed(piece: &[u8], count: usize) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    (0..count).for_each(|_| packed.write_all(piece).expect("packed"));
    packed.finish().expect("packed")
}

#[test]
fn compression_bombs_are_refused_whatever_they_are_filled_with() {
    let folder = tempfile::tempdir().expect("a folder");
    for filling in [b'1', b'\n'] {
        let bytes = packed(&vec![filling; 1 << 20], 24);
        assert!(bytes.len() < 30_000, "a bomb of {} bytes", bytes.len());
        let path = file(folder.path(), "EURUSD_M1_BID.csv.gz", &bytes);
        assert_eq!(refused(&settings(), &path, 64 * MIB).code(), DataCode::LimitExceeded);
    }
}

/// A Parquet file whose footer names so many columns, one row and no row group.
fn parquet_with(columns: u32) -> Vec<u8> {
    fn varint(out: &mut Vec<u8>, mut value: u32) {
        while value >= 0x80 {
            out.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        out.push(value.to_le_bytes()[0]);
    }
    // Thrift's compact protocol: version 1, then the schema, a list of structures that begins with the root.
    let mut footer = vec![0x15, 0x02, 0x19, 0xfc];
    varint(&mut footer, columns + 1);
    footer.extend([0x48, 1, b'r', 0x15]);
    varint(&mut footer, columns << 1);
    footer.push(0);
    for column in 0..columns {
        let name = format!("c{column}");
        // A required double.
        footer.extend([0x15, 10, 0x25, 0, 0x18, name.len().to_le_bytes()[0]]);
        footer.extend(name.as_bytes());
        footer.push(0);
    }
    footer.extend([0x16, 2, 0x19, 0x0c, 0]);
    let mut bytes = b"PAR1".to_vec();
    bytes.extend(&footer);
    bytes.extend(u32::try_from(footer.len()).expect("a small footer").to_le_bytes());
    bytes.extend(b"PAR1");
    bytes
}

#[test]
fn a_parquet_file_with_a_million_columns_is_not_decoded() {
    let folder = tempfile::tempdir().expect("a folder");
    let parquet = ImportSettings { format: None, ..settings() };
    for (columns, code) in [(1_000_000, DataCode::LimitExceeded), (10_001, DataCode::LimitExceeded)] {
        let path = file(folder.path(), "EURUSD_M1_BID.parquet", &parquet_with(columns));
        assert_eq!(refused(&parquet, &path, MIB).code(), code);
        let study = DataSettings { source: DataSource::Path(path), ..DataSettings::default() };
        let error = open(&study, Path::new("."), &AlignmentSettings::default(), None).expect_err("refused");
        assert_eq!(error.code(), code);
    }
    let path = file(folder.path(), "EURUSD_M1_BID.parquet", &parquet_with(10_000));
    assert_eq!(refused(&parquet, &path, 128 * MIB).code(), DataCode::MissingColumn);
}

#[test]
fn odd_paths_are_answered_not_followed() {
    let settings = ImportSettings::default();
    for name in ["no\0thing.csv", "no\nthing.csv", "nothing.csv", "no\0thing.parquet"] {
        let error = read(&settings, &[PathBuf::from(name)]).expect_err("absent");
        assert!(error.to_string().lines().count() <= 3, "{error}");
        let study = DataSettings { source: DataSource::Path(PathBuf::from(name)), ..DataSettings::default() };
        let error = open(&study, Path::new("."), &AlignmentSettings::default(), None).expect_err("absent");
        assert!(error.to_string().lines().count() <= 3, "{error}");
    }
    #[cfg(unix)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["loop.csv", "EURUSD", "EURUSD_M1_BID.parquet"] {
            let turn = folder.path().join(name);
            std::os::unix::fs::symlink(&turn, &turn).expect("a link");
            assert_eq!(read(&settings, &[turn]).expect_err("a loop").code(), DataCode::FileUnreadable);
        }
        let inside = folder.path().join("down");
        std::os::unix::fs::symlink(folder.path(), &inside).expect("a link to the folder it is in");
        let study =
            DataSettings { source: DataSource::Path(folder.path().to_owned()), ..DataSettings::default() };
        assert!(open(&study, Path::new("."), &AlignmentSettings::default(), None).is_err());
    }
}

/// An export of so many minutes with a spread: both sides.
fn export(rows: u32) -> String {
    let mut text = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n".to_owned();
    let start = Timestamp::parse_iso("2020-01-01").expect("a date");
    for row in 0..rows {
        let time = Timestamp(start.0 + i64::from(row) * 60_000_000).to_string();
        let (day, clock) = (time[..10].replace('-', "."), &time[11..19]);
        let price = 1.1 + f64::from(row % 1000) / 1e5;
        let (low, high) = (price - 0.0001, price + 0.0001);
        writeln!(text, "{day}\t{clock}\t{price:.5}\t{high:.5}\t{low:.5}\t{price:.5}\t7\t0\t8").expect("text");
    }
    text
}

#[test]
fn an_import_of_three_times_the_size_takes_the_same_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = ImportSettings { format: Some(Format::Mt5Bars), ..settings() };
    settings.policy.tz = Some("UTC".into());
    let peak = |rows: u32| {
        let path = file(folder.path(), "EURUSD_M1.csv", export(rows).as_bytes());
        let out = folder.path().join(rows.to_string());
        let counted = allocation_counter::measure(|| {
            let report = import(&settings, &[path], &out).expect("imported");
            assert_eq!(report.written.iter().map(|file| file.rows).collect::<Vec<_>>(), [rows as usize; 2]);
        });
        counted.bytes_max
    };
    let (small, large) = (peak(70_000), peak(200_000));
    assert!(large < small + MIB, "{small} bytes for 70,000 rows, {large} for 200,000");
    assert!(large < 48 * MIB, "{large} bytes");
}
