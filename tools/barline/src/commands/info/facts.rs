//! What `info` gathers.

use std::collections::BTreeMap;

use barline::Root;
use barline::pci::capability::{Body, SrIov};
use barline::pci::{Capabilities, ConfigSpace, Extent, PciDevice, ResourceKind, Resources};
use serde::Serialize;

use crate::commands::function::Function;

#[derive(Serialize)]
pub struct Info {
    #[serde(flatten)]
    pub function: Function,
    pub subsystem_vendor: String,
    pub subsystem_device: String,
    pub class: String,
    pub revision: String,
    pub driver_override: Option<String>,
    pub bars: Vec<Bar>,
    pub physfn: Option<String>,
    pub vf_index: Option<usize>,
    pub mac: Option<String>,
    pub msix: Option<MsiX>,
    pub sriov: Option<Pf>,
    pub capabilities: Vec<Capability>,
    pub config: Option<Config>,
    pub faults: Vec<String>,
    pub unknown: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
pub struct Bar {
    pub index: usize,
    pub kind: &'static str,
    pub start: u64,
    pub len: u64,
    pub prefetchable: bool,
    pub wide: bool,
}

#[derive(Serialize)]
pub struct MsiX {
    pub vectors: u16,
    pub enabled: bool,
    pub masked: bool,
    pub table_bar: u8,
    pub table_offset: u32,
    pub pending_bar: u8,
    pub pending_offset: u32,
}

#[derive(Serialize)]
pub struct Pf {
    pub total_vfs: u16,
    pub num_vfs: u16,
    pub drivers_autoprobe: Option<bool>,
    pub vfs: Vec<String>,
    pub vf_bars: Vec<VfBar>,
    pub capability: Option<PfCapability>,
}

#[derive(Serialize)]
pub struct VfBar {
    pub index: usize,
    pub len: u64,
}

#[derive(Serialize)]
pub struct PfCapability {
    pub offset: u16,
    pub enabled: bool,
    pub memory_enabled: bool,
    pub ari_hierarchy: bool,
    pub migration_capable: bool,
    pub initial_vfs: u16,
    pub total_vfs: u16,
    pub num_vfs: u16,
    pub first_vf_offset: u16,
    pub vf_stride: u16,
    pub vf_device: String,
    pub page_size: u64,
}

#[derive(Serialize)]
pub struct Capability {
    pub list: String,
    pub offset: u16,
    pub id: u16,
    pub version: u8,
    pub name: Option<&'static str>,
}

#[derive(Serialize)]
pub struct Config {
    pub visible: u16,
    pub size: u16,
}

const WANTS_ROOT: &str = "the kernel shows only the first 64 bytes of configuration space without CAP_SYS_ADMIN: run as root";

impl Info {
    pub fn of(root: &Root, device: &PciDevice) -> barline::Result<Info> {
        let function = Function::of(device)?;
        let ids = device.ids()?;
        let resources = device.resources()?;
        let mut unknown = BTreeMap::new();

        // Without configuration space there is still much to tell.
        let (config, found) = match device.config() {
            Ok(config) => {
                let sizes =
                    Config { visible: config.extent().bytes(), size: config.size().bytes() };
                (Some(sizes), Some(Capabilities::walk(&config)))
            }
            Err(error) => {
                unknown.insert("config", error.to_string());
                (None, None)
            }
        };
        let visible = found.as_ref().map(|found| found.extent);
        if visible.is_none_or(|extent| extent == Extent::Header) {
            let why = unknown.get("config").cloned().unwrap_or_else(|| WANTS_ROOT.to_string());
            unknown.insert("capabilities", why.clone());
            unknown.insert("msix", why);
        }
        let sriov = Pf::of(device, &resources, found.as_ref())?;
        if sriov.as_ref().is_some_and(|pf| pf.capability.is_none()) {
            let why = unknown.get("capabilities").cloned();
            let why = why.unwrap_or_else(|| "not in the extended capability list".to_string());
            unknown.insert("sriov.capability", why.clone());
            unknown.insert("sriov.vf_bars", why);
        }
        let mac = function.mac();
        if let Some(why) = why_no_mac(root, device, &function, ids.class)? {
            unknown.insert("mac", why);
        }

        Ok(Info {
            subsystem_vendor: format!("{:04x}", ids.subsystem_vendor),
            subsystem_device: format!("{:04x}", ids.subsystem_device),
            class: format!("{:06x}", ids.class),
            revision: format!("{:02x}", ids.revision),
            driver_override: device.driver_override()?,
            bars: bars(&resources),
            physfn: device.physfn()?.map(|pf| pf.to_string()),
            vf_index: device.vf_index()?,
            mac,
            msix: found.as_ref().and_then(MsiX::of),
            sriov,
            capabilities: found.as_ref().map(capabilities).unwrap_or_default(),
            config,
            faults: found.iter().flat_map(|f| &f.faults).map(ToString::to_string).collect(),
            unknown,
            function,
        })
    }
}

fn bars(resources: &Resources) -> Vec<Bar> {
    let bars = resources.bars.iter().enumerate();
    bars.filter_map(|(index, bar)| {
        bar.map(|bar| Bar {
            index,
            kind: match bar.kind {
                ResourceKind::Memory => "memory",
                ResourceKind::Io => "io",
            },
            start: bar.start,
            len: bar.len,
            prefetchable: bar.prefetchable,
            wide: bar.wide,
        })
    })
    .collect()
}

fn capabilities(found: &Capabilities) -> Vec<Capability> {
    let list = found.list.iter().map(|capability| Capability {
        list: capability.list.to_string(),
        offset: capability.offset,
        id: capability.id,
        version: capability.version,
        name: capability.name(),
    });
    list.collect()
}

impl MsiX {
    fn of(found: &Capabilities) -> Option<MsiX> {
        found.msix().map(|msix| MsiX {
            vectors: msix.vectors,
            enabled: msix.enabled,
            masked: msix.masked,
            table_bar: msix.table.bar,
            table_offset: msix.table.offset,
            pending_bar: msix.pending.bar,
            pending_offset: msix.pending.offset,
        })
    }
}

impl Pf {
    fn of(
        device: &PciDevice,
        resources: &Resources,
        found: Option<&Capabilities>,
    ) -> barline::Result<Option<Pf>> {
        let Some(total_vfs) = device.total_vfs()? else {
            return Ok(None);
        };
        let capability = found.and_then(|found| {
            found.list.iter().find_map(|entry| match &entry.body {
                Body::SrIov(sriov) => Some((entry.offset, sriov)),
                _ => None,
            })
        });
        // The kernel shows the room of all VFs that the hardware can have, which only the
        // capability tells: the PF's driver may allow fewer, and sriov_totalvfs says that.
        let vf_bars = capability.map(|(_, sriov)| vf_bars(resources, sriov.total));
        Ok(Some(Pf {
            total_vfs,
            num_vfs: device.num_vfs()?.unwrap_or(0),
            drivers_autoprobe: device.drivers_autoprobe()?,
            vfs: device.virtfns()?.iter().map(ToString::to_string).collect(),
            vf_bars: vf_bars.unwrap_or_default(),
            capability: capability.map(|(offset, sriov)| PfCapability::of(offset, sriov)),
        }))
    }
}

fn vf_bars(resources: &Resources, total: u16) -> Vec<VfBar> {
    let lens = (0..6).map(|index| VfBar { index, len: resources.vf_bar_len(index, total) });
    lens.filter(|bar| bar.len > 0).collect()
}

impl PfCapability {
    fn of(offset: u16, sriov: &SrIov) -> PfCapability {
        PfCapability {
            offset,
            enabled: sriov.enabled,
            memory_enabled: sriov.memory_enabled,
            ari_hierarchy: sriov.ari_hierarchy,
            migration_capable: sriov.migration_capable,
            initial_vfs: sriov.initial,
            total_vfs: sriov.total,
            num_vfs: sriov.num,
            first_vf_offset: sriov.first_offset,
            vf_stride: sriov.stride,
            vf_device: format!("{:04x}", sriov.vf_device),
            page_size: u64::from(sriov.page_size) << 12,
        }
    }
}

/// Why there is no MAC, for a network function that has none.
fn why_no_mac(
    root: &Root,
    device: &PciDevice,
    function: &Function,
    class: u32,
) -> barline::Result<Option<String>> {
    const NETWORK: u32 = 0x02;
    if function.mac().is_some() || class >> 16 != NETWORK {
        return Ok(None);
    }
    Ok(Some(match function.driver.as_deref() {
        Some("vfio-pci") => {
            let pf = match (device.physfn()?, device.vf_index()?) {
                (Some(pf), Some(index)) => {
                    let netdev = PciDevice::open(root, pf)?.interfaces()?.into_iter().next();
                    netdev.map(|netdev| (netdev.name, index))
                }
                _ => None,
            };
            let shown = pf.map(|(name, index)| {
                format!("; `ip link show {name}` shows what the PF has for VF {index}")
            });
            format!(
                "bound to vfio-pci: only the program that opens it learns its MAC, from the PF by mailbox{}",
                shown.unwrap_or_default()
            )
        }
        Some(driver) => {
            format!("{driver} made no network interface for it in this network namespace")
        }
        None => "bound to no driver, so that it has no network interface".to_string(),
    }))
}
