//! The eventfds through which a device reaches its port.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use crate::eventfd::EventFd;
use crate::transport::{Notice, Transport};
use crate::{Error, Result};

/// A device's interrupts and notices, connected. Dropping disconnects them.
pub(crate) struct Interrupts {
    /// News first, then one for each receive queue, as far as the device has vectors.
    pub(crate) vectors: Vec<EventFd>,
    /// The kernel wants the device back.
    pub(crate) request: EventFd,
    /// The device reported an error.
    pub(crate) error: EventFd,
    transport: Arc<dyn Transport>,
}

impl Interrupts {
    /// Connects those of a device with so many receive queues.
    pub(crate) fn connect(transport: &Arc<dyn Transport>, queues: u16) -> Result<Interrupts> {
        let eventfd = || EventFd::new().map_err(|source| no_eventfd(&**transport, source));
        let available = transport.vectors();
        let queues = queues.min(available.saturating_sub(1));
        let interrupts = Interrupts {
            vectors: (0..=queues).map(|_| eventfd()).collect::<Result<Vec<_>>>()?,
            request: eventfd()?,
            error: eventfd()?,
            transport: transport.clone(),
        };
        if available > 0 {
            let fds: Vec<_> = interrupts.vectors.iter().map(EventFd::as_fd).collect();
            transport.set_vectors(&fds)?;
        }
        let Interrupts { request, error, .. } = &interrupts;
        for (notice, event) in [(Notice::Request, request), (Notice::Error, error)] {
            if !transport.set_notice(notice, Some(event.as_fd()))? {
                tracing::debug!(device = transport.name(), ?notice, "not offered");
            }
        }
        Ok(interrupts)
    }

    /// Wakes the workers that sleep until a packet comes.
    pub(crate) fn wake_workers(&self) {
        self.vectors.iter().skip(1).for_each(EventFd::signal);
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        // The eventfds close after this: nothing must signal them any more.
        let device = self.transport.name();
        if self.transport.vectors() > 0
            && let Err(error) = self.transport.set_vectors(&[])
        {
            tracing::warn!(device, %error, "interrupts stay connected");
        }
        for notice in [Notice::Request, Notice::Error] {
            if let Err(error) = self.transport.set_notice(notice, None) {
                tracing::warn!(device, ?notice, %error, "a notice stays connected");
            }
        }
    }
}

fn no_eventfd(transport: &dyn Transport, source: io::Error) -> Error {
    Error::Kernel {
        device: transport.name().to_string(),
        action: "make an eventfd for interrupts".into(),
        source,
        remedy: "raise the limit on open files (`ulimit -n`)".into(),
    }
}
