//! What a PF's administrator does, also from a process that drives no VF.

use std::path::PathBuf;

use crate::plane::{Plane, PlaneError, PortState};
use crate::{Fault, Spec, pf};

/// The administrator of an adapter that processes share: it changes what the PF does with its VFs, and
/// takes neither a VF nor the wire. As long as it is there, the adapter keeps its state, also while
/// nobody drives it.
#[derive(Debug)]
pub struct Administrator {
    plane: Plane,
    path: PathBuf,
    vfs: usize,
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
    /// It happens in the process that drives the VF, and nowhere else.
    #[error(
        "{0:?} is no matter of the PF's: only the process that drives the VF can bring it about"
    )]
    NotOfThePf(Fault),
    /// Another process has the ports' states locked, and stands still.
    #[error(
        "share={}: the ports cannot be changed: another process has them locked; is it stopped?",
        path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
}

impl Administrator {
    /// Joins the adapter that the processes which name `path` (`share=`) drive. If it is the first there,
    /// it makes the file; the last one removes it.
    ///
    /// # Errors
    /// As for [`Plane::shared`], but that any number can join.
    pub fn join(path: impl Into<PathBuf>, spec: &Spec) -> Result<Administrator, PlaneError> {
        let path = path.into();
        Ok(Administrator { plane: Plane::visited(&path, spec)?, vfs: spec.vfs, path })
    }

    /// Makes something happen that is the PF's to do: [`Fault::PfReset`], [`Fault::PfInterface`],
    /// [`Fault::Link`], [`Fault::PortVlan`], [`Fault::Trust`] and [`Fault::Address`]. The processes that
    /// drive VFs show it to them in their next step.
    ///
    /// # Errors
    /// It is something else, there is no such VF, or another process stands still in a change.
    pub fn order(&mut self, fault: Fault) -> Result<(), OrderError> {
        if let Fault::PortVlan { vf, .. } | Fault::Trust { vf, .. } | Fault::Address { vf, .. } =
            fault
            && vf >= self.vfs
        {
            return Err(OrderError::Absent { vf, vfs: self.vfs });
        }
        match order(&mut self.plane, fault) {
            Some(true) => Ok(()),
            Some(false) => Err(OrderError::Locked { path: self.path.clone() }),
            None => Err(OrderError::NotOfThePf(fault)),
        }
    }
}

/// Carries out an order on the plane. Whether all of it could be changed; nothing if it is not the
/// administrator's to give.
pub(crate) fn order(plane: &mut Plane, fault: Fault) -> Option<bool> {
    Some(match fault {
        Fault::PfReset => update_all(plane, |port| port.resets = port.resets.wrapping_add(1)),
        Fault::PfInterface { up } => update_all(plane, |port| port.pf_down = !up),
        Fault::Link { up } => update_all(plane, |port| port.link = up),
        Fault::PortVlan { vf, vlan } => plane.update(vf, |port| pf::set_port_vlan(port, vlan)),
        Fault::Trust { vf, trusted } => plane.update(vf, |port| {
            if port.trusted != trusted {
                port.trusted = trusted;
                port.recalls = port.recalls.wrapping_add(1);
            }
        }),
        Fault::Address { vf, mac } => {
            plane.update(vf, |port| pf::set_administrators_address(port, mac))
        }
        _ => return None,
    })
}

fn update_all(plane: &mut Plane, change: impl Fn(&mut PortState)) -> bool {
    // Each is tried, also after one that was refused.
    (0..plane.vfs()).filter(|vf| !plane.update(*vf, &change)).count() == 0
}
