//! Our driver, measured: what the parent starts as a process of its own.
//!
//! It is a program like any other on the driver's public API: it opens its VFs by PCI address, gives all
//! of them one arena, takes a pool and a batch, and polls and pushes. It knows that the device is the
//! software adapter only where it moves it (`device`).

mod beside;
mod clock;
mod device;
mod helper;
mod lanes;
mod ready;
mod slot;
mod split;
mod work;

use std::io::{self, BufRead, Write};
use std::time::Instant;

use barline::cores;

use super::protocol::{Answer, BadLine, ChildConfig, Order, Ready};
use clock::Clock;
use device::Device;
use lanes::Lanes;

/// Why a child cannot measure.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// Its argument is no [`ChildConfig`].
    #[error("the configuration of a child of `versus`: {0}")]
    Config(#[from] serde_json::Error),
    /// The driver said no.
    #[error(transparent)]
    Driver(#[from] barline::Error),
    /// It is in no run, or in one whose adapter moves by itself.
    #[error("{0}: a child of `versus` runs on a software adapter that it moves itself")]
    Device(&'static str),
    /// The parent said what no parent says.
    #[error(transparent)]
    Line(#[from] BadLine),
    /// The column names instructions that this processor does not have.
    #[error("{0}")]
    Simd(String),
    /// It was asked for what it was not set up for.
    #[error("{0}")]
    Order(String),
    /// The pipes to the parent.
    #[error("speaking to the parent: {0}")]
    Pipe(#[from] io::Error),
}

/// Whatever is needed for any measurement.
struct Child {
    config: ChildConfig,
    device: Device,
    clock: Clock,
    lanes: Lanes,
}

/// Runs as a child: opens what `config`, a [`ChildConfig`] as JSON, says, and answers the orders that come
/// on standard input until `quit` or its end. `begun` is when `main` began.
///
/// # Errors
/// Something that ends it, about which the parent was told by a `failed` line.
pub fn run(config: &str, begun: Instant) -> Result<(), ChildError> {
    let done = serve(config, begun);
    if let Err(error) = &done {
        // Without a parent there is nobody to tell.
        _ = say(&Answer::Failed(error.to_string()));
    }
    done
}

fn serve(config: &str, begun: Instant) -> Result<(), ChildError> {
    let config: ChildConfig = serde_json::from_str(config)?;
    let device = Device::find()?;
    // The driver's own threads inherit where they may run, and are not to be on a core that is measured
    // while this process is parked: so the ports are opened first.
    cores::allowed();
    let mut lanes = Lanes::open(&config)?;
    cores::pin(config.core)?;
    let ready = ready::first_packet(&mut lanes, &device, begun)?;
    let clock = Clock::new();
    say(&Answer::Ready(Ready { tsc_hz: clock.hz, ..ready }))?;
    let mut child = Child { config, device, clock, lanes };
    for line in io::stdin().lock().lines() {
        let answer = match line?.parse()? {
            Order::Slot { mode, burst, placement, microseconds } => {
                Answer::Slot(child.slot(mode, burst, placement, microseconds)?)
            }
            Order::Rate { mode, burst, microseconds } => {
                Answer::Rate(child.rate(mode, burst, microseconds)?)
            }
            Order::Latency { microseconds } => Answer::Latency(child.latency(microseconds)?),
            Order::Quit => break,
        };
        say(&answer)?;
    }
    Ok(())
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{answer}")?;
    stdout.flush()
}
