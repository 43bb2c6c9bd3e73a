//! Each generation by its id.

use barline::{Config, LinkState};

use crate::kit::{Rig, config, frame};
use crate::node::arriving;

#[test]
fn every_generation_works() {
    for (model, id, name, table) in [
        ("82599", 0x10ed, "82599 VF", 0),
        ("x540", 0x1515, "X540 VF", 0),
        ("x550", 0x1565, "X550 VF", 64),
        ("x552", 0x15a8, "X552 VF", 64),
        ("x553", 0x15c5, "X553 VF", 64),
        ("e610", 0x57ad, "E610 VF", 64),
    ] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, Config::default()));
        let info = a.port.info();
        assert_eq!((info.driver, info.model), ("ixgbevf", name));
        assert_eq!((info.vendor, info.device), (0x8086, id));
        assert_eq!((info.queues, info.rss_table, info.max_frame), (4, table, 9728));
        assert_eq!(a.port.link(), LinkState::Up { mbps: 10_000, full_duplex: true }, "{model}");
        let frames = [frame(b.mac(), a.mac(), b"one"), frame(b.mac(), a.mac(), &[7; 1000])];
        assert_eq!(arriving(&mut a, &mut b, &frames), frames, "{model}");
    }
}
