//! DPDK's testpmd, the peer that barline is measured and tested against.

use crate::program::Program;
use crate::running::Running;
use crate::vf::Vf;
use std::time::Duration;
use vmtest::{Context, Result};

const PROMPT: &str = "testpmd> ";

/// A testpmd with a prompt.
pub struct Testpmd {
    running: Running,
    seen: usize,
}

/// The counters of one of its ports since they were last cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortStats {
    /// Frames received.
    pub rx_packets: u64,
    /// Frames that found no room.
    pub rx_missed: u64,
    /// Frames sent.
    pub tx_packets: u64,
}

impl Testpmd {
    /// Starts it on those VFs, which vfio-pci has, with more arguments of its own (`--forward-mode`
    /// and the like); it does not forward yet. It wants some 30 free hugepages of 2 MiB, and shares no
    /// files with others of its kind.
    pub fn start(vfs: &[&Vf], args: &[&str]) -> Result<Self> {
        let mut program = Program::new("dpdk-testpmd").terminal().args([
            "-l",
            "0-1",
            "--in-memory",
            "--no-telemetry",
        ]);
        for vf in vfs {
            program = program.args(["-a", &vf.bdf]);
        }
        program = program.args(["--", "--interactive", "--total-num-mbufs=8192"]).args(args);
        let mut running = program.start()?;
        let seen = running.wait_for(PROMPT, 0, Duration::from_secs(60))?;
        Ok(Self { running, seen })
    }

    /// Gives a command and returns what it prints.
    pub fn command(&mut self, line: &str) -> Result<String> {
        self.running.type_line(line)?;
        let start = self.seen;
        self.seen = self.running.wait_for(PROMPT, start, Duration::from_secs(30))?;
        Ok(self.running.output()[start..self.seen - PROMPT.len()].to_string())
    }

    /// The counters of a port, by its number.
    pub fn stats(&mut self, port: usize) -> Result<PortStats> {
        parse_stats(&self.command(&format!("show port stats {port}"))?)
    }

    /// Ends it in order, and returns everything that it printed.
    pub fn quit(mut self) -> Result<String> {
        self.running.type_line("quit")?;
        Ok(self.running.finish(Duration::from_secs(30))?.output)
    }
}

fn parse_stats(text: &str) -> Result<PortStats> {
    let mut words = text.split_whitespace();
    let mut stats = PortStats::default();
    let mut found = 0;
    while let Some(word) = words.next() {
        let field = match word {
            "RX-packets:" => &mut stats.rx_packets,
            "RX-missed:" => &mut stats.rx_missed,
            "TX-packets:" => &mut stats.tx_packets,
            _ => continue,
        };
        *field = words.next().context("a counter without a value")?.parse()?;
        found += 1;
    }
    if found == 3 { Ok(stats) } else { None.context(format_args!("no counters in: {text}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_from_what_testpmd_prints() {
        let text = "
  ######################## NIC statistics for port 0  ########################
  RX-packets: 1234       RX-missed: 5          RX-bytes:  78976
  RX-errors: 0
  RX-nombuf:  0
  TX-packets: 99         TX-errors: 0          TX-bytes:  6336

  Throughput (since last show)
  Rx-pps:            0          Rx-bps:            0
";
        let stats = parse_stats(text).unwrap();
        assert_eq!(stats, PortStats { rx_packets: 1234, rx_missed: 5, tx_packets: 99 });
        assert!(parse_stats("Bad arguments").is_err());
    }
}
