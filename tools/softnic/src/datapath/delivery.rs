//! The last bit of a frame's way to a VF of this process, and what can go wrong there on purpose.

use super::mischief::{Blow, Mischief};
use super::rx::Receiver;
use crate::model::Generation;
use crate::plane::UPLINK;
use crate::{Facts, Memory};

/// A frame that is delivered after the next one for the same VF.
#[derive(Debug)]
pub(super) struct Late {
    vf: usize,
    bytes: Vec<u8>,
    facts: Facts,
    looped: bool,
}

/// The receive sides, and the memory behind them.
pub(super) struct Delivery<'a> {
    pub(super) memory: &'a Memory,
    /// The VFs that this process drives, by number.
    pub(super) receivers: &'a mut [Option<Receiver>],
    pub(super) generation: &'static Generation,
    pub(super) mischief: &'a mut Mischief,
    pub(super) late: &'a mut Vec<Late>,
}

impl Delivery<'_> {
    /// The receive side of a VF, if this process drives it.
    #[inline]
    pub(super) fn receiver(&mut self, vf: usize) -> Option<&mut Receiver> {
        self.receivers.get_mut(vf)?.as_mut()
    }

    /// What a write-back says of a frame from another VF.
    #[inline]
    pub(super) fn looped_facts(&self, frame: &[u8]) -> Facts {
        if self.generation.parses_looped { Facts::of(frame) } else { Facts::default() }
    }

    /// Hands a frame to a VF. False if this process does not drive it.
    #[inline]
    pub(super) fn hand(&mut self, vf: usize, frame: &[u8], facts: &Facts, looped: bool) -> bool {
        if self.mischief.is_on() {
            return self.hand_badly(vf, frame, facts, looped);
        }
        let memory = self.memory;
        let Some(receiver) = self.receiver(vf) else { return false };
        receiver.deliver(memory, frame, facts, looped);
        true
    }

    /// Takes a frame that another process has for a VF. False if the frame comes from the wire and the VF
    /// has no room: who has the wire waits then, as it would within one process.
    pub(super) fn admit(&mut self, vf: usize, from: usize, frame: &[u8]) -> bool {
        let looped = from != UPLINK;
        let must_wait = |receiver: &Receiver| receiver.is_on() && receiver.room(frame.len()) == 0;
        if !looped && self.receiver(vf).is_some_and(|receiver| must_wait(receiver)) {
            return false;
        }
        let facts = if looped { self.looped_facts(frame) } else { Facts::of(frame) };
        self.hand(vf, frame, &facts, looped);
        true
    }

    /// As `hand`, with what goes wrong on purpose.
    #[cold]
    fn hand_badly(&mut self, vf: usize, frame: &[u8], facts: &Facts, looped: bool) -> bool {
        let memory = self.memory;
        if self.receiver(vf).is_none() {
            return false;
        }
        let Blow { drop, duplicate, swap, corrupt } = self.mischief.strike();
        let mut bytes = frame.to_vec();
        if corrupt && let Some(last) = bytes.last_mut() {
            *last ^= 0x10;
        }
        if swap && !drop {
            self.late.push(Late { vf, bytes, facts: *facts, looped });
            return true;
        }
        if let Some(receiver) = self.receiver(vf) {
            match (drop, duplicate) {
                (true, _) => receiver.count_dropped(),
                (false, false) => receiver.deliver(memory, &bytes, facts, looped),
                (false, true) => {
                    receiver.deliver(memory, &bytes, facts, looped);
                    receiver.deliver(memory, &bytes, facts, looped);
                }
            }
        }
        self.catch_up(Some(vf));
        true
    }

    /// Delivers what was kept back, of one VF or of all.
    pub(super) fn catch_up(&mut self, of: Option<usize>) {
        let mut at = 0;
        while at < self.late.len() {
            if of.is_some_and(|vf| vf != self.late[at].vf) {
                at += 1;
                continue;
            }
            let Late { vf, bytes, facts, looped } = self.late.remove(at);
            let memory = self.memory;
            if let Some(receiver) = self.receiver(vf) {
                receiver.deliver(memory, &bytes, &facts, looped);
            }
        }
    }
}
