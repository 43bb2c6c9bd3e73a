//! An arena with rings on it and the model's queues at their other end.
#![allow(unsafe_code)]

use barline_ring::{
    Arena, FrameBatch, Layout, Pool, RingError, RxConfig, RxRing, Simd, TxConfig, TxRing,
};

use super::{Ledger, Model, Owner, Region, Register, RxDevice, TxDevice};

/// Headroom of the rigs' buffers.
pub const HEADROOM: usize = 128;

/// Where the devices see the arena: far from the process's addresses, and in the middle of a page.
const ARENA_IOVA: u64 = 0x9_8765_4340;

/// Where they see descriptors.
const RING_IOVA: u64 = 0x77_0000_0480;

/// The bytes of packet number `seq`: its number, then a pattern that depends on it.
pub fn packet_bytes(seq: u32, len: usize) -> Vec<u8> {
    let mut bytes = seq.to_le_bytes().to_vec();
    let mut state = seq.wrapping_mul(0x9e37_79b9) | 1;
    bytes.resize_with(len.max(4), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    bytes.truncate(len);
    bytes
}

/// An arena, what devices know of it, and how rings on it are made.
pub struct Rig {
    /// The arena.
    pub arena: Arena,
    /// Who has which buffer.
    pub ledger: Ledger,
    /// With which instructions its rings move descriptors.
    pub simd: Simd,
    buffers: Region,
    layout: Layout,
}

impl Rig {
    /// A rig of `count` buffers of `data_room` bytes.
    pub fn new(count: usize, data_room: usize) -> Rig {
        Rig::with_layout(count, Layout { data_room, headroom: HEADROOM })
    }

    /// A rig for each way in which this CPU can move descriptors.
    pub fn each(count: usize, data_room: usize) -> impl Iterator<Item = Rig> {
        Simd::available().map(move |simd| {
            let mut rig = Rig::new(count, data_room);
            rig.simd = simd;
            rig
        })
    }

    /// A rig of `count` buffers of any layout.
    pub fn with_layout(count: usize, layout: Layout) -> Rig {
        let (buffers, memory) = Region::new(count * layout.stride(), ARENA_IOVA);
        Rig {
            arena: Arena::new(memory, layout).unwrap(),
            ledger: Ledger::new(ARENA_IOVA, layout.stride(), count),
            simd: Simd::best(),
            buffers,
            layout,
        }
    }

    /// A receive ring, published, and its device.
    pub fn rx<F: Model>(&self, len: usize, max_chain: usize) -> (RxRing<F>, RxDevice) {
        self.try_rx(len, max_chain).unwrap()
    }

    /// As [`Rig::rx`], where it may fail.
    pub fn try_rx<F: Model>(
        &self,
        len: usize,
        max_chain: usize,
    ) -> Result<(RxRing<F>, RxDevice), RingError> {
        self.rx_with(RxConfig { len, max_chain, simd: self.simd })
    }

    /// As [`Rig::try_rx`], with all that can be chosen.
    pub fn rx_with<F: Model>(&self, config: RxConfig) -> Result<(RxRing<F>, RxDevice), RingError> {
        let len = config.len;
        let (region, memory) = Region::new(len * 16, RING_IOVA);
        let tail = Register::default();
        let ring = RxRing::new(memory, tail.doorbell(), &self.arena, config)?;
        assert_eq!(ring.descriptors(), (RING_IOVA, len * 16));
        assert_eq!(tail.value(), 0, "nothing is shown before publish");
        ring.publish();
        let buffers = (self.buffers.clone(), self.ledger.clone());
        let rooms = (self.layout.headroom, self.layout.data_room);
        let device = RxDevice::new(F::CHIP, region, len, tail, buffers, rooms);
        Ok((ring, device))
    }

    /// How most tests set up a transmit ring.
    pub fn tx_config(&self, len: usize) -> TxConfig {
        TxConfig { len, max_packet: 9728, max_chain: 32, simd: self.simd }
    }

    /// A transmit ring and its device.
    pub fn tx<F: Model>(&self, config: TxConfig) -> (TxRing<F>, TxDevice) {
        let (region, memory) = Region::new(config.len * 16, RING_IOVA + 0x10_0000);
        let tail = Register::default();
        let ring = TxRing::new(memory, tail.doorbell(), &self.arena, config).unwrap();
        let buffers = (self.buffers.clone(), self.ledger.clone());
        let device = TxDevice::new(F::CHIP, region, config.len, tail, buffers);
        (ring, device)
    }

    /// Stops the device, then releases the ring.
    pub fn release_rx<F: Model>(&self, ring: RxRing<F>, mut device: RxDevice) {
        device.stop();
        // SAFETY: the device is off, and goes out of scope here.
        unsafe { ring.release() }
        device.released = true;
    }

    /// Stops the device, then releases the ring.
    pub fn release_tx<F: Model>(&self, ring: TxRing<F>, mut device: TxDevice) {
        device.stop();
        // SAFETY: the device is off, and goes out of scope here.
        unsafe { ring.release() }
        device.released = true;
    }

    /// Stops the device, restarts the ring and shows it to the device again.
    pub fn restart_rx<F: Model>(
        &self,
        ring: &mut RxRing<F>,
        device: &mut RxDevice,
    ) -> Result<(), RingError> {
        device.stop();
        // SAFETY: the device is off until its tail moves.
        unsafe { ring.restart() }?;
        ring.publish();
        Ok(())
    }

    /// Stops the device and restarts the ring.
    pub fn restart_tx<F: Model>(&self, ring: &mut TxRing<F>, device: &mut TxDevice) {
        device.stop();
        // SAFETY: the device is off until its tail moves.
        unsafe { ring.restart() }
    }

    /// Fails unless the frames of these batches are with the host and in one place each.
    pub fn check_batches(&self, batches: &[&FrameBatch<'_>]) {
        let mut seen = std::collections::HashSet::new();
        for frame in batches.iter().flat_map(|batch| batch.frames()) {
            assert_eq!(self.ledger.owner(frame.buffer()), Owner::Host);
            assert!(seen.insert(frame.buffer()), "a buffer in two places");
        }
    }

    /// Fails unless every buffer is in the depot, once. Nothing else may hold the arena's buffers.
    pub fn check_all_home(&self) {
        let census = self.arena.census();
        assert_eq!(census.depot, census.total);
        let pool = Pool::new(&self.arena, census.total);
        let mut batch = pool.batch(census.total);
        while batch.alloc(1).is_some() {}
        assert_eq!(batch.len(), census.total);
        self.check_batches(&[&batch]);
    }
}

impl Drop for Rig {
    /// Says of a test that fails on which rig it does.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("with rings by {}", self.simd);
        }
    }
}
