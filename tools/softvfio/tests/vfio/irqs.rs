//! Interrupts.

use softnic::Fault;

use crate::kit::{CONFIG, DEVICE_SET_IRQS, Rig, close, counted, eventfd};

const NONE: u32 = 1;
const BOOL: u32 = 2;
const EVENTFD: u32 = 4;
const MASK: u32 = 8;
const UNMASK: u32 = 16;
const TRIGGER: u32 = 32;

const MSIX: u32 = 2;
const ERROR: u32 = 3;
const REQUEST: u32 = 4;

/// VTEICS and VTEIMS: causes that are set by the driver, and those that are let through.
const VTEICS: i64 = 0x104;
const VTEIMS: i64 = 0x108;

/// `VFIO_DEVICE_SET_IRQS` with its data, if that is given.
fn set(
    rig: &Rig,
    device: i32,
    [flags, index, start, count]: [u32; 4],
    data: &[i32],
) -> Result<i32, i32> {
    let mut words = vec![20 + 4 * data.len() as u32, flags, index, start, count];
    words.extend(data.iter().map(|word| *word as u32));
    rig.number(device, DEVICE_SET_IRQS, words.as_mut_ptr().expose_provenance())
}

/// Has the device want to interrupt with each of its vectors.
fn raise(rig: &Rig, device: i32) {
    rig.bus_master(device, true);
    rig.write32(device, VTEIMS, 7);
    rig.write32(device, 0x100, 7);
    rig.write32(device, VTEICS, 7);
}

#[test]
fn vectors_signal_the_eventfds_that_they_are_connected_to() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let fds = [eventfd(), eventfd(), eventfd()];
    let heard = || fds.map(counted);
    let on = || rig.read32(device, CONFIG + 0x70) >> 31;
    assert_eq!(on(), 0);
    assert_eq!(set(&rig, device, [EVENTFD | TRIGGER, MSIX, 0, 3], &fds), Ok(0));
    assert_eq!(on(), 1, "MSI-X is on");
    raise(&rig, device);
    assert_eq!(heard(), [1, 1, 1]);
    // One of them to nowhere, and back.
    assert_eq!(set(&rig, device, [EVENTFD | TRIGGER, MSIX, 1, 1], &[-1]), Ok(0));
    raise(&rig, device);
    assert_eq!(heard(), [1, 0, 1]);
    assert_eq!(set(&rig, device, [EVENTFD | TRIGGER, MSIX, 1, 1], &fds[1..2]), Ok(0));
    // The program's own copy is not needed.
    close(fds[2]);
    raise(&rig, device);
    assert_eq!([counted(fds[0]), counted(fds[1])], [1, 1]);
    // Signals of the program's own, to see whether they arrive.
    assert_eq!(set(&rig, device, [NONE | TRIGGER, MSIX, 0, 2], &[]), Ok(0));
    assert_eq!([counted(fds[0]), counted(fds[1])], [1, 1]);
    assert_eq!(set(&rig, device, [BOOL | TRIGGER, MSIX, 0, 2], &[0x0100]), Ok(0));
    assert_eq!([counted(fds[0]), counted(fds[1])], [0, 1]);
    // All of them off.
    assert_eq!(set(&rig, device, [NONE | TRIGGER, MSIX, 0, 0], &[]), Ok(0));
    assert_eq!(on(), 0);
    raise(&rig, device);
    assert_eq!([counted(fds[0]), counted(fds[1])], [0, 0]);
    close(fds[0]);
    close(fds[1]);
}

#[test]
fn without_bus_mastering_no_message_is_sent() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let fd = eventfd();
    set(&rig, device, [EVENTFD | TRIGGER, MSIX, 0, 1], &[fd]).unwrap();
    rig.write32(device, VTEIMS, 1);
    rig.write32(device, VTEICS, 1);
    assert_eq!(counted(fd), 0);
    rig.bus_master(device, true);
    assert_eq!(counted(fd), 1, "it was waiting for that");
    close(fd);
}

#[test]
fn an_eventfd_that_is_full_stops_nobody() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    // SAFETY: no memory is involved.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    let most = u64::MAX - 1;
    // SAFETY: eight bytes.
    assert_eq!(unsafe { libc::write(fd, (&raw const most).cast(), 8) }, 8);
    set(&rig, device, [EVENTFD | TRIGGER, MSIX, 0, 1], &[fd]).unwrap();
    raise(&rig, device);
    assert_eq!(counted(fd), most);
    close(fd);
}

