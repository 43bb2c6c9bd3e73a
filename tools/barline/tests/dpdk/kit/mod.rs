//! What every test here uses: a run, an interactive testpmd in it, and a VF that the test itself drives.

mod functions;
mod peer;
mod prompt;
mod report;
mod run;
mod terminal;
mod testpmd;

pub mod frames;

pub use functions::{Functions, RxFunction, TxFunction};
pub use peer::{Exchanged, Got, Peer};
pub use report::PortStats;
pub use run::Run;
pub use terminal::Terminal;
pub use testpmd::{Memory, Options, Paths, Testpmd};

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives it up, on a machine that is busy with other things.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Asks until the answer is yes, or fails.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    until_is(what, &mut done, |yes| *yes);
}

/// Looks until it sees what is wanted, or fails with what it saw last.
#[track_caller]
pub fn until_is<T: Debug>(
    what: &str,
    mut look: impl FnMut() -> T,
    wanted: impl Fn(&T) -> bool,
) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        let seen = look();
        if wanted(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "waited in vain until {what}: {seen:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
