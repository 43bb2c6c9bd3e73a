// A frame's bytes cannot be read once the frame is free.
use barline_ring::FrameBatch;

fn after_clear(batch: &mut FrameBatch<'_>) {
    let packet = batch.packets().next().unwrap();
    batch.clear();
    println!("{:?}", packet.head().data());
}

fn main() {}
