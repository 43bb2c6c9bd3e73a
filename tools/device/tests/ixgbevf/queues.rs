//! Queues that start, stop, and stand for nobody's memory any more.

use softnic::Fault;

use crate::kit::{Rig, frame, queues, until};
use crate::node::{Node, arriving};

fn is_on(node: &Node, control: &str) -> bool {
    let registers = node.port.registers();
    let value = registers.iter().find(|register| register.name == control).unwrap().value;
    value >> 25 & 1 != 0
}

#[test]
fn a_queue_that_is_dropped_is_off() {
    let rig = Rig::new("");
    let mut node = rig.node(0, queues(2));
    drop((node.rx.pop(), node.tx.pop()));
    for (control, on) in [
        ("VFRXDCTL[0]", true),
        ("VFRXDCTL[1]", false),
        ("VFTXDCTL[0]", true),
        ("VFTXDCTL[1]", false),
    ] {
        assert_eq!(is_on(&node, control), on, "{control}");
    }
}

#[test]
fn a_transmit_queue_gets_time_to_send_what_it_was_given_before_it_stops() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, queues(1)), rig.node(1, queues(1)));
    let bytes = frame(b.mac(), a.mac(), b"one of many");
    let mut whole = 0;
    for _ in 0..20 {
        let before = rig.counters(0).tx_packets;
        let mut batch = a.pool.batch(32);
        for _ in 0..30 {
            batch.alloc(bytes.len()).unwrap().copy_from(&bytes);
        }
        assert_eq!(a.tx[0].push(&mut batch), 30);
        a.tx[0].stop().unwrap();
        drop(batch);
        let sent = rig.counters(0).tx_packets - before;
        b.take(sent as usize);
        whole += u32::from(sent == 30);
        a.tx[0].start().unwrap();
    }
    // It is 10 ms, and an adapter on a busy machine may stand still for that long.
    assert!(whole >= 10, "all went out {whole} times of 20");
}

#[test]
fn a_queue_stops_and_starts_while_others_go_on() {
    let rig = Rig::new("model=x550");
    let (mut a, mut b) = (rig.node(0, queues(2)), rig.node(1, queues(2)));
    let bytes = frame(b.mac(), a.mac(), b"on");
    for _ in 0..3 {
        b.rx[0].stop().unwrap();
        a.tx[1].stop().unwrap();
        assert_eq!((is_on(&b, "VFRXDCTL[0]"), is_on(&b, "VFRXDCTL[1]")), (false, true));
        assert_eq!((is_on(&a, "VFTXDCTL[0]"), is_on(&a, "VFTXDCTL[1]")), (true, false));
        let before = rig.counters(1).rx_no_descriptor;
        a.send(&bytes);
        until("it is dropped", || rig.counters(1).rx_no_descriptor > before);
        assert!(b.rx[0].wait(std::time::Duration::ZERO).is_err());
        b.rx[0].start().unwrap();
        a.tx[1].start().unwrap();
        let frames = [bytes.clone()];
        assert_eq!(arriving(&mut a, &mut b, &frames), frames);
        a.send_by(1, &bytes, |_| {});
        assert_eq!(b.take_one().bytes, bytes);
    }
}

#[test]
fn nothing_of_a_closed_port_is_reached_any_more() {
    let rig = Rig::new("");
    for _ in 0..5 {
        let (mut a, mut b) = (rig.node(0, queues(4)), rig.node(1, queues(4)));
        for n in 0..200_u8 {
            a.send_by(usize::from(n) % 4, &frame(b.mac(), a.mac(), &[n; 100]), |_| {});
        }
        if b.poll().len() % 2 == 0 {
            rig.inject(Fault::PfReset);
            a.recovered();
        }
        let arena = a.port.arena().clone();
        drop((a, b));
        let census = arena.buffers().census();
        assert_eq!((census.depot, census.quarantined), (census.total, 0));
    }
    assert_eq!(rig.adapter.dma_faults(), 0);
}
