// Two views of one frame that can write cannot exist at once.
use barline_ring::FrameBatch;

fn two_views(batch: &mut FrameBatch<'_>) {
    let one = batch.frames_mut().next().unwrap();
    let two = batch.frames_mut().next().unwrap();
    one.into_data().swap_with_slice(two.into_data());
}

fn main() {}
