//! What every test here uses: a run, an interactive testpmd in it, and a VF that the test itself drives.

mod functions;
mod peer;
mod report;
mod run;
mod terminal;
mod testpmd;

pub mod frames;

pub use functions::{Functions, RxFunction, TxFunction};
pub use peer::{Exchanged, Got, Peer};
pub use report::{Fields, Forwarded, PortStats};
pub use run::Run;
pub use terminal::Terminal;
pub use testpmd::{Options, Paths, Testpmd};

use std::time::{Duration, Instant};

/// How long anything may take before a test gives it up, on a machine that is busy with other things.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Asks until the answer is yes, or fails.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
