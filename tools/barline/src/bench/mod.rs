//! `barline bench`: how many packets a VF receives, sends or returns, and how long they take.
//!
//! `rx` receives and drops, `tx` sends frames of one size to one address, `fwd` returns each frame
//! that comes to where it came from, out of the same VF. Each queue has a thread, pinned to a core.
//! `latency` sends a burst from one VF to another and waits until it is there, again and again.
//!
//! A frame's size counts its FCS, as in RFC 2544: 64 is a frame of 60 bytes in its buffer. What
//! `tx` and `latency` send are UDP datagrams to the discard port, between addresses that RFC 2544 sets
//! aside.
//!
//! With `--json` there is one object on one line:
//!
//! | field | |
//! |---|---|
//! | `device` | the VF: a PCI address, or `soft` and the options that are not as by default |
//! | `peer` | the VF that `latency` sends to; else null |
//! | `mode` | `rx`, `tx`, `fwd` or `latency` |
//! | `size` | bytes of a frame with FCS: what `tx` and `latency` send; for `rx` and `fwd` the mean of what came or went back, rounded, 0 if nothing did |
//! | `burst` | frames handled at once, at most; a packet that is longer than a buffer (2048 bytes) is several |
//! | `queues` | queues in use |
//! | `cores` | the core of each queue's thread |
//! | `device_core` | the core of the software adapter's thread; null with a real VF, and where the kernel chooses |
//! | `shared_core` | whether that thread has no core to itself: rates and latencies are worse then than they need be |
//! | `packets` | received for `rx` and `latency`; for `tx` and `fwd` those that the device reported as sent |
//! | `device_packets` | the same, as a software adapter itself has counted; null with a real VF and for `latency` |
//! | `drops` | packets that the device or its queues counted as lost: no descriptor free, damaged, against the contract; for `latency` those that were waited for in vain, for a second; null where nobody counts what is lost, as behind a real VF that sends |
//! | `mpps` | million packets a second |
//! | `gbps` | `size` × 8 × `mpps` / 1000 |
//! | `cycles_per_packet` | TSC cycles of the bursts that moved a frame, for each packet; null if none did, for `latency`, or on a machine without TSC |
//! | `idle` | the share of the workers' cycles that went into polls that found nothing, 0 to 1; null as above |
//! | `stolen` | the share that went into bursts of over a million cycles each; null as above |
//! | `mean_burst` | frames of a burst that moved one, on average; null if none did |
//! | `elapsed_s` | seconds from the first poll to the last packet sent or the end |
//! | `latency_ns` | what `latency` found, see [`latency`]; else null |
//!
//! # What a cycle is
//! A worker reads the TSC once a burst, so that each of its cycles is in one burst or another. Counted
//! for the packets are whole bursts that moved a frame: poll or fill, change addresses, push, hand
//! buffers back and refill, and the one reading of the counter. The others, which found nothing to receive
//! and no room to send, are idle. A burst of over a million cycles was interrupted, since the kernel or
//! a hypervisor gave the core to somebody else: that time counts as neither, and is stolen. Shorter
//! interruptions are not told apart. The device's own work is not in it.
//!
//! # A software adapter
//! At the end its uplink is held, the workers go on until all that is in its rings is through, and the
//! packets that the adapter has counted are compared with those of the driver. A difference is an
//! error. Where other processes share the adapter nobody can hold what they send, so the two are
//! shown and not compared.

mod args;
mod cores;
mod count;
mod cycles;
mod figures;
mod frame;
mod latency;
mod meter;
mod port;
mod rates;
mod settings;
mod soft;
mod stop;
mod target;
mod watch;
mod worker;

use std::process::ExitCode;

use barline::Root;

pub use args::Args;

use crate::output::{self, Output};
use args::Mode;
pub use port::say;
use settings::Settings;
pub use stop::Stop;

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
        Settings::new(root, args, output.is_text()).and_then(|settings| answer(&settings, output));
    let (problem, status) = match measured {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Problem::Usage(problem)) => (format!("{problem} (see `barline bench --help`)"), 2),
        Err(Problem::Failed(problem)) => (problem, 1),
    };
    output::complain(&problem);
    ExitCode::from(status)
}

/// Measures, and writes the figures. They are written also when it ended before its time.
fn answer(settings: &Settings, output: Output) -> Result<(), Problem> {
    let stop = Stop::listen()
        .map_err(|error| Problem::Failed(format!("listening for Ctrl-C: {error}")))?;
    let (figures, problem) = match settings.mode {
        Mode::Latency => latency::measure(settings, &stop)?,
        _ => rates::measure(settings, &stop)?,
    };
    output.answer(&figures).map_err(|failure| Problem::Failed(failure.to_string()))?;
    problem.map_or(Ok(()), |problem| Err(Problem::Failed(problem)))
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    /// What a user says after `barline bench`.
    pub fn args(words: &str) -> Args {
        Line::parse_from(["bench"].into_iter().chain(words.split_whitespace())).args
    }
}
