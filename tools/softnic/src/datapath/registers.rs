//! The registers of one queue, from its first one on (82599 datasheet 8.3.5.7, 8.3.5.8), as both
//! directions have them, and their bits.

/// RDBAL, TDBAL.
pub(super) const BASE_LOW: usize = 0x00;
/// RDBAH, TDBAH.
pub(super) const BASE_HIGH: usize = 0x04;
/// RDLEN, TDLEN.
pub(super) const LENGTH: usize = 0x08;
/// DCA_RXCTRL, DCA_TXCTRL.
pub(super) const DCA: usize = 0x0c;
/// RDH, TDH.
pub(super) const HEAD: usize = 0x10;
/// SRRCTL.
pub(super) const SRRCTL: usize = 0x14;
/// RDT, TDT.
pub(super) const TAIL: usize = 0x18;
/// RXDCTL, TXDCTL.
pub(super) const CONTROL: usize = 0x28;
/// TDWBAL.
pub(super) const WRITE_BACK_LOW: usize = 0x38;
/// TDWBAH.
pub(super) const WRITE_BACK_HIGH: usize = 0x3c;

/// RDBAL, TDBAL: bits that are looked at: rings are aligned to 128 bytes.
pub(super) const BASE_MASK: u64 = !0x7f;
/// RDLEN, TDLEN: bits that are looked at.
pub(super) const LENGTH_MASK: u32 = 0x000f_ff80;

/// SRRCTL.BSIZEPACKET: KiB of a buffer.
pub(super) const SRRCTL_BUFFER: u32 = 0x1f;
/// SRRCTL.DESCTYPE.
pub(super) const SRRCTL_TYPE: u32 = 7 << 25;
/// SRRCTL.DESCTYPE: advanced, one buffer.
pub(super) const SRRCTL_ONE_BUFFER: u32 = 1 << 25;

/// DCA_RXCTRL.RXdataWriteNSEn: bit 0 of a buffer's address is "no snoop".
pub(super) const DCA_NO_SNOOP: u32 = 1 << 12;

/// RXDCTL.RLPML: longest frame of the queue, and whether there is such a limit.
pub(super) const RXDCTL_LONGEST: u32 = 0x3fff;
pub(super) const RXDCTL_LIMIT: u32 = 1 << 15;
/// RXDCTL.VME: VLAN tags are stripped.
pub(super) const RXDCTL_VME: u32 = 1 << 30;

/// TXDCTL.WTHRESH.
pub(super) const TXDCTL_WTHRESH_SHIFT: u32 = 16;
pub(super) const TXDCTL_WTHRESH_MASK: u32 = 0x7f;

/// TDWBAL.Head_WB_En.
pub(super) const WRITE_BACK_HEAD: u32 = 1;

/// VFMRQC, VFRSSRK and VFRETA, from X550 on.
pub(super) const VFMRQC: usize = 0x3000;
pub(super) const VFRSSRK: usize = 0x3100;
pub(super) const VFRETA: usize = 0x3200;
/// VFMRQC.RSSEN.
pub(super) const MRQC_ENABLE: u32 = 1;
