//! Drivers' own sequences of register accesses, played on the adapter: what Linux's ixgbevf and DPDK's
//! ixgbevf do from first access to running queues, and when something happens to them.

#[path = "control/anything.rs"]
mod anything;
#[path = "control/dpdk.rs"]
mod dpdk;
#[path = "control/interrupts.rs"]
mod interrupts;
#[path = "control/linux.rs"]
mod linux;
#[path = "control/mailbox_user.rs"]
mod mailbox_user;
#[path = "control/removal.rs"]
mod removal;

use softnic::{Adapter, Plane, Spec};

/// An adapter of these options, with nothing on its wire.
fn adapter(spec: &str) -> Adapter {
    let spec: Spec = spec.parse().unwrap();
    Adapter::new(&spec, Plane::private(&spec), None)
}

const MILLISECOND: u64 = 1_000_000;
