//! What the lines of the kernel's console, and of QEMU's own output, mean.

/// A line of note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The IOMMU stopped a device's access to memory.
    DmaFault,
    /// Something in the kernel broke.
    Broken,
    /// The emulator failed by itself: it lost the timer interrupt of a virtual processor, which then
    /// sleeps for ever, or it ran into an assertion of its own. Nothing in the guest can do that.
    EmulatorFault,
}

/// What the kernel says when something broke, anywhere in a line.
const BROKEN: [&str; 16] = [
    "BUG:",
    "Oops:",
    "Kernel panic",
    "kernel BUG at",
    "WARNING: CPU:",
    "WARNING: at ",
    "general protection fault",
    "unable to handle",
    "soft lockup",
    "hard LOCKUP",
    "detected stalls on",
    "self-detected stall",
    "Out of memory:",
    "UBSAN:",
    "double fault",
    "refcount_t:",
];

/// What a line of the kernel's console means, if anything.
pub fn kernel_line(line: &str) -> Option<Finding> {
    if line.contains("kthread timer wakeup didn't happen") {
        return Some(Finding::EmulatorFault);
    }
    let hung = line.contains("INFO: task ") && line.contains("blocked for more than");
    if hung || BROKEN.iter().any(|sign| line.contains(sign)) {
        return Some(Finding::Broken);
    }
    // DMAR: [DMA Write NO_PASID] Request device [01:10.0] fault addr 0xdead0000 [fault reason 0x05]
    let fault = line.contains("DMAR: [DMA Read") || line.contains("DMAR: [DMA Write");
    fault.then_some(Finding::DmaFault)
}

/// What a line of QEMU's own output means, if anything.
pub fn qemu_line(line: &str) -> Option<Finding> {
    // A race of QEMU's between its processors' threads and the emulated IOMMU, among others.
    if line.contains("qemu-system-") && line.contains("Assertion `") {
        return Some(Finding::EmulatorFault);
    }
    let fault = line.contains("vtd_iommu_translate")
        || line.contains("vtd_dma_remapping")
        || line.contains("detected translation failure");
    fault.then_some(Finding::DmaFault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_kernels_are_noticed() {
        for line in [
            "[    3.1] BUG: kernel NULL pointer dereference, address: 0000000000000008",
            "[    3.1] Oops: 0002 [#1] PREEMPT SMP NOPTI",
            "[    3.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000",
            "[    3.1] WARNING: CPU: 0 PID: 61 at drivers/vfio/vfio_main.c:120 vfio_x+0x1/0x2",
            "[   40.0] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [vmtest-guest:70]",
            "[  160.0] INFO: task sh:77 blocked for more than 120 seconds.",
            "[   60.0] rcu: INFO: rcu_sched self-detected stall on CPU",
            "[    9.0] Out of memory: Killed process 77 (barline)",
        ] {
            assert_eq!(kernel_line(line), Some(Finding::Broken), "{line}");
        }
    }

    #[test]
    fn dma_faults_are_noticed() {
        let line = "[    5.2] DMAR: [DMA Write NO_PASID] Request device [01:10.0] fault addr \
                    0xdead0000 [fault reason 0x05] PTE Write access is not set";
        assert_eq!(kernel_line(line), Some(Finding::DmaFault));
        let line = "qemu-system-x86_64: vtd_iommu_translate: detected translation failure \
                    (dev=01:10:00, iova=0xdead0000)";
        assert_eq!(qemu_line(line), Some(Finding::DmaFault));
    }

    #[test]
    fn a_fault_of_the_emulator_is_told_from_a_broken_kernel() {
        let line = "[   25.9] rcu: rcu_sched kthread timer wakeup didn't happen for 5251 jiffies! \
                    g-771 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402";
        assert_eq!(kernel_line(line), Some(Finding::EmulatorFault));
        let line = "qemu-system-x86_64: ../system/physmem.c:2678: iotlb_to_section: Assertion \
                    `section_index < d->map.sections_nb' failed.";
        assert_eq!(qemu_line(line), Some(Finding::EmulatorFault));
    }

    #[test]
    fn harmless_lines_are_let_pass() {
        for line in [
            "[    0.0] Command line: console=ttyS0 panic=-1 oops=panic intel_iommu=on",
            "[    0.1] DMAR: IOMMU enabled",
            "[    0.5] DMAR: DRHD base: 0x000000fed90000 flags: 0x0",
            "[    1.0] igb 0000:01:00.0: Using MSI-X interrupts. 1 rx queue(s), 1 tx queue(s)",
            "[    1.1] pci 0000:01:10.0: [8086:10ca] type 00 class 0x020000 PCIe Endpoint",
            "[    1.2] igb 0000:01:00.0: VF 0 attempted to override administratively set MAC",
            "[    1.3] clocksource: Marking clocksource 'tsc' as unstable",
            "",
        ] {
            assert_eq!(kernel_line(line), None, "{line}");
        }
        assert_eq!(qemu_line("qemu-system-x86_64: terminating on signal 15"), None);
    }
}
