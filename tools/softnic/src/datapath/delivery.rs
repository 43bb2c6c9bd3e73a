//! The last bit of a frame's way to a VF of this process, and what can go wrong there on purpose.

use super::mischief::{Blow, Mischief};
use super::rx::Receiver;
use crate::Facts;
use crate::memory::Spaces;
use crate::model::Generation;
use crate::plane::UPLINK;
use crate::switch::Header;

/// A frame on its way to some VFs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) header: Header,
    /// What a write-back says of it.
    pub(super) facts: Facts,
    /// It comes from another VF.
    pub(super) looped: bool,
}

/// A frame that is delivered after the next one for the same VF.
#[derive(Debug)]
pub(super) struct Late {
    vf: usize,
    bytes: Vec<u8>,
    facts: Facts,
    looped: bool,
}

/// The receive sides, and the memory that they reach.
pub(super) struct Delivery<'a> {
    pub(super) spaces: &'a Spaces,
    /// The VFs that this process drives, by number.
    pub(super) receivers: &'a mut [Option<Receiver>],
    pub(super) generation: &'static Generation,
    /// What is to go wrong, if anything is.
    pub(super) mischief: Option<&'a mut Mischief>,
    pub(super) late: &'a mut Vec<Late>,
}

impl Delivery<'_> {
    /// The receive side of a VF, if this process drives it.
    #[inline]
    pub(super) fn receiver(&mut self, vf: usize) -> Option<&mut Receiver> {
        self.receivers.get_mut(vf)?.as_mut()
    }

    /// A frame from another VF.
    #[inline]
    pub(super) fn looped<'f>(&self, bytes: &'f [u8], header: Header) -> Passing<'f> {
        let parses = self.generation.parses_looped;
        let facts = if parses { Facts::of(bytes) } else { Facts::default() };
        Passing { bytes, header, facts, looped: true }
    }

    /// Hands a frame to a VF. False if this process does not drive it.
    #[inline]
    pub(super) fn hand(&mut self, vf: usize, frame: &Passing<'_>) -> bool {
        if self.mischief.is_some() {
            return self.hand_badly(vf, frame);
        }
        let spaces = self.spaces;
        let Some(receiver) = self.receiver(vf) else { return false };
        receiver.deliver(spaces.of(vf), frame);
        true
    }

    /// Takes a frame that another process has for a VF. False if the frame comes from the wire and the VF
    /// has no room: who has the wire waits then, as it would within one process.
    pub(super) fn admit(&mut self, vf: usize, from: usize, bytes: &[u8]) -> bool {
        let header = Header::of(bytes);
        let frame = if from == UPLINK {
            let must_wait = |it: &Receiver| it.is_on() && it.room(bytes.len()) == 0;
            if self.receiver(vf).is_some_and(|receiver| must_wait(receiver)) {
                return false;
            }
            Passing { bytes, header, facts: Facts::of(bytes), looped: false }
        } else {
            self.looped(bytes, header)
        };
        self.hand(vf, &frame);
        true
    }

    /// As `hand`, with what goes wrong on purpose.
    #[cold]
    fn hand_badly(&mut self, vf: usize, frame: &Passing<'_>) -> bool {
        let spaces = self.spaces;
        let (Some(Some(receiver)), Some(mischief)) =
            (self.receivers.get_mut(vf), &mut self.mischief)
        else {
            return false;
        };
        let Blow { drop, duplicate, swap, corrupt } = mischief.strike();
        let mut bytes = frame.bytes.to_vec();
        if corrupt && let Some(last) = bytes.last_mut() {
            *last ^= 0x10;
        }
        if drop {
            receiver.count_dropped();
        } else if swap {
            self.late.push(Late { vf, bytes, facts: frame.facts, looped: frame.looped });
            return true;
        } else {
            for _ in 0..1 + u8::from(duplicate) {
                receiver.deliver(spaces.of(vf), &Passing { bytes: &bytes, ..*frame });
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
            let spaces = self.spaces;
            if let Some(receiver) = self.receiver(vf) {
                let header = Header::of(&bytes);
                receiver.deliver(spaces.of(vf), &Passing { bytes: &bytes, header, facts, looped });
            }
        }
    }
}
