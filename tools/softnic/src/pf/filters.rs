//! What a VF gets besides frames to its own address: groups, VLANs, modes, long frames.

use super::greeting::STANDARD_FRAME;
use super::message::{Api, info};
use super::{Pf, Refused};
use crate::function::WORDS;
use crate::plane::{Mode, PortState};

/// Most groups of a VF (IXGBE_MAX_VF_MC_ENTRIES): two to a word after the first.
const GROUPS_MAX: usize = 2 * (WORDS - 1);
/// VLANs of the device besides VLAN 0 (VLVF entries 1 to 63).
const VLANS_MAX: usize = 63;
/// Shortest and longest frame that a VF may ask for (ETH_MIN_MTU, IXGBE_MAX_JUMBO_FRAME_SIZE).
const FRAMES: std::ops::RangeInclusive<u32> = 68..=9728;

impl Pf<'_> {
    /// SET_MULTICAST: hashes of the VF's groups. Never refused; more than there is room for are cut off.
    pub(super) fn set_multicast(&mut self, message: &[u32; WORDS]) -> Result<(), Refused> {
        let count = (info(message[0]) as usize).min(GROUPS_MAX);
        let halves = message[1..].iter().flat_map(|word| [*word as u16, (*word >> 16) as u16]);
        let hashes: Vec<u16> = halves.take(count).map(|hash| hash & 0xfff).collect();
        self.plane.update(self.function.vf, |port| {
            port.hashes = hashes;
            // Groups count even where no mode was asked for (VMOLR.ROMPE).
            port.mode = port.mode.max(Mode::Multicast);
        });
        Ok(())
    }

    /// After a VF's reset no group counts until it names some, but what its mode lets through stays.
    pub(super) fn restore_multicast(&mut self) {
        self.plane.update(self.function.vf, |port| {
            if port.mode == Mode::Multicast {
                port.mode = Mode::None;
            }
        });
    }

    /// SET_VLAN: lets a VLAN through, or no more.
    pub(super) fn set_vlan(&mut self, message: &[u32]) -> Result<(), Refused> {
        let (add, vlan) = (info(message[0]) != 0, (message[1] & 0xfff) as u16);
        let port = self.plane.port(self.vf());
        if port.port_vlan.is_some() {
            return Err(Refused);
        }
        if !add {
            // VLAN 0, frames without a tag, cannot be given up.
            self.plane
                .update(self.function.vf, |port| port.vlans.retain(|v| *v == 0 || *v != vlan));
            return Ok(());
        }
        let mut used: Vec<u16> = (0..self.spec.vfs)
            .flat_map(|vf| self.plane.port(vf).vlans)
            .filter(|v| *v != 0)
            .collect();
        used.sort_unstable();
        used.dedup();
        if vlan != 0 && !used.contains(&vlan) && used.len() >= VLANS_MAX {
            return Err(Refused);
        }
        self.plane.update(self.function.vf, |port| port.vlans.push(vlan));
        Ok(())
    }

    /// UPDATE_XCAST_MODE. A VF that is not trusted gets no more than its groups, and is told by the
    /// answer's second word only.
    pub(super) fn set_mode(&mut self, message: &mut [u32]) -> Result<(), Refused> {
        self.needs(Api::MODES)?;
        let asked = match message[1] {
            0 => Mode::None,
            1 => Mode::Multicast,
            2 => Mode::AllMulticast,
            3 => Mode::Promiscuous,
            // An untrusted VF's number is lowered before anybody looks whether there is such a mode.
            _ if !self.plane.port(self.vf()).trusted && message[1] as i32 > 0 => Mode::Promiscuous,
            _ => return Err(Refused),
        };
        if message[1] == 3 {
            self.needs(Api::PROMISCUOUS)?;
        }
        let trusted = self.plane.port(self.vf()).trusted;
        let mode = if trusted { asked } else { asked.min(Mode::Multicast) };
        if mode != self.function.session.mode {
            let may = self.function.generation.promiscuous_vfs && self.spec.pf_promiscuous;
            if mode == Mode::Promiscuous && !may {
                return Err(Refused);
            }
            self.function.session.mode = mode;
            self.plane.update(self.function.vf, |port| port.mode = mode);
        }
        message[1] = mode as u32;
        Ok(())
    }

    /// SET_LPE: the longest frame, with FCS, that the VF wants.
    pub(super) fn set_largest_frame(&mut self, frame: u32) -> Result<(), Refused> {
        if !FRAMES.contains(&frame) {
            return Err(Refused);
        }
        if self.function.generation.one_frame_size {
            // The PF and all VFs must agree on jumbo frames, which VFs know of from API 1.1 on.
            let jumbo_pf = self.pf_frame() > STANDARD_FRAME;
            let jumbo_vf = frame > STANDARD_FRAME + 4;
            let knows = self.function.session.api >= Api::QUEUES;
            let fits = if jumbo_pf { knows } else { !jumbo_vf };
            self.plane.update(self.function.vf, |port| port.receives = fits);
            if !fits {
                return Err(Refused);
            }
        }
        // One limit for all (MAXFRS), which only grows.
        for vf in 0..self.spec.vfs {
            if self.plane.port(vf).max_frame < frame {
                self.plane.update(vf, |port: &mut PortState| port.max_frame = frame);
            }
        }
        Ok(())
    }
}

/// The VLAN that a VF has without asking: that which the PF puts it into, or none, which is VLAN 0.
pub(super) fn untagged(port: &PortState) -> u16 {
    port.port_vlan.unwrap_or(0)
}

/// The administrator puts a VF into a VLAN, or takes it out (`ixgbe_ndo_set_vf_vlan`). VLANs that the VF
/// has asked for stay. A number that no VLAN can have changes nothing.
pub(crate) fn set_port_vlan(port: &mut PortState, vlan: Option<u16>) {
    if vlan.is_some_and(|vlan| !(1..4096).contains(&vlan)) {
        return;
    }
    let before = untagged(port);
    port.port_vlan = vlan;
    port.vlans.retain(|v| *v != before);
    port.vlans.push(untagged(port));
}
