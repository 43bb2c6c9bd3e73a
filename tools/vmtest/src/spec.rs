//! The table of tests: what each is called, the machine it wants, and how it is judged.
//!
//! The bodies are in the guest program, keyed by the same names; a unit test there holds the two
//! tables equal.

/// Every test, in the order in which `all` runs them.
pub const TESTS: &[Spec] = &[
    Spec::new("boot", "two VFs with their MACs, bound to vfio-pci, their group nodes there")
        .on_both_kernels(),
    Spec::new("exchange", "our driver at both ends: 200,000 frames each way, every byte checked")
        .on_both_kernels(),
    Spec::new("exchange-unprivileged", "the same by a user who owns only the group nodes"),
    Spec::new("features", "queues, multicast, VLAN, MAC change, modes, receive interrupt, limits")
        .on_both_kernels(),
    Spec::new("peer", "testpmd at the other end: each direction, and its loop through ours")
        .on_both_kernels(),
    Spec::new(
        "resets",
        "link down and up, PF down and up, PF reset under traffic: told, recovered",
    )
    .on_both_kernels(),
    Spec::new(
        "isolation",
        "addresses outside the mappings: blocked, told as stalls, recovered from",
    )
    .on_both_kernels()
    .provokes_dma_faults(),
    Spec::new("removal", "unbind and removing the VFs do not hang while programs run")
        .on_both_kernels(),
    Spec::new("kills", "kill -9 under traffic, 20 times; a clean close leaves nothing")
        .on_both_kernels(),
    Spec::new("rates", "the same closed loop by ours and by testpmd, with the ratio"),
    Spec::new("bench", "`barline bench`: figures that agree, exit statuses, Ctrl-C, a lost device"),
    Spec::new("examples", "rx_count and tx_flood move frames; Linux's igbvf pings responder")
        .on_both_kernels(),
    Spec::new("info", "bind, open, MAC, link and `info`, compared with sysfs and iproute2")
        .on_both_kernels(),
    Spec::new("tcp", "50 MB of TCP between the interfaces of two PFs, through l2fwd")
        .on_both_kernels()
        .pfs(2)
        .timeout(240),
    Spec::new("igbvf-smoke", "Linux's igbvf on two VFs of the second PF, in namespaces, pings")
        .on_both_kernels()
        .pfs(2),
    Spec::new("testpmd-smoke", "DPDK's testpmd starts on two VFs and moves frames between them"),
    Spec::new("vfio-open", "open, map, reset and drop in several orders; nothing is left behind")
        .on_both_kernels(),
    Spec::new("vfio-no-iommu", "a machine without an IOMMU: the refusal says so").without_iommu(),
    Spec::new("vfio-no-intremap", "an IOMMU without interrupt remapping: the refusal says so")
        .without_intremap(),
    Spec::new("vfio-not-viable", "PF and VFs in one group: the refusal says who is in the way")
        .without_acs(),
];

/// Tests that must fail, and a part of the reason that the runner must give: they test the runner.
pub const SELF_TESTS: &[(Spec, &str)] = &[
    (Spec::new("self-error", "a body that returns an error"), "three frames\nare lost"),
    (Spec::new("self-panic", "a body that panics"), "it panicked"),
    (Spec::new("self-abort", "a body that is killed"), "killed by signal 6"),
    (Spec::new("self-hang", "a body that never ends").timeout(3), "did not end within 3 s"),
    (Spec::new("self-crash", "a body that crashes the kernel"), "the kernel broke: "),
    (Spec::new("self-warning", "a pass with a warning of the kernel"), "the kernel broke: "),
    (Spec::new("self-fault", "a pass with a DMA fault"), "a DMA fault nobody expected: "),
    (
        Spec::new("self-no-fault", "a pass without the fault it announced").provokes_dma_faults(),
        "no DMA fault",
    ),
];

/// The test of that name.
pub fn find(name: &str) -> Option<&'static Spec> {
    TESTS.iter().find(|spec| spec.name == name)
}

/// One test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Its name on the command line and in the guest's table.
    pub name: &'static str,
    /// What it shows, in a line.
    pub about: &'static str,
    /// The machine that it wants.
    pub topology: Topology,
    /// Whether it runs on Debian's kernel too.
    pub both_kernels: bool,
    /// How long the body may take, in seconds, before that is a hang.
    pub timeout_s: u64,
    /// Whether it provokes DMA faults: then one must be seen, otherwise none may.
    pub provokes_dma_faults: bool,
    /// More arguments for the guest's kernel.
    pub append: &'static [&'static str],
}

/// The machine around the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topology {
    /// How many PFs, each on a root port and a cable of its own.
    pub pfs: u8,
    /// Whether the root ports have ACS. Without it a port, its PF and all VFs are one group.
    pub acs: bool,
    /// Whether there is an IOMMU.
    pub iommu: bool,
    /// Whether the IOMMU remaps interrupts.
    pub intremap: bool,
}

impl Topology {
    /// One PF, everything that isolates it switched on.
    pub const DEFAULT: Self = Self { pfs: 1, acs: true, iommu: true, intremap: true };
}

impl Spec {
    /// A test with one PF, on the small kernel only, that takes less than two minutes and provokes
    /// no DMA faults.
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            topology: Topology::DEFAULT,
            both_kernels: false,
            timeout_s: 120,
            provokes_dma_faults: false,
            append: &[],
        }
    }

    /// With so many PFs.
    pub const fn pfs(mut self, pfs: u8) -> Self {
        self.topology.pfs = pfs;
        self
    }

    /// Without ACS on the root ports.
    pub const fn without_acs(mut self) -> Self {
        self.topology.acs = false;
        self
    }

    /// Without an IOMMU.
    pub const fn without_iommu(mut self) -> Self {
        self.topology.iommu = false;
        self
    }

    /// Without interrupt remapping.
    pub const fn without_intremap(mut self) -> Self {
        self.topology.intremap = false;
        self
    }

    /// Also on Debian's kernel.
    pub const fn on_both_kernels(mut self) -> Self {
        self.both_kernels = true;
        self
    }

    /// With this limit on the body's time.
    pub const fn timeout(mut self, seconds: u64) -> Self {
        self.timeout_s = seconds;
        self
    }

    /// Provokes DMA faults.
    pub const fn provokes_dma_faults(mut self) -> Self {
        self.provokes_dma_faults = true;
        self
    }

    /// With these arguments for the guest's kernel.
    pub const fn append(mut self, append: &'static [&'static str]) -> Self {
        self.append = append;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_plain() {
        let mut seen = HashSet::new();
        for spec in TESTS.iter().chain(SELF_TESTS.iter().map(|(spec, _)| spec)) {
            assert!(seen.insert(spec.name), "{} twice", spec.name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            // The name goes onto a kernel command line and into a path.
            assert!(spec.name.chars().all(plain), "{}", spec.name);
            assert!(!spec.about.is_empty() && spec.timeout_s > 0);
            assert!((1..=2).contains(&spec.topology.pfs), "{}: 1 or 2 PFs", spec.name);
        }
    }

    #[test]
    fn a_test_is_found_by_its_name() {
        assert_eq!(find("boot").map(|spec| spec.name), Some("boot"));
        assert!(find("no-such-test").is_none());
    }
}
