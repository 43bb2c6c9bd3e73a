//! What DPDK's driver does, as testpmd has it do it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::kit::{LIMIT, Options, Run, Testpmd};
use crate::normal::items;
use crate::phase::{Listings, Phase};
use crate::trace::{self, VARIABLE};
use crate::{OPTIONS, VF};

/// How long a trace does not grow after a phase: as long as the thread that serves a driver's interrupts
/// takes at most to do its part.
const QUIET: Duration = Duration::from_millis(300);

/// Records all phases.
pub fn recorded() -> Listings {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trace");
    let run = Run::new(OPTIONS);
    let mut command = run.command("dpdk-testpmd");
    command.env(VARIABLE, &file);
    let options = Options {
        vfs: &[VF],
        app: &["--disable-device-start", "--rxd=512", "--txd=512"],
        ..Options::VF1
    };
    let mut testpmd = Testpmd::start_by(command, &options);
    let mut begin = 0;
    let mut listings = Listings::new();
    let mut over = |phase| {
        let text = quiet(&file);
        listings.insert(phase, items(&trace::events(&text[begin..], VF)));
        begin = text.len();
    };
    over(Phase::Init);
    testpmd.command("port start 0");
    over(Phase::Start);
    testpmd.command("port stop 0");
    over(Phase::Stop);
    testpmd.command("port reset 0");
    over(Phase::Reset);
    testpmd.quit();
    listings
}

/// The trace, when nothing is added to it any more.
#[track_caller]
fn quiet(file: &Path) -> String {
    let end = Instant::now() + LIMIT;
    let mut text = String::new();
    loop {
        let more = fs::read_to_string(file).unwrap();
        if more.len() == text.len() {
            return text;
        }
        assert!(Instant::now() < end, "the trace goes on and on");
        text = more;
        thread::sleep(QUIET);
    }
}
