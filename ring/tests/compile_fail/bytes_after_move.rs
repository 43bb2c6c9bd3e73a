// A frame's bytes cannot be reached by way of the batch that it has left.
use barline_ring::FrameBatch;

fn after_move(from: &mut FrameBatch<'_>, to: &mut FrameBatch<'_>) {
    let bytes = from.frames().next().unwrap().data();
    from.move_to(to, 1);
    println!("{bytes:?}");
}

fn main() {}
