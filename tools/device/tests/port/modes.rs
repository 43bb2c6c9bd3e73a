//! What a PF grants and refuses.

use barline::{Error, MacAddress};

use crate::kit::Pair;
use crate::packets::{Flow, plain};

const ELSEWHERE: MacAddress = MacAddress([2, 0, 0, 0, 0, 0x99]);

#[test]
fn promiscuous_mode_is_granted_or_its_refusal_told() {
    for (options, granted) in [
        ("model=82599,trust=on,promisc=on", false),
        ("model=x540", false),
        ("model=x540,trust=on,promisc=on", true),
        ("model=x550,trust=on,promisc=on", true),
    ] {
        let mut pair = Pair::new(&format!("vfs=2,{options}"));
        let set = pair.ends[0].port.set_promiscuous(true);
        assert_eq!(set.is_ok(), granted, "{options}: {set:?}");
        if let Err(error) = set {
            assert!(matches!(error, Error::Refused { .. }), "{options}: {error}");
        }
        let flow = Flow { from: pair.ends[1].port.mac(), to: ELSEWHERE, port: 0 };
        pair.ends[1].send(&plain(flow, 100, 1));
        assert_eq!(pair.received(0, 0).len(), usize::from(granted), "{options}");
    }
}

#[test]
fn all_multicast_is_for_trusted_vfs_and_lets_every_group_through() {
    for (options, granted) in [("trust=off", false), ("trust=on", true)] {
        let mut pair = Pair::new(&format!("vfs=2,{options}"));
        let set = pair.ends[0].port.set_all_multicast(true);
        assert_eq!(set.is_ok(), granted, "{options}: {set:?}");
        let to = MacAddress([1, 0, 0x5e, 0, 0, 0x42]);
        let flow = Flow { from: pair.ends[1].port.mac(), to, port: 0 };
        pair.ends[1].send(&plain(flow, 100, 1));
        assert_eq!(pair.received(0, 0).len(), usize::from(granted), "{options}");
    }
}
