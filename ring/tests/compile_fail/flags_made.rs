// Flags, with which chains are made, cannot be set from outside.
use barline_ring::{Flags, FrameMut};

fn flags_made(frame: FrameMut<'_>) {
    frame.set_flags(Flags::MORE);
    let _ = Flags(1);
}

fn main() {}
