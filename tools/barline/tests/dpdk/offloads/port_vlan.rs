//! A VLAN that the PF has put the VF into (`ip link set … vf … vlan …`).

use super::packets::{Ip, L4, Packet};
use super::setup::{Setup, Wanted};
use super::wire::PEER;
use crate::kit::Paths;

const VID: u16 = 7;

#[test]
fn what_is_sent_is_of_the_port_vlan_and_nothing_else_comes() {
    for (model, hidden) in [("82599", false), ("x550", true)] {
        for paths in Paths::ALL {
            let what = format!("{model}, {paths:?}");
            let adapter = format!("model={model},vlan={VID}");
            let wanted = Wanted { adapter: &adapter, ..Wanted::plain(paths) };
            let mut setup = Setup::start(&wanted);
            setup.uses(false, false);
            let to_vf = Packet::new(PEER, setup.mac, Ip::V4, L4::Udp, 100);
            let of = |vlan| Packet { vlan, ..to_vf.clone() }.bytes();
            let marked =
                Packet { vlan: Some(VID), ..Packet::new(PEER, setup.mac, Ip::V4, L4::Udp, 200) };

            // Before X550 the VF sees the tag.
            setup.commands(&["set fwd rxonly", "set verbose 1", "start"]);
            for strip in ["off", "on"] {
                setup.commands(&[&format!("vlan set strip {strip} 0")]);
                let mark = super::verbose::mark(&setup.testpmd);
                setup.wire.send([of(None), of(Some(8)), of(Some(VID)), marked.bytes()]);
                let seen = super::verbose::wait(&setup.testpmd, mark, 2);
                assert_eq!(seen.len(), 2, "{what}: {seen:?}");
                let stripped = hidden || strip == "on";
                let len = of(None).len() + if stripped { 0 } else { 4 };
                assert_eq!(seen[0].len, len, "{what}, strip {strip}: {seen:?}");
                assert_eq!(
                    seen[0].vlan,
                    (!hidden).then_some(VID),
                    "{what}, strip {strip}: {seen:?}"
                );
                assert_eq!(seen[1].len, len + 100, "{what}, strip {strip}: {seen:?}");
            }
            setup.commands(&["set verbose 0", "stop"]);

            // The PF puts its tag in, in the place of one that the VF asks for.
            for (lines, offloads) in [(&[][..], false), (&["tx_vlan set 0 5"], true)] {
                setup.reconfigure(lines);
                setup.uses(false, offloads);
                setup.forward("mac");
                let got = setup.exchange([(of(Some(VID)), 1)]);
                let right = Packet { from: setup.mac, to: PEER, vlan: Some(VID), ..to_vf.clone() };
                assert_eq!(got, [right.bytes()], "{what}, {lines:?}");
                setup.commands(&["stop"]);
            }
            setup.testpmd.quit();
        }
    }
}
