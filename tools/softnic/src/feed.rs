//! A measured step: what a program asks for that times its driver between two of them.

use crate::memory::Flush;
use crate::uplink::{GenSpec, Sink, Source, UplinkSpec};
use crate::{Adapter, Spec};

/// The run that a feeder's frames carry: the last one that a wire comes to.
const RUN: u64 = u16::MAX as u64;

/// What a measured step has in place of the wire: a generator, and an end for what is sent.
pub(crate) struct Feeder {
    pub(crate) source: Source,
    pub(crate) sink: Sink,
}

impl Feeder {
    /// One with the generator of these options, or with the default one if the uplink is none.
    pub(crate) fn new(spec: &Spec) -> Feeder {
        let options = match &spec.uplink {
            UplinkSpec::Gen(options) => options.clone(),
            _ => GenSpec::default(),
        };
        // It knows which rings have room.
        let options = GenSpec { open: false, ..options };
        Feeder { source: Source::new(&options, RUN), sink: Sink::default() }
    }
}

/// What the VFs of one process have been given and have given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames that were put into receive rings.
    pub delivered: u64,
    /// Frames that were taken from transmit rings, whatever became of them then.
    pub taken: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.delivered += other.delivered;
        self.taken += other.taken;
    }
}

impl Adapter {
    /// A measured step, at `now` as for [`Adapter::step`]: takes everything that the VFs open here have
    /// queued for transmit, and hands each that can receive `frames` frames, fewer where a ring has no
    /// room. Returns how many frames were put into receive rings.
    ///
    /// The frames are those of the options' generator and come the uplink's way, but the generator is
    /// this adapter's own, and what is sent to the wire ends here. So it does not matter who has the wire,
    /// and other processes of a shared adapter neither take part nor are waited for: their frames wait
    /// for the next [`Adapter::step`], and frames for them are lost
    /// ([`crate::SwitchCounters::crossing_lost`]).
    ///
    /// While it does the same again and again it makes no system call but for interrupts, and takes no
    /// memory.
    pub fn feed(&mut self, now: u64, frames: usize) -> usize {
        let before = self.tally().delivered;
        self.attend(now);
        self.datapath.feed(
            &self.spaces,
            &mut self.plane,
            &mut self.functions,
            &mut self.feeder,
            frames,
            now,
        );
        self.settle();
        (self.tally().delivered - before) as usize
    }

    /// What the VFs that are or were open here have been given and have given.
    pub fn tally(&self) -> Tally {
        let mut tally = self.closed;
        for function in self.functions.iter().flatten() {
            tally += function.counters.tally();
        }
        tally
    }

    /// Throws out of all caches the rings of all queues that are on, and the bytes that the last
    /// [`Adapter::feed`] has written to buffers. Returns how many lines that were; `None` on
    /// processors other than x86-64, for which nobody has written it.
    pub fn chill(&self) -> Option<usize> {
        let flush = Flush::new()?;
        let mut lines = 0;
        self.datapath.touched(|vf, iova, len| lines += self.spaces.of(vf).flush(&flush, iova, len));
        Some(lines)
    }
}
