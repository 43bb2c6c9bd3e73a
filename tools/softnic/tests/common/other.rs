//! Another process of a test: this program, run again with the name of that test and of a file that the
//! two share.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const SHARE: &str = "SOFTNIC_TEST_SHARE";

/// No test takes so long, and no process that a test starts outlives it.
pub const LIMIT: Duration = Duration::from_secs(40);

/// The shared file, in the other process; none in the test itself.
pub fn share_of_child() -> Option<PathBuf> {
    env::var_os(SHARE).map(PathBuf::from)
}

/// Calls `done` again and again, until it is or [`LIMIT`] is over.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < LIMIT, "{what} did not happen");
        thread::yield_now();
    }
}

/// Another process, killed when it is dropped.
pub struct Other(pub Child);

impl Other {
    /// Runs the test of this full name.
    pub fn run(test: &str, share: &Path) -> Other {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", test, "--test-threads=1", "--quiet"]).env(SHARE, share);
        Other(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// Ends it at once, wherever it is.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
