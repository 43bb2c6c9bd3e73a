//! Sleeping until a packet comes, with interrupts that queues share.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use barline::Queues;

use crate::kit::{LONG, config, drain, open, own, until, with_queues};
use crate::packets::{Flow, tcp};

#[test]
fn each_of_four_queues_on_two_vectors_is_woken_by_its_packets() {
    const QUEUES: u16 = 4;
    // An X550, whose VFs spread what comes from another one; it has as many vectors as an 82599.
    let name = format!("soft:{},uplink=sink", own("vfs=2,model=x550"));
    let mut receiver = open(&name, with_queues(QUEUES)).port;
    let mut sender = open(&format!("{name},vf=1"), config()).port;
    let Queues { mut rx, tx: _tx } = receiver.start().unwrap();
    let mut tx = sender.start().unwrap();
    let pool = sender.pool();
    let (from, to) = (sender.mac(), receiver.mac());
    let mut send = |port: u16| {
        let mut batch = pool.batch(4);
        let bytes = tcp(Flow { from, to, port }, 1, b"wake up");
        batch.alloc(bytes.len()).unwrap().copy_from(&bytes);
        assert_eq!(tx.tx[0].push(&mut batch), 1);
    };
    // Which flow comes by which queue.
    let mut flows = vec![None; usize::from(QUEUES)];
    let free = receiver.pool();
    for port in 0..200 {
        send(port);
        until("it comes", || {
            let found = rx.iter_mut().position(|rx| !drain(rx, &free).is_empty());
            found.inspect(|&queue| flows[queue] = Some(port)).is_some()
        });
    }
    drop(free);
    let flows: Vec<u16> = flows.into_iter().map(|flow| flow.expect("each has a flow")).collect();

    let woken: Vec<_> = (0..QUEUES).map(|_| AtomicUsize::new(0)).collect();
    let ready = Barrier::new(usize::from(QUEUES) + 1);
    const ROUNDS: usize = 300;
    thread::scope(|scope| {
        for (mut rx, woken) in rx.into_iter().zip(&woken) {
            let (pool, ready) = (receiver.pool(), &ready);
            scope.spawn(move || {
                ready.wait();
                let mut seen = 0;
                while seen < ROUNDS {
                    let start = Instant::now();
                    assert!(rx.wait(LONG).unwrap(), "queue {} sleeps on", rx.number());
                    assert!(start.elapsed() < LONG / 2, "queue {} woke late", rx.number());
                    seen += drain(&mut rx, &pool).len();
                    woken.store(seen, Ordering::Release);
                }
            });
        }
        ready.wait();
        for round in 1..=ROUNDS {
            // Not in order, so that now this one and now that one of two is woken in vain.
            for turn in 0..flows.len() {
                let queue = (round * 3 + turn * 2 + turn / 2) % flows.len();
                send(flows[queue]);
                until("its worker is awake", || woken[queue].load(Ordering::Acquire) == round);
            }
        }
    });
}

#[test]
fn one_that_sleeps_does_not_keep_those_awake_who_have_nothing() {
    let mut port = open(&format!("soft:{},uplink=sink", own("vfs=2")), with_queues(4)).port;
    let mut queues = port.start().unwrap();
    thread::scope(|scope| {
        for rx in &mut queues.rx {
            scope.spawn(move || {
                let start = Instant::now();
                assert!(!rx.wait(Duration::from_millis(300)).unwrap());
                assert!(start.elapsed() >= Duration::from_millis(300));
            });
        }
    });
}
