//! The whole chain: the driver, a VF, the adapter, its uplink. What the driver counts is what the device
//! counts.

use std::num::NonZeroU64;
use std::thread;
use std::time::{Duration, Instant};

use barline::{Config, Event, LinkState, Port, TxQueue};
use barline_device::{Adapter, Device, DeviceName};
use softnic::Fault;
use softnic::uplink::UplinkCounters;

const PATIENCE: Duration = Duration::from_secs(30);

fn open(name: &str) -> (Port, Adapter) {
    let name: DeviceName = name.parse().unwrap();
    let Device { port, adapter } = barline_device::open(&name, Config::default()).unwrap();
    (port, adapter.unwrap())
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what}");
    }
}

#[test]
fn what_the_generator_sends_comes_whole_and_is_counted_alike() {
    let (mut port, adapter) = open("soft:vfs=1,size=imix,seed=7");
    let mut queues = port.start().unwrap();
    let rx = &mut queues.rx[0];
    let pool = port.pool();
    let mut batch = pool.batch(64);
    let (mut packets, mut bytes) = (0, 0);
    let mut count = |batch: &barline::FrameBatch<'_>| {
        for packet in batch.packets() {
            packets += 1;
            bytes += packet.len() as u64;
            assert_eq!(packet.head().data()[..6], port.mac().0);
            assert!([60, 590, 1514].contains(&packet.len()));
        }
        packets
    };
    wait_for("packets", || {
        rx.poll(&mut batch);
        let packets = count(&batch);
        batch.clear();
        packets > 100_000
    });
    // After this all that was sent is in the ring.
    adapter.hold_uplink(true);
    while rx.poll(&mut batch) > 0 {
        count(&batch);
        batch.clear();
    }
    // The registers are a millisecond behind, at most.
    wait_for("the registers", || port.stats().device.rx_packets == packets);
    let (device, stats) = (adapter.counters(), port.stats());
    assert_eq!((device.rx_packets, device.rx_octets), (packets, bytes + 4 * packets));
    assert_eq!(device.rx_no_descriptor, 0);
    assert_eq!(adapter.uplink_counters().sent.frames, packets);
    assert_eq!((stats.rx[0].packets, stats.rx[0].bytes), (packets, bytes));
    assert_eq!(stats.device.rx_bytes, bytes + 4 * packets);
}

#[test]
fn what_is_sent_reaches_the_uplink() {
    let (mut port, adapter) = open("soft:vfs=1,uplink=sink");
    let mut queues = port.start().unwrap();
    let tx = &mut queues.tx[0];
    let pool = port.pool();
    let mut batch = pool.batch(32);
    let source = port.mac().0;
    let (mut sent, mut bytes) = (0, 0);
    wait_for("to be sent", || {
        while sent < 10_000
            && let Some(mut packet) = batch.alloc(60 + sent % 1455)
        {
            let mut frame = vec![0x5a; 60 + sent % 1455];
            frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 0xff]);
            frame[6..12].copy_from_slice(&source);
            packet.copy_from(&frame);
            sent += 1;
            bytes += frame.len() as u64 + 4;
        }
        tx.push(&mut batch);
        sent == 10_000 && batch.is_empty()
    });
    assert!(tx.flush(&pool, PATIENCE));
    wait_for("the uplink", || adapter.uplink_counters().received.frames == 10_000);
    assert_eq!(adapter.uplink_counters().received.bytes, bytes);
    let (device, stats) = (adapter.counters(), port.stats());
    assert_eq!((device.tx_packets, device.tx_octets), (10_000, bytes));
    assert_eq!((device.tx_spoofed, device.tx_malformed), (0, Default::default()));
    assert_eq!((stats.tx[0].completed, stats.tx[0].bytes + 40_000), (10_000, bytes));
    wait_for("the registers", || port.stats().device.tx_packets == 10_000);
    assert_eq!(port.stats().device.tx_bytes, bytes);
}

