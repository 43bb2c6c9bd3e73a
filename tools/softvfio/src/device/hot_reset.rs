//! The reset of a device's whole bus, which a VF shares with its PF and all of its VFs.

use crate::Errno;
use crate::sys::FileId;
use crate::topology::{PF_GROUP, VF_OFFSET, VF_STRIDE, group_of};
use crate::user::User;

/// Bytes of `vfio_pci_hot_reset_info` and of `vfio_pci_hot_reset`, before the lists that follow.
const HEAD: usize = 12;

/// Bytes of `vfio_pci_dependent_device`, of which there is one for each function.
const ENTRY: usize = 8;

/// `VFIO_DEVICE_GET_PCI_HOT_RESET_INFO`: the functions of the bus, by group, segment, bus and number.
pub(super) fn info(vfs: usize, argument: User) -> Result<(), Errno> {
    let [argsz, _, _] = argument.read::<[u32; 3]>()?;
    if (argsz as usize) < HEAD {
        return Err(libc::EINVAL);
    }
    let functions = 1 + vfs;
    let head = [argsz, 0, functions as u32];
    if functions > (argsz as usize - HEAD) / ENTRY {
        argument.write(&head)?;
        return Err(libc::ENOSPC);
    }
    // Segment 0, bus 1.
    let entry = |group: u32, number: u16| [group, 1 << 16 | u32::from(number) << 24];
    argument.add(HEAD).write(&entry(PF_GROUP, 0))?;
    for vf in 0..vfs {
        let number = VF_OFFSET + VF_STRIDE * vf as u16;
        argument.add(HEAD + ENTRY * (1 + vf)).write(&entry(group_of(vf), number))?;
    }
    argument.write(&head)
}

/// `VFIO_DEVICE_PCI_HOT_RESET`: the PF is not in VFIO's hands, so the bus cannot be reset.
pub(super) fn reset(
    vfs: usize,
    argument: User,
    is_group: impl Fn(&FileId) -> bool,
) -> Result<(), Errno> {
    let [argsz, flags, count] = argument.read::<[u32; 3]>()?;
    let count = count as usize;
    if (argsz as usize) < HEAD || flags != 0 || count == 0 || count > 1 + vfs {
        return Err(libc::EINVAL);
    }
    for at in 0..count {
        let fd: i32 = argument.add(HEAD + 4 * at).read()?;
        let file = FileId::of(fd).ok_or(libc::EBADF)?;
        if !is_group(&file) {
            return Err(libc::EINVAL);
        }
    }
    Err(libc::EINVAL)
}
