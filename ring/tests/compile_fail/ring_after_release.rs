// A ring that was released is gone.
use barline_ring::{Adv82576, FrameBatch, RxRing};

fn after_release(mut ring: RxRing<Adv82576>, batch: &mut FrameBatch<'_>) {
    unsafe { ring.release() };
    ring.poll(batch);
}

fn main() {}
