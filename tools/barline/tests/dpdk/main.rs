//! DPDK's unmodified testpmd on the software adapter, by the preload library: the independent judge of
//! the model. A test gives frames with sequence numbers to a VF that it drives itself, and testpmd has
//! another one of the same adapter.
//!
//! It wants DPDK, as root `apt-get install dpdk-dev`, and for one test hugepages, which it reserves itself if
//! it is root.

mod command;
mod control;
mod forwarding;
mod hugepages;
mod kit;
mod lifecycle;
mod offloads;
mod one_way;
mod rig;
mod rings;
mod statistics;
