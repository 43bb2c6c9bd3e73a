//! What happens to an adapter by order, also from a process that drives no VF.

use std::path::Path;

use crate::plane::{Plane, PlaneError, PortState};
use crate::{Fault, Spec, pf};

/// The administrator of an adapter that processes share: it changes what the PF does with its VFs, breaks
/// what can be broken, and takes neither a VF nor the wire. As long as it is there, the adapter keeps its state, also while
/// nobody drives it.
#[derive(Debug)]
pub struct Administrator {
    plane: Plane,
}

/// An order that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// There is no such VF.
    #[error("VF {vf} of {vfs} is not there; VFs are numbered from 0")]
    Absent {
        /// The VF.
        vf: usize,
        /// VFs of the adapter.
        vfs: usize,
    },
    /// No process drives the VF, so that nothing can happen to it.
    #[error("VF {vf} is driven by no process, and nothing can happen to it")]
    Idle {
        /// The VF.
        vf: usize,
    },
    /// It happens to the whole of one process's adapter, and not from without.
    #[error("{0:?} can only be brought about by the process that it happens to")]
    Private(Fault),
    /// Another process has the ports' states locked, and stands still.
    #[error("the ports cannot be changed: another process has them locked; is it stopped?")]
    Locked,
}

impl Administrator {
    /// Joins the adapter that the processes which name `path` (`share=`) drive. If it is the first there,
    /// it makes the file; the last one removes it.
    ///
    /// # Errors
    /// As for [`Plane::shared`], but that any number can join.
    pub fn join(path: &Path, spec: &Spec) -> Result<Administrator, PlaneError> {
        Ok(Administrator { plane: Plane::visited(path, spec)? })
    }

    /// Makes something happen, as [`Fault`] says. The processes that drive VFs show it to them in their
    /// next step.
    ///
    /// # Errors
    /// There is no such VF, or nobody drives it and it is nothing that the PF remembers; the order is for
    /// one process alone; or another process stands still in a change.
    pub fn order(&mut self, fault: Fault) -> Result<(), OrderError> {
        order(&mut self.plane, fault)
    }
}

/// Carries out an order on the plane, where the processes that drive VFs find it.
pub(crate) fn order(plane: &mut Plane, fault: Fault) -> Result<(), OrderError> {
    match fault {
        Fault::PfReset => update_all(plane, |port| port.resets = port.resets.wrapping_add(1)),
        Fault::PfInterface { up } => update_all(plane, |port| port.pf_down = !up),
        Fault::Link { up } => update_all(plane, |port| port.link = up),
        Fault::PortVlan { vf, vlan } => update(plane, vf, |port| pf::set_port_vlan(port, vlan)),
        Fault::Trust { vf, trusted } => update(plane, vf, |port| {
            if port.trusted != trusted {
                port.trusted = trusted;
                port.recalls = port.recalls.wrapping_add(1);
            }
        }),
        Fault::Address { vf, mac } => {
            update(plane, vf, |port| pf::set_administrators_address(port, mac))
        }
        Fault::Mailbox { vf, .. }
        | Fault::AbsurdWritebacks { vf, .. }
        | Fault::LostWritebacks { vf, .. }
        | Fault::RepeatedWritebacks { vf, .. }
        | Fault::LostInterrupts { vf, .. }
        | Fault::Removal { vf }
        | Fault::WantedBack { vf }
        | Fault::BusError { vf }
        | Fault::CountersNearWrap { vf, .. } => {
            if vf < plane.vfs() && !plane.port(vf).open {
                return Err(OrderError::Idle { vf });
            }
            update(plane, vf, |port| port.order(fault))
        }
        Fault::DropOneIn(_)
        | Fault::DuplicateOneIn(_)
        | Fault::SwapOneIn(_)
        | Fault::CorruptOneIn(_)
        | Fault::UplinkHeld { .. } => Err(OrderError::Private(fault)),
    }
}

fn update(
    plane: &mut Plane,
    vf: usize,
    change: impl FnOnce(&mut PortState),
) -> Result<(), OrderError> {
    let vfs = plane.vfs();
    match plane.update(vf, change) {
        true => Ok(()),
        false if vf >= vfs => Err(OrderError::Absent { vf, vfs }),
        false => Err(OrderError::Locked),
    }
}

/// Changes every port. Each is tried, also after one that was refused.
fn update_all(plane: &mut Plane, change: impl Fn(&mut PortState)) -> Result<(), OrderError> {
    let mut done = Ok(());
    for vf in 0..plane.vfs() {
        done = done.and(update(plane, vf, &change));
    }
    done
}
