//! What a parent and the processes that measure for it say to each other: lines of text on the child's
//! standard input and output. Its standard error is for its log.
//!
//! | Line | From | |
//! |---|---|---|
//! | `ready JSON` | child | Once, when it has received its first packet: [`Ready`] |
//! | `failed TEXT` | child | Instead of any answer; it exits with status 1 then |
//! | `slot MODE BURST PLACEMENT MICROSECONDS` | parent | Measure for so long, after a millisecond of warming up: [`SlotReport`] |
//! | `rate MODE BURST MICROSECONDS` | parent | Run beside the device, which moves on the other core: [`RateReport`] |
//! | `latency MICROSECONDS` | parent | One frame at a time, forwarded, the device on the other core: [`LatencyReport`] |
//! | `slot JSON`, `rate JSON`, `latency JSON` | child | The answers |
//! | `quit`, or the end of the pipe | parent | Close the ports and exit with status 0 |
//!
//! # Rounds
//! Both sides do the same, so that a figure means the same.
//!
//! A slot is rounds of windows. A window is bursts in a row, as an application has them: as many as hold 256
//! frames and at most half of a ring, and one at least. To receive (`rx`, `fwd` and the like) the device
//! delivers a window's frames for each queue of each VF; then all queues of all VFs are called for a window
//! each, in turn, a burst of BURST at most at a time, and so again until all that was delivered has come. To
//! send (`tx`), for each queue a window's frames of the run's size (1518 bytes for IMIX) are allocated and
//! filled, and then sent burst by burst, which is what is timed; then the device takes them (`feed(0)`). What
//! a call to send does not take is sent again, timed, after another `feed(0)`. Each window is timed on its
//! own, less what two readings of the counter with nothing between them take. `remote`: a thread on the other
//! core calls `feed`, and the driver's waits for it. `cold`: `chill` follows each `feed`.
//!
//! `split`: the first half of each VF's queues is driven by the core, the other half by a thread on the other
//! core, with a pool of its own. After each `feed`, which is the first core's, both begin at once, and call
//! each of their queues until it gives fewer than BURST; then both wait for each other. A sample is the
//! cycles of both for the frames of both.
//!
//! `rate`: a thread on the other core calls `feed` again and again, of BURST for each queue (`tx`: of 0), while
//! the driver's core does its work as fast as it can and nothing is timed but the whole. `latency`: that
//! thread calls `feed(1)`, and then `feed(0)` until its tally says that the frame was taken; the driver's core
//! forwards what comes in bursts of 32. One VF and one queue each.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::rows::{Column, Mode, Placement};

/// What a child is told when it is started. Ours gets it as JSON in its argument, DPDK's program as
/// arguments of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildConfig {
    /// Which column it measures: whose driver, on which path.
    pub column: Column,
    /// PCI addresses of the VFs that it opens, such as 0000:01:10.0.
    pub vfs: Vec<String>,
    /// Descriptors of each ring, receive and transmit.
    pub ring: u16,
    /// Queue pairs of each VF. Over one, frames are spread by RSS.
    pub queues: u16,
    /// The core that drives the queues. For [`Placement::Split`] the other one drives the second half.
    pub core: usize,
    /// The core of the device for [`Placement::Remote`], `rate` and `latency`. `None`: there is no other.
    pub other_core: Option<usize>,
    /// Bytes of the largest frame that comes, with FCS: 64 to 9018. Buffers hold one whole.
    pub max_frame: u16,
    /// Receive: checksums checked and VLAN tags stripped. Transmit: IPv4 and UDP checksums and VLAN tags
    /// inserted where a packet asks for them, which only [`Mode::FwdOffload`] does.
    pub offloads: bool,
}

/// A child has opened its VFs, started its queues and received a packet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// The functions that DPDK chose, such as `ixgbe_recv_pkts_vec, ixgbe_xmit_pkts_vec`; for our
    /// driver `None`.
    pub functions: Option<String>,
    /// How our driver moves descriptors: `plain`, `avx2` or `avx512`; DPDK's program leaves it out.
    #[serde(default)]
    pub simd: Option<String>,
    /// DPDK's version, such as `DPDK 22.11.11`; ours leaves it out.
    #[serde(default)]
    pub version: Option<String>,
    /// Frequency of the time stamp counter, as the child measured it; 0 if it did not.
    pub tsc_hz: u64,
    /// Microseconds from the beginning of the child's `main` to its first received packet.
    pub started_us: u64,
    /// KiB of memory that the process has resident then: VmRSS and HugetlbPages of /proc/self/status.
    pub resident_kib: u64,
}

/// What came out of a slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SlotReport {
    /// Cycles a frame of each sample: as many bursts in a row as hold 2048 frames or more.
    pub samples: Vec<f64>,
    /// Frames that the samples are made of.
    pub frames: u64,
    /// Frames that the device delivered and nobody received, or that were sent and never taken; must be 0.
    pub lost: u64,
}

