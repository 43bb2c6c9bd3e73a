//! The adapter: VFs, memory, switch, uplink. It has no thread, no clock and no I/O of its own.

use std::fmt;
use std::sync::Arc;

use crate::datapath::Datapath;
use crate::feed::{Feeder, Tally};
use crate::function::{Effect, Function, Message};
use crate::memory::{Space, Spaces};
use crate::pf::Pf;
use crate::uplink::{Uplink, UplinkCounters};
use crate::{Memory, Notice, PLAIN_START, Plane, RegisterFile, Spec, VfCounters};

/// Why a VF could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such VF, or it was pulled out.
    #[error("VF {vf} of {vfs} is not there; VFs are numbered from 0")]
    Absent {
        /// The VF.
        vf: usize,
        /// VFs of the adapter.
        vfs: usize,
    },
    /// It is driven already, by this or another process.
    #[error("VF {vf} is in use already, by this or another process: close it there first")]
    Busy {
        /// The VF.
        vf: usize,
    },
    /// The kernel has no memory or descriptor for its registers.
    #[error("VF {vf}: no memory for its registers: {error}")]
    Memory {
        /// The VF.
        vf: usize,
        /// What the kernel said.
        error: std::io::Error,
    },
}

/// An adapter, as far as this process drives it.
///
/// VFs are numbered from 0. What names a VF that is not open here reads as all ones and changes nothing.
pub struct Adapter {
    pub(crate) spec: Spec,
    pub(crate) plane: Plane,
    pub(crate) spaces: Spaces,
    pub(crate) uplink: Option<Box<dyn Uplink>>,
    /// By number; those that this process drives.
    pub(crate) functions: Vec<Option<Box<Function>>>,
    pub(crate) datapath: Datapath,
    /// What a measured step has in the uplink's place.
    pub(crate) feeder: Feeder,
    /// What was counted of VFs that are closed by now.
    pub(crate) closed: Tally,
    /// The uplink is not asked what it has to send.
    pub(crate) uplink_held: bool,
    /// The generation of the plane that the VFs have been shown.
    shown: u64,
    /// Time of the last step, in nanoseconds.
    pub(crate) now: u64,
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open: Vec<usize> =
            self.functions.iter().flatten().map(|function| function.vf).collect();
        let mut shown = f.debug_struct("Adapter");
        shown.field("spec", &self.spec).field("open", &open).finish_non_exhaustive()
    }
}

impl Adapter {
    /// An adapter on a plane that was made of the same options. `uplink` is what it is plugged into, if
    /// this process has the wire.
    pub fn new(spec: &Spec, plane: Plane, uplink: Option<Box<dyn Uplink>>) -> Adapter {
        Adapter {
            spec: spec.clone(),
            plane,
            spaces: Spaces::new(spec.vfs),
            uplink,
            functions: (0..spec.vfs).map(|_| None).collect(),
            datapath: Datapath::new(spec),
            feeder: Feeder::new(spec),
            closed: Tally::default(),
            uplink_held: false,
            shown: 0,
            now: 0,
        }
    }

    /// What it was made of.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Takes a VF, as after power-on. Its registers beyond page 0 may be mapped and used directly.
    ///
    /// # Errors
    /// It is not there, in use, or there is no memory for it.
    pub fn open(&mut self, vf: usize) -> Result<Arc<RegisterFile>, OpenError> {
        let vfs = self.spec.vfs;
        if vf >= vfs || self.plane.port(vf).removed {
            return Err(OpenError::Absent { vf, vfs });
        }
        self.plane.claim(vf).map_err(|_| OpenError::Busy { vf })?;
        match Function::new(vf, vfs, self.spec.model.generation()) {
            Err(error) => {
                self.plane.release(vf);
                Err(OpenError::Memory { vf, error })
            }
            Ok(mut function) => {
                // What was ordered before was for the last one who drove it.
                function.ordered = self.plane.port(vf).last_order();
                let registers = Arc::clone(&function.registers);
                self.datapath.open(&function);
                self.functions[vf] = Some(Box::new(function));
                self.spaces.attach(vf, Some(Space::FIRST));
                self.plane.update(vf, |port| port.open = true);
                self.with_pf(vf, |pf| {
                    pf.acquaint();
                    pf.vf_was_reset();
                });
                Ok(registers)
            }
        }
    }

    /// Gives a VF back, which stops it: no memory is reached for it any more.
    pub fn close(&mut self, vf: usize) {
        let Some(function) = self.function(vf) else { return };
        let tally = function.counters.tally();
        self.closed += tally;
        self.with_pf(vf, |pf| pf.vf_was_reset());
        self.functions[vf] = None;
        self.datapath.close(vf);
        self.plane.update(vf, |port| port.open = false);
        self.plane.release(vf);
    }

    /// Reads a register of BAR 0, with the effects that reading has.
    pub fn read(&mut self, vf: usize, offset: usize) -> u32 {
        let now = self.now;
        if offset >= PLAIN_START {
            self.datapath.show(vf);
        }
        self.function(vf).map_or(u32::MAX, |function| function.read(offset, now))
    }

