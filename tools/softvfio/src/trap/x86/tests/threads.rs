//! Threads that reach for registers at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use softnic::BAR_LEN;

use super::device::{Bar, Device};

/// VFMBMEM: registers that keep what is written.
const FIRST: usize = 0x200;

#[test]
fn each_thread_gets_what_it_asked_for() {
    const THREADS: usize = 8;
    const ROUNDS: u32 = 500;
    let device = Device::new(&[0; BAR_LEN]);
    let bar = Arc::new(Bar::new(&device));
    let one = |thread: usize| {
        // SAFETY: registers that are there as long as `bar`.
        let register = unsafe { AtomicU32::from_ptr(bar.pointer(FIRST + 4 * thread)) };
        for round in 1..=ROUNDS {
            // Plain moves, and an instruction that runs elsewhere.
            register.store(round * 1000 + thread as u32, Ordering::Relaxed);
            assert_eq!(register.fetch_add(1, Ordering::Relaxed), round * 1000 + thread as u32);
            assert_eq!(register.load(Ordering::Relaxed), round * 1000 + thread as u32 + 1);
        }
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || one(thread));
        }
    });
    let log = device.accesses();
    let writes = log.iter().filter(|(_, written)| written.is_some()).count();
    assert_eq!((log.len(), writes), (THREADS * ROUNDS as usize * 4, THREADS * ROUNDS as usize * 2));
}

#[test]
fn more_threads_than_places_to_run_wait_for_their_turn() {
    let device = Device::new(&[0; BAR_LEN]);
    let bar = Arc::new(Bar::new(&device));
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                // SAFETY: as above.
                let register = unsafe { AtomicU32::from_ptr(bar.pointer(FIRST)) };
                register.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    let log = device.accesses();
    assert_eq!(log.iter().filter(|(_, written)| written.is_none()).count(), 100);
    assert_eq!(log.iter().filter(|(_, written)| written.is_some()).count(), 100);
}
