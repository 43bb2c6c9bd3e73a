//! One call on VFIO after the other fails, with one errno after the other: each is told with what was
//! tried and what to do about it, or the driver does without; nothing is left behind; and the next port
//! opens and works.

use barline::Error;

use crate::census::Census;
use crate::inside::inside;
use crate::node::{Node, VF0, VF1, arena, exchange};
use crate::{log, soft};

/// Numbers of calls at the turns of a round.
struct Turns {
    first_started: u64,
    second_started: u64,
    closing: u64,
}

/// Two ports with an arena each in one address space, frames between them, and closing: first one port
/// and its arena, then the other. What it gives are the numbers of its calls.
fn round(arena: &barline::Arena) -> barline::Result<Turns> {
    let begun = soft::calls();
    let mut a = Node::start(VF0, arena)?;
    let first_started = soft::calls() - begun;
    let second_arena = crate::node::arena();
    let mut b = Node::start(VF1, &second_arena)?;
    let second_started = soft::calls() - begun;
    exchange(&mut a, &mut b, 16);
    let closing = soft::calls() - begun;
    drop(b);
    drop(second_arena);
    drop(a);
    Ok(Turns { first_started, second_started, closing })
}

/// A round by itself, in which the driver makes every kind of call that it makes.
pub fn round_of_all() {
    round(&arena()).unwrap();
}

