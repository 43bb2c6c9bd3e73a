//! Process 1: makes the guest fit to live in, runs what the kernel's command line asks for, reports
//! how it ended, and switches the machine off.

use crate::channel::{Channel, PORT};
use crate::{REASON, sys};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use vmtest::protocol::FromGuest;
use vmtest::{Context, Result, bail};

/// Where programs are; the kernel gives process 1 no PATH.
const PATH: &str = "/usr/sbin:/usr/bin";

/// Runs until the machine is off.
pub fn run() -> ! {
    if let Err(error) = live() {
        // To the kernel's console: the channel may be what failed. The runner takes a guest that
        // switches itself off without a result for a failure.
        eprintln!("vmtest: the guest's init failed: {error}");
    }
    sys::power_off()
}

fn live() -> Result {
    mount_all()?;
    let words = fs::read_to_string("/proc/cmdline")?;
    let settings: HashMap<&str, &str> = words
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("vmtest.")?.split_once('='))
        .collect();
    load_modules()?;
    fs::write("/proc/sys/kernel/core_pattern", "/tmp/core")?;
    Command::new("/usr/sbin/ip")
        .args(["link", "set", "lo", "up"])
        .status()
        .context("/usr/sbin/ip")?;
    let setting = |name| settings.get(name).copied();
    match setting("mode") {
        Some("shell") => shell(setting("rows"), setting("columns")),
        Some("demo") => job(&["demo"], None),
        Some("test") => {
            let name = setting("test").context("no vmtest.test= on the command line")?;
            let limit = setting("timeout").context("no vmtest.timeout= on the command line")?;
            job(&["test", name], Some(Duration::from_secs(limit.parse()?)))
        }
        other => bail!("vmtest.mode={other:?} on the command line"),
    }
}

fn mount_all() -> Result {
    sys::mount("proc", "/proc", "")?;
    sys::mount("sysfs", "/sys", "")?;
    sys::mount("devtmpfs", "/dev", "")?;
    sys::mount("devpts", "/dev/pts", "ptmxmode=0666")?;
    sys::mount("tmpfs", "/dev/shm", "mode=1777")?;
    sys::mount("tmpfs", "/tmp", "mode=1777")?;
    sys::mount("tmpfs", "/run", "mode=0755")?;
    sys::mount("hugetlbfs", "/dev/hugepages", "mode=1777")?;
    sys::mount("cgroup2", "/sys/fs/cgroup", "")
}

/// A kernel whose drivers are modules comes with a tree of them.
fn load_modules() -> Result {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    if !fs::exists(format!("/lib/modules/{}/modules.dep", release.trim()))? {
        return Ok(());
    }
    let status = Command::new("/usr/sbin/modprobe")
        .args(["-a", "igb", "vfio_iommu_type1", "vfio-pci"])
        .status()
        .context("modprobe")?;
    if !status.success() {
        bail!("modprobe ended with {status}");
    }
    Ok(())
}

/// Runs this program again with those arguments, as a child: whatever kills it is a result.
fn job(args: &[&str], limit: Option<Duration>) -> Result {
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
        describe_hang(child);
    }
    // A program that the test left behind may hold the pipe open: do not wait for it.
    let _ = relayed.1.recv_timeout(Duration::from_millis(300));
    channel.send(&verdict(status, limit));
    Ok(())
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

/// Writes to the console what each thread of a hanging test, and of its children, is waiting for.
fn describe_hang(child: u32) {
    eprintln!("vmtest: process {child} hangs; every process of the guest and where it waits:");
    let Ok(processes) = fs::read_dir("/proc") else {
        return;
    };
    for process in processes.flatten() {
        let name = process.file_name();
        if name.to_string_lossy().parse::<u32>().is_err() {
            continue;
        }
        let Ok(threads) = fs::read_dir(process.path().join("task")) else {
            continue;
        };
        let command = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        if command.is_empty() {
            continue;
        }
        eprintln!("vmtest: {} {}", name.to_string_lossy(), command.replace('\0', " "));
        for thread in threads.flatten() {
            let read = |file: &str| {
                let text = fs::read_to_string(thread.path().join(file)).unwrap_or_default();
                text.trim().replace('\n', " < ")
            };
            let (comm, call, stack) = (read("comm"), read("syscall"), read("stack"));
            eprintln!("vmtest:   {comm}: {}; call {call}; {stack}", read("wchan"));
        }
    }
}

/// An interactive shell on the second serial port.
fn shell(rows: Option<&str>, columns: Option<&str>) -> Result {
    let port: File = OpenOptions::new().read(true).write(true).open(PORT).context(PORT)?;
    let size = ["rows", rows.unwrap_or("24"), "columns", columns.unwrap_or("80")];
    Command::new("/usr/bin/stty").args(["sane"]).args(size).stdin(port.try_clone()?).status()?;
    let mut command = Command::new("/usr/bin/sh");
    command
        .env("PATH", PATH)
        .env("HOME", "/tmp")
        .env("TERM", "linux")
        .env("ENV", "/etc/shrc")
        .current_dir("/tmp");
    command.stdin(port.try_clone()?).stdout(port.try_clone()?).stderr(port);
    sys::lead_session(&mut command);
    command.status().context("sh")?;
    Ok(())
}
