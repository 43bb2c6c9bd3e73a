//! A panic somewhere leaves the rest at work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::fake_vf::FakeVf;
use crate::kit::{event, frame, open, until};

#[test]
fn a_panic_with_the_control_path_locked_does_not_stop_queues_from_restarting() {
    let opened = std::iter::repeat_with(|| {
        let fake = FakeVf::new("panic0");
        let mut port = open(&fake).unwrap();
        let queues = port.start().unwrap();
        fake.model().panics = true;
        let panicked = catch_unwind(AssertUnwindSafe(|| port.stats())).is_err();
        // Or else the watcher was faster, and is no more.
        panicked.then_some((fake, port, queues))
    });
    let (fake, mut port, mut queues) = opened.take(100).flatten().next().expect("a panic");
    let pool = port.pool();
    port.reset();
    event(&port, |event| *event == barline::Event::Recovered);
    until("a frame is received", || {
        fake.model().incoming.push_back(frame(1));
        fake.step();
        queues.rx[0].poll(&mut pool.batch(4)) > 0
    });
}

#[test]
fn a_worker_that_panics_turns_its_queue_off() {
    let (fake, other) = (FakeVf::new("panic1"), FakeVf::new("panic2"));
    let mut port = open(&fake).unwrap();
    let stranger = open(&other).unwrap();
    let mut queues = port.start().unwrap();
    let mut rx = queues.rx.remove(0);
    let pool = stranger.pool();
    let worker = thread::spawn(move || rx.poll(&mut pool.batch(4)));
    assert!(worker.join().is_err(), "frames of another arena");
    assert!(!fake.model().rx[0].on && fake.model().tx[0].on);
    assert_eq!(port.stats().rx.len(), 0);
    drop((queues, port, stranger));
    fake.assert_at_rest();
}
