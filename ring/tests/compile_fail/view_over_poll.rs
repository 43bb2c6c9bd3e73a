// A packet just allocated cannot be kept while the batch changes.
use barline_ring::{Adv82576, FrameBatch, RxRing};

fn over_poll(ring: &mut RxRing<Adv82576>, batch: &mut FrameBatch<'_>) {
    let mut packet = batch.alloc(60).unwrap();
    ring.poll(batch);
    packet.copy_from(&[0; 60]);
}

fn main() {}
