//! Registers of the 82599's VF (datasheet 8.3) and its successors', as byte offsets into BAR 0; names
//! as Linux's ixgbevf has them (`regs.h`, `defines.h`), without prefix.

/// Bytes of BAR 0.
pub(super) const BAR_LEN: u64 = 16 * 1024;

/// Queues that any VF has registers for.
pub(super) const QUEUES: u16 = 8;

/// Device control.
pub(super) const CTRL: u64 = 0x0;
/// CTRL: reset the function's queues and interrupts.
pub(super) const CTRL_RST: u32 = 1 << 26;
/// Device status.
pub(super) const STATUS: u64 = 0x8;
/// Link status.
pub(super) const LINKS: u64 = 0x10;
/// LINKS: link up.
pub(super) const LINKS_UP: u32 = 1 << 30;
/// LINKS: speed in bits 28 and 29, and in bit 27 that it is one of those between.
pub(super) const LINKS_SPEED_SHIFT: u32 = 27;
/// Free running timer.
pub(super) const FRTIMER: u64 = 0x48;

/// VF mailbox control.
pub(super) const MAILBOX: u64 = 0x2fc;
/// VF mailbox memory: 16 words.
pub(super) const MAILBOX_MEMORY: u64 = 0x200;

/// Extended interrupt mask: set.
pub(super) const EIMS: u64 = 0x108;
/// Extended interrupt mask: clear.
pub(super) const EIMC: u64 = 0x10c;
/// Extended interrupt auto clear.
pub(super) const EIAC: u64 = 0x110;
/// Extended interrupt auto mask.
pub(super) const EIAM: u64 = 0x114;
/// Vectors of queues 0 and 1, a byte each for receive 0, transmit 0, receive 1, transmit 1; those of
/// the next queues follow.
pub(super) const IVAR: u64 = 0x120;
/// Vector of the mailbox.
pub(super) const IVAR_MISC: u64 = 0x140;
/// IVAR: the entry is valid.
pub(super) const IVAR_VALID: u32 = 1 << 7;
/// Receive-side coalescing interrupt of vector 0; the next one's follows.
pub(super) const RSCINT: u64 = 0x180;
/// Throttle of vector 0; those of the others follow. The interval is in bits 3 to 11, in 2 us.
pub(super) const EITR: u64 = 0x820;
/// EITR: leaves the counter as it is.
pub(super) const EITR_CNT_WDIS: u32 = 1 << 31;

/// Packet split receive type, which also has the number of receive queues.
pub(super) const PSRTYPE: u64 = 0x300;
/// PSRTYPE: bits of the RSS index that select a queue, RQPL.
pub(super) const PSRTYPE_RQPL_SHIFT: u32 = 29;

/// RSS: what is hashed (X550 and later).
pub(super) const MRQC: u64 = 0x3000;
/// MRQC: RSS is on.
pub(super) const MRQC_RSSEN: u32 = 1 << 0;
/// RSS: key, 10 words.
pub(super) const RSSRK: u64 = 0x3100;
/// Receive memory wrap-around.
pub(super) const RXMEMWRAP: u64 = 0x3190;
/// RSS: table of queues, 16 words of 4 entries.
pub(super) const RETA: u64 = 0x3200;

/// Good packets received.
pub(super) const GPRC: u64 = 0x101c;
/// Good octets received: bits 0 to 31.
pub(super) const GORC_LSB: u64 = 0x1020;
/// Good octets received: bits 32 to 35.
pub(super) const GORC_MSB: u64 = 0x1024;
/// Multicast packets received.
pub(super) const MPRC: u64 = 0x1034;
/// Good packets transmitted.
pub(super) const GPTC: u64 = 0x201c;
/// Good octets transmitted: bits 0 to 31.
pub(super) const GOTC_LSB: u64 = 0x2020;
/// Good octets transmitted: bits 32 to 35.
pub(super) const GOTC_MSB: u64 = 0x2024;

/// A receive queue's register: base low, of queue 0.
pub(super) const RDBAL: u64 = 0x1000;
/// Base high.
pub(super) const RDBAH: u64 = 0x1004;
/// Length in bytes.
pub(super) const RDLEN: u64 = 0x1008;
/// Direct cache access control.
pub(super) const DCA_RXCTRL: u64 = 0x100c;
/// Head.
pub(super) const RDH: u64 = 0x1010;
/// Split and replication control.
pub(super) const SRRCTL: u64 = 0x1014;
/// SRRCTL: advanced descriptors, one buffer.
pub(super) const SRRCTL_ADVANCED: u32 = 1 << 25;
/// SRRCTL: drop when the queue has no descriptor, instead of stopping the port's other queues.
pub(super) const SRRCTL_DROP: u32 = 1 << 28;
/// Tail.
pub(super) const RDT: u64 = 0x1018;
/// Control.
pub(super) const RXDCTL: u64 = 0x1028;
/// RXDCTL: longest packet (X540 and later).
pub(super) const RXDCTL_RLPML: u32 = 0x3fff;
/// RXDCTL: longer packets are dropped (X540 and later).
pub(super) const RXDCTL_RLPML_EN: u32 = 1 << 15;
/// RXDCTL: VLAN tags are taken out.
pub(super) const RXDCTL_VME: u32 = 1 << 30;
/// Receive-side coalescing control.
pub(super) const RSCCTL: u64 = 0x102c;

/// A transmit queue's register: base low, of queue 0.
pub(super) const TDBAL: u64 = 0x2000;
/// Base high.
pub(super) const TDBAH: u64 = 0x2004;
/// Length in bytes.
pub(super) const TDLEN: u64 = 0x2008;
/// Direct cache access control.
pub(super) const DCA_TXCTRL: u64 = 0x200c;
/// Head.
pub(super) const TDH: u64 = 0x2010;
/// Tail.
pub(super) const TDT: u64 = 0x2018;
/// Control.
pub(super) const TXDCTL: u64 = 0x2028;
/// TXDCTL: prefetch, host and write-back thresholds.
pub(super) const TXDCTL_THRESHOLDS: u32 = 0x7f_7f7f;
/// Head write-back address, low.
pub(super) const TDWBAL: u64 = 0x2038;
/// Head write-back address, high.
pub(super) const TDWBAH: u64 = 0x203c;

/// DCA_RXCTRL, DCA_TXCTRL: descriptors may be read in any order.
pub(super) const DCA_DESC_READ_RELAXED: u32 = 1 << 9;
/// DCA_TXCTRL: packets may be read in any order.
pub(super) const DCA_DATA_READ_RELAXED: u32 = 1 << 13;

/// The register of queue `queue` that is at `first` for queue 0.
pub(super) fn of_queue(first: u64, queue: u16) -> u64 {
    first + 0x40 * u64::from(queue)
}
