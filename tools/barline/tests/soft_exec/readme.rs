//! The README's command with DPDK, as it stands there.

use testkit::until;

use super::kit::{BARLINE, Place};
use super::pty::Shell;

const README: &str = include_str!("../../../../README.md");

/// The command that runs testpmd, with its lines joined.
fn command() -> String {
    let (_, section) = README.split_once("\n## DPDK on the same adapter\n").unwrap();
    let (_, block) = section.split_once("```sh\ncargo build --release\n").unwrap();
    let (command, _) = block.split_once("\n```").unwrap();
    command.replace("\\\n", " ")
}

/// The largest number that comes after a word anywhere.
fn largest(printed: &str, word: &str) -> u64 {
    let numbers = printed.match_indices(word).map(|(at, _)| {
        let rest = printed[at + word.len()..].trim_start();
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
    });
    numbers.filter_map(|number| number.parse().ok()).max().unwrap_or(0)
}

#[test]
fn testpmd_forwards_until_ctrl_c_and_leaves_in_order() {
    let testpmd = std::process::Command::new("dpdk-testpmd").arg("--version").output();
    assert!(
        testpmd.is_ok(),
        "no dpdk-testpmd: install dpdk-dev (as root: apt-get install dpdk-dev)"
    );
    let command = command();
    assert!(command.starts_with("target/release/barline soft exec -- dpdk-testpmd "), "{command}");
    let place = Place::new();
    // The program that was built for this test, and runs that are this test's own.
    let barline = format!("{BARLINE} --root {} soft", place.root().display());
    let command = command.replacen("target/release/barline soft", &barline, 1);
    let mut shell = Shell::start();
    shell.keys(&format!("{command}\n"));
    until("packets that come back", || largest(&shell.printed(), "TX-packets:") > 10_000);
    shell.keys("\x03");
    shell.keys("echo status=$?\n");
    shell.line("status=", 1);
    let printed = shell.printed();
    let (_, end) = printed.split_once("Forward statistics for port 0").unwrap_or_else(|| {
        panic!("no statistics at the end of\n{printed}");
    });
    assert!(printed.contains("Probe PCI driver: net_ixgbe_vf (8086:10ed)"), "{printed}");
    let (received, sent) = (largest(end, "RX-total:"), largest(end, "TX-total:"));
    // It prints what registers showed in the middle of traffic, which are a moment apart; and it drops
    // what finds its transmit ring full. Where all must be there, other tests stop the traffic first.
    assert!(received > 10_000 && received.abs_diff(sent) < received / 10, "{end}");
    assert!(largest(end, "TX-dropped:") < received / 100, "{end}");
    // The generator waits for room.
    assert_eq!(largest(end, "RX-dropped:"), 0, "{end}");
    shell.line("status=0", 1);
    place.assert_empty();
}
