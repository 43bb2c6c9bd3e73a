//! Queues that stop and start on a device with several.

use barline::Event;
use softnic::Fault;

use crate::kit::{End, Pair, config, drain, open, own, until, with_queues};
use crate::packets::{Flow, tcp};

/// Sends a packet of each of 64 flows from VF 1 to VF 0; returns how many come by each queue.
fn spread(pair: &mut Pair) -> [usize; 2] {
    let (from, to) = (pair.ends[1].port.mac(), pair.ends[0].port.mac());
    for port in 0..64 {
        pair.ends[1].send(&tcp(Flow { from, to, port: 1000 + port }, 1, b"flow"));
    }
    [0, 1].map(|queue| pair.received(0, queue).len())
}

#[test]
fn one_of_two_receive_queues_stops_and_starts() {
    let mut pair = Pair::with("vfs=2,model=x550", [with_queues(2), config()]);
    let both = spread(&mut pair);
    assert!(both[0] > 0 && both[1] > 0 && both[0] + both[1] == 64, "{both:?}");
    pair.ends[0].queues.rx[1].stop().unwrap();
    assert_eq!(spread(&mut pair), [both[0], 0], "the other one goes on");
    pair.adapter.inject(Fault::PfReset);
    for vf in [0, 1] {
        pair.event(vf, |event| *event == Event::Recovered);
    }
    // Each worker takes its queue up again, but for the one that has stopped it.
    let (from, to) = (pair.ends[1].port.mac(), pair.ends[0].port.mac());
    let mut ports = (0..).map(|port| tcp(Flow { from, to, port }, 1, b"again"));
    until("queue 0 is back", || {
        pair.ends[1].send(&ports.next().unwrap());
        assert_eq!(pair.received(0, 1).len(), 0);
        !pair.received(0, 0).is_empty()
    });
    assert_eq!(spread(&mut pair), [both[0], 0], "still stopped");
    pair.ends[0].queues.rx[1].start().unwrap();
    assert_eq!(spread(&mut pair), both);
}

#[test]
fn one_of_two_receive_queues_of_an_82599_stops_and_starts_under_traffic() {
    // Its VFs spread only what comes from the wire.
    let name = format!("soft:{},uplink=gen,flows=64,drive=caller", own("vfs=1"));
    let device = open(&name, with_queues(2));
    let adapter = device.adapter.unwrap();
    let mut end = End::start(device.port);
    let counts = |end: &mut End| {
        let mut counts = [0, 0];
        for _ in 0..20 {
            adapter.step();
            for (rx, count) in end.queues.rx.iter_mut().zip(&mut counts) {
                *count += drain(rx, &end.pool).len();
            }
        }
        counts
    };
    for _ in 0..10 {
        let both = counts(&mut end);
        assert!(both[0] > 0 && both[1] > 0, "{both:?}");
        end.queues.rx[1].stop().unwrap();
        let one = counts(&mut end);
        assert!(one[0] > 0 && one[1] == 0, "{one:?}");
        end.queues.rx[1].start().unwrap();
    }
    drop((end.queues, end.pool));
    let after = end.port.arena().buffers().census();
    assert_eq!((after.depot, after.quarantined), (after.total, 0));
    assert_eq!(adapter.dma_faults(), 0);
}

#[test]
fn one_of_two_transmit_queues_stops_and_starts() {
    let mut pair = Pair::with("vfs=2", [config(), with_queues(2)]);
    let (from, to) = (pair.ends[1].port.mac(), pair.ends[0].port.mac());
    let send = |pair: &mut Pair, queue: usize| {
        let end = &mut pair.ends[1];
        let mut batch = end.pool.batch(4);
        let bytes = tcp(Flow { from, to, port: 1 }, 1, b"queue");
        batch.alloc(bytes.len()).unwrap().copy_from(&bytes);
        let taken = end.queues.tx[queue].push(&mut batch);
        drop(batch);
        (taken, pair.received(0, 0).len())
    };
    assert_eq!([send(&mut pair, 0), send(&mut pair, 1)], [(1, 1); 2]);
    pair.ends[1].queues.tx[1].stop().unwrap();
    assert_eq!([send(&mut pair, 0), send(&mut pair, 1)], [(1, 1), (0, 0)]);
    pair.ends[1].queues.tx[1].start().unwrap();
    assert_eq!([send(&mut pair, 0), send(&mut pair, 1)], [(1, 1); 2]);
    assert_eq!(pair.adapter.dma_faults(), 0);
}
