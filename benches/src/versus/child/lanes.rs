//! Ports, and their queues in pairs.

use barline::dma::{PagePreference, PageSize};
use barline::{Arena, ArenaConfig, Config, Layout, Pool, Port, RxQueue, TxQueue};

use super::ChildError;
use crate::versus::protocol::ChildConfig;
use crate::versus::rows::Column;

/// What a worker's pool keeps to itself, as [`Port::pool`] has it.
pub(super) const POOL: usize = 512;

/// Buffers beyond those that rings hold, for each pool: one full, and bursts.
const SPARE: usize = 2 * POOL;

/// Bytes of the frame check sequence, which the device adds and takes away.
const FCS: usize = 4;

/// Bytes of a VLAN tag.
const TAG: usize = 4;

/// All of the DMA memory of [`Column::OursSmall`].
const SMALL: usize = 4 << 20;

/// A receive queue, and the transmit queue beside it.
pub(super) struct Lane {
    pub(super) rx: RxQueue,
    pub(super) tx: TxQueue,
    /// The address of the VF that they belong to.
    pub(super) mac: [u8; 6],
}

/// The lanes of all VFs, with what they stand on.
pub(super) struct Lanes {
    // Queues go before their ports: nobody watches over them then.
    /// By VF, and within one by queue.
    pub(super) lanes: Vec<Lane>,
    /// How many a VF has.
    pub(super) queues: usize,
    /// Bytes of the largest frame, without FCS.
    pub(super) frame: usize,
    /// The driving core's.
    pub(super) pool: Pool,
    /// The memory of all.
    pub(super) arena: Arena,
    /// How they move descriptors.
    pub(super) simd: String,
    _ports: Vec<Port>,
}

impl Lanes {
    /// Opens the VFs, on one arena, and starts their queues.
    ///
    /// # Errors
    /// Whatever keeps a port from it.
    pub(super) fn open(config: &ChildConfig) -> Result<Lanes, ChildError> {
        let arena = Arena::new(memory(config))?;
        let port_config = port_config(config, &arena)?;
        let (mut lanes, mut ports) = (Vec::new(), Vec::new());
        for vf in &config.vfs {
            let mut port = Port::open_with(vf, port_config.clone())?;
            let queues = port.start()?;
            let mac = port.mac().0;
            lanes.extend(queues.rx.into_iter().zip(queues.tx).map(|(rx, tx)| Lane { rx, tx, mac }));
            ports.push(port);
        }
        let simd = lanes.first().map_or_else(String::new, |lane| lane.rx.simd().to_string());
        let frame = usize::from(config.max_frame).saturating_sub(FCS);
        let (queues, pool) = (config.queues.into(), arena.pool(POOL));
        Ok(Lanes { lanes, queues, frame, pool, arena, simd, _ports: ports })
    }
}

fn port_config(config: &ChildConfig, arena: &Arena) -> Result<Config, ChildError> {
    let simd = match config.column {
        Column::OursAvx2 => Some("avx2"),
        Column::OursPlain => Some("plain"),
        _ => None,
    };
    let simd = simd.map(|name| name.parse().map_err(|error| ChildError::Simd(format!("{error}"))));
    Ok(Config {
        rx_queues: config.queues,
        tx_queues: config.queues,
        rx_ring: config.ring.into(),
        tx_ring: config.ring.into(),
        max_frame: config.max_frame.max(Config::default().max_frame),
        vlan_strip: config.offloads,
        simd: simd.transpose()?,
        arena: Some(arena.clone()),
        ..Config::default()
    })
}

/// Buffers that hold the largest frame whole, with a tag, in steps of the device's buffer size: so that bursts
/// are as many packets as frames, for jumbo frames too. DPDK's program does the same.
fn layout(max_frame: u16) -> Layout {
    let layout = Layout::default();
    let room = (usize::from(max_frame).saturating_sub(FCS) + TAG).next_multiple_of(1024);
    Layout { data_room: layout.data_room.max(room), ..layout }
}

/// Memory for all VFs and two workers.
fn memory(config: &ChildConfig) -> ArenaConfig {
    let pairs = config.vfs.len() * usize::from(config.queues);
    let descriptors = 2 * pairs * usize::from(config.ring);
    // Each ring begins on a page.
    let rings = descriptors * 16 + 2 * pairs * 4096;
    let layout = layout(config.max_frame);
    if config.column == Column::OursSmall {
        let pages = PagePreference::Only(PageSize::Ordinary);
        // A page holds one buffer.
        return ArenaConfig {
            buffers: (SMALL - rings.min(SMALL / 2)) / 4096,
            layout,
            rings,
            pages,
        };
    }
    let buffers = descriptors + 2 * SPARE;
    ArenaConfig { buffers, layout, rings, pages: PagePreference::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(column: Column, vfs: usize) -> ChildConfig {
        ChildConfig {
            column,
            vfs: vec!["0000:01:10.0".into(); vfs],
            ring: 512,
            queues: 1,
            core: 0,
            other_core: None,
            max_frame: 64,
            offloads: false,
        }
    }

    #[test]
    fn memory_is_for_full_rings_and_two_pools() {
        let one = memory(&config(Column::Ours, 1));
        assert_eq!((one.buffers, one.rings), (1024 + 2048, 1024 * 16 + 8192));
        let all = memory(&config(Column::Ours, 63));
        assert_eq!(all.buffers, 63 * 1024 + 2048);
    }

    #[test]
    fn a_jumbo_frame_fits_into_a_buffer() {
        let room = |size| layout(size).data_room;
        assert_eq!((room(64), room(1518), room(2048)), (2048, 2048, 2048));
        assert_eq!((room(2049), room(9018)), (3072, 9216));
        assert!([64, 2049, 4096, 9018].into_iter().all(|size| layout(size).check().is_ok()));
    }

    #[test]
    fn the_small_one_is_four_mebibytes_of_ordinary_pages() {
        let small = memory(&config(Column::OursSmall, 1));
        assert_eq!(small.pages, PagePreference::Only(PageSize::Ordinary));
        let bytes = small.layout.bytes(small.buffers, 4096) + small.rings.next_multiple_of(4096);
        assert_eq!(bytes, SMALL);
        assert!(small.buffers > 512 + POOL - 64, "a full ring, and a pool: {}", small.buffers);
    }
}
