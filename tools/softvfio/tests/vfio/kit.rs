//! A run made by hand, and calls as a program makes them.

use std::ffi::CString;
use std::fs;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use softnic::{Administrator, Fault, Spec};
use softvfio::Vfio;
use softvfio::topology::{group_of, vf_address};
use tempfile::TempDir;

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// `_IO(';', 100 + number)`.
pub const fn request(number: u64) -> u64 {
    (b';' as u64) << 8 | (100 + number)
}

pub const GET_API_VERSION: u64 = request(0);
pub const CHECK_EXTENSION: u64 = request(1);
pub const SET_IOMMU: u64 = request(2);
pub const GROUP_GET_STATUS: u64 = request(3);
pub const GROUP_SET_CONTAINER: u64 = request(4);
pub const GROUP_UNSET_CONTAINER: u64 = request(5);
pub const GROUP_GET_DEVICE_FD: u64 = request(6);
pub const DEVICE_GET_INFO: u64 = request(7);
pub const DEVICE_GET_REGION_INFO: u64 = request(8);
pub const DEVICE_GET_IRQ_INFO: u64 = request(9);
pub const DEVICE_SET_IRQS: u64 = request(10);
pub const DEVICE_RESET: u64 = request(11);
pub const HOT_RESET_INFO: u64 = request(12);
pub const HOT_RESET: u64 = request(13);
pub const IOMMU_GET_INFO: u64 = request(12);
pub const MAP_DMA: u64 = request(13);
pub const UNMAP_DMA: u64 = request(14);
pub const DEVICE_FEATURE: u64 = request(17);

pub const TYPE1: usize = 1;
pub const TYPE1V2: usize = 3;

/// What VFIO says.
pub type Answer = Result<i32, i32>;

/// The process's devices are one run's at a time, as in a program.
static ONE: Mutex<()> = Mutex::new(());

/// A run, and the process's VFIO in it.
pub struct Rig {
    pub vfio: Vfio,
    dir: TempDir,
    spec: Spec,
    _one: MutexGuard<'static, ()>,
}

impl Rig {
    /// A run whose adapter nobody moves but [`Vfio::step`].
    pub fn new(options: &str) -> Rig {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let plane = dir.path().join("plane");
        let spec = format!("drive=caller,share={},{options}", plane.display());
        let spec = Spec::parse(spec.trim_end_matches(',')).unwrap();
        let nodes = dir.path().join("dev/vfio");
        fs::create_dir_all(&nodes).unwrap();
        fs::write(nodes.join("vfio"), "").unwrap();
        for vf in 0..spec.vfs {
            fs::write(nodes.join(group_of(vf).to_string()), "").unwrap();
        }
        Rig { vfio: Vfio::new(&spec), dir, spec, _one: one }
    }

    /// The VFIO of another program of the run.
    pub fn another(&self) -> Vfio {
        Vfio::new(&self.spec)
    }

    fn node(&self, name: &str) -> CString {
        let path: PathBuf = self.dir.path().join("dev/vfio").join(name);
        CString::new(path.to_str().unwrap()).unwrap()
    }

    pub fn open(&self, name: &str) -> Answer {
        self.vfio.open_node(&self.node(name), libc::O_RDWR | libc::O_CLOEXEC)
    }

    pub fn open_in(&self, vfio: &Vfio, name: &str) -> Answer {
        vfio.open_node(&self.node(name), libc::O_RDWR | libc::O_CLOEXEC)
    }

    pub fn container(&self) -> RawFd {
        self.open("vfio").unwrap()
    }

    /// Opens the group of a VF.
    pub fn group(&self, vf: usize) -> RawFd {
        self.open(&group_of(vf).to_string()).unwrap()
    }

    /// A container with the group of a VF and an IOMMU: both descriptors.
    pub fn ready(&self, vf: usize) -> (RawFd, RawFd) {
        let (container, group) = (self.container(), self.group(vf));
        self.join(group, container).unwrap();
        self.number(container, SET_IOMMU, TYPE1V2).unwrap();
        (container, group)
    }

    /// Puts a group into a container.
    pub fn join(&self, group: RawFd, container: RawFd) -> Answer {
        self.call(group, GROUP_SET_CONTAINER, &mut { container })
    }

    /// Opens a VF of a group.
    pub fn device(&self, group: RawFd, vf: usize) -> Answer {
        self.device_named(group, &vf_address(vf))
    }

    pub fn device_named(&self, group: RawFd, name: &str) -> Answer {
        let name = CString::new(name).unwrap();
        self.number(group, GROUP_GET_DEVICE_FD, name.as_ptr().expose_provenance())
    }

    /// A VF in a container of its own: container, group and device.
    pub fn whole(&self, vf: usize) -> [RawFd; 3] {
        let (container, group) = self.ready(vf);
        [container, group, self.device(group, vf).unwrap()]
    }

    /// An ioctl with a structure.
    pub fn call<T>(&self, fd: RawFd, request: u64, argument: &mut T) -> Answer {
        self.number(fd, request, std::ptr::from_mut(argument).expose_provenance())
    }

    /// An ioctl with a number, or an address.
    pub fn number(&self, fd: RawFd, request: u64, argument: usize) -> Answer {
        let argument = std::ptr::with_exposed_provenance_mut(argument);
        // SAFETY: each test gives what the request asks for, or what is not there.
        let answer = unsafe { self.vfio.ioctl(fd, request, argument) };
        answer.expect("a descriptor of VFIO's")
    }

