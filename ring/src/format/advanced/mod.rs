//! Intel's advanced descriptors, as the 82576 (datasheet 7.1.5 and 7.2.2) and the 82599 (7.1.6 and
//! 7.2.3) have them. What differs between devices is data: a [`Variant`].

mod rx;
mod tx;
mod variant;

use super::{Format, RxBits, RxDone};
use crate::frame::Flags;
use crate::offload::Lengths;

pub use variant::{V82576, V82599, VI350, VX540, Variant};

/// Advanced descriptors of a device variant.
#[derive(Clone, Copy, Debug)]
pub struct Advanced<V>(std::marker::PhantomData<V>);

/// Advanced descriptors of the 82576 and its VFs.
pub type Adv82576 = Advanced<V82576>;

/// Advanced descriptors of the I350 and its VFs.
pub type AdvI350 = Advanced<VI350>;

/// Advanced descriptors of the 82599 and its VFs.
pub type Adv82599 = Advanced<V82599>;

/// Advanced descriptors of the X540 and those after it (X550, X552, X553, E610), and their VFs.
pub type AdvX540 = Advanced<VX540>;

impl<V: Variant> Format for Advanced<V> {
    const RX_VLAN: u64 = rx::VP;
    // The second word is the header buffer's address, of which there is none; its bit 0 is where the
    // device reports, so it has to be 0.
    const RX_ARM: [u64; 2] = [0, 0];
    const RX_BITS: RxBits = rx::bits::<V>();
    const TX_PACKET: u64 = tx::packet::<V>();
    const TX_PAYLOAD_SHIFT: u32 = tx::PAYLEN_SHIFT;
    const TX_FIRST: Option<[u64; 2]> = tx::first::<V>();
    const TX_EOP: u64 = tx::EOP;
    const TX_REPORT: u64 = tx::RS;

    #[inline]
    fn rx_done(second: u64) -> bool {
        second & rx::DD != 0
    }

    #[inline]
    fn rx_flags(first: u64, second: u64) -> u32 {
        rx::flags::<V>(first, second)
    }

    #[inline]
    fn rx_parse(first: u64, second: u64) -> RxDone {
        rx::parse::<V>(first, second)
    }

    #[inline]
    fn tx_request(flags: Flags) -> u64 {
        tx::request::<V>(flags)
    }

    #[inline]
    fn tx_context(vlan: u16, flags: Flags, lengths: Lengths) -> [u64; 2] {
        tx::context::<V>(vlan, flags, lengths)
    }

    #[inline]
    fn tx_done(second: u64) -> bool {
        second & tx::DD != 0
    }
}
