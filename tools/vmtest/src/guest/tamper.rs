//! A transport that lies to the driver's device about addresses: how tests reach what the driver
//! would never do.
#![allow(unsafe_code)]

use barline::transport::{DmaSpace, Identity, Notice, Transport};
use barline::{Error, vfio};
use barline_ring::Doorbell;
use std::ops::{Range, RangeInclusive};
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

type Result<T> = std::result::Result<T, Error>;

/// High halves of the ring bases of queue 0 (82576 datasheet 9.2): receive, transmit.
const BASES_HIGH: [u64; 2] = [0x2804, 0x3804];
/// Far above anything that is mapped, and within what an IOMMU of 39 bits can name.
const OUTSIDE_HIGH: u32 = 0x7e;

/// A device whose addresses are tampered with on request.
#[derive(Debug)]
pub struct Tampering {
    device: Arc<vfio::VfioDevice>,
    /// Ring bases that are written go outside.
    pub bases_outside: AtomicBool,
    space: Arc<HoledSpace>,
}

impl Tampering {
    /// Leaves a hole (in bytes from the start of the memory) in the first mapping of more than that.
    pub fn new(device: Arc<vfio::VfioDevice>, hole: Range<usize>) -> Arc<Tampering> {
        let space = HoledSpace { space: device.dma(), hole, holed: Mutex::new(None) };
        let bases_outside = AtomicBool::new(false);
        Arc::new(Tampering { device, bases_outside, space: Arc::new(space) })
    }
}

// SAFETY: what it changes on the way keeps the device from memory, behind the IOMMU.
unsafe impl Transport for Tampering {
    fn name(&self) -> &str {
        self.device.name()
    }

    fn identity(&self) -> Identity {
        self.device.identity()
    }

    fn bar_len(&self, bar: u8) -> u64 {
        self.device.bar_len(bar)
    }

    fn read32(&self, bar: u8, offset: u64) -> u32 {
        self.device.read32(bar, offset)
    }

    unsafe fn write32(&self, bar: u8, offset: u64, value: u32) {
        let outside = self.bases_outside.load(Ordering::Relaxed) && BASES_HIGH.contains(&offset);
        let value = if outside { OUTSIDE_HIGH } else { value };
        // SAFETY: the caller's, or a ring base at which nothing is mapped.
        unsafe { self.device.write32(bar, offset, value) };
    }

    fn doorbell(self: Arc<Self>, bar: u8, offset: u64) -> Result<Doorbell> {
        self.device.clone().doorbell(bar, offset)
    }

    fn read_config(&self, offset: u16, data: &mut [u8]) -> Result<()> {
        self.device.read_config(offset, data)
    }

    unsafe fn write_config(&self, offset: u16, data: &[u8]) -> Result<()> {
        // SAFETY: the caller's.
        unsafe { self.device.write_config(offset, data) }
    }

    fn set_bus_master(&self, on: bool) -> Result<()> {
        self.device.set_bus_master(on)
    }

    fn reset(&self) -> Result<()> {
        self.device.reset()
    }

    fn vectors(&self) -> u16 {
        self.device.vectors()
    }

    fn set_vectors(&self, eventfds: &[BorrowedFd<'_>]) -> Result<()> {
        self.device.set_vectors(eventfds)
    }

    fn set_notice(&self, notice: Notice, eventfd: Option<BorrowedFd<'_>>) -> Result<bool> {
        self.device.set_notice(notice, eventfd)
    }

    fn dma(&self) -> Arc<dyn DmaSpace> {
        self.space.clone()
    }
}

/// An address space that does not map all that it says.
#[derive(Debug)]
struct HoledSpace {
    space: Arc<dyn DmaSpace>,
    hole: Range<usize>,
    /// The IOVA of the mapping that has the hole.
    holed: Mutex<Option<u64>>,
}

impl HoledSpace {
    /// The parts of a mapping, less the hole, as offset and length.
    fn parts(&self, iova: u64, len: usize) -> Vec<(usize, usize)> {
        let holed = *self.holed.lock().unwrap();
        if holed != Some(iova) || self.hole.is_empty() {
            return vec![(0, len)];
        }
        let parts = [(0, self.hole.start), (self.hole.end, len - self.hole.end)];
        parts.into_iter().filter(|(_, len)| *len > 0).collect()
    }
}

// SAFETY: it maps less than it is told to, and unmaps all of that.
unsafe impl DmaSpace for HoledSpace {
    fn iova_ranges(&self) -> Vec<RangeInclusive<u64>> {
        self.space.iova_ranges()
    }

    fn page_sizes(&self) -> u64 {
        self.space.page_sizes()
    }

    unsafe fn map(&self, memory: NonNull<u8>, len: usize, iova: u64) -> Result<()> {
        if len > self.hole.end {
            self.holed.lock().unwrap().get_or_insert(iova);
        }
        for (offset, len) in self.parts(iova, len) {
            // SAFETY: a part of what the caller vouches for.
            unsafe { self.space.map(memory.add(offset), len, iova + offset as u64) }?;
        }
        Ok(())
    }

    fn unmap(&self, iova: u64, len: usize) -> Result<()> {
        for (offset, len) in self.parts(iova, len) {
            self.space.unmap(iova + offset as u64, len)?;
        }
        Ok(())
    }
}
