//! Which vector instructions kernels use: the widest the machine has, unless the environment asks for others.
//!
//! `OMEGA_SWEEP_SIMD` is `none`, `avx2` or `avx512`. It changes the time and never a bit: every kernel does the same
//! operations in the same order on every path, without fused multiply-add. Tests set it to prove that.

use std::sync::OnceLock;

use pulp::Arch;

/// Name of the variable.
pub const VARIABLE: &str = "OMEGA_SWEEP_SIMD";

/// Why the variable cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The value means nothing.
    #[error("{VARIABLE}={0:?} is not none, avx2 or avx512")]
    Unknown(String),
    /// The machine does not have them.
    #[error("{VARIABLE}={0}: this machine has no such instructions")]
    Absent(String),
}

/// The instructions in use; the widest there are where the variable cannot be followed.
#[inline]
pub fn arch() -> Arch {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    *ARCH.get_or_init(|| choice().unwrap_or_else(|_| Arch::new()))
}

/// What the variable asks for, read once per process.
///
/// # Errors
/// When it has an unknown value or names instructions that are not there.
pub fn choice() -> Result<Arch, RegisterError> {
    static CHOICE: OnceLock<Result<Arch, RegisterError>> = OnceLock::new();
    let read = || match std::env::var_os(VARIABLE) {
        None => Ok(Arch::new()),
        Some(wanted) => named(&wanted.to_string_lossy()),
    };
    CHOICE.get_or_init(read).clone()
}

fn named(wanted: &str) -> Result<Arch, RegisterError> {
    match wanted {
        "none" => Ok(Arch::Scalar),
        "avx2" | "avx512" => wide(wanted).ok_or_else(|| RegisterError::Absent(wanted.to_owned())),
        _ => Err(RegisterError::Unknown(wanted.to_owned())),
    }
}

#[cfg(target_arch = "x86_64")]
fn wide(wanted: &str) -> Option<Arch> {
    match wanted {
        "avx2" => pulp::x86::V3::try_new().map(Arch::V3),
        _ => pulp::x86::V4::try_new().map(Arch::V4),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn wide(_wanted: &str) -> Option<Arch> {
    None
}

/// Every path this machine has, narrowest first.
#[cfg(test)]
pub(crate) fn every_path() -> Vec<Arch> {
    ["none", "avx2", "avx512"].into_iter().filter_map(|name| named(name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_path_and_a_wrong_word_is_none() {
        assert!(matches!(named("none"), Ok(Arch::Scalar)));
        assert_eq!(every_path().len() > 1, !matches!(Arch::new(), Arch::Scalar));
        let error = named("sse").expect_err("not one of ours");
        assert_eq!(error.to_string(), "OMEGA_SWEEP_SIMD=\"sse\" is not none, avx2 or avx512");
    }
}
