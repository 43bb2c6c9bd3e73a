//! What a port asks of its PF, and what it makes of the answers.

use std::thread;
use std::time::Duration;

use barline::{Error, MacAddress, Port, Result};

use crate::fake_vf::{
    ACKED, CTS, FakeVf, NACKED, PING, RESET, SET_LPE, SET_MAC, SET_MULTICAST, SET_PROMISC, SET_VLAN,
};
use crate::kit::{event, open, until};

const ASSIGNED: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0x11]);
const OTHER: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0x22]);
const GROUP: MacAddress = MacAddress([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb]);

type Request = fn(&mut Port) -> Result<()>;

/// One of each request.
fn requests() -> [(u16, Request); 4] {
    [
        (SET_MAC, |port| port.set_mac(OTHER)),
        (SET_MULTICAST, |port| port.set_multicast(&[GROUP])),
        (SET_VLAN, |port| port.set_vlan(100, true)),
        (SET_PROMISC, |port| port.set_all_multicast(true)),
    ]
}

#[test]
fn granted_requests_reach_the_pf() {
    let fake = FakeVf::new("ask3");
    let mut port = open(&fake).unwrap();
    for (_, request) in requests() {
        request(&mut port).unwrap();
    }
    let model = fake.model();
    assert_eq!(model.pf.mac, OTHER.0);
    assert_eq!(model.pf.groups, [0xfb0]);
    assert!(model.pf.vlans.contains(&100));
    assert_eq!(model.pf.modes, 2);
    drop(model);
    assert_eq!(port.mac(), OTHER);
    port.set_vlan(100, false).unwrap();
    port.set_multicast(&[]).unwrap();
    port.set_all_multicast(false).unwrap();
    let model = fake.model();
    assert!(model.pf.vlans.is_empty() && model.pf.groups.is_empty() && model.pf.modes == 0);
}

#[test]
fn refused_and_silent_requests_change_no_setting() {
    thread::scope(|scope| {
        for (n, (kind, request)) in requests().into_iter().enumerate() {
            scope.spawn(move || {
                let fake = FakeVf::new(&format!("ask4-{n}"));
                let mut port = open(&fake).unwrap();
                fake.model().pf.refused.insert(kind);
                let error = request(&mut port).unwrap_err();
                assert!(matches!(error, Error::Refused { .. }), "{error}");
                assert!(error.to_string().contains(fake.name()));
                fake.model().pf.refused.clear();
                fake.model().pf.unanswered.insert(kind);
                fake.model().pf.requests.clear();
                let error = request(&mut port).unwrap_err();
                assert!(matches!(error, Error::PfSilent { .. }), "{error}");
                // It may be carried out yet, so the VF is reset. What is asked again then is what was
                // granted: nothing.
                event(&port, |event| *event == barline::Event::Recovered);
                assert_eq!(fake.model().pf.requests, [kind, RESET, SET_LPE]);
                assert_eq!(port.mac(), ASSIGNED);
            });
        }
    });
}

#[test]
fn unicast_promiscuous_is_refused_and_leaves_all_multicast_alone() {
    let fake = FakeVf::new("ask5");
    let mut port = open(&fake).unwrap();
    port.set_all_multicast(true).unwrap();
    assert!(matches!(port.set_promiscuous(true), Err(Error::Refused { .. })));
    assert_eq!(fake.model().pf.modes, 2);
}

#[test]
fn impossible_requests_do_not_reach_the_pf() {
    let fake = FakeVf::new("ask6");
    let mut port = open(&fake).unwrap();
    fake.model().pf.requests.clear();
    assert!(port.set_mac(MacAddress::BROADCAST).is_err());
    assert!(port.set_multicast(&[ASSIGNED]).is_err());
    assert!(port.set_multicast(&[GROUP; 31]).is_err());
    assert!(port.set_vlan(4096, true).is_err());
    assert!(fake.model().pf.requests.is_empty());
    port.set_multicast(&[GROUP; 30]).unwrap();
    assert_eq!(fake.model().pf.groups, [0xfb0; 30]);
}

#[test]
fn a_late_answer_is_an_answer() {
    let fake = FakeVf::new("ask7");
    fake.model().pf.delay = Duration::from_millis(400);
    let mut port = open(&fake).unwrap();
    port.set_vlan(7, true).unwrap();
    assert!(fake.model().pf.vlans.contains(&7));
}

#[test]
fn an_answer_that_is_too_late_is_nobodys() {
    let fake = FakeVf::new("ask12");
    let mut port = open(&fake).unwrap();
    fake.model().pf.delay = Duration::from_millis(1100);
    let error = port.set_vlan(7, true).unwrap_err();
    assert!(matches!(error, Error::PfSilent { .. }), "{error}");
    fake.model().pf.delay = Duration::ZERO;
    // The answer to this one would look the same.
    until("the VF is reset", || port.set_vlan(8, true).is_ok());
    assert!(fake.model().pf.vlans.iter().eq([&8]), "what was too late is not in force");
}

#[test]
fn pings_and_strays_between_request_and_answer() {
    // A ping that says the PF is well, an answer to something else, and one of no known kind.
    let strays = [PING | CTS, u32::from(SET_LPE) | ACKED | CTS, 0x77 | ACKED | CTS];
    for stray in strays {
        let fake = FakeVf::new("ask8");
        let mut port = open(&fake).unwrap();
        fake.model().pf.interjection = Some(stray);
        port.set_vlan(8, true).unwrap();
        assert!(fake.model().pf.vlans.contains(&8));
        thread::sleep(Duration::from_millis(250));
        assert_eq!(port.events().try_recv().ok(), None);
    }
}

#[test]
fn a_pf_that_forgot_its_vf_is_greeted_again() {
    // A farewell in the middle of a request, which is refused therefore.
    let fake = FakeVf::new("ask9");
    let mut port = open(&fake).unwrap();
    fake.model().pf.interjection = Some(PING);
    let error = port.set_vlan(9, true).unwrap_err();
    assert!(matches!(error, Error::PfSilent { .. }), "{error}");
    event(&port, |event| *event == barline::Event::Recovered);
    port.set_vlan(9, true).unwrap();
    // A farewell, and what PFs say to a VF that reads without having greeted them.
    for word in [PING, NACKED] {
        fake.model().pf.forget();
        fake.say(word);
        event(&port, |event| *event == barline::Event::Recovered);
        assert!(fake.model().pf.known);
        assert!(fake.model().pf.vlans.contains(&9));
    }
}

#[test]
fn a_wrong_answer_is_none() {
    let fake = FakeVf::new("ask10");
    let mut port = open(&fake).unwrap();
    for word in [u32::from(SET_MAC) | ACKED | CTS, 0, 0x8fff_ffff] {
        fake.model().pf.wrong_answer = Some(word);
        assert!(port.set_vlan(10, true).is_err());
        event(&port, |event| *event == barline::Event::Recovered);
    }
}

#[test]
fn a_mailbox_that_is_busy_for_a_moment_is_no_reset() {
    let fake = FakeVf::new("ask11");
    let port = open(&fake).unwrap();
    fake.model().pf.holds = true;
    fake.say(PING | CTS);
    thread::sleep(Duration::from_millis(400));
    fake.model().pf.holds = false;
    thread::sleep(Duration::from_millis(250));
    assert_eq!(port.events().try_recv().ok(), None);
}
