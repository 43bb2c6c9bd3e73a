//! Configuration spaces as `config` shows them.
//!
//! That of a VF is the software adapter's: Linux reads it from the device, ids FFFF:FFFF included. Those of
//! the PF and the root port are for whoever looks at them; nothing answers there.

use std::io;

use softnic::{Adapter, Plane, Spec};

use super::function::Ids;
use super::image::Image;
use super::resource;
use crate::topology::{VF_OFFSET, VF_STRIDE};

const LEN: usize = 4096;

/// VFs that the hardware can have. Linux's driver allows one less.
const TOTAL_VFS: u16 = 64;

/// Those of all VFs.
pub(super) fn of_vfs(spec: &Spec) -> io::Result<Vec<Vec<u8>>> {
    let spec = Spec { share: None, ..spec.clone() };
    let mut adapter = Adapter::new(&spec, Plane::private(&spec), None);
    (0..spec.vfs)
        .map(|vf| {
            adapter.open(vf).map_err(io::Error::other)?;
            let mut config = vec![0; LEN];
            adapter.config_read(vf, 0, &mut config);
            adapter.close(vf);
            Ok(config)
        })
        .collect()
}

/// The PF, with its VFs enabled: 82599 datasheet 9.3 and 9.4, values as Linux leaves them.
pub(super) fn of_pf(ids: &Ids, vf_device: u16, vfs: usize) -> Vec<u8> {
    header(ids)
        // Memory, ports and bus mastering.
        .put16(0x04, 0x0007)
        .put32(0x10, resource::PF_BAR0 | 0xc)
        .put32(0x18, resource::PF_BAR2 | 0x1)
        .put32(0x20, resource::PF_BAR4 | 0xc)
        .put16(0x2c, ids.subsystem_vendor)
        .put16(0x2e, ids.subsystem_device)
        .put8(0x34, 0x40)
        .put8(0x3d, 1)
        // Power management 3.
        .standard(0x40, 0x01, 0x50)
        .put16(0x42, 0x4823)
        // MSI: one, with mask, 64-bit; not in use.
        .standard(0x50, 0x05, 0x70)
        .put16(0x52, 0x0180)
        // MSI-X: 64 vectors, on, in BAR 4.
        .standard(0x70, 0x11, 0xa0)
        .put16(0x72, 0x803f)
        .put32(0x74, 0x0000_0004)
        .put32(0x78, 0x0000_2004)
        // PCI Express: version 2, endpoint, function-level reset, 512 bytes; 5 GT/s, x8.
        .standard(0xa0, 0x10, 0)
        .put16(0xa2, 0x0002)
        .put32(0xa4, 0x1000_8cc2)
        .put16(0xa8, 0x2830)
        .put32(0xac, 0x0000_0482)
        .put16(0xb2, 0x1082)
        .put32(0xc4, 0x0000_001f)
        .put16(0xd0, 0x0002)
        // Error reporting, serial number, ARI.
        .extended(0x100, 0x0001, 0x140)
        .put32(0x10c, 0x0006_2030)
        .put32(0x114, 0x0000_2000)
        .put32(0x118, 0x0000_00a0)
        .extended(0x140, 0x0003, 0x150)
        // Of the PF's address, as Intel makes it: its halves with FFFF between.
        .put32(0x144, 0xff90_00ff)
        .put32(0x148, 0x0282_59ff)
        .extended(0x150, 0x000e, 0x160)
        // SR-IOV: VFs and their memory on, ARI in use.
        .extended(0x160, 0x0010, 0)
        .put16(0x168, 0x0019)
        .put16(0x16c, TOTAL_VFS)
        .put16(0x16e, TOTAL_VFS)
        .put16(0x170, vfs as u16)
        .put16(0x174, VF_OFFSET)
        .put16(0x176, VF_STRIDE)
        .put16(0x17a, vf_device)
        .put32(0x17c, 0x0000_0553)
        .put32(0x180, 0x0000_0001)
        .put32(0x184, resource::VF_BAR0 | 0xc)
        .put32(0x190, resource::VF_BAR3 | 0xc)
        .into_bytes()
}

/// The root port: bus 1 below it, a window for the adapter's BARs, access control on.
pub(super) fn of_root_port(ids: &Ids) -> Vec<u8> {
    header(ids)
        .put16(0x04, 0x0007)
        .put8(0x0e, 0x01)
        .put8(0x19, 1)
        .put8(0x1a, 1)
        .put16(0x1c, 0xe0e0)
        .put16(0x20, 0xdf80)
        .put16(0x22, 0xdfb0)
        .put16(0x24, 0xfff0)
        .put8(0x34, 0x90)
        // PCI Express: version 2, root port; 5 GT/s, x8; ARI forwarding there and on.
        .standard(0x90, 0x10, 0)
        .put16(0x92, 0x0042)
        .put32(0x94, 0x0000_8001)
        .put32(0x9c, 0x0000_0482)
        .put16(0xa2, 0x1082)
        .put32(0xb4, 0x0000_0020)
        .put16(0xb8, 0x0020)
        // Access Control Services: what Linux turns on to isolate groups.
        .extended(0x100, 0x000d, 0)
        .put16(0x104, 0x001f)
        .put16(0x106, 0x001d)
        .into_bytes()
}

fn header(ids: &Ids) -> Image {
    Image::new(LEN)
        .put16(0x00, ids.vendor)
        .put16(0x02, ids.device)
        // A list of capabilities.
        .put16(0x06, 0x0010)
        .put32(0x08, ids.class << 8 | u32::from(ids.revision))
}
