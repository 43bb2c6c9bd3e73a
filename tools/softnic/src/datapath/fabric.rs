//! What is between the queues of one step: the switch, and the ways to VFs, to other processes and to the
//! wire.

use super::delivery::{Delivery, Passing};
use crate::plane::{Plane, UPLINK};
use crate::switch::{Header, Switch};
use crate::uplink::{Uplink, Wire};
use crate::{Facts, Mac, Memory};

/// Shortest frame of an Ethernet, without FCS: anything shorter from the wire is a runt.
const FRAME_MIN: usize = 60;

/// What is counted of the adapter as a whole, rather than of one VF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchCounters {
    /// Frames that nobody wanted, or that nobody who wanted them could receive.
    pub unwanted: u64,
    /// Frames from the wire under 64 bytes with FCS.
    pub runts: u64,
    /// Frames for another process's VF, or for its wire, that found no room on the way, or were sent in
    /// a measured step.
    pub crossing_lost: u64,
}

/// Everything that a frame can meet between two queues.
pub(super) struct Fabric<'a> {
    pub(super) delivery: Delivery<'a>,
    pub(super) switch: &'a Switch,
    pub(super) plane: &'a mut Plane,
    /// Frames can go to other processes.
    pub(super) crosses: bool,
    /// What the adapter is plugged into, if this process has the wire.
    pub(super) uplink: Option<&'a mut (dyn Uplink + 'static)>,
    pub(super) counters: &'a mut SwitchCounters,
    /// Time in nanoseconds.
    pub(super) now: u64,
}

impl<'a> Fabric<'a> {
    /// The memory that a VF of this process reaches.
    #[inline]
    pub(super) fn memory(&self, vf: usize) -> &'a Memory {
        self.delivery.spaces.of(vf)
    }

    /// Takes a frame that a VF of this process sends.
    #[inline]
    pub(super) fn forward(&mut self, vf: usize, frame: &[u8], header: Header) {
        let route = self.switch.route(vf, &header);
        if route.wire {
            match &mut self.uplink {
                Some(uplink) => uplink.take(self.now, frame),
                None => self.cross(UPLINK, vf, frame),
            }
        }
        if route.vfs != 0 {
            let frame = self.delivery.looped(frame, header);
            self.spread(vf, route.vfs, &frame);
        } else if !route.wire {
            self.counters.unwanted += 1;
        }
    }

    /// Hands a frame to some VFs, by bit.
    #[inline]
    fn spread(&mut self, from: usize, mut vfs: u64, frame: &Passing<'_>) {
        while vfs != 0 {
            let vf = vfs.trailing_zeros() as usize;
            vfs &= vfs - 1;
            if !self.delivery.hand(vf, frame) {
                self.cross(vf, from, frame.bytes);
            }
        }
    }

    fn cross(&mut self, port: usize, from: usize, frame: &[u8]) {
        if !self.crosses || !self.plane.post(port, from, frame) {
            self.counters.crossing_lost += 1;
        }
    }

    /// Takes what other processes have for this one. Returns how many frames.
    pub(super) fn admit_crossing(&mut self, burst: usize) -> usize {
        let Fabric { delivery, plane, uplink, now, .. } = self;
        let mut frames = 0;
        for vf in 0..delivery.receivers.len() {
            if delivery.receiver(vf).is_some() {
                frames += plane.take(vf, burst, |from, frame| delivery.admit(vf, from, frame));
            }
        }
        if let Some(uplink) = uplink {
            frames += plane.take(UPLINK, burst, |_, frame| {
                uplink.take(*now, frame);
                true
            });
        }
        frames
    }

    /// Has the wire send what it has. Returns how many frames.
    pub(super) fn admit_wire(&mut self, burst: usize) -> usize {
        let Some(uplink) = self.uplink.take() else { return 0 };
        let frames = uplink.poll(self.now, burst, self);
        self.uplink = Some(uplink);
        frames
    }
}

impl Wire for Fabric<'_> {
    fn vfs(&self) -> usize {
        self.plane.vfs()
    }

    fn mac(&self, vf: usize) -> Option<Mac> {
        let port = self.switch.port(vf).filter(|_| self.switch.receives(vf))?;
        (port.mac != Mac::default()).then_some(port.mac)
    }

    fn vlan(&self, vf: usize) -> Option<u16> {
        self.switch.port(vf)?.port_vlan
    }

    fn room(&self, vf: usize, frame_len: usize) -> usize {
        match self.delivery.receivers.get(vf) {
            Some(Some(receiver)) => receiver.room(frame_len),
            _ => self.plane.room(vf, frame_len),
        }
    }

    fn deliver(&mut self, frame: &[u8], facts: &Facts) {
        if frame.len() < FRAME_MIN {
            self.counters.runts += 1;
            return;
        }
        let header = Header::of(frame);
        let vfs = self.switch.route(UPLINK, &header).vfs;
        if vfs == 0 {
            self.counters.unwanted += 1;
        }
        self.spread(UPLINK, vfs, &Passing { bytes: frame, header, facts: *facts, looped: false });
    }
}
