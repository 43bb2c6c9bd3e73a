// Frames cannot be made up: the type is not public.
use barline_ring::Frame;

fn frame_made() -> Frame {
    Frame { index: 7, offset: 0, len: 60, vlan: 0, flags: Default::default(), meta: 0 }
}

fn main() {}
