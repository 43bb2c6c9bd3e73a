//! `barline bench`: how many packets a VF receives, sends or returns.
//!
//! `rx` receives and drops, `tx` sends frames of one size to one address, `fwd` returns each frame
//! that comes to where it came from, out of the same VF. Each queue has a thread, pinned to a core.
//!
//! A frame's size counts its FCS, as in RFC 2544: 64 is a frame of 60 bytes in its buffer. What
//! `tx` sends are UDP datagrams to the discard port, between addresses that RFC 2544 sets aside.
//!
//! With `--json` there is one object on one line:
//!
//! | field | |
//! |---|---|
//! | `device` | the VF's address |
//! | `mode` | `rx`, `tx` or `fwd` |
//! | `size` | bytes of a frame with FCS: what `tx` sends; for `rx` and `fwd` the mean of what came or went back, rounded, 0 if nothing did |
//! | `burst` | frames handled at once, at most; a packet that is longer than a buffer (2048 bytes) is several |
//! | `packets` | received for `rx`; for `tx` and `fwd` those that the device reported as sent |
//! | `drops` | packets that the device or its queues counted as lost: no descriptor free, damaged, against the contract; for `tx` null, since nobody counts what is lost behind the device |
//! | `mpps` | million packets a second |
//! | `gbps` | `size` × 8 × `mpps` / 1000 |
//! | `cycles_per_packet` | TSC cycles of the bursts that moved a frame, for each packet; null if none did, or on a machine without TSC |
//! | `elapsed_s` | seconds from the first poll to the last packet sent or the end |

mod cycles;
mod figures;
mod frame;
mod interrupt;
mod run;
mod settings;
mod worker;

use std::process::ExitCode;

use barline::pci::PciAddress;
use barline::{MacAddress, Root};
use clap::ValueEnum;

use crate::output::{self, Output};

/// What `barline bench` takes.
#[derive(clap::Args)]
pub struct Args {
    /// What to measure: receive and drop, send, or send back what comes.
    mode: Mode,
    /// The VF, such as 0000:01:10.0; it must be bound to vfio-pci.
    #[arg(long, value_name = "BDF")]
    vf: PciAddress,
    /// Where `tx` sends its frames. There is no default.
    #[arg(long, value_name = "MAC")]
    dst: Option<MacAddress>,
    /// Bytes of each frame that `tx` sends, with FCS; the VF takes frames of up to 1518 bytes, or of
    /// this size if that is more.
    #[arg(long, value_name = "BYTES", default_value_t = 64, value_parser = size)]
    size: u16,
    /// Frames handled at once, at most: 1 to 256.
    #[arg(long, value_name = "N", default_value_t = 32)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=256))]
    burst: u16,
    /// Queues, each with a thread of its own: 1 to what the VF has.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    queues: u16,
    /// The core of each queue's thread, such as `--core 2,3`; by default the first that this process
    /// may use.
    #[arg(long, value_name = "N", value_delimiter = ',', num_args = 1..)]
    core: Vec<usize>,
    /// How long, 0.1 or more; without it until Ctrl-C.
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
    /// Show figures once a second on standard error even if that is no terminal.
    #[arg(long)]
    live: bool,
}

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Receive, and drop what comes.
    Rx,
    /// Send to --dst.
    Tx,
    /// Send back what comes, its addresses swapped.
    Fwd,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Rx => "rx",
            Mode::Tx => "tx",
            Mode::Fwd => "fwd",
        }
    }
}

/// Why there is no measurement, or not all of it.
#[derive(Debug)]
enum Problem {
    /// The command was used wrongly.
    Usage(String),
    /// Something failed.
    Failed(String),
}

impl From<barline::Error> for Problem {
    fn from(error: barline::Error) -> Problem {
        Problem::Failed(error.to_string())
    }
}

/// Measures.
pub fn run(root: &Root, output: Output, args: &Args) -> ExitCode {
    let measured =
        settings::Settings::new(root, args).and_then(|settings| run::run(&settings, output));
    let (problem, status) = match measured {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Problem::Usage(problem)) => (format!("{problem} (see `barline bench --help`)"), 2),
        Err(Problem::Failed(problem)) => (problem, 1),
    };
    output::complain(&problem);
    ExitCode::from(status)
}

/// Longer than anybody waits, and short enough for any clock.
const LONGEST: f64 = 1e9;

fn size(text: &str) -> Result<u16, String> {
    let size = text.parse().ok().filter(|size| *size >= 64);
    size.ok_or_else(|| "expected bytes with FCS, from 64 to what the VF takes".to_string())
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.1..=LONGEST).contains(&value) => Ok(value),
        _ => Err("expected seconds, 0.1 or more, and 1e9 at most".to_string()),
    }
}
