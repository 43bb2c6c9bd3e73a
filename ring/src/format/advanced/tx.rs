//! Transmit descriptors: data and contexts.

use super::Variant;
use crate::frame::Flags;
use crate::offload::Lengths;

// Second word: data length in bits 0 to 15, type in 20 to 23, command in 24 to 31, status in 32 to 35,
// context index in 36 to 38, options (POPTS) in 40 to 45, payload length in 46 to 63.
const TYPE_CONTEXT: u64 = 0x2 << 20;
const TYPE_DATA: u64 = 0x3 << 20;
pub(super) const EOP: u64 = 1 << 24;
const IFCS: u64 = 1 << 25;
pub(super) const RS: u64 = 1 << 27;
const DEXT: u64 = 1 << 29;
const VLE: u64 = 1 << 30;
const TSE: u64 = 1 << 31;
pub(super) const DD: u64 = 1 << 32;
const IDX_SHIFT: u32 = 36;
const IXSM: u64 = 1 << 40;
const TXSM: u64 = 1 << 41;
pub(super) const PAYLEN_SHIFT: u32 = 46;

// A context. First word: IP header length in bits 0 to 8, MAC header length in 9 to 15, VLAN tag in 16
// to 31. Second word, besides type, DEXT and index: TUCMD in bits 9 to 19, L4 header length in 40 to
// 47, MSS in 48 to 63.
const MACLEN_SHIFT: u32 = 9;
const VLAN_SHIFT: u32 = 16;
const TUCMD_IPV4: u64 = 1 << 10;
/// L4T; UDP is 0.
const TUCMD_TCP: u64 = 1 << 11;
const TUCMD_SCTP: u64 = 1 << 12;
const L4LEN_SHIFT: u32 = 40;
const MSS_SHIFT: u32 = 48;

/// Length of an Ethernet header, for contexts that are about nothing else.
const ETHERNET: u64 = 14;

/// The context that requests use.
const fn index<V: Variant>() -> u64 {
    (V::TX_CONTEXT_ALWAYS as u64) << IDX_SHIFT
}

/// The context for packets that ask for nothing, where there has to be one.
pub(super) const fn first<V: Variant>() -> Option<[u64; 2]> {
    if V::TX_CONTEXT_ALWAYS { Some([ETHERNET << MACLEN_SHIFT, TYPE_CONTEXT | DEXT]) } else { None }
}

/// What all data descriptors have in common.
pub(super) const fn packet<V: Variant>() -> u64 {
    TYPE_DATA | DEXT | IFCS | V::TX_ALWAYS
}

/// What they have besides for a packet that asks for something.
#[inline]
pub(super) fn request<V: Variant>(flags: Flags) -> u64 {
    let bit = |flag, bit| if flags.contains(flag) { bit } else { 0 };
    index::<V>()
        | bit(Flags::VLAN, VLE)
        | bit(Flags::IP_CHECKSUM, IXSM)
        | bit(Flags::L4_CHECKSUM, TXSM)
        | bit(Flags::SEGMENT, TSE)
}

/// The context of a packet that asks for something.
#[inline]
pub(super) fn context<V: Variant>(vlan: u16, flags: Flags, lengths: Lengths) -> [u64; 2] {
    let tag = if flags.contains(Flags::VLAN) { u64::from(vlan) << VLAN_SHIFT } else { 0 };
    let (mut first, mut second) = (tag, TYPE_CONTEXT | DEXT | index::<V>());
    if flags.intersects(Flags::REQUESTS) {
        let bit = |flag, bit| if flags.contains(flag) { bit } else { 0 };
        first |= lengths.l3() as u64 | (lengths.l2() as u64) << MACLEN_SHIFT;
        second |= bit(Flags::IPV4, TUCMD_IPV4) | bit(Flags::TCP, TUCMD_TCP);
        second |= bit(Flags::SCTP, TUCMD_SCTP);
        second |= (lengths.l4() as u64) << L4LEN_SHIFT | (lengths.mss() as u64) << MSS_SHIFT;
    } else {
        first |= ETHERNET << MACLEN_SHIFT;
    }
    [first, second]
}
