//! Traffic between VFs in which nothing can go wrong unseen.
//!
//! Every VF sends to every other one, in bursts that take turns. Each frame carries its stream and its
//! number, and every other byte of it follows from these: so that a frame which is lost, comes twice,
//! comes too late, to somebody else, or with a wrong byte, is told. No more frames are under way to a
//! receiver than it has descriptors for, so that a sound device need not lose any.

mod frame;
mod mesh;
mod mirror;
mod sequence;

use std::ops::RangeInclusive;
use std::time::Duration;

use barline::{Arena, ArenaConfig, Config, Error, Layout, Port, Result};

use crate::Adapter;
use mesh::{BURST, Mesh};
pub use mirror::Mirror;
pub use sequence::Faults;

/// Buffers that the pool keeps.
const POOL: usize = 512;

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Frames in all, of all VFs together.
    pub frames: u64,
    /// Bytes of each frame with FCS, chosen anew for each: 64 at least.
    pub sizes: RangeInclusive<usize>,
    /// Of lengths and contents.
    pub seed: u64,
    /// Descriptors of each ring: a power of two from 64 to 4096.
    pub ring: usize,
}

impl Default for Plan {
    /// A million frames of every standard size.
    fn default() -> Plan {
        Plan { frames: 1_000_000, sizes: 64..=1518, seed: 1, ring: 512 }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Frames that the VFs were given.
    pub sent: u64,
    /// Frames that came, of whatever kind.
    pub received: u64,
    /// Bytes of these, without FCS.
    pub bytes: u64,
    /// What was wrong.
    pub faults: Faults,
    /// From the first frame to the last.
    pub elapsed: Duration,
}

/// Sends frames between the VFs of a software adapter, all of them, and checks what comes.
///
/// # Errors
/// The adapter has one VF only, a size or the ring is not possible, or a VF cannot be opened.
pub fn run(adapter: &Adapter, plan: &Plan) -> Result<Report> {
    let vfs = adapter.spec().vfs;
    plan.check(vfs)?;
    let most = *plan.sizes.end();
    let layout = Layout::default();
    let buffers_each = most.div_ceil(layout.data_room);
    let arena = Arena::new(ArenaConfig {
        // For each VF its rings and a burst; a burst that was received, and what the pool keeps.
        buffers: vfs * (2 * plan.ring + BURST * buffers_each) + BURST * buffers_each + POOL,
        layout,
        rings: vfs * 2 * (plan.ring * 16).next_multiple_of(4096),
        ..ArenaConfig::default()
    })?;
    let config = Config {
        arena: Some(arena.clone()),
        max_frame: (most as u16).max(Config::default().max_frame),
        rx_ring: plan.ring,
        tx_ring: plan.ring,
        ..Config::default()
    };
    let mut ports = (0..vfs)
        .map(|vf| Port::on(adapter.transport(vf)?, config.clone()))
        .collect::<Result<Vec<_>>>()?;
    let queues = ports.iter_mut().map(Port::start).collect::<Result<Vec<_>>>()?;
    let pool = arena.pool(POOL);
    Ok(Mesh::new(adapter, plan, &pool, &ports, queues, buffers_each).run())
}

impl Plan {
    fn check(&self, vfs: usize) -> Result<()> {
        if vfs < 2 {
            return wrong("vfs", vfs.to_string(), "VFs send to each other: 2 or more");
        }
        self.check_sizes()
    }

    fn check_sizes(&self) -> Result<()> {
        let (least, most) = (*self.sizes.start(), *self.sizes.end());
        if least < 64 || most < least || most > u16::MAX.into() {
            let sizes = format!("{least} to {most}");
            return wrong("sizes", sizes, "64 bytes to what the VF takes, the smaller one first");
        }
        Ok(())
    }
}

fn wrong(key: &'static str, value: String, allowed: &str) -> Result<()> {
    Err(Error::Config { key, value, allowed: allowed.to_string() })
}
