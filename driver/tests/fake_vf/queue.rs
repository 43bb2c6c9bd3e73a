//! The data path: advanced descriptors, one buffer each, as the 82576's datasheet has them (7.1.5
//! and 7.2.2).

use super::Space;

const DONE: u64 = 1;
const END: u64 = 2;
const TX_END: u64 = 1 << 24;
const TX_REPORT: u64 = 1 << 27;
const TX_DONE: u64 = 1 << 32;
const TX_TYPE: u64 = 0xf << 20;
const TX_CONTEXT: u64 = 2 << 20;

/// One queue, as its registers set it up.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub base: u64,
    pub len: u64,
    pub head: u32,
    pub tail: u32,
    pub buffer: usize,
    pub on: bool,
}

impl Queue {
    fn count(&self) -> u32 {
        (self.len / 16) as u32
    }

    fn here(&self) -> u64 {
        self.base + 16 * u64::from(self.head)
    }

    fn advance(&mut self) {
        self.head = (self.head + 1) % self.count().max(1);
    }

    /// Descriptors that are the device's.
    pub fn armed(&self) -> u32 {
        if !self.on || self.count() == 0 {
            return 0;
        }
        (self.tail + self.count() - self.head) % self.count()
    }

    /// Writes a frame to armed buffers; false when there are not enough.
    pub fn receive(&mut self, space: &Space, frame: &[u8]) -> bool {
        if self.buffer == 0 || (self.armed() as usize) < frame.len().div_ceil(self.buffer) {
            return false;
        }
        let mut parts = frame.chunks(self.buffer).peekable();
        while let Some(part) = parts.next() {
            space.write(space.load(self.here()), part);
            let end = if parts.peek().is_none() { END } else { 0 };
            space.store(self.here(), 0);
            space.store(self.here() + 8, (part.len() as u64) << 32 | end | DONE);
            self.advance();
        }
        true
    }

    /// Takes the next frame to be sent.
    pub fn transmit(&mut self, space: &Space) -> Option<Vec<u8>> {
        let mut frame = Vec::new();
        while self.armed() > 0 {
            let second = space.load(self.here() + 8);
            let data = second & TX_TYPE != TX_CONTEXT;
            if data {
                let start = frame.len();
                frame.resize(start + (second & 0xffff) as usize, 0);
                space.read(space.load(self.here()), &mut frame[start..]);
            }
            if second & TX_REPORT != 0 {
                space.store(self.here() + 8, second | TX_DONE);
            }
            self.advance();
            if data && second & TX_END != 0 {
                return Some(frame);
            }
        }
        None
    }
}
