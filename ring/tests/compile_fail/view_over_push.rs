// A view that can write cannot be kept over a push.
use barline_ring::{Adv82576, FrameBatch, TxRing};

fn over_push(ring: &mut TxRing<Adv82576>, batch: &mut FrameBatch<'_>) {
    let mut frame = batch.frames_mut().next().unwrap();
    ring.push(batch);
    frame.data().fill(0);
}

fn main() {}
