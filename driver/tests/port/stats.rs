//! What is counted.

use std::thread;

use crate::fake_vf::FakeVf;
use crate::kit::{event, open, until};

#[test]
fn counters_of_32_bits_become_64() {
    let fake = FakeVf::new("stats0");
    fake.model().counters = [u32::MAX - 5; 5];
    let port = open(&fake).unwrap();
    assert_eq!(port.stats().device.rx_packets, 0, "what came before is not ours");
    for round in 1..=5_u64 {
        for counter in &mut fake.model().counters {
            *counter = counter.wrapping_add(1 << 31);
        }
        fake.model().dropped = 7;
        let stats = port.stats().device;
        let all = [
            stats.rx_packets,
            stats.rx_bytes,
            stats.rx_multicast,
            stats.tx_packets,
            stats.tx_bytes,
        ];
        assert_eq!(all, [round << 31; 5]);
    }
    // One queue's drops are counted for both here: the model has one register for two.
    assert_eq!(port.stats().device.rx_dropped, Some(35));
}

#[test]
fn a_device_that_is_gone_does_not_make_them_jump() {
    // Whichever of the reads it is that finds the device gone.
    thread::scope(|scope| {
        for n in 0..14 {
            scope.spawn(move || goes_at(n));
        }
    });
}

fn goes_at(n: usize) {
    let fake = FakeVf::new(&format!("stats1-{n}"));
    let port = open(&fake).unwrap();
    fake.model().counters = [1000; 5];
    until("they are counted", || port.stats().device.rx_packets == 1000);
    fake.model().gone_after = Some(n);
    for _ in 0..20 {
        assert!(port.stats().device.rx_packets <= 1000, "read {n}");
        assert_eq!(port.stats().device.rx_dropped, Some(0), "read {n}");
    }
    {
        let mut model = fake.model();
        (model.gone, model.gone_after) = (true, None);
    }
    event(&port, |event| *event == barline::Event::PfReset);
    assert_eq!(port.stats().device.rx_packets, 1000);
    // It comes back, and has started again.
    fake.model().counters = [10; 5];
    fake.model().gone = false;
    event(&port, |event| *event == barline::Event::Recovered);
    fake.model().counters = [13; 5];
    assert_eq!(port.stats().device.rx_packets, 1003);
}

#[test]
fn a_reset_of_the_pf_does_not_make_them_jump() {
    let fake = FakeVf::new("stats2");
    let port = open(&fake).unwrap();
    for round in 1..=5 {
        fake.model().counters = [3_000_000; 5];
        until("they are counted", || port.stats().device.tx_bytes == round * 3_000_000);
        // Asked at once, before anyone can have noticed, and again and again.
        fake.begin_pf_reset();
        for _ in 0..50 {
            assert_eq!(port.stats().device.tx_bytes, round * 3_000_000);
        }
        fake.end_pf_reset();
        assert_eq!(port.stats().device.tx_bytes, round * 3_000_000);
        event(&port, |event| *event == barline::Event::Recovered);
        assert_eq!(port.stats().device.tx_bytes, round * 3_000_000);
    }
}
