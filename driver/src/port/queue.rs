//! Queues in the hands of workers.
//!
//! A queue looks at the device's epoch before each burst: one load from a line that stays in its
//! cache. When the epoch has changed, the device's side of the queue was lost in a reset; the worker
//! itself then restarts its ring and shows it to the device anew, so that no other thread ever
//! touches a ring.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barline_ring::{FrameBatch, Pool};

use super::config::Config;
use super::control::{Control, Device, Started};
use super::event::Direction;
use super::rings::{Rx, Tx};
use crate::eventfd;
use crate::nic::{REGISTER_BAR, RxInterrupt, RxSetup};
use crate::{Error, Result};

/// How often a worker that sleeps tries to restart a queue that the device has lost, of which it is
/// woken.
const RESTART: Duration = Duration::from_millis(10);

/// How long a worker lets a device be that did not take its queue back: each attempt takes a while,
/// with the control path locked.
const RETRY: Duration = Duration::from_millis(200);

/// The end of a wait, which may be so long that there is none.
fn deadline(timeout: Duration) -> Instant {
    let now = Instant::now();
    let century = Duration::from_secs(100 * 365 * 24 * 3600);
    now.checked_add(timeout).unwrap_or(now + century)
}

fn rx_setup(device: &Device) -> RxSetup {
    RxSetup { data_room: device.arena.buffers().layout().data_room, vlan_strip: false }
}

/// A started receive queue. One worker owns it; it may move to another thread.
///
/// Dropping it turns the queue off.
pub struct RxQueue {
    device: Arc<Device>,
    epoch: u32,
    number: u16,
    interrupt: Option<RxInterrupt>,
    /// When to try again to restart the queue.
    retry: Option<Instant>,
    /// There until it is dropped.
    ring: Option<Rx>,
}

impl RxQueue {
    /// Makes the ring and turns the queue on; it owns no descriptors until [`RxQueue::publish`].
    pub(super) fn start(
        device: &Arc<Device>,
        control: &mut Control,
        number: u16,
        config: &Config,
    ) -> Result<RxQueue> {
        let ring = Rx::new(device, control.vf.format(), control.vf.rx_tail(number), config)?;
        let (epoch, interrupt) = (device.epoch(), control.vf.rx_interrupt(number));
        let mut queue =
            RxQueue { device: device.clone(), epoch, number, interrupt, retry: None, ring: None };
        let setup = rx_setup(device);
        match control.vf.start_rx(number, ring.place(), &setup) {
            Ok(()) => {
                let started = Started { watch: ring.watch(), epoch: queue.epoch, failed: false };
                control.queues.insert((Direction::Rx, number), started);
                queue.ring = Some(ring);
                Ok(queue)
            }
            Err(error) => {
                // SAFETY: the device was not told of any descriptor: head and tail are 0.
                unsafe { ring.release() };
                Err(error)
            }
        }
    }

    /// Shows the device its descriptors.
    pub(super) fn publish(&self) {
        if let Some(ring) = &self.ring {
            ring.publish();
        }
    }

    /// The queue's number on its device.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Appends received packets to `batch`, as many as are there and fit; returns how many frames
    /// came. Never waits. While the device recovers from a reset nothing comes.
    ///
    /// # Panics
    /// The batch is of another arena than the port.
    #[inline]
    pub fn poll(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        if self.device.epoch() != self.epoch && !self.restart() {
            return 0;
        }
        match &mut self.ring {
            Some(ring) => ring.poll(batch),
            None => 0,
        }
    }

