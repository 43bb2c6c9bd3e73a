//! What happens to a port while it runs.

use std::fmt;

use crate::{LinkState, MacAddress};

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
    /// The PF refused, after a reset, what it had granted before. The port works without it, and does
    /// not ask for it again.
    SettingLost {
        /// What was asked for, and why it may have been refused.
        reason: String,
    },
    /// The PF assigned the VF another unicast address, in a reset.
    MacChanged(MacAddress),
    /// A queue makes no progress though it has work and the link is up: a DMA address the IOMMU
    /// refuses, or a device that hangs; or it could not be started again after a reset. [`Port::reset`](crate::Port::reset) may help.
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
    /// The device does not answer any more: it was pulled out, or its VF taken away. Its registers
    /// have read all ones for two seconds, which is longer than any reset takes. Drop the port;
    /// what it still had is lost.
    Gone,
}

impl Event {
    /// Whether the port is of no use any more, and has to be dropped: nothing else is.
    pub fn must_close(&self) -> bool {
        matches!(self, Event::RemovalRequested | Event::DeviceError | Event::Gone)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Link(state) => write!(f, "link {state}"),
            Event::PfReset => f.write_str("the PF was reset; traffic stops until it answers again"),
            Event::PfSilent { reason } => write!(f, "the PF is silent: {reason}"),
            Event::Recovered => f.write_str("works again"),
            Event::SettingLost { reason } => write!(f, "a setting was lost: {reason}"),
            Event::MacChanged(mac) => write!(f, "the PF changed the MAC address to {mac}"),
            Event::Stalled { direction, queue: Some(queue) } => {
                write!(f, "{direction} queue {queue} makes no progress though there is work")
            }
            Event::Stalled { direction, queue: None } => {
                write!(f, "the {direction} queues make no progress though there is work")
            }
            Event::RemovalRequested => f.write_str("the kernel asked for the device back"),
            Event::DeviceError => f.write_str(
                "the device reported an uncorrectable PCIe error: see the kernel's log, and open it again",
            ),
            Event::Gone => f.write_str(
                "the device is gone: its registers read all ones; see the kernel's log, and close the port",
            ),
        }
    }
}

/// A queue's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Receive.
    Rx,
    /// Transmit.
    Tx,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Rx => "receive",
            Direction::Tx => "transmit",
        })
    }
}
