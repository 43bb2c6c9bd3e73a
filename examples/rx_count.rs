//! Counts what a VF receives, and prints packets and bytes once a second.
//!
//! Shows how to open a port, poll a receive queue, look at the packets of a batch, and leave when
//! the kernel wants the device back. Without a device it uses a software adapter, whose generator
//! sends as much as is taken; a real VF must be bound to vfio-pci (`barline bind BDF`):
//!
//! ```text
//! cargo run --release -p barline --example rx_count
//! cargo run --release -p barline --example rx_count -- soft:size=imix
//! cargo run --release -p barline --example rx_count -- 0000:01:10.0
//! ```
//!
//! It runs until Ctrl-C.

mod common;

use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use barline::Config;
use barline_device::DeviceName;
use clap::Parser;
use common::{Outcome, Stop};

/// Counts what a VF receives.
#[derive(Parser)]
#[command(name = "rx_count")]
struct Args {
    /// The device: a PCI address, or `soft` with or without options.
    #[arg(default_value_t)]
    device: DeviceName,
}

fn main() -> ExitCode {
    common::run(count)
}

fn count(args: Args, stop: &Stop) -> Outcome {
    let mut port = barline_device::open(&args.device, Config::default())?.port;
    let mut queues = port.start()?;
    writeln!(stdout(), "{}: {}, link {}", port.name(), port.mac(), port.link())?;
    let rx = &mut queues.rx[0];
    // A pool keeps free buffers, a batch holds received ones; when a batch is dropped or cleared, its
    // buffers are free again.
    let pool = port.pool();
    let mut batch = pool.batch(64);

    let (mut packets, mut bytes) = (0_u64, 0_u64);
    let mut second = Instant::now();
    while !stop.is_due(&port, |_| ()) {
        // Never waits: 0 frames are an answer, too.
        if rx.poll(&mut batch) == 0 {
            // What shares the core can run: a software adapter, for one.
            std::thread::yield_now();
        }
        for packet in batch.packets() {
            packets += 1;
            // Without the FCS, which the device has checked and taken off.
            bytes += packet.len() as u64;
        }
        batch.clear();

        if second.elapsed() >= Duration::from_secs(1) {
            writeln!(stdout(), "{packets} packets/s, {bytes} bytes/s")?;
            (packets, bytes, second) = (0, 0, Instant::now());
        }
    }
    let stats = port.stats();
    let dropped = match stats.device.rx_dropped {
        Some(dropped) => format!("{dropped} dropped"),
        None => "drops not counted by this device".to_string(),
    };
    writeln!(stdout(), "{} packets in all, {dropped}", stats.rx[0].packets)?;
    // Dropping the queues and the port puts the device to rest.
    Ok(())
}
