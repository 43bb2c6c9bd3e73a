//! What the driver logs.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

/// Forgets what was logged so far, and goes on.
pub fn begin() {
    START.call_once(|| {
        let level = tracing_subscriber::filter::LevelFilter::INFO;
        tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(Log).init();
    });
    lines().clear();
}

/// What was logged since [`begin`], but for what is only of use to who looks for faults.
pub fn so_far() -> String {
    String::from_utf8(lines().clone()).unwrap()
}

/// The warnings and errors among it.
pub fn warnings() -> String {
    let is_one = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
    so_far().lines().filter(is_one).map(|line| format!("{line}\n")).collect()
}

fn lines() -> MutexGuard<'static, Vec<u8>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Log;

impl MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        Log
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lines().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
