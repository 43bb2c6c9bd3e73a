//! A ring at its place on the device: what receive and transmit queues have in common.
#![allow(unsafe_code)]

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::watch::Watch;
use crate::Result;
use crate::nic::Vf;
use crate::port::control::{Book, Started};
use crate::port::device::{Device, NEVER};
use crate::port::event::Direction;
use crate::port::settings::Settings;

/// How long a worker lets a device be that did not take its queue back: each attempt takes a while,
/// with the control path locked.
const RETRY: Duration = Duration::from_millis(200);

/// A ring of either direction, and how a device is told of it.
pub(super) trait Ring: Sized + Send + 'static {
    /// Which direction.
    const DIRECTION: Direction;

    /// The ring, for others to look at.
    fn watch(&self) -> Box<dyn Watch>;

    /// Turns the device's queue on; it owns no descriptors until [`Ring::publish`].
    fn turn_on(&self, vf: &mut dyn Vf, number: u16, settings: &Settings) -> Result<()>;

    /// Turns the device's queue off. When this returns `Ok`, it is.
    fn turn_off(vf: &mut dyn Vf, number: u16) -> Result<()>;

    /// Shows the device its first descriptors.
    fn publish(&self);

    /// Whether what the ring holds means the same under these settings. If not, the queue has to start
    /// anew.
    fn suits(&self, settings: &Settings) -> bool;

    /// Takes over those settings that concern the ring itself.
    fn adopt(&mut self, settings: &Settings);

    /// Puts the ring back to its first state.
    ///
    /// # Safety
    /// The device's queue is off: it touches neither descriptors nor buffers, now or later, until it
    /// is turned on again.
    unsafe fn restart(&mut self) -> Result<()>;

    /// Ends the ring and frees its buffers.
    ///
    /// # Safety
    /// As for [`Ring::restart`].
    unsafe fn release(self);
}

/// A ring at its place on the device, in the hands of its worker. Dropping it turns the queue off.
pub(super) struct Seat<R: Ring> {
    device: Arc<Device>,
    /// The device's epoch when the ring was last in step with it; [`NEVER`] while the queue is
    /// stopped, so that its worker finds out without a look of its own.
    epoch: u32,
    /// The device's resets when the ring was last shown to it.
    resets: u32,
    number: u16,
    stopped: bool,
    /// When to try again to show the ring to the device.
    retry: Option<Instant>,
    /// There until it is dropped.
    ring: Option<R>,
}

impl<R: Ring> Seat<R> {
    /// Turns the queue of a new ring on; it owns no descriptors until [`Seat::publish`].
    pub(super) fn take(
        device: &Arc<Device>,
        vf: &mut dyn Vf,
        book: &mut Book,
        number: u16,
        mut ring: R,
    ) -> Result<Seat<R>> {
        ring.adopt(&book.settings);
        if let Err(error) = ring.turn_on(vf, number, &book.settings) {
            // SAFETY: the device was not told of any descriptor: head and tail are 0.
            unsafe { ring.release() };
            return Err(error);
        }
        let (epoch, resets) = (device.epoch(), book.resets);
        let started = Started { watch: ring.watch(), resets, failed: false, stopped: false };
        book.queues.insert((R::DIRECTION, number), started);
        let (device, ring) = (device.clone(), Some(ring));
        Ok(Seat { device, epoch, resets, number, stopped: false, retry: None, ring })
    }

