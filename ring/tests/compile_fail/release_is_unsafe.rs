// To have a ring's buffers back takes a promise: that the device has stopped.
use barline_ring::{Adv82576, TxRing};

fn without_promise(ring: TxRing<Adv82576>) {
    ring.release();
}

fn main() {}
