//! Grid, random numbers, total order, sampling, sweep files.

mod grid;
mod rank;
mod rng_streams;
mod sweep_files;
