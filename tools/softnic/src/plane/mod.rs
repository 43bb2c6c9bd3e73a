//! What all processes of one adapter share: the state of each port of the switch, who drives it, and
//! the frames on their way to a port that another process drives.
//!
//! Ports are numbered like VFs; [`UPLINK`] is the wire.

mod error;
mod inbox;
mod join;
mod layout;
mod lock;
mod private;
mod record;
mod shared;
mod shm;
mod state;
#[cfg(test)]
mod tests;

pub use error::PlaneError;
use private::Private;
use shared::Shared;
#[cfg(test)]
use state::FURTHER_MAX;
pub(crate) use state::{Mode, PortState};

use std::path::Path;

use crate::{Spec, VFS_MAX};

/// The port to which the wire is connected.
pub(crate) const UPLINK: usize = VFS_MAX;

/// Longest frame that crosses between processes, in bytes without FCS: what an MTU of
/// [`crate::spec::PF_MTU_MAX`] makes possible, with a VLAN tag.
pub(crate) const FRAME_MAX: usize = 9728;

/// A port that this process cannot drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// The plane of one adapter, as one of its processes sees it.
#[derive(Debug)]
pub struct Plane(Kind);

#[derive(Debug)]
enum Kind {
    /// Of one process alone.
    Private(Private),
    /// Of several.
    Shared(Box<Shared>),
}

impl Plane {
    /// The plane of an adapter that this process has for itself.
    pub fn private(spec: &Spec) -> Plane {
        Plane(Kind::Private(Private::new(spec)))
    }

    /// The plane of an adapter that the processes which name this file share. The first of them makes
    /// it, the last removes it.
    ///
    /// # Errors
    /// The file cannot be used, is something else, or belongs to an adapter with other options.
    pub fn shared(path: &Path, spec: &Spec) -> Result<Plane, PlaneError> {
        Ok(Plane(Kind::Shared(Box::new(Shared::join(path, spec)?))))
    }

    /// The same for one who drives none of its ports, and is not counted among those who do.
    pub(crate) fn visited(path: &Path, spec: &Spec) -> Result<Plane, PlaneError> {
        Ok(Plane(Kind::Shared(Box::new(Shared::visit(path, spec)?))))
    }

    /// How many VFs there are.
    pub(crate) fn vfs(&self) -> usize {
        match &self.0 {
            Kind::Private(plane) => plane.vfs(),
            Kind::Shared(plane) => plane.vfs(),
        }
    }

    /// Grows with every change of any port's state, and with every other port found abandoned.
    pub(crate) fn generation(&self) -> u64 {
        match &self.0 {
            Kind::Private(plane) => plane.generation(),
            Kind::Shared(plane) => plane.generation(),
        }
    }

    /// A VF's state; that of a closed one which never was where there is none.
    pub(crate) fn port(&self, vf: usize) -> PortState {
        match &self.0 {
            Kind::Private(plane) => plane.port(vf),
            Kind::Shared(plane) => plane.port(vf),
        }
    }

    /// Changes a VF's state, whoever drives it, and raises the generation. No two changes overlap.
    /// False: nothing was changed, since another process stands still in a change, or there is no such
    /// VF.
    pub(crate) fn update(&mut self, vf: usize, change: impl FnOnce(&mut PortState)) -> bool {
        match &mut self.0 {
            Kind::Private(plane) => plane.update(vf, change),
            Kind::Shared(plane) => plane.update(vf, change),
        }
    }

    /// Makes this plane the one that drives a VF, until it is released or the process ends.
    ///
    /// # Errors
    /// It is driven already, or there is no such VF.
    pub(crate) fn claim(&mut self, vf: usize) -> Result<(), Busy> {
        match &mut self.0 {
            Kind::Private(plane) => plane.claim(vf),
            Kind::Shared(plane) => plane.claim(vf),
        }
    }

    /// Lets others drive the VF. Nothing happens if this plane did not.
    pub(crate) fn release(&mut self, vf: usize) {
        match &mut self.0 {
            Kind::Private(plane) => plane.release(vf),
            Kind::Shared(plane) => plane.release(vf),
        }
    }

    /// Whether this plane drives the port.
    pub(crate) fn drives(&self, port: usize) -> bool {
        match &self.0 {
            Kind::Private(plane) => plane.drives(port),
            Kind::Shared(plane) => plane.drives(port),
        }
    }

    /// Makes this plane the one that has the wire, if no other has it. Says how often the wire has
    /// been taken before.
    pub(crate) fn claim_uplink(&mut self) -> Result<u64, Busy> {
        match &mut self.0 {
            Kind::Private(plane) => plane.claim_uplink(),
            Kind::Shared(plane) => plane.claim_uplink(),
        }
    }

    /// Looks what other processes have come to, at most every 10 ms of `now` (nanoseconds), and lets
    /// them see what was posted. For the begin of each step.
    pub(crate) fn look(&mut self, now: u64) {
        if let Kind::Shared(plane) = &mut self.0 {
            plane.look(now);
        }
    }

    /// Puts a frame, without FCS, on its way to a port that another process drives. `source` is the
    /// port that it came from. Others see it when [`Plane::publish`] is called. False: there is no
    /// room, or nobody drives the port, and the frame is lost.
    pub(crate) fn post(&mut self, port: usize, source: usize, frame: &[u8]) -> bool {
        match &mut self.0 {
            // All ports are this process's own.
            Kind::Private(_) => false,
            Kind::Shared(plane) => plane.post(port, source, frame),
        }
    }

    /// Lets the other processes see what was posted. For the end of each step.
    pub(crate) fn publish(&mut self) {
        if let Kind::Shared(plane) = &mut self.0 {
            plane.publish();
        }
    }

    /// How many frames of this length can be posted to a port.
    pub(crate) fn room(&self, port: usize, frame_len: usize) -> usize {
        match &self.0 {
            Kind::Private(_) => 0,
            Kind::Shared(plane) => plane.room(port, frame_len),
        }
    }

    /// Hands up to `budget` frames that others posted to a port to `each`, with the port that they
    /// came from, oldest first from each process. Where `each` says false, that frame stays for the
    /// next time and so do those behind it. Returns how many were taken.
    pub(crate) fn take(
        &mut self,
        port: usize,
        budget: usize,
        each: impl FnMut(usize, &[u8]) -> bool,
    ) -> usize {
        match &mut self.0 {
            Kind::Private(_) => 0,
            Kind::Shared(plane) => plane.take(port, budget, each),
        }
    }
}