/// What shall become of a call that fails.
#[derive(Debug)]
enum Fate {
    /// It is made again, and nobody hears of it.
    Again,
    /// The port does not open or start, and the error is that of this device.
    Told(&'static str),
    /// It is logged, and that is all.
    Logged,
    /// Nobody is told: nothing can be done about it, and nothing is missing.
    Passed,
}

/// The `number`th call of a round, of which all are `names`, fails.
fn fate(names: &[String], number: usize, errno: i32, turns: &Turns) -> Fate {
    let name = names[number - 1].as_str();
    let number = number as u64;
    let begun = if number > turns.first_started { turns.first_started as usize } else { 0 };
    // Which of that kind it is for its port.
    let nth = names[begun..number as usize].iter().filter(|other| *other == name).count();
    let second = number > turns.first_started;
    match name {
        // Linux closes a descriptor whatever it answers.
        "close" => Fate::Passed,
        // No call of these that is interrupted can be told from one that failed.
        _ if errno == libc::EINTR && name != "mmap" && name != "eventfd" => Fate::Again,
        _ if number > turns.closing => Fate::Logged,
        // Interrupts first; without the two notices a port can be used.
        "VFIO_DEVICE_GET_IRQ_INFO" if nth > 1 => Fate::Logged,
        // A group that cannot join the container of the other one gets its own.
        "VFIO_GROUP_SET_CONTAINER" | "VFIO_IOMMU_GET_INFO" if second => Fate::Logged,
        _ if second => Fate::Told(VF1),
        _ => Fate::Told(VF0),
    }
}

/// Whether an error says which device it is about, what was tried, why it failed, and what to do.
fn check_told(error: &Error, device: &str, name: &str, errno: i32) {
    let says = |text: &str, words: &[&str]| {
        assert!(words.iter().any(|word| text.contains(word)), "{name}: {error}");
    };
    let text = error.to_string();
    match error {
        Error::Kernel { device: named, action, source, remedy } => {
            // An address space has the names of its groups and devices.
            match name {
                "VFIO_IOMMU_MAP_DMA" => assert!(named.contains(device), "{name}: {text}"),
                _ => assert_eq!(named, device, "{name}: {text}"),
            }
            assert_eq!(source.raw_os_error(), Some(errno), "{name}: {text}");
            assert!(
                !action.is_empty() && text.contains(action) && text.ends_with(remedy),
                "{text}"
            );
            match errno {
                libc::EPERM => says(remedy, &["forbid", "dmesg"]),
                libc::ENOMEM => says(remedy, &["memory"]),
                // The others mean nothing to eventfds that has to do with devices.
                _ if name == "eventfd" => says(remedy, &["eventfd(2)"]),
                libc::EBUSY => says(remedy, &["busy", "siblings are in use"]),
                libc::ENODEV => says(remedy, &["bind", "bound", "modprobe", "load the module"]),
                _ => assert!(!remedy.is_empty(), "{name}: {text}"),
            }
        }
        Error::Permission { device: named, source, remedy, .. } => {
            assert_eq!((named.as_str(), errno), (device, libc::EPERM), "{name}: {text}");
            assert_eq!(source.raw_os_error(), Some(errno), "{name}: {text}");
            assert!(name.starts_with("open-") && !remedy.is_empty(), "{name}: {text}");
        }
        Error::GroupBusy { device: named, .. } => {
            assert_eq!((named.as_str(), errno), (device, libc::EBUSY), "{name}: {text}");
            assert!(["open-group", "VFIO_GROUP_SET_CONTAINER"].contains(&name), "{name}: {text}");
        }
        Error::NoInterruptRemapping { device: named, .. } => {
            assert_eq!((named.as_str(), errno), (device, libc::EPERM), "{name}: {text}");
            assert_eq!(name, "VFIO_SET_IOMMU", "{text}");
        }
        other => panic!("{name}: not what was to be told: {other}"),
    }
}

/// Lets each call of a round fail in turn.
fn each_call_fails_with(errno: i32) {
    let arena = arena();
    log::begin();
    let (names, turns) = soft::calls_of(|| round(&arena).unwrap());
    assert_eq!(log::warnings(), "");
    let (again, _) = soft::calls_of(|| round(&arena).unwrap());
    assert_eq!(names, again, "a round makes the same calls each time");
    assert!(turns.first_started < turns.second_started && turns.second_started <= turns.closing);
    let before = Census::now();
    let at_rest = |after: &str| {
        before.holds_again(after);
        let census = arena.buffers().census();
        assert_eq!((census.depot, census.quarantined), (census.total, 0), "after {after}");
    };
    for number in 1..=names.len() {
        let name = &names[number - 1];
        let what = format!("call {number}, {name}, failed with errno {errno}");
        log::begin();
        soft::fail(number as u64, errno);
        let result = round(&arena).map(drop);
        soft::fail(0, 0);
        let logged = log::so_far();
        let errno_is_told = logged.contains(&format!("os error {errno})"));
        match (fate(&names, number, errno, &turns), result) {
            (Fate::Again | Fate::Passed, Ok(())) => {
                assert!(!errno_is_told, "{what}, and was logged: {logged}");
            }
            (Fate::Told(device), Err(error)) => {
                check_told(&error, device, name, errno);
                // What follows from it is no further trouble, but for registers that are not mapped,
                // which can be reached all the same.
                let warnings = log::warnings();
                let others = warnings.lines().filter(|line| !line.contains("not mapped"));
                assert_eq!(others.count(), 0, "{what}: {warnings}");
            }
            (Fate::Logged, Ok(())) => assert!(errno_is_told, "{what}, and nobody hears: {logged}"),
            (fate, result) => panic!("{what}: {fate:?}, but {result:?}: {logged}"),
        }
        at_rest(&what);
        log::begin();
        if let Err(error) = round(&arena) {
            panic!("{what}, and after that nothing works: {error}");
        }
        assert_eq!(log::warnings(), "", "after {what}");
        at_rest("a round without errors");
    }
}

#[test]
fn eperm() {
    inside("errors::eperm", "vfs=2,uplink=sink", || each_call_fails_with(libc::EPERM));
}

#[test]
fn ebusy() {
    inside("errors::ebusy", "vfs=2,uplink=sink", || each_call_fails_with(libc::EBUSY));
}

#[test]
fn enomem() {
    inside("errors::enomem", "vfs=2,uplink=sink", || each_call_fails_with(libc::ENOMEM));
}

#[test]
fn enodev() {
    inside("errors::enodev", "vfs=2,uplink=sink", || each_call_fails_with(libc::ENODEV));
}

#[test]
fn eintr() {
    inside("errors::eintr", "vfs=2,uplink=sink", || each_call_fails_with(libc::EINTR));
}
