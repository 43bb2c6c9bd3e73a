//! What a port tells of its device, and what it counts.

use std::collections::BTreeMap;
use std::time::Duration;

use barline::{Config, Event, Port, Rss};

use crate::fake_vf::{FakeVf, SET_VLAN};
use crate::kit::{config, event, frame, open, write};

fn xstats(port: &Port) -> BTreeMap<String, u64> {
    port.xstats().into_iter().map(|stat| (stat.name, stat.value)).collect()
}

#[test]
fn a_port_says_what_it_is() {
    for (id, model, queues) in [(0x10ca, "82576 VF", 2), (0x1520, "I350 VF", 1)] {
        let fake = FakeVf::new("info0");
        fake.model().device_id = id;
        let port = open(&fake).unwrap();
        let info = port.info();
        assert_eq!((info.driver, info.model, info.queues), ("igbvf", model, queues));
        assert_eq!((info.vendor, info.device, info.revision), (0x8086, id, 1));
        assert_eq!((info.max_frame, info.max_tx_frames), (9720, 32));
        assert_eq!((info.multicast, info.rss_table), (30, 0));
        assert!(info.offloads.tx_checksum && info.offloads.tcp_segmentation);
        assert!(info.offloads.rx_checksum && info.offloads.rss_hash && info.offloads.vlan_insert);
        assert!(!info.offloads.vlan_strip, "its PF decides");
    }
}

#[test]
fn what_a_device_does_not_let_its_vfs_choose_is_refused() {
    let fake = FakeVf::new("info1");
    let rss = Some(Rss::spread(1, 128));
    for (config, text) in [
        (Config { vlan_strip: true, ..config() }, "vlan_strip = true"),
        (Config { rss, ..config() }, "rss = a table"),
    ] {
        let error = Port::on(fake.transport(), config).unwrap_err().to_string();
        assert!(error.contains(text) && error.contains("the PF of a 82576 VF decides"), "{error}");
    }
    let mut port = open(&fake).unwrap();
    fake.model().pf.requests.clear();
    assert!(port.set_vlan_strip(true).is_err() && port.set_vlan_strip(false).is_err());
    assert!(port.set_rss(&Rss::spread(1, 128)).is_err() && port.rss().is_err());
    assert!(fake.model().pf.requests.is_empty());
}

#[test]
fn every_counter_has_its_name() {
    let fake = FakeVf::new("info2");
    let mut port = Port::on(fake.transport(), Config { rx_queues: 2, ..config() }).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    let requests = xstats(&port)["driver_mailbox_requests"];
    port.set_vlan(5, true).unwrap();
    write(&mut batch, &frame(1));
    write(&mut batch, &[0; 16]);
    queues.tx[0].push(&mut batch);
    fake.model().incoming.push_back(frame(2));
    fake.model().dropped = 3;
    fake.step();
    queues.rx[0].poll(&mut batch);
    queues.tx[0].reap(&pool);
    let all = xstats(&port);
    for (name, value) in [
        ("device_rx_packets", 1),
        ("device_rx_bytes", 104),
        ("device_rx_multicast", 0),
        ("device_rx_dropped", 3),
        ("device_tx_packets", 1),
        ("device_tx_bytes", 104),
        ("rx_q0_packets", 1),
        ("rx_q0_bytes", 100),
        ("rx_q0_errors", 0),
        ("rx_q0_bad_length", 0),
        ("rx_q0_too_long", 0),
        ("rx_q0_no_buffers", 0),
        ("rx_q1_packets", 0),
        ("tx_q0_packets", 1),
        ("tx_q0_bytes", 100),
        ("tx_q0_completed", 1),
        ("tx_q0_invalid", 1),
        ("tx_q0_lost", 0),
        ("driver_mailbox_requests", requests + 1),
        ("driver_events_lost", 0),
    ] {
        assert_eq!(all.get(name), Some(&value), "{name}");
    }
    assert_eq!(all.len(), port.xstats().len(), "two counters of one name");
}

#[test]
fn what_the_driver_does_is_counted() {
    let fake = FakeVf::new("info3");
    let mut port = open(&fake).unwrap();
    port.set_vlan(5, true).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    fake.model().pf.refused.insert(SET_VLAN);
    fake.begin_pf_reset();
    std::thread::sleep(Duration::from_millis(1500));
    fake.end_pf_reset();
    event(&port, |event| *event == Event::Recovered);
    port.reset();
    event(&port, |event| *event == Event::Recovered);
    crate::kit::until("the queues are back", || {
        queues.rx[0].poll(&mut batch);
        queues.tx[0].reap(&pool);
        fake.model().rx[0].on && fake.model().tx[0].on
    });
    fake.model().hangs = true;
    write(&mut batch, &frame(1));
    queues.tx[0].push(&mut batch);
    event(&port, |event| matches!(event, Event::Stalled { .. }));
    let all = xstats(&port);
    for (name, value) in [
        ("driver_pf_resets", 1),
        ("driver_resets", 1),
        ("driver_recoveries", 2),
        ("driver_queue_restarts", 2),
        ("driver_settings_lost", 1),
        ("driver_stalls", 1),
    ] {
        assert_eq!(all.get(name), Some(&value), "{name}");
    }
    assert!(all["driver_failed_recoveries"] > 0);
    let events = port.events().clone();
    crate::kit::until("the channel is full", || {
        fake.notify_request();
        events.is_full()
    });
    crate::kit::until("an event is lost", || {
        fake.notify_request();
        xstats(&port)["driver_events_lost"] > 0
    });
}
