//! The address of a VF that was given none.

use crate::{MacAddress, Root};

/// The address of a VF that was given none: the same at each start, since it comes from the
/// machine's identity and the VF's place in it. A machine without an identity, as containers often
/// are, has that of its kernel until that boots again.
pub(super) fn local_mac(root: &Root, device: &str) -> MacAddress {
    let identities = [root.etc("machine-id"), root.proc("sys/kernel/random/boot_id")];
    let machine = identities
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find(|identity| !identity.trim().is_empty())
        .unwrap_or_default();
    let mac = MacAddress::local(format!("{}/{device}", machine.trim()).as_bytes());
    tracing::warn!(
        device,
        %mac,
        "the PF has assigned no MAC address, so the VF takes a local one; to set it, run `ip link set <pf> vf <n> mac <address>` before the VF is opened"
    );
    mac
}
