//! An adapter and the wire that it may have.

use super::HostError;
use super::runner::Step;
use crate::plane::{Plane, UPLINK};
use crate::uplink::Uplink;
use crate::{Adapter, Fault, Spec, uplink};

/// How often, in nanoseconds, it looks whether the wire is to be had.
const LOOK_EVERY: u64 = 100_000_000;

pub(super) struct Station {
    pub(super) adapter: Adapter,
    /// The number of this uplink among those of the adapter, when the wire is this process's.
    run: Option<u64>,
    last_look: u64,
}

impl Station {
    pub(super) fn open(spec: &Spec) -> Result<Station, HostError> {
        let mut plane = join(spec)?;
        let run = plane.claim_uplink().ok();
        let uplink = run.map(|run| uplink::open(&spec.uplink, run)).transpose()?;
        Ok(Station { adapter: Adapter::new(spec, plane, uplink), run, last_look: 0 })
    }

    pub(super) fn plugged_into(spec: &Spec, uplink: Box<dyn Uplink>) -> Result<Station, HostError> {
        let mut plane = join(spec)?;
        let run = Some(plane.claim_uplink().map_err(|_| HostError::WireTaken)?);
        Ok(Station { adapter: Adapter::new(spec, plane, Some(uplink)), run, last_look: 0 })
    }

    /// Makes the VFs look as if they had been pulled out.
    pub(super) fn bury(&mut self) {
        for vf in 0..self.adapter.spec().vfs {
            self.adapter.inject(Fault::Removal { vf });
        }
    }

    /// Takes the wire over when the process that had it is gone.
    fn take_over(&mut self) {
        let adapter = &mut self.adapter;
        if !adapter.plane.drives(UPLINK) {
            self.run = adapter.plane.claim_uplink().ok();
        }
        if let (Some(run), None) = (self.run, &adapter.uplink) {
            match uplink::open(&adapter.spec.uplink, run) {
                Ok(uplink) => adapter.uplink = Some(uplink),
                Err(error) => tracing::error!(%error, "the wire stays unplugged for now"),
            }
        }
    }
}

fn join(spec: &Spec) -> Result<Plane, HostError> {
    Ok(match &spec.share {
        Some(path) => Plane::shared(path, spec)?,
        None => Plane::private(spec),
    })
}

impl Step for Station {
    fn step(&mut self, now: u64) -> usize {
        if now.saturating_sub(self.last_look) >= LOOK_EVERY {
            self.last_look = now;
            if self.adapter.uplink.is_none() {
                self.take_over();
            }
        }
        self.adapter.step(now)
    }
}
