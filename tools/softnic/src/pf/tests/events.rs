//! What happens to a VF without its asking.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::mailbox_user::{RSTD, RSTI};
use super::{Bench, DONE};
use crate::plane::Mode;
use crate::{Fault, MailboxMood};

const MILLISECOND: u64 = 1_000_000;

/// Counts the VF's mailbox interrupts, on vector 2.
fn interrupts(bench: &mut Bench) -> Arc<AtomicU32> {
    let count = Arc::new(AtomicU32::new(0));
    let message = Arc::clone(&count);
    let none = || Box::new(|| ()) as crate::function::Message;
    let counting = Box::new(move || _ = message.fetch_add(1, Relaxed));
    bench.adapter.set_vectors(0, vec![none(), none(), counting]);
    bench.adapter.config_write(0, 4, &[4]);
    for (register, value) in [(0x140, 0x82), (0x110, 7), (0x108, 7)] {
        bench.adapter.write(0, register, value);
    }
    count
}

#[test]
fn a_reset_of_the_pf_is_announced_shown_and_ended() {
    let mut bench = Bench::new("trust=on", 3);
    assert_eq!(bench.verdict(&[12, 2]), DONE);
    let count = interrupts(&mut bench);
    bench.adapter.write(0, 0x1028, 1 << 25);
    bench.adapter.inject(Fault::PfReset);
    bench.pass(1);
    assert_eq!(count.load(Relaxed), 1);
    assert!(!bench.port().receives && !bench.port().transmits);
    assert_eq!(bench.user.words(&mut bench.adapter)[0], 0x100, "a ping without \"clear to send\"");
    assert_eq!(bench.user.status(&mut bench.adapter) & RSTI, 0);
    bench.pass(2 * MILLISECOND);
    assert_eq!(bench.user.status(&mut bench.adapter) & (RSTI | RSTD), RSTI);
    assert_eq!(bench.adapter.read(0, 0x1028), 0, "the queue is off");
    assert_eq!(bench.adapter.read(0, 0x108), 0, "and so are interrupts");
    bench.pass(MILLISECOND);
    assert_eq!(bench.adapter.read(0, 0x10), 0, "there is no link meanwhile");
    bench.user.send(&mut bench.adapter, &[1]);
    bench.pass(MILLISECOND);
    assert_eq!(bench.user.receive(&mut bench.adapter), None, "nor anybody who hears");
    bench.pass(8 * MILLISECOND);
    assert_eq!(bench.user.status(&mut bench.adapter) & (RSTI | RSTD), RSTD);
    assert_eq!(bench.port().mode, Mode::None);
    assert_eq!(bench.user.receive(&mut bench.adapter).unwrap()[0], 0x100);
    assert_eq!(bench.user.receive(&mut bench.adapter).unwrap()[0], 0x4000_0000, "greet anew");
    bench.user.begin(&mut bench.adapter, 4);
    assert!(bench.port().transmits);
    assert_eq!(bench.user.status(&mut bench.adapter) & (RSTI | RSTD), 0);
}

#[test]
fn after_its_reset_a_pf_refuses_who_has_not_greeted() {
    let mut bench = Bench::new("", 3);
    bench.adapter.inject(Fault::PfReset);
    for _ in 0..4 {
        bench.pass(5 * MILLISECOND);
    }
    bench.user.send(&mut bench.adapter, &[5, 1518]);
    assert_eq!(bench.user.words(&mut bench.adapter)[0], 0x4000_0005);
}

#[test]
fn a_pf_that_goes_down_stays_in_reset_until_it_comes_up() {
    let mut bench = Bench::new("", 3);
    bench.adapter.inject(Fault::PfInterface { up: false });
    bench.pass(1);
    bench.pass(2 * MILLISECOND);
    for _ in 0..3 {
        bench.pass(1000 * MILLISECOND);
        assert_eq!(bench.user.status(&mut bench.adapter) & (RSTI | RSTD), RSTI);
        assert_eq!(bench.adapter.read(0, 0x10), 0);
    }
    bench.adapter.inject(Fault::PfInterface { up: true });
    bench.pass(1);
    assert_eq!(bench.user.status(&mut bench.adapter) & (RSTI | RSTD), RSTD);
    bench.pass(MILLISECOND);
    assert_eq!(bench.adapter.read(0, 0x10), 0x7000_0000);
    bench.user.begin(&mut bench.adapter, 4);
}

#[test]
fn a_vf_that_is_opened_while_the_pf_is_down_sees_that() {
    let mut bench = Bench::opened("vfs=2");
    bench.adapter.inject(Fault::PfInterface { up: false });
    bench.adapter.open(1).unwrap();
    assert_eq!(bench.adapter.read(1, 0x2fc), RSTI);
    assert_eq!(bench.adapter.read(1, 0x10), 0);
    bench.adapter.inject(Fault::PfInterface { up: true });
    bench.pass(1);
    assert_eq!(bench.adapter.read(1, 0x2fc) & (RSTI | RSTD), RSTD);
}

