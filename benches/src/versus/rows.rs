//! What `versus` found: plain data, the same in its JSON, its table and its report.
//!
//! All figures are cycles of the time stamp counter for each frame, of the driver's calls alone, unless
//! a field says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod names;
pub use names::{BadName, Column, Mode, Placement, Size};

/// All of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// What was measured, one row for each work and way to do it.
    pub rows: Vec<Row>,
    /// Frames a second with the device on the other core; empty unless `--full`.
    pub rates: Vec<Rate>,
    /// Round trips of single frames; empty unless `--full`.
    pub latencies: Vec<Latency>,
    /// How long each side took to its first packet, and how much memory it had then.
    pub starts: Vec<Start>,
    /// Where it was measured.
    pub machine: Machine,
    /// What failed, and so is not among the rows: whole sentences. Empty when all went well.
    pub failures: Vec<String>,
    /// What one has to know to read the figures: whole sentences.
    pub notes: Vec<String>,
    /// The DPDK beside us. `None`: it did not run, and a note says why.
    pub dpdk: Option<Dpdk>,
    /// How our driver moved descriptors: `avx512`, `avx2` or `plain`.
    pub simd: String,
    /// Seconds that it took.
    pub seconds: f64,
}

/// One work, done one way, by all columns that can.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What is done with each frame.
    pub mode: Mode,
    /// Frames of a burst.
    pub burst: u16,
    /// Bytes of a frame, with FCS.
    pub size: Size,
    /// Where rings and data were before each window of bursts.
    pub placement: Placement,
    /// Queue pairs of each VF.
    pub queues: u16,
    /// Descriptors of each ring.
    pub ring: u16,
    /// VFs of each side.
    pub vfs: u16,
    /// Our driver, as it chooses by itself.
    pub ours: Figures,
    /// DPDK's best column for this work.
    pub dpdk: Option<DpdkFigures>,
    /// DPDK's columns by path, and ours made to use less than it would. Those that do not do this work, or
    /// did not run, are not there.
    pub columns: BTreeMap<Column, ColumnFigures>,
    /// Our minimum to that of `dpdk`.
    pub ratio: Option<f64>,
    /// Our slots beside those of `dpdk`.
    pub paired: Option<Paired>,
}

/// Figures of one side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The least of all samples.
    pub min: f64,
    /// What a quarter of the samples stays under.
    pub p25: f64,
    /// How many samples there are.
    pub samples: u64,
}

/// Figures of DPDK's best column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DpdkFigures {
    /// As in [`Figures`].
    pub min: f64,
    /// As in [`Figures`].
    pub p25: f64,
    /// Its functions that ran, such as `ixgbe_recv_pkts_vec, ixgbe_xmit_pkts_vec`.
    pub functions: String,
    /// Which column it is.
    pub column: Column,
}

/// Figures of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnFigures {
    /// As in [`Figures`].
    pub min: f64,
    /// As in [`Figures`].
    pub p25: f64,
    /// As in [`Figures`].
    pub samples: u64,
    /// DPDK's functions that ran; none for columns of ours.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub functions: Option<String>,
    /// The minimum of [`Row::ours`] to this column's; for columns of ours, theirs to that of
    /// [`Row::dpdk`], `None` without DPDK.
    pub ratio: Option<f64>,
    /// The same of neighbouring slots; columns of ours have none.
    pub paired: Option<Paired>,
}

/// Ratios of our slot's 25th percentile to that of the slot beside it, over all pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// The middle one.
    pub median: f64,
    /// A tenth of the pairs is better.
    pub p10: f64,
    /// A tenth of the pairs is worse.
    pub p90: f64,
    /// How many pairs there are.
    pub pairs: u64,
}

/// Frames a second, with the driver on one core and the device on another: two threads that meet in
/// rings, so that both, and the caches between, take part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// What is done with each frame.
    pub mode: Mode,
    /// Frames of a burst.
    pub burst: u16,
    /// Bytes of a frame, with FCS.
    pub size: Size,
    /// Millions of frames a second: median of ours.
    pub ours_mpps: f64,
    /// Median of DPDK's vector path.
    pub dpdk_mpps: Option<f64>,
    /// Ours to DPDK's in neighbouring slots; over 1 we are faster.
    pub paired: Option<Paired>,
}

/// Round trips of single frames: delivered by the device's core, forwarded by the driver's, taken by the
/// device's. Nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// `ours` or a column of DPDK's.
    pub column: Column,
    /// Half take no longer.
    pub p50: f64,
    /// One in a hundred takes longer.
    pub p99: f64,
    /// One in a thousand takes longer.
    pub p999: f64,
    /// How many there are.
    pub frames: u64,
}

/// From the start of a program to its first packet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Whose.
    pub column: Column,
    /// Milliseconds from the beginning of `main` to the first received packet: the least of all starts.
    pub first_packet_ms: f64,
    /// KiB resident then, hugepages included.
    pub resident_kib: u64,
    /// What is special about it, such as how much memory it has for DMA; empty for how the rows ran.
    pub what: String,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor by name.
    pub cpu: String,
    /// Frequency of its time stamp counter.
    pub tsc_hz: u64,
    /// Cores that this process may use.
    pub cores: u64,
    /// Hugepages of the default size that the machine has.
    pub hugepages: u64,
    /// Release of the kernel.
    pub kernel: String,
}

/// A DPDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dpdk {
    /// Its version, such as `DPDK 22.11.11`.
    pub version: String,
}
