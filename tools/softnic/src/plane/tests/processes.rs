//! Planes of several processes. Each test is its own other process, too: it runs this program again,
//! with the name of the test and of the file.

#[path = "../../../tests/common/other.rs"]
mod other;

use std::process::Command;
use std::time::{Duration, Instant};

use super::shared::{frame, join, share};
use super::*;
use other::{LIMIT, Other, share_of_child, until};

/// The plane of a child; none in the test itself.
fn in_child() -> Option<Plane> {
    share_of_child().map(|path| join(&path))
}

fn run(test: &str, path: &Path) -> Other {
    Other::run(&format!("plane::tests::processes::{test}"), path)
}

/// Time for [`Plane::look`].
fn now(begin: Instant) -> u64 {
    begin.elapsed().as_nanos() as u64
}

/// Drives VF 1 and sends back to VF 0 what arrives, until the limit or a frame of 60 zeros.
fn echo(mut plane: Plane) {
    plane.claim(1).unwrap();
    plane.update(1, |port| port.open = true);
    let mut waiting = std::collections::VecDeque::new();
    let mut over = false;
    until("the end", || {
        plane.take(1, 16, |_, frame| {
            over |= frame == [0; 60];
            waiting.push_back(frame.to_vec());
            true
        });
        while waiting.front().is_some_and(|frame| plane.post(0, 1, frame)) {
            waiting.pop_front();
        }
        plane.publish();
        over
    });
}

/// Sends frames to VF 1 and gets them back, at most 32 on their way, from number `from` on.
fn exchange(plane: &mut Plane, from: u64, count: u64) {
    let (mut sent, mut back) = (from, from);
    until("the exchange", || {
        while sent < from + count && sent < back + 32 && plane.post(1, 0, &frame(sent)) {
            sent += 1;
        }
        plane.publish();
        plane.take(0, 32, |source, bytes| {
            assert_eq!(source, 1);
            assert!(bytes == frame(back), "frame {back} is another");
            back += 1;
            true
        });
        back == from + count
    });
}

#[test]
fn frames_go_both_ways_and_none_is_lost() {
    if let Some(plane) = in_child() {
        return echo(plane);
    }
    let (_folder, path) = share();
    let mut plane = join(&path);
    plane.claim(0).unwrap();
    let mut other = run("frames_go_both_ways_and_none_is_lost", &path);
    until("VF 1 open", || plane.port(1).open);
    exchange(&mut plane, 1, 8_000);
    plane.post(1, 0, &[0; 60]);
    plane.publish();
    assert!(other.0.wait().unwrap().success());
    assert!(!plane.port(1).open, "it closed its VF");
    drop(plane);
    assert!(!path.exists());
}

#[test]
fn a_killed_process_takes_its_own_ports_down_and_no_other() {
    if let Some(mut plane) = in_child() {
        plane.claim_uplink().unwrap();
        return echo(plane);
    }
    let (_folder, path) = share();
    let mut plane = join(&path);
    plane.claim(0).unwrap();
    plane.update(0, |port| port.open = true);
    let begin = Instant::now();
    for round in 0..3 {
        let mut other = run("a_killed_process_takes_its_own_ports_down_and_no_other", &path);
        until("VF 1 open", || plane.port(1).open);
        assert_eq!((plane.claim(1), plane.claim_uplink()), (Err(Busy), Err(Busy)));
        exchange(&mut plane, 1 + round, 500);
        // Killed with frames on their way in both directions.
        while plane.post(1, 0, &frame(9)) {}
        plane.publish();
        other.kill();
        let generation = plane.generation();
        until("VF 1 closed", || {
            plane.look(now(begin));
            !plane.port(1).open
        });
        assert!(plane.generation() > generation && plane.port(0).open);
        plane.take(0, usize::MAX, |_, _| true);
    }
    assert_eq!(plane.claim_uplink(), Ok(3), "the wire can be taken over");
    assert_eq!(plane.claim(1), Ok(()));
}

#[test]
fn a_process_killed_over_a_change_leaves_nothing_half() {
    fn is_whole(port: &PortState) -> bool {
        let n = port.resets as u16 % 1000;
        port.resets == 0
            || (port.vlans == (n..n + 50).collect::<Vec<u16>>() && port.rate == Some(n.into()))
    }
    if let Some(mut plane) = in_child() {
        let begin = Instant::now();
        plane.claim(1).unwrap();
        while begin.elapsed() < LIMIT {
            plane.update(2, |port| {
                port.resets += 1;
                let n = port.resets as u16 % 1000;
                (port.vlans, port.rate) = ((n..n + 50).collect(), Some(n.into()));
            });
        }
        return;
    }
    let (_folder, path) = share();
    let mut plane = join(&path);
    for round in 0..25 {
        let mut other = run("a_process_killed_over_a_change_leaves_nothing_half", &path);
        let before = plane.generation();
        until("a first change", || plane.generation() > before);
        let at = Instant::now() + Duration::from_micros(round * 137);
        while Instant::now() < at {
            assert!(is_whole(&plane.port(2)));
        }
        other.kill();
        assert!(is_whole(&plane.port(2)));
        // The lock is free, and changes go on from what counted.
        let (resets, generation) = (plane.port(2).resets, plane.generation());
        plane.update(2, |port| port.spoof_check = round % 2 == 0);
        let port = plane.port(2);
        assert!(is_whole(&port) && port.spoof_check == (round % 2 == 0) && port.resets == resets);
        assert_eq!(plane.generation(), generation + 1);
        assert_eq!(plane.claim(1), Ok(()));
        plane.release(1);
    }
}

#[test]
fn processes_that_come_and_go_at_once_agree_on_one_file() {
    if let Some(plane) = in_child() {
        drop(plane);
        let path = share_of_child().unwrap();
        for _ in 0..100 {
            let mut plane = join(&path);
            plane.update(0, |port| port.resets += 1);
            assert!(plane.port(0).resets > 0);
        }
        return;
    }
    let (_folder, path) = share();
    let start = || run("processes_that_come_and_go_at_once_agree_on_one_file", &path);
    let mut others: Vec<Other> = (0..6).map(|_| start()).collect();
    assert!(others.iter_mut().all(|other| other.0.wait().unwrap().success()));
    assert!(!path.exists(), "the last one removes it");
    // With one that stays, no change is lost.
    let plane = join(&path);
    let mut others: Vec<Other> = (0..4).map(|_| start()).collect();
    assert!(others.iter_mut().all(|other| other.0.wait().unwrap().success()));
    assert_eq!(plane.port(0).resets, 400);
}

#[test]
fn a_stopped_process_stops_nobody_else() {
    if let Some(plane) = in_child() {
        return echo(plane);
    }
    let (_folder, path) = share();
    let (mut plane, mut third) = (join(&path), join(&path));
    plane.claim(0).unwrap();
    third.claim(2).unwrap();
    let other = run("a_stopped_process_stops_nobody_else", &path);
    until("VF 1 open", || plane.port(1).open);
    exchange(&mut plane, 1, 100);
    let stop = Command::new("kill").args(["-STOP", &other.0.id().to_string()]).status().unwrap();
    assert!(stop.success());
    while plane.post(1, 0, &frame(1)) {}
    for n in 0..1000 {
        assert!(third.post(0, 2, &frame(n)));
        third.publish();
        assert_eq!(plane.take(0, 1, |source, bytes| source == 2 && bytes == frame(n)), 1);
    }
    plane.look(0);
    assert!(plane.port(1).open, "it still drives its VF");
}
