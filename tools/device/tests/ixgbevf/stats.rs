//! Counters.

use barline::MacAddress;
use softnic::Fault;

use crate::kit::{Rig, config, frame};

const GROUP: MacAddress = MacAddress([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb]);

#[test]
fn the_device_counts_packets_and_octets_each_way() {
    for model in ["82599", "e610"] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        b.port.set_multicast(&[GROUP]).unwrap();
        for reset in [false, true] {
            if reset {
                rig.inject(Fault::PfReset);
                a.recovered();
                b.recovered();
            }
            let (sent, received) = (a.port.stats().device, b.port.stats().device);
            for (to, len) in [(b.mac(), 60), (b.mac(), 1000), (GROUP, 500)] {
                a.send(&frame(to, a.mac(), &vec![1; len - 14]));
            }
            b.take(3);
            let (now_sent, now_received) = (a.port.stats().device, b.port.stats().device);
            assert_eq!(now_sent.tx_packets - sent.tx_packets, 3, "{model}");
            assert_eq!(now_sent.tx_bytes - sent.tx_bytes, 1560 + 3 * 4);
            assert_eq!(now_received.rx_packets - received.rx_packets, 3);
            assert_eq!(now_received.rx_bytes - received.rx_bytes, 1560 + 3 * 4);
            assert_eq!(now_received.rx_multicast - received.rx_multicast, 1);
            assert_eq!(now_received.rx_dropped, None, "no VF of these tells");
        }
        let (rx, tx) = (b.port.stats().rx[0], a.port.stats().tx[0]);
        assert_eq!((rx.packets, rx.bytes, tx.packets, tx.bytes), (6, 3120, 6, 3120));
    }
}

#[test]
fn what_the_vfs_last_user_was_sent_does_not_count() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    a.send(&frame(b.mac(), a.mac(), b"first"));
    b.take_one();
    drop(b);
    let b = rig.node(1, config());
    let device = b.port.stats().device;
    assert_eq!((device.rx_packets, device.rx_bytes, device.tx_packets), (0, 0, 0));
}
