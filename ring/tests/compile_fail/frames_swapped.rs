// Frames of two batches, which may be of two arenas, cannot be swapped.
use barline_ring::FrameBatch;

fn frames_swapped(one: &mut FrameBatch<'_>, two: &mut FrameBatch<'_>) {
    let (one, two) = (one.frames_mut().next().unwrap(), two.frames_mut().next().unwrap());
    std::mem::swap(one.frame, two.frame);
}

fn main() {}
