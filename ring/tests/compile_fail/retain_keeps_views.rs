// What `retain` shows cannot be kept behind its back.
use barline_ring::{FrameBatch, PacketMut};

fn keeps_views<'a>(batch: &'a mut FrameBatch<'_>) {
    let mut kept: Vec<PacketMut<'a>> = Vec::new();
    batch.retain(|packet| {
        kept.push(packet);
        false
    });
}

fn main() {}
