//! A VF's end of the mailbox as public drivers have it: the way up to API 1.4 (Linux's
//! `ixgbevf_mbx_ops_legacy`, DPDK's `*_vf_legacy`), and the one from API 1.5 on (`ixgbevf_mbx_ops`).

use super::Adapter;

const MAILBOX: usize = 0x2fc;
const MEMORY: usize = 0x200;
const REQ: u32 = 1;
const ACK: u32 = 2;
const VFU: u32 = 4;
pub const PFSTS: u32 = 0x10;
pub const PFACK: u32 = 0x20;
pub const RSTI: u32 = 0x40;
pub const RSTD: u32 = 0x80;
const READ_TO_CLEAR: u32 = 0xb0;

/// A driver's view of one VF's mailbox.
pub struct MailboxUser {
    pub vf: usize,
    sticky: u32,
}

impl MailboxUser {
    pub fn new(vf: usize) -> MailboxUser {
        MailboxUser { vf, sticky: 0 }
    }

    /// The register, with what reading it has cleared before.
    pub fn status(&mut self, adapter: &mut Adapter) -> u32 {
        let status = adapter.read(self.vf, MAILBOX) | self.sticky;
        self.sticky |= status & READ_TO_CLEAR;
        status
    }

    /// Whether one of `bits` shows; forgets them.
    pub fn shows(&mut self, adapter: &mut Adapter, bits: u32) -> bool {
        let shows = self.status(adapter) & bits != 0;
        self.sticky &= !bits;
        shows
    }

    /// Takes the buffer; false if the PF has it.
    pub fn lock(&mut self, adapter: &mut Adapter) -> bool {
        let status = self.status(adapter);
        adapter.write(self.vf, MAILBOX, status | VFU);
        self.status(adapter) & VFU != 0
    }

    /// Gives the buffer back.
    pub fn unlock(&mut self, adapter: &mut Adapter) {
        let status = self.status(adapter);
        adapter.write(self.vf, MAILBOX, status & !VFU);
    }

    fn put(&mut self, adapter: &mut Adapter, message: &[u32]) {
        assert!(self.lock(adapter), "the buffer could not be had");
        self.shows(adapter, PFSTS | PFACK);
        for (at, word) in message.iter().enumerate() {
            adapter.write(self.vf, MEMORY + 4 * at, *word);
        }
    }

    /// Sends a message, letting go of the buffer with it.
    pub fn send(&mut self, adapter: &mut Adapter, message: &[u32]) {
        self.put(adapter, message);
        adapter.write(self.vf, MAILBOX, REQ);
    }

    /// Sends a message and keeps the buffer, as from API 1.5 on until it is acknowledged.
    pub fn send_holding(&mut self, adapter: &mut Adapter, message: &[u32]) {
        self.put(adapter, message);
        let status = self.status(adapter);
        adapter.write(self.vf, MAILBOX, status | REQ);
    }

    /// The buffer's words.
    pub fn words(&mut self, adapter: &mut Adapter) -> [u32; 16] {
        std::array::from_fn(|at| adapter.read(self.vf, MEMORY + 4 * at))
    }

    /// Takes the PF's message, if there is one, and acknowledges it.
    pub fn receive(&mut self, adapter: &mut Adapter) -> Option<[u32; 16]> {
        if !self.shows(adapter, PFSTS) {
            return None;
        }
        assert!(self.lock(adapter), "the buffer could not be had");
        let words = self.words(adapter);
        adapter.write(self.vf, MAILBOX, ACK);
        Some(words)
    }

    /// Sends a message and takes the answer.
    pub fn ask(&mut self, adapter: &mut Adapter, message: &[u32]) -> [u32; 16] {
        self.send(adapter, message);
        assert!(self.shows(adapter, PFACK), "{message:#x?} was not acknowledged");
        self.receive(adapter).expect("no answer")
    }

    /// Asks, and takes the answer as from API 1.5 on: reading needs no buffer.
    pub fn ask_holding(&mut self, adapter: &mut Adapter, message: &[u32]) -> [u32; 16] {
        self.send_holding(adapter, message);
        assert!(self.shows(adapter, PFACK), "{message:#x?} was not acknowledged");
        assert!(!self.shows(adapter, PFSTS), "answered into a buffer that the VF holds");
        self.unlock(adapter);
        assert!(self.shows(adapter, PFSTS), "{message:#x?} was not answered");
        let words = self.words(adapter);
        let status = self.status(adapter);
        adapter.write(self.vf, MAILBOX, status | ACK);
        words
    }

    /// Resets the VF by its register and greets the PF, whose answer this is; unless it is in reset.
    pub fn try_reset(&mut self, adapter: &mut Adapter) -> Option<[u32; 16]> {
        adapter.write(self.vf, 0, 1 << 26);
        adapter.read(self.vf, 8);
        self.sticky = 0;
        let quiet = (0..200).any(|_| !self.shows(adapter, RSTI | RSTD));
        quiet.then(|| self.ask(adapter, &[1]))
    }

    /// The same, of a PF that is not in reset.
    pub fn reset(&mut self, adapter: &mut Adapter) -> [u32; 16] {
        self.try_reset(adapter).expect("the PF is in reset")
    }

    /// Resets, greets and agrees on an API: its number of `ixgbe_pfvf_api_rev`.
    pub fn begin(&mut self, adapter: &mut Adapter, api: u32) -> [u32; 16] {
        let greeting = self.reset(adapter);
        let answer = self.ask(adapter, &[8, api, 0]);
        assert_eq!(answer[0], 0xa000_0008, "API number {api}");
        greeting
    }
}
