//! Sleeping until a packet comes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use barline::Port;

use crate::fake_vf::FakeVf;
use crate::kit::{config, event, frame, open};

#[test]
fn a_packet_wakes_and_a_timeout_ends() {
    let fake = FakeVf::new("wait0");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(4);
    let rx = &mut queues.rx[0];
    assert!(!rx.wait(Duration::ZERO).unwrap());
    let start = Instant::now();
    assert!(!rx.wait(Duration::from_millis(30)).unwrap());
    assert!(start.elapsed() >= Duration::from_millis(30));
    for _ in 0..3 {
        let sender = fake.clone();
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            sender.model().incoming.push_back(frame(1));
            sender.step();
        });
        // For ever is a timeout, too.
        assert!(rx.wait(Duration::MAX).unwrap());
        assert_eq!(rx.poll(&mut batch), 1);
        batch.clear();
        sender.join().unwrap();
    }
}

#[test]
fn one_who_sleeps_takes_its_queue_up_again_after_a_reset() {
    let fake = FakeVf::new("wait1");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let awake = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(queues.rx[0].wait(Duration::from_secs(60)).unwrap());
            awake.store(true, Ordering::Release);
        });
        fake.begin_pf_reset();
        fake.end_pf_reset();
        event(&port, |event| *event == barline::Event::Recovered);
        crate::kit::until("a packet is seen", || {
            fake.model().incoming.push_back(frame(2));
            fake.step();
            awake.load(Ordering::Acquire)
        });
    });
}

#[test]
fn a_wait_ends_in_time_while_the_pf_is_silent() {
    let fake = FakeVf::new("wait2");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    // What came before the reset is lost, and must not keep the worker awake.
    fake.model().incoming.push_back(frame(3));
    fake.step();
    fake.model().pf.silent = true;
    fake.begin_pf_reset();
    event(&port, |event| matches!(event, barline::Event::PfSilent { .. }));
    let start = Instant::now();
    assert!(!queues.rx[0].wait(Duration::from_millis(100)).unwrap());
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    assert_eq!(queues.rx[0].poll(&mut pool.batch(4)), 0);
}

#[test]
fn a_queue_without_vector_says_so() {
    let fake = FakeVf::new("wait3");
    fake.model().vector_count = 2;
    let mut port =
        Port::on(fake.transport(), barline::Config { rx_queues: 2, ..config() }).unwrap();
    let mut queues = port.start().unwrap();
    assert!(!queues.rx[0].wait(Duration::ZERO).unwrap());
    let error = queues.rx[1].wait(Duration::ZERO).unwrap_err().to_string();
    assert!(error.contains("wait3") && error.contains("no interrupt vector"), "{error}");
}
