//! Registers of the 82576's VF (datasheet 9.2) and the I350's (datasheet 8.3), as byte offsets into
//! BAR 0; names as there, without the `VT` prefix.

/// Bytes of BAR 0.
pub(super) const BAR_LEN: u64 = 16 * 1024;

/// Device control.
pub(super) const CTRL: u64 = 0x0;
/// CTRL: reset the function's queues and interrupts.
pub(super) const CTRL_RST: u32 = 1 << 26;

/// Device status.
pub(super) const STATUS: u64 = 0x8;
/// STATUS: full duplex.
pub(super) const STATUS_FD: u32 = 1 << 0;
/// STATUS: link up.
pub(super) const STATUS_LU: u32 = 1 << 1;
/// STATUS: speed in bits 6 and 7: 10, 100 or (either of the last two) 1000 Mbit/s.
pub(super) const STATUS_SPEED_SHIFT: u32 = 6;

/// Free running timer.
pub(super) const FRTIMER: u64 = 0x1048;

/// VF mailbox control.
pub(super) const MAILBOX: u64 = 0xc40;
/// VF mailbox memory: 16 words.
pub(super) const MAILBOX_MEMORY: u64 = 0x800;

/// Extended interrupt mask: set.
pub(super) const EIMS: u64 = 0x1524;
/// Extended interrupt mask: clear.
pub(super) const EIMC: u64 = 0x1528;
/// Extended interrupt auto clear.
pub(super) const EIAC: u64 = 0x152c;
/// Extended interrupt auto mask.
pub(super) const EIAM: u64 = 0x1530;
/// Throttle of vector 0; those of the others follow.
pub(super) const EITR: u64 = 0x1680;
/// Vectors of queues 0 and 1: a byte each for receive 0, transmit 0, receive 1, transmit 1.
pub(super) const IVAR0: u64 = 0x1700;
/// Vector of mailbox and link.
pub(super) const IVAR_MISC: u64 = 0x1740;
/// IVAR: the entry is valid.
pub(super) const IVAR_VALID: u32 = 1 << 7;

/// Good packets received.
pub(super) const GPRC: u64 = 0xf10;
/// Good packets transmitted.
pub(super) const GPTC: u64 = 0xf14;
/// Good octets received.
pub(super) const GORC: u64 = 0xf18;
/// Good octets transmitted.
pub(super) const GOTC: u64 = 0xf34;
/// Multicast packets received.
pub(super) const MPRC: u64 = 0xf3c;

/// Good packets received from the switch inside the device.
pub(super) const GPRLBC: u64 = 0xf40;
/// Good packets transmitted to it.
pub(super) const GPTLBC: u64 = 0xf44;

/// A receive queue's register: base low, of queue 0.
pub(super) const RDBAL: u64 = 0x2800;
/// Base high.
pub(super) const RDBAH: u64 = 0x2804;
/// Length in bytes.
pub(super) const RDLEN: u64 = 0x2808;
/// Split and replication control.
pub(super) const SRRCTL: u64 = 0x280c;
/// SRRCTL: advanced descriptors, one buffer.
pub(super) const SRRCTL_ADVANCED: u32 = 1 << 25;
/// SRRCTL: drop when the queue has no descriptor, instead of stopping the port's other queues.
pub(super) const SRRCTL_DROP: u32 = 1 << 31;
/// Head.
pub(super) const RDH: u64 = 0x2810;
/// Tail.
pub(super) const RDT: u64 = 0x2818;
/// Control.
pub(super) const RXDCTL: u64 = 0x2828;

/// Packets dropped for want of a descriptor: reading clears it.
pub(super) const RQDPC: u64 = 0x2830;
/// RQDPC: the count.
pub(super) const RQDPC_COUNT: u32 = 0xfff;

/// A transmit queue's register: base low, of queue 0.
pub(super) const TDBAL: u64 = 0x3800;
/// Base high.
pub(super) const TDBAH: u64 = 0x3804;
/// Length in bytes.
pub(super) const TDLEN: u64 = 0x3808;
/// Head.
pub(super) const TDH: u64 = 0x3810;
/// Direct cache access control.
pub(super) const TXCTRL: u64 = 0x3814;
/// TXCTRL: relaxed ordering of descriptor write-backs.
pub(super) const TXCTRL_WB_RELAXED: u32 = 1 << 11;
/// Tail.
pub(super) const TDT: u64 = 0x3818;
/// Control.
pub(super) const TXDCTL: u64 = 0x3828;

/// RXDCTL and TXDCTL: prefetch, host and write-back thresholds.
pub(super) const THRESHOLDS: u32 = 0x1f_1f1f;

/// The register of queue `queue` that is at `first` for queue 0.
pub(super) fn of_queue(first: u64, queue: u16) -> u64 {
    first + 0x100 * u64::from(queue)
}

// Mailbox messages that the 82599's family has not, VF to PF (Linux igb's e1000_mbx.h).

/// In the info bits of SET_MAC: no unicast address besides the VF's own.
pub(super) const MAC_FILTER_CLEAR: u32 = 0x01;
/// In the info bits of SET_MAC: one more unicast address.
pub(super) const MAC_FILTER_ADD: u32 = 0x02;
/// Promiscuous modes: unicast in bit 0 of the info bits, multicast in bit 1.
pub(super) const SET_PROMISC: u32 = 0x06;
