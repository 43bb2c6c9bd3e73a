//! The registers that a dump shows: all but those which reading changes (VFMAILBOX, EICR, RQDPC) and
//! those which read as nothing (EICS, EIMC).

use super::regs;
use crate::nic::dump::Block;

const DEVICE: [Block; 17] = [
    Block::one("VTCTRL", regs::CTRL),
    Block::one("VTSTATUS", regs::STATUS),
    Block::one("VTFRTIMER", regs::FRTIMER),
    Block::of("VMBMEM", regs::MAILBOX_MEMORY, 16, 4),
    Block::one("VTEIMS", regs::EIMS),
    Block::one("VTEIAC", regs::EIAC),
    Block::one("VTEIAM", regs::EIAM),
    Block::of("VTEITR", regs::EITR, 3, 4),
    Block::one("VTIVAR0", regs::IVAR0),
    Block::one("VTIVAR_MISC", regs::IVAR_MISC),
    Block::one("VFGPRC", regs::GPRC),
    Block::one("VFGPTC", regs::GPTC),
    Block::one("VFGORC", regs::GORC),
    Block::one("VFGOTC", regs::GOTC),
    Block::one("VFMPRC", regs::MPRC),
    Block::one("VFGPRLBC", regs::GPRLBC),
    Block::one("VFGPTLBC", regs::GPTLBC),
];

const QUEUE: [(&str, u64); 14] = [
    ("RDBAL", regs::RDBAL),
    ("RDBAH", regs::RDBAH),
    ("RDLEN", regs::RDLEN),
    ("SRRCTL", regs::SRRCTL),
    ("RDH", regs::RDH),
    ("RDT", regs::RDT),
    ("RXDCTL", regs::RXDCTL),
    ("TDBAL", regs::TDBAL),
    ("TDBAH", regs::TDBAH),
    ("TDLEN", regs::TDLEN),
    ("TDH", regs::TDH),
    ("TDT", regs::TDT),
    ("TXCTRL", regs::TXCTRL),
    ("TXDCTL", regs::TXDCTL),
];

/// Those of a device with so many queues.
pub(super) fn blocks(queues: u16) -> impl Iterator<Item = Block> {
    let queue = move |(name, first)| Block::of(name, first, queues, regs::of_queue(0, 1));
    DEVICE.into_iter().chain(QUEUE.into_iter().map(queue))
}