/// What came out of running beside the device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RateReport {
    /// Frames received (rx), or taken by the device (tx and forwarding).
    pub frames: u64,
    /// Nanoseconds that they took.
    pub nanoseconds: u64,
    /// As [`SlotReport::lost`].
    pub lost: u64,
}

/// What came out of single frames.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyReport {
    /// Cycles from before a frame's delivery to after the device has taken it back, as the device's core
    /// sees it; 16384 of them at most, with which the measurement ends.
    pub round_trips: Vec<u64>,
    /// As [`SlotReport::lost`].
    pub lost: u64,
}

/// A line to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Measure the driver's cycles.
    Slot {
        /// What is done with frames.
        mode: Mode,
        /// Frames of a burst.
        burst: u16,
        /// Where rings and data were before.
        placement: Placement,
        /// How long, after a millisecond of warming up.
        microseconds: u32,
    },
    /// Count frames while the device moves on the other core.
    Rate {
        /// What is done with frames: rx, tx or fwd.
        mode: Mode,
        /// Frames of a burst.
        burst: u16,
        /// How long, after a millisecond of warming up.
        microseconds: u32,
    },
    /// Forward frames one by one, and time their round trips.
    Latency {
        /// How long, after a millisecond of warming up.
        microseconds: u32,
    },
    /// Close the ports and end.
    Quit,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Order::Slot { mode, burst, placement, microseconds } => {
                write!(f, "slot {mode} {burst} {placement} {microseconds}")
            }
            Order::Rate { mode, burst, microseconds } => {
                write!(f, "rate {mode} {burst} {microseconds}")
            }
            Order::Latency { microseconds } => write!(f, "latency {microseconds}"),
            Order::Quit => f.write_str("quit"),
        }
    }
}

impl FromStr for Order {
    type Err = BadLine;

    fn from_str(line: &str) -> Result<Order, BadLine> {
        let bad = || BadLine(line.into());
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let mode = |word: &str| word.parse().map_err(|_| bad());
        let burst = |word: &str| match word.parse() {
            Ok(burst @ 1..=512) => Ok(burst),
            _ => Err(bad()),
        };
        let microseconds = |word: &str| word.parse().map_err(|_| bad());
        match words[..] {
            ["slot", m, b, placement, us] => Ok(Order::Slot {
                mode: mode(m)?,
                burst: burst(b)?,
                placement: placement.parse().map_err(|_| bad())?,
                microseconds: microseconds(us)?,
            }),
            ["rate", m, b, us] => Ok(Order::Rate {
                mode: mode(m)?,
                burst: burst(b)?,
                microseconds: microseconds(us)?,
            }),
            ["latency", us] => Ok(Order::Latency { microseconds: microseconds(us)? }),
            ["quit"] => Ok(Order::Quit),
            _ => Err(bad()),
        }
    }
}

/// A line from a child.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It can measure.
    Ready(Ready),
    /// It cannot, for that reason.
    Failed(String),
    /// To [`Order::Slot`].
    Slot(SlotReport),
    /// To [`Order::Rate`].
    Rate(RateReport),
    /// To [`Order::Latency`].
    Latency(LatencyReport),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn line<T: Serialize>(f: &mut fmt::Formatter<'_>, word: &str, of: &T) -> fmt::Result {
            // Numbers and text always have a form.
            write!(f, "{word} {}", serde_json::to_string(of).map_err(|_| fmt::Error)?)
        }
        match self {
            Answer::Ready(ready) => line(f, "ready", ready),
            // One line, whatever was wrong.
            Answer::Failed(text) => {
                write!(f, "failed {}", text.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Answer::Slot(report) => line(f, "slot", report),
            Answer::Rate(report) => line(f, "rate", report),
            Answer::Latency(report) => line(f, "latency", report),
        }
    }
}

impl FromStr for Answer {
    type Err = BadLine;

    fn from_str(line: &str) -> Result<Answer, BadLine> {
        fn json<T: DeserializeOwned>(line: &str, text: &str) -> Result<T, BadLine> {
            serde_json::from_str(text).map_err(|_| BadLine(line.into()))
        }
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "ready" => Ok(Answer::Ready(json(line, rest)?)),
            "failed" => Ok(Answer::Failed(rest.into())),
            "slot" => Ok(Answer::Slot(json(line, rest)?)),
            "rate" => Ok(Answer::Rate(json(line, rest)?)),
            "latency" => Ok(Answer::Latency(json(line, rest)?)),
            _ => Err(BadLine(line.into())),
        }
    }
}

/// A line that neither side would say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no line of the protocol between `versus` and its children", shortened(.0))]
pub struct BadLine(pub String);

/// Lines with samples are long.
fn shortened(line: &str) -> String {
    let mut chars = line.chars();
    let start: String = chars.by_ref().take(100).collect();
    if chars.next().is_some() { start + "…" } else { start }
}

#[cfg(test)]
mod tests;
