//! What a switch changed in the data is said, in the data line and in the manifest.

use std::path::Path;

use omega_sweep::data::parquet::{SideToWrite, write_bars};
use omega_sweep::data::{BarSeries, DayAnchor, QuoteSide};
use omega_sweep::types::{PriceSide, Timeframe};
use serde_json::{Value, json};

use crate::data_files::generated;
use crate::fixture::{Project, said};

/// The ask is below the bid on every hundredth bar.
fn write_crossed(folder: &Path, bars: &BarSeries) {
    let mut above = bars.side(PriceSide::Ask).clone();
    for row in (50..bars.len()).step_by(100) {
        let close = bars.bid().close[row] - 0.001;
        above.close[row] = close;
        above.low[row] = above.low[row].min(close);
    }
    for (side, prices) in [(QuoteSide::Bid, bars.bid()), (QuoteSide::Ask, &above)] {
        let (times, volume) = (bars.times(), bars.volume());
        let (symbol, timeframe, anchor) = ("EURUSD", Timeframe::H1, DayAnchor::Utc);
        let path = folder.join(format!("EURUSD/EURUSD_H1_{}.parquet", side.as_str()));
        let columns = SideToWrite { symbol, timeframe, side, anchor, times, prices, volume };
        write_bars(&path, &columns).expect("written");
    }
}

#[test]
fn crossed_bars_that_were_dropped_are_counted_in_the_data_line_and_in_the_manifest() {
    let project = Project::hourly(&[], 0);
    let (_, bars) = generated(&["EURUSD"], Timeframe::H1, 3000).remove(0);
    write_crossed(&project.path("data"), &bars);
    let data = json!({"path": "data", "policy": {"on_crossed": "drop"}});
    let file = project.sweep_file("sweep.json", &json!({"data": data}));
    let output =
        project.program().arg(&file).args(["--progress", "lines", "-o", "run"]).output().expect("it starts");
    assert!(said(&output).contains("H1 30 crossed bars left out"), "{}", said(&output));
    let text = std::fs::read_to_string(project.path("run/manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let report = &manifest["data_report"];
    assert_eq!(report["series"][0]["crossed"], json!({"bars": 30, "policy": "drop"}));
    assert_eq!((&report["files"][0]["rows"], &report["series"][0]["rows"]), (&json!(3000), &json!(2970)));
}
