//! A transport that changes what the PF says by mailbox, and notes what it was asked.
#![allow(unsafe_code)]

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex};

use barline::Result;
use barline::transport::{DmaSpace, Identity, Notice, Transport};
use barline_ring::Doorbell;

/// VFMBMEM, 16 words.
const WORDS: std::ops::Range<u64> = 0x200..0x240;
/// VFMAILBOX, and its bit REQ.
const MAILBOX: u64 = 0x2fc;
const REQ: u32 = 1;

/// What a word of the answer becomes: by the request's first word, the word's number and its value.
pub type Lie = Box<dyn FnMut(u32, usize, u32) -> u32 + Send>;

/// A transport between a driver and a VF.
pub struct Tamper {
    inner: Arc<dyn Transport>,
    state: Mutex<State>,
}

struct State {
    lie: Lie,
    /// What the VF has written into the mailbox.
    message: [u32; 16],
    requests: Vec<[u32; 16]>,
    started: Vec<Started>,
    /// What a register reads as, once.
    once: Option<(u64, u32)>,
}

/// A queue that was turned on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// Of RXDCTL or TXDCTL.
    pub control: u64,
    pub head: u32,
    pub tail: u32,
}

impl Tamper {
    pub fn new(inner: Arc<dyn Transport>, lie: Lie) -> Arc<Tamper> {
        let state =
            State { lie, message: [0; 16], requests: Vec::new(), started: Vec::new(), once: None };
        Arc::new(Tamper { inner, state: Mutex::new(state) })
    }

    /// Lets a register read as something else, once.
    pub fn read_once(&self, offset: u64, value: u32) {
        self.state.lock().unwrap().once = Some((offset, value));
    }

    /// Whether that has happened.
    pub fn is_read(&self) -> bool {
        self.state.lock().unwrap().once.is_none()
    }

    /// The queues that were turned on so far.
    pub fn started(&self) -> Vec<Started> {
        self.state.lock().unwrap().started.clone()
    }

    /// The first two words of each request so far.
    pub fn requests(&self) -> Vec<(u32, u32)> {
        let state = self.state.lock().unwrap();
        state.requests.iter().map(|words| (words[0], words[1])).collect()
    }
}

/// Whether it is RXDCTL or TXDCTL of one of the first four queues.
fn is_control(offset: u64) -> bool {
    let queue = offset & 0xfff;
    matches!(offset & !0xfff, 0x1000 | 0x2000) && queue < 0x100 && queue & 0x3f == 0x28
}

fn word(offset: u64) -> Option<usize> {
    WORDS.contains(&offset).then(|| (offset - WORDS.start) as usize / 4)
}

impl fmt::Debug for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tamper({:?})", self.inner)
    }
}

// SAFETY: it passes everything on; what it changes are words of the mailbox, which drivers do not
// believe.
unsafe impl Transport for Tamper {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn identity(&self) -> Identity {
        self.inner.identity()
    }

    fn bar_len(&self, bar: u8) -> u64 {
        self.inner.bar_len(bar)
    }

    fn read32(&self, bar: u8, offset: u64) -> u32 {
        let value = self.inner.read32(bar, offset);
        if let Some((_, once)) = self.state.lock().unwrap().once.take_if(|(at, _)| *at == offset) {
            return once;
        }
        let Some(word) = word(offset) else { return value };
        let mut state = self.state.lock().unwrap();
        let request = state.requests.last().map_or(0, |words| words[0]);
        (state.lie)(request, word, value)
    }

    unsafe fn write32(&self, bar: u8, offset: u64, value: u32) {
        let mut state = self.state.lock().unwrap();
        if let Some(word) = word(offset) {
            state.message[word] = value;
        }
        if offset == MAILBOX && value & REQ != 0 {
            let message = state.message;
            state.requests.push(message);
        }
        if is_control(offset) && value >> 25 & 1 != 0 {
            let [head, tail] = [0x18, 0x10].map(|back| self.inner.read32(bar, offset - back));
            state.started.push(Started { control: offset, head, tail });
        }
        drop(state);
        // SAFETY: promised by the caller.
        unsafe { self.inner.write32(bar, offset, value) };
    }

    fn doorbell(self: Arc<Self>, bar: u8, offset: u64) -> Result<Doorbell> {
        self.inner.clone().doorbell(bar, offset)
    }

    fn read_config(&self, offset: u16, data: &mut [u8]) -> Result<()> {
        self.inner.read_config(offset, data)
    }

    unsafe fn write_config(&self, offset: u16, data: &[u8]) -> Result<()> {
        // SAFETY: promised by the caller.
        unsafe { self.inner.write_config(offset, data) }
    }

    fn set_bus_master(&self, on: bool) -> Result<()> {
        self.inner.set_bus_master(on)
    }

    fn reset(&self) -> Result<()> {
        self.inner.reset()
    }

    fn vectors(&self) -> u16 {
        self.inner.vectors()
    }

    fn set_vectors(&self, eventfds: &[BorrowedFd<'_>]) -> Result<()> {
        self.inner.set_vectors(eventfds)
    }

    fn set_notice(&self, notice: Notice, eventfd: Option<BorrowedFd<'_>>) -> Result<bool> {
        self.inner.set_notice(notice, eventfd)
    }

    fn dma(&self) -> Arc<dyn DmaSpace> {
        self.inner.dma()
    }
}
