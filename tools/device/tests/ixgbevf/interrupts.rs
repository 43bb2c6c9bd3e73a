//! Sleeping until a packet comes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use barline::Event;
use softnic::Fault;

use crate::kit::{LONG, Rig, config, event, frame, queues, until};
use crate::node::Node;
use crate::packet::tcp4;

#[test]
fn a_packet_wakes_and_a_timeout_ends() {
    for model in ["82599", "x550"] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        let bytes = frame(b.mac(), a.mac(), b"wake up");
        let start = Instant::now();
        assert!(!b.rx[0].wait(Duration::from_millis(30)).unwrap());
        assert!(start.elapsed() >= Duration::from_millis(30));
        for _ in 0..3 {
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::sleep(Duration::from_millis(20));
                    a.send(&bytes);
                });
                assert!(b.rx[0].wait(LONG).unwrap(), "{model}");
            });
            assert_eq!(b.poll().len(), 1);
        }
        // What is there need not be waited for.
        a.send(&bytes);
        until("it is there", || rig.counters(1).rx_packets == 4);
        assert!(b.rx[0].wait(Duration::ZERO).unwrap());
    }
}

#[test]
fn who_polls_hears_no_interrupts() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let bytes = frame(b.mac(), a.mac(), b"polled");
    // Nor does who slept before.
    a.send(&bytes);
    assert!(b.rx[0].wait(LONG).unwrap());
    b.take_one();
    b.rx[0].wait(Duration::ZERO).unwrap();
    a.send(&bytes);
    until("it is there", || rig.counters(1).rx_packets == 2);
    b.take_one();
    let before = rig.counters(1).interrupts;
    for _ in 0..50 {
        a.send(&bytes);
        b.take_one();
    }
    assert_eq!(rig.counters(1).interrupts, before);
}

/// Each of the four queues' workers sleeps, two to a vector, and is woken by its packets.
#[test]
fn queues_that_share_a_vector_wake_each_for_its_own() {
    // From the X550 on VFs spread what other VFs send.
    let rig = Rig::new("model=x550");
    let (mut a, mut b) = (rig.node(0, queues(1)), rig.node(1, queues(4)));
    let to = b.mac();
    // A flow for each queue.
    let mut flows = [None; 4];
    for port in 1.. {
        a.send(&tcp4(to, a.mac(), port));
        flows[b.take_one().queue] = Some(port);
        if flows.iter().all(Option::is_some) {
            break;
        }
    }
    let Node { rx, port, .. } = &mut b;
    let awake: [AtomicBool; 4] = Default::default();
    thread::scope(|scope| {
        for (rx, awake) in rx.iter_mut().zip(&awake) {
            let pool = port.arena().pool(64);
            scope.spawn(move || {
                let mut batch = pool.batch(8);
                for _ in 0..3 {
                    assert!(rx.wait(LONG).unwrap());
                    assert_eq!(rx.poll(&mut batch), 1);
                    batch.clear();
                    awake.store(true, Ordering::Release);
                }
            });
        }
        for _ in 0..3 {
            for (flow, awake) in flows.iter().zip(&awake) {
                thread::sleep(Duration::from_millis(5));
                a.send(&tcp4(to, a.mac(), flow.unwrap()));
                until("its worker wakes", || awake.swap(false, Ordering::AcqRel));
            }
        }
    });
    assert_eq!(port.stats().rx.iter().map(|queue| queue.packets).min(), Some(4));
}

#[test]
fn a_worker_that_sleeps_takes_its_queue_up_again_after_a_reset() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let bytes = frame(b.mac(), a.mac(), b"after");
    let awake = AtomicBool::new(false);
    let Node { rx, port, .. } = &mut b;
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(rx[0].wait(LONG).unwrap());
            awake.store(true, Ordering::Release);
        });
        rig.inject(Fault::PfReset);
        event(port, |event| *event == Event::Recovered);
        a.recovered();
        until("it is awake", || {
            a.send(&bytes);
            awake.load(Ordering::Acquire)
        });
    });
}

#[test]
fn lost_interrupts_lose_nothing_to_who_looks_again() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    rig.inject(Fault::LostInterrupts { vf: 1, on: true });
    let bytes = frame(b.mac(), a.mac(), b"unheard");
    a.send(&bytes);
    until("the packet is seen", || b.rx[0].wait(Duration::from_millis(10)).unwrap());
    assert_eq!(b.take_one().bytes, bytes);
    // What the PF says is found by looking, too.
    rig.inject(Fault::PfReset);
    b.recovered();
}
