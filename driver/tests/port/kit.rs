//! What the tests have in common.

use std::time::Instant;

use barline::dma::{PagePreference, PageSize};
use barline::{Config, Event, FrameBatch, Port, Result};

use crate::fake_vf::FakeVf;

pub use testkit::{LONG, threads, until};

/// A small configuration on ordinary pages.
pub fn config() -> Config {
    Config {
        rx_ring: 64,
        tx_ring: 64,
        pages: PagePreference::Only(PageSize::Ordinary),
        ..Config::default()
    }
}

pub fn open(fake: &FakeVf) -> Result<Port> {
    Port::on(fake.transport(), config())
}

/// Takes events until one is as wanted; returns those before it.
#[track_caller]
pub fn event(port: &Port, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut before = Vec::new();
    let end = Instant::now() + LONG;
    loop {
        match port.events().recv_deadline(end) {
            Ok(event) if wanted(&event) => return before,
            Ok(event) => before.push(event),
            Err(_) => panic!("no such event came, but {before:?}"),
        }
    }
}

/// A frame that can be told from others.
pub fn frame(number: u8) -> Vec<u8> {
    (0..100).map(|i| i ^ number).collect()
}

/// Puts a frame into a batch.
pub fn write(batch: &mut FrameBatch<'_>, bytes: &[u8]) {
    batch.alloc(bytes.len()).expect("buffers").copy_from(bytes);
}

/// The bytes of a batch's packets.
pub fn read(batch: &FrameBatch<'_>) -> Vec<Vec<u8>> {
    batch
        .packets()
        .map(|packet| packet.frames().flat_map(|f| f.data().to_vec()).collect())
        .collect()
}

/// Buffers that are neither free nor in a ring's quarantine.
pub fn in_use(port: &Port) -> usize {
    let census = port.arena().buffers().census();
    census.total - census.depot - census.quarantined
}
