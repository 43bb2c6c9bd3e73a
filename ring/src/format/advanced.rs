//! Intel's advanced descriptors, as the 82576 (datasheet 7.1.5 and 7.2.2) and the 82599 (7.1.6 and
//! 7.2.3) have them. The two differ in a few bits only.

use super::{Format, RxDone, TxFrame};
use crate::frame::Flags;

/// What differs between devices with advanced descriptors.
pub trait Variant: Send + Sync + 'static {
    /// Receive: an IPv4 checksum is wrong, in the second word.
    const RX_IP_ERROR: u64;
    /// Receive: a TCP or UDP checksum is wrong, in the second word.
    const RX_L4_ERROR: u64;
    /// Receive: the packet is damaged, in the second word.
    const RX_ERROR: u64;
    /// Receive: the TCP or UDP checksum was looked at, in the second word.
    const RX_L4_CHECKED: u64;
    /// Receive: the tag is in the other byte order, in the second word.
    const RX_SWAPPED_TAG: u64;
    /// Transmit: bits that every data descriptor has, in the second word.
    const TX_ALWAYS: u64;
}

/// Advanced descriptors of a device variant.
#[derive(Clone, Copy, Debug)]
pub struct Advanced<V>(std::marker::PhantomData<V>);

/// Advanced descriptors of the 82576 and its VFs.
pub type Adv82576 = Advanced<V82576>;

/// Advanced descriptors of the I350 and its VFs.
pub type AdvI350 = Advanced<VI350>;

/// Advanced descriptors of the 82599 and those after it, and their VFs.
pub type Adv82599 = Advanced<V82599>;

/// The 82576's bits.
#[derive(Clone, Copy, Debug)]
pub struct V82576;

/// The I350's bits.
#[derive(Clone, Copy, Debug)]
pub struct VI350;

/// The 82599's bits.
#[derive(Clone, Copy, Debug)]
pub struct V82599;

// Receive, second word: extended status in bits 0 to 19, extended error in 20 to 31, length in 32 to
// 47, VLAN tag in 48 to 63.
const RX_DD: u64 = 1 << 0;
const RX_EOP: u64 = 1 << 1;
const RX_VP: u64 = 1 << 3;
const RX_IPCS: u64 = 1 << 6;

// Receive, first word: RSS type in bits 0 to 3, packet type in 4 to 16, RSS hash in 32 to 63.
const RX_RSS_TYPE: u64 = 0xf;
const RX_IPV4: u64 = 0x3 << 4;
const RX_IPV6: u64 = 0xc << 4;
const RX_TCP: u64 = 1 << 8;
const RX_UDP: u64 = 1 << 9;
const RX_SCTP: u64 = 1 << 10;
/// The packet type names an EtherType filter instead of protocols.
const RX_ETQF: u64 = 1 << 15;

// Transmit, second word: data length in bits 0 to 15, type in 20 to 23, command in 24 to 31, status
// in 32 to 35, context index in 36 to 38, payload length in 46 to 63.
const TX_TYPE_CONTEXT: u64 = 0x2 << 20;
const TX_TYPE_DATA: u64 = 0x3 << 20;
const TX_EOP: u64 = 1 << 24;
const TX_IFCS: u64 = 1 << 25;
const TX_RS: u64 = 1 << 27;
const TX_DEXT: u64 = 1 << 29;
const TX_VLE: u64 = 1 << 30;
const TX_DD: u64 = 1 << 32;
const TX_PAYLEN_SHIFT: u32 = 46;

impl Variant for V82576 {
    const RX_IP_ERROR: u64 = 1 << 30;
    const RX_L4_ERROR: u64 = 1 << 29;
    const RX_ERROR: u64 = 1 << 31;
    // TCPCS and UDPCS.
    const RX_L4_CHECKED: u64 = 1 << 5 | 1 << 4;
    const RX_SWAPPED_TAG: u64 = 0;
    const TX_ALWAYS: u64 = 0;
}