#[test]
fn the_link_goes_and_comes_with_a_ping_each() {
    let mut bench = Bench::new("model=x540", 3);
    let count = interrupts(&mut bench);
    for (up, register) in [(false, 0), (true, 0x7000_0000)] {
        bench.adapter.inject(Fault::Link { up });
        bench.pass(1);
        assert_eq!(bench.adapter.read(0, 0x10), register);
        assert_eq!(
            bench.user.receive(&mut bench.adapter).unwrap()[0],
            0x2000_0100,
            "clear to send"
        );
    }
    assert_eq!(count.load(Relaxed), 2);
    bench.adapter.inject(Fault::Link { up: true });
    bench.pass(1);
    assert_eq!(bench.user.receive(&mut bench.adapter), None, "no change, no ping");
}

#[test]
fn a_ping_does_not_overwrite_what_the_vf_is_writing() {
    let mut bench = Bench::new("", 3);
    assert!(bench.user.lock(&mut bench.adapter));
    bench.adapter.write(0, 0x200, 5);
    bench.adapter.inject(Fault::Link { up: false });
    bench.pass(1);
    assert_eq!(bench.user.words(&mut bench.adapter)[0], 5);
    bench.user.unlock(&mut bench.adapter);
    assert_eq!(bench.user.receive(&mut bench.adapter).unwrap()[0], 0x2000_0100);
}

#[test]
fn trust_that_changes_makes_the_vf_greet_anew() {
    let mut bench = Bench::new("", 3);
    bench.adapter.inject(Fault::Trust { vf: 0, trusted: false });
    bench.pass(1);
    assert_eq!(bench.user.receive(&mut bench.adapter), None, "no change");
    bench.adapter.inject(Fault::Trust { vf: 0, trusted: true });
    bench.pass(1);
    assert_eq!(bench.user.receive(&mut bench.adapter).unwrap()[0], 0x100);
    bench.user.begin(&mut bench.adapter, 4);
    assert_eq!(bench.ask(&[12, 2])[..2], [DONE | 12, 2]);
}

#[test]
fn a_late_answer_dies_with_the_reset_of_either_side() {
    let mut bench = Bench::new("", 3);
    bench.adapter.inject(Fault::Mailbox { vf: 0, mood: MailboxMood::Late(100) });
    bench.user.send(&mut bench.adapter, &[9, 0, 0, 0, 0]);
    bench.adapter.reset(0);
    bench.pass(1000);
    assert_eq!(bench.user.receive(&mut bench.adapter), None);
}

#[test]
fn a_pf_reset_turns_anti_spoofing_on_again_and_ends_jumbo_frames_that_vfs_asked_for() {
    let mut bench = Bench::new("model=x540,trust=on,mtu=1500", 3);
    assert_eq!(bench.verdict(&[6 | 1 << 16, 0x4433_2202, 1]), DONE);
    assert_eq!(bench.verdict(&[5, 9018]), DONE);
    assert_eq!((bench.port().spoof_check, bench.port().max_frame), (false, 9018));
    bench.adapter.inject(Fault::PfReset);
    bench.pass(1);
    bench.pass(2 * MILLISECOND);
    assert_eq!((bench.port().spoof_check, bench.port().max_frame), (true, 1518));
    assert_eq!(bench.port().further.len(), 0);
}

#[test]
fn a_vf_in_use_is_not_opened_twice_nor_one_that_is_not_there() {
    let mut bench = Bench::opened("vfs=2");
    let refused = |bench: &mut Bench, vf| bench.adapter.open(vf).unwrap_err().to_string();
    assert!(refused(&mut bench, 0).contains("VF 0 is in use"));
    assert!(refused(&mut bench, 2).contains("VF 2 of 2 is not there"));
    assert!(refused(&mut bench, usize::MAX).contains("not there"));
    bench.adapter.close(0);
    bench.adapter.close(0);
    assert!(!bench.port().open && !bench.port().transmits);
    bench.adapter.open(0).unwrap();
    assert_eq!(bench.verdict_before_greeting(), 0x4000_0000, "the next owner is a stranger");
    bench.adapter.inject(Fault::Removal { vf: 0 });
    bench.adapter.close(0);
    assert!(refused(&mut bench, 0).contains("VF 0 of 2 is not there"));
    assert_eq!(bench.adapter.read(0, 8), u32::MAX);
}

impl Bench {
    fn verdict_before_greeting(&mut self) -> u32 {
        self.user.send(&mut self.adapter, &[9, 0, 0, 0, 0]);
        self.user.words(&mut self.adapter)[0] & 0xff00_0000
    }
}
