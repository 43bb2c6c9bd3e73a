//! The other end of a run's wire, in the test's hands.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use softnic::uplink::{self, Uplink, UplinkCounters};
use softnic::{Facts, Host, Mac};

use crate::kit::{LIMIT, Run};

/// Whoever is at the other end.
pub const PEER: Mac = [2, 0, 0, 0, 0, 0xee];

/// The wire of a run's adapter.
pub struct Wire {
    end: End,
    /// Joins the adapter, and moves frames between wire and VFs.
    _host: Host,
}

#[derive(Clone, Default)]
struct End(Arc<Mutex<Frames>>);

/// Frames without FCS, oldest first.
#[derive(Default)]
struct Frames {
    to_send: VecDeque<Vec<u8>>,
    taken: Vec<Vec<u8>>,
}

impl Wire {
    /// Takes the wire of a run, which nobody must have used yet.
    #[track_caller]
    pub fn of(run: &Run) -> Wire {
        let end = End::default();
        let host = Host::plugged_into(run.spec(), Box::new(end.clone()));
        Wire { end, _host: host.unwrap_or_else(|error| panic!("{error}")) }
    }

    /// Sends frames of 60 bytes and more, as soon as a VF that they are for has room: what is for
    /// nobody, or for several, when each VF has.
    pub fn send(&self, frames: impl IntoIterator<Item = Vec<u8>>) {
        self.end.lock().to_send.extend(frames);
    }

    /// Waits until so many frames have come, and takes all that have.
    #[track_caller]
    pub fn receive(&self, count: usize) -> Vec<Vec<u8>> {
        let start = Instant::now();
        loop {
            let mut end = self.end.lock();
            if end.taken.len() >= count {
                return std::mem::take(&mut end.taken);
            }
            let (came, left) = (end.taken.len(), end.to_send.len());
            drop(end);
            assert!(
                start.elapsed() < LIMIT,
                "{came} of {count} frames came to the wire, and {left} are still to be sent"
            );
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
    }
}

impl End {
    fn lock(&self) -> MutexGuard<'_, Frames> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Uplink for End {
    fn poll(&mut self, _now: u64, budget: usize, wire: &mut dyn uplink::Wire) -> usize {
        let mut end = self.lock();
        let mut sent = 0;
        while sent < budget
            && let Some(frame) = end.to_send.front()
            && has_room(wire, frame)
        {
            wire.deliver(frame, &Facts::of(frame));
            end.to_send.pop_front();
            sent += 1;
        }
        sent
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.lock().taken.push(frame.to_vec());
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters::default()
    }
}

/// Whether the VF that has the frame's address has room for it, or each that can receive.
fn has_room(wire: &dyn uplink::Wire, frame: &[u8]) -> bool {
    let mut vfs: Vec<(usize, Mac)> =
        (0..wire.vfs()).filter_map(|vf| Some((vf, wire.mac(vf)?))).collect();
    if let Some(own) = vfs.iter().copied().find(|(_, mac)| frame.starts_with(mac)) {
        vfs = vec![own];
    }
    !vfs.is_empty() && vfs.iter().all(|(vf, _)| wire.room(*vf, frame.len()) > 0)
}
