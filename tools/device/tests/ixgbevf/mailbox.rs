//! PFs whose mailbox is late, silent, held, or says no to everything.

use std::time::{Duration, Instant};

use barline::{Error, Event};
use softnic::{Fault, MailboxMood};

use crate::kit::{Rig, config, event, frame, tagged, until};
use crate::node::arriving;

const MS: u64 = 1_000_000;

fn mood(rig: &Rig, mood: MailboxMood) {
    rig.inject(Fault::Mailbox { vf: 0, mood });
}

#[test]
fn a_late_answer_is_an_answer() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(1, config()), rig.node(0, config()));
    mood(&rig, MailboxMood::Late(300 * MS));
    b.port.set_vlan(5, true).unwrap();
    let frames = [tagged(&frame(b.mac(), a.mac(), b"five"), 5)];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames);
}

#[test]
fn an_answer_that_is_too_late_is_nobodys() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(1, config()), rig.node(0, config()));
    mood(&rig, MailboxMood::Late(1200 * MS));
    let start = Instant::now();
    let error = b.port.set_vlan(5, true).unwrap_err();
    assert!(matches!(error, Error::PfSilent { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_millis(1150), "{:?}", start.elapsed());
    mood(&rig, MailboxMood::Prompt);
    until("the VF is reset", || b.port.set_vlan(6, true).is_ok());
    b.settle();
    let plain = frame(b.mac(), a.mac(), b"six");
    let frames = [tagged(&plain, 5), tagged(&plain, 6)];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[1..]);
}

#[test]
fn a_silent_pf_fails_requests_and_is_greeted_again() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(1, config()), rig.node(0, config()));
    mood(&rig, MailboxMood::Silent);
    assert!(matches!(b.port.set_vlan(5, true), Err(Error::PfSilent { .. })));
    event(&b.port, |event| matches!(event, Event::PfSilent { .. }));
    mood(&rig, MailboxMood::Prompt);
    b.recovered();
    let frames = [frame(b.mac(), a.mac(), b"again")];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames);
    // One that is so from the beginning fails the opening, in time.
    drop(b);
    let rig = Rig::new("");
    rig.inject(Fault::PfInterface { up: false });
    let start = Instant::now();
    let error = rig.open(0, config()).unwrap_err();
    assert!(matches!(error, Error::PfSilent { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn a_pf_that_refuses_everything_is_worked_with_as_far_as_it_goes() {
    let rig = Rig::new("mtu=1500");
    let mut port = rig.open(0, config()).unwrap();
    mood(&rig, MailboxMood::Refusing);
    let error = port.set_vlan(5, true).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(matches!(port.set_max_frame(1000), Err(Error::Refused { .. })));
    assert_eq!(port.events().try_recv().ok(), None, "that is no reset");
}

#[test]
fn a_pf_that_holds_the_mailbox_for_a_moment_resets_nothing() {
    let rig = Rig::new("");
    let mut port = rig.open(0, config()).unwrap();
    mood(&rig, MailboxMood::Holding);
    let error = port.set_vlan(5, true).unwrap_err();
    assert!(matches!(error, Error::PfSilent { .. }), "{error}");
    std::thread::sleep(Duration::from_millis(250));
    mood(&rig, MailboxMood::Prompt);
    port.set_vlan(5, true).unwrap();
    assert_eq!(port.events().try_recv().ok(), None);
}
