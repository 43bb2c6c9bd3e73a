//! Who moves an adapter: its thread, or the test.

use std::time::{Duration, Instant};

use softnic::uplink::Stamp;
use softnic::{Fault, Host, Spec};

use super::driver::{Driver, frame, number};
use super::other::until;

fn host(options: &str) -> Host {
    Host::open(&Spec::parse(options).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

/// Receives generated frames on VF 0 and sends them back; each must be the next.
fn forward(driver: &mut Driver, count: u64, mut between: impl FnMut()) {
    let mut next = 0;
    let mut waiting = std::collections::VecDeque::new();
    until("traffic", || {
        between();
        // Not more than can be sent back: the generator waits.
        if waiting.is_empty() {
            driver.receive(|frame| {
                let stamp = Stamp::read(frame).unwrap();
                assert_eq!((stamp.vf, stamp.sequence), (0, next));
                next += 1;
                // To nobody of this adapter, so to the wire.
                let mut frame = frame.to_vec();
                frame.copy_within(..6, 6);
                frame[..6].copy_from_slice(&[2, 0xff, 0, 0, 0, 1]);
                waiting.push_back(frame);
            });
        }
        while waiting.front().is_some_and(|frame| driver.send(frame)) {
            waiting.pop_front();
        }
        next >= count && waiting.is_empty()
    });
}

/// Holds the generator, and compares what all sides have counted.
fn compare(host: &Host, driver: &mut Driver) {
    host.with(|adapter| adapter.inject(Fault::UplinkHeld { on: true })).unwrap();
    let counted = || host.with(|adapter| adapter.uplink_counters().returned[0]).unwrap();
    let sent = counted().sent;
    let mut rest = 0;
    until("the rest", || {
        if host.spec().drive == softnic::Drive::Caller {
            host.step_once(u64::MAX / 2).unwrap();
        }
        rest += driver.receive(|_| ()) as u64;
        let returned = counted();
        returned.returned + rest == sent
    });
    let returned = counted();
    assert_eq!((returned.duplicate, returned.reordered, returned.missing), (0, 0, 0));
    let vf = host.with(|adapter| adapter.counters(0)).unwrap();
    assert_eq!((vf.rx_packets, vf.rx_no_descriptor), (sent, 0));
    assert_eq!(vf.tx_packets, returned.returned);
}

#[test]
fn a_thread_moves_it_and_no_frame_is_lost() {
    let host = host("vfs=2,size=imix");
    let mut driver = Driver::open(&host, 0);
    forward(&mut driver, 50_000, || ());
    compare(&host, &mut driver);
}

#[test]
fn the_caller_moves_it_and_nobody_else_does() {
    let host = host("vfs=2,drive=caller,size=9018");
    let mut driver = Driver::open(&host, 0);
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(driver.receive(|_| ()), 0);
    let mut now = 0;
    forward(&mut driver, 2000, || {
        now += 1000;
        host.step_once(now).unwrap();
    });
    compare(&host, &mut driver);
}

#[test]
fn registers_are_reached_at_once_while_traffic_flows() {
    let host = host("vfs=1,gen=open");
    let mut driver = Driver::open(&host, 0);
    // What comes first was lost while nobody could take it.
    until("traffic", || driver.receive(|_| ()) > 0);
    let mut waits: Vec<Duration> = (0..300)
        .map(|_| {
            driver.receive(|_| ());
            let begin = Instant::now();
            assert_ne!(driver.read(8), u32::MAX, "VFSTATUS");
            begin.elapsed()
        })
        .collect();
    waits.sort_unstable();
    assert!(waits[150] < Duration::from_millis(5), "{:?} and {:?} at most", waits[150], waits[299]);
}

#[test]
fn an_adapter_ends_with_its_last_host() {
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("adapter");
    let host = host(&format!("share={}", share.display()));
    let other = host.clone();
    drop(host);
    assert!(share.exists());
    assert_eq!(other.with(|adapter| adapter.spec().vfs), Ok(2));
    drop(other);
    assert!(!share.exists());
}

#[test]
fn vfs_of_one_host_reach_each_other() {
    let host = host("vfs=2,uplink=sink");
    let (mut one, mut other) = (Driver::open(&host, 0), Driver::open(&host, 1));
    let (mut sent, mut received) = (0, 0);
    until("the exchange", || {
        while sent < 5000 && sent < received + 100 && one.send(&frame(other.mac, one.mac, sent)) {
            sent += 1;
        }
        let (to, from) = (other.mac, one.mac);
        other.receive(|got| {
            assert_eq!(number(got), received);
            assert!(got == frame(to, from, received), "frame {received} is another");
            received += 1;
        });
        received == 5000
    });
}
