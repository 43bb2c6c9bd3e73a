//! What capability ids are called.

use super::List;

/// From Linux's `pci_regs.h`, `PCI_CAP_ID_*` and `PCI_EXT_CAP_ID_*`.
pub(super) fn name(list: List, id: u16) -> Option<&'static str> {
    let table: &[(u16, &str)] = match list {
        List::Standard => &STANDARD,
        List::Extended => &EXTENDED,
    };
    table.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

const STANDARD: [(u16, &str); 14] = [
    (0x01, "Power Management"),
    (0x03, "Vital Product Data"),
    (0x05, "MSI"),
    (0x07, "PCI-X"),
    (0x08, "HyperTransport"),
    (0x09, "Vendor-Specific"),
    (0x0a, "Debug Port"),
    (0x0d, "Bridge Subsystem"),
    (0x0f, "Secure Device"),
    (0x10, "PCI Express"),
    (0x11, "MSI-X"),
    (0x12, "SATA"),
    (0x13, "Advanced Features"),
    (0x14, "Enhanced Allocation"),
];

const EXTENDED: [(u16, &str); 26] = [
    (0x01, "Advanced Error Reporting"),
    (0x02, "Virtual Channel"),
    (0x03, "Device Serial Number"),
    (0x04, "Power Budgeting"),
    (0x08, "Multi-Function Virtual Channel"),
    (0x09, "Virtual Channel"),
    (0x0b, "Vendor-Specific"),
    (0x0d, "Access Control Services"),
    (0x0e, "Alternative Routing-ID Interpretation"),
    (0x0f, "Address Translation Services"),
    (0x10, "Single Root I/O Virtualization"),
    (0x12, "Multicast"),
    (0x13, "Page Request Interface"),
    (0x15, "Resizable BAR"),
    (0x16, "Dynamic Power Allocation"),
    (0x17, "TPH Requester"),
    (0x18, "Latency Tolerance Reporting"),
    (0x19, "Secondary PCI Express"),
    (0x1b, "Process Address Space ID"),
    (0x1d, "Downstream Port Containment"),
    (0x1e, "L1 PM Substates"),
    (0x1f, "Precision Time Measurement"),
    (0x23, "Designated Vendor-Specific"),
    (0x25, "Data Link Feature"),
    (0x26, "Physical Layer 16.0 GT/s"),
    (0x2a, "Physical Layer 32.0 GT/s"),
];
