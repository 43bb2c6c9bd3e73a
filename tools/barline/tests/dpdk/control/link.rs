//! The link goes and comes back.

use softnic::Fault;

use super::Pair;
use crate::kit::{Run, until};

#[test]
fn a_link_that_goes_is_seen_and_so_is_its_return() {
    for model in ["82599", "x550"] {
        let mut run = Run::new(&format!("vfs=2,uplink=sink,model={model}"));
        let mut pair = Pair::start(&run);
        assert!(pair.testpmd.link(0));
        assert_eq!(pair.testpmd.info(0).text("Link speed"), "10 Gbps");
        pair.exchange();
        for round in 0..3 {
            run.administrator().order(Fault::Link { up: false }).unwrap();
            until("the link is down", || !pair.testpmd.link(0));
            assert_eq!(pair.testpmd.info(0).text("Link speed"), "None");
            run.administrator().order(Fault::Link { up: true }).unwrap();
            until("the link is up", || pair.testpmd.link(0));
            until("ours is, too", || pair.peer.port.link().is_up());
            pair.exchange();
            assert!(
                !pair.testpmd.log().contains("reset event"),
                "{model}, {round}: it was no reset"
            );
        }
        // A VF has no interrupt for its link: nothing is told that was not asked for.
        assert!(!pair.testpmd.log().contains("link state change"), "{model}");
        pair.testpmd.quit();
    }
}
