//! The largest frame.

use barline::{Config, Error, Event};
use softnic::Fault;

use crate::kit::{Pair, config};
use crate::packets::{Flow, plain};

impl Pair {
    fn flow(&self) -> Flow {
        Flow { from: self.ends[1].port.mac(), to: self.ends[0].port.mac(), port: 0 }
    }
}

#[test]
fn jumbo_frames_pass_once_both_sides_ask_for_them() {
    for model in ["82599", "x550"] {
        let mut pair = Pair::new(&format!("vfs=2,model={model}"));
        let jumbo = plain(pair.flow(), 9014, 3);
        pair.ends[1].send(&jumbo);
        assert_eq!(pair.ends[1].port.stats().tx[0].invalid, 1, "over the limit");
        for end in &mut pair.ends {
            end.port.set_max_frame(9018).unwrap();
        }
        // Queues are not stopped for that.
        pair.until_it_comes(&jumbo);
        pair.adapter.inject(Fault::PfReset);
        pair.event(0, |event| *event == Event::Recovered);
        pair.event(1, |event| *event == Event::Recovered);
        pair.until_it_comes(&jumbo);
    }
}

#[test]
fn a_pf_that_refuses_jumbo_frames_leaves_reception_on() {
    // A PF of the 82599 at MTU 1500 stops a VF that asks for more.
    let mut pair = Pair::new("vfs=3,mtu=1500");
    let packet = plain(pair.flow(), 1514, 1);
    pair.until_it_comes(&packet);
    let error = pair.ends[0].port.set_max_frame(9018).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    pair.until_it_comes(&packet);
    let name = "soft:vfs=3,mtu=1500,uplink=sink,drive=caller,vf=2".parse().unwrap();
    let config = Config { max_frame: 9018, ..config() };
    let error = barline_device::open(&name, config).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}
