//! Forwards all that one VF receives out of another, and the other way round.
//!
//! Shows how two ports share one arena, so that a frame which one received is sent by the other
//! where it lies: of its bytes only the two addresses are touched. As with DPDK's program of this
//! name, a frame leaves with the address of its port as source and that of a next hop as destination,
//! which is 02:00:00:00:00:00 behind the first port and 02:00:00:00:00:01 behind the second if nothing
//! else is said. Both VFs must be bound to vfio-pci (`barline bind BDF BDF`):
//!
//! ```text
//! cargo run --release -p barline --example l2fwd -- 0000:01:10.0 0000:02:10.0 \
//!     --dst0 52:54:00:00:00:01 --dst1 52:54:00:00:00:02
//! ```
//!
//! It runs until Ctrl-C.

use std::process::ExitCode;

use barline::{Arena, ArenaConfig, Config, FrameBatch, MacAddress, Port, Queues};

/// Frames moved at once, at most.
const BURST: usize = 32;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (devices, next_hops) = match parse(&args) {
        Ok(parsed) => parsed,
        Err(problem) => {
            eprintln!("l2fwd: {problem}\nusage: l2fwd BDF0 BDF1 [--dst0 MAC] [--dst1 MAC]");
            return ExitCode::from(2);
        }
    };
    match run(devices, next_hops) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l2fwd: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The two devices, and the next hops behind them.
fn parse(args: &[String]) -> Result<([&str; 2], [MacAddress; 2]), String> {
    let mut next_hops = [MacAddress([2, 0, 0, 0, 0, 0]), MacAddress([2, 0, 0, 0, 0, 1])];
    let mut devices = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        let port = match arg {
            "--dst0" => 0,
            "--dst1" => 1,
            device => {
                devices.push(device);
                continue;
            }
        };
        let mac = args.next().ok_or_else(|| format!("{arg} wants a MAC address"))?;
        next_hops[port] = mac.parse().map_err(|error| format!("{arg}: {error}"))?;
    }
    let devices = devices.try_into().map_err(|_| "two devices are wanted".to_string())?;
    Ok((devices, next_hops))
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

fn run(devices: [&str; 2], next_hops: [MacAddress; 2]) -> barline::Result<()> {
    // 4096 buffers and room for the rings of both ports.
    let arena = Arena::new(ArenaConfig::default())?;
    let open = |device, next_hop| {
        let config = Config { arena: Some(arena.clone()), ..Config::default() };
        let mut port = Port::open_with(device, config)?;
        let queues = port.start()?;
        let mac = port.mac();
        println!("{device}: {mac}, link {}, to {next_hop}", port.link());
        Ok::<_, barline::Error>(Side { queues, port, mac, next_hop })
    };
    let mut left = open(devices[0], next_hops[0])?;
    let mut right = open(devices[1], next_hops[1])?;
    // One pool for this thread, whichever port its frames come from.
    let pool = arena.pool(512);
    let (mut rightward, mut leftward) = (pool.batch(BURST), pool.batch(BURST));
    while left.carry_on() && right.carry_on() {
        forward(&mut left, &mut right, &mut rightward);
        forward(&mut right, &mut left, &mut leftward);
    }
    for side in [&left, &right] {
        let stats = side.port.stats();
        println!(
            "{}: {} received, {} dropped, {} sent",
            side.port.name(),
            stats.rx[0].packets,
            stats.device.rx_dropped.unwrap_or(0),
            stats.tx[0].packets
        );
    }
    Ok(())
}

/// Moves a burst. What finds no room stays in the batch and goes first the next time; meanwhile less
/// is received, so that the device drops what is too much, and counts it.
fn forward(from: &mut Side, to: &mut Side, batch: &mut FrameBatch<'_>) {
    if from.queues.rx[0].poll(batch) > 0 {
        // A packet may be a chain of frames; its addresses are in the first one.
        for mut packet in batch.packets_mut() {
            if let Some(addresses) = packet.head().data().first_chunk_mut::<12>() {
                addresses[..6].copy_from_slice(&to.next_hop.0);
                addresses[6..].copy_from_slice(&to.mac.0);
            }
        }
    }
    if !batch.is_empty() {
        to.queues.tx[0].push(batch);
    }
}

impl Side {
    /// Tells what happens to the port; false when it is time to leave. A lost link or a reset of the
    /// PF is no reason: the port recovers by itself, perhaps with another address.
    fn carry_on(&mut self) -> bool {
        while let Ok(event) = self.port.events().try_recv() {
            println!("{}: {event}", self.port.name());
            if event.must_close() {
                return false;
            }
            self.mac = self.port.mac();
        }
        true
    }
}
