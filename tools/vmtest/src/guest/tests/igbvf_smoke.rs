//! Linux's own VF driver works in the guest, and so do network namespaces.

use crate::netns::Netns;
use crate::pf::Pf;
use crate::program::Program;
use crate::{host, vf};
use vmtest::{Result, ensure};

/// Two VFs of the second PF under igbvf, each in a namespace of its own, ping each other.
pub fn run() -> Result {
    let pfs = Pf::all()?;
    ensure!(pfs.len() == 2, "there are {} PFs, not 2", pfs.len());
    let (pf, vfs) = vf::ready(1, 2)?;
    let sides = [Netns::new("left")?, Netns::new("right")?];
    for (side, vf) in sides.iter().zip(&vfs) {
        let netdev = vf.bind_igbvf()?;
        side.take(&netdev)?;
        let address = format!("10.0.0.{}/24", vf.index + 1);
        side.ip(&["address", "add", &address, "dev", &netdev])?;
        side.ip(&["link", "set", &netdev, "up"])?;
        let shown = side.ip(&["link", "show", &netdev])?;
        ensure!(shown.contains(&vf.mac()), "no {} in: {shown}", vf.mac());
    }
    let ping = Program::new("ping").args(["-c", "3", "-W", "5", "10.0.0.2"]).netns(&sides[0]);
    print!("{}", ping.check()?);

    // The cable is the one of this PF and of no other.
    host::set_link(1, false)?;
    pf.wait_for_carrier(false)?;
    pfs[0].up()
}
