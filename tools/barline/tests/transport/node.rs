//! A port with its queues, by its address, and frames from one to another.

use std::ops::Range;
use std::time::Instant;

use barline::dma::{PagePreference, PageSize};
use barline::{
    Arena, ArenaConfig, Config, Event, MacAddress, Pool, Port, Result, RxQueue, TxQueue,
};
use testkit::{LONG, until};

/// VF 0 and VF 1 of a run.
pub const VF0: &str = "0000:01:10.0";
pub const VF1: &str = "0000:01:10.2";

const PAGES: PagePreference = PagePreference::Only(PageSize::Ordinary);

/// A port with its queues.
pub struct Node {
    pub rx: RxQueue,
    pub tx: TxQueue,
    pub pool: Pool,
    pub port: Port,
}

/// A small arena for two ports.
pub fn arena() -> Arena {
    Arena::new(ArenaConfig { buffers: 512, rings: 32 << 10, pages: PAGES, ..Default::default() })
        .unwrap()
}

/// A small configuration on an arena.
pub fn config(arena: &Arena) -> Config {
    Config { rx_ring: 64, tx_ring: 64, arena: Some(arena.clone()), ..Config::default() }
}

impl Node {
    /// Opens a VF and starts its queues.
    pub fn start(address: &str, arena: &Arena) -> Result<Node> {
        Node::started(Port::open_with(address, config(arena))?)
    }

    /// Starts the queues of a port.
    pub fn started(mut port: Port) -> Result<Node> {
        let mut queues = port.start()?;
        let (rx, tx) = (queues.rx.remove(0), queues.tx.remove(0));
        Ok(Node { rx, tx, pool: port.pool(), port })
    }

    pub fn mac(&self) -> MacAddress {
        self.port.mac()
    }

    /// Sends a frame.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        let mut batch = self.pool.batch(1);
        batch.alloc(bytes.len()).expect("buffers").copy_from(bytes);
        until("the frame is taken", || self.tx.push(&mut batch) == 1);
    }

    /// What has come by now.
    pub fn poll(&mut self) -> Vec<Vec<u8>> {
        let mut batch = self.pool.batch(64);
        self.rx.poll(&mut batch);
        batch.frames().map(|frame| frame.data().to_vec()).collect()
    }

    /// Waits for `count` frames.
    #[track_caller]
    pub fn take(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut got = Vec::new();
        until("frames come", || {
            got.append(&mut self.poll());
            got.len() >= count
        });
        assert_eq!(got.len(), count);
        got
    }

    /// Waits for an event; returns those before it.
    #[track_caller]
    pub fn event(&self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut before = Vec::new();
        let end = Instant::now() + LONG;
        loop {
            match self.port.events().recv_deadline(end) {
                Ok(event) if wanted(&event) => return before,
                Ok(event) => before.push(event),
                Err(_) => panic!("no such event came, but {before:?}"),
            }
        }
    }
}

/// Sends `count` numbered frames each way, as many at a time as the rings hold, and checks that each
/// arrives once, in order and whole.
#[track_caller]
pub fn exchange(a: &mut Node, b: &mut Node, count: u32) {
    const BURST: u32 = 16;
    for first in (0..count).step_by(BURST as usize) {
        let numbers = first..count.min(first + BURST);
        pass(a, b, numbers.clone());
        pass(b, a, numbers);
    }
}

#[track_caller]
fn pass(from: &mut Node, to: &mut Node, numbers: Range<u32>) {
    let (source, target) = (from.mac(), to.mac());
    let frames: Vec<_> = numbers.map(|number| frame(target, source, number)).collect();
    frames.iter().for_each(|frame| from.send(frame));
    assert_eq!(to.take(frames.len()), frames);
}

/// A frame between two addresses whose length and bytes follow from its number.
pub fn frame(to: MacAddress, from: MacAddress, number: u32) -> Vec<u8> {
    // An EtherType for experiments.
    let mut frame = [&to.0[..], &from.0, &[0x88, 0xb5], &number.to_be_bytes()].concat();
    let len = 60 + number.wrapping_mul(37) as usize % 1455;
    let bytes = (frame.len()..len).map(|at| (at as u32).wrapping_mul(number | 1) as u8);
    frame.extend(bytes.collect::<Vec<_>>());
    frame
}
