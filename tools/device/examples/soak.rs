//! Millions of frames between the VFs of a software adapter, each of which is checked: none may be
//! lost, come twice, come too late, or with a wrong byte.
//!
//! ```text
//! cargo run --release -p barline-device --example soak -- --frames 100000000
//! cargo run --release -p barline-device --example soak -- soft:vfs=63,uplink=sink --ring 64
//! cargo run --release -p barline-device --example soak -- --break drop --one-in 1000000
//! ```
//!
//! The exit status is 1 if anything was wrong, as in the last of these.

use std::error::Error;
use std::num::NonZeroU64;
use std::process::ExitCode;

use barline_device::soak::{self, Plan};
use barline_device::{Adapter, DeviceName};
use clap::{Parser, ValueEnum};
use softnic::Fault;

/// Checks every frame between the VFs of a software adapter.
#[derive(Parser)]
#[command(name = "soak")]
struct Args {
    /// The adapter; all its VFs are used.
    #[arg(default_value = "soft:uplink=sink")]
    device: DeviceName,
    /// Frames in all.
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    frames: u64,
    /// Bytes of the smallest frame, with FCS.
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    least: usize,
    /// Bytes of the largest frame, with FCS.
    #[arg(long, value_name = "BYTES", default_value_t = 1518)]
    most: usize,
    /// Of lengths and contents.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Descriptors of each ring.
    #[arg(long, value_name = "N", default_value_t = 512)]
    ring: usize,
    /// Break the adapter on purpose, to see that it is noticed.
    #[arg(long = "break", value_name = "HOW")]
    broken: Option<Break>,
    /// Break one frame in so many.
    #[arg(long, value_name = "N", default_value = "1000000")]
    one_in: NonZeroU64,
}

/// What can be done to frames on their way.
#[derive(Clone, Copy, ValueEnum)]
enum Break {
    /// Drop it.
    Drop,
    /// Deliver it twice.
    Duplicate,
    /// Deliver it after the next one.
    Swap,
    /// Flip a bit of it.
    Corrupt,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all was right.
fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let Some((spec, _)) = args.device.as_soft() else {
        return Err(format!("{}: not a software adapter", args.device).into());
    };
    let plan = Plan {
        frames: args.frames,
        sizes: args.least..=args.most,
        seed: args.seed,
        ring: args.ring,
    };
    let adapter = Adapter::open(spec)?;
    if let Some(broken) = args.broken {
        let fault = match broken {
            Break::Drop => Fault::DropOneIn,
            Break::Duplicate => Fault::DuplicateOneIn,
            Break::Swap => Fault::SwapOneIn,
            Break::Corrupt => Fault::CorruptOneIn,
        };
        adapter.inject(fault(Some(args.one_in)));
    }
    let report = soak::run(&adapter, &plan)?;
    let seconds = report.elapsed.as_secs_f64();
    println!(
        "{}: {} frames sent, {} received, {} bytes in {seconds:.1} s: {:.2} Mpps, {:.2} Gbit/s",
        args.device,
        report.sent,
        report.received,
        report.bytes,
        report.received as f64 / seconds / 1e6,
        report.bytes as f64 * 8.0 / seconds / 1e9,
    );
    let faults = report.faults;
    println!(
        "{} lost, {} duplicated, {} reordered, {} corrupted",
        faults.lost, faults.duplicated, faults.reordered, faults.corrupted
    );
    Ok(faults.is_none() && report.sent == args.frames && report.received == args.frames)
}
