//! Sends the smallest frames there are to one address, as fast as the VF takes them, and prints how
//! many it sent once a second.
//!
//! Shows how to make frames and how to hand them to a transmit queue. Without a device it uses a
//! software adapter, which takes and counts them. A real VF must be bound to vfio-pci (`barline bind
//! BDF`), and wants the address of a machine which expects the flood:
//!
//! ```text
//! cargo run --release -p barline --example tx_flood
//! cargo run --release -p barline --example tx_flood -- 0000:01:10.0 --dst 02:00:00:00:00:02
//! ```
//!
//! It runs until Ctrl-C.

mod common;

use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use barline::{Config, MacAddress};
use barline_device::DeviceName;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use common::{Outcome, Stop};

/// Bytes of the smallest Ethernet frame, without the FCS that the device adds.
const LEN: usize = 60;

/// EtherType for experiments (IEEE 802): no protocol of anybody else is disturbed.
const ETHERTYPE: [u8; 2] = [0x88, 0xb5];

/// Where a flood goes from a software adapter if nothing else is said: to nobody.
const NOBODY: MacAddress = MacAddress([2, 0, 0, 0, 0, 0xff]);

/// Sends to one address as fast as a VF can.
#[derive(Parser)]
#[command(name = "tx_flood")]
struct Args {
    /// The device: a PCI address, or `soft` with or without options.
    #[arg(default_value_t)]
    device: DeviceName,
    /// Where the frames go; a real device has no default.
    #[arg(long, value_name = "MAC")]
    dst: Option<MacAddress>,
}

fn main() -> ExitCode {
    common::run(flood)
}

fn flood(args: Args, stop: &Stop) -> Outcome {
    let dst = match args.dst {
        Some(dst) => dst,
        None if args.device.is_soft() => NOBODY,
        None => {
            let problem = format!("{}: a flood wants an address, --dst MAC", args.device);
            return Err(Args::command().error(ErrorKind::MissingRequiredArgument, problem).into());
        }
    };
    let mut port = barline_device::open(&args.device, Config::default())?.port;
    let mut queues = port.start()?;
    writeln!(stdout(), "{}: {}, link {}", port.name(), port.mac(), port.link())?;
    let tx = &mut queues.tx[0];
    let pool = port.pool();
    let mut batch = pool.batch(32);

    let mut frame = [0; LEN];
    frame[..6].copy_from_slice(&dst.0);
    frame[6..12].copy_from_slice(&port.mac().0);
    frame[12..14].copy_from_slice(&ETHERTYPE);

    let (mut sent, mut second) = (0, Instant::now());
    while !stop.is_due(&port, |_| ()) {
        // Fills the batch. A new packet holds whatever its buffer held before, so all of it is
        // written.
        while let Some(mut packet) = batch.alloc(LEN) {
            packet.copy_from(&frame);
        }
        // Takes as many frames as there is room for; the rest stays in the batch for the next time.
        let taken = tx.push(&mut batch);
        sent += taken;
        if taken == 0 {
            // What shares the core can run: a software adapter, for one.
            std::thread::yield_now();
        }

        if second.elapsed() >= Duration::from_secs(1) {
            writeln!(stdout(), "{sent} packets/s")?;
            (sent, second) = (0, Instant::now());
        }
    }
    // What the device was given, it may send: dropped at once, the queue would lose it.
    tx.flush(&pool, Duration::from_secs(1));
    writeln!(stdout(), "{} packets in all", port.stats().tx[0].completed)?;
    Ok(())
}
