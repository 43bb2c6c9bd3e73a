//! testpmd by the command, as a user starts it.

use std::process::Command;

use crate::kit::{Options, Paths, Run, Testpmd, until};

#[test]
fn the_command_runs_testpmd_between_the_generators_wire_and_back() {
    for paths in Paths::ALL {
        let _turn = Run::turn();
        let mut command = Command::new(env!("CARGO_BIN_EXE_barline"));
        command.args(["soft", "exec", "--soft", "soft:vfs=4,uplink=gen", "--", "dpdk-testpmd"]);
        let options = Options { paths, app: &["--forward-mode=macswap"], ..Options::VF1 };
        let mut testpmd = Testpmd::start_by(command, &options);
        testpmd.assert_plain(paths);
        testpmd.command("start");
        until("frames went round", || testpmd.stats(0).tx_packets > 20_000);
        let forwarded = testpmd.stop();
        assert_eq!((forwarded.received, forwarded.dropped), (forwarded.sent, 0));
        until("the device has sent them", || testpmd.stats(0).tx_packets == forwarded.sent);
        // The generator has filled the ring once more.
        let stats = testpmd.stats(0);
        assert!(stats.rx_packets >= forwarded.received, "{stats:?} {forwarded:?}");
        assert_eq!(stats.tx_bytes, 64 * stats.tx_packets, "{stats:?}");
        testpmd.quit();
    }
}
