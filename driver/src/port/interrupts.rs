//! The eventfds through which a device reaches its port.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use crate::eventfd::{self, EventFd};
use crate::nic::RxInterrupt;
use crate::transport::{Notice, Transport};
use crate::{Error, Result, error};

/// A device's interrupts and notices, connected. Dropping disconnects them.
pub(crate) struct Interrupts {
    /// One for each vector that is used: news first, then those of receive queues.
    vectors: Vec<EventFd>,
    /// One for each receive queue, as far as it has a vector.
    lines: Vec<Option<QueueLine>>,
    /// The kernel wants the device back.
    pub(crate) request: EventFd,
    /// The device reported an error.
    pub(crate) error: EventFd,
    transport: Arc<dyn Transport>,
}

/// How a receive queue's worker is woken.
struct QueueLine {
    interrupt: RxInterrupt,
    /// Signalled by those who share the vector, and when the worker has something else to do.
    wake: EventFd,
}

impl Interrupts {
    /// Connects those of a device's receive queues, each of which names its vector, as far as the
    /// device has so many.
    pub(crate) fn connect(
        transport: &Arc<dyn Transport>,
        queues: impl IntoIterator<Item = Option<RxInterrupt>>,
    ) -> Result<Interrupts> {
        let eventfd = || EventFd::new().map_err(|source| no_eventfd(&**transport, source));
        let available = transport.vectors();
        let line = |interrupt: Option<RxInterrupt>| {
            let interrupt = interrupt.filter(|interrupt| interrupt.vector < available);
            interrupt.map(|interrupt| Ok(QueueLine { interrupt, wake: eventfd()? })).transpose()
        };
        let lines = queues.into_iter().map(line).collect::<Result<Vec<_>>>()?;
        let last = lines.iter().flatten().map(|line| line.interrupt.vector).max().unwrap_or(0);
        let interrupts = Interrupts {
            vectors: (0..=last).map(|_| eventfd()).collect::<Result<Vec<_>>>()?,
            lines,
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

    /// What the PF or the link has to say.
    pub(crate) fn news(&self) -> &EventFd {
        &self.vectors[0]
    }

    /// What wakes the worker of a receive queue; `None` when it has no vector.
    pub(crate) fn line(&self, queue: u16) -> Option<Line<'_>> {
        let own = self.lines.get(usize::from(queue))?.as_ref()?;
        let vector = self.vectors.get(usize::from(own.interrupt.vector))?;
        Some(Line { all: &self.lines, own, vector })
    }

    /// Wakes the workers that sleep until a packet comes.
    pub(crate) fn wake_workers(&self) {
        self.lines.iter().flatten().for_each(|line| line.wake.signal());
    }
}

/// What wakes the worker of one receive queue: the vector that it may share with others, and a
/// signal of its own.
///
/// Of those who sleep on a vector, only the one that takes its signal is sure to hear of it: the
/// others may wake to find it gone, and sleep on. So who takes it signals all others, who may have
/// been meant. Each wakes at worst in vain.
pub(crate) struct Line<'a> {
    all: &'a [Option<QueueLine>],
    own: &'a QueueLine,
    vector: &'a EventFd,
}

impl Line<'_> {
    /// Takes what was signalled so far, and passes it on.
    pub(crate) fn drain(&self) {
        if self.vector.drain() {
            let others = self.all.iter().flatten().filter(|line| {
                line.interrupt.vector == self.own.interrupt.vector && !std::ptr::eq(*line, self.own)
            });
            others.for_each(|line| line.wake.signal());
        }
        self.own.wake.drain();
    }

    /// The register and the value that let the vector signal once.
    pub(crate) fn rearm(&self) -> (u64, u32) {
        (self.own.interrupt.register, self.own.interrupt.value)
    }

    /// Sleeps until there is a signal, or `timeout` is over.
    pub(crate) fn sleep(&self, timeout: Duration) {
        eventfd::wait([self.vector, &self.own.wake], timeout);
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
    let remedy = error::usual_remedy(&source).unwrap_or("see eventfd(2) for what this means");
    Error::Kernel {
        device: transport.name().to_string(),
        action: "make an eventfd for interrupts".into(),
        remedy: remedy.into(),
        source,
    }
}
