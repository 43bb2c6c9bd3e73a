//! Tests that fail, each in its own way: the runner is tested with them.

use crate::tests::Test;
use std::fs;
use std::time::Duration;
use vmtest::{Result, bail};

/// All of them, keyed by the names in `vmtest::spec`.
pub const TESTS: &[Test] = &[
    Test { name: "self-error", body: error },
    Test { name: "self-panic", body: panic },
    Test { name: "self-abort", body: abort },
    Test { name: "self-hang", body: hang },
    Test { name: "self-crash", body: crash },
    Test { name: "self-warning", body: warning },
    Test { name: "self-fault", body: fault },
    Test { name: "self-no-fault", body: no_fault },
];

fn error() -> Result {
    bail!("three frames\nare lost")
}

fn panic() -> Result {
    panic!("on purpose")
}

fn abort() -> Result {
    std::process::abort()
}

fn hang() -> Result {
    std::thread::sleep(Duration::MAX);
    Ok(())
}

fn crash() -> Result {
    Ok(fs::write("/proc/sysrq-trigger", "c")?)
}

/// What the kernel says when a check of its own fails; it goes on all the same.
fn warning() -> Result {
    say("WARNING: CPU: 0 PID: 1 at vmtest")
}

fn fault() -> Result {
    say("DMAR: [DMA Write NO_PASID] Request device [01:10.0] fault addr 0xdead0000")
}

fn no_fault() -> Result {
    Ok(())
}

/// Has the kernel print a line.
fn say(line: &str) -> Result {
    Ok(fs::write("/dev/kmsg", format!("<3>{line}\n"))?)
}
