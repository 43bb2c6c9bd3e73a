//! PFs old and new.

use barline::{Error, MacAddress};

use crate::kit::{Rig, config, frame, queues};
use crate::node::arriving;

const GROUP: MacAddress = MacAddress([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb]);

#[test]
fn a_port_opens_on_any_pf_and_offers_what_that_knows() {
    for api in 0..=7 {
        let options = format!("model=x540,api=1.{api},trust=on,promisc=on,rss-query=on");
        let rig = Rig::new(&options);
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        assert_eq!(b.port.info().queues, if api >= 1 { 4 } else { 1 }, "1.{api}");
        b.port.set_multicast(&[GROUP]).unwrap();
        b.port.set_vlan(9, true).unwrap();
        let outcomes = [
            ("all multicast", 2, b.port.set_all_multicast(true)),
            ("promiscuous", 3, b.port.set_promiscuous(true)),
            ("rss", 2, b.port.rss().map(drop)),
        ];
        for (what, since, outcome) in outcomes {
            match outcome {
                Ok(()) => assert!(api >= since, "{what} with 1.{api}"),
                Err(error) => {
                    assert!(api < since, "{what} with 1.{api}: {error}");
                    assert!(matches!(error, Error::Refused { .. }), "{error}");
                    assert!(error.to_string().contains("too old"), "{error}");
                }
            }
        }
        let frames = [frame(b.mac(), a.mac(), b"unicast"), frame(GROUP, a.mac(), b"group")];
        assert_eq!(arriving(&mut a, &mut b, &frames), frames, "1.{api}");
    }
}

#[test]
fn queues_are_as_many_as_the_pf_grants() {
    for (options, granted) in [("vfs=31", 4), ("vfs=32", 2), ("api=1.0,mtu=1500", 1)] {
        let rig = Rig::new(options);
        for count in [1, 2, 4] {
            match rig.open(0, queues(count)) {
                Ok(port) => {
                    assert!(count <= granted, "{options}: {count}");
                    assert_eq!(port.info().queues, granted);
                }
                Err(error) => {
                    assert!(count > granted, "{options}: {error}");
                    let text = error.to_string();
                    assert!(
                        text.contains(&format!("rx_queues = {count}"))
                            && text.contains(&format!("grants this VF {granted}")),
                        "{text}"
                    );
                }
            }
        }
    }
}

#[test]
fn three_receive_queues_need_a_table_of_their_own() {
    for (model, works) in [("82599", false), ("x540", false), ("x550", true)] {
        match Rig::new(&format!("model={model}")).open(0, queues(3)) {
            Ok(port) => {
                assert!(works, "{model}");
                assert_eq!(port.rss().unwrap().table[..4], [0, 1, 2, 0]);
            }
            Err(error) => {
                assert!(!works, "{model}: {error}");
                assert!(error.to_string().contains("rx_queues = 3 is not possible: 1, 2 or 4"));
            }
        }
    }
}
