// A view that can write cannot be cloned, and neither can a batch.
use barline_ring::{FrameBatch, FrameMut};

fn frame_cloned<'p>(frame: &FrameMut<'_>, batch: &FrameBatch<'p>) -> FrameBatch<'p> {
    let _: FrameMut<'_> = frame.clone();
    batch.clone()
}

fn main() {}
