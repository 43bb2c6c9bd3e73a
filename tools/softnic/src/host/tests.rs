//! The lock and the thread, with something else than an adapter in it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::*;

/// Something that counts its steps.
struct Counting {
    steps: Arc<AtomicU64>,
    /// How many of them have something to do.
    work: u64,
    panics_at: u64,
    buried: Arc<AtomicBool>,
}

impl Counting {
    fn seat(work: u64, panics_at: u64) -> (Arc<Seat<Counting>>, Arc<AtomicU64>) {
        let steps = Arc::new(AtomicU64::new(0));
        let counting =
            Counting { steps: Arc::clone(&steps), work, panics_at, buried: Arc::default() };
        (Arc::new(Seat::new(counting, |counting| counting.buried.store(true, Relaxed))), steps)
    }
}

impl Step for Counting {
    fn step(&mut self, _now: u64) -> usize {
        let step = self.steps.fetch_add(1, Relaxed);
        assert!(step != self.panics_at, "step {step} went wrong");
        // A long step, with work: who waits for it sleeps.
        let begin = Instant::now();
        while step < self.work && begin.elapsed() < Duration::from_micros(200) {}
        usize::from(step < self.work)
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what} did not happen");
        std::thread::yield_now();
    }
}

#[test]
fn whoever_asks_waits_for_a_step_or_two_and_the_thread_goes_on() {
    let (seat, steps) = Counting::seat(u64::MAX, u64::MAX);
    let runner = Runner::start(Arc::clone(&seat), None).unwrap();
    until("work", || steps.load(Relaxed) > 100);
    let mut waits: Vec<u64> = (0..300)
        .map(|_| {
            // The thread has the lock again by then.
            let later = steps.load(Relaxed) + 3;
            until("three steps", || steps.load(Relaxed) >= later);
            let before = steps.load(Relaxed);
            seat.with(|counting| counting.steps.load(Relaxed)).unwrap() - before
        })
        .collect();
    waits.sort_unstable();
    // Some are longer, where this thread could not run when it was its turn.
    assert!(waits[150] < 3, "steps that were waited for: {waits:?}");
    let before = steps.load(Relaxed);
    until("more work", || steps.load(Relaxed) > before + 100);
    drop(runner);
    let after = steps.load(Relaxed);
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(steps.load(Relaxed), after, "it ends when it is dropped");
}

#[test]
fn the_thread_gets_its_turn_among_those_who_ask_all_the_time() {
    let (seat, steps) = Counting::seat(u64::MAX, u64::MAX);
    let _runner = Runner::start(Arc::clone(&seat), None).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    seat.with(|_| ()).unwrap();
                }
            });
        }
        let before = steps.load(Relaxed);
        until("a hundred steps", || steps.load(Relaxed) > before + 100);
        over.store(true, Relaxed);
    });
}

#[test]
fn a_panic_is_told_to_everyone_and_ends_nothing_else() {
    let (seat, steps) = Counting::seat(u64::MAX, 50);
    let buried = seat.with(|counting| Arc::clone(&counting.buried)).unwrap();
    let runner = Runner::start(Arc::clone(&seat), None).unwrap();
    until("the panic", || seat.with(|_| ()).is_err());
    let broken = seat.with(|_| ()).unwrap_err();
    assert!(broken.to_string().contains("step 50 went wrong"), "{broken}");
    assert_eq!(seat.after_others(|_| ()), Err(broken));
    assert!(buried.load(Relaxed));
    assert_eq!(steps.load(Relaxed), 51, "it is left alone");
    drop(runner);
}

#[test]
fn a_panic_of_who_asked_counts_as_well_also_when_the_burial_fails() {
    let seat = Seat::new(0, |_: &mut i32| panic!("no grave"));
    assert_eq!(
        seat.with(|value| {
            *value += 1;
            *value
        }),
        Ok(1)
    );
    let broken = seat.with(|_| -> () { panic!("{} is not allowed", 3) }).unwrap_err();
    assert!(broken.to_string().contains("3 is not allowed"), "{broken}");
    assert_eq!(seat.with(|_| ()), Err(broken));
}

#[test]
fn without_work_it_sleeps() {
    let (seat, steps) = Counting::seat(10, u64::MAX);
    let _runner = Runner::start(seat, None).unwrap();
    // It has nothing to do any more, and has let others run for long enough.
    until("a pause", || steps.load(Relaxed) > 200);
    let (before, begin) = (steps.load(Relaxed), Instant::now());
    std::thread::sleep(Duration::from_millis(200));
    let possible = begin.elapsed().as_micros() as u64 / 50;
    let steps = steps.load(Relaxed) - before;
    assert!(
        (1..possible).contains(&steps),
        "{steps} steps with pauses of 50 µs, of {possible} possible"
    );
}