    /// Maps memory.
    pub fn map(&self, container: RawFd, memory: &Pages, iova: u64) -> Answer {
        self.map_raw(container, 3, memory.address() as u64, iova, memory.len() as u64)
    }

    pub fn map_raw(&self, fd: RawFd, flags: u32, vaddr: u64, iova: u64, size: u64) -> Answer {
        #[repr(C)]
        struct Map(u32, u32, u64, u64, u64);
        self.call(fd, MAP_DMA, &mut Map(32, flags, vaddr, iova, size))
    }

    /// Unmaps memory; how many bytes.
    pub fn unmap(&self, container: RawFd, iova: u64, size: u64) -> Result<u64, i32> {
        self.unmap_raw(container, 0, iova, size)
    }

    pub fn unmap_raw(&self, fd: RawFd, flags: u32, iova: u64, size: u64) -> Result<u64, i32> {
        #[repr(C)]
        struct Unmap(u32, u32, u64, u64);
        let mut unmap = Unmap(24, flags, iova, size);
        self.call(fd, UNMAP_DMA, &mut unmap).map(|_| unmap.3)
    }

    /// Reads of a region.
    pub fn pread(&self, device: RawFd, into: &mut [u8], offset: i64) -> Result<usize, i32> {
        // SAFETY: as many bytes are there.
        let read = unsafe { self.vfio.read_at(device, into.as_mut_ptr(), into.len(), offset) };
        read.expect("a descriptor of VFIO's")
    }

    /// Writes to a region.
    pub fn pwrite(&self, device: RawFd, from: &[u8], offset: i64) -> Result<usize, i32> {
        // SAFETY: as many bytes are there.
        let written = unsafe { self.vfio.write_at(device, from.as_ptr(), from.len(), offset) };
        written.expect("a descriptor of VFIO's")
    }

    /// Turns bus mastering on or off.
    pub fn bus_master(&self, device: RawFd, on: bool) {
        self.pwrite(device, &[if on { 6 } else { 2 }, 0], CONFIG + 4).unwrap();
    }

    pub fn read32(&self, device: RawFd, register: i64) -> u32 {
        let mut bytes = [0; 4];
        assert_eq!(self.pread(device, &mut bytes, register), Ok(4));
        u32::from_le_bytes(bytes)
    }

    pub fn write32(&self, device: RawFd, register: i64, value: u32) {
        assert_eq!(self.pwrite(device, &value.to_le_bytes(), register), Ok(4));
    }

    /// Closes a descriptor, as a program of the run does.
    pub fn close(&self, fd: RawFd) {
        let ours = self.vfio.is_ours(fd);
        close(fd);
        if ours {
            self.vfio.closed();
        }
    }

    /// Gives the PF's administrator an order, and has the adapter see it.
    pub fn order(&self, fault: Fault) {
        let plane = self.spec.share.as_ref().unwrap();
        Administrator::join(plane, &self.spec).unwrap().order(fault).unwrap();
        assert!(self.vfio.step() >= 0);
    }
}

/// Offset of the configuration space.
pub const CONFIG: i64 = 7 << 40;

/// close(2).
pub fn close(fd: RawFd) {
    // SAFETY: a descriptor of the test's.
    assert_eq!(unsafe { libc::close(fd) }, 0);
}

/// dup(2).
pub fn dup(fd: RawFd) -> RawFd {
    // SAFETY: a descriptor of the test's.
    let copy = unsafe { libc::dup(fd) };
    assert!(copy >= 0);
    copy
}

/// Pages of memory, all zero.
pub struct Pages(memmap2::MmapRaw);

impl Pages {
    pub fn new(pages: usize) -> Pages {
        let map = memmap2::MmapOptions::new().len(pages * PAGE).map_anon().unwrap();
        Pages(map.into())
    }

    pub fn address(&self) -> usize {
        self.0.as_mut_ptr().expose_provenance()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Some bytes.
    pub fn read(&self, at: usize, len: usize) -> Vec<u8> {
        assert!(at + len <= self.len());
        let mut bytes = vec![0; len];
        // SAFETY: inside; the adapter is not moved meanwhile.
        unsafe { self.0.as_ptr().add(at).copy_to_nonoverlapping(bytes.as_mut_ptr(), len) };
        bytes
    }

    pub fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.len());
        // SAFETY: as for `read`.
        unsafe {
            self.0.as_mut_ptr().add(at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    pub fn word(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.read(at, 8).try_into().unwrap())
    }

    pub fn set_word(&self, at: usize, word: u64) {
        self.write(at, &word.to_le_bytes());
    }
}

/// An eventfd that does not block.
pub fn eventfd() -> RawFd {
    // SAFETY: no memory is involved.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    assert!(fd >= 0);
    fd
}

/// What an eventfd has counted since it was last asked.
pub fn counted(eventfd: RawFd) -> u64 {
    let mut count = 0_u64;
    // SAFETY: eight bytes.
    let read = unsafe { libc::read(eventfd, (&raw mut count).cast(), 8) };
    if read == 8 { count } else { 0 }
}

/// Locked memory of this process, in KiB.
pub fn locked() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