impl Variant for VI350 {
    const RX_IP_ERROR: u64 = V82576::RX_IP_ERROR;
    const RX_L4_ERROR: u64 = V82576::RX_L4_ERROR;
    const RX_ERROR: u64 = V82576::RX_ERROR;
    const RX_L4_CHECKED: u64 = V82576::RX_L4_CHECKED;
    /// LB, looped back: the switch inside delivers the tag as it was on the wire.
    const RX_SWAPPED_TAG: u64 = 1 << 18;
    const TX_ALWAYS: u64 = 0;
}

impl Variant for V82599 {
    const RX_IP_ERROR: u64 = 1 << 31;
    const RX_L4_ERROR: u64 = 1 << 30;
    const RX_ERROR: u64 = 1 << 29;
    const RX_L4_CHECKED: u64 = 1 << 5;
    const RX_SWAPPED_TAG: u64 = 0;
    /// CC, check context: without it malicious-driver detection of X550 and later stops the queue.
    const TX_ALWAYS: u64 = 1 << 39;
}

impl<V: Variant> Format for Advanced<V> {
    #[inline]
    fn rx_arm(iova: u64) -> [u64; 2] {
        // The second word is the header buffer's address, of which there is none; its bit 0 is where
        // the device reports, so it has to be 0.
        [iova, 0]
    }

    #[inline]
    fn rx_done(second: u64) -> bool {
        second & RX_DD != 0
    }

    #[inline]
    fn rx_parse(first: u64, second: u64) -> RxDone {
        let mut flags = Flags::empty();
        let mut set = |condition: bool, flag: Flags| {
            if condition {
                flags = flags | flag;
            }
        };
        let types = first & RX_ETQF == 0;
        set(types && first & RX_IPV4 != 0, Flags::IPV4);
        set(types && first & RX_IPV6 != 0, Flags::IPV6);
        set(types && first & RX_TCP != 0, Flags::TCP);
        set(types && first & RX_UDP != 0, Flags::UDP);
        set(types && first & RX_SCTP != 0, Flags::SCTP);
        set(first & RX_RSS_TYPE != 0, Flags::RSS);
        set(second & RX_VP != 0, Flags::VLAN);
        if second & RX_IPCS != 0 {
            set(true, if second & V::RX_IP_ERROR != 0 { Flags::IP_BAD } else { Flags::IP_GOOD });
        }
        if second & V::RX_L4_CHECKED != 0 {
            set(true, if second & V::RX_L4_ERROR != 0 { Flags::L4_BAD } else { Flags::L4_GOOD });
        }
        let tag = (second >> 48) as u16;
        RxDone {
            len: (second >> 32) as u16,
            end: second & RX_EOP != 0,
            error: second & V::RX_ERROR != 0,
            vlan: if second & V::RX_SWAPPED_TAG != 0 { tag.swap_bytes() } else { tag },
            flags,
            hash: (first >> 32) as u32,
        }
    }

    #[inline]
    fn tx_data(frame: &TxFrame) -> [u64; 2] {
        let mut second = TX_TYPE_DATA | TX_DEXT | TX_IFCS | V::TX_ALWAYS;
        second |= u64::from(frame.len) | u64::from(frame.total) << TX_PAYLEN_SHIFT;
        second |= if frame.end { TX_EOP } else { 0 };
        second |= if frame.report { TX_RS } else { 0 };
        second |= if frame.vlan { TX_VLE } else { 0 };
        [frame.iova, second]
    }

    #[inline]
    fn tx_vlan_context(tci: u16) -> [u64; 2] {
        // The tag is in bits 16 to 31 of the first word, the MAC header's length (14) in 9 to 15.
        [u64::from(tci) << 16 | 14 << 9, TX_TYPE_CONTEXT | TX_DEXT]
    }

    #[inline]
    fn tx_done(second: u64) -> bool {
        second & TX_DD != 0
    }
}
