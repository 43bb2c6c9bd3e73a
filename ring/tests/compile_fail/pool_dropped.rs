// A pool cannot go while a batch borrows it.
use barline_ring::Pool;

fn pool_dropped(pool: Pool) {
    let batch = pool.batch(32);
    drop(pool);
    println!("{}", batch.len());
}

fn main() {}
