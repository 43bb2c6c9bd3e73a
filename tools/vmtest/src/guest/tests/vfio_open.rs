//! VFIO and DMA memory by themselves: opening, mapping, resetting, and that nothing is left.

use crate::program::Program;
use crate::{hugepages, vf};
use barline::dma::{Memory, PagePreference, PageSize};
use barline::transport::Transport;
use barline::vfio::VfioDevice;
use barline::{Root, vfio};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use vmtest::{Context, Result, ensure};

const MIB: usize = 1 << 20;
/// Offset of the 82576 VF's STATUS register in BAR 0 (82576 datasheet, 9.3.2).
const STATUS: u64 = 0x8;
/// Full duplex, which it always reports.
const STATUS_FD: u32 = 1;
/// The user that tests run as who are not root.
const USER: u32 = 1000;

/// Opens two VFs, maps memory for both, resets, drops in several orders; each time all is released.
pub fn run() -> Result {
    hugepages::reserve(16)?;
    let (_pf, vfs) = vf::ready(0, 2)?;
    let before = Holdings::now()?;
    let open = |index: usize| open(&vfs[index].bdf);

    let (one, other) = (open(0)?, open(1)?);
    ensure!(one.read32(0, STATUS) & STATUS_FD != 0, "STATUS {:#x}", one.read32(0, STATUS));
    ensure!(one.read32(0, 0x4000) == !0, "a register beyond the BAR");
    let identity = one.identity();
    ensure!((identity.vendor, identity.device) == (0x8086, 0x10ca), "{identity:?}");
    ensure!(one.bar_len(0) == 16 << 10 && one.vectors() == 3, "{} vectors", one.vectors());
    ensure!(Arc::ptr_eq(&one.dma(), &other.dma()), "the groups have a container each");
    ensure!(!bus_master(&vfs[0].bdf)?, "bus mastering is on after opening");
    one.set_bus_master(true)?;
    ensure!(bus_master(&vfs[0].bdf)?, "bus mastering is off after switching it on");
    one.reset()?;
    ensure!(!bus_master(&vfs[0].bdf)?, "bus mastering is on after a reset");

    let memory = Memory::allocate(16 * MIB, PagePreference::Largest)?;
    ensure!(memory.page_size() == PageSize::Huge2M, "{}", memory.page_size());
    memory.attach(&one.dma())?;
    memory.attach(&other.dma())?;
    let locked = Holdings::now()?.locked_kib - before.locked_kib;
    ensure!(locked == 16 << 10, "{locked} KiB are locked: not one mapping of 16 MiB");
    let slice = memory.carve(4096, 4096).context("nothing can be carved")?;
    let doorbell = (Arc::clone(&one) as Arc<dyn Transport>).doorbell(0, 0x2818)?;
    one.set_bus_master(true)?;

    // The memory goes first but for a slice of it, a device but for a doorbell of it.
    drop(memory);
    drop(one);
    ensure!(bus_master(&vfs[0].bdf)?, "closed under a doorbell");
    drop(doorbell);
    ensure!(!bus_master(&vfs[0].bdf)?, "not closed with its last doorbell");
    let one = open(0)?;
    drop((one, other));
    ensure!(hugepages::free()? == 8, "memory went under its slice");
    drop(slice);
    before.check_equal()?;

    second_opener(&vfs[0].bdf)?;
    unprivileged(&vfs[0])?;
    for _ in 0..5 {
        let (one, other) = (open(0)?, open(1)?);
        let memory = Memory::allocate(MIB, PagePreference::Only(PageSize::Ordinary))?;
        memory.attach(&other.dma())?;
        drop((one, other, memory));
    }
    ensure!(!bus_master(&vfs[0].bdf)? && !bus_master(&vfs[1].bdf)?, "bus mastering is left on");
    before.check_equal()
}

/// Another process, and this one a second time, are told who has the VF.
fn second_opener(bdf: &str) -> Result {
    let device = open(bdf)?;
    let mine = std::process::id();
    let error = open(bdf).err().context("a VF opened twice")?.to_string();
    ensure!(error.contains(&format!("pid {mine}: this process")), "{error}");
    let finished = Program::worker("vfio-map").args([bdf, "4096"]).run()?;
    let error = finished.output;
    ensure!(error.contains("busy") && error.contains(&format!("pid {mine}")), "{error}");
    drop(device);
    Program::worker("vfio-map").args([bdf, "4096"]).check().map(drop)
}

/// An unprivileged user needs the group's node and enough locked memory, and is told which.
fn unprivileged(vf: &vf::Vf) -> Result {
    let worker = |bytes: usize| {
        Program::worker("vfio-map")
            .args([vf.bdf.as_str(), &bytes.to_string()])
            .user(USER)
            .memlock(8 << 20)
            .limit(Duration::from_secs(20))
    };
    let node = vf.group_node()?;
    let refused = worker(MIB).run()?.output;
    ensure!(refused.contains(&format!("chown USER {}", node.display())), "{refused}");
    std::os::unix::fs::chown(&node, Some(USER), None)?;
    worker(8 * MIB).check()?;
    let refused = worker(10 * MIB).run()?.output;
    ensure!(refused.contains("2097152 bytes more of locked memory"), "{refused}");
    std::os::unix::fs::chown(&node, Some(0), None)?;
    Ok(())
}

/// Opens a VF and maps so many bytes for it: `BDF BYTES`.
pub fn map_worker(args: &[String]) -> Result {
    let [bdf, bytes] = args else { vmtest::bail!("BDF BYTES") };
    let device = open(bdf)?;
    let ordinary = PagePreference::Only(PageSize::Ordinary);
    Memory::allocate(bytes.parse()?, ordinary)?.attach(&device.dma())?;
    Ok(())
}

fn open(bdf: &str) -> Result<Arc<VfioDevice>> {
    Ok(vfio::open(&Root::default(), bdf.parse()?)?)
}

/// `PCI_COMMAND` bit 2, as the kernel reads it.
fn bus_master(bdf: &str) -> Result<bool> {
    let path = format!("/sys/bus/pci/devices/{bdf}/config");
    let config = fs::read(&path).context(&path)?;
    Ok(config.get(4).context("no PCI_COMMAND")? & 4 != 0)
}

/// What this process holds of the machine.
#[derive(Debug, PartialEq)]
struct Holdings {
    descriptors: Vec<String>,
    device_maps: usize,
    locked_kib: u64,
    free_hugepages: u64,
}

impl Holdings {
    fn now() -> Result<Self> {
        let mut descriptors = Vec::new();
        for entry in fs::read_dir("/proc/self/fd")? {
            // The descriptor of this very listing is gone when it is looked at.
            if let Ok(target) = fs::read_link(entry?.path()) {
                descriptors.push(target.display().to_string());
            }
        }
        descriptors.retain(|target| !target.ends_with("/fd"));
        descriptors.sort();
        let maps = fs::read_to_string("/proc/self/maps")?;
        let is_device = |line: &&str| line.contains("[vfio-device]") || line.contains("/dev/vfio");
        let status = fs::read_to_string("/proc/self/status")?;
        let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
        let locked = locked.and_then(|text| text.split_whitespace().next()).context("no VmLck")?;
        Ok(Self {
            descriptors,
            device_maps: maps.lines().filter(is_device).count(),
            locked_kib: locked.parse()?,
            free_hugepages: hugepages::free()?,
        })
    }

    fn check_equal(&self) -> Result {
        let now = Self::now()?;
        ensure!(now == *self, "left behind: {now:?}, where there was {self:?}");
        Ok(())
    }
}
