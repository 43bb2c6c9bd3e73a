//! A TAP interface: the machine's own network stack at the other end of the wire
//! (Linux's Documentation/networking/tuntap.rst).
#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use super::{FRAME_MIN, Traffic, Uplink, UplinkCounters, UplinkError, Wire};
use crate::Facts;

/// Longest frame that an interface can have, and one byte more.
const BUFFER: usize = 64 * 1024;

/// See [`super::UplinkSpec::Tap`]. The interface goes with it, unless somebody made it persistent.
pub(super) struct Tap {
    file: File,
    buffer: Box<[u8; BUFFER]>,
    sent: Traffic,
    received: Traffic,
    dropped: u64,
    unusable: u64,
}

impl Tap {
    /// Opens the interface of this name, which is made if there is none, and brings it up.
    pub(super) fn open(name: &str) -> Result<Tap, UplinkError> {
        let failed = |doing| move |source| UplinkError::Tap { name: name.into(), doing, source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open("/dev/net/tun").map_err(failed("open /dev/net/tun"))?;
        let mut request = request(name);
        request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
        ioctl(&file, libc::TUNSETIFF, &mut request).map_err(failed("open the interface"))?;
        bring_up(name).map_err(failed("bring the interface up"))?;
        Ok(Tap {
            file,
            buffer: Box::new([0; BUFFER]),
            sent: Traffic::default(),
            received: Traffic::default(),
            dropped: 0,
            unusable: 0,
        })
    }
}

impl Uplink for Tap {
    fn poll(&mut self, _now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        let mut sent = 0;
        // Nothing there, or the interface is down: both are for later.
        while sent < budget
            && let Ok(len) = (&self.file).read(&mut self.buffer[..])
        {
            sent += 1;
            if len == 0 || len > crate::plane::FRAME_MAX {
                self.unusable += 1;
                continue;
            }
            // The stack does not fill up what an Ethernet would.
            let padded = len.max(FRAME_MIN);
            self.buffer[len..padded].fill(0);
            let frame = &self.buffer[..padded];
            wire.deliver(frame, &Facts::of(frame));
            self.sent.count(padded);
        }
        sent
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.received.count(frame.len());
        // The interface is down, or its queue is full.
        self.dropped += u64::from((&self.file).write(frame).is_err());
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters {
            sent: self.sent,
            received: self.received,
            dropped: self.dropped,
            unusable: self.unusable,
            ..UplinkCounters::default()
        }
    }
}

/// Sets the flag `IFF_UP`, if it is not set: then somebody else has, and no privilege is needed.
fn bring_up(name: &str) -> io::Result<()> {
    // SAFETY: the call touches no memory of this process.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut request = request(name);
    ioctl(&socket, libc::SIOCGIFFLAGS as _, &mut request)?;
    // SAFETY: the kernel has just set this field; each of the union's fields is plain bytes.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    let up = libc::IFF_UP as libc::c_short;
    if flags & up == 0 {
        request.ifr_ifru.ifru_flags = flags | up;
        ioctl(&socket, libc::SIOCSIFFLAGS as _, &mut request)?;
    }
    Ok(())
}

/// A request about the interface of this name; one that is too long is cut off.
fn request(name: &str) -> libc::ifreq {
    // SAFETY: plain bytes, for which zeros are good values.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // All but the last byte, which ends the name.
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name[..room].iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

fn ioctl(file: &impl AsRawFd, number: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: the descriptor is open, and all of the requests used here take a pointer to an `ifreq`,
    // which outlives the call.
    match unsafe { libc::ioctl(file.as_raw_fd(), number, std::ptr::from_mut(request)) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
