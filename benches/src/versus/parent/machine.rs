//! The machine, as the kernel describes it.

use std::fs;

use barline::cores;

use crate::versus::rows::Machine;

/// What can be told without measuring; the rest is 0, or empty.
pub(super) fn look() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    Machine {
        cpu: value(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown").into(),
        tsc_hz: 0,
        cores: cores::allowed().len() as u64,
        hugepages: value(&read("/proc/meminfo"), "HugePages_Total")
            .and_then(|number| number.parse().ok())
            .unwrap_or(0),
        kernel: read("/proc/sys/kernel/osrelease").trim().into(),
    }
}

/// Of lines `key : value`, the first with that key.
fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let cpu = "processor\t: 0\nmodel name\t: A CPU: the second @ 2.30GHz\nmodel name : B\n";
        assert_eq!(value(cpu, "model name"), Some("A CPU: the second @ 2.30GHz"));
        assert_eq!(value("HugePages_Total:     512\n", "HugePages_Total"), Some("512"));
        assert_eq!(value(cpu, "flags"), None);
        let machine = look();
        assert!(machine.cores > 0 && !machine.kernel.is_empty());
    }
}
