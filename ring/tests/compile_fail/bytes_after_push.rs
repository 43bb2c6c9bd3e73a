// A frame's bytes cannot be read once the frame is with the device.
use barline_ring::{Adv82576, FrameBatch, TxRing};

fn after_push(ring: &mut TxRing<Adv82576>, batch: &mut FrameBatch<'_>) {
    let bytes = batch.frames().next().unwrap().data();
    ring.push(batch);
    println!("{bytes:?}");
}

fn main() {}
