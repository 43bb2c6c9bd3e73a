//! Receive queues.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barline_ring::{FrameBatch, RxDescriptorStatus, Simd};

use super::deadline;
use super::rings::Rx;
use super::seat::Seat;
use crate::nic::{REGISTER_BAR, Vf};
use crate::port::config::Config;
use crate::port::control::Book;
use crate::port::device::Device;
use crate::{Error, Result};

/// How often a worker that sleeps tries to restart a queue that the device has lost, of which it is
/// woken.
const RESTART: Duration = Duration::from_millis(10);

/// A receive queue, as [`Port::start`](crate::Port::start) gives it out. One worker owns it; it may
/// move to another thread.
///
/// Dropping it turns the queue off. When the port is just asking its PF for something, as in the
/// recovery from a reset, dropping does not wait for the answer: the port turns the queue off after
/// it, and its buffers are free then.
pub struct RxQueue(Seat<Rx>);

impl RxQueue {
    /// Makes the ring and turns the queue on; it owns no descriptors until [`RxQueue::publish`].
    pub(in crate::port) fn take(
        device: &Arc<Device>,
        vf: &mut dyn Vf,
        book: &mut Book,
        number: u16,
        config: &Config,
    ) -> Result<RxQueue> {
        let ring = Rx::new(device, vf, number, config)?;
        Seat::take(device, vf, book, number, ring).map(RxQueue)
    }

    /// Shows the device its descriptors.
    pub(in crate::port) fn publish(&self) {
        self.0.publish();
    }

    /// The queue's number on its device.
    pub fn number(&self) -> u16 {
        self.0.number()
    }

    /// With which instructions it moves descriptors: [`Config::simd`](field@Config::simd), or the best that the CPU has.
    pub fn simd(&self) -> Simd {
        self.0.as_ring().map_or(Simd::Plain, Rx::simd)
    }

    /// Appends received packets to `batch`, as many as are there and fit; returns how many frames
    /// came. Never waits. While the device recovers from a reset, and while the queue is stopped,
    /// nothing comes.
    ///
    /// # Panics
    /// The batch is of another arena than the port.
    #[inline]
    pub fn poll(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        match self.0.ring() {
            Some(ring) => ring.poll(batch),
            None => 0,
        }
    }

    /// Descriptors that the device has filled and that were not polled: how far the worker is behind.
    /// Looks at each of them, which takes a while when they are many.
    pub fn used(&self) -> usize {
        self.0.as_ring().map_or(0, Rx::used)
    }

    /// State of the descriptor that is `offset` places behind the next one to be polled.
    ///
    /// # Errors
    /// The ring has no more than `offset` descriptors ([`Config::rx_ring`]).
    pub fn descriptor(&self, offset: usize) -> Result<RxDescriptorStatus> {
        let status = self.0.as_ring().map(|ring| ring.descriptor(offset));
        status.unwrap_or(Ok(RxDescriptorStatus::Unavailable))
    }

    /// Turns the queue off and leaves it off, while the port and its other queues go on: polling
    /// gives nothing. Packets that were received and not polled are dropped, and their buffers armed
    /// again. The device goes on to choose this queue for packets; it drops these, too.
    ///
    /// A stopped queue stays stopped through resets. Stopping it again does nothing.
    ///
    /// # Errors
    /// The device did not turn it off; the queue counts as started then.
    pub fn stop(&mut self) -> Result<()> {
        self.0.stop()
    }

    /// Turns a stopped queue on again, with an empty ring. While the port recovers from a reset, the
    /// queue starts with the others when that is over. Does nothing to a queue that is started.
    ///
    /// # Errors
    /// The device did not turn it on, or the arena has not even 32 buffers left; the queue stays
    /// stopped.
    pub fn start(&mut self) -> Result<()> {
        self.0.start()
    }

    /// Whether the queue is stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }

    /// Sleeps until a packet is there (true) or `timeout` is over (false); the device's interrupt
    /// wakes it. An alternative to polling, for those who would rather have the core. Queues may
    /// share an interrupt: each is woken by the packets of all of them, and sleeps on when there is
    /// none for it.
    ///
    /// # Errors
    /// The device has no interrupt vector for this queue, or the queue is stopped.
    pub fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let device = self.0.device().clone();
        let refused = |what: &str, remedy: &str| Error::Device {
            device: device.transport.name().to_string(),
            what: format!("{what} receive queue {}", self.number()),
            remedy: remedy.to_string(),
        };
        let Some(line) = device.interrupts.line(self.number()) else {
            return Err(refused("no interrupt vector for", "poll the queue instead"));
        };
        if self.is_stopped() {
            return Err(refused("nothing will come to the stopped", "start the queue first"));
        }
        let end = deadline(timeout);
        loop {
            line.drain();
            let current = self.0.ring().is_some();
            if current {
                let (register, value) = line.rearm();
                // SAFETY: an interrupt mask; it points to no memory.
                unsafe { device.transport.write32(REGISTER_BAR, register, value) };
            }
            // What came before the interrupt was on need not signal, and what was polled since the
            // last one may.
            let left = end.saturating_duration_since(Instant::now());
            let ready = current && self.0.as_ring().is_some_and(Rx::is_ready);
            if ready || left.is_zero() {
                return Ok(ready);
            }
            line.sleep(if current { left } else { left.min(RESTART) });
        }
    }
}

impl fmt::Debug for RxQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RxQueue({:?})", self.0)
    }
}
