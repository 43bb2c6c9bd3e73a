//! The PF's network interface, beside those that the machine has.

use std::fs;
use std::io;

use softnic::Spec;

use super::functions::below_root_port;
use super::sysfs::{READ_WRITE, Sysfs};
use crate::topology::{INTERFACE, PF};

/// Beyond the numbers that a machine gives its own interfaces.
const INDEX: u32 = 1 << 20;
/// Locally administered, as those of the VFs are, whose last byte is at most 62.
const ADDRESS: &str = "02:82:59:90:00:ff";

pub(super) fn write(sys: &Sysfs, spec: &Spec) -> io::Result<()> {
    let dir = format!("{}/net/{INTERFACE}", below_root_port(PF));
    let at = |name: &str| format!("{dir}/{name}");
    for (name, value) in [
        ("addr_assign_type", "0"),
        ("addr_len", "6"),
        ("address", ADDRESS),
        ("broadcast", "ff:ff:ff:ff:ff:ff"),
        ("carrier_changes", "2"),
        ("carrier_down_count", "1"),
        ("carrier_up_count", "1"),
        ("dev_id", "0x0"),
        ("dev_port", "0"),
        ("dormant", "0"),
        ("duplex", "full"),
        ("iflink", &INDEX.to_string()),
        ("ifindex", &INDEX.to_string()),
        ("link_mode", "0"),
        ("name_assign_type", "4"),
        ("operstate", "up"),
        ("speed", "10000"),
        ("testing", "0"),
        ("type", "1"),
    ] {
        sys.line(&at(name), value)?;
    }
    // IFF_UP, IFF_BROADCAST, IFF_MULTICAST; IFF_PROMISC.
    let flags = if spec.pf_promiscuous { "0x1103" } else { "0x1003" };
    for (name, value) in [
        ("carrier", "1"),
        ("flags", flags),
        ("mtu", &spec.pf_mtu.to_string()),
        ("netdev_group", "0"),
        ("proto_down", "0"),
        ("tx_queue_len", "1000"),
    ] {
        sys.file(&at(name), READ_WRITE, format!("{value}\n"))?;
    }
    let event = format!("INTERFACE={INTERFACE}\nIFINDEX={INDEX}\n");
    sys.file(&at("uevent"), READ_WRITE, event)?;
    sys.link(&at("device"), &below_root_port(PF))?;
    sys.link(&at("subsystem"), "class/net")?;
    sys.link(&format!("class/net/{INTERFACE}"), &dir)?;
    machines_own(sys)
}

/// Links to the machine's interfaces, with whole paths: they lead out of the run's directory.
fn machines_own(sys: &Sysfs) -> io::Result<()> {
    // Without a sysfs there are none to show.
    let Ok(entries) = fs::read_dir("/sys/class/net") else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let (Some(name), Ok(target)) = (name.to_str(), fs::canonicalize(entry.path())) else {
            continue;
        };
        // `bonding_masters` is a file.
        if name != INTERFACE && target.is_dir() {
            sys.link_to(&format!("class/net/{name}"), &target.to_string_lossy())?;
        }
    }
    Ok(())
}