#[test]
fn there_are_as_many_vectors_as_were_asked_for_at_first() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let fds = [eventfd(), eventfd(), eventfd()];
    let connect = |start, data: &[i32]| {
        set(&rig, device, [EVENTFD | TRIGGER, MSIX, start, data.len() as u32], data)
    };
    assert_eq!(connect(0, &[]), Err(libc::ERANGE));
    // What is no eventfd leaves MSI-X off.
    assert_eq!(connect(0, &[fds[0], device]), Err(libc::EINVAL));
    assert_eq!(connect(0, &[fds[0], 9999]), Err(libc::EBADF));
    assert_eq!(rig.read32(device, CONFIG + 0x70) >> 31, 0);
    assert_eq!(connect(0, &fds[..2]), Ok(0));
    assert_eq!(connect(2, &fds[2..]), Err(libc::EINVAL), "no third one can be had");
    assert_eq!(connect(2, &[-1]), Ok(0), "there is nothing to disconnect");
    // Now a bad one disconnects those of its call.
    assert_eq!(connect(0, &[fds[0], 9999]), Err(libc::EBADF));
    raise(&rig, device);
    assert_eq!(fds.map(counted), [0, 0, 0]);
    assert_eq!(connect(1, &[fds[1]]), Ok(0));
    raise(&rig, device);
    assert_eq!(fds.map(counted), [0, 1, 0]);
    fds.into_iter().for_each(close);
}

#[test]
fn calls_that_make_no_sense_are_refused() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let fd = eventfd();
    for (head, data) in [
        // No kind of data, or two; unknown bits.
        ([TRIGGER, MSIX, 0, 1], &[][..]),
        ([NONE | EVENTFD | TRIGGER, MSIX, 0, 1], &[fd]),
        ([EVENTFD | TRIGGER | 64, MSIX, 0, 1], &[fd]),
        // Kinds that a VF does not have, and that there are not.
        ([EVENTFD | TRIGGER, 0, 0, 1], &[fd]),
        ([EVENTFD | TRIGGER, 1, 0, 1], &[fd]),
        ([NONE | TRIGGER, 0, 0, 0], &[]),
        ([NONE | TRIGGER, 5, 0, 0], &[]),
        // Beyond the last one.
        ([EVENTFD | TRIGGER, MSIX, 3, 1], &[fd]),
        ([EVENTFD | TRIGGER, MSIX, 2, 2], &[fd, fd]),
        ([EVENTFD | TRIGGER, MSIX, 1, u32::MAX], &[fd]),
        ([EVENTFD | TRIGGER, REQUEST, 1, 1], &[fd]),
        // Less data than there should be.
        ([EVENTFD | TRIGGER, MSIX, 0, 2], &[fd]),
        ([BOOL | TRIGGER, MSIX, 0, 1], &[]),
        // Nothing is connected.
        ([NONE | TRIGGER, MSIX, 0, 0], &[]),
        ([NONE | TRIGGER, MSIX, 0, 1], &[]),
        ([BOOL | TRIGGER, MSIX, 0, 1], &[1]),
        ([NONE | TRIGGER, REQUEST, 0, 0], &[]),
        ([NONE | TRIGGER, ERROR, 0, 1], &[]),
        ([BOOL | TRIGGER, ERROR, 0, 0], &[]),
        ([EVENTFD | TRIGGER, ERROR, 0, 0], &[]),
        ([EVENTFD | TRIGGER, ERROR, 0, 1], &[-2]),
        ([EVENTFD | TRIGGER, ERROR, 0, 1], &[device]),
    ] {
        assert_eq!(set(&rig, device, head, data), Err(libc::EINVAL), "{head:?} {data:?}");
    }
    // Messages cannot be masked by VFIO.
    for action in [MASK, UNMASK, MASK | TRIGGER, 0] {
        let refused = set(&rig, device, [EVENTFD | action, MSIX, 0, 1], &[fd]);
        assert_eq!(refused, Err(libc::ENOTTY), "{action}");
    }
    let mut short = [19, NONE | TRIGGER, MSIX, 0, 0];
    assert_eq!(rig.call(device, DEVICE_SET_IRQS, &mut short), Err(libc::EINVAL));
    assert_eq!(rig.number(device, DEVICE_SET_IRQS, 8), Err(libc::EFAULT));
    close(fd);
}

#[test]
fn the_kernels_notices_are_signalled() {
    for (index, fault) in
        [(REQUEST, Fault::WantedBack { vf: 0 }), (ERROR, Fault::BusError { vf: 0 })]
    {
        let rig = Rig::new("");
        let [.., device] = rig.whole(0);
        let fd = eventfd();
        let set = |flags: u32, data: &[i32]| {
            set(&rig, device, [flags | TRIGGER, index, 0, data.len() as u32], data)
        };
        assert_eq!(set(EVENTFD, &[fd]), Ok(0));
        rig.order(fault);
        assert_eq!(counted(fd), 1, "{fault:?}");
        assert_eq!(set(BOOL, &[1]), Ok(0));
        assert_eq!(counted(fd), 1);
        assert_eq!(set(BOOL, &[0]), Ok(0));
        assert_eq!(set(EVENTFD, &[9999]), Err(libc::EBADF));
        rig.order(fault);
        assert_eq!(counted(fd), 1, "as it was");
        assert_eq!(set(EVENTFD, &[-1]), Ok(0));
        rig.order(fault);
        assert_eq!(counted(fd), 0);
        assert_eq!(set(EVENTFD, &[fd]), Ok(0));
        assert_eq!(set(NONE, &[]), Ok(0), "off");
        rig.order(fault);
        assert_eq!(counted(fd), 0);
        assert_eq!(set(NONE, &[]), Err(libc::EINVAL));
        close(fd);
    }
}
