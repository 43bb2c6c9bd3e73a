//! The one thing that a guest is booted for, run as a child of process 1 and judged by its end.

use crate::channel::Channel;
use crate::init::PATH;
use crate::{REASON, hang, sys};
use std::convert::Infallible;
use std::fs;
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use vmtest::protocol::FromGuest;
use vmtest::{Context, Result};

/// Runs this program again with those arguments, as a child: whatever kills it is a result. Returns
/// only when that was not possible.
pub fn run(args: &[&str], limit: Option<Duration>) -> Result<Infallible> {
    let channel = Channel::open()?;
    channel.serve()?;
    let (output, input) = io::pipe()?;
    channel.send(&FromGuest::Up);
    let child = Command::new("/init")
        .args(args)
        .env("HOME", "/tmp")
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input)
        .spawn()
        .context("/init")?
        .id();
    let (ended, relayed) = (mpsc::channel(), mpsc::channel());
    let relay = channel.clone();
    std::thread::spawn(move || {
        relay_output(output, &relay);
        let _ = relayed.0.send(());
    });
    std::thread::spawn(move || reap(child, &ended.0));
    let status = match limit {
        Some(limit) => ended.1.recv_timeout(limit).ok(),
        None => ended.1.recv().ok(),
    };
    if status.is_none() {
        hang::describe(child);
    }
    // A program that the test left behind may hold the pipe open: do not wait for it.
    let _ = relayed.1.recv_timeout(Duration::from_millis(300));
    // What the test did last may still be on its way to the console, a DMA fault for one.
    std::thread::sleep(Duration::from_millis(100));
    channel.send(&verdict(status, limit));
    // The runner ends QEMU now. To switch off in order would be the work of drivers that no test is
    // about, and Linux's igbvf is known to hang in it when its namespace goes at the same time.
    loop {
        std::thread::park();
    }
}

/// Passes on what the test prints, in pieces that end at a line where there is one.
fn relay_output(mut output: impl Read, channel: &Channel) {
    let (mut buffer, mut kept) = ([0; 4096], Vec::new());
    while let Ok(n @ 1..) = output.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..n]);
        // A character may be cut at the end of a piece: its rest comes with the next.
        let whole = match std::str::from_utf8(&kept) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => kept.len(),
        };
        let text = String::from_utf8_lossy(&kept[..whole]).into_owned();
        kept.drain(..whole);
        channel.send(&FromGuest::Output(text));
    }
}

/// Collects every process that ends, as process 1 must, and reports the one that matters.
fn reap(child: u32, ended: &mpsc::Sender<i32>) {
    while let Some((pid, status)) = sys::wait_any() {
        if pid == child {
            let _ = ended.send(status);
        }
    }
}

fn verdict(status: Option<i32>, limit: Option<Duration>) -> FromGuest {
    let reason = match status {
        Some(0) => return FromGuest::Pass,
        None => format!("it did not end within {} s", limit.unwrap_or_default().as_secs()),
        Some(status) if libc::WIFSIGNALED(status) => {
            format!("it was killed by signal {}", libc::WTERMSIG(status))
        }
        Some(status) => match (libc::WEXITSTATUS(status), fs::read_to_string(REASON)) {
            (101, _) => "it panicked".into(),
            (_, Ok(reason)) => reason,
            (code, Err(_)) => format!("it ended with exit status {code}"),
        },
    };
    FromGuest::Fail(reason)
}
