//! What resets, the PF and the link do to frames that flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use softnic::{Adapter, Fault};

use super::rings::{Rings, address};
use super::{MILLISECOND, adapter};

/// Two VFs at work on one adapter. The fields are dropped in this order.
struct Pair {
    adapter: Adapter,
    a: Rings,
    b: Rings,
    now: u64,
}

impl Pair {
    fn new(spec: &str) -> Pair {
        let mut adapter = adapter(spec);
        let mut a = Rings::new(&mut adapter, 0);
        let mut b = Rings::new(&mut adapter, 1);
        a.start(&mut adapter, 1518);
        b.start(&mut adapter, 1518);
        Pair { adapter, a, b, now: 0 }
    }

    fn pass(&mut self, time: u64) {
        self.now += time;
        self.adapter.step(self.now);
    }

    /// Sends a frame from A to B; whether it arrives.
    fn reaches(&mut self) -> bool {
        self.a.send(&mut self.adapter, address(1));
        self.pass(1000);
        self.b.receive(&mut self.adapter) == 1
    }
}

#[test]
fn frames_flow_on_every_generation() {
    for model in ["82599", "x540", "x550", "x552", "x553", "e610"] {
        let mut pair = Pair::new(&format!("model={model}"));
        for _ in 0..100 {
            assert!(pair.reaches() && pair.a.is_sent(), "{model}");
        }
        let (a, b) = (pair.adapter.counters(0), pair.adapter.counters(1));
        assert_eq!((a.tx_packets, b.rx_packets), (100, 100));
        assert_eq!((a.tx_octets, b.rx_octets), (6400, 6400), "with FCS");
        assert_eq!(pair.adapter.read(0, 0x201c), 100);
        assert_eq!(pair.adapter.read(1, 0x1020), 6400);
        assert_eq!(pair.adapter.memory().faults(), 0);
    }
}

#[test]
fn without_a_greeting_nothing_flows() {
    let mut adapter = adapter("model=x540");
    let (mut a, mut b) = (Rings::new(&mut adapter, 0), Rings::new(&mut adapter, 1));
    b.start(&mut adapter, 1518);
    a.turn_on(&mut adapter);
    let mut pair = Pair { adapter, a, b, now: 0 };
    assert!(!pair.reaches());
    assert!(!pair.a.is_sent());
    pair.a.start(&mut pair.adapter, 1518);
    assert!(pair.reaches());
}

#[test]
fn an_82599_with_a_jumbo_pf_feeds_nobody_before_the_frame_size_was_told() {
    let mut pair = Pair::new("mtu=9000");
    pair.b.mailbox.begin(&mut pair.adapter, 4);
    pair.b.turn_on(&mut pair.adapter);
    assert!(!pair.reaches());
    pair.b.mailbox.ask(&mut pair.adapter, &[5, 1518]);
    assert!(pair.reaches());
}

#[test]
fn a_reset_of_either_kind_stops_a_vf_until_it_is_set_up_anew() {
    let mut pair = Pair::new("");
    for kind in [0, 1] {
        assert!(pair.reaches());
        if kind == 0 {
            pair.adapter.write(1, 0, 1 << 26);
        } else {
            pair.adapter.reset(1);
            pair.adapter.config_write(1, 4, &[4]);
        }
        let before = pair.b.snapshot();
        assert!(!pair.reaches());
        pair.pass(MILLISECOND);
        assert_eq!(pair.b.snapshot(), before, "not a byte was written after the reset");
        pair.b.start(&mut pair.adapter, 1518);
    }
    assert!(pair.reaches());
}

#[test]
fn without_bus_mastering_no_memory_is_reached() {
    let mut pair = Pair::new("");
    pair.adapter.config_write(1, 4, &[0]);
    let before = pair.b.snapshot();
    assert!(!pair.reaches());
    pair.adapter.config_write(0, 4, &[0]);
    pair.a.send(&mut pair.adapter, address(1));
    pair.pass(MILLISECOND);
    assert!(!pair.a.is_sent());
    assert_eq!(pair.b.snapshot(), before);
}

