//! The software adapter with memory, and a small driver of its VFs, as in softnic's own tests.

#[path = "../../../tools/softnic/tests/datapath/ram.rs"]
pub mod ram;
#[path = "../../../tools/softnic/tests/datapath/rig.rs"]
pub mod rig;
#[path = "../../../tools/softnic/tests/datapath/rx_ring.rs"]
pub mod rx_ring;
#[path = "../../../tools/softnic/tests/datapath/tx_ring.rs"]
pub mod tx_ring;
