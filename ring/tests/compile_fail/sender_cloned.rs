// A hand-off has one sender and one receiver.
use barline_ring::{FrameReceiver, FrameSender};

fn cloned(sender: &FrameSender, receiver: &FrameReceiver) -> (FrameSender, FrameReceiver) {
    (sender.clone(), receiver.clone())
}

fn main() {}
