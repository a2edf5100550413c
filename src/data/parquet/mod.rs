//! Bars in Parquet: reading whatever the layout of `data.md` section 3 allows, writing its canonical form.

mod footer;
mod groups;
mod page;
mod read;
mod types;
mod write;

pub(crate) use read::{BarFile, open_file};
pub(crate) use write::{BarWriter, FinishedFile, WhichSide, file_sha256, temporary_in};
pub use write::{SideToWrite, WrittenFile, write_bars};
