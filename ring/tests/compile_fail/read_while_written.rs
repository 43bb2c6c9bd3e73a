// A frame cannot be read while a view that can write exists.
use barline_ring::FrameMut;

fn read_while_written(mut frame: FrameMut<'_>) {
    let old = frame.as_ref().data();
    frame.data().fill(0);
    println!("{old:?}");
}

fn main() {}
