//! The mailbox between an Intel VF and its PF: 16 words of shared memory and one register.
//!
//! Sources: 82576 datasheet 4.6.11.1.2 and 7.10.2.9.1, 82599 datasheet 4.6.11.1 (the two agree); the
//! messages and waiting times as Linux's igb, igbvf, ixgbe and ixgbevf have them.
//!
//! One message is under way at a time, in memory that both ends write. A PF that takes a request and
//! does not answer in time may still carry it out, and answer when another request is being made. So
//! such a mailbox takes no further request but a greeting, with which the PF forgets what it was asked.

use std::time::{Duration, Instant};

use super::Registers;
use super::message::{GREETING, KIND, WORDS, is_answer, is_farewell};
use super::registers::wait;
use crate::{Error, Result, clock};

// VFMAILBOX. What the PF does is shown in bits that reading clears, so they are kept here until used.
const REQ: u32 = 1 << 0;
const ACK: u32 = 1 << 1;
const VFU: u32 = 1 << 2;
const PFSTS: u32 = 1 << 4;
const PFACK: u32 = 1 << 5;
const RSTI: u32 = 1 << 6;
const RSTD: u32 = 1 << 7;
const READ_TO_CLEAR: u32 = PFSTS | PFACK | RSTD;
/// What a device that is gone reads as.
const ALL_ONES: u32 = u32::MAX;

/// How long a PF may take for a message and its answer together; Linux's drivers wait a second for
/// each.
const ANSWER: Duration = Duration::from_secs(1);
/// How long to wait for the buffer.
const OWNERSHIP: Duration = Duration::from_millis(20);

/// What the register showed since it was last asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signals {
    /// The PF wrote a message.
    pub(crate) message: bool,
    /// The PF was reset, or is in reset.
    pub(crate) reset: bool,
}

/// The VF's end of the mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    registers: Registers,
    control: u64,
    memory: u64,
    /// Read-to-clear bits that were read and not used yet.
    sticky: u32,
    /// The PF said, between other things, that it does not know this VF any more.
    forgotten: bool,
    /// The PF has not answered a request yet.
    unanswered: bool,
    /// Requests sent.
    requests: u64,
}

impl Mailbox {
    /// A mailbox with its register at `control` and its words from `memory` on.
    pub(crate) fn new(registers: Registers, control: u64, memory: u64) -> Mailbox {
        Mailbox {
            registers,
            control,
            memory,
            sticky: 0,
            forgotten: false,
            unanswered: false,
            requests: 0,
        }
    }

    /// The register, with what it showed before; [`ALL_ONES`] when the device is gone.
    fn status(&mut self) -> u32 {
        let status = self.registers.read(self.control);
        if status == ALL_ONES {
            return ALL_ONES;
        }
        let status = status | self.sticky;
        self.sticky = status & READ_TO_CLEAR;
        status
    }

    /// Waits until any bit of `mask` shows, and forgets them. `what` says what it means if none does.
    /// A PF that goes into reset will not show any.
    fn wait_for(&mut self, mask: u32, end: Instant, what: &str) -> Result<()> {
        let mut status = 0;
        let shown = wait(end.saturating_duration_since(clock::now()), || {
            status = self.status();
            status & (mask | RSTI) != 0
        });
        self.sticky &= !mask;
        match shown {
            _ if status == ALL_ONES => Err(self.registers.gone()),
            true if status & mask != 0 => Ok(()),
            true => Err(self.silent("the PF went into reset")),
            false => Err(self.silent(what)),
        }
    }

    /// Waits until the PF is not in reset.
    pub(crate) fn wait_for_pf(&mut self, timeout: Duration) -> Result<()> {
        let mut status = 0;
        let alive = wait(timeout, || {
            status = self.status();
            status != ALL_ONES && status & RSTI == 0
        });
        self.sticky = 0;
        match alive {
            true => Ok(()),
            false if status == ALL_ONES => Err(self.registers.gone()),
            false => Err(self.silent("the PF is still in reset")),
        }
    }

    /// Whether the PF was reset, or the device went, since the last [`Mailbox::signals`]. Forgets
    /// nothing.
    pub(crate) fn is_interrupted(&mut self) -> bool {
        self.status() & (RSTI | RSTD) != 0
    }

    /// What the PF signalled since the last call. A request without an answer counts as a reset: only
    /// a greeting helps.
    pub(crate) fn signals(&mut self) -> Result<Signals> {
        let status = self.status();
        if status == ALL_ONES {
            return Err(self.registers.gone());
        }
        self.sticky = 0;
        let reset = status & (RSTI | RSTD) != 0 || self.forgotten || self.unanswered;
        Ok(Signals { message: status & PFSTS != 0, reset })
    }

    /// Notes that the message which the PF signalled could not be read yet.
    pub(crate) fn keep_message(&mut self) {
        self.sticky |= PFSTS;
    }

    /// Notes that the PF does not know this VF any more, or (after a greeting) that it does.
    pub(crate) fn set_forgotten(&mut self, forgotten: bool) {
        self.forgotten = forgotten;
    }

    /// Sends a request and waits for the PF's answer, whose first word without its marks is the
    /// request's. Returns the answer's words.
    pub(crate) fn request(&mut self, message: &[u32]) -> Result<[u32; WORDS]> {
        let kind = message[0] & KIND;
        if self.unanswered && kind != GREETING {
            return Err(self.silent("the PF has not answered a mailbox message before this one"));
        }
        let end = clock::now() + ANSWER;
        self.own()?;
        self.unanswered = true;
        self.send(message, end)?;
        let answer = self.answer(kind, end)?;
        self.unanswered = false;
        Ok(answer)
    }

    fn answer(&mut self, kind: u32, end: Instant) -> Result<[u32; WORDS]> {
        let what = format!("the PF did not answer mailbox message {kind:#x}");
        // Other messages of the PF (a ping) may stand between.
        while clock::now() < end {
            self.wait_for(PFSTS, end, &what)?;
            let message = self.receive()?;
            if is_answer(&message) && message[0] & KIND == kind {
                return Ok(message);
            }
            self.forgotten |= is_farewell(&message);
        }
        Err(self.silent(&what))
    }

    /// Requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    fn send(&mut self, message: &[u32], end: Instant) -> Result<()> {
        self.requests += 1;
        // What was signalled before is about the message that is overwritten now.
        self.sticky &= !(PFSTS | PFACK);
        for (i, word) in (0..).zip(&message[..message.len().min(WORDS)]) {
            self.registers.write(self.memory + 4 * i, *word);
        }
        self.registers.write(self.control, REQ);
        self.wait_for(PFACK, end, "the PF did not take a mailbox message")
    }

    /// Reads the message that the PF signalled.
    pub(crate) fn receive(&mut self) -> Result<[u32; WORDS]> {
        self.own()?;
        let mut words = [0; WORDS];
        for (i, word) in (0..).zip(&mut words) {
            *word = self.registers.read(self.memory + 4 * i);
        }
        self.registers.write(self.control, ACK);
        Ok(words)
    }

    /// Takes hold of the buffer.
    fn own(&mut self) -> Result<()> {
        let mut status = 0;
        let owned = wait(OWNERSHIP, || {
            self.registers.write(self.control, VFU);
            status = self.status();
            status & VFU != 0
        });
        match owned {
            _ if status == ALL_ONES => Err(self.registers.gone()),
            true => Ok(()),
            false => Err(self.silent("the PF does not let go of the mailbox")),
        }
    }

    pub(crate) fn silent(&self, what: &str) -> Error {
        Error::PfSilent { device: self.registers.device(), what: what.to_string() }
    }
}
