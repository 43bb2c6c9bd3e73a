//! What X550 and later demand of what is sent where their PF has malicious-driver detection on: a
//! context, and that descriptors name it. They stop a queue that does otherwise.

use crate::kit::{Rig, config, frame, queues, tagged};
use crate::packet::{tcp4, udp4};

#[test]
fn every_transmit_queue_passes_malicious_driver_detection() {
    for model in ["x550", "x552", "x553", "e610"] {
        let rig = Rig::new(&format!("model={model},mdd=on"));
        let (mut a, mut b) = (rig.node(0, queues(4)), rig.node(1, config()));
        b.port.set_vlan(5, true).unwrap();
        for queue in 0..4 {
            for _ in 0..3 {
                let plain = frame(b.mac(), a.mac(), &[queue as u8; 300]);
                a.send_by(queue, &plain, |_| {});
                assert_eq!(b.take_one().bytes, plain, "{model}");
                a.send_by(queue, &plain, |packet| packet.head().set_vlan(Some(5)));
                assert_eq!(b.take_one().bytes, tagged(&plain, 5), "{model}");
                for right in [tcp4(b.mac(), a.mac(), 7), udp4(b.mac(), a.mac(), 7)] {
                    a.send_by(queue, &right, |packet| {
                        packet.request_checksums().unwrap();
                    });
                    assert_eq!(b.take_one().bytes, right, "{model}");
                }
            }
        }
        let counters = rig.counters(0);
        assert_eq!((counters.mdd_events, counters.tx_malformed.total()), (0, 0), "{model}");
    }
}