/// What the generator has counted when so many frames went back to it, through a VF to which `fault`
/// happens.
fn forwarded(name: &str, frames: u64, fault: Option<Fault>) -> UplinkCounters {
    let (mut port, adapter) = open(name);
    fault.into_iter().for_each(|fault| adapter.inject(fault));
    let mut queues = port.start().unwrap();
    let (rx, tx) = (&mut queues.rx[0], &mut queues.tx[0]);
    let pool = port.pool();
    let mut batch = pool.batch(64);
    // Says whether there was anything to do.
    let mut forward = |tx: &mut TxQueue| {
        // What had no room goes first.
        if batch.is_empty() {
            rx.poll(&mut batch);
            for mut frame in batch.frames_mut() {
                frame.data()[..12].rotate_left(6);
            }
        }
        let any = !batch.is_empty();
        tx.push(&mut batch);
        any
    };
    wait_for("frames", || {
        forward(tx);
        adapter.uplink_counters().received.frames > frames
    });
    adapter.hold_uplink(true);
    while forward(tx) {}
    assert!(tx.flush(&pool, PATIENCE));
    adapter.uplink_counters()
}

#[test]
fn what_goes_back_to_the_generator_is_in_order_and_complete() {
    let counters = forwarded("soft:vfs=1,size=128", 100_000, None);
    let returned = counters.returned[0];
    assert_eq!((returned.reordered, returned.duplicate, returned.missing), (0, 0, 0));
    assert_eq!(returned.returned, counters.received.frames);
    assert_eq!(returned.sent, counters.sent.frames);
    assert_eq!(returned.sent, returned.returned);
}

#[test]
fn the_generator_notices_what_goes_wrong() {
    let returned = |fault: fn(Option<NonZeroU64>) -> Fault| {
        let fault = fault(NonZeroU64::new(1000));
        let counters = forwarded("soft:vfs=1,size=100", 20_000, Some(fault));
        counters.returned[0]
    };
    assert!(returned(Fault::DropOneIn).missing > 0);
    // The second one may take the descriptor that a later frame was sent for.
    assert!(returned(Fault::DuplicateOneIn).duplicate > 0);
    assert!(returned(Fault::SwapOneIn).reordered > 0);
}

#[test]
fn an_interrupt_wakes_who_waits() {
    let (mut port, _adapter) = open("soft:vfs=2,uplink=sink");
    let (mut other, _) = open("soft:vfs=2,uplink=sink,vf=1");
    let mut queues = port.start().unwrap();
    let mut others = other.start().unwrap();
    assert!(port.link().is_up());
    let rx = &mut queues.rx[0];
    assert!(!rx.wait(Duration::from_millis(50)).unwrap());
    let (to, from) = (port.mac(), other.mac());
    let waited = thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let start = Instant::now();
            (rx.wait(PATIENCE).unwrap(), start.elapsed())
        });
        thread::sleep(Duration::from_millis(100));
        let pool = other.pool();
        let mut batch = pool.batch(1);
        let mut frame = [0; 60];
        frame[..6].copy_from_slice(&to.0);
        frame[6..12].copy_from_slice(&from.0);
        batch.alloc(60).unwrap().copy_from(&frame);
        assert_eq!(others.tx[0].push(&mut batch), 1);
        waiter.join().unwrap()
    });
    assert!(waited.0 && waited.1 < Duration::from_secs(5), "{waited:?}");
}

#[test]
fn what_happens_to_a_vf_is_told() {
    let (port, adapter) = open("soft:vfs=3,uplink=sink");
    assert_eq!(port.link(), LinkState::Up { mbps: 10_000, full_duplex: true });
    let next = || port.events().recv_timeout(PATIENCE).unwrap();
    adapter.inject(Fault::Link { up: false });
    assert_eq!(next(), Event::Link(LinkState::Down));
    adapter.inject(Fault::BusError { vf: 0 });
    assert_eq!(next(), Event::DeviceError);
    adapter.inject(Fault::WantedBack { vf: 0 });
    assert_eq!(next(), Event::RemovalRequested);
}
