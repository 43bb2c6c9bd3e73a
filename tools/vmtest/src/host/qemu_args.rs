//! A test's topology as QEMU's command line.

use std::fs::File;
use std::os::fd::AsRawFd;
use vmtest::spec::Topology;

/// What is different from run to run.
pub struct Machine<'a> {
    /// PFs, ports, IOMMU.
    pub topology: Topology,
    /// The kernel.
    pub kernel: &'a str,
    /// The initramfs.
    pub initramfs: &'a File,
    /// More words for the kernel's command line.
    pub append: &'a [String],
    /// Descriptors that QEMU inherits: the kernel's console, the channel, the monitor.
    pub sockets: [i32; 3],
}

/// Words that every guest's kernel gets. A panic ends QEMU by way of a reboot that is refused, and
/// an oops is a panic: nothing of worth runs after it.
///
/// The timer ticks at all times instead of being set anew for each event: the emulator loses such a
/// timer now and then, and its processor then sleeps for ever.
const APPEND: &str =
    "console=ttyS0 loglevel=7 panic=-1 oops=panic nohz=off highres=off intel_iommu=on";

/// The arguments for that machine.
pub fn arguments(machine: &Machine) -> Vec<String> {
    let Topology { pfs, acs, iommu, intremap } = machine.topology;
    let mut args = Args::default();
    args.add("-machine", "q35");
    args.add("-accel", "tcg,thread=multi");
    args.add("-cpu", "max,la57=off");
    // With 3G the firmware of QEMU 10.0 puts the VFs' BARs above 4 GiB, where igb maps them wrongly.
    args.add("-m", "2G");
    args.add("-smp", "2");
    for switch in ["-nodefaults", "-no-user-config", "-no-reboot"] {
        args.0.push(switch.into());
    }
    args.add("-display", "none");
    if iommu {
        let intremap = if intremap { "on" } else { "off" };
        args.add("-device", format!("intel-iommu,intremap={intremap},caching-mode=on"));
    }
    if !acs {
        args.add("-global", "pcie-root-port.disable-acs=on");
    }
    for pf in 0..pfs {
        // Each PF on a cable of its own, whose other end is nowhere: what it sends out is gone,
        // and its VFs see each other through its switch.
        args.add("-netdev", format!("hubport,id=cable{pf},hubid={pf}"));
        args.add("-device", format!("pcie-root-port,id=port{pf},slot={0},chassis={0}", pf + 1));
        let mac = format!("52:54:00:00:00:{pf:02x}");
        args.add("-device", format!("igb,id=pf{pf},bus=port{pf},netdev=cable{pf},mac={mac}"));
    }
    let [console, channel, monitor] = machine.sockets;
    for (name, fd) in [("console", console), ("channel", channel), ("monitor", monitor)] {
        args.add("-chardev", format!("socket,id={name},fd={fd}"));
    }
    args.add("-serial", "chardev:console");
    args.add("-serial", "chardev:channel");
    args.add("-mon", "chardev=monitor,mode=control");
    args.add("-kernel", machine.kernel);
    args.add("-initrd", format!("/proc/self/fd/{}", machine.initramfs.as_raw_fd()));
    let words: Vec<&str> = machine.append.iter().map(String::as_str).collect();
    args.add("-append", [&[APPEND], &words[..]].concat().join(" "));
    args.0
}

#[derive(Default)]
struct Args(Vec<String>);

impl Args {
    fn add(&mut self, option: &str, value: impl Into<String>) {
        self.0.extend([option.to_string(), value.into()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmtest::spec::Spec;

    fn line(spec: Spec) -> String {
        let machine = Machine {
            topology: spec.topology,
            kernel: "/k",
            initramfs: &File::open("/dev/null").unwrap(),
            append: &["vmtest.mode=test".into()],
            sockets: [3, 4, 5],
        };
        arguments(&machine).join(" ")
    }

    #[test]
    fn the_default_machine_isolates_one_pf() {
        let line = line(Spec::new("t", "t"));
        assert!(line.contains("-device intel-iommu,intremap=on,caching-mode=on"), "{line}");
        assert_eq!(line.matches("-device igb,").count(), 1);
        assert!(line.contains("-m 2G ") && !line.contains("disable-acs"), "{line}");
        assert!(line.ends_with("intel_iommu=on vmtest.mode=test"), "{line}");
        assert!(line.contains("socket,id=channel,fd=4"), "{line}");
    }

    #[test]
    fn two_pfs_are_on_separate_cables_and_ports() {
        let line = line(Spec::new("t", "t").pfs(2));
        for pf in 0..2 {
            assert!(line.contains(&format!("hubport,id=cable{pf},hubid={pf} ")), "{line}");
            assert!(line.contains(&format!("igb,id=pf{pf},bus=port{pf},netdev=cable{pf},")));
        }
        assert!(line.contains("slot=1,chassis=1") && line.contains("slot=2,chassis=2"));
    }

    #[test]
    fn what_isolates_can_be_switched_off() {
        assert!(line(Spec::new("t", "t").without_acs()).contains("disable-acs=on"));
        assert!(line(Spec::new("t", "t").without_intremap()).contains("intremap=off"));
        assert!(!line(Spec::new("t", "t").without_iommu()).contains("-device intel-iommu"));
    }
}
