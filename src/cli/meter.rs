//! What this process has used so far: for `bench` only, nothing here reaches a result.

use std::sync::OnceLock;
use std::time::Instant;

use crate::bench::Meter;

static BEGUN: OnceLock<Instant> = OnceLock::new();

/// Notes when the program began.
pub(crate) fn begin() {
    BEGUN.get_or_init(now);
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn now() -> Instant {
    Instant::now()
}

/// The clocks of the process; `None` where the system does not tell.
pub(crate) fn meter() -> Option<Meter> {
    system::usage().map(|_| system::read as Meter)
}

#[cfg(unix)]
mod system {
    use std::time::Duration;

    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    use super::{BEGUN, now};
    use crate::bench::Usage;

    pub(super) fn usage() -> Option<Usage> {
        let used = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        let span = |time: nix::sys::time::TimeVal| {
            u64::try_from(time.num_microseconds()).ok().map(Duration::from_micros)
        };
        Some(Usage {
            wall: now().duration_since(*BEGUN.get_or_init(now)),
            user: span(used.user_time())?,
            system: span(used.system_time())?,
        })
    }

    pub(super) fn read() -> Usage {
        usage().unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod system {
    use crate::bench::Usage;

    pub(super) fn usage() -> Option<Usage> {
        None
    }

    pub(super) fn read() -> Usage {
        Usage::default()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn work_shows_in_processor_time_and_on_the_wall() {
        begin();
        let meter = meter().expect("a Unix system tells");
        let before = meter();
        // Until the finest tick of the processor clock has passed, whatever the machine.
        let mut sum = 0_u64;
        while meter().since(before).cpu().as_millis() < 5 {
            (0..10_000_u64).for_each(|n| sum = sum.wrapping_add(black_box(n)));
        }
        assert!(meter().since(before).wall.as_millis() >= 1 && sum > 0);
    }
}
