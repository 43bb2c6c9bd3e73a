//! The adapter behind a software VF, for those who watch or break it.

use std::sync::Arc;

use barline::Result;
use barline::transport::Transport;
use softnic::uplink::UplinkCounters;
use softnic::{Fault, Spec, VfCounters};

use crate::registry::Use;
use crate::transport::SoftTransport;

/// A running software adapter, as one of its VFs has it. It runs for as long as somebody has it; cloning
/// gives another handle.
///
/// An adapter that has failed, which would be a mistake of its own, has counted nothing and does
/// nothing.
#[derive(Clone, Debug)]
pub struct Adapter {
    adapter: Use,
    vf: usize,
}

impl Adapter {
    /// The adapter with these options, which starts to run if it does not yet; as its VF 0 has it.
    ///
    /// # Errors
    /// Its uplink or its shared file cannot be opened.
    pub fn open(spec: &Spec) -> Result<Adapter> {
        Adapter::of(spec, 0)
    }

    pub(crate) fn of(spec: &Spec, vf: usize) -> Result<Adapter> {
        Ok(Adapter { adapter: Use::of(spec)?, vf })
    }

    /// One of its VFs, to make a port of with [`barline::Port::on`].
    ///
    /// # Errors
    /// There is no such VF, or somebody has it.
    pub fn transport(&self, vf: usize) -> Result<Arc<dyn Transport>> {
        Ok(Arc::new(SoftTransport::open(&self.adapter, vf)?))
    }

    /// Its options.
    pub fn spec(&self) -> &Spec {
        self.adapter.spec()
    }

    /// What it has counted for the VF since that was opened, in 64 bits; zeros once the VF is closed.
    pub fn counters(&self) -> VfCounters {
        self.counters_of(self.vf)
    }

    /// The same for any VF that this process has open.
    pub fn counters_of(&self, vf: usize) -> VfCounters {
        self.adapter.host().with(|adapter| adapter.counters(vf)).unwrap_or_default()
    }

    /// What its uplink has counted.
    pub fn uplink_counters(&self) -> UplinkCounters {
        self.adapter.host().with(|adapter| adapter.uplink_counters()).unwrap_or_default()
    }

    /// Memory accesses of its VFs that found no mapping.
    pub fn dma_faults(&self) -> u64 {
        self.adapter.host().with(|adapter| adapter.memory().faults()).unwrap_or_default()
    }

    /// Keeps its uplink from sending, or lets it send again: so that what is under way can be waited
    /// for.
    pub fn hold_uplink(&self, hold: bool) {
        self.inject(Fault::UplinkHeld { on: hold });
    }

    /// Makes something happen to it.
    pub fn inject(&self, fault: Fault) {
        // One that has failed can suffer no more.
        let _ = self.adapter.host().with(|adapter| adapter.inject(fault));
    }

    /// Moves an adapter that has no thread (`drive=caller`) one step; returns how many frames moved.
    pub fn step(&self) -> usize {
        self.adapter.host().step_once(softnic::host::now()).unwrap_or_default()
    }
}
