// A request is about a packet: a frame in the middle of one cannot make it.
use barline_ring::FrameBatch;

fn offload_of_frame(batch: &mut FrameBatch<'_>) {
    for mut frame in batch.frames_mut() {
        frame.request_checksums();
    }
}

fn main() {}
