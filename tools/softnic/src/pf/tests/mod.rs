//! What a VF asks of its PF, and what comes of it.

mod addresses;
mod events;
mod filters;
mod greeting;
mod queries;

#[path = "../../../tests/control/mailbox_user.rs"]
mod mailbox_user;

use mailbox_user::MailboxUser;

use crate::plane::{Plane, PortState};
use crate::{Adapter, Spec};

/// API versions by their numbers in messages.
pub(super) const API: [u32; 8] = [0, 2, 3, 4, 5, 6, 7, 8];

/// Set in the first word of an answer: done, clear to send.
pub(super) const DONE: u32 = 0xa000_0000;
/// Refused, clear to send.
pub(super) const REFUSED: u32 = 0x6000_0000;

/// An adapter of which VF 0 is open, and its driver.
pub(super) struct Bench {
    adapter: Adapter,
    user: MailboxUser,
    now: u64,
}

impl Bench {
    /// An adapter of these options, whose VF 0 has been opened only.
    fn opened(spec: &str) -> Bench {
        let spec: Spec = spec.parse().unwrap();
        let mut adapter = Adapter::new(&spec, Plane::private(&spec), None);
        adapter.open(0).unwrap();
        Bench { adapter, user: MailboxUser::new(0), now: 0 }
    }

    /// An adapter of these options, whose VF 0 has greeted and agreed on 1.`minor`.
    fn new(spec: &str, minor: usize) -> Bench {
        let mut bench = Bench::opened(spec);
        bench.user.begin(&mut bench.adapter, API[minor]);
        bench
    }

    fn ask(&mut self, message: &[u32]) -> [u32; 16] {
        self.user.ask(&mut self.adapter, message)
    }

    /// Asks, and gives the answer's first word without the number of the message.
    fn verdict(&mut self, message: &[u32]) -> u32 {
        let answer = self.ask(message);
        assert_eq!(answer[0] & 0x00ff_ffff, message[0], "an answer is to what was asked");
        answer[0] & !0x00ff_ffff
    }

    fn port(&self) -> PortState {
        self.adapter.plane.port(0)
    }

    /// Lets time pass, in nanoseconds.
    fn pass(&mut self, time: u64) {
        self.now += time;
        self.adapter.attend(self.now);
        self.adapter.settle();
    }
}
