//! Registers of the VF's BAR 0, by the names of the 82599 datasheet (section 8.3).
//!
//! Offsets and bits are spelt out as Linux's ixgbevf (`regs.h`, `defines.h`, `mbx.h`) and DPDK's
//! `ixgbe_vf.h` and `ixgbe_type.h` have them.

/// VFCTRL: control.
pub(crate) const VFCTRL: usize = 0x000;
/// VFCTRL.RST: resets the function. Clears itself.
pub(crate) const VFCTRL_RST: u32 = 1 << 26;

/// VFSTATUS: status. A mirror of the PF's STATUS; drivers read it to flush their writes.
pub(crate) const VFSTATUS: usize = 0x008;
/// VFSTATUS: where the number of VFs is.
pub(crate) const VFSTATUS_NUM_VFS_SHIFT: u32 = 10;
/// VFSTATUS: VFs are enabled.
pub(crate) const VFSTATUS_IOV_ACTIVE: u32 = 1 << 18;
/// VFSTATUS: bus mastering is on.
pub(crate) const VFSTATUS_MASTER: u32 = 1 << 19;

/// VFLINKS: the link.
pub(crate) const VFLINKS: usize = 0x010;
/// VFLINKS: it is up.
pub(crate) const VFLINKS_UP: u32 = 1 << 30;
/// VFLINKS: at 10 Gbit/s.
pub(crate) const VFLINKS_10G: u32 = 3 << 28;

/// VFFRTIMER: a free-running timer of microseconds, milliseconds and seconds.
pub(crate) const VFFRTIMER: usize = 0x048;

/// VTEICR: interrupt causes, cleared by reading and by writing ones.
pub(crate) const VTEICR: usize = 0x100;
/// VTEICS: sets causes.
pub(crate) const VTEICS: usize = 0x104;
/// VTEIMS: which causes are let through; writing ones lets more through.
pub(crate) const VTEIMS: usize = 0x108;
/// VTEIMC: writing ones masks causes.
pub(crate) const VTEIMC: usize = 0x10c;
/// VTEIAC: causes that clear themselves when their message is sent.
pub(crate) const VTEIAC: usize = 0x110;
/// VTEIAM: causes that are masked when their message is sent.
pub(crate) const VTEIAM: usize = 0x114;
/// VTIVAR: the vectors of queues, four to a register.
pub(crate) const VTIVAR: usize = 0x120;
/// VTIVAR_MISC: the vector of the mailbox.
pub(crate) const VTIVAR_MISC: usize = 0x140;
/// An entry of VTIVAR that is in force.
pub(crate) const IVAR_VALID: u32 = 0x80;
/// An entry's vector.
pub(crate) const IVAR_VECTOR: u32 = 0x03;
/// VTRSCINT: when coalesced packets interrupt. Kept, without an effect: receive coalescing is off
/// under SR-IOV.
pub(crate) const VTRSCINT: usize = 0x180;
/// VTEITR: least time between messages of a vector.
pub(crate) const VTEITR: usize = 0x820;

/// VFMBMEM: 16 words that VF and PF share.
pub(crate) const VFMBMEM: usize = 0x200;
/// VFMAILBOX: who has them, and what happened.
pub(crate) const VFMAILBOX: usize = 0x2fc;
/// VFMAILBOX.REQ: the VF has written a message. Write only.
pub(crate) const MAILBOX_REQ: u32 = 1 << 0;
/// VFMAILBOX.ACK: the VF has read the PF's message. Write only.
pub(crate) const MAILBOX_ACK: u32 = 1 << 1;
/// VFMAILBOX.VFU: the VF has the buffer.
pub(crate) const MAILBOX_VFU: u32 = 1 << 2;
/// VFMAILBOX.PFU: the PF has the buffer.
pub(crate) const MAILBOX_PFU: u32 = 1 << 3;
/// VFMAILBOX.PFSTS: the PF has written a message. Cleared by reading.
pub(crate) const MAILBOX_PFSTS: u32 = 1 << 4;
/// VFMAILBOX.PFACK: the PF has read the VF's message. Cleared by reading.
pub(crate) const MAILBOX_PFACK: u32 = 1 << 5;
/// VFMAILBOX.RSTI: the PF is in reset.
pub(crate) const MAILBOX_RSTI: u32 = 1 << 6;
/// VFMAILBOX.RSTD: a reset is done. Cleared by reading.
pub(crate) const MAILBOX_RSTD: u32 = 1 << 7;

/// VFPSRTYPE: header split, and how many bits of the RSS result choose a queue.
pub(crate) const VFPSRTYPE: usize = 0x300;

/// From one queue's registers to the next one's.
pub(crate) const QUEUE_STRIDE: usize = 0x40;
/// The first receive register of queue 0 (VFRDBAL).
pub(crate) const RX_BASE: usize = 0x1000;
/// The first transmit register of queue 0 (VFTDBAL).
pub(crate) const TX_BASE: usize = 0x2000;
/// VFDCA_RXCTRL of queue 0.
pub(crate) const VFDCA_RXCTRL: usize = 0x100c;
/// VFSRRCTL of queue 0: sizes of buffers and format of descriptors.
pub(crate) const VFSRRCTL: usize = 0x1014;
/// VFRXDCTL of queue 0.
pub(crate) const VFRXDCTL: usize = 0x1028;
/// VFDCA_TXCTRL of queue 0.
pub(crate) const VFDCA_TXCTRL: usize = 0x200c;
/// VFTXDCTL of queue 0.
pub(crate) const VFTXDCTL: usize = 0x2028;
/// VFRXDCTL.ENABLE and VFTXDCTL.ENABLE.
pub(crate) const QUEUE_ENABLE: u32 = 1 << 25;

/// VFGPRC: packets received, 32 bits.
pub(crate) const VFGPRC: usize = 0x101c;
/// VFGORC, low 32 bits: octets received.
pub(crate) const VFGORC_LSB: usize = 0x1020;
/// VFGORC, high 4 bits.
pub(crate) const VFGORC_MSB: usize = 0x1024;
/// VFMPRC: multicast packets received, 32 bits.
pub(crate) const VFMPRC: usize = 0x1034;
/// VFGPTC: packets sent, 32 bits.
pub(crate) const VFGPTC: usize = 0x201c;
/// VFGOTC, low 32 bits: octets sent.
pub(crate) const VFGOTC_LSB: usize = 0x2020;
/// VFGOTC, high 4 bits.
pub(crate) const VFGOTC_MSB: usize = 0x2024;
