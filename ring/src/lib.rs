//! Descriptor rings, frames, pools and batches: the hot path of barline.

mod dma;

pub use dma::{DmaSlice, Doorbell, KeepAlive};
