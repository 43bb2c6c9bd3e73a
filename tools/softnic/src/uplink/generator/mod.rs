//! A generator: sends UDP over IPv4 to each VF in turn, and counts what comes back.

mod returned;
mod stamp;
mod template;

use fastrand::Rng;

use returned::Window;
pub use stamp::Stamp;
use template::{Target, Template};

use super::{GenSpec, Size, Traffic, Uplink, UplinkCounters, Wire};

/// Most frames for one VF before it is the next one's turn.
const BURST: usize = 32;

/// Sizes of the Internet's mix, with FCS: seven, four and one of twelve frames.
const IMIX: [(u16, usize); 3] = [(64, 7), (594, 4), (1518, 1)];

/// What tells a flow from the others for the same VF.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    /// IPv4 address of the source.
    source: [u8; 4],
    /// Its port.
    port: u16,
}

impl Flow {
    /// The flow of this number, below 65536: another address for each, from 198.18.0.1 on, and another
    /// port as far as there are any, so that any hash over either spreads them.
    fn number(flow: u32) -> Flow {
        let source = u32::from_be_bytes([198, 18, 0, 1]) + flow;
        Flow { source: source.to_be_bytes(), port: 1024 + (flow % 64512) as u16 }
    }
}

/// See [`super::UplinkSpec::Gen`].
pub(super) struct Gen {
    spec: GenSpec,
    run: u16,
    streams: Vec<Stream>,
    /// The VF that is sent to next.
    turn: usize,
    sent: Traffic,
    received: Traffic,
}

/// What one VF is sent.
#[derive(Default)]
struct Stream {
    /// Whom the templates are made for.
    target: Option<Target>,
    /// One for each size.
    templates: Vec<Template>,
    /// The templates in the order in which they are sent, again and again.
    order: Vec<usize>,
    /// Place in `order` and number of the flow of the next frame.
    turn: usize,
    flow: u32,
    window: Window,
}

impl Gen {
    pub(super) fn new(spec: &GenSpec, run: u64) -> Gen {
        Gen {
            spec: spec.clone(),
            run: run as u16,
            streams: Vec::new(),
            turn: 0,
            sent: Traffic::default(),
            received: Traffic::default(),
        }
    }

    /// Sends a burst to one VF. Returns how many frames that were.
    fn burst(&mut self, vf: usize, now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        let Some(mac) = wire.mac(vf) else { return 0 };
        let target = Target { vf, mac, vlan: wire.vlan(vf), run: self.run };
        let stream = &mut self.streams[vf];
        if stream.target != Some(target) {
            stream.aim(target, &self.spec);
        }
        let longest = stream.templates.iter().map(Template::len).max().unwrap_or(0);
        let room = if self.spec.open { usize::MAX } else { wire.room(vf, longest) };
        let count = room.min(budget).min(BURST);
        for _ in 0..count {
            let sequence = stream.window.next();
            let flow = Flow::number(stream.flow);
            let template = &mut stream.templates[stream.order[stream.turn]];
            stream.flow = after(stream.flow, self.spec.flows);
            stream.turn = after(stream.turn as u32, stream.order.len() as u32) as usize;
            let (frame, facts) = template.stamp(flow, sequence, now);
            wire.deliver(frame, facts);
            self.sent.count(frame.len());
        }
        count
    }
}

/// The next of `count` numbers, after which they start anew.
fn after(number: u32, count: u32) -> u32 {
    if number + 1 < count { number + 1 } else { 0 }
}

impl Stream {
    /// Makes the templates for another target.
    fn aim(&mut self, target: Target, spec: &GenSpec) {
        let mut random = Rng::with_seed(spec.seed ^ (target.vf as u64) << 32);
        let sizes = match spec.size {
            Size::Fixed(size) => vec![(size, 1)],
            Size::Imix => IMIX.to_vec(),
        };
        self.target = Some(target);
        self.order = sizes.iter().enumerate().flat_map(|(i, (_, n))| vec![i; *n]).collect();
        random.shuffle(&mut self.order);
        self.turn = 0;
        let template = |(size, _): &(u16, usize)| Template::new(target, *size, || random.u8(..));
        self.templates = sizes.iter().map(template).collect();
    }
}

impl Uplink for Gen {
    fn poll(&mut self, now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        let vfs = wire.vfs();
        self.streams.resize_with(vfs, Stream::default);
        let mut sent = 0;
        for _ in 0..vfs {
            if sent == budget {
                break;
            }
            self.turn = (self.turn + 1) % vfs;
            sent += self.burst(self.turn, now, budget - sent, wire);
        }
        sent
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.received.count(frame.len());
        if let Some(stamp) = Stamp::read(frame).filter(|stamp| stamp.run == self.run)
            && let Some(stream) = self.streams.get_mut(stamp.vf)
        {
            stream.window.back(stamp.sequence);
        }
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters {
            sent: self.sent,
            received: self.received,
            returned: self.streams.iter().map(|stream| stream.window.counters()).collect(),
            ..UplinkCounters::default()
        }
    }
}
