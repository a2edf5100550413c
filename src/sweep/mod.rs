//! Many runs: fan-out over the cores, one reducer, one total order.

pub mod rank;