    /// Writes a register of BAR 0, with the effects that writing has.
    pub fn write(&mut self, vf: usize, offset: usize, value: u32) {
        let now = self.now;
        let Some(function) = self.function(vf) else { return };
        match function.write(offset, value, now) {
            Effect::None => self.datapath.written(vf, offset),
            Effect::Reset => {
                function.reset();
                self.with_pf(vf, |pf| pf.vf_was_reset());
            }
            Effect::Mailbox(signal) => self.with_pf(vf, |pf| pf.signal(signal)),
        }
    }

    /// Copies out of a VF's configuration space.
    pub fn config_read(&self, vf: usize, offset: usize, into: &mut [u8]) {
        match self.functions.get(vf).and_then(Option::as_deref) {
            Some(function) if !function.removed => function.config.read(offset, into),
            _ => into.fill(0xff),
        }
    }

    /// Writes to a VF's configuration space, with the effects that it has.
    pub fn config_write(&mut self, vf: usize, offset: usize, from: &[u8]) {
        let now = self.now;
        let Some(function) = self.function(vf).filter(|function| !function.removed) else { return };
        if function.config.write(offset, from) {
            self.reset(vf);
        } else {
            // Bus mastering may have been what interrupts were waiting for.
            function.settle(now);
        }
    }

    /// Resets a VF at function level, as writing its PCI Express capability does.
    pub fn reset(&mut self, vf: usize) {
        let Some(function) = self.function(vf).filter(|function| !function.removed) else { return };
        function.function_level_reset();
        self.with_pf(vf, |pf| pf.vf_was_reset());
    }

    /// Where a VF's interrupt messages go, by vector; nowhere with an empty list. They are called while
    /// the adapter is at work and must not call it.
    pub fn set_vectors(&mut self, vf: usize, messages: Vec<Message>) {
        if let Some(function) = self.function(vf) {
            function.interrupts.set_messages(messages);
        }
    }

    /// Who is woken when the kernel has something to say of a VF. As for [`Adapter::set_vectors`].
    pub fn set_notice(&mut self, vf: usize, notice: Notice, wake: Option<Message>) {
        if let Some(function) = self.function(vf) {
            function.set_notice(notice, wake);
        }
    }

    /// What is mapped in the first space, which VFs are in when they are opened.
    pub fn memory(&mut self) -> &mut Memory {
        // It never ends.
        self.spaces.memory(Space::FIRST).expect("the first space")
    }

    /// Makes another address space, in which nothing is mapped.
    pub fn new_space(&mut self) -> Space {
        self.spaces.add()
    }

    /// What is mapped in a space; `None` once it has ended.
    pub fn space(&mut self, space: Space) -> Option<&mut Memory> {
        self.spaces.memory(space)
    }

    /// Ends a space with all of its mappings. VFs that are in it reach nothing from then on. The first
    /// one cannot end.
    pub fn drop_space(&mut self, space: Space) {
        self.spaces.remove(space);
    }

    /// Puts a VF that is open here into a space, or where it reaches nothing: with `None`, or when the
    /// space has ended. What its queues have fetched is forgotten.
    pub fn attach(&mut self, vf: usize, space: Option<Space>) {
        if let Some(function) = self.function(vf) {
            function.epoch += 1;
            self.spaces.attach(vf, space);
        }
    }

    /// What a VF has counted since it was opened; zeros if it is not open here.
    pub fn counters(&self, vf: usize) -> VfCounters {
        self.functions.get(vf).and_then(Option::as_ref).map(|f| f.counters).unwrap_or_default()
    }

    /// What the uplink has counted; nothing if another process has the wire.
    pub fn uplink_counters(&self) -> UplinkCounters {
        self.uplink.as_ref().map(|uplink| uplink.counters()).unwrap_or_default()
    }

    /// What the PFs do without being asked, at `now`: news from the plane, answers that were late.
    pub(crate) fn attend(&mut self, now: u64) {
        self.now = now;
        let generation = self.plane.generation();
        let news = generation != self.shown;
        self.shown = generation;
        for vf in 0..self.functions.len() {
            if news {
                self.obey(vf);
            }
            if self.function(vf).is_some_and(|function| !function.removed) {
                self.with_pf(vf, |pf| {
                    if news {
                        pf.notice();
                    }
                    pf.proceed();
                });
            }
        }
    }

    /// What ends a step: interrupts that are due, and what the statistics registers show.
    pub(crate) fn settle(&mut self) {
        for function in self.functions.iter_mut().flatten() {
            function.publish(self.now);
            function.settle(self.now);
        }
    }

    /// A VF that this process drives.
    pub(crate) fn function(&mut self, vf: usize) -> Option<&mut Function> {
        self.functions.get_mut(vf)?.as_deref_mut()
    }

    /// Lets the PF deal with a VF that this process drives.
    pub(crate) fn with_pf(&mut self, vf: usize, act: impl FnOnce(&mut Pf<'_>)) {
        if let Some(function) = self.functions.get_mut(vf).and_then(Option::as_deref_mut) {
            act(&mut Pf { spec: &self.spec, plane: &mut self.plane, function, now: self.now });
        }
    }
}
