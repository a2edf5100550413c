//! Grid, random numbers, total order, sampling, sweep files.

mod grid;
mod pareto;
mod rank;
mod rng_streams;
mod sampling;
mod sweep_files;
