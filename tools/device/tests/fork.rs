//! A child made by fork, which runs no other program and drops what it has a copy of.

use std::fs;
use std::time::Duration;

use barline::Config;
use barline_device::{Adapter, Device, DeviceName};
use testkit::in_child;

fn open(name: &DeviceName) -> barline::Result<Device> {
    barline_device::open(name, Config::default())
}

/// Sends a frame that the adapter takes.
fn sends(device: &Device, adapter: &Adapter, queues: &mut barline::Queues) {
    let pool = device.port.pool();
    let mut batch = pool.batch(1);
    let frame = [&[0xff; 6][..], &device.port.mac().0, &[0x88, 0xb5], &[0; 46]].concat();
    batch.alloc(frame.len()).unwrap().copy_from(&frame);
    let before = adapter.uplink_counters().received.frames;
    assert_eq!(queues.tx[0].push(&mut batch), 1);
    assert!(queues.tx[0].flush(&pool, Duration::from_secs(10)));
    assert_eq!(adapter.uplink_counters().received.frames, before + 1);
}

#[test]
fn what_a_child_drops_stays_the_parents() {
    let dir = tempfile::TempDir::new().unwrap();
    let share = dir.path().join("adapter");
    let name = format!("soft:uplink=sink,share={}", share.display());
    let name: DeviceName = name.parse().unwrap();
    let mut device = open(&name).unwrap();
    let mut queues = device.port.start().unwrap();
    let mut adapter = device.adapter.clone().unwrap();
    sends(&device, &adapter, &mut queues);
    // The thread is at work at some of these moments, and has the adapter locked.
    for _ in 0..20 {
        let mut parts = Some((device, queues, adapter));
        let dropped = in_child(|| {
            let (device, queues, adapter) = parts.take().expect("they are here");
            let is_elsewhere = adapter.counters() == softnic::VfCounters::default();
            drop((adapter, queues));
            drop(device);
            is_elsewhere && share.exists()
        });
        assert!(dropped, "the child did not end, or had the adapter");
        (device, queues, adapter) = parts.expect("they are here");
    }
    sends(&device, &adapter, &mut queues);
    // It is still locked for others, and for them it is open.
    let (_, vf) = name.as_soft().unwrap();
    assert!(adapter.transport(vf).is_err());
    drop((device, queues, adapter));
    assert!(fs::metadata(&share).is_err(), "the last one has removed it");
}

#[test]
fn a_child_has_an_adapter_of_its_own_if_it_opens_one() {
    let name: DeviceName = "soft:uplink=sink,vfs=11".parse().unwrap();
    let other: DeviceName = "soft:uplink=sink,vfs=11,vf=1".parse().unwrap();
    let device = open(&name).unwrap();
    let mut parts = Some(device);
    let opened = in_child(|| {
        drop(parts.take());
        let mut device = open(&other).unwrap();
        let adapter = device.adapter.clone().unwrap();
        let mut queues = device.port.start().unwrap();
        sends(&device, &adapter, &mut queues);
        true
    });
    assert!(opened);
}