    /// Sleeps until a packet is there (true) or `timeout` is over (false); the device's interrupt
    /// wakes it. An alternative to polling, for those who would rather have the core.
    ///
    /// # Errors
    /// The device has no interrupt vector for this queue.
    pub fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let device = self.device.clone();
        let vectors = &device.interrupts.vectors;
        let vector = |interrupt: RxInterrupt| vectors.get(usize::from(interrupt.vector));
        let (Some(vector), Some(RxInterrupt { register, value, .. })) =
            (self.interrupt.and_then(vector), self.interrupt)
        else {
            return Err(Error::Device {
                device: device.transport.name().to_string(),
                what: format!("no interrupt vector for receive queue {}", self.number),
                remedy: "poll the queue instead".into(),
            });
        };
        let end = deadline(timeout);
        loop {
            vector.drain();
            let current = device.epoch() == self.epoch || self.restart();
            if current {
                // SAFETY: an interrupt mask; it points to no memory.
                unsafe { device.transport.write32(REGISTER_BAR, register, value) };
            }
            // What came before the interrupt was on need not signal, and what was polled since the
            // last one may.
            let left = end.saturating_duration_since(Instant::now());
            let ready = current && self.is_ready();
            if ready || left.is_zero() {
                return Ok(ready);
            }
            eventfd::wait([vector], if current { left } else { left.min(RESTART) });
        }
    }

    fn is_ready(&self) -> bool {
        self.ring.as_ref().is_some_and(Rx::is_ready)
    }

    /// Shows a device that has lost the queue a fresh ring; false while that cannot be done.
    #[cold]
    fn restart(&mut self) -> bool {
        if self.retry.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        let device = self.device.clone();
        let Some(mut control) = device.try_lock() else { return false };
        let Some(ring) = self.ring.as_mut().filter(|_| control.ready) else { return false };
        let setup = rx_setup(&device);
        let done = control.vf.stop_rx(self.number).and_then(|()| {
            // SAFETY: the queue is off, and nobody but this worker, who has the control path locked,
            // turns it on.
            unsafe { ring.restart() }?;
            control.vf.start_rx(self.number, ring.place(), &setup)
        });
        match done {
            Ok(()) => {
                ring.publish();
                self.epoch = device.epoch();
                control.restarted(Direction::Rx, self.number, self.epoch);
            }
            Err(ref error) => {
                control.not_restarted(Direction::Rx, self.number);
                self.retry = Some(Instant::now() + RETRY);
                tracing::warn!(%error, queue = self.number, "receive queue not restarted yet");
            }
        }
        done.is_ok()
    }
}

impl Drop for RxQueue {
    fn drop(&mut self) {
        let Some(ring) = self.ring.take() else { return };
        let mut control = self.device.lock();
        control.queues.remove(&(Direction::Rx, self.number));
        match control.vf.stop_rx(self.number) {
            // SAFETY: the queue is off, and the ring is gone from everywhere else.
            Ok(()) => unsafe { ring.release() },
            // Dropped as it is, the ring keeps its memory from being used again.
            Err(error) => tracing::error!(%error, "receive queue leaks its buffers"),
        }
    }
}

/// A started transmit queue. One worker owns it; it may move to another thread.
///
/// Dropping it turns the queue off: frames that the device has not sent by then may be lost. See
/// [`TxQueue::flush`].
pub struct TxQueue {
    device: Arc<Device>,
    epoch: u32,
    number: u16,
    /// When to try again to restart the queue.
    retry: Option<Instant>,
    /// There until it is dropped.
    ring: Option<Tx>,
}

impl TxQueue {
    /// Makes the ring and turns the queue on.
    pub(super) fn start(
        device: &Arc<Device>,
        control: &mut Control,
        number: u16,
        config: &Config,
    ) -> Result<TxQueue> {
        let limits = control.vf.limits();
        let ring =
            Tx::new(device, control.vf.format(), control.vf.tx_tail(number), config, limits)?;
        let mut queue = TxQueue {
            device: device.clone(),
            epoch: device.epoch(),
            number,
            retry: None,
            ring: None,
        };
        match control.vf.start_tx(number, ring.place()) {
            Ok(()) => {
                let started = Started { watch: ring.watch(), epoch: queue.epoch, failed: false };
                control.queues.insert((Direction::Tx, number), started);
                queue.ring = Some(ring);
                Ok(queue)
            }
            Err(error) => {
                // SAFETY: the device was not told of any descriptor: head and tail are 0.
                unsafe { ring.release() };
                Err(error)
            }
        }
    }

