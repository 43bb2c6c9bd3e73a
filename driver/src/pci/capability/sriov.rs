//! Single Root I/O Virtualization (SR-IOV 1.1, 3.3): a PF's description of its VFs.

use crate::pci::PciAddress;
use crate::pci::config::{ConfigError, ConfigSpace};

/// The SR-IOV capability of a PF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SrIov {
    /// VFs can be migrated between PFs by a multi-root switch (3.3.2).
    pub migration_capable: bool,
    /// VFs exist now (VF Enable, 3.3.3).
    pub enabled: bool,
    /// Migration is on.
    pub migration_enabled: bool,
    /// VFs answer to memory accesses (VF MSE).
    pub memory_enabled: bool,
    /// The way up takes function numbers above 7 (ARI Capable Hierarchy).
    pub ari_hierarchy: bool,
    /// The status register (3.3.4), bit 0: a migration was asked for.
    pub status: u16,
    /// VFs that the PF starts with; the same as `total` unless they can be migrated.
    pub initial: u16,
    /// The most VFs that the hardware can have. The PF's driver may allow fewer.
    pub total: u16,
    /// How many there are now.
    pub num: u16,
    /// The PF, by its function number, that this one depends on; its own number if none.
    pub dependency: u8,
    /// From the PF's routing id to that of VF 0. May change with `num` and `ari_hierarchy`.
    pub first_offset: u16,
    /// From each VF's routing id to the next one's.
    pub stride: u16,
    /// The device id of the VFs.
    pub vf_device: u16,
    /// Page sizes that VF BARs can be aligned to: bit n stands for 4096 << n bytes.
    pub page_sizes: u32,
    /// The page size that they are aligned to, in the same encoding.
    pub page_size: u32,
    /// The VF BAR registers as they are; their lengths are in the `resource` table.
    pub bars: [u32; 6],
    /// Where the migration states are (3.3.15): BAR in bits 2:0, offset above.
    pub migration_states: u32,
}

impl SrIov {
    pub(super) const SIZE: u16 = 0x40;

    pub(super) fn read(space: &dyn ConfigSpace, at: u16) -> Result<SrIov, ConfigError> {
        let capabilities = space.read32(at + 0x04)?;
        let control = space.read16(at + 0x08)?;
        let mut bars = [0; 6];
        for (bar, offset) in bars.iter_mut().zip((0x24..).step_by(4)) {
            *bar = space.read32(at + offset)?;
        }
        Ok(SrIov {
            migration_capable: capabilities & 1 != 0,
            enabled: control & 0x01 != 0,
            migration_enabled: control & 0x02 != 0,
            memory_enabled: control & 0x08 != 0,
            ari_hierarchy: control & 0x10 != 0,
            status: space.read16(at + 0x0a)?,
            initial: space.read16(at + 0x0c)?,
            total: space.read16(at + 0x0e)?,
            num: space.read16(at + 0x10)?,
            dependency: space.read8(at + 0x12)?,
            first_offset: space.read16(at + 0x14)?,
            stride: space.read16(at + 0x16)?,
            vf_device: space.read16(at + 0x1a)?,
            page_sizes: space.read32(at + 0x1c)?,
            page_size: space.read32(at + 0x20)?,
            bars,
            migration_states: space.read32(at + 0x3c)?,
        })
    }

    /// The address of VF `index` of the PF at `pf` (SR-IOV 1.1, 2.1.2). `None` where it would lie
    /// beyond bus 255.
    pub fn vf_address(&self, pf: PciAddress, index: u16) -> Option<PciAddress> {
        let routing_id =
            u32::from(pf.bus()) << 8 | u32::from(pf.device()) << 3 | u32::from(pf.function());
        let vf =
            routing_id + u32::from(self.first_offset) + u32::from(self.stride) * u32::from(index);
        let [devfn, bus, 0, 0] = vf.to_le_bytes() else {
            return None;
        };
        PciAddress::new(pf.domain(), bus, devfn >> 3, devfn & 7)
    }
}
