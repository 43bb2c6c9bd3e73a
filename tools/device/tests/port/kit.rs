//! What the tests have in common.

use std::sync::atomic::{AtomicUsize, Ordering};

use barline::dma::{PagePreference, PageSize};
use barline::{Config, Event, FrameBatch, Pool, Port, Queues, RxQueue};
use barline_device::{Adapter, Device, DeviceName};

pub use testkit::{LONG, until};

/// A small configuration on ordinary pages.
pub fn config() -> Config {
    Config {
        rx_ring: 256,
        tx_ring: 256,
        pages: PagePreference::Only(PageSize::Ordinary),
        ..Config::default()
    }
}

/// With so many queues of each direction.
pub fn with_queues(queues: u16) -> Config {
    Config { rx_queues: queues, tx_queues: queues, ..config() }
}

/// Options of an adapter that no other test has: the PF's MTU is large, and how large makes no
/// difference but for those who give one.
pub fn own(options: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(9200);
    if options.contains("mtu=") {
        return options.to_string();
    }
    format!("{options},mtu={}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Opens a VF.
#[track_caller]
pub fn open(name: &str, config: Config) -> Device {
    let name: DeviceName = name.parse().unwrap_or_else(|error| panic!("{error}"));
    barline_device::open(&name, config).unwrap_or_else(|error| panic!("{error}"))
}

/// A port with its queues.
pub struct End {
    pub port: Port,
    pub queues: Queues,
    pub pool: Pool,
}

impl End {
    pub fn start(mut port: Port) -> End {
        let queues = port.start().unwrap();
        let pool = port.pool();
        End { port, queues, pool }
    }

    /// Sends a packet by its first queue, made ready by `ready`.
    #[track_caller]
    pub fn send_with(&mut self, bytes: &[u8], ready: impl FnOnce(&mut barline::PacketMut<'_>)) {
        let mut batch = self.pool.batch(32);
        let mut packet = batch.alloc(bytes.len()).expect("buffers");
        packet.copy_from(bytes);
        ready(&mut packet);
        let tx = &mut self.queues.tx[0];
        until("it is taken", || {
            tx.push(&mut batch);
            batch.is_empty()
        });
    }

    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.send_with(bytes, |_| ());
    }
}

/// Two VFs that face each other, and the adapter, which moves when it is told to.
pub struct Pair {
    pub adapter: Adapter,
    pub ends: [End; 2],
}

impl Pair {
    /// VFs 0 and 1 of an adapter with these options, with these configurations.
    #[track_caller]
    pub fn with(options: &str, configs: [Config; 2]) -> Pair {
        let options = own(options);
        let mut adapter = None;
        let mut vf = 0;
        let ends = configs.map(|config| {
            let device = open(&format!("soft:{options},uplink=sink,drive=caller,vf={vf}"), config);
            vf += 1;
            adapter = device.adapter;
            End::start(device.port)
        });
        Pair { adapter: adapter.expect("it is software"), ends }
    }

    #[track_caller]
    pub fn new(options: &str) -> Pair {
        Pair::with(options, [config(), config()])
    }

    /// Lets the adapter move all that it can.
    pub fn settle(&self) {
        while self.adapter.step() > 0 {}
    }

    /// All that a VF's receive queue has got.
    pub fn received(&mut self, vf: usize, queue: usize) -> Vec<Vec<u8>> {
        self.settle();
        let End { queues, pool, .. } = &mut self.ends[vf];
        drain(&mut queues.rx[queue], pool)
    }

    /// Moves the adapter until the port tells of an event as wanted; returns those before it.
    #[track_caller]
    pub fn event(&self, vf: usize, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut before = Vec::new();
        let mut found = false;
        until("the event", || {
            self.adapter.step();
            for event in self.ends[vf].port.events().try_iter() {
                found = wanted(&event);
                if found {
                    break;
                }
                before.push(event);
            }
            found
        });
        before
    }

    /// Sends a packet from VF 1 again and again until VF 0 gets it.
    #[track_caller]
    pub fn until_it_comes(&mut self, bytes: &[u8]) {
        until("a packet has passed", || {
            {
                let End { queues, pool, .. } = &mut self.ends[1];
                let mut batch = pool.batch(8);
                batch.alloc(bytes.len()).expect("buffers").copy_from(bytes);
                queues.tx[0].push(&mut batch);
            }
            self.received(0, 0).iter().any(|packet| packet == bytes)
        });
        self.received(0, 0);
    }
}

/// The bytes of the packets that a queue has.
pub fn drain(rx: &mut RxQueue, pool: &Pool) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut batch = pool.batch(64);
    while rx.poll(&mut batch) > 0 {
        all.extend(read(&batch));
        batch.clear();
    }
    all
}

/// The bytes of a batch's packets.
pub fn read(batch: &FrameBatch<'_>) -> Vec<Vec<u8>> {
    let bytes = |packet: barline::Packet<'_>| {
        packet.frames().flat_map(|frame| frame.data().to_vec()).collect()
    };
    batch.packets().map(bytes).collect()
}
