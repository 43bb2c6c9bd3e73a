//! The mailbox as hardware has it: 16 words, and a register that tells both sides who has them
//! (82599 datasheet 4.6.11.1).

use crate::regs::{
    MAILBOX_ACK, MAILBOX_PFACK, MAILBOX_PFSTS, MAILBOX_PFU, MAILBOX_REQ, MAILBOX_RSTD,
    MAILBOX_RSTI, MAILBOX_VFU,
};

/// Words of a message.
pub(crate) const WORDS: usize = 16;

/// Bits that reading clears.
const READ_TO_CLEAR: u32 = MAILBOX_PFSTS | MAILBOX_PFACK | MAILBOX_RSTD;

/// What a VF has just told its PF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signal {
    /// A message is there.
    pub(crate) request: bool,
    /// The PF's message was read.
    pub(crate) acknowledged: bool,
    /// The buffer is free for the PF.
    pub(crate) released: bool,
}

/// One VF's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    words: [u32; WORDS],
    /// VFU, PFU, PFSTS, PFACK, RSTI and RSTD.
    status: u32,
}

impl Mailbox {
    /// What VFMAILBOX shows to the VF; clears what reading clears.
    pub(crate) fn read(&mut self) -> u32 {
        let status = self.status;
        self.status &= !READ_TO_CLEAR;
        status
    }

    /// The VF writes VFMAILBOX. The buffer is the VF's if it asks for it and the PF does not have it.
    pub(crate) fn write(&mut self, value: u32) -> Signal {
        let had = self.status & MAILBOX_VFU != 0;
        self.status &= !MAILBOX_VFU;
        if self.status & MAILBOX_PFU == 0 {
            self.status |= value & MAILBOX_VFU;
        }
        Signal {
            request: value & MAILBOX_REQ != 0,
            acknowledged: value & MAILBOX_ACK != 0,
            released: had && value & MAILBOX_VFU == 0,
        }
    }

    /// A word of the buffer, as the VF reads it.
    pub(crate) fn word(&self, at: usize) -> Option<u32> {
        self.words.get(at).copied()
    }

    /// The VF writes a word of the buffer.
    pub(crate) fn set_word(&mut self, at: usize, value: u32) {
        if let Some(word) = self.words.get_mut(at) {
            *word = value;
        }
    }

    /// The VF has the buffer, so the PF cannot take it.
    pub(crate) fn is_vfs(&self) -> bool {
        self.status & MAILBOX_VFU != 0
    }

    /// The PF reads a message and acknowledges it.
    pub(crate) fn take(&mut self) -> [u32; WORDS] {
        self.status |= MAILBOX_PFACK;
        self.words
    }

    /// The PF writes a message, as long as it is; the rest of the buffer stays.
    pub(crate) fn put(&mut self, message: &[u32]) {
        for (word, value) in self.words.iter_mut().zip(message) {
            *word = *value;
        }
        self.status |= MAILBOX_PFSTS;
    }

    /// The PF clears the buffer.
    pub(crate) fn clear(&mut self) {
        self.words = [0; WORDS];
    }

    /// The PF takes the buffer, and keeps it, or lets go of it.
    pub(crate) fn set_pfs(&mut self, held: bool) {
        self.status &= !MAILBOX_PFU;
        if held && !self.is_vfs() {
            self.status |= MAILBOX_PFU;
        }
    }

    /// The PF's reset begins or ends.
    pub(crate) fn set_pf_in_reset(&mut self, in_reset: bool) {
        if in_reset {
            self.status = MAILBOX_RSTI;
        } else if self.status & MAILBOX_RSTI != 0 {
            self.status = self.status & !MAILBOX_RSTI | MAILBOX_RSTD;
        }
    }

    /// The function was reset, which the PF's own reset outlives.
    pub(crate) fn reset(&mut self) {
        self.words = [0; WORDS];
        self.status &= MAILBOX_RSTI;
        if self.status == 0 {
            self.status = MAILBOX_RSTD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_clears_what_the_pf_did_but_not_its_reset() {
        let mut mailbox = Mailbox::default();
        mailbox.put(&[1]);
        mailbox.take();
        assert_eq!(mailbox.read(), 0x30);
        assert_eq!(mailbox.read(), 0);
        mailbox.set_pf_in_reset(true);
        assert_eq!((mailbox.read(), mailbox.read()), (0x40, 0x40));
        mailbox.set_pf_in_reset(false);
        assert_eq!((mailbox.read(), mailbox.read()), (0x80, 0));
        mailbox.set_pf_in_reset(false);
        assert_eq!(mailbox.read(), 0, "no reset, no end of one");
    }

    #[test]
    fn the_buffer_has_one_owner() {
        let mut mailbox = Mailbox::default();
        assert_eq!(mailbox.write(MAILBOX_VFU), Signal::default());
        assert!(mailbox.is_vfs());
        mailbox.set_pfs(true);
        assert_eq!(mailbox.read(), MAILBOX_VFU, "the VF was first");
        let signal = mailbox.write(MAILBOX_REQ);
        assert_eq!(signal, Signal { request: true, acknowledged: false, released: true });
        assert_eq!(mailbox.read(), 0, "requests do not read back");
        mailbox.set_pfs(true);
        mailbox.write(MAILBOX_VFU);
        assert_eq!(mailbox.read(), MAILBOX_PFU);
        mailbox.set_pfs(false);
        mailbox.write(MAILBOX_VFU | MAILBOX_ACK | 0xf0);
        assert_eq!(mailbox.read(), MAILBOX_VFU, "what only the device sets is not written");
    }

    #[test]
    fn a_reset_empties_it_and_says_so() {
        let mut mailbox = Mailbox::default();
        mailbox.put(&[7; WORDS]);
        mailbox.write(MAILBOX_VFU);
        mailbox.reset();
        assert_eq!((mailbox.read(), mailbox.word(15), mailbox.word(16)), (0x80, Some(0), None));
        mailbox.set_pf_in_reset(true);
        mailbox.reset();
        assert_eq!(mailbox.read(), 0x40, "the PF's reset goes on");
    }

    #[test]
    fn a_short_message_leaves_the_rest_of_the_buffer() {
        let mut mailbox = Mailbox::default();
        mailbox.set_word(1, 5);
        mailbox.set_word(99, 5);
        mailbox.put(&[3]);
        assert_eq!((mailbox.word(0), mailbox.word(1)), (Some(3), Some(5)));
    }
}
