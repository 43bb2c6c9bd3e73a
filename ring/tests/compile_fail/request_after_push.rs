// A packet that is on its way to the device cannot ask for anything any more.
use barline_ring::{Adv82599, FrameBatch, TxRing};

fn request_after_push(tx: &mut TxRing<Adv82599>, batch: &mut FrameBatch<'_>) {
    let mut packet = batch.packets_mut().next().unwrap();
    tx.push(batch);
    let _ = packet.request_checksums();
}

fn main() {}
