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

/// RXDCTL and TXDCTL: the queue is on.
pub(super) const QUEUE_ENABLE: u32 = 1 << 25;
/// RXDCTL and TXDCTL: prefetch, host and write-back thresholds.
pub(super) const THRESHOLDS: u32 = 0x1f_1f1f;

/// The register of queue `queue` that is at `first` for queue 0.
pub(super) fn of_queue(first: u64, queue: u16) -> u64 {
    first + 0x100 * u64::from(queue)
}

// Mailbox messages, VF to PF (Linux igb's e1000_mbx.h).

/// Greeting after a reset; the answer carries the MAC address.
pub(super) const MSG_RESET: u32 = crate::nic::mailbox::GREETING;
/// Set the MAC address in words 1 and 2.
pub(super) const MSG_SET_MAC: u32 = 0x02;
/// Set the multicast hashes: count in bits 16 to 23, 16-bit hashes from word 1 on.
pub(super) const MSG_SET_MULTICAST: u32 = 0x03;
/// VLAN filter: id in word 1, on in bit 16.
pub(super) const MSG_SET_VLAN: u32 = 0x04;
/// Longest frame, in word 1.
pub(super) const MSG_SET_LPE: u32 = 0x05;
/// Promiscuous modes: unicast in bit 16, multicast in bit 17.
pub(super) const MSG_SET_PROMISC: u32 = 0x06;
/// Extra bits of a message start here.
pub(super) const MSG_INFO_SHIFT: u32 = 16;
