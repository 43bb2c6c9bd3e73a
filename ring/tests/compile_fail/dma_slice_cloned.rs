// A piece of DMA memory has one owner.
use barline_ring::DmaSlice;

fn cloned(slice: &DmaSlice) -> DmaSlice {
    slice.clone()
}

fn main() {}
