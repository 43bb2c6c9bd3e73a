//! `barline versus`: what a frame costs the driver, beside DPDK on the same device in the same run.
//!
//! A parent starts one process for each column of its table, ours and DPDK's, all on the VFs of one
//! software adapter, and lets them measure in turns of some milliseconds while the others wait, so that
//! whatever happens to the machine happens to all. [`protocol`] is how they speak; [`rows`] what comes
//! out.

pub mod child;
pub mod dpdk;
pub mod parent;
pub mod protocol;
pub mod report;
pub mod rows;
