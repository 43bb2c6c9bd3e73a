//! Spreading packets over queues.

use barline::{Config, Error, Event, Rss};
use softnic::Fault;

use crate::kit::{End, Pair, config, drain, open, own, with_queues};
use crate::packets::{Flow, tcp};

/// Sends a packet of each of 128 flows from VF 1 to VF 0; returns how many come by each queue.
fn spread<const N: usize>(pair: &mut Pair) -> [usize; N] {
    let (from, to) = (pair.ends[1].port.mac(), pair.ends[0].port.mac());
    let mut counts = [0; N];
    for port in 0..128 {
        pair.ends[1].send(&tcp(Flow { from, to, port }, 1, b"flow"));
        for (queue, count) in counts.iter_mut().enumerate() {
            *count += pair.received(0, queue).len();
        }
    }
    counts
}

#[test]
fn packets_are_spread_over_all_queues_unless_told_otherwise() {
    let mut pair = Pair::with("vfs=2,model=x550", [with_queues(4), config()]);
    let counts: [usize; 4] = spread(&mut pair);
    assert_eq!(counts.iter().sum::<usize>(), 128, "{counts:?}");
    assert!(counts.iter().all(|&count| count > 10), "{counts:?}");
    assert_eq!(pair.ends[0].port.rss().unwrap(), Rss::spread(4, 64));

    // An 82599's PF does it for its VFs, with what comes from the wire.
    let name = format!("soft:{},uplink=gen,flows=256,drive=caller", own("vfs=1"));
    let device = open(&name, with_queues(4));
    let mut end = End::start(device.port);
    let adapter = device.adapter.unwrap();
    let mut counts = [0; 4];
    for _ in 0..50 {
        adapter.step();
        for (rx, count) in end.queues.rx.iter_mut().zip(&mut counts) {
            *count += drain(rx, &end.pool).len();
        }
    }
    assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
}

#[test]
fn a_table_of_ones_own_is_in_force_and_comes_back_after_a_reset() {
    let mut rss = Rss::spread(1, 64);
    let wanted = Config { rss: Some(rss.clone()), ..with_queues(2) };
    let mut pair = Pair::with("vfs=2,model=x550", [wanted, config()]);
    assert_eq!(pair.ends[0].port.rss().unwrap(), rss);
    assert_eq!(spread(&mut pair), [128, 0]);
    rss.table = vec![1; 64];
    rss.key[0] ^= 0xff;
    pair.ends[0].port.set_rss(&rss).unwrap();
    assert_eq!(spread(&mut pair), [0, 128], "queues need not be stopped");
    pair.adapter.inject(Fault::PfReset);
    for vf in [0, 1] {
        pair.event(vf, |event| *event == Event::Recovered);
    }
    assert_eq!(pair.ends[0].port.rss().unwrap(), rss);
    // The workers take their queues up again.
    let (from, to) = (pair.ends[1].port.mac(), pair.ends[0].port.mac());
    crate::kit::until("the queues are back", || {
        pair.ends[1].send(&tcp(Flow { from, to, port: 1 }, 1, b"again"));
        pair.received(0, 0);
        !pair.received(0, 1).is_empty()
    });
    assert_eq!(spread(&mut pair), [0, 128]);
}

#[test]
fn what_cannot_be_set_is_refused() {
    let mut pair = Pair::with("vfs=2,model=x550", [with_queues(2), config()]);
    let port = &mut pair.ends[0].port;
    assert_eq!(port.info().rss_table, 64);
    let of = |table: Vec<u16>| Rss { table, ..Rss::spread(1, 64) };
    for (table, text) in [
        (
            vec![0; 128],
            "rss table length = 128 is not possible: this device's table has 64 entries",
        ),
        (vec![2; 64], "rss table entry = 2 is not possible: the port has receive queues 0 to 1"),
    ] {
        let error = port.set_rss(&of(table)).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    assert_eq!(port.rss().unwrap(), Rss::spread(2, 64), "nothing has changed");

    // An 82599's VF has its PF's, and may know them if its PF lets it.
    let mut pair = Pair::with("vfs=2,rss-query=on", [with_queues(2), config()]);
    let port = &mut pair.ends[0].port;
    assert!(port.set_rss(&Rss::spread(1, 64)).unwrap_err().to_string().contains("PF"));
    assert_eq!(port.rss().unwrap().table.len(), 128);
    let pair = Pair::new("vfs=2");
    assert!(matches!(pair.ends[0].port.rss(), Err(Error::Refused { .. })));
}
