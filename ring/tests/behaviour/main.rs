//! What each public function does, one by one.

#[path = "../model/mod.rs"]
mod model;

mod arena;
mod batch;
mod contexts;
mod dma;
mod handoff;
mod offload;
mod pool;
mod rss;
mod rx;
mod rx_lies;
mod tx;
mod tx_lies;
