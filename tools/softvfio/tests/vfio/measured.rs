//! Measured steps, as a program asks for them that times its driver.

use softnic::Tally;
use softvfio::Vfio;

use crate::driver::{Receiver, buffers};
use crate::kit::{PAGE, Pages, Rig};

const IOVA: u64 = 0x4000_0000;

#[test]
fn a_program_that_moves_the_adapter_feeds_chills_and_counts() {
    let rig = Rig::new("uplink=gen");
    let nothing = |vfio: &Vfio| (vfio.feed(1), vfio.chill(), vfio.tally());
    assert_eq!(nothing(&rig.vfio), (None, None, None), "no adapter yet");
    let [container, _, device] = rig.whole(0);
    assert_eq!((rig.vfio.feed(7), rig.vfio.tally()), (Some(0), Some(Tally::default())));
    let memory = Pages::new(9);
    rig.map(container, &memory, IOVA).unwrap();
    let _receiver = Receiver::start(&rig, device, &memory, IOVA, buffers(IOVA));
    // One of its eight descriptors stays unused.
    assert_eq!([3, 100, 100].map(|frames| rig.vfio.feed(frames)), [3, 4, 0].map(Some));
    for at in 0..7 {
        assert_eq!(memory.word(16 * at + 8) & 1, 1);
        assert_eq!(memory.read((1 + at) * PAGE + 42, 4), *b"sgen");
    }
    assert_eq!(rig.vfio.tally(), Some(Tally { delivered: 7, taken: 0 }));
    // The ring's two lines; the last step has delivered nothing.
    let lines = cfg!(target_arch = "x86_64").then_some(2);
    assert_eq!(rig.vfio.chill(), lines);
}
