//! What the tests have in common: an adapter with VFs, and frames.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Instant;

use barline::dma::{PagePreference, PageSize};
use barline::{Arena, ArenaConfig, Config, Event, MacAddress, Port, Result};
use barline_device::Adapter;
use softnic::{Fault, Spec, VfCounters};

use crate::node::Node;

pub use testkit::{LONG, until};

/// Numbers of VFs of the adapters that there are now. Equal options mean one adapter, so each has
/// another one; up to 31 VFs have four queues each.
static TAKEN: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// An adapter.
pub struct Rig {
    pub adapter: Adapter,
    _vfs: Option<Vfs>,
}

/// A number of VFs that nobody else has.
struct Vfs(usize);

impl Vfs {
    fn take() -> Vfs {
        let mut taken = TAKEN.lock().unwrap();
        let free = (2..=31).find(|vfs| !taken.contains(vfs)).expect("few tests run at once");
        taken.insert(free);
        Vfs(free)
    }
}

impl Drop for Vfs {
    fn drop(&mut self) {
        TAKEN.lock().unwrap().remove(&self.0);
    }
}

impl Rig {
    /// One with these options, of which `vfs=` is up to the kit if it is not among them, and a wire
    /// that ends in nothing if they say nothing of it. A VF may send from any address.
    pub fn new(options: &str) -> Rig {
        let vfs = (!options.contains("vfs=")).then(Vfs::take);
        let mut all = vec!["spoof=off".to_string()];
        all.extend(vfs.iter().map(|Vfs(vfs)| format!("vfs={vfs}")));
        all.extend((!options.contains("uplink=")).then(|| "uplink=sink".to_string()));
        all.extend((!options.is_empty()).then(|| options.to_string()));
        let spec = Spec::parse(&all.join(",")).unwrap();
        Rig { adapter: Adapter::open(&spec).unwrap(), _vfs: vfs }
    }

    /// Opens a VF.
    pub fn open(&self, vf: usize, config: Config) -> Result<Port> {
        Port::on(self.adapter.transport(vf).unwrap(), config)
    }

    /// Opens a VF and starts its queues.
    pub fn node(&self, vf: usize, config: Config) -> Node {
        Node::start(self.open(vf, config).unwrap())
    }

    /// Makes something happen.
    pub fn inject(&self, fault: Fault) {
        self.adapter.inject(fault);
    }

    /// What a VF has counted since it was opened.
    pub fn counters(&self, vf: usize) -> VfCounters {
        self.adapter.counters_of(vf)
    }
}

/// A small configuration on ordinary pages.
pub fn config() -> Config {
    Config {
        rx_ring: 64,
        tx_ring: 64,
        pages: PagePreference::Only(PageSize::Ordinary),
        ..Config::default()
    }
}

/// One with so many queues of each direction.
pub fn queues(count: u16) -> Config {
    Config { rx_queues: count, tx_queues: count, ..config() }
}

/// An arena for frames of 9 KiB.
pub fn large_arena() -> Arena {
    let pages = PagePreference::Only(PageSize::Ordinary);
    Arena::new(ArenaConfig { buffers: 512, pages, ..ArenaConfig::default() }).unwrap()
}

/// An address beyond the wire.
pub const BEYOND: MacAddress = MacAddress([0x02, 0, 0, 0, 0xff, 0x01]);

/// A frame between two addresses, 60 bytes at least.
pub fn frame(to: MacAddress, from: MacAddress, text: &[u8]) -> Vec<u8> {
    // An EtherType for experiments.
    let mut frame = [&to.0[..], &from.0, &[0x88, 0xb5], text].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

/// The same with a tag.
pub fn tagged(frame: &[u8], tci: u16) -> Vec<u8> {
    [&frame[..12], &[0x81, 0x00], &tci.to_be_bytes(), &frame[12..]].concat()
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
