//! The directories that a run has in place of the machine's.

/// How a directory is redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Only what the run has is there.
    Own,
    /// What the run does not have is the machine's: its network interfaces, and devices that happen to be
    /// where the adapter's are.
    Merged,
}

/// Name, and whether longer names with that beginning are meant, too.
const ROOMS: [(&[u8], bool, Room); 11] = [
    (b"/sys/bus/pci", false, Room::Own),
    (b"/sys/kernel/iommu_groups", false, Room::Own),
    (b"/sys/class/iommu", false, Room::Own),
    (b"/sys/class/vfio", true, Room::Own),
    (b"/sys/module/vfio", true, Room::Own),
    (b"/sys/class/net", false, Room::Merged),
    (b"/sys/devices/pci0000:00/0000:00:01.0", false, Room::Merged),
    (b"/sys/devices/virtual/iommu", false, Room::Merged),
    (b"/sys/devices/virtual/vfio", false, Room::Merged),
    (b"/dev/vfio", false, Room::Own),
    // There is no iommufd here: what the machine may have would know nothing of the adapter.
    (b"/dev/iommu", false, Room::Own),
];

/// The room whose directory is `path`, which has no `.` and `..` in it.
pub(super) fn room(path: &[u8]) -> Option<Room> {
    let found = ROOMS.iter().find(|(name, longer, _)| {
        path.strip_prefix(*name)
            .is_some_and(|rest| rest.is_empty() || *longer && !rest.contains(&b'/'))
    });
    found.map(|(_, _, room)| *room)
}

/// Whether a path can lead into a room from somewhere, by its first part: one that cannot needs no further
/// look.
pub(super) fn may_lead_into(path: &[u8]) -> bool {
    let start = path.iter().position(|byte| *byte != b'/').unwrap_or(path.len());
    let end =
        path[start..].iter().position(|byte| *byte == b'/').map_or(path.len(), |at| start + at);
    match &path[start..end] {
        b"." | b".." => true,
        first if start > 0 => first == b"sys" || first == b"dev",
        first => ROOMS.iter().any(|(name, longer, _)| {
            let mut parts = name.split(|byte| *byte == b'/').skip(1);
            parts.any(|part| part == first || *longer && first.starts_with(part))
        }),
    }
}
