//! From descriptors to the switch and back: the queues of the VFs that this process drives.
//!
//! A step looks at all registers, then hands over what other processes and the wire have for the VFs, and
//! takes a bounded burst from each transmit queue. Frames go straight into the buffers of their
//! receivers; write-backs are made in bursts, at the latest at the step's end. Between two steps nothing
//! is on its way: a queue that is turned off then is not touched any more.

mod counters;
mod delivery;
mod fabric;
mod feed;
mod mischief;
mod registers;
mod ring;
mod rx;
mod tx;

use std::sync::Arc;

use delivery::{Delivery, Late};
use fabric::Fabric;
pub use fabric::SwitchCounters;
pub(crate) use mischief::{Lies, Mischief, OneIn};
use rx::Receiver;
use tx::{BURST, Scratch, Sender};
pub use tx::{Malformed, MalformedCounts};

use crate::Spec;
use crate::function::{Cause, Function};
use crate::memory::Spaces;
use crate::model::Generation;
use crate::offload::Toeplitz;
use crate::pf::rss;
use crate::plane::Plane;
use crate::regs::{QUEUE_STRIDE, RX_BASE, TX_BASE};
use crate::switch::Switch;
use crate::uplink::Uplink;

/// Frames that are taken from the wire for each VF in one step, and from each process that has frames
/// for one.
const WIRE_BURST: usize = 64;

/// The datapath of one adapter, as far as this process drives it.
#[derive(Debug)]
pub(crate) struct Datapath {
    generation: &'static Generation,
    /// The PF has malicious-driver detection on.
    detects: bool,
    queues: usize,
    /// By VF; those that this process drives.
    receivers: Vec<Option<Receiver>>,
    senders: Vec<Option<Sender>>,
    /// The VF's function as it was last seen: its epoch, and what is wrong with its write-backs.
    seen: Vec<(u64, Lies)>,
    switch: Switch,
    pf_hash: Arc<Toeplitz>,
    scratch: Scratch,
    /// What goes wrong on purpose.
    pub(crate) mischief: Mischief,
    late: Vec<Late>,
    counters: SwitchCounters,
    /// Whose turn it is to send first.
    turn: usize,
}

impl Datapath {
    /// The datapath of an adapter none of whose VFs is open.
    pub(crate) fn new(spec: &Spec) -> Datapath {
        Datapath {
            generation: spec.model.generation(),
            detects: spec.mdd,
            queues: spec.queues(),
            receivers: (0..spec.vfs).map(|_| None).collect(),
            senders: (0..spec.vfs).map(|_| None).collect(),
            seen: vec![(0, Lies::default()); spec.vfs],
            switch: Switch::new(),
            pf_hash: Arc::new(Toeplitz::new(rss::KEY)),
            scratch: Scratch::new(),
            mischief: Mischief::default(),
            late: Vec::new(),
            counters: SwitchCounters::default(),
            turn: 0,
        }
    }

    /// Connects a VF that was just opened.
    pub(crate) fn open(&mut self, function: &Function) {
        let (vf, registers) = (function.vf, &function.registers);
        let (generation, queues) = (self.generation, self.queues);
        let mut receiver = Receiver::new(Arc::clone(registers), generation, queues, &self.pf_hash);
        let mut sender = Sender::new(vf, Arc::clone(registers), self.detects, queues);
        if let Some(port) = self.switch.port(vf) {
            receiver.configure(port);
            sender.configure(port);
        }
        self.receivers[vf] = Some(receiver);
        self.senders[vf] = Some(sender);
        self.seen[vf] = (function.epoch, Lies::default());
    }

    /// Disconnects a VF.
    pub(crate) fn close(&mut self, vf: usize) {
        if vf < self.receivers.len() {
            self.receivers[vf] = None;
            self.senders[vf] = None;
        }
    }

    /// What is counted of the adapter as a whole.
    pub(crate) fn counters(&self) -> SwitchCounters {
        self.counters
    }

    /// Shows in a VF's head registers exactly how far its queues came: they lag behind otherwise.
    pub(crate) fn show(&mut self, vf: usize) {
        if let Some(Some(receiver)) = self.receivers.get_mut(vf) {
            receiver.show();
        }
        if let Some(Some(sender)) = self.senders.get_mut(vf) {
            sender.show();
        }
    }

    /// A driver has written a register, other than by memory. If that has turned a queue off it is seen
    /// now, since the queue may be on again by the next step.
    pub(crate) fn written(&mut self, vf: usize, offset: usize) {
        if offset % QUEUE_STRIDE != registers::CONTROL {
            return;
        }
        if let (Some(Some(receiver)), Some(at)) =
            (self.receivers.get_mut(vf), offset.checked_sub(RX_BASE))
        {
            receiver.look(at / QUEUE_STRIDE);
        }
        if let (Some(Some(sender)), Some(at)) =
            (self.senders.get_mut(vf), offset.checked_sub(TX_BASE))
        {
            sender.look(at / QUEUE_STRIDE);
        }
    }

