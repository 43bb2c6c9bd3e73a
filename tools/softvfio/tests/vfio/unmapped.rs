//! Memory that a program takes away while devices reach it, as pinned pages may be taken away.

use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use softvfio::maps;

use crate::driver::{Receiver, buffers};
use crate::kit::{PAGE, Pages, Rig};

const IOVA: u64 = 0x4000_0000;
const BOTH: i32 = libc::PROT_READ | libc::PROT_WRITE;
const ANONYMOUS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;

/// New memory, which may be taken away in parts.
fn anonymous(pages: usize) -> usize {
    // SAFETY: new memory.
    let at = unsafe { libc::mmap(ptr::null_mut(), pages * PAGE, BOTH, ANONYMOUS, -1, 0) };
    assert_ne!(at, libc::MAP_FAILED);
    at.expose_provenance()
}

/// Whether a page of memory starts with a frame of the generator's: to a VF, IPv4.
fn has_frame(at: usize) -> bool {
    // SAFETY: memory of the test's.
    let ethertype = unsafe { ptr::with_exposed_provenance::<[u8; 2]>(at + 12).read() };
    ethertype == [8, 0]
}

#[test]
fn frames_go_where_the_pages_are() {
    let rig = Rig::new("uplink=gen");
    let [container, _, device] = rig.whole(0);
    let (ring, data) = (Pages::new(1), anonymous(8));
    rig.map(container, &ring, IOVA).unwrap();
    rig.map_raw(container, 3, data as u64, IOVA + PAGE as u64, 8 * PAGE as u64).unwrap();
    let receiver = Receiver::start(&rig, device, &ring, IOVA, buffers(IOVA));
    // Buffer 0 goes, 1 is covered, 2 and 3 are moved, the others stay.
    let page = |number: usize| data + number * PAGE;
    let elsewhere = anonymous(2);
    // SAFETY: memory of the test's, to which nothing refers.
    unsafe {
        assert_eq!(maps::munmap(page(0), PAGE), Some(Ok(())));
        let covered = maps::mmap_fixed(page(1), PAGE, BOTH, ANONYMOUS | libc::MAP_FIXED, -1, 0);
        assert_eq!(covered.unwrap().unwrap().addr(), page(1));
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let moved = maps::mremap(page(2), 2 * PAGE, 2 * PAGE, flags, elsewhere);
        assert_eq!(moved.unwrap().unwrap().addr(), elsewhere);
    }
    receiver.receive(&ring, 7);
    assert!(!has_frame(page(1)), "it is not what was mapped for the device");
    for at in [elsewhere, elsewhere + PAGE, page(4), page(5), page(6)] {
        assert!(has_frame(at), "{at:#x}");
    }
    // What the program still has is unlocked, wherever it is.
    assert_eq!(rig.unmap(container, IOVA + PAGE as u64, 8 * PAGE as u64), Ok(8 * PAGE as u64));
    // SAFETY: as above.
    unsafe { assert_eq!(maps::munmap(elsewhere, 2 * PAGE), None) };
}

#[test]
fn what_vanishes_unseen_costs_a_device_nothing_but_its_frames() {
    let rig = Rig::new("uplink=gen");
    let [container, _, device] = rig.whole(0);
    let (ring, data) = (Pages::new(1), anonymous(8));
    rig.map(container, &ring, IOVA).unwrap();
    rig.map_raw(container, 3, data as u64, IOVA + PAGE as u64, 8 * PAGE as u64).unwrap();
    let receiver = Receiver::start(&rig, device, &ring, IOVA, buffers(IOVA));
    let gone = ptr::with_exposed_provenance_mut(data + PAGE);
    // SAFETY: memory of the test's, to which nothing refers.
    unsafe { assert_eq!(libc::munmap(gone, 2 * PAGE), 0) };
    receiver.receive(&ring, 7);
    assert!([0, 3, 4, 5, 6].into_iter().all(|buffer| has_frame(data + buffer * PAGE)));
}

#[test]
fn memory_comes_and_goes_under_a_device_at_work() {
    let rig = Rig::new("uplink=gen");
    let [container, _, device] = rig.whole(0);
    let ring = Pages::new(1);
    rig.map(container, &ring, IOVA).unwrap();
    let _receiver = Receiver::start(&rig, device, &ring, IOVA, buffers(IOVA));
    let done = AtomicBool::new(false);
    let frames = thread::scope(|scope| {
        let device = scope.spawn(|| {
            let mut frames = 0;
            let mut tail = 7;
            while !done.load(Ordering::Relaxed) {
                let moved = rig.vfio.step();
                assert!(moved >= 0, "the adapter has failed");
                frames += moved;
                // All buffers but one are the device's, all the time.
                tail = (tail + 7) % 8;
                rig.write32(device, 0x1018, tail);
            }
            frames
        });
        for _ in 0..500 {
            let data = anonymous(8);
            let (iova, len) = (IOVA + PAGE as u64, 8 * PAGE as u64);
            rig.map_raw(container, 3, data as u64, iova, len).unwrap();
            // SAFETY: memory of the test's, to which nothing refers.
            unsafe {
                assert_eq!(maps::munmap(data + 3 * PAGE, 2 * PAGE), Some(Ok(())));
                assert_eq!(maps::munmap(data, 8 * PAGE), Some(Ok(())));
            }
            assert_eq!(rig.unmap(container, iova, len), Ok(len));
        }
        done.store(true, Ordering::Relaxed);
        device.join().unwrap()
    });
    assert!(frames > 0, "no frame came meanwhile");
}
