//! What the tests have in common: an adapter with VFs, ports on them, and frames between them.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use barline::dma::{PagePreference, PageSize};
use barline::{
    Arena, ArenaConfig, Config, Event, Flags, MacAddress, PacketMut, Pool, Port, Result, RssHash,
    RxQueue, TxQueue,
};
use barline_device::Adapter;
use softnic::{Fault, Spec, VfCounters};

/// How long anything may take that happens at all.
pub const LONG: Duration = Duration::from_secs(20);

/// How long nothing happens to a port when its PF's reset is over: longer than it lets pass between two
/// looks at its device.
const QUIET: Duration = Duration::from_millis(200);

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

/// A port with its queues.
pub struct Node {
    pub port: Port,
    pub rx: Vec<RxQueue>,
    pub tx: Vec<TxQueue>,
    pub pool: Pool,
}

/// A received packet.
#[derive(Clone, Debug)]
pub struct Got {
    pub queue: usize,
    pub bytes: Vec<u8>,
    pub frames: usize,
    pub vlan: Option<u16>,
    pub rss: Option<RssHash>,
    pub flags: Flags,
}

impl Node {
    pub fn start(mut port: Port) -> Node {
        let queues = port.start().unwrap();
        let pool = port.pool();
        Node { port, rx: queues.rx, tx: queues.tx, pool }
    }

    /// Waits until the port works again after a reset, and its queues; returns the events before, but
    /// for the link's.
    #[track_caller]
    pub fn recovered(&mut self) -> Vec<Event> {
        let mut events = event(&self.port, |event| *event == Event::Recovered);
        events.retain(|event| !matches!(event, Event::Link(_)));
        // A PF says that it will be reset some time before it is, and may be greeted in between.
        while let Ok(more) = self.port.events().recv_timeout(QUIET) {
            if more == Event::PfReset {
                event(&self.port, |event| *event == Event::Recovered);
            }
        }
        self.settle();
        events
    }

    /// Waits until the receive queues are on: each is turned on by its own worker.
    #[track_caller]
    pub fn settle(&mut self) {
        until("the receive queues are on", || {
            self.poll();
            let registers = self.port.registers();
            (0..self.rx.len()).all(|n| {
                let name = format!("VFRXDCTL[{n}]");
                registers
                    .iter()
                    .any(|register| register.name == name && register.value >> 25 & 1 != 0)
            })
        });
    }

    pub fn mac(&self) -> MacAddress {
        self.port.mac()
    }

    /// Sends a frame by a queue, changed by `with` first.
    #[track_caller]
    pub fn send_by(&mut self, queue: usize, bytes: &[u8], with: impl FnOnce(&mut PacketMut<'_>)) {
        let mut batch = self.pool.batch(16);
        let mut packet = batch.alloc(bytes.len()).expect("buffers");
        packet.copy_from(bytes);
        with(&mut packet);
        let tx = &mut self.tx[queue];
        until("the frame is taken", || {
            tx.push(&mut batch);
            batch.is_empty()
        });
    }

    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.send_by(0, bytes, |_| {});
    }

    /// What has come to all queues by now.
    pub fn poll(&mut self) -> Vec<Got> {
        let mut got = Vec::new();
        let mut batch = self.pool.batch(64);
        for (queue, rx) in self.rx.iter_mut().enumerate() {
            rx.poll(&mut batch);
            for packet in batch.packets() {
                let head = packet.head();
                got.push(Got {
                    queue,
                    bytes: packet.frames().flat_map(|frame| frame.data().to_vec()).collect(),
                    frames: packet.frame_count(),
                    vlan: head.vlan(),
                    rss: head.rss(),
                    flags: head.flags(),
                });
            }
            batch.clear();
        }
        got
    }

    /// Waits for `count` packets.
    #[track_caller]
    pub fn take(&mut self, count: usize) -> Vec<Got> {
        let mut got = Vec::new();
        until("packets come", || {
            got.append(&mut self.poll());
            got.len() >= count
        });
        assert_eq!(got.len(), count, "{got:?}");
        got
    }

    /// Waits for the one packet that comes.
    #[track_caller]
    pub fn take_one(&mut self) -> Got {
        self.take(1).remove(0)
    }
}

/// Sends frames from one node to another, and a last one that surely arrives; returns which of the
/// others arrived before it.
#[track_caller]
pub fn arriving(from: &mut Node, to: &mut Node, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let last = frame(to.mac(), from.mac(), b"the last");
    for bytes in frames.iter().chain([&last]) {
        from.send(bytes);
    }
    let mut got = Vec::new();
    until("the last frame comes", || {
        got.extend(to.poll().into_iter().map(|got| got.bytes));
        got.contains(&last)
    });
    assert_eq!(got.pop(), Some(last), "it is the last");
    got
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

/// Asks until the answer is yes, or fails.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_micros(100));
    }
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
