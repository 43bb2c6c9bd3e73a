//! One VF as its driver sees it: registers, mailbox, interrupts, configuration space.

mod config;
mod counters;
mod interrupts;
mod link;
mod mailbox;
mod page0;
mod queues;

use std::fmt;
use std::io;
use std::sync::Arc;

use config::ConfigSpace;
use counters::Statistics;
pub use counters::VfCounters;
use interrupts::Interrupts;
pub use interrupts::VECTORS;
pub(crate) use interrupts::{Cause, Message};
pub(crate) use link::Link;
pub(crate) use mailbox::{Mailbox, Signal, WORDS};
pub(crate) use page0::Effect;
pub(crate) use queues::QUEUES;

use crate::datapath::Lies;
use crate::model::Generation;
use crate::pf::Session;
use crate::regfile::BAR_LEN;
use crate::{Fault, RegisterFile};

/// What the kernel tells a VF's owner about the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It wants the device back.
    Request,
    /// The bus reported an error of the device.
    Error,
}

/// Whom the notices wake.
#[derive(Default)]
struct Notices {
    request: Option<Message>,
    error: Option<Message>,
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heard = (self.request.is_some(), self.error.is_some());
        f.debug_tuple("Notices").field(&heard).finish()
    }
}

/// A VF that this process drives.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its number.
    pub(crate) vf: usize,
    /// How many VFs the adapter has.
    vfs: usize,
    pub(crate) generation: &'static Generation,
    /// Registers; those of the queues live here and nowhere else.
    pub(crate) registers: Arc<RegisterFile>,
    pub(crate) interrupts: Interrupts,
    pub(crate) mailbox: Mailbox,
    pub(crate) config: ConfigSpace,
    pub(crate) link: Link,
    /// What has been counted since the VF was opened.
    pub(crate) counters: VfCounters,
    statistics: Statistics,
    /// The PF's side of it.
    pub(crate) session: Session,
    notices: Notices,
    /// What is to be wrong with write-backs.
    pub(crate) lies: Lies,
    /// It was pulled out.
    pub(crate) removed: bool,
    /// The newest order of another process that was obeyed.
    pub(crate) ordered: u64,
    /// Grows whenever the queues lose what they had: engines start anew then.
    pub(crate) epoch: u64,
}

impl Function {
    /// A VF as after power-on.
    ///
    /// # Errors
    /// The kernel has no memory for its registers.
    pub(crate) fn new(
        vf: usize,
        vfs: usize,
        generation: &'static Generation,
    ) -> io::Result<Function> {
        let registers = Arc::new(RegisterFile::new()?);
        queues::power_on(&registers);
        Ok(Function {
            vf,
            vfs,
            generation,
            registers,
            interrupts: Interrupts::default(),
            mailbox: Mailbox::default(),
            config: ConfigSpace::new(generation),
            link: Link::default(),
            counters: VfCounters::default(),
            statistics: Statistics::default(),
            session: Session::default(),
            notices: Notices::default(),
            lies: Lies::default(),
            removed: false,
            ordered: 0,
            epoch: 0,
        })
    }

    /// It may reach memory: bus mastering is on, and it is there.
    pub(crate) fn may_dma(&self) -> bool {
        !self.removed && self.config.is_bus_master()
    }

    /// Notes a cause of an interrupt and sends what is due.
    pub(crate) fn raise(&mut self, cause: Cause, now: u64) {
        self.interrupts.raise(cause);
        self.settle(now);
    }

    /// Sends the interrupts that are due.
    pub(crate) fn settle(&mut self, now: u64) {
        let may_send = self.may_dma();
        self.interrupts.settle(now, may_send);
        self.counters.interrupts = self.interrupts.delivered;
    }

    /// Shows in the statistics registers what has been counted, unless that was done just now.
    pub(crate) fn publish(&mut self, now: u64) {
        if !self.removed {
            self.statistics.publish(&self.counters, &self.registers, now);
        }
    }

    /// What VFCTRL.RST and a function-level reset have in common: queues off, interrupts as after
    /// power-on, the mailbox free. Statistics go on.
    pub(crate) fn reset(&mut self) {
        queues::reset(&self.registers);
        self.interrupts.reset();
        self.mailbox.reset();
        self.epoch += 1;
    }

    /// A function-level reset: that, and the configuration space.
    pub(crate) fn function_level_reset(&mut self) {
        self.reset();
        self.config = ConfigSpace::new(self.generation);
    }

    /// The whole device is reset by its PF: all registers as after power-on, statistics zero.
    pub(crate) fn device_reset(&mut self) {
        for offset in (0..BAR_LEN).step_by(4) {
            self.registers.store(offset, 0);
        }
        queues::power_on(&self.registers);
        self.interrupts.reset();
        self.statistics.zero(&self.counters);
        self.epoch += 1;
    }

    /// Something happens to this VF alone.
    pub(crate) fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::AbsurdWritebacks { on, .. } => self.lies.absurd = on,
            Fault::LostWritebacks { on, .. } => self.lies.lost = on,
            Fault::RepeatedWritebacks { on, .. } => self.lies.repeated = on,
            Fault::LostInterrupts { on, .. } => self.interrupts.lost = on,
            Fault::Removal { .. } => self.remove(),
            Fault::CountersNearWrap { short, .. } => {
                self.statistics.near_wrap(short, &self.counters, &self.registers);
            }
            Fault::WantedBack { .. } => self.notify(Notice::Request),
            Fault::BusError { .. } => self.notify(Notice::Error),
            _ => (),
        }
    }

    /// It is gone: all registers read as all ones from now on.
    fn remove(&mut self) {
        self.removed = true;
        self.epoch += 1;
        for offset in (0..BAR_LEN).step_by(4) {
            self.registers.store(offset, u32::MAX);
        }
        self.notify(Notice::Request);
    }

    /// Who is woken by a notice.
    pub(crate) fn set_notice(&mut self, notice: Notice, wake: Option<Message>) {
        match notice {
            Notice::Request => self.notices.request = wake,
            Notice::Error => self.notices.error = wake,
        }
    }

    /// Wakes whoever waits for a notice.
    fn notify(&self, notice: Notice) {
        let wake = match notice {
            Notice::Request => &self.notices.request,
            Notice::Error => &self.notices.error,
        };
        if let Some(wake) = wake {
            wake();
        }
    }
}
