//! The switch between VFs and wire: who gets a frame, and who may send it (82599 datasheet 7.10.3).
//!
//! It works on a copy of what the plane says of each port, made anew when the plane has changed.

mod address;
mod header;
mod rate;
#[cfg(test)]
mod tests;

use address::{Addresses, number};
pub(crate) use header::Header;
pub(crate) use rate::Rate;

use crate::plane::{Mode, Plane, PortState, UPLINK};

/// VIDs, and multicast hashes.
const NUMBERS: usize = 4096;

/// VID in tag control information.
const VID: u16 = 0xfff;

/// Ports that get a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// VFs, by bit.
    pub(crate) vfs: u64,
    /// The wire.
    pub(crate) wire: bool,
}

/// The switch of one adapter. Sets of VFs have a bit for each.
#[derive(Debug)]
pub(crate) struct Switch {
    generation: Option<u64>,
    ports: Vec<PortState>,
    /// VFs that can receive, and those that can send.
    receivers: u64,
    senders: u64,
    /// Who has a unicast address, and the first one of each VF.
    unicast: Addresses,
    own: Vec<u64>,
    /// Who wants multicast of a hash.
    groups: Vec<u64>,
    all_multicast: u64,
    promiscuous: u64,
    /// Who is in a VLAN, and who gets frames without a tag.
    vlans: Vec<u64>,
    untagged: u64,
}

impl Switch {
    /// A switch to which nobody is connected, until it is refreshed.
    pub(crate) fn new() -> Switch {
        Switch {
            generation: None,
            ports: Vec::new(),
            receivers: 0,
            senders: 0,
            unicast: Addresses::default(),
            own: Vec::new(),
            groups: vec![0; NUMBERS],
            all_multicast: 0,
            promiscuous: 0,
            vlans: vec![0; NUMBERS],
            untagged: 0,
        }
    }

    /// Takes over what has changed in the plane. False if nothing has.
    pub(crate) fn refresh(&mut self, plane: &Plane) -> bool {
        let generation = plane.generation();
        if self.generation == Some(generation) {
            return false;
        }
        *self = Switch::new();
        self.generation = Some(generation);
        self.ports = (0..plane.vfs()).map(|vf| plane.port(vf)).collect();
        self.own = self.ports.iter().map(|port| number(port.mac)).collect();
        for vf in 0..self.ports.len() {
            self.connect(vf);
        }
        true
    }

    fn connect(&mut self, vf: usize) {
        let port = &self.ports[vf];
        let bit = 1 << vf;
        let all_if = |condition: bool| if condition { bit } else { 0 };
        let up = port.open && port.link && !port.pf_down;
        self.receivers |= all_if(up && port.receives);
        self.senders |= all_if(up && port.transmits);
        for mac in std::iter::once(&port.mac).chain(&port.further) {
            self.unicast.add(*mac, bit);
        }
        self.all_multicast |= all_if(port.mode >= Mode::AllMulticast);
        self.promiscuous |= all_if(port.mode == Mode::Promiscuous);
        if port.mode >= Mode::Multicast {
            for hash in &port.hashes {
                self.groups[usize::from(*hash)] |= bit;
            }
        }
        for vlan in &port.vlans {
            self.vlans[usize::from(*vlan & VID)] |= bit;
        }
        if let Some(vlan) = port.port_vlan {
            self.vlans[usize::from(vlan & VID)] |= bit;
        } else {
            // VLAN 0 is a priority only, on a frame of no VLAN.
            self.vlans[0] |= bit;
            self.untagged |= bit;
        }
    }

    /// What the plane says of a VF.
    pub(crate) fn port(&self, vf: usize) -> Option<&PortState> {
        self.ports.get(vf)
    }

    /// Whether a VF can receive.
    pub(crate) fn receives(&self, vf: usize) -> bool {
        self.receivers >> vf & 1 == 1
    }

    /// Whether a VF can send.
    pub(crate) fn sends(&self, vf: usize) -> bool {
        self.senders >> vf & 1 == 1
    }

    /// Whether a frame that a VF sends comes from an address of its own, and from a VLAN of its own if it
    /// has a tag (PFVFSPOOF).
    #[inline]
    pub(crate) fn permits(&self, vf: usize, header: &Header) -> bool {
        let is_plain = header.tci.is_none() && header.from != 0;
        is_plain && self.own.get(vf) == Some(&header.from) || self.permits_other(vf, header)
    }

    fn permits_other(&self, vf: usize, header: &Header) -> bool {
        let Some(port) = self.ports.get(vf).filter(|port| port.spoof_check) else { return true };
        let own = self.unicast.of(header.from) >> vf & 1 == 1;
        own && match header.tci {
            None => true,
            // What the VF itself tags is not of the VLAN that the PF has put it into.
            Some(_) if port.port_vlan.is_some() => false,
            Some(tci) => self.vlans[usize::from(tci & VID)] >> vf & 1 == 1,
        }
    }

    /// Where a frame goes that came from a VF, or from [`UPLINK`]. It has the tag of a VF's port VLAN
    /// already.
    ///
    /// Unicast that a VF has is for VFs only, whether they can receive or not; the wire gets the rest,
    /// and all multicast. Nothing goes back to where it came from.
    #[inline]
    pub(crate) fn route(&self, from: usize, header: &Header) -> Route {
        let in_vlan = match header.tci {
            None => self.untagged,
            Some(tci) => self.vlans[usize::from(tci & VID)],
        };
        let (wanted, wire) = if header.is_broadcast() {
            (u64::MAX, true)
        } else if header.is_to_group() {
            (self.groups[header.hash()] | self.all_multicast, true)
        } else {
            let owners = self.unicast.of(header.to) & in_vlan;
            (owners, owners == 0)
        };
        let sender = if from < UPLINK { 1 << from } else { 0 };
        Route {
            vfs: (wanted & in_vlan | self.promiscuous) & self.receivers & !sender,
            wire: wire && from != UPLINK,
        }
    }
}
