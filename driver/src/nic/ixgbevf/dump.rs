//! The registers that a dump shows: all but those which reading changes (VFMAILBOX, VTEICR) and those
//! which read as nothing (VTEICS, VTEIMC).

use super::models::RssAccess;
use super::regs;
use crate::nic::dump::Block;

const DEVICE: [Block; 21] = [
    Block::one("VFCTRL", regs::CTRL),
    Block::one("VFSTATUS", regs::STATUS),
    Block::one("VFLINKS", regs::LINKS),
    Block::one("VFFRTIMER", regs::FRTIMER),
    Block::of("VFMBMEM", regs::MAILBOX_MEMORY, 16, 4),
    Block::one("VTEIMS", regs::EIMS),
    Block::one("VTEIAC", regs::EIAC),
    Block::one("VTEIAM", regs::EIAM),
    Block::of("VTIVAR", regs::IVAR, 4, 4),
    Block::one("VTIVAR_MISC", regs::IVAR_MISC),
    Block::of("VTRSCINT", regs::RSCINT, 2, 4),
    Block::of("VTEITR", regs::EITR, 3, 4),
    Block::one("VFPSRTYPE", regs::PSRTYPE),
    Block::one("VFRXMEMWRAP", regs::RXMEMWRAP),
    Block::one("VFGPRC", regs::GPRC),
    Block::one("VFGORC_LSB", regs::GORC_LSB),
    Block::one("VFGORC_MSB", regs::GORC_MSB),
    Block::one("VFMPRC", regs::MPRC),
    Block::one("VFGPTC", regs::GPTC),
    Block::one("VFGOTC_LSB", regs::GOTC_LSB),
    Block::one("VFGOTC_MSB", regs::GOTC_MSB),
];

const QUEUE: [(&str, u64); 18] = [
    ("VFRDBAL", regs::RDBAL),
    ("VFRDBAH", regs::RDBAH),
    ("VFRDLEN", regs::RDLEN),
    ("VFDCA_RXCTRL", regs::DCA_RXCTRL),
    ("VFRDH", regs::RDH),
    ("VFSRRCTL", regs::SRRCTL),
    ("VFRDT", regs::RDT),
    ("VFRXDCTL", regs::RXDCTL),
    ("VFRSCCTL", regs::RSCCTL),
    ("VFTDBAL", regs::TDBAL),
    ("VFTDBAH", regs::TDBAH),
    ("VFTDLEN", regs::TDLEN),
    ("VFDCA_TXCTRL", regs::DCA_TXCTRL),
    ("VFTDH", regs::TDH),
    ("VFTDT", regs::TDT),
    ("VFTXDCTL", regs::TXDCTL),
    ("VFTDWBAL", regs::TDWBAL),
    ("VFTDWBAH", regs::TDWBAH),
];

const RSS: [Block; 3] = [
    Block::one("VFMRQC", regs::MRQC),
    Block::of("VFRSSRK", regs::RSSRK, 10, 4),
    Block::of("VFRETA", regs::RETA, 16, 4),
];

/// Those of a device with so many queues.
pub(super) fn blocks(queues: u16, rss: RssAccess) -> impl Iterator<Item = Block> {
    let queue = move |(name, first)| Block::of(name, first, queues, regs::of_queue(0, 1));
    let rss = RSS.into_iter().filter(move |_| rss == RssAccess::Own);
    DEVICE.into_iter().chain(QUEUE.into_iter().map(queue)).chain(rss)
}
