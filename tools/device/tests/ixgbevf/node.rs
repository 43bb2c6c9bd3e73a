//! A port with its queues, and frames from one to another.

use std::time::Duration;

use barline::{Event, Flags, MacAddress, PacketMut, Pool, Port, RssHash, RxQueue, TxQueue};

use crate::kit::{event, frame, until};

/// How long nothing happens to a port when its PF's reset is over: longer than it lets pass between two
/// looks at its device.
const QUIET: Duration = Duration::from_millis(200);

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
