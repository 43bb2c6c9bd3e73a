//! The memory that frames and descriptor rings live in.

use std::sync::Arc;

use barline_ring::{DmaSlice, Layout, Pool};

use crate::dma::{Memory, PagePreference, PageSize};
use crate::transport::DmaSpace;
use crate::{Error, Result};

/// How large an arena is, and how it is cut.
#[derive(Clone, Copy, Debug)]
pub struct ArenaConfig {
    /// Frame buffers: 64 to 2^24. All rings, pools and batches of all ports on the arena share them.
    pub buffers: usize,
    /// How each buffer is laid out.
    pub layout: Layout,
    /// Bytes for descriptor rings: 16 a descriptor.
    pub rings: usize,
    /// Which pages to take.
    pub pages: PagePreference,
}

impl Default for ArenaConfig {
    /// 4096 buffers of 2 KiB and rings for 8192 descriptors: 10 MiB of hugepages, or 16.1 MiB of
    /// ordinary pages, of which each holds one buffer.
    fn default() -> ArenaConfig {
        ArenaConfig {
            buffers: 4096,
            layout: Layout::default(),
            rings: 128 * 1024,
            pages: PagePreference::default(),
        }
    }
}

/// Memory for frames and rings, which belongs to the process and not to a port: ports opened on one
/// arena share its frames, and each frame has one I/O virtual address for all of them, so that what
/// one port received another can send without a copy.
///
/// Cloning gives another handle to the same arena.
#[derive(Clone, Debug)]
pub struct Arena {
    memory: Arc<Memory>,
    buffers: barline_ring::Arena,
}

impl Arena {
    /// Takes memory for an arena.
    ///
    /// # Errors
    /// A value out of range, or not enough memory.
    pub fn new(config: ArenaConfig) -> Result<Arena> {
        if !(64..=1 << 24).contains(&config.buffers) {
            return Err(Error::Config {
                key: "arena buffers",
                value: config.buffers.to_string(),
                allowed: "64 to 16777216".into(),
            });
        }
        let layout_error = |error: barline_ring::ArenaError| Error::Config {
            key: "arena layout",
            value: format!("{:?}", config.layout),
            allowed: error.to_string(),
        };
        config.layout.check().map_err(layout_error)?;
        let rings = config.rings.next_multiple_of(4096);
        let size = |page| config.layout.bytes(config.buffers, page) + rings;
        // How much is needed depends on the pages, and which pages there are on how much is needed.
        let mut memory = Memory::allocate(size(PageSize::Huge2M.bytes()), config.pages)?;
        if memory.page_size() == PageSize::Ordinary {
            drop(memory);
            let size = size(PageSize::Ordinary.bytes());
            memory = Memory::allocate(size, PagePreference::Only(PageSize::Ordinary))?;
        }
        let page = memory.page_size().bytes();
        let frames = memory.carve(config.layout.bytes(config.buffers, page), page);
        let frames = frames.ok_or_else(|| Error::Config {
            key: "arena buffers",
            value: config.buffers.to_string(),
            allowed: format!("what {} bytes of memory hold", memory.len()),
        })?;
        let buffers =
            barline_ring::Arena::on_pages(frames, config.layout, page).map_err(layout_error)?;
        Ok(Arena { memory, buffers })
    }

    /// A worker's pool of free buffers, which keeps at most `limit` of them (64 at least) to itself.
    pub fn pool(&self, limit: usize) -> Pool {
        Pool::new(&self.buffers, limit)
    }

    /// The buffers, as the rings see them.
    pub fn buffers(&self) -> &barline_ring::Arena {
        &self.buffers
    }

    /// Bytes of memory.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// The pages that the memory is made of.
    pub fn page_size(&self) -> PageSize {
        self.memory.page_size()
    }

    /// Makes the arena reachable for the devices of an address space.
    pub(crate) fn attach(&self, space: &Arc<dyn DmaSpace>) -> Result<()> {
        self.memory.attach(space)
    }

    /// Memory for a ring of `len` descriptors.
    pub(crate) fn ring_memory(&self, len: usize) -> Result<DmaSlice> {
        let bytes = len * barline_ring::DESCRIPTOR_LEN;
        self.memory.carve(bytes, 4096.min(bytes.next_power_of_two()).max(128)).ok_or_else(|| {
            Error::Config {
                key: "arena rings",
                value: format!("{} bytes free", self.memory.free_bytes()),
                allowed: format!(
                    "a ring of {len} descriptors takes {bytes}: raise ArenaConfig::rings"
                ),
            }
        })
    }
}
