// A pool belongs to one thread at a time.
use barline_ring::Pool;

fn shared<T: Sync>(_: &T) {}

fn pool_shared(pool: &Pool) {
    shared(pool);
}

fn main() {}
