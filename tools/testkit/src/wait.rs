//! Waiting for what must come.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that happens at all. Machines that test are busy.
pub const LONG: Duration = Duration::from_secs(20);

/// Asks until the answer is yes.
///
/// # Panics
/// It is still no after [`LONG`].
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "waited for {what} in vain");
        thread::sleep(Duration::from_micros(200));
    }
}
