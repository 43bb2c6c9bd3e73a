//! What the words of a descriptor mean.

mod advanced;
mod tables;

pub use advanced::{Adv82576, Adv82599, AdvI350, AdvX540, Advanced};
pub(crate) use tables::RxTables;

use crate::frame::Flags;
use crate::offload::Lengths;

mod sealed {
    /// Keeps [`super::Format`] to this crate.
    pub trait Sealed {}

    impl<V: super::advanced::Variant> Sealed for super::Advanced<V> {}
}

/// The descriptor format of a device family with 16-byte descriptors that completes them in place.
///
/// A family whose rings work another way (virtio's, say) has rings of its own. The trait is sealed:
/// a format that made up an address would let safe code point a device at any memory.
pub trait Format: sealed::Sealed + Send + Sync + 'static {
    /// In the second word of a completed receive descriptor: the packet has a VLAN tag, be it in its
    /// bytes or taken out.
    const RX_VLAN: u64;

    /// The descriptor that comes before the first packet of a transmit ring, if the device needs one.
    const TX_FIRST: Option<[u64; 2]>;

    /// In the second word of a transmit descriptor: the packet ends with it.
    const TX_EOP: u64;

    /// In the second word of a transmit descriptor: report when everything up to it is done.
    const TX_REPORT: u64;

    /// A receive descriptor that offers a buffer, but for its address, which is the first word.
    const RX_ARM: [u64; 2];

    /// What [`Format::rx_parse`] does, as data for those who do it for many descriptors at once.
    const RX_BITS: RxBits;

    /// Where the second word of a transmit descriptor has the payload's length. That of the data is in
    /// bits 0 to 15.
    const TX_PAYLOAD_SHIFT: u32;

    /// Whether the second word of a receive descriptor says that the device is done with it.
    fn rx_done(second: u64) -> bool;

    /// The flags of [`Format::rx_parse`], in the upper half.
    fn rx_flags(first: u64, second: u64) -> u32;

    /// What a completed receive descriptor says. Any value of the words is possible.
    fn rx_parse(first: u64, second: u64) -> RxDone;

    /// What the second words of all transmit descriptors have in common. The first word is the address.
    const TX_PACKET: u64;

    /// The lengths in a second word: of the descriptor's data, 65535 at most, and of the packet's
    /// payload, 262143 at most.
    #[inline]
    fn tx_lengths(data: u32, payload: u32) -> u64 {
        u64::from(data) | u64::from(payload) << Self::TX_PAYLOAD_SHIFT
    }

    /// What second words have besides when the packet asks for any of [`Flags::VLAN`] and the requests.
    fn tx_request(flags: Flags) -> u64;

    /// The context descriptor that such a packet needs. The lengths mean something with a request.
    fn tx_context(vlan: u16, flags: Flags, lengths: Lengths) -> [u64; 2];

    /// Whether the second word of a transmit descriptor says that the device is done with it.
    fn tx_done(second: u64) -> bool;
}

/// Where a completed receive descriptor says what: bits of the lower halves of its words, the second
/// one but where it says otherwise. It is the format of Intel's advanced descriptors; devices differ in
/// bits.
#[derive(Clone, Copy, Debug)]
pub struct RxBits {
    /// The device is done with it.
    pub done: u32,
    /// The packet ends in this buffer.
    pub end: u32,
    /// The packet is damaged.
    pub error: u32,
    /// The tag is in the other byte order.
    pub swapped_tag: u32,
    /// There is a VLAN tag.
    pub vlan: u32,
    /// The IPv4 checksum was looked at.
    pub ip_checked: u32,
    /// It is wrong.
    pub ip_error: u32,
    /// The checksum above IP was looked at.
    pub l4_checked: u32,
    /// It is wrong.
    pub l4_error: u32,
    /// First word: types of packets for which that may not be so.
    pub l4_doubtful: u32,
    /// First word: the packet type says nothing of protocols.
    pub filtered: u32,
    /// First word: TCP, UDP and SCTP, as [`Flags`] has them.
    pub l4: u32,
    /// First word, bits 0 to 3: what an RSS type says.
    pub rss: [Flags; 16],
    /// First word, bits 4 to 7: what they say of IP.
    pub ip: [Flags; 16],
}

/// What a device reports of a received buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxDone {
    /// Bytes written to the buffer, as the device has it: unchecked.
    pub len: u16,
    /// The packet ends in this buffer.
    pub end: bool,
    /// The device marked the packet as damaged; valid with `end`.
    pub error: bool,
    /// Tag control information, valid with [`Flags::VLAN`].
    pub vlan: u16,
    /// What else is known of the packet.
    pub flags: Flags,
    /// The RSS hash, valid with [`Flags::RSS`].
    pub hash: u32,
}