    /// Shows the device its first descriptors.
    pub(super) fn publish(&self) {
        self.ring.iter().for_each(R::publish);
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    pub(super) fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// Whether the queue is stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The ring, if it is in step with the device or can be brought in step now. Never waits.
    #[inline]
    pub(super) fn ring(&mut self) -> Option<&mut R> {
        if self.device.epoch() != self.epoch && !self.catch_up() {
            return None;
        }
        self.ring.as_mut()
    }

    /// The ring as it is, to be looked at.
    pub(super) fn as_ring(&self) -> Option<&R> {
        self.ring.as_ref()
    }

    /// Brings the ring in step with the device: shows a fresh one to a device that has lost the
    /// queue, and adopts changed settings. False while that cannot be done.
    #[cold]
    fn catch_up(&mut self) -> bool {
        let device = self.device.clone();
        if self.stopped
            || !device.is_ready()
            || self.retry.is_some_and(|retry| Instant::now() < retry)
        {
            return false;
        }
        let done = device.control.try_with(|vf, book| match vf {
            // A reset may have come in between.
            _ if !book.ready => None,
            _ if book.resets == self.resets && self.suits(&book.settings) => {
                self.ring.iter_mut().for_each(|ring| ring.adopt(&book.settings));
                self.epoch = device.epoch();
                Some(Ok(()))
            }
            None => None,
            Some(vf) => Some(self.show(vf, book).inspect_err(|_| {
                book.not_shown(R::DIRECTION, self.number);
            })),
        });
        match done.flatten() {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                self.retry = Some(Instant::now() + RETRY);
                let queue = self.number;
                tracing::warn!(%error, queue, "{} queue not restarted yet", R::DIRECTION);
                false
            }
            None => false,
        }
    }

    /// Whether the ring goes on under these settings.
    fn suits(&self, settings: &Settings) -> bool {
        self.ring.as_ref().is_none_or(|ring| ring.suits(settings))
    }

    /// Shows the device a fresh ring.
    fn show(&mut self, vf: &mut dyn Vf, book: &mut Book) -> Result<()> {
        let Some(ring) = &mut self.ring else { return Ok(()) };
        R::turn_off(vf, self.number)?;
        // SAFETY: the queue is off, and only who has the `Vf` in hand turns one on: this worker.
        unsafe { ring.restart() }?;
        ring.adopt(&book.settings);
        ring.turn_on(vf, self.number, &book.settings)?;
        ring.publish();
        (self.epoch, self.resets, self.retry) = (self.device.epoch(), book.resets, None);
        book.shown(R::DIRECTION, self.number);
        self.device.tally.queue_restarts.up();
        Ok(())
    }

    /// Turns the queue off, and leaves it off until [`Seat::start`].
    pub(super) fn stop(&mut self) -> Result<()> {
        if self.stopped {
            return Ok(());
        }
        let device = self.device.clone();
        device.control.with(|vf, book| {
            // What a reset has turned off, or is about to, stays as it is until the queue is started.
            if book.ready {
                R::turn_off(vf, self.number)?;
                // SAFETY: the queue is off, and only who has the `Vf` in hand turns one on: this
                // worker, and not before `start`.
                if let Some(Err(error)) = self.ring.as_mut().map(|ring| unsafe { ring.restart() }) {
                    // Start tries again, and tells.
                    tracing::debug!(%error, queue = self.number, "a stopped ring stays empty");
                }
            }
            (self.epoch, self.stopped) = (NEVER, true);
            book.stopped(R::DIRECTION, self.number, true);
            Ok(())
        })
    }

    /// Turns a stopped queue on again.
    pub(super) fn start(&mut self) -> Result<()> {
        if !self.stopped {
            return Ok(());
        }
        let device = self.device.clone();
        device.control.with(|vf, book| {
            if book.ready {
                self.show(vf, book)?;
            } else {
                // With the others, when the device has recovered: to the worker it is lost until then.
                (self.epoch, self.resets) = (device.epoch_before(), book.resets.wrapping_sub(1));
            }
            self.stopped = false;
            book.stopped(R::DIRECTION, self.number, false);
            Ok(())
        })
    }
}

impl<R: Ring> Drop for Seat<R> {
    fn drop(&mut self) {
        let Some(ring) = self.ring.take() else { return };
        if self.device.home.is_elsewhere() {
            // The device, its memory and its locks are the parent's.
            mem::forget((ring, self.device.clone()));
            return;
        }
        let number = self.number;
        let forget = |book: &mut Book| drop(book.queues.remove(&(R::DIRECTION, number)));
        self.device.control.soon_or_later(forget, move |vf| match R::turn_off(vf, number) {
            // SAFETY: the queue is off, and the ring is gone from everywhere else.
            Ok(()) => unsafe { ring.release() },
            // Dropped as it is, the ring keeps its memory from being used again.
            Err(error) => tracing::error!(%error, "{} queue leaks its buffers", R::DIRECTION),
        });
    }
}

impl<R: Ring> fmt::Debug for Seat<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.device.transport.name(), self.number)
    }
}
