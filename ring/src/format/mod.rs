//! What the words of a descriptor mean.

mod advanced;

pub use advanced::{Adv82576, Adv82599, AdvI350, AdvX540, Advanced};

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

    /// A receive descriptor that offers the buffer at `iova`.
    fn rx_arm(iova: u64) -> [u64; 2];

    /// Whether the second word of a receive descriptor says that the device is done with it.
    fn rx_done(second: u64) -> bool;

    /// What a completed receive descriptor says. Any value of the words is possible.
    fn rx_parse(first: u64, second: u64) -> RxDone;

    /// What the second words of a packet's transmit descriptors have in common when it asks for
    /// nothing, for `payload` bytes in all. The data length is in bits 0 to 15 of that word, and the
    /// first word is the address.
    fn tx_packet(payload: u32) -> u64;

    /// What they have besides when it asks for any of [`Flags::VLAN`] and the requests.
    fn tx_request(flags: Flags) -> u64;

    /// The context descriptor that such a packet needs. The lengths mean something with a request.
    fn tx_context(vlan: u16, flags: Flags, lengths: Lengths) -> [u64; 2];

    /// Whether the second word of a transmit descriptor says that the device is done with it.
    fn tx_done(second: u64) -> bool;
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
