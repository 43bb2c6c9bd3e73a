//! The frames of a generator: for each VF an endless row of them.

use fastrand::Rng;

use super::returned::Window;
use super::template::{Target, Template};
use super::{Flow, Stamp};
use crate::uplink::{GenSpec, Returned, Size, Traffic, Wire};

/// Sizes of the Internet's mix, with FCS: seven, four and one of twelve frames.
const IMIX: [(u16, usize); 3] = [(64, 7), (594, 4), (1518, 1)];

/// What sends them.
pub(crate) struct Source {
    spec: GenSpec,
    run: u16,
    /// By VF.
    streams: Vec<Stream>,
    sent: Traffic,
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

impl Source {
    /// One that has sent nothing. Its frames carry `run`, see [`Stamp::run`].
    pub(crate) fn new(spec: &GenSpec, run: u64) -> Source {
        Source {
            spec: spec.clone(),
            run: run as u16,
            streams: Vec::new(),
            sent: Traffic::default(),
        }
    }

    /// Sends up to `most` frames to one VF: fewer where it has no room, unless the generator is an open
    /// one. Returns how many.
    pub(crate) fn send<W: Wire + ?Sized>(
        &mut self,
        vf: usize,
        now: u64,
        most: usize,
        wire: &mut W,
    ) -> usize {
        if vf >= self.streams.len() {
            self.streams.resize_with(vf + 1, Stream::default);
        }
        let Some(mac) = wire.mac(vf) else { return 0 };
        let target = Target { vf, mac, vlan: wire.vlan(vf), run: self.run };
        let stream = &mut self.streams[vf];
        if stream.target != Some(target) {
            stream.aim(target, &self.spec);
        }
        let longest = stream.templates.iter().map(Template::len).max().unwrap_or(0);
        let room = if self.spec.open { usize::MAX } else { wire.room(vf, longest) };
        let count = room.min(most);
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

    /// A frame has come back.
    pub(super) fn back(&mut self, stamp: Stamp) {
        if stamp.run == self.run
            && let Some(stream) = self.streams.get_mut(stamp.vf)
        {
            stream.window.back(stamp.sequence);
        }
    }

    /// What was sent.
    pub(super) fn sent(&self) -> Traffic {
        self.sent
    }

    /// What has become of it, by VF.
    pub(super) fn returned(&self) -> Vec<Returned> {
        self.streams.iter().map(|stream| stream.window.counters()).collect()
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
