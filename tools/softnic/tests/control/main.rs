//! Drivers' own sequences of register accesses, played on the adapter: what Linux's ixgbevf and DPDK's
//! ixgbevf do from first access to running queues, and when something happens to them.

mod anything;
mod dpdk;
mod interrupts;
mod linux;
mod mailbox_user;
mod removal;
mod rings;
mod traffic;

use softnic::{Adapter, Plane, Spec};

/// An adapter of these options, with nothing on its wire.
fn adapter(spec: &str) -> Adapter {
    let spec: Spec = spec.parse().unwrap();
    Adapter::new(&spec, Plane::private(&spec), None)
}

const MILLISECOND: u64 = 1_000_000;
