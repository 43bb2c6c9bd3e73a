//! What each public function does, one by one.

#[path = "../model/mod.rs"]
mod model;

mod arena;
mod batch;
mod dma;
mod handoff;
mod pool;
mod rx;
mod rx_lies;
mod tx;
mod tx_lies;
