//! The greeting, and the versions of the API.

use super::{API, Bench, DONE, MailboxUser, REFUSED};
use crate::plane::{Mode, Plane};
use crate::{Adapter, MailboxMood, Spec};

#[test]
fn a_greeting_is_answered_with_the_address_that_the_pf_has_set() {
    let mut bench = Bench::opened("vfs=2");
    let mac = bench.port().mac;
    assert_ne!(mac, [0; 6]);
    let answer = bench.user.reset(&mut bench.adapter);
    assert_eq!(answer[0], 0x8000_0001, "without \"clear to send\"");
    let bytes = [answer[1].to_le_bytes(), answer[2].to_le_bytes()].concat();
    assert_eq!((&bytes[..6], &bytes[6..]), (&mac[..], &[0, 0][..]));
    assert_eq!(answer[3], 0, "multicast filter type");
    assert_eq!(answer[4..], [0; 12], "the rest of the buffer was cleared");
    assert!(bench.port().transmits);
}

#[test]
fn without_an_address_the_greeting_is_refused_and_holds_all_the_same() {
    let mut bench = Bench::opened("mac=zero");
    let answer = bench.user.reset(&mut bench.adapter);
    assert_eq!(answer[..4], [0x4000_0001, 0, 0, 0]);
    assert_eq!(bench.verdict(&[2, 0x4433_2202, 0x6655]), DONE);
    assert_eq!(bench.port().mac, [0x02, 0x22, 0x33, 0x44, 0x55, 0x66]);
    let again = bench.user.reset(&mut bench.adapter);
    assert_eq!(again[..4], [0x4000_0001, 0, 0, 0], "the VF's own choice is no administrator's");
    assert_eq!(bench.port().mac, [0x02, 0x22, 0x33, 0x44, 0x55, 0x66], "but it stays");
}

#[test]
fn before_the_greeting_everything_is_refused_without_clear_to_send() {
    let mut bench = Bench::opened("");
    bench.user.send(&mut bench.adapter, &[8, 2, 0]);
    assert_eq!(bench.user.words(&mut bench.adapter)[..3], [0x4000_0008, 2, 0]);
    // Reading it is answered by another refusal, since the PF does not expect to be read.
    assert!(bench.user.receive(&mut bench.adapter).is_some());
    assert_eq!(bench.user.receive(&mut bench.adapter).unwrap()[0], 0x4000_0000);
    bench.user.reset(&mut bench.adapter);
    assert_eq!(bench.verdict(&[8, 2, 0]), DONE);
    assert_eq!(bench.user.receive(&mut bench.adapter), None);
}

#[test]
fn versions_up_to_the_newest_of_the_pf_are_agreed_on() {
    for (spec, newest) in [("", 7), ("api=1.3", 3), ("api=1.0", 0)] {
        let mut bench = Bench::new(spec, 0);
        for (minor, number) in API.iter().enumerate() {
            let wanted = if minor <= newest { DONE } else { REFUSED };
            assert_eq!(bench.verdict(&[8, *number, 0]), wanted, "1.{minor} with {spec:?}");
        }
        for unknown in [1, 9, 0xffff_ffff] {
            assert_eq!(bench.verdict(&[8, unknown, 0]), REFUSED, "{unknown}");
        }
    }
}

#[test]
fn a_reset_forgets_filters_and_version_and_keeps_address_and_mode() {
    let mut bench = Bench::new("trust=on", 3);
    assert_eq!(bench.verdict(&[2, 0x4433_2202, 0x6655]), DONE);
    assert_eq!(bench.verdict(&[6 | 1 << 16, 0x4433_2202, 0x7755]), DONE);
    assert_eq!(bench.verdict(&[3 | 1 << 16, 0x0abc]), DONE);
    assert_eq!(bench.verdict(&[4 | 1 << 16, 7]), DONE);
    assert_eq!(bench.verdict(&[12, 2]), DONE);
    let before = bench.port();
    assert_eq!(
        (before.further.len(), &before.hashes[..], &before.vlans[..]),
        (1, &[0xabc][..], &[0, 7][..])
    );
    bench.adapter.write(0, 0, 1 << 26);
    let reset = bench.port();
    assert!(!reset.receives && !reset.transmits);
    assert_eq!((reset.further.len(), reset.hashes.len(), &reset.vlans[..]), (0, 0, &[0][..]));
    assert_eq!((reset.mac, reset.mode), (before.mac, Mode::AllMulticast));
    assert_eq!(bench.verdict(&[9, 0, 0, 0, 0]), REFUSED, "the version is 1.0 again");
    assert!(!bench.port().transmits, "only a greeting turns the VF on");
    bench.user.reset(&mut bench.adapter);
    assert!(bench.port().transmits);
}

