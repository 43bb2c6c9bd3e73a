//! Statistics where they could go wrong: at the wrap of the registers, and over a reset of the PF.

use softnic::Fault;

use super::Pair;
use crate::kit::{PortStats, Run, frames};

/// 32 bits of packets and 36 of octets: what wraps between two reads is no loss.
#[test]
fn registers_that_wrap_count_on() {
    let mut run = Run::new("vfs=2,uplink=sink");
    let mut pair = Pair::start(&run);
    for vf in 0..2 {
        run.administrator().order(Fault::CountersNearWrap { vf, short: 1000 }).unwrap();
    }
    // What the registers are put to looks like traffic.
    crate::kit::until("testpmd has seen it", || pair.testpmd.stats(0).rx_packets > 1 << 31);
    let ours = || pair.peer.port.stats().device;
    crate::kit::until("barline has seen it", || ours().tx_packets > 1 << 31);
    pair.testpmd.command("clear port stats 0");
    let before = pair.peer.port.stats().device;
    let mut wanted = PortStats::default();
    for _ in 0..2 {
        pair.exchange();
        let lens: Vec<_> = frames::all_sizes().collect();
        wanted.rx_packets += lens.len() as u64;
        wanted.rx_bytes += lens.iter().map(|len| *len as u64 + 4).sum::<u64>();
        (wanted.tx_packets, wanted.tx_bytes) = (wanted.rx_packets, wanted.rx_bytes);
        let stats = pair.testpmd.stats(0);
        assert_eq!(stats, wanted);
    }
    let after = pair.peer.port.stats().device;
    assert_eq!(after.tx_packets - before.tx_packets, wanted.rx_packets);
    assert_eq!(after.rx_bytes - before.rx_bytes, wanted.rx_bytes);
    pair.testpmd.quit();
}
