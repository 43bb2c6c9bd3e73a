//! An adapter at work: made of a device string, moved by its thread or by the test, shared by processes.

mod driver;
mod options;
mod processes;
mod thread;

use std::time::{Duration, Instant};

/// No test takes so long, and no process that a test starts outlives it.
const LIMIT: Duration = Duration::from_secs(40);

/// Calls `done` again and again, until it is or [`LIMIT`] is over.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < LIMIT, "{what} did not happen");
        std::thread::yield_now();
    }
}