#[test]
fn messages_that_are_answers_already_are_only_acknowledged() {
    let mut bench = Bench::new("", 1);
    for mark in [1 << 31, 1 << 30] {
        bench.user.send(&mut bench.adapter, &[9 | mark, 0, 0, 0, 0]);
        assert!(bench.user.shows(&mut bench.adapter, super::mailbox_user::PFACK));
        assert_eq!(bench.user.receive(&mut bench.adapter), None);
    }
}

#[test]
fn what_the_pf_does_not_know_is_refused() {
    let mut bench = Bench::new("", 7);
    // 1.4's IPsec requests, which this PF does not offer, among them.
    for unknown in [0x00, 0x07, 0x0d, 0x0e, 0x0f, 0x13, 0x100, 0xffff] {
        assert_eq!(bench.verdict(&[unknown, 1, 2, 3]), REFUSED, "{unknown:#x}");
    }
    // A greeting is one only without anything else in its word.
    assert_eq!(bench.verdict(&[1 | 1 << 16]), REFUSED);
}

#[test]
fn from_version_1_5_on_the_vf_keeps_the_buffer_until_it_is_acknowledged() {
    let mut bench = Bench::new("", 5);
    let answer = bench.user.ask_holding(&mut bench.adapter, &[9, 0, 0, 0, 0]);
    assert_eq!(answer[..5], [DONE | 9, 4, 4, 0, 0]);
    // Before, the PF cannot read what the VF holds, and gives up.
    let mut older = Bench::new("", 4);
    let before = older.adapter.counters(0).mailbox_requests;
    older.user.send_holding(&mut older.adapter, &[9, 0, 0, 0, 0]);
    assert!(!older.user.shows(&mut older.adapter, super::mailbox_user::PFACK));
    older.user.unlock(&mut older.adapter);
    assert_eq!(older.user.receive(&mut older.adapter), None);
    assert_eq!(older.adapter.counters(0).mailbox_requests, before);
}

#[test]
fn a_pf_can_be_late_silent_refusing_or_hold_the_buffer() {
    let mut bench = Bench::new("", 3);
    let queues = [9, 0, 0, 0, 0];
    let mood =
        |bench: &mut Bench, mood| bench.adapter.inject(crate::Fault::Mailbox { vf: 0, mood });

    mood(&mut bench, MailboxMood::Late(5_000));
    bench.user.send(&mut bench.adapter, &queues);
    bench.pass(4_999);
    assert!(!bench.user.shows(&mut bench.adapter, super::mailbox_user::PFACK));
    bench.pass(1);
    assert!(bench.user.shows(&mut bench.adapter, super::mailbox_user::PFACK));
    assert_eq!(bench.user.receive(&mut bench.adapter).unwrap()[..2], [DONE | 9, 4]);

    mood(&mut bench, MailboxMood::Silent);
    bench.user.send(&mut bench.adapter, &queues);
    bench.pass(1 << 40);
    assert!(!bench.user.shows(&mut bench.adapter, super::mailbox_user::PFACK));
    assert_eq!(bench.user.receive(&mut bench.adapter), None);

    mood(&mut bench, MailboxMood::Refusing);
    assert_eq!(bench.verdict(&queues), REFUSED);
    assert_eq!(bench.user.reset(&mut bench.adapter)[0], 0x8000_0001);

    mood(&mut bench, MailboxMood::Holding);
    assert!(!bench.user.lock(&mut bench.adapter));
    mood(&mut bench, MailboxMood::Prompt);
    assert_eq!(bench.verdict(&[8, 2, 0]), DONE);
}

#[test]
fn each_vf_has_a_mailbox_of_its_own() {
    let spec: Spec = "vfs=3".parse().unwrap();
    let mut adapter = Adapter::new(&spec, Plane::private(&spec), None);
    let mut macs = Vec::new();
    for vf in 0..3 {
        adapter.open(vf).unwrap();
        macs.push(MailboxUser::new(vf).begin(&mut adapter, API[1])[2]);
    }
    macs.dedup();
    assert_eq!(macs.len(), 3, "each has its own address");
    let mut second = MailboxUser::new(1);
    second.send(&mut adapter, &[4 | 1 << 16, 7]);
    assert_eq!(MailboxUser::new(0).receive(&mut adapter), None);
    assert_eq!(second.receive(&mut adapter).unwrap()[0], DONE | 1 << 16 | 4);
    assert_eq!((adapter.plane.port(0).vlans, adapter.plane.port(1).vlans), (vec![0], vec![0, 7]));
}
