//! Process 1: makes the guest fit to live in, runs what the kernel's command line asks for, and
//! switches the machine off unless the runner does.

use crate::channel::PORT;
use crate::{job, sys};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;
use vmtest::{Context, Result, bail};

/// Where programs are; the kernel gives process 1 no PATH.
pub const PATH: &str = "/usr/sbin:/usr/bin";

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
    sys::allow_any_memlock()?;
    fs::write("/proc/sys/kernel/core_pattern", "/tmp/core")?;
    // Not every kernel looks for tasks that hang; for one that does, two minutes are too long.
    let _ = fs::write("/proc/sys/kernel/hung_task_timeout_secs", "60");
    Command::new("/usr/sbin/ip")
        .args(["link", "set", "lo", "up"])
        .status()
        .context("/usr/sbin/ip")?;
    let setting = |name| settings.get(name).copied();
    match setting("mode") {
        Some("shell") => shell(setting("rows"), setting("columns")),
        Some("demo") => job::run(&["demo"], None).map(|_| ()),
        Some("test") => {
            let name = setting("test").context("no vmtest.test= on the command line")?;
            let limit = setting("timeout").context("no vmtest.timeout= on the command line")?;
            job::run(&["test", name], Some(Duration::from_secs(limit.parse()?))).map(|_| ())
        }
        other => bail!("vmtest.mode={other:?} on the command line"),
    }
}

fn mount_all() -> Result {
    // The kernel's root is writable for all, and DPDK takes no plug-ins from below such a place.
    fs::set_permissions("/", fs::Permissions::from_mode(0o755))?;
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
