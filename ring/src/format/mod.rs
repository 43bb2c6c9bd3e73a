//! What the words of a descriptor mean.

mod advanced;

pub use advanced::{Adv82576, Adv82599, AdvI350, Advanced};

use crate::frame::Flags;

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
    /// A receive descriptor that offers the buffer at `iova`.
    fn rx_arm(iova: u64) -> [u64; 2];

    /// Whether the second word of a receive descriptor says that the device is done with it.
    fn rx_done(second: u64) -> bool;

    /// What a completed receive descriptor says. Any value of the words is possible.
    fn rx_parse(first: u64, second: u64) -> RxDone;

    /// A transmit descriptor for one frame.
    fn tx_data(frame: &TxFrame) -> [u64; 2];

    /// The context descriptor that sets the tag which later frames with `TxFrame::vlan` carry.
    fn tx_vlan_context(tci: u16) -> [u64; 2];

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

/// What a transmit descriptor says of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxFrame {
    /// Where the bytes are, as the device sees them.
    pub iova: u64,
    /// Bytes of this frame.
    pub len: u16,
    /// Bytes of the whole packet.
    pub total: u32,
    /// Insert the tag of the last context descriptor.
    pub vlan: bool,
    /// The packet ends with this frame.
    pub end: bool,
    /// Report when everything up to this frame is done.
    pub report: bool,
}
