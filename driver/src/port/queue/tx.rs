//! Transmit queues.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use barline_ring::{FrameBatch, Pool, Simd, TxDescriptorStatus};

use super::deadline;
use super::rings::Tx;
use super::seat::Seat;
use crate::Result;
use crate::nic::Vf;
use crate::port::config::Config;
use crate::port::control::Book;
use crate::port::device::Device;

/// How often one who waits for the device looks again before it lets other threads have the core:
/// the device may be one of them.
const LOOKS: u32 = 64;

/// A transmit queue, as [`Port::start`](crate::Port::start) gives it out. One worker owns it; it may
/// move to another thread.
///
/// Dropping it turns the queue off, as [`RxQueue`](crate::RxQueue) says: frames that the device has
/// not sent by then may be lost. See [`TxQueue::flush`].
pub struct TxQueue(Seat<Tx>);

impl TxQueue {
    /// Makes the ring and turns the queue on.
    pub(in crate::port) fn take(
        device: &Arc<Device>,
        vf: &mut dyn Vf,
        book: &mut Book,
        number: u16,
        config: &Config,
    ) -> Result<TxQueue> {
        let ring = Tx::new(device, vf, number, config, &book.settings)?;
        Seat::take(device, vf, book, number, ring).map(TxQueue)
    }

    /// The queue's number on its device.
    pub fn number(&self) -> u16 {
        self.0.number()
    }

    /// With which instructions it moves descriptors: [`Config::simd`](field@Config::simd), or the best that the CPU has.
    pub fn simd(&self) -> Simd {
        self.0.as_ring().map_or(Simd::Plain, Tx::simd)
    }

    /// Hands packets from the front of `batch` to the device, as many as there is room for; returns
    /// how many frames left the batch. What remains was not sent: push it again, or drop it. Never
    /// waits. While the device recovers from a reset, and while the queue is stopped, nothing is
    /// taken.
    ///
    /// The device does for a packet what was asked on its first frame:
    /// [`PacketMut::set_offload`](crate::PacketMut::set_offload) has IPv4, TCP, UDP and SCTP checksums
    /// inserted and TCP segments cut to size, [`FrameMut::set_vlan`](crate::FrameMut::set_vlan) a VLAN
    /// tag. All devices here do all of these. A request that changes from packet to packet takes a
    /// descriptor more for each change.
    ///
    /// A packet that is shorter than 17 bytes, longer than the port's largest frame (or would be cut
    /// into segments that are), or of too many frames ([`Info::max_tx_frames`](crate::Info)) is dropped
    /// and counted in [`TxStats::invalid`](crate::TxStats::invalid).
    ///
    /// # Panics
    /// The batch is of another arena than the port.
    #[inline]
    pub fn push(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        match self.0.ring() {
            Some(ring) => ring.push(batch),
            None => 0,
        }
    }

    /// Frees what the device has sent into `pool`; returns how many packets were done.
    /// [`TxQueue::push`] does so by itself once in 32 descriptors, and where the ring has no room or the
    /// pool is short of buffers.
    ///
    /// # Panics
    /// The pool is of another arena than the port.
    #[inline]
    pub fn reap(&mut self, pool: &Pool) -> u64 {
        match self.0.ring() {
            Some(ring) => ring.reap(pool),
            None => 0,
        }
    }

    /// Descriptors that the device was given and has not reported done, as far as was looked when
    /// frames were freed last.
    pub fn pending(&self) -> usize {
        self.0.as_ring().map_or(0, Tx::pending)
    }

    /// State of the descriptor that is `offset` places behind the next one to be written: the first
    /// that is [`TxDescriptorStatus::Full`] tells how many are free. Looks at what the device has
    /// reported by now.
    ///
    /// # Errors
    /// The ring has no more than `offset` descriptors ([`Config::tx_ring`]).
    pub fn descriptor(&self, offset: usize) -> Result<TxDescriptorStatus> {
        let status = self.0.as_ring().map(|ring| ring.descriptor(offset));
        status.unwrap_or(Ok(TxDescriptorStatus::Unavailable))
    }

    /// Waits until the device has sent everything (true) or `timeout` is over (false). False, too,
    /// when the device was reset meanwhile: what it had been given may be lost.
    ///
    /// # Panics
    /// The pool is of another arena than the port.
    pub fn flush(&mut self, pool: &Pool, timeout: Duration) -> bool {
        let end = deadline(timeout);
        let lost = |seat: &Seat<Tx>| seat.as_ring().map_or(0, Tx::lost);
        let before = lost(&self.0);
        for look in 1_u32.. {
            self.reap(pool);
            if self.pending() == 0 {
                break;
            }
            if Instant::now() >= end {
                return false;
            }
            if look.is_multiple_of(LOOKS) {
                thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
        lost(&self.0) == before
    }

    /// Turns the queue off and leaves it off, while the port and its other queues go on: pushing
    /// takes nothing. Packets that the device has not reported done are lost, as far as anybody
    /// knows, and counted in [`TxStats::lost`](crate::TxStats::lost): [`TxQueue::flush`] first.
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
    /// The device did not turn it on; the queue stays stopped.
    pub fn start(&mut self) -> Result<()> {
        self.0.start()
    }

    /// Whether the queue is stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }
}

impl fmt::Debug for TxQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TxQueue({:?})", self.0)
    }
}
