//! Event file descriptors: how interrupts and other threads wake one that sleeps.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// A non-blocking eventfd (eventfd(2)).
#[derive(Debug)]
pub(crate) struct EventFd(OwnedFd);

impl EventFd {
    pub(crate) fn new() -> io::Result<EventFd> {
        // SAFETY: takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor, and nobody else has it.
        Ok(EventFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes it readable.
    pub(crate) fn signal(&self) {
        let one = 1_u64;
        // SAFETY: reads 8 bytes of `one`. It fails only when the counter is full, and then the
        // descriptor is readable anyway.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Forgets signals; says whether there were any.
    pub(crate) fn drain(&self) -> bool {
        let mut count = 0_u64;
        // SAFETY: writes at most 8 bytes to `count`.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) == 8 }
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sleeps until one of the eventfds is signalled, or `timeout` is over. Interruptions by signal
/// handlers return early.
pub(crate) fn wait<const N: usize>(events: [&EventFd; N], timeout: Duration) {
    let mut polled = events.map(|event| libc::pollfd {
        fd: event.0.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    // Rounded up, so that a short wait is not none at all.
    let millis = timeout.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32;
    // SAFETY: `polled` has N entries and lives through the call.
    unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, millis) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_signal_wakes_once() {
        let (quiet, loud) = (EventFd::new().unwrap(), EventFd::new().unwrap());
        loud.signal();
        loud.signal();
        wait([&quiet, &loud], Duration::from_secs(60));
        assert!(loud.drain() && !quiet.drain());
        assert!(!loud.drain());
        let start = Instant::now();
        wait([&quiet, &loud], Duration::from_micros(1500));
        assert!(start.elapsed() >= Duration::from_micros(1500));
    }
}
