//! The receive ring.

mod poll;
mod refill;

use std::marker::PhantomData;
use std::sync::Arc;

use crossbeam::utils::CachePadded;

use crate::lanes::RxTerms;
use crate::slots::Slots;
use crate::{
    Arena, BLOCK, DmaSlice, Doorbell, Format, RingError, RxCounters, RxDescriptorStatus, RxWatch,
    Simd,
};

/// How a receive ring is set up.
#[derive(Clone, Copy, Debug)]
pub struct RxConfig {
    /// Descriptors: a power of two from 64 to 4096.
    pub len: usize,
    /// Most frames in one packet; a longer one is dropped and counted. At most `len - 33`: one less
    /// than the ring always has armed, so that no packet, and none that never ends, can stop it.
    pub max_chain: usize,
    /// With which instructions descriptors are moved; this CPU has to have them. [`Simd::best`] is what
    /// there is no reason to change but for tests and comparisons.
    pub simd: Simd,
}

/// A receive ring: buffers armed for the device, and the descriptors by which it reports them filled.
///
/// It keeps the armed count within one block of full, and hands out whole packets only: a packet
/// whose last buffer is still on its way stays in the ring.
#[derive(Debug)]
pub struct RxRing<F> {
    slots: Slots,
    /// Which buffer each descriptor was armed with: this side's record, the only one believed.
    shadow: Box<[u32]>,
    /// Next descriptor to be reported, free-running.
    next: u32,
    /// Next descriptor to arm, free-running, a multiple of the block: `next <= armed < next + len`,
    /// and after a refill that found buffers `armed >= next + len - BLOCK`.
    armed: u32,
    /// The device is known to have stopped: dropping the ring loses nothing.
    released: bool,
    /// Dropping the rest of a packet that was longer than allowed.
    skipping: bool,
    terms: RxTerms,
    max_chain: usize,
    simd: Simd,
    arena: Arena,
    tail: Doorbell,
    counters: Arc<CachePadded<RxCounters>>,
    format: PhantomData<F>,
}

impl<F: Format> RxRing<F> {
    /// A ring on `memory`, filled with buffers of `arena` but not shown to the device: see
    /// [`RxRing::publish`].
    ///
    /// # Errors
    /// The length, the memory or the CPU is unsuitable, or the arena is short of buffers.
    pub fn new(
        memory: DmaSlice,
        tail: Doorbell,
        arena: &Arena,
        config: RxConfig,
    ) -> Result<RxRing<F>, RingError> {
        if !config.simd.is_available() {
            return Err(RingError::Simd(config.simd));
        }
        let slots = Slots::new(memory, config.len)?;
        let mut ring = RxRing {
            shadow: vec![0; config.len].into_boxed_slice(),
            next: slots.start(),
            armed: slots.start(),
            slots,
            released: false,
            skipping: false,
            terms: RxTerms::new(arena.layout(), u64::MAX),
            max_chain: config.max_chain.clamp(1, config.len - BLOCK - 1),
            simd: config.simd,
            arena: arena.clone(),
            tail,
            counters: Arc::default(),
            format: PhantomData,
        };
        ring.counters.next.set(ring.next);
        match ring.fill(config.len - BLOCK) {
            Ok(()) => Ok(ring),
            Err(error) => {
                // No device has been told of the ring.
                ring.released = true;
                Err(error)
            }
        }
    }

    /// The I/O virtual address and length in bytes of the descriptors, for the device's registers.
    pub fn descriptors(&self) -> (u64, usize) {
        (self.slots.iova(), self.shadow.len() * crate::DESCRIPTOR_LEN)
    }

    /// What the ring has done and seen; may be read from any thread.
    pub fn counters(&self) -> &Arc<CachePadded<RxCounters>> {
        &self.counters
    }

    /// With which instructions it moves descriptors.
    pub fn simd(&self) -> Simd {
        self.simd
    }

    /// The arena whose buffers the ring takes.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Whether VLAN tags are told beside the packets.
    pub fn vlan_strip(&self) -> bool {
        self.terms.believed & F::RX_VLAN != 0
    }

