//! Signals that are sent to `soft exec`.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use nix::sys::signal::Signal::{self, *};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};

use super::kit::{BARLINE, Place, RECORDER, Running, said};
use testkit::until;

#[test]
fn each_reaches_the_program_once() {
    let place = Place::new();
    let running = Running::start(place.script(RECORDER));
    assert_eq!(running.number(), running.id(), "its parent");
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGWINCH, SIGCONT, SIGALRM, SIGUSR1] {
        running.signal(signal);
        assert_eq!(format!("SIG{}", running.line()), signal.as_str());
    }
    // They are passed on in the order of their numbers, and by then all others were.
    running.signal(SIGUSR2);
    let (status, rest) = running.end();
    assert_eq!((status.code(), rest), (Some(7), vec!["USR2".to_string()]));
    place.assert_empty();
}

#[test]
fn one_that_ends_the_program_ends_both() {
    let place = Place::new();
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2] {
        let running = Running::start(place.script("echo ready; exec sleep 60"));
        assert_eq!(running.line(), "ready");
        running.signal(signal);
        assert_eq!(running.end().0.signal(), Some(signal as i32));
        place.assert_empty();
    }
}

#[test]
fn what_stops_the_program_stops_both_and_both_go_on() {
    let place = Place::new();
    let running = Running::start(place.script(RECORDER));
    assert_eq!(running.number(), running.id());
    for stop in [SIGTSTP, SIGTTIN, SIGTTOU] {
        running.signal(stop);
        let mut stopped = None;
        until("it stops", || {
            let look = WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG;
            let status = waitid(Id::Pid(running.id()), look).unwrap();
            stopped = if let WaitStatus::Stopped(_, by) = status { Some(by) } else { None };
            stopped.is_some()
        });
        assert_eq!(stopped, Some(stop));
        running.signal(SIGCONT);
        assert_eq!(running.line(), "CONT");
    }
    running.signal(SIGUSR2);
    let (status, rest) = running.end();
    assert_eq!((status.code(), rest), (Some(7), vec!["USR2".to_string()]));
}

/// The sets of signals in /proc/self/status of a program that a shell starts after `before`.
fn sets(place: &Place, before: &str) -> Vec<(String, u64)> {
    let root = place.root().display();
    let script = format!(
        "{before} exec {BARLINE} --root {root} soft exec -- grep -E '^Sig(Blk|Ign)' /proc/self/status"
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let line = |line: &str| {
        let (name, set) = line.split_once(":\t").unwrap();
        (name.to_string(), u64::from_str_radix(set, 16).unwrap())
    };
    said(&output).lines().map(line).collect()
}

#[test]
fn what_was_ignored_stays_ignored_and_nothing_else_is_changed() {
    let place = Place::new();
    let bit = |signal: Signal| 1 << (signal as i32 - 1);
    let plain = sets(&place, "");
    let [(blocked, 0), (ignored, before)] = &plain[..] else { panic!("{plain:?}") };
    assert_eq!((&blocked[..], &ignored[..]), ("SigBlk", "SigIgn"));
    let nohup = sets(&place, "trap '' HUP USR1;");
    assert_eq!(nohup[0].1, 0);
    assert_eq!(nohup[1].1, before | bit(SIGHUP) | bit(SIGUSR1));
}

#[test]
fn one_that_the_program_sends_to_its_parent_does_not_come_back() {
    let place = Place::new();
    let script = "trap 'echo USR1' USR1; kill -USR1 $PPID; kill -USR1 $$; echo end";
    let running = Running::start(place.script(script));
    let (status, lines) = running.end();
    assert_eq!((status.code(), lines), (Some(0), vec!["USR1".to_string(), "end".to_string()]));
}
