// A frame's bytes do not outlive its batch.
use barline_ring::Pool;

fn after_drop(pool: &Pool) -> &[u8] {
    let batch = pool.batch(1);
    batch.packets().next().unwrap().head().data()
}

fn main() {}
