//! The functions of the adapter, and the root port that leads to them.

use std::io;

use softnic::Spec;

use super::cpus::Cpus;
use super::function::{Function, Ids};
use super::sysfs::{READ, READ_WRITE, WRITE};
use super::{config, resource};
use crate::topology::{
    PF, PF_GROUP, ROOT_PORT, ROOT_PORT_GROUP, VF_OFFSET, VF_STRIDE, group_of, pf_device, vf_address,
};

const INTEL: u16 = 0x8086;
const ETHERNET: u32 = 0x02_0000;
const BRIDGE: u32 = 0x06_0400;
const LINK: (&str, u8) = ("5.0 GT/s PCIe", 8);
/// The most VFs that Linux's driver allows (`IXGBE_MAX_VFS_DRV_LIMIT`).
const TOTAL_VFS: usize = 63;

/// The root port, the PF, and its VFs in their order.
pub(super) fn all(spec: &Spec) -> io::Result<Vec<Function>> {
    let cpus = Cpus::of_this_machine();
    let mut functions = vec![root_port(&cpus), pf(spec, &cpus)];
    let configs = config::of_vfs(spec)?;
    functions.extend(
        configs.into_iter().enumerate().map(|(vf, config)| self::vf(spec, vf, config, &cpus)),
    );
    Ok(functions)
}

/// The directory of a function of bus 1.
pub(super) fn below_root_port(address: &str) -> String {
    format!("devices/pci0000:00/{ROOT_PORT}/{address}")
}

fn root_port(cpus: &Cpus) -> Function {
    // A port of Xeon E5's IO hub.
    let ids = Ids {
        vendor: INTEL,
        device: 0x3c04,
        subsystem_vendor: 0,
        subsystem_device: 0,
        class: BRIDGE,
        revision: 0x07,
    };
    let line = |name: &str, mode, text: &str| (name.to_string(), mode, text.to_string());
    Function {
        address: ROOT_PORT.to_string(),
        dir: format!("devices/pci0000:00/{ROOT_PORT}"),
        driver: "pcieport",
        group: ROOT_PORT_GROUP,
        config: config::of_root_port(&ids),
        ids,
        resource: resource::of_root_port(),
        in_use: true,
        link: Some(LINK),
        irq: 24,
        ari: false,
        reset_methods: None,
        driver_override: None,
        more: vec![
            line("remove", 0o220, ""),
            line("rescan", WRITE, ""),
            line("secondary_bus_number", READ, "1"),
            line("subordinate_bus_number", READ, "1"),
        ],
        links: Vec::new(),
        cpus: cpus.clone(),
    }
}

fn pf(spec: &Spec, cpus: &Cpus) -> Function {
    let generation = spec.model.generation();
    let ids = Ids {
        vendor: generation.vendor,
        device: pf_device(spec.model),
        subsystem_vendor: generation.vendor,
        subsystem_device: 0x000c,
        class: ETHERNET,
        revision: generation.revision,
    };
    let line = |name: &str, mode, text: String| (name.to_string(), mode, text);
    let vfs = (0..spec.vfs).map(|vf| (format!("virtfn{vf}"), below_root_port(&vf_address(vf))));
    Function {
        address: PF.to_string(),
        dir: below_root_port(PF),
        driver: "ixgbe",
        group: PF_GROUP,
        config: config::of_pf(&ids, generation.device, spec.vfs),
        ids,
        resource: resource::of_pf(),
        in_use: true,
        link: Some(LINK),
        irq: 16,
        ari: true,
        reset_methods: Some("flr bus"),
        driver_override: None,
        more: vec![
            line("remove", 0o220, String::new()),
            line("rescan", WRITE, String::new()),
            line("sriov_drivers_autoprobe", READ_WRITE, "0".to_string()),
            line("sriov_numvfs", READ_WRITE, spec.vfs.to_string()),
            line("sriov_offset", READ, VF_OFFSET.to_string()),
            line("sriov_stride", READ, VF_STRIDE.to_string()),
            line("sriov_totalvfs", READ, TOTAL_VFS.to_string()),
            line("sriov_vf_device", READ, format!("{:x}", generation.device)),
            line("sriov_vf_total_msix", READ, "0".to_string()),
        ],
        links: vfs.collect(),
        cpus: cpus.clone(),
    }
}

fn vf(spec: &Spec, vf: usize, config: Vec<u8>, cpus: &Cpus) -> Function {
    let generation = spec.model.generation();
    let address = vf_address(vf);
    let word = |at: usize| u16::from_le_bytes([config[at], config[at + 1]]);
    Function {
        dir: below_root_port(&address),
        address,
        // Vendor and device are the PF's and its SR-IOV capability's; the rest is read from VF 0 (Linux
        // `pci_iov_add_virtfn`).
        ids: Ids {
            vendor: generation.vendor,
            device: generation.device,
            subsystem_vendor: word(0x2c),
            subsystem_device: word(0x2e),
            class: ETHERNET,
            revision: generation.revision,
        },
        driver: "vfio-pci",
        group: group_of(vf),
        config,
        resource: resource::of_vf(vf),
        in_use: false,
        link: None,
        irq: 0,
        ari: true,
        reset_methods: Some("flr"),
        driver_override: Some("vfio-pci"),
        more: vec![("sriov_vf_msix_count".to_string(), WRITE, String::new())],
        links: vec![("physfn".to_string(), below_root_port(PF))],
        cpus: cpus.clone(),
    }
}