    /// Moves frames, for a bounded time. Returns how many.
    pub(crate) fn step(
        &mut self,
        spaces: &Spaces,
        plane: &mut Plane,
        functions: &mut [Option<Box<Function>>],
        uplink: Option<&mut (dyn Uplink + 'static)>,
        uplink_held: bool,
        now: u64,
    ) -> usize {
        let open = self.begin(plane, functions);
        let (mut senders, mut fabric) = self.open_up(spaces, plane, uplink, now);
        let mut frames = fabric.admit_crossing(WIRE_BURST);
        frames += senders.pass(open, BURST, &mut fabric);
        if !uplink_held {
            frames += fabric.admit_wire(WIRE_BURST * open.count_ones().max(1) as usize);
        }
        fabric.delivery.catch_up(None);
        self.end(spaces, functions, now);
        frames
    }

    /// What moves frames in a step: those who send, and what they meet.
    fn open_up<'a>(
        &'a mut self,
        spaces: &'a Spaces,
        plane: &'a mut Plane,
        uplink: Option<&'a mut (dyn Uplink + 'static)>,
        now: u64,
    ) -> (Senders<'a>, Fabric<'a>) {
        let turn = self.turn;
        self.turn = (turn + 1) % self.senders.len().max(1);
        let senders = Senders { list: &mut self.senders, turn, scratch: &mut self.scratch };
        let fabric = Fabric {
            delivery: Delivery {
                spaces,
                receivers: &mut self.receivers,
                generation: self.generation,
                mischief: self.mischief.is_on().then_some(&mut self.mischief),
                late: &mut self.late,
            },
            switch: &self.switch,
            plane,
            crosses: true,
            uplink,
            counters: &mut self.counters,
            now,
        };
        (senders, fabric)
    }

    /// Hands out what the PF has set.
    fn configure(&mut self) {
        for vf in 0..self.receivers.len() {
            let Some(port) = self.switch.port(vf) else { continue };
            if let Some(receiver) = &mut self.receivers[vf] {
                receiver.configure(port);
            }
            if let Some(sender) = &mut self.senders[vf] {
                sender.configure(port);
            }
        }
    }

    /// Looks at what has become of the switch and of each VF. Returns the VFs that may reach memory, by
    /// bit.
    fn begin(&mut self, plane: &Plane, functions: &[Option<Box<Function>>]) -> u64 {
        if self.switch.refresh(plane) {
            self.configure();
        }
        let mut open = 0;
        for (vf, function) in functions.iter().enumerate() {
            let (Some(function), Some(receiver), Some(sender)) =
                (function, &mut self.receivers[vf], &mut self.senders[vf])
            else {
                continue;
            };
            let now = (function.epoch, function.lies);
            let before = std::mem::replace(&mut self.seen[vf], now);
            if now.0 != before.0 {
                receiver.forget();
                sender.reset();
            }
            if now.1 != before.1 {
                receiver.set_lies(now.1);
                sender.set_lies(now.1);
            }
            let may_dma = function.may_dma();
            receiver.begin(may_dma);
            if may_dma {
                open |= 1 << vf;
            } else {
                sender.forget();
            }
        }
        open
    }

    /// Writes back what is left, raises interrupts, and hands over what was counted.
    fn end(&mut self, spaces: &Spaces, functions: &mut [Option<Box<Function>>], now: u64) {
        for (vf, function) in functions.iter_mut().enumerate() {
            let (Some(function), Some(receiver), Some(sender)) =
                (function, &mut self.receivers[vf], &mut self.senders[vf])
            else {
                continue;
            };
            let mut raise = |cause: Cause| function.raise(cause, now);
            receiver.end(spaces.of(vf), &mut raise);
            sender.end(&mut raise);
            function.counters.take(receiver.counters(), sender.counters());
        }
    }
}

/// The transmit sides, at work.
struct Senders<'a> {
    list: &'a mut [Option<Sender>],
    /// Who is first.
    turn: usize,
    scratch: &'a mut Scratch,
}

impl Senders<'_> {
    /// Gives each queue of the VFs that may reach memory, by bit, so many descriptors. Returns how many
    /// frames were sent.
    fn pass(&mut self, open: u64, burst: u32, fabric: &mut Fabric<'_>) -> usize {
        let mut frames = 0;
        for n in 0..self.list.len() {
            let vf = (self.turn + n) % self.list.len();
            let may_send = fabric.switch.sends(vf) && open >> vf & 1 == 1;
            if let Some(Some(sender)) = self.list.get_mut(vf).filter(|_| may_send) {
                frames += sender.pass(burst, self.scratch, fabric);
            }
        }
        frames
    }
}
