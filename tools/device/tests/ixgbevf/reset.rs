//! Resets: the PF's, and the port's own.

use barline::{Event, LinkState};
use softnic::{Fault, MailboxMood};

use crate::kit::{Rig, config, event, frame, queues, until};
use crate::node::Node;

#[track_caller]
fn pass(from: &mut Node, to: &mut Node, queue: usize) {
    let bytes = frame(to.mac(), from.mac(), &[queue as u8; 200]);
    from.send_by(queue, &bytes, |_| {});
    assert_eq!(to.take_one().bytes, bytes);
}

/// Frames pass both ways, by every queue.
#[track_caller]
fn traffic(a: &mut Node, b: &mut Node) {
    for queue in 0..a.tx.len() {
        pass(a, b, queue);
        pass(b, a, queue);
    }
}

#[test]
fn traffic_goes_on_after_resets_of_the_pf() {
    for model in ["82599", "x550", "e610"] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) = (rig.node(0, queues(2)), rig.node(1, queues(2)));
        for _ in 0..2 {
            traffic(&mut a, &mut b);
            rig.inject(Fault::PfReset);
            for node in [&mut a, &mut b] {
                let before = node.recovered();
                assert_eq!(before.first(), Some(&Event::PfReset), "{model}");
            }
        }
        traffic(&mut a, &mut b);
        drop((a, b));
        assert_eq!(rig.adapter.dma_faults(), 0);
    }
}

#[test]
fn a_port_resets_on_demand() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    traffic(&mut a, &mut b);
    for _ in 0..3 {
        a.port.reset();
        assert_eq!(a.recovered(), []);
        traffic(&mut a, &mut b);
    }
}

#[test]
fn a_vf_that_the_administrator_recalls_greets_again() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    b.port.set_vlan(3, true).unwrap();
    rig.inject(Fault::Trust { vf: 1, trusted: true });
    assert_eq!(b.recovered(), [Event::PfReset]);
    traffic(&mut a, &mut b);
}

#[test]
fn another_address_is_told() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let mac = [0x02, 0, 0, 0, 0, 0x77];
    rig.inject(Fault::Address { vf: 1, mac: Some(mac) });
    b.port.reset();
    let changed = |event: &Event| matches!(event, Event::MacChanged(now) if now.0 == mac);
    event(&b.port, changed);
    b.recovered();
    traffic(&mut a, &mut b);
}

#[test]
fn a_pf_that_is_down_is_waited_for() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    rig.inject(Fault::PfInterface { up: false });
    for node in [&a, &b] {
        event(&node.port, |event| matches!(event, Event::PfSilent { .. }));
        assert_eq!(node.port.link(), LinkState::Down);
    }
    assert!(b.poll().is_empty());
    rig.inject(Fault::PfInterface { up: true });
    a.recovered();
    b.recovered();
    traffic(&mut a, &mut b);
}

#[test]
fn a_pf_that_grants_fewer_queues_after_a_reset_does_not_get_its_vf_back() {
    let rig = Rig::new("mtu=1500");
    let mut b = rig.node(1, queues(4));
    // It refuses all but the greeting, so that one queue is left.
    rig.inject(Fault::Mailbox { vf: 1, mood: MailboxMood::Refusing });
    rig.inject(Fault::PfReset);
    let silent = |event: &Event| matches!(event, Event::PfSilent { reason } if reason.contains("rx_queues = 4"));
    event(&b.port, silent);
    rig.inject(Fault::Mailbox { vf: 1, mood: MailboxMood::Prompt });
    b.recovered();
}

#[test]
fn a_device_that_is_pulled_out_is_gone() {
    let rig = Rig::new("");
    let mut b = rig.node(1, config());
    rig.inject(Fault::Removal { vf: 1 });
    event(&b.port, |event| *event == Event::Gone);
    assert!(b.poll().is_empty());
    assert!(b.port.set_vlan(1, true).is_err());
    let values: Vec<_> = b.port.registers().iter().map(|register| register.value).collect();
    assert!(!values.is_empty() && values.iter().all(|value| *value == u32::MAX));
    until("there is no link", || b.port.link() == LinkState::Down);
}
