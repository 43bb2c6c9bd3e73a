//! The receive write-back.

use super::Variant;
use crate::format::{RxBits, RxDone, RxTables};
use crate::frame::Flags;

// Second word: extended status in bits 0 to 19, extended error in 20 to 31, length in 32 to 47, VLAN
// tag in 48 to 63.
pub(super) const DD: u64 = 1 << 0;
const EOP: u64 = 1 << 1;
pub(super) const VP: u64 = 1 << 3;
const IPCS: u64 = 1 << 6;

// First word: RSS type in bits 0 to 3, packet type in 4 to 16, RSS hash in 32 to 63.
const IPV4: u64 = 0x3 << 4;
const IPV6: u64 = 0xc << 4;
const TCP: u64 = 1 << 8;
pub(super) const UDP: u64 = 1 << 9;
pub(super) const SCTP: u64 = 1 << 10;
/// The packet type names an EtherType filter instead of protocols.
const ETQF: u64 = 1 << 15;

/// TCP, UDP and SCTP, which [`Flags`] has at the same places.
const L4: u64 = TCP | UDP | SCTP;
const _: () = assert!(L4 == Flags::TCP.union(Flags::UDP).union(Flags::SCTP).0 as u64);
const _: () = assert!(TCP == Flags::TCP.0 as u64 && UDP == Flags::UDP.0 as u64);

/// What the lowest byte of the first word says: an RSS type, and which IP header there is.
const LOW: [Flags; 256] = {
    let mut flags = [Flags::empty(); 256];
    let mut byte = 0;
    while byte < 256 {
        flags[byte] = rss(byte as u64 & 0xf);
        if byte as u64 & IPV4 != 0 {
            flags[byte] = flags[byte].union(Flags::IPV4);
        }
        if byte as u64 & IPV6 != 0 {
            flags[byte] = flags[byte].union(Flags::IPV6);
        }
        byte += 1;
    }
    flags
};

/// What an RSS type says. (Type 15 is a flow director's, and the word no hash.)
const fn rss(number: u64) -> Flags {
    const V4: Flags = Flags::RSS.union(Flags::IPV4);
    const V6: Flags = Flags::RSS.union(Flags::IPV6);
    const TCP: Flags = Flags::RSS_L4.union(Flags::TCP);
    const UDP: Flags = Flags::RSS_L4.union(Flags::UDP);
    match number {
        1 => V4.union(TCP),
        2 => V4,
        // 4 and 6 look for addresses in extension headers.
        3 | 6 => V6.union(TCP),
        4 | 5 => V6,
        7 => V4.union(UDP),
        // 9 looks for addresses in extension headers.
        8 | 9 => V6.union(UDP),
        _ => Flags::empty(),
    }
}

/// Where a completed descriptor says what.
pub(super) const fn bits<V: Variant>() -> RxBits {
    let (mut rss, mut ip) = ([Flags::empty(); 16], [Flags::empty(); 16]);
    let mut i = 0;
    while i < 16 {
        rss[i] = LOW[i];
        ip[i] = LOW[i << 4];
        i += 1;
    }
    RxBits {
        done: DD as u32,
        end: EOP as u32,
        error: V::RX_ERROR as u32,
        swapped_tag: V::RX_SWAPPED_TAG as u32,
        vlan: VP as u32,
        ip_checked: IPCS as u32,
        ip_error: V::RX_IP_ERROR as u32,
        l4_checked: V::RX_L4_CHECKED as u32,
        l4_error: V::RX_L4_ERROR as u32,
        l4_doubtful: V::RX_L4_DOUBTFUL as u32,
        filtered: ETQF as u32,
        l4: L4 as u32,
        rss,
        ip,
    }
}

/// The same as tables of words with [`Flags`] in the upper halves, as a frame has them, by bits of the
/// descriptor's words.
struct Tables {
    /// By the lowest byte of the first word.
    low: [u32; 256],
    /// By four bits each, as [`RxTables`] has them.
    holds: [u32; 16],
    told: [u32; 16],
    found: [u32; 16],
}

impl Tables {
    const fn new(bits: &RxBits) -> Tables {
        let bytes = RxTables::new(bits);
        let [mut holds, mut told, mut found] = [[0; 16]; 3];
        let mut low = [0; 256];
        let mut i = 0;
        while i < 256 {
            low[i] = (LOW[i].0 as u32) << 16;
            if i < 16 {
                holds[i] = (bytes.holds[i] as u32) << 16;
                told[i] = (bytes.told[i] as u32) << 16;
                found[i] = (bytes.found[i] as u32) << 16;
            }
            i += 1;
        }
        Tables { low, holds, told, found }
    }
}

/// What a completed descriptor says of its packet: [`Flags`] in the upper half.
#[inline]
pub(super) fn flags<V: Variant>(first: u64, second: u64) -> u32 {
    let tables = const { &Tables::new(&bits::<V>()) };
    let four = |word: u64, at| (word >> at & 0xf) as usize;
    let told = tables.told[four(second, RxTables::TOLD)];
    let found = told & tables.found[four(second, RxTables::FOUND)];
    if first & ETQF == 0 {
        let holds = tables.holds[four(first, RxTables::ABOVE)];
        tables.low[first as u8 as usize] | ((first & L4) as u32) << 16 | found & holds
    } else {
        std::hint::cold_path();
        tables.low[four(first, 0)] | found & u32::from(Flags::VLAN.0) << 16
    }
}

/// What a completed descriptor says.
#[inline]
pub(super) fn parse<V: Variant>(first: u64, second: u64) -> RxDone {
    let tag = (second >> 48) as u16;
    RxDone {
        len: (second >> 32) as u16,
        end: second & EOP != 0,
        error: second & V::RX_ERROR != 0,
        vlan: if second & V::RX_SWAPPED_TAG != 0 { tag.swap_bytes() } else { tag },
        flags: Flags((flags::<V>(first, second) >> 16) as u16),
        hash: (first >> 32) as u32,
    }
}