    /// The queue's number on its device.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Hands packets from the front of `batch` to the device, as many as there is room for; returns
    /// how many frames left the batch. What remains was not sent: push it again, or drop it. Never
    /// waits. While the device recovers from a reset nothing is taken.
    ///
    /// A packet that is shorter than 17 bytes, longer than the port's largest frame, or of too many frames is
    /// dropped and counted in [`TxStats::invalid`](crate::TxStats::invalid).
    ///
    /// # Panics
    /// The batch is of another arena than the port.
    #[inline]
    pub fn push(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        if self.device.epoch() != self.epoch && !self.restart() {
            return 0;
        }
        match &mut self.ring {
            Some(ring) => ring.push(batch),
            None => 0,
        }
    }

    /// Frees what the device has sent into `pool`, as [`TxQueue::push`] does by itself; returns how
    /// many packets were done.
    ///
    /// # Panics
    /// The pool is of another arena than the port.
    pub fn reap(&mut self, pool: &Pool) -> u64 {
        if self.device.epoch() != self.epoch && !self.restart() {
            return 0;
        }
        self.ring.as_mut().map_or(0, |ring| ring.reap(pool))
    }

    /// Descriptors that the device was given and has not reported done.
    pub fn pending(&self) -> usize {
        self.ring.as_ref().map_or(0, Tx::pending)
    }

    /// Waits until the device has sent everything (true) or `timeout` is over (false). False, too,
    /// when the device was reset meanwhile: what it had been given may be lost.
    ///
    /// # Panics
    /// The pool is of another arena than the port.
    pub fn flush(&mut self, pool: &Pool, timeout: Duration) -> bool {
        let end = deadline(timeout);
        let lost = |ring: &Option<Tx>| ring.as_ref().map_or(0, Tx::lost);
        let before = lost(&self.ring);
        loop {
            self.reap(pool);
            if self.pending() == 0 {
                return lost(&self.ring) == before;
            }
            if Instant::now() >= end {
                return false;
            }
            std::hint::spin_loop();
        }
    }

    /// Shows a device that has lost the queue a fresh ring; false while that cannot be done.
    #[cold]
    fn restart(&mut self) -> bool {
        if self.retry.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        let device = self.device.clone();
        let Some(mut control) = device.try_lock() else { return false };
        let Some(ring) = self.ring.as_mut().filter(|_| control.ready) else { return false };
        let done = control.vf.stop_tx(self.number).and_then(|()| {
            // SAFETY: the queue is off, and nobody but this worker, who has the control path locked,
            // turns it on.
            unsafe { ring.restart() };
            control.vf.start_tx(self.number, ring.place())
        });
        match done {
            Ok(()) => {
                self.epoch = device.epoch();
                control.restarted(Direction::Tx, self.number, self.epoch);
            }
            Err(ref error) => {
                control.not_restarted(Direction::Tx, self.number);
                self.retry = Some(Instant::now() + RETRY);
                tracing::warn!(%error, queue = self.number, "transmit queue not restarted yet");
            }
        }
        done.is_ok()
    }
}

impl Drop for TxQueue {
    fn drop(&mut self) {
        let Some(ring) = self.ring.take() else { return };
        let mut control = self.device.lock();
        control.queues.remove(&(Direction::Tx, self.number));
        match control.vf.stop_tx(self.number) {
            // SAFETY: the queue is off, and the ring is gone from everywhere else.
            Ok(()) => unsafe { ring.release() },
            // Dropped as it is, the ring keeps its memory from being used again.
            Err(error) => tracing::error!(%error, "transmit queue leaks its buffers"),
        }
    }
}

impl fmt::Debug for RxQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RxQueue({} {})", self.device.transport.name(), self.number)
    }
}

impl fmt::Debug for TxQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TxQueue({} {})", self.device.transport.name(), self.number)
    }
}
