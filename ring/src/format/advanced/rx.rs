//! The receive write-back.

use super::Variant;
use crate::format::RxDone;
use crate::frame::Flags;

// Second word: extended status in bits 0 to 19, extended error in 20 to 31, length in 32 to 47, VLAN
// tag in 48 to 63.
pub(super) const DD: u64 = 1 << 0;
const EOP: u64 = 1 << 1;
const VP: u64 = 1 << 3;
const IPCS: u64 = 1 << 6;

// First word: RSS type in bits 0 to 3, packet type in 4 to 16, RSS hash in 32 to 63.
const IPV4: u64 = 0x3 << 4;
const IPV6: u64 = 0xc << 4;
const TCP: u64 = 1 << 8;
pub(super) const UDP: u64 = 1 << 9;
pub(super) const SCTP: u64 = 1 << 10;
/// The packet type names an EtherType filter instead of protocols.
const ETQF: u64 = 1 << 15;

/// What each RSS type says: TCP over IPv4, IPv4, TCP over IPv6, IPv6 with extension headers, IPv6, TCP
/// over IPv6 with these, UDP over IPv4, UDP over IPv6, the same with extension headers. (Type 15 is a
/// flow director's, and the word no hash.)
const RSS: [Flags; 16] = {
    const V4: Flags = Flags::RSS.union(Flags::IPV4);
    const V6: Flags = Flags::RSS.union(Flags::IPV6);
    const TCP: Flags = Flags::RSS_L4.union(Flags::TCP);
    const UDP: Flags = Flags::RSS_L4.union(Flags::UDP);
    let mut types = [Flags::empty(); 16];
    types[1] = V4.union(TCP);
    types[2] = V4;
    types[3] = V6.union(TCP);
    types[4] = V6;
    types[5] = V6;
    types[6] = V6.union(TCP);
    types[7] = V4.union(UDP);
    types[8] = V6.union(UDP);
    types[9] = V6.union(UDP);
    types
};

/// What a completed descriptor says.
#[inline]
pub(super) fn parse<V: Variant>(first: u64, second: u64) -> RxDone {
    let mut flags = RSS[(first & 0xf) as usize];
    let mut set = |condition: bool, flag: Flags| {
        if condition {
            flags = flags | flag;
        }
    };
    set(second & VP != 0, Flags::VLAN);
    if first & ETQF == 0 {
        set(first & IPV4 != 0, Flags::IPV4);
        set(first & IPV6 != 0, Flags::IPV6);
        set(first & TCP != 0, Flags::TCP);
        set(first & UDP != 0, Flags::UDP);
        set(first & SCTP != 0, Flags::SCTP);
        if second & IPCS != 0 {
            set(true, if second & V::RX_IP_ERROR != 0 { Flags::IP_BAD } else { Flags::IP_GOOD });
        }
        if second & V::RX_L4_CHECKED != 0 {
            let wrong = second & V::RX_L4_ERROR != 0;
            set(!wrong, Flags::L4_GOOD);
            set(wrong && first & V::RX_L4_DOUBTFUL == 0, Flags::L4_BAD);
        }
    }
    let tag = (second >> 48) as u16;
    RxDone {
        len: (second >> 32) as u16,
        end: second & EOP != 0,
        error: second & V::RX_ERROR != 0,
        vlan: if second & V::RX_SWAPPED_TAG != 0 { tag.swap_bytes() } else { tag },
        flags,
        hash: (first >> 32) as u32,
    }
}
