// A batch stays on its pool's thread: pools are not shared between threads.
use barline_ring::FrameBatch;

fn another_thread<T: Send>(_: T) {}

fn batch_to_thread(batch: FrameBatch<'_>) {
    another_thread(batch);
}

fn main() {}
