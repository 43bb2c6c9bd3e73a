//! A child made by fork, which runs no other program and drops what it has a copy of.

use barline::{Port, Queues};
use testkit::in_child;

use crate::fake_vf::FakeVf;
use crate::kit::{config, frame, read, threads, until, write};

#[test]
fn a_port_that_nobody_shares_stays_the_parents() {
    let fake = FakeVf::new("fork1");
    let mut port = Some(crate::kit::open(&fake).unwrap());
    // Without its watcher, and without queues.
    fake.model().panics = true;
    until("the watcher has ended", || !threads().contains(&"barline fork1".to_string()));
    let calls = fake.trouble().calls();
    let model = fake.model();
    let untouched = in_child(|| {
        drop(model);
        drop(port.take());
        let model = fake.model();
        let connected = !model.vectors.is_empty() && model.request.is_some();
        drop(model);
        connected && fake.trouble().calls() == calls && fake.space().mappings() > 0
    });
    assert!(untouched, "the child has touched the device, or did not end");
    drop(port);
    fake.assert_at_rest();
}

#[test]
fn what_a_child_drops_stays_the_parents() {
    let fake = FakeVf::new("fork0");
    let transport = fake.transport();
    let mut port = Port::on(transport, config()).unwrap();
    let queues = port.start().unwrap();
    let pool = port.pool();
    let calls = fake.trouble().calls();
    // What the child sees of the model is its own copy, as it was now; nobody else is at it.
    let model = fake.model();
    let mut parts = Some((port, queues, pool));
    let untouched = in_child(|| {
        drop(model);
        let (port, Queues { rx, tx }, pool) = parts.take().expect("they are here");
        let arena = port.arena().clone();
        drop(rx);
        drop(port);
        drop((tx, pool, arena));
        let model = fake.model();
        let connected = !model.vectors.is_empty() && model.request.is_some();
        let works = model.bus_master && model.rx[0].on && model.tx[0].on && connected;
        drop(model);
        works && fake.trouble().calls() == calls && fake.space().mappings() > 0
    });
    assert!(untouched, "the child has touched the device, or did not end");
    let (port, mut queues, pool) = parts.expect("they are here");
    let mut batch = pool.batch(4);
    write(&mut batch, &frame(1));
    assert_eq!(queues.tx[0].push(&mut batch), 1);
    fake.model().incoming.push_back(frame(2));
    fake.step();
    assert_eq!(fake.model().sent, [frame(1)]);
    assert_eq!(queues.rx[0].poll(&mut batch), 1);
    assert_eq!(read(&batch), [frame(2)]);
    drop(batch);
    drop((pool, queues, port));
    fake.assert_at_rest();
}
