//! Rings and data out of all caches.

use super::rig::{Rig, frame};
use super::rx_ring::RxRing;
use super::tx_ring::TxRing;

/// Bytes of a cache line of x86-64, and of a descriptor.
const LINE: usize = 64;
const DESCRIPTOR: usize = 16;

/// Lines of some rings.
fn lines(descriptors: &[usize]) -> usize {
    descriptors.iter().map(|count| count * DESCRIPTOR / LINE).sum()
}

/// What is to be said on this processor.
fn told(lines: usize) -> Option<usize> {
    cfg!(target_arch = "x86_64").then_some(lines)
}

#[test]
fn rings_that_are_on_and_what_was_delivered_last_are_flushed_and_keep_their_bytes() {
    for (size, frame_lines) in [(64, 1), (128, 2), (1518, 24)] {
        let mut rig = Rig::new(&format!("vfs=3,uplink=gen,size={size}"));
        let mac = rig.open(0);
        let mut ring = RxRing::start(&mut rig, 0, 0, 512, 2, 0);
        let off = RxRing::start(&mut rig, 0, 1, 512, 2, 0);
        let mut sender = TxRing::start(&mut rig, 0, 0, 128, 0);
        rig.open(2);
        let _other = TxRing::start(&mut rig, 2, 1, 64, 0);
        let on = lines(&[512, 128, 64]);
        assert_eq!(rig.feed(0), 0);
        assert_eq!(rig.adapter.chill(), told(on + lines(&[512])));
        off.stop(&mut rig);
        assert_eq!(rig.feed(0), 0);
        assert_eq!(rig.adapter.chill(), told(on));
        for frames in [32, 7, 256] {
            let last = sender.send(&mut rig, &frame([2; 6], mac, 60, 0));
            assert_eq!(rig.feed(frames), frames);
            let flushed = told(on + frames * frame_lines);
            assert_eq!(
                [rig.adapter.chill(), rig.adapter.chill()],
                [flushed; 2],
                "{size}, {frames}"
            );
            assert!(sender.is_done(&rig, last));
            let got = ring.poll(&mut rig);
            assert_eq!(got.len(), frames);
            let whole = |bytes: &[u8]| softnic::uplink::Stamp::read(bytes).is_some();
            assert!(got.iter().all(|got| got.bytes.len() == size - 4 && whole(&got.bytes)));
        }
        // An ordinary step leaves no trail.
        rig.wire(&frame(mac, [2; 6], 60, 0));
        rig.settle();
        assert_eq!(ring.poll(&mut rig).len(), 1);
        assert_eq!(rig.adapter.chill(), told(on + 256 * frame_lines));
    }
}

#[test]
fn memory_that_is_not_mapped_any_more_is_left_alone() {
    let mut rig = Rig::new("vfs=1,uplink=gen");
    rig.open(0);
    let _ring = RxRing::start(&mut rig, 0, 0, 512, 2, 0);
    assert_eq!(rig.feed(32), 32);
    let (iova, len) = (rig.ram.iova, rig.ram.len());
    rig.adapter.memory().unmap(iova, len).unwrap();
    assert_eq!(rig.adapter.chill(), told(0));
    rig.ram.map(rig.adapter.memory());
    assert_eq!(rig.adapter.chill(), told(lines(&[512]) + 32));
    rig.adapter.close(0);
    assert_eq!(rig.adapter.chill(), told(0));
}
