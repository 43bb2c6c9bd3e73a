//! What happens to a port while it runs.

use crate::LinkState;

/// Something that happened to a port, as [`Port::events`](crate::Port::events) tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The link changed.
    Link(LinkState),
    /// The PF was reset, or forgot this VF. Traffic stops; the port recovers by itself as soon as
    /// the PF answers again, and the queues go on without the application's help.
    PfReset,
    /// The PF does not answer, for instance since it is down. The port keeps trying.
    PfSilent {
        /// What was waited for.
        reason: String,
    },
    /// The port works again after [`Event::PfReset`] or [`Event::PfSilent`].
    Recovered,
    /// A queue makes no progress though it has work and the link is up: a DMA address the IOMMU
    /// refuses, or a device that hangs. [`Port::reset`](crate::Port::reset) may help.
    Stalled {
        /// Which direction.
        direction: Direction,
        /// Which queue; `None` when the device counts packets that no receive queue gets.
        queue: Option<u16>,
    },
    /// The kernel wants the device back (somebody unbinds it or removes the VFs), and waits until
    /// the port and its queues are dropped.
    RemovalRequested,
    /// The device reported an uncorrectable PCIe error. Drop the port, and open it again.
    DeviceError,
}

/// A queue's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Receive.
    Rx,
    /// Transmit.
    Tx,
}
