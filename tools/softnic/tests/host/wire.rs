//! The wire that ends in something of the program's own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use softnic::uplink::{Uplink, UplinkCounters, Wire};
use softnic::{Facts, Host, HostError, Spec};

use super::driver::{Driver, frame};
use super::other::until;

/// Frames to send, and frames that came.
#[derive(Clone, Default)]
struct End(Arc<Mutex<(VecDeque<Frame>, Vec<Frame>)>>);

type Frame = Vec<u8>;

impl Uplink for End {
    fn poll(&mut self, _now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        let (to_send, _) = &mut *self.0.lock().unwrap();
        let count = budget.min(to_send.len());
        for frame in to_send.drain(..count) {
            wire.deliver(&frame, &Facts::of(&frame));
        }
        count
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.0.lock().unwrap().1.push(frame.to_vec());
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters::default()
    }
}

#[test]
fn a_program_can_have_the_wire_of_an_adapter_whose_vfs_others_drive() {
    let folder = tempfile::tempdir().unwrap();
    let share = format!("uplink=sink,share={}", folder.path().join("adapter").display());
    let spec = Spec::parse(&share).unwrap();
    let end = End::default();
    let host = Host::plugged_into(&spec, Box::new(end.clone())).unwrap();
    let second = Host::plugged_into(&spec, Box::new(end.clone()));
    assert!(matches!(second, Err(HostError::WireTaken)));
    drop(second);

    // Whoever has joined later has no wire, whatever its `uplink=` says.
    let mut driver = Driver::open(&Host::open(&spec).unwrap(), 1);
    let peer = [2, 0, 0, 0, 0, 0xee];
    let frames: Vec<Vec<u8>> = (0..50).map(|n| frame(driver.mac, peer, n)).collect();
    end.0.lock().unwrap().0.extend(frames.clone());
    let mut received = Vec::new();
    until("all have come", || {
        driver.receive(|frame| received.push(frame.to_vec()));
        received.len() >= frames.len()
    });
    assert!(received == frames);
    for n in 0..50 {
        until("it is sent", || driver.send(&frame(peer, driver.mac, n)));
    }
    until("all have left", || end.0.lock().unwrap().1.len() >= 50);
    // Not held any longer: the adapter's thread wants it, and is waited for.
    let left = std::mem::take(&mut end.0.lock().unwrap().1);
    assert!(left.iter().zip(0..).all(|(left, n)| *left == frame(peer, driver.mac, n)));
    drop(host);
}
