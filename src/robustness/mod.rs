//! How much of a result survives doubt: overfitting tests, stress ratings and the final choice
//! (`walk_forward_and_robustness.md` sections 4 to 6).
//!
//! Pure arithmetic: runs are made elsewhere, their numbers come in, a rating from 0 to 1 (1 = no damage) or *undefined*
//! goes out.

pub mod composite;
pub mod data_jitter;
pub mod neighbourhood;
pub mod pbo;
pub mod shortlist;
pub mod spa;
pub mod stability;
pub mod stress;
pub mod timing_shift;
pub mod tp_sl_stress;
pub mod trade_dropout;
pub mod ulcer;
