//! testpmd by the command, as a user starts it.

use std::process::Command;

use crate::kit::{Options, Paths, PortStats, Run, Testpmd, until, until_is};

/// Descriptors of testpmd's receive ring.
const RING: u64 = 512;

#[test]
fn the_command_runs_testpmd_between_the_generators_wire_and_back() {
    for paths in Paths::ALL {
        let _turn = Run::turn();
        let mut command = Command::new(env!("CARGO_BIN_EXE_barline"));
        command.args(["soft", "exec", "--soft", "soft:vfs=4,uplink=gen", "--", "dpdk-testpmd"]);
        // What came before is forwarded, too, so that all can be counted.
        let app: &[&str] = &["--forward-mode=macswap", "--no-flush-rx"];
        let options = Options { paths, app, ..Options::VF1 };
        let mut testpmd = Testpmd::start_by(command, &options);
        testpmd.assert_plain(paths);
        testpmd.command("start");
        until("frames went round", || testpmd.stats(0).tx_packets > 20_000);
        testpmd.command("stop");
        // The generator fills the ring once more, and what is queued is still being sent.
        let all = |stats: &PortStats| stats.rx_packets - stats.tx_packets <= RING;
        let stats = until_is("all is sent that was taken", || testpmd.stats(0), all);
        assert_eq!(stats.tx_bytes, 64 * stats.tx_packets);
        testpmd.quit();
    }
}
