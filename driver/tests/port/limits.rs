//! What a configuration may be.

use barline::{ArenaConfig, Config, MacAddress, Port};

use crate::fake_vf::FakeVf;
use crate::kit::config;

#[track_caller]
fn refused(change: impl FnOnce(&mut Config), text: &str) {
    let fake = FakeVf::new(&format!("limit-{text}"));
    let mut config = config();
    change(&mut config);
    let error = Port::on(fake.transport(), config).and_then(|mut port| port.start());
    let error = error.unwrap_err().to_string();
    assert!(error.contains(text), "{error}");
    fake.assert_at_rest();
}

#[test]
fn values_out_of_range_are_refused() {
    refused(|config| config.rx_queues = 0, "rx_queues = 0");
    refused(|config| config.tx_queues = 3, "tx_queues = 3 is not possible: this device has 2");
    refused(|config| config.rx_ring = 32, "rx_ring = 32");
    refused(|config| config.tx_ring = 100, "tx_ring = 100");
    refused(|config| config.tx_ring = 8192, "tx_ring = 8192");
    refused(|config| config.max_frame = 63, "max_frame = 63");
    refused(|config| config.max_frame = 9721, "max_frame = 9721");
    refused(|config| config.mac = Some(MacAddress::BROADCAST), "mac = ff:ff:ff:ff:ff:ff");
    refused(|config| config.mac = Some(MacAddress::default()), "mac = 00:00:00:00:00:00");
}

#[test]
fn an_arena_that_is_too_small_is_refused() {
    let arena = |buffers, rings| {
        let pages = config().pages;
        barline::Arena::new(ArenaConfig { buffers, rings, pages, ..ArenaConfig::default() })
            .unwrap()
    };
    refused(
        |config| {
            config.tx_ring = 4096;
            config.arena = Some(arena(64, 2048));
        },
        "raise ArenaConfig::rings",
    );
    refused(
        |config| {
            config.rx_ring = 4096;
            config.arena = Some(arena(64, 1 << 20));
        },
        "make the arena larger",
    );
}

#[test]
fn the_largest_and_the_smallest_work() {
    for (id, queues) in [(0x10ca, 2), (0x1520, 1)] {
        for (ring, max_frame) in [(64, 64), (4096, 9720)] {
            let fake = FakeVf::new("limit");
            fake.model().device_id = id;
            let (rx_queues, tx_queues) = (queues, queues);
            let (rx_ring, tx_ring) = (ring, ring);
            let config = Config { rx_queues, tx_queues, rx_ring, tx_ring, max_frame, ..config() };
            let mut port = Port::on(fake.transport(), config).unwrap();
            assert_eq!(fake.model().pf.longest, u32::from(max_frame) + 4);
            let started = port.start().unwrap();
            assert_eq!((started.rx.len(), started.tx.len()), (queues.into(), queues.into()));
            drop((port, started));
            fake.assert_at_rest();
        }
    }
}
