//! An adapter at work: with its plane, its uplink, a clock, and a thread that moves it.

mod clock;
mod error;
mod forks;
mod runner;
mod seat;
mod station;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::sync::Arc;

pub use clock::now;
pub use error::HostError;
use runner::{Runner, Step};
use seat::Seat;
pub use seat::{Broken, at_work};
use station::Station;

use crate::uplink::Uplink;
use crate::{Adapter, Drive, Spec};

/// An adapter that several threads use, one at a time. Clones are the same one; it ends with the last.
///
/// What uses it from within the adapter, as an interrupt message does that is called by a step, must not
/// call it: it would wait for itself.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    spec: Spec,
    /// The process that opened it. A child made by fork has a copy, which must neither wait for locks
    /// that threads of its parent hold, nor take from the parent what both have.
    home: u32,
    seat: Arc<Seat<Station>>,
    /// None if the program moves it.
    runner: Option<Runner>,
}

impl Host {
    /// Makes everything that the options ask for. With `share` it joins the adapter of other processes,
    /// or is the first.
    ///
    /// Without `core` its thread may run wherever the calling one may: call this before that is pinned.
    ///
    /// # Errors
    /// An option is out of range, the shared file or the uplink cannot be opened, or this process may
    /// not run on the CPU.
    pub fn open(spec: &Spec) -> Result<Host, HostError> {
        Host::start(spec, || Station::open(spec))
    }

    /// The same, but that the wire is this process's and ends in something of its own, whatever `uplink=`
    /// says.
    ///
    /// # Errors
    /// As for [`Host::open`]; or somebody else has the wire.
    pub fn plugged_into(spec: &Spec, uplink: Box<dyn Uplink>) -> Result<Host, HostError> {
        Host::start(spec, || Station::plugged_into(spec, uplink))
    }

    fn start(
        spec: &Spec,
        station: impl FnOnce() -> Result<Station, HostError>,
    ) -> Result<Host, HostError> {
        spec.check()?;
        if let Some(core) = spec.core {
            error::check_core(core)?;
        }
        let seat = Arc::new(Seat::new(station()?, Station::bury));
        let runner = match spec.drive {
            Drive::Thread => {
                Some(Runner::start(Arc::clone(&seat), spec.core).map_err(HostError::Thread)?)
            }
            Drive::Caller => None,
        };
        Ok(Host(Arc::new(Inner { spec: spec.clone(), home: forks::process(), seat, runner })))
    }

    /// What it was made of.
    pub fn spec(&self) -> &Spec {
        &self.0.spec
    }

    /// Does something with the adapter, between two steps. It waits for one step at most, and for what
    /// other callers do.
    ///
    /// # Errors
    /// The adapter has panicked, now or before, or is this process's parent's.
    pub fn with<R>(&self, act: impl FnOnce(&mut Adapter) -> R) -> Result<R, Broken> {
        self.here()?.seat.with(|station| act(&mut station.adapter))
    }

    /// Moves the adapter one step, at a time in nanoseconds which never goes back: that of [`now`], or
    /// one of the program's own. Returns how many frames were moved.
    ///
    /// # Errors
    /// As for [`Host::with`].
    pub fn step_once(&self, now: u64) -> Result<usize, Broken> {
        self.here()?.seat.with(|station| station.step(now))
    }

    /// Whether it is that of the process which this one was forked from.
    pub fn is_elsewhere(&self) -> bool {
        self.0.is_elsewhere()
    }

    fn here(&self) -> Result<&Inner, Broken> {
        if self.is_elsewhere() { Err(Broken::Elsewhere) } else { Ok(&self.0) }
    }
}

impl Inner {
    fn is_elsewhere(&self) -> bool {
        self.home != forks::process()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.is_elsewhere() {
            // The thread, and the locks of a shared file, are the parent's.
            mem::forget((self.runner.take(), Arc::clone(&self.seat)));
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Host");
        shown
            .field("spec", &self.0.spec.to_string())
            .field("thread", &self.0.runner.is_some())
            .finish()
    }
}
