//! How a port is set up.

use barline_ring::{Layout, RING_LEN_MAX, RING_LEN_MIN, Simd};

use super::Info;
use crate::arena::{Arena, ArenaConfig};
use crate::dma::PagePreference;
use crate::nic::{Rss, STANDARD_FRAME};
use crate::{Error, MacAddress, Result, Root};

/// How a port is set up. Every value is checked when the port is opened.
#[derive(Clone, Debug)]
pub struct Config {
    /// Receive queues: 1 up to what the device has (82576 VF: 2, I350 VF: 1).
    pub rx_queues: u16,
    /// Transmit queues: as for receive.
    pub tx_queues: u16,
    /// Descriptors of each receive queue: a power of two from 64 to 4096.
    pub rx_ring: usize,
    /// Descriptors of each transmit queue: a power of two from 64 to 4096.
    pub tx_ring: usize,
    /// Longest frame in bytes, with FCS and without VLAN tag: 64 up to what the device takes. A
    /// frame longer than a buffer's data room arrives in several.
    pub max_frame: u16,
    /// The unicast address to ask the PF for. `None` takes what the PF has assigned, or a stable
    /// local one where it assigned none.
    pub mac: Option<MacAddress>,
    /// Take VLAN tags out of what is received ([`FrameRef::vlan`](crate::FrameRef::vlan) has them
    /// then). Not every device lets its VFs choose: [`Offloads::vlan_strip`](crate::Offloads::vlan_strip).
    pub vlan_strip: bool,
    /// How received packets are spread over the receive queues. `None` spreads them over all of them
    /// where the device lets a VF choose, and leaves it to the PF otherwise.
    pub rss: Option<Rss>,
    /// The arena to use. `None` makes one that is large enough for this port and its workers.
    pub arena: Option<Arena>,
    /// With which instructions the queues move descriptors. `None` takes the best that the CPU has, which
    /// there is no reason to change but for tests and comparisons.
    pub simd: Option<Simd>,
    /// Which pages an arena made for the port takes.
    pub pages: PagePreference,
    /// Where the kernel's file systems are.
    pub root: Root,
}

impl Default for Config {
    /// One queue pair of 512 descriptors each way, standard frames, an arena of its own.
    fn default() -> Config {
        Config {
            rx_queues: 1,
            tx_queues: 1,
            rx_ring: 512,
            tx_ring: 512,
            max_frame: STANDARD_FRAME,
            mac: None,
            vlan_strip: false,
            rss: None,
            arena: None,
            simd: None,
            pages: PagePreference::default(),
            root: Root::default(),
        }
    }
}

/// Free buffers that a default arena has for each queue pair, beyond those in the rings: for pools,
/// batches and hand-offs.
const SPARE: usize = 512;

impl Config {
    /// Checks what does not depend on the device.
    pub(crate) fn check(&self) -> Result<()> {
        for (key, len) in [("rx_ring", self.rx_ring), ("tx_ring", self.tx_ring)] {
            if !len.is_power_of_two() || !(RING_LEN_MIN..=RING_LEN_MAX).contains(&len) {
                return Err(out_of_range(key, len, "a power of two from 64 to 4096"));
            }
        }
        for (key, count) in [("rx_queues", self.rx_queues), ("tx_queues", self.tx_queues)] {
            if count == 0 {
                return Err(out_of_range(key, count, "1 or more"));
            }
        }
        check_max_frame(self.max_frame, None)?;
        self.check_simd()?;
        match self.mac {
            Some(mac) if !mac.is_unicast() => {
                Err(out_of_range("mac", mac, "a unicast address other than 00:00:00:00:00:00"))
            }
            _ => Ok(()),
        }
    }

    /// Checks whether this CPU has the instructions, if some are asked for.
    fn check_simd(&self) -> Result<()> {
        match self.simd {
            Some(simd) if !simd.is_available() => {
                let here: Vec<_> = Simd::available().map(|simd| simd.to_string()).collect();
                let allowed = format!("this CPU has {}", here.join(", "));
                Err(out_of_range("simd", simd, &allowed))
            }
            _ => Ok(()),
        }
    }

    /// With which instructions the queues move descriptors.
    pub(super) fn simd(&self) -> Simd {
        self.simd.unwrap_or_else(Simd::best)
    }

    /// Checks what depends on the device.
    pub(crate) fn check_against(&self, info: &Info) -> Result<()> {
        self.check_queues(info.queues)?;
        check_max_frame(self.max_frame, Some(info.max_frame))?;
        self.check_vlan_strip(info)?;
        self.check_rss(info)
    }

    /// Checks the number of queues against those that the device can have.
    pub(crate) fn check_queues(&self, most: u16) -> Result<()> {
        for (key, count) in [("rx_queues", self.rx_queues), ("tx_queues", self.tx_queues)] {
            if count > most {
                return Err(out_of_range(key, count, &format!("this device has {most}")));
            }
        }
        Ok(())
    }

    /// Checks whether VLAN tags can be taken out, if that is asked for.
    pub(crate) fn check_vlan_strip(&self, info: &Info) -> Result<()> {
        if self.vlan_strip && !info.offloads.vlan_strip {
            let allowed = format!("the PF of a {} decides for its VFs", info.model);
            return Err(out_of_range("vlan_strip", true, &allowed));
        }
        Ok(())
    }

    /// Checks how packets are to be spread, if that is asked for.
    pub(crate) fn check_rss(&self, info: &Info) -> Result<()> {
        let Some(Rss { table, .. }) = &self.rss else { return Ok(()) };
        if info.rss_table == 0 {
            let allowed = format!("the PF of a {} decides for its VFs", info.model);
            return Err(out_of_range("rss", "a table", &allowed));
        }
        if table.len() != info.rss_table {
            let allowed = format!("this device's table has {} entries", info.rss_table);
            return Err(out_of_range("rss table length", table.len(), &allowed));
        }
        match table.iter().find(|&&queue| queue >= self.rx_queues) {
            Some(queue) => {
                let allowed = format!("the port has receive queues 0 to {}", self.rx_queues - 1);
                Err(out_of_range("rss table entry", queue, &allowed))
            }
            None => Ok(()),
        }
    }

    /// The arena to use.
    pub(crate) fn arena(&self) -> Result<Arena> {
        if let Some(arena) = &self.arena {
            return Ok(arena.clone());
        }
        let (rx, tx) = (usize::from(self.rx_queues), usize::from(self.tx_queues));
        let descriptors = rx * self.rx_ring + tx * self.tx_ring;
        Arena::new(ArenaConfig {
            buffers: descriptors + rx.max(tx) * SPARE,
            layout: Layout::default(),
            // Each ring starts on a page.
            rings: descriptors * barline_ring::DESCRIPTOR_LEN + (rx + tx) * 4096,
            pages: self.pages,
        })
    }
}

/// Checks the longest frame, against what a device takes if that is known.
pub(super) fn check_max_frame(len: u16, most: Option<u16>) -> Result<()> {
    match most {
        _ if len < 64 => Err(out_of_range("max_frame", len, "64 bytes or more")),
        Some(most) if len > most => {
            Err(out_of_range("max_frame", len, &format!("this device takes up to {most}")))
        }
        _ => Ok(()),
    }
}

fn out_of_range(key: &'static str, value: impl ToString, allowed: &str) -> Error {
    Error::Config { key, value: value.to_string(), allowed: allowed.to_string() }
}
