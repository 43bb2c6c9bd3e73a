//! The plane of an adapter in one process: nothing is elsewhere.

use super::{Busy, PortState, UPLINK};
use crate::Spec;

#[derive(Debug)]
pub(super) struct Private {
    ports: Vec<PortState>,
    claimed: Vec<bool>,
    uplinks: u64,
    generation: u64,
}

impl Private {
    pub(super) fn new(spec: &Spec) -> Private {
        Private {
            ports: (0..spec.vfs).map(|vf| PortState::new(spec, vf)).collect(),
            claimed: vec![false; spec.vfs],
            uplinks: 0,
            generation: 1,
        }
    }

    pub(super) fn vfs(&self) -> usize {
        self.ports.len()
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn port(&self, vf: usize) -> PortState {
        self.ports.get(vf).cloned().unwrap_or_default()
    }

    pub(super) fn update(&mut self, vf: usize, change: impl FnOnce(&mut PortState)) -> bool {
        let Some(state) = self.ports.get_mut(vf) else { return false };
        change(state);
        state.tidy();
        self.generation += 1;
        true
    }

    pub(super) fn claim(&mut self, vf: usize) -> Result<(), Busy> {
        match self.claimed.get_mut(vf) {
            Some(claimed) if !*claimed => {
                *claimed = true;
                Ok(())
            }
            _ => Err(Busy),
        }
    }

    pub(super) fn release(&mut self, vf: usize) {
        if let Some(claimed) = self.claimed.get_mut(vf) {
            *claimed = false;
        }
    }

    pub(super) fn drives(&self, port: usize) -> bool {
        if port == UPLINK { self.uplinks > 0 } else { self.claimed.get(port) == Some(&true) }
    }

    pub(super) fn claim_uplink(&mut self) -> Result<u64, Busy> {
        if self.uplinks > 0 {
            return Err(Busy);
        }
        self.uplinks += 1;
        Ok(0)
    }
}
