//! DPDK works in the guest: the tests that use it as a peer can rely on it.

use crate::testpmd::Testpmd;
use crate::{hugepages, vf};
use std::time::Duration;
use vmtest::{Result, ensure};

/// testpmd's io loop between two VFs, kept going by a first burst, counts frames at both ports.
pub fn run() -> Result {
    hugepages::reserve(128)?;
    let (_pf, vfs) = vf::ready(0, 2)?;
    let macs = [format!("--eth-peer=0,{}", vfs[1].mac()), format!("--eth-peer=1,{}", vfs[0].mac())];
    let args = ["--nb-cores=1", "--forward-mode=mac", &macs[0], &macs[1]];
    let mut testpmd = Testpmd::start(&[&vfs[0], &vfs[1]], &args)?;
    testpmd.command("start tx_first")?;
    std::thread::sleep(Duration::from_secs(1));
    testpmd.command("stop")?;
    for port in 0..2 {
        let stats = testpmd.stats(port)?;
        println!("port {port}: {stats:?}");
        ensure!(stats.rx_packets > 1000 && stats.tx_packets > 1000, "hardly any traffic");
    }
    testpmd.quit()?;
    ensure!(hugepages::free()? == 128, "{} of 128 hugepages are free again", hugepages::free()?);
    Ok(())
}
