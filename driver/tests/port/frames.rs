//! The largest frame, changed at run time.

use barline::{Config, Error, Event, Port};

use crate::fake_vf::{FakeVf, SET_LPE};
use crate::kit::{config, event, open, until, write};

#[test]
fn queues_take_the_new_limit_with_their_next_burst() {
    let fake = FakeVf::new("mtu0");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    let (rx, tx) = (&mut queues.rx[0], &mut queues.tx[0]);
    // The limit counts FCS, and leaves room for a tag in the frame.
    write(&mut batch, &[6; 1518]);
    tx.push(&mut batch);
    fake.step();
    assert_eq!(fake.model().sent.pop(), Some(vec![6; 1518]));
    write(&mut batch, &[0; 1519]);
    tx.push(&mut batch);
    assert_eq!(port.stats().tx[0].invalid, 1);

    port.set_max_frame(9000).unwrap();
    assert_eq!(fake.model().pf.longest, 9004);
    write(&mut batch, &[7; 9000]);
    // Who looks at the port just then may be in the way for a moment.
    until("it is taken", || tx.push(&mut batch) > 1);
    fake.step();
    assert_eq!(fake.model().sent.pop(), Some(vec![7; 9000]));
    // Reception is ready for any length.
    fake.model().incoming.push_back(vec![8; 8996]);
    fake.step();
    until("it is received", || rx.poll(&mut batch) > 0);
    assert_eq!(batch.packets().map(|packet| packet.len()).collect::<Vec<_>>(), [8996]);
    batch.clear();

    port.set_max_frame(100).unwrap();
    write(&mut batch, &[0; 101]);
    until("it is taken", || tx.push(&mut batch) > 0);
    assert_eq!(port.stats().tx[0].invalid, 2);
    // The rings were not started anew for that.
    let restarts = port.xstats().into_iter().find(|stat| stat.name == "driver_queue_restarts");
    assert_eq!(restarts.unwrap().value, 0);
}

#[test]
fn what_is_refused_leaves_the_limit_before_in_force() {
    let fake = FakeVf::new("mtu1");
    let mut port = open(&fake).unwrap();
    fake.model().pf.requests.clear();
    fake.model().pf.longest_granted = Some(4000);
    let error = port.set_max_frame(9000).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    // Asked again for the one before: some PFs stop reception when they refuse.
    assert_eq!(fake.model().pf.requests, [SET_LPE; 2]);
    assert_eq!(fake.model().pf.longest, 1522);
    for len in [0, 63, 9721] {
        let error = port.set_max_frame(len).unwrap_err().to_string();
        assert!(error.contains(&format!("max_frame = {len}")), "{error}");
    }
    assert_eq!(fake.model().pf.requests.len(), 2);
}

#[test]
fn it_comes_back_after_a_reset_as_far_as_the_pf_grants_it() {
    let fake = FakeVf::new("mtu2");
    let mut port = Port::on(fake.transport(), Config { max_frame: 2000, ..config() }).unwrap();
    port.set_max_frame(5000).unwrap();
    port.reset();
    event(&port, |event| *event == Event::Recovered);
    assert_eq!(fake.model().pf.longest, 5004);
    fake.model().pf.longest_granted = Some(4000);
    port.reset();
    let before = event(&port, |event| *event == Event::Recovered);
    // On a busy machine there may be news of the link besides.
    let told =
        |event: &&Event| matches!(event, Event::SettingLost { reason } if reason.contains("5000"));
    assert_eq!(before.iter().filter(told).count(), 1, "{before:?}");
    // Not nothing, but what every PF grants.
    assert_eq!(fake.model().pf.longest, 1522);
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    write(&mut batch, &[0; 1519]);
    queues.tx[0].push(&mut batch);
    assert_eq!(port.stats().tx[0].invalid, 1);
}
