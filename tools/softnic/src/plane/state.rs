//! What the switch must know of a VF, wherever it is driven.

use serde::{Deserialize, Serialize};

use crate::{Fault, Mac, Spec};

/// Which multicast and foreign frames a VF gets, each with those before it
/// (Linux's `ixgbevf_xcast_modes`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// Broadcast only.
    #[default]
    None,
    /// Multicast of its groups.
    Multicast,
    /// All multicast.
    AllMulticast,
    /// Everything.
    Promiscuous,
}

/// Most addresses that a VF may have besides its own: the device's 128 filters, less 16 of the PF, less
/// the VF's own.
pub(crate) const FURTHER_MAX: usize = 111;

/// Most faults that wait for the process that drives a VF; it looks at each of its steps.
const ORDERS_MAX: usize = 16;

/// One VF as the PF has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PortState {
    /// Some process drives it.
    pub(crate) open: bool,
    /// The PF lets it receive (VFRE).
    pub(crate) receives: bool,
    /// The PF lets it transmit (VFTE).
    pub(crate) transmits: bool,
    /// Its address; all zeros where it has none.
    pub(crate) mac: Mac,
    /// The PF's administrator has set the address.
    pub(crate) pf_set_mac: bool,
    /// Further unicast addresses, at most [`FURTHER_MAX`].
    pub(crate) further: Vec<Mac>,
    /// Multicast hashes, each below 4096, ascending.
    pub(crate) hashes: Vec<u16>,
    /// VLANs that are let through, each below 4096, ascending.
    pub(crate) vlans: Vec<u16>,
    /// What it gets beyond its own addresses.
    pub(crate) mode: Mode,
    /// A VLAN that the PF puts the VF into; it sees no tags then.
    pub(crate) port_vlan: Option<u16>,
    /// Frames from addresses or VLANs that are not its own are dropped.
    pub(crate) spoof_check: bool,
    /// The PF trusts it.
    pub(crate) trusted: bool,
    /// Longest frame that it gets, in bytes with FCS.
    pub(crate) max_frame: u32,
    /// Most that it may send, in Mbit/s.
    pub(crate) rate: Option<u32>,
    /// How often its PF has reset it. Its process shows the VF a reset whenever this has grown.
    pub(crate) resets: u64,
    /// How often its PF has asked it to greet anew, without a reset. Its process withdraws "clear to
    /// send" and pings it whenever this has grown.
    pub(crate) recalls: u64,
    /// The PF's interface is down: the VF sees a reset that does not end.
    pub(crate) pf_down: bool,
    /// The wire is up.
    pub(crate) link: bool,
    /// It was pulled out, and cannot be opened again.
    pub(crate) removed: bool,
    /// What other processes want to happen to it, each with a number, which grows: the newest few.
    pub(crate) orders: Vec<(u64, Fault)>,
}

impl PortState {
    /// A VF that nobody has opened yet: what the PF's administrator has set, and nothing else.
    pub(crate) fn new(spec: &Spec, vf: usize) -> PortState {
        PortState {
            mac: if spec.zero_mac { Mac::default() } else { assigned_mac(vf) },
            pf_set_mac: !spec.zero_mac,
            port_vlan: spec.port_vlan,
            spoof_check: spec.spoof_check,
            trusted: spec.trust,
            // Linux's ixgbe has one limit for all pools (MAXFRS), which is the PF's own at first.
            max_frame: spec.pf_mtu + 18,
            rate: spec.rate,
            link: true,
            ..PortState::default()
        }
    }

    /// Has something happen to it in the process that drives it.
    pub(crate) fn order(&mut self, fault: Fault) {
        self.orders.push((self.last_order().wrapping_add(1), fault));
        let old = self.orders.len().saturating_sub(ORDERS_MAX);
        self.orders.drain(..old);
    }

    /// The number of the newest order; 0 if there never was one.
    pub(crate) fn last_order(&self) -> u64 {
        self.orders.last().map_or(0, |(number, _)| *number)
    }

    /// Leaves it as one that nobody drives.
    pub(super) fn close(&mut self) {
        (self.open, self.receives, self.transmits) = (false, false, false);
    }

    /// Brings what has an order into it, and takes out what there cannot be.
    pub(super) fn tidy(&mut self) {
        self.further.truncate(FURTHER_MAX);
        self.orders.truncate(ORDERS_MAX);
        for set in [&mut self.hashes, &mut self.vlans] {
            set.retain(|number| *number < 4096);
            set.sort_unstable();
            set.dedup();
        }
        self.port_vlan = self.port_vlan.filter(|vlan| (1..4096).contains(vlan));
    }
}

/// The address that the PF has for a VF: locally administered, the same in every run.
fn assigned_mac(vf: usize) -> Mac {
    [0x02, 0x82, 0x59, 0x90, 0x00, vf as u8]
}
