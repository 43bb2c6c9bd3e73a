//! VLAN tags.

use barline::{Config, Error, Event};
use softnic::Fault;

use crate::kit::{End, Pair, config, until};
use crate::packets::{Flow, plain};

/// Sends a packet with this tag inserted; what comes, and the tag that was taken out of it.
fn through(pair: &mut Pair, tci: u16) -> Option<(Vec<u8>, Option<u16>)> {
    let way = Flow { from: pair.ends[1].port.mac(), to: pair.ends[0].port.mac(), port: 0 };
    pair.ends[1].send_with(&plain(way, 100, 1), |packet| packet.head().set_vlan(Some(tci)));
    pair.settle();
    let End { queues, pool, .. } = &mut pair.ends[0];
    let mut batch = pool.batch(4);
    queues.rx[0].poll(&mut batch);
    let mut got = batch.packets().map(|packet| {
        let bytes = packet.frames().flat_map(|frame| frame.data().to_vec()).collect();
        (bytes, packet.head().vlan())
    });
    got.next()
}

/// Takes tags out or leaves them in, and lets the queue start anew.
fn set_strip(pair: &mut Pair, on: bool) {
    let restarts = |pair: &Pair| {
        let all = pair.ends[0].port.xstats();
        all.into_iter().find(|stat| stat.name == "driver_queue_restarts").unwrap().value
    };
    let before = restarts(pair);
    pair.ends[0].port.set_vlan_strip(on).unwrap();
    until("the queue has started anew", || {
        pair.received(0, 0);
        restarts(pair) > before
    });
}

/// The packet with the tag among its bytes.
fn tagged(pair: &Pair, tci: u16) -> Vec<u8> {
    let way = Flow { from: pair.ends[1].port.mac(), to: pair.ends[0].port.mac(), port: 0 };
    let mut bytes = plain(way, 100, 1);
    let tag = [0x81, 0x00, (tci >> 8) as u8, tci as u8];
    bytes.splice(12..12, tag);
    bytes
}

#[test]
fn tags_are_inserted_filtered_and_stripped_while_queues_run() {
    for model in ["82599", "x550"] {
        let mut pair = Pair::new(&format!("vfs=2,model={model}"));
        // The sender must be in the VLAN, too: its PF checks what it sends.
        pair.ends[1].port.set_vlan(5, true).unwrap();
        assert_eq!(through(&mut pair, 5), None, "{model}: the receiver is not in the VLAN");
        pair.ends[0].port.set_vlan(5, true).unwrap();
        let (with, without) = (tagged(&pair, 0x6005), tagged(&pair, 0x6005));
        let without = [&without[..12], &without[16..]].concat();
        assert_eq!(through(&mut pair, 0x6005), Some((with.clone(), None)), "{model}");
        set_strip(&mut pair, true);
        assert_eq!(through(&mut pair, 0x6005), Some((without.clone(), Some(0x6005))), "{model}");
        set_strip(&mut pair, false);
        assert_eq!(through(&mut pair, 0x6005), Some((with, None)), "{model}");
        pair.ends[0].port.set_vlan(5, false).unwrap();
        assert_eq!(through(&mut pair, 0x6005), None, "{model}");
    }
}

#[test]
fn stripping_is_as_it_was_after_a_reset_and_a_stop() {
    let strip = Config { vlan_strip: true, ..config() };
    let mut pair = Pair::with("vfs=2", [strip, config()]);
    for end in &mut pair.ends {
        end.port.set_vlan(7, true).unwrap();
    }
    assert_eq!(through(&mut pair, 7).unwrap().1, Some(7));
    pair.adapter.inject(Fault::PfReset);
    for vf in [0, 1] {
        pair.event(vf, |event| *event == Event::Recovered);
    }
    until("the queues are back", || {
        let got = through(&mut pair, 7);
        got.inspect(|(_, tag)| assert_eq!(*tag, Some(7))).is_some()
    });
    // What is set while a queue is stopped is in force when it starts.
    pair.ends[0].queues.rx[0].stop().unwrap();
    pair.ends[0].port.set_vlan_strip(false).unwrap();
    pair.ends[0].queues.rx[0].start().unwrap();
    assert_eq!(through(&mut pair, 7).unwrap().1, None);
}

#[test]
fn under_a_port_vlan_others_are_refused() {
    let mut pair = Pair::new("vfs=2,vlan=9");
    let error = pair.ends[0].port.set_vlan(5, true).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let way = Flow { from: pair.ends[1].port.mac(), to: pair.ends[0].port.mac(), port: 0 };
    let packet = plain(way, 100, 2);
    pair.ends[1].send(&packet);
    assert_eq!(pair.received(0, 0), [packet], "what the PF tags is nothing to its VFs");
}
