//! What happens to a port, and what it tells.

use std::thread;
use std::time::{Duration, Instant};

use barline::{Error, Event, LinkState};
use softnic::Fault;
use softnic::MailboxMood;

use crate::kit::{Pair, open, own, until, with_queues};
use crate::packets::{Flow, plain};

#[test]
fn a_vf_that_is_pulled_out_is_told_of_once() {
    let mut pair = Pair::new("vfs=2");
    pair.adapter.inject(Fault::Removal { vf: 0 });
    let start = Instant::now();
    let before = pair.event(0, |event| *event == Event::Gone);
    // A VF that the bus has lost is wanted back by its kernel, too.
    let told: Vec<_> = before.into_iter().filter(|e| *e != Event::RemovalRequested).collect();
    assert_eq!(told, [Event::PfReset, Event::Link(LinkState::Down)]);
    assert!((2..5).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert!(matches!(pair.ends[0].port.set_vlan(5, true), Err(Error::Gone { .. })));
    assert!(pair.received(0, 0).is_empty());
    // The other one does not notice.
    assert_eq!(pair.ends[1].port.events().try_recv().ok(), None);
    pair.ends[1].port.set_vlan(5, true).unwrap();
}

#[test]
fn the_link_is_told() {
    let pair = Pair::new("vfs=2");
    let up = LinkState::Up { mbps: 10_000, full_duplex: true };
    assert_eq!(pair.ends[0].port.link(), up);
    for (state, link) in [(false, LinkState::Down), (true, up)] {
        pair.adapter.inject(Fault::Link { up: state });
        assert_eq!(pair.event(0, |event| *event == Event::Link(link)), []);
        assert_eq!(pair.ends[0].port.link(), link);
    }
}

#[test]
fn queues_and_what_was_asked_for_come_back_after_a_reset_of_the_pf() {
    let mut pair = Pair::new("vfs=2,model=x550,trust=on");
    let flow = |to| Flow { from: pair.ends[1].port.mac(), to, port: 0 };
    let other = barline::MacAddress([2, 0, 0, 0, 0, 0x77]);
    let group = barline::MacAddress([1, 0, 0x5e, 0, 0, 0x77]);
    let [to_own, to_other, to_group] =
        [pair.ends[0].port.mac(), other, group].map(|to| plain(flow(to), 100, 1));
    pair.ends[0].port.set_unicast(&[other]).unwrap();
    pair.ends[0].port.set_multicast(&[group]).unwrap();
    for _ in 0..2 {
        for packet in [&to_own, &to_other, &to_group] {
            pair.until_it_comes(packet);
        }
        pair.adapter.inject(Fault::PfReset);
        for vf in [0, 1] {
            let before = pair.event(vf, |event| *event == Event::Recovered);
            assert_eq!(before.first(), Some(&Event::PfReset), "{before:?}");
        }
    }
}

#[test]
fn nobody_waits_for_a_port_whose_pf_is_silent() {
    let pair = Pair::new("vfs=2");
    pair.adapter.inject(Fault::Mailbox { vf: 0, mood: MailboxMood::Silent });
    pair.adapter.inject(Fault::PfReset);
    pair.event(0, |event| matches!(event, Event::PfSilent { .. }));
    let port = &pair.ends[0].port;
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        let start = Instant::now();
        port.stats();
        assert_eq!(port.link(), LinkState::Down);
        assert!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
        thread::sleep(Duration::from_millis(20));
    }
    pair.adapter.inject(Fault::Mailbox { vf: 0, mood: MailboxMood::Prompt });
    pair.event(0, |event| *event == Event::Recovered);
}

#[test]
fn an_adapter_with_a_thread_of_its_own_is_closed_in_the_middle_of_traffic() {
    for queues in [1, 2, 4] {
        let device = open(&format!("soft:{}", own("vfs=2")), with_queues(queues));
        let mut end = crate::kit::End::start(device.port);
        until("packets come", || {
            end.queues.rx.iter_mut().any(|rx| !crate::kit::drain(rx, &end.pool).is_empty())
        });
        drop(end.queues);
        let census = end.port.arena().buffers().census();
        assert_eq!(census.quarantined, 0);
        drop(end.port);
        assert_eq!(device.adapter.unwrap().dma_faults(), 0);
    }
}