    /// Says whether the device takes VLAN tags out of packets, as it is taken to do at first. If not, a
    /// tag is nothing but bytes of the packet, also where the device says that there is one.
    pub fn set_vlan_strip(&mut self, strip: bool) {
        self.terms.believed = if strip { u64::MAX } else { !F::RX_VLAN };
    }

    /// A look at the ring for another thread.
    pub fn watch(&self) -> RxWatch<F> {
        let (slots, counters) = (self.slots.watch(), self.counters.clone());
        RxWatch { slots, counters, format: PhantomData }
    }

    /// Whether the device has reported something that was not polled.
    #[inline]
    pub fn is_ready(&self) -> bool {
        self.armed != self.next && F::rx_done(self.slots.status(self.next))
    }

    /// State of the descriptor `offset` places from the next one to be polled.
    ///
    /// # Errors
    /// The ring has no more than `offset` descriptors.
    pub fn descriptor(&self, offset: usize) -> Result<RxDescriptorStatus, RingError> {
        let len = self.shadow.len();
        if offset >= len {
            return Err(RingError::Offset { offset, len });
        }
        if offset as u32 >= self.armed.wrapping_sub(self.next) {
            return Ok(RxDescriptorStatus::Unavailable);
        }
        let done = F::rx_done(self.slots.status(self.next.wrapping_add(offset as u32)));
        Ok(if done { RxDescriptorStatus::Done } else { RxDescriptorStatus::Available })
    }

    /// Descriptors that the device has filled and that were not polled. It looks at each of them.
    pub fn used(&self) -> usize {
        let ready = self.armed.wrapping_sub(self.next);
        let filled = |i: &u32| F::rx_done(self.slots.status(self.next.wrapping_add(*i)));
        (0..ready).take_while(filled).count()
    }

    /// Rings the doorbell for all buffers armed: done once the device's queue is on.
    pub fn publish(&self) {
        self.tail.ring(self.slots.slot(self.armed) as u32);
    }

    /// Fills an empty ring from the arena's depot, with `least` buffers or more.
    fn fill(&mut self, least: usize) -> Result<(), RingError> {
        let mut buffers = Vec::with_capacity(self.shadow.len() - BLOCK);
        let free = self.arena.take(self.shadow.len() - BLOCK, &mut buffers);
        if free < least {
            self.arena.give(buffers);
            return Err(RingError::NoBuffers { needed: least, free });
        }
        let (blocks, rest) = buffers.as_chunks();
        for block in blocks {
            self.arm_fresh(block);
        }
        self.arena.give(rest.iter().copied());
        Ok(())
    }

    /// The buffers that the ring holds now.
    fn held(&self) -> impl Iterator<Item = u32> + '_ {
        let count = self.armed.wrapping_sub(self.next);
        (0..count).map(|i| self.shadow[self.slots.slot(self.next.wrapping_add(i))])
    }

    fn empty(&mut self) {
        self.arena.give(self.held());
        self.next = self.slots.start();
        self.armed = self.next;
        self.skipping = false;
        self.counters.next.set(self.next);
        self.slots.clear();
    }

    /// Puts the ring back to its first state: fresh buffers, nothing published. When the arena is
    /// short of buffers the ring starts with fewer, 32 at least, and polling adds to them.
    ///
    /// # Safety
    /// The device's queue is off: it neither reads the descriptors nor writes to armed buffers, now
    /// or later, until it is told of them again.
    ///
    /// # Errors
    /// The arena has not even 32 buffers; the ring is empty then, and may be restarted again.
    #[allow(unsafe_code)]
    pub unsafe fn restart(&mut self) -> Result<(), RingError> {
        self.empty();
        self.fill(BLOCK)
    }

    /// Ends the ring and frees its buffers.
    ///
    /// # Safety
    /// As for [`RxRing::restart`].
    #[allow(unsafe_code)]
    pub unsafe fn release(mut self) {
        self.empty();
        self.released = true;
    }
}

impl<F> Drop for RxRing<F> {
    /// Buffers that are still armed, and the descriptors, are never used again: only
    /// [`RxRing::release`] knows that the device has stopped.
    fn drop(&mut self) {
        if !self.released {
            self.arena.quarantine(self.armed.wrapping_sub(self.next) as usize);
            self.slots.leak();
        }
    }
}
