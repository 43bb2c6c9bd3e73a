//! Barline measured: [`versus`] is the comparison with DPDK. The micro-benchmarks of rings, pools and
//! frames are beside this library, in `benches/`.

pub mod versus;
