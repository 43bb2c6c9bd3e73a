//! Everything that a process has open of VFIO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::container::Container;
use crate::device::Device;
use crate::group::Group;
use crate::home::Home;
use crate::sys::FileId;
use crate::{Errno, say, sys};

/// What a descriptor is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// A container, by its number.
    Container(u64),
    /// A group.
    Group(u32),
    /// A VF.
    Device(usize),
}

/// All of it. Whatever is not known here has been released.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) home: Arc<Home>,
    /// By the file that all descriptors of one share.
    pub(crate) objects: BTreeMap<FileId, Object>,
    pub(crate) containers: BTreeMap<u64, Container>,
    pub(crate) groups: BTreeMap<u32, Group>,
    pub(crate) devices: BTreeMap<usize, Device>,
    /// How many containers there have been.
    pub(crate) made: u64,
    /// Requests that were refused for not being known, each of which is told once.
    told: BTreeSet<u32>,
}

impl State {
    pub(crate) fn new(home: Arc<Home>) -> State {
        State {
            home,
            objects: BTreeMap::new(),
            containers: BTreeMap::new(),
            groups: BTreeMap::new(),
            devices: BTreeMap::new(),
            made: 0,
            told: BTreeSet::new(),
        }
    }

    /// Tells of a request that is not there, and gives the kernel's answer for one.
    pub(crate) fn unknown(&mut self, on: &str, request: u32) -> Errno {
        if self.told.insert(request) {
            say(format_args!("{on}: ioctl {request:#x} is not there (ENOTTY)"));
        }
        libc::ENOTTY
    }
}

impl State {
    /// How many things there are.
    pub(crate) fn live(&self) -> usize {
        self.containers.len() + self.groups.len() + self.devices.len()
    }

    /// Releases what has no descriptor any more, and nothing else that keeps it: devices before their groups,
    /// and these before their containers. Returns whether a device is kept by mappings alone.
    pub(crate) fn sweep(&mut self) -> bool {
        let open = sys::open_files();
        self.keep(|file| open.contains(file))
    }

    /// Releases everything.
    pub(crate) fn release(&mut self) {
        self.keep(|_| false);
    }

    fn keep(&mut self, is_open: impl Fn(&FileId) -> bool) -> bool {
        let lingers = self.close_devices(&is_open);
        self.close_groups(&is_open);
        let numbers: Vec<u64> = self.containers.keys().copied().collect();
        for number in numbers {
            let file = self.containers.get(&number).and_then(|container| container.file);
            if file.is_some_and(|file| !is_open(&file)) {
                self.container_closed(number);
            }
        }
        lingers
    }
}