#[test]
fn a_pf_reset_stops_everybody_and_counters_start_again() {
    let mut pair = Pair::new("");
    assert!(pair.reaches());
    pair.adapter.inject(Fault::PfReset);
    pair.pass(1);
    let before = pair.b.snapshot();
    assert!(!pair.reaches());
    for _ in 0..4 {
        pair.pass(5 * MILLISECOND);
        assert!(!pair.reaches());
    }
    assert_eq!(pair.b.snapshot(), before);
    pair.a.start(&mut pair.adapter, 1518);
    pair.b.start(&mut pair.adapter, 1518);
    assert!(pair.reaches());
    assert_eq!(pair.adapter.read(1, 0x101c), 1);
    assert_eq!(pair.adapter.counters(1).rx_packets, 2, "the device itself remembers");
}

#[test]
fn without_a_link_frames_wait() {
    let mut pair = Pair::new("");
    pair.adapter.inject(Fault::Link { up: false });
    assert!(!pair.reaches());
    assert!(!pair.a.is_sent());
    pair.adapter.inject(Fault::Link { up: true });
    pair.pass(MILLISECOND);
    assert_eq!(pair.b.receive(&mut pair.adapter), 1);
    assert!(pair.reaches());
}

#[test]
fn a_removed_vf_reaches_no_memory() {
    let mut pair = Pair::new("");
    assert!(pair.reaches());
    pair.adapter.inject(Fault::Removal { vf: 1 });
    let before = pair.b.snapshot();
    pair.a.send(&mut pair.adapter, address(1));
    pair.pass(MILLISECOND);
    assert_eq!(pair.b.snapshot(), before);
    pair.adapter.close(1);
    pair.a.send(&mut pair.adapter, address(1));
    pair.pass(MILLISECOND);
    assert_eq!(pair.b.snapshot(), before);
    assert!(pair.a.is_sent(), "its neighbour goes on");
}

#[test]
fn a_vf_that_was_closed_is_opened_again() {
    let mut pair = Pair::new("");
    assert!(pair.reaches());
    pair.adapter.close(1);
    let before = pair.b.snapshot();
    pair.a.send(&mut pair.adapter, address(1));
    pair.pass(MILLISECOND);
    assert_eq!(pair.b.snapshot(), before);
    pair.adapter.open(1).unwrap();
    pair.adapter.config_write(1, 4, &[4]);
    pair.b.start(&mut pair.adapter, 1518);
    assert!(pair.reaches());
}

#[test]
fn queues_interrupt_by_their_vectors() {
    let mut pair = Pair::new("");
    let counts: [Arc<AtomicU32>; 3] = Default::default();
    for vf in [0, 1] {
        let counting = counts.iter().map(|count| {
            let count = Arc::clone(count);
            Box::new(move || _ = count.fetch_add(1, Relaxed)) as Box<dyn Fn() + Send>
        });
        pair.adapter.set_vectors(vf, counting.collect());
        // Receive on vector 1, transmit on vector 2.
        for (register, value) in [(0x120, 0x8281), (0x110, 7), (0x108, 7)] {
            pair.adapter.write(vf, register, value);
        }
    }
    let counted = || [0, 1, 2].map(|at: usize| counts[at].load(Relaxed));
    assert!(pair.reaches());
    assert_eq!(counted(), [0, 1, 1]);
    pair.adapter.write(1, 0x10c, 2);
    assert!(pair.reaches());
    assert_eq!(counted(), [0, 1, 2], "masked");
    assert_eq!(pair.adapter.read(1, 0x100), 2);
    pair.adapter.write(1, 0x108, 2);
    assert_eq!(counted(), [0, 1, 2], "the cause was read away meanwhile");
}
