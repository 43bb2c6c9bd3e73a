//! The time that steps are told.
#![allow(unsafe_code)]

/// Nanoseconds of the clock that all processes of this machine have in common and that never goes back
/// (`CLOCK_MONOTONIC`). An adapter's thread tells its steps this time, so a [`crate::uplink::Stamp`] has
/// it, too.
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time` only. It cannot fail for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
