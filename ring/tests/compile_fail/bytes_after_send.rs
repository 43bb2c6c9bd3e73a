// A frame's bytes cannot be read once the frame is on its way to another worker.
use barline_ring::{FrameBatch, FrameSender};

fn after_send(sender: &mut FrameSender, batch: &mut FrameBatch<'_>) {
    let bytes = batch.frames().next().unwrap().data();
    sender.send(batch);
    println!("{bytes:?}");
}

fn main() {}
