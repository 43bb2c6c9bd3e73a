//! Forwards all that one VF receives out of another, and the other way round.
//!
//! Shows how two ports share one arena, so that a frame which one received is sent by the other
//! where it lies: of its bytes only the two addresses are touched. As with DPDK's program of this
//! name, a frame leaves with the address of its port as source and that of a next hop as destination,
//! which is 02:00:00:00:00:00 behind the first port and 02:00:00:00:00:01 behind the second if nothing
//! else is said. Without devices it uses two VFs of one software adapter, whose generator sends to
//! both; real ones must be bound to vfio-pci (`barline bind BDF BDF`):
//!
//! ```text
//! cargo run --release -p barline --example l2fwd
//! cargo run --release -p barline --example l2fwd -- 0000:01:10.0 0000:02:10.0 \
//!     --dst0 52:54:00:00:00:01 --dst1 52:54:00:00:00:02
//! ```
//!
//! It runs until Ctrl-C.

mod common;

use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::Duration;

use barline::{Arena, ArenaConfig, Config, Event, FrameBatch, MacAddress, Port, Queues};
use barline_device::DeviceName;
use clap::Parser;
use common::{Outcome, Stop};

/// Frames moved at once, at most.
const BURST: usize = 32;

/// Forwards between two VFs.
#[derive(Parser)]
#[command(name = "l2fwd")]
struct Args {
    /// The two devices, each a PCI address or `soft` with options; by default two VFs of one software
    /// adapter.
    #[arg(num_args = 2, value_names = ["DEVICE0", "DEVICE1"])]
    #[arg(default_values = ["soft:vfs=2", "soft:vfs=2,vf=1"])]
    devices: Vec<DeviceName>,
    /// The next hop behind the first device.
    #[arg(long, value_name = "MAC", default_value = "02:00:00:00:00:00")]
    dst0: MacAddress,
    /// The next hop behind the second device.
    #[arg(long, value_name = "MAC", default_value = "02:00:00:00:00:01")]
    dst1: MacAddress,
}

fn main() -> ExitCode {
    common::run(run)
}

/// One of the two ports.
struct Side {
    queues: Queues,
    port: Port,
    /// The address that its frames come from.
    mac: MacAddress,
    /// Where its frames go.
    next_hop: MacAddress,
}

fn run(args: Args, stop: &Stop) -> Outcome {
    // 4096 buffers and room for the rings of both ports.
    let arena = Arena::new(ArenaConfig::default())?;
    let open = |device, next_hop| {
        let config = Config { arena: Some(arena.clone()), ..Config::default() };
        let mut port = barline_device::open(device, config)?.port;
        let queues = port.start()?;
        let mac = port.mac();
        writeln!(stdout(), "{}: {mac}, link {}, to {next_hop}", port.name(), port.link())?;
        Ok::<_, Box<dyn std::error::Error>>(Side { queues, port, mac, next_hop })
    };
    let mut left = open(&args.devices[0], args.dst0)?;
    let mut right = open(&args.devices[1], args.dst1)?;
    // One pool for this thread, whichever port its frames come from.
    let pool = arena.pool(512);
    let (mut rightward, mut leftward) = (pool.batch(BURST), pool.batch(BURST));
    while ![&mut left, &mut right].map(|side| side.is_due(stop)).contains(&true) {
        let moved = forward(&mut left, &mut right, &mut rightward)
            + forward(&mut right, &mut left, &mut leftward);
        if moved == 0 {
            // What shares the core can run: a software adapter, for one.
            std::thread::yield_now();
        }
    }
    for side in [&mut left, &mut right] {
        side.queues.tx[0].flush(&pool, Duration::from_secs(1));
        let stats = side.port.stats();
        let (received, sent) = (stats.rx[0].packets, stats.tx[0].completed);
        writeln!(stdout(), "{}: {received} received, {sent} sent", side.port.name())?;
    }
    Ok(())
}

/// Moves a burst; returns how many frames were sent. What finds no room stays in the batch and goes
/// first the next time; meanwhile less is received, so that the device drops what is too much.
fn forward(from: &mut Side, to: &mut Side, batch: &mut FrameBatch<'_>) -> usize {
    if from.queues.rx[0].poll(batch) > 0 {
        // A packet may be a chain of frames; its addresses are in the first one.
        for mut packet in batch.packets_mut() {
            if let Some(addresses) = packet.head().data().first_chunk_mut::<12>() {
                addresses[..6].copy_from_slice(&to.next_hop.0);
                addresses[6..].copy_from_slice(&to.mac.0);
            }
        }
    }
    if batch.is_empty() { 0 } else { to.queues.tx[0].push(batch) }
}

impl Side {
    /// Whether it is time to leave; takes note of another address.
    fn is_due(&mut self, stop: &Stop) -> bool {
        stop.is_due(&self.port, |event| {
            if let Event::MacChanged(mac) = event {
                self.mac = mac;
            }
        })
    }
}
