//! What this process holds of the machine.

use std::fs;

/// What a process may leave behind. Two of them are compared: before, and after all was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// What its descriptors are of, sorted; inode numbers left out.
    pub descriptors: Vec<String>,
    /// What its mapped files are, sorted.
    pub maps: Vec<String>,
    /// Locked memory in KiB.
    pub locked: u64,
    /// Its threads by name, sorted.
    pub threads: Vec<String>,
}

impl Footprint {
    /// What it holds now. Other threads that open something meanwhile show in it: a test that
    /// compares runs alone in its process.
    ///
    /// # Panics
    /// /proc is not there.
    pub fn now() -> Footprint {
        Footprint { descriptors: descriptors(), maps: maps(), locked: locked(), threads: threads() }
    }
}

/// Names of this process's threads, sorted.
///
/// # Panics
/// /proc is not there.
pub fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc");
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    sorted(tasks.flatten().filter_map(name).map(|name| name.trim().to_string()))
}

fn descriptors() -> Vec<String> {
    let all = fs::read_dir("/proc/self/fd").expect("/proc");
    let links = all.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    let names = links.map(|link| link.to_string_lossy().into_owned());
    // The one by which this list is read.
    let names = names.filter(|name| !name.starts_with("/proc/"));
    sorted(names.map(|name| match name.split_once(":[") {
        Some((kind, _)) => kind.to_string(),
        None => name,
    }))
}

fn maps() -> Vec<String> {
    let all = fs::read_to_string("/proc/self/maps").expect("/proc");
    // Address, rights, offset, device, inode; what is left is the file.
    let file = |line: &str| line.splitn(6, ' ').nth(5).map(|name| name.trim().to_string());
    sorted(
        all.lines().filter_map(file).filter(|name| name.starts_with('/') || name.contains("memfd")),
    )
}

fn locked() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).expect("VmLck");
    line.trim().trim_end_matches(" kB").trim().parse().expect("KiB")
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}
