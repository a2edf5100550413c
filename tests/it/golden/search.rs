//! Grid, random numbers, total order, sweep files.

mod rank;
